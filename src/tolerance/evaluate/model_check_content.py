"""Content of the page that checks the model: every number and sentence, ready to be shown.

It is made from the stage's scores alone; nothing is fitted or drawn here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from tolerance.anatomy import MODEL_TISSUES
from tolerance.evaluate.world_check import TASKS
from tolerance.simulate.damage_pool import DAMAGE_POOL
from tolerance.simulate.worlds import WORLDS

__all__ = ["ModelCheckContent", "build_model_check", "world_words"]

TASK_WORDS: Final = {"new_runner": "new runner", "next_week": "next week"}
OUTCOME_WORDS: Final = {
    "pain_above": "pain above 3",
    "not_settled": "not settled in a day",
    "injury": "injury in the week",
}
NAME_WORDS: Final = {
    "model": "the model",
    "base_rate": "base rate",
    "own_rate": "runner's own rate",
    "previous_pain": "previous pain",
    "acwr_rolling": "ACWR, rolling",
    "acwr_ewma": "ACWR, EWMA",
    "acwr_uncoupled": "ACWR, uncoupled",
    "ten_percent_rule": "10 % rule",
    "longest_30d_spike": "30-day-longest spike",
    "distributed_lag": "distributed lags",
    "gradient_boosting": "gradient boosting",
}
POPULATION_WORDS: Final = {
    "prior": "the model starts each runner from its priors, as a real runner does",
    "fitted": "the model starts each runner from a fit to other simulated runners",
}
SUMMARY_WORDS: Final = {
    "settled_by_pain": ("Settled, by pain", ("0 to 1", "2 to 3", "4 to 5", "6 to 10")),
    "injuries_per_runner": ("Injuries per runner", ("none", "one", "two or more")),
    "injured_by_week": (
        "Injured by week",
        ("week 4", "week 8", "week 12", "week 16", "week 20", "week 24"),
    ),
    "spike_hazard_ratio": ("Spike hazard ratio", ("over 1.1", "over 1.3", "over 2.0")),
}
PUBLISHED_SPIKES: Final = ("1.64 (1.31 to 2.05)", "1.52 (1.16 to 2.00)", "2.28 (1.50 to 3.48)")
"""Of a session against the longest of 30 days (doi:10.1136/bjsports-2024-109380)."""
DECISION_NAMES: Final = ("model", "previous_pain", "gradient_boosting")
MANY_ERRORS: Final = 2.0
"""A difference beyond so many standard errors is called clear."""
FEW_EVENTS: Final = 30
"""Below it a score says little, and the page says so."""


@dataclass(frozen=True)
class Curve:
    """A figure's data with its title and finding."""

    title: str
    words: str
    data: pd.DataFrame


@dataclass(frozen=True)
class Decisions:
    """Net benefit of several forecasters."""

    title: str
    words: str
    curves: dict[str, pd.DataFrame]


@dataclass(frozen=True)
class ModelCheckContent:
    """The page; see the notebook for where each part stands."""

    title: str
    lead: str
    simulated_words: tuple[str, ...]
    summary: tuple[str, ...]
    warnings: tuple[str, ...]
    score_columns: tuple[str, ...]
    score_rows: tuple[tuple[str, ...], ...]
    ranking_columns: tuple[str, ...]
    ranking_tables: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]
    calibration_curves: tuple[Curve, ...]
    decision_plots: tuple[Decisions, ...]
    pain_bars: tuple[Curve, ...]
    predictive_columns: tuple[str, ...]
    predictive_rows: tuple[tuple[str, ...], ...]
    control_columns: tuple[str, ...]
    control_rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def build_model_check(scores: Mapping[str, Any]) -> ModelCheckContent:
    """Build the page from the scores of stage ``check_predictions``.

    Parameters
    ----------
    scores : mapping
        ``population`` and ``worlds``, as `pipelines.prediction_runs.run_worlds` gives them.
    """
    worlds: Mapping[str, Any] = scores["worlds"]
    first = next(iter(worlds))
    return ModelCheckContent(
        title="What the tolerance model gets right, and what not",
        lead="Forecasts for simulated runners whom nothing was fitted to, beside ten simpler ones.",
        simulated_words=(
            "Everything on this page is simulated: no runner was asked, nobody was hurt.",
            f"Of the start: {POPULATION_WORDS[scores['population']]}.",
            "How well the model predicts real injuries is not known.",
        ),
        summary=tuple(_summary(worlds)),
        warnings=tuple(_warnings(worlds)),
        score_columns=(
            "World", "Question", "Outcome", "Events of rows", "Log score", "Brier skill",
            "Calibration slope", "Observed / expected", "AUC within runners",
        ),
        score_rows=tuple(_score_rows(worlds)),
        ranking_columns=("Forecaster", "Log score", "Model better by", "Brier skill", "AUC within"),
        ranking_tables=tuple(_rankings(worlds)),
        calibration_curves=tuple(
            _calibration(first, task, outcome, worlds[first][task][outcome])
            for task in TASKS
            for outcome in ("pain_above", "injury")
            if worlds[first][task][outcome].get("curve")
        ),
        decision_plots=tuple(
            _decisions(first, outcome, worlds[first]["next_week"][outcome])
            for outcome in ("pain_above", "injury")
        ),
        pain_bars=tuple(_pain_bars(worlds[first]["predictive"])),
        predictive_columns=("Summary", "Part", "Observed", "Replicates (90 %)", "Inside"),
        predictive_rows=tuple(_predictive_rows(worlds[first]["predictive"])),
        control_columns=("World", "Control", "Forecaster", "Brier skill", "AUC within runners"),
        control_rows=tuple(_control_rows(worlds)),
        notes=_NOTES,
    )  # fmt: skip


