"""Named column maps of phone loggers and research sensors' exports; ``presets.md`` documents them.

A preset says which columns hold what in which unit. Where the sensor sat is in no export: that
comes from a sidecar (``{"preset": "shimmer", "site": "shank", "side": "left"}``) or the command
line.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadcore.constants import STANDARD_GRAVITY_MPS2
from pipelines.importers.own_recording import TIME_UNITS, RawChannels
from pipelines.importers.raw_files import (
    MAX_JSON_BYTES,
    MAX_TABLE_BYTES,
    FileSet,
    RecordingFileError,
)
from pipelines.importers.text_table import TextTable, head_lines

__all__ = ["BUNDLES", "PRESETS", "Preset", "read_bundle", "read_preset", "sniff", "sniff_bundle"]

type FloatArray = NDArray[np.float64]

NO_GRAVITY: Final = (
    "holds acceleration without gravity only ({columns}): orientation and contacts cannot be found "
    "from it; {advice}"
)
MAX_PAIRING_INTERVALS: Final = 2.5
"""A gyroscope's sample is interpolated between neighbours at most this many of its usual intervals
apart, as the load core tells jitter from gaps (`signals.GAP_INTERVAL_RATIO`)."""
COUNTER_STEPS: Final = 2.0**32
"""Movella DOT counts microseconds in 32 bits, which run over after 71.6 minutes (user manual,
section "Timestamp and packet counter")."""


@dataclass(frozen=True)
class Axes:
    """Three columns by a pattern with ``{axis}``, and their unit."""

    pattern: str
    unit: str

    def find(self, columns: Sequence[str]) -> tuple[str, str, str] | None:
        """Return the columns of x, y and z; None unless all are there."""
        found = [_column(self.pattern.replace("{axis}", axis), columns) for axis in "xyz"]
        x, y, z = found
        return None if x is None or y is None or z is None else (x, y, z)


@dataclass(frozen=True)
class Preset:
    """Column map of one program's export.

    Attributes
    ----------
    name : str
        As a sidecar names it.
    device : str
        What records.
    seen : str
        "real file" or "documentation": where the layout is known from.
    time : tuple of (pattern, unit)
        First that is there counts; unit "clock" for dates and times of day.
    acc, gyr : tuple of Axes
        First that is there counts.
    without_gravity : tuple of Axes
        Columns that are named in the refusal if there are no others.
    advice : str
        How to export with gravity.
    has_units_row : bool
        A row of units stands below the header.
    linear_mark : str
        Pattern of a further column without which ``without_gravity`` is too common to tell the
        program by.
    """

    name: str
    device: str
    seen: str
    time: tuple[tuple[str, str], ...]
    acc: tuple[Axes, ...]
    gyr: tuple[Axes, ...] = ()
    without_gravity: tuple[Axes, ...] = ()
    advice: str = ""
    has_units_row: bool = False
    linear_mark: str = ""

    def fits(self, columns: Sequence[str]) -> bool:
        """Tell whether a header looks like this preset's."""
        has_time = any(_column(pattern, columns) for pattern, _ in self.time)
        return has_time and any(axes.find(columns) for axes in (*self.acc, *self.without_gravity))


def _column(pattern: str, columns: Sequence[str]) -> str | None:
    compiled = re.compile(pattern, re.IGNORECASE)
    return next((column for column in columns if compiled.fullmatch(column)), None)


