"""Recovery and simulation-based calibration of the capacity model, for ``make checks``.

Both take long. Fits run side by side, one per core; every finished one is kept in
``data/processed/checks``, and a second start goes on where the first one stopped, as long as
settings and code are the same. The
summary goes into ``checks_tolerance.json`` under keys of its own, with a hash of what it was made
from and with how many fits it rests on; a test fails when that is stale.
"""

import argparse
import json
from concurrent.futures import as_completed
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipelines.check_inputs import hash_of_inputs, sections_of
from pipelines.params import load_params
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage
from pipelines.store import new_file, read_json, write_metrics
from pipelines.workers import available_cores, worker_pool
from tolerance.config import FitTolerance, Params, SimulateCohort, stage_generator
from tolerance.exposure.histories import cohort_histories
from tolerance.model.calibration_checks import (
    RANK_NAMES,
    ranks_of,
    recovery_of,
    sbc_summary,
)
from tolerance.model.design import build_design
from tolerance.model.fit import fit
from tolerance.model.population import prior_draws
from tolerance.model.runner import RunnerHistory
from tolerance.simulate.cohort import Cohort, cohort_tables, simulate_cohort
from tolerance.simulate.damage_pool import DAMAGE_POOL
from tolerance.simulate.world_truth import truth_of_draw

__all__ = ["HASH", "METRICS", "input_hash", "main", "summarise"]

METRICS: Final = "checks_tolerance"
HASH: Final = "model_inputs_sha256"
STAGE: Final = "checks_model"
WORLD: Final = "model"
SPARSE_FRAC: Final = 0.15
"""Share of sessions that are reported in the sparse variant (science table C5)."""
N_COHORTS: Final = 20
EXACT, GAPS = "sbc", "gaps"
"""Kinds of calibration: loads known and complete; load errors and gaps of the cohort."""
N_SBC: Final = {EXACT: 200, GAPS: 300}
"""100 more of the second kind, after two of thirteen quantities had left their bands over 200."""
CALIBRATED: Final = (EXACT, GAPS)
RECOVERED: Final = ("dense", "sparse", DAMAGE_POOL)
"""Kinds of recovery: most sessions reported; few; and most, of the second generator's runners."""
N_SBC_RUNNERS: Final = {EXACT: 12, GAPS: 20}
N_SBC_WEEKS: Final = 12
"""Small problems (science table C4)."""
N_PRIOR_DRAWS: Final = 1000
SMALL_FIT: Final = {"chains": 2, "tune": 500, "draws": 500}
"""Of every fit of these checks: ranks and means, not tails."""
SECTIONS: Final = (
    "seed",
    "fit_tolerance",
    "simulate_cohort",
    "tissue_exponents",
    "tolerance_priors",
)
"""Settings that decide the numbers."""
SOURCES: Final = (
    "src/tolerance/model/calibration_checks.py",
    "src/tolerance/model/capacity.py",
    "src/tolerance/model/density.py",
    "src/tolerance/model/design.py",
    "src/tolerance/model/filters.py",
    "src/tolerance/model/fit.py",
    "src/tolerance/model/likelihood.py",
    "src/tolerance/model/load_error.py",
    "src/tolerance/model/logistic.py",
    "src/tolerance/model/population.py",
    "src/tolerance/simulate/cohort.py",
    "src/tolerance/simulate/damage_pool.py",
    "src/tolerance/simulate/world_truth.py",
    "src/tolerance/simulate/worlds.py",
)
"""Code that decides the numbers; what it imports besides hands them on."""


def input_hash(root: Path, params: Params) -> str:
    """Return the hash of the settings and the code that the checks are made from.

    Parameters
    ----------
    root : Path
        The project's root.
    params : Params
    """
    return hash_of_inputs(root, sections_of(params, SECTIONS), SOURCES)


def _histories(cohort: Cohort, chronic_start_rr: float) -> list[RunnerHistory]:
    return cohort_histories(cohort_tables(cohort), cohort.units, chronic_start_rr)


def _reporting(settings: SimulateCohort, report_index_frac: float) -> SimulateCohort:
    habits = settings.habits.model_copy(update={"report_index_frac": report_index_frac})
    return settings.model_copy(update={"habits": habits})


def recover(params: Params, item: str, small: FitTolerance) -> dict[str, Any]:
    """Simulate one cohort, fit it, and hold the runners' tolerances against the truth.

    Parameters
    ----------
    params : Params
    item : str
        ``dense-3``: reporting, or the second generator, and number of the cohort.
    small : FitTolerance
    """
    reporting = item.split("-")[0]
    world = DAMAGE_POOL if reporting == DAMAGE_POOL else WORLD
    habits = params.simulate_cohort.habits
    share = SPARSE_FRAC if reporting == "sparse" else habits.report_index_frac
    settings = _reporting(params.simulate_cohort, share)
    rng = stage_generator(params.seed, STAGE, f"{world}-{item}")
    cohort = simulate_cohort(settings, params.tissue_exponents, rng, world=world)
    histories = _histories(cohort, params.fit_tolerance.chronic_start_rr)
    design = build_design(histories, params.tolerance_priors)
    posterior = fit(design, params.tolerance_priors, small, rng, origin="simulated", cores=1)
    return recovery_of(posterior, cohort.traits) | {
        "rhat_max": posterior.diagnostics.rhat_max,
        "divergences": posterior.diagnostics.divergences,
    }


