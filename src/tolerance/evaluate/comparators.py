"""What the model has to beat: simpler forecasts, each fitted to the same training rows.

Every comparator is fitted to runners whom it is not scored on and sees what the model sees: loads
up to the session, answers up to the origin. With ``answers=False`` (a new runner) those that live
on answers fall back to the base rate.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from tolerance.anatomy import MODEL_TISSUES
from tolerance.evaluate.forecast_rows import ANSWER_FEATURES, LAG_EDGES, LOAD_FEATURES

__all__ = ["COMPARATORS", "fit_comparators"]

type Floats = NDArray[np.float64]
type Forecaster = Callable[[pd.DataFrame], Floats]

COMPARATORS: Final = (
    "base_rate", "own_rate", "previous_pain", "acwr_rolling", "acwr_ewma", "acwr_uncoupled",
    "ten_percent_rule", "longest_30d_spike", "distributed_lag", "gradient_boosting",
)  # fmt: skip
"""In the order of every table."""

PRIOR_ROWS: Final = 8.0
"""Weight of the base rate in a runner's own rate. Engineering choice: two weeks of sessions."""
RIDGE_C: Final = 1.0
"""Inverse strength of the ridge; scikit-learn's default."""
MAX_ITERATIONS: Final = 500
BOOSTING: Final[dict[str, Any]] = {
    "max_iter": 120,
    "learning_rate": 0.06,
    "max_leaf_nodes": 12,
    "min_samples_leaf": 30,
    "l2_regularization": 1.0,
}
"""Small trees, many of them: cross-validated choices on such rows hardly differ. [U]"""
SPIKES: Final = (1.1, 1.3, 2.0)
"""Session over the longest of 30 days (doi:10.1136/bjsports-2024-109380)."""
SHARES: Final = {
    "pain_above": ("share_above", "n_answers"),
    "not_settled": ("share_not_settled", "n_settled"),
}
"""Columns of a runner's own rate, by outcome."""


def fit_comparators(
    train: pd.DataFrame, outcome: str, rng: np.random.Generator, *, answers: bool = True
) -> dict[str, Forecaster]:
    """Fit every comparator to training rows.

    Parameters
    ----------
    train : pandas.DataFrame
        From `forecast_rows`; rows without the outcome are left out.
    outcome : str
        One of ``forecast_rows.OUTCOMES``.
    rng : numpy.random.Generator
        Seed of the trees.
    answers : bool
        Whether answers before the origin may be used.

    Returns
    -------
    dict of str to callable
        Rows to probabilities, by :data:`COMPARATORS`.
    """
    rows = train[train[outcome].notna()]
    y = rows[outcome].to_numpy(np.float64)
    # Half an event keeps a rate of zero from ruling anything out.
    base = float((y.sum() + 0.5) / (y.size + 1.0))

    def constant(table: pd.DataFrame) -> Floats:
        return np.full(len(table), base)

    def logistic(features: Callable[[pd.DataFrame], Floats]) -> Forecaster:
        return _logistic(features(rows), y, features) if 0.0 < y.mean() < 1.0 else constant

    fitted: dict[str, Forecaster] = {
        "base_rate": constant,
        "own_rate": _own_rate(outcome, base) if answers and outcome in SHARES else constant,
        "previous_pain": logistic(_previous_pain) if answers else constant,
        "acwr_rolling": logistic(lambda t: _curved(t, "acwr_rolling")),
        "acwr_ewma": logistic(lambda t: _curved(t, "acwr_ewma")),
        "acwr_uncoupled": logistic(lambda t: _curved(t, "acwr_uncoupled")),
        "ten_percent_rule": logistic(lambda t: t[["over_ten_percent"]].to_numpy(np.float64)),
        "longest_30d_spike": logistic(_spikes),
        "distributed_lag": logistic(_lags),
        "gradient_boosting": constant,
    }
    if 0.0 < y.mean() < 1.0:
        fitted["gradient_boosting"] = _boosting(rows, y, rng, answers)
    return fitted


def _logistic(x: Floats, y: Floats, features: Callable[[pd.DataFrame], Floats]) -> Forecaster:
    """Return a ridge logistic regression on standardised features."""
    centre, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 0.0, scale, 1.0)
    model = LogisticRegression(C=RIDGE_C, max_iter=MAX_ITERATIONS)
    model.fit((x - centre) / scale, y)

    def forecast(table: pd.DataFrame) -> Floats:
        if table.empty:
            return np.zeros(0)
        probability = model.predict_proba((features(table) - centre) / scale)[:, 1]
        return np.asarray(probability, np.float64)

    return forecast


def _own_rate(outcome: str, base: float) -> Forecaster:
    """Return the unit's own share so far, pulled to the base rate."""
    share, count = SHARES[outcome]

    def forecast(table: pd.DataFrame) -> Floats:
        n = table[count].to_numpy(np.float64)
        events = np.nan_to_num(table[share].to_numpy(np.float64)) * n
        return np.asarray((events + PRIOR_ROWS * base) / (n + PRIOR_ROWS), np.float64)

    return forecast


def _previous_pain(table: pd.DataFrame) -> Floats:
    pain = table["last_pain"].to_numpy(np.float64)
    return np.column_stack((np.nan_to_num(pain), np.isnan(pain).astype(np.float64)))


def _curved(table: pd.DataFrame, name: str) -> Floats:
    """Return a log ratio and its square: published curves are U-shaped."""
    x = np.clip(table[name].to_numpy(np.float64), -2.0, 2.0)
    return np.column_stack((x, x**2))


def _spikes(table: pd.DataFrame) -> Floats:
    x = np.exp(table["longest_30d"].to_numpy(np.float64))
    return np.column_stack([(x > limit).astype(np.float64) for limit in SPIKES])


def _lags(table: pd.DataFrame) -> Floats:
    """Return loads by lag, days since injury and tissue: linear, of any shape over time."""
    lags = table[[f"lag_{a}" for a in LAG_EDGES[:-1]]].to_numpy(np.float64)
    return np.column_stack((lags, _who(table)))


def _who(table: pd.DataFrame) -> Floats:
    """Return tissue as flags, and how fresh the unit's injury is."""
    tissue = table["tissue"].to_numpy()
    flags = [(tissue == k).astype(np.float64) for k in range(1, len(MODEL_TISSUES))]
    fresh = np.exp(-table["days_since_injury"].to_numpy(np.float64) / 60.0)
    return np.column_stack((*flags, fresh))


def _boosting(rows: pd.DataFrame, y: Floats, rng: np.random.Generator, answers: bool) -> Forecaster:
    """Return gradient-boosted trees on everything known, history of answers included."""
    names = [*LOAD_FEATURES, "tissue", "is_index", "days_since_injury"]
    if answers:
        names.extend(ANSWER_FEATURES)

    def features(table: pd.DataFrame) -> Floats:
        return table[names].to_numpy(np.float64)

    model = HistGradientBoostingClassifier(random_state=int(rng.integers(2**31)), **BOOSTING)
    # Threads that wait for each other cost far more than they save on a few thousand rows.
    with threadpool_limits(limits=1, user_api="openmp"):
        model.fit(features(rows), y)

    def forecast(table: pd.DataFrame) -> Floats:
        if table.empty:
            return np.zeros(0)
        with threadpool_limits(limits=1, user_api="openmp"):
            return np.asarray(model.predict_proba(features(table))[:, 1], np.float64)

    return forecast
