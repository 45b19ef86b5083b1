"""Parametrised notebooks to self-contained, accessible HTML.

papermill only warns about a parameter it does not know and then renders the default, which
would be another runner's report; here that is an error. The page makes no request to anywhere:
its content policy allows inline pictures and the one style sheet that it names by hash.
"""

import base64
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbconvert import HTMLExporter
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from pipelines import store
from pipelines.errors import WorkspaceError

__all__ = ["ReportError", "render", "render_html"]

TEMPLATES = Path(__file__).parent / "templates"
STYLE = TEMPLATES / "report" / "style.css"

_QUIET_KERNEL = {
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # no debugger warning inside a report
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYTHONHASHSEED": "0",
}


_ENCRYPTED = Config({"KernelManager": {"transport_encryption": "auto"}})
"""A report's numbers go over a local socket between two processes; nobody else reads along."""


class ReportError(WorkspaceError):
    """A report that could not be rendered; whatever stood at its place is still there."""


def render(
    notebook: Path,
    parameters: Mapping[str, Any],
    destination: Path,
    title: str,
    styles: tuple[Path, ...] = (),
) -> None:
    """Execute a notebook with exactly its parameters and write the page atomically.

    Parameters
    ----------
    notebook : Path
        Stored without outputs, with one cell tagged ``parameters``.
    parameters : mapping
        A value for every name that the parameters cell assigns, and for no other.
    destination : Path
        The HTML file. It is replaced only when everything went well.
    title : str
        Title of the page.
    styles : tuple of Path
        Style sheets after that of every report.

    Raises
    ------
    ReportError
        If names are missing or unknown, a cell fails, or a picture has no alternative text.
    """
    _check_parameters(notebook, parameters)
    with tempfile.TemporaryDirectory() as scratch:
        executed = Path(scratch) / notebook.name
        try:
            with _environment(_QUIET_KERNEL):
                papermill.execute_notebook(
                    str(notebook),
                    str(executed),
                    dict(parameters),
                    progress_bar=False,
                    kernel_name="python3",
                    config=_ENCRYPTED,
                )
        except PapermillExecutionError as error:
            raise ReportError(
                f"{notebook.name}: cell {error.cell_index} failed with {error.ename}: "
                f"{error.evalue}. Received parameters {dict(parameters)!r}. "
                f"The old report, if any, is unchanged."
            ) from error
        page = render_html(nbformat.read(executed, as_version=4), title, styles)  # type: ignore[no-untyped-call]
    store.write_text(destination, page)


def render_html(executed: nbformat.NotebookNode, title: str, styles: tuple[Path, ...] = ()) -> str:
    """Turn an executed notebook into one HTML page.

    Raises
    ------
    ReportError
        If a picture carries no alternative text.
    """
    missing = [
        index
        for index, cell in enumerate(executed.cells)
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
        and not output.get("metadata", {}).get("image/png", {}).get("alt", "").strip()
    ]
    if missing:
        raise ReportError(
            f"pictures without alternative text in cells {missing}: give each an alt text"
        )
    sheets = " ".join(sheet.read_text(encoding="utf-8") for sheet in (STYLE, *styles))
    style = re.sub(r"\s+", " ", sheets).strip()
    resources = {
        "report": {"title": title, "style": style, "content_policy": _content_policy(style)}
    }
    page, _ = _exporter().from_notebook_node(executed, resources=resources)
    return re.sub(r"\n\s*\n+", "\n", page)


@cache
def _exporter() -> HTMLExporter:
    """Return the exporter of this process: its templates are compiled once."""
    return HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="report",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_input=True,
        exclude_anchor_links=True,
    )


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the kernel that starts meanwhile, and put them back."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _content_policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _check_parameters(notebook: Path, parameters: Mapping[str, Any]) -> None:
    known = set(papermill.inspect_notebook(str(notebook)))
    problems = [
        f"{name!r} is not a parameter of {notebook.name}"
        for name in sorted(set(parameters) - known)
    ]
    problems += [f"{name!r} has no value" for name in sorted(known - set(parameters))]
    for name, value in sorted(parameters.items()):
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            problems.append(f"{name!r} is not plain JSON data: {value!r}")
    if problems:
        raise ReportError(
            f"parameters of {notebook.name}: {'; '.join(problems)}. "
            f"Expected exactly {sorted(known)}."
        )
