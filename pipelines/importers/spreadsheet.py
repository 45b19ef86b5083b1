"""Small tables as people save them: CSV of any spreadsheet, or Excel itself.

Habits that have one meaning are taken (byte order mark, semicolons, decimal comma, dates with
points, trailing blanks) and named in a note; a habit with two meanings is a problem that says where
and what to write instead. Nothing of a cell is ever evaluated.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import openpyxl

from pipelines.errors import WorkspaceError

__all__ = ["DateOrder", "Problem", "Sheet", "day_order", "parse_day", "parse_number", "read_sheet"]

type Cell = str | float | date | None

MAX_BYTES: Final = 20_000_000
UNPACKED_BYTES: Final = 10 * MAX_BYTES
MAX_ROWS: Final = 20_000
MAX_COLUMNS: Final = 200
"""Engineering choices: twenty years of daily entries are below a tenth of each."""

COMMENT: Final = "#"
EXCEL_EPOCH: Final = date(1899, 12, 30)
EXCEL_DAYS: Final = (20_000, 80_000)
"""Excel's day numbers of the years 1954 to 2119: what a date becomes in a cell set to "number"."""

_NUMBER: Final = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00)?)?")
_PARTED: Final = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})")
_BLANKS: Final = "\ufeff\u200b"


@dataclass(frozen=True)
class Problem:
    """One thing that has to be put right.

    Attributes
    ----------
    file : str
        Name of the file within the folder.
    row : int or None
        Line or row as the spreadsheet counts it, 1 is the first; None for the whole file.
    column : str
        Name of the column or dotted key; empty for the whole row.
    received, expected : str
        What stands there, and what may.
    """

    file: str
    row: int | None
    column: str
    received: str
    expected: str

    def __str__(self) -> str:
        """Say it in one line."""
        place = [self.file]
        place += [f"row {self.row}"] if self.row is not None else []
        place += [f"column {self.column}"] if self.column else []
        shown = self.received if len(self.received) <= 60 else f"{self.received[:57]}..."
        return f"{', '.join(place)}: received {shown!r}, expected {self.expected}"


@dataclass(frozen=True)
class Sheet:
    """A table as it was saved.

    Attributes
    ----------
    file : str
    header : tuple of str
        Lower case, blanks stripped.
    rows : tuple of (int, tuple)
        Row number and cells, as many as the header has; blank rows and comments left out.
    notes : tuple of str
        Habits that were taken.
    """

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]
    notes: tuple[str, ...]


