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
from typing import Any, Final

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from tolerance.anatomy import MODEL_TISSUES
from tolerance.config import LogNormal, PerTissuePrior, TolerancePriors
from tolerance.model.filters import chronic_load, fatigue, log_chronic, log_fatigue
from tolerance.model.likelihood import MISSING, RunnerData, runner_data
from tolerance.model.population import N_CUT_POINTS
from tolerance.model.priors import TIME_LIMIT_SD
from tolerance.model.runner import RunnerHistory, recent_injury, tissue_index

__all__ = ["N_BASIS", "Design", "Padding", "build_design", "chebyshev_basis", "padding_of"]

type FloatArray = NDArray[np.float64]
type IntArray = NDArray[np.int64]
type Shape = tuple[tuple[int, ...], int]

N_BASIS: Final = 9
"""Chebyshev polynomials per filter; error below 0.002 log units over the range of the priors."""
BLOCK_DAYS: Final = 28
"""Length of a block of sessions whose hazards are summed. Engineering choice."""
N_HEALTHY_GROUPS: Final = 3
"""Groups of equal length that observations of units without an injury are stored in."""
K: Final = len(MODEL_TISSUES)


@dataclass(frozen=True, kw_only=True)
class Padding:
    """Sizes of the model's arrays; padding to common sizes lets one compiled model serve many data.

    A segment is a stretch of one cell's observations with the same last injury, or without any.

    Attributes
    ----------
    groups : tuple of (tuple of int, int)
        Segments of each tissue and observations per segment of each group: first those after an
        injury, then those without in rising order of length.
    blocks : (tuple of int, int)
        Cells of each tissue and blocks of sessions per cell.
    injuries, events : int
        Injuries in all, injuries in a session.
    """

    groups: tuple[Shape, ...]
    blocks: Shape
    injuries: int
    events: int

    def largest(self, other: "Padding") -> "Padding":
        """Return sizes that hold both."""

        def both(one: Shape, two: Shape) -> Shape:
            return tuple(map(max, one[0], two[0])), max(one[1], two[1])

        return Padding(
            groups=tuple(map(both, self.groups, other.groups)),
            blocks=both(self.blocks, other.blocks),
            injuries=max(self.injuries, other.injuries),
            events=max(self.events, other.events),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """Everything that the model reads of N runners; a cell is one unit of one runner.

    Attributes
    ----------
    n_runners, n_cells : int
    padding : Padding
    cell_runner, cell_tissue, cell_unit : (C,) int arrays
        Whose unit a cell is, of which tissue, and its place among the runner's units.
    first_cell : (N + 1,) int array
        Cells of runner i are ``first_cell[i]`` to ``first_cell[i + 1]``.
    injury_cell : (J,) int array
    arrays : dict of str to array
        The model's data by name, padded.
    n_reports : (C,) int array
    n_sessions : int
        Sessions of all runners.
    """

    n_runners: int
    n_cells: int
    padding: Padding
    cell_runner: IntArray
    cell_tissue: IntArray
    cell_unit: IntArray
    first_cell: IntArray
    injury_cell: IntArray
    arrays: dict[str, NDArray[Any]]
    n_reports: IntArray
    n_sessions: int


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


@dataclass
class _Parts:
    """Observations and blocks of all runners, collected one by one."""

    rows: list[dict[str, NDArray[Any]]]
    blocks: list[dict[str, NDArray[Any]]]


def build_design(
    histories: Sequence[RunnerHistory], priors: TolerancePriors, padding: Padding | None = None
) -> Design:
    """Lay out the data of the model.

    Parameters
    ----------
    histories : sequence of RunnerHistory
        At least one.
    priors : TolerancePriors
        Give the range of the time constants, and the chronic term.
    padding : Padding, optional
        Larger sizes than the data need.

    Raises
    ------
    ValueError
        Without a runner, or for sizes that are too small.
    """
    if not histories:
        raise ValueError("histories: got no runner, expected at least one")
    parts = _Parts([], [])
    sizes = [len(history.units) for history in histories]
    first_cell = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    injury_cell: list[int] = []
    for i, history in enumerate(histories):
        _add_runner(parts, history, priors, i, int(first_cell[i]), injury_cell)
    rows, blocks = _joined(parts.rows), _joined(parts.blocks)
    cell_tissue = np.concatenate([tissue_index(history.units) for history in histories])
    cell_runner = np.repeat(np.arange(len(histories)), sizes)
    n_cells = int(first_cell[-1])
    segments = _segments(rows)
    lengths = None if padding is None else [length for _, length in padding.groups]
    groups = _grouped(segments, lengths)
    block_cells = np.unique(blocks["cell"])
    own = Padding(
        groups=tuple(
            (_counts(cell_tissue[segments.cell[members]]), length) for members, length in groups
        ),
        blocks=(_counts(cell_tissue[block_cells]), int(np.max(blocks["block"], initial=-1)) + 1),
        injuries=len(injury_cell),
        events=int(np.sum(rows["event"])),
    )
    wanted = own if padding is None else padding
    if wanted.largest(own) != wanted:
        raise ValueError(f"padding: got {wanted}, expected at least {own}")
    arrays = _group_arrays(rows, segments, groups, wanted, cell_tissue)
    arrays |= _block_arrays(blocks, wanted, cell_tissue)
    arrays |= _centres(rows, cell_runner, wanted, priors)
    arrays["cell_runner"] = cell_runner.astype(np.int64)
    arrays["cell_tissue"] = cell_tissue.astype(np.int64)
    n_reports = np.bincount(rows["cell"], weights=rows["pain"] != MISSING, minlength=n_cells)
    return Design(
        n_runners=len(histories),
        n_cells=n_cells,
        padding=wanted,
        cell_runner=cell_runner.astype(np.int64),
        cell_tissue=cell_tissue.astype(np.int64),
        cell_unit=np.concatenate([np.arange(n) for n in sizes]),
        first_cell=first_cell,
        injury_cell=np.array(injury_cell, np.int64),
        arrays=arrays,
        n_reports=n_reports.astype(np.int64),
        n_sessions=sum(int(np.sum(history.exposed)) for history in histories),
    )


def padding_of(designs: Sequence[Design]) -> Padding:
    """Return sizes that hold every one of these designs."""
    wanted = designs[0].padding
    for design in designs[1:]:
        wanted = wanted.largest(design.padding)
    return wanted


def _add_runner(
    parts: _Parts,
    history: RunnerHistory,
    priors: TolerancePriors,
    runner: int,
    first_cell: int,
    injury_cell: list[int],
) -> None:
    tissue = tissue_index(history.units)
    data = runner_data(history, medians(priors.fatigue_days)[tissue])
    tau_fatigue = _nodes(priors.fatigue_days)[:, tissue]
    tau_adaptation = _nodes(priors.adaptation_days)[:, tissue]
    load = log_fatigue(fatigue(data.damage_rr, tau_fatigue), tau_fatigue[:, None])
    slow = log_chronic(
        chronic_load(data.damage_rr, tau_adaptation, data.chronic_start_rr)[:, :-1],
        priors.chronic_offset_rr.value,
        priors.chronic_reference_rr.value,
    )
    answered = (data.pain != MISSING) | (data.settled != MISSING)
    injured = np.isfinite(data.days_since)
    sessions = data.exposed[:, None] & np.ones((1, tissue.size), np.bool_)
    single = sessions & (injured | data.event)
    day, unit = np.nonzero(answered | single)
    days = np.where(injured, data.days_since, 0.0)[day, unit]
    parts.rows.append(
        {
            "fatigue": _to_coefficients(load[:, day, unit]),
            "chronic": _to_coefficients(slow[:, day, unit]),
            "variance": data.log_variance[day, unit],
            "tissue": tissue[unit],
            "cell": first_cell + unit,
            "runner": np.full(day.size, runner),
            "injury": np.where(
                injured[day, unit], data.injury[day, unit] + len(injury_cell), MISSING
            ),
            "days": days / history.healing_factor[unit],
            "recent": recent_injury(data.days_since[day, unit]),
            "hazard": (single & ~data.event)[day, unit].astype(np.float64),
            "event": data.event[day, unit],
            "pain": data.pain[day, unit],
            "settled": data.settled[day, unit],
            "censored": data.censored[day],
        }
    )
    parts.blocks.append(_blocks(data, load, slow, sessions & ~single, tissue, first_cell))
    injury_cell.extend(first_cell + injury.unit for injury in history.injuries)


def _blocks(
    data: RunnerData,
    load: FloatArray,
    slow: FloatArray,
    sessions: NDArray[np.bool_],
    tissue: NDArray[np.intp],
    first_cell: int,
) -> dict[str, NDArray[Any]]:
    """Sum up sessions of never injured units: mean and variance of what the margin is made of."""
    n_units = tissue.size
    day, unit = np.nonzero(sessions)
    n_blocks = -(-sessions.shape[0] // BLOCK_DAYS)
    block = day // BLOCK_DAYS * n_units + unit
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
    return {
        "fatigue": _to_coefficients(mean_f),
        "chronic": _to_coefficients(mean_a),
        "spread": _to_coefficients(mean(off_f**2)),
        "covariance": mean(off_f[middle] * off_a)[0],
        "chronic_variance": mean(off_a**2)[0],
        "variance": mean(data.log_variance[day, unit])[0],
        "n": n,
        "cell": first_cell + kept % n_units,
        "block": kept // n_units,
    }


def _joined(parts: list[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@dataclass(frozen=True)
class _Segments:
    """Segments: cell, injury or `MISSING`, length; and each row's segment and place in it."""

    cell: IntArray
    injury: IntArray
    length: IntArray
    of_row: IntArray
    place: IntArray


def _segments(rows: dict[str, NDArray[Any]]) -> _Segments:
    pairs = np.column_stack((rows["cell"], rows["injury"]))
    unique, of_row, length = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    of_row = of_row.reshape(-1)
    order = np.argsort(of_row, kind="stable")
    starts = np.concatenate(([0], np.cumsum(length)))
    place = np.empty(of_row.size, np.int64)
    place[order] = np.arange(of_row.size) - starts[of_row[order]]
    return _Segments(unique[:, 0], unique[:, 1], length.astype(np.int64), of_row, place)


def _grouped(segments: _Segments, lengths: list[int] | None) -> list[tuple[IntArray, int]]:
    """Return groups of segments, each with the length that its longest needs."""
    injured = np.flatnonzero(segments.injury != MISSING)
    healthy = np.flatnonzero(segments.injury == MISSING)
    if lengths is None:
        of_healthy = segments.length[healthy]
        lengths = [
            int(np.max(segments.length[injured], initial=1)),
            *_best_lengths(of_healthy),
        ]
    fits = np.searchsorted(lengths[1:], segments.length[healthy])
    if np.any(fits >= N_HEALTHY_GROUPS) or np.any(segments.length[injured] > lengths[0]):
        raise ValueError(
            f"padding: got segments of up to {segments.length.max()} observations, expected at "
            f"most {lengths[0]} after an injury and {lengths[-1]} without"
        )
    of_healthy_groups = [(healthy[fits == g], lengths[1 + g]) for g in range(N_HEALTHY_GROUPS)]
    return [(injured, lengths[0]), *of_healthy_groups]


def _best_lengths(lengths: IntArray) -> list[int]:
    """Return the rising lengths of `N_HEALTHY_GROUPS` groups that waste least."""
    values, counts = np.unique(np.append(lengths, 1), return_counts=True)
    below = np.cumsum(counts)
    best, choice = np.inf, (int(values[-1]), int(values[-1]))
    for i, first in enumerate(values):
        for j in range(i, values.size):
            cost = below[i] * first + (below[j] - below[i]) * values[j]
            cost += (below[-1] - below[j]) * values[-1]
            if cost < best:
                best, choice = float(cost), (int(first), int(values[j]))
    return [*choice, int(values[-1])]


def _counts(tissue: IntArray) -> tuple[int, ...]:
    return tuple(int(n) for n in np.bincount(tissue, minlength=K))


def _places(tissue: IntArray, counts: tuple[int, ...]) -> IntArray:
    """Return where members go when each tissue has a fixed number of places, in this order."""
    order = np.argsort(tissue, kind="stable")
    starts = np.concatenate(([0], np.cumsum(counts)))
    own = np.concatenate(([0], np.cumsum(np.bincount(tissue, minlength=K))))
    place = np.empty(tissue.size, np.int64)
    place[order] = np.arange(tissue.size) - own[tissue[order]] + starts[tissue[order]]
    return place


def _by_tissue(name: str, bank: FloatArray, shape: Shape) -> dict[str, NDArray[Any]]:
    """Cut a bank (n_basis, members, length) into one flat bank per tissue."""
    starts = np.concatenate(([0], np.cumsum(shape[0])))
    return {
        f"{name}{k}": np.ascontiguousarray(
            bank[:, starts[k] : starts[k + 1]].reshape(bank.shape[0], -1)
        )
        for k in range(K)
    }


def _group_arrays(
    rows: dict[str, NDArray[Any]],
    segments: _Segments,
    groups: list[tuple[IntArray, int]],
    sizes: Padding,
    cell_tissue: IntArray,
) -> dict[str, NDArray[Any]]:
    """Return the model's observations as (segment, place) arrays; what is added has weight 0."""
    arrays: dict[str, NDArray[Any]] = {}
    said = rows["pain"] != MISSING
    calm = (rows["settled"] == 1) & ~rows["censored"]
    values = {
        "variance": rows["variance"],
        "hazard": rows["hazard"],
        "lower": (said & (rows["pain"] > 0)).astype(np.float64),
        "upper": (said & (rows["pain"] < N_CUT_POINTS) & ~rows["censored"]).astype(np.float64),
        "settled": np.where(calm, 1.0, np.where(rows["settled"] == 0, -1.0, 0.0)),
    }
    score = np.eye(N_CUT_POINTS + 1)[:, np.maximum(rows["pain"], 0)] * said
    banks = {"fatigue": rows["fatigue"].T, "chronic": rows["chronic"].T, "score": score}
    events = np.zeros(sizes.events, np.int64)
    n_events, offset = 0, 0
    for g, (members, _) in enumerate(groups):
        counts, length = sizes.groups[g]
        n_segments = sum(counts)
        at = _places(cell_tissue[segments.cell[members]], counts)
        at_segment = np.full(segments.cell.size, MISSING)
        at_segment[members] = at
        mine = at_segment[segments.of_row] != MISSING
        where = (at_segment[segments.of_row[mine]], segments.place[mine])
        named = dict(values)
        if g == 0:
            named |= {"days": rows["days"], "recent": rows["recent"]}
        for name, value in named.items():
            whole = np.zeros((n_segments, length))
            whole[where] = value[mine]
            arrays[f"g{g}_{name}"] = whole
        for name, bank in banks.items():
            padded = np.zeros((bank.shape[0], n_segments, length))
            padded[:, where[0], where[1]] = bank[:, mine]
            arrays |= _by_tissue(f"g{g}_{name}", padded, sizes.groups[g])
        for name, value in (("cell", segments.cell), ("injury", segments.injury)):
            of_segment = np.zeros(n_segments, np.int64)
            of_segment[at] = np.maximum(value[members], 0)
            arrays[f"g{g}_{name}"] = of_segment
        hit = np.flatnonzero(rows["event"][mine])
        events[n_events : n_events + hit.size] = offset + where[0][hit] * length + where[1][hit]
        n_events += hit.size
        offset += n_segments * length
    arrays["event_place"] = events
    arrays["event_weight"] = (np.arange(sizes.events) < n_events).astype(np.float64)
    return arrays


def _block_arrays(
    blocks: dict[str, NDArray[Any]], sizes: Padding, cell_tissue: IntArray
) -> dict[str, NDArray[Any]]:
    """Return blocks of sessions as (cell, block) arrays; what is added has weight 0."""
    counts, length = sizes.blocks
    cells, at = np.unique(blocks["cell"], return_inverse=True)
    place = _places(cell_tissue[cells], counts)
    where = (place[at.reshape(-1)], blocks["block"])
    arrays: dict[str, NDArray[Any]] = {}
    for name in ("covariance", "chronic_variance", "variance", "n"):
        whole = np.zeros((sum(counts), length))
        whole[where] = blocks[name]
        arrays[f"block_{name}"] = whole
    for name in ("fatigue", "chronic", "spread"):
        bank = np.zeros((N_BASIS, sum(counts), length))
        bank[:, where[0], where[1]] = blocks[name].T
        arrays |= _by_tissue(f"block_{name}", bank, sizes.blocks)
    of_cell = np.zeros(sum(counts), np.int64)
    of_cell[place] = cells
    arrays["block_cell"] = of_cell
    return arrays


def _centres(
    rows: dict[str, NDArray[Any]], cell_runner: IntArray, sizes: Padding, priors: TolerancePriors
) -> dict[str, NDArray[Any]]:
    """Return means over the answered rows of each runner and tissue, for the parameterisation.

    Whatever they are, the model is the same; they decide how well it mixes.
    """
    n_runners = int(cell_runner[-1]) + 1
    answered = (rows["pain"] != MISSING) | (rows["settled"] != MISSING)
    runner, tissue = rows["runner"][answered], rows["tissue"][answered]
    of_runner = np.bincount(runner, minlength=n_runners).astype(np.float64)
    of_tissue = np.bincount(tissue, minlength=K).astype(np.float64)
    per_runner = 1.0 / np.maximum(of_runner, 1.0)
    per_tissue = 1.0 / np.maximum(of_tissue, 1.0)

    def sums(values: FloatArray, place: IntArray, size: int) -> FloatArray:
        columns = [np.bincount(place, weights=column, minlength=size) for column in values.T]
        return np.stack(columns, axis=1)

    both = runner * K + tissue
    means: dict[str, NDArray[Any]] = {}
    for name in ("fatigue", "chronic"):
        values = rows[name][answered]
        by_both = sums(values, both, n_runners * K).reshape(n_runners, K, N_BASIS)
        means[f"runner_{name}"] = by_both * per_runner[:, None, None]
        means[f"tissue_{name}"] = sums(values, tissue, K) * per_tissue[:, None]
    share = np.bincount(both, minlength=n_runners * K).reshape(n_runners, K)
    of_cell = np.bincount(rows["cell"][answered], minlength=cell_runner.size)
    injured = answered & (rows["injury"] != MISSING)
    tau = medians(priors.healing_days)[rows["tissue"][injured]]
    left = np.exp(-rows["days"][injured] / tau) * per_runner[rows["runner"][injured]]
    healed = np.zeros(max(sizes.injuries, 1))
    healed_runner = np.zeros(max(sizes.injuries, 1), np.int64)
    np.add.at(healed, rows["injury"][injured], left)
    healed_runner[rows["injury"][injured]] = rows["runner"][injured]
    return means | {
        "runner_share": share * per_runner[:, None],
        "runner_answered": (of_runner > 0).astype(np.float64),
        "cell_weight": of_cell * per_runner[cell_runner],
        "injury_left": healed,
        "injury_runner": healed_runner,
    }
