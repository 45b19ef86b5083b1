"""Wagstaff, Peretroukhin & Kelly 2021: foot IMU with optical position, jogging in a small room."""

from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.io import loadmat

from loadcore.filters import lowpass
from pipelines.datasets.base import (
    DatasetCard,
    Imported,
    ImportedRecording,
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

SAMPLING_RATE_HZ: Final = 200.0
"""The time stamps jitter by 1 to 9 ms around it; the sample's number is the better clock."""

AXES: Final[Matrix] = ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0))
"""Raw x runs along the instep to the toes, y to the right, z into the ground."""

SPLIT_GROUP: Final = "gdlbio_and_pyshoe"
"""gdlbio_foot re-annotates trials of this set: both stay on one side of a split."""

WALKING: Final = frozenset(
    {
        "2017-11-22-11-25-20",
        "2017-11-22-11-35-59",
        "2017-12-15-17-59-19",
        "2017-12-15-18-00-13",
    }
)
"""Trials that are walking by step frequency and foot speed; the files carry no label."""

FROZEN_SAMPLES: Final = 3
"""A position that repeats exactly this often is frozen: a marker at rest trembles."""
JUMP_MPS: Final = 10.0
"""Faster the foot of a jogger does not move here (99th percentile of a trial at most 5.8 m/s)."""
MARGIN_SAMPLES: Final = 5
"""Samples left out beside a freeze or jump: the tracker drifts away before it lets go."""
POSITION_CUTOFF_HZ: Final = 15.0
"""Above it the differentiated position is mostly noise. Engineering choice."""
FLAT_MPS: Final = 0.5
"""Foot flat: slower than this. Between the residual speed of a flat foot (0.02 to 0.1 m/s) and
that of its slowest swing; 0.3 to 0.7 m/s find the same strides."""
FLAT_GAP_S: Final = 0.1
"""Two slow stretches closer than this are one foot-flat."""
FLAT_MIN_S: Final = 0.03
"""Shorter slow stretches are not a foot-flat."""
STRIDE_S: Final = (0.5, 1.4)
"""A longer "stride" holds a standstill or a missed foot-flat, a shorter one a false one."""
HIDDEN_MAX_SAMPLES: Final = 20
"""More masked samples than this (0.1 s) could hide a foot-flat: the stride is excluded."""

CARD: Final = DatasetCard(
    id="pyshoe_vicon",
    module="wagstaff_2021",
    title="University of Toronto foot-mounted inertial navigation dataset, Vicon part",
    citation=(
        "Wagstaff B, Peretroukhin V, Kelly J. University of Toronto Foot-Mounted Inertial "
        "Navigation Dataset. IEEE DataPort 2021. Paper: Wagstaff B, Kelly J. LSTM-Based "
        "Zero-Velocity Detection for Robust Inertial Navigation. IPIN 2018."
    ),
    doi="10.21227/v1z6-9z84",
    home="https://starslab.ca/foot-mounted-inertial-navigation-dataset/",
    licence=(
        "MIT as stated by the repository the files come from (copyright 2024 Tā-Hā); the original "
        "is open access at IEEE DataPort under its own terms, to be read there"
    ),
    licence_kind="permissive",
    ethics="Approval and consent are not described in the files; one adult, no personal data.",
    n_runners=1,
    n_recordings=23,
    age="not stated",
    sex="not stated",
    speed="slow jogging in tight circles, 0.7 to 2.3 m/s (median of a trial); 4 trials of walking",
    foot_strike="not stated",
    surface="indoor",
    sensors=(
        Sensor(
            name="foot",
            site="foot",
            side="unknown",
            placement="on the shoe's instep, one foot; which one is not stated",
            model="LORD MicroStrain 3DM-GX3-25",
            frame="sensor",
            sampling_rate_hz=SAMPLING_RATE_HZ,
            axes=AXES,
            axes_note="x anterior = raw x, y up = -raw z, z right = raw y, tilted by the instep",
        ),
    ),
    references=(
        Reference(table="position", what="optical position of the foot, z up, 200 Hz", unit="m"),
        Reference(
            table="strides",
            what="end of foot-flat (below 0.5 m/s) to the next, from the optical position",
            unit="s, m",
        ),
        Reference(table="conditions", what="running or walking, by our inference", unit="-"),
        Reference(table="excluded", what="frozen or jumping position, standstill", unit="s"),
    ),
    cautions=(
        "Time stamps jitter by 1 to 9 ms: sample number over 200 Hz is used instead.",
        (
            "The optical position freezes and jumps in places (up to 11 % of a trial): NaN here, "
            "strides that it touches are excluded."
        ),
        "Which trials are running is our inference from step frequency and foot speed.",
        (
            "The gyroscope's x and y soften near 9.2 to 9.8 rad/s (0.1 to 5 % of samples); the "
            "accelerometer is never on a rail."
        ),
        "Foot speed at foot-flat is 0.08 m/s in the median, not zero.",
        "Long standstill at both ends of a trial looks like missed strides.",
        "Zero-velocity labels in the files (zv_*) are detectors' output, not truth: not read.",
    ),
)


