"""Screening of own recordings: what is written, what is left out, and what is left alone.

The page is stubbed here; ``tests/end_to_end/test_screen_formats.py`` renders it.
"""

import hashlib
import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from pipelines import cli
from pipelines import screen as screening
from pipelines.datasets.base import Mask
from pipelines.errors import WorkspaceError
from pipelines.importers.fit import WatchRecording
from pipelines.importers.open_recording import read_any
from pipelines.paths import Places
from pipelines.screen import default_output, screen
from pipelines.screening import read_screening
from pipelines.store import read_table
from tolerance.schemas import TABLES

QUIET = Console(quiet=True)
WRITTEN = {
    "steps",
    "step_loads",
    "bouts",
    "foot_strides",
    "quality",
    "rejected",
    "references",
    "sessions",
    "session_loads",
}


@pytest.fixture
def pages(monkeypatch):
    """Keep the content of each page instead of rendering it."""
    built = {}

    def render(notebook, parameters, destination, title):
        assert notebook.name == "screening.ipynb"
        built[destination.name] = read_screening(Path(parameters.pop("root")), **parameters)
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.write_text(title)

    monkeypatch.setattr(screening, "render", render)
    return built


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """Give temporary files a folder of their own, to see what is left of them."""
    place = tmp_path / "scratch"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


@pytest.fixture
def shin(tmp_path, write_session):
    return write_session(tmp_path / "in", ["left_shank"])


def fingerprint(folder):
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None,
            path.stat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
    }


def table(out, name):
    return read_table(out / "tables" / f"{name}.parquet", name)


def run_cli(*arguments):
    return CliRunner().invoke(cli.app, ["screen", *map(str, arguments)])


def test_every_table_is_written_and_holds_what_the_page_says(tmp_path, write_session, pages):
    folder, out = write_session(tmp_path / "in"), tmp_path / "out"
    found = screen(folder, out, {}, QUIET)
    assert {path.stem for path in (out / "tables").iterdir()} == WRITTEN
    tables = {name: table(out, name) for name in WRITTEN}
    assert found.n_recordings == len(tables["quality"]) == 4
    assert found.n_steps == tables["steps"]["is_valid"].sum() > 200
    assert found.left_out == ()
    assert found.pages == (out / "screening_anna_s1.html",)
    assert all(page.is_file() for page in found.pages)
    (content,) = pages.values()
    session = tables["sessions"].iloc[0]
    assert content.key_figures[0][1:] == (
        f"{session['duration_min']:.1f} min",
        f"{session['n_steps']} steps count",
    )
    # Speed of the shins comes from the foot sensor: two speeds, hence a curve.
    np.testing.assert_allclose(content.curve["speed_mps"], [2.8, 3.8], rtol=0.05)
    assert len(content.tissue_rows) == 6
    assert not content.is_simulated


def test_no_sample_is_kept_anywhere(tmp_path, write_session, pages, scratch):
    folder, out = write_session(tmp_path / "in", ["left_shank"]), tmp_path / "out"
    before = fingerprint(folder)
    found = screen(folder, out, {}, QUIET)
    assert list(scratch.iterdir()) == []
    assert fingerprint(folder) == before
    n_samples = len((folder / "left_shank.csv").read_text().splitlines()) - 1
    assert found.n_steps > 30
    for path in (out / "tables").iterdir():
        frame = pd.read_parquet(path)
        assert path.stem in TABLES
        assert path.stem != "signals"
        assert not [name for name in frame if name.startswith(("acc_x", "gyr_x"))]
        assert len(frame) < n_samples / 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out", "scratch"]


def test_one_corrupt_recording_is_counted_and_the_rest_goes_on(shin, tmp_path, pages):
    (shin / "broken.csv").write_bytes(b"\x00\xff broken")
    (shin / "week.gt3x").write_bytes(b"PK")
    out = tmp_path / "out"
    result = run_cli(shin, "--out", out)
    assert result.exit_code == 0, result.output
    assert "1 recordings analysed, 2 left out," in result.stderr
    assert "left out: broken:" in result.stderr
    assert "left out: week: week.gt3x: .gt3x is not read" in result.stderr
    assert result.stdout.splitlines() == [str(out / "screening_anna_s1.html")]
    assert set(table(out, "rejected")["recording_id"]) == {"broken", "week"}


def test_all_corrupt_is_one_message_and_nothing_is_written(tmp_path, pages, scratch):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.csv").write_bytes(b"\x00\xff")
    result = run_cli(folder, "--out", out)
    assert result.exit_code == 1
    assert result.stderr.count("error:") == 1
    assert "no recording could be used" in result.stderr
    assert "a: " in result.stderr
    assert "b: " in result.stderr
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert not out.exists()
    assert list(scratch.iterdir()) == []
    assert pages == {}


