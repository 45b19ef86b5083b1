"""Days of the runs."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tolerance.progression.schedule import WEEKDAYS, most_runs, next_week, run_days, weekday

TODAY = date(2026, 6, 15)  # a Monday
WEEK = next_week(TODAY)
FREE = {"free_days": WEEKDAYS, "longest_run_day": None, "last_run": None}


def test_a_plan_is_for_the_seven_days_from_tomorrow():
    assert (WEEK[0], len(WEEK)) == (date(2026, 6, 16), 7)
    assert [weekday(day) for day in WEEK] == ["tue", "wed", "thu", "fri", "sat", "sun", "mon"]


@given(
    sessions=st.integers(1, 7),
    free=st.sets(st.sampled_from(WEEKDAYS), min_size=1),
    ago=st.integers(0, 5),
)
def test_runs_keep_a_day_between_and_fall_on_free_days(sessions, free, ago):
    days = run_days(
        WEEK,
        sessions,
        free_days=tuple(free),
        longest_run_day="sat",
        is_consecutive_allowed=False,
        last_run=TODAY - timedelta(days=ago),
    )
    assert len(days) <= sessions
    assert {weekday(day) for day in days} <= free
    assert all((b - a).days >= 2 for a, b in pairwise((TODAY - timedelta(days=ago), *days)))


def test_three_runs_are_spread_and_include_the_longest_run_day():
    days = run_days(WEEK, 3, is_consecutive_allowed=False, **(FREE | {"longest_run_day": "sat"}))
    assert "sat" in {weekday(day) for day in days}
    assert [(b - a).days for a, b in pairwise(days)] == [2, 2]


def test_consecutive_days_are_used_only_where_they_are_allowed():
    only = FREE | {"free_days": ("sat", "sun")}
    assert len(run_days(WEEK, 2, is_consecutive_allowed=False, **only)) == 1
    assert len(run_days(WEEK, 2, is_consecutive_allowed=True, **only)) == 2


@pytest.mark.rule("R40")
def test_after_heavy_calf_work_the_first_run_waits():
    days = run_days(WEEK, 3, is_consecutive_allowed=False, **FREE, not_before=date(2026, 6, 18))
    assert min(days) >= date(2026, 6, 18)


def test_most_runs_counts_what_fits():
    facts = {"is_consecutive_allowed": False, "last_run": None}
    assert most_runs(WEEK, free_days=WEEKDAYS, **facts) == 4
    assert most_runs(WEEK, free_days=("wed",), **facts) == 1
    assert most_runs(WEEK, free_days=(), **facts) == 0
