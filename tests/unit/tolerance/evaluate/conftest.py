"""One made runner: reference contacts, strides and conditions, and an analysis of known error."""

import numpy as np
import pandas as pd
import pytest

from tolerance.schemas import empty_table

STEP_S, CONTACT_S, PEAK_BW = 0.33, 0.24, 2.4
N_CONTACTS = 40


@pytest.fixture
def recording() -> pd.Series:
    return pd.Series(
        {
            "recording_id": "made",
            "runner_id": "runner",
            "session_id": "session",
            "sensor_site": "sacrum",
            "side": "unknown",
            "frame": "segment",
            "sampling_rate_hz": 100.0,
            "body_mass_kg": 70.0,
        }
    )


@pytest.fixture
def contacts() -> pd.DataFrame:
    """Alternating contacts whose durations differ; the last is cut."""
    begin_s = 1.0 + STEP_S * np.arange(N_CONTACTS)
    long_s = CONTACT_S + 0.01 * np.sin(np.arange(N_CONTACTS))
    return pd.DataFrame(
        {
            "recording_id": "made",
            "side": np.where(np.arange(N_CONTACTS) % 2, "left", "right"),
            "initial_contact_s": begin_s,
            "terminal_contact_s": begin_s + long_s,
            "peak_vgrf_bw": PEAK_BW + 0.1 * np.cos(np.arange(N_CONTACTS)),
            "is_complete": np.arange(N_CONTACTS) < N_CONTACTS - 1,
        }
    )


@pytest.fixture
def conditions() -> pd.DataFrame:
    """Two conditions, one after the other."""
    middle_s = 1.0 + STEP_S * (N_CONTACTS // 2) - 0.05
    return pd.DataFrame(
        {
            "recording_id": "made",
            "start_s": [0.0, middle_s],
            "stop_s": [middle_s, 30.0],
            "activity": "running",
            "speed_mps": [3.0, 3.5],
            "grade_deg": [0.0, -5.0],
            "distance_m": np.nan,
            "split_group": "made",
        }
    )


@pytest.fixture
def steps(contacts: pd.DataFrame) -> pd.DataFrame:
    """Table ``steps`` that is exactly the reference; the last step lacks a following contact."""
    begin_s, end_s = contacts["initial_contact_s"], contacts["terminal_contact_s"]
    step_s = np.append(np.diff(begin_s), np.nan)
    n = len(contacts)
    valid = np.isfinite(step_s)
    return pd.DataFrame(
        {
            "recording_id": "made",
            "step_id": np.arange(n),
            "side": contacts["side"],
            "initial_contact_s": begin_s,
            "initial_contact_sd_s": 0.005,
            "terminal_contact_s": end_s,
            "terminal_contact_sd_s": 0.005,
            "contact_time_s": end_s - begin_s,
            "contact_time_sd_s": 0.007,
            "flight_time_s": step_s - (end_s - begin_s),
            "step_time_s": step_s,
            "peak_vgrf_bw": np.where(valid, contacts["peak_vgrf_bw"], np.nan),
            "peak_vgrf_sd_bw": 0.1,
            "is_valid": valid,
            "reject_reason": np.where(valid, "none", "no following contact"),
        }
    )


@pytest.fixture
def nothing() -> pd.DataFrame:
    return empty_table("excluded")
