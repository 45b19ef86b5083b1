"""Running against everything else, second by second, and step rate, condition by condition."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tolerance.evaluate.contact_scores import inside_any
from tolerance.evaluate.score_tables import (
    Scores,
    count_rows,
    quantity_rows,
    row_labels,
    scores_both_feet,
)

__all__ = ["score_cadence", "score_running_seconds"]

NOT_RUNNING: Final = ("walking", "still")
MIN_INTERVALS: Final = 4
"""Fewer steps than this give no step rate. Engineering choice: a median of four shrugs off one."""


def score_running_seconds(
    evaluation: str,
    recording: "pd.Series[str]",
    bouts: pd.DataFrame,
    conditions: pd.DataFrame,
    strides: pd.DataFrame,
    excluded: pd.DataFrame,
) -> Scores:
    """Count seconds that are running by the reference, by us, and by both.

    Event ``running_second`` is every second whose middle the reference labels; what it cannot
    decide (activity unknown) is not running, since it asks for time *and* speed. Event
    ``running_second_interior`` is every second that lies, with one more second on either side,
    within one kind: running throughout, or walking, still or (stated) other throughout. Quantities
    ``running_begin`` and ``running_end``: where our first and last running within a stated run
    begins and ends, less where the run does; only in recordings that hold something else too.

    Parameters
    ----------
    bouts : DataFrame
        Table ``bouts`` of the recording.
    conditions, strides : DataFrame
        Reference tables. Conditions count if one of them has a known activity, else strides;
        a stride that is "other" is left out.
    excluded : DataFrame
        Stretches that the reference says nothing reliable about are not counted.
    """
    stated = conditions[conditions["activity"] != "unknown"]
    if len(stated):
        running = stated[stated["activity"] == "running"]
        idle = stated[stated["activity"] != "running"]
        border = conditions[conditions["activity"] == "unknown"].iloc[:0]
    else:
        running = strides[strides["activity"] == "running"]
        idle = strides[strides["activity"].isin(NOT_RUNNING)]
        border = strides[strides["activity"] == "unknown"]
    ends = [part["stop_s"].max() for part in (running, idle) if len(part)]
    if not ends:
        return Scores(pd.DataFrame(), pd.DataFrame())
    middle_s = np.arange(np.ceil(max(ends)), dtype=np.float64) + 0.5
    is_running, is_idle = inside_any(middle_s, running), inside_any(middle_s, idle)
    judged = ~inside_any(middle_s, excluded)
    is_running, is_idle = is_running & judged, is_idle & judged
    known = is_running | is_idle | (inside_any(middle_s, border) & judged)
    ours = inside_any(middle_s, bouts[bouts["activity"] == "running"])
    interior = _with_neighbours(is_running) | _with_neighbours(is_idle)
    counted = {}
    for event, these in (("running_second", known), ("running_second_interior", interior)):
        true, found = is_running & these, ours & these
        counted[event] = (int(true.sum()), int(found.sum()), int((true & found).sum()))
    bounds = _bounds(evaluation, recording, bouts, stated) if len(idle) else pd.DataFrame()
    return Scores(bounds, count_rows(evaluation, recording, counted))


def _bounds(
    evaluation: str, recording: "pd.Series[str]", bouts: pd.DataFrame, stated: pd.DataFrame
) -> pd.DataFrame:
    """Score begin and end of each stated run by the first and last running in it."""
    running = bouts[bouts["activity"] == "running"]
    runs = stated[stated["activity"] == "running"].reset_index(drop=True)
    bounds = np.full((len(runs), 2), np.nan)
    for row, (start, stop) in enumerate(zip(runs["start_s"], runs["stop_s"], strict=True)):
        inside = running[(running["start_s"] < stop) & (running["stop_s"] > start)]
        if len(inside):
            bounds[row] = inside["start_s"].min() - start, inside["stop_s"].max() - stop
    labels = row_labels(
        evaluation, recording, stated, runs["start_s"].to_numpy(), np.arange(len(runs))
    )
    nothing = np.full(len(runs), np.nan)
    return pd.concat(
        [
            quantity_rows("running_begin", labels, nothing, bounds[:, 0]),
            quantity_rows("running_end", labels, nothing, bounds[:, 1]),
        ],
        ignore_index=True,
    )


def _with_neighbours(marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the seconds whose neighbours on both sides are marked too."""
    padded = np.concatenate(([False], marked, [False]))
    kept: NDArray[np.bool_] = padded[:-2] & padded[1:-1] & padded[2:]
    return kept


def score_cadence(
    evaluation: str,
    recording: "pd.Series[str]",
    steps: pd.DataFrame,
    conditions: pd.DataFrame,
    contacts: pd.DataFrame,
    strides: pd.DataFrame,
) -> Scores:
    """Score the median step rate of each running condition, or of all running strides.

    Parameters
    ----------
    steps : DataFrame
        Table ``steps`` of the recording; steps that count are used.
    conditions, contacts, strides : DataFrame
        Reference tables. With contacts, each running condition is a row; else all running strides
        of the recording are one.
    """
    counted = steps[steps["is_valid"]]
    per_minute = 60.0 if scores_both_feet(recording, contacts) else 120.0
    stretches = conditions[conditions["activity"] == "running"]
    pairs, at_s = [], []
    if len(contacts):
        for start, stop in zip(stretches["start_s"], stretches["stop_s"], strict=True):
            begin_s = contacts["initial_contact_s"]
            inside = np.sort(begin_s[(begin_s >= start) & (begin_s < stop)].to_numpy())
            here = counted["initial_contact_s"].between(start, stop, inclusive="left")
            pairs.append((np.diff(inside) / per_minute, counted.loc[here, "step_time_s"]))
            at_s.append(start)
    elif len(strides):
        running = strides[strides["activity"] == "running"]
        here = pd.Series(inside_any(counted["initial_contact_s"].to_numpy(), running))
        times_s = counted["step_time_s"].reset_index(drop=True)[here]
        pairs.append((((running["stop_s"] - running["start_s"]) / 120.0).to_numpy(), times_s))
        at_s.append(0.0)
    rates = np.array(
        [
            (1.0 / np.median(true), 60.0 / ours.median())
            if true.size >= MIN_INTERVALS and len(ours) >= MIN_INTERVALS
            else (np.nan, np.nan)
            for true, ours in pairs
        ],
        dtype=np.float64,
    ).reshape(-1, 2)
    labels = row_labels(
        evaluation,
        recording,
        conditions,
        np.array(at_s, dtype=np.float64),
        np.arange(len(rates)),
    )
    return Scores(
        quantity_rows("cadence", labels, rates[:, 0], rates[:, 1] - rates[:, 0]), pd.DataFrame()
    )
