"""Stage and page of the soreness diary, on a small simulated one."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.notebooks import render
from pipelines.params import load_params
from pipelines.paths import Places, project_root
from pipelines.score_diary import score_new
from pipelines.stages.fit_pmdata import Fitted, run
from pipelines.store import write_metrics
from tolerance.evaluate.soreness_content import build_soreness
from tolerance.evaluate.soreness_evaluation import Diary, read_diary
from tolerance.schemas import conform, validate

PARAMS = load_params(project_root() / "params.yaml")
SMALL = PARAMS.fit_pmdata.model_copy(
    update={"n_draws": 60, "n_resamples": 30, "n_shuffles": 1, "n_shifts": 1}
)


def simulated(people: list[str], n_days: int, seed: int) -> Diary:
    """Simulate people who are sore after a hard day, more or less so."""
    rng = np.random.default_rng(seed)
    forms, sessions = [], []
    for person in people:
        before = 0.0
        for day in range(n_days):
            noon = pd.Timestamp("2019-11-01T19:00Z") + pd.Timedelta(days=day)
            sore = 1 / (1 + np.exp(1.5 - 1.2 * before))
            chances = [0.3 * sore, 0.7 * sore, 0.5 - sore / 2, 0.5 - sore / 2]
            answer = float(rng.choice([1, 2, 3, 4], p=chances))
            forms.append((person, noon, answer))
            before = float(rng.choice([0.0, 0.0, 1.0, 3.0]))
            if before:
                sessions.append((person, f"{day:04d}", noon, "running", 5.0, 30.0 * before))
    reports = pd.DataFrame(forms, columns=["runner_id", "reported_at_utc", "soreness_0_5"])
    columns = ["runner_id", "session_id", "ended_at_utc", "activities", "rpe", "duration_min"]
    logged = pd.DataFrame(sessions, columns=columns)
    return read_diary(reports, logged)


@pytest.fixture(scope="module")
def diary() -> Diary:
    return simulated([f"p{number:02d}" for number in range(5)], 45, seed=1)


@pytest.fixture(scope="module")
def fitted(diary: Diary) -> Fitted:
    return run(diary, SMALL, np.random.default_rng(0), seed=1)


@pytest.mark.slow
def test_every_split_is_scored_and_every_row_predicted_once(fitted: Fitted, diary: Diary) -> None:
    validate("soreness_predictions", conform("soreness_predictions", fitted.predictions))
    for name in ("lopo_seq", "lopo_pop", "state_only_lopo_seq"):
        assert fitted.metrics[name]["n_rows"] == len(diary.rows)
    assert 0.2 < fitted.metrics["time"]["n_rows"] / len(diary.rows) < 0.4
    for name in ("log_score", "brier", "auc_within"):
        for split in ("lopo_seq", "lopo_pop", "time"):
            one = fitted.metrics[split]
            assert one[f"{name}_low"] <= one[name] <= one[f"{name}_high"]
        assert np.isfinite(fitted.metrics["shuffled"][name])
    assert fitted.metrics["lopo_seq"]["log_score"] < fitted.metrics["shuffled"]["log_score"]
    json.dumps(fitted.metrics, allow_nan=False)


@pytest.mark.slow
def test_the_page_shows_the_metrics_and_stands_alone(fitted: Fitted, tmp_path: Path) -> None:
    places = Places(tmp_path)
    write_metrics(places.metrics("tolerance_pmdata"), fitted.metrics)
    page = tmp_path / "page.html"
    notebook = Places(project_root()).notebook("tolerance_pmdata")
    render(notebook, {"root": str(tmp_path)}, page, "Soreness")
    html = page.read_text(encoding="utf-8")
    seq = fitted.metrics["lopo_seq"]
    assert f"{seq['log_score']:.3f}" in html
    assert f"{fitted.metrics['time']['auc_within']:.3f}" in html
    assert html.count("<img") == 2
    assert "http" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", html).replace("http-equiv", "")
    content = build_soreness(fitted.metrics)
    met = sum(row[-1] == "met" for row in content.target_rows)
    assert f"{met} of {len(content.target_rows)} targets" in html


@pytest.mark.slow
def test_people_nobody_has_seen_are_scored_by_the_same_code(diary: Diary) -> None:
    new = simulated(["p05", "p07"], 30, seed=9)
    params = PARAMS.model_copy(update={"fit_pmdata": SMALL})
    found = score_new(diary, new, params)
    assert found["data"] == {"n_people": 2, "n_rows": len(new.rows)}
    assert found["seq"]["log_score"] < found["comparators"]["base_rate"]["log_score"] + 0.05
    with pytest.raises(ValueError, match="people in both diaries: p00"):
        score_new(diary, diary, params)


def test_without_the_diary_the_page_says_what_to_do() -> None:
    content = build_soreness({"skipped": ["pmdata"]})
    assert "TOLERANCE_ACCEPT_LICENCES=pmdata" in content.skipped
    assert not content.score_tables


def test_a_diary_without_two_days_in_a_row_is_one_clear_message() -> None:
    with pytest.raises(ValueError, match="1 forms of 1 people give no row"):
        simulated(["p01"], 1, seed=0)
