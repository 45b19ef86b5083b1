"""Stage ``simulate_trial``: published programmes, common rules and ours on simulated runners."""

from typing import Any

from pipelines.params import load_params
from pipelines.paths import SYNTHETIC_DATASET, Places, project_root
from pipelines.stage import run_stage
from pipelines.store import write_json, write_metrics
from pipelines.trial_runs import progression_metrics, run_worlds
from tolerance.config import Params

__all__ = ["METRICS", "main", "run"]

METRICS = "progression"


def run(params: Params) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the metrics and the curves by week of every world and arm; touches no disk."""
    n_runners = params.simulate_trial.n_runners
    worlds = run_worlds(params, n_runners)
    return progression_metrics(worlds, n_runners), {
        world: curves for world, (_, curves) in worlds.items()
    }


def main() -> None:
    """Run the trial with the project's settings."""
    places = Places(project_root())
    params = load_params(places.params)
    metrics, curves = run(params)
    write_json(places.processed(SYNTHETIC_DATASET, "trial") / "curves.json", curves)
    write_metrics(places.metrics(METRICS), metrics)
    print(f"{len(metrics['worlds'])} worlds, {metrics['n_runners_per_arm']} runners an arm")


if __name__ == "__main__":
    run_stage(main)