_NOTES: Final = (
    "New runner: loads are known, nothing has been said yet. Next week: everything up to the "
    "morning of the week is known. Loads of the week itself are known in both, as in a plan.",
    "Log score is the mean surprise in nats and Brier skill the share of the base rate's Brier "
    "score that is saved; intervals are 90 %, over resampled runners.",
    "Calibration slope 1 is right; below it the probabilities are too far apart.",
    "AUC within runners compares sessions of the same runner only, so that knowing who gets hurt "
    "does not count. Above 0.9 it is taken for a leak.",
    "Comparators are fitted to other runners of the same world, so they know its base rates; the "
    "model does not.",
    "Replicates run what the observed runners ran, layoffs included; only the response is drawn.",
    "Net benefit weighs caught events against false alarms at the threshold's odds.",
)


def world_words(name: str) -> str:
    """Return what a simulated world is called on a page."""
    if name == DAMAGE_POOL:
        return "damage pool"
    return name.replace("_", " ")


def _range(entry: Mapping[str, Any] | None, digits: int = 2) -> str:
    """Return a score with its interval; empty where there is none."""
    if not entry or entry.get("value") is None:
        return ""
    text = f"{entry['value']:.{digits}f}"
    if entry.get("low") is not None and entry.get("high") is not None:
        text += f" ({entry['low']:.{digits}f} to {entry['high']:.{digits}f})"
    return text


