"""Stage ``simulate_recordings``: make the synthetic Motion-BIDS data set with its truth."""

from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

from loadcore.constants import TISSUES
from pipelines.exporters.motion_bids import (
    Derivative,
    Dictionary,
    MotionDataset,
    MotionFile,
    Participants,
    TrackedPoint,
    write_motion_bids,
)
from pipelines.params import load_params
from pipelines.paths import SYNTHETIC_DATASET, Places, project_root
from pipelines.stage import run_stage
from tolerance.config import stage_generator
from tolerance.simulate.running_imu import (
    SimulatedRecording,
    SimulatedSensor,
    simulate_dataset,
)
from tolerance.simulate.simulation_settings import SimulatedRunner, SimulationSettings

__all__ = ["TASK", "TRUTH", "main", "run", "settings_and_seed"]

STAGE: Final = "simulate_recordings"
TASK: Final = "intervals"
TRUTH: Final = "simulation"
"""Name of the derivative that holds the truth."""

FIRST_SESSION: Final = datetime(2026, 1, 5, 7, 0, 0)
"""A made-up Monday morning: no clock is read, so that the same settings give the same bytes."""
SESSION_EVERY: Final = timedelta(days=2)

VERSION: Final = "1"
TASK_DESCRIPTION: Final = (
    "Simulated: stand, walk, run several times with a stop after each, climb stairs or jump or "
    "stand while the sensors are tapped, stand."
)

README: Final = """# Simulated runners with inertial sensors

**Everything here is simulated.** No person was measured. Recordings come from a forward simulator
of walking and running with known contacts, force and tissue load; the truth is in
`derivatives/simulation`. Agreement with it proves code, not science: the simulator shares its force
model with the methods it tests.

Each session stands, walks, runs at several speeds and slopes, stops in between, and ends with a
distraction (stairs, jumps or taps on the sensors). Sensors sit on both shins, one foot and the
sacrum; they differ by runner in rate (100 to 1000 Hz), range (±8 to ±30 g), axes, mounting, noise,
and in whether they share a clock. Sensors with clocks of their own start at different times
(`acq_time` in `_scans.tsv`) and drift by up to 50 parts per million. Lost packets are rows of n/a,
or missing rows where a LATENCY channel gives the time. Readings beyond the range are clipped.
"""

TRUTH_README: Final = """# Truth of the simulated recordings

**Simulated.** One folder per session; times are seconds of true time from the session's start. A
sample at time t of a sensor's own clock was taken at `clock_offset_s + t × (1 + clock_drift_ppm ×
1e-6)` of true time (table `sensors`).

- `contacts`: every foot contact by the 5 % of body weight threshold, with force, impact, tissue
  forces, load and damage.
- `force`: vertical ground reaction force of both feet.
- `strides`: stride length and speed of each foot.
- `bouts`: what the runner did when.
- `sensors`: clock, mounting, range and errors of each sensor.
"""


def run(settings: SimulationSettings, rng: np.random.Generator) -> MotionDataset:
    """Simulate all sessions and lay them out as one Motion-BIDS data set; touches no disk."""
    recordings = simulate_dataset(rng, settings)
    runners = {recording.runner.runner_id: recording.runner for recording in recordings}
    tables: dict[str, pd.DataFrame] = {}
    for recording in recordings:
        stem = _truth_stem(recording)
        tables[f"{stem}_contacts"] = recording.contacts.round(6)
        tables[f"{stem}_force"] = recording.force.round(5)
        tables[f"{stem}_strides"] = recording.strides.round(6)
        tables[f"{stem}_bouts"] = recording.bouts.round(6)
        tables[f"{stem}_sensors"] = _sensor_table(recording)
    return MotionDataset(
        title="Simulated runners with inertial sensors",
        readme=README,
        authors=("tolerance contributors",),
        licence="CC0-1.0",
        generated_by="tolerance simulate_recordings",
        version=VERSION,
        files=tuple(file for recording in recordings for file in _motion_files(recording)),
        participants=_participants(list(runners.values())),
        events_dictionary=EVENTS,
        derivatives=(
            Derivative(
                name=TRUTH,
                title="Truth of the simulated recordings",
                readme=TRUTH_README,
                tables=tables,
                dictionaries=TRUTH_DICTIONARIES,
            ),
        ),
    )


def settings_and_seed(places: Places) -> tuple[SimulationSettings, int]:
    """Read the stage's section of ``params.yaml`` and the root seed."""
    params = load_params(places.params)
    return SimulationSettings(**params.simulate_recordings.model_dump()), params.seed


def main() -> None:
    """Simulate with the project's settings and write the data set below ``data/raw/synthetic``."""
    places = Places(project_root())
    settings, seed = settings_and_seed(places)
    dataset = run(settings, stage_generator(seed, STAGE))
    write_motion_bids(places.raw(SYNTHETIC_DATASET), dataset)
    print(f"{SYNTHETIC_DATASET}: {len(dataset.files)} files of simulated motion")


