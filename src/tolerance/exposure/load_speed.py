"""Load against speed for a runner whom nobody measured: the lower rungs of the exposure ladder.

A diary says how far and how fast, a watch adds cadence. From those, a population model tells step
frequency, contact time and peak force of a step as a distribution over runners; the tissue models
turn that into load per step and per kilometre. Everything is linear in logarithms, so that known
cadence enters by conditioning, and a runner's own level cancels from load in reference runs.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loadcore.constants import TISSUES
from loadcore.damage import LOAD_EXPONENT
from loadcore.tissue import tissue_load
from tolerance.exposure.settings import ExposureSettings

__all__ = [
    "N_EFFECTS",
    "N_RESPONSES",
    "REFERENCE_MASS_KG",
    "REFERENCE_SPEED_MPS",
    "RESPONSES",
    "LoadForecast",
    "LoadSpeedModel",
    "Spread",
    "StepForecast",
    "forecast_load",
    "forecast_steps",
]

type Floats = NDArray[np.float64]

RESPONSES: Final = ("step_frequency_hz", "contact_time_s", "peak_vgrf_bw")
"""What the model describes, all as logarithms, in the order of every array."""
FREQUENCY, CONTACT, FORCE = range(3)
N_RESPONSES: Final = len(RESPONSES)
N_EFFECTS: Final = 2
"""Level and slope against the logarithm of speed."""

REFERENCE_SPEED_MPS: Final = 3.0
REFERENCE_MASS_KG: Final = 70.0
"""Where the level is the level; any choice gives the same predictions."""

FORCE_SHARE: Final = np.array([1.0, 1.0, 0.0])
"""How the tissues follow the vertical force, in the order of ``TISSUES``: tibia and Achilles in
proportion (lever models), the patellofemoral model not at all (it has no force input)."""


@dataclass(frozen=True, eq=False)
class LoadSpeedModel:
    """Population model of log step frequency, contact time and peak force against log speed.

    Rows of six are level of the three `RESPONSES`, then slope of the three.

    Attributes
    ----------
    coefficients : (9,) float64 array
        Population level and slope, and change of level with the logarithm of body mass.
    coefficients_cov : (9, 9) float64 array
        Their sampling error.
    between_cov : (6, 6) float64 array
        Between runners.
    dataset_cov : (3, 3) float64 array
        Level between laboratories and groups of runners.
    within_cov : (3, 3) float64 array
        Between sessions and sides of one runner at one speed.
    step_cov : (3, 3) float64 array
        From step to step within a session.
    grade_slope, grade_slope_sd : (2, 3) float64 array
        Change per percent uphill and per percent downhill, and its standard deviation between
        runners.
    mass_log_kg : (2,) float64 array
        Mean and standard deviation of log body mass, for whoever's mass is not known.
    speed_range_mps : (2,) float64 array
        Speeds that it was learned on.
    """

    coefficients: Floats
    coefficients_cov: Floats
    between_cov: Floats
    dataset_cov: Floats
    within_cov: Floats
    step_cov: Floats
    grade_slope: Floats
    grade_slope_sd: Floats
    mass_log_kg: Floats
    speed_range_mps: Floats

    def __post_init__(self) -> None:
        """Refuse arrays of another shape, values that are not finite, impossible covariances."""
        six = N_EFFECTS * N_RESPONSES
        shapes: dict[str, tuple[int, ...]] = {
            "coefficients": (six + N_RESPONSES,),
            "coefficients_cov": (six + N_RESPONSES, six + N_RESPONSES),
            "between_cov": (six, six),
            "dataset_cov": (N_RESPONSES, N_RESPONSES),
            "within_cov": (N_RESPONSES, N_RESPONSES),
            "step_cov": (N_RESPONSES, N_RESPONSES),
            "grade_slope": (2, N_RESPONSES),
            "grade_slope_sd": (2, N_RESPONSES),
            "mass_log_kg": (2,),
            "speed_range_mps": (2,),
        }
        problems = []
        for name, expected in shapes.items():
            value = getattr(self, name)
            if value.shape != expected:
                problems.append(f"{name}: got shape {value.shape}, expected {expected}")
            elif not np.isfinite(value).all():
                problems.append(f"{name}: expected finite numbers")
            elif name.endswith("_cov") and not _is_covariance(value):
                problems.append(f"{name}: expected a covariance (symmetric, no negative variance)")
        if problems:
            raise ValueError("Invalid LoadSpeedModel: " + "; ".join(problems))


def _is_covariance(matrix: Floats) -> bool:
    """Allow for rounding to a few digits, by which a variance of zero may come out negative."""
    scale = float(np.abs(matrix).max())
    symmetric = np.allclose(matrix, matrix.T, atol=1e-9 * scale)
    return symmetric and float(np.linalg.eigvalsh(matrix).min()) >= -1e-4 * scale


@dataclass(frozen=True)
class Spread:
    """A lognormal quantity; arrays of one shape.

    Attributes
    ----------
    mean : float64 array
    sd_between, sd_within : float64 array
        Of the runner (and the group of runners), which no number of sessions averages out, and of
        the session.
    sd : float64 array
        Of one session of one runner, everything together.
    log_sd : float64 array
        The same of the logarithm, for intervals.
    median : float64 array
        Middle of those intervals.
    """

    mean: Floats
    sd_between: Floats
    sd_within: Floats
    sd: Floats
    log_sd: Floats
    median: Floats

    def interval(self, half_width_sd: float) -> tuple[Floats, Floats]:
        """Return both ends of the interval of so many standard deviations of the logarithm."""
        reach = np.exp(half_width_sd * self.log_sd)
        return self.median / reach, self.median * reach


def _spread(log_mean: Floats, between: Floats, within: Floats, total: Floats) -> Spread:
    """Return the lognormal with these variances of the logarithm."""
    mean = np.exp(log_mean + 0.5 * total)

    def sd(variance: Floats) -> Floats:
        return np.asarray(mean * np.sqrt(np.expm1(np.maximum(variance, 0.0))), np.float64)

    return Spread(
        mean, sd(between), sd(within), sd(total), np.sqrt(np.maximum(total, 0.0)), np.exp(log_mean)
    )


@dataclass(frozen=True)
class StepForecast:
    """The steps of a session; every entry has shape ``(n,)``.

    Attributes
    ----------
    step_frequency_hz, contact_time_s, peak_vgrf_bw : Spread
        Means over the steps of a session.
    contact_time_step_sd_s, peak_vgrf_step_sd_bw : float64 array
        From step to step around that mean.
    is_extrapolated : bool array
        Speed outside what the model was learned on.
    """

    step_frequency_hz: Spread
    contact_time_s: Spread
    peak_vgrf_bw: Spread
    contact_time_step_sd_s: Floats
    peak_vgrf_step_sd_bw: Floats
    is_extrapolated: NDArray[np.bool_]


@dataclass(frozen=True)
class LoadForecast:
    """Load of one leg; columns as ``constants.TISSUES``.

    Attributes
    ----------
    step_peak_bw : Spread
        Peak force of a step, (n, 3). The error of a tissue model's absolute scale is not in it.
    load_rr_per_km, damage_rr_per_km : Spread
        Per kilometre and leg in reference runs, (n, 3).
    is_extrapolated : bool array
        (n,): speed outside what the model was learned on.
    """

    step_peak_bw: Spread
    load_rr_per_km: Spread
    damage_rr_per_km: Spread
    is_extrapolated: NDArray[np.bool_]


@dataclass(frozen=True)
class _State:
    """Gaussian of a runner's six effects and a session's three, given what is known of each row.

    ``mean`` (n, 9), ``cov`` (n, 9, 9); rows as the inputs.
    """

    mean: Floats
    cov: Floats


def _effects(speed_mps: Floats) -> Floats:
    """Return the weights of level and slope, (n, 2)."""
    log_speed = np.log(speed_mps / REFERENCE_SPEED_MPS)
    return np.column_stack((np.ones_like(log_speed), log_speed))


def _weights(speed_mps: Floats, response: int) -> Floats:
    """Return the weights of the nine entries of the state in one response, (n, 9)."""
    weights = np.zeros((speed_mps.size, 3 * N_RESPONSES))
    weights[:, [response, N_RESPONSES + response]] = _effects(speed_mps)
    weights[:, 2 * N_RESPONSES + response] = 1.0
    return weights


def _grade(model: LoadSpeedModel, grade_pct: Floats) -> tuple[Floats, Floats]:
    """Return what a slope adds to the three responses, (n, 3), and its standard deviation."""
    climb = np.column_stack((np.maximum(grade_pct, 0.0), np.maximum(-grade_pct, 0.0)))
    return climb @ model.grade_slope, np.sqrt(climb**2 @ model.grade_slope_sd**2)


@dataclass(frozen=True)
class _Session:
    """What is known of each session; every entry (n,)."""

    speed_mps: Floats
    cadence_spm: Floats
    grade_pct: Floats
    body_mass_kg: Floats


def _state(model: LoadSpeedModel, session: _Session) -> _State:
    """Return what is believed of each runner and session; known cadence is conditioned on."""
    six = N_EFFECTS * N_RESPONSES
    n = session.speed_mps.size
    added, added_sd = _grade(model, session.grade_pct)
    has_mass = np.isfinite(session.body_mass_kg)
    log_mass = np.where(has_mass, np.log(session.body_mass_kg), model.mass_log_kg[0])
    # Level and slope of the runner's expectation, as sums of the population's coefficients.
    to_runner = np.zeros((n, six, six + N_RESPONSES))
    to_runner[:, :, :six] = np.eye(six)
    by_mass = (log_mass - np.log(REFERENCE_MASS_KG))[:, None, None]
    to_runner[:, :N_RESPONSES, six:] = by_mass * np.eye(N_RESPONSES)
    mean = np.concatenate((to_runner @ model.coefficients, added), axis=1)
    cov = np.zeros((n, six + N_RESPONSES, six + N_RESPONSES))
    cov[:, :six, :six] = to_runner @ model.coefficients_cov @ to_runner.transpose(0, 2, 1)
    cov[:, :six, :six] += model.between_cov
    cov[:, :N_RESPONSES, :N_RESPONSES] += model.dataset_cov
    mass_effect = np.where(has_mass, 0.0, model.mass_log_kg[1])[:, None] * model.coefficients[six:]
    cov[:, :N_RESPONSES, :N_RESPONSES] += mass_effect[:, :, None] * mass_effect[:, None, :]
    cov[:, six:, six:] = model.within_cov + np.eye(N_RESPONSES) * (added_sd**2)[:, None, :]
    known = np.isfinite(session.cadence_spm)
    weight = _weights(session.speed_mps, FREQUENCY)
    covered = np.einsum("nij,nj->ni", cov, weight)
    variance = np.einsum("ni,ni->n", covered, weight)
    frequency_hz = np.where(known, session.cadence_spm, np.nan) / 60.0
    surprise = np.where(known, np.log(frequency_hz) - np.sum(mean * weight, axis=1), 0.0)
    gain = np.where(known[:, None], covered / variance[:, None], 0.0)
    return _State(mean + gain * surprise[:, None], cov - gain[:, :, None] * covered[:, None, :])


def _read(state: _State, weight: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return mean of a weighted sum of the state and its variances: runner's, session's, both."""
    six = N_EFFECTS * N_RESPONSES
    runner, session = weight.copy(), weight.copy()
    runner[..., six:] = 0.0
    session[..., :six] = 0.0

    def variance(part: Floats) -> Floats:
        return np.asarray(np.einsum("ni,nij,nj->n", part, state.cov, part), np.float64)

    mean = np.asarray(np.sum(state.mean * weight, axis=1), np.float64)
    return mean, variance(runner), variance(session), variance(weight)


