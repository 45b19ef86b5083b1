"""From a session's script to every foot contact: when, where, which foot, how fast."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tolerance.simulate.simulation_settings import (
    Block,
    SimulatedRunner,
    SimulationSettings,
)

__all__ = [
    "GAIT_JUMP",
    "GAIT_RUN",
    "GAIT_STAIRS",
    "GAIT_WALK",
    "StepPlan",
    "duty_factor",
    "plan_steps",
    "step_rate_hz",
]

GAIT_WALK: Final = 0
GAIT_RUN: Final = 1
GAIT_STAIRS: Final = 2
GAIT_JUMP: Final = 3

# Population values at 2.5 m/s and their power of speed, fitted to the 16 runners of Fukuchi 2017
# (doi:10.7717/peerj.3298) at 2.5 / 3.5 / 4.5 m/s: 2.71 / 2.88 / 3.10 steps a second and 267 / 223
# / 193 ms of contact, hence duty factors of 0.36 / 0.32 / 0.30.
_STEP_RATE_HZ: Final = 2.71
_STEP_RATE_POWER: Final = 0.228
_DUTY_FACTOR: Final = 0.362
_DUTY_POWER: Final = -0.33

# Change a degree of slope, one runner of Alcantara 2022 (doi:10.7717/peerj.12752), load.md §G1:
# at -10 degrees the duty factor falls by 17 % and the step rate by 15 %; uphill both rise a little.
_DUTY_DOWNHILL_PER_DEG: Final = 0.017
_DUTY_UPHILL_PER_DEG: Final = 0.005
_RATE_DOWNHILL_PER_DEG: Final = 0.015
_RATE_UPHILL_PER_DEG: Final = 0.002

# That runner never stepped slower than 2.50 times a second, also at 2.5 m/s on -10 degrees.
_SLOWEST_RATE_HZ: Final = 2.45

# Walking: 1.65 steps a second at 1.3 m/s and a duty factor of 0.62 (the walking cycle of Dorschky
# 2019, doi:10.1016/j.jbiomech.2019.07.002, lasts 1.21 s and stands for 0.62 of it).
_WALK_RATE_HZ: Final = 1.65
_WALK_SPEED_MPS: Final = 1.3
_WALK_RATE_POWER: Final = 0.5
_WALK_DUTY: Final = 0.62
_STAIRS_RATE_HZ: Final = 1.5
_STAIRS_DUTY: Final = 0.66
_STAIRS_RISE_M: Final = 0.17

_STEP_MEMORY: Final = 0.4
"""Lag-one correlation of step time (load.md §G1 asks for AR(1)); engineering choice."""

_SPEED_RAMP: Final = (0.45, 0.75)
"""Share of the bout's speed in its first two steps, so that nobody starts at full speed."""

_LAST_WALKING_SHARE: Final = 0.9
"""Contact over step time of the step from walking into running; engineering choice."""

_JUMP_PERIOD_S: Final = 1.6
_JUMP_FLIGHT_S: Final = 0.36

_BEFORE_START_S: Final = -10.0
"""Both feet stood here long before the recording."""


@dataclass(frozen=True)
class StepPlan:
    """All contacts in order of initial contact, the two feet's first standing contacts included.

    Attributes
    ----------
    side : (n,) int8 array
        Codes of ``loadcore.constants.SIDES``.
    start_s, stop_s : (n,) float array
        Beginning and end of each contact (force leaves and reaches zero). A contact that lasts
        through standing has ``spans_standing``.
    step_time_s : (n,) float array
        From this contact's start to the next contact of the other foot while the gait goes on.
    contact_time_s : (n,) float array
        Duration that the gait gives the contact; for standing contacts that of their landing.
    position_m : (n, 2) float array
        Where the foot stands: forward and up.
    bout : (n,) int64 array
        Number of the block the contact belongs to; -1 for standing and jumps.
    block_start_s, block_stop_s : (n_blocks,) float array
        When each block of the script really began and ended.
    jump_takeoff_s, jump_landing_s : (n_jumps,) float array
        Both feet leave and meet the ground.
    """

    side: NDArray[np.int8]
    gait: NDArray[np.int8]
    start_s: NDArray[np.float64]
    stop_s: NDArray[np.float64]
    step_time_s: NDArray[np.float64]
    contact_time_s: NDArray[np.float64]
    spans_standing: NDArray[np.bool_]
    speed_mps: NDArray[np.float64]
    grade_deg: NDArray[np.float64]
    position_m: NDArray[np.float64]
    bout: NDArray[np.int64]
    blocks: tuple[Block, ...]
    block_start_s: NDArray[np.float64]
    block_stop_s: NDArray[np.float64]
    jump_takeoff_s: NDArray[np.float64]
    jump_landing_s: NDArray[np.float64]

    @property
    def duration_s(self) -> float:
        """Length of the session."""
        return float(self.block_stop_s[-1])


