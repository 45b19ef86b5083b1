"""One simulated session that several tests look at."""

import numpy as np
import pytest

from tolerance.simulate.running_imu import SimulatedRecording, simulate_recording
from tolerance.simulate.simulation_settings import Block, SimulationSettings, draw_runner

SCRIPT = (
    Block("standing", 3.0),
    Block("walking", 5.0, 1.35),
    Block("running", 8.0, 3.5),
    Block("standing", 2.0),
    Block("running", 6.0, 2.5, -5.0),
    Block("standing", 2.0),
    Block("jumps", 4.0),
    Block("stairs", 4.0, 0.55),
    Block("standing", 2.0),
)


@pytest.fixture(scope="session")
def recording() -> SimulatedRecording:
    rng = np.random.default_rng(20260301)
    runner = draw_runner(rng, 1)
    return simulate_recording(rng, SimulationSettings(), runner=runner, blocks=SCRIPT)
