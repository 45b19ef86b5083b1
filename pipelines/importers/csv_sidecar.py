"""A table of numbers with a JSON file beside it that says what the columns are.

The smallest sidecar of ``walk.csv`` is ``walk.json``::

    {"columns": {"time": "t", "acc": ["ax", "ay", "az"], "gyr": ["gx", "gy", "gz"]},
     "units": {"time": "s", "acc": "m/s^2", "gyr": "rad/s"},
     "site": "shank", "side": "left"}

All fields are those of ``own_recording.Sidecar``; an unknown one is an error, not ignored.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.importers.own_recording import (
    TIME_UNITS,
    Columns,
    RawChannels,
    Sidecar,
)
from pipelines.importers.raw_files import MAX_JSON_BYTES, RecordingFileError, read_bytes
from pipelines.importers.text_table import TextTable

__all__ = ["FOLDER_SIDECAR", "find_sidecar", "read_columns", "sidecar_places", "sidecar_values"]

FOLDER_SIDECAR: Final = "recording.json"
"""Sidecar inside the folder of a phone logger's export."""


def sidecar_places(path: Path) -> tuple[Path, ...]:
    """Return where the sidecar of a recording may lie, best first."""
    beside = (path.with_name(f"{path.name}.json"), path.with_suffix(".json"))
    return (path / FOLDER_SIDECAR, *beside) if path.is_dir() else beside


def find_sidecar(path: Path) -> Path | None:
    """Return the sidecar of a recording, None if there is none."""
    return next((place for place in sidecar_places(path) if place.is_file()), None)


def sidecar_values(path: Path, given: Mapping[str, object]) -> dict[str, object]:
    """Return a recording's sidecar, unchecked; what ``given`` says fills what it leaves out.

    Parameters
    ----------
    path : Path
        The recording's own file or folder.
    given : mapping
        Fields of ``Sidecar`` from elsewhere, such as the command line.

    Raises
    ------
    RecordingFileError
        If the file is no JSON object.
    """
    place = find_sidecar(path)
    return dict(given) if place is None else dict(given) | _json_object(place)


def _json_object(place: Path) -> dict[str, Any]:
    data = read_bytes(place, MAX_JSON_BYTES)
    try:
        values = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise RecordingFileError(place.name, f"is no JSON ({error})") from error
    if not isinstance(values, dict):
        raise RecordingFileError(place.name, f"holds {type(values).__name__}, expected an object")
    return values


def read_columns(data: bytes, name: str, sidecar: Sidecar) -> RawChannels:
    """Read a table as its sidecar describes it.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        For messages.
    sidecar : Sidecar
        With ``columns`` and ``units``.

    Raises
    ------
    RecordingFileError
        With all that is wrong with the table.
    """
    columns, units = sidecar.columns, sidecar.units
    if columns is None or units is None:
        raise RecordingFileError(name, "its sidecar names no columns and units")
    wanted = _named(columns)
    found = TextTable.find(data, name, wanted).read(wanted)
    time_s = None
    if columns.time is not None and units.time is not None:
        time_s = _since_first(found[columns.time]) * TIME_UNITS[units.time]
    gyr = None if columns.gyr is None else _stack(found, columns.gyr)
    return RawChannels(
        acc=_stack(found, columns.acc),
        acc_unit=units.acc,
        gyr=gyr,
        gyr_unit=units.gyr or "rad/s",
        time_s=time_s,
        details={"format": "CSV with sidecar"},
    )


def _named(columns: Columns) -> list[str]:
    return [name for name in (columns.time, *columns.acc, *(columns.gyr or ())) if name]


def _since_first(stamps: NDArray[Any]) -> NDArray[np.float64]:
    """Subtract the first stamp before any scaling: stamps since 1970 are large numbers."""
    numbers = stamps.astype(np.float64)
    return numbers - numbers[0] if numbers.size else numbers


def _stack(
    found: Mapping[str, NDArray[Any]], names: tuple[str | None, str | None, str | None]
) -> NDArray[np.float64]:
    n = next(iter(found.values())).size
    channels = [found[name] if name else np.full(n, np.nan) for name in names]
    return np.column_stack(channels).astype(np.float64)
