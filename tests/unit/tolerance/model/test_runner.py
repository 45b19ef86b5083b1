from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from tolerance.model.runner import UnitInjury, recent_injury


def test_a_previous_injury_fades_over_a_year():
    np.testing.assert_allclose(
        recent_injury(np.array([0.0, 182.5, 365.0, np.inf, -3.0])), [1.0, 0.5, 0.0, 0.0, 0.0]
    )


def test_sessions_out_of_order_are_refused(history):
    with pytest.raises(ValueError, match="sort the sessions"):
        replace(history, dates=history.dates[::-1])


def test_a_doubled_day_is_refused(history):
    doubled = history.dates.copy()
    doubled[5] = doubled[4]
    with pytest.raises(ValueError, match="a repeat"):
        replace(history, dates=doubled)


@pytest.mark.parametrize("pain", [-1.0, 11.0])
def test_pain_outside_the_scale_is_refused(history, pain):
    wrong = history.pain.copy()
    wrong[0, 1] = pain
    with pytest.raises(ValueError, match="expected 0 to 10"):
        replace(history, pain=wrong)


def test_a_date_in_the_future_is_no_observation(history):
    later = (*history.injuries, UnitInjury(2, date(2026, 5, 1)))
    with pytest.raises(ValueError, match="in the future"):
        replace(history, injuries=later)


def test_an_index_unit_without_an_injury_is_refused(history):
    with pytest.raises(ValueError, match="without an injury"):
        replace(history, injuries=())


def test_everything_wrong_is_said_at_once(history):
    wrong = history.pain.copy()
    wrong[0, 1] = 12.0
    with pytest.raises(ValueError, match=r"dates.*pain.*without an injury"):
        replace(history, dates=history.dates[::-1], pain=wrong, injuries=())


def test_a_record_cut_short_knows_nothing_of_later(history):
    later = replace(history, injuries=(*history.injuries, UnitInjury(2, date(2026, 2, 10))))
    cut = later.until(date(2026, 1, 20))
    assert cut.dates[-1] == np.datetime64("2026-01-20")
    assert cut.pain.shape[0] == 16
    assert len(cut.injuries) == 1


def test_a_thinned_state_keeps_its_draws_aligned(state):
    thin = state.thin(5)
    place = [int(np.flatnonzero(state.log_frailty == w)[0]) for w in thin.log_frailty]
    np.testing.assert_array_equal(thin.population.gamma, state.population.gamma[place])
    np.testing.assert_array_equal(thin.log_tolerance, state.log_tolerance[place])
