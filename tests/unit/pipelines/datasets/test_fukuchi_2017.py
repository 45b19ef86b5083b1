from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.datasets.base import ImportedRecording, LeftOut, UnusableRecordingError
from pipelines.datasets.fukuchi_2017 import CARD, MARKERS, read_c3d, read_recordings
from pipelines.datasets.treadmill_shank import Trial
from tolerance.schemas import validate

CALIBRATION = (500.0, 500.0, 1000.0, 8e5, 2.5e5, 4e5)
ReadReal = Callable[[str], list[ImportedRecording]]


@pytest.fixture
def c3d() -> Any:
    return pytest.importorskip("c3d")


def write(
    path: Path,
    c3d: Any,
    markers_m: Mapping[str, np.ndarray],
    force_n: np.ndarray,
    *,
    rate_hz: float = 150,
    first_channel: str = "F1X",
) -> None:
    """Write a trial in the authors' format."""
    writer = c3d.Writer(point_rate=rate_hz, analog_rate=2 * rate_hz)
    writer.set_point_labels([f"{side}.Shank.{marker}" for side in "LR" for marker in MARKERS])
    writer.set_analog_labels([first_channel, "F1Y", "F1Z", "M1X", "M1Y", "M1Z"])
    plate = writer.add_group(10, "FORCE_PLATFORM", "force plate")
    plate.add_array("CAL_MATRIX", "", np.diag(CALIBRATION).astype("<f4"))
    frames = []
    for i in range(len(markers_m["left"])):
        points = np.zeros((8, 5))
        points[:, :3] = np.concatenate([markers_m["left"][i], markers_m["right"][i]]) * 1000
        unseen = np.isnan(points[:, 0])
        points[unseen, :3], points[unseen, 3] = 0, -1
        analog = np.zeros((6, 2))
        analog[:3] = (force_n[2 * i : 2 * i + 2] / np.array(CALIBRATION[:3])).T
        frames.append((points, analog))
    writer.add_frames(frames)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        writer.write(stream)


def write_dataset(folder: Path, c3d: Any, trial: Trial) -> Path:
    for speed in ("25", "35"):
        path = folder / "data" / "RBDS007" / f"RBDS007runT{speed}.c3d"
        write(path, c3d, trial.markers_m, trial.force_n)
    info = pd.DataFrame({"Subject": [7, 7], "Mass": 70.0, "Height": 180.0})
    info.to_csv(folder / "RBDSinfo.csv", index=False)
    return folder


class TestReadC3d:
    def test_newtons_metres_and_unseen_markers(
        self, tmp_path: Path, c3d: Any, made_trial: Trial
    ) -> None:
        made_trial.markers_m["left"][5, 1] = np.nan
        made_trial.markers_m["right"][7, 2] = 0
        write(tmp_path / "a.c3d", c3d, made_trial.markers_m, made_trial.force_n)
        made_trial.markers_m["right"][7, 2] = np.nan
        force_n, markers_m = read_c3d(tmp_path / "a.c3d")
        np.testing.assert_allclose(force_n, made_trial.force_n, atol=0.01)
        for side in ("left", "right"):
            np.testing.assert_allclose(markers_m[side], made_trial.markers_m[side], atol=1e-6)

    def test_all_contradictions_in_one_message(
        self, tmp_path: Path, c3d: Any, made_trial: Trial
    ) -> None:
        path = tmp_path / "a.c3d"
        write(path, c3d, made_trial.markers_m, made_trial.force_n, rate_hz=100, first_channel="FX")
        with pytest.raises(UnusableRecordingError, match=r"lacks F1X; rates 100 and 200 Hz"):
            read_c3d(path)

    def test_header_that_promises_more_than_the_file_holds(
        self, tmp_path: Path, c3d: Any, made_trial: Trial
    ) -> None:
        path = tmp_path / "a.c3d"
        write(path, c3d, made_trial.markers_m, made_trial.force_n)
        path.write_bytes(path.read_bytes()[:20_000])
        with pytest.raises(UnusableRecordingError, match="more than the file holds"):
            read_c3d(path)


