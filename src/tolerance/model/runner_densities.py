"""The capacity model's density runner by runner, given what all runners share.

The kernel of `tolerance.model.density`, called on each runner's slice of the design: given the
shared coordinates runners are independent, so that the whole density is the sum of theirs, with the
prior of what is shared counted once.

Own coordinates of a runner are, in this order, those of units, injuries, frailty and logit. Runners
with fewer than others are filled up with coordinates that are standard normal and bear on nothing.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loadcore._jit import kernel
from tolerance.config import TolerancePriors
from tolerance.model.density import N_SHARED, Priors, log_density, prior_numbers
from tolerance.model.design import Blocks, Cells, Centres, Design, Rows
from tolerance.model.likelihood import MISSING

__all__ = ["RunnerDensities"]

type FloatArray = NDArray[np.float64]
type IntArray = NDArray[np.int64]

N_OF_RUNNER: Final = 2
"""Coordinates of a runner beside those of units and injuries: frailty and logit."""


class First(NamedTuple):
    """Where each runner's slice begins; the last entry is where the last one ends.

    Attributes
    ----------
    row, block, cell, injury : (N + 1,) int arrays
    """

    row: IntArray
    block: IntArray
    cell: IntArray
    injury: IntArray


class Data(NamedTuple):
    """A design whose cells, injuries and runners are numbered within each runner.

    Attributes
    ----------
    rows, blocks, centres, cells
        As in the design, but for the numbering.
    first : First
    priors : Priors
    """

    rows: Rows
    blocks: Blocks
    centres: Centres
    cells: Cells
    first: First
    priors: Priors


class RunnerDensities:
    """Densities of all runners of a design.

    Parameters
    ----------
    design : Design
    priors : TolerancePriors
    cores : int
        Runners worked out at once.

    Attributes
    ----------
    n_runners, n_own : int
        n_own is the number of own coordinates of the runner who has most.
    count : (N,) int array
        Own coordinates of each runner.
    """

    def __init__(self, design: Design, priors: TolerancePriors, *, cores: int = 1) -> None:
        self._data = _by_runner(design, priors)
        first = self._data.first
        self.count = np.diff(first.cell) + np.diff(first.injury) + N_OF_RUNNER
        self.n_runners, self.n_own = design.n_runners, int(self.count.max())
        self._ranges = list(pairwise(np.linspace(0, self.n_runners, cores + 1).astype(int)))

    def own_of(self, x: FloatArray) -> FloatArray:
        """Return own coordinates, (N, n_own), of coordinates in the order of `Layout`."""
        places = self._places()
        return np.where(places < 0, 0.0, x[places])

    def joined(self, shared: FloatArray, own: FloatArray) -> FloatArray:
        """Return coordinates in the order of `Layout`, of shared (P,) and own (N, n_own) ones."""
        places = self._places()
        x = np.empty(shared.size + int(self.count.sum()))
        x[: shared.size] = shared
        x[places[places >= 0]] = own[places >= 0]
        return x

    def _places(self) -> IntArray:
        """Return where each runner's own coordinates are, -1 for none, (N, n_own)."""
        first = self._data.first
        n_units, n_injuries = first.cell[-1], first.injury[-1]
        places = np.full((self.n_runners, self.n_own), -1, np.int64)
        for i in range(self.n_runners):
            places[i, : self.count[i]] = N_SHARED + np.concatenate(
                (
                    np.arange(first.cell[i], first.cell[i + 1]),
                    n_units + np.arange(first.injury[i], first.injury[i + 1]),
                    n_units + n_injuries + i + np.array([0, self.n_runners]),
                )
            )
        return places

    def own_gradient(self, shared: FloatArray, own: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return each runner's log density, (N,), and its gradient by own coordinates, (N, n_own).

        Parameters
        ----------
        shared : (P,) array
        own : (N, n_own) array
        """
        value, gradient = np.empty(len(own)), np.empty_like(own)
        self._each(lambda a, b: _own_gradients(a, b, self._data, shared, own, value, gradient))
        return value, gradient

    def mean_shared_gradient(
        self, shared: FloatArray, points: FloatArray, log_weight: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the density's gradient by the shared coordinates, averaged over points.

        Parameters
        ----------
        shared : (P,) array
        points : (N, M, n_own) array
            Own coordinates.
        log_weight : (M,) array
            A point weighs as much as this tells, times the runner's density there.

        Returns
        -------
        gradient : (P,) array
            Of all runners together.
        weight : (N, M) array
            Of the points; sums to 1 for each runner.
        """
        parts = np.zeros((len(self._ranges), shared.size))
        weight = np.empty(points.shape[:2])
        places = {a: part for (a, _), part in zip(self._ranges, parts, strict=True)}
        self._each(
            lambda a, b: _mean_gradients(
                a, b, self._data, shared, points, log_weight, places[a], weight
            )
        )
        of_prior = _prior_gradient(self._data, shared)
        return parts.sum(axis=0) - (self.n_runners - 1) * of_prior, weight

    def _each(self, work: Callable[[int, int], None]) -> None:
        """Do the work on ranges of runners side by side: the kernels hold no lock."""
        with ThreadPoolExecutor(len(self._ranges)) as pool:
            list(pool.map(lambda ends: work(*ends), self._ranges))


def _by_runner(design: Design, priors: TolerancePriors) -> Data:
    runners = np.arange(design.n_runners + 1)
    of_row = design.cell_runner[design.rows.cell]
    of_block = design.cell_runner[design.blocks.cell]
    of_injury = design.cell_runner[design.injury_cell]
    first = First(
        np.searchsorted(of_row, runners),
        np.searchsorted(of_block, runners),
        design.first_cell,
        np.searchsorted(of_injury, runners),
    )
    is_injury = design.rows.injury != MISSING
    return Data(
        design.rows._replace(
            cell=design.rows.cell - first.cell[of_row],
            injury=np.where(is_injury, design.rows.injury - first.injury[of_row], MISSING),
        ),
        design.blocks._replace(cell=design.blocks.cell - first.cell[of_block]),
        design.centres._replace(injury_runner=np.zeros_like(design.centres.injury_runner)),
        design.cells._replace(runner=np.zeros_like(design.cells.runner)),
        first,
        prior_numbers(priors),
    )


@kernel
def _rows_of(rows: Rows, begin: int, stop: int) -> Rows:
    return Rows(
        rows.fatigue[begin:stop],
        rows.chronic[begin:stop],
        rows.variance[begin:stop],
        rows.cell[begin:stop],
        rows.tissue[begin:stop],
        rows.injury[begin:stop],
        rows.days[begin:stop],
        rows.recent[begin:stop],
        rows.pain[begin:stop],
        rows.settled[begin:stop],
        rows.censored[begin:stop],
        rows.outcome[begin:stop],
    )


@kernel
def _blocks_of(blocks: Blocks, begin: int, stop: int) -> Blocks:
    return Blocks(
        blocks.fatigue[begin:stop],
        blocks.chronic[begin:stop],
        blocks.spread[begin:stop],
        blocks.covariance[begin:stop],
        blocks.chronic_variance[begin:stop],
        blocks.variance[begin:stop],
        blocks.n[begin:stop],
        blocks.cell[begin:stop],
        blocks.tissue[begin:stop],
    )


@kernel
def _runner_density(
    data: Data, begin: int, stop: int, x: FloatArray, gradient: FloatArray
) -> float:
    """Return the log density of one runner (or of none: ``stop`` equal to ``begin``)."""
    centres, cells, first = data.centres, data.cells, data.first
    c, c_stop = first.cell[begin], first.cell[stop]
    j, j_stop = first.injury[begin], first.injury[stop]
    return log_density(
        x,
        _rows_of(data.rows, first.row[begin], first.row[stop]),
        _blocks_of(data.blocks, first.block[begin], first.block[stop]),
        Centres(
            centres.tissue_fatigue,
            centres.tissue_chronic,
            centres.runner_fatigue[begin:stop],
            centres.runner_chronic[begin:stop],
            centres.runner_share[begin:stop],
            centres.answered[begin:stop],
            centres.cell_weight[c:c_stop],
            centres.injury_left[j:j_stop],
            centres.injury_runner[j:j_stop],
        ),
        Cells(cells.runner[c:c_stop], cells.tissue[c:c_stop], cells.load_variance[c:c_stop]),
        data.priors,
        gradient,
    )


@kernel
def _n_own(data: Data, i: int) -> int:
    first = data.first
    of_units = first.cell[i + 1] - first.cell[i]
    return int(of_units + first.injury[i + 1] - first.injury[i] + N_OF_RUNNER)


@kernel
def _own_gradients(
    begin: int,
    stop: int,
    data: Data,
    shared: FloatArray,
    own: FloatArray,
    value: FloatArray,
    out: FloatArray,
) -> None:
    """Write the density of runners ``begin`` to ``stop``, and its gradient by own coordinates."""
    for i in range(begin, stop):
        n = _n_own(data, i)
        x = np.concatenate((shared, own[i, :n]))
        gradient = np.zeros(x.size)
        value[i] = _runner_density(data, i, i + 1, x, gradient) - 0.5 * np.sum(own[i, n:] ** 2)
        out[i, :n] = gradient[shared.size :]
        out[i, n:] = -own[i, n:]


@kernel
def _mean_gradients(
    begin: int,
    stop: int,
    data: Data,
    shared: FloatArray,
    points: FloatArray,
    log_weight: FloatArray,
    out: FloatArray,
    weight: FloatArray,
) -> None:
    """Add up the runners' mean gradients by the shared coordinates, and write points' weights."""
    n_points = points.shape[1]
    of_point = np.empty((n_points, shared.size))
    for i in range(begin, stop):
        n = _n_own(data, i)
        x = np.empty(shared.size + n)
        x[: shared.size] = shared
        for m in range(n_points):
            x[shared.size :] = points[i, m, :n]
            gradient = np.zeros(x.size)
            value = _runner_density(data, i, i + 1, x, gradient)
            value -= 0.5 * np.sum(points[i, m, n:] ** 2)
            weight[i, m] = value + log_weight[m]
            of_point[m] = gradient[: shared.size]
        weight[i] = np.exp(weight[i] - np.max(weight[i]))
        weight[i] /= np.sum(weight[i])
        for m in range(n_points):
            if weight[i, m] > 0.0:  # a wild point may have no weight and no finite gradient
                out += weight[i, m] * of_point[m]


@kernel
def _prior_gradient(data: Data, shared: FloatArray) -> FloatArray:
    """Return the gradient of the prior of what is shared."""
    gradient = np.zeros(shared.size)
    _runner_density(data, 0, 0, shared, gradient)
    return gradient
