"""Posteriors on disk: draws, their flat table, priors made of them, and which one is in force."""

import json
from pathlib import Path
from typing import Any, Final

import pandas as pd

from pipelines.errors import WorkspaceError
from pipelines.store import new_directory, read_json, write_json
from tolerance.config import TolerancePriors
from tolerance.model.design import Design
from tolerance.model.fit import (
    Posterior,
    draws_table,
    population_of_table,
    posterior_as_prior,
    posterior_groups,
)
from tolerance.model.population import PopulationDraws

__all__ = ["POSTERIOR", "load_posterior", "write_posterior"]

POSTERIOR: Final = "posterior"
"""Folder, below the model's, of the posterior in force."""

DRAWS: Final = "draws.parquet"
ABOUT: Final = "about.json"
AS_PRIOR: Final = "as_prior.json"
NETCDF: Final[Any] = {"engine": "scipy", "format": "NETCDF3_64BIT"}
"""The classic format: written by SciPy alone, the same bytes for the same draws. It has no groups,
so each group of the fit is a file."""


def write_posterior(
    folder: Path,
    posterior: Posterior,
    design: Design,
    runner_ids: list[str],
    priors: TolerancePriors,
    about: dict[str, Any],
) -> None:
    """Write a fit: versioned netCDF, flat table of draws, priors made of them, what it is.

    Parameters
    ----------
    folder : Path
        Replaced as a whole.
    posterior, design, runner_ids
        The fit and whose it is.
    priors : TolerancePriors
        Of the fit.
    about : dict
        Data set, gate; no clock.
    """
    source = f"posterior of {about['data']}"
    with new_directory(folder) as target:
        for name, group in posterior_groups(posterior, runner_ids, design).items():
            group.to_netcdf(target / f"{name}.nc", **NETCDF)
        draws_table(posterior.population).to_parquet(target / DRAWS, index=False)
        next_priors = posterior_as_prior(posterior.population, priors, source)
        write_json(target / AS_PRIOR, json.loads(next_priors.model_dump_json()))
        write_json(target / ABOUT, {"origin": posterior.population.origin, **about})


def load_posterior(folder: Path) -> PopulationDraws:
    """Read the draws of a posterior that passed its gate.

    Raises
    ------
    WorkspaceError
        If there is none, or it did not pass.
    """
    if not (folder / ABOUT).is_file():
        raise WorkspaceError(f"{folder.name}: no posterior is here; run `dvc repro fit_tolerance`")
    about = read_json(folder / ABOUT)
    if not about["gate"]["passed"]:
        raise WorkspaceError(
            f"{folder.name}: no fit has passed the diagnostics gate yet: "
            f"{'; '.join(about['gate']['problems'])}"
        )
    return population_of_table(pd.read_parquet(folder / DRAWS), about["origin"])
