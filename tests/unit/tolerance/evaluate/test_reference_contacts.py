"""The frozen rule for reference contacts, on forces whose contacts are known."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tolerance.evaluate.reference_contacts import (
    CONTACT_THRESHOLD_BW,
    CONTACT_THRESHOLD_VARIANTS_N,
    find_reference_contacts,
    threshold_from_newtons,
)

RATE_HZ = 500.0


def force(pieces: list[tuple[float, float]]) -> NDArray[np.float64]:
    """Return a force made of constant pieces: (level in body weights, samples)."""
    return np.concatenate([np.full(int(samples), float(level)) for level, samples in pieces])


@settings(max_examples=50, deadline=None)
@given(begin_s=st.floats(0.05, 0.3), long_s=st.floats(0.12, 0.45), peak=st.floats(1.0, 4.0))
def test_a_triangle_crosses_where_geometry_says(begin_s: float, long_s: float, peak: float) -> None:
    time_s = np.arange(500) / RATE_HZ
    slope = peak / (0.5 * long_s)
    vgrf_bw = np.maximum(peak - slope * np.abs(time_s - begin_s - 0.5 * long_s), -1.0)
    found = find_reference_contacts(vgrf_bw, RATE_HZ)
    lead_s = CONTACT_THRESHOLD_BW / slope
    assert found.is_complete.tolist() == [True]
    # Linear between samples is exact on a straight flank.
    assert found.initial_contact_s[0] == pytest.approx(begin_s + lead_s, abs=1e-9)
    assert found.terminal_contact_s[0] == pytest.approx(begin_s + long_s - lead_s, abs=1e-9)
    assert found.peak_vgrf_bw[0] == vgrf_bw.max()


def test_chatter_after_toe_off_is_dropped_and_moves_nothing() -> None:
    clean = force([(0, 50), (2, 110), (0, 60), (2, 110), (0, 50)])
    rings = clean.copy()
    rings[168:171] = 0.08
    expected, found = (find_reference_contacts(x, RATE_HZ) for x in (clean, rings))
    assert len(found) == len(expected) == 2
    np.testing.assert_array_equal(found.terminal_contact_s, expected.terminal_contact_s)


def test_a_dip_too_brief_for_a_flight_does_not_split_a_contact() -> None:
    found = find_reference_contacts(force([(0, 50), (2, 60), (0, 4), (2, 60), (0, 50)]), RATE_HZ)
    assert len(found) == 1
    split = find_reference_contacts(force([(0, 50), (2, 60), (0, 5), (2, 60), (0, 50)]), RATE_HZ)
    assert len(split) == 2


def test_standing_is_no_running_contact() -> None:
    found = find_reference_contacts(force([(0, 50), (1, 251), (0, 60), (2, 100), (0, 9)]), RATE_HZ)
    assert len(found) == 1
    assert found.peak_vgrf_bw[0] == 2.0


def test_contacts_cut_by_the_trial_are_kept_but_not_complete() -> None:
    found = find_reference_contacts(force([(2, 20), (0, 50), (2, 110), (0, 50), (2, 9)]), RATE_HZ)
    assert found.is_complete.tolist() == [False, True, False]
    assert np.isnan(found.initial_contact_s).tolist() == [True, False, False]
    assert np.isnan(found.terminal_contact_s).tolist() == [False, False, True]


def test_missing_force_cuts_like_an_end() -> None:
    vgrf_bw = force([(0, 50), (2, 110), (0, 50), (2, 110), (0, 50)])
    vgrf_bw[100:103] = np.nan
    found = find_reference_contacts(vgrf_bw, RATE_HZ)
    assert found.is_complete.tolist() == [False, False, True]


def test_nothing_in_nothing_out() -> None:
    assert len(find_reference_contacts(np.empty(0), RATE_HZ)) == 0
    assert len(find_reference_contacts(np.zeros(100), RATE_HZ)) == 0
    assert len(find_reference_contacts(np.full(100, np.nan), RATE_HZ)) == 0


@pytest.mark.parametrize(("shape", "rate_hz", "bw"), [((9, 3), 1.0, 1.0), (9, 0.0, 1.0), (9, 1, 0)])
def test_impossible_arguments_are_refused(
    shape: int | tuple[int, int], rate_hz: float, bw: float
) -> None:
    with pytest.raises(ValueError, match="expected one column and two positive numbers"):
        find_reference_contacts(np.zeros(shape), rate_hz, bw)


def test_newtons_become_body_weights() -> None:
    assert threshold_from_newtons(50.0, 76.8) == pytest.approx(50.0 / (76.8 * 9.80665))
    with pytest.raises(ValueError, match="positive"):
        threshold_from_newtons(50.0, 0.0)


@pytest.mark.mirror
def test_the_real_treadmill_has_466_complete_contacts_at_every_threshold() -> None:
    root = os.environ.get("TOLERANCE_DATA_MIRROR")
    path = Path(root or "") / "recurrent_grf" / "data" / "GRF_one_sub.csv"
    if not root or not path.is_file():
        pytest.skip("TOLERANCE_DATA_MIRROR does not hold recurrent_grf")
    trials = np.loadtxt(path, delimiter=",")
    for threshold_bw, mean_s in zip(
        (
            CONTACT_THRESHOLD_BW,
            *(threshold_from_newtons(n, 76.8) for n in CONTACT_THRESHOLD_VARIANTS_N),
        ),
        (0.222, 0.231, 0.219),
        strict=True,
    ):
        found = [find_reference_contacts(trial, RATE_HZ, threshold_bw) for trial in trials]
        contact_time_s = np.concatenate(
            [(x.terminal_contact_s - x.initial_contact_s)[x.is_complete] for x in found]
        )
        assert contact_time_s.size == 466
        assert contact_time_s.mean() == pytest.approx(mean_s, abs=0.002)
