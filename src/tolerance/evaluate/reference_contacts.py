"""One frozen rule that turns a measured vertical force into reference contacts.

Contact is vertical force above a threshold: 5 % of body weight, with 20 N and 50 N beside it. The
rule, in this order:

1. Force at or above the threshold is contact; missing samples are neither contact nor flight.
2. Two contacts less than 10 ms apart are one: nobody flies that briefly.
3. A contact shorter than 100 ms is chatter of the plate or the belt and no contact. It is dropped,
   never joined to a neighbour: filters ring 12 to 20 ms after toe-off.
4. A contact longer than 500 ms is standing or walking and no running contact.
5. A contact that begins or ends with the trial, or at a missing sample, is cut: kept as a row, but
   not complete, with NaN for the event that was not seen. Cut contacts escape rules 3 and 4.
6. Event times are interpolated linearly between the samples on both sides of the threshold.

Scores use complete contacts only.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadcore.constants import STANDARD_GRAVITY_MPS2

__all__ = [
    "CONTACT_THRESHOLD_BW",
    "CONTACT_THRESHOLD_VARIANTS_N",
    "ReferenceContacts",
    "find_reference_contacts",
    "threshold_from_newtons",
]

CONTACT_THRESHOLD_BW: Final = 0.05
"""The definition of contact everywhere in this workspace."""
CONTACT_THRESHOLD_VARIANTS_N: Final = (20.0, 50.0)
"""The thresholds that laboratories use, for comparison."""

SHORTEST_FLIGHT_S: Final = 0.010
SHORTEST_CONTACT_S: Final = 0.100
LONGEST_CONTACT_S: Final = 0.500
"""Frozen before any score was made. On recurrent_grf any shortest contact from 80 to 150 ms leaves
the same 466 complete contacts."""


@dataclass(frozen=True)
class ReferenceContacts:
    """Contacts in a measured force, in time order, one row a contact.

    Attributes
    ----------
    initial_contact_s, terminal_contact_s : (n_contacts,) float64 array
        Seconds from the first sample of the force; NaN where the contact is cut at that end.
    peak_vgrf_bw : (n_contacts,) float64 array
        Largest sample of the contact.
    is_complete : (n_contacts,) bool array
        Whether both events were seen.
    """

    initial_contact_s: NDArray[np.float64]
    terminal_contact_s: NDArray[np.float64]
    peak_vgrf_bw: NDArray[np.float64]
    is_complete: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of contacts, cut ones included."""
        return int(self.is_complete.size)


def threshold_from_newtons(threshold_n: float, body_mass_kg: float) -> float:
    """Return a force threshold in body weights; ``ValueError`` unless both are positive."""
    if not (threshold_n > 0.0 and body_mass_kg > 0.0):
        raise ValueError(
            f"threshold_n and body_mass_kg are {threshold_n} and {body_mass_kg}, "
            "expected positive numbers"
        )
    return threshold_n / (body_mass_kg * STANDARD_GRAVITY_MPS2)


def _crossing_s(
    vgrf_bw: NDArray[np.float64], sample: NDArray[np.int64], threshold_bw: float, rate_hz: float
) -> NDArray[np.float64]:
    """Return when the force crosses the threshold between a sample and the one before it.

    NaN where either sample is outside the trial or missing.
    """
    padded = np.concatenate(([np.nan], vgrf_bw, [np.nan]))
    before, after = padded[sample], padded[sample + 1]
    crossing: NDArray[np.float64] = sample - 1 + (threshold_bw - before) / (after - before)
    return crossing / rate_hz


def find_reference_contacts(
    vgrf_bw: NDArray[np.float64],
    sampling_rate_hz: float,
    threshold_bw: float = CONTACT_THRESHOLD_BW,
) -> ReferenceContacts:
    """Find the contacts in a vertical force by the frozen rule above.

    Parameters
    ----------
    vgrf_bw : (n_samples,) float64 array
        Vertical force (or force normal to the belt) of both feet on one plate, or of one foot, in
        body weights. NaN where missing.
    sampling_rate_hz : float
        Samples a second.
    threshold_bw : float
        Above it is contact.

    Returns
    -------
    ReferenceContacts
        No rows for an empty force or one that never reaches the threshold.

    Raises
    ------
    ValueError
        If the force is not one-dimensional, or rate or threshold are not positive.
    """
    vgrf_bw = np.asarray(vgrf_bw, dtype=np.float64)
    if vgrf_bw.ndim != 1 or not sampling_rate_hz > 0.0 or not threshold_bw > 0.0:
        raise ValueError(
            f"vgrf_bw has shape {vgrf_bw.shape}, sampling_rate_hz is {sampling_rate_hz}, "
            f"threshold_bw is {threshold_bw}; expected one column and two positive numbers"
        )
    in_contact = np.concatenate(([False], vgrf_bw >= threshold_bw, [False]))
    edges = np.flatnonzero(in_contact[1:] != in_contact[:-1]).astype(np.int64)
    start, stop = edges[::2], edges[1::2]

    padded = np.concatenate(([np.nan], vgrf_bw, [np.nan]))
    missing_before = np.isnan(padded[start])
    missing_after = np.isnan(padded[stop + 1])
    split = np.ones(start.size + 1, dtype=np.bool_)
    split[1:-1] = (
        ((start[1:] - stop[:-1]) / sampling_rate_hz >= SHORTEST_FLIGHT_S)
        | missing_before[1:]
        | missing_after[:-1]
    )
    start, missing_before = start[split[:-1]], missing_before[split[:-1]]
    stop, missing_after = stop[split[1:]], missing_after[split[1:]]

    complete = ~(missing_before | missing_after)
    duration_s = (stop - start) / sampling_rate_hz
    keep = ~complete | ((duration_s >= SHORTEST_CONTACT_S) & (duration_s <= LONGEST_CONTACT_S))
    start, stop, complete = start[keep], stop[keep], complete[keep]
    return ReferenceContacts(
        initial_contact_s=_crossing_s(vgrf_bw, start, threshold_bw, sampling_rate_hz),
        terminal_contact_s=_crossing_s(vgrf_bw, stop, threshold_bw, sampling_rate_hz),
        peak_vgrf_bw=np.array(
            [vgrf_bw[a:b].max() for a, b in zip(start, stop, strict=True)], dtype=np.float64
        ),
        is_complete=complete,
    )
