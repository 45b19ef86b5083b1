"""Sample the capacity model, say whether the sampler can be trusted, and turn draws into numbers.

The sampler is nutpie. What comes back are draws in physical units
(`PopulationDraws` and the runners' traits), never objects of the sampler.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import nutpie
import pandas as pd
import pymc as pm
import xarray as xr
from numpy.typing import NDArray
from nutpie.compiled_pyfunc import from_pyfunc

from tolerance.anatomy import MODEL_TISSUES
from tolerance.config import (
    Engine,
    FitTolerance,
    Fixed,
    LogNormal,
    Normal,
    PerTissuePrior,
    TolerancePriors,
    TruncatedNormal,
)
from tolerance.model.capacity import capacity_model, time_priors
from tolerance.model.density import LogDensity
from tolerance.model.design import Design
from tolerance.model.diagnostics import Diagnostics, diagnose
from tolerance.model.load_error import effect_sd, standard_tolerance
from tolerance.model.population import Origin, PopulationDraws

__all__ = [
    "Posterior",
    "compile_model",
    "draws_table",
    "fit",
    "population_of_table",
    "posterior_as_prior",
    "posterior_groups",
    "sample",
]

type FloatArray = NDArray[np.float64]

UNITS: Final = {"tau_fatigue_d": "days", "tau_adaptation_d": "days", "tau_healing_d": "days"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Posterior:
    """A fit: draws of all runners, traits of each, and what the sampler says of itself.

    Attributes
    ----------
    population : PopulationDraws
        Draws of all chains, one after the other.
    log_tolerance : (S, C) array
        Of every cell (one unit of one runner), as in the design.
    deficit : (S, J) array
        Capacity that each injury cost.
    log_frailty : (S, N) array
    sampled : dict of str to array
        What the sampler moved, (chain, draw, …).
    diagnostics : Diagnostics
    """

    population: PopulationDraws
    log_tolerance: FloatArray
    deficit: FloatArray
    log_frailty: FloatArray
    sampled: dict[str, FloatArray]
    diagnostics: Diagnostics


def compile_model(design: Design, priors: TolerancePriors, engine: Engine = "by_hand") -> Any:
    """Return the model ready to be sampled.

    Parameters
    ----------
    design : Design
    priors : TolerancePriors
    engine : str
        ``by_hand`` takes the compiled density of `tolerance.model.density`; ``automatic`` takes
        that of the PyMC model, several times slower: for a model that was changed there only.
    """
    if engine == "automatic":
        model: pm.Model = capacity_model(design, priors)
        return nutpie.compile_pymc_model(model, backend="jax", gradient_backend="jax")
    density = LogDensity(design, priors)
    start = density.start()
    shapes = {name: values.shape for name, values in density.expand(start).items()}

    def first_point(seed: int) -> FloatArray:
        # As PyMC does: within one unit of the prior's middle.
        return start + np.random.Generator(np.random.PCG64(seed)).uniform(-1.0, 1.0, start.size)

    return from_pyfunc(
        ndim=start.size,
        make_logp_fn=lambda: density,
        make_expand_fn=lambda *_: density.expand,
        make_initial_point_fn=first_point,
        expanded_dtypes=[np.dtype(np.float64)] * len(shapes),
        expanded_shapes=list(shapes.values()),
        expanded_names=list(shapes),
    )


def sample(compiled: Any, settings: FitTolerance, seed: int, *, cores: int) -> xr.DataTree:
    """Draw from a compiled model.

    Parameters
    ----------
    compiled
        From `compile_model`.
    settings : FitTolerance
    seed : int
    cores : int
        Chains at once.
    """
    tree: xr.DataTree = nutpie.sample(
        compiled,
        draws=settings.draws,
        tune=settings.tune,
        chains=settings.chains,
        cores=cores,
        seed=seed,
        target_accept=settings.target_accept,
        progress_bar=False,
        save_warmup=False,
    )
    return tree


def fit(
    design: Design,
    priors: TolerancePriors,
    settings: FitTolerance,
    rng: np.random.Generator,
    *,
    origin: Origin,
    cores: int = 2,
) -> Posterior:
    """Fit the model and check the sampler.

    Parameters
    ----------
    design : Design
    priors : TolerancePriors
    settings : FitTolerance
    rng : numpy.random.Generator
    origin : str
        What the runners are: ``simulated``, or real ones.
    cores : int
        Chains at once.
    """
    seed = int(rng.integers(2**31))
    tree = sample(compile_model(design, priors, settings.engine), settings, seed, cores=cores)
    return posterior_of(tree, design, priors, settings, rng, origin=origin)


def posterior_of(
    tree: xr.DataTree,
    design: Design,
    priors: TolerancePriors,
    settings: FitTolerance,
    rng: np.random.Generator,
    *,
    origin: Origin,
) -> Posterior:
    """Turn the sampler's output into draws in physical units.

    What a unit's answers have in common because its loads are not known exactly was sampled with
    its tolerance; it is told apart here, by chance as far as the answers cannot tell.
    """
    sampled = {
        str(name): np.asarray(values.values, np.float64)
        for name, values in tree["posterior"].data_vars.items()
    }
    stats = {
        name: np.asarray(tree["sample_stats"][name].values) for name in ("diverging", "energy")
    }
    flat = {name: values.reshape(-1, *values.shape[2:]) for name, values in sampled.items()}
    deficit = np.exp(
        flat["deficit_log_mean"][:, None] + priors.deficit_log_sd.value * flat["z_deficit"]
    )
    unit_sd, load_variance = np.exp(flat["log_unit_sd"])[:, None], design.cells.load_variance
    together = effect_sd(unit_sd, load_variance) * flat["z_unit"]
    own = unit_sd * standard_tolerance(flat["z_unit"], unit_sd, load_variance, rng)
    return Posterior(
        population=_population(flat, priors, origin),
        log_tolerance=flat["log_tolerance"] - together + own,
        deficit=deficit,
        log_frailty=flat["frailty_sd"][:, None] * flat["z_frailty"],
        sampled=sampled,
        diagnostics=diagnose(_independent(sampled), stats, settings),
    )


def _independent(sampled: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Leave out what is constant by construction: it has no R-hat."""
    return {
        name: values[..., [0, 1, 2, 4, 5, 6, 7, 8, 9]] if name == "cut_points" else values
        for name, values in sampled.items()
        if not name.endswith("__")
    }


