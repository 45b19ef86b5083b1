"""Candidate weeks against their limits: the largest week that stays inside all of them.

A week is weighed over posterior draws and over what is not known of its load. Limits of pain and
settling are mean probabilities in the worst session, the weekly risk is bounded in most draws
(overdose control), the risk to the target date in the mean. Limits hold for each injured unit on
its own, so the strictest binds (A08); units that are not injured are forecast, not limited, because
their tolerance is a prior.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tolerance.anatomy import Unit
from tolerance.config import Dose
from tolerance.model.predict import forecast_weeks
from tolerance.model.runner import RunnerState

__all__ = [
    "DAYS_PER_WEEK",
    "LIMIT_NAMES",
    "Choice",
    "DoseLimits",
    "Excess",
    "Weighed",
    "choose_week",
    "risk_to_target",
    "weigh_weeks",
    "worst_excess",
]

type Floats = NDArray[np.float64]
type Bools = NDArray[np.bool_]

DAYS_PER_WEEK: Final = 7

LIMIT_NAMES: Final = ("pain", "settling", "weekly_risk", "target_risk")
"""Limits that a week can break, in the order of :attr:`Weighed.levels`."""


@dataclass(frozen=True, kw_only=True)
class DoseLimits:
    """What a week may cost; see :class:`tolerance.config.Dose`.

    Attributes
    ----------
    pain_probability, unsettled_probability : float
        Greatest mean probability in the worst session.
    weekly_risk, weekly_doubt : float
        Same-tissue risk of the week, and the greatest share of draws above it.
    target_risk : float
        Mean same-tissue risk to the target date.
    horizon_weeks : int
        Weeks to it.
    """

    pain_probability: float
    unsettled_probability: float
    weekly_risk: float
    weekly_doubt: float
    target_risk: float
    horizon_weeks: int

    @classmethod
    def of(cls, dose: Dose) -> Self:
        """Return the defaults of the settings."""
        return cls(
            pain_probability=dose.pain_probability_max,
            unsettled_probability=dose.unsettled_probability_max,
            weekly_risk=dose.weekly_risk_cap,
            weekly_doubt=dose.weekly_risk_doubt,
            target_risk=dose.target_risk_cap,
            horizon_weeks=dose.horizon_weeks,
        )

    @property
    def levels(self) -> Floats:
        """The limits in the order of :data:`LIMIT_NAMES`."""
        return np.array(
            [
                self.pain_probability,
                self.unsettled_probability,
                self.weekly_doubt,
                self.target_risk,
            ]
        )


@dataclass(frozen=True)
class Excess:
    """The limit that a week breaks most, or comes nearest to.

    Attributes
    ----------
    limit : str
        Of :data:`LIMIT_NAMES`.
    unit : Unit
        Where.
    level, allowed : float
        What the week comes to, and what is allowed.
    """

    limit: str
    unit: Unit
    level: float
    allowed: float


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """What C candidates come to in U units.

    Attributes
    ----------
    levels : (C, U, 4) array
        Mean probability of pain above the limit and of not settling in the worst session, share of
        draws above the weekly risk, mean risk to the target date; NaN where that was not needed.
    weekly_risk : (C, S, U) array
        Same-tissue risk of the week, draw by draw.
    pain, unsettled : (C, S, U) arrays
        Of the worst session, draw by draw.
    limited : (U,) bool array
        Units that limits hold for.
    """

    levels: Floats
    weekly_risk: Floats
    pain: Floats
    unsettled: Floats
    limited: Bools


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The week that was chosen.

    Attributes
    ----------
    index : int
        Place among the candidates; -1 where none is feasible.
    binds : Excess or None
        What the next larger candidate would break; None where the largest was taken.
    least : int
        Place of the candidate that breaks its limits least: what can be reached at best.
    least_excess : Excess
        What that one still comes to.
    weighed : Weighed
    """

    index: int
    binds: Excess | None
    least: int
    least_excess: Excess
    weighed: Weighed


def weigh_weeks(
    state: RunnerState,
    damage_rr: ArrayLike,
    damage_log_sd: ArrayLike,
    exposed: ArrayLike,
    pain_limit: ArrayLike,
    limits: DoseLimits,
) -> Weighed:
    """Forecast each candidate week and set it against the limits of one week.

    Parameters
    ----------
    state : RunnerState
    damage_rr : (C, 7, U) array_like
    damage_log_sd : array_like, broadcast to (C, 7, U)
    exposed : (C, 7) array_like of bool
    pain_limit : (U,) array_like
        Highest pain that counts as safe.
    limits : DoseLimits

    Returns
    -------
    Weighed
        With the risk to the target still open (`risk_to_target`).
    """
    predicted = forecast_weeks(state, damage_rr, damage_log_sd, exposed, pain_limit)
    levels = np.full((*predicted.risk_unit.shape[::2], len(LIMIT_NAMES)), np.nan)
    levels[:, :, 0] = predicted.pain_above.mean(axis=1)
    levels[:, :, 1] = predicted.not_settled.mean(axis=1)
    levels[:, :, 2] = (predicted.risk_unit > limits.weekly_risk).mean(axis=1)
    return Weighed(
        levels=levels,
        weekly_risk=predicted.risk_unit,
        pain=predicted.pain_above,
        unsettled=predicted.not_settled,
        limited=np.asarray(state.is_index, np.bool_),
    )


