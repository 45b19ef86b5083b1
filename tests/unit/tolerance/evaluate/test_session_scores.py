"""Trial load and damage, two sites, and the tendon against measured truth that is known here."""

import numpy as np
import pandas as pd
import pytest

from loadcore.force import peak_vertical_force
from tolerance.evaluate.activity_scores import score_running_seconds
from tolerance.evaluate.session_scores import pair_forces, score_sessions
from tolerance.evaluate.site_scores import score_between_sites
from tolerance.evaluate.tissue_scores import score_achilles
from tolerance.exposure.settings import ExposureSettings

SETTINGS = ExposureSettings()
N_STEPS = 60
NOTHING = pd.DataFrame(columns=["start_s", "stop_s", "speed_mps", "grade_deg"])


def _recording(name, site="sacrum"):
    return pd.Series(
        {"recording_id": name, "runner_id": "r", "sensor_site": site, "session_id": "s"}
    )


def _trial(contact_s, late_s=0.0, scale=1.0):
    """Return contacts found and true; the force is the rule's, times a scale, of true times."""
    begin = np.arange(contact_s.size) * 0.36
    step_s = np.full(contact_s.size, 0.36)
    sd_s = np.full(contact_s.size, 0.01)
    true = peak_vertical_force(contact_s, step_s - contact_s, 0.0, 0.0, SETTINGS.force)
    seen_s = contact_s + late_s
    seen = peak_vertical_force(seen_s, step_s - seen_s, sd_s, sd_s, SETTINGS.force)
    found = pd.DataFrame(
        {
            "initial_contact_s": begin,
            "initial_contact_sd_s": sd_s,
            "contact_time_s": seen_s,
            "contact_time_sd_s": sd_s,
            "flight_time_s": step_s - seen_s,
            "peak_vgrf_bw": seen.peak_vgrf_bw * scale,
        }
    )
    reference = pd.DataFrame(
        {
            "initial_contact_s": begin,
            "terminal_contact_s": begin + contact_s,
            "peak_vgrf_bw": true.peak_vgrf_bw,
            "is_complete": True,
        }
    )
    return found, reference


def _scores(trials):
    paired = [
        pair_forces(_recording(f"rec{i}"), *trial, NOTHING, 0.1, SETTINGS)
        for i, trial in enumerate(trials)
    ]
    parts = list(score_sessions("new_runner", paired, SETTINGS))
    return pd.concat([part.scores for part in parts], ignore_index=True)


def test_an_error_that_all_trials_share_cancels():
    rng = np.random.default_rng(1)
    trials = [_trial(rng.normal(0.25, 1e-6, N_STEPS), scale=1.2) for _ in range(3)]
    scores = _scores(trials)
    assert len(scores) == 6
    np.testing.assert_allclose(
        scores["error"], 0.0, atol=6e-3
    )  # of the noise stated, none is there
    assert (scores["error_sd"] > 0.02).all()


def test_damage_errs_by_the_power_of_what_the_force_errs():
    steady = np.full(N_STEPS, 0.25)
    late_s = 0.01
    scores = _scores([_trial(steady), _trial(steady), _trial(steady, late_s)])
    of_late = scores[scores["recording_id"] == "rec2"].set_index("quantity")["error"]
    shortfall = np.log(0.25 / (0.25 + late_s))
    assert of_late["session_load"] == pytest.approx(shortfall, rel=0.02)
    assert of_late["session_damage"] == pytest.approx(9 * shortfall, rel=0.02)


def test_a_runner_with_one_trial_and_a_trial_of_few_steps_are_not_scored():
    steady = np.full(N_STEPS, 0.25)
    one = pair_forces(_recording("a"), *_trial(steady), NOTHING, 0.1, SETTINGS)
    assert not list(score_sessions("new_runner", [one], SETTINGS))
    assert pair_forces(_recording("a"), *_trial(steady[:5]), NOTHING, 0.1, SETTINGS) is None


def _steps(rate_spm, seconds, uneven_s=0.0, feet=1):
    time_s = 60.0 / rate_spm
    begin = np.arange(0.0, seconds, time_s * feet)
    sway = uneven_s * (-1.0) ** np.arange(begin.size)
    return pd.DataFrame(
        {"initial_contact_s": begin, "step_time_s": time_s + sway, "is_valid": True}
    )


