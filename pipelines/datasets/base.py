"""What every dataset module states and returns: a card of facts, a list of files, recordings.

A dataset module is named author-wise (``cetin_2026``) and defines ``CARD`` and
``read_recordings(raw_dir)``; a published table defines ``read_published(raw_dir)`` instead, a diary
without recordings ``read_daily(raw_dir)``. Beside it stand ``<module>.files.json`` (paths, sizes,
hashes, addresses) and ``<module>.md`` (the card in words, whose facts are generated from ``CARD``).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from loadcore.constants import SIDES, SITES
from tolerance.schemas import PANDAS_DTYPES, TABLES

__all__ = [
    "DAILY_TABLES",
    "REFERENCE_TABLES",
    "TRIAL_MEANS",
    "DailyTables",
    "DatasetCard",
    "FileList",
    "Imported",
    "ImportedRecording",
    "LeftOut",
    "Mask",
    "Reference",
    "RemoteFile",
    "Sensor",
    "UnusableRecordingError",
    "apply_axes",
    "constant_runs",
    "excluded_frame",
    "mask_signals",
    "read_or_leave_out",
    "recording_row",
    "reference_frame",
    "signals_frame",
]

Licence = Literal["permissive", "copyleft", "non_commercial", "not_stated"]
Matrix = tuple[tuple[float, float, float], ...]

IDENTITY: Final[Matrix] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
"""Axes already as documented."""

AXES: Final = ("x", "y", "z")
ACC_COLUMNS: Final = tuple(f"acc_{axis}_mps2" for axis in AXES)
GYR_COLUMNS: Final = tuple(f"gyr_{axis}_radps" for axis in AXES)

REFERENCE_TABLES: Final = (
    "contacts",
    "strides",
    "conditions",
    "force",
    "position",
    "joints",
    "excluded",
    "tissue_forces",
)
"""Tables that a reference may fill, as ``tolerance.schemas`` declares them.

``conditions`` says what is known of a stretch (activity, treadmill speed, slope, distance) and
which recordings stay on one side of a split; ``strides.activity`` is "unknown" where any
definition of running would be arbitrary; ``excluded`` lists the stretches about which the
reference says nothing reliable: neither a hit nor a miss counts there.
"""
TRIAL_MEANS: Final = "trial_means"
"""Table of a published data set that has means instead of recordings."""
DAILY_TABLES: Final = ("wellness_reports", "diary_sessions")
"""Tables of a data set that has a diary instead of recordings."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sensor(_Frozen):
    """One sensor of a dataset, and how its raw axes become the documented ones.

    ``axes`` maps raw to documented axes: ``documented = axes @ raw``. A row of zeros is an axis
    that the dataset lacks; its column is NaN.
    """

    name: str
    site: str
    side: str
    placement: str
    model: str
    frame: Literal["sensor", "segment"]
    sampling_rate_hz: float = Field(gt=0)
    acc_range_g: float | None = None
    gyr_range_dps: float | None = None
    has_acc: bool = True
    has_gyr: bool = True
    axes: Matrix = IDENTITY
    axes_note: str

    @model_validator(mode="after")
    def _known_words_and_proper_axes(self) -> Self:
        if self.site not in SITES:
            raise ValueError(f"sensor {self.name}: site {self.site!r} is not one of {SITES}")
        if self.side not in SIDES:
            raise ValueError(f"sensor {self.name}: side {self.side!r} is not one of {SIDES}")
        axes = np.asarray(self.axes)
        if axes.shape != (3, 3):
            raise ValueError(f"sensor {self.name}: axes must be 3 × 3, got {axes.shape}")
        present = axes[np.abs(axes).sum(axis=1) > 0]
        if not np.allclose(present @ present.T, np.eye(len(present)), atol=1e-9):
            raise ValueError(f"sensor {self.name}: rows of the axes matrix must be orthonormal")
        if len(present) == len(AXES) and np.linalg.det(axes) < 0:
            raise ValueError(f"sensor {self.name}: the axes matrix turns a right hand into a left")
        return self


class Reference(_Frozen):
    """A reference signal of a dataset and the table it is imported to."""

    table: str
    what: str
    unit: str

    @field_validator("table")
    @classmethod
    def _known_table(cls, table: str) -> str:
        known = (*REFERENCE_TABLES, TRIAL_MEANS, *DAILY_TABLES)
        if table not in known:
            raise ValueError(f"reference table {table!r} is not one of {known}")
        return table


class DatasetCard(_Frozen):
    """The facts of a dataset; ``None`` or "not stated" where its authors do not say."""

    id: str
    module: str
    title: str
    citation: str
    doi: str | None
    home: str
    licence: str
    licence_kind: Licence
    ethics: str
    n_runners: int = Field(ge=0)
    n_recordings: int = Field(ge=0)
    age: str
    sex: str
    speed: str
    foot_strike: str
    surface: str
    sensors: tuple[Sensor, ...]
    references: tuple[Reference, ...]
    cautions: tuple[str, ...]

    @property
    def needs_acceptance(self) -> bool:
        """True where the user must accept the licence by name before anything is fetched."""
        return self.licence_kind in ("non_commercial", "not_stated")

    def sensor(self, name: str) -> Sensor:
        """Return the sensor called ``name``."""
        return next(sensor for sensor in self.sensors if sensor.name == name)


