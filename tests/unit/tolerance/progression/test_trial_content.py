"""The trial's page from made-up metrics: numbers reappear, figures hold every arm."""

import itertools
from pathlib import Path

import matplotlib as mpl
import pytest

from tolerance import figures
from tolerance.progression.published import PROGRAMMES
from tolerance.progression.trial import ARM_NAMES, ORACLE, OURS, TRIAL_WORLDS
from tolerance.progression.trial_content import arm_words, build_trial
from tolerance.progression.trial_figures import excess_forest, frontier_plot, reached_curves

ROOT = Path(__file__).resolve().parents[4]


def interval(value):
    return {"value": value, "low": 0.9 * value, "high": 1.1 * value}


def made_up_metrics():
    def arm(number, name):
        found = {
            "reinjury_26w": interval(0.01 + 0.002 * number),
            "any_injury_26w": interval(0.05 + 0.01 * number),
            "load_rr_26w": interval(10.0 + 3.0 * number),
            "reached_target_26w": interval(0.05 * number),
            "restricted_mean_weeks": interval(26.0 - 0.5 * number),
            "sessions_above_limit": interval(0.02 * number + 0.01),
        }
        if number > 9:
            found["median_weeks"] = 12.0
        if name in (*OURS, ORACLE):
            found["excess_over_frontier"] = {"value": -0.0123, "low": -0.02, "high": -0.001}
            found["against_frontier"] = "beyond"
        return found

    worlds = {
        world: {
            "arms": {name: arm(number, name) for number, name in enumerate(ARM_NAMES)},
            "frontier": ["dunne", "ten_percent"],
        }
        for world in TRIAL_WORLDS
    }
    worlds["ratio_hazard"]["arms"]["ours_default"]["against_frontier"] = "behind"
    return {"worlds": worlds, "n_runners_per_arm": 77, "rules_encoded": 70, "rules_total": 96}


def made_up_curves():
    curve = {"reached_target": [i / 50 for i in range(26)], "load_rr": [1.0] * 26,
             "reinjury": [0.0] * 26}  # fmt: skip
    return {world: dict.fromkeys(ARM_NAMES, curve) for world in TRIAL_WORLDS}


@pytest.fixture(scope="module")
def page(params):
    return build_trial(made_up_metrics(), made_up_curves(), params.simulate_trial, params.dose)


def test_every_arm_has_a_row_in_every_world(page):
    for world in page.worlds:
        assert [row[0] for row in world.rows] == [arm_words(arm) for arm in ARM_NAMES]
        assert all(len(row) == len(page.arm_columns) for row in world.rows)


def test_numbers_reappear_with_their_interval(page):
    assert page.worlds[0].rows[0][1] == "1.0 (0.9 to 1.1)"
    assert "77 simulated runners" in page.lead
    assert page.excess_rows[0][1].startswith("-1.23 (-2.00 to -0.10), beyond")


def test_where_ours_is_behind_the_page_says_so(page):
    assert any("Behind the frontier: ours, default in ratio hazard" in s for s in page.summary)
    assert any("simulated" in sentence for sentence in page.simulated_words)


def test_a_median_that_was_not_reached_is_words(page):
    cells = {row[6] for row in page.worlds[0].rows}
    assert cells == {"not reached by half", "12"}


def test_every_programme_is_listed_with_what_could_not_be_read(page):
    assert len(page.programme_rows) == len(PROGRAMMES)
    assert all(row[4] for row in page.programme_rows)


def test_the_two_caps_of_risk_are_said_to_agree(page):
    assert any("25 %" in sentence and "agree" in sentence for sentence in page.limits)


def test_figures_name_what_they_show(page):
    with mpl.rc_context(figures.STYLE):
        figure, (first, second, third) = figures.new_figure(12.0, 4.0, 3)
        frontier_plot(first, page.worlds[0].points, page.worlds[0].frontier)
        reached_curves(second, page.curves)
        excess_forest(third, page.excess)
        figure.canvas.draw()
    names = {text.get_text() for text in first.texts}
    assert {"ours, default", "oracle", "Dunne", "10 % rule"} <= names
    assert {"ours, default", "oracle"} <= {text.get_text() for text in second.texts}
    assert "better" in third.get_xlabel()
    heights = sorted(text.get_position()[1] for text in second.texts)
    assert all(later - earlier > 3.0 for earlier, later in itertools.pairwise(heights))
