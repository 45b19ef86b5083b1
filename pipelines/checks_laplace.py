"""The normal approximation for large cohorts against the sampler, for ``make checks``.

Two simulated cohorts are sampled and approximated; a larger one is approximated only. A second
start goes on where the first one stopped. Summary in ``checks_tolerance.json`` under ``laplace``.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.check_inputs import hash_of_inputs, sections_of
from pipelines.params import load_params
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage
from pipelines.store import read_json, write_metrics
from pipelines.workers import available_cores
from tolerance.config import Params, stage_generator
from tolerance.exposure.histories import cohort_histories
from tolerance.model.density import LogDensity
from tolerance.model.design import Design, build_design
from tolerance.model.fit import compile_model, sample
from tolerance.model.laplace import NormalPosterior, approximate
from tolerance.model.runner import RunnerHistory
from tolerance.model.runner_densities import RunnerDensities
from tolerance.simulate.cohort import cohort_tables, simulate_cohort

__all__ = ["HASH", "METRICS", "agreement", "input_hash", "main"]

type FloatArray = NDArray[np.float64]

METRICS: Final = "checks_tolerance"
HASH: Final = "laplace_inputs_sha256"
STAGE: Final = "checks_laplace"
SAMPLED: Final = (60, 260)
"""Runners of the cohorts that are sampled too."""
LARGE: Final = 2080
"""Runners of the cohort that is approximated only: time grows with their number from here on."""
BATCH: Final = 260
"""Runners simulated at once: a ledger of all would not fit the memory of a laptop."""
N_DRAWS: Final = 1000
SHORTER: Final = {"tune": 500, "draws": 500}
SHARED: Final = (
    "log_pain_slope", "log_settle_slope", "log_hazard_slope", "log_runner_sd", "log_unit_sd",
    "settle_level", "deficit_log_mean", "recent_injury_log_hr", "gamma", "frailty_sd",
    "z_fatigue", "z_adaptation", "z_healing", "tissue_mean", "hazard_level", "log_gaps",
)  # fmt: skip
"""What all runners share, by the model's names."""
OWN: Final = "log_tolerance"
SECTIONS: Final = (
    "seed",
    "fit_tolerance",
    "simulate_cohort",
    "tissue_exponents",
    "tolerance_priors",
)
"""Settings that decide the numbers."""
SOURCES: Final = (
    "src/tolerance/model/capacity.py",
    "src/tolerance/model/density.py",
    "src/tolerance/model/design.py",
    "src/tolerance/model/filters.py",
    "src/tolerance/model/laplace.py",
    "src/tolerance/model/likelihood.py",
    "src/tolerance/model/logistic.py",
    "src/tolerance/model/runner_densities.py",
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


def agreement(
    sampled: Mapping[str, FloatArray], drawn: Mapping[str, FloatArray]
) -> dict[str, dict[str, float]]:
    """Hold draws of the approximation against the sampler's.

    Parameters
    ----------
    sampled : mapping of str to array
        (chain, draw, …) by name.
    drawn : mapping of str to array
        (draw, …) by name.

    Returns
    -------
    dict
        For what is ``shared`` and for log ``tolerance`` of every unit: median and greatest shift of
        a mean, in SDs of the sampler's draws; least and greatest ratio of SDs.
    """
    found = {}
    for group, names in (("shared", SHARED), ("tolerance", (OWN,))):
        shifts, widths = [], []
        for name in names:
            ours = drawn[name].reshape(drawn[name].shape[0], -1)
            theirs = sampled[name].reshape(-1, ours.shape[1])
            sd = theirs.std(axis=0)
            shifts.append(np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) / sd)
            widths.append(ours.std(axis=0) / sd)
        shift, width = np.concatenate(shifts), np.concatenate(widths)
        found[group] = {
            "n": float(shift.size),
            "shift_sd_median": float(np.median(shift)),
            "shift_sd_95": float(np.quantile(shift, 0.95)),
            "shift_sd_max": float(shift.max()),
            "width_least": float(width.min()),
            "width_median": float(np.median(width)),
            "width_greatest": float(width.max()),
        }
    return found


