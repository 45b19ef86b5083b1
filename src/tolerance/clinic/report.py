"""The report of one runner: from record, assessment, model state and plan to one content.

Nothing here decides a dose: rules and model do. This module puts what they said into words and
numbers that every page shares.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import pandas as pd

from loadcore.damage import lognormal_interval
from tolerance.anatomy import BODY_SIDES, Unit
from tolerance.clinic.content import (
    ChangeLine,
    GateLine,
    GuidanceLine,
    Interval,
    KnowledgeLine,
    Light,
    LoadLine,
    PainPoint,
    ReferralLine,
    RepetitionLine,
    ReportContent,
    SessionLine,
    Signals,
    WeekLoad,
    WhyLine,
)
from tolerance.clinic.outlook import WeekOutlook
from tolerance.clinic.questionnaires import OSTRC_H2, UWRI, UWRI_MDC, score_ostrc_h2, score_uwri
from tolerance.clinic.record import RED_FLAG_QUESTIONS, RunnerRecord, SymptomEntry
from tolerance.clinic.triage import triage, weeks_above
from tolerance.clinic.words import (
    GATE_MARKS,
    GATE_WORDS,
    LIGHTS,
    UNIT_WORDS,
    WEEKDAY_WORDS,
    date_words,
    minutes_words,
    say,
    unit_words,
)
from tolerance.config import FollowUp, Injury, RunnerReport
from tolerance.model.runner import RunnerState
from tolerance.progression.plan_types import Plan
from tolerance.rules.assessment import Assessment
from tolerance.rules.battery import TESTS

__all__ = ["ReportInputs", "build_report"]

DAYS_PER_WEEK: Final = 7
SAID_CHANGES: Final = ("R28", "R37", "A15")
"""Rules of changes of the plan that the page adds: overdone weeks, missed runs, overrides."""
N_BEFORE: Final = 3
"""Weeks that a usual week is the mean of."""
SHOWN_ACTIONS: Final = 6
SHOWN_QUESTIONS: Final = 3
SHOWN_SHOES: Final = 2
SHOWN_RACE_LINES: Final = 2


@dataclass(frozen=True, kw_only=True)
class ReportInputs:
    """What a report is made of.

    Attributes
    ----------
    record : RunnerRecord
    assessment : Assessment
    injuries : mapping of str to Injury
    ledger : DataFrame
        Table ``ledger`` of the diary and the sensors, nothing remembered in it.
    units : tuple of Unit
        Injured ones first.
    state : RunnerState or None
        None where no model dose is given (A09, A12) or nothing is known.
    plan : Plan
    outlook : WeekOutlook or None
        None where there is no dose.
    previous : ReportContent or None
    is_example : bool
    notes : tuple of str
        What was left out or taken otherwise than written.
    origin : str
        Which draws the state comes from.
    report, follow_up
        Sections of the settings.
    model_note : str
        What a reader should know of the estimate; empty where it passed its check.
    repetitions : RepetitionLine or None
        What hangs on how repetitions are counted.
    """

    record: RunnerRecord
    assessment: Assessment
    injuries: Mapping[str, Injury]
    ledger: pd.DataFrame
    units: tuple[Unit, ...]
    state: RunnerState | None
    plan: Plan
    outlook: WeekOutlook | None
    previous: ReportContent | None
    is_example: bool
    notes: tuple[str, ...]
    origin: str
    report: RunnerReport
    follow_up: FollowUp
    model_note: str = ""
    repetitions: RepetitionLine | None = None


def build_report(inputs: ReportInputs) -> ReportContent:
    """Put a runner's report together."""
    assessment, outlook, plan = inputs.assessment, inputs.outlook, inputs.plan
    injured = [unit for injury in assessment.injuries for unit in injury.units]
    index = injured[0] if injured else None
    weeks = _weeks(inputs, index)
    signals = _signals(inputs, weeks, index)
    light = _light(assessment, plan)
    before = inputs.previous
    binding = None
    if plan.binds is not None and plan.binds.unit is not None:
        binding = _words(plan.binds.unit)
    is_dosed = plan.run_minutes > 0.0
    knowledge = _knowledge(inputs)
    return ReportContent(
        runner_id=inputs.record.profile.runner_id,
        day=assessment.today,
        week_start=inputs.plan.start,
        week_stop=inputs.plan.start + timedelta(days=DAYS_PER_WEEK - 1),
        is_example=inputs.is_example,
        injuries=_injury_words(assessment),
        light=light,
        headline=_headline(inputs, light),
        verdict=assessment.verdict,
        sessions=_sessions(plan),
        ceiling_minutes=round(plan.run_minutes, 1) if is_dosed else None,
        ceiling_longest_minutes=round(plan.longest_run_minutes, 1) if is_dosed else None,
        how=_how(inputs),
        stop_rule="" if plan.guidance is None or not is_dosed else plan.guidance.stop_rule,
        strength=_strength(plan),
        goal="" if plan.goal is None else plan.goal.sentence,
        race=_race(plan),
        gait=() if plan.guidance is None or not is_dosed else plan.guidance.gait,
        repetitions=inputs.repetitions,
        why=_why(inputs),
        binding_tissue=binding,
        not_allowed=_not_allowed(assessment, light),
        risks=outlook.risks if outlook else (),
        what_ifs=outlook.what_ifs if outlook else (),
        pain_of_100=outlook.pain_of_100 if outlook else None,
        loads=_loads(inputs),
        weeks=weeks,
        index_tissue=_words(index) if index else None,
        pains=_pains(inputs),
        pain_limit=assessment.allowed.pain_limits.get(index) if index else None,
        gates=_gates(assessment),
        knowledge=knowledge,
        changes=_changes(inputs.record),
        since_last=_since_last(inputs, light, before),
        quality=_quality(inputs),
        left_out=inputs.notes,
        referrals=tuple(
            ReferralLine(urgency=one.urgency, text=one.text, rules=one.rules)
            for one in assessment.referrals
        ),
        cautions=assessment.cautions,
        to_do=_to_do(assessment),
        call=_call(inputs.record),
        model_note=_model_note(inputs),
        signals=signals,
        triage=triage(assessment, signals, _last_ceiling(before, index), inputs.follow_up),
    )


