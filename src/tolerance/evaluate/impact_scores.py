"""Peak tibial acceleration of found steps against the reference's, of the same definition.

Both are the greatest axial specific force of the shank after contact behind a 60 Hz low-pass, so
that what is scored is what sampling, noise, mounting and the search for the peak cost.
"""

from typing import Final

import numpy as np
import pandas as pd

from tolerance.evaluate.events import match_events
from tolerance.evaluate.score_tables import Scores, quantity_rows, row_labels

__all__ = ["QUANTITY", "score_tibial_peaks"]

QUANTITY: Final = "peak_tibial_acc"
LEAST_RATE_HZ: Final = 500.0
"""Slower recordings read peaks low and are not scored (load.md A1, C1)."""


def score_tibial_peaks(
    evaluation: str,
    recording: "pd.Series[str]",
    steps: pd.DataFrame,
    reference: pd.DataFrame,
    conditions: pd.DataFrame,
    tolerance_s: float,
) -> Scores:
    """Score the peaks of one shank recording, as shares of the reference's.

    Parameters
    ----------
    evaluation : str
        ``new_runner`` or ``personal``.
    recording : Series
        Row of table ``recordings``.
    steps : DataFrame
        Table of this name; steps that do not count and censored peaks are not scored.
    reference, conditions : DataFrame
        Reference tables ``contacts`` and ``conditions`` of the recording.
    tolerance_s : float
        Largest distance of two initial contacts that are the same.

    Returns
    -------
    Scores
        Without rows below `LEAST_RATE_HZ`, for other sites, and without a reference of peaks.
    """
    is_scored = (
        recording["sensor_site"] == "shank"
        and float(recording["sampling_rate_hz"]) >= LEAST_RATE_HZ
        and "peak_tibial_acc_g" in reference
    )
    if not is_scored:
        return Scores(pd.DataFrame(), pd.DataFrame())
    found = steps[steps["is_valid"] & steps["peak_tibial_acc_g"].notna()]
    begin_s = reference["initial_contact_s"].to_numpy()
    match = match_events(found["initial_contact_s"].to_numpy(), begin_s, tolerance_s)
    true_g = reference["peak_tibial_acc_g"].to_numpy()[match.reference]
    labels = row_labels(
        evaluation, recording, conditions, begin_s[match.reference], match.reference
    )
    found_g = found["peak_tibial_acc_g"].to_numpy()[match.detected]
    share = np.divide(found_g, true_g, out=np.full(true_g.size, np.nan), where=true_g > 0.0)
    return Scores(quantity_rows(QUANTITY, labels, true_g, share - 1.0), pd.DataFrame())
