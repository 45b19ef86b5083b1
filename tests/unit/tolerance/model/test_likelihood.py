"""The compiled likelihood against the model written out with SciPy."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from tolerance.anatomy import DEFAULT_UNITS, Unit
from tolerance.model.filters import (
    chronic_load,
    expected_damage,
    fatigue,
    fatigue_log_variance,
    healing,
    log_chronic,
    log_fatigue,
)
from tolerance.model.likelihood import (
    hazard_log_likelihood,
    response_log_likelihood,
    runner_data,
)
from tolerance.model.population import prior_draws
from tolerance.model.predict import attenuation
from tolerance.model.runner import UnitInjury, recent_injury, tissue_index
from tolerance.model.update import _Draws, _packed

ACHILLES = DEFAULT_UNITS.index(Unit("achilles", "tendon", "left"))
CHRONIC = np.array([0.1, 3 / 7])


@pytest.fixture
def draws(priors, history):
    rng = np.random.default_rng(21)
    population = prior_draws(priors, rng, 3)
    return _Draws(
        population=population,
        log_tolerance=rng.normal(0.0, 0.4, (3, len(history.units))),
        deficit=rng.uniform(0.3, 0.9, (3, 1)),
        log_frailty=rng.normal(0.0, 0.3, 3),
    )


def margins(history, draws, s):
    """Return expected margins, their variances and days since the injury."""
    p, k = draws.population, tissue_index(history.units)
    tau_f, tau_a = p.tau_fatigue_d[s : s + 1, k], p.tau_adaptation_d[s : s + 1, k]
    damage = expected_damage(history.damage_rr, history.damage_log_sd)
    variance = fatigue_log_variance(damage, history.damage_log_sd, np.full((1, 10), 2.5))[0]
    load = log_fatigue(fatigue(damage, tau_f), tau_f[:, None])[0] - variance / 2.0
    slow = log_chronic(chronic_load(damage, tau_a, history.chronic_start_rr)[0, :-1], *CHRONIC)
    first = (history.dates[0] - np.datetime64(history.injuries[0].on)).astype(int)
    days = np.full(history.damage_rr.shape, np.inf)
    days[:, ACHILLES] = first + np.arange(len(days))
    lost = draws.deficit[s, 0] * healing(days, p.tau_healing_d[s, k])
    return load - (draws.log_tolerance[s] + p.gamma[s] * slow - lost), variance, days


@pytest.mark.parametrize("log_sd", [0.0, 0.5])
def test_answers_have_the_probability_of_the_ordered_logit(history, draws, log_sd):
    known = replace(history, damage_log_sd=np.full_like(history.damage_log_sd, log_sd))
    data = runner_data(known, np.full(10, 2.5))
    traits, shared = _packed(draws, known)
    p, k = draws.population, tissue_index(history.units)
    found = response_log_likelihood(
        data, traits, shared, p.cut_points[:, k], draws.deficit, CHRONIC
    )
    for s in range(3):
        margin, variance, _ = (values[:, ACHILLES] for values in margins(known, draws, s))
        total = 0.0
        for t in np.flatnonzero(known.exposed):
            eta = p.pain_slope[s] * margin[t] - p.cut_points[s, 1]
            above = expit(eta * attenuation(p.pain_slope[s], variance[t]))
            above = np.concatenate(([1.0], above, [0.0]))
            score = int(known.pain[t, ACHILLES])
            total += np.log(above[score] - above[score + 1])
            eta = p.settle_level[s] - p.settle_slope[s] * margin[t]
            calm = expit(eta * attenuation(p.settle_slope[s], variance[t]))
            total += np.log(calm if known.settled[t, ACHILLES] else 1 - calm)
        assert found[s] == pytest.approx(total)


@pytest.mark.parametrize("log_sd", [0.0, 0.5])
def test_sessions_and_injuries_have_the_probability_of_competing_hazards(history, draws, log_sd):
    hurt = replace(
        history,
        damage_log_sd=np.full_like(history.damage_log_sd, log_sd),
        injuries=(*history.injuries, UnitInjury(3, history.dates[-1].item())),
    )
    two = replace(draws, deficit=np.column_stack((draws.deficit, draws.deficit)))
    traits, shared = _packed(two, hurt)
    found = hazard_log_likelihood(
        runner_data(hurt, np.full(10, 2.5)), traits, shared, two.deficit, CHRONIC
    )
    p, k = draws.population, tissue_index(history.units)
    for s in range(3):
        margin, variance, days = margins(hurt, draws, s)
        log_hazard = (
            p.hazard_level[s, k]
            + p.hazard_slope[s] * margin
            + 0.5 * p.hazard_slope[s] ** 2 * variance
            + draws.log_frailty[s]
            + p.recent_injury_log_hr[s] * recent_injury(days)
        )
        hazard = np.exp(log_hazard[hurt.exposed])
        last = np.log(-np.expm1(-hazard[-1, 3])) + hazard[-1, 3]
        assert found[s] == pytest.approx(-hazard.sum() + last)


def test_pain_under_a_painkiller_is_at_least_what_was_said(history, draws):
    data = runner_data(history, np.full(10, 2.5))
    traits, shared = _packed(draws, history)
    cuts = draws.population.cut_points[:, tissue_index(history.units)]
    plain = response_log_likelihood(data, traits, shared, cuts, draws.deficit, CHRONIC)
    hidden = replace(data, censored=np.ones_like(data.censored))
    found = response_log_likelihood(hidden, traits, shared, cuts, draws.deficit, CHRONIC)
    assert np.all(found > plain)
    none = replace(hidden, pain=np.where(data.pain >= 0, 0, -1), settled=np.abs(data.settled))
    calm = replace(none, settled=np.where(data.settled >= 0, 1, -1))
    found = response_log_likelihood(calm, traits, shared, cuts, draws.deficit, CHRONIC)
    np.testing.assert_array_equal(found, 0.0)


def test_an_injury_counts_for_the_last_run_before_it(history):
    day = history.dates[6].item()  # a Sunday without a run; the last run was on Friday
    data = runner_data(
        replace(history, injuries=(*history.injuries, UnitInjury(2, day))), np.ones(10)
    )
    assert np.argwhere(data.event).tolist() == [[4, 2]]
    assert np.isinf(data.days_since[6, 2])
    assert data.days_since[7, 2] == 1.0


def test_an_injury_long_after_the_last_run_adds_no_event_but_a_deficit(history):
    idle = replace(
        history,
        exposed=history.exposed & (np.arange(42) < 7),
        injuries=(*history.injuries, UnitInjury(2, history.dates[30].item())),
    )
    data = runner_data(idle, np.ones(10))
    assert not data.event.any()
    assert data.injury[31, 2] == 1
