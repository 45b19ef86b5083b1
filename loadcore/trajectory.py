"""Stride length and speed from a sensor on the foot: strapdown integration, stride by stride.

Every stride is integrated on its own, from one foot-flat to the next, in the frame of the sensor
at its first foot-flat. The foot is taken to be at rest at both ends. Then the rotated specific
force, averaged over the stride, *is* minus gravity: its direction is the vertical (no quiet
standing and no alignment needed) and its length, which must be 9.81 m/s², tells how well the
attitude was followed. Where the gyroscope railed, the repair is scaled until that length is right.
"""

import math
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loadcore._jit import kernel
from loadcore.constants import STANDARD_GRAVITY_MPS2
from loadcore.contacts_foot import FootStretch, Stances, find_stances
from loadcore.gaps import longest_hole
from loadcore.railed import repair_railed
from loadcore.signals import SignalError

__all__ = [
    "FootStrides",
    "StrideLengthModel",
    "correct_lengths",
    "foot_trajectory",
    "speed_sd_mps",
    "stretch_trajectory",
    "stride_features",
]

ROLL_LEVER_M: Final = 0.064
"""Height of the sensor above the point about which the foot rolls at "zero velocity". The foot
still turns there (0.5 to 3 rad/s running), so the sensor moves at lever x rate (0.04 to 0.1 m/s),
which de-drifting to rest takes away. Fitted on gdlbio_foot (0.064 m); pyshoe_vicon, another
person, shoe and sensor, gives 0.063 m."""
MIN_RAILED_TO_SCALE: Final = 5
"""Fewer railed samples a stride leave too little to scale the repair by."""
MAX_REPAIR_GAIN: Final = 2.0
"""The repair is scaled by 0 to this, never further. Engineering choice."""
MIN_GRAVITY_SLOPE_MPS2: Final = 0.3
"""Below this change of apparent gravity between no repair and full repair, scaling is noise."""
MAX_STRIDE_S: Final = 2.5
"""A longer piece from foot-flat to foot-flat is not a stride."""
UNCLIPPED_LENGTH_SD_M: Final = 0.033
"""SD of the length of a running stride with fewer than 5 railed samples (gdlbio_foot, n = 177)."""
CLIPPED_LENGTH_SD_M: Final = 0.15
"""The same with ``MANY_CLIPPED`` or more railed samples (gdlbio_foot, n = 140)."""
STRIDE_TIME_FLAT_SHARE: Final = 0.29
"""Error (SD) of the time of a stride as a part of the foot-flat: as if the foot left anywhere in
it, 1/sqrt(12). gdlbio_foot running: SD 15, 18, 29 ms at foot-flats of 35, 57, 90 ms."""
STRIDE_TIME_SD_S: Final = (0.020, 0.060)
"""But never less or more than this: in walking the error no longer grows with the foot-flat
(gdlbio_foot, foot-flats of 100 to 400 ms: SD 64 ms)."""
TIME_OVER_QUIET: Final = (0.4, 1.25)
"""A stride time from foot leaving to foot leaving, over the time between the quietest samples, is
neither less nor more; else one of the stances is none. Less is common where a stride begins from
standing, whose quietest sample lies long before. Engineering choice."""
MANY_CLIPPED: Final = 20


