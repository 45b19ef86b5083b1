"""A race date: advice by injury and weeks left, never a higher dose."""

from datetime import date, timedelta

import pytest

from tolerance.rules.races import race_advice, season_plan

HALF, MARATHON = 21.1, 42.2


def advice(runner, today, injury, km, weeks, earliest=None, ready=True, **facts):
    target = {
        "weekly_minutes": 200, "race_date": today + timedelta(weeks=weeks), "race_distance_km": km,
    }  # fmt: skip
    builder = runner(injury, profile={"target": target}, **facts)
    if ready:
        builder.ready().calm(pain=0)
    if injury.startswith("tibial"):
        builder.cleared()
    return race_advice(builder.assess(), builder.record, earliest), builder


def words(found):
    return " ".join(line.words for line in found.lines)


@pytest.mark.rule("A13")
@pytest.mark.parametrize("weeks", [1, 6, 10, 16, 40])
@pytest.mark.parametrize("priority", ["must", "want", "optional"])
def test_no_race_date_changes_what_is_allowed(runner, today, weeks, priority):
    target = {
        "weekly_minutes": 200, "race_date": today + timedelta(weeks=weeks),
        "race_distance_km": HALF, "race_priority": priority,
    }  # fmt: skip
    racing = runner(profile={"target": target}).ready().assess()
    plain = runner(profile={"target": {"weekly_minutes": 200}}).ready().assess()
    assert racing.allowed == plain.allowed
    assert racing.verdict == plain.verdict


@pytest.mark.rule("R42")
def test_half_marathon_in_six_weeks_with_a_calf_keeps_easy_running(runner, today):
    found, _ = advice(runner, today, "calf_strain_soleus", HALF, 6)
    assert found.race == "half-marathon"
    assert found.weeks_left == 6
    assert "Keep easy running" in words(found)
    strides = next(line for line in found.lines if "strides" in line.words)
    assert strides.from_date == found.race_date - timedelta(weeks=2)
    assert strides.needs == "speed"
    assert not strides.open_now  # speed is not open, and the race does not open it
    assert found.dose_effect == "none"


@pytest.mark.rule("R55")
def test_half_marathon_in_ten_weeks_with_an_achilles_swaps_intervals_for_soleus(runner, today):
    found, _ = advice(runner, today, "achilles_tendinopathy", HALF, 10)
    assert "Heavy soleus work instead" in words(found)
    assert "slight incline" in words(found)
    assert "Skip long downhills" in words(found)
    soleus = next(line for line in found.lines if "soleus" in line.words)
    assert soleus.to_date == today + timedelta(weeks=3)


@pytest.mark.rule("R42", "R50")
def test_half_marathon_in_sixteen_weeks_trains_hard_and_tapers_strength(runner, today):
    found, _ = advice(runner, today, "achilles_tendinopathy", HALF, 16)
    hard = next(line for line in found.lines if "Hard strength" in line.words)
    assert hard.to_date == found.race_date - timedelta(weeks=4)
    assert "30 to 50 %" in words(found)
    assert "Screen: calf raises" in words(found)


@pytest.mark.rule("R55", "A13")
def test_marathon_in_eight_weeks_with_a_tibial_reaction_becomes_shorter_or_later(runner, today):
    found, _ = advice(runner, today, "tibial_stress_reaction", MARATHON, 8)
    assert found.outlook == "shorter_or_later"
    assert "Cross-train" in words(found)
    assert found.alternatives[0] == "half-marathon"
    assert "not before" in found.alternatives[-1]


@pytest.mark.rule("A13")
def test_a_runner_who_may_not_run_is_not_at_the_start_line(runner, today):
    found, _ = advice(runner, today, "achilles_tendinopathy", HALF, 6, ready=False)
    assert found.outlook == "not_this_race"
    later, _ = advice(runner, today, "achilles_tendinopathy", HALF, 30, ready=False)
    assert later.outlook == "shorter_or_later"


@pytest.mark.rule("A13")
def test_a_plan_that_needs_longer_offers_another_race(runner, today):
    late = today + timedelta(weeks=20)
    found, _ = advice(runner, today, "achilles_tendinopathy", HALF, 16, earliest=late)
    assert found.outlook == "shorter_or_later"
    assert late.isoformat() in found.alternatives[-1]
    early = today + timedelta(weeks=12)
    found, _ = advice(runner, today, "achilles_tendinopathy", HALF, 16, earliest=early)
    assert found.outlook == "go_on"
    assert found.alternatives == ()


def test_without_a_race_ahead_there_is_no_advice(runner, today):
    assert advice(runner, today, "achilles_tendinopathy", HALF, 0)[0] is None
    assert advice(runner, today, "achilles_tendinopathy", HALF, -3)[0] is None
    builder = runner().ready()
    assert race_advice(builder.assess(), builder.record) is None


@pytest.mark.rule("R62")
def test_a_season_is_prepared_by_a_screen_and_weeks_of_strength():
    screen, strength = season_plan(date(2026, 9, 1))
    assert (screen.from_date, screen.to_date) == (date(2026, 6, 2), date(2026, 7, 7))
    assert strength.to_date == date(2026, 9, 1)
    assert "6 to 8 weeks" in strength.words
