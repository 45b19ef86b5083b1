"""Sucerquia, López & Vargas-Bonilla 2017 (SisFall): waist IMU of adults jogging."""

import io
import re
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from loadcore.constants import STANDARD_GRAVITY_MPS2
from pipelines.datasets.base import (
    DatasetCard,
    Imported,
    ImportedRecording,
    LeftOut,
    Matrix,
    Reference,
    Sensor,
    UnusableRecordingError,
    apply_axes,
    read_or_leave_out,
    recording_row,
    reference_frame,
    signals_frame,
)

__all__ = ["CARD", "read_recordings"]

SAMPLING_RATE_HZ: Final = 200.0
ACC_G_PER_COUNT: Final = 2 * 16 / 2**13
"""ADXL345: ±16 g at 13 bit (Readme.txt)."""
GYR_DPS_PER_COUNT: Final = 2 * 2000 / 2**16
"""ITG3200: ±2000 °/s at 16 bit (Readme.txt)."""
N_COLUMNS: Final = 9

AXES: Final[Matrix] = ((0.0, 0.0, 1.0), (0.0, -1.0, 0.0), (1.0, 0.0, 0.0))
"""x anterior = raw z, y up = -raw y, z right = raw x.

Gravity reads -1 g on raw y in all 46 files; raw z drops after contact (braking) and rises later in
stance; turning gravity with the gyroscope fits best when both share one orientation.
"""
TRIALS: Final = {"D03": "slow", "D04": "quick"}
"""Activity code of the file and the word for its pace."""
PERSON: Final = re.compile(
    r"\|\s*(SA\d\d)\s*\|\s*(\d+)\s*\|\s*(\d+)\s*\|\s*([\d.]+)\s*\|\s*([MF])\s*\|"
)
"""A person in Readme.txt: id, age, height in cm, mass in kg, sex."""

CARD: Final = DatasetCard(
    id="sisfall_jog_adult",
    module="sucerquia_2017",
    title="SisFall: a fall and movement dataset, jogging of the adults",
    citation=(
        "Sucerquia A, López JD, Vargas-Bonilla JF. SisFall: A Fall and Movement Dataset. Sensors "
        "2017; 17(1): 198."
    ),
    doi="10.3390/s17010198",
    home="http://sistemic.udea.edu.co/en/research/projects/english-falls/",
    licence=(
        "not stated: neither the repository the files come from nor Readme.txt names one (the "
        "paper is CC BY 4.0; the official site offered the data for free download)"
    ),
    licence_kind="not_stated",
    ethics=(
        "The paper reports approval by the ethics committee of the Universidad de Antioquia and "
        "informed consent (to be read there). Age, sex, height and mass of numbered people."
    ),
    n_runners=23,
    n_recordings=46,
    age="19 to 30 years",
    sex="12 women, 11 men",
    speed="not measured: one trial of slow and one of quick jogging, 100 s each",
    foot_strike="not stated",
    surface="not stated",
    sensors=(
        Sensor(
            name="waist",
            site="waist",
            side="unknown",
            placement="at the belt buckle",
            model="own board: ADXL345 and ITG3200",
            frame="sensor",
            sampling_rate_hz=SAMPLING_RATE_HZ,
            acc_range_g=16.0,
            gyr_range_dps=2000.0,
            axes=AXES,
            axes_note="x anterior = raw z, y up = -raw y, z right = raw x",
        ),
    ),
    references=(
        Reference(table="conditions", what="jogging, slow or quick by instruction", unit="-"),
    ),
    cautions=(
        (
            "No time stamps, no speed, no events: a source of cadence and of variety between "
            "people only."
        ),
        "The second accelerometer (MMA8451Q, ±8 g) reaches its rail and is not read.",
        "The people jog on the spot or along a corridor as space allowed; turns are not marked.",
        "No licence is stated: nothing learned from this set may be part of a default bundle.",
    ),
)


def read_recordings(raw_dir: Path) -> Imported:
    """Read every trial of D03 and D04; a damaged file is left out with its reason."""
    folder = raw_dir / "SisFall_dataset"
    try:
        text = (folder / "Readme.txt").read_text(encoding="latin-1")
    except OSError as error:
        yield LeftOut("sisfall", f"Readme.txt: {error.strerror}")
        return
    people = {match[1]: (float(match[3]), float(match[4])) for match in PERSON.finditer(text)}
    for path in sorted(folder.glob("SA*/D0[34]_SA*_R*.txt")):
        trial, person, _ = path.stem.split("_")
        recording_id = f"sisfall_{person}_{TRIALS[trial]}"
        yield read_or_leave_out(recording_id, partial(_read, path, recording_id, person, people))


def _read(
    path: Path, recording_id: str, person: str, people: dict[str, tuple[float, float]]
) -> ImportedRecording:
    """Read one trial."""
    text = path.read_text(encoding="ascii").replace(";", "")
    counts = np.loadtxt(io.StringIO(text), delimiter=",", dtype=np.float64, ndmin=2)
    if counts.shape[1] != N_COLUMNS:
        raise UnusableRecordingError(f"{counts.shape[1]} columns, expected {N_COLUMNS}")
    acc_mps2 = counts[:, :3] * (ACC_G_PER_COUNT * STANDARD_GRAVITY_MPS2)
    gyr_radps = np.deg2rad(counts[:, 3:6] * GYR_DPS_PER_COUNT)
    time_s = np.arange(counts.shape[0]) / SAMPLING_RATE_HZ
    height_cm, mass_kg = people.get(person, (np.nan, np.nan))
    return ImportedRecording(
        row=recording_row(
            CARD,
            CARD.sensors[0],
            recording_id=recording_id,
            runner_id=f"sisfall_{person}",
            session_id=recording_id,
            body_mass_kg=mass_kg,
            height_m=height_cm / 100,
            surface=None,
        ),
        signals=signals_frame(time_s, apply_axes(acc_mps2, AXES), apply_axes(gyr_radps, AXES)),
        references={
            "conditions": reference_frame(
                "conditions",
                {
                    "recording_id": recording_id,
                    "start_s": 0.0,
                    "stop_s": counts.shape[0] / SAMPLING_RATE_HZ,
                    "activity": "running",
                    "split_group": f"sisfall_{person}",
                },
            )
        },
    )
