"""The one decorator that compiles kernels, and its flags.

``fastmath`` stays off: it lets the compiler assume that NaN does not occur, and here NaN means
"not observed". ``error_model="numpy"`` gives inf and NaN on division by zero, as NumPy does.
Kernels are cached on disk, so that a second process starts without compiling. Nothing calls a
kernel through C, so no wrapper for that is compiled: a tenth of the time of a first call.

What a first call compiles is kept small in the kernels themselves: plain loops instead of array
expressions, sorting and reductions, each of which brings functions of its own to compile, and no
constants as arguments, which are compiled once for each value.
"""

from collections.abc import Callable
from typing import Any, Final

import numba

__all__ = ["kernel"]

OPTIONS: Final[dict[str, Any]] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,
}


def kernel[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Compile a scalar helper or a loop over arrays; under ``NUMBA_DISABLE_JIT=1`` return it.

    Parameters
    ----------
    function : callable
        Plain Python on floats, integers and NumPy arrays; no keyword-only arguments.
    """
    compiled: Callable[P, R] = numba.njit(**OPTIONS)(function)
    return compiled
