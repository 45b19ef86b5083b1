"""Which steps become the reference, and what cancels against it."""

from dataclasses import replace

import numpy as np
import pytest

from tolerance.exposure.reference import SOURCES, choose_reference
from tolerance.exposure.settings import ExposureSettings

SETTINGS = ExposureSettings()


def test_flagged_recording_comes_before_easy_speed_before_all(steps_of):
    runs = {
        "easy": steps_of(np.full(100, 0.26), speed_mps=2.6),
        "fast": steps_of(np.full(100, 0.20), speed_mps=4.5),
    }
    flagged = choose_reference(runs, SETTINGS, flagged=["fast"], easy_speed_mps=2.7)
    by_speed = choose_reference(runs, SETTINGS, easy_speed_mps=2.7)
    of_all = choose_reference(runs, SETTINGS)
    assert [r.source for r in (flagged, by_speed, of_all)] == ["flagged", "easy_speed", "all_steps"]
    assert [r.n_steps for r in (flagged, by_speed, of_all)] == [100, 100, 200]
    assert flagged.recording_ids == ("fast",)
    assert by_speed.recording_ids == ("easy",)
    np.testing.assert_allclose(by_speed.peak_force_bw, runs["easy"].tissue_peak_force_bw[0])
    assert set(SOURCES) >= {"flagged", "easy_speed", "all_steps", "none"}


def test_reference_run_counts_one_legs_steps(steps_of):
    reference = choose_reference({"a": steps_of(np.full(80, 0.25), step_time_s=0.375)}, SETTINGS)
    assert reference.cadence_spm == pytest.approx(160.0)
    assert reference.steps_per_side == pytest.approx(30 * 80)


def test_too_few_valid_steps_are_no_reference(steps_of):
    steps = steps_of(np.full(100, 0.25))
    rejected = replace(steps, reject_reason=np.full(100, 3, np.int8))
    for runs in ({}, {"a": steps_of(np.full(5, 0.25))}, {"a": rejected}):
        reference = choose_reference(runs, SETTINGS)
        assert reference.source == "none"
        assert np.isnan(reference.peak_force_bw).all()


def test_steps_without_a_speed_are_never_near_the_easy_speed(steps_of):
    runs = {"a": steps_of(np.full(100, 0.25), speed_mps=np.nan)}
    assert choose_reference(runs, SETTINGS, easy_speed_mps=3.0).source == "all_steps"


def test_flag_of_an_unknown_recording_is_explained(steps_of):
    with pytest.raises(ValueError, match="flagged: got b, expected recordings among a"):
        choose_reference({"a": steps_of(np.full(80, 0.25))}, SETTINGS, flagged=["b"])


def test_shared_error_cancels_more_against_the_own_recording(steps_of):
    reference = choose_reference({"a": steps_of(np.full(80, 0.25))}, SETTINGS)
    shared = reference.shared_fraction[None, :]
    own = reference.relative_shared_fraction(shared, "a", SETTINGS)
    other = reference.relative_shared_fraction(shared, "b", SETTINGS)
    assert (own < other).all()
    np.testing.assert_allclose(own, shared * np.sqrt(2 * (1 - 0.8)))
    np.testing.assert_allclose(other, shared * np.sqrt(2 * (1 - 0.6)))


def test_settings_explain_all_problems_at_once():
    with pytest.raises(ValueError, match=r"reference_minutes.*fatigue_exponents.*min_coverage"):
        ExposureSettings(
            reference_minutes=0.0, fatigue_exponents=(7.0, 1.0, 7.0), min_coverage_frac=2.0
        )
    with pytest.raises(ValueError, match="min_reference_steps"):
        ExposureSettings(min_reference_steps=0)
