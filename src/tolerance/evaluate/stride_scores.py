"""Strides of a foot sensor against measured strides: length, speed, begin and distance."""

from typing import Final

import numpy as np
import pandas as pd

from tolerance.evaluate.contact_scores import inside_any
from tolerance.evaluate.events import match_events
from tolerance.evaluate.score_tables import Scores, count_rows, quantity_rows, row_labels

__all__ = ["score_distance", "score_strides"]

MAX_STRETCH: Final = 0.25
"""Two strides that are the same differ in duration by no more than this part of it. Engineering
choice: well below one half, so that neither two strides in one nor half a stride fits."""


def score_strides(
    evaluation: str,
    recording: "pd.Series[str]",
    found: pd.DataFrame,
    reference: pd.DataFrame,
    conditions: pd.DataFrame,
    excluded: pd.DataFrame,
    tolerance_frac: float,
) -> Scores:
    """Score one recording's strides.

    A stride is found where its begin and its duration both fit: two strides taken for one are two
    misses and a false stride, not a length error. All strides count towards misses and false
    strides; lengths and speeds are scored for running and, under names of their own, for walking.
    Strides on the border of any definition are in neither.

    Parameters
    ----------
    evaluation : str
        ``new_runner`` or ``personal``.
    recording : Series
        Row of table ``recordings``.
    found : DataFrame
        Table ``foot_strides`` of the recording. A piece without a length is not a stride.
    reference, conditions, excluded : DataFrame
        Reference tables ``strides``, ``conditions`` and ``excluded`` of the recording.
    tolerance_frac : float
        Largest distance of the begins of two strides that are the same, as a part of the real
        one's duration; their durations differ by no more than `MAX_STRETCH`.
    """
    found = found[found["stride_length_m"].notna()].reset_index(drop=True)
    begin_s, true_begin_s = found["start_s"].to_numpy(), reference["start_s"].to_numpy()
    duration_s = (reference["stop_s"] - reference["start_s"]).to_numpy()
    far_s = tolerance_frac * duration_s.max()
    match = match_events(begin_s, true_begin_s, far_s)
    # Where a stride begins is a convention, which shifts all strides of a recording alike. It must
    # not make misses; how large it is, ``stride_start`` says.
    if match.detected.size:
        convention_s = np.median(begin_s[match.detected] - true_begin_s[match.reference])
        begin_s = begin_s - convention_s
        match = match_events(begin_s, true_begin_s, far_s)
    ours_s = (found["stride_length_m"] / found["speed_mps"]).to_numpy()[match.detected]
    true_s = duration_s[match.reference]
    shift_s = np.abs(begin_s[match.detected] - true_begin_s[match.reference])
    fits = (shift_s <= tolerance_frac * true_s) & (np.abs(ours_s - true_s) <= MAX_STRETCH * true_s)
    estimate = found.iloc[match.detected[fits]].reset_index(drop=True)
    truth = reference.iloc[match.reference[fits]].reset_index(drop=True)
    rows = []
    for activity, prefix in (("running", ""), ("walking", "walking_")):
        these = (truth["activity"] == activity).to_numpy()
        ours, true = estimate[these], truth[these]
        labels = row_labels(
            evaluation,
            recording,
            conditions,
            true["start_s"].to_numpy(),
            match.reference[fits][these],
        )
        for quantity, column, sd_column in (
            ("stride_length", "stride_length_m", "stride_length_sd_m"),
            ("stride_speed", "speed_mps", "speed_sd_mps"),
        ):
            known = true[column].to_numpy()
            error = ours[column].to_numpy() - known
            rows.append(
                quantity_rows(
                    f"{prefix}{quantity}", labels, known, error, ours[sd_column].to_numpy()
                )
            )
        begin_error_s = ours["start_s"].to_numpy() - true["start_s"].to_numpy()
        unknown = np.full(begin_error_s.size, np.nan)
        rows.append(quantity_rows(f"{prefix}stride_start", labels, unknown, begin_error_s))
    centre_s = (found["start_s"] + found["stop_s"]).to_numpy() / 2.0
    not_judged = inside_any(centre_s, excluded)
    not_judged[match.detected[fits]] = False
    counted = (len(reference), int((~not_judged).sum()), int(fits.sum()))
    return Scores(
        pd.concat(rows, ignore_index=True), count_rows(evaluation, recording, {"stride": counted})
    )


def score_distance(
    evaluation: str,
    recording: "pd.Series[str]",
    found: pd.DataFrame,
    conditions: pd.DataFrame,
) -> Scores:
    """Score the distance of each stretch whose length is known: the sum of its strides."""
    known = conditions[conditions["distance_m"].notna()].reset_index(drop=True)
    centre_s = (found["start_s"] + found["stop_s"]).to_numpy() / 2.0
    ours_m = np.array(
        [
            found.loc[(centre_s >= start) & (centre_s < stop), "stride_length_m"].sum()
            for start, stop in zip(known["start_s"], known["stop_s"], strict=True)
        ],
        dtype=np.float64,
    )
    true_m = known["distance_m"].to_numpy()
    labels = row_labels(
        evaluation, recording, conditions, known["start_s"].to_numpy(), np.arange(len(known))
    )
    return Scores(quantity_rows("distance", labels, true_m, ours_m - true_m), pd.DataFrame())
