"""Stage ``prior_workbench``: what the priors say before any data, and the page that shows it."""

from typing import Final

from pipelines.notebooks import render
from pipelines.params import load_params
from pipelines.paths import SYNTHETIC_DATASET, Places, project_root
from pipelines.stage import run_stage
from pipelines.store import new_directory, read_json, write_json
from pipelines.workbench_page import FOUND, PART
from tolerance.config import stage_generator
from tolerance.model.workbench import workbench

__all__ = ["main"]

STAGE: Final = "prior_workbench"
N_DRAWS: Final = 1500
"""Engineering choice: Monte Carlo error of a yearly risk below one percentage point."""


def main() -> None:
    """Work out what the priors say, write it, and render the page."""
    places = Places(project_root())
    params = load_params(places.params)
    found = workbench(
        params.tolerance_priors,
        stage_generator(params.seed, STAGE),
        N_DRAWS,
        read_json(places.metrics("tolerance")),
    )
    with new_directory(places.processed(SYNTHETIC_DATASET, PART)) as target:
        write_json(target / FOUND, found)
    page = places.report(STAGE)
    render(places.notebook(STAGE), {"root": "."}, page, "Prior workbench")
    print(f"{page.relative_to(places.root)}")


if __name__ == "__main__":
    run_stage(main)
