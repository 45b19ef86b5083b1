"""Stage ``runner_report``: the pages of one example runner.

Real runners' folders never pass through here; the command line renders them beside their data.
"""

import argparse
from datetime import date, timedelta
from pathlib import Path

from pipelines.clinic import CONTENT, Workbench, load_workbench, make_content
from pipelines.clinic_folder import check_folder
from pipelines.clinic_pages import render_pages
from pipelines.clinic_recordings import measure
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage
from pipelines.store import new_directory, write_json
from tolerance.clinic.content import ReportContent

__all__ = ["main", "run"]

WEEK: int = 7


def run(folder: Path, day: date, bench: Workbench) -> ReportContent:
    """Return the content of an example's report; the one a week earlier is its last report."""
    read = check_folder(folder, day)
    record = read.checked()
    measured = measure(folder, record, bench.project, None)
    before = make_content(record, day - timedelta(days=WEEK), bench, measured, is_example=True)
    return make_content(
        record,
        day,
        bench,
        measured,
        previous=before.content,
        last_plan=before.plan,
        is_example=True,
    ).content


def main() -> None:
    """Render the pages of the runner named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runner", required=True, help="folder of data/clinic")
    runner_id = parser.parse_args().runner
    places = Places(project_root())
    bench = load_workbench(places)
    day = date.fromisoformat(bench.params.runner_report.example_day)
    content = run(places.example_runner(runner_id), day, bench)
    with new_directory(places.example_report(runner_id)) as folder:
        write_json(folder / CONTENT, content.model_dump(mode="json"))
        render_pages(folder / CONTENT, runner_id, folder, places)
    print(places.example_report(runner_id).relative_to(places.root))


if __name__ == "__main__":
    run_stage(main)
