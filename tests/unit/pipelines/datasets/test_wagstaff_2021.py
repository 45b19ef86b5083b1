from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from pipelines.datasets.base import ImportedRecording, LeftOut
from pipelines.datasets.wagstaff_2021 import (
    CARD,
    WALKING,
    foot_flats,
    read_recordings,
    unreliable_position,
)

RATE_HZ = 200


def made_position(n_strides: int = 6, stride_s: float = 0.8, length_m: float = 1.5) -> np.ndarray:
    """Make a foot that rests 0.3 s and moves smoothly by one stride in the remaining time."""
    n, rest = int(stride_s * RATE_HZ), int(0.3 * RATE_HZ)
    phase = np.clip((np.arange(n) - rest) / (n - rest), 0, 1)
    step = length_m * (phase - np.sin(2 * np.pi * phase) / (2 * np.pi))
    x = np.concatenate([i * length_m + step for i in range(n_strides)])
    trembling = np.random.default_rng(1).normal(0, 2e-5, (x.size, 3))
    return np.column_stack((x, np.zeros(x.size), np.full(x.size, 0.12))) + trembling


def write(folder: Path, position: np.ndarray, name: str = "2017-11-27-10-00-00") -> Path:
    target = folder / "data" / "vicon" / "processed"
    target.mkdir(parents=True, exist_ok=True)
    imu = np.tile([-2.5, 0.5, -9.5, 0.1, 0.2, 0.3], (len(position), 1))
    savemat(target / f"{name}.mat", {"imu": imu, "gt": position})
    return folder


def only(raw_dir: Path) -> ImportedRecording:
    (recording,) = read_recordings(raw_dir)
    assert isinstance(recording, ImportedRecording), recording
    return recording


class TestMadeTrial:
    def test_axes(self, tmp_path: Path) -> None:
        first = only(write(tmp_path, made_position())).signals.iloc[0]
        assert first.iloc[1:].tolist() == [-2.5, 9.5, 0.5, 0.1, -0.3, 0.2]

    def test_strides_have_the_true_length_and_time(self, tmp_path: Path) -> None:
        strides = only(write(tmp_path, made_position())).references["strides"]
        # The last foot-flat follows the last stride: six rests and the standstill at the end.
        assert len(strides) == 5
        np.testing.assert_allclose(strides["stride_length_m"], 1.5, atol=0.01)
        np.testing.assert_allclose(strides["stop_s"] - strides["start_s"], 0.8, atol=0.01)
        assert set(strides["activity"]) == {"running"}

    def test_frozen_position_is_nan_and_its_strides_are_excluded(self, tmp_path: Path) -> None:
        position = made_position()
        position[330:370] = position[330]
        recording = only(write(tmp_path, position))
        shown = recording.references["position"]
        assert shown["x_m"].isna().iloc[326:374].all()
        assert len(recording.references["strides"]) < 5
        assert "optical position frozen or jumping" in set(
            recording.references["excluded"]["reason"]
        )

    def test_standstill_is_no_stride(self, tmp_path: Path) -> None:
        position = made_position()
        trembling = np.random.default_rng(2).normal(0, 2e-5, (400, 3))
        still = position[480] + trembling
        recording = only(write(tmp_path, np.vstack((position[:480], still, position[480:]))))
        assert "standstill, or a foot-flat missed or false" in set(
            recording.references["excluded"]["reason"]
        )

    def test_truncated_file_is_left_out(self, tmp_path: Path) -> None:
        raw_dir = write(tmp_path, made_position())
        write(tmp_path, made_position(), "2017-11-27-11-00-00")
        path = raw_dir / "data/vicon/processed/2017-11-27-10-00-00.mat"
        path.write_bytes(path.read_bytes()[:900])
        first, second = read_recordings(raw_dir)
        assert isinstance(first, LeftOut)
        assert isinstance(second, ImportedRecording)

    def test_lost_throughout_is_left_out(self, tmp_path: Path) -> None:
        (left_out,) = read_recordings(write(tmp_path, np.zeros((900, 3))))
        assert isinstance(left_out, LeftOut)
        assert "unreliable throughout" in left_out.reason


def test_jump_is_marked_with_its_margin() -> None:
    position = made_position()
    position[500:] += 0.2
    bad = np.flatnonzero(unreliable_position(position))
    assert (bad.min(), bad.max()) == (494, 505)


def test_no_rest_no_flats() -> None:
    moving = np.column_stack((np.arange(400) * 0.02, np.zeros(400), np.zeros(400)))
    assert foot_flats(moving).shape == (0, 2)


@pytest.mark.mirror
class TestRealData:
    def test_stride_rate_separates_running_from_walking(
        self, read_real: Callable[[str], list[ImportedRecording]]
    ) -> None:
        for recording in read_real(CARD.id):
            strides = recording.references["strides"]
            rate_hz = 2 / (strides["stop_s"] - strides["start_s"]).median()
            is_walking = recording.recording_id.removeprefix("pyshoe_") in WALKING
            assert (rate_hz < 2.0) if is_walking else (2.4 < rate_hz < 2.8)

    def test_instep_faces_up_and_forward(
        self, read_real: Callable[[str], list[ImportedRecording]]
    ) -> None:
        for recording in read_real(CARD.id):
            still = recording.signals.iloc[:100].mean()
            assert still["acc_y_mps2"] > 8.5
            assert -5 < still["acc_x_mps2"] < -1.5, "x runs down the instep"
            spread = recording.signals.filter(like="gyr").std()
            assert spread.idxmax() == "gyr_z_radps"

    def test_counts(self, read_real: Callable[[str], list[ImportedRecording]]) -> None:
        strides = [recording.references["strides"] for recording in read_real(CARD.id)]
        assert sum((table["activity"] == "running").sum() for table in strides) == 387
        assert sum((table["activity"] == "walking").sum() for table in strides) == 63
