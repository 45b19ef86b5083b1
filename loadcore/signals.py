"""Signals before any biomechanics: units, gaps, clipping, filters, resampling, orientation.

Everything here is linear in the number of samples. The loops are compiled kernels on float64
arrays that are contiguous by row, one row a sample; the public functions around them check and
explain. NaN means "not observed" throughout: a channel that a sensor lacks is a column of NaN
and stays one.

Segment frame (ISB): +x anterior, +y proximal (up), +z right. A positive angular velocity about
+z takes +x towards +y; for a hanging shank or foot that is the forward swing.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loadcore._jit import kernel
from loadcore.constants import SITES, STANDARD_GRAVITY_MPS2, TRUNK_SITES

__all__ = [
    "AccUnit",
    "Alignment",
    "ClockFit",
    "Convention",
    "GyrUnit",
    "SignalError",
    "Timing",
    "acc_unit",
    "align_gravity",
    "align_heading",
    "check_signal",
    "clipped_samples",
    "clock_drift",
    "effective_cutoff_hz",
    "find_segments",
    "finite_segments",
    "gyr_unit",
    "highpass",
    "idle_samples",
    "live_columns",
    "lowpass",
    "lowpass_causal",
    "measure_timing",
    "resample",
    "rotate",
    "static_samples",
]

type FloatArray = NDArray[np.float64]
type BoolArray = NDArray[np.bool_]
type IntArray = NDArray[np.int64]

type Convention = Literal["per_pass", "effective"]
type AccUnit = Literal["mps2", "g", "mg", "gravity_removed", "unknown"]
type GyrUnit = Literal["radps", "degps", "unknown"]

MIN_SAMPLING_RATE_HZ: Final = 25.0
"""Slowest rate at which a running stride (0.5 s and up) still shows its step harmonic.
Engineering choice: eight samples per step at 3 steps/s."""
MAX_SAMPLING_RATE_HZ: Final = 8000.0
"""Above the fastest output rate of common inertial sensors, 7.68 kHz (LSM6DSV data sheet)."""
RATE_TOLERANCE: Final = 0.02
"""Relative disagreement of a stated rate with the time stamps that is still called the same.
Engineering choice: twice the 1 % to which consumer sensors' clocks are trimmed."""

MAX_GAP_SAMPLES: Final = 2
"""Longest gap, in missing samples, that is interpolated (load.md A4)."""
MAX_GAP_S: Final = 0.010
"""Longest gap, in seconds, that is interpolated (load.md A4)."""

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

ZERO_LAG_PASSES: Final = 2
BUTTERWORTH_ORDER: Final = 2
PAD_SAMPLES: Final = 9
"""Odd extension at each end: three times the number of coefficients, as SciPy's filtfilt."""

SINC_ZERO_CROSSINGS: Final = 16
"""Half-width of the resampling kernel in zero crossings. Engineering choice: with the window
below the pass band is flat to 0.1 % up to 85 % of the lower Nyquist frequency."""
SINC_TABLE_STEPS: Final = 512
"""Table entries per zero crossing; linear interpolation between them errs by under 1e-5."""
SINC_KAISER_BETA: Final = 8.0
"""Kaiser window's shape: stop band near -80 dB (Kaiser 1974)."""


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


# ------------------------------------------------------------------------------------------
# Small checks shared by the public functions
# ------------------------------------------------------------------------------------------


def _as_rows(x: ArrayLike, name: str) -> FloatArray:
    """Return a contiguous float64 ``(n, k)`` view or copy of an ``(n,)`` or ``(n, k)`` input."""
    rows = np.ascontiguousarray(x, dtype=np.float64)
    if rows.ndim == 1:
        return rows.reshape(-1, 1)
    if rows.ndim != 2:
        raise SignalError(
            f"{name} has {rows.ndim} dimensions; expected (n,) or (n, k), one row a sample"
        )
    return rows