PRESETS: Final[Mapping[str, Preset]] = {
    preset.name: preset
    for preset in (
        Preset(
            name="sensor_logger",
            device="phone with Sensor Logger (TotalAcceleration.csv alone)",
            seen="real file",
            time=((r"seconds_elapsed", "s"),),
            acc=(Axes(r"{axis}", "m/s^2"),),
        ),
        Preset(
            name="phyphox",
            device="phone with phyphox",
            seen="real file",
            time=((r"time \(s\)", "s"),),
            acc=(Axes(r"acceleration {axis} \(m/s\^2\)", "m/s^2"),),
            gyr=(Axes(r"gyroscope {axis} \(rad/s\)", "rad/s"),),
            without_gravity=(Axes(r"linear acceleration {axis} \(m/s\^2\)", "m/s^2"),),
            advice="record the experiment 'Acceleration (with g)'",
        ),
        Preset(
            name="physics_toolbox",
            device="phone with Physics Toolbox",
            seen="documentation",
            time=((r"time", "s"),),
            acc=(Axes(r"gF{axis}", "g"),),
            gyr=(Axes(r"w{axis}", "rad/s"),),
            without_gravity=(Axes(r"a{axis}", "m/s^2"),),
            advice="record the g-force meter too",
            linear_mark=r"aT",
        ),
        Preset(
            name="movella_dot",
            device="Movella DOT",
            seen="real file",
            time=((r"SampleTimeFine", "us"),),
            acc=(Axes(r"Acc_{axis}", "m/s^2"),),
            gyr=(Axes(r"Gyr_{axis}", "deg/s"),),
            without_gravity=(Axes(r"FreeAcc_{axis}", "m/s^2"),),
            advice="measure in a mode with rate quantities (acceleration and angular velocity)",
        ),
        Preset(
            name="blue_trident",
            device="Blue Trident",
            seen="documentation",
            time=((r"time_s", "s"), (r"unix_timestamp_microsec", "us")),
            acc=(Axes(r"a{axis}_m/s/s", "m/s^2"),),
            gyr=(Axes(r"g{axis}_deg/s", "deg/s"),),
        ),
        Preset(
            name="shimmer",
            device="Shimmer",
            seen="real file",
            time=(
                (r".*_TimestampSync_Unix_CAL", "ms"),
                (r".*_Timestamp_Unix_CAL", "ms"),
                (r".*_Timestamp_Shimmer_CAL", "ms"),
            ),
            # wide range first: the low-noise accelerometer ends at 2 g
            acc=(
                Axes(r".*_Accel_WR_{axis}_CAL", "m/s^2"),
                Axes(r".*_Accel_LN_{axis}_CAL", "m/s^2"),
            ),
            gyr=(Axes(r".*_Gyro_{axis}_CAL", "deg/s"),),
            has_units_row=True,
        ),
        Preset(
            name="actigraph",
            device="ActiGraph",
            seen="real file",
            time=((r"Timestamp", "clock"),),
            acc=(Axes(r"Accelerometer {axis}", "g"),),
        ),
        Preset(
            name="axivity",
            device="Axivity",
            seen="documentation",
            time=((r"Time", "clock"),),
            acc=(Axes(r"Accel-{axis} \(g\)", "g"),),
            gyr=(Axes(r"Gyro-{axis} \(d/s\)", "deg/s"),),
        ),
    )
}
"""Every preset of a single table by name."""

_ACTIGRAPH_LINE: Final = re.compile(
    r"-+ Data (?:File|Table) Created By ActiGraph (?P<model>.*?)(?: ActiLife (?P<software>\S+))?"
    r"(?: Firmware (?P<firmware>\S+))? date format (?P<date>\S+) at (?P<rate>[\d.]+) Hz.*"
)
_ACTIGRAPH_HEADER_LINES: Final = 10
_AXIVITY_ROW: Final = re.compile(
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(\s*,\s*[-+.\deE]+){3,6}"
)
_AXIVITY_COLUMNS: Final = (
    "Time",
    *(f"Accel-{axis} (g)" for axis in "XYZ"),
    *(f"Gyro-{axis} (d/s)" for axis in "XYZ"),
)


def sniff(data: bytes, name: str) -> str | None:
    """Return the name of the preset that a table looks like, None for none.

    Raises
    ------
    RecordingFileError
        If it is no text at all.
    """
    lines = head_lines(data, name)
    if lines and _ACTIGRAPH_LINE.fullmatch(lines[0].strip()):
        return "actigraph"
    if lines and _AXIVITY_ROW.fullmatch(lines[0].strip()):
        return "axivity"
    for preset in PRESETS.values():
        try:
            table = _table(data, name, preset)
        except RecordingFileError:
            continue
        if preset.fits(table.columns):
            return preset.name
    return None


