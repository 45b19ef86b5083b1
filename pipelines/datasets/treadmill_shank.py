"""Shank markers and treadmill force of Fukuchi et al. 2017, shared by its two sources.

Four markers on each shank, differentiated, serve as a **virtual** sagittal gyroscope: what an
ideal sensor on the shank would read about the mediolateral axis. It has no acceleration, no skin
artefact of a worn sensor and no sensor noise, and is always called virtual.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadcore.constants import STANDARD_GRAVITY_MPS2
from loadcore.filters import lowpass
from pipelines.datasets.base import (
    DatasetCard,
    ImportedRecording,
    LeftOut,
    Mask,
    Matrix,
    Sensor,
    UnusableRecordingError,
    recording_row,
    reference_frame,
    signals_frame,
)
from pipelines.datasets.force_references import force_references
from tolerance.evaluate.reference_contacts import ReferenceContacts, find_reference_contacts

__all__ = [
    "FORCE_RATE_HZ",
    "MARKER_RATE_HZ",
    "SIDES",
    "Trial",
    "contacts_by_side",
    "recordings_or_reason",
    "shank_sensor",
    "trial_recordings",
    "vertical_force_bw",
    "virtual_gyroscope",
]

MARKER_RATE_HZ: Final = 150.0
FORCE_RATE_HZ: Final = 300.0
MARKER_CUTOFF_HZ: Final = 20.0
"""Markers tremble by a few tenths of a millimetre over 80 mm: 20 Hz keeps the noise of the angular
velocity below 0.3 rad/s and passes what event detectors use (15 Hz). Engineering choice."""
SIDES: Final = ("left", "right")
SAGITTAL_ONLY: Final[Matrix] = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0))
"""Only the angular velocity about z (right) exists."""


@dataclass(frozen=True)
class Trial:
    """One trial as either source gives it.

    Attributes
    ----------
    runner : str
        Number of the runner, three digits.
    speed_mps : float
        Belt speed.
    mass_kg, height_m : float
    force_n : (n_force, 3) float array
        F1X, F1Y, F1Z at 300 Hz, newtons; the runner pushes -F1Z.
    markers_m : mapping of side to (n_markers, 4, 3) float array
        Top lateral, top medial, bottom lateral, bottom medial at 150 Hz, metres; x along the
        belt in running direction, y up, z to the right. NaN where a marker was not seen.
    """

    runner: str
    speed_mps: float
    mass_kg: float
    height_m: float
    force_n: NDArray[np.float64]
    markers_m: Mapping[str, NDArray[np.float64]]


def shank_sensor(side: str) -> Sensor:
    """Describe the virtual gyroscope of one side."""
    return Sensor(
        name=f"{side}_shank",
        site="shank",
        side=side,
        placement="virtual: derived from four markers on the shank, no sensor was worn",
        model="virtual gyroscope from optical markers",
        frame="segment",
        sampling_rate_hz=MARKER_RATE_HZ,
        has_acc=False,
        axes=SAGITTAL_ONLY,
        axes_note="angular velocity about z (right) only, swing positive; x and y are NaN",
    )


def virtual_gyroscope(markers_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Differentiate the shank's sagittal angle.

    Parameters
    ----------
    markers_m : (n_samples, 4, 3) float array
        As in :class:`Trial`.

    Returns
    -------
    (n_samples,) float array
        Angular velocity about z (right), rad/s; NaN where a marker was not seen.

    Raises
    ------
    UnusableRecordingError
        If a marker was never seen.
    """
    axis = markers_m[:, :2].mean(axis=1) - markers_m[:, 2:].mean(axis=1)
    seen = np.isfinite(axis).all(axis=1)
    if not seen.any():
        raise UnusableRecordingError("a shank marker was never seen")
    angle = np.full(seen.size, np.nan)
    angle[seen] = np.unwrap(np.arctan2(axis[seen, 1], axis[seen, 0]))
    bridged = np.interp(np.arange(seen.size), np.flatnonzero(seen), angle[seen])
    rate = np.gradient(lowpass(bridged, MARKER_CUTOFF_HZ, MARKER_RATE_HZ)) * MARKER_RATE_HZ
    return np.where(seen, rate, np.nan)