def _words(unit: Unit) -> str:
    return unit_words(unit.site, unit.tissue, unit.side)


def _injury_words(assessment: Assessment) -> tuple[str, ...]:
    lines = []
    for injury in assessment.injuries:
        entry, known = injury.entry, injury.known
        name = known.words if known else entry.injury.replace("_", " ")
        lines.append(
            say(
                "injury",
                name=name if known else say("unlisted", name=name),
                side=say("both_sides") if entry.side == "both" else entry.side,
                onset=date_words(entry.onset),
                stage=injury.stage,
            )
        )
    return tuple(lines)


def _light(assessment: Assessment, plan: Plan) -> Light:
    key = str(assessment.verdict)
    if key in ("plan", "hold") and plan.basis == "model" and plan.run_minutes <= 0.0:
        key = "no_run"
    if key == "hold" and assessment.allowed.load_factor_max < 1.0:
        key = "reduce"
    if key == "plan" and plan.is_trial:
        key = "trial"
    name, word, shape, meaning = LIGHTS[key]
    return Light.model_validate(
        {"key": key, "name": name, "word": word, "shape": shape, "meaning": meaning}
    )


def _headline(inputs: ReportInputs, light: Light) -> tuple[str, ...]:
    plan = inputs.plan
    sentences = list(dict.fromkeys((inputs.assessment.reason, plan.reason)))
    if light.name == "stop":
        sentences = [plan.reason]
    runs = [one for one in plan.sessions if one.activity == "running"]
    if plan.run_minutes > 0.0 and runs:
        minutes = sum(one.run_minutes for one in runs)
        sentences.append(
            say(
                "week_sum",
                runs=say("one_run") if len(runs) == 1 else say("several_runs", n=len(runs)),
                sum=minutes_words(minutes),
                minutes=minutes_words(plan.run_minutes),
                longest=minutes_words(plan.longest_run_minutes),
            )
        )
    elif light.name in ("go", "hold") and plan.basis == "rules":
        sentences.append(say("rules_hold"))
    return tuple(plain(sentence) for sentence in sentences)


