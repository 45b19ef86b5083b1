import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.lock import Lock

from pipelines import recover as recover_module
from pipelines.recover import recover

LOCK = """\
schema: '2.0'
stages:
  one:
    cmd: python one.py
    deps:
    - path: one.py
      hash: md5
      md5: 0cc175b9c0f1b6a831c399e269772661
      size: 1
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(recover_module, "INDEX_PATIENCE_S", 0.0)


@pytest.fixture
def root(tmp_path):
    (tmp_path / ".dvc" / "tmp").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "pipelines" / "public").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def living_dvc():
    """Start a process that goes by the name of dvc."""
    process = subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()", "dvc"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    process.stdout.readline()  # its command line is not there from the first moment
    yield process.pid
    process.communicate(b"\n")


def busy(pid: int) -> dict[str, object]:
    entry = {"pid": pid, "cmd": "dvc repro"}
    return {"read": {"a.py": [entry]}, "write": {"out": entry}}


def test_a_sound_project_is_left_alone(root):
    (root / "dvc.lock").write_text(LOCK)
    assert recover(root) == []
    assert (root / "dvc.lock").read_text() == LOCK


@pytest.mark.parametrize("length", [LOCK.index("deps") + 2, LOCK.index("'2.0") + 2, 0])
@pytest.mark.parametrize("name", ["dvc.lock", "pipelines/public/dvc.lock"])
def test_a_lock_file_cut_short_is_removed(root, name, length):
    (root / name).write_text(LOCK[:length])
    assert recover(root) == [f"{name} was cut short and is written anew from the cache."]
    assert not (root / name).exists()


def test_a_lock_file_that_a_running_dvc_is_writing_is_left_alone(root):
    (root / "dvc.lock").write_text(LOCK[:100])
    with Lock(str(root / ".dvc" / "tmp" / "lock")):
        assert recover(root) == []
    assert (root / "dvc.lock").exists()


def test_a_list_of_busy_files_cut_short_is_removed(root):
    rwlock = root / ".dvc" / "tmp" / "rwlock"
    rwlock.write_text(json.dumps(busy(1))[:20])
    assert len(recover(root)) == 1
    assert not rwlock.exists()


def test_files_of_a_dead_dvc_are_set_free_and_those_of_a_living_one_kept(
    root, dead_pid, living_dvc
):
    rwlock = root / ".dvc" / "tmp" / "rwlock"
    held = busy(living_dvc)
    held["read"]["b.py"] = busy(dead_pid)["read"]["a.py"]
    held["write"]["other"] = busy(dead_pid)["write"]["out"]
    rwlock.write_text(json.dumps(held))
    assert recover(root) == ["Files held by a DVC process that is gone were set free."]
    assert json.loads(rwlock.read_text()) == busy(living_dvc)
    assert recover(root) == []


def test_a_number_that_went_to_another_process_does_not_hold_files(root):
    rwlock = root / ".dvc" / "tmp" / "rwlock"
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    rwlock.write_text(json.dumps(busy(other.pid)))
    recover(root)
    other.communicate(b"\n")
    assert json.loads(rwlock.read_text()) == {"read": {}, "write": {}}


def test_a_lock_of_git_s_index_goes_where_nobody_works(root):
    (root / ".git" / "index.lock").touch()
    assert recover(root) == ["The lock that a killed run left on git's index was removed."]
    assert not (root / ".git" / "index.lock").exists()


def test_a_lock_of_git_s_index_stays_while_git_works_there(root):
    (root / ".git" / "index.lock").touch()
    (root / "git").symlink_to(sys.executable)
    git = subprocess.Popen(
        [root / "git", "-c", "print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=root,
        env=os.environ | {"PYTHONHOME": sys.base_prefix},
    )
    git.stdout.readline()
    done = recover(root)
    git.communicate(b"\n")
    assert done == []
    assert (root / ".git" / "index.lock").exists()


def test_a_fresh_clone_needs_nothing(tmp_path):
    assert recover(tmp_path) == []
    assert Path(tmp_path / ".dvc" / "tmp").is_dir()
