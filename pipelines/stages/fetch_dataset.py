"""Stage ``fetch_dataset``: the raw files of one public dataset, whole and verified, or a skip."""

import argparse
import os
from typing import Final

from pipelines.datasets.registry import load_dataset
from pipelines.download import fetch_dataset
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage

__all__ = ["main"]

DOWNLOADS: Final = ".downloads"
"""Where half a dataset waits for its other half, away from everything that DVC looks after."""


def main() -> None:
    """Fetch the dataset named on the command line to its raw folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="id of the dataset")
    dataset = load_dataset(parser.parse_args().dataset)
    places = Places(project_root())
    fetch_dataset(
        dataset.card,
        dataset.files,
        places.raw(dataset.card.id),
        download_dir=places.root / DOWNLOADS / dataset.card.id,
        environment=os.environ,
    )


if __name__ == "__main__":
    run_stage(main)
