"""Short tables of what the long checks and the soreness diary gave, for the README."""

from collections.abc import Mapping
from typing import Any, Final

from tolerance.evaluate.model_check_content import NAME_WORDS, TASK_WORDS, world_words
from tolerance.evaluate.soreness_comparators import STRONGEST
from tolerance.evaluate.soreness_content import SPLIT_WORDS, TARGETS
from tolerance.model.calibration_checks import NAMED_IN_ADVANCE
from tolerance.simulate.damage_pool import DAMAGE_POOL

__all__ = [
    "FORECAST_COLUMNS",
    "LARGE_COHORT_COLUMNS",
    "RECOVERY_COLUMNS",
    "SORENESS_COLUMNS",
    "forecast_rows",
    "large_cohort_rows",
    "recovery_rows",
    "soreness_rows",
]

FORECAST_COLUMNS: Final = (
    "Simulated world", "Question", "Ours", "Best of ten others", "Ours better by (SE)",
    "Calibration slope",
)  # fmt: skip
RECOVERY_COLUMNS: Final = ("Check, simulated", "Aim", "Result", "Rests on")
LARGE_COHORT_COLUMNS: Final = (
    "Simulated cohort",
    "Sampler",
    "Approximation",
    "Shift of a tolerance, median (95 % below)",
    "Width, least to greatest",
    "Shift of what is shared, median (greatest)",
    "Width, least to greatest",
)
SORENESS_COLUMNS: Final = ("Days that were left out", "Score", "Aim", "Ours", "Best other")

RECOVERY_WORDS: Final = {
    "dense": ("dense reports", 0.95),
    "sparse": ("15 % of sessions reported", 0.85),
    DAMAGE_POOL: ("dense reports, the second generator", None),
}
"""What is said of each kind of cohort, and the correlation aimed at."""

OWN_HISTORY: Final = ("person_rate", STRONGEST)
"""Methods that learn from a person's earlier days."""

SBC_WORDS: Final = {
    "sbc": "loads known",
    "sbc_with_load_errors": "with load errors and gaps",
}

SCORE_WORDS: Final = {
    "log_score": "log score",
    "brier": "Brier score",
    "auc_within": "AUC within people",
}


def forecast_rows(checks: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return how well pain above 3 is forecast in every world, ours beside the best other.

    Parameters
    ----------
    checks : mapping
        ``checks_tolerance.json``.
    """
    rows: list[tuple[str, ...]] = []
    for world, tasks in checks["comparators"].items():
        for task, outcomes in tasks.items():
            scored = outcomes["pain_above"]
            others = {name: entry for name, entry in scored.items() if name != "model"}
            best = min(others, key=lambda name: others[name]["log_score"]["value"])
            gain = others[best]["model_gain"]
            rows.append(
                (
                    world_words(world),
                    TASK_WORDS[task],
                    f"{scored['model']['log_score']['value']:.3f}",
                    f"{others[best]['log_score']['value']:.3f} ({NAME_WORDS[best]})",
                    f"{gain['gain']:+.3f} ({gain['standard_error']:.3f})",
                    _interval(scored["model"].get("calibration_slope")),
                )
            )
    return rows


def recovery_rows(checks: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return whether fits find the truth, and whether their intervals are right.

    Parameters
    ----------
    checks : mapping
        ``checks_tolerance.json``.
    """
    rows: list[tuple[str, ...]] = []
    for name, (words, least) in RECOVERY_WORDS.items():
        found = checks["recovery"].get(name)
        if found is None:
            continue
        cohorts = f"{found['n_cohorts']} cohorts"
        rows += [
            (
                f"Log tolerance of injured tissues, correlation; {words}",
                "–" if least is None else f"≥ {least:.2f}",
                f"{found['corr']:.3f}",
                cohorts,
            ),
            (
                "– 90 % intervals hold",
                "86 to 94 %",
                f"{100.0 * found['coverage90']:.1f} %",
                cohorts,
            ),
        ]
    for kind, words in SBC_WORDS.items():
        calibration = checks.get(kind, {"n_simulations": 0})
        rows += [
            (
                f"Rank of the true {name.replace('_', ' ')}, distance from uniform; {words}",
                f"≤ {calibration['quantities'][name]['limit']:.3f}",
                f"{calibration['quantities'][name]['distance']:.3f}",
                f"{calibration['n_simulations']} simulations",
            )
            for name in (NAMED_IN_ADVANCE if calibration["n_simulations"] else ())
        ]
    return rows


def large_cohort_rows(checks: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the approximation for large cohorts beside the sampler: time, shifts and widths.

    Shifts are in posterior SDs of the sampler, widths as shares of them.

    Parameters
    ----------
    checks : mapping
        ``checks_tolerance.json``.
    """
    rows: list[tuple[str, ...]] = []
    for found in sorted(checks.get("laplace", {}).values(), key=lambda one: one["n_runners"]):
        compared = ["–"] * 4
        if "sampled" in found:
            own, shared = found["tolerance"], found["shared"]
            compared = [
                f"{own['shift_sd_median']:.2f} ({own['shift_sd_95']:.2f}) SD",
                f"{own['width_least']:.2f} to {own['width_greatest']:.2f}",
                f"{shared['shift_sd_median']:.2f} ({shared['shift_sd_max']:.2f}) SD",
                f"{shared['width_least']:.2f} to {shared['width_greatest']:.2f}",
            ]
        rows.append(
            (
                f"{found['n_runners']:,} runners, {found['n_sessions']:,} sessions",
                _minutes(found["sampled"]) if "sampled" in found else "not run",
                _minutes(found),
                *compared,
            )
        )
    return rows


def _minutes(found: Mapping[str, Any]) -> str:
    return f"{found['seconds'] / 60.0:.1f} min ({found['cpu_seconds'] / 60.0:.1f} of a core)"


def soreness_rows(metrics: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the scores of next-day soreness, beside aims and the best other method.

    Parameters
    ----------
    metrics : mapping
        ``tolerance_pmdata.json``.
    """
    rows: list[tuple[str, ...]] = []
    for split, aims in TARGETS.items():
        others = metrics["comparators"]["time" if split == "time" else "lopo"]
        if split == "lopo_pop":  # against methods that learn nothing of the person either
            others = {name: entry for name, entry in others.items() if name not in OWN_HISTORY}
        for score, aim in aims.items():
            is_more_better = score == "auc_within"
            values = [entry[score] for entry in others.values() if entry.get(score) is not None]
            best = max(values) if is_more_better else min(values)
            own = metrics[split]
            rows.append(
                (
                    SPLIT_WORDS[split],
                    SCORE_WORDS[score],
                    f"{'≥' if is_more_better else '≤'} {aim:.3g}",
                    f"{own[score]:.3f} ({own[f'{score}_low']:.3f} to {own[f'{score}_high']:.3f})",
                    f"{best:.3f}",
                )
            )
    return rows


def _interval(entry: Mapping[str, Any] | None) -> str:
    if not entry or entry.get("value") is None:
        return "–"
    if entry.get("low") is None or entry.get("high") is None:
        return f"{entry['value']:.2f}"
    return f"{entry['value']:.2f} ({entry['low']:.2f} to {entry['high']:.2f})"
