"""How well a few days of training tell injury days apart, on athletes and on days left out.

For the Lövdal 2021 files, which a user downloads. Two questions, each beside its base rate:
athletes nobody has seen (whole athletes left out, in folds), and the later days of known athletes
(the last 30 % of each athlete's rows, learned on the earlier ones of all). Published replications
with these splits reach an AUC of 0.62 to 0.69 and next to no Brier skill; the paper's 0.72 has an
interval of 0.64 to 0.80 (doi:10.1123/ijspp.2020-0518). Anything far above is a leak.
"""

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from tolerance.evaluate.probability_scores import auc, paired_difference, score_probabilities
from tolerance.model.window_hazard import fit_window_hazard

__all__ = ["score_windows"]

type Floats = NDArray[np.float64]

N_FOLDS: Final = 5
EARLIER_SHARE: Final = 0.7
"""Of each athlete's rows, in order of time; what is later is predicted."""
OWN_RATE_WEIGHT: Final = 100.0
"""Rows that everybody's rate counts for in an athlete's own: an injury in a hundred rows is usual.
Engineering choice."""
SUSPICIOUS_AUC: Final = 0.9
"""Above it a leak is likelier than a discovery."""


def score_windows(
    events: pd.DataFrame, features: tuple[str, ...], rng: np.random.Generator
) -> dict[str, Any]:
    """Score the hazard of injury from windows of training.

    Parameters
    ----------
    events : pandas.DataFrame
        ``athlete_id, day, is_injury`` and the features, from each event's own window only.
    features : tuple of str
    rng : numpy.random.Generator
        For folds and intervals.

    Returns
    -------
    dict
        ``new_athletes`` and ``later_days``: scores of ``hazard`` and ``base_rate`` (and
        ``own_rate`` of known athletes), ``auc`` over all rows, what the hazard gains on the base
        rate, and ``is_suspicious`` where an AUC looks like a leak; ``slopes`` per SD of each
        feature with their posterior SD, on all rows.

    Raises
    ------
    ValueError
        If there are fewer injured athletes than folds.
    """
    athlete = events["athlete_id"].to_numpy()
    injury = events["is_injury"].to_numpy(np.bool_)
    n_injured = int(np.unique(athlete[injury]).size)
    if n_injured < N_FOLDS:
        raise ValueError(
            f"{injury.sum()} injuries of {n_injured} athletes in {injury.size} rows: leaving "
            f"athletes out takes {N_FOLDS} injured ones or more. Give the whole file."
        )
    x = events[list(features)].to_numpy(np.float64)
    fitted = fit_window_hazard(features, x, injury, athlete)
    return {
        "data": {
            "n_rows": int(injury.size),
            "n_injuries": int(injury.sum()),
            "n_athletes": int(np.unique(athlete).size),
        },
        "new_athletes": _new_athletes(features, x, injury, athlete, rng),
        "later_days": _later_days(features, x, injury, events, rng),
        "slopes": {
            name: {"log_hazard_per_sd": float(slope), "sd": float(sd)}
            for name, slope, sd in zip(features, fitted.slope, fitted.slope_sd, strict=True)
        },
    }


def _new_athletes(
    features: tuple[str, ...],
    x: Floats,
    injury: NDArray[np.bool_],
    athlete: NDArray[Any],
    rng: np.random.Generator,
) -> dict[str, Any]:
    hazard, base = np.empty(injury.size), np.empty(injury.size)
    folds = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=int(rng.integers(2**31)))
    for known, new in folds.split(x, injury, athlete):
        fitted = fit_window_hazard(features, x[known], injury[known], athlete[known])
        hazard[new], base[new] = fitted.predict(x[new]), injury[known].mean()
    return _scores({"hazard": hazard, "base_rate": base}, injury, athlete, rng)


def _later_days(
    features: tuple[str, ...],
    x: Floats,
    injury: NDArray[np.bool_],
    events: pd.DataFrame,
    rng: np.random.Generator,
) -> dict[str, Any]:
    athlete = events["athlete_id"].to_numpy()
    place = events.groupby("athlete_id")["day"].rank(method="first", pct=True).to_numpy()
    known, later = place <= EARLIER_SHARE, place > EARLIER_SHARE
    if not (injury[known].any() and injury[later].any()):
        return {"not_scored": "no injury among the earlier, or among the later rows"}
    fitted = fit_window_hazard(features, x[known], injury[known], athlete[known])
    rate = float(injury[known].mean())
    own = pd.Series(injury[known]).groupby(athlete[known]).agg(["sum", "count"])
    smooth = (own["sum"] + OWN_RATE_WEIGHT * rate) / (own["count"] + OWN_RATE_WEIGHT)
    own_rate = pd.Series(athlete[later]).map(smooth).fillna(rate).to_numpy(np.float64)
    predicted = {
        "hazard": fitted.predict(x[later]),
        "base_rate": np.full(int(later.sum()), rate),
        "own_rate": own_rate,
    }
    return _scores(predicted, injury[later], athlete[later], rng)


def _scores(
    predicted: dict[str, Floats],
    injury: NDArray[np.bool_],
    athlete: NDArray[Any],
    rng: np.random.Generator,
) -> dict[str, Any]:
    outcome = injury.astype(np.float64)
    area = auc(outcome, predicted["hazard"])
    found: dict[str, Any] = {
        name: score_probabilities(outcome, p, athlete, rng) for name, p in predicted.items()
    }
    return found | {
        "auc": area,
        "is_suspicious": int(area > SUSPICIOUS_AUC),
        "hazard_less_base_rate": paired_difference(
            outcome, predicted["hazard"], predicted["base_rate"], athlete
        ),
    }
