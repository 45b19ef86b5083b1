"""The soreness model on the frozen protocol: people left out, days left out, loads shuffled."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tolerance.evaluate.soreness_comparators import COMPARATORS, features, predict_comparators
from tolerance.evaluate.soreness_protocol import (
    Information,
    Split,
    daily_loads,
    daily_reports,
    first_days_train,
    known_rows,
    leave_one_person_out,
    soreness_rows,
)
from tolerance.model.soreness import Population, PreparedDiary, SorenessModel, prepare

__all__ = [
    "Diary",
    "Predicted",
    "compare_later_days",
    "compare_left_out",
    "compare_new_people",
    "later_days",
    "left_out_people",
    "new_people",
    "read_diary",
    "shifted_loads",
    "shuffled_loads",
]

type FloatArray = NDArray[np.float64]

LEAST_SHIFT_D: Final = 7
"""A circular shift moves loads by at least a week: less would leave some of them in place."""


@dataclass(frozen=True)
class Diary:
    """Days of a diary under the protocol: scored rows, reports, loads."""

    rows: pd.DataFrame
    reports: pd.DataFrame
    loads: pd.DataFrame

    @property
    def sore(self) -> FloatArray:
        """1 where the next day is sore."""
        return self.rows["is_sore"].to_numpy(np.float64)

    @property
    def person(self) -> NDArray[np.str_]:
        """Person of each row."""
        return self.rows["runner_id"].to_numpy().astype(np.str_)

    def prepared(self) -> PreparedDiary:
        """Return the rows as the model reads them."""
        return prepare(self.rows, self.reports, self.loads)


@dataclass(frozen=True)
class Predicted:
    """Probabilities of sore days; NaN for rows that were not tested.

    Attributes
    ----------
    p_sore, low, high : (n_rows,) arrays
        Posterior mean and 90 % interval.
    effective_draws : (n_rows,) array
    n_rejuvenated : int
    """

    p_sore: FloatArray
    low: FloatArray
    high: FloatArray
    effective_draws: FloatArray
    n_rejuvenated: int


def read_diary(reports: pd.DataFrame, sessions: pd.DataFrame) -> Diary:
    """Apply the protocol's rules to tables ``wellness_reports`` and ``diary_sessions``.

    Raises
    ------
    ValueError
        If no day has a report on it and on the day after.
    """
    said = daily_reports(reports)
    rows = soreness_rows(said)
    if rows.empty:
        raise ValueError(
            f"diary: {len(reports)} forms of {reports['runner_id'].nunique()} people give no row; "
            "expected soreness from 1 to 5 on two days in a row at least once."
        )
    return Diary(rows, said, daily_loads(sessions))


def left_out_people(
    model: SorenessModel,
    diary: Diary,
    information: Information,
    rng: np.random.Generator,
    n_draws: int,
) -> Predicted:
    """Predict every person from a population learned on all others."""
    prepared = diary.prepared()
    every = np.ones(len(diary.rows), dtype=np.bool_)
    return _each_person(model, diary, prepared, every, every, information, rng, n_draws)


def later_days(
    model: SorenessModel, diary: Diary, rng: np.random.Generator, n_draws: int
) -> Predicted:
    """Predict the last 30 % of each person's span, day after day.

    The population is learned on the first 70 % of all other people, and the person's own outcomes
    up to the day come on top: the posterior given everybody's first days and the person's own
    past, with nothing counted twice.
    """
    split = first_days_train(diary.rows, diary.reports)
    prepared = diary.prepared()
    return _each_person(model, diary, prepared, split.train, split.test, "seq", rng, n_draws)


def _each_person(
    model: SorenessModel,
    diary: Diary,
    prepared: PreparedDiary,
    train: NDArray[np.bool_],
    test: NDArray[np.bool_],
    information: Information,
    rng: np.random.Generator,
    n_draws: int,
) -> Predicted:
    out = {name: np.full(len(diary.rows), np.nan) for name in ("p", "low", "high", "draws")}
    start: Population | None = None
    moved = 0
    for person, stream in zip(prepared.people, rng.spawn(len(prepared.people)), strict=True):
        own = diary.person == person
        population = model.fit(prepared, train & ~own, start)
        start = population
        dates = diary.rows["date"][own]
        found = model.predict(
            population, prepared, person, known_rows(dates, information), stream, n_draws
        )
        tested = test[own]
        place = np.flatnonzero(own)[tested]
        out["p"][place] = found.p_sore[tested]
        out["low"][place], out["high"][place] = found.low[tested], found.high[tested]
        out["draws"][place] = found.effective_draws[tested]
        moved += found.n_rejuvenated
    return Predicted(out["p"], out["low"], out["high"], out["draws"], moved)


def new_people(
    model: SorenessModel,
    known: Diary,
    new: Diary,
    information: Information,
    rng: np.random.Generator,
    n_draws: int,
) -> Predicted:
    """Predict people of another diary from a population learned on all of one.

    Parameters
    ----------
    model : SorenessModel
    known : Diary
        Learned from, whole.
    new : Diary
        Predicted; a person who is in ``known`` too is refused.
    information : str
    rng : numpy.random.Generator
    n_draws : int

    Raises
    ------
    ValueError
        If a person is in both diaries.
    """
    both = sorted(set(known.person) & set(new.person))
    if both:
        raise ValueError(
            f"people in both diaries: {', '.join(both)}. They would be scored on what they taught; "
            "leave them out of one."
        )
    learned = known.prepared()
    population = model.fit(learned, np.ones(len(known.rows), dtype=np.bool_))
    prepared = new.prepared()
    out = {name: np.full(len(new.rows), np.nan) for name in ("p", "low", "high", "draws")}
    moved = 0
    for person, stream in zip(prepared.people, rng.spawn(len(prepared.people)), strict=True):
        own = new.person == person
        outcomes = known_rows(new.rows["date"][own], information)
        found = model.predict(population, prepared, person, outcomes, stream, n_draws)
        out["p"][own], out["low"][own], out["high"][own] = found.p_sore, found.low, found.high
        out["draws"][own] = found.effective_draws
        moved += found.n_rejuvenated
    return Predicted(out["p"], out["low"], out["high"], out["draws"], moved)


def compare_left_out(diary: Diary, seed: int) -> dict[str, FloatArray]:
    """Return what every comparator says of people left out."""
    table = features(diary.rows, diary.reports, diary.loads)
    found = {name: np.full(len(diary.rows), np.nan) for name in COMPARATORS}
    is_sore = diary.rows["is_sore"].to_numpy(np.bool_)
    for split in leave_one_person_out(diary.rows):
        for name, p in predict_comparators(table, is_sore, split, seed).items():
            found[name][split.test] = p
    return found


def compare_later_days(diary: Diary, seed: int) -> dict[str, FloatArray]:
    """Return what every comparator says of the last 30 % of days; NaN elsewhere."""
    table = features(diary.rows, diary.reports, diary.loads)
    split = first_days_train(diary.rows, diary.reports)
    is_sore = diary.rows["is_sore"].to_numpy(np.bool_)
    found: dict[str, FloatArray] = {}
    for name, p in predict_comparators(table, is_sore, split, seed).items():
        found[name] = np.full(len(diary.rows), np.nan)
        found[name][split.test] = p
    return found


def compare_new_people(known: Diary, new: Diary, seed: int) -> dict[str, FloatArray]:
    """Return what every comparator, fitted on one whole diary, says of another's people."""
    both = pd.concat([known.rows, new.rows], ignore_index=True)
    reports = pd.concat([known.reports, new.reports], ignore_index=True)
    loads = pd.concat([known.loads, new.loads], ignore_index=True)
    train = np.arange(len(both)) < len(known.rows)
    is_sore = both["is_sore"].to_numpy(np.bool_)
    split = Split("new people", train, ~train)
    return predict_comparators(features(both, reports, loads), is_sore, split, seed)


