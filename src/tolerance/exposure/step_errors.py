"""Which part of a step's error is noise, which averages out, and which a session shares."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadcore.constants import TISSUES
from loadcore.force import peak_vertical_force
from loadcore.tissue import tissue_load
from tolerance.exposure.settings import ExposureSettings

__all__ = ["StepErrors", "step_errors"]

type FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class StepErrors:
    """Errors of one step's tissue force over the force; arrays of shape ``(n_steps, 3)``.

    Attributes
    ----------
    noise, step, shared : float64 array
        Noise of the measured times; all that is independent between steps, noise included; all
        that is common to the session. NaN where not known.
    """

    noise: FloatArray
    step: FloatArray
    shared: FloatArray


def step_errors(
    contact_time_s: FloatArray,
    contact_time_sd_s: FloatArray,
    step_time_s: FloatArray,
    initial_contact_sd_s: FloatArray,
    total_fraction: FloatArray,
    settings: ExposureSettings,
) -> StepErrors:
    """Split the error that the load core gives per step and tissue into its parts.

    The parts are recomputed from the timing errors with the load core's own functions, and scaled
    so that together they are what the step's row says. A detector that is early or late is so on
    all steps, by the error that most of them have; where an event lies in a hole or on a rail, what
    its error has beyond that is the step's own.

    Parameters
    ----------
    contact_time_s, contact_time_sd_s, step_time_s, initial_contact_sd_s : (n_steps,) float array
        Columns of the steps table.
    total_fraction : (n_steps, 3) float array
        Standard deviation of the tissue's peak force over that force.
    settings : ExposureSettings
        With the force and tissue settings that made the steps.
    """
    step_time_sd = np.sqrt(2.0) * initial_contact_sd_s  # both its ends are initial contacts
    usual_contact_sd, usual_step_sd = _usual(contact_time_sd_s), _usual(step_time_sd)
    force = peak_vertical_force(
        contact_time_s,
        step_time_s - contact_time_s,
        usual_contact_sd,
        usual_step_sd,
        settings.force,
    )
    own = np.hypot(
        _beyond(contact_time_sd_s, usual_contact_sd) / contact_time_s,
        _beyond(step_time_sd, usual_step_sd) / step_time_s,
    )
    load = tissue_load(
        force.peak_vgrf_bw,
        np.hypot(force.step_sd_bw, own * force.peak_vgrf_bw),
        force.shared_sd_bw,
        contact_time_s,
        settings=settings.tissue,
    )
    noise = np.zeros((contact_time_s.size, len(TISSUES)))
    by_time = [TISSUES.index("tibia"), TISSUES.index("achilles")]  # the knee takes no force
    noise[:, by_time] = np.hypot(force.noise_sd_bw / force.peak_vgrf_bw, own)[:, None]
    scale = total_fraction / (load.sd_bw / load.peak_force_bw)
    return StepErrors(
        noise=noise * scale,
        step=load.step_sd_bw / load.peak_force_bw * scale,
        shared=load.shared_sd_bw / load.peak_force_bw * scale,
    )


def _usual(sd: FloatArray) -> FloatArray:
    """Return each error, but none above the median of the steps."""
    known = sd[np.isfinite(sd)]
    return np.minimum(sd, np.median(known)) if known.size else sd


def _beyond(sd: FloatArray, usual: FloatArray) -> FloatArray:
    """Return what an error has beyond its usual part."""
    return np.asarray(np.sqrt(np.maximum(sd**2 - usual**2, 0.0)), np.float64)
