"""Sessions, days and asymmetry from made step tables of known load."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from loadcore.constants import TISSUES
from tolerance.exposure.reference import choose_reference
from tolerance.exposure.sessions import aggregate_sessions, daily_loads, side_asymmetry
from tolerance.schemas import conform, empty_table, validate


def _row(session_loads, side="left", tissue="tibia", session="s1"):
    rows = session_loads.set_index(["session_id", "tissue", "side"])
    return rows.loc[(session, tissue, side)]


def _aggregate(cohort):
    sessions, loads = aggregate_sessions(*cohort.tables(), cohort.settings)
    validate("sessions", sessions)
    validate("session_loads", loads)
    return sessions, loads


def test_thirty_easy_minutes_are_one_reference_run_for_each_leg(cohort, steps_of):
    n = round(30 * 60 / 0.7)
    cohort.add("l", steps_of(np.full(n, 0.26)), side="left")
    cohort.add("r", steps_of(np.full(n, 0.26), side="right"), side="right")
    sessions, loads = _aggregate(cohort)
    session = sessions.iloc[0]
    assert session["rung"] == "two_shins"
    assert session["duration_min"] == pytest.approx(30, abs=0.01)
    assert session["distance_km"] == pytest.approx(5.4, abs=0.01)
    assert session["coverage_frac"] == pytest.approx(1.0)
    assert session["n_steps"] == 2 * n
    assert session["quality"] == "good"
    np.testing.assert_allclose(loads["load_rr"], 1.0, rtol=1e-3)
    assert loads["load_both_sides_doubled_rr"].isna().all()
    assert sorted(loads["side"].unique()) == ["left", "right"]


def test_a_leg_without_sensor_is_unknown_and_doubling_says_so(cohort, steps_of):
    cohort.add("l", steps_of(np.full(200, 0.26)))
    sessions, loads = _aggregate(cohort)
    assert sessions["rung"].tolist() == ["one_shin"]
    left, right = _row(loads), _row(loads, "right")
    assert np.isnan(right["load_rr"])
    assert np.isnan(right["damage_rr"])
    assert right["n_steps"] == 0
    assert left["load_both_sides_doubled_rr"] == pytest.approx(2 * left["load_rr"])
    assert np.isnan(right["load_both_sides_doubled_rr"])
    assert side_asymmetry(loads, cohort.settings).empty


def test_totals_are_the_sums_of_the_step_table(cohort, steps_of):
    rng = np.random.default_rng(1)
    cohort.add("l", steps_of(rng.uniform(0.21, 0.29, 300)))
    _, _, step_table, _ = cohort.tables()
    _, loads = _aggregate(cohort)
    sums = step_table.groupby("tissue")[["load_rr", "damage_rr"]].sum()
    for tissue in TISSUES:
        row = _row(loads, tissue=tissue)
        assert row["load_rr"] == pytest.approx(sums.loc[tissue, "load_rr"])
        assert row["damage_rr"] == pytest.approx(sums.loc[tissue, "damage_rr"])
        peak = step_table.loc[step_table["tissue"] == tissue, "peak_force_bw"]
        rounding = 1e-9
        assert peak.min() - rounding <= row["equivalent_load_bw"] <= peak.max() + rounding


def test_splitting_a_recording_in_two_changes_nothing(cohort, steps_of):
    contact = np.random.default_rng(2).uniform(0.22, 0.28, 400)
    other = replace_cohort(cohort)
    easy = steps_of(np.full(100, 0.26))
    cohort.add("ref", easy, session="s0", day="2024-02-01")
    other.add("ref", easy, session="s0", day="2024-02-01")
    cohort.reference = other.reference = choose_reference({"ref": easy}, cohort.settings)
    cohort.add("whole", steps_of(contact))
    other.add("first", steps_of(contact[:150])).add("second", steps_of(contact[150:]))
    (_, whole), (_, split) = _aggregate(cohort), _aggregate(other)
    for column in ("load_rr", "load_sd_rr", "damage_rr", "damage_sd_rr", "equivalent_load_bw"):
        # Each recording tells its own noise from its own spread, so the last digits differ.
        np.testing.assert_allclose(split[column], whole[column], rtol=1e-4)


def replace_cohort(cohort):
    return type(cohort)()


def test_half_seen_session_is_estimated_with_a_wider_error(cohort, steps_of):
    full = steps_of(np.full(400, 0.26))
    other = replace_cohort(cohort)
    cohort.add("l", full)
    reason = np.zeros(400, np.int8)
    reason[::4] = 7
    other.add("l", replace(full, reject_reason=reason))
    (_, seen), (sessions, partly) = _aggregate(cohort), _aggregate(other)
    assert sessions["coverage_frac"].iloc[0] == pytest.approx(0.75)
    assert sessions["quality"].iloc[0] == "partial"
    assert _row(partly)["load_rr"] == pytest.approx(_row(seen)["load_rr"])
    assert _row(partly)["load_observed_rr"] == pytest.approx(0.75 * _row(seen)["load_rr"])
    assert _row(partly)["load_sd_rr"] > _row(seen)["load_sd_rr"]
    assert _row(partly)["damage_sd_rr"] > _row(seen)["damage_sd_rr"]


def test_too_little_seen_is_not_estimated(cohort, steps_of):
    cohort.add("l", steps_of(np.full(100, 0.26)), running_s=500.0)
    sessions, loads = _aggregate(cohort)
    assert sessions["quality"].tolist() == ["insufficient"]
    assert np.isnan(_row(loads)["load_rr"])
    assert _row(loads)["load_observed_rr"] > 0


def test_unknown_legs_of_a_trunk_sensor_give_the_average_leg(cohort, steps_of):
    contact = np.full(400, 0.26)
    sides = np.where(np.arange(400) % 2, "left", "right")
    known, unknown = replace_cohort(cohort), cohort
    known.add("t", steps_of(contact, side=sides, both_feet=True), site="sacrum", side="unknown")
    unknown.add(
        "t", steps_of(contact, side="unknown", both_feet=True), site="sacrum", side="unknown"
    )
    (sessions, by_leg), (_, average) = _aggregate(known), _aggregate(unknown)
    assert sessions["rung"].tolist() == ["foot_or_trunk"]
    assert sessions["coverage_frac"].iloc[0] == pytest.approx(1.0)
    assert _row(average, "unknown")["load_rr"] == pytest.approx(_row(by_leg)["load_rr"])
    assert np.isnan(_row(average)["load_rr"])
    assert "unknown" not in set(by_leg["side"])


def test_shins_come_before_the_trunk_sensor_of_the_same_session(cohort, steps_of):
    cohort.add("l", steps_of(np.full(100, 0.26)))
    trunk = steps_of(np.full(200, 0.24), side="unknown", both_feet=True)
    cohort.add("t", trunk, site="sacrum", side="unknown")
    sessions, loads = _aggregate(cohort)
    assert sessions["rung"].tolist() == ["one_shin"]
    assert sessions["n_steps"].tolist() == [100]
    assert set(loads["side"]) == {"left", "right"}


def test_more_intense_running_is_more_load_and_much_more_damage(cohort, steps_of):
    cohort.add("easy", steps_of(np.full(300, 0.26)), session="s1")
    cohort.add("hard", steps_of(np.full(300, 0.23)), session="s2", day="2024-03-03")
    _, loads = _aggregate(cohort)
    easy, hard = _row(loads), _row(loads, session="s2")
    force_ratio = 0.26 / 0.23
    assert hard["load_rr"] / easy["load_rr"] == pytest.approx(force_ratio, rel=1e-3)
    assert hard["damage_rr"] / easy["damage_rr"] == pytest.approx(force_ratio**6.6, rel=0.01)


def test_spike_against_the_longest_of_thirty_days(cohort, steps_of):
    sessions = [("2024-03-01", 100), ("2024-03-10", 120), ("2024-03-20", 260), ("2024-06-01", 300)]
    for number, (day, n) in enumerate(sessions):
        cohort.add(f"rec{number}", steps_of(np.full(n, 0.26)), session=f"s{number}", day=day)
    _, loads = _aggregate(cohort)
    rows = [_row(loads, session=f"s{number}") for number in range(4)]
    np.testing.assert_allclose(
        [r["longest_30d_ratio"] for r in rows], [np.nan, 1.2, 260 / 120, np.nan]
    )
    flags = [r["longest_30d_flag"] for r in rows]
    assert flags[1:3] == ["over_1.1", "over_2.0"]
    assert pd.isna(flags[0])
    assert pd.isna(flags[3])
    assert [bool(r["is_longest_30d_complete"]) for r in rows] == [False, True, True, False]
    assert not _row(loads, "right", session="s2")["is_longest_30d_complete"]


def test_asymmetry_is_found_with_an_interval(cohort, steps_of):
    cohort.add("l", steps_of(np.full(500, 0.240)), side="left")
    cohort.add("r", steps_of(np.full(500, 0.264), side="right"), side="right")
    _, loads = _aggregate(cohort)
    result = side_asymmetry(loads, cohort.settings).set_index("tissue")
    expected = 200 * (1 / 0.240 - 1 / 0.264) / (1 / 0.240 + 1 / 0.264)
    assert result.loc["tibia", "asymmetry_pct"] == pytest.approx(expected, rel=1e-3)
    assert result.loc["patellofemoral", "asymmetry_pct"] == pytest.approx(0.0, abs=1e-9)
    assert (result["asymmetry_low_pct"] <= result["asymmetry_pct"]).all()
    assert (result["asymmetry_high_pct"] >= result["asymmetry_pct"]).all()
    assert not result.loc["patellofemoral", "is_clear"]


def test_days_are_observed_rest_or_unobserved(cohort, steps_of):
    cohort.add("a", steps_of(np.full(100, 0.26)), session="s1", day="2024-03-01")
    cohort.add("b", steps_of(np.full(100, 0.26)), session="s2", day="2024-03-01")
    cohort.add("c", steps_of(np.full(100, 0.26)), session="s3", day="2024-03-04", running_s=900.0)
    sessions, loads = _aggregate(cohort)
    rest = sessions.iloc[[0]].assign(
        session_id="rest", date=pd.Timestamp("2024-03-02"), activity="rest"
    )
    sessions = conform("sessions", pd.concat([sessions, rest], ignore_index=True))
    days = daily_loads(sessions, loads, pd.Timestamp("2024-03-01"), pd.Timestamp("2024-03-04"))
    left = days[(days["side"] == "left") & (days["tissue"] == "tibia")]
    assert left["status"].tolist() == ["observed", "rest", "unobserved", "partly_observed"]
    one = _row(loads)["load_rr"]
    np.testing.assert_allclose(left["load_rr"], [2 * one, 0.0, np.nan, np.nan])
    right = days[(days["side"] == "right") & (days["tissue"] == "tibia")]
    assert right["status"].tolist()[0] == "partly_observed"


def test_session_without_date_has_no_day_and_no_spike(cohort, steps_of):
    cohort.add("a", steps_of(np.full(100, 0.26)))
    cohort.rows[0]["started_at_utc"] = pd.NaT
    sessions, loads = _aggregate(cohort)
    assert sessions["date"].isna().all()
    assert loads["longest_30d_ratio"].isna().all()
    days = daily_loads(sessions, loads, pd.Timestamp("2024-03-01"), pd.Timestamp("2024-03-01"))
    assert set(days["status"]) == {"unobserved"}


def test_recording_without_running_or_steps(cohort, steps_of):
    cohort.add("a", steps_of(np.full(100, 0.26)), session="s1")
    cohort.add("b", steps_of(np.array([])), session="s2", day="2024-03-02", running_s=60.0)
    cohort.add("c", steps_of(np.array([])), session="s3", day="2024-03-03")
    cohort.bouts[1]["activity"] = "walking"
    cohort.bouts = cohort.bouts[:2]
    sessions, loads = _aggregate(cohort)
    assert sessions["activity"].tolist() == ["running", "walking", "unknown"]
    assert np.isnan(sessions["duration_min"].iloc[1])
    assert loads.loc[loads["session_id"] != "s1", "load_rr"].isna().all()


def test_empty_tables_give_empty_tables(cohort):
    names = ("recordings", "steps", "step_loads", "bouts")
    tables = (empty_table(name) for name in names)
    sessions, loads = aggregate_sessions(*tables, cohort.settings)
    validate("sessions", sessions)
    validate("session_loads", loads)
    assert sessions.empty
    assert loads.empty
    assert side_asymmetry(loads, cohort.settings).empty
    day = pd.Timestamp("2024-03-01")
    assert daily_loads(sessions, loads, day, day).empty
