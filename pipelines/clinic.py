"""Real runners' folders: from files to a report's content, outside DVC.

A runner starts from prior draws, never from draws that simulated runners informed. Where the
estimate fails its check, the last good one, dated, stays in force.
"""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from pipelines import store
from pipelines.calibration import load_load_speed
from pipelines.clinic_folder import REPORT, check_folder, refresh_form, remember_rows
from pipelines.clinic_recordings import Measured, measure, measured_place
from pipelines.errors import WorkspaceError
from pipelines.params import load_params
from pipelines.paths import Places
from pipelines.plan_files import read_last_plan, write_plan_files
from pipelines.runner_states import read_state, write_state
from tolerance.clinic.content import ReportContent
from tolerance.clinic.outlook import outlook_of
from tolerance.clinic.record import RunnerRecord
from tolerance.clinic.rehabilitation import has_repetitions, repetition_line
from tolerance.clinic.report import ReportInputs, build_report
from tolerance.config import Params, stage_generator
from tolerance.exposure.histories import record_history
from tolerance.exposure.ledger import LedgerError, build_ledger
from tolerance.exposure.repetitions import HYPOTHESES
from tolerance.exposure.session_costs import LedgerSettings
from tolerance.exposure.settings import exposure_settings
from tolerance.exposure.units import runner_units
from tolerance.model.population import PopulationDraws, prior_draws
from tolerance.model.runner import RunnerHistory, RunnerState
from tolerance.model.update import UpdateSettings, refresh_runner, update_runner
from tolerance.progression.plan import PlanSettings, dose_limits, plan_week
from tolerance.progression.plan_types import Plan
from tolerance.progression.replan import replan
from tolerance.rules.assess import assess
from tolerance.rules.assessment import Assessment
from tolerance.rules.diary import until
from tolerance.rules.registry import rule

__all__ = [
    "CONTENT",
    "Made",
    "Workbench",
    "load_workbench",
    "make_content",
    "prepare",
    "read_content",
]

CONTENT: Final = "report.json"
STATE: Final = "state.npz"
HISTORY: Final = "history"


@dataclass(frozen=True)
class Workbench:
    """Everything that is the same for all runners.

    Attributes
    ----------
    project : Places
    params : Params
    ledger : LedgerSettings
    plan : PlanSettings
    population : PopulationDraws
    """

    project: Places
    params: Params
    ledger: LedgerSettings
    plan: PlanSettings
    population: PopulationDraws


@dataclass(frozen=True)
class Made:
    """A report's content, with what stands behind it.

    Attributes
    ----------
    content : ReportContent
    state : RunnerState or None
    plan : Plan
    is_state_new : bool
        The estimate passed its check and may be kept as the last good one.
    record : RunnerRecord
        As it was read, entries after the day of the report among them.
    """

    content: ReportContent
    state: RunnerState | None
    plan: Plan
    is_state_new: bool
    record: RunnerRecord


def load_workbench(project: Places) -> Workbench:
    """Read settings and learned coefficients, and draw the priors."""
    params = load_params(project.params)
    ledger = LedgerSettings(
        exposure=exposure_settings(params.analyse_recordings),
        load_speed=load_load_speed(project.root),
        exponents=params.tissue_exponents,
        costs=params.ledger,
        injuries=params.injuries,
    )
    rng = stage_generator(params.seed, "runner_report", "population")
    return Workbench(
        project=project,
        params=params,
        ledger=ledger,
        plan=PlanSettings(dose=params.dose, rules=params.rules, ledger=ledger),
        population=prior_draws(params.tolerance_priors, rng, params.runner_report.n_population),
    )