def _table(data: bytes, name: str, preset: Preset) -> TextTable:
    """Find the header that the preset names; files that begin with numbers get its names."""
    lines = head_lines(data, name)
    if preset.name == "actigraph":
        return _actigraph_table(data, name, lines)
    if preset.name == "axivity" and lines and _AXIVITY_ROW.fullmatch(lines[0].strip()):
        table = TextTable.find(data, name, separator=",")
        return table.headless(_AXIVITY_COLUMNS[: len(table.columns)], 0)
    for number, line in enumerate(lines):
        for separator in (",", ";", "\t"):
            cells = tuple(cell.strip().strip('"') for cell in line.split(separator))
            if preset.fits(cells):
                table = TextTable.find(data, name, [c for c in cells if c], separator)
                return table.with_units_row() if preset.has_units_row else table
        if number >= _MAX_HEADER_LINE:
            break
    raise RecordingFileError(name, f"has no header of a {preset.device} export (see presets.md)")


_MAX_HEADER_LINE: Final = 30
"""Movella DOT writes the longest preamble but ActiGraph's: 11 lines; engineering choice: thrice."""


def _actigraph_table(data: bytes, name: str, lines: list[str]) -> TextTable:
    if not lines or not _ACTIGRAPH_LINE.fullmatch(lines[0].strip()):
        raise RecordingFileError(
            name, "does not begin as an ActiGraph export of raw data, which names its rate"
        )
    if len(lines) <= _ACTIGRAPH_HEADER_LINES:
        raise RecordingFileError(name, "holds a header and no sample: export the recording again")
    first = lines[_ACTIGRAPH_HEADER_LINES]
    separator = ";" if ";" in first else ","
    names = ("Timestamp", *(f"Accelerometer {axis}" for axis in "XYZ"))
    if "Accelerometer" in first:
        return TextTable.find(data, name, names[1:], separator)
    columns = names[-len(first.split(separator)) :]
    table = TextTable.find(data, name, separator=separator)
    return table.headless(columns, _ACTIGRAPH_HEADER_LINES)


def read_preset(data: bytes, name: str, preset_name: str) -> RawChannels:
    """Read one table by its preset.

    Raises
    ------
    RecordingFileError
        If the preset is not known, the table is not of its form, gravity was removed, or cells
        are wrong.
    """
    if preset_name not in PRESETS:
        known = ", ".join([*PRESETS, *(b for b in BUNDLES if b not in PRESETS)])
        raise RecordingFileError(name, f"preset {preset_name!r} is not known: {known}")
    preset = PRESETS[preset_name]
    if preset_name == "sensor_logger":
        _refuse_partial_sensor_logger(name)
    table = _table(data, name, preset)
    acc_axes, acc_unit = _required_acc(table, preset)
    gyr_axes, gyr_unit = _first(preset.gyr, table.columns)
    time_column, time_unit = _time_column(preset, table.columns)
    is_clock = time_unit == "clock"
    stamps_of = [(c, unit) for p, unit in preset.time if (c := _column(p, table.columns))]
    texts = [column for column, unit in stamps_of if unit == "clock"]
    numbers = [column for column, unit in stamps_of if unit != "clock"]
    found = table.read([*numbers, *acc_axes, *(gyr_axes or ())], texts)
    raw = RawChannels(
        acc=_stack(found, acc_axes),
        acc_unit=acc_unit,
        gyr=None if gyr_axes is None else _stack(found, gyr_axes),
        gyr_unit=gyr_unit,
        details={"format": f"preset {preset.name}", "device": preset.device},
    )
    if time_column is not None:
        stamps = found[time_column]
        if is_clock:
            raw = _with_clock(raw, stamps, name, _date_format(table))
        else:
            starts = [_epoch(found[c].astype(np.float64), unit) for c, unit in stamps_of]
            raw = replace(
                raw,
                time_s=_seconds(stamps.astype(np.float64), time_unit),
                started_at=next((start for start in starts if start is not None), None),
            )
    return _with_preamble(raw, table, preset, acc_axes)


def _required_acc(table: TextTable, preset: Preset) -> tuple[tuple[str, str, str], str]:
    axes, unit = _first(preset.acc, table.columns)
    if axes is not None:
        return axes, unit
    linear, _ = _first(preset.without_gravity, table.columns)
    if linear is not None:
        raise RecordingFileError(
            table.name, NO_GRAVITY.format(columns=", ".join(linear), advice=preset.advice)
        )
    raise RecordingFileError(
        table.name,
        f"has no acceleration columns of a {preset.device} export: expected "
        f"{' or '.join(axes.pattern for axes in preset.acc)}, found "
        f"{', '.join(filter(None, table.columns[:40]))}",
    )


