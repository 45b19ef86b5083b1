"""What the page of the in-silico trial says: tables, sentences and points of its figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from tolerance.config import Dose, SimulateTrial
from tolerance.progression.published import PROGRAMMES
from tolerance.progression.trial import (
    COMPARATORS,
    DEFAULT_OURS,
    N_WEEKS,
    ORACLE,
    OURS,
    TRIAL_WORLDS,
    WORLD_WORDS,
)

__all__ = [
    "SHORT_COLUMNS",
    "TrialContent",
    "WorldContent",
    "arm_words",
    "build_trial",
    "short_rows",
]

type Rows = list[tuple[str, ...]]

ARM_WORDS: Final = {
    "dunne": "Dunne",
    "delaware": "Delaware",
    "couch_to_5k": "Couch to 5K",
    "military": "Military",
    "moen_mtss": "Moen (shin)",
    "brigham_cole": "Brigham, Cole",
    "osu_advanced": "OSU advanced",
    "ten_percent": "10 % rule",
    "acwr": "ACWR 1.3",
    "ontracx_low": "OnTracx low",
    "ontracx_medium": "OnTracx medium",
    "ontracx_high": "OnTracx high",
    "pain_rule_10_15": "pain rule +10/−15 %",
    "pain_rule_20_20": "pain rule +20/−20 %",
    "ours_cautious": "ours, cautious",
    "ours_default": "ours, default",
    "ours_bold": "ours, bold",
    "oracle": "oracle",
}
SHOWN_CURVES: Final = (
    "osu_advanced", "dunne", "ten_percent", "ontracx_medium", "pain_rule_20_20", "ours_default",
    "ours_bold", "oracle",
)  # fmt: skip

ARM_COLUMNS: Final = (
    "arm",
    f"reinjured in {N_WEEKS} weeks (of 100)",
    "any injury (of 100)",
    "load regained (reference runs)",
    "reached the target (of 100)",
    "restricted mean weeks to it",
    "median week",
    "runs with pain above 3 (of 100)",
)
FITTING_WORLD: Final = "model"
"""The world in which the model is right."""
SHORT_ARMS: Final = (
    "ten_percent", "acwr", "dunne", "ontracx_medium", "pain_rule_10_15", "pain_rule_20_20",
    "ours_cautious", "ours_default", "ours_bold", "oracle",
)  # fmt: skip
"""What a short table shows: one of each kind, all of ours, the oracle."""
SHORT_COLUMNS: Final = (
    "simulated arm",
    f"reinjured in {N_WEEKS} weeks (of 100)",
    "load regained (reference runs)",
    "reached the target (of 100)",
    "mean weeks to it, at most 26",
)
STANDING: Final = (*OURS, ORACLE)
"""Arms that are held against the frontier, in order."""
EXCESS_COLUMNS: Final = ("world", *(ARM_WORDS[arm] for arm in STANDING))


@dataclass(frozen=True, kw_only=True)
class WorldContent:
    """One world.

    Attributes
    ----------
    title, words : str
        Name, and what is different in it.
    points : DataFrame
        name, kind (published, rule, ours, oracle), is_labelled, load with low and high, reinjury
        with low and high (of 100).
    frontier : DataFrame
        load, reinjury of the published frontier, from the origin.
    rows : list of tuple
        Cells of :data:`ARM_COLUMNS`.
    alt : str
        What the figure shows, in words.
    """

    title: str
    words: str
    points: pd.DataFrame
    frontier: pd.DataFrame
    rows: Rows
    alt: str


@dataclass(frozen=True, kw_only=True)
class TrialContent:
    """The whole page."""

    title: str
    lead: str
    simulated_words: tuple[str, ...]
    summary: tuple[str, ...]
    limits: tuple[str, ...]
    worlds: tuple[WorldContent, ...]
    arm_columns: tuple[str, ...]
    excess: pd.DataFrame
    excess_columns: tuple[str, ...]
    excess_rows: Rows
    excess_alt: str
    curves: pd.DataFrame
    curves_alt: str
    programme_columns: tuple[str, ...]
    programme_rows: Rows
    notes: tuple[str, ...]


def arm_words(arm: str) -> str:
    """Return an arm's name on the page."""
    return ARM_WORDS[arm]


