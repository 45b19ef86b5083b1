"""What hangs on how a rehabilitation repetition is counted, in the words of a report (R04, R05)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from tolerance.anatomy import Unit
from tolerance.clinic.content import RepetitionLine
from tolerance.clinic.record import RunnerRecord, SessionEntry
from tolerance.clinic.words import load_words, minutes_words, say, unit_words
from tolerance.exposure.ledger import model_of
from tolerance.exposure.repetitions import repetition_effect
from tolerance.exposure.session_costs import REPEATED, LedgerSettings
from tolerance.progression.plan_types import Plan

__all__ = ["WEEKS_BEFORE", "has_repetitions", "repetition_line"]

WEEKS_BEFORE: Final = 4
"""Weeks of the diary that a planned week is held against."""
DAYS_PER_WEEK: Final = 7


def _before(record: RunnerRecord, plan: Plan) -> list[SessionEntry]:
    start = plan.start - timedelta(days=WEEKS_BEFORE * DAYS_PER_WEEK)
    return [one for one in record.sessions if start <= one.date < plan.start]


def has_repetitions(record: RunnerRecord, plan: Plan) -> bool:
    """Return whether sessions of repetitions were noted in the weeks before a plan."""
    return any(one.activity in REPEATED for one in _before(record, plan))


def repetition_line(
    record: RunnerRecord,
    plan: Plan,
    units: Sequence[Unit],
    settings: LedgerSettings,
    minutes: tuple[float, float] | None,
) -> RepetitionLine | None:
    """Return load before and in the planned week under both readings of a repetition.

    Parameters
    ----------
    record : RunnerRecord
    plan : Plan
    units : sequence of Unit
        The first of them is looked at: the injured one.
    settings : LedgerSettings
    minutes : tuple of float or None
        Running that would be planned if a repetition counts as a step, and if by its force alone.

    Returns
    -------
    RepetitionLine or None
        None without planned running, or without a session of repetitions in the weeks before.
    """
    before = _before(record, plan)
    n_sessions = sum(1 for one in before if one.activity in REPEATED)
    if not units or n_sessions == 0 or plan.run_minutes <= 0.0:
        return None
    effect = repetition_effect(
        before,
        _planned(plan),
        (float(WEEKS_BEFORE), 1.0),
        record.profile,
        model_of(record, units, settings),
        settings,
    )
    before_rr = {name: float(value[0]) for name, value in effect.before_rr.items()}
    step_up = {name: float(value[0]) for name, value in effect.step_up.items()}
    tissue = unit_words(units[0].site, units[0].tissue, units[0].side)
    words = say(
        "repetitions",
        tissue=tissue,
        as_step=load_words(before_rr["as_step"]),
        by_force=load_words(before_rr["by_exponent"]),
        up_step=f"{step_up['as_step']:.1f}",
        up_force=f"{step_up['by_exponent']:.1f}",
    )
    if minutes is not None:
        as_step, by_force = (minutes_words(one) for one in minutes)
        if as_step == by_force:
            words += say("repetitions_same", minutes=as_step)
        else:
            words += say("repetitions_dose", as_step=as_step, by_force=by_force)
    return RepetitionLine(
        tissue=tissue,
        n_sessions=n_sessions,
        before_as_step_rr=round(before_rr["as_step"], 3),
        before_by_force_rr=round(before_rr["by_exponent"], 3),
        step_up_as_step=round(step_up["as_step"], 2),
        step_up_by_force=round(step_up["by_exponent"], 2),
        minutes_as_step=None if minutes is None else round(minutes[0], 2),
        minutes_by_force=None if minutes is None else round(minutes[1], 2),
        words=words,
    )


def _planned(plan: Plan) -> list[SessionEntry]:
    """Return the planned week as entries of a diary."""
    entries = [
        SessionEntry(
            session_id=one.identifier,
            date=one.day,
            activity=one.activity,
            minutes=one.run_minutes if one.activity == "running" else one.walk_minutes,
            walk_minutes=one.walk_minutes if one.activity == "running" else None,
        )
        for one in plan.sessions
    ]
    entries += [
        SessionEntry(
            session_id=f"strength-{number}",
            date=one.day,
            activity="strength",
            minutes=one.minutes,
            repetitions=float(one.repetitions),
        )
        for number, one in enumerate(plan.strength)
    ]
    return entries
