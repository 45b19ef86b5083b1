"""What the validation page says: from the metrics alone, few runners and simulation named."""

import numpy as np
import pandas as pd
import pytest

from tolerance.evaluate.load_validation import summarise_dataset
from tolerance.evaluate.published_accuracy import PUBLISHED
from tolerance.evaluate.validation_content import (
    METRIC_WORDS,
    SUMMARY_COLUMNS,
    build_validation,
    summary_rows,
)
from tolerance.schemas import conform, empty_table


def scores_of(n_runners, evaluation="new_runner"):
    rng = np.random.default_rng(3)
    runner = np.repeat([f"r{i}" for i in range(n_runners)], 30)
    parts = []
    for quantity, size in (("contact_time", 0.01), ("peak_force", 0.1), ("initial_contact", 0.005)):
        parts.append(
            pd.DataFrame(
                {
                    "evaluation": evaluation,
                    "quantity": quantity,
                    "recording_id": runner,
                    "runner_id": runner,
                    "sensor_site": "sacrum",
                    "condition": np.tile(np.repeat(["a", "b", "c"], 10), n_runners),
                    "grade_deg": 0.0,
                    "item_id": np.tile(np.arange(30), n_runners),
                    "reference_value": rng.normal(1.0, 0.1, runner.size),
                    "error": rng.normal(size, size, runner.size),
                    "error_sd": size,
                    "baseline_error": rng.normal(0, 0.1, runner.size),
                }
            )
        )
    return conform("scores", pd.concat(parts))


def metrics_of(scores):
    recordings = pd.DataFrame(
        {
            "recording_id": scores["recording_id"].unique(),
            "runner_id": "r",
            "session_id": "s",
            "sampling_rate_hz": 100.0,
        }
    )
    rng = np.random.default_rng(1)
    return summarise_dataset(scores, empty_table("detections"), recordings, rng)


@pytest.fixture(scope="module")
def one():
    return pd.concat([scores_of(1), scores_of(1, "personal")])


@pytest.fixture(scope="module")
def page(one):
    many = scores_of(6)
    metrics = {"recurrent_grf": metrics_of(one), "rbds_fukuchi2017": metrics_of(many)}
    left_out = [("elsewhere", "whole data set", "licence not accepted")]
    return build_validation(metrics, {"recurrent_grf": one, "rbds_fukuchi2017": many}, left_out)


def test_every_table_is_as_wide_as_its_head(page):
    for name in ("summary", "data", "detection", "percentile", "published", "agreement",
                 "coverage", "left_out"):  # fmt: skip
        columns = getattr(page, f"{name}_columns")
        for row in getattr(page, f"{name}_rows"):
            assert len(row) == len(columns), name
            assert all(isinstance(cell, str) and cell for cell in row), name
    for _, rows in page.error_tables:
        assert all(len(row) == len(page.error_columns) for row in rows)
    assert [caption for caption, _ in page.error_tables] == [
        "rbds_fukuchi2017, virtual sacrum, 6 runners",
        "recurrent_grf, sacrum, one runner",
    ]


def test_one_runner_is_said_to_be_one_runner(page):
    few = page.warnings[0]
    assert "recurrent_grf: one runner" in few
    assert "rbds" not in few
    assert "virtual" in page.warnings[1]
    assert "Between-day repeatability: not established" in page.warnings[2]


def test_new_runner_and_personal_stay_apart(page):
    labels = [(row[0], row[2]) for row in page.summary_rows]
    assert labels == [
        ("rbds_fukuchi2017, virtual sacrum", "new runner"),
        ("recurrent_grf, sacrum", "new runner"),
        ("recurrent_grf, sacrum", "personal"),
    ]


def test_figures_say_what_they_show(page):
    titles = [comparison.title for comparison in page.comparisons]
    assert titles == ["Initial contact: spread (SD)", "Contact time: RMSE", "Peak force: RMSE"]
    contact = page.comparisons[1]
    assert contact.rows["is_ours"].tolist() == [True, True, True, False]
    assert "Patoz 2022, sacrum (n = 100) 20 ms" in contact.words
    for plot in page.agreement_plots:
        assert f"{plot.limits[0]:+.3g} {plot.unit}" in plot.words
        bias, low, high = plot.limits
        assert low < bias < high


def test_limits_are_those_of_the_metrics(page, one):
    plot = next(p for p in page.agreement_plots if "personal" in p.title and "time" in p.title)
    found = metrics_of(one)["personal"]["details"]["agreement"]["contact_time_s"]
    assert plot.limits == pytest.approx(
        (1000 * found["bias"], 1000 * found["limit_low"], 1000 * found["limit_high"])
    )
    assert len(plot.error) == 30


def test_simulation_is_labelled_and_not_held_against_people(one):
    metrics = {"synthetic": metrics_of(one) | {"is_simulated": True}}
    page = build_validation(metrics, {"synthetic": one}, [])
    assert page.is_simulated
    assert page.comparisons == []
    assert all("simulated" in row[0] for row in page.summary_rows)


def test_a_repeated_mean_cycle_is_listed_and_neither_compared_nor_drawn(one):
    page = build_validation({"biomac_imu_cycle": metrics_of(one)}, {"biomac_imu_cycle": one}, [])
    assert page.summary_rows[0][0] == "biomac_imu_cycle, mean cycle, sacrum"
    assert page.comparisons == page.agreement_plots == page.agreement_rows == []
    assert any("one mean cycle, repeated" in warning for warning in page.warnings)


def test_an_empty_profile_is_a_page_too():
    page = build_validation({}, {}, [("a", "whole data set", "not reachable")])
    assert page.summary == ["No data set of this profile has a reference to compare with."]
    assert not page.is_simulated
    assert page.left_out_rows == [["a", "whole data set", "not reachable"]]


def test_small_negative_numbers_are_not_minus_zero():
    metrics = {
        "recurrent_grf": {
            "new_runner": {
                "n_runners": 1,
                "n_steps": 9,
                "peak_force_rmse_bw": -0.0001,
                "details": {"filters": {"sacrum": "none"}},
            }
        }
    }
    row = summary_rows(metrics)[0]
    assert len(row) == len(SUMMARY_COLUMNS)
    assert row[6] == "0.00"
    assert row[5] == "–"


def test_published_values_name_their_source():
    for published in PUBLISHED:
        assert published.metric in METRIC_WORDS
        assert published.doi.startswith("10.")
        assert published.n_runners > 10
