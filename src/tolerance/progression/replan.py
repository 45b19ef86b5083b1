"""A plan made again: what changed against the last one, in sentences, and what clinicians overrode.

A week is planned anew from the record as it stands: missed, extra and overdone sessions and new
symptoms are in it. Nothing is edited; the last plan stays as it was given.
"""

from dataclasses import replace
from typing import Final

from tolerance.clinic.record import Override, RunnerRecord
from tolerance.model.runner import RunnerState
from tolerance.progression.plan import PlanSettings, plan_week
from tolerance.progression.plan_types import Change, Plan
from tolerance.rules.assessment import Assessment
from tolerance.rules.registry import rule

__all__ = ["append_override", "compare_plans", "model_said", "replan"]

SAME_MINUTES: Final = 0.5
"""Weeks nearer than this to each other are called the same."""


@rule("R28")
def replan(
    state: RunnerState | None,
    assessment: Assessment,
    record: RunnerRecord,
    settings: PlanSettings,
    last_plan: Plan,
) -> Plan:
    """Plan the coming week and say how it differs from the last plan.

    Parameters
    ----------
    state : RunnerState or None
    assessment : Assessment
        As of today, which may lie inside the last plan's week.
    record : RunnerRecord
    settings : PlanSettings
    last_plan : Plan

    Returns
    -------
    Plan
        With every difference in ``changes``.
    """
    plan = plan_week(state, assessment, record, settings, last_plan=last_plan)
    return replace(plan, changes=(*plan.changes, *compare_plans(last_plan, plan)))


def compare_plans(before: Plan, now: Plan) -> tuple[Change, ...]:
    """Return what a reader of both plans would see as different, most important first.

    Parameters
    ----------
    before, now : Plan
    """
    found = []
    if now.verdict != before.verdict:
        found.append(Change(sentence=f"{_verdict(now)}; last time: {_verdict(before)}."))
    difference = now.run_minutes - before.run_minutes
    if abs(difference) >= SAME_MINUTES:
        word = "more" if difference > 0 else "less"
        found.append(
            Change(
                sentence=f"{abs(difference):.0f} min {word} running than the last plan: "
                f"{now.run_minutes:.0f} after {before.run_minutes:.0f}."
            )
        )
    elif now.run_minutes > 0.0:
        found.append(Change(sentence=f"As much running as last time: {now.run_minutes:.0f} min."))
    runs_now, runs_before = _n_runs(now), _n_runs(before)
    if runs_now != runs_before:
        found.append(Change(sentence=f"{runs_now} runs a week instead of {runs_before}."))
    if now.rung != before.rung and now.run_minutes > 0.0 and before.run_minutes > 0.0:
        way = "longer" if now.rung > before.rung else "shorter"
        found.append(Change(sentence=f"The stretches of running are {way}."))
    if now.binds is not None and (before.binds is None or before.binds.limit != now.binds.limit):
        found.append(Change(sentence=f"What limits the week now: {now.binds.sentence}"))
    known = {(fired.rule, fired.sentence) for fired in before.fired}
    found += [
        Change(sentence=f"New: {fired.sentence}", rules=(fired.rule,))
        for fired in now.fired
        if (fired.rule, fired.sentence) not in known
    ]
    return tuple(found)


@rule("R28")
def append_override(record: RunnerRecord, override: Override, plan: Plan) -> RunnerRecord:
    """Return the record with one more override at its end; what the plan said is written with it.

    Earlier overrides are never changed. Red flags win over any of them: the rule book looks at
    flags first.

    Parameters
    ----------
    record : RunnerRecord
    override : Override
        Who, when, what, why. ``model_said`` is filled in where it is empty.
    plan : Plan
        What it goes against.

    Raises
    ------
    ValueError
        If it would stand before an override that is already there.
    """
    if record.overrides and override.date < record.overrides[-1].date:
        raise ValueError(
            f"override of {override.date}: received a date before the last override's, "
            f"{record.overrides[-1].date}; overrides are appended in order, never put in between"
        )
    said = override.model_said or model_said(plan)
    entry = override.model_copy(update={"model_said": said})
    return record.model_copy(update={"overrides": (*record.overrides, entry)})


def model_said(plan: Plan) -> str:
    """Return the plan in a line, for the record of an override."""
    if plan.run_minutes == 0.0:
        return f"{plan.start}: no running. {plan.reason}"
    binds = f" {plan.binds.sentence}" if plan.binds is not None else ""
    return f"{plan.start}: {plan.run_minutes:.0f} min in {_n_runs(plan)} runs.{binds}"


def _n_runs(plan: Plan) -> int:
    return sum(1 for session in plan.sessions if session.activity == "running")


def _verdict(plan: Plan) -> str:
    return {
        "plan": "running is planned",
        "hold": "running is planned without a raise",
        "no_run": "no running yet",
        "rules_only": "rules only, no dose",
        "referral": "to be seen first, no plan",
    }[plan.verdict]