def plain(sentence: str) -> str:
    """Say the names of red-flag questions and of units in words."""
    for name in RED_FLAG_QUESTIONS:
        sentence = sentence.replace(name, name.replace("_", " "))
    for site, tissue in UNIT_WORDS:
        for side in BODY_SIDES:
            unit = unit_words(site, tissue, side)
            sentence = sentence.replace(f"{side} {site} ({tissue})", unit)
    return sentence


def _sessions(plan: Plan) -> tuple[SessionLine, ...]:
    return tuple(
        SessionLine(
            day=one.day,
            activity=one.activity,
            run_minutes=round(one.run_minutes, 1),
            walk_minutes=round(one.walk_minutes, 1),
            words=one.words,
        )
        for one in plan.sessions
    )


def _how(inputs: ReportInputs) -> tuple[GuidanceLine, ...]:
    """Return what goes with every run, and what may be done besides or instead (R20)."""
    guidance, allowed = inputs.plan.guidance, inputs.assessment.allowed
    found: list[tuple[str, str]] = []
    if guidance is not None and inputs.plan.run_minutes > 0.0:
        found = [
            ("how_before", guidance.warm_up),
            ("how_pace", guidance.pace),
            ("how_cadence", "" if guidance.cadence is None else guidance.cadence.words),
            ("how_ground", guidance.surface),
            ("how_mind", "; ".join(guidance.avoid)),
            ("how_stop", guidance.stop_rule),
            ("how_after", f"{guidance.cool_down} {guidance.next_morning}"),
            ("how_shoes", " ".join(guidance.shoes[:SHOWN_SHOES])),
        ]
    instead = () if guidance is None else guidance.cross_training
    others = [
        (say("how_walk"), allowed.walking),
        *((one, allowed.cross_training) for one in instead),
        (say("how_strength"), allowed.strength),
        (say("how_hops"), allowed.impact),
    ]
    found.append(("how_instead", ", ".join(words for words, is_open in others if is_open)))
    found.append(("how_closed", ", ".join(words for words, is_open in others if not is_open)))
    found.append(("how_race", " ".join(_race(inputs.plan)[:SHOWN_RACE_LINES])))
    return tuple(
        GuidanceLine(what=say(key), words=words[:1].upper() + words[1:])
        for key, words in found
        if words
    )


def _race(plan: Plan) -> tuple[str, ...]:
    """Return what the race date means (A13), and the steps to racing that are open (R25)."""
    advice, lines = plan.race, []
    if advice is not None:
        lines.append(
            say(
                "race",
                race=advice.race.capitalize(),
                day=date_words(advice.race_date),
                weeks=advice.weeks_left,
                outlook=say(f"race_{advice.outlook}"),
            )
        )
        if advice.alternatives:
            lines.append(say("race_instead", what=", ".join(advice.alternatives)))
        lines += [line.words for line in advice.lines]
    steps = () if plan.guidance is None else plan.guidance.race_steps
    if steps and plan.run_minutes > 0.0 and advice is not None:
        lines.insert(1, say("race_steps", what=", then ".join(steps)))
    return tuple(lines)


