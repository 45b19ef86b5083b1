"""A plan as a calendar file: all-day events with stable identifiers, so that an import replaces."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from icalendar import Calendar, Event

from pipelines.store import new_file
from tolerance.progression.plan_types import Plan, PlannedSession
from tolerance.rules.exercises import StrengthSession

__all__ = ["calendar_bytes", "write_calendar"]

DOMAIN: Final = "plan.tolerance.invalid"
"""Right part of an identifier; ``.invalid`` is reserved and names no host (RFC 2606)."""

PRODUCT: Final = "-//tolerance//plan//EN"
EPOCH: Final = date(2020, 1, 1)


def calendar_bytes(plan: Plan, last_plan: Plan | None = None) -> bytes:
    """Return the calendar file of a plan.

    Parameters
    ----------
    plan : Plan
    last_plan : Plan, optional
        Its events that the new plan no longer has are cancelled, from the new plan's start on.

    Notes
    -----
    RFC 5545: an event with a known UID and a higher SEQUENCE replaces the old one. SEQUENCE counts
    days, so that the plan of a later day wins; nothing here reads a clock.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "Running plan")
    events = {uid: (day, title, text) for uid, day, title, text in _entries(plan)}
    for uid, (day, title, text) in events.items():
        calendar.add_component(_event(plan, uid, day, title, text))
    if last_plan is not None:
        for uid, day, title, text in _entries(last_plan):
            if uid not in events and day >= plan.start:
                cancelled = _event(plan, uid, day, title, text)
                cancelled["status"] = "CANCELLED"
                calendar.add_component(cancelled)
    return bytes(calendar.to_ical())


def write_calendar(path: Path, plan: Plan, last_plan: Plan | None = None) -> None:
    """Write the calendar file of a plan; the file appears whole or not at all."""
    with new_file(path) as temporary:
        temporary.write_bytes(calendar_bytes(plan, last_plan))


def _entries(plan: Plan) -> list[tuple[str, date, str, str]]:
    """Return identifier, day, title and text of each event."""
    found = [
        (f"{session.identifier}@{DOMAIN}", session.day, _title(session), _text(plan, session))
        for session in plan.sessions
    ]
    found += [
        (
            f"{plan.runner_id}-{lift.day.isoformat()}-strength@{DOMAIN}",
            lift.day,
            f"Strength {lift.minutes:.0f} min",
            _strength_text(lift),
        )
        for lift in plan.strength
    ]
    return found


def _event(plan: Plan, uid: str, day: date, title: str, text: str) -> Event:
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", datetime.combine(plan.made_on, time(0), UTC))
    event.add("sequence", (plan.made_on - EPOCH).days)
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add("summary", title)
    event.add("description", text)
    event.add("transp", "TRANSPARENT")
    event.add("status", "CONFIRMED")
    return event


def _title(session: PlannedSession) -> str:
    name = {"running": "Run", "walking": "Walk", "cross_training": "Cross-train"}
    return f"{name[session.activity]}: {session.words}"


def _text(plan: Plan, session: PlannedSession) -> str:
    lines = [session.words]
    if plan.guidance is not None and session.activity == "running":
        cue = plan.guidance.cadence
        lines += [
            f"Before: {plan.guidance.warm_up}",
            plan.guidance.pace,
            f"Where: {plan.guidance.surface}",
            *([cue.words] if cue is not None else []),
            f"Stop: {plan.guidance.stop_rule}",
            f"Afterwards: {plan.guidance.cool_down}",
            f"Next morning: {plan.guidance.next_morning}",
        ]
    if session.pain_of_100 is not None:
        pain = session.pain_of_100
        lines.append(
            f"The model expects pain above the limit in about {pain.value:.0f} of 100 such runs "
            f"(range {pain.low:.0f} to {pain.high:.0f})."
        )
    if plan.guidance is not None:
        lines += [plan.guidance.missed, plan.guidance.whom_to_call]
    return "\n".join(lines)


def _strength_text(lift: StrengthSession) -> str:
    return "\n".join(f"{words}: {dose} ({effort})" for words, dose, effort in lift.exercises)
