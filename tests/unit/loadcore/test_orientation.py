"""Orientation: any mounting is undone, on made and on measured movement."""

import csv
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadcore.orientation import Alignment, align_gravity, align_heading, rotate
from loadcore.signals import SignalError

G = 9.80665


def random_rotation(seed):
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return q * np.sign(np.linalg.det(q))


def test_rotate_by_a_full_matrix_is_the_matrix_product():
    matrix = random_rotation(7)
    x = np.random.default_rng(8).normal(size=(40, 3))
    x[5] = np.nan
    np.testing.assert_allclose(rotate(x, matrix), x @ matrix.T, rtol=1e-13)
    x[9, 1] = np.nan
    assert np.isnan(rotate(x, matrix)[9]).all()


def test_rotate_by_hand_and_with_a_missing_axis():
    quarter = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(rotate([[1.0, 2.0, 3.0]], quarter), [[2.0, -1.0, 3.0]])
    np.testing.assert_allclose(rotate([[1.0, 2.0, np.nan]], quarter), [[2.0, -1.0, np.nan]])
    for wrong in (np.eye(3) * 2, np.diag([1.0, 1.0, -1.0]), np.eye(2)):
        with pytest.raises(SignalError, match="rotation"):
            rotate([[1.0, 2.0, 3.0]], wrong)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_gravity_points_up_from_any_mounting(walking_like, seed):
    acc, _ = walking_like(n=1500)
    mounting = random_rotation(seed)
    found = align_gravity(acc @ mounting.T, 100.0)
    assert found.method == "static"
    np.testing.assert_allclose(found.rotation @ found.rotation.T, np.eye(3), atol=1e-12)
    up = found.rotation[1]
    assert up @ mounting[:, 1] > math.cos(math.radians(1.0))


def test_gravity_ignores_another_posture_and_falls_back_to_movement(walking_like):
    acc, _ = walking_like()
    table = np.tile([G, 0.0, 0.0], (500, 1)) + np.random.default_rng(9).normal(0, 0.02, (500, 3))
    picked_up = np.random.default_rng(8).normal((0.0, G, 0.0), 5.0, (100, 3))
    found = align_gravity(np.vstack((table, picked_up, acc)), 100.0)
    assert found.rotation[1] @ [0, 1, 0] > math.cos(math.radians(1.0))
    moving_only = align_gravity(acc[600:2400], 100.0)
    assert moving_only.method == "tilt_corrected"
    assert moving_only.confidence < found.confidence
    # Upside down is a half turn, where the rotation's axis is not defined by the formula.
    flipped = align_gravity(acc * [1, -1, -1], 100.0)
    np.testing.assert_allclose(flipped.rotation @ [0, -1, 0], [0, 1, 0], atol=0.02)


def test_gravity_refuses_what_has_none():
    with pytest.raises(SignalError, match="neither"):
        align_gravity(np.random.default_rng(0).normal(0, 3, (50, 3)), 100.0)
    with pytest.raises(SignalError, match="gravity was removed"):
        align_gravity(np.random.default_rng(0).normal(0, 3, (5000, 3)), 100.0)


def running_shank(n=2000, rate_hz=200.0):
    """Return specific force and angular velocity of a leg whose forward swing is the fast part."""
    t = np.arange(n) / rate_hz
    phase = 2 * np.pi * 1.35 * t
    pitch = 3.0 * np.cos(phase) + 1.5 * np.cos(2 * phase)
    gyr = np.column_stack((0.2 * np.sin(phase), 0.3 * np.cos(phase), pitch))
    size = 8.0 * (1 + np.cos(phase)) + 4.0 * np.cos(2 * phase)
    acc = np.column_stack((-size, G + 0.5 * size, 0.1 * size * np.sin(phase)))
    return acc, gyr


