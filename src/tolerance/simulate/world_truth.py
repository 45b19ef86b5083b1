"""What is true of simulated runners: of all of them, and of each. Simulated, never a real runner.

The default story is the one the tolerance model tells (fatigue over capacity, healing, adaptation,
ordinal pain, competing hazards), stated here in its own code, so that a mistake in the model's
filters cannot hide behind the same mistake in the simulator's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from tolerance.anatomy import DEFAULT_UNITS, MODEL_TISSUES, Unit
from tolerance.config import SimulatedPopulation

if TYPE_CHECKING:
    from tolerance.model.population import PopulationDraws

__all__ = [
    "PopulationTruth",
    "RunnerTraits",
    "draw_traits",
    "population_truth",
    "truth_of_draw",
]

type Floats = NDArray[np.float64]

N_TISSUES: Final = len(MODEL_TISSUES)
ZERO_CUT_POINT: Final = 3
"""Between pain 3 and 4 the cut-point is 0: tolerance is where that is a toss-up."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PopulationTruth:
    """True numbers that all simulated runners share; K tissues in ``MODEL_TISSUES`` order.

    Attributes
    ----------
    tau_fatigue_d, tau_adaptation_d, tau_healing_d : (K,) float64 array
        Time constants, days.
    gamma : float
        Share of the chronic load's logarithm in capacity.
    chronic_offset_rr, chronic_reference_rr : float
        ``a`` and ``A_ref``, reference runs a day.
    tolerance_mean : (K,) float64 array
        Log tolerance of the mean runner.
    runner_sd, unit_sd : float
        Spread of log tolerance between runners, and between units of one runner.
    deficit_log_mean, deficit_log_sd : float
        Log of the log capacity lost on the day of an injury.
    pain_slope : float
        Log odds of more pain per log margin.
    cut_points : (K, 10) float64 array
        Increasing; the fourth is 0.
    settle_level, settle_slope : float
        Log odds of settling within 24 h at margin 0, and what a margin takes off it.
    hazard_level : (K,) float64 array
        Log cumulative hazard of one session at margin 0.
    hazard_slope, frailty_sd, recent_injury_log_hr : float
        By log margin, between runners, and of a unit injured today (none after a year).
    """

    tau_fatigue_d: Floats
    tau_adaptation_d: Floats
    tau_healing_d: Floats
    gamma: float
    chronic_offset_rr: float
    chronic_reference_rr: float
    tolerance_mean: Floats
    runner_sd: float
    unit_sd: float
    deficit_log_mean: float
    deficit_log_sd: float
    pain_slope: float
    cut_points: Floats
    settle_level: float
    settle_slope: float
    hazard_level: Floats
    hazard_slope: float
    frailty_sd: float
    recent_injury_log_hr: float


@dataclass(frozen=True, kw_only=True, eq=False)
class RunnerTraits:
    """True numbers of R simulated runners with U units each.

    Attributes
    ----------
    units : tuple of Unit
        The same for every runner.
    tissue : (U,) int64 array
        Index of each unit's tissue.
    is_index : (R, U) bool array
        Units that were injured before the first day.
    log_tolerance : (R, U) float64 array
    deficit : (R, U) float64 array
        Log capacity lost on the day of the injury before the first day; 0 elsewhere.
    days_since_injury : (R, U) float64 array
        On the day before the first; infinite for units never injured.
    log_frailty : (R,) float64 array
    chronic_start_rr : (R, U) float64 array
        Chronic load before the first day, reference runs a day.
    """

    units: tuple[Unit, ...]
    tissue: NDArray[np.int64]
    is_index: NDArray[np.bool_]
    log_tolerance: Floats
    deficit: Floats
    days_since_injury: Floats
    log_frailty: Floats
    chronic_start_rr: Floats

    @property
    def n_runners(self) -> int:
        """R."""
        return int(self.is_index.shape[0])

    def take(self, rows: NDArray[np.int64] | slice) -> "RunnerTraits":
        """Return some of the runners."""
        return RunnerTraits(
            units=self.units,
            tissue=self.tissue,
            is_index=self.is_index[rows],
            log_tolerance=self.log_tolerance[rows],
            deficit=self.deficit[rows],
            days_since_injury=self.days_since_injury[rows],
            log_frailty=self.log_frailty[rows],
            chronic_start_rr=self.chronic_start_rr[rows],
        )


