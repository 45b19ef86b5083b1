"""What a plan is made of, as plain values: sessions on dates, what they are expected to do, why."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from tolerance.anatomy import Unit
from tolerance.model.population import Origin
from tolerance.progression.run_walk import Repetitions
from tolerance.rules.assessment import Fired, Referral, Verdict
from tolerance.rules.exercises import StrengthSession
from tolerance.rules.races import RaceAdvice
from tolerance.rules.sessions import Guidance

__all__ = [
    "LIMIT_WORDS",
    "Binding",
    "Change",
    "Goal",
    "Plan",
    "PlannedSession",
    "PlannedUnit",
    "PriorShare",
    "Range",
    "Rate",
    "WhatIf",
]

LIMIT_WORDS: Final = {
    "pain": "chance of pain above the limit in the worst session",
    "settling": "chance of not settling within a day after the worst session",
    "weekly_risk": "share of what is thought possible in which the week's risk passes its cap",
    "target_risk": "risk of a same-tissue reinjury from now to the target date",
}
"""Limits of ``weigh.LIMIT_NAMES`` in words."""

BOUND_WORDS: Final = {
    "longest_session": "longest session at most 1.10 times the longest of 30 days",
    "factor": "a rule holds or lowers the load",
    "target": "the target is reached",
    "sessions": "number of runs a week",
    "multiplier": "the largest step that a week may take",
    "first_week": "the largest first week",
}
"""Hard bounds that can bind where no limit of the model does."""


@dataclass(frozen=True)
class Range:
    """A value between the ends of an interval; what share it holds is said where it is used."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class PlannedSession:
    """One session on one day.

    Attributes
    ----------
    identifier : str
        Stable: the same runner, day and activity always have the same one.
    day : date
    activity : str
        ``running``, ``walking`` or ``cross_training``.
    kind : str
        ``easy`` as long as speed is locked.
    repetitions : Repetitions or None
    run_minutes, walk_minutes : float
        Walking between the runs, or the walk itself.
    words : str
        What to do, in one sentence.
    pain_of_100, unsettled_of_100, risk_of_100 : Range or None
        Of 100 such sessions: pain above the limit, not settled next day, same-tissue reinjury, at
        the injured tissue where each is most likely; mean and 90 % interval. None without a model.
    """

    identifier: str
    day: date
    activity: Literal["running", "walking", "cross_training"]
    kind: str
    repetitions: Repetitions | None
    run_minutes: float
    walk_minutes: float
    words: str
    pain_of_100: Range | None = None
    unsettled_of_100: Range | None = None
    risk_of_100: Range | None = None


@dataclass(frozen=True, kw_only=True)
class PlannedUnit:
    """What the week is expected to do to one unit; means with 90 % intervals.

    Attributes
    ----------
    unit : Unit
    is_index : bool
        Being rehabilitated; limits hold for these.
    is_personal : bool
        Whether the estimate rests on the runner's own data more than on the prior.
    n_reports : int
    damage_rr : Range
        Of the week, in reference runs.
    pain_limit : float
    pain_of_100, unsettled_of_100 : Range
        In the worst session of the week.
    weekly_risk_of_100, target_risk_of_100 : Range
        Injury of this unit in the week; from now to the target date if the week were repeated.
    """

    unit: Unit
    is_index: bool
    is_personal: bool
    n_reports: int
    damage_rr: Range
    pain_limit: float
    pain_of_100: Range
    unsettled_of_100: Range
    weekly_risk_of_100: Range
    target_risk_of_100: Range


