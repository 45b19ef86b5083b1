from pathlib import Path

import pandas as pd
import pytest

from pipelines.datasets.alcantara_2021 import CARD, COLUMNS, read_published
from pipelines.datasets.base import UnusableRecordingError
from tolerance.schemas import validate


def write(folder: Path, columns: tuple[str, ...] = COLUMNS) -> Path:
    row = dict(zip(COLUMNS, (1, 1, 51.4, 3.8, 2.71, 0.313, 0.199, 3.31), strict=True))
    pd.DataFrame([row])[list(columns)].to_csv(folder / "GRF_IMU_data.csv", index=False)
    return folder


def test_made_table(tmp_path: Path) -> None:
    table = read_published(write(tmp_path))
    validate("trial_means", table)
    first = table.iloc[0]
    assert first["runner_id"] == "sacral_01"
    assert first["sex"] == "female"
    assert first["contact_time_s"] == 0.199


def test_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableRecordingError, match="lacks GRFPeak"):
        read_published(write(tmp_path, tuple(c for c in COLUMNS if c != "GRFPeak")))


@pytest.mark.mirror
def test_published_means(mirror: Path) -> None:
    table = read_published(mirror / CARD.id)
    validate("trial_means", table)
    assert table["runner_id"].nunique() == CARD.n_runners
    columns = ["peak_vgrf_bw", "contact_time_s", "step_frequency_hz"]
    means = table.groupby("speed_mps")[columns].mean()
    assert means.loc[3.8].round(3).tolist() == pytest.approx([2.84, 0.202, 3.07], abs=0.005)
    assert means.loc[5.4].round(3).tolist() == pytest.approx([3.14, 0.168, 3.26], abs=0.005)
    assert sorted(means.index) == [3.8, 4.1, 4.9, 5.4]
