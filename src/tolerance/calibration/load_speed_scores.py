"""Scores of load against speed, on runners and on datasets that the model never saw."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadcore.constants import TISSUES
from loadcore.damage import LOAD_EXPONENT
from tolerance.calibration.load_speed import LEVEL_GRADE_PCT, fit_load_speed
from tolerance.evaluate.agreement import bias, cluster_interval, coverage, rmse
from tolerance.exposure.load_speed import (
    FORCE_SHARE,
    RESPONSES,
    LoadSpeedModel,
    Spread,
    forecast_load,
    forecast_steps,
)
from tolerance.exposure.settings import ExposureSettings

__all__ = ["left_out_datasets", "left_out_load", "left_out_runners", "models_without_runner"]

type Floats = NDArray[np.float64]

NORMAL_90: Final = 1.645
"""Half width of a 90 % interval of a normal error, in standard deviations."""

SCORED: Final = {"contact_time_s": 1e3, "peak_vgrf_bw": 1.0}
"""Quantities that are scored, and what turns them into the unit of the scores."""
SCORED_NAMES: Final = {"contact_time_s": "contact_time_ms", "peak_vgrf_bw": "peak_force_bw"}


def models_without_runner(trials: pd.DataFrame, step_cov: Floats) -> dict[str, LoadSpeedModel]:
    """Return, for each level runner, a model fitted without that runner.

    Parameters
    ----------
    trials : DataFrame
        What the model is fitted on, as ``fit_load_speed`` takes it.
    step_cov : (3, 3) float64 array
    """
    return {
        runner: fit_load_speed(
            trials[trials["runner_id"] != runner].reset_index(drop=True), step_cov
        )
        for runner in sorted(_level(trials)["runner_id"].unique())
    }


def _level(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of runners who only ran on the level: they make the model."""
    steepest = trials.groupby("runner_id")["grade_pct"].transform(lambda grade: grade.abs().max())
    return trials[steepest <= LEVEL_GRADE_PCT]


