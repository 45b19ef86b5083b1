"""English of the clinic's pages stands in one place, so that another language can be added."""

import ast
import re
from pathlib import Path

import pytest

from tolerance.clinic.words import LIGHTS, SAYINGS

CLINIC = Path(__file__).resolve().parents[2] / "src" / "tolerance" / "clinic"
PAGES = ("page.py", "report.py", "rehabilitation.py")
SENTENCE = re.compile(r"[A-Za-z]{2,} [a-z]{2,}")


def literals(path):
    """Return the string literals of a module that are neither docstrings nor markup."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in said
        and "<" not in node.value
    ]


@pytest.mark.parametrize("name", PAGES)
def test_pages_hold_no_sentence_of_their_own(name):
    assert [text for text in literals(CLINIC / name) if SENTENCE.search(text)] == []


def test_every_saying_is_used_and_every_use_is_a_saying():
    texts = [text for name in PAGES for text in literals(CLINIC / name)]
    built = ("origin_", "race_", "known")
    unused = {key for key in SAYINGS if key not in texts and not key.startswith(built)}
    assert unused == set()
    source = "".join((CLINIC / name).read_text(encoding="utf-8") for name in PAGES)
    asked = set(re.findall(r'(?:say|_columns|_subtitle)\(\s*"([a-z_]+)"', source))
    assert asked <= set(SAYINGS)


def test_every_light_has_a_word_and_a_shape():
    assert all(word and shape and meaning for _, word, shape, meaning in LIGHTS.values())
