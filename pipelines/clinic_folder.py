"""Making, checking and removing a runner's folder."""

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from pipelines import store
from pipelines.entry_form import entry_form, index_places
from pipelines.errors import WorkspaceError
from pipelines.importers.runner_folder import INBOX, PROFILE, RECORDINGS, ReadFolder, read_folder
from pipelines.importers.spreadsheet import Problem
from pipelines.paths import check_identifier
from tolerance.clinic.columns import FOLDER_TABLES, FolderTable
from tolerance.clinic.record import RunnerRecord

__all__ = [
    "FORM",
    "INDEX",
    "MANIFEST",
    "REPORT",
    "Forgotten",
    "check_folder",
    "forget_folder",
    "new_folder",
    "refresh_form",
    "remember_rows",
    "runner_folders",
]

TEMPLATES: Final = Path(__file__).parent / "templates" / "clinic"
FORM: Final = "entry_form.html"
REPORT: Final = "report"
MANIFEST: Final = "manifest.json"
INDEX: Final = "index.html"
SEEN: Final = "seen.json"
APPEND_ONLY: Final = tuple(table.name for table in FOLDER_TABLES.values() if table.append_only)
PRIVATE: Final = 0o700
"""A runner's folder is its owner's alone, where the system knows owners."""


def new_folder(folder: Path, runner_id: str | None, today: date) -> list[Path]:
    """Write a commented template of a runner's folder.

    Parameters
    ----------
    folder : Path
        New or empty.
    runner_id : str or None
        The pseudonym; the folder's name if it is not given.
    today : date
        Day of consent in the template.

    Raises
    ------
    WorkspaceError
        If the folder holds something, or the pseudonym is none.
    """
    folder = folder.expanduser()
    name = check_identifier(runner_id or folder.resolve().name, "runner_id")
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise WorkspaceError(f"{folder} is no folder: name a new one")
    if folder.is_dir() and any(folder.iterdir()):
        raise WorkspaceError(f"{folder} holds something already: name a new or empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(PRIVATE)
    template = (TEMPLATES / "profile.yaml.txt").read_text(encoding="utf-8")
    profile = template.replace("@RUNNER_ID@", name).replace("@TODAY@", today.isoformat())
    files = {PROFILE: profile, FORM: entry_form(name, [("ankle", "left")])}
    files["README.txt"] = (TEMPLATES / "folder_readme.txt").read_text(encoding="utf-8")
    files |= {f"{table.name}.csv": table_template(table) for table in FOLDER_TABLES.values()}
    for file, text in files.items():
        store.write_text(folder / file, text)
    for below in (RECORDINGS, INBOX):
        (folder / below).mkdir()
    return [folder / file for file in sorted(files)]


def table_template(table: FolderTable) -> str:
    """Return the header of a table below comments that say what each column holds."""
    lines = [f"# {table.meaning} Lines that begin with # are notes.\n"]
    for column in table.columns:
        need = ", needed" if column.required else ""
        lines.append(f"# {column.name}{need}: {column.meaning}; {column.expected()}\n")
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow([column.name for column in table.columns])
    return "".join(lines) + buffer.getvalue()


def check_folder(folder: Path, today: date) -> ReadFolder:
    """Read a folder, and compare rows that are only added with those that were there before.

    Raises
    ------
    WorkspaceError
        If there is no such folder.
    """
    read = read_folder(folder, today)
    if read.record is None:
        return read
    changed = _changed_rows(folder, read.record)
    if not changed:
        return read
    return ReadFolder(None, changed, read.notes)


def remember_rows(folder: Path, record: RunnerRecord) -> None:
    """Keep the marks of rows that may only be added to, for the next check."""
    store.write_json(folder / REPORT / SEEN, _row_marks(record))


def _row_marks(record: RunnerRecord) -> dict[str, list[str]]:
    return {
        name: [
            hashlib.sha256(entry.model_dump_json().encode()).hexdigest()
            for entry in getattr(record, name)
        ]
        for name in APPEND_ONLY
    }


def _changed_rows(folder: Path, record: RunnerRecord) -> tuple[Problem, ...]:
    seen = folder / REPORT / SEEN
    if not seen.is_file():
        return ()
    before, now = store.read_json(seen), _row_marks(record)
    return tuple(
        Problem(
            f"{name}.csv",
            None,
            "",
            "a row that was changed or removed",
            "every row that a report has used; put it back and add a new row that corrects it",
        )
        for name in APPEND_ONLY
        if set(before.get(name, [])) - set(now[name])
    )


def refresh_form(folder: Path, record: RunnerRecord, sites: dict[str, str]) -> None:
    """Write the entry form again where the runner's places have changed."""
    places = index_places(record, sites)
    page = entry_form(record.profile.runner_id, places)
    path = folder / FORM
    if not path.is_file() or path.read_text(encoding="utf-8") != page:
        store.write_text(path, page)


def runner_folders(clinic: Path) -> list[Path]:
    """Return the runners' folders of a clinic, in order of name.

    Raises
    ------
    WorkspaceError
        If there is no such folder or it holds no runner.
    """
    if not clinic.is_dir():
        raise WorkspaceError(f"{clinic} is no folder")
    found = [
        path
        for path in sorted(clinic.iterdir())
        if (path / PROFILE).is_file() and not path.is_symlink() and not path.name.startswith(".")
    ]
    if not found:
        raise WorkspaceError(f"{clinic} holds no runner's folder: make one with `tolerance new`")
    for path in found:
        check_identifier(path.name, "folder")
    return found


@dataclass(frozen=True)
class Forgotten:
    """What was removed.

    Attributes
    ----------
    n_files : int
    places : tuple of Path
        The folder, and files of the clinic that named the runner.
    """

    n_files: int
    places: tuple[Path, ...]


def forget_folder(folder: Path) -> Forgotten:
    """Remove a runner's folder, what the clinic's index says of it, and half-written files.

    Raises
    ------
    WorkspaceError
        If it is no runner's folder, or something could not be removed.
    """
    folder = folder.expanduser()
    if folder.is_symlink() or not (folder / PROFILE).is_file():
        raise WorkspaceError(
            f"{folder} holds no {PROFILE}: only a runner's folder is removed, never a link to one"
        )
    folder = folder.resolve()
    if (folder / "dvc.yaml").exists() or folder == Path.home() or folder.parent == folder:
        raise WorkspaceError(f"{folder} is no runner's folder")
    n_files = sum(1 for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    clinic = folder.parent
    try:
        shutil.rmtree(folder)
        places = [folder, *_forget_in_clinic(clinic, folder.name)]
    except OSError as error:
        raise WorkspaceError(
            f"{folder} could not be removed whole ({error}): remove the rest by hand"
        ) from error
    return Forgotten(n_files, tuple(places))


def _forget_in_clinic(clinic: Path, name: str) -> Iterator[Path]:
    """Take a runner out of the clinic's manifest; remove the index, which is made again."""
    manifest, index = clinic / MANIFEST, clinic / INDEX
    if manifest.is_file():
        kept = json.loads(manifest.read_text(encoding="utf-8"))
        if isinstance(kept, dict) and isinstance(kept.get("runners"), dict):
            kept["runners"].pop(name, None)
            store.write_json(manifest, kept)
            yield manifest
    if index.is_file() and name in index.read_text(encoding="utf-8"):
        index.unlink()
        yield index
    for leftover in clinic.glob(f".{name}.*"):
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()
        yield leftover
