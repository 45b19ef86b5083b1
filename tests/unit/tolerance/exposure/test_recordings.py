"""From the workspace's tables to the load core and back."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from loadcore.bouts import Bouts
from loadcore.constants import ACTIVITY_RUNNING, ACTIVITY_STILL, SIDES, TISSUES
from loadcore.recording import AnalysisSettings, RecordingAnalysis, SignalQuality
from loadcore.signals import SignalError
from loadcore.steps import REJECT_REASONS
from loadcore.trajectory import FootStrides
from tolerance.exposure.recordings import (
    EASY_SPEED_QUANTILE,
    AnalysedRecording,
    analyse_signals,
    bouts_table,
    foot_strides_table,
    known_stages,
    quality_table,
    runner_reference,
    runner_tables,
    steps_table,
)
from tolerance.exposure.reference import choose_reference
from tolerance.exposure.settings import ExposureSettings
from tolerance.schemas import TABLES, empty_table, validate
from tolerance.simulate.running_imu import simulate_recording
from tolerance.simulate.simulation_settings import KITS, Block, SimulationSettings, draw_runner

RATE_HZ = 100.0
START = pd.Timestamp("2026-03-01T08:00:00Z")
QUALITY = SignalQuality(RATE_HZ, 0.0, 60.0, 40.0, 0.0, 0.0, np.nan, "given", 1.0)


def row_of(recording_id="a", site="shank", side="left", started=START, **changes):
    """Return a row of table ``recordings``."""
    return {
        "recording_id": recording_id,
        "dataset_id": "made",
        "runner_id": "r1",
        "session_id": "s1",
        "started_at_utc": started,
        "sensor_site": site,
        "side": side,
        "frame": "sensor",
        "sampling_rate_hz": RATE_HZ,
        "acc_range_g": 16.0,
        "gyr_range_dps": np.nan,
        "body_mass_kg": 60.0,
        "height_m": np.nan,
        "surface": None,
        "shoe": None,
    } | changes


def made_bouts(*rows):
    """Return bouts of (start_s, stop_s, activity)."""
    start, stop, activity = zip(*rows, strict=True) if rows else ((), (), ())
    n = len(rows)
    return Bouts(
        start_sample=(np.array(start, float) * RATE_HZ).astype(np.int64),
        stop_sample=(np.array(stop, float) * RATE_HZ).astype(np.int64),
        activity=np.array(activity, np.int8),
        step_frequency_hz=np.full(n, np.nan),
        confidence=np.ones(n),
    )


def made_strides(starts_s, speeds_mps):
    """Return strides of 0.7 s."""
    start = np.round(np.array(starts_s, float) * RATE_HZ).astype(np.int64)
    speed = np.array(speeds_mps, float)
    known = {
        "start_sample": start,
        "stop_sample": start + round(0.7 * RATE_HZ),
        "speed_mps": speed,
        "stride_length_m": 0.7 * speed,
        "n_clipped": np.zeros(start.size, np.int64),
    }
    names = FootStrides.__dataclass_fields__
    return FootStrides(**{name: known.get(name, np.full(start.size, 0.05)) for name in names})


def recording(row, steps, bouts=None, strides=None):
    bouts = made_bouts((0.0, 40.0, ACTIVITY_RUNNING)) if bouts is None else bouts
    return AnalysedRecording(row, RecordingAnalysis(steps, bouts, strides, QUALITY, RATE_HZ))


@pytest.fixture(scope="module")
def session():
    """Analyse ten seconds of simulated running, as the workspace's tables hold them."""
    rng = np.random.default_rng(7)
    settings = SimulationSettings(packet_loss_max=0.0)
    blocks = (Block("standing", 2.0), Block("running", 8.0, 3.2), Block("standing", 2.0))
    made = simulate_recording(rng, settings, runner=draw_runner(rng, 1), blocks=blocks, kit=KITS[0])
    found = {}
    for sensor in made.sensors:
        name = f"{sensor.place.site}_{sensor.place.side}"
        columns = [f"acc_{axis}_mps2" for axis in "xyz"] + [f"gyr_{axis}_radps" for axis in "xyz"]
        signals = pd.DataFrame(np.hstack((sensor.acc_mps2, sensor.gyr_radps)), columns=columns)
        signals.insert(0, "time_s", sensor.time_s)
        row = row_of(name, sensor.place.site, sensor.place.side, sampling_rate_hz=208.0)
        found[name] = (row, signals)
    return found


