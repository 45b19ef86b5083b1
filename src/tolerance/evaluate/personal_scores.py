"""Personal predictions: every trial read with what was learned on the same runner's other trials.

Two models learn: the waveform of a trunk sensor where force was measured (a condition left out at
a time), and the stride length of a foot sensor where strides were measured (a trial left out at a
time). Neither ever sees the force or the strides that it is scored on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadcore.constants import TRUNK_SITES
from loadcore.trajectory import FootStrides
from tolerance.calibration.event_regression import (
    PersonalPredictions,
    TrunkTrial,
    evaluate_trunk_personal,
)
from tolerance.calibration.stride_length import (
    StrideTrial,
    leave_one_trial_out,
    reference_lengths,
    same_signal_groups,
)
from tolerance.evaluate.contact_scores import CONTACT_COLUMNS
from tolerance.evaluate.score_tables import condition_at

__all__ = ["PersonalContacts", "personal_contacts", "personal_strides"]

MIN_CONDITIONS: Final = 4
"""One is left out, and the rest needs three (`event_regression.fit_trunk_coefficients`)."""
MIN_TRIALS: Final = 3
"""One is left out, and the rest needs two (`stride_length.fit_stride_length`)."""

ACC_COLUMNS: Final = ("acc_x_mps2", "acc_y_mps2", "acc_z_mps2")


@dataclass(frozen=True)
class PersonalContacts:
    """What a runner's other conditions say about one recording.

    Attributes
    ----------
    found : DataFrame
        `CONTACT_COLUMNS`; false contacts are rows without times.
    trace_bw : (n_force_samples,) float64 array
        Predicted force on the samples of the reference.
    """

    found: pd.DataFrame
    trace_bw: NDArray[np.float64]


def personal_contacts(
    recordings: pd.DataFrame,
    read_signals: Callable[[str], pd.DataFrame],
    force: Mapping[str, pd.DataFrame],
    conditions: Mapping[str, pd.DataFrame],
) -> dict[str, PersonalContacts]:
    """Read each trunk recording with a model of the same runner's other conditions.

    Parameters
    ----------
    recordings : DataFrame
        Table ``recordings`` of a dataset.
    read_signals : callable
        Gives table ``signals`` of a recording.
    force, conditions : mapping
        Reference tables by recording; a recording in one condition throughout can be a trial.

    Returns
    -------
    dict
        By recording; empty where no runner has at least four conditions with force.
    """
    predicted: dict[str, PersonalContacts] = {}
    at_trunk = recordings["sensor_site"].isin(TRUNK_SITES) & (recordings["frame"] == "segment")
    measured = recordings["recording_id"].isin(force.keys())
    for _, mine in recordings[at_trunk & measured].groupby("runner_id", sort=True):
        trials = [
            trial
            for _, row in mine.iterrows()
            if (trial := _trunk_trial(row, read_signals, force, conditions)) is not None
        ]
        if len({trial.condition for trial in trials}) < MIN_CONDITIONS:
            continue
        held_out = evaluate_trunk_personal(trials)
        for number, trial in enumerate(trials):
            predicted[trial.recording_id] = _contact_frame(held_out, number)
    return predicted


def _trunk_trial(
    row: "pd.Series[str]",
    read_signals: Callable[[str], pd.DataFrame],
    force: Mapping[str, pd.DataFrame],
    conditions: Mapping[str, pd.DataFrame],
) -> TrunkTrial | None:
    """Return the recording as a trial; None if it holds more than one condition."""
    name = str(row["recording_id"])
    stated = conditions.get(name)
    if stated is None or len(stated) != 1:
        return None
    time_s = force[name]["time_s"].to_numpy()
    return TrunkTrial(
        recording_id=name,
        condition=str(condition_at(stated, stated["start_s"].to_numpy(), name)[0][0]),
        acc_mps2=read_signals(name)[list(ACC_COLUMNS)].to_numpy(),
        sampling_rate_hz=float(row["sampling_rate_hz"]),
        vgrf_bw=force[name]["vgrf_bw"].to_numpy(),
        force_rate_hz=float((time_s.size - 1) / (time_s[-1] - time_s[0])),
    )


def _contact_frame(predictions: PersonalPredictions, trial: int) -> PersonalContacts:
    """Put the predictions of one trial into the columns of found contacts."""
    these = predictions.trial == trial
    missing = np.full(int(predictions.n_false_of_trial[trial]), np.nan)
    columns = {
        "initial_contact_s": predictions.initial_s,
        "initial_contact_sd_s": predictions.initial_sd_s,
        "terminal_contact_s": predictions.terminal_s,
        "terminal_contact_sd_s": predictions.terminal_sd_s,
        "contact_time_s": predictions.terminal_s - predictions.initial_s,
        "contact_time_sd_s": predictions.contact_time_sd_s,
        "flight_time_s": predictions.flight_s,
        "peak_vgrf_bw": predictions.peak_bw,
        "peak_vgrf_sd_bw": predictions.peak_sd_bw,
    }
    frame = pd.DataFrame(
        {name: np.append(values[these], missing) for name, values in columns.items()}
    )
    frame["side"] = pd.Series(["unknown"] * len(frame), dtype="str")
    return PersonalContacts(frame[list(CONTACT_COLUMNS)], predictions.vgrf_bw[trial])


def personal_strides(
    recordings: pd.DataFrame,
    read_signals: Callable[[str], pd.DataFrame],
    strides: Mapping[str, tuple[FootStrides, float]],
    reference: Mapping[str, pd.DataFrame],
    found: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """Correct each foot recording's stride lengths with a model of the runner's other trials.

    Parameters
    ----------
    recordings : DataFrame
        Table ``recordings`` of a dataset.
    read_signals : callable
        Gives table ``signals`` of a recording; recordings with the same samples leave together.
    strides : mapping
        The load core's strides of a recording and the rate of the samples they count.
    reference : mapping
        Reference table ``strides`` by recording.
    found : DataFrame
        Table ``foot_strides``, made from the same strides.

    Returns
    -------
    dict
        By recording, table ``foot_strides`` with length, speed and their errors as predicted;
        NaN in strides without a reference. Empty where no runner has at least three trials.
    """
    predicted: dict[str, pd.DataFrame] = {}
    scored = recordings[recordings["recording_id"].isin(strides.keys() & reference.keys())]
    for _, mine in scored.groupby("runner_id", sort=True):
        names = [str(name) for name in mine["recording_id"]]
        groups = same_signal_groups(
            [read_signals(name).drop(columns="time_s").to_numpy() for name in names]
        )
        trials = [
            _stride_trial(name, *strides[name], reference[name], int(group))
            for name, group in zip(names, groups, strict=True)
        ]
        with_reference = {
            trial.group for trial in trials if np.isfinite(trial.reference_length_m).any()
        }
        if len(with_reference) < MIN_TRIALS:
            continue
        held = leave_one_trial_out(trials)
        for number, name in enumerate(names):
            these = held.trial == number
            frame = found[found["recording_id"] == name].set_index("stride_id")
            for column, values in (
                ("stride_length_m", held.personal_length_m),
                ("stride_length_sd_m", held.personal_sd_m),
                ("speed_mps", held.personal_length_m / held.stride_time_s),
                ("speed_sd_mps", held.personal_speed_sd_mps),
            ):
                known = pd.Series(values[these], index=held.stride[these])
                frame[column] = known.reindex(frame.index)
            predicted[name] = frame.reset_index()
    return predicted


def _stride_trial(
    name: str, strides: FootStrides, rate_hz: float, reference: pd.DataFrame, group: int
) -> StrideTrial:
    lengths = reference_lengths(
        strides,
        rate_hz,
        reference["start_s"].to_numpy(),
        reference["stop_s"].to_numpy(),
        reference["stride_length_m"].to_numpy(),
    )
    return StrideTrial(name, strides, lengths, group)