def _as_triaxial(x: ArrayLike, name: str) -> FloatArray:
    rows = np.ascontiguousarray(x, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise SignalError(
            f"{name} has shape {rows.shape}; expected (n, 3), with NaN for a missing axis"
        )
    return rows


def _check_rate(sampling_rate_hz: float) -> None:
    if not (math.isfinite(sampling_rate_hz) and sampling_rate_hz > 0):
        raise SignalError(
            f"sampling_rate_hz is {sampling_rate_hz}; expected a positive number of hertz"
        )


def _check_cutoff(cutoff_hz: float, sampling_rate_hz: float) -> None:
    _check_rate(sampling_rate_hz)
    if not 0 < cutoff_hz < sampling_rate_hz / 2:
        raise SignalError(
            f"cutoff_hz is {cutoff_hz}; expected between 0 and half the sampling rate "
            f"({sampling_rate_hz / 2:g} Hz): lower the cut-off or use a faster recording"
        )


# ------------------------------------------------------------------------------------------
# Filters
# ------------------------------------------------------------------------------------------


def _winter_factor() -> float:
    """Ratio of warped cut-offs, two passes to one: (2^(1/p) - 1)^(1/2n), Winter 2009 §3.4.4.2."""
    exponent = 1.0 / (2 * BUTTERWORTH_ORDER)
    return float((2.0 ** (1.0 / ZERO_LAG_PASSES) - 1.0) ** exponent)


def _shift_cutoff(cutoff_hz: float, sampling_rate_hz: float, factor: float) -> float:
    """Multiply a cut-off by ``factor`` on the warped (analogue) frequency axis."""
    warped = math.tan(math.pi * cutoff_hz / sampling_rate_hz) * factor
    return sampling_rate_hz / math.pi * math.atan(warped)


def effective_cutoff_hz(
    cutoff_hz: float,
    sampling_rate_hz: float,
    *,
    convention: Convention = "effective",
    kind: Literal["low", "high"] = "low",
) -> float:
    """Return the frequency at which the zero-lag filter's gain is really -3 dB.

    Parameters
    ----------
    cutoff_hz, sampling_rate_hz : float
        As given to :func:`lowpass` or :func:`highpass`.
    convention : {"effective", "per_pass"}
        "effective": the cut-off is that of the two passes together, and is returned as it is.
        "per_pass": each pass was designed at ``cutoff_hz``, as ``filtfilt(butter(2, fc))`` does;
        two passes have gain 0.5 there, and the -3 dB point lies lower (low pass) or higher.
    kind : {"low", "high"}
        Which side passes.

    Raises
    ------
    SignalError
        If the cut-off is not between zero and half the sampling rate.

    References
    ----------
    Winter 2009, Biomechanics and Motor Control of Human Movement, doi 10.1002/9780470549148.
    """
    _check_cutoff(cutoff_hz, sampling_rate_hz)
    if convention == "effective":
        return cutoff_hz
    factor = _winter_factor() if kind == "low" else 1.0 / _winter_factor()
    return _shift_cutoff(cutoff_hz, sampling_rate_hz, factor)


def _butterworth(
    cutoff_hz: float, sampling_rate_hz: float, kind: Literal["low", "high"]
) -> FloatArray:
    """Return b0, b1, b2, a1, a2 of a second-order Butterworth section (bilinear transform)."""
    k = math.tan(math.pi * cutoff_hz / sampling_rate_hz)
    norm = 1.0 / (1.0 + math.sqrt(2.0) * k + k * k)
    a1 = 2.0 * (k * k - 1.0) * norm
    a2 = (1.0 - math.sqrt(2.0) * k + k * k) * norm
    if kind == "low":
        b0 = k * k * norm
        return np.array([b0, 2.0 * b0, b0, a1, a2])
    return np.array([norm, -2.0 * norm, norm, a1, a2])


@kernel
def _steady_state(c: FloatArray) -> tuple[float, float]:
    """Return the section's two states after an endless input of one."""
    gain = (c[0] + c[1] + c[2]) / (1.0 + c[3] + c[4])
    return gain - c[0], c[2] - c[4] * gain


@kernel
def _causal_kernel(x: FloatArray, out: FloatArray, start: int, stop: int, c: FloatArray) -> None:
    """Filter rows [start, stop) once, forwards, starting in the first row's steady state."""
    b0, b1, b2, a1, a2 = c[0], c[1], c[2], c[3], c[4]
    s1, s2 = _steady_state(c)
    z1 = s1 * x[start]
    z2 = s2 * x[start]
    for i in range(start, stop):
        for j in range(x.shape[1]):
            u = x[i, j]
            y = b0 * u + z1[j]
            z1[j] = b1 * u - a1 * y + z2[j]
            z2[j] = b2 * u - a2 * y
            out[i, j] = y


@kernel
def _zero_lag_kernel(x: FloatArray, out: FloatArray, start: int, stop: int, c: FloatArray) -> None:
    """Filter rows [start, stop) forwards, then backwards, with odd extension at both ends.

    The extension is never stored in full: its left part only feeds the states, its right part
    is kept in a few rows because the backward pass starts there.
    """
    b0, b1, b2, a1, a2 = c[0], c[1], c[2], c[3], c[4]
    s1, s2 = _steady_state(c)
    pad = min(PAD_SAMPLES, stop - start - 1)
    n_columns = x.shape[1]
    tail = np.empty((pad, n_columns))
    z1 = s1 * (2.0 * x[start] - x[start + pad])
    z2 = s2 * (2.0 * x[start] - x[start + pad])
    for i in range(-pad, stop - start + pad):
        for j in range(n_columns):
            if i < 0:
                u = 2.0 * x[start, j] - x[start - i, j]
            elif i < stop - start:
                u = x[start + i, j]
            else:
                u = 2.0 * x[stop - 1, j] - x[2 * stop - 2 - start - i, j]
            y = b0 * u + z1[j]
            z1[j] = b1 * u - a1 * y + z2[j]
            z2[j] = b2 * u - a2 * y
            if i >= stop - start:
                tail[i - stop + start, j] = y
            elif i >= 0:
                out[start + i, j] = y
    last = tail[pad - 1] if pad > 0 else out[stop - 1]
    z1 = s1 * last
    z2 = s2 * last
    for i in range(stop - start + pad - 1, -1, -1):
        for j in range(n_columns):
            u = tail[i - stop + start, j] if i >= stop - start else out[start + i, j]
            y = b0 * u + z1[j]
            z1[j] = b1 * u - a1 * y + z2[j]
            z2[j] = b2 * u - a2 * y
            if i < stop - start:
                out[start + i, j] = y
    return


@kernel
def _finite_runs_kernel(x: FloatArray, live: BoolArray) -> IntArray:
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
    rows = _as_rows(x, "x")
    live = live_columns(rows)
    if not live.any():
        return np.empty((0, 2), dtype=np.int64)
    return _finite_runs_kernel(rows, live)


def _filter(x: ArrayLike, coefficients: FloatArray, *, zero_lag: bool) -> FloatArray:
    rows = _as_rows(x, "x")
    live = live_columns(rows)
    compact = rows if live.all() else np.ascontiguousarray(rows[:, live])
    filtered = np.empty_like(compact)
    position = 0
    for start, stop in _finite_runs_kernel(compact, np.ones(compact.shape[1], dtype=np.bool_)):
        filtered[position:start] = np.nan
        run = _zero_lag_kernel if zero_lag else _causal_kernel
        run(compact, filtered, int(start), int(stop), coefficients)
        position = int(stop)
    filtered[position:] = np.nan
    if live.all():
        return filtered.reshape(np.shape(x))
    out = np.full_like(rows, np.nan)
    out[:, live] = filtered
    return out.reshape(np.shape(x))


def lowpass(
    x: ArrayLike,
    cutoff_hz: float,
    sampling_rate_hz: float,
    *,
    convention: Convention = "effective",
) -> FloatArray:
    """Low-pass without delay: a second-order Butterworth filter, forwards and backwards.

    Parameters
    ----------
    x : (n,) or (n, k) float array
        Filtered along the first axis. Each stretch in which all channels are finite is filtered
        on its own: nothing is carried across a gap. A column of NaN stays one.
    cutoff_hz : float
        See ``convention``.
    sampling_rate_hz : float
        Samples a second.
    convention : {"effective", "per_pass"}
        "effective": -3 dB at ``cutoff_hz`` after both passes (Winter's correction). "per_pass":
        each pass designed at ``cutoff_hz``, which is what ``filtfilt(butter(2, fc))`` does; the
        true cut-off is then ``effective_cutoff_hz(..., convention="per_pass")``, about 0.8 fc.

    Returns
    -------
    float64 array of the shape of ``x``
        NaN where a sample of any channel was missing. Empty in, empty out.

    Raises
    ------
    SignalError
        If the cut-off is not between zero and half the sampling rate, or ``x`` has more than two
        dimensions.

    Notes
    -----
    Coefficients in closed form; ends padded by odd extension and started in steady state, as
    SciPy's ``filtfilt``, to which this is equal to rounding. Deviation: a stretch shorter than
    ten samples is padded by what it has instead of being refused.

    References
    ----------
    Winter 2009, doi 10.1002/9780470549148; Gustafsson 1996, doi 10.1109/78.492552.
    """
    _check_cutoff(cutoff_hz, sampling_rate_hz)
    design_hz = cutoff_hz
    if convention == "effective":
        design_hz = _shift_cutoff(cutoff_hz, sampling_rate_hz, 1.0 / _winter_factor())
    return _filter(x, _butterworth(design_hz, sampling_rate_hz, "low"), zero_lag=True)


def highpass(
    x: ArrayLike,
    cutoff_hz: float,
    sampling_rate_hz: float,
    *,
    convention: Convention = "effective",
) -> FloatArray:
    """High-pass without delay; everything else as :func:`lowpass`.

    Parameters
    ----------
    x : (n,) or (n, k) float array
        Filtered along the first axis, stretch by stretch.
    cutoff_hz, sampling_rate_hz : float
        Hertz.
    convention : {"effective", "per_pass"}
        As in :func:`lowpass`; per pass, the true -3 dB point lies above ``cutoff_hz``.

    Returns
    -------
    float64 array of the shape of ``x``

    Raises
    ------
    SignalError
        As :func:`lowpass`.
    """
    _check_cutoff(cutoff_hz, sampling_rate_hz)
    design_hz = cutoff_hz
    if convention == "effective":
        design_hz = _shift_cutoff(cutoff_hz, sampling_rate_hz, _winter_factor())
    return _filter(x, _butterworth(design_hz, sampling_rate_hz, "high"), zero_lag=True)


def lowpass_causal(x: ArrayLike, cutoff_hz: float, sampling_rate_hz: float) -> FloatArray:
    """Low-pass in one forward pass: -3 dB at ``cutoff_hz``, with delay.

    For what only needs a smooth envelope and for streaming; about half the cost of
    :func:`lowpass`. Starts in the steady state of each stretch's first sample.

    Parameters
    ----------
    x : (n,) or (n, k) float array
        Filtered along the first axis, stretch by stretch; missing samples as in :func:`lowpass`.
    cutoff_hz, sampling_rate_hz : float
        Hertz.

    Returns
    -------
    float64 array of the shape of ``x``

    Raises
    ------
    SignalError
        As :func:`lowpass`.
    """
    _check_cutoff(cutoff_hz, sampling_rate_hz)
    return _filter(x, _butterworth(cutoff_hz, sampling_rate_hz, "low"), zero_lag=False)


# ------------------------------------------------------------------------------------------
# Time stamps, gaps, resampling
# ------------------------------------------------------------------------------------------


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


GAP_INTERVAL_RATIO: Final = 2.5
"""Intervals longer than this many medians are gaps, not jitter, when the rate is measured.
Engineering choice: between stamps of pyshoe_vicon (1 to 9 ms at 5 ms, nothing missing) and two
lost samples."""


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
    _check_rate(sampling_rate_hz)
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
    rows, times = _as_rows(x, "x"), _check_times(time_s)
    _check_rate(sampling_rate_hz)
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


# ------------------------------------------------------------------------------------------
# Clipping, sleeping sensors, stillness
# ------------------------------------------------------------------------------------------


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
    rows = _as_rows(x, "x")
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
    rows = _as_rows(x, "x")
    _check_rate(sampling_rate_hz)
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
    rows = _as_triaxial(acc_mps2, "acc_mps2")
    _check_rate(sampling_rate_hz)
    out = np.zeros(rows.shape[0], dtype=np.bool_)
    window = max(2, round(STATIC_WINDOW_S * sampling_rate_hz))
    _static_kernel(rows, live_columns(rows), window, STATIC_SD_MPS2**2, out)
    if not live_columns(rows).any():
        out[:] = False
    return out


# ------------------------------------------------------------------------------------------
# Units
# ------------------------------------------------------------------------------------------

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
    rows = _as_triaxial(acc, "acc")
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
    rows = _as_triaxial(gyr, "gyr")
    rows = rows[np.isfinite(rows).all(axis=1)]
    if rows.shape[0] == 0:
        return "unknown"
    low, high = np.percentile(rows, [0.5, 99.5], axis=0)
    return _band_of(float((high - low).max()), GYR_BANDS)  # type: ignore[return-value]


# ------------------------------------------------------------------------------------------
# Orientation
# ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Alignment:
    """Rotation from one frame to a better one, and how far to trust it.

    Attributes
    ----------
    rotation : (3, 3) float64 array
        Rows are the new axes in old coordinates: ``new = rotation @ old``.
    method : str
        "static" or "tilt_corrected" for gravity; "gyroscope", "acceleration" or "trunk_stance"
        for heading.
    confidence : float
        0 (a guess) to 1 (certain).
    """

    rotation: FloatArray
    method: str
    confidence: float


STATIC_CONFIDENCE: Final = 0.95
"""Quiet standing points up to within a few degrees (Bradach 2023, doi 10.3390/s23136048)."""
TILT_CORRECTED_CONFIDENCE: Final = 0.6
"""Mean specific force of running contains the segment's real mean tilt (load.md A3)."""
STATIC_AGREEMENT_COS: Final = math.cos(math.radians(45.0))
"""Quiet stretches further than this from the moving mean are another posture, or a sensor not
yet strapped on. Engineering choice: twice the mean tilt of a running shank."""
MIN_ALIGNMENT_S: Final = 1.0
"""Shortest movement to average. Engineering choice: one stride and a bit."""


def rotate(x: ArrayLike, rotation: ArrayLike) -> FloatArray:
    """Rotate each row of a signal.

    Parameters
    ----------
    x : (n, 3) float array
        In the old frame.
    rotation : (3, 3) float array
        ``Alignment.rotation``.

    Returns
    -------
    (n, 3) float64 array
        In the new frame; a missing axis makes those new axes NaN that draw on it, and leaves
        the others.

    Raises
    ------
    SignalError
        If a shape is wrong or the matrix is no proper rotation.
    """
    rows = _as_triaxial(x, "x")
    matrix = np.asarray(rotation, dtype=np.float64)
    if matrix.shape != (3, 3) or not (
        np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-9) and np.linalg.det(matrix) > 0
    ):
        raise SignalError(f"rotation is {matrix.tolist()}; expected a proper rotation matrix")
    out = np.zeros_like(rows)
    for new in range(3):
        for old in range(3):
            if matrix[new, old] != 0.0:
                out[:, new] += matrix[new, old] * rows[:, old]
    return out


