"""What holds for every record: red flags win, the strictest binds, more trouble loosens nothing."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tolerance.clinic.record import RED_FLAG_QUESTIONS

FEW = settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

INJURIES = (
    "achilles_tendinopathy", "patellofemoral_pain", "tibial_stress_reaction", "hamstring_strain",
    "plantar_fasciopathy", "navicular_stress_injury", "unheard_of",
)  # fmt: skip

answers = st.sampled_from(["yes", "no", None])
runs_of = st.lists(
    st.fixed_dictionaries(
        {
            "minutes": st.floats(5, 90),
            "pain": st.floats(0, 10) | st.none(),
            "settled": answers,
            "trend": st.sampled_from(["falling", "steady", "rising", None]),
            "analgesic": answers,
        }
    ),
    max_size=5,
)


def build(runner, injury, runs):
    builder = runner(injury, profile={"sport": "field_or_court"}).ready()
    if injury == "tibial_stress_reaction":
        builder.cleared()
    for number, facts in enumerate(runs):
        builder.run(days=2 * (len(runs) - number), **facts)
    return builder


def strictness(assessment):
    """Give what is allowed as numbers, each higher where less strict."""
    allowed = assessment.allowed
    return {
        "running": allowed.running, "hills": allowed.hills, "speed": allowed.speed,
        "sprint": allowed.sprint, "walking": allowed.walking, "impact": allowed.impact,
        "cross_training": allowed.cross_training, "strength": allowed.strength,
        "runs": allowed.max_runs_per_week, "load": allowed.load_factor_max,
        "stage": assessment.stage, "consecutive": allowed.consecutive_days,
        "reduced": -allowed.reduced_sessions_left,
    }  # fmt: skip


def is_as_strict(tighter, looser):
    mine, other = strictness(tighter), strictness(looser)
    return {name: (mine[name], other[name]) for name in mine if mine[name] > other[name]}


@pytest.mark.rule("R36", "R54", "A04")
@FEW
@given(
    injury=st.sampled_from(INJURIES), runs=runs_of,
    key=st.sampled_from([key for key in RED_FLAG_QUESTIONS if key != "rest_pain"]),
    override=st.sampled_from([None, "gate:start_running", "pain_limit", "intensity_lock"]),
)  # fmt: skip
def test_a_red_flag_wins_over_everything(runner, injury, runs, key, override):
    builder = build(runner, injury, runs).screened(days=0, **{key: "yes"})
    if override:
        builder.override(override, value=5)
    found = builder.assess()
    assert found.verdict == "referral"
    assert found.referrals[0].urgency in ("today", "this_week")
    allowed = found.allowed
    assert not any((allowed.running, allowed.hills, allowed.speed, allowed.impact))
    assert allowed.max_runs_per_week == 0


@pytest.mark.rule("A08")
@FEW
@given(first=st.sampled_from(INJURIES), second=st.sampled_from(INJURIES), runs=runs_of)
def test_a_second_injury_loosens_nothing(runner, first, second, runs):
    assume(first != second)
    alone = build(runner, first, runs)
    both = build(runner, first, runs).also(second)
    assert is_as_strict(both.assess(), alone.assess()) == {}


@pytest.mark.rule("R38", "R39")
@FEW
@given(injury=st.sampled_from(INJURIES[:5]), runs=runs_of, pain=st.floats(3.5, 10))
def test_a_bad_last_run_loosens_nothing(runner, injury, runs, pain):
    good = build(runner, injury, runs).run(days=0, minutes=20, pain=0)
    bad = build(runner, injury, runs).run(days=0, minutes=20, pain=pain, settled="no")
    found = bad.assess()
    assert is_as_strict(found, good.assess()) == {}
    assert found.allowed.load_factor_max <= 0.9 or not found.allowed.running


@pytest.mark.rule("A01")
@FEW
@given(injury=st.sampled_from(INJURIES), runs=runs_of)
def test_dropping_what_is_known_loosens_nothing(runner, injury, runs):
    builder = build(runner, injury, runs)
    known = builder.assess()
    for part in ("tests", "clearances", "symptoms"):
        less = build(runner, injury, runs)
        setattr(less, part, [])
        if part != "symptoms" or known.verdict == "plan":
            assert is_as_strict(less.assess(), known) == {}, part


@FEW
@given(injury=st.sampled_from(INJURIES), runs=runs_of)
def test_an_assessment_is_whole_and_says_why(runner, injury, runs):
    found = build(runner, injury, runs).assess()
    assert found.reason.endswith(".")
    assert found.allowed.running or found.allowed.max_runs_per_week == 0
    if found.verdict == "plan":
        assert found.allowed.load_factor_max >= 1.0
    else:
        assert found.fired
    assert all(one.sentence and one.rule for one in found.fired)
    assert list(found.referrals) == sorted(
        found.referrals, key=lambda one: ("today", "this_week", "routine").index(one.urgency)
    )
