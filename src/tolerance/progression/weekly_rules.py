"""Common rules that set next week's load from past weeks and the last responses.

Comparators of the in-silico trial. Loads are weekly sums, newest last, in any unit (minutes,
reference runs); pain is the worst of the week, 0 to 10.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "ACWR_CEILING",
    "ONTRACX_GROWTH",
    "ONTRACX_PAIN_HOLD",
    "SORE_AFTER",
    "SORE_DURING",
    "SORE_WARM_UP",
    "TEN_PERCENT",
    "acwr_ceiling",
    "ontracx",
    "pain_step",
    "soreness_move",
    "ten_percent",
]

TEN_PERCENT: Final = 0.10
"""Growth of the 10 % rule (R37); no effect found in a trial of it (pubmed 17940147)."""

ACWR_CEILING: Final = 1.3
"""Usual ceiling of last week over the mean of the last four, itself included. The ratio showed no
dose-response of the expected sign in RUNSAFE (science table B4)."""

ACWR_WEEKS: Final = 4

ONTRACX_GROWTH: Final = {"low": 0.08, "medium": 0.15, "high": 0.20}
"""OnTracx's public rule: growth a week against the mean of the previous three, by tolerance."""

ONTRACX_WEEKS: Final = 3

ONTRACX_PAIN_HOLD: Final = 4.0
"""Pain above this holds the load (same rule)."""

SORE_WARM_UP: Final = -1
SORE_DURING: Final = -1
SORE_AFTER: Final = 0
"""Levels moved by Delaware's soreness rules (orthopedicsri.com, chopib): sore in the warm-up, two
days off and down one; sore during the session, one day off and down one; sore after, stay."""


def ten_percent(last_week: float) -> float:
    """Return last week's load and a tenth."""
    return (1.0 + TEN_PERCENT) * last_week


def acwr_ceiling(past_weeks: ArrayLike, ceiling: float = ACWR_CEILING) -> float:
    """Return the largest next week whose acute to chronic ratio stays at the ceiling.

    With x the next week and s the sum of the three before it, x / ((x + s) / 4) = ceiling gives
    x = ceiling × s / (4 − ceiling).

    Parameters
    ----------
    past_weeks : array_like
        At least one; fewer than three are filled up with the oldest known week.
    ceiling : float
        Below 4, else nothing bounds x.
    """
    if not 0.0 < ceiling < ACWR_WEEKS:
        raise ValueError(f"ceiling: received {ceiling}, expected above 0 and below {ACWR_WEEKS}")
    before = _last(past_weeks, ACWR_WEEKS - 1)
    return float(ceiling * before.sum() / (ACWR_WEEKS - ceiling))


def ontracx(past_weeks: ArrayLike, tolerance: str, worst_pain: float) -> float:
    """Return next week by OnTracx's public rule; above pain 4 last week's load is held.

    Parameters
    ----------
    past_weeks : array_like
        At least one; fewer than three are filled up with the oldest known week.
    tolerance : str
        ``low``, ``medium`` or ``high``.
    worst_pain : float
        NaN where none was reported: the rule then goes on.
    """
    if tolerance not in ONTRACX_GROWTH:
        raise ValueError(
            f"tolerance: received {tolerance!r}, expected one of {', '.join(ONTRACX_GROWTH)}"
        )
    before = _last(past_weeks, ONTRACX_WEEKS)
    if worst_pain > ONTRACX_PAIN_HOLD:
        return float(before[-1])
    return float((1.0 + ONTRACX_GROWTH[tolerance]) * before.mean())


def pain_step(last_week: float, up: float, down: float, *, tolerated: bool) -> float:
    """Return last week's load raised where it was tolerated (R38), lowered where not.

    Parameters
    ----------
    last_week : float
    up, down : float
        Fractions: 0.10 and 0.15 raise by 10 % and lower by 15 %.
    tolerated : bool
        Pain within its limit, and settled within a day.
    """
    return last_week * (1.0 + up if tolerated else 1.0 - down)


def soreness_move(*, in_warm_up: bool, during: bool, after: bool) -> tuple[int, int]:
    """Return levels to move and days off by Delaware's soreness rules.

    No soreness at all moves up one level.
    """
    if in_warm_up:
        return SORE_WARM_UP, 2
    if during:
        return SORE_DURING, 1
    if after:
        return SORE_AFTER, 0
    return 1, 0


def _last(past_weeks: ArrayLike, n_weeks: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the last weeks, the oldest known one standing for those before it."""
    weeks = np.atleast_1d(np.asarray(past_weeks, np.float64))
    if weeks.size == 0:
        raise ValueError("past_weeks: received none, expected at least one week")
    missing = max(n_weeks - weeks.size, 0)
    return np.concatenate((np.full(missing, weeks[0]), weeks))[-n_weeks:]
