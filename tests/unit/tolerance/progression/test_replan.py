"""Plans made again, overrides, sprint steps, tables."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from pipelines.store import read_json, write_json, write_table
from tolerance.clinic.record import Override
from tolerance.progression.plan_tables import (
    plan_as_data,
    plan_from_data,
    plan_loads_table,
    plan_rows,
    plans_table,
)
from tolerance.progression.replan import append_override, compare_plans, model_said, replan
from tolerance.progression.sprint import SPRINT_STEPS, next_sprint_step, sport_entry
from tolerance.schemas import validate


@pytest.fixture
def made(runner):
    one = runner().ready()
    for days in (12, 10, 8, 5, 3, 1):
        one.run(days, minutes=10.0)
    return one


def override(day, what="load_factor_max", value=1.0):
    return Override(date=day, who="A Clinician", role="physiotherapist", what=what, value=value,
                    why="seen today")  # fmt: skip


@pytest.mark.rule("R28")
def test_a_new_symptom_changes_the_plan_and_says_so(made, planned, believed, plan_settings):
    before = planned(made)
    made.run(0, minutes=10.0, pain=6.0, settled="no")
    assessment = made.assess()
    now = replan(believed(made), assessment, made.record, plan_settings, before)
    sentences = " ".join(change.sentence for change in now.changes)
    assert "less running than the last plan" in sentences or "no running" in sentences
    assert any(change.rules for change in now.changes)
    assert now.run_minutes < before.run_minutes


def test_equal_plans_differ_in_nothing(made, planned):
    plan = planned(made)
    (only,) = compare_plans(plan, plan)
    assert only.sentence.startswith("As much running")


def test_overrides_are_appended_with_what_the_model_said(made, planned, today):
    plan = planned(made)
    record = append_override(made.record, override(today), plan)
    assert record.overrides[-1].model_said == model_said(plan)
    assert f"{plan.run_minutes:.0f} min" in record.overrides[-1].model_said
    again = append_override(record, override(today, "runs_per_week", 2.0), plan)
    assert again.overrides[:-1] == record.overrides
    with pytest.raises(ValueError, match="appended in order"):
        append_override(record, override(today - timedelta(days=3)), plan)


@pytest.mark.rule("A04")
def test_an_override_does_not_lift_a_red_flag(made, planned, today):
    made.override("start_running").screened(days=0, chest_pain_or_fainting="yes")
    plan = planned(made)
    assert plan.verdict == "referral"
    assert plan.run_minutes == 0.0


def test_tables_keep_their_contract_and_can_be_written(made, planned, tmp_path):
    plans = [planned(made), replace(planned(made), runner_id="r2", sessions=(), run_minutes=0.0)]
    sessions, loads = plans_table(plans), plan_loads_table(plans)
    validate("plans", sessions)
    validate("plan_loads", loads)
    assert (sessions["runner_id"] == "r2").sum() == 1
    assert loads["is_index"].sum() == 2
    write_table(tmp_path / "plans.parquet", "plans", sessions)
    write_json(tmp_path / "plan.json", plan_as_data(plans[0]))


def test_the_printed_table_has_every_session_and_lift_by_day(made, planned):
    plan = planned(made)
    rows = plan_rows(plan)
    assert len(rows) == len(plan.sessions) + len(plan.strength)
    assert any("of" not in pain and "to" in pain for _, _, pain in rows)


@pytest.mark.rule("R25")
def test_sprint_steps_rise_after_two_sessions_and_only_where_sprinting_is_open(runner, today):
    made = runner(profile={"sport": "field_or_court"}).ready()
    closed = made.assess()
    assert next_sprint_step(made.record, closed) is None
    opened = replace(closed, allowed=replace(closed.allowed, sprint=True, load_factor_max=2.0))
    assert next_sprint_step(made.record, opened) == SPRINT_STEPS[0]
    for days in (9, 6, 3):
        made.session(days, minutes=20.0, kind="sprint")
    assert next_sprint_step(made.record, opened) == SPRINT_STEPS[1]
    bad = replace(opened, allowed=replace(opened.allowed, load_factor_max=0.8))
    assert next_sprint_step(made.record, bad) == SPRINT_STEPS[0]
    fractions = [step.fraction for step in SPRINT_STEPS]
    assert fractions == sorted(fractions)


def test_a_match_enters_the_ledger_as_sport(runner):
    entry = sport_entry(runner(profile={"sport": "field_or_court"}).record, date(2026, 6, 15), 60.0)
    assert (entry.activity, entry.kind) == ("sport", "match")
    with pytest.raises(ValueError, match="field_or_court"):
        sport_entry(runner().record, date(2026, 6, 15), 60.0)


def test_a_kept_plan_is_read_back_as_far_as_the_next_one_needs_it(made, planned, tmp_path):
    plan = planned(made)
    write_json(tmp_path / "plan.json", plan_as_data(plan))
    again = plan_from_data(read_json(tmp_path / "plan.json"))
    assert (again.start, again.run_minutes, again.rung) == (
        plan.start, plan.run_minutes, plan.rung,
    )  # fmt: skip
    assert [s.identifier for s in again.sessions] == [s.identifier for s in plan.sessions]
    assert again.strength == plan.strength
    assert again.binds == plan.binds
    assert compare_plans(again, plan) == compare_plans(plan, plan)


def test_what_is_no_plan_is_refused():
    with pytest.raises(ValueError, match="not a plan"):
        plan_from_data({"runner_id": "r"})
