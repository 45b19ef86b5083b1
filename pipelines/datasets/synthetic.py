"""Simulated runners with known truth: the embedded data set, made by ``simulate_recordings``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadcore.constants import TISSUES
from pipelines.datasets.base import (
    DatasetCard,
    Imported,
    ImportedRecording,
    LeftOut,
    Reference,
    Sensor,
    reference_frame,
)
from pipelines.importers.motion_bids import MotionBidsImportError, read_motion_bids
from tolerance.simulate.imu_sensor import Clock

__all__ = ["CARD", "read_recordings"]

DATASET_ID: Final = "synthetic"
TRUTH: Final = Path("derivatives") / "simulation"

ACTIVITY: Final = {
    "standing": "still",
    "taps": "still",
    "walking": "walking",
    "running": "running",
    "stairs": "other",
    "jumps": "other",
}
"""Word of the simulator's script -> activity of the workspace."""

_AXES_NOTE: Final = (
    "the file names the nominal anatomical directions, which the importer turns to x anterior, "
    "y up, z right; the mounting misses them by up to 25°"
)


def _sensor(name: str, site: str, side: str, placement: str) -> Sensor:
    return Sensor(
        name=name,
        site=site,
        side=side,
        placement=placement,
        model="simulated after six data sheets, one kit per runner; first kit: LSM6DSO",
        frame="sensor",
        sampling_rate_hz=208.0,
        acc_range_g=16.0,
        gyr_range_dps=2000.0,
        axes_note=_AXES_NOTE,
    )


CARD: Final = DatasetCard(
    id=DATASET_ID,
    module="synthetic",
    title="Simulated runners with known contacts, force and tissue load",
    citation="None: made by the workspace itself (stage simulate_recordings).",
    doi=None,
    home="https://bids-specification.readthedocs.io/en/stable/modality-specific-files/motion.html",
    licence="CC0-1.0",
    licence_kind="permissive",
    ethics="Simulated: no person was measured.",
    n_runners=6,
    n_recordings=48,
    age="20 to 55 years (simulated)",
    sex="three women, three men (simulated)",
    speed="2.5 to 4.5 m/s at -10 to +10°",
    foot_strike="rearfoot, midfoot and forefoot (simulated)",
    surface="simulated",
    sensors=(
        _sensor("left_shank", "shank", "left", "front of the shin, distal third"),
        _sensor("right_shank", "shank", "right", "front of the shin, distal third"),
        _sensor("right_foot", "foot", "right", "instep; the left foot in kits with own clocks"),
        _sensor("sacrum", "sacrum", "unknown", "back of the pelvis"),
    ),
    references=(
        Reference(table="contacts", what="running contacts by 5 % of body weight", unit="s, BW"),
        Reference(table="strides", what="strides of the instrumented foot", unit="s, m, m/s"),
        Reference(table="conditions", what="activity, speed and slope", unit="m/s, °"),
        Reference(table="force", what="both feet, 200 Hz; sacrum recordings only", unit="BW"),
        Reference(table="tissue_forces", what="true peak and impulse", unit="BW, BW·s"),
    ),
    cautions=(
        (
            "Simulated: agreement proves code, not science. The simulator and the estimator share "
            "the two-mass and half-sine force model and the structure of the tissue model."
        ),
        "The rate, range, axes, noise and clocks differ by runner (100 to 1000 Hz, ±8 to ±30 g).",
        (
            "Contacts are those of running only: any contact found elsewhere is false. The last "
            "two contacts before standing have no end and are not complete."
        ),
        "Times are on each sensor's own clock, which drifts by up to 50 parts per million.",
        "The thigh is not simulated; shin, foot and sacrum each move consistently on their own.",
        "Mean stride shapes come from treadmill running of 16 people and one walking cycle.",
    ),
)


def read_recordings(raw_dir: Path) -> Imported:
    """Read the Motion-BIDS data set and put its truth on each sensor's clock."""
    try:
        recordings = read_motion_bids(raw_dir, DATASET_ID)
    except MotionBidsImportError as error:
        yield LeftOut(DATASET_ID, str(error))
        return
    for recording in recordings:
        yield _with_truth(recording, raw_dir / TRUTH)


def _with_truth(recording: ImportedRecording, truth: Path) -> ImportedRecording:
    """Add the reference tables of one recording."""
    sub, ses, task, tracksys, *point = recording.recording_id.split("_")
    stem = truth / sub / ses / f"{sub}_{ses}_{task}"

    def table(name: str) -> pd.DataFrame:
        return pd.read_csv(f"{stem}_{name}.tsv", sep="\t", na_values=["n/a"])

    sensors = table("sensors")
    mine = (sensors["tracksys"] == tracksys.removeprefix("tracksys-")) & (
        sensors["tracked_point"] == "_".join(point)
    )
    sensor = sensors[mine].iloc[0]
    clock = Clock(float(sensor["clock_offset_s"]), float(sensor["clock_drift_ppm"]))
    stop_s = float(recording.signals["time_s"].iloc[-1])
    side = str(recording.row["side"])
    references: dict[str, pd.DataFrame] = {
        **_contacts(recording.recording_id, table("contacts"), side, clock, stop_s),
        "conditions": _conditions(recording, table("bouts"), clock, stop_s),
    }
    if side == "unknown":
        references["force"] = _force(recording.recording_id, table("force"), clock, stop_s)
    else:
        strides = table("strides")
        references["strides"] = _strides(
            recording.recording_id, strides[strides["side"] == side], clock, stop_s
        )
    return ImportedRecording(
        row={**recording.row, "surface": CARD.surface},
        signals=recording.signals,
        references=references,
    )


