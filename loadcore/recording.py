"""One call runs the chain: inertial samples in, steps with force and tissue load out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadcore.bouts import Bouts

__all__ = ["RecordingAnalysis", "Steps"]


@dataclass(frozen=True)
class Steps:
    """One row a contact of the instrumented foot (shank, foot) or of either foot (trunk sites).

    Times are seconds from the first sample. NaN is "not observed"; no field is ever filled with
    zero. ``tissue_*`` columns follow ``constants.TISSUES``.
    """

    side: NDArray[np.int8]
    initial_contact_s: NDArray[np.float64]
    initial_contact_sd_s: NDArray[np.float64]
    terminal_contact_s: NDArray[np.float64]
    terminal_contact_sd_s: NDArray[np.float64]
    contact_time_s: NDArray[np.float64]
    contact_time_sd_s: NDArray[np.float64]
    flight_time_s: NDArray[np.float64]
    step_time_s: NDArray[np.float64]
    duty_factor: NDArray[np.float64]
    confidence: NDArray[np.float64]
    speed_mps: NDArray[np.float64]
    stride_length_m: NDArray[np.float64]
    peak_tibial_acc_g: NDArray[np.float64]
    peak_vgrf_bw: NDArray[np.float64]
    peak_vgrf_sd_bw: NDArray[np.float64]
    vertical_stiffness_bwpm: NDArray[np.float64]
    vertical_oscillation_m: NDArray[np.float64]
    tissue_peak_force_bw: NDArray[np.float64]
    tissue_peak_force_sd_bw: NDArray[np.float64]
    tissue_impulse_bws: NDArray[np.float64]
    reject_reason: NDArray[np.int8]

    def __len__(self) -> int:
        """Return the number of steps, rejected ones included."""
        return int(self.initial_contact_s.size)


@dataclass(frozen=True)
class RecordingAnalysis:
    """Everything the chain found in one recording."""

    steps: Steps
    bouts: Bouts
