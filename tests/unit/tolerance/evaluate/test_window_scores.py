"""Scores of the hazard from windows of training, on simulated athletes."""

import numpy as np
import pandas as pd
import pytest

from tolerance.evaluate.window_scores import score_windows

FEATURES = ("km_7d", "idle")


def made_events(slope, n_athletes=40, n_rows=150, seed=1):
    rng = np.random.default_rng(seed)
    km = rng.normal(50.0, 20.0, (n_athletes, n_rows))
    frailty = rng.normal(0.0, 0.4, (n_athletes, 1))
    log_hazard = -3.5 + slope * (km - 50.0) / 20.0 + frailty
    return pd.DataFrame(
        {
            "athlete_id": np.repeat(np.arange(n_athletes), n_rows),
            "day": np.tile(np.arange(n_rows), n_athletes),
            "is_injury": (rng.random(km.shape) < -np.expm1(-np.exp(log_hazard))).ravel(),
            "km_7d": km.ravel(),
            "idle": rng.normal(size=km.size),
        }
    )


def test_a_true_dependence_is_found_on_athletes_and_days_left_out():
    found = score_windows(made_events(0.8), FEATURES, np.random.default_rng(3))
    for question in ("new_athletes", "later_days"):
        scores = found[question]
        assert scores["auc"] > 0.62
        assert scores["is_suspicious"] == 0
        gain = scores["hazard_less_base_rate"]
        assert gain["gain"] > 2 * gain["standard_error"]
        assert 0.7 < scores["hazard"]["calibration_slope"]["value"] < 1.3
    assert abs(found["slopes"]["km_7d"]["log_hazard_per_sd"] - 0.8) < 0.2
    assert found["data"]["n_athletes"] == 40


def test_without_a_dependence_nothing_is_gained():
    found = score_windows(made_events(0.0), FEATURES, np.random.default_rng(3))
    for question in ("new_athletes", "later_days"):
        gain = found[question]["hazard_less_base_rate"]
        assert gain["gain"] < 2 * gain["standard_error"]


def test_no_athlete_s_row_is_predicted_with_others_of_theirs():
    """An effect of the athlete alone, told by a feature, is of no use on athletes left out."""
    events = made_events(0.0)
    own = np.random.default_rng(5).normal(size=40)
    events["idle"] = own[events["athlete_id"]]
    events["is_injury"] = np.random.default_rng(6).random(len(events)) < np.where(
        events["athlete_id"] % 2 == 0, 0.002, 0.06
    )
    scores = score_windows(events, FEATURES, np.random.default_rng(3))["new_athletes"]
    assert scores["auc"] < 0.6


def test_a_feature_that_knows_the_outcome_is_called_suspicious():
    events = made_events(0.0)
    events["idle"] = events["is_injury"] + 0.01 * events["idle"]
    assert score_windows(events, FEATURES, np.random.default_rng(3))["new_athletes"][
        "is_suspicious"
    ]


def test_too_few_injured_athletes_are_refused():
    events = made_events(0.8, n_athletes=3)
    with pytest.raises(ValueError, match="takes 5 injured ones or more"):
        score_windows(events, FEATURES, np.random.default_rng(3))
