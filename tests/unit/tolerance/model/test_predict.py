from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from tolerance.model.filters import (
    chronic_load,
    expected_damage,
    fatigue,
    fatigue_log_variance,
    healing,
    log_chronic,
    log_fatigue,
)
from tolerance.model.predict import attenuation, forecast, forecast_weeks, risk_to, weekly_risk
from tolerance.model.runner import recent_injury, tissue_index

LIMIT = np.full(10, 3.0)


def plan(scale=1.0, n_days=14):
    runs = np.isin(np.arange(n_days) % 7, (0, 2, 4))
    return scale * runs[:, None] * np.ones(10), np.zeros((n_days, 10)), runs


@pytest.mark.parametrize("sd", [0.0, 0.4])
def test_the_forecast_is_the_model_written_out(state, sd):
    """Naive oracle: filters and formulas of the model, one after the other."""
    sure = replace(state, fatigue_log_var=np.zeros_like(state.fatigue_log_var))
    median, log_sd, runs = plan(0.8)
    log_sd = log_sd + sd
    found = forecast(sure, median, log_sd, runs, LIMIT)
    damage = expected_damage(median, log_sd)
    p, k = state.population, tissue_index(state.units)
    tau_f, tau_a = p.tau_fatigue_d[:, k], p.tau_adaptation_d[:, k]
    total, own = fatigue(damage, tau_f, state.fatigue_rr), fatigue(damage, tau_f)
    own_variance = np.expm1(fatigue_log_variance(damage, log_sd, tau_f)) * own**2
    variance = np.log1p(own_variance / total**2)
    load = log_fatigue(total, tau_f[:, None]) - variance / 2.0
    slow = chronic_load(damage, tau_a, state.chronic_rr)[:, :-1]
    slow = log_chronic(slow, p.chronic_offset_rr, p.chronic_reference_rr)
    days = state.days_since_injury[None, :] + np.arange(1, 15)[:, None]
    deficit = state.deficit[:, None] * healing(days[None], p.tau_healing_d[:, None, k])
    margin = load - (state.log_tolerance[:, None] + p.gamma[:, None, None] * slow - deficit)
    np.testing.assert_allclose(found.log_margin, margin)
    np.testing.assert_allclose(found.log_variance, variance, atol=1e-12)
    slope = p.pain_slope[:, None, None]
    pain = expit(slope * margin * attenuation(slope, variance))
    np.testing.assert_allclose(found.pain_above[:, runs], pain[:, runs])
    slope = p.settle_slope[:, None, None]
    calm = p.settle_level[:, None, None] - slope * margin
    calm = expit(calm * attenuation(slope, variance))
    np.testing.assert_allclose(found.not_settled[:, runs], 1 - calm[:, runs])
    log_hazard = (
        p.hazard_level[:, None, k]
        + p.hazard_slope[:, None, None] * margin
        + 0.5 * p.hazard_slope[:, None, None] ** 2 * variance
        + state.log_frailty[:, None, None]
        + p.recent_injury_log_hr[:, None, None] * recent_injury(days)
    )
    np.testing.assert_allclose(found.hazard[:, runs], -np.expm1(-np.exp(log_hazard[:, runs])))


def test_a_day_without_a_run_brings_no_pain_and_no_injury(state):
    damage, log_sd, runs = plan()
    found = forecast(state, damage, log_sd, runs, LIMIT)
    for values in (found.pain_above, found.not_settled, found.hazard):
        assert np.all(values[:, ~runs] == 0.0)
        assert np.all(values[:, runs] > 0.0)


def test_more_load_means_more_pain_and_risk_within_the_week(state):
    easy = forecast(state, *plan(0.5, 7), LIMIT)
    hard = forecast(state, *plan(1.5, 7), LIMIT)
    assert np.all(hard.log_margin > easy.log_margin)
    assert np.all(weekly_risk(hard) > weekly_risk(easy))


def test_candidates_come_out_as_single_plans_do(state):
    scales = (0.6, 1.0, 1.4)
    damage = np.stack([plan(scale, 7)[0] for scale in scales])
    runs = np.stack([plan(scale, 7)[2] for scale in scales])
    weeks = forecast_weeks(state, damage, 0.2, runs, LIMIT)
    for c, scale in enumerate(scales):
        one = forecast(state, plan(scale, 7)[0], np.full((7, 10), 0.2), runs[c], LIMIT)
        np.testing.assert_allclose(weeks.risk()[c], weekly_risk(one)[:, 0])
        np.testing.assert_allclose(weeks.risk_unit[c], 1 - np.prod(1 - one.hazard, axis=1))
        np.testing.assert_allclose(weeks.pain_above[c], one.pain_above.max(axis=1))
        np.testing.assert_allclose(weeks.not_settled[c], one.not_settled.max(axis=1))


def test_risk_to_a_date_is_that_of_its_weeks_together(state):
    found = forecast(state, *plan(1.0, 21), LIMIT)
    by_week, to_date = weekly_risk(found, state.is_index), risk_to(found, state.is_index)
    assert by_week.shape == (state.n_draws, 3)
    np.testing.assert_allclose(to_date[:, -1], 1 - np.prod(1 - by_week, axis=1))
    assert np.all(np.diff(to_date, axis=1) >= 0.0)
    assert np.all(to_date <= risk_to(found))


def test_a_lower_pain_limit_is_passed_more_often(state):
    strict = forecast(state, *plan(), np.zeros(10))
    loose = forecast(state, *plan(), LIMIT)
    runs = plan()[2]
    assert np.all(strict.pain_above[:, runs] > loose.pain_above[:, runs])


def test_a_logit_over_an_uncertain_margin_matches_simulation():
    rng = np.random.default_rng(4)
    for slope, margin, sd in ((1.5, 0.8, 0.3), (2.5, -1.0, 0.6)):
        drawn = expit(slope * (margin + sd * rng.standard_normal(200_000))).mean()
        found = expit(slope * margin * attenuation(slope, sd**2))
        assert found == pytest.approx(drawn, abs=0.006)


def test_not_knowing_the_load_raises_the_expected_hazard(state):
    damage, _, runs = plan()
    sure = forecast(state, damage, np.zeros((14, 10)), runs, LIMIT)
    unsure = forecast(state, damage, np.full((14, 10), 0.6), runs, LIMIT)
    assert np.all(unsure.hazard[:, runs] > sure.hazard[:, runs])


def test_plans_that_cannot_be_are_refused(state):
    damage, log_sd, runs = plan()
    with pytest.raises(ValueError, match="days by 10 units"):
        forecast(state, damage[:, :4], log_sd[:, :4], runs, LIMIT)
    with pytest.raises(ValueError, match="0 or more reference runs"):
        forecast(state, -damage - 1, log_sd, runs, LIMIT)
    with pytest.raises(ValueError, match="0 to 9"):
        forecast(state, damage, log_sd, runs, np.full(10, 10.0))
