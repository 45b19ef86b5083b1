"""A run killed at any moment leaves nothing that the next one cannot pick up."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.recover import recover

ROOT = Path(__file__).resolve().parents[2]
N_FILES = 5

STAGE = f"""
import sys
import time
from pathlib import Path
from pipelines.stage import run_stage
from pipelines.store import new_directory

def main():
    name, source = sys.argv[1:]
    with Path("runs.txt").open("a") as runs:
        print(name, file=runs)
    with new_directory(Path("out") / name) as folder:
        for number in range({N_FILES}):
            (folder / f"{{number}}.txt").write_text(f"{{name}} {{number}}")
            if Path("slow").exists() and name == "second":
                time.sleep(10)

run_stage(main)
"""

PIPELINE = """
stages:
  first:
    cmd: python stage.py first input.txt
    deps: [input.txt, stage.py]
    outs: [out/first]
  second:
    cmd: python stage.py second out/first
    deps: [out/first, stage.py]
    outs: [out/second]
"""


@pytest.fixture
def project(tmp_path):
    """Make a project of two stages with this project's DVC settings."""
    shutil.copytree(ROOT / ".dvc", tmp_path / ".dvc", ignore=shutil.ignore_patterns("tmp", "cache"))
    shutil.copy(ROOT / ".dvcignore", tmp_path)
    (tmp_path / "stage.py").write_text(STAGE)
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    (tmp_path / "input.txt").write_text("1")
    (tmp_path / ".gitignore").write_text("/out/\n/runs.txt\n/slow\n")
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "start"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def environment() -> dict[str, str]:
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def repro(project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dvc", "repro"],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def runs(project: Path) -> list[str]:
    return (project / "runs.txt").read_text().split()


def assert_complete(project: Path) -> None:
    for name in ("first", "second"):
        written = {path.name: path.read_text() for path in (project / "out" / name).iterdir()}
        assert written == {f"{number}.txt": f"{name} {number}" for number in range(N_FILES)}
    assert list(project.rglob("*.partial")) == []
    assert "up to date" in repro(project).stdout


@pytest.mark.slow
@pytest.mark.parametrize("whole_group", [False, True])
@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_a_run_killed_inside_a_stage_is_picked_up(project, whole_group, shell, monkeypatch):
    # DVC runs a stage in the user's shell: some stay as its parent, some give their place up.
    if not Path(shell).exists():
        pytest.skip(f"{shell} is not here")
    monkeypatch.setenv("SHELL", shell)
    (project / "slow").touch()
    dvc = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro"],
        cwd=project,
        env=environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 60
    while not list(project.glob("out/.second.*.partial/0.txt")):
        assert time.monotonic() < end, "the second stage did not begin"
        time.sleep(0.05)
    if whole_group:
        os.killpg(dvc.pid, signal.SIGKILL)
    else:
        dvc.kill()
    dvc.wait()
    assert not (project / "out" / "second").exists()

    (project / "slow").unlink()
    recover(project)
    again = repro(project)
    assert again.returncode == 0, again.stderr
    assert runs(project) == ["first", "second", "second"]
    assert_complete(project)


@pytest.mark.slow
def test_a_run_killed_while_dvc_writes_its_own_files_is_picked_up(project):
    assert repro(project).returncode == 0
    lock = (project / "dvc.lock").read_text()
    (project / "dvc.lock").write_text(lock[: lock.index("size:") + 2])
    (project / ".dvc" / "tmp" / "rwlock").write_text('{"read": {"inp')
    assert repro(project).returncode != 0, "DVC mends this by itself: recover() can go"
    assert len(recover(project)) == 2
    again = repro(project)
    assert again.returncode == 0, again.stderr
    # What was computed comes from the cache.
    assert runs(project) == ["first", "second"]
    assert_complete(project)