def _first(
    choices: Sequence[Axes], columns: Sequence[str]
) -> tuple[tuple[str, str, str] | None, str]:
    for axes in choices:
        found = axes.find(columns)
        if found is not None:
            return found, axes.unit
    return None, "rad/s"


def _time_column(preset: Preset, columns: Sequence[str]) -> tuple[str | None, str]:
    for pattern, unit in preset.time:
        column = _column(pattern, columns)
        if column is not None:
            return column, unit
    return None, "s"


def _stack(found: Mapping[str, NDArray[Any]], names: tuple[str, str, str]) -> FloatArray:
    return np.column_stack([found[name] for name in names]).astype(np.float64)


def _seconds(stamps: FloatArray, unit: str) -> FloatArray:
    """Seconds from the first stamp; a 32-bit counter of microseconds runs on after its end."""
    if stamps.size == 0:
        return stamps
    steps = np.diff(stamps, prepend=stamps[:1])
    if unit == "us" and np.nanmax(stamps) < COUNTER_STEPS:
        steps = np.where(steps < -COUNTER_STEPS / 2.0, steps + COUNTER_STEPS, steps)
        return np.asarray(np.cumsum(steps) * TIME_UNITS[unit], dtype=np.float64)
    return np.asarray((stamps - stamps[0]) * TIME_UNITS[unit], dtype=np.float64)


_FIRST_EPOCH_S: Final = 946_684_800.0
"""The year 2000: smaller numbers count from something else than 1970."""
_LAST_EPOCH_S: Final = 4_102_444_800.0
"""The year 2100."""


def _epoch(stamps: FloatArray, unit: str) -> pd.Timestamp | None:
    """Return the first stamp as a time of day if it counts from 1970."""
    if stamps.size == 0 or not np.isfinite(stamps[0]):
        return None
    seconds = float(stamps[0]) * TIME_UNITS[unit]
    if _FIRST_EPOCH_S <= seconds <= _LAST_EPOCH_S:
        return pd.Timestamp(seconds, unit="s", tz="UTC")
    return None


_DATE_TOKENS: Final = (("yyyy", "%Y"), ("MM", "%m"), ("M", "%m"), ("dd", "%d"), ("d", "%d"))


def _date_format(table: TextTable) -> str:
    """Return the clock's format: ActiGraph names that of its dates, the others write ISO 8601."""
    header = _ACTIGRAPH_LINE.fullmatch(table.preamble[0].strip()) if table.preamble else None
    if header is None:
        return "ISO8601"
    text = header["date"]
    for token, directive in _DATE_TOKENS:
        if directive not in text:
            text = text.replace(token, directive)
    return f"{text} %H:%M:%S.%f"


def _with_clock(raw: RawChannels, stamps: NDArray[Any], name: str, form: str) -> RawChannels:
    """Add times of day; a clock without zone is taken for UTC, which is said."""
    texts = pd.Series(stamps, dtype="str").str.strip()
    times = pd.to_datetime(texts, format=form, errors="coerce", utc=True)
    wrong = np.flatnonzero(times.isna().to_numpy())
    if wrong.size:
        raise RecordingFileError(
            name,
            f"{wrong.size} time stamps cannot be read, the first {texts.iloc[int(wrong[0])]!r} in "
            f"sample {int(wrong[0])}, expected {form}",
        )
    seconds = np.asarray((times - times.iloc[0]).dt.total_seconds(), dtype=np.float64)
    note = "the export's clock has no time zone: taken for UTC"
    return replace(raw, time_s=seconds, started_at=times.iloc[0], notes=(*raw.notes, note))


