"""Pairing of detected with reference events: misses and false events apart from timing error."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["EventMatch", "match_events"]


@dataclass(frozen=True)
class EventMatch:
    """One-to-one pairs of detected and reference events.

    Attributes
    ----------
    detected, reference : (n_pairs,) int64 array
        Row numbers in the two inputs, in time order.
    n_detected, n_reference : int
        How many events there were on either side, paired or not.
    """

    detected: NDArray[np.int64]
    reference: NDArray[np.int64]
    n_detected: int
    n_reference: int

    @property
    def recall(self) -> float:
        """Share of reference events that were found; NaN without any."""
        return self.detected.size / self.n_reference if self.n_reference else float("nan")

    @property
    def precision(self) -> float:
        """Share of detected events that are real; NaN without any."""
        return self.detected.size / self.n_detected if self.n_detected else float("nan")


def match_events(
    detected_s: NDArray[np.float64],
    reference_s: NDArray[np.float64],
    tolerance_s: float,
) -> EventMatch:
    """Pair events that are each other's nearest neighbour and no further apart than the tolerance.

    Mutual nearest neighbours never pair one event twice, need no assignment solver, and cannot
    hide a systematic shift by sliding every pair to the next event.

    Parameters
    ----------
    detected_s, reference_s : (n,) float64 array
        Event times in seconds, in any order. NaN rows count as events that pair with nothing.
    tolerance_s : float
        Largest distance of a pair. It has to be well below half a step time.

    Returns
    -------
    EventMatch
        Empty arrays where nothing pairs or either side is empty.

    Raises
    ------
    ValueError
        If the tolerance is not a positive number.
    """
    if not tolerance_s > 0:
        raise ValueError(f"tolerance_s must be a positive number of seconds, got {tolerance_s!r}")
    nearest_reference = _nearest(detected_s, reference_s)
    nearest_detected = _nearest(reference_s, detected_s)
    rows = np.flatnonzero(nearest_reference >= 0)
    partner = nearest_reference[rows]
    mutual = nearest_detected[partner] == rows
    close = np.abs(detected_s[rows] - reference_s[partner]) <= tolerance_s
    rows, partner = rows[mutual & close], partner[mutual & close]
    order = np.argsort(reference_s[partner], kind="stable")
    return EventMatch(rows[order], partner[order], detected_s.size, reference_s.size)


def _nearest(of_s: NDArray[np.float64], among_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """Row of the nearest finite event among the others, -1 where there is none."""
    finite = np.flatnonzero(np.isfinite(among_s))
    nearest = np.full(of_s.size, -1, dtype=np.int64)
    usable = np.isfinite(of_s)
    if not finite.size or not usable.any():
        return nearest
    order = finite[np.argsort(among_s[finite], kind="stable")]
    times = among_s[order]
    right = np.clip(np.searchsorted(times, of_s[usable]), 0, times.size - 1)
    left = np.maximum(right - 1, 0)
    take_left = np.abs(of_s[usable] - times[left]) <= np.abs(of_s[usable] - times[right])
    nearest[usable] = order[np.where(take_left, left, right)]
    return nearest
