"""Stage ``import_daily``: a public diary in the workspace's own tables.

Where the diary is not here (its licence was not accepted, its files not reachable) the tables are
empty and ``rejected`` says why.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.datasets.base import DailyTables, UnusableRecordingError
from pipelines.datasets.registry import Dataset, load_dataset
from pipelines.download import STATUS_FILE, fetched
from pipelines.errors import WorkspaceError
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage
from pipelines.store import new_directory, read_json, write_table
from tolerance.schemas import empty_table

__all__ = ["import_diary", "main"]


def import_diary(dataset: Dataset, raw_dir: Path, interim_dir: Path) -> DailyTables:
    """Read a diary's raw folder and write its interim folder; return what was written.

    Raises
    ------
    WorkspaceError
        If the dataset is no diary, or nothing in its folder can be read.
    """
    if dataset.read_daily is None:
        raise WorkspaceError(
            f"{dataset.card.id} has recordings or published means, no diary: run the stages of its "
            "own kind."
        )
    if fetched(raw_dir):
        try:
            diary = dataset.read_daily(raw_dir)
        except UnusableRecordingError as error:
            raise WorkspaceError(f"{dataset.card.id}: {error}") from error
    else:
        state = str(read_json(raw_dir / STATUS_FILE)["state"]).replace("_", " ")
        reason = f"not imported: {state}; see {STATUS_FILE} in raw data"
        diary = DailyTables(tables={}, problems=((dataset.card.id, reason),))
    with new_directory(interim_dir) as folder:
        for name in sorted({reference.table for reference in dataset.card.references}):
            table = diary.tables.get(name, empty_table(name))
            write_table(folder / f"{name}.parquet", name, table)
        write_table(folder / "rejected.parquet", "rejected", _rejected(diary))
    return diary


def _rejected(diary: DailyTables) -> pd.DataFrame:
    if not diary.problems:
        return empty_table("rejected")
    person, problem = zip(*diary.problems, strict=True)
    frame = pd.DataFrame({"recording_id": person, "problem": problem})
    frame["problem_id"] = frame.groupby("recording_id").cumcount()
    return frame.assign(start_s=np.nan, stop_s=np.nan)


def main() -> None:
    """Import the diary named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="id of the dataset")
    dataset = load_dataset(parser.parse_args().dataset)
    places = Places(project_root())
    dataset_id = dataset.card.id
    diary = import_diary(dataset, places.raw(dataset_id), places.interim(dataset_id))
    sizes = ", ".join(f"{len(table)} {name}" for name, table in sorted(diary.tables.items()))
    print(f"{dataset_id}: {sizes or 'nothing'}; {len(diary.problems)} problems")


if __name__ == "__main__":
    run_stage(main)
