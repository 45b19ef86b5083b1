"""From raw channels to a recording of the workspace: units, calibration, checks, findings.

Every reader of somebody's own files ends here, so that all of them refuse the same things with
the same words.
"""

import datetime as dt
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final, Literal, Self, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from loadcore.checks import check_signal
from loadcore.constants import SIDES, SITES, STANDARD_GRAVITY_MPS2
from loadcore.signals import SignalError, acc_unit, clipped_samples, gyr_unit, idle_samples
from loadcore.timing import measure_timing
from pipelines.datasets.base import ImportedRecording, Mask, signals_frame
from pipelines.importers.raw_files import RecordingFileError
from tolerance.schemas import TABLES

__all__ = [
    "ACC_UNITS",
    "DATASET_ID",
    "GYR_UNITS",
    "TIME_UNITS",
    "Calibration",
    "Columns",
    "OwnRecording",
    "RawChannels",
    "Sidecar",
    "Units",
    "assemble",
    "identifier",
    "parse_sidecar",
]

type FloatArray = NDArray[np.float64]
type Vector = tuple[float, float, float]

DATASET_ID: Final = "own"
"""Id of recordings that belong to no published dataset."""

ACC_UNITS: Final[Mapping[str, float]] = {
    "m/s^2": 1.0,
    "g": STANDARD_GRAVITY_MPS2,
    "mg": STANDARD_GRAVITY_MPS2 / 1000.0,
}
GYR_UNITS: Final[Mapping[str, float]] = {"rad/s": 1.0, "deg/s": math.pi / 180.0}
TIME_UNITS: Final[Mapping[str, float]] = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}

_APPARENT: Final[Mapping[str, str]] = {
    "mps2": "m/s^2",
    "g": "g",
    "mg": "mg",
    "radps": "rad/s",
    "degps": "deg/s",
}
"""The load core's names of units, in a sidecar's words."""

