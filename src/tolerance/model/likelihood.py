"""How probable one runner's record is under given parameters, many parameter sets at once.

The same likelihood as the PyMC model's (`tolerance.model.capacity`), for one runner, in compiled
loops: `update` needs it thousands of times within milliseconds.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadcore._jit import kernel
from tolerance.model.filters import (
    FATIGUE_FLOOR_RR,
    expected_damage,
    fatigue_log_variance,
    fill_missing_days,
    lasting_log_variance,
)
from tolerance.model.logistic import log_logistic
from tolerance.model.population import N_CUT_POINTS
from tolerance.model.predict import LOGIT_VARIANCE
from tolerance.model.runner import RECENT_INJURY_DAYS, RunnerHistory

__all__ = [
    "EVENT_LOOKBACK_DAYS",
    "MISSING",
    "N_SHARED",
    "N_TRAITS",
    "RunnerData",
    "hazard_log_likelihood",
    "response_log_likelihood",
    "runner_data",
]

type FloatArray = NDArray[np.float64]
type IntArray = NDArray[np.int64]
type BoolArray = NDArray[np.bool_]

MISSING: Final = -1
"""In place of a score, an answer or an injury that is not there."""
EVENT_LOOKBACK_DAYS: Final = 7
"""An injury counts for the last run of this many days up to it. Engineering choice."""

# Places in the last axis of the packed parameters.
KEPT_F, KEPT_A, LOG_PEAK, TOLERANCE, HEAL_RATE, LOG_HAZARD = 0, 1, 2, 3, 4, 5
N_TRAITS: Final = 6
GAMMA, PAIN, SETTLE_LEVEL, SETTLE_SLOPE, HAZARD, RECENT = 0, 1, 2, 3, 4, 5
N_SHARED: Final = 6


@dataclass(frozen=True, kw_only=True, eq=False)
class RunnerData:
    """A runner's record as the likelihood reads it: T days, U units, J injuries.

    Attributes
    ----------
    damage_rr, log_variance : (T, U) arrays
        Expected damage of each day, and variance of log fatigue from not knowing it exactly.
    lasting_variance : (U,) array
        What days that share errors add to the variance of the unit's mean log fatigue.
    chronic_start_rr : (U,) array
    exposed : (T,) bool array
    pain, settled : (T, U) int arrays
        `MISSING` where nothing was said.
    censored : (T,) bool array
        A painkiller was taken.
    days_since : (T, U) array
        Since the unit's last injury; infinite without one. The day of an injury still counts from
        the one before.
    injury : (T, U) int array
        Which of the J injuries that is, or `MISSING`.
    event : (T, U) bool array
        An injury in this session.
    """

    damage_rr: FloatArray
    log_variance: FloatArray
    lasting_variance: FloatArray
    chronic_start_rr: FloatArray
    exposed: BoolArray
    pain: IntArray
    settled: IntArray
    censored: BoolArray
    days_since: FloatArray
    injury: IntArray
    event: BoolArray

    def of_units(self, units: NDArray[np.intp]) -> "RunnerData":
        """Return the record of these units only."""
        return RunnerData(
            damage_rr=np.ascontiguousarray(self.damage_rr[:, units]),
            log_variance=np.ascontiguousarray(self.log_variance[:, units]),
            lasting_variance=self.lasting_variance[units],
            chronic_start_rr=self.chronic_start_rr[units],
            exposed=self.exposed,
            pain=np.ascontiguousarray(self.pain[:, units]),
            settled=np.ascontiguousarray(self.settled[:, units]),
            censored=self.censored,
            days_since=np.ascontiguousarray(self.days_since[:, units]),
            injury=np.ascontiguousarray(self.injury[:, units]),
            event=np.ascontiguousarray(self.event[:, units]),
        )


def runner_data(history: RunnerHistory, tau_fatigue_d: FloatArray) -> RunnerData:
    """Prepare a record for the likelihood.

    Parameters
    ----------
    history : RunnerHistory
    tau_fatigue_d : (U,) array
        Typical time constants, for the variance of log fatigue: it depends on them little.
    """
    median, log_sd = fill_missing_days(history.damage_rr, history.damage_log_sd, history.exposed)
    damage = expected_damage(median, log_sd)
    n_days, n_units = damage.shape
    days_since = np.full((n_days, n_units), np.inf)
    injury = np.full((n_days, n_units), MISSING, np.int64)
    event = np.zeros((n_days, n_units), np.bool_)
    order = sorted(range(len(history.injuries)), key=lambda j: history.injuries[j].on)
    first = history.dates[0].astype("datetime64[D]").astype(np.int64)
    for j in order:
        unit = history.injuries[j].unit
        day = int(np.datetime64(history.injuries[j].on, "D").astype(np.int64) - first)
        later = np.arange(n_days) > day
        days_since[later, unit] = np.arange(n_days)[later] - day
        injury[later, unit] = j
        runs = np.flatnonzero(history.exposed[max(day - EVENT_LOOKBACK_DAYS + 1, 0) : day + 1])
        if day >= 0 and runs.size:
            event[max(day - EVENT_LOOKBACK_DAYS + 1, 0) + runs[-1], unit] = True
    said = history.exposed[:, None] & np.ones((1, n_units), np.bool_)
    pain = np.where(said & ~np.isnan(history.pain), np.floor(np.nan_to_num(history.pain) + 0.5), -1)
    settled = np.where(said & ~np.isnan(history.settled), np.nan_to_num(history.settled), -1)
    return RunnerData(
        damage_rr=damage,
        log_variance=fatigue_log_variance(damage, log_sd, tau_fatigue_d[None, :])[0],
        lasting_variance=lasting_log_variance(
            damage, log_sd, tau_fatigue_d, (pain != MISSING) | (settled != MISSING)
        ),
        chronic_start_rr=np.asarray(history.chronic_start_rr, np.float64),
        exposed=np.asarray(history.exposed, np.bool_),
        pain=pain.astype(np.int64),
        settled=settled.astype(np.int64),
        censored=np.asarray(history.analgesic, np.bool_),
        days_since=days_since,
        injury=injury,
        event=event,
    )


def response_log_likelihood(
    data: RunnerData,
    traits: FloatArray,
    shared: FloatArray,
    cut_points: FloatArray,
    deficit: FloatArray,
    chronic: FloatArray,
) -> FloatArray:
    """Return the log likelihood of all pain scores and answers on settling, per draw.

    Parameters
    ----------
    data : RunnerData
    traits : (S, U, N_TRAITS) array
        Parameters of each unit, in the places named above.
    shared : (S, N_SHARED) array
        Parameters common to all units.
    cut_points : (S, U, 10) array
    deficit : (S, J) array
        Capacity that each injury costs.
    chronic : (2,) array
        a and A_ref.

    Returns
    -------
    (S,) array
    """
    out = np.zeros(traits.shape[0])
    _responses(
        traits,
        shared,
        cut_points,
        deficit,
        chronic,
        (data.damage_rr, data.log_variance, data.days_since, data.chronic_start_rr),
        (data.pain, data.settled, data.injury),
        data.censored,
        out,
    )
    return out


def hazard_log_likelihood(
    data: RunnerData,
    traits: FloatArray,
    shared: FloatArray,
    deficit: FloatArray,
    chronic: FloatArray,
) -> FloatArray:
    """Return the log likelihood of who was injured when and who was not: (S,) array.

    Parameters are those of `response_log_likelihood`.
    """
    out = np.zeros(traits.shape[0])
    _hazards(
        traits,
        shared,
        deficit,
        chronic,
        (data.damage_rr, data.log_variance, data.days_since, data.chronic_start_rr),
        data.injury,
        (data.exposed, data.event),
        out,
    )
    return out


@kernel
def _log_pain(score: int, eta: float, cuts: FloatArray, scale: float, at_least: bool) -> float:
    """Return log P(y = score), or log P(y >= score) where a painkiller hides the rest."""
    above = 0.0 if score == 0 else log_logistic((eta - cuts[score - 1]) * scale)
    if at_least or score == N_CUT_POINTS:
        return above
    below = log_logistic((cuts[score] - eta) * scale)
    if score == 0:
        return below
    # P = s(u) - s(l) = s(u) s(-l) (1 - exp(l - u)), without cancellation.
    return above + below + math.log(-math.expm1((cuts[score - 1] - cuts[score]) * scale))


@kernel
def _capacity(
    trait: FloatArray, gamma: float, deficit: float, days: float, level: float, chronic: FloatArray
) -> float:
    """Return log capacity of one unit on one day."""
    lost = 0.0
    if deficit > 0.0:
        lost = deficit * math.exp(-days * trait[HEAL_RATE])
    slow = math.log((level + chronic[0]) / (chronic[1] + chronic[0]))
    return float(trait[TOLERANCE] + gamma * slow - lost)


@kernel
def _responses(
    traits: FloatArray,
    shared: FloatArray,
    cut_points: FloatArray,
    deficit: FloatArray,
    chronic: FloatArray,
    series: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    answers: tuple[IntArray, IntArray, IntArray],
    censored: BoolArray,
    out: FloatArray,
) -> None:
    damage, log_variance, days_since, start = series
    pain, settled, injury = answers
    n_draws, n_units, _ = traits.shape
    for s in range(n_draws):
        total = 0.0
        slope, level_z, slope_z = shared[s, PAIN], shared[s, SETTLE_LEVEL], shared[s, SETTLE_SLOPE]
        for u in range(n_units):
            trait = traits[s, u]
            fatigue, level = 0.0, start[u]
            for t in range(damage.shape[0]):
                fatigue = trait[KEPT_F] * fatigue + damage[t, u]
                if pain[t, u] >= 0 or settled[t, u] >= 0:
                    lost = deficit[s, injury[t, u]] if injury[t, u] >= 0 else 0.0
                    margin = (
                        math.log(max(fatigue, FATIGUE_FLOOR_RR))
                        - 0.5 * log_variance[t, u]
                        - trait[LOG_PEAK]
                        - _capacity(trait, shared[s, GAMMA], lost, days_since[t, u], level, chronic)
                    )
                    variance = LOGIT_VARIANCE * log_variance[t, u]
                    if pain[t, u] >= 0:
                        scale = 1.0 / math.sqrt(1.0 + slope**2 * variance)
                        total += _log_pain(
                            pain[t, u], slope * margin, cut_points[s, u], scale, censored[t]
                        )
                    if settled[t, u] == 0 or (settled[t, u] == 1 and not censored[t]):
                        scale = 1.0 / math.sqrt(1.0 + slope_z**2 * variance)
                        eta = (level_z - slope_z * margin) * scale
                        total += log_logistic(eta if settled[t, u] == 1 else -eta)
                level = trait[KEPT_A] * level + (1.0 - trait[KEPT_A]) * damage[t, u]
        out[s] = total


@kernel
def _hazards(
    traits: FloatArray,
    shared: FloatArray,
    deficit: FloatArray,
    chronic: FloatArray,
    series: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    injury: IntArray,
    sessions: tuple[BoolArray, BoolArray],
    out: FloatArray,
) -> None:
    damage, log_variance, days_since, start = series
    exposed, event = sessions
    n_draws, n_units, _ = traits.shape
    for s in range(n_draws):
        total = 0.0
        slope = shared[s, HAZARD]
        for u in range(n_units):
            trait = traits[s, u]
            fatigue, level = 0.0, start[u]
            for t in range(damage.shape[0]):
                fatigue = trait[KEPT_F] * fatigue + damage[t, u]
                if exposed[t]:
                    lost, recent = 0.0, 0.0
                    if injury[t, u] >= 0:
                        lost = deficit[s, injury[t, u]]
                        recent = max(0.0, 1.0 - days_since[t, u] / RECENT_INJURY_DAYS)
                    margin = (
                        math.log(max(fatigue, FATIGUE_FLOOR_RR))
                        - 0.5 * log_variance[t, u]
                        - trait[LOG_PEAK]
                        - _capacity(trait, shared[s, GAMMA], lost, days_since[t, u], level, chronic)
                    )
                    hazard = math.exp(
                        trait[LOG_HAZARD]
                        + slope * margin
                        + 0.5 * slope**2 * log_variance[t, u]
                        + shared[s, RECENT] * recent
                    )
                    if event[t, u]:
                        total += math.log(max(-math.expm1(-hazard), 1e-300))
                    else:
                        total -= hazard
                level = trait[KEPT_A] * level + (1.0 - trait[KEPT_A]) * damage[t, u]
        out[s] = total
