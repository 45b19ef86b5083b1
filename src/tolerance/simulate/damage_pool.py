"""A second, independent story of load and injury: a pool of microdamage and noisy thresholds.

Nothing here is shared with the filters of the tolerance model or of `simulate.worlds`: damage comes
in discrete events, repair is limited per day, adaptation is faster up than down, pain is a rounded
noisy level, injury is the crossing of a random strength. What the model gets right here it does not
owe to having been written twice. Tolerance keeps its definition: the load, in reference weeks, at
which pain passes 3 half of the time.
"""

import copy
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, pdtrik

from tolerance.anatomy import MODEL_TISSUES
from tolerance.simulate.world_truth import RunnerTraits
from tolerance.simulate.worlds import DayDraws, DayOutcome

__all__ = ["DAMAGE_POOL", "DamagePool"]

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]

DAMAGE_POOL: Final = "damage_pool"
"""Name of this world."""

# All of these are choices of the generator, made to give courses like the first world's, not facts.
EVENTS_PER_RR: Final = 200.0
"""Microdamage events of a reference run."""
REPAIR_FRAC: Final = dict(zip(MODEL_TISSUES, (0.08, 0.35, 0.6, 0.42, 0.28), strict=True))
"""Share of the pool that a day repairs, as far as the limit allows."""
REPAIR_LIMIT: Final = 1.5
"""Most that a day repairs, in the mean daily damage of a reference week at steady repair."""
UP_D: Final = dict(zip(MODEL_TISSUES, (75.0, 55.0, 40.0, 25.0, 50.0), strict=True))
"""Days in which strength follows a raised load; falling takes half of them."""
STRENGTH_SHARE: Final = 0.5
"""Power of the stimulus in strength."""
STIMULUS_FLOOR: Final = 0.15
"""Of everyday life, in reference weeks."""
HEALED_D: Final = 150.0
"""Days in which a loss of strength is made good, along a straight line."""
PAIN_AT_STRENGTH: Final = 3.5
"""Level of pain where the pool equals the strength: half of the sessions round to 4 or more."""
PAIN_PER_LOG: Final = 2.6
PAIN_NOISE_SD: Final = 1.3
"""Pain per log of pool over strength, and its noise."""
MORNING_SHARE: Final = 1.1
"""It has settled where the repaired pool is below this share of strength, give or take noise."""
MORNING_NOISE_SD: Final = 0.4
WEIBULL_SHAPE: Final = 1.7
WEIBULL_SCALE: Final = 90.0
"""A session injures where the pool passes a Weibull strength of so many times the tolerance."""
DAYS_PER_WEEK: Final = 7
REFERENCE_DAYS: Final = (0, 2, 4)


