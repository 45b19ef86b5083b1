"""Runners with a state of the model, to be planned for."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from pipelines.calibration import load_load_speed
from pipelines.params import load_params
from tolerance.exposure.histories import record_history
from tolerance.exposure.session_costs import LedgerSettings
from tolerance.exposure.settings import exposure_settings
from tolerance.model.population import prior_draws
from tolerance.model.update import UpdateSettings, update_runner
from tolerance.progression.plan import PlanSettings, plan_week

ROOT = Path(__file__).resolve().parents[4]


def _rules_conftest():
    """Load the rule book's builder of runners."""
    path = ROOT / "tests/unit/tolerance/rules/conftest.py"
    spec = importlib.util.spec_from_file_location("rules_conftest", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BUILDERS = _rules_conftest()
TODAY = BUILDERS.TODAY


@pytest.fixture(scope="session")
def params():
    return load_params(ROOT / "params.yaml")


@pytest.fixture(scope="session")
def plan_settings(params):
    ledger = LedgerSettings(
        exposure=exposure_settings(params.analyse_recordings),
        load_speed=load_load_speed(ROOT),
        exponents=params.tissue_exponents,
        costs=params.ledger,
        injuries=params.injuries,
    )
    return PlanSettings(params.dose, params.rules, ledger)


@pytest.fixture(scope="session")
def population(params):
    return prior_draws(params.tolerance_priors, np.random.default_rng(1), 300)


@pytest.fixture
def runner(params):
    """Return a maker of runners, as in the tests of the rule book."""

    def make(injury="achilles_tendinopathy", side="left", **facts):
        return BUILDERS.Builder(params, injury, side, **facts)

    return make


@pytest.fixture
def today():
    return TODAY


@pytest.fixture
def believed(population, plan_settings):
    """Return what is believed of a runner after their record."""

    def update(builder):
        history = record_history(builder.record, plan_settings.ledger, TODAY)
        return update_runner(
            population,
            history,
            np.random.default_rng(2),
            simulated_runner=False,
            settings=UpdateSettings(n_draws=150, n_proposals=500, n_completed=300),
        )

    return update


@pytest.fixture
def planned(believed, plan_settings):
    """Return the plan of a runner as of today."""

    def plan(builder, last_plan=None, settings=None, state=None):
        assessment = builder.assess(None if settings is None else settings.rules)
        if state is None and assessment.verdict in ("plan", "hold"):
            state = believed(builder)
        return plan_week(
            state, assessment, builder.record, settings or plan_settings, last_plan=last_plan
        )

    return plan
