"""Contacts from a trunk sensor: half-sine runs with known truth, slow oracles, real recordings."""

import csv
import itertools
import math
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from loadcore import contacts_trunk
from loadcore.constants import SIDE_LEFT, SIDE_RIGHT, SIDE_UNKNOWN, STANDARD_GRAVITY_MPS2
from loadcore.contacts_trunk import trunk_contacts
from loadcore.filters import lowpass
from loadcore.signals import SignalError

QUICK = settings(max_examples=25, deadline=None)


@dataclass(frozen=True)
class HalfSineRun:
    """A runner whose trunk feels the ground force of half-sine contacts."""

    acc_mps2: NDArray[np.float64]
    initial_s: NDArray[np.float64]
    terminal_s: NDArray[np.float64]
    is_right: NDArray[np.bool_]


def half_sine_run(
    n_steps: int = 30,
    step_time_s: float = 0.33,
    duty_ratio: float = 0.7,
    rate_hz: float = 200.0,
    jitter: float = 0.0,
    lateral_g: float = 0.3,
    seed: int = 1,
) -> HalfSineRun:
    random = np.random.default_rng(seed)
    steps_s = step_time_s * (1.0 + jitter * random.standard_normal(n_steps))
    initial_s = 0.5 + np.cumsum(steps_s) - steps_s
    long_s = duty_ratio * steps_s
    time_s = np.arange(int((initial_s[-1] + 1.0) * rate_hz)) / rate_hz
    phase = (time_s[:, None] - initial_s) / long_s
    within = (phase >= 0.0) & (phase <= 1.0)
    pulse = np.where(within, np.sin(np.pi * np.clip(phase, 0.0, 1.0)), 0.0)
    is_right = np.arange(n_steps) % 2 == 0
    upward_g = pulse @ (np.pi / 2.0 * steps_s / long_s)
    forward_g = np.where(within, -0.3 * np.sin(2.0 * np.pi * phase), 0.0).sum(axis=1)
    sideways_g = pulse @ np.where(is_right, lateral_g, -lateral_g)
    acc_g = np.column_stack((forward_g, upward_g, sideways_g))
    return HalfSineRun(acc_g * STANDARD_GRAVITY_MPS2, initial_s, initial_s + long_s, is_right)


@pytest.mark.parametrize("rate_hz", [50.0, 128.0, 400.0])
@pytest.mark.parametrize(("step_time_s", "duty_ratio"), [(0.28, 0.72), (0.33, 0.65), (0.40, 0.75)])
def test_finds_every_half_sine_contact(
    rate_hz: float, step_time_s: float, duty_ratio: float
) -> None:
    run = half_sine_run(step_time_s=step_time_s, duty_ratio=duty_ratio, rate_hz=rate_hz)
    found = trunk_contacts(run.acc_mps2, None, rate_hz, 0, len(run.acc_mps2))
    assert len(found) == run.initial_s.size
    # A half-sine reaches the level late by construction; a foot that strikes does so at once.
    rise = math.asin(contacts_trunk.LOADING_LEVEL_G / (math.pi / 2.0 / duty_ratio)) / math.pi
    expected_s = run.initial_s + rise * duty_ratio * step_time_s
    np.testing.assert_allclose(found.initial_contact_s, expected_s, atol=0.008)
    contact_time_s = found.terminal_contact_s - found.initial_contact_s
    np.testing.assert_allclose(
        contact_time_s[2:-2], (run.terminal_s - run.initial_s)[2:-2], atol=0.025
    )
    assert np.array_equal(found.side == SIDE_RIGHT, run.is_right)
    assert np.array_equal(found.side == SIDE_LEFT, ~run.is_right)
    assert (found.confidence[2:-2] > 0.8).all()


@QUICK
@given(duty_ratio=st.floats(0.52, 0.97))
def test_duty_ratio_inverts_the_fundamental_of_a_half_sine_train(duty_ratio: float) -> None:
    phase = (np.arange(20000) + 0.5) / 20000
    pulse = np.where(phase < duty_ratio, np.sin(np.pi * phase / duty_ratio), 0.0)
    force = pulse * np.pi / (2.0 * duty_ratio)
    fundamental = 2.0 * abs(np.mean(force * np.exp(-2j * np.pi * phase)))
    assert force.mean() == pytest.approx(1.0, abs=1e-6)
    assert contacts_trunk._duty_ratio(fundamental, 0.75) == pytest.approx(duty_ratio, abs=1e-3)


@pytest.mark.parametrize("step_frequency_hz", [2.8, 3.4])
@pytest.mark.parametrize("duty_ratio", [0.65, 0.75])
def test_unloading_level_is_where_a_filtered_half_sine_ends(
    step_frequency_hz: float, duty_ratio: float
) -> None:
    run = half_sine_run(20, 1.0 / step_frequency_hz, duty_ratio, rate_hz=1000.0)
    upward_g = np.ascontiguousarray(run.acc_mps2[:, 1]) / STANDARD_GRAVITY_MPS2
    slow_g = lowpass(upward_g, contacts_trunk.UNLOADING_CUTOFF_HZ, 1000.0)
    level_g = slow_g[np.round(run.terminal_s[8:12] * 1000.0).astype(int)].mean()
    assert level_g == pytest.approx(contacts_trunk.UNLOADING_LEVEL_G, abs=0.06)


