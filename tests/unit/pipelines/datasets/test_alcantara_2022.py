from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.datasets.alcantara_2022 import CARD, N_SAMPLES, SAMPLING_RATE_HZ, read_recordings
from pipelines.datasets.base import ImportedRecording, LeftOut
from tolerance.schemas import validate

G = 9.80665


def write(raw_dir: Path, n_trials: int = 2) -> Path:
    """Write made trials in the authors' format: vertical 1, 2, …; fore-aft -0.5 g."""
    folder = raw_dir / "data"
    folder.mkdir(parents=True)
    vertical = np.repeat(np.arange(1.0, n_trials + 1)[:, None], N_SAMPLES, axis=1)
    table = np.hstack((vertical, np.full((n_trials, N_SAMPLES), -0.5)))
    pd.DataFrame(table).to_csv(folder / "Accelerometer_one_sub.csv", header=False, index=False)
    force = pd.DataFrame(np.ones((n_trials, N_SAMPLES)))
    force.to_csv(folder / "GRF_one_sub.csv", header=False, index=False)
    info = pd.DataFrame({"Speed": [2.5] * n_trials, "Slope": -5, "Mass": 76.8, "Height": 173})
    info.to_csv(folder / "Sub_Info_one_sub.csv", index=False)
    return raw_dir


class TestMadeTrials:
    def test_axes_units_and_conditions(self, tmp_path: Path) -> None:
        first, second = read_recordings(write(tmp_path))
        assert isinstance(first, ImportedRecording)
        assert isinstance(second, ImportedRecording)
        np.testing.assert_allclose(first.signals["acc_x_mps2"], -0.5 * G)
        np.testing.assert_allclose(second.signals["acc_y_mps2"], 2 * G)
        assert first.signals["acc_z_mps2"].isna().all()
        assert first.row["body_mass_kg"] == 76.8
        assert first.row["height_m"] == 1.73
        condition = first.references["conditions"].iloc[0]
        assert condition[["speed_mps", "grade_deg"]].tolist() == [2.5, -5]
        for name, table in first.references.items():
            validate(name, table)
        validate("signals", first.signals)

    def test_wrong_shape_leaves_the_dataset_out(self, tmp_path: Path) -> None:
        raw_dir = write(tmp_path)
        pd.DataFrame(np.ones((2, 10))).to_csv(
            raw_dir / "data" / "GRF_one_sub.csv", header=False, index=False
        )
        (left_out,) = read_recordings(raw_dir)
        assert isinstance(left_out, LeftOut)
        assert "force (2, 10)" in left_out.reason

    def test_missing_file_leaves_the_dataset_out(self, tmp_path: Path) -> None:
        (left_out,) = read_recordings(tmp_path)
        assert isinstance(left_out, LeftOut)
        assert "Accelerometer_one_sub.csv" in left_out.reason


@pytest.fixture(scope="module")
def recordings(mirror: Path) -> list[ImportedRecording]:
    found = list(read_recordings(mirror / CARD.id))
    assert all(isinstance(recording, ImportedRecording) for recording in found)
    return [recording for recording in found if isinstance(recording, ImportedRecording)]


def stance(recording: ImportedRecording, column: str) -> np.ndarray:
    """Mean course of a channel over contacts (above 0.2 BW), at 21 points."""
    force_bw = recording.references["force"]["vgrf_bw"].to_numpy()
    values = recording.signals[column].to_numpy()
    edge = np.diff((force_bw > 0.2).astype(int))
    starts, stops = np.flatnonzero(edge == 1), np.flatnonzero(edge == -1)
    courses = []
    for start in starts:
        later = stops[stops > start]
        if later.size and 60 < later[0] - start < 170:
            at = np.linspace(start, later[0], 21)
            courses.append(np.interp(at, np.arange(values.size), values))
    return np.mean(courses, axis=0)


@pytest.mark.mirror
class TestRealData:
    def test_card_counts(self, recordings: list[ImportedRecording]) -> None:
        assert len(recordings) == CARD.n_recordings
        conditions = pd.concat(recording.references["conditions"] for recording in recordings)
        assert set(conditions["speed_mps"]) == {2.5, 3.33, 4.17}
        assert set(conditions["grade_deg"]) == {-10, -5, 0, 5, 10}

    def test_force_balances_weight(self, recordings: list[ImportedRecording]) -> None:
        for recording in recordings:
            mean_bw = recording.references["force"]["vgrf_bw"].mean()
            assert 0.94 < mean_bw < 1.04

    def test_vertical_axis_is_up_and_in_phase_with_force(
        self, recordings: list[ImportedRecording]
    ) -> None:
        for recording in recordings:
            vertical = recording.signals["acc_y_mps2"]
            force = recording.references["force"]["vgrf_bw"]
            assert np.corrcoef(vertical, force)[0, 1] > 0.8
            # Clipping at zero lifts the mean above 1 g; another unit would be far off.
            assert 1.0 < vertical.mean() / G < 1.3

    def test_fore_aft_axis_is_anterior(self, recordings: list[ImportedRecording]) -> None:
        for recording in recordings:
            course = stance(recording, "acc_x_mps2") / G
            assert course[2] < -1.1, "braking just after contact"
            assert course[12:18].mean() > course[1:5].mean() + 0.4, "pushing off later"

    def test_step_times_are_the_known_ones(self, recordings: list[ImportedRecording]) -> None:
        # Rows 3 to 5: three repeats at 3.33 m/s on the level, as the dataset's notes give them.
        step_s = []
        for recording in recordings[3:6]:
            on_ground = recording.references["force"]["vgrf_bw"].to_numpy() > 0.3
            onsets = np.flatnonzero(np.diff(on_ground.astype(int)) == 1)
            onsets = onsets[np.insert(np.diff(onsets) > 80, 0, True)]
            step_s.append(np.diff(onsets).mean() / SAMPLING_RATE_HZ)
        np.testing.assert_allclose(step_s, [0.311, 0.296, 0.347], atol=0.001)

    def test_second_mount_is_its_own_session(self, recordings: list[ImportedRecording]) -> None:
        for recording in recordings:
            fore_aft_g = recording.signals["acc_x_mps2"].mean() / G
            expected = "mount_b" if fore_aft_g < -0.7 else "mount_a"
            assert recording.row["session_id"] == expected