class RemoteFile(_Frozen):
    """One file of a dataset.

    ``url`` is None for a file that has no public address (derived tables of the mirror);
    ``sha256`` is None for a file whose bytes were never seen: it is never fetched by itself, a
    user may place it by hand.
    """

    path: str
    bytes: int | None
    sha256: str | None
    url: str | None

    @field_validator("path")
    @classmethod
    def _inside(cls, path: str) -> str:
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts or not pure.parts:
            raise ValueError(f"path {path!r} leaves the dataset's folder")
        return path

    @field_validator("sha256")
    @classmethod
    def _hex(cls, digest: str | None) -> str | None:
        if digest is not None and (len(digest) != 64 or set(digest) - set("0123456789abcdef")):
            raise ValueError(f"sha256 {digest!r} is not 64 lower-case hexadecimal digits")
        return digest


class FileList(_Frozen):
    """The content of ``<module>.files.json``."""

    dataset_id: str
    module: str
    mirror_folder: str | None = None
    files: tuple[RemoteFile, ...]

    @property
    def folder(self) -> str:
        """Folder of the mirror that holds the files: the dataset's id unless stated."""
        return self.mirror_folder or self.dataset_id


@dataclass(frozen=True)
class Mask:
    """Samples that are not observations: ``[start_sample, stop_sample)`` and why."""

    start_sample: int
    stop_sample: int
    reason: str


@dataclass(frozen=True)
class ImportedRecording:
    """One recording, ready for the interim tables.

    ``row`` is the row of the recordings table, ``signals`` the samples in the documented frame,
    ``references`` the reference tables by name, ``masks`` what was set to NaN and why.
    """

    row: Mapping[str, object]
    signals: pd.DataFrame
    references: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    masks: tuple[Mask, ...] = ()

    @property
    def recording_id(self) -> str:
        """Key of the recording."""
        return str(self.row["recording_id"])


