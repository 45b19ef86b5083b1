"""The capacity model in PyMC: margin of load over capacity, pain, settling and injury.

For runner i, unit u of tissue k, day t::

    M = log F - c_iu - gamma log((A + a) / (A_ref + a)) + delta_j exp(-days / tau_H)
    c_iu = m_k + runner_sd a_i + unit_sd e_iu
    P(pain > j) = logistic((b M - kappa_kj) s)        s: not knowing the load exactly
    P(settled)  = logistic((z0 - z1 M) s')
    log h = alpha_k + omega M + omega^2 v / 2 + frailty_i + beta recent

**Parameterisation.** What the answers fix is each runner's average margin, on the logit scale, and
each tissue's. Those are sampled (``runner_logit``, ``tissue_logit``); the runner's effect and the
tissues' mean tolerances follow, with Jacobians ``-N log b`` and ``-K log b``. Unit effects stay
non-centred, with a narrow lognormal prior on their spread: with sparse answers of many units a
half-normal spread shrinks to zero and mixes slowly. Where nobody answered, the runner's effect is
non-centred too. Nothing else is special about the density: a test holds it against the plain
hierarchical one.
"""

import math
from typing import Any, Final, cast

import numpy as np
import pymc as pm
import pytensor.tensor as pytensor_tensor
from numpy.typing import NDArray

from tolerance.anatomy import MODEL_TISSUES
from tolerance.config import TolerancePriors
from tolerance.model.design import N_BASIS, Design, K, Shape
from tolerance.model.population import N_CUT_POINTS, ZERO_CUT_POINT
from tolerance.model.predict import LOGIT_VARIANCE
from tolerance.model.priors import TIME_LIMIT_SD

__all__ = ["capacity_model", "time_priors"]

type Tensor = Any
type FloatArray = NDArray[np.float64]

pt: Any = pytensor_tensor
"""Without types: PyTensor declares some of its functions and not others."""

N_GAPS: Final = N_CUT_POINTS - 1
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
        Data are ``pm.Data`` by the names of ``design.arrays``. Every likelihood term is a potential
        of its own: ``pain``, ``settled``, ``injury_free``, ``injured``.
    """
    n, n_cells, sizes = design.n_runners, design.n_cells, design.padding
    with pm.Model() as model:
        data = {name: pm.Data(name, values) for name, values in design.arrays.items()}
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
        z_unit = pm.Normal("z_unit", 0.0, 1.0, shape=n_cells)
        z_deficit = pm.Normal("z_deficit", 0.0, 1.0, shape=max(sizes.injuries, 1))
        z_frailty = pm.Normal("z_frailty", 0.0, 1.0, shape=n)
        runner_logit = pm.Flat("runner_logit", shape=n, initval=np.zeros(n))
        tissue_logit = pm.Flat("tissue_logit", shape=K, initval=np.zeros(K))

        basis_f, basis_a = _basis(z_fatigue), _basis(z_adaptation)
        log_median, log_sd = time_priors(priors, "healing_days")
        heal_rate = pt.exp(-(log_median + log_sd * z_healing))
        gamma, slope = shared["gamma"], pt.exp(shared["log_pain_slope"])
        deficit = pt.exp(shared["deficit_log_mean"] + priors.deficit_log_sd.value * z_deficit)
        runner_sd, unit_sd = pt.exp(shared["log_runner_sd"]), pt.exp(shared["log_unit_sd"])

        of_tissue = (data["tissue_fatigue"] * basis_f).sum(axis=1) - gamma * (
            data["tissue_chronic"] * basis_a
        ).sum(axis=1)
        tissue_mean = of_tissue - tissue_logit / slope
        pm.Potential("tissue_mean_prior", _tissue_log_prior(tissue_mean, slope, priors))
        of_runner = (data["runner_fatigue"] * basis_f[None]).sum(axis=(1, 2)) - gamma * (
            data["runner_chronic"] * basis_a[None]
        ).sum(axis=(1, 2))
        if sizes.injuries:
            of_runner = pt.inc_subtensor(
                of_runner[data["injury_runner"]], deficit * data["injury_left"]
            )
        effect_unit = unit_sd * z_unit
        of_units = pt.inc_subtensor(
            pt.zeros(n)[data["cell_runner"]], effect_unit * data["cell_weight"]
        )
        centred = (
            of_runner - pt.dot(data["runner_share"], tissue_mean) - of_units - runner_logit / slope
        )
        answered = data["runner_answered"]
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
            tissue_mean[data["cell_tissue"]] + effect_runner[data["cell_runner"]] + effect_unit
        )
        pm.Deterministic("log_tolerance", tolerance)
        pm.Deterministic("tissue_mean", tissue_mean)
        frailty = shared["frailty_sd"] * z_frailty

        level = pm.Deterministic("hazard_level", shared["hazard_common"] + shared["hazard_offset"])
        of_cell = level[data["cell_tissue"]] + frailty[data["cell_runner"]]
        slope_h = pt.exp(shared["log_hazard_slope"])
        cuts = _cut_points(shared)
        settle_slope = pt.exp(shared["log_settle_slope"])
        log_pain, log_settled, hazard_sum, log_hazards = [], [], [], []
        for g, shape in enumerate(sizes.groups):
            if not sum(shape[0]):
                continue
            rows = {name[3:]: value for name, value in data.items() if name.startswith(f"g{g}_")}
            tissue = np.repeat(np.arange(K), shape[0])
            margin = (
                _filtered(rows, "fatigue", basis_f, shape)
                - gamma * _filtered(rows, "chronic", basis_a, shape)
                - tolerance[rows["cell"]][:, None]
            )
            fixed = of_cell[rows["cell"]][:, None] + 0.5 * slope_h**2 * rows["variance"]
            if g == 0:
                left = pt.exp(-rows["days"] * heal_rate[tissue][:, None])
                margin = margin + deficit[rows["injury"]][:, None] * left
                fixed = fixed + shared["recent_injury_log_hr"] * rows["recent"]
                log_hazard = pt.minimum(fixed + slope_h * margin, LARGEST_LOG_HAZARD)
                hazard_sum.append(pt.sum(rows["hazard"] * pt.exp(log_hazard)))
            log_pain.append(_pain(rows, margin, slope, cuts, shape))
            log_settled.append(_settled(rows, margin, shared["settle_level"], settle_slope))
            log_hazards.append((fixed + slope_h * margin).flatten())
        if log_pain:
            pm.Potential("pain", pt.sum(pt.stack(log_pain)))
            pm.Potential("settled", pt.sum(pt.stack(log_settled)))
        if sizes.events:
            log_hazard = pt.concatenate(log_hazards)[data["event_place"]]
            hazard = pt.exp(pt.minimum(log_hazard, LARGEST_LOG_HAZARD))
            pm.Potential("injured", pt.sum(data["event_weight"] * pt.log(-pt.expm1(-hazard))))
        if sum(sizes.blocks[0]):
            hazard_sum.append(
                _block_hazards(
                    data, sizes.blocks, (basis_f, basis_a), (gamma, slope_h), tolerance, of_cell
                )
            )
        if hazard_sum:
            pm.Potential("injury_free", -pt.sum(pt.stack(hazard_sum)))
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


def _filtered(rows: dict[str, Tensor], name: str, basis: Tensor, shape: Shape) -> Tensor:
    """Return a filter's value of each observation, (segment, place); segments are by tissue."""
    parts = [pt.dot(basis[k], rows[f"{name}{k}"]) for k in range(K) if shape[0][k]]
    return pt.concatenate(parts).reshape((sum(shape[0]), shape[1]))


