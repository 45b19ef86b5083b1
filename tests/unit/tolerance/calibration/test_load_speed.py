"""Load against speed: recovery of a simulated population, and what its forecasts must obey."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.calibration import load_load_speed
from pipelines.params import load_params
from tolerance.calibration.load_speed import (
    fit_load_speed,
    model_from_dict,
    model_to_dict,
    trial_means,
)
from tolerance.calibration.load_speed_scores import left_out_runners, models_without_runner
from tolerance.exposure.load_speed import (
    RESPONSES,
    LoadSpeedModel,
    forecast_load,
    forecast_steps,
)
from tolerance.exposure.settings import exposure_settings

ROOT = Path(__file__).resolve().parents[4]
MODEL = load_load_speed(ROOT)
SETTINGS = exposure_settings(load_params(ROOT / "params.yaml").analyse_recordings)
STEP_COV = np.diag([0.015, 0.02, 0.02]) ** 2


def _population(n_runners: int, seed: int, model: LoadSpeedModel = MODEL) -> pd.DataFrame:
    """Draw trials of runners of two datasets alike from a model."""
    rng = np.random.default_rng(seed)
    rows = []
    for runner in range(n_runners):
        effect = rng.multivariate_normal(np.zeros(6), model.between_cov)
        mass = float(np.exp(rng.normal(np.log(68.0), 0.12)))
        for speed in (2.5, 3.2, 3.9, 4.6):
            x = np.log(speed / 3.0)
            level = model.coefficients[:3] + effect[:3]
            level = level + model.coefficients[6:] * np.log(mass / 70.0)
            mean = level + (model.coefficients[3:6] + effect[3:]) * x
            for side in ("left", "right"):
                log = rng.multivariate_normal(mean, model.within_cov)
                rows.append(
                    {
                        "dataset_id": "ab"[runner % 2],
                        "runner_id": f"r{runner:03d}",
                        "trial_id": f"r{runner:03d}_{speed}",
                        "side": side,
                        "body_mass_kg": mass,
                        "speed_mps": speed,
                        "grade_pct": 0.0,
                        **dict(zip(RESPONSES, np.exp(log), strict=True)),
                    }
                )
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def population() -> pd.DataFrame:
    return _population(60, seed=5)


@pytest.fixture(scope="module")
def fitted(population: pd.DataFrame) -> LoadSpeedModel:
    return fit_load_speed(population, STEP_COV)


def test_parameters_of_a_simulated_population_come_back(fitted: LoadSpeedModel) -> None:
    error = (fitted.coefficients - MODEL.coefficients) / np.sqrt(np.diag(fitted.coefficients_cov))
    assert np.abs(error).max() < 3.5
    # 60 runners know a standard deviation to 9 %, 480 rows one to 3 %
    between = np.sqrt(np.diag(fitted.between_cov) / np.diag(MODEL.between_cov))
    np.testing.assert_allclose(between, 1.0, atol=0.35)
    within = np.sqrt(np.diag(fitted.within_cov) / np.diag(MODEL.within_cov))
    np.testing.assert_allclose(within, 1.0, atol=0.1)
    # both groups come from the same population
    assert np.sqrt(np.diag(fitted.dataset_cov)).max() < 0.02


def test_order_of_rows_does_not_matter(population: pd.DataFrame, fitted: LoadSpeedModel) -> None:
    shuffled = population.sample(frac=1.0, random_state=1).reset_index(drop=True)
    np.testing.assert_allclose(
        fit_load_speed(shuffled, STEP_COV).coefficients, fitted.coefficients, rtol=1e-8
    )


def test_a_runner_who_is_left_out_is_not_seen(population: pd.DataFrame) -> None:
    few = population[population["runner_id"] < "r012"].reset_index(drop=True)
    changed = few.copy()
    changed.loc[changed["runner_id"] == "r003", list(RESPONSES)] *= 1.3
    first, second = (models_without_runner(rows, STEP_COV) for rows in (few, changed))
    np.testing.assert_array_equal(first["r003"].coefficients, second["r003"].coefficients)
    assert not np.allclose(first["r002"].coefficients, second["r002"].coefficients, rtol=1e-3)


def test_intervals_cover_runners_left_out(population: pd.DataFrame) -> None:
    some = population[population["runner_id"] < "r024"].reset_index(drop=True)
    models = models_without_runner(some, STEP_COV)
    scores = left_out_runners(models, some, some, np.random.default_rng(1))
    for known in ("speed_mass", "speed_mass_cadence"):
        for quantity in ("contact_time_ms", "peak_force_bw"):
            # 24 runners: 90 % give or take about 8
            assert 0.78 <= scores[known]["trials"][quantity]["coverage_90"]["value"] <= 0.99


def test_effect_of_slope_is_that_of_the_same_runner(population: pd.DataFrame) -> None:
    few = population[population["runner_id"] < "r012"].reset_index(drop=True)
    sloped = few[few["runner_id"] == "r000"].assign(runner_id="s", dataset_id="slopes")
    parts = []
    for grade in (-10.0, -5.0, 0.0, 5.0, 10.0):
        part = sloped.assign(grade_pct=grade)
        part["peak_vgrf_bw"] *= np.exp(0.01 * max(-grade, 0.0) - 0.002 * max(grade, 0.0))
        parts.append(part)
    model = fit_load_speed(pd.concat([few, *parts], ignore_index=True), STEP_COV)
    np.testing.assert_allclose(model.grade_slope[:, 2], [-0.002, 0.01], atol=1e-9)
    np.testing.assert_allclose(model.grade_slope[:, :2], 0.0, atol=1e-9)
    assert model.grade_slope_sd[1, 2] >= 0.005
    np.testing.assert_allclose(
        model.coefficients, fit_load_speed(few, STEP_COV).coefficients, rtol=1e-9
    )


def test_unusable_trials_are_refused_with_every_reason(population: pd.DataFrame) -> None:
    few = population[population["runner_id"] < "r004"].reset_index(drop=True)
    few.loc[0, "contact_time_s"] = np.nan
    with pytest.raises(ValueError, match=r"finite numbers above 0.*expected 5 of each dataset"):
        fit_load_speed(few, STEP_COV)


def test_scatter_of_steps_is_what_was_drawn(population: pd.DataFrame) -> None:
    rng = np.random.default_rng(2)
    trials = population.iloc[:40]
    steps = trials.loc[trials.index.repeat(50)].reset_index(drop=True)
    steps[list(RESPONSES)] *= np.exp(rng.multivariate_normal(np.zeros(3), STEP_COV, len(steps)))
    means, cov = trial_means(steps)
    assert len(means) == 40
    np.testing.assert_allclose(np.sqrt(np.diag(cov)), np.sqrt(np.diag(STEP_COV)), rtol=0.06)


def test_json_keeps_the_model() -> None:
    record = json.loads(json.dumps(model_to_dict(MODEL)))
    assert model_to_dict(model_from_dict(record)) == record
    broken = replace(MODEL).__dict__ | {"within_cov": -MODEL.within_cov, "coefficients": np.ones(2)}
    with pytest.raises(ValueError, match=r"coefficients: got shape.*within_cov: expected a cov"):
        LoadSpeedModel(**broken)


class TestForecast:
    def test_at_the_easy_speed_a_reference_run_is_one(self) -> None:
        """30 min at 3 m/s are 5.4 km: per km and leg 1 / 5.4 of the 1 rr that a leg collects."""
        forecast = forecast_load(MODEL, 3.0, 3.0, SETTINGS)
        np.testing.assert_allclose(forecast.load_rr_per_km.median, 1.0 / 5.4, rtol=1e-12)
        np.testing.assert_allclose(forecast.damage_rr_per_km.median, 1.0 / 5.4, rtol=1e-12)
        np.testing.assert_allclose(forecast.load_rr_per_km.sd_between, 0.0, atol=1e-9)
        assert (forecast.load_rr_per_km.sd_within > 0).all()

    @given(st.floats(2.5, 5.3), st.floats(0.02, 0.4))
    @settings(max_examples=25, deadline=None)
    def test_faster_is_harder_by_the_step_and_shorter_on_the_ground(
        self, speed_mps: float, more_mps: float
    ) -> None:
        slow, fast = (forecast_steps(MODEL, v) for v in (speed_mps, speed_mps + more_mps))
        assert fast.peak_vgrf_bw.median[0] > slow.peak_vgrf_bw.median[0]
        assert fast.contact_time_s.median[0] < slow.contact_time_s.median[0]
        assert fast.step_frequency_hz.median[0] > slow.step_frequency_hz.median[0]
        loads = [forecast_load(MODEL, v, 3.0, SETTINGS) for v in (speed_mps, speed_mps + more_mps)]
        tibia = [load.damage_rr_per_km.median[0, 0] for load in loads]
        assert tibia[1] < tibia[0] * 1.35  # damage per km rises with force, falls with steps
        assert (loads[1].load_rr_per_km.median < loads[0].load_rr_per_km.median).all()

    def test_values_are_those_of_running(self) -> None:
        """Means of rbds_fukuchi2017: 2.7 to 3.1 steps/s, 277 to 199 ms, 2.36 to 2.71 BW."""
        steps = forecast_steps(MODEL, [2.5, 3.5, 4.5], body_mass_kg=70.7)
        np.testing.assert_allclose(steps.step_frequency_hz.mean, [2.71, 2.88, 3.10], rtol=0.03)
        np.testing.assert_allclose(steps.contact_time_s.mean, [0.277, 0.229, 0.199], rtol=0.04)
        np.testing.assert_allclose(steps.peak_vgrf_bw.mean, [2.36, 2.58, 2.71], rtol=0.05)
        peak = forecast_load(MODEL, 3.0, 3.0, SETTINGS).step_peak_bw.mean[0]
        assert 6.0 < peak[0] < 11.0
        assert 4.0 < peak[1] < 9.0
        assert peak[2] == pytest.approx(4.5, rel=0.02)  # Roos 2012

    def test_known_cadence_narrows_and_moves(self) -> None:
        blind = forecast_steps(MODEL, 3.0)
        usual = 60.0 * blind.step_frequency_hz.median[0]
        told = forecast_steps(MODEL, 3.0, cadence_spm=[usual, 1.08 * usual])
        np.testing.assert_allclose(told.peak_vgrf_bw.median[0], blind.peak_vgrf_bw.median[0])
        assert told.peak_vgrf_bw.log_sd[0] < blind.peak_vgrf_bw.log_sd[0]
        assert told.contact_time_s.median[1] < told.contact_time_s.median[0]
        np.testing.assert_allclose(told.step_frequency_hz.median * 60, [usual, 1.08 * usual])
        np.testing.assert_allclose(told.step_frequency_hz.sd, 0.0, atol=1e-6)

    def test_conditioning_is_that_of_drawn_runners(self) -> None:
        """Among drawn runners whose cadence is near the known one, force is as forecast."""
        rng = np.random.default_rng(4)
        cov = np.zeros((9, 9))
        cov[:6, :6] = MODEL.between_cov + MODEL.coefficients_cov[:6, :6]
        cov[:3, :3] += MODEL.dataset_cov
        cov[6:, 6:] = MODEL.within_cov
        drawn = rng.multivariate_normal(np.zeros(9), cov, 400_000)
        x = np.log(4.0 / 3.0)
        y = MODEL.coefficients[:3] + MODEL.coefficients[3:6] * x
        y = y + drawn[:, :3] + drawn[:, 3:6] * x + drawn[:, 6:]
        near = y[np.abs(y[:, 0] - np.log(3.1)) < 0.003]
        told = forecast_steps(MODEL, 4.0, cadence_spm=186.0, body_mass_kg=70.0)
        assert np.log(told.peak_vgrf_bw.median[0]) == pytest.approx(near[:, 2].mean(), abs=0.003)
        assert told.peak_vgrf_bw.log_sd[0] == pytest.approx(near[:, 2].std(), rel=0.03)
        assert told.contact_time_s.log_sd[0] == pytest.approx(near[:, 1].std(), rel=0.03)

    def test_what_is_not_known_widens(self) -> None:
        light = forecast_steps(MODEL, 3.0, body_mass_kg=[np.nan, 70.0])
        assert light.contact_time_s.log_sd[0] > light.contact_time_s.log_sd[1]
        steep = forecast_steps(MODEL, 3.0, grade_pct=[0.0, -10.0])
        assert steep.peak_vgrf_bw.log_sd[1] > steep.peak_vgrf_bw.log_sd[0]
        assert forecast_steps(MODEL, [1.5, 3.0, 7.0]).is_extrapolated.tolist() == [
            True,
            False,
            True,
        ]

    def test_nothing_in_gives_nothing_out_and_nan_stays_nan(self) -> None:
        assert forecast_steps(MODEL, []).peak_vgrf_bw.mean.shape == (0,)
        assert forecast_load(MODEL, [], 3.0, SETTINGS).step_peak_bw.mean.shape == (0, 3)
        assert np.isnan(forecast_steps(MODEL, np.nan).peak_vgrf_bw.mean).all()

    def test_impossible_values_are_refused_together(self) -> None:
        with pytest.raises(ValueError, match=r"speed_mps: got 0\.0.*cadence_spm: got -1\.0"):
            forecast_steps(MODEL, [0.0, 3.0], cadence_spm=-1.0)
        with pytest.raises(ValueError, match="easy_speed_mps"):
            forecast_load(MODEL, 3.0, 0.0, SETTINGS)
