"""Stage ``check_predictions``: the model's forecasts beside comparators, in simulated worlds.

The small version of what ``make checks`` does at length, for the page on the model. The population
is that of the priors, which is where every real runner starts.
"""

from typing import Any

from pipelines.model_check import FILE, PART
from pipelines.params import load_params
from pipelines.paths import SYNTHETIC_DATASET, Places, project_root
from pipelines.prediction_runs import run_worlds
from pipelines.stage import run_stage
from pipelines.store import new_directory, write_metrics
from tolerance.config import Params
from tolerance.evaluate.world_check import CheckDesign

__all__ = ["main", "run"]


def run(params: Params) -> dict[str, Any]:
    """Return the scores of every world of the section ``check_predictions``."""
    check = params.check_predictions
    design = CheckDesign(
        n_train=check.n_train,
        n_test=check.n_test,
        origin_weeks=check.origin_weeks,
        n_replicates=check.n_replicates,
    )
    return run_worlds(params, check.worlds, design)


def main() -> None:
    """Write the scores."""
    places = Places(project_root())
    scores = run(load_params(places.params))
    with new_directory(places.processed(SYNTHETIC_DATASET, PART)) as target:
        write_metrics(target / FILE, scores)
    print(f"{len(scores['worlds'])} simulated worlds scored")


if __name__ == "__main__":
    run_stage(main)