def shuffled_loads(diary: Diary, rng: np.random.Generator) -> Diary:
    """Return the diary with each person's daily loads in random order: no answer to load is left.

    How much a person does stays; when they did it does not.
    """
    return _rearranged(diary, lambda days: rng.permutation(days))


def shifted_loads(diary: Diary, rng: np.random.Generator) -> Diary:
    """Return the diary with each person's loads shifted in a circle by a week or more.

    Unlike a shuffle this keeps rhythm and runs of hard days.
    """

    def shifted(days: NDArray[np.int64]) -> NDArray[np.int64]:
        span = days.size
        if span <= 2 * LEAST_SHIFT_D:
            return np.roll(days, span // 2)
        return np.roll(days, int(rng.integers(LEAST_SHIFT_D, span - LEAST_SHIFT_D + 1)))

    return _rearranged(diary, shifted)


def _rearranged(diary: Diary, arrange: Callable[[NDArray[np.int64]], NDArray[np.int64]]) -> Diary:
    """Give every day of a person the load of another of their days."""
    parts = []
    for person, said in diary.reports.groupby("runner_id", sort=True):
        own = diary.loads[diary.loads["runner_id"] == person].set_index("date")
        first, last = min([said["date"].min(), *own.index[:1]]), said["date"].max()
        days = pd.date_range(first, last, freq="D")
        columns = own.drop(columns="runner_id").reindex(days, fill_value=0)
        moved = columns.iloc[arrange(np.arange(days.size))].set_axis(days)
        kept = moved[moved["n_sessions"] > 0].rename_axis("date").reset_index()
        parts.append(kept.assign(runner_id=person))
    loads = pd.concat(parts, ignore_index=True)[list(diary.loads.columns)]
    return Diary(diary.rows, diary.reports, loads)
