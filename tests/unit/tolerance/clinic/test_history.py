"""Four typical weeks stand before the diary."""

from datetime import date, timedelta

from tolerance.clinic.history import is_remembered, with_typical_weeks
from tolerance.clinic.record import Profile, RunnerRecord, SessionEntry, TypicalWeek

CONSENT = date(2026, 3, 2)


def record_of(weeks, sessions=()):
    profile = Profile(runner_id="r1", consent_date=CONSENT, typical_weeks=weeks)
    return RunnerRecord(profile=profile, sessions=sessions)


def test_minutes_and_runs_are_those_that_were_told():
    weeks = (TypicalWeek(runs=3, minutes=60), TypicalWeek(runs=4, minutes=100))
    filled = with_typical_weeks(record_of(weeks))
    runs = [one for one in filled.sessions if one.activity == "running"]
    assert len(runs) == 7
    assert sum(one.minutes for one in runs) == 160
    assert {one.date for one in filled.sessions} == {
        CONSENT - timedelta(days=ago) for ago in range(1, 15)
    }
    assert all(is_remembered(one) for one in filled.sessions)


def test_a_week_without_running_is_rest_and_not_unknown():
    filled = with_typical_weeks(record_of((TypicalWeek(runs=0, minutes=0),)))
    assert [one.activity for one in filled.sessions] == ["rest"] * 7


def test_the_diary_stays_and_follows():
    noted = SessionEntry(session_id="a", date=date(2026, 3, 10), activity="running", minutes=20.0)
    filled = with_typical_weeks(record_of((TypicalWeek(runs=9, minutes=90),), (noted,)))
    assert filled.sessions[-1] == noted
    assert max(one.date for one in filled.sessions[:-1]) == date(2026, 3, 9)
    assert len({one.session_id for one in filled.sessions}) == len(filled.sessions)


def test_without_typical_weeks_nothing_is_added():
    record = record_of(())
    assert with_typical_weeks(record) is record
