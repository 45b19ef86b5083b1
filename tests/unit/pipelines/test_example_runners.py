"""The eight example runners that ship are what the script writes, and read without a problem."""

import pytest

from pipelines.example_runners import EXAMPLE_DAY, EXAMPLES, folder_files
from pipelines.importers.runner_folder import read_folder
from pipelines.params import load_params
from pipelines.paths import Places, project_root

CLINIC = project_root() / "data" / "clinic"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_shipped_folder_is_what_the_script_writes(example):
    """Recordings are compared by name only: another machine may round a sample otherwise."""
    seed = load_params(Places(project_root()).params).seed
    written = dict(folder_files(example, seed))
    shipped = {
        path.relative_to(CLINIC / example.name).as_posix()
        for path in (CLINIC / example.name).rglob("*")
        if path.is_file()
    }
    assert shipped == set(written)
    for name, content in written.items():
        if not name.startswith("recordings/"):
            assert (CLINIC / example.name / name).read_text(encoding="utf-8") == content, name


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_shipped_folder_has_no_problem(example):
    read = read_folder(CLINIC / example.name, EXAMPLE_DAY)
    assert [str(problem) for problem in read.problems] == []
    assert read.notes == ()
    assert "made up" in (CLINIC / example.name / "profile.yaml").read_text().lower()
