"""How the planner of the in-silico trial learns from a simulated runner, week by week.

The likelihood is that of ``tolerance.model.update``; here it is applied to a week at a time, so
that thousands of runners can be followed. Beliefs are weighted particles over all parameters of the
injured unit; when few carry the weight, they are resampled and moved by a kernel that keeps mean
and covariance (Liu and West 2001). Everything is simulated.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadcore._jit import kernel
from tolerance.anatomy import MODEL_TISSUES, Unit
from tolerance.model.filters import fatigue_peak
from tolerance.model.population import N_CUT_POINTS, ZERO_CUT_POINT, PopulationDraws

__all__ = [
    "TRIAL_UNITS",
    "Beliefs",
    "OwnParameters",
    "beliefs_of",
    "draw_own",
    "effective_size",
    "learn_week",
    "rejuvenate",
    "select",
]

type Floats = NDArray[np.float64]

(
    _LOG_TAU_F, _LOG_TAU_A, _LOG_TAU_H, _GAMMA, _TOLERANCE, _LOG_DEFICIT, _LOG_PAIN, _SETTLE,
    _LOG_SETTLE, _HAZARD, _LOG_HAZARD_SLOPE, _RECENT,
) = range(12)  # fmt: skip
_FIRST_GAP: Final = 12
N_PARAMETERS: Final = _FIRST_GAP + N_CUT_POINTS - 1

GAMMA_RANGE: Final = (0.0, 1.2)
"""Of the prior of gamma."""

SHRINKAGE: Final = 0.98
"""Discount of Liu and West: the kernel keeps this share of a particle's distance from the mean.
Their (3 × 0.95 − 1) / (2 × 0.95) gives 0.974 at a discount of 0.95; engineering choice near it."""

FLOOR_RR: Final = 1e-4
YEAR_DAYS: Final = 365.0


@dataclass(frozen=True)
class OwnParameters:
    """What is a runner's own: log tolerance, deficit and log frailty, arrays (n_draws,)."""

    log_tolerance: Floats
    deficit: Floats
    log_frailty: Floats


@dataclass
class Beliefs:
    """Particles of one simulated runner; learning changes them in place.

    Attributes
    ----------
    tissue : int
        Place of the injured tissue.
    days_since_injury, chronic_start_rr : float
        On the day before the first.
    chronic_offset_rr, chronic_reference_rr : float
        a and A_ref.
    values : (n_particles, n_parameters) array
        Parameters without bounds.
    log_weight : (n_particles,) array
        Up to a constant.
    fatigue_rr, chronic_rr : (n_particles,) arrays
        Filter states on the evening of the last day.
    """

    tissue: int
    days_since_injury: float
    chronic_start_rr: float
    chronic_offset_rr: float
    chronic_reference_rr: float
    values: Floats
    log_weight: Floats
    fatigue_rr: Floats
    chronic_rr: Floats


def beliefs_of(
    population: PopulationDraws,
    tissue: int,
    own: OwnParameters,
    days_since_injury: float,
    chronic_start_rr: float,
) -> Beliefs:
    """Return one equally weighted particle per draw.

    Parameters
    ----------
    population : PopulationDraws
    tissue : int
    own : OwnParameters
        Of the runner, draw by draw.
    days_since_injury, chronic_start_rr : float
    """
    n = population.n_draws
    values = np.empty((n, N_PARAMETERS))
    values[:, _LOG_TAU_F] = np.log(population.tau_fatigue_d[:, tissue])
    values[:, _LOG_TAU_A] = np.log(population.tau_adaptation_d[:, tissue])
    values[:, _LOG_TAU_H] = np.log(population.tau_healing_d[:, tissue])
    values[:, _GAMMA] = population.gamma
    values[:, _TOLERANCE] = own.log_tolerance
    values[:, _LOG_DEFICIT] = np.log(own.deficit)
    values[:, _LOG_PAIN] = np.log(population.pain_slope)
    values[:, _SETTLE] = population.settle_level
    values[:, _LOG_SETTLE] = np.log(population.settle_slope)
    values[:, _HAZARD] = population.hazard_level[:, tissue] + own.log_frailty
    values[:, _LOG_HAZARD_SLOPE] = np.log(population.hazard_slope)
    values[:, _RECENT] = population.recent_injury_log_hr
    values[:, _FIRST_GAP:] = np.log(np.diff(population.cut_points[:, tissue], axis=1))
    return Beliefs(
        tissue=tissue,
        days_since_injury=days_since_injury,
        chronic_start_rr=chronic_start_rr,
        chronic_offset_rr=population.chronic_offset_rr,
        chronic_reference_rr=population.chronic_reference_rr,
        values=values,
        log_weight=np.zeros(n),
        fatigue_rr=np.zeros(n),
        chronic_rr=np.full(n, chronic_start_rr),
    )


