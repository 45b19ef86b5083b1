"""Shank contacts: analytic waveforms, slow oracles, properties, and real sensors of the mirror."""

import csv
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from loadcore import contacts_shank as shank
from loadcore.constants import SIDE_LEFT, SIDE_RIGHT
from loadcore.contacts_shank import EventModel, ShankCoefficients, shank_contacts
from loadcore.signals import SignalError

type Floats = NDArray[np.float64]

STRIDE_S = 0.75


def _wave(time_s: Floats) -> Floats:
    """Return a cosine with mid-swing at 0, on whose stance lies a hump: the plateau of push-off."""
    hump = np.abs(time_s % STRIDE_S - 0.36) / 0.11
    return np.cos(2.0 * np.pi * time_s / STRIDE_S) + np.where(
        hump < 1.0, 0.425 * (1.0 + np.cos(np.pi * hump)), 0.0
    )


def _swing(duration_s: float, rate_hz: float, peak_radps: float = 8.0) -> Floats:
    """Angular velocity with mid-swing at 0, falling through zero at a quarter of the stride."""
    time = np.arange(int(duration_s * rate_hz)) / rate_hz
    gyr = np.full((time.size, 3), np.nan)
    gyr[:, 2] = peak_radps * _wave(time)
    return gyr


def _onset_after_fall_s() -> float:
    """From the fall through zero to the onset of push-off, the obvious way, on a fine grid."""
    time = np.arange(-0.5, 1.5, 1e-4)
    reach = np.arange(-0.05, 0.05, 1e-4)
    kernel = np.exp(-0.5 * (reach * 2.0 * np.pi * shank.EVENT_CUTOFF_HZ) ** 2 / np.log(2.0))
    smooth = np.convolve(_wave(time), kernel / kernel.sum(), "same")
    rise = 0.75 * STRIDE_S
    before = np.flatnonzero((time > rise - shank.TROUGH_SEARCH_S) & (time <= rise))
    trough = before[np.argmin(smooth[before])]
    late = np.flatnonzero((time > time[trough] - shank.PLATEAU_SEARCH_S) & (time <= time[trough]))
    plateau = late[np.argmax(smooth[late])]
    half_way = 0.5 * (smooth[plateau] + smooth[trough])
    falling = np.arange(plateau, trough)
    onset = falling[smooth[falling] > half_way][-1]
    return float(time[onset]) - 0.25 * STRIDE_S


def _unknown(gyr: Floats) -> Floats:
    return np.full(gyr.shape, np.nan)


def _burst(duration_s: float, rate_hz: float) -> Floats:
    """Acceleration with one burst a stride, centred on multiples of the stride time."""
    time = np.arange(int(duration_s * rate_hz)) / rate_hz
    phase = np.cos(2.0 * np.pi * time / STRIDE_S)
    return np.column_stack((-25.0 - 20.0 * phase, 18.0 + 12.0 * phase, np.zeros(time.size)))


def _contacts(gyr: Floats, rate_hz: float, start: int = 0, stop: int | None = None):
    stop = len(gyr) if stop is None else stop
    return shank_contacts(_unknown(gyr), gyr, rate_hz, start, stop, int(SIDE_RIGHT))


# --- analytic truth -------------------------------------------------------------------------


@pytest.mark.parametrize("rate_hz", [50.0, 102.4, 200.0, 1000.0, 2000.0])
def test_rule_places_events_at_fixed_times_from_crossing_and_onset(rate_hz: float) -> None:
    contacts = _contacts(_swing(4.5, rate_hz), rate_hz)
    stride = np.arange(len(contacts))
    falls = (contacts.initial_contact_s[0] - shank.GYR_IC_AFTER_CROSSING_S) + stride * STRIDE_S
    assert len(contacts) >= 4
    first = round(falls[0] / STRIDE_S - 0.25) + 0.25
    assert falls[0] == pytest.approx(first * STRIDE_S, abs=5e-4)
    np.testing.assert_allclose(
        contacts.initial_contact_s, falls + shank.GYR_IC_AFTER_CROSSING_S, atol=5e-4
    )
    onsets = falls + _onset_after_fall_s()
    seen = contacts.confidence >= 0.5
    assert seen.sum() >= 3
    np.testing.assert_allclose(
        contacts.terminal_contact_s[seen], (onsets - shank.GYR_TC_BEFORE_ONSET_S)[seen], atol=1.5e-3
    )


