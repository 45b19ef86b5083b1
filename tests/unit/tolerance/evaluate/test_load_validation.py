"""Metrics from scores: known errors come out, intervals count clusters, a constant never peeks."""

import numpy as np
import pandas as pd
import pytest

from tolerance.evaluate.load_validation import covered, summarise, summarise_dataset
from tolerance.evaluate.score_tables import with_constant_baseline
from tolerance.schemas import conform, validate

RNG_SEED = 5


def score_rows(quantity="contact_time", n_runners=5, n_steps=30, error=0.0, **changed):
    n = n_runners * n_steps
    rng = np.random.default_rng(RNG_SEED)
    runner = np.repeat([f"r{i}" for i in range(n_runners)], n_steps)
    columns = {
        "evaluation": "new_runner",
        "quantity": quantity,
        "recording_id": runner,
        "runner_id": runner,
        "sensor_site": "sacrum",
        "condition": "3.00 m/s",
        "grade_deg": 0.0,
        "item_id": np.tile(np.arange(n_steps), n_runners),
        "reference_value": 0.25 + 0.02 * rng.standard_normal(n),
        "error": np.full(n, error),
        "error_sd": 0.01,
        "baseline_error": np.nan,
    }
    return conform("scores", pd.DataFrame(columns | changed))


def count_rows(event="contact", n_runners=5, reference=30, found=31, paired=29, **changed):
    runner = [f"r{i}" for i in range(n_runners)]
    columns = {
        "evaluation": "new_runner",
        "event": event,
        "recording_id": runner,
        "runner_id": runner,
        "sensor_site": "sacrum",
        "n_reference": reference,
        "n_found": found,
        "n_paired": paired,
    }
    return conform("detections", pd.DataFrame(columns | changed))


def summary(scores, detections):
    return summarise(scores, detections, np.random.default_rng(RNG_SEED))


def test_made_tables_keep_their_contract():
    validate("scores", score_rows())
    validate("detections", count_rows())


def test_a_constant_error_is_bias_and_rmse_and_no_spread():
    metrics = summary(score_rows(error=0.010), count_rows())
    assert metrics["contact_time_bias_s"] == pytest.approx(0.010)
    assert metrics["contact_time_rmse_s"] == pytest.approx(0.010)
    assert metrics["contact_time_sd_s"] == pytest.approx(0.0, abs=1e-12)
    assert metrics["coverage90"] == 1.0  # 10 ms is inside 1.645 x 10 ms
    assert metrics["details"]["coverage90_is_of"] == "contact_time"
    assert summary(score_rows(error=0.017), count_rows())["coverage90"] == 0.0


def test_counts_give_recall_precision_and_f1():
    detections = pd.concat(
        [count_rows(), count_rows("running_second", reference=60, found=50, paired=45)]
    )
    metrics = summary(score_rows(), detections)
    assert metrics["recall"] == pytest.approx(29 / 30)
    assert metrics["precision"] == pytest.approx(29 / 31)
    assert metrics["running_f1"] == pytest.approx(2 * 45 / 110)
    assert metrics["false_running_s"] == 5 * 5
    assert metrics["n_steps"] == 150
    assert metrics["n_runners"] == 5


def test_strides_give_recall_where_there_are_no_contacts():
    strides = count_rows("stride", reference=20, found=20, paired=18)
    assert summary(score_rows("stride_length"), strides)["recall"] == pytest.approx(0.9)
    both = summary(score_rows(), pd.concat([count_rows(), strides]))
    assert both["recall"] == pytest.approx(29 / 30)
    assert both["stride_recall"] == pytest.approx(0.9)


def test_one_foot_s_contacts_give_recall_alone():
    metrics = summary(score_rows(), count_rows("contact_of_one_foot", found=29))
    assert metrics["recall"] == pytest.approx(29 / 30)
    assert "precision" not in metrics


