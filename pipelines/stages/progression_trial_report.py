"""Stage ``progression_trial_report``: the page of the in-silico trial."""

from pipelines.notebooks import render
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage

__all__ = ["main"]

METRICS = "progression"
"""Metrics file of the trial."""


def main() -> None:
    """Render the page."""
    places = Places(project_root())
    page = places.report("progression_trial")
    parameters = {"root": ".", "metrics_name": METRICS}
    render(places.notebook("progression_trial"), parameters, page, "In-silico trial")
    print(f"{page.relative_to(places.root)}")


if __name__ == "__main__":
    run_stage(main)
