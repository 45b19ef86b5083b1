"""Exercises by injury and phase, and the week that carries them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tolerance.rules.exercises import (
    LIBRARY,
    PROGRAMMES,
    exercises_for,
    strength_week,
)
from tolerance.rules.gates import PHASES
from tolerance.rules.registry import RULES

MONDAY = date(2026, 6, 15)
WEEK = tuple(MONDAY + timedelta(days=day) for day in range(7))


def in_phase(assessment, phase, **allowed):
    injuries = tuple(replace(injury, phase=phase) for injury in assessment.injuries)
    changed = replace(assessment.allowed, **allowed)
    return replace(assessment, injuries=injuries, allowed=changed)


def names(assessment):
    return exercises_for(assessment, assessment.injuries[0])


def week(assessment, params, runs=(0, 2, 4), fast=(), longest=None):
    return strength_week(
        assessment, params.rules, WEEK, [WEEK[day] for day in runs], [WEEK[day] for day in fast],
        None if longest is None else WEEK[longest],
    )  # fmt: skip


@pytest.mark.rule("R41", "R49")
def test_every_injury_has_exercises_in_every_phase(params):
    assert set(PROGRAMMES) == set(params.injuries)
    for programme in PROGRAMMES.values():
        assert tuple(programme) == PHASES
        assert all(set(phase) <= set(LIBRARY) and phase for phase in programme.values())
    used = {name for one in PROGRAMMES.values() for phase in one.values() for name in phase}
    assert used == set(LIBRARY)
    assert {rule for exercise in LIBRARY.values() for rule in exercise.rules} <= set(RULES)


@pytest.mark.rule("R41")
def test_a_cranky_achilles_holds_before_it_drops(runner):
    found = runner().ready().assess()
    settle = names(in_phase(found, "settle_and_assess"))
    assert settle[0] == "calf_hold_mid_range"
    assert "heel_drop" not in settle
    assert "heel_drop" in names(in_phase(found, "build_capacity"))
    insertion = runner("insertional_achilles_tendinopathy").ready().assess()
    for phase in PHASES:
        assert "heel_drop" not in names(in_phase(insertion, phase))


@pytest.mark.rule("R41")
def test_a_kneecap_avoids_deep_angles_early(runner):
    found = runner("patellofemoral_pain").ready().assess()
    early = names(in_phase(found, "settle_and_assess"))
    assert "shallow_squat_hold" in early
    assert not {"split_squat", "single_leg_squat", "leg_press"} & set(early)


@pytest.mark.rule("R41", "R44")
def test_hill_sprints_of_the_hamstring_wait_for_hills_and_speed(runner):
    found = runner("proximal_hamstring_tendinopathy").ready().assess()
    late = in_phase(found, "sharpen_and_maintain", hills=True, speed=True)
    assert {"hip_hinge", "sprint_drills", "hill_sprints"} <= set(names(late))
    assert "8 to 10 %" in LIBRARY["hill_sprints"].words
    assert "hill_sprints" not in names(in_phase(found, "sharpen_and_maintain", hills=True))
    assert "hill_sprints" not in names(in_phase(found, "elastic_and_speed", hills=True, speed=True))


@pytest.mark.rule("A02")
def test_no_exercise_has_impact_while_impact_is_not_allowed(runner):
    found = runner("tibial_stress_reaction").ready().cleared().calm(pain=0).assess()
    for phase in PHASES:
        kept = names(in_phase(found, phase, impact=False, speed=True, hills=True))
        assert not [name for name in kept if LIBRARY[name].impact]
    assert "plyometric_hops" in names(in_phase(found, "elastic_and_speed", impact=True))


def test_an_open_red_flag_leaves_no_exercise(runner, params):
    found = runner().ready().screened(days=1, calf_swelling_heat="yes").assess()
    assert names(found) == ()
    assert week(found, params) == ()


@pytest.mark.rule("R62", "R40")
def test_two_lifts_go_on_easy_run_days(runner, params):
    lifts = week(runner().ready().assess(), params)
    assert len(lifts) == 2
    assert all(lift.same_day_as_run for lift in lifts)
    assert all(lift.minutes == 30 for lift in lifts)
    assert (lifts[1].day - lifts[0].day).days >= 2


@pytest.mark.rule("R40")
@pytest.mark.parametrize(
    ("runs", "fast", "longest"),
    [((0, 2, 5), (2,), 5), ((1, 3, 6), (3,), 6), ((0, 1, 2, 3, 4), (1, 3), 4), ((2,), (2,), 2)],
)
def test_no_lift_comes_on_the_day_before_fast_or_long_running(runner, params, runs, fast, longest):
    lifts = week(runner().ready().assess(), params, runs, fast, longest)
    protected = {WEEK[day] for day in (*fast, longest)}
    assert lifts
    for lift in lifts:
        assert lift.day + timedelta(days=1) not in protected


@pytest.mark.rule("R43")
def test_the_last_three_repetitions_are_effortful(runner, params):
    found = in_phase(runner().ready().assess(), "build_capacity")
    efforts = {effort for lift in week(found, params) for _, _, effort in lift.exercises}
    assert efforts == {"the last 3 repetitions are effortful, form kept; weight rises over months"}
    assert all(lift.repetitions > 60 and lift.heavy_calf for lift in week(found, params))


@pytest.mark.rule("R49", "R50")
def test_late_phases_are_heavy_once_a_week_and_the_last_one_is_short(runner, params):
    found = runner().ready().assess()
    elastic = week(in_phase(found, "elastic_and_speed", impact=True), params)
    assert [lift.heavy_calf for lift in elastic] == [True, False]
    build = week(in_phase(found, "build_capacity"), params)
    last = week(in_phase(found, "sharpen_and_maintain"), params)
    assert [lift.minutes for lift in last] == [20.0, 20.0]
    assert sum(lift.repetitions for lift in last) < sum(lift.repetitions for lift in build)
    assert all("30 to 50 %" in dose for lift in last for _, dose, _ in lift.exercises)
    assert "R50" in last[0].rules


def test_without_free_days_there_is_no_lift(runner, params):
    assert strength_week(runner().ready().assess(), params.rules, ()) == ()


def test_without_runs_lifts_are_still_spaced(runner, params):
    lifts = week(runner().screened().calm().assess(), params, runs=())
    assert len(lifts) == 2
    assert (lifts[1].day - lifts[0].day).days >= 2


@pytest.mark.rule("R44")
def test_hill_sprints_take_the_place_of_strides_on_the_fast_day(runner, params):
    found = runner("proximal_hamstring_tendinopathy").ready().assess()
    late = in_phase(found, "sharpen_and_maintain", hills=True, speed=True, impact=True)
    sessions = week(late, params, (0, 2, 5), (2,), 5)
    (sprints,) = [one for one in sessions if "8 to 10 %" in one.exercises[0][0]]
    lifts = [one for one in sessions if one is not sprints]
    assert sprints.day == WEEK[2]
    words = {line[0] for lift in lifts for line in lift.exercises}
    assert not any("Strides" in line or "sprints" in line for line in words)
    assert len(week(late, params, (0, 2, 5), (), 5)) == len(lifts)


def test_the_second_late_lift_is_never_empty(runner, params):
    for injury in PROGRAMMES:
        found = in_phase(runner(injury).screened().assess(), "sharpen_and_maintain", strength=True)
        assert all(lift.exercises for lift in week(found, params)), injury
