import numpy as np
import pandas as pd
import pytest

from loadcore.constants import SIDES, TISSUES
from loadcore.recording import Steps
from tolerance.schemas import PANDAS_DTYPES, TABLES, SchemaError, conform, empty_table, validate

UNITS = {
    "_s", "_hz", "_g", "_dps", "_kg", "_m", "_mps2", "_radps", "_bw", "_mps", "_deg", "_bws",
    "_bwpm", "_rr", "_spm", "_min", "_km", "_pct", "_frac", "_rad", "_nmpkg",
}  # fmt: skip
WITHOUT_UNIT = {
    "duty_factor",  # a ratio of times
    "confidence",  # 0 to 1
    "rpe",  # the scale's own
    "longest_30d_ratio",
    "longest_30d_damage_ratio",
    "orientation_confidence",
    "pain_0_10",  # the scale's own
    "value",  # of the test or event in its row
    "pain_limit",  # of the scale 0 to 10
    *("log_tolerance", "deficit", "log_frailty"),  # logarithms of ratios
    *(f"{scale}_0_5" for scale in ("soreness", "fatigue", "mood", "stress", "sleep_quality")),
    "readiness_0_10",  # the scale's own, as above
    "days_since_injury",
    *("run_minutes", "walk_minutes"),  # the unit in full
    *("p_sore", "p_sore_low", "p_sore_high"),  # probabilities
    *("reference_value", "error", "error_sd", "baseline_error"),  # of the quantity in their row
    "steps_per_side",  # a count that an average may split
}


def bouts() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "recording_id": ["a", "a", "b"],
            "bout_id": [0, 1, 0],
            "start_s": [0.0, 10.0, 0.0],
            "stop_s": [10.0, 12.5, 3.0],
            "activity": ["walking", "running", "still"],
            "step_frequency_hz": [1.8, 2.8, np.nan],
            "confidence": [1.0, 0.9, 0.5],
        }
    )


@pytest.mark.parametrize("name", TABLES)
def test_a_table_without_rows_is_valid(name):
    validate(name, empty_table(name))


@pytest.mark.parametrize("name", TABLES)
def test_every_number_carries_its_unit(name):
    bare = [
        column.name
        for column in TABLES[name].columns
        if column.dtype == "float"
        and column.name not in WITHOUT_UNIT
        and not column.name.endswith("_ratio")
        and not any(column.name.endswith(unit) for unit in UNITS)
    ]
    assert bare == []


@pytest.mark.parametrize("name", TABLES)
def test_keys_and_rules_name_columns_that_are_never_missing(name):
    table = TABLES[name]
    columns = {column.name: column for column in table.columns}
    assert len(columns) == len(table.columns)
    assert table.key
    assert not any(columns[part].nullable or columns[part].optional for part in table.key)
    assert {part for pair in table.ordered for part in pair} <= set(columns)
    assert not table.increasing or table.increasing in columns


def test_steps_have_every_field_of_the_load_core():
    per_tissue = {"tissue_peak_force_bw", "tissue_peak_force_sd_bw", "tissue_impulse_bws"}
    fields = set(Steps.__dataclass_fields__)
    assert fields - per_tissue <= {column.name for column in TABLES["steps"].columns}
    loads = {column.name for column in TABLES["step_loads"].columns}
    assert {name.removeprefix("tissue_") for name in per_tissue} <= loads


def test_sides_and_tissues_are_those_of_the_load_core():
    columns = {column.name: column for column in TABLES["session_loads"].columns}
    assert columns["side"].choices == SIDES
    assert columns["tissue"].choices == TISSUES


def test_a_sound_table_passes_whatever_its_index():
    validate("bouts", bouts().set_index(pd.Index([5, 5, 5])))


