"""How a stage starts and how it fails: one clear message and an exit code that is not 0."""

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pipelines.errors import WorkspaceError
from tolerance.schemas import SchemaError

__all__ = ["forget_stale_kernels", "run_stage"]

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
    if "DVC_STAGE" not in os.environ:
        return
    dvc = os.getppid()

    def watch() -> None:
        while os.getppid() == dvc:
            time.sleep(PARENT_CHECK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
