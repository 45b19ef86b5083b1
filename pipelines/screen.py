"""Screening of somebody's own recordings: from a path to tables and a page a session.

Nothing is kept but what is written to the output folder: no copy of a recording, no cache. The
tables pass through the same functions as a dataset's.
"""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
from rich.console import Console

from loadcore.constants import WATCH
from pipelines.calibration import load_calibration
from pipelines.compiled import FIRST_COMPILATION, needs_compilation
from pipelines.datasets.base import ImportedRecording, LeftOut
from pipelines.errors import WorkspaceError
from pipelines.imported_tables import Tables
from pipelines.imported_tables import run as gather
from pipelines.importers.fit import WatchRecording
from pipelines.importers.open_recording import read_any
from pipelines.notebooks import render
from pipelines.params import load_params
from pipelines.paths import Places, check_identifier, project_root
from pipelines.stages import aggregate_sessions, analyse_recordings
from pipelines.store import new_directory, read_table, write_table
from tolerance.exposure.findings import no_load_reason
from tolerance.exposure.recordings import AnalysedRecording, runner_tables
from tolerance.exposure.settings import analysis_settings, exposure_settings
from tolerance.exposure.watch import watch_analysis
from tolerance.schemas import TABLES, conform, empty_table

__all__ = [
    "OWN",
    "Screening",
    "analyse_opened",
    "default_output",
    "import_opened",
    "screen",
]

OWN: Final = "own"
"""Dataset id of recordings that are somebody's own."""

SESSION_TABLES: Final = ("sessions", "session_loads")


@dataclass(frozen=True)
class Screening:
    """What a screening wrote and what it left out.

    Attributes
    ----------
    pages : tuple of Path
        One page a runner and session.
    n_recordings, n_steps : int
        Recordings that were analysed, and steps that count.
    left_out : tuple of str
        One sentence for each recording that could not be used.
    notes : tuple of str
        What a reader should know about the others.
    """

    pages: tuple[Path, ...]
    n_recordings: int
    n_steps: int
    left_out: tuple[str, ...]
    notes: tuple[str, ...]


def default_output(path: Path) -> Path:
    """Return the folder beside the input that a screening writes to."""
    place = path.expanduser().resolve()
    return place.with_name(f"{place.name if place.is_dir() else place.stem}_screening")


def screen(path: Path, out: Path, given: Mapping[str, object], console: Console) -> Screening:
    """Screen every recording below a path and write tables and pages.

    Parameters
    ----------
    path : Path
        Whatever `read_any` opens.
    out : Path
        Folder for ``tables/*.parquet`` and the pages; replaced as a whole when all went well.
    given : mapping
        Fields of a sidecar that the command line gave.
    console : rich.console.Console
        Where progress is shown.

    Raises
    ------
    WorkspaceError
        If nothing can be read or analysed, or the output cannot be written.
    """
    out = out.expanduser()
    _refuse_taken(out)
    project = Places(project_root())
    with console.status("Reading the recordings …"):
        opened = read_any(path, given)
    with tempfile.TemporaryDirectory() as scratch:
        places = Places(Path(scratch))
        shutil.copyfile(project.params, places.params)
        imported = import_opened(opened, places)
        if needs_compilation():
            console.print(FIRST_COMPILATION)
        with console.status("Finding running, steps and load …"):
            tables = analyse_opened(imported, opened, places, project)
        analysed = tables["quality"]["recording_id"]
        left_out = tuple(
            f"{row['recording_id']}: {row['problem']}"
            for row in tables["rejected"].to_dict("records")
            if pd.isna(row["start_s"])
        )
        if analysed.empty:
            raise WorkspaceError("no recording could be used:\n  " + "\n  ".join(left_out))
        sessions = tables["sessions"][["runner_id", "session_id"]]
        with new_directory(out) as folder:
            pages = []
            for number, (runner, session) in enumerate(sessions.itertuples(index=False), start=1):
                console.print(f"Page {number} of {len(sessions)}: runner {runner}, {session}")
                name = f"screening_{check_identifier(runner, 'runner_id')}_{session}.html"
                parameters = {
                    "root": str(places.root),
                    "dataset_id": OWN,
                    "runner_id": runner,
                    "session_id": session,
                }
                notebook = project.notebook("screening")
                render(notebook, parameters, folder / name, "Load screening")
                pages.append(out / name)
            for table, frame in tables.items():
                write_table(folder / "tables" / f"{table}.parquet", table, frame)
    notes = (note for recording in opened for note in getattr(recording, "notes", ()))
    return Screening(
        tuple(pages),
        len(analysed),
        int(tables["steps"]["is_valid"].sum()),
        left_out,
        tuple(dict.fromkeys((*notes, *_reasons(tables)))),
    )


