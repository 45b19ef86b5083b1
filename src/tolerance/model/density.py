"""Log density of the capacity model and its gradient, by hand, in compiled loops.

The model is `tolerance.model.capacity`; this is the same density up to a constant, at the same
coordinates, some times faster than an automatic gradient. Numbers that must be positive are sampled
as logarithms, numbers between bounds as the logit of where they lie.

The gradient goes backwards through the three steps of the model: coordinates to parameters,
parameters to each cell's tolerance, tolerances to the likelihood of each row.
"""

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loadcore._jit import kernel
from tolerance.anatomy import MODEL_TISSUES
from tolerance.config import TolerancePriors
from tolerance.model.capacity import (
    LARGEST_LOG_HAZARD,
    LEAST_PROBABILITY,
    TISSUE_AXES,
    time_priors,
)
from tolerance.model.design import N_BASIS, Blocks, Cells, Centres, Design, K, Rows
from tolerance.model.likelihood import MISSING
from tolerance.model.logistic import logistic
from tolerance.model.population import N_CUT_POINTS, ZERO_CUT_POINT
from tolerance.model.predict import LOGIT_VARIANCE
from tolerance.model.priors import TIME_LIMIT_SD

__all__ = ["Layout", "LogDensity", "Priors", "log_density", "prior_numbers"]

type FloatArray = NDArray[np.float64]
type IntArray = NDArray[np.int64]

N_GAPS: Final = N_CUT_POINTS - 1

# Coordinates that all runners share: single ones, then those of each tissue.
PAIN, SETTLE, HAZARD, RUNNER_SD, UNIT_SD = 0, 1, 2, 3, 4
SETTLE_LEVEL, DEFICIT, RECENT, COMMON = 5, 6, 7, 8
GAMMA, FRAILTY_SD = 9, 10
OFFSET, FATIGUE, ADAPTATION, HEALING, TISSUE, GAPS = (11 + i * K for i in range(6))
N_SHARED: Final = GAPS + K * N_GAPS

NORMAL: Final = {
    "log_pain_slope": PAIN,
    "log_settle_slope": SETTLE,
    "log_hazard_slope": HAZARD,
    "log_runner_sd": RUNNER_SD,
    "log_unit_sd": UNIT_SD,
    "settle_level": SETTLE_LEVEL,
    "deficit_log_mean": DEFICIT,
    "recent_injury_log_hr": RECENT,
    "hazard_common": COMMON,
}
"""Single coordinates with a normal prior, by the name of the model's variable."""


class Priors(NamedTuple):
    """Numbers of the priors.

    Attributes
    ----------
    mean, sd : (9 + 2,) arrays
        Of the single coordinates; the last two are truncated.
    low, high : (2,) arrays
        Bounds of gamma and of the frailty's SD.
    offset_mean, offset_sd : (K,) arrays
    healing_log_median, healing_log_sd : (K,) arrays
    gap_log_median, gap_between, gap_within : float
        Of the gaps between cut-points: SD of what tissues share, and about it.
    tolerance_mean, tolerance_sd, tissue_spread, deficit_log_sd : float
    """

    mean: FloatArray
    sd: FloatArray
    low: FloatArray
    high: FloatArray
    offset_mean: FloatArray
    offset_sd: FloatArray
    healing_log_median: FloatArray
    healing_log_sd: FloatArray
    gap_log_median: float
    gap_between: float
    gap_within: float
    tolerance_mean: float
    tolerance_sd: float
    tissue_spread: float
    deficit_log_sd: float


class Parameters(NamedTuple):
    """What rows and blocks read, or the density's gradient by it.

    Attributes
    ----------
    basis_f, basis_a : (K, N_BASIS) arrays
        Polynomials at the time constants of fatigue and adaptation.
    cuts : (K, 10) array
    heal_rate : (K,) array
    tolerance, log_hazard : (C,) arrays
        Of each cell; the hazard is that at margin 0.
    deficit : (J,) array
    slopes : (6,) array
        In the places of `PAIN`, `SETTLE`, `HAZARD`, and `LEVEL`, `RECENCY`, `CHRONIC`.
    """

    basis_f: FloatArray
    basis_a: FloatArray
    cuts: FloatArray
    heal_rate: FloatArray
    tolerance: FloatArray
    log_hazard: FloatArray
    deficit: FloatArray
    slopes: FloatArray


