import json
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.exporters.motion_bids import (
    Derivative,
    MotionBidsExportError,
    MotionDataset,
    MotionFile,
    Participants,
    TrackedPoint,
    write_motion_bids,
)
from pipelines.importers.motion_bids import MotionBidsImportError, read_motion_bids
from pipelines.stages.simulate_recordings import run
from tolerance.simulate.simulation_settings import SimulationSettings

RATE_HZ = 200.0
N = 400
VALIDATOR = Path(sys.executable).with_name("bids-validator-deno")
SMALL = SimulationSettings(
    n_runners=6, sessions_per_runner=1, running_bouts=1, running_bout_s=4.0, walking_bout_s=3.0
)


def point(label: str = "left_shank", seed: int = 0, axes: str = "ASR") -> TrackedPoint:
    rng = np.random.default_rng(seed)
    acc = rng.normal(0.0, 20.0, (N, 3)).round(3)
    gyr = rng.normal(0.0, 5.0, (N, 3)).round(3)
    acc[50:60] = np.nan
    gyr[50:60] = np.nan
    return TrackedPoint(
        label=label,
        placement="front of the shin",
        acc_mps2=acc,
        gyr_radps=gyr,
        spatial_axes=axes,
        acc_range_g=16.0,
        gyr_range_dps=2000.0,
    )


