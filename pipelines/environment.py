"""Build the project's ``.venv``, or bring it up to date, from the hashed lock.

Runs before anything is installed, so it needs Python 3.12 and its standard library only::

    python3.12 pipelines/environment.py [.venv-bench | .venv-peers]

The two others serve ``make bench`` and have locks of their own: peers that are timed beside the
load core need packages that the project itself cannot have.

A stamp inside the environment holds a hash of everything it follows from. It is taken away before
an installation begins and written after it has ended, so that an interrupted one is recognised and
started afresh. A file lock lets a second ``make`` wait for the first.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

UV = "uv==0.13.8"
"""Installer; pinned so that the same lock is read by the same program."""

INTERRUPTED = "installing\n"


@dataclass(frozen=True)
class Environment:
    """An environment's folder, the lock it follows, and whether the project itself is in it."""

    folder: str = ".venv"
    lock: str = "requirements.lock"
    holds_project: bool = True


PROJECT = Environment()
ENVIRONMENTS = (
    PROJECT,
    Environment(".venv-bench", "requirements-bench.lock"),
    Environment(".venv-peers", "requirements-peers.lock", holds_project=False),
)


class InstallationError(Exception):
    """The environment could not be built; the message says what to do."""


def main(root: Path, environment: Environment = PROJECT) -> None:
    """Make an environment below ``root`` agree with its lock and ``pyproject.toml``."""
    venv = root / environment.folder
    stamp = venv / "installed-from.txt"
    wanted = fingerprint(root, environment)
    with (root / f"{environment.folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = stamp.read_text() if stamp.is_file() else ""
        if state == wanted:
            return
        if state == INTERRUPTED or not is_usable(venv):
            print(
                f"Building {environment.folder} (about half a minute, more on a slow network) …",
                flush=True,
            )
            # Not `venv --clear`: that keeps going inside a half-removed folder.
            shutil.rmtree(venv, ignore_errors=True)
            create(venv)
        else:
            print(f"Bringing {environment.folder} up to date …", flush=True)
        stamp.write_text(INTERRUPTED)
        install(root, environment)
        stamp.write_text(wanted)


def fingerprint(root: Path, environment: Environment = PROJECT) -> str:
    """Return a hash of all that an environment follows from.

    The folder counts because scripts and the editable installation name it.
    """
    digest = hashlib.sha256()
    for part in (
        UV.encode(),
        str(sys.version_info[:3]).encode(),
        str(root).encode(),
        (root / environment.lock).read_bytes(),
        (root / "pyproject.toml").read_bytes(),
    ):
        digest.update(hashlib.sha256(part).digest())
    return f"{digest.hexdigest()}\n"


def is_usable(venv: Path) -> bool:
    """Tell whether the environment runs this Python's version and has pip."""
    check = f"import pip, sys; sys.exit(sys.version_info[:3] != {tuple(sys.version_info[:3])})"
    try:
        found = subprocess.run(
            [venv / "bin" / "python", "-c", check], capture_output=True, check=False
        )
    except OSError:
        return False
    return found.returncode == 0


def create(venv: Path) -> None:
    """Make an environment with nothing but pip."""
    # The interpreter below any active environment: that one may be the .venv just removed.
    base = getattr(sys, "_base_executable", sys.executable)
    run(
        [base, "-m", "venv", str(venv)],
        "Python cannot make environments; on Debian and Ubuntu install python3.12-venv.",
    )


def install(root: Path, environment: Environment) -> None:
    """Install uv, every locked package by its hash, and, if wanted, the project itself in place."""
    venv = root / environment.folder
    python = str(venv / "bin" / "python")
    network = "check the network connection, then run the same command again."
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    run([*pip, UV], f"uv could not be installed: {network}")
    uv = [str(venv / "bin" / "uv"), "--quiet", "pip"]
    locked = ["--require-hashes", "--compile-bytecode", str(root / environment.lock)]
    run(
        [*uv, "sync", "--python", python, *locked],
        f"the locked packages could not be installed: {network}",
    )
    if not environment.holds_project:
        return
    # The build tools are in the lock, so nothing is fetched outside it.
    in_place = ["--no-deps", "--no-build-isolation", "--editable", str(root)]
    run(
        [*uv, "install", "--python", python, *in_place],
        "the project itself could not be installed: read the lines above.",
    )


def run(command: Sequence[str], advice: str) -> None:
    """Run a command in a clean environment; its failure becomes one sentence."""
    # Variables that would send the installation elsewhere than into .venv.
    misleading = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "CONDA_PREFIX", "PIP_TARGET")
    environment = {name: value for name, value in os.environ.items() if name not in misleading}
    try:
        subprocess.run(command, env=environment, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise InstallationError(f"The environment is not complete: {advice}") from error


if __name__ == "__main__":
    known = {environment.folder: environment for environment in ENVIRONMENTS}
    if not set(sys.argv[1:]) <= set(known):
        sys.exit(f"{' '.join(sys.argv[1:])} is not known; expected one of {', '.join(known)}")
    try:
        for folder in sys.argv[1:] or [PROJECT.folder]:
            main(Path(__file__).resolve().parents[1], known[folder])
    except InstallationError as error:
        sys.exit(str(error))
