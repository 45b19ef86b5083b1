"""Simulated worlds, day by day and batched over runners: how load hurts, injures, and is reported.

The first world is the tolerance model's own story; the others break one assumption each, by name.
A policy (a cohort's habit, a trial's arm) says what is run; the world says what comes of it::

    world = World(truth, traits, WORLDS["model"])
    outcome = world.advance_day(damage_rr, exposed, rng)
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from loadcore._jit import kernel
from tolerance.simulate.world_truth import PopulationTruth, RunnerTraits

__all__ = ["WORLDS", "DayDraws", "DayOutcome", "SteppedWorld", "World", "WorldRules"]

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]

LEAST_FATIGUE: Final = 1e-6
"""Floor of normalised fatigue under the logarithm; far below anything that hurts."""
YEAR_D: Final = 365.0
"""A previous injury raises the hazard for a year, less every day (pubmed 33356768 looks back so
far); the straight decline is an engineering choice."""
REFERENCE_WEEK: Final = (0, 2, 4)
"""Days of a Monday, Wednesday, Friday week of reference runs; its steady peak is fatigue 1."""
DAYS_PER_WEEK: Final = 7
SETTLING_WEEKS: Final = 60
"""Weeks after which even the slowest fatigue of these worlds repeats itself."""

ACUTE_D, CHRONIC_D = 7.0, 28.0
"""Time constants of the ratio-driven world's load averages."""
RATIO_OFFSET_RR: Final = 0.05
"""Keeps the ratio finite after weeks without a run."""
RATIO_LOG_HAZARD: Final = -0.2
"""Shift of log hazard that gives the ratio-driven world about as many injuries as the first.
Engineering choice."""
OTHER_EXPONENT: Final = 3.0
"""True exponent of every tissue in the world where the ledger's is wrong."""
FAST_SHARE: Final = 0.5
"""Of the second fatigue pool's time constant over the first, in the other-kernel world."""
SLOW_STRETCH: Final = 2.0
"""Slow chronic pool's time constant over the model's, in the other-kernel world; the fast one's
is a quarter of it."""
UNLOGGED_RR: Final = 0.6
"""Damage of a run that nobody wrote down."""
STOIC_SCALE: Final = 0.4
"""What a stoic runner says of their pain."""
MEDICATED_RELIEF: Final = 2.0
"""Points that a painkiller takes off."""
STOIC_FRAC, MEDICATED_FRAC = 0.5, 0.25
"""Shares of runners in the world of stoic or medicated reporters."""
ANALGESIC_TOLD: Final = 0.5
"""Chance that a painkiller is written down."""
SETTLED_SAID: Final = 0.7
"""Chance that such a runner says "settled" when it was not."""
SILENT_SLOPE, SILENT_PAIN = 0.8, 3.0
"""Non-reporters: log odds of silence rise so much per point of pain, even at this pain."""
EASED, RAISED, HURT_PAIN, EASY_PAIN = 0.6, 1.15, 3.0, 0.0
"""Load driven by pain: next sessions after pain above 3, and after none."""


@dataclass(frozen=True, kw_only=True)
class WorldRules:
    """Which assumptions a world keeps.

    Attributes
    ----------
    name : str
    meaning : str
        In a sentence, for pages.
    delayed_kernel : bool
        Fatigue rises for days and chronic load has two clocks.
    true_exponent : float or None
        Exponent of damage in truth where it is not the ledger's.
    ratio_hazard : bool
        Injuries follow acute over chronic load, pain the margin.
    silent : bool
        Pain is reported the less, the more it hurts.
    stoic : bool
        Some runners understate pain or take painkillers.
    pain_driven : bool
        Runners do less than told after pain, more after none.
    unlogged_frac : float
        Share of days off on which an unlogged run was done.
    """

    name: str
    meaning: str
    delayed_kernel: bool = False
    true_exponent: float | None = None
    ratio_hazard: bool = False
    silent: bool = False
    stoic: bool = False
    pain_driven: bool = False
    unlogged_frac: float = 0.0


