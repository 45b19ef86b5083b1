"""The normal approximation: exact where the truth is normal, and what it rests on."""

from dataclasses import replace

import numpy as np
import pytest

from tolerance.model.density import N_SHARED, LogDensity
from tolerance.model.design import build_design
from tolerance.model.laplace import approximate, normal_posterior

N_GROUPS, N_OWN = 30, 3


def _normal_problem(seed):
    """Return gradient, places, mean and covariance of a random normal hierarchy of two numbers."""
    rng = np.random.default_rng(seed)
    n = 2 + N_GROUPS * N_OWN
    places = 2 + np.arange(N_GROUPS * N_OWN).reshape(N_GROUPS, N_OWN)
    precision = np.zeros((n, n))
    precision[:2, :2] = np.array([[1.0, 0.3], [0.3, 2.0]])
    for own in places:
        # Each group sees the shared numbers too; a sum of squares is positive definite.
        seen = rng.normal(size=(6, 2 + N_OWN))
        at = np.r_[0, 1, own]
        precision[np.ix_(at, at)] += seen.T @ seen
        precision[own, own] += 1.0
    mean = rng.normal(size=n)
    return (lambda x: -precision @ (x - mean)), places, mean, np.linalg.inv(precision)


@pytest.mark.parametrize("cores", [1, 2])
def test_a_normal_distribution_is_found_exactly(cores):
    gradient, places, mean, covariance = _normal_problem(1)
    found = normal_posterior(
        gradient, np.zeros(mean.size), places, 2, np.random.default_rng(0), cores=cores
    )
    root = found.shared_root
    sd = np.sqrt(np.diag(covariance)[:2])
    np.testing.assert_allclose(found.shared / sd, mean[:2] / sd, atol=0.02)
    np.testing.assert_allclose(root @ root.T, covariance[:2, :2], rtol=1e-4)
    # Given what is shared, and marginally.
    by = found.own_by_shared.reshape(2, -1)
    np.testing.assert_allclose(
        by.T @ root @ root.T, covariance[2:, :2], rtol=1e-3, atol=1e-6 * covariance.max()
    )
    own = found.own_root @ np.swapaxes(found.own_root, 1, 2)
    total = np.array([own[i] + by.reshape(2, N_GROUPS, N_OWN)[:, i].T @ root @ root.T
                      @ by.reshape(2, N_GROUPS, N_OWN)[:, i] for i in range(N_GROUPS)])  # fmt: skip
    expected = np.array([covariance[np.ix_(at, at)] for at in places])
    np.testing.assert_allclose(total, expected, rtol=1e-3, atol=1e-6)


def test_draws_have_the_moments_they_are_drawn_with():
    gradient, places, mean, covariance = _normal_problem(2)
    found = normal_posterior(gradient, np.zeros(mean.size), places, 2, np.random.default_rng(0))
    draws = found.draw(4000, mean.size, np.random.default_rng(1))
    sd = np.sqrt(np.diag(covariance))
    assert np.max(np.abs(draws.mean(axis=0) - mean) / sd) < 0.1
    assert np.max(np.abs(draws.std(axis=0) / sd - 1.0)) < 0.06
    np.testing.assert_allclose(np.cov(draws[:, 0], draws[:, 5])[0, 1] / (sd[0] * sd[5]),
                               covariance[0, 5] / (sd[0] * sd[5]), atol=0.06)  # fmt: skip


def test_it_finds_the_spread_that_the_joint_mode_misses():
    """Neyman and Scott's trap: many groups with little data each.

    ``y_i ~ N(exp(s) z_i, 1)``, ``z_i ~ N(0, 1)``, two answers a group: marginally the groups' means
    are normal with variance ``exp(2 s) + 1/2``, so that the mode of s is known.
    """
    rng = np.random.default_rng(3)
    n = 400
    y = 0.8 * rng.standard_normal(n) + np.sqrt(0.5) * rng.standard_normal(n)

    def gradient(x):
        sd, z = np.exp(x[0]), x[1:]
        off = 2.0 * (y - sd * z)
        return np.concatenate(([np.sum(off * sd * z) - 1e-6 * x[0]], off * sd - z))

    places = 1 + np.arange(n)[:, None]
    found = normal_posterior(gradient, np.zeros(1 + n), places, 1, np.random.default_rng(0))
    known = 0.5 * np.log(np.mean(y**2) - 0.5)
    information = 2.0 * n * (np.exp(2.0 * known) / (np.exp(2.0 * known) + 0.5)) ** 2
    assert found.shared[0] == pytest.approx(known, abs=0.03 / np.sqrt(information))
    assert found.shared_root[0, 0] == pytest.approx(1.0 / np.sqrt(information), rel=0.01)


def test_a_density_without_a_maximum_is_refused():
    places = np.array([[1]])
    with pytest.raises(ArithmeticError, match="expected above 0; sample this cohort"):
        normal_posterior(
            lambda x: np.array([x[0], -x[1]]), np.ones(2), places, 1, np.random.default_rng(0)
        )


def test_given_what_is_shared_no_runner_bears_on_another(histories, priors):
    design = build_design(histories, priors)
    density = LogDensity(design, priors)
    point = density.start() + np.random.default_rng(1).uniform(-0.3, 0.3, density.layout.n_dim)
    runner = np.concatenate(
        (design.cell_runner, design.cell_runner[design.injury_cell], np.arange(3), np.arange(3))
    )
    base = density(point)[1][N_SHARED:]
    for place in range(N_SHARED, point.size):
        moved = point.copy()
        moved[place] += 0.5
        change = density(moved)[1][N_SHARED:] - base
        others = runner != runner[place - N_SHARED]
        np.testing.assert_allclose(change[others], 0.0, atol=1e-9)


def test_the_marginal_gradient_vanishes_over_plain_draws(histories, priors):
    """Fisher's identity by brute force: many plain draws in place of the cubature's points."""
    many = [replace(h, runner_id=f"{h.runner_id}{i}") for i in range(4) for h in histories]
    design = build_design(many, priors)
    found = approximate(design, priors, np.random.default_rng(5), cores=1)
    density = LogDensity(design, priors)
    x = found.draw(1, density.layout.n_dim, np.random.default_rng(6))[0]
    x[:N_SHARED] = found.shared
    rng, used = np.random.default_rng(7), found.places >= 0
    scores = []
    for _ in range(2000):
        chance = np.einsum("nij,nj->ni", found.own_root, rng.standard_normal(found.own.shape))
        pair = []
        for sign in (1.0, -1.0):
            x[found.places[used]] = (found.own + sign * chance)[used]
            pair.append(density(x)[1][:N_SHARED])
        scores.append(np.mean(pair, axis=0))
    step = found.shared_root.T @ np.mean(scores, axis=0)
    error = found.shared_root.T @ (np.std(scores, axis=0) / np.sqrt(len(scores)))
    assert np.all(np.abs(step) < 0.1 + 4.0 * np.abs(error))
