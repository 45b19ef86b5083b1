"""Second-order Butterworth filters: without delay, or in one forward pass.

Each stretch in which all channels are finite is filtered on its own; nothing crosses a gap, and a
channel that a sensor lacks, a column of NaN, stays one.
"""

import math
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loadcore._jit import kernel
from loadcore.signals import (
    SignalError,
    all_finite,
    as_rows,
    check_rate,
    finite_runs,
    live_columns,
)

__all__ = [
    "Convention",
    "effective_cutoff_hz",
    "highpass",
    "lowpass",
    "lowpass_causal",
    "lowpass_four",
]

type FloatArray = NDArray[np.float64]

type Convention = Literal["per_pass", "effective"]

ZERO_LAG_PASSES: Final = 2
BUTTERWORTH_ORDER: Final = 2
TRIAXIAL: Final = 3
"""Columns of an inertial sensor, which are filtered side by side."""
PAD_SAMPLES: Final = 9
"""Odd extension at each end: three times the number of coefficients, as SciPy's filtfilt."""


def _check_cutoff(cutoff_hz: float, sampling_rate_hz: float) -> None:
    check_rate(sampling_rate_hz)
    if not 0 < cutoff_hz < sampling_rate_hz / 2:
        raise SignalError(
            f"cutoff_hz is {cutoff_hz}; expected between 0 and half the sampling rate "
            f"({sampling_rate_hz / 2:g} Hz): lower the cut-off or use a faster recording"
        )


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
def _one_way(
    x: FloatArray, out: FloatArray, c: FloatArray, state: tuple[float, float]
) -> tuple[float, float]:
    """Filter one channel from a state, in the order given; return the state after it.

    The states are written by the input and the states before them, not by the output: that
    leaves one product and one sum from sample to sample, half as long a chain as the usual form.
    """
    b0, a1, a2 = c[0], c[3], c[4]
    c1, c2 = c[1] - a1 * b0, c[2] - a2 * b0
    z1, z2 = state
    for i in range(x.size):
        u = x[i]
        out[i] = b0 * u + z1
        z1, z2 = (c1 * u + z2) - a1 * z1, c2 * u - a2 * z1
    return z1, z2


@kernel
def _causal_kernel(x: FloatArray, out: FloatArray, c: FloatArray) -> None:
    """Filter one channel once, forwards, starting in its first sample's steady state."""
    s1, s2 = _steady_state(c)
    _one_way(x, out, c, (s1 * x[0], s2 * x[0]))


@kernel
def _zero_lag_kernel(x: FloatArray, out: FloatArray, c: FloatArray) -> None:
    """Filter one channel forwards, then backwards, with odd extension at both ends."""
    s1, s2 = _steady_state(c)
    pad = min(PAD_SAMPLES, x.size - 1)
    head, tail = np.empty(pad), np.empty(pad)
    for i in range(pad):
        head[i] = 2.0 * x[0] - x[pad - i]
        tail[i] = 2.0 * x[-1] - x[x.size - 2 - i]
    first = head[0] if pad > 0 else x[0]
    state = _one_way(head, head, c, (s1 * first, s2 * first))
    state = _one_way(x, out, c, state)
    _one_way(tail, tail, c, state)
    last = tail[-1] if pad > 0 else out[-1]
    state = _one_way(tail[::-1], tail[::-1], c, (s1 * last, s2 * last))
    _one_way(out[::-1], out[::-1], c, state)


