"""From daily damage to the three states that capacity and margin are made of, in closed form.

A day's damage is known with a lognormal error: a record gives its median and the SD of its
logarithm. Filters are linear, so they run on the expected damage; the fading sum is lognormal
again to a good approximation, with the mean and the variance of the sum (Fenton 1960,
doi:10.1109/TCOM.1960.1097606), so that its logarithm has mean ``log E[F] - v / 2`` and variance v.

Fatigue ``F_t = rho F_(t-1) + D_t`` fades with ``tau_F`` and is shown over its peak in a reference
week, chronic load ``A_t = lambda A_(t-1) + (1 - lambda) D_(t-1)`` follows slowly with ``tau_A`` and
leaves the day itself out, and a healing deficit fades with ``tau_H`` from the day of the injury.
Unit of damage: reference run (rr).
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loadcore._jit import kernel

__all__ = [
    "FATIGUE_FLOOR_RR",
    "MISSING_DAY_LOG_SD",
    "chronic_load",
    "expected_damage",
    "fatigue",
    "fatigue_log_variance",
    "fatigue_peak",
    "fill_missing_days",
    "healing",
    "lasting_log_variance",
    "log_chronic",
    "log_fatigue",
]

type FloatArray = NDArray[np.float64]

FATIGUE_FLOOR_RR: Final = 1e-4
"""Fatigue below this counts as this: 0.01 % of a reference run. Engineering choice, so that the
logarithm exists on a day without any load."""

MISSING_DAY_LOG_SD: Final = 1.0
"""Log-SD of the damage put in for a day that was not observed. Engineering choice: a factor of 7
either way at 95 %, from a rest day's rehabilitation to a long run."""

LOST_SESSION_LOG_SD: Final = 0.6
"""Log-SD of the damage put in for a session whose load was lost. Engineering choice: a factor of 3
either way at 95 %, from a short easy run to a long or fast one."""

NEAR_D: Final = 14
"""Days before and after that a day not observed is likened to: load grows over weeks. Engineering
choice."""


def fatigue_peak(tau_fatigue_d: ArrayLike) -> FloatArray:
    """Return the steady peak of fatigue under one reference run each Monday, Wednesday and Friday.

    ``g = (1 + rho^2 + rho^4) / (1 - rho^7)``, ``rho = exp(-1 / tau)``: Friday evening.

    Parameters
    ----------
    tau_fatigue_d : array_like
        Time constant, days.
    """
    tau = np.asarray(tau_fatigue_d, np.float64)
    return np.asarray(
        (1.0 + np.exp(-2.0 / tau) + np.exp(-4.0 / tau)) / -np.expm1(-7.0 / tau), np.float64
    )


def fatigue(damage_rr: ArrayLike, tau_d: ArrayLike, start_rr: ArrayLike = 0.0) -> FloatArray:
    """Return the fading sum of damage at the end of each day.

    Parameters
    ----------
    damage_rr : (n_days, n_units) array_like
        Without missing days (`fill_missing_days`).
    tau_d : (n_draws, n_units) array_like
        Time constants, days.
    start_rr : array_like, broadcast to (n_draws, n_units)
        The sum at the end of the day before the first.

    Returns
    -------
    (n_draws, n_days, n_units) array
    """
    damage, tau = _checked(damage_rr, tau_d)
    start = np.ascontiguousarray(np.broadcast_to(np.asarray(start_rr, np.float64), tau.shape))
    return _leaky_sum(damage, np.exp(-1.0 / tau), np.ones_like(tau), start)


def chronic_load(damage_rr: ArrayLike, tau_d: ArrayLike, start_rr: ArrayLike = 0.0) -> FloatArray:
    """Return the slow average of damage per day, as it stands in the morning of each day.

    Parameters
    ----------
    damage_rr, tau_d
        As in `fatigue`.
    start_rr : array_like, broadcast to (n_draws, n_units)
        The average in the morning of the first day.

    Returns
    -------
    (n_draws, n_days + 1, n_units) array
        The last entry is the morning after the last day.
    """
    damage, tau = _checked(damage_rr, tau_d)
    kept = np.exp(-1.0 / tau)
    start = np.broadcast_to(np.asarray(start_rr, np.float64), tau.shape)
    evenings = _leaky_sum(damage, kept, 1.0 - kept, np.ascontiguousarray(start))
    return np.concatenate((start[:, None, :], evenings), axis=1)


def log_fatigue(fatigue_rr: ArrayLike, tau_d: ArrayLike) -> FloatArray:
    """Return log normalised fatigue; 0 is the peak of the reference week.

    Parameters
    ----------
    fatigue_rr, tau_d : array_like
        Broadcast against each other.
    """
    bounded = np.maximum(np.asarray(fatigue_rr, np.float64), FATIGUE_FLOOR_RR)
    return np.asarray(np.log(bounded) - np.log(fatigue_peak(tau_d)), np.float64)


