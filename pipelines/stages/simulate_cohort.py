"""Stage ``simulate_cohort``: simulated runners after injury, with known truth."""

from typing import Final

import pandas as pd

from pipelines.params import load_params
from pipelines.paths import SYNTHETIC_DATASET, Places, project_root
from pipelines.stage import run_stage
from pipelines.store import new_directory, write_table
from tolerance.config import SimulateCohort, TissueExponents, stage_generator
from tolerance.simulate.cohort import cohort_tables, simulate_cohort, truth_table

__all__ = ["PART", "TABLES", "main", "run"]

STAGE: Final = "simulate_cohort"
PART: Final = "cohort"
"""Folder of the stage's tables among those of the synthetic data set."""
TABLES: Final = ("sessions", "ledger", "responses", "events", "runner_truth")


def run(params: SimulateCohort, exponents: TissueExponents, seed: int) -> dict[str, pd.DataFrame]:
    """Return the cohort's tables, and table ``runner_truth``.

    Parameters
    ----------
    params : SimulateCohort
    exponents : TissueExponents
    seed : int
        Root of the run's random numbers.
    """
    cohort = simulate_cohort(params, exponents, stage_generator(seed, STAGE))
    return cohort_tables(cohort) | {"runner_truth": truth_table(cohort)}


def main() -> None:
    """Write the default cohort."""
    places = Places(project_root())
    params = load_params(places.params)
    tables = run(params.simulate_cohort, params.tissue_exponents, params.seed)
    with new_directory(places.processed(SYNTHETIC_DATASET, PART)) as target:
        for name in TABLES:
            write_table(target / f"{name}.parquet", name, tables[name])
    runs = int((tables["sessions"]["activity"] == "running").sum())
    print(f"{params.simulate_cohort.n_runners} simulated runners, {runs} runs")


if __name__ == "__main__":
    run_stage(main)
