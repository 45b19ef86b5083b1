"""Columns of the tables in a runner's folder: one declaration for reader, template and form."""

from dataclasses import dataclass
from typing import Final, Literal

from tolerance.anatomy import BODY_SIDES, BODY_SITES
from tolerance.clinic.record import RED_FLAG_QUESTIONS

__all__ = ["FOLDER_TABLES", "FolderColumn", "FolderTable"]

Kind = Literal["text", "number", "date", "choice", "answer"]

LONGEST_TEXT: Final = 500
"""Characters of a text cell; engineering choice: longer ones are a mistake or an attack."""


@dataclass(frozen=True, kw_only=True)
class FolderColumn:
    """One column.

    Attributes
    ----------
    name : str
        As in the header.
    kind : str
        ``answer`` is yes, no or empty (not asked); an empty cell of any kind is "not known".
    meaning : str
        For the person who fills it in, with the unit.
    required : bool
        Whether it may not be empty.
    choices : tuple of str
        Of a choice.
    minimum, maximum : float
        Inclusive range of a number.
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    choices: tuple[str, ...] = ()
    minimum: float = 0.0
    maximum: float = 100_000.0

    def expected(self) -> str:
        """Say what may stand in a cell."""
        words = {
            "text": f"up to {LONGEST_TEXT} characters",
            "number": f"a number from {self.minimum:g} to {self.maximum:g}",
            "date": "a day as 2026-03-31",
            "choice": f"one of {', '.join(self.choices)}",
            "answer": "yes or no, or nothing where it was not asked",
        }[self.kind]
        return words if self.required or self.kind == "answer" else f"{words}, or nothing"


@dataclass(frozen=True, kw_only=True)
class FolderTable:
    """One table.

    Attributes
    ----------
    name : str
        Of the file, without suffix.
    meaning : str
        What one row is.
    columns : tuple of FolderColumn
    append_only : bool
        Whether rows are only ever added.
    """

    name: str
    meaning: str
    columns: tuple[FolderColumn, ...]
    append_only: bool = False

    def column(self, name: str) -> FolderColumn:
        """Return the column of that name."""
        return next(column for column in self.columns if column.name == name)


def _text(name: str, meaning: str, *, required: bool = False) -> FolderColumn:
    return FolderColumn(name=name, kind="text", meaning=meaning, required=required)


def _number(
    name: str, meaning: str, maximum: float, minimum: float = 0.0, *, required: bool = False
) -> FolderColumn:
    return FolderColumn(
        name=name,
        kind="number",
        meaning=meaning,
        minimum=minimum,
        maximum=maximum,
        required=required,
    )


def _choice(
    name: str, meaning: str, choices: tuple[str, ...], *, required: bool = False
) -> FolderColumn:
    return FolderColumn(
        name=name, kind="choice", meaning=meaning, choices=choices, required=required
    )


def _answer(name: str, meaning: str) -> FolderColumn:
    return FolderColumn(name=name, kind="answer", meaning=meaning)


def _pain(name: str, meaning: str) -> FolderColumn:
    return _number(name, f"{meaning}, 0 (none) to 10 (worst thinkable)", 10)


_DATE: Final = FolderColumn(name="date", kind="date", meaning="day, as 2026-03-31", required=True)
_SITE: Final = _choice("site", "where on the body", BODY_SITES, required=True)
_SIDE: Final = _choice("side", "side of the body", BODY_SIDES, required=True)
_DAY_MIN: Final = 24.0 * 60.0

ACTIVITIES: Final = (
    "running", "walking", "strength", "rehab", "jumps", "sport", "cross_training", "rest",
)  # fmt: skip
KINDS: Final = ("easy", "tempo", "intervals", "strides", "hills", "race", "sprint", "match")

FOLDER_TABLES: Final = {
    table.name: table
    for table in (
        FolderTable(
            name="sessions",
            meaning="One row a session, and one for each day of confirmed rest.",
            columns=(
                _text("session_id", "name of the session; may stay empty"),
                _DATE,
                _choice("activity", "what was done", ACTIVITIES, required=True),
                _number("minutes", "minutes; of running where you ran and walked", _DAY_MIN),
                _number("walk_minutes", "minutes walked within a run-walk session", _DAY_MIN),
                _number("distance_km", "kilometres", 500),
                _number("rpe", "effort, 0 (none) to 10 (greatest)", 10),
                _choice("kind", "kind of run", KINDS),
                _text("surface", "ground: road, trail, grass, track, treadmill …"),
                _number("grade_pct", "mean slope in percent, uphill positive", 100, -100),
                _number("descent_m", "metres downhill", 20_000),
                _text("shoe", "which pair"),
                _number("repetitions", "of strength, rehab or jumps, per side", 10_000),
                _number("relative_load", "load of one repetition over that of a running step", 20),
                _text("exercise", "which exercise"),
                _answer("heavy_calf", "heavy calf work, yes or no"),
                _text("recording", "file or folder in recordings that measured it"),
                _text("note", "anything else"),
            ),
        ),
        FolderTable(
            name="symptoms",
            meaning="One row a place that hurts (or may) and a day; red flags on the right.",
            columns=(
                _DATE,
                _SITE,
                _SIDE,
                _text("session_id", "session it belongs to, or nothing"),
                _pain("pain_before", "pain before the session"),
                _pain("pain_during", "worst pain in the session"),
                _choice("trend", "pain within the session", ("falling", "steady", "rising")),
                _pain("pain_after", "pain after it"),
                _pain("pain_next_morning", "pain the next morning"),
                _pain("pain_baseline", "usual pain on a day without running"),
                _answer("settled_24h", "back to usual within 24 hours"),
                _number("stiffness_min", "minutes of morning stiffness", _DAY_MIN),
                _answer("limp", "limping"),
                _answer("swelling", "swelling"),
                _pain("hop_pain", "pain on a hop"),
                _answer("analgesic", "painkiller in the day before"),
                *(_answer(name, words) for name, words in RED_FLAG_QUESTIONS.items()),
                _text("note", "anything else"),
            ),
        ),
        FolderTable(
            name="tests",
            meaning="One row a test and side.",
            columns=(
                _DATE,
                _text("name", "which test; docs/clinic.md lists them", required=True),
                _choice("side", "side tested", ("left", "right", "none"), required=True),
                _number("value", "result in the unit of the test", 10_000, -1_000, required=True),
                _pain("pain", "pain in the test"),
                _text("who", "who tested"),
            ),
        ),
        FolderTable(
            name="questionnaires",
            meaning="One row a questionnaire and day; answers as points, see docs/clinic.md.",
            columns=(
                _DATE,
                _choice("questionnaire", "which", ("uwri", "ostrc_h2"), required=True),
                *(_number(f"q{n}", f"points of answer {n}", 25) for n in range(1, 10)),
            ),
        ),
        FolderTable(
            name="clearances",
            meaning="One row a red flag or injury that somebody cleared; rows are only added.",
            append_only=True,
            columns=(
                _DATE,
                _text("what", "red flag or injury that is cleared, by its name", required=True),
                _choice("site", "where", BODY_SITES),
                _choice("side", "side", ("left", "right", "both")),
                _text("who", "who cleared it", required=True),
                _text("role", "their profession", required=True),
                _text("basis", "on what basis: examination, MRI …", required=True),
            ),
        ),
        FolderTable(
            name="overrides",
            meaning="One row a decision of the clinician beyond the plan; rows are only added.",
            append_only=True,
            columns=(
                _DATE,
                _text("who", "who decided", required=True),
                _text("role", "their profession", required=True),
                _text("what", "what was decided", required=True),
                _number("value", "number that was set, if one", 100_000, -100_000),
                _text("why", "why", required=True),
                _text("model_said", "what the plan said"),
            ),
        ),
    )
}
"""Tables of a folder by the name of their file."""
