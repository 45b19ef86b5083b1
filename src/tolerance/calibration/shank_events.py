"""Learned event models of the shank: fitted on virtual sensors, scored on runners left out.

Markers on a shank give its angular velocity and the acceleration of any point of it: virtual
sensors, with true contacts from a force plate. Each event's distance from an anchor is regressed
on the waveform around that anchor (`loadcore.contacts_shank`), by ridge regression in closed
form. A score on virtual sensors is not comparable with one on inertial sensors: no mounting, no
delay, no bandwidth of a real device is in it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadcore.constants import STANDARD_GRAVITY_MPS2
from loadcore.contacts_shank import (
    EventModel,
    ShankCoefficients,
    ShankStretch,
    event_features,
    shank_contacts,
    shank_stretches,
)
from loadcore.filters import lowpass

__all__ = [
    "ShankTrial",
    "coefficients_from_dict",
    "coefficients_to_dict",
    "fit_shank_coefficients",
    "predict_left_out",
    "virtual_shank_sensor",
]

type Floats = NDArray[np.float64]

GYR_INITIAL_OFFSETS_S: Final = np.linspace(-0.06, 0.14, 21)
"""Late swing to early stance around the fall through zero."""
GYR_TERMINAL_OFFSETS_S: Final = np.linspace(-0.1, 0.1, 21)
"""Late stance and heel rise around the onset of push-off."""
ACC_COARSE_OFFSETS_S: Final = np.linspace(-0.16, 0.2, 19)
"""The anchor of the accelerometer is off by up to 70 ms, so the first reading is wide."""
ACC_INITIAL_OFFSETS_S: Final = np.linspace(-0.12, 0.14, 27)
ACC_STANCE_OFFSETS_S: Final = np.linspace(0.06, 0.38, 17)
"""From after the impact to past the longest contact."""
ACC_TERMINAL_OFFSETS_S: Final = np.linspace(-0.12, 0.08, 21)

RIDGE_GRID: Final = (0.003, 0.01, 0.03, 0.1, 0.3)
"""Penalty a standardised feature and contact; chosen by runners left out inside the fit."""

MAX_ANCHOR_ERROR_S: Final = 0.15
"""An anchor farther than this from every true contact belongs to none."""

SENSOR_HEIGHTS_M: Final = (-0.16, -0.08, 0.0, 0.05)
"""Where on the shank the virtual accelerometers sit, from the middle: ankle to upper half."""

MARKER_CUTOFF_HZ: Final = 25.0
"""Angular velocity is smoothed before it is differentiated to move a virtual sensor; above the
10 Hz that the event models read, below the noise of optical markers."""


@dataclass(frozen=True)
class ShankTrial:
    """One leg in one trial, with true contacts.

    Attributes
    ----------
    runner_id, trial_id : str
        The runner is the unit that is left out.
    side : int
        Code of ``constants.SIDES``.
    acc_mps2, gyr_radps : (n_samples, 3) float64 array
        Segment frame; columns that are not known are NaN.
    sampling_rate_hz : float
    initial_contact_s, terminal_contact_s : (n_contacts,) float64 array
        True contacts of this leg, from vertical force above 5 % of body weight.
    """

    runner_id: str
    trial_id: str
    side: int
    acc_mps2: Floats
    gyr_radps: Floats
    sampling_rate_hz: float
    initial_contact_s: Floats
    terminal_contact_s: Floats


def virtual_shank_sensor(
    proximal_m: Floats, distal_m: Floats, sampling_rate_hz: float
) -> tuple[Floats, Floats]:
    """Return the specific force and angular velocity a sensor between two points would read.

    Parameters
    ----------
    proximal_m, distal_m : (n_samples, 3) float64 array
        Upper and lower end of the shank cluster: x forward, y up, z to the right, in metres;
        NaN where a marker was not seen.
    sampling_rate_hz : float
        Frame rate.

    Returns
    -------
    acc_mps2, gyr_radps : (n_samples, 3) float64 array
        In the segment frame, sagittal plane only: angular velocity about x and y is NaN, and
        acceleration along z is the room's. First and last frame are NaN.
    """
    axis = proximal_m - distal_m
    tilt_rad = np.full(len(axis), np.nan)
    seen = np.isfinite(axis).all(axis=1)
    tilt_rad[seen] = np.unwrap(np.arctan2(-axis[seen, 0], axis[seen, 1]))
    centre_m = 0.5 * (proximal_m + distal_m)
    gyr = np.full(axis.shape, np.nan)
    force = np.full(axis.shape, np.nan)
    gyr[1:-1, 2] = (tilt_rad[2:] - tilt_rad[:-2]) * (0.5 * sampling_rate_hz)
    second = centre_m[2:] - 2.0 * centre_m[1:-1] + centre_m[:-2]
    force[1:-1] = second * sampling_rate_hz**2 + np.array([0.0, STANDARD_GRAVITY_MPS2, 0.0])
    cos, sin = np.cos(tilt_rad), np.sin(tilt_rad)
    acc = np.column_stack(
        (
            force[:, 0] * cos + force[:, 1] * sin,
            force[:, 1] * cos - force[:, 0] * sin,
            force[:, 2],
        )
    )
    return acc, gyr


def _moved(trial: ShankTrial, height_m: float) -> Floats:
    """Return the acceleration a sensor ``height_m`` farther up the shank would read."""
    wz = lowpass(trial.gyr_radps[:, 2], MARKER_CUTOFF_HZ, trial.sampling_rate_hz)
    angular_acc = np.full(wz.size, np.nan)
    angular_acc[1:-1] = (wz[2:] - wz[:-2]) * (0.5 * trial.sampling_rate_hz)
    acc = trial.acc_mps2.copy()
    acc[:, 0] -= angular_acc * height_m
    acc[:, 1] -= wz * wz * height_m
    return acc


@dataclass(frozen=True)
class _Sample:
    """Strides of one stretch that have a true contact."""

    runner_id: str
    stretch: ShankStretch
    initial_s: Floats
    terminal_s: Floats


def _nearest(time_s: Floats, truth_s: Floats) -> NDArray[np.int64]:
    """Return the index of the true contact nearest to each time, -1 where none is near."""
    distance_s = np.abs(time_s[:, None] - truth_s[None, :])
    nearest = np.argmin(distance_s, axis=1)
    near = distance_s[np.arange(time_s.size), nearest] <= MAX_ANCHOR_ERROR_S
    return np.where(near, nearest, -1)


def _samples(trial: ShankTrial, acc: Floats, gyr: Floats | None) -> list[_Sample]:
    found = []
    for stretch in shank_stretches(acc, gyr, trial.sampling_rate_hz, 0, len(acc)):
        truth = _nearest(stretch.initial_anchor_s, trial.initial_contact_s)
        initial_s = np.where(truth >= 0, trial.initial_contact_s[truth], np.nan)
        terminal_s = np.where(truth >= 0, trial.terminal_contact_s[truth], np.nan)
        found.append(_Sample(trial.runner_id, stretch, initial_s, terminal_s))
    return found


def _gram_fit(z: Floats, y: Floats, runner: NDArray[np.str_]) -> tuple[Floats, Floats, float]:
    """Fit a ridge regression whose penalty is chosen by leaving runners out.

    Returns the weights, the left-out residuals under the chosen penalty and their standard
    deviation. ``z`` is standardised and ``y`` centred.
    """
    names = np.unique(runner)
    grams = {name: z[runner == name].T @ z[runner == name] for name in names}
    moments = {name: z[runner == name].T @ y[runner == name] for name in names}
    gram, moment = sum(grams.values()), sum(moments.values())
    identity = np.eye(z.shape[1])
    best = (math.inf, np.empty(0), 0.0)
    for penalty in RIDGE_GRID:
        residual = np.empty_like(y)
        for name in names:
            out = runner == name
            ridge = penalty * max(1, int((~out).sum())) * identity
            weight = np.linalg.solve(gram - grams[name] + ridge, moment - moments[name])
            residual[out] = y[out] - z[out] @ weight
        error = float(np.sqrt(np.mean(residual**2)))
        if error < best[0]:
            best = (error, residual, penalty)
    error, residual, penalty = best
    weight = np.linalg.solve(gram + penalty * y.size * identity, moment)
    return weight, residual, error


def _fit_event(
    samples: Sequence[_Sample],
    anchors: Sequence[Floats],
    truths: Sequence[Floats],
    offset_s: Floats,
) -> tuple[EventModel, list[Floats]]:
    """Fit one event model; also return each event as predicted with its runner left out."""
    features = [
        event_features(sample.stretch, anchor, offset_s)
        for sample, anchor in zip(samples, anchors, strict=True)
    ]
    x = np.concatenate(features)
    anchor_s, truth_s = np.concatenate(anchors), np.concatenate(truths)
    runner = np.repeat([s.runner_id for s in samples], [len(a) for a in anchors])
    y = truth_s - anchor_s
    known = np.isfinite(x).all(axis=1) & np.isfinite(y)
    if np.unique(runner[known]).size < 2:
        raise ValueError(
            f"{int(known.sum())} of {y.size} strides found have a true contact within "
            f"{MAX_ANCHOR_ERROR_S} s and a complete waveform, from fewer than 2 runners: check "
            "side, clock and axes of the trials"
        )
    mean, scale = x[known].mean(axis=0), x[known].std(axis=0)
    intercept_s = float(y[known].mean())
    z = (x[known] - mean) / scale
    weight, residual, sd_s = _gram_fit(z, y[known] - intercept_s, runner[known])
    predicted_s = np.full(y.size, np.nan)
    predicted_s[known] = truth_s[known] - residual
    model = EventModel(offset_s, mean, scale, weight, intercept_s, sd_s)
    return model, np.split(predicted_s, np.cumsum([len(a) for a in anchors])[:-1])


def _fit_chain(
    samples: Sequence[_Sample],
    anchors: list[Floats],
    truths: Sequence[Floats],
    chain_offsets_s: Sequence[Floats],
) -> tuple[tuple[EventModel, ...], list[Floats]]:
    """Fit models one after the other, each anchored on left-out estimates of the one before."""
    models = []
    for offset_s in chain_offsets_s:
        model, anchors = _fit_event(samples, anchors, truths, offset_s)
        models.append(model)
    return tuple(models), anchors


def fit_shank_coefficients(trials: Sequence[ShankTrial]) -> ShankCoefficients:
    """Fit all event models of the shank.

    Parameters
    ----------
    trials : sequence of ShankTrial
        Two runners at least. Gyroscope models use angular velocity about z; accelerometer
        models use the acceleration, as it is and as sensors from the ankle to the upper half of
        the shank would read it (`SENSOR_HEIGHTS_M`).

    Returns
    -------
    ShankCoefficients
        Every model's ``sd_s`` is its error on runners left out of an inner cross-validation.

    Raises
    ------
    ValueError
        If there are fewer than two runners.
    """
    runners = {trial.runner_id for trial in trials}
    if len(runners) < 2:
        raise ValueError(
            f"trials hold {len(runners)} runner(s), expected at least 2: the error of a model is "
            "measured on runners left out"
        )
    gyr = [s for t in trials for s in _samples(t, t.acc_mps2, t.gyr_radps)]
    acc = [s for t in trials for h in SENSOR_HEIGHTS_M for s in _samples(t, _moved(t, h), None)]
    gyr_initial, _ = _fit_chain(
        gyr,
        [s.stretch.initial_anchor_s for s in gyr],
        [s.initial_s for s in gyr],
        (GYR_INITIAL_OFFSETS_S,),
    )
    gyr_terminal, _ = _fit_chain(
        gyr,
        [s.stretch.terminal_anchor_s for s in gyr],
        [s.terminal_s for s in gyr],
        (GYR_TERMINAL_OFFSETS_S,),
    )
    acc_initial, acc_anchor_s = _fit_chain(
        acc,
        [s.stretch.initial_anchor_s for s in acc],
        [s.initial_s for s in acc],
        (ACC_COARSE_OFFSETS_S, ACC_INITIAL_OFFSETS_S),
    )
    acc_terminal, _ = _fit_chain(
        acc,
        acc_anchor_s,
        [s.terminal_s for s in acc],
        (ACC_STANCE_OFFSETS_S, ACC_TERMINAL_OFFSETS_S),
    )
    return ShankCoefficients(gyr_initial, gyr_terminal, acc_initial, acc_terminal)


def _predict_trial(
    trial: ShankTrial, sensor: str, coefficients: ShankCoefficients | None
) -> pd.DataFrame:
    gyr = trial.gyr_radps if sensor == "gyroscope" else None
    contacts = shank_contacts(
        trial.acc_mps2,
        gyr,
        trial.sampling_rate_hz,
        0,
        len(trial.acc_mps2),
        trial.side,
        coefficients,
    )
    truth = _nearest(contacts.initial_contact_s, trial.initial_contact_s)
    hit = truth >= 0
    return pd.DataFrame(
        {
            "runner_id": trial.runner_id,
            "trial_id": trial.trial_id,
            "side": trial.side,
            "sensor": sensor,
            "initial_contact_s": contacts.initial_contact_s,
            "terminal_contact_s": contacts.terminal_contact_s,
            "initial_contact_sd_s": contacts.initial_contact_sd_s,
            "terminal_contact_sd_s": contacts.terminal_contact_sd_s,
            "confidence": contacts.confidence,
            "true_initial_contact_s": np.where(hit, trial.initial_contact_s[truth], np.nan),
            "true_terminal_contact_s": np.where(hit, trial.terminal_contact_s[truth], np.nan),
        }
    )


def predict_left_out(
    trials: Sequence[ShankTrial],
    fit: Callable[[Sequence[ShankTrial]], ShankCoefficients | None] = fit_shank_coefficients,
) -> pd.DataFrame:
    """Predict every contact with coefficients fitted without its runner.

    Parameters
    ----------
    trials : sequence of ShankTrial
        Three runners at least, so that every fit has two.
    fit : callable
        Fits the coefficients; ``lambda _: None`` scores the rule that needs none.

    Returns
    -------
    DataFrame
        One row a contact found, for ``sensor`` "gyroscope" and "accelerometer": runner_id,
        trial_id, side, times and standard deviations found, confidence, and the true times, NaN
        where no true contact is near (a false one).
    """
    parts = []
    for runner_id in sorted({trial.runner_id for trial in trials}):
        coefficients = fit([trial for trial in trials if trial.runner_id != runner_id])
        parts += [
            _predict_trial(trial, sensor, coefficients)
            for trial in trials
            if trial.runner_id == runner_id
            for sensor in ("gyroscope", "accelerometer")
        ]
    return pd.concat(parts, ignore_index=True)


_CHAINS: Final = ("gyr_initial", "gyr_terminal", "acc_initial", "acc_terminal")
_ARRAYS: Final = ("offset_s", "mean", "scale", "weight")


def coefficients_to_dict(coefficients: ShankCoefficients) -> dict[str, Any]:
    """Return coefficients as lists and numbers, ready for JSON.

    Six significant digits: far below the error of an event, far above what processors differ by.
    """

    def rounded(value: float) -> float:
        return float(f"{value:.6g}")

    return {
        chain: [
            {name: [rounded(v) for v in getattr(model, name)] for name in _ARRAYS}
            | {"intercept_s": rounded(model.intercept_s), "sd_s": rounded(model.sd_s)}
            for model in getattr(coefficients, chain)
        ]
        for chain in _CHAINS
    }


def coefficients_from_dict(record: Mapping[str, Any]) -> ShankCoefficients:
    """Return the coefficients that `coefficients_to_dict` wrote.

    Raises
    ------
    ValueError
        If a chain is missing or a model's arrays do not fit together.
    """
    problems = [f"chain {chain} is missing" for chain in _CHAINS if chain not in record]
    for chain in _CHAINS:
        for i, model in enumerate(record.get(chain, ())):
            sizes = {len(model[name]) for name in ("mean", "scale", "weight")}
            if len(sizes) != 1:
                problems.append(f"{chain}[{i}] has mean, scale and weight of sizes {sizes}")
    if problems:
        raise ValueError("shank coefficients cannot be used: " + "; ".join(problems))

    def event_model(model: Mapping[str, Any]) -> EventModel:
        arrays = {name: np.asarray(model[name], dtype=np.float64) for name in _ARRAYS}
        return EventModel(**arrays, intercept_s=model["intercept_s"], sd_s=model["sd_s"])

    return ShankCoefficients(*(tuple(map(event_model, record[chain])) for chain in _CHAINS))
