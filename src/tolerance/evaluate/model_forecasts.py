"""The tolerance model's probabilities for the rows that everything is scored on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tolerance.evaluate.forecast_rows import OUTCOMES, PAIN_LIMIT
from tolerance.model.filters import fill_missing_days
from tolerance.model.population import PopulationDraws
from tolerance.model.predict import forecast
from tolerance.model.runner import RunnerHistory
from tolerance.model.update import UpdateSettings, update_runner

__all__ = ["model_forecasts", "without_answers"]

type Floats = NDArray[np.float64]

SETTINGS: Final = UpdateSettings()


def model_forecasts(
    histories: Sequence[RunnerHistory],
    rows: pd.DataFrame,
    population: PopulationDraws,
    rng: np.random.Generator,
    *,
    answers: bool = True,
    settings: UpdateSettings = SETTINGS,
) -> pd.DataFrame:
    """Return the probability of each outcome in each row.

    The state of a runner is worked out from the record up to the morning of the origin; the loads
    of the days after it are known, the answers are not.

    Parameters
    ----------
    histories : sequence of RunnerHistory
        Those that `rows` were laid out from; simulated runners.
    rows : pandas.DataFrame
        From `forecast_rows`.
    population : PopulationDraws
        Fitted to other runners.
    rng : numpy.random.Generator
    answers : bool
        False for a new runner: loads and injuries before the origin are known, answers are not.
    settings : UpdateSettings

    Returns
    -------
    pandas.DataFrame
        Columns :data:`OUTCOMES`, in the order of `rows`.
    """
    values = {outcome: np.full(len(rows), np.nan) for outcome in OUTCOMES}
    runner, origin, day, unit = (
        rows[name].to_numpy(np.int64) for name in ("runner", "origin", "day", "unit")
    )
    for number, start in sorted(set(zip(runner.tolist(), origin.tolist(), strict=True))):
        history = histories[number]
        known = history if answers else without_answers(history)
        mine = np.flatnonzero((runner == number) & (origin == start))
        stop = int(day[mine].max()) + 1
        probability = _week(known, start, stop, population, rng, settings)
        for outcome in OUTCOMES:
            values[outcome][mine] = probability[outcome][day[mine] - start, unit[mine]]
    return pd.DataFrame(values, index=rows.index)


def without_answers(history: RunnerHistory) -> RunnerHistory:
    """Return the record of a runner who never said anything about pain."""
    nothing = np.full_like(history.pain, np.nan)
    return replace(history, pain=nothing, settled=nothing.copy())


def _week(
    history: RunnerHistory,
    origin: int,
    stop: int,
    population: PopulationDraws,
    rng: np.random.Generator,
    settings: UpdateSettings,
) -> dict[str, Floats]:
    """Return probabilities of the days from origin to stop, (T, U) by outcome."""
    if origin == 0:
        raise ValueError("origin: got 0, expected 1 or more; a record has at least one day")
    last: date = history.dates[origin - 1].astype(object)
    past = history.until(last)
    state = update_runner(population, past, rng, simulated_runner=True, settings=settings)
    damage, log_sd = fill_missing_days(
        history.damage_rr[:stop], history.damage_log_sd[:stop], history.exposed[:stop]
    )
    ahead = slice(origin, stop)
    expected: dict[str, Any] = {}
    coming = forecast(
        state,
        damage[ahead],
        log_sd[ahead],
        history.exposed[ahead],
        np.full(len(history.units), PAIN_LIMIT),
    )
    expected["pain_above"] = coming.pain_above.mean(axis=0)
    expected["not_settled"] = coming.not_settled.mean(axis=0)
    expected["injury"] = coming.hazard.mean(axis=0)
    return expected