def angle_deg(a, b):
    return math.degrees(math.acos(np.clip(float(a @ b), -1, 1)))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("site", "with_gyroscope"), [("shank", True), ("shank", False), ("foot", False)]
)
def test_heading_of_a_leg_from_any_mounting(seed, site, with_gyroscope):
    acc, gyr = running_shank()
    mounting = random_rotation(seed)
    gravity = align_gravity(np.tile(mounting[:, 1] * G, (200, 1)), 200.0)
    sensor_gyr = gyr @ mounting.T if with_gyroscope else np.full_like(gyr, np.nan)
    found = align_heading(acc @ mounting.T, sensor_gyr, 200.0, site, gravity)
    assert found.method == ("gyroscope" if with_gyroscope else "acceleration")
    for axis in range(3):
        assert angle_deg(found.rotation[axis], mounting[:, axis]) < 6.0
    assert 0.3 < found.confidence <= gravity.confidence


@pytest.mark.parametrize("seed", range(4))
def test_heading_of_a_trunk_ignores_sideways_sway(seed):
    t = np.arange(2000) / 200.0
    step = 2 * np.pi * 2.7 * t
    vertical = G + 12.0 * np.cos(step)
    fore_aft = 3.0 * np.sin(step)  # follows the fall of the vertical
    sideways = 5.0 * np.sin(step / 2)
    acc = np.column_stack((fore_aft, vertical, sideways))
    mounting = random_rotation(seed)
    gravity = align_gravity(np.tile(mounting[:, 1] * G, (200, 1)), 200.0)
    found = align_heading(acc @ mounting.T, None, 200.0, "sacrum", gravity)
    assert found.method == "trunk_stance"
    assert angle_deg(found.rotation[0], mounting[:, 0]) < 3.0


def test_heading_refuses_unknown_sites_and_too_little():
    level = Alignment(np.eye(3), "static", 0.95)
    acc, gyr = running_shank()
    with pytest.raises(SignalError, match="wrist"):
        align_heading(acc, gyr, 200.0, "wrist", level)
    with pytest.raises(SignalError, match="complete samples"):
        align_heading(acc, gyr, 200.0, "shank", level, running=np.arange(2000) < 50)


def tiled_running(segment, rate_hz=200.0, n_strides=20):
    """Return the mean running stride of biomac_imu_cycle, repeated, in the segment frame."""
    root = os.environ.get("TOLERANCE_DATA_MIRROR")
    if not root:
        pytest.skip("TOLERANCE_DATA_MIRROR is not set")
    path = Path(root) / "biomac_imu_cycle/derived_P01_normrunning.csv"
    with path.open() as file:
        rows = [row for row in csv.reader(file) if row[6] == "mean"]
    stride_s = float(next(row for row in rows if row[0] == "dur")[7])
    percent = np.arange(round(n_strides * stride_s * rate_hz)) / rate_hz / stride_s % 1.0 * 100.0
    signals = []
    for kind in ("acc", "gyro"):
        cycles = [np.array(row[7:], float) for row in rows if row[:2] == [kind, segment]]
        closed = [np.append(cycle, cycle[0]) for cycle in cycles]
        signals.append(np.column_stack([np.interp(percent, np.arange(101), c) for c in closed]))
    return signals


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("segment", "site"),
    [
        ("tibia_r", "shank"),
        ("tibia_l", "shank"),
        ("foot_r", "foot"),
        ("foot_l", "foot"),
        ("pelvis", "sacrum"),
    ],
)
def test_real_running_is_turned_into_the_segment_frame(segment, site):
    acc, gyr = tiled_running(segment)
    mounting = random_rotation(7)
    standing = np.random.default_rng(0).normal((0.0, G, 0.0), 0.02, (400, 3))
    sensor = np.vstack((standing, acc)) @ mounting.T
    turning = np.vstack((np.zeros((400, 3)), gyr)) @ mounting.T
    running = np.arange(sensor.shape[0]) >= 400
    gravity = align_gravity(sensor, 200.0, running)
    for gyroscope, limit_deg in ((turning, 5.0 if site == "shank" else 11.0), (None, 11.0)):
        found = align_heading(sensor, gyroscope, 200.0, site, gravity, running)
        assert angle_deg(found.rotation[0], mounting[:, 0]) < limit_deg
        assert angle_deg(found.rotation[1], mounting[:, 1]) < 1.0