@pytest.mark.parametrize("leg_difference", [0.0, 0.8])
def test_step_time_takes_neither_the_stride_nor_three_steps(leg_difference: float) -> None:
    rate_hz, step_time_s = 50.0, 0.30
    phase = np.arange(300) / rate_hz / step_time_s
    signal = np.cos(2.0 * np.pi * phase) + leg_difference * np.cos(np.pi * phase + 0.4)
    found = contacts_trunk._rhythm(signal, rate_hz, 100)
    assert found.tolist() == [pytest.approx(step_time_s, abs=0.006)]


def test_step_time_of_a_flat_window_is_unknown() -> None:
    for level_g in (0.0, 0.98):
        assert (
            np.isnan(contacts_trunk._rhythm(np.full(400, level_g), 50.0, 100)).tolist()
            == [True] * 2
        )


@QUICK
@given(
    gaps=st.lists(st.floats(0.05, 0.7), min_size=1, max_size=8),
    heights=st.lists(st.floats(-1.0, 2.0), min_size=9, max_size=9),
)
def test_mid_stances_are_the_best_of_all_subsets(gaps: list[float], heights: list[float]) -> None:
    time_s = np.concatenate(([0.0], np.cumsum(gaps)))
    height = np.array(heights[: time_s.size])
    step_time_s = np.full(time_s.size, 0.3)

    def total(rows: tuple[int, ...]) -> float:
        score = float(height[list(rows)].sum())
        for first, second in itertools.pairwise(rows):
            interval_s = time_s[second] - time_s[first]
            if interval_s < 0.6 * 0.3:
                return -np.inf
            score -= contacts_trunk._link_penalty(interval_s, 0.3)
        return score

    subsets = (
        rows
        for size in range(1, time_s.size + 1)
        for rows in itertools.combinations(range(time_s.size), size)
    )
    chosen = tuple(int(row) for row in contacts_trunk._mid_stances(height, time_s, step_time_s))
    assert total(chosen) == pytest.approx(max(total(rows) for rows in subsets))


@QUICK
@given(
    evidence=st.lists(st.one_of(st.just(math.nan), st.floats(-3.0, 3.0)), min_size=1, max_size=7),
    change=st.floats(1e-4, 0.4),
)
def test_side_probability_is_the_sum_over_all_paths(evidence: list[float], change: float) -> None:
    odds = np.nan_to_num(np.array(evidence))
    inside = np.zeros(odds.size)
    total = 0.0
    for path in itertools.product((0, 1), repeat=odds.size):
        weight = 1.0
        for k, state in enumerate(path):
            weight *= math.exp(odds[k]) if state else 1.0
            if k:
                weight *= 1.0 - change if state == path[k - 1] else change
        total += weight
        inside += weight * np.array(path)
    got = contacts_trunk._side_probability(np.array(evidence), np.full(odds.size, change))
    np.testing.assert_allclose(got, inside / total, atol=1e-9)


def test_a_few_wrong_signs_swap_nothing() -> None:
    run = half_sine_run(40)
    acc_mps2 = run.acc_mps2.copy()
    for k in (7, 8, 20, 33):
        here = slice(int(run.initial_s[k] * 200.0), int(run.terminal_s[k] * 200.0))
        acc_mps2[here, 2] *= -1.0
    found = trunk_contacts(acc_mps2, None, 200.0, 0, len(acc_mps2))
    assert np.array_equal(found.side == SIDE_RIGHT, run.is_right)


def test_a_step_that_left_no_trace_does_not_swap_the_sides_after_it() -> None:
    run = half_sine_run(40)
    acc_mps2 = run.acc_mps2.copy()
    acc_mps2[int(run.initial_s[15] * 200.0) : int(run.terminal_s[15] * 200.0) + 1] = 0.0
    found = trunk_contacts(acc_mps2, None, 200.0, 0, len(acc_mps2))
    nearest = np.argmin(np.abs(found.initial_contact_s[:, None] - run.initial_s), axis=1)
    assert len(found) == 39
    assert np.array_equal(found.side == SIDE_RIGHT, run.is_right[nearest])


def test_side_is_unknown_without_a_lateral_channel_or_a_difference() -> None:
    run = half_sine_run()
    acc_mps2 = run.acc_mps2.copy()
    acc_mps2[:, 2] = np.nan
    assert (trunk_contacts(acc_mps2, None, 200.0, 0, len(acc_mps2)).side == SIDE_UNKNOWN).all()
    acc_mps2[:, 2] = 0.0
    assert (trunk_contacts(acc_mps2, None, 200.0, 0, len(acc_mps2)).side == SIDE_UNKNOWN).all()


