"""Scores of probabilities: closed forms, naive oracles, and that resampled runners count as one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from tolerance.evaluate.probability_scores import (
    auc,
    brier_skill,
    calibration_curve,
    calibration_line,
    decision_curve,
    log_score,
    observed_over_expected,
    paired_difference,
    score_probabilities,
    within_auc,
)


def drawn(n=4000, seed=0, stretch=1.0):
    """Return outcomes of true probabilities, and those stated with logits stretched."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-0.5, 1.2, n)
    outcome = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(float)
    return outcome, 1 / (1 + np.exp(-stretch * logit)), rng.integers(0, 40, n)


def test_log_score_and_auc_agree_with_scikit_learn():
    y, p, _ = drawn()
    assert log_score(y, p) == pytest.approx(log_loss(y, p))
    assert auc(y, np.round(p, 1)) == pytest.approx(roc_auc_score(y, np.round(p, 1)))


@pytest.mark.parametrize("stretch", [0.5, 1.0, 2.0])
def test_calibration_slope_undoes_the_stretch_and_agrees_with_scikit_learn(stretch):
    y, p, _ = drawn(20000, stretch=stretch)
    intercept, slope = calibration_line(y, p)
    assert slope == pytest.approx(1 / stretch, rel=0.06)
    logit = np.log(p / (1 - p))[:, None]
    oracle = LogisticRegression(C=np.inf).fit(logit, y)
    assert slope == pytest.approx(oracle.coef_[0, 0], rel=1e-3)
    assert intercept == pytest.approx(oracle.intercept_[0], abs=1e-3)


def test_the_base_rate_has_no_skill_and_the_truth_some():
    y, p, _ = drawn()
    assert brier_skill(y, np.full_like(y, y.mean())) == pytest.approx(0.0)
    assert 0.1 < brier_skill(y, p) < 0.4


def test_what_cannot_be_scored_is_nan_not_zero():
    nothing = np.zeros(0)
    assert np.isnan(log_score(nothing, nothing))
    assert np.isnan(brier_skill(nothing, nothing))
    assert np.isnan(auc(np.ones(3), np.ones(3)))
    assert np.isnan(calibration_line(np.ones(3), np.linspace(0.1, 0.9, 3))[1])
    assert np.isnan(observed_over_expected(np.ones(2), np.zeros(2)))


def test_knowing_who_gets_hurt_is_no_within_runner_skill():
    rng = np.random.default_rng(4)
    runner = np.repeat(np.arange(50), 40)
    rate = rng.uniform(0.05, 0.95, 50)[runner]
    y = (rng.random(2000) < rate).astype(float)
    assert auc(y, rate) > 0.75
    assert within_auc(y, rate, runner) == pytest.approx(0.5)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_ranking_does_not_change_under_a_monotone_change(seed):
    y, p, runner = drawn(300, seed)
    assert within_auc(y, p, runner) == pytest.approx(within_auc(y, p**3, runner), abs=1e-12)


def test_rows_said_twice_do_not_narrow_an_interval_over_runners():
    y, p, runner = drawn(400)
    once = score_probabilities(y, p, runner, np.random.default_rng(1))["brier"]
    twice = score_probabilities(*(np.tile(x, 4) for x in (y, p, runner)), np.random.default_rng(1))
    width = [s["high"] - s["low"] for s in (once, twice["brier"])]
    assert width[1] == pytest.approx(width[0], rel=0.15)


def test_the_gain_over_oneself_is_nil_and_over_the_base_rate_many_errors():
    y, p, runner = drawn()
    same = paired_difference(y, p, p, runner)
    assert same == {"gain": 0.0, "standard_error": 0.0}
    over = paired_difference(y, p, np.full_like(y, y.mean()), runner)
    assert over["gain"] > 5 * over["standard_error"]


def test_the_curve_of_true_probabilities_lies_on_the_diagonal():
    y, p, runner = drawn(20000)
    curve = calibration_curve(y, p, runner, np.random.default_rng(0))
    assert sum(point["n"] for point in curve) == y.size
    for point in curve:
        assert point["observed"] == pytest.approx(point["expected"], abs=0.04)
        assert point["observed_low"] < point["observed"] < point["observed_high"]


def test_net_benefit_of_always_acting_is_that_of_a_probability_of_one():
    y, p, _ = drawn()
    always = decision_curve(y, np.ones_like(p), (0.2,))[0]
    assert always["net_benefit"] == pytest.approx(always["treat_all"])
    assert always["treat_all"] == pytest.approx(y.mean() - 0.25 * (1 - y.mean()))
    assert decision_curve(y, p, (0.2,))[0]["net_benefit"] > max(always["treat_all"], 0.0)
    assert decision_curve(y, np.zeros_like(p), (0.2,))[0]["net_benefit"] == 0.0
