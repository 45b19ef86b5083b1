"""Fitting the population model of load against speed: runners within datasets, by EM.

Logarithms of step frequency, contact time and peak force are linear in the logarithm of speed;
level and slope differ between runners. Restricted maximum likelihood by expectation-maximisation
(Laird & Ware 1982, doi:10.2307/2529876): a fixed number of closed-form rounds, so that the result
depends on the data alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tolerance.exposure.load_speed import (
    N_EFFECTS,
    N_RESPONSES,
    REFERENCE_MASS_KG,
    REFERENCE_SPEED_MPS,
    RESPONSES,
    LoadSpeedModel,
)

__all__ = [
    "KEYS",
    "LEVEL_GRADE_PCT",
    "fit_load_speed",
    "model_from_dict",
    "model_to_dict",
    "trial_means",
]

type Floats = NDArray[np.float64]

EM_ROUNDS: Final = 200
"""From 50 rounds on, standard deviations keep three digits, on real and on drawn runners."""

MIN_RUNNERS: Final = 5
"""Of a dataset: with four, three population values a response leave next to nothing to judge the
spread by, and the rounds need not converge."""

START_BETWEEN_VARIANCE: Final = 0.01
START_WITHIN_VARIANCE: Final = 0.001
"""10 % between runners and 3 % within: the order of what the data show; the result does not depend
on it."""

VARIANCE_FLOOR: Final = 1e-6
"""0.1 %: keeps a direction in which few runners do not differ at all from becoming singular."""

GRADE_SD_SHARE: Final = 0.5
"""The effect of slope is known from one runner, so how it differs between runners is not known at
all. Engineering choice: half of the effect, and the estimate's own error beside it."""

KEYS: Final = (
    "dataset_id", "runner_id", "trial_id", "side", "body_mass_kg", "speed_mps", "grade_pct",
)  # fmt: skip
"""What names a trial's side and says how it was run."""

SIX: Final = N_EFFECTS * N_RESPONSES
SPREAD_CAUTION: Final = 1.08
"""What the spread between runners is widened by for the next one. It comes from some twenty runners
a data set, so that the next one scatters as Student's t with 20 degrees of freedom (1.05), and from
two sets whose spreads differ by half, so that the next one is of either (1.03)."""
LEVEL_GRADE_PCT: Final = 0.5
"""Flatter than this counts as level."""


@dataclass(frozen=True)
class _Runners:
    """Rows of all runners, padded with rows of zeros, which say nothing.

    Attributes
    ----------
    dataset_of : list of str
        Dataset of each runner.
    population : (n_runners, n_rows, 3) float64 array
        Level, slope and mass.
    own : (n_runners, n_rows, 2) float64 array
        Level and slope.
    response : (n_runners, n_rows, 3) float64 array
    n_rows : int
        Rows of all runners, padding not counted.
    """

    dataset_of: list[str]
    population: Floats
    own: Floats
    response: Floats
    n_rows: int


@dataclass(frozen=True)
class _Fit:
    """``coefficients`` has three entries, one a response, for each column of the population."""

    coefficients: Floats
    coefficients_cov: Floats
    between_cov: Floats
    within_cov: Floats
    level: Floats
    """Expected level of each runner beside the population's, (n_runners, 3)."""


def _runners(trials: pd.DataFrame) -> _Runners:
    groups = [rows for _, rows in trials.groupby("runner_id", sort=True)]
    longest = max(len(rows) for rows in groups)
    population = np.zeros((len(groups), longest, N_EFFECTS + 1))
    response = np.zeros((len(groups), longest, N_RESPONSES))
    for i, rows in enumerate(groups):
        log_speed = np.log(rows["speed_mps"].to_numpy(np.float64) / REFERENCE_SPEED_MPS)
        log_mass = np.log(rows["body_mass_kg"].to_numpy(np.float64) / REFERENCE_MASS_KG)
        columns = (np.ones_like(log_speed), log_speed, log_mass)
        population[i, : len(rows)] = np.column_stack(columns)
        response[i, : len(rows)] = np.log(rows[list(RESPONSES)].to_numpy(np.float64))
    dataset_of = [str(rows["dataset_id"].iloc[0]) for rows in groups]
    return _Runners(dataset_of, population, population[:, :, :N_EFFECTS], response, len(trials))


def _kron(gram: Floats, precision: Floats) -> Floats:
    """Return the Kronecker product of each runner's matrix with the same one."""
    n, rows, columns = gram.shape
    product: Floats = np.einsum("nab,rs->narbs", gram, precision)
    return product.reshape(n, rows * N_RESPONSES, columns * N_RESPONSES)


