"""Stage ``fit_tolerance``: the capacity model on the default cohort, and whether to trust the fit.

The fit is always written, with its diagnostics, beside the cohort. It replaces the posterior in
force (``models/tolerance/posterior``) only if it passes the gate; otherwise the last good one stays
and the metrics say that this fit must not be used.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from pipelines.params import load_params
from pipelines.paths import SYNTHETIC_DATASET, Places, project_root
from pipelines.posterior import POSTERIOR, write_posterior
from pipelines.stage import run_stage
from pipelines.store import new_directory, read_table, write_json, write_metrics
from tolerance.anatomy import DEFAULT_UNITS
from tolerance.config import FitTolerance, TolerancePriors, stage_generator
from tolerance.exposure.histories import cohort_histories
from tolerance.model.design import Design, build_design
from tolerance.model.fit import Posterior, fit
from tolerance.model.population import PopulationDraws, prior_draws

__all__ = ["Fitted", "main", "run"]

STAGE: Final = "fit_tolerance"
COHORT: Final = "cohort"
TABLES: Final = ("ledger", "responses", "events")
N_PRIOR_DRAWS: Final = 4000
"""For the spread that the posterior's is held against."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fit, its data, and the metrics."""

    posterior: Posterior
    design: Design
    runner_ids: list[str]
    metrics: dict[str, Any]


def run(
    tables: dict[str, pd.DataFrame], priors: TolerancePriors, params: FitTolerance, seed: int
) -> Fitted:
    """Fit the cohort's runners.

    Parameters
    ----------
    tables : dict of str to DataFrame
        ``ledger``, ``responses`` and ``events``.
    priors : TolerancePriors
    params : FitTolerance
    seed : int
        Root of the run's random numbers.
    """
    histories = cohort_histories(tables, DEFAULT_UNITS, params.chronic_start_rr)
    design = build_design(histories, priors)
    posterior = fit(design, priors, params, stage_generator(seed, STAGE), origin="simulated")
    prior = prior_draws(priors, stage_generator(seed, STAGE, "prior"), N_PRIOR_DRAWS)
    metrics = posterior.diagnostics.metrics() | {
        "n_runners": design.n_runners,
        "n_sessions": design.n_sessions,
        "n_pain_reports": int(design.n_reports.sum()),
        "n_injuries": int(np.sum(design.rows.outcome == 1)),
        "posterior": _contraction(posterior.population, prior),
    }
    return Fitted(posterior, design, [h.runner_id for h in histories], metrics)


def _contraction(posterior: PopulationDraws, prior: PopulationDraws) -> dict[str, Any]:
    """Say of each parameter what the data left of the prior's spread; 0 is all of it, 1 nothing."""
    found: dict[str, Any] = {}
    for name, values in posterior.arrays().items():
        before = np.std(prior.arrays()[name], axis=0)
        after = np.std(values, axis=0)
        learned = 1.0 - np.divide(
            after, before, out=np.ones_like(np.asarray(before)), where=np.asarray(before) > 1e-12
        )
        found[name] = {
            "mean": np.mean(values, axis=0).tolist(),
            "sd": after.tolist(),
            "contraction": np.asarray(learned).tolist(),
        }
    found.pop("cut_points")
    found.pop("deficit_log_sd")
    return found


def main() -> None:
    """Fit the default cohort; keep the last good posterior where the gate is not passed."""
    places = Places(project_root())
    params = load_params(places.params)
    tables = {
        name: read_table(places.processed_table(SYNTHETIC_DATASET, COHORT, name), name)
        for name in TABLES
    }
    fitted = run(tables, params.tolerance_priors, params.fit_tolerance, params.seed)
    gate = {name: fitted.metrics[name] for name in ("passed", "problems")}
    about = {
        "data": f"{fitted.design.n_runners} simulated runners, {fitted.design.n_sessions} sessions",
        "gate": gate,
        "last_day": str(tables["ledger"]["date"].max().date()),
    }
    candidate = places.processed(SYNTHETIC_DATASET, "tolerance_fit")
    in_force = places.model("tolerance") / POSTERIOR
    arguments = (fitted.posterior, fitted.design, fitted.runner_ids, params.tolerance_priors, about)
    write_posterior(candidate, *arguments)
    if gate["passed"]:
        write_posterior(in_force, *arguments)
    elif not in_force.is_dir():
        with new_directory(in_force) as target:
            write_json(target / "about.json", about)
    write_metrics(places.metrics("tolerance"), fitted.metrics)
    worst = fitted.metrics
    print(
        f"R-hat {worst['rhat_max']:.3f}, effective size {worst['ess_min']:.0f}, "
        f"{worst['divergences']} divergences, E-BFMI {worst['ebfmi_min']:.2f}: "
        f"{'passed' if gate['passed'] else 'NOT passed: ' + '; '.join(gate['problems'])}"
    )


if __name__ == "__main__":
    run_stage(main)
