"""Sums over steps: load (exponent 1) and damage (exponent above 1), their errors, their memory.

Damage follows Miner's rule with cycles to failure ``N_f ~ F^-b``: a step at force F costs
``(F / F_ref)^b`` reference steps. Loading rate stays out of damage (Edwards 2018,
doi:10.1249/JES.0000000000000163).

Errors are taken as lognormal, in three parts that act differently on a power sum: **noise** makes
the measured force scatter about the true one, so the sum comes out too large and is corrected,
either step by step (`step_damage`) or, better where there are other steps to tell from, by drawing
uncertain steps toward the session before the power is taken (`shrink_to_session`);
**step** error (noise included) averages out over many steps; **shared** error hits all steps of a
session alike and does not. A sum is the median of what is believed, and its standard deviation
``sd`` means a lognormal of log-SD ``sqrt(log(1 + (sd / total)^2))`` about it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loadcore._jit import kernel

__all__ = [
    "FATIGUE_EXPONENTS",
    "LOAD_EXPONENT",
    "SPIKE_THRESHOLDS",
    "DamageSum",
    "DecayedLoad",
    "LongestRatio",
    "combine_sums",
    "decayed_load",
    "equivalent_force",
    "lognormal_interval",
    "longest_ratio",
    "noise_inflation",
    "noise_inflation_second_order",
    "power_relative_sd",
    "shrink_to_session",
    "step_damage",
    "sum_damage",
    "tendon_local_exponent",
    "weighted_impulse",
    "weighted_impulse_half_sine",
]

type FloatArray = NDArray[np.float64]

LOAD_EXPONENT: Final = 1.0
"""The exponent of load; anything above it is damage."""

FATIGUE_EXPONENTS: Final = (6.6, 9.0, 7.0)
"""Fatigue exponent b in the order of ``constants.TISSUES``. Cortical bone 6.6 (Edwards 2009,
doi:10.1249/MSS.0b013e3181a984c4); tendon 9 (after Wren, as used by Firminger 2020,
doi:10.1249/mss.0000000000002287; bands 7 and 11: see `tendon_local_exponent`). No exponent for
cartilage was found: 7 is an engineering choice. None is checked against the original, so results
are shown with bands."""

SPIKE_THRESHOLDS: Final = (1.1, 1.3, 2.0)
"""Session over the longest of the last 30 days: above these, hazard ratios of 1.64, 1.52, 2.28
(Frandsen 2025, doi:10.1136/bjsports-2024-109380). There it was distance; that it carries over to
computed load is a hypothesis."""

SPIKE_WINDOW_DAYS: Final = 30.0
"""Days before the session that count (same source)."""

MAX_RELATIVE_FORCE: Final = 5.0
"""Beyond physiology. A sprint has about 2.3 times the vertical force of easy running and a
forefoot strike 1.4 times the tendon's lever (load.md D); engineering choice: 1.5 times both."""

NORMAL_QUANTILE_95: Final = 1.6448536269514722
"""Standard normal quantile that leaves 5 % on each side."""

MIN_NEIGHBOURS: Final = 8
"""Fewer pairs of successive steps do not tell how noisy they are. Engineering choice."""
NORMAL_WITHIN_ONE_SD: Final = 0.6826894921370859
"""Share of a normal distribution within one standard deviation of its mean."""

SPREAD_BISECTIONS: Final = 40
"""Halvings in the search for the spread of a session's forces: to 1e-12 of the bracket."""

SCHECHTMAN_SLOPE_PCT: Final = 14.8
"""Stress lost per decade of cycles, percent of 100 MPa, human tendon (Schechtman & Bader 1997,
pubmed 9239568): S = 101.3 - 14.8 log10 N."""


@dataclass(frozen=True)
class DamageSum:
    """Sum over the observed steps of one or more sessions, in reference-step equivalents.

    Attributes
    ----------
    n_steps : int
        Steps with a force; the others are not in the sum.
    total : float
        NaN where no step was observed.
    independent_sd, shared_sd : float
        Error that averages out with more steps, and error common to them. NaN where not known.
    """

    n_steps: int
    total: float
    independent_sd: float
    shared_sd: float

    @property
    def sd(self) -> float:
        """Both errors together: they multiply the same sum, so their relative sizes compound."""
        if not self.total > 0.0:
            return math.nan
        independent = (self.independent_sd / self.total) ** 2
        shared = (self.shared_sd / self.total) ** 2
        return self.total * math.sqrt((1.0 + independent) * (1.0 + shared) - 1.0)


