"""Railed gyroscope samples: find them, and estimate what the sensor missed.

Impact peaks of an accelerometer are censored, never repaired (load.md A1). A railed gyroscope is
different: the missed angle is bounded by smooth flanks on either side, and without it a fast
stride cannot be integrated at all.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadcore._jit import kernel
from loadcore.gaps import hermite
from loadcore.signals import ChannelRanges, channel_ranges

__all__ = ["repair_railed"]

RAIL_FRACTION: Final = 0.956
"""Part of the highest rate seen from which a run of samples counts as railed. A rail is smeared by
the sensor's own filter: a 500 °/s gyroscope (8.73 rad/s) shows 8.55 to 8.95 rad/s."""
MIN_RAILED_RUN: Final = 2
"""A single high sample is a peak; a rail holds."""
SHOULDER_FRACTION: Final = 0.84
"""Part of the rail at which the width of a lobe is measured."""
FLANK_SAMPLES: Final = 2
"""A run is continued from so many samples on either side."""
MIN_FLAT_SHARE: Final = 0.6
"""A lobe railed if it is so wide at the rail, as a share of its width at the shoulder. A parabolic
peak that just touches the highest rate seen has 0.47, one cut at 95 % of its height 0.6."""


@kernel
def _repair_run(x: NDArray[np.float64], i: int, j: int) -> None:
    """Replace x[i:j] in place by the cubic through its flanks, outward only."""
    span = float(j - i + 1)
    value = (x[i - 1], x[j])
    slope = ((x[i - 1] - x[i - 2]) * span, (x[j + 1] - x[j]) * span)
    for k in range(i, j):
        cubic = hermite((k - i + 1) / span, value, slope)
        x[k] = max(cubic, x[k]) if x[k] > 0.0 else min(cubic, x[k])


@kernel
def _next_railed(
    x: NDArray[np.float64], i: int, rail: float, min_share: float
) -> tuple[int, int, int]:
    """Return the first railed run at or after ``i``, half-open, and where its lobe ends.

    A lobe railed that stays on the rail for its share of the lobe. Without one all three are the
    end of the signal.
    """
    shoulder = rail * SHOULDER_FRACTION
    n = x.size
    i = max(i, FLANK_SAMPLES)
    while i < n - 1:
        if abs(x[i]) < shoulder:
            i += 1
            continue
        start, first, last = i, -1, -1
        while i < n - 1 and x[i] * x[start] > 0.0 and abs(x[i]) >= shoulder:
            if abs(x[i]) >= rail:
                first = i if first < 0 else first
                last = i
            i += 1
        if first >= 0 and last - first + 1 >= max(MIN_RAILED_RUN, min_share * (i - start)):
            return first, last + 1, i
        i = max(i, start + 1)
    return n, n, n


@kernel
def _repair_axis(
    x: NDArray[np.float64], rail: float, min_share: float, railed: NDArray[np.bool_]
) -> None:
    """Repair every railed lobe of one axis."""
    first, last, i = 0, 0, 0
    while first < x.size:
        first, last, i = _next_railed(x, i, rail, min_share)
        if first < x.size:
            railed[first:last] = True
            _repair_run(x, first, last)


def repair_railed(
    gyr_radps: NDArray[np.float64],
    rail_radps: float | None = None,
    ranges: ChannelRanges | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Estimate the angular rate that a railed gyroscope missed.

    Parameters
    ----------
    gyr_radps : (n_samples, 3) float64 array
        Angular rate, without NaN.
    rail_radps : float, optional
        Rate from which a sample counts as railed, where the sensor's is known. By default a lobe
        counts whose flat top reaches 95.6 % of the highest rate of the recording on any axis.
    ranges : ChannelRanges, optional
        Of ``gyr_radps``; measured here if not given.

    Returns
    -------
    repaired : (n_samples, 3) float64 array
        Railed runs replaced by the cubic through the two samples on either side, never inward;
        the input itself where nothing railed.
    railed : (n_samples,) bool array
        True where any axis railed.
    """
    gyr = np.ascontiguousarray(gyr_radps, dtype=np.float64)
    railed = np.zeros(gyr.shape[0], dtype=np.bool_)
    ranges = channel_ranges(gyr) if ranges is None else ranges
    highest = float(max(ranges.high.max(), -ranges.low.min()))
    if not highest > 0.0:
        return gyr, railed
    share = MIN_FLAT_SHARE if rail_radps is None else 0.0
    rail = RAIL_FRACTION * highest if rail_radps is None else rail_radps
    axes = [
        axis
        for axis in np.flatnonzero(np.maximum(ranges.high, -ranges.low) >= rail)
        if _next_railed(gyr[:, axis], 0, rail, share)[0] < gyr.shape[0]
    ]
    if not axes:
        return gyr, railed
    repaired = gyr.copy()
    for axis in axes:
        _repair_axis(repaired[:, axis], rail, share, railed)
    return repaired, railed
