"""From scores to metrics: ``<dataset>.<new_runner|personal>.<metric>`` with what stands behind.

Beside the metrics of an evaluation stand, under ``details``, their 90 % intervals over runners (or
over conditions or trials, where there are fewer than three runners), n, percentiles, the error of
a constant, agreement, and the definitions that the numbers depend on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadcore.contacts_shank import EVENT_CUTOFF_HZ
from loadcore.contacts_trunk import LOADING_CUTOFF_HZ, UNLOADING_CUTOFF_HZ
from loadcore.trunk_waveform import WINDOW_CUTOFF_HZ
from tolerance.evaluate.agreement import Estimate, bias, cluster_interval, rmse, spread
from tolerance.evaluate.reference_contacts import CONTACT_THRESHOLD_BW
from tolerance.evaluate.repeatability import agreement
from tolerance.evaluate.score_tables import MIN_RUNNERS_FOR_GROUPS, PERSONAL

__all__ = ["MAIN_QUANTITIES", "UNITS", "clusters_of", "covered", "summarise", "summarise_dataset"]

Z90: Final = 1.645
"""Half-width of a 90 % interval in standard deviations."""
MIN_ROWS_PER_CONDITION: Final = 10
"""Fewer rows say nothing about how often an interval holds in one condition."""

UNITS: Final[Mapping[str, str]] = {
    "initial_contact": "s",
    "terminal_contact": "s",
    "contact_time": "s",
    "contact_time_at_20_n": "s",
    "contact_time_at_50_n": "s",
    "flight_time": "s",
    "peak_force": "bw",
    "force_waveform": "bw",
    "stride_start": "s",
    "stride_length": "m",
    "stride_speed": "mps",
    "walking_stride_start": "s",
    "walking_stride_length": "m",
    "walking_stride_speed": "mps",
    "distance": "m",
    "cadence": "spm",
    "cadence_between_sites": "spm",
    "running_begin": "s",
    "running_end": "s",
    "achilles_force": "frac",
    "session_load": "log",
    "session_damage": "log",
    "peak_tibial_acc": "frac",
}
"""Unit of each quantity, as in the names of metrics."""

STATISTICS: Final[Mapping[str, Callable[[NDArray[np.float64]], float]]] = {
    "bias": bias,
    "sd": spread,
    "rmse": rmse,
}
ALSO: Final = ("stride_start", "walking_stride_start", "cadence_between_sites")
"""Quantities whose mean absolute error is given too, because published ones are of that kind."""
ONLY: Final[Mapping[str, tuple[str, ...]]] = {"force_waveform": ("rmse",)}
"""A root mean square error of a waveform has no sign, hence no bias."""

MAIN_QUANTITIES: Final = ("contact_time", "peak_force", "stride_speed", "stride_length")
"""Agreement is reported for these. The first that a dataset has gives ``coverage90``."""

EVENTS: Final = ("contact", "contact_of_one_foot", "stride")
"""Events of ``recall`` and ``precision``: the first that the reference has. Where a trunk sensor
meets a reference of one foot nothing can be called false, and there is no precision."""

SECONDS_PER_MINUTE: Final = 60.0
STEEP_DOWN_DEG: Final = -9.5
"""Slopes below it are steeply down: 10 degrees, as far as there are data."""
FAST_RATE_HZ: Final = 200.0
"""Events are scored within recordings from this rate on: below, half a sample exceeds the 2 ms that
laboratory sensors reach (Falbriard 2018, doi:10.3389/fphys.2018.00610). Engineering choice."""
MAX_SESSIONS_SHOWN: Final = 4
"""Up to so many sessions (mountings of a sensor) stand apart; more are trials."""
LEVEL_DEG: Final = 0.5
"""Slopes below it are level."""


@dataclass
class _Summary:
    """Metrics of one evaluation and what stands behind them."""

    metrics: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, dict[str, float | int]] = field(default_factory=dict)
    baselines: dict[str, float] = field(default_factory=dict)
    percentiles: dict[str, dict[str, float]] = field(default_factory=dict)
    agreement: dict[str, dict[str, float | int]] = field(default_factory=dict)

    def add(self, name: str, estimate: Estimate) -> None:
        """Add a metric; one that cannot be computed is left out.

        Where no cluster has an error the resamples cannot differ: an interval without width would
        claim certainty, so there is none.
        """
        if np.isfinite(estimate.value):
            self.metrics[name] = estimate.value
            if estimate.low == estimate.high:
                estimate = replace(estimate, low=np.nan, high=np.nan)
            self.intervals[name] = _finite(
                low=estimate.low, high=estimate.high, n=estimate.n, n_clusters=estimate.n_clusters
            )

    def rename(self, old: str, new: str) -> None:
        """Give a metric and its interval another name, as far as they are there."""
        if old in self.metrics:
            self.metrics[new] = self.metrics.pop(old)
        if old in self.intervals:
            self.intervals[new] = self.intervals.pop(old)


def _finite(**values: float | int) -> dict[str, float | int]:
    return {name: value for name, value in values.items() if np.isfinite(value)}


def clusters_of(rows: pd.DataFrame) -> tuple[NDArray[np.object_], str]:
    """Return what each row is clustered by, and its name.

    The runner where there are at least three; else, all being of one or two people, the condition
    (or for counts, which have none, the trial).
    """
    if rows["runner_id"].nunique() >= MIN_RUNNERS_FOR_GROUPS:
        return rows["runner_id"].to_numpy(dtype=object), "runner"
    column = "condition" if "condition" in rows else "recording_id"
    return rows[column].to_numpy(dtype=object), column.removesuffix("_id")


def covered(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Tell whether each row's 90 % interval holds the truth: 1, 0, or NaN without an interval."""
    reach = Z90 * rows["error_sd"].to_numpy()
    inside = (np.abs(rows["error"].to_numpy()) <= reach).astype(np.float64)
    return np.where(np.isfinite(reach), inside, np.nan)


