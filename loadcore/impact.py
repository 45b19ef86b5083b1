"""Impact at the shank: reported as impact, never used as tissue load.

Peak tibial acceleration hardly follows the force in the tibia (r = 0.04 ± 0.14 at one speed,
Zandbergen et al. 2023, doi 10.1080/14763141.2022.2164345), so nothing here enters load or damage.
A loading rate of the ground reaction force is left out on purpose: from one sensor its limits of
agreement exceed ±65 % (Kiernan et al. 2023, doi 10.3390/s23218719).
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from loadcore._jit import kernel
from loadcore.constants import STANDARD_GRAVITY_MPS2
from loadcore.filters import lowpass
from loadcore.signals import SignalError

__all__ = [
    "IMPACT_REASONS",
    "TibialPeaks",
    "peak_tibial_acceleration",
    "shock_attenuation",
]

type Floats = NDArray[np.float64]
type Component = Literal["axial", "resultant"]
type Gravity = Literal["in", "out"]

IMPACT_CUTOFF_HZ: Final = 60.0
"""Effective low-pass cut-off; published peaks use 50 to 75 Hz, Sinclair et al. 60 Hz on the axial
channel (load.md A2)."""

IMPACT_WINDOW_S: Final = 0.075
"""The peak is searched from initial contact to 75 ms after it (load.md C1, usual, unverified)."""

LEAD_S: Final = 0.015
"""The search starts this much before the contact found, whose own error is about 10 ms;
engineering choice. The impact peak follows contact by 20 ms and more."""

RELIABLE_RATE_HZ: Final = 199.0
"""Lowest rate recommended for peak tibial acceleration; at 102 Hz peaks are 0.5 to 1.4 g low
(field study with a 7161 Hz reference, load.md A1)."""

MAX_CUTOFF_PER_RATE: Final = 0.45
"""A cut-off above 0.45 of the sampling rate is next to none, and no filter is used."""

IMPULSE_REACH_S: Final = 0.04
"""The filter's impulse response at 60 Hz has fallen below 1e-5 of its centre after 40 ms."""

IMPACT_REASONS: Final = ("none", "no contact", "not observed", "clipped")
"""What the codes of ``TibialPeaks.reason`` mean, by index."""
NO_CONTACT, NOT_OBSERVED, CLIPPED = np.int8(1), np.int8(2), np.int8(3)

SHOCK_BAND_HZ: Final = (10, 20)
"""Impact band over which attenuation is averaged, 1 Hz bins (Mercer et al. 2002,
doi 10.1007/s00421-002-0646-9)."""


@dataclass(frozen=True)
class TibialPeaks:
    """Peak tibial acceleration of each contact.

    Attributes
    ----------
    peak_g : (n_contacts,) float64 array
        NaN where censored; ``reason`` says why.
    peak_time_s : (n_contacts,) float64 array
        Seconds from the first sample of the recording.
    rise_rate_gps : (n_contacts,) float64 array
        Steepest rise of acceleration up to the peak, g per second. A rate of acceleration, not a
        loading rate of force.
    reason : (n_contacts,) int8 array
        Codes of ``IMPACT_REASONS``.
    is_rate_sufficient : bool
        False below 199 Hz, where peaks are low, and lower the faster the run.
    """

    peak_g: Floats
    peak_time_s: Floats
    rise_rate_gps: Floats
    reason: NDArray[np.int8]
    is_rate_sufficient: bool


@kernel
def _filtered(x: Floats, weight: Floats, out: Floats) -> None:
    """Write ``x`` after a symmetric filter, centre weight first, to ``out``.

    ``x`` has room for the filter on both sides of ``out``. The inner loop runs over samples: it
    carries no sum, so the compiler can do several at once.
    """
    reach, n = weight.size - 1, out.size
    for j in range(n):
        out[j] = weight[0] * x[reach + j]
    for k in range(1, reach + 1):
        before, after = x[reach - k : reach - k + n], x[reach + k : reach + k + n]
        for j in range(n):
            out[j] += weight[k] * (before[j] + after[j])


@kernel
def _levels(x: Floats, axis: Floats, weight: Floats, first: NDArray[np.int64], out: Floats) -> None:
    """Write the filtered value along an axis at each sample of each window, one row a window.

    No more than the windows, which lie within ``x`` with room for the filter, is turned.
    """
    reach, flat, size = weight.size - 1, x.reshape(x.size), axis.size
    along = np.empty(out.shape[1] + 2 * reach)
    for k in range(first.size):
        start = (first[k] - reach) * size
        for i in range(along.size):
            value = 0.0
            for j in range(size):
                value += axis[j] * flat[start + i * size + j]
            along[i] = value
        _filtered(along, weight, out[k])


