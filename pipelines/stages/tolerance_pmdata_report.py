"""Stage ``tolerance_pmdata_report``: the page on the soreness diary, people and days left out."""

from pipelines.notebooks import render
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage

__all__ = ["main"]

PAGE = "tolerance_pmdata"


def main() -> None:
    """Render the page."""
    places = Places(project_root())
    page = places.report(PAGE)
    render(places.notebook(PAGE), {"root": "."}, page, "Soreness and load: PMData")
    print(f"{page.relative_to(places.root)}")


if __name__ == "__main__":
    run_stage(main)
