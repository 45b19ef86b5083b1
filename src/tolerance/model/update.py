"""One runner's own data: from what is believed of all runners to a state of this one.

The draws of the population, log-transformed, are summed up as one normal distribution (for prior
draws that is what they are, but for the bounds of gamma). With the runner's own tolerance and the
deficits of their injuries, those parameters that the answers bear on are moved to the mode of the
posterior (quasi-Newton), drawn about it from a multivariate t, and weighted exactly. Parameters
that the answers say nothing of follow by regression on the draws, and the injuries and
injury-free sessions weight them. When weights degenerate, proposals are drawn anew about the
weighted draws, wider first.

A record without answers is weighted by its sessions and injuries alone.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from tolerance.anatomy import MODEL_TISSUES
from tolerance.model.filters import (
    chronic_load,
    fatigue,
    fatigue_log_variance,
    fatigue_peak,
    fill_missing_days,
)
from tolerance.model.likelihood import (
    GAMMA,
    HAZARD,
    HEAL_RATE,
    KEPT_A,
    KEPT_F,
    LOG_HAZARD,
    LOG_PEAK,
    MISSING,
    N_SHARED,
    N_TRAITS,
    PAIN,
    RECENT,
    SETTLE_LEVEL,
    SETTLE_SLOPE,
    TOLERANCE,
    RunnerData,
    hazard_log_likelihood,
    response_log_likelihood,
    runner_data,
)
from tolerance.model.load_error import effect_sd, standard_tolerance
from tolerance.model.population import N_CUT_POINTS, PopulationDraws, cut_points
from tolerance.model.predict import Forecast, attenuation, forecast
from tolerance.model.runner import RunnerHistory, RunnerState, tissue_index

__all__ = ["UpdateSettings", "refresh_runner", "update_runner"]

type FloatArray = NDArray[np.float64]
type IntpArray = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class UpdateSettings:
    """How a runner is updated.

    Attributes
    ----------
    n_draws : int
        Draws of the state. Engineering choice: Monte Carlo error of a mean 0.06 posterior SD.
    n_proposals : int
        Weighted draws that the answers are worked out with.
    n_completed : int
        Of these, resampled: draws that injuries and injury-free sessions are worked out with.
    min_ess : float
        Below this effective number of draws they are moved to where they are independent again, and
        a state carried from day to day is worked out from the whole record. [U] (tolerance science,
        C6).
    n_moves : int
        Of every draw.
    proposal_df : float
        Of the multivariate t: heavier tails than the posterior.
    min_load_log_sd : float
        Spread of log damage between sessions that an estimate called personal must rest on (C3).
    personal_reports : int
        Sessions with a pain score that it must rest on; twice as many for a unit that is not the
        index.
    personal_share : float
        Share of the sessions that must have a score, for a unit that is not the index.
    """

    n_draws: int = 250
    n_proposals: int = 1000
    n_completed: int = 500
    min_ess: float = 100.0
    n_moves: int = 60
    proposal_df: float = 20.0
    min_load_log_sd: float = 0.4
    personal_reports: int = 8
    personal_share: float = 0.5


DEFAULTS: Final = UpdateSettings()
_STEP: Final = 1e-4
"""Of the finite differences, in prior SDs."""
_HESSIAN_STEP: Final = 5e-2
IMPOSSIBLE: Final = -1e7
"""Log likelihood that stands for minus infinity, so that differences of it stay numbers."""
_MAX_ITERATIONS: Final = 60
_GRADIENT_TOLERANCE: Final = 0.02
"""Of the mode, in prior SDs of each coordinate: far inside one posterior SD."""
_LEAST_LOG: Final = 1e-6
_PERSONAL_VARIANCE_RATIO: Final = 0.5
"""Half the prior's variance is left: then the data say as much as the prior."""


