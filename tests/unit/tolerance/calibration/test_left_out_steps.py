"""Steps and scores of left-out contacts, against numbers counted by hand."""

import numpy as np
import pandas as pd
import pytest

from loadcore.constants import SIDE_LEFT
from loadcore.force import ForceSettings
from loadcore.steps import StepLimits
from tolerance.calibration.left_out_steps import left_out_scores, left_out_steps
from tolerance.schemas import validate


def _predicted(runner: str, error_s: float = 0.0) -> pd.DataFrame:
    """Five strides of 0.7 s with 0.25 s of contact; the last contact is a false one."""
    start_s = 1.0 + 0.7 * np.arange(5)
    true = np.where(np.arange(5) < 4, 1.0, np.nan)
    return pd.DataFrame(
        {
            "runner_id": runner,
            "trial_id": f"{runner}_left",
            "side": int(SIDE_LEFT),
            "sensor": "gyroscope",
            "initial_contact_s": start_s + error_s,
            "terminal_contact_s": start_s + 0.25 - error_s,
            "initial_contact_sd_s": 0.01,
            "terminal_contact_sd_s": 0.01,
            "confidence": 1.0,
            "true_initial_contact_s": start_s * true,
            "true_terminal_contact_s": (start_s + 0.25) * true,
        }
    )


def test_a_step_is_half_a_stride_and_the_last_one_has_none() -> None:
    predicted = pd.concat([_predicted("b"), _predicted("a")], ignore_index=True)
    steps = left_out_steps(predicted, StepLimits(), ForceSettings(shape_factor=1.7))
    validate("steps", steps)
    first = steps[steps["recording_id"] == "a_left"]
    assert first["is_valid"].tolist() == [True] * 4 + [False]
    assert first["reject_reason"].iloc[-1] == "no following contact"
    np.testing.assert_allclose(first["flight_time_s"][:4], 0.35 - 0.25)
    np.testing.assert_allclose(first["peak_vgrf_bw"][:4], 1.7 * 0.35 / 0.25)
    assert first["peak_vgrf_bw"].iloc[-1:].isna().all()
    assert first["speed_mps"].isna().all()


def test_scores_count_what_is_missed_and_what_is_invented() -> None:
    predicted = pd.concat(
        [_predicted(name, error) for name, error in (("a", 0.0), ("b", 0.01), ("c", 0.02))],
        ignore_index=True,
    )
    scores = left_out_scores(predicted, 16, np.random.default_rng(1))
    assert (scores["n_found"], scores["n_paired"], scores["n_runners"]) == (15, 12, 3)
    assert scores["recall"] == 0.75
    assert scores["precision"] == 0.8
    initial = scores["initial_contact"]
    assert initial["bias_ms"]["value"] == pytest.approx(10.0)
    assert initial["bias_ms"]["low"] < 10.0 < initial["bias_ms"]["high"]
    assert initial["coverage_90"]["value"] == pytest.approx(2 / 3, abs=1e-3)
    # contact time is short by twice each event's error: 0, 20 and 40 ms
    rmse_ms = scores["contact_time"]["rmse_ms"]["value"]
    assert rmse_ms == pytest.approx(np.sqrt((20**2 + 40**2) / 3), rel=1e-3)


def test_two_runners_have_no_interval() -> None:
    predicted = pd.concat([_predicted("a"), _predicted("b")], ignore_index=True)
    scores = left_out_scores(predicted, 10, np.random.default_rng(1))
    assert scores["initial_contact"]["bias_ms"]["low"] is None
