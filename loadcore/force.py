"""Contact and flight time in, vertical ground reaction force out, with what is unsure about it.

Forces are in body weights (BW), so mass never enters. The error of a peak is kept in two parts:
what differs from step to step and averages out over a session, and what all steps of a session
share and no number of steps removes.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loadcore.constants import STANDARD_GRAVITY_MPS2

__all__ = [
    "CALIBRATED_LEVEL",
    "MORIN_2005",
    "ForceSettings",
    "PeakForce",
    "blended_force",
    "centre_of_mass_drop",
    "duty_factor",
    "half_sine_force",
    "leg_compression",
    "leg_stiffness",
    "peak_vertical_force",
    "two_mass_force",
    "vertical_oscillation",
    "vertical_stiffness",
]

type FloatArray = NDArray[np.float64]

HALF_SINE_SHAPE_FACTOR: Final = math.pi / 2.0
"""Peak over stance mean of a half-sine (Morin 2005, doi:10.1123/jab.21.2.167)."""

MIN_PEAK_VGRF_BW: Final = 1.0
"""A stance whose peak stays below body weight cannot carry the body: not a running step."""

MAX_PEAK_VGRF_BW: Final = 6.0
"""Beyond physiology. Competitive sprinters peak near 5 BW at 11 m/s (Clark & Weyand 2014,
doi:10.1152/japplphysiol.00174.2014); engineering choice: 1 BW above that."""

MIN_CONTACT_TIME_S: Final = 0.05
MAX_CONTACT_TIME_S: Final = 0.60
"""Bounds of a running contact. Sprinters stay above 0.08 s; a walking contact exceeds 0.6 s."""

LEG_LENGTH_OVER_HEIGHT: Final = 0.53
"""Leg length as a share of standing height (Winter's proportions, as used by Morin 2005)."""

LOWER_LIMB_MASS_FRACTION: Final = 0.08
"""Foot and shank of the stance leg, share of body mass (Clark, Ryan & Weyand 2017,
doi:10.1242/jeb.138057)."""

TWO_MASS_PEAK_FRACTION: Final = 0.47
"""Where the body's part of the two-mass force peaks, share of contact time (same source)."""


@dataclass(frozen=True)
class ForceSettings:
    """Shape of the stance force and the sizes of its errors.

    Attributes
    ----------
    shape_factor : float
        Peak force over the mean force of the stance, k in ``F = k (1 + flight/contact)`` BW.
    shape_step_sd_fraction, shape_shared_sd_fraction : float
        Error of that shape on level ground with true times, as share of the force: what changes
        from step to step, and what is common to all steps of one session.
    slope_step_sd_fraction, slope_shared_sd_fraction : float
        The same beyond ``level_grade_limit_pct``.
    level_grade_limit_pct : float
        Steeper than this, up or down, the temporal method is not valid (Meyer 2023) and flagged.
    timing_shared_variance_fraction : float
        Share of the variance of contact and step time that all steps of a session have in common
        (a detector is early or late on this runner, with this mount).
    timing_shape_correlation : float
        Between the error of the force that comes from the times and that of the shape, both within
        and between sessions. Below zero: what a detector cuts off a contact, or adds to it, is its
        low begin or end, which changes the stance mean and hardly the peak.
    """

    shape_factor: float = HALF_SINE_SHAPE_FACTOR
    shape_step_sd_fraction: float = 0.026
    shape_shared_sd_fraction: float = 0.09
    slope_step_sd_fraction: float = 0.10
    slope_shared_sd_fraction: float = 0.10
    level_grade_limit_pct: float = 5.0
    timing_shared_variance_fraction: float = 0.7
    timing_shape_correlation: float = 0.0

    def __post_init__(self) -> None:
        """Refuse settings that no stance can have."""
        problems = [
            f"{name}: got {value}, expected a finite number >= 0"
            for name, value in vars(self).items()
            if name != "timing_shape_correlation" and not (math.isfinite(value) and value >= 0.0)
        ]
        if not -1.0 <= self.timing_shape_correlation <= 1.0:
            problems.append(
                f"timing_shape_correlation: got {self.timing_shape_correlation}, expected -1 to 1"
            )
        if not 1.0 <= self.shape_factor <= 3.0:
            problems.append(
                f"shape_factor: got {self.shape_factor}, expected 1 (a rectangle) to 3; "
                "a half-sine is 1.571"
            )
        if self.timing_shared_variance_fraction > 1.0:
            problems.append(
                "timing_shared_variance_fraction: got "
                f"{self.timing_shared_variance_fraction}, expected 0 to 1"
            )
        if problems:
            raise ValueError("Invalid ForceSettings: " + "; ".join(problems))


MORIN_2005: Final = ForceSettings()
"""The published half-sine. Its shared error holds the bias that other data show: k came out as
1.71 (rbds_fukuchi2017, 16 runners, 48 trials), 1.73 (sacral_grf_table, 37 runners) and 1.65
(recurrent_grf, one runner, level), 5 to 10 % above pi/2. Step-to-step SD of k within a trial
0.044 / 1.71; on a 10 degree descent 0.17 / 1.68. Timing share: prototype on recurrent_grf, peak
force off by 0.16 BW between trials and 0.10 BW within, 0.16^2 / (0.16^2 + 0.10^2)."""

CALIBRATED_LEVEL: Final = ForceSettings(
    shape_factor=1.71, shape_shared_sd_fraction=0.041, slope_shared_sd_fraction=0.06
)
"""Shape fitted to force plates with a contact threshold of 5 % BW: mean over rbds_fukuchi2017
(16 runners at 2.5, 3.5, 4.5 m/s, 50 Hz low-pass). Shared SD: 0.071 / 1.73 between the 87 rows of
sacral_grf_table, which was not used for the fit."""


@dataclass(frozen=True)
class PeakForce:
    """Peak vertical force per step; all arrays have shape ``(n_steps,)``.

    Attributes
    ----------
    peak_vgrf_bw : float64 array
        NaN where contact or flight time is not observed or the step is refused.
    step_sd_bw, shared_sd_bw : float64 array
        Error that is independent between steps, and error common to the session. NaN where the
        standard deviation of a time is not known.
    noise_sd_bw : float64 array
        The part of ``step_sd_bw`` that is noise of the measured times and therefore visible as
        scatter of ``peak_vgrf_bw``. The rest is the real force scattering about a smoother model.
        Only noise inflates a power sum (see ``damage.noise_inflation``).
    is_slope_invalid : bool array
        Known grade beyond the limit of the method; the force stands, with a wider error.
    is_refused : bool array
        Times were there but the force or the contact is beyond physiology.
    """

    peak_vgrf_bw: FloatArray
    step_sd_bw: FloatArray
    shared_sd_bw: FloatArray
    noise_sd_bw: FloatArray
    is_slope_invalid: NDArray[np.bool_]
    is_refused: NDArray[np.bool_]

    @property
    def sd_bw(self) -> FloatArray:
        """Standard deviation of one step's peak, both parts together, (n_steps,)."""
        return np.hypot(self.step_sd_bw, self.shared_sd_bw)


def duty_factor(contact_time_s: ArrayLike, step_time_s: ArrayLike) -> FloatArray:
    """Return the share of the stride in which one foot is on the ground, (n_steps,).

    Parameters
    ----------
    contact_time_s, step_time_s : (n_steps,) array_like
        A step lasts from one initial contact to that of the other foot. NaN gives NaN.
    """
    return np.asarray(contact_time_s, np.float64) / (2.0 * np.asarray(step_time_s, np.float64))


def peak_vertical_force(
    contact_time_s: ArrayLike,
    flight_time_s: ArrayLike,
    contact_time_sd_s: ArrayLike,
    step_time_sd_s: ArrayLike,
    settings: ForceSettings = MORIN_2005,
    grade_pct: ArrayLike = np.nan,
) -> PeakForce:
    """Estimate the peak vertical force of each step and its error from two times.

    ``F = k (t_c + t_f) / t_c`` BW: over a step the mean vertical force is one body weight, so the
    stance mean is ``(t_c + t_f) / t_c``, and the shape factor k leads from mean to peak. With
    step time ``t_s = t_c + t_f`` the error follows by the exact derivatives
    ``dF/dt_c = -F/t_c`` and ``dF/dt_s = F/t_s``, plus the error of the shape itself. Timing
    errors of contact and step are taken as uncorrelated; an error of the initial contact that
    both share lowers the true error, so this errs on the wide side.

    Parameters
    ----------
    contact_time_s, flight_time_s : (n_steps,) array_like
        Flight may be slightly negative (grounded running).
    contact_time_sd_s, step_time_sd_s : array_like, broadcast to (n_steps,)
        Standard deviation of the error of one step's contact and step time, shared part included.
    settings : ForceSettings
        ``MORIN_2005`` or ``CALIBRATED_LEVEL`` or a set of one's own.
    grade_pct : array_like, broadcast to (n_steps,)
        Slope in percent, uphill positive; NaN where unknown, then taken as level and not flagged.

    Returns
    -------
    PeakForce
        Empty input gives empty arrays.

    Notes
    -----
    Morin et al. 2005, doi:10.1123/jab.21.2.167, eq. 6; k is configurable (theirs: pi/2).
    """
    contact, flight, contact_sd, step_sd, grade = np.broadcast_arrays(
        *(
            np.atleast_1d(np.asarray(x, np.float64))
            for x in (contact_time_s, flight_time_s, contact_time_sd_s, step_time_sd_s, grade_pct)
        )
    )
    step_time = contact + flight
    usable = (contact >= MIN_CONTACT_TIME_S) & (contact <= MAX_CONTACT_TIME_S)
    peak = np.full(contact.shape, np.nan)
    np.divide(settings.shape_factor * step_time, contact, out=peak, where=usable)
    usable &= (peak >= MIN_PEAK_VGRF_BW) & (peak <= MAX_PEAK_VGRF_BW)
    peak[~usable] = np.nan

    timing_fraction = np.full(contact.shape, np.nan)
    timing_fraction[usable] = np.hypot(
        contact_sd[usable] / contact[usable], step_sd[usable] / step_time[usable]
    )
    shared = settings.timing_shared_variance_fraction
    sloped = np.abs(grade) > settings.level_grade_limit_pct
    shape_step = np.where(sloped, settings.slope_step_sd_fraction, settings.shape_step_sd_fraction)
    shape_shared = np.where(
        sloped, settings.slope_shared_sd_fraction, settings.shape_shared_sd_fraction
    )
    noise = peak * math.sqrt(1.0 - shared) * timing_fraction
    return PeakForce(
        peak_vgrf_bw=peak,
        step_sd_bw=_sum_sd(noise, peak * shape_step, settings.timing_shape_correlation),
        shared_sd_bw=_sum_sd(
            peak * math.sqrt(shared) * timing_fraction,
            peak * shape_shared,
            settings.timing_shape_correlation,
        ),
        noise_sd_bw=noise,
        is_slope_invalid=sloped,
        is_refused=np.isfinite(step_time) & ~usable,
    )


def _sum_sd(first: FloatArray, second: FloatArray, correlation: float) -> FloatArray:
    """Return the standard deviation of the sum of two correlated errors."""
    variance = first**2 + second**2 + 2.0 * correlation * first * second
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)), np.float64)


