"""Initial and terminal contacts: what every site returns, and which detector serves it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Contacts"]


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
