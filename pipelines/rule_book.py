"""Where rules are cited, and the page ``docs/rules.md`` that says so.

``python -m pipelines.rule_book write`` writes the page; ``check`` says whether it would change
anything, exit code 1. Citations are read from the sources, not by running them: code cites with
``@rule("R38")``, a test with ``@pytest.mark.rule("R38")``.
"""

import ast
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from pipelines.paths import project_root
from pipelines.store import write_text
from tolerance.rules.book import rule_book_page

__all__ = ["cited_by_code", "cited_by_tests", "render_page"]

PAGE: Final = Path("docs", "rules.md")
CODE: Final = ("src/tolerance", "pipelines")
TESTS: Final = ("tests",)

type _Find = Callable[[ast.Module], Iterator[ast.Call]]


def cited_by_code(root: Path) -> dict[str, list[str]]:
    """Return, by rule, the files in which a decorator ``rule(…)`` cites it."""
    return _cited(root, CODE, _decorated)


def cited_by_tests(root: Path) -> dict[str, list[str]]:
    """Return, by rule, the test files in which a mark ``pytest.mark.rule(…)`` cites it."""
    return _cited(root, TESTS, _marked)


def render_page(root: Path) -> str:
    """Return the page as it ought to be."""
    return rule_book_page(cited_by_code(root), cited_by_tests(root))


def _cited(root: Path, folders: Iterable[str], find: _Find) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            for call in find(ast.parse(path.read_text(encoding="utf-8"))):
                for argument in call.args:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        place = path.relative_to(root).as_posix()
                        found.setdefault(argument.value, set()).add(place)
    return {rule: sorted(places) for rule, places in sorted(found.items())}


def _decorated(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func).split(".")[-1] == "rule":
                    yield mark


def _marked(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.rule":
            yield node


def main() -> None:
    """Write or check, as the only argument says."""
    root = project_root()
    path = root / PAGE
    match sys.argv[1:]:
        case ["write"]:
            write_text(path, render_page(root))
        case ["check"]:
            if not path.is_file() or path.read_text(encoding="utf-8") != render_page(root):
                sys.exit(f"{PAGE} is stale: run `python -m pipelines.rule_book write`.")
        case _:
            sys.exit("usage: python -m pipelines.rule_book write|check")


if __name__ == "__main__":
    main()
