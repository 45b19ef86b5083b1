"""Values that publications or their recomputation state, each with its source."""

import math

import numpy as np
import pytest

from loadcore import damage, force, tissue


def test_drop_has_the_published_sign():
    """Morin 2005, doi:10.1123/jab.21.2.167, eq. 7: 0.052 m; the transcribed sign gives 0.205 m."""
    drop = float(force.centre_of_mass_drop(0.25, 0.08))
    assert drop == pytest.approx(0.052, abs=0.0005)
    wrong_sign = drop + 2 * 9.80665 * 0.25**2 / 8
    assert wrong_sign == pytest.approx(0.205, abs=0.0005)


def test_peak_force_is_morins_equation():
    """Morin 2005, eq. 6, for 76 kg: Fmax = m g (pi/2) (tf/tc + 1)."""
    newton = 76 * 9.81 * math.pi / 2 * (0.08 / 0.25 + 1)
    peak = force.peak_vertical_force(0.25, 0.08, 0.0, 0.0, force.MORIN_2005).peak_vgrf_bw[0]
    assert peak * 76 * 9.81 == pytest.approx(newton)


def test_half_sine_bias_on_measured_level_steps():
    """Alcantara 2022 sample, level (load.md G): mean times and peaks, 5 % BW; bias -0.10 BW."""
    contact, flight = np.array([0.259, 0.226, 0.196]), np.array([0.064, 0.085, 0.094])
    measured = np.array([2.12, 2.27, 2.35])
    published = force.peak_vertical_force(contact, flight, 0.0, 0.0).peak_vgrf_bw
    assert np.mean(published - measured) == pytest.approx(-0.10, abs=0.05)


def test_mean_of_37_runners_at_two_speeds():
    """Alcantara 2021, PeerJ 9:e11199 (table of 37 runners): 2.84 and 3.14 BW, within 0.15 BW."""
    contact, frequency = np.array([0.202, 0.168]), np.array([3.07, 3.26])
    peak = force.peak_vertical_force(
        contact, 1 / frequency - contact, 0.0, 0.0, force.CALIBRATED_LEVEL
    ).peak_vgrf_bw
    np.testing.assert_allclose(peak, [2.84, 3.14], atol=0.15)


def test_tissue_check_values():
    """load.md D3: 2.5 BW with a lever of 0.12 m give Achilles 6.0 and tibia 8.5 BW."""
    result = tissue.tissue_load([2.5], [0.1], [0.1], [0.25])
    np.testing.assert_allclose(result.peak_force_bw[0], [8.5, 6.0, 4.5])


def test_cadence_ten_percent_up_per_kilometre():
    """Lenhart 2014, doi:10.1249/MSS.0b013e3182a78c3a: -14 % knee force; factors of load.md E1."""
    usual, quick = (
        tissue.tissue_load([2.5], [0.1], [0.1], [0.25], cadence_change_pct=change).peak_force_bw
        for change in (0.0, 10.0)
    )
    relative = float(quick[0, 2] / usual[0, 2])
    per_km = [1.10 * float(damage.step_damage(relative, b)) for b in (1.0, 7.0)]
    np.testing.assert_allclose(per_km, [0.95, 0.38], atol=0.005)


def test_one_metre_per_second_more_strains_bone():
    """load.md E1: +9 % strain (arxiv 2305.04139) at b = 6.6 costs 1.77 times as much per step."""
    assert damage.step_damage(1.09, 6.6) == pytest.approx(1.77, abs=0.005)


def test_noise_of_six_percent():
    """load.md E1: CV 6 % inflates by 7.6 % at b = 7 and 13 % at b = 9."""
    assert damage.noise_inflation_second_order(0.06, 7.0) == pytest.approx(1.076, abs=0.0005)
    assert damage.noise_inflation_second_order(0.06, 9.0) == pytest.approx(1.13, abs=0.0005)


def test_force_bias_that_damage_can_bear():
    """load.md E1: damage within 20 % needs force within 2.6 % (b = 7) and 2.0 % (b = 9)."""
    for exponent, bias in ((7.0, 0.026), (9.0, 0.020)):
        assert damage.step_damage(1 + bias, exponent) < 1.2
        assert damage.step_damage(1 + bias + 0.001, exponent) > 1.2


def test_contact_time_error_becomes_damage_error():
    """load.md, fact 2: 20 ms of 240 ms are 8.3 % of force and a factor 1.75 of damage at b = 7."""
    result = force.peak_vertical_force(
        0.24,
        0.09,
        0.02,
        0.0,
        force.ForceSettings(shape_step_sd_fraction=0.0, shape_shared_sd_fraction=0.0),
    )
    fraction = float(result.sd_bw[0] / result.peak_vgrf_bw[0])
    assert fraction == pytest.approx(0.083, abs=0.0005)
    assert damage.step_damage(1 + fraction, 7.0) == pytest.approx(1.75, abs=0.01)


def test_local_exponent_of_tendon():
    """Schechtman & Bader 1997 (pubmed 9239568) as a local power law (load.md E1)."""
    local = damage.tendon_local_exponent([20.0, 50.0, 60.0, 70.0])
    np.testing.assert_allclose(local, [3.1, 7.8, 9.3, 10.9], atol=0.05)
    assert damage.tendon_local_exponent(58.0) == pytest.approx(9.0, abs=0.05)


def test_session_spike_thresholds():
    """Frandsen 2025, doi:10.1136/bjsports-2024-109380: above 10, 30 and 100 % more."""
    history = [10.0, 10.9, 11.9, 14.0, 24.0]
    ratios = [damage.longest_ratio([0.0, 1.0], [10.0, value]) for value in history]
    assert [int(r.flag[1]) for r in ratios] == [0, 0, 1, 2, 3]


def test_two_mass_pulses_have_the_published_shape():
    """Clark, Ryan & Weyand 2017, doi:10.1242/jeb.138057: 8 % mass, second peak at 0.47 contact."""
    contact, flight, impact, limb_g = 0.2, 0.12, 0.03, 6.0
    limb_peak = 2 * 0.08 * limb_g
    body_peak = 2 * ((contact + flight) - 0.08 * limb_g * 2 * impact) / contact
    at_body_peak = force.two_mass_force(0.47 * contact, contact, flight, impact, limb_g)
    assert at_body_peak == pytest.approx(body_peak)
    only_limb = force.two_mass_force(impact, contact, flight, impact, limb_g) - body_peak / 2 * (
        1 + math.cos(math.pi * (impact - 0.47 * contact) / (0.47 * contact))
    )
    assert only_limb == pytest.approx(limb_peak)
