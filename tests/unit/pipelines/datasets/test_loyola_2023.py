from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import welch

from pipelines.datasets.base import ImportedRecording, LeftOut
from pipelines.datasets.loyola_2023 import (
    CARD,
    JOG_S,
    JOG_SPEED_MPS,
    read_recordings,
    turned_away,
)

G = 9.80665
HEADER = "--- Data File Created By ActiGraph GT3X+ at 100 Hz  Filter Normal ---\n" + "x\n" * 9
STEP_RATE_HZ = {"002": 2.61, "003": 2.66, "028": 2.71}


def write(folder: Path, name: str = "002ankle", header: str = HEADER) -> Path:
    raw = folder / "data" / "raw_accelerometer_data"
    raw.mkdir(parents=True, exist_ok=True)
    lines = ["Timestamp,Accelerometer X,Accelerometer Y,Accelerometer Z"]
    lines += [f"t,{-1 - 0.001 * (i % 7)},0.25,-0.5" for i in range(200)]
    lines += ["t,-0.9,0.2,-0.4"] * 100
    (raw / f"{name}.csv").write_text(header + "\n".join(lines) + "\n")
    biometrics = folder / "data" / "biometrics"
    biometrics.mkdir(exist_ok=True)
    (biometrics / "biometrics.csv").write_text("ID,weight,height\n2,80.6,172.7\n28,75.5,184\n")
    return folder


class TestMadeFile:
    def test_axes_units_and_body(self, tmp_path: Path) -> None:
        (recording,) = read_recordings(write(tmp_path))
        assert isinstance(recording, ImportedRecording)
        first_g = recording.signals.iloc[0, 1:4].to_numpy(np.float64) / G
        np.testing.assert_allclose(first_g, [0.25, 1.0, -0.5])
        assert recording.row["body_mass_kg"] == 80.6
        assert recording.row["height_m"] == pytest.approx(1.727)

    def test_device_worn_upside_down(self, tmp_path: Path) -> None:
        (recording,) = read_recordings(write(tmp_path, "028ankle"))
        assert isinstance(recording, ImportedRecording)
        first_g = recording.signals.iloc[0, 1:4].to_numpy(np.float64) / G
        np.testing.assert_allclose(first_g, [0.25, -1.0, 0.5])

    def test_waist(self, tmp_path: Path) -> None:
        (recording,) = read_recordings(write(tmp_path, "002waist"))
        assert isinstance(recording, ImportedRecording)
        first_g = recording.signals.iloc[0, 1:4].to_numpy(np.float64) / G
        np.testing.assert_allclose(first_g, [-0.5, -0.25, -1.0])

    def test_idle_sleep_is_masked(self, tmp_path: Path) -> None:
        (recording,) = read_recordings(write(tmp_path))
        assert isinstance(recording, ImportedRecording)
        idle = [mask for mask in recording.masks if mask.reason.startswith("idle")]
        assert [(mask.start_sample, mask.stop_sample) for mask in idle] == [(200, 300)]

    def test_other_rate_and_unknown_person_are_left_out(self, tmp_path: Path) -> None:
        write(tmp_path, "002ankle", HEADER.replace("100 Hz", "30 Hz"))
        first, second = read_recordings(write(tmp_path, "099ankle"))
        assert isinstance(first, LeftOut)
        assert "expected an export at 100 Hz" in first.reason
        assert isinstance(second, LeftOut)

    def test_missing_biometrics(self, tmp_path: Path) -> None:
        (left_out,) = read_recordings(tmp_path)
        assert isinstance(left_out, LeftOut)


class TestTurnedAway:
    def test_finds_the_stretch_on_its_face(self) -> None:
        acc_g = np.tile([0.1, 1.0, 0.0], (3000, 1))
        acc_g[1000:2000] = [1.0, 0.1, 0.0]
        (mask,) = turned_away(acc_g)
        assert (mask.start_sample, mask.stop_sample) == (1000, 2000)

    def test_a_lean_of_thirty_degrees_is_posture(self) -> None:
        acc_g = np.tile([0.5, 0.866, 0.0], (1200, 1))
        assert turned_away(acc_g) == ()

    def test_upside_down_in_a_short_recording(self) -> None:
        assert len(turned_away(np.tile([0.0, -1.0, 0.0], (70, 1)))) == 1


@pytest.mark.mirror
class TestRealData:
    def test_jog_has_the_known_step_rate(
        self, read_real: Callable[[str], list[ImportedRecording]]
    ) -> None:
        for recording in read_real(CARD.id):
            _, person, site = recording.recording_id.split("_")
            if person not in JOG_S:
                continue
            start_s, stop_s = JOG_S[person]
            time_s = recording.signals["time_s"]
            jog = recording.signals[time_s.between(start_s + 5, stop_s - 5)]
            vertical = jog["acc_y_mps2"].to_numpy()
            frequency, power = welch(vertical, fs=100, nperseg=2000)
            band = (frequency > 2.2) & (frequency < 3.2)
            rate_hz = frequency[band][power[band].argmax()]
            assert rate_hz == pytest.approx(STEP_RATE_HZ[person], abs=0.08), site

    def test_conditions_name_the_treadmill_speed(
        self, read_real: Callable[[str], list[ImportedRecording]]
    ) -> None:
        for recording in read_real(CARD.id):
            conditions = recording.references["conditions"]
            running = conditions[conditions["activity"] == "running"]
            person = recording.recording_id.split("_")[1]
            assert len(running) == (person in JOG_S)
            assert (running["speed_mps"] == JOG_SPEED_MPS).all()
