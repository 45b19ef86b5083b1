from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.signal import welch

from pipelines.datasets.base import ImportedRecording, LeftOut
from pipelines.datasets.karas_2019 import CARD, read_recordings

G = 9.80665


@pytest.fixture
def rdata() -> Any:
    return pytest.importorskip("rdata")


def write(folder: Path, rdata: Any, n: int = 300) -> Path:
    """Write the authors' data frame: half the samples of each sensor idle."""
    noise = np.random.default_rng(0).normal(0, 0.01, (2 * n, 3))
    noise[n // 2 : n] = 0
    table = pd.DataFrame(
        {
            "loc_id": pd.Categorical(["left_hip"] * n + ["left_ankle"] * n),
            "date_time": np.tile(1540490250.0 + np.arange(n) / 100, 2),
            "x": -0.2 + noise[:, 0],
            "y": -1.0 + noise[:, 1],
            "z": 0.1 + noise[:, 2],
        }
    )
    target = folder / "data" / "acc_running.rda"
    target.parent.mkdir(parents=True)
    rdata.write_rda(str(target), {"acc_running": table})
    return folder


class TestMadeFile:
    def test_axes_units_start_and_idle_sleep(self, tmp_path: Path, rdata: Any) -> None:
        shoe, hip = read_recordings(write(tmp_path, rdata))
        assert isinstance(shoe, ImportedRecording)
        assert isinstance(hip, ImportedRecording)
        assert (shoe.row["sensor_site"], hip.row["sensor_site"]) == ("foot", "hip")
        mean_g = hip.signals.iloc[:, 1:].mean().to_numpy() / G
        np.testing.assert_allclose(mean_g, [-0.2, 1.0, -0.1], atol=0.005)
        assert str(hip.row["started_at_utc"]) == "2018-10-25 17:57:30+00:00"
        assert [(mask.start_sample, mask.stop_sample) for mask in hip.masks] == [(150, 300)]
        assert shoe.masks == ()

    def test_missing_columns_leave_it_out(self, tmp_path: Path, rdata: Any) -> None:
        target = tmp_path / "data" / "acc_running.rda"
        target.parent.mkdir()
        rdata.write_rda(str(target), {"acc_running": pd.DataFrame({"x": [1.0]})})
        (left_out,) = read_recordings(tmp_path)
        assert isinstance(left_out, LeftOut)
        assert "expected ['date_time'" in left_out.reason

    def test_truncated_file_is_left_out(self, tmp_path: Path, rdata: Any) -> None:
        raw_dir = write(tmp_path, rdata)
        path = raw_dir / "data" / "acc_running.rda"
        path.write_bytes(path.read_bytes()[:500])
        (left_out,) = read_recordings(raw_dir)
        assert isinstance(left_out, LeftOut)


def step_rate_hz(acc: np.ndarray) -> float:
    """Strongest frequency of the size of acceleration between 2 and 3.6 Hz."""
    size = np.linalg.norm(acc, axis=1)
    frequency, power = welch(size, fs=100, nperseg=1000)
    band = (frequency > 2) & (frequency < 3.6)
    return float(frequency[band][power[band].argmax()])


@pytest.mark.mirror
class TestRealData:
    def test_hip_and_shoe_agree_on_cadence(
        self, rdata: Any, read_real: Callable[[str], list[ImportedRecording]]
    ) -> None:
        shoe, hip = (item.signals.iloc[:, 1:].to_numpy() for item in read_real(CARD.id))
        agree = 0
        windows = range(20_000, 40_000, 2000)
        for start in windows:
            rates = [step_rate_hz(acc[start : start + 2000]) for acc in (shoe, hip)]
            agree += abs(rates[0] - rates[1]) <= 0.1
        assert agree >= len(windows) - 1

    def test_shoe_is_stopped_backwards_at_contact(
        self, rdata: Any, read_real: Callable[[str], list[ImportedRecording]]
    ) -> None:
        shoe, _ = read_real(CARD.id)
        fore_aft_g = shoe.signals["acc_x_mps2"] / G
        assert fore_aft_g.min() < -7.9
        assert fore_aft_g.max() < 4.1

    def test_idle_sleep_is_masked(
        self, rdata: Any, read_real: Callable[[str], list[ImportedRecording]]
    ) -> None:
        shoe, hip = read_real(CARD.id)
        assert (len(shoe.masks), len(hip.masks)) == (9, 3)
        longest = max(mask.stop_sample - mask.start_sample for mask in shoe.masks)
        assert longest == 4001
