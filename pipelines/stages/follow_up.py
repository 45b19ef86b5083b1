"""Stage ``follow_up``: the list of the example runners, and two triages on the simulated cohort."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import pandas as pd

from pipelines.clinic import CONTENT, load_workbench, read_content
from pipelines.clinic_folder import check_folder, runner_folders
from pipelines.errors import WorkspaceError
from pipelines.follow_up import index_page, listed_of
from pipelines.paths import SYNTHETIC_DATASET, Places, project_root
from pipelines.stage import run_stage
from pipelines.store import read_table, write_metrics, write_text
from tolerance.config import stage_generator
from tolerance.evaluate.triage_comparison import compare_triage, week_signals

__all__ = ["main", "triage_metrics"]

SHARES: Final = (0.1, 0.2, 0.3)
"""Of the runners that are called each week."""
COHORT_TABLES: Final = ("ledger", "responses", "events")


def triage_metrics(tables: Mapping[str, pd.DataFrame], seed: int) -> dict[str, Any]:
    """Return for each share of calls what our checks and the public four find.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Of the simulated cohort.
    seed : int
    """
    signals = week_signals(tables)
    found: dict[str, Any] = {"n_runners": len(signals.runners), "data": "simulated"}
    for share in SHARES:
        results = compare_triage(signals, share, stage_generator(seed, "follow_up", "triage"))
        found[f"called_{100 * share:.0f}_percent"] = {
            name: {
                "n_calls": one.n_calls,
                "n_reinjuries": one.n_reinjuries,
                "n_found": one.n_found,
                "lead_weeks": one.lead_weeks,
            }
            for name, one in results.items()
            if one.n_found > 0
        }
    return found


def main() -> None:
    """Write the list from the contents of the examples' reports."""
    places = Places(project_root())
    bench = load_workbench(places)
    day = date.fromisoformat(bench.params.runner_report.example_day)
    listed = []
    for folder in runner_folders(places.root / "data" / "clinic"):
        content = read_content(places.example_report(folder.name) / CONTENT)
        if content is None:
            raise WorkspaceError(f"{folder.name} has no report: run the stage runner_report first")
        record = check_folder(folder, day).checked()
        link = f"clinic/{folder.name}/report.html"
        listed.append(listed_of(folder.name, link, content, record, day, bench))
    cohort = places.processed(SYNTHETIC_DATASET, "cohort")
    tables = {name: read_table(cohort / f"{name}.parquet", name) for name in COHORT_TABLES}
    write_metrics(places.metrics("triage"), triage_metrics(tables, bench.params.seed))
    write_text(places.report("clinic_follow_up"), index_page(listed, day, is_example=True))
    print(places.report("clinic_follow_up").relative_to(places.root))


if __name__ == "__main__":
    run_stage(main)
