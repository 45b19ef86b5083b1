"""Personal reading of a trunk sensor's waveform, learned where force was measured.

The rule of ``loadcore.contacts_trunk`` places both events; ridge regression on windows of the
waveform around them then learns, for one runner, how far off they are, and the shape of the
vertical force. The one choice that data make, the ridge penalty, is made by leaving out one
condition (a speed and slope) after the other *inside* the training data, and each further stage
learns from predictions made that way, so that it meets errors of the size that it will meet later.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadcore.contact_times import LONGEST_STEP_S, Contacts
from loadcore.contacts_trunk import trunk_contacts
from loadcore.trunk_waveform import (
    LinearReadout,
    TrunkCoefficients,
    refine_contacts,
    trunk_force,
    trunk_force_features,
    trunk_windows,
)
from tolerance.evaluate.events import match_events
from tolerance.evaluate.reference_contacts import find_reference_contacts

__all__ = [
    "GroupedRidge",
    "PersonalPredictions",
    "TrunkTrial",
    "evaluate_trunk_personal",
    "fit_grouped_ridge",
    "fit_trunk_coefficients",
]

WINDOW_OFFSETS_S: Final[NDArray[np.float64]] = np.linspace(-0.25, 0.25, 51)
"""Windows of half a second around each event, 10 ms apart (signals end at 30 Hz). Chosen once on
recurrent_grf among half widths of 0.10, 0.15 and 0.25 s, which differ by 0.3 ms."""

FORCE_PHASE: Final[NDArray[np.float64]] = np.linspace(-0.1, 1.1, 49)
"""Force is learned from a tenth of a contact before it to a tenth after it, 2.5 % apart."""

EVENT_PENALTIES: Final = 10.0 ** np.arange(-4.0, 1.1, 0.5)
FORCE_PENALTIES: Final = 10.0 ** np.arange(-2.0, 2.1, 0.5)
"""Ridge penalties tried, as parts of the number of contacts; force has 49 targets and no anchor
that is nearly right, so it wants more."""

MATCH_TOLERANCE_S: Final = 0.1
"""A detected initial contact this far from a true one is another event."""


@dataclass(frozen=True)
class TrunkTrial:
    """One recording of a trunk sensor with the force of a treadmill or plate.

    Attributes
    ----------
    recording_id : str
        Names the recording in results.
    condition : str
        What is left out together, such as ``"3.33 m/s -5 deg"``.
    acc_mps2 : (n_samples, 3) float64 array
        Specific force in the segment frame.
    sampling_rate_hz : float
        Samples a second, of the acceleration.
    vgrf_bw : (n_force_samples,) float64 array
        Vertical force in body weights; its first sample is that of the acceleration.
    force_rate_hz : float
        Samples a second, of the force.
    """

    recording_id: str
    condition: str
    acc_mps2: NDArray[np.float64]
    sampling_rate_hz: float
    vgrf_bw: NDArray[np.float64]
    force_rate_hz: float


@dataclass(frozen=True)
class GroupedRidge:
    """A ridge regression, and what it predicts for each group when it has not seen that group.

    Attributes
    ----------
    readout : LinearReadout
        Fitted on all rows.
    held_out : (n, n_targets) float64 array
        Prediction of each row by a fit without the row's group.
    penalty : (n_targets,) float64 array
        Chosen penalty of each target.
    """

    readout: LinearReadout
    held_out: NDArray[np.float64]
    penalty: NDArray[np.float64]


def fit_grouped_ridge(
    features: NDArray[np.float64],
    targets: NDArray[np.float64],
    groups: NDArray[np.int64],
    penalties: NDArray[np.float64],
) -> GroupedRidge:
    """Fit a ridge regression per target, its penalty chosen by leaving out one group at a time.

    Parameters
    ----------
    features : (n, n_features) float64 array
        Standardised inside; a constant feature gets no weight.
    targets : (n, n_targets) float64 array
        Centred inside.
    groups : (n,) int64 array
        What is left out together; at least two groups.
    penalties : (n_penalties,) float64 array
        Candidates: added to the variance of each standardised feature.

    Raises
    ------
    ValueError
        If there is only one group, or a value is missing.

    Notes
    -----
    Solved in closed form from the eigenvectors of each group-free Gram matrix: one decomposition a
    group serves all penalties and targets.
    """
    names = np.unique(groups)
    if names.size < 2:
        raise ValueError(f"groups has {names.size} distinct values, expected at least 2")
    if not (np.isfinite(features).all() and np.isfinite(targets).all()):
        raise ValueError("features or targets have missing values, expected finite rows only")
    centre, spread = features.mean(axis=0), features.std(axis=0)
    scale = np.where(spread > 0.0, spread, 1.0)
    standard = (features - centre) / scale
    intercept = targets.mean(axis=0)
    residual = targets - intercept
    gram, cross = standard.T @ standard, standard.T @ residual

    held_out = np.empty((penalties.size, *targets.shape))
    for name in names:
        out = groups == name
        here, n_left = standard[out], np.count_nonzero(~out)
        level = residual[~out].mean(axis=0)
        value, vector = np.linalg.eigh(gram - here.T @ here)
        moment = cross - here.T @ residual[out] - np.outer(standard[~out].sum(axis=0), level)
        rotated, seen = vector.T @ moment, here @ vector
        for i, penalty in enumerate(penalties):
            shrunk = rotated / (np.maximum(value, 0.0) + penalty * n_left)[:, None]
            held_out[i][out] = intercept + level + seen @ shrunk
    best = np.argmin(((held_out - targets) ** 2).mean(axis=1), axis=0)

    value, vector = np.linalg.eigh(gram)
    strength = np.maximum(value, 0.0)[:, None] + penalties[best] * len(features)
    weights = vector @ ((vector.T @ cross) / strength)
    each = np.arange(targets.shape[1])
    return GroupedRidge(
        readout=LinearReadout(centre, scale, weights, intercept),
        held_out=held_out[best, :, each].T,
        penalty=penalties[best],
    )


def _spread_for_new_condition(
    error: NDArray[np.float64], trial: NDArray[np.int64], condition: NDArray[np.int64]
) -> float:
    """Return the standard deviation of a held-out error in a condition that was not seen.

    Variance of the trials' means about the mean of all, plus the mean variance within a trial,
    every condition counting alike: contacts of one trial err alike, so the plain spread of all
    would promise too much for the next trial, and a condition run often is not a likelier one.
    """
    seen = np.isfinite(error)
    numbers = np.unique(trial[seen])
    parts = [error[seen & (trial == number)] for number in numbers]
    own = np.array([condition[trial == number][0] for number in numbers])
    weight = np.array([1.0 / np.count_nonzero(own == name) for name in own])
    n_conditions = weight.sum()
    means = np.array([part.mean() for part in parts])
    deviation = means - np.average(means, weights=weight)
    between = np.sum(weight * deviation**2) / (n_conditions - 1.0)
    within = np.average([part.var() for part in parts], weights=weight)
    return float(np.sqrt(between * (1.0 + 1.0 / n_conditions) + within))


@dataclass(frozen=True)
class _Learnable:
    """Contacts of one trial that have a complete reference, row by row."""

    trial: TrunkTrial
    contacts: Contacts
    rows: NDArray[np.int64]
    initial_s: NDArray[np.float64]
    terminal_s: NDArray[np.float64]
    peak_bw: NDArray[np.float64]
    reference_row: NDArray[np.int64]
    n_reference: int
    n_detected: int


def _pair(trial: TrunkTrial) -> _Learnable:
    """Run the rule on a trial and pair its contacts with the complete ones of the force."""
    rate_hz = trial.sampling_rate_hz
    contacts = trunk_contacts(trial.acc_mps2, None, rate_hz, 0, len(trial.acc_mps2))
    reference = find_reference_contacts(trial.vgrf_bw, trial.force_rate_hz)
    complete = np.flatnonzero(reference.is_complete)
    match = match_events(
        contacts.initial_contact_s, reference.initial_contact_s[complete], MATCH_TOLERANCE_S
    )
    row = complete[match.reference]
    if complete.size:
        inside = (contacts.terminal_contact_s > reference.initial_contact_s[complete[0]]) & (
            contacts.initial_contact_s < reference.terminal_contact_s[complete[-1]]
        )
    else:
        inside = np.zeros(len(contacts), dtype=np.bool_)
    return _Learnable(
        trial=trial,
        contacts=contacts,
        rows=match.detected,
        initial_s=reference.initial_contact_s[row],
        terminal_s=reference.terminal_contact_s[row],
        peak_bw=reference.peak_vgrf_bw[row],
        reference_row=row,
        n_reference=int(complete.size),
        n_detected=int(np.count_nonzero(inside)),
    )


def _moved(
    contacts: Contacts,
    rows: NDArray[np.int64],
    initial_s: NDArray[np.float64],
    terminal_s: NDArray[np.float64],
) -> Contacts:
    """Return contacts with the events of some rows moved by so many seconds."""
    new_initial_s, new_terminal_s = (
        contacts.initial_contact_s.copy(),
        contacts.terminal_contact_s.copy(),
    )
    new_initial_s[rows] += initial_s
    new_terminal_s[rows] += terminal_s
    return replace(contacts, initial_contact_s=new_initial_s, terminal_contact_s=new_terminal_s)


def _windows(pairs: Sequence[_Learnable], contacts: Sequence[Contacts]) -> NDArray[np.float64]:
    """Stack the windows of the paired contacts of all trials."""
    return np.vstack(
        [
            trunk_windows(
                pair.trial.acc_mps2, pair.trial.sampling_rate_hz, moved, WINDOW_OFFSETS_S
            )[pair.rows]
            for pair, moved in zip(pairs, contacts, strict=True)
        ]
    )


def _events_of(
    pairs: Sequence[_Learnable], contacts: Sequence[Contacts]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Stack initial and terminal contacts of the paired contacts of all trials."""
    both = list(zip(pairs, contacts, strict=True))
    initial_s = np.concatenate([moved.initial_contact_s[pair.rows] for pair, moved in both])
    terminal_s = np.concatenate([moved.terminal_contact_s[pair.rows] for pair, moved in both])
    return initial_s, terminal_s


