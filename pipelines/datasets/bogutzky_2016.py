"""Bogutzky & Marsch 2016: mid-swing times of both shanks in an outdoor run, raw IMU by hand."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from pipelines.datasets.base import (
    DatasetCard,
    Imported,
    ImportedRecording,
    LeftOut,
    Reference,
    Sensor,
    UnusableRecordingError,
    read_or_leave_out,
    recording_row,
    reference_frame,
    signals_frame,
)

__all__ = ["CARD", "read_recordings"]

SAMPLING_RATE_HZ: Final = 102.4
SENSORS: Final[Mapping[str, str]] = {"left": "imu-rn42-bc98", "right": "imu-rn42-3b70"}
"""Name of the sensor on each leg, from the repository's README."""
COLUMNS: Final = (
    "timestamp.ms",
    "acceleration.x.ms.2",
    "acceleration.y.ms.2",
    "acceleration.z.ms.2",
    "angular.velocity.x.deg.s",
    "angular.velocity.y.deg.s",
    "angular.velocity.z.deg.s",
)
"""Columns of a raw file, as the repository's conversion script writes them."""
DISTANCE_M: Final = 4700.0
"""About, from the position fixes."""


def _sensor(side: str) -> Sensor:
    return Sensor(
        name=f"{side}_shank",
        site="shank",
        side=side,
        placement="on the lower leg",
        model="Shimmer (name imu-rn42)",
        frame="sensor",
        sampling_rate_hz=SAMPLING_RATE_HZ,
        axes_note=(
            "as in the file; raw x is the mediolateral axis (its rotation shows mid-swing), the "
            "rest is not documented"
        ),
    )


CARD: Final = DatasetCard(
    id="bogutzky_shank_strides",
    module="bogutzky_2016",
    title="PsychoPhysioPipeline: strides of both legs in an outdoor run",
    citation=(
        "Bogutzky S, Marsch P. PsychoPhysioPipeline: A Processing and Analysis Pipeline for "
        "Psychophysiological Research. Version 2.0.1, 2016."
    ),
    doi=None,
    home="https://github.com/sbogutzky/PsychoPhysioPipeline",
    licence="MIT (University of Applied Sciences Bremen)",
    licence_kind="permissive",
    ethics=(
        "The one runner is an author of the dataset and published his own run. Positions, heart "
        "rate and questionnaire stand in the repository and are neither listed nor fetched."
    ),
    n_runners=1,
    n_recordings=2,
    age="29 years by the repository's README",
    sex="male",
    speed="about 4.7 km in 26 min outdoors",
    foot_strike="not stated",
    surface="outdoor",
    sensors=(_sensor("left"), _sensor("right")),
    references=(
        Reference(table="strides", what="mid-swing to mid-swing, 1992 left, 1991 right", unit="s"),
        Reference(table="conditions", what="distance of the whole run (about)", unit="m"),
    ),
    cautions=(
        "The raw IMU is not fetched: its bytes were never seen, so there is no checksum. Place "
        "the two files by hand from the address of the file list; the reader follows the "
        "repository's description, is tested on a made file, and is untested on the real one.",
        "Without them the strides are imported and both recordings are reported as left out.",
        "Mid-swing was found by the authors on the x rotation with a threshold of 200 °/s and "
        "corrected by hand; strides over 1.3 s (pauses) were removed by them.",
        "A stride here runs from mid-swing to mid-swing, not from contact to contact.",
    ),
)


def read_recordings(raw_dir: Path) -> Imported:
    """Read both legs: signals where the raw file was placed by hand, strides in any case."""
    for side, name in SENSORS.items():
        recording_id = f"bogutzky_{side}"
        try:
            midswing = pd.read_csv(raw_dir / f"{name}-stride-data-1.csv")
            stop_s = midswing["timestamp.ms"].to_numpy(np.float64) / 1000
            stride_s = midswing["nn.interval.ms"].to_numpy(np.float64) / 1000
        except (OSError, ValueError, KeyError) as error:
            yield LeftOut(recording_id, f"stride table: {type(error).__name__}: {error}")
            continue
        path = raw_dir / f"{name}.csv"
        if not path.is_file():
            strides = _strides(recording_id, stop_s, stride_s)
            reason = f"raw file {path.name} is not here: place it by hand, see the card"
            yield LeftOut(recording_id, reason, {"strides": strides})
            continue
        yield read_or_leave_out(recording_id, partial(_read, path, side, stop_s, stride_s))


def _strides(
    recording_id: str, stop_s: np.ndarray, stride_s: np.ndarray, origin_s: float = 0.0
) -> pd.DataFrame:
    """Return strides that end at a mid-swing, in seconds from ``origin_s``."""
    known = np.isfinite(stride_s)
    return reference_frame(
        "strides",
        {
            "recording_id": np.full(int(known.sum()), recording_id, dtype=object),
            "stride_id": np.flatnonzero(known),
            "start_s": stop_s[known] - stride_s[known] - origin_s,
            "stop_s": stop_s[known] - origin_s,
            "activity": np.full(int(known.sum()), "running", dtype=object),
        },
    )


def _read(path: Path, side: str, stop_s: np.ndarray, stride_s: np.ndarray) -> ImportedRecording:
    """Read one leg's raw file, whose comment lines give start and stop of the session."""
    recording_id = f"bogutzky_{side}"
    table = pd.read_csv(path, comment="#")
    if tuple(table.columns) != COLUMNS:
        raise UnusableRecordingError(f"columns {list(table.columns)}, expected {list(COLUMNS)}")
    stamp_s = table[COLUMNS[0]].to_numpy(np.float64) / 1000
    acc_mps2 = table[list(COLUMNS[1:4])].to_numpy(np.float64)
    gyr_radps = np.deg2rad(table[list(COLUMNS[4:7])].to_numpy(np.float64))
    signals = signals_frame(stamp_s - stamp_s[0], acc_mps2, gyr_radps)
    return ImportedRecording(
        row=recording_row(
            CARD,
            CARD.sensor(f"{side}_shank"),
            recording_id=recording_id,
            runner_id="bogutzky_runner",
            session_id="bogutzky_2016-03-14",
        ),
        signals=signals,
        references={
            "strides": _strides(recording_id, stop_s, stride_s, float(stamp_s[0])),
            "conditions": reference_frame(
                "conditions",
                {
                    "recording_id": recording_id,
                    "start_s": 0.0,
                    "stop_s": float(signals["time_s"].iloc[-1]),
                    "activity": "unknown",
                    "distance_m": DISTANCE_M,
                    "split_group": "bogutzky_runner",
                },
            ),
        },
    )
