"""Outcomes of an arm, against hand-made paths and a simulated lottery."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tolerance.progression.trial_outcomes import (
    ArmPaths,
    excess_over_frontier,
    frontier,
    frontier_risk,
    incidence_curve,
    median_weeks,
    resample_weights,
    runner_outcomes,
    summarise_arm,
)


def paths(load, hazard, target):
    load = np.asarray(load, float)
    survival = np.cumprod(1.0 - np.asarray(hazard, float) * np.ones_like(load), axis=1)
    return ArmPaths(
        load_rr=load,
        survival=survival,
        any_survival=survival,
        above_limit=np.zeros_like(load),
        target_week=np.asarray(target, float),
    )


def test_without_risk_load_is_the_sum_and_the_target_counts_in_full():
    outcomes = runner_outcomes(paths([[1, 2, 3]], 0.0, [2]))
    assert outcomes["load_rr"][0] == 6.0
    assert outcomes["reached_target"][0] == 1.0
    assert outcomes["restricted_mean_weeks"][0] == 2.0
    assert outcomes["reinjury"][0] == 0.0


def test_a_target_never_reached_counts_the_whole_horizon():
    outcomes = runner_outcomes(paths([[1, 1, 1]], 0.1, [np.inf]))
    assert outcomes["reached_target"][0] == 0.0
    assert outcomes["restricted_mean_weeks"][0] == 3.0


def test_expectations_are_those_of_the_lottery_of_injury():
    """Draw each runner's injury many times and count: the same numbers within noise."""
    rng = np.random.default_rng(1)
    load, hazard = np.array([[1.0, 2.0, 4.0, 8.0]]), np.array([[0.1, 0.2, 0.3, 0.1]])
    arm = paths(load, hazard, [3])
    injured = rng.random((100_000, 4)) < hazard
    first = np.where(injured.any(axis=1), injured.argmax(axis=1), 99)
    drawn_load = [load[0, : min(week + 1, 4)].sum() for week in first[:20_000]]
    outcomes = runner_outcomes(arm)
    assert outcomes["reinjury"][0] == pytest.approx((first < 99).mean(), abs=0.005)
    assert outcomes["load_rr"][0] == pytest.approx(np.mean(drawn_load), abs=0.08)
    assert outcomes["reached_target"][0] == pytest.approx((first > 2).mean(), abs=0.005)


def test_the_median_is_the_week_by_which_half_arrived_and_missing_where_fewer_do():
    arm = paths(np.ones((4, 5)), 0.0, [1, 3, 4, np.inf])
    assert incidence_curve(arm) == pytest.approx([0.25, 0.25, 0.5, 0.75, 0.75])
    assert median_weeks(arm) == 3.0
    assert np.isnan(median_weeks(paths(np.ones((4, 5)), 0.0, [1, np.inf, np.inf, np.inf])))


def test_intervals_hold_the_mean_and_narrow_with_more_runners():
    rng = np.random.default_rng(2)
    hazards = rng.uniform(0.0, 0.1, (2000, 1))
    few = summarise_arm(
        paths(np.ones((50, 26)), hazards[:50], np.full(50, 9)), resample_weights(50, rng)
    )
    many = summarise_arm(
        paths(np.ones((2000, 26)), hazards, np.full(2000, 9)), resample_weights(2000, rng)
    )
    for arm in (few, many):
        assert arm.reinjury.low < arm.reinjury.value < arm.reinjury.high
    assert many.reinjury.high - many.reinjury.low < 0.4 * (few.reinjury.high - few.reinjury.low)


def test_the_frontier_leaves_out_what_a_mixture_beats():
    load = np.array([1.0, 2.0, 3.0, 2.0])
    risk = np.array([0.1, 0.3, 0.3, 0.1])
    assert frontier(load, risk).tolist() == [3, 2]
    assert frontier_risk(load, risk, np.array([1.0, 2.5, 4.0])) == pytest.approx([0.05, 0.2, 0.5])


@given(
    arms=st.lists(st.tuples(st.floats(0.1, 100.0), st.floats(0.001, 1.0)), min_size=1, max_size=12)
)
def test_no_arm_is_below_the_frontier(arms):
    load, risk = np.array(arms).T
    assert np.all(risk >= frontier_risk(load, risk, load) - 1e-9)


def test_an_arm_with_half_the_risk_at_the_same_load_is_beyond_the_frontier():
    rng = np.random.default_rng(3)
    hazard = rng.uniform(0.0, 0.02, (300, 1))
    slow = paths(np.full((300, 26), 1.0), hazard, np.full(300, np.inf))
    fast = paths(np.full((300, 26), 3.0), 3 * hazard, np.full(300, 9))
    better = paths(np.full((300, 26), 2.0), hazard, np.full(300, 9))
    weights = resample_weights(300, rng)
    found = excess_over_frontier((slow, fast), better, weights)
    assert found.high < 0.0
    same = excess_over_frontier((slow, fast), fast, weights)
    assert same.value == pytest.approx(0.0, abs=1e-9)
