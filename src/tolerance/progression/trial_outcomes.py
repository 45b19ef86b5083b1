"""What an arm of the in-silico trial came to, with intervals, and the frontier of risk and load.

Runners are followed along the path on which they are not injured; the chance of a reinjury along
it is known exactly from the simulated hazards. So every outcome is an expectation over the lottery
of injury, with no noise from drawing it: a runner counts as injured with probability 1 − S, gains
load in week w with weight S(w), and reaches the target with weight S(T). After a reinjury no
further load counts, and a runner injured before the target never reaches it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ArmPaths",
    "ArmSummary",
    "Estimate",
    "excess_over_frontier",
    "frontier",
    "frontier_risk",
    "incidence_curve",
    "median_weeks",
    "resample_weights",
    "runner_outcomes",
    "summarise_arm",
]

type Floats = NDArray[np.float64]

INTERVAL: Final = (0.025, 0.975)
"""Quantiles of every interval: 95 %."""

N_RESAMPLES: Final = 400
"""Bootstrap resamples over runners. Engineering choice: the ends move by a tenth of their width."""


@dataclass(frozen=True, kw_only=True)
class ArmPaths:
    """One arm, runner by runner, along the path without a reinjury.

    Attributes
    ----------
    load_rr : (n_runners, n_weeks) array
        Running done, in reference runs.
    survival : (n_runners, n_weeks) array
        Probability of no same-tissue reinjury by the end of each week.
    any_survival : (n_runners, n_weeks) array
        Of no injury of any tissue.
    above_limit : (n_runners, n_weeks) array
        Share of the week's sessions with true pain above the limit; NaN in a week without one.
    target_week : (n_runners,) array
        Week (from 1) in which the target was first reached; infinite if never.
    """

    load_rr: Floats
    survival: Floats
    any_survival: Floats
    above_limit: Floats
    target_week: Floats


@dataclass(frozen=True)
class Estimate:
    """A mean over runners with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class ArmSummary:
    """Outcomes of one arm after all weeks.

    Attributes
    ----------
    reinjury, any_injury : Estimate
        Share with a same-tissue reinjury; with an injury of any tissue.
    load_rr, reached_target, restricted_mean_weeks : Estimate
        Load regained until a same-tissue reinjury, share that reached the target before one, mean
        weeks to it counted up to the horizon.
    sessions_above_limit : Estimate
        Share of sessions with pain above the limit, as felt.
    median_weeks : float
        Week by which half had reached the target; NaN where fewer ever did.
    """

    reinjury: Estimate
    any_injury: Estimate
    load_rr: Estimate
    reached_target: Estimate
    restricted_mean_weeks: Estimate
    sessions_above_limit: Estimate
    median_weeks: float


def resample_weights(n_runners: int, rng: np.random.Generator) -> Floats:
    """Return weights of runners in each bootstrap resample, rows summing to 1.

    Parameters
    ----------
    n_runners : int
    rng : numpy.random.Generator

    Returns
    -------
    (n_resamples, n_runners) array
    """
    drawn = rng.multinomial(n_runners, np.full(n_runners, 1.0 / n_runners), size=N_RESAMPLES)
    return np.asarray(drawn / n_runners, np.float64)


def runner_outcomes(paths: ArmPaths) -> dict[str, Floats]:
    """Return each runner's expected reinjury, load, reached target and restricted weeks.

    Parameters
    ----------
    paths : ArmPaths

    Returns
    -------
    dict of (n_runners,) arrays
    """
    n_weeks = paths.load_rr.shape[1]
    before = np.hstack((np.ones((len(paths.survival), 1)), paths.survival[:, :-1]))
    reached = np.isfinite(paths.target_week)
    place = np.where(reached, paths.target_week - 1, 0).astype(np.intp)
    # The target is reached by the end of its week, uninjured.
    chance = np.where(reached, paths.survival[np.arange(len(place)), place], 0.0)
    weeks = np.where(reached, paths.target_week, n_weeks)
    return {
        "reinjury": 1.0 - paths.survival[:, -1],
        "any_injury": 1.0 - paths.any_survival[:, -1],
        "load_rr": (paths.load_rr * before).sum(axis=1),
        "reached_target": chance,
        "restricted_mean_weeks": chance * weeks + (1.0 - chance) * n_weeks,
        "sessions_above_limit": _mean_where_observed(paths.above_limit),
    }


def summarise_arm(paths: ArmPaths, weights: Floats) -> ArmSummary:
    """Return an arm's outcomes with bootstrap intervals over runners.

    Parameters
    ----------
    paths : ArmPaths
    weights : (n_resamples, n_runners) array
        Of `resample_weights`; the same for all arms, so that they are resampled together.
    """
    outcomes = runner_outcomes(paths)
    summary = {name: _estimate(values, weights) for name, values in outcomes.items()}
    return ArmSummary(median_weeks=median_weeks(paths), **summary)