def _strength(plan: Plan) -> tuple[str, ...]:
    """Return strength sessions; days with the same exercises in one line."""
    days: dict[str, list[str]] = {}
    for session in plan.strength:
        items = "; ".join(f"{words}, {dose}" for words, dose, _ in session.exercises[:3])
        days.setdefault(items, []).append(WEEKDAY_WORDS[session.day.weekday()])
    return tuple(
        say("strength_day", day=say("and").join(names), items=items)
        for items, names in days.items()
    )


def _not_allowed(assessment: Assessment, light: Light) -> tuple[str, ...]:
    allowed = assessment.allowed
    if not allowed.running or light.name in ("stop", "see_somebody"):
        return (say("running"),)
    closed = [
        words
        for words, is_open in (
            (say("hills"), allowed.hills),
            (say("fast"), allowed.speed),
            (say("consecutive"), allowed.consecutive_days),
        )
        if not is_open
    ]
    return tuple(closed)


def _why(inputs: ReportInputs) -> tuple[WhyLine, ...]:
    lines = [
        WhyLine(rule=one.rule, sentence=plain(one.sentence))
        for one in dict.fromkeys((*inputs.assessment.fired, *inputs.plan.fired))
    ]
    merged: dict[str, tuple[list[str], list[str]]] = {}
    for line in lines:
        first, _, rest = line.sentence.partition(". ")
        rules, details = merged.setdefault(first.removesuffix("."), ([], []))
        rules.append(line.rule)
        details += [rest] if rest and rest not in details else []
    found = [
        WhyLine(
            rule=", ".join(dict.fromkeys(rules)),
            sentence=" ".join([f"{first}.", *details]),
        )
        for first, (rules, details) in merged.items()
    ]
    binds = inputs.plan.binds
    if binds is not None:
        # First, because a page shows only so many.
        found.insert(0, WhyLine(rule="", sentence=plain(say("binds", sentence=binds.sentence))))
    return tuple(found)


# ---- load and symptoms --------------------------------------------------------------------


def _sessions_of(ledger: pd.DataFrame) -> dict[Unit, list[tuple[date, float, float]]]:
    """Return day, damage and its SD of every session with a known load, by unit."""
    found: dict[Unit, list[tuple[date, float, float]]] = {}
    known = ledger[ledger["damage_rr"].notna()]
    columns = ("site", "tissue", "side", "damage_rr", "damage_sd_rr")
    days = known["date"].dt.date.tolist()
    for day, site, tissue, side, damage, sd in zip(
        days, *(known[name].tolist() for name in columns), strict=True
    ):
        found.setdefault(Unit(site, tissue, side), []).append((day, damage, sd))
    return found


def _week_interval(sessions: Sequence[tuple[date, float, float]], start: date) -> Interval | None:
    """Return a week's damage-weighted load; None where no session of it is known.

    Errors of sessions are added straight: what is wrong with one is mostly wrong with all.
    """
    stop = start + timedelta(days=DAYS_PER_WEEK)
    here = [(damage, sd) for day, damage, sd in sessions if start <= day < stop]
    if not here:
        return None
    total, sd = sum(damage for damage, _ in here), sum(error for _, error in here)
    if total <= 0.0:
        return Interval(value=0.0, low=0.0, high=0.0)
    low, high = lognormal_interval(total, sd)
    return Interval(value=round(total, 2), low=round(float(low), 2), high=round(float(high), 2))


def _loads(inputs: ReportInputs) -> tuple[LoadLine, ...]:
    by_unit = _sessions_of(inputs.ledger)
    last = inputs.plan.start - timedelta(days=DAYS_PER_WEEK)
    planned = {}
    if inputs.previous is not None and inputs.previous.week_start == last:
        planned = {
            line.tissue: line.ceiling_rr.value
            for line in inputs.previous.loads
            if line.ceiling_rr is not None
        }
    injured = {unit for injury in inputs.assessment.injuries for unit in injury.units}
    sides = {unit.side for unit in injured}
    lines = []
    for unit in inputs.units:
        if unit not in injured and unit.side not in sides:
            continue
        ceiling = None if inputs.outlook is None else inputs.outlook.ceiling_rr.get(unit)
        lines.append(
            LoadLine(
                tissue=_words(unit),
                is_injured=unit in injured,
                done_rr=_week_interval(by_unit.get(unit, ()), last),
                planned_rr=planned.get(_words(unit)),
                ceiling_rr=ceiling,
            )
        )
    return tuple(lines)


