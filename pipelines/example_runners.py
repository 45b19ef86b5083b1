"""Eight made-up runners for ``data/clinic``; called by hand when the folder's format changes.

Nobody of these exists. Diaries follow a few lines of script and a seeded draw, recordings come from
the simulator. They show injuries, rungs of the exposure ladder and situations side by side::

    python -m pipelines.example_runners
"""

import csv
import io
import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipelines import store
from pipelines.params import load_params
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage
from tolerance.clinic.columns import FOLDER_TABLES
from tolerance.clinic.record import RED_FLAG_QUESTIONS
from tolerance.config import stage_generator
from tolerance.simulate.running_imu import simulate_recording
from tolerance.simulate.simulation_settings import KITS, Block, SimulationSettings, draw_runner

__all__ = ["EXAMPLES", "EXAMPLE_DAY", "Example", "folder_files"]

EXAMPLE_DAY: Final = date(2026, 6, 15)
"""The Monday after the diaries end; reports are written the evening before."""

ROLE: Final = "sports physician"
NOTE: Final = "# Made up: this runner does not exist.\n"
GOOD_UWRI: Final = (3, 2, 3, 3, 3, 2, 2, 3, 2)
LOW_UWRI: Final = (2, 1, 1, 2, 2, 1, 1, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Week:
    """One week of a diary.

    Attributes
    ----------
    back : int
        Weeks before the week of :data:`EXAMPLE_DAY`; 1 is the last.
    runs : tuple of (int, float, float)
        Weekday (Monday is 0), minutes run, minutes walked between.
    pain : float
        Typical worst pain in a run.
    strength : tuple of int
        Weekdays with strength work.
    kind : str
    """

    back: int
    runs: tuple[tuple[int, float, float], ...]
    pain: float
    strength: tuple[int, ...] = ()
    kind: str = "easy"

    @property
    def monday(self) -> date:
        """First day."""
        return EXAMPLE_DAY - timedelta(days=7 * self.back)


@dataclass(frozen=True, kw_only=True)
class Example:
    """One runner: profile in YAML, weeks, and rows of the smaller tables.

    Attributes
    ----------
    name, story : str
    profile : str
        Below ``runner_id``.
    place : tuple of (str, str)
        Site and side that the diary speaks of.
    weeks : tuple of Week
    speed_mps : float
    tests, clearances, overrides, questionnaires : tuple of rows
    flags : dict
        Red flags answered with yes in the last entry.
    asked : bool
        Whether the red-flag questions were put.
    also : tuple of (str, str, float)
        Further places, with their typical pain in a run.
    sensors : tuple of str
        Tracked points whose recording of a short run is part of the folder.
    watch : bool
        Whether each run of the last four weeks has a watch file.
    """

    name: str
    story: str
    profile: str
    place: tuple[str, str]
    weeks: tuple[Week, ...]
    speed_mps: float = 2.7
    tests: tuple[tuple[Any, ...], ...] = ()
    clearances: tuple[tuple[Any, ...], ...] = ()
    overrides: tuple[tuple[Any, ...], ...] = ()
    questionnaires: tuple[tuple[str, str, Sequence[float]], ...] = ()
    flags: dict[str, str] = field(default_factory=dict)
    asked: bool = True
    also: tuple[tuple[str, str, float], ...] = ()
    sensors: tuple[str, ...] = ()
    watch: bool = False


def _weeks(*rows: tuple[tuple[int, ...], float, float, float], strength: tuple[int, ...] = (1, 4),
           last: int = 1) -> tuple[Week, ...]:  # fmt: skip
    """Return weeks from (weekdays, minutes run, minutes walked, pain), the last one last."""
    return tuple(
        Week(
            back=len(rows) - 1 - index + last,
            runs=tuple((day, minutes, walked) for day in days),
            pain=pain,
            strength=strength,
        )
        for index, (days, minutes, walked, pain) in enumerate(rows)
    )


def _day(weeks_back: int, weekday: int = 0) -> str:
    return (EXAMPLE_DAY - timedelta(days=7 * weeks_back - weekday)).isoformat()


EXAMPLES: Final = (
    Example(
        name="heron",
        story="Achilles tendon, eight months, third return. Two shins measured. On track.",
        profile="""\
age_band: 30_39
body_mass_kg: 68
height_m: 1.76
training_years: 9
usual_weekly_minutes: 210
usual_runs_per_week: 4
usual_longest_run_minutes: 90
recent_weekly_minutes: 0
easy_speed_mps: 2.7
cadence_spm: 166
injuries:
  - injury: achilles_tendinopathy
    side: left
    onset: 2025-10-06
    symptom_months: 8
    episodes: 3
    failed_returns: 2
target: {weekly_minutes: 160, longest_run_minutes: 60}
free_days: [mon, wed, fri, sat, sun]
longest_run_day: sun
clinician: Practice at the park
clinician_contact: telephone 555 0101
""",
        place=("achilles", "left"),
        weeks=_weeks(
            ((0, 2, 5), 15, 10, 1.0),
            ((0, 2, 5), 16, 10, 1.2),
            ((0, 2, 5), 17, 8, 1.0),
            ((0, 2, 5), 15, 8, 1.4),
            ((0, 2, 5), 17, 6, 1.2),
            ((0, 2, 5), 18, 5, 1.0),
            ((0, 2, 5), 17.5, 5, 1.2),
            ((0, 2, 5), 18.5, 5, 1.0),
        ),
        tests=(
            (_day(9), "single_leg_calf_raises", "left", 14, 1),
            (_day(9), "single_leg_calf_raises", "right", 27, 0),
            (_day(9), "walk_minutes", "none", 40, 1),
            (_day(2), "single_leg_calf_raises", "left", 22, 1),
            (_day(2), "single_leg_calf_raises", "right", 28, 0),
            (_day(2), "calf_hold_s", "left", 47, 1),
            (_day(2), "single_leg_hops", "left", 20, 1),
        ),
        questionnaires=(
            (_day(8), "uwri", LOW_UWRI),
            (_day(1, 6), "uwri", GOOD_UWRI),
            (_day(1, 6), "ostrc_h2", (8, 8, 8, 8)),
        ),
        sensors=("left_shank", "right_shank"),
    ),
    Example(
        name="wren",
        story="Stress reaction of the shin bone, cleared after imaging. Foot measured. First plan.",
        profile="""\
age_band: 18_29
body_mass_kg: 57
height_m: 1.68
training_years: 5
usual_weekly_minutes: 240
usual_runs_per_week: 5
usual_longest_run_minutes: 100
recent_weekly_minutes: 0
recent_runs_per_week: 0
easy_speed_mps: 2.9
injuries:
  - {injury: tibial_stress_reaction, side: right, onset: 2026-04-06, symptom_months: 1, episodes: 1}
missed_periods: no
energy_intake_low: no
osteoporosis: no
target:
  weekly_minutes: 180
  longest_run_minutes: 75
  race_date: 2026-11-08
  race_distance_km: 21.1
  race_priority: want
free_days: [tue, thu, sat, sun]
clinician: Practice at the park
clinician_contact: telephone 555 0101
""",
        place=("shin", "right"),
        weeks=(
            Week(back=3, runs=((1, 0, 30), (3, 0, 30), (5, 0, 40)), pain=0.0, strength=(0, 4)),
            Week(back=2, runs=((1, 0, 40), (3, 0, 40), (5, 0, 45)), pain=0.0, strength=(0, 4)),
            Week(back=1, runs=((1, 0, 45), (3, 0, 45), (5, 0, 50)), pain=0.0, strength=(0, 4)),
        ),
        tests=(
            (_day(1, 1), "single_leg_calf_raises", "right", 20, 0),
            (_day(1, 1), "single_leg_calf_raises", "left", 24, 0),
            (_day(1, 1), "bone_tenderness", "right", 0, 0),
            (_day(1, 1), "single_leg_hops", "right", 15, 0),
            (_day(1, 5), "walk_minutes", "none", 50, 0),
        ),
        clearances=(
            (
                _day(1, 2),
                "tibial_stress_reaction",
                "shin",
                "right",
                "Dr W.",
                ROLE,
                "free of pain on palpation and hopping; MRI shows healing",
            ),
        ),
        questionnaires=((_day(1, 6), "uwri", LOW_UWRI),),
        sensors=("right_foot",),
    ),
    Example(
        name="kite",
        story="Kneecap pain. Watch. Overdid it last week: far beyond the plan, and it hurt.",
        profile="""\
age_band: 40_49
body_mass_kg: 79
height_m: 1.81
training_years: 12
usual_weekly_minutes: 180
usual_runs_per_week: 4
usual_longest_run_minutes: 70
recent_weekly_minutes: 45
recent_runs_per_week: 3
easy_speed_mps: 2.8
injuries:
  - {injury: patellofemoral_pain, side: right, onset: 2026-02-02, symptom_months: 4}
target: {weekly_minutes: 150, longest_run_minutes: 60}
clinician: Practice at the park
clinician_contact: telephone 555 0101
""",
        place=("knee", "right"),
        weeks=(
            *_weeks(
                ((1, 3, 5), 15, 5, 1.0),
                ((1, 3, 5), 18, 4, 1.0),
                ((1, 3, 5), 20, 2, 1.5),
                ((1, 3, 5), 22, 0, 1.0),
                ((1, 3, 5), 24, 0, 1.5),
                last=2,
            ),
            Week(
                back=1,
                runs=((1, 35, 0), (2, 40, 0), (4, 45, 0), (6, 70, 0)),
                pain=5.0,
                strength=(),
                kind="tempo",
            ),
        ),
        speed_mps=2.9,
        tests=(
            (_day(6), "single_leg_squat_control", "right", 1, 1),
            (_day(6), "walk_minutes", "none", 45, 0),
        ),
        questionnaires=(
            (_day(3, 6), "ostrc_h2", (8, 8, 0, 8)),
            (_day(1, 6), "ostrc_h2", (17, 17, 17, 17)),
        ),
        watch=True,
    ),
    Example(
        name="plover",
        story="Thigh and groin: the groin hurts on landing and at night. Red flag, no plan.",
        profile="""\
age_band: 30_39
body_mass_kg: 54
height_m: 1.65
training_years: 10
usual_weekly_minutes: 330
usual_runs_per_week: 6
usual_longest_run_minutes: 140
easy_speed_mps: 3.1
injuries:
  - {injury: hip_flexor_tendinopathy, side: left, site: groin, onset: 2026-05-11}
repeat_bone_stress: yes
target: {weekly_minutes: 300, race_date: 2026-08-30, race_distance_km: 42.2, race_priority: must}
clinician: Practice at the park
clinician_contact: telephone 555 0101
""",
        place=("groin", "left"),
        weeks=_weeks(
            ((0, 1, 3, 5, 6), 50, 0, 1.0),
            ((0, 1, 3, 5, 6), 48, 0, 2.0),
            ((1, 3, 5), 40, 0, 3.0),
            ((1, 4), 25, 0, 5.0),
            strength=(2,),
        ),
        flags={"groin_pain_on_impact": "yes", "night_pain": "yes"},
    ),
    Example(
        name="swift",
        story="Iliotibial band. Joined four days ago: not enough data yet.",
        profile="""\
age_band: 30_39
body_mass_kg: 72
height_m: 1.79
training_years: 3
usual_weekly_minutes: 120
usual_runs_per_week: 3
easy_speed_mps: 2.6
injuries:
  - {injury: iliotibial_band_syndrome, side: left, onset: 2026-05-04}
target: {weekly_minutes: 120}
""",
        place=("knee", "left"),
        weeks=(Week(back=1, runs=((4, 0, 30),), pain=1.0),),
        asked=False,
    ),
    Example(
        name="robin",
        story="Plantar fascia. Stopped reporting more than three weeks ago.",
        profile="""\
age_band: 50_59
body_mass_kg: 81
height_m: 1.74
training_years: 20
usual_weekly_minutes: 150
usual_runs_per_week: 3
usual_longest_run_minutes: 60
recent_weekly_minutes: 30
recent_runs_per_week: 2
easy_speed_mps: 2.5
injuries:
  - {injury: plantar_fasciopathy, side: right, onset: 2025-12-01, symptom_months: 6}
target: {weekly_minutes: 120, longest_run_minutes: 45}
clinician: Practice at the park
clinician_contact: telephone 555 0101
""",
        place=("foot", "right"),
        weeks=_weeks(
            ((0, 3, 6), 12, 10, 2.0),
            ((0, 3, 6), 14, 8, 2.0),
            ((0, 3, 6), 16, 8, 2.5),
            ((0, 3), 18, 6, 3.0),
            last=4,
        ),
        tests=(
            (_day(8), "single_leg_calf_raises", "right", 17, 2),
            (_day(8), "walk_minutes", "none", 35, 1),
        ),
        questionnaires=((_day(5, 6), "ostrc_h2", (17, 8, 17, 17)),),
    ),
    Example(
        name="finch",
        story="Calf strain (soleus). Diary only, no sensor at all. On track, race in autumn.",
        profile="""\
age_band: 60_plus
body_mass_kg: 70
height_m: 1.72
training_years: 30
usual_weekly_minutes: 150
usual_runs_per_week: 3
usual_longest_run_minutes: 75
recent_weekly_minutes: 30
recent_runs_per_week: 3
easy_speed_mps: 2.4
injuries:
  - {injury: calf_strain_soleus, side: right, onset: 2026-04-13, episodes: 2}
target:
  weekly_minutes: 150
  longest_run_minutes: 75
  race_date: 2026-10-04
  race_distance_km: 10
  race_priority: want
free_days: [tue, thu, sat]
longest_run_day: sat
clinician: Practice at the park
clinician_contact: telephone 555 0101
""",
        place=("calf", "right"),
        weeks=_weeks(
            ((1, 3, 5), 16, 10, 1.0),
            ((1, 3, 5), 17, 10, 0.6),
            ((1, 3, 5), 17, 8, 0.6),
            ((1, 3, 5), 18.5, 6, 1.0),
            ((1, 3, 5), 18, 5, 0.4),
            ((1, 3, 5), 19.5, 4, 0.4),
            strength=(0, 4),
        ),
        speed_mps=2.4,
        tests=(
            (_day(6), "single_leg_calf_raises", "right", 19, 1),
            (_day(6), "single_leg_calf_raises", "left", 23, 0),
            (_day(6), "walk_minutes", "none", 50, 0),
        ),
        questionnaires=((_day(6), "uwri", LOW_UWRI), (_day(1, 6), "ostrc_h2", (8, 8, 0, 8))),
    ),
    Example(
        name="siskin",
        story="Knee ligament rebuilt eight months ago, and the other Achilles: the stricter binds. "
        "One shin measured.",
        profile="""\
age_band: 18_29
body_mass_kg: 74
height_m: 1.80
sport: field_or_court
training_years: 8
usual_weekly_minutes: 200
usual_runs_per_week: 4
usual_longest_run_minutes: 60
recent_weekly_minutes: 60
recent_runs_per_week: 3
easy_speed_mps: 2.9
injuries:
  - {injury: acl_reconstruction, side: left, onset: 2025-10-02, surgery_date: 2025-10-16}
  - {injury: achilles_tendinopathy, side: right, onset: 2026-04-20, symptom_months: 2}
target: {weekly_minutes: 180, longest_run_minutes: 50}
limits: {max_sessions_per_week: 4}
clinician: Practice at the park
clinician_contact: telephone 555 0101
""",
        place=("knee", "left"),
        weeks=_weeks(
            ((0, 2, 4), 20, 4, 0.5),
            ((0, 2, 4), 22, 2, 0.5),
            ((0, 2, 4), 24, 0, 1.0),
            ((0, 2, 4), 26, 0, 0.5),
            ((0, 2, 4), 28, 0, 1.0),
            ((0, 2, 4), 30, 0, 0.5),
            strength=(1, 3),
        ),
        speed_mps=2.9,
        tests=(
            (_day(3), "quadriceps_strength", "left", 168, 0),
            (_day(3), "quadriceps_strength", "right", 196, 0),
            (_day(3), "landing_control", "left", 1, 0),
            (_day(3), "single_leg_squat_control", "left", 1, 0),
            (_day(3), "single_leg_calf_raises", "right", 16, 2),
            (_day(3), "single_leg_calf_raises", "left", 24, 0),
            (_day(3), "forward_hop_cm", "left", 610, 0),
            (_day(3), "forward_hop_cm", "right", 705, 0),
            (_day(3), "walk_minutes", "none", 60, 0),
        ),
        clearances=(
            (
                _day(20),
                "acl_reconstruction",
                "knee",
                "left",
                "Dr K.",
                "orthopaedic surgeon",
                "examination; graft stable",
            ),
        ),
        overrides=(
            (
                _day(3, 1),
                "Dr K.",
                "orthopaedic surgeon",
                "gate:start_running",
                None,
                "both legs injured: strength judged by absolute values, 168 and 196 Nm",
                "no absolute value is agreed",
            ),
        ),
        also=(("achilles", "right", 1.5),),
        questionnaires=((_day(6), "uwri", LOW_UWRI), (_day(1, 6), "uwri", GOOD_UWRI)),
        sensors=("left_shank",),
    ),
)
"""The eight, in the order of the documents."""

SENSOR_STEPS_S: Final = 60.0
"""Seconds of running times sensors: enough steps for a reference, small enough for git."""
TEST_RUN: Final = "test_run"


def folder_files(example: Example, seed: int) -> Iterator[tuple[str, str | bytes]]:
    """Give every file of an example's folder: its place below the folder, and its content."""
    rng = stage_generator(seed, "example_runners", example.name)
    sessions, symptoms, watches = _diary(example, rng)
    started = min((week.monday for week in example.weeks), default=EXAMPLE_DAY)
    consent = started if example.asked else EXAMPLE_DAY - timedelta(days=4)
    profile = f"{NOTE}# {example.story}\nrunner_id: {example.name}\nconsent_date: {consent}\n"
    yield "profile.yaml", profile + example.profile
    if example.sensors:
        day = _day(1, 3)
        sessions.append(
            {
                "session_id": TEST_RUN,
                "date": day,
                "activity": "running",
                "minutes": round(_sensor_seconds(example) / 60.0, 1),
                "kind": "easy",
                "recording": TEST_RUN,
                "note": "short run with sensors",
            }
        )
        for site, side, pain in ((*example.place, 0.0), *example.also):
            symptoms.append(_felt(day, site, side, TEST_RUN, pain, rng))
        for file, text in _recordings(example, day, rng):
            yield f"recordings/{TEST_RUN}/{file}", text
    for name, content in watches.items():
        yield f"recordings/{name}", content
    yield "sessions.csv", _csv("sessions", sessions)
    yield "symptoms.csv", _csv("symptoms", symptoms)
    who = "M. P., physiotherapist"
    tests = [
        dict(zip(("date", "name", "side", "value", "pain"), row, strict=True)) | {"who": who}
        for row in example.tests
    ]
    yield "tests.csv", _csv("tests", tests)
    for name, columns in (
        ("clearances", ("date", "what", "site", "side", "who", "role", "basis")),
        ("overrides", ("date", "who", "role", "what", "value", "why", "model_said")),
    ):
        rows = [dict(zip(columns, row, strict=True)) for row in getattr(example, name)]
        yield f"{name}.csv", _csv(name, rows)
    asked = [
        {"date": day, "questionnaire": name}
        | {f"q{index}": points for index, points in enumerate(answers, start=1)}
        for day, name, answers in example.questionnaires
    ]
    yield "questionnaires.csv", _csv("questionnaires", asked)


def _csv(table: str, rows: Sequence[dict[str, Any]]) -> str:
    columns = [column.name for column in FOLDER_TABLES[table].columns]
    used = [name for name in columns if any(row.get(name) is not None for row in rows)]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, used or columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in sorted(rows, key=lambda row: str(row["date"])):
        writer.writerow({name: "" if row.get(name) is None else row[name] for name in used})
    return NOTE + buffer.getvalue()


def _diary(
    example: Example, rng: np.random.Generator
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, bytes]]:
    sessions: list[dict[str, Any]] = []
    symptoms: list[dict[str, Any]] = []
    watches: dict[str, bytes] = {}
    site, side = example.place
    for week in example.weeks:
        busy = set(week.strength)
        for weekday, minutes, walked in week.runs:
            busy.add(weekday)
            day = (week.monday + timedelta(days=weekday)).isoformat()
            name = f"{day.replace('-', '')}_1"
            run = {"session_id": name, "date": day, "rpe": int(rng.integers(2, 4))}
            if minutes > 0:
                actual = round(float(minutes * np.exp(rng.normal(0.0, 0.02))), 1)
                km = round(actual * 60.0 * example.speed_mps / 1000.0, 1)
                run |= {"activity": "running", "minutes": actual, "walk_minutes": walked or None}
                run |= {"distance_km": km, "kind": week.kind, "surface": "road"}
                if example.watch and week.back <= 2:
                    file = f"{day.replace('-', '')}.fit"
                    watches[file] = _fit_file(week.monday, weekday, actual, example.speed_mps, rng)
                    run["recording"] = file
            else:
                run |= {"activity": "walking", "minutes": walked}
            if week.pain >= 4.0:
                run["rpe"] = int(rng.integers(5, 8))
            sessions.append(run)
            symptoms.append(_felt(day, site, side, name, week.pain, rng))
            symptoms += [_felt(day, at, on, name, level, rng) for at, on, level in example.also]
        for weekday in week.strength:
            day = (week.monday + timedelta(days=weekday)).isoformat()
            sessions.append(
                {
                    "session_id": f"{day.replace('-', '')}_2",
                    "date": day,
                    "activity": "strength",
                    "minutes": 30,
                    "repetitions": 45,
                    "exercise": "calf raises, squats, bridges",
                    "heavy_calf": "no",
                }
            )
        for weekday in sorted(set(range(7)) - busy):
            day = (week.monday + timedelta(days=weekday)).isoformat()
            if example.asked:
                sessions.append({"session_id": f"{day.replace('-', '')}_0", "date": day,
                                 "activity": "rest"})  # fmt: skip
    if example.asked:
        for week in example.weeks:
            stop = (week.monday + timedelta(days=7)).isoformat()
            here = [row for row in symptoms if week.monday.isoformat() <= row["date"] < stop]
            if here:
                last = max(here, key=lambda row: str(row["date"]))
                last |= dict.fromkeys(RED_FLAG_QUESTIONS, "no")
                last |= example.flags if week.back == 1 else {}
    return sessions, symptoms, watches


