"""Signals: filters against SciPy, the rest against analytic truth and slow oracles."""

import csv
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import signal

from loadcore.signals import (
    Alignment,
    SignalError,
    acc_unit,
    align_gravity,
    align_heading,
    check_signal,
    clipped_samples,
    clock_drift,
    effective_cutoff_hz,
    find_segments,
    finite_segments,
    gyr_unit,
    highpass,
    idle_samples,
    live_columns,
    lowpass,
    lowpass_causal,
    measure_timing,
    resample,
    rotate,
    static_samples,
)

G = 9.80665


def random_walk(n=600, k=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, k)).cumsum(axis=0)


def random_rotation(seed):
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return q * np.sign(np.linalg.det(q))


# --- filters -------------------------------------------------------------------------------


@pytest.mark.parametrize(("cutoff_hz", "rate_hz"), [(5.0, 100.0), (60.0, 1000.0), (90.0, 200.0)])
def test_per_pass_filters_equal_scipy(cutoff_hz, rate_hz):
    x = random_walk()
    for kind, ours in (("low", lowpass), ("high", highpass)):
        b, a = signal.butter(2, cutoff_hz / (rate_hz / 2), kind)
        expected = signal.filtfilt(b, a, x, axis=0)
        got = ours(x, cutoff_hz, rate_hz, convention="per_pass")
        np.testing.assert_allclose(got, expected, atol=1e-9)
        sos = signal.butter(2, cutoff_hz / (rate_hz / 2), kind, output="sos")
        np.testing.assert_allclose(got, signal.sosfiltfilt(sos, x, axis=0), atol=1e-9)


def test_causal_filter_equals_scipy_from_steady_state():
    x = random_walk(k=2)
    b, a = signal.butter(2, 0.2)
    state = signal.lfilter_zi(b, a)[:, None] * x[0]
    expected, _ = signal.lfilter(b, a, x, axis=0, zi=state)
    np.testing.assert_allclose(lowpass_causal(x, 10.0, 100.0), expected, atol=1e-10)