def vertical_force_bw(read: Trial) -> NDArray[np.float64]:
    """Return the belt's vertical force in body weights, (n_force,)."""
    return -read.force_n[:, 2] / (read.mass_kg * STANDARD_GRAVITY_MPS2)


def contacts_by_side(read: Trial) -> Mapping[str, ReferenceContacts]:
    """Return the reference contacts of each foot."""
    contacts = find_reference_contacts(vertical_force_bw(read), FORCE_RATE_HZ)
    sides = _contact_sides(contacts, read.markers_m)
    return {side: _only(contacts, sides == side) for side in SIDES}


def recordings_or_reason(
    card: DatasetCard, name: str, read: Trial
) -> list[ImportedRecording | LeftOut]:
    """Return both recordings of a trial, or the one reason why it has none."""
    try:
        return list(trial_recordings(card, name, read))
    except Exception as error:
        # A trial that could be read may still be damaged in any way.
        return [LeftOut(name, f"{type(error).__name__}: {error}")]


def trial_recordings(card: DatasetCard, name: str, read: Trial) -> Iterator[ImportedRecording]:
    """Give the left and the right virtual recording of a trial, each with its own contacts."""
    vgrf_bw = vertical_force_bw(read)
    contacts = contacts_by_side(read)
    for side in SIDES:
        recording_id = f"{name}_{side}"
        gyr_z = virtual_gyroscope(read.markers_m[side])
        time_s = np.arange(gyr_z.size) / MARKER_RATE_HZ
        nothing = np.full(gyr_z.size, np.nan)
        own = contacts[side]
        references = dict(
            force_references(recording_id, vgrf_bw, FORCE_RATE_HZ, side=side, contacts=own)
        )
        references["conditions"] = reference_frame(
            "conditions",
            {
                "recording_id": recording_id,
                "start_s": 0.0,
                "stop_s": gyr_z.size / MARKER_RATE_HZ,
                "activity": "running",
                "speed_mps": read.speed_mps,
                "grade_deg": 0.0,
                "split_group": f"rbds_{read.runner}",
            },
        )
        yield ImportedRecording(
            row=recording_row(
                card,
                card.sensor(f"{side}_shank"),
                recording_id=recording_id,
                runner_id=f"rbds_{read.runner}",
                session_id=f"rbds_{read.runner}",
                body_mass_kg=read.mass_kg,
                height_m=read.height_m,
            ),
            signals=signals_frame(time_s, None, np.column_stack((nothing, nothing, gyr_z))),
            references=references,
            masks=_missing(gyr_z),
        )


def _contact_sides(
    contacts: ReferenceContacts, markers_m: Mapping[str, NDArray[np.float64]]
) -> NDArray[np.str_]:
    """Tell which foot is down: its shank is the lower one in the middle of the contact."""
    begin_s = np.nan_to_num(contacts.initial_contact_s, nan=0.0)
    n_samples = min(len(markers_m[side]) for side in SIDES)
    end_s = np.nan_to_num(contacts.terminal_contact_s, nan=n_samples / MARKER_RATE_HZ)
    at = np.arange(n_samples) / MARKER_RATE_HZ
    height_m = []
    for side in SIDES:
        course = markers_m[side][:n_samples, :, 1].mean(axis=1)
        seen = np.isfinite(course)
        height_m.append(np.interp((begin_s + end_s) / 2, at[seen], course[seen]))
    return np.where(height_m[0] < height_m[1], *SIDES)


def _only(contacts: ReferenceContacts, chosen: NDArray[np.bool_]) -> ReferenceContacts:
    return ReferenceContacts(
        initial_contact_s=contacts.initial_contact_s[chosen],
        terminal_contact_s=contacts.terminal_contact_s[chosen],
        peak_vgrf_bw=contacts.peak_vgrf_bw[chosen],
        is_complete=contacts.is_complete[chosen],
    )


def _missing(gyr_z: NDArray[np.float64]) -> tuple[Mask, ...]:
    """Return the stretches in which a shank marker was not seen."""
    edges = np.diff(np.concatenate(([0], np.isnan(gyr_z).astype(np.int8), [0])))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return tuple(
        Mask(int(start), int(stop), "a shank marker was not seen")
        for start, stop in zip(starts, stops, strict=True)
    )
