"""Read the accelerometers and gyroscopes of any Motion-BIDS data set.

Units become m/s² and rad/s, named axes become anterior, superior, right. Rows of n/a stay missing
values and jumps of a LATENCY channel stay jumps: nothing is filled. Metadata may stand beside a
file or, by the inheritance principle, in any folder above it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadcore.constants import STANDARD_GRAVITY_MPS2
from pipelines.datasets.base import ImportedRecording, signals_frame
from pipelines.paths import check_identifier

__all__ = ["MotionBidsImportError", "read_motion_bids"]

DATASET_ID: Final = "motion_bids"
"""Id of a data set that the workspace does not know by name."""

_ENTITIES: Final = ("sub", "ses", "task", "tracksys", "acq", "run")
_MOTION_NAME: Final = re.compile(
    r"sub-(?P<sub>[A-Za-z0-9]+)(_ses-(?P<ses>[A-Za-z0-9]+))?_task-(?P<task>[A-Za-z0-9]+)"
    r"_tracksys-(?P<tracksys>[A-Za-z0-9]+)(_acq-(?P<acq>[A-Za-z0-9]+))?"
    r"(_run-(?P<run>[0-9]+))?_motion\.tsv"
)
_REQUIRED_COLUMNS: Final = ("name", "component", "type", "tracked_point", "units")

_ACC_UNITS: Final = {
    "m/s^2": 1.0,
    "m/s²": 1.0,
    "m s^-2": 1.0,
    "g": STANDARD_GRAVITY_MPS2,
    "mg": STANDARD_GRAVITY_MPS2 / 1000.0,
    "cm/s^2": 0.01,
    "mm/s^2": 0.001,
}
_GYR_UNITS: Final = {
    "rad/s": 1.0,
    "deg/s": float(np.pi) / 180.0,
    "°/s": float(np.pi) / 180.0,
    "dps": float(np.pi) / 180.0,
    "mdeg/s": float(np.pi) / 180_000.0,
}
_TIME_UNITS: Final = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
_UNITS: Final = {"ACCEL": _ACC_UNITS, "GYRO": _GYR_UNITS, "LATENCY": _TIME_UNITS}
_MASS_UNITS: Final = {"kg": 1.0, "g": 1e-3, "lb": 0.45359237}
_LENGTH_UNITS: Final = {"m": 1.0, "cm": 0.01, "mm": 0.001}

_SITE_WORDS: Final = {
    "shank": "shank",
    "tibia": "shank",
    "shin": "shank",
    "ankle": "shank",
    "foot": "foot",
    "instep": "foot",
    "shoe": "foot",
    "heel": "foot",
    "sacrum": "sacrum",
    "sacral": "sacrum",
    "pelvis": "sacrum",
    "waist": "waist",
    "hip": "hip",
}
_SIDE_WORDS: Final = {"left": "left", "l": "left", "right": "right", "r": "right"}

_LETTERS: Final = {"A": (0, 1.0), "P": (0, -1.0), "S": (1, 1.0), "I": (1, -1.0)} | {
    "R": (2, 1.0),
    "L": (2, -1.0),
}
"""Anatomical letter -> documented axis (x anterior, y superior, z right) and sign."""


class MotionBidsImportError(ValueError):
    """A data set that cannot be read; nothing of it is used.

    Attributes
    ----------
    problems : tuple of str
        Everything found, one entry each, led by the file.
    """

    def __init__(self, folder: Path, problems: tuple[str, ...]) -> None:
        self.problems = problems
        listed = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(
            f"{folder} cannot be read as Motion-BIDS ({len(problems)} problems):\n{listed}\n"
            "Check it with the BIDS validator and correct the files named."
        )


@dataclass(frozen=True)
class _Participant:
    body_mass_kg: float = float("nan")
    height_m: float = float("nan")


@dataclass(frozen=True)
class _File:
    """One motion file with all metadata that apply to it."""

    path: Path
    entities: Mapping[str, str]
    sidecar: Mapping[str, Any]
    channels: pd.DataFrame
    frames: Mapping[str, Mapping[str, Any]]
    started_at: pd.Timestamp | None
    participant: _Participant
    scan: Mapping[str, str]


def read_motion_bids(folder: Path, dataset_id: str = DATASET_ID) -> list[ImportedRecording]:
    """Read every tracked point that has an accelerometer or a gyroscope.

    Parameters
    ----------
    folder : Path
        Root of the data set, with ``dataset_description.json``.
    dataset_id : str
        Id that the recordings carry.

    Returns
    -------
    list of ImportedRecording
        One for each tracked point and file, in the order of file names. ``frame`` is "segment"
        where the reference frame's name begins so, else "sensor". The id of a recording joins the
        file's entities and the tracked point.

    Raises
    ------
    MotionBidsImportError
        If anything is missing or contradicts itself; all problems of all files at once.
    """
    problems: list[str] = []
    recordings: list[ImportedRecording] = []
    description = _json(folder / "dataset_description.json", folder, problems)
    if description is not None:
        problems += [
            f"dataset_description.json: {key} is missing"
            for key in ("Name", "BIDSVersion")
            if key not in description
        ]
    paths = sorted(
        path
        for path in folder.glob("sub-*/**/*_motion.tsv")
        if path.parent.name == "motion" and path.is_file()
    )
    if not paths:
        problems.append("no file sub-*/[ses-*/]motion/*_motion.tsv")
    participants = _participants(folder, problems)
    for path in paths:
        file = _file(path, folder, participants, problems)
        if file is not None:
            recordings.extend(_recordings(file, folder, dataset_id, problems))
    ids = [recording.recording_id for recording in recordings]
    problems += [
        f"recording {i}: the name occurs twice" for i in sorted({*ids}) if ids.count(i) > 1
    ]
    if not problems and not recordings:
        problems.append("no ACCEL or GYRO channel in any file")
    if problems:
        raise MotionBidsImportError(folder, tuple(problems))
    return recordings


def _json(path: Path, folder: Path, problems: list[str]) -> dict[str, Any] | None:
    name = path.relative_to(folder)
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problems.append(f"{name}: is missing")
    except (OSError, ValueError) as error:
        problems.append(f"{name}: cannot be read ({error})")
    else:
        if isinstance(value, dict):
            return value
        problems.append(f"{name}: holds {type(value).__name__}, expected an object")
    return None


def _tsv(path: Path, folder: Path, problems: list[str]) -> pd.DataFrame | None:
    """Read a table with a header as text; n/a is missing."""
    try:
        return pd.read_csv(path, sep="\t", dtype=str, na_values=["n/a"], keep_default_na=False)
    except (OSError, ValueError) as error:
        problems.append(f"{path.relative_to(folder)}: cannot be read ({error})")
        return None


def _applicable(path: Path, folder: Path, suffix: str) -> list[Path]:
    """List metadata files that apply to ``path``, from the root down to its folder."""
    entities = set(path.name.removesuffix("_motion.tsv").split("_"))
    found: list[Path] = []
    places = [folder, *reversed([p for p in path.parents if folder in p.parents])]
    for place in places:
        for candidate in sorted(place.glob(f"*{suffix}")):
            stem = candidate.name.removesuffix(suffix).strip("_")
            if set(filter(None, stem.split("_"))) <= entities:
                found.append(candidate)
    return found


def _participants(folder: Path, problems: list[str]) -> dict[str, _Participant]:
    """Read body mass and height where their units are stated; otherwise they stay unknown."""
    path = folder / "participants.tsv"
    if not path.is_file():
        return {}
    table = _tsv(path, folder, problems)
    if table is None or "participant_id" not in table:
        problems.append("participants.tsv: column participant_id is missing")
        return {}
    sidecar = path.with_suffix(".json")
    units = _json(sidecar, folder, problems) if sidecar.is_file() else None
    mass = _measure(table, units or {}, ("weight", "mass", "body_mass"), _MASS_UNITS)
    height = _measure(table, units or {}, ("height", "body_height"), _LENGTH_UNITS)
    return {
        str(name): _Participant(float(mass[i]), float(height[i]))
        for i, name in enumerate(table["participant_id"])
    }


def _measure(
    table: pd.DataFrame,
    dictionary: Mapping[str, Any],
    names: tuple[str, ...],
    units: Mapping[str, float],
) -> NDArray[np.float64]:
    for name in names:
        entry = dictionary.get(name, {})
        factor = units.get(str(entry.get("Units"))) if isinstance(entry, dict) else None
        if name in table and factor is not None:
            values = pd.to_numeric(table[name], errors="coerce").to_numpy(np.float64)
            return np.asarray(values * factor, dtype=np.float64)
    return np.full(len(table), np.nan)


def _file(
    path: Path, folder: Path, participants: Mapping[str, _Participant], problems: list[str]
) -> _File | None:
    """Gather what is known about one motion file; None if it cannot be read."""
    name = path.relative_to(folder)
    match = _MOTION_NAME.fullmatch(path.name)
    if match is None:
        problems.append(
            f"{name}: the name must be sub-<label>[_ses-<label>]_task-<label>_tracksys-<label>"
            "[_acq-<label>][_run-<index>]_motion.tsv"
        )
        return None
    entities = {key: match[key] for key in _ENTITIES if match[key] is not None}
    sidecar: dict[str, Any] = {}
    for place in _applicable(path, folder, "_motion.json"):
        sidecar |= _json(place, folder, problems) or {}
    missing = [k for k in ("SamplingFrequency", "TrackingSystemName") if k not in sidecar]
    if missing:
        problems.append(f"{name}: its _motion.json lacks {', '.join(missing)}")
    tables = _applicable(path, folder, "_channels.tsv")
    if not tables:
        problems.append(f"{name}: no _channels.tsv")
        return None
    channels = _tsv(tables[-1], folder, problems)
    if channels is None:
        return None
    lacking = [column for column in _REQUIRED_COLUMNS if column not in channels]
    if lacking:
        problems.append(f"{tables[-1].relative_to(folder)}: lacks columns {', '.join(lacking)}")
        return None
    frames: dict[str, Any] = {}
    for place in _applicable(path, folder, "_channels.json"):
        entry = (_json(place, folder, problems) or {}).get("reference_frame", {})
        frames |= entry.get("Levels", {}) if isinstance(entry, dict) else {}
    scan = _scan(path, folder, problems)
    return _File(
        path=path,
        entities=entities,
        sidecar=sidecar,
        channels=channels,
        frames={k: v for k, v in frames.items() if isinstance(v, dict)},
        started_at=_started_at(scan, name, problems),
        participant=participants.get(f"sub-{entities['sub']}", _Participant()),
        scan=scan,
    )


def _scan(path: Path, folder: Path, problems: list[str]) -> dict[str, str]:
    """Read the file's row of the scans table beside or above it; what is n/a stays out.

    A body mass in it (column ``weight``) becomes kilograms and stays out where its unit is not
    stated.
    """
    for place in _applicable(path, folder, "_scans.tsv"):
        table = _tsv(place, folder, problems)
        if table is None or "filename" not in table:
            continue
        mine = table[table["filename"] == path.relative_to(place.parent).as_posix()]
        if len(mine):
            row = {str(k): v for k, v in mine.iloc[0].items() if isinstance(v, str)}
            units: dict[str, Any] = {}
            for dictionary in _applicable(place, folder, "scans.json"):
                units |= _json(dictionary, folder, problems) or {}
            mass_kg = float(_measure(mine.head(1), units, ("weight",), _MASS_UNITS)[0])
            row.pop("weight", None)
            return row if np.isnan(mass_kg) else row | {"weight": str(mass_kg)}
    return {}


def _started_at(scan: Mapping[str, str], name: Path, problems: list[str]) -> pd.Timestamp | None:
    """Read ``acq_time``; UTC if it has no zone."""
    if "acq_time" not in scan:
        return None
    try:
        return pd.to_datetime(scan["acq_time"], utc=True)
    except ValueError:
        problems.append(f"{name}: acq_time {scan['acq_time']!r} of its scans table is no time")
    return None


def _recordings(
    file: _File, folder: Path, dataset_id: str, problems: list[str]
) -> Iterator[ImportedRecording]:
    """Read the samples of one file and give one recording for each tracked point."""
    name = str(file.path.relative_to(folder))
    found: list[str] = []
    samples = _samples(file, found)
    rate = _rate(file, found)
    factors = _factors(file, found)
    used = file.channels["type"].isin(("ACCEL", "GYRO"))
    points = list(dict.fromkeys(file.channels.loc[used, "tracked_point"].dropna()))
    places = {point: _place(file, point, found) for point in points}
    axes = _check_components(file, used, found)
    if found or samples is None:
        problems += [f"{name}: {problem}" for problem in found]
        return
    time_s = _times(file, samples, factors, rate, found)
    for point in points:
        mine = used & (file.channels["tracked_point"] == point)
        site, side = places[point]
        signals = {
            kind: _vector(file, samples, factors, mine & (file.channels["type"] == kind), axes)
            for kind in ("ACCEL", "GYRO")
        }
        recording_id = "_".join([*(f"{k}-{v}" for k, v in file.entities.items()), point])
        try:
            check_identifier(recording_id, "tracked point in recording_id")
            frame = signals_frame(time_s, signals["ACCEL"], signals["GYRO"])
        except ValueError as error:
            found.append(str(error))
            continue
        yield ImportedRecording(
            row={
                "recording_id": recording_id,
                "dataset_id": dataset_id,
                "runner_id": file.entities["sub"],
                "session_id": file.entities.get("ses", "01"),
                "started_at_utc": pd.NaT if file.started_at is None else file.started_at,
                "sensor_site": site,
                "side": side,
                "frame": _frame(file, mine),
                "sampling_rate_hz": rate,
                "acc_range_g": round(
                    _full_scale(file, factors, mine, "ACCEL") / STANDARD_GRAVITY_MPS2, 6
                ),
                "gyr_range_dps": round(
                    float(np.rad2deg(_full_scale(file, factors, mine, "GYRO"))), 6
                ),
                "body_mass_kg": float(file.scan.get("weight", file.participant.body_mass_kg)),
                "height_m": file.participant.height_m,
                "surface": file.scan.get("surface"),
                "shoe": file.scan.get("shoe"),
            },
            signals=frame,
        )
    problems += [f"{name}: {problem}" for problem in found]


def _samples(file: _File, found: list[str]) -> NDArray[np.float64] | None:
    """Read the samples; the declared missing value and n/a become NaN."""
    missing = {"n/a", str(file.sidecar.get("MissingValues", "n/a"))}
    try:
        table = pd.read_csv(
            file.path, sep="\t", header=None, na_values=sorted(missing), dtype=np.float64
        )
    except (OSError, ValueError) as error:
        found.append(f"cannot be read as numbers without header ({error})")
        return None
    if table.shape[1] != len(file.channels):
        found.append(
            f"{table.shape[1]} columns, but its _channels.tsv has {len(file.channels)} rows"
        )
        return None
    return table.to_numpy(np.float64)


def _rate(file: _File, found: list[str]) -> float:
    """Find the sampling rate of the file; all channels used must agree."""
    stated = [file.sidecar.get("SamplingFrequency")]
    if "sampling_frequency" in file.channels:
        stated += file.channels["sampling_frequency"].dropna().tolist()
    rates = {
        float(r) for r in pd.to_numeric(pd.Series(stated, dtype=object), errors="coerce") if r > 0
    }
    if len(rates) != 1:
        found.append(f"sampling rates {sorted(rates)}, expected exactly one above 0")
        return float("nan")
    return rates.pop()


def _factors(file: _File, found: list[str]) -> NDArray[np.float64]:
    """Factor of each channel to m/s², rad/s or s; NaN for channels that are not read."""
    factors = np.full(len(file.channels), np.nan)
    for i, (kind, unit) in enumerate(
        zip(file.channels["type"], file.channels["units"], strict=True)
    ):
        if kind not in _UNITS:
            continue
        if unit in _UNITS[kind]:
            factors[i] = _UNITS[kind][unit]
        else:
            found.append(
                f"channel {file.channels['name'].iloc[i]}: units {unit!r} of {kind}, expected one"
                f" of {', '.join(_UNITS[kind])}"
            )
    return factors


def _place(file: _File, point: str, found: list[str]) -> tuple[str, str]:
    """Site and side from the words of the tracked point, then of its placement."""
    texts = [point]
    if "placement" in file.channels:
        mine = file.channels["tracked_point"] == point
        texts += file.channels.loc[mine, "placement"].dropna().unique().tolist()
    site, side = "", "unknown"
    for text in texts:
        words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", str(text))
        for word in map(str.lower, words):
            site = site or _SITE_WORDS.get(word, "")
            if side == "unknown":
                side = _SIDE_WORDS.get(word, side)
        if site:
            break
    if not site:
        found.append(
            f"tracked point {point!r} is no known site; name it or its placement with one of "
            f"{', '.join(_SITE_WORDS)}"
        )
    return site, side


def _check_components(
    file: _File, used: pd.Series, found: list[str]
) -> dict[str, tuple[tuple[int, float] | None, ...]]:
    """Check components and reference frames; give each frame's axes as (documented axis, sign)."""
    rows = file.channels[used]
    strange = sorted({str(c) for c in rows["component"]} - {"x", "y", "z"})
    if strange:
        found.append(f"components {strange} of ACCEL or GYRO channels, expected x, y, z")
    twice = rows[rows.duplicated(["tracked_point", "type", "component"])]
    found += [f"channel {name}: this component occurs twice" for name in twice["name"]]
    if rows["tracked_point"].isna().any():
        found.append("an ACCEL or GYRO channel has no tracked_point")
    axes: dict[str, tuple[tuple[int, float] | None, ...]] = {}
    if "reference_frame" not in rows:
        return axes
    for frame in rows["reference_frame"].dropna().unique():
        letters = str(file.frames.get(frame, {}).get("SpatialAxes", "n/a"))
        if letters == "n/a":
            continue
        if len(letters) != 3 or set(letters) - {*_LETTERS, "_"}:
            found.append(
                f"reference frame {frame}: SpatialAxes {letters!r}, expected such as 'ASR'"
            )
            continue
        directions = tuple(_LETTERS.get(letter) for letter in letters)
        named = [direction[0] for direction in directions if direction is not None]
        if len(set(named)) != len(named):
            found.append(f"reference frame {frame}: SpatialAxes {letters!r} name an axis twice")
            continue
        axes[str(frame)] = directions
    return axes


