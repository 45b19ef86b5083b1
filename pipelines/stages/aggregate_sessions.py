"""Stage ``aggregate_sessions``: steps and tissue loads summed to sessions."""

import argparse

import pandas as pd

from pipelines.params import load_params
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage
from pipelines.store import new_directory, read_table, write_table
from tolerance.config import AnalyseRecordings
from tolerance.exposure.sessions import aggregate_sessions
from tolerance.exposure.settings import exposure_settings

__all__ = ["main", "run"]


def run(
    recordings: pd.DataFrame,
    steps: pd.DataFrame,
    step_loads: pd.DataFrame,
    bouts: pd.DataFrame,
    params: AnalyseRecordings,
) -> dict[str, pd.DataFrame]:
    """Return tables ``sessions`` and ``session_loads`` of the recordings that were analysed."""
    analysed = recordings[recordings["recording_id"].isin(bouts["recording_id"])]
    sessions, loads = aggregate_sessions(
        analysed, steps, step_loads, bouts, exposure_settings(params)
    )
    return {"sessions": sessions, "session_loads": loads}


def main() -> None:
    """Sum the sessions of the dataset named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="id of the dataset")
    dataset_id = parser.parse_args().dataset
    places = Places(project_root())
    folder = places.processed(dataset_id, "steps")
    tables = run(
        read_table(places.recordings(dataset_id), "recordings"),
        read_table(folder / "steps.parquet", "steps"),
        read_table(folder / "step_loads.parquet", "step_loads"),
        read_table(folder / "bouts.parquet", "bouts"),
        load_params(places.params).analyse_recordings,
    )
    with new_directory(places.processed(dataset_id, "sessions")) as target:
        for name, table in tables.items():
            write_table(target / f"{name}.parquet", name, table)
    print(f"{dataset_id}: {len(tables['sessions'])} sessions")


if __name__ == "__main__":
    run_stage(main)
