from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.datasets.base import ImportedRecording
from pipelines.datasets.registry import load_dataset
from pipelines.datasets.synthetic import CARD, read_recordings
from pipelines.exporters.motion_bids import MotionDataset, write_motion_bids
from pipelines.stages import simulate_recordings
from pipelines.stages.import_recordings import import_dataset
from tolerance.schemas import conform, validate
from tolerance.simulate.simulation_settings import SimulationSettings

SMALL = SimulationSettings(
    n_runners=6, sessions_per_runner=1, running_bouts=1, running_bout_s=6.0, walking_bout_s=3.0
)


@pytest.fixture(scope="module")
def made() -> MotionDataset:
    return simulate_recordings.run(SMALL, np.random.default_rng(4))


@pytest.fixture(scope="module")
def raw_dir(made: MotionDataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw") / "synthetic"
    write_motion_bids(folder, made)
    return folder


@pytest.fixture(scope="module")
def recordings(raw_dir: Path) -> list[ImportedRecording]:
    found = list(read_recordings(raw_dir))
    assert all(isinstance(recording, ImportedRecording) for recording in found)
    return found  # type: ignore[return-value]


def test_everything_says_simulated(made: MotionDataset) -> None:
    assert "simulated" in made.title.lower()
    assert "simulated" in made.readme
    for file in made.files:
        assert file.task_description.startswith("Simulated")
        assert file.manufacturer.startswith("simulated")


def test_every_column_of_the_truth_is_explained(made: MotionDataset) -> None:
    (truth,) = made.derivatives
    assert len(truth.tables) == SMALL.n_runners * 5
    for path, table in truth.tables.items():
        dictionary = truth.dictionaries[path.rsplit("_", 1)[1]]
        assert set(table.columns) == set(dictionary)
    for file in made.files:
        assert file.events is not None
        assert set(file.events) == set(made.events_dictionary)


def test_one_recording_for_each_sensor(recordings: list[ImportedRecording]) -> None:
    assert len(recordings) == 4 * SMALL.n_runners
    rates = {float(str(recording.row["sampling_rate_hz"])) for recording in recordings}
    assert min(rates) == 100.0
    assert max(rates) == 1000.0
    assert {str(recording.row["sensor_site"]) for recording in recordings} == {
        sensor.site for sensor in CARD.sensors
    }


def test_tables_keep_their_contracts(
    raw_dir: Path, recordings: list[ImportedRecording], tmp_path: Path
) -> None:
    tables = import_dataset(load_dataset("synthetic"), raw_dir, tmp_path / "interim")
    assert len(tables.rows) == len(recordings)
    for name in {reference.table for reference in CARD.references}:
        frame = conform(name, tables.reference(name))
        validate(name, frame)
        assert len(frame)


def test_gravity_points_up_while_standing(recordings: list[ImportedRecording]) -> None:
    # after the importer has turned the kits' different axes to anterior, superior, right
    for recording in recordings:
        still = recording.signals[recording.signals["time_s"].between(0.2, 1.5)]
        mean = still[[f"acc_{axis}_mps2" for axis in "xyz"]].mean().to_numpy()
        assert np.linalg.norm(mean) == pytest.approx(9.81, abs=0.8)
        assert mean[1] / np.linalg.norm(mean) > np.cos(np.deg2rad(40.0))


def test_contacts_sit_on_each_sensors_own_clock(recordings: list[ImportedRecording]) -> None:
    # the shock follows contact at once, whatever the clock's offset
    for recording in recordings:
        if recording.row["sensor_site"] != "shank":
            continue
        signals, contacts = recording.signals, recording.references["contacts"]
        time = signals["time_s"].to_numpy()
        acc = signals[[f"acc_{axis}_mps2" for axis in "xyz"]].to_numpy()
        size = np.linalg.norm(acc, axis=1)
        delays = []
        for start in contacts.loc[contacts["is_complete"], "initial_contact_s"]:
            near = (time > start - 0.1) & (time < start + 0.1) & ~np.isnan(size)
            if near.sum() > 10:
                delays.append(time[near][size[near].argmax()] - start)
        assert 0.0 < np.median(delays) < 0.05


def test_truth_covers_what_the_card_promises(recordings: list[ImportedRecording]) -> None:
    promised = {reference.table for reference in CARD.references}
    for recording in recordings:
        trunk = recording.row["side"] == "unknown"
        expected = promised - {"strides"} if trunk else promised - {"force"}
        assert set(recording.references) == expected
        contacts = recording.references["contacts"]
        assert set(contacts["side"]) == ({"left", "right"} if trunk else {recording.row["side"]})
        conditions = recording.references["conditions"]
        running = conditions[conditions["activity"] == "running"]
        assert len(running) == 1
        begin, end = running[["start_s", "stop_s"]].iloc[0]
        assert contacts["initial_contact_s"].between(begin, end + 0.5).all()


def test_same_settings_give_the_same_bytes(made: MotionDataset, tmp_path: Path) -> None:
    again = simulate_recordings.run(SMALL, np.random.default_rng(4))
    write_motion_bids(tmp_path / "a", made)
    write_motion_bids(tmp_path / "b", again)
    first = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*"))
    second = sorted(path.relative_to(tmp_path / "b") for path in (tmp_path / "b").rglob("*"))
    assert first == second
    for name in first:
        if (tmp_path / "a" / name).is_file():
            assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_main_writes_below_raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate_recordings, "project_root", lambda: tmp_path)
    monkeypatch.setattr(simulate_recordings, "settings_and_seed", lambda places: (SMALL, 1))
    simulate_recordings.main()
    folder = tmp_path / "data" / "raw" / "synthetic" / "synthetic"
    participants = pd.read_csv(folder / "participants.tsv", sep="\t")
    assert len(participants) == SMALL.n_runners


def test_damaged_dataset_is_left_out_with_its_reason(raw_dir: Path, tmp_path: Path) -> None:
    (left_out,) = read_recordings(tmp_path)
    assert "dataset_description.json" in left_out.reason  # type: ignore[union-attr]
