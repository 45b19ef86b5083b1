"""Alcantara et al. 2022: sacral acceleration with treadmill force, up- and downhill."""

from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
from pipelines.datasets.force_references import force_references

__all__ = ["CARD", "read_recordings"]

SAMPLING_RATE_HZ: Final = 500.0
N_SAMPLES: Final = 2480

AXES: Final[Matrix] = ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 0.0))
"""Raw columns are (vertical, fore-aft, nothing); documented x anterior, y up, z right (missing).

The fore-aft sign follows from braking: the first tenth of stance reads -1.3 to -2.9 g below, its
second half above the mean of stance in every trial.
"""
SECOND_MOUNT: Final = frozenset(range(26, 31))
"""Rows (0-based) whose mean fore-aft reading (-0.76 to -0.84 g) belongs to another mounting than
all others (-0.12 to -0.60 g): their own session, so that no split mixes the two unseen."""

CARD: Final = DatasetCard(
    id="recurrent_grf",
    module="alcantara_2022",
    title="Continuous ground reaction force from accelerometers in up- and downhill running",
    citation=(
        "Alcantara RS, Edwards WB, Millet GY, Grabowski AM. Predicting continuous ground reaction "
        "forces from accelerometers during uphill and downhill running: a recurrent neural "
        "network solution. PeerJ 2022; 10: e12752."
    ),
    doi="10.7717/peerj.12752",
    home="https://github.com/alcantarar/Recurrent_GRF_Prediction",
    licence="Apache-2.0 (repository LICENSE)",
    licence_kind="permissive",
    ethics=(
        "The paper reports approval by the university's review board and written informed consent "
        "(to be read there); number, sex, height and mass only."
    ),
    n_runners=1,
    n_recordings=31,
    age="not stated (missing in the file)",
    sex="male",
    speed="2.5, 3.33 and 4.17 m/s at -10, -5, 0, +5 and +10°",
    foot_strike="rearfoot on the level and downhill, midfoot at +10° (share per trial in the file)",
    surface="treadmill",
    sensors=(
        Sensor(
            name="sacrum",
            site="sacrum",
            side="unknown",
            placement="on the sacrum",
            model="Shimmer3 (by the column names of the raw sample)",
            frame="segment",
            sampling_rate_hz=SAMPLING_RATE_HZ,
            has_gyr=False,
            axes=AXES,
            axes_note=(
                "x anterior = fore-aft column, y up = vertical column, z right is not published; "
                "the mount's tilt is not removed (mean fore-aft -0.1 to -0.8 g)"
            ),
        ),
    ),
    references=(
        Reference(table="force", what="treadmill force normal to the belt, 500 Hz", unit="BW"),
        Reference(table="contacts", what="complete contacts, from that force", unit="s, BW"),
        Reference(table="conditions", what="belt speed and slope", unit="m/s, °"),
        Reference(table="excluded", what="contacts cut at begin or end", unit="s"),
    ),
    cautions=(
        "One man: a model learned here is a personal model.",
        (
            "Not raw: low-passed (99.99 % of the power below 45 Hz), vertical acceleration below "
            "zero set to exactly zero (17 % of samples). Never normalise its mean to 1 g; toe-off "
            "crossings below 0.1 g are missing."
        ),
        "The unit of acceleration (g) is inferred from its values (0 to 6.1).",
        "Rows 26 to 30 are a second mount; random splits hide it. They are session mount_b.",
        "Repeats at 3.33 m/s are not replicates (step time 311, 296, 347 ms).",
        (
            "The force's flight floor drifts (-0.05 to 0 BW); a threshold of 2, 5, 10 or 20 % of "
            "body weight gives a mean contact of 238, 222, 213 or 202 ms."
        ),
        "Trials last 4.96 s with cut contacts at both ends: score complete ones.",
    ),
)


def read_recordings(raw_dir: Path) -> Imported:
    """Read every trial; rows of the three files correspond."""
    folder = raw_dir / "data"
    try:
        acc_g = pd.read_csv(folder / "Accelerometer_one_sub.csv", header=None).to_numpy(np.float64)
        force_bw = pd.read_csv(folder / "GRF_one_sub.csv", header=None).to_numpy(np.float64)
        info = pd.read_csv(folder / "Sub_Info_one_sub.csv")
        _check(acc_g, force_bw, info)
    except (OSError, ValueError, KeyError) as error:
        yield LeftOut("recurrent_grf", f"{type(error).__name__}: {error}")
        return
    for row in range(len(info)):
        yield read_or_leave_out(
            f"recurrent_{row:02d}",
            partial(_recording, row, acc_g[row], force_bw[row], info.iloc[[row]]),
        )


def _check(acc_g: NDArray[np.float64], force_bw: NDArray[np.float64], info: pd.DataFrame) -> None:
    """Raise ``UnusableRecordingError`` with all that contradicts the documented format."""
    problems: list[str] = []
    if acc_g.shape != (len(info), 2 * N_SAMPLES):
        problems.append(f"acceleration {acc_g.shape}, expected {(len(info), 2 * N_SAMPLES)}")
    if force_bw.shape != (len(info), N_SAMPLES):
        problems.append(f"force {force_bw.shape}, expected {(len(info), N_SAMPLES)}")
    missing = {"Speed", "Slope", "Mass", "Height"} - set(info.columns)
    if missing:
        problems.append(f"Sub_Info lacks {sorted(missing)}")
    if problems:
        raise UnusableRecordingError("; ".join(problems))


def _recording(
    row: int,
    acc_g: NDArray[np.float64],
    force_bw: NDArray[np.float64],
    info: pd.DataFrame,
) -> ImportedRecording:
    """Assemble one trial."""
    recording_id = f"recurrent_{row:02d}"
    mount = "mount_b" if row in SECOND_MOUNT else "mount_a"
    time_s = np.arange(N_SAMPLES) / SAMPLING_RATE_HZ
    raw = np.column_stack((acc_g[:N_SAMPLES], acc_g[N_SAMPLES:], np.full(N_SAMPLES, np.nan)))
    return ImportedRecording(
        row=recording_row(
            CARD,
            CARD.sensors[0],
            recording_id=recording_id,
            runner_id="recurrent_runner",
            session_id=mount,
            body_mass_kg=float(info["Mass"].iloc[0]),
            height_m=float(info["Height"].iloc[0]) / 100,
        ),
        signals=signals_frame(time_s, apply_axes(raw * STANDARD_GRAVITY_MPS2, AXES)),
        references={
            **force_references(recording_id, force_bw, SAMPLING_RATE_HZ),
            "conditions": reference_frame(
                "conditions",
                {
                    "recording_id": recording_id,
                    "start_s": 0.0,
                    "stop_s": N_SAMPLES / SAMPLING_RATE_HZ,
                    "speed_mps": float(info["Speed"].iloc[0]),
                    "grade_deg": float(info["Slope"].iloc[0]),
                    "activity": "running",
                    "split_group": f"recurrent_{mount}",
                },
            ),
        },
    )
