"""Stage ``screening_report``: the load screening page of one runner's session."""

import argparse

from pipelines.notebooks import render
from pipelines.paths import Places, check_identifier, project_root
from pipelines.stage import run_stage

__all__ = ["main", "report_name"]


def report_name(dataset_id: str, runner_id: str, session_id: str) -> str:
    """Return the name of the page's file, without suffix."""
    parts = ("screening", dataset_id, runner_id, session_id)
    return "_".join(check_identifier(part, "identifier") for part in parts)


def main() -> None:
    """Render the page of the session named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("dataset", "runner", "session"):
        parser.add_argument(f"--{name}", required=True, help=f"id of the {name}")
    given = parser.parse_args()
    places = Places(project_root())
    name = report_name(given.dataset, given.runner, given.session)
    parameters = {
        "root": ".",
        "dataset_id": given.dataset,
        "runner_id": given.runner,
        "session_id": given.session,
    }
    render(places.notebook("screening"), parameters, places.report(name), "Load screening")
    print(f"{places.report(name).relative_to(places.root)}")


if __name__ == "__main__":
    run_stage(main)