def left_out_runners(
    models: Mapping[str, LoadSpeedModel],
    trials: pd.DataFrame,
    steps: pd.DataFrame,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Score contact time and peak force of runners left out, from what a watch or diary knows.

    Parameters
    ----------
    models : mapping of runner to model
        From `models_without_runner`.
    trials : DataFrame
        Trials of all those runners.
    steps : DataFrame
        Single steps of those of them who have any.
    rng : numpy.random.Generator
        For the intervals.

    Returns
    -------
    dict
        For "speed_mass" and "speed_mass_cadence": "steps", every single step, and "trials", the
        means of all runners; each with bias, RMSE and coverage, n and interval over runners.
    """
    frequency_hz = steps.groupby("trial_id")["step_frequency_hz"].transform("mean").to_numpy()
    level = _level(trials)
    scores: dict[str, Any] = {}
    for known in ("speed_mass", "speed_mass_cadence"):
        has_cadence = known.endswith("cadence")
        single = steps.assign(cadence_spm=60.0 * frequency_hz if has_cadence else np.nan)
        mean = level.assign(
            cadence_spm=60.0 * level["step_frequency_hz"] if has_cadence else np.nan
        )
        scores[known] = {
            "steps": _summaries(
                pd.concat(
                    [
                        _step_errors(models[str(runner)], rows, rows["cadence_spm"].to_numpy())
                        for runner, rows in single.groupby("runner_id", sort=True)
                    ],
                    ignore_index=True,
                ),
                rng,
            ),
            "trials": _summaries(
                pd.concat(
                    [
                        _step_errors(
                            _without_steps(models[str(runner)]),
                            rows,
                            rows["cadence_spm"].to_numpy(),
                        )
                        for runner, rows in mean.groupby("runner_id", sort=True)
                    ],
                    ignore_index=True,
                ),
                rng,
            ),
        }
    return scores


def left_out_datasets(
    trials: pd.DataFrame, step_cov: Floats, rng: np.random.Generator
) -> dict[str, Any]:
    """Score the trial means of each dataset by a model fitted on the other level datasets.

    With a single dataset behind it the model cannot know how much datasets differ; its intervals
    say so by covering less.
    """
    level = _level(trials)
    scores: dict[str, Any] = {}
    for dataset in sorted(level["dataset_id"].unique()):
        rest = level[level["dataset_id"] != dataset].reset_index(drop=True)
        rows = level[level["dataset_id"] == dataset].reset_index(drop=True)
        model = fit_load_speed(rest, step_cov)
        still = _without_steps(model)
        scores[dataset] = {
            known: _summaries(_step_errors(still, rows, cadence), rng)
            for known, cadence in (
                ("speed_mass", np.nan),
                ("speed_mass_cadence", 60.0 * rows["step_frequency_hz"].to_numpy()),
            )
        }
    return scores


def _without_steps(model: LoadSpeedModel) -> LoadSpeedModel:
    """Return the model of a trial's mean, around which no step scatters."""
    return LoadSpeedModel(**(vars(model) | {"step_cov": np.zeros_like(model.step_cov)}))


def _step_errors(
    model: LoadSpeedModel, rows: pd.DataFrame, cadence_spm: float | Floats
) -> pd.DataFrame:
    forecast = forecast_steps(
        model,
        rows["speed_mps"].to_numpy(),
        cadence_spm=cadence_spm,
        grade_pct=rows["grade_pct"].to_numpy(),
        body_mass_kg=rows["body_mass_kg"].to_numpy(),
    )
    errors = rows[["runner_id", "trial_id"]].copy()
    for quantity, unit in SCORED.items():
        spread: Spread = getattr(forecast, quantity)
        truth = rows[quantity].to_numpy()
        response = RESPONSES.index(quantity)
        log_sd = np.sqrt(spread.log_sd**2 + model.step_cov[response, response])
        errors[quantity] = unit * (spread.median - truth)
        inside = np.abs(np.log(truth / spread.median)) <= NORMAL_90 * log_sd
        errors[f"{quantity}_inside"] = inside.astype(np.float64)
    return errors


def _summaries(errors: pd.DataFrame, rng: np.random.Generator) -> dict[str, Any]:
    """Return scores of rows and of the means of trials, clustered by runner."""
    means = errors.groupby(["runner_id", "trial_id"], as_index=False).mean()
    return {
        SCORED_NAMES[quantity]: {
            "bias": _estimate(errors, quantity, bias, rng),
            "rmse": _estimate(errors, quantity, rmse, rng),
            "trial_mean_rmse": _estimate(means, quantity, rmse, rng),
            "coverage_90": _estimate(errors, f"{quantity}_inside", coverage, rng),
        }
        for quantity in SCORED
    }


def _estimate(
    errors: pd.DataFrame,
    column: str,
    statistic: Callable[[Floats], float],
    rng: np.random.Generator,
) -> dict[str, float | int]:
    found = cluster_interval(
        errors[column].to_numpy(np.float64), errors["runner_id"].to_numpy(), statistic, rng
    )
    return {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "n": found.n,
        "n_runners": found.n_clusters,
    }


def left_out_load(
    models: Mapping[str, LoadSpeedModel],
    steps: pd.DataFrame,
    settings: ExposureSettings,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Score load and damage per kilometre of runners left out, from speed and mass.

    The unit is the runner's own easy run: the true one at the slowest speed of their trials. The
    truth is the lever model on the measured force, so it tests speed, rhythm and force, not the
    tissue model, whose error is taken out of the intervals. The patellofemoral model takes no
    force: for it only the rhythm is tested.

    Parameters
    ----------
    models, steps, rng
        As in `left_out_runners`.
    settings : ExposureSettings
        Tissue models and exponents.

    Returns
    -------
    dict
        By tissue, for "load" and "damage": bias and RMSE in percent, coverage of 90 % intervals.
    """
    scores: dict[str, Any] = {}
    for i, tissue in enumerate(TISSUES):
        scores[tissue] = {}
        for kind, exponent in (("load", LOAD_EXPONENT), ("damage", settings.fatigue_exponents[i])):
            parts = [
                _load_errors(models[str(runner)], rows, settings, i, exponent, kind)
                for runner, rows in steps.groupby("runner_id", sort=True)
            ]
            errors = pd.concat(parts, ignore_index=True)
            scores[tissue][kind] = {
                "bias_pct": _estimate(errors, "error", bias, rng),
                "rmse_pct": _estimate(errors, "error", rmse, rng),
                "coverage_90": _estimate(errors, "inside", coverage, rng),
            }
    return scores


def _load_errors(
    model: LoadSpeedModel,
    rows: pd.DataFrame,
    settings: ExposureSettings,
    tissue: int,
    exponent: float,
    kind: str,
) -> pd.DataFrame:
    """Compare load per kilometre of one runner's faster trials, leg by leg."""
    share = exponent * FORCE_SHARE[tissue]
    by_leg = rows.assign(cost=rows["peak_vgrf_bw"] ** share).groupby(["side", "speed_mps"])
    true = by_leg.agg(
        cost=("cost", "mean"),
        step_frequency_hz=("step_frequency_hz", "mean"),
        body_mass_kg=("body_mass_kg", "first"),
    ).reset_index()
    easy_mps = float(true["speed_mps"].min())
    easy = true[true["speed_mps"] == easy_mps].set_index("side")
    fast = true[true["speed_mps"] > easy_mps].reset_index(drop=True)
    if fast.empty:
        return pd.DataFrame({"runner_id": [], "error": [], "inside": []})
    ratio = fast["cost"] / easy.loc[fast["side"], "cost"].to_numpy()
    ratio *= fast["step_frequency_hz"] / easy.loc[fast["side"], "step_frequency_hz"].to_numpy()
    forecast = forecast_load(
        model,
        fast["speed_mps"].to_numpy(),
        easy_mps,
        settings,
        body_mass_kg=fast["body_mass_kg"].to_numpy(),
    )
    spread = forecast.load_rr_per_km if kind == "load" else forecast.damage_rr_per_km
    # What a kilometre is in minutes, and what the model itself says of speed, is no matter of
    # measurement: the truth takes it from the settings as the forecast does.
    duration = 1000.0 / fast["speed_mps"] / (60.0 * settings.reference_minutes)
    by_model = (fast["speed_mps"] / easy_mps) ** (exponent * settings.tissue.speed_exponent[tissue])
    truth = (ratio * duration * by_model).to_numpy(np.float64)
    median = spread.median[:, tissue]
    # The true reference is one session too, with the scatter of a session; the tissue model's
    # error is not in the truth.
    session = _session_variance(model, share)
    model_error = (exponent * settings.tissue.model_session_sd_fraction[tissue]) ** 2
    log_sd = np.sqrt(spread.log_sd[:, tissue] ** 2 - model_error + session)
    return pd.DataFrame(
        {
            "runner_id": rows["runner_id"].iloc[0],
            "error": 100.0 * (median / truth - 1.0),
            "inside": (np.abs(np.log(truth / median)) <= NORMAL_90 * log_sd).astype(np.float64),
        }
    )


def _session_variance(model: LoadSpeedModel, share: float) -> float:
    """Return the variance that one session puts into the logarithm of load per kilometre."""
    weight = np.array([1.0, 0.0, share])
    return float(weight @ model.within_cov @ weight)
