"""Signals before any biomechanics: units, missing and sleeping sensors, clipping, rest.

Everything here is linear in the number of samples. The loops are compiled kernels on float64
arrays that are contiguous by row, one row a sample; the public functions around them check and
explain. NaN means "not observed" throughout: a channel that a sensor lacks is a column of NaN
and stays one.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loadcore._jit import kernel
from loadcore.constants import STANDARD_GRAVITY_MPS2

__all__ = [
    "AccUnit",
    "ChannelRanges",
    "GyrUnit",
    "SignalError",
    "acc_unit",
    "all_finite",
    "as_rows",
    "as_triaxial",
    "channel_ranges",
    "check_rate",
    "clipped_rows",
    "clipped_samples",
    "count_observed",
    "finite_runs",
    "finite_segments",
    "gyr_unit",
    "idle_samples",
    "live_columns",
    "median_of",
    "static_samples",
    "true_runs",
]

type FloatArray = NDArray[np.float64]
type BoolArray = NDArray[np.bool_]
type IntArray = NDArray[np.int64]

type AccUnit = Literal["mps2", "g", "mg", "gravity_removed", "unknown"]
type GyrUnit = Literal["radps", "degps", "unknown"]

MIN_SAMPLING_RATE_HZ: Final = 25.0
"""Slowest rate at which a running stride (0.5 s and up) still shows its step harmonic.
Engineering choice: eight samples per step at 3 steps/s."""
MAX_SAMPLING_RATE_HZ: Final = 8000.0
"""Above the fastest output rate of common inertial sensors, 7.68 kHz (LSM6DSV data sheet)."""

IDLE_MIN_S: Final = 1.0
"""Exact constants on all axes for this long are a sleeping sensor. Engineering choice: real
sensors show at least their last bit of noise within a second."""

STATIC_WINDOW_S: Final = 1.0
"""Shortest quiet stretch (load.md A4)."""
STATIC_SD_MPS2: Final = 0.03 * STANDARD_GRAVITY_MPS2
"""Largest standard deviation of specific force in a quiet stretch (load.md A4)."""

FULL_SCALE_FRACTION: Final = 0.98
"""A single sample above this share of full scale is clipped (load.md A4)."""
RAIL_FRACTION: Final = 0.005
"""Samples this close to the channel's extremum, as a share of the channel's reach, are at the
rail (load.md A4)."""
RAIL_CORNER: Final = 0.04
"""A plateau with at least this drop, as a share of the reach, within one sample on both sides is
a rail. Engineering choice: a parabolic peak with two samples inside ``RAIL_FRACTION`` drops by at
most eight times that fraction beside them."""
RAIL_TIES: Final = 4
"""So many bit-identical samples in a row at the extremum are a rail whatever surrounds them.
Engineering choice: a smooth peak's top does not stay within one count for four samples."""
RAIL_MIN_COUNTS: Final = 32.0
"""A rail lies at least this many counts from the median. Engineering choice: an 8-bit sensor, the
coarsest in use, has its rail 128 counts from the middle; a resting channel strays by a few."""


LANES: Final = 32
"""Values that are summed side by side where order does not matter. Engineering choice."""


class SignalError(ValueError):
    """A signal that cannot be used, with every reason found.

    Attributes
    ----------
    problems : tuple of str
        One sentence each: what was received, what was expected, what to do.
    """

    problems: tuple[str, ...]

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


def as_rows(x: ArrayLike, name: str) -> FloatArray:
    """Return a contiguous float64 ``(n, k)`` view or copy of an ``(n,)`` or ``(n, k)`` input."""
    rows = np.ascontiguousarray(x, dtype=np.float64)
    if rows.ndim == 1:
        return rows.reshape(-1, 1)
    if rows.ndim != 2:
        raise SignalError(
            f"{name} has {rows.ndim} dimensions; expected (n,) or (n, k), one row a sample"
        )
    return rows