def draw_own(population: PopulationDraws, tissue: int, rng: np.random.Generator) -> OwnParameters:
    """Draw a runner's own parameters from each population draw.

    Parameters
    ----------
    population : PopulationDraws
    tissue : int
    rng : numpy.random.Generator
    """
    scores = rng.standard_normal((3, population.n_draws))
    spread = np.hypot(population.runner_sd, population.unit_sd)
    return OwnParameters(
        log_tolerance=population.tolerance_mean[:, tissue] + spread * scores[0],
        deficit=np.exp(population.deficit_log_mean + population.deficit_log_sd * scores[1]),
        log_frailty=population.frailty_sd * scores[2],
    )


def learn_week(
    beliefs: Beliefs, logged_rr: Floats, pain: Floats, settled: Floats, first_day: int
) -> None:
    """Take in a week without a reinjury.

    Parameters
    ----------
    beliefs : Beliefs
        Changed.
    logged_rr : (7,) array
        Running in the diary, reference runs; 0 without.
    pain, settled : (7,) arrays
        As told; NaN where nothing was.
    first_day : int
        Days lived before this week.
    """
    constants = np.array(
        [
            beliefs.chronic_offset_rr,
            beliefs.chronic_reference_rr,
            beliefs.days_since_injury + first_day,
        ]
    )
    peak = np.log(fatigue_peak(np.exp(beliefs.values[:, _LOG_TAU_F])))
    reports = np.column_stack((logged_rr, pain, settled))
    state = np.column_stack((beliefs.fatigue_rr, beliefs.chronic_rr, beliefs.log_weight))
    _weigh_days(beliefs.values, peak, constants, reports, state)
    beliefs.fatigue_rr, beliefs.chronic_rr, beliefs.log_weight = (
        np.ascontiguousarray(state[:, 0]),
        np.ascontiguousarray(state[:, 1]),
        np.ascontiguousarray(state[:, 2] - state[:, 2].max()),
    )


def effective_size(beliefs: Beliefs) -> float:
    """Return how many equally weighted particles the weights are worth."""
    weight = _weights(beliefs)
    return float(1.0 / np.sum(weight**2))


def rejuvenate(beliefs: Beliefs, history_rr: Floats, rng: np.random.Generator) -> None:
    """Resample and move the particles, and run their filters through the days so far again.

    Parameters
    ----------
    beliefs : Beliefs
        Changed.
    history_rr : (n_days,) array
        Logged running of every day so far.
    rng : numpy.random.Generator
    """
    weight = _weights(beliefs)
    mean = weight @ beliefs.values
    centred = beliefs.values - mean
    covariance = (centred * weight[:, None]).T @ centred
    n = len(weight)
    picked = beliefs.values[_systematic(weight, n, float(rng.random()))]
    # The smallest eigenvalues may be below zero by rounding.
    eigenvalue, vector = np.linalg.eigh(covariance)
    root = vector * np.sqrt(np.maximum(eigenvalue, 0.0))
    kick = rng.standard_normal((n, N_PARAMETERS)) @ root.T
    moved = SHRINKAGE * picked + (1.0 - SHRINKAGE) * mean + np.sqrt(1.0 - SHRINKAGE**2) * kick
    moved[:, _GAMMA] = np.clip(moved[:, _GAMMA], *GAMMA_RANGE)
    beliefs.values = moved
    beliefs.log_weight = np.zeros(n)
    states = _replay(
        np.exp(-np.exp(-moved[:, [_LOG_TAU_F, _LOG_TAU_A]])),
        np.ascontiguousarray(history_rr),
        beliefs.chronic_start_rr,
    )
    beliefs.fatigue_rr, beliefs.chronic_rr = states


