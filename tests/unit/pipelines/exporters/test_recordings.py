import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from pipelines import cli
from pipelines.datasets.base import ImportedRecording, Mask, signals_frame
from pipelines.datasets.registry import load_dataset
from pipelines.errors import WorkspaceError
from pipelines.exporters.recordings import (
    about_dataset,
    about_own,
    export_dataset,
    export_path,
    export_recordings,
)
from pipelines.importers.motion_bids import read_motion_bids
from pipelines.importers.open_recording import read_any
from pipelines.importers.own_recording import OwnRecording
from pipelines.paths import Places, project_root
from pipelines.store import read_table, write_table
from tolerance.schemas import empty_table

VALIDATOR = Path(sys.executable).with_name("bids-validator-deno")
needs_validator = pytest.mark.skipif(
    not VALIDATOR.exists(), reason="bids-validator-deno is not installed"
)
G = 9.80665
RATE_HZ = 100.0
N = 400
SERIAL = "D422CD00A1B2"
"""As sensors write it into the names of their files."""
ROUNDING = {"rtol": 0.0, "atol": 0.51e-6}


def running(seed: int = 0, rate_hz: float = RATE_HZ) -> tuple[np.ndarray, ...]:
    """Time, acceleration and angular velocity of a shank that runs, to the last bit."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(N) / rate_hz
    phase = 2 * np.pi * 1.4 * time_s
    acc = 0.2 * rng.standard_normal((N, 3))
    acc[:, 1] += G * (1 + 0.9 * np.sin(2 * phase) + 0.5 * np.sin(4 * phase))
    gyr = 0.05 * rng.standard_normal((N, 3))
    gyr[:, 2] += 6 * np.sin(phase)
    return time_s, acc, gyr


def write_own(path: Path, seed: int = 0, late: slice = slice(0, 0), **facts: object) -> None:
    """Write a table with a sidecar; samples of ``late`` come 2 ms late."""
    time_s, acc, gyr = running(seed)
    time_s[late] += 0.002
    table = pd.DataFrame(np.column_stack((time_s, acc, gyr)), columns=list("tabcdef"))
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False)
    sidecar = {
        "columns": {"time": "t", "acc": ["a", "b", "c"], "gyr": ["d", "e", "f"]},
        "units": {"time": "s", "acc": "m/s^2", "gyr": "rad/s"},
        "sampling_rate_hz": RATE_HZ,
        "site": "shank",
        "side": "left",
        "runner_id": "r_1",
    }
    path.with_suffix(".json").write_text(json.dumps(sidecar | facts))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Two runners, three outings, uneven samples, a changed mass, and a serial number."""
    folder = tmp_path / "own"
    about: dict[str, Any] = {
        "device": f"Shimmer {SERIAL}, Anna's",
        "body_mass_kg": 61.25,
        "height_m": 1.715,
        "acc_range_g": 16.0,
        "gyr_range_dps": 2000.0,
    }
    write_own(
        folder / f"{SERIAL}_b.csv", 1, late=slice(50, 90), started_at="2026-03-02T07:00:00+01:00",
        surface="gravel path", shoe="racing flat", **about,
    )  # fmt: skip
    early = about | {"body_mass_kg": 60.0}
    write_own(folder / f"{SERIAL}_a.csv", 2, started_at="2026-03-01T08:00:00.25Z", **early)
    write_own(folder / "right.csv", 3, runner_id="r-1", side="right", session_id="s_1")
    return folder


