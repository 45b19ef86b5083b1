"""A small believed population and one runner, by hand."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from pipelines.params import load_params
from tolerance.anatomy import DEFAULT_UNITS, Unit
from tolerance.model.population import prior_draws
from tolerance.model.runner import RunnerHistory, RunnerState, UnitInjury

ROOT = Path(__file__).resolve().parents[4]
ACHILLES = DEFAULT_UNITS.index(Unit("achilles", "tendon", "left"))


@pytest.fixture(scope="session")
def priors():
    return load_params(ROOT / "params.yaml").tolerance_priors


@pytest.fixture
def population(priors):
    return prior_draws(priors, np.random.default_rng(11), 40)


@pytest.fixture
def state(population):
    n, u = population.n_draws, len(DEFAULT_UNITS)
    rng = np.random.default_rng(12)
    index = np.zeros(u, bool)
    index[ACHILLES] = True
    return RunnerState(
        runner_id="r1",
        as_of=date(2026, 3, 1),
        units=DEFAULT_UNITS,
        is_index=index,
        population=population,
        log_tolerance=rng.normal(0.2, 0.4, (n, u)),
        deficit=np.where(index, 0.7, 0.0) * np.ones((n, 1)),
        log_frailty=rng.normal(0.0, 0.3, n),
        fatigue_rr=rng.uniform(0.2, 1.0, (n, u)),
        fatigue_log_var=np.full((n, u), 0.02),
        chronic_rr=rng.uniform(0.1, 0.4, (n, u)),
        days_since_injury=np.where(index, 40.0, np.inf),
        healing_factor=np.ones(u),
        n_reports=np.zeros(u, np.int64),
        is_personal=np.zeros(u, bool),
        ess=float(n),
    )


@pytest.fixture
def history():
    """Return six weeks of three runs a week, the left Achilles tendon hurting a little."""
    t, u = 42, len(DEFAULT_UNITS)
    rng = np.random.default_rng(13)
    runs = np.isin(np.arange(t) % 7, (0, 2, 4))
    damage = runs[:, None] * rng.uniform(0.3, 0.8, (t, 1)) * np.ones(u)
    pain = np.full((t, u), np.nan)
    settled = np.full((t, u), np.nan)
    pain[runs, ACHILLES] = rng.integers(0, 4, runs.sum())
    settled[runs, ACHILLES] = rng.integers(0, 2, runs.sum())
    index = np.zeros(u, bool)
    index[ACHILLES] = True
    return RunnerHistory(
        runner_id="r1",
        dates=np.arange("2026-01-05", "2026-02-16", dtype="datetime64[D]"),
        units=DEFAULT_UNITS,
        is_index=index,
        damage_rr=damage,
        damage_log_sd=np.full((t, u), 0.2),
        exposed=runs,
        pain=pain,
        settled=settled,
        analgesic=np.zeros(t, bool),
        injuries=(UnitInjury(ACHILLES, date(2025, 12, 1)),),
        chronic_start_rr=np.full(u, 0.1),
        healing_factor=np.ones(u),
    )


@pytest.fixture
def histories(history):
    """Return three runners: one with sparse answers elsewhere, one injured anew, one silent.

    None of their loads is known exactly.
    """
    rng = np.random.default_rng(41)
    load = np.exp(rng.normal(0.0, 0.4, (42, 1)))
    first = replace(
        history, damage_rr=history.damage_rr * load, damage_log_sd=np.full((42, 10), 0.4)
    )
    pain = first.pain.copy()
    pain[history.exposed, 7] = rng.integers(0, 11, history.exposed.sum())
    first = replace(first, pain=pain)
    second = replace(
        first,
        runner_id="r2",
        analgesic=rng.random(42) < 0.2,
        injuries=(*first.injuries, UnitInjury(3, history.dates[25].item())),
    )
    silent = np.full((42, 10), np.nan)
    third = replace(first, runner_id="r3", pain=silent, settled=silent)
    return [first, second, third]
