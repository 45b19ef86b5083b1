"""The capacity model's posterior by nested approximation, for cohorts too large to sample.

Given what all runners share, runners are independent. What is shared is found where the gradient
of its *marginal* density is zero: by Fisher's identity that is the mean of the joint density's
gradient over the runners' own coordinates (Louis 1982,
doi:10.1111/j.2517-6161.1982.tb01203.x). The mean is taken over points about each runner's mode: a
spherical cubature (Arasaratnam and Haykin 2009, doi:10.1109/TAC.2009.2019800) with a point at the
centre, turned at random, and weighted by the density at its points over that of the normal
distribution. The marginal density's curvature, by differences of that gradient, is the precision of
what is shared.

This is the idea of integrated nested Laplace approximations (Rue et al. 2009,
doi:10.1111/j.1467-9868.2008.00700.x), with a normal distribution for what is shared, but for the
spreads, whose distribution is skewed: theirs is integrated along the line of conditional means. It
gets better the more runners there are. Neither the mode of the joint density nor a normal
distribution for the runners' own coordinates would do: both are biased, the more so the more
runners there are with little data each. It is an approximation: `pipelines.checks_laplace` holds it
against the sampler on the same data.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import interpolate, linalg, optimize, stats

from tolerance.config import TolerancePriors
from tolerance.model.density import FRAILTY_SD, GAMMA, N_SHARED, RUNNER_SD, UNIT_SD, LogDensity
from tolerance.model.design import Design
from tolerance.model.runner_densities import RunnerDensities

__all__ = ["Groups", "NormalPosterior", "approximate", "normal_posterior"]

type FloatArray = NDArray[np.float64]

STEP: Final = 1e-3
"""Of differences of gradients, in coordinates whose prior SD is about one."""
SPREADS: Final = (RUNNER_SD, UNIT_SD, FRAILTY_SD)
"""Skewed."""
HELD: Final = (*SPREADS, GAMMA)
"""Held for the start: the joint density has no mode by the spread of centred coordinates, and
pushes gamma to its bound."""
START_ITERATIONS: Final = 200
"""Of the joint mode, from which the marginal one is looked for."""
OWN_STEPS: Final = 3
"""Newton's steps to the mode of the runners' own coordinates, from a mode nearby."""
START_OWN_STEPS: Final = 12
"""The same, from afar."""
LONGEST_OWN_STEP: Final = 1.0
N_HALVINGS: Final = 8
"""Of a group's step that does not lead up; then it waits for the next step of all."""
ROUNDING: Final = 1e-9
"""Loss of log density that is not one."""
LONGEST_STEP: Final = 0.5
"""Of shared coordinates, in one iteration."""
LEAST_CURVATURE: Final = 0.1
"""Of the marginal density along any direction, off its mode: that of the priors is about one."""
LEAST_PRECISION: Final = 0.1
"""Own coordinates have a prior precision of about one; keeps a step off the mode finite."""
N_ROTATIONS: Final = 2
"""Of the cubature's points: one is exact for a normal distribution, more weigh better."""
SKEWED_AT_SD: Final = np.arange(-6.0, 5.0)
"""Where the gradient is asked along a skewed coordinate, in SDs: spreads tail off towards none."""
N_QUANTILES: Final = 2001
MAX_ITERATIONS: Final = 40
SAME_CURVATURE_SD: Final = 0.3
"""The curvature counts as that of the mode if it is from no farther off, in posterior SDs."""
LEAST_PROGRESS: Final = 0.5
"""Share of a step that must have been made; if not, the curvature is worked out anew."""
SETTLED_SD: Final = 0.02
"""Iterations end when the next step is shorter than this in posterior SDs."""


