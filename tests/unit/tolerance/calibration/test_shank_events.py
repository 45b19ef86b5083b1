"""Learned shank events: virtual sensors against rigid-body truth, recovery on unseen runners."""

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from loadcore.constants import SIDE_RIGHT, STANDARD_GRAVITY_MPS2
from tolerance.calibration import shank_events
from tolerance.calibration.shank_events import (
    ShankTrial,
    coefficients_from_dict,
    coefficients_to_dict,
    fit_shank_coefficients,
    predict_left_out,
    virtual_shank_sensor,
)

type Floats = NDArray[np.float64]

RATE_HZ = 150.0


def _pendulum(tilt_rad: Floats, length_m: float = 0.4) -> tuple[Floats, Floats]:
    """Upper end fixed at the origin, lower end swinging in the sagittal plane."""
    proximal = np.zeros((tilt_rad.size, 3))
    distal = length_m * np.column_stack((np.sin(tilt_rad), -np.cos(tilt_rad), 0.0 * tilt_rad))
    return proximal, distal


def test_virtual_sensor_reads_a_pendulum() -> None:
    time = np.arange(300) / RATE_HZ
    omega = 2.0 * np.pi * 1.4
    tilt = 0.5 * np.sin(omega * time)
    acc, gyr = virtual_shank_sensor(*_pendulum(tilt), RATE_HZ)
    rate = 0.5 * omega * np.cos(omega * time)
    angular_acc = -0.5 * omega**2 * np.sin(omega * time)
    inner = slice(1, -1)
    np.testing.assert_allclose(gyr[inner, 2], rate[inner], atol=0.01)
    # 0.2 m below the pivot: tangential, and centripetal towards it; gravity in segment axes
    along = 0.2 * angular_acc + STANDARD_GRAVITY_MPS2 * np.sin(tilt)
    towards = 0.2 * rate**2 + STANDARD_GRAVITY_MPS2 * np.cos(tilt)
    np.testing.assert_allclose(acc[inner, 0], along[inner], atol=0.05)
    np.testing.assert_allclose(acc[inner, 1], towards[inner], atol=0.05)
    assert np.isnan(gyr[:, :2]).all()
    assert np.isnan(acc[[0, -1], :2]).all()


def test_missing_markers_stay_missing() -> None:
    proximal, distal = _pendulum(0.3 * np.sin(np.arange(60) / 8.0))
    distal[20] = np.nan
    acc, gyr = virtual_shank_sensor(proximal, distal, RATE_HZ)
    assert np.isnan(gyr[[19, 21], 2]).all()
    assert np.isnan(acc[19:22, :2]).all()
    assert np.isfinite(gyr[22:-1, 2]).all()


def test_a_moved_sensor_reads_what_a_sensor_there_would() -> None:
    tilt = 0.5 * np.sin(2.0 * np.pi * 1.4 * np.arange(450) / RATE_HZ)
    acc, gyr = virtual_shank_sensor(*_pendulum(tilt), RATE_HZ)
    trial = ShankTrial("a", "t", int(SIDE_RIGHT), acc, gyr, RATE_HZ, np.empty(0), np.empty(0))
    lower, _ = virtual_shank_sensor(*_pendulum(tilt, 0.6), RATE_HZ)
    moved = shank_events._moved(trial, -0.1)
    inner = slice(30, -30)
    np.testing.assert_allclose(moved[inner, :2], lower[inner, :2], atol=0.4)


def _trial(runner: int, stride_s: float) -> ShankTrial:
    """Make a shank whose events move with the shape of its signals, so that a rule misses them.

    The second harmonic differs between runners; true contacts depend on it, and only the
    waveform tells.
    """
    time = np.arange(int(9.0 * RATE_HZ)) / RATE_HZ
    shape = 0.15 * (runner - 2.5)
    phase = 2.0 * np.pi * time / stride_s
    swing = 0.9 * np.sin(phase) + 0.12 * np.sin(2.0 * phase + shape)
    _, gyr = virtual_shank_sensor(*_pendulum(swing), RATE_HZ)
    burst = 2.0 * np.pi * (time - 0.25 * stride_s - 0.03) / stride_s
    acc = np.column_stack(
        (
            -25.0 - 20.0 * np.cos(burst) + 4.0 * np.sin(2.0 * burst + 4.0 * shape),
            18.0 + 12.0 * np.cos(burst) + 4.0 * np.cos(2.0 * burst + 4.0 * shape),
            np.zeros(time.size),
        )
    )
    stride = np.arange(1, int(9.0 / stride_s) - 1)
    start_s = (stride + 0.25) * stride_s + 0.03 + 0.02 * shape
    stop_s = start_s + 0.30 * stride_s - 0.03 * shape
    return ShankTrial(
        f"{runner}", f"{stride_s}", int(SIDE_RIGHT), acc, gyr, RATE_HZ, start_s, stop_s
    )


