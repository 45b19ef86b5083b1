"""What to tell somebody whose recording gave no load."""

from typing import Final

import pandas as pd

__all__ = ["no_load_reason"]

SECONDS_PER_MINUTE: Final = 60.0


def no_load_reason(bouts: pd.DataFrame, steps: pd.DataFrame) -> str | None:
    """Say why there is no step that counts.

    Parameters
    ----------
    bouts, steps : DataFrame
        Tables of these names, of one recording or of several together.

    Returns
    -------
    str or None
        One sentence: what was found instead of running, or why the steps of the running do not
        count. None where steps count.
    """
    if steps["is_valid"].any():
        return None
    lengths = (bouts["stop_s"] - bouts["start_s"]) / SECONDS_PER_MINUTE
    minutes = lengths.groupby(bouts["activity"]).sum()
    running = float(minutes.get("running", 0.0))
    if running > 0.0 and len(steps):
        counts = steps["reject_reason"].value_counts()
        return (
            f"{running:.1f} min of running were found, but none of {len(steps)} steps counts; "
            f"the commonest reason is '{counts.index[0]}' ({counts.iloc[0]})"
        )
    if running > 0.0:
        return f"{running:.1f} min of running were found, but no step: check site and side"
    found = [f"{value:.1f} min {activity}" for activity, value in minutes.items() if value > 0.0]
    seen = ", ".join(found) if found else "no movement that could be told"
    return f"no running was found ({seen}): there is no running load to report"
