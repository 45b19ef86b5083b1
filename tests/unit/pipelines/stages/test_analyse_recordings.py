"""Stage ``analyse_recordings``: its function needs tables and a reader, no DVC and no disk."""

import numpy as np
import pandas as pd
import pytest

from pipelines.datasets.base import signals_frame
from pipelines.params import load_params
from pipelines.paths import Places, project_root
from pipelines.stages import aggregate_sessions, analyse_recordings
from pipelines.stages.screening_report import report_name
from pipelines.store import StoreError, read_table, write_table
from tolerance.schemas import conform, empty_table, validate

NO_CONDITIONS = empty_table("conditions")


@pytest.fixture(scope="module")
def params():
    return load_params(Places(project_root()).params).analyse_recordings


@pytest.fixture(scope="module")
def signals(short_session):
    return {
        sensor.place.tracked_point: signals_frame(sensor.time_s, sensor.acc_mps2, sensor.gyr_radps)
        for sensor in short_session.sensors
    }


@pytest.fixture(scope="module")
def recordings(short_session):
    rows = [
        {
            "recording_id": sensor.place.tracked_point,
            "dataset_id": "made",
            "runner_id": "anna",
            "session_id": "s1",
            "started_at_utc": pd.Timestamp("2026-03-01T08:00:00Z"),
            "sensor_site": sensor.place.site,
            "side": sensor.place.side,
            "frame": "sensor",
            "sampling_rate_hz": sensor.place.sampling_rate_hz,
            "acc_range_g": np.nan,
            "gyr_range_dps": np.nan,
            "body_mass_kg": np.nan,
            "height_m": np.nan,
            "surface": None,
            "shoe": None,
        }
        for sensor in short_session.sensors
    ]
    return conform("recordings", pd.DataFrame(rows))


@pytest.fixture(scope="module")
def tables(recordings, signals, params):
    return analyse_recordings.run(recordings, NO_CONDITIONS, signals.__getitem__, params)


def test_all_tables_keep_their_contract(tables, recordings):
    assert tuple(tables) == analyse_recordings.TABLES
    for name, table in tables.items():
        validate(name, conform(name, table))
    assert set(tables["quality"]["recording_id"]) == set(recordings["recording_id"])
    assert tables["rejected"].empty


def test_the_foot_tells_the_others_their_speed(tables):
    steps = tables["steps"].query("is_valid")
    for name, group in steps.groupby("recording_id"):
        assert group["speed_mps"].notna().mean() > 0.9, name
        halves = group.groupby(group["initial_contact_s"] > 25.0)["speed_mps"].median()
        np.testing.assert_allclose(halves, [2.8, 3.8], rtol=0.05)


def test_the_foot_of_another_session_tells_nothing(recordings, signals, params):
    apart = recordings.assign(session_id=np.where(recordings["sensor_site"] == "foot", "s1", "s2"))
    tables = analyse_recordings.run(apart, NO_CONDITIONS, signals.__getitem__, params)
    speed = tables["steps"].groupby("recording_id")["speed_mps"].count()
    assert speed["right_foot"] > 0
    assert speed.drop("right_foot").sum() == 0


def test_stated_conditions_go_before_the_foot(recordings, signals, params):
    stated = conform(
        "conditions",
        pd.DataFrame(
            {
                "recording_id": ["sacrum"],
                "start_s": [0.0],
                "stop_s": [99.0],
                "activity": ["running"],
                "speed_mps": [5.0],
                "grade_deg": [np.nan],
                "distance_m": [np.nan],
                "split_group": ["g"],
            }
        ),
    )
    steps = analyse_recordings.run(recordings, stated, signals.__getitem__, params)["steps"]
    assert set(steps.loc[steps["recording_id"] == "sacrum", "speed_mps"]) == {5.0}
    assert 5.0 not in set(steps.loc[steps["recording_id"] == "left_shank", "speed_mps"])


def test_what_cannot_be_analysed_is_left_out_and_the_rest_goes_on(recordings, signals, params):
    broken = signals["left_shank"].copy()
    broken["acc_y_mps2"] = 9.81
    given = signals | {"left_shank": broken}
    tables = analyse_recordings.run(recordings, NO_CONDITIONS, given.__getitem__, params)
    (row,) = tables["rejected"].to_dict("records")
    assert row["recording_id"] == "left_shank"
    assert np.isnan(row["start_s"])
    assert "acc_mps2 y is 9.81 throughout" in row["problem"]
    assert set(tables["quality"]["recording_id"]) == {"right_shank", "right_foot", "sacrum"}