def build_trial(
    metrics: Mapping[str, Any],
    curves: Mapping[str, Any],
    settings: SimulateTrial,
    dose: Dose,
) -> TrialContent:
    """Return everything that the page says.

    Parameters
    ----------
    metrics, curves : mapping
        Files of stage ``simulate_trial``.
    settings : SimulateTrial
    dose : Dose
    """
    worlds = metrics["worlds"]
    names = [name for name in TRIAL_WORLDS if name in worlds]
    excess = _excess(worlds, names)
    return TrialContent(
        title="In-silico trial of progressions",
        lead=f"{len(ARM_WORDS)} ways to progress, {len(names)} simulated worlds, "
        f"{metrics['n_runners_per_arm']} simulated runners an arm, {N_WEEKS} weeks.",
        simulated_words=(
            "Every runner on this page is simulated. The trial compares ways to choose load under "
            "stated assumptions; it says nothing of how many real runners are injured.",
            "The first world is the planner's own model with other numbers; the others break one "
            "assumption each.",
        ),
        summary=_summary(worlds, names, excess, settings),
        limits=_limits(dose, settings),
        worlds=tuple(_world(name, worlds[name]) for name in names),
        arm_columns=ARM_COLUMNS,
        excess=excess,
        excess_columns=EXCESS_COLUMNS,
        excess_rows=_excess_rows(excess),
        excess_alt="Reinjuries of 100 above or below the frontier of published arms, by world and "
        "arm, with 95 % intervals; the table below has the numbers.",
        curves=_curves(curves[names[0]]),
        curves_alt="Share of simulated runners that reached the target uninjured, by week, in the "
        "world that fits; the table of that world has the shares at the end.",
        programme_columns=(
            "programme",
            "source",
            "runs a week",
            "steps",
            "not stated or filled in",
        ),
        programme_rows=[
            (
                programme.words,
                programme.source,
                str(programme.sessions_per_week),
                str(len(programme.rows)),
                programme.unread or "nothing",
            )
            for programme in PROGRAMMES
        ],
        notes=_notes(settings),
    )


def short_rows(metrics: Mapping[str, Any]) -> Rows:
    """Return the cells of :data:`SHORT_COLUMNS`, of the world that fits the model.

    Parameters
    ----------
    metrics : mapping
        Metrics of stage ``simulate_trial``.
    """
    arms = metrics["worlds"][FITTING_WORLD]["arms"]
    return [
        (
            ARM_WORDS[arm],
            _of_100(arms[arm]["reinjury_26w"]),
            _number(arms[arm]["load_rr_26w"]),
            _of_100(arms[arm]["reached_target_26w"]),
            _number(arms[arm]["restricted_mean_weeks"]),
        )
        for arm in SHORT_ARMS
    ]


def _of_100(value: Mapping[str, float]) -> str:
    return f"{100 * value['value']:.1f} ({100 * value['low']:.1f} to {100 * value['high']:.1f})"


def _number(value: Mapping[str, float]) -> str:
    return f"{value['value']:.1f} ({value['low']:.1f} to {value['high']:.1f})"


def _signed(row: Mapping[Any, Any]) -> str:
    return f"{row['value']:+.2f} ({row['low']:+.2f} to {row['high']:+.2f})"


def _kind(arm: str) -> str:
    if arm in OURS:
        return "ours"
    if arm == ORACLE:
        return "oracle"
    return "published" if arm in {programme.name for programme in PROGRAMMES} else "rule"


def _world(name: str, world: Mapping[str, Any]) -> WorldContent:
    arms = world["arms"]
    best = set(world["frontier"])
    points = pd.DataFrame(
        [
            {
                "name": ARM_WORDS[arm],
                "kind": _kind(arm),
                "is_labelled": arm in best or arm in OURS or arm in (ORACLE, "ten_percent"),
                "load": found["load_rr_26w"]["value"],
                "load_low": found["load_rr_26w"]["low"],
                "load_high": found["load_rr_26w"]["high"],
                "reinjury": 100 * found["reinjury_26w"]["value"],
                "reinjury_low": 100 * found["reinjury_26w"]["low"],
                "reinjury_high": 100 * found["reinjury_26w"]["high"],
            }
            for arm in ARM_WORDS
            for found in (arms[arm],)
        ]
    )
    line = [(0.0, 0.0)] + [
        (arms[arm]["load_rr_26w"]["value"], 100 * arms[arm]["reinjury_26w"]["value"])
        for arm in world["frontier"]
    ]
    rows: Rows = [
        (
            ARM_WORDS[arm],
            _of_100(found["reinjury_26w"]),
            _of_100(found["any_injury_26w"]),
            _number(found["load_rr_26w"]),
            _of_100(found["reached_target_26w"]),
            _number(found["restricted_mean_weeks"]),
            f"{found['median_weeks']:.0f}" if "median_weeks" in found else "not reached by half",
            _of_100(found["sessions_above_limit"]),
        )
        for arm in ARM_WORDS
        for found in (arms[arm],)
    ]
    ours = arms[DEFAULT_OURS]
    return WorldContent(
        title=name.replace("_", " "),
        words=WORLD_WORDS[name],
        points=points,
        frontier=pd.DataFrame(line, columns=["load", "reinjury"]),
        rows=rows,
        alt=f"Reinjuries of 100 against load regained in the world {name.replace('_', ' ')}. Ours "
        f"by default: {_of_100(ours['reinjury_26w'])} of 100 at "
        f"{ours['load_rr_26w']['value']:.0f} reference runs; "
        f"{ours['against_frontier']} the frontier.",
    )


def _excess(worlds: Mapping[str, Any], names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "world": name.replace("_", " "),
                "name": ARM_WORDS[arm],
                "arm": arm,
                "value": 100 * found["excess_over_frontier"]["value"],
                "low": 100 * found["excess_over_frontier"]["low"],
                "high": 100 * found["excess_over_frontier"]["high"],
                "verdict": found["against_frontier"],
            }
            for name in names
            for arm in STANDING
            for found in (worlds[name]["arms"][arm],)
        ]
    )