def _weeks(inputs: ReportInputs, index: Unit | None) -> tuple[WeekLoad, ...]:
    by_unit = _sessions_of(inputs.ledger)
    lines = []
    for back in range(inputs.report.weeks_shown, 0, -1):
        start = inputs.plan.start - timedelta(days=DAYS_PER_WEEK * back)
        stop = start + timedelta(days=DAYS_PER_WEEK)
        minutes = [
            session.minutes
            for session in inputs.record.sessions
            if start <= session.date < stop and session.activity == "running" and session.minutes
        ]
        known = any(start <= session.date < stop for session in inputs.record.sessions)
        lines.append(
            WeekLoad(
                monday=start,
                load_rr=None if index is None else _week_interval(by_unit.get(index, ()), start),
                run_minutes=round(sum(minutes), 1) if known else None,
            )
        )
    while len(lines) > 1 and lines[0].run_minutes is None and lines[0].load_rr is None:
        del lines[0]
    return tuple(lines)


def _worst(entry: SymptomEntry) -> float | None:
    values = [value for value in (entry.pain_during, entry.pain_after) if value is not None]
    return max(values) if values else None


def _pains(inputs: ReportInputs) -> tuple[PainPoint, ...]:
    since = inputs.plan.start - timedelta(days=DAYS_PER_WEEK * inputs.report.weeks_shown)
    worst: dict[tuple[date, str], float] = {}
    for entry in inputs.record.symptoms:
        pain = _worst(entry)
        if pain is not None and entry.date >= since:
            key = (entry.date, f"{entry.side} {entry.site}")
            worst[key] = max(pain, worst.get(key, 0.0))
    return tuple(
        PainPoint(day=day, place=place, pain=pain) for (day, place), pain in sorted(worst.items())
    )


def _signals(inputs: ReportInputs, weeks: Sequence[WeekLoad], index: Unit | None) -> Signals:
    record, today = inputs.record, inputs.assessment.today
    days = [session.date for session in record.sessions]
    days += [entry.date for entry in record.symptoms]
    days += [answers.date for answers in record.questionnaires]
    here = {
        (unit.site, unit.side) for injury in inputs.assessment.injuries for unit in injury.units
    }
    pains = [
        (entry.date, pain)
        for entry in record.symptoms
        if (pain := _worst(entry)) is not None and (not here or (entry.site, entry.side) in here)
    ]
    recent, earlier = (
        [pain for day, pain in pains if low < (today - day).days <= high]
        for low, high in ((-1, DAYS_PER_WEEK), (DAYS_PER_WEEK, 2 * DAYS_PER_WEEK))
    )
    change = None
    if recent and earlier:
        change = round(float(np.mean(recent) - np.mean(earlier)), 2)
    latest = None
    if recent:
        last_day = max(day for day, _ in pains)
        latest = max(pain for day, pain in pains if day == last_day)
    loads = [None if week.load_rr is None else week.load_rr.value for week in weeks]
    before = [load for load in loads[-1 - N_BEFORE : -1] if load is not None]
    done, planned = _adherence(inputs)
    return Signals(
        last_entry=max(days, default=None),
        latest_pain=latest,
        pain_change=change,
        week_load_rr=loads[-1] if loads else None,
        usual_load_rr=round(float(np.mean(before)), 2) if len(before) == N_BEFORE else None,
        weeks_over=weeks_above(loads, inputs.follow_up.ontracx_rise, N_BEFORE),
        done_sessions=done,
        planned_sessions=planned,
    )


