"""The capacity model's posterior by nested normal approximation, for cohorts too large to sample.

Given what all runners share, runners are independent. So each runner's own coordinates are taken
as normal about their mode, and what they share is found where the gradient of the *marginal*
density is zero: by Fisher's identity that is the mean of the joint density's gradient over the
runners' own coordinates (Louis 1982, doi:10.1111/j.2517-6161.1982.tb01203.x). The mean is taken
over points that match the normal distribution's first three moments (spherical cubature,
Arasaratnam and Haykin 2009, doi:10.1109/TAC.2009.2019800), turned at random for each runner. The
marginal density's curvature, by differences of that gradient, is the precision of what is shared.

This is the idea of integrated nested Laplace approximations (Rue et al. 2009,
doi:10.1111/j.1467-9868.2008.00700.x), with a normal distribution for what is shared: it gets better
the more runners there are. Unlike the mode of the joint density, it is not biased where there is
little data on each of many runners. It is an approximation: `pipelines.checks_laplace` holds it
against the sampler on the same data.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize

from tolerance.config import TolerancePriors
from tolerance.model.density import FRAILTY_SD, N_SHARED, RUNNER_SD, UNIT_SD, Layout, LogDensity
from tolerance.model.design import Design

__all__ = ["NormalPosterior", "approximate", "normal_posterior"]

type FloatArray = NDArray[np.float64]
type IntArray = NDArray[np.intp]
type Gradient = Callable[[FloatArray], FloatArray]
type MapGradients = Callable[[Iterable[FloatArray]], Iterable[FloatArray]]

STEP: Final = 1e-3
"""Of differences of gradients, in coordinates whose prior SD is about one."""
SPREADS: Final = [RUNNER_SD, UNIT_SD, FRAILTY_SD]
"""Held for the start: the joint density has no mode by the spread of centred coordinates."""
START_ITERATIONS: Final = 200
"""Of the joint mode, from which the marginal one is looked for."""
OWN_STEPS: Final = 3
"""Newton's steps to the mode of the runners' own coordinates, from a mode nearby."""
START_OWN_STEPS: Final = 12
"""The same, from afar."""
LONGEST_OWN_STEP: Final = 1.0
LONGEST_STEP: Final = 0.5
"""Of shared coordinates, in one iteration."""
LEAST_PRECISION: Final = 0.1
"""Own coordinates have a prior precision of about one; keeps a step off the mode finite."""
MAX_ITERATIONS: Final = 40
SAME_CURVATURE_SD: Final = 0.3
"""The curvature counts as that of the mode if it is from no farther off, in posterior SDs."""
LEAST_PROGRESS: Final = 0.5
"""Share of a step that must have been made; if not, the curvature is worked out anew."""
SETTLED_SD: Final = 0.02
"""Iterations end when the next step is shorter than this in posterior SDs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NormalPosterior:
    """The approximation: shared coordinates, and each runner's own given the shared ones.

    Attributes
    ----------
    shared : (P,) array
        Mean of the shared coordinates.
    shared_root : (P, P) array
        Root of their covariance.
    places : (N, D) int array
        Where each runner's own coordinates are; -1 for none.
    own : (N, D) array
        Their mean.
    own_root : (N, D, D) array
        Root of their covariance.
    own_by_shared : (P, N, D) array
        How their mean moves with the shared coordinates.
    n_gradients : int
        Gradients that it took.
    last_step_sd : float
        Of the last iteration, in posterior SDs.
    """

    shared: FloatArray
    shared_root: FloatArray
    places: IntArray
    own: FloatArray
    own_root: FloatArray
    own_by_shared: FloatArray
    n_gradients: int
    last_step_sd: float

    def draw(self, n: int, n_dim: int, rng: np.random.Generator) -> FloatArray:
        """Return draws of all coordinates, (n, n_dim).

        Parameters
        ----------
        n, n_dim : int
        rng : numpy.random.Generator
        """
        used = self.places >= 0
        x = np.empty((n, n_dim))
        for s in range(n):
            off = self.shared_root @ rng.standard_normal(self.shared.size)
            chance = rng.standard_normal(self.own.shape)
            own = self.own + np.tensordot(off, self.own_by_shared, axes=1)
            own += np.einsum("nij,nj->ni", self.own_root, chance)
            x[s, : self.shared.size] = self.shared + off
            x[s, self.places[used]] = own[used]
        return x