def validator_errors(folder: Path) -> list[dict[str, str]]:
    done = subprocess.run(
        [str(VALIDATOR), "--format", "json", "--max-rows", "-1", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    issues = json.loads(done.stdout)["issues"]["issues"]
    return [issue for issue in issues if issue["severity"] == "error"]


def read_recordings(folder: Path) -> list[ImportedRecording]:
    return [thing for thing in read_any(folder) if isinstance(thing, ImportedRecording)]


KEPT = (
    "started_at_utc",
    "sensor_site",
    "side",
    "frame",
    "sampling_rate_hz",
    "acc_range_g",
    "gyr_range_dps",
    "body_mass_kg",
    "height_m",
    "surface",
    "shoe",
)


def assert_same(found: ImportedRecording, expected: ImportedRecording) -> None:
    """Compare all that Motion-BIDS can carry, signals to the last digit that is written."""
    kept = pd.DataFrame([{k: r.row[k] for k in KEPT} for r in (found, expected)])
    kept["started_at_utc"] = pd.to_datetime(kept["started_at_utc"], utc=True)
    pd.testing.assert_series_equal(kept.iloc[0], kept.iloc[1], check_names=False)
    assert list(found.signals) == list(expected.signals)
    np.testing.assert_allclose(found.signals, expected.signals, **ROUNDING)


def round_trip(source: list[ImportedRecording], folder: Path, places: dict[str, Path]) -> None:
    """Find every recording of the source in the folder, by the place that was told."""
    back = {r.recording_id: r for r in read_motion_bids(folder)}
    assert len(back) == len(source)
    for recording in source:
        stem = places[recording.recording_id].name.removesuffix("_motion.tsv")
        matches = [r for name, r in back.items() if name.startswith(f"{stem}_")]
        same = [r for r in matches if r.row["side"] == recording.row["side"]]
        site = [r for r in same if r.row["sensor_site"] == recording.row["sensor_site"]]
        assert_same(site[0], recording)


class TestOwnRecordings:
    @needs_validator
    def test_official_validator_accepts_them(self, own: Path, tmp_path: Path) -> None:
        export_path(own, tmp_path / "out")
        assert validator_errors(tmp_path / "out") == []

    def test_round_trip_is_equal_within_rounding(self, own: Path, tmp_path: Path) -> None:
        exported = export_path(own, tmp_path / "out")
        round_trip(read_recordings(own), tmp_path / "out", dict(exported.places))

    def test_only_uneven_samples_get_a_latency_channel(self, own: Path, tmp_path: Path) -> None:
        exported = export_path(own, tmp_path / "out")
        for recording_id, uneven in ((f"{SERIAL}_b", True), (f"{SERIAL}_a", False)):
            motion = tmp_path / "out" / exported.places[recording_id]
            channels = Path(str(motion).replace("_motion.tsv", "_channels.tsv")).read_text()
            assert ("LATENCY" in channels) == uneven

    def test_serial_numbers_and_chosen_words_stay_out(self, own: Path, tmp_path: Path) -> None:
        export_path(own, tmp_path / "out")
        for path in (tmp_path / "out").rglob("*"):
            assert SERIAL.lower() not in str(path).lower()
            if path.is_file():
                text = path.read_text(encoding="utf-8")
                assert SERIAL not in text
                assert "Anna" not in text

    def test_sessions_named_after_files_are_numbered_in_time(
        self, own: Path, tmp_path: Path
    ) -> None:
        places = export_path(own, tmp_path / "out").places
        assert places[f"{SERIAL}_a"].parts[:2] == ("sub-r1", "ses-01")
        assert places[f"{SERIAL}_b"].parts[:2] == ("sub-r1", "ses-02")
        assert places["right"].parts[1] == "ses-s1"

    def test_runners_whose_labels_would_be_one_stay_two(self, own: Path, tmp_path: Path) -> None:
        export_path(own, tmp_path / "out")
        table = pd.read_csv(tmp_path / "out" / "participants.tsv", sep="\t")
        labels = dict(zip(table["source_id"], table["participant_id"], strict=True))
        assert labels == {"r_1": "sub-r1", "r-1": "sub-r1x2"} or labels == {
            "r_1": "sub-r1x2",
            "r-1": "sub-r1",
        }

    def test_what_is_no_signal_is_left_out_with_its_reason(self, own: Path, tmp_path: Path) -> None:
        (own / "table.csv").write_text("p,q\n1,2\n")
        (own / "week.gt3x").write_bytes(b"PK")
        exported = export_path(own, tmp_path / "out")
        assert len(exported.places) == 3
        assert len(exported.left_out) == 2
        assert "ActiLife" in exported.left_out[1]

    def test_nothing_to_export_says_why_and_writes_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "week.gt3x").write_bytes(b"PK")
        with pytest.raises(WorkspaceError, match=r"no recording with a signal.*\n.*ActiLife"):
            export_path(tmp_path, tmp_path / "out")
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize("taken", ["file", "folder"])
    def test_a_place_that_holds_something_is_left_alone(
        self, own: Path, tmp_path: Path, taken: str
    ) -> None:
        out = tmp_path / "out"
        if taken == "file":
            out.write_text("mine")
        else:
            out.mkdir()
            (out / "thesis.txt").write_text("mine")
        with pytest.raises(WorkspaceError, match="not empty"):
            export_path(own, out)
        assert (out if taken == "file" else out / "thesis.txt").read_text() == "mine"

    def test_exporting_an_export_keeps_names_and_samples(self, own: Path, tmp_path: Path) -> None:
        export_path(own, tmp_path / "first")
        export_path(tmp_path / "first", tmp_path / "second")
        for path in (tmp_path / "first").rglob("*_motion.tsv"):
            again = tmp_path / "second" / path.relative_to(tmp_path / "first")
            assert again.read_bytes() == path.read_bytes()
            scans = next(path.parents[1].glob("*_scans.tsv"))
            other = tmp_path / "second" / scans.relative_to(tmp_path / "first")
            assert other.read_bytes() == scans.read_bytes()


def test_masked_samples_are_missing_and_repetitions_are_numbered(tmp_path: Path) -> None:
    """Two recordings of one sensor in one session; in one of them the sensor slept."""
    time_s, acc, gyr = running()
    row = {
        "dataset_id": "own",
        "runner_id": "r",
        "session_id": "s",
        "started_at_utc": pd.NaT,
        "sensor_site": "foot",
        "side": "unknown",
        "frame": "segment",
        "sampling_rate_hz": RATE_HZ,
        "acc_range_g": np.nan,
        "gyr_range_dps": np.nan,
        "body_mass_kg": np.nan,
        "height_m": np.nan,
        "surface": None,
        "shoe": None,
    }
    slept = OwnRecording(
        row=row | {"recording_id": "a"},
        signals=signals_frame(time_s, acc, gyr),
        masks=(Mask(10, 20, "slept"),),
        details={"format": "preset phyphox", "device": f"Anna's {SERIAL}"},
    )
    lacks = np.where([True, True, False], acc, np.nan)
    bare = OwnRecording(row=row | {"recording_id": "b"}, signals=signals_frame(time_s, lacks))
    exported = export_recordings([slept, bare], about_own(), tmp_path / "out", [])
    assert [place.name.split("_")[-2] for place in exported.places.values()] == ["run-01", "run-02"]
    first, second = read_motion_bids(tmp_path / "out")
    missing = first.signals.drop(columns="time_s").isna()
    assert missing.iloc[10:20].all(axis=None)
    assert not missing.drop(index=range(10, 20)).any(axis=None)
    assert first.row["frame"] == "segment"
    assert "gyr_x_radps" not in second.signals
    assert second.signals["acc_z_mps2"].isna().all()
    sidecar = (tmp_path / "out" / exported.places["a"]).with_suffix(".json").read_text()
    assert json.loads(sidecar)["ManufacturersModelName"] == "phone with phyphox"


class TestKnownDatasets:
    @pytest.fixture
    def places(self, tmp_path: Path) -> Places:
        """Two sensors of harlab_ankle_jog with made-up signals, and one that was left out."""
        places = Places(tmp_path)
        card = load_dataset("harlab_ankle_jog").card
        rows = []
        for site, person in (("shank", "002"), ("waist", "003")):
            recording_id = f"harlab_{person}_{site}"
            time_s, acc, _ = running()
            write_table(
                places.signals(card.id, recording_id), "signals", signals_frame(time_s, acc)
            )
            rows.append(
                {
                    "recording_id": recording_id,
                    "dataset_id": card.id,
                    "runner_id": f"harlab_{person}",
                    "session_id": f"harlab_{person}",
                    "started_at_utc": pd.NaT,
                    "sensor_site": site,
                    "side": "unknown",
                    "frame": "sensor",
                    "sampling_rate_hz": RATE_HZ,
                    "acc_range_g": 8.0,
                    "gyr_range_dps": np.nan,
                    "body_mass_kg": 80.6034,
                    "height_m": np.nan,
                    "surface": "treadmill",
                    "shoe": None,
                }
            )
        frame = pd.DataFrame(rows)
        frame["started_at_utc"] = pd.to_datetime(frame["started_at_utc"], utc=True)
        write_table(places.recordings(card.id), "recordings", frame)
        out = {
            "recording_id": "harlab_028_waist",
            "problem_id": 0,
            "start_s": np.nan,
            "stop_s": np.nan,
            "problem": "damaged",
        }
        write_table(places.interim(card.id) / "rejected.parquet", "rejected", pd.DataFrame([out]))
        return places

    @needs_validator
    def test_official_validator_accepts_it(self, places: Places, tmp_path: Path) -> None:
        export_dataset(places, "harlab_ankle_jog", tmp_path / "out")
        assert validator_errors(tmp_path / "out") == []

    def test_round_trip_and_facts_of_the_card(self, places: Places, tmp_path: Path) -> None:
        exported = export_dataset(places, "harlab_ankle_jog", tmp_path / "out")
        assert exported.left_out == ("harlab_028_waist: damaged",)
        rows = read_table(places.recordings("harlab_ankle_jog"), "recordings")
        source = [
            ImportedRecording(
                {**row, "shoe": None},
                read_table(places.signals("harlab_ankle_jog", row["recording_id"]), "signals"),
            )
            for row in rows.to_dict("records")
        ]
        round_trip(source, tmp_path / "out", dict(exported.places))
        card = load_dataset("harlab_ankle_jog").card
        head = json.loads((tmp_path / "out" / "dataset_description.json").read_text())
        assert (head["License"], head["HowToAcknowledge"]) == (card.licence, card.citation)
        folder = (tmp_path / "out" / exported.places["harlab_002_shank"]).parent
        channels = next(folder.glob("*_channels.json")).read_text()
        assert card.sensors[0].axes_note in channels
        assert "harlab_002_shank" in next(folder.parent.glob("*_scans.tsv")).read_text()

    def test_not_imported_yet_and_unknown_say_what_to_do(
        self, places: Places, tmp_path: Path
    ) -> None:
        with pytest.raises(WorkspaceError, match="run the stage that writes it first"):
            export_dataset(places, "gdlbio_foot", tmp_path / "out")
        with pytest.raises(WorkspaceError, match=r"not known; expected one of .*gdlbio_foot"):
            export_dataset(places, "gdlbio", tmp_path / "out")

    def test_a_published_table_has_nothing_to_export(self, tmp_path: Path) -> None:
        places = Places(tmp_path)
        empty = empty_table("recordings")
        write_table(places.recordings("sacral_grf_table"), "recordings", empty)
        rejected = places.interim("sacral_grf_table") / "rejected.parquet"
        write_table(rejected, "rejected", empty_table("rejected"))
        with pytest.raises(WorkspaceError, match="no recording with a signal"):
            export_dataset(places, "sacral_grf_table", tmp_path / "out")

    def test_authors_are_those_of_the_citation(self) -> None:
        assert about_dataset(load_dataset("gdlbio_foot").card).authors == ("Çetin G", "Köroğlu MT")
        assert about_dataset(load_dataset("synthetic").card).authors == ()


class TestCommand:
    def test_says_what_went_where(self, own: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        result = CliRunner().invoke(cli.app, ["export", str(own), "--out", str(out)])
        assert result.exit_code == 0, result.output
        assert "3 recordings exported, 0 left out." in result.output
        for line in result.stdout.splitlines():
            assert Path(line.split(" -> ")[1]).is_file()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ([], "give either PATH or --dataset"),
            (["nowhere", "--dataset", "gdlbio_foot"], "give either PATH or --dataset"),
            (["nowhere"], "is not there"),
            (["--dataset", "../x"], "not known"),
        ],
    )
    def test_bad_input_is_one_message(
        self, tmp_path: Path, arguments: list[str], message: str
    ) -> None:
        out = tmp_path / "out"
        result = CliRunner().invoke(cli.app, ["export", *arguments, "--out", str(out)])
        assert result.exit_code == 1
        assert message in result.output
        assert result.output.count("\n") == 1
        assert not out.exists()


@pytest.mark.mirror
@needs_validator
@pytest.mark.parametrize("dataset_id", ["gdlbio_foot", "rbds_fukuchi2017", "recurrent_grf"])
def test_imported_real_datasets_pass(dataset_id: str, tmp_path: Path) -> None:
    """Uneven stamps; a virtual gyroscope without accelerometer; an axis that is missing."""
    places = Places(project_root())
    if "TOLERANCE_DATA_MIRROR" not in os.environ or not places.recordings(dataset_id).is_file():
        pytest.skip("real data are not here or not imported")
    exported = export_dataset(places, dataset_id, tmp_path / "out")
    assert validator_errors(tmp_path / "out") == []
    for recording in read_motion_bids(tmp_path / "out"):
        names = [n for n, p in exported.places.items() if recording.recording_id.startswith(
            p.name.removesuffix("_motion.tsv") + "_")]  # fmt: skip
        signals = read_table(places.signals(dataset_id, names[0]), "signals")
        shared = list(recording.signals)
        np.testing.assert_allclose(recording.signals, signals[shared], **ROUNDING)
        assert signals.drop(columns=shared).isna().all(axis=None)
