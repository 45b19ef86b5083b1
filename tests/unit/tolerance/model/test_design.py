from dataclasses import replace

import numpy as np
import pytest

from tolerance.anatomy import DEFAULT_UNITS, MODEL_TISSUES
from tolerance.model.design import build_design, chebyshev_basis
from tolerance.model.filters import (
    chronic_load,
    expected_damage,
    fatigue,
    fatigue_log_variance,
    log_chronic,
    log_fatigue,
)
from tolerance.model.likelihood import MISSING


@pytest.fixture
def design(history, priors):
    return build_design([history, replace(history, runner_id="r2")], priors)


@pytest.mark.parametrize("standard", [-3.9, -2.0, 0.3, 1.7, 3.9])
def test_a_polynomial_gives_what_the_filter_gives(history, priors, standard):
    """Each row's polynomial against the exact filter, on days with a real load."""
    said = replace(
        history,
        exposed=np.ones(42, bool),
        pain=np.full((42, 10), 1.0),
        damage_rr=np.maximum(history.damage_rr, 0.01),
    )
    design = build_design([said], priors)
    basis = chebyshev_basis(np.array(standard)).ravel()
    for tissue in MODEL_TISSUES:
        units = [u for u, unit in enumerate(DEFAULT_UNITS) if unit.tissue == tissue]
        unit = units[-1]  # of the right side: never injured
        prior = getattr(priors.fatigue_days, tissue)
        tau = np.full((1, 1), prior.median * np.exp(prior.log_sd * standard))
        log_sd = said.damage_log_sd[:, [unit]]
        damage = expected_damage(said.damage_rr[:, [unit]], log_sd)
        load = log_fatigue(fatigue(damage, tau), tau)[0, :, 0]
        typical = np.full((1, 1), prior.median)
        load -= 0.5 * fatigue_log_variance(damage, log_sd, typical)[0, :, 0]
        prior = getattr(priors.adaptation_days, tissue)
        tau = np.full((1, 1), prior.median * np.exp(prior.log_sd * standard))
        slow = log_chronic(chronic_load(damage, tau, 0.1)[0, :-1, 0], 0.1, 0.42857)
        own = design.rows.cell == unit
        for name, exact in (("fatigue", load), ("chronic", slow)):
            wrong = np.abs(getattr(design.rows, name)[own] @ basis - exact)[history.exposed]
            assert wrong.max() < 0.005, (tissue, name)


def test_every_answer_is_in_the_design_once(design, history):
    said = int(np.isfinite(history.pain).sum())
    assert np.sum(design.rows.pain != MISSING) == 2 * said == design.n_reports.sum()


def test_every_session_of_every_unit_is_at_risk_once(design, history):
    runs = int(history.exposed.sum())
    single = np.sum(design.rows.outcome != MISSING)
    assert single + design.blocks.n.sum() == 2 * runs * 10


def test_having_settled_says_nothing_behind_a_painkiller(history, priors):
    """A painkiller hides whether it settled; that it did not is still seen."""
    numb = replace(history, analgesic=np.ones(42, bool))
    said = build_design([history], priors).rows.settled
    hidden = build_design([numb], priors).rows.settled
    assert np.sum(said == 1) > 0
    assert np.sum(hidden == 1) == 0
    assert np.sum(hidden == 0) == np.sum(said == 0) > 0


def test_without_a_runner_there_is_no_model(priors):
    with pytest.raises(ValueError, match="at least one"):
        build_design([], priors)
