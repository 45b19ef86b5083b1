"""Pages of one content: report, runner's sheet, letter; from the notebook or without a kernel.

The notebook is what a person opens and what papermill runs. For a list of many runners its cells
are executed in this process instead: the same cells, the same page, without the kernel's start.
"""

import base64
import contextlib
import io
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import IPython.display
import nbformat

from pipelines.errors import WorkspaceError
from pipelines.notebooks import render, render_html
from pipelines.paths import Places
from pipelines.pictures import Picture
from pipelines.store import new_file, read_json, write_text
from tolerance.clinic.content import ReportContent
from tolerance.clinic.page import Drawing, Part, letter_parts, report_parts, sheet_parts

__all__ = [
    "PAGES",
    "load_content",
    "print_page",
    "render_pages",
    "render_pages_here",
    "shown",
]

STYLE: Final = Path(__file__).parent / "templates" / "clinic" / "report.css"
SHEET_STYLE: Final = STYLE.with_name("sheet.css")
"""Larger print for pages with less on them."""
NOTEBOOK: Final = "runner_report"
PAGES: Final = ("report", "sheet", "letter")
TITLES: Final = {"report": "Return to running", "sheet": "Your week", "letter": "Letter"}


def load_content(path: Path, runner_id: str) -> ReportContent:
    """Read a content that has to be this runner's.

    Raises
    ------
    WorkspaceError
        If it is another runner's, or none.
    """
    content = ReportContent.model_validate(read_json(path), strict=False)
    if content.runner_id != runner_id:
        raise WorkspaceError(
            f"{path.name} is of runner {content.runner_id!r}; expected {runner_id!r}"
        )
    return content


def parts_of(content: ReportContent) -> dict[str, list[Part]]:
    """Return the report's parts as a notebook displays them."""
    return report_parts(content)


def shown(part: Part) -> Any:
    """Return a part in the form that a notebook displays."""
    return Picture(part.figure, part.alt) if isinstance(part, Drawing) else part


def render_pages(content_path: Path, runner_id: str, folder: Path, project: Places) -> list[Path]:
    """Render the report with papermill, sheet and letter beside it.

    Raises
    ------
    WorkspaceError
        If a cell fails; the old pages are then still there.
    """
    content = load_content(content_path, runner_id)
    pages = [folder / f"{name}.html" for name in PAGES]
    parameters = {"content": str(content_path), "runner_id": runner_id}
    render(project.notebook(NOTEBOOK), parameters, pages[0], TITLES["report"], (STYLE,))
    _write_others(content, folder)
    return pages


def render_pages_here(
    content_path: Path, runner_id: str, folder: Path, project: Places
) -> list[Path]:
    """Render the same pages in this process."""
    content = load_content(content_path, runner_id)
    notebook = json.loads(project.notebook(NOTEBOOK).read_text(encoding="utf-8"))
    parameters = {"content": str(content_path), "runner_id": runner_id}
    page = render_html(_book(_executed(notebook, parameters)), TITLES["report"], (STYLE,))
    write_text(folder / "report.html", page)
    _write_others(content, folder)
    return [folder / f"{name}.html" for name in PAGES]


def _executed(notebook: dict[str, Any], parameters: dict[str, str]) -> list[Any]:
    """Run our own notebook's cells here, and return cells with what they displayed."""
    space: dict[str, Any] = {"__name__": "__main__"}
    cells: list[Any] = []
    with _collecting() as collected, contextlib.redirect_stdout(io.StringIO()):
        for cell in notebook["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "markdown":
                cells.append(_node(cell_type="markdown", source=source, metadata={}))
                continue
            if "parameters" in cell["metadata"].get("tags", []):
                space |= parameters
                continue
            exec(compile(source, NOTEBOOK, "exec"), space)  # the repository's own notebook
            cells.append(_code_cell(collected.copy()))
            collected.clear()
    return cells


@contextlib.contextmanager
def _collecting() -> Iterator[list[Any]]:
    """Take what is displayed meanwhile as a notebook's outputs."""
    outputs: list[Any] = []

    def display(*things: Any) -> None:
        outputs.extend(_output(thing) for thing in things)

    before = IPython.display.display
    IPython.display.display = display  # type: ignore[assignment]
    try:
        yield outputs
    finally:
        IPython.display.display = before


def _output(thing: Any) -> Any:
    if isinstance(thing, Picture):
        data, metadata = thing._repr_mimebundle_()
        encoded = {kind: base64.b64encode(value).decode() for kind, value in data.items()}
        return _displayed(encoded, metadata)
    return _displayed({"text/html": thing._repr_html_()}, {})


def _displayed(data: dict[str, Any], metadata: dict[str, Any]) -> Any:
    """Return an output as a kernel would give it."""
    return _node(output_type="display_data", data=data, metadata=metadata)


def _code_cell(outputs: list[Any]) -> Any:
    return _node(cell_type="code", source="", metadata={}, execution_count=None, outputs=outputs)


def _book(cells: list[Any]) -> Any:
    return _node(cells=cells, metadata={}, nbformat=4, nbformat_minor=4)


def _node(**values: Any) -> Any:
    """Return a part of a notebook; a check against its schema would cost more than the page."""
    return nbformat.from_dict(values)  # type: ignore[no-untyped-call]


def _write_others(content: ReportContent, folder: Path) -> None:
    for name, parts in (("sheet", sheet_parts(content)), ("letter", letter_parts(content))):
        outputs = [_output(shown(part)) for part in parts]
        cell = _code_cell(outputs)
        write_text(
            folder / f"{name}.html", render_html(_book([cell]), TITLES[name], (STYLE, SHEET_STYLE))
        )


# ---- paper ------------------------------------------------------------------------------------

QUIET: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-pdf-header-footer",
)


def print_page(page: Path, pdf: Path) -> None:
    """Print a page to a tagged PDF with Chromium.

    Raises
    ------
    WorkspaceError
        If Chromium is not there: what to install.
    """
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        raise WorkspaceError(
            "Chromium was not found, so there is no PDF; the HTML pages are complete. Install it "
            "(Debian: apt-get install chromium), or print the page from any browser"
        )
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "page.pdf"
        command = [browser, *QUIET, f"--user-data-dir={scratch}/profile", f"--print-to-pdf={made}"]
        ran = subprocess.run(
            [*command, page.resolve().as_uri()], capture_output=True, text=True, check=False
        )
        if ran.returncode != 0 or not made.is_file():
            raise WorkspaceError(f"Chromium could not print {page.name}: {ran.stderr[-300:]}")
        with new_file(pdf) as temporary:
            shutil.copyfile(made, temporary)
