"""Initial and terminal contacts of one leg from a sensor on its shank.

Two stages. The first finds strides where nothing can go wrong by a few milliseconds: mid-swing
peaks of the slow sagittal angular velocity or, without a gyroscope, the burst of acceleration
that every stride has around initial contact, with the stride time from the autocorrelation. The
second places each contact with a small linear model of the waveform around an anchor.

Signs: segment frame, +x anterior, +y proximal, +z right. A shank whose foot swings forward turns
about +z, so mid-swing is the positive peak of ``gyr_radps[:, 2]`` on either leg.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadcore._jit import kernel
from loadcore.constants import SIDES
from loadcore.contact_times import Contacts
from loadcore.gaps import EVENT_BRIDGE_S, bridge_gaps, longest_hole
from loadcore.orientation import project, rotate
from loadcore.signals import SignalError, finite_segments, live_columns, median_of

__all__ = [
    "EventModel",
    "ShankCoefficients",
    "ShankStretch",
    "apply_event_models",
    "event_features",
    "mid_swing_times",
    "shank_contacts",
    "shank_stretches",
]

type Floats = NDArray[np.float64]

MIN_SAMPLING_RATE_HZ: Final = 50.0
"""Two samples a period at twice the event band; engineering choice."""

MODEL_RATE_HZ: Final = 100.0
"""Signals are averaged in blocks down to 100 to 200 Hz: ten times the event band."""

SLOW_RATE_HZ: Final = 25.0
"""Rate at which strides are searched, about eight times the stride band."""

EVENT_CUTOFF_HZ: Final = 10.0
"""-3 dB point of the waveforms behind the event models. Engineering choice: 10, 12 and 15 Hz
score alike with runners left out (rbds_fukuchi2017), and the lowest hears the least of soft
tissue and strap, which swing at 20 to 60 Hz (load.md G4)."""

GYR_SLOW_CUTOFF_HZ: Final = 4.0
"""Stride frequencies reach 2 Hz; Greene's method uses 5 Hz for the same purpose (load.md B1)."""

ACC_SLOW_CUTOFF_HZ: Final = 3.0
"""At 3 Hz the resultant acceleration has one peak a stride; from 4 Hz on it grows a second."""

KERNEL_REACH_SD: Final = 3.5
"""Gaussian weights are cut where they have fallen to 0.2 % of the largest."""

GYR_LIMIT_RADPS: Final = 8.5
"""Angular velocity is cut at the 500 °/s (8.7 rad/s) at which the commonest gyroscope range
rails, so that a railing gyroscope and a wide one give the same features. Zero crossings, the
anchors, are far from it. In trial fits with runners left out the cut costs nothing: SD of terminal
contact 7.5 ms with it, 8.1 ms without."""

ACC_LIMIT_MPS2: Final = 80.0
"""Resultant acceleration is cut near 8 g before strides are searched, so that one knock does not
outweigh a stride. Engineering choice."""

MIN_SWING_PEAK_RADPS: Final = 2.0
"""A slow mid-swing peak below this is not a stride of running; jogging at 2.5 m/s has 5 to 7."""

MIN_STRIDE_S: Final = 0.42
"""4.75 steps a second, the bound of Kiernan et al. (load.md A4)."""

MAX_STRIDE_S: Final = 1.1
"""Below 1.8 steps a second there is no running; engineering choice."""

MIN_CONTACT_S: Final = 0.08
"""Sprint contact; Kiernan et al. use 95 ms (load.md A4)."""

MAX_CONTACT_S: Final = 0.45
"""Slow jogging with a margin; Kiernan's 270 ms clips it (load.md A4)."""

PAD_S: Final = 1.0
"""Filters start this long before a bout and end this long after it."""

ANCHOR_BRIDGE_S: Final = 0.12
"""Longest hole across which strides are still counted: half a swing lobe of running. An event
within a hole longer than ``EVENT_BRIDGE_S`` is not observed all the same."""

HOLE_REACH_S: Final = 0.025
"""A hole this near an anchor bears on it: two standard deviations of the event band's filter."""

HOLE_SD_SHARE: Final = 0.06
"""Standard deviation that a hole adds to an event, as a part of the hole's length. On
rbds_fukuchi2017 with holes cut in (n = 954 of each length) 1.0 ms at 20 and 1.6 ms at 30 ms; at
80 ms it is 10 ms, which is why longer holes hide the event."""

HOLE_CONFIDENCE: Final = 0.8
"""Confidence left to an event beside a bridged hole. Engineering choice: seen, but not plainly."""

GYR_IC_AFTER_CROSSING_S: Final = 0.022
GYR_IC_SD_S: Final = 0.011
"""Initial contact (vertical force above 5 % of body weight) follows the downward zero crossing
of angular velocity. Measured on rbds_fukuchi2017 (virtual gyroscope, 16 runners, 4093 contacts);
Kiernan et al. 2023 report 24 ms for the same crossing (PMC10255839, load.md B2)."""

TROUGH_SEARCH_S: Final = 0.22
PLATEAU_SEARCH_S: Final = 0.16
FALL_FRACTION: Final = 0.5
"""Push-off: late in stance the shank hardly turns (the plateau), then the heel whips up behind it
(the trough), then the leg swings forward (the upward zero crossing). The trough is the least
angular velocity within the first time before that crossing, the plateau the greatest within the
second before the trough, and the onset of push-off the last fall through half-way between. Unlike
the crossing, which moves with the length of the swing, the onset stays by the foot: left-out
runners' SD is 6.3 ms against 20.5 ms (rbds_fukuchi2017, 16 runners, 4063 contacts), and fractions
of 0.4 to 0.6 or a plateau within 0.12 s score alike."""

