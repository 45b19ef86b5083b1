"""From a runner's state and a plan to pain, settling and injury, draw by draw.

Nothing is fitted here: filters run forward from the state, and each day with a run gives three
probabilities per draw and unit. Damage that is not known exactly widens them (`attenuation`).
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loadcore._jit import kernel
from tolerance.model.filters import FATIGUE_FLOOR_RR, expected_damage, fatigue_peak
from tolerance.model.logistic import logistic
from tolerance.model.population import N_CUT_POINTS
from tolerance.model.runner import RECENT_INJURY_DAYS, RunnerState, tissue_index

__all__ = [
    "Forecast",
    "WeekForecast",
    "attenuation",
    "forecast",
    "forecast_weeks",
    "risk_to",
    "weekly_risk",
]

type FloatArray = NDArray[np.float64]
type BoolArray = NDArray[np.bool_]

LOGIT_VARIANCE: Final = math.pi / 8.0
"""A logistic curve averaged over a normal error of variance v is close to the curve with its slope
divided by ``sqrt(1 + pi v / 8)`` (MacKay 1992, doi:10.1162/neco.1992.4.5.720)."""
DAYS_PER_WEEK: Final = 7

# Places in the last axis of the packed arrays that the kernels read.
_KEPT_F, _KEPT_A, _LOG_PEAK, _TOLERANCE, _DEFICIT, _HEAL_RATE = 0, 1, 2, 3, 4, 5
_LOG_HAZARD, _LIMIT_CUT, _FATIGUE, _SPREAD, _CHRONIC = 6, 7, 8, 9, 10
_N_TRAITS = 11
_GAMMA, _PAIN, _SETTLE_LEVEL, _SETTLE_SLOPE, _HAZARD, _RECENT = 0, 1, 2, 3, 4, 5
_N_SHARED = 6


@dataclass(frozen=True, kw_only=True, eq=False)
class Forecast:
    """Probabilities of one plan: S draws, T days, U units; 0 on a day without a run.

    Attributes
    ----------
    pain_above : (S, T, U) array
        Pain above the unit's limit in that day's session.
    not_settled : (S, T, U) array
        Not back to its usual level within a day.
    hazard : (S, T, U) array
        Injury of this unit in that day's session.
    log_margin : (S, T, U) array
        M: expected log fatigue over log capacity on every day, run or not.
    log_variance : (S, T, U) array
        Of log fatigue, from not knowing damage exactly.
    """

    pain_above: FloatArray
    not_settled: FloatArray
    hazard: FloatArray
    log_margin: FloatArray
    log_variance: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class WeekForecast:
    """What C candidate weeks come to.

    Attributes
    ----------
    risk_unit : (C, S, U) array
        Probability of an injury of the unit in the period.
    pain_above, not_settled : (C, S, U) arrays
        Of the worst session of the period.
    """

    risk_unit: FloatArray
    pain_above: FloatArray
    not_settled: FloatArray

    def risk(self, units: BoolArray | None = None) -> FloatArray:
        """Return the (C, S) probability of an injury of any of these units, all by default."""
        kept = self.risk_unit if units is None else self.risk_unit[:, :, units]
        return np.asarray(1.0 - np.prod(1.0 - kept, axis=2), np.float64)


def attenuation(slope: ArrayLike, log_variance: ArrayLike) -> FloatArray:
    """Return the factor on a logit of margin when the margin has an error of this variance."""
    return np.asarray(
        1.0 / np.sqrt(1.0 + LOGIT_VARIANCE * np.square(slope) * np.asarray(log_variance)),
        np.float64,
    )


def forecast(
    state: RunnerState,
    damage_rr: ArrayLike,
    damage_log_sd: ArrayLike,
    exposed: ArrayLike,
    pain_limit: ArrayLike,
) -> Forecast:
    """Predict the days after ``state.as_of``.

    Parameters
    ----------
    state : RunnerState
    damage_rr, damage_log_sd : (T, U) array_like
        Planned damage per day, in reference runs: median, and SD of its logarithm.
    exposed : (T,) array_like of bool
        Days with a run.
    pain_limit : (U,) array_like
        Greatest pain accepted, 0 to 9; 0 for bone.

    Returns
    -------
    Forecast
    """
    plan = _plan(state, np.asarray(damage_rr)[None], damage_log_sd, np.asarray(exposed)[None])
    traits, shared = _pack(state, _limits(pain_limit, len(state.units)))
    a, reference = state.population.chronic_offset_rr, state.population.chronic_reference_rr
    n_days = plan[0].shape[1]
    out = np.zeros((5, state.n_draws, n_days, len(state.units)))
    _run_plan(
        traits,
        shared,
        np.array([a, reference]),
        state.days_since_injury,
        plan[0][0],
        plan[1][0],
        plan[2][0],
        out,
    )
    return Forecast(
        pain_above=out[0],
        not_settled=out[1],
        hazard=out[2],
        log_margin=out[3],
        log_variance=out[4],
    )


def forecast_weeks(
    state: RunnerState,
    damage_rr: ArrayLike,
    damage_log_sd: ArrayLike,
    exposed: ArrayLike,
    pain_limit: ArrayLike,
) -> WeekForecast:
    """Predict many candidate periods at once, each from the same state.

    Parameters
    ----------
    state : RunnerState
        Thin it first (`RunnerState.thin`) where time counts.
    damage_rr : (C, T, U) array_like
        Candidates.
    damage_log_sd : array_like, broadcast to (C, T, U)
    exposed : (C, T) array_like of bool
    pain_limit : (U,) array_like
        As in `forecast`.
    """
    damage, spread, runs = _plan(state, damage_rr, damage_log_sd, exposed)
    traits, shared = _pack(state, _limits(pain_limit, len(state.units)))
    a, reference = state.population.chronic_offset_rr, state.population.chronic_reference_rr
    out = np.zeros((3, damage.shape[0], state.n_draws, len(state.units)))
    _run_candidates(
        traits,
        shared,
        np.array([a, reference]),
        state.days_since_injury,
        damage,
        spread,
        runs,
        out,
    )
    return WeekForecast(risk_unit=out[0], pain_above=out[1], not_settled=out[2])


def weekly_risk(predicted: Forecast, units: BoolArray | None = None) -> FloatArray:
    """Return the probability of an injury per draw and week, given none in the weeks before.

    Parameters
    ----------
    predicted : Forecast
    units : (U,) bool array, optional
        Any of these units; all by default (any injury), ``state.is_index`` for the same tissue.

    Returns
    -------
    (S, n_weeks) array
        A last week may be short.
    """
    log_free = _log_injury_free(predicted, units)
    starts = np.arange(0, log_free.shape[1], DAYS_PER_WEEK)
    return np.asarray(-np.expm1(np.add.reduceat(log_free, starts, axis=1)), np.float64)


def risk_to(predicted: Forecast, units: BoolArray | None = None) -> FloatArray:
    """Return the probability of an injury from now to the end of each day: (S, T) array.

    Parameters
    ----------
    predicted, units
        As in `weekly_risk`.
    """
    return np.asarray(-np.expm1(np.cumsum(_log_injury_free(predicted, units), axis=1)), np.float64)


def _log_injury_free(predicted: Forecast, units: BoolArray | None) -> FloatArray:
    hazard = predicted.hazard if units is None else predicted.hazard[:, :, units]
    return np.asarray(np.log1p(-np.minimum(hazard, 1.0 - 1e-12)).sum(axis=2), np.float64)


def _limits(pain_limit: ArrayLike, n_units: int) -> NDArray[np.intp]:
    limit = np.broadcast_to(np.asarray(pain_limit, np.float64), (n_units,))
    if np.any(~((limit >= 0.0) & (limit < N_CUT_POINTS))):
        raise ValueError(f"pain_limit: got {limit.tolist()}, expected 0 to 9 for each unit")
    return np.floor(limit).astype(np.intp)


def _plan(
    state: RunnerState, damage_rr: ArrayLike, damage_log_sd: ArrayLike, exposed: ArrayLike
) -> tuple[FloatArray, FloatArray, BoolArray]:
    damage = np.ascontiguousarray(damage_rr, np.float64)
    runs = np.ascontiguousarray(exposed, np.bool_)
    n_units = len(state.units)
    if damage.ndim != 3 or damage.shape[2] != n_units or runs.shape != damage.shape[:2]:
        raise ValueError(
            f"plan: got damage of shape {damage.shape} and exposed of shape {runs.shape}, expected "
            f"days by {n_units} units and one entry a day"
        )
    if np.any(~np.isfinite(damage)) or np.any(damage < 0.0):
        raise ValueError("plan: expected damage of 0 or more reference runs on every day")
    log_sd = np.broadcast_to(np.asarray(damage_log_sd, np.float64), damage.shape)
    if np.any(~(log_sd >= 0.0)):
        raise ValueError("plan: expected a damage_log_sd of 0 or more")
    expected = np.ascontiguousarray(expected_damage(damage, log_sd))
    return expected, expected**2 * np.expm1(log_sd**2), runs


def _pack(state: RunnerState, limit: NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
    """Lay out what the kernels read, draw by draw and unit by unit."""
    population, tissue = state.population, tissue_index(state.units)
    traits = np.empty((state.n_draws, len(state.units), _N_TRAITS))
    tau_fatigue = population.tau_fatigue_d[:, tissue]
    traits[:, :, _KEPT_F] = np.exp(-1.0 / tau_fatigue)
    traits[:, :, _KEPT_A] = np.exp(-1.0 / population.tau_adaptation_d[:, tissue])
    traits[:, :, _LOG_PEAK] = np.log(fatigue_peak(tau_fatigue))
    traits[:, :, _TOLERANCE] = state.log_tolerance
    traits[:, :, _DEFICIT] = state.deficit
    traits[:, :, _HEAL_RATE] = 1.0 / (
        population.tau_healing_d[:, tissue] * state.healing_factor[None, :]
    )
    traits[:, :, _LOG_HAZARD] = population.hazard_level[:, tissue] + state.log_frailty[:, None]
    traits[:, :, _LIMIT_CUT] = population.cut_points[:, tissue, limit]
    traits[:, :, _FATIGUE] = state.fatigue_rr
    traits[:, :, _SPREAD] = state.fatigue_rr**2 * np.expm1(state.fatigue_log_var)
    traits[:, :, _CHRONIC] = state.chronic_rr
    shared = np.empty((state.n_draws, _N_SHARED))
    for place, values in (
        (_GAMMA, population.gamma),
        (_PAIN, population.pain_slope),
        (_SETTLE_LEVEL, population.settle_level),
        (_SETTLE_SLOPE, population.settle_slope),
        (_HAZARD, population.hazard_slope),
        (_RECENT, population.recent_injury_log_hr),
    ):
        shared[:, place] = values
    return traits, shared


@kernel
def _margin(
    trait: FloatArray,
    shared: FloatArray,
    chronic: FloatArray,
    fatigue: float,
    relative: float,
    level: float,
    days: float,
) -> float:
    """Return expected log fatigue, of this log variance, over log capacity of a unit on a day."""
    left = math.exp(-days * trait[_HEAL_RATE]) if days >= 0.0 else 0.0
    capacity = (
        trait[_TOLERANCE]
        + shared[_GAMMA] * math.log((level + chronic[0]) / (chronic[1] + chronic[0]))
        - trait[_DEFICIT] * left
    )
    log_fatigue = math.log(max(fatigue, FATIGUE_FLOOR_RR)) - 0.5 * relative
    return float(log_fatigue - trait[_LOG_PEAK] - capacity)


@kernel
def _relative(variance: float, fatigue: float) -> float:
    """Return the variance of log fatigue of this variance and mean."""
    if variance <= 0.0:
        return 0.0
    return math.log1p(variance / max(fatigue, FATIGUE_FLOOR_RR) ** 2)


@kernel
def _session(
    trait: FloatArray, shared: FloatArray, margin: float, variance: float, days: float
) -> tuple[float, float, float]:
    """Return pain above the limit, not settled, injury: probabilities of one session."""
    pain_scale, settle_scale = 1.0, 1.0
    if variance > 0.0:
        pain_scale = 1.0 / math.sqrt(1.0 + LOGIT_VARIANCE * shared[_PAIN] ** 2 * variance)
        settle_scale = 1.0 / math.sqrt(1.0 + LOGIT_VARIANCE * shared[_SETTLE_SLOPE] ** 2 * variance)
    pain = logistic((shared[_PAIN] * margin - trait[_LIMIT_CUT]) * pain_scale)
    unsettled = logistic((shared[_SETTLE_SLOPE] * margin - shared[_SETTLE_LEVEL]) * settle_scale)
    recent = max(0.0, 1.0 - days / RECENT_INJURY_DAYS) if days >= 0.0 else 0.0
    log_hazard = (
        trait[_LOG_HAZARD]
        + shared[_HAZARD] * margin
        + 0.5 * shared[_HAZARD] ** 2 * variance
        + shared[_RECENT] * recent
    )
    return pain, unsettled, -math.expm1(-math.exp(log_hazard))


@kernel
def _run_plan(
    traits: FloatArray,
    shared: FloatArray,
    chronic: FloatArray,
    days_since: FloatArray,
    damage: FloatArray,
    spread: FloatArray,
    runs: BoolArray,
    out: FloatArray,
) -> None:
    """Fill ``out`` (pain, unsettled, hazard, margin, its variance) of one plan."""
    n_draws, n_units, _ = traits.shape
    for s in range(n_draws):
        for u in range(n_units):
            trait = traits[s, u]
            fatigue, variance, level = trait[_FATIGUE], trait[_SPREAD], trait[_CHRONIC]
            for t in range(damage.shape[0]):
                fatigue = trait[_KEPT_F] * fatigue + damage[t, u]
                variance = trait[_KEPT_F] ** 2 * variance + spread[t, u]
                days = days_since[u] + t + 1.0
                relative = _relative(variance, fatigue)
                margin = _margin(trait, shared[s], chronic, fatigue, relative, level, days)
                out[3, s, t, u], out[4, s, t, u] = margin, relative
                if runs[t]:
                    pain, unsettled, hazard = _session(trait, shared[s], margin, relative, days)
                    out[0, s, t, u] = pain
                    out[1, s, t, u] = unsettled
                    out[2, s, t, u] = hazard
                level = trait[_KEPT_A] * level + (1.0 - trait[_KEPT_A]) * damage[t, u]


@kernel
def _run_candidates(
    traits: FloatArray,
    shared: FloatArray,
    chronic: FloatArray,
    days_since: FloatArray,
    damage: FloatArray,
    spread: FloatArray,
    runs: BoolArray,
    out: FloatArray,
) -> None:
    """Fill ``out`` (risk, worst pain, worst unsettled) for each candidate, draw and unit."""
    n_draws, n_units, _ = traits.shape
    for c in range(damage.shape[0]):
        for s in range(n_draws):
            for u in range(n_units):
                trait = traits[s, u]
                fatigue, variance, level = trait[_FATIGUE], trait[_SPREAD], trait[_CHRONIC]
                free, worst_pain, worst_unsettled = 1.0, 0.0, 0.0
                for t in range(damage.shape[1]):
                    fatigue = trait[_KEPT_F] * fatigue + damage[c, t, u]
                    variance = trait[_KEPT_F] ** 2 * variance + spread[c, t, u]
                    if runs[c, t]:
                        days = days_since[u] + t + 1.0
                        relative = _relative(variance, fatigue)
                        margin = _margin(trait, shared[s], chronic, fatigue, relative, level, days)
                        pain, unsettled, hazard = _session(trait, shared[s], margin, relative, days)
                        free *= 1.0 - hazard
                        worst_pain = max(worst_pain, pain)
                        worst_unsettled = max(worst_unsettled, unsettled)
                    level = trait[_KEPT_A] * level + (1.0 - trait[_KEPT_A]) * damage[c, t, u]
                out[0, c, s, u] = 1.0 - free
                out[1, c, s, u] = worst_pain
                out[2, c, s, u] = worst_unsettled
