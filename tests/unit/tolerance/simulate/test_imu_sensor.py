import numpy as np
import pytest

from tolerance.simulate.imu_sensor import Clock, Mounting, axes_matrix, draw_mounting, observe
from tolerance.simulate.simulation_settings import Device, SimulationSettings

QUIET = Device("test", "test", 16, 2000, 0.0, 0.0, bits=24)
STRAIGHT = Mounting(np.eye(3), np.zeros(3), np.ones(3), np.zeros(3), np.zeros(3))
NOTHING = np.empty(0)


def still(time_s: np.ndarray, arm_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    force = np.zeros((time_s.size, 3))
    force[:, 1] = 9.80665
    return force, np.zeros((time_s.size, 3))


def sine(time_s: np.ndarray, arm_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    force, omega = still(time_s, arm_m)
    omega[:, 2] = 5.0 * np.sin(2 * np.pi * 2.0 * time_s)
    return force, omega


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_axes_letters_make_rotations() -> None:
    assert axes_matrix("ASR") == pytest.approx(np.eye(3))
    turned = axes_matrix("SRA") @ np.array([1.0, 2.0, 3.0])
    assert turned == pytest.approx([2.0, 3.0, 1.0])
    for wrong in ("AS", "ASL", "AAR", "xyz"):
        with pytest.raises(ValueError, match="axes"):
            axes_matrix(wrong)


def test_ideal_sensor_gives_back_what_it_feels() -> None:
    out = observe(sine, 4.0, 200.0, QUIET, STRAIGHT, Clock(), NOTHING, (0.0, 10), rng())
    assert out.time_s.size == 800
    expected = 5.0 * np.sin(2 * np.pi * 2.0 * out.time_s)
    assert out.gyr_radps[20:-20, 2] == pytest.approx(expected[20:-20], abs=0.01)
    assert out.acc_mps2[20:-20, 1] == pytest.approx(9.80665, abs=1e-3)


def test_slow_clock_stretches_the_recording() -> None:
    clock = Clock(offset_s=1.0, drift_ppm=5000.0)
    out = observe(sine, 9.0, 200.0, QUIET, STRAIGHT, clock, NOTHING, (0.0, 10), rng())
    true_s = 1.0 + out.time_s * 1.005
    assert out.gyr_radps[20:-20, 2] == pytest.approx(
        5.0 * np.sin(2 * np.pi * 2.0 * true_s)[20:-20], abs=0.01
    )
    assert true_s[-1] <= 9.0
    assert clock.true_time_s(clock.device_time_s(true_s)) == pytest.approx(true_s)


def test_mounting_turns_and_biases() -> None:
    mounting = draw_mounting(rng(), SimulationSettings(), np.array([0.0, 0.2, 0.0]), "SRA")
    assert mounting.matrix @ mounting.matrix.T == pytest.approx(np.eye(3), abs=1e-12)
    out = observe(still, 2.0, 200.0, QUIET, mounting, Clock(), NOTHING, (0.0, 10), rng())
    expected = mounting.matrix[:, 1] * 9.80665 * mounting.acc_scale + mounting.acc_bias_mps2
    assert out.acc_mps2[50:-50].mean(axis=0) == pytest.approx(expected, abs=1e-3)
    assert out.gyr_radps.mean(axis=0) == pytest.approx(mounting.gyr_bias_radps, abs=1e-3)


def test_noise_density_and_step_are_those_of_the_data_sheet() -> None:
    noisy = Device("test", "test", 16, 2000, 0.01, 0.002, bits=16)
    out = observe(still, 60.0, 100.0, noisy, STRAIGHT, Clock(), NOTHING, (0.0, 10), rng())
    assert out.acc_mps2[:, 0].std() == pytest.approx(0.01 * np.sqrt(50.0), rel=0.05)
    step = 16 * 9.80665 / 2**15
    assert out.acc_mps2 / step == pytest.approx(np.round(out.acc_mps2 / step), abs=1e-6)


def test_taps_clip_at_the_range() -> None:
    small = Device("test", "test", 2, 2000, 0.0, 0.0)
    out = observe(still, 2.0, 1000.0, small, STRAIGHT, Clock(), np.array([1.0]), (0.0, 10), rng())
    assert np.abs(out.acc_mps2).max() == pytest.approx(2 * 9.80665, rel=1e-3)


def test_lost_packets_are_rows_of_nan_in_bursts() -> None:
    out = observe(still, 200.0, 100.0, QUIET, STRAIGHT, Clock(), NOTHING, (0.05, 10), rng())
    lost = np.isnan(out.acc_mps2[:, 0])
    assert np.array_equal(lost, np.isnan(out.gyr_radps).all(axis=1))
    assert 0.02 < lost.mean() < 0.09
    bursts = np.flatnonzero(np.diff(lost.astype(int)) == 1).size
    assert lost.sum() / bursts > 5
    assert not lost[0]
    assert not lost[-1]
