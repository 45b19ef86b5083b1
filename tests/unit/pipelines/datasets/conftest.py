import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pipelines.datasets.base import ImportedRecording, LeftOut
from pipelines.datasets.registry import load_dataset
from pipelines.datasets.treadmill_shank import FORCE_RATE_HZ, MARKER_RATE_HZ, Trial

STEP_S, CONTACT_S = 0.36, 0.24


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Folder of the dataset mirror; without one the test is skipped."""
    place = os.environ.get("TOLERANCE_DATA_MIRROR")
    if not place:
        pytest.skip("TOLERANCE_DATA_MIRROR is not set: no real data here")
    return Path(place)


@pytest.fixture(scope="session")
def read_real(mirror: Path) -> Callable[[str], list[ImportedRecording]]:
    """Read every recording of a real dataset; none may be left out."""

    @cache
    def read(dataset_id: str) -> list[ImportedRecording]:
        dataset = load_dataset(dataset_id)
        assert dataset.read_recordings is not None
        found = list(dataset.read_recordings(mirror / dataset.files.folder))
        left_out = [item for item in found if isinstance(item, LeftOut)]
        assert not left_out
        return [item for item in found if isinstance(item, ImportedRecording)]

    return read


def shank(angle_rad: np.ndarray, height_m: np.ndarray) -> np.ndarray:
    """Four markers of a shank 0.2 m long that leans by an angle from the x axis."""
    along = np.column_stack((np.cos(angle_rad), np.sin(angle_rad), np.zeros(angle_rad.size)))
    middle = np.column_stack((np.zeros(angle_rad.size), height_m, np.zeros(angle_rad.size)))
    outwards = np.array([0.0, 0.0, 0.03])
    top, bottom = middle + 0.1 * along, middle - 0.1 * along
    return np.stack((top + outwards, top - outwards, bottom + outwards, bottom - outwards), axis=1)


@pytest.fixture
def made_trial() -> Trial:
    """Six seconds of contacts that take turns; the shank in contact is the lower one."""
    duration_s = 6.0
    marker_s = np.arange(int(duration_s * MARKER_RATE_HZ)) / MARKER_RATE_HZ
    force_s = np.arange(int(duration_s * FORCE_RATE_HZ)) / FORCE_RATE_HZ
    phase = ((force_s - 0.05) % STEP_S) / CONTACT_S
    weight_n = 70 * 9.80665
    vertical = np.where(phase < 1, 2.36 * weight_n * np.sin(np.pi * np.minimum(phase, 1)), 0)
    turn = np.cos(2 * np.pi * (marker_s - 0.05 - CONTACT_S / 2) / (2 * STEP_S))
    upright = np.full(marker_s.size, np.pi / 2)
    return Trial(
        runner="007",
        speed_mps=3.5,
        mass_kg=70.0,
        height_m=1.8,
        force_n=np.column_stack((np.zeros(force_s.size), np.zeros(force_s.size), -vertical)),
        markers_m={
            "left": shank(upright, 0.4 - 0.1 * turn),
            "right": shank(upright, 0.4 + 0.1 * turn),
        },
    )


@pytest.fixture(name="shank")
def shank_fixture() -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Build four shank markers from an angle and a height."""
    return shank
