"""What hangs on R04: the first weeks against the weeks before, under either reading."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from pipelines.calibration import load_load_speed
from pipelines.params import load_params
from tolerance.anatomy import DEFAULT_UNITS, Unit
from tolerance.clinic.record import Profile, SessionEntry
from tolerance.exposure.repetitions import HYPOTHESES, repetition_effect
from tolerance.exposure.session_costs import LedgerSettings, unit_model
from tolerance.exposure.settings import exposure_settings
from tolerance.exposure.units import unit_proxies

ROOT = Path(__file__).resolve().parents[4]
TENDON = DEFAULT_UNITS.index(Unit("achilles", "tendon", "left"))


@pytest.fixture(scope="module")
def effect():
    params = load_params(ROOT / "params.yaml")
    settings = LedgerSettings(
        exposure=exposure_settings(params.analyse_recordings),
        load_speed=load_load_speed(ROOT),
        exponents=params.tissue_exponents,
        costs=params.ledger,
        injuries=params.injuries,
    )
    model = unit_model(DEFAULT_UNITS, unit_proxies(DEFAULT_UNITS, {}), settings.exponents)
    start = date(2026, 1, 5)
    rehab = [
        SessionEntry(
            session_id=f"rehab{day}",
            date=start + timedelta(days=day),
            activity="rehab",
            repetitions=250,
        )
        for day in range(0, 28, 2)
    ]
    runs = [
        SessionEntry(
            session_id=f"run{day}",
            date=start + timedelta(days=28 + day),
            activity="running",
            minutes=10,
        )
        for day in range(0, 14, 2)
    ]
    profile = Profile(runner_id="anna", consent_date=start)
    return repetition_effect(rehab, runs, (4.0, 2.0), profile, model, settings)


@pytest.mark.rule("R04", "R05")
def test_a_step_each_makes_the_first_runs_a_small_step_up_and_the_exponent_a_huge_one(effect):
    as_step, by_exponent = (effect.step_up[name][TENDON] for name in ("as_step", "by_exponent"))
    # 250 repetitions every second day are a tenth of a reference run, ten minutes a third.
    assert as_step == pytest.approx((1 / 3) / (250 / 2475), rel=0.02)
    assert by_exponent > 30 * as_step


@pytest.mark.rule("R04", "R05")
def test_the_prior_weighted_load_lies_between_and_says_how_unsure_it_is(effect):
    low, middle, high = (
        effect.before_rr[name][TENDON] for name in ("by_exponent", "prior_weighted", "as_step")
    )
    assert low < middle < high
    assert effect.before_log_sd["prior_weighted"][TENDON] > effect.before_log_sd["as_step"][TENDON]
    assert set(effect.step_up) == set(HYPOTHESES)


def test_running_itself_does_not_depend_on_the_reading(effect):
    for name in HYPOTHESES:
        np.testing.assert_allclose(effect.after_rr[name], effect.after_rr["as_step"])