@kernel
def _four_one_way(
    x: FloatArray, out: FloatArray, c: FloatArray, state: FloatArray, step: int
) -> None:
    """Filter four channels, one a row, from a state, which becomes the state after them.

    ``step`` is 1, or -1 for last to first. No channel waits for another, so that all four take
    hardly longer than one.
    """
    (b0, b1, b2, b3), (f0, f1, f2, f3), (g0, g1, g2, g3) = c[0], c[3], c[4]
    d0, d1, d2, d3 = c[1, 0] - f0 * b0, c[1, 1] - f1 * b1, c[1, 2] - f2 * b2, c[1, 3] - f3 * b3
    e0, e1, e2, e3 = c[2, 0] - g0 * b0, c[2, 1] - g1 * b1, c[2, 2] - g2 * b2, c[2, 3] - g3 * b3
    (p0, p1, p2, p3), (q0, q1, q2, q3) = state[0], state[1]
    n = x.shape[1]
    x0, x1, x2, x3 = x[0], x[1], x[2], x[3]
    out0, out1, out2, out3 = out[0], out[1], out[2], out[3]
    for k in range(n):
        i = k if step > 0 else n - 1 - k
        u0, u1, u2, u3 = x0[i], x1[i], x2[i], x3[i]
        out0[i], out1[i], out2[i], out3[i] = b0 * u0 + p0, b1 * u1 + p1, b2 * u2 + p2, b3 * u3 + p3
        v0, v1, v2, v3 = d0 * u0 + q0, d1 * u1 + q1, d2 * u2 + q2, d3 * u3 + q3
        w0, w1, w2, w3 = e0 * u0, e1 * u1, e2 * u2, e3 * u3
        q0, q1, q2, q3 = w0 - g0 * p0, w1 - g1 * p1, w2 - g2 * p2, w3 - g3 * p3
        p0, p1, p2, p3 = v0 - f0 * p0, v1 - f1 * p1, v2 - f2 * p2, v3 - f3 * p3
    state[0, 0], state[0, 1], state[0, 2], state[0, 3] = p0, p1, p2, p3
    state[1, 0], state[1, 1], state[1, 2], state[1, 3] = q0, q1, q2, q3


@kernel
def _four_zero_lag(x: FloatArray, out: FloatArray, c: FloatArray) -> None:
    """Do to four channels what `_zero_lag_kernel` does to one; at least two samples.

    ``c`` has a column of coefficients for each.
    """
    n, pad = x.shape[1], min(PAD_SAMPLES, x.shape[1] - 1)
    head, tail, state = np.empty((4, pad)), np.empty((4, pad)), np.empty((2, 4))
    for j in range(4):
        for i in range(pad):
            head[j, i] = 2.0 * x[j, 0] - x[j, pad - i]
            tail[j, i] = 2.0 * x[j, n - 1] - x[j, n - 2 - i]
    for step in (1, -1):
        for j in range(4):
            edge = head[j, 0] if step > 0 else tail[j, pad - 1]
            s1, s2 = _steady_state(c[:, j])
            state[0, j], state[1, j] = s1 * edge, s2 * edge
        if step > 0:
            _four_one_way(head, head, c, state, step)
            _four_one_way(x, out, c, state, step)
        _four_one_way(tail, tail, c, state, step)
        if step < 0:
            _four_one_way(out, out, c, state, step)


@kernel
def _three_one_way(
    x: FloatArray, out: FloatArray, c: FloatArray, state: FloatArray, step: int
) -> None:
    """Filter the three columns of a signal side by side, as `_four_one_way` does four rows."""
    b0, a1, a2 = c[0], c[3], c[4]
    c1, c2 = c[1] - a1 * b0, c[2] - a2 * b0
    (p1, q1, r1), (p2, q2, r2) = state[0], state[1]
    n = x.shape[0]
    x_flat, out_flat, first = x.reshape(3 * n), out.reshape(3 * n), 0 if step > 0 else 3 * (n - 1)
    for k in range(n):
        i = first + 3 * step * k
        u, v, w = x_flat[i], x_flat[i + 1], x_flat[i + 2]
        out_flat[i], out_flat[i + 1], out_flat[i + 2] = b0 * u + p1, b0 * v + q1, b0 * w + r1
        p1, p2 = (c1 * u + p2) - a1 * p1, c2 * u - a2 * p1
        q1, q2 = (c1 * v + q2) - a1 * q1, c2 * v - a2 * q1
        r1, r2 = (c1 * w + r2) - a1 * r1, c2 * w - a2 * r1
    state[0, 0], state[0, 1], state[0, 2] = p1, q1, r1
    state[1, 0], state[1, 1], state[1, 2] = p2, q2, r2


