"""What the coming week is expected to do, in the form that pages read."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tolerance.anatomy import Unit
from tolerance.clinic.content import Interval, RiskLine
from tolerance.model.predict import forecast_weeks
from tolerance.model.runner import RunnerState
from tolerance.progression.plan_types import Plan, Range

__all__ = [
    "WeekOutlook",
    "interval",
    "outlook_of",
    "percent_interval",
    "risk_lines",
]

type Floats = NDArray[np.float64]

DAYS_PER_WEEK: Final = 7
RANGE: Final = (5.0, 95.0)
"""Percentiles of every range that is printed: 90 %."""
Z90: Final = 1.645
"""Half-width of a 90 % interval in standard deviations."""
WHAT_IFS: Final = (("The plan", 1.0), ("What if A", 1.2), ("What if B", 0.8))
"""Weeks that are compared, as a factor on the planned minutes."""


@dataclass(frozen=True, kw_only=True)
class WeekOutlook:
    """What a planned week is expected to do.

    Attributes
    ----------
    ceiling_rr : dict of Unit to Interval
        Load of the ceiling.
    risks : tuple of RiskLine
    what_ifs : tuple of str
    pain_of_100 : Interval or None
    """

    ceiling_rr: dict[Unit, Interval]
    risks: tuple[RiskLine, ...]
    what_ifs: tuple[str, ...]
    pain_of_100: Interval | None


def interval(draws: Floats, digits: int = 1) -> Interval:
    """Return mean and 90 % range of draws."""
    low, high = np.percentile(draws, RANGE)
    return Interval(
        value=round(float(np.mean(draws)), digits),
        low=round(float(low), digits),
        high=round(float(high), digits),
    )


def percent_interval(draws: Floats) -> Interval:
    """Return probabilities as expected numbers of 100."""
    return interval(100.0 * np.asarray(draws, np.float64))


def risk_lines(
    state: RunnerState,
    what: str,
    week_rr: Floats,
    week_log_sd: Floats,
    exposed: NDArray[np.bool_],
    pain_limit: Floats,
    horizons: tuple[tuple[str, int], ...],
) -> tuple[RiskLine, ...]:
    """Return same-tissue reinjuries of 100 if one week were repeated.

    Parameters
    ----------
    state : RunnerState
    what : str
        Name of the week.
    week_rr, week_log_sd : (7, U) arrays
    exposed : (7,) bool array
    pain_limit : (U,) array
    horizons : tuple of (str, int)
        Words, and number of weeks.
    """
    lines = []
    for words, weeks in horizons:
        predicted = forecast_weeks(
            state,
            np.tile(week_rr, (weeks, 1))[None],
            np.tile(week_log_sd, (weeks, 1))[None],
            np.tile(exposed, weeks)[None],
            pain_limit,
        )
        injured = predicted.risk_unit[0][:, np.asarray(state.is_index, np.bool_)]
        risk = injured[:, int(np.argmax(injured.mean(axis=0)))]
        lines.append(RiskLine(what=what, horizon=words, of_100=percent_interval(risk)))
    return tuple(lines)


def outlook_of(plan: Plan, state: RunnerState, target_weeks: int) -> WeekOutlook | None:
    """Return what a plan is expected to do; None where it holds no dose of the model.

    Each week is repeated up to its horizon. Risks are those of the injured tissue where they are
    greatest. What-if A and B are the planned runs, all longer or all shorter by a fifth.

    Parameters
    ----------
    plan : Plan
    state : RunnerState
    target_weeks : int
        Weeks to the target.
    """
    if plan.basis != "model" or not plan.units or plan.run_minutes <= 0.0:
        return None
    minutes = np.zeros(DAYS_PER_WEEK)
    for session in plan.sessions:
        ahead = (session.day - plan.start).days
        if session.activity == "running" and 0 <= ahead < DAYS_PER_WEEK:
            minutes[ahead] += session.run_minutes
    exposed = minutes > 0.0
    if not exposed.any():
        return None
    place = {unit: index for index, unit in enumerate(state.units)}
    limits, damage, log_sd = (np.zeros(len(state.units)) for _ in range(3))
    for one in plan.units:
        index = place[one.unit]
        limits[index] = one.pain_limit
        damage[index] = one.damage_rr.value
        log_sd[index] = _log_sd(one.damage_rr)
    share = (minutes / minutes.sum())[:, None]
    horizons = (("the next 4 weeks", 4), (f"{target_weeks} weeks, to the target", target_weeks))
    risks: list[RiskLine] = []
    for name, factor in WHAT_IFS:
        week = share * damage * factor
        spread = np.broadcast_to(log_sd, week.shape)
        risks += risk_lines(state, name, week, spread, exposed, limits, horizons)
    injured = [one for one in plan.units if one.is_index]
    worst = max(injured, key=lambda one: one.pain_of_100.value, default=None)
    return WeekOutlook(
        ceiling_rr={one.unit: _of_range(one.damage_rr, 2) for one in plan.units},
        risks=tuple(risks),
        what_ifs=tuple(
            f"{name}: the same runs, together {factor * plan.run_minutes:.0f} minutes."
            for name, factor in WHAT_IFS[1:]
        ),
        pain_of_100=None if worst is None else _of_range(worst.pain_of_100),
    )


def _log_sd(value: Range) -> float:
    if value.low <= 0.0 or value.high <= value.low:
        return 0.0
    return float(np.log(value.high / value.low)) / (2.0 * Z90)


def _of_range(value: Range, digits: int = 1) -> Interval:
    return Interval(
        value=round(value.value, digits),
        low=round(value.low, digits),
        high=round(value.high, digits),
    )
