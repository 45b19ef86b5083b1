"""Time stamps, resampling and clocks: analytic truth and hostile stamps."""

import math

import numpy as np
import pytest

from loadcore.signals import SignalError
from loadcore.timing import clock_drift, find_segments, measure_timing, resample


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
