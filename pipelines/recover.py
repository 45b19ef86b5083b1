"""Mend what a killed ``dvc`` run can leave behind, before the next one starts.

DVC writes its lock file (``dvc.lock``) and its list of busy files (``.dvc/tmp/rwlock``) in place,
so a kill at the wrong moment leaves one cut short, and every later run stops with an error. A cut
``dvc.lock`` is removed: what it recorded is in DVC's run cache, so nothing is computed twice. Of
the busy files those of processes that are gone are forgotten.
"""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from dvc.lock import Lock, LockError
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from voluptuous import Invalid

from pipelines import paths, store

__all__ = ["recover"]

LOCK_FILES = (Path("dvc.lock"), Path("pipelines/public/dvc.lock"))


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
    return done


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


def _is_dvc(entry: dict[str, Any]) -> bool:
    """Tell whether the holder still runs, rather than another process with its old number."""
    try:
        return any("dvc" in part for part in psutil.Process(entry["pid"]).cmdline())
    except psutil.Error:
        return False


if __name__ == "__main__":
    for sentence in recover(paths.project_root()):
        print(sentence)
