"""A plan as calendar and as workout, read back by other libraries."""

import io
from dataclasses import replace
from datetime import date, timedelta

import fitdecode
import pytest
from icalendar import Calendar

from pipelines.exporters.fit_workout import FitWorkoutError, workout_bytes, write_workout
from pipelines.exporters.ics import calendar_bytes, write_calendar
from pipelines.plan_files import read_last_plan, write_plan_files
from tolerance.progression.plan_types import Plan, PlannedSession
from tolerance.progression.run_walk import CONTINUOUS, repetitions

START = date(2026, 6, 16)


def session(day=START, minutes=10.0, rung=0, activity="running"):
    divided = repetitions(minutes, rung) if activity == "running" else None
    return PlannedSession(
        identifier=f"anna-{day.isoformat()}-{activity}",
        day=day,
        activity=activity,
        kind="easy",
        repetitions=divided,
        run_minutes=minutes if divided else 0.0,
        walk_minutes=divided.walk_total_min if divided else 30.0,
        words=divided.words if divided else "30 min brisk walk; no limp, please",
    )


def plan(*sessions, made_on=START - timedelta(days=1)):
    return Plan(
        runner_id="anna", made_on=made_on, start=made_on + timedelta(days=1), verdict="plan",
        basis="model", origin="prior", is_prior=True, reason="A first week.", run_minutes=10.0,
        longest_run_minutes=10.0, rung=0, multiplier=None, basis_minutes=0.0, sessions=sessions,
        strength=(), guidance=None, units=(), binds=None, rates=(), goal=None, prior_shares=(),
        what_ifs=(), race=None, fired=(), referrals=(), retest_on=None,
    )  # fmt: skip


def events(content):
    return {str(event["uid"]): event for event in Calendar.from_ical(content).walk("VEVENT")}


def messages(content):
    with fitdecode.FitReader(io.BytesIO(content), check_crc=fitdecode.CrcCheck.RAISE) as reader:
        return [
            (frame.name, {field.name: field.value for field in frame.fields})
            for frame in reader
            if frame.frame_type == fitdecode.FIT_FRAME_DATA
        ]


def test_each_session_is_one_all_day_event_on_its_day():
    found = events(calendar_bytes(plan(session(), session(START + timedelta(days=2)))))
    assert [event["dtstart"].dt for event in found.values()] == [START, START + timedelta(days=2)]
    assert "10 × (1 min run, 1 min walk)" in str(next(iter(found.values()))["summary"])


def test_a_later_plan_has_the_same_identifiers_and_a_higher_sequence():
    first = events(calendar_bytes(plan(session())))
    later = plan(session(minutes=8.0), made_on=START)
    second = events(calendar_bytes(replace(later, start=START)))
    assert set(first) == set(second)
    (uid,) = first
    assert int(second[uid]["sequence"]) > int(first[uid]["sequence"])


def test_what_is_no_longer_planned_is_cancelled():
    old = plan(session(), session(START + timedelta(days=2)))
    new = plan(session(), made_on=START - timedelta(days=1))
    found = events(calendar_bytes(new, old))
    status = {event["dtstart"].dt: str(event["status"]) for event in found.values()}
    assert status == {START: "CONFIRMED", START + timedelta(days=2): "CANCELLED"}


def test_equal_plans_are_equal_files_with_line_ends_of_the_standard(tmp_path):
    write_calendar(tmp_path / "a.ics", plan(session()))
    write_calendar(tmp_path / "b.ics", plan(session()))
    content = (tmp_path / "a.ics").read_bytes()
    assert content == (tmp_path / "b.ics").read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n")
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))


def test_a_text_with_commas_survives():
    found = events(calendar_bytes(plan(session(activity="walking"))))
    assert str(next(iter(found.values()))["description"]).startswith("30 min brisk walk; no limp, ")


def test_a_workout_parses_back_with_its_repeats():
    found = messages(workout_bytes(session()))
    assert found[0][1]["type"] == "workout"
    steps = [fields for name, fields in found if name == "workout_step"]
    assert found[1][1]["num_valid_steps"] == len(steps) == 5
    assert [step.get("duration_time") for step in steps] == [300.0, 60.0, 60.0, None, 300.0]
    assert (steps[3]["duration_step"], steps[3]["repeat_steps"]) == (1, 10)


def test_a_continuous_run_has_no_repeat():
    found = messages(workout_bytes(session(minutes=20.0, rung=CONTINUOUS)))
    steps = [fields for name, fields in found if name == "workout_step"]
    assert [step["duration_time"] for step in steps] == [300.0, 1200.0, 300.0]


def test_a_workout_is_written_whole_and_alike(tmp_path):
    write_workout(tmp_path / "a.fit", session())
    assert (tmp_path / "a.fit").read_bytes() == workout_bytes(session())


def test_a_walk_is_no_workout():
    with pytest.raises(FitWorkoutError, match="expected a run"):
        workout_bytes(session(activity="walking"))


def test_a_folder_gets_plan_calendar_and_a_workout_a_run(tmp_path):
    written = write_plan_files(tmp_path, plan(session(), session(START + timedelta(days=2))))
    names = sorted(path.relative_to(tmp_path).as_posix() for path in written)
    assert names == [
        "plan.ics", "plan.json", "workouts/2026-06-16.fit", "workouts/2026-06-18.fit",
    ]  # fmt: skip
    write_plan_files(tmp_path, plan(session(START + timedelta(days=2))))
    assert [path.name for path in (tmp_path / "workouts").iterdir()] == ["2026-06-18.fit"]


def test_the_last_plan_is_that_of_an_earlier_day(tmp_path):
    first, second = plan(session()), plan(session(), made_on=START + timedelta(days=6))
    for each in (first, second):
        write_plan_files(tmp_path, each)
    assert read_last_plan(tmp_path, first.made_on) is None
    assert read_last_plan(tmp_path, second.made_on).made_on == first.made_on
    later = read_last_plan(tmp_path, second.made_on + timedelta(days=1))
    assert later.made_on == second.made_on


def test_a_damaged_plan_is_passed_over(tmp_path):
    write_plan_files(tmp_path, plan(session()))
    (tmp_path / "plans" / "2026-06-15.json").write_text("{}")
    assert read_last_plan(tmp_path, START + timedelta(days=3)) is None


def test_a_plan_without_sessions_leaves_no_calendar_behind(tmp_path):
    write_plan_files(tmp_path, plan(session()))
    assert write_plan_files(tmp_path, plan()) == [tmp_path / "plan.json"]
    assert not (tmp_path / "plan.ics").exists()
    assert not (tmp_path / "workouts").exists()