@dataclass(frozen=True, kw_only=True)
class Binding:
    """What keeps the week from being larger.

    Attributes
    ----------
    limit : str
        Key of :data:`LIMIT_WORDS` or :data:`BOUND_WORDS`.
    unit : Unit or None
        Of a limit of the model.
    level, allowed : float or None
        What the next larger week comes to, and what is allowed.
    sentence : str
    """

    limit: str
    unit: Unit | None
    level: float | None
    allowed: float | None
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Rate of progression of one injured unit.

    Attributes
    ----------
    unit : Unit
    weekly_growth : Range
        Largest growth a week, as a fraction, that stays inside the limits for
        ``Dose.rate_weeks``: median and 80 % interval.
    is_open_above : bool
        The upper end is only known to be at least what is written.
    binds : str
        Limit that stops it in most draws; empty where none does.
    """

    unit: Unit
    weekly_growth: Range
    is_open_above: bool
    binds: str


@dataclass(frozen=True, kw_only=True)
class Goal:
    """When the target may be reached: an interval, never a promise.

    Attributes
    ----------
    target_minutes : float
    earliest, likely, latest : date or None
        10 %, 50 % and 90 % of what is thought possible; None beyond a year.
    reached_of_100 : float
        Share of it in which the target is reached within a year.
    sentence : str
    """

    target_minutes: float
    earliest: date | None
    likely: date | None
    latest: date | None
    reached_of_100: float
    sentence: str


@dataclass(frozen=True, kw_only=True)
class PriorShare:
    """How much the dose owes to time constants that come from the prior.

    Attributes
    ----------
    name : str
        ``adaptation`` or ``healing``.
    low_days, high_days : float
        10 % and 90 % quantile that the time constant was set to.
    minutes_at_low, minutes_at_high : float
        The week that would have been chosen; 0 for none.
    """

    name: str
    low_days: float
    high_days: float
    minutes_at_low: float
    minutes_at_high: float


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """One week against another.

    Attributes
    ----------
    name : str
    run_minutes : float
    sessions : int
    is_feasible : bool
    pain_of_100, weekly_risk_of_100, target_risk_of_100 : Range
        At the injured unit where each is greatest; mean and 90 % interval.
    damage_rr : float
        Greatest damage of an injured unit in the week.
    breaks : str
        Limit that it breaks; empty for none.
    breaks_risk : bool
        Whether a cap of risk is among what it breaks.
    target_date : date or None
        When the target may be reached from it, half of what is thought possible sooner; None
        without a target or beyond a year.
    """

    name: str
    run_minutes: float
    sessions: int
    is_feasible: bool
    pain_of_100: Range
    weekly_risk_of_100: Range
    target_risk_of_100: Range
    damage_rr: float
    breaks: str
    breaks_risk: bool
    target_date: date | None = None


@dataclass(frozen=True, kw_only=True)
class Change:
    """One readable difference to the last plan."""

    sentence: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The plan of a week.

    Attributes
    ----------
    runner_id : str
    made_on, start : date
        Day of planning; first of the seven days that it is for.
    verdict : str
        As of the assessment.
    basis : str
        ``model``; ``rules`` where no dose comes from the model; ``none`` where there is no plan.
    origin : str or None
        Where the model's parameters come from.
    is_prior : bool
        No injured unit's estimate is personal yet: the plan rests on the prior, and says so.
    reason : str
        In one or two sentences.
    run_minutes, longest_run_minutes : float
        Of the week: its ceiling.
    rung : int
        Of the run-walk ladder.
    multiplier : float or None
        Over the week that stands; None in a first week.
    basis_minutes : float
        The week that stands; 0 for none.
    sessions : tuple of PlannedSession
        By day.
    strength : tuple of StrengthSession
    guidance : Guidance or None
    units : tuple of PlannedUnit
    binds : Binding or None
    rates : tuple of Rate
    goal : Goal or None
    prior_shares : tuple of PriorShare
    what_ifs : tuple of WhatIf
        The plan, the next larger week, holding.
    race : RaceAdvice or None
    fired : tuple of Fired
    referrals : tuple of Referral
    retest_on : date or None
        When to look again where nothing is feasible or running is not allowed.
    changes : tuple of Change
        Against the last plan.
    is_trial : bool
        A week to try that passes a limit of the model; see ``binds``.
    """

    runner_id: str
    made_on: date
    start: date
    verdict: Verdict
    basis: Literal["model", "rules", "none"]
    origin: Origin | None
    is_prior: bool
    reason: str
    run_minutes: float
    longest_run_minutes: float
    rung: int
    multiplier: float | None
    basis_minutes: float
    sessions: tuple[PlannedSession, ...]
    strength: tuple[StrengthSession, ...]
    guidance: Guidance | None
    units: tuple[PlannedUnit, ...]
    binds: Binding | None
    rates: tuple[Rate, ...]
    goal: Goal | None
    prior_shares: tuple[PriorShare, ...]
    what_ifs: tuple[WhatIf, ...]
    race: RaceAdvice | None
    fired: tuple[Fired, ...]
    referrals: tuple[Referral, ...]
    retest_on: date | None
    changes: tuple[Change, ...] = ()
    is_trial: bool = False