def forecast_steps(
    model: LoadSpeedModel,
    speed_mps: ArrayLike,
    *,
    cadence_spm: ArrayLike = np.nan,
    grade_pct: ArrayLike = 0.0,
    body_mass_kg: ArrayLike = np.nan,
) -> StepForecast:
    """Predict the steps of a runner who was never measured.

    Parameters
    ----------
    model : LoadSpeedModel
    speed_mps : array_like, broadcast to (n,)
        Running speed.
    cadence_spm : array_like, broadcast to (n,)
        Steps of both feet a minute; NaN where not known.
    grade_pct : array_like, broadcast to (n,)
        Slope, uphill positive; a slope that nobody knows is taken as level.
    body_mass_kg : array_like, broadcast to (n,)
        NaN where not known.

    Returns
    -------
    StepForecast
        Empty input gives empty arrays; NaN in speed or slope gives NaN.

    Raises
    ------
    ValueError
        For a speed or cadence that is zero or below.
    """
    session = _checked(speed_mps, cadence_spm, grade_pct, body_mass_kg)
    speed = session.speed_mps
    state = _state(model, session)
    frequency, contact, force = (
        _spread(*_read(state, _weights(speed, response))) for response in range(N_RESPONSES)
    )
    step_sd = np.sqrt(np.diag(model.step_cov))
    return StepForecast(
        step_frequency_hz=frequency,
        contact_time_s=contact,
        peak_vgrf_bw=force,
        contact_time_step_sd_s=contact.mean * step_sd[CONTACT],
        peak_vgrf_step_sd_bw=force.mean * step_sd[FORCE],
        is_extrapolated=_extrapolated(model, speed),
    )