def motion_file(**changes: object) -> MotionFile:
    plain = MotionFile(
        subject="01",
        session="01",
        task="run",
        tracking_system="imu",
        sampling_rate_hz=RATE_HZ,
        points=(point(),),
        started_at=datetime(2026, 1, 5, 7, 0, 0, 123000),
        task_description="Run.",
        manufacturer="none",
        model="none",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def dataset(*files: MotionFile, **changes: object) -> MotionDataset:
    plain = MotionDataset(
        title="Test",
        readme="# Test\n\nNumbers for a test, long enough to be read by the validator's check of"
        " the length of a description. There is no person behind them.\n",
        authors=("First Author", "Second Author"),
        licence="CC0-1.0",
        generated_by="test",
        version="1",
        files=files or (motion_file(),),
        participants=Participants(
            pd.DataFrame({"participant_id": ["sub-01"], "weight": [70.5], "height": [181.0]}),
            {
                "weight": {"Description": "Body mass", "Units": "kg"},
                "height": {"Description": "Height", "Units": "cm"},
            },
        ),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def validator_issues(folder: Path) -> list[dict[str, str]]:
    """Run the official validator, which carries its schema with it, on every row."""
    done = subprocess.run(
        [str(VALIDATOR), "--format", "json", "--max-rows", "-1", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    issues: list[dict[str, str]] = json.loads(done.stdout)["issues"]["issues"]
    return issues


def codes(issues: list[dict[str, str]], severity: str) -> set[str]:
    return {f"{i['code']}:{i.get('subCode', '')}" for i in issues if i["severity"] == severity}


@pytest.mark.skipif(not VALIDATOR.exists(), reason="bids-validator-deno is not installed")
def test_official_validator_accepts_the_simulated_dataset(tmp_path: Path) -> None:
    folder = tmp_path / "synthetic"
    write_motion_bids(folder, run(SMALL, np.random.default_rng(1)))
    issues = validator_issues(folder)
    assert codes(issues, "error") == set()
    # HED tags are not used, nothing was derived from another data set, one group is the author
    assert codes(issues, "warning") <= {
        "JSON_KEY_RECOMMENDED:HEDVersion",
        "JSON_KEY_RECOMMENDED:SourceDatasets",
        "TOO_FEW_AUTHORS:",
    }
    truth = validator_issues(folder / "derivatives" / "simulation")
    assert codes(truth, "error") == set()


@pytest.mark.skipif(not VALIDATOR.exists(), reason="bids-validator-deno is not installed")
def test_validator_would_notice_a_wrong_channel_count(tmp_path: Path) -> None:
    write_motion_bids(tmp_path / "set", dataset())
    channels = next((tmp_path / "set").rglob("*_channels.tsv"))
    channels.write_text(channels.read_text().replace("ACCEL", "SPEED"))
    assert codes(validator_issues(tmp_path / "set"), "error")


def test_round_trip_gives_back_signals_times_and_facts(tmp_path: Path) -> None:
    original = point()
    write_motion_bids(tmp_path / "set", dataset())
    (recording,) = read_motion_bids(tmp_path / "set", "mine")
    signals = recording.signals
    assert recording.row["recording_id"] == "sub-01_ses-01_task-run_tracksys-imu_left_shank"
    facts = {
        "dataset_id": "mine",
        "runner_id": "01",
        "session_id": "01",
        "sensor_site": "shank",
        "side": "left",
        "frame": "sensor",
        "sampling_rate_hz": RATE_HZ,
        "acc_range_g": 16.0,
        "gyr_range_dps": 2000.0,
        "body_mass_kg": 70.5,
        "height_m": 1.81,
        "started_at_utc": pd.Timestamp("2026-01-05T07:00:00.123", tz="UTC"),
    }
    assert {key: recording.row[key] for key in facts} == facts
    np.testing.assert_allclose(signals["time_s"], np.arange(N) / RATE_HZ)
    acc = signals[[f"acc_{a}_mps2" for a in "xyz"]].to_numpy()
    gyr = signals[[f"gyr_{a}_radps" for a in "xyz"]].to_numpy()
    np.testing.assert_allclose(acc, original.acc_mps2, atol=1e-9)
    np.testing.assert_allclose(gyr, original.gyr_radps, atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 1000),
    axes=st.sampled_from(["ASR", "SRA", "PSL", "RAS"]),
    frame=st.sampled_from(["sensor", "segment"]),
)
def test_round_trip_holds_for_any_axes(
    tmp_path_factory: pytest.TempPathFactory, seed: int, axes: str, frame: str
) -> None:
    folder = tmp_path_factory.mktemp("set") / "set"
    sensor = replace(point(seed=seed, axes=axes), frame=frame)
    write_motion_bids(folder, dataset(motion_file(points=(sensor,))))
    (recording,) = read_motion_bids(folder)
    assert recording.row["frame"] == frame
    acc = recording.signals[[f"acc_{a}_mps2" for a in "xyz"]].to_numpy()
    expected = np.full((N, 3), np.nan)
    for component, letter in enumerate(axes):
        axis, sign = {"A": (0, 1), "P": (0, -1), "S": (1, 1), "L": (2, -1), "R": (2, 1)}[letter]
        expected[:, axis] = sign * sensor.acc_mps2[:, component]
    np.testing.assert_allclose(acc, expected, atol=1e-9)


def test_gaps_of_a_latency_channel_stay_gaps(tmp_path: Path) -> None:
    latency = np.arange(N) / RATE_HZ + np.where(np.arange(N) >= 100, 0.5, 0.0)
    write_motion_bids(tmp_path / "set", dataset(motion_file(latency_s=latency)))
    (recording,) = read_motion_bids(tmp_path / "set")
    time = recording.signals["time_s"].to_numpy()
    np.testing.assert_allclose(time, latency, atol=1e-6)
    assert np.diff(time).max() == pytest.approx(0.505)


def edit(folder: Path, pattern: str, old: str, new: str) -> None:
    for path in folder.rglob(pattern):
        path.write_text(path.read_text().replace(old, new))


def test_units_of_others_are_converted(tmp_path: Path) -> None:
    write_motion_bids(tmp_path / "set", dataset())
    edit(tmp_path / "set", "*_channels.tsv", "m/s^2", "g")
    edit(tmp_path / "set", "*_channels.tsv", "rad/s", "deg/s")
    edit(tmp_path / "set", "participants.json", '"kg"', '"lb"')
    (recording,) = read_motion_bids(tmp_path / "set")
    first = recording.signals.iloc[0]
    assert first["acc_x_mps2"] == pytest.approx(9.80665 * point().acc_mps2[0, 0])
    assert first["gyr_z_radps"] == pytest.approx(np.deg2rad(point().gyr_radps[0, 2]))
    assert recording.row["body_mass_kg"] == pytest.approx(70.5 * 0.45359237)


def test_left_hand_rotation_turns_the_gyroscope_only(tmp_path: Path) -> None:
    write_motion_bids(tmp_path / "set", dataset())
    edit(tmp_path / "set", "*_channels.json", "right-hand", "left-hand")
    (recording,) = read_motion_bids(tmp_path / "set")
    first = recording.signals.iloc[0]
    assert first["acc_x_mps2"] == pytest.approx(point().acc_mps2[0, 0])
    assert first["gyr_x_radps"] == pytest.approx(-point().gyr_radps[0, 0])


def test_metadata_is_inherited_from_the_root(tmp_path: Path) -> None:
    root = tmp_path / "set"
    write_motion_bids(root, dataset())
    sidecar = next(root.rglob("*_motion.json"))
    shutil.move(sidecar, root / "task-run_motion.json")
    (root / "task-other_motion.json").write_text('{"SamplingFrequency": 1}')
    (recording,) = read_motion_bids(root)
    assert recording.row["sampling_rate_hz"] == RATE_HZ


def test_sensor_without_gyroscope_has_no_gyroscope_columns(tmp_path: Path) -> None:
    sensor = replace(point(), gyr_radps=None, gyr_range_dps=float("nan"))
    write_motion_bids(tmp_path / "set", dataset(motion_file(points=(sensor,))))
    (recording,) = read_motion_bids(tmp_path / "set")
    assert "gyr_x_radps" not in recording.signals
    assert np.isnan(float(str(recording.row["gyr_range_dps"])))


@pytest.mark.parametrize(
    ("label", "site", "side"),
    [
        ("RightFoot", "foot", "right"),
        ("sacrum", "sacrum", "unknown"),
        ("tibia-L", "shank", "left"),
        ("waist", "waist", "unknown"),
    ],
)
def test_sites_are_understood_from_words(tmp_path: Path, label: str, site: str, side: str) -> None:
    write_motion_bids(tmp_path / "set", dataset(motion_file(points=(point(label),))))
    (recording,) = read_motion_bids(tmp_path / "set")
    assert (recording.row["sensor_site"], recording.row["side"]) == (site, side)


def scanned(tmp_path: Path, scan: dict[str, object], units: dict[str, object]) -> Path:
    root = tmp_path / "set"
    meaning = {name: {"Description": "x"} | units for name in scan}
    file = motion_file(scan=scan, started_at=datetime(2026, 1, 5, 7, tzinfo=UTC))
    write_motion_bids(root, dataset(file, scans_dictionary=meaning))
    return root


def test_what_a_scan_says_goes_before_the_participant(tmp_path: Path) -> None:
    scan = {"surface": "grass", "shoe": None, "weight": 80_500}
    (recording,) = read_motion_bids(scanned(tmp_path, scan, {"Units": "g"}))
    assert recording.row["body_mass_kg"] == pytest.approx(80.5)
    assert (recording.row["surface"], recording.row["shoe"]) == ("grass", None)
    assert recording.row["started_at_utc"] == pd.Timestamp("2026-01-05T07:00:00Z")


def test_body_mass_of_a_scan_without_unit_is_not_used(tmp_path: Path) -> None:
    (recording,) = read_motion_bids(scanned(tmp_path, {"weight": 80.5}, {}))
    assert recording.row["body_mass_kg"] == 70.5


def test_a_start_that_is_no_time_is_named(tmp_path: Path) -> None:
    root = scanned(tmp_path, {}, {})
    edit(root, "*_scans.tsv", "2026-01-05T07:00:00.000000Z", "at dawn")
    with pytest.raises(MotionBidsImportError, match="acq_time 'at dawn'"):
        read_motion_bids(root)


def test_runs_acquisitions_and_unknown_starts(tmp_path: Path) -> None:
    repeated = [motion_file(acquisition="lab", run=n, started_at=None) for n in (1, 2)]
    write_motion_bids(tmp_path / "set", dataset(*repeated))
    recordings = read_motion_bids(tmp_path / "set")
    stem = "sub-01_ses-01_task-run_tracksys-imu_acq-lab_run-0"
    assert [r.recording_id for r in recordings] == [f"{stem}{n}_left_shank" for n in (1, 2)]
    assert all(pd.isna(r.row["started_at_utc"]) for r in recordings)
    with pytest.raises(MotionBidsExportError, match="acquisition 'a b'"):
        write_motion_bids(tmp_path / "other", dataset(motion_file(acquisition="a b")))


def test_an_axis_without_values_has_no_channel_and_a_file_needs_one(tmp_path: Path) -> None:
    lacking = np.where([True, False, True], point().acc_mps2, np.nan)
    flat = replace(point(), acc_mps2=lacking, gyr_radps=None)
    write_motion_bids(tmp_path / "set", dataset(motion_file(points=(flat,))))
    channels = next((tmp_path / "set").rglob("*_channels.tsv")).read_text()
    assert "left_shank_acc_y" not in channels
    (recording,) = read_motion_bids(tmp_path / "set")
    np.testing.assert_array_equal(recording.signals[["acc_x_mps2", "acc_z_mps2"]], lacking[:, ::2])
    assert recording.signals["acc_y_mps2"].isna().all()
    empty = replace(flat, acc_mps2=np.full((N, 3), np.nan))
    with pytest.raises(MotionBidsExportError, match="no channel has any value"):
        write_motion_bids(tmp_path / "other", dataset(motion_file(points=(empty,))))


def test_importer_lists_every_problem_of_every_file(tmp_path: Path) -> None:
    root = tmp_path / "set"
    elsewhere = replace(point("head"), placement="on the forehead")
    second = motion_file(tracking_system="other", points=(elsewhere,))
    write_motion_bids(root, dataset(motion_file(), second))
    edit(root, "*imu_channels.tsv", "m/s^2", "furlong")
    (root / "dataset_description.json").write_text('{"Name": "x"}')
    with pytest.raises(MotionBidsImportError) as caught:
        read_motion_bids(root)
    text = "\n".join(caught.value.problems)
    assert "BIDSVersion" in text
    assert "furlong" in text
    assert "'head' is no known site" in text
    assert len(caught.value.problems) >= 5


@pytest.mark.parametrize(
    ("pattern", "content", "word"),
    [
        ("*_motion.tsv", "1\t2\n3\t4\n", "columns"),
        ("*_motion.tsv", "", "cannot be read"),
        ("*_motion.tsv", "a\tb\n", "numbers"),
        ("*_motion.json", "{", "cannot be read"),
        ("*_motion.json", "[]", "expected an object"),
        ("*_motion.json", "{}", "SamplingFrequency"),
        ("*_channels.tsv", "name\ttype\n", "lacks columns"),
        ("dataset_description.json", "no json", "cannot be read"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, pattern: str, content: str, word: str) -> None:
    root = tmp_path / "set"
    write_motion_bids(root, dataset())
    path = next(root.rglob(pattern))
    path.write_text(content)
    with pytest.raises(MotionBidsImportError, match=word) as caught:
        read_motion_bids(root)
    assert path.name in str(caught.value) or path.name.removesuffix(".json") in str(caught.value)


def test_folder_that_is_no_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MotionBidsImportError, match="dataset_description"):
        read_motion_bids(tmp_path)


def test_labels_never_leave_the_folder(tmp_path: Path) -> None:
    bad = dataset(
        motion_file(subject="../x", session="a b"),
        motion_file(points=(point("a/b"), point("a/b"))),
        derivatives=(
            Derivative(
                name="..",
                title="x",
                readme="x",
                tables={"../../up": pd.DataFrame({"a": [1]})},
                dictionaries={},
            ),
        ),
    )
    with pytest.raises(MotionBidsExportError) as caught:
        write_motion_bids(tmp_path / "set", bad)
    assert len(caught.value.problems) >= 6
    assert list(tmp_path.iterdir()) == []


def test_contradictory_shapes_are_refused(tmp_path: Path) -> None:
    short = replace(point("sacrum"), acc_mps2=np.zeros((3, 3)))
    twins = dataset(motion_file(points=(point(), short)), motion_file())
    with pytest.raises(MotionBidsExportError) as caught:
        write_motion_bids(tmp_path / "set", twins)
    text = str(caught.value)
    assert "shape (3, 3)" in text
    assert "two files have this name" in text


def test_writing_again_replaces_the_whole_set(tmp_path: Path) -> None:
    root = tmp_path / "set"
    write_motion_bids(root, dataset(motion_file(), motion_file(task="walk")))
    write_motion_bids(root, dataset())
    assert not list(root.rglob("*task-walk*"))
    with pytest.raises(MotionBidsExportError):
        write_motion_bids(root, dataset(motion_file(subject="-")))
    assert len(read_motion_bids(root)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