def log_chronic(chronic_rr: ArrayLike, offset_rr: float, reference_rr: float) -> FloatArray:
    """Return ``log((A + a) / (A_ref + a))``; 0 is the reference week, finite without any load.

    Parameters
    ----------
    chronic_rr : array_like
        A, reference runs a day.
    offset_rr, reference_rr : float
        a and A_ref, the same unit.
    """
    level = np.asarray(chronic_rr, np.float64)
    return np.asarray(np.log((level + offset_rr) / (reference_rr + offset_rr)), np.float64)


def healing(days_since_injury: ArrayLike, tau_d: ArrayLike) -> FloatArray:
    """Return the share of an injury's deficit that is left; 0 for a unit never injured (inf).

    Parameters
    ----------
    days_since_injury : array_like
        Infinite where there was none; negative (before the injury) counts as none.
    tau_d : array_like
        Time constant of healing, days.
    """
    days = np.asarray(days_since_injury, np.float64)
    left = np.exp(-np.maximum(days, 0.0) / np.asarray(tau_d, np.float64))
    return np.asarray(np.where(days < 0.0, 0.0, left), np.float64)


def expected_damage(damage_rr: ArrayLike, damage_log_sd: ArrayLike) -> FloatArray:
    """Return the mean of damage with a lognormal error.

    Parameters
    ----------
    damage_rr, damage_log_sd : array_like
        Median, and SD of the logarithm.
    """
    spread = np.square(np.asarray(damage_log_sd, np.float64))
    return np.asarray(np.asarray(damage_rr, np.float64) * np.exp(0.5 * spread), np.float64)


def fatigue_log_variance(
    damage_rr: ArrayLike, damage_log_sd: ArrayLike, tau_d: ArrayLike
) -> FloatArray:
    """Return the variance of log fatigue that comes from not knowing each day's damage exactly.

    Days err independently and lognormally; an error common to all days moves a runner's tolerance
    along with it and needs no place here.

    Parameters
    ----------
    damage_rr, damage_log_sd : (n_days, n_units) array_like
        Expected damage and the SD of its logarithm; without missing days.
    tau_d : (n_draws, n_units) array_like

    Returns
    -------
    (n_draws, n_days, n_units) array
    """
    damage, tau = _checked(damage_rr, tau_d)
    kept = np.exp(-1.0 / tau)
    spread = damage**2 * np.expm1(np.asarray(damage_log_sd, np.float64) ** 2)
    none = np.zeros_like(tau)
    total = np.maximum(_leaky_sum(damage, kept, np.ones_like(tau), none), FATIGUE_FLOOR_RR)
    variance = _leaky_sum(spread, kept**2, np.ones_like(tau), none)
    return np.asarray(np.log1p(variance / total**2), np.float64)


def lasting_log_variance(
    damage_rr: ArrayLike, damage_log_sd: ArrayLike, tau_d: ArrayLike, answered: ArrayLike
) -> FloatArray:
    """Return what days that share errors add to the variance of a unit's mean log fatigue.

    An error of one day's damage stays in the fading sum, so that answers of days close to each
    other err together: their mean is less certain than if each erred alone. First order in the
    relative errors of the days.

    Parameters
    ----------
    damage_rr, damage_log_sd : (n_days, n_units) array_like
        Expected damage and the SD of its logarithm; without missing days.
    tau_d : (n_units,) array_like
    answered : (n_days, n_units) array_like of bool
        Days whose mean is meant.

    Returns
    -------
    (n_units,) array
        Variance of the mean of the answered days' errors, less that of as many independent errors;
        0 or more, 0 without an answer.
    """
    tau = np.asarray(tau_d, np.float64)[None]
    damage, tau = _checked(damage_rr, tau)
    log_sd = np.asarray(damage_log_sd, np.float64)
    said = np.asarray(answered, np.bool_)
    n = np.maximum(said.sum(axis=0), 1)
    kept, none = np.exp(-1.0 / tau), np.zeros_like(tau)
    total = np.maximum(_leaky_sum(damage, kept, np.ones_like(tau), none)[0], FATIGUE_FLOOR_RR)
    # Share of each day's damage in the answered days' sums, added up backwards in time.
    later = np.ascontiguousarray((said / total)[::-1])
    share = damage * _leaky_sum(later, kept, np.ones_like(tau), none)[0, ::-1] / n
    together = np.sum(share**2 * np.expm1(log_sd**2), axis=0)
    each = np.expm1(fatigue_log_variance(damage, log_sd, tau)[0])
    alone = np.where(said, each, 0.0).sum(axis=0) / n**2
    return np.asarray(np.maximum(together - alone, 0.0), np.float64)