def make_content(
    record: RunnerRecord,
    today: date,
    bench: Workbench,
    measured: Measured,
    *,
    previous: ReportContent | None = None,
    last_good: RunnerState | None = None,
    notes: tuple[str, ...] = (),
    is_example: bool = False,
    last_plan: Plan | None = None,
) -> Made:
    """Assess, estimate, plan and put into words.

    Parameters
    ----------
    record : RunnerRecord
        Entries after ``today`` are not seen.
    today : date
    bench : Workbench
    measured : Measured
    previous : ReportContent, optional
        Of the last report.
    last_good : RunnerState, optional
        In force where the new estimate fails.
    notes : tuple of str
    is_example : bool
    last_plan : Plan, optional
        The week that stands is read through it.
    """
    params, given = bench.params, record
    record = until(record, today)
    measured = _until(measured, today)
    assessment = assess(record, today, params.injuries, params.rules)
    units, _ = runner_units(record, params.injuries)
    tables = {"sessions": measured.sessions, "session_loads": measured.session_loads}
    try:
        ledger = build_ledger(record, units, bench.ledger, today, **tables)
    except LedgerError as error:
        raise WorkspaceError(str(error)) from error
    state, is_new, model_note = None, False, ""
    if assessment.verdict != "rules_only":
        history = record_history(record, bench.ledger, today, ledger=ledger, **tables)
        state, is_new, model_note = _estimate(history, bench, last_good)
    plan = _planned(state, assessment, record, bench, last_plan)
    weeks = dose_limits(record, params.dose, today).horizon_weeks
    outlook = None if state is None else outlook_of(plan, state, weeks)
    content = build_report(
        ReportInputs(
            record=record,
            assessment=assessment,
            injuries=params.injuries,
            ledger=ledger,
            units=units,
            state=state,
            plan=plan,
            outlook=outlook,
            previous=previous,
            is_example=is_example,
            notes=(*measured.notes, *notes),
            origin=bench.population.origin,
            report=params.runner_report,
            follow_up=params.follow_up,
            model_note=model_note,
            repetitions=repetition_line(
                record,
                plan,
                units,
                bench.ledger,
                _minutes_by_reading(record, assessment, plan, bench, today, tables, last_plan),
            ),
        )
    )
    return Made(content, state, plan, is_new, given)


def _planned(
    state: RunnerState | None,
    assessment: Assessment,
    record: RunnerRecord,
    bench: Workbench,
    last_plan: Plan | None,
) -> Plan:
    if last_plan is None:
        return plan_week(state, assessment, record, bench.plan)
    return replan(state, assessment, record, bench.plan, last_plan)


@rule("R04", "R05")
def _minutes_by_reading(
    record: RunnerRecord,
    assessment: Assessment,
    plan: Plan,
    bench: Workbench,
    today: date,
    tables: Mapping[str, pd.DataFrame | None],
    last_plan: Plan | None,
) -> tuple[float, float] | None:
    """Return the first week's running if a repetition counts as a step, and if by force alone.

    Only a first week asks for it: later ones rest on runs.
    """
    is_first = plan.run_minutes > 0.0 and plan.multiplier is None
    if not is_first or not has_repetitions(record, plan):
        return None
    found = []
    for weight in (HYPOTHESES["as_step"], HYPOTHESES["by_exponent"]):
        costs = bench.ledger.costs.model_copy(update={"repetition_as_step_weight": weight})
        ledger = replace(bench.ledger, costs=costs)
        other = replace(bench, ledger=ledger, plan=replace(bench.plan, ledger=ledger))
        history = record_history(record, ledger, today, **tables)
        state, _, _ = _estimate(history, other, None)
        found.append(_planned(state, assessment, record, other, last_plan).run_minutes)
    return found[0], found[1]


def _until(measured: Measured, today: date) -> Measured:
    sessions, loads = measured.sessions, measured.session_loads
    if sessions is None or loads is None:
        return measured
    kept = sessions[sessions["date"] <= pd.Timestamp(today)]
    if kept.empty:
        return replace(measured, sessions=None, session_loads=None)
    here = loads["session_id"].isin(kept["session_id"])
    return replace(
        measured,
        sessions=kept.reset_index(drop=True),
        session_loads=loads[here].reset_index(drop=True),
    )


