"""Tables of the README, written from metrics files so that nobody types a number.

``python -m pipelines.readme_tables write`` replaces what stands between the marks
``<!-- table: NAME -->`` and ``<!-- end -->``; ``check`` says whether it would change anything, exit
code 1.
"""

import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pipelines.benchmarks import benchmarks_table
from pipelines.errors import WorkspaceError
from pipelines.paths import Places, project_root
from pipelines.store import read_json, write_text
from tolerance.evaluate.check_tables import (
    FORECAST_COLUMNS,
    LARGE_COHORT_COLUMNS,
    RECOVERY_COLUMNS,
    SORENESS_COLUMNS,
    forecast_rows,
    large_cohort_rows,
    recovery_rows,
    soreness_rows,
)
from tolerance.evaluate.targets import TARGET_COLUMNS, TARGET_METRICS, target_rows
from tolerance.evaluate.validation_content import SUMMARY_COLUMNS, summary_rows
from tolerance.progression.trial_content import SHORT_COLUMNS, short_rows
from tolerance.rules.book import rule_counts_table

__all__ = ["TABLES", "render_tables", "targets_table", "trial_table", "validation_table"]

_MARKED: Final = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def _table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], words: Collection[int] = (0,)
) -> str:
    """Return a Markdown table; columns of numbers, all but the named ones, stand to the right."""
    marks = ["---" if i in words else "---:" for i in range(len(columns))]
    lines = ["| " + " | ".join(columns) + " |", "|" + "|".join(marks) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def validation_table(metrics: Mapping[str, Any]) -> str:
    """Return the validation table in Markdown."""
    return _table(SUMMARY_COLUMNS, summary_rows(metrics), words=(0, 2))


def rules_table(_: Mapping[str, Any]) -> str:
    """Return how many rules of the rule book are encoded, in Markdown; metrics hold the same."""
    return rule_counts_table()


def targets_table(metrics: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the table of targets in Markdown, from several metrics files by their name."""
    return _table(TARGET_COLUMNS, target_rows(metrics), words=(0, 1, 5, 6))


def trial_table(metrics: Mapping[str, Any]) -> str:
    """Return the short table of the in-silico trial in Markdown."""
    return _table(SHORT_COLUMNS, short_rows(metrics))


def forecasts_table(metrics: Mapping[str, Any]) -> str:
    """Return how pain is forecast in every simulated world, in Markdown."""
    return _table(FORECAST_COLUMNS, forecast_rows(metrics), words=(0, 1))


def recovery_table(metrics: Mapping[str, Any]) -> str:
    """Return recovery and calibration of the fit, in Markdown."""
    return _table(RECOVERY_COLUMNS, recovery_rows(metrics))


def large_cohorts_table(metrics: Mapping[str, Any]) -> str:
    """Return the approximation for large cohorts beside the sampler, in Markdown."""
    return _table(LARGE_COHORT_COLUMNS, large_cohort_rows(metrics))


def soreness_table(metrics: Mapping[str, Any]) -> str:
    """Return the scores of next-day soreness, in Markdown."""
    return _table(SORENESS_COLUMNS, soreness_rows(metrics), words=(0, 1))


TABLES: Final[Mapping[str, tuple[str | tuple[str, ...], Callable[[Mapping[str, Any]], str]]]] = {
    "load_validation": ("load_validation", validation_table),
    "load_targets": (TARGET_METRICS, targets_table),
    "benchmarks": ("benchmarks", benchmarks_table),
    "rules": ((), rules_table),
    "trial": ("progression", trial_table),
    "forecasts": ("checks_tolerance", forecasts_table),
    "recovery": ("checks_tolerance", recovery_table),
    "large_cohorts": ("checks_tolerance", large_cohorts_table),
    "soreness": ("tolerance_pmdata", soreness_table),
}
"""Metrics file and rendering of each table by the name in its mark; of several files, rendering
gets their contents by their names."""


def render_tables(text: str, read_metrics: Callable[[str], Mapping[str, Any]]) -> str:
    """Return a page with every marked table written anew.

    Parameters
    ----------
    text : str
        Markdown.
    read_metrics : callable
        Gives the content of a metrics file by its name.

    Raises
    ------
    WorkspaceError
        If a mark names a table that nobody makes.
    """

    def written(match: re.Match[str]) -> str:
        if match[2] not in TABLES:
            raise WorkspaceError(
                f"table {match[2]!r} is marked in the text; expected one of {', '.join(TABLES)}"
            )
        files, render = TABLES[match[2]]
        if isinstance(files, str):
            metrics = read_metrics(files)
        else:
            metrics = {name: read_metrics(name) for name in files}
        return f"{match[1]}{render(metrics)}\n{match[3]}"

    return _MARKED.sub(written, text)


def main() -> None:
    """Write or check, as the only argument says."""
    root: Path = project_root()
    places = Places(root)
    path = root / "README.md"
    text = path.read_text(encoding="utf-8")
    fresh = render_tables(text, lambda name: read_json(places.metrics(name)))
    match sys.argv[1:]:
        case ["write"]:
            write_text(path, fresh)
        case ["check"]:
            if fresh != text:
                sys.exit("README.md is stale: run `python -m pipelines.readme_tables write`.")
        case _:
            sys.exit("usage: python -m pipelines.readme_tables write|check")


if __name__ == "__main__":
    main()
