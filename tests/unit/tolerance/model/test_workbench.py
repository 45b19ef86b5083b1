import numpy as np
import pytest

from tolerance.model.workbench import (
    eight_week_dose,
    hazard_prior_of_hundred,
    hundred_of_hazard_prior,
    minutes_of_tolerance_prior,
    new_runner,
    tolerance_prior_of_minutes,
    usual_care,
    workbench,
    workbench_tables,
)


@pytest.fixture(scope="module")
def found(priors):
    fit = {"posterior": {"gamma": {"contraction": 0.8}, "tau_healing_d": {"contraction": [0.1]}}}
    return workbench(priors, np.random.default_rng(1), 300, fit)


@pytest.fixture(scope="module")
def state(priors):
    return new_runner(priors, np.random.default_rng(2), 200)


def test_a_year_of_usual_care_injures_between_30_and_80_of_100(found):
    """Published: pubmed 33356768, pure.eur.nl; the same tissue about 11."""
    assert 0.3 < found["year"]["any_injury_mean"] < 0.8
    assert 0.05 < found["year"]["same_tissue_mean"] < 0.2


def test_spikes_raise_the_hazard_more_the_longer_they_are(found):
    medians = [row["median"] for row in found["spikes"]]
    assert medians == sorted(medians)
    assert medians[0] > 1.0


def test_minutes_become_a_prior_and_come_back(priors):
    made = tolerance_prior_of_minutes(100.0, 50.0, 200.0)
    assert minutes_of_tolerance_prior(made) == pytest.approx((100.0, 50.0, 200.0))
    again = tolerance_prior_of_minutes(*minutes_of_tolerance_prior(priors.tolerance_mean))
    assert again.mean == pytest.approx(priors.tolerance_mean.mean)
    assert again.sd == pytest.approx(priors.tolerance_mean.sd)
    with pytest.raises(ValueError, match="a range about the middle"):
        tolerance_prior_of_minutes(50.0, 60.0, 70.0)


def test_of_hundred_runners_becomes_a_prior_and_comes_back(priors, state):
    made = hazard_prior_of_hundred(state, priors.hazard_level, 50.0, 35.0, 65.0)
    shift = made.mean - priors.hazard_level.mean
    assert hundred_of_hazard_prior(state, shift) == pytest.approx(50.0, abs=0.1)
    assert made.sd > 0.1


def test_the_same_tissue_is_part_of_any(state):
    any_injury, same = usual_care(state)
    assert np.all(same <= any_injury)


def test_a_dose_hangs_on_who_is_believed(state):
    tolerant = state.log_tolerance[:, 1] > np.median(state.log_tolerance[:, 1])
    high, low = (np.where(chosen, 1.0, 0.0) for chosen in (tolerant, ~tolerant))
    assert eight_week_dose(state, high / high.sum()) > eight_week_dose(state, low / low.sum())


def test_the_page_shows_what_was_found(found):
    tables = workbench_tables(found)
    for columns, rows in tables.values():
        assert rows
        assert all(len(row) == len(columns) for row in rows)
    words = {row[0]: row[2] for row in tables["learned"][1]}
    assert words == {"gamma": "learned", "tau_healing_d": "prior-driven"}
