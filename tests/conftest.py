"""Shared by every test."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from pipelines.stage import forget_stale_kernels
from tolerance.simulate.running_imu import SimulatedRecording, simulate_recording
from tolerance.simulate.simulation_settings import KITS, Block, SimulationSettings, draw_runner

# The same examples in every run, so that a change that passed here passes everywhere.
settings.register_profile("same_examples", derandomize=True)
settings.load_profile("same_examples")


def pytest_configure():
    forget_stale_kernels()


@pytest.fixture(scope="session")
def short_session() -> SimulatedRecording:
    """Simulate both shins, a foot and the sacrum at 100 Hz, for 45 s at two speeds."""
    rng = np.random.default_rng(7)
    blocks = (
        Block("standing", 2.0),
        Block("running", 22.0, 2.8),
        Block("standing", 2.0),
        Block("running", 16.0, 3.8),
        Block("standing", 2.0),
    )
    settings = SimulationSettings(packet_loss_max=0.0)
    return simulate_recording(rng, settings, runner=draw_runner(rng, 1), blocks=blocks, kit=KITS[2])


@pytest.fixture(scope="session")
def write_session(short_session):
    """Return a writer of its sensors as tables with sidecars, as somebody's own recordings."""

    def write(folder, points=None, **facts):
        folder.mkdir(parents=True, exist_ok=True)
        for sensor in short_session.sensors:
            point = sensor.place.tracked_point
            if points is not None and point not in points:
                continue
            samples = np.column_stack((sensor.time_s, sensor.acc_mps2, sensor.gyr_radps))
            path = folder / f"{point}.csv"
            pd.DataFrame(samples, columns=list("tabcdef")).to_csv(
                path, index=False, float_format="%.4f"
            )
            sidecar = {
                "columns": {"time": "t", "acc": list("abc"), "gyr": list("def")},
                "units": {"time": "s", "acc": "m/s^2", "gyr": "rad/s"},
                "sampling_rate_hz": sensor.place.sampling_rate_hz,
                "site": sensor.place.site,
                "side": sensor.place.side,
                "runner_id": "anna",
                "session_id": "s1",
                "started_at": "2026-03-01T08:00:00Z",
                "body_mass_kg": 60.0,
            } | facts
            path.with_suffix(".json").write_text(json.dumps(sidecar))
        return folder

    return write
