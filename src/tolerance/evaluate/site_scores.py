"""Two sensors on one runner, second by second: the same running, the same step rate.

Where nobody measured the truth, two sites that share no method are the next best. Their clocks may
drift by more than a step, so seconds and step rates are compared and step times never.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadcore.constants import RECORDING_SITES
from tolerance.evaluate.contact_scores import inside_any
from tolerance.evaluate.score_tables import Scores, count_rows, quantity_rows, row_labels

__all__ = ["score_between_sites"]

type FloatArray = NDArray[np.float64]

WINDOW_S: Final = 10.0
"""Step rate of a second: over the steps of so many seconds around it."""
MIN_STEPS: Final = 4


def score_between_sites(
    evaluation: str,
    recordings: pd.DataFrame,
    bouts: Mapping[str, pd.DataFrame],
    steps: Mapping[str, pd.DataFrame],
    conditions: Mapping[str, pd.DataFrame],
) -> Iterator[Scores]:
    """Compare every recording with the session's best one at another site.

    Event ``running_second_between_sites``: seconds that are running here (n_reference), at the
    other site (n_found), at both. Quantity ``cadence_between_sites``: step rate here less that of
    the other site, in seconds that both call running.

    Parameters
    ----------
    recordings : DataFrame
        Table ``recordings`` of a dataset.
    bouts, steps, conditions : mapping
        Tables of these names by recording.
    """
    by_preference = recordings.assign(_order=recordings["sensor_site"].map(RECORDING_SITES.index))
    for _, session in by_preference.groupby(["runner_id", "session_id"], sort=True):
        known = session[session["recording_id"].isin(list(bouts))].sort_values(
            ["_order", "recording_id"]
        )
        for _, here in known.iterrows():
            elsewhere = known[known["sensor_site"] != here["sensor_site"]]
            if len(elsewhere):
                yield _compare(evaluation, here, elsewhere.iloc[0], bouts, steps, conditions)


def _compare(
    evaluation: str,
    here: "pd.Series[str]",
    there: "pd.Series[str]",
    bouts: Mapping[str, pd.DataFrame],
    steps: Mapping[str, pd.DataFrame],
    conditions: Mapping[str, pd.DataFrame],
) -> Scores:
    ids = [str(recording["recording_id"]) for recording in (here, there)]
    end_s = min(float(bouts[name]["stop_s"].max()) for name in ids)
    middle_s = np.arange(max(np.floor(end_s), 0.0)) + 0.5
    running = [
        inside_any(middle_s, rows[rows["activity"] == "running"])
        for rows in (bouts[name] for name in ids)
    ]
    both = running[0] & running[1]
    n_here, n_there, n_both = (int(marked.sum()) for marked in (*running, both))
    rate = [_step_rate_spm(steps.get(name), middle_s) for name in ids]
    error = np.where(both, rate[0] - rate[1], np.nan)
    stated = conditions.get(ids[0])
    if stated is None:
        stated = pd.DataFrame(columns=["start_s", "stop_s", "speed_mps", "grade_deg"])
    labels = row_labels(evaluation, here, stated, middle_s, np.arange(middle_s.size))
    rows = quantity_rows("cadence_between_sites", labels, rate[1], error)
    counted = {"running_second_between_sites": (n_here, n_there, n_both)}
    return Scores(rows, count_rows(evaluation, here, counted))


def _step_rate_spm(steps: pd.DataFrame | None, middle_s: FloatArray) -> FloatArray:
    """Return the mean step rate around each second; NaN with fewer than `MIN_STEPS` steps.

    Over an even number of steps: beside the middle of the body, left and right steps differ.
    """
    rate = np.full(middle_s.size, np.nan)
    if steps is None:
        return rate
    counted = steps[steps["is_valid"]].sort_values("initial_contact_s")
    begin_s, time_s = counted["initial_contact_s"].to_numpy(), counted["step_time_s"].to_numpy()
    first = np.searchsorted(begin_s, middle_s - WINDOW_S / 2.0)
    last = np.searchsorted(begin_s, middle_s + WINDOW_S / 2.0)
    for i in np.flatnonzero(last - first >= MIN_STEPS):
        whole = first[i] + 2 * ((last[i] - first[i]) // 2)
        rate[i] = 60.0 / np.mean(time_s[first[i] : whole])
    return rate