def _adherence(inputs: ReportInputs) -> tuple[int | None, int | None]:
    before = inputs.previous
    if before is None or not before.sessions or before.week_start >= inputs.plan.start:
        return None, None
    runs = [
        session
        for session in inputs.record.sessions
        if session.activity == "running" and before.week_start <= session.date <= before.week_stop
    ]
    return len(runs), len([one for one in before.sessions if one.run_minutes > 0])


def _last_ceiling(before: ReportContent | None, index: Unit | None) -> float | None:
    if before is None or index is None:
        return None
    for line in before.loads:
        if line.tissue == _words(index) and line.ceiling_rr is not None:
            return line.ceiling_rr.value
    return None


# ---- gates, knowledge, changes --------------------------------------------------------------


def _gates(assessment: Assessment) -> tuple[GateLine, ...]:
    lines = []
    several = len(assessment.injuries) > 1
    for injury in assessment.injuries:
        name = injury.known.words if injury.known else injury.entry.injury
        for gate in injury.gates:
            detail = gate.detail
            lines.append(
                GateLine(
                    injury=name if several else "",
                    gate=GATE_WORDS.get(gate.name, gate.name.replace("_", " ")),
                    status=gate.status,
                    mark=GATE_MARKS[gate.status],
                    detail=detail,
                    rules=gate.rules,
                )
            )
    return tuple(lines)


def _knowledge(inputs: ReportInputs) -> tuple[KnowledgeLine, ...]:
    state = inputs.state
    if state is None:
        return ()
    lines = []
    tissue_of = {"bone": 0, "tendon": 1, "cartilage": 2, "muscle": 3, "fascia": 4}
    population = state.population
    for place in np.flatnonzero(state.is_index):
        unit = state.units[int(place)]
        prior = float(
            np.var(population.tolerance_mean[:, tissue_of[unit.tissue]])
            + np.mean(population.runner_sd**2 + population.unit_sd**2)
        )
        left = float(np.var(state.log_tolerance[:, int(place)]))
        own = round(100.0 * min(max(1.0 - left / prior, 0.0), 1.0))
        n_reports = int(state.n_reports[int(place)])
        if n_reports < inputs.report.min_entries:
            words = say("known_prior")
        elif own < inputs.report.own_data_percent:
            words = say("known_mostly_prior")
        else:
            words = say("known_both")
        lines.append(
            KnowledgeLine(
                tissue=_words(unit),
                own_percent=own,
                n_reports=n_reports,
                is_personal=bool(state.is_personal[int(place)]),
                words=words,
            )
        )
    return tuple(lines)


def _changes(record: RunnerRecord) -> tuple[ChangeLine, ...]:
    lines = []
    for questionnaire, detectable in ((UWRI, UWRI_MDC), (OSTRC_H2, None)):
        scores = []
        for entry in record.questionnaires:
            if entry.questionnaire != questionnaire.name:
                continue
            if questionnaire is UWRI:
                score = score_uwri(entry.answers)
            else:
                found = score_ostrc_h2(entry.answers)
                score = None if found is None else found.severity
            if score is not None:
                scores.append(score)
        if scores:
            what = say("uwri" if questionnaire is UWRI else "ostrc")
            lines.append(_change(what, say("points"), scores, detectable))
    keys = dict.fromkeys((test.name, test.side) for test in record.tests)
    for name, side in keys:
        values = [test.value for test in record.tests if (test.name, test.side) == (name, side)]
        known = TESTS.get(name)
        unit = known.unit if known else ""
        if unit != "yes/no":
            test = name.replace("_", " ").removesuffix(" s").removesuffix(" pct")
            words = test if side == "none" else say("test_side", test=test, side=side)
            lines.append(_change(words, unit, values, None))
    lines.sort(key=lambda line: line.before is None)
    return tuple(lines)


