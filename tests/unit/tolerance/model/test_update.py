from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tolerance.anatomy import DEFAULT_UNITS, Unit
from tolerance.model import update as updating
from tolerance.model.likelihood import response_log_likelihood
from tolerance.model.population import prior_draws
from tolerance.model.runner import UnitInjury
from tolerance.model.update import UpdateSettings, refresh_runner, update_runner

ACHILLES = DEFAULT_UNITS.index(Unit("achilles", "tendon", "left"))
OTHER = [u for u in range(10) if u != ACHILLES]


@pytest.fixture(scope="module")
def prior(priors):
    return prior_draws(priors, np.random.default_rng(31), 1000)


@pytest.fixture
def varied(history):
    """Return the same six weeks with sessions that differ, so that they can teach something."""
    load = np.exp(np.random.default_rng(5).normal(0.0, 0.6, (42, 1)))
    return replace(history, damage_rr=history.damage_rr * load)


def update(prior, history, seed=1, **options):
    return update_runner(
        prior, history, np.random.default_rng(seed), simulated_runner=False, **options
    )


def unit_of(state, u=ACHILLES):
    return state.log_tolerance[:, u]


def test_a_real_runner_never_starts_from_simulated_ones(prior, history):
    fitted = replace(prior, origin="simulated")
    with pytest.raises(ValueError, match="never from simulated runners"):
        update(fitted, history)
    rng = np.random.default_rng(1)
    assert update_runner(fitted, history, rng, simulated_runner=True).origin == "simulated"


def test_without_a_word_from_the_runner_the_prior_stays(prior, history):
    silent = replace(history, pain=np.full_like(history.pain, np.nan))
    silent = replace(silent, settled=silent.pain)
    state = update(prior, silent, settings=UpdateSettings(n_draws=500))
    expected = np.sqrt(np.var(prior.tolerance_mean[:, 1]) + np.mean(prior.runner_sd**2))
    assert unit_of(state).std() == pytest.approx(expected, rel=0.2)
    assert not state.is_personal.any()


def test_pain_lowers_and_comfort_raises_tolerance(prior, varied):
    def said(score):
        return update(prior, replace(varied, pain=np.where(varied.pain >= 0, score, np.nan)))

    high, low = unit_of(said(7.0)), unit_of(said(0.0))
    assert low.mean() - high.mean() > 2 * high.std()


def test_a_painkiller_makes_comfort_no_reassurance(prior, varied):
    calm = replace(varied, pain=np.where(varied.pain >= 0, 0.0, np.nan))
    calm = replace(calm, settled=np.where(varied.settled >= 0, 1.0, np.nan))
    dulled = replace(calm, analgesic=np.ones(42, bool))
    believed, doubted = update(prior, calm), update(prior, dulled)
    assert unit_of(doubted).mean() < unit_of(believed).mean() - 0.3
    assert unit_of(doubted).std() > unit_of(believed).std()


def test_an_estimate_agrees_with_forty_times_the_work(prior, varied):
    quick = unit_of(update(prior, varied))
    settings = UpdateSettings(n_draws=4000, n_proposals=40000, n_completed=20000)
    exact = unit_of(update(prior, varied, settings=settings))
    assert abs(quick.mean() - exact.mean()) < 0.2 * exact.std()
    assert quick.std() / exact.std() == pytest.approx(1.0, abs=0.15)


def test_only_what_the_runner_s_own_data_say_is_called_personal(prior, varied, history):
    state = update(prior, varied)
    assert state.is_personal[ACHILLES]
    assert not state.is_personal[OTHER].any()
    few = np.where(np.arange(42)[:, None] < 8, varied.pain, np.nan)
    assert not update(prior, replace(varied, pain=few)).is_personal.any()
    same = replace(history, damage_rr=np.where(history.exposed[:, None], 0.5, 0.0) * np.ones(10))
    assert not update(prior, same).is_personal.any()


def test_sparse_reports_of_another_unit_are_never_personal(prior, varied):
    pain = varied.pain.copy()
    pain[np.flatnonzero(varied.exposed)[:12], 0] = 2.0
    assert not update(prior, replace(varied, pain=pain)).is_personal[0]


