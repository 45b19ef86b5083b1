import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

from tolerance.model.filters import (
    LOST_SESSION_LOG_SD,
    MISSING_DAY_LOG_SD,
    NEAR_D,
    chronic_load,
    expected_damage,
    fatigue,
    fatigue_log_variance,
    fatigue_peak,
    fill_missing_days,
    healing,
    lasting_log_variance,
    log_chronic,
    log_fatigue,
)

TAU = np.array([[2.5, 14.0], [1.0, 90.0]])


def weeks(n_weeks, damage=1.0):
    return np.where(np.isin(np.arange(7 * n_weeks) % 7, (0, 2, 4)), damage, 0.0)[:, None]


@pytest.mark.parametrize("tau", [1.0, 2.5, 14.0])
def test_the_reference_week_peaks_at_one_whatever_the_tissue(tau):
    sums = fatigue(weeks(60), np.array([[tau]]))[0, :, 0]
    assert sums[-7:].max() / fatigue_peak(tau) == pytest.approx(1.0)


def test_fatigue_is_the_textbook_filter():
    damage = np.random.default_rng(1).uniform(0, 2, (50, 2))
    found = fatigue(damage, TAU)
    for s in range(2):
        for u in range(2):
            expected = lfilter([1.0], [1.0, -np.exp(-1 / TAU[s, u])], damage[:, u])
            np.testing.assert_allclose(found[s, :, u], expected)


def test_chronic_load_leaves_the_day_itself_out():
    damage = np.zeros((5, 1))
    damage[2] = 7.0
    level = chronic_load(damage, np.array([[10.0]]))[0, :, 0]
    assert level.shape == (6,)
    assert np.all(level[:3] == 0.0)
    assert level[3] == pytest.approx(7.0 * (1 - np.exp(-0.1)))


def test_chronic_load_tends_to_the_daily_mean():
    level = chronic_load(np.full((4000, 1), 0.4), np.array([[90.0]]))
    assert level[0, -1, 0] == pytest.approx(0.4)


def test_the_filters_go_on_where_they_stopped():
    damage = np.random.default_rng(2).uniform(0, 2, (30, 2))
    whole, begun = fatigue(damage, TAU), fatigue(damage[:12], TAU)
    np.testing.assert_allclose(fatigue(damage[12:], TAU, begun[:, -1]), whole[:, 12:])
    slow, part = chronic_load(damage, TAU, 0.2), chronic_load(damage[:12], TAU, 0.2)
    np.testing.assert_allclose(chronic_load(damage[12:], TAU, part[:, -1]), slow[:, 12:])


@given(st.integers(0, 19), st.floats(0.0, 3.0))
def test_more_damage_never_lowers_a_later_state(day, more):
    damage = np.full((20, 2), 0.5)
    raised = damage.copy()
    raised[day] += more
    assert np.all(fatigue(raised, TAU) >= fatigue(damage, TAU))
    assert np.all(chronic_load(raised, TAU) >= chronic_load(damage, TAU))


def test_logs_are_zero_at_the_reference():
    assert log_fatigue(fatigue_peak(3.0), 3.0) == pytest.approx(0.0)
    assert log_chronic(3 / 7, 0.1, 3 / 7) == pytest.approx(0.0)
    assert np.isfinite(log_fatigue(0.0, 3.0))


def test_healing_starts_whole_at_the_injury_and_is_none_before_or_without_one():
    left = healing([0.0, 60.0, -1.0, np.inf], 60.0)
    np.testing.assert_allclose(left, [1.0, np.exp(-1), 0.0, 0.0])


def test_the_variance_of_one_session_is_its_own():
    log_sd = np.full((1, 1), 0.3)
    assert fatigue_log_variance([[1.0]], log_sd, [[2.0]])[0, 0, 0] == pytest.approx(0.09)


def test_the_variance_of_a_sum_of_uncertain_days_matches_simulation():
    rng = np.random.default_rng(3)
    damage, tau = weeks(4), np.array([[3.0]])
    log_sd = np.full(damage.shape, 0.25)
    drawn = damage.T * np.exp(0.25 * rng.standard_normal((20000, damage.size)))
    kept = np.exp(-1 / 3.0) ** np.arange(damage.size)[::-1]
    expected = np.var(np.log(drawn @ kept))
    assert fatigue_log_variance(damage, log_sd, tau)[0, -1, 0] == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("sd", [0.25, 0.7])
def test_the_mean_of_log_fatigue_of_uncertain_days_matches_simulation(sd):
    rng = np.random.default_rng(3)
    median, tau = weeks(4), np.array([[3.0]])
    log_sd = np.full(median.shape, sd)
    drawn = median.T * np.exp(sd * rng.standard_normal((20000, median.size)))
    kept = np.exp(-1 / 3.0) ** np.arange(median.size)[::-1]
    damage = expected_damage(median, log_sd)
    variance = fatigue_log_variance(damage, log_sd, tau)[0, -1, 0]
    found = np.log(fatigue(damage, tau)[0, -1, 0]) - 0.5 * variance
    assert found == pytest.approx(np.mean(np.log(drawn @ kept)), abs=0.03)


