"""Peaks of tibial acceleration against a reference of the same definition."""

import numpy as np
import pandas as pd
import pytest

from tolerance.evaluate.impact_scores import LEAST_RATE_HZ, score_tibial_peaks


@pytest.fixture
def shank(recording):
    row = recording.copy()
    row.update(pd.Series({"sensor_site": "shank", "sampling_rate_hz": 1000.0}, dtype=object))
    return row


@pytest.fixture
def peaks(contacts):
    return contacts.assign(peak_tibial_acc_g=np.linspace(4.0, 9.0, len(contacts)))


@pytest.fixture
def found(steps):
    return steps.assign(peak_tibial_acc_g=1.02 * np.linspace(4.0, 9.0, len(steps)))


def errors(row, found, peaks, conditions):
    scored = score_tibial_peaks("new_runner", row, found, peaks, conditions, 0.12).scores
    return scored["error"].to_numpy() if len(scored) else np.empty(0)


def test_the_error_is_a_share_of_the_reference(shank, found, peaks, conditions):
    np.testing.assert_allclose(errors(shank, found, peaks, conditions), 0.02)


def test_a_censored_peak_and_a_step_that_does_not_count_are_not_scored(
    shank, found, peaks, conditions
):
    n = errors(shank, found, peaks, conditions).size
    hostile = found.copy()
    hostile.loc[3, "peak_tibial_acc_g"] = np.nan
    hostile.loc[5, "is_valid"] = False
    kept = errors(shank, hostile, peaks, conditions)
    assert kept.size == n - 2
    np.testing.assert_allclose(kept, 0.02)


def test_slow_sensors_other_sites_and_references_without_peaks_are_left_out(
    shank, found, peaks, contacts, conditions
):
    slow, foot = shank.copy(), shank.copy()
    slow["sampling_rate_hz"] = LEAST_RATE_HZ - 1.0
    foot["sensor_site"] = "foot"
    assert errors(slow, found, peaks, conditions).size == 0
    assert errors(foot, found, peaks, conditions).size == 0
    assert errors(shank, found, contacts, conditions).size == 0
    assert errors(shank, found, peaks, conditions).size > 30
