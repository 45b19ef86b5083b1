"""What the soreness model must beat: rates, today's soreness, logistic models, boosting.

Each is fitted on the training rows of a split and predicts its test rows. Those that look at a
person's own outcomes use only what was filed by the end of the day (information ``seq``); features
are the same for people who were in training and for people who were not.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tolerance.evaluate.soreness_protocol import Split, known_rows

__all__ = ["COMPARATORS", "STRONGEST", "features", "predict_comparators"]

type FloatArray = NDArray[np.float64]

RATE_PRIOR_ROWS: Final = 5.0
"""A person's running rate starts as the training rate and counts as five rows of it. Engineering
choice: from nobody's data."""
LOAD_SCALE: Final = 100.0
LAG_DAYS: Final = 4
WINDOWS_D: Final = (3, 7, 14, 28)
DECAYS_D: Final = (0.5, 1.0, 2.0)
BOOSTING: Final[Mapping[str, Any]] = {
    "max_iter": 80,
    "learning_rate": 0.05,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 20,
    "l2_regularization": 5.0,
    "early_stopping": False,
}
"""Small trees with strong shrinkage, for a thousand rows. Engineering choice."""

STATE: Final = ("today", "week")
LOAD: Final = (
    *(f"load_lag_{lag}" for lag in range(LAG_DAYS)),
    *(f"load_sum_{window}" for window in WINDOWS_D),
    *(f"load_decay_{decay:g}" for decay in DECAYS_D),
    *(f"running_lag_{lag}" for lag in range(2)),
    "running_sum_7",
    "sessions_7",
)
LOGISTIC_LOAD: Final = ("load_lag_0", "load_lag_1", "load_sum_7", "load_sum_28", "running_lag_0")
HISTORY: Final = ("own_rate", "own_mean", "own_rows", "own_load")
STRONGEST: Final = "boosting_load_state_history"


def features(rows: pd.DataFrame, reports: pd.DataFrame, loads: pd.DataFrame) -> pd.DataFrame:
    """Return what is known of each row at the end of its day, outcomes of others aside.

    Parameters
    ----------
    rows, reports, loads : DataFrame
        From ``soreness_protocol``.

    Returns
    -------
    DataFrame
        One line a row, in its order; ``own_sore`` and ``own_rows`` count the person's known
        outcomes.
    """
    parts = []
    for person, own in rows.groupby("runner_id", sort=False):
        said = reports[reports["runner_id"] == person].set_index("date")["soreness"]
        did = loads[loads["runner_id"] == person].set_index("date")
        days = pd.date_range(min([said.index.min(), *did.index[:1]]), said.index.max(), freq="D")
        did = did[["srpe", "running_srpe", "n_sessions"]].reindex(days, fill_value=0.0)
        load, run = did["srpe"] / LOAD_SCALE, did["running_srpe"] / LOAD_SCALE
        sore = said.reindex(days).astype("float64")
        made = {"today": sore, "week": sore.rolling(7, min_periods=1).mean()}
        made |= {f"load_lag_{lag}": load.shift(lag, fill_value=0.0) for lag in range(LAG_DAYS)}
        made |= {f"load_sum_{w}": load.rolling(w, min_periods=1).sum() for w in WINDOWS_D}
        for decay in DECAYS_D:
            alpha = -np.expm1(-1.0 / decay)
            made[f"load_decay_{decay:g}"] = np.log1p(load.ewm(alpha=alpha, adjust=False).mean())
        made |= {f"running_lag_{lag}": run.shift(lag, fill_value=0.0) for lag in range(2)}
        made["running_sum_7"] = run.rolling(7, min_periods=1).sum()
        made["sessions_7"] = did["n_sessions"].rolling(7, min_periods=1).sum()
        made["own_load"] = load.expanding().mean()
        made["own_mean"] = sore.expanding().mean()
        frame = pd.DataFrame(made).loc[own["date"]].set_axis(own.index)
        known = known_rows(own["date"], "seq")
        frame["own_rows"] = known.sum(axis=1).astype(np.float64)
        frame["own_sore"] = known @ own["is_sore"].to_numpy(np.float64)
        parts.append(frame)
    return pd.concat(parts).loc[rows.index]


def _with_rate(table: pd.DataFrame, rate: float) -> pd.DataFrame:
    counted = table["own_sore"] + RATE_PRIOR_ROWS * rate
    return table.assign(own_rate=counted / (table["own_rows"] + RATE_PRIOR_ROWS))


def _logistic(columns: tuple[str, ...]) -> Callable[..., FloatArray]:
    def predict(table: pd.DataFrame, sore: FloatArray, split: Split, _: int) -> FloatArray:
        chosen = table[list(columns)].to_numpy(np.float64)
        model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0))
        model.fit(chosen[split.train], sore[split.train])
        return np.asarray(model.predict_proba(chosen[split.test])[:, 1])

    return predict


def _boosting(columns: tuple[str, ...]) -> Callable[..., FloatArray]:
    def predict(table: pd.DataFrame, sore: FloatArray, split: Split, seed: int) -> FloatArray:
        chosen = table[list(columns)].to_numpy(np.float64)
        model = HistGradientBoostingClassifier(**BOOSTING, random_state=seed)
        model.fit(chosen[split.train], sore[split.train])
        return np.asarray(model.predict_proba(chosen[split.test])[:, 1])

    return predict


def _base_rate(table: pd.DataFrame, sore: FloatArray, split: Split, _: int) -> FloatArray:
    return np.full(int(split.test.sum()), sore[split.train].mean())


def _own_rate(table: pd.DataFrame, sore: FloatArray, split: Split, _: int) -> FloatArray:
    return table["own_rate"].to_numpy(np.float64)[split.test]


COMPARATORS: Final[Mapping[str, Callable[..., FloatArray]]] = {
    "base_rate": _base_rate,
    "person_rate": _own_rate,
    "soreness_today_and_week": _logistic(STATE),
    "logistic_load_state": _logistic((*STATE, *LOGISTIC_LOAD)),
    "boosting_load_state": _boosting((*STATE, *LOAD)),
    STRONGEST: _boosting((*STATE, *LOAD, *HISTORY)),
}
"""Comparators by name, weakest first."""


def predict_comparators(
    table: pd.DataFrame, is_sore: NDArray[np.bool_], split: Split, seed: int
) -> dict[str, FloatArray]:
    """Fit every comparator on a split's training rows and predict its test rows.

    Parameters
    ----------
    table : DataFrame
        From `features`.
    is_sore : (n_rows,) bool array
    split : Split
    seed : int
        Of the boosting.
    """
    sore = is_sore.astype(np.float64)
    rated = _with_rate(table, float(sore[split.train].mean()))
    return {name: predict(rated, sore, split, seed) for name, predict in COMPARATORS.items()}
