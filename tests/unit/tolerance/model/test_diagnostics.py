import numpy as np
import pytest

from tolerance.config import FitTolerance
from tolerance.model.diagnostics import diagnose

LIMITS = FitTolerance(
    engine="by_hand",
    chains=4, tune=1, draws=1000, target_accept=0.9, chronic_start_rr=0.1,
    rhat_max=1.01, ess_min=400.0, divergences_max=0, ebfmi_min=0.3,
)  # fmt: skip


@pytest.fixture
def sound():
    rng = np.random.default_rng(1)
    stats = {"diverging": np.zeros((4, 1000), bool), "energy": rng.standard_normal((4, 1000))}
    return {"a": rng.standard_normal((4, 1000)), "b": rng.standard_normal((4, 1000, 3))}, stats


def test_independent_draws_pass(sound):
    found = diagnose(*sound, LIMITS)
    assert found.is_passed
    assert found.metrics()["passed"] == 1
    assert found.rhat_max < 1.01
    assert found.ess_min > 2000


def test_chains_that_disagree_fail_by_name(sound):
    draws, stats = sound
    draws["b"][0, :, 1] += 1.0
    found = diagnose(draws, stats, LIMITS)
    assert not found.is_passed
    assert found.rhat_worst == "b"
    assert any("R-hat of b" in problem for problem in found.problems)


def test_slow_chains_fail_by_effective_size(sound):
    draws, stats = sound
    draws["a"] = np.cumsum(draws["a"], axis=1)
    assert any("effective size of a" in p for p in diagnose(draws, stats, LIMITS).problems)


def test_one_divergence_is_one_too_many(sound):
    draws, stats = sound
    stats["diverging"][2, 7] = True
    assert diagnose(draws, stats, LIMITS).problems == ("divergences: got 1, expected at most 0",)


def test_energy_that_creeps_fails(sound):
    draws, stats = sound
    stats["energy"] = np.cumsum(stats["energy"], axis=1)
    assert any("E-BFMI" in problem for problem in diagnose(draws, stats, LIMITS).problems)


def test_a_chain_that_did_not_move_never_passes(sound):
    draws, stats = sound
    draws["a"][:] = 1.0
    assert not diagnose(draws, stats, LIMITS).is_passed
