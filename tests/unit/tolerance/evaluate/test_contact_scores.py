"""Contacts against reference: errors that are known, misses and false steps apart from them."""

import numpy as np
import pandas as pd
import pytest

from tolerance.evaluate.contact_scores import found_contacts, score_contacts
from tolerance.evaluate.score_tables import Scores, gather

TOLERANCE_S = 0.12


@pytest.fixture
def score(recording, contacts, conditions, nothing):
    def scored(steps: pd.DataFrame, excluded: pd.DataFrame = nothing, **changed) -> Scores:
        row = recording.copy()
        row.update(pd.Series(changed, dtype=object))
        found = found_contacts(steps)
        return gather(
            [score_contacts("new_runner", row, found, contacts, conditions, excluded, TOLERANCE_S)]
        )

    return scored


def errors(scored: Scores, quantity: str) -> np.ndarray:
    table = scored.scores
    return table.loc[table["quantity"] == quantity, "error"].to_numpy()


def counts(scored: Scores, event: str) -> tuple[int, int, int]:
    row = scored.detections[scored.detections["event"] == event].iloc[0]
    return row["n_reference"], row["n_found"], row["n_paired"]


def test_a_perfect_analysis_has_no_error(score, steps):
    scored = score(steps)
    assert counts(scored, "contact") == (39, 39, 39)
    for quantity in ("initial_contact", "terminal_contact", "contact_time", "peak_force"):
        np.testing.assert_allclose(errors(scored, quantity), 0.0, atol=1e-12)
        assert errors(scored, quantity).size == 39
    np.testing.assert_allclose(errors(scored, "flight_time"), 0.0, atol=1e-12)


def test_a_shift_is_the_bias_of_both_events_and_none_of_their_difference(score, steps):
    shifted = steps.assign(
        initial_contact_s=steps["initial_contact_s"] + 0.010,
        terminal_contact_s=steps["terminal_contact_s"] + 0.010,
    )
    scored = score(shifted)
    np.testing.assert_allclose(errors(scored, "initial_contact"), 0.010)
    np.testing.assert_allclose(errors(scored, "terminal_contact"), 0.010)
    np.testing.assert_allclose(errors(scored, "contact_time"), 0.0, atol=1e-12)
    assert counts(scored, "contact") == (39, 39, 39)


def test_a_lost_step_is_a_miss_and_leaves_the_errors_of_the_others(score, steps):
    scored = score(steps.drop(index=[5, 6]))
    assert counts(scored, "contact") == (39, 37, 37)
    assert set(scored.scores["item_id"]) == set(range(39)) - {5, 6}


def test_a_rejected_step_is_a_miss(score, steps):
    steps.loc[7, ["is_valid", "reject_reason"]] = [False, "no flight phase"]
    assert counts(score(steps), "contact") == (39, 38, 38)


def test_an_invented_step_is_false_unless_the_reference_is_silent_there(score, steps):
    invented = steps.iloc[[0]].assign(
        step_id=99, initial_contact_s=20.0, terminal_contact_s=20.2, contact_time_s=0.2
    )
    more = pd.concat([steps, invented], ignore_index=True)
    assert counts(score(more), "contact") == (39, 40, 39)
    silent = pd.DataFrame(
        {"recording_id": "made", "start_s": [19.0], "stop_s": [21.0], "reason": "no force"}
    )
    assert counts(score(more, silent), "contact") == (39, 39, 39)


def test_a_step_without_a_time_is_false(recording, contacts, conditions, nothing, steps):
    found = found_contacts(steps)
    lost = found.iloc[[0]].copy()
    lost[["initial_contact_s", "terminal_contact_s"]] = np.nan
    scored = score_contacts(
        "personal",
        recording,
        pd.concat([found, lost], ignore_index=True),
        contacts,
        conditions,
        nothing,
        TOLERANCE_S,
    )
    assert counts(scored, "contact") == (39, 40, 39)


def test_sides_are_counted_for_a_sensor_that_meets_both_feet(score, steps):
    other = {"left": "right", "right": "left"}
    swapped = steps.assign(side=steps["side"].where(steps.index < 10, steps["side"].map(other)))
    assert counts(score(swapped), "side") == (39, 39, 10)
    assert "side" not in set(score(swapped, sensor_site="shank").detections["event"])


def test_rows_carry_their_condition_and_slope(score, steps):
    table = score(steps).scores
    peak = table[table["quantity"] == "peak_force"]
    assert set(peak["condition"]) == {"3.00 m/s, +0°", "3.50 m/s, -5°"}
    assert peak.groupby("condition")["grade_deg"].first().to_dict() == {
        "3.00 m/s, +0°": 0.0,
        "3.50 m/s, -5°": -5.0,
    }


def test_another_threshold_is_a_name_of_its_own_and_counts_nothing(
    recording, contacts, conditions, nothing, steps
):
    scored = score_contacts(
        "new_runner",
        recording,
        found_contacts(steps),
        contacts,
        conditions,
        nothing,
        TOLERANCE_S,
        suffix="_at_20_n",
    )
    assert set(scored.scores["quantity"]) == {"contact_time_at_20_n"}
    assert scored.detections.empty


@pytest.mark.parametrize("seed", range(3))
def test_pairs_equal_a_slow_search(score, steps, contacts, seed):
    rng = np.random.default_rng(seed)
    keep = rng.random(len(steps)) > 0.2
    moved = steps.assign(
        initial_contact_s=steps["initial_contact_s"] + rng.normal(0, 0.02, len(steps))
    )[keep].reset_index(drop=True)
    begin_s = contacts["initial_contact_s"].to_numpy()
    expected = {}
    for true in np.flatnonzero(contacts["is_complete"]):
        ours = moved["initial_contact_s"].to_numpy()
        near = int(np.argmin(np.abs(ours - begin_s[true])))
        back = int(np.argmin(np.abs(begin_s - ours[near])))
        if back == true and abs(ours[near] - begin_s[true]) <= TOLERANCE_S:
            expected[true] = ours[near] - begin_s[true]
    table = score(moved).scores
    rows = table[table["quantity"] == "initial_contact"].set_index("item_id")["error"]
    assert rows.to_dict() == pytest.approx(expected)


def test_a_reference_of_one_foot_calls_nothing_false_on_the_trunk(
    recording, contacts, conditions, nothing, steps
):
    own = contacts[contacts["side"] == "right"].reset_index(drop=True)
    scored = score_contacts(
        "new_runner", recording, found_contacts(steps), own, conditions, nothing, TOLERANCE_S
    )
    assert set(scored.detections["event"]) == {"contact_of_one_foot", "side"}
    assert counts(scored, "contact_of_one_foot") == (20, 20, 20)
    assert counts(scored, "side") == (20, 20, 20)
    assert "flight_time" not in set(scored.scores["quantity"])
