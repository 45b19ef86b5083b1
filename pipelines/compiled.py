"""Whether the load core still has to be compiled: the one long wait that nothing else explains."""

from pathlib import Path
from typing import Any, Final

from loadcore import bouts

__all__ = ["FIRST_COMPILATION", "needs_compilation"]

FIRST_COMPILATION: Final = (
    "Compiling the load core: about 15 s on a quiet machine, once after each installation."
)


def needs_compilation(kernel: Any = bouts._envelope) -> bool:
    """Tell whether a kernel that every recording needs is not yet in the cache of this source.

    Parameters
    ----------
    kernel : compiled function
        With the compiler switched off there is nothing to wait for.
    """
    if not hasattr(kernel, "stats"):
        return False
    source = Path(kernel.py_func.__code__.co_filename)
    cache = Path(kernel.stats.cache_path)
    written = [
        index.stat().st_mtime
        for index in cache.glob(f"{source.stem}.{kernel.py_func.__qualname__}-*.nbi")
    ]
    return not any(moment >= source.stat().st_mtime for moment in written)