def _on_clock(
    frame: pd.DataFrame, columns: tuple[str, ...], clock: Clock, stop_s: float
) -> pd.DataFrame:
    """Convert times to the sensor's clock; rows that begin outside the recording are dropped."""
    moved = frame.copy()
    for column in columns:
        moved[column] = clock.device_time_s(moved[column].to_numpy(np.float64))
    first = moved[columns[0]]
    return moved[(first >= 0.0) & (first <= stop_s)]


def _contacts(
    recording_id: str, contacts: pd.DataFrame, side: str, clock: Clock, stop_s: float
) -> Mapping[str, pd.DataFrame]:
    """Give running contacts of the instrumented foot, or of both, and their tissue forces."""
    seen = contacts["activity"] == "running"
    if side != "unknown":
        seen &= contacts["side"] == side
    mine = _on_clock(contacts[seen], ("initial_contact_s", "terminal_contact_s"), clock, stop_s)
    whole = mine["is_complete"] & (mine["terminal_contact_s"] <= stop_s)
    complete = mine[whole]

    def per_tissue(name: str) -> NDArray[np.float64]:
        columns = [f"{tissue}_{name}" for tissue in TISSUES]
        return complete[columns].to_numpy(np.float64).ravel()

    return {
        "contacts": reference_frame(
            "contacts",
            {
                "recording_id": recording_id,
                "side": mine["side"],
                "initial_contact_s": mine["initial_contact_s"],
                "terminal_contact_s": mine["terminal_contact_s"],
                "peak_vgrf_bw": mine["peak_vgrf_bw"],
                "peak_tibial_acc_g": mine["peak_tibial_acc_60_hz_g"],
                "is_complete": whole,
            },
        ),
        "tissue_forces": reference_frame(
            "tissue_forces",
            {
                "recording_id": recording_id,
                "side": np.repeat(complete["side"].to_numpy(), len(TISSUES)),
                "initial_contact_s": np.repeat(
                    complete["initial_contact_s"].to_numpy(), len(TISSUES)
                ),
                "tissue": np.tile(np.array(TISSUES, dtype=object), len(complete)),
                "peak_force_bw": per_tissue("peak_force_bw"),
                "impulse_bws": per_tissue("impulse_bws"),
            },
        ),
    }


def _conditions(
    recording: ImportedRecording, bouts: pd.DataFrame, clock: Clock, stop_s: float
) -> pd.DataFrame:
    """Say what the runner did when, cut to the recording."""
    times = bouts[["start_s", "stop_s"]].to_numpy(np.float64)
    on_clock = np.clip(clock.device_time_s(times), 0.0, stop_s)
    inside = on_clock[:, 1] > on_clock[:, 0]
    kept = bouts[inside]
    moving = kept["speed_mps"] > 0.0
    return reference_frame(
        "conditions",
        {
            "recording_id": recording.recording_id,
            "start_s": on_clock[inside, 0],
            "stop_s": on_clock[inside, 1],
            "activity": [ACTIVITY[word] for word in kept["activity"]],
            "speed_mps": kept["speed_mps"],
            "grade_deg": kept["grade_deg"].where(moving),
            "split_group": f"synthetic_{recording.row['runner_id']}",
        },
    )


def _strides(recording_id: str, strides: pd.DataFrame, clock: Clock, stop_s: float) -> pd.DataFrame:
    moved = _on_clock(strides, ("start_s", "stop_s"), clock, stop_s)
    moved = moved[moved["stop_s"] <= stop_s]
    return reference_frame(
        "strides",
        {
            "recording_id": recording_id,
            "stride_id": np.arange(len(moved)),
            "start_s": moved["start_s"],
            "stop_s": moved["stop_s"],
            "stride_length_m": moved["stride_length_m"],
            "speed_mps": moved["speed_mps"],
            "activity": moved["activity"],
        },
    )


def _force(recording_id: str, force: pd.DataFrame, clock: Clock, stop_s: float) -> pd.DataFrame:
    moved = _on_clock(force, ("time_s",), clock, stop_s)
    return reference_frame(
        "force",
        {
            "recording_id": recording_id,
            "time_s": moved["time_s"],
            "vgrf_bw": moved["vgrf_bw"],
        },
    )
