"""Simulated recordings of runners with known truth: settings and a generator in, arrays out.

The simulator shares its force model with the estimator, so agreement here proves code, not
science; claims rest on held-out real force data (load.md §G7).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from loadcore.constants import (
    ACTIVITY_OTHER,
    ACTIVITY_RUNNING,
    ACTIVITY_STILL,
    ACTIVITY_WALKING,
    SIDES,
    STANDARD_GRAVITY_MPS2,
    TISSUES,
)
from tolerance.simulate.force_truth import (
    ContactForces,
    TissueTruth,
    contact_forces,
    tissue_truth,
    vertical_force_bw,
)
from tolerance.simulate.imu_sensor import Clock, Mounting, draw_mounting, observe
from tolerance.simulate.segment_motion import (
    BodyMotion,
    LegMotion,
    foot_signal,
    leg_motion,
    sacrum_signal,
    shank_signal,
)
from tolerance.simulate.simulation_settings import (
    DEVICES,
    KITS,
    Block,
    Device,
    Kit,
    SensorPlace,
    SimulatedRunner,
    SimulationSettings,
    draw_runner,
    draw_script,
)
from tolerance.simulate.step_plan import (
    GAIT_JUMP,
    GAIT_RUN,
    GAIT_STAIRS,
    GAIT_WALK,
    StepPlan,
    plan_steps,
)

__all__ = ["SimulatedRecording", "SimulatedSensor", "simulate_dataset", "simulate_recording"]

_SHANK_ARM_SHARE: Final = 0.11
"""Height of the shin sensor above the ankle over body height: about 19 cm, the distal third."""
_FOOT_ARM_M: Final = (0.07, 0.0, 0.0)
"""Foot sensor on the instep, ahead of the ankle."""
_IMPACT_SPEED_POWER: Final = 1.0
_IMPACT_DOWNHILL_PER_DEG: Final = 0.04
"""Shock grows with speed and downhill (load.md §C1: 7 to 11 g); engineering choices."""
_SHOCK_G: Final = {GAIT_WALK: 0.8, GAIT_STAIRS: 1.0, GAIT_JUMP: 5.0}
_PTA_WINDOW_S: Final = 0.075
"""Peak tibial acceleration is sought this long after contact (load.md §C1)."""
_PTA_RATE_HZ: Final = 2000.0
_PTA_CUTOFF_HZ: Final = 60.0
"""As published (Sinclair et al., load.md §A2): -3 dB there after both passes."""
_N_TAPS: Final = 4


@dataclass(frozen=True)
class SimulatedSensor:
    """What one sensor wrote, and the truth about it.

    Attributes
    ----------
    time_s : (n_samples,) float array
        The device's own clock, from 0.
    acc_mps2, gyr_radps : (n_samples, 3) float array
        Sensor axes; rows of NaN are lost packets.
    clock : Clock
        True time of each sample: ``clock.true_time_s(time_s)``.
    mounting : Mounting
        True rotation, place, bias and scale.
    axes : str
        Nominal anatomical directions of x, y and z, which the mounting misses by up to the
        largest rotation.
    """

    place: SensorPlace
    device: Device
    time_s: NDArray[np.float64]
    acc_mps2: NDArray[np.float64]
    gyr_radps: NDArray[np.float64]
    clock: Clock
    mounting: Mounting
    axes: str


@dataclass(frozen=True)
class SimulatedRecording:
    """All sensors of one session and the truth about it, in true time from the session's start.

    Attributes
    ----------
    contacts : DataFrame
        One row a contact: side, activity, speed_mps, grade_deg, start and end of the contact at
        5 % of body weight (NaN where the contact goes on into standing), times, peak force,
        impact (``peak_tibial_acc_g``: unfiltered, gravity included, at the sensor's true place;
        ``peak_tibial_acc_60_hz_g``: the same after a 60 Hz low-pass, as it is published), tissue
        forces, load and damage.
    force : DataFrame
        ``time_s``, ``vgrf_bw``: vertical force of both feet; NaN outside gait.
    strides : DataFrame
        Same foot, flat to flat: start_s, stop_s, stride_length_m, speed_mps.
    bouts : DataFrame
        start_s, stop_s, activity, speed_mps, grade_deg of every part of the session.
    activity : (n_seconds,) int8 array
        Code of the activity that fills most of each whole second.
    """

    runner: SimulatedRunner
    session: int
    kit: Kit
    sensors: tuple[SimulatedSensor, ...]
    contacts: pd.DataFrame
    force: pd.DataFrame
    strides: pd.DataFrame
    bouts: pd.DataFrame
    activity: NDArray[np.int8]


def _shocks(
    plan: StepPlan,
    runner: SimulatedRunner,
    settings: SimulationSettings,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Peak of each contact's shock on the shin, drawn apart from the force."""
    downhill = np.maximum(-plan.grade_deg, 0.0)
    running = runner.impact_g * (plan.speed_mps / 3.0) ** _IMPACT_SPEED_POWER
    mean_g = running * (1.0 + _IMPACT_DOWNHILL_PER_DEG * downhill)
    for gait, size in _SHOCK_G.items():
        mean_g = np.where(plan.gait == gait, size, mean_g)
    spread = np.exp(rng.normal(0.0, settings.impact_cv, plan.start_s.size))
    return mean_g * spread * STANDARD_GRAVITY_MPS2