def summarise(
    scores: pd.DataFrame, detections: pd.DataFrame, rng: np.random.Generator
) -> dict[str, Any]:
    """Summarise one evaluation of one dataset, or a part of it such as one sensor site.

    Parameters
    ----------
    scores, detections : DataFrame
        Tables of these names.
    rng : numpy.random.Generator
        Source of the resamples behind the intervals.

    Returns
    -------
    dict
        Metrics by name; under ``details`` the rest. What cannot be computed is left out.
    """
    summary = _Summary()
    _add_counts(summary, detections, rng)
    for quantity in UNITS:
        rows = scores[scores["quantity"] == quantity]
        if len(rows):
            _add_quantity(summary, quantity, rows, rng)
    _add_extras(summary, scores, rng)
    main = next((name for name in MAIN_QUANTITIES if f"coverage90_{name}" in summary.metrics), "")
    if main:
        for suffix in ("", "_worst_condition"):
            summary.rename(f"coverage90_{main}{suffix}", f"coverage90{suffix}")
    runners = pd.concat([scores["runner_id"], detections["runner_id"]])
    return {
        **summary.metrics,
        "n_steps": _n_steps(scores, detections),
        "n_runners": int(runners.nunique()),
        "details": {
            "interval90": summary.intervals,
            "constant": summary.baselines,
            "percentiles": summary.percentiles,
            "agreement": summary.agreement,
            "interval_over": clusters_of(scores if len(scores) else detections)[1],
            **({"coverage90_is_of": main} if main else {}),
        },
    }


def _n_steps(scores: pd.DataFrame, detections: pd.DataFrame) -> int:
    """Return how many reference contacts, or strides, were looked for."""
    for event in EVENTS:
        n = int(detections.loc[detections["event"] == event, "n_reference"].sum())
        if n:
            return n
    return len(scores[["recording_id", "item_id"]].drop_duplicates())


def _add_counts(summary: _Summary, detections: pd.DataFrame, rng: np.random.Generator) -> None:
    """Add recall and precision of contacts or strides, side, and F1 of running seconds."""
    present = set(detections.loc[detections["n_reference"] > 0, "event"])
    counted = [event for event in EVENTS if event in present]
    for event in counted:
        name = "" if event == counted[0] else f"{event}_"
        rows = detections[detections["event"] == event]
        summary.add(f"{name}recall", _ratio(rows, "n_paired", ("n_reference",), rng))
        if event != "contact_of_one_foot":
            summary.add(f"{name}precision", _ratio(rows, "n_paired", ("n_found",), rng))
    for event, name in (
        ("running_second", "running_f1"),
        ("running_second_interior", "running_f1_interior"),
    ):
        if event in present:
            rows = detections[detections["event"] == event]
            summary.add(name, _ratio(rows, "n_paired", ("n_reference", "n_found"), rng))
    if "running_second_between_sites" in present:
        rows = detections[detections["event"] == "running_second_between_sites"]
        summary.add("running_agreement", _ratio(rows, "n_paired", ("n_reference", "n_found"), rng))
        summary.metrics["running_min"] = float(rows["n_reference"].sum()) / SECONDS_PER_MINUTE
    seconds = detections[detections["event"] == "running_second"]
    if len(seconds):
        wrong = int((seconds["n_found"] - seconds["n_paired"]).sum())
        summary.metrics["false_running_s"] = wrong
    if "side" in present:
        rows = detections[detections["event"] == "side"]
        summary.add("side_correct", _ratio(rows, "n_paired", ("n_found",), rng))


