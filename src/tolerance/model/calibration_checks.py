"""Whether the fit finds the truth (recovery), and whether its intervals are right (calibration).

Simulation-based calibration: parameters are drawn from the priors, data from the parameters, and
the rank of the truth among the posterior's draws must be uniform (Talts 2018, arXiv:1804.06788).
"Inside" is the band of Kolmogorov and Smirnov about the whole rank curve, with the correction for
small numbers of Stephens (1970, doi:10.1111/j.2517-6161.1970.tb00821.x).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tolerance.model.design import Design
from tolerance.model.filters import chronic_load, fatigue, fatigue_peak
from tolerance.model.fit import Posterior
from tolerance.model.likelihood import (
    GAMMA,
    HAZARD,
    HEAL_RATE,
    KEPT_A,
    KEPT_F,
    LOG_HAZARD,
    LOG_PEAK,
    N_SHARED,
    N_TRAITS,
    PAIN,
    RECENT,
    SETTLE_LEVEL,
    SETTLE_SLOPE,
    TOLERANCE,
    hazard_log_likelihood,
    response_log_likelihood,
    runner_data,
)
from tolerance.model.population import PopulationDraws
from tolerance.model.predict import forecast, weekly_risk
from tolerance.model.runner import RunnerHistory, RunnerState, tissue_index
from tolerance.simulate.world_truth import PopulationTruth, RunnerTraits

__all__ = ["RANK_NAMES", "band_of", "ranks_of", "recovery_of", "sbc_summary"]

type FloatArray = NDArray[np.float64]

RANK_NAMES: Final = (
    "gamma",
    "frailty_sd",
    "log_likelihood",
    "next_week_risk",
    "pain_slope",
    "hazard_slope",
    "settle_slope",
    "runner_sd",
    "unit_sd",
    "deficit_log_mean",
    "tolerance_of_index",
    "tolerance_of_other",
    "tau_fatigue_of_tendon",
)
"""Quantities that are ranked; the first four were named before any simulation was run."""

NAMED_IN_ADVANCE: Final = RANK_NAMES[:4]
INTERVAL: Final = 0.9
BAND: Final = 0.95
"""Coverage of the band of each quantity on its own; over the named four it is raised to the power
of 1/4, so that all four together stay inside in 95 % of correct models."""
N_RANK_DRAWS: Final = 99
"""Draws that the truth is ranked among: 100 possible ranks."""


def recovery_of(posterior: Posterior, traits: RunnerTraits) -> dict[str, float]:
    """Hold log tolerances against the truth, for units that were injured and the others.

    Parameters
    ----------
    posterior : Posterior
        Of runners with the units of ``traits``, in their order.
    traits : RunnerTraits
    """
    truth = traits.log_tolerance.ravel()
    index = traits.is_index.ravel()
    low, high = np.quantile(
        posterior.log_tolerance, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2], axis=0
    )
    mean = posterior.log_tolerance.mean(axis=0)
    inside = (low <= truth) & (truth <= high)
    found: dict[str, float] = {}
    for name, chosen in (("", index), ("other_", ~index)):
        found[f"{name}corr"] = float(np.corrcoef(truth[chosen], mean[chosen])[0, 1])
        found[f"{name}coverage90"] = float(np.mean(inside[chosen]))
        found[f"{name}rmse"] = float(np.sqrt(np.mean((truth - mean)[chosen] ** 2)))
        found[f"{name}bias"] = float(np.mean((mean - truth)[chosen]))
    return found


def ranks_of(
    posterior: Posterior,
    design: Design,
    histories: Sequence[RunnerHistory],
    truth: PopulationTruth,
    traits: RunnerTraits,
) -> dict[str, float]:
    """Return the rank, 0 to 1, of every quantity's true value among the draws.

    Parameters
    ----------
    posterior : Posterior
    design : Design
    histories : sequence of RunnerHistory
    truth, traits
        What the histories were simulated from.
    """
    place = np.linspace(0, posterior.population.n_draws - 1, N_RANK_DRAWS).astype(np.intp)
    population = posterior.population.take(place)
    tolerance = posterior.log_tolerance[place]
    deficit, frailty = posterior.deficit[place], posterior.log_frailty[place]
    true_population = _population_of_truth(truth)
    true_deficit = _true_deficits(design, traits)
    index = int(np.flatnonzero(traits.is_index.ravel())[0])
    other = int(np.flatnonzero(~traits.is_index.ravel())[0])
    true_tolerance = traits.log_tolerance.ravel()[None]
    true_frailty = traits.log_frailty[None]
    known = ~np.isnan(true_deficit)
    # Deficits of injuries during the weeks are the simulator's own and not kept: their runners'
    # likelihood is left out on both sides.
    kept = [i for i in range(len(histories)) if known[_injuries_of(design, i)].all()]
    quantities = {
        "gamma": (population.gamma, true_population.gamma),
        "frailty_sd": (population.frailty_sd, true_population.frailty_sd),
        "pain_slope": (population.pain_slope, true_population.pain_slope),
        "hazard_slope": (population.hazard_slope, true_population.hazard_slope),
        "settle_slope": (population.settle_slope, true_population.settle_slope),
        "runner_sd": (population.runner_sd, true_population.runner_sd),
        "unit_sd": (population.unit_sd, true_population.unit_sd),
        "deficit_log_mean": (population.deficit_log_mean, true_population.deficit_log_mean),
        "tolerance_of_index": (tolerance[:, index], true_tolerance[:, index]),
        "tolerance_of_other": (tolerance[:, other], true_tolerance[:, other]),
        "tau_fatigue_of_tendon": (
            population.tau_fatigue_d[:, 1],
            true_population.tau_fatigue_d[:, 1],
        ),
        "log_likelihood": (
            _log_likelihood(population, design, histories, kept, tolerance, deficit, frailty),
            _log_likelihood(
                true_population,
                design,
                histories,
                kept,
                true_tolerance,
                np.nan_to_num(true_deficit)[None],
                true_frailty,
            ),
        ),
    }
    first = kept[0] if kept else 0
    quantities["next_week_risk"] = (
        _next_week(population, design, histories, first, tolerance, deficit, frailty),
        _next_week(
            true_population,
            design,
            histories,
            first,
            true_tolerance,
            np.nan_to_num(true_deficit)[None],
            true_frailty,
        ),
    )
    return {
        name: float(np.mean(draws < value[0]) * N_RANK_DRAWS / (N_RANK_DRAWS + 1))
        + 0.5 / (N_RANK_DRAWS + 1)
        for name, (draws, value) in quantities.items()
    }


def sbc_summary(ranks: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Say which quantities' ranks are uniform.

    Parameters
    ----------
    ranks : sequence of mapping
        From `ranks_of`, one per simulation.

    Returns
    -------
    dict
        ``sbc_pass`` is 1 only if every quantity named in advance is inside its band, and the whole
        number of simulations says how much that means. Without a simulation it is 0.
    """
    if not ranks:
        return {"sbc_pass": 0, "sbc": {"n_simulations": 0}}
    n = len(ranks)
    alone = band_of(n, BAND)
    together = band_of(n, BAND ** (1.0 / len(NAMED_IN_ADVANCE)))
    found: dict[str, Any] = {}
    for name in RANK_NAMES:
        values = np.array([rank[name] for rank in ranks])
        distance = _distance(values)
        limit = together if name in NAMED_IN_ADVANCE else alone
        low, high = (1 - INTERVAL) / 2, (1 + INTERVAL) / 2
        found[name] = {
            "distance": distance,
            "limit": limit,
            "inside": int(distance <= limit),
            "coverage90": float(np.mean((values > low) & (values < high))),
            "mean_rank": float(np.mean(values)),
        }
    passed = all(found[name]["inside"] for name in NAMED_IN_ADVANCE)
    return {"sbc_pass": int(passed), "sbc": {"n_simulations": n, "quantities": found}}