LEVEL, RECENCY, CHRONIC = 3, 4, 5
"""In `Parameters.slopes`: level of settling, log hazard ratio of a recent injury, gamma."""


@dataclass(frozen=True)
class Layout:
    """Where the model's variables are among the coordinates.

    Attributes
    ----------
    n_cells, n_injuries, n_runners : int
    """

    n_cells: int
    n_injuries: int
    n_runners: int

    @property
    def n_dim(self) -> int:
        """Number of coordinates."""
        return N_SHARED + self.n_cells + self.n_injuries + 2 * self.n_runners

    def places(self) -> dict[str, tuple[int, tuple[int, ...]]]:
        """Return first place and shape of each variable by its name in the model."""
        units = N_SHARED + self.n_cells
        frailty = units + self.n_injuries
        single: dict[str, tuple[int, tuple[int, ...]]] = {
            name: (place, ()) for name, place in NORMAL.items()
        }
        return single | {
            "gamma": (GAMMA, ()),
            "frailty_sd": (FRAILTY_SD, ()),
            "hazard_offset": (OFFSET, (K,)),
            "z_fatigue": (FATIGUE, (K,)),
            "z_adaptation": (ADAPTATION, (K,)),
            "z_healing": (HEALING, (K,)),
            "tissue_axes": (TISSUE, (K,)),
            "log_gaps": (GAPS, (K, N_GAPS)),
            "z_unit": (N_SHARED, (self.n_cells,)),
            "z_deficit": (units, (self.n_injuries,)),
            "z_frailty": (frailty, (self.n_runners,)),
            "runner_logit": (frailty + self.n_runners, (self.n_runners,)),
        }


