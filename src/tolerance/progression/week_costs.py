"""What the sessions of a planned week cost each unit, by the ledger's own reckoning."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from tolerance.anatomy import Unit
from tolerance.clinic.record import RunnerRecord, SessionEntry
from tolerance.exposure.session_costs import LedgerSettings, log_sd_of, session_costs, unit_model
from tolerance.exposure.units import unit_proxies
from tolerance.progression.candidates import WeekShape
from tolerance.progression.rate import WeekLoad
from tolerance.progression.run_walk import repetitions
from tolerance.rules.exercises import StrengthSession

__all__ = ["FastKind", "MinuteCosts", "minute_costs", "strength_costs", "week_load"]

type Floats = NDArray[np.float64]

REFERENCE_MINUTES: Final = 30.0

FastKind = Literal["easy", "strides", "sprint"]
"""Kinds of a planned session: ``easy`` where nothing faster is open."""


@dataclass(frozen=True)
class MinuteCosts:
    """Damage of a minute on each unit, in reference runs, with the log-SD of a session of it.

    Attributes
    ----------
    run, walk, fast : (U,) arrays
        Easy running, walking, and a run of the fast kind that may be planned.
    run_log_sd : (U,) array
        Of a planned run, whatever its kind; walking is small beside it.
    """

    run: Floats
    walk: Floats
    fast: Floats
    run_log_sd: Floats


def minute_costs(
    record: RunnerRecord,
    units: Sequence[Unit],
    settings: LedgerSettings,
    today: date,
    *,
    fast_kind: FastKind,
    execution_log_sd: float,
) -> MinuteCosts:
    """Return what a minute of each kind costs this runner.

    Parameters
    ----------
    record : RunnerRecord
    units : sequence of Unit
    settings : LedgerSettings
    today : date
    fast_kind : str
        ``SessionEntry.kind`` of the fast session; ``easy`` where there is none.
    execution_log_sd : float
        Spread of what is done about what was planned, on top of the ledger's own error.
    """
    names = [entry.injury for entry in record.profile.injuries if entry.status == "active"]
    model = unit_model(units, unit_proxies(units, settings.injuries, names), settings.exponents)
    kinds: tuple[tuple[str, FastKind], ...] = (("easy", "easy"), ("fast", fast_kind))
    sessions = [
        SessionEntry(
            session_id=name, date=today, activity="running", minutes=REFERENCE_MINUTES, kind=kind
        )
        for name, kind in kinds
    ] + [SessionEntry(session_id="walk", date=today, activity="walking", minutes=REFERENCE_MINUTES)]
    costs = session_costs(sessions, record.profile, model, settings)
    per_minute = costs.damage_rr / REFERENCE_MINUTES
    ledger_sd = log_sd_of(costs.damage_rr[0], costs.damage_sd_rr[0])
    return MinuteCosts(
        run=per_minute[0],
        fast=per_minute[1],
        walk=per_minute[2],
        run_log_sd=np.hypot(ledger_sd, execution_log_sd),
    )


def strength_costs(
    lifts: Sequence[StrengthSession],
    week: Sequence[date],
    record: RunnerRecord,
    units: Sequence[Unit],
    settings: LedgerSettings,
) -> Floats:
    """Return the damage of planned strength on each day: (7, U) array (R40)."""
    damage = np.zeros((len(week), len(units)))
    if not lifts:
        return damage
    names = [entry.injury for entry in record.profile.injuries if entry.status == "active"]
    model = unit_model(units, unit_proxies(units, settings.injuries, names), settings.exponents)
    entries = [
        SessionEntry(
            session_id=f"lift{number}",
            date=lift.day,
            activity="strength",
            minutes=lift.minutes,
            repetitions=float(lift.repetitions),
            exercise="; ".join(words for words, _, _ in lift.exercises),
            heavy_calf="yes" if lift.heavy_calf else "no",
        )
        for number, lift in enumerate(lifts)
    ]
    costs = session_costs(entries, record.profile, model, settings)
    for lift, cost in zip(lifts, costs.damage_rr, strict=True):
        damage[list(week).index(lift.day)] += cost
    return damage


def week_load(
    shape: WeekShape,
    days: Sequence[date],
    week: Sequence[date],
    rung: int,
    costs: MinuteCosts,
    besides_rr: Floats,
    pain_limit: Floats,
    fast_day: date | None = None,
) -> WeekLoad:
    """Return a week's damage day by day.

    Parameters
    ----------
    shape : WeekShape
        Minutes of each run.
    days : sequence of date
        Of the runs, in the shape's order.
    week : sequence of date
        All seven days.
    rung : int
        Of the run-walk ladder: it adds walking, not running.
    costs : MinuteCosts
    besides_rr : (7, U) array
        Strength and whatever else loads the units.
    pain_limit : (U,) array
    fast_day : date or None
        Day whose run is of the fast kind.
    """
    damage = besides_rr.copy()
    exposed = np.zeros(len(week), np.bool_)
    for day, minutes in zip(days, shape.session_minutes, strict=True):
        place = list(week).index(day)
        per_minute = costs.fast if day == fast_day else costs.run
        walk = repetitions(minutes, rung).walk_total_min
        damage[place] += minutes * per_minute + walk * costs.walk
        exposed[place] = minutes > 0.0
    log_sd = np.broadcast_to(costs.run_log_sd, damage.shape).copy()
    return WeekLoad(damage, log_sd, exposed, pain_limit)
