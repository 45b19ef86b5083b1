"""Steps from contacts that were predicted with their runner left out, and how good they are."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadcore.constants import SIDES
from loadcore.contacts import Contacts
from loadcore.force import ForceSettings, duty_factor, peak_vertical_force
from loadcore.steps import REJECT_REASONS, StepLimits, step_times
from tolerance.evaluate.agreement import Estimate, bias, cluster_interval, coverage, rmse, spread
from tolerance.schemas import conform, empty_table

__all__ = ["left_out_scores", "left_out_steps"]

NORMAL_90: Final = 1.645
"""Half width of a 90 % interval of a normal error, in standard deviations."""

SIGNIFICANT_DIGITS: Final = 4
"""Of a score that is kept with the coefficients: finer than its interval, coarser than what
processors differ by."""

Score = Callable[[NDArray[np.float64]], float]


def left_out_steps(
    predicted: pd.DataFrame, limits: StepLimits, force: ForceSettings
) -> pd.DataFrame:
    """Return predicted contacts as table ``steps``: times, force, and what is rejected.

    Parameters
    ----------
    predicted : DataFrame
        From ``shank_events.predict_left_out``, of one sensor; ``trial_id`` is the recording's id.
    limits, force
        Of the load core, as for every recording.

    Returns
    -------
    DataFrame
        Table ``steps``; speed, impact and stiffness are NaN. A step is half a stride, as for any
        sensor that sees one foot.
    """
    parts = [empty_table("steps")]
    for recording_id, rows in predicted.groupby("trial_id", sort=True):
        contacts = Contacts(
            rows["initial_contact_s"].to_numpy(),
            rows["terminal_contact_s"].to_numpy(),
            rows["initial_contact_sd_s"].to_numpy(),
            rows["terminal_contact_sd_s"].to_numpy(),
            rows["side"].to_numpy(np.int8),
            rows["confidence"].to_numpy(),
        )
        times = step_times(contacts, sees_both_feet=False, limits=limits)
        peak = peak_vertical_force(
            times.contact_time_s,
            times.flight_time_s,
            times.contact_time_sd_s,
            times.step_time_sd_s,
            force,
        )
        counts = times.reject_reason == 0
        frame = pd.DataFrame(
            {
                "recording_id": [str(recording_id)] * len(rows),
                "step_id": np.arange(len(rows)),
                "side": np.array(SIDES)[contacts.side],
                "initial_contact_s": contacts.initial_contact_s,
                "initial_contact_sd_s": contacts.initial_contact_sd_s,
                "terminal_contact_s": contacts.terminal_contact_s,
                "terminal_contact_sd_s": contacts.terminal_contact_sd_s,
                "contact_time_s": times.contact_time_s,
                "contact_time_sd_s": times.contact_time_sd_s,
                "flight_time_s": times.flight_time_s,
                "step_time_s": times.step_time_s,
                "duty_factor": duty_factor(times.contact_time_s, times.step_time_s),
                "confidence": contacts.confidence,
                "peak_vgrf_bw": np.where(counts, peak.peak_vgrf_bw, np.nan),
                "peak_vgrf_sd_bw": np.where(counts, peak.sd_bw, np.nan),
                "is_valid": counts,
                "reject_reason": np.array(REJECT_REASONS)[times.reject_reason],
            }
        )
        unknown = empty_table("steps").columns.difference(frame.columns)
        parts.append(conform("steps", frame.assign(**dict.fromkeys(unknown, np.nan))))
    return pd.concat(parts, ignore_index=True)


def left_out_scores(
    predicted: pd.DataFrame, n_reference: int, rng: np.random.Generator
) -> dict[str, Any]:
    """Score predicted contacts: what was missed or invented, and the errors of what was found.

    Parameters
    ----------
    predicted : DataFrame
        From ``shank_events.predict_left_out``, of one sensor.
    n_reference : int
        True contacts in the trials.
    rng : numpy.random.Generator
        For the intervals.

    Returns
    -------
    dict
        Counts, recall and precision; per event bias, SD and coverage of 90 % intervals; RMSE of
        contact time. Times in milliseconds, each with its 90 % interval over runners.
    """
    true = predicted["true_initial_contact_s"].notna()
    found = predicted[true]
    runner = found["runner_id"].to_numpy()
    scores: dict[str, Any] = {
        "n_reference": n_reference,
        "n_found": len(predicted),
        "n_paired": int(true.sum()),
        "n_runners": int(predicted["runner_id"].nunique()),
        "recall": _rounded(float(true.sum()) / n_reference),
        "precision": _rounded(float(true.mean())),
    }
    contact_error = np.zeros(len(found))
    for event, sign in (("initial", -1.0), ("terminal", 1.0)):
        error = (found[f"{event}_contact_s"] - found[f"true_{event}_contact_s"]).to_numpy()
        sd = found[f"{event}_contact_sd_s"].to_numpy()
        contact_error += sign * error
        inside = np.where(np.isfinite(error), np.abs(error) <= NORMAL_90 * sd, np.nan)
        scores[f"{event}_contact"] = {
            "bias_ms": _estimate(1e3 * error, runner, bias, rng),
            "sd_ms": _estimate(1e3 * error, runner, spread, rng),
            "coverage_90": _estimate(inside, runner, coverage, rng),
        }
    scores["contact_time"] = {"rmse_ms": _estimate(1e3 * contact_error, runner, rmse, rng)}
    return scores


def _estimate(
    values: NDArray[np.float64],
    runner: NDArray[Any],
    statistic: Score,
    rng: np.random.Generator,
) -> Mapping[str, float | int | None]:
    found: Estimate = cluster_interval(values, runner, statistic, rng)
    has_interval = np.isfinite(found.low)
    return {
        "value": _rounded(found.value),
        "low": _rounded(found.low) if has_interval else None,
        "high": _rounded(found.high) if has_interval else None,
        "n": found.n,
    }


def _rounded(value: float) -> float:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
