"""The logistic curve in compiled loops; arrays take `scipy.special.expit`."""

import math

import numpy as np

from loadcore._jit import kernel

__all__ = ["log_logistic", "logistic"]


@kernel
def logistic(x: float) -> float:
    """Return ``1 / (1 + exp(-x))``, 0 far below zero."""
    # Far below zero the exponential overflows to infinity, and the result is 0 as it should be.
    return float(1.0 / (1.0 + np.exp(-x)))


@kernel
def log_logistic(x: float) -> float:
    """Return the logarithm of the logistic curve, exact in both tails."""
    if x > 0.0:
        return -math.log1p(math.exp(-x))
    return x - math.log1p(math.exp(x))