def test_gaussian_weights_sum_to_one_and_lose_3_db_at_the_cutoff() -> None:
    weight = shank._gaussian(10.0, 200.0)
    k = np.arange(1, weight.size)
    gain = weight[0] + 2.0 * np.sum(weight[1:] * np.cos(2.0 * np.pi * 10.0 / 200.0 * k))
    assert weight[0] + 2.0 * weight[1:].sum() == pytest.approx(1.0)
    assert gain == pytest.approx(np.sqrt(0.5), abs=0.002)


def test_cubic_is_exact_for_a_parabola_and_nan_at_the_ends() -> None:
    x = np.arange(8.0) ** 2
    assert shank._cubic(x, 3.3) == pytest.approx(3.3**2)
    assert np.isnan(shank._cubic(x, 0.5))
    assert np.isnan(shank._cubic(x, 6.0))
    assert np.isnan(shank._cubic(x, np.nan))


def test_accelerometer_rule_follows_the_burst_and_the_population() -> None:
    contacts = shank_contacts(_burst(6.0, 100.0), None, 100.0, 100, 500, int(SIDE_LEFT))
    remainder = (contacts.initial_contact_s - shank.ACC_IC_AFTER_PEAK_S) % STRIDE_S
    assert len(contacts) in (5, 6)
    np.testing.assert_allclose(np.minimum(remainder, STRIDE_S - remainder), 0.0, atol=3e-3)
    intercept_s, slope = shank.POPULATION_CONTACT_PER_STRIDE
    np.testing.assert_allclose(
        contacts.terminal_contact_s - contacts.initial_contact_s,
        intercept_s + slope * STRIDE_S,
        atol=5e-3,
    )


def test_mid_swing_times_are_the_peaks() -> None:
    times_s = shank.mid_swing_times(_swing(6.0, 128.0), 128.0, 128, 640)
    expected = np.arange(2, 7) * STRIDE_S
    np.testing.assert_allclose(times_s, expected[expected < 5.0], atol=2e-3)


# --- oracles --------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-20.0, 20.0), min_size=3, max_size=40))
def test_smoothing_equals_a_convolution_with_repeated_ends(values: list[float]) -> None:
    x = np.array(values)
    weight = shank._gaussian(10.0, 100.0)
    out = np.empty(x.size)
    shank._smooth(x, weight, out)
    reach = weight.size - 1
    padded = np.pad(x, reach, mode="edge")
    both = np.concatenate((weight[:0:-1], weight))
    np.testing.assert_allclose(out, np.convolve(padded, both, "valid"), atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-9, 9), min_size=3, max_size=40, unique=False), st.integers(1, 6))
def test_dominant_peaks_equal_the_obvious_search(values: list[int], half_width: int) -> None:
    x = np.array(values, dtype=np.float64)
    out = np.empty(x.size // 2 + 1, dtype=np.int64)
    count = shank._dominant_peaks(x, half_width, 0.0, out)
    expected = [
        i
        for i in range(1, x.size - 1)
        if x[i] >= 0.0
        and x[i] > x[i - 1]
        and x[i] >= x[i + 1]
        and x[i] == x[max(0, i - half_width) : i + half_width + 1].max()
    ]
    assert out[:count].tolist() == expected


def test_block_means_cut_at_the_limit_and_spread_nan() -> None:
    x = np.array([1.0, 3.0, 20.0, 0.0, np.nan, 1.0])
    out = np.empty(3)
    shank._block_mean(x, 2, 10.0, out)
    np.testing.assert_array_equal(out, [2.0, 5.0, np.nan])
    vectors = np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 100.0]])
    norm = np.empty(2)
    shank._block_mean_norm(vectors, 1, 80.0, norm)
    np.testing.assert_array_equal(norm, [5.0, 80.0])


