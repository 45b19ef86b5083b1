"""Contacts and foot-flat of the instrumented foot, from a sensor on the foot or shoe.

Two stages: robust anchors first, then local refinement. The anchor is the forward swing: the one
large lobe of pitch rate a stride, whose area survives a gyroscope that rails. Between two swings
lie the landing (the moment of highest energy) and the foot-flat (the quietest moment after it);
the late-swing pause of walking, which looks like a foot-flat to any threshold, lies before the
landing and is never searched.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadcore._jit import kernel
from loadcore.constants import STANDARD_GRAVITY_MPS2
from loadcore.contact_times import Contacts, select_contacts
from loadcore.gaps import EVENT_BRIDGE_S, bridge_gaps, has_gaps, longest_hole
from loadcore.railed import repair_railed
from loadcore.signals import ChannelRanges, finite_segments, live_columns

__all__ = [
    "FootStretch",
    "Stances",
    "find_stances",
    "foot_contacts",
    "foot_stretches",
    "stretch_contacts",
]

ANCHOR_BRIDGE_S: Final = 0.12
"""Longest hole across which swings are found: less than half of one. An event within a hole
longer than ``EVENT_BRIDGE_S`` is not observed all the same."""
MIN_STRETCH_S: Final = 1.0
"""A shorter piece between two gaps holds no stride with its neighbours. Engineering choice."""
MIN_STANCES_TO_TELL: Final = 5
"""So many stances in the longest stretch tell the sign of the pitch axis for all others."""
HOLE_REACH_S: Final = 0.025
"""A hole this near an event read from the pitch rate bears on it. Engineering choice: the lobe of
push-off is some four times as long."""
HOLE_SD_SHARE: Final = 0.2
"""Standard deviation that a hole adds to terminal contact, as a part of the hole's length.
Engineering choice: a little less than if the minimum lay anywhere in it (0.29)."""
HOLE_CONFIDENCE: Final = 0.8

GYR_SCALE_RADPS: Final = 1.0
"""Angular rate that counts as much as ``ACC_SCALE_MPS2`` in the stance energy. Engineering choice:
a foot-flat in running still turns at about 1 rad/s, a swing at 5 to 12."""
ACC_SCALE_MPS2: Final = 6.0
"""Departure of the specific force from 1 g that counts as much as ``GYR_SCALE_RADPS``."""
ENERGY_HALF_WINDOW_S: Final = 0.02
"""Half width of the moving mean over the energy: shorter than the 60 ms foot-flat of a sprint."""
SWING_ROOM: Final = 256
"""Swings that there is room for at first. Engineering choice: three minutes of running. Room
for the most that a signal can hold takes more time to get from the system than to use."""
ENERGY_BLOCK: Final = 1024
"""Samples whose energy is worked out at a time. Engineering choice: they and their energy fit the
second cache."""
MIN_SWING_ANGLE_RAD: Final = 0.3
"""Least angle of a forward swing. Engineering choice: impact vibration turns the foot by less than
0.1 rad a lobe, a swing of slow walking by more than 0.5."""
MIN_SWING_RATE_RADPS: Final = 2.5
"""Least peak pitch rate of a forward swing; slow walking (stride time 1.5 s) reaches 4."""
MIN_PUSH_OFF_ANGLE_RAD: Final = 0.5
"""Push-off turns the foot at least so far before the swing, so foot-flat ended before that. Where
push-off turns into swing the foot is slow too, and no foot-flat."""
PUSH_OFF_REBOUND_RAD: Final = 0.01
"""Between push-off and swing the foot may turn back by so much. Half a degree is tremor; 0.05 rad
already takes the slow end of a walking push-off for foot-flat (gdlbio_foot)."""
MISSED_PUSH_OFF_RATIO: Final = 2.0
MISSED_PUSH_OFF_TIME: Final = 0.6
"""A backward turn this many times faster than any after the foot-flat, and no sooner after the
swing than this part of the stretch's median time to push-off, is a push-off, and what follows it is
no foot-flat. Engineering choices: without the second, slaps of turning feet are taken for push-off
(14 stances of gdlbio_foot and pyshoe_vicon, contacts of 50 to 140 ms)."""
LANDING_SEARCH_S: Final = 0.3
"""The landing is searched this long after the swing, at most half-way to the next one."""
STANDING_S: Final = 1.2
"""A longer stance is standing: arrival and departure are then two moments, not one."""
EDGE_SEARCH_S: Final = 0.6
"""Foot-flat is searched this long before a swing or after a landing where the stance is long."""
MIN_STRIDE_S: Final = 0.4
"""Two foot-flats closer than this are one: the fastest sprint strides take 0.53 s."""
JERK_MIN_RATE_RADPS: Final = 1.0
"""Pitch rate below which a sample belongs to neither direction; nor does it below its block's root
mean square, so that a heel that sinks after a landing on the forefoot, slowly and in the direction
of the swing, does not count the impact as swing."""
DIRECTION_BLOCK_S: Final = 1.5
"""Blocks over which the direction of the swing is judged, each with half the say of its two
neighbours: some three strides. Blocks count alike, or running would outvote walking beside it."""
JERK_FLOOR: Final = 100.0
"""Squared jerk, (m/s² a sample)² summed over a block, that rest and noise reach."""
DIRECTION_TRUST: Final = 1.0
DIRECTION_CHANGE: Final = 3.0
"""A stretch contradicts the recording as a whole (backward running, backward steps) where its log
ratio of jerk is so far on the other side, and so far below the recording's upper quartile.
Engineering choices: backward running has 4 in gdlbio_foot 52, forward strides 2 to 5, but slow
jogging on the forefoot has -1.4 throughout (one recording of pyshoe_vicon)."""
BESIDE_S: Final = 0.15
QUIET_FLOOR: Final = 0.05
"""Beside a swing the quietest moment is sought this long before and after it, and stance energies
below the floor are alike. Push-off comes just before a swing, the foot-flat soon after it."""
FLAT_RATE_RADPS: Final = 0.7
"""The foot is flat while it turns slower than this. Chosen on gdlbio_foot, whose marks come from a
network's zero-velocity labels: the rule cannot follow them closer than 5 to 15 ms (median)."""
FLAT_RATE_FACTOR: Final = 1.3
"""Or slower than this many times the rate at its quietest sample, for feet that never rest."""
BUMP_HALF_WINDOW_S: Final = 0.05
"""Without a gyroscope: half width of the moving mean whose peaks anchor the landings."""
MIN_BUMP_ENERGY: Final = 4.0
"""Without a gyroscope: least mean energy of a landing, 2 x ``ACC_SCALE_MPS2`` from 1 g."""
MAX_HALF_STRIDE_S: Final = 0.5
"""Without a gyroscope: a stance ends half a stride before the next landing, at most this long."""
ONSET_SEARCH_S: Final = 0.04
"""The onset of the landing is searched from this long before the forward swing ends."""
ONSET_FRACTION: Final = 0.2
ONSET_SURE_FRACTION: Final = 0.5
"""Part of the landing's greatest jerk that marks its onset, and part of it that the end of a swing
does not reach. Engineering choices, see Notes."""
SLAP_SEARCH_S: Final = 0.06
"""The greatest rate of the forefoot's slap is searched so long after the onset of the jerk."""
MAX_SLAP_LEAD_S: Final = 0.025
"""And begins no longer than this before it: the cushion of a heel delays the jerk by 18 ms in the
mean cycle of Dorschky 2019."""
MIN_SLAP_RADPS: Final = 3.0
"""Slower than this the foot lies down, and does not slap. Engineering choice."""
SLAP_FRACTION: Final = 0.2
"""Part of the slap's greatest rate that marks its begin, as ``ONSET_FRACTION`` of the jerk: a foot
turns down slowly before it lands."""
TERMINAL_DELAY: Final = 0.08
"""Terminal contact (5 % of body weight) after the last pitch-rate minimum, as a part of the
time from initial contact: 18 of 220 ms running (mean cycle of one man, Dorschky 2019,
doi 10.1016/j.jbiomech.2019.07.022)."""
PUSH_OFF_SEARCH_S: Final = 0.03
"""Without a gyroscope: the push-off peak is searched from this long after foot-flat."""
INITIAL_SD_S: Final = 0.010
TERMINAL_SD_S: Final = 0.015
"""With a gyroscope. Falbriard 2018 (doi 10.3389/fphys.2018.00610) has precision 2 and 4 ms and a
bias below 12 ms that depends on speed; ours is uncalibrated, so the bias counts in full."""
RAILED_TERMINAL_SD_S: Final = 0.020
"""The same where the gyroscope railed at push-off, at the least: the minimum may lie anywhere in
the railed run. Engineering choice."""
ACC_ONLY_INITIAL_SD_S: Final = 0.020
ACC_ONLY_TERMINAL_SD_S: Final = 0.035
"""Without a gyroscope. Engineering choice: no force reference exists for our data."""
ACC_ONLY_CONFIDENCE: Final = 0.6
RAILED_CONFIDENCE: Final = 0.8
MARGIN_S: Final = 1.5
"""Samples this long beyond a bout are read, so that its first and last contact have neighbours."""


