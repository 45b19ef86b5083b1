"""The one decorator that compiles kernels, and its flags.

``fastmath`` stays off: it lets the compiler assume that NaN does not occur, and here NaN means
"not observed". ``error_model="numpy"`` gives inf and NaN on division by zero, as NumPy does.
Kernels are cached on disk, so that a second process starts without compiling.
"""

from collections.abc import Callable

import numba

__all__ = ["kernel"]


def kernel[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Compile a scalar helper or a loop over arrays; under ``NUMBA_DISABLE_JIT=1`` return it.

    Parameters
    ----------
    function : callable
        Plain Python on floats, integers and NumPy arrays; no keyword-only arguments.
    """
    compiled: Callable[P, R] = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return compiled
