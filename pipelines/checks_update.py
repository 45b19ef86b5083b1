"""One runner's update against a fit by NUTS from the same priors, for ``make checks``.

The fit is the model's own density with nothing approximated but what `tolerance.model.design` says;
the update is what a report uses. Summary in ``checks_tolerance.json`` under ``update``.
"""

from pathlib import Path
from typing import Final

import arviz as az
import numpy as np
import xarray as xr

from pipelines.check_inputs import hash_of_inputs, sections_of
from pipelines.params import load_params
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage
from pipelines.store import read_json, write_metrics
from tolerance.config import Params, stage_generator
from tolerance.exposure.histories import cohort_histories
from tolerance.model.design import build_design
from tolerance.model.fit import fit
from tolerance.model.population import prior_draws
from tolerance.model.runner import RunnerHistory
from tolerance.model.update import update_runner
from tolerance.simulate.cohort import cohort_tables, simulate_cohort

__all__ = ["HASH", "METRICS", "agreement", "input_hash", "main", "summarise"]

METRICS: Final = "checks_tolerance"
HASH: Final = "update_inputs_sha256"
STAGE: Final = "checks_update"
N_RUNNERS: Final = 8
N_PRIOR_DRAWS: Final = 1000
SMALL_FIT: Final = {"chains": 2, "tune": 500, "draws": 1000}
SECTIONS: Final = (
    "seed",
    "fit_tolerance",
    "simulate_cohort",
    "tissue_exponents",
    "tolerance_priors",
)
"""Settings that decide the numbers."""
SOURCES: Final = (
    "src/tolerance/model/density.py",
    "src/tolerance/model/design.py",
    "src/tolerance/model/filters.py",
    "src/tolerance/model/fit.py",
    "src/tolerance/model/likelihood.py",
    "src/tolerance/model/load_error.py",
    "src/tolerance/model/logistic.py",
    "src/tolerance/model/population.py",
    "src/tolerance/model/update.py",
    "src/tolerance/simulate/cohort.py",
)
"""Code that decides the numbers; what it imports besides hands them on."""


def input_hash(root: Path, params: Params) -> str:
    """Return the hash of the settings and the code that the check is made from.

    Parameters
    ----------
    root : Path
        The project's root.
    params : Params
    """
    return hash_of_inputs(root, sections_of(params, SECTIONS), SOURCES)


def agreement(params: Params, history: RunnerHistory) -> dict[str, float]:
    """Hold one runner's update against the fit.

    Parameters
    ----------
    params : Params
    history : RunnerHistory

    Returns
    -------
    dict
        Of log tolerance: greatest shift of a mean among injured and among other units, in SDs of
        the fit, and among all in Monte Carlo errors of both; least and greatest ratio of SDs among
        injured units.
    """
    rng = stage_generator(params.seed, STAGE, history.runner_id)
    priors = params.tolerance_priors
    state = update_runner(
        prior_draws(priors, rng, N_PRIOR_DRAWS), history, rng, simulated_runner=True
    )
    small = params.fit_tolerance.model_copy(update=SMALL_FIT)
    fitted = fit(build_design([history], priors), priors, small, rng, origin="simulated")
    mean, sd = fitted.log_tolerance.mean(axis=0), fitted.log_tolerance.std(axis=0)
    shift = np.abs(state.log_tolerance.mean(axis=0) - mean) / sd
    width = state.log_tolerance.std(axis=0) / sd
    index = history.is_index
    chains = xr.Dataset({"x": (("chain", "draw", "unit"), fitted.sampled["log_tolerance"])})
    effective = min(state.ess, float(state.n_draws))
    error = np.sqrt(1.0 / effective + 1.0 / np.asarray(az.ess(chains)["x"]))
    return {
        "n_reports": float(state.n_reports.sum()),
        "shift_injured_sd": float(shift[index].max()),
        "shift_other_sd": float(shift[~index].max()),
        "shift_mc_errors": float((shift / error).max()),
        "width_least": float(width[index].min()),
        "width_greatest": float(width[index].max()),
        "effective_draws": float(state.ess),
        "rhat_max": fitted.diagnostics.rhat_max,
    }


def summarise(found: list[dict[str, float]]) -> dict[str, float]:
    """Return medians and extremes over runners.

    Parameters
    ----------
    found : list of dict
        From `agreement`.
    """
    shift = [one["shift_injured_sd"] for one in found]
    return {
        "n_runners": len(found),
        "n_reports_median": float(np.median([one["n_reports"] for one in found])),
        "shift_injured_sd_median": float(np.median(shift)),
        "shift_injured_sd_max": float(np.max(shift)),
        "shift_other_sd_max": float(np.max([one["shift_other_sd"] for one in found])),
        "shift_mc_errors_max": float(np.max([one["shift_mc_errors"] for one in found])),
        "width_least": float(np.min([one["width_least"] for one in found])),
        "width_greatest": float(np.max([one["width_greatest"] for one in found])),
        "effective_draws_least": float(np.min([one["effective_draws"] for one in found])),
    }


def main() -> None:
    """Run the check with the project's settings; other parts of the summary stay."""
    places = Places(project_root())
    params = load_params(places.params)
    before = input_hash(places.root, params)
    rng = stage_generator(params.seed, STAGE, "cohort")
    cohort = simulate_cohort(params.simulate_cohort, params.tissue_exponents, rng)
    start = params.fit_tolerance.chronic_start_rr
    histories = cohort_histories(cohort_tables(cohort), cohort.units, start)
    found = []
    for history in histories[:: max(len(histories) // N_RUNNERS, 1)][:N_RUNNERS]:
        found.append(agreement(params, history))
        print(f"{STAGE}: {history.runner_id} {found[-1]}", flush=True)
    place = places.metrics(METRICS)
    kept = read_json(place) if place.is_file() else {}
    write_metrics(place, kept | {"update": summarise(found), HASH: before})


if __name__ == "__main__":
    run_stage(main)
