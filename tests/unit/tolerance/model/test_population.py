from dataclasses import replace

import numpy as np
import pytest

from tolerance.model.population import ZERO_CUT_POINT, prior_draws


def test_draws_have_the_medians_and_spreads_of_the_priors(priors):
    draws = prior_draws(priors, np.random.default_rng(1), 20000)
    assert np.median(draws.tau_fatigue_d[:, 1]) == pytest.approx(2.5, rel=0.02)
    assert np.log(draws.tau_fatigue_d[:, 0]).std() == pytest.approx(0.5, rel=0.03)
    assert draws.gamma.min() >= 0.0
    assert draws.gamma.max() <= 1.2
    assert draws.tolerance_mean.mean() == pytest.approx(0.2, abs=0.02)
    assert np.mean(draws.frailty_sd) == pytest.approx(0.5 * np.sqrt(2 / np.pi), rel=0.03)


def test_tissue_effects_cancel(priors):
    draws = prior_draws(priors, np.random.default_rng(2), 4000)
    spread = draws.tolerance_mean - draws.tolerance_mean.mean(axis=1, keepdims=True)
    assert spread.std() == pytest.approx(0.3 * np.sqrt(0.8), rel=0.05)
    assert draws.tolerance_mean.mean(axis=1).std() == pytest.approx(0.6, rel=0.05)


def test_cut_points_rise_and_pain_above_3_is_the_definition(population):
    assert np.all(np.diff(population.cut_points, axis=2) > 0.0)
    assert np.all(population.cut_points[:, :, ZERO_CUT_POINT] == 0.0)


def test_the_same_generator_gives_the_same_draws(priors):
    one, two = (prior_draws(priors, np.random.default_rng(5), 7) for _ in range(2))
    for name, values in one.arrays().items():
        np.testing.assert_array_equal(values, two.arrays()[name])


def test_draws_fitted_to_simulated_runners_never_start_a_real_one(population):
    population.require_real()
    with pytest.raises(ValueError, match="never from simulated runners"):
        replace(population, origin="simulated").require_real()


def test_thinning_keeps_draws_whole(population):
    thin = population.thin(4)
    assert thin.n_draws == 4
    place = [int(np.flatnonzero(population.gamma == value)[0]) for value in thin.gamma]
    np.testing.assert_array_equal(thin.cut_points, population.cut_points[place])


def test_arrays_that_do_not_fit_are_named_together(population):
    with pytest.raises(ValueError, match=r"runner_sd.*cut_points"):
        replace(population, runner_sd=np.ones(3), cut_points=np.ones((2, 2, 2)))
