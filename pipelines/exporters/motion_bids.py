"""Write inertial recordings as a Motion-BIDS data set.

After the motion part of the Brain Imaging Data Structure, specification 1.10
(https://bids-specification.readthedocs.io/en/stable/modality-specific-files/motion.html; Jeung
2024, doi:10.1038/s41597-024-03559-8). One file per tracking system, that is per clock: same
hardware, same number of samples. Systems that are not synchronised are tied by ``acq_time`` in
``_scans.tsv``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from numpy.typing import NDArray

from loadcore.constants import STANDARD_GRAVITY_MPS2
from pipelines.errors import WorkspaceError
from pipelines.store import new_directory, write_json, write_text

__all__ = [
    "BIDS_VERSION",
    "Derivative",
    "Dictionary",
    "MotionBidsExportError",
    "MotionDataset",
    "MotionFile",
    "Participants",
    "TrackedPoint",
    "write_motion_bids",
]

BIDS_VERSION: Final = "1.10.0"
SENSOR_DIGITS: Final = 3
"""Digits behind the point: 0.001 m/s² and 0.001 rad/s are at or below the step of a 16-bit sensor
of ±16 g and ±2000 °/s (0.005 m/s², 0.001 rad/s)."""
TIME_DIGITS: Final = 6

_LABEL: Final = re.compile(r"[A-Za-z0-9]+")
_POINT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_REQUIRED_CHANNEL_COLUMNS: Final = ("name", "component", "type", "tracked_point", "units")

type Dictionary = Mapping[str, Mapping[str, object]]


class MotionBidsExportError(WorkspaceError, ValueError):
    """Recordings that cannot be written as Motion-BIDS.

    Attributes
    ----------
    problems : tuple of str
        Everything found, one entry each.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        listed = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"cannot write Motion-BIDS ({len(problems)} problems):\n{listed}")


@dataclass(frozen=True, kw_only=True)
class TrackedPoint:
    """One sensor.

    Attributes
    ----------
    label : str
        Name of the tracked point, for example ``left_shank``.
    acc_mps2, gyr_radps : (n_samples, 3) float array
        NaN is a missing value; ``gyr_radps`` is None without gyroscope. An axis without any value
        was not recorded and gets no channel.
    spatial_axes : str
        Anatomical directions of x, y and z, for example ``"ASR"``; ``"n/a"`` where unknown.
    frame : str
        "sensor" (nominal directions, the mounting may miss them) or "segment" (aligned).
    axes_note : str
        How the axes were found, for the description of the frame.
    acc_range_g, gyr_range_dps : float
        Full scales; NaN if unknown.
    """

    label: str
    placement: str
    acc_mps2: NDArray[np.float64]
    gyr_radps: NDArray[np.float64] | None
    spatial_axes: str
    frame: str = "sensor"
    axes_note: str = ""
    acc_range_g: float = float("nan")
    gyr_range_dps: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class MotionFile:
    """All sensors on one clock in one session.

    Attributes
    ----------
    started_at : datetime or None
        Of the first sample, None if unknown; written as UTC (Z) if it has a zone.
    latency_s : (n_samples,) float array
        Time stamps from the start where sampling is not even, else None.
    events : DataFrame
        Optional protocol with ``onset`` and ``duration`` first, in seconds of this clock.
    acquisition : str
        Label of this way to acquire; empty for none.
    run : int or None
        Number among repetitions that share all labels.
    digits : int
        Digits behind the point of acceleration and angular velocity.
    scan : mapping
        Further columns of the file's row in ``_scans.tsv``.
    """

    subject: str
    session: str
    task: str
    tracking_system: str
    sampling_rate_hz: float
    points: tuple[TrackedPoint, ...]
    started_at: datetime | None
    task_description: str
    manufacturer: str
    model: str
    latency_s: NDArray[np.float64] | None = None
    events: pd.DataFrame | None = None
    acquisition: str = ""
    run: int | None = None
    digits: int = SENSOR_DIGITS
    scan: Mapping[str, object] = field(default_factory=dict)

    @property
    def n_samples(self) -> int:
        """Number of rows of the file."""
        return int(self.points[0].acc_mps2.shape[0])

    @property
    def stem(self) -> str:
        """Name without suffix, the folder left out."""
        return (
            f"sub-{self.subject}_ses-{self.session}_task-{self.task}"
            f"_tracksys-{self.tracking_system}"
            + (f"_acq-{self.acquisition}" if self.acquisition else "")
            + (f"_run-{self.run:02d}" if self.run is not None else "")
        )


@dataclass(frozen=True)
class Participants:
    """``participants.tsv`` (first column ``participant_id``) and what its columns mean."""

    table: pd.DataFrame
    dictionary: Dictionary


