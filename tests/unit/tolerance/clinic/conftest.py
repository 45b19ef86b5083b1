"""Tables of a session by hand: few rows and round numbers, so that a page can be checked by eye."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from loadcore.constants import TISSUES
from tolerance.clinic.screening import ScreeningTables
from tolerance.schemas import TABLES, conform, empty_table, validate

RUNNER, SESSION = "r1", "s1"


def _table(name, rows):
    """Return a table of these rows; columns that they leave out are missing."""
    if not rows:
        return empty_table(name)
    columns = [column.name for column in TABLES[name].columns]
    frame = pd.DataFrame(rows).reindex(columns=columns)
    if "started_at_utc" in columns:
        frame["started_at_utc"] = pd.to_datetime(frame["started_at_utc"], utc=True)
    frame = conform(name, frame)
    validate(name, frame)
    return frame


@dataclass
class Session:
    """Rows of a session; every method returns the session."""

    runner: str = RUNNER
    session: str = SESSION
    dataset: str = "own"
    date: str | None = "2026-03-01"
    rows: dict[str, list] = field(default_factory=lambda: {name: [] for name in TABLES})

    def sensor(
        self,
        recording_id,
        site="shank",
        side="left",
        *,
        contact_ms=(250.0, 250.0),
        speed=3.0,
        force=2.5,
        impact=np.nan,
        valid=None,
        read=True,
        running_s=60.0,
        reason="no flight phase",
        step_side=None,
        stiffness=25.0,
        **quality,
    ):
        """Add a recording with a step for each contact time; ``read=False``: not analysed."""
        self.rows["recordings"].append(
            {
                "recording_id": recording_id,
                "dataset_id": self.dataset,
                "runner_id": self.runner,
                "session_id": self.session,
                "started_at_utc": pd.NaT
                if self.date is None
                else pd.Timestamp(self.date, tz="UTC"),
                "sensor_site": site,
                "side": side,
                "frame": "sensor",
                "sampling_rate_hz": 200.0,
            }
        )
        if not read:
            return self
        n = len(contact_ms)
        valid = np.ones(n, bool) if valid is None else np.asarray(valid, bool)
        speeds, forces, impacts, sides = (
            np.broadcast_to(np.asarray(value), n)
            for value in (speed, force, impact, side if step_side is None else step_side)
        )
        for k, contact in enumerate(contact_ms):
            self.rows["steps"].append(
                {
                    "recording_id": recording_id,
                    "step_id": k,
                    "side": sides[k],
                    "initial_contact_s": 0.7 * k,
                    "contact_time_s": contact / 1000.0,
                    "contact_time_sd_s": 0.010,
                    "step_time_s": 0.350,
                    "flight_time_s": 0.350 - contact / 1000.0,
                    "confidence": 1.0,
                    "speed_mps": speeds[k],
                    "peak_tibial_acc_g": impacts[k],
                    "peak_vgrf_bw": forces[k] if valid[k] else np.nan,
                    "peak_vgrf_sd_bw": 0.2 if valid[k] else np.nan,
                    "vertical_stiffness_bwpm": stiffness if valid[k] else np.nan,
                    "is_valid": valid[k],
                    "reject_reason": "none" if valid[k] else reason,
                }
            )
        self.rows["quality"].append(
            {
                "recording_id": recording_id,
                "sampling_rate_hz": 208.0,
                "duration_s": running_s + 20.0,
                "running_s": running_s,
                "missing_frac": 0.0,
                "acc_clipped_frac": 0.0 if running_s else np.nan,
                "gyr_clipped_frac": np.nan,
                "orientation": "static",
                "orientation_confidence": 0.9,
                "n_steps": n,
                "n_valid_steps": int(valid.sum()),
            }
            | quality
        )
        bouts = [("running", 0.0, running_s)] if running_s else []
        for k, (activity, start_s, stop_s) in enumerate(
            [*bouts, ("walking", running_s, running_s + 20.0)]
        ):
            self.rows["bouts"].append(
                {
                    "recording_id": recording_id,
                    "bout_id": k,
                    "start_s": start_s,
                    "stop_s": stop_s,
                    "activity": activity,
                    "confidence": 1.0,
                }
            )
        return self

    def summed(self, duration_min=1.0, coverage=0.9, n_steps=None, rung="one_shin"):
        """Add the row of the session."""
        counts = sum(bool(step["is_valid"]) for step in self.rows["steps"])
        self.rows["sessions"].append(
            {
                "runner_id": self.runner,
                "session_id": self.session,
                "date": pd.to_datetime(self.date),
                "activity": "running",
                "duration_min": duration_min,
                "n_steps": counts if n_steps is None else n_steps,
                "rung": rung,
                "coverage_frac": coverage,
                "quality": "good",
            }
        )
        return self

    def load(
        self,
        side,
        per_step=1.0,
        n_steps=200,
        sd_frac=0.05,
        tissues=TISSUES,
        ratio=np.nan,
        coverage=0.9,
    ):
        """Add a leg's load: ``per_step`` times the reference step, of which a run takes 2500."""
        for tissue in tissues:
            observed = per_step * n_steps / 2500.0
            load = observed / coverage
            known = {
                "load_rr": load,
                "load_sd_rr": sd_frac * load,
                "damage_rr": 2.0 * load,
                "damage_sd_rr": 4.0 * sd_frac * load,
                "load_observed_rr": observed,
                "coverage_frac": coverage,
            }
            if not n_steps:
                known = dict.fromkeys(known, np.nan)
            self.rows["session_loads"].append(
                {
                    "runner_id": self.runner,
                    "session_id": self.session,
                    "tissue": tissue,
                    "side": side,
                    "longest_30d_ratio": ratio,
                    "is_longest_30d_complete": False,
                    "n_steps": n_steps,
                }
                | known
            )
        return self

    def reference(self, source="easy_speed", steps_per_side=2500.0):
        """Add the runner's own reference."""
        for tissue in TISSUES:
            self.rows["references"].append(
                {
                    "runner_id": self.runner,
                    "tissue": tissue,
                    "peak_force_bw": 5.0,
                    "shared_sd_frac": 0.1,
                    "steps_per_side": steps_per_side,
                    "cadence_spm": 166.7,
                    "n_steps": 100,
                    "source": source,
                }
            )
        return self

    def left_out(self, recording_id, problem, start_s=np.nan, stop_s=np.nan):
        """Add a reason why a recording, or a stretch of it, was left out."""
        self.rows["rejected"].append(
            {
                "recording_id": recording_id,
                "problem_id": len(self.rows["rejected"]),
                "start_s": start_s,
                "stop_s": stop_s,
                "problem": problem,
            }
        )
        return self

    def tables(self):
        """Return the tables, each keeping its contract."""
        names = ScreeningTables.__dataclass_fields__
        return ScreeningTables(**{name: _table(name, self.rows[name]) for name in names})


@pytest.fixture
def new_session():
    """Return a maker of empty sessions."""
    return Session


@pytest.fixture
def two_shins():
    """Two shins at two speeds, with impacts, rejected steps and a lost stretch."""
    contact = [280.0] * 12 + [220.0] * 12
    facts = {
        "speed": [2.5] * 12 + [4.0] * 12,
        "force": [2.2] * 12 + [2.9] * 12,
        "valid": [True] * 11 + [False] + [True] * 12,
    }
    return (
        Session()
        .sensor("a", side="left", contact_ms=contact, impact=np.arange(24) + 1.0, **facts)
        .sensor("b", side="right", contact_ms=contact, impact=5.0, missing_frac=0.031, **facts)
        .summed(duration_min=1.25, coverage=0.92)
        .load("left", per_step=1.2, n_steps=23, ratio=1.26)
        .load("right", per_step=0.8, n_steps=23, ratio=0.9)
        .load("unknown", n_steps=0, tissues=())
        .reference()
        .left_out("b", "packets were lost", 3.0, 4.5)
    )
