import numpy as np
import pytest

from loadcore.constants import STANDARD_GRAVITY_MPS2
from tolerance.simulate.force_truth import contact_forces
from tolerance.simulate.segment_motion import (
    BodyMotion,
    LegMotion,
    damped_wavelet,
    foot_signal,
    impact_wavelet,
    leg_motion,
    sacrum_signal,
    shank_signal,
)
from tolerance.simulate.simulation_settings import Block, SimulationSettings, draw_runner
from tolerance.simulate.step_plan import StepPlan, plan_steps

RATE_HZ = 1000.0
RUN = (
    Block("standing", 3.0),
    Block("walking", 5.0, 1.3),
    Block("running", 10.0, 3.5),
    Block("standing", 3.0),
)


def walkabout(shock_mps2: float = 0.0, number: int = 1) -> tuple[StepPlan, LegMotion, BodyMotion]:
    rng = np.random.default_rng(12)
    runner = draw_runner(rng, number)
    plan = plan_steps(runner, RUN, SimulationSettings(), rng)
    shocks = np.full(plan.start_s.size, shock_mps2)
    leg = leg_motion(plan, "right", runner, shocks, rng)
    forces = contact_forces(plan, runner, SimulationSettings())
    return plan, leg, BodyMotion(plan=plan, forces=forces, shock_mps2=shocks, runner=runner)


def grid(plan: StepPlan) -> np.ndarray:
    return np.arange(0.0, plan.duration_s, 1 / RATE_HZ)


def test_shock_leaves_no_speed_and_no_displacement() -> None:
    time = np.arange(-0.1, 1.0, 1e-5)
    wave = impact_wavelet(time, 0.0135)
    velocity = np.cumsum(wave) * 1e-5
    assert wave.max() == pytest.approx(1.0, abs=1e-6)
    assert np.all(wave[time < 0] == 0)
    assert velocity[-1] == pytest.approx(0.0, abs=1e-9)
    assert velocity.sum() * 1e-5 == pytest.approx(0.0, abs=1e-9)


def test_damped_shock_leaves_no_speed_and_rebounds_as_measured() -> None:
    time = np.arange(-0.1, 1.0, 1e-5)
    wave = damped_wavelet(time, 0.009)
    assert wave.max() == pytest.approx(1.0, abs=1e-6)
    assert np.all(wave[time < 0] == 0)
    assert wave.sum() * 1e-5 == pytest.approx(0.0, abs=1e-9)
    assert wave.min() == pytest.approx(-0.42, abs=0.03)


def test_standing_feels_gravity_up_and_nothing_else() -> None:
    plan, leg, body = walkabout()
    time = grid(plan)
    quiet = (time > 0.5) & (time < 2.0)
    for force, omega in (
        shank_signal(leg, time, np.array([0.0, 0.19, 0.0])),
        foot_signal(leg, time, np.array([0.07, 0.0, 0.0])),
        sacrum_signal(body, time),
    ):
        assert np.linalg.norm(force[quiet], axis=1) == pytest.approx(
            STANDARD_GRAVITY_MPS2, abs=0.02
        )
        assert force[quiet, 1].mean() == pytest.approx(STANDARD_GRAVITY_MPS2, abs=0.05)
        assert np.abs(omega[quiet]).max() < 0.05


def test_foot_rests_exactly_between_strides() -> None:
    plan, leg, _ = walkabout()
    time = grid(plan)
    force, omega = foot_signal(leg, time, np.array([0.07, 0.0, 0.0]))
    for start, stop in leg.flat_s[1:-1]:
        assert stop - start > 0.02
        # the shock of the landing rings on into the rest; without it there is only gravity
        inside = (time > start + 0.003) & (time < stop - 0.003)
        assert np.abs(omega[inside]).max(initial=0.0) < 1e-9
        assert force[inside] == pytest.approx(
            np.tile([0.0, STANDARD_GRAVITY_MPS2, 0.0], (inside.sum(), 1)), abs=1e-6
        )