def approximate(
    design: Design,
    priors: TolerancePriors,
    rng: np.random.Generator,
    *,
    cores: int = 2,
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
        Gradients at once.
    tell : callable
        Called with the length of every step, in posterior SDs: progress of a long search.

    Raises
    ------
    ArithmeticError
        If the curvature is not that of a maximum: then sample instead.
    """
    density = LogDensity(design, priors)
    middle = density.start()
    bounds = np.tile([-np.inf, np.inf], (middle.size, 1))
    bounds[SPREADS] = middle[SPREADS][:, None]

    def downhill(x: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = density(x)
        return -value, -gradient

    start = optimize.minimize(
        downhill,
        middle,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": START_ITERATIONS, "maxcor": 20},
    )
    return normal_posterior(
        lambda x: density(x)[1],
        start.x,
        _own_places(density.layout, design),
        N_SHARED,
        rng,
        cores=cores,
        tell=tell,
    )


def normal_posterior(
    gradient: Gradient,
    start: FloatArray,
    places: IntArray,
    n_shared: int,
    rng: np.random.Generator,
    *,
    cores: int = 1,
    tell: Callable[[float], None] = lambda length_sd: None,
) -> NormalPosterior:
    """Approximate a density in which groups are independent given what they share.

    Parameters
    ----------
    gradient : callable
        From all coordinates to the gradient of the joint log density, an array of the same size.
    start : (n_dim,) array
        Shared coordinates come first.
    places : (N, D) int array
        Where each group's own coordinates are; -1 where a group has fewer than D. Prior precisions
        of all coordinates should be about one.
    n_shared : int
    rng, cores, tell
        As in `approximate`.

    Raises
    ------
    ArithmeticError
        If there is no maximum of the marginal density to be found.
    """
    with ThreadPoolExecutor(cores) as pool:
        marginal = _Marginal(lambda points: pool.map(gradient, points), places, n_shared, rng)
        x = marginal.at_own_mode(start, START_OWN_STEPS)
        return _to_marginal_mode(marginal, x, tell)


def _to_marginal_mode(
    marginal: "_Marginal", x: FloatArray, tell: Callable[[float], None]
) -> NormalPosterior:
    """Follow the marginal density's gradient to zero, with its curvature by differences."""
    score, own_root = marginal.score(x)
    curvature, by_shared = marginal.curvature(x, score)
    covariance, moved_sd = _inverse(curvature), 0.0
    for _ in range(MAX_ITERATIONS):
        step = covariance @ score
        length = _length_sd(step, covariance)
        tell(length)
        if length < SETTLED_SD and moved_sd < SAME_CURVATURE_SD:
            break
        share = min(1.0, LONGEST_STEP / float(np.max(np.abs(step))))
        x = marginal.moved(x, share * step, by_shared)
        score, own_root = marginal.score(x)
        moved_sd += share * length
        left = _length_sd(covariance @ score, covariance)
        # With the right curvature what is left is shorter by the share of the step.
        is_slow = left > (1.0 - share * LEAST_PROGRESS) * length
        if is_slow or (left < SETTLED_SD and moved_sd > SAME_CURVATURE_SD):
            curvature, by_shared = marginal.curvature(x, score)
            covariance, moved_sd = _inverse(curvature), 0.0
    else:
        raise ArithmeticError(
            f"mode of the marginal density: got steps of {length:.2g} posterior SDs after "
            f"{MAX_ITERATIONS} iterations, expected less than {SETTLED_SD:g}; sample this cohort"
        )
    return NormalPosterior(
        shared=x[: marginal.n_shared],
        shared_root=linalg.cholesky(covariance, lower=True),
        places=marginal.places,
        own=marginal.own_of(x),
        own_root=own_root,
        own_by_shared=by_shared,
        n_gradients=marginal.n_gradients,
        last_step_sd=length,
    )


def _length_sd(step: FloatArray, covariance: FloatArray) -> float:
    return float(np.max(np.abs(step) / np.sqrt(np.diag(covariance))))


def _inverse(precision: FloatArray) -> FloatArray:
    values, vectors = linalg.eigh(precision)
    if values[0] <= 0.0:
        raise ArithmeticError(
            f"curvature of the marginal density: got least eigenvalue {values[0]:.3g}, expected "
            "above 0; sample this cohort"
        )
    return np.asarray((vectors / values) @ vectors.T)


class _Marginal:
    """Gradient of the density of what is shared, runners' own coordinates integrated out."""

    def __init__(
        self, gradients: MapGradients, places: IntArray, n_shared: int, rng: np.random.Generator
    ) -> None:
        self.places, self.used, self.n_shared = places, places >= 0, n_shared
        self.n_gradients = 0
        self._gradients = gradients
        n, d = self.places.shape
        # Columns of a random rotation for each runner: directions of the cubature's points.
        self._directions = np.linalg.qr(rng.standard_normal((n, d, d)))[0] * np.sqrt(d)

    def own_of(self, x: FloatArray) -> FloatArray:
        """Return the runners' own coordinates, (N, D), 0 where a runner has fewer."""
        return np.where(self.used, x[self.places], 0.0)

    def _with_own(self, x: FloatArray, own: FloatArray) -> FloatArray:
        moved = x.copy()
        moved[self.places[self.used]] = own[self.used]
        return moved

    def _at(self, points: Iterable[FloatArray]) -> list[FloatArray]:
        found = list(self._gradients(points))
        self.n_gradients += len(found)
        return found

    def own_precision(self, x: FloatArray) -> FloatArray:
        """Return minus the second derivatives by the own coordinates, (N, D, D).

        One column of all runners at a time.
        """
        own = self.own_of(x)
        d = own.shape[1]
        shifts = STEP * np.eye(d)
        points = [self._with_own(x, own + sign * s) for s in shifts for sign in (1.0, -1.0)]
        found = [self.own_of(g) for g in self._at(points)]
        columns = [
            (minus - plus) / (2.0 * STEP)
            for plus, minus in zip(found[::2], found[1::2], strict=True)
        ]
        precision = np.stack(columns, axis=2)
        precision = 0.5 * (precision + np.swapaxes(precision, 1, 2))
        unused = ~self.used
        precision[np.broadcast_to(unused[:, :, None] | unused[:, None, :], precision.shape)] = 0.0
        precision += np.eye(d) * unused[:, None, :]
        return precision

    def at_own_mode(self, x: FloatArray, n_steps: int) -> FloatArray:
        """Return the point with the runners' own coordinates at their mode."""
        for i in range(n_steps):
            if i % OWN_STEPS == 0:
                root = _root(self.own_precision(x))
            gradient = self.own_of(self._at([x])[0])
            step = np.einsum("nij,nkj,nk->ni", root, root, gradient)
            step = np.clip(step, -LONGEST_OWN_STEP, LONGEST_OWN_STEP)
            x = self._with_own(x, self.own_of(x) + step)
        return x

    def score(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the gradient, (P,), and the root of the own coordinates' covariance, (N, D, D).

        The own coordinates must be at their mode.
        """
        root = _root(self.own_precision(x))
        own = self.own_of(x)
        total = np.zeros(self.n_shared)
        d = own.shape[1]
        points = (
            self._with_own(x, own + sign * np.einsum("nij,nj->ni", root, self._directions[:, :, k]))
            for k in range(d)
            for sign in (1.0, -1.0)
        )
        found = self._at(points)
        for gradient in found:
            total += gradient[: self.n_shared]
        return total / len(found), root

    def moved(self, x: FloatArray, step: FloatArray, by_shared: FloatArray) -> FloatArray:
        """Return the point with shared coordinates moved and own ones at their new mode."""
        moved = self._with_own(x, self.own_of(x) + np.tensordot(step, by_shared, axes=1))
        moved[: self.n_shared] += step
        return self.at_own_mode(moved, OWN_STEPS)

    def curvature(self, x: FloatArray, score: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return minus the score's derivatives, (P, P), and those of the own mode, (P, N, D)."""
        precision = np.empty((self.n_shared, self.n_shared))
        own, first = self.own_of(x), _root(self.own_precision(x))
        by_shared = np.empty((self.n_shared, *own.shape))
        ahead = [x.copy() for _ in range(self.n_shared)]
        for p, point in enumerate(ahead):
            point[p] += STEP
        for p, gradient in enumerate(self._at(ahead)):
            by_shared[p] = np.einsum("nij,nkj,nk->ni", first, first, self.own_of(gradient)) / STEP
        for p in range(self.n_shared):
            point = self._with_own(ahead[p], own + STEP * by_shared[p])
            precision[p] = (score - self.score(point)[0]) / STEP
        return 0.5 * (precision + precision.T), by_shared


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


def _own_places(layout: Layout, design: Design) -> IntArray:
    """Return where each runner's own coordinates are, (N, D), -1 where a runner has fewer."""
    cells, n = design.cell_runner, layout.n_runners
    runners = np.arange(n)
    owner = np.concatenate((cells, cells[design.injury_cell], runners, runners))
    order = np.argsort(owner, kind="stable")
    count = np.bincount(owner, minlength=n)
    slot = np.arange(owner.size) - np.repeat(np.cumsum(count) - count, count)
    places = np.full((n, int(count.max())), -1, np.intp)
    places[owner[order], slot] = N_SHARED + order
    return places
