"""The table of contacts that every site returns, and the small pieces that all sites share."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
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
]


SHORTEST_STEP_S: Final = 0.22
LONGEST_STEP_S: Final = 0.50
"""Step times searched. Kiernan 2023 (doi:10.3390/s23115022) accepts up to 4.75 steps/s; 2 steps/s
is slower than any jog of the datasets at hand."""


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