def population_truth(settings: SimulatedPopulation) -> PopulationTruth:
    """Return the truth that ``params.yaml`` states."""
    gaps = np.asarray(settings.cut_gaps, np.float64)
    cuts = np.concatenate(([0.0], np.cumsum(gaps)))
    cuts = cuts - cuts[ZERO_CUT_POINT]

    def per_tissue(values: dict[str, float]) -> Floats:
        return np.array([values[name] for name in MODEL_TISSUES], np.float64)

    return PopulationTruth(
        tau_fatigue_d=per_tissue(settings.fatigue_days),
        tau_adaptation_d=per_tissue(settings.adaptation_days),
        tau_healing_d=per_tissue(settings.healing_days),
        gamma=settings.chronic_exponent,
        chronic_offset_rr=settings.chronic_offset_rr,
        chronic_reference_rr=settings.chronic_reference_rr,
        tolerance_mean=settings.tolerance_mean + per_tissue(settings.tolerance_by_tissue),
        runner_sd=settings.runner_sd,
        unit_sd=settings.unit_sd,
        deficit_log_mean=settings.deficit_log_mean,
        deficit_log_sd=settings.deficit_log_sd,
        pain_slope=settings.pain_slope,
        cut_points=np.tile(cuts, (N_TISSUES, 1)),
        settle_level=settings.settle_level,
        settle_slope=settings.settle_slope,
        hazard_level=settings.hazard_level + per_tissue(settings.hazard_by_tissue),
        hazard_slope=settings.hazard_slope,
        frailty_sd=settings.frailty_sd,
        recent_injury_log_hr=settings.recent_injury_log_hr,
    )


def truth_of_draw(draws: "PopulationDraws", index: int) -> PopulationTruth:
    """Take one draw of the model's priors (or posterior) as the truth, for calibration checks."""
    return PopulationTruth(
        tau_fatigue_d=draws.tau_fatigue_d[index],
        tau_adaptation_d=draws.tau_adaptation_d[index],
        tau_healing_d=draws.tau_healing_d[index],
        gamma=float(draws.gamma[index]),
        chronic_offset_rr=draws.chronic_offset_rr,
        chronic_reference_rr=draws.chronic_reference_rr,
        tolerance_mean=draws.tolerance_mean[index],
        runner_sd=float(draws.runner_sd[index]),
        unit_sd=float(draws.unit_sd[index]),
        deficit_log_mean=float(draws.deficit_log_mean[index]),
        deficit_log_sd=float(draws.deficit_log_sd[index]),
        pain_slope=float(draws.pain_slope[index]),
        cut_points=draws.cut_points[index],
        settle_level=float(draws.settle_level[index]),
        settle_slope=float(draws.settle_slope[index]),
        hazard_level=draws.hazard_level[index],
        hazard_slope=float(draws.hazard_slope[index]),
        frailty_sd=float(draws.frailty_sd[index]),
        recent_injury_log_hr=float(draws.recent_injury_log_hr[index]),
    )


def draw_traits(
    truth: PopulationTruth,
    settings: SimulatedPopulation,
    rng: np.random.Generator,
    n_runners: int,
    units: Sequence[Unit] = DEFAULT_UNITS,
) -> RunnerTraits:
    """Draw runners who come back from an injury.

    Parameters
    ----------
    truth : PopulationTruth
    settings : SimulatedPopulation
        How often which tissue was injured, how long ago, on both sides or one, and the load of
        the weeks before.
    rng : numpy.random.Generator
    n_runners : int
    units : sequence of Unit
        The same tissue on both sides, as in ``DEFAULT_UNITS``.
    """
    tissue = np.array([MODEL_TISSUES.index(unit.tissue) for unit in units], np.int64)
    side = np.array([unit.side == "right" for unit in units])
    shape = (n_runners, len(units))
    of_runner = truth.runner_sd * rng.standard_normal((n_runners, 1))
    of_unit = truth.unit_sd * rng.standard_normal(shape)
    share = np.array([settings.injury_share[name] for name in MODEL_TISSUES])
    injured = rng.choice(N_TISSUES, n_runners, p=share / share.sum())
    is_right = rng.random(n_runners) < 0.5
    is_both = rng.random(n_runners) < settings.both_sides_frac
    is_index = (tissue == injured[:, None]) & (is_both[:, None] | (side == is_right[:, None]))
    deficit = np.exp(truth.deficit_log_mean + truth.deficit_log_sd * rng.standard_normal(shape))
    days = settings.days_since_injury_median * np.exp(
        settings.days_since_injury_log_sd * rng.standard_normal((n_runners, 1))
    )
    low, high = settings.days_since_injury_range
    days = np.rint(np.clip(days, low, high))
    chronic = settings.chronic_start_median_rr * np.exp(
        settings.chronic_start_log_sd * rng.standard_normal((n_runners, 1))
    )
    return RunnerTraits(
        units=tuple(units),
        tissue=tissue,
        is_index=is_index,
        log_tolerance=truth.tolerance_mean[tissue] + of_runner + of_unit,
        deficit=np.where(is_index, deficit, 0.0),
        days_since_injury=np.where(is_index, days, np.inf),
        log_frailty=truth.frailty_sd * rng.standard_normal(n_runners),
        chronic_start_rr=np.broadcast_to(chronic, shape).copy(),
    )