class SheetError(WorkspaceError):
    """A table that cannot be read at all.

    Attributes
    ----------
    problem : Problem
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def read_sheet(path: Path) -> tuple[Sheet, list[Problem]]:
    """Read one CSV or Excel file.

    Returns
    -------
    Sheet, list of Problem
        Rows with too many cells are problems and left out.

    Raises
    ------
    SheetError
        If it is too large, damaged, or has no header.
    """
    name = path.name
    if path.stat().st_size > MAX_BYTES:
        expected = f"at most {MAX_BYTES // 1_000_000} MB"
        raise _whole(name, f"{path.stat().st_size // 1_000_000} MB", expected)
    rows, notes = _excel_rows(path) if path.suffix.lower() == ".xlsx" else _csv_rows(path)
    return _sheet(name, rows, notes)


def _whole(name: str, received: str, expected: str) -> SheetError:
    return SheetError(Problem(name, None, "", received, expected))


def _sheet(
    name: str, rows: Iterable[tuple[int, list[Cell]]], notes: list[str]
) -> tuple[Sheet, list[Problem]]:
    kept: list[tuple[int, list[Cell]]] = []
    for number, cells in rows:
        clean = [_clean(cell) for cell in cells]
        while clean and clean[-1] is None:
            clean.pop()
        first = clean[0] if clean else None
        if clean and not (isinstance(first, str) and first.startswith(COMMENT)):
            kept.append((number, clean))
        if len(kept) > MAX_ROWS:
            raise _whole(name, f"more than {MAX_ROWS} rows", f"at most {MAX_ROWS}")
    if not kept:
        raise _whole(name, "nothing", "a header and, below it, a row an entry")
    header = tuple(str(cell or "").strip().lower() for cell in kept[0][1])
    problems, body = [], []
    for number, cells in kept[1:]:
        if len(cells) > len(header):
            shown = "; ".join(str(cell or "") for cell in cells)
            expected = (
                f"{len(header)} cells; a text or number that holds the separator "
                "(such as a decimal comma) belongs in double quotes"
            )
            problems.append(Problem(name, number, "", shown, expected))
            continue
        body.append((number, tuple(cells) + (None,) * (len(header) - len(cells))))
    return Sheet(name, header, tuple(body), tuple(dict.fromkeys(notes))), problems


def _clean(cell: Cell) -> Cell:
    if isinstance(cell, str):
        text = cell.strip().strip(_BLANKS).strip()
        return text or None
    return cell


def _csv_rows(path: Path) -> tuple[list[tuple[int, list[Cell]]], list[str]]:
    data = path.read_bytes()
    notes = []
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
        notes.append(f"{path.name} is UTF-16; read as such")
    else:
        if data.startswith(b"\xef\xbb\xbf"):
            notes.append(f"{path.name} begins with a byte order mark; left out")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
            notes.append(f"{path.name} is not UTF-8; read as Windows text")
    if "\x00" in text:
        raise _whole(path.name, "zero bytes", "text: save it as CSV, UTF-8")
    lines = text.splitlines()
    head = next((line for line in lines if line.strip() and not _is_comment(line)), "")
    separator = max((",", ";", "\t"), key=head.count)
    if separator != ",":
        kind = {";": "semicolons", "\t": "tabs"}[separator]
        notes.append(f"{path.name} separates cells by {kind}; read as such")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[tuple[int, list[Cell]]] = []
    try:
        for cells in reader:
            if len(cells) > MAX_COLUMNS:
                cells = cells[:MAX_COLUMNS]
            rows.append((reader.line_num, list(cells)))
    except csv.Error as error:
        number = reader.line_num
        problem = Problem(
            path.name, number, "", str(error), "cells in CSV: a quote inside a text is doubled"
        )
        raise SheetError(problem) from error
    return rows, notes


def _is_comment(line: str) -> bool:
    return line.lstrip('"' + _BLANKS).startswith(COMMENT)


def _excel_rows(path: Path) -> tuple[list[tuple[int, list[Cell]]], list[str]]:
    rows: list[tuple[int, list[Cell]]] = []
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
        if unpacked <= UNPACKED_BYTES:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            page = book[book.sheetnames[0]]
            limits = {"max_row": MAX_ROWS + 2, "max_col": MAX_COLUMNS}
            for number, cells in enumerate(page.iter_rows(values_only=True, **limits), start=1):
                rows.append((number, [_excel_cell(cell) for cell in cells]))
            book.close()
    except Exception as error:  # openpyxl raises whatever its parsers raise
        raise _whole(
            path.name, f"{type(error).__name__}: {error}", "an Excel workbook; or save it as CSV"
        ) from error
    if unpacked > UNPACKED_BYTES:
        raise _whole(path.name, f"{unpacked // 1_000_000} MB unpacked", "a plain table")
    return rows, [f"{path.name} is Excel; its first sheet was read"]


def _excel_cell(cell: object) -> Cell:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int | float):
        return float(cell)
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    return str(cell)


# ---- values -------------------------------------------------------------------------------


def parse_number(cell: Cell) -> float | None:
    """Return a number that has one meaning; a decimal comma counts as one.

    Raises
    ------
    ValueError
        If it is none, or could be two.
    """
    if cell is None:
        return None
    if isinstance(cell, float):
        return cell
    if isinstance(cell, str):
        text = cell.replace("\u00a0", "").replace("\u2212", "-")
        if _NUMBER.fullmatch(text):
            return float(text.replace(",", "."))
    raise ValueError(str(cell))


DateOrder = str | None
"""``day`` or ``month``: what comes first in dates with slashes; None where they do not tell."""


def day_order(cells: Sequence[Cell]) -> DateOrder:
    """Tell from all dates of a column whether the day or the month comes first.

    Points always mean day first. Slashes and dashes are told by a number above 12; where both
    orders occur or none is certain, the answer is None.
    """
    firsts, seconds = [], []
    for cell in cells:
        match = _PARTED.fullmatch(cell) if isinstance(cell, str) else None
        if match and match[2] != ".":
            firsts.append(int(match[1]))
            seconds.append(int(match[3]))
    day = any(first > 12 for first in firsts)
    month = any(second > 12 for second in seconds)
    if day == month:
        return None
    return "day" if day else "month"


def parse_day(cell: Cell, order: DateOrder) -> date | None:
    """Return a day.

    Parameters
    ----------
    cell : str, float, date or None
    order : str or None
        From :func:`day_order` of the column.

    Raises
    ------
    ValueError
        If it is no day, or could be two.
    """
    if cell is None or isinstance(cell, date):
        return cell
    if isinstance(cell, str):
        if match := _ISO.fullmatch(cell):
            return date(int(match[1]), int(match[2]), int(match[3]))
        if match := _PARTED.fullmatch(cell):
            first, second, year = int(match[1]), int(match[3]), int(match[4])
            if match[2] == "." or order == "day" or first == second:
                return date(year, second, first)
            if order == "month":
                return date(year, first, second)
            raise ValueError(f"{cell} (day or month first?)")
        if not _NUMBER.fullmatch(cell):
            raise ValueError(cell)
    number = parse_number(cell)
    assert number is not None
    if number.is_integer() and EXCEL_DAYS[0] <= number <= EXCEL_DAYS[1]:
        return EXCEL_EPOCH + timedelta(days=int(number))
    raise ValueError(f"{number:g}")