WORLDS: Final[Mapping[str, WorldRules]] = MappingProxyType(
    {
        world.name: world
        for world in (
            WorldRules(name="model", meaning="the world is as the model believes"),
            WorldRules(
                name="other_kernel",
                meaning="fatigue peaks days after a run, chronic load has two clocks",
                delayed_kernel=True,
            ),
            WorldRules(
                name="other_exponent",
                meaning="tissues weigh force by exponent 3, the ledger by another",
                true_exponent=OTHER_EXPONENT,
            ),
            WorldRules(
                name="ratio_hazard",
                meaning="injuries follow acute over chronic load, not the margin",
                ratio_hazard=True,
            ),
            WorldRules(
                name="non_reporters",
                meaning="the more it hurts, the less is reported",
                silent=True,
            ),
            WorldRules(
                name="stoic_reporters",
                meaning="half of the runners understate pain, a quarter take painkillers",
                stoic=True,
            ),
            WorldRules(
                name="pain_driven_load",
                meaning="runners do less than told after pain and more after none",
                pain_driven=True,
            ),
            WorldRules(
                name="unlogged_runs",
                meaning="one day off in ten has a run that nobody wrote down",
                unlogged_frac=0.1,
            ),
        )
    }
)
"""Worlds by name; the first is well specified."""


@dataclass(frozen=True, eq=False)
class DayDraws:
    """Chance of one day, so that arms of a trial can share it; uniform on 0 to 1.

    Attributes
    ----------
    pain, settled, reported : (R, U) float64 array
    injury, which, deficit, extra, said : (R,) float64 array
    """

    pain: Floats
    settled: Floats
    reported: Floats
    injury: Floats
    which: Floats
    deficit: Floats
    extra: Floats
    said: Floats

    @classmethod
    def draw(cls, rng: np.random.Generator, n_runners: int, n_units: int) -> "DayDraws":
        """Draw the chance of one day."""
        units = rng.random((3, n_runners, n_units))
        runners = rng.random((5, n_runners))
        return cls(*units, *runners)


@dataclass(frozen=True, eq=False)
class DayOutcome:
    """What came of a day, R runners and U units.

    Attributes
    ----------
    damage_rr : (R, U) float64 array
        Damage that was done and can be logged: as told, unless pain changed it.
    exposed : (R,) bool array
        Runners at risk.
    pain : (R, U) float64 array
        As reported, 0 to 10; NaN without a session or a report.
    settled : (R, U) float64 array
        1 or 0 as reported; NaN where pain is.
    analgesic : (R,) bool array
        A painkiller was taken, and said.
    true_pain, true_settled : (R, U) float64 array
        What was felt; NaN without a session.
    injured_unit : (R,) int64 array
        Index of the unit injured in this session; -1 for none.
    margin : (R, U) float64 array
        Log fatigue over capacity after the session.
    hazard : (R, U) float64 array
        Cumulative hazard of the session; 0 without one.
    """

    damage_rr: Floats
    exposed: Flags
    pain: Floats
    settled: Floats
    analgesic: Flags
    true_pain: Floats
    true_settled: Floats
    injured_unit: NDArray[np.int64]
    margin: Floats
    hazard: Floats


class SteppedWorld(Protocol):
    """Anything that turns a day's damage into what comes of it."""

    traits: RunnerTraits

    def advance_day(
        self,
        damage_rr: Floats,
        exposed: Flags,
        chance: np.random.Generator | DayDraws,
        load_rr: Floats | None = None,
    ) -> DayOutcome:
        """Live one day."""
        ...


