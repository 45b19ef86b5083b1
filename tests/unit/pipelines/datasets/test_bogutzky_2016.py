from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.datasets.base import ImportedRecording, LeftOut
from pipelines.datasets.bogutzky_2016 import CARD, COLUMNS, SENSORS, read_recordings
from tolerance.schemas import validate

STRIDES = '"timestamp.ms","nn.interval.ms"\n71945,NA\n72736,791\n73530,794\n'


def write_strides(folder: Path) -> Path:
    for name in SENSORS.values():
        (folder / f"{name}-stride-data-1.csv").write_text(STRIDES)
    return folder


def write_raw(folder: Path, name: str, columns: tuple[str, ...] = COLUMNS) -> None:
    """Write a raw file as the repository's scripts describe it."""
    stamps_ms = 70_000 + np.arange(500) / 102.4 * 1000
    table = pd.DataFrame(np.column_stack((stamps_ms, np.tile([1, 2, 3, 90, 180, 0], (500, 1)))))
    table.columns = list(columns)
    text = table.to_csv(index=False)
    start, stop = "# StartTime: 2016/03/14 18:18:53\n", "# StopTime: 2016/03/14 18:45:10\n"
    (folder / f"{name}.csv").write_text(start + text + stop)


class TestWithoutRawFiles:
    def test_strides_are_kept_and_the_reason_told(self, tmp_path: Path) -> None:
        left, right = read_recordings(write_strides(tmp_path))
        assert isinstance(left, LeftOut)
        assert isinstance(right, LeftOut)
        assert "imu-rn42-bc98.csv is not here" in left.reason
        strides = left.references["strides"]
        np.testing.assert_allclose(strides["start_s"], [71.945, 72.736])
        np.testing.assert_allclose(strides["stop_s"], [72.736, 73.530])
        validate("strides", strides)

    def test_missing_stride_table(self, tmp_path: Path) -> None:
        found = list(read_recordings(tmp_path))
        assert all(isinstance(item, LeftOut) for item in found)
        assert len(found) == 2


class TestMadeRawFile:
    def test_units_and_clock(self, tmp_path: Path) -> None:
        write_raw(write_strides(tmp_path), SENSORS["left"])
        left, right = read_recordings(tmp_path)
        assert isinstance(left, ImportedRecording)
        assert isinstance(right, LeftOut)
        first = left.signals.iloc[0].to_numpy()
        np.testing.assert_allclose(first, [0, 1, 2, 3, np.pi / 2, np.pi, 0])
        assert 1 / left.signals["time_s"].diff().median() == pytest.approx(102.4)
        np.testing.assert_allclose(left.references["strides"]["start_s"], [1.945, 2.736])
        assert left.row["side"] == "left"
        for name, table in left.references.items():
            validate(name, table)

    def test_other_columns_are_left_out(self, tmp_path: Path) -> None:
        renamed = (*COLUMNS[:-1], "angular.velocity.z.rad.s")
        write_raw(write_strides(tmp_path), SENSORS["left"], renamed)
        left, _ = read_recordings(tmp_path)
        assert isinstance(left, LeftOut)
        assert "angular.velocity.z.rad.s" in left.reason


@pytest.mark.mirror
def test_published_strides(mirror: Path) -> None:
    left, right = (item.references["strides"] for item in read_recordings(mirror / CARD.id))
    assert (len(left), len(right)) == (1992, 1991)
    for strides, median_s in ((left, 0.791), (right, 0.781)):
        assert (strides["stop_s"] - strides["start_s"]).median() == pytest.approx(
            median_s, abs=5e-4
        )
