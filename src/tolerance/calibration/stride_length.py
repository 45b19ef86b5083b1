"""Learning a correction of the inertial stride length, and scoring it on trials left out.

``loadcore.trajectory`` needs nothing learned. Where reference strides of a runner exist, a ridge
regression on seven features of the stride learns the error that is left, most of it in strides
whose gyroscope railed. It is a *personal* model: it is learned on other trials of the same runner
and says nothing about another one, for whom the uncorrected length stands.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadcore.trajectory import (
    MANY_CLIPPED,
    FootStrides,
    StrideLengthModel,
    correct_lengths,
    stride_features,
)

__all__ = [
    "HeldOutStrides",
    "StrideTrial",
    "fit_stride_length",
    "leave_one_trial_out",
    "reference_lengths",
    "same_signal_groups",
]

PENALTIES: Final = 10.0 ** np.arange(-1.0, 4.1, 0.5)
"""Ridge penalties tried, in (scaled) strides."""
HUBER_SDS: Final = 2.5
"""Residuals beyond this many SDs weigh less: hand-made marks hold mistakes."""
REWEIGHTINGS: Final = 5
MAX_SHIFT: Final = 0.3
"""A detected stride begins this close to its reference, as a part of its time, and is no more
longer or shorter, or it is another one. Engineering choice: below half, so that it is unique."""
MIN_SD_M: Final = 0.01
"""No learned SD is trusted below this: a ruler's mark on a shoe is no better."""


@dataclass(frozen=True)
class StrideTrial:
    """One recording whose strides were measured by another instrument.

    Attributes
    ----------
    trial_id : str
    strides : FootStrides
        As ``loadcore.trajectory.foot_trajectory`` gives them without a model.
    reference_length_m : (n_strides,) float64 array
        See :func:`reference_lengths`; NaN where there is none.
    group : int
        Trials of one group share samples and are left out together, see
        :func:`same_signal_groups`.
    """

    trial_id: str
    strides: FootStrides
    reference_length_m: NDArray[np.float64]
    group: int


@dataclass(frozen=True)
class HeldOutStrides:
    """Predictions for strides with a reference, each from a model that never saw its trial.

    Attributes
    ----------
    trial : (n,) int64 array
        Row of the trial among those given.
    stride : (n,) int64 array
        Row of the stride within its trial.
    reference_length_m : (n,) float64 array
    new_runner_length_m, new_runner_sd_m : (n,) float64 array
        Nothing learned from this runner.
    personal_length_m, personal_sd_m : (n,) float64 array
        Learned from the runner's other trials.
    stride_time_s : (n,) float64 array
        Length over this is speed.
    personal_speed_sd_mps : (n,) float64 array
        Error of that speed: of the personal length, and of the time.
    n_clipped : (n,) int64 array
    """

    trial: NDArray[np.int64]
    stride: NDArray[np.int64]
    reference_length_m: NDArray[np.float64]
    new_runner_length_m: NDArray[np.float64]
    new_runner_sd_m: NDArray[np.float64]
    personal_length_m: NDArray[np.float64]
    personal_sd_m: NDArray[np.float64]
    stride_time_s: NDArray[np.float64]
    personal_speed_sd_mps: NDArray[np.float64]
    n_clipped: NDArray[np.int64]


def same_signal_groups(signals: Sequence[NDArray[np.float64]]) -> NDArray[np.int64]:
    """Group recordings that hold the same samples under different names.

    Parameters
    ----------
    signals : sequence of (n_samples, k) float64 array
        Recorded signals.

    Returns
    -------
    (n_signals,) int64 array
        The same number for recordings that share at least half of the shorter one's samples;
        annotated twice, such a recording must never be on both sides of a split.
    """
    rows = [
        {hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in np.round(x, 6)}
        for x in signals
    ]
    group = np.arange(len(rows))
    for i in range(len(rows)):
        for j in range(i):
            if len(rows[i] & rows[j]) >= 0.5 * min(len(rows[i]), len(rows[j])):
                group[group == group[i]] = group[j]
    return group