def _with_preamble(
    raw: RawChannels, table: TextTable, preset: Preset, acc_axes: tuple[str, str, str]
) -> RawChannels:
    """Add what the lines before the header and the row of units say."""
    details = dict(raw.details)
    notes = list(raw.notes)
    rate: float | None = None
    if preset.name == "actigraph":
        header = _ACTIGRAPH_LINE.fullmatch(table.preamble[0].strip())
        if header is not None:
            rate = float(header["rate"])
            details |= {"device": f"ActiGraph {header['model']}"}
            details |= {"firmware": header["firmware"]} if header["firmware"] else {}
        if raw.started_at is None:
            raw = replace(raw, started_at=_actigraph_start(table, header))
    if preset.name == "movella_dot":
        values = dict(map(_key_value, table.preamble))
        if "FirmwareVersion" in values:
            details["firmware"] = values["FirmwareVersion"]
        match = re.fullmatch(r"([\d.]+)\s*Hz", values.get("OutputRate", ""))
        rate = float(match[1]) if match else None
    if preset.name == "shimmer":
        raw = _check_shimmer_units(raw, table, acc_axes)
        if "_LN_" in acc_axes[0]:
            notes.append(
                "only the low-noise accelerometer was exported, which ends at 2 g: impacts are cut"
            )
    return replace(raw, sampling_rate_hz=rate, details=details, notes=tuple(notes))


def _key_value(line: str) -> tuple[str, str]:
    key, _, value = line.partition(",")
    return key.strip().rstrip(":"), value.strip().rstrip(",")


def _actigraph_start(table: TextTable, header: re.Match[str] | None) -> pd.Timestamp | None:
    lines = {
        found[1]: found[2]
        for line in table.preamble
        if (found := re.match(r"Start (Time|Date)\s+(\S+)", line.strip()))
    }
    if header is None or set(lines) != {"Time", "Date"}:
        return None
    text = f"{lines['Date']} {lines['Time']}.0"
    start = pd.to_datetime(text, format=_date_format(table), errors="coerce", utc=True)
    return None if pd.isna(start) else start


_SHIMMER_ACC_UNITS: Final = {"m/(s^2)": "m/s^2", "m/(sec^2)": "m/s^2", "m/s^2": "m/s^2"}


def _check_shimmer_units(
    raw: RawChannels, table: TextTable, acc_axes: tuple[str, str, str]
) -> RawChannels:
    position = table.columns.index(acc_axes[0])
    unit = table.units[position] if position < len(table.units) else ""
    if unit not in _SHIMMER_ACC_UNITS:
        raise RecordingFileError(
            table.name,
            f"the row of units says {unit!r} for {acc_axes[0]}, expected m/(s^2): export "
            "calibrated data with units",
        )
    return replace(raw, acc_unit=_SHIMMER_ACC_UNITS[unit])


# ------------------------------------------------------------------------------------------
# Phone loggers that write one file a sensor
# ------------------------------------------------------------------------------------------


def _is_sensor_logger(files: FileSet) -> bool:
    names = files.names()
    if "TotalAcceleration.csv" in names:
        return True
    if "Accelerometer.csv" not in names:
        return False
    header = head_lines(files.read("Accelerometer.csv", MAX_TABLE_BYTES), files.label)[:1]
    return "seconds_elapsed" in "".join(header)


def _is_phyphox(files: FileSet) -> bool:
    names = files.names()
    if "meta/device.csv" in names or "meta/time.csv" in names:
        return True
    if not {"Accelerometer.csv", "Gyroscope.csv"} <= set(names):
        return False
    header = head_lines(files.read("Accelerometer.csv", MAX_TABLE_BYTES), files.label)[:1]
    return "Time (s)" in "".join(header)


def _refuse_partial_sensor_logger(name: str) -> None:
    if name.rpartition("/")[2] not in ("TotalAcceleration.csv", "AccelerometerUncalibrated.csv"):
        raise RecordingFileError(
            name,
            "is one file of a Sensor Logger export; only TotalAcceleration.csv holds gravity: give "
            "the whole folder or zip file instead",
        )


def _sensor_logger_table(files: FileSet, name: str) -> tuple[FloatArray, FloatArray]:
    """Return epoch seconds and x, y, z; the columns stand in the order z, y, x."""
    where = f"{files.label}/{name}"
    table = TextTable.find(files.read(name, MAX_TABLE_BYTES), where, ("time", "x", "y", "z"))
    found = table.read(("time", "x", "y", "z"))
    time_s = found["time"].astype(np.float64) * TIME_UNITS["ns"]
    return time_s, _stack(found, ("x", "y", "z"))


