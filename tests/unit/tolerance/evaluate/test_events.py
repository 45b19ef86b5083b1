"""Event pairing: against an obvious oracle, and on the cases that go wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tolerance.evaluate.events import match_events

TIMES = st.lists(st.floats(0, 50, allow_nan=False), max_size=25, unique=True)


def naive_pairs(detected: np.ndarray, reference: np.ndarray, tolerance_s: float) -> set:
    pairs = set()
    for i, time in enumerate(detected):
        if not reference.size:
            continue
        j = int(np.argmin(np.abs(reference - time)))
        back = int(np.argmin(np.abs(detected - reference[j])))
        if back == i and abs(reference[j] - time) <= tolerance_s:
            pairs.add((i, j))
    return pairs


@given(TIMES, TIMES)
@settings(max_examples=100, deadline=None)
def test_agrees_with_oracle_when_distances_differ(detected, reference):
    detected, reference = np.array(detected), np.array(reference)
    distances = np.abs(detected[:, None] - reference[None, :]).ravel()
    if np.unique(distances).size < distances.size:
        return  # ties may be broken either way
    match = match_events(detected, reference, 0.4)
    got = set(zip(match.detected.tolist(), match.reference.tolist(), strict=True))
    assert got == naive_pairs(detected, reference, 0.4)


@given(TIMES, TIMES)
@settings(max_examples=50, deadline=None)
def test_never_pairs_twice(detected, reference):
    match = match_events(np.array(detected), np.array(reference), 1.0)
    assert np.unique(match.detected).size == match.detected.size
    assert np.unique(match.reference).size == match.reference.size


def test_misses_and_false_events_are_counted_apart():
    reference = np.array([1.0, 2.0, 3.0, 4.0])
    detected = np.array([1.01, 2.02, 2.5, 4.9])
    match = match_events(detected, reference, 0.1)
    assert match.recall == 0.5
    assert match.precision == 0.5


def test_a_constant_shift_is_not_hidden_by_sliding():
    reference = np.arange(10.0)
    match = match_events(reference + 0.3, reference, 0.4)
    np.testing.assert_array_equal(match.detected, match.reference)


def test_nan_events_count_but_do_not_pair():
    match = match_events(np.array([np.nan, 1.0]), np.array([1.0, np.nan]), 0.1)
    assert match.recall == 0.5
    assert match.precision == 0.5


def test_nothing_detected_is_zero_recall_and_undefined_precision():
    match = match_events(np.array([]), np.array([1.0]), 0.1)
    assert match.recall == 0
    assert np.isnan(match.precision)


@pytest.mark.parametrize("tolerance_s", [0.0, -1.0, float("nan")])
def test_refuses_a_tolerance_that_is_not_positive(tolerance_s):
    with pytest.raises(ValueError, match="positive number of seconds"):
        match_events(np.array([1.0]), np.array([1.0]), tolerance_s)