@pytest.mark.parametrize("cutoff_hz", [3.0, 20.0, 70.0])
def test_effective_cutoff_is_where_the_zero_lag_gain_is_minus_3_db(cutoff_hz):
    rate_hz, n = 500.0, 4000
    sine = np.sin(2 * np.pi * cutoff_hz * np.arange(n) / rate_hz)
    inner = slice(n // 4, 3 * n // 4)
    for ours in (lowpass, highpass):
        gain = ours(sine, cutoff_hz, rate_hz)[inner].std() / sine[inner].std()
        assert gain == pytest.approx(math.sqrt(0.5), rel=2e-3)
        # Designed at the cut-off in each pass, the same sine is halved.
        half = ours(sine, cutoff_hz, rate_hz, convention="per_pass")[inner].std()
        assert half / sine[inner].std() == pytest.approx(0.5, rel=2e-3)


def test_reported_cutoff_matches_the_published_worked_example():
    # load.md A2 (after Winter 2009): at 1000 Hz an uncorrected 60 Hz filter has -3 dB at 48.4 Hz.
    assert effective_cutoff_hz(60.0, 1000.0, convention="per_pass") == pytest.approx(48.4, abs=0.1)
    assert effective_cutoff_hz(60.0, 1000.0) == 60.0
    # And back: designing at 74.3 Hz gives 60 Hz in both passes together.
    assert effective_cutoff_hz(74.3, 1000.0, convention="per_pass") == pytest.approx(60.0, abs=0.05)
    above = effective_cutoff_hz(60.0, 1000.0, convention="per_pass", kind="high")
    assert above == pytest.approx(74.3, abs=0.05)


def test_filters_keep_missing_channels_and_never_cross_gaps():
    x = random_walk(400)
    x[:, 1] = np.nan
    x[150:160, 0] = np.nan
    got = lowpass(x, 8.0, 100.0)
    assert np.isnan(got[:, 1]).all()
    assert np.isnan(got[150:160]).all()
    for part in (slice(0, 150), slice(160, 400)):
        np.testing.assert_allclose(got[part][:, [0, 2]], lowpass(x[part][:, [0, 2]], 8.0, 100.0))
    np.testing.assert_array_equal(finite_segments(x), [[0, 150], [160, 400]])
    np.testing.assert_array_equal(live_columns(x), [True, False, True])


@pytest.mark.parametrize("n", [0, 1, 2, 5, 9])
def test_filters_take_signals_shorter_than_their_padding(n):
    x = np.full(n, 3.0)
    np.testing.assert_allclose(lowpass(x, 5.0, 100.0), x)
    np.testing.assert_allclose(highpass(x, 5.0, 100.0), np.zeros(n), atol=1e-12)
    assert finite_segments(np.full((n, 2), np.nan)).shape == (0, 2)


@settings(max_examples=25, deadline=None)
@given(
    arrays(np.float64, (40, 2), elements=st.floats(-1e3, 1e3)),
    st.floats(-50, 50),
    st.floats(-50, 50),
)
def test_filters_are_linear_and_symmetric_in_time(x, a, b):
    y = lowpass(x, 12.0, 100.0)
    np.testing.assert_allclose(lowpass(a * x + b, 12.0, 100.0), a * y + b, atol=1e-6)
    np.testing.assert_array_equal(lowpass(x[:, 0], 12.0, 100.0), y[:, 0])


@pytest.mark.parametrize("cutoff_hz", [0.0, -1.0, 50.0, math.nan])
def test_filters_refuse_impossible_cutoffs(cutoff_hz):
    with pytest.raises(SignalError, match="cutoff_hz"):
        lowpass(np.zeros(10), cutoff_hz, 100.0)
    with pytest.raises(SignalError, match="dimensions"):
        lowpass(np.zeros((4, 2, 2)), 5.0, 100.0)


# --- time ----------------------------------------------------------------------------------


def test_timing_survives_rounded_stamps_and_gaps():
    time_s = np.round(np.arange(2000) / 128.0, 3)
    time_s[1000:] += 5.0
    timing = measure_timing(time_s)
    assert timing.sampling_rate_hz == pytest.approx(128.0, rel=1e-4)
    assert timing.n_gaps == 1
    assert timing.missing_s == pytest.approx(5.0, abs=0.002)
    assert timing.jitter_s < 0.001
    assert math.isnan(measure_timing([1.0]).sampling_rate_hz)


@pytest.mark.parametrize(
    ("n_missing", "rate_hz", "splits"),
    [(2, 100.0, False), (3, 100.0, True), (10, 1000.0, False), (12, 1000.0, True)],
)
def test_segments_split_only_at_long_gaps(n_missing, rate_hz, splits):
    time_s = np.delete(np.arange(200) / rate_hz, np.arange(50, 50 + n_missing))
    expected = [[0, 50], [50, time_s.size]] if splits else [[0, time_s.size]]
    np.testing.assert_array_equal(find_segments(time_s), expected)
    np.testing.assert_array_equal(find_segments(time_s, rate_hz), expected)


def test_segments_of_almost_nothing():
    assert find_segments([]).shape == (0, 2)
    np.testing.assert_array_equal(find_segments([3.0]), [[0, 1]])


@pytest.mark.parametrize("bad", [[0.0, 1.0, 1.0], [0.0, 2.0, 1.0], [0.0, np.nan, 1.0]])
def test_time_must_increase(bad):
    with pytest.raises(SignalError, match="time_s"):
        find_segments(bad)


def test_resampling_keeps_a_band_limited_wave_and_removes_aliases():
    rate_hz = 400.0
    time_s = np.arange(1200) / rate_hz + 10.0
    wave = np.sin(2 * np.pi * 7.0 * time_s)
    fast = np.sin(2 * np.pi * 180.0 * time_s)
    for target_hz in (100.0, 128.0, 1000.0):
        out_s, out = resample(np.column_stack((wave, wave + fast)), time_s, target_hz)
        assert np.diff(out_s) == pytest.approx(1.0 / target_hz)
        inner = slice(out.shape[0] // 8, -out.shape[0] // 8)
        truth = np.sin(2 * np.pi * 7.0 * out_s)[inner]
        np.testing.assert_allclose(out[inner, 0], truth, atol=2e-3)
        if target_hz < 200:
            np.testing.assert_allclose(out[inner, 1], truth, atol=4e-3)


def test_resampling_follows_jitter_fills_short_gaps_and_leaves_long_ones():
    rng = np.random.default_rng(3)
    time_s = np.arange(1000) / 100.0 + rng.uniform(-0.002, 0.002, 1000)
    keep = np.ones(1000, dtype=bool)
    keep[[200, 201]] = False
    keep[600:650] = False
    x = np.column_stack((np.sin(2 * np.pi * time_s), np.full(1000, np.nan)))
    out_s, out = resample(x[keep], time_s[keep], 100.0)
    inside = (out_s > time_s[599] + 1e-3) & (out_s < time_s[650] - 1e-3)
    assert np.isnan(out[inside]).all()
    assert np.isnan(out[:, 1]).all()
    seen = np.isfinite(out[:, 0])
    np.testing.assert_array_equal(seen, ~inside)
    np.testing.assert_allclose(out[seen, 0], np.sin(2 * np.pi * out_s[seen]), atol=0.03)


def test_resampling_keeps_a_constant_and_the_shape():
    out_s, out = resample(np.full(300, 2.5), np.arange(300) / 90.0, 41.0)
    assert out.shape == out_s.shape
    np.testing.assert_allclose(out, 2.5)
    with pytest.raises(SignalError, match="stamp"):
        resample(np.zeros(5), np.arange(4.0), 10.0)


def test_clock_drift_ignores_outliers():
    device = np.linspace(0, 3600, 60)
    reference = 12.0 + (1 + 50e-6) * device
    noisy = reference + np.random.default_rng(1).normal(0, 0.002, 60)
    noisy[[5, 20, 40]] += 30.0
    fit = clock_drift(device, noisy)
    assert fit.offset_s == pytest.approx(12.0, abs=0.003)
    assert fit.rate - 1 == pytest.approx(50e-6, abs=2e-6)
    assert fit.n_used <= 57
    exact = clock_drift([0.0, 10.0], [1.0, 21.0])
    assert (exact.offset_s, exact.rate, exact.n_used) == pytest.approx((1.0, 2.0, 2))
    with pytest.raises(SignalError, match="two events"):
        clock_drift([1.0], [1.0])


# --- clipping, idling, stillness -----------------------------------------------------------


def test_clipping_finds_rails_and_leaves_natural_peaks():
    t = np.arange(2000) / 200.0
    wave = 12.0 * np.sin(2 * np.pi * 1.3 * t) + np.random.default_rng(0).normal(0, 0.01, 2000)
    np.testing.assert_array_equal(clipped_samples(wave), False)
    railed = np.clip(wave, -9.0, 9.0)
    at_rail = np.abs(wave) >= 9.0
    assert (clipped_samples(railed) & at_rail).sum() > 0.95 * at_rail.sum()
    assert not clipped_samples(railed)[np.abs(wave) < 8.9].any()


def test_a_soft_rail_between_steep_flanks_is_clipping_without_equal_samples():
    spike = np.array([0.0, 3.0, 8.0, 8.02, 8.01, 3.0, 0.0])
    x = np.concatenate((np.linspace(-1, 1, 50), spike, np.linspace(1, -1, 50)))
    np.testing.assert_array_equal(np.flatnonzero(clipped_samples(x)), [52, 53, 54])


def test_full_scale_counts_single_samples_and_rest_never_counts():
    rng = np.random.default_rng(2)
    still = np.round(rng.normal(0, 1, 3000)) * 0.004 + G
    np.testing.assert_array_equal(clipped_samples(still), False)
    spike = np.array([0.0, 1.0, 15.8, 1.0, np.nan, 0.0])
    np.testing.assert_array_equal(np.flatnonzero(clipped_samples(spike, 16.0)), [2])
    assert clipped_samples(np.full((4, 3), np.nan)).sum() == 0


def test_a_sleeping_sensor_is_found_on_all_axes_together_only():
    x = random_walk(500)
    x[100:250] = x[100]
    x[300:450, 0] = x[300, 0]
    x = np.column_stack((x, np.full(500, np.nan)))
    np.testing.assert_array_equal(np.flatnonzero(idle_samples(x, 100.0)), np.arange(100, 250))
    assert not idle_samples(x, 200.0).any()


def test_static_windows_against_a_slow_oracle():
    rng = np.random.default_rng(5)
    acc = np.tile([0.0, G, 0.0], (400, 1)) + rng.normal(0, 0.05, (400, 3))
    acc[150:220] += rng.normal(0, 4.0, (70, 3))
    acc[300, 1] = np.nan
    expected = np.zeros(400, dtype=bool)
    for i in range(400 - 50 + 1):
        window = acc[i : i + 50]
        if np.isfinite(window).all() and window.var(axis=0).sum() < (0.03 * G) ** 2:
            expected[i : i + 50] = True
    assert expected.any()
    np.testing.assert_array_equal(static_samples(acc, 50.0), expected)


# --- units ---------------------------------------------------------------------------------


def walking_like(n=3000, rate_hz=100.0, seed=0):
    """Return a leg that swings under gravity, with rest before and after."""
    t = np.arange(n) / rate_hz
    moving = (t > 5) & (t < t[-1] - 5)
    angle = np.where(moving, 0.6 * np.sin(2 * np.pi * t), 0.0)
    acc = G * np.column_stack((np.sin(angle), np.cos(angle), np.zeros(n)))
    acc[moving] += 4.0 * np.sin(2 * np.pi * 2 * t[moving])[:, None]
    noise = np.random.default_rng(seed).normal(0, 0.02, (n, 3))
    gyr = np.column_stack((np.zeros(n), np.zeros(n), np.gradient(angle, t)))
    return acc + noise, gyr + noise / 10


@pytest.mark.parametrize(("unit", "scale"), [("mps2", 1.0), ("g", 1 / G), ("mg", 1000 / G)])
def test_acceleration_units_with_and_without_rest(unit, scale):
    acc, _ = walking_like()
    assert acc_unit(acc * scale) == unit
    assert acc_unit(acc[600:2400] * scale) == unit


def test_removed_gravity_and_nonsense_are_told():
    acc, _ = walking_like()
    moving = acc[600:2400] - acc[600:2400].mean(axis=0)
    assert acc_unit(np.random.default_rng(0).normal(0, 3, (2000, 3))) == "gravity_removed"
    assert acc_unit(moving * 0) == "gravity_removed"
    assert acc_unit(acc * 37.0) == "unknown"
    assert acc_unit(acc[:50]) == "unknown"


def test_gyroscope_units():
    _, gyr = walking_like()
    assert gyr_unit(gyr) == "radps"
    assert gyr_unit(np.rad2deg(gyr)) == "degps"
    assert gyr_unit(np.full((10, 3), np.nan)) == "unknown"


# --- orientation ---------------------------------------------------------------------------


def test_rotate_by_hand_and_with_a_missing_axis():
    quarter = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(rotate([[1.0, 2.0, 3.0]], quarter), [[2.0, -1.0, 3.0]])
    np.testing.assert_allclose(rotate([[1.0, 2.0, np.nan]], quarter), [[2.0, -1.0, np.nan]])
    for wrong in (np.eye(3) * 2, np.diag([1.0, 1.0, -1.0]), np.eye(2)):
        with pytest.raises(SignalError, match="rotation"):
            rotate([[1.0, 2.0, 3.0]], wrong)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_gravity_points_up_from_any_mounting(seed):
    acc, _ = walking_like(n=1500)
    mounting = random_rotation(seed)
    found = align_gravity(acc @ mounting.T, 100.0)
    assert found.method == "static"
    np.testing.assert_allclose(found.rotation @ found.rotation.T, np.eye(3), atol=1e-12)
    up = found.rotation[1]
    assert up @ mounting[:, 1] > math.cos(math.radians(1.0))


def test_gravity_ignores_another_posture_and_falls_back_to_movement():
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


# --- all checks ----------------------------------------------------------------------------


def test_a_good_recording_passes():
    acc, gyr = walking_like()
    check_signal(acc, 100.0, gyr, np.arange(3000) / 100.0)
    acc[:, 2] = np.nan
    check_signal(acc, 100.0)


def test_all_problems_are_reported_together():
    acc, gyr = walking_like()
    bad_gyr = np.rad2deg(gyr)
    bad_gyr[:, 0] = 1.0
    with pytest.raises(SignalError) as caught:
        check_signal(acc / G, 100.0, bad_gyr, np.arange(3000) / 128.0)
    text = " | ".join(caught.value.problems)
    assert len(caught.value.problems) == 4
    for part in ("looks like g", "deg/s", "gyr_radps x is 1", "time stamps say 128"):
        assert part in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a[:100], "at least"),
        (lambda a: np.full_like(a, np.nan), "at least"),
        (lambda a: a[:, :2], "shape"),
        (lambda a: np.where(np.arange(a.size).reshape(a.shape) == 7, np.inf, a), "infinities"),
        (lambda a: np.random.default_rng(0).normal(0, 3, a.shape), "no gravity"),
    ],
)
def test_each_bad_acceleration_has_its_message(change, message):
    acc, _ = walking_like()
    with pytest.raises(SignalError, match=message):
        check_signal(change(acc), 100.0)


def test_rate_gyroscope_shape_and_stamps_are_checked():
    acc, gyr = walking_like()
    with pytest.raises(SignalError, match="sampling_rate_hz"):
        check_signal(acc, 10.0)
    with pytest.raises(SignalError, match="gyr_radps has shape"):
        check_signal(acc, 100.0, gyr[:-1])
    with pytest.raises(SignalError, match="time_s has shape"):
        check_signal(acc, 100.0, time_s=np.arange(5.0))
    with pytest.raises(SignalError, match="goes back"):
        check_signal(acc, 100.0, time_s=np.zeros(3000))
