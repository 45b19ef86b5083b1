"""Strides against reference: known errors, merged strides, distance."""

import numpy as np
import pandas as pd
import pytest

from tolerance.evaluate.stride_scores import score_distance, score_strides


@pytest.fixture
def foot(recording):
    changed = recording.copy()
    changed["sensor_site"] = "foot"
    return changed


@pytest.fixture
def strides():
    """Ten walking strides, then ten running ones."""
    long_s = np.repeat([1.2, 0.7], 10)
    start_s = 2.0 + np.cumsum(long_s) - long_s
    length_m = np.repeat([1.4, 2.1], 10) + 0.02 * np.arange(20)
    return pd.DataFrame(
        {
            "recording_id": "made",
            "stride_id": np.arange(20),
            "start_s": start_s,
            "stop_s": start_s + long_s,
            "stride_length_m": length_m,
            "speed_mps": length_m / long_s,
            "activity": np.repeat(["walking", "running"], 10),
        }
    )


@pytest.fixture
def found(strides):
    return strides.drop(columns="activity").assign(stride_length_sd_m=0.03, speed_sd_mps=0.04)


def score(foot, found, strides, conditions, nothing):
    return score_strides("new_runner", foot, found, strides, conditions, nothing, 0.2)


def rows(scored, quantity):
    return scored.scores[scored.scores["quantity"] == quantity]


def test_lengths_are_scored_apart_for_running_and_walking(
    foot, found, strides, conditions, nothing
):
    longer = found.assign(stride_length_m=found["stride_length_m"] + 0.05)
    longer["speed_mps"] = longer["stride_length_m"] / (longer["stop_s"] - longer["start_s"])
    scored = score(foot, longer, strides, conditions, nothing)
    np.testing.assert_allclose(rows(scored, "stride_length")["error"], 0.05)
    np.testing.assert_allclose(rows(scored, "stride_speed")["error"], 0.05 / 0.7)
    np.testing.assert_allclose(rows(scored, "walking_stride_speed")["error"], 0.05 / 1.2)
    assert len(rows(scored, "stride_length")) == len(rows(scored, "walking_stride_length")) == 10


def test_two_strides_taken_for_one_are_two_misses_and_a_false_one(
    foot, found, strides, conditions, nothing
):
    merged = found.drop(index=13).reset_index(drop=True)
    merged.loc[12, "stop_s"] = found.loc[13, "stop_s"]
    merged.loc[12, "stride_length_m"] = found.loc[[12, 13], "stride_length_m"].sum()
    merged.loc[12, "speed_mps"] = merged.loc[12, "stride_length_m"] / 1.4
    scored = score(foot, merged, strides, conditions, nothing)
    row = scored.detections.iloc[0]
    assert (row["n_reference"], row["n_found"], row["n_paired"]) == (20, 19, 18)
    np.testing.assert_allclose(rows(scored, "stride_length")["error"], 0.0, atol=1e-12)


def test_a_piece_without_a_length_is_no_stride(foot, found, strides, conditions, nothing):
    found.loc[0, ["stride_length_m", "speed_mps"]] = np.nan
    row = score(foot, found, strides, conditions, nothing).detections.iloc[0]
    assert (row["n_reference"], row["n_found"], row["n_paired"]) == (20, 19, 19)


def test_a_stride_on_the_border_counts_but_its_length_is_not_scored(
    foot, found, strides, conditions, nothing
):
    strides.loc[10, "activity"] = "unknown"
    scored = score(foot, found, strides, conditions, nothing)
    assert scored.detections.iloc[0]["n_paired"] == 20
    assert len(rows(scored, "stride_length")) == 9


def test_distance_is_the_sum_of_the_strides_inside(foot, found, conditions):
    known = conditions.iloc[[0]].assign(
        start_s=2.0, stop_s=14.0, distance_m=found["stride_length_m"].iloc[:10].sum() - 0.5
    )
    scored = score_distance("new_runner", foot, found, known)
    assert scored.scores["error"].tolist() == pytest.approx([0.5])
