"""How long `tolerance follow-up` takes over many made-up runners: new, unchanged, a few changed.

Run by hand: ``python benchmarks/clinic_200.py [--runners 200] [--profile]``. The folders are copies
of the eight examples under other names and with other pain and minutes; nothing of them is kept.
"""

import argparse
import cProfile
import io
import json
import os
import pstats
import random
import re
import shutil
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Final

from pipelines.clinic import load_workbench
from pipelines.follow_up import follow_up, render_folder
from pipelines.params import load_params
from pipelines.paths import Places, project_root

SHARE_CHANGED: Final = 0.05
SEED: Final = 1
CELL: Final = re.compile(r"(running,)(\d+(?:\.\d+)?)(,)")


def make_clinic(project: Places, clinic: Path, runners: int) -> list[Path]:
    """Copy the examples under new names, each with other minutes; return the folders."""
    rng = random.Random(SEED)
    examples = sorted(
        path for path in (project.root / "data" / "clinic").iterdir() if path.is_dir()
    )
    folders = []
    for number in range(runners):
        source = examples[number % len(examples)]
        folder = clinic / f"r{number:03d}"
        shutil.copytree(source, folder)
        for path in (*folder.rglob("*.yaml"), *folder.rglob("*.json")):
            text = path.read_text(encoding="utf-8")
            path.write_text(
                text.replace(f"runner_id: {source.name}", f"runner_id: {folder.name}").replace(
                    f'"runner_id": "{source.name}"', f'"runner_id": "{folder.name}"'
                ),
                encoding="utf-8",
            )
        diary = folder / "sessions.csv"
        factor = rng.uniform(0.9, 1.1)
        diary.write_text(
            CELL.sub(
                lambda found, by=factor: f"{found[1]}{float(found[2]) * by:.1f}{found[3]}",
                diary.read_text(encoding="utf-8"),
            ),
            encoding="utf-8",
        )
        folders.append(folder)
    return folders


def timed(clinic: Path, today: date, project: Places) -> dict[str, float]:
    """Follow up once and return seconds, those of the processors, and pages made."""
    shown = []

    def progress(name: str, done: int, total: int) -> None:
        shown.append((name, done, total))

    start, before = time.perf_counter(), _processor_seconds()
    found = follow_up(clinic, today, project, progress)
    seconds = time.perf_counter() - start
    if found.problems:
        sys.exit("\n".join(found.problems))
    if len(shown) != found.n_rendered:
        sys.exit(f"progress told of {len(shown)} reports, {found.n_rendered} were made")
    return {
        "seconds": round(seconds, 1),
        "processor_seconds": round(_processor_seconds() - before, 1),
        "n_rendered": found.n_rendered,
    }


def _processor_seconds() -> float:
    """Return what this process and its finished children used: others may use the machine too."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main() -> None:
    """Measure and print; with ``--profile`` one process, and where its time goes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runners", type=int, default=200)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    project = Places(project_root())
    today = date.fromisoformat(load_params(project.params).runner_report.example_day)
    with tempfile.TemporaryDirectory() as scratch:
        clinic = Path(scratch)
        folders = make_clinic(project, clinic, asked.runners)
        if asked.profile:
            bench = load_workbench(project)
            render_folder(folders[0], today, bench)  # compiled code and imports
            profile = cProfile.Profile(time.process_time)  # others may use the machine
            profile.enable()
            for folder in folders:
                render_folder(folder, today, bench)
            profile.disable()
            text = io.StringIO()
            pstats.Stats(profile, stream=text).sort_stats("cumulative").print_stats(70)
            print(text.getvalue())
            return
        result = {"runners": asked.runners, "cpus": os.cpu_count(), "load_before": os.getloadavg()}
        result["new"] = timed(clinic, today, project)
        result["unchanged"] = timed(clinic, today, project)
        changed = folders[:: round(1 / SHARE_CHANGED)]
        for folder in changed:
            path = folder / "profile.yaml"
            path.write_text(path.read_text(encoding="utf-8") + "# seen again\n", encoding="utf-8")
        result["few_changed"] = timed(clinic, today, project)
        if result["few_changed"]["n_rendered"] != len(changed):
            sys.exit(f"{len(changed)} folders changed, {result['few_changed']['n_rendered']} made")
        print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