def step_rate_hz(speed_mps: float, grade_deg: float, factor: float = 1.0) -> float:
    """Give the steps of both feet a second while running."""
    slope = (
        1.0 + _RATE_DOWNHILL_PER_DEG * grade_deg
        if grade_deg < 0
        else 1.0 + _RATE_UPHILL_PER_DEG * grade_deg
    )
    rate = factor * _STEP_RATE_HZ * (speed_mps / 2.5) ** _STEP_RATE_POWER * slope
    return float(max(rate, _SLOWEST_RATE_HZ))


def duty_factor(speed_mps: float, grade_deg: float, factor: float = 1.0) -> float:
    """Give contact time over stride time while running, below 0.46 so that a flight remains."""
    slope = (
        1.0 + _DUTY_DOWNHILL_PER_DEG * grade_deg
        if grade_deg < 0
        else 1.0 + _DUTY_UPHILL_PER_DEG * grade_deg
    )
    return float(min(factor * _DUTY_FACTOR * (speed_mps / 2.5) ** _DUTY_POWER * slope, 0.46))


@dataclass
class _Contact:
    side: int
    gait: int
    start_s: float
    step_time_s: float
    contact_time_s: float
    speed_mps: float
    grade_deg: float
    forward_m: float
    up_m: float
    bout: int
    stop_s: float = np.inf
    spans_standing: bool = False


class _Walker:
    """Puts one foot after the other and remembers where and when."""

    def __init__(
        self, runner: SimulatedRunner, settings: SimulationSettings, rng: np.random.Generator
    ) -> None:
        self.runner = runner
        self.settings = settings
        self.rng = rng
        self.contacts = [
            _Contact(side, GAIT_WALK, _BEFORE_START_S, 0.6, 0.7, 0.0, 0.0, 0.0, 0.0, -1)
            for side in (1, 2)
        ]
        for contact in self.contacts:
            contact.spans_standing = True
        self.moving = False
        self.noise = 0.0
        self.takeoffs: list[float] = []
        self.landings: list[float] = []

    def rhythm(self, block: Block, gait: int, side: int) -> tuple[float, float]:
        """Draw step time and contact time of the next step."""
        if gait == GAIT_RUN:
            mean_s = 1.0 / step_rate_hz(
                block.speed_mps, block.grade_deg, self.runner.step_rate_factor
            )
            duty = duty_factor(block.speed_mps, block.grade_deg, self.runner.duty_factor_factor)
        elif gait == GAIT_WALK:
            mean_s = 1.0 / (_WALK_RATE_HZ * (block.speed_mps / _WALK_SPEED_MPS) ** _WALK_RATE_POWER)
            duty = _WALK_DUTY
        else:
            mean_s = 1.0 / _STAIRS_RATE_HZ
            duty = _STAIRS_DUTY
        fresh = self.rng.normal(0.0, self.settings.step_time_cv * np.sqrt(1.0 - _STEP_MEMORY**2))
        self.noise = _STEP_MEMORY * self.noise + float(fresh)
        step_s = mean_s * float(np.exp(self.noise))
        contact_noise = float(np.exp(self.rng.normal(0.0, self.settings.contact_time_cv)))
        lean = self.runner.contact_asymmetry * (1.0 if side == 1 else -1.0)
        contact_s = 2.0 * duty * mean_s * contact_noise * (1.0 + lean)
        return step_s, contact_s

    def land(self, time_s: float, gait: int, block: Block, length_m: float, bout: int) -> _Contact:
        """Put the other foot down at ``time_s`` and lift the foot before last in time."""
        last = self.contacts[-1]
        side = 3 - last.side
        step_s, contact_s = self.rhythm(block, gait, side)
        slope = np.deg2rad(block.grade_deg)
        rise = _STAIRS_RISE_M if gait == GAIT_STAIRS and length_m > 0 else length_m * np.sin(slope)
        contact = _Contact(
            side,
            gait,
            time_s,
            step_s,
            contact_s,
            block.speed_mps,
            block.grade_deg,
            last.forward_m + length_m * float(np.cos(slope)),
            last.up_m + float(rise),
            bout,
        )
        self.contacts.append(contact)
        return contact

    def stride_on(self, block: Block, gait: int, start_s: float, stop_s: float, bout: int) -> float:
        """Step through one block from ``start_s``; return when the next step would land."""
        time_s = start_s
        step = 0
        while True:
            previous = self.contacts[-1]
            if self.moving:
                lands_s = previous.start_s + previous.step_time_s
                if gait == GAIT_RUN and previous.gait != GAIT_RUN:
                    # the last walking step already ends in a flight
                    previous.contact_time_s = _LAST_WALKING_SHARE * previous.step_time_s
                previous.stop_s = previous.start_s + previous.contact_time_s
                step_s = previous.step_time_s
            else:
                # from standing: the trailing foot leaves at once, the other one a step later
                step_s, contact_s = self.rhythm(block, gait, previous.side)
                lands_s = time_s + step_s
                self.contacts[-2].stop_s = time_s
                previous.stop_s = lands_s + contact_s - step_s
                self.moving = True
            if lands_s >= stop_s:
                return lands_s
            ramp = _SPEED_RAMP[step] if step < len(_SPEED_RAMP) else 1.0
            self.land(lands_s, gait, block, block.speed_mps * step_s * ramp, bout)
            time_s = lands_s
            step += 1

    def halt(self, lands_s: float, block: Block) -> float:
        """Close the feet and stand on both."""
        last = self.contacts[-1]
        gait = last.gait
        closing = self.land(lands_s, gait, block, 0.0, last.bout)
        closing.grade_deg = last.grade_deg
        closing.speed_mps = last.speed_mps
        for contact in (last, closing):
            contact.stop_s = np.inf
            contact.spans_standing = True
        self.moving = False
        return lands_s + closing.contact_time_s

    def jump(self, block: Block, start_s: float, stop_s: float) -> None:
        """Jump on the spot with both feet."""
        takeoff = start_s + 0.8
        while takeoff + _JUMP_PERIOD_S < stop_s:
            landing = takeoff + _JUMP_FLIGHT_S
            feet = self.contacts[-2:]
            for foot in feet:
                foot.stop_s = takeoff
            for foot in feet:
                self.contacts.append(
                    _Contact(
                        foot.side,
                        GAIT_JUMP,
                        landing,
                        0.6,
                        0.3,
                        0.0,
                        0.0,
                        foot.forward_m,
                        foot.up_m,
                        -1,
                        spans_standing=True,
                    )
                )
            self.takeoffs.append(takeoff)
            self.landings.append(landing)
            takeoff += _JUMP_PERIOD_S