def test_intervals_are_over_runners_and_widen_with_what_they_share():
    rng = np.random.default_rng(1)
    alone = rng.normal(0, 0.01, 150)
    shared = np.repeat(rng.normal(0, 0.01, 5), 30)
    width = {}
    for name, error in (("alone", alone), ("shared", shared)):
        details = summary(score_rows(error=error), count_rows())["details"]
        interval = details["interval90"]["contact_time_bias_s"]
        width[name] = interval["high"] - interval["low"]
        assert interval["n_clusters"] == 5
        assert interval["n"] == 150
        assert details["interval_over"] == "runner"
    assert width["shared"] > 3 * width["alone"]


def test_one_runner_is_clustered_by_condition():
    condition = np.repeat([f"c{i}" for i in range(6)], 5)
    scores = score_rows(n_runners=1, condition=condition, error=np.linspace(0, 0.02, 30))
    details = summary(scores, count_rows(n_runners=1))["details"]
    assert details["interval_over"] == "condition"
    assert details["interval90"]["contact_time_bias_s"]["n_clusters"] == 6
    assert details["agreement"]["contact_time_s"]["n_clusters"] == 6


def test_no_interval_from_too_few_clusters_or_without_any_error():
    details = summary(score_rows(n_runners=1), count_rows(n_runners=1))["details"]
    assert "low" not in details["interval90"]["contact_time_bias_s"]
    perfect = summary(score_rows(), count_rows(found=30, paired=30))
    assert perfect["recall"] == 1.0
    assert "low" not in perfect["details"]["interval90"]["recall"]


def test_percentiles_are_those_of_the_errors():
    error = np.random.default_rng(2).standard_t(2, 150)
    found = summary(score_rows(error=error), count_rows())["details"]["percentiles"]
    assert found["contact_time_s"]["median"] == pytest.approx(np.median(error))
    assert found["contact_time_s"]["mad"] == pytest.approx(
        np.median(np.abs(error - np.median(error)))
    )
    assert found["contact_time_s"]["p97_5"] == pytest.approx(np.percentile(error, 97.5))


def test_the_worst_condition_is_named():
    condition = np.tile(np.repeat(["easy", "hard"], 15), 5)
    error = np.where(condition == "hard", 0.05, 0.0)
    metrics = summary(score_rows(condition=condition, error=error), count_rows())
    assert metrics["coverage90"] == pytest.approx(0.5)
    assert metrics["coverage90_worst_condition"] == 0.0


def test_force_on_the_level_stands_apart_where_there_are_slopes():
    grade = np.tile(np.repeat([0.0, -10.0], 15), 5)
    rows = score_rows("peak_force", grade_deg=grade, error=np.where(grade < 0, 0.3, 0.1))
    metrics = summary(rows, count_rows())
    assert metrics["peak_force_rmse_level_bw"] == pytest.approx(0.1)
    assert metrics["peak_force_rmse_bw"] == pytest.approx(np.sqrt(0.05))
    assert "peak_force_rmse_level_bw" not in summary(score_rows("peak_force"), count_rows())


def test_sites_and_evaluations_stay_apart():
    scores = pd.concat(
        [
            score_rows(error=0.01),
            score_rows(error=0.03, sensor_site="shank", recording_id="other"),
            score_rows(error=0.001, evaluation="personal"),
        ]
    )
    detections = count_rows()
    recordings = pd.DataFrame(
        {
            "recording_id": ["r0", "other"],
            "runner_id": "r",
            "session_id": "s",
            "sampling_rate_hz": [100.0, 200.0],
        }
    )
    rng = np.random.default_rng(RNG_SEED)
    metrics = summarise_dataset(scores, detections, recordings, rng)
    assert metrics["personal"]["contact_time_bias_s"] == pytest.approx(0.001)
    assert "by_site" not in metrics["personal"]
    by_site = metrics["new_runner"]["by_site"]
    assert by_site["sacrum"]["contact_time_bias_s"] == pytest.approx(0.01)
    assert by_site["shank"]["contact_time_bias_s"] == pytest.approx(0.03)
    assert metrics["new_runner"]["details"]["contact_threshold_bw"] == 0.05
    assert metrics["new_runner"]["details"]["sampling_rates_hz"] == [100.0, 200.0]