def band_of(n: int, coverage: float) -> float:
    """Return the distance that the rank curve of n correct simulations keeps with this probability.

    Parameters
    ----------
    n : int
        Simulations.
    coverage : float
    """
    level = 1.0 - coverage
    k = np.arange(1, 101)[:, None]
    x = np.linspace(0.3, 3.0, 2701)
    tail = 2.0 * np.sum((-1.0) ** (k - 1) * np.exp(-2.0 * k**2 * x**2), axis=0)
    wanted = float(x[np.searchsorted(-tail, -level)])
    return float(wanted / (np.sqrt(n) + 0.12 + 0.11 / np.sqrt(n)))


def _distance(ranks: FloatArray) -> float:
    """Return the greatest distance between the ranks' curve and the straight line."""
    ordered = np.sort(ranks)
    n = ordered.size
    above = np.arange(1, n + 1) / n - ordered
    below = ordered - np.arange(n) / n
    return float(max(above.max(), below.max()))


def _population_of_truth(truth: PopulationTruth) -> PopulationDraws:
    single = {
        name: np.array([getattr(truth, name)])
        for name in (
            "gamma", "runner_sd", "unit_sd", "deficit_log_mean", "deficit_log_sd", "pain_slope",
            "settle_level", "settle_slope", "hazard_slope", "frailty_sd", "recent_injury_log_hr",
        )
    }  # fmt: skip
    per_tissue = {
        name: np.asarray(getattr(truth, name))[None]
        for name in (
            "tau_fatigue_d", "tau_adaptation_d", "tau_healing_d", "tolerance_mean", "cut_points",
            "hazard_level",
        )
    }  # fmt: skip
    return PopulationDraws(
        origin="simulated",
        chronic_offset_rr=truth.chronic_offset_rr,
        chronic_reference_rr=truth.chronic_reference_rr,
        **single,
        **per_tissue,
    )


def _true_deficits(design: Design, traits: RunnerTraits) -> FloatArray:
    """Return the true deficit of every injury; NaN for those that the simulator did not keep."""
    flat = traits.deficit.ravel()
    deficit = np.full(design.injury_cell.size, np.nan)
    seen: set[int] = set()
    for j, cell in enumerate(design.injury_cell):
        if int(cell) not in seen and flat[cell] > 0.0:
            deficit[j] = flat[cell]
        seen.add(int(cell))
    return deficit