RUNNING_SPREAD: Final = 0.5
"""Standard deviation over mean of the size of acceleration, from which a body runs or jumps
rather than walks. Engineering choice: walking reaches 0.3 at the shank, running exceeds 0.6."""
MAX_UPSIDE_DOWN: Final = -0.5
"""Mean of the +y axis over mean size, below which a sensor said to be in segment axes hangs head
down. Engineering choice: a shank tilts by less than 60 degrees on average."""
MIN_NOTED_SHARE: Final = 1e-3
"""Share of samples lost, asleep or clipped from which it is worth a sentence. Engineering choice:
a second and more of a run of half an hour."""
USUAL_SIZE_MPS2: Final = (5.0, 40.0)
"""Median size of specific force of a body that stands, walks or runs; the load core's band for
movement (`signals.MOVING_BANDS`)."""
MIN_VIGOROUS_RADPS: Final = 1.0
"""Smallest range of angular velocity in running. Engineering choice: a pelvis that turns by 10
degrees to either side at 1.4 Hz has 3 rad/s, a shank over 8 (load.md A4)."""
ABSURD: Final = 1e9
"""Greater numbers are damage, whatever the unit: the widest sensors end at 5e5 mg. Engineering
choice: far above that, and far below where squares overflow."""
MAX_QUIET_JITTER: Final = 0.05
"""Scatter of the sample interval, over the interval, that goes without saying: the load core
resamples beyond it (`recording.MAX_JITTER_FRACTION`)."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Columns(_Strict):
    """Which column holds what; null for an axis the sensor lacks."""

    time: str | None = None
    acc: tuple[str | None, str | None, str | None]
    gyr: tuple[str | None, str | None, str | None] | None = None

    @model_validator(mode="after")
    def _some_and_once(self) -> Self:
        if not any(self.acc):
            raise ValueError("names no acceleration column")
        names = [name for name in (self.time, *self.acc, *(self.gyr or ())) if name]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"names {', '.join(doubled)} more than once")
        return self


class Units(_Strict):
    """Units of the columns, always stated, never guessed."""

    acc: Literal["m/s^2", "g", "mg"]
    gyr: Literal["rad/s", "deg/s"] | None = None
    time: Literal["s", "ms", "us", "ns"] | None = None


class Triad(_Strict):
    """Static calibration of three axes: ``rotation @ (scale * (raw - offset))``, raw units."""

    offset: Vector = (0.0, 0.0, 0.0)
    scale: Vector = (1.0, 1.0, 1.0)
    rotation: tuple[Vector, Vector, Vector] = (
        (1.0, 0.0, 0.0),
        (0.0, 1.0, 0.0),
        (0.0, 0.0, 1.0),
    )

    @field_validator("scale")
    @classmethod
    def _plausible_scale(cls, scale: Vector) -> Vector:
        if not all(0.5 <= abs(factor) <= 2.0 for factor in scale):
            raise ValueError("scale factors correct a sensor by some percent: expected 0.5 to 2")
        return scale

    @field_validator("rotation")
    @classmethod
    def _rotates(cls, rotation: tuple[Vector, Vector, Vector]) -> tuple[Vector, Vector, Vector]:
        matrix = np.array(rotation)
        if not np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-3) or np.linalg.det(matrix) < 0:
            raise ValueError("is no rotation: expected orthonormal rows and determinant +1")
        return rotation

    def apply(self, raw: FloatArray) -> FloatArray:
        """Return corrected channels, (n, 3); a missing axis stays NaN unless it is rotated."""
        scaled = (raw - np.array(self.offset)) * np.array(self.scale)
        matrix = np.array(self.rotation)
        if np.array_equal(matrix, np.eye(3)):
            return np.asarray(scaled, dtype=np.float64)
        return np.asarray(scaled @ matrix.T, dtype=np.float64)


class Calibration(_Strict):
    """Static calibration of one sensor."""

    acc: Triad = Triad()
    gyr: Triad = Triad()


class Sidecar(_Strict):
    """What a JSON file beside a recording says about it.

    Attributes
    ----------
    preset : str, optional
        Named column map of `presets`; without it ``columns`` and ``units`` are needed.
    sampling_rate_hz : float, optional
        Needed without a time column; with one it is compared with the stamps.
    site, side : str
        Where the sensor sat.
    frame : str
        "sensor" (any orientation) or "segment" (+x anterior, +y up, +z right).
    gravity_reads : str
        "up": at rest the axis that points up reads +1 g (specific force, nearly all sensors);
        "down": it reads -1 g (raw values of iOS).
    stamps : str
        "use" the time column, or "ignore" it and count samples at ``sampling_rate_hz``.
    """

    preset: str | None = None
    columns: Columns | None = None
    units: Units | None = None
    sampling_rate_hz: Annotated[float, Field(gt=0)] | None = None
    site: str
    side: str = "unknown"
    frame: Literal["sensor", "segment"] = "sensor"
    gravity_reads: Literal["up", "down"] = "up"
    stamps: Literal["use", "ignore"] = "use"
    body_mass_kg: Annotated[float, Field(ge=20, le=300)] | None = None
    height_m: Annotated[float, Field(ge=0.8, le=2.6)] | None = None
    acc_range_g: Annotated[float, Field(ge=0.5, le=1000)] | None = None
    gyr_range_dps: Annotated[float, Field(ge=50, le=20_000)] | None = None
    device: str | None = None
    firmware: str | None = None
    calibration: Calibration = Calibration()
    started_at: dt.datetime | None = None
    runner_id: str = "runner"
    session_id: str | None = None
    surface: str | None = None
    shoe: str | None = None

    @field_validator("site")
    @classmethod
    def _known_site(cls, site: str) -> str:
        if site not in SITES:
            raise ValueError(f"expected one of {', '.join(SITES)}")
        return site

    @field_validator("side")
    @classmethod
    def _known_side(cls, side: str) -> str:
        if side not in SIDES:
            raise ValueError(f"expected one of {', '.join(SIDES)}")
        return side

    @field_validator("started_at", mode="before")
    @classmethod
    def _written_time(cls, value: object) -> object:
        if value is not None and not isinstance(value, str):
            raise ValueError("expected text such as '2026-03-01T08:00:00+01:00'")
        return value

    @field_validator("started_at")
    @classmethod
    def _this_century(cls, value: dt.datetime | None) -> dt.datetime | None:
        if value is not None and not 2000 <= value.year < 2100:
            raise ValueError("expected a year from 2000 to 2099")
        return value

    @field_validator("runner_id", "session_id")
    @classmethod
    def _safe_name(cls, value: str | None) -> str | None:
        if value is not None and not _IDENTIFIER.fullmatch(value):
            raise ValueError(
                "expected letters, digits, '_' and '-', beginning with a letter or digit"
            )
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        problems = []
        if self.preset is None:
            if self.columns is None:
                problems.append("columns is missing (or name a preset)")
            if self.units is None:
                problems.append("units is missing (or name a preset)")
        elif self.columns is not None or self.units is not None:
            problems.append("preset and columns or units exclude each other")
        if self.columns is not None and self.units is not None:
            if self.columns.gyr is not None and self.units.gyr is None:
                problems.append("units.gyr is missing: rad/s or deg/s")
            if self.columns.time is not None and self.units.time is None:
                problems.append("units.time is missing: s, ms, us or ns")
            no_time = self.columns.time is None or self.stamps == "ignore"
            if no_time and self.sampling_rate_hz is None:
                problems.append("sampling_rate_hz is missing: there is no time column to tell it")
        if problems:
            raise ValueError("; ".join(problems))
        return self


_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def identifier(text: str) -> str:
    """Turn a file's name into an id that may become part of a path."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_-")
    return safe or "recording"


