"""How a stage starts and how it fails: one clear message and an exit code that is not 0."""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil

from pipelines.errors import WorkspaceError
from tolerance.schemas import SchemaError

__all__ = ["forget_stale_kernels", "run_stage"]

DVC_STAGE: Final = "DVC_STAGE"
"""Environment variable in which DVC names the stage to the command that it starts."""

PARENT_CHECK_S: Final = 0.5
"""How often a stage looks whether its DVC still lives; engineering choice: free, yet prompt."""


def run_stage(main: Callable[[], None]) -> None:
    """Call a stage's ``main``; end the process with code 1 and the message if it fails.

    Errors other than :class:`WorkspaceError` and :class:`SchemaError` keep their traceback.

    Parameters
    ----------
    main : callable
        Reads its arguments and inputs, calls the stage's pure ``run`` and writes the outputs.
    """
    _end_with_dvc()
    forget_stale_kernels()
    try:
        main()
    except (WorkspaceError, SchemaError) as error:
        sys.exit(f"error: {error}")


def forget_stale_kernels(package: Path | None = None) -> None:
    """Remove compiled kernels that are older than the newest source file of the load core.

    Numba looks only at the file of the kernel itself, not at the files of the kernels it calls,
    and would go on using code compiled before the change.

    Parameters
    ----------
    package : Path, optional
        Folder of the load core; the one beside this package if not given.
    """
    package = package or Path(__file__).resolve().parents[1] / "loadcore"
    newest = max((source.stat().st_mtime for source in package.glob("*.py")), default=0.0)
    for index in package.glob("__pycache__/*.nbi"):
        if index.stat().st_mtime < newest:
            index.unlink(missing_ok=True)


def _end_with_dvc() -> None:
    """End this process soon after the DVC that started it is killed.

    Otherwise the orphan would write its outputs while the next run writes the same ones.
    """
    dvc = _dvc_above()
    if dvc is None:
        return

    def watch() -> None:
        while _is_alive(dvc):
            time.sleep(PARENT_CHECK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _dvc_above() -> psutil.Process | None:
    """Find the DVC that started this process, with or without a shell in between.

    DVC names the stage in the environment of the command that it starts. A shell that runs the
    command (dash stays, bash gives its place up) has the name as well; DVC itself has not.
    """
    if DVC_STAGE not in os.environ:
        return None
    with contextlib.suppress(psutil.Error):
        for ancestor in psutil.Process().parents():
            if DVC_STAGE not in ancestor.environ():
                return ancestor
    return psutil.Process().parent()


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