def forecast_load(
    model: LoadSpeedModel,
    speed_mps: ArrayLike,
    easy_speed_mps: ArrayLike,
    settings: ExposureSettings,
    *,
    cadence_spm: ArrayLike = np.nan,
    grade_pct: ArrayLike = 0.0,
    body_mass_kg: ArrayLike = np.nan,
) -> LoadForecast:
    """Predict load per step and per kilometre of a runner who was never measured.

    One reference run is ``settings.reference_minutes`` of the same runner, easy and flat, as the
    model expects it of them at `easy_speed_mps`. What a runner has in common with themself there
    and here, cancels.

    Parameters
    ----------
    model : LoadSpeedModel
    speed_mps, cadence_spm, grade_pct, body_mass_kg
        As in `forecast_steps`.
    easy_speed_mps : array_like, broadcast to (n,)
        The runner's easy speed.
    settings : ExposureSettings
        With the tissue models and exponents.

    Returns
    -------
    LoadForecast
        Of one leg, both legs being alike. Spread of load and damage holds the tissue model's error
        between sessions (``model_session_sd_fraction``) as part of the session's.

    Raises
    ------
    ValueError
        For a speed or cadence that is zero or below.
    """
    session = _checked(speed_mps, cadence_spm, grade_pct, body_mass_kg)
    speed, grade = session.speed_mps, session.grade_pct
    easy = np.broadcast_to(np.asarray(easy_speed_mps, np.float64), speed.shape)
    if np.any(easy <= 0.0):
        raise ValueError(f"easy_speed_mps: got {easy.min()}, expected above 0 m/s")
    state = _state(model, session)
    force = _weights(speed, FORCE)
    runner_only = np.repeat([1.0, 0.0], [N_EFFECTS * N_RESPONSES, N_RESPONSES])
    force_change = force - _weights(easy, FORCE) * runner_only
    frequency_change = _weights(speed, FREQUENCY) - _weights(easy, FREQUENCY) * runner_only
    log_force, *_ = _read(state, force)
    # What the tissue models make of speed and slope beside the vertical force.
    here = _tissue_log(settings, log_force, speed, grade)
    there = _tissue_log(settings, log_force, easy, np.zeros_like(grade))
    # A kilometre lasts 1000 / v seconds, the reference run so many minutes, both at their cadence.
    log_time = np.log(1000.0 / speed) - np.log(60.0 * settings.reference_minutes)
    model_sd = settings.tissue.model_session_sd_fraction

    def per_km(tissue: int, exponent: float) -> Spread:
        weight = exponent * FORCE_SHARE[tissue] * force_change + frequency_change
        mean, runner, session, both = _read(state, weight)
        error = (exponent * model_sd[tissue]) ** 2
        by_model = exponent * (here[:, tissue] - there[:, tissue])
        return _spread(mean + by_model + log_time, runner, session + error, both + error)

    def peak(tissue: int) -> Spread:
        mean, runner, session, both = _read(state, FORCE_SHARE[tissue] * force)
        error = model_sd[tissue] ** 2
        middle = here[:, tissue] + mean - FORCE_SHARE[tissue] * log_force
        return _spread(middle, runner, session + error, both + error)

    tissues = range(len(TISSUES))
    return LoadForecast(
        step_peak_bw=_columns([peak(i) for i in tissues]),
        load_rr_per_km=_columns([per_km(i, LOAD_EXPONENT) for i in tissues]),
        damage_rr_per_km=_columns([per_km(i, settings.fatigue_exponents[i]) for i in tissues]),
        is_extrapolated=_extrapolated(model, speed),
    )


