"""Tables of the README, written from metrics files so that nobody types a number.

``python -m pipelines.readme_tables write`` replaces what stands between the marks
``<!-- table: NAME -->`` and ``<!-- end -->``; ``check`` says whether it would change anything, exit
code 1.
"""

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from pipelines.benchmarks import benchmarks_table
from pipelines.errors import WorkspaceError
from pipelines.paths import Places, project_root
from pipelines.store import read_json, write_text
from tolerance.evaluate.targets import TARGET_COLUMNS, TARGET_METRICS, target_rows
from tolerance.evaluate.validation_content import SUMMARY_COLUMNS, summary_rows
from tolerance.progression.trial_content import SHORT_COLUMNS, short_rows
from tolerance.rules.book import rule_counts_table

__all__ = ["TABLES", "render_tables", "targets_table", "trial_table", "validation_table"]

_MARKED: Final = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def validation_table(metrics: Mapping[str, Any]) -> str:
    """Return the validation table in Markdown."""
    lines = [
        "| " + " | ".join(SUMMARY_COLUMNS) + " |",
        "|---|---:|---|" + "---:|" * (len(SUMMARY_COLUMNS) - 3),
    ]
    lines += ["| " + " | ".join(row) + " |" for row in summary_rows(metrics)]
    return "\n".join(lines)


def rules_table(_: Mapping[str, Any]) -> str:
    """Return how many rules of the rule book are encoded, in Markdown; metrics hold the same."""
    return rule_counts_table()


def targets_table(metrics: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the table of targets in Markdown, from several metrics files by their name."""
    lines = [
        "| " + " | ".join(TARGET_COLUMNS) + " |",
        "|---|---|---:|---:|---:|---|---|",
    ]
    lines += ["| " + " | ".join(row) + " |" for row in target_rows(metrics)]
    return "\n".join(lines)


def trial_table(metrics: Mapping[str, Any]) -> str:
    """Return the short table of the in-silico trial in Markdown."""
    lines = [
        "| " + " | ".join(SHORT_COLUMNS) + " |",
        "|---|" + "---:|" * (len(SHORT_COLUMNS) - 1),
    ]
    lines += ["| " + " | ".join(row) + " |" for row in short_rows(metrics)]
    return "\n".join(lines)


TABLES: Final[Mapping[str, tuple[str | tuple[str, ...], Callable[[Mapping[str, Any]], str]]]] = {
    "load_validation": ("load_validation", validation_table),
    "load_targets": (TARGET_METRICS, targets_table),
    "benchmarks": ("benchmarks", benchmarks_table),
    "rules": ((), rules_table),
    "trial": ("progression", trial_table),
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
