"""A plan as tables and as plain JSON data."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

import pandas as pd

from tolerance.anatomy import Unit
from tolerance.progression.plan_types import Binding, Plan, PlannedSession
from tolerance.rules.assessment import Fired
from tolerance.rules.exercises import StrengthSession
from tolerance.schemas import conform

__all__ = ["plan_as_data", "plan_from_data", "plan_loads_table", "plan_rows", "plans_table"]


def plans_table(plans: Sequence[Plan]) -> pd.DataFrame:
    """Return table ``plans``: one row a session, or one without a session where there is none.

    Parameters
    ----------
    plans : sequence of Plan
        Each of another runner or another start.
    """
    rows = [row for plan in plans for row in _session_rows(plan)]
    return conform("plans", pd.DataFrame(rows, columns=_PLAN_COLUMNS))


def plan_loads_table(plans: Sequence[Plan]) -> pd.DataFrame:
    """Return table ``plan_loads``: what each plan is expected to do to each unit."""
    rows = [
        {
            "runner_id": plan.runner_id,
            "plan_start": pd.Timestamp(plan.start),
            "site": one.unit.site,
            "tissue": one.unit.tissue,
            "side": one.unit.side,
            "is_index": one.is_index,
            "is_personal": one.is_personal,
            "pain_limit": one.pain_limit,
            "damage_rr": one.damage_rr.value,
            "damage_low_rr": one.damage_rr.low,
            "damage_high_rr": one.damage_rr.high,
            "pain_frac": one.pain_of_100.value / 100.0,
            "pain_low_frac": one.pain_of_100.low / 100.0,
            "pain_high_frac": one.pain_of_100.high / 100.0,
            "unsettled_frac": one.unsettled_of_100.value / 100.0,
            "weekly_risk_frac": one.weekly_risk_of_100.value / 100.0,
            "weekly_risk_low_frac": one.weekly_risk_of_100.low / 100.0,
            "weekly_risk_high_frac": one.weekly_risk_of_100.high / 100.0,
            "target_risk_frac": one.target_risk_of_100.value / 100.0,
            "target_risk_low_frac": one.target_risk_of_100.low / 100.0,
            "target_risk_high_frac": one.target_risk_of_100.high / 100.0,
        }
        for plan in plans
        for one in plan.units
    ]
    return conform("plan_loads", pd.DataFrame(rows, columns=_LOAD_COLUMNS))


def plan_rows(plan: Plan) -> list[tuple[str, str, str]]:
    """Return the printable table of a week: day, session, expected pain, by day.

    Parameters
    ----------
    plan : Plan
    """
    rows = []
    for session in plan.sessions:
        pain = session.pain_of_100
        words = "" if pain is None else f"{pain.value:.0f} ({pain.low:.0f} to {pain.high:.0f})"
        rows.append((session.day, f"{session.activity.replace('_', '-')}: {session.words}", words))
    for lift in plan.strength:
        names = "; ".join(f"{words}, {dose}" for words, dose, _ in lift.exercises)
        rows.append((lift.day, f"strength, {lift.minutes:.0f} min: {names}", ""))
    rows.sort(key=lambda row: row[0])
    return [(day.strftime("%a %d %b"), what, pain) for day, what, pain in rows]


def plan_as_data(plan: Plan) -> dict[str, Any]:
    """Return the whole plan as plain numbers, texts and lists for JSON.

    Dates are ISO texts, what is not known is null.
    """
    data = _plain(plan)
    assert isinstance(data, dict)
    return data


def plan_from_data(data: Mapping[str, Any]) -> Plan:
    """Return as much of a kept plan as the next one reads: its week, what bound it, what fired.

    Expectations, dates of the target and guidance belong to their day and stay in the file.

    Parameters
    ----------
    data : mapping
        Of `plan_as_data`.

    Raises
    ------
    ValueError
        If it is not a plan.
    """
    try:
        return Plan(
            runner_id=str(data["runner_id"]),
            made_on=date.fromisoformat(data["made_on"]),
            start=date.fromisoformat(data["start"]),
            verdict=data["verdict"],
            basis=data["basis"],
            origin=data["origin"],
            is_prior=bool(data["is_prior"]),
            reason=str(data["reason"]),
            run_minutes=float(data["run_minutes"]),
            longest_run_minutes=float(data["longest_run_minutes"]),
            rung=int(data["rung"]),
            multiplier=data["multiplier"],
            basis_minutes=float(data["basis_minutes"]),
            sessions=tuple(_session(each) for each in data["sessions"]),
            strength=tuple(_lift(each) for each in data["strength"]),
            guidance=None,
            units=(),
            binds=_binding(data["binds"]),
            rates=(),
            goal=None,
            prior_shares=(),
            what_ifs=(),
            race=None,
            fired=tuple(Fired(each["rule"], each["sentence"]) for each in data["fired"]),
            referrals=(),
            retest_on=None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a plan of this workspace: {error!r}") from error


def _session(data: Mapping[str, Any]) -> PlannedSession:
    return PlannedSession(
        identifier=str(data["identifier"]),
        day=date.fromisoformat(data["day"]),
        activity=data["activity"],
        kind=str(data["kind"]),
        repetitions=None,
        run_minutes=float(data["run_minutes"]),
        walk_minutes=float(data["walk_minutes"]),
        words=str(data["words"]),
    )


def _lift(data: Mapping[str, Any]) -> StrengthSession:
    return StrengthSession(
        day=date.fromisoformat(data["day"]),
        minutes=float(data["minutes"]),
        exercises=tuple((str(a), str(b), str(c)) for a, b, c in data["exercises"]),
        repetitions=int(data["repetitions"]),
        heavy_calf=bool(data["heavy_calf"]),
        same_day_as_run=bool(data["same_day_as_run"]),
        rules=tuple(str(each) for each in data["rules"]),
    )


def _binding(data: Mapping[str, Any] | None) -> Binding | None:
    if data is None:
        return None
    unit = data["unit"]
    return Binding(
        limit=str(data["limit"]),
        unit=None if unit is None else Unit(**unit),
        level=data["level"],
        allowed=data["allowed"],
        sentence=str(data["sentence"]),
    )


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _session_rows(plan: Plan) -> list[dict[str, Any]]:
    common = {
        "runner_id": plan.runner_id,
        "plan_start": pd.Timestamp(plan.start),
        "made_on": pd.Timestamp(plan.made_on),
        "verdict": plan.verdict,
        "basis": plan.basis,
        "origin": plan.origin,
        "is_prior": plan.is_prior,
        "binding": plan.binds.limit if plan.binds is not None else None,
        "rules": " ".join(sorted({fired.rule for fired in plan.fired})),
    }
    empty = {"date": pd.Timestamp(plan.start), "activity": "none", "prescription": plan.reason}
    if not plan.sessions:
        return [common | empty | {"run_minutes": 0.0, "walk_minutes": 0.0}]
    return [
        common
        | {
            "date": pd.Timestamp(session.day),
            "activity": session.activity,
            "prescription": session.words,
            "run_minutes": session.run_minutes,
            "walk_minutes": session.walk_minutes,
        }
        for session in plan.sessions
    ]


_PLAN_COLUMNS = [
    "runner_id", "plan_start", "date", "made_on", "verdict", "basis", "origin", "is_prior",
    "activity", "prescription", "run_minutes", "walk_minutes", "binding", "rules",
]  # fmt: skip
_LOAD_COLUMNS = [
    "runner_id", "plan_start", "site", "tissue", "side", "is_index", "is_personal", "pain_limit",
    "damage_rr", "damage_low_rr", "damage_high_rr", "pain_frac", "pain_low_frac", "pain_high_frac",
    "unsettled_frac", "weekly_risk_frac", "weekly_risk_low_frac", "weekly_risk_high_frac",
    "target_risk_frac", "target_risk_low_frac", "target_risk_high_frac",
]  # fmt: skip
