"""Stage ``validate_load``: the scores of all datasets of a profile in one metrics file."""

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.params import load_params
from pipelines.paths import SYNTHETIC_DATASET, Places, project_root
from pipelines.stage import run_stage
from pipelines.store import read_table, write_metrics
from tolerance.config import stage_generator
from tolerance.evaluate.load_validation import summarise_dataset

__all__ = ["METRICS", "main", "run"]

METRICS = {"synthetic": "load_validation_synthetic", "public": "load_validation"}
"""Metrics file of each profile."""


def run(
    scored: dict[str, tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]], seed: int
) -> dict[str, Any]:
    """Return ``{dataset: {new_runner | personal: {metric: value}}}``.

    Parameters
    ----------
    scored : dict
        Tables ``scores``, ``detections`` and ``recordings`` by dataset. A dataset without a score
        (skipped, or without a reference) has no entry.
    seed : int
        Root of the resamples behind the intervals; each dataset has a stream of its own.
    """
    metrics: dict[str, Any] = {}
    for dataset_id, (scores, detections, recordings) in scored.items():
        if len(scores) or len(detections):
            rng = stage_generator(seed, "validate_load", dataset_id)
            metrics[dataset_id] = summarise_dataset(scores, detections, recordings, rng)
            if dataset_id == SYNTHETIC_DATASET:
                metrics[dataset_id]["is_simulated"] = True
    return metrics


def read_scores(dataset_id: str, places: Places) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Read tables ``scores``, ``detections`` and ``recordings`` of a dataset."""
    return (
        read_table(places.processed_table(dataset_id, "scores", "scores"), "scores"),
        read_table(places.processed_table(dataset_id, "scores", "detections"), "detections"),
        read_table(places.recordings(dataset_id), "recordings"),
    )


def main() -> None:
    """Summarise the datasets named on the command line into one file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", required=True, choices=sorted(METRICS))
    parser.add_argument("--datasets", required=True, nargs="+", help="ids of the datasets")
    arguments = parser.parse_args()
    places = Places(project_root())
    params = load_params(places.params)
    scored = {name: read_scores(name, places) for name in sorted(arguments.datasets)}
    metrics = run(scored, params.seed)
    destination: Path = places.metrics(METRICS[arguments.profile])
    write_metrics(destination, metrics)
    print(f"{destination.name}: {', '.join(metrics) or 'no dataset has a reference'}")


if __name__ == "__main__":
    run_stage(main)
