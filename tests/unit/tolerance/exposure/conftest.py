"""Made-up steps and recordings of known load, through the load core's own force and tissue."""

from dataclasses import dataclass, field, fields

import numpy as np
import pandas as pd
import pytest

from loadcore.constants import SIDES, TISSUES
from loadcore.force import peak_vertical_force
from loadcore.recording import Steps
from loadcore.tissue import tissue_load
from tolerance.exposure.reference import choose_reference
from tolerance.exposure.settings import ExposureSettings
from tolerance.exposure.step_loads import step_loads
from tolerance.schemas import TABLES, conform


def make_steps(contact_time_s, step_time_s=0.35, side="left", speed_mps=3.0, both_feet=False):
    """Return valid steps of one foot (a stride apart), or of both feet for a trunk sensor."""
    contact = np.atleast_1d(np.asarray(contact_time_s, float))
    n = contact.size
    sides = np.broadcast_to(np.atleast_1d(side), n)
    settings = ExposureSettings()
    step_time = np.full(n, step_time_s)
    timing_sd = np.full(n, 0.004)
    force = peak_vertical_force(
        contact, step_time - contact, timing_sd * np.sqrt(2), timing_sd * np.sqrt(2), settings.force
    )
    tissue = tissue_load(force.peak_vgrf_bw, force.step_sd_bw, force.shared_sd_bw, contact)
    start = np.arange(n) * step_time_s * (1 if both_feet else 2)
    known = {
        "side": np.array([SIDES.index(s) for s in sides], np.int8),
        "initial_contact_s": start,
        "initial_contact_sd_s": timing_sd,
        "terminal_contact_s": start + contact,
        "terminal_contact_sd_s": timing_sd,
        "contact_time_s": contact,
        "contact_time_sd_s": timing_sd * np.sqrt(2),
        "flight_time_s": step_time - contact,
        "step_time_s": step_time,
        "duty_factor": contact / (2 * step_time),
        "confidence": np.ones(n),
        "speed_mps": np.broadcast_to(np.asarray(speed_mps, float), n).copy(),
        "peak_vgrf_bw": force.peak_vgrf_bw,
        "peak_vgrf_sd_bw": force.sd_bw,
        "tissue_peak_force_bw": tissue.peak_force_bw,
        "tissue_peak_force_sd_bw": tissue.sd_bw,
        "tissue_impulse_bws": tissue.impulse_bws,
        "reject_reason": np.zeros(n, np.int8),
    }
    unknown = np.full(n, np.nan)
    return Steps(**{f.name: known.get(f.name, unknown) for f in fields(Steps)})


def _steps_table(recording_id, steps):
    columns = {
        c.name: getattr(steps, c.name) for c in TABLES["steps"].columns if hasattr(steps, c.name)
    }
    columns |= {
        "recording_id": [recording_id] * len(steps),
        "step_id": np.arange(len(steps)),
        "side": [SIDES[code] for code in steps.side],
        "is_valid": steps.reject_reason == 0,
        "reject_reason": [
            "none" if code == 0 else "no flight phase" for code in steps.reject_reason
        ],
    }
    order = [c.name for c in TABLES["steps"].columns]
    return conform("steps", pd.DataFrame(columns)[order])


@dataclass
class Cohort:
    """Recordings of one or more runners and the four tables they make."""

    settings: ExposureSettings = field(default_factory=ExposureSettings)
    rows: list = field(default_factory=list)
    runs: dict = field(default_factory=dict)
    bouts: list = field(default_factory=list)
    reference: object = None

    def add(
        self,
        recording_id,
        steps,
        session="s1",
        site="shank",
        side="left",
        day="2024-03-01",
        runner="r1",
        running_s=None,
    ):
        """Add a recording; it runs for as long as its steps cover unless told otherwise."""
        feet = 1.0 if site == "sacrum" else 2.0
        covered_s = float(np.nansum(steps.step_time_s)) * feet
        self.rows.append(
            {
                "recording_id": recording_id,
                "dataset_id": "made",
                "runner_id": runner,
                "session_id": session,
                "started_at_utc": pd.Timestamp(day, tz="UTC"),
                "sensor_site": site,
                "side": side,
                "frame": "segment",
                "sampling_rate_hz": 200.0,
                "surface": "road",
                "shoe": None,
            }
        )
        self.runs[recording_id] = steps
        self.bouts.append(
            {
                "recording_id": recording_id,
                "bout_id": 0,
                "start_s": 0.0,
                "stop_s": covered_s if running_s is None else running_s,
                "activity": "running",
                "step_frequency_hz": 2.86,
                "confidence": 1.0,
            }
        )
        return self

    def tables(self):
        """Return recordings, steps, step_loads and bouts."""
        self.reference = self.reference or choose_reference(self.runs, self.settings)
        names = [c.name for c in TABLES["recordings"].columns]
        recordings = pd.DataFrame(self.rows).reindex(columns=names)
        return (
            conform("recordings", recordings),
            pd.concat([_steps_table(k, v) for k, v in self.runs.items()], ignore_index=True),
            pd.concat(
                [step_loads(k, v, self.reference, self.settings) for k, v in self.runs.items()],
                ignore_index=True,
            ),
            conform("bouts", pd.DataFrame(self.bouts)),
        )


@pytest.fixture
def cohort():
    return Cohort()


@pytest.fixture
def steps_of():
    return make_steps


@pytest.fixture
def tissues():
    return TISSUES
