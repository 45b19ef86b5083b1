from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat
from scipy.signal import welch

from pipelines.datasets.base import ImportedRecording, LeftOut
from pipelines.datasets.khandelwal_2016 import CARD, read_recordings


def write(folder: Path, lengths: tuple[int, int, int] = (50, 50, 50)) -> Path:
    for axis, value, n in zip("XYZ", (1.0, -9.8, 2.0), lengths, strict=True):
        savemat(folder / f"acc{axis}.mat", {f"acc{axis}": np.full((n, 1), value)})
    return folder


def test_axes(tmp_path: Path) -> None:
    (recording,) = read_recordings(write(tmp_path))
    assert isinstance(recording, ImportedRecording)
    assert recording.signals.iloc[0, 1:].tolist() == [1.0, 9.8, -2.0]
    assert recording.references["conditions"]["activity"].tolist() == ["walking"]


def test_axes_of_different_lengths_are_left_out(tmp_path: Path) -> None:
    (left_out,) = read_recordings(write(tmp_path, (50, 49, 50)))
    assert isinstance(left_out, LeftOut)
    assert "different lengths [49, 50]" in left_out.reason


def test_missing_file_is_left_out(tmp_path: Path) -> None:
    (left_out,) = read_recordings(tmp_path)
    assert isinstance(left_out, LeftOut)


@pytest.mark.mirror
def test_step_rate_is_that_of_the_notes(
    read_real: Callable[[str], list[ImportedRecording]],
) -> None:
    (recording,) = read_real(CARD.id)
    frequency, power = welch(recording.signals["acc_x_mps2"].to_numpy(), fs=128, nperseg=4096)
    band = (frequency > 0.6) & (frequency < 1.3)
    stride_rate_hz = frequency[band][power[band].argmax()]
    assert 1.94 - 0.04 < 2 * stride_rate_hz < 2.06 + 0.04
