"""Stage ``load_validation_report``: the page that holds estimates against references."""

import argparse

from pipelines.notebooks import render
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage

__all__ = ["main"]

METRICS = {"synthetic": "load_validation_synthetic", "public": "load_validation"}
REPORTS = {"synthetic": "load_validation", "public": "load_validation_public"}
"""Metrics file and page of each profile."""


def main() -> None:
    """Render the page of the profile named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", required=True, choices=sorted(METRICS))
    parser.add_argument("--datasets", required=True, nargs="+", help="ids of the datasets")
    given = parser.parse_args()
    places = Places(project_root())
    parameters = {
        "root": ".",
        "metrics_name": METRICS[given.profile],
        "dataset_ids": sorted(given.datasets),
    }
    page = places.report(REPORTS[given.profile])
    render(places.notebook("load_validation"), parameters, page, "Validation of running load")
    print(f"{page.relative_to(places.root)}")


if __name__ == "__main__":
    run_stage(main)