def _unit(vector: FloatArray) -> FloatArray:
    return vector / math.sqrt(float(vector @ vector))


def _frame_with_up(up: FloatArray) -> FloatArray:
    """Return the smallest rotation that takes ``up`` to +y."""
    y = np.array([0.0, 1.0, 0.0])
    axis = np.cross(up, y)
    sine, cosine = math.sqrt(float(axis @ axis)), float(up @ y)
    if sine < 1e-12:
        return np.eye(3) if cosine > 0 else np.diag([1.0, -1.0, -1.0])
    x, yy, z = axis / sine
    cross = np.array([[0.0, -z, yy], [z, 0.0, -x], [-yy, x, 0.0]])
    return np.asarray(np.eye(3) + sine * cross + (1.0 - cosine) * (cross @ cross))


def align_gravity(
    acc_mps2: ArrayLike, sampling_rate_hz: float, running: ArrayLike | None = None
) -> Alignment:
    """Find which way is up, and turn +y there.

    Parameters
    ----------
    acc_mps2 : (n, 3) float array
        Specific force in sensor axes, gravity included, all axes present.
    sampling_rate_hz : float
        Samples a second.
    running : (n,) bool array, optional
        Steady running; if not given, everything that is not quiet.

    Returns
    -------
    Alignment
        "static": mean specific force of the quiet stretches within 45 degrees of the mean while
        moving (others are sitting, lying, or a sensor on the table). "tilt_corrected": mean over
        movement itself, which for a shank holds its real mean tilt; never mix regression
        constants between the two. Heading is left as the sensor had it.

    Raises
    ------
    SignalError
        If there is neither rest nor a second of movement, or no gravity in the signal.
    """
    acc = _as_triaxial(acc_mps2, "acc_mps2")
    present = np.isfinite(acc).all(axis=1)
    still = static_samples(acc, sampling_rate_hz) & present
    moving = present & ~still
    if running is not None:
        moving &= np.asarray(running, dtype=np.bool_)
    has_moving = np.count_nonzero(moving) >= MIN_ALIGNMENT_S * sampling_rate_hz
    edges = np.flatnonzero(np.diff(np.concatenate(([False], still, [False])).astype(np.int8)))
    total = np.zeros(3)
    for start, stop in edges.reshape(-1, 2):
        stretch = acc[start:stop].sum(axis=0)
        if has_moving and _unit(stretch) @ _unit(acc[moving].mean(axis=0)) < STATIC_AGREEMENT_COS:
            continue
        total += stretch
    if total.any():
        return Alignment(_frame_with_up(_unit(total)), "static", STATIC_CONFIDENCE)
    if not has_moving:
        raise SignalError(
            "acc_mps2 holds neither a quiet second nor a second of movement; expected one of "
            "them to find the vertical: record a few seconds of standing"
        )
    mean = acc[moving].mean(axis=0)
    if math.sqrt(float(mean @ mean)) < REMOVED_GRAVITY_RATIO * STANDARD_GRAVITY_MPS2:
        raise SignalError(
            f"mean specific force is {math.sqrt(float(mean @ mean)):.2f} m/s²; expected about "
            "9.8: gravity was removed, export raw acceleration instead"
        )
    return Alignment(_frame_with_up(_unit(mean)), "tilt_corrected", TILT_CORRECTED_CONFIDENCE)