@pytest.fixture(scope="module")
def trials() -> list[ShankTrial]:
    return [_trial(runner, stride_s) for runner in range(6) for stride_s in (0.66, 0.72, 0.78)]


def test_left_out_runners_are_predicted_better_than_by_the_rule(trials: list[ShankTrial]) -> None:
    learned = predict_left_out(trials)
    rule = predict_left_out(trials, lambda _: None)
    for sensor in ("gyroscope", "accelerometer"):
        rmse_s = []
        for table in (learned, rule):
            rows = table[(table["sensor"] == sensor) & (table["confidence"] > 0.2)]
            error = rows["terminal_contact_s"] - rows["true_terminal_contact_s"]
            rmse_s.append(float(np.sqrt((error**2).mean())))
        assert rmse_s[0] < 0.5 * rmse_s[1]
        assert rmse_s[0] < 0.012


def test_left_out_prediction_never_sees_its_runner(trials: list[ShankTrial]) -> None:
    seen: list[set[str]] = []

    def spy(rest):
        seen.append({trial.runner_id for trial in rest})

    predict_left_out(trials, spy)
    everyone = {trial.runner_id for trial in trials}
    assert [everyone - rest for rest in seen] == [{name} for name in sorted(everyone)]


def test_ridge_equals_the_augmented_least_squares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shank_events, "RIDGE_GRID", (0.05,))
    rng = np.random.default_rng(2)
    z, runner = rng.normal(size=(60, 4)), np.repeat(["a", "b", "c"], 20)
    y = z @ [0.3, 0.0, -0.2, 0.1] + 0.05 * rng.normal(size=60)

    def naive(rows: NDArray[np.bool_]) -> Floats:
        penalty = np.sqrt(0.05 * rows.sum()) * np.eye(4)
        return np.linalg.lstsq(np.vstack((z[rows], penalty)), np.append(y[rows], np.zeros(4)))[0]

    weight, residual, error = shank_events._gram_fit(z, y, runner)
    np.testing.assert_allclose(weight, naive(np.ones(60, dtype=bool)), atol=1e-10)
    out = runner == "b"
    np.testing.assert_allclose(residual[out], y[out] - z[out] @ naive(~out), atol=1e-10)
    assert error == pytest.approx(np.sqrt(np.mean(residual**2)))


def test_coefficients_survive_json(trials: list[ShankTrial]) -> None:
    coefficients = fit_shank_coefficients(trials[:6])
    record = json.loads(json.dumps(coefficients_to_dict(coefficients)))
    again = coefficients_from_dict(record)
    assert coefficients_to_dict(again) == record
    np.testing.assert_allclose(
        again.gyr_initial[0].weight, coefficients.gyr_initial[0].weight, rtol=1e-5
    )
    assert len(again.acc_initial) == len(coefficients.acc_initial) == 2


def test_broken_records_are_refused_with_every_reason(trials: list[ShankTrial]) -> None:
    record = coefficients_to_dict(fit_shank_coefficients(trials[:6]))
    del record["acc_terminal"]
    record["gyr_initial"][0]["mean"].pop()
    with pytest.raises(ValueError, match=r"acc_terminal is missing.*gyr_initial\[0\]"):
        coefficients_from_dict(record)


def test_contacts_of_another_clock_are_refused(trials: list[ShankTrial]) -> None:
    late = [
        replace(trial, initial_contact_s=trial.initial_contact_s + 100.0) for trial in trials[:6]
    ]
    with pytest.raises(ValueError, match="check side, clock and axes"):
        fit_shank_coefficients(late)


def test_one_runner_is_not_enough(trials: list[ShankTrial]) -> None:
    with pytest.raises(ValueError, match="1 runner"):
        fit_shank_coefficients(trials[:3])