def update_runner(
    population: PopulationDraws,
    history: RunnerHistory,
    rng: np.random.Generator,
    *,
    simulated_runner: bool,
    settings: UpdateSettings = DEFAULTS,
) -> RunnerState:
    """Work out what is believed of one runner from their whole record.

    Parameters
    ----------
    population : PopulationDraws
        Some 1,000 draws.
    history : RunnerHistory
    rng : numpy.random.Generator
    simulated_runner : bool
        A real runner (False) starts from draws that no simulated runner informed.
    settings : UpdateSettings

    Raises
    ------
    ValueError
        If a real runner would start from draws fitted to simulated ones.
    """
    if not simulated_runner:
        population.require_real()
    tissue = tissue_index(history.units)
    typical = np.median(population.tau_fatigue_d, axis=0)[tissue]
    data = runner_data(history, typical)
    asked = np.flatnonzero(((data.pain != MISSING) | (data.settled != MISSING)).any(axis=0))
    layout = _layout(population, history, data, asked)
    ess = float(settings.n_completed)
    if asked.size == 0:
        z = layout.mean + rng.standard_normal((settings.n_completed, layout.size)) @ layout.root.T
    else:
        z, ess = _answered(layout, data.of_units(asked), rng, settings)
    draws = _complete(layout, z, rng)
    weight = _normalised(_hazards(draws, data, history))
    ess *= 1.0 / float(np.sum(weight**2)) / settings.n_completed
    kept = _systematic(weight, settings.n_draws, rng)
    return _state(draws.take(kept), history, data, layout, ess, settings)