@kernel
def _window_peaks(levels: Floats, first: NDArray[np.int64], out: Floats) -> None:
    """Write peak, its fractional sample and the steepest rise before it, per window.

    The peak is refined by a parabola unless it lies on the window's edge. A NaN in the window
    makes all three NaN.
    """
    length = levels.shape[1]
    for k in range(first.size):
        best, complete, level = 0, True, levels[k]
        for j in range(length):
            if math.isnan(level[j]):
                complete = False
            if level[j] > level[best]:
                best = j
        out[k, 0], out[k, 1], out[k, 2] = level[best], first[k] + best, 0.0
        for j in range(1, best + 1):
            out[k, 2] = max(out[k, 2], level[j] - level[j - 1])
        if 0 < best < length - 1:
            before, after = level[best - 1], level[best + 1]
            bend = before - 2.0 * level[best] + after
            if bend < 0.0:
                shift = 0.5 * (before - after) / bend
                out[k, 1] += shift
                out[k, 0] -= 0.25 * (before - after) * shift
        if not complete:
            out[k, 0], out[k, 1], out[k, 2] = math.nan, math.nan, math.nan


@kernel
def _holds_any(
    marks: NDArray[np.bool_], first: NDArray[np.int64], length: int
) -> NDArray[np.bool_]:
    """Tell which windows hold a mark; what lies outside the recording has none."""
    out = np.zeros(first.size, dtype=np.bool_)
    for k in range(first.size):
        for i in range(max(first[k], 0), min(first[k] + length, marks.size)):
            out[k] |= marks[i]
    return out


def _impulse_response(cutoff_hz: float, sampling_rate_hz: float) -> Floats:
    """Return one half, centre first, of what ``lowpass`` does to a single sample.

    The zero-lag filter as symmetric weights: the same numbers, on the windows alone.
    """
    if cutoff_hz > MAX_CUTOFF_PER_RATE * sampling_rate_hz:
        return np.ones(1)
    reach = int(np.ceil(IMPULSE_REACH_S * sampling_rate_hz * IMPACT_CUTOFF_HZ / cutoff_hz))
    impulse = np.zeros(4 * reach + 1)
    impulse[2 * reach] = 1.0
    return np.ascontiguousarray(
        lowpass(impulse, cutoff_hz, sampling_rate_hz)[2 * reach : 3 * reach + 1]
    )


def peak_tibial_acceleration(
    acc_mps2: Floats,
    initial_contact_s: Floats,
    sampling_rate_hz: float,
    *,
    component: Component = "axial",
    gravity: Gravity = "in",
    clipped: NDArray[np.bool_] | None = None,
    cutoff_hz: float = IMPACT_CUTOFF_HZ,
    rotation: Floats | None = None,
) -> TibialPeaks:
    """Find the impact peak of shank acceleration after each initial contact.

    Parameters
    ----------
    acc_mps2 : (n_samples, 3) float64 array
        Specific force of the shank; NaN where not observed.
    initial_contact_s : (n_contacts,) float64 array
        Seconds from the first sample; NaN gives NaN.
    sampling_rate_hz : float
        Samples a second.
    component : {"axial", "resultant"}
        Along +y, or the length of the filtered vector.
    gravity : {"in", "out"}
        "in": specific force as measured, 1 g at rest. "out": 1 g is taken off the axial value;
        exact for an upright shank, 0.06 g too much at 20 degrees. There is no "out" for the
        resultant, which would need the orientation.
    clipped : (n_samples,) or (n_samples, 3) bool array, optional
        Samples at a rail in sensor axes (`signals.clipped_samples`). A peak whose window, filter
        included, holds one is censored, not repaired: restored peaks are off by ±5 g (Chan et
        al. 2023, doi 10.3390/s23104609).
    cutoff_hz : float
        Effective cut-off of the zero-lag low-pass; none where it exceeds 0.45 of the rate.
    rotation : (3, 3) float64 array, optional
        Turns ``acc_mps2`` to the segment frame, where it is not in it.

    Returns
    -------
    TibialPeaks
        Empty for no contacts.

    Raises
    ------
    SignalError
        On wrong shapes, a rate that is not positive, or gravity "out" with the resultant.
    """
    problems = []
    if acc_mps2.ndim != 2 or acc_mps2.shape[1] != 3:
        problems.append(f"acc_mps2 has shape {acc_mps2.shape}, expected (n_samples, 3)")
    if not sampling_rate_hz > 0.0:
        problems.append(f"sampling_rate_hz is {sampling_rate_hz}, expected a positive number")
    if component == "resultant" and gravity == "out":
        problems.append("gravity 'out' is defined for the axial component alone; use 'in'")
    if clipped is not None and len(clipped) != len(acc_mps2):
        problems.append(f"clipped has {len(clipped)} samples, acc_mps2 has {len(acc_mps2)}")
    if problems:
        raise SignalError(*problems)
    weight = _impulse_response(cutoff_hz, sampling_rate_hz)
    reach = weight.size - 1
    length = int(np.ceil((LEAD_S + IMPACT_WINDOW_S) * sampling_rate_hz)) + 1
    reason = np.zeros(initial_contact_s.size, dtype=np.int8)
    reason[~np.isfinite(initial_contact_s)] = NO_CONTACT
    start_s = np.nan_to_num(initial_contact_s, nan=0.0) - LEAD_S
    first = np.floor(start_s * sampling_rate_hz).astype(np.int64)
    within = (first >= reach) & (first + length + reach <= len(acc_mps2))
    reason[(reason == 0) & ~within] = NOT_OBSERVED
    if clipped is not None:
        rail = clipped.any(axis=1) if clipped.ndim == 2 else clipped
        near_rail = _holds_any(rail, first - reach, length + 2 * reach)
        reason[(reason == 0) & near_rail] = CLIPPED
    use = np.flatnonzero(reason == 0)
    columns, axes = np.ascontiguousarray(acc_mps2), np.eye(3)
    if component == "axial" and rotation is not None:
        axes = np.ascontiguousarray(rotation[1:2])
    elif component == "axial":  # a sensor may lack the other axes
        columns, axes = np.ascontiguousarray(acc_mps2[:, 1:2]), np.ones((1, 1))
    found, levels = np.empty((use.size, 3)), np.empty((len(axes), use.size, length))
    for axis, level in zip(axes, levels, strict=True):
        _levels(columns, axis, weight, first[use], level)
    level = levels[0] if len(axes) == 1 else np.sqrt((levels**2).sum(axis=0))
    _window_peaks(level, first[use], found)
    reason[use[np.isnan(found[:, 0])]] = NOT_OBSERVED
    table = np.full((reason.size, 3), np.nan)
    table[use] = found
    peak_g = table[:, 0] / STANDARD_GRAVITY_MPS2
    return TibialPeaks(
        peak_g=peak_g - 1.0 if gravity == "out" else peak_g,
        peak_time_s=table[:, 1] / sampling_rate_hz,
        rise_rate_gps=table[:, 2] * sampling_rate_hz / STANDARD_GRAVITY_MPS2,
        reason=reason,
        is_rate_sufficient=sampling_rate_hz >= RELIABLE_RATE_HZ,
    )