def select(beliefs: Beliefs, n: int, score: float) -> tuple[PopulationDraws, dict[str, Floats]]:
    """Return n equally weighted draws as the model's parameters and a runner's state.

    Parameters
    ----------
    beliefs : Beliefs
    n : int
    score : float
        One uniform number.

    Returns
    -------
    population : PopulationDraws
        Labelled simulated; all tissues hold the injured one's values.
    state : dict of (n,) arrays
        log_tolerance, deficit, log_frailty, fatigue_rr, chronic_rr.
    """
    place = _systematic(_weights(beliefs), n, score)
    values = beliefs.values[place]
    k = len(MODEL_TISSUES)

    def all_tissues(column: Floats) -> Floats:
        return np.repeat(column[:, None], k, axis=1)

    cuts = np.concatenate(
        (np.zeros((n, 1)), np.cumsum(np.exp(values[:, _FIRST_GAP:]), axis=1)), axis=1
    )
    cuts -= cuts[:, ZERO_CUT_POINT, None]
    nothing = np.zeros(n)
    population = PopulationDraws(
        origin="simulated",
        tau_fatigue_d=all_tissues(np.exp(values[:, _LOG_TAU_F])),
        tau_adaptation_d=all_tissues(np.exp(values[:, _LOG_TAU_A])),
        tau_healing_d=all_tissues(np.exp(values[:, _LOG_TAU_H])),
        gamma=values[:, _GAMMA],
        chronic_offset_rr=beliefs.chronic_offset_rr,
        chronic_reference_rr=beliefs.chronic_reference_rr,
        tolerance_mean=all_tissues(values[:, _TOLERANCE]),
        runner_sd=nothing,
        unit_sd=nothing,
        deficit_log_mean=values[:, _LOG_DEFICIT],
        deficit_log_sd=nothing,
        pain_slope=np.exp(values[:, _LOG_PAIN]),
        cut_points=np.repeat(cuts[:, None, :], k, axis=1),
        settle_level=values[:, _SETTLE],
        settle_slope=np.exp(values[:, _LOG_SETTLE]),
        hazard_level=all_tissues(values[:, _HAZARD]),
        hazard_slope=np.exp(values[:, _LOG_HAZARD_SLOPE]),
        frailty_sd=nothing,
        recent_injury_log_hr=values[:, _RECENT],
    )
    return population, {
        "log_tolerance": values[:, _TOLERANCE],
        "deficit": np.exp(values[:, _LOG_DEFICIT]),
        "log_frailty": nothing,
        "fatigue_rr": beliefs.fatigue_rr[place],
        "chronic_rr": beliefs.chronic_rr[place],
    }


TRIAL_UNITS: Final = tuple(
    Unit(site, tissue, "left")
    for tissue, site in zip(
        MODEL_TISSUES, ("shin", "achilles", "knee", "calf", "foot"), strict=True
    )
)
"""The unit that stands for each tissue in the trial."""


def _weights(beliefs: Beliefs) -> Floats:
    weight = np.exp(beliefs.log_weight - beliefs.log_weight.max())
    return np.asarray(weight / weight.sum(), np.float64)


