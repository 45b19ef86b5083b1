from pathlib import Path

import pytest

from pipelines.paths import IdentifierError, Places, check_identifier, profile_of, project_root

PLACES = Places(Path("root"))


@pytest.mark.parametrize("name", ["a", "0", "gdlbio_foot", "run-3_left", "A" * 100])
def test_a_plain_name_passes_unchanged(name):
    assert check_identifier(name, "runner_id") == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a/b", "../a", "/a", "a\\b", "-a", "_a", "a b", "a.b", "a\n", "ä", "a\0"],
)
def test_a_name_that_could_leave_its_folder_is_refused(name):
    with pytest.raises(IdentifierError, match=r"runner_id .* cannot name a file"):
        check_identifier(name, "runner_id")


@pytest.mark.parametrize("name", [None, 3, Path("a")])
def test_what_is_no_text_is_refused(name):
    with pytest.raises(IdentifierError):
        check_identifier(name, "runner_id")


@pytest.mark.parametrize(
    "place",
    [
        lambda bad: PLACES.raw(bad),
        lambda bad: PLACES.downloads(bad),
        lambda bad: PLACES.interim(bad),
        lambda bad: PLACES.recordings(bad),
        lambda bad: PLACES.signals("x", bad),
        lambda bad: PLACES.signals(bad, "x"),
        lambda bad: PLACES.reference("x", bad),
        lambda bad: PLACES.processed(bad, "steps"),
        lambda bad: PLACES.processed("x", bad),
        lambda bad: PLACES.processed_table("x", "steps", bad),
        lambda bad: PLACES.report(bad),
        lambda bad: PLACES.metrics(bad),
        lambda bad: PLACES.notebook(bad),
        lambda bad: PLACES.model(bad),
    ],
)
def test_every_place_checks_the_names_it_is_made_from(place):
    with pytest.raises(IdentifierError):
        place("../elsewhere")


def test_raw_data_are_kept_apart_by_profile():
    assert profile_of("synthetic") == "synthetic"
    assert PLACES.raw("synthetic") == Path("root/data/raw/synthetic/synthetic")
    assert PLACES.raw("gdlbio_foot") == Path("root/data/raw/public/gdlbio_foot")


def test_the_root_is_the_working_directory_where_that_is_a_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    elsewhere = project_root()
    assert (elsewhere / "pipelines" / "paths.py").is_file()
    for name in ("dvc.yaml", "params.yaml"):
        (tmp_path / name).touch()
    assert project_root() == tmp_path