def incidence_curve(paths: ArmPaths) -> Floats:
    """Return the share that has reached the target, uninjured, by each week: (n_weeks,) array.

    With nobody lost to follow-up this is one minus the Kaplan–Meier curve in which a runner
    injured before the target stays at risk for ever (a cumulative incidence).
    """
    chance = runner_outcomes(paths)["reached_target"]
    n_weeks = paths.load_rr.shape[1]
    return np.array(
        [chance[paths.target_week <= week].sum() / len(chance) for week in range(1, n_weeks + 1)]
    )


def median_weeks(paths: ArmPaths) -> float:
    """Return the first week by which half of the runners had reached the target, or NaN."""
    reached = np.flatnonzero(incidence_curve(paths) >= 0.5)
    return float(reached[0] + 1) if reached.size else np.nan


def frontier(load_rr: Floats, reinjury: Floats) -> NDArray[np.intp]:
    """Return which arms no mixture of others beats: less risk for as much load.

    The lower convex hull of (load, risk) with the arm of no load at no risk; assigning runners to
    two arms by lot reaches every point between them.

    Parameters
    ----------
    load_rr, reinjury : (n_arms,) arrays

    Returns
    -------
    (n_frontier,) int array
        Places of the arms, by rising load.
    """
    order = np.lexsort((reinjury, load_rr))
    hull: list[tuple[float, float, int]] = [(0.0, 0.0, -1)]
    for i in order:
        point = (float(load_rr[i]), float(reinjury[i]), int(i))
        while len(hull) > 1 and _is_not_below(hull[-2], hull[-1], point):
            hull.pop()
        if point[0] > hull[-1][0]:
            hull.append(point)
    return np.array([i for *_, i in hull if i >= 0], np.intp)


def frontier_risk(load_rr: Floats, reinjury: Floats, at: Floats) -> Floats:
    """Return the least risk that mixtures of these arms have at a load.

    Beyond their greatest load the last slope goes on.

    Parameters
    ----------
    load_rr, reinjury : (n_arms,) arrays
    at : array
        Loads asked for.
    """
    best = frontier(load_rr, reinjury)
    x = np.concatenate(([0.0], load_rr[best]))
    y = np.concatenate(([0.0], reinjury[best]))
    inside = np.interp(at, x, y)
    slope = (y[-1] - y[-2]) / (x[-1] - x[-2])
    return np.asarray(np.where(at > x[-1], y[-1] + slope * (at - x[-1]), inside), np.float64)


def excess_over_frontier(
    comparators: tuple[ArmPaths, ...], arm: ArmPaths, weights: Floats
) -> Estimate:
    """Return an arm's reinjury minus that of the comparators' frontier at the arm's load.

    Negative is better than any mixture of them. All arms are resampled together: they share
    runners and random numbers.

    Parameters
    ----------
    comparators : tuple of ArmPaths
    arm : ArmPaths
    weights : (n_resamples, n_runners) array
        Of `resample_weights`.
    """
    outcomes = [runner_outcomes(paths) for paths in (*comparators, arm)]
    loads = np.array([each["load_rr"] for each in outcomes])
    risks = np.array([each["reinjury"] for each in outcomes])

    def excess(weight: Floats) -> float:
        load, risk = loads @ weight, risks @ weight
        return float(risk[-1] - frontier_risk(load[:-1], risk[:-1], load[-1:])[0])

    n_runners = loads.shape[1]
    resampled = np.array([excess(weight) for weight in weights])
    low, high = np.quantile(resampled, INTERVAL)
    return Estimate(excess(np.full(n_runners, 1.0 / n_runners)), float(low), float(high))


def _is_not_below(
    first: tuple[float, float, int],
    middle: tuple[float, float, int],
    last: tuple[float, float, int],
) -> bool:
    """Say whether the middle point lies on or above the line between the outer two."""
    cross = (middle[0] - first[0]) * (last[1] - first[1]) - (middle[1] - first[1]) * (
        last[0] - first[0]
    )
    return cross <= 0.0


def _mean_where_observed(values: Floats) -> Floats:
    observed = ~np.isnan(values)
    total = np.where(observed, values, 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(observed.sum(axis=1), 1), np.float64)


def _estimate(values: Floats, weights: Floats) -> Estimate:
    low, high = np.quantile(weights @ values, INTERVAL)
    return Estimate(float(values.mean()), float(low), float(high))