def parse_sidecar(values: object, name: str) -> Sidecar:
    """Check a sidecar's content.

    Raises
    ------
    RecordingFileError
        With every missing, unknown or wrong field.
    """
    try:
        return Sidecar.model_validate(values)
    except ValidationError as error:
        raise RecordingFileError(name, *map(_in_words, error.errors())) from error


def _in_words(error: Any) -> str:
    where = ".".join(map(str, error["loc"]))
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "missing":
        return f"field {where} is missing"
    if error["type"] == "extra_forbidden":
        return f"field {where} is not known"
    if not where:
        return message
    received = repr(error["input"])
    return f"field {where} is {received[:60]}: {message[:1].lower()}{message[1:]}"


@dataclass(frozen=True)
class RawChannels:
    """Channels of one sensor as a file has them.

    Attributes
    ----------
    acc, gyr : (n, 3) float64 array
        In the units stated; a column of NaN for an axis that is not there; gyr None if absent.
    time_s : (n,) float64 array or None
        Seconds, from any zero; None if the file has no stamps.
    sampling_rate_hz : float or None
        As the file states it.
    details : mapping
        What else the file says: device, firmware, preset.
    """

    acc: FloatArray
    acc_unit: str
    gyr: FloatArray | None = None
    gyr_unit: str = "rad/s"
    time_s: FloatArray | None = None
    sampling_rate_hz: float | None = None
    started_at: pd.Timestamp | None = None
    acc_range_g: float | None = None
    gyr_range_dps: float | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class OwnRecording(ImportedRecording):
    """A recording from somebody's own files.

    Attributes
    ----------
    notes : tuple of str
        What a reader of the report should know, one sentence each; nothing that forbids use.
    details : mapping
        Device, firmware, format, preset, as far as known.
    """

    notes: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)


