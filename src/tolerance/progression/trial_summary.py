"""Metrics of the in-silico trial: every arm of every world, and where ours stand."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from tolerance.progression.trial import COMPARATORS, ORACLE, OURS
from tolerance.progression.trial_outcomes import (
    ArmPaths,
    Estimate,
    excess_over_frontier,
    frontier,
    incidence_curve,
    resample_weights,
    runner_outcomes,
    summarise_arm,
)

__all__ = ["METRIC_NAMES", "summarise_world", "world_curves"]

METRIC_NAMES: Final = {
    "reinjury_26w": "reinjury",
    "any_injury_26w": "any_injury",
    "load_rr_26w": "load_rr",
    "reached_target_26w": "reached_target",
    "restricted_mean_weeks": "restricted_mean_weeks",
    "sessions_above_limit": "sessions_above_limit",
}
"""Metric in the file → outcome of an arm."""

VERDICTS: Final = ("beyond", "on", "behind")
"""Against the frontier of the published arms: the whole interval below 0, 0 inside, above."""


def summarise_world(arms: Mapping[str, ArmPaths], rng: np.random.Generator) -> dict[str, Any]:
    """Return the metrics of one world.

    Parameters
    ----------
    arms : mapping of str to ArmPaths
        Every arm of the trial.
    rng : numpy.random.Generator
        Of the resamples; the same ones for every arm, so that arms are compared within runners.

    Returns
    -------
    dict
        ``arms`` → arm → metric → value, low, high (95 %); ``median_weeks`` only where half reached
        the target. ``frontier`` lists the published arms that no mixture of others beats; our arms
        and the oracle carry ``excess_over_frontier`` and ``against_frontier``.
    """
    n_runners = len(next(iter(arms.values())).load_rr)
    weights = resample_weights(n_runners, rng)
    found: dict[str, Any] = {}
    for name, paths in arms.items():
        summary = summarise_arm(paths, weights)
        values: dict[str, Any] = {
            metric: _interval(getattr(summary, outcome)) for metric, outcome in METRIC_NAMES.items()
        }
        if np.isfinite(summary.median_weeks):
            values["median_weeks"] = summary.median_weeks
        found[name] = values
    comparators = tuple(arms[name] for name in COMPARATORS)
    for name in (*OURS, ORACLE):
        excess = excess_over_frontier(comparators, arms[name], weights)
        found[name]["excess_over_frontier"] = _interval(excess)
        found[name]["against_frontier"] = _verdict(excess)
    means = [{k: v.mean() for k, v in runner_outcomes(paths).items()} for paths in comparators]
    best = frontier(
        np.array([mean["load_rr"] for mean in means]),
        np.array([mean["reinjury"] for mean in means]),
    )
    return {"arms": found, "frontier": [COMPARATORS[i] for i in best]}


def world_curves(arms: Mapping[str, ArmPaths]) -> dict[str, Any]:
    """Return, for each arm, by week: share at the target, mean load, share reinjured.

    Parameters
    ----------
    arms : mapping of str to ArmPaths
    """
    return {
        name: {
            "reached_target": incidence_curve(paths).tolist(),
            "load_rr": paths.load_rr.mean(axis=0).tolist(),
            "reinjury": (1.0 - paths.survival.mean(axis=0)).tolist(),
        }
        for name, paths in arms.items()
    }


def _interval(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _verdict(excess: Estimate) -> str:
    if excess.high < 0.0:
        return VERDICTS[0]
    return VERDICTS[2] if excess.low > 0.0 else VERDICTS[1]
