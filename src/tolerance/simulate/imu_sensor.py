"""From what an ideal sensor would feel to what a real one writes down."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt
from scipy.spatial.transform import Rotation

from loadcore.constants import STANDARD_GRAVITY_MPS2
from tolerance.simulate.simulation_settings import Device, SimulationSettings

__all__ = ["Clock", "Mounting", "SensorOutput", "axes_matrix", "draw_mounting", "observe"]

type FloatArray = NDArray[np.float64]

_FINE_RATE_HZ: Final = 900.0
"""At least this rate before the sensor's own filter, well above all motion simulated."""
_BANDWIDTH_SHARE: Final = 0.42
"""The sensor's low-pass cut-off as a share of its sampling rate; data sheets give 0.4 to 0.5."""
_STRAP_HZ: Final = (25.0, 45.0)
"""Soft tissue and strap resonate at 20 to 60 Hz (load.md §G4, unverified)."""
_STRAP_SHARE: Final = 0.04
"""Noise band added in proportion to the signal's swing, as strap ringing; engineering choice."""

_DIRECTION: Final = {
    "A": (1.0, 0.0, 0.0),
    "P": (-1.0, 0.0, 0.0),
    "S": (0.0, 1.0, 0.0),
    "I": (0.0, -1.0, 0.0),
    "R": (0.0, 0.0, 1.0),
    "L": (0.0, 0.0, -1.0),
}


def axes_matrix(letters: str) -> FloatArray:
    """Rotation from anterior-superior-right axes to sensor axes named by anatomical letters.

    Parameters
    ----------
    letters : str
        Direction of the sensor's x, y and z axis, for example ``"ASR"`` or ``"SRA"``.

    Raises
    ------
    ValueError
        If the letters do not name a right-handed set of three axes.
    """
    if len(letters) != 3 or any(c not in _DIRECTION for c in letters):
        raise ValueError(f"axes are {letters!r}, expected three letters out of A P S I L R")
    matrix = np.array([_DIRECTION[c] for c in letters])
    if not np.isclose(np.linalg.det(matrix), 1.0):
        raise ValueError(f"axes are {letters!r}, expected a right-handed set such as 'ASR'")
    return matrix


@dataclass(frozen=True)
class Mounting:
    """How one sensor sits and errs: ``sensor = matrix @ segment``, arm from the joint, bias."""

    matrix: FloatArray
    arm_m: FloatArray
    acc_scale: FloatArray
    acc_bias_mps2: FloatArray
    gyr_bias_radps: FloatArray


@dataclass(frozen=True)
class Clock:
    """True time = ``offset_s + device time × (1 + drift_ppm × 1e-6)``."""

    offset_s: float = 0.0
    drift_ppm: float = 0.0

    def true_time_s(self, device_time_s: FloatArray) -> FloatArray:
        """Convert times of the device's clock."""
        return self.offset_s + device_time_s * (1.0 + 1e-6 * self.drift_ppm)

    def device_time_s(self, true_time_s: FloatArray) -> FloatArray:
        """Convert true times to the device's clock."""
        return (true_time_s - self.offset_s) / (1.0 + 1e-6 * self.drift_ppm)


@dataclass(frozen=True)
class SensorOutput:
    """Samples of one sensor on an even clock; rows of NaN are lost packets."""

    time_s: FloatArray
    acc_mps2: FloatArray
    gyr_radps: FloatArray


def draw_mounting(
    rng: np.random.Generator, settings: SimulationSettings, arm_m: FloatArray, axes: str
) -> Mounting:
    """Draw a mounting about the nominal place and axes."""
    axis = rng.normal(size=3)
    angle = np.deg2rad(rng.uniform(0.0, settings.mount_rotation_max_deg))
    turn = Rotation.from_rotvec(angle * axis / np.linalg.norm(axis)).as_matrix()
    return Mounting(
        matrix=np.asarray(turn @ axes_matrix(axes), dtype=np.float64),
        arm_m=arm_m + rng.uniform(-settings.mount_offset_max_m, settings.mount_offset_max_m, 3),
        acc_scale=1.0 + rng.uniform(-settings.acc_scale_max, settings.acc_scale_max, 3),
        acc_bias_mps2=rng.uniform(-settings.acc_bias_max_mps2, settings.acc_bias_max_mps2, 3),
        gyr_bias_radps=rng.uniform(-settings.gyr_bias_max_radps, settings.gyr_bias_max_radps, 3),
    )