def test_spread_within_recordings_knows_neither_their_means_nor_slow_sensors():
    """Recordings are off by 0 to 40 ms each, their steps by 3 ms; the slow one's by 30 ms."""
    rng = np.random.default_rng(RNG_SEED)
    mean_s = np.repeat([0.0, 0.01, 0.02, 0.03, 0.04], 30)
    spread_s = np.repeat([0.003, 0.003, 0.003, 0.003, 0.03], 30)
    foot = score_rows("initial_contact", error=mean_s + spread_s * rng.standard_normal(150),
                      sensor_site="foot")  # fmt: skip
    other = score_rows("initial_contact", error=0.0, sensor_site="shank")
    recordings = pd.DataFrame(
        {
            "recording_id": [f"r{i}" for i in range(5)],
            "runner_id": [f"r{i}" for i in range(5)],
            "session_id": "1",
            "sampling_rate_hz": [200.0, 208.0, 500.0, 1000.0, 199.0],
        }
    )
    scores = pd.concat([foot, other], ignore_index=True)
    found = summarise_dataset(scores, count_rows(sensor_site="foot"), recordings,
                              np.random.default_rng(RNG_SEED))  # fmt: skip
    site = found["new_runner"]["by_site"]["foot"]
    fast = foot[foot["recording_id"] != "r4"]
    by_hand = np.mean([rows["error"].var(ddof=1) for _, rows in fast.groupby("recording_id")])
    assert site["initial_contact_sd_within_fast_s"] == pytest.approx(np.sqrt(by_hand))
    assert "terminal_contact_sd_within_fast_s" not in site


def test_impact_errors_of_recordings_do_not_cancel():
    """Off by 2 % in 30 steps and by -6 % in 10: no bias, and yet neither recording is right."""
    n_steps = np.array([30, 10])
    error = np.repeat([0.02, -0.06], n_steps) + np.tile([0.005, -0.005], 20)
    rows = score_rows("peak_tibial_acc", n_runners=4, n_steps=10, error=error,
                      recording_id=np.repeat(["left", "right"], n_steps))  # fmt: skip
    metrics = summary(rows, count_rows())
    assert metrics["peak_tibial_acc_bias_frac"] == pytest.approx(0.0, abs=1e-12)
    of_recordings = metrics["peak_tibial_acc_rmse_of_recordings_frac"]
    assert of_recordings == pytest.approx(np.sqrt((0.02**2 + 0.06**2) / 2))
    assert "peak_tibial_acc_rmse_of_recordings_frac" not in summary(score_rows(), count_rows())


def test_what_cannot_be_known_is_left_out():
    metrics = summary(score_rows().iloc[:0], count_rows().iloc[:0])
    assert set(metrics) == {"n_steps", "n_runners", "details"}
    assert metrics["n_steps"] == 0


def test_a_range_without_an_sd_is_not_scored():
    inside = covered(score_rows(n_runners=1, n_steps=2, error_sd=np.array([np.nan, 1.0])))
    assert np.isnan(inside[0])
    assert inside[1] == 1.0


def test_the_constant_equals_a_slow_loop_and_never_sees_its_own_runner():
    rows = score_rows()
    filled = with_constant_baseline(rows)
    for i in (0, 40, 149):
        others = rows[rows["runner_id"] != rows.loc[i, "runner_id"]]["reference_value"]
        expected = sum(others) / len(others) - rows.loc[i, "reference_value"]
        assert filled.loc[i, "baseline_error"] == pytest.approx(expected)
    own = rows["runner_id"] == "r2"
    moved = rows.assign(reference_value=rows["reference_value"] + 10.0 * own)
    again = with_constant_baseline(moved)
    constant = filled["baseline_error"] + filled["reference_value"]
    constant_again = again["baseline_error"] + again["reference_value"]
    np.testing.assert_allclose(constant[own], constant_again[own])
    assert (constant_again[~own] > constant[~own] + 1.0).all()


def test_the_constant_of_one_runner_comes_from_other_conditions():
    condition = np.repeat(["a", "b"], 15)
    rows = score_rows(n_runners=1, condition=condition)
    filled = with_constant_baseline(rows)
    mean_b = rows["reference_value"][15:].mean()
    np.testing.assert_allclose(filled["baseline_error"][:15], mean_b - rows["reference_value"][:15])
    single = with_constant_baseline(score_rows(n_runners=1))
    assert single["baseline_error"].isna().all()