def histories_of(params: Params, n_runners: int) -> list[RunnerHistory]:
    """Simulate a cohort in batches.

    Parameters
    ----------
    params : Params
    n_runners : int
    """
    found: list[RunnerHistory] = []
    while len(found) < n_runners:
        n = min(BATCH, n_runners - len(found))
        rng = stage_generator(params.seed, STAGE, f"{n_runners}-{len(found)}")
        settings = params.simulate_cohort.model_copy(update={"n_runners": n})
        cohort = simulate_cohort(settings, params.tissue_exponents, rng)
        start = params.fit_tolerance.chronic_start_rr
        found += cohort_histories(cohort_tables(cohort), cohort.units, start)
        print(f"{STAGE}: {len(found)} of {n_runners} runners simulated", flush=True)
    return found


def _draws(
    found: NormalPosterior, design: Design, params: Params, rng: np.random.Generator
) -> dict[str, FloatArray]:
    density = LogDensity(design, params.tolerance_priors)
    runners = RunnerDensities(design, params.tolerance_priors)
    rows = [
        density.expand(runners.joined(shared, own))
        for shared, own in zip(*found.draw(N_DRAWS, rng), strict=True)
    ]
    return {name: np.stack([row[name] for row in rows]) for name in (*SHARED, OWN)}


def compare(
    params: Params, n_runners: int, *, is_sampled: bool, start: FloatArray | None = None
) -> tuple[dict[str, Any], FloatArray]:
    """Approximate a simulated cohort, and sample it too if asked.

    Parameters
    ----------
    params : Params
    n_runners : int
    is_sampled : bool
    start : (P,) array, optional
        Shared coordinates to begin at.

    Returns
    -------
    summary : dict
    shared : (P,) array
        Mean of the shared coordinates.
    """
    cores = available_cores()
    design = build_design(histories_of(params, n_runners), params.tolerance_priors)
    rng = stage_generator(params.seed, STAGE, str(n_runners))

    def tell(length_sd: float) -> None:
        print(f"{STAGE}: {n_runners} runners, step of {length_sd:.3f} SD", flush=True)

    begin, begin_cpu = time.perf_counter(), time.process_time()
    normal = approximate(design, params.tolerance_priors, rng, cores=cores, start=start, tell=tell)
    found: dict[str, Any] = {
        "n_runners": n_runners,
        "n_sessions": design.n_sessions,
        "n_gradients": normal.n_gradients,
        "seconds": time.perf_counter() - begin,
        "cpu_seconds": time.process_time() - begin_cpu,
        "cores": cores,
    }
    if is_sampled:
        settings = params.fit_tolerance.model_copy(update=SHORTER)
        begin, begin_cpu = time.perf_counter(), time.process_time()
        compiled = compile_model(design, params.tolerance_priors, settings.engine)
        tree = sample(compiled, settings, int(rng.integers(2**31)), cores=cores)
        found["sampled"] = {
            "seconds": time.perf_counter() - begin,
            "cpu_seconds": time.process_time() - begin_cpu,
            "n_gradients_of_draws": int(tree["sample_stats"]["n_steps"].sum()),
        }
        sampled = {name: np.asarray(tree["posterior"][name].values) for name in (*SHARED, OWN)}
        found |= agreement(sampled, _draws(normal, design, params, rng))
    return found, normal.shared


def main() -> None:
    """Run the check with the project's settings; other parts of the summary stay."""
    places = Places(project_root())
    params = load_params(places.params)
    before = input_hash(places.root, params)
    place = places.metrics(METRICS)
    kept = read_json(place) if place.is_file() else {}
    done = dict(kept["laplace"]) if kept.get(HASH) == before else {}
    shared: FloatArray | None = None
    for n_runners in (*SAMPLED, LARGE):
        if str(n_runners) in done:
            continue
        if n_runners == LARGE and shared is None:  # it begins where a smaller one ended
            _, shared = compare(params, SAMPLED[-1], is_sampled=False)
        found, shared = compare(
            params,
            n_runners,
            is_sampled=n_runners in SAMPLED,
            start=shared if n_runners == LARGE else None,
        )
        done[str(n_runners)] = found
        print(f"{STAGE}: {found}", flush=True)
        kept = read_json(place) if place.is_file() else {}
        write_metrics(place, kept | {"laplace": done, HASH: before})


if __name__ == "__main__":
    run_stage(main)