@dataclass(frozen=True)
class DecayedLoad:
    """Exponentially fading sum of load; arrays have shape ``(n_times,)``.

    Attributes
    ----------
    value : float64 array
        Sum over the observed entries, each faded by ``exp(-age / tau)``, the entry's own included.
    derivative_per_day : float64 array
        Exact derivative of ``value`` with respect to ``tau_days``.
    observed_fraction : float64 array
        Share of the fading weight that lies on observed entries: 1 where nothing is missing. The
        value knows nothing of the rest, so that a caller must decide, not this function.
    """

    value: FloatArray
    derivative_per_day: FloatArray
    observed_fraction: FloatArray


@dataclass(frozen=True)
class LongestRatio:
    """Each session against the longest of the days before; arrays have shape ``(n_sessions,)``.

    Attributes
    ----------
    ratio : float64 array
        NaN where the session is not observed or nothing above zero was before it in the window.
    flag : int8 array
        How many of ``SPIKE_THRESHOLDS`` the ratio exceeds; -1 where it is NaN.
    is_window_complete : bool array
        False where an earlier session in the window is not observed: the ratio is then at most
        what is given. Also False where there is none.
    """

    ratio: FloatArray
    flag: NDArray[np.int8]
    is_window_complete: NDArray[np.bool_]


def noise_inflation(cv: ArrayLike, exponent: float) -> FloatArray:
    """Return how much unbiased lognormal noise inflates the mean of a power, exactly.

    ``E[(1 + e)^b] = (1 + CV^2)^(b (b - 1) / 2)``.

    Parameters
    ----------
    cv : array_like
        Standard deviation over mean of one step's noise. NaN gives NaN.
    exponent : float
        b; 1 gives 1.
    """
    squared = np.asarray(cv, np.float64) ** 2
    return np.asarray((1.0 + squared) ** (exponent * (exponent - 1.0) / 2.0), np.float64)


def noise_inflation_second_order(cv: ArrayLike, exponent: float) -> FloatArray:
    """Return ``1 + b (b - 1) / 2 CV^2``, good for any noise that is small and unbiased."""
    squared = np.asarray(cv, np.float64) ** 2
    return np.asarray(1.0 + exponent * (exponent - 1.0) / 2.0 * squared, np.float64)


def power_relative_sd(cv: ArrayLike, exponent: float) -> FloatArray:
    """Return SD over mean of a lognormal quantity raised to a power: ``sqrt((1+CV^2)^(b^2) - 1)``.

    Parameters
    ----------
    cv : array_like
        SD over mean of the quantity. NaN gives NaN.
    exponent : float
        b; 1 gives ``cv`` back.
    """
    squared = np.asarray(cv, np.float64) ** 2
    return np.asarray(np.sqrt(np.expm1(exponent**2 * np.log1p(squared))), np.float64)


def step_damage(
    relative_force: ArrayLike, exponent: float, noise_fraction: ArrayLike = 0.0
) -> FloatArray:
    """Return the cost of each step in reference steps, corrected for measurement noise.

    Parameters
    ----------
    relative_force : array_like
        Peak force over the runner's reference force; NaN gives NaN.
    exponent : float
        1 for load, the tissue's fatigue exponent for damage.
    noise_fraction : array_like
        Noise of the measured force over the force (``PeakForce.noise_sd_bw``). NaN (not known):
        no correction; the sum's error is then NaN as well.

    Raises
    ------
    ValueError
        For forces that are negative or beyond physiology, or an exponent below 1.
    """
    force = np.asarray(relative_force, np.float64)
    noise = np.asarray(noise_fraction, np.float64)
    problems = []
    if not (math.isfinite(exponent) and exponent >= LOAD_EXPONENT):
        problems.append(f"exponent: got {exponent}, expected 1 (load) or more (damage)")
    wrong = force[(force < 0.0) | (force > MAX_RELATIVE_FORCE)]
    if wrong.size:
        problems.append(
            f"relative_force: {wrong.size} of {force.size} steps from {wrong.min():.3g} to "
            f"{wrong.max():.3g}, expected 0 to {MAX_RELATIVE_FORCE:g} times the reference; check "
            "units, contact times and the reference force"
        )
    if np.any(noise < 0.0):
        problems.append("noise_fraction: got negative values, expected 0 or more")
    if problems:
        raise ValueError("; ".join(problems))
    known = np.where(np.isnan(noise), 0.0, noise)
    inflation = noise_inflation(known, exponent) if known.any() else 1.0
    return np.asarray(force**exponent / inflation, np.float64)


