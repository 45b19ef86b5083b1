"""Rows to predict: nothing of the future in them, published load rules as defined, comparators."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from pipelines.params import load_params
from tolerance.evaluate.comparators import COMPARATORS, fit_comparators
from tolerance.evaluate.forecast_rows import (
    ANSWER_FEATURES,
    LOAD_FEATURES,
    OFFSET_RR,
    OUTCOMES,
    forecast_rows,
)
from tolerance.evaluate.model_forecasts import model_forecasts, without_answers
from tolerance.evaluate.prediction_check import (
    compare_forecasts,
    observed_rows,
    shuffled_control,
    weekly_injury,
)
from tolerance.exposure.histories import cohort_histories
from tolerance.model.population import prior_draws
from tolerance.model.runner import UnitInjury
from tolerance.simulate.cohort import cohort_tables, simulate_cohort

PARAMS = load_params(Path(__file__).resolve().parents[4] / "params.yaml")
UNIT = 3


def histories_of(seed, n_runners=12, n_weeks=10):
    settings = PARAMS.simulate_cohort.model_copy(
        update={"n_runners": n_runners, "n_weeks": n_weeks}
    )
    lived = simulate_cohort(settings, PARAMS.tissue_exponents, np.random.default_rng(seed))
    return cohort_histories(cohort_tables(lived), lived.units, 0.1)


@pytest.fixture(scope="module")
def histories():
    return histories_of(1)


@pytest.fixture(scope="module")
def rows(histories):
    return forecast_rows(histories, range(7, 70, 7))


@pytest.fixture
def steady(histories):
    """One runner who runs one reference run every second day for ten weeks."""
    one = histories[0]
    damage = np.zeros_like(one.damage_rr)
    damage[::2] = 1.0
    exposed = damage[:, 0] > 0
    return replace(
        one,
        damage_rr=damage,
        damage_log_sd=np.zeros_like(damage),
        exposed=exposed,
        chronic_start_rr=np.full(len(one.units), 0.5),
        pain=np.where(exposed[:, None], 2.0, np.nan) * np.ones_like(damage),
    )


def test_there_is_one_row_for_each_unit_of_each_session(histories, rows):
    sessions = sum(int(h.exposed[7:].sum()) for h in histories)
    assert len(rows) == 10 * sessions
    assert not rows.duplicated(["runner", "day", "unit"]).any()
    assert (rows["day"] >= rows["origin"]).all()
    assert (rows["day"] < rows["origin"] + 7).all()


def test_answers_after_the_origin_are_not_in_the_features(histories):
    known = histories[0]
    changed = known.pain.copy()
    changed[21:][np.isfinite(changed[21:])] = 10.0
    future = replace(known, pain=changed)
    names = list(ANSWER_FEATURES + LOAD_FEATURES)
    one, other = (forecast_rows([h], [21])[names] for h in (known, future))
    np.testing.assert_array_equal(one, other)


def test_loads_after_the_session_are_not_in_its_features(histories):
    known = histories[0]
    changed = known.damage_rr.copy()
    one = forecast_rows([known], [21])
    day = int(one["day"].min())
    changed[day + 1 :] = 7.0
    observed = np.where(np.isnan(known.damage_rr), 0.3, known.damage_rr)
    pair = [
        replace(known, damage_rr=d) for d in (observed, np.where(changed == 7.0, 7.0, observed))
    ]
    first, second = (forecast_rows([h], [21]) for h in pair)
    names = list(LOAD_FEATURES)
    mine = (first["day"] == day).to_numpy()
    np.testing.assert_allclose(first.loc[mine, names], second.loc[mine, names])


def test_ratios_of_a_steady_runner_are_one(steady):
    table = forecast_rows([steady], [56])
    acute = np.array([4, 4, 4]) / 7
    np.testing.assert_allclose(
        np.exp(table["acwr_uncoupled"].unique()),
        (acute[0] + OFFSET_RR) / (10 / 21 + OFFSET_RR),
        rtol=0.15,
    )
    np.testing.assert_allclose(table["longest_30d"], 0.0, atol=1e-9)
    np.testing.assert_allclose(table["acwr_ewma"], 0.0, atol=0.25)
    assert (table["last_pain"] == 2.0).all()
    assert (table["share_above"] == 0.0).all()


def test_a_session_twice_the_longest_of_thirty_days_is_a_spike(steady):
    damage = steady.damage_rr.copy()
    damage[58] = 2.0
    table = forecast_rows([replace(steady, damage_rr=damage)], [56])
    spiked = np.exp(table.loc[table["day"] == 58, "longest_30d"])
    np.testing.assert_allclose(spiked, 2.02 / 1.02)


def test_an_injury_is_the_outcome_of_its_session_only(steady):
    day = date.fromisoformat(str(steady.dates[58]))
    table = forecast_rows(
        [replace(steady, injuries=(*steady.injuries, UnitInjury(UNIT, day)))], [56]
    )
    hit = table[table["injury"] == 1.0]
    assert hit[["day", "unit"]].to_numpy().tolist() == [[58, UNIT]]


def test_weekly_risk_adds_hazards_and_stops_at_the_injury(steady):
    day = date.fromisoformat(str(steady.dates[58]))
    hurt = replace(steady, injuries=(*steady.injuries, UnitInjury(UNIT, day)))
    table = forecast_rows([steady, hurt], [56])
    observed, risk, runner = weekly_injury(table, np.full(len(table), 0.01))
    assert observed.tolist() == [0.0, 1.0]
    assert runner.tolist() == [0, 1]
    np.testing.assert_allclose(risk, [1 - 0.99**40, 1 - 0.99**20])


def test_every_comparator_gives_probabilities_and_falls_back_for_a_new_runner(rows):
    for outcome in OUTCOMES:
        for answers in (True, False):
            fitted = fit_comparators(rows, outcome, np.random.default_rng(0), answers=answers)
            assert tuple(fitted) == COMPARATORS
            for forecaster in fitted.values():
                p = forecaster(rows)
                assert p.shape == (len(rows),)
                assert np.all((p >= 0) & (p <= 1))
    new = fit_comparators(rows, "pain_above", np.random.default_rng(0), answers=False)
    assert np.ptp(new["previous_pain"](rows)) == 0.0
    assert np.ptp(new["own_rate"](rows)) == 0.0


def test_comparators_without_a_single_event_state_a_small_rate(rows):
    calm = rows.assign(injury=0.0)
    fitted = fit_comparators(calm, "injury", np.random.default_rng(0))
    for forecaster in fitted.values():
        assert 0.0 < forecaster(calm).max() < 1e-3


@pytest.fixture(scope="module")
def scored(rows):
    others = histories_of(2, n_runners=5)
    test = forecast_rows(others, [42])
    rng = np.random.default_rng(3)
    population = prior_draws(PARAMS.tolerance_priors, rng, 300)
    return test, model_forecasts(others, test, population, rng), others, population


def test_the_model_forecasts_each_row_from_the_past_alone(scored):
    test, model, others, population = scored
    assert model.index.equals(test.index)
    assert model.notna().all(axis=None)
    future = []
    for history in others:
        pain = history.pain.copy()
        pain[42:][np.isfinite(pain[42:])] = 10.0
        future.append(replace(history, pain=pain))
    rng = np.random.default_rng(3)
    prior_draws(PARAMS.tolerance_priors, rng, 300)
    again = model_forecasts(future, test, population, rng)
    np.testing.assert_array_equal(model, again)


def test_a_new_runners_forecast_knows_no_answers(scored):
    test, _, others, population = scored
    silent = [without_answers(history) for history in others[:2]]
    part = test[test["runner"] < 2]
    first, second = (
        model_forecasts(h, part, population, np.random.default_rng(1), answers=False)
        for h in (others[:2], silent)
    )
    np.testing.assert_array_equal(first, second)


def test_scores_name_everybody_and_see_no_leak(rows, scored):
    test, model, *_ = scored
    result = compare_forecasts(rows, test, model, "pain_above", np.random.default_rng(0))
    assert set(result["forecasters"]) == {"model", *COMPARATORS}
    assert not result["is_leak_suspected"]
    gain = result["forecasters"]["base_rate"]["model_gain"]
    assert gain["gain"] > 0.0


def test_dealing_outcomes_anew_takes_the_skill_away(rows, scored):
    test, model, *_ = scored
    result = shuffled_control(
        rows, test, model, "pain_above", np.random.default_rng(0), names=("distributed_lag",)
    )
    for scores in result.values():
        # A 90 % interval leaves 0.5 out now and then.
        assert scores["auc_within"]["low"] <= 0.55
        assert scores["auc_within"]["high"] >= 0.45
        assert scores["brier_skill"]["low"] < 0.02


def test_an_unknown_outcome_is_refused(rows):
    with pytest.raises(ValueError, match="expected one of pain_above"):
        observed_rows(rows, "joy")
