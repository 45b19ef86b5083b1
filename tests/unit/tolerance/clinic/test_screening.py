"""Every number and sentence of the page comes from the tables, and nothing is claimed beyond."""

import re
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from loadcore.constants import TISSUES
from loadcore.damage import lognormal_interval
from tolerance import pages
from tolerance.clinic.screening import (
    MARK_CARE,
    MARK_GOOD,
    MARK_UNUSABLE,
    TISSUE_WORDS,
    Z90,
    ScreeningContent,
    build_screening,
)
from tolerance.config import ScreeningReport
from tolerance.exposure.settings import ExposureSettings

PARAMS = ScreeningReport(speed_bin_mps=0.5, min_steps_per_bin=10)
EXPOSURE = ExposureSettings()
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def page_of(session):
    return build_screening(session.tables(), PARAMS, EXPOSURE)


def numbers(text):
    return [float(found) for found in NUMBER.findall(text)]


def words_of(value):
    """Return every text below a value."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list | tuple):
        return [text for inner in value for text in words_of(inner)]
    return []


def all_words(page: ScreeningContent):
    return [text for column in fields(page) for text in words_of(getattr(page, column.name))]


def row_of(rows, *firsts):
    """Return the one row that begins with these cells."""
    (row,) = (row for row in rows if tuple(row[: len(firsts)]) == firsts)
    return row


# ---- numbers are the tables' -------------------------------------------------------------


def test_title_lead_and_key_figures(two_shins):
    page = page_of(two_shins)
    assert page.title == "Load screening: runner r1, session s1"
    assert page.lead == "1 March 2026. Sensors: left shin and right shin."
    assert not page.is_simulated
    figures = {label: (value, remark) for label, value, remark in page.key_figures}
    assert figures["Running"] == ("1.2 min", "46 steps count")  # of 1.25, to the even digit
    # 23 valid steps a side: 11 at 280 ms and 12 at 220 ms, step time 350 ms, SD 10 ms
    assert numbers(figures["Step rate"][0]) == [round(60 / 0.35)]
    assert numbers(figures["Foot on the ground"][0]) == [220]
    assert numbers(figures["Foot on the ground"][1]) == [90, 220 - 16, 220 + 16]
    assert numbers(figures["Peak force under the foot"][0]) == [2.9]
    assert numbers(figures["Peak force under the foot"][1]) == [
        90,
        round(2.9 - Z90 * 0.2, 1),
        round(2.9 + Z90 * 0.2, 1),
    ]


def test_curve_holds_medians_of_the_steps_that_count(two_shins):
    page = page_of(two_shins)
    assert page.has_curve
    np.testing.assert_allclose(page.curve["speed_mps"], [2.5, 4.0])
    assert list(page.curve["n_steps"]) == [22, 24]
    np.testing.assert_allclose(page.curve["force_bw"], [2.2, 2.9])
    np.testing.assert_allclose(page.curve["contact_ms"], [280.0, 220.0])
    np.testing.assert_allclose(page.curve["cadence_spm"], 60 / 0.35)
    np.testing.assert_allclose(page.curve["force_high_bw"] - page.curve["force_bw"], Z90 * 0.2)
    slow, fast = page.curve_rows
    assert numbers(" ".join(slow)) == [2.5, 22, 171, 280, 2.2, 1.87, 2.53]
    assert numbers(" ".join(fast)) == [4.0, 24, 171, 220, 2.9, 2.57, 3.23]
    said = numbers(page.curve_words)
    assert said[:2] == [2.5, 4.0]
    assert said[2:8] == [2.2, 1.9, 2.5, 2.9, 2.6, 3.2]
    assert page.curve_words in page.summary


def test_a_bin_of_few_steps_is_no_point(new_session):
    session = (
        new_session()
        .sensor("a", contact_ms=[250.0] * 19, speed=[2.5] * 10 + [4.0] * 9)
        .summed()
        .load("left")
        .reference()
    )
    page = page_of(session)
    assert list(page.curve["n_steps"]) == [10]
    assert not page.has_curve
    assert "no curve" in page.curve_words
    assert page.curve_words not in page.summary


def test_steps_without_speed_give_no_curve(new_session):
    session = new_session().sensor("a", contact_ms=[250.0] * 30, speed=np.nan).summed()
    page = page_of(session.load("left").reference())
    assert page.curve.empty
    assert page.curve_rows == []
    assert not page.has_curve


def test_sides_stand_side_by_side(two_shins):
    page = page_of(two_shins)
    assert page.side_columns == ("", "Left", "Right")
    assert row_of(page.side_rows, "Steps that count")[1:] == ["23", "23"]
    contact = row_of(page.side_rows, "Foot on the ground (ms)")
    assert numbers(contact[1]) == [220, 204, 236]
    assert contact[1] == contact[2]
    force = row_of(page.side_rows, "Peak force (× body weight)")
    assert numbers(force[2]) == [2.9, 2.57, 3.23]
    assert row_of(page.side_rows, "Vertical stiffness (body weights per m)")[1] == "25"


def test_a_clear_difference_names_tissue_side_and_range(two_shins):
    """1.2 against 0.8 is 200 tanh(ln(1.5) / 2) = 40 % of the mean of both."""
    page = page_of(two_shins)
    assert len(page.side_words) == len(TISSUES)
    for tissue, words in zip(TISSUES, page.side_words, strict=True):
        assert TISSUE_WORDS[tissue] in words
        said = numbers(words)
        assert said[0] == 40
        assert "higher on the left" in words
        _, low, high = said[1:]
        assert 0 < low < 40 < high


def test_a_higher_right_leg_is_told_as_such(new_session):
    session = new_session().sensor("a").sensor("b", side="right").summed()
    page = page_of(session.load("left", 0.7).load("right", 1.3).reference())
    assert all("higher on the right" in words for words in page.side_words)
    low, high = numbers(page.side_words[0])[2:]
    assert 0 < low < high


def test_a_difference_within_the_error_is_not_told_as_one(new_session):
    session = new_session().sensor("a").sensor("b", side="right").summed()
    page = page_of(session.load("left", 1.01).load("right", 1.0).reference())
    assert page.side_words == [
        "No difference between left and right is larger than the error of measurement."
    ]


def test_sides_whose_load_is_not_known_are_not_called_equal(new_session):
    """Below the least coverage a leg has no load, so nothing can be said of a difference."""
    session = new_session().sensor("a").sensor("b", side="right").summed()
    tables = session.load("left").load("right").reference().tables()
    loads = tables.session_loads.copy()
    loads.loc[loads["side"] == "right", ["load_rr", "load_sd_rr"]] = np.nan
    page = build_screening(replace(tables, session_loads=loads), PARAMS, EXPOSURE)
    assert len(page.side_words) == 1
    assert "cannot be compared" in page.side_words[0]


def test_tissue_rows_are_the_loads_with_their_ranges(two_shins):
    page = page_of(two_shins)
    assert len(page.tissue_rows) == 2 * len(TISSUES)
    loads = two_shins.tables().session_loads
    for load in loads.to_dict("records"):
        row = row_of(page.tissue_rows, TISSUE_WORDS[load["tissue"]], load["side"])
        for cell, name in ((row[2], "load"), (row[3], "damage")):
            middle, sd = load[f"{name}_rr"], load[f"{name}_sd_rr"]
            expected = [middle, *lognormal_interval(middle, sd)]
            np.testing.assert_allclose(numbers(cell), expected, rtol=0.05)
        assert row[4] == "90"


def test_a_step_against_the_reference_step(two_shins):
    """load_observed / n_steps x steps_per_side is the mean load of a step: 1.2 and 0.8."""
    page = page_of(two_shins)
    assert list(page.tissue_curve["tissue"]) == [t for t in TISSUES for _ in range(2)]
    for side, expected in (("left", 1.2), ("right", 0.8)):
        mine = page.tissue_curve[page.tissue_curve["side"] == side]
        np.testing.assert_allclose(mine["relative"], expected)
        assert (mine["low"] < expected).all()
        assert (mine["high"] > expected).all()
    for row in page.tissue_curve.to_dict("records"):
        assert f"{row['name']} {row['relative']:.2f}" in page.tissue_words


def test_impacts_are_told_apart_and_called_no_load(two_shins):
    page = page_of(two_shins)
    # 1 to 24 g without the rejected twelfth
    left = np.delete(np.arange(24) + 1.0, 11)
    row = row_of(page.impact_rows, "left shin")
    low, middle, high = np.percentile(left, [5, 50, 95])
    assert numbers(row[1]) == [round(middle, 1)]
    np.testing.assert_allclose(numbers(row[2]), [low, high], atol=0.051)
    assert row[3] == "23 of 23"
    assert f"left {np.median(left):.1f} g over 23 steps" in page.impact_words
    assert "right 5.0 g over 23 steps" in page.impact_words
    assert "little about the load on bone or tendon" in page.impact_words
    assert len(page.impacts) == 46


def test_the_longest_session_s_worst_ratio_is_told(two_shins):
    page = page_of(two_shins)
    assert any("1.26 times as large" in words and "1.10" in words for words in page.summary)


def test_a_missing_history_is_told(new_session):
    page = page_of(new_session().sensor("a").summed().load("left").reference())
    assert "There is no earlier session within 30 days to compare this one with." in page.summary


# ---- quality and what was left out -------------------------------------------------------


def test_quality_rows_and_verdicts(two_shins):
    page = page_of(two_shins)
    good, care = page.quality_rows
    assert good == ["left shin", MARK_GOOD, "208", "0.0", "0.0", "23 of 24", "nothing to note"]
    assert care == ["right shin", MARK_CARE, "208", "3.1", "0.0", "23 of 24", "samples were lost"]
    assert page.n_sensors == 2


@pytest.mark.parametrize(
    ("facts", "remark"),
    [
        ({"missing_frac": 0.03}, "samples were lost"),
        ({"acc_clipped_frac": 0.02}, "the accelerometer was often at its limit"),
        ({"gyr_clipped_frac": 0.02}, "the gyroscope was often at its limit"),
        ({"orientation_confidence": 0.4}, "how the sensor was turned is uncertain"),
        ({"sampling_rate_hz": 100.0}, "too few samples a second for impact peaks"),
        ({"valid": [True, False]}, "many steps were left out"),
    ],
)
def test_each_limit_that_is_passed_is_noted(new_session, facts, remark):
    page = page_of(new_session().sensor("a", **facts).summed().load("left").reference())
    (row,) = page.quality_rows
    assert row[1] == MARK_CARE
    assert remark in row[-1]


def test_few_samples_matter_on_the_shin_only(new_session):
    session = new_session().sensor("a", "sacrum", "unknown", sampling_rate_hz=100.0)
    (row,) = page_of(session.summed().load("unknown").reference()).quality_rows
    assert row[1] == MARK_GOOD


def test_several_recordings_of_one_sensor_share_a_row_and_a_timeline(new_session):
    session = (
        new_session()
        .sensor("a", running_s=60.0, missing_frac=0.0)
        .sensor("b", running_s=30.0, missing_frac=0.1)
        .sensor("c", read=False)
        .summed()
        .load("left")
        .reference()
        .left_out("c", "no signal")
    )
    page = page_of(session)
    assert page.lead.endswith("Sensors: left shin (3 recordings).")
    (row,) = page.quality_rows
    assert row[3] == "5.0"  # mean of what was read
    assert row[5] == "4 of 4"
    assert row[1] == MARK_CARE
    assert "1 of 3 recordings left out" in row[-1]
    # The second begins where the first ends: 60 s of running and 20 s of walking.
    np.testing.assert_allclose(page.timeline["start_s"], [0.0, 60.0, 80.0, 110.0])
    assert set(page.timeline["sensor"]) == {"left shin"}
    assert "left shin: 2 stretches of running, 90 s in all" in page.timeline_words
    assert ["left shin", "a whole recording", "no signal"] in page.left_out_rows


def test_left_out_rows_count_steps_by_reason_and_name_stretches(two_shins):
    page = page_of(two_shins)
    assert page.left_out_rows == [
        ["left shin", "1 of 24 steps", "no flight phase"],
        ["right shin", "1 of 24 steps", "no flight phase"],
        ["right shin", "3.0 to 4.5 s", "packets were lost"],
    ]


def test_a_sensor_that_could_not_be_read_at_all(new_session):
    session = new_session().sensor("a").sensor("b", "sacrum", "unknown", read=False)
    page = page_of(session.summed().load("left").reference().left_out("b", "looks like g"))
    row = row_of(page.quality_rows, "sacrum (lower back)")
    assert row[1] == MARK_UNUSABLE
    assert row[2:5] == ["", "", ""]
    assert row[5] == "0 of 0"


# ---- one leg, trunk, watch, nothing ------------------------------------------------------


def test_one_leg_only_leaves_the_other_empty(new_session):
    page = page_of(new_session().sensor("a").summed().load("left").reference())
    assert "only one leg was measured" in page.side_words[0]
    assert row_of(page.side_rows, "Steps that count")[1:] == ["2", "0"]
    assert row_of(page.side_rows, "Peak force (× body weight)")[2] == ""
    assert {row[1] for row in page.tissue_rows} == {"left"}
    assert "not measured" in pages.table("t", page.side_columns, page.side_rows).html


def test_a_leg_without_a_step_that_counts_has_no_load(new_session):
    session = new_session().sensor("a").sensor("b", side="right", valid=[False, False])
    page = page_of(session.summed().load("left").load("right", n_steps=0).reference())
    assert {row[1] for row in page.tissue_rows} == {"left"}
    assert set(page.tissue_curve["side"]) == {"left"}
    assert "only one leg was measured" in page.side_words[0]


def test_a_trunk_sensor_that_cannot_tell_the_legs_gives_the_average_leg(new_session):
    """100 steps of both legs at the reference's force: the average leg's share is 50 of 2500."""
    session = new_session().sensor("a", "waist", "unknown").summed()
    session.load("unknown", per_step=0.5, n_steps=100).reference()
    page = page_of(session)
    np.testing.assert_allclose(page.tissue_curve["relative"], 1.0)
    assert {row[1] for row in page.tissue_rows} == {"average leg"}
    assert list(page.tissue_curve["name"]) == [TISSUE_WORDS[tissue] for tissue in TISSUES]
    assert "No sensor was worn on the shin" in page.impact_words


def test_a_trunk_sensor_s_sides_are_those_found(new_session):
    session = new_session().sensor(
        "a", "sacrum", "unknown", contact_ms=[250.0] * 4, step_side=["left", "right"] * 2
    )
    page = page_of(session.summed().load("left").load("right").reference())
    assert row_of(page.side_rows, "Steps that count")[1:] == ["2", "2"]


def test_a_shin_sensor_s_side_is_the_stated_one(new_session):
    session = new_session().sensor("a", side="right", step_side=["left", "left"])
    page = page_of(session.summed().load("right").reference())
    assert row_of(page.side_rows, "Steps that count")[1:] == ["0", "2"]


def test_the_best_site_speaks_and_the_others_stay_out_of_its_numbers(new_session):
    session = (
        new_session()
        .sensor("a", contact_ms=[250.0] * 3)
        .sensor("b", "sacrum", "unknown", contact_ms=[300.0] * 50, force=3.3)
        .summed(n_steps=3)
        .load("left")
        .reference()
    )
    page = page_of(session)
    assert "3 steps from the sensors on the shin count" in page.summary[0]
    figures = {label: value for label, value, _ in page.key_figures}
    assert figures["Foot on the ground"] == "250 ms"
    assert figures["Peak force under the foot"] == "2.5 × body weight"


def test_a_watch_alone(new_session):
    session = new_session().sensor(
        "w", "watch", "unknown", contact_ms=[250.0] * 40, speed=[2.5] * 20 + [4.0] * 20
    )
    session.summed(rung="watch").load("unknown", 0.5, 40).reference()
    page = page_of(session)
    assert page.lead.endswith("Sensors: watch.")
    assert page.has_curve
    assert "(from the watch)" in page.curve_words
    assert row_of(page.side_rows, "Steps that count")[1:] == ["0", "0"]
    assert "neither apart" in page.side_words[0]
    assert page.impact_rows == []


def test_no_running(new_session):
    session = new_session().sensor("a", contact_ms=[], running_s=0.0)
    session.summed(duration_min=np.nan, coverage=np.nan, n_steps=0)
    page = page_of(session.load("left", n_steps=0).reference("none", np.nan))
    assert page.summary == [
        "There is no load to report: no running was found (0.3 min walking): there is no running "
        "load to report."
    ]
    assert page.key_figures == [("Running", "none found", "0 steps count")]
    assert page.quality_rows[0][1] == MARK_UNUSABLE
    assert page.quality_rows[0][4] == ""
    assert page.tissue_rows == []
    assert page.tissue_curve.empty
    assert page.tissue_words == "No load by tissue could be worked out."
    assert page.impact_words == "No impact peak of the shin could be used."
    assert "0 stretches of running, 0 s in all" in page.timeline_words


def test_nothing_valid_says_the_commonest_reason(new_session):
    session = new_session().sensor("a", contact_ms=[250.0] * 3, valid=[False] * 3)
    session.summed(coverage=0.0, n_steps=0).load("left", n_steps=0).reference("none", np.nan)
    page = page_of(session)
    assert len(page.summary) == 1
    assert "none of 3 steps counts" in page.summary[0]
    assert "'no flight phase' (3)" in page.summary[0]
    assert page.key_figures == [("Running", "1.0 min", "0 steps count")]
    assert ["left shin", "3 of 3 steps", "no flight phase"] in page.left_out_rows
    assert page.curve.empty


def test_without_a_reference_there_is_no_relative_load(new_session):
    session = new_session().sensor("a").summed().load("left").reference("none", np.nan)
    tables = session.tables()
    loads = tables.session_loads.copy()
    relative = [name for name in loads if name.endswith("_rr") or name.endswith("_sd_rr")]
    loads[relative] = np.nan
    page = build_screening(replace(tables, session_loads=loads), PARAMS, EXPOSURE)
    assert page.tissue_curve.empty
    assert all(row[2] == row[3] == "" for row in page.tissue_rows)
    assert "relative load is not known" in page.notes[0]


# ---- words -------------------------------------------------------------------------------


def test_simulated_data_say_so(new_session):
    session = new_session(dataset="synthetic").sensor("a").summed().load("left").reference()
    page = page_of(session)
    assert page.is_simulated
    assert "No person was measured" in page.simulated_words[0]


def test_a_session_without_a_date_says_so(new_session):
    session = new_session(date=None).sensor("a").summed().load("left").reference()
    assert page_of(session).lead.startswith("date not recorded. Sensors:")


def test_the_page_says_what_it_is_not(two_shins):
    notes = page_of(two_shins).notes
    assert any("no diagnosis" in note for note in notes)
    assert any("enters no load" in note for note in notes)
    assert any("steps near the runner's easy speed" in note for note in notes)


def test_no_text_ever_shows_a_missing_number(two_shins, new_session):
    """What was not observed is left out or an empty cell, never "nan"."""
    lacking = (
        new_session()
        .sensor("a", contact_ms=[250.0] * 12, stiffness=np.nan, orientation_confidence=np.nan)
        .sensor("w", "hip", "unknown", contact_ms=[], running_s=0.0)
        .summed()
        .load("left")
        .reference()
    )
    tables = lacking.tables()
    steps = tables.steps.assign(contact_time_sd_s=np.nan, peak_vgrf_sd_bw=np.nan)
    for page in (
        page_of(two_shins),
        page_of(lacking),
        build_screening(replace(tables, steps=steps), PARAMS, EXPOSURE),
    ):
        for text in all_words(page):
            assert not re.search(r"\b(nan|None|NaT|inf)\b", text), text


def test_hostile_identifiers_are_escaped_by_the_page(new_session):
    hostile = '<img src=x onerror="alert(1)">'
    session = new_session(runner=hostile, session=hostile).sensor("a").summed()
    page = page_of(session.load("left").reference().left_out("a", hostile, 0.0, 1.0))
    assert hostile in page.title
    shown = pages.heading(page.title, page.lead).html + (
        pages.table("Left out", page.left_out_columns, page.left_out_rows).html
    )
    assert "<img" not in shown
    assert shown.count("&lt;img") == 3


def test_recordings_of_two_sessions_or_none_are_refused(new_session):
    first = new_session().sensor("a").summed().tables()
    second = new_session(session="s2").sensor("b").tables()
    both = replace(
        first, recordings=pd.concat([first.recordings, second.recordings], ignore_index=True)
    )
    with pytest.raises(ValueError, match="2 runner-sessions; expected exactly one"):
        build_screening(both, PARAMS, EXPOSURE)
    none = replace(first, recordings=first.recordings.iloc[:0])
    with pytest.raises(ValueError, match="0 runner-sessions; expected exactly one"):
        build_screening(none, PARAMS, EXPOSURE)


def test_the_tables_are_not_changed(two_shins):
    tables = two_shins.tables()
    before = {column.name: getattr(tables, column.name).copy() for column in fields(tables)}
    build_screening(tables, PARAMS, EXPOSURE)
    for name, table in before.items():
        pd.testing.assert_frame_equal(getattr(tables, name), table)
