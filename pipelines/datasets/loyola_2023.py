"""Loyola Marymount HAR Lab 2023: shank and waist accelerometers, treadmill jog at a known speed."""

from collections.abc import Mapping
from functools import partial
from itertools import pairwise
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
    Mask,
    Matrix,
    Reference,
    Sensor,
    UnusableRecordingError,
    apply_axes,
    constant_runs,
    excluded_frame,
    read_or_leave_out,
    recording_row,
    reference_frame,
    signals_frame,
)

__all__ = ["CARD", "read_recordings"]

SAMPLING_RATE_HZ: Final = 100.0
HEADER_LINES: Final = 10
JOG_SPEED_MPS: Final = 2.459
"""5.5 mph, the protocol's treadmill speed."""
UNLABELLED_S: Final[Mapping[str, tuple[float, float]]] = {"034": (575.0, 638.0)}
"""Person 034 is said to walk only, but the jog was looked for at the waist, where 034 has no
sensor. In the protocol's minute of jogging (others: 512 to 572 and 576 to 636 s) the shank takes
2.34 steps a second for 58 s and moves as in the others' jogs (SD 0.94 g; theirs 0.86 to 1.12 g,
walking 0.73 to 0.81 g). Nobody labelled it: it counts neither as running nor as anything else."""
NO_LABEL: Final = "steps of a jog in the protocol's minute of jogging, and no label"
JOG_S: Final[Mapping[str, tuple[float, float]]] = {
    "002": (516.0, 572.0),
    "003": (512.0, 572.0),
    "028": (576.0, 636.0),
}
"""Seconds of the treadmill jog, found from the waist (SD of |a| above 0.6 g for a minute)."""

SHANK_AXES: Final[Matrix] = ((0.0, 1.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
"""y up = -raw x (gravity reads -1 g standing); raw y lies in the plane of progression (greatest
spread in running), its sign and so the side of z are not documented."""
SHANK_AXES_TURNED: Final[Matrix] = ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, -1.0))
"""The same with the device upside down: raw x reads +1 g standing."""
TURNED: Final = frozenset({"028"})
"""People whose shank device was worn upside down."""
WAIST_AXES: Final[Matrix] = ((0.0, 0.0, 1.0), (0.0, -1.0, 0.0), (1.0, 0.0, 0.0))
"""y up = -raw y; where on the waist the device sat, and so the heading of x, is not documented."""
IDLE_MIN_SAMPLES: Final = 50
"""ActiGraph's idle sleep repeats its last value for 1 s and more; awake it never repeats 0.1 s."""

WORN_WINDOW_S: Final = 5.0
WORN_MAX_TILT_DEG: Final = 45.0
"""A sensor whose mean acceleration over 5 s leans further from "up" than this is not worn as
documented: the waist one lies on its face for minutes in each recording (gravity on raw z), and
all are taken off at the end. Engineering choice: posture leans at most 30°, its face is 80°."""

SEXES: Final = "coded 0 and 1 in biometrics.csv, the code is not explained"

CARD: Final = DatasetCard(
    id="harlab_ankle_jog",
    module="loyola_2023",
    title="Biometrics & Activity Dataset 2022-23, four people with a shank sensor",
    citation=(
        "Loyola Marymount University HAR Lab. Biometrics & Activity Dataset 2022-23. GitHub, 2023."
    ),
    doi=None,
    home="https://github.com/Har-Lab/HumanActivityData",
    licence="MIT (repository LICENSE, copyright 2023 Har-Lab)",
    licence_kind="permissive",
    ethics=(
        "Approval and consent are not described in the repository. The biometrics name injuries "
        "of numbered people; only body mass and height are imported."
    ),
    n_runners=4,
    n_recordings=7,
    age="19, 20, 21 and 50 years",
    sex=SEXES,
    speed="treadmill jog at 2.459 m/s for a minute (3 people); walking, stairs up and down (all)",
    foot_strike="not stated",
    surface="treadmill for the jog, outdoor and stairs before",
    sensors=(
        Sensor(
            name="shank",
            site="shank",
            side="unknown",
            placement="just above the ankle; which leg is not stated",
            model="ActiGraph GT3X+ family",
            frame="sensor",
            sampling_rate_hz=SAMPLING_RATE_HZ,
            acc_range_g=8.0,
            has_gyr=False,
            axes=SHANK_AXES,
            axes_note=(
                "y up = -raw x, x in the plane of progression with unknown sign; person 028 wore "
                "it upside down and has its own matrix"
            ),
        ),
        Sensor(
            name="waist",
            site="waist",
            side="unknown",
            placement="on the waist",
            model="ActiGraph GT3X+ family",
            frame="sensor",
            sampling_rate_hz=SAMPLING_RATE_HZ,
            acc_range_g=8.0,
            has_gyr=False,
            axes=WAIST_AXES,
            axes_note="y up = -raw y; the heading of x is not documented",
        ),
    ),
    references=(
        Reference(table="conditions", what="treadmill jog: speed and when", unit="m/s, s"),
        Reference(table="excluded", what="one minute that nobody labelled", unit="s"),
    ),
    cautions=(
        (
            "No labels in the files: the jog was found from the waist sensor. Everything else is "
            "activity 'other': walking outdoors and on the treadmill, stairs, standing, and a few "
            "sudden movements between the parts."
        ),
        (
            "The device is band-limited: timing, cadence, running against walking and relative "
            "load only, never absolute tibial peaks."
        ),
        "Shank and waist share a clock, but not to the sample.",
        "Stairs taken down at speed look like running: good negatives.",
        "The waist sensor lies on its face (gravity on raw z) for minutes in each recording, and "
        "all are taken off at the end: stretches tilted by more than 45° are NaN, listed in "
        "rejected.",
        "Idle sleep writes exact constants of 1 s and more: NaN, listed in rejected.",
        "At the waist single samples reach the ±8 g rail between the parts of the protocol.",
    ),
)


