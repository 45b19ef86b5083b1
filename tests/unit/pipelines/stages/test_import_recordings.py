from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.datasets.base import (
    FileList,
    Imported,
    ImportedRecording,
    LeftOut,
    Mask,
    reference_frame,
    signals_frame,
)
from pipelines.datasets.registry import Dataset, load_dataset
from pipelines.stages.import_recordings import Tables, import_dataset, run
from pipelines.store import read_table, write_json

MADE = load_dataset("gdlbio_foot").card


def make_recording(name: str, masks: tuple[Mask, ...] = ()) -> ImportedRecording:
    row: dict[str, object] = {
        "recording_id": name,
        "dataset_id": MADE.id,
        "runner_id": "r",
        "session_id": "s",
        "started_at_utc": pd.NaT,
        "sensor_site": "foot",
        "side": "unknown",
        "frame": "sensor",
        "sampling_rate_hz": 10.0,
        "acc_range_g": np.nan,
        "gyr_range_dps": np.nan,
        "body_mass_kg": 70.0,
        "height_m": np.nan,
        "surface": None,
        "shoe": None,
    }
    conditions = {
        "recording_id": name,
        "start_s": 0.0,
        "stop_s": 1.0,
        "activity": "running",
        "speed_mps": 3.0,
        "split_group": name,
    }
    return ImportedRecording(
        row=row,
        signals=signals_frame(np.arange(10) / 10, np.ones((10, 3))),
        references={"conditions": reference_frame("conditions", conditions)},
        masks=masks,
    )


def dataset_of(*found: ImportedRecording | LeftOut) -> Dataset:
    def read(raw_dir: Path) -> Imported:
        yield from found

    return Dataset(
        MADE, FileList(dataset_id=MADE.id, module=MADE.module, files=()), read, None, None
    )


@pytest.fixture
def raw(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    def make(state: str) -> Path:
        write_json(tmp_path / "raw" / "fetch_status.json", {"state": state})
        return tmp_path / "raw"

    return make


class TestRun:
    def test_masked_samples_are_nan_and_told(self) -> None:
        tables = Tables()
        recording = make_recording("a", (Mask(2, 4, "idle"), Mask(9, 10, "idle")))
        ((name, signals),) = run([recording], tables)
        assert name == "a"
        assert np.flatnonzero(signals["acc_x_mps2"].isna()).tolist() == [2, 3, 9]
        rejected = tables.rejections()
        np.testing.assert_allclose(rejected["start_s"], [0.2, 0.9])
        np.testing.assert_allclose(rejected["stop_s"], [0.4, 1.0])
        assert rejected["problem_id"].tolist() == [0, 1]

    def test_a_left_out_recording_does_not_stop_the_rest(self) -> None:
        tables = Tables()
        signals = dict(run([LeftOut("bad", "truncated"), make_recording("good")], tables))
        assert list(signals) == ["good"]
        rejected = tables.rejections()
        assert rejected[["recording_id", "problem"]].to_numpy().tolist() == [["bad", "truncated"]]
        assert rejected["start_s"].isna().all()

    def test_references_of_a_left_out_recording_are_kept(self) -> None:
        tables = Tables()
        known = make_recording("a").references
        assert dict(run([LeftOut("a", "raw file is not here", known)], tables)) == {}
        assert len(tables.reference("conditions")) == 1
        assert len(tables.recordings()) == 0


class TestImportDataset:
    def test_writes_checked_tables(self, raw: Callable[[str], Path], tmp_path: Path) -> None:
        dataset = dataset_of(make_recording("a"), LeftOut("b", "truncated"), make_recording("c"))
        interim = tmp_path / "interim"
        import_dataset(dataset, raw("complete"), interim)
        recordings = read_table(interim / "recordings.parquet", "recordings")
        assert recordings["recording_id"].tolist() == ["a", "c"]
        signals = read_table(interim / "signals" / "c.parquet", "signals")
        assert len(signals) == 10
        conditions = read_table(interim / "reference" / "conditions.parquet", "conditions")
        assert conditions["recording_id"].tolist() == ["a", "c"]
        assert len(read_table(interim / "reference" / "strides.parquet", "strides")) == 0
        rejected = read_table(interim / "rejected.parquet", "rejected")
        assert rejected["recording_id"].tolist() == ["b"]

    def test_skipped_dataset_gives_empty_tables_and_says_why(
        self, raw: Callable[[str], Path], tmp_path: Path
    ) -> None:
        interim = tmp_path / "interim"
        import_dataset(dataset_of(make_recording("a")), raw("licence_not_accepted"), interim)
        assert len(read_table(interim / "recordings.parquet", "recordings")) == 0
        rejected = read_table(interim / "rejected.parquet", "rejected")
        assert "licence not accepted" in rejected["problem"].iloc[0]
        assert not (interim / "signals").exists()

    def test_old_files_are_gone(self, raw: Callable[[str], Path], tmp_path: Path) -> None:
        interim = tmp_path / "interim"
        import_dataset(dataset_of(make_recording("old")), raw("complete"), interim)
        import_dataset(dataset_of(make_recording("new")), raw("complete"), interim)
        assert [path.name for path in (interim / "signals").iterdir()] == ["new.parquet"]

    def test_same_input_gives_same_bytes(self, raw: Callable[[str], Path], tmp_path: Path) -> None:
        for name in ("one", "two"):
            import_dataset(dataset_of(make_recording("a")), raw("complete"), tmp_path / name)
        for path in (tmp_path / "one").rglob("*.parquet"):
            twin = tmp_path / "two" / path.relative_to(tmp_path / "one")
            assert path.read_bytes() == twin.read_bytes()
