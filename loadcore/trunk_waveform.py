"""A personal, linear reading of a trunk sensor's waveform: event times and vertical force.

Two windows of the sagittal specific force, one around each event that the rule of
``contacts_trunk`` has placed, say how far off the events are and what shape the force had. The
weights are learned where force was measured (``tolerance.calibration.event_regression``) and hold
for that runner and, in part, for that way of wearing the sensor.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadcore._jit import kernel
from loadcore.constants import STANDARD_GRAVITY_MPS2
from loadcore.contact_times import LONGEST_STEP_S, SHORTEST_STEP_S, Contacts
from loadcore.filters import lowpass

__all__ = [
    "LinearReadout",
    "TrunkCoefficients",
    "read_out",
    "refine_contacts",
    "step_times",
    "trunk_force",
    "trunk_force_features",
    "trunk_windows",
]

WINDOW_CUTOFF_HZ: Final = 30.0
"""Low-pass of the windows, or 0.45 of the sampling rate where that is lower (engineering choice:
30 and 45 Hz do alike, 12 Hz loses a millisecond)."""

WINDOW_MARGIN_S: Final = 2.0
"""What is filtered beyond the first and last event; the filter forgets in 0.1 s, the windows reach
a few tenths."""

LARGEST_MEAN_SQUARE: Final = 16.0
"""A window whose features lie four spreads (root mean square) from the learned centre is not what
was learned from: the rule's events stay (engineering choice)."""


@dataclass(frozen=True)
class LinearReadout:
    """``intercept + ((features - centre) / scale) @ weights``.

    Attributes
    ----------
    centre, scale : (n_features,) float64 array
        Mean and spread of the features where the weights were learned.
    weights : (n_features, n_targets) float64 array
    intercept : (n_targets,) float64 array
    """

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    intercept: NDArray[np.float64]


@dataclass(frozen=True)
class TrunkCoefficients:
    """What was learned from one runner's contacts of known force.

    Attributes
    ----------
    offsets_s : (n_offsets,) float64 array
        Where the windows are read, from either event.
    events : LinearReadout
        Two targets: seconds by which the rule's initial and terminal contact move.
    terminal : LinearReadout
        One target: the second move of the terminal contact, read from windows around the moved
        events.
    phase : (n_phases,) float64 array
        Stance phases of the force shape: 0 initial, 1 terminal contact; it may reach beyond both.
    force : LinearReadout
        ``n_phases`` targets: force in body weights over step time by contact time, the ratio that
        the mean force of a contact has to have.
    initial_sd_s, terminal_sd_s, contact_time_sd_s, flight_time_sd_s, peak_vgrf_sd_bw : float
        Standard deviations of the error on conditions that were not learned from, what differs
        from condition to condition included.
    """

    offsets_s: NDArray[np.float64]
    events: LinearReadout
    terminal: LinearReadout
    phase: NDArray[np.float64]
    force: LinearReadout
    initial_sd_s: float
    terminal_sd_s: float
    contact_time_sd_s: float
    flight_time_sd_s: float
    peak_vgrf_sd_bw: float