GYR_TC_BEFORE_ONSET_S: Final = 0.020
GYR_TC_SD_S: Final = 0.008
"""Terminal contact leads the onset of push-off; same data. The SD is rounded up from 6.3 ms,
because these are virtual sensors (engineering choice)."""

ACC_IC_AFTER_PEAK_S: Final = 0.009
ACC_IC_SD_S: Final = 0.026
"""Initial contact follows the peak of the slow resultant acceleration; same data, virtual
accelerometers from 5 cm above to 16 cm below mid-shank."""

POPULATION_CONTACT_PER_STRIDE: Final = (-0.132, 0.524)
POPULATION_CONTACT_SD_S: Final = 0.024
"""Contact time from stride time (s), intercept and slope; same data, level, 2.5 to 4.5 m/s."""

TYPICAL_NOVELTY: Final = 1.2
"""Root mean square z-score of a waveform up to which it counts as familiar: three quarters of
the strides of runners left out lie below, and errors grow above (8 ms to 14 ms at 1.5, 16 ms
beyond 2)."""

SEARCH_SHIFTS_S: Final = np.linspace(-0.12, 0.12, 7)
"""Where the matched filter looks for initial contact around the accelerometer's anchors. The
peak they start from wanders with the sensor's height on the shank and with soft tissue."""

OWN_SHIFTS_S: Final = np.linspace(-0.08, 0.08, 5)
"""How far a single stride may lie from the others of its stretch, as the slow peak jumps between
late swing and impact."""

SEARCH_STRIDES: Final = 32
"""Strides, spread over the stretch, on which the matched filter decides for all of them."""

MAX_NOVELTY: Final = 3.5
"""Beyond this the waveform is unlike anything in the fit, and the rule is used instead; no stride
of a runner left out reaches it."""


@dataclass(frozen=True)
class EventModel:
    """A linear correction of an event's time from the waveform around an anchor.

    Attributes
    ----------
    offset_s : (n_offsets,) float64 array
        Times relative to the anchor at which each channel is read.
    mean, scale, weight : (n_features,) float64 array
        Training mean and standard deviation of every feature, and its weight in seconds a
        standard deviation. Features are channel by channel the readings, then the extras.
    intercept_s : float
        Event minus anchor at the mean waveform.
    sd_s : float
        Standard deviation of the error on runners that the fit had not seen.
    """

    offset_s: Floats
    mean: Floats
    scale: Floats
    weight: Floats
    intercept_s: float
    sd_s: float


@dataclass(frozen=True)
class ShankCoefficients:
    """Learned event models; each chain is applied in turn, re-anchored on its last estimate.

    The ``gyr_`` chains read angular velocity about z, the ``acc_`` chains the acceleration along
    x and y. Fitted by ``tolerance.calibration.shank_events``.
    """

    gyr_initial: tuple[EventModel, ...]
    gyr_terminal: tuple[EventModel, ...]
    acc_initial: tuple[EventModel, ...]
    acc_terminal: tuple[EventModel, ...]


@dataclass(frozen=True)
class ShankStretch:
    """Strides found in one uninterrupted stretch, and the waveforms around them.

    Attributes
    ----------
    channels : (n_channels, n) float64 array
        Waveforms read by the event models, low-passed: angular velocity about z with a
        gyroscope, else acceleration along x and y.
    rate_hz : float
        Sampling rate of ``channels``.
    start_s : float
        Time of the first column, in seconds from the first sample of the recording.
    mid_swing_s, stride_time_s : (n_strides,) float64 array
        Mid-swing before each contact (NaN without a gyroscope), and stride time.
    initial_anchor_s, terminal_anchor_s : (n_strides,) float64 array
        Anchor of each event; the terminal anchor is NaN without a gyroscope, where it is the
        initial contact.
    has_gyroscope : bool
        Which sensor the strides came from.
    hole_s : (n,) float64 array
        Length of the bridged hole that each column of ``channels`` lies in; 0 where observed.
    """

    channels: Floats
    rate_hz: float
    start_s: float
    mid_swing_s: Floats
    stride_time_s: Floats
    initial_anchor_s: Floats
    terminal_anchor_s: Floats
    has_gyroscope: bool
    hole_s: Floats

    @property
    def extras(self) -> Floats:
        """Features beside the waveform, (n_strides, 1 or 2): stride time, time between anchors."""
        if not self.has_gyroscope:
            return self.stride_time_s.reshape(-1, 1)
        apart = self.terminal_anchor_s - self.initial_anchor_s
        return np.column_stack((self.stride_time_s, apart))


@kernel
def _block_mean(x: Floats, block: int, limit: float, out: Floats) -> None:
    """Average ``block`` samples at a time, each cut at plus or minus ``limit``; NaN spreads."""
    for i in range(out.size):
        total = 0.0
        for j in range(i * block, (i + 1) * block):
            value = x[j]
            if value > limit:
                value = limit
            elif value < -limit:
                value = -limit
            total += value
        out[i] = total / block


@kernel
def _block_mean_along(x: Floats, axis: Floats, block: int, limit: float, out: Floats) -> None:
    """Do to the component along an axis what `_block_mean` does to one channel."""
    a, b, c = axis
    flat = x.reshape(x.size)
    for i in range(out.size):
        total = 0.0
        for j in range(3 * i * block, 3 * (i + 1) * block, 3):
            value = a * flat[j] + b * flat[j + 1] + c * flat[j + 2]
            value = limit if value > limit else value
            total += -limit if value < -limit else value
        out[i] = total / block


