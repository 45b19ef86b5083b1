"""Bland-Altman limits, ICC, SEM and MDC for errors that come in clusters.

Errors of one runner (or one trial) are alike. Limits of agreement therefore add the spread between
clusters to the spread within (Bland & Altman 2007, doi:10.1080/10543400701329422), with variance
components from a one-way analysis of variance.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Agreement",
    "agreement",
    "intraclass_correlation",
    "variance_components",
]

LIMITS_SDS: Final = 1.96
"""95 % limits of agreement."""


@dataclass(frozen=True)
class Agreement:
    """Agreement of a quantity with its reference.

    Attributes
    ----------
    bias : float
        Mean of the clusters' mean errors.
    limit_low, limit_high : float
        95 % limits: where the error of a single event of a new cluster is expected.
    sd_between, sd_within : float
        Between clusters, and between events of one cluster.
    icc : float
        ICC(A,1), absolute agreement of single events.
    sem, mdc : float
        Within session: standard error of measurement of one event, ``sd_within``; and the smallest
        difference of two events that is more than error (95 %), ``1.96 sqrt(2) sem``. The error
        that all events of a session share cancels in it.
    n, n_clusters : int
    """

    bias: float
    limit_low: float
    limit_high: float
    sd_between: float
    sd_within: float
    icc: float
    sem: float
    mdc: float
    n: int
    n_clusters: int


def variance_components(values: NDArray[np.float64], clusters: NDArray[Any]) -> tuple[float, float]:
    """Return the standard deviation between and within clusters (one-way ANOVA, unequal sizes).

    Parameters
    ----------
    values : (n,) float64 array
        No NaN.
    clusters : (n,) array

    Returns
    -------
    sd_between, sd_within : float
        Between is NaN with one cluster and 0 where the clusters' means scatter less than their
        sizes allow; within is NaN where every cluster has one row.
    """
    names, codes = np.unique(np.asarray(clusters).astype(str), return_inverse=True)
    k, n = names.size, values.size
    size = np.bincount(codes)
    mean = np.bincount(codes, weights=values) / size
    square_within = float(np.sum((values - mean[codes]) ** 2))
    within = square_within / (n - k) if n > k else float("nan")
    if k < 2:
        return float("nan"), float(np.sqrt(within))
    square_between = float(np.sum(size * (mean - values.mean()) ** 2)) / (k - 1)
    typical_size = (n - float(np.sum(size**2)) / n) / (k - 1)
    noise = within if np.isfinite(within) else 0.0
    between = max(0.0, (square_between - noise) / typical_size)
    return float(np.sqrt(between)), float(np.sqrt(within))


def intraclass_correlation(reference: NDArray[np.float64], estimate: NDArray[np.float64]) -> float:
    """Return ICC(A,1): two-way, absolute agreement, single measurements; NaN below three rows.

    McGraw & Wong 1996, doi:10.1037/1082-989X.1.1.30.
    """
    n = reference.size
    if n < 3:
        return float("nan")
    both = np.column_stack((reference, estimate))
    rows, columns, total = both.mean(axis=1), both.mean(axis=0), both.mean()
    between_rows = 2.0 * float(np.sum((rows - total) ** 2)) / (n - 1)
    between_columns = n * float(np.sum((columns - total) ** 2))
    residual = float(np.sum((both - rows[:, None] - columns + total) ** 2)) / (n - 1)
    below = between_rows + residual + 2.0 / n * (between_columns - residual)
    return (between_rows - residual) / below if below > 0 else float("nan")


def agreement(
    reference: NDArray[np.float64], error: NDArray[np.float64], clusters: NDArray[Any]
) -> Agreement:
    """Agreement of estimates with their reference, limits clustered.

    Parameters
    ----------
    reference, error : (n,) float64 array
        True value, and estimate minus truth; no NaN.
    clusters : (n,) array
        Runner, or trial where there are too few runners.

    Returns
    -------
    Agreement
        With one cluster the limits hold only within it; all NaN without rows.
    """
    if not error.size:
        return Agreement(*(float("nan"),) * 8, 0, 0)
    names, codes = np.unique(np.asarray(clusters).astype(str), return_inverse=True)
    mean = float((np.bincount(codes, weights=error) / np.bincount(codes)).mean())
    between, within = variance_components(error, clusters)
    spread = float(np.sqrt(np.nansum((between**2, within**2))))
    return Agreement(
        bias=mean,
        limit_low=mean - LIMITS_SDS * spread,
        limit_high=mean + LIMITS_SDS * spread,
        sd_between=between,
        sd_within=within,
        icc=intraclass_correlation(reference, reference + error),
        sem=within,
        mdc=LIMITS_SDS * float(np.sqrt(2.0)) * within,
        n=int(error.size),
        n_clusters=int(names.size),
    )
