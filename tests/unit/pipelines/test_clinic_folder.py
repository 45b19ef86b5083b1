"""Starting, checking and forgetting a runner's folder."""

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.clinic_folder import (
    check_folder,
    forget_folder,
    new_folder,
    refresh_form,
    remember_rows,
    runner_folders,
)
from pipelines.errors import WorkspaceError

TODAY = date(2026, 4, 20)


@pytest.fixture
def folder(tmp_path):
    new_folder(tmp_path / "clinic" / "r07", None, TODAY)
    return tmp_path / "clinic" / "r07"


def test_a_new_folder_has_no_problem(folder):
    read = check_folder(folder, TODAY)
    assert [str(problem) for problem in read.problems] == []
    assert read.notes == ()
    assert read.record.profile.runner_id == "r07"


def test_every_line_of_the_template_can_be_filled_in(folder):
    """Taking the marks of its notes away gives a whole profile, so no key is misspelt."""
    lines = []
    for line in (folder / "profile.yaml").read_text().splitlines():
        body = line.lstrip().removeprefix("# ")
        is_key = line.lstrip().startswith("#") and body.split(":")[0].strip(" -").replace(
            "_", ""
        ).isalpha() and ":" in body and not body[0].isupper()  # fmt: skip
        lines.append(line.replace("# ", "", 1) if is_key else line)
    (folder / "profile.yaml").write_text(
        "\n".join(lines).replace("status: active", "status: active")
    )
    read = check_folder(folder, TODAY)
    assert [str(problem) for problem in read.problems] == []
    profile = read.record.profile
    assert profile.limits.weekly_risk_cap == 0.02
    assert profile.injuries[0].episodes == 2
    assert profile.target.race_priority == "want"
    assert profile.missed_periods == "no"


def test_a_folder_that_holds_something_is_left_alone(folder):
    with pytest.raises(WorkspaceError, match="holds something already"):
        new_folder(folder, None, TODAY)


@pytest.mark.parametrize("name", ["../r", "Anna Meier", "", "a/b", "-rf"])
def test_a_runner_whose_id_is_a_path_is_refused(tmp_path, name):
    if name:
        with pytest.raises(WorkspaceError, match="cannot name a file"):
            new_folder(tmp_path / "x", name, TODAY)
        assert not (tmp_path / "x").exists()


def test_rows_that_were_used_may_not_change(folder):
    path = folder / "clearances.csv"
    header = path.read_text()
    row = "2026-04-01,night_pain,shin,left,Dr W,physician,MRI\n"
    path.write_text(header + row)
    remember_rows(folder, check_folder(folder, TODAY).checked())
    path.write_text(header + row + "2026-04-02,rest_pain,shin,left,Dr W,physician,MRI\n")
    assert check_folder(folder, TODAY).problems == ()
    path.write_text(header + row.replace("MRI", "telephone"))
    (problem,) = check_folder(folder, TODAY).problems
    assert str(problem).startswith("clearances.csv: received 'a row that was changed or removed'")


def test_the_form_follows_the_injuries(folder):
    before = (folder / "entry_form.html").read_text()
    profile = (folder / "profile.yaml").read_text()
    injury = "injuries:\n  - {injury: achilles_tendinopathy, side: both, onset: 2025-11-03}\n"
    (folder / "profile.yaml").write_text(profile.replace("injuries:\n", injury))
    refresh_form(
        folder, check_folder(folder, TODAY).checked(), {"achilles_tendinopathy": "achilles"}
    )
    after = (folder / "entry_form.html").read_text()
    assert before != after
    assert "[&#34;achilles&#34;, &#34;right&#34;]" in after


def test_forgetting_leaves_no_copy(folder, tmp_path):
    new_folder(folder.parent / "r08", None, TODAY)
    clinic = folder.parent
    (clinic / "manifest.json").write_text(json.dumps({"runners": {"r07": {"a": 1}, "r08": {}}}))
    (clinic / "index.html").write_text("<a href='r07/report/report.html'>r07</a>")
    (clinic / ".r07.123.partial").mkdir()
    (clinic / ".r07.123.partial" / "half").write_text("r07")
    gone = forget_folder(folder)
    assert gone.n_files >= 9
    for path in tmp_path.rglob("*"):
        assert "r07" not in path.name
        assert not path.is_file() or "r07" not in path.read_text()
    assert [path.name for path in runner_folders(clinic)] == ["r08"]


def test_only_a_runners_folder_is_forgotten(tmp_path, folder):
    with pytest.raises(WorkspaceError, match=r"holds no profile\.yaml"):
        forget_folder(tmp_path)
    link = tmp_path / "link"
    link.symlink_to(folder)
    with pytest.raises(WorkspaceError, match="never a link"):
        forget_folder(link)
    assert folder.is_dir()


def test_a_clinic_without_runners_says_how_to_begin(tmp_path):
    with pytest.raises(WorkspaceError, match="tolerance new"):
        runner_folders(tmp_path)


def test_the_commands(tmp_path):
    command = CliRunner()
    made = command.invoke(app, ["new", str(tmp_path / "r01")])
    assert made.exit_code == 0, made.output
    assert command.invoke(app, ["check", str(tmp_path / "r01")]).exit_code == 0
    (tmp_path / "r01" / "sessions.csv").write_text("date,activity\n2026-03-02,jogging\n")
    found = command.invoke(app, ["check", str(tmp_path / "r01")])
    assert found.exit_code == 1
    assert "sessions.csv, row 2, column activity: received 'jogging'" in found.output
    assert command.invoke(app, ["forget", str(tmp_path / "r01")], input="n\n").exit_code == 1
    assert (tmp_path / "r01").is_dir()
    assert command.invoke(app, ["forget", str(tmp_path / "r01"), "--yes"]).exit_code == 0
    assert not (tmp_path / "r01").exists()
