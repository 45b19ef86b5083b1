"""The list of all runners of a clinic, in order of need; pages only where something changed.

A report is made again when a file of its folder, a setting or the program changed, or when its week
is over. The states are worked out anew each time, since silence grows by itself. Beside the
folders a manifest keeps what each page was made of: hashes and dates, nothing that was written.
"""

import gc
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines import store
from pipelines.clinic import (
    CONTENT,
    Workbench,
    keep_content,
    load_workbench,
    prepare,
    read_content,
)
from pipelines.clinic_folder import INDEX, MANIFEST, REPORT, check_folder, runner_folders
from pipelines.clinic_pages import render_pages_here
from pipelines.entry_form import hashed
from pipelines.errors import WorkspaceError
from pipelines.notebooks import STYLE
from pipelines.paths import Places
from tolerance.clinic.content import ReportContent, Signals, TriageLine, WhyLine
from tolerance.clinic.record import RunnerRecord
from tolerance.clinic.triage import STATES, triage
from tolerance.clinic.words import FOLLOW_UP_COLUMNS, FOLLOW_UP_WORDS, ONTRACX_WORDS, STATE_WORDS
from tolerance.rules.assess import assess
from tolerance.rules.diary import until

__all__ = ["FollowedUp", "Listed", "follow_up", "index_page"]

TEMPLATES: Final = Path(__file__).parent / "templates" / "clinic"
PACKAGES: Final = ("loadcore", "pipelines", "src/tolerance", "notebooks")
WORKERS: Final = 2
UNKNOWN: Final = -1.0
"""Where an unknown number stands when the list is sorted."""


@dataclass(frozen=True)
class Listed:
    """One runner in the list.

    Attributes
    ----------
    name : str
        Of the folder.
    link : str
        Of the report, empty where there is none.
    triage : TriageLine
    signals : Signals or None
    last_ceiling_rr : float or None
    """

    name: str
    link: str
    triage: TriageLine
    signals: Signals | None
    last_ceiling_rr: float | None


@dataclass(frozen=True)
class FollowedUp:
    """What a follow-up did.

    Attributes
    ----------
    index : Path
    n_runners, n_rendered : int
    problems : tuple of str
        One a folder that could not be used.
    """

    index: Path
    n_runners: int
    n_rendered: int
    problems: tuple[str, ...]


def follow_up(
    clinic: Path, today: date, project: Places, progress: Callable[[str, int, int], None]
) -> FollowedUp:
    """Bring the reports of a clinic up to date and write its index.

    Parameters
    ----------
    clinic : Path
    today : date
    project : Places
    progress : callable
        Told the folder's name, how many are done and how many there are.

    Raises
    ------
    WorkspaceError
        If the clinic holds no runner.
    """
    clinic = clinic.expanduser()
    folders = runner_folders(clinic)
    manifest = _manifest(clinic)
    program = program_hash(project)
    keys = {folder.name: folder_hash(folder, program) for folder in folders}
    stale = [folder for folder in folders if _is_stale(folder, keys[folder.name], manifest, today)]
    problems: dict[str, str] = {}
    for done, (name, problem) in enumerate(_rendered(stale, today, project), start=1):
        progress(name, done, len(stale))
        if problem:
            problems[name] = problem
            manifest.pop(name, None)
        else:
            # The report wrote the form and the marks of its rows; the folder is hashed anew.
            manifest[name] = {
                "made_of": folder_hash(clinic / name, program),
                "day": today.isoformat(),
            }
    bench = load_workbench(project)
    listed = [_listed(folder, today, bench, problems.get(folder.name, "")) for folder in folders]
    store.write_json(clinic / MANIFEST, {"runners": {name: manifest[name] for name in keys
                                                     if name in manifest}})  # fmt: skip
    store.write_text(clinic / INDEX, index_page(listed, today, is_example=False))
    return FollowedUp(
        clinic / INDEX,
        len(folders),
        len(stale) - len(problems),
        tuple(f"{name}: {problem}" for name, problem in sorted(problems.items())),
    )


