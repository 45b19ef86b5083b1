"""Steps as a treadmill's force shows them: the truth that load against speed is learned from."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadcore.filters import lowpass
from tolerance.exposure.load_speed import RESPONSES

__all__ = ["PEAK_CUTOFF_HZ", "reference_steps"]

PEAK_CUTOFF_HZ: Final = 50.0
"""The peak is read after this low-pass: belts and plates ring above it, by 0.04 BW on average in
rbds_fukuchi2017, the force of running has next to nothing there. Engineering choice."""

LONGEST_STEP_S: Final = 0.5
"""A contact that follows later follows one that was not complete."""


def reference_steps(
    contacts: pd.DataFrame, vgrf_bw: NDArray[np.float64], force_rate_hz: float, grade_deg: float
) -> pd.DataFrame:
    """Return one row a complete contact that another one follows.

    Over whole steps the mean force across a level belt is one body weight, whatever the scale of
    plate and balance: rbds_fukuchi2017 reads 2.4 % too little. So the force is divided by its mean,
    and on a slope multiplied by the cosine that the belt's normal leaves of gravity.

    Parameters
    ----------
    contacts : DataFrame
        Reference table ``contacts`` of one trial, both feet.
    vgrf_bw : (n_samples,) float64 array
        Force of that trial, both feet, in body weights; a missing sample counts as flight.
    force_rate_hz : float
        Samples a second; the first one is at 0 s.
    grade_deg : float
        Slope.

    Returns
    -------
    DataFrame
        side, initial_contact_s, and the `RESPONSES` of ``exposure.load_speed``; no rows where
        nothing is complete.
    """
    ordered = contacts.sort_values("initial_contact_s", ignore_index=True)
    start_s = ordered["initial_contact_s"].to_numpy(np.float64)
    stop_s = ordered["terminal_contact_s"].to_numpy(np.float64)
    step_s = np.append(np.diff(start_s), np.nan)[: start_s.size]
    complete = ordered["is_complete"].to_numpy(np.bool_) & np.isfinite(start_s + stop_s)
    rows = np.flatnonzero(complete & (step_s <= LONGEST_STEP_S))
    if not rows.size:
        numbers = ("initial_contact_s", *RESPONSES)
        return pd.DataFrame({"side": [], **{name: np.empty(0) for name in numbers}})
    force = np.nan_to_num(vgrf_bw)
    first, last = start_s[rows[0]], start_s[rows[-1]] + step_s[rows[-1]]
    mean_bw = force[round(first * force_rate_hz) : round(last * force_rate_hz)].mean()
    scale = np.cos(np.deg2rad(grade_deg)) / mean_bw
    smooth = lowpass(force, PEAK_CUTOFF_HZ, force_rate_hz) * scale
    peak = [
        smooth[int(start_s[i] * force_rate_hz) : int(stop_s[i] * force_rate_hz) + 2].max()
        for i in rows
    ]
    return pd.DataFrame(
        {
            "side": ordered["side"].to_numpy()[rows],
            "initial_contact_s": start_s[rows],
            "step_frequency_hz": 1.0 / step_s[rows],
            "contact_time_s": (stop_s - start_s)[rows],
            "peak_vgrf_bw": np.array(peak, np.float64),
        }
    )
