"""What the next week stands on: the week that was run, seen through the plan that was given.

An overdone week does not become the new level, a missed session is not made up (A15), a break
lowers the level.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from tolerance.clinic.record import RunnerRecord
from tolerance.progression.candidates import Basis
from tolerance.progression.plan_types import Change, Plan
from tolerance.progression.run_walk import LADDER, rung_of
from tolerance.rules.diary import longest_minutes, run_minutes, runs, week_minutes
from tolerance.rules.registry import rule

__all__ = ["OVERDONE", "Standing", "last_run_day", "standing"]

DAYS_PER_WEEK: Final = 7
LONGEST_WINDOW_D: Final = 30

OVERDONE: Final = 1.2
"""Done over planned from which a week counts as overdone. Engineering choice: above the spread of
execution (0.15 on the log scale), below what doubles anything."""

AFTER_BREAK: Final = 0.8
"""Level after a week without running, over the last week that had some: the larger of R35's cuts.
[U]."""

LEAST_WEEK_MINUTES: Final = 2.0
"""A week of less is a test on the pavement, not a level: a first week follows. Engineering choice:
the smallest first week."""

BREAK_WEEKS: Final = 4
"""After so many weeks without running a first week comes again."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The level that stands.

    Attributes
    ----------
    basis : Basis
    rung : int
        Of the run-walk ladder that runs were on.
    done_minutes : float
        Running noted in the last seven days.
    planned_minutes : float or None
        What the last plan had for them; None without one.
    is_overdone : bool
        More was done than planned by :data:`OVERDONE`.
    n_missed : int
        Planned runs of days past that are not in the diary.
    changes : tuple of Change
        What is to be said of it.
    """

    basis: Basis
    rung: int
    done_minutes: float
    planned_minutes: float | None
    is_overdone: bool
    n_missed: int
    changes: tuple[Change, ...]


@rule("A15", "R37", "R28")
def standing(record: RunnerRecord, today: date, last_plan: Plan | None) -> Standing:
    """Return what the next week stands on.

    Parameters
    ----------
    record : RunnerRecord
    today : date
        Last day that counts.
    last_plan : Plan or None
        Counts where its days overlap the last seven.
    """
    plan = last_plan if last_plan is not None and _is_current(last_plan, today) else None
    done = week_minutes(record, today)
    planned, missed, overdone, changes = None, 0, False, []
    if plan is not None:
        planned = _planned_until(plan, today)
        done_since = sum(run_minutes(record, run) or 0.0 for run in runs(record, plan.start, today))
        ran_on = {run.date for run in runs(record, plan.start, today)}
        planned_days = [s.day for s in plan.sessions if s.activity == "running" and s.day <= today]
        missed = sum(1 for day in planned_days if day not in ran_on)
        missed = min(missed, max(len(planned_days) - len(ran_on), 0))
        overdone = planned > 0.0 and done_since > OVERDONE * planned
        overdone = overdone or (planned == 0.0 and done_since > 0.0)
        changes = _changes(planned, done_since, missed, overdone)
    basis = _basis(record, today, plan, done, overdone)
    return Standing(
        basis=basis,
        rung=_rung(record, today, plan),
        done_minutes=done,
        planned_minutes=planned,
        is_overdone=overdone,
        n_missed=missed,
        changes=tuple(changes),
    )


def last_run_day(record: RunnerRecord, today: date) -> date | None:
    """Return the day of the last run noted; None where there is none."""
    found = runs(record, date.min, today)
    return found[-1].date if found else None


def _is_current(plan: Plan, today: date) -> bool:
    """Whether the plan's week has begun and ended at most a week ago."""
    return plan.start <= today < plan.start + timedelta(days=2 * DAYS_PER_WEEK)


def _planned_until(plan: Plan, today: date) -> float:
    return sum(session.run_minutes for session in plan.sessions if session.day <= today)


def _changes(planned: float, done: float, missed: int, overdone: bool) -> list[Change]:
    found = []
    if overdone:
        found.append(
            Change(
                sentence=f"{done:.0f} min were run where {planned:.0f} were planned: the next week "
                "starts from what was planned, not from what was done.",
                rules=("R37", "R28"),
            )
        )
    if missed:
        noun = "run was" if missed == 1 else "runs were"
        found.append(
            Change(sentence=f"{missed} planned {noun} missed and not made up.", rules=("A15",))
        )
    return found


def _basis(
    record: RunnerRecord, today: date, plan: Plan | None, done: float, overdone: bool
) -> Basis:
    weeks = [
        week_minutes(record, today - timedelta(days=DAYS_PER_WEEK * back))
        for back in range(BREAK_WEEKS + 1)
    ]
    level = done
    if plan is not None and overdone:
        level = min(done, plan.run_minutes)
    elif plan is not None and 0.0 < done < plan.run_minutes:
        # Part of the week was missed: what was run before still stands, the plan does not.
        level = max(done, min(weeks[1], plan.run_minutes))
    if level < LEAST_WEEK_MINUTES:
        level = AFTER_BREAK * next((minutes for minutes in weeks if minutes > 0.0), 0.0)
    if level < LEAST_WEEK_MINUTES:
        return Basis(run_minutes=0.0, sessions=0, longest_30d_min=float("nan"))
    recent = [today - timedelta(days=DAYS_PER_WEEK * back) for back in range(BREAK_WEEKS + 1)]
    counts = [len(runs(record, day - timedelta(days=DAYS_PER_WEEK - 1), day)) for day in recent]
    sessions = next((n for n in counts if n > 0), 0)
    if plan is not None and plan.run_minutes > 0.0:
        planned_runs = sum(1 for s in plan.sessions if s.activity == "running")
        sessions = planned_runs if overdone else max(sessions, min(planned_runs, sessions + 1))
    return Basis(
        run_minutes=level,
        sessions=sessions,
        longest_30d_min=_longest(record, today, plan, overdone),
    )


def _longest(record: RunnerRecord, today: date, plan: Plan | None, overdone: bool) -> float:
    since = today - timedelta(days=LONGEST_WINDOW_D - 1)
    found = longest_minutes(record, since, today)
    if found is None:
        return float("nan")
    if plan is not None and overdone:
        before = longest_minutes(record, since, plan.start - timedelta(days=1)) or 0.0
        return min(found, max(before, plan.longest_run_minutes))
    return found


def _rung(record: RunnerRecord, today: date, plan: Plan | None) -> int:
    """Return the rung of the last plan, else the one that the last run-walk speaks of."""
    if plan is not None and plan.run_minutes > 0.0:
        return plan.rung
    recent = runs(record, today - timedelta(days=LONGEST_WINDOW_D - 1), today)
    noted = [run for run in recent if run.minutes]
    if not noted:
        return 0
    last = noted[-1]
    if not last.walk_minutes:
        return rung_of(last.minutes or 0.0)
    ratio = (last.minutes or 0.0) / last.walk_minutes
    fitting = [
        i
        for i, step in enumerate(LADDER[:-1])
        if step.run_min / step.walk_min <= ratio + 1e-9 and step.run_min <= (last.minutes or 0.0)
    ]
    return max(fitting, default=0)
