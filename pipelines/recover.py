"""Mend what a killed ``dvc`` run can leave behind, before the next one starts.

DVC writes its lock file (``dvc.lock``) and its list of busy files (``.dvc/tmp/rwlock``) in place,
and stages them in git; a kill at the wrong moment leaves one cut short, or git's index locked, and
every later run stops with an error. A cut ``dvc.lock`` is removed: what it recorded is in DVC's run
cache, so nothing is computed twice. Busy files of processes that are gone are forgotten. Git's
index is set free where neither git nor DVC is at work.
"""

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psutil
from dvc.lock import Lock, LockError
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from voluptuous import Invalid

from pipelines import store

__all__ = ["recover"]

LOCK_FILES: Final = (Path("dvc.lock"), Path("pipelines/public/dvc.lock"))
INDEX_PATIENCE_S: Final = 2.0
"""How long a foreign lock of git's index may last. Engineering choice: an editor's built-in git,
which no process name betrays, holds it for milliseconds."""


def recover(root: Path) -> list[str]:
    """Mend the project at ``root`` and return what was done, one sentence each.

    Nothing is touched that a running DVC holds.
    """
    done = []
    temporary = root / ".dvc" / "tmp"
    with _held(temporary / "lock") as is_ours:
        if is_ours:
            for lock_file in LOCK_FILES:
                if (root / lock_file).exists() and not _is_whole(root / lock_file):
                    (root / lock_file).unlink()
                    done.append(f"{lock_file} was cut short and is written anew from the cache.")
    with _held(temporary / "rwlock.lock") as is_ours:
        if is_ours:
            done += _forget_dead(temporary / "rwlock")
    return done + _free_index(root)


@contextlib.contextmanager
def _held(path: Path) -> Iterator[bool]:
    """Hold one of DVC's own locks; gives False if another process has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = Lock(str(path))
    try:
        lock.lock()
    except LockError:
        yield False
        return
    try:
        yield True
    finally:
        lock.unlock()


def _is_whole(lock_file: Path) -> bool:
    try:
        COMPILED_LOCKFILE_SCHEMA(YAML(typ="safe", pure=True).load(lock_file.read_bytes()))
    except (YAMLError, Invalid, UnicodeDecodeError):
        return False
    return True


def _forget_dead(rwlock: Path) -> list[str]:
    if not rwlock.exists():
        return []
    try:
        busy = json.loads(rwlock.read_text(encoding="utf-8"))
    except ValueError:
        rwlock.unlink()
        return ["DVC's list of busy files was cut short and is written anew."]
    alive = {
        "read": {
            path: kept
            for path, entries in busy.get("read", {}).items()
            if (kept := [entry for entry in entries if _is_dvc(entry)])
        },
        "write": {path: entry for path, entry in busy.get("write", {}).items() if _is_dvc(entry)},
    }
    if alive == {"read": busy.get("read", {}), "write": busy.get("write", {})}:
        return []
    store.write_json(rwlock, alive)
    return ["Files held by a DVC process that is gone were set free."]


def _free_index(root: Path) -> list[str]:
    lock = root / ".git" / "index.lock"
    patience_ends = time.monotonic() + INDEX_PATIENCE_S
    while lock.exists() and time.monotonic() < patience_ends:
        time.sleep(0.1)
    if not lock.exists() or _is_git_at_work(root):
        return []
    lock.unlink(missing_ok=True)
    return ["The lock that a killed run left on git's index was removed."]


def _is_git_at_work(root: Path) -> bool:
    for process in psutil.process_iter():
        try:
            command = process.cmdline()[:2]
            if not any(Path(part).name in ("git", "dvc") for part in command):
                continue
            if Path(process.cwd()).is_relative_to(root):
                return True
        except psutil.NoSuchProcess:
            continue
        except (psutil.Error, OSError):
            # Somebody else's git, whose folder we may not see: it could be this one.
            return True
    return False


def _is_dvc(entry: dict[str, Any]) -> bool:
    """Tell whether the holder still runs, rather than another process with its old number."""
    try:
        return any("dvc" in part for part in psutil.Process(entry["pid"]).cmdline())
    except psutil.Error:
        return False


if __name__ == "__main__":
    for sentence in recover(Path.cwd()):
        print(sentence)
