"""Bridged holes: exact on cubics, never outside a hole, never beyond the longest, always marked."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from loadcore.gaps import bridge_gaps, longest_hole


def test_a_slow_wave_is_bridged_closely_and_marked() -> None:
    time_s = np.arange(400) / 200.0
    wave = np.column_stack((np.sin(2 * np.pi * 3.0 * time_s), np.cos(2 * np.pi * 3.0 * time_s)))
    holed = wave.copy()
    holed[100:106] = np.nan  # 30 ms
    holed[250, 1] = np.nan  # one channel is enough for a hole
    bridged, hole_s = bridge_gaps(holed, 200.0, 0.03)
    np.testing.assert_allclose(bridged, wave, atol=0.02)
    assert set(np.flatnonzero(hole_s)) == {*range(100, 106), 250}
    np.testing.assert_allclose(hole_s[100:106], 0.03)
    assert np.isnan(holed[100]).all()  # the input is left alone


@settings(max_examples=50, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=60), st.integers(1, 8))
def test_only_inner_holes_up_to_the_longest_are_filled(lost: list[bool], longest: int) -> None:
    missing = np.array(lost)
    x = np.where(missing, np.nan, np.arange(missing.size, dtype=np.float64))
    bridged, hole_s = bridge_gaps(x, 100.0, longest / 100.0)
    np.testing.assert_array_equal(bridged[~missing], x[~missing])
    runs = "".join("x" if lost_here else "." for lost_here in lost)
    for start in range(missing.size):
        if missing[start] and (start == 0 or not missing[start - 1]):
            stop = start + len(runs[start:]) - len(runs[start:].lstrip("x"))
            filled = start > 0 and stop < missing.size and stop - start <= longest
            assert np.isfinite(bridged[start:stop]).all() == filled
            expected = (stop - start) / 100.0 if filled else 0.0
            np.testing.assert_allclose(hole_s[start:stop], expected)
    np.testing.assert_allclose(  # a straight line stays one
        bridged[hole_s > 0.0], np.flatnonzero(hole_s > 0.0), atol=1e-9
    )


def test_a_channel_that_was_never_there_makes_no_hole() -> None:
    x = np.column_stack((np.arange(9.0), np.full(9, np.nan)))
    bridged, hole_s = bridge_gaps(x, 100.0, 0.03)
    assert bridged is x
    assert not hole_s.any()


def test_longest_hole_of_a_window() -> None:
    hole_s = np.array([0.0, 0.01, 0.0, 0.02, 0.02, 0.0])
    out = np.empty(4)
    start = np.array([-3.0, 1.2, 4.6, np.nan])
    longest_hole(hole_s, start, start + 1.5, out)
    np.testing.assert_array_equal(out, [0.0, 0.02, 0.02, 0.0])
