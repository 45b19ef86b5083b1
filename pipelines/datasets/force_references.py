"""From a measured vertical force to reference tables, alike for every dataset that has one."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.datasets.base import excluded_frame, reference_frame
from tolerance.evaluate.reference_contacts import ReferenceContacts, find_reference_contacts

__all__ = ["force_references"]


def force_references(
    recording_id: str,
    vgrf_bw: NDArray[np.float64],
    force_rate_hz: float,
    *,
    side: str = "unknown",
    contacts: ReferenceContacts | None = None,
) -> Mapping[str, pd.DataFrame]:
    """Return tables ``force``, ``contacts`` and ``excluded`` of one recording.

    A contact that is cut at the begin has no initial contact, so it cannot be a row of
    ``contacts``: its stretch is excluded instead, and so is that of a contact cut at the end.

    Parameters
    ----------
    recording_id : str
    vgrf_bw : (n_samples,) float array
        Vertical force in body weights; its first sample is the recording's.
    force_rate_hz : float
        Samples of the force a second.
    side : str
        Side of every contact, where the force or the selection knows it.
    contacts : ReferenceContacts, optional
        Those of the recording's own side; all contacts of the force if not given.
    """
    if contacts is None:
        contacts = find_reference_contacts(vgrf_bw, force_rate_hz)
    starts = np.isfinite(contacts.initial_contact_s)
    end_s = vgrf_bw.size / force_rate_hz
    cut = [
        (
            0.0 if np.isnan(begin) else float(begin),
            end_s if np.isnan(end) else float(end),
            "contact cut by the begin or end of the recording",
        )
        for begin, end in zip(
            contacts.initial_contact_s[~contacts.is_complete],
            contacts.terminal_contact_s[~contacts.is_complete],
            strict=True,
        )
    ]
    return {
        "force": reference_frame(
            "force",
            {
                "recording_id": recording_id,
                "time_s": np.arange(vgrf_bw.size) / force_rate_hz,
                "vgrf_bw": vgrf_bw,
            },
        ),
        "contacts": reference_frame(
            "contacts",
            {
                "recording_id": np.full(int(starts.sum()), recording_id, dtype=object),
                "side": np.full(int(starts.sum()), side, dtype=object),
                "initial_contact_s": contacts.initial_contact_s[starts],
                "terminal_contact_s": contacts.terminal_contact_s[starts],
                "peak_vgrf_bw": contacts.peak_vgrf_bw[starts],
                "is_complete": contacts.is_complete[starts],
            },
        ),
        "excluded": excluded_frame(recording_id, cut),
    }