def _times(
    file: _File,
    samples: NDArray[np.float64],
    factors: NDArray[np.float64],
    rate: float,
    found: list[str],
) -> NDArray[np.float64]:
    """Seconds from the first sample: the LATENCY channel if there is one, else counted."""
    latency = np.flatnonzero(file.channels["type"] == "LATENCY")
    if latency.size == 0:
        return np.asarray(np.arange(samples.shape[0]) / rate, dtype=np.float64)
    time_s = samples[:, latency[0]] * factors[latency[0]]
    if np.isnan(time_s).any():
        found.append("the LATENCY channel has missing values")
    return np.asarray(time_s - time_s[:1], dtype=np.float64)


def _vector(
    file: _File,
    samples: NDArray[np.float64],
    factors: NDArray[np.float64],
    mine: pd.Series,
    axes: Mapping[str, tuple[tuple[int, float] | None, ...]],
) -> NDArray[np.float64] | None:
    """Bring the channels of one sensor to documented axes; what it lacks is NaN."""
    rows = np.flatnonzero(mine)
    if rows.size == 0:
        return None
    vector = np.full((samples.shape[0], 3), np.nan)
    for i in rows:
        channel = file.channels.iloc[i]
        component = "xyz".index(channel["component"])
        frame = str(channel.get("reference_frame"))
        direction = axes[frame][component] if frame in axes else (component, 1.0)
        if direction is None or str(channel.get("status")) == "bad":
            continue
        axis, sign = direction
        turns_left = file.frames.get(frame, {}).get("RotationRule") == "left-hand"
        if channel["type"] == "GYRO" and turns_left:
            sign = -sign
        vector[:, axis] = sign * factors[i] * samples[:, i]
    return vector


def _frame(file: _File, mine: pd.Series) -> str:
    if "reference_frame" in file.channels:
        frames = file.channels.loc[mine, "reference_frame"].dropna().astype(str)
        if len(frames) and frames.str.startswith("segment").all():
            return "segment"
    return "sensor"


def _full_scale(file: _File, factors: NDArray[np.float64], mine: pd.Series, kind: str) -> float:
    """Full scale in m/s² or rad/s; NaN if the table does not say."""
    rows = np.flatnonzero(mine & (file.channels["type"] == kind))
    if "full_scale" not in file.channels or rows.size == 0:
        return float("nan")
    scales = pd.to_numeric(file.channels["full_scale"].iloc[rows], errors="coerce")
    return float((scales.to_numpy(np.float64) * factors[rows]).max())
