"""Motion of shin, foot and sacrum, and what an ideal sensor on them would feel.

The world frame is +x forward, +y up, +z right. Angles turn about +z first, then about the
segment's own x and y. Specific force is acceleration minus gravity, so standing reads +1 g up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline, CubicSpline, PchipInterpolator, make_interp_spline

from loadcore.constants import STANDARD_GRAVITY_MPS2
from tolerance.simulate.force_truth import ContactForces, vertical_force_bw
from tolerance.simulate.movement_templates import (
    STANCE_PHASES,
    SWING_PHASES,
    Template,
    running_template,
    walking_template,
)
from tolerance.simulate.simulation_settings import FootStrike, SimulatedRunner
from tolerance.simulate.step_plan import GAIT_JUMP, GAIT_RUN, StepPlan

__all__ = [
    "BodyMotion",
    "LegMotion",
    "damped_wavelet",
    "foot_signal",
    "impact_wavelet",
    "leg_motion",
    "sacrum_signal",
    "shank_signal",
]

type FloatArray = NDArray[np.float64]

_FOOT_AT_CONTACT_RAD: Final[dict[FootStrike, float]] = {
    "rearfoot": 0.28,
    "midfoot": 0.04,
    "forefoot": -0.12,
}
"""Angle of the sole at contact; rearfoot as in Dorschky 2019, the others engineering choices."""

_SHANK_LEAN_PER_SLOPE: Final = 0.3
"""Share of the slope's angle that the shin takes over; engineering choice."""

_PUSH_FROM_STANDING_S: Final = 0.6
"""Stance whose end part is the push-off from standing; engineering choice: as in walking."""
_JUMP_HEIGHT_M: Final = 0.16
_STAND_KNOT_S: Final = 0.5
_SWAY_RAD: Final = 0.006
"""Slow sway of the shin while standing; 0.35 degrees, engineering choice."""

_SHANK_TURN_RAD: Final = (0.05, 0.10)
"""Amplitude of the shin's turning about its x and y axes, about 0.7 and 1.7 rad/s at running
rhythm; the running cycle of Dorschky 2019 has 1 to 3 and 2 to 5 rad/s, soft tissue included."""
_FOOT_TURN: Final = (0.10, 0.06)
"""Turning of the foot about x and y for each radian of pitch, so that it is still when flat."""

# The shock is a wavelet u^4 exp(-u), twice differentiated: it starts smoothly, peaks once,
# rebounds and leaves neither velocity nor displacement behind, so that the path stays closed. A
# damped sine (load.md §G4) would leave a velocity behind. Time constants: a positive lobe of two
# time constants is half a period of 18 Hz for the shin (12 to 20 Hz, Shorten & Winslow 1992), a
# third of that for the foot. At the sacrum, whose path is not integrated, the shock arrives damped:
# the measured rebound is 0.42 of the peak there (recurrent_grf, 466 contacts of one runner: +1.36
# and -0.57 g beside the force), where the closed path's wavelet would have 0.76.
_SHANK_WAVE_S: Final = 0.0135
_FOOT_WAVE_S: Final = 0.0045
_SACRUM_WAVE_S: Final = 0.009
_SACRUM_DELAY_S: Final = 0.012
_SACRUM_SHARE: Final = 0.15
_FOOT_SHARE: Final = 1.6
_SHANK_BACKWARD: Final = 0.45
_SHANK_SIDEWAYS: Final = 0.2


def impact_wavelet(time_s: FloatArray, constant_s: float) -> FloatArray:
    """Acceleration of the shock, its first peak 1; zero before time 0.

    Integrates to zero once (velocity) and twice (displacement).
    """
    u = np.maximum(time_s / constant_s, 0.0)
    # largest value of u^2 (u^2 - 8 u + 12) exp(-u), reached at u = 0.9358
    wave: FloatArray = u**2 * (u**2 - 8.0 * u + 12.0) * np.exp(-u) / _WAVE_PEAK
    return wave


def damped_wavelet(time_s: FloatArray, constant_s: float) -> FloatArray:
    """Acceleration of a shock that arrives damped, its first peak 1; zero before time 0.

    u^3 exp(-u), differentiated once: integrates to zero (velocity), and rebounds by 0.44.
    """
    u = np.maximum(time_s / constant_s, 0.0)
    wave: FloatArray = u**2 * (3.0 - u) * np.exp(-u) / _DAMPED_PEAK
    return wave


