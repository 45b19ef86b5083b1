"""Time stamps: measured rates, gaps, resampling onto an even grid, drift between clocks."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loadcore._jit import kernel
from loadcore.signals import SignalError, as_rows, check_rate, live_columns

__all__ = [
    "ClockFit",
    "Timing",
    "clock_drift",
    "find_segments",
    "measure_timing",
    "resample",
]

type FloatArray = NDArray[np.float64]
type BoolArray = NDArray[np.bool_]
type IntArray = NDArray[np.int64]

MAX_GAP_SAMPLES: Final = 2
"""Longest gap, in missing samples, that is interpolated (load.md A4)."""
MAX_GAP_S: Final = 0.010
"""Longest gap, in seconds, that is interpolated (load.md A4)."""
GAP_INTERVAL_RATIO: Final = 2.5
"""Intervals longer than this many medians are gaps, not jitter, when the rate is measured.
Engineering choice: between stamps of pyshoe_vicon (1 to 9 ms at 5 ms, nothing missing) and two
lost samples."""

SINC_ZERO_CROSSINGS: Final = 16
"""Half-width of the resampling kernel in zero crossings. Engineering choice: with the window
below the pass band is flat to 0.1 % up to 85 % of the lower Nyquist frequency."""
SINC_TABLE_STEPS: Final = 512
"""Table entries per zero crossing; linear interpolation between them errs by under 1e-5."""
SINC_KAISER_BETA: Final = 8.0
"""Kaiser window's shape: stop band near -80 dB (Kaiser 1974)."""


@dataclass(frozen=True)
class Timing:
    """What the time stamps say about the sampling.

    Attributes
    ----------
    sampling_rate_hz : float
        Samples per observed second, gaps left out; NaN with fewer than two time stamps.
    jitter_s : float
        Standard deviation of the sample interval, gaps left out.
    n_gaps : int
        Intervals too long to be interpolated.
    missing_s : float
        Time inside those gaps.
    """

    sampling_rate_hz: float
    jitter_s: float
    n_gaps: int
    missing_s: float


def _check_times(time_s: ArrayLike) -> FloatArray:
    times = np.ascontiguousarray(time_s, dtype=np.float64)
    if times.ndim != 1:
        raise SignalError(f"time_s has shape {times.shape}; expected (n,)")
    if not np.isfinite(times).all():
        raise SignalError("time_s holds missing values; expected one finite stamp a sample")
    n_bad = int(np.count_nonzero(np.diff(times) <= 0))
    if n_bad:
        raise SignalError(
            f"time_s stands still or goes back {n_bad} times; expected strictly increasing "
            "stamps: sort and drop repeated samples first"
        )
    return times


def _is_gap(interval_s: FloatArray, sampling_rate_hz: float) -> BoolArray:
    missing_s = interval_s - 1.0 / sampling_rate_hz
    missing_samples = np.rint(missing_s * sampling_rate_hz)
    # One part in a thousand of a sample absorbs rounding of the stamps, not real gaps.
    slack_s = 1e-3 / sampling_rate_hz
    return (missing_samples > MAX_GAP_SAMPLES) & (missing_s > MAX_GAP_S + slack_s)


def measure_timing(time_s: ArrayLike) -> Timing:
    """Measure sampling rate, jitter and gaps from time stamps, never from a nominal rate.

    Parameters
    ----------
    time_s : (n,) float array
        Strictly increasing seconds.

    Returns
    -------
    Timing
        NaN rate and jitter with fewer than two samples.

    Raises
    ------
    SignalError
        If the stamps are missing somewhere, stand still or go back.

    Notes
    -----
    The rate is the number of short intervals over their sum, not the inverse median interval:
    stamps rounded to milliseconds would make 125 Hz out of 128 Hz.
    """
    interval_s = np.diff(_check_times(time_s))
    if interval_s.size == 0:
        return Timing(math.nan, math.nan, 0, 0.0)
    regular = interval_s[interval_s <= GAP_INTERVAL_RATIO * np.median(interval_s)]
    rate_hz = float(regular.size / regular.sum())
    gap = _is_gap(interval_s, rate_hz)
    missing_s = float((interval_s[gap] - 1.0 / rate_hz).sum())
    return Timing(rate_hz, float(regular.std()), int(np.count_nonzero(gap)), missing_s)


