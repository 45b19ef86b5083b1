"""Signals: units, clipping, sleep and rest against truth and slow oracles."""

import numpy as np
import pytest

from loadcore.signals import acc_unit, clipped_samples, gyr_unit, idle_samples, static_samples

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
