"""Peak vertical force in, load of tibia, Achilles tendon and patellofemoral joint per step out.

The methods of the literature disagree by a factor of about 1.7 on the absolute Achilles force, so
what these models are for is the load relative to the same runner's own reference. Whoever shows
an absolute value shows ``TISSUE_MODEL_LABELS`` with it.
"""

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loadcore.constants import TISSUES

__all__ = [
    "STRIKES",
    "TISSUE_MODEL_LABELS",
    "TissueLoad",
    "TissueSettings",
    "refuse_beyond_physiology",
    "tissue_load",
]

type FloatArray = NDArray[np.float64]

STRIKES: Final = ("unknown", "rearfoot", "midfoot", "forefoot")
"""Names of the foot strike codes, by index."""

TISSUE_MODEL_LABELS: Final = (
    "tibia: axial compression = vertical force + Achilles force (lever model)",
    "achilles: vertical force x centre-of-pressure lever / Achilles lever (lever model)",
    "patellofemoral: reference value scaled by speed, cadence and foot strike (no force input)",
)
"""Which model stands behind an absolute value, in the order of ``constants.TISSUES``."""

MAX_PEAK_FORCE_BW: Final = (20.0, 15.0, 12.0)
"""Beyond physiology, in the order of ``constants.TISSUES``. Published peaks: tibial compression
6 to 14 BW in running (inverse dynamics, range of reviews); Achilles 10.1 BW at 4.47 m/s by
tensiometry (PMC11096059); patellofemoral 8.2 BW in a decline squat (Song 2023). Engineering
choice: about 1.45 times those, so that a sprint passes and a unit error does not."""

HALF_SINE_MEAN: Final = 2.0 / math.pi
"""Mean over peak of a half-sine."""

N_TISSUES: Final = len(TISSUES)
PATELLOFEMORAL: Final = TISSUES.index("patellofemoral")


