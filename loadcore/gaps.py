"""Short holes in a signal: bridged for slow features only, and always marked.

Amplitudes are never read from a bridged sample (load.md A4 allows 2 samples or 10 ms for those).
What a hole leaves intact is the slow course of a segment's turning, whose band ends near 10 Hz.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadcore._jit import kernel
from loadcore.signals import all_finite, as_rows, live_columns

__all__ = ["EVENT_BRIDGE_S", "bridge_gaps", "has_gaps", "hermite", "longest_hole"]

EVENT_BRIDGE_S: Final = 0.030
"""An event may be read from a slow signal across holes up to this long. Engineering choice: less
than a third of a period at 10 Hz, the band of the waveforms that events are read from."""

FLANK_S: Final = 0.010
"""The slope beside a hole is taken over this span: long enough that strap vibration (20 to 60 Hz)
and noise do not set it alone. Engineering choice."""


@kernel
def hermite(u: float, value: tuple[float, float], slope: tuple[float, float]) -> float:
    """Cubic with the given values and slopes at u = 0 and u = 1."""
    v = 1.0 - u
    rising = u * u * (3.0 - 2.0 * u) * value[1] - u * u * v * slope[1]
    return (1.0 + 2.0 * u) * v * v * value[0] + u * v * v * slope[0] + rising


@kernel
def _row_is_missing(x: NDArray[np.float64], live: NDArray[np.bool_], row: int) -> bool:
    missing = False
    for j in range(x.shape[1]):
        missing |= live[j] and not math.isfinite(x[row, j])
    return missing


@kernel
def _first_missing(x: NDArray[np.float64], live: NDArray[np.bool_]) -> int:
    """Return the first row with a missing value, the number of rows where there is none."""
    row = 0
    while row < x.shape[0] and not _row_is_missing(x, live, row):
        row += 1
    return row


@kernel
def _fill(x: NDArray[np.float64], j: int, start: int, stop: int, flank: int) -> None:
    """Write the cubic through the flanks of ``[start, stop)`` into column ``j``."""
    first, last = start - 1, stop
    before, after = first, last
    while before > 0 and first - before < flank and math.isfinite(x[before - 1, j]):
        before -= 1
    while after < x.shape[0] - 1 and after - last < flank and math.isfinite(x[after + 1, j]):
        after += 1
    span = float(last - first)
    chord = x[last, j] - x[first, j]  # where a flank is a single sample
    slope = (
        span * (x[first, j] - x[before, j]) / (first - before) if before < first else chord,
        span * (x[after, j] - x[last, j]) / (after - last) if last < after else chord,
    )
    for k in range(start, stop):
        x[k, j] = hermite((k - first) / span, (x[first, j], x[last, j]), slope)


@kernel
def _bridge(
    x: NDArray[np.float64],
    live: NDArray[np.bool_],
    longest: int,
    flank: int,
    hole: NDArray[np.int64],
) -> None:
    """Fill holes of ``x`` in place; write each filled row's hole length to ``hole``.

    Holes are filled in time order, so a flank may lie in a hole filled before; that is as good
    an estimate of the slope as any.
    """
    n = x.shape[0]
    i = 0
    while i < n:
        if not _row_is_missing(x, live, i):
            i += 1
            continue
        start = i
        while i < n and _row_is_missing(x, live, i):
            i += 1
        if start > 0 and i < n and i - start <= longest:
            hole[start:i] = i - start
            for j in range(x.shape[1]):
                if live[j]:
                    _fill(x, j, start, i, flank)


def has_gaps(x: NDArray[np.float64]) -> bool:
    """Tell whether any sample is missing, columns that are NaN throughout apart.

    Parameters
    ----------
    x : (n,) or (n, k) float64 array
    """
    rows = as_rows(x, "x")
    if all_finite(rows):
        return False
    return bool(_first_missing(rows, live_columns(rows)) < rows.shape[0])


def bridge_gaps(
    x: NDArray[np.float64], sampling_rate_hz: float, longest_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bridge short holes by the cubic that continues value and slope of their flanks.

    Parameters
    ----------
    x : (n,) or (n, k) float64 array
        NaN where not observed. A column that is NaN throughout stays so and makes no hole.
    sampling_rate_hz : float
        Samples a second.
    longest_s : float
        Longest hole that is bridged. Longer ones, and those at either end, stay NaN.

    Returns
    -------
    bridged : float64 array of the shape of ``x``
        ``x`` itself, not a copy, where nothing is missing.
    hole_s : (n,) float64 array
        Length of the hole that each bridged sample lies in; 0 elsewhere.
    """
    rows = x.reshape(x.shape[0], -1)
    live = live_columns(rows)
    if not has_gaps(x):
        return x, np.zeros(rows.shape[0])
    hole = np.zeros(rows.shape[0], dtype=np.int64)
    filled = rows.copy()
    longest = int(longest_s * sampling_rate_hz + 0.5)
    _bridge(filled, live, longest, max(1, round(FLANK_S * sampling_rate_hz)), hole)
    return filled.reshape(x.shape), hole / sampling_rate_hz


@kernel
def longest_hole(
    hole_s: NDArray[np.float64],
    start: NDArray[np.float64],
    stop: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write the longest hole within each range of (fractional) samples; NaN ranges give 0."""
    for k in range(start.size):
        out[k] = 0.0
        if not (math.isfinite(start[k]) and math.isfinite(stop[k])):
            continue
        first = max(math.floor(start[k]), 0)
        for i in range(first, min(math.ceil(stop[k]) + 1, hole_s.size)):
            out[k] = max(out[k], hole_s[i])
