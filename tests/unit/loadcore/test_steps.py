"""Step times from contacts, and every reason to reject."""

from dataclasses import fields

import numpy as np
import pytest

from loadcore import steps
from loadcore.contact_times import join_contacts
from loadcore.contacts import Contacts


def contacts(start, stop, confidence=1.0):
    start = np.asarray(start, float)
    return Contacts(
        initial_contact_s=start,
        terminal_contact_s=np.asarray(stop, float),
        initial_contact_sd_s=np.full(start.size, 0.003),
        terminal_contact_sd_s=np.full(start.size, 0.004),
        side=np.zeros(start.size, np.int8),
        confidence=np.broadcast_to(np.asarray(confidence, float), start.shape),
    )


RHYTHM = np.arange(8) * 0.35


def test_times_of_a_steady_run_seen_from_the_trunk():
    times = steps.step_times(contacts(RHYTHM, RHYTHM + 0.24), sees_both_feet=True)
    np.testing.assert_allclose(times.step_time_s[:-1], 0.35)
    np.testing.assert_allclose(times.flight_time_s[:-1], 0.11)
    # 3 and 4 ms, correlated by 0.4: a trunk sensor places a contact as a whole
    np.testing.assert_allclose(times.contact_time_sd_s, np.sqrt(9 + 16 - 0.8 * 12) / 1000)
    np.testing.assert_allclose(times.step_time_sd_s[:-1], 0.003 * np.sqrt(2))
    assert times.reject_reason[:-1].tolist() == [0] * 7


def test_bouts_together_are_what_each_is_alone():
    first = contacts(RHYTHM, RHYTHM + 0.24)
    second = contacts(9.0 + 1.4 * RHYTHM, 9.0 + 1.4 * RHYTHM + 0.3)
    both = join_contacts([first, second])
    together = steps.step_times(both, sees_both_feet=True, bout=np.repeat([4, 7], RHYTHM.size))
    alone = [steps.step_times(part, sees_both_feet=True) for part in (first, second)]
    for field in fields(steps.StepTimes):
        np.testing.assert_array_equal(
            getattr(together, field.name),
            np.concatenate([getattr(part, field.name) for part in alone]),
        )


def test_one_foot_sees_strides_so_a_step_is_half_and_its_error_too():
    start = RHYTHM * 2
    times = steps.step_times(contacts(start, start + 0.24), sees_both_feet=False)
    np.testing.assert_allclose(times.step_time_s[:-1], 0.35)
    np.testing.assert_allclose(times.step_time_sd_s[:-1], 0.003 / np.sqrt(2))


def test_the_last_contact_has_no_flight_and_is_not_given_one():
    times = steps.step_times(contacts(RHYTHM, RHYTHM + 0.24), sees_both_feet=True)
    assert np.isnan(times.flight_time_s[-1])
    assert times.reject_reason[-1] == steps.NO_FOLLOWING_CONTACT


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c: c.initial_contact_s.__setitem__(3, np.nan), steps.NO_INITIAL_CONTACT),
        (lambda c: c.terminal_contact_s.__setitem__(3, np.nan), steps.NO_TERMINAL_CONTACT),
        (lambda c: c.initial_contact_s.__setitem__(slice(4, None), RHYTHM[4:] + 0.35),
         steps.MISSED_CONTACT),
        (lambda c: c.initial_contact_s.__setitem__(slice(4, None), RHYTHM[4:] + 0.16),
         steps.STEP_TIME),
        (lambda c: c.initial_contact_s.__setitem__(4, RHYTHM[3] + 0.2), steps.STEP_TIME),
        (lambda c: c.terminal_contact_s.__setitem__(3, RHYTHM[3] + 0.05), steps.CONTACT_TIME),
        (lambda c: c.terminal_contact_s.__setitem__(3, RHYTHM[3] + 0.39), steps.NO_FLIGHT),
        (lambda c: c.confidence.__setitem__(3, 0.0), steps.RHYTHM_ALONE),
    ],
)  # fmt: skip
def test_each_reason(change, reason):
    changed = contacts(RHYTHM.copy(), RHYTHM + 0.24, np.ones(RHYTHM.size))
    changed = Contacts(**{name: value.copy() for name, value in vars(changed).items()})
    change(changed)
    times = steps.step_times(changed, sees_both_feet=True)
    assert times.reject_reason[3] == reason
    assert times.reject_reason[1] == steps.COUNTS


def test_duty_factor_limit_is_half_the_stride():
    stop = RHYTHM + np.array([0.349, 0.351] * 4)
    times = steps.step_times(contacts(RHYTHM, stop), sees_both_feet=True)
    assert times.reject_reason[:2].tolist() == [steps.COUNTS, steps.NO_FLIGHT]


def test_no_contacts_no_steps():
    times = steps.step_times(contacts([], []), sees_both_feet=True)
    assert all(value.shape == (0,) for value in vars(times).values())


def test_every_code_has_its_words():
    codes = [value for name, value in vars(steps).items() if isinstance(value, np.int8)]
    assert sorted(codes) == list(range(len(steps.REJECT_REASONS)))
