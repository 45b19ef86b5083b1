"""Responses to runs: sore but safe, or not, or unknown."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tolerance.clinic.record import Override, SymptomEntry
from tolerance.rules.responses import (
    judge_response,
    last_bad,
    pain_limit,
    reduced_sessions_left,
    run_responses,
)

DAY = date(2026, 6, 1)


def entry(**facts):
    return SymptomEntry(date=DAY, site="achilles", side="left", **facts)


GOOD = {"pain_during": 2, "trend": "steady", "settled_24h": "yes"}


@pytest.mark.rule("R38")
@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({}, "good"),
        ({"pain_during": 3}, "good"),
        ({"pain_during": 3.5}, "bad"),
        ({"pain_during": 4, "settled_24h": "yes"}, "bad"),
        ({"pain_after": 4}, "bad"),
        ({"pain_during": 6}, "severe"),
        ({"trend": "rising"}, "bad"),
        ({"trend": "falling"}, "good"),
        ({"settled_24h": "no"}, "bad"),
        ({"settled_24h": None}, "unknown"),
        ({"pain_during": None}, "unknown"),
        ({"limp": "yes"}, "bad"),
        ({"analgesic": "yes"}, "unreassuring"),
        ({"analgesic": "yes", "pain_during": 5}, "bad"),
        ({"settled_24h": None, "pain_next_morning": 1, "pain_baseline": 1}, "good"),
        ({"settled_24h": None, "pain_next_morning": 2, "pain_baseline": 1}, "bad"),
        ({"settled_24h": None, "pain_next_morning": 2, "pain_before": 1}, "bad"),
        ({"settled_24h": None, "pain_next_morning": 2}, "unknown"),
        ({"trend": None, "pain_before": 1, "pain_after": 3, "pain_during": 2}, "bad"),
        ({"trend": None, "pain_before": 2, "pain_after": 1, "pain_during": 2}, "good"),
    ],
)
def test_sore_but_safe_needs_all_of_it(facts, verdict):
    assert judge_response(entry(**(GOOD | facts)), 3.0).verdict == verdict


@pytest.mark.rule("R38", "R39")
@given(
    pain=st.floats(0, 10) | st.none(),
    more=st.floats(0, 10),
    trend=st.sampled_from(["falling", "steady", "rising", None]),
    settled=st.sampled_from(["yes", "no", None]),
)
def test_more_pain_never_gives_a_better_response(pain, more, trend, settled):
    rank = {"good": 0, "unreassuring": 1, "unknown": 1, "bad": 2, "severe": 3}
    if pain is None:
        return
    judged = [
        judge_response(entry(pain_during=value, trend=trend, settled_24h=settled), 3.0).verdict
        for value in sorted((pain, more))
    ]
    assert rank[judged[0]] <= rank[judged[1]]


@pytest.mark.rule("R38", "A14", "R73")
def test_the_limit_is_that_of_the_tissue(params):
    pain = params.rules.pain
    assert pain_limit("bone", pain) == 1.0
    assert {pain_limit(tissue, pain) for tissue in ("tendon", "muscle", "fascia", "cartilage")} == {
        3.0
    }


@pytest.mark.rule("A14")
@pytest.mark.parametrize(("value", "tendon"), [(4, 4.0), (5, 5.0), (8, 5.0), (2, 2.0)])
def test_a_clinician_may_move_the_limit_up_to_five_and_never_that_of_bone(params, value, tendon):
    override = Override(
        date=DAY, who="A", role="physiotherapist", what="pain_limit", value=value, why="agreed"
    )
    assert pain_limit("tendon", params.rules.pain, (override,)) == tendon
    assert pain_limit("bone", params.rules.pain, (override,)) == 1.0


@pytest.mark.rule("A14")
def test_a_runner_cannot_move_the_limit(params):
    override = Override(date=DAY, who="A", role="runner", what="pain_limit", value=5, why="race")
    assert pain_limit("tendon", params.rules.pain, (override,)) == 3.0


@pytest.mark.rule("R38")
def test_a_run_that_nobody_wrote_about_is_unknown(runner):
    builder = runner().run(days=4).session(2)
    found = run_responses(builder.record, "achilles", ("left",), 3.0, DAY)
    assert [response.verdict for response in found] == ["good", "unknown"]
    assert builder.ready().assess().verdict == "hold"


@pytest.mark.rule("R38")
def test_both_sides_answer_when_both_are_injured(runner):
    builder = runner(side="both").run(days=4)
    builder.symptoms = builder.symptoms[:1]  # only the left was asked
    found = run_responses(builder.record, "achilles", ("left", "right"), 3.0, DAY)
    assert sorted(response.verdict for response in found) == ["good", "unknown"]


def test_screening_on_the_day_of_a_run_says_nothing_of_the_run(runner):
    builder = runner().run(days=3).screened(days=3)
    found = run_responses(builder.record, "achilles", ("left",), 3.0, DAY)
    assert [response.verdict for response in found] == ["good"]


@pytest.mark.rule("R39", "R35")
@pytest.mark.parametrize("later", [0, 1, 2, 3])
def test_two_sessions_stay_reduced_after_a_bad_response(runner, params, later):
    builder = runner().run(days=9, pain=5)
    for number in range(later):
        builder.run(days=7 - 2 * number)
    found = run_responses(builder.record, "achilles", ("left",), 3.0, DAY)
    assert last_bad(found).pain == 5
    left = reduced_sessions_left(builder.record, found, params.rules)
    assert left == max(0, 2 - later)


@pytest.mark.rule("R39")
def test_no_bad_response_reduces_nothing(runner, params):
    found = run_responses(runner().run(days=3).record, "achilles", ("left",), 3.0, DAY)
    assert last_bad(found) is None
    assert reduced_sessions_left(runner().run(days=3).record, found, params.rules) == 0