def _felt(
    day: str, site: str, side: str, session: str, pain: float, rng: np.random.Generator
) -> dict[str, Any]:
    worst = int(np.clip(np.rint(pain + rng.normal(0.0, 0.5)), 0, 10))
    morning = max(worst - 1, 0)
    return {
        "date": day,
        "site": site,
        "side": side,
        "session_id": session,
        "pain_before": min(max(worst - 1, 0), 2),
        "pain_during": worst,
        "trend": "rising" if worst > 3 else "steady",
        "pain_after": worst,
        "pain_next_morning": min(morning, 3),
        "pain_baseline": min(morning, 1),
        "settled_24h": "no" if worst > 3 else "yes",
        "stiffness_min": 10 if site == "achilles" else None,
        "limp": "no",
        "swelling": "no",
    }


def _sensor_seconds(example: Example) -> float:
    return SENSOR_STEPS_S / len(example.sensors)


def _recordings(example: Example, day: str, rng: np.random.Generator) -> Iterator[tuple[str, str]]:
    """Give tables and sidecars of a short simulated run."""
    blocks = (
        Block("standing", 2.0),
        Block("running", _sensor_seconds(example) - 8.0, example.speed_mps),
        Block("running", 8.0, example.speed_mps + 0.4),
        Block("standing", 2.0),
    )
    settings = SimulationSettings(packet_loss_max=0.0)
    session = simulate_recording(
        rng, settings, runner=draw_runner(rng, 1), blocks=blocks, kit=KITS[2]
    )
    for sensor in session.sensors:
        point = sensor.place.tracked_point
        if point not in example.sensors:
            continue
        samples = np.column_stack((sensor.time_s, sensor.acc_mps2, sensor.gyr_radps))
        buffer = io.StringIO()
        np.savetxt(
            buffer,
            samples,
            fmt=["%.2f", *["%.2f"] * 3, *["%.3f"] * 3],
            delimiter=",",
            header="t,ax,ay,az,gx,gy,gz",
            comments="",
        )
        yield f"{point}.csv", buffer.getvalue()
        sidecar = {
            "columns": {"time": "t", "acc": ["ax", "ay", "az"], "gyr": ["gx", "gy", "gz"]},
            "units": {"time": "s", "acc": "m/s^2", "gyr": "rad/s"},
            "sampling_rate_hz": sensor.place.sampling_rate_hz,
            "site": sensor.place.site,
            "side": sensor.place.side,
            "runner_id": example.name,
            "session_id": TEST_RUN,
            "started_at": f"{day}T08:00:00Z",
            "acc_range_g": sensor.device.acc_range_g,
            "gyr_range_dps": sensor.device.gyr_range_dps,
        }
        yield f"{point}.json", json.dumps(sidecar, indent=1) + "\n"


