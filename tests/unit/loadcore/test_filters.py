"""Filters against SciPy and the published convention."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import signal

from loadcore.filters import effective_cutoff_hz, highpass, lowpass, lowpass_causal
from loadcore.signals import SignalError, finite_segments, live_columns


def random_walk(n=600, k=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, k)).cumsum(axis=0)


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