class TestReadRecordings:
    def test_two_virtual_recordings_a_trial(
        self, tmp_path: Path, c3d: Any, made_trial: Trial
    ) -> None:
        found = list(read_recordings(write_dataset(tmp_path, c3d, made_trial)))
        assert [item.recording_id for item in found] == [
            "rbds_007_T25_left",
            "rbds_007_T25_right",
            "rbds_007_T35_left",
            "rbds_007_T35_right",
        ]
        for item in found:
            assert isinstance(item, ImportedRecording)
            assert item.row["body_mass_kg"] == 70
            for name, table in item.references.items():
                validate(name, table)

    @pytest.mark.parametrize("keep", [0, 300, 5_000, 60_000])
    def test_truncated_trial_is_left_out_and_the_rest_goes_on(
        self, tmp_path: Path, c3d: Any, made_trial: Trial, keep: int
    ) -> None:
        raw_dir = write_dataset(tmp_path, c3d, made_trial)
        path = raw_dir / "data" / "RBDS007" / "RBDS007runT25.c3d"
        path.write_bytes(path.read_bytes()[:keep])
        first, *rest = read_recordings(raw_dir)
        assert isinstance(first, LeftOut)
        assert first.recording_id == "rbds_007_T25"
        assert len(rest) == 2

    def test_missing_table_of_people(self, tmp_path: Path) -> None:
        (left_out,) = read_recordings(tmp_path)
        assert isinstance(left_out, LeftOut)
        assert "RBDSinfo.csv" in left_out.reason


@pytest.mark.mirror
@pytest.mark.parametrize("dataset_id", [CARD.id, f"{CARD.id}_derived"])
class TestRealData:
    def both_legs(self, recordings: list[ImportedRecording], table: str) -> dict[str, pd.DataFrame]:
        trials: dict[str, list[pd.DataFrame]] = {}
        for recording in recordings:
            trials.setdefault(recording.recording_id[:12], []).append(recording.references[table])
        return {name: pd.concat(parts) for name, parts in trials.items()}

    def test_contacts_alternate_and_agree_with_the_trial_summary(
        self, dataset_id: str, read_real: ReadReal, mirror: Path, request: pytest.FixtureRequest
    ) -> None:
        if dataset_id == CARD.id:
            request.getfixturevalue("c3d")
        summary = pd.read_csv(mirror / "rbds_fukuchi2017/derived/dev_trial_summary.csv")
        for name, contacts in self.both_legs(read_real(dataset_id), "contacts").items():
            runner, speed = int(name[5:8]), int(name[10:12]) / 10
            known = summary[(summary["subject"] == runner) & (summary["speed_mps"] == speed)]
            complete = contacts[contacts["is_complete"]].sort_values("initial_contact_s")
            sides = complete["side"].to_numpy()
            assert (sides[1:] != sides[:-1]).all(), name
            step_rate_hz = 1 / np.diff(complete["initial_contact_s"]).mean()
            assert step_rate_hz == pytest.approx(known["step_hz"].iloc[0], rel=0.015)
            # The summary's threshold is 50 N: ours, 5 % of body weight, is lower.
            contact_ms = (
                1000 * (complete["terminal_contact_s"] - complete["initial_contact_s"]).mean()
            )
            assert 0 < contact_ms - known["contact_ms"].iloc[0] < 18
            assert complete["peak_vgrf_bw"].mean() == pytest.approx(
                known["peak_BW"].iloc[0], rel=0.04
            )

    def test_force_balances_weight(
        self, dataset_id: str, read_real: ReadReal, request: pytest.FixtureRequest
    ) -> None:
        if dataset_id == CARD.id:
            request.getfixturevalue("c3d")
        for recording in read_real(dataset_id):
            assert 0.93 < recording.references["force"]["vgrf_bw"].mean() < 1.01

    def test_swing_of_the_virtual_gyroscope(
        self, dataset_id: str, read_real: ReadReal, request: pytest.FixtureRequest
    ) -> None:
        if dataset_id == CARD.id:
            request.getfixturevalue("c3d")
        for recording in read_real(dataset_id):
            gyr_dps = np.rad2deg(recording.signals["gyr_z_radps"])
            assert 440 < gyr_dps.max() < 950
            assert -750 < gyr_dps.min() < -330