def _ratio(
    rows: pd.DataFrame, above: str, below: tuple[str, ...], rng: np.random.Generator
) -> Estimate:
    """Pooled ratio of counts (with two denominators, F1), its interval from whole clusters."""
    top = rows[above].to_numpy(np.float64) * len(below)
    bottom = rows[list(below)].to_numpy(np.float64).sum(axis=1)

    def pooled(row_numbers: NDArray[np.float64]) -> float:
        chosen = row_numbers.astype(np.int64)
        total = bottom[chosen].sum()
        return float(top[chosen].sum() / total) if total else float("nan")

    found = cluster_interval(np.arange(len(rows), dtype=np.float64), clusters_of(rows)[0], pooled,
                             rng)  # fmt: skip
    n = int(bottom.sum()) // len(below)
    return Estimate(found.value, found.low, found.high, n, found.n_clusters)


def _add_quantity(
    summary: _Summary, quantity: str, rows: pd.DataFrame, rng: np.random.Generator
) -> None:
    unit, error = UNITS[quantity], rows["error"].to_numpy()
    clusters, _ = clusters_of(rows)
    baseline = rows["baseline_error"].to_numpy()
    for name in ONLY.get(quantity, tuple(STATISTICS)):
        metric, statistic = f"{quantity}_{name}_{unit}", STATISTICS[name]
        summary.add(metric, cluster_interval(error, clusters, statistic, rng))
        if np.isfinite(baseline).any():
            summary.baselines[metric] = statistic(baseline)
    low, middle, high = np.percentile(error, [2.5, 50.0, 97.5])
    summary.percentiles[f"{quantity}_{unit}"] = {
        "p2_5": float(low),
        "median": float(middle),
        "p97_5": float(high),
        "mad": float(np.median(np.abs(error - middle))),
    }
    if quantity in ALSO:
        estimate = cluster_interval(np.abs(error), clusters, bias, rng)
        summary.add(f"{quantity}_mae_{unit}", estimate)
    inside = covered(rows)
    if np.isfinite(inside).any():
        summary.add(f"coverage90_{quantity}", cluster_interval(inside, clusters, bias, rng))
        of_condition = pd.Series(inside).groupby(rows["condition"].to_numpy())
        enough = of_condition.mean()[of_condition.count() >= MIN_ROWS_PER_CONDITION]
        if len(enough) > 1 and quantity in MAIN_QUANTITIES:
            worst = f"coverage90_{quantity}_worst_condition"
            summary.metrics[worst] = float(enough.min())
    if quantity in MAIN_QUANTITIES:
        found = agreement(rows["reference_value"].to_numpy(), error, clusters)
        summary.agreement[f"{quantity}_{unit}"] = _finite(**vars(found))


def _add_extras(summary: _Summary, scores: pd.DataFrame, rng: np.random.Generator) -> None:
    """Add force on the level alone, distance as a share, and recordings' mean impact."""
    grade = scores["grade_deg"]
    parts = {"level": grade.abs() < LEVEL_DEG, "steep_down": grade < STEEP_DOWN_DEG}
    if grade.abs().max() >= LEVEL_DEG:
        for name, chosen in parts.items():
            for quantity in ("peak_force", "force_waveform"):
                rows = scores[chosen & (scores["quantity"] == quantity)]
                if len(rows):
                    estimate = cluster_interval(
                        rows["error"].to_numpy(), clusters_of(rows)[0], rmse, rng
                    )
                    summary.add(f"{quantity}_rmse_{name}_bw", estimate)
    distance = scores[scores["quantity"] == "distance"]
    if len(distance):
        share = (distance["error"] / distance["reference_value"]).abs().to_numpy()
        estimate = cluster_interval(share, clusters_of(distance)[0], _median, rng)
        summary.add("distance_median_abs_error_frac", estimate)
    impacts = scores[scores["quantity"] == "peak_tibial_acc"]
    if len(impacts):
        # by itself: errors of recordings cancel in a pooled bias
        means = impacts.groupby("recording_id")["error"].mean()
        estimate = cluster_interval(means.to_numpy(), means.index.to_numpy(object), rmse, rng)
        summary.add("peak_tibial_acc_rmse_of_recordings_frac", estimate)


