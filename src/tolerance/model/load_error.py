"""Telling a unit's tolerance apart from what its answers share because loads are not known exactly.

Both move all answers of a unit alike, so that the model takes them together: an effect of variance
``unit_sd² + load_variance``. Given their sum, tolerance is normal again: the sum is shared out in
proportion to the variances, and the rest is chance.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["effect_sd", "standard_tolerance"]

type FloatArray = NDArray[np.float64]


def effect_sd(unit_sd: FloatArray, load_variance: FloatArray) -> FloatArray:
    """Return the SD of tolerance and shared load error together.

    Parameters
    ----------
    unit_sd : (S, 1) array
    load_variance : (C,) array

    Returns
    -------
    (S, C) array
    """
    return np.asarray(np.sqrt(unit_sd**2 + load_variance), np.float64)


def standard_tolerance(
    z: FloatArray, unit_sd: FloatArray, load_variance: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Return draws of a unit's tolerance, in unit_sd, given draws of both effects together.

    Parameters
    ----------
    z : (S, C) array
        Both together, over their SD.
    unit_sd : (S, 1) array
    load_variance : (C,) array
        0 where loads are known: then tolerance is all of it.
    rng : numpy.random.Generator
    """
    chance = rng.standard_normal(z.shape)
    together = effect_sd(unit_sd, load_variance)
    return np.asarray((unit_sd * z + np.sqrt(load_variance) * chance) / together, np.float64)
