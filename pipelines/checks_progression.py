"""The large trial of ``make checks``: as the stage, with more runners an arm.

Its summary is kept in git with a hash of what it was made from; a test fails when that is stale.
"""

from pathlib import Path
from typing import Any, Final

from pipelines.check_inputs import hash_of_inputs
from pipelines.params import load_params
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage
from pipelines.store import write_metrics
from pipelines.trial_runs import progression_metrics, run_worlds
from tolerance.config import Params

__all__ = ["METRICS", "input_hash", "main"]

METRICS: Final = "checks_progression"

SOURCES: Final = (
    "src/tolerance/model/predict.py",
    "src/tolerance/progression/candidates.py",
    "src/tolerance/progression/published.py",
    "src/tolerance/progression/trial.py",
    "src/tolerance/progression/trial_learner.py",
    "src/tolerance/progression/trial_outcomes.py",
    "src/tolerance/progression/trial_summary.py",
    "src/tolerance/progression/weekly_rules.py",
    "src/tolerance/progression/weigh.py",
    "src/tolerance/simulate/world_truth.py",
    "src/tolerance/simulate/worlds.py",
)
"""Code that decides the numbers; what it imports besides hands them on."""


def input_hash(root: Path, params: Params) -> str:
    """Return the hash of the settings and the code that the large trial is made from.

    Parameters
    ----------
    root : Path
        The project's root.
    params : Params
    """
    sections = {
        "seed": params.seed,
        "dose": params.dose.model_dump(),
        "simulate_cohort": params.simulate_cohort.population.model_dump(),
        "simulate_trial": params.simulate_trial.model_dump(),
        "tolerance_priors": params.tolerance_priors.model_dump(),
    }
    return hash_of_inputs(root, sections, SOURCES)


def run(root: Path, params: Params) -> dict[str, Any]:
    """Return the metrics of the large trial with the hash of its inputs."""
    n_runners = params.simulate_trial.checks_n_runners
    before = input_hash(root, params)
    metrics = progression_metrics(run_worlds(params, n_runners), n_runners)
    return metrics | {"inputs_sha256": before}


def main() -> None:
    """Run the large trial with the project's settings."""
    places = Places(project_root())
    params = load_params(places.params)
    metrics = run(places.root, params)
    write_metrics(places.metrics(METRICS), metrics)
    print(f"{METRICS}: {metrics['n_runners_per_arm']} simulated runners an arm")


if __name__ == "__main__":
    run_stage(main)