def _row(*values: float) -> FloatArray:
    """Return a read-only float64 array, so that frozen settings stay frozen."""
    array = np.array(values, np.float64)
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False)
class TissueSettings:
    """Coefficients of the tissue models: arrays only, each in the order of ``constants.TISSUES``.

    Rows "by strike" follow ``STRIKES``. Every default has its source; where sources conflict or
    are silent the default changes nothing (exponent 0, factor 1).

    Attributes
    ----------
    achilles_lever_m : (1,) array
        Lever of the tendon about the ankle. 0.05 m: Baxter 2021 (pubmed 32658037).
    pressure_lever_m : (4,) array
        Ankle to centre of pressure at peak force, by strike: 0.10 m rearfoot to 0.14 m forefoot
        (load.md D3, engineering choice within anthropometry); unknown: the middle, which is an
        error of the absolute scale as long as the runner keeps the strike.
    shank_tilt_rad : (1,) array
        Tilt of the shank from vertical at peak force; 0 in the published check (2.5 BW and
        0.12 m give 6.0 and 8.5 BW); 10 degrees would lower the tibia by 0.4 %.
    patellofemoral_reference_bw : (1,) array
        Peak at the reference speed and own cadence: 4.5 BW (Roos 2012, PMC3391667).
    reference_speed_mps : (1,) array
        Speed at which ``speed_exponent`` has no effect; engineering choice: 3 m/s, easy running.
    speed_exponent : (3,) array
        Power of speed beyond what the vertical force already carries. Patellofemoral 0.1: stress
        rises from 3.3 to 3.9 m/s and no further (load.md D2); tibia and Achilles 0.
    cadence_log_slope_per_pct : (3,) array
        Change of log force per percent of cadence above the runner's own. Patellofemoral
        ln(0.86)/10: Lenhart 2014, doi:10.1249/MSS.0b013e3182a78c3a. Others follow the force.
    uphill_log_slope_per_pct, downhill_log_slope_per_pct : (3,) array
        Change of log force per percent of grade beyond ``grade_dead_zone_pct``. 0: for the tibia
        Rice 2024 and Baggaley conflict (load.md D2).
    grade_dead_zone_pct : (1,) array
        5 %: no effect in either source up to there.
    strike_peak_factor, strike_impulse_factor : (4, 3) array
        By strike. Patellofemoral forefoot 0.73 peak, 0.88 impulse: Vannatta 2015,
        doi:10.1249/MSS.0000000000000503. Achilles impulse: forefoot 11 % above rearfoot
        (Almonroeder 2013, pubmed 23640524), the middle being 1; its peak follows the lever.
    impulse_shape : (3,) array
        Mean over peak during contact: a half-sine, 2/pi (engineering choice: the force follows
        the vertical force in time).
    unknown_speed_sd_log, unknown_cadence_sd_pct, unknown_grade_sd_pct : (1,) array
        How far the unknown value may be from the one assumed (reference speed, own cadence,
        level); engineering choice: 25 % of speed, 4 % of cadence, 2 % of grade.
    model_step_sd_fraction, model_session_sd_fraction : (3,) array
        Error of the model that differs between steps, and between sessions of one runner.
        Tibia: 0.10 together, as a constant per step has 9.9 % mean error and a physics model with
        an insole 5.2 % (Matijevich 2020, doi:10.1016/j.humov.2020.102690); Achilles alike;
        patellofemoral more, as no force enters (engineering choices).
    model_absolute_sd_fraction : (3,) array
        Error of the absolute scale of one runner: cancels in relative load. Achilles ln(1.7)/2,
        the methods' disagreement; tibia alike; patellofemoral 1.5/4.5 (Roos 2012).
    """

    achilles_lever_m: FloatArray = field(default_factory=lambda: _row(0.05))
    pressure_lever_m: FloatArray = field(default_factory=lambda: _row(0.12, 0.10, 0.12, 0.14))
    shank_tilt_rad: FloatArray = field(default_factory=lambda: _row(0.0))
    patellofemoral_reference_bw: FloatArray = field(default_factory=lambda: _row(4.5))
    reference_speed_mps: FloatArray = field(default_factory=lambda: _row(3.0))
    speed_exponent: FloatArray = field(default_factory=lambda: _row(0.0, 0.0, 0.1))
    cadence_log_slope_per_pct: FloatArray = field(
        default_factory=lambda: _row(0.0, 0.0, math.log(0.86) / 10.0)
    )
    uphill_log_slope_per_pct: FloatArray = field(default_factory=lambda: _row(0.0, 0.0, 0.0))
    downhill_log_slope_per_pct: FloatArray = field(default_factory=lambda: _row(0.0, 0.0, 0.0))
    grade_dead_zone_pct: FloatArray = field(default_factory=lambda: _row(5.0))
    strike_peak_factor: FloatArray = field(
        default_factory=lambda: _table((1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (1.0, 1.0, 0.73))
    )
    strike_impulse_factor: FloatArray = field(
        default_factory=lambda: _table(
            (1.0, 1.0 / math.sqrt(1.11), 1.0), (1.0, 1.0, 1.0), (1.0, math.sqrt(1.11), 0.88)
        )
    )
    impulse_shape: FloatArray = field(default_factory=lambda: _row(*(HALF_SINE_MEAN,) * 3))
    unknown_speed_sd_log: FloatArray = field(default_factory=lambda: _row(0.25))
    unknown_cadence_sd_pct: FloatArray = field(default_factory=lambda: _row(4.0))
    unknown_grade_sd_pct: FloatArray = field(default_factory=lambda: _row(2.0))
    model_step_sd_fraction: FloatArray = field(default_factory=lambda: _row(0.06, 0.06, 0.10))
    model_session_sd_fraction: FloatArray = field(default_factory=lambda: _row(0.08, 0.08, 0.10))
    model_absolute_sd_fraction: FloatArray = field(
        default_factory=lambda: _row(math.log(1.7) / 2.0, math.log(1.7) / 2.0, 1.5 / 4.5)
    )

    def __post_init__(self) -> None:
        """Refuse arrays of another shape or with values that are not finite."""
        by_strike = len(STRIKES)
        shapes: dict[str, tuple[int, ...]] = {
            "pressure_lever_m": (by_strike,),
            "strike_peak_factor": (by_strike, N_TISSUES),
            "strike_impulse_factor": (by_strike, N_TISSUES),
        }
        per_tissue = {
            "speed_exponent",
            "cadence_log_slope_per_pct",
            "uphill_log_slope_per_pct",
            "downhill_log_slope_per_pct",
            "impulse_shape",
            "model_step_sd_fraction",
            "model_session_sd_fraction",
            "model_absolute_sd_fraction",
        }
        problems = []
        for name, value in vars(self).items():
            expected = shapes.get(name, (N_TISSUES,) if name in per_tissue else (1,))
            if np.shape(value) != expected:
                problems.append(f"{name}: got shape {np.shape(value)}, expected {expected}")
            elif not np.all(np.isfinite(value)):
                problems.append(f"{name}: got {value}, expected finite numbers")
        if problems:
            raise ValueError("Invalid TissueSettings: " + "; ".join(problems))


@dataclass(frozen=True)
class TissueLoad:
    """Load per step and tissue; arrays have shape ``(n_steps, 3)``, columns as ``TISSUES``.

    Attributes
    ----------
    peak_force_bw, impulse_bws : float64 array
        NaN where the step has no force, or is refused.
    step_sd_bw, shared_sd_bw : float64 array
        Error of ``peak_force_bw`` that is independent between steps, and that of a whole session.
        The error of the absolute scale is in neither: see
        ``TissueSettings.model_absolute_sd_fraction``.
    is_refused : bool array
        Beyond physiology (``MAX_PEAK_FORCE_BW``).
    """

    peak_force_bw: FloatArray
    impulse_bws: FloatArray
    step_sd_bw: FloatArray
    shared_sd_bw: FloatArray
    is_refused: NDArray[np.bool_]

    @property
    def sd_bw(self) -> FloatArray:
        """Standard deviation of one step's peak, both parts together, (n_steps, 3)."""
        return np.hypot(self.step_sd_bw, self.shared_sd_bw)


def tissue_load(
    peak_vgrf_bw: ArrayLike,
    step_sd_bw: ArrayLike,
    shared_sd_bw: ArrayLike,
    contact_time_s: ArrayLike,
    *,
    speed_mps: ArrayLike = np.nan,
    cadence_change_pct: ArrayLike = np.nan,
    grade_pct: ArrayLike = np.nan,
    strike: ArrayLike = 0,
    settings: TissueSettings | None = None,
) -> TissueLoad:
    """Estimate peak force and impulse of each tissue in each step.

    ``Achilles = F d / r``; ``tibia = F cos(tilt) + Achilles``; ``patellofemoral = reference``;
    each times its factors of speed, cadence, grade and foot strike. A step without vertical force
    has no load of any tissue.

    Parameters
    ----------
    peak_vgrf_bw, step_sd_bw, shared_sd_bw, contact_time_s : (n_steps,) array_like
        From ``force.peak_vertical_force``.
    speed_mps, cadence_change_pct, grade_pct : array_like, broadcast to (n_steps,)
        Cadence is the change from the runner's own usual one. NaN where unknown: the factor is
        then 1 and the session's error grows by what the unknown value may do.
    strike : array_like of int, broadcast to (n_steps,)
        Codes of ``STRIKES``.
    settings : TissueSettings, optional
        Published values where None.

    Returns
    -------
    TissueLoad
        Empty input gives arrays of shape (0, 3).

    Raises
    ------
    ValueError
        For a strike code outside ``STRIKES``.

    Notes
    -----
    load.md D3 after Matijevich 2020 (doi:10.1016/j.humov.2020.102690) and Baxter 2021. Deviation:
    the lever model uses no insole, so the centre of pressure is a constant by strike.
    """
    s = settings or TissueSettings()
    force, step_sd, shared_sd, contact, speed, cadence, grade = np.broadcast_arrays(
        *(
            np.atleast_1d(np.asarray(x, np.float64))
            for x in (
                peak_vgrf_bw,
                step_sd_bw,
                shared_sd_bw,
                contact_time_s,
                speed_mps,
                cadence_change_pct,
                grade_pct,
            )
        )
    )
    code = np.broadcast_to(np.atleast_1d(np.asarray(strike, np.int64)), force.shape)
    if code.size and (code.min() < 0 or code.max() >= len(STRIKES)):
        raise ValueError(
            f"strike: got codes {code.min()} to {code.max()}, expected 0 to {len(STRIKES) - 1} "
            f"for {', '.join(STRIKES)}"
        )

    peaks, impulses, step_sds, shared_sds = np.empty((4, force.size, N_TISSUES))
    is_refused = np.empty((force.size, N_TISSUES), np.bool_)
    by_lever = _lever_forces(force, s.pressure_lever_m[code], s)
    middle = _lever_forces(force, s.pressure_lever_m[0], s)
    from_step, from_shared = _fraction(step_sd, force), _fraction(shared_sd, force)
    drivers = _drivers(speed, cadence, grade, s)
    for tissue in range(N_TISSUES):  # one column after another: long rows of numbers are quick
        factor, unknown_variance = _modifiers(drivers, tissue, force.size)
        peak = by_lever[tissue] * factor * s.strike_peak_factor[code, tissue]
        impulse_factor = s.strike_impulse_factor[code, tissue] * s.impulse_shape[tissue]
        impulse = middle[tissue] * factor * impulse_factor * contact
        refused = peak > MAX_PEAK_FORCE_BW[tissue]
        peak[refused] = impulse[refused] = np.nan
        # The patellofemoral model takes no force, so the force's error is none of its own.
        step, shared = (from_step, from_shared) if tissue != PATELLOFEMORAL else (0.0, 0.0)
        step_variance = step**2 + s.model_step_sd_fraction[tissue] ** 2
        shared_variance = shared**2 + s.model_session_sd_fraction[tissue] ** 2 + unknown_variance
        peaks[:, tissue], impulses[:, tissue], is_refused[:, tissue] = peak, impulse, refused
        step_sds[:, tissue] = peak * np.sqrt(step_variance)
        shared_sds[:, tissue] = peak * np.sqrt(shared_variance)
    return TissueLoad(peaks, impulses, step_sds, shared_sds, is_refused)


def refuse_beyond_physiology(peak_force_bw: ArrayLike) -> None:
    """Raise where a tissue force cannot be: negative, infinite or above ``MAX_PEAK_FORCE_BW``.

    Parameters
    ----------
    peak_force_bw : (n_steps, 3) array_like
        Columns as ``constants.TISSUES``; NaN is "not observed" and passes.

    Raises
    ------
    ValueError
        One message with every tissue concerned.
    """
    force = np.asarray(peak_force_bw, np.float64).reshape(-1, N_TISSUES)
    problems = []
    for column, (name, limit) in enumerate(zip(TISSUES, MAX_PEAK_FORCE_BW, strict=True)):
        values = force[:, column]
        wrong = values[(values < 0.0) | (values > limit)]
        if wrong.size:
            problems.append(
                f"{name}: {wrong.size} of {values.size} steps from {wrong.min():.3g} to "
                f"{wrong.max():.3g} BW, expected 0 to {limit:g} BW"
            )
    if problems:
        raise ValueError(
            "Load beyond physiology: " + "; ".join(problems) + ". Check units and contact times."
        )


def _lever_forces(
    force: FloatArray, lever_m: FloatArray | float, s: TissueSettings
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return each tissue's forces before any factor, (n_steps,); NaN without vertical force."""
    achilles = force * lever_m / s.achilles_lever_m[0]
    tibia = force * math.cos(float(s.shank_tilt_rad[0])) + achilles
    patellofemoral = np.where(np.isnan(force), np.nan, s.patellofemoral_reference_bw[0])
    return tibia, achilles, patellofemoral


type Driver = tuple[FloatArray, FloatArray, float]
"""What changes the load of a step beside its force, the change of log force with it for each
tissue, and how far the unknown value may be from the one assumed."""


def _drivers(
    speed: FloatArray, cadence: FloatArray, grade: FloatArray, s: TissueSettings
) -> tuple[Driver, ...]:
    log_speed = np.log(np.where(speed > 0.0, speed, np.nan) / s.reference_speed_mps[0])
    uphill = np.maximum(grade - s.grade_dead_zone_pct[0], 0.0)
    downhill = np.maximum(-grade - s.grade_dead_zone_pct[0], 0.0)
    return (
        (log_speed, s.speed_exponent, s.unknown_speed_sd_log[0]),
        (cadence, s.cadence_log_slope_per_pct, s.unknown_cadence_sd_pct[0]),
        (uphill, s.uphill_log_slope_per_pct, s.unknown_grade_sd_pct[0]),
        (downhill, s.downhill_log_slope_per_pct, s.unknown_grade_sd_pct[0]),
    )


def _modifiers(
    drivers: tuple[Driver, ...], tissue: int, n_steps: int
) -> tuple[FloatArray | float, FloatArray]:
    """Return one tissue's factor, and the relative variance of what is unknown, (n_steps,)."""
    log_factor, variance = np.zeros(n_steps), np.zeros(n_steps)
    in_use = [(driver, slope[tissue], sd) for driver, slope, sd in drivers if slope[tissue]]
    for driver, slope, unknown_sd in in_use:
        is_unknown = np.isnan(driver)
        log_factor += np.where(is_unknown, 0.0, driver * slope)
        variance += np.where(is_unknown, (slope * unknown_sd) ** 2, 0.0)
    return np.exp(log_factor) if in_use else 1.0, variance


def _fraction(sd: FloatArray, force: FloatArray) -> FloatArray:
    """Return ``sd / force``, NaN where either is."""
    out: FloatArray = np.full(force.shape, np.nan)
    np.divide(sd, force, out=out, where=force > 0.0)
    return out


def _table(
    rearfoot: tuple[float, ...], midfoot: tuple[float, ...], forefoot: tuple[float, ...]
) -> FloatArray:
    """Return the read-only (4, 3) table of factors by strike; unknown takes factor 1."""
    array = np.array([(1.0,) * N_TISSUES, rearfoot, midfoot, forefoot], np.float64)
    array.setflags(write=False)
    return array
