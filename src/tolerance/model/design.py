"""From runners' histories to the arrays that the capacity model is made of.

A filter's output depends on one time constant only, and smoothly. So each observation stores the
coefficients of a Chebyshev polynomial in the standardised log time constant: the model gets log
fatigue and log chronic load of an observation as one short dot product, without running a filter.

Sessions without an injury enter the model one by one where the unit has been injured or an answer
was given. All other sessions of a unit enter as blocks of four weeks: their summed hazard follows
from the mean and variance of the margin within the block (second-order cumulants). Both
approximations are checked against exact filters and sums in the tests.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from tolerance.anatomy import MODEL_TISSUES
from tolerance.config import LogNormal, PerTissuePrior, TolerancePriors
from tolerance.model.filters import chronic_load, fatigue, log_chronic, log_fatigue
from tolerance.model.likelihood import MISSING, RunnerData, runner_data
from tolerance.model.priors import TIME_LIMIT_SD
from tolerance.model.runner import RunnerHistory, recent_injury, tissue_index

__all__ = [
    "N_BASIS",
    "Blocks",
    "Cells",
    "Centres",
    "Design",
    "Rows",
    "build_design",
    "chebyshev_basis",
]

type FloatArray = NDArray[np.float64]
type IntArray = NDArray[np.int64]

N_BASIS: Final = 9
"""Chebyshev polynomials per filter; error below 0.002 log units over the range of the priors."""
BLOCK_DAYS: Final = 28
"""Length of a block of sessions whose hazards are summed. Engineering choice."""
K: Final = len(MODEL_TISSUES)


class Rows(NamedTuple):
    """Observations one by one: answers of a unit, and sessions of units that have been injured.

    Attributes
    ----------
    fatigue, chronic : (R, N_BASIS) arrays
        Polynomials of log fatigue and log chronic load in the standardised log time constants.
    variance : (R,) array
        Of log fatigue, from not knowing the load exactly.
    cell, tissue : (R,) int arrays
    injury : (R,) int array
        Last injury of the unit, or `MISSING`.
    days : (R,) array
        Since that injury, over the healing factor.
    recent : (R,) array
        How recent it is, 1 to 0.
    pain, settled : (R,) int arrays
        `MISSING` where nothing was said, or where an answer says nothing.
    censored : (R,) bool array
        A painkiller was taken: the pain is at least this.
    outcome : (R,) int array
        1 for an injury in this session, 0 for a session without, `MISSING` for no session at risk.
    """

    fatigue: FloatArray
    chronic: FloatArray
    variance: FloatArray
    cell: IntArray
    tissue: IntArray
    injury: IntArray
    days: FloatArray
    recent: FloatArray
    pain: IntArray
    settled: IntArray
    censored: NDArray[np.bool_]
    outcome: IntArray


class Blocks(NamedTuple):
    """Sessions of units that were never injured, summed up over `BLOCK_DAYS`.

    Attributes
    ----------
    fatigue, chronic, spread : (B, N_BASIS) arrays
        Polynomials of the block's mean log fatigue and log chronic load, and of the variance of
        log fatigue within it.
    covariance, chronic_variance : (B,) arrays
        Of log fatigue with log chronic load, and of log chronic load, within the block.
    variance : (B,) array
        Mean of what not knowing the load adds.
    n : (B,) array
        Sessions.
    cell, tissue : (B,) int arrays
    """

    fatigue: FloatArray
    chronic: FloatArray
    spread: FloatArray
    covariance: FloatArray
    chronic_variance: FloatArray
    variance: FloatArray
    n: FloatArray
    cell: IntArray
    tissue: IntArray


class Cells(NamedTuple):
    """Units of runners.

    Attributes
    ----------
    runner, tissue : (C,) int arrays
    load_variance : (C,) array
        Of what a unit's answers have in common because its days' loads are not known exactly. They
        cannot tell it from tolerance.
    """

    runner: IntArray
    tissue: IntArray
    load_variance: FloatArray


class Centres(NamedTuple):
    """Means over the answered rows, for the parameterisation.

    Whatever they are, the model is the same; they decide how well it mixes.

    Attributes
    ----------
    tissue_fatigue, tissue_chronic : (K, N_BASIS) arrays
    runner_fatigue, runner_chronic : (N, K, N_BASIS) arrays
        Each tissue's part of the runner's mean.
    runner_share : (N, K) array
        Share of each tissue among the runner's answers.
    answered : (N,) bool array
    cell_weight : (C,) array
        Share of each cell among its runner's answers.
    injury_left : (J,) array
        What is left on average, over the runner's answers, of each injury's deficit at the prior
        median of healing.
    injury_runner : (J,) int array
    """

    tissue_fatigue: FloatArray
    tissue_chronic: FloatArray
    runner_fatigue: FloatArray
    runner_chronic: FloatArray
    runner_share: FloatArray
    answered: NDArray[np.bool_]
    cell_weight: FloatArray
    injury_left: FloatArray
    injury_runner: IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """Everything that the model reads of N runners; a cell is one unit of one runner.

    Attributes
    ----------
    n_runners, n_cells : int
    cells : Cells
    cell_unit : (C,) int array
        Place of the cell among its runner's units.
    first_cell : (N + 1,) int array
        Cells of runner i are ``first_cell[i]`` to ``first_cell[i + 1]``.
    injury_cell : (J,) int array
    rows : Rows
    blocks : Blocks
    centres : Centres
    n_reports : (C,) int array
    n_sessions : int
        Sessions of all runners.
    """

    n_runners: int
    n_cells: int
    cells: Cells
    cell_unit: IntArray
    first_cell: IntArray
    injury_cell: IntArray
    rows: Rows
    blocks: Blocks
    centres: Centres
    n_reports: IntArray
    n_sessions: int

    @property
    def cell_runner(self) -> IntArray:
        """Whose unit each cell is."""
        return self.cells.runner

    @property
    def cell_tissue(self) -> IntArray:
        """Of which tissue each cell is."""
        return self.cells.tissue


def chebyshev_basis(standard: FloatArray) -> FloatArray:
    """Return the polynomials at standardised log time constants, (..., N_BASIS)."""
    return np.asarray(chebyshev.chebvander(standard / TIME_LIMIT_SD, N_BASIS - 1), np.float64)


def _nodes(prior: PerTissuePrior) -> FloatArray:
    """Return time constants at the Chebyshev nodes, (N_BASIS, K)."""
    standard = TIME_LIMIT_SD * chebyshev.chebpts1(N_BASIS)
    columns = []
    for tissue in MODEL_TISSUES:
        one = getattr(prior, tissue)
        if not isinstance(one, LogNormal):
            raise TypeError(f"time constant of {tissue}: expected a lognormal prior")
        columns.append(one.median * np.exp(one.log_sd * standard))
    return np.column_stack(columns)


def _to_coefficients(values: FloatArray) -> FloatArray:
    """Return coefficients (n, N_BASIS) of the polynomial through values (N_BASIS, n) at nodes."""
    at_nodes = chebyshev.chebvander(chebyshev.chebpts1(N_BASIS), N_BASIS - 1)
    return np.linalg.solve(at_nodes, values).T


def medians(prior: PerTissuePrior) -> FloatArray:
    """Return the prior median of each tissue's time constant."""
    return np.array([getattr(prior, tissue).median for tissue in MODEL_TISSUES], np.float64)


