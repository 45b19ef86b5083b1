"""Found contacts against reference contacts: misses and false steps apart from errors.

A contact is found where the analysis counts the step, or rejects it only because no other contact
follows (the last of a run): its contact time stands. A real contact whose step is rejected for any
other reason is a miss.
"""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tolerance.evaluate.events import EventMatch, match_events
from tolerance.evaluate.score_tables import (
    Scores,
    count_rows,
    quantity_rows,
    row_labels,
    scores_both_feet,
    sees_both_feet,
)

__all__ = ["CONTACT_COLUMNS", "found_contacts", "inside_any", "score_contacts"]

LAST_OF_A_RUN: Final = "no following contact"

LONGEST_FLIGHT_S: Final = 0.5
"""Longer than this nobody flies: half a second is a jump of 31 cm."""

CONTACT_COLUMNS: Final = (
    "side",
    "initial_contact_s",
    "initial_contact_sd_s",
    "terminal_contact_s",
    "terminal_contact_sd_s",
    "contact_time_s",
    "contact_time_sd_s",
    "flight_time_s",
    "peak_vgrf_bw",
    "peak_vgrf_sd_bw",
)
"""Columns of table ``steps`` that are held against reference contacts."""


def found_contacts(steps: pd.DataFrame) -> pd.DataFrame:
    """Return the contacts of table ``steps`` that count as found, with `CONTACT_COLUMNS`."""
    found = steps["is_valid"] | (steps["reject_reason"] == LAST_OF_A_RUN)
    return steps.loc[found, list(CONTACT_COLUMNS)].reset_index(drop=True)


def inside_any(time_s: NDArray[np.float64], stretches: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which times lie in one of the half-open stretches (start_s, stop_s)."""
    inside = np.zeros(time_s.size, dtype=np.bool_)
    for start, stop in zip(stretches["start_s"], stretches["stop_s"], strict=True):
        inside |= (time_s >= start) & (time_s < stop)
    return inside


def score_contacts(
    evaluation: str,
    recording: "pd.Series[str]",
    found: pd.DataFrame,
    reference: pd.DataFrame,
    conditions: pd.DataFrame,
    excluded: pd.DataFrame,
    tolerance_s: float,
    suffix: str = "",
) -> Scores:
    """Score one recording's contacts.

    Parameters
    ----------
    evaluation : str
        ``new_runner`` or ``personal``.
    recording : Series
        Row of table ``recordings``.
    found : DataFrame
        `CONTACT_COLUMNS`; a row without initial contact is a false step at an unknown time.
    reference, conditions, excluded : DataFrame
        Reference tables ``contacts``, ``conditions`` and ``excluded`` of the recording. Incomplete
        contacts pair, so that nobody takes them for false, and are not scored.
    tolerance_s : float
        Largest distance of two initial contacts that are the same.
    suffix : str
        Appended to the quantity where the reference uses another threshold; then only contact time
        is scored and nothing is counted.
    """
    begin_s = reference["initial_contact_s"].to_numpy()
    match = match_events(found["initial_contact_s"].to_numpy(), begin_s, tolerance_s)
    complete = reference["is_complete"].to_numpy()
    scored = complete[match.reference]
    estimate = found.iloc[match.detected[scored]].reset_index(drop=True)
    truth = reference.iloc[match.reference[scored]].reset_index(drop=True)
    labels = row_labels(
        evaluation,
        recording,
        conditions,
        truth["initial_contact_s"].to_numpy(),
        match.reference[scored],
    )
    true_s = (truth["terminal_contact_s"] - truth["initial_contact_s"]).to_numpy()
    contact_time = quantity_rows(
        f"contact_time{suffix}",
        labels,
        true_s,
        estimate["contact_time_s"].to_numpy() - true_s,
        estimate["contact_time_sd_s"].to_numpy(),
    )
    if suffix:
        return Scores(contact_time, pd.DataFrame())
    rows = [contact_time]
    for quantity, column, sd_column in (
        ("initial_contact", "initial_contact_s", "initial_contact_sd_s"),
        ("terminal_contact", "terminal_contact_s", "terminal_contact_sd_s"),
        ("peak_force", "peak_vgrf_bw", "peak_vgrf_sd_bw"),
    ):
        known = truth[column].to_numpy()
        rows.append(
            quantity_rows(
                quantity,
                labels,
                known if quantity == "peak_force" else np.full(known.size, np.nan),
                estimate[column].to_numpy() - known,
                estimate[sd_column].to_numpy(),
            )
        )
    if scores_both_feet(recording, reference):
        flight_s = _flight_times(reference)[match.reference[scored]]
        rows.append(
            quantity_rows(
                "flight_time", labels, flight_s, estimate["flight_time_s"].to_numpy() - flight_s
            )
        )
    return Scores(
        pd.concat(rows, ignore_index=True),
        _counts(evaluation, recording, found, reference, excluded, match),
    )


def _flight_times(reference: pd.DataFrame) -> NDArray[np.float64]:
    """Return the time from the end of each contact to the next one of either foot; NaN without."""
    begin_s = reference["initial_contact_s"].to_numpy()
    order = np.argsort(begin_s, kind="stable")
    flight_s = np.full(begin_s.size, np.nan)
    end_s = reference["terminal_contact_s"].to_numpy()
    flight_s[order[:-1]] = begin_s[order[1:]] - end_s[order[:-1]]
    # The pause between two runs is no flight.
    flight_s[flight_s > LONGEST_FLIGHT_S] = np.nan
    return flight_s


def _counts(
    evaluation: str,
    recording: "pd.Series[str]",
    found: pd.DataFrame,
    reference: pd.DataFrame,
    excluded: pd.DataFrame,
    match: EventMatch,
) -> pd.DataFrame:
    """Count contacts, and for a trunk sensor whether the side is right."""
    complete = reference["is_complete"].to_numpy()
    hits = complete[match.reference]
    centre_s = (found["initial_contact_s"] + found["terminal_contact_s"]).to_numpy() / 2.0
    not_judged = inside_any(centre_s, excluded)
    not_judged[match.detected] = ~hits
    n_true, n_hits = int(complete.sum()), int(hits.sum())
    if sees_both_feet(recording) and not scores_both_feet(recording, reference):
        # What does not pair may be a contact of the other foot, so nothing is called false.
        counted = {"contact_of_one_foot": (n_true, n_hits, n_hits)}
    else:
        counted = {"contact": (n_true, int((~not_judged).sum()), n_hits)}
    true_side = reference["side"].to_numpy()[match.reference[hits]]
    found_side = found["side"].to_numpy()[match.detected[hits]]
    both = (true_side != "unknown") & (found_side != "unknown")
    if sees_both_feet(recording) and both.any():
        right = int((true_side == found_side)[both].sum())
        counted["side"] = (int((true_side != "unknown").sum()), int(both.sum()), right)
    return count_rows(evaluation, recording, counted)