def _injuries_of(design: Design, runner: int) -> NDArray[np.intp]:
    own = design.cell_runner[design.injury_cell] == runner
    return np.flatnonzero(own)


def _packed(
    population: PopulationDraws, history: RunnerHistory, tolerance: FloatArray, frailty: FloatArray
) -> tuple[FloatArray, FloatArray]:
    tissue = tissue_index(history.units)
    traits = np.zeros((population.n_draws, tissue.size, N_TRAITS))
    tau = population.tau_fatigue_d[:, tissue]
    traits[:, :, KEPT_F] = np.exp(-1.0 / tau)
    traits[:, :, KEPT_A] = np.exp(-1.0 / population.tau_adaptation_d[:, tissue])
    traits[:, :, LOG_PEAK] = np.log(fatigue_peak(tau))
    traits[:, :, TOLERANCE] = tolerance
    traits[:, :, HEAL_RATE] = 1.0 / (
        population.tau_healing_d[:, tissue] * history.healing_factor[None, :]
    )
    traits[:, :, LOG_HAZARD] = population.hazard_level[:, tissue] + frailty[:, None]
    shared = np.zeros((population.n_draws, N_SHARED))
    for place, values in (
        (GAMMA, population.gamma),
        (PAIN, population.pain_slope),
        (SETTLE_LEVEL, population.settle_level),
        (SETTLE_SLOPE, population.settle_slope),
        (HAZARD, population.hazard_slope),
        (RECENT, population.recent_injury_log_hr),
    ):
        shared[:, place] = values
    return traits, shared


def _log_likelihood(
    population: PopulationDraws,
    design: Design,
    histories: Sequence[RunnerHistory],
    kept: Sequence[int],
    tolerance: FloatArray,
    deficit: FloatArray,
    frailty: FloatArray,
) -> FloatArray:
    """Return the joint log likelihood of these runners' answers and injuries, per draw."""
    chronic = np.array([population.chronic_offset_rr, population.chronic_reference_rr])
    typical = np.median(population.tau_fatigue_d, axis=0)
    total = np.zeros(population.n_draws)
    for i in kept:
        history = histories[i]
        tissue = tissue_index(history.units)
        cells = slice(design.first_cell[i], design.first_cell[i + 1])
        data = runner_data(history, typical[tissue])
        own = np.ascontiguousarray(deficit[:, _injuries_of(design, i)])
        traits, shared = _packed(population, history, tolerance[:, cells], frailty[:, i])
        cuts = np.ascontiguousarray(population.cut_points[:, tissue])
        total += response_log_likelihood(data, traits, shared, cuts, own, chronic)
        total += hazard_log_likelihood(data, traits, shared, own, chronic)
    return total


def _next_week(
    population: PopulationDraws,
    design: Design,
    histories: Sequence[RunnerHistory],
    runner: int,
    tolerance: FloatArray,
    deficit: FloatArray,
    frailty: FloatArray,
) -> FloatArray:
    """Return one runner's risk of any injury in a reference week after the record, per draw."""
    history = histories[runner]
    tissue = tissue_index(history.units)
    data = runner_data(history, np.median(population.tau_fatigue_d, axis=0)[tissue])
    cells = slice(design.first_cell[runner], design.first_cell[runner + 1])
    tau = population.tau_fatigue_d[:, tissue]
    n_units = len(history.units)
    since = np.full(n_units, np.inf)
    own = np.zeros((population.n_draws, n_units))
    last = history.dates[-1].astype("datetime64[D]").item()
    for j in _injuries_of(design, runner):
        unit = int(design.cell_unit[design.injury_cell[j]])
        own[:, unit] = deficit[:, j]
    for injury in history.injuries:
        since[injury.unit] = min(since[injury.unit], float((last - injury.on).days))
    state = RunnerState(
        runner_id=history.runner_id,
        as_of=last,
        units=history.units,
        is_index=history.is_index,
        population=population,
        log_tolerance=tolerance[:, cells],
        deficit=own,
        log_frailty=frailty[:, runner],
        fatigue_rr=fatigue(data.damage_rr, tau)[:, -1],
        fatigue_log_var=np.broadcast_to(data.log_variance[-1], tau.shape),
        chronic_rr=chronic_load(
            data.damage_rr, population.tau_adaptation_d[:, tissue], data.chronic_start_rr
        )[:, -1],
        days_since_injury=since,
        healing_factor=history.healing_factor,
        n_reports=np.zeros(n_units, np.int64),
        is_personal=np.zeros(n_units, np.bool_),
        ess=float(population.n_draws),
    )
    runs = np.isin(np.arange(7), (0, 2, 4))
    damage = np.where(runs[:, None], 1.0, 0.0) * np.ones(n_units)
    predicted = forecast(state, damage, np.zeros((7, n_units)), runs, np.full(n_units, 3.0))
    return weekly_risk(predicted)[:, 0]
