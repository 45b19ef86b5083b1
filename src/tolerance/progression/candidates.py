"""Weeks that may be considered at all: load multiplier × sessions × split, inside hard bounds.

What is not here is never weighed against a risk: a longest session above 1.10 × the 30-day
longest unless released, a raise where rules forbid one, more than one further session a week.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

from tolerance.config import Dose

__all__ = [
    "SPLITS",
    "Basis",
    "Bounds",
    "WeekShape",
    "candidate_weeks",
    "first_weeks",
    "split_week",
    "with_test_sizes",
]

SPLITS: Final = ("even", "one_long")
"""How a week's minutes are divided: alike, or one session longer by ``Dose.long_share``."""

EPSILON: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What the next week is measured against.

    Attributes
    ----------
    run_minutes : float
        Running of the week that stands; 0 where there is none yet.
    sessions : int
        Runs in it.
    longest_30d_min : float
        Longest running session of the last 30 days; NaN for none.
    """

    run_minutes: float
    sessions: int
    longest_30d_min: float


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Hard limits that rules, record and target set.

    Attributes
    ----------
    factor_max : float
        Of the load multiplier: 1 where no raise is allowed, 0.8 to 0.9 after a bad response.
    min_sessions, max_sessions : int
        Runs a week.
    is_longest_released : bool
        Whether the clinician released the longest session from 1.10 × the 30-day longest.
    target_minutes : float
        Running a week never passes it.
    longest_target_min : float
        Nor a session this; infinite for none.
    """

    factor_max: float
    min_sessions: int
    max_sessions: int
    is_longest_released: bool
    target_minutes: float
    longest_target_min: float


@dataclass(frozen=True, kw_only=True)
class WeekShape:
    """Minutes of running in each session of a week.

    Attributes
    ----------
    multiplier : float
        Over the basis; NaN in a first week.
    split : str
        Of :data:`SPLITS`.
    session_minutes : tuple of float
        In falling order.
    """

    multiplier: float
    split: str
    session_minutes: tuple[float, ...]

    @property
    def run_minutes(self) -> float:
        """Minutes of running in the week."""
        return math.fsum(self.session_minutes)

    @property
    def sessions(self) -> int:
        """Runs in the week."""
        return len(self.session_minutes)


def split_week(
    run_minutes: float, sessions: int, split: str, long_share: float
) -> tuple[float, ...]:
    """Divide a week's minutes, longest session first.

    Parameters
    ----------
    run_minutes : float
    sessions : int
    split : str
        Of :data:`SPLITS`.
    long_share : float
        The long session over each other one.
    """
    if split == "even" or sessions == 1:
        return (run_minutes / sessions,) * sessions
    part = run_minutes / (sessions - 1 + long_share)
    return (part * long_share,) + (part,) * (sessions - 1)


def candidate_weeks(
    basis: Basis, bounds: Bounds, dose: Dose, splits: tuple[str, ...] = SPLITS
) -> tuple[WeekShape, ...]:
    """Return the weeks to choose from, largest first.

    Weeks of equal minutes stand in order of preference: the number of sessions nearest to the
    basis first, then the even split. A week whose longest session would pass its bound is not
    shortened but left out; holding and reducing stay possible always.

    Parameters
    ----------
    basis : Basis
        With running; without, `first_weeks`.
    bounds : Bounds
    dose : Dose
        Section ``dose`` of ``params.yaml``.
    splits : tuple of str
        Of :data:`SPLITS`.
    """
    longest_max = _longest_max(basis, bounds, dose)
    shapes = []
    for multiplier in dose.multipliers:
        if multiplier > bounds.factor_max + EPSILON:
            continue
        minutes = min(multiplier * basis.run_minutes, bounds.target_minutes)
        for sessions in _session_numbers(basis, bounds, dose):
            for split in splits:
                parts = split_week(minutes, sessions, split, dose.long_share)
                if parts[0] <= longest_max + EPSILON:
                    shapes.append(
                        WeekShape(multiplier=multiplier, split=split, session_minutes=parts)
                    )
    return tuple(
        sorted(
            shapes,
            key=lambda s: (
                -round(s.run_minutes, 6),
                abs(s.sessions - basis.sessions),
                SPLITS.index(s.split),
            ),
        )
    )


def first_weeks(bounds: Bounds, dose: Dose) -> tuple[WeekShape, ...]:
    """Return first weeks after no running in 30 days, largest first (R70, R76).

    Parameters
    ----------
    bounds : Bounds
    dose : Dose
    """
    sessions = min(max(dose.first_sessions, bounds.min_sessions), bounds.max_sessions)
    fewer = max(min(bounds.min_sessions, sessions), 1)
    shapes = [
        WeekShape(multiplier=math.nan, split="even", session_minutes=(minutes,) * n)
        for minutes in dose.first_session_minutes
        for n in {sessions, fewer}
        if minutes <= bounds.longest_target_min + EPSILON
        and minutes * n <= bounds.target_minutes + EPSILON
    ]
    return tuple(sorted(shapes, key=lambda s: (-round(s.run_minutes, 6), -s.sessions)))


def with_test_sizes(
    shapes: tuple[WeekShape, ...], basis: Basis, bounds: Bounds, dose: Dose
) -> tuple[WeekShape, ...]:
    """Return candidates for runs below the size of a first test, largest first.

    A tenth or two fifths of a run of one or two minutes is no step at all, and the runner would
    stay there. First weeks up to the size of a first test stand beside, to be weighed by every
    limit of the model.

    Parameters
    ----------
    shapes : tuple of WeekShape
        Of `candidate_weeks`.
    basis : Basis
    bounds : Bounds
    dose : Dose
    """
    larger = [
        replace(shape, multiplier=shape.run_minutes / basis.run_minutes)
        for shape in first_weeks(bounds, dose)
        if shape.session_minutes[0] <= dose.first_test_minutes + EPSILON
        and basis.run_minutes < shape.run_minutes <= bounds.factor_max * basis.run_minutes + EPSILON
    ]
    return tuple(sorted((*larger, *shapes), key=lambda s: -round(s.run_minutes, 6)))


def _longest_max(basis: Basis, bounds: Bounds, dose: Dose) -> float:
    """Return the greatest minutes of a single session."""
    limit = bounds.longest_target_min
    if not bounds.is_longest_released and not math.isnan(basis.longest_30d_min):
        limit = min(limit, dose.longest_ratio_max * basis.longest_30d_min)
    return limit


def _session_numbers(basis: Basis, bounds: Bounds, dose: Dose) -> range:
    """Return how many runs a week may have: one step from the basis, in the order chosen.

    S4 raises volume first and frequency after it; S1 raises duration, then intensity, then
    frequency (R18, R78). In both, frequency waits until sessions are long enough.
    """
    low = max(bounds.min_sessions, min(basis.sessions - 1, bounds.max_sessions), 1)
    high = max(min(basis.sessions + 1, bounds.max_sessions), low)
    per_session = basis.run_minutes / max(basis.sessions, 1)
    if per_session < dose.volume_first_minutes:
        high = max(min(high, max(basis.sessions, dose.first_sessions)), low)
    return range(low, high + 1)
