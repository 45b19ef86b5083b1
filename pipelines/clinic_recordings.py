"""What the recordings of a runner's folder measured: sessions and their loads.

Only tables are kept, beside the reports: no sample, no position, no serial number. They are made
again when a recording or the settings change.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pandas as pd

from pipelines import store
from pipelines.clinic_folder import REPORT
from pipelines.datasets.base import ImportedRecording, LeftOut
from pipelines.importers.fit import WatchRecording
from pipelines.importers.open_recording import Opened, read_any
from pipelines.importers.raw_files import RecordingFileError
from pipelines.importers.runner_folder import RECORDINGS
from pipelines.paths import Places
from pipelines.screen import analyse_opened, import_opened
from tolerance.clinic.record import RunnerRecord, SessionEntry

__all__ = ["Measured", "measure"]

LEAST_COVERAGE: Final = 0.5
"""Share of the diary's minutes that a recording must cover to stand for the session; engineering
choice: below it the diary knows more."""
TABLES: Final = ("sessions", "session_loads")
MARK: Final = "made_of.json"


@dataclass(frozen=True)
class Measured:
    """Tables of the measured sessions, and what was left out.

    Attributes
    ----------
    sessions, session_loads : DataFrame or None
        None where nothing was measured.
    notes : tuple of str
    """

    sessions: pd.DataFrame | None
    session_loads: pd.DataFrame | None
    notes: tuple[str, ...]


def measure(folder: Path, record: RunnerRecord, project: Places, keep: Path | None) -> Measured:
    """Analyse the recordings that the diary names.

    Parameters
    ----------
    folder : Path
        The runner's.
    record : RunnerRecord
    project : Places
        Where settings and learned coefficients are.
    keep : Path or None
        Folder for the tables, read instead when nothing changed; None keeps nothing.
    """
    entries = [one for one in record.sessions if one.recording is not None]
    if not entries:
        return Measured(None, None, ())
    mark = {"made_of": _hash(folder, entries, project)}
    if keep is not None and (keep / MARK).is_file() and store.read_json(keep / MARK) is not None:
        kept = store.read_json(keep / MARK)
        if kept.get("made_of") == mark["made_of"]:
            sessions, loads = (store.read_table(keep / f"{name}.parquet", name) for name in TABLES)
            return Measured(sessions, loads, tuple(kept["notes"]))
    measured = _measure(folder, record, entries, project)
    if keep is not None and measured.sessions is not None and measured.session_loads is not None:
        store.write_table(keep / "sessions.parquet", "sessions", measured.sessions)
        store.write_table(keep / "session_loads.parquet", "session_loads", measured.session_loads)
        store.write_json(keep / MARK, {**mark, "notes": list(measured.notes)})
    return measured


def measured_place(folder: Path) -> Path:
    """Return where the tables of a folder are kept."""
    return folder / REPORT / "measured"


def _hash(folder: Path, entries: Sequence[SessionEntry], project: Places) -> str:
    digest = hashlib.sha256()
    for entry in entries:
        digest.update(entry.model_dump_json().encode())
        place = folder / RECORDINGS / str(entry.recording)
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and not path.is_symlink():
                digest.update(path.name.encode())
                digest.update(path.read_bytes())
    digest.update(project.params.read_bytes())
    return digest.hexdigest()


def _measure(
    folder: Path, record: RunnerRecord, entries: Sequence[SessionEntry], project: Places
) -> Measured:
    notes: list[str] = []
    opened: list[Opened] = []
    for entry in entries:
        opened += _open(folder, record, entry, notes)
    usable: list[Opened] = [one for one in opened if not isinstance(one, LeftOut)]
    notes += [f"{one.recording_id}: {one.reason}" for one in opened if isinstance(one, LeftOut)]
    if not usable:
        return Measured(None, None, tuple(notes))
    with tempfile.TemporaryDirectory() as scratch:
        places = Places(Path(scratch))
        shutil.copyfile(project.params, places.params)
        tables = analyse_opened(import_opened(usable, places), usable, places, project)
    rejected = tables["rejected"]
    for row in rejected[rejected["start_s"].isna()].to_dict("records"):
        notes.append(f"{row['recording_id']}: {row['problem']}")
    sessions, loads = tables["sessions"], tables["session_loads"]
    return _fitted(sessions, loads, entries, notes)


def _open(
    folder: Path, record: RunnerRecord, entry: SessionEntry, notes: list[str]
) -> list[Opened]:
    """Read one session's recording; ids and mass are the folder's, whatever a file says."""
    profile = record.profile
    given: dict[str, object] = {"runner_id": profile.runner_id, "session_id": entry.session_id}
    if profile.body_mass_kg is not None:
        given["body_mass_kg"] = profile.body_mass_kg
    try:
        found = read_any(folder / RECORDINGS / str(entry.recording), given)
    except RecordingFileError as error:
        notes.append(f"recording of {entry.session_id}: {error}")
        return []
    result: list[Opened] = []
    for number, one in enumerate(found, start=1):
        key = f"{entry.session_id}_{number}"
        if isinstance(one, ImportedRecording):
            row = {
                **one.row,
                "recording_id": key,
                "runner_id": profile.runner_id,
                "session_id": entry.session_id,
            }
            if profile.body_mass_kg is not None:
                row["body_mass_kg"] = profile.body_mass_kg
            result.append(replace(one, row=row))
        elif isinstance(one, WatchRecording):
            result.append(
                replace(
                    one,
                    recording_id=key,
                    runner_id=profile.runner_id,
                    session_id=entry.session_id,
                )
            )
        else:
            result.append(LeftOut(f"{entry.session_id} {one.recording_id}", one.reason))
    return result


def _fitted(
    sessions: pd.DataFrame,
    loads: pd.DataFrame,
    entries: Sequence[SessionEntry],
    notes: list[str],
) -> Measured:
    """Date the sessions as the diary does, and hold their minutes against the diary's.

    A recording of part of a session stands for the whole in proportion; one of less than half of
    it stands for nothing, and the diary counts.
    """
    dates = {entry.session_id: pd.Timestamp(entry.date) for entry in entries}
    sessions = sessions[sessions["session_id"].isin(list(dates))].copy()
    # A side that no sensor saw has rows without a load: they say nothing, the diary does.
    loads = loads[loads["session_id"].isin(list(dates)) & loads["load_rr"].notna()].copy()
    sessions["date"] = pd.to_datetime(sessions["session_id"].map(dates)).astype("datetime64[us]")
    dropped = set()
    for entry in entries:
        here = sessions["session_id"] == entry.session_id
        minutes = float(sessions.loc[here, "duration_min"].fillna(0.0).sum())
        if not here.any() or minutes <= 0.0 or loads[loads["session_id"] == entry.session_id].empty:
            dropped.add(entry.session_id)
            if here.any():
                notes.append(f"recording of {entry.session_id}: no running in it; diary counted")
            continue
        if entry.minutes is None or entry.activity != "running":
            continue
        share = minutes / max(entry.minutes, 1e-9)
        if share < LEAST_COVERAGE:
            dropped.add(entry.session_id)
            notes.append(
                f"recording of {entry.session_id} covers {100 * share:.0f} % of the session's "
                "minutes; the diary is counted instead"
            )
        elif share < 1.0:
            sums = ["load_rr", "load_sd_rr", "damage_rr", "damage_sd_rr"]
            rows = loads["session_id"] == entry.session_id
            loads.loc[rows, sums] = loads.loc[rows, sums] / share
            sessions.loc[here, "duration_min"] = entry.minutes
    sessions = sessions[~sessions["session_id"].isin(dropped)].reset_index(drop=True)
    loads = loads[~loads["session_id"].isin(dropped)].reset_index(drop=True)
    if loads.empty:
        return Measured(None, None, tuple(notes))
    return Measured(sessions, loads, tuple(notes))
