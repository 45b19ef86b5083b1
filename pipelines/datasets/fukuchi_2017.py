"""Fukuchi, Fukuchi & Duarte 2017 (RBDS): treadmill force and markers from C3D files."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

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
from pipelines.datasets.treadmill_shank import (
    FORCE_RATE_HZ,
    MARKER_RATE_HZ,
    Trial,
    recordings_or_reason,
    shank_sensor,
)

__all__ = ["CARD", "read_recordings", "read_trials"]

MARKERS: Final = ("Top.Lateral", "Top.Medial", "Bottom.Lateral", "Bottom.Medial")
FORCE_CHANNELS: Final = ("F1X", "F1Y", "F1Z")
NAME: Final = re.compile(r"RBDS(\d{3})runT(\d\d)")
LARGEST_BYTES: Final = 100_000_000
"""A trial has 2.6 MB; a file this large is none, whatever its header says."""

CARD: Final = DatasetCard(
    id="rbds_fukuchi2017",
    module="fukuchi_2017",
    title="A public dataset of running biomechanics (RBDS), six runners as C3D",
    citation=(
        "Fukuchi RK, Fukuchi CA, Duarte M. A public dataset of running biomechanics and the "
        "effects of running speed on lower extremity kinematics and kinetics. PeerJ 2017; 5: e3298."
    ),
    doi="10.7717/peerj.3298",
    home="https://doi.org/10.6084/m9.figshare.4543435",
    licence=(
        "CC BY: the article is open access under it and the figshare record is understood to be "
        "CC BY 4.0 (confirm there); the repository the files come from states none"
    ),
    licence_kind="permissive",
    ethics=(
        "The paper reports approval by the ethics committee of the Federal University of ABC and "
        "informed consent (to be read there). Habits and past injuries of numbered people; only "
        "mass and height are imported."
    ),
    n_runners=6,
    n_recordings=36,
    age="22 to 45 years (all 28 runners: 22 to 51)",
    sex="6 men (all 28 runners: 27 men, 1 woman)",
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
        "No IMU was worn: the gyroscope is virtual, from markers at 150 Hz low-passed at 20 Hz, "
        "about the mediolateral axis only. A worn sensor is noisier and slips.",
        "The side of a contact is the side of the lower shank in its middle.",
        "Six of 28 runners are listed with addresses here; further official C3D files laid beside "
        "them (data/RBDSnnn/RBDSnnnrunTvv.c3d) are read as well.",
        "A marker that was not seen stands at the origin (26 samples in 4 trials): NaN, listed in "
        "rejected.",
        "Raw analog values times the diagonal of FORCE_PLATFORM:CAL_MATRIX are newtons.",
    ),
)


def read_recordings(raw_dir: Path) -> Imported:
    """Read every C3D trial below ``raw_dir``; a damaged file is left out with its reason."""
    for read in read_trials(raw_dir):
        yield from [read] if isinstance(read, LeftOut) else recordings_or_reason(CARD, *read)


def read_trials(raw_dir: Path) -> Iterator[tuple[str, Trial] | LeftOut]:
    """Give name and content of every C3D trial below ``raw_dir``, or why it cannot be read."""
    try:
        people = pd.read_csv(raw_dir / "RBDSinfo.csv").drop_duplicates("Subject")
        people = people.set_index("Subject")
    except (OSError, ValueError, KeyError) as error:
        yield LeftOut("rbds", f"RBDSinfo.csv: {type(error).__name__}: {error}")
        return
    for path in sorted(raw_dir.glob("data/RBDS*/RBDS*runT*.c3d")):
        match = NAME.fullmatch(path.stem)
        if match:
            name = f"rbds_{match[1]}_T{match[2]}"
            yield _trial(path, name, match[1], int(match[2]) / 10, people)


def _trial(
    path: Path, name: str, runner: str, speed_mps: float, people: pd.DataFrame
) -> tuple[str, Trial] | LeftOut:
    try:
        force_n, markers_m = read_c3d(path)
        body = people.loc[[int(runner)]]
        return name, Trial(
            runner=runner,
            speed_mps=speed_mps,
            mass_kg=float(body["Mass"].iloc[0]),
            height_m=float(body["Height"].iloc[0]) / 100,
            force_n=force_n,
            markers_m=markers_m,
        )
    except Exception as error:
        # Readers of foreign formats raise nearly anything on a damaged file.
        return LeftOut(name, f"{type(error).__name__}: {error}")


def read_c3d(path: Path) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Read force in newtons and shank markers in metres.

    Returns
    -------
    force_n : (n_force, 3) float array
    markers_m : mapping of side to (n_markers, 4, 3) float array
        NaN where a marker was not seen.

    Raises
    ------
    UnusableRecordingError
        With all that contradicts the documented format.
    """
    if path.stat().st_size > LARGEST_BYTES:
        raise UnusableRecordingError(f"{path.stat().st_size} bytes, a trial has about 2.6 million")
    c3d: Any = import_module("c3d")
    with path.open("rb") as stream:
        reader = c3d.Reader(stream)
        points = [label.strip() for label in reader.point_labels]
        analogs = [label.strip() for label in reader.analog_labels]
        _check(reader, points, analogs, path)
        wanted = {
            side: [points.index(f"{side[0].upper()}.Shank.{marker}") for marker in MARKERS]
            for side in ("left", "right")
        }
        columns = [analogs.index(channel) for channel in FORCE_CHANNELS]
        calibration = np.diag(
            np.reshape(reader.get("FORCE_PLATFORM").get("CAL_MATRIX").float_array, (6, 6))
        )
        frames = [(frame[1], frame[2]) for frame in reader.read_frames()]
    positions = np.array([point for point, _ in frames], dtype=np.float64)
    # A point that was not seen has a negative residual or, in these files, stands at the origin.
    unseen = (positions[:, :, 3] < 0) | np.all(positions[:, :, :3] == 0, axis=2)
    positions[unseen] = np.nan
    force = np.concatenate([analog[columns].T for _, analog in frames]).astype(np.float64)
    markers = {side: positions[:, index, :3] / 1000 for side, index in wanted.items()}
    return force * calibration[columns], markers


def _check(reader: Any, points: list[str], analogs: list[str], path: Path) -> None:
    """Raise ``UnusableRecordingError`` with all that contradicts the documented format."""
    problems: list[str] = []
    needed = [f"{side}.Shank.{marker}" for side in "LR" for marker in MARKERS]
    missing = [label for label in needed if label not in points]
    missing += [label for label in FORCE_CHANNELS if label not in analogs]
    if missing:
        problems.append(f"lacks {', '.join(missing)}")
    if (reader.point_rate, reader.analog_rate) != (MARKER_RATE_HZ, FORCE_RATE_HZ):
        problems.append(
            f"rates {reader.point_rate:g} and {reader.analog_rate:g} Hz, expected 150 and 300"
        )
    n_frames = int(reader.last_frame) - int(reader.first_frame) + 1
    # Two bytes a value is the densest storage: a header that promises more than fits is damaged.
    if n_frames * len(points) * 4 * 2 > path.stat().st_size:
        problems.append(f"header promises {n_frames} frames, more than the file holds")
    if problems:
        raise UnusableRecordingError("; ".join(problems))
