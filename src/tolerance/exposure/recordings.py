"""Recordings in, step tables out: the load core applied to the workspace's own tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadcore.constants import ACTIVITIES, ACTIVITY_RUNNING, RECORDING_SITES, SIDES
from loadcore.recording import (
    AnalysisSettings,
    Calibration,
    KnownStages,
    RecordingAnalysis,
    analyse_recording,
)
from loadcore.steps import REJECT_REASONS
from tolerance.exposure.reference import Reference, choose_reference
from tolerance.exposure.settings import ExposureSettings
from tolerance.exposure.step_loads import step_loads
from tolerance.schemas import conform

__all__ = [
    "AnalysedRecording",
    "analyse_signals",
    "bouts_table",
    "foot_strides_table",
    "known_stages",
    "quality_table",
    "runner_reference",
    "runner_tables",
    "steps_table",
]

EASY_SPEED_QUANTILE = 0.25
"""A runner's easy speed, where nobody states it: the lower quartile of the speeds of their steps.
Engineering choice: most of a session's time is run easy, and a fast minute must not move it."""

_AXES = "xyz"

type Row = Mapping[str, Any]


@dataclass(frozen=True)
class AnalysedRecording:
    """One recording's row with what the load core found in it."""

    row: Row
    analysis: RecordingAnalysis

    @property
    def recording_id(self) -> str:
        """Identifier of the recording."""
        return str(self.row["recording_id"])


def analyse_signals(
    row: Row,
    signals: pd.DataFrame,
    known: KnownStages | None,
    settings: AnalysisSettings,
    calibration: Calibration | None = None,
) -> AnalysedRecording:
    """Run the load core on one recording.

    Parameters
    ----------
    row : mapping
        Row of table ``recordings``.
    signals : DataFrame
        Table ``signals`` of that recording.
    known : KnownStages or None
        Speed and slope from elsewhere.
    settings, calibration
        Of the load core.

    Raises
    ------
    loadcore.signals.SignalError
        If the recording cannot be analysed.
    """
    acc = signals[[f"acc_{axis}_mps2" for axis in _AXES]].to_numpy()
    names = [f"gyr_{axis}_radps" for axis in _AXES]
    gyr = signals[names].to_numpy() if set(names) <= set(signals.columns) else None
    analysis = analyse_recording(
        acc,
        gyr,
        sampling_rate_hz=_number(row, "sampling_rate_hz"),
        site=str(row["sensor_site"]),
        side=str(row["side"]),
        frame=str(row["frame"]),
        time_s=signals["time_s"].to_numpy(),
        acc_range_g=_number_or_none(row, "acc_range_g"),
        gyr_range_dps=_number_or_none(row, "gyr_range_dps"),
        known=known,
        settings=settings,
        calibration=calibration,
    )
    return AnalysedRecording(row, analysis)


def known_stages(
    row: Row, conditions: pd.DataFrame, foot: AnalysedRecording | None
) -> KnownStages | None:
    """Speed and slope of a recording from its stated condition, else speed from the foot sensor.

    Parameters
    ----------
    row : mapping
        Row of table ``recordings``.
    conditions : DataFrame
        Table ``conditions``; may be empty.
    foot : AnalysedRecording or None
        The same session's foot recording. Each of its running bouts becomes a stage at the bout's
        median speed, so that clocks which are some seconds apart do no harm inside a bout.

    Returns
    -------
    KnownStages or None
        None where nothing is known.
    """
    stated = conditions[conditions["recording_id"] == row["recording_id"]]
    if len(stated):
        return KnownStages(
            start_s=stated["start_s"].to_numpy(),
            stop_s=stated["stop_s"].to_numpy(),
            speed_mps=stated["speed_mps"].to_numpy(),
            grade_pct=100.0 * np.tan(np.deg2rad(stated["grade_deg"].to_numpy())),
        )
    if foot is None or foot.analysis.strides is None:
        return None
    shift_s = _start_difference_s(foot.row, row)
    strides, bouts, rate = foot.analysis.strides, foot.analysis.bouts, foot.analysis.grid_rate_hz
    stages = []
    for bout in np.flatnonzero(bouts.activity == ACTIVITY_RUNNING):
        start, stop = bouts.start_sample[bout], bouts.stop_sample[bout]
        inside = (strides.start_sample >= start) & (strides.stop_sample <= stop)
        speeds = strides.speed_mps[inside]
        if np.isfinite(speeds).any():
            stages.append((start / rate + shift_s, stop / rate + shift_s, np.nanmedian(speeds)))
    if not stages:
        return None
    start_s, stop_s, speed = np.array(stages).T
    return KnownStages(start_s, stop_s, speed, np.full(start_s.shape, np.nan))


def steps_table(recording: AnalysedRecording) -> pd.DataFrame:
    """Return table ``steps`` of one recording, rejected steps included."""
    steps = recording.analysis.steps
    per_step = {
        name: value
        for name, value in vars(steps).items()
        if value.ndim == 1 and name not in ("side", "reject_reason")
    }
    reasons = np.array(REJECT_REASONS)[steps.reject_reason]
    frame = pd.DataFrame(
        {
            "recording_id": _repeated(recording.recording_id, len(steps)),
            "step_id": np.arange(len(steps)),
            "side": pd.Series(np.array(SIDES)[steps.side], dtype="str"),
            **per_step,
            "is_valid": steps.reject_reason == 0,
            "reject_reason": pd.Series(reasons, dtype="str"),
        }
    )
    return conform("steps", frame)


