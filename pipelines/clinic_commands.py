"""What the commands ``plan`` and ``report`` do with a runner's folder."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from pipelines.clinic import keep_content, load_workbench, prepare
from pipelines.clinic_folder import REPORT
from pipelines.clinic_pages import render_pages
from pipelines.paths import Places, project_root
from tolerance.clinic.content import ReportContent
from tolerance.clinic.page import risk_words
from tolerance.clinic.words import NOT_A_DIAGNOSIS, day_words, span_words

__all__ = ["plan_lines", "plan_runner", "report_runner"]


def plan_runner(folder: Path, today: date) -> ReportContent:
    """Return the content of a runner's report; the folder keeps no trace of the plan.

    Raises
    ------
    WorkspaceError
        With every problem of the folder.
    """
    return prepare(folder.expanduser(), today, load_workbench(Places(project_root()))).content


def report_runner(folder: Path, today: date) -> list[Path]:
    """Write report, sheet, letter and JSON twin; return the pages.

    Raises
    ------
    WorkspaceError
        With every problem of the folder, or if a page fails: the old pages are then still there.
    """
    folder = folder.expanduser()
    bench = load_workbench(Places(project_root()))
    made = prepare(folder, today, bench)
    sites = {name: injury.site for name, injury in bench.params.injuries.items()}
    twin = keep_content(folder, made, sites)
    return render_pages(twin.resolve(), made.content.runner_id, folder / REPORT, bench.project)


def plan_lines(content: ReportContent) -> Iterator[str]:
    """Give the week in lines for a terminal; characters that steer a terminal are left out."""
    for line in _lines(content):
        yield "".join(sign for sign in line if sign.isprintable())


def _lines(content: ReportContent) -> Iterator[str]:
    yield f"Runner {content.runner_id}, {span_words(content.week_start, content.week_stop)}"
    yield f"{content.light.shape} {content.light.word}. {' '.join(content.headline)}"
    for referral in content.referrals:
        yield f"  {referral.urgency.replace('_', ' ')}: {referral.text}"
    for session in content.sessions:
        yield f"  {day_words(session.day)}: {session.words}"
    for line in content.why:
        yield f"  why: {line.sentence} [{line.rule}]" if line.rule else f"  why: {line.sentence}"
    for risk in content.risks[:2]:
        yield f"  {risk.what}, {risk.horizon}: the model expects {risk_words(risk)} reinjured"
    yield NOT_A_DIAGNOSIS