def _population(flat: dict[str, FloatArray], priors: TolerancePriors, origin: Origin) -> Any:
    def tau(name: str, section: str) -> FloatArray:
        log_median, log_sd = time_priors(priors, section)
        return np.asarray(np.exp(log_median + log_sd * flat[name]))

    n = flat["gamma"].shape[0]
    return PopulationDraws(
        origin=origin,
        tau_fatigue_d=tau("z_fatigue", "fatigue_days"),
        tau_adaptation_d=tau("z_adaptation", "adaptation_days"),
        tau_healing_d=tau("z_healing", "healing_days"),
        gamma=flat["gamma"],
        chronic_offset_rr=priors.chronic_offset_rr.value,
        chronic_reference_rr=priors.chronic_reference_rr.value,
        tolerance_mean=flat["tissue_mean"],
        runner_sd=np.exp(flat["log_runner_sd"]),
        unit_sd=np.exp(flat["log_unit_sd"]),
        deficit_log_mean=flat["deficit_log_mean"],
        deficit_log_sd=np.full(n, priors.deficit_log_sd.value),
        pain_slope=np.exp(flat["log_pain_slope"]),
        cut_points=flat["cut_points"],
        settle_level=flat["settle_level"],
        settle_slope=np.exp(flat["log_settle_slope"]),
        hazard_level=flat["hazard_level"],
        hazard_slope=np.exp(flat["log_hazard_slope"]),
        frailty_sd=flat["frailty_sd"],
        recent_injury_log_hr=flat["recent_injury_log_hr"],
    )