def _digitise(x: FloatArray, full_scale: float, bits: int) -> FloatArray:
    step = full_scale / 2.0 ** (bits - 1)
    return np.clip(np.round(x / step) * step, -full_scale, full_scale - step)


def observe(
    felt: Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]],
    duration_s: float,
    sampling_rate_hz: float,
    device: Device,
    mounting: Mounting,
    clock: Clock,
    taps_s: FloatArray,
    loss: tuple[float, int],
    rng: np.random.Generator,
) -> SensorOutput:
    """Sample, err, clip and lose packets.

    Parameters
    ----------
    felt : callable
        ``felt(true_time_s, arm_m)`` gives specific force and angular velocity in segment axes.
    duration_s : float
        Length of the session in true time; the device records what lies within it.
    taps_s : (n_taps,) float array
        True times at which somebody taps this sensor.
    loss : (share, samples)
        Share of samples lost and mean length of a burst.
    """
    first_s = float(clock.device_time_s(np.zeros(1))[0])
    start = max(first_s, 0.0)
    last_s = float(clock.device_time_s(np.array([duration_s]))[0])
    n = int((last_s - start) * sampling_rate_hz)
    fold = int(np.ceil(_FINE_RATE_HZ / sampling_rate_hz))
    fine_rate = fold * sampling_rate_hz
    fine_s = start + np.arange(n * fold) / fine_rate
    true_s = clock.true_time_s(fine_s)
    force, omega = felt(true_s, mounting.arm_m)
    acc = force @ mounting.matrix.T
    gyr = omega @ mounting.matrix.T
    band = butter(2, _STRAP_HZ, "bandpass", fs=fine_rate, output="sos")
    ringing = sosfiltfilt(band, rng.normal(size=acc.shape), axis=0)
    ringing /= ringing.std(axis=0)
    swing = np.linalg.norm(acc, axis=1, keepdims=True) - STANDARD_GRAVITY_MPS2
    acc = acc + _STRAP_SHARE * np.abs(swing) * ringing
    for tap in taps_s:
        # a knuckle's tap: 4 ms half-sine of 5 g on a random axis
        share = np.clip((true_s - tap) / 0.004, 0.0, 1.0)
        acc[:, int(rng.integers(3))] += 5.0 * STANDARD_GRAVITY_MPS2 * np.sin(np.pi * share)
    if fold > 1:
        low = butter(2, _BANDWIDTH_SHARE * sampling_rate_hz, fs=fine_rate, output="sos")
        acc = sosfiltfilt(low, acc, axis=0)[::fold]
        gyr = sosfiltfilt(low, gyr, axis=0)[::fold]
    root_band = np.sqrt(sampling_rate_hz / 2.0)
    acc = acc * mounting.acc_scale + mounting.acc_bias_mps2
    acc = acc + rng.normal(0.0, device.acc_noise_mps2_rthz * root_band, acc.shape)
    gyr = gyr + mounting.gyr_bias_radps
    gyr = gyr + rng.normal(0.0, device.gyr_noise_radps_rthz * root_band, gyr.shape)
    acc = _digitise(acc, device.acc_range_g * STANDARD_GRAVITY_MPS2, device.bits)
    gyr = _digitise(gyr, float(np.deg2rad(device.gyr_range_dps)), device.bits)
    lost = _lost_samples(n, loss, rng)
    acc[lost] = np.nan
    gyr[lost] = np.nan
    time_s = (np.arange(n)) / sampling_rate_hz
    return SensorOutput(time_s=time_s, acc_mps2=acc, gyr_radps=gyr)


def _lost_samples(n: int, loss: tuple[float, int], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Mark samples lost in bursts; the first and last stay, so that the length is known."""
    share, burst = loss
    lost = np.zeros(n, dtype=bool)
    for _ in range(int(rng.poisson(share * n / burst)) if n > 2 else 0):
        length = 1 + int(rng.geometric(1.0 / burst))
        at = int(rng.integers(1, n - 1))
        lost[at : min(at + length, n - 1)] = True
    return lost
