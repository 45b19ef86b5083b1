"""Red flags: asked or not, open or cleared, and how urgent."""

import pytest

from tolerance.clinic.record import RED_FLAG_QUESTIONS
from tolerance.rules.red_flags import FLAGS, open_flags, questions_for


def flags_of(builder, today):
    return open_flags(builder.record, builder.params.injuries, builder.params.rules, today)


@pytest.mark.rule("A01")
def test_every_question_of_the_record_has_a_flag():
    assert set(RED_FLAG_QUESTIONS) <= set(FLAGS)


@pytest.mark.rule("R54", "A04", "R66")
@pytest.mark.parametrize("key", [key for key in RED_FLAG_QUESTIONS if key != "rest_pain"])
def test_yes_to_a_question_gives_a_referral_and_no_plan(runner, key):
    found = runner().ready().screened(days=1, **{key: "yes"}).assess()
    assert found.verdict == "referral"
    assert not found.allowed.running
    assert found.allowed.max_runs_per_week == 0
    assert not found.allowed.strength
    referral = found.referrals[0]
    assert referral.flag == key
    assert "not a diagnosis" in referral.text
    assert "Until then" in referral.text


@pytest.mark.rule("A04")
@pytest.mark.parametrize(
    ("key", "urgency"),
    [
        ("calf_swelling_heat", "today"),
        ("neurological_signs", "today"),
        ("chest_pain_or_fainting", "today"),
        ("wound_problem", "today"),
        ("pop_with_loss_of_function", "today"),
        ("groin_pain_on_impact", "today"),
        ("calf_pop_or_bruising", "today"),
        ("fever_or_weight_loss", "this_week"),
        ("exertional_compartment", "this_week"),
        ("focal_bone_tenderness", "this_week"),
        ("night_pain", "this_week"),
    ],
)
def test_urgency_follows_the_flag(runner, today, key, urgency):
    found = flags_of(runner().screened(days=1, **{key: "yes"}), today)
    assert [(flag.flag, flag.urgency) for flag in found] == [(key, urgency)]


@pytest.mark.rule("A04")
def test_fever_after_an_operation_is_a_matter_of_the_same_day(runner, today):
    builder = runner("acl_reconstruction", surgery_date=today).screened(
        days=1, fever_or_weight_loss="yes"
    )
    assert flags_of(builder, today)[0].urgency == "today"


@pytest.mark.rule("A03", "R36")
@pytest.mark.parametrize("site", ["groin", "hip", "pelvis"])
def test_pain_at_night_near_the_hip_is_a_matter_of_today(runner, today, site):
    builder = runner("gluteal_tendinopathy", site=site)
    builder.symptom(days=1, site=site, red_flags={"night_pain": "yes"})
    flag = flags_of(builder, today)[0]
    assert flag.urgency == "today"
    assert not flag.walking
    assert "A03" in flag.rules
    assert "neck of the thigh bone" in flag.text


@pytest.mark.rule("R36", "R54")
def test_pain_at_rest_counts_only_where_bone_may_be_its_source(runner, today):
    tendon = runner().screened(days=1, rest_pain="yes")
    assert flags_of(tendon, today) == ()
    bone = runner("tibial_stress_reaction").screened(days=1, rest_pain="yes")
    assert [flag.flag for flag in flags_of(bone, today)] == ["rest_pain"]
    deep = runner().symptom(days=1, site="groin", red_flags={"rest_pain": "yes"})
    assert flags_of(deep, today)[0].urgency == "today"


@pytest.mark.rule("A05")
def test_a_later_no_does_not_close_a_flag(runner, today):
    builder = runner().screened(days=10, night_pain="yes").screened(days=1)
    assert [flag.flag for flag in flags_of(builder, today)] == ["night_pain"]


@pytest.mark.rule("A05")
@pytest.mark.parametrize("role", ["runner", "Patient", "self", ""])
def test_nobody_clears_themselves(runner, today, role):
    builder = runner().screened(days=10, night_pain="yes")
    builder.cleared("night_pain", days=5, role=role)
    assert flags_of(builder, today)


@pytest.mark.rule("A05")
def test_a_clearance_closes_what_it_names_and_leaves_its_precaution(runner, today):
    builder = runner().ready().screened(days=10, night_pain="yes", calf_swelling_heat="yes")
    builder.cleared("night_pain", days=5)
    assert [flag.flag for flag in flags_of(builder, today)] == ["calf_swelling_heat"]
    builder.cleared("calf_swelling_heat", days=5)
    found = builder.assess()
    assert found.verdict == "plan"
    assert any("pain above 1 of 10 at this spot" in line for line in found.cautions)


@pytest.mark.rule("A05")
def test_yes_after_a_clearance_opens_the_flag_again(runner, today):
    builder = runner().screened(days=10, night_pain="yes").cleared("night_pain", days=5)
    assert flags_of(builder, today) == ()
    builder.screened(days=2, night_pain="yes")
    assert flags_of(builder, today)


@pytest.mark.rule("A05")
def test_a_clearance_of_another_side_closes_nothing(runner, today):
    builder = runner(side="left").screened(days=10, night_pain="yes")
    builder.cleared("night_pain", days=5, side="right")
    assert flags_of(builder, today)
    builder.cleared("night_pain", days=5, side="both")
    assert flags_of(builder, today) == ()


