"""True vertical force of every contact, and the tissue forces and damage that follow from it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadcore.constants import STANDARD_GRAVITY_MPS2
from tolerance.simulate.simulation_settings import FootStrike, SimulatedRunner, SimulationSettings
from tolerance.simulate.step_plan import (
    GAIT_RUN,
    StepPlan,
    duty_factor,
    step_rate_hz,
)

__all__ = [
    "CONTACT_THRESHOLD_BW",
    "ContactForces",
    "TissueTruth",
    "contact_forces",
    "tissue_truth",
    "vertical_force_bw",
]

CONTACT_THRESHOLD_BW: Final = 0.05
"""Contact means vertical force above 5 % of body weight (load.md §B3, §G1)."""

_EARLY_MASS: Final = 0.08
"""Share of body mass that stops first: stance foot and shank (Clark 2017,
doi:10.1242/jeb.138057)."""
_PEAK_AT: Final = 0.47
"""Time of the raised cosine's peak as a share of contact (Clark 2017)."""
_EARLY_TIME_S: Final[dict[FootStrike, float]] = {
    "rearfoot": 0.033,
    "midfoot": 0.040,
    "forefoot": 0.050,
}
"""Time for the lower leg to stop; rearfoot 25 to 45 ms, forefoot longer (load.md §G2)."""
_EARLY_SPEED_CHANGE: Final[dict[FootStrike, float]] = {
    "rearfoot": 0.36,
    "midfoot": 0.30,
    "forefoot": 0.22,
}
"""Lower leg's vertical touchdown speed as a share of running speed; engineering choice that gives
impact peaks near 1.5 body weights for rearfoot strikers at 3.5 m/s."""
_WALK_SECOND_HUMP: Final = 0.35
"""Third harmonic of the walking force: humps of 1.1 and a trough of 0.75 body weights at 1.3 m/s,
as in the walking cycle of Dorschky 2019 (doi:10.1016/j.jbiomech.2019.07.002)."""

_GRID: Final = 400
"""Points across one contact on which peak and threshold crossings are found."""


@dataclass(frozen=True)
class ContactForces:
    """Force of each contact in body weights, one row a contact of the plan.

    Attributes
    ----------
    impulse_bws, early_impulse_bws : (n_contacts,) float array
        The whole impulse, and the part of the impact.
    early_time_s : (n_contacts,) float array
        From contact to the peak of the impact part.
    initial_contact_s, terminal_contact_s : (n_contacts,) float array
        Crossings of 5 % of body weight; NaN before the session and where standing follows.
    peak_bw, peak_time_s : (n_contacts,) float array
        Greatest force and its time after contact.
    """

    start_s: NDArray[np.float64]
    contact_time_s: NDArray[np.float64]
    impulse_bws: NDArray[np.float64]
    early_impulse_bws: NDArray[np.float64]
    early_time_s: NDArray[np.float64]
    sine_fraction: float
    running: NDArray[np.bool_]
    initial_contact_s: NDArray[np.float64]
    terminal_contact_s: NDArray[np.float64]
    peak_bw: NDArray[np.float64]
    peak_time_s: NDArray[np.float64]


@dataclass(frozen=True)
class TissueTruth:
    """Peak force, impulse, load and damage per contact and tissue, ``(n_contacts, 3)`` each."""

    peak_force_bw: NDArray[np.float64]
    impulse_bws: NDArray[np.float64]
    load_rr: NDArray[np.float64]
    damage_rr: NDArray[np.float64]