def sbc_problem(params: Params, item: str) -> tuple[Cohort, list[RunnerHistory]]:
    """Simulate a small cohort from a draw of the priors.

    Parameters
    ----------
    params : Params
    item : str
        ``sbc-3`` or ``gaps-3``: with loads that are known and complete, as calibration of the fit
        itself needs, or with the load errors and gaps of the cohort; and the number of the draw.
    """
    kind, number = item.split("-")
    settings = params.simulate_cohort
    habits = settings.habits
    if kind == EXACT:
        known = dict.fromkeys(habits.force_log_sd, 0.0)
        habits = habits.model_copy(
            update={"force_log_sd": known, "missing_load_frac": 0.0, "missing_day_frac": 0.0}
        )
    settings = settings.model_copy(
        update={
            "n_runners": N_SBC_RUNNERS[kind],
            "n_weeks": N_SBC_WEEKS,
            "habits": habits,
            "population": settings.population.model_copy(
                update={
                    # The model takes one chronic load for all before the first day.
                    "chronic_start_median_rr": params.fit_tolerance.chronic_start_rr,
                    "chronic_start_log_sd": 1e-6,
                }
            ),
        }
    )
    draws = prior_draws(
        params.tolerance_priors, stage_generator(params.seed, STAGE, "sbc"), N_PRIOR_DRAWS
    )
    rng = stage_generator(params.seed, STAGE, f"sbc-{number}")
    cohort = simulate_cohort(
        settings,
        params.tissue_exponents,
        rng,
        world=WORLD,
        truth=truth_of_draw(draws, int(number)),
    )
    return cohort, _histories(cohort, params.fit_tolerance.chronic_start_rr)


def calibrate(params: Params, item: str, small: FitTolerance) -> dict[str, float]:
    """Fit a small cohort and return the rank of the truth among the draws, by quantity.

    Parameters
    ----------
    params : Params
    item : str
        As for `sbc_problem`.
    small : FitTolerance
    """
    cohort, histories = sbc_problem(params, item)
    design = build_design(histories, params.tolerance_priors)
    rng = stage_generator(params.seed, STAGE, f"sbc-fit-{item.split('-')[1]}")
    posterior = fit(design, params.tolerance_priors, small, rng, origin="simulated", cores=1)
    return ranks_of(posterior, design, histories, cohort.truth, cohort.traits)


def summarise(done: dict[str, Any]) -> dict[str, Any]:
    """Return the summary of what has been run so far.

    Parameters
    ----------
    done : dict
        Finished fits by name: ``dense-0``, ``sparse-0``, ``sbc-0``, ``gaps-0`` …
    """
    recovery: dict[str, Any] = {}
    for variant in RECOVERED:
        rows = [value for name, value in done.items() if name.startswith(f"{variant}-")]
        if rows:
            recovery[variant] = {
                key: float(np.mean([row[key] for row in rows])) for key in rows[0]
            } | {"n_cohorts": len(rows)}
    ranks = {
        kind: [value for name, value in done.items() if name.startswith(f"{kind}-")]
        for kind in CALIBRATED
    }
    exact = sbc_summary(ranks[EXACT])
    # A few simulations are inside any band.
    is_enough = len(ranks[EXACT]) >= N_SBC[EXACT]
    return {
        "recovery": recovery,
        "sbc_pass": int(exact["sbc_pass"] and is_enough),
        "sbc": exact["sbc"],
        "sbc_with_load_errors": sbc_summary(ranks[GAPS])["sbc"],
    }


def main() -> None:
    """Run what is left of the checks, and write the summary after every fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, default=N_COHORTS, help="recovery fits, each kind")
    parser.add_argument("--sbc", type=int, help="calibration fits, each kind")
    kinds = (*CALIBRATED, *RECOVERED)
    parser.add_argument("--kinds", nargs="+", choices=kinds, default=kinds, help="only these fits")
    arguments = parser.parse_args()
    places = Places(project_root())
    params = load_params(places.params)
    small = params.fit_tolerance.model_copy(update=SMALL_FIT)
    state = input_hash(places.root, params)
    log = places.root / "data" / "processed" / "checks" / f"model_{state[:16]}.json"
    done: dict[str, Any] = read_json(log) if log.is_file() else {}

    def keep(name: str, value: Any) -> None:
        done[name] = value
        with new_file(log) as temporary:
            temporary.write_text(json.dumps(done, sort_keys=True), encoding="utf-8")
        place = places.metrics(METRICS)
        kept = read_json(place) if place.is_file() else {}
        write_metrics(place, kept | summarise(done) | {HASH: state})
        print(f"{STAGE}: {name} ({len(done)} fits done)", flush=True)

    n_sbc = N_SBC if arguments.sbc is None else dict.fromkeys(CALIBRATED, arguments.sbc)
    wanted = [
        f"{kind}-{i}" for i in range(max(n_sbc.values())) for kind in CALIBRATED if i < n_sbc[kind]
    ]
    wanted += [f"{kind}-{i}" for i in range(arguments.cohorts) for kind in RECOVERED]
    left = [i for i in wanted if i not in done and i.split("-")[0] in arguments.kinds]
    with worker_pool(available_cores()) as pool:
        running = {pool.submit(_one_fit, params, item, small): item for item in left}
        for finished in as_completed(running):
            keep(running[finished], finished.result())
    print(f"{STAGE}: {', '.join(RANK_NAMES)} ranked in {n_sbc} simulations")


def _one_fit(params: Params, item: str, small: FitTolerance) -> dict[str, Any]:
    if item.split("-")[0] in CALIBRATED:
        return dict(calibrate(params, item, small))
    return recover(params, item, small)


if __name__ == "__main__":
    run_stage(main)
