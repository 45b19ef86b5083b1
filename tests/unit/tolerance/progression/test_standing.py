"""What the next week stands on."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from tolerance.clinic.record import Profile, RunnerRecord, SessionEntry
from tolerance.progression.plan_types import Plan, PlannedSession
from tolerance.progression.run_walk import CONTINUOUS, repetitions
from tolerance.progression.standing import standing

TODAY = date(2026, 6, 15)


def record(*runs):
    """Return a record of runs: days ago, minutes and walking minutes."""
    return RunnerRecord(
        profile=Profile(runner_id="r", consent_date=TODAY),
        sessions=tuple(
            SessionEntry(
                session_id=f"s{i}", date=TODAY - timedelta(days=ago), activity="running",
                minutes=minutes, walk_minutes=walk,
            )
            for i, (ago, minutes, walk) in enumerate(sorted(runs, reverse=True))
        ),
    )  # fmt: skip


def last_plan(minutes=10.0, ago=(6, 4, 2), rung=2):
    start = TODAY - timedelta(days=6)
    sessions = tuple(
        PlannedSession(
            identifier=f"r-{i}", day=TODAY - timedelta(days=days), activity="running", kind="easy",
            repetitions=repetitions(minutes, rung), run_minutes=minutes, walk_minutes=3.0, words="",
        )
        for i, days in enumerate(ago)
    )  # fmt: skip
    return Plan(
        runner_id="r", made_on=start - timedelta(days=1), start=start, verdict="plan",
        basis="model", origin="prior", is_prior=True, reason="", run_minutes=minutes * len(ago),
        longest_run_minutes=minutes, rung=rung, multiplier=1.0, basis_minutes=30.0,
        sessions=sessions, strength=(), guidance=None, units=(), binds=None, rates=(), goal=None,
        prior_shares=(), what_ifs=(), race=None, fired=(), referrals=(), retest_on=None,
    )  # fmt: skip


def test_without_a_run_there_is_no_level():
    level = standing(record(), TODAY, None)
    assert level.basis.run_minutes == 0.0
    assert np.isnan(level.basis.longest_30d_min)
    assert level.rung == 0


def test_a_test_of_half_a_minute_is_no_level():
    assert standing(record((3, 0.5, None)), TODAY, None).basis.run_minutes == 0.0


def test_the_level_is_the_week_that_was_run():
    level = standing(record((6, 10, 5), (4, 12, 5), (2, 11, 5)), TODAY, None)
    assert level.basis.run_minutes == 33.0
    assert level.basis.sessions == 3
    assert level.basis.longest_30d_min == 12.0


def test_after_a_week_off_the_level_is_lower():
    level = standing(record((13, 10, 5), (11, 10, 5), (9, 10, 5)), TODAY, None)
    assert level.basis.run_minutes == pytest.approx(24.0)


@pytest.mark.rule("A15")
def test_a_missed_run_lowers_nothing_and_is_said():
    before = [(13, 10, 5), (11, 10, 5), (9, 10, 5)]
    level = standing(record(*before, (6, 10, 5), (4, 10, 5)), TODAY, last_plan())
    assert level.n_missed == 1
    assert level.basis.run_minutes == 30.0
    assert "missed" in level.changes[0].sentence


@pytest.mark.rule("R37")
def test_an_overdone_week_does_not_become_the_level():
    level = standing(record((6, 20, 5), (4, 20, 5), (2, 20, 5)), TODAY, last_plan())
    assert level.is_overdone
    assert level.basis.run_minutes == 30.0
    assert level.basis.longest_30d_min == 10.0
    assert "60 min were run where 30 were planned" in level.changes[0].sentence


def test_a_run_where_none_was_planned_is_overdone():
    none = replace(last_plan(), sessions=(), run_minutes=0.0, longest_run_minutes=0.0)
    assert standing(record((2, 20, 0)), TODAY, none).is_overdone


def test_an_old_plan_says_nothing_of_this_week():
    old = replace(last_plan(), start=TODAY - timedelta(days=30))
    level = standing(record((2, 20, 0)), TODAY, old)
    assert level.planned_minutes is None
    assert not level.is_overdone


@pytest.mark.parametrize(
    ("minutes", "walk", "rung"),
    [(10, 10, 0), (15, 5, 3), (20, 4, 5), (30, 2, 7), (30, 0, CONTINUOUS), (4, None, 4)],
)
def test_the_rung_is_read_from_the_last_run(minutes, walk, rung):
    assert standing(record((2, minutes, walk)), TODAY, None).rung == rung


def test_the_rung_of_the_last_plan_comes_first():
    assert standing(record((2, 10, 10)), TODAY, last_plan(rung=4)).rung == 4