class World:
    """R runners of one world, day by day.

    Parameters
    ----------
    truth : PopulationTruth
    traits : RunnerTraits
    rules : WorldRules
        An entry of :data:`WORLDS`.
    exponents : (U,) float array, optional
        Exponents with which the ledger's damage was computed; needed where the true ones differ.

    Attributes
    ----------
    day : int
        Days lived.
    fatigue, chronic, deficit, days_since_injury : (R, U) float64 array
        State at the end of that day.
    """

    def __init__(
        self,
        truth: PopulationTruth,
        traits: RunnerTraits,
        rules: WorldRules,
        exponents: Floats | None = None,
    ) -> None:
        if rules.true_exponent is not None and exponents is None:
            raise ValueError(
                f"exponents: got none, expected the ledger's {len(traits.units)}; "
                f"the world {rules.name!r} differs from them"
            )
        self.truth, self.traits, self.rules = truth, traits, rules
        self.exponents = exponents
        tissue, shape = traits.tissue, traits.is_index.shape
        self.day = 0
        self.fatigue = np.zeros(shape)
        self.chronic = traits.chronic_start_rr.copy()
        self.deficit = traits.deficit.copy()
        self.days_since_injury = traits.days_since_injury.copy()
        self._stage = np.zeros(shape)
        self._slow = traits.chronic_start_rr.copy()
        self._acute = traits.chronic_start_rr.copy()
        self._usual = traits.chronic_start_rr.copy()
        self._last_pain = np.full(shape[0], np.nan)
        self._fade = np.exp(-1.0 / truth.tau_fatigue_d[tissue])
        self._keep = np.exp(-1.0 / truth.tau_adaptation_d[tissue])
        self._heal = np.exp(-1.0 / truth.tau_healing_d[tissue])
        self._stage_fade = np.exp(-1.0 / (FAST_SHARE * truth.tau_fatigue_d[tissue]))
        self._slow_keep = self._keep ** (1.0 / SLOW_STRETCH)
        if rules.delayed_kernel:
            self._keep = self._keep**4
        self._peak = _reference_peak(self._fade, self._stage_fade, rules.delayed_kernel)
        self._reporting = _reporting_kinds(shape[0], rules)

    def copy(self) -> "World":
        """Return a world that goes its own way from here."""
        other = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray):
                setattr(other, name, value.copy())
        return other

    def margins(self, damage_rr: Floats, load_rr: Floats | None = None) -> tuple[Floats, Floats]:
        """Return margin and cumulative hazard per unit if this were done today; nothing changes."""
        trial = self.copy()
        margin = trial._step(trial._true_damage(damage_rr, load_rr))
        return margin, trial._hazard(margin, np.ones(margin.shape[0], np.bool_))

    def advance_day(
        self,
        damage_rr: Floats,
        exposed: Flags,
        chance: np.random.Generator | DayDraws,
        load_rr: Floats | None = None,
    ) -> DayOutcome:
        """Live one day.

        Parameters
        ----------
        damage_rr : (R, U) float64 array
            Damage of what is to be done today, at the ledger's exponents; 0 for none.
        exposed : (R,) bool array
            Runners who run today; others are not at risk.
        chance : Generator or DayDraws
            Draws handed in serve all arms of a trial alike.
        load_rr : (R, U) float64 array, optional
            The same at exponent 1; only the world of another exponent needs it. Without it,
            sessions are taken to be easy running.

        Returns
        -------
        DayOutcome
        """
        shape = self.fatigue.shape
        draws = DayDraws.draw(chance, *shape) if isinstance(chance, np.random.Generator) else chance
        if damage_rr.shape != shape or exposed.shape != shape[:1]:
            raise ValueError(
                f"day: got damage {damage_rr.shape} and exposed {exposed.shape}, expected "
                f"{shape} and {shape[:1]}"
            )
        done = damage_rr
        if self.rules.pain_driven:
            done = damage_rr * self._compliance()[:, None]
        true_damage = self._true_damage(done, load_rr)
        if self.rules.unlogged_frac > 0.0:
            secret = ~exposed & (draws.extra < self.rules.unlogged_frac)
            true_damage = true_damage + secret[:, None] * UNLOGGED_RR
        margin = self._step(true_damage)
        hazard = self._hazard(margin, exposed)
        pain, settled = _felt(
            margin,
            exposed,
            draws.pain,
            draws.settled,
            self.traits.tissue,
            self.truth.cut_points,
            np.array([self.truth.pain_slope, self.truth.settle_level, self.truth.settle_slope]),
        )
        injured = _which_injury(hazard, draws.injury, draws.which)
        self._injure(injured, draws.deficit)
        said, said_settled, analgesic = self._report(pain, settled, exposed, draws)
        self._remember(pain, exposed)
        self.day += 1
        return DayOutcome(
            damage_rr=done,
            exposed=exposed,
            pain=said,
            settled=said_settled,
            analgesic=analgesic,
            true_pain=pain,
            true_settled=settled,
            injured_unit=injured,
            margin=margin,
            hazard=hazard,
        )

    def _true_damage(self, damage_rr: Floats, load_rr: Floats | None) -> Floats:
        """Return what the tissues make of a session that the ledger weighs with its exponents."""
        exponent = self.rules.true_exponent
        if exponent is None or load_rr is None or self.exponents is None:
            return damage_rr
        # A session of equal steps: load = n m, damage = n m^b.
        force = np.ones_like(damage_rr)
        np.divide(damage_rr, load_rr, out=force, where=(load_rr > 0.0) & (damage_rr > 0.0))
        force = force ** (1.0 / (self.exponents - 1.0))
        return np.asarray(load_rr * force ** (exponent - 1.0), np.float64)

    def _step(self, damage: Floats) -> Floats:
        """Carry all states over one day; return the margin after the day's session."""
        truth = self.truth
        capacity_load = self.chronic
        if self.rules.delayed_kernel:
            capacity_load = 0.5 * (self.chronic + self._slow)
            self._stage = self._stage_fade * self._stage + damage
            self.fatigue = self._fade * self.fatigue + self._stage
        else:
            self.fatigue = self._fade * self.fatigue + damage
        self.days_since_injury = self.days_since_injury + 1.0
        left = self.deficit * self._heal**self.days_since_injury
        a, reference = truth.chronic_offset_rr, truth.chronic_reference_rr
        log_capacity = (
            self.traits.log_tolerance
            + truth.gamma * np.log((capacity_load + a) / (reference + a))
            - left
        )
        margin = np.log(np.maximum(self.fatigue / self._peak, LEAST_FATIGUE)) - log_capacity
        self.chronic = self._keep * self.chronic + (1.0 - self._keep) * damage
        self._slow = self._slow_keep * self._slow + (1.0 - self._slow_keep) * damage
        self._usual = self._usual + (self._acute - self._usual) / CHRONIC_D
        self._acute = self._acute + (damage - self._acute) / ACUTE_D
        return np.asarray(margin, np.float64)

    def _hazard(self, margin: Floats, exposed: Flags) -> Floats:
        """Return the cumulative hazard of today's session per unit."""
        truth, tissue = self.truth, self.traits.tissue
        driver = margin
        shift = 0.0
        if self.rules.ratio_hazard:
            driver = np.log((self._acute + RATIO_OFFSET_RR) / (self._usual + RATIO_OFFSET_RR))
            shift = RATIO_LOG_HAZARD - float(np.mean(self.truth.tolerance_mean))
        recent = np.maximum(0.0, 1.0 - self.days_since_injury / YEAR_D)
        log_hazard = (
            truth.hazard_level[tissue]
            + truth.hazard_slope * driver
            + shift
            + self.traits.log_frailty[:, None]
            + truth.recent_injury_log_hr * recent
        )
        return np.asarray(np.exp(log_hazard) * exposed[:, None], np.float64)

    def _injure(self, injured: NDArray[np.int64], chance: Floats) -> None:
        """Start the healing of what was injured today."""
        rows = np.flatnonzero(injured >= 0)
        units = injured[rows]
        normal = ndtri(chance[rows])
        log_deficit = self.truth.deficit_log_mean + self.truth.deficit_log_sd * normal
        self.deficit[rows, units] = np.exp(log_deficit)
        self.days_since_injury[rows, units] = 0.0

    def _report(
        self, pain: Floats, settled: Floats, exposed: Flags, draws: DayDraws
    ) -> tuple[Floats, Floats, Flags]:
        """Return pain and settling as reported, and whether a painkiller was mentioned."""
        analgesic = np.zeros(exposed.size, np.bool_)
        if self.rules.silent:
            silence = 1.0 / (1.0 + np.exp(-SILENT_SLOPE * (pain - SILENT_PAIN)))
            silent = draws.reported < silence
            return np.where(silent, np.nan, pain), np.where(silent, np.nan, settled), analgesic
        if self.rules.stoic:
            stoic, medicated = self._reporting == 1, self._reporting == 2
            said = np.where(stoic[:, None], np.floor(STOIC_SCALE * pain), pain)
            said = np.where(medicated[:, None], np.maximum(pain - MEDICATED_RELIEF, 0.0), said)
            covers = (stoic | medicated)[:, None] & (draws.reported < SETTLED_SAID)
            told = medicated & exposed & (draws.said < ANALGESIC_TOLD)
            return said, np.where(covers & (settled == 0.0), 1.0, settled), told
        return pain, settled, analgesic

    def _remember(self, pain: Floats, exposed: Flags) -> None:
        worst = np.max(np.where(np.isnan(pain), -1.0, pain), axis=1)
        self._last_pain = np.where(exposed, worst, self._last_pain)

    def _compliance(self) -> Floats:
        """Return how much of what they were told the runners do."""
        return np.where(
            self._last_pain > HURT_PAIN, EASED, np.where(self._last_pain <= EASY_PAIN, RAISED, 1.0)
        )