def bouts_table(recording: AnalysedRecording) -> pd.DataFrame:
    """Return table ``bouts`` of one recording."""
    bouts, rate = recording.analysis.bouts, recording.analysis.grid_rate_hz
    n = bouts.start_sample.size
    frame = pd.DataFrame(
        {
            "recording_id": _repeated(recording.recording_id, n),
            "bout_id": np.arange(n),
            "start_s": bouts.start_sample / rate,
            "stop_s": bouts.stop_sample / rate,
            "activity": pd.Series(np.array(ACTIVITIES)[bouts.activity], dtype="str"),
            "step_frequency_hz": bouts.step_frequency_hz,
            "confidence": bouts.confidence,
        }
    )
    return conform("bouts", frame)


def foot_strides_table(recording: AnalysedRecording) -> pd.DataFrame:
    """Return table ``foot_strides`` of one recording; no rows without a foot sensor."""
    strides = recording.analysis.strides
    n = 0 if strides is None else len(strides)
    columns = ("stride_length_m", "stride_length_sd_m", "speed_mps", "speed_sd_mps")
    nothing: NDArray[np.float64] = np.empty(0)
    rate = recording.analysis.grid_rate_hz
    frame = pd.DataFrame(
        {
            "recording_id": _repeated(recording.recording_id, n),
            "stride_id": np.arange(n),
            "start_s": nothing if strides is None else strides.start_sample / rate,
            "stop_s": nothing if strides is None else strides.stop_sample / rate,
            **{name: nothing if strides is None else getattr(strides, name) for name in columns},
            "n_clipped": np.empty(0, np.int64) if strides is None else strides.n_clipped,
        }
    )
    return conform("foot_strides", frame)


def quality_table(recording: AnalysedRecording) -> pd.DataFrame:
    """Return the row of table ``quality`` of one recording."""
    steps = recording.analysis.steps
    frame = pd.DataFrame(
        {
            "recording_id": _repeated(recording.recording_id, 1),
            **{name: [value] for name, value in vars(recording.analysis.quality).items()},
            "n_steps": [len(steps)],
            "n_valid_steps": [int((steps.reject_reason == 0).sum())],
        }
    ).astype({"orientation": "str"})
    return conform("quality", frame)


def runner_reference(
    recordings: Mapping[str, AnalysedRecording], settings: ExposureSettings
) -> Reference:
    """Choose one runner's own reference step from their recordings.

    One sensor site speaks for the runner, so that the reference has one model of contact: the
    first of ``constants.RECORDING_SITES`` with enough steps. Easy speed is `EASY_SPEED_QUANTILE`.
    """
    for site in RECORDING_SITES:
        runs = {
            name: recording.analysis.steps
            for name, recording in recordings.items()
            if recording.row["sensor_site"] == site
        }
        speeds = np.concatenate([np.empty(0), *(steps.speed_mps for steps in runs.values())])
        speeds = speeds[np.isfinite(speeds)]
        easy = float(np.quantile(speeds, EASY_SPEED_QUANTILE)) if speeds.size else np.nan
        reference = choose_reference(runs, settings, easy_speed_mps=easy)
        if reference.source != "none":
            return reference
    return choose_reference({}, settings)


def runner_tables(
    runner_id: str, recordings: Mapping[str, AnalysedRecording], settings: ExposureSettings
) -> dict[str, pd.DataFrame]:
    """Return every table of one runner's recordings, their own reference included.

    Parameters
    ----------
    runner_id : str
    recordings : mapping of recording_id to AnalysedRecording
        At least one.
    settings : ExposureSettings
    """
    reference = runner_reference(recordings, settings)
    loads = [
        step_loads(name, recording.analysis.steps, reference, settings)
        for name, recording in recordings.items()
    ]
    per_recording = {
        "steps": steps_table,
        "bouts": bouts_table,
        "foot_strides": foot_strides_table,
        "quality": quality_table,
    }
    return {
        name: pd.concat([table(recording) for recording in recordings.values()], ignore_index=True)
        for name, table in per_recording.items()
    } | {
        "step_loads": pd.concat(loads, ignore_index=True),
        "references": reference.table(runner_id),
    }


def _repeated(value: str, n: int) -> "pd.Series[str]":
    return pd.Series([value] * n, dtype="str")


def _number(row: Row, name: str) -> float:
    return float(str(row[name]))


def _number_or_none(row: Row, name: str) -> float | None:
    value = _number(row, name)
    return value if np.isfinite(value) else None


def _start_difference_s(first: Row, second: Row) -> float:
    """Seconds to add to a time in the first recording to have it in the second; 0 if unknown."""
    starts = pd.to_datetime(
        pd.Series([first["started_at_utc"], second["started_at_utc"]]), utc=True
    )
    if starts.isna().any():
        return 0.0
    return float((starts.iloc[0] - starts.iloc[1]).total_seconds())