def test_samples_that_the_core_refuses_are_left_out_with_its_reason(tmp_path, write_session, pages):
    folder = write_session(tmp_path / "in", ["left_shank"], session_id="flat")
    header, *rows = (folder / "left_shank.csv").read_text().splitlines()
    still = [",".join([row.split(",")[0], *rows[0].split(",")[1:]]) for row in rows]
    (folder / "left_shank.csv").write_text("\n".join([header, *still]))
    with pytest.raises(WorkspaceError, match="no recording could be used:\n  left_shank: "):
        screen(folder, tmp_path / "out", {}, QUIET)


def test_nothing_there_and_wrong_options_are_one_message(tmp_path, write_session, pages):
    folder = write_session(tmp_path / "in", ["left_shank"])
    place = folder / "left_shank.json"
    facts = json.loads(place.read_text())
    place.write_text(json.dumps({k: v for k, v in facts.items() if k in ("columns", "units")}))
    for arguments, part in (
        ((tmp_path / "nowhere",), "is not there"),
        ((folder,), "site"),
        ((folder, "--site", "knee"), "knee"),
        ((folder, "--site", "shank", "--mass", "-3"), "body_mass_kg"),
    ):
        result = run_cli(*arguments, "--out", tmp_path / "out")
        assert result.exit_code == 1
        assert part in result.stderr
        assert result.stderr.count("error:") == 1
        assert isinstance(result.exception, SystemExit)
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "taken", ["thesis.txt", "tables/thesis.txt", "tables/thesis.parquet", "pages/a.html", ""]
)
def test_a_place_that_holds_something_else_is_refused(shin, tmp_path, pages, taken):
    """A screening replaces its folder as a whole, so nothing of anybody else may be in it."""
    out = tmp_path / "out"
    kept = out / taken if taken else out
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text("mine")
    result = run_cli(shin, "--out", out)
    assert result.exit_code == 1
    assert f"holds something else ({kept.name if taken != 'pages/a.html' else 'pages'})" in (
        result.stderr
    )
    assert isinstance(result.exception, SystemExit)
    assert kept.read_text() == "mine"
    assert pages == {}


def test_the_input_is_never_the_output(shin, pages):
    before = fingerprint(shin)
    assert run_cli(shin, "--out", shin).exit_code == 1
    assert run_cli(shin / "left_shank.csv", "--out", shin / "left_shank.csv").exit_code == 1
    assert fingerprint(shin) == before


def test_an_empty_folder_is_a_fine_place(shin, tmp_path, pages):
    (tmp_path / "out").mkdir()
    screen(shin, tmp_path / "out", {}, QUIET)
    assert (tmp_path / "out" / "screening_anna_s1.html").is_file()


def test_a_place_below_a_file_cannot_be_written(shin, tmp_path, pages):
    (tmp_path / "file").write_text("mine")
    result = run_cli(shin, "--out", tmp_path / "file" / "out")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
    assert isinstance(result.exception, SystemExit)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_without_permission_cannot_be_written(shin, tmp_path, pages):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    result = run_cli(shin, "--out", closed / "out")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


