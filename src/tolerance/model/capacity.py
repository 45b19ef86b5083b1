"""The capacity model in PyMC: margin of load over capacity, pain, settling and injury.

For runner i, unit u of tissue k, day t::

    M = E[log F] - c_iu - gamma log((A + a) / (A_ref + a)) + delta_j exp(-days / tau_H)
    c_iu = m_k + runner_sd a_i + sqrt(unit_sd^2 + x_iu) e_iu
    P(pain > j) = logistic((b M - kappa_kj) s)        s: not knowing the load exactly
    P(settled)  = logistic((z0 - z1 M) s')
    log h = alpha_k + omega M + omega^2 v / 2 + frailty_i + beta recent

v is the variance of log F from not knowing the load exactly, and x what the answers of a unit
share of that error: they cannot tell it from tolerance, so the two are sampled together and told
apart afterwards (`tolerance.model.load_error`). With known loads both are zero.

**Parameterisation.** What the answers fix is each runner's average margin, on the logit scale, and
each tissue's. Those are sampled (``runner_logit``, and ``tissue_axes``: what tissues share and how
they differ, which are known to very different degrees); the runner's effect and the tissues' mean
tolerances follow, with Jacobians ``-N log b`` and ``-K log b``. Unit effects stay
non-centred, with a narrow lognormal prior on their spread: with sparse answers of many units a
half-normal spread shrinks to zero and mixes slowly. Where nobody answered, the runner's effect is
non-centred too. Nothing else is special about the density: a test holds it against the plain
hierarchical one.

This is what the model *is*. `tolerance.model.density` computes the same density with its gradient
in compiled loops, which is what is sampled; a test holds the two together.
"""

import math
from typing import Any, Final, cast

import numpy as np
import pymc as pm
import pytensor.tensor as pytensor_tensor
from numpy.typing import NDArray
from scipy import linalg

from tolerance.anatomy import MODEL_TISSUES
from tolerance.config import TolerancePriors
from tolerance.model.design import N_BASIS, Blocks, Design, K, Rows
from tolerance.model.likelihood import MISSING
from tolerance.model.population import N_CUT_POINTS, ZERO_CUT_POINT
from tolerance.model.predict import LOGIT_VARIANCE
from tolerance.model.priors import TIME_LIMIT_SD

__all__ = ["TISSUE_AXES", "capacity_model", "time_priors"]

type Tensor = Any
type FloatArray = NDArray[np.float64]

pt: Any = pytensor_tensor
"""Without types: PyTensor declares some of its functions and not others."""

N_GAPS: Final = N_CUT_POINTS - 1
TISSUE_AXES: Final = np.ascontiguousarray(linalg.helmert(K, full=True).T)
"""Orthonormal axes of the tissues' logits, as columns: their mean first, then their differences."""
FAR_LOGIT: Final = 300.0
"""In place of an infinite logit: keeps a wild proposal finite."""
LEAST_PROBABILITY: Final = 1e-280
LARGEST_LOG_HAZARD: Final = 20.0
"""Above it an injury is certain; keeps a wild proposal finite."""


def time_priors(priors: TolerancePriors, name: str) -> tuple[FloatArray, FloatArray]:
    """Return log medians and log-SDs of a set of time constants, (K,) each."""
    of_tissue = [getattr(getattr(priors, name), tissue) for tissue in MODEL_TISSUES]
    return (
        np.log([prior.median for prior in of_tissue]),
        np.array([prior.log_sd for prior in of_tissue], np.float64),
    )