def draws_table(population: PopulationDraws) -> pd.DataFrame:
    """Return draws as one flat table: a column per number, named ``parameter[tissue][cut]``."""
    columns: dict[str, FloatArray] = {}
    for name, values in population.arrays().items():
        if values.ndim == 1:
            columns[name] = values
            continue
        for k, tissue in enumerate(MODEL_TISSUES):
            if values.ndim == 2:
                columns[f"{name}[{tissue}]"] = values[:, k]
            else:
                for j in range(values.shape[2]):
                    columns[f"{name}[{tissue}][{j}]"] = values[:, k, j]
    columns["chronic_offset_rr"] = np.full(population.n_draws, population.chronic_offset_rr)
    columns["chronic_reference_rr"] = np.full(population.n_draws, population.chronic_reference_rr)
    return pd.DataFrame(columns)


def population_of_table(table: pd.DataFrame, origin: Origin) -> PopulationDraws:
    """Read draws back from `draws_table`."""
    n_cuts = sum(name.startswith(f"cut_points[{MODEL_TISSUES[0]}]") for name in table.columns)

    def column(name: str) -> FloatArray:
        return table[name].to_numpy(np.float64)

    def per_tissue(name: str) -> FloatArray:
        return np.column_stack([column(f"{name}[{tissue}]") for tissue in MODEL_TISSUES])

    cuts = np.stack(
        [
            np.column_stack([column(f"cut_points[{tissue}][{j}]") for j in range(n_cuts)])
            for tissue in MODEL_TISSUES
        ],
        axis=1,
    )
    single = (
        "gamma", "runner_sd", "unit_sd", "deficit_log_mean", "deficit_log_sd", "pain_slope",
        "settle_level", "settle_slope", "hazard_slope", "frailty_sd", "recent_injury_log_hr",
    )  # fmt: skip
    tissues = ("tau_fatigue_d", "tau_adaptation_d", "tau_healing_d", "tolerance_mean")
    return PopulationDraws(
        origin=origin,
        chronic_offset_rr=float(table["chronic_offset_rr"].iloc[0]),
        chronic_reference_rr=float(table["chronic_reference_rr"].iloc[0]),
        cut_points=cuts,
        hazard_level=per_tissue("hazard_level"),
        **{name: column(name) for name in single},
        **{name: per_tissue(name) for name in tissues},
    )