def read_recordings(raw_dir: Path) -> Imported:
    """Read every file; a damaged one is left out with its reason."""
    try:
        people = pd.read_csv(raw_dir / "data" / "biometrics" / "biometrics.csv").set_index("ID")
    except (OSError, ValueError, KeyError) as error:
        yield LeftOut("harlab", f"biometrics.csv: {type(error).__name__}: {error}")
        return
    for path in sorted((raw_dir / "data" / "raw_accelerometer_data").glob("*.csv")):
        person, site = path.stem[:3], "shank" if path.stem.endswith("ankle") else "waist"
        recording_id = f"harlab_{person}_{site}"
        yield read_or_leave_out(recording_id, partial(_read, path, person, site, people))


def _read(path: Path, person: str, site: str, people: pd.DataFrame) -> ImportedRecording:
    """Read one sensor of one person."""
    recording_id = f"harlab_{person}_{site}"
    with path.open(encoding="utf-8") as stream:
        header = [next(stream, "") for _ in range(HEADER_LINES)]
    if "100 Hz" not in header[0]:
        raise UnusableRecordingError(f"header {header[0][:80]!r}, expected an export at 100 Hz")
    table = pd.read_csv(path, skiprows=HEADER_LINES)
    names = [f"Accelerometer {axis}" for axis in "XYZ"]
    if not set(names) <= set(table.columns):
        raise UnusableRecordingError(f"columns {list(table.columns)}, expected {names}")
    acc_g = table[names].to_numpy(np.float64)
    axes = WAIST_AXES
    if site == "shank":
        axes = SHANK_AXES_TURNED if person in TURNED else SHANK_AXES
    time_s = np.arange(len(acc_g)) / SAMPLING_RATE_HZ
    body = people.loc[[int(person)]]
    return ImportedRecording(
        row=recording_row(
            CARD,
            CARD.sensor(site),
            recording_id=recording_id,
            runner_id=f"harlab_{person}",
            session_id=f"harlab_{person}",
            body_mass_kg=float(body["weight"].iloc[0]),
            height_m=float(body["height"].iloc[0]) / 100,
        ),
        signals=signals_frame(time_s, apply_axes(acc_g * STANDARD_GRAVITY_MPS2, axes)),
        references={
            "conditions": _conditions(recording_id, person, float(time_s[-1])),
            "excluded": excluded_frame(
                recording_id,
                [(*UNLABELLED_S[person], NO_LABEL)] if person in UNLABELLED_S else [],
            ),
        },
        masks=tuple(
            Mask(int(start), int(stop), "idle sleep repeats the last value")
            for start, stop in constant_runs(acc_g, IDLE_MIN_SAMPLES)
        )
        + turned_away(apply_axes(acc_g, axes)),
    )


def turned_away(acc_g: NDArray[np.float64]) -> tuple[Mask, ...]:
    """Find the stretches in which the sensor is not worn as documented.

    Parameters
    ----------
    acc_g : (n_samples, 3) float array
        In the documented frame, y up.

    Returns
    -------
    tuple of Mask
        Neighbouring windows joined; the last, shorter window belongs to the one before it.
    """
    n_window = int(WORN_WINDOW_S * SAMPLING_RATE_HZ)
    n_windows = max(len(acc_g) // n_window, 1)
    edges = [*range(0, n_windows * n_window, n_window), len(acc_g)]
    mean = np.array([acc_g[start:stop].mean(axis=0) for start, stop in pairwise(edges)])
    upright = mean[:, 1] > np.cos(np.deg2rad(WORN_MAX_TILT_DEG)) * np.linalg.norm(mean, axis=1)
    change = np.diff(np.concatenate(([0], (~upright).astype(np.int8), [0])))
    return tuple(
        Mask(edges[start], edges[stop], "sensor not worn as documented: turned by more than 45°")
        for start, stop in zip(
            np.flatnonzero(change == 1), np.flatnonzero(change == -1), strict=True
        )
    )


def _conditions(recording_id: str, person: str, end_s: float) -> pd.DataFrame:
    """Return the jog and what surrounds it."""
    jog = JOG_S.get(person)
    edges = [0.0, end_s] if jog is None else [0.0, *jog, end_s]
    activity = ["other"] if jog is None else ["other", "running", "other"]
    speed = [JOG_SPEED_MPS if name == "running" else np.nan for name in activity]
    return reference_frame(
        "conditions",
        {
            "recording_id": np.full(len(activity), recording_id, dtype=object),
            "start_s": np.array(edges[:-1]),
            "stop_s": np.array(edges[1:]),
            "activity": activity,
            "speed_mps": np.array(speed),
            "split_group": f"harlab_{person}",
        },
    )
