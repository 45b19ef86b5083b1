"""The page on the model, from tiny scores: its numbers are the scores', weak places are named."""

import html
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.model_check import FILE, PART
from pipelines.notebooks import render
from pipelines.params import load_params
from pipelines.paths import SYNTHETIC_DATASET, Places
from pipelines.prediction_runs import without_unknown
from pipelines.store import write_metrics
from tolerance.evaluate.forecast_rows import OUTCOMES, forecast_rows
from tolerance.evaluate.model_check_content import build_model_check
from tolerance.evaluate.prediction_check import compare_forecasts, shuffled_control
from tolerance.evaluate.predictive_checks import predictive_check
from tolerance.evaluate.world_check import TASKS, shuffled_loads, simulated_histories
from tolerance.model.population import prior_draws

ROOT = Path(__file__).resolve().parents[2]
PARAMS = load_params(ROOT / "params.yaml")


@pytest.fixture(scope="module")
def scores():
    """Score a stand-in for the model: the running load's logit, with nothing learned."""
    rng = np.random.default_rng(3)
    settings = PARAMS.simulate_cohort.model_copy(update={"n_weeks": 8})
    histories = simulated_histories(settings, PARAMS.tissue_exponents, rng, "model", 8)
    rows = forecast_rows(histories, [14, 28])
    guess = 1 / (1 + np.exp(-(rows["log_load"].to_numpy() - 1.0)))
    model = pd.DataFrame(
        {name: guess * (0.002 if name == "injury" else 0.6) for name in OUTCOMES}, index=rows.index
    )
    world = {
        task: {o: compare_forecasts(rows, rows, model, o, rng, answers=False) for o in OUTCOMES}
        for task in TASKS
    }
    control = shuffled_control(rows, rows, model, "pain_above", rng, names=("base_rate",))
    world["controls"] = {"shuffled_outcomes": control, "shuffled_loads": control["model"]}
    population = prior_draws(PARAMS.tolerance_priors, rng, 20)
    world["predictive"] = predictive_check(histories, population, rng, 6)
    return {
        "is_simulated": True,
        "population": "prior",
        "worlds": without_unknown({"model": world}),
    }


def test_the_page_says_that_it_is_simulated_and_where_events_are_few(scores):
    page = build_model_check(scores)
    assert "simulated" in page.simulated_words[0]
    assert any("events; the scores say little" in sentence for sentence in page.warnings)


def test_a_suspected_leak_is_named_first_of_all_places(scores):
    leaking = json.loads(json.dumps(scores))
    leaking["worlds"]["model"]["next_week"]["pain_above"]["is_leak_suspected"] = True
    assert any("suspect a leak" in sentence for sentence in build_model_check(leaking).warnings)


def test_rankings_are_in_order_and_name_everybody(scores):
    for _, rows in build_model_check(scores).ranking_tables:
        values = [float(row[1].split()[0]) for row in rows]
        assert values == sorted(values)
        assert len(rows) == 11


def test_shuffled_loads_keep_days_and_the_set_of_loads():
    rng = np.random.default_rng(1)
    settings = PARAMS.simulate_cohort.model_copy(update={"n_weeks": 4})
    history = simulated_histories(settings, PARAMS.tissue_exponents, rng, "model", 1)[0]
    dealt = shuffled_loads(history, rng)
    ran = history.exposed
    np.testing.assert_array_equal(dealt.damage_rr[~ran], history.damage_rr[~ran])
    np.testing.assert_array_equal(
        np.sort(dealt.damage_rr[ran], axis=0), np.sort(history.damage_rr[ran], axis=0)
    )
    assert not np.array_equal(dealt.damage_rr[ran], history.damage_rr[ran], equal_nan=True)


@pytest.mark.slow
def test_the_rendered_page_shows_the_scores(scores, tmp_path):
    places = Places(tmp_path)
    folder = places.processed(SYNTHETIC_DATASET, PART)
    folder.mkdir(parents=True)
    write_metrics(folder / FILE, scores)
    page = tmp_path / "model_check.html"
    notebook = Places(ROOT).notebook("model_check")
    render(notebook, {"root": str(tmp_path)}, page, "Check of the tolerance model")
    text = html.unescape(page.read_text(encoding="utf-8"))
    scored = scores["worlds"]["model"]["next_week"]["pain_above"]["forecasters"]["model"]
    assert f"{scored['log_score']['value']:.3f}" in text
    assert "Everything on this page is simulated" in text
    assert text.count("<img") >= 8
