"""Reading what the workbench page is made of."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.paths import SYNTHETIC_DATASET, Places
from pipelines.store import read_json
from tolerance.model.workbench import workbench_tables

__all__ = ["FOUND", "PART", "Notes", "read_workbench"]

PART: Final = "prior_workbench"
FOUND: Final = "workbench.json"


@dataclass(frozen=True)
class Notes:
    """Sentences of the page."""

    lead: str
    simulated: tuple[str, ...]
    summary: tuple[str, ...]


def read_workbench(
    root: Path,
) -> tuple[dict[str, tuple[list[str], list[list[str]]]], Notes]:
    """Read what the stage found; return the page's tables and sentences.

    Parameters
    ----------
    root : Path
        Folder that holds ``data``.
    """
    found = read_json(Places(root).processed(SYNTHETIC_DATASET, PART) / FOUND)
    year, elicited = found["year"], found["elicitation"]
    largest = max(found["power_scaling"], key=lambda row: abs(row["eight_week_dose"]))
    inside = sum(row["inside"] for row in found["spikes"])
    notes = Notes(
        lead="What the model believes before a runner has said anything, and what hangs on it.",
        simulated=(
            "Prior draws and simulated runners; no real injury went into this page.",
            "Numbers marked [U] in params.yaml are judgements.",
        ),
        summary=(
            f"Of 100 runners on usual care, {100 * year['any_injury_mean']:.0f} are injured within "
            f"a year, {100 * year['same_tissue_mean']:.0f} at the same tissue.",
            f"{inside} of {len(found['spikes'])} hazard ratios of a long session lie inside the "
            "published interval.",
            f"The first eight weeks' dose comes to {found['eight_week_dose_rr']:.1f} reference "
            f"runs and hangs most on the prior of {largest['prior']}.",
            f"Such runners bear {elicited['minutes'][0]:.0f} minutes a week "
            f"({elicited['minutes'][1]:.0f} to {elicited['minutes'][2]:.0f}).",
        ),
    )
    return workbench_tables(found), notes
