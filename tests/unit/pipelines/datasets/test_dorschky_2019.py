from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.datasets.base import ImportedRecording, LeftOut
from pipelines.datasets.dorschky_2019 import CARD, N_POINTS, N_STRIDES, read_recordings
from tolerance.schemas import validate

STRIDE_S = 0.8
POINTS = np.arange(N_POINTS)
DIRECTIONS = ("1 0 0", "0 1 0", "0 0 1")


def row(kind: str, name: str, values: np.ndarray, direction: str = "", segment: str = "") -> dict:
    head = {"type": kind, "name": name, "unit": "", "position": "", "stat": "mean"}
    points = {f"s{i:03d}": value for i, value in enumerate(np.broadcast_to(values, N_POINTS))}
    return head | {"direction": direction, "segment": segment} | points


@pytest.fixture
def raw_dir(tmp_path: Path) -> Path:
    """Write made tables: force from point 20 to 50, each channel a wave of its own height."""
    force = np.where((POINTS >= 20) & (POINTS < 50), 2.5 * np.sin(np.pi * (POINTS - 20) / 30), 0)
    rows = [
        row("dur", "dur", np.array(STRIDE_S)),
        row("speed", "speed", np.array(3.0)),
        row("GRF", "GRF_y_r", force),
    ]
    for joint in ("hip_flexion_r", "knee_angle_r", "ankle_angle_r"):
        rows += [row("angle", joint, np.array(0.5)), row("moment", joint, np.array(146.0))]
    for segment in ("tibia_r", "foot_r", "pelvis"):
        for kind in ("acc", "gyro"):
            for i, direction in enumerate(DIRECTIONS):
                if (kind, segment, i) == ("acc", "foot_r", 2):
                    continue
                wave = np.sin(2 * np.pi * POINTS / N_POINTS) * (i + 1)
                rows.append(row(kind, segment, wave, direction, segment))
    for activity in ("running", "walking"):
        pd.DataFrame(rows).to_csv(tmp_path / f"derived_P01_norm{activity}.csv", index=False)
    return tmp_path


def test_tiles_the_cycle_without_a_seam(raw_dir: Path) -> None:
    shank, *_ = read_recordings(raw_dir)
    assert isinstance(shank, ImportedRecording)
    assert shank.recording_id == "biomac_running_shank"
    assert shank.row["sampling_rate_hz"] == N_POINTS / STRIDE_S
    assert len(shank.signals) == N_POINTS * N_STRIDES
    time_s = shank.signals["time_s"].to_numpy()
    expected = 3 * np.sin(2 * np.pi * time_s / STRIDE_S)
    np.testing.assert_allclose(shank.signals["gyr_z_radps"], expected, atol=1e-9)


def test_contacts_and_joints_repeat_every_stride(raw_dir: Path) -> None:
    shank, *_ = read_recordings(raw_dir)
    assert isinstance(shank, ImportedRecording)
    contacts = shank.references["contacts"]
    assert len(contacts) == N_STRIDES
    np.testing.assert_allclose(np.diff(contacts["initial_contact_s"]), STRIDE_S)
    assert set(contacts["side"]) == {"right"}
    joints = shank.references["joints"]
    assert set(joints["moment_nmpkg"]) == {2.0}
    for name, table in shank.references.items():
        validate(name, table)


def test_direction_that_the_table_lacks_is_nan(raw_dir: Path) -> None:
    foot = next(r for r in read_recordings(raw_dir) if r.recording_id == "biomac_running_foot")
    assert isinstance(foot, ImportedRecording)
    assert foot.signals["acc_z_mps2"].isna().all()
    assert foot.signals["acc_y_mps2"].notna().all()


def test_missing_row_leaves_the_sensor_out(raw_dir: Path) -> None:
    path = raw_dir / "derived_P01_normrunning.csv"
    table = pd.read_csv(path)
    table[table["type"] != "GRF"].to_csv(path, index=False)
    found = list(read_recordings(raw_dir))
    reasons = [item.reason for item in found if isinstance(item, LeftOut)]
    assert len(reasons) == 3
    assert "0 rows of GRF GRF_y_r" in reasons[0]
    assert sum(isinstance(item, ImportedRecording) for item in found) == 3


@pytest.mark.mirror
class TestRealData:
    def test_published_peaks(self, read_real: Callable[[str], list[ImportedRecording]]) -> None:
        by_name = {r.recording_id: r for r in read_real(CARD.id)}
        shank = by_name["biomac_running_shank"]
        assert shank.signals["acc_x_mps2"].min() == pytest.approx(-54.8, abs=0.1)
        assert shank.signals["acc_y_mps2"].max() == pytest.approx(45.3, abs=0.1)
        assert shank.signals["gyr_z_radps"].max() == pytest.approx(10.6, abs=0.1)
        assert shank.references["force"]["vgrf_bw"].max() == pytest.approx(2.66, abs=0.01)
        walking = by_name["biomac_walking_shank"].references
        assert walking["force"]["vgrf_bw"].max() == pytest.approx(1.17, abs=0.01)
        assert walking["conditions"]["activity"].tolist() == ["walking"]

    def test_gyroscopes_turn_as_the_knee_does(
        self, read_real: Callable[[str], list[ImportedRecording]], mirror: Path
    ) -> None:
        """Shank minus thigh about z (right) is the rate of the knee angle: the axes are ISB's."""
        shank = next(r for r in read_real(CARD.id) if r.recording_id == "biomac_running_shank")
        joints = shank.references["joints"]
        knee = joints[joints["joint"] == "knee_angle_r"]["angle_rad"].to_numpy()[:N_POINTS]
        table = pd.read_csv(mirror / CARD.id / "derived_P01_normrunning.csv")
        thigh = table[
            (table["type"] == "gyro")
            & (table["segment"] == "femur_r")
            & (table["direction"] == "0 0 1")
            & (table["stat"] == "mean")
        ]
        thigh_z = thigh[[f"s{i:03d}" for i in range(N_POINTS)]].to_numpy(np.float64)[0]
        shank_z = shank.signals["gyr_z_radps"].to_numpy()[:N_POINTS]
        rate = np.gradient(knee) * float(str(shank.row["sampling_rate_hz"]))
        assert np.corrcoef(rate, shank_z - thigh_z)[0, 1] > 0.9
