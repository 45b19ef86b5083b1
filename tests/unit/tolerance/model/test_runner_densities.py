"""Runner by runner the density is the whole one, and what is shared is counted once."""

from dataclasses import replace

import numpy as np
import pytest

from tolerance.model.density import N_SHARED, LogDensity
from tolerance.model.design import build_design
from tolerance.model.runner_densities import RunnerDensities


@pytest.fixture
def design(histories, priors):
    return build_design(histories, priors)


@pytest.fixture
def point(design, priors):
    rng = np.random.default_rng(2)
    density = LogDensity(design, priors)
    return density.start() + rng.uniform(-0.4, 0.4, density.layout.n_dim)


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_own_gradients_are_those_of_the_whole_density(design, priors, point, cores):
    runners = RunnerDensities(design, priors, cores=cores)
    own = runners.own_of(point)
    whole = LogDensity(design, priors)(point)[1]
    _, found = runners.own_gradient(point[:N_SHARED], own)
    np.testing.assert_allclose(runners.joined(whole[:N_SHARED], found), whole, rtol=1e-9, atol=1e-9)


def test_unused_places_are_standard_normal(design, priors, point):
    runners = RunnerDensities(design, priors)
    assert runners.count.min() < runners.n_own
    own = runners.own_of(point) + 0.3
    _, found = runners.own_gradient(point[:N_SHARED], own)
    fewest = int(np.argmin(runners.count))
    np.testing.assert_allclose(found[fewest, runners.count[fewest] :], -0.3)


@pytest.mark.parametrize("cores", [1, 3])
def test_at_one_point_the_shared_gradient_is_the_whole_one(design, priors, point, cores):
    runners = RunnerDensities(design, priors, cores=cores)
    found, weight = runners.mean_shared_gradient(
        point[:N_SHARED], runners.own_of(point)[:, None], np.zeros(1)
    )
    whole = LogDensity(design, priors)(point)[1]
    np.testing.assert_allclose(found, whole[:N_SHARED], rtol=1e-9, atol=1e-8)
    np.testing.assert_array_equal(weight, 1.0)


def test_points_weigh_as_the_density_there(design, priors, point):
    runners = RunnerDensities(design, priors)
    density = LogDensity(design, priors)
    here, there = runners.own_of(point), runners.own_of(point)
    there[1, : runners.count[1]] += 0.2  # one runner only
    points = np.stack((here, there), axis=1)
    found, weight = runners.mean_shared_gradient(point[:N_SHARED], points, np.log([0.5, 0.5]))
    both = [density(runners.joined(point[:N_SHARED], own)) for own in (here, there)]
    odds = np.exp(both[1][0] - both[0][0])
    np.testing.assert_allclose(weight[1], np.array([1.0, odds]) / (1.0 + odds))
    np.testing.assert_allclose(weight[[0, 2]], 0.5)
    expected = weight[1] @ np.array([gradient[:N_SHARED] for _, gradient in both])
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


def test_a_runner_alone_has_the_density_of_a_cohort_of_one(histories, priors):
    alone = build_design([replace(histories[0])], priors)
    runners = RunnerDensities(alone, priors)
    x = LogDensity(alone, priors).start()
    found, _ = runners.mean_shared_gradient(x[:N_SHARED], runners.own_of(x)[:, None], np.zeros(1))
    np.testing.assert_allclose(found, LogDensity(alone, priors)(x)[1][:N_SHARED], atol=1e-9)
