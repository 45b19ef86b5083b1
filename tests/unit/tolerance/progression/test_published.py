"""The rows of published programmes against what their sources tabulate (science table D3)."""

import pytest

from tolerance.progression import published
from tolerance.progression.published import PROGRAMMES

EASY_MPS, WALK_MPS = 2.7, 1.4


def minutes(programme):
    return [row.run_minutes(EASY_MPS, WALK_MPS) for row in programme.rows]


def test_dunne_gives_the_tabulated_minutes_a_week():
    weekly = [3 * each for each in minutes(published.DUNNE)]
    assert weekly == [30, 36, 48, 72, 96, 90, 90, 90, 60, 75, 90, 105]


def test_dunne_begins_with_ten_times_one_minute_and_one():
    (cycle,) = published.DUNNE.rows[0].cycles
    assert (cycle.run, cycle.walk, cycle.repeats) == (1.0, 1.0, 10)


@pytest.mark.parametrize(
    ("level", "walk", "jog", "miles"),
    [(1, 0.1, 0.1, 1.0), (2, 0.1, 0.2, 4 / 3), (3, 0.1, 0.3, 1.5), (4, 0.1, 0.4, 1.6)],
)
def test_delaware_s_walking_levels_cover_two_miles(level, walk, jog, miles):
    row = published.DELAWARE_TREADMILL.rows[level - 1]
    (cycle,) = row.cycles
    assert (cycle.run, cycle.walk) == (jog, walk)
    assert cycle.repeats * (cycle.run + cycle.walk) == pytest.approx(2.0)
    assert cycle.repeats * cycle.run == pytest.approx(miles)


def test_delaware_s_first_level_is_ten_repeats():
    assert published.DELAWARE_TREADMILL.rows[0].cycles[0].repeats == pytest.approx(10.0)


def test_delaware_s_jogging_levels_and_the_last():
    rows = published.DELAWARE_TREADMILL.rows
    assert [row.cycles[0].run for row in rows[4:7]] == [2.0, 2.5, 3.0]
    assert len(rows) == 8
    assert "0.25 mile" in rows[7].note


def test_a_mile_of_jogging_takes_as_long_as_its_speed_says():
    row = published.DELAWARE_TREADMILL.rows[4]
    assert row.run_minutes(1609.344 / 300.0, WALK_MPS) == pytest.approx(10.0)


def test_couch_to_5k_row_by_row():
    expected = [8, 60 / 7, 9, 16, 15, 16, 20, 18, 20, 25, 25, 28, 30]
    assert minutes(published.COUCH_TO_5K) == pytest.approx(expected)
    total = [sum(c.repeats * (c.run + c.walk) for c in row.cycles) for row in
             published.COUCH_TO_5K.rows[:2]]  # fmt: skip
    assert total == pytest.approx([20, 20])
    assert len(published.COUCH_TO_5K.run_minutes_by_session(EASY_MPS, WALK_MPS)) == 27


def test_military_phases_as_tabulated():
    rows = published.MILITARY.rows
    found = [(row.rpe, row.cycles[0].walk, row.cycles[0].run, row.total_miles) for row in rows]
    assert found[:5] == [(3, 2, 3, 1.0), (3, 2, 3, 1.5), (4, 2, 4, 1.5), (4, 2, 4, 2), (5, 1, 4, 2)]
    assert rows[5].cycles[0].walk == 0
    assert (rows[5].rpe, rows[5].total_miles) == (5, 2.0)
    assert all(row.sessions >= 2 for row in rows)


def test_military_minutes_cover_the_stated_miles():
    """Run and walk at their speeds for the minutes given: the distance comes out again."""
    row = published.MILITARY.rows[0]
    run = row.run_minutes(EASY_MPS, WALK_MPS)
    walk = run * 2.0 / 3.0
    assert 60 * (run * EASY_MPS + walk * WALK_MPS) == pytest.approx(1609.344)


def test_moen_s_phases():
    rows = published.MOEN_MTSS.rows
    assert [(row.cycles[0].run, row.cycles[0].walk) for row in rows] == [
        (2, 2), (2, 2), (3, 2), (3, 2), (16, 0), (18, 0),
    ]  # fmt: skip
    assert all(16 <= sum(c.repeats * (c.run + c.walk) for c in row.cycles) <= 20 for row in rows)


def test_brigham_and_cole_from_walking_to_45_minutes():
    rows = published.BRIGHAM_COLE.rows
    assert rows[0].cycles == rows[1].cycles == ()
    assert "470" in rows[1].note
    assert (rows[2].cycles[0].walk, rows[2].cycles[0].run) == (5, 1)
    assert (rows[3].cycles[0].walk, rows[3].cycles[0].run) == (4, 2)
    assert [rows[8].cycles[0].run, rows[-1].cycles[0].run] == [30, 45]
    assert published.BRIGHAM_COLE.unread


def test_osu_three_repeats_two_days_each():
    rows = published.OSU_ADVANCED.rows
    assert [(r.cycles[0].walk, r.cycles[0].run) for r in rows] == [
        (5, 1), (5, 3), (5, 5), (5, 8), (5, 10),
    ]  # fmt: skip
    assert {(row.cycles[0].repeats, row.sessions) for row in rows} == {(3, 2)}


def test_what_a_source_does_not_state_is_left_out_and_said():
    for programme in PROGRAMMES:
        assert programme.source
        assert programme.rules
        if not programme.rows:
            assert programme.unread, programme.name
    assert published.ACL_RECONSTRUCTION_TRIAL.rules[0] == "10 sessions in 14 days"
    assert published.WISCONSIN.sessions_per_week == 3


def test_no_programme_is_named_twice():
    names = [programme.name for programme in PROGRAMMES]
    assert len(set(names)) == len(names) == 10
