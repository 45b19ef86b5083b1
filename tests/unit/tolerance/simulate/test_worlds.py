"""Worlds day by day: closed forms, the model's filters as oracle, and what each world breaks."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.params import load_params
from tolerance.model.filters import chronic_load, fatigue, log_chronic, log_fatigue
from tolerance.schemas import validate
from tolerance.simulate.cohort import cohort_tables, make_world, simulate_cohort, truth_table
from tolerance.simulate.damage_pool import DAMAGE_POOL
from tolerance.simulate.world_truth import draw_traits, population_truth
from tolerance.simulate.worlds import WORLDS, DayDraws, World

PARAMS = load_params(Path(__file__).resolve().parents[4] / "params.yaml")
SETTINGS = PARAMS.simulate_cohort
TRUTH = population_truth(SETTINGS.population)
N = 40


def traits(n=N, seed=1):
    return draw_traits(TRUTH, SETTINGS.population, np.random.default_rng(seed), n)


def live(world, n_days=60, seed=3, level=1.0):
    """Run every second day; return outcomes."""
    rng = np.random.default_rng(seed)
    n, u = world.traits.is_index.shape
    outcomes = []
    for day in range(n_days):
        exposed = np.full(n, day % 2 == 0)
        outcomes.append(world.advance_day(np.full((n, u), level) * exposed[:, None], exposed, rng))
    return outcomes


def test_a_reference_week_brings_fatigue_to_one():
    drawn = traits(1)
    world = World(TRUTH, drawn, WORLDS["model"])
    rng = np.random.default_rng(0)
    peak = 0.0
    for day in range(364):
        exposed = np.array([day % 7 in (0, 2, 4)])
        world.advance_day(np.full((1, 10), float(exposed[0])), exposed, rng)
        if day >= 357:
            peak = np.maximum(peak, world.fatigue / world._peak)
    np.testing.assert_allclose(peak, 1.0, rtol=1e-6)


def test_the_first_world_agrees_with_the_models_filters():
    drawn = traits(3)
    world = World(TRUTH, drawn, WORLDS["model"])
    damage = np.random.default_rng(5).exponential(1.0, (80, 10))
    margins = []
    for day in range(80):
        exposed = np.zeros(3, np.bool_)
        outcome = world.advance_day(
            np.broadcast_to(damage[day], (3, 10)).copy(), exposed, np.random.default_rng(day)
        )
        margins.append(outcome.margin)
    tissue = drawn.tissue
    tau_f, tau_a = TRUTH.tau_fatigue_d[tissue], TRUTH.tau_adaptation_d[tissue]
    for r in range(3):
        total = fatigue(damage, tau_f[None])[0]
        chronic = chronic_load(damage, tau_a[None], drawn.chronic_start_rr[r][None])[0, :-1]
        since = drawn.days_since_injury[r] + 1.0 + np.arange(80)[:, None]
        deficit = drawn.deficit[r] * np.exp(-since / TRUTH.tau_healing_d[tissue])
        expected = (
            log_fatigue(total, tau_f)
            - drawn.log_tolerance[r]
            - TRUTH.gamma
            * log_chronic(chronic, TRUTH.chronic_offset_rr, TRUTH.chronic_reference_rr)
            + deficit
        )
        np.testing.assert_allclose(np.array(margins)[:, r], expected, atol=1e-8)


def test_half_of_the_sessions_at_margin_zero_hurt_above_three():
    drawn = traits(4000)
    world = World(TRUTH, drawn, WORLDS["model"])
    world.traits.log_tolerance[:] = 0.0
    world.deficit[:] = 0.0
    level = world._peak * np.exp(
        TRUTH.gamma
        * np.log(
            (world.chronic + TRUTH.chronic_offset_rr)
            / (TRUTH.chronic_reference_rr + TRUTH.chronic_offset_rr)
        )
    )
    outcome = world.advance_day(level, np.ones(4000, np.bool_), np.random.default_rng(2))
    np.testing.assert_allclose(outcome.margin, 0.0, atol=1e-9)
    assert np.mean(outcome.true_pain > 3) == pytest.approx(0.5, abs=0.01)


def test_injuries_come_as_often_as_their_hazards_say():
    world = World(TRUTH, traits(3000), WORLDS["model"])
    outcomes = live(world, 20, level=2.0)
    expected = sum(1.0 - np.exp(-o.hazard.sum(axis=1)) for o in outcomes).sum()
    seen = sum((o.injured_unit >= 0).sum() for o in outcomes)
    assert seen == pytest.approx(expected, abs=4 * np.sqrt(expected))


def test_nothing_is_felt_and_nobody_is_hurt_without_a_run():
    outcome = World(TRUTH, traits(), WORLDS["model"]).advance_day(
        np.ones((N, 10)), np.zeros(N, np.bool_), np.random.default_rng(0)
    )
    assert np.isnan(outcome.pain).all()
    assert (outcome.injured_unit == -1).all()


def test_an_injury_starts_healing_anew():
    world = World(TRUTH, traits(500), WORLDS["model"])
    world.traits.log_frailty[:] = 6.0
    outcome = live(world, 1, level=2.0)[0]
    hurt = np.flatnonzero(outcome.injured_unit >= 0)
    assert hurt.size > 100
    units = outcome.injured_unit[hurt]
    np.testing.assert_array_equal(world.days_since_injury[hurt, units], 0.0)
    assert (world.deficit[hurt, units] > 0.0).all()


@pytest.mark.parametrize("name", [*WORLDS, DAMAGE_POOL])
def test_the_same_chance_gives_the_same_course_and_a_copy_goes_its_own_way(name):
    exponents = np.full(10, 6.0)
    first, second = (make_world(name, TRUTH, traits(), exponents) for _ in range(2))
    exposed = np.ones(N, np.bool_)
    for day in range(3):
        draws = DayDraws.draw(np.random.default_rng(day), N, 10)
        one = first.advance_day(np.ones((N, 10)), exposed, draws)
        two = second.advance_day(np.ones((N, 10)), exposed, draws)
        np.testing.assert_array_equal(one.pain, two.pain)
        np.testing.assert_array_equal(one.injured_unit, two.injured_unit)
    other = first.copy()
    other.advance_day(np.full((N, 10), 9.0), exposed, np.random.default_rng(9))
    assert first.day == 3


def test_margins_ahead_change_nothing():
    world = World(TRUTH, traits(), WORLDS["model"])
    live(world, 5)
    before = world.fatigue.copy()
    margin, hazard = world.margins(np.full((N, 10), 1.5))
    np.testing.assert_array_equal(world.fatigue, before)
    outcome = world.advance_day(
        np.full((N, 10), 1.5), np.ones(N, np.bool_), np.random.default_rng(0)
    )
    np.testing.assert_allclose(outcome.margin, margin)
    np.testing.assert_allclose(outcome.hazard, hazard)


def test_stoic_runners_say_less_and_suffer_the_same():
    honest, stoic = (
        live(World(TRUTH, traits(), WORLDS[name])) for name in ("model", "stoic_reporters")
    )
    for a, b in zip(honest, stoic, strict=True):
        np.testing.assert_array_equal(a.true_pain, b.true_pain)
        np.testing.assert_array_equal(a.injured_unit, b.injured_unit)
    said = np.nanmean([o.pain[0] for o in stoic if o.exposed[0]])
    felt = np.nanmean([o.true_pain[0] for o in stoic if o.exposed[0]])
    assert said < 0.6 * felt


def test_non_reporters_are_silent_where_it_hurts():
    outcomes = live(World(TRUTH, traits(400), WORLDS["non_reporters"]), 20)
    pain = np.array([o.true_pain for o in outcomes if o.exposed[0]])
    silent = np.isnan([o.pain for o in outcomes if o.exposed[0]])
    assert silent[pain >= 6].mean() > 0.85
    assert silent[pain <= 1].mean() < 0.25


def test_runners_led_by_pain_do_less_after_pain_and_more_after_none():
    world = World(TRUTH, traits(200), WORLDS["pain_driven_load"])
    outcomes = live(world, 3)
    worst = outcomes[0].true_pain.max(axis=1)
    done = outcomes[2].damage_rr[:, 0]
    np.testing.assert_allclose(done[worst > 3], 0.6)
    np.testing.assert_allclose(done[worst == 0], 1.15)


def test_unlogged_runs_load_the_tissue_and_not_the_log():
    logged, secret = (World(TRUTH, traits(300), WORLDS[n]) for n in ("model", "unlogged_runs"))
    a, b = live(logged), live(secret)
    np.testing.assert_array_equal(a[-1].damage_rr, b[-1].damage_rr)
    assert secret.chronic.mean() > logged.chronic.mean() + 0.01


def test_another_exponent_changes_only_runs_that_are_not_easy():
    exponents = np.full(10, 9.0)
    world = World(TRUTH, traits(2), WORLDS["other_exponent"], exponents)
    force = np.array([[1.0], [1.1]])
    load, damage = np.repeat(2 * force, 10, axis=1), np.repeat(2 * force**9, 10, axis=1)
    world.advance_day(damage, np.ones(2, np.bool_), np.random.default_rng(0), load_rr=load)
    np.testing.assert_allclose(world.fatigue, np.repeat(2 * force**3, 10, axis=1))


def test_wrong_shapes_and_names_are_refused():
    world = World(TRUTH, traits(), WORLDS["model"])
    with pytest.raises(ValueError, match="got damage"):
        world.advance_day(np.ones((N, 3)), np.ones(N, np.bool_), np.random.default_rng(0))
    with pytest.raises(ValueError, match="expected one of model"):
        make_world("flat_earth", TRUTH, traits(), np.ones(10))
    with pytest.raises(ValueError, match="exponents"):
        World(TRUTH, traits(), WORLDS["other_exponent"])


def test_the_damage_pool_hurts_half_of_the_time_at_its_tolerance():
    world = make_world(DAMAGE_POOL, TRUTH, traits(3000), np.ones(10))
    world.traits.log_tolerance[:] = 0.0
    world.loss[:] = 0.0
    world.stimulus[:] = 1.0
    world.pool = np.broadcast_to(world._reference_pool - 200.0, world.pool.shape).copy()
    outcome = world.advance_day(
        np.ones((3000, 10)), np.ones(3000, np.bool_), np.random.default_rng(4)
    )
    assert np.mean(outcome.pain > 3) == pytest.approx(0.5, abs=0.03)


@pytest.fixture(scope="module")
def cohort():
    return simulate_cohort(SETTINGS, PARAMS.tissue_exponents, np.random.default_rng(11))


def test_the_default_cohort_is_as_large_as_promised_and_its_tables_are_sound(cohort):
    assert 4500 <= cohort.n_sessions <= 5500
    assert 25 <= (cohort.injured_unit >= 0).sum() <= 90
    for name, table in cohort_tables(cohort).items():
        validate(name, table)
    validate("runner_truth", truth_table(cohort))


def test_nobody_runs_in_the_week_after_an_injury(cohort):
    rows, days = np.nonzero(cohort.injured_unit >= 0)
    for row, day in zip(rows, days, strict=True):
        assert not cohort.exposed[row, day + 1 : day + 7].any()


def test_lost_loads_are_missing_and_confirmed_rest_is_zero(cohort):
    lost = cohort.exposed & np.isnan(cohort.damage_rr[..., 0])
    assert 0.01 < lost.sum() / cohort.n_sessions < 0.05
    assert np.isnan(cohort.damage_rr[lost]).all()
    rest = ~cohort.exposed & (cohort.strength == 0) & np.isfinite(cohort.damage_rr[..., 0])
    np.testing.assert_array_equal(cohort.damage_rr[rest], 0.0)


def test_injured_units_are_asked_about_and_others_rarely(cohort):
    ran = cohort.exposed[..., None]
    index = np.broadcast_to(cohort.traits.is_index[:, None], cohort.pain.shape) & ran
    assert np.isfinite(cohort.pain[index]).mean() == pytest.approx(0.9, abs=0.03)
    never = np.cumsum(cohort.injured_unit >= 0, axis=1) == 0
    other = ~index & ran & never[..., None]
    assert np.isfinite(cohort.pain[other]).mean() == pytest.approx(0.15, abs=0.02)


def test_a_year_of_usual_care_injures_as_published():
    """Recreational runners 46 % (38 to 54) a year, after injury more (pubmed 33356768)."""
    year = SETTINGS.model_copy(update={"n_runners": 400, "n_weeks": 52})
    lived = simulate_cohort(year, PARAMS.tissue_exponents, np.random.default_rng(2))
    hurt = lived.injured_unit >= 0
    any_injury = hurt.any(axis=1)[~lived.is_controlled].mean()
    rows, days = np.nonzero(hurt)
    same = np.zeros(400, np.bool_)
    np.logical_or.at(same, rows, lived.traits.is_index[rows, lived.injured_unit[rows, days]])
    assert 0.30 <= any_injury <= 0.80
    assert 0.05 <= same[~lived.is_controlled].mean() <= 0.25