HEADING_CUTOFF_HZ: Final = 10.0
"""Low pass before a heading is sought. Engineering choice: keeps three harmonics of the step,
drops impact ringing."""
SLOW_RATE_CUTOFF: Final = 0.4
"""The same for slow recordings, as a share of the sampling rate: safely below half of it."""
SWING_QUANTILE: Final = 0.7
"""Fastest share of samples that count as swing: above this quantile of angular speed.
Engineering choice: running swings for 60 to 70 % of a stride, fast in about half of that."""


def _principal_direction(planar: FloatArray) -> tuple[FloatArray, float]:
    """Return the first principal axis of (n, 2) points through the origin, and its share."""
    values, vectors = np.linalg.eigh(planar.T @ planar)
    total = float(values.sum())
    share = float(values[1]) / total if total > 0 else 0.5
    return np.asarray(vectors[:, 1]), share


def _correlation(a: FloatArray, b: FloatArray) -> float:
    """Return the correlation of two signals; 0 where one of them does not change."""
    a, b = a - a.mean(), b - b.mean()
    norm = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / norm if norm > 0 else 0.0


def _point_forward(forward: FloatArray, levelled: FloatArray) -> tuple[FloatArray, float]:
    """Turn an axis (x, z) so that acceleration along it opposes the size of specific force.

    Returns the direction, and 0 to 1 for how plainly the sign was seen.
    """
    along = levelled[:, [0, 2]] @ forward
    correlation = _correlation(along, np.sqrt((levelled**2).sum(axis=1)))
    sign = 1.0 if correlation <= 0 else -1.0
    return sign * forward, min(1.0, abs(correlation) / FULL_CORRELATION)