def _estimate(
    history: RunnerHistory, bench: Workbench, last_good: RunnerState | None
) -> tuple[RunnerState | None, bool, str]:
    """Return the state in force, whether it is new, and what a reader should know of it."""
    if not np.any(history.is_index):
        return None, False, ""
    rng = stage_generator(bench.params.seed, "runner_report", history.runner_id)
    try:
        state = update_runner(bench.population, history, rng, simulated_runner=False)
        reason = f"{state.ess:.0f} effective draws, {bench.params.runner_report.min_ess:.0f} needed"
        is_good = bool(
            state.ess >= bench.params.runner_report.min_ess
            and np.all(np.isfinite(state.log_tolerance))
        )
    except (FloatingPointError, np.linalg.LinAlgError, ValueError, ArithmeticError) as error:
        state, is_good = None, False
        reason = traceback.format_exception_only(error)[-1].strip()
    if is_good:
        return state, True, ""
    held = None if last_good is None else _carried(last_good, history, bench)
    if held is not None and last_good is not None:
        note = (
            f"The new estimate failed its check ({reason}); the one of {last_good.as_of} stays in "
            "force, carried on by load alone."
        )
        return held, False, note
    return None, False, f"The estimate failed its check ({reason}): there is no dose from it."


def _carried(
    last_good: RunnerState, history: RunnerHistory, bench: Workbench
) -> RunnerState | None:
    """Carry the last good state to today by load alone, since its answers were what failed."""
    silent = replace(
        history,
        pain=np.full_like(history.pain, np.nan),
        settled=np.full_like(history.settled, np.nan),
    )
    rng = stage_generator(bench.params.seed, "runner_report", f"{history.runner_id} carried")
    try:
        return refresh_runner(last_good, silent, rng, settings=UpdateSettings(min_ess=1.0))
    except ValueError:
        return None


def read_content(path: Path) -> ReportContent | None:
    """Read a report's content; None where there is none of this format."""
    if not path.is_file():
        return None
    try:
        return ReportContent.model_validate(store.read_json(path), strict=False)
    except ValueError:
        return None


def prepare(folder: Path, today: date, bench: Workbench) -> Made:
    """Read a runner's folder and make the content of its report; write nothing but tables of loads.

    Raises
    ------
    WorkspaceError
        With every problem of the folder.
    """
    read = check_folder(folder, today)
    record = read.checked()
    measured = measure(folder, record, bench.project, measured_place(folder))
    previous = _previous(folder, today)
    last_good = read_state(folder / REPORT / STATE)
    if last_good is not None and last_good.runner_id != record.profile.runner_id:
        last_good = None
    return make_content(
        record,
        today,
        bench,
        measured,
        previous=previous,
        last_good=last_good,
        notes=read.notes,
        last_plan=_last_plan(folder, record, today),
    )


def _last_plan(folder: Path, record: RunnerRecord, today: date) -> Plan | None:
    """Return the last plan of an earlier day, if it is this runner's."""
    plan = read_last_plan(folder / REPORT, today)
    return plan if plan is not None and plan.runner_id == record.profile.runner_id else None


def _previous(folder: Path, today: date) -> ReportContent | None:
    """Return the last report of an earlier day."""
    kept = sorted((folder / REPORT / HISTORY).glob("*.json"))
    for path in reversed(kept):
        if path.stem < today.isoformat():
            content = read_content(path)
            if content is not None:
                return content
    return None


def keep_content(folder: Path, made: Made, sites: Mapping[str, str]) -> Path:
    """Write the JSON twin, its dated copy, the last good state and the form; return the twin."""
    report = folder / REPORT
    twin = made.content.model_dump(mode="json")
    store.write_json(report / CONTENT, twin)
    store.write_json(report / HISTORY / f"{made.content.day}.json", twin)
    write_plan_files(report, made.plan, read_last_plan(report, made.plan.made_on))
    if made.is_state_new and made.state is not None:
        write_state(report / STATE, made.state)
    remember_rows(folder, made.record)
    refresh_form(folder, made.record, dict(sites))
    return report / CONTENT
