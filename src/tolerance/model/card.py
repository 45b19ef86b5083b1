"""The model card: TRIPOD+AI's items with the numbers of the metrics files.

Prose is written here and reviewed; every number comes from a metrics file, and where one is not
there the card says so.
"""

from collections.abc import Mapping
from typing import Any, Final

from tolerance.config import Fixed, LogNormal, Normal, PerTissuePrior, TolerancePriors

__all__ = ["ITEMS", "model_card"]

NOT_YET: Final = "not run yet"

ITEMS: Final = (
    "Title", "Background", "Objectives", "Data", "Participants", "Data preparation", "Outcome",
    "Predictors", "Sample size", "Missing data", "Analytical methods", "Class imbalance",
    "Fairness", "Model output", "Training versus evaluation", "Ethical approval", "Open science",
    "Patient and public involvement", "Performance", "Updating", "Interpretation", "Limitations",
    "Usability in care",
)  # fmt: skip
"""Items of TRIPOD+AI (doi:10.1136/bmj-2023-078378), in the order of the card."""


def _number(values: Mapping[str, Any], path: str, digits: int = 2) -> str:
    found: Any = values
    for key in path.split("."):
        if not isinstance(found, Mapping) or key not in found:
            return NOT_YET
        found = found[key]
    if isinstance(found, Mapping):  # a score with its interval
        value, low, high = (found[key] for key in ("value", "low", "high"))
        return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
    return f"{found:.{digits}f}" if isinstance(found, float) else str(found)


def _prior_rows(priors: TolerancePriors) -> list[str]:
    rows = ["| prior | value | source |", "|---|---|---|"]
    for name in TolerancePriors.model_fields:
        value = getattr(priors, name)
        parts = (
            [(f"{name}, {tissue}", getattr(value, tissue)) for tissue in type(value).model_fields]
            if isinstance(value, PerTissuePrior)
            else [(name, value)]
        )
        rows.extend(f"| {label} | {_words(prior)} | {prior.source} |" for label, prior in parts)
    return rows


def _words(prior: Any) -> str:
    match prior:
        case Fixed():
            return f"{prior.value:g}, fixed"
        case LogNormal():
            return f"median {prior.median:g}, log-SD {prior.log_sd:g}"
        case Normal():
            return f"mean {prior.mean:g}, SD {prior.sd:g}"
    return f"mean {prior.mean:g}, SD {prior.sd:g}, {prior.lower:g} to {prior.upper:g}"