def centre_of_mass_drop(contact_time_s: ArrayLike, flight_time_s: ArrayLike) -> FloatArray:
    """Return how far the centre of mass sinks from touchdown to mid-stance, metres, (n_steps,).

    ``|dy| = F t_c^2 / pi^2 - g t_c^2 / 8`` with the half-sine's own peak ``F`` (per unit of mass).
    The minus sign is the published one; transcriptions often lose it and get four times as much.
    The half-sine is used whatever shape the peak force was calibrated to, because only it closes
    the impulse.

    Parameters
    ----------
    contact_time_s, flight_time_s : (n_steps,) array_like
        NaN gives NaN.

    Notes
    -----
    Morin et al. 2005, doi:10.1123/jab.21.2.167, eq. 7.
    """
    contact = np.asarray(contact_time_s, np.float64)
    step_time = contact + np.asarray(flight_time_s, np.float64)
    peak_mps2 = STANDARD_GRAVITY_MPS2 * HALF_SINE_SHAPE_FACTOR * step_time / contact
    return np.asarray(
        peak_mps2 * contact**2 / math.pi**2 - STANDARD_GRAVITY_MPS2 * contact**2 / 8.0, np.float64
    )


def vertical_oscillation(contact_time_s: ArrayLike, flight_time_s: ArrayLike) -> FloatArray:
    """Return the height between the lowest and highest point of the centre of mass, m, (n_steps,).

    The sink during contact plus the rise in flight, ``g t_f^2 / 8``, for a step that lands at the
    height it took off from. NaN where there is no flight (``flight_time_s < 0``): then the body
    is never in free fall and the formula says nothing.
    """
    flight = np.asarray(flight_time_s, np.float64)
    rise = STANDARD_GRAVITY_MPS2 * flight**2 / 8.0
    total = centre_of_mass_drop(contact_time_s, flight) + rise
    return np.where(flight >= 0.0, total, np.nan)


