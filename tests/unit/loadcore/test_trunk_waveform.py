"""The personal reading of a trunk waveform, against NumPy and against doing nothing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from loadcore.contact_times import Contacts
from loadcore.trunk_waveform import (
    LinearReadout,
    TrunkCoefficients,
    _read_windows,
    read_out,
    refine_contacts,
    step_times,
    trunk_force,
    trunk_windows,
)

RATE_HZ = 100.0
OFFSETS_S = np.array([-0.05, 0.0, 0.05])
N_FEATURES = 4 * OFFSETS_S.size + 2


def contacts_at(initial_s: NDArray[np.float64]) -> Contacts:
    n = initial_s.size
    return Contacts(
        initial_contact_s=initial_s,
        terminal_contact_s=initial_s + 0.2,
        initial_contact_sd_s=np.full(n, 0.010),
        terminal_contact_sd_s=np.full(n, 0.018),
        side=np.zeros(n, dtype=np.int8),
        confidence=np.ones(n),
    )


def readout(n_features: int, intercept: list[float], scale: float = 10.0) -> LinearReadout:
    return LinearReadout(
        centre=np.zeros(n_features),
        scale=np.full(n_features, scale),
        weights=np.zeros((n_features, len(intercept))),
        intercept=np.array(intercept),
    )


def coefficients(scale: float = 10.0) -> TrunkCoefficients:
    return TrunkCoefficients(
        offsets_s=OFFSETS_S,
        events=readout(N_FEATURES, [0.01, -0.02], scale),
        terminal=readout(N_FEATURES, [0.005], scale),
        phase=np.array([0.0, 0.5, 1.0]),
        force=readout(N_FEATURES + 1, [0.0, 1.6, 0.0], scale),
        initial_sd_s=0.004,
        terminal_sd_s=0.005,
        contact_time_sd_s=0.006,
        flight_time_sd_s=0.007,
        peak_vgrf_sd_bw=0.1,
    )


def waves(n_samples: int = 400) -> NDArray[np.float64]:
    time_s = np.arange(n_samples) / RATE_HZ
    return np.column_stack(
        (np.sin(5.0 * time_s), 9.8 + 3.0 * np.cos(7.0 * time_s), np.zeros(n_samples))
    )


@settings(max_examples=50, deadline=None)
@given(
    at=st.lists(st.floats(-20.0, 60.0), min_size=1, max_size=5),
    offsets=st.lists(st.floats(-10.0, 10.0), min_size=1, max_size=5),
)
def test_windows_are_linear_interpolation_held_at_the_ends(
    at: list[float], offsets: list[float]
) -> None:
    signal = np.random.default_rng(3).standard_normal(40)
    out = np.empty((len(at), len(offsets)))
    _read_windows(signal, np.array(at), np.array(offsets), out)
    expected = np.interp(np.add.outer(at, offsets), np.arange(40), signal)
    np.testing.assert_allclose(out, expected, atol=1e-9)


def test_step_times_average_the_intervals_on_both_sides() -> None:
    initial_s = np.array([1.0, 1.3, 1.64, 3.0, 3.3])
    expected = [0.30, 0.32, 0.34, 0.30, 0.30]
    np.testing.assert_allclose(step_times(initial_s), expected)
    assert np.isnan(step_times(np.array([2.0]))).all()
    assert step_times(np.empty(0)).size == 0
    np.testing.assert_allclose(step_times(np.array([1.0, 1.3, 5.0]))[2], 0.3)


def test_read_out_is_the_written_formula() -> None:
    given_readout = LinearReadout(
        centre=np.array([1.0, 2.0]),
        scale=np.array([2.0, 4.0]),
        weights=np.array([[1.0, 0.0], [3.0, -1.0]]),
        intercept=np.array([10.0, 20.0]),
    )
    values = read_out(np.array([[3.0, 6.0], [np.nan, 6.0]]), given_readout)
    np.testing.assert_allclose(values[0], [14.0, 19.0])
    assert np.isnan(values[1]).all()


def test_constant_moves_add_up_and_bring_the_learned_spread() -> None:
    before = contacts_at(np.array([1.0, 1.3, 1.6, 1.9]))
    after = refine_contacts(waves(), RATE_HZ, before, coefficients())
    np.testing.assert_allclose(after.initial_contact_s, before.initial_contact_s + 0.01)
    np.testing.assert_allclose(after.terminal_contact_s, before.terminal_contact_s - 0.015)
    assert (after.initial_contact_sd_s == 0.004).all()
    assert (after.terminal_contact_sd_s == 0.005).all()
    assert np.array_equal(after.confidence, before.confidence)


def test_missing_samples_and_foreign_waveforms_keep_the_rule() -> None:
    before = contacts_at(np.array([1.0, 1.3, 1.6, 3.0, 3.3]))
    acc_mps2 = waves()
    acc_mps2[120:170] = np.nan
    after = refine_contacts(acc_mps2, RATE_HZ, before, coefficients())
    kept = after.initial_contact_s == before.initial_contact_s
    assert kept.tolist() == [True, True, True, False, False]
    assert (after.initial_contact_sd_s[kept] == 0.010).all()
    foreign = refine_contacts(waves(), RATE_HZ, before, coefficients(scale=0.01))
    assert np.array_equal(foreign.terminal_contact_s, before.terminal_contact_s)


def test_force_is_the_shape_times_step_over_contact_time() -> None:
    contacts = contacts_at(np.array([1.0, 1.3, 1.6]))
    shape_bw = trunk_force(waves(), RATE_HZ, contacts, coefficients())
    np.testing.assert_allclose(shape_bw, np.tile([0.0, 1.6 * 0.3 / 0.2, 0.0], (3, 1)))
    foreign = trunk_force(waves(), RATE_HZ, contacts, coefficients(scale=0.01))
    assert np.isnan(foreign).all()


@pytest.mark.parametrize("n_samples", [0, 1, 400])
def test_no_contacts_no_features(n_samples: int) -> None:
    nothing = contacts_at(np.empty(0))
    assert trunk_windows(waves(n_samples), RATE_HZ, nothing, OFFSETS_S).shape == (0, N_FEATURES)
    assert len(refine_contacts(waves(n_samples), RATE_HZ, nothing, coefficients())) == 0


def test_a_contact_without_an_event_keeps_its_gap() -> None:
    before = contacts_at(np.array([1.0, 1.3, 1.6]))
    terminal_s = before.terminal_contact_s.copy()
    terminal_s[1] = np.nan
    after = refine_contacts(
        waves(), RATE_HZ, replace(before, terminal_contact_s=terminal_s), coefficients()
    )
    assert np.isnan(after.terminal_contact_s).tolist() == [False, True, False]
    assert after.initial_contact_s[1] == before.initial_contact_s[1]
