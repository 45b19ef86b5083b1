"""What ``make checks`` keeps of the forecasts: by world, without curves, with a hash of inputs."""

from pathlib import Path

import pytest

from pipelines.checks_predictions import HASH, METRICS, input_hash, summarise
from pipelines.params import load_params
from pipelines.paths import Places
from pipelines.prediction_runs import without_unknown
from pipelines.store import read_json

ROOT = Path(__file__).resolve().parents[3]
PARAMS = load_params(ROOT / "params.yaml")


def entry(log_score):
    return {"log_score": {"value": log_score}, "calibration_slope": {"value": 1.0}, "auc": 0.6}


def result():
    scored = {
        "forecasters": {"model": entry(0.5), "base_rate": entry(0.6)},
        "curve": [{"expected": 0.1}],
    }
    task = {"pain_above": scored, "injury": scored}
    return {
        "new_runner": task,
        "next_week": task,
        "controls": {"shuffled_loads": {}},
        "predictive": {"pain_bone": {"inside_frac": 0.9}, "pain_tendon": {}},
    }


def test_the_summary_keeps_scores_and_winners_and_no_curves():
    summary = summarise({"population": "prior", "worlds": {"model": result()}})
    scored = summary["comparators"]["model"]["next_week"]["pain_above"]
    assert scored["model"] == {
        "log_score": {"value": 0.5},
        "calibration_slope": {"value": 1.0},
    }
    assert summary["lowest_log_score"]["model"]["next_week.pain_above"] == "model"
    assert summary["predictive_inside_frac"]["model"] == {"pain_bone": 0.9}
    assert summary["is_simulated"]


def test_what_could_not_be_computed_is_left_out():
    nan = float("nan")
    assert without_unknown({"a": nan, "b": {"c": 1.0, "d": nan}, "e": [1.0, nan]}) == {
        "b": {"c": 1.0},
        "e": [1.0, None],
    }


def test_another_prior_or_seed_makes_the_summary_stale():
    before = input_hash(ROOT, PARAMS)
    assert before == input_hash(ROOT, PARAMS)
    assert before != input_hash(ROOT, PARAMS.model_copy(update={"seed": PARAMS.seed + 1}))


def test_the_summary_in_git_is_of_this_code_and_these_settings():
    place = Places(ROOT).metrics(METRICS)
    if not place.is_file() or HASH not in (kept := read_json(place)):
        pytest.skip("no summary of forecasts is in git yet; `make checks` writes it")
    assert kept[HASH] == input_hash(ROOT, PARAMS), "run `make checks`"