@pytest.fixture(scope="module")
def analysed(session):
    return {
        name: analyse_signals(row, signals, None, AnalysisSettings())
        for name, (row, signals) in session.items()
    }


# ---- signals in --------------------------------------------------------------------------


def test_a_missing_gyroscope_and_unknown_ranges_are_passed_on(session):
    row, signals = session["shank_left"]
    bare = signals.drop(columns=[name for name in signals if name.startswith("gyr")])
    row = row | {"acc_range_g": np.nan}
    analysis = analyse_signals(row, bare, None, AnalysisSettings()).analysis
    assert np.isnan(analysis.quality.gyr_clipped_frac)
    assert len(analysis.steps) > 5


def test_a_stated_range_reaches_the_core(session):
    row, signals = session["shank_left"]
    low = analyse_signals(row | {"acc_range_g": 3.0}, signals, None, AnalysisSettings())
    high = analyse_signals(row, signals, None, AnalysisSettings())
    assert low.analysis.quality.acc_clipped_frac > 0.05
    assert high.analysis.quality.acc_clipped_frac < 0.01


def test_what_cannot_be_analysed_is_a_signal_error(session):
    row, signals = session["shank_left"]
    with pytest.raises(SignalError, match="looks like g"):
        analyse_signals(
            row,
            signals.assign(**{f"acc_{a}_mps2": signals[f"acc_{a}_mps2"] / 9.81 for a in "xyz"}),
            None,
            AnalysisSettings(),
        )


# ---- speed and slope from elsewhere ------------------------------------------------------


def conditions(*rows):
    """Return table ``conditions`` of (recording, start, stop, speed, grade)."""
    frame = pd.DataFrame(
        rows, columns=["recording_id", "start_s", "stop_s", "speed_mps", "grade_deg"]
    ).assign(activity="running", distance_m=np.nan, split_group="g")
    return frame[[column.name for column in TABLES["conditions"].columns]]


def test_stated_conditions_win_and_degrees_become_percent(steps_of):
    foot = recording(row_of("f", "foot"), steps_of([0.25]), strides=made_strides([1.0], [2.0]))
    stated = conditions(
        ("a", 0.0, 60.0, 3.0, 5.0), ("other", 0.0, 9.0, 9.0, 9.0), ("a", 60.0, 90.0, 4.0, np.nan)
    )
    known = known_stages(row_of("a"), stated, foot)
    np.testing.assert_array_equal(known.start_s, [0.0, 60.0])
    np.testing.assert_array_equal(known.stop_s, [60.0, 90.0])
    np.testing.assert_array_equal(known.speed_mps, [3.0, 4.0])
    # 5 degrees are 8.749 %
    np.testing.assert_allclose(known.grade_pct, [8.7488664, np.nan])


def test_nothing_known_is_none(steps_of):
    nothing = empty_table("conditions")
    steps = steps_of([0.25])
    assert known_stages(row_of("a"), nothing, None) is None
    shank = recording(row_of("f", "shank"), steps)
    assert known_stages(row_of("a"), nothing, shank) is None
    silent = recording(row_of("f", "foot"), steps, strides=made_strides([], []))
    assert known_stages(row_of("a"), nothing, silent) is None
    walk = recording(
        row_of("f", "foot"), steps, made_bouts((0.0, 9.0, 2)), made_strides([1.0], [1.3])
    )
    assert known_stages(row_of("a"), nothing, walk) is None


