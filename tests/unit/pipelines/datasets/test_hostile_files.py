"""Damaged files of every binary format: a reason or a valid recording, never a crash."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from pipelines.datasets import cetin_2026, fukuchi_2017_derived, wagstaff_2021
from pipelines.datasets.base import ImportedRecording, LeftOut
from tolerance.schemas import SchemaError, validate

FEW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
Reader = Callable[[Path], Iterator[ImportedRecording | LeftOut]]


def matlab(content: dict[str, np.ndarray]) -> bytes:
    stream = io.BytesIO()
    savemat(stream, content, do_compression=True)
    return stream.getvalue()


GDLBIO = matlab(
    {
        "imu_data": np.tile([-5.0, 1.0, -8.0, 0.1, 0.2, 0.3], (300, 1)),
        "timestamps": np.arange(300)[None, :] / 200,
        "strideIndex": np.array([[20, 120, 220, 299]]),
        "GCP": np.array([[0.0, 0], [1, 0], [2, 0], [3, 0]]),
        "expID": np.array([[7]]),
    }
)
PYSHOE = matlab({"imu": np.ones((300, 6)), "gt": np.random.default_rng(0).normal(0, 1, (300, 3))})


def archive() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, S009_T35_F_dN=np.ones((60, 3), dtype=np.int16))
    return stream.getvalue()


CASES = {
    "gdlbio": (
        cetin_2026.read_recordings,
        "data/training/SensorConnectData_7_GDLBIO.mat",
        GDLBIO,
    ),
    "pyshoe": (
        wagstaff_2021.read_recordings,
        "data/vicon/processed/2017-11-27-10-00-00.mat",
        PYSHOE,
    ),
    "rbds_derived": (
        fukuchi_2017_derived.read_recordings,
        "derived/dev_forces_shank_int16.npz",
        archive(),
    ),
}


@pytest.mark.parametrize("case", CASES)
@FEW
@given(data=st.data())
def test_damaged_bytes_give_a_reason_or_a_checked_recording(
    tmp_path: Path, case: str, data: st.DataObject
) -> None:
    read, place, whole = CASES[case]
    damaged = bytearray(whole[: data.draw(st.integers(0, len(whole)), label="kept")])
    for _ in range(data.draw(st.integers(0, 4), label="flips")):
        if damaged:
            at = data.draw(st.integers(0, len(damaged) - 1), label="at")
            damaged[at] = data.draw(st.integers(0, 255), label="byte")
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(damaged))
    (tmp_path / "RBDSinfo.csv").write_text("Subject,Mass,Height\n9,70,180\n")
    for item in read(tmp_path):
        if isinstance(item, LeftOut):
            assert item.reason
            continue
        try:
            validate("signals", item.signals)
        except SchemaError:
            # Nonsense that the format itself cannot rule out stops at the table's contract.
            continue
        for name, table in item.references.items():
            validate(name, table)
