"""From a runner's record to what the rule book says of it today."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import inf
from typing import Final, Literal

from tolerance.anatomy import DEFAULT_UNITS, Unit
from tolerance.clinic.record import InjuryEntry, RunnerRecord
from tolerance.config import Injury, Rules
from tolerance.rules.assessment import (
    Allowed,
    Assessment,
    Fired,
    InjuryAssessment,
    Referral,
    Verdict,
)
from tolerance.rules.authority import override_of
from tolerance.rules.battery import TESTS, latest_result, previous_result
from tolerance.rules.diary import (
    fast_work_from,
    first_run,
    lighter_week_due,
    no_raise_until,
    spikes,
    until,
    weekly_growth,
)
from tolerance.rules.gates import (
    START_TESTS,
    SURGICAL,
    GateContext,
    gates_of,
    phase_of,
    sides_of,
    stage_of,
)
from tolerance.rules.red_flags import (
    FLAGS,
    open_flags,
    questions_to_ask,
    routine_referrals,
    suspects_bone_stress,
)
from tolerance.rules.registry import rule
from tolerance.rules.responses import (
    Response,
    last_bad,
    pain_limit,
    reduced_sessions_left,
    run_responses,
)

__all__ = ["assess", "known_injuries", "progression_order"]

HOLD: Final = 1.0
"""Load factor that keeps the load as it is."""

SPIKE_HOLD_DAYS: Final = 7
"""A spike of the last so many days holds the load [J]."""

COMPLAINT_DAYS: Final = 14
"""A complaint at a site without an injury counts as new for so long [J]."""

LEVEL_DAYS: Final = 14
"""Level load after the first run where earlier returns failed, within two weeks (R72)."""

OVERUSE_COURSE: Final = "Simple overuse injuries took 6 to 10 clinic sessions (one clinic)."
SURGERY_COURSE: Final = "Running was resumed 12 to 20 weeks after surgery (one clinic)."

COURSES: Final = {
    "achilles_tendinopathy": "Morning stiffness can linger for weeks while function returns.",
    "insertional_achilles_tendinopathy": "Morning stiffness can linger for weeks while function "
    "returns.",
    "plantar_fasciopathy": "Morning stiffness can linger for weeks while function returns.",
    "patellofemoral_pain": "Pain usually eases in runs before it eases on stairs.",
    "iliotibial_band_syndrome": "It quiets quickly and can flare on a long downhill.",
}
"""What course to expect, by injury (R64)."""

LOADING_SHARE: Final = 0.5
"""Months of loading over months of symptoms: 3 after 6 (R52)."""


@dataclass(frozen=True)
class _Limit:
    """A limit on the load of the coming week, why, and whether a run was answered badly."""

    factor: float
    fired: Fired
    bad: bool = False


@rule("R67", "A12")
def known_injuries(
    record: RunnerRecord, injuries: Mapping[str, Injury]
) -> tuple[tuple[InjuryEntry, Injury | None], ...]:
    """Return the active injuries, each with what is known of it; None where it is not listed."""
    return tuple(
        (entry, injuries.get(entry.injury))
        for entry in record.profile.injuries
        if entry.status == "active"
    )


@rule("R18", "R78")
def progression_order(settings: Rules) -> tuple[str, ...]:
    """Return in which order load is raised, one at a time."""
    if settings.progression_order == "s1":
        return ("volume", "intensity", "frequency")
    return ("volume", "frequency", "intensity")


@rule("R12", "R28", "A08", "A09")
def assess(
    record: RunnerRecord, today: date, injuries: Mapping[str, Injury], settings: Rules
) -> Assessment:
    """Assess a runner by the rule book.

    Entries after ``today`` are not seen. Red flags come first and win over everything (R54, A04);
    then who may have a dose at all (A09, A12); then the gates; then pain and load.

    Parameters
    ----------
    record : RunnerRecord
    today : date
    injuries : mapping of str to Injury
        ``Params.injuries``.
    settings : Rules
        ``Params.rules``.
    """
    record = until(record, today)
    flags = open_flags(record, injuries, settings, today)
    to_ask = questions_to_ask(record, injuries, settings, today)
    entries = known_injuries(record, injuries)
    assessed = tuple(
        _assess_injury(record, entry, known, entries, flags, to_ask, settings, today)
        for entry, known in entries
    )
    limits = _load_limits(record, assessed, settings, today)
    exclusions = _exclusions(record, assessed)
    closed = _closed_gates(assessed)
    verdict, reason, fired = _verdict(flags, exclusions, closed, limits)
    suspected = any(suspects_bone_stress(record, entry, known, flags) for entry, known in entries)
    allowed = _allowed(
        record, assessed, flags, limits, settings, today, verdict, suspected, bool(closed)
    )
    every_fired = [*fired, *(limit.fired for limit in limits)]
    every_fired += _spacing_fired(allowed)
    growth, _ = weekly_growth(record, settings, today)
    every_fired += [growth] if growth is not None else []
    return Assessment(
        runner_id=record.profile.runner_id,
        today=today,
        verdict=verdict,
        reason=reason,
        action=_action(verdict, limits),
        referrals=(*flags, *routine_referrals(record.profile, today)),
        injuries=assessed,
        allowed=allowed,
        to_ask=to_ask,
        to_test=_tests_to_do(assessed, suspected),
        withheld_tests=tuple(name for name, test in TESTS.items() if test.impact and suspected),
        cautions=_cautions(record, assessed),
        green_lights=_green_lights(record, assessed, settings, today),
        fired=tuple(dict.fromkeys(every_fired)),
    )


@rule("A07")
def _symmetric(
    entry: InjuryEntry,
    entries: Sequence[tuple[InjuryEntry, Injury | None]],
) -> bool:
    """Tell whether the other side is sound: no active injury of any kind on it."""
    if entry.side == "both":
        return False
    return all(other.side == entry.side for other, _ in entries if other is not entry)


def _assess_injury(
    record: RunnerRecord,
    entry: InjuryEntry,
    known: Injury | None,
    entries: Sequence[tuple[InjuryEntry, Injury | None]],
    flags: Sequence[Referral],
    to_ask: tuple[str, ...],
    settings: Rules,
    today: date,
) -> InjuryAssessment:
    symmetric = _symmetric(entry, entries)
    if known is None:
        return InjuryAssessment(entry, None, (), 1, "settle_and_assess", (), symmetric, ())
    suspected = suspects_bone_stress(record, entry, known, flags)
    context = GateContext(record, entry, known, settings, today, symmetric, to_ask, suspected)
    gates = gates_of(context)
    stage = stage_of(gates)
    units = tuple(Unit(context.site, known.tissue, side) for side in context.sides)
    phase = "settle_and_assess" if flags else phase_of(stage, gates)
    return InjuryAssessment(
        entry, known, units, stage, phase, gates, symmetric, _expectations(entry, known)
    )


@rule("R52", "R64", "R75")
def _expectations(entry: InjuryEntry, known: Injury) -> tuple[str, ...]:
    """Say what course to expect; it passes no gate."""
    found = []
    if known.site == "achilles" and entry.symptom_months:
        months = LOADING_SHARE * entry.symptom_months
        found.append(
            f"After {entry.symptom_months:g} months of symptoms, about {months:.0f} months of "
            "loading are to be expected."
        )
    if entry.injury in COURSES:
        found.append(COURSES[entry.injury])
    operated = entry.injury in SURGICAL or entry.surgery_date is not None
    if operated:
        found.append(SURGERY_COURSE)
    elif known.bone_risk == "none":
        found.append(OVERUSE_COURSE)
    return tuple(found)


@rule("A09", "A12")
def _exclusions(record: RunnerRecord, assessed: Sequence[InjuryAssessment]) -> tuple[Fired, ...]:
    """Say why no dose comes from the model for this runner."""
    profile = record.profile
    found = []
    if profile.age_band is None:
        found.append(Fired("A09", "Age is not recorded: rules only, no dose from the model."))
    if profile.age_band == "under_18":
        found.append(Fired("A09", "Under 18: rules and referral only, no dose from the model."))
    if profile.pregnant_or_postpartum == "yes":
        found.append(
            Fired("A09", "Pregnant or early after birth: rules and referral only, no dose.")
        )
    found += [
        Fired("A12", f"{injury.entry.injury!r} is not an injury that the workspace knows: rules "
              "only, no dose.")
        for injury in assessed
        if injury.known is None
    ]  # fmt: skip
    return tuple(found)


def _closed_gates(assessed: Sequence[InjuryAssessment]) -> tuple[Fired, ...]:
    """Say for each injury what keeps the gate of running shut."""
    found = []
    for injury in assessed:
        gate = injury.gate("start_running")
        if gate is None or gate.passed:
            continue
        name = injury.known.words if injury.known else injury.entry.injury
        side = "both sides" if injury.entry.side == "both" else injury.entry.side
        found += [
            Fired(item.rules[0], f"{name[:1].upper()}{name[1:]}, {side}: {item.detail}.")
            for item in gate.criteria
            if item.status != "passed"
        ]
    return tuple(found)


def _verdict(
    flags: Sequence[Referral],
    exclusions: Sequence[Fired],
    closed: Sequence[Fired],
    limits: Sequence[_Limit],
) -> tuple[Verdict, str, list[Fired]]:
    fired = [
        Fired(name, f"Red flag: {FLAGS[flag.flag].reported}.") for flag in flags
        for name in flag.rules[:1]
    ]  # fmt: skip
    fired += [*exclusions, *closed]
    if flags:
        when = {"today": "today", "this_week": "this week"}[flags[0].urgency]
        return "referral", f"A red flag is open: to be seen {when}. There is no plan.", fired
    if exclusions:
        return "rules_only", exclusions[0].sentence, fired
    if closed:
        return "no_run", f"No running yet. {closed[0].sentence}", fired
    if limits:
        worst = min(limits, key=lambda limit: limit.factor)
        words = "has to fall" if worst.factor < HOLD else "must not rise"
        return "hold", f"Running goes on, the load {words}. {worst.fired.sentence}", fired
    return "plan", "Every gate of running is passed and nothing holds the load.", fired


def _action(
    verdict: Verdict, limits: Sequence[_Limit]
) -> Literal["advance", "hold", "regress", "stop", "refer"]:
    if verdict == "referral":
        return "refer"
    if verdict in ("no_run", "rules_only"):
        return "stop" if verdict == "no_run" else "hold"
    if any(limit.bad for limit in limits):
        return "regress"
    return "hold" if limits else "advance"


@rule("R15", "R35", "R39", "A11")
def _load_limits(
    record: RunnerRecord,
    assessed: Sequence[InjuryAssessment],
    settings: Rules,
    today: date,
) -> tuple[_Limit, ...]:
    """Return every limit on the coming load, the strictest first."""
    found: list[_Limit] = []
    for injury in assessed:
        responses = _responses(record, injury, settings)
        left = reduced_sessions_left(record, responses, settings)
        bad = last_bad(responses)
        if bad is not None and left > 0:
            lowest, highest = settings.reduction_factors
            cut = (
                f"Load down by {100 * (1 - highest):.0f} to {100 * (1 - lowest):.0f} % for the "
                f"next {left} session{'s' if left > 1 else ''}, without downhill or track."
            )
            found += [_Limit(highest, reason, bad=True) for reason in bad.reasons]
            found.append(_Limit(highest, Fired("R35", cut), bad=True))
        elif responses and responses[-1].verdict in ("unknown", "unreassuring"):
            last_day = [one for one in responses if one.date == responses[-1].date]
            found += [_Limit(HOLD, reason) for one in last_day for reason in one.reasons]
        found += _failed_returns(record, injury, settings, today)
    shoe = no_raise_until(record, settings, today)
    if shoe is not None:
        found.append(_Limit(HOLD, Fired("R47", f"A new shoe: the load stays level until {shoe}.")))
    week = today - timedelta(days=SPIKE_HOLD_DAYS - 1)
    found += [_Limit(HOLD, spike) for spike in spikes(record, settings, week, today)]
    growth, holds = weekly_growth(record, settings, today)
    if growth is not None and holds:
        found.append(_Limit(HOLD, growth))
    found += _new_complaints(record, assessed, settings, today)
    if lighter_week_due(record, settings, today):
        sentence = f"{settings.lighter_week_every} weeks of growth in a row: a lighter week."
        found.append(_Limit(settings.reduction_factors[1], Fired("R27", sentence)))
    return tuple(sorted(found, key=lambda limit: limit.factor))


def _responses(
    record: RunnerRecord, injury: InjuryAssessment, settings: Rules
) -> tuple[Response, ...]:
    if injury.known is None:
        return ()
    limit = pain_limit(injury.known.tissue, settings.pain, record.overrides)
    site = injury.entry.site or injury.known.site
    return run_responses(record, site, sides_of(injury.entry), limit, injury.entry.onset)


@rule("R72")
def _failed_returns(
    record: RunnerRecord, injury: InjuryAssessment, settings: Rules, today: date
) -> list[_Limit]:
    """Keep the first two weeks of running level where earlier returns failed."""
    failures = injury.entry.failed_returns
    began = first_run(record, injury.entry.onset, today)
    if failures < settings.repeated_failures or began is None:
        return []
    end = began + timedelta(days=LEVEL_DAYS)
    if today >= end:
        return []
    sentence = f"{failures} earlier returns failed: the first two weeks stay level, until {end}."
    return [_Limit(HOLD, Fired("R72", sentence))]


@rule("R80", "R38")
def _new_complaints(
    record: RunnerRecord,
    assessed: Sequence[InjuryAssessment],
    settings: Rules,
    today: date,
) -> list[_Limit]:
    """Hold the load where a site without an injury hurts beyond the limit of any soft tissue."""
    known = {
        (injury.entry.site or (injury.known.site if injury.known else None), side)
        for injury in assessed
        for side in sides_of(injury.entry)
    }
    since = today - timedelta(days=COMPLAINT_DAYS)
    found: dict[tuple[str, str], date] = {}
    for entry in record.symptoms:
        pains = [
            pain
            for pain in (entry.pain_during, entry.pain_after, entry.pain_next_morning)
            if pain is not None
        ]
        new = (entry.site, entry.side) not in known and entry.date > since
        if new and pains and max(pains) > settings.pain.tendon:
            found[entry.site, entry.side] = entry.date
    return [
        _Limit(HOLD, Fired("R80", f"New complaint, {side} {site}, on {day}: to be examined before "
                           "load rises; look at what was added lately (surfaces, slopes, shoes)."))
        for (site, side), day in found.items()
    ]  # fmt: skip


@rule("R16", "R40", "A08", "A02")
def _allowed(
    record: RunnerRecord,
    assessed: Sequence[InjuryAssessment],
    flags: Sequence[Referral],
    limits: Sequence[_Limit],
    settings: Rules,
    today: date,
    verdict: Verdict,
    suspected: bool,
    closed: bool,
) -> Allowed:
    """Combine the limits of all injuries; the strictest binds (A08)."""
    unknown = any(injury.known is None for injury in assessed)
    running = not flags and not closed and not unknown
    stage = min((injury.stage for injury in assessed), default=4)
    calm = not any(limit.bad for limit in limits)

    def opened(name: str) -> bool:
        gates = [gate for injury in assessed if (gate := injury.gate(name)) is not None]
        return running and calm and all(gate.passed for gate in gates)

    fast_from = fast_work_from(record, settings, today)
    left = [reduced_sessions_left(record, _responses(record, injury, settings), settings)
            for injury in assessed]  # fmt: skip
    overrides = record.overrides
    pain_limits = {
        unit: pain_limit(unit.tissue, settings.pain, overrides)
        for unit in dict.fromkeys(
            (*(unit for injury in assessed for unit in injury.units), *DEFAULT_UNITS)
        )
    }
    return Allowed(
        running=running,
        hills=opened("hills"),
        speed=opened("speed"),
        sprint=opened("sprint") and record.profile.sport != "endurance",
        walking=all(flag.walking for flag in flags),
        cross_training=all(flag.cross_training for flag in flags),
        strength=not flags,
        impact=running and not suspected,
        max_runs_per_week=_runs_per_week(record, settings, stage) if running else 0,
        consecutive_days=running and stage == 4 and settings.consecutive_days == "last_stage",
        load_factor_max=min((limit.factor for limit in limits), default=inf),
        reduced_sessions_left=max(left, default=0),
        no_load_raise_until=no_raise_until(record, settings, today),
        hills_from=fast_from,
        speed_from=fast_from,
        lighter_week=lighter_week_due(record, settings, today),
        pain_limits=pain_limits,
    )


@rule("R16")
def _runs_per_week(record: RunnerRecord, settings: Rules, stage: int) -> int:
    most = settings.runs_per_week[stage - 1]
    override = override_of(record.overrides, "runs_per_week")
    if override is not None and override.value is not None:
        most = int(override.value)
    own = record.profile.limits.max_sessions_per_week
    return min(most, own) if own is not None else most


def _spacing_fired(allowed: Allowed) -> list[Fired]:
    if allowed.hills_from is None:
        return []
    return [Fired("R40", f"Heavy calf work lately: no hills or speed before {allowed.hills_from}.")]


@rule("A01", "A02")
def _tests_to_do(assessed: Sequence[InjuryAssessment], suspected: bool) -> tuple[str, ...]:
    """Return the tests that would settle what is missing; impact tests wait (A02)."""
    wanted = dict.fromkeys(
        item.test
        for injury in assessed
        for gate in injury.gates
        for item in gate.criteria
        if item.status == "missing" and item.test
    )
    return tuple(name for name in wanted if not (suspected and TESTS[name].impact))


@rule("A11", "R31")
def _cautions(
    record: RunnerRecord,
    assessed: Sequence[InjuryAssessment],
) -> tuple[str, ...]:
    """Return what clinician and runner should know although it changes no limit."""
    profile = record.profile
    found = []
    if profile.fluoroquinolone_recent == "yes":
        found.append(
            "A fluoroquinolone antibiotic was taken lately: tendons tear more easily for some "
            "months. New tendon pain is a reason to stop and call."
        )
    if profile.steroid_injection_recent == "yes":
        found.append(
            "A steroid injection was given lately: pain may be low for a while although the tissue "
            "is no stronger. Load is raised with caution."
        )
    found += _precautions(record, assessed)
    if any(not injury.symmetry_used for injury in assessed):
        found.append("Both sides are injured: absolute values count, no comparison of sides.")
    found += [
        f"{injury.known.words}: strength follows the protocol of who operated or treated it until "
        "running is cleared."
        for injury in assessed
        if injury.known is not None and _awaits_clearance(injury)
    ]
    found += [
        f"{injury.entry.failed_returns} returns failed before: capacity first, then volume."
        for injury in assessed
        if injury.entry.failed_returns > 0
    ]
    return tuple(found)


def _awaits_clearance(injury: InjuryAssessment) -> bool:
    gate = injury.gate("start_running")
    return gate is not None and any(
        item.kind == "clearance" and item.status != "passed" for item in gate.criteria
    )


@rule("A05")
def _precautions(record: RunnerRecord, assessed: Sequence[InjuryAssessment]) -> list[str]:
    """Return the precautions that stay after a red flag was cleared."""
    bone = {
        injury.entry.injury
        for injury in assessed
        if injury.known is not None and injury.known.bone_risk != "none"
    }
    found = []
    for name in dict.fromkeys(entry.what for entry in record.clearances):
        flag = FLAGS.get("high_risk_bone" if name in bone else name)
        if flag is not None:
            found.append(f"Cleared ({name.replace('_', ' ')}), and still: {flag.precaution}.")
    return found


@rule("R65")
def _green_lights(
    record: RunnerRecord,
    assessed: Sequence[InjuryAssessment],
    settings: Rules,
    today: date,
) -> tuple[str, ...]:
    """Return good signs: calmer mornings, easy runs well answered, strength rising."""
    found: dict[str, None] = {}
    for injury in assessed:
        if injury.known is None:
            continue
        site, sides = injury.entry.site or injury.known.site, sides_of(injury.entry)
        now, before = (
            _morning(record, site, sides, today - timedelta(days=7 * back)) for back in (0, 1)
        )
        if now is not None and before is not None and now < before:
            found["less pain on waking than the week before"] = None
        responses = _responses(record, injury, settings)
        if len(responses) and all(one.verdict == "good" for one in responses[-2:]):
            found["the last easy runs were answered well within 24 hours"] = None
        for name in START_TESTS.get(injury.entry.injury, ()):
            for side in sides:
                last = latest_result(record, name, side, injury.entry.onset, today)
                if last is None:
                    continue
                earlier = previous_result(record, name, side, injury.entry.onset, last.date)
                if earlier is not None and last.value > earlier.value:
                    found[f"{TESTS[name].label} rising"] = None
    return tuple(found)


def _morning(record: RunnerRecord, site: str, sides: Iterable[str], end: date) -> float | None:
    start = end - timedelta(days=6)
    values = [
        entry.pain_next_morning
        for entry in record.symptoms
        if entry.site == site and entry.side in sides and start <= entry.date <= end
        and entry.pain_next_morning is not None
    ]  # fmt: skip
    return sum(values) / len(values) if values else None