@pytest.mark.parametrize(
    ("foot_start", "shank_start", "shift_s"),
    [
        (START, START, 0.0),
        (START, START + pd.Timedelta(seconds=1.5), -1.5),
        (START + pd.Timedelta(seconds=30), START, 30.0),
        (pd.NaT, START, 0.0),
        (START, pd.NaT, 0.0),
        (None, None, 0.0),
    ],
)
def test_the_foot_s_running_bouts_become_stages_on_the_other_clock(
    steps_of, foot_start, shank_start, shift_s
):
    """A stage a running bout, at the median speed of the strides inside it."""
    bouts = made_bouts(
        (0.0, 5.0, ACTIVITY_STILL),
        (5.0, 15.0, ACTIVITY_RUNNING),
        (20.0, 30.0, ACTIVITY_RUNNING),
        (32.0, 40.0, ACTIVITY_RUNNING),
    )
    strides = made_strides(
        # one across the bout's begin, three inside, one across its end; one unknown; one outside
        [4.8, 6.0, 7.0, 8.0, 14.6, 21.0, 31.0],
        [9.0, 3.0, 3.2, 5.0, 9.0, np.nan, 9.0],
    )
    foot = recording(row_of("f", "foot", started=foot_start), steps_of([0.25]), bouts, strides)
    known = known_stages(row_of("a", started=shank_start), empty_table("conditions"), foot)
    np.testing.assert_allclose(known.start_s, [5.0 + shift_s])
    np.testing.assert_allclose(known.stop_s, [15.0 + shift_s])
    np.testing.assert_allclose(known.speed_mps, [3.2])
    assert np.isnan(known.grade_pct).all()


def test_the_foot_s_speed_reaches_the_shin_s_steps(session, analysed):
    row, signals = session["shank_left"]
    known = known_stages(row, empty_table("conditions"), analysed["foot_right"])
    steps = analyse_signals(row, signals, known, AnalysisSettings()).analysis.steps
    told = np.isfinite(steps.speed_mps)
    assert told.mean() > 0.7
    np.testing.assert_allclose(steps.speed_mps[told], 3.2, rtol=0.05)


# ---- tables out --------------------------------------------------------------------------


def test_every_table_of_a_runner_keeps_its_contract(analysed):
    settings = ExposureSettings(min_reference_steps=5)
    tables = runner_tables("r1", analysed, settings)
    assert set(tables) == {
        "steps",
        "bouts",
        "foot_strides",
        "quality",
        "step_loads",
        "references",
    }
    for name, table in tables.items():
        validate(name, table)
    n_steps = {name: len(found.analysis.steps) for name, found in analysed.items()}
    assert tables["steps"]["recording_id"].value_counts().to_dict() == n_steps
    assert set(tables["quality"]["recording_id"]) == set(analysed)
    assert set(tables["foot_strides"]["recording_id"]) == {"foot_right"}
    assert list(tables["references"]["tissue"]) == list(TISSUES)
    assert set(tables["references"]["runner_id"]) == {"r1"}
    # A step's load is counted once a tissue.
    loads = tables["step_loads"]
    assert not loads.duplicated(["recording_id", "step_id", "tissue"]).any()


def test_steps_carry_the_core_s_numbers_and_words(analysed):
    found = analysed["sacrum_unknown"]
    steps, table = found.analysis.steps, steps_table(found)
    for name in ("initial_contact_s", "contact_time_s", "peak_vgrf_bw", "peak_vgrf_sd_bw"):
        np.testing.assert_array_equal(table[name], getattr(steps, name))
    assert list(table["side"]) == [SIDES[code] for code in steps.side]
    assert list(table["reject_reason"]) == [REJECT_REASONS[code] for code in steps.reject_reason]
    np.testing.assert_array_equal(table["is_valid"], steps.reject_reason == 0)
    assert not table["is_valid"].all()
    assert list(table["step_id"]) == list(range(len(steps)))


def test_bouts_and_strides_are_in_seconds(steps_of):
    found = recording(
        row_of("f", "foot"),
        steps_of([0.25]),
        made_bouts((0.5, 5.0, ACTIVITY_STILL), (5.0, 15.0, ACTIVITY_RUNNING)),
        made_strides([6.0, 7.0], [3.0, 3.1]),
    )
    bouts, strides = bouts_table(found), foot_strides_table(found)
    validate("bouts", bouts)
    validate("foot_strides", strides)
    assert list(bouts["start_s"]) == [0.5, 5.0]
    assert list(bouts["stop_s"]) == [5.0, 15.0]
    assert list(bouts["activity"]) == ["still", "running"]
    np.testing.assert_allclose(strides["start_s"], [6.0, 7.0])
    np.testing.assert_allclose(strides["stop_s"], [6.7, 7.7])
    np.testing.assert_allclose(strides["speed_mps"], [3.0, 3.1])