def _systematic(weight: Floats, n: int, score: float) -> NDArray[np.intp]:
    """Return n places drawn in proportion to the weights, with one uniform number."""
    edges = np.cumsum(weight)
    places = np.searchsorted(edges, (np.arange(n) + score) / n * edges[-1])
    return np.asarray(np.minimum(places, len(weight) - 1), np.intp)


@kernel
def _weigh_days(
    values: Floats, log_peak: Floats, constants: Floats, reports: Floats, state: Floats
) -> None:
    """Move each particle's filters through the days and add the days' log likelihood."""
    for s in range(values.shape[0]):
        value = values[s]
        kept_f, kept_a = (
            math.exp(-math.exp(-value[_LOG_TAU_F])),
            math.exp(-math.exp(-value[_LOG_TAU_A])),
        )
        healing, deficit = math.exp(-value[_LOG_TAU_H]), math.exp(value[_LOG_DEFICIT])
        for t in range(reports.shape[0]):
            load = reports[t, 0]
            state[s, 0] = kept_f * state[s, 0] + load
            if load > 0.0:
                days = constants[2] + t + 1.0
                margin = (
                    math.log(max(state[s, 0], FLOOR_RR))
                    - log_peak[s]
                    - value[_TOLERANCE]
                    - value[_GAMMA]
                    * math.log((state[s, 1] + constants[0]) / (constants[1] + constants[0]))
                    + deficit * math.exp(-days * healing)
                )
                state[s, 2] += _log_likelihood(value, margin, days, reports[t, 1], reports[t, 2])
            state[s, 1] = kept_a * state[s, 1] + (1.0 - kept_a) * load


@kernel
def _log_likelihood(
    value: Floats, margin: float, days: float, pain: float, settled: float
) -> float:
    """Return the log probability of what was said of a session, and of no reinjury in it."""
    recent = max(0.0, 1.0 - days / YEAR_DAYS)
    log_hazard = (
        value[_HAZARD] + math.exp(value[_LOG_HAZARD_SLOPE]) * margin + value[_RECENT] * recent
    )
    total = -math.exp(log_hazard)
    if not math.isnan(settled):
        logit = value[_SETTLE] - math.exp(value[_LOG_SETTLE]) * margin
        total -= math.log1p(math.exp(-logit if settled > 0.5 else logit))
    if not math.isnan(pain):
        total += _log_pain(value, math.exp(value[_LOG_PAIN]) * margin, int(pain))
    return total


@kernel
def _log_pain(value: Floats, push: float, pain: int) -> float:
    """Return the log probability of a pain score, from the two cut-points beside it."""
    cut, zero = 0.0, 0.0
    below, above = 0.0, 0.0
    for j in range(ZERO_CUT_POINT):
        zero += math.exp(value[_FIRST_GAP + j])
    for j in range(N_CUT_POINTS):
        if j == pain - 1:
            below = cut - zero
        if j == pain:
            above = cut - zero
        if j < N_CUT_POINTS - 1:
            cut += math.exp(value[_FIRST_GAP + j])
    at_least = 1.0 if pain == 0 else 1.0 / (1.0 + math.exp(below - push))
    more = 0.0 if pain == N_CUT_POINTS else 1.0 / (1.0 + math.exp(above - push))
    return math.log(max(at_least - more, TINY))


TINY: Final = 1e-12


@kernel
def _replay(kept: Floats, history: Floats, chronic_start: float) -> tuple[Floats, Floats]:
    """Run both filters of every particle through all days."""
    n = kept.shape[0]
    fatigue, chronic = np.zeros(n), np.full(n, chronic_start)
    for s in range(n):
        for t in range(history.shape[0]):
            fatigue[s] = kept[s, 0] * fatigue[s] + history[t]
            chronic[s] = kept[s, 1] * chronic[s] + (1.0 - kept[s, 1]) * history[t]
    return fatigue, chronic