def _reporting_kinds(n_runners: int, rules: WorldRules) -> NDArray[np.int64]:
    """Return how runners report: 0 as felt, 1 stoic, 2 medicated; in turn, in every arm alike."""
    if not rules.stoic:
        return np.zeros(n_runners, np.int64)
    turn = (np.arange(n_runners) * 0.618033988749895) % 1.0
    kinds = np.where(turn < STOIC_FRAC, 1, np.where(turn < STOIC_FRAC + MEDICATED_FRAC, 2, 0))
    return kinds.astype(np.int64)


def _reference_peak(fade: Floats, stage_fade: Floats, delayed: bool) -> Floats:
    """Return the steady peak of fatigue in a reference week, by living it, per unit."""
    fatigue, stage = np.zeros_like(fade), np.zeros_like(fade)
    peak = np.zeros_like(fade)
    for day in range(SETTLING_WEEKS * DAYS_PER_WEEK):
        damage = 1.0 if day % DAYS_PER_WEEK in REFERENCE_WEEK else 0.0
        stage = stage_fade * stage + damage
        fatigue = fade * fatigue + (stage if delayed else damage)
        if day >= (SETTLING_WEEKS - 1) * DAYS_PER_WEEK:
            peak = np.maximum(peak, fatigue)
    return peak