@dataclass(frozen=True)
class LeftOut:
    """A recording that could not be read, and why; the rest of the dataset goes on.

    ``references`` keeps what is known of it all the same, such as a published list of strides.
    """

    recording_id: str
    reason: str
    references: Mapping[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class DailyTables:
    """What ``read_daily`` gives: tables by name (`DAILY_TABLES`), and what was left out.

    ``problems`` are pairs of person and reason.
    """

    tables: Mapping[str, pd.DataFrame]
    problems: tuple[tuple[str, str], ...]


class UnusableRecordingError(ValueError):
    """A recording cannot be used; the message says why."""


def read_or_leave_out(
    recording_id: str, read: Callable[[], ImportedRecording]
) -> ImportedRecording | LeftOut:
    """Read one recording; whatever is wrong with its file becomes a reason, never a crash.

    Readers of foreign formats raise nearly anything on a damaged file (struct, zlib, key, memory
    errors), so every exception counts as "this file cannot be read".
    """
    try:
        recording = read()
    except Exception as error:
        detail = str(error).splitlines()[0] if str(error) else "no detail"
        return LeftOut(recording_id, f"{type(error).__name__}: {detail}")
    return recording


def apply_axes(raw: NDArray[np.float64], axes: Matrix) -> NDArray[np.float64]:
    """Turn raw axes into documented ones; an axis that the dataset lacks becomes NaN.

    Parameters
    ----------
    raw : (n_samples, 3) float array
        Raw channels; any unit.
    axes : 3 × 3
        ``documented = axes @ raw``, a row of zeros for a missing axis.

    Returns
    -------
    (n_samples, 3) float array
    """
    matrix = np.asarray(axes, dtype=np.float64)
    turned = np.full((raw.shape[0], 3), np.nan)
    for row in range(3):
        used = np.flatnonzero(matrix[row])
        if used.size:
            turned[:, row] = raw[:, used] @ matrix[row, used]
    return turned


def signals_frame(
    time_s: NDArray[np.float64],
    acc_mps2: NDArray[np.float64] | None,
    gyr_radps: NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """Assemble the signals of one recording.

    A sensor without accelerometer gives NaN columns; without gyroscope it gives no columns.

    Raises
    ------
    UnusableRecordingError
        If there is no sample, the lengths differ, or time stands still or runs backwards.
    """
    problems: list[str] = []
    if time_s.size == 0:
        problems.append("no sample")
    if time_s.size and not np.all(np.diff(time_s) > 0):
        problems.append("time stands still or runs backwards")
    for name, array in (("acceleration", acc_mps2), ("gyroscope", gyr_radps)):
        if array is not None and array.shape != (time_s.size, 3):
            problems.append(f"{name} has shape {array.shape}, expected {(time_s.size, 3)}")
    if problems:
        raise UnusableRecordingError("; ".join(problems))
    frame = {"time_s": time_s.astype(np.float64)}
    for i, column in enumerate(ACC_COLUMNS):
        frame[column] = np.full(time_s.size, np.nan) if acc_mps2 is None else acc_mps2[:, i]
    if gyr_radps is not None:
        for i, column in enumerate(GYR_COLUMNS):
            frame[column] = gyr_radps[:, i]
    return pd.DataFrame(frame)


def mask_signals(signals: pd.DataFrame, masks: Sequence[Mask]) -> pd.DataFrame:
    """Set masked samples of every channel to NaN; time stays."""
    masked = signals.copy()
    channels = [column for column in masked.columns if column != "time_s"]
    for mask in masks:
        masked.loc[masked.index[mask.start_sample : mask.stop_sample], channels] = np.nan
    return masked


def constant_runs(values: NDArray[np.float64], min_samples: int) -> NDArray[np.int64]:
    """Find stretches in which every column repeats its value exactly.

    Parameters
    ----------
    values : (n_samples, n_columns) float array
    min_samples : int
        Shortest run that counts.

    Returns
    -------
    (n_runs, 2) int64 array
        Half-open sample ranges, in order; empty where nothing repeats.
    """
    if values.shape[0] < 2:
        return np.empty((0, 2), dtype=np.int64)
    same = np.all(values[1:] == values[:-1], axis=1)
    edges = np.diff(np.concatenate(([0], same.astype(np.int8), [0])))
    start = np.flatnonzero(edges == 1)
    stop = np.flatnonzero(edges == -1) + 1
    long = stop - start >= min_samples
    return np.column_stack((start[long], stop[long])).astype(np.int64)


def recording_row(
    card: DatasetCard,
    sensor: Sensor,
    *,
    recording_id: str,
    runner_id: str,
    session_id: str,
    sampling_rate_hz: float | None = None,
    started_at_utc: pd.Timestamp | None = None,
    body_mass_kg: float = float("nan"),
    height_m: float = float("nan"),
    surface: str | None = None,
    shoe: str | None = None,
    side: str | None = None,
) -> dict[str, object]:
    """Row of the recordings table, from the card's sensor and what is known of this recording."""

    def number(value: float | None) -> float:
        return float("nan") if value is None else float(value)

    return {
        "recording_id": recording_id,
        "dataset_id": card.id,
        "runner_id": runner_id,
        "session_id": session_id,
        "started_at_utc": pd.NaT if started_at_utc is None else started_at_utc,
        "sensor_site": sensor.site,
        "side": sensor.side if side is None else side,
        "frame": sensor.frame,
        "sampling_rate_hz": number(
            sensor.sampling_rate_hz if sampling_rate_hz is None else sampling_rate_hz
        ),
        "acc_range_g": number(sensor.acc_range_g),
        "gyr_range_dps": number(sensor.gyr_range_dps),
        "body_mass_kg": body_mass_kg,
        "height_m": height_m,
        "surface": card.surface if surface is None else surface,
        "shoe": shoe,
    }


def reference_frame(name: str, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Build one reference table with its columns in order and its types.

    Scalars are repeated; a nullable column that is not given is "not observed", one that is
    neither given nor nullable stays out, for the check before writing to report.
    """
    declared = {column.name: column for column in TABLES[name].columns}
    unknown = set(columns) - set(declared)
    if unknown:
        raise KeyError(f"reference {name!r}: unexpected columns {sorted(unknown)}")
    sizes = {np.size(value) for value in columns.values() if np.ndim(value)}
    if len(sizes) > 1:
        raise ValueError(f"reference {name!r}: columns of different lengths {sorted(sizes)}")
    n_rows = sizes.pop() if sizes else 1
    filled: dict[str, pd.Series] = {}
    for column in declared.values():
        if column.name not in columns and (column.optional or not column.nullable):
            continue
        value = columns.get(column.name, np.nan)
        filled[column.name] = pd.Series(
            np.full(n_rows, value) if np.ndim(value) == 0 else np.asarray(value),
            dtype=PANDAS_DTYPES[column.dtype],
        )
    return pd.DataFrame(filled)


def excluded_frame(
    recording_id: str, stretches: Sequence[tuple[float, float, str]]
) -> pd.DataFrame:
    """Build table ``excluded`` of one recording from ``(start_s, stop_s, reason)``."""
    return reference_frame(
        "excluded",
        {
            "recording_id": np.full(len(stretches), recording_id, dtype=object),
            "start_s": np.array([start for start, _, _ in stretches], dtype=np.float64),
            "stop_s": np.array([stop for _, stop, _ in stretches], dtype=np.float64),
            "reason": np.array([reason for _, _, reason in stretches], dtype=object),
        },
    )


Imported = Iterator[ImportedRecording | LeftOut]
"""What ``read_recordings`` gives: recordings, and those that could not be read."""