@dataclass(frozen=True)
class Stances:
    """The stances of one foot, in time order; every pair of neighbours encloses one swing.

    Attributes
    ----------
    arrive_sample, depart_sample : (n_stances,) int64 array
        The quietest sample after the landing, and the quietest before the push-off; one and the
        same unless the foot stood still for long.
    flat_start_sample, flat_stop_sample : (n_stances,) int64 array
        Half-open range of the foot-flat; its stop is the heel-off. The quietest samples alone
        without a gyroscope.
    swing_start_sample, swing_stop_sample : (n_stances - 1,) int64 array
        Half-open range of the forward swing after each stance but the last.
    swing_direction : (n_stances - 1,) int8 array
        1, or -1 where the foot swings about the pitch axis the other way round: running backward.
    pitch_axis : (3,) float64 array
        Unit vector of the sensor frame about which the foot swings forward with positive rate;
        NaN without a gyroscope.
    """

    arrive_sample: NDArray[np.int64]
    depart_sample: NDArray[np.int64]
    flat_start_sample: NDArray[np.int64]
    flat_stop_sample: NDArray[np.int64]
    swing_start_sample: NDArray[np.int64]
    swing_stop_sample: NDArray[np.int64]
    swing_direction: NDArray[np.int8]
    pitch_axis: NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of stances."""
        return int(self.arrive_sample.size)


@kernel
def _unrest(acc: NDArray[np.float64], gyr: NDArray[np.float64], raw: NDArray[np.float64]) -> None:
    """Write the squared, scaled departure from rest of each sample; both signals are flat."""
    for i in range(raw.size):
        a, b, c = acc[3 * i], acc[3 * i + 1], acc[3 * i + 2]
        x, y, z = gyr[3 * i], gyr[3 * i + 1], gyr[3 * i + 2]
        excess = (math.sqrt(a * a + b * b + c * c) - STANDARD_GRAVITY_MPS2) / ACC_SCALE_MPS2
        raw[i] = excess * excess + (x * x + y * y + z * z) / GYR_SCALE_RADPS**2


@kernel
def _moving_mean(
    x: NDArray[np.float64], start: int, stop: int, half: int, out: NDArray[np.float64]
) -> None:
    """Write the centred mean around each sample of a range, over what there is of ``x``."""
    total, width = 0.0, 2 * half + 1
    for i in range(max(start - half, 0), min(start + half, x.size)):
        total += x[i]
    inner_start = min(max(start, half), stop)
    inner_stop = max(min(stop, x.size - half), inner_start)
    for first, last in ((start, inner_start), (inner_start, inner_stop), (inner_stop, stop)):
        if first == inner_start and last == inner_stop:
            for i in range(first, last):
                total += x[i + half]
                out[i - start] = total / width
                total -= x[i - half]
            continue
        for i in range(first, last):
            if i + half < x.size:
                total += x[i + half]
            out[i - start] = total / (min(i + half + 1, x.size) - max(i - half, 0))
            if i >= half:
                total -= x[i - half]


@kernel
def _add_moments(
    acc: NDArray[np.float64],
    gyr: NDArray[np.float64],
    energy: NDArray[np.float64],
    quiet_force: NDArray[np.float64],
    moments: NDArray[np.float64],
) -> None:
    """Add specific force, the quiet samples' above all, and the second moments of angular rate.

    Both signals are flat; of the moments xx, xy, xz, yy, yz and zz.
    """
    xx = xy = xz = yy = yz = zz = a = b = c = 0.0
    for i in range(energy.size):
        quiet = 1.0 / ((1.0 + energy[i]) * (1.0 + energy[i]))
        a, b, c = a + quiet * acc[3 * i], b + quiet * acc[3 * i + 1], c + quiet * acc[3 * i + 2]
        x, y, z = gyr[3 * i], gyr[3 * i + 1], gyr[3 * i + 2]
        xx, xy, xz = xx + x * x, xy + x * y, xz + x * z
        yy, yz, zz = yy + y * y, yz + y * z, zz + z * z
    for k, value in enumerate((a, b, c)):
        quiet_force[k] += value
    for k, value in enumerate((xx, xy, xz, yy, yz, zz)):
        moments[k] += value


@kernel
def _stance_energy(
    acc: NDArray[np.float64], gyr: NDArray[np.float64], half: int, energy: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Write the centred moving mean of the squared, scaled departure from rest.

    Returns what `_add_moments` adds up. Block by block, so that the second look at a sample finds
    it in the cache.
    """
    n, force, turn = acc.shape[0], acc.reshape(acc.size), gyr.reshape(gyr.size)
    raw = np.empty(ENERGY_BLOCK + 2 * half)
    quiet_force, moments = np.zeros(3), np.zeros(6)
    for start in range(0, n, ENERGY_BLOCK):
        stop = min(start + ENERGY_BLOCK, n)
        first, last = max(start - half, 0), min(stop + half, n)
        _unrest(force[3 * first : 3 * last], turn[3 * first : 3 * last], raw[: last - first])
        part = energy[start:stop]
        _moving_mean(raw[: last - first], start - first, stop - first, half, part)
        rows = slice(3 * start, 3 * stop)
        _add_moments(force[rows], turn[rows], part, quiet_force, moments)
    return quiet_force, moments


