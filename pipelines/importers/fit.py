"""Activities of sports watches (FIT) with running dynamics: the watch rung of the ladder.

A watch gives no signal but means over some seconds: stance time, cadence, speed, vertical
oscillation. The file's checksums are verified, so a truncated or altered one is refused whole.
"""

import io
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import fitdecode
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.importers.raw_files import MAX_FIT_BYTES, RecordingFileError, read_bytes

__all__ = ["WatchRecording", "read_fit"]

MAX_RECORD_S: Final = 10.0
"""Longest time that one record stands for; what follows it was not observed. Engineering choice:
watches that record "when something changes" write every 1 to 7 s (garmin-fenix-5-run.fit: 6)."""
FEET: Final = 2.0
"""FIT counts cadence of running in strides (Garmin FIT profile, field ``cadence``, rpm of one
leg); steps are twice as many."""
MILLI: Final = 1e-3
RUNNING: Final = "running"

_FIELDS: Final = ("stance_time", "cadence", "fractional_cadence", "vertical_oscillation")


@dataclass(frozen=True)
class WatchRecording:
    """One activity of a watch.

    Attributes
    ----------
    recording_id, runner_id, session_id : str
        Keys, as of any recording.
    started_at_utc : Timestamp
        Of the first record.
    device : str
        Maker and product, as the file says.
    records : DataFrame
        One row a record: ``start_s`` and ``stop_s`` (what it stands for, half-open, seconds from
        the first record), ``contact_time_s``, ``cadence_spm`` (steps of both feet a minute),
        ``speed_mps``, ``vertical_oscillation_m``; NaN where not observed.
    body_mass_kg : float
        NaN if unknown.
    notes : tuple of str
        What a reader of the report should know.
    """

    recording_id: str
    runner_id: str
    session_id: str
    started_at_utc: pd.Timestamp
    device: str
    records: pd.DataFrame
    body_mass_kg: float = float("nan")
    notes: tuple[str, ...] = ()


def read_fit(
    path: Path,
    recording_id: str,
    *,
    runner_id: str = "runner",
    session_id: str | None = None,
    body_mass_kg: float | None = None,
) -> WatchRecording:
    """Read one activity.

    Raises
    ------
    RecordingFileError
        If the file is too large, damaged or truncated, of another sport, or without running
        dynamics.
    """
    rows, pauses, about = _decode(read_bytes(path, MAX_FIT_BYTES), path.name)
    sport = str(about.get("sport") or "")
    if sport and sport != RUNNING:
        raise RecordingFileError(path.name, f"its sport is {sport!r}, expected {RUNNING!r}")
    if len(rows) < 2:
        raise RecordingFileError(
            path.name, f"holds {len(rows)} records, expected an activity of some minutes"
        )
    frame = pd.DataFrame(rows)
    # an activity may go on in a second record of the same second; the first one stays
    repeated = frame["timestamp"].duplicated()
    frame = frame[~repeated].reset_index(drop=True)
    time_s = _seconds(frame["timestamp"])
    if (np.diff(time_s) < 0).any():
        raise RecordingFileError(
            path.name, "time goes back: two activities were joined, export them one by one"
        )
    records = _records(frame, time_s, [pause - rows[0]["timestamp"] for pause in pauses])
    if not records["contact_time_s"].notna().any():
        raise RecordingFileError(
            path.name,
            "holds no running dynamics (stance time): they come from a chest strap, a pod or a "
            "watch that measures them",
        )
    notes = [] if sport else ["the file names no sport: taken for running"]
    if repeated.any():
        notes.append(f"{int(repeated.sum())} records repeated a time stamp and were left out")
    return WatchRecording(
        recording_id=recording_id,
        runner_id=runner_id,
        session_id=session_id or recording_id,
        started_at_utc=pd.Timestamp(rows[0]["timestamp"], unit="s", tz="UTC"),
        device=str(about.get("device") or "watch"),
        records=records,
        body_mass_kg=float("nan") if body_mass_kg is None else body_mass_kg,
        notes=tuple(notes),
    )