def _excess_rows(excess: pd.DataFrame) -> Rows:
    """Return one row a world: excess with interval and verdict of each arm."""
    rows: Rows = []
    for world, these in excess.groupby("world", sort=False):
        cells = (f"{_signed(row)}, {row['verdict']}" for row in these.to_dict("records"))
        rows.append((str(world), *cells))
    return rows


def _summary(
    worlds: Mapping[str, Any], names: list[str], excess: pd.DataFrame, settings: SimulateTrial
) -> tuple[str, ...]:
    first = worlds[names[0]]["arms"]
    ours, oracle = first[DEFAULT_OURS], first[ORACLE]
    own = excess[excess["arm"] != ORACLE]
    behind = own[own["verdict"] == "behind"]
    counts = own["verdict"].value_counts()
    sentences = [
        f"Our arms stand beyond the frontier of {len(COMPARATORS)} published programmes and rules "
        f"in {int(counts.get('beyond', 0))} of {len(own)} comparisons, on it in "
        f"{int(counts.get('on', 0))}, behind it in {int(counts.get('behind', 0))}.",
    ]
    if len(behind):
        where = "; ".join(f"{row['name']} in {row['world']}" for row in behind.to_dict("records"))
        sentences.append(f"Behind the frontier: {where}.")
    if (behind["world"] == "ratio hazard").any():
        sentences.append(
            "Where injuries follow the acute to chronic ratio, a week costs nearly the same "
            "whatever its load, so whoever regains load fastest wins and a limit of pain loses, "
            "the oracle's too."
        )
    sentences += [
        f"In the world that fits, ours by default regains {ours['load_rr_26w']['value']:.0f} "
        f"reference runs with {100 * ours['reinjury_26w']['value']:.1f} reinjuries of 100; the "
        f"oracle, which knows each runner, {oracle['load_rr_26w']['value']:.0f} with "
        f"{100 * oracle['reinjury_26w']['value']:.1f}.",
        f"The price is time: {100 * ours['reached_target_26w']['value']:.0f} of 100 reach "
        f"{settings.target_minutes:.0f} min a week in {N_WEEKS} weeks under our default limits, "
        f"{100 * oracle['reached_target_26w']['value']:.0f} under the oracle's; a blind 10 % a "
        f"week brings {100 * first['ten_percent']['reached_target_26w']['value']:.0f} there, with "
        f"pain above 3 in {100 * first['ten_percent']['sessions_above_limit']['value']:.0f} of "
        "100 runs.",
    ]
    return tuple(sentences)


def _limits(dose: Dose, settings: SimulateTrial) -> tuple[str, ...]:
    compounded = 1.0 - (1.0 - dose.weekly_risk_cap) ** dose.horizon_weeks
    return (
        f"Pain above the limit in at most {100 * dose.pain_probability_max:.0f} of 100 worst "
        f"sessions, not settling in at most {100 * dose.unsettled_probability_max:.0f}: "
        "judgements that a clinician may change.",
        f"Weekly risk at most {100 * dose.weekly_risk_cap:.1f} % in all but "
        f"{100 * dose.weekly_risk_doubt:.0f} % of what is thought possible. Over "
        f"{dose.horizon_weeks} weeks this compounds to {100 * compounded:.0f} %, the cap to the "
        f"target date ({100 * dose.target_risk_cap:.0f} %): the two agree.",
        "At published same-tissue rates both caps of risk are seldom reached; the limit of pain "
        "binds first. Cautious and bold arms change all four together.",
        f"The longest run is at most {dose.longest_ratio_max:g} times the longest of 30 days.",
        f"Ours plan two to {settings.max_sessions} runs a week; all other arms three.",
    )


def _curves(curves: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"name": ARM_WORDS[arm], "kind": _kind(arm), "week": week + 1, "share": 100 * share}
            for arm in SHOWN_CURVES
            for week, share in enumerate(curves[arm]["reached_target"])
        ]
    )


def _notes(settings: SimulateTrial) -> tuple[str, ...]:
    return (
        "All arms of a world meet the same runners and the same random numbers.",
        "A reinjury is one of the same tissue. Its chance along each runner's path is known "
        "exactly in the simulation, so outcomes are expectations, without the noise of drawing it; "
        "intervals (95 %) are over runners. Load after a reinjury counts nothing, and a runner "
        "injured before the target never reaches it.",
        "The frontier is the least reinjury that mixtures of published arms have at a load. An arm "
        "is beyond it where the whole interval is below zero, behind it where it is above, else on "
        "it.",
        f"Blind arms begin with {settings.first_week_minutes:.0f} min a week or the programme's "
        f"first row and stop at {settings.target_minutes:.0f} min; programmes that end before grow "
        "by 10 % a week. Programmes that advance on success are looked at once a week and move one "
        "level; Delaware's soreness is pain from 1 on.",
        "Ours begins from the priors, as for a real runner, learns from what runners say, week by "
        "week, and knows nothing of the world it is in. The oracle knows the runner's numbers and "
        "plans with the model's form.",
        "A median week stands only where half of the runners reached the target.",
    )
