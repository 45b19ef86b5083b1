"""Stage ``import_recordings``: a public dataset in the workspace's own tables.

Everything is written as it is read, one recording at a time, into a folder that replaces the old
one as a whole. What cannot be read is left out with its reason in ``rejected``; the rest goes on.
"""

import argparse
from pathlib import Path

import numpy as np

from pipelines.datasets.base import TRIAL_MEANS
from pipelines.datasets.registry import Dataset, load_dataset
from pipelines.download import STATUS_FILE, fetched
from pipelines.imported_tables import Tables, run
from pipelines.paths import Places, profile_of, project_root
from pipelines.stage import run_stage
from pipelines.store import new_directory, read_json, write_table

__all__ = ["Tables", "main", "run"]


def import_dataset(dataset: Dataset, raw_dir: Path, interim_dir: Path) -> Tables:
    """Read a dataset's raw folder and write its interim folder; return what was written."""
    tables = Tables()
    with new_directory(interim_dir) as folder:
        if profile_of(dataset.card.id) == "public" and not fetched(raw_dir):
            state = read_json(raw_dir / STATUS_FILE)["state"]
            reason = f"not imported: {str(state).replace('_', ' ')}; see {STATUS_FILE} in raw data"
            tables.reject(dataset.card.id, np.nan, np.nan, reason)
        elif dataset.read_published is not None:
            tables.references[TRIAL_MEANS] = [dataset.read_published(raw_dir)]
        elif dataset.read_recordings is not None:
            for recording_id, signals in run(dataset.read_recordings(raw_dir), tables):
                write_table(folder / "signals" / f"{recording_id}.parquet", "signals", signals)
        write_table(folder / "recordings.parquet", "recordings", tables.recordings())
        write_table(folder / "rejected.parquet", "rejected", tables.rejections())
        for name in sorted({reference.table for reference in dataset.card.references}):
            write_table(folder / "reference" / f"{name}.parquet", name, tables.reference(name))
    return tables


def main() -> None:
    """Import the dataset named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="id of the dataset")
    dataset = load_dataset(parser.parse_args().dataset)
    places = Places(project_root())
    dataset_id = dataset.card.id
    tables = import_dataset(dataset, places.raw(dataset_id), places.interim(dataset_id))
    print(f"{dataset_id}: {len(tables.rows)} recordings, {len(tables.rejected)} rejections")


if __name__ == "__main__":
    run_stage(main)
