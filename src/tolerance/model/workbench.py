"""What the priors say before any data: injuries in a year, spikes, dose, and elicitation.

A runner here is one draw: parameters, tolerances, deficit and frailty from the priors, the left
Achilles tendon eight weeks after its injury, coming back on usual care.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tolerance.anatomy import DEFAULT_UNITS, MODEL_TISSUES, Unit
from tolerance.config import LogNormal, Normal, Prior, TolerancePriors, TruncatedNormal
from tolerance.model.population import PopulationDraws, prior_draws
from tolerance.model.predict import forecast, risk_to
from tolerance.model.runner import RunnerState, tissue_index

__all__ = [
    "SPIKES",
    "hazard_prior_of_hundred",
    "hundred_of_hazard_prior",
    "minutes_of_tolerance_prior",
    "new_runner",
    "power_scaling",
    "tolerance_prior_of_minutes",
    "workbench",
    "workbench_tables",
]

type FloatArray = NDArray[np.float64]

REFERENCE_WEEK_MINUTES: Final = 90.0
"""Three reference runs of 30 min."""
INDEX: Final = DEFAULT_UNITS.index(Unit("achilles", "tendon", "left"))
DAYS_SINCE_INJURY: Final = 56.0
"""Median time to recovery of Achilles tendon pain (doi:10.1371/journal.pone.0204742)."""
START_RR: Final = 0.1
"""Damage a day before coming back. Engineering choice."""
YEAR_D: Final = 364
USUAL_RUN_RR: Final = 1.0
USUAL_START: Final = 0.5
USUAL_GROWTH: Final = 0.15
"""Usual care: from half a reference run by 15 % a week to a whole one. [U]"""
SPIKES: Final = (
    ("10 to 30 % over the longest run of 30 days", 1.2, 1.64, 1.31, 2.05),
    ("30 to 100 %", 1.65, 1.52, 1.16, 2.00),
    ("more than 100 %", 2.5, 2.28, 1.50, 3.48),
)
"""Words, factor on the session, published hazard ratio and its 95 % interval
(doi:10.1136/bjsports-2024-109380)."""
DOSE_WEEKS: Final = 8
DOSE_GRID: Final = np.round(np.arange(0.05, 2.001, 0.005), 3)
PAIN_CAP: Final = 0.2
"""Greatest mean probability of pain above 3 in a week's worst session (science D1)."""
PAIN_LIMIT: Final = 3.0
POWER: Final = 0.25
"""Priors are raised to 1 minus and 1 plus this. Engineering choice: enough to see, little enough
for the weights."""
NORMAL_QUANTILE_90: Final = 1.645
PRIOR_DRIVEN: Final = 0.3
"""Less than this taken off the prior's spread is called prior-driven. Engineering choice."""


def new_runner(priors: TolerancePriors, rng: np.random.Generator, n: int) -> RunnerState:
    """Return the state of a runner of whom nothing is known but the injury.

    Parameters
    ----------
    priors : TolerancePriors
    rng : numpy.random.Generator
    n : int
        Draws.
    """
    population = prior_draws(priors, rng, n)
    tissue = tissue_index(DEFAULT_UNITS)
    n_units = tissue.size
    index = np.arange(n_units) == INDEX
    tolerance = (
        population.tolerance_mean[:, tissue]
        + population.runner_sd[:, None] * rng.standard_normal((n, 1))
        + population.unit_sd[:, None] * rng.standard_normal((n, n_units))
    )
    deficit = np.exp(
        population.deficit_log_mean + population.deficit_log_sd * rng.standard_normal(n)
    )
    return RunnerState(
        runner_id="new",
        as_of=date(2026, 1, 4),
        units=DEFAULT_UNITS,
        is_index=index,
        population=population,
        log_tolerance=tolerance,
        deficit=np.where(index, deficit[:, None], 0.0),
        log_frailty=population.frailty_sd * rng.standard_normal(n),
        fatigue_rr=np.full((n, n_units), START_RR),
        fatigue_log_var=np.zeros((n, n_units)),
        chronic_rr=np.full((n, n_units), START_RR),
        days_since_injury=np.where(index, DAYS_SINCE_INJURY, np.inf),
        healing_factor=np.ones(n_units),
        n_reports=np.zeros(n_units, np.int64),
        is_personal=np.zeros(n_units, np.bool_),
        ess=float(n),
    )