def _read_sensor_logger(files: FileSet) -> RawChannels:
    """Read acceleration with gravity, in Android's sign, and angular velocity.

    iOS writes acceleration and gravity with the opposite sign (a phone lying on its back reads
    -1 g) unless units and frames were standardised; the export's Metadata.csv tells which.
    """
    names = files.names()
    platform, standardised, device = _sensor_logger_metadata(files)
    if "TotalAcceleration.csv" in names:
        time_s, acc = _sensor_logger_table(files, "TotalAcceleration.csv")
    else:
        if "Gravity.csv" not in names:
            raise RecordingFileError(
                files.label,
                NO_GRAVITY.format(
                    columns="Accelerometer.csv",
                    advice="record the Gravity sensor too, or Total Acceleration on Android",
                ),
            )
        time_s, linear = _sensor_logger_table(files, "Accelerometer.csv")
        gravity_s, gravity = _sensor_logger_table(files, "Gravity.csv")
        acc = linear + _pair(gravity_s, gravity, time_s)
    if platform == "" and "TotalAcceleration.csv" not in names:
        raise RecordingFileError(
            files.label,
            "Metadata.csv does not say whether Android or iOS recorded, which differ in the sign "
            "of acceleration: export again with it",
        )
    if platform == "ios" and not standardised:
        acc = -acc
    gyr = None
    if "Gyroscope.csv" in names:
        gyr = _pair(*_sensor_logger_table(files, "Gyroscope.csv"), time_s)
    return RawChannels(
        acc=acc,
        acc_unit="m/s^2",
        gyr=gyr,
        time_s=time_s - time_s[0] if time_s.size else time_s,
        started_at=_epoch(time_s, "s"),
        details={"format": "preset sensor_logger", "device": device or "phone with Sensor Logger"},
    )


def _sensor_logger_metadata(files: FileSet) -> tuple[str, bool, str]:
    """Platform in lower case ("" if unknown), whether frames were standardised, and the device."""
    if "Metadata.csv" not in files.names():
        return "", False, ""
    data = files.read("Metadata.csv", MAX_JSON_BYTES)
    table = TextTable.find(data, f"{files.label}/Metadata.csv")
    rows = table.first_rows(1)
    values = dict(zip(table.columns, rows[0], strict=False)) if rows else {}
    standardised = values.get("standardisation", "").lower() == "true"
    return values.get("platform", "").lower(), standardised, values.get("device name", "")


def _pair(source_s: FloatArray, source: FloatArray, target_s: FloatArray) -> FloatArray:
    """Interpolate one sensor's samples at another's stamps, never across a gap.

    Raises
    ------
    RecordingFileError
        If the source's stamps are missing or do not rise.
    """
    steps = np.diff(source_s)
    if source_s.size < 2 or not np.isfinite(source_s).all() or (steps <= 0).any():
        raise RecordingFileError(
            "Gravity.csv or Gyroscope.csv",
            "time stands still, goes back or is missing: export the recording again",
        )
    out = np.column_stack(
        [np.interp(target_s, source_s, column, left=np.nan, right=np.nan) for column in source.T]
    )
    after = np.clip(np.searchsorted(source_s, target_s), 1, source_s.size - 1)
    is_gap = steps[after - 1] > MAX_PAIRING_INTERVALS * np.median(steps)
    is_inside = (target_s > source_s[after - 1]) & (target_s < source_s[after])
    out[is_gap & is_inside] = np.nan
    return np.asarray(out, dtype=np.float64)


_PHYPHOX_ACC_FILES: Final = ("Accelerometer.csv", "Acceleration.csv", "Raw Data.csv")