def test_runners_have_references_of_their_own(recordings, signals, params):
    other = recordings.assign(
        runner_id=np.where(recordings["recording_id"] == "sacrum", "bert", "anna")
    )
    tables = analyse_recordings.run(other, NO_CONDITIONS, signals.__getitem__, params)
    forces = tables["references"].pivot_table(
        index="runner_id", columns="tissue", values="peak_force_bw"
    )
    assert list(forces.index) == ["anna", "bert"]
    assert (forces.loc["anna"] != forces.loc["bert"]).all()


def test_nothing_to_analyse_gives_empty_tables(params):
    tables = analyse_recordings.run(
        empty_table("recordings"), NO_CONDITIONS, lambda name: pytest.fail(name), params
    )
    for name, table in tables.items():
        assert table.empty
        validate(name, conform(name, table))


def test_a_dataset_is_read_and_written_whole(tmp_path, recordings, signals, params):
    """Also without table ``conditions``; a failing read leaves what was there."""
    places = Places(tmp_path)
    one = recordings[recordings["recording_id"] == "left_shank"].reset_index(drop=True)
    write_table(places.recordings("made"), "recordings", one)
    place = places.signals("made", "left_shank")
    write_table(place, "signals", signals["left_shank"])
    out = places.processed("made", "steps")
    tables = analyse_recordings.analyse_dataset("made", places, params, out)
    assert sorted(path.stem for path in out.iterdir()) == sorted(analyse_recordings.TABLES)
    for name in analyse_recordings.TABLES:
        assert len(read_table(out / f"{name}.parquet", name)) == len(tables[name])
    before = (out / "steps.parquet").read_bytes()
    place.unlink()
    with pytest.raises(StoreError, match="is not there"):
        analyse_recordings.analyse_dataset("made", places, params, out)
    assert (out / "steps.parquet").read_bytes() == before


# ---- the stages that follow --------------------------------------------------------------


def test_sessions_are_those_of_the_recordings_that_were_analysed(tables, recordings, params):
    unread = recordings.iloc[:1].assign(recording_id="unread", session_id="s2")
    summed = aggregate_sessions.run(
        pd.concat([recordings, unread], ignore_index=True),
        tables["steps"],
        tables["step_loads"],
        tables["bouts"],
        params,
    )
    assert set(summed) == {"sessions", "session_loads"}
    for name, table in summed.items():
        validate(name, conform(name, table))
    assert list(summed["sessions"]["session_id"]) == ["s1"]
    # Two shins were worn, so they are the session: the sum over both legs' steps.
    shins = tables["steps"]["recording_id"].isin(["left_shank", "right_shank"])
    counted = tables["steps"][shins & tables["steps"]["is_valid"]]
    session = summed["sessions"].iloc[0]
    assert session["n_steps"] == len(counted)
    assert session["rung"] == "two_shins"
    loads = summed["session_loads"]
    left = loads[(loads["tissue"] == "tibia") & (loads["side"] == "left")].iloc[0]
    steps = tables["step_loads"].query("tissue == 'tibia' and recording_id == 'left_shank'")
    expected = steps.merge(counted[["recording_id", "step_id"]])["load_rr"].sum()
    assert left["load_observed_rr"] == pytest.approx(expected)


def test_nothing_summed_gives_empty_tables(params):
    summed = aggregate_sessions.run(
        *(empty_table(name) for name in ("recordings", "steps", "step_loads", "bouts")), params
    )
    assert all(table.empty for table in summed.values())


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("synthetic", "01", "02"), "screening_synthetic_01_02"),
        (("own", "r-1", "s_1"), "screening_own_r-1_s_1"),
    ],
)
def test_a_report_is_named_after_its_session(parts, expected):
    assert report_name(*parts) == expected


@pytest.mark.parametrize("bad", ["../x", "a/b", "", "a b", ".."])
def test_a_report_s_name_cannot_leave_its_folder(bad):
    for parts in ((bad, "r", "s"), ("d", bad, "s"), ("d", "r", bad)):
        with pytest.raises(ValueError, match="identifier"):
            report_name(*parts)
