"""The sampled density against the plain hierarchical one, written with other code."""

import numpy as np
import pytest
from scipy import stats

from tolerance.model.capacity import TISSUE_AXES, capacity_model, time_priors
from tolerance.model.design import build_design, chebyshev_basis, medians
from tolerance.model.likelihood import (
    hazard_log_likelihood,
    response_log_likelihood,
    runner_data,
)
from tolerance.model.population import PopulationDraws, cut_points
from tolerance.model.runner import tissue_index
from tolerance.model.update import _Draws, _packed

CHRONIC = np.array([0.1, 0.42857])


def plain_log_density(histories, design, priors, value):
    """Prior of the plain hierarchical model plus exact likelihood, from the physical values."""
    log_density = 0.0
    for name in ("z_fatigue", "z_adaptation", "z_healing", "z_unit", "z_deficit", "z_frailty"):
        log_density += stats.norm.logpdf(value[name]).sum()
    within = priors.cut_gap_tissue_log_sd.value
    gaps = stats.multivariate_normal(
        np.full(5, np.log(priors.cut_gap.median)),
        priors.cut_gap.log_sd**2 * np.ones((5, 5)) + within**2 * np.eye(5),
    )
    log_density += gaps.logpdf(value["log_gaps"].T).sum()
    for name, prior in (
        ("log_pain_slope", priors.pain_slope),
        ("log_settle_slope", priors.settle_slope),
        ("log_hazard_slope", priors.hazard_slope),
        ("log_runner_sd", priors.runner_sd),
        ("log_unit_sd", priors.unit_sd),
    ):
        log_density += stats.norm.logpdf(value[name], np.log(prior.median), prior.log_sd).sum()
    for name, prior in (
        ("settle_level", priors.settle_level),
        ("deficit_log_mean", priors.deficit_log_mean),
        ("recent_injury_log_hr", priors.recent_injury_log_hr),
        ("hazard_common", priors.hazard_level),
        ("gamma", priors.chronic_exponent),
        ("frailty_sd", priors.frailty_sd),
    ):
        log_density += stats.norm.logpdf(value[name], prior.mean, prior.sd)
    offset_mean = [priors.hazard_tissue_offset.bone.mean, 0.0, 0.0, 0.1, 0.0]
    log_density += stats.norm.logpdf(value["hazard_offset"], offset_mean, 0.3).sum()
    common = value["tissue_mean"].mean()
    spread = priors.tissue_spread.value
    log_density += stats.norm.logpdf(common, priors.tolerance_mean.mean, priors.tolerance_mean.sd)
    log_density -= 0.5 * np.sum((value["tissue_mean"] - common) ** 2) / spread**2
    log_density += stats.norm.logpdf(
        value["effect_runner"], 0.0, np.exp(value["log_runner_sd"])
    ).sum()
    tau = {
        name: np.exp(log_median + log_sd * value[z])[None]
        for name, z, (log_median, log_sd) in (
            ("tau_fatigue_d", "z_fatigue", time_priors(priors, "fatigue_days")),
            ("tau_adaptation_d", "z_adaptation", time_priors(priors, "adaptation_days")),
            ("tau_healing_d", "z_healing", time_priors(priors, "healing_days")),
        )
    }
    one = np.ones(1)
    population = PopulationDraws(
        origin="simulated",
        **tau,
        gamma=one * value["gamma"],
        chronic_offset_rr=0.1,
        chronic_reference_rr=0.42857,
        tolerance_mean=value["tissue_mean"][None],
        runner_sd=one * np.exp(value["log_runner_sd"]),
        unit_sd=one * np.exp(value["log_unit_sd"]),
        deficit_log_mean=one * value["deficit_log_mean"],
        deficit_log_sd=one * priors.deficit_log_sd.value,
        pain_slope=one * np.exp(value["log_pain_slope"]),
        cut_points=cut_points(value["log_gaps"])[None],
        settle_level=one * value["settle_level"],
        settle_slope=one * np.exp(value["log_settle_slope"]),
        hazard_level=(value["hazard_common"] + value["hazard_offset"])[None],
        hazard_slope=one * np.exp(value["log_hazard_slope"]),
        frailty_sd=one * value["frailty_sd"],
        recent_injury_log_hr=one * value["recent_injury_log_hr"],
    )
    deficit = np.exp(value["deficit_log_mean"] + priors.deficit_log_sd.value * value["z_deficit"])
    first_injury = 0
    for i, history in enumerate(histories):
        cells = slice(design.first_cell[i], design.first_cell[i + 1])
        tolerance = (
            value["tissue_mean"][tissue_index(history.units)]
            + value["effect_runner"][i]
            + unit_effect(design, value)[cells]
        )
        own = deficit[first_injury : first_injury + len(history.injuries)][None]
        first_injury += len(history.injuries)
        draws = _Draws(
            population=population,
            log_tolerance=tolerance[None],
            deficit=own,
            log_frailty=one * value["frailty_sd"] * value["z_frailty"][i],
        )
        traits, shared = _packed(draws, history)
        typical = medians(priors.fatigue_days)[tissue_index(history.units)]
        data = runner_data(history, typical)
        cuts = population.cut_points[:, tissue_index(history.units)]
        log_density += response_log_likelihood(data, traits, shared, cuts, own, CHRONIC)[0]
        log_density += hazard_log_likelihood(data, traits, shared, own, CHRONIC)[0]
    return log_density