def _tissue_log(
    settings: ExposureSettings, log_force: Floats, speed_mps: Floats, grade_pct: Floats
) -> Floats:
    """Return the log peak force of each tissue at the expected vertical force, (n, 3)."""
    load = tissue_load(
        np.exp(log_force),
        0.0,
        0.0,
        np.nan,
        speed_mps=speed_mps,
        grade_pct=grade_pct,
        settings=settings.tissue,
    )
    return np.log(load.peak_force_bw)


def _columns(spreads: list[Spread]) -> Spread:
    """Put the spreads of the tissues side by side."""
    return Spread(
        *(
            np.column_stack([getattr(spread, name) for spread in spreads])
            for name in ("mean", "sd_between", "sd_within", "sd", "log_sd", "median")
        )
    )


def _extrapolated(model: LoadSpeedModel, speed_mps: Floats) -> NDArray[np.bool_]:
    low, high = model.speed_range_mps
    outside: NDArray[np.bool_] = (speed_mps < low) | (speed_mps > high)
    return outside


def _checked(
    speed_mps: ArrayLike, cadence_spm: ArrayLike, grade_pct: ArrayLike, body_mass_kg: ArrayLike
) -> _Session:
    """Bring the inputs to one shape and refuse what no runner does, all at once."""
    given = (speed_mps, cadence_spm, grade_pct, body_mass_kg)
    session = _Session(
        *(
            np.array(values, np.float64)
            for values in np.broadcast_arrays(
                *(np.atleast_1d(np.asarray(value, np.float64)) for value in given)
            )
        )
    )
    problems = [
        f"{name}: got {np.nanmin(getattr(session, name))}, expected above 0"
        for name in ("speed_mps", "cadence_spm", "body_mass_kg")
        if np.any(getattr(session, name) <= 0.0)
    ]
    if problems:
        raise ValueError("forecast: " + "; ".join(problems))
    return session
