"""The normal approximation: exact where the truth is normal, and what it rests on."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats

from tolerance.model.density import N_SHARED, LogDensity
from tolerance.model.design import build_design
from tolerance.model.laplace import approximate, normal_posterior
from tolerance.model.runner_densities import RunnerDensities

N_GROUPS, N_OWN = 30, 3


class Plain:
    """Groups by a log density of all of them, (N, M) at shared (P,) and own (N, M, D)."""

    def __init__(self, log_density, n_own):
        self.log_density, self.n_own = log_density, n_own

    def own_gradient(self, shared, own):
        found = np.empty_like(own)
        for d, shift in enumerate(1e-4 * np.eye(own.shape[1])):
            ahead, behind = (self.log_density(shared, (own + s)[:, None]) for s in (shift, -shift))
            found[:, d] = (ahead - behind)[:, 0] / 2e-4
        return self.log_density(shared, own[:, None])[:, 0], found

    def mean_shared_gradient(self, shared, points, log_weight):
        weight = np.exp(log_weight + self.log_density(shared, points))
        weight /= weight.sum(axis=1, keepdims=True)
        score = np.empty(shared.size)
        for p, shift in enumerate(1e-4 * np.eye(shared.size)):
            ahead, behind = (self.log_density(shared + s, points) for s in (shift, -shift))
            score[p] = np.sum(weight * (ahead - behind)) / 2e-4
        return score, weight


def _normal_problem(seed):
    """Return groups, mean and covariance of a random normal hierarchy of two shared numbers."""
    rng = np.random.default_rng(seed)
    n = 2 + N_GROUPS * N_OWN
    places = 2 + np.arange(N_GROUPS * N_OWN).reshape(N_GROUPS, N_OWN)
    precision, mean = np.zeros((n, n)), rng.normal(size=n)
    of_group = []
    for own in places:
        # Each group sees the shared numbers too; a sum of squares is positive definite.
        seen = rng.normal(size=(6, 2 + N_OWN))
        part = seen.T @ seen + np.diag([0.0, 0.0, 1.0, 1.0, 1.0])
        of_group.append((np.r_[0, 1, own], part))
        precision[np.ix_(of_group[-1][0], of_group[-1][0])] += part

    def log_density(shared, own):
        found = np.empty(own.shape[:2])
        for i, (at, part) in enumerate(of_group):
            off = np.concatenate((np.tile(shared, (own.shape[1], 1)), own[i]), axis=1) - mean[at]
            found[i] = -0.5 * np.einsum("mi,ij,mj->m", off, part, off)
        return found

    return Plain(log_density, N_OWN), places, mean, np.linalg.inv(precision)


def _start(n_groups, n_own):
    return np.zeros(2), np.zeros((n_groups, n_own)), np.random.default_rng(0)


def test_a_normal_distribution_is_found_exactly():
    groups, places, mean, covariance = _normal_problem(1)
    found = normal_posterior(groups, *_start(N_GROUPS, N_OWN))
    root, sd = found.shared_root, np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(found.shared / sd[:2], mean[:2] / sd[:2], atol=0.02)
    np.testing.assert_allclose(root @ root.T, covariance[:2, :2], rtol=1e-3)
    by = found.own_by_shared.reshape(2, -1)
    np.testing.assert_allclose(by.T @ root @ root.T, covariance[2:, :2], atol=1e-3 * sd.max() ** 2)
    # Given what is shared, and with its uncertainty.
    for i, at in enumerate(places):
        by = found.own_by_shared[:, i]
        total = found.own_root[i] @ found.own_root[i].T + by.T @ root @ root.T @ by
        np.testing.assert_allclose(total, covariance[np.ix_(at, at)], atol=1e-3 * sd.max() ** 2)


def test_draws_have_the_moments_they_are_drawn_with():
    groups, _, mean, covariance = _normal_problem(2)
    found = normal_posterior(groups, *_start(N_GROUPS, N_OWN))
    shared, own = found.draw(4000, np.random.default_rng(1))
    draws = np.concatenate((shared, own.reshape(4000, -1)), axis=1)
    sd = np.sqrt(np.diag(covariance))
    assert np.max(np.abs(draws.mean(axis=0) - mean) / sd) < 0.1
    assert np.max(np.abs(draws.std(axis=0) / sd - 1.0)) < 0.06
    correlation = covariance / np.outer(sd, sd)
    assert np.corrcoef(draws[:, 0], draws[:, 5])[0, 1] == pytest.approx(correlation[0, 5], abs=0.06)


def _spread_problem(n, spread=0.8):
    """Return many groups with little data each (the trap of Neyman and Scott), and its answers.

    ``y_i ~ N(exp(s) z_i, 1/2)``, ``z_i ~ N(0, 1)``: marginally ``y_i ~ N(0, exp(2 s) + 1/2)``.
    """
    rng = np.random.default_rng(3)
    y = spread * rng.standard_normal(n) + np.sqrt(0.5) * rng.standard_normal(n)

    def log_density(shared, own):
        z = own[:, :, 0]
        prior = -0.5 * (shared[0] / 3.0) ** 2 / n
        return prior - (y[:, None] - np.exp(shared[0]) * z) ** 2 - 0.5 * z**2

    def marginal(s):
        scale = np.sqrt(np.exp(2.0 * s) + 0.5)
        return stats.norm.logpdf(y, 0.0, scale).sum() - 0.5 * (s / 3.0) ** 2

    return Plain(log_density, 1), np.vectorize(marginal)


def test_it_finds_the_spread_that_the_joint_mode_misses():
    groups, marginal = _spread_problem(400)
    found = normal_posterior(groups, np.zeros(1), np.zeros((400, 1)), np.random.default_rng(0))
    fine = np.linspace(-1.0, 0.5, 3001)
    mode = fine[np.argmax(marginal(fine))]
    sd = found.shared_root[0, 0]
    assert found.shared[0] == pytest.approx(mode, abs=0.03 * sd)
    around = marginal(mode + sd * np.array([-0.2, 0.0, 0.2]))
    assert -(around[0] - 2.0 * around[1] + around[2]) / 0.04 == pytest.approx(1.0, rel=0.02)


def test_a_skewed_spread_gets_its_own_distribution():
    groups, marginal = _spread_problem(12, spread=0.65)
    found = normal_posterior(
        groups, np.zeros(1), np.zeros((12, 1)), np.random.default_rng(0), skewed=(0,)
    )
    drawn = found.draw(20_000, np.random.default_rng(1))[0][:, 0]
    fine = np.linspace(-12.0, 3.0, 6001)
    density = np.exp(marginal(fine) - marginal(fine).max())
    cumulative = integrate.cumulative_trapezoid(density, fine, initial=0.0)
    known = np.interp([0.1, 0.5, 0.9], cumulative / cumulative[-1], fine)
    np.testing.assert_allclose(np.quantile(drawn, [0.1, 0.5, 0.9]), known, atol=0.03)
    # The normal one about the mode would be off by much more.
    assert abs(found.shared[0] - 1.2816 * found.shared_root[0, 0] - known[0]) > 0.1


def test_a_density_without_a_maximum_is_refused():
    groups = Plain(lambda shared, own: shared[0] ** 2 - own[:, :, 0] ** 2, 1)
    with pytest.raises(ArithmeticError, match="sample this cohort"):
        normal_posterior(groups, np.ones(1), np.ones((1, 1)), np.random.default_rng(0))


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
    """Fisher's identity by brute force: many plain draws, weighted, in place of the cubature."""
    many = [replace(h, runner_id=f"{h.runner_id}{i}") for i in range(2) for h in histories]
    design = build_design(many, priors)
    found = approximate(design, priors, np.random.default_rng(5), cores=2)
    runners = RunnerDensities(design, priors)
    rng, n = np.random.default_rng(7), 2000
    chance = rng.standard_normal((len(many), n, runners.n_own))
    points = found.own[:, None] + np.einsum("nij,nmj->nmi", found.own_root, chance)
    batches = [
        # Each point's weight is the density over that of its draw.
        _score_of_draws(runners, found, points[:, some], chance[:, some])
        for some in np.array_split(np.arange(n), 8)
    ]
    steps = np.array(batches) @ found.shared_root
    error = steps.std(axis=0) / np.sqrt(len(batches))
    assert np.all(np.abs(steps.mean(axis=0)) < 0.1 + 4.0 * error)
    assert np.all(error < 0.1)


def _score_of_draws(runners, found, points, chance):
    """Return the weighted mean gradient; the weights differ by runner, so one runner at a time."""
    total = np.zeros(N_SHARED)
    log_drawn = -0.5 * np.sum(chance**2, axis=2)
    for i in range(len(points)):
        only = np.repeat(found.own[:, None], points.shape[1], axis=1)
        only[i] = points[i]
        score, _ = runners.mean_shared_gradient(found.shared, only, -log_drawn[i])
        base, _ = runners.mean_shared_gradient(found.shared, found.own[:, None], np.zeros(1))
        total += score - base
    return total + base