@kernel
def _felt(
    margin: Floats,
    exposed: Flags,
    pain_chance: Floats,
    settle_chance: Floats,
    tissue: NDArray[np.int64],
    cut_points: Floats,
    slopes: Floats,
) -> tuple[Floats, Floats]:
    """Draw pain (0 to 10) and settling of every unit; NaN without a session."""
    n_runners, n_units = margin.shape
    pain = np.full((n_runners, n_units), np.nan)
    settled = np.full((n_runners, n_units), np.nan)
    for r in range(n_runners):
        if not exposed[r]:
            continue
        for u in range(n_units):
            level = slopes[0] * margin[r, u]
            # P(y > j) = logistic(level - cut_j), so y counts the cut-points below this.
            reach = level - np.log(pain_chance[r, u] / (1.0 - pain_chance[r, u]))
            cuts = cut_points[tissue[u]]
            y = 0
            while y < cuts.size and reach > cuts[y]:
                y += 1
            pain[r, u] = y
            odds = slopes[1] - slopes[2] * margin[r, u]
            settled[r, u] = 1.0 if settle_chance[r, u] < 1.0 / (1.0 + np.exp(-odds)) else 0.0
    return pain, settled


@kernel
def _which_injury(hazard: Floats, chance: Floats, which: Floats) -> NDArray[np.int64]:
    """Draw at most one injury per runner from competing hazards; -1 for none."""
    n_runners, n_units = hazard.shape
    injured = np.full(n_runners, -1, np.int64)
    for r in range(n_runners):
        total = hazard[r].sum()
        if total <= 0.0 or chance[r] >= 1.0 - np.exp(-total):
            continue
        reach, summed = which[r] * total, 0.0
        injured[r] = n_units - 1
        for u in range(n_units):
            summed += hazard[r, u]
            if summed > reach:
                injured[r] = u
                break
    return injured
