"""Recordings that every benchmark runs on, and the whole chain as one call.

A simulated session of four and a half minutes (standing, walking, running, standing) is
repeated until the wanted time is full. What is simulated does not matter for a timing; that it
has rest, gait of both kinds and real step counts does.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from loadcore.damage import FATIGUE_EXPONENTS, DamageSum, sum_damage
from loadcore.recording import RecordingAnalysis, analyse_recording
from loadcore.steps import COUNTS
from pipelines.calibration import load_calibration
from pipelines.paths import project_root
from tolerance.simulate.running_imu import SimulatedRecording, simulate_recording
from tolerance.simulate.simulation_settings import Block, Kit, SensorPlace, SimulationSettings

HOUR_S = 3600.0
RATES_HZ = (100, 1000)
SITES = ("shank", "foot", "sacrum")
SIDE = {"shank": "right", "foot": "right", "sacrum": "unknown"}

SEED = 20260301
SESSION = (
    Block("standing", 5.0),
    Block("walking", 15.0, 1.4),
    Block("running", 60.0, 2.8),
    Block("running", 60.0, 3.2),
    Block("running", 60.0, 3.8),
    Block("running", 60.0, 3.0),
    Block("standing", 5.0),
)


@dataclass(frozen=True)
class Signals:
    """Six axes of one sensor: m/s² and rad/s, (n_samples, 3) each."""

    acc_mps2: NDArray[np.float64]
    gyr_radps: NDArray[np.float64]
    rate_hz: int
    site: str

    @property
    def n_samples(self) -> int:
        """Count time points; each has six values."""
        return self.acc_mps2.shape[0]

    @property
    def n_bytes(self) -> int:
        return self.acc_mps2.nbytes + self.gyr_radps.nbytes


@cache
def simulated_session(rate_hz: int) -> SimulatedRecording:
    """Simulate the session that is repeated; no packet is lost."""
    places = tuple(
        SensorPlace("imu", site, site, SIDE[site], "LSM6DSV", float(rate_hz)) for site in SITES
    )
    return simulate_recording(
        np.random.default_rng(SEED),
        SimulationSettings(packet_loss_max=0.0),
        blocks=SESSION,
        kit=Kit("bench", places),
    )


def signals(site: str, rate_hz: int, duration_s: float = HOUR_S) -> Signals:
    """Repeat the session's signals of one site until they fill the duration."""
    sensor = simulated_session(rate_hz).sensors[SITES.index(site)]
    n = round(duration_s * rate_hz)
    repeats = -(-n // sensor.acc_mps2.shape[0])
    return Signals(
        np.tile(sensor.acc_mps2, (repeats, 1))[:n],
        np.tile(sensor.gyr_radps, (repeats, 1))[:n],
        rate_hz,
        site,
    )


def right_foot_strides(rate_hz: int, duration_s: float = HOUR_S) -> NDArray[np.int64]:
    """Return the right foot's true strides from toe-off to toe-off, in samples.

    Peers that only place events are given these.
    """
    session = simulated_session(rate_hz)
    contacts = session.contacts[session.contacts["side"] == "right"]
    toe_off = np.rint(contacts["terminal_contact_s"].dropna().to_numpy() * rate_hz).astype(np.int64)
    length = session.sensors[0].acc_mps2.shape[0]
    n = round(duration_s * rate_hz)
    all_toe_offs = (toe_off + length * np.arange(-(-n // length))[:, None]).ravel()
    strides = np.column_stack((all_toe_offs[:-1], all_toe_offs[1:]))
    in_gait = strides[:, 1] - strides[:, 0] < MAX_STRIDE_S * rate_hz
    return strides[in_gait & (strides[:, 1] < n)]


MAX_STRIDE_S = 1.5


@cache
def calibration():
    return load_calibration(project_root())


def whole_chain(recording: Signals) -> tuple[RecordingAnalysis, list[DamageSum]]:
    """Run everything: checks, bouts, contacts, force, tissue loads, and their damage."""
    found = analyse_recording(
        recording.acc_mps2,
        recording.gyr_radps,
        sampling_rate_hz=recording.rate_hz,
        site=recording.site,
        side=SIDE[recording.site],
        calibration=calibration(),
    )
    counts = found.steps.reject_reason == COUNTS
    force = found.steps.tissue_peak_force_bw[counts]
    error = found.steps.tissue_peak_force_sd_bw[counts] / force
    reference = np.median(force, axis=0)
    return found, [
        sum_damage(force[:, tissue] / reference[tissue], exponent, step_fraction=error[:, tissue])
        for tissue, exponent in enumerate(FATIGUE_EXPONENTS)
    ]