@dataclass(frozen=True)
class FootStrides:
    """Strides of the instrumented foot, in time order, each from foot-flat to foot-flat.

    Attributes
    ----------
    start_sample, stop_sample : (n_strides,) int64 array
        End of the foot-flat that the stride begins with, begin of the one that it ends with.
    stride_time_s, stride_time_sd_s : (n_strides,) float64 array
        From the foot's leaving to its next leaving (the mean of heel-off and begin of swing), where
        the stride ends in standing or a gap from quietest sample to quietest sample; and the SD of
        its error.
    stride_length_m, stride_length_sd_m : (n_strides,) float64 array
        Straight distance between the two foot-flats (along the slope, on a slope) and the SD of
        its error.
    speed_mps, speed_sd_mps : (n_strides,) float64 array
        Stride length over stride time.
    vertical_displacement_m : (n_strides,) float64 array
        Rise of the foot over the stride, positive up.
    apparent_gravity_mps2 : (n_strides,) float64 array
        Length of the mean specific force in the start frame; 9.81 where the attitude held.
    roll_m : (n_strides,) float64 array
        Part of the length that comes from the foot's roll at the two foot-flats.
    n_clipped : (n_strides,) int64 array
        Samples with at least one railed gyroscope axis.
    """

    start_sample: NDArray[np.int64]
    stop_sample: NDArray[np.int64]
    stride_time_s: NDArray[np.float64]
    stride_time_sd_s: NDArray[np.float64]
    stride_length_m: NDArray[np.float64]
    stride_length_sd_m: NDArray[np.float64]
    speed_mps: NDArray[np.float64]
    speed_sd_mps: NDArray[np.float64]
    vertical_displacement_m: NDArray[np.float64]
    apparent_gravity_mps2: NDArray[np.float64]
    roll_m: NDArray[np.float64]
    n_clipped: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of strides."""
        return int(self.start_sample.size)

    @property
    def distance_m(self) -> float:
        """Distance covered by all strides together."""
        return float(np.nansum(self.stride_length_m))


@dataclass(frozen=True)
class StrideLengthModel:
    """Linear correction of the inertial stride length on :func:`stride_features`.

    Attributes
    ----------
    mean, scale, weights : (n_features,) float64 array
        Features are centred and scaled before they are weighted.
    intercept_m : float
        Correction at the mean features.
    sd_m : (2,) float64 array
        SD of the corrected length without and with many railed samples.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    intercept_m: float
    sd_m: NDArray[np.float64]


def stride_features(strides: FootStrides) -> NDArray[np.float64]:
    """Return what a stride tells about the error of its inertial length.

    Returns
    -------
    (n_strides, 7) float64 array
        Inertial length (m), stride time (s), the two's quotient squared, railed share, railed
        share times missing gravity (m/s²), railed share times rise (m), roll (m).
    """
    share = np.minimum(strides.n_clipped / MANY_CLIPPED, 3.0)
    missing = STANDARD_GRAVITY_MPS2 - strides.apparent_gravity_mps2
    return np.column_stack(
        (
            strides.stride_length_m,
            strides.stride_time_s,
            strides.speed_mps**2,
            share,
            share * missing,
            share * np.abs(strides.vertical_displacement_m),
            strides.roll_m,
        )
    )


def speed_sd_mps(
    length_m: NDArray[np.float64], length_sd_m: NDArray[np.float64], strides: FootStrides
) -> NDArray[np.float64]:
    """Return the error of a stride's speed from those of its length and of its time.

    Parameters
    ----------
    length_m, length_sd_m : (n_strides,) float64 array
        Length of each stride, as it is to be divided by the time, and its SD.
    strides : FootStrides
        Gives the times.
    """
    of_time = length_m * strides.stride_time_sd_s / strides.stride_time_s
    return np.asarray(np.hypot(length_sd_m, of_time) / strides.stride_time_s)


def _with_lengths(
    strides: FootStrides, length_m: NDArray[np.float64], length_sd_m: NDArray[np.float64]
) -> FootStrides:
    """Return the strides with these lengths, and the speeds that follow."""
    return replace(
        strides,
        stride_length_m=length_m,
        stride_length_sd_m=length_sd_m,
        speed_mps=length_m / strides.stride_time_s,
        speed_sd_mps=speed_sd_mps(length_m, length_sd_m, strides),
    )


def correct_lengths(strides: FootStrides, model: StrideLengthModel) -> FootStrides:
    """Return the strides with length, speed and their SDs corrected by a learned model.

    Parameters
    ----------
    strides : FootStrides
        As :func:`foot_trajectory` gives them, not corrected before.
    model : StrideLengthModel
        See :mod:`tolerance.calibration.stride_length`.
    """
    features = (stride_features(strides) - model.mean) / model.scale
    length_m = strides.stride_length_m + features @ model.weights + model.intercept_m
    share = np.minimum(strides.n_clipped / MANY_CLIPPED, 1.0)
    sd_m = model.sd_m[0] + share * (model.sd_m[1] - model.sd_m[0])
    return _with_lengths(strides, length_m, sd_m)


