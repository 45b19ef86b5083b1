"""Content of the PMData page: every number and sentence, made from the metrics alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from tolerance.evaluate.soreness_comparators import STRONGEST

__all__ = ["SPLIT_WORDS", "TARGETS", "SorenessContent", "build_soreness"]

TARGETS: Final[Mapping[str, Mapping[str, float]]] = {
    "lopo_seq": {"log_score": 0.455, "brier": 0.150, "auc_within": 0.73},
    "lopo_pop": {"log_score": 0.50, "brier": 0.169, "auc_within": 0.72},
    "time": {"log_score": 0.45, "brier": 0.147, "auc_within": 0.79},
}
"""Set before the model was fitted: at most this log score and Brier, at least this AUC."""
SLOPE_RANGE: Final = (0.85, 1.15)
LARGEST_BIAS: Final = 0.02
SHUFFLED_GAP: Final = 0.01
SHUFFLED_AUC: Final = 0.62

SPLIT_WORDS: Final = {
    "lopo_seq": "new person, learning from day to day",
    "lopo_pop": "new person, nothing of their own",
    "time": "last 30 % of days",
}
MODEL_WORDS: Final = {
    "base_rate": "base rate",
    "person_rate": "person's running rate",
    "soreness_today_and_week": "soreness today and 7-day mean",
    "logistic_load_state": "logistic, load and state",
    "boosting_load_state": "boosting, load and state",
    STRONGEST: "boosting, load, state and own history",
}
SCORE_COLUMNS: Final = ("Model", "Log score", "Brier", "AUC within people", "Slope", "Obs. − pred.")
PARAMETER_WORDS: Final = {
    "level": "level (log odds at a margin of 0)",
    "today": "soreness of the day, slope",
    "week": "mean of seven days, slope",
    "gap_1_2": "gap between answers 1 and 2",
    "gap_2_3": "gap between answers 2 and 3",
    "gap_3_4": "gap between answers 3 and 4",
    "level_sd": "people differ in level, SD",
    "today_sd": "people differ in the slope of the day, SD",
    "lower_gap_log_sd": "people differ in the lower gap, log-SD",
    "upper_gap_log_sd": "people differ in the upper gaps, log-SD",
    "load": "load, slope per log unit",
    "tau_fatigue_d": "fatigue, time constant (days)",
    "floor_rr": "cost of a day without sessions (reference runs)",
    "gamma": "γ, chronic load",
    "load_sd": "people differ in the slope of load, SD",
}


@dataclass(frozen=True)
class SorenessContent:
    """All that the page shows, in order; ``skipped`` alone where nothing was scored."""

    title: str
    lead: str
    skipped: str
    summary: list[str]
    warnings: list[str]
    score_columns: tuple[str, ...]
    score_tables: list[tuple[str, list[tuple[str, ...]]]]
    forest: pd.DataFrame
    forest_words: str
    target_rows: list[tuple[str, ...]]
    difference_rows: list[tuple[str, ...]]
    curves: dict[str, list[dict[str, float]]]
    curve_words: str
    control_rows: list[tuple[str, ...]]
    person_rows: list[tuple[str, ...]]
    parameter_rows: list[tuple[str, ...]]
    notes: list[str]


def build_soreness(metrics: Mapping[str, Any]) -> SorenessContent:
    """Build the page from ``tolerance_pmdata.json``.

    Parameters
    ----------
    metrics : mapping
        What stage ``fit_pmdata`` wrote.
    """
    title = "Does soreness answer to load? PMData"
    if "skipped" in metrics:
        return SorenessContent(
            title=title,
            lead="Nothing was scored.",
            skipped=(
                "The diary is not here: its licence was not accepted by name, or its files could "
                "not be reached. Set TOLERANCE_ACCEPT_LICENCES=pmdata and run `make repro-public`."
            ),
            summary=[],
            warnings=[],
            score_columns=SCORE_COLUMNS,
            score_tables=[],
            forest=pd.DataFrame(columns=["name", "value", "low", "high", "is_ours"]),
            forest_words="",
            target_rows=[],
            difference_rows=[],
            curves={},
            curve_words="",
            control_rows=[],
            person_rows=[],
            parameter_rows=[],
            notes=[],
        )
    data = metrics["data"]
    targets = _targets(metrics)
    n_met = sum(row[-1] == "met" for row in targets)
    seq, state = metrics["lopo_seq"], metrics["state_only_lopo_seq"]
    gap = metrics["differences"]["lopo_seq_less_state_only"]
    rival = metrics["differences"][f"lopo_seq_less_{STRONGEST}"]
    forest = _forest(metrics)
    return SorenessContent(
        title=title,
        lead=(
            f"{data['n_people']} people, {data['n_rows']} days, {data['n_sore']} of them followed "
            "by a sore day. Predictions of tomorrow's soreness, made at the end of a day, for "
            "people and days that the model had not seen."
        ),
        skipped="",
        summary=[
            f"For a new person, learning from day to day, the log score is {seq['log_score']:.3f} "
            f"(90 % interval {seq['log_score_low']:.3f} to {seq['log_score_high']:.3f}); without "
            f"load it is {state['log_score']:.3f}.",
            f"Load is what helps: {gap['log_score']:+.3f} against the same model of state only "
            f"({gap['low']:+.3f} to {gap['high']:+.3f}, people resampled, paired).",
            f"Against boosting with the person's own history: {rival['log_score']:+.3f} "
            f"({rival['low']:+.3f} to {rival['high']:+.3f}).",
            f"With loads shuffled inside each person the log score is "
            f"{metrics['shuffled']['log_score']:.3f}, and pairs are told apart no better than "
            f"{metrics['shuffled']['auc_within']:.2f}.",
            f"{n_met} of {len(targets)} targets that were set beforehand are met.",
        ],
        warnings=[
            "Soreness of healthy, active people is not pain of an injured tissue, and nothing here "
            "is about injury.",
            f"{data['n_people']} people: intervals are wide, and differences under 0.02 in AUC are "
            "noise.",
            "The licence of the diary is non-commercial. Nothing learned here is part of a default "
            "or of a runner's plan.",
        ],
        score_columns=SCORE_COLUMNS,
        score_tables=[
            ("People left out (90 % intervals over people)", _rows(metrics, "lopo")),
            ("Last 30 % of days (90 % intervals over people)", _rows(metrics, "time")),
        ],
        forest=forest,
        forest_words=(
            "Log scores of people left out with 90 % intervals, less is better. "
            + "; ".join(f"{row['name']} {row['value']:.3f}" for row in forest.to_dict("records"))
            + "."
        ),
        target_rows=targets,
        difference_rows=[
            (
                name.replace("_", " "),
                f"{one['log_score']:+.3f}",
                f"{one['low']:+.3f} to {one['high']:+.3f}",
            )
            for name, one in sorted(metrics["differences"].items())
        ],
        curves={SPLIT_WORDS[name]: metrics["calibration_curve"][name] for name in SPLIT_WORDS},
        curve_words=_curve_words(metrics),
        control_rows=_controls(metrics),
        person_rows=[
            (
                person.removeprefix("pmdata_"),
                f"{one['n_rows']}",
                f"{100 * one['sore_share']:.0f} %",
                f"{one['log_score']:.3f}",
                f"{one['log_score_state_only']:.3f}",
                f"{one[f'log_score_{STRONGEST}']:.3f}",
            )
            for person, one in sorted(metrics["per_person"].items())
        ],
        parameter_rows=[
            (
                PARAMETER_WORDS[name],
                f"{one['median']:.2f} ({one['low']:.2f} to {one['high']:.2f})",
                f"{one['prior_median']:.2f} ({one['prior_low']:.2f} to {one['prior_high']:.2f})",
                f"{one['contraction']:.2f}",
            )
            for name, one in metrics["population"].items()
        ],
        notes=[
            *metrics["looked_at"],
            "A day begins at 04:00 Norwegian time; blank forms are missing; no outcome is made up; "
            "a day without an entry is not taken for rest.",
            "One person travelled for five weeks, where days are wrong by hours; no rule can know "
            "that of people not seen, so nothing was corrected.",
            "Fatigue and slope hold given the soreness of the day, which carries the slower part: "
            "they are not the time constants of the capacity model.",
            f"Draws were weighted; the least effective number behind a prediction was "
            f"{seq['effective_draws_min']:.0f}, after the proposal was moved in "
            f"{seq['n_rejuvenated']} of {data['n_rows']} predictions.",
        ],
    )


def _interval(one: Mapping[str, Any], name: str, digits: int) -> str:
    if name not in one:
        return "–"
    low, high = one[f"{name}_low"], one[f"{name}_high"]
    return f"{one[name]:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _row(words: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        words,
        _interval(one, "log_score", 3),
        _interval(one, "brier", 3),
        _interval(one, "auc_within", 3),
        _interval(one, "slope", 2),
        _interval(one, "observed_minus_predicted", 3),
    )


def _rows(metrics: Mapping[str, Any], split: str) -> list[tuple[str, ...]]:
    """Return the score table of a split: ours first, then comparators."""
    ours = {
        "lopo": (
            ("ours, learning from day to day", "lopo_seq"),
            ("ours, nothing of the person", "lopo_pop"),
            ("ours, state only", "state_only_lopo_seq"),
        ),
        "time": (
            ("ours, learning from day to day", "time"),
            ("ours, state only", "state_only_time"),
        ),
    }[split]
    return [_row(words, metrics[name]) for words, name in ours] + [
        _row(words, metrics["comparators"][split][name]) for name, words in MODEL_WORDS.items()
    ]


def _forest(metrics: Mapping[str, Any]) -> pd.DataFrame:
    entries = [
        ("ours, load and state", metrics["lopo_seq"], True),
        ("ours, nothing of the person", metrics["lopo_pop"], True),
        ("ours, state only", metrics["state_only_lopo_seq"], True),
        *(
            (words, metrics["comparators"]["lopo"][name], False)
            for name, words in MODEL_WORDS.items()
        ),
    ]
    return pd.DataFrame(
        {
            "name": [words for words, _, _ in entries],
            "value": [one["log_score"] for _, one, _ in entries],
            "low": [one["log_score_low"] for _, one, _ in entries],
            "high": [one["log_score_high"] for _, one, _ in entries],
            "is_ours": [ours for _, _, ours in entries],
        }
    )


def _targets(metrics: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Hold what was reached against what was set beforehand."""
    rows: list[tuple[str, ...]] = []

    def add(what: str, target: str, value: str, met: bool) -> None:
        rows.append((what, target, value, "met" if met else "not met"))

    for split, wanted in TARGETS.items():
        for name, limit in wanted.items():
            value = metrics[split][name]
            at_least = name == "auc_within"
            add(
                f"{SPLIT_WORDS[split]}: {name.replace('_', ' ')}",
                f"{'≥' if at_least else '≤'} {limit:g}",
                f"{value:.3f}",
                value >= limit if at_least else value <= limit,
            )
    seq = metrics["lopo_seq"]
    low, high = SLOPE_RANGE
    words = SPLIT_WORDS["lopo_seq"]
    slope, bias = seq["slope"], seq["observed_minus_predicted"]
    add(f"{words}: slope", f"{low:g} to {high:g}", f"{slope:.2f}", low <= slope <= high)
    add(
        f"{words}: observed − predicted",
        f"within {LARGEST_BIAS:g}",
        f"{bias:+.3f}",
        abs(bias) <= LARGEST_BIAS,
    )
    rival = metrics["differences"][f"lopo_seq_less_{STRONGEST}"]
    add(
        f"{words}: against boosting with history",
        "90 % interval below 0",
        f"{rival['low']:+.3f} to {rival['high']:+.3f}",
        rival["high"] < 0,
    )
    for kind in ("shuffles", "shifts"):
        control = metrics["shuffled"][kind]
        gap = control["log_score"]["mean"] - metrics["shuffled"]["state_only_log_score"]
        auc = control["auc_within"]["mean"]
        add(
            f"loads, {kind}: log score less state only",
            f"within {SHUFFLED_GAP:g}",
            f"{gap:+.3f}",
            abs(gap) <= SHUFFLED_GAP,
        )
        add(
            f"loads, {kind}: AUC within people",
            f"< {SHUFFLED_AUC:g}",
            f"{auc:.3f}",
            auc < SHUFFLED_AUC,
        )
    return rows


def _controls(metrics: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rows = []
    for kind, words in (("shuffles", "in random order"), ("shifts", "shifted in a circle")):
        one = metrics["shuffled"][kind]
        rows.append(
            (
                f"loads {words}, {one['n']} times",
                *(
                    f"{one[name]['mean']:.3f} ({one[name]['min']:.3f} to {one[name]['max']:.3f})"
                    for name in ("log_score", "auc_within")
                ),
            )
        )
    for words, name in (("state only", "state_only_lopo_seq"), ("true loads", "lopo_seq")):
        one = metrics[name]
        rows.append((words, f"{one['log_score']:.3f}", f"{one['auc_within']:.3f}"))
    return rows


def _curve_words(metrics: Mapping[str, Any]) -> str:
    parts = []
    for name, words in SPLIT_WORDS.items():
        curve = metrics["calibration_curve"][name]
        ends = f"{curve[0]['predicted']:.2f} gave {curve[0]['observed']:.2f}"
        top = f"{curve[-1]['predicted']:.2f} gave {curve[-1]['observed']:.2f}"
        parts.append(f"{words}: a predicted {ends}, {top}")
    return "Predicted against observed shares of sore days. " + "; ".join(parts) + "."