def _truth_stem(recording: SimulatedRecording) -> str:
    subject, session = f"sub-{recording.runner.runner_id}", _session(recording)
    return f"{subject}/ses-{session}/{subject}_ses-{session}_task-{TASK}"


def _session(recording: SimulatedRecording) -> str:
    return f"{recording.session + 1:02d}"


def _motion_files(recording: SimulatedRecording) -> list[MotionFile]:
    """Lay out one session: one file for each clock."""
    systems: dict[str, list[SimulatedSensor]] = {}
    for sensor in recording.sensors:
        systems.setdefault(sensor.place.tracking_system, []).append(sensor)
    day = FIRST_SESSION + recording.session * SESSION_EVERY
    files = []
    for system, sensors in systems.items():
        first = sensors[0]
        acc = {sensor.place.tracked_point: sensor.acc_mps2 for sensor in sensors}
        gyr = {sensor.place.tracked_point: sensor.gyr_radps for sensor in sensors}
        latency = None
        if recording.kit.drops_rows:
            # lost packets leave no row at all, so the time of the others has to be told
            received = ~np.isnan(first.acc_mps2[:, 0])
            latency = first.time_s[received]
            acc = {name: signal[received] for name, signal in acc.items()}
            gyr = {name: signal[received] for name, signal in gyr.items()}
        files.append(
            MotionFile(
                subject=recording.runner.runner_id,
                session=_session(recording),
                task=TASK,
                tracking_system=system,
                sampling_rate_hz=first.place.sampling_rate_hz,
                points=tuple(
                    TrackedPoint(
                        label=sensor.place.tracked_point,
                        placement=PLACEMENT[sensor.place.site],
                        acc_mps2=acc[sensor.place.tracked_point],
                        gyr_radps=gyr[sensor.place.tracked_point],
                        spatial_axes=sensor.axes,
                        acc_range_g=sensor.device.acc_range_g,
                        gyr_range_dps=sensor.device.gyr_range_dps,
                    )
                    for sensor in sensors
                ),
                started_at=day + timedelta(seconds=first.clock.offset_s),
                task_description=TASK_DESCRIPTION,
                manufacturer=f"simulated after {first.device.manufacturer}",
                model=f"simulated after {first.device.model}",
                latency_s=latency,
                events=_events(recording, first),
            )
        )
    return files


def _events(recording: SimulatedRecording, sensor: SimulatedSensor) -> pd.DataFrame:
    """Protocol of the session on the sensor's own clock."""
    bouts = recording.bouts
    onset = sensor.clock.device_time_s(bouts["start_s"].to_numpy())
    stop = sensor.clock.device_time_s(bouts["stop_s"].to_numpy())
    return pd.DataFrame(
        {
            "onset": onset,
            "duration": stop - onset,
            "trial_type": bouts["activity"],
            "speed": bouts["speed_mps"],
            "grade": bouts["grade_deg"],
        }
    ).round(6)


def _participants(runners: list[SimulatedRunner]) -> Participants:
    table = pd.DataFrame(
        {
            "participant_id": [f"sub-{runner.runner_id}" for runner in runners],
            "age": [runner.age_years for runner in runners],
            "sex": [runner.sex for runner in runners],
            "weight": [runner.body_mass_kg for runner in runners],
            "height": [round(100.0 * runner.height_m, 1) for runner in runners],
            "foot_strike": [runner.foot_strike for runner in runners],
        }
    )
    return Participants(
        table,
        {
            "age": {"Description": "Age of the simulated person", "Units": "year"},
            "sex": {"Description": "Sex of the simulated person", "Levels": SEXES},
            "weight": {"Description": "Body mass of the simulated person", "Units": "kg"},
            "height": {"Description": "Height of the simulated person", "Units": "cm"},
            "foot_strike": {
                "Description": "Part of the foot that lands first when running",
                "Levels": {
                    "rearfoot": "heel",
                    "midfoot": "whole sole",
                    "forefoot": "ball of the foot",
                },
            },
        },
    )


def _sensor_table(recording: SimulatedRecording) -> pd.DataFrame:
    """State clock and mounting of each sensor as they truly were."""
    rows = []
    for sensor in recording.sensors:
        mounting = sensor.mounting
        row: dict[str, object] = {
            "tracksys": sensor.place.tracking_system,
            "tracked_point": sensor.place.tracked_point,
            "clock_offset_s": sensor.clock.offset_s,
            "clock_drift_ppm": round(sensor.clock.drift_ppm, 6),
            "sampling_rate_hz": sensor.place.sampling_rate_hz,
        }
        for i, axis in enumerate("xyz"):
            row |= {
                f"mount_{axis}{j}": round(mounting.matrix[i, k], 9) for k, j in enumerate("xyz")
            }
            row[f"arm_{axis}_m"] = round(mounting.arm_m[i], 6)
            row[f"acc_bias_{axis}_mps2"] = round(mounting.acc_bias_mps2[i], 6)
            row[f"gyr_bias_{axis}_radps"] = round(mounting.gyr_bias_radps[i], 6)
        rows.append(row)
    return pd.DataFrame(rows)