def assemble(raw: RawChannels, sidecar: Sidecar, recording_id: str, name: str) -> OwnRecording:
    """Convert, calibrate and check the channels of one sensor.

    Parameters
    ----------
    raw : RawChannels
    sidecar : Sidecar
    recording_id : str
        Key of the recording; also its session unless the sidecar names one.
    name : str
        Of the file, for messages.

    Raises
    ------
    RecordingFileError
        With every problem of the signal: see ``loadcore.checks.check_signal``, and units that
        contradict the data, time stamps that cannot be used, a segment frame that is upside down.
    """
    n = raw.acc.shape[0]
    if n < 2:
        raise RecordingFileError(
            name, f"holds {'one sample' if n else 'no sample'}: export the recording again"
        )
    _refuse_absurd(raw, name)
    problems: list[str] = []
    time_s, rate_hz = _timing(raw, sidecar, problems)
    asleep = idle_samples(raw.acc, rate_hz) if math.isfinite(rate_hz) else np.zeros(n, np.bool_)
    raw = replace(raw, acc=_without(raw.acc, asleep), gyr=_without(raw.gyr, asleep))
    problems += _unit_problems(raw)
    calibration = sidecar.calibration
    sign = -1.0 if sidecar.gravity_reads == "down" else 1.0
    acc = sign * ACC_UNITS[raw.acc_unit] * calibration.acc.apply(raw.acc)
    gyr = None
    if raw.gyr is not None and np.isfinite(raw.gyr).any():
        gyr = GYR_UNITS[raw.gyr_unit] * calibration.gyr.apply(raw.gyr)
    if math.isfinite(rate_hz):
        try:
            check_signal(acc, rate_hz, gyr, time_s)
        except SignalError as error:
            # A wrong unit is named once, in the words of the sidecar.
            said = any("looks like" in problem for problem in problems)
            problems += [p for p in error.problems if not (said and "looks like" in p)]
    if sidecar.frame == "segment":
        problems += _upside_down(acc)
    if not problems:
        problems += _beyond_sensors(acc, gyr) or _beyond_bodies(acc, gyr)
    if problems or time_s is None:
        raise RecordingFileError(name, *dict.fromkeys(problems))
    started = _started(sidecar, raw)
    row = {
        "recording_id": recording_id,
        "dataset_id": DATASET_ID,
        "runner_id": sidecar.runner_id,
        "session_id": sidecar.session_id or recording_id,
        "started_at_utc": started,
        "sensor_site": sidecar.site,
        "side": sidecar.side,
        "frame": sidecar.frame,
        "sampling_rate_hz": rate_hz,
        "acc_range_g": _number(sidecar.acc_range_g or raw.acc_range_g),
        "gyr_range_dps": _number(sidecar.gyr_range_dps or raw.gyr_range_dps),
        "body_mass_kg": _number(sidecar.body_mass_kg),
        "height_m": _number(sidecar.height_m),
        "surface": sidecar.surface,
        "shoe": sidecar.shoe,
    }
    stated = {"device": sidecar.device, "firmware": sidecar.firmware}
    details = dict(raw.details) | {key: value for key, value in stated.items() if value}
    return OwnRecording(
        row=row,
        signals=signals_frame(time_s, acc, gyr),
        masks=_masks(asleep),
        notes=(*raw.notes, *_findings(time_s, acc, gyr, asleep, row)),
        details=details,
    )


@overload
def _without(channels: FloatArray, asleep: NDArray[np.bool_]) -> FloatArray: ...
@overload
def _without(channels: None, asleep: NDArray[np.bool_]) -> None: ...
def _without(channels: FloatArray | None, asleep: NDArray[np.bool_]) -> FloatArray | None:
    """Take a sleeping sensor's constants for what they are: not observed."""
    return None if channels is None else np.where(asleep[:, None], np.nan, channels)


def _masks(asleep: NDArray[np.bool_]) -> tuple[Mask, ...]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], asleep.astype(np.int8), [0]))))
    return tuple(
        Mask(int(start), int(stop), "the sensor slept: exact constants")
        for start, stop in edges.reshape(-1, 2)
    )


