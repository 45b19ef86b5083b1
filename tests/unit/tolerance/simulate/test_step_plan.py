import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tolerance.simulate.simulation_settings import Block, SimulationSettings, draw_runner
from tolerance.simulate.step_plan import (
    GAIT_RUN,
    GAIT_WALK,
    StepPlan,
    duty_factor,
    plan_steps,
    step_rate_hz,
)


def plan_of(seed: int, *blocks: Block) -> StepPlan:
    rng = np.random.default_rng(seed)
    return plan_steps(draw_runner(rng, 1), blocks, SimulationSettings(), rng)


@pytest.mark.parametrize(
    ("speed", "rate", "contact"), [(2.5, 2.71, 0.267), (3.5, 2.88, 0.223), (4.5, 3.10, 0.193)]
)
def test_population_rhythm_is_that_of_fukuchi_2017(
    speed: float, rate: float, contact: float
) -> None:
    # means of 16 runners, doi:10.7717/peerj.3298
    assert step_rate_hz(speed, 0.0) == pytest.approx(rate, rel=0.02)
    assert 2 * duty_factor(speed, 0.0) / step_rate_hz(speed, 0.0) == pytest.approx(
        contact, rel=0.03
    )


def test_downhill_contact_and_flight_are_those_of_alcantara_2022() -> None:
    # one runner at 4.17 m/s and -10 degrees: 0.190 s contact, 0.150 s flight
    # (doi:10.7717/peerj.12752); relative to that runner's level 0.196 and 0.094 s
    duty = duty_factor(4.17, -10.0) / duty_factor(4.17, 0.0)
    rate = step_rate_hz(4.17, -10.0) / step_rate_hz(4.17, 0.0)
    assert duty == pytest.approx((0.190 / 0.340) / (0.196 / 0.290), rel=0.03)
    assert rate == pytest.approx(0.290 / 0.340, rel=0.03)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    speed=st.floats(2.2, 5.0),
    grade=st.floats(-10, 10),
    seconds=st.floats(4.0, 10.0),
)
def test_feet_alternate_and_never_overlap(
    seed: int, speed: float, grade: float, seconds: float
) -> None:
    plan = plan_of(
        seed,
        Block("standing", 2.0),
        Block("walking", 3.0, 1.3),
        Block("running", seconds, speed, grade),
        Block("standing", 2.0),
    )
    assert np.all(np.diff(plan.start_s[2:]) > 0)
    assert np.all(np.diff(plan.side.astype(int)) != 0)
    for side in (1, 2):
        mine = plan.side == side
        assert np.all(plan.start_s[mine][1:] > plan.stop_s[mine][:-1])
    inside = ~plan.spans_standing
    duty = plan.contact_time_s[inside] / (2 * plan.step_time_s[inside])
    gait = plan.gait[inside]
    assert np.all(duty[gait == GAIT_RUN] < 0.5)
    # the last walking step already takes off
    assert np.all(duty[gait == GAIT_WALK][:-1] > 0.5)


def test_distance_is_speed_times_time() -> None:
    plan = plan_of(4, Block("standing", 2.0), Block("running", 60.0, 3.0), Block("standing", 2.0))
    steady = (plan.gait == GAIT_RUN) & ~plan.spans_standing
    steady[np.flatnonzero(steady)[:3]] = False
    first, last = np.flatnonzero(steady)[[0, -1]]
    metres = plan.position_m[last, 0] - plan.position_m[first, 0]
    assert metres / (plan.start_s[last] - plan.start_s[first]) == pytest.approx(3.0, rel=0.002)


def test_slopes_climb_by_their_tangent() -> None:
    plan = plan_of(
        4, Block("standing", 2.0), Block("running", 20.0, 3.0, 10.0), Block("standing", 2.0)
    )
    forward, up = plan.position_m[-1]
    assert up / forward == pytest.approx(np.tan(np.deg2rad(10.0)), rel=1e-9)


def test_step_time_varies_as_set() -> None:
    plan = plan_of(7, Block("standing", 2.0), Block("running", 400.0, 3.0), Block("standing", 2.0))
    steps = plan.step_time_s[plan.gait == GAIT_RUN]
    assert np.std(steps) / np.mean(steps) == pytest.approx(0.015, rel=0.15)
    assert 0.2 < np.corrcoef(steps[1:], steps[:-1])[0, 1] < 0.6
