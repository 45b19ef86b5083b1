"""Session intervals hold the true load and damage when times err together and apart (simulated)."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from loadcore.constants import TISSUES
from loadcore.damage import lognormal_interval
from loadcore.force import ForceSettings, peak_vertical_force
from loadcore.tissue import TissueSettings, tissue_load
from tolerance.exposure.reference import choose_reference
from tolerance.exposure.sessions import aggregate_sessions
from tolerance.exposure.settings import ExposureSettings
from tolerance.exposure.step_loads import step_loads

N_RUNNERS, N_STEPS = 150, 120
TIMING_SD_S, SHARED = 0.008, 0.5
ACHILLES = TISSUES.index("achilles")
SETTINGS = ExposureSettings(
    reference_error_correlation=0.0,  # the simulated sessions have nothing in common
    force=ForceSettings(
        shape_step_sd_fraction=0.0,
        shape_shared_sd_fraction=0.0,
        timing_shared_variance_fraction=SHARED,
    ),
    tissue=replace(
        TissueSettings(),
        model_step_sd_fraction=np.full(3, 1e-9),
        model_session_sd_fraction=np.full(3, 1e-9),
    ),
)


def _measured(steps, true_contact_s, rng):
    """Return the steps as seen with an error per session and one per step."""
    error = rng.normal(0, TIMING_SD_S * np.sqrt(SHARED))
    error = error + rng.normal(0, TIMING_SD_S * np.sqrt(1 - SHARED), true_contact_s.size)
    contact = true_contact_s + error
    force = peak_vertical_force(
        contact, steps.step_time_s - contact, TIMING_SD_S, 0.0, SETTINGS.force
    )
    load = tissue_load(
        force.peak_vgrf_bw, force.step_sd_bw, force.shared_sd_bw, contact, settings=SETTINGS.tissue
    )
    return replace(
        steps,
        contact_time_s=contact,
        contact_time_sd_s=np.full(contact.size, TIMING_SD_S),
        initial_contact_sd_s=np.zeros(contact.size),
        tissue_peak_force_bw=load.peak_force_bw,
        tissue_peak_force_sd_bw=load.sd_bw,
    )


@pytest.fixture
def simulated(cohort, steps_of):
    """Return session loads of the Achilles tendon and their true load and damage."""
    rng = np.random.default_rng(11)
    cohort.settings = SETTINGS
    exponent = SETTINGS.fatigue_exponents[ACHILLES]
    truth, tables = [], []
    for runner in range(N_RUNNERS):
        usual = rng.normal(0.26, 0.004, N_STEPS)
        quick = rng.normal(0.245, 0.006, N_STEPS)
        easy, session = steps_of(usual), steps_of(quick)
        relative = session.tissue_peak_force_bw[:, ACHILLES] / np.median(
            easy.tissue_peak_force_bw[:, ACHILLES]
        )
        reference = choose_reference({"easy": _measured(easy, usual, rng)}, SETTINGS)
        name = f"rec{runner:03d}"
        seen = _measured(session, quick, rng)
        cohort.add(name, seen, runner=f"runner{runner:03d}")
        cohort.reference = reference
        tables.append(step_loads(name, seen, reference, SETTINGS))
        truth.append([sum(relative**b) / reference.steps_per_side for b in (1.0, exponent)])
    recordings, steps, _, bouts = cohort.tables()
    all_loads = pd.concat(tables, ignore_index=True)
    _, loads = aggregate_sessions(recordings, steps, all_loads, bouts, SETTINGS)
    rows = loads[(loads["tissue"] == "achilles") & (loads["side"] == "left")]
    return rows.sort_values("runner_id"), np.array(truth)


def test_ninety_percent_intervals_cover(simulated):
    rows, truth = simulated
    for column, name in enumerate(("load", "damage")):
        low, high = lognormal_interval(rows[f"{name}_rr"], rows[f"{name}_sd_rr"])
        inside = np.mean((low <= truth[:, column]) & (truth[:, column] <= high))
        # 150 sessions: the standard error of a coverage of 0.90 is 0.024
        assert 0.84 < inside < 0.96, name


def test_damage_has_no_bias_once_noise_is_corrected(simulated):
    rows, truth = simulated
    log_error = np.log(rows["damage_rr"].to_numpy() / truth[:, 1])
    assert abs(np.mean(log_error)) < 4 * np.std(log_error) / np.sqrt(N_RUNNERS)
    assert np.std(log_error) > 0.2  # shared errors are there and are not averaged away
