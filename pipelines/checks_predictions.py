"""Forecasts beside comparators in every world, for ``make checks``: the stage with more runners.

Its summary goes into ``checks_tolerance.json`` under keys of its own, with a hash of what it was
made from; a test fails when that is stale.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pipelines.check_inputs import hash_of_inputs, sections_of
from pipelines.errors import WorkspaceError
from pipelines.params import load_params
from pipelines.paths import Places, project_root
from pipelines.posterior import POSTERIOR, load_posterior
from pipelines.prediction_runs import run_worlds
from pipelines.stage import run_stage
from pipelines.store import read_json, write_metrics
from tolerance.config import Params
from tolerance.evaluate.world_check import TASKS, CheckDesign, winners
from tolerance.simulate.damage_pool import DAMAGE_POOL
from tolerance.simulate.worlds import WORLDS

__all__ = ["HASH", "METRICS", "input_hash", "main", "run", "summarise"]

METRICS: Final = "checks_tolerance"
MODEL: Final = "tolerance"
"""Folder of the fitted posterior among the models."""
HASH: Final = "predictions_inputs_sha256"
KEPT: Final = (
    "log_score", "brier", "brier_skill", "calibration_slope", "observed_over_expected",
    "auc_within", "n_rows", "n_events", "model_gain",
)  # fmt: skip
"""Of each forecaster; curves stay on the page."""
SECTIONS: Final = (
    "seed",
    "check_predictions",
    "simulate_cohort",
    "tissue_exponents",
    "tolerance_priors",
)
"""Settings that decide the numbers."""
SOURCES: Final = (
    "src/tolerance/evaluate/comparators.py",
    "src/tolerance/evaluate/forecast_rows.py",
    "src/tolerance/evaluate/model_forecasts.py",
    "src/tolerance/evaluate/prediction_check.py",
    "src/tolerance/evaluate/predictive_checks.py",
    "src/tolerance/evaluate/probability_scores.py",
    "src/tolerance/evaluate/world_check.py",
    "src/tolerance/model/filters.py",
    "src/tolerance/model/likelihood.py",
    "src/tolerance/model/load_error.py",
    "src/tolerance/model/logistic.py",
    "src/tolerance/model/population.py",
    "src/tolerance/model/predict.py",
    "src/tolerance/model/update.py",
    "src/tolerance/simulate/cohort.py",
    "src/tolerance/simulate/damage_pool.py",
    "src/tolerance/simulate/world_truth.py",
    "src/tolerance/simulate/worlds.py",
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


def run(root: Path, params: Params) -> dict[str, Any]:
    """Score every world and return this check's part of the summary."""
    before = input_hash(root, params)
    check = params.check_predictions
    design = CheckDesign(
        n_train=check.checks_n_train,
        n_test=check.checks_n_test,
        origin_weeks=check.checks_origin_weeks,
        n_replicates=check.n_replicates,
    )
    summary = summarise(run_worlds(params, (*WORLDS, DAMAGE_POOL), design))
    try:
        fitted = load_posterior(Places(root).model(MODEL) / POSTERIOR)
    except WorkspaceError as error:
        print(f"starting from the priors only: {error}")
    else:
        # The same runners again, from a fit to other simulated runners of the first world.
        first = run_worlds(params, (next(iter(WORLDS)),), design, fitted=fitted)
        from_fit = summarise(first)
        summary["fitted_start"] = {
            key: from_fit[key] for key in ("calibration_slope", "comparators", "lowest_log_score")
        }
    return summary | {HASH: before}


def summarise(scores: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept: scores of every forecaster, who wins, controls, predictive checks.

    Parameters
    ----------
    scores : mapping
        From `run_worlds`.
    """
    worlds = scores["worlds"]
    comparators = {
        world: {
            task: {
                outcome: {
                    name: {key: entry[key] for key in KEPT if key in entry}
                    for name, entry in scored["forecasters"].items()
                }
                for outcome, scored in result[task].items()
            }
            for task in TASKS
        }
        for world, result in worlds.items()
    }
    first = next(iter(worlds))
    pain = worlds[first]["next_week"]["pain_above"]["forecasters"]["model"]
    return {
        "is_simulated": True,
        "population": scores["population"],
        "calibration_slope": pain["calibration_slope"],
        "comparators": comparators,
        "lowest_log_score": {
            world: {f"{task}.{outcome}": name for task, outcome, name in winners(result)}
            for world, result in worlds.items()
        },
        "controls": {world: result["controls"] for world, result in worlds.items()},
        "predictive_inside_frac": {
            world: {
                name: entry["inside_frac"]
                for name, entry in result["predictive"].items()
                if "inside_frac" in entry
            }
            for world, result in worlds.items()
        },
    }


def main() -> None:
    """Run the check with the project's settings; other parts of the summary stay."""
    places = Places(project_root())
    part = run(places.root, load_params(places.params))
    place = places.metrics(METRICS)
    kept = read_json(place) if place.is_file() else {}
    write_metrics(place, kept | part)
    print(f"{METRICS}: {len(part['comparators'])} simulated worlds")


if __name__ == "__main__":
    run_stage(main)
