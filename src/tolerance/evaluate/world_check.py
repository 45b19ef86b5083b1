"""The model against every comparator in one simulated world, with runners nobody trained on.

Training runners fit the comparators; other runners of the same world are predicted. The model
starts from the population draws that it is given: the priors (as a real runner does), or draws
fitted to simulated runners. Simulated throughout, and said to be.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from tolerance.config import SimulateCohort, TissueExponents
from tolerance.evaluate.forecast_rows import OUTCOMES, forecast_rows
from tolerance.evaluate.model_forecasts import model_forecasts
from tolerance.evaluate.prediction_check import MODEL, compare_forecasts, shuffled_control
from tolerance.evaluate.predictive_checks import predictive_check
from tolerance.exposure.histories import cohort_histories
from tolerance.model.population import PopulationDraws
from tolerance.model.runner import RunnerHistory
from tolerance.simulate.cohort import cohort_tables, simulate_cohort

__all__ = [
    "TASKS",
    "CheckDesign",
    "check_world",
    "shuffled_loads",
    "simulated_histories",
    "winners",
]

TASKS: Final = ("new_runner", "next_week")
"""What is known of a runner: loads alone, or everything up to the morning of the week."""
DAYS_PER_WEEK: Final = 7
STARTING_CHRONIC_RR: Final = 0.1
"""What every record says of the load before its first day; of each runner nobody knows it."""


@dataclass(frozen=True, kw_only=True)
class CheckDesign:
    """How large a check is.

    Attributes
    ----------
    n_train, n_test : int
        Runners that comparators are fitted to, and that everything is scored on.
    origin_weeks : tuple of int
        Weeks after which a week is predicted.
    n_replicates : int
        Of the posterior predictive check.
    """

    n_train: int
    n_test: int
    origin_weeks: tuple[int, ...]
    n_replicates: int


def simulated_histories(
    settings: SimulateCohort,
    exponents: TissueExponents,
    rng: np.random.Generator,
    world: str,
    n_runners: int,
) -> list[RunnerHistory]:
    """Return what is written down of simulated runners of a world."""
    sized = settings.model_copy(update={"n_runners": n_runners})
    cohort = simulate_cohort(sized, exponents, rng, world=world)
    return cohort_histories(cohort_tables(cohort), cohort.units, STARTING_CHRONIC_RR)


def check_world(
    world: str,
    settings: SimulateCohort,
    exponents: TissueExponents,
    population: PopulationDraws,
    design: CheckDesign,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Score model and comparators in one world.

    Returns
    -------
    dict
        ``new_runner`` and ``next_week``: by outcome what `compare_forecasts` says; ``controls``:
        shuffled outcomes, and the model on shuffled loads; ``predictive``: `predictive_check`.
    """
    train_histories = simulated_histories(settings, exponents, rng, world, design.n_train)
    test_histories = simulated_histories(settings, exponents, rng, world, design.n_test)
    weeks = range(1, settings.n_weeks)
    train = forecast_rows(train_histories, [DAYS_PER_WEEK * week for week in weeks])
    origins = [DAYS_PER_WEEK * week for week in design.origin_weeks]
    test = forecast_rows(test_histories, origins)
    result: dict[str, Any] = {"n_train": design.n_train, "n_test": design.n_test}
    forecasts = {}
    for task in TASKS:
        answers = task == "next_week"
        forecasts[task] = model_forecasts(test_histories, test, population, rng, answers=answers)
        result[task] = {
            outcome: compare_forecasts(train, test, forecasts[task], outcome, rng, answers=answers)
            for outcome in OUTCOMES
        }
    result["controls"] = {
        "shuffled_outcomes": shuffled_control(
            train, test, forecasts["next_week"], "pain_above", rng
        ),
        "shuffled_loads": _on_shuffled_loads(train, test_histories, origins, population, rng),
    }
    result["predictive"] = predictive_check(train_histories, population, rng, design.n_replicates)
    return result


def shuffled_loads(history: RunnerHistory, rng: np.random.Generator) -> RunnerHistory:
    """Return a record whose sessions swapped their loads; days, answers and injuries stay."""
    days = np.flatnonzero(history.exposed)
    dealt = rng.permutation(days)
    damage, log_sd = history.damage_rr.copy(), history.damage_log_sd.copy()
    damage[days], log_sd[days] = history.damage_rr[dealt], history.damage_log_sd[dealt]
    return replace(history, damage_rr=damage, damage_log_sd=log_sd)


def _on_shuffled_loads(
    train: pd.DataFrame,
    histories: Sequence[RunnerHistory],
    origins: Sequence[int],
    population: PopulationDraws,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Score pain next week where loads say nothing about their day any more."""
    mixed = [shuffled_loads(history, rng) for history in histories]
    rows = forecast_rows(mixed, origins)
    model = model_forecasts(mixed, rows, population, rng)
    scored = compare_forecasts(train, rows, model, "pain_above", rng)["forecasters"][MODEL]
    return {key: scored[key] for key in ("log_score", "brier_skill", "auc_within")}


def winners(result: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Give task, outcome and the forecaster with the lowest log score."""
    for task in TASKS:
        for outcome, scored in result[task].items():
            by_name = {
                name: entry["log_score"]["value"] for name, entry in scored["forecasters"].items()
            }
            yield task, outcome, min(by_name, key=lambda name: by_name[name])
