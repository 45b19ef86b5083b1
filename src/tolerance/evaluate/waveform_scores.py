"""Vertical force over time: what contact and flight times imply, against the measured force."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadcore.force import blended_force
from tolerance.evaluate.score_tables import Scores, quantity_rows, row_labels, scores_both_feet

__all__ = ["force_trace", "score_waveform"]

LONGEST_STEP_S: Final = 0.8
"""A longer time between two contacts is a pause, not a step: contact and flight of slow jogging
last under 0.5 s."""


def force_trace(
    found: pd.DataFrame, time_s: NDArray[np.float64], shape_factor: float
) -> NDArray[np.float64]:
    """Lay a stance force of closed impulse on the samples, one pulse a contact; 0 in flight.

    Parameters
    ----------
    found : DataFrame
        Contacts with initial_contact_s, contact_time_s and flight_time_s. Where flight time is not
        observed the force of that contact is NaN.
    time_s : (n_samples,) float64 array
        Increasing.
    shape_factor : float
        Peak over stance mean, see `loadcore.force.blended_force`.
    """
    trace_bw = np.zeros(time_s.size)
    columns = found[["initial_contact_s", "contact_time_s", "flight_time_s"]].to_numpy(np.float64)
    for begin_s, contact_s, flight_s in columns:
        first, last = np.searchsorted(time_s, (begin_s, begin_s + contact_s))
        at_s = time_s[first:last] - begin_s
        # Both feet on the ground add up.
        trace_bw[first:last] += blended_force(at_s, contact_s, flight_s, shape_factor)
    return trace_bw


def score_waveform(
    evaluation: str,
    recording: "pd.Series[str]",
    trace_bw: NDArray[np.float64],
    force: pd.DataFrame,
    contacts: pd.DataFrame,
    conditions: pd.DataFrame,
) -> Scores:
    """Score a predicted force, one row a reference contact: the RMS error over its step.

    A step lasts to the next initial contact for a trunk sensor; for a sensor on one leg, which
    says nothing about the other foot, to the end of the contact. A missed contact counts with its
    whole force as error; where the prediction is not observed nothing is scored.

    Parameters
    ----------
    trace_bw : (n_samples,) float64 array
        On the samples of `force`.
    force, contacts, conditions : DataFrame
        Reference tables of the recording.
    """
    ordered = contacts.sort_values("initial_contact_s")
    begin_s = ordered["initial_contact_s"].to_numpy()
    end_s = ordered["terminal_contact_s"].to_numpy().copy()
    if scores_both_feet(recording, contacts):
        follows = np.append(begin_s[1:], np.nan)
        adjacent = follows - begin_s < LONGEST_STEP_S
        end_s[adjacent] = follows[adjacent]
    time_s = force["time_s"].to_numpy()
    wrong_bw = trace_bw - force["vgrf_bw"].to_numpy()
    error_bw = np.full(begin_s.size, np.nan)
    for row in np.flatnonzero(ordered["is_complete"].to_numpy()):
        first, last = np.searchsorted(time_s, (begin_s[row], end_s[row]))
        if last > first:
            error_bw[row] = np.sqrt(np.mean(wrong_bw[first:last] ** 2))
    labels = row_labels(evaluation, recording, conditions, begin_s, ordered.index.to_numpy())
    return Scores(
        quantity_rows("force_waveform", labels, np.full(begin_s.size, np.nan), error_bw),
        pd.DataFrame(),
    )
