"""A runner's folder: profile, tables, recordings and saved forms, read into one record.

Every problem is listed with file, row, column and what was expected; none stops the search for
others. Ids and names of recordings become parts of paths only after they were checked.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import YAMLError

from pipelines.errors import WorkspaceError
from pipelines.importers.spreadsheet import (
    Cell,
    Problem,
    Sheet,
    SheetError,
    day_order,
    parse_day,
    parse_number,
    read_sheet,
)
from pipelines.paths import IdentifierError, check_identifier
from tolerance.clinic.columns import FOLDER_TABLES, LONGEST_TEXT, FolderColumn, FolderTable
from tolerance.clinic.questionnaires import QUESTIONNAIRES, score_ostrc_h2, score_uwri
from tolerance.clinic.record import (
    RED_FLAG_QUESTIONS,
    Clearance,
    Override,
    Profile,
    QuestionnaireEntry,
    RunnerRecord,
    SessionEntry,
    SymptomEntry,
    TestEntry,
)

__all__ = ["FolderProblemsError", "ReadFolder", "parse_entry", "read_folder"]

PROFILE: Final = "profile.yaml"
RECORDINGS: Final = "recordings"
INBOX: Final = "inbox"
ENTRY_FORMAT: Final = "tolerance-entry-1"
MAX_ENTRY_BYTES: Final = 1_000_000
"""Engineering choice: a week's form is a few kilobytes."""
OLDEST: Final = date(1950, 1, 1)
SUFFIXES: Final = (".csv", ".xlsx")

YES: Final = frozenset({"yes", "y", "true", "1", "x"})
NO: Final = frozenset({"no", "n", "false", "0"})
SIDES: Final[Mapping[str, str]] = {"l": "left", "r": "right", "-": "none"}
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and marks that turn the direction of a text to hide what it says."""


class FolderProblemsError(WorkspaceError):
    """A folder that cannot be used until its problems are put right.

    Attributes
    ----------
    problems : tuple of Problem
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        listed = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"{len(problems)} problems in the folder:\n{listed}")


@dataclass(frozen=True)
class ReadFolder:
    """What a folder holds.

    Attributes
    ----------
    record : RunnerRecord or None
        None where there are problems.
    problems : tuple of Problem
    notes : tuple of str
        Habits that were taken, and files that nobody reads.
    """

    record: RunnerRecord | None
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]

    def checked(self) -> RunnerRecord:
        """Return the record, or raise with every problem.

        Raises
        ------
        FolderProblemsError
            If there are any.
        """
        if self.record is None:
            raise FolderProblemsError(self.problems)
        return self.record


@dataclass
class _Found:
    """What was read so far."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: dict[str, list[tuple[str, int, dict[str, Any]]]] = field(
        default_factory=lambda: {name: [] for name in FOLDER_TABLES}
    )

    def add(self, file: str, row: int | None, column: str, received: object, expected: str) -> None:
        shown = "nothing" if received is None else str(received)
        self.problems.append(Problem(file, row, column, shown, expected))


def read_folder(folder: Path, today: date) -> ReadFolder:
    """Read a runner's folder.

    Parameters
    ----------
    folder : Path
    today : date
        Later days cannot have happened and are problems.

    Raises
    ------
    WorkspaceError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise WorkspaceError(
            f"{folder} is no folder: make one with `tolerance new`, or name another"
        )
    found = _Found()
    profile = _read_profile(folder, today, found)
    for table in FOLDER_TABLES.values():
        _read_table(folder, table, today, found)
    for path in sorted((folder / INBOX).glob("*")) if (folder / INBOX).is_dir() else []:
        if path.suffix.lower() == ".json" and path.is_file():
            _read_entry(path, profile, today, found)
        elif not path.name.startswith("."):
            found.notes.append(f"inbox/{path.name} is no saved form and is not read")
    _name_strangers(folder, found)
    record = _build(profile, folder, found)
    problems = tuple(sorted(found.problems, key=lambda one: (one.file, one.row or 0, one.column)))
    return ReadFolder(None if problems else record, problems, tuple(dict.fromkeys(found.notes)))