class Groups(Protocol):
    """A density in which groups are independent given what they share.

    Groups with fewer own coordinates than others are filled up with standard normal ones.
    """

    n_own: int

    def own_gradient(self, shared: FloatArray, own: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return each group's log density (N,) and its gradient by own coordinates (N, D)."""

    def mean_shared_gradient(
        self, shared: FloatArray, points: FloatArray, log_weight: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the mean gradient by shared coordinates over weighted points, and the weights."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NormalPosterior:
    """The approximation: shared coordinates, and each group's own given the shared ones.

    Attributes
    ----------
    shared : (P,) array
        Mean of the shared coordinates.
    shared_root : (P, P) array
        Root of their covariance.
    own : (N, D) array
        Mean of the own coordinates.
    own_root : (N, D, D) array
        Root of their covariance.
    own_by_shared : (P, N, D) array
        How their mean moves with the shared coordinates.
    skewed : tuple of int
        Shared coordinates whose distribution is not taken as normal.
    quantiles : (len(skewed), N_QUANTILES) array
        Theirs, in SDs off their mean, at equal steps of probability.
    n_gradients : int
        Gradients of the whole density that it took.
    """

    shared: FloatArray
    shared_root: FloatArray
    own: FloatArray
    own_root: FloatArray
    own_by_shared: FloatArray
    skewed: tuple[int, ...]
    quantiles: FloatArray
    n_gradients: int

    def draw(self, n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Return draws of shared (n, P) and of own coordinates (n, N, D).

        Parameters
        ----------
        n : int
        rng : numpy.random.Generator
        """
        off = rng.standard_normal((n, self.shared.size)) @ self.shared_root.T
        for place, quantiles in zip(self.skewed, self.quantiles, strict=True):
            line, sd = _conditional_line(self.shared_root @ self.shared_root.T, place)
            normal = off[:, place] / sd
            skewed = np.interp(stats.norm.cdf(normal), np.linspace(0, 1, N_QUANTILES), quantiles)
            off += (skewed - normal)[:, None] * line
        own = np.empty((n, *self.own.shape))
        for s in range(n):
            chance = rng.standard_normal(self.own.shape)
            own[s] = self.own + np.tensordot(off[s], self.own_by_shared, axes=1)
            own[s] += np.einsum("nij,nj->ni", self.own_root, chance)
        return self.shared + off, own


def approximate(
    design: Design,
    priors: TolerancePriors,
    rng: np.random.Generator,
    *,
    cores: int = 2,
    start: FloatArray | None = None,
    tell: Callable[[float], None] = lambda length_sd: None,
) -> NormalPosterior:
    """Find the approximation.

    Parameters
    ----------
    design : Design
    priors : TolerancePriors
    rng : numpy.random.Generator
        Turns the cubature's points.
    cores : int
        Runners worked out at once.
    start : (P,) array, optional
        Shared coordinates to begin at: for a large cohort, those of a part of it.
    tell : callable
        Called with the length of every step, in posterior SDs: progress of a long search.

    Raises
    ------
    ArithmeticError
        If there is no maximum to be found: then sample instead.
    """
    runners = RunnerDensities(design, priors, cores=cores)
    if start is None:
        middle = _joint_mode(LogDensity(design, priors))
        start, own = middle[:N_SHARED], runners.own_of(middle)
    else:
        own = np.zeros((runners.n_runners, runners.n_own))
    return normal_posterior(runners, start, own, rng, skewed=SPREADS, tell=tell)


def _joint_mode(density: LogDensity) -> FloatArray:
    """Return coordinates near the joint density's mode, `HELD` ones at the middle of the prior."""
    middle = density.start()
    bounds = np.tile([-np.inf, np.inf], (middle.size, 1))
    bounds[list(HELD)] = middle[list(HELD)][:, None]

    def downhill(x: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = density(x)
        return -value, -gradient

    found = optimize.minimize(
        downhill,
        middle,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": START_ITERATIONS, "maxcor": 20},
    )
    return np.asarray(found.x, np.float64)


def normal_posterior(
    groups: Groups,
    shared: FloatArray,
    own: FloatArray,
    rng: np.random.Generator,
    *,
    skewed: tuple[int, ...] = (),
    tell: Callable[[float], None] = lambda length_sd: None,
) -> NormalPosterior:
    """Approximate a density in which groups are independent given what they share.

    Parameters
    ----------
    groups : Groups
    shared : (P,) array
        Where to begin.
    own : (N, D) array
        The same; prior precisions of these coordinates should be about one.
    rng : numpy.random.Generator
        Turns the cubature's points.
    skewed : tuple of int
        Shared coordinates whose distribution is not taken as normal.
    tell : callable
        As in `approximate`.

    Raises
    ------
    ArithmeticError
        If there is no maximum of the marginal density to be found.
    """
    marginal = _Marginal(groups, own.shape, rng)
    at = marginal.at_own_mode(shared, own, START_OWN_STEPS)
    curvature, by_shared = marginal.curvature(at)
    covariance, moved_sd, length = _inverse(curvature), 0.0, np.inf
    for _ in range(MAX_ITERATIONS):
        step = covariance @ at.score
        length = _length_sd(step, covariance)
        tell(length)
        if length < SETTLED_SD and moved_sd < SAME_CURVATURE_SD:
            break
        share = min(1.0, LONGEST_STEP / float(np.max(np.abs(step))))
        ahead = at.own + np.tensordot(share * step, by_shared, axes=1)
        at = marginal.at_own_mode(at.shared + share * step, ahead, OWN_STEPS)
        moved_sd += share * length
        left = _length_sd(covariance @ at.score, covariance)
        # With the right curvature what is left is shorter by the share of the step.
        is_slow = left > (1.0 - share * LEAST_PROGRESS) * length
        if is_slow or (left < SETTLED_SD and moved_sd > SAME_CURVATURE_SD):
            curvature, by_shared = marginal.curvature(at)
            covariance, moved_sd = _inverse(curvature), 0.0
    else:
        raise ArithmeticError(
            f"mode of the marginal density: got steps of {length:.2g} posterior SDs after "
            f"{MAX_ITERATIONS} iterations, expected less than {SETTLED_SD:g}; sample this cohort"
        )
    covariance = _inverse(curvature, is_mode=True)
    return NormalPosterior(
        shared=at.shared,
        shared_root=linalg.cholesky(covariance, lower=True),
        own=at.own_mean,
        own_root=at.root,
        own_by_shared=by_shared,
        skewed=skewed,
        quantiles=np.array(
            [_quantiles(marginal, at, covariance, by_shared, place) for place in skewed]
        ),
        n_gradients=marginal.n_gradients,
    )


def _conditional_line(covariance: FloatArray, place: int) -> tuple[FloatArray, float]:
    """Return how all coordinates move, (P,), when one moves by its SD; and that SD."""
    sd = float(np.sqrt(covariance[place, place]))
    return covariance[:, place] / sd, sd


def _quantiles(
    marginal: "_Marginal", at: "_Place", covariance: FloatArray, by_shared: FloatArray, place: int
) -> FloatArray:
    """Return the quantiles of one coordinate, in SDs off the mode, (N_QUANTILES,).

    Along the line of the other coordinates' conditional means the gradient of the marginal density
    is that of the coordinate's own distribution.
    """
    line, _ = _conditional_line(covariance, place)
    slopes = []
    for t in SKEWED_AT_SD:
        ahead = at.own + np.tensordot(t * line, by_shared, axes=1)
        there = marginal.at_own_mode(at.shared + t * line, ahead, OWN_STEPS)
        slopes.append(float(there.score @ line))
    fine = np.linspace(SKEWED_AT_SD[0], SKEWED_AT_SD[-1], N_QUANTILES)
    log_density = interpolate.PchipInterpolator(SKEWED_AT_SD, slopes).antiderivative()(fine)
    density = np.exp(log_density - np.max(log_density))
    cumulative = np.cumsum(density) - 0.5 * (density + density[0])  # trapezoids of equal width
    return np.interp(np.linspace(0, 1, N_QUANTILES), cumulative / cumulative[-1], fine)


def _length_sd(step: FloatArray, covariance: FloatArray) -> float:
    return float(np.max(np.abs(step) / np.sqrt(np.diag(covariance))))


def _inverse(precision: FloatArray, *, is_mode: bool = False) -> FloatArray:
    """Return the covariance; off the mode, the step that it gives leads up along any direction."""
    values, vectors = linalg.eigh(precision)
    if is_mode and values[0] <= 0.0:
        raise ArithmeticError(
            f"curvature of the marginal density: got least eigenvalue {values[0]:.3g}, expected "
            "above 0; sample this cohort"
        )
    upwards = np.maximum(np.abs(values), 0.0 if is_mode else LEAST_CURVATURE)
    return np.asarray((vectors / upwards) @ vectors.T)


@dataclass(frozen=True, eq=False)
class _Place:
    """A place among the shared coordinates: the own mode and mean there, and the score.

    Attributes
    ----------
    shared : (P,) array
    own, own_mean : (N, D) array
    root : (N, D, D) array
    score : (P,) array
        The marginal density's gradient.
    """

    shared: FloatArray
    own: FloatArray
    own_mean: FloatArray
    root: FloatArray
    score: FloatArray


class _Marginal:
    """The density of what is shared, own coordinates integrated out."""

    def __init__(self, groups: Groups, shape: tuple[int, ...], rng: np.random.Generator) -> None:
        self._groups = groups
        self.n_gradients = 0
        n, d = shape
        turns = [np.linalg.qr(rng.standard_normal((n, d, d)))[0] for _ in range(N_ROTATIONS)]
        to_sphere = np.sqrt(d + 2.0) * np.concatenate(turns, axis=1)
        self._points = np.concatenate((np.zeros((n, 1, d)), to_sphere, -to_sphere), axis=1)
        n_outside = 2 * d * N_ROTATIONS
        # Weights that give a normal distribution's moments, over its density.
        self._log_weight = np.full(1 + n_outside, np.log(d / (d + 2.0) / n_outside) + d / 2.0 + 1.0)
        self._log_weight[0] = np.log(2.0 / (d + 2.0))

    def _own_gradient(self, shared: FloatArray, own: FloatArray) -> tuple[FloatArray, FloatArray]:
        self.n_gradients += 1
        return self._groups.own_gradient(shared, own)

    def _own_root(self, shared: FloatArray, own: FloatArray) -> FloatArray:
        """Return the root of the inverse of minus the second derivatives, (N, D, D)."""
        columns = []
        for shift in STEP * np.eye(own.shape[1]):
            behind, ahead = (self._own_gradient(shared, own + s)[1] for s in (-shift, shift))
            columns.append((behind - ahead) / (2.0 * STEP))
        precision = np.stack(columns, axis=2)
        return _root(0.5 * (precision + np.swapaxes(precision, 1, 2)))

    def at_own_mode(self, shared: FloatArray, own: FloatArray, n_steps: int) -> _Place:
        """Go to the own coordinates' mode, by Newton's steps from a place nearby."""
        value, gradient = self._own_gradient(shared, own)
        for i in range(n_steps):
            if i % OWN_STEPS == 0:
                root = self._own_root(shared, own)
            step = np.clip(_twice(root, gradient), -LONGEST_OWN_STEP, LONGEST_OWN_STEP)
            own, value, gradient = self._climbed(shared, (own, value, gradient), step)
        root = self._own_root(shared, own)
        score, own_mean = self._score(shared, own, root)
        return _Place(shared, own, own_mean, root, score)

    def _climbed(
        self, shared: FloatArray, here: tuple[FloatArray, FloatArray, FloatArray], step: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Make each group's step as far as it leads up; a group for which it does not stays."""
        own, value, gradient = (part.copy() for part in here)
        left = np.arange(len(own))
        for halving in range(N_HALVINGS):
            ahead = own.copy()
            ahead[left] += 0.5**halving * step[left]
            there, slope = self._own_gradient(shared, ahead)
            better = left[there[left] >= value[left] - ROUNDING]
            own[better], value[better], gradient[better] = (
                ahead[better],
                there[better],
                slope[better],
            )
            left = np.setdiff1d(left, better)
            if left.size == 0:
                break
        return own, value, gradient

    def _score(
        self, shared: FloatArray, own: FloatArray, root: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        points = own[:, None] + np.einsum("nij,nmj->nmi", root, self._points)
        score, weight = self._groups.mean_shared_gradient(shared, points, self._log_weight)
        self.n_gradients += self._log_weight.size
        return score, np.einsum("nm,nmi->ni", weight, points)

    def curvature(self, at: _Place) -> tuple[FloatArray, FloatArray]:
        """Return minus the score's derivatives, (P, P), and those of the own mode, (P, N, D)."""
        n_shared = at.shared.size
        precision = np.empty((n_shared, n_shared))
        by_shared = np.empty((n_shared, *at.own.shape))
        for p in range(n_shared):
            ahead = at.shared.copy()
            ahead[p] += STEP
            by_shared[p] = _twice(at.root, self._own_gradient(ahead, at.own)[1]) / STEP
            # The points keep their spread: their weights say what it should be.
            score, _ = self._score(ahead, at.own + STEP * by_shared[p], at.root)
            precision[p] = (at.score - score) / STEP
        return 0.5 * (precision + precision.T), by_shared


def _twice(root: FloatArray, gradient: FloatArray) -> FloatArray:
    """Return the gradient times a covariance of this root, (N, D)."""
    return np.asarray(np.einsum("nij,nkj,nk->ni", root, root, gradient, optimize=True))


def _root(precision: FloatArray) -> FloatArray:
    """Return roots of the inverses, (N, D, D); precisions below `LEAST_PRECISION` are raised."""
    values, vectors = np.linalg.eigh(precision)
    low = values[:, 0] < LEAST_PRECISION
    if np.any(low):
        raised = np.maximum(values[low], LEAST_PRECISION)
        precision = precision.copy()
        precision[low] = (vectors[low] * raised[:, None, :]) @ np.swapaxes(vectors[low], 1, 2)
    # Cholesky's root changes smoothly with the precision, as differences need it to.
    root = np.linalg.cholesky(precision)
    return np.asarray(np.swapaxes(np.linalg.inv(root), 1, 2))