def _heading_from_gyroscope(gyr: FloatArray) -> tuple[FloatArray, float]:
    """Return a shank's forward direction (x, z) in the levelled frame, and how plainly it shows."""
    horizontal = gyr[:, [0, 2]]
    speed = np.sqrt((gyr**2).sum(axis=1))
    right, share = _principal_direction(horizontal[speed > np.quantile(speed, SWING_QUANTILE)])
    # z = x × y, so a rightward (x, z) of (a, b) belongs to a forward one of (b, -a).
    forward = np.array([right[1], -right[0]])
    pitch = horizontal @ right
    skewness = float((pitch**3).mean()) / max(float((pitch**2).mean()), TINY) ** 1.5
    forward = forward if skewness >= 0 else -forward
    return forward, (2.0 * share - 1.0) * min(1.0, abs(skewness) / FULL_SKEWNESS)


FULL_SKEWNESS: Final = 0.3
"""Skewness of the shank's pitch rate from which its sign is certain: 0.5 to 1.0 in running and
walking of biomac_imu_cycle. Engineering choice: a little over half of the smallest seen."""
FULL_CORRELATION: Final = 0.3
"""Correlation from which the sign of a heading without gyroscope is certain. In running of
biomac_imu_cycle: 0.5 at the pelvis, -0.4 to -0.9 at shank and foot. Engineering choice: below the
smallest seen."""


