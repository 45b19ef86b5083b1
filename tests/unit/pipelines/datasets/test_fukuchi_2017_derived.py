from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.datasets.base import ImportedRecording, LeftOut
from pipelines.datasets.fukuchi_2017_derived import read_recordings
from pipelines.datasets.treadmill_shank import Trial


@pytest.fixture
def raw_dir(tmp_path: Path, made_trial: Trial) -> Path:
    """Write two runners in the derived format, one of whom is public as C3D."""
    arrays = {}
    for runner in ("S009", "S010"):
        key = f"{runner}_T35"
        arrays[f"{key}_F_dN"] = np.round(made_trial.force_n * 10).astype(np.int16)
        for side in ("left", "right"):
            markers = np.round(made_trial.markers_m[side] * 1e4).astype(np.int16)
            arrays[f"{key}_{side[0].upper()}shank_dmm"] = markers
    (tmp_path / "derived").mkdir()
    np.savez(tmp_path / "derived" / "dev_forces_shank_int16.npz", **arrays)
    info = pd.DataFrame({"Subject": [9, 10], "Mass": 70.0, "Height": 180.0})
    info.to_csv(tmp_path / "RBDSinfo.csv", index=False)
    return tmp_path


def test_runner_seen_as_c3d_is_not_read_twice(raw_dir: Path) -> None:
    found = list(read_recordings(raw_dir))
    assert [item.recording_id for item in found] == ["rbds_009_T35_left", "rbds_009_T35_right"]
    left = found[0]
    assert isinstance(left, ImportedRecording)
    peak = left.references["force"]["vgrf_bw"].max()
    assert peak == pytest.approx(2.36, abs=0.01)


def test_marker_at_the_origin_was_not_seen(raw_dir: Path) -> None:
    path = raw_dir / "derived" / "dev_forces_shank_int16.npz"
    arrays = dict(np.load(path))
    arrays["S009_T35_Lshank_dmm"][40:43, 2] = 0
    np.savez(path, **arrays)
    left, right = read_recordings(raw_dir)
    assert isinstance(left, ImportedRecording)
    assert isinstance(right, ImportedRecording)
    assert [(mask.start_sample, mask.stop_sample) for mask in left.masks] == [(40, 43)]
    assert right.masks == ()


def test_trial_of_another_shape_is_left_out(raw_dir: Path) -> None:
    path = raw_dir / "derived" / "dev_forces_shank_int16.npz"
    arrays = dict(np.load(path))
    arrays["S009_T35_Lshank_dmm"] = np.zeros((50, 3, 3), dtype=np.int16)
    np.savez(path, **arrays)
    (left_out,) = read_recordings(raw_dir)
    assert isinstance(left_out, LeftOut)
    assert "expected (n, 4, 3)" in left_out.reason


@pytest.mark.parametrize("keep", [0, 100, 4000])
def test_truncated_archive_is_left_out(raw_dir: Path, keep: int) -> None:
    path = raw_dir / "derived" / "dev_forces_shank_int16.npz"
    path.write_bytes(path.read_bytes()[:keep])
    (left_out,) = read_recordings(raw_dir)
    assert isinstance(left_out, LeftOut)


def test_archive_with_pickled_objects_is_refused(raw_dir: Path) -> None:
    path = raw_dir / "derived" / "dev_forces_shank_int16.npz"
    np.savez(path, S009_T35_F_dN=np.array([{"a": 1}], dtype=object))
    (left_out,) = read_recordings(raw_dir)
    assert isinstance(left_out, LeftOut)
    assert "allow_pickle" in left_out.reason