def _best_other(scored: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the comparator with the lowest log score."""
    others = {name: entry for name, entry in scored["forecasters"].items() if name != "model"}
    name = min(others, key=lambda key: others[key]["log_score"]["value"])
    return name, others[name]


def _verdict(scored: Mapping[str, Any]) -> str:
    """Say how the model does against the best comparator."""
    name, other = _best_other(scored)
    gain = other["model_gain"]
    size, error = gain["gain"], gain.get("standard_error", np.nan)
    words = NAME_WORDS[name]
    if size > MANY_ERRORS * error:
        return f"better than the best comparator ({words}) by {size:.3f} (SE {error:.3f})"
    if size < -MANY_ERRORS * error:
        return f"worse than {words} by {-size:.3f} (SE {error:.3f})"
    return f"not clearly different from the best comparator ({words}): {size:+.3f} (SE {error:.3f})"


def _summary(worlds: Mapping[str, Any]) -> list[str]:
    sentences = []
    for world, result in worlds.items():
        for task in TASKS:
            verdict = _verdict(result[task]["pain_above"])
            sentences.append(
                f"World {world_words(world)}, {TASK_WORDS[task]}, pain above 3: the model is "
                f"{verdict}."
            )
    return sentences


def _warnings(worlds: Mapping[str, Any]) -> list[str]:
    sentences = [
        f"World {world_words(name)}: "
        + (
            "another generator, which shares no code with the model."
            if name == DAMAGE_POOL
            else f"{WORLDS[name].meaning}."
        )
        for name in worlds
    ]
    for world, result in worlds.items():
        for task in TASKS:
            for outcome, scored in result[task].items():
                where = f"World {world_words(world)}, {TASK_WORDS[task]}, {OUTCOME_WORDS[outcome]}"
                if scored["is_leak_suspected"]:
                    sentences.append(f"{where}: the ranking is too good; suspect a leak.")
                events = scored["forecasters"]["model"]["n_events"]
                if events < FEW_EVENTS:
                    sentences.append(f"{where}: only {events} events; the scores say little.")
    return sentences


def _score_rows(worlds: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for world, result in worlds.items():
        for task in TASKS:
            for outcome, scored in result[task].items():
                model = scored["forecasters"]["model"]
                rows.append(
                    (
                        world_words(world),
                        TASK_WORDS[task],
                        OUTCOME_WORDS[outcome],
                        f"{model['n_events']} of {model['n_rows']}",
                        _range(model.get("log_score"), 3),
                        _range(model.get("brier_skill"), 3),
                        _range(model.get("calibration_slope")),
                        _range(model.get("observed_over_expected")),
                        _range(model.get("auc_within")),
                    )
                )
    return rows


def _rankings(
    worlds: Mapping[str, Any],
) -> list[tuple[str, tuple[tuple[str, ...], ...]]]:
    tables: list[tuple[str, tuple[tuple[str, ...], ...]]] = []
    for world, result in worlds.items():
        for task in TASKS:
            scored = result[task]["pain_above"]["forecasters"]
            order = sorted(scored, key=lambda name: scored[name]["log_score"]["value"])
            rows: list[tuple[str, ...]] = []
            for name in order:
                entry = scored[name]
                gain = entry.get("model_gain")
                rows.append(
                    (
                        NAME_WORDS[name],
                        _range(entry["log_score"], 3),
                        "–"
                        if gain is None
                        else f"{gain['gain']:.3f} (SE {gain.get('standard_error', np.nan):.3f})",
                        _range(entry.get("brier_skill"), 3),
                        _range(entry.get("auc_within")),
                    )
                )
            caption = f"Pain above 3, {TASK_WORDS[task]}, world {world_words(world)}: best first"
            tables.append((caption, tuple(rows)))
    return tables


def _calibration(world: str, task: str, outcome: str, scored: Mapping[str, Any]) -> Curve:
    columns = ["expected", "observed", "observed_low", "observed_high", "n"]
    data = pd.DataFrame(scored["curve"]).reindex(columns=columns)
    slope = _range(scored["forecasters"]["model"].get("calibration_slope")) or "not known"
    return Curve(
        title=f"{OUTCOME_WORDS[outcome].capitalize()}, {TASK_WORDS[task]}",
        words=f"Observed share against stated probability in world {world_words(world)}; "
        f"calibration slope {slope}.",
        data=data.astype(np.float64),
    )


def _decisions(world: str, outcome: str, scored: Mapping[str, Any]) -> Decisions:
    curves = {NAME_WORDS[name]: pd.DataFrame(scored["decisions"][name]) for name in DECISION_NAMES}
    always = pd.DataFrame(scored["decisions"]["model"])
    curves["act always"] = always.assign(net_benefit=always["treat_all"])
    return Decisions(
        title=f"{OUTCOME_WORDS[outcome].capitalize()}, next week",
        words=f"Net benefit of acting above a threshold in world {world_words(world)}, beside "
        "acting always and never.",
        curves=curves,
    )


def _pain_bars(predictive: Mapping[str, Any]) -> list[Curve]:
    bars = []
    for name in MODEL_TISSUES:
        entry = predictive[f"pain_{name}"]
        data = pd.DataFrame({key: entry[key] for key in ("observed", "median", "low", "high")})
        data = data.astype(np.float64)
        data.insert(0, "label", [str(level) for level in range(len(data))])
        inside = entry.get("inside_frac", np.nan)
        bars.append(
            Curve(
                title=name.capitalize(),
                words=f"Shares of pain 0 to 10 reported of {name}, with the 90 % range of "
                f"replicates: {100 * inside:.0f} % of the bars inside.",
                data=data,
            )
        )
    return bars


def _predictive_rows(predictive: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, (words, parts) in SUMMARY_WORDS.items():
        entry = predictive[name]
        values: Sequence[tuple[Any, ...]] = list(
            zip(parts, entry["observed"], entry["low"], entry["high"], strict=True)
        )
        for i, (part, observed, low, high) in enumerate(values):
            label = words
            if name == "spike_hazard_ratio":
                part = f"{part}; published {PUBLISHED_SPIKES[i]}"
            if observed is None or low is None or high is None:
                rows.append((label, part, "", "", ""))
                continue
            inside = "yes" if low <= observed <= high else "no"
            rows.append((label, part, f"{observed:.2f}", f"{low:.2f} to {high:.2f}", inside))
    return rows


def _control_rows(worlds: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for world, result in worlds.items():
        controls = result["controls"]
        for name, entry in controls["shuffled_outcomes"].items():
            rows.append(
                (
                    world_words(world),
                    "outcomes shuffled",
                    NAME_WORDS[name],
                    _range(entry.get("brier_skill"), 3),
                    _range(entry.get("auc_within")),
                )
            )
        entry = controls["shuffled_loads"]
        rows.append(
            (
                world_words(world),
                "loads shuffled",
                NAME_WORDS["model"],
                _range(entry.get("brier_skill"), 3),
                _range(entry.get("auc_within")),
            )
        )
    return rows
