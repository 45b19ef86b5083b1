import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines import cli
from pipelines.datasets.base import FileList
from pipelines.errors import WorkspaceError
from pipelines.scaffold import FILL_IN, new_dataset, places_to_fill_in

PROJECT = Path(__file__).resolve().parents[3]
MODULE = "author_2026"
CONFTEST = """
from pathlib import Path
import pipelines.datasets
pipelines.datasets.__path__.append(str(Path(__file__).parent / "pipelines" / "datasets"))
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Lay out a project as far as a new dataset needs it."""
    root = tmp_path / "project"
    (root / "pipelines" / "datasets").mkdir(parents=True)
    shutil.copy(PROJECT / "pipelines" / "datasets" / "base.py", root / "pipelines" / "datasets")
    for name in ("dvc.yaml", "params.yaml"):
        (root / name).write_text("")
    (root / "conftest.py").write_text(CONFTEST)
    shutil.copy(PROJECT / "pyproject.toml", root)
    return root


def run_its_test(root: Path) -> tuple[int, str]:
    """Run the test of the new dataset, as a person would."""
    options = ["-q", "-p", "no:cacheprovider", "-m", "not mirror"]
    test = root / "tests" / "unit" / "pipelines" / "datasets" / f"test_{MODULE}.py"
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", *options, "--rootdir", str(root), str(test)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout


def fill_in(root: Path, raw_at_rest: str) -> None:
    """Do as the marks ask, in the plainest way."""
    for path in root.rglob(f"*{MODULE}*"):
        text = path.read_text(encoding="utf-8")
        text = text.replace("RAW_AT_REST_G = (0.0, 0.0, 0.0)", f"RAW_AT_REST_G = {raw_at_rest}")
        for number in ("n_runners", "n_recordings"):
            text = text.replace(f"{number}=0", f"{number}=1")
        path.write_text(text.replace(FILL_IN, "known"), encoding="utf-8")


@pytest.mark.parametrize("module", [MODULE, "zatopek_and_hagg_1952_second_part"])
def test_it_is_clean_code(root: Path, module: str) -> None:
    code = [place for place in new_dataset(root, module).files if place.suffix == ".py"]
    assert len(code) == 2
    for place in code:
        for command in (["check"], ["format", "--check"]):
            done = subprocess.run(
                [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(place), "-"],
                input=(root / place).read_text(encoding="utf-8"),
                cwd=PROJECT,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_it_is_typed(root: Path) -> None:
    new_dataset(root, MODULE)
    module = root / "pipelines" / "datasets" / f"{MODULE}.py"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(module)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_its_test_fails_and_says_what_to_fill_in(root: Path) -> None:
    new_dataset(root, MODULE)
    code, output = run_its_test(root)
    assert code == 1
    assert "fill in before anything is believed" in output
    for place in (f"{MODULE}.py, line", f"{MODULE}.md, line", f"{MODULE}.files.json, line"):
        assert place in output
    assert "fill in RAW_AT_REST_G, then AXES" in output
    assert "2 failed, 1 passed" in output


@pytest.mark.slow
@pytest.mark.parametrize(("raw_at_rest", "code"), [("(0, 1, 0)", 0), ("(0, 0, -1)", 1)])
def test_its_test_passes_once_filled_in_and_checks_the_axes(
    root: Path, raw_at_rest: str, code: int
) -> None:
    new_dataset(root, MODULE)
    fill_in(root, raw_at_rest)
    found, output = run_its_test(root)
    assert found == code, output


def test_every_mark_is_found(root: Path) -> None:
    written = new_dataset(root, MODULE).files
    marks = sum((root / place).read_text(encoding="utf-8").count(FILL_IN) for place in written)
    places = places_to_fill_in(MODULE, root)
    assert 30 < len(places) <= marks
    facts = ("n_runners", "licence=", "ethics", "age", "sex", "speed", "foot_strike", "citation")
    for fact in facts:
        assert any(fact in place for place in places), fact


def test_files_are_listed_with_sizes_and_hashes(root: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    (raw / "data").mkdir(parents=True)
    (raw / "data" / "s01.csv").write_bytes(b"a,b\n")
    (raw / "LICENSE").write_bytes(b"MIT")
    (raw / ".git").mkdir()
    (raw / ".git" / "HEAD").write_bytes(b"x")
    new_dataset(root, MODULE, "made_run", raw)
    text = (root / "pipelines" / "datasets" / f"{MODULE}.files.json").read_text()
    listed = FileList.model_validate_json(text)
    assert (listed.dataset_id, listed.module) == ("made_run", MODULE)
    found = {file.path: (file.bytes, file.sha256) for file in listed.files}
    assert found == {
        "LICENSE": (3, hashlib.sha256(b"MIT").hexdigest()),
        "data/s01.csv": (4, hashlib.sha256(b"a,b\n").hexdigest()),
    }


@pytest.mark.parametrize(
    "name",
    ["", "author", "Author_2026", "author-2026", "../a_2026", "a_2026.py", "author_26", "base"],
)
def test_names_that_are_no_author_and_year_are_refused(root: Path, name: str) -> None:
    before = sorted(root.rglob("*"))
    with pytest.raises(WorkspaceError, match="expected first author and year"):
        new_dataset(root, name)
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize(
    ("dataset_id", "message"),
    [("gdlbio_foot", "is taken"), ("own", "is taken"), ("a/b", "cannot name a file")],
)
def test_ids_that_are_taken_or_unsafe_are_refused(
    root: Path, dataset_id: str, message: str
) -> None:
    with pytest.raises(WorkspaceError, match=message):
        new_dataset(root, MODULE, dataset_id)
    assert not list(root.rglob(f"*{MODULE}*"))


def test_nothing_is_overwritten(root: Path) -> None:
    card = root / "pipelines" / "datasets" / f"{MODULE}.md"
    card.write_text("an evening's work")
    with pytest.raises(WorkspaceError, match=r"author_2026\.md is there already"):
        new_dataset(root, MODULE)
    assert card.read_text() == "an evening's work"
    assert [path.name for path in root.rglob(f"*{MODULE}*")] == [card.name]


def test_a_failed_write_leaves_nothing_behind(root: Path) -> None:
    (root / "tests").write_text("a file where a folder should be")
    with pytest.raises(WorkspaceError, match="cannot be written"):
        new_dataset(root, MODULE)
    assert not list(root.rglob(f"*{MODULE}*"))


def test_other_folders_and_empty_ones_are_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(WorkspaceError, match=r"no checkout.*; .*empty holds no file"):
        new_dataset(tmp_path, MODULE, raw_dir=tmp_path / "empty")


class TestCommand:
    def test_says_what_to_do_next(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(root)
        result = CliRunner().invoke(cli.app, ["datasets", "new", MODULE, "--id", "made_run"])
        assert result.exit_code == 0, result.output
        assert "      made_run: {module: author_2026}\n" in result.output
        assert "python -m pipelines.dependencies write" in result.output
        listing = root / "pipelines" / "datasets" / f"{MODULE}.files.json"
        assert json.loads(listing.read_text())["dataset_id"] == "made_run"

    def test_bad_name_is_one_message(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(root)
        result = CliRunner().invoke(cli.app, ["datasets", "new", "My Data"])
        assert result.exit_code == 1
        assert result.output.startswith("error: name 'My Data': expected first author and year")
        assert result.output.count("\n") == 1
