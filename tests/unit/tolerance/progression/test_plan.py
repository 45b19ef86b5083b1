"""The cases that must come out right, planned from a record."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from tolerance.clinic.record import Limits, Target
from tolerance.progression.plan import dose_limits, plan_week

WEEKS = (26, 24, 22, 19, 17, 15, 12, 10, 8, 5, 3)
"""Days ago of three runs a week for four weeks, the newest long enough ago to run tomorrow."""


def returning(runner, minutes=12.0, pain=1.0, **facts):
    """Make a runner whose gates are passed and who has run three times a week."""
    made = runner(**facts).ready()
    for days in (*WEEKS, 1):
        made.run(days, minutes=minutes, pain=pain)
    return made


def runs_of(plan):
    return [session for session in plan.sessions if session.activity == "running"]


@pytest.fixture
def established(runner):
    return returning(runner)


def test_a_returning_runner_gets_dated_runs_inside_every_limit(established, planned, today):
    plan = planned(established)
    assert plan.verdict == "plan"
    assert plan.basis == "model"
    runs = runs_of(plan)
    assert runs
    assert all(today < run.day <= today + timedelta(days=7) for run in runs)
    assert plan.longest_run_minutes <= 1.10 * 12.0 + 1e-9
    injured = [unit for unit in plan.units if unit.is_index]
    assert all(unit.pain_of_100.value <= 20.0 for unit in injured)
    assert all(unit.unsettled_of_100.value <= 25.0 for unit in injured)
    assert plan.binds.sentence
    assert plan.guidance.stop_rule
    assert {fired.rule for fired in plan.fired} >= {"R77"}


@pytest.mark.rule("R16")
def test_runs_are_never_on_consecutive_days(established, planned):
    days = [run.day for run in runs_of(planned(established))]
    assert all((later - earlier).days >= 2 for earlier, later in pairwise(days))


def test_free_days_and_the_longest_run_day_are_kept(runner, planned):
    profile = {"free_days": ("tue", "thu", "sat"), "longest_run_day": "sat"}
    plan = planned(returning(runner, profile=profile))
    runs = runs_of(plan)
    names = {("mon", "tue", "wed", "thu", "fri", "sat", "sun")[run.day.weekday()] for run in runs}
    assert names <= {"tue", "thu", "sat"}
    longest = max(runs, key=lambda run: run.run_minutes)
    on_saturday = [run for run in runs if run.day.weekday() == 5]
    assert on_saturday[0].run_minutes == longest.run_minutes


def test_expected_pain_and_risk_come_with_their_range(established, planned):
    for run in runs_of(planned(established)):
        for part in (run.pain_of_100, run.unsettled_of_100, run.risk_of_100):
            assert 0.0 <= part.low <= part.value <= part.high <= 100.0


@pytest.mark.rule("R54")
def test_a_red_flag_gives_a_referral_and_no_plan(runner, planned):
    plan = planned(runner("femoral_neck_stress_injury").ready().screened(days=1, night_pain="yes"))
    assert plan.verdict == "referral"
    assert plan.basis == "none"
    assert plan.sessions == plan.strength == ()
    assert plan.referrals[0].urgency == "today"


@pytest.mark.rule("A09")
def test_fifteen_years_old_gets_rules_and_no_dose(runner, planned):
    made = returning(runner, profile={"age_band": "under_18"})
    plan = planned(made)
    assert plan.verdict == "rules_only"
    assert runs_of(plan) == []
    assert plan.units == ()


@pytest.mark.rule("A12")
def test_an_unknown_injury_gets_no_dose(runner, planned):
    plan = planned(runner("sore_little_toe").ready())
    assert runs_of(plan) == []
    assert plan.basis == "rules"


def test_a_closed_gate_gives_walking_and_a_day_to_look_again(runner, planned, today):
    plan = planned(runner().screened().calm())
    assert plan.verdict == "no_run"
    assert {session.activity for session in plan.sessions} == {"walking", "cross_training"}
    assert plan.retest_on == today + timedelta(days=7)
    assert plan.strength


@pytest.mark.rule("A14")
def test_a_cleared_tibial_bone_stress_injury_gets_a_first_plan(runner, planned):
    made = runner("tibial_stress_reaction").ready().cleared()
    made.test("hops", 10)
    plan = planned(made)
    assert plan.verdict == "plan", plan.reason
    runs = runs_of(plan)
    assert runs
    assert plan.run_minutes <= 20.0
    assert plan.rung == 0


@pytest.mark.rule("A14")
def test_a_bone_gets_the_smallest_first_week_where_none_is_inside_its_limit_and_it_says_so(
    runner, planned, plan_settings
):
    made = runner("tibial_stress_reaction").ready().cleared()
    made.test("hops", 10)
    plan = planned(made)
    unit = next(one for one in plan.units if one.is_index)
    allowed = 100.0 * plan_settings.dose.pain_probability_max
    smallest = min(plan_settings.dose.first_session_minutes)
    assert unit.pain_of_100.value > allowed, "the case tests nothing if a week is inside"
    assert plan.longest_run_minutes == pytest.approx(smallest)
    assert plan.binds.limit == "pain"
    # What is said is of the week that is planned, not of another.
    assert 100.0 * plan.binds.level == pytest.approx(unit.pain_of_100.value, abs=0.5)
    assert f"{unit.pain_of_100.value:.0f} of 100, allowed {allowed:.0f}" in plan.binds.sentence
    assert "above 1 of 10" in plan.binds.sentence
    assert "A14" in plan.binds.sentence


@pytest.mark.rule("A14", "A16")
def test_runs_below_a_first_test_grow_by_what_the_limits_allow(runner, planned, plan_settings):
    made = runner("tibial_stress_reaction").ready().cleared()
    made.test("hops", 10)
    for ago in (6, 4, 2):
        made.run(ago, minutes=1.0, pain=0.0)
    plan = planned(made)
    assert plan.verdict == "plan", plan.reason
    unit = next(one for one in plan.units if one.is_index)
    assert 1.5 <= plan.longest_run_minutes <= plan_settings.dose.first_test_minutes
    assert unit.pain_of_100.value <= 100.0 * plan_settings.dose.pain_probability_max + 0.5


@pytest.mark.rule("R70")
def test_a_runner_with_two_sessions_has_the_prior_s_plan_and_it_says_so(runner, planned):
    made = runner().ready().run(4, minutes=8.0, pain=0.0).run(2, minutes=8.0, pain=0.0)
    plan = planned(made)
    assert plan.is_prior
    assert plan.origin == "prior"
    assert all(not unit.is_personal for unit in plan.units)


@pytest.mark.rule("A08")
def test_of_two_injuries_the_stricter_binds(runner, planned, believed):
    one = returning(runner)
    alone = planned(one)
    # The same runner, with a knee that hurts in every run.
    both = returning(runner).also("patellofemoral_pain", side="right")
    both.test("single_leg_squat_control", 1, side="right").test("landing_control", 1, side="right")
    both.symptom(days=2, site="knee", side="right", pain_before=1.0, swelling="no")
    for days in (*WEEKS, 1):
        both.symptom(days=days, site="knee", side="right", pain_during=3.0, settled_24h="yes",
                     trend="steady")  # fmt: skip
    together = planned(both)
    assert sum(unit.is_index for unit in together.units) == 2
    assert together.run_minutes <= alone.run_minutes + 1e-9


@pytest.mark.rule("R39")
@pytest.mark.rule("R35")
def test_pain_that_lingers_lowers_the_load_whatever_the_model_says(runner, planned):
    made = returning(runner, pain=0.0)
    made.run(0, minutes=12.0, pain=2.0, settled="no", pain_next_morning=3.0)
    plan = planned(made)
    assert plan.multiplier is None or plan.multiplier <= 0.9
    assert plan.run_minutes <= 0.9 * plan.basis_minutes + 1e-9


def test_nothing_feasible_says_the_least_risk_and_when_to_look_again(runner, planned, today):
    made = returning(runner, minutes=30.0, pain=6.0)
    plan = planned(made)
    assert runs_of(plan) == []
    assert "least that can be reached" in plan.reason
    assert plan.binds.level > plan.binds.allowed
    assert plan.retest_on > today
    assert plan.sessions


@pytest.mark.rule("R37")
@pytest.mark.rule("R28")
def test_double_the_plan_is_flagged_and_does_not_become_the_level(runner, planned, today):
    before = returning(runner)
    plan = planned(before)
    last = replace(
        plan,
        made_on=today - timedelta(days=8),
        start=today - timedelta(days=7),
        sessions=tuple(
            replace(session, day=session.day - timedelta(days=8)) for session in plan.sessions
        ),
    )
    doubled = runner().ready()
    for days in WEEKS[:9]:
        doubled.run(days, minutes=12.0)
    for days in (6, 4, 1):
        doubled.run(days, minutes=30.0)
    again = planned(doubled, last_plan=last)
    assert any("were planned" in change.sentence for change in again.changes)
    assert again.run_minutes <= last.run_minutes + 1e-6
    assert again.longest_run_minutes <= 1.1 * max(12.0, last.longest_run_minutes) + 1e-6


@pytest.mark.rule("A15")
def test_missed_runs_are_not_made_up(runner, planned, today):
    plan = planned(returning(runner))
    last = replace(
        plan,
        made_on=today - timedelta(days=8),
        start=today - timedelta(days=7),
        sessions=tuple(
            replace(session, day=session.day - timedelta(days=8)) for session in plan.sessions
        ),
    )
    lazy = runner().ready()
    for days in WEEKS[:9]:
        lazy.run(days, minutes=12.0)
    lazy.run(6, minutes=12.0)
    again = planned(lazy, last_plan=last)
    assert any("missed" in change.sentence for change in again.changes)
    assert again.run_minutes <= 1.4 * max(36.0, last.run_minutes) + 1e-6
    assert again.longest_run_minutes <= 13.2 + 1e-6


@pytest.mark.rule("A13")
@pytest.mark.parametrize("weeks", [6, 10, 16])
def test_a_half_marathon_date_never_raises_the_dose(runner, planned, today, weeks):
    race = Target(weekly_minutes=120.0, race_date=today + timedelta(weeks=weeks),
                  race_distance_km=21.1)  # fmt: skip
    without = Target(weekly_minutes=120.0)
    dated = planned(returning(runner, profile={"target": race}))
    plain = planned(returning(runner, profile={"target": without}))
    assert dated.run_minutes == pytest.approx(plain.run_minutes)
    assert dated.race is not None
    assert "A13" in {fired.rule for fired in dated.fired}


@pytest.mark.rule("R55")
def test_a_marathon_in_eight_weeks_with_a_tibial_reaction_gets_a_shorter_or_later_race(
    runner, planned, today
):
    target = Target(weekly_minutes=200.0, race_date=today + timedelta(weeks=8),
                    race_distance_km=42.2)  # fmt: skip
    made = runner("tibial_stress_reaction", profile={"target": target}).ready().cleared()
    made.test("hops", 10)
    plan = planned(made)
    assert plan.race.outlook in ("shorter_or_later", "not_this_race")
    assert plan.run_minutes <= 20.0


@pytest.mark.rule("A13")
def test_a_near_race_does_not_shorten_the_horizon_of_risk(runner, plan_settings, today):
    target = Target(weekly_minutes=120.0, race_date=today + timedelta(weeks=4))
    near = dose_limits(runner(profile={"target": target}).record, plan_settings.dose, today)
    plain = dose_limits(runner().record, plan_settings.dose, today)
    assert near.horizon_weeks == plain.horizon_weeks == 26


def test_a_clinician_s_caps_replace_the_defaults(runner, plan_settings, today):
    limits = Limits(weekly_risk_cap=0.002, target_risk_cap=0.05)
    own = dose_limits(runner(profile={"limits": limits}).record, plan_settings.dose, today)
    assert (own.weekly_risk, own.target_risk) == (0.002, 0.05)


def test_a_tight_cap_of_risk_gives_a_smaller_week_and_binds(runner, planned):
    loose = planned(returning(runner))
    tight = planned(returning(runner, profile={"limits": Limits(target_risk_cap=0.004)}))
    assert tight.run_minutes < loose.run_minutes
    assert tight.binds.limit == "target_risk"


def test_the_rate_is_an_interval_in_order_and_says_what_stops_it(established, planned):
    (rate,) = planned(established).rates
    growth = rate.weekly_growth
    assert growth.low <= growth.value <= growth.high
    assert rate.binds in ("pain", "settling", "weekly_risk", "")


def test_a_target_date_is_an_interval_and_no_promise(runner, planned):
    goal = planned(returning(runner, profile={"target": Target(weekly_minutes=50.0)})).goal
    dates = [day for day in (goal.earliest, goal.likely, goal.latest) if day is not None]
    assert dates == sorted(dates)
    assert "no promise" in goal.sentence or "not in sight" in goal.sentence


def test_what_the_prior_s_time_constants_do_to_the_dose_is_shown(established, planned):
    shares = {share.name: share for share in planned(established).prior_shares}
    assert set(shares) == {"adaptation", "healing"}
    assert all(share.low_days < share.high_days for share in shares.values())


def test_a_larger_week_beside_the_plan_costs_more(established, planned):
    what_ifs = {each.name: each for each in planned(established).what_ifs}
    ours, larger = what_ifs["plan"], what_ifs.get("next larger week")
    assert ours.is_feasible
    if larger is not None:
        assert larger.run_minutes >= ours.run_minutes
        assert larger.weekly_risk_of_100.value >= ours.weekly_risk_of_100.value


def test_the_same_runner_on_the_same_day_has_the_same_identifiers(established, planned):
    first, second = planned(established), planned(established)
    assert [s.identifier for s in first.sessions] == [s.identifier for s in second.sessions]
    assert len({s.identifier for s in first.sessions}) == len(first.sessions)


@pytest.mark.rule("R72")
def test_the_achilles_runner_of_three_failed_returns_runs_and_walks_once_the_heel_rises(
    runner, planned
):
    """S3: 8 months on both sides, no left heel raise; then six weeks of loading, run in week 7."""

    def before(raises):
        made = runner(side="both", symptom_months=8, failed_returns=3, episodes=4)
        made.screened().calm(pain=2.0).walked()
        made.test("single_leg_calf_raises", 14, side="right")
        return made.test("single_leg_calf_raises", raises, side="left")

    closed = planned(before(0))
    assert closed.verdict == "no_run"
    assert runs_of(closed) == []
    assert closed.strength
    opened = planned(before(12))
    assert opened.verdict == "plan"
    runs = runs_of(opened)
    assert runs
    assert opened.rung == 0
    assert all(run.walk_minutes > 0.0 for run in runs)
    assert opened.is_prior


@pytest.mark.rule("R72")
def test_s3_s_achilles_runner_runs_only_when_the_gate_passes_and_then_run_walk(runner, planned):
    facts = {"side": "both", "symptom_months": 8.0, "failed_returns": 3, "episodes": 4}
    no_heel_raise = runner(**facts).ready().test("single_leg_calf_raises", 0, side="left", days=1)
    closed = planned(no_heel_raise)
    assert closed.verdict == "no_run"
    assert runs_of(closed) == []
    strong = runner(**facts).ready()
    opened = planned(strong)
    assert not opened.referrals
    assert all(not injury.symmetry_used for injury in strong.assess().injuries)
    runs = runs_of(opened)
    assert runs
    assert all(run.repetitions.run_min <= 1.0 for run in runs)


@pytest.mark.rule("R74")
@pytest.mark.parametrize(("lsi", "swelling"), [(75.0, "no"), (68.0, "yes")])
def test_five_weeks_after_an_acl_reconstruction_there_is_no_running(
    runner, planned, today, lsi, swelling
):
    made = runner("acl_reconstruction", surgery_date=today - timedelta(days=35)).ready()
    made.test("quadriceps_lsi_pct", lsi).symptom(days=0, swelling=swelling, pain_before=0.0)
    plan = planned(made)
    assert plan.verdict != "plan"
    assert runs_of(plan) == []


@pytest.mark.rule("A03")
def test_a_fifth_metatarsal_that_nobody_cleared_is_not_run_on(runner, planned):
    plan = planned(runner("fifth_metatarsal_stress_injury").ready())
    assert plan.verdict in ("no_run", "referral")
    assert runs_of(plan) == []


@pytest.mark.rule("A11")
def test_pain_one_under_a_painkiller_raises_nothing(runner, planned):
    made = returning(runner)
    made.run(0, minutes=12.0, pain=1.0, analgesic="yes")
    plan = planned(made)
    assert plan.run_minutes <= plan.basis_minutes + 1e-9


@pytest.mark.rule("R38")
def test_pain_four_that_settled_lowers_the_load_all_the_same(runner, planned):
    made = returning(runner, pain=0.0)
    made.run(0, minutes=12.0, pain=4.0, settled="yes")
    plan = planned(made)
    assert plan.run_minutes <= 0.9 * plan.basis_minutes + 1e-9


def test_a_what_if_says_when_the_target_may_be_reached(runner, planned):
    plan = planned(returning(runner, profile={"target": Target(weekly_minutes=38.0)}))
    ours = next(each for each in plan.what_ifs if each.name == "plan")
    assert ours.target_date == plan.goal.likely


@pytest.mark.rule("R19")
@pytest.mark.rule("R77")
def test_speed_comes_only_at_the_target_and_never_with_more_volume(runner, believed, plan_settings):
    made = returning(runner, minutes=22.0, profile={"target": Target(weekly_minutes=60.0)})
    assessment = made.assess()
    opened = replace(assessment, allowed=replace(assessment.allowed, speed=True))
    state = believed(made)
    # A runner who bears anything: the limits of the model are not what is asked here.
    strong = replace(state, log_tolerance=state.log_tolerance + 3.0)
    fast = plan_week(strong, opened, made.record, plan_settings)
    easy = plan_week(strong, assessment, made.record, plan_settings)
    assert [run.kind for run in runs_of(fast)].count("strides") == 1
    assert fast.run_minutes <= fast.basis_minutes + 1e-9
    assert {run.kind for run in runs_of(easy)} == {"easy"}


@pytest.mark.rule("R47")
def test_a_new_shoe_and_more_load_never_share_a_week(runner, believed, plan_settings, today):
    made = returning(runner)
    assessment = made.assess()
    shod = replace(
        assessment,
        allowed=replace(assessment.allowed, no_load_raise_until=today + timedelta(days=10)),
    )
    state = believed(made)
    strong = replace(state, log_tolerance=state.log_tolerance + 3.0)
    held = plan_week(strong, shod, made.record, plan_settings)
    free = plan_week(strong, assessment, made.record, plan_settings)
    assert held.run_minutes <= held.basis_minutes + 1e-9 < free.run_minutes
    assert held.binds.limit == "factor"


def test_a_released_longest_run_may_grow_faster(runner, believed, plan_settings):
    limits = Limits(release_longest_run=True)
    plans = []
    for profile in ({}, {"limits": limits}):
        made = returning(runner, profile=profile)
        state = believed(made)
        strong = replace(state, log_tolerance=state.log_tolerance + 3.0)
        plans.append(plan_week(strong, made.assess(), made.record, plan_settings))
    assert plans[0].longest_run_minutes <= 13.2 + 1e-9
    assert plans[1].longest_run_minutes > 14.0