def test_without_a_forward_channel_the_contacts_are_still_all_there() -> None:
    run = half_sine_run()
    acc_mps2 = run.acc_mps2.copy()
    acc_mps2[:, 0] = np.nan
    found = trunk_contacts(acc_mps2, None, 200.0, 0, len(acc_mps2))
    np.testing.assert_allclose(found.initial_contact_s, run.initial_s, atol=0.04)


def test_removed_gravity_is_put_back() -> None:
    run = half_sine_run(jitter=0.02)
    whole = trunk_contacts(run.acc_mps2, None, 200.0, 100, 2000)
    without = run.acc_mps2 - np.array([0.0, STANDARD_GRAVITY_MPS2, 0.0])
    again = trunk_contacts(without, None, 200.0, 100, 2000)
    np.testing.assert_allclose(again.initial_contact_s, whole.initial_contact_s, atol=1e-9)
    np.testing.assert_allclose(again.terminal_contact_s, whole.terminal_contact_s, atol=1e-9)


def test_a_gap_costs_the_contacts_in_it_and_no_other() -> None:
    run = half_sine_run(40)
    acc_mps2 = run.acc_mps2.copy()
    acc_mps2[1200:1240] = np.nan
    found = trunk_contacts(acc_mps2, None, 200.0, 0, len(acc_mps2))
    lost = (run.terminal_s > 6.0) & (run.initial_s < 6.2)
    far = np.abs(run.initial_s - 6.1) > 0.6
    assert not ((found.initial_contact_s < 6.2) & (found.terminal_contact_s > 6.0)).any()
    distance_s = np.abs(found.initial_contact_s[:, None] - run.initial_s).min(axis=0)
    assert lost.any()
    assert (distance_s[far] < 0.03).all()


def test_later_recordings_have_later_contacts_and_a_bout_keeps_to_its_range() -> None:
    run = half_sine_run(40, jitter=0.03)
    padded = np.vstack((np.zeros((600, 3)), run.acc_mps2))
    first = trunk_contacts(run.acc_mps2, None, 200.0, 400, 2000)
    later = trunk_contacts(padded, None, 200.0, 1000, 2600)
    np.testing.assert_allclose(later.initial_contact_s, first.initial_contact_s + 3.0, atol=1e-6)
    assert (first.initial_contact_s >= 2.0).all()
    assert (first.terminal_contact_s <= 10.0).all()


@pytest.mark.parametrize("n_samples", [0, 1, 5, 40, 400])
def test_nothing_moves_nothing_found(n_samples: int) -> None:
    still = np.tile([0.0, STANDARD_GRAVITY_MPS2, 0.0], (n_samples, 1))
    assert len(trunk_contacts(still, None, 100.0, 0, n_samples)) == 0
    assert len(trunk_contacts(np.full((n_samples, 3), np.nan), None, 100.0, 0, n_samples)) == 0


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(SignalError) as caught:
        trunk_contacts(np.zeros((10, 2)), None, 20.0, 5, 11)
    assert len(caught.value.problems) == 3


def mirror(name: str) -> Path:
    root = os.environ.get("TOLERANCE_DATA_MIRROR")
    if not root or not (Path(root) / name).is_dir():
        pytest.skip(f"TOLERANCE_DATA_MIRROR does not hold {name}")
    return Path(root) / name


@pytest.mark.mirror
def test_waist_step_rates_of_treadmill_joggers() -> None:
    """Step rates stated with the dataset, from the same sensors by other means."""
    folder = mirror("harlab_ankle_jog") / "data" / "raw_accelerometer_data"
    jogs = {"002": (516, 572, 2.612), "003": (512, 572, 2.661), "028": (576, 636, 2.710)}
    for runner, (start_s, stop_s, rate_hz) in jogs.items():
        with (folder / f"{runner}waist.csv").open(encoding="utf-8") as lines:
            rows = list(csv.reader(lines))[11:]
        acc_g = np.array([[float(value) for value in row[-3:]] for row in rows[45000:66000]])
        # Up is the axis that carries gravity over whole strides; the others stay unnamed.
        jog_g = acc_g[start_s * 100 - 45000 : stop_s * 100 - 45000]
        axis = int(np.argmax(np.abs(jog_g.mean(axis=0))))
        acc_mps2 = np.full(jog_g.shape, np.nan)
        acc_mps2[:, 1] = jog_g[:, axis] * np.sign(jog_g[:, axis].mean()) * STANDARD_GRAVITY_MPS2
        found = trunk_contacts(acc_mps2, None, 100.0, 300, len(jog_g) - 300)
        # Left and right steps differ by a tenth of a second at this waist: strides do not.
        stride_s = found.initial_contact_s[2:] - found.initial_contact_s[:-2]
        assert 2.0 / np.median(stride_s) == pytest.approx(rate_hz, rel=0.01)
        assert np.mean(np.abs(stride_s * rate_hz / 2.0 - 1.0) > 0.2) < 0.02