def test_event_features_equal_interpolated_readings() -> None:
    gyr = _swing(4.0, 100.0)
    (stretch,) = shank.shank_stretches(_unknown(gyr), gyr, 100.0, 0, len(gyr))
    offset_s = np.array([-0.05, 0.0, 0.05])
    anchor_s = stretch.initial_anchor_s
    features = shank.event_features(stretch, anchor_s, offset_s)
    inner = slice(1, -1)
    smoothed = np.cos(2.0 * np.pi * (anchor_s[:, None] + offset_s) / STRIDE_S)
    scale = features[inner, 0] / smoothed[inner, 0]
    np.testing.assert_allclose(features[inner, 2], scale * smoothed[inner, 2], rtol=0.01)
    np.testing.assert_allclose(features[inner, 3], STRIDE_S, atol=2e-3)
    np.testing.assert_allclose(features[inner, 4], _onset_after_fall_s(), atol=2e-3)


# --- properties -----------------------------------------------------------------------------


def test_a_railing_gyroscope_changes_nothing() -> None:
    wide = _swing(6.0, 200.0, peak_radps=14.0)
    railing = np.clip(wide, -8.6, 8.6)
    a, b = _contacts(wide, 200.0), _contacts(railing, 200.0)
    np.testing.assert_allclose(a.initial_contact_s, b.initial_contact_s, atol=1e-9)
    np.testing.assert_allclose(a.terminal_contact_s, b.terminal_contact_s, atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(250, 500))
def test_two_halves_of_a_bout_hold_its_contacts_once(cut: int) -> None:
    gyr = _swing(7.5, 100.0)
    whole = _contacts(gyr, 100.0).initial_contact_s
    first = _contacts(gyr, 100.0, 0, cut).initial_contact_s
    second = _contacts(gyr, 100.0, cut, len(gyr)).initial_contact_s
    joined = np.concatenate((first, second))
    assert joined.size == whole.size
    np.testing.assert_allclose(joined, whole, atol=3e-3)


def test_side_is_passed_on_and_acceleration_is_not_needed() -> None:
    gyr = _swing(4.0, 100.0)
    acc = np.random.default_rng(1).normal(0.0, 30.0, gyr.shape)
    with_acc = shank_contacts(acc, gyr, 100.0, 0, len(gyr), int(SIDE_LEFT))
    without = shank_contacts(_unknown(gyr), gyr, 100.0, 0, len(gyr), int(SIDE_LEFT))
    assert set(with_acc.side.tolist()) == {int(SIDE_LEFT)}
    np.testing.assert_array_equal(with_acc.initial_contact_s, without.initial_contact_s)


def test_a_gap_splits_and_nothing_is_filled() -> None:
    gyr = _swing(9.0, 100.0)
    gyr[400:460] = np.nan
    contacts = _contacts(gyr, 100.0)
    assert not np.any((contacts.initial_contact_s > 4.0) & (contacts.initial_contact_s < 4.6))
    assert np.isfinite(contacts.terminal_contact_s).all()
    assert len(contacts) >= 7


@settings(max_examples=25, deadline=None)
@given(st.floats(0.0, STRIDE_S), st.floats(0.004, 0.029), st.sampled_from([104.0, 208.0, 1000.0]))
def test_a_short_hole_costs_no_contact_and_little_precision(
    at_s: float, hole_s: float, rate_hz: float
) -> None:
    whole = _swing(9.0, rate_hz)
    holed = whole.copy()
    for start_s in np.arange(1.5 + at_s, 7.5, 1.1):
        first = round(start_s * rate_hz)
        holed[first : first + int(hole_s * rate_hz)] = np.nan
    expected, found = _contacts(whole, rate_hz), _contacts(holed, rate_hz)
    assert len(found) == len(expected)
    np.testing.assert_allclose(found.initial_contact_s, expected.initial_contact_s, atol=3e-3)
    np.testing.assert_allclose(found.terminal_contact_s, expected.terminal_contact_s, atol=6e-3)