def capacity_model(design: Design, priors: TolerancePriors) -> pm.Model:
    """Return the model with its data.

    Parameters
    ----------
    design : Design
    priors : TolerancePriors

    Returns
    -------
    pymc.Model
        Every likelihood term is a potential of its own: ``pain``, ``settled``, ``at_risk`` (rows),
        ``at_risk_blocks``.
    """
    n, rows, centres = design.n_runners, design.rows, design.centres
    with pm.Model() as model:
        shared = _shared_parameters(priors)
        z_fatigue, z_adaptation, z_healing = (
            pm.TruncatedNormal(
                name,
                0.0,
                1.0,
                lower=-TIME_LIMIT_SD,
                upper=TIME_LIMIT_SD,
                shape=K,
                initval=np.zeros(K),
            )
            for name in ("z_fatigue", "z_adaptation", "z_healing")
        )
        z_unit = pm.Normal("z_unit", 0.0, 1.0, shape=design.n_cells)
        z_deficit = pm.Normal("z_deficit", 0.0, 1.0, shape=design.injury_cell.size)
        z_frailty = pm.Normal("z_frailty", 0.0, 1.0, shape=n)
        runner_logit = pm.Flat("runner_logit", shape=n, initval=np.zeros(n))
        tissue_logit = pt.dot(TISSUE_AXES, pm.Flat("tissue_axes", shape=K, initval=np.zeros(K)))

        basis_f, basis_a = _basis(z_fatigue), _basis(z_adaptation)
        log_median, log_sd = time_priors(priors, "healing_days")
        heal_rate = pt.exp(-(log_median + log_sd * z_healing))
        gamma, slope = shared["gamma"], pt.exp(shared["log_pain_slope"])
        deficit = pt.exp(shared["deficit_log_mean"] + priors.deficit_log_sd.value * z_deficit)
        runner_sd, unit_sd = pt.exp(shared["log_runner_sd"]), pt.exp(shared["log_unit_sd"])

        tissue_mean = (
            (centres.tissue_fatigue * basis_f).sum(axis=1)
            - gamma * (centres.tissue_chronic * basis_a).sum(axis=1)
            - tissue_logit / slope
        )
        pm.Potential("tissue_mean_prior", _tissue_log_prior(tissue_mean, slope, priors))
        effect_unit = pt.sqrt(unit_sd**2 + design.cells.load_variance) * z_unit
        of_runner = (
            (centres.runner_fatigue * basis_f[None]).sum(axis=(1, 2))
            - gamma * (centres.runner_chronic * basis_a[None]).sum(axis=(1, 2))
            - pt.dot(centres.runner_share, tissue_mean)
        )
        of_runner = pt.inc_subtensor(
            of_runner[centres.injury_runner], deficit * centres.injury_left
        )
        of_runner = pt.inc_subtensor(
            of_runner[design.cell_runner], -effect_unit * centres.cell_weight
        )
        centred = of_runner - runner_logit / slope
        answered = centres.answered.astype(np.float64)
        effect_runner = answered * centred + (1.0 - answered) * runner_sd * runner_logit
        pm.Potential(
            "runner_prior",
            pt.sum(
                answered
                * (-0.5 * (centred / runner_sd) ** 2 - shared["log_runner_sd"] - pt.log(slope))
                - (1.0 - answered) * 0.5 * runner_logit**2
            ),
        )
        tolerance = (
            tissue_mean[design.cell_tissue] + effect_runner[design.cell_runner] + effect_unit
        )
        pm.Deterministic("log_tolerance", tolerance)
        pm.Deterministic("tissue_mean", tissue_mean)
        level = pm.Deterministic("hazard_level", shared["hazard_common"] + shared["hazard_offset"])
        frailty = shared["frailty_sd"] * z_frailty
        of_cell = level[design.cell_tissue] + frailty[design.cell_runner]

        margin = (
            (rows.fatigue * basis_f[rows.tissue]).sum(axis=1)
            - gamma * (rows.chronic * basis_a[rows.tissue]).sum(axis=1)
            - tolerance[rows.cell]
        )
        after = np.flatnonzero(rows.injury != MISSING)
        left = pt.exp(-rows.days[after] * heal_rate[rows.tissue[after]])
        margin = pt.inc_subtensor(margin[after], deficit[rows.injury[after]] * left)
        pm.Potential("pain", _pain(rows, margin, slope, _cut_points(shared)))
        settle_slope = pt.exp(shared["log_settle_slope"])
        pm.Potential("settled", _settled(rows, margin, shared["settle_level"], settle_slope))
        slope_h = pt.exp(shared["log_hazard_slope"])
        log_hazard = (
            of_cell[rows.cell]
            + slope_h * margin
            + 0.5 * slope_h**2 * rows.variance
            + shared["recent_injury_log_hr"] * rows.recent
        )
        pm.Potential("at_risk", _at_risk(rows.outcome, log_hazard))
        pm.Potential(
            "at_risk_blocks",
            _at_risk_blocks(
                design.blocks, (basis_f, basis_a), (gamma, slope_h), tolerance, of_cell
            ),
        )
    return cast("pm.Model", model)


