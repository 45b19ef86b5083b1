"""Validated, atomic reads and writes.

What a reader sees is a whole file or none: everything is written beside its place under a
temporary name and moved there by one ``os.replace``. A process killed in between leaves only a
``*.partial`` sibling, which the next write to that place removes. Equal content gives equal bytes,
so that an unchanged rerun changes no hash.
"""

import contextlib
import json
import math
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import WorkspaceError
from tolerance.schemas import TABLES, conform, validate

__all__ = [
    "StoreError",
    "new_directory",
    "new_file",
    "read_json",
    "read_table",
    "write_json",
    "write_metrics",
    "write_table",
    "write_text",
]

METRICS_DIGITS: Final = 6
"""Significant digits of a metric: below the noise of any score, above that of another machine's
last bit. Engineering choice."""

_ARROW_TYPES: Final = {
    "float": pa.float64(),
    "int": pa.int64(),
    "bool": pa.bool_(),
    "str": pa.large_string(),
    "date": pa.timestamp("us"),
    "datetime": pa.timestamp("us", tz="UTC"),
}


class StoreError(WorkspaceError):
    """A file that cannot be read or written; nothing was changed on disk."""


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; on success it becomes ``path``, else it is removed.

    Raises
    ------
    StoreError
        If the place cannot be written to or the disk is full.
    """
    with _moved_into_place(path, _replace_file) as temporary:
        yield temporary


@contextlib.contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """Give a temporary, empty folder to fill; on success it replaces ``path`` as a whole.

    Files that the folder held before and that are not written again are gone.

    Raises
    ------
    StoreError
        If the place cannot be written to or the disk is full.
    """
    with _moved_into_place(path, _replace_directory) as temporary:
        temporary.mkdir()
        yield temporary


def write_table(path: Path, table: str, frame: pd.DataFrame) -> None:
    """Check a table and write it as Parquet, columns in declared order.

    Parameters
    ----------
    path : Path
        Where to; folders are made.
    table : str
        A name of ``tolerance.schemas.TABLES``.
    frame : pandas.DataFrame
        The rows; numbers and texts of a narrower dtype are widened, the index is dropped.

    Raises
    ------
    SchemaError
        If the table breaks its contract; every violation is in the message.
    StoreError
        If it cannot be written.
    """
    conformed = conform(table, frame)
    validate(table, conformed)
    fields = [
        pa.field(column.name, _ARROW_TYPES[column.dtype])
        for column in TABLES[table].columns
        if column.name in conformed.columns
    ]
    # A schema of our own carries no pandas metadata, hence no library version, into the bytes.
    arrow = pa.Table.from_pandas(conformed, schema=pa.schema(fields), preserve_index=False)
    arrow = arrow.replace_schema_metadata(None).combine_chunks()
    with new_file(path) as temporary:
        pq.write_table(arrow, temporary, compression="zstd", store_schema=False)


def read_table(path: Path, table: str) -> pd.DataFrame:
    """Read a Parquet table and check it.

    Raises
    ------
    StoreError
        If the file is missing or is not Parquet.
    SchemaError
        If the table breaks its contract.
    """
    with _reading(path):
        # One reader thread: the tables are small and stages already share the cores.
        frame: pd.DataFrame = pq.read_table(path, use_threads=False).to_pandas()
    conformed = conform(table, frame)
    validate(table, conformed)
    return conformed


def write_json(path: Path, value: object) -> None:
    """Write a value as JSON with sorted keys.

    Raises
    ------
    StoreError
        If it holds NaN or an infinity, which JSON lacks, or something other than JSON's types,
        or cannot be written.
    """
    problems = _not_json(value, "")
    if problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise StoreError(f"{path} cannot hold these values as JSON:\n{listed}")
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, f"{text}\n")


def write_metrics(path: Path, metrics: Mapping[str, Any]) -> None:
    """Write scores as JSON, numbers rounded to six significant digits.

    Raises
    ------
    StoreError
        As :func:`write_json`; a score that could not be computed is left out, not NaN.
    """
    write_json(path, _rounded(metrics))


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    StoreError
        If the file is missing or is not JSON.
    """
    with _reading(path):
        return json.loads(path.read_text(encoding="utf-8"))


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8, line ends as given.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    with new_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(f"{path} is not there: run the stage that writes it first.") from error
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error}).") from error
    except (pa.ArrowException, ValueError) as error:
        raise StoreError(
            f"{path} is damaged or of another format ({error}): remove it and run the stage that"
            " writes it again."
        ) from error


@contextlib.contextmanager
def _moved_into_place(path: Path, replace: Callable[[Path, Path], None]) -> Iterator[Path]:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        yield temporary
        replace(temporary, path)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written ({error}). Nothing was changed; make room"
            " or choose a place that can be written to, then run again."
        ) from error
    finally:
        _remove(temporary)


def _replace_file(temporary: Path, path: Path) -> None:
    temporary.replace(path)


def _replace_directory(temporary: Path, path: Path) -> None:
    """Move a folder to a place that may be taken: step the old one aside first.

    A kill between the two moves leaves no folder at ``path``, never half of one.
    """
    old = path.with_name(f".{path.name}.{os.getpid()}.old.partial")
    with contextlib.suppress(FileNotFoundError):
        path.replace(old)
    try:
        temporary.replace(path)
    finally:
        if not path.exists() and old.exists():
            old.replace(path)
        _remove(old)


def _remove_leftovers(path: Path) -> None:
    """Remove what killed processes left of earlier writes to the same place."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.(\d+)(\.old)?\.partial")
    for sibling in path.parent.iterdir():
        match = pattern.fullmatch(sibling.name)
        if match and not _is_running(int(match[1])):
            _remove(sibling)


def _is_running(pid: int) -> bool:
    try:
        # A killed process whose parent has not looked yet is there, but writes no more.
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True


def _remove(path: Path) -> None:
    """Remove a temporary file or folder; never hide the error that led here behind another."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def _not_json(value: object, where: str) -> list[str]:
    """List by dotted path what JSON cannot hold."""
    if isinstance(value, float) and not math.isfinite(value):
        return [f"{where}: {value}; leave the key out where nothing was observed"]
    if value is None or isinstance(value, bool | int | float | str):
        return []
    if isinstance(value, Mapping):
        problems = [
            f"{where}: key {key!r} is not text" for key in value if not isinstance(key, str)
        ]
        return problems + [
            problem
            for key, inner in value.items()
            for problem in _not_json(inner, f"{where}.{key}".lstrip("."))
        ]
    if isinstance(value, list | tuple):
        return [
            problem
            for index, inner in enumerate(value)
            for problem in _not_json(inner, f"{where}[{index}]")
        ]
    return [f"{where}: {type(value).__name__}; convert it to plain numbers, text or lists"]


def _rounded(value: Any) -> Any:
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{float(value):.{METRICS_DIGITS}g}")
    if isinstance(value, Mapping):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return value