def fill_missing_days(
    damage_rr: ArrayLike, damage_log_sd: ArrayLike, exposed: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Expect the mean of days nearby where a day was not observed, and say how little is known.

    A session whose load was lost is expected to be the unit's mean session of `NEAR_D` days before
    and after, any other day its mean day of that time; where nothing was observed then, the mean
    of the whole record, and for want of a session the mean day.

    Parameters
    ----------
    damage_rr, damage_log_sd : (n_days, n_units) array_like
        Median and SD of the logarithm. NaN damage is a day not observed; 0 is a day without load.
    exposed : (n_days,) array_like of bool
        Days with a session.

    Returns
    -------
    damage_rr, damage_log_sd : (n_days, n_units) arrays
        Filled days have log-SD `MISSING_DAY_LOG_SD`, lost sessions `LOST_SESSION_LOG_SD`, and a
        median whose expectation is that mean. A unit never observed gets 0.
    """
    damage = np.array(damage_rr, np.float64)
    log_sd = np.array(np.broadcast_to(np.asarray(damage_log_sd, np.float64), damage.shape))
    ran = np.asarray(exposed, np.bool_)[:, None]
    missing = np.isnan(damage)
    unknown = np.where(ran, LOST_SESSION_LOG_SD, MISSING_DAY_LOG_SD)
    log_sd = np.where(missing, unknown, np.nan_to_num(log_sd, nan=MISSING_DAY_LOG_SD))
    if not missing.any():
        return damage, log_sd
    expected = np.where(missing, 0.0, expected_damage(damage, log_sd))
    of_day = _mean_nearby(expected, ~missing, 0.0)
    of_session = _mean_nearby(expected, ~missing & ran, of_day)
    mean = np.where(ran, of_session, of_day)
    return np.where(missing, mean / expected_damage(1.0, log_sd), damage), log_sd


def _mean_nearby(values: FloatArray, used: NDArray[np.bool_], otherwise: ArrayLike) -> FloatArray:
    """Return the mean of used values about each day; of all used ones; or what is given instead."""
    total = np.where(used, values, 0.0).sum(axis=0)
    count = used.sum(axis=0)
    whole = np.where(count > 0, total / np.maximum(count, 1), otherwise)
    width = 2 * NEAR_D + 1
    near = _windows(np.where(used, values, 0.0), width)
    n_near = _windows(used.astype(np.float64), width)
    # Sums of ones are whole numbers: below a half there is none.
    return np.asarray(np.where(n_near > 0.5, near / np.maximum(n_near, 1.0), whole), np.float64)


def _windows(values: FloatArray, width: int) -> FloatArray:
    """Return the sums of odd windows about each row, cut off at the ends."""
    half = width // 2
    padded = np.pad(values, ((half + 1, half), (0, 0)))
    running = np.cumsum(padded, axis=0)
    return np.asarray(running[width:] - running[:-width], np.float64)


def _checked(damage_rr: ArrayLike, tau_d: ArrayLike) -> tuple[FloatArray, FloatArray]:
    damage = np.ascontiguousarray(damage_rr, np.float64)
    tau = np.ascontiguousarray(tau_d, np.float64)
    problems = []
    if damage.ndim != 2 or tau.ndim != 2 or damage.shape[1] != tau.shape[1]:
        problems.append(
            f"damage and tau: got shapes {damage.shape} and {tau.shape}, expected (days, units) "
            "and (draws, units)"
        )
    if np.any(~np.isfinite(damage)) or np.any(damage < 0.0):
        problems.append(
            "damage: got missing, infinite or negative values, expected 0 or more; fill days that "
            "were not observed first"
        )
    if np.any(~(tau > 0.0)):
        problems.append("tau: expected positive days")
    if problems:
        raise ValueError("; ".join(problems))
    return damage, tau


@kernel
def _leaky_sum(
    inflow: FloatArray, kept: FloatArray, share: FloatArray, start: FloatArray
) -> FloatArray:
    """Run ``y_t = kept y_(t-1) + share inflow_t`` for every draw and unit."""
    n_days, n_units = inflow.shape
    n_draws = kept.shape[0]
    level = np.empty((n_draws, n_days, n_units))
    for s in range(n_draws):
        for u in range(n_units):
            value = start[s, u]
            for t in range(n_days):
                value = kept[s, u] * value + share[s, u] * inflow[t, u]
                level[s, t, u] = value
    return level