def _shared_parameters(priors: TolerancePriors) -> dict[str, Tensor]:
    """Declare what all runners share, on the scale that is sampled."""
    shared: dict[str, Tensor] = {}
    for name, prior in (
        ("log_pain_slope", priors.pain_slope),
        ("log_settle_slope", priors.settle_slope),
        ("log_hazard_slope", priors.hazard_slope),
        ("log_runner_sd", priors.runner_sd),
        ("log_unit_sd", priors.unit_sd),
    ):
        shared[name] = pm.Normal(name, math.log(prior.median), prior.log_sd)
    for name, normal in (
        ("settle_level", priors.settle_level),
        ("deficit_log_mean", priors.deficit_log_mean),
        ("recent_injury_log_hr", priors.recent_injury_log_hr),
        ("hazard_common", priors.hazard_level),
    ):
        shared[name] = pm.Normal(name, normal.mean, normal.sd)
    offsets = [getattr(priors.hazard_tissue_offset, tissue) for tissue in MODEL_TISSUES]
    shared["hazard_offset"] = pm.Normal(
        "hazard_offset", np.array([o.mean for o in offsets]), np.array([o.sd for o in offsets])
    )
    for name, cut in (("gamma", priors.chronic_exponent), ("frailty_sd", priors.frailty_sd)):
        shared[name] = pm.TruncatedNormal(
            name, cut.mean, cut.sd, lower=cut.lower, upper=cut.upper, initval=max(cut.mean, cut.sd)
        )
    shared["log_gaps"] = pm.Flat(
        "log_gaps", shape=(K, N_GAPS), initval=np.full((K, N_GAPS), math.log(priors.cut_gap.median))
    )
    pm.Potential("gap_prior", _gap_log_prior(shared["log_gaps"], priors))
    return shared


def _gap_log_prior(log_gaps: Tensor, priors: TolerancePriors) -> Tensor:
    """Return the log prior of the logs of the gaps, (K, 9): tissues about a common gap.

    The common gap is integrated out: sampled, it is tied to the gaps, which data fix, and moves
    slowly.
    """
    between, within = priors.cut_gap.log_sd, priors.cut_gap_tissue_log_sd.value
    common = pt.mean(log_gaps, axis=0)
    variance = between**2 + within**2 / K
    return (
        -0.5 * pt.sum((common - math.log(priors.cut_gap.median)) ** 2) / variance
        - 0.5 * pt.sum((log_gaps - common[None]) ** 2) / within**2
    )


def _tissue_log_prior(tissue_mean: Tensor, slope: Tensor, priors: TolerancePriors) -> Tensor:
    """Return the log prior of the tissues' means: a common mean and effects that sum to zero."""
    common = pt.mean(tissue_mean)
    effect = tissue_mean - common
    overall = priors.tolerance_mean
    return (
        -0.5 * ((common - overall.mean) / overall.sd) ** 2
        - 0.5 * pt.sum(effect**2) / priors.tissue_spread.value**2
        - K * pt.log(slope)
    )


def _basis(standard: Tensor) -> Tensor:
    """Return Chebyshev polynomials of (K,) standardised log time constants, (K, N_BASIS)."""
    x = standard / TIME_LIMIT_SD
    terms = [pt.ones_like(x), x]
    for _ in range(N_BASIS - 2):
        terms.append(2.0 * x * terms[-1] - terms[-2])
    return pt.stack(terms, axis=1)


