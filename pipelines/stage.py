"""How a stage starts and how it fails: one clear message and an exit code that is not 0."""

import sys
from collections.abc import Callable
from pathlib import Path

from pipelines.params import ParamsError
from pipelines.paths import IdentifierError
from pipelines.store import StoreError
from tolerance.schemas import SchemaError

__all__ = ["run_stage"]

EXPECTED_ERRORS = (ParamsError, IdentifierError, StoreError, SchemaError)
"""Errors whose message says what to do; any other is a mistake of ours and keeps its traceback."""


def run_stage(main: Callable[[], None]) -> None:
    """Call a stage's ``main``; end the process with code 1 and the message if it fails.

    Parameters
    ----------
    main : callable
        Reads its arguments and inputs, calls the stage's pure ``run`` and writes the outputs.
    """
    forget_stale_kernels()
    try:
        main()
    except EXPECTED_ERRORS as error:
        sys.exit(f"error: {error}")


def forget_stale_kernels(package: Path | None = None) -> None:
    """Remove compiled kernels that are older than the newest source file of the load core.

    Numba looks only at the file of the kernel itself, not at the files of the kernels it calls,
    and would go on using code compiled before the change.

    Parameters
    ----------
    package : Path, optional
        Folder of the load core; found by import if not given.
    """
    if package is None:
        import loadcore

        package = Path(loadcore.__path__[0])
    newest = max((source.stat().st_mtime for source in package.glob("*.py")), default=0.0)
    for index in package.glob("__pycache__/*.nbi"):
        if index.stat().st_mtime < newest:
            index.unlink(missing_ok=True)