def read_recordings(raw_dir: Path) -> Imported:
    """Read every trial below ``raw_dir``; a damaged file is left out with its reason."""
    for path in sorted((raw_dir / "data" / "vicon" / "processed").glob("*.mat")):
        recording_id = f"pyshoe_{path.stem}"
        yield read_or_leave_out(recording_id, partial(_read, path, recording_id))


def _read(path: Path, recording_id: str) -> ImportedRecording:
    """Read one trial."""
    content = loadmat(path, variable_names=["imu", "gt"])
    imu = np.asarray(content["imu"], dtype=np.float64)
    position_m = np.asarray(content["gt"], dtype=np.float64)
    if imu.ndim != 2 or imu.shape[1] != 6 or position_m.shape != (imu.shape[0], 3):
        raise UnusableRecordingError(
            f"imu {imu.shape} and gt {position_m.shape}, expected (n, 6) and (n, 3)"
        )
    time_s = np.arange(imu.shape[0]) / SAMPLING_RATE_HZ
    is_walking = path.stem in WALKING
    is_bad = unreliable_position(position_m)
    strides, excluded = _strides(recording_id, position_m, is_bad, is_walking)
    shown_m = np.where(is_bad[:, None], np.nan, position_m)
    return ImportedRecording(
        row=recording_row(
            CARD,
            CARD.sensors[0],
            recording_id=recording_id,
            runner_id="pyshoe_runner",
            session_id=f"pyshoe_{path.stem[:10]}",
        ),
        signals=signals_frame(time_s, apply_axes(imu[:, :3], AXES), apply_axes(imu[:, 3:], AXES)),
        references={
            "position": reference_frame(
                "position",
                {
                    "recording_id": recording_id,
                    "time_s": time_s,
                    "x_m": shown_m[:, 0],
                    "y_m": shown_m[:, 1],
                    "z_m": shown_m[:, 2],
                },
            ),
            "strides": strides,
            "excluded": excluded,
            "conditions": reference_frame(
                "conditions",
                {
                    "recording_id": recording_id,
                    "start_s": 0.0,
                    "stop_s": float(time_s[-1]),
                    "activity": "walking" if is_walking else "running",
                    "split_group": SPLIT_GROUP,
                },
            ),
        },
    )