def as_triaxial(x: ArrayLike, name: str) -> FloatArray:
    """Return a contiguous float64 ``(n, 3)`` view or copy; refuse any other shape."""
    rows = np.ascontiguousarray(x, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise SignalError(
            f"{name} has shape {rows.shape}; expected (n, 3), with NaN for a missing axis"
        )
    return rows


def check_rate(sampling_rate_hz: float) -> None:
    """Refuse a sampling rate that is not a positive number."""
    if not (math.isfinite(sampling_rate_hz) and sampling_rate_hz > 0):
        raise SignalError(
            f"sampling_rate_hz is {sampling_rate_hz}; expected a positive number of hertz"
        )


@kernel
def all_finite(x: FloatArray) -> bool:
    """Tell whether every value of a contiguous ``(n, k)`` signal is finite.

    A sum of finite sizes is finite, and sums side by side fill wide registers. Sums that
    overflow only make the answer "no".
    """
    flat = x.reshape(x.size)
    lanes = np.zeros(LANES)
    for start in range(0, flat.size - LANES + 1, LANES):
        part = flat[start : start + LANES]
        for j in range(LANES):
            lanes[j] += abs(part[j])
    total = 0.0
    for i in range(flat.size // LANES * LANES, flat.size):
        total += abs(flat[i])
    for j in range(LANES):
        total += lanes[j]
    return math.isfinite(total)


@kernel
def finite_runs(x: FloatArray, live: BoolArray) -> IntArray:
    """Return the half-open row ranges in which every live column is finite."""
    if x.shape[0] > 0 and all_finite(x):
        whole = np.zeros((1, 2), dtype=np.int64)
        whole[0, 1] = x.shape[0]
        return whole
    runs = np.empty((x.shape[0] // 2 + 1, 2), dtype=np.int64)
    n_runs = 0
    inside = False
    for i in range(x.shape[0]):
        finite = True
        for j in range(x.shape[1]):
            if live[j] and not math.isfinite(x[i, j]):
                finite = False
        if finite and not inside:
            runs[n_runs, 0] = i
        elif inside and not finite:
            runs[n_runs, 1] = i
            n_runs += 1
        inside = finite
    if inside:
        runs[n_runs, 1] = x.shape[0]
        n_runs += 1
    return runs[:n_runs].copy()


@kernel
def median_of(values: FloatArray) -> float:
    """Return the median of some values, which are put in another order; NaN for none.

    Hoare's selection with the middle value as pivot: far quicker to compile than a sort.

    Parameters
    ----------
    values : (n,) float64 array
        Without NaN.
    """
    n = values.size
    if n == 0:
        return math.nan
    low, high, middle = 0, n - 1, n // 2
    while low < high:
        pivot, i, j = values[(low + high) // 2], low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        low, high = (low if middle <= j else i), (high if middle >= i else j)
    below = values[middle]
    if n % 2 == 0:  # the middle of two: the largest of the lower half is the other
        below = values[0]
        for k in range(1, middle):
            below = max(below, values[k])
    median: float = 0.5 * (below + values[middle])
    return median


@kernel
def live_columns(x: FloatArray) -> BoolArray:
    """Return which columns of an ``(n, k)`` signal have any finite sample: the sensor has them.

    Parameters
    ----------
    x : (n, k) float64 array
        Read only up to the first finite sample of each column.

    Returns
    -------
    (k,) bool array
    """
    live = np.zeros(x.shape[1], dtype=np.bool_)
    for j in range(x.shape[1]):
        for i in range(x.shape[0]):
            if math.isfinite(x[i, j]):
                live[j] = True
                break
    return live


@kernel
def count_observed(x: FloatArray) -> int:
    """Return how many rows of an ``(n, k)`` signal have any finite value."""
    if all_finite(x):
        return int(x.shape[0])
    count = 0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if math.isfinite(x[i, j]):
                count += 1
                break
    return count


def finite_segments(x: ArrayLike) -> IntArray:
    """Return the uninterrupted stretches of a signal.

    Parameters
    ----------
    x : (n,) or (n, k) float array
        Columns that are NaN throughout (a channel the sensor lacks) do not count.

    Returns
    -------
    (n_segments, 2) int64 array
        Half-open sample ranges; none for an empty or wholly missing signal.
    """
    rows = as_rows(x, "x")
    live = live_columns(rows)
    if not live.any():
        return np.empty((0, 2), dtype=np.int64)
    return finite_runs(rows, live)


RAIL_BLOCK: Final = 2048
"""Rows over which extremes are kept, so that a search for a rail can pass over most of a signal
unread. Engineering choice: fits the second cache and was the fastest of 512 to 8192."""
MIDDLE_SAMPLES: Final = 10_000
"""A channel's middle is the median of so many samples, evenly spaced. Engineering choice: the
middle only has to lie far from both rails, and sorting a whole channel takes longer than all the
rest of a recording's checks."""


LANE_ROWS: Final = 16
"""Rows that are compared side by side: lanes instead of one running extremum let the compiler use
wide registers. Engineering choice: the fastest of 8 to 64."""


@dataclass(frozen=True)
class ChannelRanges:
    """What one pass over a signal tells about each of its ``k`` columns.

    Attributes
    ----------
    block_low, block_high : (n_blocks, k) float64 array
        Extremes of each ``RAIL_BLOCK`` rows; inf and -inf where all is missing.
    low, high : (k,) float64 array
        Extremes of each column, infinities included; inf and -inf where all is missing.
    is_complete : bool
        Whether every value is finite.
    """

    block_low: FloatArray
    block_high: FloatArray
    low: FloatArray
    high: FloatArray
    is_complete: bool

    @property
    def has_infinity(self) -> BoolArray:
        """Whether a column holds a plus or minus infinity."""
        return np.asarray((self.low == -np.inf) | (self.high == np.inf))


@kernel
def _widen(x: FloatArray, low: FloatArray, high: FloatArray, total: FloatArray, k: int) -> None:
    """Take a block of interleaved channels, ``k`` values a sample, into ``LANE_ROWS`` rows.

    NaN is passed by the extremes. ``total`` sums the sizes: it stays finite while all values are.
    """
    lanes = low.size
    whole = x.size // (2 * lanes) * 2 * lanes
    for start in range(0, whole, 2 * lanes):
        part, next_part = x[start : start + lanes], x[start + lanes : start + 2 * lanes]
        for j in range(lanes):
            a, b = part[j], next_part[j]
            least, most = low[j], high[j]
            least, most = a if a < least else least, a if a > most else most
            low[j], high[j] = b if b < least else least, b if b > most else most
            total[j] += abs(a) + abs(b)
    for i in range(whole, x.size):
        value, j = x[i], i % k
        low[j] = value if value < low[j] else low[j]
        high[j] = value if value > high[j] else high[j]
        total[j] += abs(value)


@kernel
def _ranges_kernel(x: FloatArray, low: FloatArray, high: FloatArray) -> float:
    """Fill the extremes of each block of rows; return a sum that is finite if every value is."""
    n, k = x.shape
    flat, lanes = x.reshape(n * k), LANE_ROWS * k
    lane_low, lane_high, sizes = np.empty(lanes), np.empty(lanes), np.zeros(lanes)
    for block in range(low.shape[0]):
        for j in range(lanes):
            lane_low[j], lane_high[j] = math.inf, -math.inf
        start, stop = block * RAIL_BLOCK, min((block + 1) * RAIL_BLOCK, n)
        _widen(flat[start * k : stop * k], lane_low, lane_high, sizes, k)
        for j in range(k):
            low[block, j], high[block, j] = math.inf, -math.inf
            for lane in range(j, lanes, k):
                low[block, j] = min(low[block, j], lane_low[lane])
                high[block, j] = max(high[block, j], lane_high[lane])
    total = 0.0
    for j in range(lanes):
        total += sizes[j]
    return total


def channel_ranges(x: ArrayLike) -> ChannelRanges:
    """Measure what each channel of a signal spans.

    Parameters
    ----------
    x : (n,) or (n, k) float array
        Missing samples do not count.
    """
    rows = as_rows(x, "x")
    n_blocks, n_columns = -(-rows.shape[0] // RAIL_BLOCK), rows.shape[1]
    low, high = np.empty((n_blocks, n_columns)), np.empty((n_blocks, n_columns))
    complete = math.isfinite(_ranges_kernel(rows, low, high)) or bool(np.isfinite(rows).all())
    lowest, highest = low.min(axis=0, initial=np.inf), high.max(axis=0, initial=-np.inf)
    return ChannelRanges(low, high, lowest, highest, complete)


class _Rail(NamedTuple):
    """One end of a channel's range: the extremum, and its distance from the channel's middle."""

    extremum: float
    reach: float


@kernel
def _mark_rail(column: FloatArray, rail: _Rail, may: BoolArray, out: BoolArray) -> None:
    """Mark plateaus at one rail: two samples with corners on both sides, or long ties.

    ``may`` tells for each ``RAIL_BLOCK`` whether any of its samples comes near the rail.
    """
    near, corner = RAIL_FRACTION * rail.reach, RAIL_CORNER * rail.reach
    i = 0
    while i < column.size:
        if not may[i // RAIL_BLOCK]:
            i = (i // RAIL_BLOCK + 1) * RAIL_BLOCK
            continue
        start, ties, longest = i, 0, 0
        while i < column.size and abs(column[i] - rail.extremum) <= near:
            ties = ties + 1 if column[i] == rail.extremum else 0
            longest = max(longest, ties)
            i += 1
        if i == start:
            i += 1
            continue
        rises = start == 0 or abs(column[start] - column[start - 1]) >= corner
        falls = i == column.size or abs(column[i - 1] - column[i]) >= corner
        if (i - start >= 2 and rises and falls) or longest >= RAIL_TIES:
            out[start:i] = True


def _middle(column: FloatArray) -> float:
    """Return about the median of a channel that has finite samples."""
    some = column[:: 1 + column.size // MIDDLE_SAMPLES]
    some = some[np.isfinite(some)]
    return median_of(some if some.size > 0 else column[np.isfinite(column)])


@kernel
def _changes_by_no_more(column: FloatArray, step: float) -> bool:
    """Tell whether a channel ever changes from one sample to the next, and by no more than this."""
    i = 1
    while i < column.size and not 0.0 < abs(column[i] - column[i - 1]) <= step:
        i += 1
    return i < column.size


@kernel
def _two_stay_near(column: FloatArray, extremum: float, near: float, may: BoolArray) -> bool:
    """Tell whether two samples in a row lie near an extremum; ``may`` as for `_mark_rail`.

    One of two in a row is an odd one: only those are looked at first.
    """
    n = column.size
    for block in range(may.size):
        stop = min((block + 1) * RAIL_BLOCK + 1, n) if may[block] else 0
        for i in range(block * RAIL_BLOCK + 1, stop, 2):
            if abs(column[i] - extremum) <= near:
                beside = column[i - 1], column[i + 1] if i + 1 < n else math.nan
                if abs(beside[0] - extremum) <= near or abs(beside[1] - extremum) <= near:
                    return True
    return False


def _mark_clipped(
    column: FloatArray, j: int, ranges: ChannelRanges, full_scale: float | None, out: BoolArray
) -> None:
    """Mark the samples of column ``j`` that are at a rail.

    A rail's reach is shorter than the whole range, so where no two samples in a row lie near an
    extremum by that measure there is no plateau, and the middle need not be known.
    """
    low, high = float(ranges.low[j]), float(ranges.high[j])
    if not low < high or ranges.has_infinity[j]:
        return
    widest = RAIL_FRACTION * (high - low)
    middle = math.nan
    for extremum, block_extremum in ((low, ranges.block_low), (high, ranges.block_high)):
        near = np.abs(block_extremum[:, j] - extremum) <= widest
        if not _two_stay_near(column, extremum, widest, near):
            continue
        middle = _middle(column) if math.isnan(middle) else middle
        rail = _Rail(extremum, abs(extremum - middle))
        if _changes_by_no_more(column, rail.reach / RAIL_MIN_COUNTS):
            may = np.abs(block_extremum[:, j] - extremum) <= RAIL_FRACTION * rail.reach
            _mark_rail(column, rail, may, out)
    if full_scale is not None and max(abs(low), abs(high)) >= FULL_SCALE_FRACTION * full_scale:
        out |= np.abs(column) >= FULL_SCALE_FRACTION * full_scale


def clipped_samples(x: ArrayLike, full_scale: float | None = None) -> BoolArray:
    """Mark samples at a rail of their channel.

    Parameters
    ----------
    x : (n,) or (n, k) float array
        In sensor axes, before any rotation or filter.
    full_scale : float, optional
        Range of the sensor in the unit of ``x``; single samples above 98 % of it count too.

    Returns
    -------
    bool array of the shape of ``x``
        False where missing, and throughout a channel that holds infinities.

    Notes
    -----
    load.md A4 marks two consecutive samples within 0.5 % of the channel's extremum. The tops of
    ordinary peaks satisfy that at high rates, so the plateau must also end in corners, or hold
    four identical values; and a channel at rest, whose extremes are a few counts from its
    median, is never at a rail. Clipped stretches are to be left out, not repaired.
    """
    rows = as_rows(x, "x")
    ranges = channel_ranges(rows)
    out = np.zeros(rows.shape, dtype=np.bool_)
    for j in range(rows.shape[1]):
        _mark_clipped(rows[:, j], j, ranges, full_scale, out[:, j])
    return out.reshape(np.shape(x))


def clipped_rows(
    x: ArrayLike, full_scale: float | None = None, ranges: ChannelRanges | None = None
) -> BoolArray:
    """Mark rows with a sample at a rail of its channel: any column of :func:`clipped_samples`.

    Parameters
    ----------
    x : (n,) or (n, k) float array
        In sensor axes.
    full_scale : float, optional
        Range of the sensor in the unit of ``x``.
    ranges : ChannelRanges, optional
        Of ``x``; measured here if not given.

    Returns
    -------
    (n,) bool array
    """
    rows = as_rows(x, "x")
    ranges = channel_ranges(rows) if ranges is None else ranges
    out = np.zeros(rows.shape[0], dtype=np.bool_)
    for j in range(rows.shape[1]):
        _mark_clipped(rows[:, j], j, ranges, full_scale, out)
    return out


@kernel
def _repeats(x: FloatArray, live: BoolArray, i: int) -> bool:
    """Tell whether row ``i`` equals the row before it on every live axis."""
    changed = False
    for j in range(x.shape[1]):
        changed |= live[j] and x[i, j] != x[i - 1, j]
    return not changed


@kernel
def _idle_kernel(x: FloatArray, live: BoolArray, min_samples: int, out: BoolArray) -> None:
    """Mark runs of at least ``min_samples`` rows that repeat exactly on every live axis.

    Such a run repeats at one of any ``min_samples - 1`` rows in a row, so only every so many-th
    is looked at first.
    """
    every, n = min_samples - 1, x.shape[0]
    stop = 0
    for probe in range(every, n, every):
        if probe < stop or not _repeats(x, live, probe):
            continue
        start, stop = probe - 1, probe + 1
        while start > 0 and _repeats(x, live, start):
            start -= 1
        while stop < n and _repeats(x, live, stop):
            stop += 1
        if stop - start >= min_samples:
            out[start:stop] = True


def idle_samples(x: ArrayLike, sampling_rate_hz: float) -> BoolArray:
    """Mark a sleeping sensor: exact constants on all axes. These are missing data, not rest.

    Parameters
    ----------
    x : (n,) or (n, k) float array
        All axes of one sensor; columns of NaN do not count.
    sampling_rate_hz : float
        Samples a second.

    Returns
    -------
    (n,) bool array
        True for runs of at least ``IDLE_MIN_S`` seconds.
    """
    rows = as_rows(x, "x")
    check_rate(sampling_rate_hz)
    out = np.zeros(rows.shape[0], dtype=np.bool_)
    live = live_columns(rows)
    if live.any():
        _idle_kernel(rows, live, max(2, math.ceil(IDLE_MIN_S * sampling_rate_hz)), out)
    return out


@kernel
def _static_kernel(
    x: FloatArray, live: BoolArray, window: int, variance_limit: float, out: BoolArray
) -> None:
    """Mark every window whose variance, summed over the live axes, is below the limit."""
    n_columns = x.shape[1]
    total = np.zeros(n_columns)
    square = np.zeros(n_columns)
    last_missing = -1
    marked = 0
    for i in range(x.shape[0]):
        variance = 0.0
        for j in range(n_columns):
            if not live[j]:
                continue
            if not math.isfinite(x[i, j]):
                last_missing = i
                continue
            total[j] += x[i, j]
            square[j] += x[i, j] ** 2
        if last_missing == i:
            total[:] = 0.0
            square[:] = 0.0
            continue
        length = i - last_missing
        if length > window:
            for j in range(n_columns):
                if live[j]:
                    total[j] -= x[i - window, j]
                    square[j] -= x[i - window, j] ** 2
        if length < window:
            continue
        for j in range(n_columns):
            if live[j]:
                variance += square[j] / window - (total[j] / window) ** 2
        if variance < variance_limit:
            out[max(marked, i + 1 - window) : i + 1] = True
            marked = i + 1


STATIC_PARTS: Final = 4
"""A window is looked at in so many parts, and in each at every so many-th row, before its variance
is followed sample by sample. Engineering choice: movement shows in a sixteenth of the samples."""
STATIC_FEW_ROWS: Final = 12
"""Rows of a part that are looked at first, at high rates. Engineering choice: 50 a second."""


@kernel
def _scatter(x: FloatArray, live: BoolArray, every: int) -> float:
    """Return the squared distances of every so many-th row from their mean, live axes together."""
    scatter = 0.0
    for j in range(x.shape[1]):
        total, square = 0.0, 0.0
        for i in range(0, x.shape[0], every):
            total += x[i, j]
            square += x[i, j] * x[i, j]
        if live[j]:
            scatter += square - total * total / (1 + (x.shape[0] - 1) // every)
    return scatter


@kernel
def _quiet_parts(x: FloatArray, live: BoolArray, part: int, square_limit: float) -> BoolArray:
    """Tell of which parts some rows scatter so little that a quiet window may hold them.

    Squared distances from a mean only grow with the rows that take part, so no quiet window is
    missed, and where there are many rows a few of them tell most parts that move.
    """
    quiet = np.zeros(x.shape[0] // part, dtype=np.bool_)
    for i in range(quiet.size):
        rows, looked_on = x[i * part : (i + 1) * part], True
        for every in (part // STATIC_FEW_ROWS, STATIC_PARTS):
            if looked_on and every >= STATIC_PARTS:
                looked_on = _scatter(rows, live, every) <= square_limit
        quiet[i] = looked_on
    return quiet


@kernel
def true_runs(mask: BoolArray) -> IntArray:
    """Return the half-open ranges in which a mask is true.

    Parameters
    ----------
    mask : (n,) bool array

    Returns
    -------
    (n_runs, 2) int64 array
    """
    runs = np.empty((mask.size // 2 + 1, 2), dtype=np.int64)
    n_runs, inside = 0, False
    for i in range(mask.size):
        if mask[i] != inside:
            runs[n_runs, 1 if inside else 0] = i
            n_runs += 1 if inside else 0
            inside = not inside
    if inside:
        runs[n_runs, 1] = mask.size
        n_runs += 1
    return runs[:n_runs].copy()


def static_samples(acc_mps2: ArrayLike, sampling_rate_hz: float) -> BoolArray:
    """Mark quiet stretches: at least one second with specific force steady to 0.03 g.

    Parameters
    ----------
    acc_mps2 : (n, 3) float array
        Columns of NaN do not count; a missing sample ends a stretch.
    sampling_rate_hz : float
        Samples a second.

    Returns
    -------
    (n,) bool array
        True in every window of one second whose standard deviation (root of the variances'
        sum over the axes) is below ``STATIC_SD_MPS2``. A sleeping sensor also looks steady: see
        :func:`idle_samples`.
    """
    rows = as_triaxial(acc_mps2, "acc_mps2")
    check_rate(sampling_rate_hz)
    out = np.zeros(rows.shape[0], dtype=np.bool_)
    live = live_columns(rows)
    if not live.any():
        return out
    window = max(2, round(STATIC_WINDOW_S * sampling_rate_hz))
    part = max(1, window // STATIC_PARTS)
    # Rounding of the sums must not hide a window: a tenth more is looked at than is quiet.
    quiet = _quiet_parts(rows, live, part, 1.1 * window * STATIC_SD_MPS2**2)
    for first, last in true_runs(quiet):
        near = slice(max(0, (first - 1) * part), (last + 1) * part)
        _static_kernel(rows[near], live, window, STATIC_SD_MPS2**2, out[near])
    return out


UNIT_BLOCK_SAMPLES: Final = 100
"""Block over which quietness is judged when the unit is not known yet. Engineering choice: one
second at a common rate; the test is on relative spread, so the exact length matters little."""
MAX_UNIT_BLOCKS: Final = 1000
"""So many blocks, evenly spaced, tell a unit as well as all of them. Engineering choice: in an
hour one lies in every four seconds, so that standing still is seen."""
QUIET_RELATIVE_SD: Final = 0.03
"""Spread of a quiet block relative to its mean: load.md A4's 0.03 g over 1 g."""
REMOVED_GRAVITY_RATIO: Final = 0.15
"""Mean vector over mean size, below which gravity is not in the signal. Engineering choice: 0.3
and more with gravity even in a swinging foot, about 0.05 without."""
STATIC_BANDS: Final = {"g": (0.9, 1.1), "mps2": (8.8, 10.8), "mg": (900.0, 1100.0)}
"""Resting specific force in each unit (load.md A4)."""
MOVING_BANDS: Final = {"g": (0.5, 4.0), "mps2": (5.0, 40.0), "mg": (500.0, 4000.0)}
"""Median size of specific force in gait, no rest in the recording. Engineering choice: half to
four times gravity; the bands do not meet."""
GYR_BANDS: Final = {"radps": (2.0, 70.0), "degps": (100.0, 4500.0)}
"""Peak-to-peak rate in gait: 8 to 25 rad/s, 450 to 1500 deg/s at a running shank (load.md A4),
widened to walking, trunk sensors and the range of common gyroscopes (2000 deg/s either way)."""


GYR_UNIT_SAMPLES: Final = 10_000
"""So many samples tell a unit as well as all of them. Engineering choice: 50 lie beyond either
percentile, and the bands are a factor of 50 apart."""


def _band_of(value: float, bands: dict[str, tuple[float, float]]) -> str:
    for unit, (low, high) in bands.items():
        if low <= value <= high:
            return unit
    return "unknown"


@kernel
def _unit_block(x: FloatArray) -> tuple[float, float, float]:
    """Return mean size, size of the mean and spread of a block's complete rows.

    All NaN where fewer than half are complete.
    """
    size, square, x_sum, y_sum, z_sum, n = 0.0, 0.0, 0.0, 0.0, 0.0, 0
    for i in range(x.shape[0]):
        squared = x[i, 0] * x[i, 0] + x[i, 1] * x[i, 1] + x[i, 2] * x[i, 2]
        if squared < math.inf:
            size += math.sqrt(squared)
            square += squared
            x_sum += x[i, 0]
            y_sum += x[i, 1]
            z_sum += x[i, 2]
            n += 1
    if 2 * n < x.shape[0]:
        return math.nan, math.nan, math.nan
    mean_square = (x_sum**2 + y_sum**2 + z_sum**2) / n**2
    return size / n, math.sqrt(mean_square), math.sqrt(max(square / n - mean_square, 0.0))


@kernel
def _unit_blocks(x: FloatArray, every: int, out: FloatArray) -> None:
    """Measure every so many-th block of ``UNIT_BLOCK_SAMPLES`` rows."""
    for i in range(out.shape[0]):
        start = i * every * UNIT_BLOCK_SAMPLES
        out[i, 0], out[i, 1], out[i, 2] = _unit_block(x[start : start + UNIT_BLOCK_SAMPLES])


def acc_unit(acc: ArrayLike) -> AccUnit:
    """Infer an accelerometer's unit from the recording itself.

    Parameters
    ----------
    acc : (n, 3) float array
        Raw values in sensor axes, all axes present.

    Returns
    -------
    {"mps2", "g", "mg", "gravity_removed", "unknown"}
        From the median size in quiet blocks if there are any, else over all movement.
        "gravity_removed" is what phones call linear acceleration: orientation cannot be found
        from it. "unknown" for fewer than 100 samples, for less than half of them complete
        wherever one looks, or for values that fit no unit.
    """
    rows = as_triaxial(acc, "acc")
    n_blocks = rows.shape[0] // UNIT_BLOCK_SAMPLES
    every = 1 + n_blocks // MAX_UNIT_BLOCKS
    measured = np.empty((n_blocks // every, 3))
    _unit_blocks(rows, every, measured)
    mean_size, mean_vector, spread = measured[np.isfinite(measured[:, 0])].T
    if mean_size.size == 0:
        return "unknown"
    typical = float(np.median(mean_size))
    if typical == 0 or float(np.median(mean_vector)) < REMOVED_GRAVITY_RATIO * typical:
        return "gravity_removed"
    quiet = (spread < QUIET_RELATIVE_SD * mean_vector) & (mean_vector > 0)
    unit = "unknown"
    if quiet.any():
        unit = _band_of(float(np.median(mean_vector[quiet])), STATIC_BANDS)
    if unit == "unknown":
        unit = _band_of(typical, MOVING_BANDS)
    return unit  # type: ignore[return-value]


def gyr_unit(gyr: ArrayLike) -> GyrUnit:
    """Infer a gyroscope's unit from a recording of gait.

    Parameters
    ----------
    gyr : (n, 3) float array
        Raw values; must contain walking or running (rest alone cannot tell).

    Returns
    -------
    {"radps", "degps", "unknown"}
        From the largest axis's range between its 0.5th and 99.5th percentile, over at most
        ``GYR_UNIT_SAMPLES`` samples, evenly spaced.
    """
    rows = as_triaxial(gyr, "gyr")
    some = rows[:: 1 + rows.shape[0] // GYR_UNIT_SAMPLES]
    if not np.isfinite(some).all(axis=1).any():
        some = rows
    rows = some[np.isfinite(some).all(axis=1)]
    if rows.shape[0] == 0:
        return "unknown"
    low, high = np.percentile(rows, [0.5, 99.5], axis=0)
    return _band_of(float((high - low).max()), GYR_BANDS)  # type: ignore[return-value]
