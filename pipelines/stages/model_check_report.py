"""Stage ``model_check_report``: the page on what the model gets right, and what not."""

from pipelines.notebooks import render
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage

__all__ = ["main"]

REPORT = "model_check"


def main() -> None:
    """Render the page."""
    places = Places(project_root())
    page = places.report(REPORT)
    render(places.notebook(REPORT), {"root": "."}, page, "Check of the tolerance model")
    print(f"{page.relative_to(places.root)}")


if __name__ == "__main__":
    run_stage(main)
