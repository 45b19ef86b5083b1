import numpy as np
import pytest

from tolerance.config import FitTolerance, TolerancePriors
from tolerance.model.design import build_design
from tolerance.model.fit import draws_table, fit, population_of_table, posterior_as_prior
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


@pytest.mark.slow
def test_both_engines_sample_the_same_variables(histories, priors):
    """Few draws, so that only names, shapes and rough places are compared."""
    design = build_design(histories, priors)
    limits = {"rhat_max": 2.0, "ess_min": 1.0, "divergences_max": 1000, "ebfmi_min": 0.01}
    found = {}
    for engine in ("by_hand", "automatic"):
        settings = FitTolerance(
            engine=engine, chains=2, tune=150, draws=100, target_accept=0.8,
            chronic_start_rr=0.1, **limits,
        )  # fmt: skip
        rng = np.random.default_rng(21)
        found[engine] = fit(design, priors, settings, rng, origin="simulated")
    by_hand, automatic = found["by_hand"], found["automatic"]
    assert set(by_hand.sampled) == {name for name in automatic.sampled if not name.endswith("__")}
    for name, values in by_hand.sampled.items():
        assert values.shape == automatic.sampled[name].shape
    apart = by_hand.log_tolerance.mean(axis=0) - automatic.log_tolerance.mean(axis=0)
    spread = automatic.log_tolerance.std(axis=0)
    assert np.sqrt(np.mean((apart / spread) ** 2)) < 0.5
