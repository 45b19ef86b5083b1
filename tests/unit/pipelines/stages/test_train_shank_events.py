"""Training on treadmill trials: what is trained on, and that the committed result comes back."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from pipelines.calibration import load_calibration
from pipelines.datasets import fukuchi_2017_derived
from pipelines.datasets.treadmill_shank import FORCE_RATE_HZ, MARKER_RATE_HZ, Trial
from pipelines.params import load_params
from pipelines.stages.train_shank_events import run, shank_trials
from tolerance.config import stage_generator

ROOT = Path(__file__).resolve().parents[4]

STRIDE_S, CONTACT_S = 0.7, 0.25


def _trial(lost: slice = slice(0, 0)) -> Trial:
    """Two shanks that swing in turn, each in contact for 0.25 s of 0.7 s."""
    marker_s = np.arange(int(6 * MARKER_RATE_HZ)) / MARKER_RATE_HZ
    force_s = np.arange(int(6 * FORCE_RATE_HZ)) / FORCE_RATE_HZ
    phase = ((force_s - 0.05) % (STRIDE_S / 2)) / CONTACT_S
    vertical = np.where(phase < 1, 2.2 * 70 * 9.80665 * np.sin(np.pi * np.minimum(phase, 1)), 0)
    markers = {}
    for side, turn in (("left", 0.0), ("right", np.pi)):
        swing = np.cos(2 * np.pi * (marker_s - 0.05 - CONTACT_S / 2) / STRIDE_S - turn)
        tilt, height = 0.5 * np.roll(swing, 20), 0.4 - 0.1 * swing
        along = 0.12 * np.column_stack((-np.sin(tilt), np.cos(tilt), 0.0 * tilt))
        middle = np.column_stack((0.0 * tilt, height, 0.0 * tilt))
        out = np.array([0.0, 0.0, 0.04])
        corners = [middle + a * along + b * out for a in (1, -1) for b in (1, -1)]
        markers[side] = np.stack(corners, axis=1)
    markers["left"][lost, 0] += 0.3  # one marker taken for another
    none = np.zeros(force_s.size)
    return Trial("007", 3.5, 70.0, 1.8, np.column_stack((none, none, -vertical)), markers)


def test_each_leg_gets_its_own_contacts() -> None:
    left, right = shank_trials("rbds_007_T35", _trial())
    assert (left.trial_id, right.trial_id) == ("rbds_007_T35_left", "rbds_007_T35_right")
    assert left.runner_id == right.runner_id == "rbds_007"
    np.testing.assert_allclose(np.diff(left.initial_contact_s), STRIDE_S, atol=2e-3)
    offset = right.initial_contact_s[0] - left.initial_contact_s[0]
    assert abs(offset) == pytest.approx(STRIDE_S / 2, abs=2e-3)


def test_a_swapped_marker_is_not_taken_for_motion() -> None:
    left, right = shank_trials("rbds_007_T35", _trial(lost=slice(300, 306)))
    assert np.isnan(left.gyr_radps[300:306, 2]).all()
    assert np.isfinite(left.gyr_radps[1:298, 2]).all()
    assert np.isfinite(right.gyr_radps[1:-1, 2]).all()


@pytest.mark.mirror
@pytest.mark.slow
def test_committed_coefficients_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trained again from the arrays, which hold the C3D files' runners too, rounded to 0.1 mm."""
    if "TOLERANCE_DATA_MIRROR" not in os.environ:
        pytest.skip("TOLERANCE_DATA_MIRROR is not set")
    folder = Path(os.environ["TOLERANCE_DATA_MIRROR"]) / "rbds_fukuchi2017"
    monkeypatch.setattr(fukuchi_2017_derived, "SEEN_AS_C3D", frozenset())
    read = sorted(fukuchi_2017_derived.read_trials(folder), key=lambda item: item[0])
    trials = [leg for name, trial in read for leg in shank_trials(name, trial)]
    params = load_params(ROOT / "params.yaml")
    rng = stage_generator(params.seed, "train_shank_events")
    trained = run(trials, params.analyse_recordings, rng)

    committed = load_calibration(ROOT).contacts.shank
    for chain in ("gyr_initial", "gyr_terminal", "acc_initial", "acc_terminal"):
        for again, model in zip(
            trained.coefficients[chain], getattr(committed, chain), strict=True
        ):
            assert again["intercept_s"] == pytest.approx(model.intercept_s, abs=2e-4)
            assert again["sd_s"] == pytest.approx(model.sd_s, rel=0.03)
    path = ROOT / "models" / "shank_events" / "coefficients.json"
    kept = json.loads(path.read_text(encoding="utf-8"))["provenance"]["left_out_scores"]
    for sensor, scores in trained.scores.items():
        for event, limit_bias, limit_sd in (("initial", 5.0, 10.0), ("terminal", 6.0, 15.0)):
            now, then = scores[f"{event}_contact"], kept[sensor][f"{event}_contact"]
            assert now["sd_ms"]["value"] == pytest.approx(then["sd_ms"]["value"], rel=0.03)
            assert abs(then["bias_ms"]["value"]) <= limit_bias
            assert then["sd_ms"]["value"] <= limit_sd
            assert then["coverage_90"]["value"] >= 0.86