def _median(values: NDArray[np.float64]) -> float:
    return float(np.median(values))


def summarise_dataset(
    scores: pd.DataFrame,
    detections: pd.DataFrame,
    recordings: pd.DataFrame,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Summarise every evaluation of one dataset, and each sensor site where there are several.

    Parameters
    ----------
    scores, detections, recordings : DataFrame
        Tables of these names.
    rng : numpy.random.Generator
        Source of the resamples.

    Returns
    -------
    dict
        ``new_runner`` and, where something personal was learned, ``personal``; each as
        :func:`summarise` gives it, with ``by_site`` where there are several sites, and under
        ``details`` the definitions.
    """
    result: dict[str, Any] = {}
    for evaluation in sorted(set(scores["evaluation"]) | set(detections["evaluation"])):
        mine = scores[scores["evaluation"] == evaluation]
        counted = detections[detections["evaluation"] == evaluation]
        summary = summarise(mine, counted, rng)
        sites = sorted(set(mine["sensor_site"]) | set(counted["sensor_site"]))
        if len(sites) > 1:
            summary["by_site"] = {
                site: summarise(
                    mine[mine["sensor_site"] == site], counted[counted["sensor_site"] == site], rng
                )
                for site in sites
            }
            for site, part in summary["by_site"].items():
                part |= _within_recordings(mine[mine["sensor_site"] == site], recordings)
        seen = recordings[
            recordings["recording_id"].isin({*mine["recording_id"], *counted["recording_id"]})
        ]
        summary["details"] |= _definitions(evaluation, sites, seen)
        summary |= _by_session(mine, seen)
        result[evaluation] = summary
    return result


def _within_recordings(scores: pd.DataFrame, recordings: pd.DataFrame) -> dict[str, float]:
    """Spread of events about the mean of their own recording, of those that are sampled fast.

    What laboratories call precision: one runner, one mount, one sensor.
    """
    rate = recordings.set_index("recording_id")["sampling_rate_hz"].astype(np.float64)
    fast = scores[scores["recording_id"].map(rate) >= FAST_RATE_HZ]
    found = {}
    for event in ("initial_contact", "terminal_contact"):
        rows = fast[fast["quantity"] == event]
        of_recording = rows.groupby("recording_id")["error"]
        free = len(rows) - of_recording.ngroups
        if free > 0:
            square = float(((rows["error"] - of_recording.transform("mean")) ** 2).sum())
            found[f"{event}_sd_within_fast_s"] = float(np.sqrt(square / free))
    return found


def _by_session(scores: pd.DataFrame, recordings: pd.DataFrame) -> dict[str, Any]:
    """Contact time of each session, where one runner has a few: the sensor was put on anew."""
    session_of = recordings.set_index("recording_id")["session_id"]
    rows = scores[scores["quantity"] == "contact_time"]
    sessions = rows["recording_id"].map(session_of)
    is_one_runner = len(set(recordings["runner_id"])) == 1
    if not (is_one_runner and 2 <= len(set(sessions)) <= MAX_SESSIONS_SHOWN):
        return {}
    return {
        "by_session": {
            str(name): {
                "contact_time_bias_s": bias(errors.to_numpy()),
                "contact_time_rmse_s": rmse(errors.to_numpy()),
                "n": len(errors),
            }
            for name, errors in rows["error"].groupby(sessions.to_numpy())
        }
    }


def _definitions(evaluation: str, sites: list[str], recordings: pd.DataFrame) -> dict[str, Any]:
    """Threshold, filters and rates that the numbers depend on."""
    filters = {
        "shank": f"waveforms {EVENT_CUTOFF_HZ:g} Hz",
        "foot": "none",
        **dict.fromkeys(
            ("sacrum", "waist", "hip"),
            f"waveform windows {WINDOW_CUTOFF_HZ:g} Hz"
            if evaluation == PERSONAL
            else f"initial contact {LOADING_CUTOFF_HZ:g} Hz, terminal contact "
            f"{UNLOADING_CUTOFF_HZ:g} Hz",
        ),
    }
    return {
        "contact_threshold_bw": CONTACT_THRESHOLD_BW,
        "filters": {site: filters[site] for site in sites},
        "sampling_rates_hz": sorted({float(rate) for rate in recordings["sampling_rate_hz"]}),
        "n_recordings": len(recordings),
    }
