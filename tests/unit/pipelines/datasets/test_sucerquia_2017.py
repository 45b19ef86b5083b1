from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import butter, filtfilt, welch

from pipelines.datasets.base import ImportedRecording, LeftOut
from pipelines.datasets.sucerquia_2017 import CARD, read_recordings
from tolerance.schemas import validate

G = 9.80665
README = (
    "| SA01    | 26  | 165    | 53     | F      |\n| SA02    | 23  | 176    | 58.5   | M      |\n"
)


def write(folder: Path, body: str, person: str = "SA01") -> Path:
    target = folder / "SisFall_dataset" / person
    target.mkdir(parents=True)
    (target / f"D03_{person}_R01.txt").write_text(body)
    (folder / "SisFall_dataset" / "Readme.txt").write_text(README, encoding="latin-1")
    return folder


class TestMadeFile:
    def test_axes_and_units(self, tmp_path: Path) -> None:
        line = "  26,-256, -64, 0, 100,1000,1,2,3;\n"
        (recording,) = read_recordings(write(tmp_path, line * 5))
        assert isinstance(recording, ImportedRecording)
        first = recording.signals.iloc[0]
        acc_g = first.iloc[1:4].to_numpy(np.float64) / G
        np.testing.assert_allclose(acc_g, [-0.25, 1.0, 26 / 256])
        gyr_dps = np.rad2deg(first.iloc[4:7].to_numpy(np.float64))
        np.testing.assert_allclose(gyr_dps, [1000 * 4000 / 65536, -100 * 4000 / 65536, 0])
        assert (recording.row["body_mass_kg"], recording.row["height_m"]) == (53, 1.65)
        validate("signals", recording.signals)

    def test_cut_line_is_left_out(self, tmp_path: Path) -> None:
        body = "1,2,3,4,5,6,7,8,9;\n1,2,3"
        (left_out,) = read_recordings(write(tmp_path, body))
        assert isinstance(left_out, LeftOut)

    def test_fewer_columns_are_left_out(self, tmp_path: Path) -> None:
        (left_out,) = read_recordings(write(tmp_path, "1,2,3,4,5,6;\n" * 4))
        assert isinstance(left_out, LeftOut)
        assert "6 columns, expected 9" in left_out.reason

    def test_person_without_body_data_is_not_dropped(self, tmp_path: Path) -> None:
        (recording,) = read_recordings(write(tmp_path, "1,2,3,4,5,6,7,8,9;\n" * 4, "SA99"))
        assert isinstance(recording, ImportedRecording)
        assert np.isnan(float(str(recording.row["body_mass_kg"])))


def fore_aft_after_contact(recording: ImportedRecording) -> np.ndarray:
    """Mean course of x from 50 ms before the vertical rises through 1 g to 250 ms after."""
    b, a = butter(2, 10 / 100)
    smooth = filtfilt(b, a, recording.signals[["acc_x_mps2", "acc_y_mps2"]].to_numpy(), axis=0) / G
    rise = np.flatnonzero((smooth[:-1, 1] < 1) & (smooth[1:, 1] >= 1))
    rise = rise[(rise > 20) & (rise < len(smooth) - 60)]
    return np.mean([smooth[k - 10 : k + 50, 0] for k in rise], axis=0)


@pytest.mark.mirror
class TestRealData:
    def test_people_are_those_of_the_card(
        self, read_real: Callable[[str], list[ImportedRecording]]
    ) -> None:
        mass = {r.row["runner_id"]: r.row["body_mass_kg"] for r in read_real(CARD.id)}
        assert mass["sisfall_SA01"] == 53
        assert np.isfinite(np.array(list(mass.values()), dtype=np.float64)).all()

    def test_fore_aft_axis_is_anterior(
        self, read_real: Callable[[str], list[ImportedRecording]]
    ) -> None:
        """Braking after contact, propulsion later: on the mean over 46 recordings."""
        course = np.mean([fore_aft_after_contact(r) for r in read_real(CARD.id)], axis=0)
        assert course[10:15].mean() < course.mean() - 0.2
        assert course[30:45].mean() > course.mean() + 0.1

    def test_step_rate_is_that_of_jogging(
        self, read_real: Callable[[str], list[ImportedRecording]]
    ) -> None:
        for recording in read_real(CARD.id):
            frequency, power = welch(
                recording.signals["acc_y_mps2"].to_numpy(), fs=200, nperseg=4000
            )
            band = (frequency > 1.2) & (frequency < 4)
            assert 1.9 < frequency[band][power[band].argmax()] < 3.7, recording.recording_id
