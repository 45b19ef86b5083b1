"""Rows of the README's tables of checks."""

import pytest

from tolerance.evaluate.check_tables import (
    forecast_rows,
    large_cohort_rows,
    recovery_rows,
    soreness_rows,
)
from tolerance.model.calibration_checks import NAMED_IN_ADVANCE


def test_ours_stands_beside_the_best_of_the_others():
    def entry(value, gain=None):
        return {"log_score": {"value": value}} | ({"model_gain": gain} if gain else {})

    gain = {"gain": -0.01, "standard_error": 0.004}
    scored = {
        "model": entry(0.41) | {"calibration_slope": {"value": 1.1, "low": 0.9, "high": 1.3}},
        "base_rate": entry(0.55, {"gain": 0.14, "standard_error": 0.02}),
        "gradient_boosting": entry(0.40, gain),
    }
    checks = {"comparators": {"stoic_reporters": {"next_week": {"pain_above": scored}}}}
    assert forecast_rows(checks) == [
        (
            "stoic reporters", "next week", "0.410", "0.400 (gradient boosting)", "-0.010 (0.004)",
            "1.10 (0.90 to 1.30)",
        )
    ]  # fmt: skip


def test_kinds_that_were_not_run_are_not_shown():
    found = {"corr": 0.967, "coverage90": 0.912, "n_cohorts": 20}
    none = {"n_simulations": 0}
    rows = recovery_rows({"recovery": {"dense": found}, "sbc": none})
    assert [row[2] for row in rows] == ["0.967", "91.2 %"]
    assert all(row[3] == "20 cohorts" for row in rows)


def test_calibration_shows_what_was_named_in_advance():
    quantities = {name: {"distance": 0.05, "limit": 0.11} for name in NAMED_IN_ADVANCE}
    rows = recovery_rows({"recovery": {}, "sbc": {"n_simulations": 200, "quantities": quantities}})
    assert [row[2] for row in rows] == ["0.050"] * len(NAMED_IN_ADVANCE)
    assert rows[0][3] == "200 simulations"


def test_a_cohort_that_was_not_sampled_says_so():
    of = {"seconds": 120.0, "cpu_seconds": 240.0}
    group = {
        "shift_sd_median": 0.04, "shift_sd_95": 0.11, "shift_sd_max": 0.2, "width_least": 0.93,
        "width_greatest": 1.05,
    }  # fmt: skip
    small = of | {"n_runners": 60, "n_sessions": 5000, "tolerance": group, "shared": group}
    checks = {
        "laplace": {
            "5205": of | {"n_runners": 5205, "n_sessions": 448000},
            "60": small | {"sampled": of},
        }
    }
    sampled, alone = large_cohort_rows(checks)
    assert sampled[1] == "2.0 min (4.0 of a core)"
    assert sampled[3:] == (
        "0.04 (0.11) SD", "0.93 to 1.05", "0.04 (0.20) SD", "0.93 to 1.05",
    )  # fmt: skip
    assert alone[0] == "5,205 runners, 448,000 sessions"
    assert alone[1] == "not run"
    assert alone[3:] == ("–", "–", "–", "–")


@pytest.fixture
def diary():
    score = {"log_score": 0.46, "brier": 0.15, "auc_within": 0.72}
    whole = score | {f"{name}_low": 0.1 for name in score} | {f"{name}_high": 0.9 for name in score}
    others = {
        "base_rate": {"log_score": 0.6, "brier": 0.2, "auc_within": 0.5},
        "person_rate": {"log_score": 0.5, "brier": 0.17, "auc_within": 0.6},
    }
    return {
        "lopo_seq": whole, "lopo_pop": whole, "time": whole,
        "comparators": {"lopo": others, "time": others},
    }  # fmt: skip


def test_more_is_better_for_ranking_only(diary):
    rows = soreness_rows(diary)
    assert rows[0][2:] == ("≤ 0.455", "0.460 (0.100 to 0.900)", "0.500")
    assert rows[2][2:] == ("≥ 0.73", "0.720 (0.100 to 0.900)", "0.600")


def test_without_own_days_rivals_have_none_either(diary):
    rows = [row for row in soreness_rows(diary) if "nothing of their own" in row[0]]
    assert [row[4] for row in rows] == ["0.600", "0.200", "0.500"]
