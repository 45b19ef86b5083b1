"""What goes with a run: cues, surface, stop rule, shoes, whom to call."""

from dataclasses import replace

import pytest

from tolerance.rules.registry import RULES
from tolerance.rules.sessions import (
    SAMPLE_CALF_WEEK,
    cadence_cue,
    cross_training,
    gait_checklist,
    return_to_race_order,
    session_guidance,
    spacing_problems,
)


def guidance(builder, settings=None):
    settings = settings or builder.params.rules
    return session_guidance(builder.assess(settings), builder.record, settings)


def cue(runner, params, injury="achilles_tendinopathy", switch="below_165", **profile):
    settings = params.rules.model_copy(update={"cadence_cue": switch})
    builder = runner(injury, profile=profile)
    return cadence_cue(builder.record.profile, (injury,), settings)


@pytest.mark.rule("R60")
@pytest.mark.parametrize(
    ("spm", "overstride", "goal"),
    [(160, "yes", 168), (160, "no", None), (160, None, None), (165, "yes", None)],
)
def test_a_slow_cadence_with_overstride_gets_five_percent_more(
    runner, params, spm, overstride, goal
):
    found = cue(runner, params, cadence_spm=spm, overstride_or_heel_strike=overstride)
    assert (found is None) if goal is None else found.low_spm == pytest.approx(goal)


@pytest.mark.rule("R45")
def test_a_kneecap_gets_five_to_seven_percent_more(runner, params):
    found = cue(runner, params, "patellofemoral_pain", cadence_spm=170)
    assert (found.low_spm, found.high_spm) == pytest.approx((178.5, 181.9))
    assert "foot strike is left alone" in found.words


@pytest.mark.rule("R45", "R60")
def test_the_cadence_cue_is_a_switch(runner, params):
    assert cue(runner, params, cadence_spm=180) is None
    assert cue(runner, params, switch="always", cadence_spm=180).high_spm == pytest.approx(192.6)
    assert cue(runner, params, switch="always") is None  # no cadence known


@pytest.mark.rule("R38", "R39", "R29", "A15", "R77")
def test_every_session_has_a_stop_rule_and_a_next_morning_check(runner):
    found = guidance(runner().ready())
    assert "above 3 of 10" in found.stop_rule
    assert "24 hours" in found.next_morning
    assert "stiffness" in found.next_morning
    assert "walking" in found.warm_up
    assert "whole sentences" in found.pace
    assert "not made up" in found.missed
    assert "cycling" in found.cross_training
    assert found.race_steps == ("longer runs at an easy pace",)
    assert len(found.gait) > 3
    assert set(found.rules) <= set(RULES)


@pytest.mark.rule("R36", "A14")
def test_bone_stops_at_one_and_is_not_tested_by_hopping(runner):
    found = guidance(runner("tibial_stress_reaction").ready().cleared().calm(pain=0))
    assert "above 1 of 10" in found.stop_rule
    assert "do not test it by hopping" in found.stop_rule


@pytest.mark.rule("A08")
def test_the_stop_rule_is_that_of_the_strictest_injury(runner):
    builder = runner("patellofemoral_pain").ready().also("tibial_stress_reaction")
    assert "above 1 of 10" in guidance(builder).stop_rule


@pytest.mark.rule("A15")
def test_the_sheet_says_whom_to_call(runner):
    known = runner(profile={"clinician": "A. Physio", "clinician_contact": "555 0100"}).ready()
    assert "Call A. Physio 555 0100" in guidance(known).whom_to_call
    assert "Ask your clinic whom to call" in guidance(runner().ready()).whom_to_call
    assert "Nobody watches" in guidance(known).whom_to_call


@pytest.mark.rule("R48")
def test_the_surface_is_flat_before_it_varies(runner):
    builder = runner().ready()
    found = builder.assess()
    assert session_guidance(found, builder.record, builder.params.rules).surface.startswith("Flat")
    injuries = tuple(replace(injury, stage=3) for injury in found.injuries)
    hilly = replace(found, injuries=injuries, allowed=replace(found.allowed, hills=True))
    surface = session_guidance(hilly, builder.record, builder.params.rules).surface
    assert "none is safer" in surface


