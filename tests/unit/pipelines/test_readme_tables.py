"""The README's tables come from the metrics."""

import pytest

from pipelines.errors import WorkspaceError
from pipelines.paths import Places, project_root
from pipelines.readme_tables import render_tables
from pipelines.store import read_json
from tolerance.progression.trial_content import SHORT_ARMS

METRICS = {
    "recurrent_grf": {
        "new_runner": {
            "recall": 0.9957,
            "precision": 1.0,
            "contact_time_rmse_s": 0.0123,
            "n_steps": 466,
            "n_runners": 1,
            "details": {"filters": {"sacrum": "none"}},
        }
    }
}
PAGE = "before\n<!-- table: load_validation -->\nstale words\n<!-- end -->\nafter\n"


def test_a_marked_table_is_replaced_and_the_rest_stays():
    text = render_tables(PAGE, lambda _: METRICS)
    assert text.startswith("before\n<!-- table: load_validation -->\n| Data and sensor |")
    assert text.endswith("\n<!-- end -->\nafter\n")
    assert "stale" not in text
    assert (
        "| recurrent_grf, sacrum | 466 (1) | new runner | 99.6 | 100.0 | 12.3 | – | – | – |" in text
    )


def test_writing_twice_changes_nothing():
    once = render_tables(PAGE, lambda _: METRICS)
    assert render_tables(once, lambda _: METRICS) == once


def test_an_empty_table_can_be_filled():
    text = "<!-- table: load_validation -->\n<!-- end -->"
    assert "recurrent_grf" in render_tables(text, lambda _: METRICS)


def test_the_trial_is_shown_arm_by_arm_with_ranges():
    score = {"value": 0.125, "low": 0.1, "high": 0.15}
    arm = dict.fromkeys(
        ("reinjury_26w", "load_rr_26w", "reached_target_26w", "restricted_mean_weeks"), score
    )
    metrics = {"worlds": {"model": {"arms": dict.fromkeys(SHORT_ARMS, arm)}}}
    text = render_tables("<!-- table: trial -->\n<!-- end -->", lambda _: metrics)
    assert len(text.splitlines()) == 4 + len(SHORT_ARMS)
    assert "| 10 % rule | 12.5 (10.0 to 15.0) | 0.1 (0.1 to 0.1) |" in text


def test_an_unknown_table_is_named():
    with pytest.raises(WorkspaceError, match=r"'nonsense'.*load_validation"):
        render_tables("<!-- table: nonsense -->\n<!-- end -->", lambda _: METRICS)


def test_the_readme_is_as_the_metrics_say():
    """If it fails: `python -m pipelines.readme_tables write`."""
    root = project_root()
    text = (root / "README.md").read_text(encoding="utf-8")
    fresh = render_tables(text, lambda name: read_json(Places(root).metrics(name)))
    assert text == fresh
    assert "<!-- table: load_validation -->" in text
