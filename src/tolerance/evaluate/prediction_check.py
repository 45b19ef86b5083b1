"""Prediction of pain, settling and injury for new runners and next weeks, against comparators.

Two questions: a **new runner** (nothing said yet, loads known) and **next week** (everything up to
the morning of the week known). Comparators are fitted to training runners, the model's population
too; all are scored on the same rows of other runners.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tolerance.evaluate.comparators import COMPARATORS, fit_comparators
from tolerance.evaluate.forecast_rows import OUTCOMES
from tolerance.evaluate.probability_scores import (
    auc,
    calibration_curve,
    decision_curve,
    paired_difference,
    score_probabilities,
)

__all__ = [
    "MODEL",
    "THRESHOLDS",
    "compare_forecasts",
    "observed_rows",
    "shuffled_control",
    "weekly_injury",
]

type Floats = NDArray[np.float64]

MODEL: Final = "model"
THRESHOLDS: Final[Mapping[str, tuple[float, ...]]] = {
    "pain_above": (0.1, 0.2, 0.3, 0.4),
    "not_settled": (0.1, 0.2, 0.3, 0.4),
    "injury": (0.005, 0.01, 0.02, 0.05),
}
"""Probabilities at which one would act (science table C5)."""
LEAK_AUC: Final = 0.9
"""Ranking within runners above this is a leak until proven otherwise (science table C5)."""


def compare_forecasts(
    train: pd.DataFrame,
    test: pd.DataFrame,
    model: pd.DataFrame,
    outcome: str,
    rng: np.random.Generator,
    *,
    answers: bool = True,
) -> dict[str, Any]:
    """Score the model and every comparator on the same rows.

    Parameters
    ----------
    train, test : pandas.DataFrame
        From `forecast_rows`, of different runners.
    model : pandas.DataFrame
        From `model_forecasts`, in the order of `test`.
    outcome : str
        One of ``OUTCOMES``; injuries are scored by runner and week, summed over units.
    rng : numpy.random.Generator
    answers : bool
        False for new runners.

    Returns
    -------
    dict
        By forecaster its scores, and for comparators ``gain`` of the model over it in log score
        with standard error; ``curve`` and ``decisions`` of the model; ``is_leak_suspected``.
    """
    forecasters = fit_comparators(train, outcome, rng, answers=answers)
    rows, observed, runner = observed_rows(test, outcome)
    probability = {MODEL: model.loc[rows.index, outcome].to_numpy(np.float64)}
    probability |= {name: forecasters[name](rows) for name in COMPARATORS}
    if outcome == "injury":
        weekly = {name: weekly_injury(rows, p) for name, p in probability.items()}
        observed, runner = weekly[MODEL][0], weekly[MODEL][2]
        probability = {name: entry[1] for name, entry in weekly.items()}
    result: dict[str, Any] = {}
    for name, p in probability.items():
        result[name] = score_probabilities(observed, p, runner, rng)
        result[name]["auc"] = auc(observed, p)
        if name != MODEL:
            result[name]["model_gain"] = paired_difference(observed, probability[MODEL], p, runner)
    within = result[MODEL]["auc_within"]["value"]
    return {
        "forecasters": result,
        "curve": calibration_curve(observed, probability[MODEL], runner, rng),
        "decisions": {
            name: decision_curve(observed, p, THRESHOLDS[outcome])
            for name, p in probability.items()
        },
        "is_leak_suspected": bool(within > LEAK_AUC),
    }


def observed_rows(
    table: pd.DataFrame, outcome: str
) -> tuple[pd.DataFrame, Floats, NDArray[np.int64]]:
    """Return rows with an outcome, the outcome, and the runner of each."""
    if outcome not in OUTCOMES:
        raise ValueError(f"outcome: got {outcome!r}, expected one of {', '.join(OUTCOMES)}")
    rows = table[table[outcome].notna()]
    return rows, rows[outcome].to_numpy(np.float64), rows["runner"].to_numpy(np.int64)


def weekly_injury(
    rows: pd.DataFrame, probability: Floats
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Return any injury of a runner in a week, its probability, and the runner.

    Hazards of sessions and units add on the log survival scale. Sessions after the week's injury
    are not at risk and leave the sum.
    """
    table = rows[["runner", "origin", "day"]].copy()
    table["injury"] = rows["injury"].to_numpy(np.float64)
    table["hazard"] = -np.log1p(-np.clip(probability, 0.0, 1.0 - 1e-9))
    first = table[table["injury"] > 0].groupby(["runner", "origin"])["day"].min()
    key = pd.MultiIndex.from_frame(table[["runner", "origin"]])
    until = first.reindex(key).to_numpy(np.float64)
    at_risk = np.isnan(until) | (table["day"].to_numpy() <= until)
    week = table[at_risk].groupby(["runner", "origin"], sort=True)
    observed = (week["injury"].max() > 0).to_numpy(np.float64)
    risk = -np.expm1(-week["hazard"].sum().to_numpy(np.float64))
    runner = np.asarray(week["runner"].first().to_numpy(), np.int64)
    return np.asarray(observed, np.float64), np.asarray(risk, np.float64), runner


def shuffled_control(
    train: pd.DataFrame,
    test: pd.DataFrame,
    model: pd.DataFrame,
    outcome: str,
    rng: np.random.Generator,
    names: Sequence[str] = COMPARATORS,
) -> dict[str, Any]:
    """Score everything against outcomes dealt out anew: skill must be nil within its noise.

    Outcomes are shuffled over all rows, training and test, so nothing is left to know: neither who
    tends to hurt nor when.

    Returns
    -------
    dict
        By forecaster ``brier_skill`` and ``auc_within`` with intervals.
    """
    mixed = train.copy()
    known = mixed[outcome].notna().to_numpy()
    mixed.loc[known, outcome] = rng.permutation(mixed.loc[known, outcome].to_numpy())
    rows, observed, runner = observed_rows(test, outcome)
    dealt = rng.permutation(observed)
    forecasters = fit_comparators(mixed, outcome, rng)
    probability = {MODEL: model.loc[rows.index, outcome].to_numpy(np.float64)}
    probability |= {name: forecasters[name](rows) for name in names}
    result = {}
    for name, p in probability.items():
        scores = score_probabilities(dealt, p, runner, rng)
        result[name] = {key: scores[key] for key in ("brier_skill", "auc_within")}
    return result
