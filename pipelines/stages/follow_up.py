"""Stage ``follow_up``: the list of the example runners, in order of need."""

from datetime import date

from pipelines.clinic import CONTENT, load_workbench, read_content
from pipelines.clinic_folder import check_folder, runner_folders
from pipelines.errors import WorkspaceError
from pipelines.follow_up import index_page, listed_of
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage
from pipelines.store import write_text

__all__ = ["main"]


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
    write_text(places.report("clinic_follow_up"), index_page(listed, day, is_example=True))
    print(places.report("clinic_follow_up").relative_to(places.root))


if __name__ == "__main__":
    run_stage(main)