def _stride_times(
    stances: Stances, apart: NDArray[np.bool_], is_railed: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the time of every stride and the SD of its error, both in samples.

    The quietest sample of a foot-flat lies anywhere in it; the foot's leaving does not. Where the
    gyroscope railed the begin of the swing is not to be read, and heel-off alone counts.
    """
    quiet = (stances.arrive_sample[1:] - stances.depart_sample[:-1]).astype(np.float64)
    heel_off = stances.flat_stop_sample.astype(np.float64)
    leaves = heel_off.copy()
    leaves[:-1] = (leaves[:-1] + stances.swing_start_sample) / 2.0
    time = np.where(is_railed, np.diff(heel_off), np.diff(leaves))
    goes_on = stances.arrive_sample[1:] == stances.depart_sample[1:]
    goes_on[-1:] = False  # no swing follows the last stance
    goes_on &= (time >= TIME_OVER_QUIET[0] * quiet) & (time <= TIME_OVER_QUIET[1] * quiet)
    flat = stances.flat_stop_sample - stances.flat_start_sample
    sd = STRIDE_TIME_FLAT_SHARE * (flat[1:] + flat[:-1]) / 2.0
    return np.where(goes_on, time, quiet)[apart], sd[apart]


class _Room(NamedTuple):
    """Room for what is worked out at each sample of a stride but the first; (n,) arrays.

    Loops over one thing at a time, none of which waits for the sample before, fill wide registers.
    """

    w: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    z: NDArray[np.float64]


@kernel
def _small_turns(
    gyr: NDArray[np.float64], repaired: NDArray[np.float64], gain: float, dt: float, room: _Room
) -> None:
    """Write the turn from each sample to the next as a quaternion (sensor frame).

    Trapezoidal in rate; both signals are flat. ``gain`` is how far the repair is followed.
    """
    h = 0.25 * dt  # half of the mean of two rates
    for i in range(room.w.size):
        k = 3 * i
        x, y, z = gyr[k] + gyr[k + 3], gyr[k + 1] + gyr[k + 4], gyr[k + 2] + gyr[k + 5]
        x += gain * (repaired[k] + repaired[k + 3] - x)
        y += gain * (repaired[k + 1] + repaired[k + 4] - y)
        z += gain * (repaired[k + 2] + repaired[k + 5] - z)
        x, y, z = h * x, h * y, h * z
        square = x * x + y * y + z * z
        s = 1.0 - square * (1.0 / 6.0 - square / 120.0)
        room.w[i] = 1.0 - square * (0.5 - square / 24.0)
        room.x[i], room.y[i], room.z[i] = x * s, y * s, z * s


@kernel
def _attitudes(room: _Room) -> None:
    """Replace the small turns by the attitude after each, in the start frame."""
    q0, q1, q2, q3 = 1.0, 0.0, 0.0, 0.0
    for i in range(room.w.size):
        c, x, y, z = room.w[i], room.x[i], room.y[i], room.z[i]
        q0, q1, q2, q3 = (
            (c * q0 - x * q1) - (y * q2 + z * q3),
            (c * q1 + x * q0) + (z * q2 - y * q3),
            (c * q2 + y * q0) + (x * q3 - z * q1),
            (c * q3 + z * q0) + (y * q1 - x * q2),
        )
        room.w[i], room.x[i], room.y[i], room.z[i] = q0, q1, q2, q3


@kernel
def _turn_forces(acc: NDArray[np.float64], room: _Room) -> None:
    """Replace each attitude's vector part by the force of its sample in the start frame."""
    for i in range(room.w.size):
        a, b, c = acc[3 * i + 3], acc[3 * i + 4], acc[3 * i + 5]
        w, x, y, z = room.w[i], room.x[i], room.y[i], room.z[i]
        tx, ty, tz = 2.0 * (y * c - z * b), 2.0 * (z * a - x * c), 2.0 * (x * b - y * a)
        room.x[i] = a + w * tx + y * tz - z * ty
        room.y[i] = b + w * ty + z * tx - x * tz
        room.z[i] = c + w * tz + x * ty - y * tx


@kernel
def _whole(first: float, last: float, total: float, moment: float, n: int) -> tuple[float, float]:
    """Return the integral and the double integral, in steps, of a line through ``0 .. n``.

    ``total`` and ``moment`` are the plain and the running sum over all but the last; the ends
    count half in the one, and ``(3 n - 1) / 6`` and ``1 / 6`` in the other.
    """
    return total + 0.5 * (last - first), moment + last / 6.0 - first * (3 * n + 1) / 6.0


@kernel
def _integrate(acc: NDArray[np.float64], dt: float, room: _Room, out: NDArray[np.float64]) -> None:
    """Integrate one stride; write length, rise and apparent gravity to ``out``.

    Trapezoidal in rate and force. With the foot at rest at both ends the mean force is minus
    gravity, and taking it out is at once gravity removal and linear velocity de-drifting. For
    force that is straight between samples ``0 .. n``, the double integral is ``dt^2`` times the
    sum over ``k`` of ``(n - k) force[k]``, the two ends apart: a running sum of running sums.
    ``acc`` is flat, ``room`` holds the small turns.
    """
    _attitudes(room)
    _turn_forces(acc, room)
    sx = sy = sz = mx = my = mz = 0.0
    bx, by, bz = acc[0], acc[1], acc[2]
    for i in range(room.w.size):
        sx, sy, sz = sx + bx, sy + by, sz + bz
        mx, my, mz = mx + sx, my + sy, mz + sz
        bx, by, bz = room.x[i], room.y[i], room.z[i]
    n = room.w.size
    time, square = n * dt, dt * dt
    vx, px = _whole(acc[0], bx, sx, mx, n)
    vy, py = _whole(acc[1], by, sy, my, n)
    vz, pz = _whole(acc[2], bz, sz, mz, n)
    vx, vy, vz, px, py, pz = vx * dt, vy * dt, vz * dt, px * square, py * square, pz * square
    speed = math.sqrt(vx * vx + vy * vy + vz * vz)
    dx, dy, dz = px - 0.5 * vx * time, py - 0.5 * vy * time, pz - 0.5 * vz * time
    rise = (dx * vx + dy * vy + dz * vz) / speed
    out[0] = math.sqrt(dx * dx + dy * dy + dz * dz)
    out[1], out[2] = rise, speed / time


@kernel
def _integrate_strides(
    acc: NDArray[np.float64],
    gyr: NDArray[np.float64],
    repaired: NDArray[np.float64],
    bounds: NDArray[np.int64],
    dt: float,
    out: NDArray[np.float64],
) -> None:
    """Integrate every stride; ``bounds`` holds start, stop and the number of railed samples.

    Where the gyroscope railed, first without the repair, then with it, then with as much of it as
    makes gravity right, if that can be told.
    """
    force, turn, better = acc.reshape(acc.size), gyr.reshape(gyr.size), repaired.reshape(gyr.size)
    longest = 0
    for k in range(bounds.shape[0]):
        longest = max(longest, bounds[k, 1] - bounds[k, 0])
    w, x, y, z = np.empty(longest), np.empty(longest), np.empty(longest), np.empty(longest)
    for k in range(bounds.shape[0]):
        n = bounds[k, 1] - bounds[k, 0]
        rows, room = (
            slice(3 * bounds[k, 0], 3 * bounds[k, 1] + 3),
            _Room(w[:n], x[:n], y[:n], z[:n]),
        )
        gain, without = 0.0, math.nan
        for attempt in range(3 if bounds[k, 2] >= MIN_RAILED_TO_SCALE else 1):
            if attempt == 1:
                gain, without = 1.0, out[k, 2]
            elif attempt == 2:
                slope = out[k, 2] - without
                if abs(slope) < MIN_GRAVITY_SLOPE_MPS2:
                    break
                gain = (STANDARD_GRAVITY_MPS2 - without) / slope
                gain = min(max(gain, 0.0), MAX_REPAIR_GAIN)
            followed = better if gain > 0.0 else turn  # one signal less to read
            _small_turns(turn[rows], followed[rows], gain, dt, room)
            _integrate(force[rows], dt, room, out[k])
        out[k, 3] = gain


@kernel
def _marks_between(
    marks: NDArray[np.bool_], start: NDArray[np.int64], stop: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Count the marks in each half-open range of samples."""
    count = np.zeros(start.size, dtype=np.int64)
    for k in range(start.size):
        for i in range(start[k], stop[k]):
            count[k] += marks[i]
    return count


def foot_trajectory(
    acc_mps2: NDArray[np.float64],
    gyr_radps: NDArray[np.float64],
    sampling_rate_hz: float,
    stances: Stances | None = None,
    rail_radps: float | None = None,
    model: StrideLengthModel | None = None,
) -> FootStrides:
    """Length, speed and rise of every stride of the instrumented foot, walking or running.

    Parameters
    ----------
    acc_mps2, gyr_radps : (n_samples, 3) float64 array
        Specific force and angular rate in any frame fixed to the foot, uninterrupted, without NaN.
    sampling_rate_hz : float
        Samples a second.
    stances : Stances, optional
        Stances of the same samples; found here if not given.
    rail_radps : float, optional
        Rate at which the gyroscope rails, see :func:`loadcore.railed.repair_railed`.
    model : StrideLengthModel, optional
        Correction learned elsewhere; by default nothing is learned.

    Returns
    -------
    FootStrides
        One row a swing. NaN where the piece between two foot-flats is too long for a stride.

    Notes
    -----
    Zero-velocity strapdown after Foxlin 2005 (doi 10.1109/MCG.2005.140). We deviate: no filter
    runs through the recording, each stride stands alone, the vertical comes from the stride's own
    mean force, not from the accelerometer at foot-flat, which in running is never at rest, and the
    foot's roll at foot-flat is put back.
    """
    acc = np.ascontiguousarray(acc_mps2, dtype=np.float64)
    gyr = np.ascontiguousarray(gyr_radps, dtype=np.float64)
    if stances is None:
        stances = find_stances(acc, gyr, sampling_rate_hz)
    repaired, railed = repair_railed(gyr, rail_radps)
    stretch = FootStretch(0, acc, gyr, repaired, railed, np.zeros(railed.size), stances)
    strides = stretch_trajectory(stretch, sampling_rate_hz)
    return strides if model is None else correct_lengths(strides, model)


def stretch_trajectory(stretch: FootStretch, sampling_rate_hz: float) -> FootStrides:
    """Length, speed and rise of every stride of a stretch whose stances are known.

    Parameters
    ----------
    stretch : FootStretch
        With a gyroscope.
    sampling_rate_hz : float
        Samples a second.

    Returns
    -------
    FootStrides
        As :func:`foot_trajectory`, numbered on the stretch's samples. A stride with a hole in it
        keeps its time, and its length is NaN: a landing cannot be integrated across a hole.
    """
    acc, gyr, stances = stretch.acc_mps2, stretch.gyr_radps, stretch.stances
    if gyr is None or stretch.repaired_radps is None:
        raise SignalError("the stretch has no angular rate, so its strides cannot be integrated")
    start, stop = stances.depart_sample[:-1], stances.arrive_sample[1:]
    flat_end, next_flat = stances.flat_stop_sample[:-1], stances.flat_start_sample[1:]
    apart = (stop > start) & (next_flat > flat_end)  # foot-flats that touch enclose no stride
    n_clipped = _marks_between(stretch.railed, start, stop)
    time, time_sd = _stride_times(stances, apart, n_clipped >= MIN_RAILED_TO_SCALE)
    start, stop, flat_end, next_flat, n_clipped = (
        x[apart] for x in (start, stop, flat_end, next_flat, n_clipped)
    )
    out = np.full((start.size, 4), np.nan)
    bounds = np.column_stack((start, stop, n_clipped)).astype(np.int64)
    _integrate_strides(acc, gyr, stretch.repaired_radps, bounds, 1.0 / sampling_rate_hz, out)
    integrated_s = (stop - start) / sampling_rate_hz
    turn_radps = np.linalg.norm(gyr[start], axis=1) + np.linalg.norm(gyr[stop], axis=1)
    roll_m = 0.5 * ROLL_LEVER_M * turn_radps * integrated_s
    hole_s = np.empty(start.size)
    longest_hole(stretch.hole_s, start.astype(np.float64), (stop - 1).astype(np.float64), hole_s)
    whole = (integrated_s <= MAX_STRIDE_S) & (hole_s == 0.0)
    length_m = np.where(whole, out[:, 0] + roll_m, np.nan)
    share = np.minimum(n_clipped / MANY_CLIPPED, 1.0)
    sd_m = UNCLIPPED_LENGTH_SD_M + share * (CLIPPED_LENGTH_SD_M - UNCLIPPED_LENGTH_SD_M)
    unknown = np.full(start.size, np.nan)
    strides = FootStrides(
        start_sample=flat_end,
        stop_sample=next_flat,
        stride_time_s=time / sampling_rate_hz,
        stride_time_sd_s=np.clip(time_sd / sampling_rate_hz, *STRIDE_TIME_SD_S),
        stride_length_m=unknown,
        stride_length_sd_m=unknown,
        speed_mps=unknown,
        speed_sd_mps=unknown,
        vertical_displacement_m=np.where(whole, out[:, 1], np.nan),
        apparent_gravity_mps2=np.where(whole, out[:, 2], np.nan),
        roll_m=roll_m,
        n_clipped=n_clipped,
    )
    return _with_lengths(strides, length_m, sd_m)
