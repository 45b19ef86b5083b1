"""Common weekly rules against their own definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tolerance.progression.weekly_rules import (
    acwr_ceiling,
    ontracx,
    pain_step,
    soreness_move,
    ten_percent,
)

LOADS = st.lists(st.floats(0.1, 100.0), min_size=1, max_size=8)


@pytest.mark.rule("R37")
def test_ten_percent_is_a_tenth_more():
    assert ten_percent(40.0) == pytest.approx(44.0)


@given(weeks=LOADS)
def test_the_week_at_the_ceiling_has_that_ratio(weeks):
    following = acwr_ceiling(weeks)
    four = [*[*([weeks[0]] * 3), *weeks][-3:], following]
    assert following / np.mean(four) == pytest.approx(1.3)


def test_a_ceiling_that_bounds_nothing_is_refused():
    with pytest.raises(ValueError, match="below 4"):
        acwr_ceiling([10.0], 4.0)


@pytest.mark.parametrize(("tolerance", "growth"), [("low", 1.08), ("medium", 1.15), ("high", 1.2)])
def test_ontracx_grows_against_the_mean_of_three_weeks(tolerance, growth):
    assert ontracx([99.0, 20.0, 30.0, 40.0], tolerance, 2.0) == pytest.approx(growth * 30.0)
    assert ontracx([20.0, 30.0, 40.0], tolerance, 4.0) == pytest.approx(growth * 30.0)


def test_ontracx_holds_above_pain_four_and_goes_on_where_nothing_was_said():
    assert ontracx([20.0, 30.0, 40.0], "high", 4.5) == 40.0
    assert ontracx([30.0], "low", np.nan) == pytest.approx(32.4)


def test_an_unknown_tolerance_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="low, medium, high"):
        ontracx([30.0], "average", 0.0)


def test_no_past_week_is_refused():
    with pytest.raises(ValueError, match="at least one week"):
        acwr_ceiling([])


def test_pain_step_goes_up_or_down():
    assert pain_step(100.0, 0.10, 0.15, tolerated=True) == pytest.approx(110.0)
    assert pain_step(100.0, 0.10, 0.15, tolerated=False) == pytest.approx(85.0)


@pytest.mark.parametrize(
    ("sore", "move"),
    [
        ((True, True, True), (-1, 2)),
        ((False, True, True), (-1, 1)),
        ((False, False, True), (0, 0)),
        ((False, False, False), (1, 0)),
    ],
)
def test_soreness_moves_as_published(sore, move):
    warm_up, during, after = sore
    assert soreness_move(in_warm_up=warm_up, during=during, after=after) == move
