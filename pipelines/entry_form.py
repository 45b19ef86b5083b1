"""The weekly entry form: one HTML file that works offline and saves a file for the folder.

It asks for no address anywhere: its content policy names the one script and the one style by hash
and allows nothing else. What it saves is read by ``runner_folder.py`` as rows of the tables.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines.importers.runner_folder import ENTRY_FORMAT
from tolerance.anatomy import BODY_SITES
from tolerance.clinic.columns import FOLDER_TABLES, FolderColumn
from tolerance.clinic.questionnaires import OSTRC_H2, UWRI
from tolerance.clinic.record import RED_FLAG_QUESTIONS, RunnerRecord
from tolerance.clinic.words import FORM_LABELS, FORM_WORDS, WEEKDAY_WORDS

__all__ = ["entry_form", "hashed", "index_places"]

TEMPLATES: Final = Path(__file__).parent / "templates" / "clinic"
SESSION_FIRST: Final = ("date", "activity", "minutes", "walk_minutes", "distance_km", "rpe")
SESSION_MORE: Final = (
    "kind", "surface", "grade_pct", "descent_m", "shoe", "repetitions", "exercise", "heavy_calf",
    "note",
)  # fmt: skip
SYMPTOM_FIRST: Final = (
    "date", "site", "side", "pain_during", "trend", "pain_next_morning", "settled_24h",
)  # fmt: skip
SYMPTOM_MORE: Final = (
    "pain_before", "pain_after", "pain_baseline", "stiffness_min", "limp", "swelling", "hop_pain",
    "analgesic", "note",
)  # fmt: skip


def index_places(record: RunnerRecord, sites: dict[str, str]) -> list[tuple[str, str]]:
    """Return (site, side) of each injury; the ankle where there is none.

    Parameters
    ----------
    record : RunnerRecord
    sites : dict
        Site of each injury that the workspace knows.
    """
    places: list[tuple[str, str]] = []
    for injury in record.profile.injuries:
        site = injury.site or sites.get(injury.injury)
        sides = ("left", "right") if injury.side == "both" else (injury.side,)
        places += [(site, side) for side in sides if site in BODY_SITES]
    return list(dict.fromkeys(places)) or [("ankle", "left")]


def entry_form(runner_id: str, places: Sequence[tuple[str, str]]) -> str:
    """Return the form of one runner.

    Parameters
    ----------
    runner_id : str
        The pseudonym that the saved file carries.
    places : sequence of (site, side)
        Where complaints are asked for from the start.
    """
    style = _squeezed(TEMPLATES / "entry_form.css")
    script = (TEMPLATES / "entry_form.js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; style-src {hashed(style)}; script-src {hashed(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    page = (
        _environment()
        .get_template("entry_form.html.j2")
        .render(
            policy=policy,
            style=style,
            script=script,
            runner_id=runner_id,
            format=ENTRY_FORMAT,
            places=[list(place) for place in places],
            words=FORM_WORDS,
            days=WEEKDAY_WORDS,
            flags=list(RED_FLAG_QUESTIONS.items()),
            questionnaires=(OSTRC_H2, UWRI),
            session_first=_fields("sessions", SESSION_FIRST),
            session_more=_fields("sessions", SESSION_MORE),
            symptom_first=_fields("symptoms", SYMPTOM_FIRST),
            symptom_more=_fields("symptoms", SYMPTOM_MORE),
        )
    )
    return page.rstrip() + "\n"


@cache
def _environment() -> Environment:
    """Return the templates of this process, compiled once."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined
    )


def hashed(content: str) -> str:
    """Return the source that a content policy allows exactly this inline content by."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _squeezed(path: Path) -> str:
    return re.sub(r"\s+", " ", path.read_text(encoding="utf-8")).strip()


def _fields(table: str, names: Sequence[str]) -> list[dict[str, Any]]:
    return [_field(FOLDER_TABLES[table].column(name)) for name in names]


def _field(column: FolderColumn) -> dict[str, Any]:
    choices = ("yes", "no") if column.kind == "answer" else column.choices
    return {
        "name": column.name,
        "kind": column.kind,
        "label": FORM_LABELS[column.name],
        "required": column.required,
        "minimum": f"{column.minimum:g}",
        "maximum": f"{column.maximum:g}",
        "options": [(choice, choice.replace("_", " ")) for choice in choices],
    }
