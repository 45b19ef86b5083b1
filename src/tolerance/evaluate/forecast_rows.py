"""Rows to predict: one session, one unit, what was known at the forecast's origin, what came.

Loads up to and including the session are known (a plan says them); answers only up to the origin.
So a row cannot leak the future of what it is scored on.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tolerance.anatomy import MODEL_TISSUES
from tolerance.model.filters import expected_damage, fill_missing_days
from tolerance.model.runner import RunnerHistory

__all__ = ["ANSWER_FEATURES", "LOAD_FEATURES", "OUTCOMES", "PAIN_LIMIT", "forecast_rows"]

type Floats = NDArray[np.float64]

PAIN_LIMIT: Final = 3.0
"""Pain above it is the event: the definition of tolerance (R38)."""
HORIZON_D: Final = 7
"""Days from origin to the last session predicted: until the next weekly review."""
OUTCOMES: Final = ("pain_above", "not_settled", "injury")
"""What is predicted: pain above the limit, not back to normal within a day, injury of the unit."""
LAG_EDGES: Final = (0, 1, 2, 3, 5, 7, 10, 14, 21, 28)
"""Edges of the distributed lags, days back; the first bin is the session itself."""
SPIKE_WINDOW_D: Final = 30
OFFSET_RR: Final = 0.02
"""Added to both sides of a ratio of daily loads; one percent of a run every other day."""
ACUTE_D, CHRONIC_D = 7, 28

LOAD_FEATURES: Final = (
    "log_load", "acwr_rolling", "acwr_ewma", "acwr_uncoupled", "over_ten_percent",
    "longest_30d", *(f"lag_{a}" for a in LAG_EDGES[:-1]),
)  # fmt: skip
"""Columns that come from loads alone; ratios are logarithms."""
ANSWER_FEATURES: Final = (
    "last_pain", "days_since_answer", "mean_pain", "share_above", "n_answers", "share_not_settled",
    "n_settled",
)  # fmt: skip
"""Columns that come from what the runner said before the origin; NaN where nothing was said."""


def forecast_rows(
    histories: Sequence[RunnerHistory], origins_d: Sequence[int], horizon_d: int = HORIZON_D
) -> pd.DataFrame:
    """Lay out all sessions after the origins, row by row.

    Parameters
    ----------
    histories : sequence of RunnerHistory
    origins_d : sequence of int
        Days from the first; a forecast made in the morning of that day.
    horizon_d : int
        Days that each predicts.

    Returns
    -------
    pandas.DataFrame
        ``runner_id, runner, origin, day, unit, tissue, is_index, days_since_injury``, features
        (:data:`LOAD_FEATURES`, :data:`ANSWER_FEATURES`) and :data:`OUTCOMES` (NaN where the runner
        did not say). One row for each unit of each session.
    """
    parts = []
    for number, history in enumerate(histories):
        damage = expected_damage(
            *fill_missing_days(history.damage_rr, history.damage_log_sd, history.exposed)
        )
        load = _load_features(damage, history.chronic_start_rr)
        events = _injury_days(history)
        since = _days_since_injury(history)
        for origin in origins_d:
            stop = min(origin + horizon_d, history.dates.size)
            days = np.arange(origin, stop)
            days = days[history.exposed[origin:stop]]
            if days.size == 0:
                continue
            said = _answer_features(history, origin)
            parts.append(_rows(history, number, origin, days, load, said, events, since))
    if not parts:
        columns = ["runner_id", "runner", "origin", "day", "unit", "tissue", "is_index"]
        return pd.DataFrame(columns=[*columns, *LOAD_FEATURES, *ANSWER_FEATURES, *OUTCOMES])
    return pd.concat(parts, ignore_index=True)


def _rows(
    history: RunnerHistory,
    number: int,
    origin: int,
    days: NDArray[np.int64],
    load: dict[str, Floats],
    said: dict[str, Floats],
    events: NDArray[np.bool_],
    since: Floats,
) -> pd.DataFrame:
    """Return the rows of one runner after one origin."""
    n_units = len(history.units)
    day = np.repeat(days, n_units)
    unit = np.tile(np.arange(n_units), days.size)
    pain, settled = history.pain[day, unit], history.settled[day, unit]
    table = {
        "runner_id": np.full(day.size, history.runner_id),
        "runner": np.full(day.size, number),
        "origin": np.full(day.size, origin),
        "day": day,
        "unit": unit,
        "tissue": np.array([MODEL_TISSUES.index(u.tissue) for u in history.units])[unit],
        "is_index": history.is_index[unit],
        # As it stood at the origin: an injury of the week itself is what is predicted.
        "days_since_injury": np.minimum(since[origin, unit], 1e4),
    }
    table |= {name: values[day, unit] for name, values in load.items()}
    table |= {name: values[unit] for name, values in said.items()}
    table["pain_above"] = np.where(np.isnan(pain), np.nan, pain > PAIN_LIMIT)
    table["not_settled"] = 1.0 - settled
    table["injury"] = events[day, unit].astype(np.float64)
    return pd.DataFrame(table)


def _injury_days(history: RunnerHistory) -> NDArray[np.bool_]:
    events = np.zeros(history.pain.shape, np.bool_)
    for injury in history.injuries:
        day = int((np.datetime64(injury.on) - history.dates[0]).astype(np.int64))
        if 0 <= day < events.shape[0]:
            events[day, injury.unit] = True
    return events


def _days_since_injury(history: RunnerHistory) -> Floats:
    """Return days since the last injury of each unit in the morning of each day; inf without."""
    n_days, n_units = history.pain.shape
    since = np.full((n_days, n_units), np.inf)
    for injury in sorted(history.injuries, key=lambda i: i.on):
        on = int((np.datetime64(injury.on) - history.dates[0]).astype(np.int64))
        days = np.arange(n_days)
        since[days > on, injury.unit] = (days - on)[days > on]
    return since


def _load_features(damage: Floats, chronic_start_rr: Floats) -> dict[str, Floats]:
    """Return features per day and unit, all from damage up to and including the day."""
    n_days, n_units = damage.shape
    # Before the first day load was what the history says of it, so that no window is short.
    before = np.tile(chronic_start_rr, (SPIKE_WINDOW_D, 1))
    full = np.concatenate((before, damage))
    summed = np.concatenate((np.zeros((1, n_units)), np.cumsum(full, axis=0)))
    today = np.arange(n_days) + SPIKE_WINDOW_D

    def mean(first_back: int, last_back: int) -> Floats:
        """Mean of the days `first_back` to `last_back` days back, both included."""
        days = last_back - first_back + 1
        total = summed[today - first_back + 1] - summed[today - last_back]
        return np.asarray(total / days, np.float64)

    def log_ratio(top: Floats, bottom: Floats) -> Floats:
        return np.asarray(np.log((top + OFFSET_RR) / (bottom + OFFSET_RR)), np.float64)

    acute = mean(0, ACUTE_D - 1)
    week_before = mean(ACUTE_D, 2 * ACUTE_D - 1)
    longest = np.stack(
        [full[t - SPIKE_WINDOW_D : t].max(axis=0) for t in today]
    )  # the session itself is not in it
    features = {
        "log_load": np.log(damage + OFFSET_RR),
        "acwr_rolling": log_ratio(acute, mean(0, CHRONIC_D - 1)),
        "acwr_ewma": log_ratio(_ewma(full, ACUTE_D)[today], _ewma(full, CHRONIC_D)[today]),
        "acwr_uncoupled": log_ratio(acute, mean(ACUTE_D, CHRONIC_D - 1)),
        "over_ten_percent": (acute > 1.1 * week_before).astype(np.float64),
        "longest_30d": log_ratio(damage, longest),
    }
    for a, b in pairwise(LAG_EDGES):
        features[f"lag_{a}"] = np.log(mean(a, b - 1) + OFFSET_RR)
    return features


def _ewma(values: Floats, days: int) -> Floats:
    """Return the exponential average with weight ``2 / (days + 1)`` (Williams 2017)."""
    weight = 2.0 / (days + 1.0)
    out = np.empty_like(values)
    level = values[0]
    for t in range(values.shape[0]):
        level = level + weight * (values[t] - level)
        out[t] = level
    return out


def _answer_features(history: RunnerHistory, origin: int) -> dict[str, Floats]:
    """Return what was known of each unit's answers in the morning of a day."""
    pain, settled = history.pain[:origin], history.settled[:origin]
    n_units = history.pain.shape[1]
    said = np.isfinite(pain)
    n = said.sum(axis=0).astype(np.float64)
    known = np.isfinite(settled)
    n_settled = known.sum(axis=0).astype(np.float64)
    last_pain, since = np.full(n_units, np.nan), np.full(n_units, np.nan)
    for u in range(n_units):
        days = np.flatnonzero(said[:, u])
        if days.size:
            last_pain[u], since[u] = pain[days[-1], u], origin - days[-1]

    def mean(total: Floats, count: Floats) -> Floats:
        out: Floats = np.full(n_units, np.nan)
        np.divide(total, count, out=out, where=count > 0)
        return out

    return {
        "last_pain": last_pain,
        "days_since_answer": since,
        "mean_pain": mean(np.where(said, pain, 0.0).sum(axis=0), n),
        "share_above": mean((said & (pain > PAIN_LIMIT)).sum(axis=0).astype(np.float64), n),
        "n_answers": n,
        "share_not_settled": mean((known & (settled == 0.0)).sum(axis=0).astype(float), n_settled),
        "n_settled": n_settled,
    }
