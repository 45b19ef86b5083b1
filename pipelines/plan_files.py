"""A runner's plan on disk: the plan itself, its calendar, a workout file a run, and past plans."""

import shutil
from datetime import date
from pathlib import Path
from typing import Final

from pipelines import store
from pipelines.errors import WorkspaceError
from pipelines.exporters.fit_workout import workout_bytes
from pipelines.exporters.ics import write_calendar
from tolerance.progression.plan_tables import plan_as_data, plan_from_data
from tolerance.progression.plan_types import Plan

__all__ = ["CALENDAR", "PLAN", "PLANS", "WORKOUTS", "read_last_plan", "write_plan_files"]

PLAN: Final = "plan.json"
CALENDAR: Final = "plan.ics"
WORKOUTS: Final = "workouts"
PLANS: Final = "plans"
"""Folder of every plan by the day it was made on."""


def write_plan_files(report: Path, plan: Plan, last_plan: Plan | None = None) -> list[Path]:
    """Write a plan into a runner's report folder; files of the plan before are replaced.

    Parameters
    ----------
    report : Path
    plan : Plan
    last_plan : Plan, optional
        What of it is no longer planned is cancelled in the calendar.

    Returns
    -------
    list of Path
        The plan, its calendar and its workouts. A plan without sessions has neither of the latter.
    """
    data = plan_as_data(plan)
    store.write_json(report / PLAN, data)
    store.write_json(report / PLANS / f"{plan.made_on.isoformat()}.json", data)
    written = [report / PLAN]
    if plan.sessions or last_plan is not None:
        write_calendar(report / CALENDAR, plan, last_plan)
        written.append(report / CALENDAR)
    else:
        (report / CALENDAR).unlink(missing_ok=True)
    runs = [session for session in plan.sessions if session.repetitions is not None]
    if not runs:
        shutil.rmtree(report / WORKOUTS, ignore_errors=True)
        return written
    with store.new_directory(report / WORKOUTS) as folder:
        for session in runs:
            (folder / f"{session.day.isoformat()}.fit").write_bytes(workout_bytes(session))
    return written + [report / WORKOUTS / f"{session.day.isoformat()}.fit" for session in runs]


def read_last_plan(report: Path, today: date) -> Plan | None:
    """Return the last plan made before today; None where there is none that can be read.

    Parameters
    ----------
    report : Path
        Report folder of one runner.
    today : date
    """
    for path in sorted((report / PLANS).glob("*.json"), reverse=True):
        if path.stem < today.isoformat():
            try:
                return plan_from_data(store.read_json(path))
            except (ValueError, WorkspaceError):
                continue
    return None