# ---- a watch's file -------------------------------------------------------------------------

FIT_EPOCH: Final = date(1989, 12, 31)
FIT_EVERY_S: Final = 5
_CRC_TABLE: Final = (
    0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
    0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
)  # fmt: skip


def _fit_file(
    monday: date, weekday: int, minutes: float, speed_mps: float, rng: np.random.Generator
) -> bytes:
    """Return a FIT activity: step rate, speed and time on the ground every few seconds."""
    start = (monday + timedelta(days=weekday) - FIT_EPOCH).days * 86_400 + 8 * 3_600
    body = _fit_definition(0, 0, [(0, 1, 0), (1, 2, 0x84), (4, 4, 0x86)])
    body += struct.pack("<BBHI", 0, 4, 1, start)
    body += _fit_definition(1, 20, [(253, 4, 0x86), (4, 1, 2), (6, 2, 0x84), (41, 2, 0x84)])
    for second in range(0, round(60 * minutes), FIT_EVERY_S):
        stance_ms = 262.0 + float(rng.normal(0.0, 4.0))
        speed = speed_mps + float(rng.normal(0.0, 0.05))
        body += struct.pack(
            "<BIBHH", 1, start + second, 82, round(1000 * speed), round(10 * stance_ms)
        )
    body += _fit_definition(3, 18, [(5, 1, 0)]) + struct.pack("BB", 3, 1)
    head = struct.pack("<BBHI4s", 14, 0x20, 2132, len(body), b".FIT")
    head += struct.pack("<H", _crc(head))
    return head + body + struct.pack("<H", _crc(head + body))


def _fit_definition(local: int, number: int, fields: Sequence[tuple[int, int, int]]) -> bytes:
    head = struct.pack("<BBBHB", 0x40 | local, 0, 0, number, len(fields))
    return head + b"".join(struct.pack("BBB", *one) for one in fields)


def _crc(data: bytes) -> int:
    crc = 0
    for byte in data:
        for nibble in (byte & 0xF, byte >> 4):
            crc = (crc >> 4) ^ _CRC_TABLE[crc & 0xF] ^ _CRC_TABLE[nibble]
    return crc


def write_examples(root: Path) -> None:
    """Write all eight folders below ``data/clinic``."""
    seed = load_params(Places(root).params).seed
    for example in EXAMPLES:
        with store.new_directory(root / "data" / "clinic" / example.name) as folder:
            for name, content in folder_files(example, seed):
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                if isinstance(content, bytes):
                    path.write_bytes(content)
                else:
                    path.write_text(content, encoding="utf-8", newline="")


def main() -> None:
    """Write the examples."""
    write_examples(project_root())


if __name__ == "__main__":
    run_stage(main)
