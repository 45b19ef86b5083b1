"""Signals: units, clipping, sleep and rest against truth and slow oracles."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadcore import signals
from loadcore.signals import (
    RAIL_BLOCK,
    STATIC_SD_MPS2,
    acc_unit,
    channel_ranges,
    clipped_rows,
    clipped_samples,
    gyr_unit,
    idle_samples,
    static_samples,
    true_runs,
)

G = 9.80665


def random_walk(n=600, k=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, k)).cumsum(axis=0)


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


@pytest.mark.parametrize(("unit", "scale"), [("mps2", 1.0), ("g", 1 / G), ("mg", 1000 / G)])
def test_acceleration_units_with_and_without_rest(walking_like, unit, scale):
    acc, _ = walking_like()
    assert acc_unit(acc * scale) == unit
    assert acc_unit(acc[600:2400] * scale) == unit


def test_removed_gravity_and_nonsense_are_told(walking_like):
    acc, _ = walking_like()
    moving = acc[600:2400] - acc[600:2400].mean(axis=0)
    assert acc_unit(np.random.default_rng(0).normal(0, 3, (2000, 3))) == "gravity_removed"
    assert acc_unit(moving * 0) == "gravity_removed"
    assert acc_unit(acc * 37.0) == "unknown"
    assert acc_unit(acc[:50]) == "unknown"


def test_gyroscope_units(walking_like):
    _, gyr = walking_like()
    assert gyr_unit(gyr) == "radps"
    assert gyr_unit(np.rad2deg(gyr)) == "degps"
    assert gyr_unit(np.full((10, 3), np.nan)) == "unknown"


@st.composite
def hostile_signals(draw):
    n, k = draw(st.integers(0, 700)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = np.round(rng.normal(size=(n, k)), 1)  # repeats values, so that some steps are none
    x[rng.random((n, k)) < draw(st.floats(0.0, 1.0))] = np.nan
    if n and draw(st.booleans()):
        x[rng.integers(n), rng.integers(k)] = rng.choice([np.inf, -np.inf])
    return x


@settings(max_examples=50, deadline=None)
@given(hostile_signals())
def test_channel_ranges_agree_with_a_plain_search(x):
    found = channel_ranges(x)
    assert found.is_complete == np.isfinite(x).all()
    for j in range(x.shape[1]):
        seen = x[~np.isnan(x[:, j]), j]
        steps = np.abs(np.diff(x[:, j]))
        steps = steps[np.isfinite(steps) & (steps > 0)]
        for limit in (0.05, 0.15, 1.0):
            assert signals._changes_by_no_more(x[:, j], limit) == (steps <= limit).any()
        assert found.low[j] == seen.min(initial=np.inf)
        assert found.high[j] == seen.max(initial=-np.inf)
        assert found.has_infinity[j] == np.isinf(seen).any()
        for block in range(found.block_low.shape[0]):
            part = x[block * RAIL_BLOCK : (block + 1) * RAIL_BLOCK, j]
            part = part[~np.isnan(part)]
            assert found.block_low[block, j] == part.min(initial=np.inf)
            assert found.block_high[block, j] == part.max(initial=-np.inf)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.booleans(), max_size=40))
def test_true_runs_give_the_mask_back(mask):
    again = np.zeros(len(mask), dtype=bool)
    runs = true_runs(np.array(mask, dtype=bool))
    for start, stop in runs:
        again[start:stop] = True
    np.testing.assert_array_equal(again, mask)
    assert len(runs) == sum(b and not a for a, b in pairwise([False, *mask]))


@pytest.mark.parametrize("rate_hz", [25, 60, 100])
def test_static_samples_agree_with_every_window_s_variance(rate_hz):
    rng = np.random.default_rng(rate_hz)
    n = 12 * rate_hz
    sd = np.repeat(rng.choice([0.05, 0.16, 0.175, 3.0], 12), rate_hz)
    x = rng.normal(size=(n, 3)) * sd[:, None] + [0.0, 9.8, 0.0]
    x[rng.integers(n)] = np.nan
    expected = np.zeros(n, dtype=bool)
    for i in range(n - rate_hz + 1):
        window = x[i : i + rate_hz]
        if window.var(axis=0).sum() < STATIC_SD_MPS2**2:
            expected[i : i + rate_hz] = True
    assert expected.any()
    assert not expected.all()
    np.testing.assert_array_equal(static_samples(x, rate_hz), expected)


def test_rows_are_clipped_where_a_channel_is():
    rng = np.random.default_rng(3)
    x = np.clip(rng.normal(size=(900, 3)).cumsum(axis=0), -9.0, 9.0)
    marked = clipped_samples(x)
    assert marked.any()
    np.testing.assert_array_equal(clipped_rows(x), marked.any(axis=1))
    with_range = clipped_samples(x, 5.0)
    assert with_range.sum() > marked.sum()
    np.testing.assert_array_equal(clipped_rows(x, 5.0), with_range.any(axis=1))


def test_a_unit_shows_through_lost_samples():
    rng = np.random.default_rng(4)
    acc = rng.normal(size=(3000, 3)) + np.array([0.0, 9.8, 0.0])
    acc[rng.random(3000) < 0.3] = np.nan
    assert acc_unit(acc) == "mps2"
    assert acc_unit(acc / 9.8) == "g"
    acc[rng.random(3000) < 0.6] = np.nan
    assert acc_unit(acc[:400]) == "unknown"
