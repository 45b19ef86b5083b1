"""Rendering: strict parameters, nothing half-written, no request to anywhere."""

import re
from pathlib import Path

import nbformat
import pytest

from pipelines.notebooks import ReportError, render

FIGURE = """
import matplotlib.pyplot as plt
from IPython.display import display
figure, axes = plt.subplots()
axes.plot([0, 1])
plt.close(figure)
display(figure, metadata={"image/png": {"alt": ALT}})
"""


@pytest.fixture
def notebook(tmp_path: Path):
    def write(*cells: str) -> Path:
        parameters = nbformat.v4.new_code_cell(
            "runner_id = None", metadata={"tags": ["parameters"]}
        )
        book = nbformat.v4.new_notebook(
            cells=[parameters, *map(nbformat.v4.new_code_cell, cells)],
            metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
        )
        path = tmp_path / "report.ipynb"
        nbformat.write(book, path)
        return path

    return write


SHOW = "from IPython.display import HTML, display\nfrom html import escape\n"


def test_page_is_self_contained_and_holds_no_code(notebook, tmp_path):
    source = notebook(
        SHOW + "display(HTML(f'<h1>Runner {escape(runner_id)}</h1>'))",
        FIGURE.replace("ALT", "'a rising line'"),
        "print('debugging chatter')",
    )
    page = tmp_path / "out.html"
    render(source, {"runner_id": "A<script>alert(1)</script>"}, page, "A title")
    html = page.read_text(encoding="utf-8")
    assert "Runner A&lt;script&gt;" in html
    assert "<script" not in html
    assert "debugging chatter" not in html
    assert "import matplotlib" not in html
    assert 'alt="a rising line"' in html
    assert "default-src 'none'" in html
    assert '<html lang="en">' in html
    assert "<main" in html
    for address in re.findall(r'(?:src|href)="([^"]*)"', html):
        assert address.startswith(("data:image/png;base64,", "#")), address
    assert "http" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", html).replace("http-equiv", "")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"runner": "x"}, "'runner' is not a parameter"),
        ({}, "'runner_id' has no value"),
        ({"runner_id": {1, 2}}, "not plain JSON"),
        ({"runner_id": float("nan")}, "not plain JSON"),
    ],
)
def test_parameters_are_strict(notebook, tmp_path, parameters, message):
    page = tmp_path / "out.html"
    page.write_text("the old report")
    with pytest.raises(ReportError, match=message):
        render(notebook("1 + 1"), parameters, page, "t")
    assert page.read_text() == "the old report"


def test_failing_cell_fails_and_leaves_the_old_report(notebook, tmp_path):
    page = tmp_path / "out.html"
    page.write_text("the old report")
    with pytest.raises(ReportError, match=r"cell 2 failed with KeyError.*old report"):
        render(notebook("{}['nothing']"), {"runner_id": "x"}, page, "t")
    assert page.read_text() == "the old report"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.html", "report.ipynb"]


def test_picture_without_alternative_text_is_refused(notebook, tmp_path):
    source = notebook(FIGURE.replace("ALT", "' '"))
    with pytest.raises(ReportError, match="alternative text"):
        render(source, {"runner_id": "x"}, tmp_path / "out.html", "t")


def test_two_renderings_are_the_same_bytes(notebook, tmp_path):
    source = notebook(FIGURE.replace("ALT", "'a line'"))
    for name in ("a.html", "b.html"):
        render(source, {"runner_id": "x"}, tmp_path / name, "t")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