def _bouts(start, stop):
    return pd.DataFrame({"start_s": [0.0, start], "stop_s": [start, stop],
                         "activity": ["still", "running"]})  # fmt: skip


def test_two_sites_agree_where_both_see_the_same_rate_however_uneven_the_steps():
    recordings = pd.DataFrame([_recording("hip", "hip"), _recording("foot", "foot")])
    steps = {"hip": _steps(165, 60, uneven_s=0.03), "foot": _steps(164, 60, feet=2)}
    bouts = {"hip": _bouts(10.0, 60.0), "foot": _bouts(12.0, 60.0)}
    parts = list(score_between_sites("new_runner", recordings, bouts, steps, {}))
    scores = pd.concat([part.scores for part in parts])
    counts = pd.concat([part.detections for part in parts]).set_index("recording_id")
    assert counts.loc["hip", ["n_reference", "n_found", "n_paired"]].tolist() == [50, 48, 48]
    assert counts.loc["foot", ["n_reference", "n_found", "n_paired"]].tolist() == [48, 50, 48]
    of_hip = scores[scores["recording_id"] == "hip"]
    assert len(of_hip) == 48
    np.testing.assert_allclose(of_hip["error"], 1.0, atol=0.05)


def test_sensors_of_one_site_are_not_compared_with_each_other():
    recordings = pd.DataFrame([_recording("l", "foot"), _recording("r", "foot")])
    bouts = {"l": _bouts(1.0, 9.0), "r": _bouts(1.0, 9.0)}
    assert not list(score_between_sites("new_runner", recordings, bouts, {}, {}))


def test_tendon_force_is_held_against_the_greatest_moment_over_the_lever():
    begin = np.array([1.0, 2.0])
    contacts = pd.DataFrame(
        {"initial_contact_s": begin, "terminal_contact_s": begin + 0.25, "is_complete": True}
    )
    time_s = np.arange(0.0, 3.0, 0.005)
    moment = -3.0 * np.clip(np.sin(np.pi * np.mod(time_s, 1.0) / 0.25), 0.0, None)
    moment[np.mod(time_s, 1.0) > 0.25] = 0.0
    joints = pd.DataFrame({"joint": "ankle_angle_r", "time_s": time_s, "moment_nmpkg": moment})
    steps = pd.DataFrame({"step_id": [0, 1], "initial_contact_s": begin, "is_valid": True})
    measured_bw = 3.0 / (9.80665 * 0.05)
    loads = pd.DataFrame(
        {
            "step_id": [0, 1],
            "tissue": "achilles",
            "peak_force_bw": [measured_bw, 1.1 * measured_bw],
            "peak_force_sd_bw": 0.1 * measured_bw,
        }
    )
    scored = score_achilles(
        "new_runner", _recording("a"), steps, loads, contacts, joints, NOTHING, 0.1, 0.05
    ).scores
    np.testing.assert_allclose(scored["error"], [0.0, 0.1], atol=1e-3)
    np.testing.assert_allclose(scored["error_sd"], 0.1, atol=1e-3)


def test_a_stated_run_is_scored_at_both_ends_where_something_else_surrounds_it():
    recording = _recording("a", "shank")
    conditions = pd.DataFrame(
        {
            "start_s": [0.0, 20.0, 50.0],
            "stop_s": [20.0, 50.0, 60.0],
            "activity": ["other", "running", "other"],
            "speed_mps": np.nan,
            "grade_deg": np.nan,
        }
    )
    bouts = pd.DataFrame(
        {"start_s": [5.0, 21.5, 40.0], "stop_s": [8.0, 39.0, 49.0], "activity": "running"}
    )
    nothing = pd.DataFrame({"start_s": [], "stop_s": [], "activity": []})
    scored = score_running_seconds("new_runner", recording, bouts, conditions, nothing, nothing)
    error = scored.scores.set_index("quantity")["error"]
    assert error.to_dict() == {"running_begin": 1.5, "running_end": -1.0}
    alone = score_running_seconds(
        "new_runner", recording, bouts, conditions.iloc[1:2], nothing, nothing
    )
    assert alone.scores.empty