def posterior_as_prior(
    population: PopulationDraws, priors: TolerancePriors, source: str
) -> TolerancePriors:
    """Sum up draws as priors of the same families, for the next fit.

    Parameters
    ----------
    population : PopulationDraws
    priors : TolerancePriors
        Where numbers stay fixed, and bounds.
    source : str
        What the draws were fitted to; goes into every source.
    """

    def lognormal(values: FloatArray) -> LogNormal:
        logs = np.log(values)
        return LogNormal(
            distribution="lognormal",
            median=float(np.exp(np.mean(logs))),
            log_sd=float(np.std(logs)),
            source=source,
        )

    def normal(values: FloatArray) -> Normal:
        mean, sd = float(np.mean(values)), float(np.std(values))
        return Normal(distribution="normal", mean=mean, sd=sd, source=source)

    def truncated(values: FloatArray, old: TruncatedNormal) -> TruncatedNormal:
        return TruncatedNormal(
            distribution="truncated_normal",
            mean=float(np.mean(values)),
            sd=float(np.std(values)),
            lower=old.lower,
            upper=old.upper,
            source=source,
        )

    def per_tissue(values: FloatArray) -> PerTissuePrior:
        return PerTissuePrior(**{t: lognormal(values[:, k]) for k, t in enumerate(MODEL_TISSUES)})

    common = population.hazard_level.mean(axis=1)
    offsets = population.hazard_level - common[:, None]
    spread = population.tolerance_mean - population.tolerance_mean.mean(axis=1, keepdims=True)
    gaps = np.diff(population.cut_points, axis=2)
    return priors.model_copy(
        update={
            "fatigue_days": per_tissue(population.tau_fatigue_d),
            "adaptation_days": per_tissue(population.tau_adaptation_d),
            "healing_days": per_tissue(population.tau_healing_d),
            "chronic_exponent": truncated(population.gamma, priors.chronic_exponent),
            "tolerance_mean": normal(population.tolerance_mean.mean(axis=1)),
            "tissue_spread": Fixed(
                distribution="fixed", value=float(np.sqrt(np.mean(spread**2))), source=source
            ),
            "runner_sd": lognormal(population.runner_sd),
            "unit_sd": lognormal(population.unit_sd),
            "deficit_log_mean": normal(population.deficit_log_mean),
            "pain_slope": lognormal(population.pain_slope),
            "cut_gap": lognormal(gaps),
            "settle_level": normal(population.settle_level),
            "settle_slope": lognormal(population.settle_slope),
            "hazard_level": normal(common),
            "hazard_tissue_offset": PerTissuePrior(
                **{tissue: normal(offsets[:, k]) for k, tissue in enumerate(MODEL_TISSUES)}
            ),
            "hazard_slope": lognormal(population.hazard_slope),
            "frailty_sd": truncated(population.frailty_sd, priors.frailty_sd),
            "recent_injury_log_hr": normal(population.recent_injury_log_hr),
        }
    )


def posterior_groups(
    posterior: Posterior, runner_ids: Sequence[str], design: Design
) -> dict[str, xr.Dataset]:
    """Return the fit as InferenceData groups, without clocks, timers or versions of the hour."""
    chains, draws = posterior.sampled["gamma"].shape
    population = posterior.population

    def shaped(values: FloatArray) -> FloatArray:
        return values.reshape(chains, draws, *values.shape[1:])

    dims = {1: (), 2: ("tissue",), 3: ("tissue", "cut_point")}
    of_population = {
        name: (
            ("chain", "draw", *dims[values.ndim]),
            shaped(values),
            {"units": UNITS.get(name, "1")},
        )
        for name, values in population.arrays().items()
    }
    of_runners = {
        "log_tolerance": (("chain", "draw", "cell"), shaped(posterior.log_tolerance)),
        "deficit": (("chain", "draw", "injury"), shaped(posterior.deficit)),
        "log_frailty": (("chain", "draw", "runner"), shaped(posterior.log_frailty)),
    }
    coords = {
        "chain": np.arange(chains, dtype=np.int32),
        "draw": np.arange(draws, dtype=np.int32),
        "tissue": list(MODEL_TISSUES),
        "runner": list(runner_ids),
        "cell_runner": ("cell", design.cell_runner.astype(np.int32)),
        "cell_unit": ("cell", design.cell_unit.astype(np.int32)),
        "injury_cell": ("injury", design.injury_cell.astype(np.int32)),
    }
    data: Any = {**of_population, **of_runners}
    dataset = xr.Dataset(data, coords=coords)
    dataset.attrs = {
        "format_version": 1,
        "origin": population.origin,
        "chronic_offset_rr": population.chronic_offset_rr,
        "chronic_reference_rr": population.chronic_reference_rr,
    }
    stats = xr.Dataset(
        {
            name: (("chain", "draw"), values)
            for name, values in (
                ("diverging", posterior.diagnostics.diverging.astype(np.int8)),
                ("energy", posterior.diagnostics.energy),
            )
        }
    )
    constants = xr.Dataset({"n_reports": ("cell", design.n_reports.astype(np.int32))})
    return {"posterior": dataset, "sample_stats": stats, "constant_data": constants}
