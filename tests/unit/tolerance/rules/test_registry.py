"""The rule book holds every rule, and nobody cites one that it does not hold."""

import pytest

from tolerance.rules.registry import (
    CONTRADICTIONS,
    RULES,
    SOURCES,
    rule,
    rules_by_status,
    rules_encoded,
    rules_total,
)

R_RULES = [f"R{number:02d}" for number in range(1, 81)]
A_RULES = [f"A{number:02d}" for number in range(1, 17)]


def test_every_rule_is_there_once_and_in_order():
    assert list(RULES) == R_RULES + A_RULES
    assert rules_total() == 96


def test_at_least_sixty_five_rules_are_encoded():
    assert rules_encoded() >= 65
    assert sum(rules_by_status().values()) == rules_total()


@pytest.mark.parametrize("name", RULES)
def test_a_rule_says_what_where_from_and_how(name):
    entry = RULES[name]
    assert entry.sentence.endswith(".")
    assert entry.how.endswith(".")
    assert entry.source in SOURCES
    assert (entry.source == "A") == (name[0] == "A") == bool(entry.basis)
    assert not entry.switch or entry.switch in CONTRADICTIONS


def test_every_contradiction_is_tied_to_a_rule():
    assert {entry.switch for entry in RULES.values()} - {""} == set(CONTRADICTIONS)


def test_citing_a_rule_leaves_the_function_as_it_is():
    def double(value):
        return 2 * value

    assert rule("R38", "A11")(double) is double


@pytest.mark.parametrize("ids", [(), ("R00",), ("R81",), ("R38", "A17")])
def test_citing_an_unknown_rule_or_none_is_refused(ids):
    with pytest.raises(ValueError, match="expected ids of the rule book"):
        rule(*ids)
