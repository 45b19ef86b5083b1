"""What the diary shows: runs, weeks, spikes, shoes, heavy calf work, lighter weeks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from tolerance.clinic.record import RunnerRecord, SessionEntry
from tolerance.config import Rules
from tolerance.rules.assessment import Fired
from tolerance.rules.registry import rule

__all__ = [
    "ShoeState",
    "fast_work_from",
    "first_run",
    "lighter_week_due",
    "longest_minutes",
    "no_raise_until",
    "run_minutes",
    "runs",
    "shoe_ledger",
    "spikes",
    "until",
    "week_minutes",
    "weekly_growth",
]

RUNNING_ACTIVITIES: Final = ("running", "sport")
"""Activities that load as running does."""

SPIKE_DAYS: Final = 30
"""Sessions are held against the longest of so many days before them (R37, RUNSAFE)."""

FAST_KINDS: Final = ("tempo", "intervals", "strides", "race", "sprint", "match")
UNUSED_DAYS: Final = 365
"""Fast work not done for so long counts as unused all year (R37)."""

LONG_RUN_SHARE: Final = 0.9
"""Two runs on days in a row that come this near the longest are back-to-back long runs [J]."""


def until(record: RunnerRecord, today: date) -> RunnerRecord:
    """Return the record as it stood at the end of a day."""
    parts = ("sessions", "symptoms", "tests", "clearances", "overrides", "questionnaires")
    kept = {
        part: tuple(entry for entry in getattr(record, part) if entry.date <= today)
        for part in parts
    }
    return record.model_copy(update=kept)


def runs(record: RunnerRecord, since: date, last: date) -> tuple[SessionEntry, ...]:
    """Return the noted sessions of running or sport within two dates, both included, in order."""
    found = [
        session
        for session in record.sessions
        if session.activity in RUNNING_ACTIVITIES and since <= session.date <= last
    ]
    return tuple(sorted(found, key=lambda session: session.date))


def run_minutes(record: RunnerRecord, session: SessionEntry) -> float | None:
    """Return the running minutes of a session; from its distance where only that is known."""
    if session.minutes is not None:
        return session.minutes
    speed = record.profile.easy_speed_mps
    if session.distance_km is None or speed is None:
        return None
    return session.distance_km * 1000.0 / speed / 60.0


def longest_minutes(record: RunnerRecord, since: date, last: date) -> float | None:
    """Return the longest run within two dates, in minutes; None where there is none."""
    minutes = [run_minutes(record, run) for run in runs(record, since, last)]
    return max((value for value in minutes if value is not None), default=None)


def week_minutes(record: RunnerRecord, last: date) -> float:
    """Return the running minutes noted in the seven days that end on a day."""
    week = runs(record, last - timedelta(days=6), last)
    return sum(run_minutes(record, run) or 0.0 for run in week)


def first_run(record: RunnerRecord, since: date, today: date) -> date | None:
    """Return the day of the first run since a day; None where there is none."""
    found = runs(record, since, today)
    return found[0].date if found else None


@rule("R37")
def spikes(record: RunnerRecord, settings: Rules, since: date, today: date) -> tuple[Fired, ...]:
    """Find sudden steps of load in single sessions.

    Parameters
    ----------
    record : RunnerRecord
    settings : Rules
    since, today : date
        Sessions on these days and between are judged against what went before them.
    """
    found: list[Fired] = []
    judged = runs(record, since, today)
    for run in judged:
        before = run.date - timedelta(days=1)
        minutes = run_minutes(record, run)
        longest = longest_minutes(record, run.date - timedelta(days=SPIKE_DAYS), before)
        long = minutes is not None and minutes >= settings.spike_from_minutes
        if minutes is not None and long and longest and minutes > settings.spike_frac * longest:
            found.append(
                _spike(run, f"{minutes:.0f} min, the longest in 30 days was {longest:.0f}")
            )
        if run.descent_m is not None and run.descent_m >= settings.steep_descent_m:
            found.append(_spike(run, f"{run.descent_m:.0f} m of descent"))
        year = runs(record, run.date - timedelta(days=UNUSED_DAYS), before)
        if (
            run.kind in ("intervals", "sprint")
            and year
            and not any(earlier.kind in FAST_KINDS for earlier in year)
        ):
            found.append(_spike(run, f"{run.kind} after none in the diary for a year"))
    found += _back_to_back(record, judged)
    return tuple(found)


@rule("R37")
def weekly_growth(record: RunnerRecord, settings: Rules, today: date) -> tuple[Fired | None, bool]:
    """Return the growth of the last seven days where it is to be pointed out, and if it holds.

    Ten percent is a ceiling that many outgrow without harm, so it is pointed out and no more; more
    than any published programme grows in a week holds the load.
    """
    week, before = week_minutes(record, today), week_minutes(record, today - timedelta(days=7))
    if before <= 0 or week <= (1.0 + settings.weekly_growth_frac) * before:
        return None, False
    holds = before >= settings.spike_from_minutes and week > (
        1.0 + settings.weekly_growth_hold_frac
    ) * before  # fmt: skip
    sentence = f"{week:.0f} min in the last seven days, {before:.0f} in the seven before."
    return Fired("R37", sentence), holds


def _spike(run: SessionEntry, what: str) -> Fired:
    return Fired("R37", f"Spike on {run.date}: {what}.")


def _back_to_back(record: RunnerRecord, judged: Sequence[SessionEntry]) -> list[Fired]:
    found = []
    for first, second in pairwise(judged):
        start = first.date - timedelta(days=SPIKE_DAYS)
        longest = longest_minutes(record, start, second.date)
        both = [run_minutes(record, run) or 0.0 for run in (first, second)]
        in_a_row = second.date - first.date == timedelta(days=1)
        if in_a_row and longest and min(both) >= LONG_RUN_SHARE * longest:
            found.append(_spike(second, "a long run on the day after a long run"))
    return found


@dataclass(frozen=True)
class ShoeState:
    """One pair of shoes in the diary.

    Attributes
    ----------
    shoe : str
    first_used : date
    distance_km : float
        Noted with it; sessions without a distance count by the runner's easy speed, or not.
    state : str
        ``new``, ``in_use``, ``look_at`` or ``retire``.
    """

    shoe: str
    first_used: date
    distance_km: float
    state: str


@rule("R61")
def shoe_ledger(record: RunnerRecord, settings: Rules, today: date) -> tuple[ShoeState, ...]:
    """Return each pair of shoes with its distance and what to do with it."""
    worn: dict[str, list[SessionEntry]] = {}
    for run in runs(record, date.min, today):
        if run.shoe is not None:
            worn.setdefault(run.shoe, []).append(run)
    look_at_km, retire_km = settings.shoe_life_km
    states = []
    for shoe, sessions in worn.items():
        distance = sum(_distance_km(record, session) for session in sessions)
        new_until = sessions[0].date + timedelta(days=settings.new_shoe_days)
        state = "in_use"
        if distance >= retire_km:
            state = "retire"
        elif distance >= look_at_km:
            state = "look_at"
        elif today < new_until and len(worn) > 1:
            state = "new"
        states.append(ShoeState(shoe, sessions[0].date, distance, state))
    return tuple(states)


def _distance_km(record: RunnerRecord, session: SessionEntry) -> float:
    if session.distance_km is not None:
        return session.distance_km
    speed = record.profile.easy_speed_mps
    if session.minutes is None or speed is None:
        return 0.0
    return session.minutes * 60.0 * speed / 1000.0


@rule("R47")
def no_raise_until(record: RunnerRecord, settings: Rules, today: date) -> date | None:
    """Return the day from which load may rise again after a new shoe; None where it may today.

    A shoe is new when the diary has earlier runs in another one.
    """
    noted = [run for run in runs(record, date.min, today) if run.shoe is not None]
    first_used: dict[str, date] = {}
    for run in noted:
        first_used.setdefault(str(run.shoe), run.date)
    new = [day for day in first_used.values() if noted and day > noted[0].date]
    ends = [day + timedelta(days=settings.new_shoe_days) for day in new]
    return max((end for end in ends if end > today), default=None)


@rule("R40")
def fast_work_from(record: RunnerRecord, settings: Rules, today: date) -> date | None:
    """Return the first day for hills or speed after heavy calf work, where that lies ahead."""
    heavy = [session.date for session in record.sessions if session.heavy_calf == "yes"]
    if not heavy:
        return None
    first = max(heavy) + timedelta(days=settings.heavy_calf_days)
    return first if first > today else None


@rule("R27")
def lighter_week_due(record: RunnerRecord, settings: Rules, today: date) -> bool:
    """Tell whether so many weeks of growth in a row ended that a lighter one is due."""
    weeks = settings.lighter_week_every
    if weeks == 0:
        return False
    minutes = [week_minutes(record, today - timedelta(days=7 * back)) for back in range(weeks + 1)]
    return all(later > earlier > 0.0 for later, earlier in pairwise(minutes))