def _read_phyphox(files: FileSet) -> RawChannels:
    """Read an export of phyphox: one table for each sensor, and what is known of the phone."""
    names = files.names()
    tables = [name for name in names if name.lower().endswith(".csv") and "/" not in name]
    order = sorted(tables, key=lambda name: (name not in _PHYPHOX_ACC_FILES, name))
    preset = PRESETS["phyphox"]
    raw: RawChannels | None = None
    gyroscope: RawChannels | None = None
    linear = ""
    for name in order:
        where = f"{files.label}/{name}"
        data = files.read(name, MAX_TABLE_BYTES)
        columns = TextTable.find(data, where).columns
        if raw is None and _first(preset.acc, columns)[0] is not None:
            raw = read_preset(data, where, "phyphox")
        elif gyroscope is None and _first(preset.gyr, columns)[0] is not None:
            gyroscope = _gyroscope_only(data, where)
        elif _first(preset.without_gravity, columns)[0] is not None:
            linear = name
    if raw is None:
        if linear:
            raise RecordingFileError(
                files.label, NO_GRAVITY.format(columns=linear, advice=preset.advice)
            )
        raise RecordingFileError(files.label, "has no table with 'Acceleration x (m/s^2)'")
    if raw.gyr is None and gyroscope is not None and gyroscope.gyr is not None:
        # both clocks of an experiment start together
        raw = replace(raw, gyr=_pair_relative(raw, gyroscope), gyr_unit="rad/s")
    return _with_phone(raw, files)


def _gyroscope_only(data: bytes, where: str) -> RawChannels:
    table = TextTable.find(data, where)
    axes, unit = _first(PRESETS["phyphox"].gyr, table.columns)
    time_column, _ = _time_column(PRESETS["phyphox"], table.columns)
    if axes is None or time_column is None:
        raise RecordingFileError(where, "has no time column 'Time (s)'")
    found = table.read((time_column, *axes))
    gyr = _stack(found, axes)
    stamps = found[time_column].astype(np.float64)
    return RawChannels(
        acc=np.full(gyr.shape, np.nan), acc_unit="m/s^2", gyr=gyr, gyr_unit=unit, time_s=stamps
    )


def _pair_relative(raw: RawChannels, gyroscope: RawChannels) -> FloatArray | None:
    if raw.time_s is None or gyroscope.time_s is None or gyroscope.gyr is None:
        return None
    return _pair(gyroscope.time_s, gyroscope.gyr, raw.time_s)


def _with_phone(raw: RawChannels, files: FileSet) -> RawChannels:
    """Add ranges, model and start from the folder ``meta`` of a phyphox export."""
    device = _two_columns(files, "meta/device.csv", 0, 1)
    starts = _two_columns(files, "meta/time.csv", 0, 2)
    model = " ".join(filter(None, (device.get("deviceBrand"), device.get("deviceModel"))))
    acc_range = _positive(device.get("accelerometer Range"))
    gyr_range = _positive(device.get("gyroscope Range"))
    start = _positive(starts.get("START"))
    return replace(
        raw,
        acc_range_g=None if acc_range is None else acc_range / STANDARD_GRAVITY_MPS2,
        gyr_range_dps=None if gyr_range is None else float(np.rad2deg(gyr_range)),
        started_at=None if start is None else _epoch(np.array([start]), "s"),
        details=dict(raw.details) | ({"device": model} if model else {}),
    )


def _two_columns(files: FileSet, name: str, key: int, value: int) -> dict[str, str]:
    if name not in files.names():
        return {}
    data = files.read(name, MAX_JSON_BYTES)
    rows = TextTable.find(data, f"{files.label}/{name}").first_rows(1000)
    return {row[key]: row[value] for row in rows if len(row) > max(key, value)}


def _positive(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if np.isfinite(number) and number > 0 else None


@dataclass(frozen=True)
class Bundle:
    """An export of several files."""

    is_one: Callable[[FileSet], bool]
    read: Callable[[FileSet], RawChannels]


BUNDLES: Final[Mapping[str, Bundle]] = {
    "sensor_logger": Bundle(_is_sensor_logger, _read_sensor_logger),
    "phyphox": Bundle(_is_phyphox, _read_phyphox),
}
"""Exports that are a folder or a zip file, by preset."""


def sniff_bundle(files: FileSet) -> str | None:
    """Return the preset of a folder or zip archive, None if it is no single export."""
    return next((name for name, bundle in BUNDLES.items() if bundle.is_one(files)), None)


def read_bundle(files: FileSet, preset_name: str) -> RawChannels:
    """Read a folder or zip archive by its preset.

    Raises
    ------
    RecordingFileError
        As `read_preset`.
    """
    return BUNDLES[preset_name].read(files)
