"""What the diary shows: spikes, shoes, heavy calf work, lighter weeks."""

from datetime import timedelta

import pytest

from tolerance.rules.diary import (
    fast_work_from,
    first_run,
    lighter_week_due,
    no_raise_until,
    run_minutes,
    shoe_ledger,
    spikes,
    until,
    week_minutes,
    weekly_growth,
)

WEEK = timedelta(days=6)


def sentences(builder, params, today):
    return [spike.sentence for spike in spikes(builder.record, params.rules, today - WEEK, today)]


def steady(runner):
    builder = runner()
    for days in range(2, 32, 3):
        builder.session(days, minutes=30)
    return builder


@pytest.mark.rule("R37")
def test_steady_running_has_no_spike(runner, params, today):
    assert sentences(steady(runner), params, today) == []


@pytest.mark.rule("R37")
@pytest.mark.parametrize(("minutes", "found"), [(33, 0), (34, 1), (60, 1)])
def test_a_run_beyond_a_tenth_over_the_thirty_day_longest_is_a_spike(
    runner, params, today, minutes, found
):
    builder = steady(runner).session(1, minutes=minutes)
    long_ones = [line for line in sentences(builder, params, today) if "the longest in" in line]
    assert len(long_ones) == found


@pytest.mark.rule("R37")
@pytest.mark.parametrize(("metres", "found"), [(600, False), (610, True), (None, False)])
def test_two_thousand_feet_of_descent_are_a_spike(runner, params, today, metres, found):
    builder = steady(runner).session(1, minutes=30, descent_m=metres)
    assert any("descent" in line for line in sentences(builder, params, today)) is found


@pytest.mark.rule("R37")
def test_intervals_unused_all_year_are_a_spike(runner, params, today):
    builder = steady(runner).session(1, minutes=30, kind="intervals")
    assert any("after none" in line for line in sentences(builder, params, today))
    builder.session(200, minutes=30, kind="tempo")
    assert not any("after none" in line for line in sentences(builder, params, today))
    first_ever = runner().session(1, kind="intervals")
    assert sentences(first_ever, params, today) == []  # an empty diary is not a year without


@pytest.mark.rule("R37")
def test_two_long_runs_on_days_in_a_row_are_a_spike(runner, params, today):
    builder = steady(runner).session(1, minutes=30)
    assert any("after a long run" in line for line in sentences(builder, params, today))
    short = steady(runner).session(1, minutes=20)
    assert not any("after a long run" in line for line in sentences(short, params, today))


@pytest.mark.rule("R37")
@pytest.mark.parametrize(
    ("before", "week", "found", "holds"),
    [(60, 66, False, False), (60, 67, True, False), (60, 90, True, False), (60, 91, True, True),
     (20, 40, True, False), (0, 40, False, False)],
)  # fmt: skip
def test_growth_in_a_week_is_pointed_out_and_holds_beyond_any_programme(
    runner, params, today, before, week, found, holds
):
    builder = runner().session(3, minutes=week)
    if before:
        builder.session(10, minutes=before)
    growth, held = weekly_growth(builder.record, params.rules, today)
    assert (growth is not None) is found
    assert held is holds


@pytest.mark.rule("R37")
def test_growth_that_is_pointed_out_does_not_hold_the_load(runner):
    builder = runner().ready().run(days=10, minutes=20).run(days=3, minutes=24)
    found = builder.assess()
    assert found.verdict == "plan"
    assert [entry.sentence for entry in found.fired if entry.rule == "R37"]


@pytest.mark.rule("R37")
def test_a_short_run_walk_session_is_no_spike(runner, params, today):
    builder = runner().session(10, minutes=10).session(2, minutes=16)
    assert sentences(builder, params, today) == []


@pytest.mark.rule("R37")
def test_a_spike_holds_the_load_for_a_week(runner):
    builder = runner().ready()
    for days in (20, 17, 14, 11):
        builder.run(days=days, minutes=20)
    builder.run(days=3, minutes=40)
    found = builder.assess()
    assert found.verdict == "hold"
    assert found.allowed.load_factor_max == 1.0
    assert [entry for entry in found.fired if entry.rule == "R37"]