@dataclass(frozen=True, kw_only=True)
class Derivative:
    """Tables that are not raw motion, by path inside the derivative, and their dictionaries.

    ``tables`` holds ``path without suffix -> table``, ``dictionaries`` the same keys or a shared
    one at the derivative's root.
    """

    name: str
    title: str
    readme: str
    tables: Mapping[str, pd.DataFrame]
    dictionaries: Mapping[str, Dictionary]


@dataclass(frozen=True, kw_only=True)
class MotionDataset:
    """A whole data set.

    ``description`` holds further keys of ``dataset_description.json``, ``scans_dictionary`` what
    the files' further columns of ``_scans.tsv`` mean.
    """

    title: str
    readme: str
    authors: tuple[str, ...]
    licence: str
    generated_by: str
    version: str
    files: tuple[MotionFile, ...]
    participants: Participants
    events_dictionary: Dictionary = field(default_factory=dict)
    scans_dictionary: Dictionary = field(default_factory=dict)
    description: Mapping[str, object] = field(default_factory=dict)
    derivatives: tuple[Derivative, ...] = ()


def write_motion_bids(folder: Path, dataset: MotionDataset) -> None:
    """Write the data set; the folder appears or is replaced as a whole.

    Parameters
    ----------
    folder : Path
        The data set's root.

    Raises
    ------
    MotionBidsExportError
        If labels, shapes or participants do not fit together; all problems at once, nothing is
        written.
    StoreError
        If the folder cannot be written.
    """
    problems = _problems(dataset)
    if problems:
        raise MotionBidsExportError(tuple(problems))
    with new_directory(folder) as root:
        _write_head(root, dataset)
        for file in dataset.files:
            _write_motion(root, file)
        _write_scans(root, dataset.files)
        for derivative in dataset.derivatives:
            _write_derivative(root, derivative, dataset)


def _problems(dataset: MotionDataset) -> list[str]:
    """List all that cannot be written: labels become paths, so they are checked first."""
    problems = []
    if not dataset.files:
        problems.append("no recording: give at least one file")
    known = set(dataset.participants.table.get("participant_id", pd.Series(dtype=str)))
    stems: set[str] = set()
    for file in dataset.files:
        for what in ("subject", "session", "task", "tracking_system"):
            label = getattr(file, what)
            if not _LABEL.fullmatch(label):
                problems.append(f"{what} {label!r}: BIDS labels are letters and digits only")
        if file.acquisition and not _LABEL.fullmatch(file.acquisition):
            problems.append(
                f"acquisition {file.acquisition!r}: BIDS labels are letters and digits only"
            )
        if file.stem in stems:
            problems.append(f"{file.stem}: two files have this name")
        stems.add(file.stem)
        if f"sub-{file.subject}" not in known:
            problems.append(f"{file.stem}: sub-{file.subject} is not in the participants table")
        if not file.points:
            problems.append(f"{file.stem}: no tracked point")
            continue
        if not file.sampling_rate_hz > 0:
            problems.append(f"{file.stem}: sampling rate {file.sampling_rate_hz}, expected above 0")
        problems += _point_problems(file)
    for derivative in dataset.derivatives:
        if not _POINT.fullmatch(derivative.name):
            problems.append(f"derivative {derivative.name!r}: expected letters, digits, '-', '_'")
        problems += [
            f"derivative {derivative.name}: path {path!r} leaves its folder"
            for path in (*derivative.tables, *derivative.dictionaries)
            if not all(_POINT.fullmatch(part) for part in path.split("/"))
        ]
    return problems


def _point_problems(file: MotionFile) -> list[str]:
    problems = []
    shape = (file.n_samples, 3)
    labels = [point.label for point in file.points]
    if len(set(labels)) != len(labels):
        problems.append(f"{file.stem}: tracked points {labels} are not all different")
    for point in file.points:
        if not _POINT.fullmatch(point.label):
            problems.append(f"{file.stem}: tracked point {point.label!r} is not a plain name")
        for name, signal in (("acceleration", point.acc_mps2), ("gyroscope", point.gyr_radps)):
            if signal is not None and signal.shape != shape:
                problems.append(
                    f"{file.stem}: {point.label} {name} has shape {signal.shape}, expected {shape}"
                )
    if not any(np.isfinite(signal).any() for p in file.points for *_, signal, _ in _triads(p)):
        problems.append(f"{file.stem}: no channel has any value")
    if file.latency_s is not None and file.latency_s.shape != (shape[0],):
        problems.append(
            f"{file.stem}: latency has shape {file.latency_s.shape}, expected {shape[:1]}"
        )
    return problems