def risk_to_target(
    state: RunnerState,
    week_rr: ArrayLike,
    week_log_sd: ArrayLike,
    exposed: ArrayLike,
    pain_limit: ArrayLike,
    horizon_weeks: int,
) -> Floats:
    """Return the risk from now to the target date if the week were repeated: (S, U) array.

    Parameters
    ----------
    state : RunnerState
    week_rr : (7, U) array_like
    week_log_sd : array_like, broadcast to (7, U)
    exposed : (7,) array_like of bool
    pain_limit : (U,) array_like
    horizon_weeks : int
    """
    week = np.asarray(week_rr, np.float64)
    log_sd = np.broadcast_to(np.asarray(week_log_sd, np.float64), week.shape)
    predicted = forecast_weeks(
        state,
        np.tile(week, (horizon_weeks, 1))[None],
        np.tile(log_sd, (horizon_weeks, 1))[None],
        np.tile(np.asarray(exposed, np.bool_), horizon_weeks)[None],
        pain_limit,
    )
    return np.asarray(predicted.risk_unit[0], np.float64)


def choose_week(
    state: RunnerState,
    damage_rr: ArrayLike,
    damage_log_sd: ArrayLike,
    exposed: ArrayLike,
    pain_limit: ArrayLike,
    limits: DoseLimits,
) -> Choice:
    """Take the first candidate that is inside all limits.

    Parameters
    ----------
    state, damage_rr, damage_log_sd, exposed, pain_limit, limits
        As in `weigh_weeks`; candidates in order of preference, largest first.

    Returns
    -------
    Choice

    Raises
    ------
    ValueError
        Without a candidate, or where no unit is injured: then no model dose is asked for.
    """
    damage = np.asarray(damage_rr, np.float64)
    runs = np.asarray(exposed, np.bool_)
    log_sd = np.broadcast_to(np.asarray(damage_log_sd, np.float64), damage.shape)
    if damage.shape[0] == 0 or not np.any(state.is_index):
        raise ValueError(
            f"received {damage.shape[0]} candidates and {int(np.sum(state.is_index))} injured "
            "units, expected at least one of each"
        )
    weighed = weigh_weeks(state, damage, log_sd, runs, pain_limit, limits)
    chosen = -1
    for c in np.flatnonzero(_ratios(weighed, limits).max(axis=(1, 2)) <= 1.0):
        risk = risk_to_target(
            state, damage[c], log_sd[c], runs[c], pain_limit, limits.horizon_weeks
        )
        weighed.levels[c, :, 3] = risk.mean(axis=0)
        if not _breaks(weighed, int(c), limits):
            chosen = int(c)
            break
    least = _least(weighed, limits) if chosen < 0 else chosen
    return Choice(
        index=chosen,
        binds=worst_excess(weighed, chosen - 1, state.units, limits) if chosen > 0 else None,
        least=least,
        least_excess=worst_excess(weighed, least, state.units, limits),
        weighed=weighed,
    )


def _ratios(weighed: Weighed, limits: DoseLimits) -> Floats:
    """Return levels over limits of the limited units; what was not computed counts as nothing."""
    ratios = weighed.levels[:, weighed.limited] / limits.levels
    return np.asarray(np.where(np.isnan(ratios), 0.0, ratios), np.float64)


def _breaks(weighed: Weighed, candidate: int, limits: DoseLimits) -> bool:
    return bool(np.any(_ratios(weighed, limits)[candidate] > 1.0))


def _least(weighed: Weighed, limits: DoseLimits) -> int:
    """Return the candidate whose worst level over its limit is smallest."""
    return int(np.argmin(_ratios(weighed, limits).max(axis=(1, 2))))


def worst_excess(
    weighed: Weighed, candidate: int, units: Sequence[Unit], limits: DoseLimits
) -> Excess:
    """Return what a candidate breaks most, or comes nearest to.

    Parameters
    ----------
    weighed : Weighed
    candidate : int
        Its place.
    units : sequence of Unit
    limits : DoseLimits
    """
    ratios = _ratios(weighed, limits)[candidate]
    place, which = np.unravel_index(int(np.argmax(ratios)), ratios.shape)
    unit = int(np.flatnonzero(weighed.limited)[place])
    return Excess(
        limit=LIMIT_NAMES[which],
        unit=units[unit],
        level=float(weighed.levels[candidate, unit, which]),
        allowed=float(limits.levels[which]),
    )