@pytest.mark.rule("A02", "R36")
def test_hop_tests_are_withheld_while_bone_stress_is_suspected(runner):
    builder = runner("medial_tibial_stress_syndrome", suspected_bone_stress="yes").ready()
    found = builder.assess()
    assert found.verdict == "referral"
    assert {"single_leg_hops", "forward_hop_cm"} <= set(found.withheld_tests)
    assert not set(found.withheld_tests) & set(found.to_test)
    assert not found.allowed.impact
    calm = runner("medial_tibial_stress_syndrome").ready().assess()
    assert calm.withheld_tests == ()
    assert "single_leg_hops" in calm.to_test


@pytest.mark.rule("A02")
def test_an_uncleared_bone_stress_injury_withholds_hop_tests_without_a_flag(runner):
    found = runner("tibial_stress_reaction").ready().calm(pain=0).assess()
    assert found.verdict == "no_run"
    assert "single_leg_hops" in found.withheld_tests


@pytest.mark.rule("R36")
def test_a_sore_spot_found_by_the_clinician_is_a_flag(runner, today):
    builder = runner("tibial_stress_reaction").test("bone_tenderness", 1)
    assert [flag.flag for flag in flags_of(builder, today)] == ["focal_bone_tenderness"]
    assert flags_of(runner("tibial_stress_reaction").test("bone_tenderness", 0), today) == ()


@pytest.mark.rule("R66", "R54")
def test_pain_that_climbs_from_run_to_run_of_one_length_is_a_flag(runner):
    builder = runner().ready()
    for days, pain in ((7, 2), (5, 4), (3, 5)):
        builder.run(days=days, minutes=20, pain=pain, settled="yes")
    found = builder.assess()
    assert found.verdict == "referral"
    assert found.referrals[0].flag == "pain_escalates"
    builder.run(days=1, minutes=20, pain=1)
    assert builder.assess().verdict == "referral"  # one better run closes nothing
    assert builder.cleared("pain_escalates", days=0).assess().verdict != "referral"


@pytest.mark.rule("R66")
def test_pain_that_climbs_with_much_longer_runs_is_no_flag_of_its_own(runner):
    builder = runner().ready()
    for days, pain, minutes in ((7, 2, 20), (5, 4, 30), (3, 5, 40)):
        builder.run(days=days, minutes=minutes, pain=pain)
    assert builder.assess().verdict == "hold"


@pytest.mark.rule("R54")
def test_achilles_stiffness_that_worsens_though_running_falls_is_a_flag(runner, today):
    def weeks(minutes_run, stiffness):
        builder = runner()
        for back, (minutes, stiff) in enumerate(zip(minutes_run, stiffness, strict=True)):
            days = 15 - 7 * back
            builder.session(days, minutes=minutes).symptom(days=days, stiffness_min=stiff)
        return [flag.flag for flag in flags_of(builder, today)]

    assert weeks((60, 40, 20), (5, 10, 20)) == ["morning_stiffness_worsening"]
    assert weeks((20, 40, 60), (5, 10, 20)) == []
    assert weeks((60, 40, 20), (5, 10, 8)) == []


@pytest.mark.rule("A10")
@pytest.mark.parametrize(
    "fact", ["repeat_bone_stress", "missed_periods", "energy_intake_low", "osteoporosis"]
)
def test_bone_health_prompts_a_routine_referral_and_stops_nothing(runner, fact):
    found = runner(profile={fact: "yes"}).ready().assess()
    assert found.verdict == "plan"
    assert [(referral.flag, referral.urgency) for referral in found.referrals] == [
        (fact, "routine")
    ]
    assert runner(profile={fact: None}).ready().assess().referrals == ()


@pytest.mark.rule("A01")
def test_what_is_asked_follows_the_site(runner, params, today):
    def asked(injury, **facts):
        return set(questions_for(runner(injury, **facts).record.profile, params.injuries))

    assert "morning_stiffness_worsening" in asked("achilles_tendinopathy")
    assert "morning_stiffness_worsening" not in asked("patellofemoral_pain")
    assert "groin_pain_on_impact" in asked("gluteal_tendinopathy")
    assert "wound_problem" in asked("acl_reconstruction", surgery_date=today)
    assert "giving_way" in asked("patellofemoral_pain")
    assert {"groin_pain_on_impact", "giving_way", "calf_pop_or_bruising"} <= asked("unheard_of")


@pytest.mark.rule("A01")
def test_an_answer_from_before_the_injury_does_not_count(runner, params):
    builder = runner().calm().walked().test("single_leg_calf_raises", 20)
    builder.screened(days=70)  # the injury is 60 days old
    assert builder.assess().verdict == "no_run"


@pytest.mark.rule("A05", "A14")
def test_a_cleared_bone_keeps_its_precaution(runner):
    found = runner("tibial_stress_reaction").ready().cleared().calm(pain=0).assess()
    assert any("bone is felt again at each visit" in line for line in found.cautions)


@pytest.mark.rule("A09")
@pytest.mark.parametrize(
    ("profile", "who"),
    [({"age_band": "under_18"}, "young runners"), ({"pregnant_or_postpartum": "yes"}, "pelvic")],
)
def test_who_gets_no_dose_is_told_whom_to_see(runner, profile, who):
    (referral,) = runner(profile=profile).ready().assess().referrals
    assert referral.urgency == "routine"
    assert who in referral.text
