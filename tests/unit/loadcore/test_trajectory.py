"""Stride length: a moved foot of known path, physical invariances, and the real references."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from loadcore.contacts_foot import find_stances
from loadcore.railed import repair_railed
from loadcore.trajectory import (
    StrideLengthModel,
    correct_lengths,
    foot_trajectory,
    stride_features,
)

RATE_HZ = 200.0
GRAVITY_MPS2 = 9.80665
Array = NDArray[np.float64]


def smooth(u: Array) -> Array:
    """Rise from 0 to 1 with zero velocity and acceleration at both ends."""
    return u**3 * (10.0 + u * (-15.0 + 6.0 * u))


def moving_foot(
    stride_m: float = 1.5, rise_m: float = 0.0, n_strides: int = 4, rate_hz: float = RATE_HZ
) -> tuple[Array, Array]:
    """Sensor-frame signals of a foot that moves between exact foot-flats (+x forward, +y up)."""
    stance_s, swing_s = 0.25, 0.5
    stride_s = stance_s + swing_s
    t = np.arange(round((n_strides * stride_s + 2.0) * rate_hz)) / rate_hz - 1.0
    phase = np.clip(t / stride_s, 0.0, n_strides)
    count = np.minimum(np.floor(phase), n_strides - 1)
    u = np.clip(((phase - count) * stride_s - stance_s) / swing_s, 0.0, 1.0)
    position = np.column_stack(
        (stride_m * (count + smooth(u)), rise_m * (count + smooth(u)), 0 * t)
    )
    bump = (4.0 * u * (1.0 - u)) ** 4
    position[:, 1] += 0.12 * bump
    landing = np.where(u > 0.85, np.sin(np.pi * np.clip((u - 0.85) / 0.15, 0.0, 1.0)) ** 2, 0.0)
    position[:, 1] += 0.0006 * landing * np.sin(2.0 * np.pi * 45.0 * t)  # jerk, as on impact
    pitch = -1.4 * smooth(np.clip(u / 0.35, 0, 1)) + 2.0 * smooth(np.clip((u - 0.35) / 0.5, 0, 1))
    pitch -= 0.6 * smooth(np.clip((u - 0.85) / 0.15, 0, 1))
    acc = np.gradient(np.gradient(position, 1 / rate_hz, axis=0), 1 / rate_hz, axis=0)
    acc[:, 1] += GRAVITY_MPS2
    cos, sin = np.cos(pitch), np.sin(pitch)
    acc_foot = np.column_stack(
        (cos * acc[:, 0] + sin * acc[:, 1], cos * acc[:, 1] - sin * acc[:, 0])
    )
    gyr = np.column_stack((0 * t, 0 * t, np.gradient(pitch, 1 / rate_hz)))
    return np.column_stack((acc_foot, acc[:, 2])), gyr


@pytest.mark.parametrize("stride_m", [0.8, 1.5, 3.0])
def test_recovers_a_known_path(stride_m: float) -> None:
    acc, gyr = moving_foot(stride_m)
    strides = foot_trajectory(acc, gyr, RATE_HZ)
    assert len(strides) == 4
    np.testing.assert_allclose(strides.stride_length_m - strides.roll_m, stride_m, rtol=0.01)
    np.testing.assert_allclose(strides.vertical_displacement_m, 0.0, atol=0.02)
    assert strides.distance_m == pytest.approx(float(strides.stride_length_m.sum()))


def test_uphill_stride_rises() -> None:
    acc, gyr = moving_foot(1.5, rise_m=0.15)
    strides = foot_trajectory(acc, gyr, RATE_HZ)
    np.testing.assert_allclose(strides.vertical_displacement_m, 0.15, atol=0.02)


@settings(max_examples=15, deadline=None)
@given(st.tuples(*[st.floats(-3.0, 3.0)] * 3))
def test_sensor_mounting_does_not_matter(rotation_vector: tuple[float, float, float]) -> None:
    acc, gyr = moving_foot()
    mount = Rotation.from_rotvec(rotation_vector)
    expected = foot_trajectory(acc, gyr, RATE_HZ, rail_radps=np.inf).stride_length_m
    turned_acc, turned_gyr = mount.apply(acc), mount.apply(gyr)
    turned = foot_trajectory(turned_acc, turned_gyr, RATE_HZ, rail_radps=np.inf).stride_length_m
    np.testing.assert_allclose(turned, expected, rtol=1e-4)


def test_railed_gyroscope_widens_the_sd_and_the_repair_helps() -> None:
    acc, gyr = moving_foot(2.5)
    railed = np.clip(gyr, -6.0, 6.0)
    strides = foot_trajectory(acc, railed, RATE_HZ)
    stances = find_stances(acc, railed, RATE_HZ)
    unrepaired = foot_trajectory(acc, railed, RATE_HZ, stances, rail_radps=np.inf)
    whole = foot_trajectory(acc, gyr, RATE_HZ, stances, rail_radps=np.inf)
    assert np.all(strides.n_clipped > 0)
    assert np.all(strides.stride_length_sd_m > whole.stride_length_sd_m)
    error = np.abs(strides.stride_length_m - whole.stride_length_m)
    without = np.abs(unrepaired.stride_length_m - whole.stride_length_m)
    assert np.median(error) < 0.5 * np.median(without)


def test_repair_draws_a_cubic_exactly() -> None:
    t = np.linspace(-1.0, 1.0, 41)
    peak = 10.0 - 8.0 * t**2
    gyr = np.column_stack((np.minimum(peak, 9.0), -np.minimum(peak, 9.0), 0 * t))
    repaired, railed = repair_railed(gyr, rail_radps=8.99)
    assert railed.sum() == np.sum(peak >= 8.99)
    np.testing.assert_allclose(repaired[:, 0], peak, atol=0.25)
    np.testing.assert_allclose(repaired[:, 1], -repaired[:, 0])
    assert np.all(repaired[:, 2] == 0.0)


def test_standing_still_has_no_strides() -> None:
    acc = np.tile([0.0, GRAVITY_MPS2, 0.0], (600, 1))
    assert len(foot_trajectory(acc, np.zeros((600, 3)), RATE_HZ)) == 0


def test_a_model_moves_lengths_and_sds_only() -> None:
    strides = foot_trajectory(*moving_foot(), RATE_HZ)
    n_features = stride_features(strides).shape[1]
    model = StrideLengthModel(
        mean=np.zeros(n_features),
        scale=np.ones(n_features),
        weights=np.eye(n_features)[0] * 0.1,
        intercept_m=0.02,
        sd_m=np.array([0.03, 0.3]),
    )
    corrected = correct_lengths(strides, model)
    np.testing.assert_allclose(corrected.stride_length_m, 1.1 * strides.stride_length_m + 0.02)
    np.testing.assert_allclose(
        corrected.speed_mps * strides.stride_time_s, corrected.stride_length_m
    )
    np.testing.assert_allclose(corrected.stride_length_sd_m, 0.03)
    np.testing.assert_array_equal(corrected.start_sample, strides.start_sample)
