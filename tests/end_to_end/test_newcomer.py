"""A newcomer's way from ``tolerance new`` to a report, as docs/clinic.md tells it."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.paths import project_root

GUIDE = (project_root() / "docs" / "clinic.md").read_text(encoding="utf-8")
DAY = "2026-05-10"


def block(kind, holds):
    """Return the first block of the guide of a kind that holds these words."""
    found = re.findall(rf"^ *```{kind}\n(.*?)^ *```", GUIDE, re.MULTILINE | re.DOTALL)
    text = next(one for one in found if holds in one)
    indent = min(len(line) - len(line.lstrip()) for line in text.splitlines() if line.strip())
    return "\n".join(line[indent:] for line in text.splitlines()) + "\n"


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "clinic" / "r01"
    run("new", folder)
    (folder / "profile.yaml").write_text(block("yaml", "runner_id"))
    return folder


def entry(**red_flags):
    from tolerance.clinic.record import RED_FLAG_QUESTIONS

    felt = {"date": "2026-05-09", "site": "calf", "side": "right", "pain_during": 1}
    felt |= {"pain_before": 0, "pain_next_morning": 0, "settled_24h": "yes"}
    felt |= dict.fromkeys(RED_FLAG_QUESTIONS, "no") | red_flags
    walk = {"date": "2026-05-09", "activity": "walking", "minutes": 40, "session_id": "walk"}
    return {
        "format": "tolerance-entry-1",
        "runner_id": "r01",
        "saved_on": DAY,
        "sessions": [walk],
        "symptoms": [felt | {"session_id": "walk"}],
        "questionnaires": [],
    }


@pytest.mark.slow
def test_with_a_diary_only(folder):
    (folder / "inbox" / f"entry_{DAY}.json").write_text(json.dumps(entry()))
    (folder / "tests.csv").write_text(
        "date,name,side,value,pain\n2026-05-09,single_leg_calf_raises,right,18,0\n"
        "2026-05-09,single_leg_calf_raises,left,20,0\n2026-05-09,walk_minutes,none,40,0\n"
    )
    run("check", folder)
    told = run("plan", folder, "--on", DAY)
    assert "Runner r01" in told
    pages = run("report", folder, "--on", DAY).split()
    assert [Path(page).name for page in pages] == ["report.html", "sheet.html", "letter.html"]
    twin = json.loads((folder / "report" / "report.json").read_text())
    assert twin["verdict"] == "plan"
    assert twin["sessions"]
    assert (folder / "report" / "state.npz").is_file()


@pytest.mark.slow
def test_with_a_recording(folder, write_session):
    write_session(folder / "recordings" / "run", points=("left_shank", "right_shank"))
    (folder / "sessions.csv").write_text(
        "date,activity,minutes,rpe,recording\n2026-05-04,running,0.7,3,run\n"
    )
    run("check", folder)
    run("report", folder, "--on", DAY)
    twin = json.loads((folder / "report" / "report.json").read_text())
    assert any("1 of 1 runs were measured" in line for line in twin["quality"]), twin["quality"]
    kept = [path.name for path in (folder / "report").rglob("*") if path.is_file()]
    assert not any("signal" in name for name in kept)


def test_every_command_of_the_guide_exists():
    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    named = set(re.findall(r"tolerance ([a-z-]+)", GUIDE))
    assert named <= known, named - known


def test_a_folder_with_problems_has_no_report(folder):
    (folder / "sessions.csv").write_text("date,activity\n2026-05-04,jogging\n")
    told = run("report", folder, "--on", DAY, code=1)
    assert "sessions.csv, row 2, column activity" in told
    assert not (folder / "report" / "report.html").exists()