def _refuse_absurd(raw: RawChannels, name: str) -> None:
    """Refuse numbers with which nothing can be computed, before anything is."""
    problems = []
    for what, channels in (("acceleration", raw.acc), ("angular velocity", raw.gyr)):
        if channels is None or not np.isfinite(channels).any():
            continue
        if np.isinf(channels).any():
            problems.append(f"{what} holds infinities: export the recording again")
        elif np.nanmax(np.abs(channels)) > ABSURD:
            problems.append(
                f"{what} reaches {np.nanmax(np.abs(channels)):.3g} {raw.acc_unit}, which no sensor "
                "measures: the file is damaged or its columns are others"
            )
    if problems:
        raise RecordingFileError(name, *problems)


def _beyond_bodies(acc: FloatArray, gyr: FloatArray | None) -> list[str]:
    """Compare with what a sensor on somebody's leg or trunk reads most of the time."""
    problems = []
    rows = acc[np.isfinite(acc).all(axis=1)]
    usual = float(np.median(np.sqrt((rows**2).sum(axis=1)))) if rows.size else math.nan
    low, high = USUAL_SIZE_MPS2
    if usual < low or usual > high:
        problems.append(
            f"acceleration is usually {usual:.3g} m/s², expected {low:g} to {high:g} of a sensor "
            "worn by somebody: check units, scale and columns"
        )
    if gyr is not None and np.isfinite(gyr).any() and _is_vigorous(acc):
        seen = gyr[np.isfinite(gyr).all(axis=1)]
        greatest = float(np.ptp(seen, axis=0).max()) if seen.size else math.nan
        if greatest < MIN_VIGOROUS_RADPS:
            problems.append(
                f"angular velocity stays within {greatest:.2g} rad/s although acceleration is that "
                "of running: check units, scale and columns"
            )
    return problems


def _beyond_sensors(acc: FloatArray, gyr: FloatArray | None) -> list[str]:
    """Compare with what any sensor can measure, as the table of signals does."""
    limits = {column.name: column.maximum for column in TABLES["signals"].columns}
    problems = []
    for what, channels, column in (("acc", acc, "acc_x_mps2"), ("gyr", gyr, "gyr_x_radps")):
        if channels is None or not np.isfinite(channels).any():
            continue
        greatest = float(np.nanmax(np.abs(channels)))
        if greatest > limits[column]:
            unit = "m/s²" if what == "acc" else "rad/s"
            problems.append(
                f"{what} reaches {greatest:.4g} {unit}, expected at most {limits[column]:g}: check "
                "units and columns"
            )
    return problems


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _started(sidecar: Sidecar, raw: RawChannels) -> Any:
    if sidecar.started_at is not None:
        return pd.to_datetime(sidecar.started_at, utc=True)
    return pd.NaT if raw.started_at is None else raw.started_at


def _timing(
    raw: RawChannels, sidecar: Sidecar, problems: list[str]
) -> tuple[FloatArray | None, float]:
    """Seconds from the first sample, and the rate; NaN where they cannot be used."""
    stated = sidecar.sampling_rate_hz or raw.sampling_rate_hz
    if raw.time_s is None or sidecar.stamps == "ignore":
        if stated is None:
            problems.append("there are no time stamps: state sampling_rate_hz in the sidecar")
            return None, float("nan")
        return np.arange(raw.acc.shape[0]) / stated, stated
    try:
        timing = measure_timing(raw.time_s)
    except SignalError as error:
        problems += [_time_in_words(raw.time_s, problem) for problem in error.problems]
        return None, float("nan")
    # The stamps decide; a stated rate that contradicts them is refused by `check_signal`.
    rate_hz = timing.sampling_rate_hz if stated is None else stated
    return np.asarray(raw.time_s - raw.time_s[0], dtype=np.float64), rate_hz


def _time_in_words(time_s: FloatArray, problem: str) -> str:
    steps = np.diff(time_s)
    if not np.isfinite(time_s).all():
        first = int(np.flatnonzero(~np.isfinite(time_s))[0])
        return (
            f"{int((~np.isfinite(time_s)).sum())} time stamps are missing, the first in sample "
            f"{first}: export again, or set stamps to 'ignore' and state sampling_rate_hz"
        )
    if (steps <= 0).any():
        first = int(np.flatnonzero(steps <= 0)[0]) + 1
        backwards = int((steps < 0).sum())
        return (
            f"time goes back {backwards} times and stands still {int((steps == 0).sum())} times, "
            f"first in sample {first}: export again, or set stamps to 'ignore' and state "
            "sampling_rate_hz if no sample was lost"
        )
    return problem