def refresh_runner(
    state: RunnerState,
    history: RunnerHistory,
    rng: np.random.Generator,
    *,
    settings: UpdateSettings = DEFAULTS,
) -> RunnerState | None:
    """Carry a state over the days of the record after ``state.as_of``, without the past.

    Parameters
    ----------
    state : RunnerState
    history : RunnerHistory
        The same units; days up to ``state.as_of`` are not read.
    rng : numpy.random.Generator
    settings : UpdateSettings

    Returns
    -------
    RunnerState or None
        None where too few draws are left, or there was a new injury: update from the record.
    """
    new = history.dates > np.datetime64(state.as_of)
    if any(np.datetime64(injury.on) > np.datetime64(state.as_of) for injury in history.injuries):
        return None
    if history.units != state.units:
        raise ValueError(f"runner {state.runner_id}: the record's units are not the state's")
    if not np.any(new):
        return state
    days = int(new.sum())
    population, tissue = state.population, tissue_index(state.units)
    median, log_sd = fill_missing_days(history.damage_rr, history.damage_log_sd, history.exposed)
    recent = replace(
        history,
        dates=history.dates[new],
        damage_rr=median[new],
        damage_log_sd=log_sd[new],
        exposed=history.exposed[new],
        pain=history.pain[new],
        settled=history.settled[new],
        analgesic=history.analgesic[new],
    )
    data = runner_data(recent, np.median(population.tau_fatigue_d, axis=0)[tissue])
    draws = _Draws(
        population=population,
        log_tolerance=state.log_tolerance,
        deficit=state.deficit,
        log_frailty=state.log_frailty,
    )
    data = replace(
        data,
        injury=np.where(np.isfinite(state.days_since_injury), np.arange(len(state.units)), MISSING)[
            None, :
        ]
        * np.ones((days, 1), np.int64),
        days_since=state.days_since_injury[None, :] + np.arange(1, days + 1)[:, None],
    )
    log_weight = _carried(draws, data, state, recent)
    weight = _normalised(log_weight)
    ess = state.ess * float(1.0 / np.sum(weight**2)) / state.n_draws
    if ess < settings.min_ess:
        return None
    kept = _systematic(weight, state.n_draws, rng)
    moved = draws.take(kept)
    tau = moved.population.tau_fatigue_d[:, tissue]
    tau_a = moved.population.tau_adaptation_d[:, tissue]
    start = state.fatigue_rr[kept]
    end = fatigue(data.damage_rr, tau, start)[:, -1]
    carried = np.exp(-2.0 * days / tau) * start**2 * np.expm1(state.fatigue_log_var[kept])
    own = fatigue(data.damage_rr, tau)[:, -1]
    fresh = own**2 * np.expm1(
        fatigue_log_variance(data.damage_rr, recent.damage_log_sd, tau)[:, -1]
    )
    return replace(
        state,
        as_of=history.dates[-1].astype("datetime64[D]").item(),
        population=moved.population,
        log_tolerance=moved.log_tolerance,
        deficit=moved.deficit,
        log_frailty=moved.log_frailty,
        fatigue_rr=end,
        fatigue_log_var=np.log1p((carried + fresh) / np.maximum(end, _LEAST_LOG) ** 2),
        chronic_rr=chronic_load(data.damage_rr, tau_a, state.chronic_rr[kept])[:, -1],
        days_since_injury=state.days_since_injury + days,
        n_reports=state.n_reports + (data.pain != MISSING).sum(axis=0),
        ess=ess,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Draws:
    """Draws of the population with one runner's own traits beside them."""

    population: PopulationDraws
    log_tolerance: FloatArray
    deficit: FloatArray
    log_frailty: FloatArray

    def take(self, kept: IntpArray) -> "_Draws":
        return _Draws(
            population=self.population.take(kept),
            log_tolerance=self.log_tolerance[kept],
            deficit=self.deficit[kept],
            log_frailty=self.log_frailty[kept],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Layout:
    """Which coordinates the answers bear on, and their normal distribution before them."""

    population: PopulationDraws
    history: RunnerHistory
    asked: IntpArray
    load_variance: FloatArray
    tissues: IntpArray
    place: dict[str, slice]
    mean: FloatArray
    root: FloatArray
    base: FloatArray

    @property
    def size(self) -> int:
        return int(self.mean.size)


def _layout(
    population: PopulationDraws, history: RunnerHistory, data: RunnerData, asked: IntpArray
) -> _Layout:
    """Lay out the coordinates: population on its log scales, then standard normal traits."""
    tissues = np.unique(tissue_index(history.units)[asked])
    blocks = _active(population, tissues)
    n_own = {
        "runner": 1,
        "unit": asked.size,
        "injury": len(history.injuries),
    }
    place: dict[str, slice] = {}
    stop = 0
    for name, values in blocks.items():
        place[name] = slice(stop, stop := stop + values.shape[1])
    base = np.concatenate(list(blocks.values()), axis=1)
    for name, n in n_own.items():
        place[name] = slice(stop, stop := stop + n)
    mean, root = np.zeros(stop), np.eye(stop)
    n_shared = base.shape[1]
    mean[:n_shared] = base.mean(axis=0)
    covariance = np.cov(base, rowvar=False) + 1e-9 * np.eye(n_shared)
    root[:n_shared, :n_shared] = np.linalg.cholesky(covariance)
    return _Layout(
        population=population,
        history=history,
        asked=asked,
        load_variance=data.lasting_variance[asked],
        tissues=tissues,
        place=place,
        mean=mean,
        root=root,
        base=base,
    )


def _active(population: PopulationDraws, tissues: IntpArray) -> dict[str, FloatArray]:
    """Return the coordinates of the population that answers bear on, (S, n) by name."""
    n = population.n_draws
    gaps = np.diff(population.cut_points[:, tissues], axis=2)
    return {
        "tau_fatigue_d": np.log(population.tau_fatigue_d[:, tissues]),
        "tau_adaptation_d": np.log(population.tau_adaptation_d[:, tissues]),
        "tau_healing_d": np.log(population.tau_healing_d[:, tissues]),
        "tolerance_mean": population.tolerance_mean[:, tissues],
        "gaps": np.log(gaps).reshape(n, -1),
        "gamma": population.gamma[:, None],
        "runner_sd": np.log(population.runner_sd)[:, None],
        "unit_sd": np.log(population.unit_sd)[:, None],
        "deficit_log_mean": population.deficit_log_mean[:, None],
        "pain_slope": np.log(population.pain_slope)[:, None],
        "settle_level": population.settle_level[:, None],
        "settle_slope": np.log(population.settle_slope)[:, None],
    }


def _passive(population: PopulationDraws, others: IntpArray) -> dict[str, FloatArray]:
    """Return the coordinates of the population that answers do not bear on, (S, n) by name."""
    n = population.n_draws
    gaps = np.diff(population.cut_points[:, others], axis=2)
    return {
        "tau_fatigue_d": np.log(population.tau_fatigue_d[:, others]),
        "tau_adaptation_d": np.log(population.tau_adaptation_d[:, others]),
        "tau_healing_d": np.log(population.tau_healing_d[:, others]),
        "tolerance_mean": population.tolerance_mean[:, others],
        "gaps": np.log(gaps).reshape(n, -1),
        "hazard_level": population.hazard_level,
        "hazard_slope": np.log(population.hazard_slope)[:, None],
        "frailty_sd": np.log(np.maximum(population.frailty_sd, _LEAST_LOG))[:, None],
        "recent_injury_log_hr": population.recent_injury_log_hr[:, None],
    }


def _traits(
    layout: _Layout, z: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return traits, shared parameters, cut-points and deficits of the asked units."""
    history, asked, place = layout.history, layout.asked, layout.place
    where = np.searchsorted(layout.tissues, tissue_index(history.units)[asked])
    n = z.shape[0]
    traits = np.zeros((n, asked.size, N_TRAITS))
    tau_fatigue = np.exp(z[:, place["tau_fatigue_d"]])[:, where]
    traits[:, :, KEPT_F] = np.exp(-1.0 / tau_fatigue)
    traits[:, :, KEPT_A] = np.exp(-np.exp(-z[:, place["tau_adaptation_d"]]))[:, where]
    traits[:, :, LOG_PEAK] = np.log(fatigue_peak(tau_fatigue))
    traits[:, :, TOLERANCE] = (
        z[:, place["tolerance_mean"]][:, where]
        + np.exp(z[:, place["runner_sd"]]) * z[:, place["runner"]]
        + effect_sd(np.exp(z[:, place["unit_sd"]]), layout.load_variance) * z[:, place["unit"]]
    )
    traits[:, :, HEAL_RATE] = (
        np.exp(-z[:, place["tau_healing_d"]])[:, where] / history.healing_factor[None, asked]
    )
    shared = np.zeros((n, N_SHARED))
    shared[:, GAMMA] = np.maximum(z[:, place["gamma"]][:, 0], 0.0)
    shared[:, PAIN] = np.exp(z[:, place["pain_slope"]][:, 0])
    shared[:, SETTLE_LEVEL] = z[:, place["settle_level"]][:, 0]
    shared[:, SETTLE_SLOPE] = np.exp(z[:, place["settle_slope"]][:, 0])
    gaps = z[:, place["gaps"]].reshape(n, layout.tissues.size, N_CUT_POINTS - 1)
    return traits, shared, cut_points(gaps)[:, where], _deficits(layout, z)


def _deficits(layout: _Layout, z: FloatArray) -> FloatArray:
    spread = float(np.mean(layout.population.deficit_log_sd))
    deficits = np.exp(
        z[:, layout.place["deficit_log_mean"]] + spread * z[:, layout.place["injury"]]
    )
    # The kernel reads one column even where there is no injury.
    return deficits if deficits.shape[1] else np.zeros((z.shape[0], 1))


def _chronic(population: PopulationDraws) -> FloatArray:
    return np.array([population.chronic_offset_rr, population.chronic_reference_rr])


def _answered(
    layout: _Layout, data: RunnerData, rng: np.random.Generator, settings: UpdateSettings
) -> tuple[FloatArray, float]:
    """Return draws under the answers, and how many independent ones they are worth.

    Weighted proposals from a multivariate t about the mode, resampled. Where few carry the weight,
    the draws are moved until most of what they were is forgotten.
    """
    d = layout.size
    chronic = _chronic(layout.population)
    gamma = layout.place["gamma"]

    def unbounded(x: FloatArray) -> FloatArray:
        """Of coordinates in prior SDs, (n, d); a gamma below 0 counts as 0, which is smooth."""
        traits, shared, cuts, deficit = _traits(layout, layout.mean + x @ layout.root.T)
        found = response_log_likelihood(data, traits, shared, cuts, deficit, chronic)
        # Far out, two cut-points can fall together: an answer between them is then impossible.
        return np.maximum(np.nan_to_num(found, nan=IMPOSSIBLE), IMPOSSIBLE) - 0.5 * np.sum(
            x**2, axis=1
        )

    def log_posterior(x: FloatArray) -> FloatArray:
        below = (layout.mean + x @ layout.root.T)[:, gamma][:, 0] < 0.0
        return np.where(below, -np.inf, unbounded(x))

    centre = _mode(unbounded, d)
    root = _spread(unbounded, centre)
    x, log_proposal = _multivariate_t(centre, root, settings, rng)
    log_value = log_posterior(x)
    log_weight = log_value - log_proposal
    weight = _normalised(log_weight)
    ess = 1.0 / float(np.sum(weight**2))
    if ess >= settings.min_ess:
        x = x[_systematic(weight, settings.n_completed, rng)]
    else:
        # From where many draws carry the weight, if not quite the right one: a few heavy ones would
        # leave their mark.
        kept = _systematic(_flattened(log_weight, settings.min_ess), settings.n_completed, rng)
        start = (x[kept], log_value[kept])
        x, ess = _moved(log_posterior, start, (centre, root), rng, settings)
    return layout.mean + x @ layout.root.T, ess


def _flattened(log_weight: FloatArray, least_ess: float) -> FloatArray:
    """Return weights of the highest power that so many draws share, to a factor of two."""
    power = 1.0
    while power > 1e-3:
        weight = _normalised(power * log_weight)
        if 1.0 / float(np.sum(weight**2)) >= least_ess:
            break
        power *= 0.5
    return weight


def _moved(
    log_posterior: Callable[[FloatArray], FloatArray],
    start: tuple[FloatArray, FloatArray],
    normal: tuple[FloatArray, FloatArray],
    rng: np.random.Generator,
    settings: UpdateSettings,
) -> tuple[FloatArray, float]:
    """Move draws by preconditioned Crank-Nicolson steps, and say what they are worth.

    Every step leaves the normal distribution at the mode as it is, so that only what the posterior
    differs from it decides on acceptance, in any number of dimensions (Cotter 2013,
    doi:10.1214/13-STS421). The step's length adapts to an acceptance of 0.3 in the first half and
    stays fixed in the second.

    Parameters
    ----------
    log_posterior : callable
    start : tuple of (n, d) array, (n,) array
        Draws, and their log posterior.
    normal : tuple of (d,) array, (d, d) array
        The mode, and a root of the covariance there.
    rng : numpy.random.Generator
    settings : UpdateSettings
    """
    (x, log_value), (centre, root) = start, normal
    back = np.linalg.inv(root).T

    def apart(points: FloatArray) -> FloatArray:
        """Return minus the log density of the normal distribution, up to a constant."""
        return np.asarray(0.5 * np.sum(((points - centre) @ back) ** 2, axis=1))

    excess = log_value + apart(x)
    n, d = x.shape
    step = 0.5
    kept_share = np.ones(n)
    for move in range(settings.n_moves):
        new = (
            centre
            + math.sqrt(1.0 - step**2) * (x - centre)
            + step * rng.standard_normal((n, d)) @ root.T
        )
        new_excess = log_posterior(new) + apart(new)
        taken = np.log(rng.random(n)) < new_excess - excess
        x = np.where(taken[:, None], new, x)
        excess = np.where(taken, new_excess, excess)
        kept_share *= np.where(taken, math.sqrt(1.0 - step**2), 1.0)
        if move < settings.n_moves // 2:
            step = float(np.clip(step * math.exp(np.mean(taken) - 0.3), 0.02, 0.95))
    return x, n * float(np.mean(1.0 - kept_share))


def _mode(log_posterior: Any, d: int) -> FloatArray:
    """Climb to the mode from the prior mean: BFGS, in prior SDs."""
    x, inverse = np.zeros(d), np.eye(d)
    offsets = np.concatenate((np.zeros((1, d)), _STEP * np.eye(d)))

    def at(point: FloatArray) -> tuple[float, FloatArray]:
        values = log_posterior(point + offsets)
        return float(values[0]), np.asarray((values[1:] - values[0]) / _STEP)

    value, gradient = at(x)
    scales = 0.5 ** np.arange(8.0)
    for _ in range(_MAX_ITERATIONS):
        direction = inverse @ gradient
        length = float(np.linalg.norm(direction))
        if length > 4.0:
            direction *= 4.0 / length
        found = log_posterior(x + scales[:, None] * direction)
        enough = value + 1e-4 * scales * float(gradient @ direction)
        good = np.flatnonzero(found >= enough)
        if good.size == 0 or length < _GRADIENT_TOLERANCE:
            break
        step = scales[good[0]] * direction
        new_value, new_gradient = at(x + step)
        change = gradient - new_gradient
        curvature = float(step @ change)
        if curvature > 1e-10:
            left = np.eye(d) - np.outer(step, change) / curvature
            inverse = left @ inverse @ left.T + np.outer(step, step) / curvature
        x, value, gradient = x + step, new_value, new_gradient
    return x


def _spread(log_posterior: Any, centre: FloatArray) -> FloatArray:
    """Return a root of the covariance at the mode, from second differences.

    The prior part of the log posterior is subtracted before differencing, and directions in which
    the answers curve the wrong way count as uninformed, so it is never wider than the prior.
    """
    d = centre.size
    h = _HESSIAN_STEP
    unit = np.eye(d) * h
    i, j = np.triu_indices(d, 1)
    points = np.concatenate(
        (centre[None], centre + unit, centre - unit, centre + unit[i] + unit[j])
    )
    values = log_posterior(points) + 0.5 * np.sum(points**2, axis=1)
    middle, up, down, both = (
        values[0],
        values[1 : d + 1],
        values[d + 1 : 2 * d + 1],
        values[2 * d + 1 :],
    )
    hessian = np.diag((up - 2.0 * middle + down) / h**2)
    mixed = (both - up[i] - up[j] + middle) / h**2
    # The forward difference of a mixed derivative; its curvature terms cancel with those of `up`.
    hessian[i, j] = hessian[j, i] = mixed
    # At the edge of what is possible there is no curvature to speak of: uninformed.
    hessian[np.abs(hessian) > -IMPOSSIBLE] = 0.0
    level, axes = np.linalg.eigh(-hessian)
    precision = np.maximum(level, 0.0) + 1.0
    return np.asarray(axes / np.sqrt(precision), np.float64)


def _multivariate_t(
    centre: FloatArray, root: FloatArray, settings: UpdateSettings, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw from a multivariate t and return its log density up to a constant."""
    d, df, n = centre.size, settings.proposal_df, settings.n_proposals
    normal = rng.standard_normal((n, d))
    scale = np.sqrt(df / rng.chisquare(df, n))
    x = centre + (normal * scale[:, None]) @ root.T
    distance = np.sum((normal * scale[:, None]) ** 2, axis=1)
    sign_free = -float(np.linalg.slogdet(root)[1])
    return x, np.asarray(sign_free - 0.5 * (df + d) * np.log1p(distance / df))


def _complete(layout: _Layout, z: FloatArray, rng: np.random.Generator) -> _Draws:
    """Return whole draws: what the answers do not bear on follows by regression and chance."""
    population, history, place = layout.population, layout.history, layout.place
    n, n_shared = z.shape[0], layout.base.shape[1]
    origin = rng.integers(0, population.n_draws, n)
    others = np.setdiff1d(np.arange(len(MODEL_TISSUES)), layout.tissues)
    blocks = _passive(population, others)
    passive = np.concatenate(list(blocks.values()), axis=1)
    centred = layout.base - layout.base.mean(axis=0)
    ridge = n_shared * np.diag(np.var(centred, axis=0) + 1e-9)
    slope = np.linalg.solve(
        centred.T @ centred + ridge, centred.T @ (passive - passive.mean(axis=0))
    )
    moved = passive[origin] + (z[:, :n_shared] - layout.base[origin]) @ slope
    values: dict[str, FloatArray] = {}
    stop = 0
    for name, block in blocks.items():
        values[name] = moved[:, stop : (stop := stop + block.shape[1])]

    def whole(name: str) -> FloatArray:
        both = np.empty((n, len(MODEL_TISSUES)))
        both[:, layout.tissues] = z[:, place[name]]
        both[:, others] = values[name]
        return both

    gaps = np.empty((n, len(MODEL_TISSUES), N_CUT_POINTS - 1))
    gaps[:, layout.tissues] = z[:, place["gaps"]].reshape(n, layout.tissues.size, N_CUT_POINTS - 1)
    gaps[:, others] = values["gaps"].reshape(n, others.size, N_CUT_POINTS - 1)
    new = replace(
        population,
        tau_fatigue_d=np.exp(whole("tau_fatigue_d")),
        tau_adaptation_d=np.exp(whole("tau_adaptation_d")),
        tau_healing_d=np.exp(whole("tau_healing_d")),
        tolerance_mean=whole("tolerance_mean"),
        cut_points=cut_points(gaps),
        gamma=np.maximum(z[:, place["gamma"]][:, 0], 0.0),
        runner_sd=np.exp(z[:, place["runner_sd"]][:, 0]),
        unit_sd=np.exp(z[:, place["unit_sd"]][:, 0]),
        deficit_log_mean=z[:, place["deficit_log_mean"]][:, 0],
        deficit_log_sd=population.deficit_log_sd[origin],
        pain_slope=np.exp(z[:, place["pain_slope"]][:, 0]),
        settle_level=z[:, place["settle_level"]][:, 0],
        settle_slope=np.exp(z[:, place["settle_slope"]][:, 0]),
        hazard_level=values["hazard_level"],
        hazard_slope=np.exp(values["hazard_slope"][:, 0]),
        frailty_sd=np.exp(values["frailty_sd"][:, 0]),
        recent_injury_log_hr=values["recent_injury_log_hr"][:, 0],
    )
    n_units = len(history.units)
    own = rng.standard_normal((n, n_units))
    own[:, layout.asked] = standard_tolerance(
        z[:, place["unit"]], new.unit_sd[:, None], layout.load_variance, rng
    )
    tolerance = (
        new.tolerance_mean[:, tissue_index(history.units)]
        + new.runner_sd[:, None] * z[:, place["runner"]]
        + new.unit_sd[:, None] * own
    )
    deficit = np.zeros((n, n_units))
    by_injury = _deficits(layout, z)
    for j in sorted(range(len(history.injuries)), key=lambda j: history.injuries[j].on):
        deficit[:, history.injuries[j].unit] = by_injury[:, j]
    return _Draws(
        population=new,
        log_tolerance=tolerance,
        deficit=np.concatenate((deficit, by_injury), axis=1),
        log_frailty=new.frailty_sd * rng.standard_normal(n),
    )


def _packed(draws: _Draws, history: RunnerHistory) -> tuple[FloatArray, FloatArray]:
    population, tissue = draws.population, tissue_index(history.units)
    traits = np.zeros((population.n_draws, tissue.size, N_TRAITS))
    tau_fatigue = population.tau_fatigue_d[:, tissue]
    traits[:, :, KEPT_F] = np.exp(-1.0 / tau_fatigue)
    traits[:, :, KEPT_A] = np.exp(-1.0 / population.tau_adaptation_d[:, tissue])
    traits[:, :, LOG_PEAK] = np.log(fatigue_peak(tau_fatigue))
    traits[:, :, TOLERANCE] = draws.log_tolerance
    traits[:, :, HEAL_RATE] = 1.0 / (
        population.tau_healing_d[:, tissue] * history.healing_factor[None, :]
    )
    traits[:, :, LOG_HAZARD] = population.hazard_level[:, tissue] + draws.log_frailty[:, None]
    shared = np.zeros((population.n_draws, N_SHARED))
    for at, values in (
        (GAMMA, population.gamma),
        (PAIN, population.pain_slope),
        (SETTLE_LEVEL, population.settle_level),
        (SETTLE_SLOPE, population.settle_slope),
        (HAZARD, population.hazard_slope),
        (RECENT, population.recent_injury_log_hr),
    ):
        shared[:, at] = values
    return traits, shared


def _hazards(draws: _Draws, data: RunnerData, history: RunnerHistory) -> FloatArray:
    traits, shared = _packed(draws, history)
    by_injury = np.ascontiguousarray(draws.deficit[:, len(history.units) :])
    return hazard_log_likelihood(data, traits, shared, by_injury, _chronic(draws.population))


def _carried(
    draws: _Draws, data: RunnerData, state: RunnerState, recent: RunnerHistory
) -> FloatArray:
    """Return the log likelihood of the days after a state, from the state's filters on."""
    predicted = forecast(
        replace(state, healing_factor=recent.healing_factor),
        recent.damage_rr,
        recent.damage_log_sd,
        data.exposed,
        np.zeros(len(state.units)),
    )
    return _log_likelihood_of_margins(predicted, data, draws, state)


def _log_likelihood_of_margins(
    predicted: Forecast, data: RunnerData, draws: _Draws, state: RunnerState
) -> FloatArray:
    population, tissue = draws.population, tissue_index(state.units)
    margin, variance = predicted.log_margin, predicted.log_variance
    log_free = np.log1p(-predicted.hazard)
    total = np.where(data.event[None], 0.0, log_free).sum(axis=(1, 2))
    for t, u in zip(*np.nonzero(data.pain != MISSING), strict=True):
        scale = attenuation(population.pain_slope, variance[:, t, u])
        eta = population.pain_slope * margin[:, t, u]
        cuts = population.cut_points[:, tissue[u]]
        score = int(data.pain[t, u])
        above = expit((eta - cuts[:, score - 1]) * scale) if score > 0 else np.ones_like(eta)
        over = (
            expit((eta - cuts[:, score]) * scale)
            if score < cuts.shape[1] and not data.censored[t]
            else np.zeros_like(eta)
        )
        total += np.log(np.maximum(above - over, 1e-300))
    for t, u in zip(*np.nonzero(data.settled != MISSING), strict=True):
        if data.settled[t, u] == 1 and data.censored[t]:
            continue
        scale = attenuation(population.settle_slope, variance[:, t, u])
        eta = (population.settle_level - population.settle_slope * margin[:, t, u]) * scale
        total += np.log(expit(eta if data.settled[t, u] == 1 else -eta))
    return np.asarray(total)


def _state(
    draws: _Draws,
    history: RunnerHistory,
    data: RunnerData,
    layout: _Layout,
    ess: float,
    settings: UpdateSettings,
) -> RunnerState:
    population, tissue = draws.population, tissue_index(history.units)
    n_units = len(history.units)
    tau = population.tau_fatigue_d[:, tissue]
    last = history.dates[-1].astype("datetime64[D]").item()
    since = np.full(n_units, np.inf)
    for injury in history.injuries:
        since[injury.unit] = min(since[injury.unit], float((last - injury.on).days))
    return RunnerState(
        runner_id=history.runner_id,
        as_of=last,
        units=history.units,
        is_index=history.is_index,
        population=population,
        log_tolerance=draws.log_tolerance,
        deficit=np.ascontiguousarray(draws.deficit[:, :n_units]),
        log_frailty=draws.log_frailty,
        fatigue_rr=fatigue(data.damage_rr, tau)[:, -1],
        fatigue_log_var=np.broadcast_to(data.log_variance[-1], tau.shape).copy(),
        chronic_rr=chronic_load(
            data.damage_rr, population.tau_adaptation_d[:, tissue], data.chronic_start_rr
        )[:, -1],
        days_since_injury=since,
        healing_factor=np.asarray(history.healing_factor, np.float64),
        n_reports=(data.pain != MISSING).sum(axis=0).astype(np.int64),
        is_personal=_personal(draws, history, data, layout, settings),
        ess=ess,
    )


def _personal(
    draws: _Draws,
    history: RunnerHistory,
    data: RunnerData,
    layout: _Layout,
    settings: UpdateSettings,
) -> NDArray[np.bool_]:
    """Say for which units the runner's own data say more than the prior."""
    population = layout.population
    prior = (
        np.var(population.tolerance_mean, axis=0)[tissue_index(history.units)]
        + np.mean(population.runner_sd**2)
        + np.mean(population.unit_sd**2)
    )
    informed = np.var(draws.log_tolerance, axis=0) < _PERSONAL_VARIANCE_RATIO * prior
    n_reports = (data.pain != MISSING).sum(axis=0)
    n_runs = max(int(data.exposed.sum()), 1)
    enough = np.where(
        history.is_index,
        n_reports >= settings.personal_reports,
        (n_reports >= 2 * settings.personal_reports)
        & (n_reports >= settings.personal_share * n_runs),
    )
    varied = np.zeros(len(history.units), np.bool_)
    for u in range(len(history.units)):
        damage = data.damage_rr[data.exposed & (data.pain[:, u] != MISSING), u]
        damage = damage[damage > 0.0]
        varied[u] = damage.size > 1 and float(np.std(np.log(damage))) >= settings.min_load_log_sd
    return np.asarray(informed & enough & varied, np.bool_)


def _normalised(log_weight: FloatArray) -> FloatArray:
    weight = np.exp(log_weight - np.max(log_weight))
    return np.asarray(weight / weight.sum(), np.float64)


def _systematic(weight: FloatArray, n: int, rng: np.random.Generator) -> IntpArray:
    """Resample with the least chance: one random offset, n equal steps through the weights."""
    marks = (rng.random() + np.arange(n)) / n
    kept = np.searchsorted(np.cumsum(weight), marks)
    return np.asarray(rng.permutation(np.minimum(kept, weight.size - 1)), np.intp)
