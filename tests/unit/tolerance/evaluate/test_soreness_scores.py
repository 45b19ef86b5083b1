from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tolerance.evaluate.soreness_scores import (
    auc_within,
    brier,
    calibration_curve,
    calibration_slope,
    log_score,
    paired_difference,
    resample_people,
    score,
)

ONE = np.ones(4)
P = np.array([0.9, 0.4, 0.2, 0.5])
SORE = np.array([1.0, 1.0, 0.0, 0.0])


def test_log_score_and_brier_by_hand() -> None:
    assert log_score(P, SORE, ONE) == pytest.approx(-np.log(0.9 * 0.4 * 0.8 * 0.5) / 4)
    assert brier(P, SORE, ONE) == pytest.approx((0.01 + 0.36 + 0.04 + 0.25) / 4)


def test_a_certain_and_wrong_prediction_is_not_infinitely_bad() -> None:
    assert np.isfinite(log_score(np.array([0.0]), np.array([1.0]), np.ones(1)))


def test_pairs_are_formed_inside_a_person_only() -> None:
    # Between people every pair is in order; inside each person every pair is the wrong way round.
    p = np.array([0.90, 0.95, 0.10, 0.15])
    sore = np.array([1.0, 0.0, 1.0, 0.0])
    assert auc_within(p, sore, np.array(["a", "a", "b", "b"])) == 0.0
    assert auc_within(p, sore, np.array(["a", "a", "a", "a"])) == pytest.approx(0.25)
    assert auc_within(np.full(4, 0.3), sore, np.array(list("aabb"))) == 0.5
    assert np.isnan(auc_within(p, np.ones(4), np.array(list("aabb"))))


def test_slope_is_one_where_odds_are_right_and_half_where_they_are_twice_too_extreme() -> None:
    rng = np.random.default_rng(4)
    logit = rng.normal(0, 1.5, 40_000)
    sore = (rng.uniform(size=logit.size) < 1 / (1 + np.exp(-logit))).astype(float)
    weight = np.ones_like(logit)
    assert calibration_slope(1 / (1 + np.exp(-logit)), sore, weight) == pytest.approx(1, abs=0.04)
    extreme = 1 / (1 + np.exp(-2 * logit))
    assert calibration_slope(extreme, sore, weight) == pytest.approx(0.5, abs=0.02)
    assert np.isnan(calibration_slope(np.full(4, 0.3), SORE, ONE))


def test_intervals_hold_the_score_and_paired_difference_of_a_model_with_itself_is_zero() -> None:
    rng = np.random.default_rng(1)
    person = np.repeat(list("abcdef"), 30)
    p = rng.uniform(0.05, 0.95, person.size)
    sore = (rng.uniform(size=p.size) < p).astype(float)
    resamples = resample_people(person, 200, rng)
    found = score(p, sore, person, resamples)
    for name in ("log_score", "brier", "auc_within", "slope"):
        assert found[f"{name}_low"] <= found[name] <= found[f"{name}_high"]
    same = paired_difference(p, p, sore, person, resamples)
    assert same == {"log_score": 0.0, "low": 0.0, "high": 0.0}
    worse = paired_difference(p, 1 - p, sore, person, resamples)
    assert worse["high"] < 0


def test_equal_predictions_have_no_slope_and_say_so_by_leaving_it_out() -> None:
    person = np.array(list("aabb"))
    resamples = resample_people(person, 20, np.random.default_rng(0))
    assert "slope" not in score(np.full(4, 0.3), SORE, person, resamples)


@given(st.integers(2, 60), st.integers(1, 10))
def test_the_calibration_curve_loses_no_row(n_rows: int, n_groups: int) -> None:
    p = np.linspace(0.1, 0.9, n_rows)
    sore = (np.arange(n_rows) % 2).astype(float)
    curve = calibration_curve(p, sore, n_groups)
    assert sum(group["n"] for group in curve) == n_rows
    total = sum(group["n"] * group["observed"] for group in curve)
    assert total == pytest.approx(sore.sum())
    assert all(a["predicted"] <= b["predicted"] for a, b in pairwise(curve))
