"""Seconds of running and step rates against what is known."""

import numpy as np
import pandas as pd

from tolerance.evaluate.activity_scores import score_cadence, score_running_seconds
from tolerance.schemas import empty_table


def bouts_of(*stretches):
    return pd.DataFrame(
        [
            {"recording_id": "made", "bout_id": i, "start_s": a, "stop_s": b, "activity": kind}
            for i, (a, b, kind) in enumerate(stretches)
        ]
    )


def conditions_of(*stretches):
    return bouts_of(*stretches).drop(columns="bout_id").assign(
        speed_mps=np.nan, grade_deg=np.nan, distance_m=np.nan, split_group="made"
    )  # fmt: skip


NO_STRIDES = empty_table("strides")


def counts(scored):
    table = scored.detections.set_index("event")[["n_reference", "n_found", "n_paired"]]
    return {event: tuple(row) for event, row in zip(table.index, table.to_numpy(), strict=True)}


def test_seconds_are_judged_at_their_middle(recording, nothing):
    truth = conditions_of((0, 10, "walking"), (10, 20, "running"), (20, 30, "still"))
    ours = bouts_of((0, 12, "walking"), (12, 23, "running"), (23, 30, "still"))
    found = counts(score_running_seconds("new_runner", recording, ours, truth, NO_STRIDES, nothing))
    assert found["running_second"] == (10, 11, 8)
    # Away from changes: 11 to 18 is running, 1 to 8 and 21 to 28 is not.
    assert found["running_second_interior"] == (8, 9, 7)


def test_stretches_without_a_reliable_reference_do_not_count(recording):
    truth = conditions_of((0, 20, "running"))
    silent = pd.DataFrame({"start_s": [5.0], "stop_s": [20.0], "reason": ["standstill"]})
    ours = bouts_of((0, 5, "running"), (5, 20, "still"))
    found = counts(score_running_seconds("new_runner", recording, ours, truth, NO_STRIDES, silent))
    assert found["running_second"] == (5, 5, 5)


def test_strides_tell_where_conditions_do_not_and_borders_are_not_running(recording, nothing):
    truth = conditions_of((0, 30, "unknown"))
    strides = bouts_of(
        (0, 9, "walking"), (9, 12, "unknown"), (12, 20, "running"), (20, 25, "other")
    )
    ours = bouts_of((0, 10, "walking"), (10, 30, "running"))
    found = counts(score_running_seconds("new_runner", recording, ours, truth, strides, nothing))
    assert found["running_second"] == (8, 10, 8)
    assert found["running_second_interior"] == (6, 6, 6)


def test_nothing_known_counts_nothing(recording, nothing):
    scored = score_running_seconds(
        "new_runner",
        recording,
        bouts_of((0, 9, "running")),
        empty_table("conditions"),
        NO_STRIDES,
        nothing,
    )
    assert scored.detections.empty


def test_step_rate_of_each_condition(recording, steps, contacts, conditions):
    scored = score_cadence("new_runner", recording, steps, conditions, contacts, NO_STRIDES)
    np.testing.assert_allclose(scored.scores["reference_value"], 60 / 0.33)
    np.testing.assert_allclose(scored.scores["error"], 0.0, atol=1e-9)
    slower = steps.assign(step_time_s=steps["step_time_s"] * 1.02)
    scored = score_cadence("new_runner", recording, slower, conditions, contacts, NO_STRIDES)
    np.testing.assert_allclose(scored.scores["error"], 60 / 0.33 * (1 / 1.02 - 1))


def test_step_rate_of_a_leg_counts_both_feet(recording, steps, contacts, conditions):
    leg = recording.copy()
    leg["sensor_site"] = "shank"
    own = contacts["side"] == "right"
    scored = score_cadence("new_runner", leg, steps[own], conditions, contacts[own], NO_STRIDES)
    np.testing.assert_allclose(scored.scores["reference_value"], 60 / 0.33)
    np.testing.assert_allclose(scored.scores["error"], 0.0, atol=1e-9)


def test_too_few_steps_give_no_rate(recording, steps, contacts, conditions):
    scored = score_cadence("new_runner", recording, steps[:3], conditions, contacts, NO_STRIDES)
    assert scored.scores.empty