@kernel
def _before_push_off(
    pitch: NDArray[np.float64], sign: float, start: int, sampling_rate_hz: float
) -> int:
    """Latest sample from which the foot still turns the least push-off angle before its swing."""
    angle, furthest = 0.0, 0.0
    i = start
    while i > 0 and angle < MIN_PUSH_OFF_ANGLE_RAD * sampling_rate_hz:
        i -= 1
        angle -= sign * pitch[i]
        furthest = max(furthest, angle)
        if angle < furthest - PUSH_OFF_REBOUND_RAD * sampling_rate_hz:
            return start
    return i


@kernel
def _with_twice_the_room(swings: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the swings of both signs with room for as many again."""
    n = swings.shape[1]
    more = np.empty((2, 2 * n, 3), np.int64)
    for which in range(2):
        for k in range(n):
            for column in range(3):
                more[which, k, column] = swings[which, k, column]
    return more


@kernel
def _find_swings(
    pitch: NDArray[np.float64], sampling_rate_hz: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lobes of pitch rate large and fast enough for a swing: start, stop, latest heel-off.

    Those of positive rate, and those of negative.
    """
    n = pitch.size
    swings, count = np.empty((2, SWING_ROOM, 3), np.int64), np.zeros(2, np.int64)
    start, sign, area, peak = 0, 0.0, 0.0, 0.0
    for i in range(n):
        rate = sign * pitch[i]
        if rate > 0.0:
            area += rate
            peak = max(peak, rate)
            continue
        if area >= MIN_SWING_ANGLE_RAD * sampling_rate_hz and peak >= MIN_SWING_RATE_RADPS:
            which = 0 if sign > 0.0 else 1
            if count[which] == swings.shape[1]:
                swings = _with_twice_the_room(swings)
            swing = swings[which, count[which]]
            swing[0], swing[1] = start, i
            swing[2] = _before_push_off(pitch, sign, start, sampling_rate_hz)
            count[which] += 1
        sign = 1.0 if pitch[i] > 0.0 else (-1.0 if pitch[i] < 0.0 else 0.0)
        start, area, peak = i, abs(pitch[i]), abs(pitch[i])
    return swings[0, : count[0]].copy(), swings[1, : count[1]].copy()


@kernel
def _argmin(x: NDArray[np.float64], start: int, stop: int) -> int:
    """Return the index of the least value in a half-open range that is not empty."""
    best = start
    for i in range(start + 1, stop):
        if x[i] < x[best]:
            best = i
    return best


@kernel
def _landing(energy: NDArray[np.float64], start: int, stop: int) -> int:
    """Return the index of the highest energy in a half-open range, ``start`` where it is empty."""
    best = start
    for i in range(start + 1, stop):
        if energy[i] > energy[best]:
            best = i
    return best


@kernel
def _find_quiet(
    energy: NDArray[np.float64], swings: NDArray[np.int64], sampling_rate_hz: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Quietest sample after the landing and before the push-off of every stance."""
    n, n_swings = energy.size, swings.shape[0]
    edge = int(EDGE_SEARCH_S * sampling_rate_hz)
    landing_search = int(LANDING_SEARCH_S * sampling_rate_hz)
    arrive = np.empty(n_swings + 1, np.int64)
    depart = np.empty(n_swings + 1, np.int64)
    for k in range(n_swings + 1):
        stop = swings[k, 2] if k < n_swings else n
        if k == 0:
            arrive[k] = depart[k] = _argmin(energy, max(0, stop - edge), stop + 1)
            continue
        swing_stop = swings[k - 1, 1]
        middle = (swing_stop + stop) // 2
        start = _landing(energy, swing_stop, min(swing_stop + landing_search, middle))
        if k == n_swings:
            arrive[k] = depart[k] = _argmin(energy, start, min(start + edge, n))
        elif stop - start <= STANDING_S * sampling_rate_hz:
            arrive[k] = depart[k] = _argmin(energy, start, stop)
        else:
            arrive[k] = _argmin(energy, start, start + edge)
            depart[k] = _argmin(energy, stop - edge, stop)
    return arrive, depart


@kernel
def _backward_turns(
    pitch: NDArray[np.float64],
    swings: NDArray[np.int64],
    direction: NDArray[np.int8],
    depart: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return where the foot turns back fastest before and after each quietest sample, and how fast.

    Of every stance between two swings, 0 where the part is empty.
    """
    n = swings.shape[0]
    where, rate = np.zeros((n, 2), np.int64), np.zeros((n, 2))
    for k in range(1, n):
        sign = float(direction[k])
        ends = (swings[k - 1, 1], min(depart[k], swings[k, 0]), swings[k, 0])
        for half in range(2):
            lowest, at = 0.0, 0
            for i in range(ends[half], ends[half + 1]):
                if sign * pitch[i] < lowest:
                    lowest, at = sign * pitch[i], i
            where[k, half], rate[k, half] = at, -lowest
    return where, rate


def _end_at_missed_push_off(
    pitch: NDArray[np.float64],
    swings: NDArray[np.int64],
    direction: NDArray[np.int8],
    depart: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the swings, the latest heel-off lowered where the quietest sample follows push-off.

    A foot that turns back a little between push-off and swing, or a landing that fell into a hole,
    lets push-off be taken for the landing. A fast turn when the stretch's other stances push off
    is one; the slap of a landing comes sooner.
    """
    where, rate = _backward_turns(pitch, swings, direction, depart)
    landed = np.concatenate((swings[:1, 0], swings[:-1, 1]))
    usual = np.median(where[1:, 1] - landed[1:]) if swings.shape[0] > 1 else 0.0
    missed = rate[:, 0] > MISSED_PUSH_OFF_RATIO * np.maximum(rate[:, 1], MIN_SLAP_RADPS)
    missed &= where[:, 0] - landed > MISSED_PUSH_OFF_TIME * usual
    if missed.any():
        swings = swings.copy()
        swings[missed, 2] = where[missed, 0]
    return swings


@kernel
def _far_apart(
    quiet: NDArray[np.int64], energy: NDArray[np.float64], min_stride: float
) -> NDArray[np.bool_]:
    """Tell which swings to keep: of two foot-flats too close to be two, the quieter stays."""
    keep = np.ones(quiet.size - 1, dtype=np.bool_)
    last = 0
    for k in range(1, quiet.size):
        close = quiet[k] - quiet[last] < min_stride
        if close and (last == 0 or energy[quiet[k]] > energy[quiet[last]]):
            keep[k - 1] = False
            continue
        if close:
            keep[last - 1] = False
        last = k
    return keep


@kernel
def _find_landings(bumps: NDArray[np.float64], sampling_rate_hz: float) -> NDArray[np.int64]:
    """Swings of a sensor without gyroscope: each ends at a landing, the highest energy around."""
    n = bumps.size
    reach = int(MIN_STRIDE_S * sampling_rate_hz)
    longest = int(MAX_HALF_STRIDE_S * sampling_rate_hz)
    swings = np.empty((n // max(reach, 1) + 2, 3), np.int64)
    count, last, best = 0, -reach, -1
    for i in range(1, n - 1):
        if bumps[i] >= MIN_BUMP_ENERGY and bumps[i] >= bumps[i - 1] and bumps[i] > bumps[i + 1]:
            if best < 0 or i - best >= reach:
                best = i
                count += 1
            elif bumps[i] > bumps[best]:
                best = i
            last = swings[count - 2, 1] if count > 1 else best - 2 * longest
            swings[count - 1, 0] = max(best - min((best - last) // 2, longest), 0)
            swings[count - 1, 1] = best
            swings[count - 1, 2] = swings[count - 1, 0]
    return swings[:count].copy()


@kernel
def _rate(gyr: NDArray[np.float64], i: int) -> float:
    """Length of the angular rate."""
    x, y, z = gyr[i, 0], gyr[i, 1], gyr[i, 2]
    return math.sqrt(x * x + y * y + z * z)


@kernel
def _flat_bounds(
    gyr: NDArray[np.float64], arrive: NDArray[np.int64], depart: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Half-open range around the quietest samples in which the foot hardly turns."""
    start, stop = arrive.copy(), depart + 1
    for k in range(arrive.size):
        limit = max(FLAT_RATE_RADPS, FLAT_RATE_FACTOR * _rate(gyr, arrive[k]))
        while start[k] > 0 and _rate(gyr, start[k] - 1) <= limit:
            start[k] -= 1
        limit = max(FLAT_RATE_RADPS, FLAT_RATE_FACTOR * _rate(gyr, depart[k]))
        while stop[k] < gyr.shape[0] and _rate(gyr, stop[k]) <= limit:
            stop[k] += 1
    return start, stop


@kernel
def _jerk_square(force: NDArray[np.float64], i: int) -> float:
    """Squared length of the change of specific force, which is flat, from the sample before."""
    k = 3 * i
    x, y, z = force[k] - force[k - 3], force[k + 1] - force[k - 2], force[k + 2] - force[k - 1]
    return float(x * x + y * y + z * z)


@kernel
def _pitch_and_jerk(
    acc: NDArray[np.float64], gyr: NDArray[np.float64], axis: NDArray[np.float64], block: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rate about an axis, and the squared jerk while the foot turns fast backward and forward.

    The jerk is summed block by block: in the first column while the rate is negative, in the
    second while it is positive.
    """
    n, force, turn = acc.shape[0], acc.reshape(acc.size), gyr.reshape(gyr.size)
    pitch, sums = np.empty(n), np.zeros(((n + block - 1) // block, 2))
    for b in range(sums.shape[0]):
        start, stop = b * block, min((b + 1) * block, n)
        square, backward, forward = 0.0, 0.0, 0.0
        for i in range(start, stop):
            k = 3 * i
            rate = axis[0] * turn[k] + axis[1] * turn[k + 1] + axis[2] * turn[k + 2]
            pitch[i] = rate
            square += rate * rate
        fast = max(JERK_MIN_RATE_RADPS, math.sqrt(square / (stop - start)))
        for i in range(max(start, 1), stop):
            if pitch[i] >= fast:
                forward += _jerk_square(force, i)
            elif pitch[i] <= -fast:
                backward += _jerk_square(force, i)
        sums[b, 0], sums[b, 1] = backward, forward
    return pitch, sums


@kernel
def _calm_after(
    energy: NDArray[np.float64], swings: NDArray[np.int64], reach: int
) -> NDArray[np.float64]:
    """Log ratio of the least energy just before each swing to that just after it."""
    ratio = np.empty(swings.shape[0])
    count = 0
    for k in range(swings.shape[0]):
        start, stop = swings[k, 0], swings[k, 1]
        if start >= reach and stop + reach <= energy.size:
            before = energy[_argmin(energy, start - reach, start)]
            after = energy[_argmin(energy, stop, stop + reach)]
            ratio[count] = math.log((before + QUIET_FLOOR) / (after + QUIET_FLOOR))
            count += 1
    return ratio[:count]


def _directions(jerk: NDArray[np.float64], calm: float) -> NDArray[np.int8]:
    """Direction of the swing, block by block.

    A swing is smooth, landing and push-off are not; and calm follows a swing, not precedes it.
    An infinite ``calm`` says that the sign is known.
    """
    ratio = np.log((jerk[:, 0] + JERK_FLOOR) / (jerk[:, 1] + JERK_FLOOR))
    overall = 1.0 if ratio.mean() + calm >= 0.0 else -1.0
    beside = np.concatenate((ratio[:1], ratio, ratio[-1:]))
    local = overall * (0.25 * beside[:-2] + 0.5 * ratio + 0.25 * beside[2:])
    changed = np.quantile(overall * ratio, 0.75) - local > DIRECTION_CHANGE
    against = changed & (local < -DIRECTION_TRUST)
    return np.where(against, -overall, overall).astype(np.int8)


def _gyr_swings(
    acc: NDArray[np.float64],
    gyr: NDArray[np.float64],
    energy: NDArray[np.float64],
    rest_and_turn: tuple[NDArray[np.float64], NDArray[np.float64]],
    rate: float,
    likely_axis: NDArray[np.float64] | None,
) -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.float64], NDArray[np.float64]]:
    """Swings, their direction, the pitch axis and the rate about it, from the rate's lobes.

    ``rest_and_turn`` as `_stance_energy` returns it.
    """
    quiet_force, (xx, xy, xz, yy, yz, zz) = rest_and_turn
    moments = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    up = quiet_force / np.linalg.norm(quiet_force)
    level = np.eye(3) - np.outer(up, up)
    axis = np.linalg.eigh(level @ moments @ level)[1][:, 2].copy()
    block = round(DIRECTION_BLOCK_S * rate)
    pitch, jerk = _pitch_and_jerk(acc, gyr, axis, block)
    lobes = dict(zip((1.0, -1.0), _find_swings(pitch, rate), strict=True))
    calm = {
        sign: _calm_after(energy, found, round(BESIDE_S * rate)) for sign, found in lobes.items()
    }
    calmer = 0.0
    if likely_axis is not None:
        calmer = math.copysign(math.inf, float(axis @ likely_axis))
    elif all(ratio.size for ratio in calm.values()):
        calmer = float(np.median(calm[1.0]) - np.median(calm[-1.0]))
    by_block = _directions(jerk, calmer)
    swings, directions = [], []
    for direction in np.unique(by_block):
        found = lobes[float(direction)]
        found = found[by_block[found[:, 1] // block] == direction]
        swings.append(found)
        directions.append(np.full(found.shape[0], direction, dtype=np.int8))
    swing, direction = np.concatenate(swings), np.concatenate(directions)
    order = np.argsort(swing[:, 0])
    forward = 1 if 2 * int(direction.sum(dtype=np.int64)) >= 0 else -1
    direction = (direction[order] * forward).astype(np.int8)
    if forward < 0:
        np.negative(pitch, out=pitch)
    return swing[order], direction, axis * forward, pitch


def find_stances(
    acc_mps2: NDArray[np.float64],
    gyr_radps: NDArray[np.float64] | None,
    sampling_rate_hz: float,
    likely_axis: NDArray[np.float64] | None = None,
) -> Stances:
    """Find the stances of the instrumented foot in uninterrupted walking or running.

    Parameters
    ----------
    acc_mps2, gyr_radps : (n_samples, 3) float64 array
        Specific force and angular rate in any frame fixed to the foot, without NaN. Without a
        gyroscope (None) the landings anchor the stances: fit for running only.
    sampling_rate_hz : float
        Samples a second.
    likely_axis : (3,) float64 array, optional
        Pitch axis of a longer stretch of the same sensor: tells the sign.

    Returns
    -------
    Stances
        Empty where no forward swing is found.

    Notes
    -----
    The pitch axis is the first principal axis of the angular rate after the part about the
    vertical is taken out, so that tight circles do not turn it. Its sign, and with it the
    direction of running, is the one under which the swing is smooth, the jerk of landing and
    push-off falling into the other half of the cycle, and calm comes after the swing: a landing on
    the forefoot, in the middle of which the heel sinks as if the foot still swung, has no more
    jerk backward than forward (one recording of pyshoe_vicon).
    """
    acc = np.ascontiguousarray(acc_mps2, dtype=np.float64)
    rate = sampling_rate_hz
    gyr = np.zeros_like(acc) if gyr_radps is None else np.ascontiguousarray(gyr_radps, np.float64)
    energy = np.empty(acc.shape[0])
    rest_and_turn = _stance_energy(acc, gyr, round(ENERGY_HALF_WINDOW_S * rate), energy)
    if gyr_radps is None:
        bumps = np.empty(acc.shape[0])
        _stance_energy(acc, gyr, round(BUMP_HALF_WINDOW_S * rate), bumps)
        swings, axis, pitch = _find_landings(bumps, rate), np.full(3, np.nan), np.empty(0)
        direction = np.ones(swings.shape[0], dtype=np.int8)
    else:
        swings, direction, axis, pitch = _gyr_swings(
            acc, gyr, energy, rest_and_turn, rate, likely_axis
        )
    if swings.shape[0] == 0:
        none = np.empty(0, np.int64)
        return Stances(*(none,) * 6, np.empty(0, np.int8), axis)
    arrive, depart = _find_quiet(energy, swings, rate)
    keep = _far_apart(arrive, energy, MIN_STRIDE_S * rate)
    if not keep.all():
        swings, direction = swings[keep], direction[keep]
        arrive, depart = _find_quiet(energy, swings, rate)
    if gyr_radps is not None:
        ended = _end_at_missed_push_off(pitch, swings, direction, depart)
        if ended is not swings:
            arrive, depart = _find_quiet(energy, ended, rate)
    flat = (arrive, depart + 1) if gyr_radps is None else _flat_bounds(gyr, arrive, depart)
    return Stances(arrive, depart, *flat, swings[:, 0].copy(), swings[:, 1].copy(), direction, axis)


@kernel
def _onset(force: NDArray[np.float64], start: int, stop: int) -> float:
    """Sample at which the rise of the landing's jerk begins, in a range that holds its greatest.

    From the first jerk that is surely the landing's back to where it exceeds its fraction of the
    greatest: the end of a swing has a jerk of its own, before. Between samples by straight lines
    through the jerks, which see a sudden rise half a sample early: a difference belongs to the
    middle of the two samples that it is of, and begins to grow a sample before that.
    """
    greatest = 0.0
    for i in range(start, stop):
        greatest = max(greatest, _jerk_square(force, i))
    i = start
    while i < stop and _jerk_square(force, i) < ONSET_SURE_FRACTION**2 * greatest:
        i += 1
    while i > start and _jerk_square(force, i - 1) >= ONSET_FRACTION**2 * greatest:
        i -= 1
    if i == start:
        return i - 0.5
    low, high = math.sqrt(_jerk_square(force, i - 1)), math.sqrt(_jerk_square(force, i))
    return i - 1.0 + (ONSET_FRACTION * math.sqrt(greatest) - low) / (high - low)


@kernel
def _slap(
    falling: NDArray[np.float64], onset: float, stop: int, first: int, reach: tuple[int, int]
) -> float:
    """Sample at which the forefoot begins to slap down after landing on the heel, else ``onset``.

    The heel's cushion delays the jerk at the instep, the turning starts with the contact. A foot
    that turns down before the onset of the jerk lands on the forefoot, and no slap follows; one
    that turns down long before it is still in the air. ``reach`` is how far after the onset the
    slap is searched, and how far before it the slap may begin.
    """
    begin = max(int(onset), 1)
    end = min(begin + reach[0], stop)
    if end <= begin:
        return onset
    low = _argmin(falling, begin, end)
    if low == begin or falling[low] > -MIN_SLAP_RADPS:
        return onset
    i = low
    while i > first and falling[i] < SLAP_FRACTION * falling[low]:
        i -= 1
    fall = falling[i] - falling[i + 1]
    part = (falling[i] - SLAP_FRACTION * falling[low]) / fall if fall > 0.0 else 0.0
    slap = i + min(max(part, 0.0), 1.0)
    return slap if onset - reach[1] <= slap <= onset else onset


@kernel
def _vertex(x: NDArray[np.float64], i: int) -> float:
    """Sample of the extremum of the parabola through three samples around ``i``."""
    if i < 1 or i > x.size - 2:
        return float(i)
    bend = x[i - 1] - 2.0 * x[i] + x[i + 1]
    tilt = x[i - 1] - x[i + 1]
    return i + 0.5 * tilt / bend if abs(tilt) < abs(bend) else float(i)


@kernel
def _falling(
    x: NDArray[np.float64], axis: NDArray[np.float64], direction: int, room: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Rate about an axis, positive with the swing; without an axis the size, turned round.

    Either is least at push-off. Written to the begin of ``room``, which is returned.
    """
    out, (a, b, c) = room[: x.shape[0]], axis
    for i in range(x.shape[0]):
        out[i] = direction * (x[i, 0] * a + x[i, 1] * b + x[i, 2] * c)
    for i in range(x.shape[0] if math.isnan(a) else 0):
        out[i] = -_rate(x, i)
    return out


@kernel
def _find_events(
    acc: NDArray[np.float64],
    turn: NDArray[np.float64],
    axis: NDArray[np.float64],
    stance: NDArray[np.int64],
    search: tuple[int, int, int, int],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find initial contact and push-off of every stance.

    ``stance`` holds swing stop, arrive, depart and next swing start, or depart again where no
    swing follows and push-off is not observed, and the direction of the swing before; ``turn`` and
    ``axis`` are read as `_falling` does; ``search`` is how far before the swing's end and after
    foot-flat the searches start, and how far after and before the jerk's onset the slap is
    searched (0: no gyroscope).
    """
    n, force, longest = stance.shape[0], acc.reshape(acc.size), 0
    initial, terminal = np.full(n, math.nan), np.full(n, math.nan)
    for k in range(n):
        longest = max(longest, stance[k, 1] - stance[k, 0], stance[k, 3] - stance[k, 2])
    room = np.empty(longest + search[0] + 4)  # some neighbours more
    for k in range(n):
        swing_stop, arrive, depart, swing_start, direction = stance[k]
        start = max(swing_stop - search[0], 1)
        if arrive > start:
            initial[k] = _onset(force, start, arrive)
        if arrive > start and search[2] > 0:
            first = max(start - 2, 0)  # neighbours of what is searched
            part = _falling(turn[first : arrive + 1], axis, direction, room)
            ends = (arrive - first, start - first)
            initial[k] = first + _slap(part, initial[k] - first, ends[0], ends[1], search[2:])
        if swing_start > depart:
            start = min(depart + search[1], swing_start - 1)
            first = max(start - 1, 0)
            part = _falling(turn[first : swing_start + 1], axis, direction, room)
            lowest = _argmin(part, start - first, swing_start - first)
            terminal[k] = first + _vertex(part, lowest)
    return initial, terminal


@dataclass(frozen=True)
class FootStretch:
    """A stretch of a foot sensor's recording between long gaps, and the stances in it.

    Attributes
    ----------
    start_sample : int
        Sample of the recording that the stretch begins with; all else counts from there.
    acc_mps2 : (n, 3) float64 array
        Specific force, short holes bridged.
    gyr_radps, repaired_radps : (n, 3) float64 array or None
        Angular rate, short holes bridged, as it came and with railed samples repaired; None
        without a gyroscope.
    railed : (n,) bool array
        Where the gyroscope railed.
    hole_s : (n,) float64 array
        Length of the hole that each bridged sample lies in; 0 where observed. Empty where the
        whole recording was.
    stances : Stances
        As :func:`find_stances` gives them.
    """

    start_sample: int
    acc_mps2: NDArray[np.float64]
    gyr_radps: NDArray[np.float64] | None
    repaired_radps: NDArray[np.float64] | None
    railed: NDArray[np.bool_]
    hole_s: NDArray[np.float64]
    stances: Stances

    @property
    def stop_sample(self) -> int:
        """Return the sample of the recording after the last."""
        return self.start_sample + int(self.acc_mps2.shape[0])


def foot_stretches(
    acc_mps2: NDArray[np.float64],
    gyr_radps: NDArray[np.float64] | None,
    sampling_rate_hz: float,
    gyr_ranges: ChannelRanges | None = None,
) -> list[FootStretch]:
    """Repair and bridge a foot sensor's signals and find its stances, once for all uses.

    Parameters
    ----------
    acc_mps2, gyr_radps : (n_samples, 3) float64 array
        Specific force and angular rate, best in the sensor's own axes, because a gyroscope rails
        by axis. NaN where not observed; without a gyroscope None, or NaN throughout.
    sampling_rate_hz : float
        Samples a second.
    gyr_ranges : ChannelRanges, optional
        Of ``gyr_radps``, where both signals are known to be complete.

    Returns
    -------
    list of FootStretch
        In time order. Holes up to 0.12 s are bridged, longer ones part two stretches; stretches
        of less than 1 s are left out.
    """
    acc = np.ascontiguousarray(acc_mps2, dtype=np.float64)
    gyr = None if gyr_radps is None else np.ascontiguousarray(gyr_radps, dtype=np.float64)
    if gyr is not None and not live_columns(gyr).any():
        gyr = None
    if gyr is None:
        acc, hole_s = bridge_gaps(acc, sampling_rate_hz, ANCHOR_BRIDGE_S)
        pieces = finite_segments(acc)
    elif gyr_ranges is not None or not (has_gaps(acc) or has_gaps(gyr)):
        hole_s = np.empty(0)
        pieces = np.array([[0, acc.shape[0]]])
    else:
        bridged, hole_s = bridge_gaps(np.hstack((acc, gyr)), sampling_rate_hz, ANCHOR_BRIDGE_S)
        acc, gyr = bridged[:, :3], bridged[:, 3:]
        pieces = finite_segments(bridged)
    found = []
    likely_axis = None
    pieces = pieces[pieces[:, 1] - pieces[:, 0] >= MIN_STRETCH_S * sampling_rate_hz]
    for first, last in pieces[np.argsort(pieces[:, 0] - pieces[:, 1], kind="stable")]:
        force = np.ascontiguousarray(acc[first:last])
        turn, repaired, railed = None, None, np.zeros(last - first, dtype=np.bool_)
        if gyr is not None:
            turn = np.ascontiguousarray(gyr[first:last])
            repaired, railed = repair_railed(turn, ranges=gyr_ranges)
        stances = find_stances(force, repaired, sampling_rate_hz, likely_axis)
        if likely_axis is None and len(stances) >= MIN_STANCES_TO_TELL:
            likely_axis = stances.pitch_axis
        hole = hole_s[first:last]
        found.append(FootStretch(int(first), force, turn, repaired, railed, hole, stances))
    return sorted(found, key=lambda stretch: stretch.start_sample)


def _longest(
    stretch: FootStretch, start: NDArray[np.float64], stop: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the longest hole of each range of samples."""
    out = np.empty(start.size)
    longest_hole(stretch.hole_s, start, stop, out)
    return out


@kernel
def _run_length(marks: NDArray[np.bool_], at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how long the run of marks is that each of some samples lies in, 0 outside."""
    length = np.zeros(at.size, dtype=np.int64)
    for k in range(at.size):
        first = last = at[k]
        while last < marks.size and marks[last]:
            last += 1
        while last > at[k] and first > 0 and marks[first - 1]:
            first -= 1
        length[k] = last - first
    return length


def _stretch_contacts(
    stretch: FootStretch, sampling_rate_hz: float, coefficients: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], ...]:
    """Return initial and terminal contact, their SDs and the confidence of every landing."""
    stances, has_gyr = stretch.stances, stretch.repaired_radps is not None
    swing_stop = stances.swing_stop_sample.astype(np.float64)
    arrive, depart = stances.arrive_sample[1:], stances.depart_sample[1:]
    # The last stance leads into standing or a gap: it has a beginning, and no end to be seen.
    leave = np.append(stances.swing_start_sample[1:], depart[-1:])
    search_s = (ONSET_SEARCH_S, *((0.0, SLAP_SEARCH_S) if has_gyr else (PUSH_OFF_SEARCH_S, 0.0)))
    before, after, slap = (round(part_s * sampling_rate_hz) for part_s in search_s)
    search = (before, after, slap, round(MAX_SLAP_LEAD_S * sampling_rate_hz))
    stance = np.column_stack(
        (stances.swing_stop_sample, arrive, depart, leave, stances.swing_direction)
    )
    turn = stretch.acc_mps2 if stretch.repaired_radps is None else stretch.repaired_radps
    initial, push_off = _find_events(
        stretch.acc_mps2, turn, stances.pitch_axis, stance.astype(np.int64), search
    )
    # Whoever stood in between pushed off from standing, not from this landing.
    stood = push_off - initial > STANDING_S * sampling_rate_hz
    push_off[stood] = np.nan

    initial_sd_s = np.full(initial.size, INITIAL_SD_S if has_gyr else ACC_ONLY_INITIAL_SD_S)
    terminal_sd_s = np.full(initial.size, TERMINAL_SD_S if has_gyr else ACC_ONLY_TERMINAL_SD_S)
    confidence = np.full(initial.size, 1.0 if has_gyr else ACC_ONLY_CONFIDENCE)
    railed_s = _run_length(stretch.railed, np.nan_to_num(push_off).astype(np.int64))
    railed_s = np.where(np.isfinite(push_off), railed_s / sampling_rate_hz, 0.0)
    on_rail = np.maximum(RAILED_TERMINAL_SD_S, railed_s / math.sqrt(12.0))
    terminal_sd_s = np.where(railed_s > 0.0, on_rail, terminal_sd_s)
    confidence = np.where(railed_s > 0.0, RAILED_CONFIDENCE, confidence)

    if stretch.hole_s.any():
        reach = HOLE_REACH_S * sampling_rate_hz
        # A landing in a hole is not observed: the end of the swing stands in, as far before the
        # landing as it usually is, if it is seen itself.
        lost = _longest(stretch, swing_stop - search[0], arrive.astype(np.float64)) > 0.0
        lead = initial[~lost] - swing_stop[~lost]
        usual = np.nanmedian(lead) if np.isfinite(lead).any() else np.nan
        spread = 1.4826 * np.nanmedian(np.abs(lead - usual)) if np.isfinite(usual) else np.nan
        beside_s = _longest(stretch, swing_stop - reach, swing_stop + reach)
        seen = beside_s <= EVENT_BRIDGE_S
        initial = np.where(lost, np.where(seen, swing_stop + usual, np.nan), initial)
        widened = np.hypot(initial_sd_s, np.hypot(spread / sampling_rate_hz, beside_s))
        initial_sd_s = np.where(lost, widened, initial_sd_s)
        beside_s = _longest(stretch, push_off - reach, push_off + reach)
        push_off = np.where(beside_s <= EVENT_BRIDGE_S, push_off, np.nan)
        terminal_sd_s = np.hypot(terminal_sd_s, HOLE_SD_SHARE * beside_s)
        confidence = np.where(lost | (beside_s > 0.0), HOLE_CONFIDENCE * confidence, confidence)

    shift_s, delay = (0.0, TERMINAL_DELAY if has_gyr else 0.0)
    if coefficients is not None:
        shift_s, delay = float(coefficients[0]), float(coefficients[1])
    terminal = push_off + delay * (push_off - initial)
    offset = stretch.start_sample
    return (
        (initial + offset) / sampling_rate_hz + shift_s,
        (terminal + offset) / sampling_rate_hz,
        initial_sd_s,
        terminal_sd_s,
        confidence,
    )


def stretch_contacts(
    stretches: Sequence[FootStretch],
    sampling_rate_hz: float,
    side: np.int8,
    coefficients: NDArray[np.float64] | None = None,
) -> Contacts:
    """Find initial and terminal contact of every landing in a recording's stretches.

    Parameters
    ----------
    stretches : sequence of FootStretch
        Of the whole recording.
    sampling_rate_hz, side, coefficients
        As in :func:`foot_contacts`.

    Returns
    -------
    Contacts
        Walking and running alike; initial contact is NaN where it was not observed.
    """
    parts = [
        _stretch_contacts(stretch, sampling_rate_hz, coefficients)
        for stretch in stretches
        if len(stretch.stances) > 0
    ]
    columns = [np.concatenate([np.empty(0), *column]) for column in zip(*parts, strict=True)]
    initial_s, terminal_s, initial_sd_s, terminal_sd_s, confidence = columns or [np.empty(0)] * 5
    sides = np.full(initial_s.size, side, dtype=np.int8)
    return Contacts(initial_s, terminal_s, initial_sd_s, terminal_sd_s, sides, confidence)


def foot_contacts(
    acc_mps2: NDArray[np.float64],
    gyr_radps: NDArray[np.float64] | None,
    sampling_rate_hz: float,
    start_sample: int,
    stop_sample: int,
    side: np.int8,
    coefficients: NDArray[np.float64] | None = None,
    whole: Contacts | None = None,
) -> Contacts:
    """Find initial and terminal contact of the instrumented foot in one bout.

    Parameters
    ----------
    acc_mps2, gyr_radps : (n_samples, 3) float64 array
        Whole recording in any frame fixed to the foot; NaN where not observed. Where the bout has
        no angular rate at all (None, or NaN) an acceleration-only rule is used, running only.
    sampling_rate_hz : float
        Samples a second.
    start_sample, stop_sample : int
        Half-open range of the bout.
    side : int8
        Code of ``constants.SIDES`` of the instrumented foot.
    coefficients : (2,) float64 array, optional
        Seconds added to the initial contact, and the delay of terminal contact after the push-off
        minimum as a part of contact time; by default 0 and ``TERMINAL_DELAY``.
    whole : Contacts, optional
        Of the whole recording, from :func:`stretch_contacts`; found around the bout if not given.

    Returns
    -------
    Contacts
        Contacts after a swing of the foot, initial contact within the bout. Terminal contact is
        NaN where no swing follows, or where it fell into a hole of more than 30 ms.

    Notes
    -----
    Terminal contact: the minimum of pitch rate after foot-flat (Falbriard 2018,
    doi 10.3389/fphys.2018.00610) plus a delay. Initial contact: we deviate. Falbriard's minimum
    before foot-flat lies 30 (running) to 50 ms (walking) after 5 % of body weight in the mean
    cycles of Dorschky 2019, because the foot is still slapping down; we take the onset of the
    landing's jerk, from shortly before the forward swing ends, or where the slap begins before it
    the begin of the slap.

    Holes up to 0.12 s are bridged to find swings. A landing in a hole is not read from its jerk:
    it is placed after the end of the swing as far as the other landings are, with that scatter and
    the hole's whole length for its standard deviation.
    """
    has_gyr = gyr_radps is not None and bool(
        live_columns(gyr_radps[start_sample:stop_sample]).any()
    )
    if whole is None or not has_gyr:
        margin = int(MARGIN_S * sampling_rate_hz)
        begin = max(0, start_sample - margin)
        near = slice(begin, stop_sample + margin)
        near_gyr = gyr_radps[near] if gyr_radps is not None and has_gyr else None
        stretches = [
            replace(stretch, start_sample=stretch.start_sample + begin)
            for stretch in foot_stretches(acc_mps2[near], near_gyr, sampling_rate_hz)
        ]
        whole = stretch_contacts(stretches, sampling_rate_hz, side, coefficients)
    sample = whole.initial_contact_s * sampling_rate_hz
    # NaN is not inside
    return select_contacts(whole, (sample >= start_sample) & (sample < stop_sample))