def reference_lengths(
    strides: FootStrides,
    sampling_rate_hz: float,
    start_s: NDArray[np.float64],
    stop_s: NDArray[np.float64],
    length_m: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Give every detected stride the length of the reference stride that it is.

    Parameters
    ----------
    strides : FootStrides
        Detected.
    sampling_rate_hz : float
        Of the samples that ``strides`` counts.
    start_s, stop_s, length_m : (n_reference,) float64 array
        Reference strides from heel-off to heel-off, in time order.

    Returns
    -------
    (n_strides,) float64 array
        NaN where begin and duration do not both fit one reference stride.
    """
    matched = np.full(len(strides), np.nan)
    if start_s.size == 0 or len(strides) == 0:
        return matched
    begin_s = strides.start_sample / sampling_rate_hz
    nearest = np.argmin(np.abs(begin_s[:, None] - start_s[None, :]), axis=1)
    shift_s = np.abs(begin_s - start_s[nearest])
    stretch_s = np.abs(strides.stride_time_s - (stop_s - start_s)[nearest])
    limit_s = MAX_SHIFT * strides.stride_time_s
    fits = (shift_s <= limit_s) & (stretch_s <= limit_s)
    for row in np.unique(nearest[fits]):
        candidates = np.flatnonzero(fits & (nearest == row))
        matched[candidates[np.argmin(shift_s[candidates])]] = length_m[row]
    return matched


def _share(strides: FootStrides) -> NDArray[np.float64]:
    clipped = np.minimum(strides.n_clipped / MANY_CLIPPED, 1.0)
    return np.asarray(clipped, dtype=np.float64)


def _usable(trial: StrideTrial) -> NDArray[np.bool_]:
    known: NDArray[np.bool_] = np.isfinite(trial.reference_length_m)
    complete: NDArray[np.bool_] = np.isfinite(stride_features(trial.strides)).all(axis=1)
    usable: NDArray[np.bool_] = known & complete
    return usable


def _pool(
    trials: Sequence[StrideTrial],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Features, errors, railed shares and groups of all usable strides."""
    parts = [
        (stride_features(t.strides)[ok], (t.reference_length_m - t.strides.stride_length_m)[ok])
        for t in trials
        for ok in [_usable(t)]
    ]
    share = np.concatenate([_share(t.strides)[_usable(t)] for t in trials])
    group = np.concatenate([np.full(int(_usable(t).sum()), t.group) for t in trials])
    return np.vstack([p[0] for p in parts]), np.concatenate([p[1] for p in parts]), share, group


def _spread(residual: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """SD of residuals without and with many railed samples (least squares on their squares)."""
    low, high = residual[share < 0.25], residual[share >= 1.0]
    sd = [float(np.sqrt(np.mean(part**2))) if part.size else MIN_SD_M for part in (low, high)]
    spread: NDArray[np.float64] = np.maximum(np.array([sd[0], max(sd)]), MIN_SD_M)
    return spread


def _solve(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    share: NDArray[np.float64],
    penalty: float,
) -> StrideLengthModel:
    """Ridge with Huber weights in units of the railed-share-dependent SD."""
    mean, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 0.0, scale, 1.0)
    design = np.column_stack((np.ones(y.size), (x - mean) / scale))
    ridge = penalty * np.eye(design.shape[1])
    ridge[0, 0] = 0.0
    residual = y - np.median(y)
    coefficients = np.zeros(design.shape[1])
    for _ in range(REWEIGHTINGS):
        sd = _spread(residual, share)
        sds = sd[0] + share * (sd[1] - sd[0])
        outlying = np.maximum(np.abs(residual) / (HUBER_SDS * sds), 1.0)
        weight = sd[0] ** 2 / sds**2 / outlying
        weighted = design * weight[:, None]
        coefficients = np.linalg.solve(weighted.T @ design + ridge, weighted.T @ y)
        residual = y - design @ coefficients
    return StrideLengthModel(
        mean=mean,
        scale=scale,
        weights=coefficients[1:],
        intercept_m=float(coefficients[0]),
        sd_m=_spread(residual, share),
    )


def fit_stride_length(trials: Sequence[StrideTrial]) -> StrideLengthModel:
    """Learn the correction of one runner's inertial stride length.

    Parameters
    ----------
    trials : sequence of StrideTrial
        Of one runner, in at least two groups. Strides without reference do not count.

    Returns
    -------
    StrideLengthModel
        The penalty is the one that predicts groups left out best; the SDs are those of strides
        of groups left out.

    Raises
    ------
    ValueError
        If fewer than two groups have strides with a reference.
    """
    groups = {t.group for t in trials if _usable(t).any()}
    if len(groups) < 2:
        raise ValueError(
            f"{len(groups)} group(s) of trials have strides with a reference; expected at least 2, "
            "because the penalty is chosen by leaving one out"
        )
    x, y, share, group = _pool(trials)
    left_out = np.empty((PENALTIES.size, y.size))
    for row, penalty in enumerate(PENALTIES):
        for held in groups:
            rest = group != held
            model = _solve(x[rest], y[rest], share[rest], float(penalty))
            part = (x[~rest] - model.mean) / model.scale
            left_out[row, ~rest] = y[~rest] - part @ model.weights - model.intercept_m
    best = int(np.argmin((left_out**2).mean(axis=1)))
    model = _solve(x, y, share, float(PENALTIES[best]))
    sd_m = _spread(left_out[best], share)
    return StrideLengthModel(model.mean, model.scale, model.weights, model.intercept_m, sd_m)


def leave_one_trial_out(trials: Sequence[StrideTrial]) -> HeldOutStrides:
    """Predict every stride with a reference from the runner's other trials.

    Parameters
    ----------
    trials : sequence of StrideTrial
        Of one runner. Every group is left out as a whole; the penalty is chosen again each time,
        within the trials that are left.

    Returns
    -------
    HeldOutStrides
        Rows in the order of the trials and their strides.

    Raises
    ------
    ValueError
        As :func:`fit_stride_length`, for the trials that are left.
    """
    models = {
        group: fit_stride_length([t for t in trials if t.group != group])
        for group in {t.group for t in trials}
    }
    rows: list[NDArray[np.float64]] = []
    for number, trial in enumerate(trials):
        stride = np.flatnonzero(_usable(trial))
        personal = correct_lengths(trial.strides, models[trial.group])
        rows.append(
            np.column_stack(
                (
                    np.full(stride.size, number),
                    stride,
                    trial.reference_length_m[stride],
                    trial.strides.stride_length_m[stride],
                    trial.strides.stride_length_sd_m[stride],
                    personal.stride_length_m[stride],
                    personal.stride_length_sd_m[stride],
                    trial.strides.stride_time_s[stride],
                    personal.speed_sd_mps[stride],
                    trial.strides.n_clipped[stride],
                )
            )
        )
    table = np.vstack(rows)
    return HeldOutStrides(
        trial=table[:, 0].astype(np.int64),
        stride=table[:, 1].astype(np.int64),
        reference_length_m=table[:, 2],
        new_runner_length_m=table[:, 3],
        new_runner_sd_m=table[:, 4],
        personal_length_m=table[:, 5],
        personal_sd_m=table[:, 6],
        stride_time_s=table[:, 7],
        personal_speed_sd_mps=table[:, 8],
        n_clipped=table[:, 9].astype(np.int64),
    )
