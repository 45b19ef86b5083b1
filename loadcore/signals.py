"""Signals before any biomechanics: units, missing and sleeping sensors, clipping, rest.

Everything here is linear in the number of samples. The loops are compiled kernels on float64
arrays that are contiguous by row, one row a sample; the public functions around them check and
explain. NaN means "not observed" throughout: a channel that a sensor lacks is a column of NaN
and stays one.
"""

import math
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loadcore._jit import kernel
from loadcore.constants import STANDARD_GRAVITY_MPS2

__all__ = [
    "AccUnit",
    "GyrUnit",
    "SignalError",
    "acc_unit",
    "as_rows",
    "as_triaxial",
    "check_rate",
    "clipped_samples",
    "finite_runs",
    "finite_segments",
    "gyr_unit",
    "idle_samples",
    "live_columns",
    "static_samples",
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
def finite_runs(x: FloatArray, live: BoolArray) -> IntArray:
    """Return the half-open row ranges in which every live column is finite."""
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


@kernel
def _mark_rail(column: FloatArray, extremum: float, reach: float, out: BoolArray) -> None:
    """Mark plateaus at one extremum: two samples with corners on both sides, or long ties."""
    n = column.size
    i = 0
    while i < n:
        if not abs(column[i] - extremum) <= RAIL_FRACTION * reach:
            i += 1
            continue
        start = i
        ties, longest = 0, 0
        while i < n and abs(column[i] - extremum) <= RAIL_FRACTION * reach:
            ties = ties + 1 if column[i] == extremum else 0
            longest = max(longest, ties)
            i += 1
        corner = RAIL_CORNER * reach
        rises = start == 0 or abs(column[start] - column[start - 1]) >= corner
        falls = i == n or abs(column[i - 1] - column[i]) >= corner
        if (i - start >= 2 and rises and falls) or longest >= RAIL_TIES:
            out[start:i] = True


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
        False where missing.

    Notes
    -----
    load.md A4 marks two consecutive samples within 0.5 % of the channel's extremum. The tops of
    ordinary peaks satisfy that at high rates, so the plateau must also end in corners, or hold
    four identical values; and a channel at rest, whose extremes are a few counts from its
    median, is never at a rail. Clipped stretches are to be left out, not repaired.
    """
    rows = as_rows(x, "x")
    out = np.zeros(rows.shape, dtype=np.bool_)
    for j in range(rows.shape[1]):
        column = np.ascontiguousarray(rows[:, j])
        seen = column[np.isfinite(column)]
        if seen.size < 2:
            continue
        middle = float(np.median(seen))
        steps = np.abs(np.diff(seen))
        count = float(steps.min(where=steps > 0, initial=np.inf))
        for extremum in (float(seen.min()), float(seen.max())):
            reach = abs(extremum - middle)
            if math.isfinite(count) and reach >= RAIL_MIN_COUNTS * count:
                mark = np.zeros(column.size, dtype=np.bool_)
                _mark_rail(column, extremum, reach, mark)
                out[:, j] |= mark
        if full_scale is not None:
            out[:, j] |= np.abs(column) >= FULL_SCALE_FRACTION * full_scale
    return out.reshape(np.shape(x))


@kernel
def _idle_kernel(x: FloatArray, live: BoolArray, min_samples: int, out: BoolArray) -> None:
    """Mark runs of at least ``min_samples`` rows that repeat exactly on every live axis."""
    start = 0
    for i in range(1, x.shape[0] + 1):
        same = i < x.shape[0]
        if same:
            for j in range(x.shape[1]):
                if live[j] and x[i, j] != x[i - 1, j]:
                    same = False
        if not same:
            if i - start >= min_samples:
                out[start:i] = True
            start = i


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
    window = max(2, round(STATIC_WINDOW_S * sampling_rate_hz))
    _static_kernel(rows, live_columns(rows), window, STATIC_SD_MPS2**2, out)
    if not live_columns(rows).any():
        out[:] = False
    return out


UNIT_BLOCK_SAMPLES: Final = 100
"""Block over which quietness is judged when the unit is not known yet. Engineering choice: one
second at a common rate; the test is on relative spread, so the exact length matters little."""
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


def _band_of(value: float, bands: dict[str, tuple[float, float]]) -> str:
    for unit, (low, high) in bands.items():
        if low <= value <= high:
            return unit
    return "unknown"


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
        from it. "unknown" for fewer than 100 complete samples or values that fit no unit.
    """
    rows = as_triaxial(acc, "acc")
    rows = rows[np.isfinite(rows).all(axis=1)]
    n_blocks = rows.shape[0] // UNIT_BLOCK_SAMPLES
    if n_blocks == 0:
        return "unknown"
    blocks = rows[: n_blocks * UNIT_BLOCK_SAMPLES].reshape(n_blocks, UNIT_BLOCK_SAMPLES, 3)
    size = np.sqrt((blocks**2).sum(axis=2))
    mean_size = size.mean(axis=1)
    mean_vector = np.sqrt((blocks.mean(axis=1) ** 2).sum(axis=1))
    typical = float(np.median(mean_size))
    if typical == 0 or float(np.median(mean_vector)) < REMOVED_GRAVITY_RATIO * typical:
        return "gravity_removed"
    spread = np.sqrt(blocks.var(axis=1).sum(axis=1))
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
        From the largest axis's range between its 0.5th and 99.5th percentile.
    """
    rows = as_triaxial(gyr, "gyr")
    rows = rows[np.isfinite(rows).all(axis=1)]
    if rows.shape[0] == 0:
        return "unknown"
    low, high = np.percentile(rows, [0.5, 99.5], axis=0)
    return _band_of(float((high - low).max()), GYR_BANDS)  # type: ignore[return-value]