def vertical_stiffness(
    peak_vgrf_bw: ArrayLike, contact_time_s: ArrayLike, flight_time_s: ArrayLike
) -> FloatArray:
    """Return peak force over the sink of the centre of mass, BW per metre, (n_steps,).

    NaN in any input gives NaN, and so does a contact in which the centre of mass would not sink
    (long double support), where there is no spring. Morin et al. 2005,
    doi:10.1123/jab.21.2.167.
    """
    drop = centre_of_mass_drop(contact_time_s, flight_time_s)
    return np.asarray(peak_vgrf_bw, np.float64) / np.where(drop > 0.0, drop, np.nan)


def leg_compression(
    contact_time_s: ArrayLike,
    flight_time_s: ArrayLike,
    speed_mps: ArrayLike,
    height_m: ArrayLike,
) -> FloatArray:
    """Return how much the leg spring shortens in stance, metres, (n_steps,).

    ``dL = L - sqrt(L^2 - (v t_c / 2)^2) + |dy|`` with leg length ``L = 0.53`` of standing height.
    NaN where an input is unknown or the foot would travel further than the leg is long.
    Morin et al. 2005, doi:10.1123/jab.21.2.167.
    """
    leg = LEG_LENGTH_OVER_HEIGHT * np.asarray(height_m, np.float64)
    half_path = np.asarray(speed_mps, np.float64) * np.asarray(contact_time_s, np.float64) / 2.0
    reach = leg**2 - half_path**2
    arc = leg - np.sqrt(np.where(reach > 0.0, reach, np.nan))
    return np.asarray(arc + centre_of_mass_drop(contact_time_s, flight_time_s), np.float64)