def _write_head(root: Path, dataset: MotionDataset) -> None:
    write_json(
        root / "dataset_description.json",
        {
            "Name": dataset.title,
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "raw",
            "License": dataset.licence,
            "Authors": list(dataset.authors),
            "GeneratedBy": [{"Name": dataset.generated_by, "Version": dataset.version}],
            **dataset.description,
        },
    )
    write_text(root / "README.md", dataset.readme)
    _write_tsv(root / "participants.tsv", dataset.participants.table)
    write_json(root / "participants.json", dict(dataset.participants.dictionary))
    if dataset.scans_dictionary:
        write_json(root / "scans.json", dict(dataset.scans_dictionary))
    if dataset.events_dictionary and any(file.events is not None for file in dataset.files):
        for task in sorted({file.task for file in dataset.files}):
            write_json(
                root / f"task-{task}_events.json",
                {**dataset.events_dictionary, "StimulusPresentation": {"SoftwareName": "n/a"}},
            )


def _write_motion(root: Path, file: MotionFile) -> None:
    folder = root / f"sub-{file.subject}" / f"ses-{file.session}" / "motion"
    columns: list[NDArray[np.float64]] = []
    rows: list[dict[str, str]] = []
    if file.latency_s is not None:
        columns.append(np.round(file.latency_s, TIME_DIGITS))
        rows.append(_channel("latency", "n/a", "LATENCY", "n/a", "s", "n/a", "n/a", "n/a"))
    for point in file.points:
        for kind, name, units, signal, scale in _triads(point):
            for axis, channel in zip("xyz", signal.T, strict=True):
                if np.isnan(channel).all():
                    continue
                columns.append(_rounded(channel, file.digits))
                rows.append(
                    _channel(
                        f"{point.label}_{name}_{axis}",
                        axis,
                        kind,
                        point.label,
                        units,
                        point.placement,
                        _frame_name(point),
                        _number_or_na(scale),
                    )
                )
    _write_samples(folder / f"{file.stem}_motion.tsv", columns)
    _write_tsv(folder / f"{file.stem}_channels.tsv", pd.DataFrame(rows))
    write_json(folder / f"{file.stem}_channels.json", _channels_dictionary(file))
    write_json(folder / f"{file.stem}_motion.json", _motion_sidecar(file, rows))
    if file.events is not None:
        _write_tsv(folder / f"{file.stem}_events.tsv", file.events)


def _triads(point: TrackedPoint) -> list[tuple[str, str, str, NDArray[np.float64], float]]:
    """Give type, short name, units, signal and full scale of each sensor in the device."""
    acc_scale = point.acc_range_g * STANDARD_GRAVITY_MPS2
    triads = [("ACCEL", "acc", "m/s^2", point.acc_mps2, acc_scale)]
    if point.gyr_radps is not None:
        gyr_scale = float(np.deg2rad(point.gyr_range_dps))
        triads.append(("GYRO", "gyr", "rad/s", point.gyr_radps, gyr_scale))
    return triads


def _rounded(signal: NDArray[np.float64], digits: int) -> NDArray[np.float64]:
    """Round, and write what rounds to nothing as 0, not as -0."""
    rounded: NDArray[np.float64] = np.round(signal, digits) + 0.0
    return rounded


def _channel(
    name: str,
    component: str,
    kind: str,
    point: str,
    units: str,
    placement: str,
    frame: str,
    full_scale: str,
) -> dict[str, str]:
    head = dict(zip(_REQUIRED_CHANNEL_COLUMNS, (name, component, kind, point, units), strict=True))
    return {**head, "placement": placement, "reference_frame": frame, "full_scale": full_scale}


def _frame_name(point: TrackedPoint) -> str:
    """Name the axes: one frame for each set of directions, aligned or nominal."""
    known = point.spatial_axes != "n/a"
    return f"{point.frame}_{point.spatial_axes}" if known else f"{point.frame}_unknown"


def _number_or_na(value: float) -> str:
    return "n/a" if np.isnan(value) else f"{value:.10g}"


def _channels_dictionary(file: MotionFile) -> dict[str, object]:
    levels = {
        _frame_name(point): {
            "SpatialAxes": point.spatial_axes,
            "RotationRule": "right-hand",
            "RotationOrder": "n/a",
            "Description": _frame_description(point),
        }
        for point in file.points
    }
    return {
        "reference_frame": {
            "Description": "Anatomical direction of each axis (anterior, posterior, superior, "
            "inferior, left, right).",
            "Levels": levels,
        },
        "full_scale": {
            "Description": "Largest magnitude that the channel can show, in the channel's units; "
            "values at it are clipped.",
        },
    }


