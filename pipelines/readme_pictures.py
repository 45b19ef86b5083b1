"""Pictures of rendered pages for the README, taken with headless Chromium; called by hand."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from pipelines.errors import WorkspaceError
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage
from pipelines.store import new_file

__all__ = ["main"]

PICTURES: Final = {
    "screening": "screening_synthetic_03_01",
    "load_validation": "load_validation_public",
    "follow_up": "clinic_follow_up",
    "progression_trial": "progression_trial",
    "model_check": "model_check",
}
"""Name of the picture -> name of the page."""

EXAMPLE_PICTURES: Final = {
    "runner_report": ("heron", "report"),
    "runner_sheet": ("heron", "sheet"),
    "runner_red_flag": ("plover", "report"),
}
"""Name of the picture -> example runner and page."""

WIDTH_PX: Final = 900
HEIGHT_PX: Final = 1500
"""The top of a page: enough to see what it is about."""

QUIET: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


def photograph(page: Path, picture: Path) -> None:
    """Write the top of a page as PNG.

    Raises
    ------
    WorkspaceError
        If Chromium or the page is not there.
    """
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        raise WorkspaceError("Chromium was not found: install the package chromium")
    if not page.is_file():
        raise WorkspaceError(f"{page} is not there: run make repro and make repro-public first")
    with tempfile.TemporaryDirectory() as scratch:
        taken = Path(scratch) / "page.png"  # Chromium goes by the suffix
        command = [browser, *QUIET, f"--user-data-dir={scratch}/profile"]
        command += [f"--screenshot={taken}", f"--window-size={WIDTH_PX},{HEIGHT_PX}"]
        subprocess.run([*command, page.resolve().as_uri()], check=True, capture_output=True)
        with new_file(picture) as temporary:
            shutil.copyfile(taken, temporary)


def main() -> None:
    """Take every picture of the README."""
    places = Places(project_root())
    for picture, page in PICTURES.items():
        photograph(places.report(page), places.root / "docs" / "pictures" / f"{picture}.png")
    for picture, (runner, name) in EXAMPLE_PICTURES.items():
        page_path = places.example_report(runner) / f"{name}.html"
        photograph(page_path, places.root / "docs" / "pictures" / f"{picture}.png")


if __name__ == "__main__":
    run_stage(main)
