import numpy as np
import pytest

from tolerance.config import TolerancePriors
from tolerance.model.fit import draws_table, population_of_table, posterior_as_prior
from tolerance.model.population import prior_draws


def test_draws_come_back_from_their_flat_table(population):
    again = population_of_table(draws_table(population), "simulated")
    for name, values in population.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], values)
    assert again.origin == "simulated"
    assert again.chronic_offset_rr == population.chronic_offset_rr


def test_priors_made_of_prior_draws_are_the_priors_again(priors):
    draws = prior_draws(priors, np.random.default_rng(1), 20000)
    made = posterior_as_prior(draws, priors, "test")
    assert TolerancePriors.model_validate_json(made.model_dump_json()) == made
    assert made.fatigue_days.bone.median == pytest.approx(14.0, rel=0.02)
    assert made.hazard_slope.log_sd == pytest.approx(priors.hazard_slope.log_sd, rel=0.05)
    assert made.tolerance_mean.sd == pytest.approx(priors.tolerance_mean.sd, rel=0.05)
    assert made.chronic_offset_rr == priors.chronic_offset_rr
    assert made.runner_sd.source == "test"
