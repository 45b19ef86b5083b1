"""Kernels against slow, obvious NumPy on random and hostile input; with and without compiler."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from loadcore import contacts_foot, contacts_shank, contacts_trunk, signals, trajectory
from loadcore.constants import SITES, STANDARD_GRAVITY_MPS2
from loadcore.contacts import find_contacts
from loadcore.filters import lowpass, lowpass_four
from loadcore.gaps import has_gaps
from loadcore.impact import peak_tibial_acceleration
from loadcore.orientation import project, rotate
from loadcore.railed import repair_railed
from loadcore.signals import all_finite, count_observed, finite_runs, idle_samples

QUICK = settings(max_examples=60, deadline=None)
HOSTILE = st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e-300, 1e9, math.nan, math.inf, -math.inf])
FEW_VALUES = st.sampled_from([0.0, 1.0, math.nan])


def rows(max_rows=80, values=HOSTILE):
    shape = st.tuples(st.integers(0, max_rows), st.integers(1, 3))
    return shape.flatmap(lambda size: arrays(np.float64, size, elements=values))


def walk(n, seed=0):
    return np.random.default_rng(seed).normal(size=(2, n)).cumsum(axis=1)


@QUICK
@given(x=rows())
def test_all_finite_is_what_numpy_says(x):
    assert all_finite(x) == np.isfinite(x).all()


@QUICK
@given(x=rows(), live=st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_counts_and_runs_of_finite_rows_are_what_numpy_says(x, live):
    assert count_observed(x) == np.isfinite(x).any(axis=1).sum()
    of_columns = np.array(live[: x.shape[1]])
    finite = np.isfinite(x[:, of_columns]).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], finite.astype(int), [0]))))
    np.testing.assert_array_equal(finite_runs(x, of_columns), edges.reshape(-1, 2))


@QUICK
@given(x=rows(values=FEW_VALUES))
def test_a_gap_is_a_missing_value_of_a_channel_that_the_sensor_has(x):
    seen = ~np.isnan(x).all(axis=0)
    assert has_gaps(x) == np.isnan(x[:, seen]).any()


@QUICK
@given(x=rows(values=FEW_VALUES), rate_hz=st.sampled_from([1.0, 2.0, 3.0, 7.0]))
def test_a_sleeping_sensor_is_found_wherever_its_sleep_begins(x, rate_hz):
    live = np.isfinite(x).any(axis=0)
    shortest = max(2, math.ceil(signals.IDLE_MIN_S * rate_hz))
    expected = np.zeros(x.shape[0], dtype=bool)
    for start in range(x.shape[0] - shortest + 1):
        window = x[start : start + shortest, live]
        if live.any() and (window == window[0]).all():
            expected[start : start + shortest] = True
    np.testing.assert_array_equal(idle_samples(x, rate_hz), expected)


CUTOFFS_HZ = (8.0, 20.0, 10.0, 30.0)


@pytest.mark.parametrize("n", [0, 1, 2, 5, 10, 11, 300])
def test_four_channels_are_filtered_as_each_alone(n):
    x = np.vstack((walk(n), walk(n, 1)))
    together = lowpass_four(x, CUTOFFS_HZ, 100.0)
    for row, cutoff_hz in enumerate(CUTOFFS_HZ):
        np.testing.assert_allclose(together[row], lowpass(x[row], cutoff_hz, 100.0), atol=1e-11)


@pytest.mark.parametrize("n", [2, 5, 10, 11, 300])
def test_three_columns_are_filtered_as_each_alone(n):
    x = np.vstack((walk(n), walk(n, 1)))[:3].T
    together = lowpass(x, 8.0, 100.0)
    for column in range(3):
        np.testing.assert_allclose(
            together[:, column], lowpass(x[:, column], 8.0, 100.0), atol=1e-11
        )


def test_a_hole_in_one_of_four_channels_leaves_the_others_whole():
    x = np.vstack((walk(200), walk(200, 1)))
    x[0, 50:60] = np.nan
    together = lowpass_four(x, CUTOFFS_HZ, 100.0)
    assert np.array_equal(np.isnan(together), np.isnan(x))
    np.testing.assert_allclose(together[1], lowpass(x[1], 20.0, 100.0), atol=1e-11)


def a_rotation(seed=3):
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return q * np.sign(np.linalg.det(q))


def test_one_axis_is_a_column_of_the_rotated_signal():
    x = np.random.default_rng(0).normal(size=(50, 3))
    x[7, 1] = np.nan
    for axis in range(3):
        turned = rotate(x, a_rotation())[:, axis]
        np.testing.assert_array_equal(project(x, a_rotation()[axis]), turned)


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("has_gyr", [True, False])
def test_contacts_do_not_depend_on_who_turns_the_signal(walking_like, site, has_gyr):
    acc, gyr = walking_like(1500)
    acc, gyr = acc * [1.0, 1.3, 1.0], 2.0 * gyr if has_gyr else None
    back = a_rotation().T
    worn = (rotate(acc, back), None if gyr is None else rotate(gyr, back))
    for hole in (slice(0, 0), slice(700, 704)):
        signal = [None if x is None else x.copy() for x in (acc, gyr, *worn)]
        for x in signal:
            if x is not None:
                x[hole] = np.nan
        direct = find_contacts(*signal[:2], 100.0, site, "left", 400, 1100)
        turned = find_contacts(*signal[2:], 100.0, site, "left", 400, 1100, rotation=a_rotation())
        assert len(direct) == len(turned)
        np.testing.assert_allclose(turned.initial_contact_s, direct.initial_contact_s, atol=1e-9)
        np.testing.assert_allclose(turned.terminal_contact_s, direct.terminal_contact_s, atol=1e-9)


def test_impacts_do_not_depend_on_who_turns_the_signal(walking_like):
    acc, _ = walking_like(1500)
    at_s = np.array([6.0, 7.1, np.nan, 9.0])
    direct = peak_tibial_acceleration(acc, at_s, 100.0)
    turned = peak_tibial_acceleration(
        rotate(acc, a_rotation().T), at_s, 100.0, rotation=a_rotation()
    )
    np.testing.assert_allclose(turned.peak_g, direct.peak_g, atol=1e-12)


def bisected_duty_ratio(amplitude):
    low, high = contacts_trunk.SHORTEST_CONTACT_RATIO, contacts_trunk.LONGEST_CONTACT_RATIO
    for _ in range(60):
        middle = 0.5 * (low + high)
        fundamental = 2.0 * abs(math.cos(math.pi * middle) / (1.0 - 4.0 * middle**2))
        low, high = (middle, high) if fundamental > amplitude else (low, middle)
    return 0.5 * (low + high)


@pytest.mark.parametrize("near", [0.501, 0.6, 0.75, 0.98])
@pytest.mark.parametrize("amplitude", [*np.linspace(0.0, 2.0, 81), 1e-9, 10.0])
def test_newtons_duty_ratio_is_that_of_bisection_from_wherever_it_starts(amplitude, near):
    expected = bisected_duty_ratio(amplitude)
    assert contacts_trunk._duty_ratio(amplitude, near) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("n", [2, 3, 34, 35])
def test_the_fundamental_is_that_of_a_fourier_sum(n):
    x = np.random.default_rng(20260301).normal(1.0, 1.0, n + 5)
    wave = 2.0 / n * np.exp(2j * np.pi * (np.arange(n) + 0.5) / n) @ x[3 : 3 + n]
    found = contacts_trunk._step_fundamental(x, 3, 3 + n, 1.0)
    np.testing.assert_allclose(found, (wave.real, wave.imag), atol=1e-13)


@QUICK
@given(x=arrays(np.float64, st.integers(0, 60), elements=st.integers(-3, 3).map(float)))
def test_maxima_mean_and_spread_are_what_numpy_says(x):
    inner = [i for i in range(1, x.size - 1) if x[i] > 0.5 and x[i - 1] < x[i] and x[i] >= x[i + 1]]
    assert contacts_trunk._maxima_above(x, 0.5).tolist() == inner
    if x.size:
        mean, spread = contacts_trunk._mean_and_spread(x)
        assert mean == pytest.approx(x.mean())
        assert spread == pytest.approx(x.std())
        first = np.arange(0, x.size, 2)
        last = np.minimum(first + 5, x.size)
        expected = [x[a:b].mean() for a, b in zip(first, last, strict=True)]
        np.testing.assert_allclose(contacts_trunk._means_between(x, first, last), expected)


@pytest.mark.parametrize("has_forward", [True, False])
def test_pressing_and_loading_are_what_they_say(has_forward):
    upward = np.random.default_rng(1).normal(size=40)
    forward = np.random.default_rng(2).normal(size=40) if has_forward else np.full(40, np.nan)
    both = np.empty((2, upward.size))
    contacts_trunk._pressing_and_loading(upward, forward, both)
    pressing, loading = both
    np.testing.assert_array_equal(pressing, np.maximum(upward, 0.0))
    np.testing.assert_allclose(loading, np.hypot(pressing, np.nan_to_num(forward)))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 6, 7, 40])
@pytest.mark.parametrize("half", [0, 1, 3, 10])
def test_stance_energy_is_a_moving_mean_that_shortens_at_the_ends(n, half):
    rng = np.random.default_rng(n)
    acc, gyr = rng.normal(0.0, 9.0, (n, 3)), rng.normal(0.0, 3.0, (n, 3))
    excess = (np.linalg.norm(acc, axis=1) - STANDARD_GRAVITY_MPS2) / contacts_foot.ACC_SCALE_MPS2
    raw = excess**2 + (gyr**2).sum(axis=1) / contacts_foot.GYR_SCALE_RADPS**2
    expected = [raw[max(i - half, 0) : i + half + 1].mean() for i in range(n)]
    energy = np.empty(n)
    contacts_foot._stance_energy(acc, gyr, half, energy)
    np.testing.assert_allclose(energy, expected, rtol=1e-9)


@QUICK
@given(marks=arrays(np.bool_, st.integers(1, 40)), seed=st.integers(0, 9))
def test_marks_are_counted_and_their_runs_measured(marks, seed):
    at = np.random.default_rng(seed).integers(0, marks.size, 8)
    text = "".join("x" if mark else " " for mark in marks)
    lengths = []
    for i in at:
        before = len(text[:i]) - len(text[:i].rstrip("x"))
        after = len(text[i:]) - len(text[i:].lstrip("x"))
        lengths.append(before + after if text[i] == "x" else 0)
    assert contacts_foot._run_length(marks, at).tolist() == lengths
    stop = np.minimum(at + 6, marks.size)
    expected = [int(marks[a:b].sum()) for a, b in zip(at, stop, strict=True)]
    assert trajectory._marks_between(marks, at, stop).tolist() == expected


@pytest.mark.parametrize("n", [2, 3, 40])
def test_a_stride_is_the_double_integral_of_straight_lines(n):
    """Without turning; velocity and way of each interval by their own formulas."""
    rng = np.random.default_rng(n)
    dt, force = 0.01, rng.normal(0.0, 5.0, (n, 3))
    velocity, way = np.zeros(3), np.zeros(3)
    for k in range(n - 1):
        way += velocity * dt + (force[k] / 3.0 + force[k + 1] / 6.0) * dt**2
        velocity += 0.5 * (force[k] + force[k + 1]) * dt
    time = (n - 1) * dt
    without_drift = way - 0.5 * velocity * time
    out = np.empty(3)
    still, room = np.zeros(3 * n), trajectory._Room(*np.empty((4, n - 1)))
    trajectory._small_turns(still, still, 0.0, dt, room)
    trajectory._integrate(force.ravel(), dt, room, out)
    assert out[0] == pytest.approx(np.linalg.norm(without_drift), rel=1e-9)
    assert out[1] == pytest.approx(without_drift @ velocity / np.linalg.norm(velocity), rel=1e-9)
    assert out[2] == pytest.approx(np.linalg.norm(velocity) / time, rel=1e-9)


def test_a_gyroscope_that_never_railed_is_handed_back_as_it_is():
    t = np.arange(600) / 100.0
    gyr = np.column_stack((np.sin(t), 9.0 * np.sin(9.0 * t), np.cos(t)))
    repaired, railed = repair_railed(gyr)
    assert repaired is gyr
    assert not railed.any()
    repaired, railed = repair_railed(np.clip(gyr, -7.0, 7.0))
    assert railed.any()
    assert np.abs(repaired).max() > 7.5


def plain_rhythm(signal, rate_hz, hop):
    """Correlate every window at every lag, by itself."""

    def correlation(x, lag):
        whole = int(lag)
        part = lag - whole
        pairs = x.size - whole - 1
        later = (1.0 - part) * x[whole : whole + pairs] + part * x[whole + 1 :]
        return (x[:pairs] @ later) / math.sqrt((x[:pairs] @ x[:pairs]) * (later @ later))

    n = min(3 * hop, signal.size)
    found = []
    for start in range(0, signal.size - n + 1, hop):
        window = signal[start : start + n] - signal[start : start + n].mean()
        lags = np.arange(contacts_trunk.SHORTEST_STEP_S * rate_hz, n / 4.0, 0.25)
        lags = lags[lags <= contacts_trunk.LONGEST_STEP_S * rate_hz]
        scores = [correlation(window, 2.0 * lag) + 0.5 * correlation(window, lag) for lag in lags]
        found.append(lags[int(np.argmax(scores))] / rate_hz)
    return found


@pytest.mark.parametrize("n", [60, 230, 300, 301, 399, 400, 777])
@pytest.mark.parametrize("hop", [100, 101])
def test_the_rhythm_is_that_of_each_window_by_itself(n, hop):
    rng = np.random.default_rng(n)
    signal = 1.0 + np.sin(np.arange(n) * 0.42) + rng.normal(0.0, 0.8, n)
    found = contacts_trunk._rhythm(signal, 50.0, hop)
    np.testing.assert_allclose(found, plain_rhythm(signal, 50.0, hop), rtol=1e-12)


@QUICK
@given(x=arrays(np.float64, st.integers(0, 30), elements=st.integers(-4, 4).map(float)))
def test_the_median_is_what_numpy_says(x):
    expected = np.median(x) if x.size else math.nan
    np.testing.assert_equal(signals.median_of(x.copy()), expected)


def test_no_swing_is_lost_where_there_are_more_than_room_was_made_for():
    n_cycles, samples = 3 * contacts_foot.SWING_ROOM, 60
    pitch = 8.0 * np.sin(2.0 * np.pi * (np.arange(n_cycles * samples) + 0.5) / samples)
    forward, backward = contacts_foot._find_swings(pitch, 100.0)
    np.testing.assert_array_equal(forward[:, 0], samples * np.arange(n_cycles))
    np.testing.assert_array_equal(forward[:, 1], samples * np.arange(n_cycles) + samples // 2)
    np.testing.assert_array_equal(backward[:, 0], forward[:-1, 1])


def placed_by_numpy(anchor_s, modelled_s, novelty, hole_s, rule, model_sd_s):
    event_s, sd_s = anchor_s + rule[0], np.full(anchor_s.size, rule[1])
    confidence = np.full(anchor_s.size, 0.5)
    if not np.isnan(model_sd_s):
        known = novelty <= contacts_shank.MAX_NOVELTY
        excess = np.maximum(novelty / contacts_shank.TYPICAL_NOVELTY, 1.0) ** 2
        event_s = np.where(known, modelled_s, event_s)
        sd_s = np.where(known, model_sd_s * excess, 2.0 * sd_s)
        confidence = np.where(known, 1.0 / excess, 0.25)
    event_s = np.where(hole_s <= contacts_shank.EVENT_BRIDGE_S, event_s, np.nan)
    confidence = np.where(hole_s > 0.0, contacts_shank.HOLE_CONFIDENCE * confidence, confidence)
    return np.stack((event_s, np.hypot(sd_s, contacts_shank.HOLE_SD_SHARE * hole_s), confidence))


@pytest.mark.parametrize("model_sd_s", [0.009, math.nan])
def test_events_of_a_shank_are_weighed_as_numpy_does(model_sd_s):
    rng = np.random.default_rng(20260301)
    anchor_s, modelled_s, novelty = rng.uniform(0.0, 5.0, (3, 200))
    anchor_s[:9], modelled_s[5:20], novelty[5:20] = np.nan, np.nan, np.nan
    hole_s = rng.choice([0.0, 0.02, 0.03, 0.08], 200)
    rule, out = (0.022, 0.011), np.empty((3, 200))
    contacts_shank._weigh(anchor_s, modelled_s, novelty, hole_s, (*rule, model_sd_s), out)
    expected = placed_by_numpy(anchor_s, modelled_s, novelty, hole_s, rule, model_sd_s)
    np.testing.assert_allclose(out, expected, rtol=1e-14)


def test_a_contact_that_cannot_be_takes_the_populations_time():
    rng = np.random.default_rng(20260301)
    initial, terminal = rng.uniform(0.01, 1.0, (2, 3, 200))
    terminal[0] = initial[0] + rng.uniform(0.0, 0.6, 200)
    terminal[0, :9], initial[0, 5:20] = np.nan, np.nan
    stride_s = rng.uniform(0.6, 0.8, 200)
    time_s = terminal[0] - initial[0]
    can_be = (time_s >= contacts_shank.MIN_CONTACT_S) & (time_s <= contacts_shank.MAX_CONTACT_S)
    intercept_s, slope = contacts_shank.POPULATION_CONTACT_PER_STRIDE
    sd_s = np.hypot(initial[1], contacts_shank.POPULATION_CONTACT_SD_S)
    expected = (
        np.where(can_be, terminal[0], initial[0] + intercept_s + slope * stride_s),
        np.where(can_be, terminal[1], sd_s),
        np.where(can_be, np.minimum(initial[2], terminal[2]), 0.5 * initial[2]),
    )
    contacts_shank._expect_contact(initial, terminal, stride_s)
    assert 0 < can_be.sum() < can_be.size
    np.testing.assert_allclose(terminal, expected, rtol=1e-14)
