"""What a simulated recording is made from: settings, people, devices and the session's script."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from loadcore.damage import FATIGUE_EXPONENTS

__all__ = [
    "DEVICES",
    "KITS",
    "Block",
    "BlockActivity",
    "Device",
    "FootStrike",
    "Kit",
    "SensorPlace",
    "SimulatedRunner",
    "SimulationSettings",
    "draw_runner",
    "draw_script",
]

type FootStrike = Literal["rearfoot", "midfoot", "forefoot"]
type BlockActivity = Literal["standing", "walking", "running", "stairs", "jumps", "taps"]
type Side = Literal["unknown", "left", "right"]
type Site = Literal["shank", "foot", "sacrum"]


@dataclass(frozen=True, kw_only=True)
class SimulationSettings:
    """Size of the data set and spread of everything that differs between recordings.

    Attributes
    ----------
    n_runners, sessions_per_runner : int
        One recording set (all sensors of one person, once) for each runner and session.
    speeds_mps, grades_deg : tuple of float
        Running speeds and slopes to draw from; positive slopes go up.
    running_bouts, running_bout_s, walking_bout_s, standing_s : int, float
        Script of a session; every session starts and ends standing.
    step_time_cv, contact_time_cv, impact_cv : float
        Step-to-step coefficients of variation within one speed. Cadence varies by 1 to 2 %
        (load.md §G1); impact is drawn on its own, so that it does not follow the force peak
        (Zandbergen 2023, doi:10.1080/14763141.2022.2164345: r = 0.04).
    force_sine_fraction : float
        Share of the half-sine in the active part of the force; the rest is a raised cosine. 0.55
        gives peaks near 1.65 body weights times (1 + flight / contact), load.md §C3.
    mount_rotation_max_deg, mount_offset_max_m, acc_bias_max_mps2, acc_scale_max : float
        Largest mounting rotation, displacement, bias (40 mg) and scale error (load.md §G5).
    clock_drift_max_ppm, clock_offset_max_s : float
        Of tracking systems that are not synchronised.
    packet_loss_max, packet_burst_samples : float, int
        Largest share of lost samples and mean length of a burst.
    damage_exponents : tuple of float
        Exponent per tissue in the order of ``loadcore.constants.TISSUES`` for the true damage
        (load.md §E1).
    force_rate_hz : float
        Rate of the true force waveform.
    """

    n_runners: int = 6
    sessions_per_runner: int = 2
    speeds_mps: tuple[float, ...] = (2.5, 3.0, 3.5, 4.0, 4.5)
    grades_deg: tuple[float, ...] = (-10.0, -5.0, 0.0, 5.0, 10.0)
    running_bouts: int = 2
    running_bout_s: float = 15.0
    walking_bout_s: float = 6.0
    standing_s: float = 3.0
    step_time_cv: float = 0.015
    contact_time_cv: float = 0.02
    impact_cv: float = 0.2
    force_sine_fraction: float = 0.55
    mount_rotation_max_deg: float = 25.0
    mount_offset_max_m: float = 0.03
    acc_bias_max_mps2: float = 0.4
    acc_scale_max: float = 0.01
    gyr_bias_max_radps: float = 0.02
    clock_drift_max_ppm: float = 50.0
    clock_offset_max_s: float = 2.0
    packet_loss_max: float = 0.01
    packet_burst_samples: int = 12
    damage_exponents: tuple[float, ...] = FATIGUE_EXPONENTS
    force_rate_hz: float = 200.0

    def __post_init__(self) -> None:
        """Refuse settings that no recording can be made from, all at once."""
        problems = []
        for name in ("n_runners", "sessions_per_runner", "running_bouts", "packet_burst_samples"):
            if getattr(self, name) < 1:
                problems.append(f"{name} is {getattr(self, name)}, expected at least 1")
        for name in ("running_bout_s", "walking_bout_s", "standing_s", "force_rate_hz"):
            if not getattr(self, name) > 0:
                problems.append(f"{name} is {getattr(self, name)}, expected more than 0")
        if not self.speeds_mps or not all(1.8 <= v <= 6.0 for v in self.speeds_mps):
            problems.append(f"speeds_mps is {self.speeds_mps}, expected values from 1.8 to 6 m/s")
        if not self.grades_deg or not all(abs(g) <= 12.0 for g in self.grades_deg):
            problems.append(f"grades_deg is {self.grades_deg}, expected values from -12 to 12")
        if not 0.0 <= self.force_sine_fraction <= 1.0:
            problems.append(f"force_sine_fraction is {self.force_sine_fraction}, expected 0 to 1")
        if not 0.0 <= self.packet_loss_max < 0.2:
            problems.append(f"packet_loss_max is {self.packet_loss_max}, expected 0 to 0.2")
        if len(self.damage_exponents) != 3:
            problems.append(f"damage_exponents is {self.damage_exponents}, expected three values")
        if problems:
            raise ValueError("SimulationSettings: " + "; ".join(problems))


@dataclass(frozen=True, kw_only=True)
class SimulatedRunner:
    """One simulated person: what differs between people and stays the same within one.

    ``*_factor`` multiply the population's value. ``cop_arm_m`` is the arm of the ground force
    about the ankle, ``tendon_arm_m`` that of the Achilles tendon.
    """

    runner_id: str
    sex: Literal["F", "M"]
    age_years: int
    body_mass_kg: float
    height_m: float
    foot_strike: FootStrike
    step_rate_factor: float
    duty_factor_factor: float
    contact_asymmetry: float
    swing_factor: float
    impact_g: float
    impact_delay_s: float
    cop_arm_m: float
    tendon_arm_m: float
    patellofemoral_ref_bw: float


@dataclass(frozen=True)
class Block:
    """One part of a session: what is done, how long, how fast and on which slope."""

    activity: BlockActivity
    duration_s: float
    speed_mps: float = 0.0
    grade_deg: float = 0.0


@dataclass(frozen=True)
class Device:
    """An inertial sensor as its data sheet describes it (load.md §G5)."""

    manufacturer: str
    model: str
    acc_range_g: float
    gyr_range_dps: float
    acc_noise_mps2_rthz: float
    gyr_noise_radps_rthz: float
    bits: int = 16


_UG = 9.80665e-6
_MDPS = float(np.deg2rad(1e-3))

DEVICES: Final[dict[str, Device]] = {
    # Noise densities of LSM6DSO, ICM-20649 and Blue Trident are unverified in load.md §G5.
    "LSM6DSO": Device("STMicroelectronics", "LSM6DSO", 16, 2000, 90 * _UG, 3.8 * _MDPS),
    "LSM6DSV": Device("STMicroelectronics", "LSM6DSV", 16, 2000, 60 * _UG, 2.8 * _MDPS),
    "MTi-1": Device("Xsens", "MTi-1", 16, 2000, 120 * _UG, 7.0 * _MDPS),
    "ICM-42688": Device("TDK InvenSense", "ICM-42688-P", 8, 2000, 75 * _UG, 2.8 * _MDPS),
    "ICM-20649": Device("TDK InvenSense", "ICM-20649", 30, 4000, 285 * _UG, 10.0 * _MDPS),
    "Blue Trident": Device("Vicon IMeasureU", "Blue Trident", 16, 2000, 120 * _UG, 7.0 * _MDPS),
}


@dataclass(frozen=True)
class SensorPlace:
    """One sensor on one body part, and the tracking system (clock) it belongs to."""

    tracking_system: str
    tracked_point: str
    site: Site
    side: Side
    device: str
    sampling_rate_hz: float


@dataclass(frozen=True)
class Kit:
    """What one runner wears.

    ``drops_rows`` : lost packets are missing rows with a time stamp column (LATENCY) instead of
    rows of missing values. ``axes`` : nominal directions of the sensors' x, y and z axes in
    anatomical letters (ASR = anterior, superior, right).
    """

    name: str
    places: tuple[SensorPlace, ...]
    drops_rows: bool = False
    axes: str = "ASR"


def _one_clock(device: str, rate: float) -> tuple[SensorPlace, ...]:
    """Both shins, the right foot and the sacrum on one clock."""
    return (
        SensorPlace("imu", "left_shank", "shank", "left", device, rate),
        SensorPlace("imu", "right_shank", "shank", "right", device, rate),
        SensorPlace("imu", "right_foot", "foot", "right", device, rate),
        SensorPlace("imu", "sacrum", "sacrum", "unknown", device, rate),
    )


def _own_clocks(shank: tuple[str, float], other: tuple[str, float]) -> tuple[SensorPlace, ...]:
    """Make the same places with one clock for each sensor."""
    return (
        SensorPlace("leftshank", "left_shank", "shank", "left", *shank),
        SensorPlace("rightshank", "right_shank", "shank", "right", *shank),
        SensorPlace("leftfoot", "left_foot", "foot", "left", *other),
        SensorPlace("sacrum", "sacrum", "sacrum", "unknown", *other),
    )


KITS: Final[tuple[Kit, ...]] = (
    Kit("one-clock-208", _one_clock("LSM6DSO", 208.0)),
    Kit("own-clocks-500", _own_clocks(("ICM-20649", 500.0), ("LSM6DSV", 240.0)), axes="SRA"),
    Kit("one-clock-100", _one_clock("MTi-1", 100.0)),
    Kit("own-clocks-1000", _own_clocks(("Blue Trident", 1000.0), ("LSM6DSV", 240.0))),
    Kit("one-clock-200-8g", _one_clock("ICM-42688", 200.0), axes="PSL"),
    Kit("own-clocks-256", _own_clocks(("LSM6DSV", 256.0), ("LSM6DSV", 256.0)), drops_rows=True),
)
"""One kit per runner, in turn: rates from 100 to 1000 Hz, ±8 to ±30 g, one clock or several."""

_STRIKES: Final[tuple[FootStrike, ...]] = ("rearfoot", "rearfoot", "midfoot", "forefoot")
"""Three quarters land on rear- or midfoot; engineering choice, so that few runners show all."""

_COP_ARM_M: Final[dict[FootStrike, float]] = {"rearfoot": 0.105, "midfoot": 0.12, "forefoot": 0.135}
"""Arm of the ground force about the ankle, rear- to forefoot 0.10 to 0.14 m (load.md §D3)."""

_IMPACT_FACTOR: Final[dict[FootStrike, float]] = {"rearfoot": 1.0, "midfoot": 0.85, "forefoot": 0.7}
"""Axial shock of the shin against rearfoot striking; engineering choice within load.md §G4."""


def draw_runner(rng: np.random.Generator, number: int) -> SimulatedRunner:
    """Draw person ``number`` (from 1); sex and foot strike go round, so that all kinds occur."""
    female = number % 2 == 0
    height = float(rng.normal(1.66 if female else 1.78, 0.06))
    strike = _STRIKES[(number - 1) % len(_STRIKES)]
    return SimulatedRunner(
        runner_id=f"{number:02d}",
        sex="F" if female else "M",
        age_years=int(rng.integers(20, 56)),
        # body mass index 22 ± 1.5 kg/m², the middle of recreational runners; engineering choice
        body_mass_kg=round(float(rng.normal(22.0, 1.5)) * height**2, 1),
        height_m=round(height, 3),
        foot_strike=strike,
        step_rate_factor=float(np.exp(rng.normal(0.0, 0.04))),
        duty_factor_factor=float(np.exp(rng.normal(0.0, 0.05))),
        contact_asymmetry=float(rng.normal(0.0, 0.01)),
        swing_factor=float(np.exp(rng.normal(0.0, 0.06))),
        impact_g=float(np.exp(rng.normal(np.log(5.5), 0.2))) * _IMPACT_FACTOR[strike],
        impact_delay_s=float(rng.uniform(0.004, 0.010)),
        cop_arm_m=_COP_ARM_M[strike] * float(np.exp(rng.normal(0.0, 0.05))),
        tendon_arm_m=0.05 * float(np.exp(rng.normal(0.0, 0.06))),
        patellofemoral_ref_bw=4.5 * float(np.exp(rng.normal(0.0, 0.15))),
    )


def draw_script(
    rng: np.random.Generator, settings: SimulationSettings, session: int
) -> tuple[Block, ...]:
    """Draw the script of one session: stand, walk, run, stop, run, distract, walk, stand.

    Speeds differ within a session while there are enough of them. The first running bout of the
    first session is level, because a first look at a runner is.
    """
    speeds = rng.choice(
        np.asarray(settings.speeds_mps),
        settings.running_bouts,
        replace=settings.running_bouts > len(settings.speeds_mps),
    )
    blocks = [
        Block("standing", settings.standing_s + 1.0),
        Block("walking", settings.walking_bout_s, float(rng.uniform(1.2, 1.5))),
    ]
    for bout in range(settings.running_bouts):
        grade = float(rng.choice(np.asarray(settings.grades_deg)))
        if session == 0 and bout == 0:
            grade = 0.0
        blocks.append(Block("running", settings.running_bout_s, float(speeds[bout]), grade))
        blocks.append(Block("standing", settings.standing_s))
    distractor: BlockActivity = ("stairs", "jumps", "taps")[int(rng.integers(3))]
    blocks.append(Block(distractor, 5.0, 0.55 if distractor == "stairs" else 0.0))
    blocks.append(Block("standing", settings.standing_s))
    return tuple(blocks)
