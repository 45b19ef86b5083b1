"""Steps and a reference in, one row per step and tissue out: the ``step_loads`` table."""

import numpy as np
import pandas as pd

from loadcore.constants import TISSUES
from loadcore.damage import (
    LOAD_EXPONENT,
    noise_inflation,
    power_relative_sd,
    shrink_to_session,
    step_damage,
)
from loadcore.recording import Steps
from loadcore.tissue import refuse_beyond_physiology
from tolerance.exposure.reference import Reference
from tolerance.exposure.settings import ExposureSettings
from tolerance.exposure.step_errors import step_errors
from tolerance.schemas import conform

__all__ = ["step_loads"]


def step_loads(
    recording_id: str, steps: Steps, reference: Reference, settings: ExposureSettings
) -> pd.DataFrame:
    """Count each step's load and damage in reference runs.

    A step at the reference force is ``1 / steps_per_side`` rr for its leg, whatever the exponent.

    Parameters
    ----------
    recording_id : str
        Recording of the steps; ``step_id`` is the position in `steps`.
    steps : loadcore.recording.Steps
        Rejected steps keep their row; their load is NaN.
    reference : Reference
        Of the same runner. Without one (source ``"none"``) load and damage are NaN.
    settings : ExposureSettings

    Returns
    -------
    pandas.DataFrame
        Table ``step_loads``, steps in order, tissues as ``constants.TISSUES`` within a step. Forces
        are as measured; load and damage are those of the force that is believed once all steps of
        the recording were seen (`loadcore.damage.shrink_to_session`), so that noise does not
        inflate the power. ``damage_sd_rr`` holds all errors of that force relative to the
        reference, as a lognormal, ``step_sd_frac`` the part of them that is the step's own.

    Raises
    ------
    ValueError
        For forces beyond physiology, absolutely or against the reference.
    """
    n_steps, n_tissues = len(steps), len(TISSUES)
    peak = steps.tissue_peak_force_bw
    refuse_beyond_physiology(peak)
    errors = step_errors(
        steps.contact_time_s,
        steps.contact_time_sd_s,
        steps.step_time_s,
        steps.initial_contact_sd_s,
        steps.tissue_peak_force_sd_bw / peak,
        settings,
    )
    shared = reference.relative_shared_fraction(errors.shared, recording_id, settings)
    relative = np.where((steps.reject_reason == 0)[:, None], peak / reference.peak_force_bw, np.nan)
    load = np.empty((n_steps, n_tissues))
    damage, damage_sd, step_fraction = (np.empty((n_steps, n_tissues)) for _ in range(3))
    for i, exponent in enumerate(settings.fatigue_exponents):
        step_damage(relative[:, i], LOAD_EXPONENT)  # refuses what is beyond physiology
        force, noise = shrink_to_session(relative[:, i], errors.noise[:, i])
        of_model = np.maximum(errors.step[:, i] ** 2 - errors.noise[:, i] ** 2, 0.0)
        step_fraction[:, i] = np.sqrt(of_model + noise**2)
        total = np.sqrt((1.0 + step_fraction[:, i] ** 2) * (1.0 + shared[:, i] ** 2) - 1.0)
        load[:, i] = force / reference.steps_per_side
        damage[:, i] = force**exponent * noise_inflation(noise, exponent) / reference.steps_per_side
        damage_sd[:, i] = damage[:, i] * power_relative_sd(total, exponent)
    return conform(
        "step_loads",
        pd.DataFrame(
            {
                "recording_id": pd.Series([recording_id] * (n_steps * n_tissues), dtype="str"),
                "step_id": np.repeat(np.arange(n_steps), n_tissues),
                "tissue": pd.Series(list(TISSUES) * n_steps, dtype="str"),
                "peak_force_bw": peak.ravel(),
                "peak_force_sd_bw": steps.tissue_peak_force_sd_bw.ravel(),
                "impulse_bws": steps.tissue_impulse_bws.ravel(),
                "load_rr": load.ravel(),
                "damage_rr": damage.ravel(),
                "damage_sd_rr": damage_sd.ravel(),
                "step_sd_frac": step_fraction.ravel(),
            }
        ),
    )