def test_what_one_tissue_says_moves_the_others_a_little(prior, varied):
    sore = update(prior, replace(varied, pain=np.where(varied.pain >= 0, 8.0, np.nan)))
    calm = update(prior, replace(varied, pain=np.where(varied.pain >= 0, 0.0, np.nan)))
    shift = calm.log_tolerance.mean(axis=0) - sore.log_tolerance.mean(axis=0)
    assert np.all(shift[OTHER] > 0.0)
    assert np.all(shift[OTHER] < shift[ACHILLES])


def test_a_state_is_complete_and_repeats_for_the_same_seed(prior, history):
    one, two = update(prior, history), update(prior, history)
    np.testing.assert_array_equal(one.log_tolerance, two.log_tolerance)
    assert one.as_of == history.dates[-1].item()
    assert one.days_since_injury[ACHILLES] == (one.as_of - history.injuries[0].on).days
    assert np.isinf(one.days_since_injury[OTHER]).all()
    assert np.all(one.deficit[:, OTHER] == 0.0)
    assert np.all(one.population.gamma >= 0.0)
    assert one.n_reports[ACHILLES] == np.isfinite(history.pain[:, ACHILLES]).sum()


def test_one_session_no_injury_is_enough_for_a_state(prior, history):
    single = replace(
        history,
        is_index=np.zeros(10, bool),
        injuries=(),
        exposed=np.arange(42) == 10,
        pain=np.full((42, 10), np.nan),
        settled=np.full((42, 10), np.nan),
        damage_rr=np.where(np.arange(42)[:, None] == 10, 1.0, 0.0) * np.ones(10),
    )
    state = update(prior, single)
    assert np.isfinite(state.log_tolerance).all()
    assert np.all(state.deficit == 0.0)


def test_the_next_morning_costs_little_and_says_the_same(prior, varied):
    settings = UpdateSettings(n_draws=2000, n_proposals=8000, n_completed=4000)
    eve = update(prior, varied.until(varied.dates[-4].item()), settings=settings)
    carried = refresh_runner(eve, varied, np.random.default_rng(2))
    whole = update(prior, varied, seed=3, settings=settings)
    assert carried.as_of == whole.as_of
    assert unit_of(carried).mean() == pytest.approx(
        unit_of(whole).mean(), abs=0.2 * unit_of(whole).std()
    )
    np.testing.assert_allclose(
        np.median(carried.fatigue_rr, axis=0), np.median(whole.fatigue_rr, axis=0), rtol=0.05
    )
    np.testing.assert_allclose(
        np.median(carried.chronic_rr, axis=0), np.median(whole.chronic_rr, axis=0), rtol=0.05
    )
    assert carried.n_reports[ACHILLES] == whole.n_reports[ACHILLES]


def test_a_morning_of_which_nothing_is_known_is_not_rest(prior, varied):
    """A day alone has no observed day beside it: it is filled from the whole record."""
    unknown = replace(varied, damage_rr=varied.damage_rr.copy())
    unknown.damage_rr[-1] = np.nan
    rest = replace(varied, damage_rr=varied.damage_rr.copy())
    rest.damage_rr[-1] = 0.0
    eve = update(prior, varied.until(varied.dates[-2].item()))
    found = refresh_runner(eve, unknown, np.random.default_rng(2))
    without = refresh_runner(eve, rest, np.random.default_rng(2))
    assert found.fatigue_rr[:, ACHILLES].mean() > 1.1 * without.fatigue_rr[:, ACHILLES].mean()


def test_a_new_injury_or_too_few_draws_ask_for_the_whole_record(prior, varied):
    eve = update(prior, varied.until(varied.dates[-4].item()))
    rng = np.random.default_rng(2)
    hurt = replace(
        varied, injuries=(*varied.injuries, UnitInjury(3, eve.as_of + timedelta(days=1)))
    )
    assert refresh_runner(eve, hurt, rng) is None
    assert refresh_runner(eve, varied, rng, settings=UpdateSettings(min_ess=1e9)) is None


def test_answers_at_the_edge_of_the_possible_leave_numbers(prior, varied, monkeypatch):
    """Where a proposal is impossible, curvature and weights stay finite."""

    def mostly_impossible(*arguments):
        found = response_log_likelihood(*arguments)
        return np.where(np.arange(found.size) % 3 == 2, -np.inf, found)

    monkeypatch.setattr(updating, "response_log_likelihood", mostly_impossible)
    state = update_runner(prior, varied, np.random.default_rng(9), simulated_runner=True)
    assert np.all(np.isfinite(state.log_tolerance))
    assert state.ess > 0.0
