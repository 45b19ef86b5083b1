"""Dorschky et al. 2019 (BioMAC): mean stride of shank, foot and pelvis IMU with force, tiled."""

from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
from pipelines.datasets.force_references import force_references

__all__ = ["CARD", "read_recordings"]

N_POINTS: Final = 100
"""Points of the published mean cycle, from 0 to 99 % of the stride."""
N_STRIDES: Final = 40
"""Strides to tile: about half a minute of running."""
BODY_MASS_KG: Final = 73.0
HEIGHT_M: Final = 1.73
RUNNING_STRIDE_S: Final = 0.7335
SEGMENTS: Final = {"shank": "tibia_r", "foot": "foot_r", "pelvis": "pelvis"}
"""Our sensor and the segment's name in the file."""
JOINTS: Final = ("hip_flexion_r", "knee_angle_r", "ankle_angle_r")
ACTIVITIES: Final = ("running", "walking")
AXIS_OF: Final = {"1 0 0": 0, "0 1 0": 1, "0 0 1": 2}


def _sensor(name: str, site: str, side: str, placement: str) -> Sensor:
    return Sensor(
        name=name,
        site=site,
        side=side,
        placement=placement,
        model="wearable IMU of the study, mean over strides",
        frame="segment",
        sampling_rate_hz=N_POINTS / RUNNING_STRIDE_S,
        axes_note="already x anterior, y up, z right of the segment",
    )


CARD: Final = DatasetCard(
    id="biomac_imu_cycle",
    module="dorschky_2019",
    title="Mean gait cycles of wearable IMUs with force, joint angles and moments, tiled",
    citation=(
        "Dorschky E, Nitschke M, Seifer AK, van den Bogert AJ, Eskofier BM. Estimation of gait "
        "kinematics and kinetics from inertial sensor data using optimal control of "
        "musculoskeletal models. J Biomech 2019; 95: 109278. BioMAC-Sim-Toolbox."
    ),
    doi=None,
    home="https://github.com/mad-lab-fau/BioMAC-Sim-Toolbox",
    licence="Apache-2.0 (toolbox LICENSE)",
    licence_kind="permissive",
    ethics="Approval and consent are not described in the toolbox; one man, height and mass only.",
    n_runners=1,
    n_recordings=6,
    age="not stated",
    sex="male",
    speed="running 3.474 m/s, walking 1.292 m/s",
    foot_strike="not stated",
    surface="laboratory",
    sensors=(
        _sensor("shank", "shank", "right", "right tibia, lateral, 20 cm below the knee"),
        _sensor("foot", "foot", "right", "right foot, 12 cm before the ankle"),
        _sensor("pelvis", "sacrum", "unknown", "back of the pelvis"),
    ),
    references=(
        Reference(table="force", what="vertical force of the right foot, mean cycle", unit="BW"),
        Reference(table="contacts", what="contacts of the right foot", unit="s, BW"),
        Reference(table="joints", what="right hip, knee, ankle in the sagittal plane", unit="rad"),
        Reference(table="conditions", what="speed", unit="m/s"),
        Reference(table="excluded", what="contacts cut at begin or end", unit="s"),
    ),
    cautions=(
        "A mean cycle, repeated 40 times: no variability between strides, and impact peaks are "
        "lower than those of any single stride. A fixture with true events, force and moments, "
        "not a recording.",
        "Force, events and joints of the right leg only; the pelvis sensor sees the left one too.",
        "100 points a stride, kept as they are: 136.3 Hz running, 82.4 Hz walking.",
        "Derived tables, in a mirror only: the toolbox holds them as MATLAB tables.",
    ),
)


def read_recordings(raw_dir: Path) -> Imported:
    """Read both activities and all sensors; a damaged table is left out with its reason."""
    for activity in ACTIVITIES:
        try:
            table = pd.read_csv(raw_dir / f"derived_P01_norm{activity}.csv")
            table = table[table["stat"] == "mean"]
        except (OSError, ValueError, KeyError) as error:
            yield LeftOut(f"biomac_{activity}", f"{type(error).__name__}: {error}")
            continue
        for sensor in SEGMENTS:
            yield read_or_leave_out(
                f"biomac_{activity}_{sensor}", partial(_recording, table, activity, sensor)
            )


def _recording(table: pd.DataFrame, activity: str, sensor: str) -> ImportedRecording:
    """Tile one sensor's mean cycle to a recording."""
    recording_id = f"biomac_{activity}_{sensor}"
    rate_hz = N_POINTS / _number(table, "dur")
    n_samples = N_POINTS * N_STRIDES
    time_s = np.arange(n_samples) / rate_hz
    right_bw = np.tile(_cycle(table, "GRF", "GRF_y_r"), N_STRIDES)
    references = dict(force_references(recording_id, right_bw, rate_hz, side="right"))
    references["joints"] = pd.concat(
        [_joint(table, recording_id, joint, time_s) for joint in JOINTS], ignore_index=True
    )
    references["conditions"] = reference_frame(
        "conditions",
        {
            "recording_id": recording_id,
            "start_s": 0.0,
            "stop_s": n_samples / rate_hz,
            "activity": activity,
            "speed_mps": _number(table, "speed"),
            "grade_deg": 0.0,
            "split_group": "biomac_runner",
        },
    )
    segment = SEGMENTS[sensor]
    return ImportedRecording(
        row=recording_row(
            CARD,
            CARD.sensor(sensor),
            recording_id=recording_id,
            runner_id="biomac_runner",
            session_id=f"biomac_{activity}",
            sampling_rate_hz=rate_hz,
            body_mass_kg=BODY_MASS_KG,
            height_m=HEIGHT_M,
        ),
        signals=signals_frame(
            time_s, _three_axes(table, "acc", segment), _three_axes(table, "gyro", segment)
        ),
        references=references,
    )


def _points(row: pd.DataFrame, what: str) -> NDArray[np.float64]:
    """Return the points of the one row that matches."""
    if len(row) != 1:
        raise UnusableRecordingError(f"{len(row)} rows of {what}, expected 1")
    columns = [f"s{point:03d}" for point in range(N_POINTS)]
    points: NDArray[np.float64] = row[columns].to_numpy(np.float64)[0]
    return points


def _cycle(table: pd.DataFrame, kind: str, name: str) -> NDArray[np.float64]:
    return _points(table[(table["type"] == kind) & (table["name"] == name)], f"{kind} {name}")


def _number(table: pd.DataFrame, name: str) -> float:
    return float(_points(table[table["type"] == name], name)[0])


def _three_axes(table: pd.DataFrame, kind: str, segment: str) -> NDArray[np.float64]:
    """Return (n_samples, 3) tiled values; a direction that the table lacks is NaN."""
    rows = table[(table["type"] == kind) & (table["segment"] == segment)]
    values = np.full((N_POINTS * N_STRIDES, 3), np.nan)
    for direction, axis in AXIS_OF.items():
        row = rows[rows["direction"] == direction]
        if len(row):
            values[:, axis] = np.tile(_points(row, f"{kind} {segment} {direction}"), N_STRIDES)
    return values


def _joint(
    table: pd.DataFrame, recording_id: str, joint: str, time_s: NDArray[np.float64]
) -> pd.DataFrame:
    return reference_frame(
        "joints",
        {
            "recording_id": recording_id,
            "time_s": time_s,
            "joint": joint,
            "angle_rad": np.tile(_cycle(table, "angle", joint), N_STRIDES),
            "moment_nmpkg": np.tile(_cycle(table, "moment", joint), N_STRIDES) / BODY_MASS_KG,
        },
    )
