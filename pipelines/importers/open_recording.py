"""One door for whatever a person has: find out what a path is and read it.

Motion-BIDS folders, tables with a sidecar, exports of known programs (files, folders, zip
archives), FIT activities, and folders of several of these. What cannot be read is left out with
its reason; the rest goes on.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from pipelines.datasets.base import ImportedRecording, LeftOut
from pipelines.importers import presets
from pipelines.importers.csv_sidecar import (
    FOLDER_SIDECAR,
    find_sidecar,
    read_columns,
    sidecar_places,
    sidecar_values,
)
from pipelines.importers.fit import WatchRecording, read_fit
from pipelines.importers.motion_bids import MotionBidsImportError, read_motion_bids
from pipelines.importers.own_recording import (
    OwnRecording,
    Sidecar,
    assemble,
    identifier,
    parse_sidecar,
)
from pipelines.importers.raw_files import (
    MAX_DEPTH,
    MAX_TABLE_BYTES,
    Folder,
    RecordingFileError,
    open_files,
    read_bytes,
)

__all__ = ["Opened", "read_any"]

type Opened = ImportedRecording | WatchRecording | LeftOut

TABLE_SUFFIXES: Final = (".csv", ".tsv", ".txt")
FOREIGN_SUFFIXES: Final[Mapping[str, str]] = {
    ".gt3x": "export raw data as CSV with ActiLife",
    ".cwa": "export CSV with OmGui or cwa-convert",
    ".mat": "save the channels as CSV and describe them in a sidecar",
    ".rda": "save the channels as CSV and describe them in a sidecar",
    ".c3d": "save the channels as CSV and describe them in a sidecar",
    ".xlsx": "save it as CSV",
    ".xls": "save it as CSV",
    ".h5": "save the channels as CSV and describe them in a sidecar",
    ".gz": "unpack it first",
    ".tcx": "export FIT, which has the running dynamics",
    ".gpx": "export FIT, which has the running dynamics",
}
"""Formats that are named when they are met, and what to do with them."""


@dataclass(frozen=True)
class _Found:
    """One thing to read: its place, the id it gets, and how."""

    path: Path
    recording_id: str
    read: Callable[[str], Sequence[Opened]]


def read_any(path: Path, given: Mapping[str, object] | None = None) -> list[Opened]:
    """Read everything below a path.

    Parameters
    ----------
    path : Path
        A file, an export's folder or zip archive, a Motion-BIDS data set, or a folder of several.
    given : mapping, optional
        Fields of a sidecar from elsewhere (site, side, body_mass_kg, runner_id …); what a
        recording's own sidecar says goes before.

    Returns
    -------
    list of ImportedRecording, WatchRecording or LeftOut
        In the order of names. Recordings of own files are ``OwnRecording`` and carry notes. Ids
        are unique.

    Raises
    ------
    RecordingFileError
        If the path is not there, or there is nothing in it that could be a recording.
    """
    path = path.expanduser().resolve()
    if not path.exists():
        raise RecordingFileError(str(path), "is not there")
    found = list(_look(path, path.parent if path.is_file() else path, dict(given or {})))
    if not found:
        raise RecordingFileError(
            path.name,
            "holds no recording: expected CSV with a sidecar, an export of "
            f"{', '.join(presets.PRESETS)}, FIT, or Motion-BIDS",
        )
    opened: list[Opened] = []
    for thing in found:
        opened += _read(thing)
    return _without_doubles(opened)


def _read(thing: _Found) -> Sequence[Opened]:
    try:
        return thing.read(thing.recording_id)
    except RecordingFileError as error:
        return [LeftOut(thing.recording_id, str(error))]
    except MemoryError:
        return [LeftOut(thing.recording_id, f"{thing.path.name}: does not fit into memory")]


def _look(path: Path, root: Path, given: Mapping[str, object], depth: int = 0) -> Iterator[_Found]:
    """Find what can be read, or should be and cannot."""
    recording_id = _id(path, root)
    if path.is_file():
        yield from _look_at_file(path, recording_id, given)
        return
    if (path / "dataset_description.json").is_file():
        yield _Found(path, recording_id, lambda _: _motion_bids(path))
        return
    try:
        files = Folder(path)
        preset = presets.sniff_bundle(files)
        if preset is not None:
            yield _Found(path, recording_id, _bundle_reader(path, preset, given))
            return
        # Only the first level here: each folder below is looked at in its turn.
        names = sorted({name.split("/")[0] for name in files.names()})
    except RecordingFileError as error:
        yield _Found(path, recording_id, _failing(error))
        return
    for name in names:
        below = path / name
        if below.is_dir() and below.is_symlink():
            continue  # it may lead round in a circle
        if below.is_dir() and depth == MAX_DEPTH:
            reason = f"lies more than {MAX_DEPTH} folders deep: give a folder nearer to it"
            yield _Found(below, _id(below, root), _failing(RecordingFileError(name, reason)))
            continue
        yield from _look(below, root, given, depth + 1)


def _look_at_file(path: Path, recording_id: str, given: Mapping[str, object]) -> Iterator[_Found]:
    suffix = path.suffix.lower()
    if suffix == ".fit":
        yield _Found(path, recording_id, lambda key: [_watch(path, key, given)])
    elif suffix == ".zip":
        yield _Found(path, recording_id, lambda key: [_archive(path, key, given)])
    elif suffix in TABLE_SUFFIXES:
        if suffix == ".csv" or find_sidecar(path) is not None:
            yield _Found(path, recording_id, lambda key: [_table(path, key, given)])
    elif suffix in FOREIGN_SUFFIXES:
        reason = f"{suffix} is not read: {FOREIGN_SUFFIXES[suffix]}"
        yield _Found(path, recording_id, _failing(RecordingFileError(path.name, reason)))


def _motion_bids(path: Path) -> Sequence[Opened]:
    try:
        return read_motion_bids(path)
    except MotionBidsImportError as error:
        raise RecordingFileError(path.name, *error.problems) from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        # Its tables are anybody's: a value of another kind than the standard's ends up here.
        raise RecordingFileError(
            path.name, f"is damaged Motion-BIDS ({type(error).__name__}: {error})"
        ) from error


def _failing(error: RecordingFileError) -> Callable[[str], Sequence[Opened]]:
    def read(_: str) -> Sequence[Opened]:
        raise error

    return read


def _id(path: Path, root: Path) -> str:
    below = path.relative_to(root) if path.is_relative_to(root) else Path(path.name)
    parts = [*below.parent.parts, below.stem if path.is_file() else below.name]
    return identifier("_".join(parts) if any(parts) else path.name)


def _table(path: Path, recording_id: str, given: Mapping[str, object]) -> OwnRecording:
    _refuse_second_range(path)
    data = read_bytes(path, MAX_TABLE_BYTES)
    values = sidecar_values(path, given)
    if not {"preset", "columns", "units"} & values.keys():
        preset = presets.sniff(data, path.name)
        if preset is None:
            raise RecordingFileError(
                path.name,
                f"has no header of a known export ({', '.join(presets.PRESETS)}) and no sidecar "
                f"({' or '.join(p.name for p in sidecar_places(path))}) that describes its columns "
                "and units",
            )
        values["preset"] = preset
    sidecar = _checked(path, values)
    if sidecar.preset is None:
        raw = read_columns(data, path.name, sidecar)
    else:
        raw = presets.read_preset(data, path.name, sidecar.preset)
    return assemble(raw, sidecar, recording_id, path.name)


def _checked(path: Path, values: dict[str, object]) -> Sidecar:
    """Check a sidecar; where there is none, say how to write one."""
    place = find_sidecar(path)
    if place is not None:
        return parse_sidecar(values, place.name)
    try:
        return parse_sidecar(values, path.name)
    except RecordingFileError as error:
        name = FOLDER_SIDECAR if path.is_dir() else sidecar_places(path)[-1].name
        example = {"preset": values.get("preset"), "site": "shank", "side": "left"}
        hint = f"say where the sensor sat in {name}, such as {json.dumps(example)}"
        raise RecordingFileError(path.name, *error.problems, hint) from error


HIGH_G: Final = "_highg.csv"
LOW_G: Final = "_lowg.csv"


def _refuse_second_range(path: Path) -> None:
    """Leave out the wide-range file of a Blue Trident whose other file is there."""
    if path.name.endswith(HIGH_G):
        other = path.with_name(path.name.removesuffix(HIGH_G) + LOW_G)
        if other.is_file():
            raise RecordingFileError(
                path.name,
                f"is the wide-range file of the sensor in {other.name}, which has the gyroscope "
                "and is read instead",
            )


def _bundle_reader(
    path: Path, preset: str, given: Mapping[str, object]
) -> Callable[[str], Sequence[Opened]]:
    def read(recording_id: str) -> Sequence[Opened]:
        sidecar = _checked(path, sidecar_values(path, given) | {"preset": preset})
        raw = presets.read_bundle(open_files(path), preset)
        return [assemble(raw, sidecar, recording_id, path.name)]

    return read


def _archive(path: Path, recording_id: str, given: Mapping[str, object]) -> Opened:
    preset = presets.sniff_bundle(open_files(path))
    if preset is None:
        raise RecordingFileError(
            path.name,
            f"is no zip export of {' or '.join(presets.BUNDLES)}: unpack it and give the folder",
        )
    return _bundle_reader(path, preset, given)(recording_id)[0]


def _watch(path: Path, recording_id: str, given: Mapping[str, object]) -> WatchRecording:
    """Read a FIT activity; where the sensor sat does not matter, so the site may be anything."""
    sidecar = _checked(path, {"site": "waist", **sidecar_values(path, given), "preset": "fit"})
    return read_fit(
        path,
        recording_id,
        runner_id=sidecar.runner_id,
        session_id=sidecar.session_id,
        body_mass_kg=sidecar.body_mass_kg,
    )


def _without_doubles(opened: list[Opened]) -> list[Opened]:
    """Make ids unique, and say where two sensors claim the same place at the same time."""
    seen: set[str] = set()
    result: list[Opened] = []
    for thing in opened:
        if thing.recording_id in seen:
            reason = "another recording has the same id: rename its file"
            result.append(LeftOut(thing.recording_id, reason))
            continue
        seen.add(thing.recording_id)
        other = next((o for o in result if _same_place(thing, o)), None)
        if other is None or not isinstance(thing, ImportedRecording):
            result.append(thing)
            continue
        place = f"{thing.row['side']} {thing.row['sensor_site']}"
        reason = (
            f"{other.recording_id} was on the {place} at the same time: one of them sat on the "
            "other side; correct side in its sidecar"
        )
        result.append(LeftOut(thing.recording_id, reason))
    return result


def _same_place(first: Opened, second: Opened) -> bool:
    if not isinstance(first, OwnRecording) or not isinstance(second, OwnRecording):
        return False
    if first.row["side"] == "unknown":
        return False
    keys = ("runner_id", "sensor_site", "side")
    if any(first.row[key] != second.row[key] for key in keys):
        return False
    spans = [_span(first), _span(second)]
    if any(span is None for span in spans):
        return False
    (start, stop), (other_start, other_stop) = (span for span in spans if span is not None)
    return start < other_stop and other_start < stop


def _span(recording: OwnRecording) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    start = recording.row["started_at_utc"]
    if not isinstance(start, pd.Timestamp) or pd.isna(start):
        return None
    length = pd.Timedelta(seconds=float(recording.signals["time_s"].iloc[-1]))
    return start, start + length
