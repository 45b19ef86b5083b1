"""Which datasets the workspace knows, found by their file lists.

A dataset is known when ``<module>.files.json`` stands beside its module, so that adding one adds
files and changes none: the chains of all other datasets stay as they are.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final

import pandas as pd

from pipelines.datasets.base import DailyTables, DatasetCard, FileList, Imported

__all__ = ["Dataset", "dataset_ids", "load_dataset"]

FOLDER: Final = Path(__file__).parent
FILE_LIST_SUFFIX: Final = ".files.json"


@dataclass(frozen=True)
class Dataset:
    """A dataset's facts, files and readers.

    Exactly one reader is there: ``read_recordings``, ``read_published`` for a published table,
    ``read_daily`` for a diary.
    """

    card: DatasetCard
    files: FileList
    read_recordings: Callable[[Path], Imported] | None
    read_published: Callable[[Path], pd.DataFrame] | None
    read_daily: Callable[[Path], DailyTables] | None


@cache
def _modules() -> dict[str, str]:
    """Return module name by dataset id."""
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob(f"*{FILE_LIST_SUFFIX}")):
        head = json.loads(path.read_text(encoding="utf-8"))
        found[head["dataset_id"]] = path.name.removesuffix(FILE_LIST_SUFFIX)
    return found


def dataset_ids() -> tuple[str, ...]:
    """Return the ids of all known datasets, in alphabetical order."""
    return tuple(sorted(_modules()))


def load_dataset(name: str) -> Dataset:
    """Load a dataset by its id or its module's name.

    Raises
    ------
    KeyError
        If the name is unknown; the message lists the known ones.
    """
    modules = _modules()
    module_name = modules.get(name, name)
    if module_name not in modules.values():
        known = ", ".join(f"{key} ({value})" for key, value in sorted(modules.items()))
        raise KeyError(
            f"unknown dataset {name!r}; known: {known}. "
            "Check the spelling, or scaffold a new one with 'tolerance datasets new NAME'."
        )
    module = import_module(f"pipelines.datasets.{module_name}")
    listing = FOLDER / f"{module_name}{FILE_LIST_SUFFIX}"
    return Dataset(
        card=module.CARD,
        files=FileList.model_validate_json(listing.read_text(encoding="utf-8")),
        read_recordings=getattr(module, "read_recordings", None),
        read_published=getattr(module, "read_published", None),
        read_daily=getattr(module, "read_daily", None),
    )
