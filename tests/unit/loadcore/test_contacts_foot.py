"""Foot contacts: a synthetic run with known landings and push-offs, invariances, refusals."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from loadcore.constants import SIDE_LEFT
from loadcore.contacts_foot import (
    ACC_ONLY_CONFIDENCE,
    _onset,
    find_stances,
    foot_contacts,
    foot_stretches,
    stretch_contacts,
)

RATE_HZ = 200.0
STRIDE_S, CONTACT_S = 0.72, 0.25
Array = NDArray[np.float64]


def running_foot(n_strides: int = 8, noise: float = 0.0) -> tuple[Array, Array, Array]:
    """Foot signals of steady running in the segment frame, and the landing times."""
    t = np.arange(round((n_strides * STRIDE_S + 2.0) * RATE_HZ)) / RATE_HZ
    landing_s = 1.0 + STRIDE_S * np.arange(n_strides)
    knots_s = np.array([0.0, 0.02, 0.06, 0.13, 0.21, 0.26, 0.36, 0.5, 0.65, STRIDE_S])
    rate_radps = np.array([0.0, -4.0, -1.0, -0.8, -9.0, -6.0, 0.0, 8.0, 5.0, 0.0])
    phase = np.mod(t - 1.0, STRIDE_S)
    moving = (t >= 0.9) & (t < landing_s[-1] + STRIDE_S - 0.36)
    pitch = np.where(moving, np.interp(phase, knots_s, rate_radps), 0.0)
    acc = np.tile([0.0, 9.80665, 0.0], (t.size, 1))
    swing = moving & (phase > 0.2)
    acc[swing, 0] += 20.0 * np.sin(np.pi * (phase[swing] - 0.2) / (STRIDE_S - 0.2))
    impact = moving & (phase < 0.04)
    acc[impact, 1] += 60.0 * np.sin(np.pi * phase[impact] / 0.04)
    rng = np.random.default_rng(1)
    acc += noise * rng.standard_normal(acc.shape)
    gyr = np.column_stack((0 * t, 0 * t, pitch)) + 0.02 * noise * rng.standard_normal(acc.shape)
    return acc, gyr, landing_s


def test_landings_are_found_within_a_sample_or_two() -> None:
    acc, gyr, landing_s = running_foot()
    contacts = foot_contacts(acc, gyr, RATE_HZ, 0, acc.shape[0], SIDE_LEFT)
    np.testing.assert_allclose(contacts.initial_contact_s, landing_s, atol=0.006)
    contact_time = contacts.terminal_contact_s - contacts.initial_contact_s
    np.testing.assert_allclose(contact_time[:-1], 0.21 * 1.08, atol=0.02)
    assert np.isnan(contact_time[-1])  # then it stands: no swing shows the end of the contact
    assert np.all(contacts.side == SIDE_LEFT)
    assert np.all(contacts.confidence == 1.0)


def test_a_cushioned_heel_is_read_from_the_slap_that_begins_with_the_contact() -> None:
    """The sole delays the jerk at the instep by 10 ms; the foot turns down at once."""
    acc, gyr, landing_s = running_foot()
    late = np.roll(acc, 2, axis=0)
    contacts = foot_contacts(late, gyr, RATE_HZ, 0, acc.shape[0], SIDE_LEFT)
    np.testing.assert_allclose(contacts.initial_contact_s, landing_s, atol=0.008)


def test_the_jerk_of_a_late_swing_is_no_landing() -> None:
    """It exceeds a fifth of the greatest jerk, 50, and never half of it."""
    jerk = np.array([0.0, 12.0, 14.0, 6.0, 3.0, 2.0, 8.0, 25.0, 50.0, 30.0, 5.0])
    force = np.column_stack((np.cumsum(jerk), 0 * jerk, 0 * jerk)).ravel()
    # the rise from 8 to 25 passes ten at 2/17 of the way
    np.testing.assert_allclose(_onset(force, 1, jerk.size), 6.0 + 2.0 / 17.0)
    np.testing.assert_allclose(_onset(force, 4, jerk.size), 6.0 + 2.0 / 17.0)
    # a range that begins on the landing itself has its begin for an onset
    assert _onset(force, 7, 9) == 6.5


def test_a_sudden_rise_is_placed_between_samples() -> None:
    """Wherever between two samples the force begins to rise, its begin is read without bias."""
    parts = np.linspace(0.0, 1.0, 41)[:-1]
    ramp = np.arange(20.0)
    error = np.array(
        [
            _onset(np.outer(np.clip(ramp - 9.0 - part, 0.0, 4.0), [0.6, 0.0, 0.8]).ravel(), 1, 20)
            - (9.0 + part)
            for part in parts
        ]
    )
    assert abs(error.mean()) < 0.06
    assert error.std() < 0.13  # of samples; rounded to one it is 0.29


def test_without_gyroscope_the_landings_stay_and_the_sd_widens() -> None:
    acc, gyr, landing_s = running_foot()
    full = foot_contacts(acc, gyr, RATE_HZ, 0, acc.shape[0], SIDE_LEFT)
    for missing in (None, np.full_like(gyr, np.nan)):
        contacts = foot_contacts(acc, missing, RATE_HZ, 0, acc.shape[0], SIDE_LEFT)
        assert np.all(contacts.confidence == ACC_ONLY_CONFIDENCE)
        np.testing.assert_allclose(contacts.initial_contact_s, landing_s, atol=0.02)
        assert contacts.initial_contact_sd_s[0] > full.initial_contact_sd_s[0]


def test_late_swing_pause_is_not_a_stance() -> None:
    acc, gyr, _ = running_foot()
    stances = find_stances(acc, gyr, RATE_HZ)
    pause = np.zeros(acc.shape[0], dtype=bool)
    for stop in stances.swing_stop_sample:
        pause[stop - 6 : stop] = True
    still = np.where(pause[:, None], [0.0, 9.80665, 0.0], acc)
    again = find_stances(still, np.where(pause[:, None], 0.01 * gyr, gyr), RATE_HZ)
    assert len(again) == len(stances)
    assert np.max(np.abs(again.arrive_sample - stances.arrive_sample)) < 20


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 200), st.integers(900, 1300))
def test_a_bout_range_only_selects(start: int, stop: int) -> None:
    acc, gyr, _ = running_foot()
    whole = foot_contacts(acc, gyr, RATE_HZ, 0, acc.shape[0], SIDE_LEFT).initial_contact_s
    part = foot_contacts(acc, gyr, RATE_HZ, start, stop, SIDE_LEFT).initial_contact_s
    inside = whole[(whole * RATE_HZ >= start) & (whole * RATE_HZ < stop)]
    np.testing.assert_allclose(part, inside, atol=1e-9)


def test_empty_where_nothing_swings() -> None:
    acc = np.tile([0.0, 9.80665, 0.0], (800, 1))
    for gyr in (np.zeros((800, 3)), None):
        assert len(foot_contacts(acc, gyr, RATE_HZ, 100, 700, SIDE_LEFT)) == 0


@settings(max_examples=25, deadline=None)
@given(st.floats(0.0, STRIDE_S), st.integers(1, 5))
def test_a_short_hole_costs_no_contact(at_s: float, n_lost: int) -> None:
    acc, gyr, _ = running_foot()
    whole = foot_contacts(acc, gyr, RATE_HZ, 0, acc.shape[0], SIDE_LEFT)
    for start_s in np.arange(1.2 + at_s, 6.0, 1.1):
        start = round(start_s * RATE_HZ)
        acc[start : start + n_lost] = np.nan
        gyr[start : start + n_lost] = np.nan
    holed = foot_contacts(acc, gyr, RATE_HZ, 0, acc.shape[0], SIDE_LEFT)
    assert len(holed) == len(whole)
    sd_s = np.maximum(holed.initial_contact_sd_s, 0.010)
    assert np.all(np.abs(holed.initial_contact_s - whole.initial_contact_s) < 2.0 * sd_s)
    late = np.abs(holed.terminal_contact_s - whole.terminal_contact_s)[:-1]
    assert np.all(late < 2.0 * holed.terminal_contact_sd_s[:-1])


def test_a_landing_in_a_hole_is_placed_by_the_swing_and_a_long_hole_hides_it() -> None:
    acc, gyr, landing_s = running_foot()
    landing = round(landing_s[3] * RATE_HZ)
    acc[landing - 1 : landing + 3] = np.nan
    seen = foot_contacts(acc, gyr, RATE_HZ, 0, acc.shape[0], SIDE_LEFT)
    np.testing.assert_allclose(seen.initial_contact_s, landing_s, atol=0.012)
    assert seen.initial_contact_sd_s[3] > 1.5 * seen.initial_contact_sd_s[2]
    assert seen.confidence[3] < seen.confidence[2]
    acc[landing - 6 : landing + 6] = np.nan
    left = foot_contacts(acc, gyr, RATE_HZ, 0, acc.shape[0], SIDE_LEFT)
    np.testing.assert_allclose(left.initial_contact_s, np.delete(landing_s, 3), atol=0.012)


def test_a_long_gap_parts_the_recording() -> None:
    acc, gyr, landing_s = running_foot()
    acc[round(3.0 * RATE_HZ) : round(3.5 * RATE_HZ)] = np.nan
    before, after = foot_stretches(acc, gyr, RATE_HZ)
    assert before.stop_sample == round(3.0 * RATE_HZ)
    assert after.start_sample == round(3.5 * RATE_HZ)
    found = foot_contacts(acc, gyr, RATE_HZ, 0, acc.shape[0], SIDE_LEFT).initial_contact_s
    assert np.all(np.min(np.abs(found[:, None] - landing_s), axis=1) < 0.006)
    assert found.size >= 6


def test_known_stretches_give_the_same_contacts() -> None:
    acc, gyr, _ = running_foot(noise=0.2)
    own = foot_contacts(acc, gyr, RATE_HZ, 0, acc.shape[0], SIDE_LEFT)
    whole = stretch_contacts(foot_stretches(acc, gyr, RATE_HZ), RATE_HZ, SIDE_LEFT)
    given_ones = foot_contacts(acc, gyr, RATE_HZ, 0, acc.shape[0], SIDE_LEFT, whole=whole)
    assert len(own) > 0
    np.testing.assert_array_equal(own.initial_contact_s, given_ones.initial_contact_s)


def test_heel_that_sinks_after_a_forefoot_landing_does_not_turn_the_axis() -> None:
    acc, gyr, landing_s = running_foot(n_strides=12)
    for landing in landing_s:
        sink = np.arange(round(landing * RATE_HZ), round((landing + 0.05) * RATE_HZ))
        gyr[sink, 2] = 3.5  # the impact falls into a slow forward turn
    stances = find_stances(acc, gyr, RATE_HZ)
    assert stances.pitch_axis[2] > 0.99
    assert np.all(stances.swing_direction == 1)


def test_a_short_turn_back_between_push_off_and_swing_changes_nothing() -> None:
    acc, gyr, landing_s = running_foot()
    whole = foot_contacts(acc, gyr, RATE_HZ, 0, acc.shape[0], SIDE_LEFT)
    for landing in landing_s[:-1]:
        start = round((landing + 0.33) * RATE_HZ)
        gyr[start : start + 3, 2] = 1.0
    again = foot_contacts(acc, gyr, RATE_HZ, 0, acc.shape[0], SIDE_LEFT)
    np.testing.assert_allclose(again.terminal_contact_s, whole.terminal_contact_s, atol=0.005)


def test_no_foot_flat_follows_push_off_where_the_foot_turns_back_before_its_swing() -> None:
    """A turn back of 0.05 rad hides where the swing's backward half begins; push-off is seen."""
    acc, gyr, landing_s = running_foot()
    gyr[:, 2] *= np.where(gyr[:, 2] < -5.0, 1.5, 1.0)
    whole = find_stances(acc, gyr, RATE_HZ)
    event = foot_contacts(acc, gyr, RATE_HZ, 0, acc.shape[0], SIDE_LEFT)
    for landing in landing_s[1:6:2]:
        start = round((landing + 0.27) * RATE_HZ)
        gyr[start : start + 10, 2] = 1.0
        stop = round((landing + 0.36) * RATE_HZ)
        gyr[start + 10 : stop, 2] = -0.05
        acc[start + 10 : stop] = [0.0, 9.80665, 0.0]
        impact = slice(round((landing + 0.19) * RATE_HZ), round((landing + 0.23) * RATE_HZ))
        acc[impact, 1] += 100.0
    hidden = find_stances(acc, gyr, RATE_HZ)
    assert len(hidden) == len(whole)
    assert np.max(np.abs(hidden.depart_sample - whole.depart_sample)) <= 0.04 * RATE_HZ
    again = foot_contacts(acc, gyr, RATE_HZ, 0, acc.shape[0], SIDE_LEFT)
    late = again.terminal_contact_s - event.terminal_contact_s
    assert np.nanmax(np.abs(late)) < 0.02


def test_push_off_on_the_rail_is_as_uncertain_as_the_rail_is_long() -> None:
    acc, gyr, _ = running_foot()
    whole = foot_contacts(acc, gyr, RATE_HZ, 0, acc.shape[0], SIDE_LEFT)
    railed = foot_contacts(acc, np.clip(gyr, -6.0, 6.0), RATE_HZ, 0, acc.shape[0], SIDE_LEFT)
    inner = slice(1, -1)
    assert np.all(railed.terminal_contact_sd_s[inner] > whole.terminal_contact_sd_s[inner])
    late = np.abs(railed.terminal_contact_s - whole.terminal_contact_s)[inner]
    assert np.all(late < 2.0 * railed.terminal_contact_sd_s[inner])
