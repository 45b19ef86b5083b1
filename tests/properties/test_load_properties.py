"""What must hold for any session: splitting, order, more load, missing steps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadcore import damage, force

FORCES = st.lists(st.floats(0.2, 3.0), min_size=2, max_size=30)
EXPONENT = st.sampled_from([1.0, 6.6, 7.0, 9.0])
ERRORS = {"noise_fraction": 0.04, "step_fraction": 0.06, "shared_fraction": 0.05}


@given(FORCES, EXPONENT, st.data())
@settings(max_examples=40, deadline=None)
def test_splitting_a_session_changes_nothing(forces, exponent, data):
    cut = data.draw(st.integers(0, len(forces)))
    whole = damage.sum_damage(forces, exponent, **ERRORS)
    parts = [damage.sum_damage(piece, exponent, **ERRORS) for piece in (forces[:cut], forces[cut:])]
    again = damage.combine_sums(parts)
    assert again.n_steps == whole.n_steps
    assert again.total == pytest.approx(whole.total)
    assert again.independent_sd == pytest.approx(whole.independent_sd)
    assert again.shared_sd == pytest.approx(whole.shared_sd)
    assert again.sd == pytest.approx(whole.sd)


@given(FORCES, EXPONENT)
@settings(max_examples=40, deadline=None)
def test_order_of_steps_does_not_matter(forces, exponent):
    ahead = damage.sum_damage(forces, exponent, **ERRORS)
    back = damage.sum_damage(forces[::-1], exponent, **ERRORS)
    assert back.sd == pytest.approx(ahead.sd)
    assert back.total == pytest.approx(ahead.total)


@given(FORCES, EXPONENT, st.floats(1.01, 1.6))
@settings(max_examples=40, deadline=None)
def test_more_force_and_more_steps_are_more_damage(forces, exponent, factor):
    usual = damage.sum_damage(forces, exponent, **ERRORS)
    harder = damage.sum_damage(np.array(forces) * factor, exponent, **ERRORS)
    longer = damage.sum_damage([*forces, 0.5], exponent, **ERRORS)
    assert harder.total == pytest.approx(usual.total * factor**exponent)
    assert longer.total > usual.total


@given(FORCES, EXPONENT, st.data())
@settings(max_examples=40, deadline=None)
def test_missing_steps_add_nothing_and_break_nothing(forces, exponent, data):
    where = data.draw(st.lists(st.integers(0, len(forces)), max_size=5))
    holes = np.insert(np.array(forces), where, np.nan)
    whole = damage.sum_damage(forces, exponent, **ERRORS)
    with_holes = damage.sum_damage(holes, exponent, **ERRORS)
    assert with_holes.n_steps == whole.n_steps
    assert with_holes.total == pytest.approx(whole.total)
    assert with_holes.sd == pytest.approx(whole.sd)


@given(st.floats(0.12, 0.35), st.floats(0.02, 0.15), st.floats(0.001, 0.02))
@settings(max_examples=40, deadline=None)
def test_shorter_contact_or_longer_flight_is_more_force(contact, flight, change):
    pair = force.peak_vertical_force(
        [contact, contact + change, contact], [flight, flight, flight + change], 0.004, 0.002
    ).peak_vgrf_bw
    assert pair[1] < pair[0] < pair[2]


@given(st.floats(0.001, 0.02), st.floats(0.001, 0.02))
@settings(max_examples=40, deadline=None)
def test_less_certain_times_give_less_certain_force(sd, more):
    both = force.peak_vertical_force([0.25] * 2, [0.08] * 2, [sd, sd + more], 0.002)
    assert both.sd_bw[1] > both.sd_bw[0]