def build_design(histories: Sequence[RunnerHistory], priors: TolerancePriors) -> Design:
    """Lay out the data of the model.

    Parameters
    ----------
    histories : sequence of RunnerHistory
        At least one.
    priors : TolerancePriors
        Give the range of the time constants, and the chronic term.

    Raises
    ------
    ValueError
        Without a runner.
    """
    if not histories:
        raise ValueError("histories: got no runner, expected at least one")
    sizes = [len(history.units) for history in histories]
    first_cell = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    all_rows: list[Rows] = []
    all_blocks: list[Blocks] = []
    injury_cell: list[int] = []
    load_variance: list[FloatArray] = []
    for history, first in zip(histories, first_cell[:-1].tolist(), strict=True):
        data = runner_data(history, medians(priors.fatigue_days)[tissue_index(history.units)])
        rows, blocks = _of_runner(history, data, priors, first, len(injury_cell))
        load_variance.append(data.lasting_variance)
        all_rows.append(rows)
        all_blocks.append(blocks)
        injury_cell.extend(first + injury.unit for injury in history.injuries)
    rows = Rows(*map(np.concatenate, zip(*all_rows, strict=True)))
    cell_runner = np.repeat(np.arange(len(histories)), sizes).astype(np.int64)
    n_cells = int(first_cell[-1])
    of_injury = np.array(injury_cell, np.int64)
    return Design(
        n_runners=len(histories),
        n_cells=n_cells,
        cells=Cells(
            cell_runner,
            np.concatenate([tissue_index(h.units) for h in histories]).astype(np.int64),
            np.concatenate(load_variance),
        ),
        cell_unit=np.concatenate([np.arange(n) for n in sizes]),
        first_cell=first_cell,
        injury_cell=of_injury,
        rows=rows,
        blocks=Blocks(*map(np.concatenate, zip(*all_blocks, strict=True))),
        centres=_centres(rows, cell_runner, of_injury, priors),
        n_reports=np.bincount(rows.cell[rows.pain != MISSING], minlength=n_cells).astype(np.int64),
        n_sessions=sum(int(np.sum(history.exposed)) for history in histories),
    )


