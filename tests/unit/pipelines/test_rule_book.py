"""The rule book's page, and where rules are cited."""

import textwrap
from pathlib import Path

from pipelines.rule_book import PAGE, cited_by_code, cited_by_tests, render_page
from tolerance.rules.book import rule_book_page, rule_counts_table
from tolerance.rules.registry import RULES, rules_encoded

ROOT = Path(__file__).parents[3]


def write(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))


def test_decorators_are_read_from_code_and_marks_from_tests(tmp_path):
    write(tmp_path, "src/tolerance/a.py", """
        @rule("R01", "R02")
        def f(): ...

        @registry.rule("A01")
        class C: ...

        rule("R03")  # no decorator

        @other("R04")
        def g(): ...
    """)  # fmt: skip
    write(tmp_path, "tests/test_a.py", """
        @pytest.mark.rule("R01")
        def test_f(): ...

        @pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.rule("R05"))])
        def test_g(x): ...
    """)  # fmt: skip
    assert cited_by_code(tmp_path) == {
        rule: ["src/tolerance/a.py"] for rule in ("A01", "R01", "R02")
    }
    assert cited_by_tests(tmp_path) == {rule: ["tests/test_a.py"] for rule in ("R01", "R05")}


def test_the_page_is_current():
    assert (ROOT / PAGE).read_text(encoding="utf-8") == render_page(ROOT), (
        "run `python -m pipelines.rule_book write`"
    )


def test_every_rule_can_be_looked_up_with_its_source_and_place():
    page = rule_book_page({"R38": ["src/x.py"]}, {"R38": ["tests/test_x.py"]})
    for rule in RULES.values():
        assert f"### {rule.id}\n\n{rule.sentence} *({rule.source})*" in page
        assert rule.how in page
    assert "- Code: `src/x.py`\n- Tests: `tests/test_x.py`" in page


def test_the_table_adds_up():
    rows = [line.split("|")[1:3] for line in rule_counts_table().splitlines()[2:]]
    counts = {words.strip(): int(number) for words, number in rows}
    assert counts.pop("all") == sum(counts.values()) == len(RULES)
    assert counts["encoded: code and tests cite it"] == rules_encoded()