@pytest.mark.rule("R31")
@pytest.mark.parametrize(
    ("injury", "word"),
    [
        ("medial_tibial_stress_syndrome", "hard ground"),
        ("achilles_tendinopathy", "hill sprints"),
        ("plantar_fasciopathy", "hill sprints"),
        ("iliotibial_band_syndrome", "long downhill"),
        ("patellofemoral_pain", "hips steady"),
        ("gluteal_tendinopathy", "low step rate"),
    ],
)
def test_each_site_leaves_out_what_sets_it_off(runner, injury, word):
    assert word in guidance(runner(injury).ready()).avoid[0]


@pytest.mark.rule("R46", "R47", "R61")
def test_shoes_are_looked_after(runner):
    builder = runner().ready()
    for number in range(20):
        builder.session(100 - number, minutes=None, distance_km=41, shoe="Blue")
    builder.session(3, shoe="Red")
    lines = " ".join(guidance(builder).shoes)
    assert "Blue: 820 km" in lines
    assert "retire" in lines
    assert "load level until" in lines
    assert "higher heel" in lines
    knee = " ".join(guidance(runner("patellofemoral_pain").ready()).shoes)
    assert "lower heel" in knee
    single = " ".join(guidance(runner().ready().session(9, shoe="Blue")).shoes)
    assert "Two pairs" in single


@pytest.mark.rule("R29")
def test_a_sprinter_warms_up_otherwise(runner):
    endurance = guidance(runner().ready()).warm_up
    court = guidance(runner(profile={"sport": "field_or_court"}).ready()).warm_up
    assert "mobility" in court
    assert "mobility" not in endurance


@pytest.mark.rule("R20", "A05")
def test_cross_training_is_what_the_flag_allows(runner):
    assert "swimming" in cross_training(runner().ready().assess())
    night = runner().ready().screened(days=1, chest_pain_or_fainting="yes").assess()
    assert cross_training(night) == ()
    foot = runner("navicular_stress_injury").ready().cleared().assess()
    assert cross_training(foot) == ("swimming with the arms", "arm ergometer")


@pytest.mark.rule("R21")
def test_the_gait_checklist_is_about_consistency():
    assert any("the same from the first" in line for line in gait_checklist())
    assert any("forefoot" in line for line in gait_checklist())


@pytest.mark.rule("R25")
def test_racing_comes_back_by_length_then_terrain_then_speed(runner):
    found = runner().ready().assess()
    assert return_to_race_order(found) == ("longer runs at an easy pace",)
    injuries = tuple(replace(injury, stage=4) for injury in found.injuries)
    full = replace(found, injuries=injuries, allowed=replace(found.allowed, hills=True, speed=True))
    order = return_to_race_order(full)
    words = ("longer", "terrain", "speed", "race's duration")
    assert all(word in step for word, step in zip(words, order, strict=True))
    slow = replace(full, allowed=replace(full.allowed, speed=False))
    assert return_to_race_order(slow) == order[:2]


@pytest.mark.rule("R63", "R40")
def test_the_sample_week_is_the_source_s_and_breaks_its_own_spacing_on_tuesday(params):
    assert [day.minutes for day in SAMPLE_CALF_WEEK] == [
        (30, 45), (40, 60), (40, 60), (0, 0), (0, 30), (60, 90), (0, 0),
    ]  # fmt: skip
    assert spacing_problems(SAMPLE_CALF_WEEK, params.rules) == ("tue",)
    tuesday = SAMPLE_CALF_WEEK[1]
    assert tuesday.optional
    without = [day if day is not tuesday else replace(day, fast_or_hilly=False)
               for day in SAMPLE_CALF_WEEK]  # fmt: skip
    assert spacing_problems(without, params.rules) == ()