_U_DAMPED: Final = 3.0 - np.sqrt(3.0)
_DAMPED_PEAK: Final = float(_U_DAMPED**2 * (3.0 - _U_DAMPED) * np.exp(-_U_DAMPED))
_U_PEAK: Final = 0.935822227524
_WAVE_PEAK: Final = float(_U_PEAK**2 * (_U_PEAK**2 - 8.0 * _U_PEAK + 12.0) * np.exp(-_U_PEAK))


@dataclass(frozen=True)
class LegMotion:
    """Splines of one leg over the session, and the shocks of its contacts.

    ``ankle_m`` (forward, up), ``shank_rad`` and ``foot_rad`` are functions of time and of the
    order of the derivative. ``flat_s`` (n, 2) are the times in which the foot does not move.
    """

    side: Literal["left", "right"]
    ankle_m: Callable[[FloatArray, int], FloatArray]
    shank_rad: Callable[[FloatArray, int], FloatArray]
    foot_rad: Callable[[FloatArray, int], FloatArray]
    stride_phase: Callable[[FloatArray, int], FloatArray]
    liveliness: Callable[[FloatArray], FloatArray]
    flat_s: FloatArray
    shock_s: FloatArray
    shock_mps2: FloatArray


@dataclass(frozen=True)
class BodyMotion:
    """What the sacrum needs: contacts of both feet, their forces and their shocks."""

    plan: StepPlan
    forces: ContactForces
    shock_mps2: FloatArray
    runner: SimulatedRunner


def _template(plan: StepPlan, i: int, runner: SimulatedRunner) -> Template:
    if plan.gait[i] == GAIT_RUN:
        return running_template(
            float(plan.speed_mps[i]), _FOOT_AT_CONTACT_RAD[runner.foot_strike], runner.swing_factor
        )
    return walking_template()


