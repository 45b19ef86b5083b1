"""Start a new dataset: module, card, file list and test, each with marked places to fill in.

The test fails, and says where, until no mark is left: a dataset half described is not used by
mistake.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.datasets.registry import dataset_ids
from pipelines.errors import WorkspaceError
from pipelines.paths import IdentifierError, check_identifier, project_root
from pipelines.store import write_text

__all__ = ["FILL_IN", "Scaffold", "new_dataset", "places_to_fill_in"]

FILL_IN: Final = "FILL IN"
"""Mark of what only somebody who knows the data can write."""

FOLDER: Final = Path(__file__).parent / "templates" / "dataset"
TEMPLATES: Final = ("module.py.txt", "card.md.txt", "test.py.txt")
DATASETS: Final = Path("pipelines", "datasets")
TESTS: Final = Path("tests", "unit", "pipelines", "datasets")
RESERVED_IDS: Final = ("own", "motion_bids")
"""Ids that recordings of no published dataset carry."""

_MODULE: Final = re.compile(r"[a-z]+(_[a-z]+)*_(19|20)[0-9]{2}(_[a-z0-9]+)*")


@dataclass(frozen=True)
class Scaffold:
    """What was written.

    Attributes
    ----------
    files : tuple of Path
        Below the project's root.
    chain : str
        Line that adds the dataset to the chains in ``pipelines/public/dvc.yaml``.
    """

    files: tuple[Path, ...]
    chain: str


def new_dataset(
    root: Path, module: str, dataset_id: str | None = None, raw_dir: Path | None = None
) -> Scaffold:
    """Write the files of a new dataset; nothing that is there is changed.

    Parameters
    ----------
    root : Path
        The project's root.
    module : str
        First author and year, such as ``cetin_2026``; a further word tells two of a year apart.
    dataset_id : str, optional
        Id in data and metrics; the module's name if not given.
    raw_dir : Path, optional
        Folder with the dataset's files: they are listed with sizes and hashes.

    Raises
    ------
    WorkspaceError
        If a name is not fit, the dataset or a file is there already, ``root`` is no project, or
        ``raw_dir`` has no file; all problems at once, nothing is written.
    """
    dataset_id = module if dataset_id is None else dataset_id
    problems = _name_problems(module, dataset_id)
    if problems:
        raise WorkspaceError("; ".join(problems))
    raw_files = None if raw_dir is None else _raw_files(raw_dir)
    if not (root / DATASETS / "base.py").is_file():
        problems.append(f"{root} is no checkout of the project: run it from the project's folder")
    problems += [
        f"{place} is there already: it stays as it is"
        for place in _places(module)
        if (root / place).exists()
    ]
    if raw_files is not None and not raw_files:
        problems.append(f"{raw_dir} holds no file to list")
    if problems:
        raise WorkspaceError("; ".join(problems))
    texts = [
        *(_filled(name, module, dataset_id) for name in TEMPLATES),
        _file_list(module, dataset_id, raw_dir, raw_files),
    ]
    written: list[Path] = []
    try:
        for place, text in zip(_places(module), texts, strict=True):
            write_text(root / place, text)
            written.append(root / place)
    except WorkspaceError:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return Scaffold(_places(module), f"{dataset_id}: {{module: {module}}}")


def places_to_fill_in(module: str, root: Path | None = None) -> list[str]:
    """List file and line of every mark that is left in a dataset's files.

    Parameters
    ----------
    module : str
        Name of the dataset's module.
    root : Path, optional
        The project's root if not the usual one.
    """
    root = project_root() if root is None else root
    return [
        f"{place.as_posix()}, line {number}: {line.strip()}"
        for place in _places(module)
        for number, line in enumerate((root / place).read_text(encoding="utf-8").splitlines(), 1)
        if FILL_IN in line
    ]


def _places(module: str) -> tuple[Path, ...]:
    """Return module, card and test, in the order of the templates, then the file list."""
    return (
        DATASETS / f"{module}.py",
        DATASETS / f"{module}.md",
        TESTS / f"test_{module}.py",
        DATASETS / f"{module}.files.json",
    )


def _name_problems(module: str, dataset_id: str) -> list[str]:
    problems = []
    if not _MODULE.fullmatch(module):
        problems.append(
            f"name {module!r}: expected first author and year in lower case, such as cetin_2026 or "
            "fukuchi_2017_derived"
        )
    try:
        check_identifier(dataset_id, "id")
    except IdentifierError as error:
        problems.append(str(error))
    if dataset_id in (*dataset_ids(), *RESERVED_IDS):
        problems.append(f"id {dataset_id!r} is taken: choose another with --id")
    return problems


def _filled(template: str, module: str, dataset_id: str) -> str:
    text = (FOLDER / template).read_text(encoding="utf-8")
    return text.replace("$module", module).replace("$dataset_id", dataset_id)


def _raw_files(raw_dir: Path) -> list[Path]:
    """List a dataset's files, hidden ones left out."""
    return sorted(
        path
        for path in raw_dir.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(raw_dir).parts)
    )


def _file_list(
    module: str, dataset_id: str, raw_dir: Path | None, raw_files: Sequence[Path] | None
) -> str:
    """Return the file list as the others are written: one file a line."""
    entries: list[dict[str, object]] = [{"path": FILL_IN, "bytes": None, "sha256": None}]
    if raw_dir is not None and raw_files is not None:
        entries = [_entry(raw_dir, path) for path in raw_files]
    # Addresses are added by hand, pinned to a version.
    lines = ",\n".join(f"    {json.dumps(entry | {'url': None})}" for entry in entries)
    return (
        f'{{\n  "dataset_id": "{dataset_id}",\n  "module": "{module}",\n'
        f'  "files": [\n{lines}\n  ]\n}}\n'
    )


def _entry(raw_dir: Path, path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        size = path.stat().st_size
    except OSError as error:
        raise WorkspaceError(f"{path} cannot be read ({error})") from error
    return {"path": path.relative_to(raw_dir).as_posix(), "bytes": size, "sha256": digest}
