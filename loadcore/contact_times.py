"""The table of contacts that every site returns, and the small pieces that all sites share."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LONGEST_STEP_S",
    "SHORTEST_STEP_S",
    "Contacts",
    "join_contacts",
    "no_contacts",
    "select_contacts",
    "widen_contacts",
]


SHORTEST_STEP_S: Final = 0.22
LONGEST_STEP_S: Final = 0.50
"""Step times searched. Kiernan 2023 (doi:10.3390/s23115022) accepts up to 4.75 steps/s; 2 steps/s
is slower than any jog of the datasets at hand."""

SAMPLE_SHARE: Final = 0.5
"""Error that sampling adds, in samples: an event lies anywhere between two (0.29), and what tells
it apart is smoothed over as many more. Engineering choice; 1 ms at 500 Hz, 5 ms at 100 Hz."""
MISPLACED_SD_S: Final = 0.010
"""Error that an orientation adds which is a mere guess: 5 cm of displacement moved contact times by
up to 10 ms (load.md A3)."""
CLIPPED_SD_S: Final = 0.005
CLIPPED_REACH_S: Final = 0.05
"""Error that a clipped sample adds to an event this near. Engineering choice: the rise of an impact
to a rail takes some 5 ms."""


@dataclass(frozen=True)
class Contacts:
    """Foot contacts found in one bout of running, in time order, one row a contact.

    Attributes
    ----------
    initial_contact_s, terminal_contact_s : (n_contacts,) float64 array
        Seconds from the first sample of the recording. Contact means vertical force above 5 % of
        body weight. NaN where the event could not be found.
    initial_contact_sd_s, terminal_contact_sd_s : (n_contacts,) float64 array
        Standard deviation of the event's timing error.
    side : (n_contacts,) int8 array
        Codes of ``constants.SIDES``.
    confidence : (n_contacts,) float64 array
        0 (placed by the rhythm alone) to 1 (both events seen plainly).
    """

    initial_contact_s: NDArray[np.float64]
    terminal_contact_s: NDArray[np.float64]
    initial_contact_sd_s: NDArray[np.float64]
    terminal_contact_sd_s: NDArray[np.float64]
    side: NDArray[np.int8]
    confidence: NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of contacts."""
        return int(self.initial_contact_s.size)


def widen_contacts(
    contacts: Contacts,
    sampling_rate_hz: float,
    clipped: NDArray[np.bool_],
    orientation_confidence: float,
) -> Contacts:
    """Widen the timing errors by what the sensor and its mounting add to those of the method.

    Parameters
    ----------
    contacts : Contacts
        With the errors of the method alone.
    sampling_rate_hz : float
        Samples a second.
    clipped : (n_samples,) bool array
        Samples at which the accelerometer was at its limit.
    orientation_confidence : float
        0 (a guess) to 1 (certain, or given); NaN counts as certain, there is nothing to turn.

    Returns
    -------
    Contacts
        Times as they were.
    """
    doubt = 1.0 - orientation_confidence if np.isfinite(orientation_confidence) else 0.0
    added = np.hypot(SAMPLE_SHARE / sampling_rate_hz, MISPLACED_SD_S * doubt)
    at_limit_s = np.flatnonzero(clipped) / sampling_rate_hz

    def widened(event_s: NDArray[np.float64], sd_s: NDArray[np.float64]) -> NDArray[np.float64]:
        near = np.searchsorted(at_limit_s, event_s + CLIPPED_REACH_S) > np.searchsorted(
            at_limit_s, event_s - CLIPPED_REACH_S
        )
        return np.asarray(np.sqrt(sd_s**2 + added**2 + np.where(near, CLIPPED_SD_S, 0.0) ** 2))

    return replace(
        contacts,
        initial_contact_sd_s=widened(contacts.initial_contact_s, contacts.initial_contact_sd_s),
        terminal_contact_sd_s=widened(contacts.terminal_contact_s, contacts.terminal_contact_sd_s),
    )


def no_contacts() -> Contacts:
    """Return a table without rows."""
    nothing = np.empty(0)
    return Contacts(nothing, nothing, nothing, nothing, np.empty(0, dtype=np.int8), nothing)


def join_contacts(parts: Sequence[Contacts]) -> Contacts:
    """Return one table with the rows of several, in the order given; empty without any."""
    if not parts:
        return no_contacts()
    columns = [
        np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Contacts)
    ]
    return Contacts(*columns)


def select_contacts(contacts: Contacts, rows: NDArray[np.bool_]) -> Contacts:
    """Return the rows where ``rows``, one flag a contact, is true."""
    return Contacts(*(getattr(contacts, field.name)[rows] for field in fields(Contacts)))