def test_a_recording_without_steps_bouts_or_strides_has_empty_tables(steps_of):
    empty = recording(row_of("a"), steps_of(np.empty(0)), made_bouts())
    for name, table in (
        ("steps", steps_table(empty)),
        ("bouts", bouts_table(empty)),
        ("foot_strides", foot_strides_table(empty)),
    ):
        validate(name, table)
        assert table.empty
        assert list(table.dtypes) == list(empty_table(name)[list(table)].dtypes)
    quality = quality_table(empty)
    validate("quality", quality)
    assert quality["n_steps"].iloc[0] == quality["n_valid_steps"].iloc[0] == 0
    tables = runner_tables("r1", {"a": empty}, ExposureSettings())
    assert (tables["references"]["source"] == "none").all()
    assert tables["references"]["peak_force_bw"].isna().all()


def test_quality_counts_steps_that_count(steps_of):
    steps = steps_of(np.full(5, 0.25))
    steps = replace(steps, reject_reason=np.array([0, 0, 5, 3, 0], np.int8))
    quality = quality_table(recording(row_of("a"), steps)).iloc[0]
    assert (quality["n_steps"], quality["n_valid_steps"]) == (5, 3)
    assert quality["running_s"] == 40.0
    assert quality["orientation"] == "given"


# ---- the runner's own reference ----------------------------------------------------------


def test_one_site_speaks_for_the_runner(steps_of):
    """Shins come before the sacrum; a second site changes nothing."""
    settings = ExposureSettings()
    left, right = steps_of(np.full(40, 0.25)), steps_of(np.full(40, 0.25), side="right")
    other = steps_of(np.full(400, 0.30), both_feet=True)
    recordings = {
        "c": recording(row_of("c", "sacrum", "unknown"), other),
        "a": recording(row_of("a"), left),
        "b": recording(row_of("b", side="right"), right),
    }
    found = runner_reference(recordings, settings)
    expected = choose_reference({"a": left, "b": right}, settings, easy_speed_mps=3.0)
    assert set(found.recording_ids) == {"a", "b"}
    assert found.n_steps == 80
    np.testing.assert_array_equal(found.peak_force_bw, expected.peak_force_bw)


def test_the_next_site_speaks_where_the_first_has_too_few_steps(steps_of):
    recordings = {
        "a": recording(row_of("a"), steps_of(np.full(10, 0.25))),
        "c": recording(
            row_of("c", "sacrum", "unknown"), steps_of(np.full(80, 0.30), both_feet=True)
        ),
    }
    assert runner_reference(recordings, ExposureSettings()).recording_ids == ("c",)


def test_easy_speed_is_the_lower_quartile(steps_of):
    """A third of the steps are fast; the reference is the slow ones' force."""
    n_slow, n_fast = 200, 100
    contact = np.concatenate((np.full(n_slow, 0.28), np.full(n_fast, 0.20)))
    speed = np.concatenate((np.full(n_slow, 2.5), np.full(n_fast, 4.5)))
    assert np.quantile(speed, EASY_SPEED_QUANTILE) == 2.5
    reference = runner_reference(
        {"a": recording(row_of("a"), steps_of(contact, speed_mps=speed))}, ExposureSettings()
    )
    slow = steps_of(np.full(n_slow, 0.28))
    assert reference.source == "easy_speed"
    assert reference.n_steps == n_slow
    np.testing.assert_allclose(reference.peak_force_bw, slow.tissue_peak_force_bw[0])


def test_without_speed_all_steps_are_the_reference(steps_of):
    steps = steps_of(np.full(80, 0.25), speed_mps=np.nan)
    reference = runner_reference({"a": recording(row_of("a"), steps)}, ExposureSettings())
    assert reference.source == "all_steps"
