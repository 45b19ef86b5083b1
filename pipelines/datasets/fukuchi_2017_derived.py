"""Ten further runners of Fukuchi et al. 2017, as arrays derived from their C3D files."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.datasets.base import (
    DatasetCard,
    Imported,
    LeftOut,
    Reference,
    UnusableRecordingError,
)
from pipelines.datasets.treadmill_shank import Trial, recordings_or_reason, shank_sensor

__all__ = ["CARD", "read_recordings", "read_trials"]

FORCE_N_PER_COUNT: Final = 0.1
MARKER_M_PER_COUNT: Final = 1e-4
NAME: Final = re.compile(r"S(\d{3})_T(\d\d)_F_dN")
SEEN_AS_C3D: Final = frozenset({"001", "002", "010", "011", "012", "013"})
"""Runners whose C3D files are public with an address (``fukuchi_2017``): not read again here."""

CARD: Final = DatasetCard(
    id="rbds_fukuchi2017_derived",
    module="fukuchi_2017_derived",
    title="A public dataset of running biomechanics (RBDS), ten runners as derived arrays",
    citation=(
        "Fukuchi RK, Fukuchi CA, Duarte M. A public dataset of running biomechanics and the "
        "effects of running speed on lower extremity kinematics and kinetics. PeerJ 2017; 5: e3298."
    ),
    doi="10.7717/peerj.3298",
    home="https://doi.org/10.6084/m9.figshare.4543435",
    licence=(
        "CC BY: the article is open access under it and the figshare record is understood to be "
        "CC BY 4.0 (confirm there); the arrays are derived from its C3D files"
    ),
    licence_kind="permissive",
    ethics=(
        "As fukuchi_2017: approval and consent are reported in the paper; only mass and height of "
        "numbered people are imported."
    ),
    n_runners=10,
    n_recordings=60,
    age="26 to 51 years",
    sex="9 men, 1 woman",
    speed="2.5, 3.5 and 4.5 m/s, 30 s each",
    foot_strike="rearfoot, midfoot and forefoot, per leg and speed in RBDSinfo.csv",
    surface="treadmill",
    sensors=(shank_sensor("left"), shank_sensor("right")),
    references=(
        Reference(table="force", what="vertical treadmill force, both feet, 300 Hz", unit="BW"),
        Reference(table="contacts", what="contacts of the recording's own foot", unit="s, BW"),
        Reference(table="conditions", what="belt speed", unit="m/s"),
        Reference(table="excluded", what="contacts cut at begin or end", unit="s"),
    ),
    cautions=(
        "Derived arrays (0.1 N, 0.1 mm), in a mirror only: without one this set is a reported "
        "skip. The official C3D files of the same runners can be laid beside those of "
        "fukuchi_2017 instead.",
        "The six runners that fukuchi_2017 has as C3D are in the arrays too and are not read, so "
        "that no runner counts twice; every result states which source it came from.",
        "No IMU was worn: the gyroscope is virtual, from markers at 150 Hz low-passed at 20 Hz.",
        "A marker at exactly (0, 0, 0) was not seen: NaN.",
    ),
)


def read_recordings(raw_dir: Path) -> Imported:
    """Read the ten runners' trials; a damaged one is left out with its reason."""
    for read in read_trials(raw_dir):
        yield from [read] if isinstance(read, LeftOut) else recordings_or_reason(CARD, *read)


def read_trials(raw_dir: Path) -> Iterator[tuple[str, Trial] | LeftOut]:
    """Give name and content of the ten runners' trials, or why one cannot be read."""
    try:
        people = pd.read_csv(raw_dir / "RBDSinfo.csv").drop_duplicates("Subject")
        people = people.set_index("Subject")
        # Opened here, because NumPy leaves a damaged archive open.
        with (raw_dir / "derived" / "dev_forces_shank_int16.npz").open("rb") as stream:
            arrays = np.load(stream, allow_pickle=False)
            for name in sorted(arrays.files):
                match = NAME.fullmatch(name)
                if match and match[1] not in SEEN_AS_C3D:
                    yield _trial(arrays, match[1], match[2], people)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        yield LeftOut("rbds_derived", f"{type(error).__name__}: {error}")


def _trial(
    arrays: np.lib.npyio.NpzFile, runner: str, speed: str, people: pd.DataFrame
) -> tuple[str, Trial] | LeftOut:
    name = f"rbds_{runner}_T{speed}"
    try:
        key = f"S{runner}_T{speed}"
        body = people.loc[[int(runner)]]
        return name, Trial(
            runner=runner,
            speed_mps=int(speed) / 10,
            mass_kg=float(body["Mass"].iloc[0]),
            height_m=float(body["Height"].iloc[0]) / 100,
            force_n=arrays[f"{key}_F_dN"] * FORCE_N_PER_COUNT,
            markers_m={
                "left": _markers(arrays[f"{key}_Lshank_dmm"]),
                "right": _markers(arrays[f"{key}_Rshank_dmm"]),
            },
        )
    except Exception as error:
        # A damaged archive raises nearly anything.
        return LeftOut(name, f"{type(error).__name__}: {error}")


def _markers(counts: NDArray[np.int16]) -> NDArray[np.float64]:
    """Turn counts into metres; a marker at the origin was not seen."""
    if counts.ndim != 3 or counts.shape[1:] != (4, 3):
        raise UnusableRecordingError(f"markers have shape {counts.shape}, expected (n, 4, 3)")
    positions = counts.astype(np.float64) * MARKER_M_PER_COUNT
    positions[np.all(counts == 0, axis=2)] = np.nan
    return positions
