"""Posterior predictive checks: the truth passes, another truth is found out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.params import load_params
from tolerance.evaluate.predictive_checks import (
    predictive_check,
    record_of,
    replicate,
    summaries,
)
from tolerance.exposure.histories import cohort_histories
from tolerance.model.population import prior_draws
from tolerance.model.runner import tissue_index
from tolerance.simulate.cohort import cohort_tables, simulate_cohort
from tolerance.simulate.world_truth import population_truth

PARAMS = load_params(Path(__file__).resolve().parents[4] / "params.yaml")
TRUTH = population_truth(PARAMS.simulate_cohort.population)


@pytest.fixture(scope="module")
def histories():
    settings = PARAMS.simulate_cohort.model_copy(update={"n_runners": 40, "n_weeks": 12})
    lived = simulate_cohort(settings, PARAMS.tissue_exponents, np.random.default_rng(5))
    return cohort_histories(cohort_tables(lived), lived.units, 0.1)


def true_draws(n=20, **changed):
    """Return a population of draws that are all the truth, or a truth changed."""
    draws = prior_draws(PARAMS.tolerance_priors, np.random.default_rng(0), n)
    truth = replace(TRUTH, **changed)
    values = {
        name: np.broadcast_to(np.asarray(getattr(truth, name)), array.shape).copy()
        for name, array in draws.arrays().items()
    }
    return replace(draws, **values)


def test_replicates_ran_and_were_asked_when_the_observed_were(histories):
    record = record_of(histories)
    new = replicate(record, histories, TRUTH, np.random.default_rng(1))
    np.testing.assert_array_equal(np.isnan(new.settled), np.isnan(record.settled))
    asked = np.isfinite(record.pain)
    assert np.isfinite(new.pain[asked]).mean() > 0.99
    assert np.isnan(new.pain[~asked]).all()
    assert not new.injured[~record.exposed].any()


def test_shares_sum_to_one_and_the_injured_grow_over_time(histories):
    found = summaries(record_of(histories), tissue_index(histories[0].units))
    for name, values in found.items():
        if name.startswith(("pain_", "injuries_")):
            assert values.sum() == pytest.approx(1.0)
    assert np.all(np.diff(found["injured_by_week"]) >= 0)
    assert np.all(np.diff(found["settled_by_pain"]) <= 0.1)


def test_the_truth_passes_and_another_pain_scale_is_found_out(histories):
    rng = np.random.default_rng(2)
    right = predictive_check(histories, true_draws(), rng, 20)
    wrong = predictive_check(
        histories, true_draws(tolerance_mean=TRUTH.tolerance_mean - 1.0), rng, 20
    )

    def inside(check):
        return np.mean([v["inside_frac"] for n, v in check.items() if n.startswith("pain_")])

    assert inside(right) > 0.75
    assert inside(wrong) < 0.5


def test_cohorts_of_different_designs_are_refused(histories):
    short = histories[0].until(histories[0].dates[20].astype(object))
    with pytest.raises(ValueError, match="other units or days"):
        record_of([histories[1], short])
