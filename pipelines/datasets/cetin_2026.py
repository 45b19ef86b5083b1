"""Çetin & Köroğlu 2026: foot IMU of mixed walking and running with ruler-measured strides."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.io import loadmat

from pipelines.datasets.base import (
    DatasetCard,
    Imported,
    ImportedRecording,
    Matrix,
    Reference,
    Sensor,
    UnusableRecordingError,
    apply_axes,
    excluded_frame,
    read_or_leave_out,
    recording_row,
    reference_frame,
    signals_frame,
)

__all__ = ["CARD", "read_recordings"]

SAMPLING_RATE_HZ: Final = 200.0

AXES: Final[Matrix] = ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0))
"""Raw x runs along the instep to the toes, y to the right, z into the ground.

Documented: x anterior = raw x, y up = -raw z, z right = raw y. Found from gravity at rest (raw z
reads about -8 m/s²) and from the direction of travel (see the tests).
"""
AXES_TURNED: Final[Matrix] = ((-1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, -1.0, 0.0))
"""The same, with the sensor turned half round about the vertical."""
TURNED_EXPERIMENTS: Final = frozenset({34, 35})
"""Experiments mounted the other way: at rest raw x reads +5 instead of -5 m/s², and the foot
travels against raw x."""

RUNNING_MAX_STRIDE_S: Final = 0.9
RUNNING_MIN_SPEED_MPS: Final = 1.8
"""Running by the reference: shorter than 0.9 s and faster than 1.8 m/s (the dataset's notes).
A stride that meets one of the two is on the border of any definition: activity "unknown"."""
IMPOSSIBLE_SPEED_MPS: Final = 7.0
"""Faster than this the hand-made annotation is wrong: the fastest genuine strides (0.53 s) reach
6.4 m/s, the one beyond (trial 63, mark 47) 12.9 m/s."""
NOT_FORWARD: Final[Mapping[int, int]] = {52: 18}
"""Experiment and stride from which the foot travels sideways, then backwards (integrated IMU:
-1.5 m of forward travel a stride from stride 25 on); not gait as elsewhere, activity "other"."""

SPLIT_GROUP: Final = "gdlbio_and_pyshoe"
"""The authors re-annotated trials of pyshoe_vicon: both sets stay on one side of a split."""

CARD: Final = DatasetCard(
    id="gdlbio_foot",
    module="cetin_2026",
    title="A stride-wise annotated mini-dataset for gait-driven inertial navigation (GDLBIO)",
    citation=(
        "Çetin G, Köroğlu MT. A Stride-Wise Annotated Mini-Dataset for Gait-Driven Learning-Based "
        "Inertial Navigation. Turkish Journal of Electrical Engineering and Computer Sciences "
        "2026; 1(1): 823-837."
    ),
    doi=None,
    home="https://github.com/mtahakoroglu/LLIO",
    licence="MIT (repository LICENSE, copyright 2024 Tā-Hā)",
    licence_kind="permissive",
    ethics=(
        "Approval and consent are not described in the repository; one adult, no name, no health "
        "data. Cite the paper when using it, as its authors ask."
    ),
    n_runners=1,
    n_recordings=22,
    age="not stated",
    sex="not stated",
    speed="0.5 to 6.4 m/s by stride (median of the running strides of a file 1.9 to 4.4 m/s)",
    foot_strike="not stated",
    surface="indoor",
    sensors=(
        Sensor(
            name="foot",
            site="foot",
            side="unknown",
            placement="on the shoe's instep, one foot; which one is not stated",
            model="LORD MicroStrain 3DM-GX5-25",
            frame="sensor",
            sampling_rate_hz=SAMPLING_RATE_HZ,
            acc_range_g=20.0,
            gyr_range_dps=500.0,
            axes=AXES,
            axes_note=(
                "x anterior = raw x, y up = -raw z, z right = raw y, tilted by the instep; "
                "experiments 34 and 35 are mounted half round and use their own matrix"
            ),
        ),
    ),
    references=(
        Reference(
            table="strides",
            what="end of foot-flat (heel-off) of every stride and its ruler-measured position",
            unit="s, m",
        ),
        Reference(table="conditions", what="measured distance of the whole walk or run", unit="m"),
        Reference(table="excluded", what="stretches without a usable annotation", unit="s"),
    ),
    cautions=(
        (
            "strideIndex marks the end of foot-flat and follows from the IMU to 2 ms: timing "
            "against it tests a convention."
        ),
        "The first mark is standing and the last stride holds standstill: both are excluded.",
        "Trial 63, mark 47 is impossible (12.9 m/s): both strides that share it are excluded.",
        "Experiment 52 goes sideways from stride 18 and backwards from stride 25 on.",
        (
            "Strides that are running by stride time or by speed alone are 'unknown': any border "
            "between walking and running is arbitrary there."
        ),
        (
            "The gyroscope rails at about 500 °/s (8.55 rad/s catches all) in 0.5 to 21 % of "
            "samples, the accelerometer at 200 m/s² in at most 0.1 %; strides with 20 or more "
            "railed samples have a length SD of 0.18 m against 0.024 m."
        ),
        (
            "The authors re-annotated some trials of pyshoe_vicon; no trial here matches one "
            "there (largest correlation of |acceleration| over 5 s: 0.76), but keep both on one "
            "side of a split."
        ),
        (
            "Fields such as pyshoeTrajectory, acc_n and euler_angles are derived by the authors "
            "and are not read."
        ),
    ),
)


def read_recordings(raw_dir: Path) -> Imported:
    """Read every trial below ``raw_dir``; a damaged file is left out with its reason."""
    paths = raw_dir.glob("data/*/SensorConnectData_*_GDLBIO.mat")
    for path in sorted(paths, key=lambda path: path.name):
        recording_id = f"gdlbio_{path.name.split('_')[1]}"
        yield read_or_leave_out(recording_id, partial(_read, path, recording_id))


def _read(path: Path, recording_id: str) -> ImportedRecording:
    """Read one trial."""
    content = loadmat(
        path, variable_names=["imu_data", "timestamps", "strideIndex", "GCP", "expID"]
    )
    imu = np.asarray(content["imu_data"], dtype=np.float64)
    stamps = np.asarray(content["timestamps"], dtype=np.float64).ravel()
    marks = np.asarray(content["strideIndex"], dtype=np.int64).ravel()
    position_m = np.asarray(content["GCP"], dtype=np.float64)
    experiment = int(np.asarray(content["expID"]).ravel()[0])
    _check(imu, stamps, marks, position_m)
    axes = AXES_TURNED if experiment in TURNED_EXPERIMENTS else AXES
    time_s = stamps - stamps[0]
    strides, excluded = _strides(recording_id, experiment, time_s, marks, position_m)
    steps_m = np.linalg.norm(np.diff(position_m, axis=0), axis=1)
    return ImportedRecording(
        row=recording_row(
            CARD,
            CARD.sensors[0],
            recording_id=recording_id,
            runner_id="gdlbio_runner",
            session_id=recording_id,
        ),
        signals=signals_frame(time_s, apply_axes(imu[:, :3], axes), apply_axes(imu[:, 3:], axes)),
        references={
            "strides": strides,
            "excluded": excluded,
            "conditions": reference_frame(
                "conditions",
                {
                    "recording_id": recording_id,
                    "start_s": float(time_s[marks[0]]),
                    "stop_s": float(time_s[marks[-1]]),
                    "activity": "unknown",
                    "distance_m": float(steps_m.sum()),
                    "split_group": SPLIT_GROUP,
                },
            ),
        },
    )


def _check(
    imu: NDArray[np.float64],
    stamps: NDArray[np.float64],
    marks: NDArray[np.int64],
    position_m: NDArray[np.float64],
) -> None:
    """Raise ``UnusableRecordingError`` with all that contradicts the documented format."""
    problems: list[str] = []
    if imu.ndim != 2 or imu.shape[1] != 6:
        problems.append(f"imu_data has shape {imu.shape}, expected (n, 6)")
    if stamps.size != imu.shape[0]:
        problems.append(f"{stamps.size} time stamps for {imu.shape[0]} samples")
    if position_m.shape != (marks.size, 2):
        problems.append(f"GCP has shape {position_m.shape}, expected {(marks.size, 2)}")
    if marks.size < 2 or np.any(np.diff(marks) <= 0) or marks[0] < 0 or marks[-1] >= stamps.size:
        problems.append("strideIndex is not an increasing list of sample indices")
    if problems:
        raise UnusableRecordingError("; ".join(problems))


def _strides(
    recording_id: str,
    experiment: int,
    time_s: NDArray[np.float64],
    marks: NDArray[np.int64],
    position_m: NDArray[np.float64],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return usable strides and the stretches that are excluded, with reasons."""
    mark_s = time_s[marks]
    start_s, stop_s = mark_s[:-1], mark_s[1:]
    length_m = np.linalg.norm(np.diff(position_m, axis=0), axis=1)
    speed_mps = length_m / (stop_s - start_s)
    index = np.arange(start_s.size)
    reason = np.full(start_s.size, "", dtype=object)
    impossible = speed_mps > IMPOSSIBLE_SPEED_MPS
    shares_mark = impossible | np.concatenate(([False], impossible[:-1]))
    reason[shares_mark] = "annotation error: impossible speed"
    reason[index == 0] = "starts from standing"
    reason[index == index[-1]] = "holds standstill"
    by_time = stop_s - start_s < RUNNING_MAX_STRIDE_S
    by_speed = speed_mps > RUNNING_MIN_SPEED_MPS
    activity = np.where(
        by_time & by_speed, "running", np.where(by_time | by_speed, "unknown", "walking")
    )
    activity[index >= NOT_FORWARD.get(experiment, index.size)] = "other"
    good = reason == ""
    strides = reference_frame(
        "strides",
        {
            "recording_id": np.full(int(good.sum()), recording_id, dtype=object),
            "stride_id": index[good],
            "start_s": start_s[good],
            "stop_s": stop_s[good],
            "stride_length_m": length_m[good],
            "speed_mps": speed_mps[good],
            "activity": activity[good],
        },
    )
    stretches = [
        (0.0, float(mark_s[0]), "before the first mark"),
        *((float(start_s[i]), float(stop_s[i]), str(reason[i])) for i in np.flatnonzero(~good)),
        (float(mark_s[-1]), float(time_s[-1]), "after the last mark"),
    ]
    return strides, excluded_frame(recording_id, stretches)
