"""Running against walking, standing and everything else."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bouts"]


@dataclass(frozen=True)
class Bouts:
    """Stretches of one activity, in time order, without overlap.

    Attributes
    ----------
    start_sample, stop_sample : (n_bouts,) int64 array
        Half-open sample range of each bout.
    activity : (n_bouts,) int8 array
        Codes of ``constants.ACTIVITIES``.
    step_frequency_hz : (n_bouts,) float64 array
        Steps of both feet a second; NaN where the activity has no steps.
    confidence : (n_bouts,) float64 array
        0 (a guess) to 1 (certain).
    """

    start_sample: NDArray[np.int64]
    stop_sample: NDArray[np.int64]
    activity: NDArray[np.int8]
    step_frequency_hz: NDArray[np.float64]
    confidence: NDArray[np.float64]
