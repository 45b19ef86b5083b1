from dataclasses import replace

import numpy as np
import pytest

from tolerance.anatomy import DEFAULT_UNITS, MODEL_TISSUES
from tolerance.model.design import Padding, build_design, chebyshev_basis, padding_of
from tolerance.model.filters import chronic_load, fatigue, log_chronic, log_fatigue


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
    basis = chebyshev_basis(np.array(standard))
    for k, tissue in enumerate(MODEL_TISSUES):
        units = [u for u, unit in enumerate(DEFAULT_UNITS) if unit.tissue == tissue]
        unit = units[-1]  # of the right side: never injured, so in a group without an injury
        prior = getattr(priors.fatigue_days, tissue)
        tau = np.full((1, 1), prior.median * np.exp(prior.log_sd * standard))
        damage = said.damage_rr[:, [unit]]
        load = log_fatigue(fatigue(damage, tau), tau)[0, :, 0]
        prior = getattr(priors.adaptation_days, tissue)
        tau = np.full((1, 1), prior.median * np.exp(prior.log_sd * standard))
        slow = log_chronic(chronic_load(damage, tau, 0.1)[0, :-1, 0], 0.1, 0.42857)
        for name, exact in (("fatigue", load), ("chronic", slow)):
            found = basis @ design.arrays[f"g3_{name}{k}"]
            wrong = np.abs(found.reshape(-1, 42)[-1] - exact)[history.exposed]
            assert wrong.max() < 0.005, (tissue, name)


def test_every_answer_is_in_the_design_once(design, history):
    said = int(np.isfinite(history.pain).sum())
    found = sum(design.arrays[f"g{g}_score{k}"].sum() for g in range(4) for k in range(5))
    assert found == 2 * said == design.n_reports.sum()


def test_every_session_of_every_unit_is_at_risk_once(design, history):
    runs = int(history.exposed.sum())
    single = sum(design.arrays[f"g{g}_hazard"].sum() for g in range(4))
    assert single + design.arrays["block_n"].sum() == 2 * runs * 10


def test_padding_changes_sizes_and_no_sum(design, history, priors):
    groups = tuple(
        (tuple(n + 2 for n in counts), longest + 3) for counts, longest in (design.padding.groups)
    )
    wide = Padding(groups=groups, blocks=((14,) * 5, 4), injuries=6, events=3)
    padded = build_design([history, replace(history, runner_id="r2")], priors, wide)
    for name in ("g0_hazard", "block_n", "runner_share", "cell_weight"):
        assert padded.arrays[name].sum() == pytest.approx(design.arrays[name].sum())
    assert padding_of([design, padded]) == wide
    with pytest.raises(ValueError, match="expected at least"):
        build_design([history, history], priors, replace(wide, injuries=1))


def test_without_a_runner_there_is_no_model(priors):
    with pytest.raises(ValueError, match="at least one"):
        build_design([], priors)