def _cut_points(shared: dict[str, Tensor]) -> Tensor:
    """Return the cut-points of each tissue, (K, 10)."""
    rising = pt.concatenate(
        [pt.zeros((K, 1)), pt.cumsum(pt.exp(shared["log_gaps"]), axis=1)], axis=1
    )
    return pm.Deterministic("cut_points", rising - rising[:, ZERO_CUT_POINT : ZERO_CUT_POINT + 1])


def _pain(
    rows: dict[str, Tensor], margin: Tensor, slope: Tensor, cuts: Tensor, shape: Shape
) -> Tensor:
    """Return the log likelihood of pain scores.

    A product with the indicator of the score, not an index, picks the cut-points: its gradient is
    a product as well, where that of an index is a slow scatter.
    """
    lower, upper = rows["lower"], rows["upper"]
    none = pt.zeros((K, 1))
    around = pt.stack([pt.concatenate([none, cuts], 1), pt.concatenate([cuts, none], 1)], axis=1)
    parts = [pt.dot(around[k], rows[f"score{k}"]) for k in range(K) if shape[0][k]]
    both_cuts = pt.concatenate(parts, axis=1)
    lower_cut, upper_cut = (both_cuts[e].reshape((sum(shape[0]), shape[1])) for e in (0, 1))
    scale = 1.0 / pt.sqrt(1.0 + LOGIT_VARIANCE * slope**2 * rows["variance"])
    eta = slope * margin
    high = pt.switch(upper > 0.0, (upper_cut - eta) * scale, FAR_LOGIT)
    low = pt.switch(lower > 0.0, (lower_cut - eta) * scale, -FAR_LOGIT)
    # The difference of two logistic curves, taken in the tail where both are small.
    sign = pt.switch(high + low > 0.0, -1.0, 1.0)
    high, low = pt.clip(high, -FAR_LOGIT, FAR_LOGIT), pt.clip(low, -FAR_LOGIT, FAR_LOGIT)
    inside = sign * (1.0 / (1.0 + pt.exp(-sign * high)) - 1.0 / (1.0 + pt.exp(-sign * low)))
    said = pt.maximum(lower, upper)
    return pt.sum(said * pt.log(pt.maximum(inside, LEAST_PROBABILITY)))


def _settled(rows: dict[str, Tensor], margin: Tensor, level: Tensor, slope: Tensor) -> Tensor:
    """Return the log likelihood of settling within a day."""
    scale = 1.0 / pt.sqrt(1.0 + LOGIT_VARIANCE * slope**2 * rows["variance"])
    answer = rows["settled"]
    logit = pt.clip(answer * (level - slope * margin) * scale, -FAR_LOGIT, FAR_LOGIT)
    return -pt.sum(pt.abs(answer) * pt.log(1.0 + pt.exp(-logit)))


def _block_hazards(
    data: dict[str, Tensor],
    shape: Shape,
    bases: tuple[Tensor, Tensor],
    slopes: tuple[Tensor, Tensor],
    tolerance: Tensor,
    of_cell: Tensor,
) -> Tensor:
    """Return the summed hazard of sessions of units that were never injured."""
    (basis_f, basis_a), (gamma, slope) = bases, slopes
    cell = data["block_cell"]
    mean = (
        _filtered(data, "block_fatigue", basis_f, shape)
        - gamma * _filtered(data, "block_chronic", basis_a, shape)
        - tolerance[cell][:, None]
    )
    within = (
        _filtered(data, "block_spread", basis_f, shape)
        - 2.0 * gamma * data["block_covariance"]
        + gamma**2 * data["block_chronic_variance"]
        + data["block_variance"]
    )
    log_hazard = of_cell[cell][:, None] + slope * mean + 0.5 * slope**2 * within
    return pt.sum(data["block_n"] * pt.exp(pt.minimum(log_hazard, LARGEST_LOG_HAZARD)))
