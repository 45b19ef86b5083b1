"""Minutes to repetitions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tolerance.progression.published import DUNNE
from tolerance.progression.run_walk import CONTINUOUS, LADDER, repetitions, rung_of


@pytest.mark.rule("R76")
def test_ten_minutes_on_the_first_rung_are_the_published_first_row():
    first = repetitions(10.0, 0)
    assert (first.times, first.run_min, first.walk_min) == (10, 1.0, 1.0)
    assert first.words == "10 × (1 min run, 1 min walk)"


def test_the_ladder_is_the_published_plan_s():
    cycles = [row.cycles[0] for row in DUNNE.rows]
    assert [(c.run, c.walk) for c in cycles[:8]] == [(r.run_min, r.walk_min) for r in LADDER[:8]]


@given(minutes=st.floats(0.0, 200.0), rung=st.integers(0, CONTINUOUS))
def test_never_more_than_asked_and_little_less(minutes, rung):
    found = repetitions(minutes, rung)
    assert found.run_total_min <= minutes + 1e-9
    assert found.run_min <= LADDER[rung].run_min
    assert minutes - found.run_total_min <= max(0.15 * minutes, 1.0)


def test_minutes_that_do_not_divide_are_shared_out_where_that_keeps_more():
    assert repetitions(33.0, 6).words == "4 × (8 min 15 s run, 1 min walk)"
    assert repetitions(10.7, 0).times == 10


def test_what_fits_into_one_stretch_has_no_walk():
    assert repetitions(20.0, CONTINUOUS).words == "20 min run"
    assert repetitions(0.75, 0).words == "45 s run"
    assert repetitions(27.5, CONTINUOUS).words == "27.5 min run"
    assert repetitions(4.0, 5).walk_total_min == 0.0
    assert repetitions(0.1, 0).times == 0


@pytest.mark.parametrize(
    ("stretch", "rung"), [(math.nan, 0), (0.5, 0), (1.0, 0), (2.9, 2), (12.0, 6), (25.0, 8)]
)
def test_the_rung_follows_from_the_longest_stretch(stretch, rung):
    assert rung_of(stretch) == rung


@pytest.mark.parametrize(("minutes", "rung"), [(-1.0, 0), (math.nan, 0), (10.0, 9)])
def test_nonsense_is_refused(minutes, rung):
    with pytest.raises(ValueError, match="expected 0 or more"):
        repetitions(minutes, rung)