class DamagePool:
    """R runners, day by day, by microdamage and thresholds; stands where a ``World`` does.

    Parameters
    ----------
    traits : RunnerTraits
        Log tolerance, injuries and frailty of each; chronic load sets the first strength.

    Attributes
    ----------
    day : int
        Days lived.
    pool : (R, U) float64 array
        Microdamage events not yet repaired.
    stimulus : (R, U) float64 array
        What strength has adapted to, in reference weeks.
    """

    def __init__(self, traits: RunnerTraits) -> None:
        self.traits = traits
        names = [MODEL_TISSUES[k] for k in traits.tissue]
        self._repair = np.array([REPAIR_FRAC[name] for name in names])
        self._up_d = np.array([UP_D[name] for name in names])
        self.day = 0
        self.pool = np.zeros(traits.is_index.shape)
        self.stimulus = traits.chronic_start_rr * DAYS_PER_WEEK / len(REFERENCE_DAYS)
        self.loss = 1.0 - np.exp(-traits.deficit)
        self.days_since_injury = traits.days_since_injury.copy()
        self._week = np.repeat(traits.chronic_start_rr[None] * 1.0, DAYS_PER_WEEK, axis=0)
        self._limit = REPAIR_LIMIT * EVENTS_PER_RR * len(REFERENCE_DAYS) / DAYS_PER_WEEK
        self._reference_pool = self._reference()

    def copy(self) -> "DamagePool":
        """Return a pool that goes its own way from here."""
        other = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray):
                setattr(other, name, value.copy())
        return other

    def _reference(self) -> Floats:
        """Return the largest pool of a steady reference week, per unit."""
        pool, largest = np.zeros(self._repair.size), np.zeros(self._repair.size)
        for day in range(40 * DAYS_PER_WEEK):
            pool = pool - np.minimum(self._repair * pool, self._limit)
            if day % DAYS_PER_WEEK in REFERENCE_DAYS:
                pool = pool + EVENTS_PER_RR
            if day >= 39 * DAYS_PER_WEEK:
                largest = np.maximum(largest, pool)
        return largest

    def advance_day(
        self,
        damage_rr: Floats,
        exposed: Flags,
        chance: np.random.Generator | DayDraws,
        load_rr: Floats | None = None,
    ) -> DayOutcome:
        """Live one day; as `World.advance_day`, all pain is reported. `load_rr` is not used."""
        shape = self.pool.shape
        draws = DayDraws.draw(chance, *shape) if isinstance(chance, np.random.Generator) else chance
        events = np.ceil(pdtrik(draws.reported, np.maximum(damage_rr, 1e-9) * EVENTS_PER_RR))
        self.pool = self.pool + np.maximum(events, 0.0) * (damage_rr > 0.0)
        self.days_since_injury = self.days_since_injury + 1.0
        remaining = np.maximum(0.0, 1.0 - self.days_since_injury / HEALED_D)
        whole = self._reference_pool * np.exp(self.traits.log_tolerance)
        whole = whole * np.maximum(self.stimulus, STIMULUS_FLOOR) ** STRENGTH_SHARE
        strength = whole * (1.0 - self.loss * remaining)
        level = np.log(np.maximum(self.pool, 1.0) / strength)
        ran = exposed[:, None]
        noise = PAIN_NOISE_SD * ndtri(draws.pain)
        felt = np.clip(np.rint(PAIN_AT_STRENGTH + PAIN_PER_LOG * level + noise), 0.0, 10.0)
        pain = np.where(ran, felt, np.nan)
        repaired = np.minimum(self._repair * self.pool, self._limit)
        morning = np.log(np.maximum(self.pool - repaired, 1.0) / (MORNING_SHARE * strength))
        calm = morning < MORNING_NOISE_SD * ndtri(draws.settled)
        settled = np.where(ran, calm.astype(np.float64), np.nan)
        weak = np.exp(-self.traits.log_frailty[:, None] / WEIBULL_SHAPE)
        hazard = ran * (self.pool / (WEIBULL_SCALE * strength * weak)) ** WEIBULL_SHAPE
        injured = _first_to_fail(hazard, draws.injury, draws.which)
        rows = np.flatnonzero(injured >= 0)
        self.loss[rows, injured[rows]] = 0.3 + 0.4 * draws.deficit[rows]
        self.days_since_injury[rows, injured[rows]] = 0.0
        self.pool = np.maximum(np.rint(self.pool - repaired), 0.0)
        self._adapt(damage_rr)
        self.day += 1
        return DayOutcome(
            damage_rr=damage_rr,
            exposed=exposed,
            pain=pain,
            settled=settled,
            analgesic=np.zeros(shape[0], np.bool_),
            true_pain=pain,
            true_settled=settled,
            injured_unit=injured,
            margin=level,
            hazard=np.asarray(hazard, np.float64),
        )

    def _adapt(self, damage_rr: Floats) -> None:
        """Let strength follow the last seven days, faster up than down."""
        self._week = np.concatenate((self._week[1:], damage_rr[None]))
        target = self._week.sum(axis=0) / len(REFERENCE_DAYS)
        gap = target - self.stimulus
        clock = np.where(gap > 0.0, self._up_d, self._up_d / 2.0)
        self.stimulus = self.stimulus + gap / clock


def _first_to_fail(hazard: Floats, chance: Floats, which: Floats) -> NDArray[np.int64]:
    """Return the unit that fails today in each runner, -1 for none."""
    total = hazard.sum(axis=1)
    failed = chance < -np.expm1(-total)
    reach = which * total
    unit = np.sum(np.cumsum(hazard, axis=1) <= reach[:, None], axis=1)
    unit = np.minimum(unit, hazard.shape[1] - 1)
    return np.where(failed, unit, -1).astype(np.int64)