def _frame_description(point: TrackedPoint) -> str:
    if point.frame == "segment":
        text = "Axes of the body segment, aligned."
    elif point.spatial_axes == "n/a":
        text = "Axes of the sensor's case; how it was mounted is not known."
    else:
        text = "Axes of the sensor's case; the letters are nominal, the mounting misses them."
    return f"{text} From the raw axes: {point.axes_note}." if point.axes_note else text


def _motion_sidecar(file: MotionFile, rows: list[dict[str, str]]) -> dict[str, object]:
    kinds = [row["type"] for row in rows]
    sidecar: dict[str, object] = {
        "TaskName": file.task,
        "TaskDescription": file.task_description,
        "Instructions": file.task_description,
        "SamplingFrequency": file.sampling_rate_hz,
        "SamplingFrequencyEffective": file.sampling_rate_hz,
        "TrackingSystemName": file.tracking_system,
        "Manufacturer": file.manufacturer,
        "ManufacturersModelName": file.model,
        # what we do not know is said to be unknown; the validator recommends the keys
        "DeviceSerialNumber": "n/a",
        "SoftwareVersions": "n/a",
        "InstitutionName": "n/a",
        "InstitutionAddress": "n/a",
        "InstitutionalDepartmentName": "n/a",
        "SubjectArtefactDescription": "n/a",
        "MotionChannelCount": len(rows),
        "TrackedPointsCount": len(file.points),
        "MissingValues": "n/a",
        "RecordingDuration": round(
            float(file.latency_s[-1])
            if file.latency_s is not None
            else file.n_samples / file.sampling_rate_hz,
            TIME_DIGITS,
        ),
    }
    for kind in ("ACCEL", "GYRO", "LATENCY"):
        sidecar[f"{kind}ChannelCount"] = kinds.count(kind)
    for kind in ("ANGACCEL", "JNTANG", "MAGN", "MISC", "ORNT", "POS", "VEL"):
        sidecar[f"{kind}ChannelCount"] = 0
    return sidecar


def _write_scans(root: Path, files: tuple[MotionFile, ...]) -> None:
    """Write when each file began, to the microsecond: the tie between clocks."""
    further = list(dict.fromkeys(column for file in files for column in file.scan))
    sessions: dict[tuple[str, str], list[MotionFile]] = {}
    for file in files:
        sessions.setdefault((file.subject, file.session), []).append(file)
    for (subject, session), group in sessions.items():
        table = pd.DataFrame(
            {
                "filename": [f"motion/{file.stem}_motion.tsv" for file in group],
                "acq_time": [_acquisition_time(file.started_at) for file in group],
                **{column: [file.scan.get(column) for file in group] for column in further},
            }
        )
        place = root / f"sub-{subject}" / f"ses-{session}" / f"sub-{subject}_ses-{session}"
        _write_tsv(place.with_name(f"{place.name}_scans.tsv"), table)


def _acquisition_time(started_at: datetime | None) -> str:
    if started_at is None:
        return "n/a"
    zone = "" if started_at.tzinfo is None else "Z"
    in_utc = started_at if started_at.tzinfo is None else started_at.astimezone(UTC)
    return in_utc.strftime("%Y-%m-%dT%H:%M:%S.%f") + zone


def _write_derivative(root: Path, derivative: Derivative, dataset: MotionDataset) -> None:
    folder = root / "derivatives" / derivative.name
    write_json(
        folder / "dataset_description.json",
        {
            "Name": derivative.title,
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "derivative",
            "License": dataset.licence,
            "Authors": list(dataset.authors),
            "GeneratedBy": [{"Name": dataset.generated_by, "Version": dataset.version}],
            "SourceDatasets": [{"URL": "../.."}],
        },
    )
    write_text(folder / "README.md", derivative.readme)
    # the specification has no names for such tables: its own way to keep them is this list
    ignored = ["*.tsv", *(f"{path}.json" for path in derivative.dictionaries)]
    write_text(folder / ".bidsignore", "\n".join(ignored) + "\n")
    for path, table in derivative.tables.items():
        _write_tsv(folder / f"{path}.tsv", table)
    for path, dictionary in derivative.dictionaries.items():
        write_json(folder / f"{path}.json", dict(dictionary))


def _write_tsv(path: Path, table: pd.DataFrame) -> None:
    """Write a table with a header; missing values are n/a."""
    write_text(path, table.to_csv(sep="\t", index=False, na_rep="n/a", lineterminator="\n"))


def _write_samples(path: Path, columns: list[NDArray[np.float64]]) -> None:
    """Write samples without header, shortest digits that give the rounded value back."""
    texts = [
        pc.fill_null(pc.cast(pa.array(column, from_pandas=True), pa.string()), "n/a")
        for column in columns
    ]
    table = pa.table(dict(zip(map(str, range(len(texts))), texts, strict=True)))
    options = pyarrow.csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.csv.write_csv(table, path, options)
