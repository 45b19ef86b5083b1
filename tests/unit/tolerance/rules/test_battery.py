"""Capacity tests and the symmetry of their results."""

from datetime import timedelta

import pytest

from tolerance.rules.battery import (
    TESTS,
    latest_result,
    limb_symmetry_pct,
    previous_result,
    symmetry_of_latest,
)
from tolerance.rules.registry import RULES


@pytest.mark.rule("R34")
def test_eighteen_of_thirty_raises_are_sixty_percent():
    assert limb_symmetry_pct(18, 30) == pytest.approx(60.0)


@pytest.mark.rule("R34")
def test_no_reference_gives_no_symmetry():
    assert limb_symmetry_pct(18, 0) is None


@pytest.mark.rule("R34")
def test_the_symmetry_of_a_record_is_that_of_the_last_results(runner, today):
    builder = runner(side="right")
    builder.test("single_leg_calf_raises", 9, side="right", days=20)
    builder.test("single_leg_calf_raises", 18, side="right", days=2, pain=3)
    builder.test("single_leg_calf_raises", 30, side="left", days=2)
    since = today - timedelta(days=60)
    found = symmetry_of_latest(builder.record, "single_leg_calf_raises", "right", since, today)
    assert found == pytest.approx(60.0)
    assert symmetry_of_latest(builder.record, "calf_hold_s", "right", since, today) is None


@pytest.mark.rule("R33")
def test_every_test_says_how_it_is_done_and_which_rule_asks_for_it():
    for test in TESTS.values():
        assert test.words
        assert test.unit
        assert set(test.rules) <= set(RULES)


@pytest.mark.rule("R33")
def test_results_are_found_by_side_and_date(runner, today):
    builder = runner().test("calf_hold_s", 30, days=10).test("calf_hold_s", 40, days=3)
    record, since = builder.record, today - timedelta(days=60)
    last = latest_result(record, "calf_hold_s", "left", since, today)
    assert last.value == 40
    assert previous_result(record, "calf_hold_s", "left", since, last.date).value == 30
    assert latest_result(record, "calf_hold_s", "right", since, today) is None
    assert latest_result(record, "calf_hold_s", "left", today, today) is None


@pytest.mark.rule("R33")
def test_an_unknown_test_is_named(runner, today):
    with pytest.raises(KeyError, match="plank"):
        latest_result(runner().record, "plank", "left", today, today)