def _fit(runners: _Runners) -> _Fit:
    """Fit by restricted maximum likelihood; the rows of a runner share level and slope.

    Spread between runners is the mean over datasets of the spread within each, whatever the number
    of its runners: the next runner may be of either kind.
    """
    x, z, y = runners.population, runners.own, runners.response
    both = np.concatenate((x, z), axis=2)
    weight = _equal_weights(runners.dataset_of)
    between = START_BETWEEN_VARIANCE * np.eye(SIX)
    within = START_WITHIN_VARIANCE * np.eye(N_RESPONSES)
    x_t, z_t = x.transpose(0, 2, 1), z.transpose(0, 2, 1)
    n, p = len(x), x.shape[2] * N_RESPONSES
    coefficients, cov = np.zeros(p), np.zeros((p, p))
    effect = np.zeros((n, SIX))
    for _ in range(EM_ROUNDS):
        precision = np.linalg.inv(within)
        # What each runner's rows tell of own effects, and how those move with the population's.
        posterior = np.linalg.inv(np.linalg.inv(between) + _kron(z_t @ z, precision))
        own_by_population = _kron(z_t @ x, precision)
        moves = -posterior @ own_by_population
        says_own = (z_t @ y @ precision).reshape(n, SIX)
        says_all = (x_t @ y @ precision).reshape(n, p)
        moves_t = moves.transpose(0, 2, 1)
        cov = np.linalg.inv(
            np.sum(_kron(x_t @ x, precision) + own_by_population.transpose(0, 2, 1) @ moves, axis=0)
        )
        coefficients = cov @ np.sum(says_all + np.einsum("npo,no->np", moves_t, says_own), axis=0)
        effect = np.einsum("nab,nb->na", posterior, says_own) + moves @ coefficients
        second = np.einsum("na,nb->nab", effect, effect) + posterior + moves @ cov @ moves_t
        between = np.einsum("n,nab->ab", weight, second) + VARIANCE_FLOOR * np.eye(SIX)
        rest = y - x @ coefficients.reshape(-1, N_RESPONSES)
        rest -= z @ effect.reshape(n, N_EFFECTS, N_RESPONSES)
        # Errors of population and own effects are tied, as the latter move with the former.
        tie = np.concatenate((np.broadcast_to(np.eye(p), (n, p, p)), moves), axis=1)
        unsure = tie @ cov @ tie.transpose(0, 2, 1)
        unsure[:, p:, p:] += posterior
        blocks = unsure.reshape(n, both.shape[2], N_RESPONSES, both.shape[2], N_RESPONSES)
        spread = np.einsum("nra,nasbt,nrb->st", both, blocks, both, optimize=True)
        within = (np.einsum("nrs,nrt->st", rest, rest) + spread) / runners.n_rows
        within += VARIANCE_FLOOR * np.eye(N_RESPONSES)
    return _Fit(coefficients, cov, between, within, effect[:, :N_RESPONSES])


def _equal_weights(dataset_of: Sequence[str]) -> Floats:
    """Return weights of runners that add up to the same for every dataset, and to 1 in all."""
    names, code, count = np.unique(np.array(dataset_of), return_inverse=True, return_counts=True)
    return np.asarray(1.0 / (count[code] * names.size), np.float64)


def _dataset_cov(level: Floats, dataset_of: Sequence[str]) -> Floats:
    """Return how much the levels of datasets differ beyond what their runners explain.

    By moments: variance of the datasets' means, less what the number of runners makes of it. With
    two datasets that is one difference, and rough; it is never below zero.
    """
    names, code = np.unique(np.array(dataset_of), return_inverse=True)
    if names.size < 2:
        return np.zeros((N_RESPONSES, N_RESPONSES))
    groups = [level[code == i] for i in range(names.size)]
    means = np.array([group.mean(axis=0) for group in groups])
    error = np.mean([group.var(axis=0, ddof=1) / len(group) for group in groups], axis=0)
    return np.diag(np.maximum(means.var(axis=0, ddof=1) - error, 0.0))


