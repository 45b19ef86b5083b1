"""Vertical force from times: analytic truth, numerical derivatives, closing impulses."""

import math
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadcore import force
from loadcore.constants import STANDARD_GRAVITY_MPS2

CONTACT = st.floats(0.12, 0.35)
FLIGHT = st.floats(0.01, 0.16)


def _integrate(function, stop_s, breaks_s=()):
    """Integrate piece by piece with 40-point Gauss-Legendre: exact for these smooth pieces."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    edges = [0.0, *breaks_s, stop_s]
    return sum(
        (b - a) / 2 * np.sum(weights * function((b - a) / 2 * nodes + (a + b) / 2))
        for a, b in pairwise(edges)
    )


@given(CONTACT, FLIGHT)
@settings(max_examples=25, deadline=None)
def test_impulse_of_every_waveform_is_one_body_weight_per_step(contact_s, flight_s):
    step_s = contact_s + flight_s
    peak_s = 0.47 * contact_s
    sine = _integrate(lambda t: force.half_sine_force(t, contact_s, flight_s), contact_s)
    impact_s, limb_g = 0.15 * contact_s, 4.0
    two_mass = _integrate(
        lambda t: force.two_mass_force(t, contact_s, flight_s, impact_s, limb_g),
        contact_s,
        (2 * impact_s, peak_s),
    )
    blend = _integrate(
        lambda t: force.blended_force(t, contact_s, flight_s, 1.65), contact_s, (peak_s,)
    )
    assert sine == pytest.approx(step_s, rel=1e-9)
    assert two_mass == pytest.approx(step_s, rel=1e-9)
    assert blend == pytest.approx(step_s, rel=1e-9)


def test_drop_agrees_with_integrating_the_force_twice():
    contact_s, flight_s = 0.25, 0.08
    time = np.linspace(0.0, contact_s / 2, 20_001)
    acc = STANDARD_GRAVITY_MPS2 * (force.half_sine_force(time, contact_s, flight_s) - 1.0)
    step = time[1]
    speed = np.concatenate([[0.0], np.cumsum((acc[1:] + acc[:-1]) / 2 * step)])
    speed -= speed[-1]  # at mid-stance the centre of mass stands still
    drop = -np.sum((speed[1:] + speed[:-1]) / 2 * step)
    assert force.centre_of_mass_drop(contact_s, flight_s) == pytest.approx(drop, rel=1e-6)


def test_vertical_oscillation_adds_the_flight_and_needs_one():
    total = force.vertical_oscillation([0.25, 0.25], [0.08, -0.01])
    rise = STANDARD_GRAVITY_MPS2 * 0.08**2 / 8
    assert total[0] == pytest.approx(force.centre_of_mass_drop(0.25, 0.08) + rise)
    assert np.isnan(total[1])


def test_stiffness_and_leg_compression():
    peak = force.peak_vertical_force(0.25, 0.08, 0.0, 0.0).peak_vgrf_bw
    drop = force.centre_of_mass_drop(0.25, 0.08)
    assert force.vertical_stiffness(peak, 0.25, 0.08) == pytest.approx(peak / drop)
    standing_still = force.leg_compression(0.25, 0.08, 0.0, 1.8)
    assert standing_still == pytest.approx(drop)
    moving = force.leg_compression([0.25, 0.25], [0.08, 0.08], [3.33, 20.0], [1.8, 1.8])
    leg = 0.53 * 1.8
    assert moving[0] == pytest.approx(leg - math.sqrt(leg**2 - (3.33 * 0.125) ** 2) + drop)
    assert np.isnan(moving[1])  # 5 m of travel in one contact
    assert force.leg_stiffness(2.0, 0.1) == pytest.approx(20.0)
    assert np.isnan(force.leg_compression(0.25, 0.08, 3.0, np.nan))


def test_peak_equals_the_duty_factor_form():
    contact, flight = np.array([0.2, 0.25, 0.3]), np.array([0.1, 0.08, 0.05])
    peak = force.peak_vertical_force(contact, flight, 0.0, 0.0).peak_vgrf_bw
    duty = force.duty_factor(contact, contact + flight)
    np.testing.assert_allclose(peak, math.pi / 4 / duty)


@given(CONTACT, FLIGHT)
@settings(max_examples=25, deadline=None)
def test_timing_error_follows_numerical_derivatives(contact_s, flight_s):
    contact_sd, step_sd, h = 0.004, 0.002, 1e-6

    def peak(contact, step):
        return 1.6 * step / contact

    step_s = contact_s + flight_s
    by_contact = (peak(contact_s + h, step_s) - peak(contact_s - h, step_s)) / (2 * h)
    by_step = (peak(contact_s, step_s + h) - peak(contact_s, step_s - h)) / (2 * h)
    only_timing = force.ForceSettings(
        shape_factor=1.6, shape_step_sd_fraction=0.0, shape_shared_sd_fraction=0.0
    )
    result = force.peak_vertical_force(contact_s, flight_s, contact_sd, step_sd, only_timing)
    expected = math.hypot(by_contact * contact_sd, by_step * step_sd)
    assert result.sd_bw[0] == pytest.approx(expected, rel=1e-6)
    assert result.noise_sd_bw[0] == result.step_sd_bw[0]
    ratio = (result.shared_sd_bw[0] / result.sd_bw[0]) ** 2
    assert ratio == pytest.approx(only_timing.timing_shared_variance_fraction)


def test_correlated_errors_add_up_as_drawn_errors_do():
    """Monte Carlo of shared and single errors of time and shape, against both parts."""
    settings = force.ForceSettings(
        shape_factor=1.7,
        shape_step_sd_fraction=0.03,
        shape_shared_sd_fraction=0.04,
        timing_shared_variance_fraction=0.8,
        timing_shape_correlation=-0.5,
    )
    result = force.peak_vertical_force(0.25, 0.1, 0.01, 0.0, settings)
    rng = np.random.default_rng(3)
    timing_fraction = 0.01 / 0.25
    for part, share, shape in (("shared", 0.8, 0.04), ("step", 0.2, 0.03)):
        first = math.sqrt(share) * timing_fraction
        cov = [[first**2, -0.5 * first * shape], [-0.5 * first * shape, shape**2]]
        drawn = rng.multivariate_normal([0.0, 0.0], cov, 40_000).sum(axis=1).std()
        found = getattr(result, f"{part}_sd_bw")[0] / result.peak_vgrf_bw[0]
        assert found == pytest.approx(drawn, rel=0.02)
    with pytest.raises(ValueError, match="timing_shape_correlation"):
        force.ForceSettings(timing_shape_correlation=-1.5)


def test_shape_error_is_kept_where_times_are_perfect_and_grows_on_slopes():
    result = force.peak_vertical_force(
        [0.25] * 3, [0.08] * 3, 0.0, 0.0, force.CALIBRATED_LEVEL, [0.0, 5.0, -8.0]
    )
    np.testing.assert_array_equal(result.is_slope_invalid, [False, False, True])
    assert result.step_sd_bw[0] == pytest.approx(0.026 * result.peak_vgrf_bw[0])
    assert result.shared_sd_bw[0] == pytest.approx(0.041 * result.peak_vgrf_bw[0])
    assert result.sd_bw[2] > 2 * result.sd_bw[0]
    np.testing.assert_array_equal(result.noise_sd_bw, 0.0)


def test_refuses_what_is_beyond_physiology_and_leaves_the_unobserved_alone():
    result = force.peak_vertical_force(
        [0.25, 0.04, 0.1, 0.7, np.nan, 0.25], [0.08, 0.08, 0.6, 0.1, 0.1, np.nan], 0.005, 0.005
    )
    np.testing.assert_array_equal(result.is_refused, [False, True, True, True, False, False])
    np.testing.assert_array_equal(np.isnan(result.peak_vgrf_bw), [False, *[True] * 5])
    np.testing.assert_array_equal(np.isnan(result.sd_bw), [False, *[True] * 5])


def test_unknown_timing_error_leaves_the_force_and_no_error():
    result = force.peak_vertical_force(0.25, 0.08, np.nan, 0.005)
    assert np.isfinite(result.peak_vgrf_bw[0])
    assert np.isnan(result.sd_bw[0])


def test_empty_input_gives_empty_output():
    result = force.peak_vertical_force([], [], 0.005, 0.005)
    assert result.peak_vgrf_bw.shape == (0,)
    assert result.is_refused.shape == (0,)


def test_waveforms_are_zero_outside_contact_broadcast_and_carry_nan():
    time = np.array([-0.01, 0.0, 0.125, 0.25, 0.26])
    many = force.half_sine_force(time, np.array([[0.25], [np.nan]]), np.array([[0.08], [0.08]]))
    assert many.shape == (2, 5)
    np.testing.assert_allclose(many[0], [0, 0, math.pi / 2 * 0.33 / 0.25, 0, 0], atol=1e-12)
    assert np.isnan(many[1]).all()
    two = force.two_mass_force(time, 0.25, 0.08, 0.04, 5.0)
    np.testing.assert_allclose(two[[0, 1, 3, 4]], 0.0, atol=1e-12)
    assert np.isnan(force.two_mass_force(time, 0.25, np.nan)).all()


@pytest.mark.parametrize("shape_factor", [1.6, 1.65, 1.8, 1.95])
def test_blend_peaks_where_its_shape_factor_says(shape_factor):
    time = np.linspace(0.0, 0.25, 5001)
    peak = force.blended_force(time, 0.25, 0.08, shape_factor).max()
    wanted = shape_factor * 0.33 / 0.25
    assert 0.995 * wanted < peak <= wanted


def test_impossible_impacts_and_settings_are_explained():
    with pytest.raises(ValueError, match="at most half of contact_time_s"):
        force.two_mass_force(0.1, 0.25, 0.08, 0.2, 3.0)
    with pytest.raises(ValueError, match="below that of the step"):
        force.two_mass_force(0.1, 0.25, 0.08, 0.12, 60.0)
    with pytest.raises(ValueError, match=r"pi/2 \(half-sine\)"):
        force.blended_force(0.1, 0.25, 0.08, 1.2)
    with pytest.raises(ValueError, match=r"shape_factor.*timing_shared"):
        force.ForceSettings(shape_factor=0.5, timing_shared_variance_fraction=1.5)


@pytest.mark.mirror
def test_calibrated_shape_is_what_force_plates_show():
    """Mean shape factor of a set of 37 runners that was not used for the fit."""
    if "TOLERANCE_DATA_MIRROR" not in os.environ:
        pytest.skip("TOLERANCE_DATA_MIRROR is not set")
    path = Path(os.environ["TOLERANCE_DATA_MIRROR"]) / "sacral_grf_table" / "GRF_IMU_data.csv"
    if not path.exists():
        pytest.skip("sacral_grf_table is not in the mirror")
    table = np.genfromtxt(path, delimiter=",", names=True)
    shape = table["GRFPeak"] * table["GRFtc"] * table["IMUsf"]
    fitted = force.CALIBRATED_LEVEL
    assert shape.mean() == pytest.approx(fitted.shape_factor, rel=0.02)
    total_sd = fitted.shape_factor * fitted.shape_shared_sd_fraction
    covered = np.abs(shape - fitted.shape_factor) < 1.645 * total_sd
    assert 0.80 < covered.mean() < 0.97
