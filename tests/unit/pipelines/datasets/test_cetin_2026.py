from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from pipelines.datasets.base import ImportedRecording, LeftOut
from pipelines.datasets.cetin_2026 import CARD, TURNED_EXPERIMENTS, read_recordings
from tolerance.schemas import validate

GRAVITY_MPS2 = 9.80
ACC = ["acc_x_mps2", "acc_y_mps2", "acc_z_mps2"]

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a made trial in the authors' format."""

    def write_trial(experiment: int = 7, **changes: object) -> Path:
        n = 2000
        marks = np.array([200, 400, 560, 720, 1200, 1999])
        content: dict[str, object] = {
            "imu_data": np.tile([-5.0, 1.0, -8.0, 0.1, 0.2, 0.3], (n, 1)),
            "timestamps": (2.5 + np.arange(n) / 200)[None, :],
            "strideIndex": marks[None, :],
            "GCP": np.column_stack((np.array([0.0, 1, 3, 5, 6.5, 7]), np.zeros(6))),
            "expID": np.array([[experiment]]),
        }
        folder = tmp_path / "data" / "training"
        folder.mkdir(parents=True, exist_ok=True)
        savemat(folder / f"SensorConnectData_{experiment}_GDLBIO.mat", content | changes)
        return tmp_path

    return write_trial


def only(raw_dir: Path) -> ImportedRecording:
    (recording,) = read_recordings(raw_dir)
    assert isinstance(recording, ImportedRecording), recording
    return recording


class TestMadeTrial:
    def test_axes_and_time(self, write: Write) -> None:
        recording = only(write())
        first = recording.signals.iloc[0]
        assert first[ACC].tolist() == [-5.0, 8.0, 1.0]
        assert first[["gyr_x_radps", "gyr_y_radps", "gyr_z_radps"]].tolist() == [0.1, -0.3, 0.2]
        assert first["time_s"] == 0
        validate("signals", recording.signals)

    def test_turned_mount_has_its_own_matrix(self, write: Write) -> None:
        first = only(write(min(TURNED_EXPERIMENTS))).signals.iloc[0]
        assert first[ACC].tolist() == [5.0, 8.0, -1.0]

    def test_strides_leave_out_standing_and_standstill(self, write: Write) -> None:
        strides = only(write()).references["strides"]
        assert strides["stride_id"].tolist() == [1, 2, 3]
        np.testing.assert_allclose(strides["start_s"], [2.0, 2.8, 3.6])
        np.testing.assert_allclose(strides["stride_length_m"], [2.0, 2.0, 1.5])
        np.testing.assert_allclose(strides["speed_mps"], [2.5, 2.5, 0.625])
        assert strides["activity"].tolist() == ["running", "running", "walking"]
        validate("strides", strides)

    def test_what_is_left_out_is_told(self, write: Write) -> None:
        excluded = only(write()).references["excluded"]
        assert excluded["reason"].tolist() == [
            "before the first mark",
            "starts from standing",
            "holds standstill",
            "after the last mark",
        ]
        validate("excluded", excluded)

    def test_impossible_speed_takes_both_strides_of_the_mark(self, write: Write) -> None:
        position = np.column_stack((np.array([0.0, 1, 9, 11, 12.5, 13]), np.zeros(6)))
        recording = only(write(GCP=position))
        assert recording.references["strides"]["stride_id"].tolist() == [3]
        problems = recording.references["excluded"]["reason"].tolist()
        assert problems.count("annotation error: impossible speed") == 2

    def test_border_strides_are_unknown(self, write: Write) -> None:
        position = np.column_stack((np.array([0.0, 1, 2, 3, 7.5, 8]), np.zeros(6)))
        activity = only(write(GCP=position)).references["strides"]["activity"].tolist()
        assert activity == ["unknown", "unknown", "unknown"]


class TestDamagedTrial:
    def test_truncated_file_is_left_out_and_the_rest_goes_on(self, write: Write) -> None:
        raw_dir = write(7)
        write(8)
        path = raw_dir / "data" / "training" / "SensorConnectData_7_GDLBIO.mat"
        path.write_bytes(path.read_bytes()[:3000])
        first, second = read_recordings(raw_dir)
        assert isinstance(first, LeftOut)
        assert first.recording_id == "gdlbio_7"
        assert isinstance(second, ImportedRecording)

    def test_all_contradictions_in_one_reason(self, write: Write) -> None:
        (left_out,) = read_recordings(
            write(timestamps=np.zeros((1, 5)), GCP=np.zeros((2, 2)), imu_data=np.zeros((2000, 5)))
        )
        assert isinstance(left_out, LeftOut)
        for word in ("expected (n, 6)", "5 time stamps", "GCP has shape"):
            assert word in left_out.reason

    def test_no_files_gives_nothing(self, tmp_path: Path) -> None:
        assert list(read_recordings(tmp_path)) == []


@pytest.fixture(scope="module")
def recordings(mirror: Path) -> list[ImportedRecording]:
    found = list(read_recordings(mirror / CARD.id))
    assert all(isinstance(recording, ImportedRecording) for recording in found)
    return [recording for recording in found if isinstance(recording, ImportedRecording)]


@pytest.mark.mirror
class TestRealData:
    def test_card_counts(self, recordings: list[ImportedRecording]) -> None:
        assert len(recordings) == CARD.n_recordings
        assert len({recording.row["runner_id"] for recording in recordings}) == CARD.n_runners

    def test_gravity_points_up(self, recordings: list[ImportedRecording]) -> None:
        for recording in recordings:
            first_s = recording.references["excluded"]["stop_s"].iloc[0]
            signals = recording.signals
            still = signals.loc[signals["time_s"] < first_s, ACC].median().to_numpy()
            assert np.linalg.norm(still) == pytest.approx(GRAVITY_MPS2, rel=0.01)
            assert still[1] > 0.7 * GRAVITY_MPS2, "y is up"
            assert still[0] < 0.1 * GRAVITY_MPS2, "x runs down the instep, to the toes"

    def test_rate(self, recordings: list[ImportedRecording]) -> None:
        for recording in recordings:
            rate_hz = 1 / recording.signals["time_s"].diff().median()
            assert rate_hz == pytest.approx(CARD.sensors[0].sampling_rate_hz, rel=1e-3)

    def test_foot_turns_about_the_mediolateral_axis(
        self, recordings: list[ImportedRecording]
    ) -> None:
        for recording in recordings:
            spread = recording.signals[["gyr_x_radps", "gyr_y_radps", "gyr_z_radps"]].std()
            assert spread.idxmax() == "gyr_z_radps"

    def test_strides_are_those_of_the_notes(self, recordings: list[ImportedRecording]) -> None:
        strides = [recording.references["strides"] for recording in recordings]
        running = sum((table["activity"] == "running").sum() for table in strides)
        backward = sum((table["activity"] == "other").sum() for table in strides)
        assert running == 429
        assert backward == 33
        fastest = max(table["speed_mps"].max() for table in strides)
        assert fastest == pytest.approx(6.4, abs=0.2)

    def test_step_rate_of_running_is_human(self, recordings: list[ImportedRecording]) -> None:
        for recording in recordings:
            strides = recording.references["strides"]
            running = strides[strides["activity"] == "running"]
            if len(running) > 5:
                step_rate_hz = 2 / (running["stop_s"] - running["start_s"]).median()
                assert 2.2 < step_rate_hz < 3.8