def _plan(n_days: int, start: float, growth: float, top: float) -> tuple[FloatArray, Any]:
    """Return damage (T, U) of three runs a week that grow to a ceiling, and the days of a run."""
    day = np.arange(n_days)
    runs = np.isin(day % 7, (0, 2, 4))
    each = np.minimum(start * (1.0 + growth) ** (day // 7), top)
    return np.where(runs, each, 0.0)[:, None] * np.ones(len(DEFAULT_UNITS)), runs


def usual_care(state: RunnerState, tune: float = 0.0) -> tuple[FloatArray, FloatArray]:
    """Return the risk of any and of the same injury within a year of usual care, per draw.

    Parameters
    ----------
    state : RunnerState
    tune : float
        Added to the log hazard.
    """
    damage, runs = _plan(YEAR_D, USUAL_START, USUAL_GROWTH, USUAL_RUN_RR)
    limit = np.full(len(DEFAULT_UNITS), PAIN_LIMIT)
    found = forecast(state, damage, np.zeros_like(damage), runs, limit)
    hazard = -np.expm1(np.log1p(-np.minimum(found.hazard, 1 - 1e-12)) * math.exp(tune))
    free = np.log1p(-hazard).sum(axis=1)
    return -np.expm1(free.sum(axis=1)), -np.expm1(free[:, INDEX])


def spike_ratios(state: RunnerState) -> list[dict[str, Any]]:
    """Return what a session longer than usual does to the hazard of that session."""
    damage, runs = _plan(84, USUAL_RUN_RR, 0.0, USUAL_RUN_RR)
    last = int(np.flatnonzero(runs)[-1])
    limit = np.full(len(DEFAULT_UNITS), PAIN_LIMIT)
    none = np.zeros_like(damage)

    def hazard(factor: float) -> FloatArray:
        planned = damage.copy()
        planned[last] *= factor
        return forecast(state, planned, none, runs, limit).hazard[:, last].sum(axis=1)

    usual = hazard(1.0)
    rows = []
    for words, factor, published, low, high in SPIKES:
        ratio = hazard(factor) / usual
        rows.append(
            {
                "spike": words,
                "median": float(np.median(ratio)),
                "low": float(np.quantile(ratio, 0.05)),
                "high": float(np.quantile(ratio, 0.95)),
                "published": published,
                "published_low": low,
                "published_high": high,
                "inside": int(low <= float(np.median(ratio)) <= high),
            }
        )
    return rows


def eight_week_dose(state: RunnerState, weight: FloatArray) -> float:
    """Return the sum of eight weeks' load that keeps mean pain within the cap, reference runs.

    Each week is the largest on a grid whose worst session has a mean probability of pain above 3
    of at most the cap at the index unit, given the weeks before.

    Parameters
    ----------
    state : RunnerState
    weight : (S,) array
        Of the draws; sums to 1.
    """
    alone = _index_alone(state)
    chosen: list[float] = []
    for week in range(DOSE_WEEKS):
        best = float(DOSE_GRID[0])
        low, high = 0, DOSE_GRID.size - 1
        while low <= high:
            middle = (low + high) // 2
            level = [*chosen, float(DOSE_GRID[middle])]
            day = np.arange(7 * (week + 1))
            runs = np.isin(day % 7, (0, 2, 4))
            each = np.where(runs, np.array(level)[day // 7], 0.0)
            damage = each[:, None]
            found = forecast(alone, damage, np.zeros_like(damage), runs, PAIN_LIMIT)
            worst = found.pain_above[:, 7 * week :, 0].max(axis=1)
            if float(weight @ worst) <= PAIN_CAP:
                best, low = float(DOSE_GRID[middle]), middle + 1
            else:
                high = middle - 1
        chosen.append(best)
    return 3.0 * float(np.sum(chosen))


def _index_alone(state: RunnerState) -> RunnerState:
    """Return the state of the index unit only; the others do not decide the dose."""
    return replace(
        state,
        units=(state.units[INDEX],),
        is_index=state.is_index[[INDEX]],
        days_since_injury=state.days_since_injury[[INDEX]],
        healing_factor=state.healing_factor[[INDEX]],
        n_reports=state.n_reports[[INDEX]],
        is_personal=state.is_personal[[INDEX]],
        log_tolerance=state.log_tolerance[:, [INDEX]],
        deficit=state.deficit[:, [INDEX]],
        fatigue_rr=state.fatigue_rr[:, [INDEX]],
        fatigue_log_var=state.fatigue_log_var[:, [INDEX]],
        chronic_rr=state.chronic_rr[:, [INDEX]],
    )


def _standard(prior: Prior, values: FloatArray) -> FloatArray:
    """Return how many prior SDs values are from the prior's centre."""
    match prior:
        case LogNormal():
            return np.asarray(np.log(values / prior.median) / prior.log_sd)
        case Normal() | TruncatedNormal():
            return np.asarray((values - prior.mean) / prior.sd)
    return np.zeros_like(values)


def prior_components(population: PopulationDraws, priors: TolerancePriors) -> dict[str, FloatArray]:
    """Return the log prior density of each group of parameters, per draw, up to a constant."""

    def tissues(name: str, values: FloatArray) -> FloatArray:
        of_tissue = [getattr(getattr(priors, name), tissue) for tissue in MODEL_TISSUES]
        scores = [_standard(prior, values[:, k]) for k, prior in enumerate(of_tissue)]
        return -0.5 * np.sum(np.square(scores), axis=0)

    def one(prior: Prior, values: FloatArray) -> FloatArray:
        return -0.5 * _standard(prior, values) ** 2

    return {
        "time constants of fatigue": tissues("fatigue_days", population.tau_fatigue_d),
        "time constants of adaptation": tissues("adaptation_days", population.tau_adaptation_d),
        "time constants of healing": tissues("healing_days", population.tau_healing_d),
        "gamma": one(priors.chronic_exponent, population.gamma),
        "mean tolerance": one(priors.tolerance_mean, population.tolerance_mean.mean(axis=1)),
        "spread between runners": one(priors.runner_sd, population.runner_sd),
        "deficit": one(priors.deficit_log_mean, population.deficit_log_mean),
        "slope of pain": one(priors.pain_slope, population.pain_slope),
        "slope of hazard": one(priors.hazard_slope, population.hazard_slope),
        "level of hazard": one(priors.hazard_level, population.hazard_level.mean(axis=1)),
    }


def power_scaling(
    state: RunnerState,
    priors: TolerancePriors,
    quantities: dict[str, Callable[[FloatArray], float]],
) -> list[dict[str, Any]]:
    """Return what becomes of quantities when one prior is made weaker or stronger.

    Draws are weighted by the prior's density to the power of ±0.25 (Kallioinen 2024,
    doi:10.1007/s11222-023-10366-5); nothing is fitted anew.

    Parameters
    ----------
    state : RunnerState
    priors : TolerancePriors
    quantities : dict of str to callable
        From weights of the draws to a number.

    Returns
    -------
    list of dict
        One per prior: ``prior``, and per quantity the relative change from weaker to stronger.
    """
    n = state.n_draws
    rows = []
    middles = {name: value(np.full(n, 1.0 / n)) for name, value in quantities.items()}
    for name, log_prior in prior_components(state.population, priors).items():
        row: dict[str, Any] = {"prior": name}
        ends = []
        for power in (-POWER, POWER):
            weight = np.exp(power * (log_prior - log_prior.max()))
            ends.append(weight / weight.sum())
        for quantity, value in quantities.items():
            weak, strong = (value(weight) for weight in ends)
            row[quantity] = (strong - weak) / middles[quantity]
        rows.append(row)
    return rows


def tolerance_prior_of_minutes(median: float, low: float, high: float) -> Normal:
    """Turn "minutes a week such runners bear" into the prior of mean log tolerance.

    Parameters
    ----------
    median, low, high : float
        Minutes of easy running a week, over three runs, at which pain passes 3 half of the time:
        the middle, and a range that nine of ten experts' answers fall in.
    """
    if not 0.0 < low < median < high:
        raise ValueError(
            f"minutes: got {low:g}, {median:g}, {high:g}, expected a range about the middle, all "
            "above 0"
        )
    return Normal(
        distribution="normal",
        mean=math.log(median / REFERENCE_WEEK_MINUTES),
        sd=math.log(high / low) / (2.0 * NORMAL_QUANTILE_90),
        source=f"elicited: {median:g} ({low:g} to {high:g}) minutes a week",
    )


def minutes_of_tolerance_prior(prior: Normal) -> tuple[float, float, float]:
    """Return median, low and high minutes a week that a prior of mean log tolerance stands for."""
    spread = NORMAL_QUANTILE_90 * prior.sd
    return (
        REFERENCE_WEEK_MINUTES * math.exp(prior.mean),
        REFERENCE_WEEK_MINUTES * math.exp(prior.mean - spread),
        REFERENCE_WEEK_MINUTES * math.exp(prior.mean + spread),
    )


def hundred_of_hazard_prior(state: RunnerState, shift: float = 0.0) -> float:
    """Return how many of 100 such runners are injured within a year of usual care.

    Parameters
    ----------
    state : RunnerState
        From `new_runner`.
    shift : float
        Added to the prior mean of the log hazard.
    """
    return 100.0 * float(np.mean(usual_care(state, shift)[0]))


def hazard_prior_of_hundred(
    state: RunnerState, prior: Normal, injured: float, low: float, high: float
) -> Normal:
    """Turn "of 100 such runners, how many are injured within a year" into a prior.

    Parameters
    ----------
    state : RunnerState
        From `new_runner` under ``prior``.
    prior : Normal
        Of the log hazard, now.
    injured, low, high : float
        Answer, and the range that nine of ten answers fall in.
    """
    if not 0.0 < low < injured < high < 100.0:
        raise ValueError(
            f"of 100 runners: got {low:g}, {injured:g}, {high:g}, expected a range about the "
            "middle, within 0 to 100"
        )
    shifts = [_shift_for(state, wanted) for wanted in (low, injured, high)]
    return Normal(
        distribution="normal",
        mean=prior.mean + shifts[1],
        sd=(shifts[2] - shifts[0]) / (2.0 * NORMAL_QUANTILE_90),
        source=f"elicited: {injured:g} ({low:g} to {high:g}) of 100 injured in a year",
    )


def _shift_for(state: RunnerState, wanted: float) -> float:
    low, high = -6.0, 6.0
    for _ in range(20):
        middle = 0.5 * (low + high)
        if hundred_of_hazard_prior(state, middle) < wanted:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def workbench(
    priors: TolerancePriors, rng: np.random.Generator, n_draws: int, fit: dict[str, Any]
) -> dict[str, Any]:
    """Return everything that the workbench page shows.

    Parameters
    ----------
    priors : TolerancePriors
    rng : numpy.random.Generator
    n_draws : int
    fit : dict
        Metrics of the fit (``tolerance.json``), whose ``posterior`` is held against the priors.
    """
    state = new_runner(priors, rng, n_draws)
    any_injury, same = usual_care(state)
    damage, runs = _plan(7, USUAL_START, 0.0, USUAL_RUN_RR)
    limit = np.full(len(DEFAULT_UNITS), PAIN_LIMIT)
    first = forecast(state, damage, np.zeros_like(damage), runs, limit)
    worst = first.pain_above[:, :, INDEX].max(axis=1)
    risk = risk_to(first)[:, -1]
    quantities: dict[str, Callable[[FloatArray], float]] = {
        "eight_week_dose": lambda weight: eight_week_dose(state, weight),
        "year_any_injury": lambda weight: float(weight @ any_injury),
        "year_same_tissue": lambda weight: float(weight @ same),
        "first_week_pain": lambda weight: float(weight @ worst),
        "first_week_risk": lambda weight: float(weight @ risk),
    }
    minutes = minutes_of_tolerance_prior(priors.tolerance_mean)
    of_hundred = hundred_of_hazard_prior(state)
    learned = [
        {"parameter": name, "contraction": float(np.mean(values["contraction"]))}
        for name, values in fit.get("posterior", {}).items()
    ]
    return {
        "is_simulated": True,
        "n_draws": n_draws,
        "year": {
            "any_injury_mean": float(np.mean(any_injury)),
            "any_injury_quartiles": np.quantile(any_injury, [0.25, 0.5, 0.75]).tolist(),
            "same_tissue_mean": float(np.mean(same)),
            "any_inside": int(0.3 <= float(np.mean(any_injury)) <= 0.8),
        },
        "spikes": spike_ratios(state),
        "eight_week_dose_rr": eight_week_dose(state, np.full(n_draws, 1.0 / n_draws)),
        "power_scaling": power_scaling(state, priors, quantities),
        "learned": learned,
        "elicitation": {
            "minutes": list(minutes),
            "tolerance_prior_again": tolerance_prior_of_minutes(*minutes).model_dump(),
            "of_hundred": of_hundred,
        },
    }


def workbench_tables(found: dict[str, Any]) -> dict[str, tuple[list[str], list[list[str]]]]:
    """Return the page's tables, columns and rows of words, from what `workbench` found.

    Parameters
    ----------
    found : dict
    """
    year = found["year"]
    low, middle, high = (f"{100 * value:.0f}" for value in year["any_injury_quartiles"])
    minutes = found["elicitation"]["minutes"]
    return {
        "year": (
            ["of 100 runners in a year of usual care", "model's prior", "published"],
            [
                [
                    "any injury",
                    f"{100 * year['any_injury_mean']:.0f} (quarter {low}, half {middle}, "
                    f"three quarters {high})",
                    "30 to 80 (46 in pubmed 33356768; 50 to 70 after rehabilitation)",
                ],
                ["the same tissue", f"{100 * year['same_tissue_mean']:.0f}", "about 11"],
            ],
        ),
        "spikes": (
            ["session", "hazard ratio, prior median (90 %)", "published (95 %)", "inside"],
            [
                [
                    row["spike"],
                    f"{row['median']:.2f} ({row['low']:.2f} to {row['high']:.2f})",
                    f"{row['published']:.2f} ({row['published_low']:.2f} to "
                    f"{row['published_high']:.2f})",
                    "yes" if row["inside"] else "no",
                ]
                for row in found["spikes"]
            ],
        ),
        "power": (
            ["prior made stronger", "dose of eight weeks", "any injury in a year",
             "same tissue", "pain above 3, first week", "injury, first week"],
            [
                [row["prior"]]
                + [
                    f"{100 * row[name]:+.0f} %"
                    for name in ("eight_week_dose", "year_any_injury", "year_same_tissue",
                                 "first_week_pain", "first_week_risk")
                ]
                for row in found["power_scaling"]
            ],
        ),
        "learned": (
            ["parameter", "spread that data took off the prior's", "reading"],
            [
                [
                    row["parameter"],
                    f"{100 * row['contraction']:.0f} %",
                    "prior-driven" if row["contraction"] < PRIOR_DRIVEN else "learned",
                ]
                for row in found["learned"]
            ],
        ),
        "elicitation": (
            ["question", "what the priors answer now"],
            [
                [
                    "How many minutes a week do such runners bear before pain passes 3 half of "
                    "the time?",
                    f"{minutes[0]:.0f} ({minutes[1]:.0f} to {minutes[2]:.0f})",
                ],
                [
                    "Of 100 such runners, how many are injured within a year of usual care?",
                    f"{found['elicitation']['of_hundred']:.0f}",
                ],
            ],
        ),
    }  # fmt: skip
