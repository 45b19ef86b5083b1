"""Whom to call: our states with rules, and the public four checks."""

from dataclasses import replace
from datetime import date

import pytest

from pipelines.params import load_params
from pipelines.paths import Places, project_root
from tolerance.clinic.content import Signals
from tolerance.clinic.record import Profile, RunnerRecord, SymptomEntry
from tolerance.clinic.triage import ontracx_checks, triage, weeks_above
from tolerance.rules.assess import assess

TODAY = date(2026, 6, 14)
PARAMS = load_params(Places(project_root()).params)
QUIET = Signals(
    last_entry=TODAY,
    latest_pain=1.0,
    pain_change=0.0,
    week_load_rr=2.0,
    usual_load_rr=2.0,
    weeks_over=0,
    done_sessions=3,
    planned_sessions=3,
)


def assessed(**changes):
    record = RunnerRecord(profile=Profile(runner_id="r", consent_date=TODAY), **changes)
    return assess(record, TODAY, PARAMS.injuries, PARAMS.rules)


def state(signals=QUIET, ceiling=2.0, assessment=None):
    found = triage(assessment or assessed(), signals, ceiling, PARAMS.follow_up)
    return found.state, [reason.rule for reason in found.reasons]


def changed(**changes):
    return QUIET.model_copy(update=changes)


def test_a_quiet_runner_is_on_track():
    assert state() == ("on_track", [])


@pytest.mark.rule("R09")
@pytest.mark.parametrize(
    ("load", "expected"), [(2.1, "on_track"), (2.3, "soft_off"), (2.7, "hard_off")]
)
def test_load_over_the_ceiling(load, expected):
    assert state(changed(week_load_rr=load))[0] == expected


@pytest.mark.rule("R12")
@pytest.mark.parametrize(
    ("rise", "expected"), [(0.9, "on_track"), (1.0, "soft_off"), (2.0, "hard_off")]
)
def test_rising_pain(rise, expected):
    assert state(changed(pain_change=rise))[0] == expected


def test_silence_is_a_state_of_its_own_and_comes_before_load():
    silent = changed(last_entry=date(2026, 6, 4), week_load_rr=9.0)
    assert state(silent)[0] == "no_data"
    assert state(changed(last_entry=None))[0] == "no_data"


@pytest.mark.rule("A15")
def test_few_sessions_are_asked_about():
    assert state(changed(done_sessions=1)) == ("soft_off", ["A15"])


def test_an_open_red_flag_comes_first_even_in_silence():
    entry = SymptomEntry(
        date=TODAY, site="groin", side="left", red_flags={"groin_pain_on_impact": "yes"}
    )
    found = state(changed(last_entry=None), assessment=assessed(symptoms=(entry,)))
    assert found[0] == "red_flag"
    assert found[1]


def test_every_reason_names_its_rule():
    loud = changed(pain_change=2.5, week_load_rr=9.0, done_sessions=0)
    assert all(state(loud)[1])


@pytest.mark.parametrize(
    ("weeks", "count"),
    [
        ((1.0, 1.0, 1.0, 1.15), 0),  # at the target is not above it
        ((1.0, 1.0, 1.0, 1.2), 1),
        ((1.0, 1.0, 1.0, 1.2, 1.3, 1.5, 2.0), 4),
        ((1.0, None, 1.0, 9.0), 0),
        ((1.0, 1.0, 1.0, None), 0),
        ((), 0),
    ],
)
def test_weeks_above_target(weeks, count):
    assert weeks_above(weeks, 0.15, 3) == count


@pytest.mark.parametrize(
    ("signals", "points", "expected"),
    [
        (QUIET, 0, "on"),
        (changed(latest_pain=5.0), 1, "on"),
        (changed(latest_pain=4.0), 0, "on"),  # above 4, not at 4
        (changed(latest_pain=5.0, pain_change=0.5), 2, "soft_off"),
        (changed(weeks_over=4, pain_change=0.5), 3, "soft_off"),
        (changed(latest_pain=5.0, pain_change=0.5, weeks_over=4), 4, "hard_off"),
    ],
)
def test_the_four_public_checks(signals, points, expected):
    assert len(ontracx_checks(signals, PARAMS.follow_up)) == points
    assert triage(assessed(), signals, None, PARAMS.follow_up).ontracx_state == expected


def test_what_is_not_known_counts_as_no_in_the_public_checks():
    unknown = changed(latest_pain=None, pain_change=None)
    assert ontracx_checks(unknown, PARAMS.follow_up) == ()


def test_a_hold_by_rule_is_soft_and_a_stop_is_hard():
    held = replace(assessed(), verdict="hold", action="hold")
    stopped = replace(assessed(), verdict="no_run", action="stop")
    assert triage(held, QUIET, None, PARAMS.follow_up).state in ("soft_off", "on_track")
    assert triage(stopped, QUIET, None, PARAMS.follow_up).state in ("hard_off", "on_track")