def leg_stiffness(peak_vgrf_bw: ArrayLike, leg_compression_m: ArrayLike) -> FloatArray:
    """Return peak force over leg compression, BW per metre, (n_steps,); NaN gives NaN."""
    return np.asarray(peak_vgrf_bw, np.float64) / np.asarray(leg_compression_m, np.float64)


def half_sine_force(
    time_s: ArrayLike, contact_time_s: ArrayLike, flight_time_s: ArrayLike
) -> FloatArray:
    """Return the half-sine stance force in BW; its impulse is exactly one body weight per step.

    Parameters
    ----------
    time_s : array_like
        Seconds from initial contact. Outside ``0 .. contact_time_s`` the force is zero.
    contact_time_s, flight_time_s : array_like
        Broadcast against ``time_s``: scalars for one step, ``(n_steps, 1)`` against ``(n_times,)``
        for many. NaN gives NaN.

    Notes
    -----
    Morin et al. 2005, doi:10.1123/jab.21.2.167.
    """
    time, contact, flight = _broadcast(time_s, contact_time_s, flight_time_s)
    peak = HALF_SINE_SHAPE_FACTOR * (contact + flight) / contact
    force = peak * np.sin(math.pi * time / contact)
    return np.where((time < 0.0) | (time > contact), 0.0 * contact, force)


