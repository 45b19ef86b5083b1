"""Damage sums, their errors, fading loads and spikes against truth, oracles and simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from loadcore import damage

EXPONENTS = (1.0, 6.6, 7.0, 9.0)


def test_a_reference_step_costs_one():
    for exponent in EXPONENTS:
        np.testing.assert_allclose(damage.step_damage([1.0, 2.0], exponent), [1.0, 2.0**exponent])


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_noise_correction_is_unbiased_in_simulation(exponent):
    rng = np.random.default_rng(7)
    cv, n = 0.08, 400_000
    log_sd = math.sqrt(math.log1p(cv**2))
    measured = 1.2 * np.exp(rng.normal(-(log_sd**2) / 2, log_sd, n))
    corrected = damage.step_damage(measured, exponent, cv)
    standard_error = corrected.std() / math.sqrt(n)
    assert abs(corrected.mean() - 1.2**exponent) < 4 * standard_error
    if exponent > 1:
        naive = (measured**exponent).mean()
        assert naive / 1.2**exponent == pytest.approx(
            damage.noise_inflation(cv, exponent), rel=0.02
        )


def test_exact_and_second_order_inflation_agree_for_small_noise():
    for exponent in EXPONENTS:
        exact = damage.noise_inflation(0.01, exponent)
        assert damage.noise_inflation_second_order(0.01, exponent) == pytest.approx(exact, rel=2e-5)


def test_relative_sd_of_a_power_against_quadrature():
    cv, exponent = 0.12, 9.0
    log_sd = math.sqrt(math.log1p(cv**2))

    def moment(power):
        return quad(
            lambda z: math.exp(power * log_sd * z - z * z / 2) / math.sqrt(2 * math.pi), -12, 16
        )[0]

    expected = math.sqrt(moment(2 * exponent) / moment(exponent) ** 2 - 1)
    assert damage.power_relative_sd(cv, exponent) == pytest.approx(expected, rel=1e-6)
    assert damage.power_relative_sd(cv, 1.0) == pytest.approx(cv)


@pytest.mark.parametrize("exponent", [1.0, 6.6, 9.0])
def test_session_interval_covers_in_simulation(exponent):
    """Truth, a session error and step noise known: 90 % intervals must hold the true sum 90 %."""
    rng = np.random.default_rng(3)
    n_sessions, n_steps, noise, shared = 1500, 200, 0.05, 0.06
    true = rng.uniform(0.8, 1.3, (n_sessions, n_steps))
    log_noise = math.sqrt(math.log1p(noise**2))
    log_shared = math.sqrt(math.log1p(shared**2))
    measured = true * np.exp(rng.normal(-(log_noise**2) / 2, log_noise, true.shape))
    measured *= np.exp(rng.normal(0, log_shared, (n_sessions, 1)))
    inside = 0
    for truth, seen in zip((true**exponent).sum(axis=1), measured, strict=True):
        result = damage.sum_damage(
            seen, exponent, noise_fraction=noise, step_fraction=noise, shared_fraction=shared
        )
        low, high = damage.lognormal_interval(result.total, result.sd)
        inside += bool(low <= truth <= high)
    assert 0.87 < inside / n_sessions < 0.93


@pytest.mark.parametrize("spread", [0.0, 0.03, 0.12])
def test_drawing_steps_to_the_session_leaves_the_power_sum_unbiased(spread):
    """Noise of many sizes, as holes and rails make it: the plain correction alone would explode."""
    rng = np.random.default_rng(5)
    exponent, n = 9.0, 40_000
    true = np.exp(rng.normal(0.1, spread, n))
    noise = rng.choice([0.02, 0.06, 0.25], n, p=[0.6, 0.35, 0.05])
    log_noise = np.sqrt(np.log1p(noise**2))
    measured = true * np.exp(rng.normal(-(log_noise**2) / 2, log_noise))
    force, left = damage.shrink_to_session(measured, noise)
    believed = (force**exponent * damage.noise_inflation(left, exponent)).sum()
    assert believed == pytest.approx((true**exponent).sum(), rel=0.03)
    assert force.mean() == pytest.approx(true.mean(), rel=0.005)
    assert (left <= noise).all()


@pytest.mark.parametrize("claimed", [1.0, 2.0, 4.0])
def test_noise_that_successive_steps_do_not_show_is_not_corrected_for(claimed):
    """Slow and fast stretches, steps that hardly differ but for noise, and a few wide ones."""
    rng = np.random.default_rng(7)
    exponent, n = 9.0, 20_000
    speed = np.repeat(rng.uniform(-0.15, 0.15, n // 100), 100)
    noise = np.where(np.arange(n) % 50 == 0, 0.10, 0.015)
    true = np.exp(speed + rng.normal(0.0, 0.005, n))
    measured = true * np.exp(rng.normal(0.0, noise) - noise**2 / 2)
    force, left = damage.shrink_to_session(measured, claimed * noise)
    believed = (force**exponent * damage.noise_inflation(left, exponent)).sum()
    assert believed == pytest.approx((true**exponent).sum(), rel=0.02)
    wide = noise > 0.05
    drawn_in = np.abs(np.log(force / np.mean(true))) < np.abs(np.log(measured / np.mean(true)))
    assert left[wide].mean() > 3.0 * left[~wide].mean()
    assert drawn_in[wide].mean() > 0.8


def test_too_few_successive_steps_do_not_tell_how_noisy_they_are():
    few = 1.0 + 0.001 * np.arange(damage.MIN_NEIGHBOURS)
    enough = 1.0 + 0.001 * np.arange(damage.MIN_NEIGHBOURS + 1)
    assert np.ptp(damage.shrink_to_session(few, 0.05)[0]) < 1e-6  # all noise, for all we know
    assert np.ptp(damage.shrink_to_session(enough, 0.05)[0]) > 0.006


def test_drawing_steps_to_the_session_leaves_exact_and_unknown_steps_alone():
    force, noise = np.array([1.0, np.nan, 1.3, 0.7]), np.array([0.0, 0.1, np.nan, 0.0])
    believed, left = damage.shrink_to_session(force, noise)
    np.testing.assert_array_equal(believed, force)
    np.testing.assert_array_equal(left, noise)
    alone, left = damage.shrink_to_session([1.2], [0.1])
    assert alone == 1.2
    assert left == 0.1
    assert damage.shrink_to_session([], 0.1)[0].size == 0


def test_one_step_with_a_wide_shared_error_does_not_widen_the_sum():
    shared = np.full(100, 0.03)
    usual = damage.sum_damage(np.ones(100), 9.0, shared_fraction=shared)
    shared[3] = 0.5
    one_wide = damage.sum_damage(np.ones(100), 9.0, shared_fraction=shared)
    assert usual.shared_sd / usual.total == pytest.approx(damage.power_relative_sd(0.03, 9.0))
    assert one_wide.shared_sd < 1.3 * usual.shared_sd


def test_more_steps_remove_independent_error_only():
    def relative(n_steps):
        result = damage.sum_damage(
            np.ones(n_steps), 7.0, noise_fraction=0.05, step_fraction=0.06, shared_fraction=0.04
        )
        return result.independent_sd / result.total, result.shared_sd / result.total

    few, many = relative(100), relative(10_000)
    assert few[0] / many[0] == pytest.approx(10.0)
    assert few[1] == pytest.approx(many[1])


def test_missing_steps_are_left_out_not_counted_as_zero():
    whole = damage.sum_damage([1.0, 1.2], 7.0, shared_fraction=0.05)
    holes = damage.sum_damage([1.0, np.nan, 1.2, np.nan], 7.0, shared_fraction=0.05)
    assert holes == whole
    none = damage.sum_damage([np.nan], 7.0)
    assert none.n_steps == 0
    assert math.isnan(none.total)
    assert math.isnan(none.sd)
    assert math.isnan(damage.sum_damage([], 7.0).total)


def test_unknown_noise_leaves_the_sum_and_no_error():
    result = damage.sum_damage([1.0, 1.2], 7.0, noise_fraction=np.nan, step_fraction=np.nan)
    assert result.total == pytest.approx(1 + 1.2**7)
    assert math.isnan(result.sd)


def test_combining_nothing_is_nothing_observed():
    assert damage.combine_sums([]).n_steps == 0
    empty = damage.sum_damage([], 7.0)
    one = damage.sum_damage([1.1], 7.0, step_fraction=0.1)
    assert damage.combine_sums([empty, one]) == one


def test_refuses_what_is_beyond_physiology_in_one_message():
    with pytest.raises(ValueError, match=r"exponent.*relative_force: 1 of 2.*noise_fraction"):
        damage.step_damage([1.0, 250.0], 0.5, -0.1)
    with pytest.raises(ValueError, match="relative_force"):
        damage.sum_damage([-1.0], 7.0)


def test_equivalent_force_of_constant_steps_is_their_force():
    for exponent in EXPONENTS:
        total = damage.sum_damage(np.full(300, 1.3), exponent).total
        assert damage.equivalent_force(total, 300, 6.0, exponent) == pytest.approx(7.8)
    assert np.isnan(damage.equivalent_force(0.0, 0, 6.0, 7.0))


def test_equivalent_force_rises_with_the_exponent():
    mixed = np.array([0.8, 1.0, 1.6])
    forces = [
        float(damage.equivalent_force(damage.sum_damage(mixed, b).total, 3, 6.0, b))
        for b in EXPONENTS
    ]
    assert np.all(np.diff(forces) > 0)
    assert forces[0] == pytest.approx(6.0 * mixed.mean())


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_weighted_impulse_closed_form_against_quadrature_and_samples(exponent):
    expected = quad(lambda t: (1.4 * math.sin(math.pi * t / 0.25)) ** exponent, 0, 0.25)[0]
    closed = damage.weighted_impulse_half_sine(1.4, 0.25, exponent)
    assert closed == pytest.approx(expected, rel=1e-9)
    time = np.linspace(0, 0.25, 2001)
    curve = np.maximum(1.4 * np.sin(math.pi * time / 0.25), 0.0)
    assert damage.weighted_impulse(curve, time[1], exponent) == pytest.approx(expected, rel=1e-5)


def test_weighted_impulse_leaves_out_pairs_with_a_gap():
    assert damage.weighted_impulse([1.0, 1.0, np.nan, 1.0, 1.0], 0.1, 7.0) == pytest.approx(0.2)
    assert damage.weighted_impulse([], 0.1, 7.0) == 0.0


@given(
    st.lists(st.tuples(st.floats(0, 6), st.floats(0, 5)), min_size=1, max_size=12),
    st.floats(1.0, 40.0),
    st.floats(0.0, 3.0),
)
@settings(max_examples=40, deadline=None)
def test_decayed_load_against_the_plain_sum_and_its_numerical_derivative(entries, tau, initial):
    time = np.cumsum([gap for gap, _ in entries])
    load = np.array([value for _, value in entries])

    def plain(tau_days):
        age = time[:, None] - time[None, :]
        weight = np.where(age >= 0, np.exp(-np.maximum(age, 0) / tau_days), 0.0)
        weight = np.tril(weight)  # of equal times only those already listed
        return weight @ load + initial * np.exp(-(time - time[0]) / tau_days)

    result = damage.decayed_load(time, load, tau, initial)
    h = 1e-4 * tau
    np.testing.assert_allclose(result.value, plain(tau), rtol=1e-10, atol=1e-12)
    numerical = (plain(tau + h) - plain(tau - h)) / (2 * h)
    np.testing.assert_allclose(result.derivative_per_day, numerical, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(result.observed_fraction, 1.0)


def test_decayed_load_says_how_much_of_it_was_observed():
    result = damage.decayed_load([0, 1, 2], [1.0, np.nan, 1.0], 5.0)
    kept = math.exp(-1 / 5)
    assert result.value[2] == pytest.approx(1 + kept**2)
    assert result.observed_fraction[1] == pytest.approx(kept / (1 + kept))
    assert result.observed_fraction[2] == pytest.approx((1 + kept**2) / (1 + kept + kept**2))


def test_decayed_load_explains_bad_input():
    with pytest.raises(ValueError, match=r"tau_days: got 0.*in order"):
        damage.decayed_load([1, 0], [1.0, 1.0], 0.0)
    with pytest.raises(ValueError, match="two equal"):
        damage.decayed_load([0, 1], [1.0], 5.0)
    with pytest.raises(ValueError, match="infinite"):
        damage.decayed_load([0], [np.inf], 5.0)
    assert damage.decayed_load([], [], 5.0).value.shape == (0,)


@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.one_of(st.just(math.nan), st.floats(0.1, 9))), max_size=15
    )
)
@settings(max_examples=50, deadline=None)
def test_longest_ratio_against_a_slow_oracle(entries):
    time = np.cumsum([gap for gap, _ in entries]).astype(float)
    load = np.array([value for _, value in entries])
    result = damage.longest_ratio(time, load)
    for i in range(load.size):
        before = [load[j] for j in range(i) if time[i] - time[j] <= 30]
        seen = [value for value in before if not math.isnan(value)]
        expected = load[i] / max(seen) if seen else math.nan
        np.testing.assert_allclose(result.ratio[i], expected)
        flag = -1 if math.isnan(expected) else sum(expected > t for t in (1.1, 1.3, 2.0))
        assert result.flag[i] == flag
        assert result.is_window_complete[i] == (bool(seen) and len(seen) == len(before))


def test_longest_ratio_explains_bad_input():
    with pytest.raises(ValueError, match=r"in order.*negative"):
        damage.longest_ratio([1, 0], [1.0, -1.0])
    assert damage.longest_ratio([], []).ratio.shape == (0,)


def test_interval_is_symmetric_in_ratio_and_nan_without_a_sum():
    low, high = damage.lognormal_interval([2.0, np.nan, 0.0], [0.5, 0.1, 0.1])
    assert low[0] * high[0] == pytest.approx(4.0)
    assert np.isnan(low[1:]).all()