def test_all_violations_come_in_one_error():
    frame = bouts().drop(columns="confidence").assign(extra=1)
    frame["bout_id"] = [0, 0, 0]
    frame["activity"] = ["walking", "flying", None]
    frame["step_frequency_hz"] = [1.8, 28.0, np.nan]
    frame["start_s"] = [0.0, 13.0, np.nan]
    frame["stop_s"] = ["10", "12.5", "3"]
    with pytest.raises(SchemaError) as caught:
        validate("bouts", frame)
    activities = "unknown, still, walking, running, other"
    expected = (
        "columns missing: confidence",
        "columns not declared: extra",
        "stop_s: expected dtype float64, received str",
        "start_s: missing in 1 of 3 rows (row 2)",
        "activity: missing in 1 of 3 rows (row 2)",
        f"activity: expected one of {activities}, received 'flying' in 1 of 3 rows (row 1)",
        "step_frequency_hz: expected 0 to 10, received 28 to 28 in 1 of 3 rows (row 1)",
        "key recording_id, bout_id: repeated in 1 of 3 rows (row 1)",
    )
    assert sorted(caught.value.problems) == sorted(expected)
    assert all(problem in str(caught.value) for problem in expected)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_an_infinity_is_refused_even_in_an_open_range(value):
    frame = bouts()
    frame["start_s"] = [value, 10.0, 0.0]
    with pytest.raises(SchemaError, match="start_s: expected 0 to inf"):
        validate("bouts", frame)


def test_a_stretch_that_ends_before_it_begins_is_refused():
    frame = bouts()
    frame.loc[1, "stop_s"] = 9.0
    with pytest.raises(SchemaError, match="start_s above stop_s in 1 of 3 rows"):
        validate("bouts", frame)


def test_time_that_runs_backwards_or_stands_still_is_refused():
    signals = pd.DataFrame({"time_s": [0.0, 0.02, 0.01]})
    for axis in "xyz":
        signals[f"acc_{axis}_mps2"] = np.nan
    with pytest.raises(SchemaError, match="time_s: goes back in 1 of 3 rows"):
        validate("signals", signals)
    signals["time_s"] = [0.0, 0.01, 0.01]
    with pytest.raises(SchemaError, match="key time_s: repeated"):
        validate("signals", signals)


def test_a_date_with_a_clock_is_refused():
    frame = empty_table("sessions")
    frame.loc[0, "date"] = pd.Timestamp("2026-03-01 08:30")
    with pytest.raises(SchemaError, match="date: expected midnight"):
        validate("sessions", frame.astype({"date": PANDAS_DTYPES["date"]}))


def test_a_column_given_twice_is_refused():
    frame = bouts()
    frame.insert(0, "confidence", frame["confidence"], allow_duplicates=True)
    with pytest.raises(SchemaError, match="columns given twice: confidence"):
        validate("bouts", frame)


def test_an_unknown_table_names_the_known_ones():
    with pytest.raises(KeyError, match=r"bout_s.*known are recordings"):
        validate("bout_s", bouts())


def test_conform_widens_orders_and_types_what_is_all_missing():
    narrow = bouts().astype({"bout_id": "int8", "confidence": "float32", "activity": object})
    narrow["step_frequency_hz"] = None
    shuffled = narrow[sorted(narrow.columns, reverse=True)].set_index(pd.Index([3, 1, 2]))
    conformed = conform("bouts", shuffled)
    validate("bouts", conformed)
    assert list(conformed.columns) == [column.name for column in TABLES["bouts"].columns]
    assert conformed["start_s"].tolist() == [0.0, 10.0, 0.0]
    assert conformed["step_frequency_hz"].isna().all()


def test_conform_turns_times_into_utc():
    frame = pd.DataFrame({"started_at_utc": [pd.Timestamp("2026-03-01 08:00", tz="Asia/Tokyo")]})
    converted = conform("recordings", frame)["started_at_utc"]
    assert converted.dtype == "datetime64[us, UTC]"
    assert converted[0] == pd.Timestamp("2026-02-28 23:00", tz="UTC")


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("bout_id", [0.0, 1.5, 2.0]),  # a fraction is no count
        ("start_s", ["0", "1", "2"]),  # text is no number
        ("activity", [1, "walking", "still"]),  # a number is no text
        ("activity", [1, 2, 3]),
    ],
)
def test_conform_leaves_what_it_would_have_to_guess(column, values):
    frame = bouts().assign(**{column: values})
    with pytest.raises(SchemaError, match=f"{column}: expected dtype"):
        validate("bouts", conform("bouts", frame))


def test_a_local_time_without_zone_is_not_taken_for_utc():
    frame = pd.DataFrame({"started_at_utc": [pd.Timestamp("2026-03-01 08:00")]})
    with pytest.raises(SchemaError, match="started_at_utc: expected dtype"):
        validate("recordings", conform("recordings", frame))
