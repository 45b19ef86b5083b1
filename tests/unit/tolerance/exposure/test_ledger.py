"""One ledger per unit: what enters, with which load and error, and what is refused."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipelines.calibration import load_load_speed
from pipelines.params import load_params
from tolerance.anatomy import DEFAULT_UNITS, Unit
from tolerance.clinic.record import InjuryEntry, Profile, RunnerRecord, SessionEntry, SymptomEntry
from tolerance.exposure.histories import record_history
from tolerance.exposure.ledger import (
    LedgerError,
    build_ledger,
    daily_damage,
    damage_at_exponent,
    fill_unobserved,
    prior_ledger,
)
from tolerance.exposure.session_costs import LedgerSettings, log_sd_of, session_costs, unit_model
from tolerance.exposure.settings import exposure_settings
from tolerance.exposure.units import runner_units, unit_proxies
from tolerance.model.filters import expected_damage
from tolerance.schemas import validate

ROOT = Path(__file__).resolve().parents[4]
DAY = date(2026, 2, 2)
TODAY = date(2026, 3, 1)
TENDON = DEFAULT_UNITS.index(Unit("achilles", "tendon", "left"))
FASCIA = DEFAULT_UNITS.index(Unit("foot", "fascia", "left"))
KNEE = DEFAULT_UNITS.index(Unit("knee", "cartilage", "left"))


@pytest.fixture(scope="module")
def settings():
    params = load_params(ROOT / "params.yaml")
    return LedgerSettings(
        exposure=exposure_settings(params.analyse_recordings),
        load_speed=load_load_speed(ROOT),
        exponents=params.tissue_exponents,
        costs=params.ledger,
        injuries=params.injuries,
    )


def session(name="a", day=DAY, activity="running", **facts):
    return SessionEntry(session_id=name, date=day, activity=activity, **facts)


def record(*sessions, **profile):
    facts = {"runner_id": "anna", "consent_date": date(2026, 1, 1)} | profile
    return RunnerRecord(profile=Profile(**facts), sessions=tuple(sessions))


def ledger_of(settings, *sessions, **tables):
    return build_ledger(record(*sessions), DEFAULT_UNITS, settings, TODAY, **tables)


def damage_of(settings, *sessions):
    table = ledger_of(settings, *sessions)
    return table["damage_rr"].to_numpy().reshape(len(sessions), len(DEFAULT_UNITS))


def test_half_an_hour_easy_is_one_reference_run_on_every_unit(settings):
    table = ledger_of(settings, session(minutes=30))
    validate("ledger", table)
    np.testing.assert_allclose(table[["load_rr", "damage_rr"]], 1.0, rtol=1e-9)


def test_load_grows_with_minutes_in_proportion(settings):
    short, long = damage_of(settings, session(minutes=20), session("b", minutes=60))
    np.testing.assert_allclose(long, 3 * short)


@hypothesis_settings(deadline=None, max_examples=20)
@given(minutes=st.floats(5, 120), share=st.floats(0.1, 0.9))
def test_a_session_split_in_two_costs_the_same(settings, minutes, share):
    whole = damage_of(settings, session(minutes=minutes))[0]
    parts = damage_of(
        settings, session(minutes=share * minutes), session("b", minutes=(1 - share) * minutes)
    )
    np.testing.assert_allclose(parts.sum(axis=0), whole, rtol=1e-9)


def test_faster_costs_more_per_minute_where_force_counts_and_the_same_where_steps_do(settings):
    easy, fast = damage_of(
        settings,
        session(minutes=30, distance_km=5.04),
        session("b", minutes=30, distance_km=7.2),
    )
    assert fast[TENDON] > 1.3 * easy[TENDON]
    np.testing.assert_allclose(fast[FASCIA], easy[FASCIA])


def test_rest_is_zero_and_a_run_without_minutes_is_missing(settings):
    table = ledger_of(settings, session(activity="rest"), session("b", day=DAY + timedelta(days=1)))
    np.testing.assert_array_equal(table.loc[table["activity"] == "rest", "damage_rr"], 0.0)
    assert table.loc[table["activity"] == "running", "damage_rr"].isna().all()


@pytest.mark.rule("R04", "R05")
def test_a_repetition_lies_between_a_step_and_its_power(settings):
    rehab = session(activity="rehab", repetitions=250, relative_load=0.5)
    model = unit_model(DEFAULT_UNITS, unit_proxies(DEFAULT_UNITS, {}), settings.exponents)
    profile = record().profile
    runs = 250 / (30 * 165 / 2)
    for weight, low, high in ((1.0, 0.99 * runs, 1.01 * runs), (0.0, 0.0, 0.003 * runs)):
        costs = settings.costs.model_copy(update={"repetition_as_step_weight": weight})
        changed = LedgerSettings(**{**vars(settings), "costs": costs})
        assert low <= session_costs([rehab], profile, model, changed).damage_rr[0, TENDON] <= high
    weighted = session_costs([rehab], profile, model, settings)
    assert 0.003 * runs < weighted.damage_rr[0, TENDON] < runs
    # Both readings lie within the stated 95 % interval or just beside it.
    assert log_sd_of(weighted.damage_rr, weighted.damage_sd_rr)[0, TENDON] > 0.9


@pytest.mark.rule("R20")
def test_cross_training_costs_next_to_nothing_but_not_nothing(settings):
    ride = damage_of(settings, session(activity="cross_training", minutes=60))[0]
    assert np.all((ride > 0.0) & (ride < 0.1))


@pytest.mark.rule("R31", "R46", "R48")
def test_surface_slope_and_shoe_widen_the_error_and_move_it_only_where_sources_agree(settings):
    plain, descent, flats, trail = (
        ledger_of(settings, session(minutes=40, distance_km=7, **facts))
        for facts in ({}, {"descent_m": 300.0}, {"shoe": "racing flat"}, {"surface": "trail"})
    )
    damage = [table["damage_rr"].to_numpy() for table in (plain, descent, flats, trail)]
    error = [
        log_sd_of(table["damage_rr"].to_numpy(), table["damage_sd_rr"].to_numpy())
        for table in (plain, descent, flats, trail)
    ]
    assert damage[1][KNEE] > damage[0][KNEE]
    assert damage[1][TENDON] == pytest.approx(damage[0][TENDON])
    assert damage[2][TENDON] > damage[0][TENDON]
    assert damage[2][KNEE] < damage[0][KNEE]
    np.testing.assert_allclose(damage[3], damage[0])
    assert error[3][TENDON] > error[0][TENDON]


def test_exercises_load_the_sites_they_aim_at(settings):
    raises = damage_of(
        settings, session(activity="strength", exercise="slow calf raise", repetitions=60)
    )[0]
    assert raises[TENDON] > raises[KNEE] > 0.0


def measured(tissue=("tibia", "achilles", "patellofemoral"), sides=("left",), scale=1.4):
    sessions = pd.DataFrame(
        {
            "runner_id": ["anna"],
            "session_id": ["a"],
            "date": pd.to_datetime([DAY]),
            "activity": ["running"],
            "duration_min": [30.0],
            "distance_km": [5.5],
            "rung": ["one_shin"],
        }
    )
    rows = [
        {
            "runner_id": "anna",
            "session_id": "a",
            "tissue": name,
            "side": side,
            "load_rr": 1.05,
            "load_sd_rr": 0.04,
            "damage_rr": scale,
            "damage_sd_rr": 0.3,
            "equivalent_load_bw": 6.0,
        }
        for name in tissue
        for side in sides
    ]
    return {"sessions": sessions, "session_loads": pd.DataFrame(rows)}


def test_a_sensor_takes_the_place_of_the_diary_on_its_own_leg_only(settings):
    table = ledger_of(settings, session(minutes=30), **measured())
    tendon = table[table["tissue"] == "tendon"].set_index("side")
    assert tendon.loc["left", "damage_rr"] == pytest.approx(1.4)
    assert tendon.loc["left", "rung"] == "one_shin"
    assert tendon.loc["right", "damage_rr"] == pytest.approx(1.0)
    assert tendon.loc["right", "rung"] == "diary"
    error = log_sd_of(tendon["damage_rr"].to_numpy(), tendon["damage_sd_rr"].to_numpy())
    assert error[0] < error[1]


def test_walking_between_measured_runs_is_added(settings):
    alone, walked = (
        ledger_of(settings, session(minutes=30, walk_minutes=walk), **measured())
        for walk in (None, 20.0)
    )
    left = alone["side"] == "left"
    assert (walked.loc[left, "load_rr"] > alone.loc[left, "load_rr"] + 0.05).all()


def test_a_measured_session_without_a_diary_line_is_entered(settings):
    table = ledger_of(settings, **measured())
    assert set(table["session_id"]) == {"a"}
    assert table["damage_rr"].notna().all()


@given(
    middle=st.floats(-0.2, 0.2),
    spread=st.floats(0.0, 0.15),
    exponent=st.sampled_from([2.0, 4.0, 6.6]),
)
def test_damage_at_another_exponent_is_exact_for_lognormal_steps(middle, spread, exponent):
    def moment(b):
        return 2.0 * np.exp(b * middle + b**2 * spread**2 / 2)

    found = damage_at_exponent(moment(1), moment(9), 9.0, exponent, 2.0)
    assert found == pytest.approx(moment(exponent), rel=1e-6)


def test_days_not_written_down_stay_missing_until_filled_with_a_wide_error(settings):
    table = ledger_of(
        settings,
        session(minutes=30),
        session("b", day=DAY + timedelta(days=1), activity="rest"),
        session("c", day=DAY + timedelta(days=3)),
    )
    daily = daily_damage(table, DEFAULT_UNITS, DAY, DAY + timedelta(days=3))
    np.testing.assert_allclose(daily.damage[:, TENDON], [1.0, 0.0, np.nan, np.nan])
    assert daily.exposed.tolist() == [True, False, False, True]
    filled = fill_unobserved(daily, settings)
    expected = expected_damage(filled.damage, filled.log_sd)[:, TENDON]
    session_rr = expected[0]
    assert expected[2] == pytest.approx(settings.costs.unlogged_session_frac * session_rr)
    assert expected[3] == pytest.approx(session_rr)
    assert filled.log_sd[2, TENDON] == settings.costs.unlogged_log_sd


def test_sessions_of_one_day_add_up(settings):
    table = ledger_of(settings, session(minutes=30), session("b", minutes=15))
    daily = daily_damage(table, DEFAULT_UNITS, DAY, DAY)
    np.testing.assert_allclose(daily.damage, 1.5)


def test_usual_weeks_hold_the_usual_minutes(settings):
    profile = record(
        usual_weekly_minutes=120.0, usual_runs_per_week=3.0, usual_longest_run_minutes=50.0
    ).profile
    table = prior_ledger(profile, DEFAULT_UNITS, settings, DAY)
    validate("ledger", table)
    fascia = table[(table["tissue"] == "fascia") & (table["side"] == "left")]
    assert len(fascia) == 28
    assert fascia["load_rr"].sum() == pytest.approx(4 * 120 / 30)
    assert fascia["load_rr"].max() == pytest.approx(50 / 30)
    assert fascia["date"].max() < pd.Timestamp(DAY)


def test_nothing_is_made_up_for_a_runner_who_states_nothing(settings):
    assert prior_ledger(record().profile, DEFAULT_UNITS, settings, DAY).empty


def test_bad_entries_are_refused_all_at_once(settings):
    sessions = (session(minutes=30), session(minutes=20), session("late", day=date(2026, 4, 1)))
    with pytest.raises(LedgerError) as refusal:
        build_ledger(record(*sessions), (), settings, TODAY)
    assert len(refusal.value.problems) == 3
    for word in ("doubled: a", "date after 2026-03-01 in late", "tissue, site and side"):
        assert word in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"tissue": ("liver",)}, "got liver"),
        ({"sides": ("middle",)}, "got middle"),
        ({"sides": ("left", "left")}, "doubled"),
    ],
)
def test_bad_measured_loads_are_refused(settings, change, word):
    with pytest.raises(LedgerError, match=word):
        ledger_of(settings, session(minutes=30), **measured(**change))


def test_load_without_its_session_is_refused(settings):
    tables = measured()
    tables["session_loads"]["session_id"] = "b"
    with pytest.raises(LedgerError, match="no session for b"):
        ledger_of(settings, session(minutes=30), **tables)


def test_entries_out_of_order_give_the_same_ledger(settings):
    sessions = [session(str(i), day=DAY + timedelta(days=i), minutes=20 + i) for i in range(4)]
    pd.testing.assert_frame_equal(
        ledger_of(settings, *sessions), ledger_of(settings, *reversed(sessions))
    )


def test_an_injury_of_both_sides_is_two_index_units_first(settings):
    hurt = InjuryEntry(injury="proximal_hamstring_tendinopathy", side="both", onset=DAY)
    known = record(injuries=(hurt,))
    units, index = runner_units(known, settings.injuries)
    assert [unit.site for unit in units[:2]] == ["hamstring", "hamstring"]
    assert sum(index) == 2
    assert len(units) == len(DEFAULT_UNITS) + 2


def test_a_folder_becomes_a_history_without_a_gap(settings):
    hurt = InjuryEntry(injury="achilles_tendinopathy", side="left", onset=date(2026, 1, 1))
    known = record(session(minutes=30), usual_weekly_minutes=90.0, injuries=(hurt,)).model_copy(
        update={
            "symptoms": (
                SymptomEntry(
                    date=DAY,
                    site="achilles",
                    side="left",
                    pain_during=2,
                    pain_after=4,
                    pain_before=1,
                    pain_next_morning=1,
                    analgesic="yes",
                ),
            )
        }
    )
    history = record_history(known, settings, TODAY)
    assert np.all(np.diff(history.dates).astype(int) == 1)
    assert np.isfinite(history.damage_rr).all()
    day = int((np.datetime64(DAY) - history.dates[0]).astype(int))
    assert history.pain[day, 0] == 4.0
    assert history.settled[day, 0] == 1.0
    assert history.analgesic[day]
    assert history.is_index.tolist()[:2] == [True, False]
    # Four usual weeks of three reference runs before the injury, unknown days after it.
    np.testing.assert_allclose(history.damage_rr[:28].sum(axis=0), 12.0, rtol=1e-6)
    assert history.dates[0] == np.datetime64(date(2026, 1, 1) - timedelta(days=28))


def rested(**profile):
    """Return a runner injured ten weeks before the diary, which holds one walk a week."""
    hurt = InjuryEntry(injury="tibial_stress_reaction", side="left", onset=DAY - timedelta(days=70))
    walks = [
        session(f"w{week}", DAY + timedelta(days=7 * week), "walking", minutes=40.0)
        for week in range(4)
    ]
    facts = {"usual_weekly_minutes": 240.0, "injuries": (hurt,)} | profile
    return record(*walks, **facts)


def daily_rr(history):
    """Return expected damage of the injured unit, its log SD, and where remembered weeks are."""
    begin = int((np.datetime64(DAY) - history.dates[0]).astype(int))
    log_sd = history.damage_log_sd[:, 0]
    return expected_damage(history.damage_rr[:, 0], log_sd), log_sd, slice(begin - 28, begin)


def test_weeks_after_an_injury_are_as_the_profile_remembers_them(settings):
    silent, resting, running = (
        daily_rr(record_history(rested(recent_weekly_minutes=minutes), settings, TODAY))
        for minutes in (None, 0.0, 60.0)
    )
    for damage, _, weeks in (silent, resting, running):
        assert damage.shape == silent[0].shape
        np.testing.assert_array_equal(damage[:28], silent[0][:28])
        assert (damage[weeks] >= 0.0).all()
    damage, log_sd, weeks = resting
    assert (damage[weeks] > 0.0).all()
    assert (log_sd[weeks] == settings.costs.unlogged_log_sd).all()
    # A day of rest is a walk with the chance of an unlogged session, no share of a usual run.
    walk = damage[weeks.stop]
    np.testing.assert_allclose(damage[weeks], settings.costs.unlogged_session_frac * walk)
    assert damage[weeks].sum() < silent[0][weeks].sum() / 10.0
    damage, log_sd, weeks = running
    median = damage[weeks] / expected_damage(1.0, log_sd[weeks])
    assert median.sum() == pytest.approx(4 * 60 / 30, rel=1e-6)
    assert np.count_nonzero(damage[weeks]) == 12


def test_remembered_weeks_without_an_injury_come_between_usual_weeks_and_diary(settings):
    known = record(
        session(minutes=30),
        usual_weekly_minutes=90.0,
        recent_weekly_minutes=30.0,
        recent_runs_per_week=2.0,
        usual_longest_run_minutes=40.0,
    )
    history = record_history(known, settings, DAY)
    damage = history.damage_rr[:, FASCIA]
    np.testing.assert_allclose([damage[:28].sum(), damage[28:56].sum()], [12.0, 4.0], rtol=1e-6)
    assert damage[28:56].max() == pytest.approx(0.5)
    assert history.dates[56] == np.datetime64(DAY)


def test_a_run_of_unknown_load_since_the_injury_is_an_average_run_since_then(settings):
    sessions = (
        session("a", DAY, minutes=10.0),
        session("b", DAY + timedelta(days=2)),
    )
    hurt = InjuryEntry(injury="plantar_fasciopathy", side="left", onset=DAY - timedelta(days=40))
    known = record(*sessions, usual_weekly_minutes=240.0, injuries=(hurt,))
    history = record_history(known, settings, DAY + timedelta(days=2))
    expected = expected_damage(history.damage_rr[:, 0], history.damage_log_sd[:, 0])
    assert expected[-1] == pytest.approx(expected[-3])
    assert history.damage_rr[-3, 0] == pytest.approx(1.0 / 3.0, rel=1e-6)