def test_foot_acceleration_integrates_to_the_strides() -> None:
    # naive strapdown in the plane: turn by the true angle, remove gravity, integrate twice
    plan, leg, _ = walkabout(shock_mps2=50.0)
    time = np.arange(0.0, plan.duration_s, 1 / 8000.0)
    force, _ = foot_signal(leg, time, np.zeros(3))
    mine = np.flatnonzero(plan.side == 2)
    angle = leg.foot_rad(time, 0)
    lean = 0.0  # roll and yaw of the foot turn little of the forward axis away
    cos, sin = np.cos(angle + lean), np.sin(angle + lean)
    forward = force[:, 0] * cos - force[:, 1] * sin
    for k in range(4, 12):
        start, stop = leg.flat_s[k].mean(), leg.flat_s[k + 1].mean()
        inside = (time >= start) & (time < stop)
        speed = np.cumsum(forward[inside]) / 8000.0
        length = np.hypot(*(plan.position_m[mine[k + 1]] - plan.position_m[mine[k]]))
        assert speed[-1] == pytest.approx(0.0, abs=0.35)
        assert speed.sum() / 8000.0 == pytest.approx(length, rel=0.06)


def test_path_of_the_ankle_covers_each_stride_exactly() -> None:
    plan, leg, _ = walkabout()
    mine = np.flatnonzero(plan.side == 2)
    rest = leg.flat_s.mean(axis=1)
    assert leg.ankle_m(rest, 0) == pytest.approx(plan.position_m[mine], abs=1e-9)


def test_angular_velocity_is_the_derivative_of_the_angle() -> None:
    plan, leg, _ = walkabout()
    time = grid(plan)
    _, omega = foot_signal(leg, time, np.zeros(3))
    turned = np.cumsum(omega[:, 2]) / RATE_HZ
    assert turned - turned[0] == pytest.approx(
        leg.foot_rad(time, 0) - leg.foot_rad(time[:1], 0), abs=0.04
    )


def test_shank_swings_as_fast_as_measured() -> None:
    # 10.7 ± 0.8 rad/s at 3.5 m/s, 16 runners of Fukuchi 2017 at 0.17 strides before contact
    plan, leg, _ = walkabout()
    time = grid(plan)
    _, omega = shank_signal(leg, time, np.array([0.0, 0.19, 0.0]))
    mine = np.flatnonzero((plan.side == 2) & (plan.gait == 1) & ~plan.spans_standing)[2:]
    for i in mine:
        stride = 2 * plan.step_time_s[i]
        before = (time > plan.start_s[i] - 0.4 * stride) & (time < plan.start_s[i])
        swing = omega[before, 2]
        assert 8.0 < swing.max() < 13.0
        early = (plan.start_s[i] - time[before][swing.argmax()]) / stride
        assert 0.10 < early < 0.27
        at_contact = np.interp(plan.start_s[i], time, omega[:, 2])
        assert -6.0 < at_contact < -1.0


def test_impact_peaks_soon_after_contact() -> None:
    plan, leg, _ = walkabout(shock_mps2=60.0)
    time = grid(plan)
    force, _ = shank_signal(leg, time, np.array([0.0, 0.19, 0.0]))
    mine = np.flatnonzero((plan.side == 2) & (plan.gait == 1) & ~plan.spans_standing)[2:]
    for i in mine:
        after = (time > plan.start_s[i]) & (time < plan.start_s[i] + 0.075)
        delay = time[after][force[after, 1].argmax()] - plan.start_s[i]
        assert 0.008 < delay < 0.035
        assert 60.0 < force[after, 1].max() < 120.0


def test_sacrum_feels_the_force_and_floats_in_flight() -> None:
    plan, _, body = walkabout()
    time = grid(plan)
    force, _ = sacrum_signal(body, time)
    running = np.flatnonzero((plan.gait == 1) & ~plan.spans_standing)[3:]
    for i in running[:8]:
        flight = plan.start_s[i] + 0.5 * (plan.contact_time_s[i] + plan.step_time_s[i])
        assert np.abs(np.interp(flight, time, force[:, 1])) < 1.0
    steady = (time > plan.start_s[running[0]]) & (time < plan.start_s[running[-1]])
    # vertical speed neither grows nor falls: the mean specific force is gravity
    assert force[steady, 1].mean() == pytest.approx(STANDARD_GRAVITY_MPS2, rel=0.02)