_DAMAGED: Final = (
    fitdecode.FitError,
    struct.error,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    ArithmeticError,
    RecursionError,
)
"""What ``fitdecode`` raises on damaged bytes beside its own errors."""


def _decode(
    data: bytes, name: str
) -> tuple[list[dict[str, float]], list[float], dict[str, object]]:
    """Return records, times at which the timer was stopped, and what the file says of itself."""
    rows: list[dict[str, float]] = []
    pauses: list[float] = []
    about: dict[str, object] = {}
    try:
        reader = fitdecode.FitReader(
            io.BytesIO(data),
            check_crc=fitdecode.CrcCheck.RAISE,
            error_handling=fitdecode.ErrorHandling.RAISE,
        )
        with reader:
            for message in reader:
                if message.frame_type == fitdecode.FIT_FRAME_DATA:
                    _gather(message, rows, pauses, about)
    except _DAMAGED as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RecordingFileError(
            name, f"is damaged or cut short ({reason}): copy it from the watch again"
        ) from error
    if not about and not rows:
        raise RecordingFileError(name, "holds no activity")
    return rows, pauses, about


def _gather(
    message: Any,
    rows: list[dict[str, float]],
    pauses: list[float],
    about: dict[str, object],
) -> None:
    if message.name == "record":
        stamp = _epoch(_value(message, "timestamp"))
        if math.isfinite(stamp):
            row = {field: _number(_value(message, field)) for field in _FIELDS}
            speeds = [_number(_value(message, f)) for f in ("enhanced_speed", "speed")]
            known = [speed for speed in speeds if math.isfinite(speed)]
            rows.append(row | {"timestamp": stamp, "speed": known[0] if known else math.nan})
    elif message.name == "event":
        stopped = str(_value(message, "event_type")).startswith("stop")
        if stopped and _value(message, "event") == "timer":
            pauses.append(_epoch(_value(message, "timestamp")))
    elif message.name in ("sport", "session"):
        about.setdefault("sport", _value(message, "sport"))
    elif message.name == "file_id":
        maker = _value(message, "manufacturer")
        product = _value(message, "garmin_product") or _value(message, "product")
        about["device"] = " ".join(str(part) for part in (maker, product) if part)


def _value(message: Any, field: str) -> Any:
    return message.get_value(field, fallback=None)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value)


def _epoch(value: Any) -> float:
    """Return seconds since 1970; NaN for a stamp that is none (the watch had no time yet)."""
    return float(value.timestamp()) if hasattr(value, "timestamp") else math.nan


def _seconds(stamps: "pd.Series[float]") -> NDArray[np.float64]:
    return np.asarray(stamps - stamps.iloc[0], dtype=np.float64)


def _records(
    frame: pd.DataFrame, time_s: NDArray[np.float64], pauses_s: list[float]
) -> pd.DataFrame:
    """Turn raw fields into the workspace's units; each record stands until the next one."""
    usual_s = float(np.median(np.diff(time_s)))
    stop_s = np.append(time_s[1:], time_s[-1] + usual_s)
    stop_s = np.minimum(stop_s, time_s + MAX_RECORD_S)
    for pause in pauses_s:
        inside = (time_s < pause) & (stop_s > pause)
        stop_s[inside] = pause
    strides = frame["cadence"] + frame["fractional_cadence"].fillna(0.0)
    columns = {
        "start_s": time_s,
        "stop_s": stop_s,
        "contact_time_s": frame["stance_time"] * MILLI,
        "cadence_spm": strides * FEET,
        "speed_mps": frame["speed"],
        "vertical_oscillation_m": frame["vertical_oscillation"] * MILLI,
    }
    table = pd.DataFrame({name: np.asarray(v, dtype=np.float64) for name, v in columns.items()})
    # no stance, no step: zero is the watch's way to say "not measured"
    measured = ("contact_time_s", "cadence_spm", "vertical_oscillation_m")
    return table.assign(**{name: table[name].where(table[name] > 0.0) for name in measured})
