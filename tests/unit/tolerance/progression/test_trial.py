"""The in-silico trial: small runs of it, its learner, its summary."""

from dataclasses import replace

import numpy as np
import pytest

from tolerance.anatomy import MODEL_TISSUES
from tolerance.model.population import prior_draws
from tolerance.model.predict import forecast_weeks
from tolerance.model.runner import RunnerHistory, UnitInjury
from tolerance.model.update import update_runner
from tolerance.progression import trial as trials
from tolerance.progression.trial import (
    ARM_NAMES,
    COMPARATORS,
    N_WEEKS,
    TRIAL_WORLDS,
    TrialInputs,
    prepare,
    run_arm,
)
from tolerance.progression.trial_learner import (
    TRIAL_UNITS,
    beliefs_of,
    draw_own,
    effective_size,
    learn_week,
    rejuvenate,
    select,
)
from tolerance.progression.trial_outcomes import runner_outcomes
from tolerance.progression.trial_summary import METRIC_NAMES, summarise_world, world_curves

FEW = 12


@pytest.fixture(scope="module")
def inputs(params):
    return TrialInputs(
        settings=params.simulate_trial.model_copy(update={"n_draws": 40}),
        dose=params.dose,
        population=params.simulate_cohort.population,
        particles=prior_draws(params.tolerance_priors, np.random.default_rng(3), 120),
    )


def draw(inputs, world="model", n=FEW):
    return prepare(world, inputs, n, (np.random.default_rng(1), np.random.default_rng(2)))


@pytest.fixture(scope="module")
def arms(inputs):
    trial = draw(inputs)
    return {arm: run_arm(trial, arm, np.random.default_rng(5)) for arm in ARM_NAMES}


def test_there_is_one_world_that_fits_and_at_least_five_that_do_not():
    assert TRIAL_WORLDS[0] == "model"
    assert len(TRIAL_WORLDS) >= 6
    assert "stoic_reporters" in TRIAL_WORLDS
    assert set(trials.WORLD_WORDS) == set(TRIAL_WORLDS)


def test_every_published_programme_with_rows_is_an_arm():
    assert {"dunne", "delaware", "couch_to_5k", "military", "moen_mtss", "osu_advanced"} <= set(
        COMPARATORS
    )


def test_arms_share_runners_and_chance(inputs):
    first = run_arm(draw(inputs), "ten_percent", np.random.default_rng(0))
    again = run_arm(draw(inputs), "ten_percent", np.random.default_rng(9))
    assert np.array_equal(first.load_rr, again.load_rr)
    assert np.array_equal(first.survival, again.survival)


def test_ten_percent_grows_by_ten_percent_to_the_target_and_no_further(inputs):
    trial = draw(inputs)
    paths = run_arm(replace(trial, chance=replace(
        trial.chance, execution=np.zeros_like(trial.chance.execution))),
        "ten_percent", np.random.default_rng(0))  # fmt: skip
    expected = np.minimum(1.1 ** np.arange(N_WEEKS), 3.0)
    assert paths.load_rr == pytest.approx(np.tile(expected, (FEW, 1)))
    assert np.all(paths.target_week == 12.0)


def test_dunne_gives_the_programme_s_minutes(inputs):
    trial = draw(inputs)
    quiet = replace(trial.chance, execution=np.zeros_like(trial.chance.execution))
    paths = run_arm(replace(trial, chance=quiet), "dunne", np.random.default_rng(0))
    minutes = [30, 36, 48, 72, 90, 90, 90, 90, 60, 75, 90, 90]
    assert 30 * paths.load_rr[0, :12] == pytest.approx(minutes)


def test_no_arm_passes_the_target_by_plan(arms):
    for paths in arms.values():
        assert paths.load_rr.max() <= 3.0 * np.exp(0.15 * 4)


def test_survival_falls_and_risk_rises_with_load(arms):
    for paths in arms.values():
        assert np.all(np.diff(paths.survival, axis=1) <= 0.0)
    slow, fast = (runner_outcomes(arms[a])["reinjury"].mean() for a in ("ontracx_low", "acwr"))
    assert slow < fast


def test_a_longer_leash_gives_more_load_and_more_pain(arms):
    means = [
        {name: v.mean() for name, v in runner_outcomes(arms[arm]).items()} for arm in trials.OURS
    ]
    loads = [mean["load_rr"] for mean in means]
    risks = [mean["reinjury"] for mean in means]
    assert loads == sorted(loads)
    assert risks == sorted(risks)


def test_our_weeks_keep_the_longest_session_s_bound(arms):
    """Three sessions of 20 min at most in a first week; then a tenth more than the longest."""
    paths = arms["ours_bold"]
    assert paths.load_rr[:, 0].max() <= 2.0 * np.exp(0.15 * 3)


def test_an_unknown_arm_is_refused_with_the_known_ones(inputs):
    with pytest.raises(ValueError, match="ten_percent"):
        run_arm(draw(inputs), "guess", np.random.default_rng(0))


@pytest.mark.parametrize("world", TRIAL_WORLDS)
def test_every_world_runs_and_stays_finite(inputs, world):
    paths = run_arm(draw(inputs, world, 4), "ours_default", np.random.default_rng(5))
    assert np.all(np.isfinite(paths.load_rr))
    assert np.all((paths.survival > 0.0) & (paths.survival <= 1.0))


