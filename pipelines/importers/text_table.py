"""Tables of numbers as text, in whatever dialect a program on somebody's desk wrote them.

Byte-order marks, UTF-16, semicolons, tabs, decimal commas, ``sep=`` lines, preambles, rows of
units and trailing separators are understood; what is ambiguous is named, never guessed.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.importers.raw_files import RecordingFileError

__all__ = ["TextTable", "head_lines"]

HEAD_BYTES: Final = 65_536
"""Part of a file in which its header must stand. Engineering choice: hundreds of columns fit."""
MAX_COLUMNS: Final = 512
"""Engineering choice: research exports have some dozens of columns."""
MAX_PREAMBLE_LINES: Final = 60
"""Lines before the header; engineering choice: six times ActiGraph's ten."""

SEPARATORS: Final = (",", ";", "\t")
MISSING: Final = frozenset(
    {"", "nan", "NaN", "NAN", "NA", "N/A", "n/a", "#N/A", "null", "NULL", "None", "-", "--"}
)
"""Texts that mean "not observed"."""

_DECIMAL_COMMA: Final = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")
_DECIMAL_POINT: Final = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")
_THOUSANDS: Final = re.compile(r"[+-]?\d{1,3}([.,]\d{3})+[.,]\d+")
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_SEPARATOR_LINE: Final = re.compile(r'"?sep=(?P<separator>.|\\t)"?', re.IGNORECASE)