_ACTIVITY_OF_GAIT: Final = {
    GAIT_WALK: "walking",
    GAIT_RUN: "running",
    GAIT_STAIRS: "other",
    GAIT_JUMP: "other",
}
_ACTIVITY_OF_BLOCK: Final = {
    "standing": ACTIVITY_STILL,
    "taps": ACTIVITY_STILL,
    "walking": ACTIVITY_WALKING,
    "running": ACTIVITY_RUNNING,
    "stairs": ACTIVITY_OTHER,
    "jumps": ACTIVITY_OTHER,
}


def _contact_table(
    plan: StepPlan,
    forces: ContactForces,
    tissues: TissueTruth,
    tibial_acc_g: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> pd.DataFrame:
    """Gather the truth of every contact that begins in the session."""
    frame = pd.DataFrame(
        {
            "contact_id": np.arange(plan.start_s.size),
            "side": [SIDES[code] for code in plan.side],
            "activity": [_ACTIVITY_OF_GAIT[int(g)] for g in plan.gait],
            "bout": plan.bout,
            "speed_mps": plan.speed_mps,
            "grade_deg": plan.grade_deg,
            "initial_contact_s": forces.initial_contact_s,
            "terminal_contact_s": forces.terminal_contact_s,
            "contact_time_s": forces.terminal_contact_s - forces.initial_contact_s,
            "step_time_s": np.where(plan.spans_standing, np.nan, plan.step_time_s),
            "impulse_bws": np.where(plan.spans_standing, np.nan, forces.impulse_bws),
            "peak_vgrf_bw": forces.peak_bw,
            "peak_tibial_acc_g": tibial_acc_g[0],
            "peak_tibial_acc_60_hz_g": tibial_acc_g[1],
            "is_complete": ~plan.spans_standing,
        }
    )
    for k, tissue in enumerate(TISSUES):
        frame[f"{tissue}_peak_force_bw"] = tissues.peak_force_bw[:, k]
        frame[f"{tissue}_impulse_bws"] = tissues.impulse_bws[:, k]
        frame[f"{tissue}_load_rr"] = tissues.load_rr[:, k]
        frame[f"{tissue}_damage_rr"] = tissues.damage_rr[:, k]
    inside = frame["initial_contact_s"].notna()
    return frame[inside].reset_index(drop=True)


def _tibial_peaks(
    plan: StepPlan, legs: dict[str, LegMotion], arms: dict[str, NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Largest axial specific force on the shin soon after each contact, in g: raw and low-passed.

    Two passes of a Butterworth filter lower its cut-off; Winter's correction takes it back up.
    """
    each_pass_hz = _PTA_CUTOFF_HZ / (np.sqrt(2.0) - 1.0) ** 0.25
    low = butter(2, each_pass_hz, fs=_PTA_RATE_HZ, output="sos")
    raw, smooth = (np.full(plan.start_s.size, np.nan) for _ in range(2))
    for side, arm in arms.items():
        time = np.arange(0.0, plan.duration_s, 1.0 / _PTA_RATE_HZ)
        axial = shank_signal(legs[side], time, arm)[0][:, 1]
        filtered = sosfiltfilt(low, axial)
        for i in np.flatnonzero((plan.side == SIDES.index(side)) & (plan.start_s >= 0.0)):
            first, last = np.searchsorted(time, (plan.start_s[i], plan.start_s[i] + _PTA_WINDOW_S))
            if last > first:
                raw[i] = axial[first:last].max() / STANDARD_GRAVITY_MPS2
                smooth[i] = filtered[first:last].max() / STANDARD_GRAVITY_MPS2
    return raw, smooth


def _stride_table(plan: StepPlan, legs: dict[str, LegMotion]) -> pd.DataFrame:
    """Strides of both feet between the middles of flat phases, and the distance covered."""
    rows = []
    for side, leg in legs.items():
        mine = np.flatnonzero(plan.side == SIDES.index(side))
        for k in range(mine.size - 1):
            here, there = int(mine[k]), int(mine[k + 1])
            if plan.gait[there] == GAIT_JUMP or plan.spans_standing[here]:
                continue
            if plan.spans_standing[there]:
                continue
            start, stop = leg.flat_s[k].mean(), leg.flat_s[k + 1].mean()
            length = float(np.hypot(*(plan.position_m[there] - plan.position_m[here])))
            rows.append(
                {
                    "side": side,
                    "activity": _ACTIVITY_OF_GAIT[int(plan.gait[there])],
                    "start_s": start,
                    "stop_s": stop,
                    "stride_length_m": length,
                    "speed_mps": length / (stop - start),
                    "grade_deg": float(plan.grade_deg[there]),
                }
            )
    columns = ["side", "activity", "start_s", "stop_s", "stride_length_m", "speed_mps", "grade_deg"]
    frame = pd.DataFrame(rows, columns=columns).sort_values("start_s", kind="stable")
    frame.insert(0, "stride_id", np.arange(len(frame)))
    return frame.reset_index(drop=True)


def _bout_table(plan: StepPlan) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "start_s": plan.block_start_s,
            "stop_s": plan.block_stop_s,
            "activity": [b.activity for b in plan.blocks],
            "speed_mps": [b.speed_mps for b in plan.blocks],
            "grade_deg": [b.grade_deg for b in plan.blocks],
        }
    )


def _activity_per_second(plan: StepPlan) -> NDArray[np.int8]:
    """Code of the block that covers the middle of each whole second."""
    middle = np.arange(int(plan.duration_s)) + 0.5
    block = np.searchsorted(plan.block_stop_s, middle, side="right")
    codes = np.array([_ACTIVITY_OF_BLOCK[b.activity] for b in plan.blocks], dtype=np.int8)
    return codes[np.minimum(block, codes.size - 1)]


def _force_table(
    plan: StepPlan, forces: ContactForces, settings: SimulationSettings
) -> pd.DataFrame:
    time = np.arange(int(plan.duration_s * settings.force_rate_hz)) / settings.force_rate_hz
    force = vertical_force_bw(forces, time)
    for block, start, stop in zip(plan.blocks, plan.block_start_s, plan.block_stop_s, strict=True):
        if _ACTIVITY_OF_BLOCK[block.activity] == ACTIVITY_STILL or block.activity == "jumps":
            force[(time >= start) & (time < stop)] = np.nan
    return pd.DataFrame({"time_s": time, "vgrf_bw": force})


def simulate_recording(
    rng: np.random.Generator,
    settings: SimulationSettings,
    *,
    runner: SimulatedRunner | None = None,
    blocks: tuple[Block, ...] | None = None,
    kit: Kit | None = None,
    session: int = 0,
) -> SimulatedRecording:
    """Simulate one session of one runner with all sensors and the whole truth.

    Parameters
    ----------
    rng : numpy.random.Generator
        The same state gives the same recording.
    settings : SimulationSettings
        Spread of rhythm, mounting and sensor errors.
    runner, blocks, kit : optional
        Drawn if not given; the first kit if no kit is given.
    session : int
        From 0; only a label and, with ``blocks`` missing, part of the script.

    Returns
    -------
    SimulatedRecording
        Sensors in their own axes and clocks, truth in true time.
    """
    runner = runner or draw_runner(rng, 1)
    blocks = blocks or draw_script(rng, settings, session)
    kit = kit or KITS[0]
    plan = plan_steps(runner, blocks, settings, rng)
    forces = contact_forces(plan, runner, settings)
    tissues = tissue_truth(plan, forces, runner, settings, rng)
    shock = _shocks(plan, runner, settings, rng)
    legs = {
        "left": leg_motion(plan, "left", runner, shock, rng),
        "right": leg_motion(plan, "right", runner, shock, rng),
    }
    body = BodyMotion(plan=plan, forces=forces, shock_mps2=shock, runner=runner)
    clocks: dict[str, Clock] = {}
    shared = len({p.tracking_system for p in kit.places}) == 1
    sensors = []
    arms: dict[str, NDArray[np.float64]] = {}
    for place in kit.places:
        if place.tracking_system not in clocks:
            clocks[place.tracking_system] = (
                Clock()
                if shared
                else Clock(
                    offset_s=round(float(rng.uniform(0.0, settings.clock_offset_max_s)), 3),
                    drift_ppm=float(
                        rng.uniform(-settings.clock_drift_max_ppm, settings.clock_drift_max_ppm)
                    ),
                )
            )
        sensor = _simulate_sensor(
            place, kit, runner, plan, legs, body, clocks[place.tracking_system], settings, rng
        )
        sensors.append(sensor)
        if place.site == "shank":
            arms[place.side] = sensor.mounting.arm_m
    return SimulatedRecording(
        runner=runner,
        session=session,
        kit=kit,
        sensors=tuple(sensors),
        contacts=_contact_table(plan, forces, tissues, _tibial_peaks(plan, legs, arms)),
        force=_force_table(plan, forces, settings),
        strides=_stride_table(plan, legs),
        bouts=_bout_table(plan),
        activity=_activity_per_second(plan),
    )


def _simulate_sensor(
    place: SensorPlace,
    kit: Kit,
    runner: SimulatedRunner,
    plan: StepPlan,
    legs: dict[str, LegMotion],
    body: BodyMotion,
    clock: Clock,
    settings: SimulationSettings,
    rng: np.random.Generator,
) -> SimulatedSensor:
    """Put one sensor on the body and record."""
    device = DEVICES[place.device]
    nominal_arm = {
        "shank": np.array([0.0, _SHANK_ARM_SHARE * runner.height_m, 0.0]),
        "foot": np.array(_FOOT_ARM_M),
        "sacrum": np.zeros(3),
    }[place.site]
    mounting = draw_mounting(rng, settings, nominal_arm, kit.axes)

    def felt(
        time_s: NDArray[np.float64], arm_m: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if place.site == "shank":
            return shank_signal(legs[place.side], time_s, arm_m)
        if place.site == "foot":
            return foot_signal(legs[place.side], time_s, arm_m)
        return sacrum_signal(body, time_s)

    taps = [
        rng.uniform(start + 0.5, stop - 0.5, _N_TAPS)
        for block, start, stop in zip(
            plan.blocks, plan.block_start_s, plan.block_stop_s, strict=True
        )
        if block.activity == "taps"
    ]
    output = observe(
        felt,
        plan.duration_s,
        place.sampling_rate_hz,
        device,
        mounting,
        clock,
        np.concatenate(taps) if taps else np.empty(0),
        (float(rng.uniform(0.0, settings.packet_loss_max)), settings.packet_burst_samples),
        rng,
    )
    return SimulatedSensor(
        place=place,
        device=device,
        time_s=output.time_s,
        acc_mps2=output.acc_mps2,
        gyr_radps=output.gyr_radps,
        clock=clock,
        mounting=mounting,
        axes=kit.axes,
    )


def simulate_dataset(
    rng: np.random.Generator, settings: SimulationSettings
) -> list[SimulatedRecording]:
    """Simulate every runner and session; one generator is spawned for each recording.

    Adding a session or a runner leaves the others as they were.
    """
    recordings: list[SimulatedRecording] = []
    for number, stream in enumerate(rng.spawn(settings.n_runners), start=1):
        person, *sessions = stream.spawn(settings.sessions_per_runner + 1)
        runner = draw_runner(person, number)
        kit = KITS[(number - 1) % len(KITS)]
        recordings.extend(
            simulate_recording(generator, settings, runner=runner, kit=kit, session=session)
            for session, generator in enumerate(sessions)
        )
    return recordings
