"""Contacts to steps: step and flight time, and the reason when a step does not count."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadcore._jit import kernel
from loadcore.contacts import Contacts
from loadcore.signals import median_of

__all__ = ["REJECT_REASONS", "StepLimits", "StepTimes", "step_times"]

REJECT_REASONS: Final = (
    "none",
    "initial contact not found",
    "terminal contact not found",
    "no following contact",
    "a contact in between was missed",
    "step time outside running",
    "contact time outside running",
    "no flight phase",
    "placed by rhythm alone",
    "force beyond physiology",
)
"""What the codes in ``Steps.reject_reason`` mean, by index; the first that applies is given."""

(
    COUNTS,
    NO_INITIAL_CONTACT,
    NO_TERMINAL_CONTACT,
    NO_FOLLOWING_CONTACT,
    MISSED_CONTACT,
    STEP_TIME,
    CONTACT_TIME,
    NO_FLIGHT,
    RHYTHM_ALONE,
    FORCE,
) = (np.int8(code) for code in range(len(REJECT_REASONS)))


TRUNK_EVENT_CORRELATION: Final = 0.4
"""Between the errors of initial and terminal contact from a trunk sensor, which sees both in one
smooth wave: a contact placed late is placed late as a whole (recurrent_grf, 466 contacts: SD 7.0
and 13.4 ms, of their difference 12.3 ms)."""


@dataclass(frozen=True)
class StepLimits:
    """What a running step can be.

    Attributes
    ----------
    min_step_time_s, max_step_time_s : float
        Step frequency between 4.75 a second (Kiernan 2023, doi:10.3390/s23114985, their bound)
        and 2 a second (engineering choice: the slowest jogging).
    min_contact_time_s, max_contact_time_s : float
        Sprinters stay above 0.08 s; their upper bound of 0.27 s would cut slow jogging, so 0.40 s.
    max_duty_factor : float
        Running has a flight phase, so each foot is down for less than half of the stride.
    missed_contact_ratio : float
        A step longer than this many medians of its bout hides a contact that was not found
        (engineering choice: midway between one step and two).
    min_confidence : float
        Below it a contact is placed by the rhythm alone and carries no load of its own.
    """

    min_step_time_s: float = 1.0 / 4.75
    max_step_time_s: float = 0.5
    min_contact_time_s: float = 0.08
    max_contact_time_s: float = 0.40
    max_duty_factor: float = 0.5
    missed_contact_ratio: float = 1.5
    min_confidence: float = 0.1


@dataclass(frozen=True)
class StepTimes:
    """Times of each step; arrays have shape ``(n_contacts,)``.

    Attributes
    ----------
    contact_time_s, contact_time_sd_s, step_time_s, step_time_sd_s, flight_time_s : float64 array
        NaN where an event that they need was not found. From one foot's contacts a step is half
        the stride, so its flight time is that foot's average of both flights.
    reject_reason : int8 array
        Codes of ``REJECT_REASONS``.
    """

    contact_time_s: NDArray[np.float64]
    contact_time_sd_s: NDArray[np.float64]
    step_time_s: NDArray[np.float64]
    step_time_sd_s: NDArray[np.float64]
    flight_time_s: NDArray[np.float64]
    reject_reason: NDArray[np.int8]


@kernel
def _usual_of_bout(
    step_time_s: NDArray[np.float64], bout: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the median of the known step times of each row's bout; NaN where none is known."""
    usual, known = np.empty(bout.size), np.empty(bout.size)
    start, n_known = 0, 0
    for i in range(bout.size):
        if math.isfinite(step_time_s[i]):
            known[n_known] = step_time_s[i]
            n_known += 1
        if i + 1 == bout.size or bout[i + 1] != bout[start]:
            usual[start : i + 1] = median_of(known[:n_known])
            start, n_known = i + 1, 0
    return usual


def step_times(
    contacts: Contacts,
    *,
    sees_both_feet: bool,
    limits: StepLimits | None = None,
    bout: NDArray[np.int64] | None = None,
) -> StepTimes:
    """Derive the times of each step and reject what cannot be a running step.

    Parameters
    ----------
    contacts : Contacts
        Contacts in time order.
    sees_both_feet : bool
        True for trunk sensors, where the next row is the other foot; False for a shank or foot
        sensor, where it is the same foot one stride later.
    limits : StepLimits, optional
        The defaults where None.
    bout : (n_contacts,) int64 array, optional
        Number of the bout that each contact is in: a step never spans two. One bout by default.

    Returns
    -------
    StepTimes
        Empty without contacts. Rejected steps keep their times, for the reader to see.
    """
    limits = limits or StepLimits()
    feet = 1.0 if sees_both_feet else 2.0
    start, stop = contacts.initial_contact_s, contacts.terminal_contact_s
    if bout is None:
        bout = np.zeros(start.size, dtype=np.int64)
    follows = np.flatnonzero(bout[1:] == bout[:-1])
    start_variance = contacts.initial_contact_sd_s**2
    step_time, next_variance = np.full(start.size, np.nan), np.full(start.size, np.nan)
    step_time[follows] = (start[follows + 1] - start[follows]) / feet
    next_variance[follows] = start_variance[follows + 1]
    stop_variance = contacts.terminal_contact_sd_s**2
    shared = (
        2.0
        * (TRUNK_EVENT_CORRELATION if sees_both_feet else 0.0)
        * (contacts.initial_contact_sd_s * contacts.terminal_contact_sd_s)
    )
    contact_time = stop - start
    duty_factor = contact_time / (2.0 * step_time)
    usual = _usual_of_bout(step_time, bout)
    reason = np.select(
        [
            np.isnan(start),
            np.isnan(stop),
            np.isnan(step_time),
            step_time > limits.missed_contact_ratio * usual,
            (step_time < limits.min_step_time_s) | (step_time > limits.max_step_time_s),
            (contact_time < limits.min_contact_time_s) | (contact_time > limits.max_contact_time_s),
            duty_factor >= limits.max_duty_factor,
            contacts.confidence < limits.min_confidence,
        ],
        [
            NO_INITIAL_CONTACT,
            NO_TERMINAL_CONTACT,
            NO_FOLLOWING_CONTACT,
            MISSED_CONTACT,
            STEP_TIME,
            CONTACT_TIME,
            NO_FLIGHT,
            RHYTHM_ALONE,
        ],
        COUNTS,
    ).astype(np.int8)
    return StepTimes(
        contact_time_s=contact_time,
        contact_time_sd_s=np.sqrt(start_variance + stop_variance - shared),
        step_time_s=step_time,
        step_time_sd_s=np.sqrt(start_variance + next_variance) / feet,
        flight_time_s=step_time - contact_time,
        reject_reason=reason,
    )
