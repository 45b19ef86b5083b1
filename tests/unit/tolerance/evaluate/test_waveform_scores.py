"""Force over time from contact and flight time, against a force that is known."""

import numpy as np
import pandas as pd

from loadcore.force import half_sine_force
from tolerance.evaluate.contact_scores import found_contacts
from tolerance.evaluate.waveform_scores import force_trace, score_waveform

HALF_SINE = np.pi / 2
TIME_S = np.arange(0, 16, 0.002)


def true_force(steps):
    """Sum of half-sines, one sample at a time."""
    force = np.zeros(TIME_S.size)
    for row in steps.to_dict("records"):
        if np.isfinite(row["flight_time_s"]):
            at_s = TIME_S - row["initial_contact_s"]
            force += half_sine_force(at_s, row["contact_time_s"], row["flight_time_s"])
    return pd.DataFrame({"recording_id": "made", "time_s": TIME_S, "vgrf_bw": force})


def score(recording, trace, force, contacts, conditions):
    return score_waveform("new_runner", recording, trace, force, contacts, conditions).scores


def test_the_right_shape_at_the_right_times_has_no_error(recording, steps, contacts, conditions):
    force = true_force(steps)
    trace = force_trace(found_contacts(steps), TIME_S, HALF_SINE)
    rows = score(recording, trace, force, contacts, conditions)
    assert len(rows) == 39
    assert rows["error"].max() < 0.02  # the two samples at the ends of a contact


def test_a_constant_offset_is_the_root_mean_square_error(recording, steps, contacts, conditions):
    force = true_force(steps)
    rows = score(recording, force["vgrf_bw"].to_numpy() + 0.3, force, contacts, conditions)
    np.testing.assert_allclose(rows["error"], 0.3)


def test_a_missed_contact_costs_its_whole_force(recording, steps, contacts, conditions):
    force = true_force(steps)
    trace = force_trace(found_contacts(steps.drop(index=5)), TIME_S, HALF_SINE)
    rows = score(recording, trace, force, contacts, conditions).set_index("item_id")["error"]
    begin, end = contacts["initial_contact_s"][[5, 6]]
    inside = (begin <= TIME_S) & (end > TIME_S)
    whole = np.sqrt(np.mean(force["vgrf_bw"][inside] ** 2))
    assert abs(rows[5] - whole) < 1e-12
    assert rows.drop(index=5).max() < 0.02


def test_what_is_not_observed_is_not_scored(recording, steps, contacts, conditions):
    found = found_contacts(steps)
    found.loc[8, "flight_time_s"] = np.nan
    trace = force_trace(found, TIME_S, HALF_SINE)
    rows = score(recording, trace, true_force(steps), contacts, conditions)
    assert set(rows["item_id"]) == set(range(39)) - {8}


def test_a_sensor_on_one_leg_is_scored_in_its_own_contacts(recording, steps, contacts, conditions):
    leg = recording.copy()
    leg["sensor_site"] = "shank"
    own = (contacts["side"] == "right").to_numpy()
    trace = force_trace(found_contacts(steps[own]), TIME_S, HALF_SINE)
    rows = score(leg, trace, true_force(steps), contacts[own], conditions)
    assert rows["error"].max() < 0.03