@kernel
def _three_zero_lag(x: FloatArray, out: FloatArray, c: FloatArray) -> None:
    """Do to three columns what `_zero_lag_kernel` does to one channel; at least two samples."""
    n, pad = x.shape[0], min(PAD_SAMPLES, x.shape[0] - 1)
    head, tail, state = np.empty((pad, 3)), np.empty((pad, 3)), np.empty((2, 3))
    for i in range(pad):
        for j in range(3):
            head[i, j] = 2.0 * x[0, j] - x[pad - i, j]
            tail[i, j] = 2.0 * x[n - 1, j] - x[n - 2 - i, j]
    s1, s2 = _steady_state(c)
    for step in (1, -1):
        for j in range(3):
            edge = head[0, j] if step > 0 else tail[pad - 1, j]
            state[0, j], state[1, j] = s1 * edge, s2 * edge
        if step > 0:
            _three_one_way(head, head, c, state, step)
            _three_one_way(x, out, c, state, step)
        _three_one_way(tail, tail, c, state, step)
        if step < 0:
            _three_one_way(out, out, c, state, step)


def _filter(x: ArrayLike, coefficients: FloatArray, *, zero_lag: bool) -> FloatArray:
    rows = as_rows(x, "x")
    live = live_columns(rows)
    compact = rows if live.all() else np.ascontiguousarray(rows[:, live])
    filtered = np.empty_like(compact)
    position = 0
    for start, stop in finite_runs(compact, np.ones(compact.shape[1], dtype=np.bool_)):
        filtered[position:start] = np.nan
        position = int(stop)
        if zero_lag and compact.shape[1] == TRIAXIAL and stop - start > 1:
            _three_zero_lag(compact[start:stop], filtered[start:stop], coefficients)
            continue
        run = _zero_lag_kernel if zero_lag else _causal_kernel
        for column in range(compact.shape[1]):
            run(compact[start:stop, column], filtered[start:stop, column], coefficients)
    filtered[position:] = np.nan
    if live.all():
        return filtered.reshape(np.shape(x))
    out = np.full_like(rows, np.nan)
    out[:, live] = filtered
    return out.reshape(np.shape(x))


def _effective_section(cutoff_hz: float, sampling_rate_hz: float) -> FloatArray:
    """Return the low-pass section of which two passes have -3 dB at a cut-off."""
    _check_cutoff(cutoff_hz, sampling_rate_hz)
    design_hz = _shift_cutoff(cutoff_hz, sampling_rate_hz, 1.0 / _winter_factor())
    return _butterworth(design_hz, sampling_rate_hz, "low")


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
    if convention == "effective":
        return _filter(x, _effective_section(cutoff_hz, sampling_rate_hz), zero_lag=True)
    return _filter(x, _butterworth(cutoff_hz, sampling_rate_hz, "low"), zero_lag=True)


def lowpass_four(
    x: FloatArray,
    cutoff_hz: tuple[float, float, float, float],
    sampling_rate_hz: float,
    *,
    is_complete: bool = False,
) -> FloatArray:
    """Low-pass four channels without delay, each at its own cut-off, in hardly the time of one.

    Parameters
    ----------
    x : (4, n) float64 array
        One channel a row. Where a sample is missing, each is filtered on its own.
    cutoff_hz : four floats
        -3 dB after both passes.
    sampling_rate_hz : float
        Samples a second.
    is_complete : bool
        Whether the caller knows that every value is finite; looked up if not.

    Returns
    -------
    (4, n) float64 array
        Rows as :func:`lowpass` gives them.

    Raises
    ------
    SignalError
        As :func:`lowpass`.
    """
    rows = np.ascontiguousarray(x, dtype=np.float64)
    if rows.shape[1] < 2 or not (is_complete or all_finite(rows)):
        return np.stack(
            [lowpass(row, hz, sampling_rate_hz) for row, hz in zip(rows, cutoff_hz, strict=True)]
        )
    sections = np.column_stack([_effective_section(hz, sampling_rate_hz) for hz in cutoff_hz])
    out = np.empty_like(rows)
    _four_zero_lag(rows, out, sections)
    return out


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