def test_a_hole_beside_an_event_widens_it_and_a_long_one_hides_it() -> None:
    whole = _swing(9.0, 200.0)
    expected = _contacts(whole, 200.0)
    fall = round((expected.initial_contact_s[4] - shank.GYR_IC_AFTER_CROSSING_S) * 200.0)
    short, long = whole.copy(), whole.copy()
    short[fall - 2 : fall + 3] = np.nan
    long[fall - 8 : fall + 8] = np.nan
    seen = _contacts(short, 200.0)
    assert seen.initial_contact_sd_s[4] > seen.initial_contact_sd_s[3]
    assert seen.confidence[4] < seen.confidence[3]
    left = _contacts(long, 200.0)
    assert len(left) == len(expected) - 1
    others = np.delete(expected.initial_contact_s, 4)
    np.testing.assert_allclose(left.initial_contact_s, others, atol=1e-3)


def test_last_contact_of_a_cut_recording_takes_the_population_time() -> None:
    gyr = _swing(4.1, 100.0)  # ends after the last fall through zero, before the rise is complete
    contacts = _contacts(gyr, 100.0)
    intercept_s, slope = shank.POPULATION_CONTACT_PER_STRIDE
    last = contacts.terminal_contact_s[-1] - contacts.initial_contact_s[-1]
    assert last == pytest.approx(intercept_s + slope * STRIDE_S, abs=3e-3)
    assert contacts.confidence[-1] < contacts.confidence[0]
    assert contacts.terminal_contact_sd_s[-1] > contacts.terminal_contact_sd_s[0]


@pytest.mark.parametrize("gyr", [None, np.zeros((600, 3)), np.full((600, 3), np.nan)])
def test_stillness_and_silence_have_no_contacts(gyr: Floats | None) -> None:
    contacts = shank_contacts(np.full((600, 3), np.nan), gyr, 100.0, 0, 600, int(SIDE_RIGHT))
    assert len(contacts) == 0
    assert contacts.side.dtype == np.int8
    still = np.tile([0.0, 9.81, 0.0], (600, 1))
    assert len(shank_contacts(still, None, 100.0, 0, 600, int(SIDE_RIGHT))) == 0


def test_all_problems_are_reported_together() -> None:
    with pytest.raises(SignalError) as error:
        shank_contacts(np.zeros((10, 2)), np.zeros((9, 3)), 25.0, 5, 99, int(SIDE_RIGHT))
    assert len(error.value.problems) == 4
    with pytest.raises(SignalError, match="side is 7"):
        shank_contacts(np.zeros((10, 3)), None, 100.0, 0, 10, 7)


# --- learned models -------------------------------------------------------------------------


def _gyr_coefficients(gyr: Floats, rate_hz: float) -> ShankCoefficients:
    (stretch,) = shank.shank_stretches(_unknown(gyr), gyr, rate_hz, 0, len(gyr))
    offset_s = np.linspace(-0.05, 0.05, 5)
    rows = [
        shank.event_features(stretch, anchor, offset_s)[2:-2]
        for anchor in (stretch.initial_anchor_s, stretch.terminal_anchor_s)
    ]
    initial, terminal = (
        EventModel(offset_s, f.mean(axis=0), np.full(7, 0.1), np.zeros(7), at, 0.004)
        for f, at in zip(rows, (0.03, -0.02), strict=True)
    )
    return ShankCoefficients((initial,), (terminal,), (), ())


