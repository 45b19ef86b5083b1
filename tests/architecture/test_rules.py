"""The rule book, the code and the tests cite the same rules."""

import pytest

from pipelines.rule_book import cited_by_code, cited_by_tests
from tolerance.rules.registry import RULES


@pytest.fixture(scope="module")
def code(root):
    return cited_by_code(root)


@pytest.fixture(scope="module")
def tests(root):
    return cited_by_tests(root)


def test_code_and_tests_cite_only_rules_of_the_book(code, tests):
    assert {rule: places for rule, places in (code | tests).items() if rule not in RULES} == {}


def test_every_encoded_rule_has_code_that_cites_it(code):
    encoded = {rule.id for rule in RULES.values() if rule.status == "encoded"}
    assert sorted(encoded - set(code)) == []


def test_every_encoded_rule_has_a_test_that_cites_it(tests):
    encoded = {rule.id for rule in RULES.values() if rule.status == "encoded"}
    assert sorted(encoded - set(tests)) == []
