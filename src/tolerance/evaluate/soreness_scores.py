"""Scores of predicted sore days: log score, Brier, AUC inside people, calibration; intervals.

Intervals resample whole people, since days of one person are alike; differences between two models
are paired, on the same resample. With twelve people an interval is coarse, and says so by its
width.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "SCORES",
    "PersonResamples",
    "auc_within",
    "brier",
    "calibration_curve",
    "calibration_slope",
    "log_score",
    "observed_minus_predicted",
    "paired_difference",
    "resample_people",
    "score",
]

type FloatArray = NDArray[np.float64]

LEAST_P: Final = 1e-6
"""Probabilities are kept this far from 0 and 1, so that one row cannot make a score infinite."""
INTERVAL: Final = (0.05, 0.95)
SLOPE_STEPS: Final = 25
MIN_LOGIT_SPREAD: Final = 1e-9


def log_score(p: FloatArray, sore: FloatArray, weight: FloatArray) -> float:
    """Return the mean negative log-likelihood; less is better."""
    safe = np.clip(p, LEAST_P, 1.0 - LEAST_P)
    return float(np.average(-np.log(np.where(sore > 0, safe, 1.0 - safe)), weights=weight))


def brier(p: FloatArray, sore: FloatArray, weight: FloatArray) -> float:
    """Return the mean squared error of the probability; less is better."""
    return float(np.average((p - sore) ** 2, weights=weight))


def observed_minus_predicted(p: FloatArray, sore: FloatArray, weight: FloatArray) -> float:
    """Return the share of sore days less the mean probability; 0 is best."""
    return float(np.average(sore - p, weights=weight))


def calibration_slope(p: FloatArray, sore: FloatArray, weight: FloatArray) -> float:
    """Return the slope of a logistic regression of the outcome on the predicted log odds.

    1 is best; below 1 predictions are too extreme. NaN where all predictions are equal.
    """
    safe = np.clip(p, LEAST_P, 1.0 - LEAST_P)
    logit = np.log(safe / (1.0 - safe))
    if np.ptp(logit) < MIN_LOGIT_SPREAD:
        return float("nan")
    design = np.column_stack((np.ones_like(logit), logit))
    coefficients = np.array([0.0, 1.0])
    for _ in range(SLOPE_STEPS):
        fitted = 1.0 / (1.0 + np.exp(-np.clip(design @ coefficients, -30, 30)))
        slope = design.T @ (weight * (sore - fitted))
        curvature = (design * (weight * fitted * (1.0 - fitted))[:, None]).T @ design
        step = np.linalg.lstsq(curvature, slope, rcond=None)[0]
        coefficients = coefficients + step
        if np.abs(step).max() < 1e-8:
            break
    return float(coefficients[1])


def pairs_within(
    p: FloatArray, sore: FloatArray, person: NDArray[Any]
) -> dict[str, tuple[float, float]]:
    """Return by person how many pairs of a sore and another day are in order, of how many."""
    found: dict[str, tuple[float, float]] = {}
    for name in sorted(set(person)):
        own = person == name
        high, low = p[own & (sore > 0)], p[own & (sore == 0)]
        apart = high[:, None] - low[None, :]
        found[str(name)] = (float((apart > 0).sum() + 0.5 * (apart == 0).sum()), float(apart.size))
    return found


def auc_within(p: FloatArray, sore: FloatArray, person: NDArray[Any]) -> float:
    """Return the share of concordant pairs, each formed inside one person, summed over people.

    Ties count half; NaN where nobody has both kinds of day.
    """
    pairs = pairs_within(p, sore, person).values()
    total = sum(count for _, count in pairs)
    return sum(good for good, _ in pairs) / total if total else float("nan")


SCORES: Final = ("log_score", "brier", "auc_within", "slope", "observed_minus_predicted")


@dataclass(frozen=True)
class PersonResamples:
    """How often each person is drawn in each resample; shared by all models compared.

    Attributes
    ----------
    people : tuple of str
    counts : (n_resamples, n_people) int array
    """

    people: tuple[str, ...]
    counts: NDArray[np.int64]


def resample_people(
    people: NDArray[Any], n_resamples: int, rng: np.random.Generator
) -> PersonResamples:
    """Draw people with replacement.

    Parameters
    ----------
    people : array of str
        Person of each row.
    n_resamples : int
    rng : numpy.random.Generator
    """
    names = tuple(sorted(set(map(str, people))))
    chances = np.full(len(names), 1.0 / len(names))
    return PersonResamples(names, rng.multinomial(len(names), chances, n_resamples))


def _values(
    p: FloatArray,
    sore: FloatArray,
    weight: FloatArray,
    pairs: Mapping[str, tuple[float, float]],
    times: Mapping[str, float],
) -> dict[str, float]:
    good = sum(times[name] * pair[0] for name, pair in pairs.items())
    total = sum(times[name] * pair[1] for name, pair in pairs.items())
    return {
        "log_score": log_score(p, sore, weight),
        "brier": brier(p, sore, weight),
        "auc_within": good / total if total else float("nan"),
        "slope": calibration_slope(p, sore, weight),
        "observed_minus_predicted": observed_minus_predicted(p, sore, weight),
    }


def score(
    p: FloatArray, sore: FloatArray, person: NDArray[Any], resamples: PersonResamples
) -> dict[str, Any]:
    """Return every score with its 90 % interval over people.

    Parameters
    ----------
    p : (n_rows,) array
        Probability of a sore day.
    sore : (n_rows,) array
        1 or 0.
    person : (n_rows,) array of str
    resamples : PersonResamples

    Returns
    -------
    dict
        ``log_score``, ``brier`` …, and each again with ``_low`` and ``_high``; a score that does
        not exist (slope of equal predictions) is left out.
    """
    pairs = pairs_within(p, sore, person)
    names = person.astype(str)
    once = dict.fromkeys(resamples.people, 1.0)
    found = _values(p, sore, np.ones_like(p), pairs, once)
    drawn: dict[str, list[float]] = {name: [] for name in SCORES}
    for counts in resamples.counts:
        times = dict(zip(resamples.people, counts.astype(float), strict=True))
        weight = np.array([times[name] for name in names])
        for name, value in _values(p, sore, weight, pairs, times).items():
            drawn[name].append(value)
    scores: dict[str, Any] = {}
    for name in SCORES:
        if np.isfinite(found[name]):
            low, high = np.nanquantile(drawn[name], INTERVAL)
            scores |= {name: found[name], f"{name}_low": float(low), f"{name}_high": float(high)}
    return scores | {"n_rows": int(p.size), "n_sore": int(sore.sum())}


def paired_difference(
    p: FloatArray,
    other: FloatArray,
    sore: FloatArray,
    person: NDArray[Any],
    resamples: PersonResamples,
) -> dict[str, float]:
    """Return the difference of log scores, ``p`` less ``other``, with its 90 % interval.

    Below 0 the first is better. Both are scored on the same resamples of people.
    """

    def each(chance: FloatArray) -> FloatArray:
        safe = np.clip(chance, LEAST_P, 1.0 - LEAST_P)
        return np.asarray(-np.log(np.where(sore > 0, safe, 1.0 - safe)))

    gap = each(p) - each(other)
    names = person.astype(str)
    sums = np.array([gap[names == name].sum() for name in resamples.people])
    sizes = np.array([(names == name).sum() for name in resamples.people])
    drawn = (resamples.counts @ sums) / np.maximum(resamples.counts @ sizes, 1)
    low, high = np.quantile(drawn, INTERVAL)
    return {"log_score": float(gap.mean()), "low": float(low), "high": float(high)}


def calibration_curve(p: FloatArray, sore: FloatArray, n_groups: int) -> list[dict[str, float]]:
    """Return mean probability and share of sore days in groups of equal size, lowest first."""
    order = np.argsort(p, kind="stable")
    return [
        {
            "predicted": float(p[group].mean()),
            "observed": float(sore[group].mean()),
            "n": float(group.size),
        }
        for group in np.array_split(order, n_groups)
        if group.size
    ]
