"""Alcantara et al. 2021: published means of force and contact time by speed, 37 runners."""

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from pipelines.datasets.base import (
    TRIAL_MEANS,
    DatasetCard,
    Reference,
    UnusableRecordingError,
    reference_frame,
)

__all__ = ["CARD", "read_published"]

COLUMNS: Final = ("Sub", "IsFemale", "Mass", "Speed", "GRFPeak", "GRFImpulse", "GRFtc", "IMUsf")
SEX: Final = {0: "male", 1: "female"}

CARD: Final = DatasetCard(
    id="sacral_grf_table",
    module="alcantara_2021",
    title="Sacral acceleration and whole-body kinetics across running speeds, published means",
    citation=(
        "Alcantara RS, Day EM, Hahn ME, Grabowski AM. Sacral acceleration can predict whole-body "
        "kinetics and stride kinematics across running speeds. PeerJ 2021; 9: e11199."
    ),
    doi="10.7717/peerj.11199",
    home="https://github.com/alcantarar/Sacral_Accel_Manuscript",
    licence="Apache-2.0 (repository LICENSE)",
    licence_kind="permissive",
    ethics=(
        "The paper reports approval by the universities' review boards and written informed "
        "consent (to be read there); number, sex and mass only."
    ),
    n_runners=37,
    n_recordings=0,
    age="not in the table",
    sex="per runner in the table",
    speed="3.8, 4.1, 4.9 and 5.4 m/s on the level",
    foot_strike="not in the table",
    surface="treadmill",
    sensors=(),
    references=(
        Reference(
            table=TRIAL_MEANS,
            what="mean peak force, impulse, contact time (treadmill), step frequency (sacrum)",
            unit="BW, BW·s, s, Hz",
        ),
    ),
    cautions=(
        "Means of a trial, not steps: spread between steps is not in the table.",
        "Contact time and force are the treadmill's, step frequency is the sacral sensor's; the "
        "sensor's own estimates (IMUPeak, IMUImpulse, IMUtc) are not read.",
        "Competitive runners at fast speeds (mean 3.8 m/s: 2.84 BW, 0.202 s, 3.07 Hz).",
    ),
)


def read_published(raw_dir: Path) -> pd.DataFrame:
    """Read the table.

    Raises
    ------
    UnusableRecordingError
        If the file lacks a documented column.
    """
    table = pd.read_csv(raw_dir / "GRF_IMU_data.csv")
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise UnusableRecordingError(f"GRF_IMU_data.csv lacks {', '.join(missing)}")
    return reference_frame(
        TRIAL_MEANS,
        {
            "runner_id": [f"sacral_{number:02d}" for number in table["Sub"]],
            "sex": [SEX[flag] for flag in table["IsFemale"]],
            "body_mass_kg": table["Mass"].to_numpy(np.float64),
            "speed_mps": table["Speed"].to_numpy(np.float64),
            "grade_deg": 0.0,
            "peak_vgrf_bw": table["GRFPeak"].to_numpy(np.float64),
            "vertical_impulse_bws": table["GRFImpulse"].to_numpy(np.float64),
            "contact_time_s": table["GRFtc"].to_numpy(np.float64),
            "step_frequency_hz": table["IMUsf"].to_numpy(np.float64),
        },
    )