def _grade_effect(trials: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return the change of the three responses per percent up and down, and its SD.

    Each runner with slopes has a level and slope of their own; without any, nothing changes.
    """
    sloped = trials.loc[trials["grade_pct"].abs() > LEVEL_GRADE_PCT, "runner_id"].unique()
    rows = trials[trials["runner_id"].isin(sloped)]
    if rows.empty:
        return np.zeros((2, N_RESPONSES)), np.zeros((2, N_RESPONSES))
    grade = rows["grade_pct"].to_numpy(np.float64)
    climb = np.column_stack((np.maximum(grade, 0.0), np.maximum(-grade, 0.0)))
    own = np.equal.outer(rows["runner_id"].to_numpy(), sloped).astype(np.float64)
    log_speed = np.log(rows["speed_mps"].to_numpy(np.float64) / REFERENCE_SPEED_MPS)
    speed = np.column_stack((np.ones_like(log_speed), log_speed))
    design = np.hstack([climb, *(own[:, [i]] * speed for i in range(own.shape[1]))])
    response = np.log(rows[list(RESPONSES)].to_numpy(np.float64))
    effect = np.linalg.lstsq(design, response)[0]
    rest = response - design @ effect
    variance = (rest**2).sum(axis=0) / (len(rows) - design.shape[1])
    error = np.outer(np.diag(np.linalg.inv(design.T @ design))[:2], variance)
    return effect[:2], np.sqrt((GRADE_SD_SHARE * effect[:2]) ** 2 + error)


def fit_load_speed(trials: pd.DataFrame, step_cov: Floats) -> LoadSpeedModel:
    """Fit the population model.

    Parameters
    ----------
    trials : DataFrame
        One row a trial and side, or a trial: dataset_id, runner_id, body_mass_kg, speed_mps,
        grade_pct and the `RESPONSES` (geometric means over steps). Runners who only ran on the
        level make the model; runners with slopes tell the effect of slope, as their cadences were
        set by a metronome and are not what a runner chooses.
    step_cov : (3, 3) float64 array
        Covariance of the log responses from step to step within a trial.

    Raises
    ------
    ValueError
        If a value is missing or not positive, or a dataset has fewer than `MIN_RUNNERS` runners on
        the level.
    """
    values = trials[["speed_mps", "body_mass_kg", *RESPONSES]].to_numpy(np.float64)
    steepest = trials.groupby("runner_id")["grade_pct"].transform(lambda grade: grade.abs().max())
    level = trials[steepest <= LEVEL_GRADE_PCT]
    problems = []
    if not (np.isfinite(values).all() and (values > 0).all()):
        problems.append("speed, mass and responses: expected finite numbers above 0")
    counts = level.groupby("dataset_id")["runner_id"].nunique()
    if counts.empty or counts.min() < MIN_RUNNERS:
        problems.append(
            f"runners on the level: {counts.to_dict()}, expected {MIN_RUNNERS} of each dataset"
        )
    if problems:
        raise ValueError("load against speed cannot be fitted: " + "; ".join(problems))
    runners = _runners(level)
    fit = _fit(runners)
    grade_slope, grade_slope_sd = _grade_effect(trials)
    return LoadSpeedModel(
        coefficients=fit.coefficients,
        coefficients_cov=fit.coefficients_cov,
        between_cov=fit.between_cov * SPREAD_CAUTION**2,
        dataset_cov=_dataset_cov(fit.level, runners.dataset_of),
        within_cov=fit.within_cov,
        step_cov=step_cov,
        grade_slope=grade_slope,
        grade_slope_sd=grade_slope_sd,
        mass_log_kg=_log_mass(level),
        speed_range_mps=np.array([level["speed_mps"].min(), level["speed_mps"].max()]),
    )


def _log_mass(trials: pd.DataFrame) -> Floats:
    """Return mean and SD of log mass over runners, every dataset counting alike."""
    people = trials.drop_duplicates("runner_id")
    log_mass = np.log(people["body_mass_kg"].to_numpy(np.float64))
    weight = _equal_weights(people["dataset_id"].tolist())
    mean = float(weight @ log_mass)
    return np.array([mean, np.sqrt(weight @ (log_mass - mean) ** 2)])


def trial_means(steps: pd.DataFrame) -> tuple[pd.DataFrame, Floats]:
    """Return one row a trial and side, and how steps scatter around it.

    Parameters
    ----------
    steps : DataFrame
        One row a step: `KEYS` and the `RESPONSES`.

    Returns
    -------
    trials : DataFrame
        `KEYS` and geometric means.
    step_cov : (3, 3) float64 array
        Of the logarithms within a trial and side, pooled over them.
    """
    logs = steps[list(KEYS)].copy()
    logs[list(RESPONSES)] = np.log(steps[list(RESPONSES)].to_numpy(np.float64))
    groups = logs.groupby(list(KEYS), sort=True)[list(RESPONSES)]
    rest = (logs[list(RESPONSES)] - groups.transform("mean")).to_numpy()
    cov = rest.T @ rest / max(1, len(rest) - groups.ngroups)
    trials = groups.mean().reset_index()
    trials[list(RESPONSES)] = np.exp(trials[list(RESPONSES)].to_numpy(np.float64))
    return trials, cov


def model_to_dict(model: LoadSpeedModel) -> dict[str, Any]:
    """Return the model as nested lists, ready for JSON; six significant digits."""

    def rounded(value: float) -> float:
        return float(f"{value:.6g}")

    return {
        name: np.vectorize(rounded)(np.asarray(values, np.float64)).tolist()
        for name, values in vars(model).items()
    }


def model_from_dict(record: Mapping[str, Any]) -> LoadSpeedModel:
    """Return the model that `model_to_dict` wrote.

    Raises
    ------
    ValueError
        If its arrays do not fit together.
    """
    return LoadSpeedModel(**{name: np.asarray(v, np.float64) for name, v in record.items()})