class _Constructor(RoundTripConstructor):
    """Reads ``30_39`` as the words it is, where YAML sees the number 3039."""

    def construct_yaml_int(self, node: Any) -> Any:
        if "_" in node.value:
            return node.value
        return super().construct_yaml_int(node)


_Constructor.add_constructor("tag:yaml.org,2002:int", _Constructor.construct_yaml_int)


# ---- profile ------------------------------------------------------------------------------


def _read_profile(folder: Path, today: date, found: _Found) -> Profile | None:
    path = folder / PROFILE
    if not path.is_file():
        found.add(PROFILE, None, "", None, "a file; `tolerance new` writes a template")
        return None
    try:
        yaml = YAML(typ="rt", pure=True)
        yaml.Constructor = _Constructor
        values = yaml.load(path.read_text(encoding="utf-8-sig"))
    except (YAMLError, UnicodeDecodeError, OSError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        reason = getattr(error, "problem", None) or str(error).splitlines()[0]
        found.add(PROFILE, line, "", reason, "YAML: `name: value`, lists with `- `")
        return None
    if not isinstance(values, CommentedMap):
        found.add(PROFILE, None, "", type(values).__name__, "`name: value` lines")
        return None
    plain = _plain(values)
    found_id = plain.get("runner_id")
    try:
        check_identifier(found_id, "runner_id")
    except IdentifierError:
        found.add(
            PROFILE,
            _line(values, ("runner_id",)),
            "runner_id",
            found_id,
            "a pseudonym of letters, digits, '_' and '-', never a name or a path",
        )
        return None
    try:
        profile = Profile.model_validate(plain)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            where = tuple(detail["loc"])
            found.add(
                PROFILE,
                _line(values, where),
                ".".join(map(str, where)),
                None if detail["type"] == "missing" else detail["input"],
                _pydantic_words(detail),
            )
        return None
    _check_texts(PROFILE, plain, found)
    for name, day in _days(profile):
        if not OLDEST <= day <= today and name != "target.race_date":
            where = tuple(int(part) if part.isdigit() else part for part in name.split("."))
            found.add(
                PROFILE, _line(values, where), name, day, f"a day from {OLDEST} to today, {today}"
            )
    return profile


def _plain(value: Any) -> Any:
    """Turn the reader's own containers into plain ones; bare yes and no into words."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        return int(value)
    return value if isinstance(value, date) else str(value)


def _line(values: Any, where: tuple[Any, ...]) -> int | None:
    """Return the line of a key, or of the deepest part of its path that is there."""
    line, inner = None, values
    for part in where:
        try:
            if isinstance(inner, CommentedMap) and part in inner:
                line = inner.lc.key(part)[0] + 1
            elif isinstance(inner, CommentedSeq):
                line = inner.lc.item(part)[0] + 1
            else:
                break
            inner = inner[part]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return line


def _pydantic_words(detail: Any) -> str:
    kind = detail["type"]
    if kind == "missing":
        return "a value: this line may not be left out"
    if kind == "extra_forbidden":
        return "no such line: check its spelling"
    return str(detail["msg"]).removeprefix("Input should be ").removeprefix("Value error, ")


def _check_texts(file: str, value: Any, found: _Found, where: str = "") -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _check_texts(file, inner, found, f"{where}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check_texts(file, inner, found, f"{where}.{index}")
    elif isinstance(value, str) and (len(value) > LONGEST_TEXT or _CONTROL.search(value)):
        found.add(file, None, where, value, _TEXT_WORDS)


_TEXT_WORDS: Final = f"up to {LONGEST_TEXT} characters, without control characters"


def _days(profile: Profile) -> list[tuple[str, date]]:
    days = [("consent_date", profile.consent_date)]
    for index, injury in enumerate(profile.injuries):
        for name in ("onset", "surgery_date", "fracture_date"):
            day = getattr(injury, name)
            if day is not None:
                days.append((f"injuries.{index}.{name}", day))
    return days


# ---- tables -------------------------------------------------------------------------------


def _read_table(folder: Path, table: FolderTable, today: date, found: _Found) -> None:
    paths = [path for suffix in SUFFIXES if (path := folder / f"{table.name}{suffix}").is_file()]
    if not paths:
        return
    if len(paths) > 1:
        both = " and ".join(path.name for path in paths)
        found.add(paths[0].name, None, "", both, "one of the two: remove the other")
        return
    try:
        sheet, problems = read_sheet(paths[0])
    except SheetError as error:
        found.problems.append(error.problem)
        return
    found.problems += problems
    found.notes += sheet.notes
    if not _check_header(sheet, table, found):
        return
    order = day_order(
        [row[sheet.header.index("date")] for _, row in sheet.rows] if sheet.rows else []
    )
    for number, cells in sheet.rows:
        given = dict(zip(sheet.header, cells, strict=True))
        values = _row(sheet.file, number, given, table, order, today, found)
        found.rows[table.name].append((sheet.file, number, values))


def _check_header(sheet: Sheet, table: FolderTable, found: _Found) -> bool:
    known = [column.name for column in table.columns]
    unknown = [name for name in sheet.header if name and name not in known]
    doubled = sorted({name for name in sheet.header if name and sheet.header.count(name) > 1})
    missing = [
        column.name
        for column in table.columns
        if column.required and column.name not in sheet.header
    ]
    for name in unknown:
        near = f"; known are {', '.join(known)}"
        found.add(sheet.file, 1, name, name, f"a column of {table.name}{near}")
    for name in doubled:
        found.add(sheet.file, 1, name, f"{name} twice", "each column once")
    for name in missing:
        found.add(sheet.file, 1, name, None, "this column: it may not be left out")
    for number, cells in sheet.rows:
        for name, cell in zip(sheet.header, cells, strict=True):
            if not name and cell is not None:
                found.add(sheet.file, number, "", cell, "no cell without a column's name above it")
    return not (unknown or doubled or missing)


def _row(
    file: str,
    number: int,
    given: Mapping[str, Cell],
    table: FolderTable,
    order: str | None,
    today: date,
    found: _Found,
) -> dict[str, Any]:
    """Parse one row; cells that cannot be used are left out and named."""
    values: dict[str, Any] = {}
    for column in table.columns:
        cell = given.get(column.name)
        if cell is None:
            if column.required:
                found.add(file, number, column.name, None, column.expected())
            continue
        try:
            value = _value(cell, column, order)
        except ValueError as error:
            found.add(file, number, column.name, error, _expected_of(column, str(error)))
            continue
        if isinstance(cell, str) and "," in cell and column.kind == "number":
            found.notes.append(f"{file} has decimal commas; read as points")
        if column.kind == "date":
            if not isinstance(cell, date) and not str(cell).startswith(str(value.year)):
                found.notes.append(f"{file} has dates such as {cell}; read as {value}")
            if not OLDEST <= value <= today:
                found.add(file, number, column.name, cell, f"a day from {OLDEST} to today, {today}")
                continue
        values[column.name] = value
    return values


def _expected_of(column: FolderColumn, received: str) -> str:
    if column.kind == "date" and "first?" in received:
        return "a day with one meaning: write 2026-03-31"
    return column.expected()


def _value(cell: Cell, column: FolderColumn, order: str | None) -> Any:
    if column.kind == "number":
        number = parse_number(cell)
        if number is None or not column.minimum <= number <= column.maximum:
            raise ValueError(str(cell))
        return number
    if column.kind == "date":
        return parse_day(cell, order)
    if isinstance(cell, date):
        raise ValueError(str(cell))  # noqa: TRY004  a cell's content, not a wrong argument
    text = f"{cell:g}" if isinstance(cell, float) else str(cell)
    if column.kind == "text":
        if len(text) > LONGEST_TEXT or _CONTROL.search(text):
            raise ValueError(text)
        return text
    word = text.lower().replace(" ", "_")
    if column.kind == "answer":
        if word in YES or word in NO:
            return "yes" if word in YES else "no"
        raise ValueError(text)
    word = SIDES.get(word, word) if column.name == "side" else word
    if word not in column.choices:
        raise ValueError(text)
    return word


# ---- saved forms --------------------------------------------------------------------------


def _read_entry(path: Path, profile: Profile | None, today: date, found: _Found) -> None:
    file = f"{INBOX}/{path.name}"
    if path.stat().st_size > MAX_ENTRY_BYTES:
        found.add(file, None, "", f"{path.stat().st_size} bytes", f"at most {MAX_ENTRY_BYTES}")
        return
    try:
        entry = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        found.add(file, None, "", error, "a form as the page saved it")
        return
    parse_entry(entry, file, profile, today, found)


def parse_entry(entry: Any, file: str, profile: Profile | None, today: date, found: _Found) -> None:
    """Take a saved form's rows, checked as the rows of the tables are."""
    if not isinstance(entry, dict) or entry.get("format") != ENTRY_FORMAT:
        found.add(file, None, "format", entry if not isinstance(entry, dict) else
                  entry.get("format"), ENTRY_FORMAT)  # fmt: skip
        return
    if profile is not None and entry.get("runner_id") != profile.runner_id:
        found.add(
            file,
            None,
            "runner_id",
            entry.get("runner_id"),
            f"{profile.runner_id}: this form belongs to another runner's folder",
        )
        return
    known = {"format", "runner_id", "saved_on", *FOLDER_TABLES}
    for name in sorted(set(entry) - known):
        found.add(file, None, str(name), name, f"one of {', '.join(sorted(known))}")
    for name, table in FOLDER_TABLES.items():
        if table.append_only and name in entry:
            found.add(file, None, name, name, "clearances and overrides in their own tables")
            continue
        rows = entry.get(name, [])
        if not isinstance(rows, list):
            found.add(file, None, name, type(rows).__name__, "a list of rows")
            continue
        for number, row in enumerate(rows, start=1):
            if not isinstance(row, dict):
                found.add(file, number, name, type(row).__name__, "a row")
                continue
            columns = {column.name for column in table.columns}
            for key in sorted(set(map(str, row)) - columns):
                found.add(file, number, f"{name}.{key}", key, f"a column of {name}")
            cells = {key: _json_cell(value) for key, value in row.items() if key in columns}
            values = _row(file, number, cells, table, None, today, found)
            found.rows[name].append((file, number, values))


def _json_cell(value: Any) -> Cell:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return float(value)
    return value.strip() or None if isinstance(value, str) else json.dumps(value)


# ---- the record ---------------------------------------------------------------------------


def _build(profile: Profile | None, folder: Path, found: _Found) -> RunnerRecord | None:
    sessions = _sessions(folder, found)
    known_sessions = {session.session_id for session in sessions}
    symptoms = _symptoms(known_sessions, found)
    tests = _entries(TestEntry, "tests", found)
    clearances = _entries(Clearance, "clearances", found)
    overrides = _entries(Override, "overrides", found)
    questionnaires = _questionnaires(found)
    if profile is None:
        return None
    return RunnerRecord(
        profile=profile,
        sessions=tuple(sorted(sessions, key=lambda one: (one.date, one.session_id))),
        symptoms=tuple(sorted(symptoms, key=lambda one: (one.date, one.site, one.side))),
        tests=tuple(sorted(tests, key=lambda one: (one.date, one.name, one.side))),
        clearances=tuple(sorted(clearances, key=lambda one: one.date)),
        overrides=tuple(sorted(overrides, key=lambda one: one.date)),
        questionnaires=tuple(sorted(questionnaires, key=lambda one: one.date)),
    )


def _entries(model: Any, table: str, found: _Found) -> list[Any]:
    entries = []
    for file, number, values in found.rows[table]:
        try:
            entries.append(model.model_validate(values))
        except ValidationError as error:
            _name_errors(error, file, number, found)
    return entries


def _name_errors(error: ValidationError, file: str, number: int, found: _Found) -> None:
    """Name what the columns' own checks did not; a cell is named once only."""
    named = {(one.file, one.row, one.column) for one in found.problems}
    for detail in error.errors(include_url=False):
        column = ".".join(map(str, detail["loc"]))
        if (file, number, column) not in named:
            received = None if detail["type"] == "missing" else detail["input"]
            found.add(file, number, column, received, _pydantic_words(detail))


def _sessions(folder: Path, found: _Found) -> list[SessionEntry]:
    taken: dict[str, tuple[str, int]] = {}
    per_day: dict[date, int] = {}
    for file, number, values in found.rows["sessions"]:
        name = values.get("session_id")
        if name is None and "date" in values:
            per_day[values["date"]] = per_day.get(values["date"], 0) + 1
            name = values["session_id"] = f"{values['date']}_{per_day[values['date']]}"
        if name is None:  # its day is a problem already
            name = values["session_id"] = f"{file.split('.')[0].replace('/', '_')}_row_{number}"
        if name in taken:
            other, row = taken[name]
            expected = f"a name of its own; {other}, row {row} has it already"
            found.add(file, number, "session_id", name, expected)
        taken[name] = (file, number)
        try:
            check_identifier(name, "session_id")
        except IdentifierError:
            found.add(file, number, "session_id", name, "letters, digits, '_' and '-'")
        _check_session(folder, file, number, values, found)
    return list(_entries(SessionEntry, "sessions", found))


def _check_session(
    folder: Path, file: str, number: int, values: Mapping[str, Any], found: _Found
) -> None:
    activity = values.get("activity")
    if activity in ("running", "walking") and not {"minutes", "distance_km", "recording"} & set(
        values
    ):
        found.add(file, number, "minutes", None, "minutes, distance_km or a recording")
    amounts = {"minutes", "distance_km", "repetitions", "recording"} & set(values)
    if activity == "rest" and any(values[name] not in (0, 0.0) for name in amounts):
        found.add(
            file, number, "activity", "rest", "no minutes, distance or recording on a rest day"
        )
    recording = values.get("recording")
    if recording is None:
        return
    parts = Path(recording).parts
    safe = len(parts) == 1 and recording not in (".", "..") and not set(recording) & set("\\:")
    if not safe:
        found.add(file, number, "recording", recording, "a name in recordings, not a path")
    elif not (folder / RECORDINGS / recording).exists():
        found.add(file, number, "recording", recording, "a file or folder in recordings")
    elif (folder / RECORDINGS / recording).is_symlink():
        found.add(file, number, "recording", recording, "the file itself, not a link to it")


def _symptoms(sessions: set[str], found: _Found) -> list[SymptomEntry]:
    for file, number, values in found.rows["symptoms"]:
        session = values.get("session_id")
        if session is not None and session not in sessions:
            found.add(file, number, "session_id", session, "a session_id of sessions, or nothing")
        flags = {name: values.pop(name) for name in RED_FLAG_QUESTIONS if name in values}
        values["red_flags"] = flags
    return _entries(SymptomEntry, "symptoms", found)


def _questionnaires(found: _Found) -> list[QuestionnaireEntry]:
    entries = []
    for file, number, values in found.rows["questionnaires"]:
        if "questionnaire" not in values or "date" not in values:
            continue
        questionnaire = QUESTIONNAIRES[values["questionnaire"]]
        n = len(questionnaire.questions)
        answers = tuple(values.get(f"q{index}") for index in range(1, n + 1))
        for index in range(n + 1, 10):
            if f"q{index}" in values:
                expected = f"nothing: {questionnaire.name} has {n} questions"
                found.add(file, number, f"q{index}", values[f"q{index}"], expected)
        try:
            (score_uwri if questionnaire.name == "uwri" else score_ostrc_h2)(answers)
        except ValueError:
            allowed = [{points for points, _ in one.answers} for one in questionnaire.questions]
            for index, (answer, points) in enumerate(zip(answers, allowed, strict=True), start=1):
                if answer is not None and answer not in points:
                    words = ", ".join(f"{value:g}" for value in sorted(points))
                    found.add(file, number, f"q{index}", f"{answer:g}", f"one of {words}")
            continue
        given = {"date": values["date"], "questionnaire": questionnaire.name, "answers": answers}
        entries.append(QuestionnaireEntry.model_validate(given))
    return entries


KNOWN_FILES: Final = (
    PROFILE,
    RECORDINGS,
    INBOX,
    "report",
    "entry_form.html",
    "README.txt",
)


def _name_strangers(folder: Path, found: _Found) -> None:
    known = {*KNOWN_FILES, *(f"{name}{suffix}" for name in FOLDER_TABLES for suffix in SUFFIXES)}
    for path in sorted(folder.iterdir()):
        if path.name in known or path.name.startswith((".", "~$")):
            continue
        if path.suffix.lower() == ".xls":
            found.add(path.name, None, "", "old Excel format", "the table saved as .xlsx or .csv")
            continue
        found.notes.append(f"{path.name} is no file of a runner's folder and is not read")