class LogDensity:
    """The log density of one cohort, and what its coordinates stand for.

    Parameters
    ----------
    design : Design
    priors : TolerancePriors
    """

    def __init__(self, design: Design, priors: TolerancePriors) -> None:
        self.layout = Layout(design.n_cells, design.injury_cell.size, design.n_runners)
        self._data = (design.rows, design.blocks, design.centres)
        self._cells = design.cells
        self._priors = prior_numbers(priors)

    def __call__(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Return log density, up to a constant, and its gradient.

        Parameters
        ----------
        x : (n_dim,) array
        """
        gradient = np.zeros(x.size)
        value = log_density(x, *self._data, self._cells, self._priors, gradient)
        return value, gradient

    def start(self) -> FloatArray:
        """Return the coordinates of the prior's middle."""
        x = np.zeros(self.layout.n_dim)
        x[list(NORMAL.values())] = self._priors.mean[list(NORMAL.values())]
        x[OFFSET : OFFSET + K] = self._priors.offset_mean
        x[GAPS:N_SHARED] = self._priors.gap_log_median
        return x

    def expand(self, x: FloatArray) -> dict[str, FloatArray]:
        """Return the model's variables, those that follow from others included.

        Parameters
        ----------
        x : (n_dim,) array
        """
        parameters, _, tissue_mean = _forward(x, self._data[2], self._cells, self._priors)
        found = {
            name: x[place : place + int(np.prod(shape, dtype=np.int64))].reshape(shape)
            for name, (place, shape) in self.layout.places().items()
        }
        bounded = {
            "gamma": (self._priors.low[0], self._priors.high[0]),
            "frailty_sd": (self._priors.low[1], self._priors.high[1]),
        } | dict.fromkeys(
            ("z_fatigue", "z_adaptation", "z_healing"), (-TIME_LIMIT_SD, TIME_LIMIT_SD)
        )
        for name, (low, high) in bounded.items():
            found[name] = np.asarray(low + (high - low) / (1.0 + np.exp(-found[name])))
        return found | {
            "log_tolerance": parameters.tolerance,
            "tissue_mean": tissue_mean,
            "hazard_level": found["hazard_common"] + found["hazard_offset"],
            "cut_points": parameters.cuts,
        }


def prior_numbers(priors: TolerancePriors) -> Priors:
    """Return the priors as the compiled density reads them."""
    normal = {
        "settle_level": priors.settle_level,
        "deficit_log_mean": priors.deficit_log_mean,
        "recent_injury_log_hr": priors.recent_injury_log_hr,
        "hazard_common": priors.hazard_level,
    }
    positive = {
        "log_pain_slope": priors.pain_slope,
        "log_settle_slope": priors.settle_slope,
        "log_hazard_slope": priors.hazard_slope,
        "log_runner_sd": priors.runner_sd,
        "log_unit_sd": priors.unit_sd,
    }
    truncated = (priors.chronic_exponent, priors.frailty_sd)
    mean, sd = np.empty(FRAILTY_SD + 1), np.empty(FRAILTY_SD + 1)
    for name, prior in positive.items():
        mean[NORMAL[name]], sd[NORMAL[name]] = math.log(prior.median), prior.log_sd
    for name, plain in normal.items():
        mean[NORMAL[name]], sd[NORMAL[name]] = plain.mean, plain.sd
    mean[GAMMA:], sd[GAMMA:] = [t.mean for t in truncated], [t.sd for t in truncated]
    offsets = [getattr(priors.hazard_tissue_offset, tissue) for tissue in MODEL_TISSUES]
    return Priors(
        mean,
        sd,
        np.array([t.lower for t in truncated], np.float64),
        np.array([t.upper for t in truncated], np.float64),
        np.array([offset.mean for offset in offsets], np.float64),
        np.array([offset.sd for offset in offsets], np.float64),
        *time_priors(priors, "healing_days"),
        math.log(priors.cut_gap.median),
        float(priors.cut_gap.log_sd),
        float(priors.cut_gap_tissue_log_sd.value),
        float(priors.tolerance_mean.mean),
        float(priors.tolerance_mean.sd),
        float(priors.tissue_spread.value),
        float(priors.deficit_log_sd.value),
    )


@kernel
def log_density(
    x: FloatArray,
    rows: Rows,
    blocks: Blocks,
    centres: Centres,
    cells: Cells,
    priors: Priors,
    gradient: FloatArray,
) -> float:
    """Return the log density up to a constant, and write its gradient.

    Parameters
    ----------
    x : (n_dim,) array
        Coordinates, in the places of `Layout`.
    rows, blocks, centres
        Of the design.
    cells : Cells
    priors : Priors
    gradient : (n_dim,) array of zeros
        Filled.
    """
    parameters, centred, tissue_mean = _forward(x, centres, cells, priors)
    by = Parameters(
        np.zeros_like(parameters.basis_f),
        np.zeros_like(parameters.basis_a),
        np.zeros_like(parameters.cuts),
        np.zeros_like(parameters.heal_rate),
        np.zeros_like(parameters.tolerance),
        np.zeros_like(parameters.log_hazard),
        np.zeros_like(parameters.deficit),
        np.zeros_like(parameters.slopes),
    )
    total = _rows(rows, parameters, by) + _blocks(blocks, parameters, by)
    # By the logarithm of pain_slope; and, below, by gamma itself.
    gradient[PAIN] = by.slopes[PAIN] * parameters.slopes[PAIN]
    gradient[SETTLE] = by.slopes[SETTLE] * parameters.slopes[SETTLE]
    gradient[HAZARD] = by.slopes[HAZARD] * parameters.slopes[HAZARD]
    gradient[SETTLE_LEVEL] = by.slopes[LEVEL]
    gradient[RECENT] = by.slopes[RECENCY]
    _hazards_back(x, cells, by, priors, gradient)
    total += _tolerances_back(
        x, centres, cells, parameters, centred, tissue_mean, priors, by, gradient
    )
    _cuts_back(x, by.cuts, gradient)
    for j in range(parameters.deficit.size):
        place = N_SHARED + cells.runner.size + j
        by_log = by.deficit[j] * parameters.deficit[j]
        gradient[DEFICIT] += by_log
        gradient[place] += by_log * priors.deficit_log_sd
    for k in range(K):
        gradient[HEALING + k] -= (
            by.heal_rate[k] * parameters.heal_rate[k] * priors.healing_log_sd[k]
        )
        gradient[FATIGUE + k] += _basis_back(_bounded_z(x[FATIGUE + k]), by.basis_f[k])
        gradient[ADAPTATION + k] += _basis_back(_bounded_z(x[ADAPTATION + k]), by.basis_a[k])
    gradient[GAMMA] += by.slopes[CHRONIC]
    return float(total + _priors(x, priors, centres.answered.size, gradient))


@kernel
def _bounded_z(x: float) -> float:
    """Return the standardised log time constant of a coordinate."""
    return TIME_LIMIT_SD * (2.0 * logistic(x) - 1.0)


@kernel
def _basis(z: float, out: FloatArray) -> None:
    """Write the Chebyshev polynomials at a standardised log time constant."""
    x = z / TIME_LIMIT_SD
    out[0], out[1] = 1.0, x
    for n in range(2, out.size):
        out[n] = 2.0 * x * out[n - 1] - out[n - 2]


@kernel
def _basis_back(z: float, by_basis: FloatArray) -> float:
    """Return the gradient by z of a density with this gradient by the polynomials."""
    x = z / TIME_LIMIT_SD
    before, now = 1.0, x
    slope_before, slope_now = 0.0, 1.0
    total = by_basis[1]
    for n in range(2, by_basis.size):
        slope_before, slope_now = slope_now, 2.0 * now + 2.0 * x * slope_now - slope_before
        before, now = now, 2.0 * x * now - before
        total += by_basis[n] * slope_now
    return float(total / TIME_LIMIT_SD)


@kernel
def _dot(one: FloatArray, two: FloatArray) -> float:
    """Return the product of two rows of `N_BASIS` numbers."""
    total = 0.0
    for n in range(N_BASIS):
        total += one[n] * two[n]
    return total


@kernel
def _add(out: FloatArray, factor: float, row: FloatArray) -> None:
    """Add a multiple of a row of `N_BASIS` numbers."""
    for n in range(N_BASIS):
        out[n] += factor * row[n]


@kernel
def _forward(
    x: FloatArray,
    centres: Centres,
    cells: Cells,
    priors: Priors,
) -> tuple[Parameters, FloatArray, FloatArray]:
    """Return what rows read, and the runners' effects and tissues' means behind it."""
    n_cells, n_injuries = cells.runner.size, centres.injury_runner.size
    n_runners = centres.answered.size
    frailty = N_SHARED + n_cells + n_injuries
    logit = frailty + n_runners
    slopes = np.empty(6)
    slopes[:LEVEL] = np.exp(x[:LEVEL])
    slopes[LEVEL], slopes[RECENCY] = x[SETTLE_LEVEL], x[RECENT]
    gamma = priors.low[0] + (priors.high[0] - priors.low[0]) * logistic(x[GAMMA])
    frailty_sd = priors.low[1] + (priors.high[1] - priors.low[1]) * logistic(x[FRAILTY_SD])
    slopes[CHRONIC] = gamma
    basis_f, basis_a, cuts = (
        np.empty((K, N_BASIS)),
        np.empty((K, N_BASIS)),
        np.zeros((K, N_CUT_POINTS)),
    )
    heal_rate, tissue_mean = np.empty(K), np.empty(K)
    tissue_logit = np.dot(TISSUE_AXES, x[TISSUE : TISSUE + K])
    for k in range(K):
        _basis(_bounded_z(x[FATIGUE + k]), basis_f[k])
        _basis(_bounded_z(x[ADAPTATION + k]), basis_a[k])
        heal_rate[k] = math.exp(
            -priors.healing_log_median[k] - priors.healing_log_sd[k] * _bounded_z(x[HEALING + k])
        )
        for j in range(N_GAPS):
            cuts[k, j + 1] = cuts[k, j] + math.exp(x[GAPS + k * N_GAPS + j])
        cuts[k] -= cuts[k, ZERO_CUT_POINT]
        tissue_mean[k] = (
            _dot(centres.tissue_fatigue[k], basis_f[k])
            - gamma * _dot(centres.tissue_chronic[k], basis_a[k])
            - tissue_logit[k] / slopes[PAIN]
        )
    deficit = np.exp(x[DEFICIT] + priors.deficit_log_sd * x[N_SHARED + n_cells : frailty])
    effect = np.empty(n_runners)
    for i in range(n_runners):
        effect[i] = -x[logit + i] / slopes[PAIN]
        for k in range(K):
            effect[i] += (
                _dot(centres.runner_fatigue[i, k], basis_f[k])
                - gamma * _dot(centres.runner_chronic[i, k], basis_a[k])
                - centres.runner_share[i, k] * tissue_mean[k]
            )
    for j in range(n_injuries):
        effect[centres.injury_runner[j]] += deficit[j] * centres.injury_left[j]
    unit_sd, of_unit = math.exp(x[UNIT_SD]), np.empty(n_cells)
    for c in range(n_cells):
        of_unit[c] = math.sqrt(unit_sd * unit_sd + cells.load_variance[c]) * x[N_SHARED + c]
        effect[cells.runner[c]] -= centres.cell_weight[c] * of_unit[c]
    for i in range(n_runners):
        if not centres.answered[i]:
            effect[i] = math.exp(x[RUNNER_SD]) * x[logit + i]
    tolerance, log_hazard = np.empty(n_cells), np.empty(n_cells)
    for c in range(n_cells):
        i, k = cells.runner[c], cells.tissue[c]
        tolerance[c] = tissue_mean[k] + effect[i] + of_unit[c]
        log_hazard[c] = x[COMMON] + x[OFFSET + k] + frailty_sd * x[frailty + i]
    parameters = Parameters(
        basis_f, basis_a, cuts, heal_rate, tolerance, log_hazard, deficit, slopes
    )
    return parameters, effect, tissue_mean


@kernel
def _rows(rows: Rows, of: Parameters, by: Parameters) -> float:
    """Return the log likelihood of all rows and add its gradient."""
    total = 0.0
    gamma = of.slopes[CHRONIC]
    for r in range(rows.cell.size):
        c, k, j = rows.cell[r], rows.tissue[r], rows.injury[r]
        slow = _dot(rows.chronic[r], of.basis_a[k])
        margin = _dot(rows.fatigue[r], of.basis_f[k]) - gamma * slow - of.tolerance[c]
        left = 0.0
        if j != MISSING:
            left = math.exp(-rows.days[r] * of.heal_rate[k])
            margin += of.deficit[j] * left
        by_margin = 0.0
        score = rows.pain[r]
        if score != MISSING:
            under, over = max(score - 1, 0), min(score, N_GAPS)
            value, by_slope, by_lower, by_upper = _pain(
                score, rows.censored[r], margin, rows.variance[r],
                of.cuts[k, under], of.cuts[k, over], of.slopes[PAIN],
            )  # fmt: skip
            total += value
            by.slopes[PAIN] += by_slope
            by.cuts[k, under] += by_lower
            by.cuts[k, over] += by_upper
            by_margin -= of.slopes[PAIN] * (by_lower + by_upper)
        if rows.settled[r] != MISSING:
            value, by_level, by_slope = _settled(
                rows.settled[r], margin, rows.variance[r], of.slopes[LEVEL], of.slopes[SETTLE]
            )
            total += value
            by.slopes[LEVEL] += by_level
            by.slopes[SETTLE] += by_slope
            by_margin -= of.slopes[SETTLE] * by_level
        if rows.outcome[r] != MISSING:
            slope = of.slopes[HAZARD]
            log_hazard = of.log_hazard[c] + of.slopes[RECENCY] * rows.recent[r]
            value, by_log = _at_risk(
                rows.outcome[r],
                log_hazard + slope * margin + 0.5 * slope * slope * rows.variance[r],
            )
            total += value
            by.log_hazard[c] += by_log
            by.slopes[HAZARD] += by_log * (margin + slope * rows.variance[r])
            by.slopes[RECENCY] += by_log * rows.recent[r]
            by_margin += by_log * slope
        _add(by.basis_f[k], by_margin, rows.fatigue[r])
        _add(by.basis_a[k], -gamma * by_margin, rows.chronic[r])
        by.slopes[CHRONIC] -= by_margin * slow
        by.tolerance[c] -= by_margin
        if j != MISSING:
            by.deficit[j] += by_margin * left
            by.heal_rate[k] -= by_margin * of.deficit[j] * left * rows.days[r]
    return total


LEAST_GAP: Final = 1e-12
"""Two cut-points closer than this count as this far apart; keeps a wild proposal finite."""


@kernel
def _pain(
    score: int,
    at_least: bool,
    margin: float,
    log_variance: float,
    lower_cut: float,
    upper_cut: float,
    slope: float,
) -> tuple[float, float, float, float]:
    """Return the log probability of a score and its gradient by slope, lower and upper cut-point.

    That by the margin is minus the slope times the sum of those by the cut-points.
    """
    variance = LOGIT_VARIANCE * log_variance
    scale = 1.0 / math.sqrt(1.0 + slope * slope * variance)
    eta = slope * margin
    has_lower, has_upper = score > 0, score < N_CUT_POINTS and not at_least
    below, by_high, high = 1.0, 0.0, 0.0
    above, by_low, low = 1.0, 0.0, 0.0
    if has_upper:
        high = (upper_cut - eta) * scale
        below = logistic(high)
        by_high = 1.0 - below
    if has_lower:
        low = (lower_cut - eta) * scale
        above = logistic(-low)
        by_low = above - 1.0
    inside = below * above
    if has_lower and has_upper:
        # s(high) - s(low) = s(high) s(-low) (1 - exp(low - high)): no cancellation in the tails.
        kept = math.exp(-max((upper_cut - lower_cut) * scale, LEAST_GAP))
        inside *= 1.0 - kept
        of_gap = kept / (1.0 - kept)
        by_high += of_gap
        by_low -= of_gap
    by_slope = -scale * (by_high + by_low) * margin - (
        (by_high * high + by_low * low) * scale * scale * variance * slope
    )
    value = math.log(max(inside, LEAST_PROBABILITY))
    return value, by_slope, by_low * scale, by_high * scale


@kernel
def _settled(
    answer: int, margin: float, log_variance: float, level: float, slope: float
) -> tuple[float, float, float]:
    """Return the log probability of (not) settling and its gradient by level and slope.

    That by the margin is minus the slope times that by the level.
    """
    variance = LOGIT_VARIANCE * log_variance
    scale = 1.0 / math.sqrt(1.0 + slope * slope * variance)
    sign = 1.0 if answer == 1 else -1.0
    logit = sign * (level - slope * margin) * scale
    probability = logistic(logit)
    by_logit = 1.0 - probability
    by_level = sign * by_logit * scale
    by_slope = -by_level * margin - by_logit * logit * scale * scale * variance * slope
    return math.log(max(probability, LEAST_PROBABILITY)), by_level, by_slope


@kernel
def _at_risk(outcome: int, log_hazard: float) -> tuple[float, float]:
    """Return the log likelihood of a session at risk and its gradient by the log hazard."""
    if log_hazard >= LARGEST_LOG_HAZARD:
        return (0.0 if outcome == 1 else -math.exp(LARGEST_LOG_HAZARD)), 0.0
    hazard = math.exp(log_hazard)
    if outcome == 0:
        return -hazard, -hazard
    if hazard < HAZARD_TINY:
        return log_hazard, 1.0
    by_log = hazard / math.expm1(hazard) if hazard < HAZARD_NO_MORE else 0.0
    return math.log(-math.expm1(-hazard)), by_log


HAZARD_TINY: Final = 1e-12
"""Below this cumulative hazard the chance of an injury is the hazard itself."""
HAZARD_NO_MORE: Final = 500.0
"""Above this cumulative hazard the chance of an injury no longer changes; avoids an overflow."""


@kernel
def _blocks(blocks: Blocks, of: Parameters, by: Parameters) -> float:
    """Return the log likelihood of all blocks of sessions and add its gradient."""
    total = 0.0
    gamma, slope = of.slopes[CHRONIC], of.slopes[HAZARD]
    half = 0.5 * slope * slope
    for b in range(blocks.cell.size):
        c, k = blocks.cell[b], blocks.tissue[b]
        slow = _dot(blocks.chronic[b], of.basis_a[k])
        mean = _dot(blocks.fatigue[b], of.basis_f[k]) - gamma * slow - of.tolerance[c]
        within = (
            _dot(blocks.spread[b], of.basis_f[k])
            - 2.0 * gamma * blocks.covariance[b]
            + gamma * gamma * blocks.chronic_variance[b]
            + blocks.variance[b]
        )
        log_hazard = of.log_hazard[c] + slope * mean + half * within
        if log_hazard >= LARGEST_LOG_HAZARD:
            total -= blocks.n[b] * math.exp(LARGEST_LOG_HAZARD)
            continue
        hazard = blocks.n[b] * math.exp(log_hazard)
        total -= hazard
        by.log_hazard[c] -= hazard
        by.tolerance[c] += hazard * slope
        by.slopes[HAZARD] -= hazard * (mean + slope * within)
        of_within = 2.0 * (gamma * blocks.chronic_variance[b] - blocks.covariance[b])
        by.slopes[CHRONIC] -= hazard * (half * of_within - slope * slow)
        _add(by.basis_f[k], -hazard * slope, blocks.fatigue[b])
        _add(by.basis_f[k], -hazard * half, blocks.spread[b])
        _add(by.basis_a[k], hazard * slope * gamma, blocks.chronic[b])
    return total


@kernel
def _hazards_back(
    x: FloatArray,
    cells: Cells,
    by: Parameters,
    priors: Priors,
    gradient: FloatArray,
) -> None:
    """Hand the gradient by each cell's hazard on to its level and its runner's frailty."""
    frailty = N_SHARED + cells.runner.size + by.deficit.size
    span = priors.high[1] - priors.low[1]
    frailty_sd = priors.low[1] + span * logistic(x[FRAILTY_SD])
    for c in range(cells.runner.size):
        i, k = cells.runner[c], cells.tissue[c]
        gradient[COMMON] += by.log_hazard[c]
        gradient[OFFSET + k] += by.log_hazard[c]
        gradient[FRAILTY_SD] += by.log_hazard[c] * x[frailty + i]
        gradient[frailty + i] += by.log_hazard[c] * frailty_sd


@kernel
def _tolerances_back(
    x: FloatArray,
    centres: Centres,
    cells: Cells,
    of: Parameters,
    effect: FloatArray,
    tissue_mean: FloatArray,
    priors: Priors,
    by: Parameters,
    gradient: FloatArray,
) -> float:
    """Return the log prior of effects and means, and hand the tolerances' gradient on."""
    n_cells, n_runners = cells.runner.size, effect.size
    logit = N_SHARED + n_cells + of.deficit.size + n_runners
    gamma, slope = of.slopes[CHRONIC], of.slopes[PAIN]
    unit_sd, runner_sd = math.exp(x[UNIT_SD]), math.exp(x[RUNNER_SD])
    by_effect, by_mean = np.zeros(n_runners), np.zeros(K)
    for c in range(n_cells):
        by_effect[cells.runner[c]] += by.tolerance[c]
        by_mean[cells.tissue[c]] += by.tolerance[c]
    total = 0.0
    for i in range(n_runners):
        own = x[logit + i]
        if not centres.answered[i]:
            total -= 0.5 * own * own
            gradient[logit + i] += by_effect[i] * runner_sd - own
            gradient[RUNNER_SD] += by_effect[i] * runner_sd * own
            by_effect[i] = 0.0  # nothing behind it but the standard normal
            continue
        score = effect[i] / runner_sd
        total -= 0.5 * score * score + x[RUNNER_SD] + x[PAIN]
        gradient[RUNNER_SD] += score * score - 1.0
        by_effect[i] -= score / runner_sd
        gradient[logit + i] -= by_effect[i] / slope
        gradient[PAIN] += by_effect[i] * own / slope - 1.0
        for k in range(K):
            fatigue, chronic = centres.runner_fatigue[i, k], centres.runner_chronic[i, k]
            _add(by.basis_f[k], by_effect[i], fatigue)
            _add(by.basis_a[k], -gamma * by_effect[i], chronic)
            by.slopes[CHRONIC] -= by_effect[i] * _dot(chronic, of.basis_a[k])
            by_mean[k] -= by_effect[i] * centres.runner_share[i, k]
    for j in range(of.deficit.size):
        by.deficit[j] += by_effect[centres.injury_runner[j]] * centres.injury_left[j]
    for c in range(n_cells):
        of_unit = by.tolerance[c] - by_effect[cells.runner[c]] * centres.cell_weight[c]
        spread = math.sqrt(unit_sd * unit_sd + cells.load_variance[c])
        gradient[N_SHARED + c] += of_unit * spread
        gradient[UNIT_SD] += of_unit * unit_sd * unit_sd / spread * x[N_SHARED + c]
    common = np.mean(tissue_mean)
    score = (common - priors.tolerance_mean) / priors.tolerance_sd
    total -= 0.5 * score * score + K * x[PAIN]
    gradient[PAIN] -= K
    for k in range(K):
        apart = (tissue_mean[k] - common) / priors.tissue_spread
        total -= 0.5 * apart * apart
        # The effects sum to zero, so that their gradient by the common mean is zero too.
        by_mean[k] -= score / priors.tolerance_sd / K + apart / priors.tissue_spread
        _add(by.basis_f[k], by_mean[k], centres.tissue_fatigue[k])
        _add(by.basis_a[k], -gamma * by_mean[k], centres.tissue_chronic[k])
        by.slopes[CHRONIC] -= by_mean[k] * _dot(centres.tissue_chronic[k], of.basis_a[k])
        for axis in range(K):
            along = by_mean[k] * TISSUE_AXES[k, axis] / slope
            gradient[TISSUE + axis] -= along
            gradient[PAIN] += along * x[TISSUE + axis]
    return float(total)


@kernel
def _cuts_back(x: FloatArray, by_cuts: FloatArray, gradient: FloatArray) -> None:
    """Hand the gradient by the cut-points on to the logs of their gaps."""
    for k in range(K):
        whole = np.sum(by_cuts[k])
        above = whole
        for j in range(N_GAPS):
            above -= by_cuts[k, j]  # of the cut-points that this gap lifts
            place = GAPS + k * N_GAPS + j
            lifted = above - whole if j < ZERO_CUT_POINT else above
            gradient[place] += lifted * math.exp(x[place])


@kernel
def _priors(x: FloatArray, priors: Priors, n_runners: int, gradient: FloatArray) -> float:
    """Return the log prior of everything else, and finish the gradient by bounded coordinates."""
    total = 0.0
    for place in range(GAMMA):
        score = (x[place] - priors.mean[place]) / priors.sd[place]
        total -= 0.5 * score * score
        gradient[place] -= score / priors.sd[place]
    for place in range(GAMMA, FRAILTY_SD + 1):
        b = place - GAMMA
        total += _bounded_prior(
            x, place, priors.low[b], priors.high[b], priors.mean[place], priors.sd[place], gradient
        )
    for k in range(K):
        score = (x[OFFSET + k] - priors.offset_mean[k]) / priors.offset_sd[k]
        total -= 0.5 * score * score
        gradient[OFFSET + k] -= score / priors.offset_sd[k]
    for place in range(FATIGUE, HEALING + K):
        total += _bounded_prior(x, place, -TIME_LIMIT_SD, TIME_LIMIT_SD, 0.0, 1.0, gradient)
    total += _gap_prior(x, priors, gradient)
    for place in range(N_SHARED, gradient.size - n_runners):
        total -= 0.5 * x[place] * x[place]
        gradient[place] -= x[place]
    return total


@kernel
def _bounded_prior(
    x: FloatArray,
    place: int,
    low: float,
    high: float,
    mean: float,
    sd: float,
    gradient: FloatArray,
) -> float:
    """Return the log prior of a bounded number at its coordinate, with the Jacobian.

    The gradient by the number itself is in place already; it becomes that by the coordinate.
    """
    inside = logistic(x[place])
    span = high - low
    score = (low + span * inside - mean) / sd
    slope = span * inside * (1.0 - inside)
    gradient[place] = (gradient[place] - score / sd) * slope + 1.0 - 2.0 * inside
    return -0.5 * score * score + math.log(max(inside * (1.0 - inside), LEAST_PROBABILITY))


@kernel
def _gap_prior(x: FloatArray, priors: Priors, gradient: FloatArray) -> float:
    """Return the log prior of the logs of the gaps: tissues about what they share."""
    total = 0.0
    within = priors.gap_within * priors.gap_within
    variance = priors.gap_between * priors.gap_between + within / K
    for j in range(N_GAPS):
        common = 0.0
        for k in range(K):
            common += x[GAPS + k * N_GAPS + j] / K
        off = common - priors.gap_log_median
        total -= 0.5 * off * off / variance
        for k in range(K):
            place = GAPS + k * N_GAPS + j
            apart = x[place] - common
            total -= 0.5 * apart * apart / within
            gradient[place] -= off / variance / K + apart / within
    return total
