"""Every way a readable table can still be no usable signal: one clear message each."""

import numpy as np
import pytest

from pipelines.datasets.base import LeftOut
from pipelines.importers.open_recording import read_any

NAMES = ("t", "ax", "ay", "az", "gx", "gy", "gz")


@pytest.fixture
def open_changed(make_gait, text, write_own):
    """Change a sound recording, write it and read it."""

    def open_changed(change, digits=6, seconds=6.0, **sidecar):
        gait = make_gait(seconds)
        gait = change(gait) or gait
        columns = [gait.time_s, *gait.acc.T, *gait.gyr.T]
        (opened,) = read_any(write_own(text(NAMES, columns, digits=digits), **sidecar))
        return opened

    return open_changed


def one_sample(gait):
    gait.time_s, gait.acc, gait.gyr = gait.time_s[:1], gait.acc[:1], gait.gyr[:1]


def short(gait):
    gait.time_s, gait.acc, gait.gyr = gait.time_s[:90], gait.acc[:90], gait.gyr[:90]


def backwards(gait):
    gait.time_s[200:] -= 0.5


def standing(gait):
    gait.time_s[300] = gait.time_s[299]


def no_stamp(gait):
    gait.time_s[40:45] = np.nan


def nothing_seen(gait):
    gait.acc[:] = np.nan


def constant_axis(gait):
    gait.acc[:, 2] = 0.25


def constant_gyroscope(gait):
    gait.gyr[:, 1] = 0.0


def gravity_removed(gait):
    gait.acc -= gait.acc.mean(axis=0)


def infinite(gait):
    gait.acc[17, 0] = np.inf


def absurd(gait):
    gait.acc[17, 0] = 1e200


def ten_times(gait):
    gait.acc *= 10.0


def hardly_turning(gait):
    gait.gyr /= 1000.0


def too_large(gait):
    gait.acc[17, 0] = -6000.0


def slow(gait):
    gait.time_s *= 6.0


def absurdly_fast(gait):
    gait.time_s /= 200.0


@pytest.mark.parametrize(
    ("change", "sidecar", "parts"),
    [
        (one_sample, {}, ["one sample"]),
        (short, {}, ["samples with a value; expected at least 2 s"]),
        (backwards, {}, ["time goes back 1 times", "first in sample 200"]),
        (standing, {}, ["stands still 1 times", "first in sample 300"]),
        (no_stamp, {}, ["5 time stamps are missing, the first in sample 40"]),
        (nothing_seen, {}, ["0 samples with a value"]),
        (constant_axis, {}, ["acc_mps2 z is 0.25 throughout"]),
        (constant_gyroscope, {}, ["gyr_radps y is 0 throughout"]),
        (gravity_removed, {}, ["no gravity"]),
        (infinite, {}, ["acceleration holds infinities"]),
        (absurd, {}, ["acceleration reaches 1e+200"]),
        (ten_times, {}, ["acceleration is usually", "expected 5 to 40"]),
        (hardly_turning, {}, ["angular velocity stays within 0.0"]),
        (too_large, {}, ["acc reaches 6000 m/s²"]),
        (slow, {}, ["sampling_rate_hz is 16.6", "expected 25 to"]),
        (absurdly_fast, {}, ["sampling_rate_hz is 20000"]),
        (lambda g: None, {"sampling_rate_hz": 120.0}, ["is 120 but the time stamps say 100"]),
        (lambda g: None, {"sampling_rate_hz": -1}, ["sampling_rate_hz is -1"]),
    ],
)
def test_an_unusable_signal_is_left_out_with_its_reason(open_changed, change, sidecar, parts):
    opened = open_changed(change, **sidecar)
    assert isinstance(opened, LeftOut)
    for part in parts:
        assert part in opened.reason


def test_all_problems_of_a_signal_come_at_once(open_changed):
    def several(gait):
        gait.acc[:, 2] = 1.0
        gait.gyr *= 180 / np.pi

    opened = open_changed(several, sampling_rate_hz=50.0)
    for part in ("z is 1 throughout", "looks like deg/s", "the time stamps say 100"):
        assert part in opened.reason


def test_an_upside_down_segment_frame_is_refused_and_the_sensor_frame_is_not(open_changed):
    def turn(gait):
        gait.acc[:, :2] *= -1
        gait.gyr[:, :2] *= -1

    opened = open_changed(turn, frame="segment")
    assert "the sensor is upside down" in opened.reason
    assert not isinstance(open_changed(turn, frame="sensor"), LeftOut)


def not_a_number_run(gait):
    gait.acc[100:160] = np.nan


def gap(gait):
    keep = np.r_[0:200, 350:600]
    gait.time_s, gait.acc, gait.gyr = gait.time_s[keep], gait.acc[keep], gait.gyr[keep]


def asleep(gait):
    gait.acc[100:350] = gait.acc[100]
    gait.gyr[100:350] = gait.gyr[100]


def jitter(gait):
    gait.time_s += np.random.default_rng(2).uniform(-0.003, 0.003, gait.time_s.size)
    gait.time_s -= gait.time_s[0]


def clipped(gait):
    np.clip(gait.acc, None, 15.0, out=gait.acc)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (not_a_number_run, "10.0 % of the samples have no value"),
        (gap, "1 gaps, 1.5 s of 6.0 s are missing"),
        (asleep, "the sensor slept for 2.5 s"),
        (jitter, "time stamps scatter by 2."),
        (clipped, "the accelerometer is at its limit in"),
    ],
)
def test_what_forbids_nothing_is_noted(open_changed, change, part):
    opened = open_changed(change)
    assert not isinstance(opened, LeftOut), opened.reason
    assert any(part in note for note in opened.notes), opened.notes


def test_a_sound_recording_has_nothing_to_note(open_changed):
    assert open_changed(lambda g: None).notes == ()


def test_missing_samples_stay_missing(open_changed):
    opened = open_changed(not_a_number_run)
    acc = opened.signals[["acc_x_mps2", "acc_y_mps2", "acc_z_mps2"]].to_numpy()
    assert np.isnan(acc[100:160]).all()
    assert np.isfinite(acc[:100]).all()


def test_a_sleeping_sensor_is_masked_and_reads_nothing(open_changed):
    opened = open_changed(asleep)
    (mask,) = opened.masks
    assert (mask.start_sample, mask.stop_sample) == (100, 350)
    assert opened.signals.iloc[100:350].drop(columns="time_s").isna().all(axis=None)


def test_a_sensor_that_mostly_sleeps_at_zero_is_not_taken_for_one_without_gravity(open_changed):
    def take_off(gait):
        gait.acc[600:] = 0.0
        gait.gyr[600:] = 0.0

    opened = open_changed(take_off, seconds=30.0)
    assert not isinstance(opened, LeftOut), opened.reason
    assert opened.signals["acc_y_mps2"].notna().sum() == 600


def test_stamps_can_be_ignored_where_no_sample_was_lost(open_changed):
    opened = open_changed(standing, stamps="ignore", sampling_rate_hz=100.0)
    np.testing.assert_allclose(np.diff(opened.signals["time_s"]), 0.01)