def test_models_place_familiar_strides_and_leave_strange_ones_to_the_rule() -> None:
    gyr = _swing(6.0, 100.0)
    coefficients = _gyr_coefficients(gyr, 100.0)
    seen = shank_contacts(_unknown(gyr), gyr, 100.0, 0, len(gyr), 2, coefficients)
    rule = shank_contacts(_unknown(gyr), gyr, 100.0, 0, len(gyr), 2)
    inner = slice(1, -1)
    np.testing.assert_allclose(
        seen.initial_contact_s[inner] - rule.initial_contact_s[inner],
        0.03 - shank.GYR_IC_AFTER_CROSSING_S,
        atol=1e-9,
    )
    np.testing.assert_allclose(seen.confidence[inner], 1.0)
    np.testing.assert_allclose(seen.initial_contact_sd_s[inner], 0.004)
    flat = _swing(6.0, 100.0, peak_radps=3.0)
    strange = shank_contacts(_unknown(flat), flat, 100.0, 0, len(flat), 2, coefficients)
    plain = shank_contacts(_unknown(flat), flat, 100.0, 0, len(flat), 2)
    np.testing.assert_allclose(strange.initial_contact_s, plain.initial_contact_s)
    assert np.all(strange.confidence < 0.5)
    assert np.all(strange.initial_contact_sd_s > plain.initial_contact_sd_s)


def test_uncertainty_grows_with_novelty() -> None:
    coefficients = _gyr_coefficients(_swing(6.0, 100.0), 100.0)
    sd_s = []
    for peak in (8.0, 7.0, 6.5):
        gyr = _swing(6.0, 100.0, peak_radps=peak)
        contacts = shank_contacts(_unknown(gyr), gyr, 100.0, 0, len(gyr), 2, coefficients)
        sd_s.append(np.median(contacts.initial_contact_sd_s))
    assert sd_s[0] < sd_s[1] < sd_s[2]


def test_an_accelerometer_needs_no_mediolateral_axis_but_the_other_two() -> None:
    acc = _burst(8.0, 100.0)
    whole = shank_contacts(acc * [1.0, 1.0, 0.0], None, 100.0, 0, len(acc), 2)
    assert len(whole) > 5
    for axis in range(3):
        lacking = acc.copy()
        lacking[:, axis] = np.nan
        found = shank_contacts(lacking, None, 100.0, 0, len(acc), 2)
        assert len(found) == (len(whole) if axis == 2 else 0)
        if axis == 2:
            np.testing.assert_allclose(found.initial_contact_s, whole.initial_contact_s)


def test_an_accelerometer_turned_round_gives_the_same_contacts() -> None:
    acc = _burst(8.0, 100.0)
    (stretch,) = shank.shank_stretches(acc, None, 100.0, 0, len(acc))
    offset_s = np.linspace(-0.1, 0.1, 11)
    # the matched filter must find bursts that lie 80 ms before the waveform it knows
    features = shank.event_features(stretch, stretch.initial_anchor_s + 0.08, offset_s)[2:-2]
    model = EventModel(offset_s, features.mean(axis=0), np.full(23, 2.0), np.zeros(23), 0.0, 0.005)
    coefficients = ShankCoefficients((), (), (model,), ())
    ahead = shank_contacts(acc, None, 100.0, 0, len(acc), 2, coefficients)
    turned = shank_contacts(acc * [-1.0, 1.0, 1.0], None, 100.0, 0, len(acc), 2, coefficients)
    np.testing.assert_allclose(ahead.initial_contact_s, turned.initial_contact_s)
    remainder = (ahead.initial_contact_s[1:-1] - 0.08) % STRIDE_S
    np.testing.assert_allclose(np.minimum(remainder, STRIDE_S - remainder), 0.0, atol=5e-3)