def _raised_cosine(
    time_s: NDArray[np.float64],
    centre_s: NDArray[np.float64],
    before_s: NDArray[np.float64],
    after_s: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Give a raised cosine of height 1 with different widths before and after its centre."""
    width = np.where(time_s < centre_s, before_s, after_s)
    phase = np.clip((time_s - centre_s) / width, -1.0, 1.0)
    return 0.5 * (1.0 + np.cos(np.pi * phase))


def _contact_shape(
    forces: ContactForces, index: NDArray[np.int64], time_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Force in body weights of contacts ``index`` at ``time_s`` after their start."""
    duration = forces.contact_time_s[index]
    impulse = forces.impulse_bws[index]
    early = forces.early_impulse_bws[index]
    early_time = forces.early_time_s[index]
    share = np.clip(time_s / duration, 0.0, 1.0)
    inside = (time_s > 0.0) & (time_s < duration)
    # raised cosines have a mean of one half over their width, half-sines of 2 / pi
    active = (
        (impulse - early)
        / duration
        * (
            forces.sine_fraction * np.pi / 2.0 * np.sin(np.pi * share)
            + (1.0 - forces.sine_fraction)
            * 2.0
            * _raised_cosine(
                time_s, _PEAK_AT * duration, _PEAK_AT * duration, (1 - _PEAK_AT) * duration
            )
        )
    )
    impact = early / early_time * _raised_cosine(time_s, early_time, early_time, early_time)
    hump = np.sin(np.pi * share) + _WALK_SECOND_HUMP * np.sin(3.0 * np.pi * share)
    mean_hump = 2.0 / np.pi * (1.0 + _WALK_SECOND_HUMP / 3.0)
    walking = impulse / duration * hump / mean_hump
    return np.where(inside, np.where(forces.running[index], active + impact, walking), 0.0)


def contact_forces(
    plan: StepPlan, runner: SimulatedRunner, settings: SimulationSettings
) -> ContactForces:
    """Give every contact a force whose impulse carries the body until the next one.

    The impulse is exactly one body weight times the step time, so that the body's vertical speed
    at each landing is that of the landing before (load.md §G2). Impact is a raised cosine of the
    lower leg's momentum (Clark 2017); the rest blends a half-sine with a raised cosine.

    The part of the impact in the force follows speed and foot strike only; the shin's own
    transient varies from step to step by itself (see ``segment_motion``).
    """
    running = plan.gait == GAIT_RUN
    impulse = plan.step_time_s.copy()
    early_time = np.minimum(_EARLY_TIME_S[runner.foot_strike], 0.2 * plan.contact_time_s)
    touchdown = _EARLY_SPEED_CHANGE[runner.foot_strike] * plan.speed_mps
    early = _EARLY_MASS * (2.0 * touchdown / STANDARD_GRAVITY_MPS2 + 2.0 * early_time)
    early = np.where(running, early, 0.0)
    bare = ContactForces(
        start_s=plan.start_s,
        contact_time_s=plan.contact_time_s,
        impulse_bws=impulse,
        early_impulse_bws=early,
        early_time_s=early_time,
        sine_fraction=settings.force_sine_fraction,
        running=running,
        initial_contact_s=np.full(plan.start_s.size, np.nan),
        terminal_contact_s=np.full(plan.start_s.size, np.nan),
        peak_bw=np.full(plan.start_s.size, np.nan),
        peak_time_s=np.full(plan.start_s.size, np.nan),
    )
    share = np.linspace(0.0, 1.0, _GRID + 1)
    for i in range(plan.start_s.size):
        time = share * plan.contact_time_s[i]
        force = _contact_shape(bare, np.full(time.size, i), time)
        above = np.flatnonzero(force > CONTACT_THRESHOLD_BW)
        if above.size == 0:
            continue
        first, last = int(above[0]), int(above[-1])
        rising, falling = slice(first - 1, first + 1), slice(last, last + 2)
        bare.initial_contact_s[i] = plan.start_s[i] + np.interp(
            CONTACT_THRESHOLD_BW, force[rising], time[rising]
        )
        bare.terminal_contact_s[i] = plan.start_s[i] + np.interp(
            -CONTACT_THRESHOLD_BW, -force[falling], time[falling]
        )
        bare.peak_bw[i] = force.max()
        bare.peak_time_s[i] = time[int(force.argmax())]
    open_ended = plan.spans_standing
    bare.terminal_contact_s[open_ended] = np.nan
    bare.peak_bw[open_ended] = np.nan
    bare.initial_contact_s[plan.start_s < 0.0] = np.nan
    return bare


def vertical_force_bw(forces: ContactForces, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Force of both feet together while walking or running; standing contacts give their landing.

    Parameters
    ----------
    time_s : (n_samples,) float array
        Increasing times in seconds.

    Returns
    -------
    (n_samples,) float array
        Body weights.
    """
    total = np.zeros(time_s.size)
    for i in range(forces.start_s.size):
        first, last = np.searchsorted(
            time_s, (forces.start_s[i], forces.start_s[i] + forces.contact_time_s[i])
        )
        if last > first:
            index = np.full(last - first, i)
            total[first:last] += _contact_shape(
                forces, index, time_s[first:last] - forces.start_s[i]
            )
    return total


_PATELLOFEMORAL_SPEED_POWER: Final = 0.1
_PATELLOFEMORAL_PER_CADENCE_PERCENT: Final = float(np.log(0.86)) / 10.0
"""Ten per cent more steps, 14 % less force (Lenhart 2014, doi:10.1249/MSS.0b013e3182a78c3a)."""
_REFERENCE_SPEED_MPS: Final = 3.0
_REFERENCE_RUN_S: Final = 1800.0
"""Thirty minutes of easy flat running by the same runner: the unit of load."""
_TISSUE_CV: Final = 0.03
"""Spread of tissue force that the ground force does not explain; engineering choice."""
_MEAN_OF_HALF_SINE: Final = 2.0 / float(np.pi)


def tissue_truth(
    plan: StepPlan,
    forces: ContactForces,
    runner: SimulatedRunner,
    settings: SimulationSettings,
    rng: np.random.Generator,
) -> TissueTruth:
    """Compute forces of tibia, Achilles tendon and kneecap joint per running contact.

    After load.md §D3: Achilles = force × arm of the ground force / arm of the tendon, both the
    runner's own; tibia = force along the shin + Achilles; kneecap joint from speed and cadence.
    Damage is ``(peak / reference)^b``, load is the same with b = 1, both over the steps of one leg
    in the reference run, so that 30 easy flat minutes are 1. NaN outside running.
    """
    n = plan.start_s.size
    usual = np.array(
        [
            step_rate_hz(max(v, 0.1), g, runner.step_rate_factor)
            for v, g in zip(plan.speed_mps, plan.grade_deg, strict=True)
        ]
    )
    speed = np.maximum(plan.speed_mps, 0.1)
    cadence_percent = 100.0 * (1.0 / (plan.step_time_s * usual) - 1.0)
    # between people a higher rate at the same speed counts as well, against the population
    cadence_percent = cadence_percent + 100.0 * (runner.step_rate_factor - 1.0)

    def peaks(
        force: NDArray[np.float64], speed: NDArray[np.float64], cadence: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        achilles = force * runner.cop_arm_m / runner.tendon_arm_m
        # the shin leans by about 0.35 rad at the force peak (Fukuchi 2017 shank markers)
        tibia = force * np.cos(0.35) + achilles
        patellofemoral = (
            runner.patellofemoral_ref_bw
            * (speed / _REFERENCE_SPEED_MPS) ** _PATELLOFEMORAL_SPEED_POWER
            * np.exp(_PATELLOFEMORAL_PER_CADENCE_PERCENT * cadence)
        )
        return np.column_stack((tibia, achilles, patellofemoral))

    known = forces.running & ~plan.spans_standing
    spread = np.exp(rng.normal(0.0, _TISSUE_CV, (n, 3)))
    peak = np.where(known[:, None], peaks(forces.peak_bw, speed, cadence_percent) * spread, np.nan)
    impulse = peak * plan.contact_time_s[:, None] * _MEAN_OF_HALF_SINE

    rate = step_rate_hz(_REFERENCE_SPEED_MPS, 0.0, runner.step_rate_factor)
    reference = peaks(
        np.array([reference_peak_bw(runner, settings)]),
        np.array([_REFERENCE_SPEED_MPS]),
        np.array([100.0 * (runner.step_rate_factor - 1.0)]),
    )
    steps_of_one_leg = _REFERENCE_RUN_S * rate / 2.0
    relative = peak / reference
    exponents = np.asarray(settings.damage_exponents)
    return TissueTruth(
        peak_force_bw=peak,
        impulse_bws=impulse,
        load_rr=relative / steps_of_one_leg,
        damage_rr=relative**exponents / steps_of_one_leg,
    )


def reference_peak_bw(runner: SimulatedRunner, settings: SimulationSettings) -> float:
    """Peak force of the runner's mean step in easy flat running (3 m/s)."""
    step_s = 1.0 / step_rate_hz(_REFERENCE_SPEED_MPS, 0.0, runner.step_rate_factor)
    contact_s = 2.0 * step_s * duty_factor(_REFERENCE_SPEED_MPS, 0.0, runner.duty_factor_factor)
    early_time = min(_EARLY_TIME_S[runner.foot_strike], 0.2 * contact_s)
    touchdown = _EARLY_SPEED_CHANGE[runner.foot_strike] * _REFERENCE_SPEED_MPS
    early = _EARLY_MASS * 2.0 * (touchdown / STANDARD_GRAVITY_MPS2 + early_time)
    ones = np.ones(1)
    forces = ContactForces(
        start_s=0.0 * ones,
        contact_time_s=contact_s * ones,
        impulse_bws=step_s * ones,
        early_impulse_bws=early * ones,
        early_time_s=early_time * ones,
        sine_fraction=settings.force_sine_fraction,
        running=np.array([True]),
        initial_contact_s=ones,
        terminal_contact_s=ones,
        peak_bw=ones,
        peak_time_s=ones,
    )
    time = np.linspace(0.0, contact_s, _GRID + 1)
    return float(_contact_shape(forces, np.zeros(time.size, dtype=np.int64), time).max())