def test_a_failing_page_leaves_the_earlier_screening(shin, tmp_path, pages, monkeypatch):
    out = tmp_path / "out"
    screen(shin, out, {}, QUIET)
    before = fingerprint(out)

    def fail(*_):
        raise WorkspaceError("the page failed")

    monkeypatch.setattr(screening, "render", fail)
    with pytest.raises(WorkspaceError, match="the page failed"):
        screen(shin, out, {}, QUIET)
    assert fingerprint(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


def test_a_second_run_replaces_the_first_and_repeats_it(tmp_path, write_session, pages):
    first = write_session(tmp_path / "in", ["left_shank"])
    out = tmp_path / "out"
    screen(first, out, {}, QUIET)
    steps = (out / "tables" / "steps.parquet").read_bytes()
    screen(first, out, {}, QUIET)
    assert (out / "tables" / "steps.parquet").read_bytes() == steps
    other = write_session(tmp_path / "other", ["sacrum"], runner_id="bert")
    screen(other, out, {}, QUIET)
    assert [page.name for page in out.glob("*.html")] == ["screening_bert_s1.html"]
    assert set(table(out, "quality")["recording_id"]) == {"sacrum"}


def test_beside_the_input_by_default_and_from_anywhere(tmp_path, write_session, pages, monkeypatch):
    folder = write_session(tmp_path / "2026.03.01", ["left_shank"])
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    result = run_cli("../2026.03.01/left_shank.csv")
    assert result.exit_code == 0, result.output
    assert (folder / "left_shank_screening" / "screening_anna_s1.html").is_file()
    assert list((tmp_path / "elsewhere").iterdir()) == []
    # The points in a folder's name are no suffix.
    assert default_output(folder) == tmp_path / "2026.03.01_screening"


def test_options_fill_what_no_sidecar_says(tmp_path, write_session, pages):
    folder = write_session(tmp_path / "in", ["left_shank"])
    sidecar = (folder / "left_shank.json").read_text()
    (folder / "left_shank.json").write_text(sidecar.replace('"runner_id": "anna", ', ""))
    out = tmp_path / "out"
    result = run_cli(folder, "--out", out, "--runner", "cara")
    assert result.exit_code == 0, result.output
    assert [page.name for page in out.glob("*.html")] == ["screening_cara_s1.html"]


def test_two_sessions_and_runners_get_a_page_each(tmp_path, write_session, pages):
    write_session(tmp_path / "in" / "a", ["left_shank"])
    write_session(tmp_path / "in" / "b", ["left_shank"], session_id="s2",
                  started_at="2026-03-04T08:00:00Z")  # fmt: skip
    write_session(tmp_path / "in" / "c", ["sacrum"], runner_id="bert")
    out = tmp_path / "out"
    found = screen(tmp_path / "in", out, {}, QUIET)
    assert [page.name for page in found.pages] == [
        "screening_anna_s1.html",
        "screening_anna_s2.html",
        "screening_bert_s1.html",
    ]
    # The second session is held against the first of the 30 days before, which is the same run.
    second = pages["screening_anna_s2.html"]
    assert any("1.00 times as large" in words for words in second.summary)
    assert any("no earlier session" in words for words in pages["screening_anna_s1.html"].summary)


@pytest.mark.parametrize("field", ["session_id", "runner_id"])
def test_an_identifier_cannot_leave_the_output(tmp_path, write_session, pages, field):
    folder = write_session(tmp_path / "in", ["left_shank"], **{field: "../../evil"})
    with pytest.raises(WorkspaceError, match=field):
        screen(folder, tmp_path / "out", {}, QUIET)
    assert not list(tmp_path.rglob("*evil*"))


def test_what_the_import_masks_is_told_once(tmp_path, write_session, pages, monkeypatch):
    """Masked stretches and the core's refusal of the same recording have rows of their own."""
    folder = write_session(tmp_path / "in", ["left_shank", "right_shank"])
    opened = read_any(folder)
    left, right = opened
    for recording in (left, right):
        object.__setattr__(recording, "masks", (Mask(10, 30, "samples were repeated"),))
    axes = [f"acc_{axis}_mps2" for axis in "xyz"]
    object.__setattr__(right, "signals", right.signals.assign(**{axes[0]: 1.0}))
    monkeypatch.setattr(screening, "read_any", lambda *_: opened)
    out = tmp_path / "out"
    found = screen(folder, out, {}, QUIET)
    rejected = table(out, "rejected")
    assert not rejected.duplicated(["recording_id", "problem_id"]).any()
    assert rejected["recording_id"].value_counts().to_dict() == {"left_shank": 1, "right_shank": 2}
    assert len(found.left_out) == 1
    (content,) = pages.values()
    stretches = [row for row in content.left_out_rows if row[2] == "samples were repeated"]
    assert sorted(stretches) == [
        ["left shin", "0.1 to 0.3 s", "samples were repeated"],
        ["right shin", "0.1 to 0.3 s", "samples were repeated"],
    ]


def watch(recording_id, session_id, contact_ms, day):
    start = np.arange(120.0)
    records = pd.DataFrame(
        {
            "start_s": start,
            "stop_s": start + 1.0,
            "contact_time_s": contact_ms / 1000.0,
            "cadence_spm": 168.0,
            "speed_mps": 3.0,
            "vertical_oscillation_m": np.nan,
        }
    )
    return WatchRecording(
        recording_id=recording_id,
        runner_id="anna",
        session_id=session_id,
        started_at_utc=pd.Timestamp(day, tz="UTC"),
        body_mass_kg=np.nan,
        records=records,
        device="",
    )


def test_outings_of_one_watch_share_their_runner_s_reference(tmp_path, pages, monkeypatch):
    """Shorter contacts are more load; with a reference each, both would be their own 1.00."""
    opened = [
        watch("easy", "s1", 260.0, "2026-03-01"),
        watch("hard", "s2", 220.0, "2026-03-03"),
    ]
    monkeypatch.setattr(screening, "read_any", lambda *_: opened)
    out = tmp_path / "out"
    screen(tmp_path, out, {}, QUIET)
    references = table(out, "references")
    assert not references.duplicated(["runner_id", "tissue"]).any()
    loads = table(out, "session_loads")
    loads = loads[loads["side"] == "unknown"].set_index(["session_id", "tissue"])["load_rr"]
    for tissue in ("tibia", "achilles"):
        assert loads["s2", tissue] > 1.05 * loads["s1", tissue]
    hard = pages["screening_anna_s2.html"]
    (ratio,) = (words for words in hard.summary if "times as large" in words)
    assert "1.00 times" not in ratio


def test_the_project_s_own_data_are_not_touched(shin, tmp_path, pages):
    project = Places(screening.project_root())
    assert not project.interim(screening.OWN).exists()
    screen(shin, tmp_path / "out", {}, QUIET)
    assert not project.interim(screening.OWN).exists()
    assert not project.processed(screening.OWN, "steps").exists()