_GAIT_OF: Final = {"walking": GAIT_WALK, "running": GAIT_RUN, "stairs": GAIT_STAIRS}


def plan_steps(
    runner: SimulatedRunner,
    blocks: tuple[Block, ...],
    settings: SimulationSettings,
    rng: np.random.Generator,
) -> StepPlan:
    """Turn the script into contacts.

    A block ends with the first step that would land after its end; standing begins when the feet
    have closed, so real boundaries are later than the script by up to one step.

    Returns
    -------
    StepPlan
        Contacts of both feet, ordered by start.
    """
    walker = _Walker(runner, settings, rng)
    starts: list[float] = []
    stops: list[float] = []
    now = 0.0
    for number, block in enumerate(blocks):
        gait = _GAIT_OF.get(block.activity)
        if gait is None:
            if walker.moving:
                previous = walker.contacts[-1]
                now = walker.halt(previous.start_s + previous.step_time_s, blocks[number - 1])
                stops[-1] = now
            starts.append(now)
            if block.activity == "jumps":
                walker.jump(block, now, now + block.duration_s)
            now += block.duration_s
        else:
            starts.append(now)
            now = walker.stride_on(block, gait, now, now + block.duration_s, number)
        stops.append(now)
    if walker.moving:
        previous = walker.contacts[-1]
        now = walker.halt(previous.start_s + previous.step_time_s, blocks[-1])
        stops[-1] = now
    contacts = walker.contacts

    def column(name: str) -> NDArray[np.float64]:
        return np.array([getattr(c, name) for c in contacts], dtype=np.float64)

    return StepPlan(
        side=column("side").astype(np.int8),
        gait=column("gait").astype(np.int8),
        start_s=column("start_s"),
        stop_s=column("stop_s"),
        step_time_s=column("step_time_s"),
        contact_time_s=column("contact_time_s"),
        spans_standing=np.array([c.spans_standing for c in contacts]),
        speed_mps=column("speed_mps"),
        grade_deg=column("grade_deg"),
        position_m=np.column_stack((column("forward_m"), column("up_m"))),
        bout=column("bout").astype(np.int64),
        blocks=blocks,
        block_start_s=np.array(starts),
        block_stop_s=np.array(stops),
        jump_takeoff_s=np.array(walker.takeoffs),
        jump_landing_s=np.array(walker.landings),
    )
