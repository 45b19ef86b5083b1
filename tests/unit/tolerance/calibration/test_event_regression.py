"""Personal reading of a trunk sensor: exact algebra, no leak, and the real treadmill runner."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import Ridge

from loadcore.constants import STANDARD_GRAVITY_MPS2
from loadcore.contacts_trunk import trunk_contacts
from loadcore.trunk_waveform import read_out
from tolerance.calibration.event_regression import (
    PersonalPredictions,
    TrunkTrial,
    evaluate_trunk_personal,
    fit_grouped_ridge,
    fit_trunk_coefficients,
)

PENALTIES = np.array([0.01, 0.1, 1.0])


def example() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    random = np.random.default_rng(5)
    features = random.standard_normal((60, 4)) * [1.0, 5.0, 0.2, 1.0] + [0.0, 3.0, -1.0, 0.0]
    features[:, 3] = 7.0
    noise = 0.3 * random.standard_normal((60, 2))
    targets = features[:, :2] @ np.array([[1.0, 0.2], [-0.3, 0.4]]) + 4.0 + noise
    return features, targets, np.repeat(np.arange(4), 15)


def test_ridge_equals_scikit_learn_at_the_chosen_penalty() -> None:
    features, targets, groups = example()
    fit = fit_grouped_ridge(features, targets, groups, PENALTIES)
    standard = (features - features.mean(axis=0))[:, :3] / features.std(axis=0)[:3]
    for j in range(2):
        oracle = Ridge(alpha=fit.penalty[j] * 60, solver="svd").fit(standard, targets[:, j])
        np.testing.assert_allclose(
            read_out(features, fit.readout)[:, j], oracle.predict(standard), atol=1e-8
        )


def test_held_out_rows_are_predicted_without_their_group() -> None:
    features, targets, groups = example()
    fit = fit_grouped_ridge(features, targets, groups, PENALTIES)
    standard = (features - features.mean(axis=0))[:, :3] / features.std(axis=0)[:3]
    errors = np.empty((PENALTIES.size, 60))
    for i, penalty in enumerate(PENALTIES):
        for group in range(4):
            out = groups == group
            # Centred on all rows as the features are, free intercept for the target only.
            weights = np.linalg.solve(
                standard[~out].T @ standard[~out] + penalty * 45 * np.eye(3),
                standard[~out].T @ (targets[~out, 0] - targets[~out, 0].mean()),
            )
            errors[i, out] = targets[~out, 0].mean() + standard[out] @ weights
    best = np.argmin(np.mean((errors - targets[:, [0]].T) ** 2, axis=1))
    assert fit.penalty[0] == PENALTIES[best]
    np.testing.assert_allclose(fit.held_out[:, 0], errors[best], atol=1e-8)


def test_ridge_refuses_one_group_and_missing_values() -> None:
    features, targets, groups = example()
    with pytest.raises(ValueError, match="at least 2"):
        fit_grouped_ridge(features, targets, np.zeros_like(groups), PENALTIES)
    features[3, 1] = np.nan
    with pytest.raises(ValueError, match="missing values"):
        fit_grouped_ridge(features, targets, groups, PENALTIES)


def simulated_trial(name: str, step_time_s: float, duty_ratio: float, seed: int) -> TrunkTrial:
    """Half-sine contacts felt by a trunk that starts early and leaves late by its own pattern."""
    random = np.random.default_rng(seed)
    rate_hz, n_steps = 100.0, 26
    steps_s = step_time_s * (1.0 + 0.02 * random.standard_normal(n_steps))
    initial_s = 0.4 + np.cumsum(steps_s) - steps_s
    long_s = duty_ratio * steps_s * (1.0 + 0.03 * random.standard_normal(n_steps))
    time_s = np.arange(int((initial_s[-1] + 0.9) * rate_hz)) / rate_hz
    phase = (time_s[:, None] - initial_s) / long_s
    peak = np.pi / 2.0 * steps_s / long_s
    pulse = np.where((phase >= 0) & (phase <= 1), np.sin(np.pi * np.clip(phase, 0, 1)), 0.0)
    late = phase - 0.1
    felt = np.where((late >= 0) & (late <= 1), np.sin(np.pi * np.clip(late, 0, 1)) ** 1.3, 0.0)
    forward_g = np.where((late >= 0) & (late <= 1), -0.4 * np.sin(2 * np.pi * late), 0.0)
    acc_g = np.column_stack((forward_g.sum(axis=1), felt @ peak, np.full(time_s.size, np.nan)))
    acc_g += 0.03 * random.standard_normal(acc_g.shape)
    return TrunkTrial(
        recording_id=f"{name}-{seed}",
        condition=name,
        acc_mps2=acc_g * STANDARD_GRAVITY_MPS2,
        sampling_rate_hz=rate_hz,
        vgrf_bw=pulse @ peak,
        force_rate_hz=rate_hz,
    )


@pytest.fixture(scope="module")
def trials() -> list[TrunkTrial]:
    conditions = [("a", 0.30, 0.70), ("b", 0.33, 0.72), ("c", 0.36, 0.68), ("d", 0.32, 0.66)]
    return [simulated_trial(*condition, seed) for seed in (1, 2) for condition in conditions]


@pytest.fixture(scope="module")
def predictions(trials: list[TrunkTrial]) -> PersonalPredictions:
    return evaluate_trunk_personal(trials)


def rmse(error: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.nanmean(error**2)))


def contact_error_s(p: PersonalPredictions) -> NDArray[np.float64]:
    predicted_s, true_s = p.terminal_s - p.initial_s, p.reference_terminal_s - p.reference_initial_s
    return predicted_s - true_s


def test_conditions_left_out_are_predicted_better_than_by_the_rule(
    trials: list[TrunkTrial], predictions: PersonalPredictions
) -> None:
    assert predictions.trial.size == predictions.n_reference == 8 * 26
    assert predictions.n_false == 0
    initial_error_s = predictions.initial_s - predictions.reference_initial_s
    rule = [trunk_contacts(t.acc_mps2, None, 100.0, 0, len(t.acc_mps2)) for t in trials]
    rule_error_s = (
        np.concatenate([c.initial_contact_s for c in rule]) - predictions.reference_initial_s
    )
    assert rmse(rule_error_s) > 0.03
    assert rmse(initial_error_s) < 0.006
    assert rmse(contact_error_s(predictions)) < 0.008
    peak_error_bw = predictions.peak_bw - predictions.reference_peak_bw
    # The first and last contact of a run have a neighbour on one side only: like nothing learned.
    ends = np.tile(np.arange(26) % 25 == 0, 8)
    assert np.isfinite(peak_error_bw[~ends]).all()
    assert rmse(peak_error_bw) < 0.08


def test_spreads_cover_what_was_left_out(predictions: PersonalPredictions) -> None:
    inside = np.abs(contact_error_s(predictions)) <= 1.645 * predictions.contact_time_sd_s
    assert 0.8 <= inside.mean() <= 1.0


def test_flight_ends_where_the_next_contact_begins(predictions: PersonalPredictions) -> None:
    follows = np.flatnonzero(np.isfinite(predictions.flight_s))
    assert follows.size == 8 * 25
    np.testing.assert_allclose(
        predictions.flight_s[follows],
        predictions.initial_s[follows + 1] - predictions.terminal_s[follows],
    )


def test_force_trace_is_near_the_force_and_missing_outside(
    trials: list[TrunkTrial], predictions: PersonalPredictions
) -> None:
    for trial, trace_bw in zip(trials, predictions.vgrf_bw, strict=True):
        assert np.isnan(trace_bw[:30]).all()
        assert rmse(trace_bw - trial.vgrf_bw) < 0.12


def test_a_trial_is_predicted_without_a_look_at_its_own_force(
    trials: list[TrunkTrial], predictions: PersonalPredictions
) -> None:
    """Moving the force of a whole condition moves no prediction of that condition."""
    moved = [
        replace(trial, vgrf_bw=1.1 * np.roll(trial.vgrf_bw, 1)) if trial.condition == "a" else trial
        for trial in trials
    ]
    again = evaluate_trunk_personal(moved)
    own = predictions.condition == 0
    np.testing.assert_array_equal(again.initial_s[own], predictions.initial_s[own])
    np.testing.assert_array_equal(again.peak_bw[own], predictions.peak_bw[own])
    assert not np.array_equal(again.initial_s[~own], predictions.initial_s[~own])


def test_learned_coefficients_serve_the_detector(trials: list[TrunkTrial]) -> None:
    trial = trials[0]
    learned = fit_trunk_coefficients(trials)
    n = len(trial.acc_mps2)
    rule = trunk_contacts(trial.acc_mps2, None, 100.0, 0, n)
    personal = trunk_contacts(trial.acc_mps2, None, 100.0, 0, n, learned)
    assert len(rule) == len(personal)
    assert (personal.initial_contact_sd_s == learned.initial_sd_s).all()
    assert np.median(rule.initial_contact_s - personal.initial_contact_s) > 0.02


def test_too_few_conditions_and_foreign_clocks_are_named_together(trials: list[TrunkTrial]) -> None:
    silent = replace(trials[1], vgrf_bw=np.zeros(100), recording_id="silent")
    with pytest.raises(ValueError, match=r"2 conditions.*silent"):
        fit_trunk_coefficients([trials[0], silent])


@pytest.fixture(scope="module")
def treadmill() -> tuple[list[TrunkTrial], NDArray[np.float64]]:
    """Return the 31 trials of recurrent_grf, and their slopes."""
    root = os.environ.get("TOLERANCE_DATA_MIRROR")
    folder = Path(root or "") / "recurrent_grf" / "data"
    if not root or not folder.is_dir():
        pytest.skip("TOLERANCE_DATA_MIRROR does not hold recurrent_grf")
    acc_g = np.loadtxt(folder / "Accelerometer_one_sub.csv", delimiter=",")
    vgrf_bw = np.loadtxt(folder / "GRF_one_sub.csv", delimiter=",")
    info = np.loadtxt(folder / "Sub_Info_one_sub.csv", delimiter=",", skiprows=1, usecols=(9, 10))
    return [
        TrunkTrial(
            recording_id=f"row{row:02d}",
            condition=f"{info[row, 0]} m/s {info[row, 1]} deg",
            acc_mps2=np.column_stack((acc_g[row, 2480:], acc_g[row, :2480], np.full(2480, np.nan)))
            * STANDARD_GRAVITY_MPS2,
            sampling_rate_hz=500.0,
            vgrf_bw=vgrf_bw[row],
            force_rate_hz=500.0,
        )
        for row in range(31)
    ], info[:, 1]


@pytest.mark.mirror
def test_targets_on_the_real_runner_with_conditions_left_out(
    treadmill: tuple[list[TrunkTrial], NDArray[np.float64]],
) -> None:
    trials, slope_deg = treadmill
    found = evaluate_trunk_personal(trials)
    assert found.trial.size == found.n_reference == 466
    assert found.n_false == 0
    assert (found.initial_s - found.reference_initial_s).std() <= 0.0065
    assert (found.terminal_s - found.reference_terminal_s).std() <= 0.0065
    assert rmse(contact_error_s(found)) <= 0.0085
    assert rmse(found.flight_s - found.reference_flight_s) <= 0.008
    peak_error_bw = found.peak_bw - found.reference_peak_bw
    slope = slope_deg[found.trial]
    assert rmse(peak_error_bw) <= 0.17
    assert rmse(peak_error_bw[slope == 0]) <= 0.09
    assert rmse(peak_error_bw[slope == -10]) <= 0.28
    wave = [trace - trial.vgrf_bw for trace, trial in zip(found.vgrf_bw, trials, strict=True)]
    assert rmse(np.concatenate(wave)) <= 0.145
    assert rmse(np.concatenate([wave[i] for i in np.flatnonzero(slope_deg == 0)])) <= 0.105
    inside = np.abs(contact_error_s(found)) <= 1.645 * found.contact_time_sd_s
    assert 0.87 <= inside.mean() <= 0.94
    inside = np.abs(peak_error_bw) <= 1.645 * found.peak_sd_bw
    assert 0.87 <= inside.mean() <= 0.94
    assert min(inside[found.condition == c].mean() for c in range(15)) >= 0.59


@pytest.mark.mirror
def test_targets_on_the_mount_that_was_not_learned_from(
    treadmill: tuple[list[TrunkTrial], NDArray[np.float64]],
) -> None:
    trials, _ = treadmill
    second = np.arange(31) >= 26
    found = evaluate_trunk_personal(trials, tested=second, learned_from=~second)
    assert found.trial.size == found.n_reference == 76
    assert abs(contact_error_s(found).mean()) <= 0.008
    assert rmse(contact_error_s(found)) <= 0.013


@pytest.mark.mirror
def test_targets_with_nothing_personal(
    treadmill: tuple[list[TrunkTrial], NDArray[np.float64]],
) -> None:
    trials, _ = treadmill
    personal = evaluate_trunk_personal(trials)
    error_s, n_near = [], 0
    for i, trial in enumerate(trials):
        found = trunk_contacts(trial.acc_mps2, None, 500.0, 0, len(trial.acc_mps2))
        rows = personal.trial == i
        begin_s, end_s = personal.reference_initial_s[rows], personal.reference_terminal_s[rows]
        nearest = np.argmin(np.abs(found.initial_contact_s[:, None] - begin_s), axis=0)
        assert np.unique(nearest).size == begin_s.size
        contact_time_s = found.terminal_contact_s - found.initial_contact_s
        error_s.append(contact_time_s[nearest] - (end_s - begin_s))
        n_near += np.count_nonzero(np.abs(found.initial_contact_s[nearest] - begin_s) < 0.05)
    assert n_near >= 0.995 * 466
    assert rmse(np.concatenate(error_s)) <= 0.016
    assert abs(np.concatenate(error_s[26:]).mean()) <= 0.013
