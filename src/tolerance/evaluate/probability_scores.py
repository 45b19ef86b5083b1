"""How good probabilities are: log score, Brier, calibration, ranking within runners, decisions.

Rows of one runner are alike, so every interval resamples whole runners (`agreement` says why).
Probabilities are those of an event; lower is better for log score and Brier, and skill is the
share of the base rate's Brier score that is saved.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

__all__ = [
    "Score",
    "auc",
    "brier",
    "brier_skill",
    "calibration_curve",
    "calibration_line",
    "decision_curve",
    "log_score",
    "observed_over_expected",
    "paired_difference",
    "score_probabilities",
    "within_auc",
]

type Floats = NDArray[np.float64]
type Labels = NDArray[Any]

LEAST_PROBABILITY: Final = 1e-4
"""Probabilities are kept this far from 0 and 1, so that one surprise cannot decide a log score.
Engineering choice: below the hazard of any session."""
N_RESAMPLES: Final = 400
"""Resamples of runners behind an interval: ends good to about a sixth of its width."""
MIN_RUNNERS: Final = 3
NEWTON_ROUNDS: Final = 30
"""Of the two-parameter calibration line; it converges in under ten."""
RIDGE: Final = 1e-6
"""Keeps the line finite where outcomes are separable; far below any visible effect."""


@dataclass(frozen=True)
class Score:
    """A score with its 90 % interval over runners; NaN where it cannot be said."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """Return the three numbers by name, for metrics files."""
        return {"value": self.value, "low": self.low, "high": self.high}


def _bounded(probability: ArrayLike) -> Floats:
    return np.clip(np.asarray(probability, np.float64), LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)


def log_score(outcome: Floats, probability: Floats) -> float:
    """Return the mean negative log likelihood of the outcomes (nats); NaN without rows."""
    if outcome.size == 0:
        return float("nan")
    p = _bounded(probability)
    return float(-np.mean(outcome * np.log(p) + (1.0 - outcome) * np.log1p(-p)))


def brier(outcome: Floats, probability: Floats) -> float:
    """Return the mean squared difference of probability and outcome; NaN without rows."""
    return float(np.mean((outcome - probability) ** 2)) if outcome.size else float("nan")


def brier_skill(outcome: Floats, probability: Floats) -> float:
    """Return the share of the Brier score of these rows' own base rate that is saved."""
    if outcome.size == 0:
        return float("nan")
    reference = float(outcome.mean() * (1.0 - outcome.mean()))
    return 1.0 - brier(outcome, probability) / reference if reference > 0.0 else float("nan")


def observed_over_expected(outcome: Floats, probability: Floats) -> float:
    """Return observed over expected events; NaN where none is expected."""
    expected = float(np.sum(probability))
    return float(np.sum(outcome)) / expected if expected > 0.0 else float("nan")


def calibration_line(outcome: Floats, probability: Floats) -> tuple[float, float]:
    """Return intercept and slope of the logistic line of outcome on the logit of probability.

    Slope 1 and intercept 0 are right; a slope below 1 means probabilities too far apart. NaN where
    all outcomes, or all probabilities, are the same.
    """
    if outcome.size == 0 or np.ptp(outcome) == 0.0:
        return float("nan"), float("nan")
    p = _bounded(probability)
    x = np.log(p / (1.0 - p))
    if float(np.ptp(x)) < 1e-9:
        return float("nan"), float("nan")
    centre = float(x.mean())
    design = np.column_stack((np.ones_like(x), x - centre))
    beta = np.zeros(2)
    for _ in range(NEWTON_ROUNDS):
        fitted = 1.0 / (1.0 + np.exp(-np.clip(design @ beta, -30.0, 30.0)))
        weight = fitted * (1.0 - fitted)
        hessian = design.T @ (design * weight[:, None]) + RIDGE * np.eye(2)
        step = np.linalg.solve(hessian, design.T @ (outcome - fitted) - RIDGE * beta)
        beta = beta + np.clip(step, -2.0, 2.0)
        if float(np.abs(step).max()) < 1e-8:
            break
    return float(beta[0] - beta[1] * centre), float(beta[1])


def auc(outcome: Floats, probability: Floats) -> float:
    """Return the chance that an event had the higher probability; ties count half."""
    positive = outcome > 0.5
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if n_positive == 0 or n_negative == 0:
        return float("nan")
    ranks = rankdata(probability)
    total = float(ranks[positive].sum()) - n_positive * (n_positive + 1) / 2.0
    return total / (n_positive * n_negative)


def within_auc(outcome: Floats, probability: Floats, runner: Labels) -> float:
    """Return the AUC among rows of the same runner, pooled by the number of pairs.

    It cannot be had by knowing who gets hurt; above 0.9 suspect a leak.
    """
    won, pairs = 0.0, 0.0
    for rows in _members(runner):
        y = outcome[rows]
        n = float(y.sum() * (y.size - y.sum()))
        if n > 0.0:
            won += n * auc(y, probability[rows])
            pairs += n
    return won / pairs if pairs > 0.0 else float("nan")


def calibration_curve(
    outcome: Floats, probability: Floats, runner: Labels, rng: np.random.Generator, n_bins: int = 8
) -> list[dict[str, float]]:
    """Return bins of about equal size: mean probability, observed share with interval, rows."""
    if outcome.size == 0:
        return []
    order = np.argsort(probability, kind="stable")
    curve = []
    for rows in np.array_split(order, min(n_bins, outcome.size)):
        observed = outcome[rows]
        low, high = _interval(partial(_mean_of, observed), runner[rows], rng)
        curve.append(
            {
                "expected": float(probability[rows].mean()),
                "observed": float(observed.mean()),
                "observed_low": low,
                "observed_high": high,
                "n": float(rows.size),
            }
        )
    return curve