def _manifest(clinic: Path) -> dict[str, dict[str, str]]:
    path = clinic / MANIFEST
    if not path.is_file():
        return {}
    try:
        kept = store.read_json(path)
    except WorkspaceError:
        return {}
    runners = kept.get("runners", {}) if isinstance(kept, dict) else {}
    return {name: one for name, one in runners.items() if isinstance(one, dict)}


def _is_stale(
    folder: Path, key: str, manifest: Mapping[str, Mapping[str, str]], today: date
) -> bool:
    known = manifest.get(folder.name, {})
    if known.get("made_of") != key or not (folder / REPORT / "report.html").is_file():
        return True
    content = read_content(folder / REPORT / CONTENT)
    return content is None or today > content.week_stop or today < content.day


def program_hash(project: Places) -> str:
    """Return a hash of settings, learned coefficients and code: whatever could change a page."""
    digest = hashlib.sha256(project.params.read_bytes())
    for package in (*PACKAGES, "models"):
        for path in sorted((project.root / package).rglob("*")):
            if path.suffix in (".py", ".ipynb", ".j2", ".css", ".js") or (
                package == "models" and path.suffix == ".json"
            ):
                digest.update(path.read_bytes())
    return digest.hexdigest()


def folder_hash(folder: Path, program: str) -> str:
    """Return a hash of what a report is made of: every file of the folder but the pages."""
    digest = hashlib.sha256(program.encode())
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder)
        if below.parts[0] == REPORT or path.is_symlink() or not path.is_file():
            continue
        digest.update(below.as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


# ---- rendering in two processes ---------------------------------------------------------------

_BENCH: list[Workbench] = []
"""Of a worker process: read once, used for each of its runners."""


def _start_worker(root: str) -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    _BENCH.append(load_workbench(Places(Path(root))))
    gc.freeze()  # what every runner shares is not looked through again and again


def _render_one(folder: str, day: str) -> tuple[str, str]:
    bench, place = _BENCH[0], Path(folder)
    try:
        render_folder(place, date.fromisoformat(day), bench)
    except WorkspaceError as error:
        return place.name, str(error)
    return place.name, ""


def render_folder(folder: Path, today: date, bench: Workbench) -> ReportContent:
    """Make and keep one runner's content and pages, without a kernel."""
    made = prepare(folder, today, bench)
    sites = {name: injury.site for name, injury in bench.params.injuries.items()}
    twin = keep_content(folder, made, sites)
    render_pages_here(twin, made.content.runner_id, folder / REPORT, bench.project)
    return made.content


def _rendered(folders: Sequence[Path], today: date, project: Places) -> Iterator[tuple[str, str]]:
    if not folders:
        return
    workers = min(WORKERS, len(folders))
    with ProcessPoolExecutor(
        workers, initializer=_start_worker, initargs=(str(project.root),)
    ) as pool:
        yield from pool.map(
            _render_one, [str(folder) for folder in folders], [today.isoformat()] * len(folders)
        )


# ---- the list -----------------------------------------------------------------------------------


def _listed(folder: Path, today: date, bench: Workbench, problem: str) -> Listed:
    content = read_content(folder / REPORT / CONTENT)
    link = f"{folder.name}/{REPORT}/report.html" if content is not None else ""
    if problem or content is None:
        n = problem.count("\n") or 1
        words = f"The folder has {n} problems: run tolerance check on it." if problem else (
            "There is no report yet."
        )  # fmt: skip
        return Listed(folder.name, link, _no_data(words), None, None)
    try:
        record = check_folder(folder, today).checked()
    except WorkspaceError:
        words = "The folder has problems: run tolerance check on it."
        return Listed(folder.name, link, _no_data(words), None, None)
    return listed_of(folder.name, link, content, record, today, bench)


def listed_of(
    name: str,
    link: str,
    content: ReportContent,
    record: RunnerRecord,
    today: date,
    bench: Workbench,
) -> Listed:
    """Return a runner's line as of a day, from the report's signals and a fresh assessment."""
    params = bench.params
    assessment = assess(until(record, today), today, params.injuries, params.rules)
    ceiling = next(
        (one.planned_rr for one in content.loads if one.is_injured and one.planned_rr), None
    )
    line = triage(assessment, content.signals, ceiling, params.follow_up)
    return Listed(name, link, line, content.signals, ceiling)


def _no_data(words: str) -> TriageLine:
    return TriageLine(
        state="no_data",
        reasons=(WhyLine(rule="", sentence=words),),
        ontracx_state="on",
        ontracx_checks=(),
    )


def index_page(listed: Sequence[Listed], today: date, *, is_example: bool) -> str:
    """Return the list as one page that works without a server, and is read without a script."""
    style = " ".join(
        sheet.read_text(encoding="utf-8") for sheet in (STYLE, TEMPLATES / "follow_up.css")
    )
    style = " ".join(style.split())
    script = (TEMPLATES / "follow_up.js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; style-src {hashed(style)}; script-src {hashed(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    ordered = sorted(listed, key=lambda one: (*_need(one), one.name))
    counts = [
        (state, *STATE_WORDS[state], sum(1 for one in listed if one.triage.state == state))
        for state in STATES
    ]
    called = sum(1 for one in listed if one.triage.state != "on_track")
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template("follow_up.html.j2").render(
        policy=policy,
        style=style,
        script=script,
        words=FOLLOW_UP_WORDS,
        columns=FOLLOW_UP_COLUMNS,
        summary=f"As of {today.isoformat()}: {len(listed)} runners, {called} to look at.",
        is_example=is_example,
        counts=counts,
        rows=[_row(one) for one in ordered],
        notes=FOLLOW_UP_WORDS["notes"].split("\n"),
    )
    return page.rstrip() + "\n"


def _need(one: Listed) -> tuple[int, int]:
    return STATES.index(one.triage.state), -len(one.triage.reasons)


def _row(one: Listed) -> dict[str, Any]:
    sign, label = STATE_WORDS[one.triage.state]
    signals = one.signals
    last = None if signals is None else signals.last_entry
    done, planned = (
        (None, None) if signals is None else (signals.done_sessions, signals.planned_sessions)
    )
    load = None if signals is None else signals.week_load_rr
    ratio = None if load is None or not one.last_ceiling_rr else load / one.last_ceiling_rr
    pain = None if signals is None else signals.latest_pain
    change = None if signals is None else signals.pain_change
    checks = one.triage.ontracx_checks
    pain_words = "not known" if pain is None else f"{pain:g} of 10"
    if change is not None:
        arrow = "→" if abs(change) < 0.05 else ("↑" if change > 0 else "↓")
        pain_words += f" {arrow} {abs(change):.1f}"
    return {
        "state": one.triage.state,
        "order": STATES.index(one.triage.state),
        "sign": sign,
        "label": label,
        "name": one.name,
        "link": one.link,
        "reasons": one.triage.reasons[:4],
        "last": "none" if last is None else last.isoformat(),
        "last_order": "0" if last is None else last.isoformat(),
        "adherence": "not known" if done is None or not planned else f"{done} of {planned}",
        "adherence_order": UNKNOWN if done is None or not planned else done / planned,
        "load": "not known" if ratio is None else f"{100 * ratio:.0f} %",
        "load_order": UNKNOWN if ratio is None else ratio,
        "pain": pain_words,
        "pain_order": UNKNOWN if pain is None else pain,
        "ontracx": f"{ONTRACX_WORDS[one.triage.ontracx_state]} ({len(checks)} of 4)",
        "ontracx_order": len(checks),
    }


def read_manifest(clinic: Path) -> dict[str, Any]:
    """Return the clinic's manifest as it is stored."""
    return dict(json.loads((clinic / MANIFEST).read_text(encoding="utf-8")))
