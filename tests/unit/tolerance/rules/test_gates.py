"""Gates: every criterion counts, a missing one is not passed, time alone passes nothing."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tolerance.rules.assessment import Criterion, Gate
from tolerance.rules.gates import START_TESTS, phase_of


def ready_for_speed(runner, **facts):
    """Build a runner who has passed everything; 14 weeks of running."""
    builder = runner(onset=runner().injuries[0].onset - timedelta(days=120), **facts).ready()
    for days in (100, 26, 20, 14, 7, 5, 3):
        builder.run(days=days, minutes=60, pain=1)
    for name, value in (
        ("single_leg_calf_raises", 26), ("calf_hold_s", 50), ("single_leg_hops", 12),
        ("forward_hop_cm", 600),
    ):  # fmt: skip
        builder.test(name, value, side="left", days=1)
        builder.test(name, value, side="right", days=1)
    builder.test("single_leg_squat_control", 1, days=1)
    for name in ("cadence_drift_pct", "contact_drift_pct"):
        builder.test(name, 2.0, side="none", days=1)
    return builder


def without(builder, name):
    builder.tests = [test for test in builder.tests if test.name != name]
    return builder


def gate(builder, name):
    return builder.assess().injuries[0].gate(name)


@pytest.mark.rule("R69", "R51", "R49")
def test_a_runner_who_has_shown_everything_is_in_the_last_stage(runner):
    found = ready_for_speed(runner).assess()
    assert found.stage == 4
    assert found.injuries[0].phase == "sharpen_and_maintain"
    assert found.allowed.hills
    assert found.allowed.speed
    assert not found.allowed.consecutive_days


@pytest.mark.rule("R26")
def test_every_gate_of_every_injury_asks_for_pain_function_and_load(runner, params):
    for name in params.injuries:
        for sport in ("endurance", "field_or_court"):
            for side in ("left", "both"):
                injury = runner(name, side=side, profile={"sport": sport}).assess().injuries[0]
                assert injury.gates
                for one in injury.gates:
                    kinds = {criterion.kind for criterion in one.criteria}
                    assert kinds >= {"pain", "function", "load"}, (name, one.name)


@pytest.mark.rule("R26")
@pytest.mark.parametrize("pain", [0, 1, 2])
def test_no_pain_alone_opens_nothing(runner, pain):
    found = runner().screened().calm(pain=pain).assess()
    assert found.verdict == "no_run"
    assert {item.status for item in found.injuries[0].gates[0].criteria} == {"passed", "missing"}


def test_every_injury_has_start_tests(params):
    assert set(START_TESTS) == set(params.injuries)


@pytest.mark.rule("R73")
@pytest.mark.parametrize(("pain", "status"), [(0, "passed"), (3, "passed"), (3.5, "failed")])
def test_a_runner_need_not_be_free_of_pain_to_start(runner, pain, status):
    builder = runner().screened().walked().test("single_leg_calf_raises", 20).calm(pain=pain)
    assert gate(builder, "start_running").status == status


@pytest.mark.rule("A14")
@pytest.mark.parametrize(("pain", "status"), [(0, "passed"), (1, "passed"), (1.5, "failed")])
def test_bone_starts_with_hardly_any_pain(runner, pain, status):
    builder = runner("tibial_stress_reaction").screened().walked().cleared()
    builder.test("single_leg_calf_raises", 20).calm(pain=pain)
    assert gate(builder, "start_running").status == status


@pytest.mark.rule("A11")
def test_daily_pain_after_a_painkiller_is_unknown(runner):
    builder = runner().screened().walked().test("single_leg_calf_raises", 20)
    builder.symptom(days=1, pain_before=0, analgesic="yes")
    assert gate(builder, "start_running").status == "missing"
    assert "painkiller" in gate(builder, "start_running").detail
    builder.symptom(days=2, pain_before=5, analgesic="yes")
    assert gate(builder, "start_running").status == "failed"  # high pain counts all the same


@pytest.mark.rule("R56", "R57", "R19")
@pytest.mark.parametrize("name", ["single_leg_calf_raises", "calf_hold_s"])
def test_calf_tests_gate_hills_and_speed_but_not_the_first_run_walk(runner, name):
    builder = without(ready_for_speed(runner), name)
    if name == "single_leg_calf_raises":
        builder.test(name, 12)  # enough to start
    found = builder.assess()
    assert found.allowed.running
    assert not found.allowed.hills
    assert not found.allowed.speed


@pytest.mark.rule("R56")
@pytest.mark.parametrize(("count", "opened"), [(24, False), (25, True)])
def test_twenty_five_calf_raises_of_each_side_open_hills(runner, count, opened):
    builder = without(ready_for_speed(runner), "single_leg_calf_raises")
    builder.test("single_leg_calf_raises", 30, side="left")
    builder.test("single_leg_calf_raises", count, side="right")
    assert builder.assess().allowed.hills is opened


@pytest.mark.rule("R57")
@pytest.mark.parametrize(("seconds", "opened"), [(44, False), (45, True), (60, True)])
def test_a_calf_hold_of_forty_five_seconds_opens_hills(runner, seconds, opened):
    builder = without(ready_for_speed(runner), "calf_hold_s")
    builder.test("calf_hold_s", 60, side="left").test("calf_hold_s", seconds, side="right")
    assert builder.assess().allowed.hills is opened


@pytest.mark.rule("R59")
@pytest.mark.parametrize(
    ("gap_pct", "speed", "attention"), [(5, True, False), (15, True, True), (20, False, False)]
)
def test_a_hop_gap_of_a_fifth_closes_speed_and_not_hills(runner, gap_pct, speed, attention):
    builder = without(ready_for_speed(runner), "forward_hop_cm")
    builder.test("forward_hop_cm", 500, side="right")
    builder.test("forward_hop_cm", 500 * (1 - gap_pct / 100), side="left")
    found = builder.assess()
    assert found.allowed.hills
    assert found.allowed.speed is speed
    details = [item.detail for item in found.injuries[0].gate("speed").criteria]
    assert any("deserves attention" in detail for detail in details) is attention


@pytest.mark.rule("A07", "R59")
def test_with_both_sides_injured_speed_asks_for_hops_and_not_for_their_gap(runner):
    found = ready_for_speed(runner, side="both").assess().injuries[0]
    names = {item.name for item in found.gate("speed").criteria}
    assert "forward hop gap" not in names
    assert {"single-leg hops, left", "single-leg hops, right"} <= names


@pytest.mark.rule("A07", "R74")
def test_two_operated_knees_have_no_symmetry_to_show(runner, today):
    surgery = today - timedelta(weeks=20)
    builder = runner("acl_reconstruction", side="both", surgery_date=surgery).ready().cleared()
    builder.test("quadriceps_strength", 200)
    assert gate(builder, "start_running").status == "missing"
    builder.override("gate:start_running")
    assert gate(builder, "start_running").passed


@pytest.mark.rule("R24")
@pytest.mark.parametrize(("hops", "pain", "stage"), [(10, 0, 4), (10, 1, 2), (9, 0, 2)])
def test_hops_have_to_be_free_of_any_pain_for_stage_three(runner, hops, pain, stage):
    builder = without(ready_for_speed(runner), "single_leg_hops")
    builder.test("single_leg_hops", hops, pain=pain)
    assert builder.assess().stage == stage


@pytest.mark.rule("R58")
def test_a_dropping_pelvis_keeps_stage_two(runner):
    builder = without(ready_for_speed(runner), "single_leg_squat_control")
    builder.test("single_leg_squat_control", 0)
    assert builder.assess().stage == 2


@pytest.mark.rule("R71", "R24")
@pytest.mark.parametrize("name", ["cadence_drift_pct", "contact_drift_pct"])
def test_mechanics_that_break_down_under_fatigue_keep_stage_three(runner, name):
    builder = without(ready_for_speed(runner), name).test(name, -12.0, side="none")
    found = builder.assess()
    assert found.stage == 3
    assert "from fresh to tired" in found.injuries[0].gate("full_load").detail
    assert without(builder, name).assess().stage == 3  # not measured is not passed


@pytest.mark.rule("R22")
@pytest.mark.parametrize(("gap_pct", "opened"), [(10, True), (25, False)])
def test_landing_asymmetry_gates_speed_where_it_was_measured(runner, gap_pct, opened):
    builder = ready_for_speed(runner).test("landing_asymmetry_pct", gap_pct, side="none")
    assert builder.assess().allowed.speed is opened


@pytest.mark.rule("R17")
def test_stiffness_and_range_gate_nothing(runner):
    builder = ready_for_speed(runner)
    builder.test("ankle_dorsiflexion_cm", 1).test("leg_stiffness", 1)
    assert builder.assess().stage == 4


@pytest.mark.rule("R77")
def test_speed_waits_for_twelve_weeks_of_running_unless_lifted(runner, params):
    builder = ready_for_speed(runner)
    builder.sessions = [session for session in builder.sessions if session.session_id[:11] !=
                        "running-100"]  # fmt: skip
    found = builder.assess()
    assert found.allowed.hills
    assert not found.allowed.speed
    hard = params.rules.model_copy(update={"intensity_lock": "hard"})
    off = params.rules.model_copy(update={"intensity_lock": "off"})
    assert builder.assess(off).allowed.speed
    builder.override("intensity_lock")
    assert builder.assess().allowed.speed
    assert not builder.assess(hard).allowed.speed


@pytest.mark.rule("A06", "R51")
@given(weeks=st.integers(1, 400))
@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_time_alone_never_passes_a_gate(runner, today, weeks):
    for injury in ("achilles_tendinopathy", "acl_reconstruction", "tibial_stress_reaction"):
        onset = today - timedelta(weeks=weeks)
        builder = runner(injury, onset=onset, surgery_date=onset)
        assert not [one for one in builder.assess().injuries[0].gates if one.passed]


@pytest.mark.rule("A06")
def test_a_clearance_alone_never_passes_a_gate(runner):
    assert runner("tibial_stress_reaction").cleared().assess().verdict == "no_run"


@pytest.mark.rule("A06")
def test_an_operation_without_a_date_has_no_floor_to_pass(runner):
    builder = runner("ankle_stabilisation").ready().cleared()
    assert "date of surgery" in gate(builder, "start_running").detail


@pytest.mark.rule("R15")
def test_swelling_stops_running_until_it_is_gone(runner):
    builder = runner("patellofemoral_pain").ready().symptom(days=1, swelling="yes")
    found = builder.assess()
    assert found.verdict == "no_run"
    assert "swelling" in found.reason
    assert builder.symptom(days=0, swelling="no").assess().verdict == "plan"


@pytest.mark.rule("A06")
def test_an_override_opens_a_gate_but_no_clearance_and_no_screen(runner):
    open_tests = runner().screened().override("gate:start_running").assess()
    assert open_tests.verdict == "plan"
    assert "A Clinician (physiotherapist)" in open_tests.injuries[0].gates[0].detail
    assert runner().override("gate:start_running").assess().verdict == "no_run"
    bone = runner("tibial_stress_reaction").screened().override("gate:start_running")
    assert bone.assess().verdict == "no_run"
    self_made = runner().screened().override("gate:start_running", role="runner")
    assert self_made.assess().verdict == "no_run"


def test_a_test_wears_out_unless_running_began_on_it(runner, params):
    old = params.rules.test_valid_days + 2
    builder = runner(onset=runner().injuries[0].onset - timedelta(days=60))
    builder.screened().calm().walked(days=old).test("single_leg_calf_raises", 20, days=old)
    assert builder.assess().verdict == "no_run"
    builder.run(days=old - 5, minutes=20).run(days=2, minutes=20)
    assert builder.assess().allowed.running


@pytest.mark.rule("R51")
def test_later_tests_stay_valid_while_running_is_answered_well(runner, params):
    old = params.rules.test_valid_days + 3
    builder = ready_for_speed(runner)
    builder.tests = [test.model_copy(update={"date": test.date - timedelta(days=old)})
                     for test in builder.tests]  # fmt: skip
    for days in range(8, old, 6):
        builder.run(days=days, minutes=60)
    assert builder.assess().stage == 4
    builder.run(days=30, minutes=60, pain=5)
    found = builder.assess()
    assert found.stage == 2
    assert found.allowed.running


@pytest.mark.rule("R73", "R38")
def test_a_runner_who_notes_runs_only_is_judged_by_them(runner):
    builder = runner().screened(days=20).test("single_leg_calf_raises", 20).walked()
    assert builder.assess().verdict == "no_run"
    assert builder.run(days=3, minutes=20).assess().verdict == "plan"
    found = builder.run(days=1, minutes=20, pain=4).assess()
    assert found.verdict == "hold"
    assert found.allowed.load_factor_max == 0.9
    silent = runner().screened(days=20).test("single_leg_calf_raises", 20).walked().session(3)
    assert silent.assess().verdict == "no_run"


def test_a_painful_test_is_not_passed(runner):
    builder = runner().screened().calm().walked().test("single_leg_calf_raises", 20, pain=5)
    assert gate(builder, "start_running").status == "failed"


@pytest.mark.rule("R26", "R70")
def test_a_walk_in_the_diary_shows_load_as_a_tested_walk_does(runner):
    builder = runner().screened().calm().test("single_leg_calf_raises", 20)
    assert gate(builder, "start_running").status == "missing"
    builder.session(3, activity="walking", minutes=35)
    assert gate(builder, "start_running").status == "missing"  # how it felt is not known
    builder.symptom(days=3, pain_during=1)
    assert gate(builder, "start_running").passed


@pytest.mark.rule("R49", "R69")
def test_phases_follow_stages(runner):
    def start(pain):
        return Gate(
            "start_running",
            (Criterion("pain", "pain", ("R73",), pain, ""),
             Criterion("raises", "function", ("R56",), "missing", "")),
        )  # fmt: skip

    assert phase_of(1, (start("failed"),)) == "settle_and_assess"
    assert phase_of(1, (start("missing"),)) == "settle_and_assess"
    assert phase_of(1, (start("passed"),)) == "build_capacity"
    assert phase_of(2, ()) == "build_capacity"
    assert phase_of(3, ()) == "elastic_and_speed"
    assert phase_of(4, ()) == "sharpen_and_maintain"


@pytest.mark.rule("R49", "A06")
def test_an_operated_knee_builds_no_capacity_before_its_clearance(runner, today):
    surgery = today - timedelta(weeks=5)
    builder = runner("acl_reconstruction", onset=surgery, surgery_date=surgery).ready()
    found = builder.assess()
    assert found.injuries[0].phase == "settle_and_assess"
    assert any("protocol" in line for line in found.cautions)
    cleared = builder.cleared().assess()
    assert cleared.injuries[0].phase == "build_capacity"
    assert not any("protocol" in line for line in cleared.cautions)


@pytest.mark.rule("R29")
def test_only_sports_with_sprints_have_a_gate_of_sprinting(runner):
    endurance = ready_for_speed(runner).assess()
    assert endurance.injuries[0].gate("sprint") is None
    assert not endurance.allowed.sprint
    builder = ready_for_speed(runner, profile={"sport": "field_or_court"})
    assert builder.assess().allowed.sprint
    without(builder, "forward_hop_cm").test("forward_hop_cm", 500, side="right")
    builder.test("forward_hop_cm", 425, side="left")  # 15 %: speed yes, sprint no
    found = builder.assess()
    assert found.allowed.speed
    assert not found.allowed.sprint


@pytest.mark.rule("R16")
def test_running_days_grow_with_the_stage(runner, params):
    assert runner().ready().assess().allowed.max_runs_per_week == 3
    assert ready_for_speed(runner).assess().allowed.max_runs_per_week == 5
    shy = ready_for_speed(runner, profile={"limits": {"max_sessions_per_week": 2}})
    assert shy.assess().allowed.max_runs_per_week == 2
    more = params.rules.model_copy(update={"consecutive_days": "last_stage"})
    assert ready_for_speed(runner).assess(more).allowed.consecutive_days
    assert not runner().ready().assess(more).allowed.consecutive_days


@pytest.mark.rule("R39")
def test_a_limp_in_daily_life_stops_running_and_one_after_a_run_reduces(runner):
    walking = runner().ready().symptom(days=1, limp="yes")
    assert walking.assess().verdict == "no_run"
    assert walking.symptom(days=0, limp="no").assess().verdict == "plan"
    after_run = runner().ready().run(days=1, minutes=20, limp="yes").assess()
    assert after_run.verdict == "hold"
    assert after_run.allowed.load_factor_max == 0.9


@pytest.mark.rule("R38", "R39")
def test_after_severe_pain_calm_is_shown_before_the_next_run(runner):
    builder = runner().ready().run(days=1, minutes=20, pain=7, settled="no")
    assert builder.assess().verdict == "no_run"
    found = builder.symptom(days=0, pain_before=2).assess()
    assert found.verdict == "hold"
    assert found.allowed.load_factor_max == 0.9
    settled = runner().ready().run(days=1, minutes=20, pain=7, settled="yes").assess()
    assert settled.verdict == "hold"
