"""Weeks that may be considered."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.params import load_params
from tolerance.progression.candidates import (
    Basis,
    Bounds,
    candidate_weeks,
    first_weeks,
    split_week,
    with_test_sizes,
)

DOSE = load_params(Path(__file__).resolve().parents[4] / "params.yaml").dose


def bounds(**changes):
    free = {
        "factor_max": 2.0,
        "min_sessions": 2,
        "max_sessions": 6,
        "is_longest_released": False,
        "target_minutes": 1000.0,
        "longest_target_min": math.inf,
    }
    return Bounds(**(free | changes))


def basis(run_minutes=90.0, sessions=3, longest=30.0):
    return Basis(run_minutes=run_minutes, sessions=sessions, longest_30d_min=longest)


@given(
    minutes=st.floats(5.0, 400.0),
    sessions=st.integers(1, 6),
    longest=st.floats(1.0, 100.0),
    factor=st.sampled_from([0.8, 0.9, 1.0, 1.4]),
)
def test_no_candidate_leaves_its_bounds(minutes, sessions, longest, factor):
    limits = bounds(factor_max=factor, max_sessions=5)
    for week in candidate_weeks(basis(minutes, sessions, longest), limits, DOSE):
        assert max(week.session_minutes) <= 1.10 * longest + 1e-6
        assert week.run_minutes <= factor * minutes + 1e-6
        assert 1 <= week.sessions <= 5
        assert week.sessions <= max(sessions + 1, 3)


@given(minutes=st.floats(1.0, 400.0), sessions=st.integers(1, 7))
def test_a_split_keeps_the_minutes(minutes, sessions):
    for split in ("even", "one_long"):
        parts = split_week(minutes, sessions, split, 1.5)
        assert math.fsum(parts) == pytest.approx(minutes)
        assert list(parts) == sorted(parts, reverse=True)
    if sessions > 1:
        assert parts[0] == pytest.approx(1.5 * parts[1])


def test_the_largest_comes_first_and_ties_change_the_frequency_least():
    weeks = candidate_weeks(basis(), bounds(), DOSE)
    minutes = [round(week.run_minutes, 6) for week in weeks]
    assert minutes == sorted(minutes, reverse=True)
    holding = [week for week in weeks if week.multiplier == 1.0]
    assert holding[0].sessions == 3
    assert holding[0].split == "even"


def test_a_released_longest_session_may_pass_the_30_day_longest():
    held = candidate_weeks(basis(), bounds(max_sessions=3), DOSE)
    released = candidate_weeks(basis(), bounds(max_sessions=3, is_longest_released=True), DOSE)
    assert max(w.session_minutes[0] for w in held) == pytest.approx(33.0)
    assert max(w.session_minutes[0] for w in released) > 50.0


@pytest.mark.rule("R78")
def test_volume_comes_before_frequency():
    short = candidate_weeks(basis(45.0, 3, 15.0), bounds(), DOSE)
    long = candidate_weeks(basis(105.0, 3, 35.0), bounds(), DOSE)
    assert max(week.sessions for week in short) == 3
    assert max(week.sessions for week in long) == 4


@pytest.mark.rule("R35")
def test_after_a_bad_response_only_reductions_are_left():
    weeks = candidate_weeks(basis(), bounds(factor_max=0.9), DOSE)
    assert weeks[0].run_minutes == pytest.approx(81.0)
    assert {round(week.multiplier, 2) for week in weeks} == {0.6, 0.7, 0.8, 0.9}


def test_the_target_is_never_passed():
    weeks = candidate_weeks(basis(), bounds(target_minutes=92.0), DOSE)
    assert weeks[0].run_minutes == pytest.approx(92.0)


@pytest.mark.rule("R76")
@pytest.mark.rule("R16")
def test_first_weeks_start_low_and_hold_the_published_first_row():
    weeks = first_weeks(bounds(), DOSE)
    assert weeks[0].run_minutes <= 60.0
    assert weeks[-1].run_minutes == pytest.approx(2.0)
    assert {week.sessions for week in weeks} == {2, 3}
    assert any(week.session_minutes == (10.0, 10.0, 10.0) for week in weeks)


def test_a_first_week_stays_within_a_small_target():
    assert first_weeks(bounds(target_minutes=20.0), DOSE)[0].run_minutes <= 20.0


@pytest.mark.rule("A16")
@given(minutes=st.floats(2.0, 12.0), factor=st.sampled_from([0.9, 1.0, 1.4, math.inf]))
def test_weeks_below_a_first_test_may_rise_to_it_and_no_rule_is_passed(minutes, factor):
    stands, limits = basis(minutes, 3, minutes / 3), bounds(factor_max=factor, max_sessions=3)
    usual = candidate_weeks(stands, limits, DOSE)
    weeks = with_test_sizes(usual, stands, limits, DOSE)
    assert set(usual) <= set(weeks)
    totals = [round(week.run_minutes, 6) for week in weeks]
    assert totals == sorted(totals, reverse=True)
    added = [week for week in weeks if week not in usual]
    for week in added:
        assert week.session_minutes[0] <= DOSE.first_test_minutes
        assert minutes < week.run_minutes <= factor * minutes + 1e-6
        assert week.multiplier == pytest.approx(week.run_minutes / minutes)
    if factor == math.inf:
        assert weeks[0].run_minutes == pytest.approx(3 * DOSE.first_test_minutes)