def test_what_answers_err_together_matches_simulation():
    rng = np.random.default_rng(3)
    median, tau, sd = weeks(8), 8.0, 0.3
    log_sd = np.full(median.shape, sd)
    answered = (np.arange(median.size) % 7 == 0)[:, None]
    drawn = median.T * np.exp(sd * rng.standard_normal((4000, median.size)))
    total = lfilter([1.0], [1.0, -np.exp(-1 / tau)], drawn, axis=1)
    log_total = np.log(total[:, answered[:, 0]])
    together = np.var(log_total.mean(axis=1))
    alone = np.var(log_total, axis=0).sum() / answered.sum() ** 2
    damage = expected_damage(median, log_sd)
    [found] = lasting_log_variance(damage, log_sd, [tau], answered)
    assert together > 1.3 * alone
    assert found == pytest.approx(together - alone, rel=0.15)


def test_one_answer_or_known_loads_have_nothing_in_common():
    damage, tau = weeks(3), [5.0]
    one = (np.arange(damage.size) == 9)[:, None]
    every = damage > 0.0
    some = np.full(damage.shape, 0.4)
    assert lasting_log_variance(damage, some, tau, one)[0] == pytest.approx(0.0, abs=1e-12)
    assert lasting_log_variance(damage, 0.0 * some, tau, every)[0] == 0.0
    assert lasting_log_variance(damage, some, tau, np.zeros_like(every))[0] == 0.0
    assert lasting_log_variance(damage, some, tau, every)[0] > 0.0


def test_a_missing_day_is_not_rest():
    damage = np.array([[1.0, 0.0], [np.nan, np.nan], [0.0, 0.5]])
    filled, log_sd = fill_missing_days(damage, np.full((3, 2), 0.1), np.zeros(3, bool))
    expected = expected_damage(filled, log_sd)
    np.testing.assert_allclose(expected[1], expected[[0, 2]].mean(axis=0))
    np.testing.assert_allclose(log_sd[1], MISSING_DAY_LOG_SD)
    np.testing.assert_allclose(filled[[0, 2]], damage[[0, 2]])
    np.testing.assert_allclose(log_sd[0], 0.1)


def test_a_session_whose_load_was_lost_counts_as_a_mean_session():
    damage = np.array([[2.0, 0.0], [0.0, 0.2], [np.nan, np.nan], [4.0, 0.0], [np.nan, np.nan]])
    runs = np.array([True, False, True, True, False])
    filled, log_sd = fill_missing_days(damage, np.zeros((5, 2)), runs)
    expected = expected_damage(filled, log_sd)
    np.testing.assert_allclose(expected[2], [3.0, 0.0])
    np.testing.assert_allclose(expected[4], [2.0, 0.2 / 3.0])


def test_a_missing_day_is_likened_to_days_nearby_and_to_all_where_there_is_none():
    """Naive oracle, day by day."""
    rng = np.random.default_rng(8)
    damage = rng.uniform(0.5, 1.5, (90, 2)) * np.linspace(0.2, 2.0, 90)[:, None]
    runs = np.arange(90) % 2 == 0
    damage[~runs] = 0.0
    damage[rng.random(90) < 0.2] = np.nan
    damage[20:60] = np.nan
    filled, log_sd = fill_missing_days(damage, np.zeros((90, 2)), runs)
    found = expected_damage(filled, log_sd)
    known = ~np.isnan(damage[:, 0])
    for day in np.flatnonzero(~known):
        near = np.abs(np.arange(90) - day) <= NEAR_D
        like = known & (runs if runs[day] else True)
        chosen = like & near if (like & near).any() else like
        np.testing.assert_allclose(found[day], damage[chosen].mean(axis=0))
        assert log_sd[day, 0] == (LOST_SESSION_LOG_SD if runs[day] else MISSING_DAY_LOG_SD)
    np.testing.assert_array_equal(filled[known], damage[known])


def test_without_a_known_session_a_lost_one_counts_as_a_mean_day():
    damage = np.array([[0.2], [np.nan]])
    filled, log_sd = fill_missing_days(damage, np.zeros((2, 1)), np.array([False, True]))
    assert expected_damage(filled, log_sd)[1, 0] == pytest.approx(0.2)


def test_bad_damage_is_refused_with_what_to_do():
    with pytest.raises(ValueError, match="fill days that were not observed"):
        fatigue([[np.nan, 1.0]], TAU)
    with pytest.raises(ValueError, match="expected positive days"):
        fatigue([[0.0]], [[0.0]])
