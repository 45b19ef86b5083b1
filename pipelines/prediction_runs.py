"""Scoring forecasts in several simulated worlds, one process per core."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipelines.workers import available_cores, worker_pool
from tolerance.config import Params, stage_generator
from tolerance.evaluate.world_check import CheckDesign, check_world
from tolerance.model.population import PopulationDraws, prior_draws

__all__ = ["STAGE", "run_worlds", "without_unknown"]

STAGE: Final = "check_predictions"


def run_worlds(
    params: Params,
    worlds: Sequence[str],
    design: CheckDesign,
    *,
    fitted: PopulationDraws | None = None,
    workers: int | None = None,
) -> dict[str, Any]:
    """Score model and comparators in every world.

    Each world has a random stream of its own, so the result does not depend on which others run,
    nor on the number of processes.

    Parameters
    ----------
    params : Params
    worlds : sequence of str
    design : CheckDesign
    fitted : PopulationDraws, optional
        Where the model starts; the priors if not given.
    workers : int, optional
        Processes; as many as cores if not given.

    Returns
    -------
    dict
        ``is_simulated``, ``population`` (where the model starts) and ``worlds`` by name.
    """
    tasks = [(params, world, design, fitted) for world in worlds]
    n = min(workers or available_cores(), len(tasks))
    if n < 2:
        scored = [_one_world(task) for task in tasks]
    else:
        with worker_pool(n) as pool:
            scored = list(pool.map(_one_world, tasks))
    return {
        "is_simulated": True,
        "population": "prior" if fitted is None else "fitted",
        "worlds": without_unknown(dict(zip(worlds, scored, strict=True))),
    }


def without_unknown(value: Any) -> Any:
    """Leave out what could not be computed: keys of a mapping; None in a list."""
    if isinstance(value, Mapping):
        kept = {key: without_unknown(inner) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [without_unknown(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _one_world(
    task: tuple[Params, str, CheckDesign, PopulationDraws | None],
) -> dict[str, Any]:
    params, world, design, fitted = task
    rng = stage_generator(params.seed, STAGE, world)
    # A stream of its own: other priors are compared on the very same runners.
    n_draws = params.check_predictions.n_population_draws
    own = stage_generator(params.seed, STAGE, f"{world}, population")
    if fitted is None:
        population = prior_draws(params.tolerance_priors, own, n_draws)
    else:
        population = fitted.thin(n_draws)
    return check_world(
        world, params.simulate_cohort, params.tissue_exponents, population, design, rng
    )
