"""What is believed of a runner as one file: the last good posterior, dated.

Arrays only, read without executing anything; a damaged file counts as none.
"""

import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipelines.store import new_file
from tolerance.anatomy import Unit
from tolerance.model.population import PopulationDraws
from tolerance.model.runner import RunnerState

__all__ = ["read_state", "write_state"]

ARRAYS: Final = (
    "is_index",
    "log_tolerance",
    "deficit",
    "log_frailty",
    "fatigue_rr",
    "fatigue_log_var",
    "chronic_rr",
    "days_since_injury",
    "healing_factor",
    "n_reports",
    "is_personal",
)
POPULATION: Final = "population_"


def write_state(path: Path, state: RunnerState) -> None:
    """Write a state, replacing the one before only when it is whole."""
    population = state.population
    facts = {
        "runner_id": state.runner_id,
        "as_of": state.as_of.isoformat(),
        "units": [[unit.site, unit.tissue, unit.side] for unit in state.units],
        "ess": state.ess,
        "origin": population.origin,
        "chronic_offset_rr": population.chronic_offset_rr,
        "chronic_reference_rr": population.chronic_reference_rr,
    }
    arrays: dict[str, Any] = {name: getattr(state, name) for name in ARRAYS}
    arrays |= {f"{POPULATION}{name}": value for name, value in population.arrays().items()}
    with new_file(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, facts=np.array(json.dumps(facts)), **arrays)


def read_state(path: Path) -> RunnerState | None:
    """Read a state; None where there is none that can be used."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            facts = json.loads(str(stored["facts"]))
            population = PopulationDraws(
                origin=facts["origin"],
                chronic_offset_rr=facts["chronic_offset_rr"],
                chronic_reference_rr=facts["chronic_reference_rr"],
                **{
                    name.removeprefix(POPULATION): stored[name]
                    for name in stored.files
                    if name.startswith(POPULATION)
                },
            )
            return RunnerState(
                runner_id=facts["runner_id"],
                as_of=date.fromisoformat(facts["as_of"]),
                units=tuple(Unit(*unit) for unit in facts["units"]),
                population=population,
                ess=facts["ess"],
                **{name: stored[name] for name in ARRAYS},
            )
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, EOFError):
        return None