TINY: Final = 1e-300
"""Keeps a ratio finite where there is no movement at all."""


def _heading_from_acceleration(levelled: FloatArray, site: str) -> tuple[FloatArray, float]:
    """Return the forward direction (x, z) in the levelled frame from specific force alone."""
    horizontal = levelled[:, [0, 2]] - levelled[:, [0, 2]].mean(axis=0)
    if site not in TRUNK_SITES:
        axis, share = _principal_direction(horizontal)
        forward, certainty = _point_forward(axis, levelled)
        return forward, (2.0 * share - 1.0) * certainty
    fall = -np.gradient(levelled[:, 1])
    forward = fall @ horizontal
    size = math.sqrt(float(forward @ forward))
    if size == 0.0:
        return np.array([1.0, 0.0]), 0.0
    forward = forward / size
    return forward, min(1.0, _correlation(horizontal @ forward, fall) / FULL_CORRELATION)


def align_heading(
    acc_mps2: ArrayLike,
    gyr_radps: ArrayLike | None,
    sampling_rate_hz: float,
    site: str,
    gravity: Alignment,
    running: ArrayLike | None = None,
) -> Alignment:
    """Turn a levelled sensor about the vertical until +x points forward: the segment frame.

    Parameters
    ----------
    acc_mps2 : (n, 3) float array
        Specific force in sensor axes.
    gyr_radps : (n, 3) float array or None
        Angular velocity in sensor axes, used at the shank; None, or NaN throughout, if there is
        no gyroscope.
    sampling_rate_hz : float
        Samples a second.
    site : str
        One of ``constants.SITES``.
    gravity : Alignment
        From :func:`align_gravity`.
    running : (n,) bool array, optional
        Steady running; if not given, every complete sample.

    Returns
    -------
    Alignment
        From sensor to segment axes, gravity included. Methods, by sensors and site:

        - "gyroscope" (shank): z is the first principal component of swing angular velocity in
          the horizontal plane. Its sign makes the rate's skewness positive, because the forward
          swing is short and fast.
        - "acceleration" (foot; shank without gyroscope): first principal component of horizontal
          acceleration; its sign makes it oppose the size of specific force, whose peaks in
          running come with rearward acceleration at touch-down and in early swing. A foot with a
          gyroscope is better turned by its stances, see ``contacts_foot.find_stances``.
        - "trunk_stance" (sacrum, waist, hip, with or without gyroscope): forward is the
          horizontal direction whose acceleration follows the *fall* of vertical acceleration,
          because braking goes with its rise and propulsion with its fall, in every stance of
          either leg, while mediolateral acceleration changes sign from leg to leg.

        The last two hold for running; walking can have the opposite sign.
        Confidence multiplies that of ``gravity``, how much one direction stands out, and how
        plainly the sign is seen.

    Raises
    ------
    SignalError
        If the site is unknown or there is less than a second of complete running.

    Notes
    -----
    load.md A3. Deviations: the sign rules. Checked in running on biomac_imu_cycle (all sites, 10
    degrees without and 4 with a gyroscope).
    """
    acc = _as_triaxial(acc_mps2, "acc_mps2")
    _check_rate(sampling_rate_hz)
    if site not in SITES:
        raise SignalError(f"site is {site!r}; expected one of {', '.join(SITES)}")
    used = np.isfinite(acc).all(axis=1)
    if running is not None:
        used &= np.asarray(running, dtype=np.bool_)
    gyr = None
    if site == "shank" and gyr_radps is not None and np.isfinite(gyr_radps).any():
        gyr = _as_triaxial(gyr_radps, "gyr_radps")
        used &= np.isfinite(gyr).all(axis=1)
    if np.count_nonzero(used) < MIN_ALIGNMENT_S * sampling_rate_hz:
        raise SignalError(
            f"only {np.count_nonzero(used)} complete samples of running; expected at least "
            f"{MIN_ALIGNMENT_S:g} s to find the heading: use a longer recording"
        )
    cutoff_hz = min(HEADING_CUTOFF_HZ, SLOW_RATE_CUTOFF * sampling_rate_hz)
    acc = rotate(lowpass(acc[used], cutoff_hz, sampling_rate_hz), gravity.rotation)
    if gyr is not None:
        method = "gyroscope"
        gyr = rotate(lowpass(gyr[used], cutoff_hz, sampling_rate_hz), gravity.rotation)
        forward, confidence = _heading_from_gyroscope(gyr)
    else:
        method = "trunk_stance" if site in TRUNK_SITES else "acceleration"
        forward, confidence = _heading_from_acceleration(acc, site)
    cosine, sine = float(forward[0]), float(forward[1])
    turn = np.array([[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]])
    return Alignment(turn @ gravity.rotation, method, gravity.confidence * max(0.0, confidence))


