"""Achilles tendon force against the ankle moment that inverse dynamics measured."""

import numpy as np
import pandas as pd

from loadcore.constants import STANDARD_GRAVITY_MPS2
from tolerance.evaluate.events import match_events
from tolerance.evaluate.score_tables import Scores, quantity_rows, row_labels

__all__ = ["ANKLE", "score_achilles"]

ANKLE = "ankle_angle_r"
"""Joint of table ``joints`` whose moment the tendon carries; a right leg."""


def score_achilles(
    evaluation: str,
    recording: "pd.Series[str]",
    steps: pd.DataFrame,
    step_loads: pd.DataFrame,
    contacts: pd.DataFrame,
    joints: pd.DataFrame,
    conditions: pd.DataFrame,
    tolerance_s: float,
    lever_m: float,
) -> Scores:
    """Score the tendon's peak force of each contact, as a share of the measured one.

    The measured force is the greatest plantarflexion moment of the contact over the tendon's
    lever: the lever is the estimator's own, so that the comparison tests force and centre of
    pressure, not anatomy.

    Parameters
    ----------
    recording : Series
        Row of table ``recordings``.
    steps, step_loads : DataFrame
        Tables of these names of the recording.
    contacts, joints, conditions : DataFrame
        Reference tables of the recording.
    tolerance_s : float
        Largest distance of two initial contacts that are the same.
    lever_m : float
        Of the tendon about the ankle.
    """
    ankle = joints[joints["joint"] == ANKLE]
    tendon = step_loads[step_loads["tissue"] == "achilles"]
    ours = steps[steps["is_valid"]].merge(
        tendon[["step_id", "peak_force_bw", "peak_force_sd_bw"]], on="step_id"
    )
    right = contacts[contacts["is_complete"]].reset_index(drop=True)
    match = match_events(
        ours["initial_contact_s"].to_numpy(), right["initial_contact_s"].to_numpy(), tolerance_s
    )
    time_s = ankle["time_s"].to_numpy()
    moment_nmpkg = np.abs(ankle["moment_nmpkg"].to_numpy())
    begin, end = (
        np.searchsorted(time_s, right[f"{event}_contact_s"].to_numpy()[match.reference])
        for event in ("initial", "terminal")
    )
    peak_nmpkg = np.array(
        [moment_nmpkg[i:j].max() for i, j in zip(begin, end, strict=True)], np.float64
    )
    measured_bw = peak_nmpkg / (STANDARD_GRAVITY_MPS2 * lever_m)
    estimate = ours.iloc[match.detected]
    labels = row_labels(
        evaluation,
        recording,
        conditions,
        right["initial_contact_s"].to_numpy()[match.reference],
        match.reference,
    )
    return Scores(
        quantity_rows(
            "achilles_force",
            labels,
            np.full(measured_bw.size, np.nan),  # the error is a share, of no unit of the truth
            estimate["peak_force_bw"].to_numpy() / measured_bw - 1.0,
            estimate["peak_force_sd_bw"].to_numpy() / measured_bw,
        ),
        pd.DataFrame(),
    )
