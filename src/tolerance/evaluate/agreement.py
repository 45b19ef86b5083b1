"""Agreement with a reference: bias, spread and coverage, with intervals over clusters.

Errors inside a trial or a runner are alike, so an interval that counts rows is too narrow. Here
whole clusters are resampled (cluster bootstrap; Field & Welsh 2007,
doi:10.1111/j.1467-9868.2007.00593.x). With fewer than three clusters no interval is given.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Estimate", "bias", "cluster_interval", "coverage", "rmse", "spread"]

N_RESAMPLES = 1000
"""Resamples behind an interval: enough for its ends to be good to about a tenth of its width."""
MIN_CLUSTERS = 3
"""Below three clusters a bootstrap over clusters says nothing."""


@dataclass(frozen=True)
class Estimate:
    """A score with its 90 % interval over clusters (NaN where there are too few)."""

    value: float
    low: float
    high: float
    n: int
    n_clusters: int


def bias(error: NDArray[np.float64]) -> float:
    """Mean error; NaN rows are left out; NaN when nothing is left."""
    observed = error[np.isfinite(error)]
    return float(observed.mean()) if observed.size else float("nan")


def spread(error: NDArray[np.float64]) -> float:
    """Sample standard deviation of the error; NaN with fewer than two observed rows."""
    observed = error[np.isfinite(error)]
    return float(observed.std(ddof=1)) if observed.size > 1 else float("nan")


def rmse(error: NDArray[np.float64]) -> float:
    """Root mean square error; NaN rows are left out; NaN when nothing is left."""
    observed = error[np.isfinite(error)]
    return float(np.sqrt(np.mean(observed**2))) if observed.size else float("nan")


def coverage(inside: NDArray[np.float64]) -> float:
    """Share of rows whose interval holds the truth (1 inside, 0 outside, NaN not scored)."""
    return bias(inside)


def cluster_interval(
    values: NDArray[np.float64],
    clusters: NDArray[Any],
    statistic: Callable[[NDArray[np.float64]], float],
    rng: np.random.Generator,
) -> Estimate:
    """Score with a 90 % percentile interval from resampling whole clusters.

    Parameters
    ----------
    values : (n,) float64 array
        Errors, or 0/1 marks; NaN rows are not scored.
    clusters : (n,) array
        Runner or trial of each row.
    statistic : callable
        Function of an array of values, such as `rmse`.
    rng : numpy.random.Generator
        Source of the resamples.

    Returns
    -------
    Estimate
        With NaN ends when fewer than three clusters have a scored row.
    """
    observed = np.isfinite(values)
    values, clusters = values[observed], np.asarray(clusters)[observed]
    names, codes = np.unique(clusters, return_inverse=True)
    value = statistic(values)
    if names.size < MIN_CLUSTERS:
        return Estimate(value, float("nan"), float("nan"), values.size, int(names.size))
    members = [values[codes == code] for code in range(names.size)]
    draws = np.empty(N_RESAMPLES)
    for draw in range(N_RESAMPLES):
        chosen = rng.integers(0, names.size, names.size)
        draws[draw] = statistic(np.concatenate([members[code] for code in chosen]))
    low, high = np.nanpercentile(draws, [5, 95])
    return Estimate(value, float(low), float(high), values.size, int(names.size))