@kernel
def _block_mean_norm(x: Floats, block: int, limit: float, out: Floats) -> None:
    """Average the length of ``block`` vectors at a time, cut at ``limit``; NaN spreads."""
    for i in range(out.size):
        total = 0.0
        for j in range(i * block, (i + 1) * block):
            square = 0.0
            for k in range(x.shape[1]):
                square += x[j, k] * x[j, k]
            value = np.sqrt(square)
            if value > limit:
                value = limit
            total += value
        out[i] = total / block


@kernel
def _smooth(x: Floats, weight: Floats, out: Floats) -> None:
    """Write ``x`` convolved with symmetric weights (centre first); ends repeat the last value.

    Away from the ends the inner loop runs over samples: it carries no sum, so the compiler can do
    several at once.
    """
    reach, n = weight.size - 1, x.size
    for i in range(n):
        out[i] = weight[0] * x[i]
    for k in range(1, reach + 1):
        first, last = min(k, n), max(n - k, min(k, n))
        before, after, inner = x[: last - first], x[first + k :], out[first:last]
        for i in range(inner.size):
            inner[i] += weight[k] * (before[i] + after[i])
        for i in range(first):
            out[i] += weight[k] * (x[0] + x[min(i + k, n - 1)])
        for i in range(last, n):
            out[i] += weight[k] * (x[max(i - k, 0)] + x[n - 1])


@kernel
def _dominant_peaks(x: Floats, half_width: int, floor: float, out: NDArray[np.int64]) -> int:
    """Write where ``x`` is above ``floor`` and the largest within ``half_width`` samples."""
    count = 0
    for i in range(1, x.size - 1):
        if not (x[i] >= floor and x[i] > x[i - 1] and x[i] >= x[i + 1]):
            continue
        largest = True
        for j in range(max(0, i - half_width), min(x.size, i + half_width + 1)):
            if x[j] > x[i]:
                largest = False
                break
        if largest:
            out[count] = i
            count += 1
    return count


@kernel
def _autocorrelation(x: Floats, lag: int) -> float:
    """Mean product of ``x`` with itself ``lag`` samples later; ``x`` has mean zero."""
    total = 0.0
    for i in range(x.size - lag):
        total += x[i] * x[i + lag]
    return total / (x.size - lag)


@kernel
def _swing_crossings(
    x: Floats, first: NDArray[np.int64], last: NDArray[np.int64], down: Floats, up: Floats
) -> None:
    """Write the first fall through zero after ``first`` and the last rise before ``last``.

    In fractional samples; NaN where there is none. The rise must follow the fall.
    """
    for k in range(first.size):
        down[k] = np.nan
        up[k] = np.nan
        fall = -1
        for i in range(first[k], last[k]):
            if x[i] > 0.0 and x[i + 1] <= 0.0:
                down[k] = i + x[i] / (x[i] - x[i + 1])
                fall = i
                break
        if fall < 0:
            continue
        for i in range(last[k] - 1, fall, -1):
            if x[i] <= 0.0 and x[i + 1] > 0.0:
                up[k] = i + x[i] / (x[i] - x[i + 1])
                break


@kernel
def _push_off_onsets(
    x: Floats, down: Floats, up: Floats, reach: tuple[int, int], out: Floats
) -> None:
    """Write where ``x`` last falls half-way from its late-stance plateau to its trough.

    ``down`` and ``up`` are the zero crossings around stance, ``reach`` how far before the rise
    the trough, and before the trough the plateau, are searched. In fractional samples; NaN where
    there is no rise.
    """
    for k in range(down.size):
        out[k] = np.nan
        if not np.isfinite(up[k]):
            continue
        trough = int(up[k])
        for i in range(trough - 1, max(int(down[k]), int(up[k]) - reach[0]) - 1, -1):
            if x[i] < x[trough]:
                trough = i
        plateau = trough
        for i in range(trough - 1, max(int(down[k]), trough - reach[1]) - 1, -1):
            if x[i] > x[plateau]:
                plateau = i
        level = x[plateau] + FALL_FRACTION * (x[trough] - x[plateau])
        for i in range(trough, plateau, -1):
            if x[i] <= level < x[i - 1]:
                out[k] = i - 1 + (level - x[i - 1]) / (x[i] - x[i - 1])
                break


@kernel
def _cubic(x: Floats, position: float) -> float:
    """Catmull-Rom value of ``x`` at a fractional sample; NaN outside the inner samples."""
    if not (position >= 1.0 and position < x.size - 2.0):
        return np.nan
    i = int(position)
    t = position - i
    a, b, c, d = x[i - 1], x[i], x[i + 1], x[i + 2]
    bend = t * (3.0 * (b - c) + d - a)
    value: float = b + 0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + bend))
    return value


@kernel
def _read_windows(channels: Floats, position: Floats, offset: Floats, out: Floats) -> None:
    """Fill ``out`` (n_strides, n_channels * n_offsets) with readings around each position."""
    for k in range(position.size):
        column = 0
        for c in range(channels.shape[0]):
            for o in range(offset.size):
                out[k, column] = _cubic(channels[c], position[k] + offset[o])
                column += 1


