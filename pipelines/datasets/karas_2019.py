"""Karas et al. 2019 (R package adeptdata): shoe and hip accelerometers, an outdoor run."""

import warnings
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from loadcore.constants import STANDARD_GRAVITY_MPS2
from pipelines.datasets.base import (
    DatasetCard,
    Imported,
    ImportedRecording,
    LeftOut,
    Mask,
    Matrix,
    Reference,
    Sensor,
    UnusableRecordingError,
    apply_axes,
    constant_runs,
    read_or_leave_out,
    recording_row,
    reference_frame,
    signals_frame,
)

__all__ = ["CARD", "read_recordings"]

SAMPLING_RATE_HZ: Final = 100.0
DISTANCE_M: Final = 3350.0
"""About, from the package's documentation."""

AXES: Final[Matrix] = ((1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0))
"""Documented: x = raw x, y up = -raw y (gravity reads -1 g at rest), z = -raw z.

At the shoe raw x is anterior: ground contact reads as spikes of -8 g, the forward-flying foot
being stopped. At the hip the same is assumed, not shown.
"""
IDLE_MIN_SAMPLES: Final = 50
"""ActiGraph's idle sleep repeats its last value for seconds; an awake sensor never does so for
0.5 s (longest run outside idle sleep: 6 samples)."""
LOCATIONS: Final = {"left_ankle": "shoe", "left_hip": "hip"}
"""Location in the file and our sensor: the "ankle" one is clipped to the shoe's outside."""

CARD: Final = DatasetCard(
    id="adeptdata_run",
    module="karas_2019",
    title="adeptdata: raw accelerometry of a continuous outdoor run",
    citation=(
        "Karas M, Straczkiewicz M, Fadel W, Harezlak J, Crainiceanu CM, Urbanek JK. Adaptive "
        "empirical pattern transformation (ADEPT) with application to walking stride "
        "segmentation. Biostatistics 2019. R package adeptdata 1.1."
    ),
    doi="10.1093/biostatistics/kxz033",
    home="https://github.com/martakarass/adeptdata",
    licence="GPL-3 (DESCRIPTION of the R package)",
    licence_kind="copyleft",
    ethics=(
        "One woman, presumably one of the package's authors; date, height and mass only. GPL-3 "
        "covers the package's data: nothing of it is part of this workspace."
    ),
    n_runners=1,
    n_recordings=2,
    age="not stated",
    sex="female",
    speed="about 3.35 km in 25 min outdoors with stops and walking; 18.3 min are running",
    foot_strike="not stated",
    surface="outdoor, 17 to 53 m above sea level",
    sensors=(
        Sensor(
            name="shoe",
            site="foot",
            side="left",
            placement="clipped to the outside of the left shoe, below the ankle",
            model="ActiGraph GT9X Link",
            frame="sensor",
            sampling_rate_hz=SAMPLING_RATE_HZ,
            acc_range_g=8.0,
            has_gyr=False,
            axes=AXES,
            axes_note="x anterior = raw x, y up = -raw y, z right = -raw z",
        ),
        Sensor(
            name="hip",
            site="hip",
            side="left",
            placement="left side of the hip, on an elastic belt",
            model="ActiGraph GT9X Link",
            frame="sensor",
            sampling_rate_hz=SAMPLING_RATE_HZ,
            acc_range_g=8.0,
            has_gyr=False,
            axes=AXES,
            axes_note="y up = -raw y; x anterior as at the shoe is assumed, not shown",
        ),
    ),
    references=(Reference(table="conditions", what="distance of the whole run (about)", unit="m"),),
    cautions=(
        (
            "Idle sleep writes exact constants (1 to 40 s): missing data, set to NaN and listed in "
            "rejected, never stillness."
        ),
        (
            "Hip and shoe clocks drift by more than a step across stops: compare cadence and "
            "counts, never step times."
        ),
        (
            "At the hip the stride lag (0.55 to 1.0 s) is the safe one; the step lag gives 28 % "
            "gross errors."
        ),
        "11 of 150,000 shoe samples are on the ±8 g rail, none at the hip.",
        "100 Hz and ±8 g at the shoe: impact peaks are cut.",
    ),
)


def read_recordings(raw_dir: Path) -> Imported:
    """Read shoe and hip; a damaged file leaves both out with its reason."""
    try:
        table = _read_table(raw_dir / "data" / "acc_running.rda")
    except Exception as error:
        # The reader of R's format raises nearly anything on a damaged file.
        yield LeftOut("adeptdata_run", f"{type(error).__name__}: {error}")
        return
    for location, name in LOCATIONS.items():
        part = table[table["loc_id"] == location]
        yield read_or_leave_out(f"adeptdata_{name}", partial(_recording, name, part))


def _read_table(path: Path) -> pd.DataFrame:
    """Read the data frame ``acc_running`` from R's save file."""
    # Imported when needed: R's format takes a second to load and one dataset uses it.
    rdata: Any = import_module("rdata")
    with warnings.catch_warnings():
        # Dates are seconds since 1970 either way; the reader warns that it leaves them so.
        warnings.filterwarnings("ignore", message="Missing constructor for R class")
        table = rdata.read_rda(path)["acc_running"]
    columns = {"loc_id", "date_time", "x", "y", "z"}
    if not columns <= set(table.columns):
        raise UnusableRecordingError(f"columns {list(table.columns)}, expected {sorted(columns)}")
    return pd.DataFrame(table)


def _recording(name: str, part: pd.DataFrame) -> ImportedRecording:
    """Assemble one sensor's recording."""
    recording_id = f"adeptdata_{name}"
    acc_g = part[["x", "y", "z"]].to_numpy(np.float64)
    time_s = np.arange(len(part)) / SAMPLING_RATE_HZ
    signals = signals_frame(time_s, apply_axes(acc_g * STANDARD_GRAVITY_MPS2, AXES))
    idle = constant_runs(acc_g, IDLE_MIN_SAMPLES)
    return ImportedRecording(
        row=recording_row(
            CARD,
            CARD.sensor(name),
            recording_id=recording_id,
            runner_id="adeptdata_runner",
            session_id="adeptdata_run",
            started_at_utc=pd.Timestamp(float(part["date_time"].iloc[0]), unit="s", tz="UTC"),
            body_mass_kg=67.0,
            height_m=1.80,
        ),
        signals=signals,
        references={
            "conditions": reference_frame(
                "conditions",
                {
                    "recording_id": recording_id,
                    "start_s": 0.0,
                    "stop_s": len(part) / SAMPLING_RATE_HZ,
                    "activity": "unknown",
                    "distance_m": DISTANCE_M,
                    "split_group": "adeptdata_runner",
                },
            )
        },
        masks=tuple(Mask(int(a), int(b), "idle sleep repeats the last value") for a, b in idle),
    )