def _of_runner(
    history: RunnerHistory,
    data: RunnerData,
    priors: TolerancePriors,
    first_cell: int,
    first_injury: int,
) -> tuple[Rows, Blocks]:
    tissue = tissue_index(history.units)
    tau_fatigue = _nodes(priors.fatigue_days)[:, tissue]
    tau_adaptation = _nodes(priors.adaptation_days)[:, tissue]
    load = log_fatigue(fatigue(data.damage_rr, tau_fatigue), tau_fatigue[:, None])
    load -= 0.5 * data.log_variance  # the mean of the logarithm, not the logarithm of the mean
    slow = log_chronic(
        chronic_load(data.damage_rr, tau_adaptation, data.chronic_start_rr)[:, :-1],
        priors.chronic_offset_rr.value,
        priors.chronic_reference_rr.value,
    )
    answered = (data.pain != MISSING) | (data.settled != MISSING)
    injured = np.isfinite(data.days_since)
    sessions = data.exposed[:, None] & np.ones((1, tissue.size), np.bool_)
    single = sessions & (injured | data.event)
    unit, day = np.nonzero((answered | single).T)
    days = np.where(injured, data.days_since, 0.0)[day, unit]
    last_injury = data.injury[day, unit]
    # A painkiller hides pain: having settled with one says nothing.
    says_nothing = (data.settled == 1) & data.censored[:, None]
    rows = Rows(
        fatigue=_to_coefficients(load[:, day, unit]),
        chronic=_to_coefficients(slow[:, day, unit]),
        variance=data.log_variance[day, unit],
        cell=first_cell + unit,
        tissue=tissue[unit].astype(np.int64),
        injury=np.where(injured[day, unit], last_injury + first_injury, MISSING),
        days=days / history.healing_factor[unit],
        recent=recent_injury(data.days_since[day, unit]),
        pain=data.pain[day, unit],
        settled=np.where(says_nothing, MISSING, data.settled)[day, unit],
        censored=data.censored[day],
        outcome=np.where(single, data.event.astype(np.int64), MISSING)[day, unit],
    )
    return rows, _blocks(data, load, slow, sessions & ~single, tissue, first_cell)