def _moving_section(
    plan: StepPlan, here: int, there: int, runner: SimulatedRunner
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Knots from the end of one flat phase to the start of the next, same foot.

    Returns times, ankle positions (n, 2), foot angles, and times and angles of the shin.
    """
    now, then = _template(plan, here, runner), _template(plan, there, runner)
    contact_s = plan.contact_time_s[here]
    if plan.spans_standing[here]:
        contact_s = max(contact_s, _PUSH_FROM_STANDING_S)
    push_s = plan.stop_s[here] - contact_s
    first = push_s + now.flat[1] * contact_s
    swing_s = plan.start_s[there] - plan.stop_s[here]
    last = plan.start_s[there] + then.flat[0] * plan.contact_time_s[there]
    late = now.flat[1] + 0.03 < STANCE_PHASES
    soon = then.flat[0] - 0.03 > STANCE_PHASES
    stance_t = push_s + STANCE_PHASES[late] * contact_s
    swing_t = plan.stop_s[here] + SWING_PHASES[:-1] * swing_s
    land_t = plan.start_s[there] + STANCE_PHASES[soon] * plan.contact_time_s[there]
    time = np.concatenate(([first], stance_t, swing_t, land_t, [last]))

    chord = plan.position_m[there] - plan.position_m[here]
    length = float(np.hypot(*chord))
    slope = np.deg2rad(plan.grade_deg[there])
    along = chord / length if length > 0.05 else np.array([np.cos(slope), np.sin(slope)])
    normal = np.array([-along[1], along[0]])
    if length <= 0.05 or plan.gait[there] != GAIT_RUN:
        normal = np.array([0.0, 1.0])
    jump = plan.gait[there] == GAIT_JUMP
    share = np.concatenate(
        ([0.0], now.forward[:9][late], now.forward[9:-1], then.forward[:9][soon] + 1.0, [1.0])
    )
    height = np.concatenate(
        ([0.0], now.height_m[:9][late], now.height_m[9:-1], then.height_m[:9][soon], [0.0])
    )
    foot = np.concatenate(
        ([0.0], now.foot_rad[:9][late], now.foot_rad[9:-1], then.foot_rad[:9][soon], [0.0])
    )
    landing_effort = _effort(plan, there)
    push_effort = landing_effort if plan.spans_standing[here] else _effort(plan, here)
    progress = np.clip((time - first) / (last - first), 0.0, 1.0)
    blend = progress**2 * (3.0 - 2.0 * progress)
    effort = push_effort + (landing_effort - push_effort) * blend
    if jump:
        swing = np.concatenate(
            (np.zeros(1 + late.sum()), SWING_PHASES[:-1], np.ones(soon.sum() + 1))
        )
        height = _JUMP_HEIGHT_M * 4.0 * swing * (1.0 - swing)
        foot = -0.5 * 4.0 * swing * (1.0 - swing)
    else:
        height, foot = effort * height, effort * foot
    slope_here, slope_there = np.deg2rad(plan.grade_deg[here]), slope
    turned = slope_here + (slope_there - slope_here) * blend
    foot = foot + turned
    ankle = plan.position_m[here] + share[:, None] * length * along + height[:, None] * normal

    lean = _SHANK_LEAN_PER_SLOPE * turned
    shank = np.concatenate(
        ([0.0], now.shank_rad[:9][late], now.shank_rad[9:-1], then.shank_rad[:9][soon], [0.0])
    )
    shank[0] = np.interp(now.flat[1], STANCE_PHASES, now.shank_rad[:9])
    shank[-1] = np.interp(then.flat[0], STANCE_PHASES, then.shank_rad[:9])
    shank = (0.15 * foot if jump else effort * shank) + lean
    return time, ankle, foot, time, shank


def _effort(plan: StepPlan, i: int) -> float:
    """Say how far the limb swings into contact ``i``: short first and last strides swing less."""
    before = np.flatnonzero(plan.side[:i] == plan.side[i])
    if before.size == 0 or plan.gait[i] == GAIT_JUMP:
        return 1.0
    length = float(np.hypot(*(plan.position_m[i] - plan.position_m[before[-1]])))
    usual = 2.0 * plan.speed_mps[i] * plan.step_time_s[i]
    return float(np.clip(length / max(0.6 * usual, 0.3), 0.25, 1.0))


def _from_rest_to_rest(time_s: FloatArray, value: FloatArray) -> BSpline:
    """Quintic spline through the points with neither velocity nor acceleration at its ends."""
    still = np.zeros(value.shape[1:])
    rest = [(1, still), (2, still)]
    # the stubs do not know boundary conditions given as derivatives, which SciPy documents
    return make_interp_spline(time_s, value, k=5, bc_type=(rest, rest))  # type: ignore[arg-type]


def leg_motion(
    plan: StepPlan,
    side: Literal["left", "right"],
    runner: SimulatedRunner,
    shock_mps2: FloatArray,
    rng: np.random.Generator,
) -> LegMotion:
    """Join one leg's contacts into smooth motion.

    Between flat phases the ankle and the foot's angle follow clamped cubic splines through the
    template's points, so the foot rests exactly where it stands and every stride covers exactly
    the distance between two standing places. The shin turns about the ankle all the time.

    Parameters
    ----------
    shock_mps2 : (n_contacts,) float array
        Peak of the shin's axial shock for each contact of the plan.
    """
    code = 1 if side == "left" else 2
    mine: list[int] = np.flatnonzero(plan.side == code).tolist()
    sections = [_moving_section(plan, a, b, runner) for a, b in pairwise(mine)]
    end = plan.duration_s
    starts = np.array([s[0][0] for s in sections])
    stops = np.array([s[0][-1] for s in sections])
    flat = np.column_stack((np.concatenate(([0.0], stops)), np.concatenate((starts, [end]))))
    ankle_splines = [_from_rest_to_rest(s[0], s[1]) for s in sections]
    foot_splines = [_from_rest_to_rest(s[0], s[2]) for s in sections]

    def piecewise(
        splines: list[BSpline], resting: FloatArray
    ) -> Callable[[FloatArray, int], FloatArray]:
        def evaluate(time_s: FloatArray, order: int) -> FloatArray:
            shape = (time_s.size, *resting.shape[1:])
            value = np.zeros(shape)
            if order == 0:
                value[:] = resting[np.searchsorted(stops, time_s, side="right")]
            for spline, start, stop in zip(splines, starts, stops, strict=True):
                first, last = np.searchsorted(time_s, (start, stop))
                if last > first:
                    value[first:last] = spline(time_s[first:last], order)
            return value

        return evaluate

    resting_place = plan.position_m[mine]
    resting_angle = np.deg2rad(plan.grade_deg[mine])

    # shin: knots of every section, joined by the stance in between and by slow sway in standing
    times: list[FloatArray] = []
    angles: list[FloatArray] = []
    for k, i in enumerate(mine):
        template = _template(plan, i, runner)
        lean = _SHANK_LEAN_PER_SLOPE * np.deg2rad(plan.grade_deg[i])
        enter = flat[k, 0] if k else -1.0
        leave = flat[k, 1] if k < len(sections) else end + 1.0
        if plan.spans_standing[i]:
            inner = np.arange(enter + 0.35, leave - 0.3, _STAND_KNOT_S)
            times.append(inner)
            angles.append(lean + rng.normal(0.0, _SWAY_RAD, inner.size))
        else:
            between = (template.flat[0] + 0.02 < STANCE_PHASES) & (
                template.flat[1] - 0.02 > STANCE_PHASES
            )
            times.append(plan.start_s[i] + STANCE_PHASES[between] * plan.contact_time_s[i])
            angles.append(lean + _effort(plan, i) * template.shank_rad[:9][between])
        if k < len(sections):
            times.append(sections[k][3])
            angles.append(sections[k][4])
    knot_t, keep = np.unique(np.concatenate(times), return_index=True)
    shank_spline = CubicSpline(knot_t, np.concatenate(angles)[keep])

    moving = np.array(mine[1:], dtype=np.int64)
    phase_t = np.concatenate(([-1.0], plan.start_s[moving], [end + 1.0]))
    phase = 2.0 * np.pi * np.arange(phase_t.size)
    phase_spline = PchipInterpolator(phase_t, phase)
    alive_t = np.concatenate(([-1.0], np.column_stack((starts, stops)).ravel(), [end + 1.0]))
    alive = np.concatenate(([0.0], np.ones(2 * starts.size), [0.0]))
    quiet = np.flatnonzero(plan.spans_standing[mine])
    rests = np.concatenate([flat[quiet] + np.array([0.3, -0.3])])
    rests = rests[rests[:, 1] > rests[:, 0]]
    alive_t = np.concatenate((alive_t, rests.ravel()))
    alive = np.concatenate((alive, np.zeros(rests.size)))
    alive_t, keep = np.unique(alive_t, return_index=True)
    liveliness = PchipInterpolator(alive_t, alive[keep])

    landings = moving[plan.start_s[moving] >= 0.0]
    return LegMotion(
        side=side,
        ankle_m=piecewise(ankle_splines, resting_place),
        shank_rad=lambda t, order: np.asarray(shank_spline(t, order), dtype=np.float64),
        foot_rad=piecewise(foot_splines, resting_angle),
        stride_phase=lambda t, order: np.asarray(phase_spline(t, order), dtype=np.float64),
        liveliness=lambda t: np.asarray(liveliness(t), dtype=np.float64),
        flat_s=flat,
        shock_s=plan.start_s[landings] + runner.impact_delay_s,
        shock_mps2=shock_mps2[landings],
    )


def _rigid_signal(
    time_s: FloatArray,
    joint_acc_mps2: FloatArray,
    angles_rad: tuple[FloatArray, FloatArray, FloatArray],
    arm_m: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Specific force and angular velocity, in the segment's axes, of a point on a rigid segment.

    ``angles_rad`` turn about +z, then x, then y; ``arm_m`` (3,) leads from the joint to the
    point. Derivatives of the rates are taken on the given grid, which must be fine and even.
    """
    pitch, roll, yaw = angles_rad
    step = time_s[1] - time_s[0]
    pitch_rate, roll_rate, yaw_rate = (np.gradient(a, step) for a in angles_rad)
    cr, sr, cy, sy = np.cos(roll), np.sin(roll), np.cos(yaw), np.sin(yaw)
    # rates about world z, then the rolled x axis, then the segment's y axis
    omega = np.column_stack(
        (
            roll_rate * cy - pitch_rate * cr * sy,
            yaw_rate + pitch_rate * sr,
            roll_rate * sy + pitch_rate * cr * cy,
        )
    )
    alpha = np.gradient(omega, step, axis=0)
    local = np.cross(alpha, arm_m) + np.cross(omega, np.cross(omega, arm_m))
    up = np.array([0.0, STANDARD_GRAVITY_MPS2, 0.0])
    f = joint_acc_mps2 + up
    cp, sp = np.cos(pitch), np.sin(pitch)
    # undo the turn about z, then about x, then about y
    x1, y1, z1 = cp * f[:, 0] + sp * f[:, 1], -sp * f[:, 0] + cp * f[:, 1], f[:, 2]
    y2, z2 = cr * y1 + sr * z1, -sr * y1 + cr * z1
    x3, z3 = cy * x1 - sy * z2, sy * x1 + cy * z2
    return np.column_stack((x3, y2, z3)) + local, omega


def _shocks(
    time_s: FloatArray,
    shock_s: FloatArray,
    size: FloatArray,
    constant_s: float,
    wavelet: Callable[[FloatArray, float], FloatArray] = impact_wavelet,
) -> FloatArray:
    """Sum of wavelets; each is cut after 20 time constants, where it is below 1e-3."""
    total = np.zeros(time_s.size)
    for start, peak in zip(shock_s, size, strict=True):
        first, last = np.searchsorted(time_s, (start, start + 20.0 * constant_s))
        total[first:last] += peak * wavelet(time_s[first:last] - start, constant_s)
    return total


def shank_signal(
    leg: LegMotion, time_s: FloatArray, arm_m: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Specific force and angular velocity at a point of the shin, ``arm_m`` from the ankle.

    Parameters
    ----------
    time_s : (n_samples,) float array
        Even times, at least 800 a second.
    """
    mirror = 1.0 if leg.side == "right" else -1.0
    phase = leg.stride_phase(time_s, 0)
    alive = leg.liveliness(time_s)
    roll = mirror * alive * _SHANK_TURN_RAD[0] * np.sin(phase + 0.4)
    yaw = mirror * alive * _SHANK_TURN_RAD[1] * np.sin(2.0 * phase - 0.8)
    ankle = leg.ankle_m(time_s, 2)
    joint = np.column_stack((ankle[:, 0], ankle[:, 1], np.zeros(time_s.size)))
    force, omega = _rigid_signal(time_s, joint, (leg.shank_rad(time_s, 0), roll, yaw), arm_m)
    shock = _shocks(time_s, leg.shock_s, leg.shock_mps2, _SHANK_WAVE_S)
    backward = _shocks(time_s, leg.shock_s + 0.004, leg.shock_mps2, _SHANK_WAVE_S)
    force[:, 0] -= _SHANK_BACKWARD * backward
    force[:, 1] += shock
    force[:, 2] += mirror * _SHANK_SIDEWAYS * backward
    return force, omega


def foot_signal(
    leg: LegMotion, time_s: FloatArray, arm_m: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Specific force and angular velocity at a point of the foot, ``arm_m`` from the ankle."""
    mirror = 1.0 if leg.side == "right" else -1.0
    pitch = leg.foot_rad(time_s, 0)
    turn = mirror * pitch
    ankle = leg.ankle_m(time_s, 2)
    joint = np.column_stack((ankle[:, 0], ankle[:, 1], np.zeros(time_s.size)))
    force, omega = _rigid_signal(
        time_s, joint, (pitch, _FOOT_TURN[0] * turn, _FOOT_TURN[1] * turn), arm_m
    )
    shock = _FOOT_SHARE * _shocks(time_s, leg.shock_s - 0.003, leg.shock_mps2, _FOOT_WAVE_S)
    force[:, 0] -= 0.6 * shock
    force[:, 1] += shock
    return force, omega


_BRAKING_BW: Final = 0.30
"""Half of peak-to-peak fore-aft force at 3.5 m/s: 0.38 / 0.33 BW in Dorschky 2019."""
_SIDEWAYS_BW: Final = 0.04
_PELVIS_TURN_RAD: Final = (0.04, 0.05, 0.07)
"""Pitch, roll and yaw of the pelvis, 2 to 4 degrees; engineering choice after Dorschky 2019. The
pelvis drops to the side of the swing leg, so its right axis tips up in a right stance; as in that
man's mean cycle, this outweighs the sideways push of the ground."""


def sacrum_signal(body: BodyMotion, time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Specific force and angular velocity at the sacrum, which moves like the centre of mass.

    Vertical acceleration is the true force over mass; fore-aft brakes, then drives; sideways the
    foot on the ground pushes towards the other side. A softened shock follows each contact.
    """
    plan, forces = body.plan, body.forces
    n = time_s.size
    total = vertical_force_bw(forces, time_s)
    gait = _gait_weight(plan, time_s)
    vertical = gait * (total - 1.0) * STANDARD_GRAVITY_MPS2
    for takeoff, landing in zip(plan.jump_takeoff_s, plan.jump_landing_s, strict=True):
        vertical += _jump_acceleration(time_s, takeoff, landing)
    fore = np.zeros(n)
    side = np.zeros(n)
    for i in range(plan.start_s.size):
        duration = plan.contact_time_s[i]
        first, last = np.searchsorted(time_s, (plan.start_s[i], plan.start_s[i] + duration))
        share = (time_s[first:last] - plan.start_s[i]) / duration
        drive = _BRAKING_BW * np.sqrt(min(plan.speed_mps[i], 4.5) / 3.5)
        fore[first:last] -= drive * np.sin(2.0 * np.pi * share)
        towards = 1.0 if plan.side[i] == 1 else -1.0
        side[first:last] += towards * _SIDEWAYS_BW * np.sin(np.pi * share)
    joint = np.column_stack(
        (gait * fore * STANDARD_GRAVITY_MPS2, vertical, gait * side * STANDARD_GRAVITY_MPS2)
    )
    order = np.flatnonzero((plan.start_s >= 0.0) & (plan.gait != GAIT_JUMP))
    phase_t = np.concatenate(([-1.0], plan.start_s[order], [plan.duration_s + 1.0]))
    first_side = np.pi * (plan.side[order[0]] == 2) if order.size else 0.0
    phase = first_side + np.pi * np.arange(phase_t.size)
    psi = np.asarray(PchipInterpolator(phase_t, phase)(time_s), dtype=np.float64)
    angles = (
        -0.08 + gait * _PELVIS_TURN_RAD[0] * np.sin(2.0 * psi),
        -gait * _PELVIS_TURN_RAD[1] * np.sin(psi + 0.5),
        gait * _PELVIS_TURN_RAD[2] * np.cos(psi),
    )
    force, omega = _rigid_signal(time_s, joint, angles, np.zeros(3))
    landed = plan.start_s >= 0.0
    shock = _shocks(
        time_s,
        plan.start_s[landed] + _SACRUM_DELAY_S,
        _SACRUM_SHARE * body.shock_mps2[landed],
        _SACRUM_WAVE_S,
        damped_wavelet,
    )
    force[:, 1] += shock
    force[:, 0] -= 0.5 * shock
    return force, omega


def _gait_weight(plan: StepPlan, time_s: FloatArray) -> FloatArray:
    """One in gait and zero in standing, rising over the first step, falling in the closing one."""
    weight = np.zeros(time_s.size)
    first = -1
    for i in range(plan.start_s.size):
        if plan.start_s[i] < 0.0 or plan.gait[i] == GAIT_JUMP:
            continue
        if first < 0:
            first = i
        elif plan.spans_standing[i] and plan.spans_standing[i - 1]:
            rise = (time_s - plan.start_s[first]) / plan.step_time_s[first]
            fall = (plan.start_s[i] - time_s) / plan.contact_time_s[i] + 0.7
            weight += np.clip(rise, 0.0, 1.0) * np.clip(fall / 0.4, 0.0, 1.0)
            first = -1
    return weight


_JUMP_PUSH_S: Final = 0.30
_JUMP_LAND_S: Final = 0.25


def _jump_acceleration(time_s: FloatArray, takeoff: float, landing: float) -> FloatArray:
    """Push, free flight and landing of one jump; velocity is zero before and after."""
    speed = STANDARD_GRAVITY_MPS2 * (landing - takeoff) / 2.0

    def pulse(start: float, duration: float) -> FloatArray:
        share = np.clip((time_s - start) / duration, 0.0, 1.0)
        return speed * np.pi / (2.0 * duration) * np.sin(np.pi * share)

    flying = (time_s >= takeoff) & (time_s < landing)
    return (
        pulse(takeoff - _JUMP_PUSH_S, _JUMP_PUSH_S)
        + pulse(landing, _JUMP_LAND_S)
        - np.where(flying, STANDARD_GRAVITY_MPS2, 0.0)
    )