def find_segments(time_s: ArrayLike, sampling_rate_hz: float | None = None) -> IntArray:
    """Split a recording at gaps too long to be interpolated.

    A gap of at most ``MAX_GAP_SAMPLES`` missing samples or ``MAX_GAP_S`` seconds stays inside a
    segment (load.md A4).

    Parameters
    ----------
    time_s : (n,) float array
        Strictly increasing seconds.
    sampling_rate_hz : float, optional
        Measured from the stamps if not given.

    Returns
    -------
    (n_segments, 2) int64 array
        Half-open sample ranges that together cover every sample; none for an empty recording.

    Raises
    ------
    SignalError
        If the stamps are missing somewhere, stand still or go back.
    """
    times = _check_times(time_s)
    if times.size == 0:
        return np.empty((0, 2), dtype=np.int64)
    if times.size == 1:
        return np.array([[0, 1]], dtype=np.int64)
    if sampling_rate_hz is None:
        sampling_rate_hz = measure_timing(times).sampling_rate_hz
    check_rate(sampling_rate_hz)
    cuts = np.flatnonzero(_is_gap(np.diff(times), sampling_rate_hz)) + 1
    edges = np.concatenate(([0], cuts, [times.size])).astype(np.int64)
    return np.column_stack((edges[:-1], edges[1:]))


def _sinc_table() -> FloatArray:
    """Return half of a Kaiser-windowed sinc, tabulated over its zero crossings."""
    u = np.arange(SINC_ZERO_CROSSINGS * SINC_TABLE_STEPS + 2) / SINC_TABLE_STEPS
    window_argument = np.sqrt(np.maximum(1.0 - (u / SINC_ZERO_CROSSINGS) ** 2, 0.0))
    window = np.i0(SINC_KAISER_BETA * window_argument) / np.i0(SINC_KAISER_BETA)
    return np.asarray(np.sinc(u) * window * (u <= SINC_ZERO_CROSSINGS), dtype=np.float64)


@kernel
def _table_weight(table: FloatArray, u: float) -> float:
    """Return the windowed sinc at a distance of ``u`` zero crossings."""
    position = abs(u) * SINC_TABLE_STEPS
    i = int(position)
    if i >= table.size - 1:
        return 0.0
    return float(table[i] + (position - i) * (table[i + 1] - table[i]))


@kernel
def _sinc_kernel(
    x: FloatArray, position: FloatArray, band: float, table: FloatArray, out: FloatArray
) -> None:
    """Evaluate ``x`` at fractional row numbers; ``band`` < 1 also removes what would alias.

    Weights are scaled to sum to one, which keeps a constant constant up to the ends.
    """
    half = SINC_ZERO_CROSSINGS / band
    for i in range(position.size):
        first = max(0, math.ceil(position[i] - half))
        last = min(x.shape[0] - 1, math.floor(position[i] + half))
        total = 0.0
        out[i] = 0.0
        for m in range(first, last + 1):
            weight = _table_weight(table, (position[i] - m) * band)
            total += weight
            for j in range(x.shape[1]):
                out[i, j] += weight * x[m, j]
        for j in range(x.shape[1]):
            out[i, j] /= total


def _fill_lost_samples(
    times: FloatArray, rows: FloatArray, rate_hz: float
) -> tuple[FloatArray, FloatArray]:
    """Insert the samples lost in short gaps by straight lines, so that rows are evenly spaced."""
    lost = np.maximum(np.rint(np.diff(times) * rate_hz).astype(np.int64) - 1, 0)
    if not lost.any():
        return times, rows
    source = np.arange(times.size, dtype=np.float64)
    target = np.interp(
        np.arange(times.size + int(lost.sum())), source + np.append(0, np.cumsum(lost)), source
    )
    filled = np.column_stack([np.interp(target, source, column) for column in rows.T])
    return np.interp(target, source, times), filled