def unit_effect(design, value):
    """Return what a unit's answers have in common: its tolerance, and loads not known exactly."""
    sd = np.hypot(np.exp(value["log_unit_sd"]), np.sqrt(design.cells.load_variance))
    return sd * value["z_unit"]


def physical(design, priors, value):
    """Return means of the tissues and effects of the runners that the sampled logits stand for."""
    a, slope = design.centres, np.exp(value["log_pain_slope"])
    basis_f, basis_a = (chebyshev_basis(value[name]) for name in ("z_fatigue", "z_adaptation"))
    tissue_mean = np.sum(a.tissue_fatigue * basis_f, axis=1)
    tissue_mean -= value["gamma"] * np.sum(a.tissue_chronic * basis_a, axis=1)
    tissue_mean -= TISSUE_AXES @ value["tissue_axes"] / slope
    mean = np.sum(a.runner_fatigue * basis_f, axis=(1, 2))
    mean -= value["gamma"] * np.sum(a.runner_chronic * basis_a, axis=(1, 2))
    deficit = np.exp(value["deficit_log_mean"] + priors.deficit_log_sd.value * value["z_deficit"])
    np.add.at(mean, a.injury_runner, deficit * a.injury_left)
    unit = unit_effect(design, value) * a.cell_weight
    mean -= a.runner_share @ tissue_mean + np.bincount(design.cell_runner, weights=unit)
    effect = np.where(
        a.answered,
        mean - value["runner_logit"] / slope,
        np.exp(value["log_runner_sd"]) * value["runner_logit"],
    )
    return {"tissue_mean": tissue_mean, "effect_runner": effect}


@pytest.mark.slow
def test_the_sampled_density_is_the_plain_one_up_to_a_constant(histories, priors):
    design = build_design(histories, priors)
    assert design.cells.load_variance.max() > 0.005
    assert design.rows.variance.max() > 0.05
    model = capacity_model(design, priors)
    names = [variable.name for variable in model.free_RVs]
    log_density = model.compile_logp(jacobian=False, sum=False, mode="FAST_COMPILE")
    start = model.initial_point()
    rng = np.random.default_rng(42)
    differences = []
    for _ in range(6):
        point = {
            name: values + 0.35 * rng.standard_normal(np.shape(values))
            for name, values in start.items()
        }
        value = dict(zip(names, (point[v.name] for v in model.value_vars), strict=True))
        for name, low, high in (
            ("gamma", 0.0, 1.2),
            ("frailty_sd", 0.0, 3.0),
            ("z_fatigue", -4.0, 4.0),
            ("z_adaptation", -4.0, 4.0),
            ("z_healing", -4.0, 4.0),
        ):
            value[name] = low + (high - low) / (1.0 + np.exp(-value[name]))
        value |= physical(design, priors, value)
        # Jacobian of the means and of the answered runners' effects; the silent runner's effect
        # is its spread times a standard normal.
        jacobian = -(5 + 2) * value["log_pain_slope"] + value["log_runner_sd"]
        plain = plain_log_density(histories, design, priors, value)
        sampled = sum(float(np.sum(term)) for term in log_density(point))
        differences.append(sampled - plain - jacobian)
    assert np.ptp(differences) < 0.1
