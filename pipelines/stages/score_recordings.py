"""Stage ``score_recordings``: one dataset's analysis held against its own references.

What was trained on must not be scored on. Where the coefficients that every analysis gets were
trained on a dataset's runners, the steps that were predicted with their runner left out are scored
instead of the analysis.
"""

import argparse
from pathlib import Path

import pandas as pd

from loadcore.trajectory import FootStrides
from pipelines.params import load_params
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage
from pipelines.store import new_directory, read_table, write_table
from tolerance.config import AnalyseRecordings, ValidateLoad
from tolerance.evaluate.dataset_scores import (
    ANALYSED,
    REFERENCES,
    ScoredData,
    ScoreSettings,
    score_dataset,
)
from tolerance.exposure.recordings import analyse_signals
from tolerance.exposure.settings import analysis_settings, exposure_settings

__all__ = ["main", "run"]


def run(
    data: ScoredData, validation: ValidateLoad, analysis: AnalyseRecordings
) -> dict[str, pd.DataFrame]:
    """Return tables ``scores`` and ``detections`` of a dataset."""
    settings = ScoreSettings(
        contact_tolerance_s=validation.contact_tolerance_s,
        stride_tolerance_frac=validation.stride_tolerance_frac,
        exposure=exposure_settings(analysis),
    )
    scored = score_dataset(data, settings)
    return {"scores": scored.scores, "detections": scored.detections}


def with_left_out(
    steps: pd.DataFrame, left_out: pd.DataFrame, recordings: pd.DataFrame
) -> pd.DataFrame:
    """Replace the steps of recordings that have left-out steps; both are table ``steps``."""
    mine = left_out[left_out["recording_id"].isin(recordings["recording_id"])]
    others = steps[~steps["recording_id"].isin(mine["recording_id"])]
    return pd.concat([others, mine], ignore_index=True)


def read_data(
    dataset_id: str, places: Places, analysis: AnalyseRecordings, trained_on: str | None
) -> ScoredData:
    """Read what a dataset's scores are made from; signals only when they are asked for.

    Parameters
    ----------
    dataset_id, places, analysis
        Which dataset, where it lies, how it was analysed.
    trained_on : str or None
        Dataset whose folder holds the left-out steps; None where nothing was trained.
    """
    folder = places.processed(dataset_id, "steps")
    recordings = read_table(places.recordings(dataset_id), "recordings")
    analysed = {name: read_table(folder / f"{name}.parquet", name) for name in ANALYSED}
    if trained_on is not None:
        path = places.processed_table(trained_on, "held_out", "contacts")
        analysed["steps"] = with_left_out(analysed["steps"], read_table(path, "steps"), recordings)
    known = {*analysed["bouts"]["recording_id"], *analysed["steps"]["recording_id"]}
    rows = recordings.set_index("recording_id", drop=False)

    def read_signals(name: str) -> pd.DataFrame:
        return read_table(places.signals(dataset_id, name), "signals")

    def read_strides(name: str) -> tuple[FootStrides, float] | None:
        """Strides with all their features, of which table ``foot_strides`` keeps a few."""
        row = {str(column): value for column, value in rows.loc[name].items()}
        found = analyse_signals(row, read_signals(name), None, analysis_settings(analysis)).analysis
        return None if found.strides is None else (found.strides, found.grid_rate_hz)

    return ScoredData(
        recordings=recordings[recordings["recording_id"].isin(known)],
        analysed=analysed,
        references={
            name: read_table(path, name)
            for name in REFERENCES
            if (path := places.reference(dataset_id, name)).is_file()
        },
        read_signals=read_signals,
        read_strides=read_strides,
    )


def score(
    dataset_id: str, places: Places, destination: Path, trained_on: str | None = None
) -> dict[str, pd.DataFrame]:
    """Read, score and write one dataset."""
    params = load_params(places.params)
    analysis = params.analyse_recordings
    tables = run(
        read_data(dataset_id, places, analysis, trained_on), params.validate_load, analysis
    )
    with new_directory(destination) as folder:
        for name, table in tables.items():
            write_table(folder / f"{name}.parquet", name, table)
    return tables


def main() -> None:
    """Score the dataset named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="id of the dataset")
    parser.add_argument("--trained-on", help="dataset whose folder holds left-out steps")
    given = parser.parse_args()
    dataset_id = given.dataset
    places = Places(project_root())
    tables = score(dataset_id, places, places.processed(dataset_id, "scores"), given.trained_on)
    print(
        f"{dataset_id}: {len(tables['scores'])} values scored, "
        f"{len(tables['detections'])} rows of counts"
    )


if __name__ == "__main__":
    run_stage(main)