def resample(
    x: ArrayLike, time_s: ArrayLike, sampling_rate_hz: float
) -> tuple[FloatArray, FloatArray]:
    """Resample once, with anti-aliasing, onto an even grid.

    Parameters
    ----------
    x : (n,) or (n, k) float array
        Samples at ``time_s``; a column of NaN stays one.
    time_s : (n,) float array
        Strictly increasing seconds, with jitter, drift and gaps as they came.
    sampling_rate_hz : float
        Rate wanted.

    Returns
    -------
    time_s : (m,) float64 array
        Even grid from the first stamp to at most the last.
    x : (m,) or (m, k) float64 array
        NaN inside gaps that are too long to be interpolated (:func:`find_segments`), and where a
        sample of any channel was missing.

    Raises
    ------
    SignalError
        If lengths differ, the rate is not positive, or stamps stand still or go back.

    Notes
    -----
    A Kaiser-windowed sinc over the samples' own positions in time, cut at the lower of the two
    Nyquist frequencies. Short gaps are first filled by straight lines.
    """
    rows, times = as_rows(x, "x"), _check_times(time_s)
    check_rate(sampling_rate_hz)
    if rows.shape[0] != times.size:
        raise SignalError(
            f"x has {rows.shape[0]} samples, time_s {times.size}; expected one stamp a sample"
        )
    shape_tail = np.shape(x)[1:]
    if times.size < 2:
        return times.copy(), np.asarray(rows.copy().reshape((-1, *shape_tail)))
    source_hz = measure_timing(times).sampling_rate_hz
    # A thousandth of a sample of slack keeps the last stamp when the rates agree.
    n_out = int((times[-1] - times[0]) * sampling_rate_hz + 1e-3) + 1
    grid_s = times[0] + np.arange(n_out) / sampling_rate_hz
    live = live_columns(rows)
    out = np.full((n_out, rows.shape[1]), np.nan)
    table = _sinc_table()
    band = min(1.0, sampling_rate_hz / source_hz)
    present = np.isfinite(rows[:, live]).all(axis=1) & bool(live.any())
    times, rows = times[present], np.ascontiguousarray(rows[present][:, live])
    for start, stop in find_segments(times, source_hz):
        seg_s, seg = _fill_lost_samples(times[start:stop], rows[start:stop], source_hz)
        slack_s = 1e-3 / sampling_rate_hz
        i0, i1 = np.searchsorted(grid_s, (seg_s[0] - slack_s, seg_s[-1] + slack_s))
        position = np.interp(grid_s[i0:i1], seg_s, np.arange(seg_s.size, dtype=np.float64))
        piece = np.empty((position.size, seg.shape[1]))
        _sinc_kernel(seg, position, band, table, piece)
        out[i0:i1, live] = piece
    return grid_s, out.reshape((-1, *shape_tail))


@dataclass(frozen=True)
class ClockFit:
    """Line from a device's clock to a reference clock: t_reference = offset_s + rate * t_device.

    Attributes
    ----------
    offset_s, rate : float
        The line.
    residual_sd_s : float
        Spread of the events about it, robust (1.4826 times the median absolute deviation).
    n_used : int
        Events not set aside as outliers.
    """

    offset_s: float
    rate: float
    residual_sd_s: float
    n_used: int


MAD_TO_SD: Final = 1.4826
"""Standard deviation of a normal variable in units of its median absolute deviation."""
OUTLIER_SDS: Final = 3.0
"""Events further off than this are set aside. Engineering choice: the usual three sigma."""


def clock_drift(device_s: ArrayLike, reference_s: ArrayLike) -> ClockFit:
    """Fit a robust line between two clocks over shared events.

    Parameters
    ----------
    device_s, reference_s : (n,) float array
        Times of the same events on both clocks, in order; at least two.

    Returns
    -------
    ClockFit
        From Theil's incomplete method (each event paired with the one half the list later,
        linear in n), refined by least squares over events within three robust standard
        deviations. Tolerates about a quarter of gross outliers.

    Raises
    ------
    SignalError
        With fewer than two events, unequal lengths, missing values, or unordered events.

    References
    ----------
    Theil 1950, A rank-invariant method of linear and polynomial regression analysis.
    """
    device = _check_times(device_s)
    reference = np.asarray(reference_s, dtype=np.float64)
    if device.shape != reference.shape or device.size < 2 or not np.isfinite(reference).all():
        raise SignalError(
            f"device_s has shape {device.shape}, reference_s {reference.shape}; expected two "
            "equally long, complete lists of at least two events"
        )
    half = device.size // 2
    slopes = (reference[half:] - reference[: device.size - half]) / (
        device[half:] - device[: device.size - half]
    )
    rate = float(np.median(slopes))
    offset = float(np.median(reference - rate * device))
    residual = reference - offset - rate * device
    spread = MAD_TO_SD * float(np.median(np.abs(residual)))
    # Rounding alone leaves residuals of this size; below it nothing is an outlier.
    floor = 1e-9 * max(1.0, float(np.abs(reference).max()))
    keep = np.abs(residual) <= max(OUTLIER_SDS * spread, floor)
    centre = device[keep].mean()
    centred = device[keep] - centre
    if centred.any():
        rate = float((centred * reference[keep]).sum() / (centred**2).sum())
        offset = float(reference[keep].mean() - rate * centre)
    residual = reference[keep] - offset - rate * device[keep]
    spread = MAD_TO_SD * float(np.median(np.abs(residual - np.median(residual))))
    return ClockFit(offset, rate, spread, int(np.count_nonzero(keep)))