def test_the_summary_has_every_metric_with_an_interval(arms):
    found = summarise_world(arms, np.random.default_rng(1))
    assert set(found["arms"]) == set(ARM_NAMES)
    for arm in found["arms"].values():
        for metric in METRIC_NAMES:
            assert arm[metric]["low"] <= arm[metric]["value"] <= arm[metric]["high"]
    assert found["arms"]["ours_default"]["against_frontier"] in ("beyond", "on", "behind")
    assert set(found["frontier"]) <= set(COMPARATORS)
    assert len(world_curves(arms)["oracle"]["reached_target"]) == N_WEEKS


# ---- the learner --------------------------------------------------------------------------------


def tendon_history(dates, damage, pain, settled):
    days = len(dates)
    return RunnerHistory(
        runner_id="simulated",
        dates=dates,
        units=(TRIAL_UNITS[1],),
        is_index=np.array([True]),
        damage_rr=damage[:, None],
        damage_log_sd=np.zeros((days, 1)),
        exposed=damage > 0.0,
        pain=pain[:, None],
        settled=settled[:, None],
        analgesic=np.zeros(days, bool),
        injuries=(UnitInjury(0, (dates[0] - np.timedelta64(41, "D")).item()),),
        chronic_start_rr=np.array([0.1]),
        healing_factor=np.ones(1),
    )


@pytest.mark.slow
def test_the_weekly_learner_agrees_with_the_model_s_update(params):
    """Four weeks of reports: the same tolerance and forecast within half a posterior SD."""
    population = prior_draws(params.tolerance_priors, np.random.default_rng(7), 4000)
    rng = np.random.default_rng(8)
    n_weeks, tendon = 4, MODEL_TISSUES.index("tendon")
    damage = np.zeros(7 * n_weeks)
    damage[[7 * w + d for w in range(n_weeks) for d in (0, 2, 4)]] = rng.uniform(0.2, 0.9, 12)
    pain = np.where(damage > 0.6, 4.0, np.where(damage > 0.0, 1.0, np.nan))
    settled = np.where(damage > 0.0, 1.0, np.nan)
    minds = beliefs_of(population, tendon, draw_own(population, tendon, rng), 40.0, 0.1)
    for w in range(n_weeks):
        days = slice(7 * w, 7 * w + 7)
        learn_week(minds, damage[days], pain[days], settled[days], 7 * w)
        if effective_size(minds) < 2000:
            rejuvenate(minds, damage[: 7 * w + 7], rng)
    found, state = select(minds, 1000, 0.5)
    dates = np.arange("2026-03-01", "2026-03-29", dtype="datetime64[D]")
    reference = update_runner(
        population, tendon_history(dates, damage, pain, settled), rng, simulated_runner=True
    )
    ours, theirs = state["log_tolerance"], reference.log_tolerance[:, 0]
    assert abs(ours.mean() - theirs.mean()) < 0.5 * theirs.std()
    assert 0.6 < ours.std() / theirs.std() < 1.6
    plan = np.zeros((1, 7, 1))
    plan[0, [0, 2, 4], 0] = 0.6
    expected = forecast_weeks(reference, plan, 0.1, plan[:, :, 0] > 0, np.array([3.0]))
    learned = replace(
        reference.thin(len(ours)),
        population=found.thin(reference.n_draws),
        log_tolerance=ours[: reference.n_draws, None],
        deficit=state["deficit"][: reference.n_draws, None],
        log_frailty=state["log_frailty"][: reference.n_draws],
        fatigue_rr=state["fatigue_rr"][: reference.n_draws, None],
        fatigue_log_var=np.zeros((reference.n_draws, 1)),
        chronic_rr=state["chronic_rr"][: reference.n_draws, None],
    )
    predicted = forecast_weeks(learned, plan, 0.1, plan[:, :, 0] > 0, np.array([3.0]))
    assert predicted.pain_above.mean() == pytest.approx(expected.pain_above.mean(), abs=0.06)


def test_painful_reports_lower_the_tolerance_and_calm_ones_raise_it(params):
    population = prior_draws(params.tolerance_priors, np.random.default_rng(7), 500)
    rng = np.random.default_rng(8)
    loads = np.array([0.5, 0, 0.5, 0, 0.5, 0, 0])

    def mean_after(pain):
        mind = beliefs_of(population, 1, draw_own(population, 1, np.random.default_rng(1)), 40, 0.1)
        prior = select(mind, 500, 0.5)[1]["log_tolerance"].mean()
        said = np.where(loads > 0, pain, np.nan)
        learn_week(mind, loads, said, np.full(7, np.nan), 0)
        rejuvenate(mind, loads, rng)
        return select(mind, 500, 0.5)[1]["log_tolerance"].mean() - prior

    assert mean_after(7.0) < -0.2
    assert mean_after(0.0) > 0.1


def test_moving_the_particles_keeps_mean_and_spread(params):
    population = prior_draws(params.tolerance_priors, np.random.default_rng(7), 2000)
    rng = np.random.default_rng(8)
    mind = beliefs_of(population, 1, draw_own(population, 1, rng), 40.0, 0.1)
    before = mind.values.copy()
    rejuvenate(mind, np.zeros(7), rng)
    assert mind.values.mean(axis=0) == pytest.approx(before.mean(axis=0), abs=0.12)
    assert mind.values.std(axis=0) == pytest.approx(before.std(axis=0), rel=0.15)
