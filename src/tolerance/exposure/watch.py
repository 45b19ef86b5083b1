"""The watch rung: means over some seconds from a sports watch, instead of contacts seen.

The same force and tissue models as for sensors, with the wider errors of a watch. A record is not
a step: it stands for as many as its cadence and length say, and all of them share its error.
"""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadcore.bouts import Bouts
from loadcore.constants import ACTIVITY_RUNNING, ACTIVITY_UNKNOWN, SIDE_UNKNOWN
from loadcore.force import peak_vertical_force, vertical_stiffness
from loadcore.recording import RecordingAnalysis, SignalQuality, Steps
from loadcore.steps import (
    CONTACT_TIME,
    COUNTS,
    FORCE,
    NO_FLIGHT,
    NO_FOLLOWING_CONTACT,
    NO_TERMINAL_CONTACT,
    STEP_TIME,
    StepLimits,
)
from loadcore.tissue import tissue_load
from tolerance.exposure.settings import ExposureSettings

__all__ = ["WatchSteps", "expand_steps", "watch_analysis", "watch_steps"]

type FloatArray = NDArray[np.float64]

CONTACT_TIME_SD_FRACTION: Final = 0.08
"""Error of a watch's contact time, over the time. A pod was 5.2 % short of high-speed video in 49
runners (García-Pinillos 2019, doi:10.1371/journal.pone.0222872) and 0.5 to 8 % short of photocells
(García-Pinillos 2018, J Strength Cond Res); it is not corrected, because makers differ: the upper
end as standard deviation is an engineering choice."""
STEP_TIME_SD_FRACTION: Final = 0.01
"""Error of a watch's step time: step rate within 1 % of photocells (García-Pinillos 2018, as
above); a cadence in whole strides a minute adds 0.3 %."""
SECONDS_PER_MINUTE: Final = 60.0
WATCH_GRID_HZ: Final = 10.0
"""Grid on which a watch's records are counted; engineering choice: finer than any record."""
WATCH_CONFIDENCE: Final = 0.5
"""Of a stretch that only a watch calls running; engineering choice."""

REQUIRED: Final = ("start_s", "stop_s", "contact_time_s", "cadence_spm", "speed_mps")


@dataclass(frozen=True)
class WatchSteps:
    """One row a record; arrays of shape ``(n_records,)``, tissues ``(n_records, 3)``.

    Attributes
    ----------
    start_s, stop_s : float64 array
        What the record stands for.
    n_steps : float64 array
        Steps of both feet in it; NaN where the cadence is not known.
    contact_time_s, contact_time_sd_s, step_time_s, step_time_sd_s, flight_time_s : float64 array
        Means of the record's steps, and their errors.
    peak_vgrf_bw, peak_vgrf_sd_bw : float64 array
        Of one step.
    tissue_peak_force_bw, tissue_peak_force_sd_bw, tissue_impulse_bws : float64 array
        Columns as ``constants.TISSUES``.
    reject_reason : int8 array
        Codes of ``steps.REJECT_REASONS``: walking and standing are rejected by their times.
    """

    start_s: FloatArray
    stop_s: FloatArray
    n_steps: FloatArray
    contact_time_s: FloatArray
    contact_time_sd_s: FloatArray
    step_time_s: FloatArray
    step_time_sd_s: FloatArray
    flight_time_s: FloatArray
    speed_mps: FloatArray
    vertical_oscillation_m: FloatArray
    peak_vgrf_bw: FloatArray
    peak_vgrf_sd_bw: FloatArray
    tissue_peak_force_bw: FloatArray
    tissue_peak_force_sd_bw: FloatArray
    tissue_impulse_bws: FloatArray
    reject_reason: NDArray[np.int8]

    @property
    def running_s(self) -> float:
        """Time of the records that count, seconds."""
        counts = self.reject_reason == COUNTS
        return float((self.stop_s - self.start_s)[counts].sum())


