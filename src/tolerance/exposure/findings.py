"""What to tell somebody whose recording gave no load."""

from typing import Final

import numpy as np

from loadcore.constants import ACTIVITIES, ACTIVITY_RUNNING
from loadcore.recording import RecordingAnalysis
from loadcore.steps import COUNTS, REJECT_REASONS

__all__ = ["no_load_reason"]

SECONDS_PER_MINUTE: Final = 60.0


def no_load_reason(analysis: RecordingAnalysis) -> str | None:
    """Say why a recording has no step that counts.

    Parameters
    ----------
    analysis : RecordingAnalysis

    Returns
    -------
    str or None
        One sentence: what was found instead of running, or why the steps of the running do not
        count. None where steps count.
    """
    bouts, reasons = analysis.bouts, analysis.steps.reject_reason
    if (reasons == COUNTS).any():
        return None
    minutes = (bouts.stop_sample - bouts.start_sample) / analysis.grid_rate_hz / SECONDS_PER_MINUTE
    running = float(minutes[bouts.activity == ACTIVITY_RUNNING].sum())
    if running > 0.0 and reasons.size:
        counts = np.bincount(reasons, minlength=len(REJECT_REASONS))
        commonest = int(counts.argmax())
        return (
            f"{running:.1f} min of running were found, but none of {reasons.size} steps counts; "
            f"the commonest reason is '{REJECT_REASONS[commonest]}' ({counts[commonest]})"
        )
    if running > 0.0:
        return f"{running:.1f} min of running were found, but no step: check site and side"
    found = [
        f"{minutes[bouts.activity == code].sum():.1f} min {name}"
        for code, name in enumerate(ACTIVITIES)
        if (bouts.activity == code).any()
    ]
    seen = ", ".join(found) if found else "no movement that could be told"
    return f"no running was found ({seen}): there is no running load to report"
