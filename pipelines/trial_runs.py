"""Running the in-silico trial on all cores: one process per core, one world at a time each."""

from typing import Any

import numpy as np

from pipelines.workers import available_cores, worker_pool
from tolerance.config import Params, stage_generator
from tolerance.model.population import prior_draws
from tolerance.progression.trial import ARM_NAMES, TRIAL_WORLDS, TrialInputs, prepare, run_arm
from tolerance.progression.trial_summary import summarise_world, world_curves
from tolerance.rules.registry import rules_encoded, rules_total

__all__ = ["STAGE", "progression_metrics", "run_worlds", "trial_inputs"]

STAGE = "simulate_trial"


def trial_inputs(params: Params) -> TrialInputs:
    """Return what the trial is made of, drawn from the root seed."""
    rng = stage_generator(params.seed, STAGE, "particles")
    return TrialInputs(
        settings=params.simulate_trial,
        dose=params.dose,
        population=params.simulate_cohort.population,
        particles=prior_draws(params.tolerance_priors, rng, params.simulate_trial.n_particles),
    )


def run_worlds(params: Params, n_runners: int) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Run every arm in every world and return metrics and curves by world.

    Worlds share runners and random numbers; the result does not depend on the number of cores.

    Parameters
    ----------
    params : Params
    n_runners : int
        Per arm.
    """
    tasks = [(params, world, n_runners) for world in TRIAL_WORLDS]
    workers = min(available_cores(), len(tasks))
    if workers < 2:
        return dict(_one_world(task) for task in tasks)
    with worker_pool(workers) as pool:
        return dict(pool.map(_one_world, tasks))


def progression_metrics(
    worlds: dict[str, tuple[dict[str, Any], dict[str, Any]]], n_runners: int
) -> dict[str, Any]:
    """Return the metrics file: worlds, and how many rules are encoded."""
    return {
        "is_simulated": True,
        "n_runners_per_arm": n_runners,
        "rules_encoded": rules_encoded(),
        "rules_total": rules_total(),
        "worlds": {world: metrics for world, (metrics, _) in worlds.items()},
    }


def _one_world(task: tuple[Params, str, int]) -> tuple[str, tuple[dict[str, Any], dict[str, Any]]]:
    params, world, n_runners = task
    rngs: tuple[np.random.Generator, ...] = tuple(
        stage_generator(params.seed, STAGE, item) for item in ("runners", "days")
    )
    trial = prepare(world, trial_inputs(params), n_runners, rngs)
    arms = {
        arm: run_arm(trial, arm, stage_generator(params.seed, STAGE, f"planner {world} {arm}"))
        for arm in ARM_NAMES
    }
    metrics = summarise_world(arms, stage_generator(params.seed, STAGE, "resamples"))
    return world, (metrics, world_curves(arms))