def _band_power(x: Floats, sampling_rate_hz: float) -> Floats:
    """Return the power of ``x`` less its straight line, at each hertz of the shock band."""
    time = np.arange(x.size) / sampling_rate_hz
    line = np.column_stack((np.ones(x.size), time))
    residual = x - line @ np.linalg.lstsq(line, x)[0]
    frequency = np.arange(SHOCK_BAND_HZ[0], SHOCK_BAND_HZ[1] + 1)
    spectrum = np.exp(-2j * np.pi * np.outer(frequency, time)) @ residual
    power: Floats = np.abs(spectrum) ** 2
    return power


def shock_attenuation(
    shank_acc_mps2: Floats,
    upper_acc_mps2: Floats,
    sampling_rate_hz: float,
    initial_contact_s: Floats,
    terminal_contact_s: Floats,
) -> Floats:
    """Return how much of the shock at the shank is left at a sensor higher up, per stance.

    Parameters
    ----------
    shank_acc_mps2, upper_acc_mps2 : (n_samples,) float64 array
        Axial acceleration of the shank and of the head (or sacrum), on one clock.
    sampling_rate_hz : float
        100 Hz or more: the band ends at 20 Hz.
    initial_contact_s, terminal_contact_s : (n_contacts,) float64 array
        Stance of the instrumented leg.

    Returns
    -------
    (n_contacts,) float64 array
        Decibel; negative means attenuated. NaN where a stance is not complete.

    Raises
    ------
    SignalError
        If the signals differ in length, are not one channel each, or are slower than 100 Hz.

    Notes
    -----
    Mercer et al. 2002 (doi 10.1007/s00421-002-0646-9): power spectral density of each stance
    after removing its linear trend, in 1 Hz bins; 10 log10 of the ratio upper over shank,
    averaged over 10 to 20 Hz. The scale of the density cancels in the ratio.
    """
    problems = []
    if shank_acc_mps2.ndim != 1 or shank_acc_mps2.shape != upper_acc_mps2.shape:
        problems.append(
            f"shank and upper signal have shapes {shank_acc_mps2.shape} and "
            f"{upper_acc_mps2.shape}, expected one channel each of the same length"
        )
    if not sampling_rate_hz >= 100.0:
        problems.append(f"sampling_rate_hz is {sampling_rate_hz}, expected at least 100")
    if problems:
        raise SignalError(*problems)
    attenuation_db = np.full(initial_contact_s.size, np.nan)
    for k, stance in enumerate(zip(initial_contact_s, terminal_contact_s, strict=True)):
        if not np.all(np.isfinite(stance)):
            continue
        start, stop = (int(np.ceil(time_s * sampling_rate_hz)) for time_s in stance)
        if start < 0 or stop > shank_acc_mps2.size or stop - start < 3:
            continue
        both = np.stack((shank_acc_mps2[start:stop], upper_acc_mps2[start:stop]))
        if np.isfinite(both).all():
            shank, upper = (_band_power(signal, sampling_rate_hz) for signal in both)
            attenuation_db[k] = np.mean(10.0 * np.log10(upper / shank))
    return attenuation_db