def _cut_points(shared: dict[str, Tensor]) -> Tensor:
    """Return the cut-points of each tissue, (K, 10)."""
    rising = pt.concatenate(
        [pt.zeros((K, 1)), pt.cumsum(pt.exp(shared["log_gaps"]), axis=1)], axis=1
    )
    return pm.Deterministic("cut_points", rising - rising[:, ZERO_CUT_POINT : ZERO_CUT_POINT + 1])


def _pain(rows: Rows, margin: Tensor, slope: Tensor, cuts: Tensor) -> Tensor:
    """Return the log likelihood of pain scores: between two cut-points, or above the lower one."""
    said = np.flatnonzero(rows.pain != MISSING)
    score = rows.pain[said]
    has_lower = score > 0
    has_upper = (score < N_CUT_POINTS) & ~rows.censored[said]
    own = cuts[rows.tissue[said]]
    place = np.arange(said.size)
    scale = 1.0 / pt.sqrt(1.0 + LOGIT_VARIANCE * slope**2 * rows.variance[said])
    eta = slope * margin[said]
    above_lower = (own[place, np.maximum(score - 1, 0)] - eta) * scale
    below_upper = (own[place, np.minimum(score, N_CUT_POINTS - 1)] - eta) * scale
    low = pt.switch(has_lower, pt.maximum(above_lower, -FAR_LOGIT), -FAR_LOGIT)
    high = pt.switch(has_upper, pt.minimum(below_upper, FAR_LOGIT), FAR_LOGIT)
    # The difference of two logistic curves, taken in the tail where both are small.
    sign = pt.switch(high + low > 0.0, -1.0, 1.0)
    inside = sign * (pt.sigmoid(sign * high) - pt.sigmoid(sign * low))
    return pt.sum(pt.log(pt.maximum(inside, LEAST_PROBABILITY)))


def _settled(rows: Rows, margin: Tensor, level: Tensor, slope: Tensor) -> Tensor:
    """Return the log likelihood of settling within a day."""
    said = np.flatnonzero(rows.settled != MISSING)
    sign = np.where(rows.settled[said] == 1, 1.0, -1.0)
    scale = 1.0 / pt.sqrt(1.0 + LOGIT_VARIANCE * slope**2 * rows.variance[said])
    logit = sign * (level - slope * margin[said]) * scale
    return -pt.sum(pt.softplus(-logit))


def _at_risk(outcome: NDArray[np.int64], log_hazard: Tensor) -> Tensor:
    """Return the log likelihood of sessions with an injury and of sessions without."""
    hazard = pt.exp(pt.minimum(log_hazard, LARGEST_LOG_HAZARD))
    return pt.sum(pt.log(-pt.expm1(-hazard[outcome == 1]))) - pt.sum(hazard[outcome == 0])


def _at_risk_blocks(
    blocks: Blocks,
    bases: tuple[Tensor, Tensor],
    slopes: tuple[Tensor, Tensor],
    tolerance: Tensor,
    of_cell: Tensor,
) -> Tensor:
    """Return the log likelihood of sessions of units that were never injured."""
    basis_f, basis_a = (basis[blocks.tissue] for basis in bases)
    gamma, slope = slopes
    mean = (
        (blocks.fatigue * basis_f).sum(axis=1)
        - gamma * (blocks.chronic * basis_a).sum(axis=1)
        - tolerance[blocks.cell]
    )
    within = (
        (blocks.spread * basis_f).sum(axis=1)
        - 2.0 * gamma * blocks.covariance
        + gamma**2 * blocks.chronic_variance
        + blocks.variance
    )
    log_hazard = of_cell[blocks.cell] + slope * mean + 0.5 * slope**2 * within
    return -pt.sum(blocks.n * pt.exp(pt.minimum(log_hazard, LARGEST_LOG_HAZARD)))
