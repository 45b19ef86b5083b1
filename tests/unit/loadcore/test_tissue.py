"""Tissue load per step: the published check, modifiers, errors, refusals."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadcore import tissue


def test_modifiers_act_as_their_sources_say():
    plain = tissue.tissue_load([2.5], [0.1], [0.1], [0.25], speed_mps=3.0, cadence_change_pct=0.0)
    fast = tissue.tissue_load([2.5], [0.1], [0.1], [0.25], speed_mps=6.0, cadence_change_pct=0.0)
    quick = tissue.tissue_load([2.5], [0.1], [0.1], [0.25], speed_mps=3.0, cadence_change_pct=10.0)
    assert fast.peak_force_bw[0, 2] / plain.peak_force_bw[0, 2] == pytest.approx(2.0**0.1)
    assert quick.peak_force_bw[0, 2] / plain.peak_force_bw[0, 2] == pytest.approx(0.86)
    np.testing.assert_allclose(quick.peak_force_bw[0, :2], plain.peak_force_bw[0, :2])


def test_foot_strike_moves_load_from_knee_to_calf():
    four = tissue.tissue_load([2.5] * 4, [0.1] * 4, [0.1] * 4, [0.25] * 4, strike=[0, 1, 2, 3])
    achilles, knee = four.peak_force_bw[:, 1], four.peak_force_bw[:, 2]
    np.testing.assert_allclose(achilles, [6.0, 5.0, 6.0, 7.0])
    np.testing.assert_allclose(knee[[0, 1, 2]], 4.5)
    assert knee[3] == pytest.approx(0.73 * 4.5)
    assert four.impulse_bws[3, 1] / four.impulse_bws[1, 1] == pytest.approx(1.11)
    assert four.impulse_bws[3, 2] / four.impulse_bws[1, 2] == pytest.approx(0.88)
    with pytest.raises(ValueError, match="unknown, rearfoot, midfoot, forefoot"):
        tissue.tissue_load([2.5], [0.1], [0.1], [0.25], strike=4)


def test_grade_does_nothing_unless_set_and_only_beyond_the_dead_zone():
    force = ([2.5] * 3, [0.1] * 3, [0.1] * 3, [0.25] * 3)
    grade = [0.0, 5.0, 12.0]
    by_default = tissue.tissue_load(*force, grade_pct=grade).peak_force_bw
    np.testing.assert_allclose(by_default[2], by_default[0])
    uphill = replace(tissue.TissueSettings(), uphill_log_slope_per_pct=np.array([0.02, 0.0, 0.0]))
    steep = tissue.tissue_load(*force, grade_pct=grade, settings=uphill).peak_force_bw
    assert steep[1, 0] == pytest.approx(steep[0, 0])
    assert steep[2, 0] / steep[0, 0] == pytest.approx(math.exp(0.02 * 7.0))


def test_error_follows_the_force_by_numerical_derivative():
    h, step_sd, shared_sd = 1e-6, 0.11, 0.17
    no_model_error = replace(
        tissue.TissueSettings(),
        model_step_sd_fraction=np.zeros(3),
        model_session_sd_fraction=np.zeros(3),
    )
    run = {"speed_mps": 3.3, "cadence_change_pct": 2.0, "grade_pct": 0.0}

    def peak(force):
        return tissue.tissue_load(
            [force], [0.0], [0.0], [0.25], settings=no_model_error, **run
        ).peak_force_bw[0]

    slope = (peak(2.4 + h) - peak(2.4 - h)) / (2 * h)
    result = tissue.tissue_load(
        [2.4], [step_sd], [shared_sd], [0.25], settings=no_model_error, **run
    )
    np.testing.assert_allclose(result.step_sd_bw[0], slope * step_sd, rtol=1e-6)
    np.testing.assert_allclose(result.shared_sd_bw[0], slope * shared_sd, rtol=1e-6)
    np.testing.assert_allclose(result.sd_bw, np.hypot(result.step_sd_bw, result.shared_sd_bw))


def test_what_is_not_known_widens_the_error_but_not_the_value():
    force = ([2.5], [0.1], [0.1], [0.25])
    known = tissue.tissue_load(*force, speed_mps=3.0, cadence_change_pct=0.0, grade_pct=0.0)
    unknown = tissue.tissue_load(*force)
    np.testing.assert_allclose(unknown.peak_force_bw, known.peak_force_bw)
    assert unknown.shared_sd_bw[0, 2] > known.shared_sd_bw[0, 2]


def test_unobserved_force_means_unobserved_load_of_every_tissue():
    result = tissue.tissue_load([np.nan, 2.5], [0.1, np.nan], [0.1, np.nan], [0.25, 0.25])
    assert np.isnan(result.peak_force_bw[0]).all()
    assert np.isnan(result.impulse_bws[0]).all()
    assert not result.is_refused.any()
    assert np.isfinite(result.peak_force_bw[1]).all()
    # The knee's model takes no force, so it knows its error without the force's.
    np.testing.assert_array_equal(np.isnan(result.sd_bw[1]), [True, True, False])


def test_refuses_what_is_beyond_physiology():
    result = tissue.tissue_load([7.0], [0.1], [0.1], [0.1])
    np.testing.assert_array_equal(result.is_refused, [[True, True, False]])
    np.testing.assert_array_equal(np.isnan(result.peak_force_bw), [[True, True, False]])
    tissue.refuse_beyond_physiology([[8.5, 6.0, np.nan]])
    with pytest.raises(ValueError, match=r"tibia: 1 of 2.*achilles: 1 of 2.*Check units"):
        tissue.refuse_beyond_physiology([[850.0, 6.0, 4.5], [8.0, -1.0, 4.5]])


def test_empty_input_gives_empty_output():
    assert tissue.tissue_load([], [], [], []).peak_force_bw.shape == (0, 3)


def test_settings_are_frozen_and_checked():
    with pytest.raises(ValueError, match="read-only"):
        tissue.TissueSettings().speed_exponent[0] = 1.0
    with pytest.raises(ValueError, match=r"pressure_lever_m: got shape \(3,\).*impulse_shape"):
        tissue.TissueSettings(
            pressure_lever_m=np.ones(3), impulse_shape=np.array([1.0, np.nan, 1.0])
        )


@given(st.floats(1.2, 4.5), st.floats(0.01, 0.5))
@settings(max_examples=30, deadline=None)
def test_more_force_is_never_less_load(force, more):
    both = tissue.tissue_load([force, force + more], [0.1] * 2, [0.1] * 2, [0.25] * 2)
    assert (np.diff(both.peak_force_bw, axis=0)[:, :2] > 0).all()
    assert (np.diff(both.impulse_bws, axis=0) >= 0).all()