@pytest.mark.rule("R61")
@pytest.mark.parametrize(
    ("each_km", "state"), [(20, "in_use"), (24, "in_use"), (25, "look_at"), (41, "retire")]
)
def test_shoes_are_looked_at_and_retired_by_distance(runner, params, today, each_km, state):
    builder = runner()
    for number in range(20):
        builder.session(100 - number, minutes=None, distance_km=each_km, shoe="Blue")
    (pair,) = shoe_ledger(builder.record, params.rules, today)
    assert pair.distance_km == pytest.approx(20 * each_km)
    assert pair.state == state


@pytest.mark.rule("R61")
def test_minutes_count_as_distance_at_easy_speed(runner, params, today):
    builder = runner(profile={"easy_speed_mps": 2.5}).session(3, minutes=40, shoe="Blue")
    assert shoe_ledger(builder.record, params.rules, today)[0].distance_km == pytest.approx(6.0)
    unknown = runner(profile={"easy_speed_mps": None}).session(3, minutes=40, shoe="Blue")
    assert shoe_ledger(unknown.record, params.rules, today)[0].distance_km == 0.0


@pytest.mark.rule("R47")
@pytest.mark.parametrize(("days", "level"), [(1, True), (13, True), (14, False), (30, False)])
def test_a_new_shoe_keeps_the_load_level_for_two_weeks(runner, params, today, days, level):
    builder = runner().ready()
    builder.session(40, shoe="Blue").run(days=days).session(days, minutes=5, shoe="Red")
    end = no_raise_until(builder.record, params.rules, today)
    assert (end is not None) is level
    found = builder.assess()
    assert (found.allowed.no_load_raise_until is not None) is level
    assert bool([entry for entry in found.fired if entry.rule == "R47"]) is level


@pytest.mark.rule("R47")
def test_the_first_shoe_of_a_diary_is_not_new(runner, params, today):
    builder = runner().session(2, shoe="Blue").session(1, shoe="Blue")
    assert no_raise_until(builder.record, params.rules, today) is None


@pytest.mark.rule("R40")
@pytest.mark.parametrize(("days", "ahead"), [(0, 2), (1, 1), (2, None)])
def test_no_hills_or_speed_on_the_day_after_heavy_calf_work(runner, params, today, days, ahead):
    builder = runner().ready().session(days, activity="strength", heavy_calf="yes")
    first = fast_work_from(builder.record, params.rules, today)
    assert first == (today + timedelta(days=ahead) if ahead else None)
    found = builder.assess()
    assert found.allowed.hills_from == found.allowed.speed_from == first
    assert bool([entry for entry in found.fired if entry.rule == "R40"]) is (first is not None)


@pytest.mark.rule("R27")
def test_a_lighter_week_is_due_after_four_weeks_of_growth(runner, params, today):
    builder = runner()
    for back, minutes in enumerate((70, 66, 62, 58, 54)):
        builder.session(7 * back + 1, minutes=minutes)
    assert lighter_week_due(builder.record, params.rules, today)
    never = params.rules.model_copy(update={"lighter_week_every": 0})
    assert not lighter_week_due(builder.record, never, today)
    found = builder.ready().assess()
    assert found.allowed.lighter_week
    assert found.allowed.load_factor_max <= 0.9
    builder.sessions[2] = builder.sessions[2].model_copy(update={"minutes": 50})
    assert not lighter_week_due(builder.record, params.rules, today)


def test_minutes_of_a_run_come_from_distance_where_only_that_is_known(runner):
    builder = runner(profile={"easy_speed_mps": 2.5})
    builder.session(1, minutes=None, distance_km=6.0).session(2, minutes=None)
    assert run_minutes(builder.record, builder.sessions[0]) == pytest.approx(40.0)
    assert run_minutes(builder.record, builder.sessions[1]) is None


def test_only_runs_and_sport_count_as_running(runner, today):
    builder = runner().session(1, activity="walking").session(2, activity="strength")
    assert week_minutes(builder.record, today) == 0.0
    assert first_run(builder.record, today - WEEK, today) is None
    builder.session(3, activity="sport", minutes=50)
    assert week_minutes(builder.record, today) == 50.0


def test_a_record_is_cut_at_the_end_of_a_day(runner, today):
    builder = runner().session(0).session(-1).calm(days=-2).cleared(days=-1)
    cut = until(builder.record, today)
    assert len(cut.sessions) == 1
    assert cut.symptoms == cut.clearances == ()