def _encoding(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    try:
        data[:HEAD_BYTES].decode("utf-8")
    except UnicodeDecodeError as error:
        # a letter of several bytes may be cut at the end of the part looked at
        if error.start < min(len(data), HEAD_BYTES) - 4:
            return "cp1252"
    return "utf-8"


def head_lines(data: bytes, name: str) -> list[str]:
    """Return the lines at the beginning of a text file, an unfinished last one left out.

    Raises
    ------
    RecordingFileError
        If it is no text, or its first line does not end.
    """
    encoding = _encoding(data)
    if encoding != "utf-16" and b"\0" in data[:HEAD_BYTES]:
        raise RecordingFileError(name, "is no text: expected a table of comma-separated values")
    # Only what pandas takes for line ends; str.splitlines knows more.
    lines = _LINE_END.split(data[:HEAD_BYTES].decode(encoding, errors="replace"))
    if len(data) > HEAD_BYTES and len(lines) == 1:
        raise RecordingFileError(
            name, f"its first line has over {HEAD_BYTES:,} characters: this is no table"
        )
    # What follows the last line end is empty, or may go on beyond the part looked at.
    return lines[:-1] if len(data) > HEAD_BYTES or not lines[-1] else lines


def _cells(line: str, separator: str) -> list[str]:
    try:
        row = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        row = line.split(separator)
    return [cell.strip() for cell in row]


@dataclass(frozen=True)
class TextTable:
    """A table whose header was found.

    Attributes
    ----------
    name : str
        Of the file, for messages.
    data : bytes
        The whole file.
    preamble : tuple of str
        Lines before the header.
    columns : tuple of str
        Names of the columns, stripped; "" for a nameless one.
    separator : str
    first_row : int
        Line, counted from 0, with the first sample (or the units, see `units`).
    units : tuple of str
        Cells of a row of units below the header; empty if there is none.
    """

    name: str
    data: bytes
    preamble: tuple[str, ...]
    columns: tuple[str, ...]
    separator: str
    first_row: int
    units: tuple[str, ...] = ()

    @classmethod
    def find(
        cls, data: bytes, name: str, wanted: Sequence[str] = (), separator: str | None = None
    ) -> "TextTable":
        """Find the header: the first line that names all ``wanted`` columns, else the first table.

        Parameters
        ----------
        data : bytes
            The whole file.
        name : str
            For messages.
        wanted : sequence of str
            Columns that must be there; if they are not, the first line with several cells is
            taken and the caller reports what is missing.
        separator : str, optional
            If it is known.

        Raises
        ------
        RecordingFileError
            If no line has several cells, or the header is absurd.
        """
        lines = head_lines(data, name)
        stated = _SEPARATOR_LINE.fullmatch(lines[0].strip()) if lines else None
        if stated is not None:
            separator = stated["separator"].replace("\\t", "\t")
        first: TextTable | None = None
        for number, line in enumerate(lines[:MAX_PREAMBLE_LINES]):
            if not line.strip() or (number == 0 and stated is not None):
                continue
            for candidate in (separator,) if separator else SEPARATORS:
                cells = _cells(line, candidate)
                if len(cells) < 2 or line.lstrip().startswith("#"):
                    continue
                table = cls(name, data, tuple(lines[:number]), tuple(cells), candidate, number + 1)
                if wanted and set(wanted) <= set(cells):
                    return table._checked()
                if first is None or (
                    first.first_row == table.first_row and len(cells) > len(first.columns)
                ):
                    first = table
        if first is None:
            raise RecordingFileError(
                name,
                "holds no table: expected a header with columns separated by comma, semicolon or "
                "tab",
            )
        return first._checked()

    def _checked(self) -> "TextTable":
        if len(self.columns) > MAX_COLUMNS:
            raise RecordingFileError(
                self.name, f"has {len(self.columns):,} columns, expected at most {MAX_COLUMNS}"
            )
        return self

    def headless(self, columns: Sequence[str], first_row: int) -> "TextTable":
        """Return the same table for a file that begins with numbers at once."""
        lines = tuple(head_lines(self.data, self.name)[:first_row])
        return TextTable(self.name, self.data, lines, tuple(columns), self.separator, first_row)

    def with_units_row(self) -> "TextTable":
        """Take the row below the header as units."""
        lines = head_lines(self.data, self.name)
        row = _cells(lines[self.first_row], self.separator) if len(lines) > self.first_row else []
        return TextTable(
            self.name,
            self.data,
            self.preamble,
            self.columns,
            self.separator,
            self.first_row + 1,
            tuple(row),
        )

    def first_rows(self, count: int) -> list[list[str]]:
        """Return the cells of the first rows of data."""
        lines = head_lines(self.data, self.name)[self.first_row :]
        return [_cells(line, self.separator) for line in lines if line.strip()][:count]

    def read(
        self, wanted: Sequence[str], texts: Sequence[str] = ()
    ) -> dict[str, NDArray[np.float64] | NDArray[np.object_]]:
        """Read columns; all that is wrong with them in one error.

        Parameters
        ----------
        wanted : sequence of str
            Columns of numbers: float64 arrays, NaN where not observed.
        texts : sequence of str
            Columns of texts (clock times): object arrays.

        Raises
        ------
        RecordingFileError
            For missing or doubled columns, rows of another length than the header, cells that are
            not numbers, thousands separators, no rows at all.
        """
        both = list(dict.fromkeys((*wanted, *texts)))
        problems = [
            f"column {column!r} occurs twice" for column in both if self.columns.count(column) > 1
        ]
        absent = [column for column in both if column not in self.columns]
        if absent:
            present = ", ".join(filter(None, self.columns[:40]))
            problems.append(f"columns {', '.join(absent)} are missing; there are {present}")
        sample = self.first_rows(200)
        if not sample:
            problems.append("holds a header and no sample: export the recording again")
        widest = max((len(row) for row in sample), default=0)
        if any(any(cell for cell in row[len(self.columns) :]) for row in sample):
            problems.append(
                f"rows have {widest} cells under {len(self.columns)} names: a decimal comma "
                "together with a separating comma cannot be read; export with semicolons"
            )
        if problems:
            raise RecordingFileError(self.name, *problems)
        decimal = self._decimal([self.columns.index(column) for column in wanted], sample)
        # All columns: with a choice of them pandas would pass over rows that are too long.
        frame = self._frame(decimal)
        found: dict[str, NDArray[np.float64] | NDArray[np.object_]] = {}
        for column in both:
            position = self.columns.index(column)
            if position not in frame:
                problems.append(f"column {column!r} has no cells")
                continue
            values = frame[position]
            if column in texts:
                found[column] = values.astype(object).to_numpy()
            else:
                found[column] = self._numbers(column, values, decimal, problems)
        if problems:
            raise RecordingFileError(self.name, *problems)
        return found

    def _decimal(self, positions: list[int], sample: list[list[str]]) -> str:
        cells = [row[i] for row in sample for i in positions if i < len(row)]
        commas = [cell for cell in cells if _DECIMAL_COMMA.fullmatch(cell)]
        points = [cell for cell in cells if _DECIMAL_POINT.fullmatch(cell)]
        grouped = [cell for cell in cells if _THOUSANDS.fullmatch(cell)]
        if grouped or (commas and points):
            example = (grouped or commas)[0]
            raise RecordingFileError(
                self.name,
                f"{example!r} mixes decimal and thousands separators: export numbers plainly, "
                "with one decimal sign and no grouping",
            )
        return "," if commas else "."

    def _frame(self, decimal: str) -> pd.DataFrame:
        encoding = _encoding(self.data)
        data = self.data
        if encoding != "utf-16" and not data.endswith((b"\n", b"\r")):
            # A last line without its end may be cut inside a number.
            cut = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
            data = data[:cut]
        try:
            return pd.read_csv(
                io.BytesIO(data),
                sep=self.separator,
                decimal=decimal,
                header=None,
                skiprows=self.first_row,
                na_values=sorted(MISSING),
                keep_default_na=False,
                skipinitialspace=True,
                encoding=encoding,
                encoding_errors="replace",
                low_memory=False,
            )
        except (ValueError, OverflowError, MemoryError) as error:
            # pandas' parser and empty-data errors are ValueErrors.
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise RecordingFileError(
                self.name, f"its rows cannot be read ({reason}): export it again"
            ) from error

    def _numbers(
        self, column: str, values: "pd.Series[float]", decimal: str, problems: list[str]
    ) -> NDArray[np.float64]:
        if values.dtype.kind in "iuf":
            return np.asarray(values, dtype=np.float64)
        texts = values.astype("str").str.strip()
        if decimal == ",":
            texts = texts.str.replace(",", ".", regex=False)
        numbers = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64)
        wrong = np.flatnonzero(np.isnan(numbers) & ~texts.isin(MISSING).to_numpy())
        if values.dtype.kind == "b":
            wrong = np.arange(values.size)
        if wrong.size:
            shown = str(values.iloc[int(wrong[0])])[:30]
            problems.append(
                f"column {column!r} has {wrong.size} cells that are no numbers, the first "
                f"{shown!r} in sample {int(wrong[0])}"
            )
        return np.asarray(numbers, dtype=np.float64)