# ------------------------------------------------------------------------------------------
# All checks at once
# ------------------------------------------------------------------------------------------

MIN_DURATION_S: Final = 2.0
"""Shortest usable recording. Engineering choice: two slow strides."""


def _check_times_agree(time_s: ArrayLike, n: int, sampling_rate_hz: float) -> list[str]:
    times = np.asarray(time_s, dtype=np.float64)
    if times.shape != (n,):
        return [f"time_s has shape {times.shape}; expected ({n},), one stamp a sample"]
    try:
        timing = measure_timing(times)
    except SignalError as error:
        return list(error.problems)
    measured_hz = timing.sampling_rate_hz
    if abs(measured_hz / sampling_rate_hz - 1.0) > RATE_TOLERANCE:
        problem = (
            f"sampling_rate_hz is {sampling_rate_hz:g} but the time stamps say {measured_hz:.4g}; "
            "expected them to agree within 2 %: correct whichever is wrong"
        )
        return [problem]
    return []


def _check_channels(rows: FloatArray, name: str) -> list[str]:
    problems = []
    for j, axis in enumerate("xyz"):
        seen = rows[np.isfinite(rows[:, j]), j]
        if seen.size and float(seen.min()) == float(seen.max()):
            problems.append(
                f"{name} {axis} is {seen[0]:g} throughout; expected a changing signal: if the "
                "sensor lacks this axis, make it missing"
            )
        if np.isinf(rows[:, j]).any():
            problems.append(f"{name} {axis} holds infinities; expected numbers or missing values")
    return problems


