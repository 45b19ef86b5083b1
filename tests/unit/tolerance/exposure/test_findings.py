"""Walking only, stairs, standing: a sentence says why there is no load."""

from dataclasses import fields, replace

import numpy as np
import pytest

from loadcore.recording import Steps, analyse_recording
from tolerance.exposure.findings import no_load_reason as reason_of_tables
from tolerance.exposure.recordings import AnalysedRecording, bouts_table, steps_table
from tolerance.simulate.running_imu import simulate_recording
from tolerance.simulate.simulation_settings import KITS, Block, SimulationSettings


def no_load_reason(analysis):
    recording = AnalysedRecording({"recording_id": "r"}, analysis)
    return reason_of_tables(bouts_table(recording), steps_table(recording))


@pytest.fixture(scope="module")
def analyse():
    """Analyse what a simulated left shank at 100 Hz sees of a script."""

    def analyse(*blocks):
        recording = simulate_recording(
            np.random.default_rng(5), SimulationSettings(), blocks=blocks, kit=KITS[2]
        )
        sensor = next(s for s in recording.sensors if s.place.tracked_point == "left_shank")
        return analyse_recording(
            sensor.acc_mps2, sensor.gyr_radps, sampling_rate_hz=100.0, site="shank", side="left"
        )

    return analyse


WALK = Block("walking", 40.0, 1.3)
STAND = Block("standing", 5.0)


def test_walking_only(analyse):
    message = no_load_reason(analyse(STAND, WALK, STAND))
    assert message.startswith("no running was found (")
    assert "min walking" in message


def test_standing_only(analyse):
    message = no_load_reason(analyse(Block("standing", 30.0)))
    assert "min still" in message
    assert "no running was found" in message


def test_stairs_are_no_running_load(analyse):
    message = no_load_reason(analyse(STAND, Block("stairs", 40.0), STAND))
    assert message is not None
    assert "no running was found" in message


def test_running_has_nothing_to_explain(analyse):
    assert no_load_reason(analyse(STAND, Block("running", 40.0, 3.0), STAND)) is None


def test_running_whose_steps_do_not_count_names_the_commonest_reason(analyse):
    analysis = analyse(STAND, Block("running", 40.0, 3.0), STAND)
    steps = replace(analysis.steps, reject_reason=np.full(len(analysis.steps), 8, np.int8))
    message = no_load_reason(replace(analysis, steps=steps))
    assert "none of" in message
    assert "'placed by rhythm alone'" in message


def test_running_without_any_step_points_to_site_and_side(analyse):
    analysis = analyse(STAND, Block("running", 40.0, 3.0), STAND)
    nothing = {f.name: getattr(analysis.steps, f.name)[:0] for f in fields(Steps)}
    assert "check site and side" in no_load_reason(replace(analysis, steps=Steps(**nothing)))