def _change(what: str, unit: str, values: Sequence[float], detectable: float | None) -> ChangeLine:
    before = values[-2] if len(values) > 1 else None
    now = values[-1]
    if before is None:
        words = say("first_result")
    elif detectable is None:
        words = say("not_detectable")
    elif abs(now - before) < detectable:
        words = say("within_noise", detectable=detectable)
    else:
        words = say("beyond_noise", detectable=detectable)
    return ChangeLine(
        what=what, unit=unit, before=before, now=now, detectable=detectable, words=words
    )


def _since_last(
    inputs: ReportInputs, light: Light, before: ReportContent | None
) -> tuple[str, ...]:
    if before is None:
        return (say("first_report"),)
    lines = [say("last_report", day=date_words(before.day))]
    if before.light.word != light.word:
        lines.append(say("light_changed", before=before.light.word, now=light.word))
    now = inputs.plan.run_minutes
    if before.ceiling_minutes is not None and 0.0 < now != before.ceiling_minutes:
        then = minutes_words(before.ceiling_minutes)
        lines.append(say("ceiling_changed", before=then, now=minutes_words(now)))
    done, planned = _adherence(inputs)
    if done is not None and planned:
        lines.append(say("adherence", planned=planned, done=done))
    lines += [
        say("of_rule", sentence=plain(change.sentence), rule=", ".join(change.rules))
        for change in inputs.plan.changes
        if set(change.rules) & set(SAID_CHANGES)
    ]
    return tuple(lines)


# ---- quality, and what to do ------------------------------------------------------------------


def _quality(inputs: ReportInputs) -> tuple[str, ...]:
    stop = inputs.plan.start
    start = stop - timedelta(days=28)
    entries = [one for one in inputs.record.sessions if start <= one.date < stop]
    days = {one.date for one in entries}
    missing = 28 - len(days)
    lines = [say("days_known", days=len(days), missing=missing)]
    ledger = inputs.ledger
    if len(ledger):
        recent = ledger[(ledger["date"].dt.date >= start) & (ledger["activity"] == "running")]
        n_runs = recent["session_id"].nunique()
        measured = recent.loc[recent["rung"] != "diary", "session_id"].nunique()
        lines.append(say("measured", measured=measured, runs=n_runs))
    runs = [one for one in entries if one.activity == "running"]
    said = {one.date for one in inputs.record.symptoms if _worst(one) is not None}
    answered = sum(1 for one in runs if one.date in said)
    if runs:
        lines.append(say("answered", answered=answered, runs=len(runs)))
    state = inputs.state
    if state is not None and state.ess < 100:
        lines.append(say("few_draws", ess=state.ess))
    return tuple(lines)


def _to_do(assessment: Assessment) -> tuple[str, ...]:
    asked = [RED_FLAG_QUESTIONS.get(name, name) for name in assessment.to_ask]
    lines = []
    if asked:
        shown, more = " ".join(asked[:SHOWN_QUESTIONS]), len(asked) - SHOWN_QUESTIONS
        lines.append(
            say("ask_more", questions=shown, n=more) if more > 0 else say("ask", questions=shown)
        )
    tests = [TESTS[name].words for name in assessment.to_test if name in TESTS]
    if tests:
        some = tests[: SHOWN_ACTIONS - len(lines)]
        shown_tests = "; ".join(test[:1].lower() + test[1:] for test in some)
        lines.append(say("tests", words=shown_tests))
    if assessment.withheld_tests:
        lines.append(say("withheld"))
    return tuple(lines)


def _call(record: RunnerRecord) -> str:
    profile = record.profile
    who = profile.clinician or say("your_clinician")
    contact = profile.clinician_contact
    return say("call", who=who, contact=contact) if contact else who


def _model_note(inputs: ReportInputs) -> str:
    if inputs.model_note:
        return inputs.model_note
    if inputs.state is None:
        return say("no_estimate")
    return say("origin", origin=say(f"origin_{inputs.origin}"))