def watch_steps(
    records: pd.DataFrame,
    settings: ExposureSettings | None = None,
    limits: StepLimits | None = None,
) -> WatchSteps:
    """Estimate force and tissue load from a watch's records.

    Parameters
    ----------
    records : DataFrame
        Columns `REQUIRED` and, optionally, ``vertical_oscillation_m``; NaN where not observed.
    settings : ExposureSettings, optional
        Force and tissue settings; the defaults where None.
    limits : StepLimits, optional
        What a running step can be; the defaults where None.

    Returns
    -------
    WatchSteps
        Empty for no records. Rejected records keep their times and have NaN forces where the
        models refuse them.

    Raises
    ------
    ValueError
        If columns are missing or a record ends before it begins.
    """
    missing = [name for name in REQUIRED if name not in records.columns]
    if missing:
        raise ValueError(
            f"records lack {', '.join(missing)}; expected {', '.join(REQUIRED)} from a FIT file"
        )
    settings, limits = settings or ExposureSettings(), limits or StepLimits()
    start, stop, contact, cadence, speed = (records[name].to_numpy(np.float64) for name in REQUIRED)
    if (stop < start).any():
        raise ValueError("records end before they begin; expected start_s <= stop_s")
    cadence = np.where(cadence > 0.0, cadence, np.nan)
    step_time = SECONDS_PER_MINUTE / cadence
    contact_sd = CONTACT_TIME_SD_FRACTION * contact
    step_sd = STEP_TIME_SD_FRACTION * step_time
    flight = step_time - contact
    force = peak_vertical_force(contact, flight, contact_sd, step_sd, settings.force)
    load = tissue_load(
        force.peak_vgrf_bw,
        force.step_sd_bw,
        force.shared_sd_bw,
        contact,
        speed_mps=speed,
        settings=settings.tissue,
    )
    reason = np.select(
        [
            np.isnan(contact),
            np.isnan(step_time),
            (step_time < limits.min_step_time_s) | (step_time > limits.max_step_time_s),
            (contact < limits.min_contact_time_s) | (contact > limits.max_contact_time_s),
            contact / (2.0 * step_time) >= limits.max_duty_factor,
            force.is_refused | load.is_refused.any(axis=1),
        ],
        [NO_TERMINAL_CONTACT, NO_FOLLOWING_CONTACT, STEP_TIME, CONTACT_TIME, NO_FLIGHT, FORCE],
        COUNTS,
    ).astype(np.int8)
    oscillation = (
        records["vertical_oscillation_m"].to_numpy(np.float64)
        if "vertical_oscillation_m" in records.columns
        else np.full(start.shape, np.nan)
    )
    return WatchSteps(
        start_s=start,
        stop_s=stop,
        n_steps=(stop - start) / step_time,
        contact_time_s=contact,
        contact_time_sd_s=contact_sd,
        step_time_s=step_time,
        step_time_sd_s=step_sd,
        flight_time_s=flight,
        speed_mps=speed,
        vertical_oscillation_m=oscillation,
        peak_vgrf_bw=force.peak_vgrf_bw,
        peak_vgrf_sd_bw=force.sd_bw,
        tissue_peak_force_bw=load.peak_force_bw,
        tissue_peak_force_sd_bw=load.sd_bw,
        tissue_impulse_bws=load.impulse_bws,
        reject_reason=reason,
    )


def expand_steps(watch: WatchSteps) -> Steps:
    """Repeat each record as often as it has steps, so that all that counts steps can count them.

    Sides are unknown and the times of single contacts are NaN, because a watch does not tell them;
    confidence is 0. The steps' number is that of the records, rounded over the whole activity.

    Parameters
    ----------
    watch : WatchSteps

    Returns
    -------
    loadcore.recording.Steps
        Records without a known cadence have no steps.
    """
    until = np.rint(np.cumsum(np.nan_to_num(watch.n_steps, nan=0.0))).astype(np.int64)
    rows = np.repeat(np.arange(until.size), np.diff(until, prepend=0))
    observed = {
        name: getattr(watch, name)[rows]
        for name in {f.name for f in fields(Steps)} & {f.name for f in fields(WatchSteps)}
    }
    n = rows.size
    stiffness = vertical_stiffness(watch.peak_vgrf_bw, watch.contact_time_s, watch.flight_time_s)
    # Both ends of a step are initial contacts, so each has this share of the step's error.
    contact_sd = watch.step_time_sd_s / np.sqrt(2.0)
    known = observed | {
        "side": np.full(n, SIDE_UNKNOWN, dtype=np.int8),
        "initial_contact_sd_s": contact_sd[rows],
        "duty_factor": (watch.contact_time_s / (2.0 * watch.step_time_s))[rows],
        "confidence": np.zeros(n),
        "vertical_stiffness_bwpm": stiffness[rows],
    }
    return Steps(**{f.name: known.get(f.name, np.full(n, np.nan)) for f in fields(Steps)})


def watch_analysis(
    records: pd.DataFrame,
    settings: ExposureSettings | None = None,
    limits: StepLimits | None = None,
) -> RecordingAnalysis:
    """Put a watch's records into the shape that a sensor's recording is analysed to.

    Parameters
    ----------
    records, settings, limits
        As `watch_steps` takes them.

    Returns
    -------
    loadcore.recording.RecordingAnalysis
        Records that count, one after the other, make a bout of running; the rest is unknown.
    """
    watch = watch_steps(records, settings, limits)
    running = watch.reject_reason == COUNTS
    first = np.flatnonzero(np.diff(running, prepend=~running[:1]))
    last = np.append(first[1:], running.size) - 1
    begin = np.rint(watch.start_s * WATCH_GRID_HZ).astype(np.int64)
    end = np.rint(watch.stop_s * WATCH_GRID_HZ).astype(np.int64)
    is_running = running[first]
    step_frequency = [
        1.0 / float(np.median(watch.step_time_s[a : b + 1])) if running[a] else np.nan
        for a, b in zip(first, last, strict=True)
    ]
    duration_s = float(watch.stop_s[-1]) if running.size else 0.0
    return RecordingAnalysis(
        steps=expand_steps(watch),
        bouts=Bouts(
            start_sample=begin[first],
            stop_sample=end[last],
            activity=np.where(is_running, ACTIVITY_RUNNING, ACTIVITY_UNKNOWN).astype(np.int8),
            step_frequency_hz=np.array(step_frequency, dtype=np.float64),
            confidence=np.where(is_running, WATCH_CONFIDENCE, 0.0),
        ),
        strides=None,
        quality=SignalQuality(
            sampling_rate_hz=running.size / duration_s if duration_s > 0.0 else np.nan,
            jitter_s=float("nan"),
            duration_s=duration_s,
            running_s=watch.running_s,
            missing_frac=float(np.isnan(watch.contact_time_s).mean()) if running.size else 1.0,
            acc_clipped_frac=float("nan"),
            gyr_clipped_frac=float("nan"),
            orientation="not needed: a watch gives times",
            orientation_confidence=float("nan"),
        ),
        grid_rate_hz=WATCH_GRID_HZ,
    )