def _flight_times(
    initial_s: NDArray[np.float64],
    terminal_s: NDArray[np.float64],
    trial: NDArray[np.int64],
    reference_row: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the time from each contact to the next one; NaN where the next was not paired."""
    flight_s = np.full(initial_s.size, np.nan)
    follows = (np.diff(trial) == 0) & (np.diff(reference_row) == 1)
    follows &= np.diff(initial_s) < LONGEST_STEP_S
    flight_s[:-1][follows] = (initial_s[1:] - terminal_s[:-1])[follows]
    return flight_s


def _force_at(pairs: Sequence[_Learnable], contacts: Sequence[Contacts]) -> NDArray[np.float64]:
    """Return the measured force at the stance phases of each paired contact."""
    rows = []
    for pair, moved in zip(pairs, contacts, strict=True):
        begin_s = moved.initial_contact_s[pair.rows]
        long_s = moved.terminal_contact_s[pair.rows] - begin_s
        time_s = np.arange(pair.trial.vgrf_bw.size) / pair.trial.force_rate_hz
        at_s = begin_s[:, None] + long_s[:, None] * FORCE_PHASE
        rows.append(np.interp(at_s.ravel(), time_s, pair.trial.vgrf_bw).reshape(at_s.shape))
    return np.vstack(rows)


def _split(pairs: Sequence[_Learnable], values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Cut a stack of rows back into one array a trial."""
    return np.split(values, np.cumsum([pair.rows.size for pair in pairs])[:-1])


def _learn(pairs: Sequence[_Learnable]) -> TrunkCoefficients:
    """Learn both event stages and the force shape, each from held-out results of the one before."""
    conditions = sorted({pair.trial.condition for pair in pairs})
    trial = np.concatenate([np.full(pair.rows.size, i) for i, pair in enumerate(pairs)])
    groups = np.array([conditions.index(pair.trial.condition) for pair in pairs])[trial]
    reference_row = np.concatenate([pair.reference_row for pair in pairs])
    true_initial_s = np.concatenate([pair.initial_s for pair in pairs])
    true_terminal_s = np.concatenate([pair.terminal_s for pair in pairs])
    peak_bw = np.concatenate([pair.peak_bw for pair in pairs])

    contacts = [pair.contacts for pair in pairs]
    initial_s, terminal_s = _events_of(pairs, contacts)
    off_s = np.column_stack((true_initial_s - initial_s, true_terminal_s - terminal_s))
    events = fit_grouped_ridge(_windows(pairs, contacts), off_s, groups, EVENT_PENALTIES)
    contacts = [
        _moved(old, pair.rows, move_s[:, 0], move_s[:, 1])
        for pair, old, move_s in zip(pairs, contacts, _split(pairs, events.held_out), strict=True)
    ]
    initial_s, terminal_s = _events_of(pairs, contacts)
    off_s = (true_terminal_s - terminal_s)[:, None]
    terminal = fit_grouped_ridge(_windows(pairs, contacts), off_s, groups, EVENT_PENALTIES)
    contacts = [
        _moved(old, pair.rows, np.zeros(pair.rows.size), move_s[:, 0])
        for pair, old, move_s in zip(pairs, contacts, _split(pairs, terminal.held_out), strict=True)
    ]
    initial_s, terminal_s = _events_of(pairs, contacts)
    features = trunk_force_features(_windows(pairs, contacts))
    ratio = features[:, -1:]
    force = fit_grouped_ridge(features, _force_at(pairs, contacts) / ratio, groups, FORCE_PENALTIES)

    initial_error_s, terminal_error_s = initial_s - true_initial_s, terminal_s - true_terminal_s
    flight_error_s = _flight_times(initial_s, terminal_s, trial, reference_row) - _flight_times(
        true_initial_s, true_terminal_s, trial, reference_row
    )
    peak_error_bw = (force.held_out * ratio).max(axis=1) - peak_bw
    return TrunkCoefficients(
        offsets_s=WINDOW_OFFSETS_S,
        events=events.readout,
        terminal=terminal.readout,
        phase=FORCE_PHASE,
        force=force.readout,
        initial_sd_s=_spread_for_new_condition(initial_error_s, trial, groups),
        terminal_sd_s=_spread_for_new_condition(terminal_error_s, trial, groups),
        contact_time_sd_s=_spread_for_new_condition(
            terminal_error_s - initial_error_s, trial, groups
        ),
        flight_time_sd_s=_spread_for_new_condition(flight_error_s, trial, groups),
        peak_vgrf_sd_bw=_spread_for_new_condition(peak_error_bw, trial, groups),
    )


def fit_trunk_coefficients(trials: Sequence[TrunkTrial]) -> TrunkCoefficients:
    """Learn the personal reading of a trunk sensor from one runner's trials with force.

    Parameters
    ----------
    trials : sequence of TrunkTrial
        At least three conditions between them, all of one runner.

    Raises
    ------
    ValueError
        If there are fewer than three conditions, or a trial without a paired contact.
    """
    pairs = [_pair(trial) for trial in trials]
    _check(pairs)
    return _learn(pairs)


def _check(pairs: Sequence[_Learnable]) -> None:
    conditions = {pair.trial.condition for pair in pairs}
    empty = [pair.trial.recording_id for pair in pairs if not pair.rows.size]
    problems = []
    if len(conditions) < 3:
        problems.append(
            f"trials have {len(conditions)} conditions, expected at least 3: one is left out to "
            "choose the penalty and the spread between conditions needs two more"
        )
    if empty:
        problems.append(
            f"no contact of the sensor pairs with the force in {', '.join(empty)}: check the "
            "clocks, or leave these trials out"
        )
    if problems:
        raise ValueError("; ".join(problems))


@dataclass(frozen=True)
class PersonalPredictions:
    """Contacts of trials that were left out, beside their references; one row a contact.

    Attributes
    ----------
    trial : (n_contacts,) int64 array
        Row of the trial in the input.
    condition : (n_contacts,) int64 array
        Number of the trial's condition, in sorted order: what intervals have to be clustered by.
    reference_initial_s, reference_terminal_s, reference_flight_s, reference_peak_bw
        (n_contacts,) float64 arrays from the force; flight is NaN where the next contact is cut.
    initial_s, terminal_s, flight_s, peak_bw
        (n_contacts,) float64 arrays, predicted; contact time is terminal less initial. Where the
        waveform is unlike anything learned, the events are the rule's and the peak is NaN.
    initial_sd_s, terminal_sd_s, contact_time_sd_s, flight_sd_s, peak_sd_bw
        (n_contacts,) float64 arrays: predicted standard deviation of each error.
    n_reference : int
        Complete contacts in the force; those not among the rows were missed.
    n_false : int
        Detected contacts, between the first and last complete one of a trial, without a partner.
    n_false_of_trial : (n_trials,) int64 array
        The same, trial by trial; 0 in trials that were not tested.
    vgrf_bw : tuple of (n_force_samples,) float64 arrays
        Predicted force of each trial, on the samples of its reference; NaN before the first and
        after the last complete contact, and throughout in trials that were not tested.
    """

    trial: NDArray[np.int64]
    condition: NDArray[np.int64]
    reference_initial_s: NDArray[np.float64]
    reference_terminal_s: NDArray[np.float64]
    reference_flight_s: NDArray[np.float64]
    reference_peak_bw: NDArray[np.float64]
    initial_s: NDArray[np.float64]
    terminal_s: NDArray[np.float64]
    flight_s: NDArray[np.float64]
    peak_bw: NDArray[np.float64]
    initial_sd_s: NDArray[np.float64]
    terminal_sd_s: NDArray[np.float64]
    contact_time_sd_s: NDArray[np.float64]
    flight_sd_s: NDArray[np.float64]
    peak_sd_bw: NDArray[np.float64]
    n_reference: int
    n_false: int
    n_false_of_trial: NDArray[np.int64]
    vgrf_bw: tuple[NDArray[np.float64], ...]


def _force_trace(
    trial: TrunkTrial, contacts: Contacts, shape_bw: NDArray[np.float64], phase: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Lay the force shapes of all contacts on the samples of the measured force; 0 in flight."""
    time_s = np.arange(trial.vgrf_bw.size) / trial.force_rate_hz
    trace_bw = np.zeros(time_s.size)
    for begin_s, end_s, row_bw in zip(
        contacts.initial_contact_s, contacts.terminal_contact_s, shape_bw, strict=True
    ):
        at = (time_s - begin_s) / (end_s - begin_s)
        here = (at >= phase[0]) & (at <= phase[-1])
        trace_bw[here] = np.interp(at[here], phase, row_bw)
    reference = find_reference_contacts(trial.vgrf_bw, trial.force_rate_hz)
    complete = reference.is_complete
    inside = np.zeros(time_s.size, dtype=np.bool_)
    if complete.any():
        inside = (time_s >= reference.initial_contact_s[complete][0]) & (
            time_s <= reference.terminal_contact_s[complete][-1]
        )
    return np.where(inside, trace_bw, np.nan)


def evaluate_trunk_personal(
    trials: Sequence[TrunkTrial],
    tested: NDArray[np.bool_] | None = None,
    learned_from: NDArray[np.bool_] | None = None,
) -> PersonalPredictions:
    """Predict each tested trial with what was learned from the other conditions.

    Parameters
    ----------
    trials : sequence of TrunkTrial
        All of one runner.
    tested, learned_from : (n_trials,) bool array, optional
        Which trials are predicted and which may be learned from; all by default. A trial's own
        condition never is. Apart, they answer what another mount of the sensor does.

    Returns
    -------
    PersonalPredictions
        In the order of the trials.

    Raises
    ------
    ValueError
        If a fold has fewer than three conditions to learn from, or a trial has no paired contact.
    """
    every = np.ones(len(trials), dtype=np.bool_)
    tested = every if tested is None else np.asarray(tested, dtype=np.bool_)
    learned_from = every if learned_from is None else np.asarray(learned_from, dtype=np.bool_)
    conditions = sorted({trial.condition for trial in trials})
    condition = np.array([conditions.index(trial.condition) for trial in trials], dtype=np.int64)
    pairs = [_pair(trial) for trial in trials]
    columns: dict[int, list[NDArray[np.float64]]] = {}
    traces = [np.full(trial.vgrf_bw.size, np.nan) for trial in trials]
    n_false = np.zeros(len(trials), dtype=np.int64)
    for name in np.unique(condition[tested]):
        fold = [pairs[i] for i in np.flatnonzero(learned_from & (condition != name))]
        _check(fold)
        learned = _learn(fold)
        for i in np.flatnonzero(tested & (condition == name)):
            pair = pairs[i]
            trial = pair.trial
            contacts = refine_contacts(
                trial.acc_mps2, trial.sampling_rate_hz, pair.contacts, learned
            )
            shape_bw = trunk_force(trial.acc_mps2, trial.sampling_rate_hz, contacts, learned)
            traces[i] = _force_trace(trial, contacts, shape_bw, learned.phase)
            columns[int(i)] = _rows(pair, contacts, shape_bw, learned)
            n_false[i] = pair.n_detected - pair.rows.size
    order = sorted(columns)
    number = [len(columns[i][0]) for i in order]
    table = [np.concatenate(parts) for parts in zip(*(columns[i] for i in order), strict=True)]
    return PersonalPredictions(
        trial=np.repeat(np.array(order, dtype=np.int64), number),
        condition=np.repeat(condition[order], number),
        reference_initial_s=table[0],
        reference_terminal_s=table[1],
        reference_flight_s=table[2],
        reference_peak_bw=table[3],
        initial_s=table[4],
        terminal_s=table[5],
        flight_s=table[6],
        peak_bw=table[7],
        initial_sd_s=table[8],
        terminal_sd_s=table[9],
        contact_time_sd_s=table[10],
        flight_sd_s=table[11],
        peak_sd_bw=table[12],
        n_reference=sum(pairs[i].n_reference for i in np.flatnonzero(tested)),
        n_false=int(n_false.sum()),
        n_false_of_trial=n_false,
        vgrf_bw=tuple(traces),
    )


def _rows(
    pair: _Learnable,
    contacts: Contacts,
    shape_bw: NDArray[np.float64],
    learned: TrunkCoefficients,
) -> list[NDArray[np.float64]]:
    """Return the paired contacts of one trial, column by column: reference, then prediction."""
    initial_sd_s = contacts.initial_contact_sd_s[pair.rows]
    terminal_sd_s = contacts.terminal_contact_sd_s[pair.rows]
    has_moved = np.isfinite(shape_bw[pair.rows, 0]) & (initial_sd_s == learned.initial_sd_s)
    both_sd_s = np.hypot(initial_sd_s, terminal_sd_s)
    same_trial = np.zeros(pair.rows.size, dtype=np.int64)
    initial_s = contacts.initial_contact_s[pair.rows]
    terminal_s = contacts.terminal_contact_s[pair.rows]
    return [
        pair.initial_s,
        pair.terminal_s,
        _flight_times(pair.initial_s, pair.terminal_s, same_trial, pair.reference_row),
        pair.peak_bw,
        initial_s,
        terminal_s,
        _flight_times(initial_s, terminal_s, same_trial, pair.reference_row),
        shape_bw[pair.rows].max(axis=1),
        initial_sd_s,
        terminal_sd_s,
        np.where(has_moved, learned.contact_time_sd_s, both_sd_s),
        np.where(has_moved, learned.flight_time_sd_s, both_sd_s),
        np.where(has_moved, learned.peak_vgrf_sd_bw, np.nan),
    ]