def _refuse_taken(out: Path) -> None:
    """Refuse a place that holds anything but an earlier screening, because it is replaced."""
    if out.is_dir():
        tables = list((out / "tables").glob("*"))
        foreign = [file for file in out.iterdir() if not _is_ours(file)]
        foreign += [file for file in tables if file.suffix != ".parquet" or file.stem not in TABLES]
    else:
        foreign = [out] if out.exists() or out.is_symlink() else []
    if foreign:
        raise WorkspaceError(
            f"{out} holds something else ({foreign[0].name}): expected a new folder or an earlier "
            "screening. Name another with --out"
        )


def _is_ours(file: Path) -> bool:
    if file.name == "tables":
        return file.is_dir()
    return file.is_file() and file.name.startswith("screening_") and file.suffix == ".html"


def import_opened(
    opened: list[ImportedRecording | WatchRecording | LeftOut], places: Places
) -> Tables:
    """Write the interim tables of recordings with samples; watches only get their row."""
    imported = Tables()
    sampled = [thing for thing in opened if not isinstance(thing, WatchRecording)]
    for name, signals in gather(sampled, imported):
        write_table(places.signals(OWN, name), "signals", signals)
    for row in imported.rows:
        row["dataset_id"] = OWN
    imported.rows += [_watch_row(thing) for thing in opened if isinstance(thing, WatchRecording)]
    write_table(places.recordings(OWN), "recordings", imported.recordings())
    write_table(places.interim(OWN) / "rejected.parquet", "rejected", imported.rejections())
    return imported


def _watch_row(watch: WatchRecording) -> dict[str, object]:
    """Row of a watch in table ``recordings``; what a watch does not have is missing."""
    records_s = float(watch.records["stop_s"].max())
    return {
        "recording_id": watch.recording_id,
        "dataset_id": OWN,
        "runner_id": watch.runner_id,
        "session_id": watch.session_id,
        "started_at_utc": watch.started_at_utc,
        "sensor_site": WATCH,
        "side": "unknown",
        "frame": "sensor",
        "sampling_rate_hz": max(len(watch.records) / records_s, 1.0),
        "acc_range_g": float("nan"),
        "gyr_range_dps": float("nan"),
        "body_mass_kg": watch.body_mass_kg,
        "height_m": float("nan"),
        "surface": None,
        "shoe": None,
    }


def analyse_opened(
    imported: Tables,
    opened: list[ImportedRecording | WatchRecording | LeftOut],
    places: Places,
    project: Places,
) -> dict[str, pd.DataFrame]:
    """Write and return every table."""
    params = load_params(project.params).analyse_recordings
    recordings = imported.recordings()
    sampled = recordings[recordings["sensor_site"] != WATCH]
    tables = analyse_recordings.run(
        sampled,
        imported.reference("conditions"),
        lambda name: read_table(places.signals(OWN, name), "signals"),
        params,
        load_calibration(project.root),
    )
    exposure, limits = exposure_settings(params), analysis_settings(params).steps
    watches: dict[str, dict[str, AnalysedRecording]] = {}
    for watch in opened:
        if isinstance(watch, WatchRecording):
            analysis = watch_analysis(watch.records, exposure, limits)
            found = AnalysedRecording(_watch_row(watch), analysis)
            watches.setdefault(watch.runner_id, {})[watch.recording_id] = found
    for runner_id, outings in watches.items():
        for name, table in runner_tables(runner_id, outings, exposure).items():
            tables[name] = pd.concat([tables[name], table], ignore_index=True)
    tables["references"] = tables["references"].drop_duplicates(["runner_id", "tissue"])
    tables |= aggregate_sessions.run(
        recordings, tables["steps"], tables["step_loads"], tables["bouts"], params
    )
    for name, table in tables.items():
        part = "sessions" if name in SESSION_TABLES else "steps"
        table = conform(name, table if len(table) else empty_table(name))
        write_table(places.processed_table(OWN, part, name), name, table)
        tables[name] = table
    # Only now: the pages read what the import left out from a table of its own.
    rejected = pd.concat([tables["rejected"], imported.rejections()], ignore_index=True)
    rejected["problem_id"] = rejected.groupby("recording_id").cumcount()
    tables["rejected"] = conform("rejected", rejected)
    return tables


def _reasons(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Say of each recording without a step that counts why it has none."""
    reasons = []
    for name in tables["quality"]["recording_id"]:
        bouts, steps = (tables[t][tables[t]["recording_id"] == name] for t in ("bouts", "steps"))
        reason = no_load_reason(bouts, steps)
        reasons += [f"{name}: {reason}"] if reason else []
    return reasons