def two_mass_force(
    time_s: ArrayLike,
    contact_time_s: ArrayLike,
    flight_time_s: ArrayLike,
    impact_time_s: ArrayLike = np.nan,
    limb_mean_acc_g: ArrayLike = np.nan,
) -> FloatArray:
    """Return the stance force of the two-mass model in BW; the impulse closes by construction.

    The lower limb is stopped within ``2 * impact_time_s`` and makes a raised-cosine impact; the
    rest of the step's impulse makes a second raised cosine that peaks at 47 % of contact.

    Parameters
    ----------
    time_s, contact_time_s, flight_time_s : array_like
        As in `half_sine_force`.
    impact_time_s : array_like
        Touchdown to zero vertical velocity of the lower limb. NaN: no impact part is known, all
        impulse goes to the second mass.
    limb_mean_acc_g : array_like
        Mean vertical specific force of the lower limb over ``impact_time_s``, in g: what an
        accelerometer on it reads, gravity included.

    Raises
    ------
    ValueError
        Where the impact does not fit into the contact or carries more than the step's impulse.

    Notes
    -----
    Clark, Ryan & Weyand 2017, doi:10.1242/jeb.138057. The velocity change of the limb is taken
    from the accelerometer's mean, ``dv/dt + g``, instead of from markers.
    """
    time, contact, flight, impact, limb = _broadcast(
        time_s, contact_time_s, flight_time_s, impact_time_s, limb_mean_acc_g
    )
    no_impact = np.isnan(impact) | np.isnan(limb)
    limb_mean_bw = np.where(no_impact, 0.0, LOWER_LIMB_MASS_FRACTION * limb)
    half_width = np.where(no_impact, contact / 2.0, impact)
    limb_impulse = limb_mean_bw * 2.0 * half_width
    body_impulse = contact + flight - limb_impulse
    problems = []
    if np.any(half_width <= 0.0) or np.any(2.0 * half_width > contact * (1.0 + 1e-12)):
        problems.append("impact_time_s: expected more than 0 and at most half of contact_time_s")
    if np.any(limb_mean_bw < 0.0) or np.any(body_impulse < 0.0):
        problems.append(
            "limb_mean_acc_g: expected 0 or more, and an impact impulse below that of the step"
        )
    if problems:
        raise ValueError("two_mass_force: " + "; ".join(problems) + ". Check the impact's units.")
    peak_time = TWO_MASS_PEAK_FRACTION * contact
    body_half_width = np.where(time <= peak_time, peak_time, contact - peak_time)
    limb_part = _raised_cosine(time, 2.0 * limb_mean_bw, half_width, half_width)
    body_part = _raised_cosine(time, 2.0 * body_impulse / contact, peak_time, body_half_width)
    return np.asarray(limb_part + body_part, np.float64)


def blended_force(
    time_s: ArrayLike,
    contact_time_s: ArrayLike,
    flight_time_s: ArrayLike,
    shape_factor: float,
) -> FloatArray:
    """Return a stance force in BW between half-sine and raised cosine, with a given shape factor.

    ``F = w F_half-sine + (1 - w) F_two-mass`` (no impact part); w follows from `shape_factor`,
    pi/2 being the pure half-sine and 2 the pure raised cosine. Both parts close the impulse, so
    the blend does. The two parts peak 3 % of contact apart, so that the blend's peak lies below
    ``shape_factor`` times the stance mean, by at most 0.4 %.

    Raises
    ------
    ValueError
        Where `shape_factor` lies outside pi/2 to 2.
    """
    raised_cosine_factor = 2.0
    if not HALF_SINE_SHAPE_FACTOR <= shape_factor <= raised_cosine_factor:
        raise ValueError(
            f"shape_factor: got {shape_factor}, expected pi/2 (half-sine) to 2 (raised cosine)"
        )
    weight = (raised_cosine_factor - shape_factor) / (raised_cosine_factor - HALF_SINE_SHAPE_FACTOR)
    sine = half_sine_force(time_s, contact_time_s, flight_time_s)
    cosine = two_mass_force(time_s, contact_time_s, flight_time_s)
    return np.asarray(weight * sine + (1.0 - weight) * cosine, np.float64)


def _broadcast(*values: ArrayLike) -> tuple[FloatArray, ...]:
    """Bring all values to one shape as float64."""
    return tuple(np.broadcast_arrays(*(np.asarray(v, np.float64) for v in values)))


def _raised_cosine(
    time_s: FloatArray, peak_bw: FloatArray, peak_time_s: FloatArray, half_width_s: FloatArray
) -> FloatArray:
    """Return one raised-cosine pulse, zero outside its half-width, NaN where its width is NaN."""
    offset = time_s - peak_time_s
    pulse = peak_bw / 2.0 * (1.0 + np.cos(math.pi * offset / half_width_s))
    return np.where(np.abs(offset) > half_width_s, 0.0 * peak_bw, pulse)
