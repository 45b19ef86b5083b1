"""All that can be wrong with a recording, told at once and before anything is computed."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from loadcore.signals import (
    GYR_BANDS,
    MAX_SAMPLING_RATE_HZ,
    MIN_SAMPLING_RATE_HZ,
    ChannelRanges,
    SignalError,
    acc_unit,
    channel_ranges,
    count_observed,
    gyr_unit,
)
from loadcore.timing import measure_timing

__all__ = ["check_signal"]

RATE_TOLERANCE: Final = 0.02
"""Relative disagreement of a stated rate with the time stamps that is still called the same.
Engineering choice: twice the 1 % to which consumer sensors' clocks are trimmed."""
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


def _check_channels(ranges: ChannelRanges, name: str) -> list[str]:
    problems = []
    for axis, low, high, infinite in zip(
        "xyz", ranges.low, ranges.high, ranges.has_infinity, strict=True
    ):
        if low == high:
            problems.append(
                f"{name} {axis} is {low:g} throughout; expected a changing signal: if the "
                "sensor lacks this axis, make it missing"
            )
        if infinite:
            problems.append(f"{name} {axis} holds infinities; expected numbers or missing values")
    return problems


def check_signal(
    acc_mps2: ArrayLike,
    sampling_rate_hz: float,
    gyr_radps: ArrayLike | None = None,
    time_s: ArrayLike | None = None,
) -> tuple[ChannelRanges, ChannelRanges | None]:
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

    Returns
    -------
    (ChannelRanges, ChannelRanges or None)
        What the channels of acceleration and angular velocity span, measured on the way.

    Raises
    ------
    SignalError
        With all problems found: shapes, rate, length, time stamps, empty or constant channels,
        infinities, units (g, mg, deg/s), gravity removed.
    """
    acc = np.ascontiguousarray(acc_mps2, dtype=np.float64)
    if acc.ndim != 2 or acc.shape[1] != 3:
        raise SignalError(f"acc_mps2 has shape {acc.shape}; expected (n, 3)")
    if not MIN_SAMPLING_RATE_HZ <= sampling_rate_hz <= MAX_SAMPLING_RATE_HZ:
        raise SignalError(
            f"sampling_rate_hz is {sampling_rate_hz}; expected {MIN_SAMPLING_RATE_HZ:g} to "
            f"{MAX_SAMPLING_RATE_HZ:g}: running cannot be resolved below, nor believed above"
        )
    acc_ranges, gyr_ranges = channel_ranges(acc), None
    problems = _check_channels(acc_ranges, "acc_mps2")
    n = acc.shape[0]
    n_observed = n if acc_ranges.is_complete else count_observed(acc)
    if n_observed < MIN_DURATION_S * sampling_rate_hz:
        problems.append(
            f"acc_mps2 has {n_observed} samples with a value; expected at least "
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
        gyr = np.ascontiguousarray(gyr_radps, dtype=np.float64)
        if gyr.shape != acc.shape:
            problems.append(f"gyr_radps has shape {gyr.shape}; expected {acc.shape} like acc_mps2")
        else:
            gyr_ranges = channel_ranges(gyr)
            problems += _check_channels(gyr_ranges, "gyr_radps")
            widest = float((gyr_ranges.high - gyr_ranges.low).max())
            if widest >= GYR_BANDS["degps"][0] and gyr_unit(gyr) == "degps":
                problems.append("gyr_radps looks like deg/s; expected rad/s: convert it first")
    if time_s is not None:
        problems += _check_times_agree(time_s, n, sampling_rate_hz)
    if problems:
        raise SignalError(*problems)
    return acc_ranges, gyr_ranges