def unreliable_position(position_m: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark samples where the tracker froze, jumped or lost the foot, with a margin.

    Parameters
    ----------
    position_m : (n_samples, 3) float array

    Returns
    -------
    (n_samples,) bool array
    """
    bad = ~np.isfinite(position_m).all(axis=1)
    for start, stop in constant_runs(position_m, FROZEN_SAMPLES):
        bad[start:stop] = True
    speed = np.linalg.norm(np.diff(position_m, axis=0), axis=1) * SAMPLING_RATE_HZ
    jump = np.flatnonzero(speed > JUMP_MPS)
    bad[jump] = True
    bad[jump + 1] = True
    width = 2 * MARGIN_SAMPLES + 1
    return np.convolve(bad, np.ones(width), mode="same") > 0.5


def foot_flats(position_m: NDArray[np.float64]) -> NDArray[np.int64]:
    """Find the stretches in which the foot hardly moves.

    Parameters
    ----------
    position_m : (n_samples, 3) float array
        Without NaN.

    Returns
    -------
    (n_flats, 2) int64 array
        Half-open sample ranges.
    """
    smooth = lowpass(position_m, POSITION_CUTOFF_HZ, SAMPLING_RATE_HZ)
    speed = np.linalg.norm(np.gradient(smooth, axis=0), axis=1) * SAMPLING_RATE_HZ
    edges = np.diff(np.concatenate(([0], (speed < FLAT_MPS).astype(np.int8), [0])))
    start, stop = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    if start.size == 0:
        return np.empty((0, 2), dtype=np.int64)
    apart = start[1:] - stop[:-1] > FLAT_GAP_S * SAMPLING_RATE_HZ
    start, stop = start[np.append(True, apart)], stop[np.append(apart, True)]
    long = stop - start >= FLAT_MIN_S * SAMPLING_RATE_HZ
    return np.column_stack((start[long], stop[long])).astype(np.int64)


def _strides(
    recording_id: str,
    position_m: NDArray[np.float64],
    is_bad: NDArray[np.bool_],
    is_walking: bool,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return strides from foot-flat to foot-flat, and the stretches without one."""
    n = position_m.shape[0]
    good = np.flatnonzero(~is_bad)
    if good.size == 0:
        raise UnusableRecordingError("the optical position is unreliable throughout")
    bridged = np.column_stack(
        [np.interp(np.arange(n), good, position_m[good, axis]) for axis in range(3)]
    )
    flats = foot_flats(bridged)
    rows: list[tuple[int, float, float, float]] = []
    excluded: list[tuple[float, float, str]] = []
    ends_s = [0.0, *(flats[:, 1] / SAMPLING_RATE_HZ)]
    if flats.shape[0]:
        excluded.append((0.0, float(ends_s[1]), "before the first stride"))
    for i in range(flats.shape[0] - 1):
        start_s, stop_s = float(ends_s[i + 1]), float(ends_s[i + 2])
        reason = _why_not(is_bad, flats[i], flats[i + 1], stop_s - start_s)
        if reason:
            excluded.append((start_s, stop_s, reason))
            continue
        first = np.median(bridged[flats[i, 0] : flats[i, 1]], axis=0)
        last = np.median(bridged[flats[i + 1, 0] : flats[i + 1, 1]], axis=0)
        rows.append((i, start_s, stop_s, float(np.hypot(*(last - first)[:2]))))
    excluded.append((float(ends_s[-1]), n / SAMPLING_RATE_HZ, "after the last stride"))
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    strides = reference_frame(
        "strides",
        {
            "recording_id": np.full(len(rows), recording_id, dtype=object),
            "stride_id": table[:, 0].astype(np.int64),
            "start_s": table[:, 1],
            "stop_s": table[:, 2],
            "stride_length_m": table[:, 3],
            "speed_mps": table[:, 3] / (table[:, 2] - table[:, 1]),
            "activity": np.full(len(rows), "walking" if is_walking else "running", dtype=object),
        },
    )
    return strides, excluded_frame(recording_id, excluded)


def _why_not(
    is_bad: NDArray[np.bool_],
    flat: NDArray[np.int64],
    next_flat: NDArray[np.int64],
    duration_s: float,
) -> str:
    """Return why the stride between two foot-flats does not count; empty if it does."""
    if not STRIDE_S[0] <= duration_s <= STRIDE_S[1]:
        return "standstill, or a foot-flat missed or false"
    ends_hidden = is_bad[flat[0] : flat[1]].any() or is_bad[next_flat[0] : next_flat[1]].any()
    if ends_hidden or is_bad[flat[1] : next_flat[0]].sum() > HIDDEN_MAX_SAMPLES:
        return "optical position frozen or jumping"
    return ""
