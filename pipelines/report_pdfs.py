"""Every rendered report on paper: PDFs beside the pages' folder, outside the pipeline."""

from pathlib import Path
from typing import Final

from pipelines.clinic_pages import print_page
from pipelines.errors import WorkspaceError
from pipelines.paths import project_root
from pipelines.stage import run_stage

__all__ = ["main", "print_reports"]

REPORTS: Final = Path("data") / "reports"
PDFS: Final = Path("data") / "pdf"


def print_reports(root: Path) -> list[Path]:
    """Print every page below ``data/reports`` to the same place below ``data/pdf``.

    Raises
    ------
    WorkspaceError
        If Chromium is missing, or there is no page yet.
    """
    pages = sorted((root / REPORTS).rglob("*.html"))
    if not pages:
        raise WorkspaceError(f"there is no page below {REPORTS}: run make repro first")
    printed = []
    for page in pages:
        pdf = (root / PDFS / page.relative_to(root / REPORTS)).with_suffix(".pdf")
        print_page(page, pdf)
        printed.append(pdf)
    return printed


def main() -> None:
    """Print all pages."""
    root = project_root()
    for pdf in print_reports(root):
        print(pdf.relative_to(root))


if __name__ == "__main__":
    run_stage(main)