def _blocks(
    data: RunnerData,
    load: FloatArray,
    slow: FloatArray,
    sessions: NDArray[np.bool_],
    tissue: NDArray[np.intp],
    first_cell: int,
) -> Blocks:
    """Sum up sessions of never injured units: mean and variance of what the margin is made of."""
    n_units = tissue.size
    day, unit = np.nonzero(sessions)
    n_blocks = -(-sessions.shape[0] // BLOCK_DAYS)
    block = unit * n_blocks + day // BLOCK_DAYS
    count = np.bincount(block, minlength=n_blocks * n_units)
    kept = np.flatnonzero(count)
    place = np.searchsorted(kept, block)
    n = count[kept].astype(np.float64)

    def mean(values: FloatArray) -> FloatArray:
        flat = np.atleast_2d(values)
        sums = [np.bincount(place, weights=row, minlength=kept.size) for row in flat]
        return np.asarray(np.stack(sums) / n)

    f, a = load[:, day, unit], slow[:, day, unit]
    mean_f, mean_a = mean(f), mean(a)
    middle = N_BASIS // 2
    off_a = a[middle] - mean_a[middle][place]
    off_f = f - mean_f[:, place]
    return Blocks(
        fatigue=_to_coefficients(mean_f),
        chronic=_to_coefficients(mean_a),
        spread=_to_coefficients(mean(off_f**2)),
        covariance=mean(off_f[middle] * off_a)[0],
        chronic_variance=mean(off_a**2)[0],
        variance=mean(data.log_variance[day, unit])[0],
        n=n,
        cell=first_cell + kept // n_blocks,
        tissue=tissue[kept // n_blocks].astype(np.int64),
    )


def _centres(
    rows: Rows, cell_runner: IntArray, injury_cell: IntArray, priors: TolerancePriors
) -> Centres:
    n_runners = int(cell_runner[-1]) + 1
    answered = (rows.pain != MISSING) | (rows.settled != MISSING)
    runner, tissue = cell_runner[rows.cell[answered]], rows.tissue[answered]
    of_runner = np.bincount(runner, minlength=n_runners).astype(np.float64)
    of_tissue = np.bincount(tissue, minlength=K).astype(np.float64)
    per_runner = 1.0 / np.maximum(of_runner, 1.0)
    per_tissue = 1.0 / np.maximum(of_tissue, 1.0)
    both = runner * K + tissue

    def sums(values: FloatArray, place: IntArray, size: int) -> FloatArray:
        columns = [np.bincount(place, weights=column, minlength=size) for column in values.T]
        return np.stack(columns, axis=1)

    def of_both(values: FloatArray) -> FloatArray:
        by_both = sums(values[answered], both, n_runners * K).reshape(n_runners, K, N_BASIS)
        return np.asarray(by_both * per_runner[:, None, None])

    share = np.bincount(both, minlength=n_runners * K).reshape(n_runners, K)
    of_cell = np.bincount(rows.cell[answered], minlength=cell_runner.size)
    injured = answered & (rows.injury != MISSING)
    tau = medians(priors.healing_days)[rows.tissue[injured]]
    left = np.bincount(
        rows.injury[injured], weights=np.exp(-rows.days[injured] / tau), minlength=injury_cell.size
    )
    injury_runner = cell_runner[injury_cell]
    return Centres(
        tissue_fatigue=sums(rows.fatigue[answered], tissue, K) * per_tissue[:, None],
        tissue_chronic=sums(rows.chronic[answered], tissue, K) * per_tissue[:, None],
        runner_fatigue=of_both(rows.fatigue),
        runner_chronic=of_both(rows.chronic),
        runner_share=share * per_runner[:, None],
        answered=of_runner > 0,
        cell_weight=of_cell * per_runner[cell_runner],
        injury_left=left * per_runner[injury_runner],
        injury_runner=injury_runner,
    )