@kernel
def _read_windows(
    signal: NDArray[np.float64],
    at_sample: NDArray[np.float64],
    offset_samples: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Read a signal around each position, linear between samples, held beyond its ends."""
    last = signal.size - 1
    for k in range(at_sample.size):
        for j in range(offset_samples.size):
            position = min(max(at_sample[k] + offset_samples[j], 0.0), float(last))
            whole = min(int(position), last - 1)
            part = position - whole
            out[k, j] = (1.0 - part) * signal[whole] + part * signal[whole + 1]


def step_times(initial_contact_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the step time around each contact: the mean of the intervals on both sides.

    Parameters
    ----------
    initial_contact_s : (n_contacts,) float64 array
        Of both feet, in time order.

    Returns
    -------
    (n_contacts,) float64 array
        Intervals that are no step (0.22 to 0.5 s) do not count; a contact without a neighbour gets
        the median of the others, NaN where there is none.
    """
    interval_s = np.diff(initial_contact_s, prepend=np.nan, append=np.nan)
    is_step = (interval_s >= SHORTEST_STEP_S) & (interval_s <= LONGEST_STEP_S)
    total_s = np.where(is_step, interval_s, 0.0)
    number = is_step[:-1].astype(np.int64) + is_step[1:]
    known = interval_s[is_step]
    typical_s = float(np.median(known)) if known.size else float("nan")
    mean_s = (total_s[:-1] + total_s[1:]) / np.maximum(number, 1)
    return np.where(number > 0, mean_s, typical_s)


def trunk_windows(
    acc_mps2: NDArray[np.float64],
    sampling_rate_hz: float,
    contacts: Contacts,
    offsets_s: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the features of each contact: sagittal windows around both events, and two times.

    Parameters
    ----------
    acc_mps2 : (n_samples, 3) float64 array
        Specific force of the whole recording, segment frame (+x forward, +y up).
    sampling_rate_hz : float
        Samples a second.
    contacts : Contacts
        Where the windows are anchored.
    offsets_s : (n_offsets,) float64 array
        Where each window is read, from its event.

    Returns
    -------
    (n_contacts, 4 n_offsets + 2) float64 array
        In g: y then x around the initial contact, y then x around the terminal contact; then step
        time and contact time in s. NaN where a sample or an event is missing.
    """
    initial_s, terminal_s = contacts.initial_contact_s, contacts.terminal_contact_s
    n, width = len(contacts), offsets_s.size
    features = np.full((n, 4 * width + 2), np.nan)
    if not n or len(acc_mps2) < 2:
        return features
    begin = max(int((np.nanmin(initial_s) - WINDOW_MARGIN_S) * sampling_rate_hz), 0)
    end = int((np.nanmax(terminal_s) + WINDOW_MARGIN_S) * sampling_rate_hz)
    cutoff_hz = min(WINDOW_CUTOFF_HZ, 0.45 * sampling_rate_hz)
    column = 0
    for event_s in (initial_s, terminal_s):
        known = np.isfinite(event_s)
        at_sample = event_s[known] * sampling_rate_hz - begin
        for axis in (1, 0):
            signal_g = np.ascontiguousarray(acc_mps2[begin:end, axis]) / STANDARD_GRAVITY_MPS2
            window_g = np.empty((at_sample.size, width))
            smooth_g = lowpass(signal_g, cutoff_hz, sampling_rate_hz)
            _read_windows(smooth_g, at_sample, offsets_s * sampling_rate_hz, window_g)
            features[known, column : column + width] = window_g
            column += width
    features[:, column] = step_times(initial_s)
    features[:, column + 1] = terminal_s - initial_s
    return features


def read_out(features: NDArray[np.float64], readout: LinearReadout) -> NDArray[np.float64]:
    """Return the ``(n, n_targets)`` values of a readout; a row of NaN where a feature is NaN."""
    values: NDArray[np.float64] = (
        readout.intercept + ((features - readout.centre) / readout.scale) @ readout.weights
    )
    return values


def _is_known_ground(features: NDArray[np.float64], readout: LinearReadout) -> NDArray[np.bool_]:
    standard = (features - readout.centre) / readout.scale
    known: NDArray[np.bool_] = np.mean(standard**2, axis=1) <= LARGEST_MEAN_SQUARE
    return known


def refine_contacts(
    acc_mps2: NDArray[np.float64],
    sampling_rate_hz: float,
    contacts: Contacts,
    coefficients: TrunkCoefficients,
) -> Contacts:
    """Move the events of the rule to where the learned reading says that they are.

    Parameters
    ----------
    acc_mps2 : (n_samples, 3) float64 array
        Specific force of the whole recording, segment frame.
    sampling_rate_hz : float
        Samples a second.
    contacts : Contacts
        As the rule of ``contacts_trunk`` placed them.
    coefficients : TrunkCoefficients
        Learned on this runner.

    Returns
    -------
    Contacts
        Same rows. Contacts whose windows have missing samples or are unlike anything learned keep
        their events and standard deviations.
    """
    windows = trunk_windows(acc_mps2, sampling_rate_hz, contacts, coefficients.offsets_s)
    known = _is_known_ground(windows, coefficients.events)
    move_s = np.where(known[:, None], read_out(windows, coefficients.events), 0.0)
    moved = replace(
        contacts,
        initial_contact_s=contacts.initial_contact_s + move_s[:, 0],
        terminal_contact_s=contacts.terminal_contact_s + move_s[:, 1],
    )
    windows = trunk_windows(acc_mps2, sampling_rate_hz, moved, coefficients.offsets_s)
    again_s = np.where(known, read_out(windows, coefficients.terminal)[:, 0], 0.0)
    return replace(
        moved,
        terminal_contact_s=moved.terminal_contact_s + again_s,
        initial_contact_sd_s=np.where(
            known, coefficients.initial_sd_s, contacts.initial_contact_sd_s
        ),
        terminal_contact_sd_s=np.where(
            known, coefficients.terminal_sd_s, contacts.terminal_contact_sd_s
        ),
    )


def trunk_force_features(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return windows with step time over contact time as one more column.

    Force averages one body weight over a step, so over the contact it averages this ratio.
    """
    return np.column_stack((windows, windows[:, -2] / windows[:, -1]))


def trunk_force(
    acc_mps2: NDArray[np.float64],
    sampling_rate_hz: float,
    contacts: Contacts,
    coefficients: TrunkCoefficients,
) -> NDArray[np.float64]:
    """Return the vertical force of each contact over stance phase.

    Parameters
    ----------
    acc_mps2 : (n_samples, 3) float64 array
        Specific force of the whole recording, segment frame.
    sampling_rate_hz : float
        Samples a second.
    contacts : Contacts
        As ``refine_contacts`` returns them.
    coefficients : TrunkCoefficients
        Learned on this runner.

    Returns
    -------
    (n_contacts, n_phases) float64 array
        Body weights at ``coefficients.phase``; the peak force is the largest of a row. NaN where
        a window has missing samples or is unlike anything learned.
    """
    windows = trunk_windows(acc_mps2, sampling_rate_hz, contacts, coefficients.offsets_s)
    features = trunk_force_features(windows)
    shape = read_out(features, coefficients.force) * features[:, -1:]
    return np.where(_is_known_ground(features, coefficients.force)[:, None], shape, np.nan)