def test_an_impossible_contact_becomes_the_population_contact() -> None:
    gyr = _swing(6.0, 100.0)
    coefficients = _gyr_coefficients(gyr, 100.0)
    too_late = replace(coefficients.gyr_terminal[0], intercept_s=0.3)
    contacts = shank_contacts(
        _unknown(gyr), gyr, 100.0, 0, len(gyr), 2, replace(coefficients, gyr_terminal=(too_late,))
    )
    intercept_s, slope = shank.POPULATION_CONTACT_PER_STRIDE
    np.testing.assert_allclose(
        (contacts.terminal_contact_s - contacts.initial_contact_s)[1:-1],
        intercept_s + slope * STRIDE_S,
        atol=3e-3,
    )
    assert np.all(contacts.confidence <= 0.5)


# --- real sensors ---------------------------------------------------------------------------


def _mirror(dataset: str) -> Path:
    if "TOLERANCE_DATA_MIRROR" not in os.environ:
        pytest.skip("TOLERANCE_DATA_MIRROR is not set")
    return Path(os.environ["TOLERANCE_DATA_MIRROR"]) / dataset


def _mean_cycle(path: Path) -> dict[tuple[str, str, str], Floats]:
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["stat"] == "mean"]
    return {
        (row["type"], row["name"], row["direction"]): np.array(
            [float(row[f"s{i:03d}"] or "nan") for i in range(100)]
        )
        for row in rows
    }


@pytest.mark.mirror
def test_mid_swings_of_a_real_run_are_all_found() -> None:
    """A real tibia's mean cycle, played at the 1993 stride times of a real run of 26 minutes."""
    strides = _mirror("bogutzky_shank_strides") / "imu-rn42-bc98-stride-data-1.csv"
    times_s = 1e-3 * np.genfromtxt(strides, delimiter=",", skip_header=1)[:, 0]
    times_s = times_s - times_s[0] + 2.0
    cycle = _mean_cycle(_mirror("biomac_imu_cycle") / "derived_P01_normrunning.csv")
    wz = cycle["gyro", "tibia_r", "0 0 1"]
    rate_hz = 102.4
    time = np.arange(int((times_s[-1] + 2.0) * rate_hz)) / rate_hz
    phase = np.interp(time, times_s, np.arange(times_s.size), left=0.0)
    gyr = np.full((time.size, 3), np.nan)
    gyr[:, 2] = np.interp(
        (phase + np.argmax(wz) / 100.0) % 1.0, np.arange(101) / 100.0, np.append(wz, wz[0])
    )
    found_s = shank.mid_swing_times(gyr, rate_hz, 0, len(gyr))
    inner = times_s[1:-1]
    distance_s = np.abs(found_s[:, None] - inner[None, :])
    assert (distance_s.min(axis=0) < 0.1).mean() == 1.0
    assert abs(found_s.size - times_s.size) <= 2


@pytest.mark.mirror
def test_cadence_of_real_jogging_from_the_ankle_alone() -> None:
    """Within 0.5 % of the published treadmill cadences (harlab_ankle_jog, two of three joggers)."""
    folder = _mirror("harlab_ankle_jog") / "data" / "raw_accelerometer_data"
    for runner, start_s, step_hz in (("003", 517, 2.661), ("028", 581, 2.710)):
        g = np.loadtxt(folder / f"{runner}ankle.csv", delimiter=",", skiprows=11, usecols=(1, 2, 3))
        acc = np.ascontiguousarray(9.80665 * g[start_s * 100 - 200 : start_s * 100 + 5200])
        up = np.sign(acc[:, 0].mean())  # the device's x lies along the shank
        segment = np.column_stack((-acc[:, 1], up * acc[:, 0], acc[:, 2]))
        contacts = shank_contacts(segment, None, 100.0, 200, 5200, int(SIDE_LEFT))
        start = contacts.initial_contact_s
        cadence_hz = 2.0 * (start.size - 1) / (start[-1] - start[0])
        assert cadence_hz == pytest.approx(step_hz, rel=0.005)
        assert np.diff(start).max() < 0.9