def shrink_to_session(
    relative_force: ArrayLike, noise_fraction: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Return what is believed of each step's force after all steps of the session were seen.

    A step with a wide error says little that the others do not say better, yet a ninth power
    makes it dominate the sum. So the logarithm of each force is drawn toward the session's mean,
    by its noise against the spread of the true forces.

    Parameters
    ----------
    relative_force : (n_steps,) array_like
        As in `step_damage`, the steps of one recording or session in time order; NaN stays NaN.
    noise_fraction : array_like, broadcast to (n_steps,)
        Noise of the measured force over the force. A step whose noise is NaN (not known) or zero
        stays as it is. Where successive steps differ by less than this says, it is scaled down to
        what they differ by: noise that is there shows.

    Returns
    -------
    force : (n_steps,) float64 array
        Expected force.
    noise_fraction : (n_steps,) float64 array
        Standard deviation that is left, over the force. The expected power of a step is
        ``force**b * noise_inflation(noise_fraction, b)``, and its sum over steps is unbiased.

    Notes
    -----
    Normal-normal empirical Bayes on the logarithm; the spread between true forces is the moment
    estimate of Paule & Mandel 1982 (doi:10.6028/jres.087.022), found by bisection.
    """
    force, noise = np.broadcast_arrays(
        np.atleast_1d(np.asarray(relative_force, np.float64)),
        np.atleast_1d(np.asarray(noise_fraction, np.float64)),
    )
    believed, left = force.copy(), noise.copy()
    told = (force > 0.0) & np.isfinite(noise)
    variance = np.log1p(noise[told] ** 2)
    if variance.size < 2 or not variance.any():
        return believed, left
    variance *= _share_of_noise_seen(np.log(force[told]), variance) ** 2
    left[told] = np.sqrt(np.expm1(variance))
    log_force = np.log(force[told]) + variance / 2.0  # the measured force, not its log, is unbiased
    spread, mean = _spread_of_true(log_force, variance)
    kept = np.divide(spread, spread + variance, out=np.ones_like(variance), where=variance > 0.0)
    remaining = kept * variance
    believed[told] = np.exp(mean + kept * (log_force - mean) + remaining / 2.0)
    left[told] = np.sqrt(np.expm1(remaining))
    return believed, left


def _share_of_noise_seen(value: FloatArray, variance: FloatArray) -> float:
    """Return by how much successive values differ, over what their noise alone would do; at most 1.

    True forces differ, too, so that what is seen is the most that noise can be. By a quantile, so
    that a few steps far out, or a change of speed, have no say.
    """
    both = variance[1:] + variance[:-1]
    differ = np.abs(np.diff(value))[both > 0.0]
    if differ.size < MIN_NEIGHBOURS:
        return 1.0
    seen = float(np.quantile(differ / np.sqrt(both[both > 0.0]), NORMAL_WITHIN_ONE_SD))
    return min(1.0, seen)


def _spread_of_true(value: FloatArray, variance: FloatArray) -> tuple[float, float]:
    """Return variance and mean of the true values behind noisy ones of known noise variance."""

    def mean_and_excess(spread: float) -> tuple[float, float]:
        weight = 1.0 / (spread + variance)
        mean = float((weight * value).sum() / weight.sum())
        return mean, float((weight * (value - mean) ** 2).sum()) - (value.size - 1)

    # Below the smallest noise the weights of exact steps would be infinite.
    low, high = 1e-12, float(np.var(value)) * 2.0 + 1e-12
    if mean_and_excess(low)[1] <= 0.0:
        return low, mean_and_excess(low)[0]
    for _ in range(SPREAD_BISECTIONS):
        middle = (low + high) / 2.0
        if mean_and_excess(middle)[1] > 0.0:
            low = middle
        else:
            high = middle
    return high, mean_and_excess(high)[0]


def sum_damage(
    relative_force: ArrayLike,
    exponent: float,
    *,
    noise_fraction: ArrayLike = 0.0,
    step_fraction: ArrayLike = 0.0,
    shared_fraction: ArrayLike = 0.0,
) -> DamageSum:
    """Sum the cost of a session's steps and say how sure the sum is.

    Parameters
    ----------
    relative_force : (n_steps,) array_like
        As in `step_damage`. Steps that are NaN are left out, never counted as zero.
    exponent : float
        1 for load, the tissue's fatigue exponent for damage.
    noise_fraction, step_fraction, shared_fraction : array_like, broadcast to (n_steps,)
        Errors of one step's force over the force: measurement noise, all that is independent
        between steps (noise included), all that is common to the session.

    Returns
    -------
    DamageSum
        The shared error of the sum is that of all steps in perfect step, on the logarithm: one
        step whose error is very wide moves the sum by its share and no more. Empty input gives NaN
        and zero steps.

    Notes
    -----
    Miner's rule as in Firminger 2020, doi:10.1249/mss.0000000000002287; the error terms are the
    exact moments of lognormal errors (own derivation).
    """
    force, noise, step, shared = np.broadcast_arrays(
        *(
            np.atleast_1d(np.asarray(x, np.float64))
            for x in (relative_force, noise_fraction, step_fraction, shared_fraction)
        )
    )
    cost = step_damage(force, exponent, noise)
    observed = np.isfinite(cost)
    cost, noise, step, shared = (x[observed] for x in (cost, noise, step, shared))
    if cost.size == 0:
        return DamageSum(0, math.nan, math.nan, math.nan)
    # The squared measured cost is itself inflated by noise; undo that, too.
    noise_in_square = (1.0 + noise**2) ** exponent**2 if noise.any() else 1.0
    variance = cost**2 * power_relative_sd(step, exponent) ** 2 / noise_in_square
    return DamageSum(
        n_steps=int(cost.size),
        total=float(cost.sum()),
        independent_sd=float(np.sqrt(variance.sum())),
        shared_sd=_shared_sd(cost, shared, exponent),
    )


def _shared_sd(cost: FloatArray, shared: FloatArray, exponent: float) -> float:
    """Return the error of a sum whose terms err in perfect step, each by its own part.

    ``d log D / dz`` of ``D(z) = sum cost exp(b s z)`` at 0: the mean log-SD, weighted by cost.
    """
    total = float(cost.sum())
    if not total > 0.0:
        return 0.0
    log_sd = exponent * float((cost * np.sqrt(np.log1p(shared**2))).sum()) / total
    return total * math.sqrt(math.expm1(log_sd**2))


def combine_sums(parts: Sequence[DamageSum]) -> DamageSum:
    """Add parts that share their shared error (pieces of one session, the two sides of one sensor).

    Parts without an observed step are left out; none at all gives NaN and zero steps.
    """
    observed = [part for part in parts if part.n_steps > 0]
    if not observed:
        return DamageSum(0, math.nan, math.nan, math.nan)
    return DamageSum(
        n_steps=sum(part.n_steps for part in observed),
        total=math.fsum(part.total for part in observed),
        independent_sd=math.hypot(*(part.independent_sd for part in observed)),
        shared_sd=math.fsum(part.shared_sd for part in observed),
    )


def lognormal_interval(
    total: ArrayLike, sd: ArrayLike, normal_quantile: float = NORMAL_QUANTILE_95
) -> tuple[FloatArray, FloatArray]:
    """Return lower and upper bound of a sum from its median and SD; 90 % by default.

    Parameters
    ----------
    total, sd : array_like
        As in `DamageSum`. NaN gives NaN.
    normal_quantile : float
        Standard normal quantile of the upper bound.
    """
    middle = np.asarray(total, np.float64)
    relative: FloatArray = np.full(np.broadcast_shapes(middle.shape, np.shape(sd)), np.nan)
    np.divide(np.asarray(sd, np.float64), middle, out=relative, where=middle > 0.0)
    spread = np.exp(normal_quantile * np.sqrt(np.log1p(relative**2)))
    return np.asarray(middle / spread, np.float64), np.asarray(middle * spread, np.float64)


def equivalent_force(
    total: ArrayLike, n_steps: ArrayLike, reference_force_bw: ArrayLike, exponent: float
) -> FloatArray:
    """Return the constant force that would do the same damage in as many steps, in BW.

    ``F_eq = F_ref (D_b / N)^(1/b)``; NaN without steps.

    Parameters
    ----------
    total : array_like
        Sum in reference-step equivalents.
    n_steps, reference_force_bw : array_like
        Steps in the sum and the force of a reference step.
    exponent : float
        The exponent of `total`.
    """
    steps = np.asarray(n_steps, np.float64)
    mean: FloatArray = np.full(np.broadcast_shapes(np.shape(total), steps.shape), np.nan)
    np.divide(np.asarray(total, np.float64), steps, out=mean, where=steps > 0.0)
    return np.asarray(np.asarray(reference_force_bw, np.float64) * mean ** (1.0 / exponent))


def weighted_impulse(
    relative_force: ArrayLike, sampling_interval_s: float, exponent: float
) -> float:
    """Return the time integral of ``(F / F_ref)^b`` over a sampled force curve, seconds.

    Trapezoids between samples; a pair with a NaN is left out. Firminger 2020,
    doi:10.1249/mss.0000000000002287.

    Parameters
    ----------
    relative_force : (n_samples,) array_like
        Force over the reference force, none negative.
    sampling_interval_s : float
        Seconds between samples.
    exponent : float
        1 gives the plain impulse.
    """
    weighted = step_damage(relative_force, exponent)
    return float(np.nansum((weighted[1:] + weighted[:-1]) / 2.0) * sampling_interval_s)


def weighted_impulse_half_sine(
    relative_force: ArrayLike, contact_time_s: ArrayLike, exponent: float
) -> FloatArray:
    """Return the weighted impulse of half-sine steps from their peaks, in closed form, seconds.

    The integral of ``sin(pi x)^b`` over 0 to 1 is ``Gamma((b+1)/2) / (sqrt(pi) Gamma(b/2 + 1))``.

    Parameters
    ----------
    relative_force, contact_time_s : (n_steps,) array_like
        Peak over reference force, and contact time. NaN gives NaN.
    exponent : float
        1 gives the plain impulse, ``2/pi`` of peak times contact time.
    """
    mean_of_power = math.exp(
        math.lgamma((exponent + 1.0) / 2.0) - math.lgamma(exponent / 2.0 + 1.0)
    ) / math.sqrt(math.pi)
    contact = np.asarray(contact_time_s, np.float64)
    return np.asarray(step_damage(relative_force, exponent) * contact * mean_of_power, np.float64)


def tendon_local_exponent(stress_pct: ArrayLike) -> FloatArray:
    """Return the power-law exponent that matches the measured fatigue line of tendon at a stress.

    The line is semi-logarithmic, so no single exponent is right: ``b = S ln(10) / 14.8`` is 7.8
    at half the strength and 10.9 at 70 %.

    Parameters
    ----------
    stress_pct : array_like
        Stress in percent of 100 MPa (Schechtman & Bader 1997, pubmed 9239568).
    """
    return np.asarray(stress_pct, np.float64) * math.log(10.0) / SCHECHTMAN_SLOPE_PCT


def decayed_load(
    time_days: ArrayLike, load: ArrayLike, tau_days: float, initial_value: float = 0.0
) -> DecayedLoad:
    """Return the fading sum of loads at each of their times, with its derivative.

    ``y_i = y_(i-1) exp(-(t_i - t_(i-1)) / tau) + load_i`` and, exactly,
    ``y'_i = exp(-dt / tau) (y'_(i-1) + y_(i-1) dt / tau^2)``.

    Parameters
    ----------
    time_days : (n_times,) array_like
        In order; equal times are allowed. For a daily series one entry a day, rest days as 0.
    load : (n_times,) array_like
        NaN is "not observed": it adds nothing and lowers ``observed_fraction``.
    tau_days : float
        Time constant; the half-life is ``tau ln 2``.
    initial_value : float
        The sum just before the first entry, without dependence on tau.

    Raises
    ------
    ValueError
        For a time constant that is not positive, times out of order, or unequal lengths.
    """
    time = np.ascontiguousarray(time_days, np.float64)
    values = np.ascontiguousarray(load, np.float64)
    problems = []
    if not (math.isfinite(tau_days) and tau_days > 0.0):
        problems.append(f"tau_days: got {tau_days}, expected a positive number")
    problems.extend(_series_problems(time, values))
    if problems:
        raise ValueError("; ".join(problems))
    return DecayedLoad(*_decayed_load(time, values, float(tau_days), float(initial_value)))


def longest_ratio(
    time_days: ArrayLike, load: ArrayLike, window_days: float = SPIKE_WINDOW_DAYS
) -> LongestRatio:
    """Compare each session with the longest one of the days before it.

    Parameters
    ----------
    time_days : (n_sessions,) array_like
        In order. An earlier entry counts while it is at most `window_days` old; the session
        itself does not.
    load : (n_sessions,) array_like
        Load, damage or distance of the session, always the same one. NaN is not observed.
    window_days : float
        30 in the source.

    Raises
    ------
    ValueError
        For times out of order, unequal lengths or a negative load.

    Notes
    -----
    Frandsen 2025, doi:10.1136/bjsports-2024-109380.
    """
    time = np.ascontiguousarray(time_days, np.float64)
    values = np.ascontiguousarray(load, np.float64)
    problems = _series_problems(time, values)
    if np.any(values < 0.0):
        problems.append("load: got negative values, expected 0 or more")
    if problems:
        raise ValueError("; ".join(problems))
    longest, complete = _longest_before(time, values, float(window_days))
    ratio: FloatArray = np.full(values.shape, np.nan)
    np.divide(values, longest, out=ratio, where=longest > 0.0)
    exceeded = sum((ratio > threshold).astype(np.int8) for threshold in SPIKE_THRESHOLDS)
    flag = np.where(np.isnan(ratio), np.int8(-1), exceeded).astype(np.int8)
    return LongestRatio(ratio, flag, complete)


def _series_problems(time: FloatArray, values: FloatArray) -> list[str]:
    """Return what is wrong with a series over time."""
    problems = []
    if time.ndim != 1 or time.shape != values.shape:
        problems.append(
            f"time_days and load: got shapes {time.shape} and {values.shape}, expected two equal "
            "one-dimensional arrays"
        )
    elif np.any(~np.isfinite(time)) or np.any(np.diff(time) < 0.0):
        problems.append("time_days: expected finite numbers in order; sort the sessions by date")
    if np.any(np.isinf(values)):
        problems.append("load: got infinite values, expected finite numbers or NaN")
    return problems


@kernel
def _fade(value: float, derivative: float, gap_days: float, tau_days: float) -> tuple[float, float]:
    """Carry a fading sum and its derivative over a gap."""
    kept = math.exp(-gap_days / tau_days)
    return kept * value, kept * (derivative + value * gap_days / tau_days**2)


@kernel
def _decayed_load(
    time_days: FloatArray, load: FloatArray, tau_days: float, initial_value: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Run the recursion of `decayed_load`."""
    n_times = time_days.size
    value = np.empty(n_times)
    derivative = np.empty(n_times)
    observed_fraction = np.empty(n_times)
    level, slope = initial_value, 0.0
    weight_all, weight_observed = 0.0, 0.0
    for i in range(n_times):
        if i > 0:
            gap_days = time_days[i] - time_days[i - 1]
            level, slope = _fade(level, slope, gap_days, tau_days)
            kept = math.exp(-gap_days / tau_days)
            weight_all *= kept
            weight_observed *= kept
        weight_all += 1.0
        if not np.isnan(load[i]):
            level += load[i]
            weight_observed += 1.0
        value[i] = level
        derivative[i] = slope
        observed_fraction[i] = weight_observed / weight_all
    return value, derivative, observed_fraction


@kernel
def _longest_before(
    time_days: FloatArray, load: FloatArray, window_days: float
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the largest earlier load within the window and whether all of it was observed."""
    n_sessions = time_days.size
    longest = np.full(n_sessions, np.nan)
    complete = np.zeros(n_sessions, np.bool_)
    for i in range(n_sessions):
        missing = 0
        j = i - 1
        while j >= 0 and time_days[i] - time_days[j] <= window_days:
            if np.isnan(load[j]):
                missing += 1
            elif np.isnan(longest[i]) or load[j] > longest[i]:
                longest[i] = load[j]
            j -= 1
        complete[i] = missing == 0 and not np.isnan(longest[i])
    return longest, complete
