"""Recordings on their way into the workspace's own tables, whoever they come from.

Everything is handed on as it is read, one recording at a time. What cannot be read is left out with
its reason in ``rejected``; the rest goes on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pipelines.datasets.base import ImportedRecording, LeftOut, mask_signals
from tolerance.schemas import SchemaError, conform, empty_table, validate

__all__ = ["Tables", "run"]


@dataclass
class Tables:
    """Rows gathered while recordings pass by, per table."""

    rows: list[dict[str, object]] = field(default_factory=list)
    references: dict[str, list[pd.DataFrame]] = field(default_factory=dict)
    rejected: list[dict[str, object]] = field(default_factory=list)

    def recordings(self) -> pd.DataFrame:
        """Return table ``recordings``."""
        frame = _table("recordings", self.rows)
        # A column of nothing but missing times has no zone of its own.
        frame["started_at_utc"] = pd.to_datetime(frame["started_at_utc"], utc=True)
        return frame

    def reference(self, name: str) -> pd.DataFrame:
        """Return one reference table; empty where nothing was imported."""
        parts = [part for part in self.references.get(name, []) if len(part)]
        return pd.concat(parts, ignore_index=True) if parts else empty_table(name)

    def rejections(self) -> pd.DataFrame:
        """Return table ``rejected``: recordings left out and samples that are no observations."""
        return _table("rejected", self.rejected)

    def reject(self, recording_id: str, start_s: float, stop_s: float, problem: str) -> None:
        """Add one row to ``rejected``."""
        known = sum(row["recording_id"] == recording_id for row in self.rejected)
        self.rejected.append(
            {
                "recording_id": recording_id,
                "problem_id": known,
                "start_s": start_s,
                "stop_s": stop_s,
                "problem": problem,
            }
        )


def run(
    recordings: Iterable[ImportedRecording | LeftOut], tables: Tables
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Gather rows into ``tables`` and give the signals of each recording, masked samples NaN.

    Parameters
    ----------
    recordings
        As a dataset module reads them.
    tables : Tables
        Filled as the recordings pass by; complete when the iterator is exhausted.

    Yields
    ------
    recording_id, signals
        To be written at once, so that only one recording is in memory.
    """
    for recording in recordings:
        for name, frame in recording.references.items():
            tables.references.setdefault(name, []).append(frame)
        if isinstance(recording, LeftOut):
            tables.reject(recording.recording_id, np.nan, np.nan, recording.reason)
            continue
        signals = conform("signals", mask_signals(recording.signals, recording.masks))
        try:
            validate("signals", signals)
        except SchemaError as error:
            problem = f"its samples cannot be: {'; '.join(error.problems)}"
            tables.reject(recording.recording_id, np.nan, np.nan, problem)
            continue
        tables.rows.append(dict(recording.row))
        period_s = 1 / float(str(recording.row["sampling_rate_hz"]))
        time_s = recording.signals["time_s"].to_numpy()
        for mask in recording.masks:
            stop_s = float(time_s[mask.stop_sample - 1]) + period_s
            start_s = float(time_s[mask.start_sample])
            tables.reject(recording.recording_id, start_s, stop_s, mask.reason)
        yield recording.recording_id, signals


def _table(name: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame(rows) if rows else empty_table(name)
