"""The rule book as a page and as a table, for people."""

from collections.abc import Mapping, Sequence
from typing import Final

from tolerance.rules.battery import TESTS
from tolerance.rules.gates import OVERRIDES, START_TESTS
from tolerance.rules.red_flags import FLAGS
from tolerance.rules.registry import (
    CONTRADICTIONS,
    RULES,
    SOURCES,
    Rule,
    Status,
    rules_by_status,
    rules_encoded,
    rules_total,
)

__all__ = ["rule_book_page", "rule_counts_table"]

STATUS_WORDS: Final[Mapping[Status, str]] = {
    "encoded": "encoded: code and tests cite it",
    "intake": "asked and kept in the record",
    "covered_by": "covered by another part",
    "out_of_scope": "left out on purpose",
}

INTRODUCTION: Final = """# The rule book

Written by `python -m pipelines.rule_book write` from `src/tolerance/rules/registry.py`; do not edit
here. Every plan, page and referral names the rules that fired by these numbers. R-rules come from
five founding documents, A-rules were added for safety. Numbers that a rule needs stand in
`params.yaml` under `rules`; a veto has none. Nothing here diagnoses, and a red flag wins over
everything else."""


def rule_counts_table() -> str:
    """Return how many rules there are of each status, in Markdown."""
    lines = ["| Rules | Number |", "|---|---:|"]
    lines += [
        f"| {STATUS_WORDS[status]} | {count} |" for status, count in rules_by_status().items()
    ]
    lines.append(f"| all | {rules_total()} |")
    return "\n".join(lines)


def rule_book_page(code: Mapping[str, Sequence[str]], tests: Mapping[str, Sequence[str]]) -> str:
    """Return the rule book in Markdown.

    Parameters
    ----------
    code, tests : mapping of str to sequence of str
        By rule, the files that cite it.
    """
    parts = [
        INTRODUCTION,
        f"{rules_encoded()} of {rules_total()} rules are encoded.",
        rule_counts_table(),
        "## Sources",
        "\n".join(f"- **{key}**: {words}" for key, words in SOURCES.items()),
        "## Where the sources contradict each other",
        "Never hidden: the default, and how to change it.",
        "\n".join(f"- **{_plain(name)}** ({_cited(name)}): {text}"
                  for name, text in CONTRADICTIONS.items()),
        "## Red flags",
        "Each gives a referral and no plan, until somebody other than the runner records a "
        "clearance under its name. Near hip, groin and pelvis those of bone are for today.",
        _flags_table(),
        "## Tests",
        "Names as in the record. Tests with impact are withheld while a bone stress injury is "
        "suspected (A02).",
        _tests_table(),
        "## Function before the first run-walk, by injury",
        "Besides: red-flag screen complete, pain of daily life within the limit, a brisk walk "
        "tolerated, and after surgery, fracture or bone stress a recorded clearance and the "
        "minimum time.",
        _start_table(),
        "## What a clinician may override",
        "Word in the record's overrides; the runner's own word overrides nothing.",
        "\n".join(f"- `{name}`: {words}." for name, words in OVERRIDES.items()),
        "## The rules",
        *(_entry(rule, code.get(rule.id, ()), tests.get(rule.id, ())) for rule in RULES.values()),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _cited(name: str) -> str:
    return ", ".join(rule.id for rule in RULES.values() if rule.switch == name)


def _entry(rule: Rule, code: Sequence[str], tests: Sequence[str]) -> str:
    lines = [
        f"### {rule.id}",
        f"{rule.sentence} *({rule.source})*",
        f"- {STATUS_WORDS[rule.status].capitalize()}. {rule.how}",
    ]
    if rule.switch:
        lines.append(f"- Sources contradict each other: {_plain(rule.switch)}.")
    if rule.basis:
        lines.append(f"- Basis: {rule.basis}")
    if code:
        lines.append(f"- Code: {', '.join(f'`{place}`' for place in code)}")
    if tests:
        lines.append(f"- Tests: {', '.join(f'`{place}`' for place in tests)}")
    return "\n\n".join((*lines[:2], "\n".join(lines[2:])))


def _flags_table() -> str:
    lines = ["| Name | Reported | Urgency | Rules |", "|---|---|---|---|"]
    lines += [
        f"| `{name}` | {flag.reported} | {_plain(flag.urgency)} | {', '.join(flag.rules)} |"
        for name, flag in FLAGS.items()
    ]
    return "\n".join(lines)


def _tests_table() -> str:
    lines = ["| Name | How | Unit | Impact | Rules |", "|---|---|---|---|---|"]
    lines += [
        f"| `{name}` | {test.words}{'' if test.gates else ' (shown only)'} | {test.unit} | "
        f"{'yes' if test.impact else 'no'} | {', '.join(test.rules)} |"
        for name, test in TESTS.items()
    ]
    return "\n".join(lines)


def _start_table() -> str:
    lines = ["| Injury | Tests |", "|---|---|"]
    lines += [
        f"| {_plain(injury)} | {', '.join(TESTS[name].label for name in names)} |"
        for injury, names in START_TESTS.items()
    ]
    return "\n".join(lines)