def _quantity(text: str, units: str) -> dict[str, object]:
    return {"Description": text, "Units": units}


SEXES: Final = {"F": "female", "M": "male"}
PLACEMENT: Final = {
    "shank": "front of the shin, distal third",
    "foot": "instep",
    "sacrum": "back of the pelvis, between the hip bones",
}
ACTIVITIES: Final = {
    "standing": "on both feet",
    "walking": "walking",
    "running": "running at constant speed and slope",
    "stairs": "climbing stairs",
    "jumps": "jumping on the spot",
    "taps": "standing while somebody taps the sensors",
}
EVENTS: Final[Dictionary] = {
    "onset": _quantity("Start on this tracking system's own clock", "s"),
    "duration": _quantity("Length", "s"),
    "trial_type": {"Description": "What the runner did", "Levels": ACTIVITIES},
    "speed": _quantity("Speed that the runner was asked for; 0 in place", "m/s"),
    "grade": _quantity("Slope, up positive", "degree"),
}

_TISSUE_COLUMNS: Final = {
    f"{tissue}_{name}": _quantity(f"{tissue}: {text}", units)
    for tissue in TISSUES
    for name, text, units in (
        ("peak_force_bw", "greatest force in the contact", "body weight"),
        ("impulse_bws", "integral of the force", "body weight s"),
        ("load_rr", "load, exponent 1", "reference run of 30 min easy flat running"),
        ("damage_rr", "damage, the tissue's exponent", "reference run"),
    )
}
TRUTH_DICTIONARIES: Final[dict[str, Dictionary]] = {
    "contacts": {
        "contact_id": {"Description": "Number of the contact in the session"},
        "side": {"Description": "Foot", "Levels": {"left": "left", "right": "right"}},
        "activity": {"Description": "walking, running or other (stairs, jumps)"},
        "bout": {"Description": "Row of table bouts, from 0; -1 outside gait"},
        "speed_mps": _quantity("Speed", "m/s"),
        "grade_deg": _quantity("Slope, up positive", "degree"),
        "initial_contact_s": _quantity("Force rises above 5 % of body weight", "s"),
        "terminal_contact_s": _quantity("Force falls below it; n/a where standing follows", "s"),
        "contact_time_s": _quantity("Between the two", "s"),
        "step_time_s": _quantity("Until the other foot begins its contact", "s"),
        "impulse_bws": _quantity("Integral of the vertical force", "body weight s"),
        "peak_vgrf_bw": _quantity("Greatest vertical force", "body weight"),
        "peak_tibial_acc_g": _quantity(
            "Greatest axial specific force at the shin sensor's place in the 75 ms after contact, "
            "gravity included, before the sensor's filter",
            "standard gravity",
        ),
        "peak_tibial_acc_60_hz_g": _quantity(
            "The same after a low-pass of 60 Hz without delay", "standard gravity"
        ),
        "is_complete": {"Description": "False where the contact goes on into standing"},
        **_TISSUE_COLUMNS,
    },
    "force": {
        "time_s": _quantity("True time", "s"),
        "vgrf_bw": _quantity("Vertical force of both feet; n/a while standing", "body weight"),
    },
    "strides": {
        "stride_id": {"Description": "Number of the stride in the session"},
        "side": {"Description": "Foot"},
        "activity": {"Description": "walking, running or other (stairs)"},
        "start_s": _quantity("Middle of the foot's rest on the ground", "s"),
        "stop_s": _quantity("Middle of its next rest", "s"),
        "stride_length_m": _quantity("Distance between the two places", "m"),
        "speed_mps": _quantity("Length over time", "m/s"),
        "grade_deg": _quantity("Slope, up positive", "degree"),
    },
    "bouts": {
        "start_s": _quantity("Start", "s"),
        "stop_s": _quantity("End", "s"),
        "activity": {"Description": "What the runner did", "Levels": ACTIVITIES},
        "speed_mps": _quantity("Speed", "m/s"),
        "grade_deg": _quantity("Slope, up positive", "degree"),
    },
    "sensors": {
        "tracksys": {"Description": "Tracking system of the raw data"},
        "tracked_point": {"Description": "Tracked point of the raw data"},
        "clock_offset_s": _quantity("True time of the clock's zero", "s"),
        "clock_drift_ppm": _quantity("How much slow the clock runs", "parts per million"),
        "sampling_rate_hz": _quantity("Samples a second of its own clock", "Hz"),
        **{
            f"mount_{i}{j}": {"Description": f"Mounting matrix: sensor {i} from segment {j}"}
            for i in "xyz"
            for j in "xyz"
        },
        **{f"arm_{i}_m": _quantity(f"Place from the joint, segment {i}", "m") for i in "xyz"},
        **{f"acc_bias_{i}_mps2": _quantity(f"Bias, sensor {i}", "m/s^2") for i in "xyz"},
        **{f"gyr_bias_{i}_radps": _quantity(f"Bias, sensor {i}", "rad/s") for i in "xyz"},
    },
}


if __name__ == "__main__":
    run_stage(main)
