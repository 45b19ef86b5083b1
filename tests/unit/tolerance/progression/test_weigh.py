"""Candidates against limits, with the model's own prior as state."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tolerance.model.runner import RunnerState
from tolerance.progression.rate import (
    WeekLoad,
    injured_only,
    progression_rates,
    target_date,
    with_time_constant,
)
from tolerance.progression.trial_learner import TRIAL_UNITS, beliefs_of, draw_own, select
from tolerance.progression.weigh import DoseLimits, choose_week, risk_to_target, weigh_weeks

START = date(2026, 6, 16)


def prior_state(population, tissues=(1,), injured=None, seed=4):
    """Return the prior as a state of some tissues."""
    rng = np.random.default_rng(seed)
    parts = [
        select(beliefs_of(population, k, draw_own(population, k, rng), 40.0, 0.1), 120, 0.5)[1]
        for k in tissues
    ]
    n, u = 120, len(tissues)
    columns = {
        name: np.column_stack([part[name] for part in parts])
        for name in ("log_tolerance", "deficit", "fatigue_rr", "chronic_rr")
    }
    return RunnerState(
        runner_id="r", as_of=START, units=tuple(TRIAL_UNITS[k] for k in tissues),
        is_index=np.array(injured or [True] * u), population=population.thin(n),
        log_frailty=np.zeros(n), fatigue_log_var=np.zeros((n, u)),
        days_since_injury=np.full(u, 40.0), healing_factor=np.ones(u),
        n_reports=np.zeros(u, np.int64), is_personal=np.zeros(u, bool), ess=float(n), **columns,
    )  # fmt: skip


def weeks(minutes, u=1):
    """Return candidates: three equal runs of the minutes of each."""
    damage = np.zeros((len(minutes), 7, u))
    for c, each in enumerate(minutes):
        damage[c, [0, 2, 4]] = each / 30.0
    return damage, damage[:, :, 0] > 0.0


@pytest.fixture(scope="module")
def limits(params):
    return DoseLimits.of(params.dose)


@pytest.fixture(scope="module")
def state(population):
    return prior_state(population)


def test_the_largest_feasible_week_is_taken_and_the_next_one_breaks_something(state, limits):
    minutes = [40.0, 20.0, 10.0, 5.0, 2.0, 1.0]
    damage, runs = weeks(minutes)
    choice = choose_week(state, damage, 0.15, runs, [3.0], limits)
    assert choice.index > 0
    levels = choice.weighed.levels[:, 0]
    assert np.all(levels[choice.index] <= limits.levels)
    assert np.any(levels[choice.index - 1, :3] > limits.levels[:3])
    assert choice.binds.level > choice.binds.allowed


def test_limits_are_weighed_as_a_slow_loop_says(state, limits):
    damage, runs = weeks([10.0])
    weighed = weigh_weeks(state, damage, 0.15, runs, [3.0], limits)
    level = weighed.levels[0, 0]
    assert level[0] == pytest.approx(np.mean([weighed.pain[0, s, 0] for s in range(120)]))
    over = [weighed.weekly_risk[0, s, 0] > limits.weekly_risk for s in range(120)]
    assert level[2] == pytest.approx(sum(over) / 120)


@settings(max_examples=15, deadline=None)
@given(cap=st.floats(0.02, 0.9))
def test_a_tighter_limit_never_gives_more(population, params, cap):
    state = prior_state(population)
    damage, runs = weeks([40.0, 20.0, 10.0, 5.0, 2.0, 1.0])
    base = DoseLimits.of(params.dose)
    loose = choose_week(state, damage, 0.15, runs, [3.0], replace(base, pain_probability=cap))
    tight = choose_week(state, damage, 0.15, runs, [3.0], replace(base, pain_probability=cap / 2))
    order = [choice.index if choice.index >= 0 else 99 for choice in (loose, tight)]
    assert order[1] >= order[0]


def test_nothing_feasible_names_the_least(state, limits):
    damage, runs = weeks([60.0, 40.0, 30.0])
    none = choose_week(state, damage, 0.15, runs, [3.0], replace(limits, pain_probability=0.001))
    assert none.index == -1
    assert none.least == 2
    assert none.least_excess.limit == "pain"


@pytest.mark.rule("A08")
def test_with_two_injuries_the_stricter_decides(population, limits):
    damage_one, runs = weeks([20.0, 10.0, 5.0, 2.0, 1.0])
    single = [
        choose_week(prior_state(population, (k,)), damage_one, 0.15, runs, [3.0], limits).index
        for k in (0, 2)
    ]
    damage_two, _ = weeks([20.0, 10.0, 5.0, 2.0, 1.0], 2)
    both = choose_week(
        prior_state(population, (0, 2)), damage_two, 0.15, runs, [3.0, 3.0], limits
    ).index
    order = [i if i >= 0 else 99 for i in (*single, both)]
    assert order[2] >= max(order[:2]) - 1  # draws differ a little between the states


def test_a_unit_that_is_not_injured_sets_no_limit(population, limits):
    damage, runs = weeks([20.0, 10.0, 5.0, 2.0, 1.0], 2)
    free = prior_state(population, (1, 0), injured=[True, False])
    choice = choose_week(free, damage, 0.15, runs, [3.0, 3.0], limits)
    assert choice.binds is None or choice.binds.unit == free.units[0]


def test_without_a_candidate_or_an_injury_there_is_no_choice(population, state, limits):
    damage, runs = weeks([10.0])
    with pytest.raises(ValueError, match="0 candidates"):
        choose_week(state, damage[:0], 0.15, runs[:0], [3.0], limits)
    healthy = prior_state(population, injured=[False])
    with pytest.raises(ValueError, match="0 injured"):
        choose_week(healthy, damage, 0.15, runs, [3.0], limits)


def test_load_that_is_known_less_well_is_riskier(state, limits):
    damage, runs = weeks([10.0])
    risk = [
        weigh_weeks(state, damage, sd, runs, [3.0], limits).weekly_risk.mean() for sd in (0.0, 0.6)
    ]
    assert risk[1] > risk[0]


def test_risk_to_the_target_grows_with_the_horizon(state):
    damage, runs = weeks([10.0])
    risks = [risk_to_target(state, damage[0], 0.15, runs[0], [3.0], n).mean() for n in (1, 8, 26)]
    assert risks == sorted(risks)


def test_defaults_agree_a_weekly_cap_compounds_to_the_cap_of_the_target(params):
    dose = params.dose
    compounded = 1.0 - (1.0 - dose.weekly_risk_cap) ** dose.horizon_weeks
    assert compounded == pytest.approx(dose.target_risk_cap, abs=0.01)
    assert params.simulate_trial.caps["ours_default"].pain_probability == dose.pain_probability_max


def week_load(minutes, u=1):
    damage, runs = weeks([minutes], u)
    return WeekLoad(damage[0], np.full((7, u), 0.15), runs[0], np.full(u, 3.0))


def test_a_smaller_week_leaves_room_for_more_growth(state, limits, params):
    small, large = (
        progression_rates(state, week_load(minutes), limits, params.dose)[0].weekly_growth
        for minutes in (2.0, 15.0)
    )
    assert small.value > large.value
    assert small.low <= small.value <= small.high


def test_a_near_target_is_reached_sooner(state, limits):
    near = target_date(state, week_load(2.0), 6.0, 7.0, limits, START)
    far = target_date(state, week_load(2.0), 6.0, 60.0, limits, START)
    assert near.reached_of_100 >= far.reached_of_100
    if near.likely is not None and far.likely is not None:
        assert near.likely <= far.likely


def test_only_the_injured_units_are_kept(population):
    kept = injured_only(prior_state(population, (0, 1, 2), injured=[False, True, False]))
    assert kept.units == (TRIAL_UNITS[1],)
    assert kept.log_tolerance.shape == (120, 1)


def test_a_time_constant_is_set_for_the_units_tissues_alone(state):
    moved = with_time_constant(state, "healing", 0.9)
    before, after = state.population.tau_healing_d, moved.population.tau_healing_d
    assert np.unique(after[:, 1]).size == 1
    assert after[0, 1] == pytest.approx(np.quantile(before[:, 1], 0.9))
    assert np.array_equal(after[:, 0], before[:, 0])
