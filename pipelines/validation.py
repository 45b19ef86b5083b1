"""Reading what the validation page is made of."""

from pathlib import Path

import pandas as pd

from pipelines.paths import Places
from pipelines.store import read_json, read_table
from tolerance.evaluate.targets import TARGET_METRICS
from tolerance.evaluate.validation_content import ValidationContent, build_validation

__all__ = ["read_validation"]


def read_validation(root: Path, metrics_name: str, dataset_ids: list[str]) -> ValidationContent:
    """Read a profile's metrics and scores and build its page.

    Parameters
    ----------
    root : Path
        Folder that holds ``data``.
    metrics_name : str
        Metrics file of the profile.
    dataset_ids : list of str
        Datasets of the profile; those without a score are listed as left out.
    """
    places = Places(root)
    metrics = read_json(places.metrics(metrics_name))
    scores = {
        name: read_table(places.processed_table(name, "scores", "scores"), "scores")
        for name in metrics
    }
    left_out = []
    for name in dataset_ids:
        recordings = set(scores[name]["recording_id"]) if name in scores else set()
        left_out += _left_out(name, places, recordings, has_score=name in metrics)
    files = {name: places.metrics(name) for name in TARGET_METRICS}
    goals = {name: read_json(path) for name, path in files.items() if path.is_file()}
    return build_validation(metrics, scores, left_out, goals)


def _left_out(
    dataset_id: str, places: Places, scored: set[str], *, has_score: bool
) -> list[tuple[str, str, str]]:
    """List what of a dataset was not scored, equal reasons once with their number."""
    imported = read_table(places.interim(dataset_id) / "rejected.parquet", "rejected")
    analysed = read_table(places.processed_table(dataset_id, "steps", "rejected"), "rejected")
    # What was trained on is scored by its left-out predictions, whatever the analysis said.
    analysed = analysed[~analysed["recording_id"].isin(scored)]
    rows = []
    for problem, these in pd.concat([imported, analysed]).groupby("problem", sort=True):
        whole = int(these["start_s"].isna().sum())
        parts = [
            f"{count} {one if count == 1 else many}"
            for count, one, many in (
                (whole, "recording", "recordings"),
                (len(these) - whole, "stretch", "stretches"),
            )
            if count
        ]
        rows.append((dataset_id, " and ".join(parts), str(problem)))
    if not has_score and not rows:
        rows.append((dataset_id, "whole data set", "no reference that can be scored"))
    return rows
