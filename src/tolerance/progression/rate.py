"""Rate of progression, date of the target, and how much of the dose is the prior's.

All three ask, draw by draw, what would stay inside the limits if the tissues were as that draw
says. The spread over draws is what is not known of the runner. They inform a plan, set no dose.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tolerance.config import Dose
from tolerance.model.predict import forecast, forecast_weeks, weekly_risk
from tolerance.model.runner import RunnerState, tissue_index
from tolerance.progression.plan_types import Goal, Range, Rate
from tolerance.progression.weigh import DAYS_PER_WEEK, DoseLimits

__all__ = ["WeekLoad", "injured_only", "progression_rates", "target_date", "with_time_constant"]

type Floats = NDArray[np.float64]
type Bools = NDArray[np.bool_]

INTERVAL: Final = (0.1, 0.5, 0.9)
"""Quantiles of rates and dates: median and 80 %."""

GROWTH_GRID: Final = np.round(np.arange(-0.50, 0.505, 0.05), 2)
"""Weekly growth of log load that is tried: from −39 to +65 % a week."""

PATH_GRID: Final = np.array([0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.0953])
"""Weekly growth of log load on the way to a target; the last is 10 % a week, what a longest session
of 1.10 times the 30-day longest allows."""

HORIZON_WEEKS: Final = 52
STOPS: Final = ("pain", "settling", "weekly_risk")


@dataclass(frozen=True)
class WeekLoad:
    """A week as the forecast reads it.

    Attributes
    ----------
    damage_rr, damage_log_sd : (7, U) arrays
    exposed : (7,) bool array
    pain_limit : (U,) array
    """

    damage_rr: Floats
    damage_log_sd: Floats
    exposed: Bools
    pain_limit: Floats

    def of_units(self, kept: Bools) -> "WeekLoad":
        """Return the week of some of the units."""
        return WeekLoad(
            self.damage_rr[:, kept],
            self.damage_log_sd[:, kept],
            self.exposed,
            self.pain_limit[kept],
        )


def injured_only(state: RunnerState) -> RunnerState:
    """Return the state of the injured units alone."""
    kept = np.asarray(state.is_index, np.bool_)
    by_draw = ("log_tolerance", "deficit", "fatigue_rr", "fatigue_log_var", "chronic_rr")
    by_unit = ("is_index", "days_since_injury", "healing_factor", "n_reports", "is_personal")
    return replace(
        state,
        units=tuple(unit for unit, keep in zip(state.units, kept, strict=True) if keep),
        **{name: getattr(state, name)[:, kept] for name in by_draw},
        **{name: getattr(state, name)[kept] for name in by_unit},
    )


def progression_rates(
    state: RunnerState, week: WeekLoad, limits: DoseLimits, dose: Dose
) -> tuple[Rate, ...]:
    """Return, for each injured unit, the largest weekly growth that stays inside the limits.

    Parameters
    ----------
    state : RunnerState
        Of the injured units alone.
    week : WeekLoad
        That growth starts from.
    limits : DoseLimits
    dose : Dose
        ``rate_weeks``.
    """
    n_weeks = dose.rate_weeks
    steps = np.repeat(np.arange(1, n_weeks + 1), DAYS_PER_WEEK)
    growth = np.exp(GROWTH_GRID[:, None] * steps[None, :])
    damage = np.tile(week.damage_rr, (n_weeks, 1))[None] * growth[:, :, None]
    runs = np.broadcast_to(np.tile(week.exposed, n_weeks), damage.shape[:2])
    log_sd = np.tile(week.damage_log_sd, (n_weeks, 1))
    predicted = forecast_weeks(state, damage, log_sd, runs, week.pain_limit)
    # The caps of single weeks compound over the period.
    period_cap = 1.0 - (1.0 - limits.weekly_risk) ** n_weeks
    broken = np.stack(
        (
            predicted.pain_above > limits.pain_probability,
            predicted.not_settled > limits.unsettled_probability,
            predicted.risk_unit > period_cap,
        )
    )
    return tuple(_rate(state, u, broken[:, :, :, u]) for u in range(len(state.units)))


def _rate(state: RunnerState, u: int, broken: Bools) -> Rate:
    """Return one unit's rate from what breaks at each growth: (limit, growth, draw)."""
    feasible = ~broken.any(axis=0)
    # More load is never better, so the largest feasible growth is where feasibility ends.
    n_feasible = np.cumprod(feasible, axis=0).sum(axis=0)
    growth = np.where(n_feasible > 0, GROWTH_GRID[np.maximum(n_feasible - 1, 0)], GROWTH_GRID[0])
    low, middle, high = (float(np.expm1(q)) for q in np.quantile(growth, INTERVAL))
    stopped = np.flatnonzero(n_feasible < len(GROWTH_GRID))
    binds = ""
    if stopped.size:
        first = broken[:, n_feasible[stopped], stopped]
        binds = STOPS[int(np.argmax(first.sum(axis=1)))]
    return Rate(
        unit=state.units[u],
        weekly_growth=Range(middle, low, high),
        is_open_above=bool(np.quantile(n_feasible, INTERVAL[2]) >= len(GROWTH_GRID)),
        binds=binds,
    )