def _unit_problems(raw: RawChannels) -> list[str]:
    """Compare stated units with what the values look like."""
    problems = []
    apparent = _APPARENT.get(acc_unit(raw.acc))
    if apparent is not None and apparent != raw.acc_unit:
        problems.append(
            f"acceleration is stated in {raw.acc_unit} but looks like {apparent}: correct the unit"
        )
    if raw.gyr is not None and np.isfinite(raw.gyr).any():
        apparent = _APPARENT.get(gyr_unit(raw.gyr))
        # Quiet recordings in deg/s have small values too; only vigorous movement can tell.
        sure = apparent == "deg/s" or _is_vigorous(raw.acc)
        if apparent is not None and apparent != raw.gyr_unit and sure:
            problems.append(
                f"angular velocity is stated in {raw.gyr_unit} but looks like {apparent}: "
                "correct the unit"
            )
    return problems


def _is_vigorous(acc: FloatArray) -> bool:
    size = np.sqrt(np.nansum(acc**2, axis=1))
    mean = float(size.mean())
    return mean > 0 and float(size.std()) > RUNNING_SPREAD * mean


def _upside_down(acc: FloatArray) -> list[str]:
    rows = acc[np.isfinite(acc).all(axis=1)]
    if not rows.size:
        return []
    mean = rows.mean(axis=0)
    size = float(np.sqrt((rows**2).sum(axis=1)).mean())
    if size > 0 and mean[1] < MAX_UPSIDE_DOWN * size:
        return [
            f"frame is 'segment', whose +y points up, but +y reads {mean[1]:.1f} m/s² on average: "
            "the sensor is upside down, or gravity_reads is 'down'; set frame to 'sensor' to have "
            "the orientation found"
        ]
    return []


def _findings(
    time_s: FloatArray,
    acc: FloatArray,
    gyr: FloatArray | None,
    asleep: NDArray[np.bool_],
    row: Mapping[str, object],
) -> list[str]:
    """Say what is worth knowing and forbids nothing."""
    rate_hz = float(str(row["sampling_rate_hz"]))
    notes = []
    timing = measure_timing(time_s)
    if timing.n_gaps:
        notes.append(
            f"{timing.n_gaps} gaps, {timing.missing_s:.1f} s of {time_s[-1]:.1f} s are missing"
        )
    if timing.jitter_s * rate_hz > MAX_QUIET_JITTER:
        notes.append(
            f"time stamps scatter by {1e3 * timing.jitter_s:.1f} ms at intervals of "
            f"{1e3 / rate_hz:.1f} ms: the signal is resampled"
        )
    lost = ~np.isfinite(acc).any(axis=1) & ~asleep
    if lost.mean() > MIN_NOTED_SHARE:
        notes.append(f"{100 * lost.mean():.1f} % of the samples have no value")
    if asleep.mean() > MIN_NOTED_SHARE:
        notes.append(
            f"the sensor slept for {asleep.sum() / rate_hz:.1f} s (exact constants): not observed"
        )
    for name, channels, limit in (
        ("accelerometer", acc, _limit(row["acc_range_g"], STANDARD_GRAVITY_MPS2)),
        ("gyroscope", gyr, _limit(row["gyr_range_dps"], math.pi / 180.0)),
    ):
        if channels is None:
            continue
        clipped = clipped_samples(channels, limit).any(axis=1)
        if clipped.mean() > MIN_NOTED_SHARE:
            notes.append(
                f"the {name} is at its limit in {100 * clipped.mean():.1f} % of the samples"
            )
    return notes


def _limit(value: object, factor: float) -> float | None:
    number = float(str(value))
    return number * factor if math.isfinite(number) else None