@kernel
def _read_model(
    channels: Floats,
    position: Floats,
    extras: Floats,
    offset: Floats,
    standard: Floats,
    out: Floats,
) -> None:
    """Write the weighted sum of each stride's z-scores, and their root mean square.

    Features as in `event_features`, read one at a time; ``standard`` holds their means, scales and
    weights, one row each.
    """
    mean, scale, weight = standard[0], standard[1], standard[2]
    for k in range(position.size):
        total, square, column = 0.0, 0.0, 0
        for c in range(channels.shape[0]):
            for o in range(offset.size):
                value = _cubic(channels[c], position[k] + offset[o])
                z = (value - mean[column]) / scale[column]
                total, square, column = total + weight[column] * z, square + z * z, column + 1
        for e in range(extras.shape[1]):
            z = (extras[k, e] - mean[column]) / scale[column]
            total, square, column = total + weight[column] * z, square + z * z, column + 1
        out[0, k], out[1, k] = total, np.sqrt(square / column)


def event_features(stretch: ShankStretch, anchor_s: Floats, offset_s: Floats) -> Floats:
    """Read the waveforms around each anchor and append the extras.

    Parameters
    ----------
    stretch : ShankStretch
        As `shank_stretches` returns it.
    anchor_s : (n_strides,) float64 array
        Seconds from the first sample of the recording; NaN gives a row with NaN.
    offset_s : (n_offsets,) float64 array
        Times relative to the anchor.

    Returns
    -------
    (n_strides, n_features) float64 array
        NaN where a reading falls outside the stretch.
    """
    n_channels = stretch.channels.shape[0]
    readings = np.empty((anchor_s.size, n_channels * offset_s.size))
    position = (anchor_s - stretch.start_s) * stretch.rate_hz
    _read_windows(stretch.channels, position, offset_s * stretch.rate_hz, readings)
    return np.column_stack((readings, stretch.extras))


def apply_event_models(
    stretch: ShankStretch, anchor_s: Floats, models: tuple[EventModel, ...]
) -> tuple[Floats, Floats]:
    """Apply a chain of event models, each anchored on the estimate of the one before.

    Returns
    -------
    event_s : (n_strides,) float64 array
        NaN where a reading is missing.
    novelty : (n_strides,) float64 array
        Root mean square z-score of the last model's features: about 1 on waveforms like the
        training ones; NaN where the event is.
    """
    event_s = anchor_s
    novelty = np.full(anchor_s.size, np.nan)
    extras = stretch.extras
    for model in models:
        position = (event_s - stretch.start_s) * stretch.rate_hz
        offset = model.offset_s * stretch.rate_hz
        standard = np.stack((model.mean, model.scale, model.weight))
        read = np.empty((2, anchor_s.size))
        _read_model(stretch.channels, position, extras, offset, standard, read)
        event_s, novelty = event_s + model.intercept_s + read[0], read[1]
    return event_s, novelty


def _gaussian(cutoff_hz: float, rate_hz: float) -> Floats:
    """Return one half of a Gaussian low-pass filter, centre first, -3 dB at ``cutoff_hz``.

    A Gaussian rather than a Butterworth filter: its shape does not depend on the sampling rate,
    which the event models need, it cannot ring, and it ends after 50 ms.
    """
    sd_samples = np.sqrt(np.log(2.0)) / (2.0 * np.pi * cutoff_hz) * rate_hz
    half = np.exp(-0.5 * (np.arange(int(KERNEL_REACH_SD * sd_samples) + 1) / sd_samples) ** 2)
    weight: Floats = half / (2.0 * half.sum() - half[0])
    return weight


def _smoothed(x: Floats, cutoff_hz: float, rate_hz: float) -> Floats:
    out = np.empty(x.size)
    _smooth(x, _gaussian(cutoff_hz, rate_hz), out)
    return out