def model_card(fit: Mapping[str, Any], checks: Mapping[str, Any], priors: TolerancePriors) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    fit : mapping
        ``tolerance.json``; empty where no fit was made yet.
    checks : mapping
        ``checks_tolerance.json``; empty where the long checks were not run.
    priors : TolerancePriors
    """

    def of_fit(path: str, digits: int = 2) -> str:
        return _number(fit, path, digits)

    def of_checks(path: str, digits: int = 2) -> str:
        return _number(checks, path, digits)

    text = {
        "Title": "A hierarchical Bayesian model of the running load that a runner's tissues "
        "tolerate: development and internal checks on simulated runners.",
        "Background": "Runners are hurt after rehabilitation, when load rises faster than "
        "capacity. The model is meant to help a clinician set the next week's load.",
        "Objectives": "Tell pain above a limit, settling within 24 h and injury, for each tissue "
        "and side, session by session, and how sure that is. **Intended use:** decision support "
        "for a clinician who knows the runner. **Excluded use:** diagnosis, decisions without a "
        "clinician, children, sports without running, and quoting a risk as a measured one.",
        "Data": f"{of_fit('n_runners')} simulated runners, {of_fit('n_sessions')} sessions, "
        f"{of_fit('n_pain_reports')} pain reports, {of_fit('n_injuries')} injuries. Simulated, "
        "not observed: no real injury has informed or tested this model.",
        "Participants": "Simulated runners after an injury of one of five tissues, on usual care "
        "or a controlled progression. Real runners never start from this fit: they start from the "
        "priors and what real data identify.",
        "Data preparation": "Sessions become damage per tissue and side in reference runs (30 min "
        "easy and flat), with a log-SD that grows down the ladder of exposure. A day that was not "
        "observed is expected to be the mean of the days two weeks about it with a log-SD of 1, a "
        "session whose load was lost the mean session with 0.6; never zero.",
        "Outcome": "Pain 0 to 10 (worst of the session), settled within 24 h, and injury: a "
        "complaint that stops running for at least seven days or three sessions, or needs care. "
        "Same-tissue injury and any injury are reported apart.",
        "Predictors": "Damage day by day, days since the unit's last injury, painkillers. Fatigue "
        "and chronic load are filters of damage; gamma decides between absolute load (0) and a "
        "ratio (1).",
        "Sample size": "Set by what the default run can fit in minutes, not by a power analysis.",
        "Missing data": "Pain that was not said is taken as missing at random given load; worlds "
        "in which it is not are among the checks. Under a painkiller pain is at least what was "
        "said, and 'settled' says nothing.",
        "Analytical methods": "Ordered logit, Bernoulli and competing complementary log-log "
        "hazards with a runner's frailty; runner, tissue and side partially pooled; a day's load "
        "errs lognormally, and so does the sum that fatigue is, with the mean and variance of its "
        "parts; what a unit's answers share of that error is told apart from its tolerance. "
        "NUTS (nutpie; gradient derived by hand, held against that of "
        "PyMC). Gate: R-hat at most 1.01, effective size at least 400, no divergence, E-BFMI above "
        "0.3. This fit: R-hat "
        f"{of_fit('rhat_max', 3)}, effective size {of_fit('ess_min', 0)}, "
        f"{of_fit('divergences')} divergences, E-BFMI {of_fit('ebfmi_min')}; gate passed: "
        f"{'yes' if fit.get('passed') == 1 else 'no' if fit else NOT_YET}.",
        "Class imbalance": "Injuries are rare; no resampling, the hazard is modelled as it is.",
        "Fairness": "Age, sex and body mass are not in the model. Whether it serves all groups "
        "alike has not been examined, because there is no real cohort to examine it on.",
        "Model output": "Probabilities per draw; pages show them of 100 with a range, and which "
        "part is the runner's own data. 'Personal' is said only where the data halve the prior's "
        "variance, rest on enough reports and loads that differ.",
        "Training versus evaluation": "The same simulator, other seeds; a second generator with "
        "other mechanics; worlds that break one assumption each.",
        "Ethical approval": "None needed: no person's data were used.",
        "Open science": "Code, priors, seeds and draws are in this repository; the priors' table "
        "is below.",
        "Patient and public involvement": "None so far.",
        "Performance": "Recovery of log tolerance, mean over "
        f"{of_checks('recovery.dense.n_cohorts')} cohorts: correlation "
        f"{of_checks('recovery.dense.corr')} and 90 % coverage "
        f"{of_checks('recovery.dense.coverage90')} with dense reports; "
        f"{of_checks('recovery.sparse.corr')} and {of_checks('recovery.sparse.coverage90')} with "
        f"15 % of sessions reported ({of_checks('recovery.sparse.n_cohorts')} cohorts). "
        f"Simulation-based calibration with known loads: {of_checks('sbc.n_simulations')} "
        f"simulations, passed {of_checks('sbc_pass')} (1 is yes; 200 were planned). With the "
        f"cohort's load errors and gaps ({of_checks('sbc_with_load_errors.n_simulations')} "
        "simulations), share of true values that 90 % intervals hold: gamma "
        f"{of_checks('sbc_with_load_errors.quantities.gamma.coverage90')}, pain slope "
        f"{of_checks('sbc_with_load_errors.quantities.pain_slope.coverage90')}. A runner's update "
        "is up to "
        f"{of_checks('update.shift_injured_sd_max')} SD from NUTS on injured tissues "
        f"({of_checks('update.n_runners')} runners). Calibration slope of next week's "
        f"pain in the well-specified world: {of_checks('calibration_slope')}.",
        "Updating": "A runner is updated each morning; the population is fitted anew when its "
        "data or priors change. A fit that fails the gate is not used, the last good one stays.",
        "Interpretation": "What simulated runners teach is whether the method can find a truth of "
        "its own kind, and how it fails in others. It says nothing about real injury rates.",
        "Limitations": "Time constants of adaptation and healing stay close to their priors, and "
        "so does the dose that follows from them. Exponents of damage are unverified. Injured "
        "tissues' first-order treatment of load error is rough for diary-only load: with load "
        "errors and gaps slopes come out a little too flat and units too different (calibration "
        "fails there). Frailty is hardly identified by a few injuries.",
        "Usability in care": "Poor input widens intervals and ends in 'not enough data yet'. "
        "Sessions out of order, pain outside 0 to 10 or dates in the future are refused with what "
        "to correct.",
    }
    lines = [
        "# Model card: tolerance",
        "",
        "Generated from `data/metrics` by `python -m pipelines.model_card`; do not edit numbers "
        "here.",
        "",
    ]
    for item in ITEMS:
        lines += [f"## {item}", "", text[item], ""]
    lines += ["## Priors", "", *_prior_rows(priors), ""]
    return "\n".join(lines)
