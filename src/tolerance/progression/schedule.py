"""Which days of the week the runs fall on: free days, days between, the longest-run day."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import combinations, pairwise
from typing import Final

__all__ = ["WEEKDAYS", "most_runs", "next_week", "run_days", "weekday"]

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS_PER_WEEK: Final = 7


def weekday(day: date) -> str:
    """Return a date's day of the week as the record writes it."""
    return WEEKDAYS[day.weekday()]


def next_week(today: date) -> tuple[date, ...]:
    """Return the seven days that a plan of today is for: from tomorrow on."""
    return tuple(today + timedelta(days=ahead) for ahead in range(1, DAYS_PER_WEEK + 1))


def run_days(
    week: Sequence[date],
    sessions: int,
    *,
    free_days: Sequence[str],
    longest_run_day: str | None,
    is_consecutive_allowed: bool,
    last_run: date | None,
    not_before: date | None = None,
) -> tuple[date, ...]:
    """Return the days of so many runs, or fewer where no more fit.

    The smallest gap between runs is made as large as it can be, the week after taken to repeat
    this one; among equals the longest-run day is in, then the earliest days.

    Parameters
    ----------
    week : sequence of date
    sessions : int
    free_days : sequence of str
    longest_run_day : str or None
    is_consecutive_allowed : bool
        Else a day without running lies between any two runs (R16).
    last_run : date or None
        The last run before the week: the gap counts from it too.
    not_before : date or None
        First day that a run may be on (heavy calf work, R40).
    """
    usable = [
        day
        for day in week
        if weekday(day) in free_days and (not_before is None or day >= not_before)
    ]
    for n in range(min(sessions, len(usable)), 0, -1):
        best = _best(week, usable, n, longest_run_day, is_consecutive_allowed, last_run)
        if best:
            return best
    return ()


def most_runs(
    week: Sequence[date],
    *,
    free_days: Sequence[str],
    is_consecutive_allowed: bool,
    last_run: date | None,
    not_before: date | None = None,
) -> int:
    """Return how many runs fit into the week."""
    return len(
        run_days(
            week,
            DAYS_PER_WEEK,
            free_days=free_days,
            longest_run_day=None,
            is_consecutive_allowed=is_consecutive_allowed,
            last_run=last_run,
            not_before=not_before,
        )
    )


def _best(
    week: Sequence[date],
    usable: Sequence[date],
    n: int,
    longest_run_day: str | None,
    is_consecutive_allowed: bool,
    last_run: date | None,
) -> tuple[date, ...]:
    """Return the best choice of exactly n days; empty where none is allowed."""
    least_gap = 1 if is_consecutive_allowed else 2
    scored = []
    for chosen in combinations(usable, n):
        inside = [(b - a).days for a, b in pairwise(chosen)]
        before = [(chosen[0] - last_run).days] if last_run is not None else []
        if min([*inside, *before], default=DAYS_PER_WEEK) < least_gap:
            continue
        around = (chosen[0] - chosen[-1]).days + DAYS_PER_WEEK
        has_longest = any(weekday(day) == longest_run_day for day in chosen)
        gap = min([*inside, around])
        scored.append((-int(gap >= least_gap), -int(has_longest), -gap, chosen))
    return min(scored)[-1] if scored else ()