@kernel
def _peaks(slow: Floats, half_width: int, floor: float) -> Floats:
    """Return dominant peaks in fractional samples, refined by a parabola."""
    found = np.empty(slow.size // 2 + 1, dtype=np.int64)
    peak = np.empty(_dominant_peaks(slow, half_width, floor, found))
    for k in range(peak.size):
        before, at, after = slow[found[k] - 1], slow[found[k]], slow[found[k] + 1]
        peak[k] = found[k] + 0.5 * (before - after) / (before - 2.0 * at + after)
    return peak


@kernel
def _stride_times(peak_s: Floats) -> Floats:
    """Return the time to the next peak, or the median where that is not one stride."""
    stride_s, known, n_known = np.empty(peak_s.size), np.empty(peak_s.size), 0
    for k in range(peak_s.size):
        to_next_s = peak_s[k + 1] - peak_s[k] if k + 1 < peak_s.size else math.nan
        stride_s[k] = math.nan
        if MIN_STRIDE_S <= to_next_s <= MAX_STRIDE_S:
            stride_s[k] = known[n_known] = to_next_s
            n_known += 1
    usual_s = median_of(known[:n_known])
    for k in range(peak_s.size):
        stride_s[k] = usual_s if math.isnan(stride_s[k]) else stride_s[k]
    return stride_s


def _stride_lag(slow: Floats) -> int:
    """Return the lag of the largest autocorrelation among possible stride times."""
    centred = slow - slow.mean()
    lags = range(int(MIN_STRIDE_S * SLOW_RATE_HZ), min(int(MAX_STRIDE_S * SLOW_RATE_HZ), slow.size))
    scores = [_autocorrelation(centred, lag) for lag in lags]
    return lags[int(np.argmax(scores))]


@kernel
def _gyr_strides(
    event: Floats, slow: Floats, rate_hz: float, skip: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return mid-swing, stride time (s), zero crossing and onset of push-off of each stride.

    In samples of ``event``, ``skip`` of which make one of ``slow``; crossing and onset are NaN
    where they were not seen. Empty where no two mid-swings lie one stride apart.
    """
    half_width = int(0.5 * MIN_STRIDE_S * rate_hz / skip)
    peak = _peaks(slow, half_width, MIN_SWING_PEAK_RADPS)
    peak_s = np.empty(peak.size)
    for k in range(peak.size):
        peak[k] *= skip
        peak_s[k] = peak[k] / rate_hz
    stride_s = _stride_times(peak_s)  # known of all of them, or of none
    n = peak.size if peak.size > 0 and math.isfinite(stride_s[0]) else 0
    first, last = np.empty(n, np.int64), np.empty(n, np.int64)
    down, up, onset = np.empty(n), np.empty(n), np.empty(n)
    end = event.size - 1.0
    for k in range(n):
        limit = peak[k] + stride_s[k] * rate_hz
        if k + 1 < n:
            limit = min(limit, peak[k + 1])
        first[k], last[k] = int(peak[k]), int(min(limit, end))
    _swing_crossings(event, first, last, down, up)
    if n > 0 and peak[n - 1] + stride_s[n - 1] * rate_hz > end:
        up[n - 1] = math.nan  # cut off: the last rise may be one of mid-stance
    reach = (round(TROUGH_SEARCH_S * rate_hz), round(PLATEAU_SEARCH_S * rate_hz))
    _push_off_onsets(event, down, up, reach, onset)
    return peak[:n], stride_s[:n], down, onset


def _gyr_stretch(wz: Floats, hole_s: Floats, rate_hz: float, start_s: float) -> ShankStretch:
    """Find strides in a finite stretch of angular velocity."""
    event = _smoothed(wz, EVENT_CUTOFF_HZ, rate_hz)
    skip = max(1, int(rate_hz // SLOW_RATE_HZ))
    slow = _smoothed(np.ascontiguousarray(event[::skip]), GYR_SLOW_CUTOFF_HZ, rate_hz / skip)
    strides = _gyr_strides(event, slow, rate_hz, skip)
    seen = np.isfinite(strides[2])
    peak, stride_s, down, onset = (column[seen] for column in strides)
    return ShankStretch(
        channels=event[None, :],
        rate_hz=rate_hz,
        start_s=start_s,
        mid_swing_s=start_s + peak / rate_hz,
        stride_time_s=stride_s,
        initial_anchor_s=start_s + down / rate_hz,
        terminal_anchor_s=start_s + onset / rate_hz,
        has_gyroscope=True,
        hole_s=hole_s,
    )


def _acc_stretch(
    acc: Floats, norm: Floats, hole_s: Floats, rate_hz: float, start_s: float
) -> ShankStretch:
    """Find strides in a finite stretch of acceleration, ``acc`` (n, 2) along x and y."""
    event = np.stack([_smoothed(acc[:, k], EVENT_CUTOFF_HZ, rate_hz) for k in range(2)])
    block = max(1, int(rate_hz // SLOW_RATE_HZ))
    coarse = np.empty(norm.size // block)
    _block_mean(norm, block, np.inf, coarse)
    slow = _smoothed(coarse, ACC_SLOW_CUTOFF_HZ, rate_hz / block)
    half_width = int(0.6 * _stride_lag(slow))
    peak = _peaks(slow, half_width, float(slow.mean())) * block + 0.5 * (block - 1)
    stride_s = _stride_times(peak / rate_hz)
    peak, stride_s = peak[np.isfinite(stride_s)], stride_s[np.isfinite(stride_s)]
    return ShankStretch(
        channels=event,
        rate_hz=rate_hz,
        start_s=start_s,
        mid_swing_s=np.full(peak.size, np.nan),
        stride_time_s=stride_s,
        initial_anchor_s=start_s + peak / rate_hz,
        terminal_anchor_s=np.full(peak.size, np.nan),
        has_gyroscope=False,
        hole_s=hole_s,
    )


def _check(
    acc_mps2: Floats,
    gyr_radps: Floats | None,
    sampling_rate_hz: float,
    start_sample: int,
    stop_sample: int,
) -> None:
    """Raise `SignalError` with everything that is wrong."""
    problems = []
    for name, signal in (("acc_mps2", acc_mps2), ("gyr_radps", gyr_radps)):
        if signal is not None and (signal.ndim != 2 or signal.shape[1] != 3):
            problems.append(f"{name} has shape {signal.shape}, expected (n_samples, 3)")
        elif signal is not None and signal.shape[0] != acc_mps2.shape[0]:
            problems.append(f"{name} has {signal.shape[0]} samples, acc {acc_mps2.shape[0]}")
    if not sampling_rate_hz >= MIN_SAMPLING_RATE_HZ:
        problems.append(
            f"sampling_rate_hz is {sampling_rate_hz}, expected at least {MIN_SAMPLING_RATE_HZ}; "
            "resampling a slower recording does not restore its events"
        )
    if not 0 <= start_sample <= stop_sample <= acc_mps2.shape[0]:
        problems.append(
            f"sample range [{start_sample}, {stop_sample}) is not within the recording's "
            f"{acc_mps2.shape[0]} samples"
        )
    if problems:
        raise SignalError(*problems)


def _blocks(
    n_samples: int, sampling_rate_hz: float, start_sample: int, stop_sample: int
) -> tuple[int, int, int]:
    """Return the padded start of a bout, its number of blocks and the samples in a block."""
    pad = int(PAD_S * sampling_rate_hz)
    block = max(1, int(sampling_rate_hz // MODEL_RATE_HZ))
    start = max(0, start_sample - pad)
    return start, (min(n_samples, stop_sample + pad) - start) // block, block


def _longest_of_block(hole_s: Floats, block: int, n_blocks: int) -> Floats:
    longest: Floats = hole_s[: n_blocks * block].reshape(n_blocks, block).max(axis=1)
    return longest


def _gyr_stretches(
    gyr_radps: Floats,
    sampling_rate_hz: float,
    start_sample: int,
    stop_sample: int,
    rotation: Floats | None = None,
) -> list[ShankStretch]:
    start, n_blocks, block = _blocks(len(gyr_radps), sampling_rate_hz, start_sample, stop_sample)
    turning = gyr_radps[start : start + n_blocks * block]
    wz, hole_s = np.empty(n_blocks), np.zeros(n_blocks)
    if rotation is None:  # a sensor may lack the other axes
        _block_mean(turning[:, 2], block, GYR_LIMIT_RADPS, wz)
    else:
        _block_mean_along(turning, rotation[2], block, GYR_LIMIT_RADPS, wz)
    pieces = [(0, n_blocks)]
    if not np.isfinite(wz).all():
        observed = turning[:, 2] if rotation is None else project(turning, rotation[2])
        bridged, hole = bridge_gaps(observed, sampling_rate_hz, ANCHOR_BRIDGE_S)
        _block_mean(bridged, block, GYR_LIMIT_RADPS, wz)
        hole_s = _longest_of_block(hole, block, n_blocks)
        pieces = [(int(a), int(b)) for a, b in finite_segments(wz)]
    rate_hz = sampling_rate_hz / block
    start_s = (start + 0.5 * (block - 1)) / sampling_rate_hz
    return [
        _gyr_stretch(wz[a:b], hole_s[a:b], rate_hz, start_s + a / rate_hz)
        for a, b in pieces
        if b - a >= MAX_STRIDE_S * rate_hz
    ]


def _acc_stretches(
    acc_mps2: Floats,
    sampling_rate_hz: float,
    start_sample: int,
    stop_sample: int,
    rotation: Floats | None = None,
) -> list[ShankStretch]:
    start, n_blocks, block = _blocks(len(acc_mps2), sampling_rate_hz, start_sample, stop_sample)
    observed = acc_mps2[start : start + n_blocks * block]
    if rotation is not None:
        observed = rotate(observed, rotation)
    live = live_columns(observed)
    if not live[:2].all():
        return []  # the models read x and y; a sensor may lack only the mediolateral axis
    bridged, hole = bridge_gaps(
        np.ascontiguousarray(observed[:, live]), sampling_rate_hz, ANCHOR_BRIDGE_S
    )
    sagittal, norm = np.empty((n_blocks, 2)), np.empty(n_blocks)
    for axis in range(2):
        _block_mean(bridged[:, axis], block, np.inf, sagittal[:, axis])
    _block_mean_norm(bridged, block, ACC_LIMIT_MPS2, norm)
    hole_s = _longest_of_block(hole, block, n_blocks)
    rate_hz = sampling_rate_hz / block
    start_s = (start + 0.5 * (block - 1)) / sampling_rate_hz
    return [
        _acc_stretch(sagittal[a:b], norm[a:b], hole_s[a:b], rate_hz, start_s + a / rate_hz)
        for a, b in finite_segments(norm)
        if b - a >= MAX_STRIDE_S * rate_hz
    ]


def shank_stretches(
    acc_mps2: Floats,
    gyr_radps: Floats | None,
    sampling_rate_hz: float,
    start_sample: int,
    stop_sample: int,
    rotation: Floats | None = None,
) -> list[ShankStretch]:
    """Find the strides of one bout, stretch by uninterrupted stretch.

    The gyroscope is used where angular velocity about z was observed at all in the bout; else
    the accelerometer. Parameters and errors as in `shank_contacts`. Stretches start up to 1 s
    before the bout and end up to 1 s after it, so their strides may lie outside.
    """
    _check(acc_mps2, gyr_radps, sampling_rate_hz, start_sample, stop_sample)
    if gyr_radps is not None:
        found = _gyr_stretches(gyr_radps, sampling_rate_hz, start_sample, stop_sample, rotation)
        if found:
            return found
    return _acc_stretches(acc_mps2, sampling_rate_hz, start_sample, stop_sample, rotation)


def mid_swing_times(
    gyr_radps: Floats, sampling_rate_hz: float, start_sample: int, stop_sample: int
) -> Floats:
    """Return the times of mid-swing within ``[start_sample, stop_sample)``, in seconds.

    Mid-swing is the peak of the 4 Hz low-passed angular velocity about z. Parameters and errors
    as in `shank_contacts`; empty where there is no stride.
    """
    _check(gyr_radps, None, sampling_rate_hz, start_sample, stop_sample)
    stretches = _gyr_stretches(gyr_radps, sampling_rate_hz, start_sample, stop_sample)
    times_s = np.concatenate([np.empty(0), *(stretch.mid_swing_s for stretch in stretches)])
    return times_s[_inside(times_s, sampling_rate_hz, start_sample, stop_sample)]


def _inside(
    time_s: Floats, sampling_rate_hz: float, start_sample: int, stop_sample: int
) -> NDArray[np.bool_]:
    sample = time_s * sampling_rate_hz
    return (sample >= start_sample) & (sample < stop_sample)


def _novelties(stretch: ShankStretch, model: EventModel, shifts_s: Floats) -> Floats:
    """Return the novelty of each stride under each shift of its anchor, inf where unknown."""
    rows = [
        apply_event_models(stretch, stretch.initial_anchor_s + shift_s, (model,))[1]
        for shift_s in shifts_s
    ]
    return np.nan_to_num(np.stack(rows), nan=np.inf)


def _matched(stretch: ShankStretch, model: EventModel) -> ShankStretch:
    """Move the anchors of an accelerometer, and turn x round, to where waveforms are familiar.

    The impact matched filter: of a few shifts of all anchors, and both signs of x (without a
    gyroscope the forward direction is a guess), keep what gives the least median novelty; then
    a stride that is still strange may move a little on its own.
    """
    n_strides = stretch.initial_anchor_s.size
    if n_strides == 0:
        return stretch
    few = np.unique(np.linspace(0, n_strides - 1, min(n_strides, SEARCH_STRIDES)).astype(np.int64))
    options = []
    for sign in (1.0, -1.0):
        turned = replace(stretch, channels=stretch.channels * np.array([[sign], [1.0]]))
        sample = replace(
            turned,
            stride_time_s=stretch.stride_time_s[few],
            initial_anchor_s=stretch.initial_anchor_s[few],
        )
        median = np.median(_novelties(sample, model, SEARCH_SHIFTS_S), axis=1)
        i = int(np.argmin(median))
        moved = replace(turned, initial_anchor_s=stretch.initial_anchor_s + SEARCH_SHIFTS_S[i])
        options.append((float(median[i]), moved))
    best = min(options, key=lambda option: option[0])[1]
    strange = np.flatnonzero(_novelties(best, model, np.zeros(1))[0] > TYPICAL_NOVELTY)
    sample = replace(
        best,
        stride_time_s=best.stride_time_s[strange],
        initial_anchor_s=best.initial_anchor_s[strange],
    )
    anchor_s = best.initial_anchor_s.copy()
    anchor_s[strange] += OWN_SHIFTS_S[np.argmin(_novelties(sample, model, OWN_SHIFTS_S), axis=0)]
    return replace(best, initial_anchor_s=anchor_s)


def _hole_near(stretch: ShankStretch, anchor_s: Floats) -> Floats:
    """Return the length of the longest bridged hole that bears on each anchor, 0 without one."""
    position = (anchor_s - stretch.start_s) * stretch.rate_hz
    reach = HOLE_REACH_S * stretch.rate_hz
    hole_s = np.empty(anchor_s.size)
    longest_hole(stretch.hole_s, position - reach, position + reach, hole_s)
    return hole_s


@kernel
def _weigh(
    anchor_s: Floats,
    modelled_s: Floats,
    novelty: Floats,
    hole_s: Floats,
    rule: tuple[float, float, float],
    out: Floats,
) -> None:
    """Write each event's time, standard deviation and confidence: by a model or by the rule.

    ``rule`` is the offset from the anchor, its SD, and that of the model, NaN where there is none.
    """
    offset_s, rule_sd_s, model_sd_s = rule
    has_model = not math.isnan(model_sd_s)
    for k in range(anchor_s.size):
        event_s, sd_s, confidence = anchor_s[k] + offset_s, rule_sd_s, 0.5
        if has_model and novelty[k] <= MAX_NOVELTY:
            excess = max(novelty[k] / TYPICAL_NOVELTY, 1.0) ** 2
            event_s, sd_s, confidence = modelled_s[k], model_sd_s * excess, 1.0 / excess
        elif has_model:
            sd_s, confidence = 2.0 * sd_s, 0.25
        out[0, k] = event_s if hole_s[k] <= EVENT_BRIDGE_S else math.nan
        out[1, k] = math.hypot(sd_s, HOLE_SD_SHARE * hole_s[k])
        out[2, k] = HOLE_CONFIDENCE * confidence if hole_s[k] > 0.0 else confidence


@kernel
def _expect_contact(initial: Floats, terminal: Floats, stride_s: Floats) -> None:
    """Put the population's contact time in place of one that cannot be.

    Both as `_weigh` writes them; the confidence of the terminal contacts becomes that of both.
    """
    for k in range(stride_s.size):
        if MIN_CONTACT_S <= terminal[0, k] - initial[0, k] <= MAX_CONTACT_S:
            terminal[2, k] = min(initial[2, k], terminal[2, k])
            continue
        intercept_s, slope = POPULATION_CONTACT_PER_STRIDE
        terminal[0, k] = initial[0, k] + (intercept_s + slope * stride_s[k])
        terminal[1, k] = math.hypot(initial[1, k], POPULATION_CONTACT_SD_S)
        terminal[2, k] = 0.5 * initial[2, k]


def _place(
    stretch: ShankStretch,
    anchor_s: Floats,
    models: tuple[EventModel, ...],
    rule: tuple[float, float],
) -> Floats:
    """Place one event per stride: rows of time, standard deviation, confidence.

    ``rule`` is the offset from the anchor, and its SD, where no model applies. NaN where the
    anchor fell into a hole too long to see across.
    """
    modelled_s, novelty = apply_event_models(stretch, anchor_s, models)
    out, hole_s = np.empty((3, anchor_s.size)), _hole_near(stretch, anchor_s)
    model_sd_s = models[-1].sd_s if models else np.nan
    _weigh(anchor_s, modelled_s, novelty, hole_s, (*rule, model_sd_s), out)
    return out


def _stretch_events(
    stretch: ShankStretch, coefficients: ShankCoefficients | None
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return initial and terminal contact, their SDs and the confidence of one stretch."""
    if coefficients and not stretch.has_gyroscope:
        stretch = _matched(stretch, coefficients.acc_initial[0])
    if stretch.has_gyroscope:
        initial_models = coefficients.gyr_initial if coefficients else ()
        terminal_models = coefficients.gyr_terminal if coefficients else ()
        initial_rule = (GYR_IC_AFTER_CROSSING_S, GYR_IC_SD_S)
        terminal_rule = (-GYR_TC_BEFORE_ONSET_S, GYR_TC_SD_S)
    else:
        initial_models = coefficients.acc_initial if coefficients else ()
        terminal_models = coefficients.acc_terminal if coefficients else ()
        initial_rule = (ACC_IC_AFTER_PEAK_S, ACC_IC_SD_S)
        terminal_rule = (np.nan, np.nan)
    initial = _place(stretch, stretch.initial_anchor_s, initial_models, initial_rule)
    anchor_s = stretch.terminal_anchor_s
    if not stretch.has_gyroscope:  # placed by a model: only then good enough to be an anchor
        anchor_s = np.where(initial[1] < initial_rule[1], initial[0], np.nan)
    terminal = _place(stretch, anchor_s, terminal_models, terminal_rule)
    _expect_contact(initial, terminal, stretch.stride_time_s)
    return initial[0], terminal[0], initial[1], terminal[1], terminal[2]


def shank_contacts(
    acc_mps2: Floats,
    gyr_radps: Floats | None,
    sampling_rate_hz: float,
    start_sample: int,
    stop_sample: int,
    side: int,
    coefficients: ShankCoefficients | None = None,
    rotation: Floats | None = None,
) -> Contacts:
    """Find initial and terminal contacts of one leg in one bout of running.

    Parameters
    ----------
    acc_mps2 : (n_samples, 3) float64 array
        Specific force in the segment frame, whole recording; NaN where not observed, and all NaN
        is fine with a gyroscope.
    gyr_radps : (n_samples, 3) float64 array, optional
        Angular velocity in the segment frame, forward swing positive about z.
    sampling_rate_hz : float
        50 Hz or more.
    start_sample, stop_sample : int
        Half-open range of the bout. Filters begin up to 1 s outside it. Holes up to 0.12 s are
        bridged to count strides; an event within one longer than 30 ms is not observed.
    side : int
        Code of ``constants.SIDES``.
    coefficients : ShankCoefficients, optional
        Learned event models. Without them each event lies a fixed time from its anchor, and
        without a gyroscope terminal contact comes from the population's contact time.
    rotation : (3, 3) float64 array, optional
        Turns both signals to the segment frame, where they are not in it.

    Returns
    -------
    Contacts
        Contacts whose initial contact lies in the bout, in time order; empty where there are no
        strides. No time is NaN: a contact whose beginning was not observed is left out, and where
        terminal contact cannot be seen, or would give a contact shorter than 80 or longer than
        450 ms, it is the population's contact time at this stride time, with that much uncertainty
        and half the confidence.

    Raises
    ------
    SignalError
        On wrong shapes, a rate below 50 Hz or a range outside the recording.

    Notes
    -----
    1. Samples are averaged in blocks to 100 to 200 Hz; angular velocity is cut at 8.5 rad/s.
    2. Strides: mid-swing peaks of angular velocity (4 Hz), then its first fall through zero (the
       anchor of initial contact, as in Fadillioglu et al. 2020), and the onset of push-off before
       its last rise (the anchor of terminal contact). Accelerometer only: peak of the resultant
       (3 Hz) within 0.6 stride.
    3. A ridge regression on the waveform around each anchor, on stride time and on the time
       between the anchors places the events; these carry the dependence on speed and cadence.

    With a gyroscope the acceleration is not used for the events. In the virtual sensors of
    rbds_fukuchi2017 it lowers the error of contact time of unseen runners (SD 10.4 to 8.8 ms),
    but on the one real shank sensor with force at hand (biomac_imu_cycle) it shortens contact by
    7 and 15 ms, while the gyroscope alone is right to 2 ms: soft tissue, strap and the delay
    between the two sensors of a device speak through it.

    Standard deviations are those of runners left out of the fit, widened as the square of how
    unlike the training waveforms a stride is. They are of virtual sensors: a real device adds
    its own delay to both events alike, which contact time does not see.
    """
    if not 0 <= side < len(SIDES):
        raise SignalError(f"side is {side}, expected a code of constants.SIDES, 0 to 2")
    stretches = shank_stretches(
        acc_mps2, gyr_radps, sampling_rate_hz, start_sample, stop_sample, rotation
    )
    parts = [_stretch_events(stretch, coefficients) for stretch in stretches]
    columns = [np.concatenate([np.empty(0), *column]) for column in zip(*parts, strict=True)]
    if not columns:
        columns = [np.empty(0)] * 5
    ic_s = columns[0]
    inside = _inside(ic_s, sampling_rate_hz, start_sample, stop_sample)  # NaN is not inside
    ic_s, tc_s, ic_sd_s, tc_sd_s, confidence = (column[inside] for column in columns)
    return Contacts(
        initial_contact_s=ic_s,
        terminal_contact_s=tc_s,
        initial_contact_sd_s=ic_sd_s,
        terminal_contact_sd_s=tc_sd_s,
        side=np.full(ic_s.size, side, dtype=np.int8),
        confidence=confidence,
    )
