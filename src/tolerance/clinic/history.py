"""A runner's history before the diary: up to four typical weeks, as remembered.

Without them the first weeks of a diary would look like a leap from nothing. They are estimates of
the runner's own, carry no recording and are called remembered wherever they are counted.
"""

from datetime import date, timedelta
from typing import Final

from tolerance.clinic.record import RunnerRecord, SessionEntry

__all__ = ["REMEMBERED", "is_remembered", "with_typical_weeks"]

REMEMBERED: Final = "remembered"
"""Begin of the ids of sessions that come from memory."""


def is_remembered(session: SessionEntry) -> bool:
    """Tell whether a session stands for a typical week instead of a day that was noted."""
    return session.session_id.startswith(f"{REMEMBERED}-")


def with_typical_weeks(record: RunnerRecord) -> RunnerRecord:
    """Put the remembered weeks before the first day of the diary.

    A week's runs are spread evenly and alike; its other days are confirmed rest. The last week
    ends on the day before the first session that was noted, or before the day of consent where
    nothing was.
    """
    weeks = record.profile.typical_weeks
    if not weeks:
        return record
    noted = [session.date for session in record.sessions]
    first = min(noted, default=record.profile.consent_date)
    added: list[SessionEntry] = []
    for index, week in enumerate(weeks):
        start = first - timedelta(days=7 * (len(weeks) - index))
        runs = [(7 * run) // week.runs for run in range(week.runs)]
        for day in range(7):
            on = start + timedelta(days=day)
            times = runs.count(day)
            if times == 0:
                added.append(_day(on, 0))
            for number in range(times):
                added.append(_day(on, number, week.minutes / week.runs))
    return record.model_copy(update={"sessions": (*added, *record.sessions)})


def _day(on: date, number: int, minutes: float | None = None) -> SessionEntry:
    return SessionEntry(
        session_id=f"{REMEMBERED}-{on}-{number}",
        date=on,
        activity="rest" if minutes is None else "running",
        minutes=minutes,
        kind=None if minutes is None else "easy",
    )