def target_date(
    state: RunnerState,
    week: WeekLoad,
    run_minutes: float,
    target_minutes: float,
    limits: DoseLimits,
    start: date,
) -> Goal:
    """Return when the target may be reached, if load grows steadily and stays inside the limits.

    Each draw takes the fastest of a few steady rates that breaks no limit until the target is
    reached; where none does, the target is out of reach for a year.

    Parameters
    ----------
    state : RunnerState
        Of the injured units alone.
    week : WeekLoad
        This week.
    run_minutes, target_minutes : float
        Of this week and of the target.
    limits : DoseLimits
    start : date
        First day of this week.
    """
    weeks = np.full(state.n_draws, np.inf)
    step = np.log(max(target_minutes / run_minutes, 1.0))
    for growth in PATH_GRID:
        n_weeks = int(np.ceil(step / growth)) + 1
        if n_weeks > HORIZON_WEEKS:
            continue
        factor = np.minimum(np.exp(growth * np.arange(n_weeks)), np.exp(step))
        damage = (week.damage_rr[None] * factor[:, None, None]).reshape(-1, len(state.units))
        predicted = forecast(
            state,
            damage,
            np.tile(week.damage_log_sd, (n_weeks, 1)),
            np.tile(week.exposed, n_weeks),
            week.pain_limit,
        )
        broken = (predicted.pain_above > limits.pain_probability).any(axis=(1, 2))
        broken |= (predicted.not_settled > limits.unsettled_probability).any(axis=(1, 2))
        broken |= (weekly_risk(predicted) > limits.weekly_risk).any(axis=1)
        weeks = np.where(broken, weeks, float(n_weeks))
    quantiles = [float(q) for q in np.quantile(weeks, INTERVAL, method="inverted_cdf")]
    dates = [_date_after(start, q) for q in quantiles]
    reached = 100.0 * float(np.isfinite(weeks).mean())
    return Goal(
        target_minutes=target_minutes,
        earliest=dates[0],
        likely=dates[1],
        latest=dates[2],
        reached_of_100=reached,
        sentence=_goal_words(target_minutes, quantiles, reached),
    )


def _date_after(start: date, weeks: float) -> date | None:
    return start + timedelta(weeks=int(weeks) - 1) if np.isfinite(weeks) else None


def _goal_words(target_minutes: float, quantiles: list[float], reached: float) -> str:
    what = f"{target_minutes:.0f} min of running a week"
    if not np.isfinite(quantiles[0]):
        return f"{what} is not in sight within a year on what is known now."
    first = f"week {quantiles[0]:.0f}"
    last = f"week {quantiles[2]:.0f}" if np.isfinite(quantiles[2]) else "later than a year"
    span = f"in {first}" if first == last else f"between {first} and {last}"
    return (
        f"{what} may be reached {span} from now; of 100 possibilities that fit what is known, "
        f"{reached:.0f} reach it within a year. This is no promise."
    )


def with_time_constant(state: RunnerState, name: str, probability: float) -> RunnerState:
    """Return the state with one time constant of each unit's tissue at a quantile of its draws.

    Parameters
    ----------
    state : RunnerState
    name : str
        ``adaptation`` or ``healing``.
    probability : float
    """
    field = {"adaptation": "tau_adaptation_d", "healing": "tau_healing_d"}[name]
    values: Floats = getattr(state.population, field).copy()
    for k in np.unique(tissue_index(state.units)):
        values[:, k] = np.quantile(values[:, k], probability)
    changed: dict[str, Any] = {field: values}
    return replace(state, population=replace(state.population, **changed))
