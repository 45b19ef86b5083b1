"""Targets are looked up in metrics, never typed, and a miss says what was tried."""

import pytest

from tolerance.evaluate.targets import TARGET_COLUMNS, TARGET_METRICS, TARGETS, Target, target_rows


def _target(kind, reach, **more):
    return Target("q", "d", "load_validation", "set.new_runner.x", kind, reach, **more)


@pytest.mark.parametrize(
    ("kind", "reach", "value", "meets"),
    [
        ("at most", 5.0, -5.0, True),
        ("at most", 5.0, -5.2, False),
        ("at least", 0.97, 0.97, True),
        ("at least", 0.97, 0.96, False),
        ("within", (86.0, 94.0), 94.0, True),
        ("within", (86.0, 94.0), 95.0, False),
    ],
)
def test_a_goal_is_met_by_the_value_as_shown(kind, reach, value, meets):
    assert _target(kind, reach).meets(value, reach) is meets


def test_a_value_is_found_in_its_file_and_shown_in_its_unit():
    target = _target("at most", 6.0, factor=1000.0, unit="ms")
    metrics = {"load_validation": {"set": {"new_runner": {"x": 0.0048}}}}
    assert target.value(metrics) == pytest.approx(4.8)
    assert target.value({}) is None


def test_every_row_is_complete_without_any_metrics():
    rows = target_rows({})
    assert len(rows) == len(TARGETS)
    assert {len(row) for row in rows} == {len(TARGET_COLUMNS)}
    assert {row[5] for row in rows} == {"not measured"}


def test_a_met_row_says_nothing_of_what_was_tried_and_a_missed_one_does():
    metrics = {"load_validation": {"gdlbio_foot": {"new_runner": {"stride_start_mae_s": 0.012}}}}
    of_timing = next(row for row in target_rows(metrics) if "running, MAE" in row[0])
    assert of_timing[4:6] == ["12.0 ms", "no"]
    assert "SHOE" in of_timing[6]
    metrics["load_validation"]["gdlbio_foot"]["new_runner"]["stride_start_mae_s"] = 0.0021
    of_timing = next(row for row in target_rows(metrics) if "running, MAE" in row[0])
    assert of_timing[5:] == ["moonshot", ""]


def test_targets_look_into_the_files_that_are_read():
    assert {target.metrics for target in TARGETS} <= set(TARGET_METRICS)