def check_signal(
    acc_mps2: ArrayLike,
    sampling_rate_hz: float,
    gyr_radps: ArrayLike | None = None,
    time_s: ArrayLike | None = None,
) -> None:
    """Refuse a recording that cannot be analysed, naming everything that is wrong with it.

    Parameters
    ----------
    acc_mps2 : (n, 3) float array
        Specific force, gravity included; a column of NaN for a missing axis.
    sampling_rate_hz : float
        Samples a second.
    gyr_radps : (n, 3) float array, optional
        Angular velocity.
    time_s : (n,) float array, optional
        Time stamps, compared with the stated rate.

    Raises
    ------
    SignalError
        With all problems found: shapes, rate, length, time stamps, empty or constant channels,
        infinities, units (g, mg, deg/s), gravity removed.
    """
    acc = np.asarray(acc_mps2, dtype=np.float64)
    if acc.ndim != 2 or acc.shape[1] != 3:
        raise SignalError(f"acc_mps2 has shape {acc.shape}; expected (n, 3)")
    if not MIN_SAMPLING_RATE_HZ <= sampling_rate_hz <= MAX_SAMPLING_RATE_HZ:
        raise SignalError(
            f"sampling_rate_hz is {sampling_rate_hz}; expected {MIN_SAMPLING_RATE_HZ:g} to "
            f"{MAX_SAMPLING_RATE_HZ:g}: running cannot be resolved below, nor believed above"
        )
    problems = _check_channels(acc, "acc_mps2")
    n = acc.shape[0]
    seen = np.isfinite(acc).any(axis=1)
    if np.count_nonzero(seen) < MIN_DURATION_S * sampling_rate_hz:
        problems.append(
            f"acc_mps2 has {np.count_nonzero(seen)} samples with a value; expected at least "
            f"{MIN_DURATION_S:g} s ({MIN_DURATION_S * sampling_rate_hz:.0f} samples)"
        )
    unit = acc_unit(acc)
    if unit in ("g", "mg"):
        problems.append(f"acc_mps2 looks like {unit}; expected m/s²: convert it first")
    elif unit == "gravity_removed":
        problems.append(
            "acc_mps2 holds no gravity (linear acceleration); expected raw specific force: "
            "export the raw accelerometer instead"
        )
    if gyr_radps is not None:
        gyr = np.asarray(gyr_radps, dtype=np.float64)
        if gyr.shape != acc.shape:
            problems.append(f"gyr_radps has shape {gyr.shape}; expected {acc.shape} like acc_mps2")
        else:
            problems += _check_channels(gyr, "gyr_radps")
            if gyr_unit(gyr) == "degps":
                problems.append("gyr_radps looks like deg/s; expected rad/s: convert it first")
    if time_s is not None:
        problems += _check_times_agree(time_s, n, sampling_rate_hz)
    if problems:
        raise SignalError(*problems)
