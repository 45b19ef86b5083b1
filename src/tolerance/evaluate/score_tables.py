"""Long tables of scores: one row a scored quantity of one event, one row a count of events.

Every reference, sensor and evaluation ends in these two tables, so that one summary serves all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadcore.constants import TRUNK_SITES
from tolerance.schemas import conform, empty_table

__all__ = [
    "NEW_RUNNER",
    "PERSONAL",
    "Scores",
    "condition_at",
    "count_rows",
    "gather",
    "quantity_rows",
    "row_labels",
    "scores_both_feet",
    "sees_both_feet",
    "with_constant_baseline",
]

NEW_RUNNER: Final = "new_runner"
"""Nothing of the runner was used."""
PERSONAL: Final = "personal"
"""Learned or calibrated on the same runner, other trials."""

MIN_RUNNERS_FOR_GROUPS: Final = 3
"""From three runners on, a constant is learned on the other runners; below, on other conditions."""


@dataclass(frozen=True)
class Scores:
    """What was scored.

    Attributes
    ----------
    scores, detections : DataFrame
        Tables of these names.
    """

    scores: pd.DataFrame
    detections: pd.DataFrame


def gather(parts: Iterable[Scores]) -> Scores:
    """Put the tables of several recordings or evaluations below each other."""
    listed = list(parts)
    return Scores(
        conform(
            "scores",
            pd.concat(
                [empty_table("scores"), *(part.scores for part in listed if len(part.scores))],
                ignore_index=True,
            ),
        ),
        conform(
            "detections",
            pd.concat(
                [
                    empty_table("detections"),
                    *(part.detections for part in listed if len(part.detections)),
                ],
                ignore_index=True,
            ),
        ),
    )


def sees_both_feet(recording: "pd.Series[str]") -> bool:
    """Tell whether a recording's sensor meets the contacts of either foot."""
    return recording["sensor_site"] in TRUNK_SITES


def scores_both_feet(recording: "pd.Series[str]", contacts: pd.DataFrame) -> bool:
    """Tell whether sensor and reference both have the contacts of either foot.

    Contacts that are all of one known side are those of one foot, and say nothing of the other.
    """
    sides = set(contacts["side"])
    return sees_both_feet(recording) and (len(sides) > 1 or "unknown" in sides)


def row_labels(
    evaluation: str,
    recording: "pd.Series[str]",
    conditions: pd.DataFrame,
    time_s: NDArray[np.float64],
    item_id: NDArray[np.int64],
) -> dict[str, Any]:
    """Return what names the rows of one recording: who, where, under which condition.

    Parameters
    ----------
    evaluation : str
        ``new_runner`` or ``personal``.
    recording : Series
        Row of table ``recordings``.
    conditions : DataFrame
        Table ``conditions`` of the recording.
    time_s : (n,) float64 array
        When the events were.
    item_id : (n,) int64 array
        Numbers of the events in the reference.
    """
    names, grade = condition_at(conditions, time_s, str(recording["recording_id"]))
    return {
        "evaluation": evaluation,
        "recording_id": recording["recording_id"],
        "runner_id": recording["runner_id"],
        "sensor_site": recording["sensor_site"],
        "condition": names,
        "grade_deg": grade,
        "item_id": item_id,
    }


def quantity_rows(
    quantity: str,
    labels: Mapping[str, Any],
    reference: NDArray[np.float64],
    error: NDArray[np.float64],
    error_sd: NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """Build rows of ``scores`` for one quantity; items with a NaN error are not scored.

    Parameters
    ----------
    quantity : str
        What is scored.
    labels : mapping
        Values, or arrays of them, as :func:`row_labels` gives them.
    reference, error : (n,) float64 array
        True value, and estimate minus truth.
    error_sd : (n,) float64 array, optional
        Standard deviation of the error that the estimate came with.
    """
    n = error.size
    frame = pd.DataFrame(
        {
            **{name: np.full(n, value) if np.ndim(value) == 0 else value
               for name, value in labels.items()},
            "quantity": np.full(n, quantity),
            "reference_value": reference,
            "error": error,
            "error_sd": np.full(n, np.nan) if error_sd is None else error_sd,
            "baseline_error": np.full(n, np.nan),
        }
    )  # fmt: skip
    return frame[np.isfinite(error)].reset_index(drop=True)


def count_rows(
    evaluation: str, recording: "pd.Series[str]", counted: dict[str, tuple[int, int, int]]
) -> pd.DataFrame:
    """Build rows of ``detections`` from (in the reference, found, both) by event."""
    return pd.DataFrame(
        [
            {
                "evaluation": evaluation,
                "event": event,
                "recording_id": recording["recording_id"],
                "runner_id": recording["runner_id"],
                "sensor_site": recording["sensor_site"],
                "n_reference": n_reference,
                "n_found": n_found,
                "n_paired": n_paired,
            }
            for event, (n_reference, n_found, n_paired) in counted.items()
        ]
    )


def condition_at(
    conditions: pd.DataFrame, time_s: NDArray[np.float64], otherwise: str
) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Name the condition at each time, and its slope.

    Parameters
    ----------
    conditions : DataFrame
        Table ``conditions`` of one recording.
    time_s : (n,) float64 array
    otherwise : str
        Name where no speed is stated: a recording is then its own condition.

    Returns
    -------
    names : (n,) object array
        Such as ``"3.33 m/s, -5°"``.
    grade_deg : (n,) float64 array
        NaN where not stated.
    """
    names = np.full(time_s.size, otherwise, dtype=object)
    grade = np.full(time_s.size, np.nan)
    for row in conditions.to_dict("records"):
        inside = (time_s >= row["start_s"]) & (time_s < row["stop_s"])
        grade[inside] = row["grade_deg"]
        if np.isfinite(row["speed_mps"]):
            slope = f", {row['grade_deg']:+g}°" if np.isfinite(row["grade_deg"]) else ""
            names[inside] = f"{row['speed_mps']:.2f} m/s{slope}"
    return names, grade


def with_constant_baseline(scores: pd.DataFrame) -> pd.DataFrame:
    """Add the error of a constant: the mean true value of the other runners or conditions.

    Whoever always says the mean must be beaten. The constant never sees the group it is scored on:
    other runners where there are at least three, else other conditions. NaN where there is no
    other group.

    Parameters
    ----------
    scores : DataFrame
        Table ``scores`` of one dataset.
    """
    filled = scores.copy()
    for _, rows in scores.groupby(["evaluation", "quantity", "sensor_site"], sort=False):
        runners = rows["runner_id"]
        groups = runners if runners.nunique() >= MIN_RUNNERS_FOR_GROUPS else rows["condition"]
        value = rows["reference_value"]
        total, n = value.sum(), value.count()
        own_total = value.groupby(groups).transform("sum")
        own_n = value.groupby(groups).transform("count")
        others = (n - own_n).to_numpy(np.float64)
        constant = np.full(len(rows), np.nan)
        np.divide((total - own_total).to_numpy(), others, out=constant, where=others > 0)
        filled.loc[rows.index, "baseline_error"] = constant - value.to_numpy()
    return filled