def decision_curve(
    outcome: Floats, probability: Floats, thresholds: Sequence[float]
) -> list[dict[str, float]]:
    """Return net benefit per row of acting above each threshold, of acting always, of never (0).

    Net benefit is true alarms less false alarms at the threshold's odds (Vickers, PMC6777022).
    """
    curve = []
    rate = float(outcome.mean()) if outcome.size else float("nan")
    for threshold in thresholds:
        odds = threshold / (1.0 - threshold)
        alarm = probability >= threshold
        hits = float(np.mean(alarm * outcome)) if outcome.size else float("nan")
        false = float(np.mean(alarm * (1.0 - outcome))) if outcome.size else float("nan")
        curve.append(
            {
                "threshold": float(threshold),
                "net_benefit": hits - odds * false,
                "treat_all": rate - odds * (1.0 - rate),
            }
        )
    return curve


def score_probabilities(
    outcome: Floats, probability: Floats, runner: Labels, rng: np.random.Generator
) -> dict[str, Any]:
    """Return every score of one set of probabilities, each with its interval over runners.

    Parameters
    ----------
    outcome : (n,) float64 array
        1 where the event happened, else 0.
    probability : (n,) float64 array
    runner : (n,) array
        Whose row it is.
    rng : numpy.random.Generator

    Returns
    -------
    dict
        ``log_score``, ``brier``, ``brier_skill``, ``calibration_slope``,
        ``observed_over_expected``, ``auc_within``: each value, low, high; ``n_rows``,
        ``n_events``, ``n_runners``.
    """

    def scored(statistic: Callable[[NDArray[np.intp]], float]) -> dict[str, float]:
        everything = np.arange(outcome.size)
        low, high = _interval(statistic, runner, rng)
        return Score(statistic(everything), low, high).as_dict()

    def of(function: Callable[[Floats, Floats], float]) -> Callable[[NDArray[np.intp]], float]:
        return lambda rows: function(outcome[rows], probability[rows])

    return {
        "log_score": scored(of(log_score)),
        "brier": scored(of(brier)),
        "brier_skill": scored(of(brier_skill)),
        "calibration_slope": scored(of(lambda y, p: calibration_line(y, p)[1])),
        "observed_over_expected": scored(of(observed_over_expected)),
        "auc_within": _within_interval(outcome, probability, runner, rng).as_dict(),
        "n_rows": int(outcome.size),
        "n_events": int(outcome.sum()),
        "n_runners": int(np.unique(runner).size),
    }


def paired_difference(
    outcome: Floats, first: Floats, second: Floats, runner: Labels
) -> dict[str, float]:
    """Return how much lower the first's log score is than the second's, and its standard error.

    Positive where the first is better. The standard error is over runners' sums, so that rows of
    one runner count as one observation.
    """
    if outcome.size == 0:
        return {"gain": float("nan"), "standard_error": float("nan")}
    p, q = _bounded(first), _bounded(second)
    gain = outcome * np.log(p / q) + (1.0 - outcome) * np.log((1.0 - p) / (1.0 - q))
    _, codes = np.unique(runner, return_inverse=True)
    centred = np.bincount(codes, weights=gain - gain.mean())
    n = centred.size
    error = np.sqrt(np.sum(centred**2) * n / max(n - 1, 1)) / outcome.size
    return {"gain": float(gain.mean()), "standard_error": float(error)}


def _members(runner: Labels) -> list[NDArray[np.intp]]:
    """Return the rows of each runner."""
    _, codes = np.unique(runner, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.cumsum(np.bincount(codes))[:-1])


def _mean_of(values: Floats, rows: NDArray[np.intp]) -> float:
    return float(values[rows].mean())


def _interval(
    statistic: Callable[[NDArray[np.intp]], float],
    runner: Labels,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return the 90 % interval of a statistic of rows, resampling runners."""
    members = _members(runner)
    if len(members) < MIN_RUNNERS:
        return float("nan"), float("nan")
    draws = np.empty(N_RESAMPLES)
    for draw in range(N_RESAMPLES):
        chosen = rng.integers(0, len(members), len(members))
        draws[draw] = statistic(np.concatenate([members[i] for i in chosen]))
    draws = draws[np.isfinite(draws)]
    if draws.size < N_RESAMPLES / 2:
        return float("nan"), float("nan")
    low, high = np.percentile(draws, [5.0, 95.0])
    return float(low), float(high)


def _within_interval(
    outcome: Floats, probability: Floats, runner: Labels, rng: np.random.Generator
) -> Score:
    """Return the within-runner AUC; resampling runners resamples their pairs."""
    won, pairs = [], []
    for rows in _members(runner):
        y = outcome[rows]
        n = float(y.sum() * (y.size - y.sum()))
        pairs.append(n)
        won.append(n * auc(y, probability[rows]) if n > 0.0 else 0.0)
    won_by, pairs_by = np.array(won), np.array(pairs)
    if pairs_by.size == 0 or pairs_by.sum() == 0.0:
        return Score(float("nan"), float("nan"), float("nan"))
    value = float(won_by.sum() / pairs_by.sum())
    if pairs_by.size < MIN_RUNNERS:
        return Score(value, float("nan"), float("nan"))
    chosen = rng.integers(0, pairs_by.size, (N_RESAMPLES, pairs_by.size))
    total = pairs_by[chosen].sum(axis=1)
    draws = won_by[chosen].sum(axis=1)[total > 0.0] / total[total > 0.0]
    low, high = np.percentile(draws, [5.0, 95.0])
    return Score(value, float(low), float(high))
