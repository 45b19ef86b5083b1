"""Gates: what must be shown before running, longer running, hills, speed and full load.

Every gate asks for pain, function and load at least once (R26), whatever is missing is not passed,
and time alone passes nothing (A06). Stages are those of R69, tests those of the second source.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from tolerance.clinic.record import InjuryEntry, RunnerRecord, SymptomEntry, TestEntry
from tolerance.config import Injury, Rules
from tolerance.rules.assessment import Criterion, Gate, GateStatus, Kind, Phase
from tolerance.rules.authority import override_of
from tolerance.rules.battery import TESTS, latest_result, symmetry_of_latest
from tolerance.rules.diary import first_run, longest_minutes, run_minutes, runs
from tolerance.rules.red_flags import cleared
from tolerance.rules.registry import rule
from tolerance.rules.responses import is_run_entry, last_bad, pain_limit, run_responses

__all__ = [
    "OVERRIDES",
    "START_TESTS",
    "GateContext",
    "gates_of",
    "phase_of",
    "sides_of",
    "stage_of",
]

GOOD_RUNS: Final = 3
"""Runs in a row with a good response before a later gate opens [J]."""

WALK_DAYS: Final = 14
"""A walk or run of the last so many days shows what load is tolerated [J]."""

RUN_THROUGH_DAYS: Final = 28
"""A runner without a run for so long has to pass the start gate anew [J]."""

NO_OVERRIDE: Final = ("screen", "clearance", "time")
"""Criteria that an override of a gate does not pass: screen, clearance, healing (A05, A06)."""

OVERRIDES: Final = {
    "gate:start_running": "opens running; screen, clearance and minimum time still hold",
    "gate:mechanics": "opens stage 3",
    "gate:full_load": "opens stage 4",
    "gate:hills": "opens hills",
    "gate:speed": "opens speed",
    "gate:sprint": "opens sprinting",
    "intensity_lock": "lifts the soft lock of speed",
    "pain_limit": "pain limit of 10 as its value; never for bone",
    "runs_per_week": "running days a week as its value",
}
"""What a clinician may override, by the word that the record's override carries."""

CALF_START: Final = ("single_leg_calf_raises",)
KNEE_START: Final = ("single_leg_squat_control",)
HIP_START: Final = ("single_leg_squat_control", "single_leg_stand_s")
HAMSTRING_START: Final = ("single_leg_bridges",)

ANY_START: Final = ("single_leg_calf_raises", "single_leg_squat_control")

START_TESTS: Final = {
    "tibial_stress_reaction": CALF_START,
    "tibial_stress_fracture": CALF_START,
    "anterior_tibial_stress_injury": CALF_START,
    "fibular_stress_injury": CALF_START,
    "femoral_neck_stress_injury": HIP_START,
    "navicular_stress_injury": CALF_START,
    "fifth_metatarsal_stress_injury": CALF_START,
    "metatarsal_stress_injury": CALF_START,
    "high_risk_bone_stress_injury": HIP_START,
    "medial_tibial_stress_syndrome": CALF_START,
    "achilles_tendinopathy": CALF_START,
    "insertional_achilles_tendinopathy": CALF_START,
    "achilles_rupture_repair": CALF_START,
    "patellar_tendinopathy": KNEE_START,
    "proximal_hamstring_tendinopathy": HAMSTRING_START,
    "gluteal_tendinopathy": HIP_START,
    "hip_flexor_tendinopathy": HIP_START,
    "plantar_fasciopathy": CALF_START,
    "iliotibial_band_syndrome": KNEE_START,
    "patellofemoral_pain": KNEE_START,
    "calf_strain_soleus": CALF_START,
    "calf_strain_gastrocnemius": CALF_START,
    "hamstring_strain": HAMSTRING_START,
    "acl_reconstruction": ("quadriceps_strength", "landing_control"),
    "ankle_stabilisation": ("single_leg_calf_raises", "single_leg_stand_s"),
    "fracture_fixation": ("single_leg_calf_raises", "single_leg_stand_s"),
}
"""Tests of function before the first run-walk, by injury. R74 names those of the ACL, S3 the heel
raise of the Achilles; the others follow the site [J]. An injury added to params.yaml alone gets
``ANY_START``."""

SURGICAL: Final = (
    "achilles_rupture_repair", "acl_reconstruction", "ankle_stabilisation", "fracture_fixation",
)  # fmt: skip
"""Injuries that always had an operation or a fracture (A06)."""

SWELLING_MUST_BE_KNOWN: Final = ("acl_reconstruction", "ankle_stabilisation")
"""Where absence of swelling must have been noted, not merely not reported (R15, R74)."""

PHASES: Final[tuple[Phase, ...]] = (
    "settle_and_assess",
    "build_capacity",
    "elastic_and_speed",
    "sharpen_and_maintain",
)


@dataclass(frozen=True)
class GateContext:
    """What the criteria of one injury's gates are judged on.

    Attributes
    ----------
    record : RunnerRecord
        As it stood on ``today``.
    entry : InjuryEntry
    known : Injury
    settings : Rules
    today : date
    symmetric : bool
        Whether the other side may serve as reference (A07).
    to_ask : tuple of str
        Red-flag questions that are open.
    suspected_bone : bool
        Whether hop and impact tests are withheld (A02).
    """

    record: RunnerRecord
    entry: InjuryEntry
    known: Injury
    settings: Rules
    today: date
    symmetric: bool
    to_ask: tuple[str, ...]
    suspected_bone: bool

    @property
    def site(self) -> str:
        """Where the injury is."""
        return self.entry.site or self.known.site

    @property
    def sides(self) -> tuple[str, ...]:
        """Its side, or both."""
        return sides_of(self.entry)

    @property
    def limit(self) -> float:
        """Pain limit of its tissue."""
        return pain_limit(self.known.tissue, self.settings.pain, self.record.overrides)

    @property
    def is_running(self) -> bool:
        """Whether the runner has run lately, in this episode."""
        since = max(self.entry.onset, self.today - timedelta(days=RUN_THROUGH_DAYS))
        return bool(runs(self.record, since, self.today))

    def result(self, name: str, side: str, keeps: bool = False) -> TestEntry | None:
        """Return the last valid result of a test in this episode.

        An old result still counts where running began while it was valid, goes on and was answered
        well since; ``keeps`` waives the last condition.
        """
        found = latest_result(self.record, name, side, self.entry.onset, self.today)
        if found is None:
            return None
        last_valid = found.date + timedelta(days=self.settings.test_valid_days)
        if self.today <= last_valid:
            return found
        if not self.is_running or not runs(self.record, found.date, last_valid):
            return None
        if keeps:
            return found
        since = run_responses(self.record, self.site, self.sides, self.limit, found.date)
        return None if last_bad(since) is not None else found


def sides_of(entry: InjuryEntry) -> tuple[str, ...]:
    """Return the side of an injury, or both."""
    return ("left", "right") if entry.side == "both" else (entry.side,)


@rule("R26", "R69", "A06")
def gates_of(context: GateContext) -> tuple[Gate, ...]:
    """Return every gate of one injury.

    Raises
    ------
    ValueError
        If a gate would rest on pain, function or load missing as a kind of criterion.
    """
    found = [
        Gate("start_running", (*_screen(context), *_safety(context), *_start(context))),
        Gate("mechanics", _mechanics(context)),
        Gate("full_load", _full_load(context)),
        Gate("hills", _hills(context)),
        Gate("speed", _speed(context)),
    ]
    if context.record.profile.sport != "endurance":
        found.append(Gate("sprint", _sprint(context)))
    for gate in found:
        lacking = {"pain", "function", "load"} - {criterion.kind for criterion in gate.criteria}
        if lacking:
            raise ValueError(
                f"gate {gate.name}: received no criterion of {', '.join(sorted(lacking))}; "
                "expected pain, function and load at least once each (R26)."
            )
    return tuple(_with_override(context, gate) for gate in found)


@rule("R69", "R51")
def stage_of(gates: Sequence[Gate]) -> int:
    """Return the stage that the gates allow; none is skipped."""
    stage = 1
    for name in ("start_running", "mechanics", "full_load"):
        if not next(gate for gate in gates if gate.name == name).passed:
            break
        stage += 1
    return stage


@rule("R49")
def phase_of(stage: int, gates: Sequence[Gate]) -> Phase:
    """Return the phase of rehabilitation (R49) that belongs to a stage (R69).

    Stage 1 settles while pain of daily life is above its limit or unknown, and while a clearance is
    wanting after surgery, fracture or bone stress; then it builds capacity. Stage 2 builds on,
    stage 3 adds elastic work and speed, stage 4 sharpens and maintains.
    """
    if stage == 1:
        start = next(gate for gate in gates if gate.name == "start_running")
        settled = all(
            item.status == "passed" for item in start.criteria if item.kind in ("pain", "clearance")
        )
        return PHASES[1] if settled else PHASES[0]
    return PHASES[stage - 1]


def _with_override(context: GateContext, gate: Gate) -> Gate:
    override = override_of(context.record.overrides, f"gate:{gate.name}")
    if override is None or gate.passed:
        return gate
    held = [
        item
        for item in gate.criteria
        if item.kind in NO_OVERRIDE and item.status != "passed" and item.rules != ("R77",)
    ]
    hard_lock = (
        any(item.rules == ("R77",) and item.status != "passed" for item in gate.criteria)
        and context.settings.intensity_lock == "hard"
    )
    if held or hard_lock:
        return gate
    by = f"{override.who} ({override.role}) on {override.date}: {override.why}"
    return Gate(gate.name, gate.criteria, overridden=by)


# Screen, clearance, time.


@rule("A01")
def _screen(context: GateContext) -> tuple[Criterion, ...]:
    missing = [key.replace("_", " ") for key in context.to_ask]
    status: GateStatus = "missing" if missing else "passed"
    detail = (
        f"red-flag questions not asked lately ({len(missing)}): {', '.join(missing)}"
        if missing
        else "red-flag screen complete"
    )
    return (Criterion("red-flag screen", "screen", ("A01",), status, detail),)


@rule("A06", "A14")
def _safety(context: GateContext) -> tuple[Criterion, ...]:
    """Clearance and minimum time after surgery or fracture and for bone stress (A06, A14)."""
    entry, known, record = context.entry, context.known, context.record
    operated = entry.injury in SURGICAL or entry.surgery_date is not None
    broken = entry.fracture_date is not None
    bone = known.bone_risk != "none"
    found: list[Criterion] = []
    if operated or broken or bone:
        since = max(filter(None, (entry.onset, entry.surgery_date, entry.fracture_date)))
        names = (entry.injury, "running")
        missing_sides = [
            side
            for side in context.sides
            if cleared(record.clearances, names, context.site, side, since) is None
        ]
        status: GateStatus = "missing" if missing_sides else "passed"
        detail = (
            f"no recorded clearance to run ({', '.join(missing_sides)}): who, role, date and basis"
            if missing_sides
            else "cleared to run"
        )
        found.append(Criterion("clearance", "clearance", ("A05", "A06"), status, detail))
    if known.floor_weeks > 0:
        found.append(_floor(context, operated))
    return tuple(found)


def _floor(context: GateContext, operated: bool) -> Criterion:
    entry, weeks = context.entry, context.known.floor_weeks
    start = entry.surgery_date or entry.fracture_date
    if start is None and not operated:
        start = entry.onset
    if start is None:
        return Criterion(
            "minimum time", "time", ("A06",), "missing", "date of surgery or fracture not recorded"
        )
    end = start + timedelta(weeks=weeks)
    status: GateStatus = "passed" if context.today >= end else "failed"
    detail = f"at least {weeks:g} weeks, until {end}; time alone passes nothing"
    return Criterion("minimum time", "time", ("A06",), status, detail)


# Start of running.


def _start(context: GateContext) -> tuple[Criterion, ...]:
    found = [_daily_pain(context), *_swelling(context), *_limp(context), *_last_run(context)]
    for name in START_TESTS.get(context.entry.injury, ANY_START):
        if name == "quadriceps_strength":
            found.append(_quadriceps(context, context.settings.gates.start_quadriceps_lsi_pct))
        else:
            found += [_start_test(context, name, side) for side in context.sides]
    found.append(_walk(context))
    return tuple(found)


@rule("R73", "A11", "A14")
def _daily_pain(context: GateContext) -> Criterion:
    """Pain of daily life within the limit of the tissue; it need not be none (R73).

    While the runner is not running, every entry of the last days counts; while running, the last
    day that says something, and where none does, what was noted of runs is left to the rules of
    pain in runs (R38, R39). For bone stress injuries pain in runs counts too (A14). After a
    painkiller low pain says nothing (A11).
    """
    since = max(context.entry.onset, context.today - timedelta(days=context.settings.recent_days))
    seen: dict[date, list[tuple[float, bool]]] = {}
    for entry in context.record.symptoms:
        if entry.site == context.site and entry.side in context.sides and entry.date >= since:
            values = _daily_values(context, entry)
            seen.setdefault(entry.date, []).extend(
                (value, entry.analgesic == "yes") for value in values
            )
    seen = {day: values for day, values in seen.items() if values}
    if context.is_running and context.known.bone_risk == "none" and seen:
        seen = {max(seen): seen[max(seen)]}
    every = [value for values in seen.values() for value in values]
    rules = ("R73", "A14") if context.known.tissue == "bone" else ("R73",)
    name, limit = "pain in daily life", context.limit
    if not every and context.is_running and _runs_noted(context, since):
        detail = "no pain score of daily life; judged by the response to runs"
        return Criterion(name, "pain", rules, "passed", detail)
    if any(pain > limit for pain, _ in every):
        worst = max(pain for pain, _ in every)
        detail = f"pain {worst:g} of 10 in daily life, limit {limit:g}"
        return Criterion(name, "pain", rules, "failed", detail)
    reassuring = [pain for pain, analgesic in every if not analgesic]
    if not reassuring:
        detail = (
            "pain known only after a painkiller" if every
            else f"no pain score of the last {context.settings.recent_days} days"
        )  # fmt: skip
        return Criterion(name, "pain", (*rules, "A11"), "missing", detail)
    detail = f"pain at most {max(reassuring):g} of 10, limit {limit:g}"
    return Criterion(name, "pain", rules, "passed", detail)


def _runs_noted(context: GateContext, since: date) -> bool:
    """Tell whether pain of a run was noted since a day."""
    responses = run_responses(context.record, context.site, context.sides, context.limit, since)
    return any(response.pain is not None for response in responses)


def _daily_values(context: GateContext, entry: SymptomEntry) -> list[float]:
    values = [entry.pain_before, entry.pain_next_morning, entry.pain_baseline]
    if not is_run_entry(context.record, entry) or context.known.bone_risk != "none":
        values += [entry.pain_during, entry.pain_after]
    return [value for value in values if value is not None]


@rule("R15", "R74")
def _swelling(context: GateContext) -> tuple[Criterion, ...]:
    since = max(context.entry.onset, context.today - timedelta(days=context.settings.recent_days))
    answers = [
        (entry.date, entry.swelling)
        for entry in context.record.symptoms
        if entry.site == context.site
        and entry.side in context.sides
        and entry.date >= since
        and entry.swelling is not None
    ]
    needed = context.entry.injury in SWELLING_MUST_BE_KNOWN
    if not answers:
        if not needed:
            return ()
        return (Criterion("no swelling", "pain", ("R15", "R74"), "missing", "swelling not asked"),)
    last_day = max(day for day, _ in answers)
    swollen = any(answer == "yes" for day, answer in answers if day == last_day)
    status: GateStatus = "failed" if swollen else "passed"
    detail = f"swelling on {last_day}" if swollen else f"no swelling on {last_day}"
    return (Criterion("no swelling", "pain", ("R15",), status, detail),)


@rule("R39")
def _limp(context: GateContext) -> tuple[Criterion, ...]:
    """Keep running shut while the runner walks with a limp, by the last day that says so.

    A limp on the morning after a run reduces the next sessions instead (R39).
    """
    since = max(context.entry.onset, context.today - timedelta(days=context.settings.recent_days))
    answers = [
        (entry.date, entry.limp)
        for entry in context.record.symptoms
        if entry.site == context.site
        and entry.side in context.sides
        and entry.date >= since
        and entry.limp is not None
        and not is_run_entry(context.record, entry)
    ]
    last_day = max((day for day, _ in answers), default=None)
    if not any(answer == "yes" for day, answer in answers if day == last_day):
        return ()
    return (Criterion("no limp", "pain", ("R39",), "failed", f"a limp on {last_day}"),)


@rule("R38", "R39")
def _last_run(context: GateContext) -> tuple[Criterion, ...]:
    """After a run with pain beyond what any tissue accepts, calm has to be shown first."""
    responses = run_responses(
        context.record, context.site, context.sides, context.limit, context.entry.onset
    )
    severe = [response for response in responses if response.verdict == "severe"]
    if not severe:
        return ()
    day = severe[-1].date
    entries = [
        entry
        for entry in context.record.symptoms
        if entry.site == context.site and entry.side in context.sides
    ]
    settled = any(entry.date == day and entry.settled_24h == "yes" for entry in entries)
    calm = any(
        entry.date > day and any(value <= context.limit for value in _daily_values(context, entry))
        for entry in entries
    )
    status: GateStatus = "passed" if settled or calm else "failed"
    detail = f"pain {severe[-1].pain:g} of 10 in the run of {day}, " + (
        "settled since" if status == "passed" else "not shown to have settled"
    )
    return (Criterion("last run settled", "pain", ("R38", "R39"), status, detail),)


@rule("R34", "R74", "A07")
def _quadriceps(context: GateContext, least_pct: float) -> Criterion:
    """Quadriceps of the injured side against the other; not usable if both are injured (A07)."""
    name, rules = "quadriceps symmetry", ("R74",)
    if not context.symmetric:
        detail = "both sides are injured: symmetry says nothing, no absolute value is agreed"
        return Criterion(name, "function", (*rules, "A07"), "missing", detail)
    side = context.sides[0]
    since = context.entry.onset
    value = symmetry_of_latest(context.record, "quadriceps_strength", side, since, context.today)
    direct = context.result("quadriceps_lsi_pct", side, keeps=True)
    measured = context.result("quadriceps_strength", side, keeps=True)
    if measured is None or value is None:
        value = direct.value if direct is not None else None
    if value is None:
        return Criterion(
            name,
            "function",
            rules,
            "missing",
            "quadriceps strength of both sides not measured",
            "quadriceps_strength",
        )
    status: GateStatus = "passed" if value >= least_pct else "failed"
    detail = f"quadriceps at {value:.0f} % of the other side, {least_pct:.0f} % needed"
    return Criterion(name, "function", rules, status, detail)


def _start_test(context: GateContext, name: str, side: str) -> Criterion:
    gates = context.settings.gates
    least = {
        "single_leg_calf_raises": float(gates.start_calf_raises),
        "single_leg_bridges": float(gates.start_bridges),
        "single_leg_stand_s": gates.start_stand_s,
    }.get(name, 1.0)
    return _test(context, name, side, least, "function", keeps=True)


@rule("A02")
def _test(
    context: GateContext,
    name: str,
    side: str,
    least: float,
    kind: Kind = "function",
    keeps: bool = False,
    painless: bool = False,
) -> Criterion:
    """Judge one test by its least value, and by the pain in it.

    Pain counts against the limit of the tissue; ``painless`` asks for none at all, and for pain to
    have been noted.
    """
    test = TESTS[name]
    words = test.label + (f", {side}" if test.per_side else "")
    if test.impact and context.suspected_bone:
        detail = f"{words}: withheld while a bone stress injury is suspected"
        return Criterion(words, kind, (*test.rules, "A02"), "missing", detail, name)
    yes_no = test.unit == "yes/no"
    limit = 0.0 if painless else context.limit
    needed = "good control" if yes_no else f"at least {least:g} {test.unit}"
    needed += f", pain at most {limit:g}" if limit else ", no pain"
    found = context.result(name, side, keeps)
    if found is None:
        detail = f"{words}: not tested, needed {needed}"
        return Criterion(words, kind, test.rules, "missing", detail, name)
    value = ("good" if found.value >= 1 else "not good") if yes_no else f"{found.value:g}"
    felt = "" if found.pain is None else f" with pain {found.pain:g}"
    detail = f"{words}: {value}{felt}, needed {needed}"
    status: GateStatus = "passed"
    if painless and found.pain is None:
        status, detail = "missing", f"{detail}; pain not noted"
    if found.value < least or (found.pain is not None and found.pain > limit):
        status = "failed"
    return Criterion(words, kind, test.rules, status, detail, name)


@rule("R26", "R70")
def _walk(context: GateContext) -> Criterion:
    """Load already tolerated: a brisk walk within the limit, tested or in the diary, or a run."""
    least, limit = context.settings.gates.start_walk_minutes, context.limit
    name, rules, test = "walk tolerated", ("R26",), "walk_minutes"
    found = context.result(test, "none", keeps=True)
    within = found is not None and found.pain is not None and found.pain <= limit
    if found is not None and within and found.value >= least:
        return Criterion(name, "load", rules, "passed", f"walked {found.value:g} min", test)
    shown = _walk_or_run_in_diary(context, least)
    if shown:
        return Criterion(name, "load", rules, "passed", shown, test)
    if found is None:
        detail = f"a brisk walk of {least:g} min with its pain is not noted"
        return Criterion(name, "load", rules, "missing", detail, test)
    felt = "pain not noted" if found.pain is None else f"pain {found.pain:g}"
    status: GateStatus = "missing" if found.pain is None else "failed"
    detail = f"walked {found.value:g} min, {felt}; needed {least:g} min, pain at most {limit:g}"
    return Criterion(name, "load", rules, status, detail, test)


def _walk_or_run_in_diary(context: GateContext, least: float) -> str:
    """Say which walk or run of the last days was long enough and answered well; empty for none."""
    record = context.record
    since = max(context.entry.onset, context.today - timedelta(days=WALK_DAYS))
    for session in record.sessions:
        walked = session.activity == "walking" and (session.minutes or 0.0) >= least
        if not walked or session.date < since:
            continue
        pains = [
            pain
            for entry in record.symptoms
            if entry.site == context.site
            and entry.side in context.sides
            and (entry.session_id == session.session_id or entry.date == session.date)
            for pain in (entry.pain_during, entry.pain_after)
            if pain is not None
        ]
        if pains and max(pains) <= context.limit:
            return f"walked on {session.date}"
    responses = run_responses(record, context.site, context.sides, context.limit, since)
    good_days = {response.date for response in responses if response.verdict == "good"}
    for run in runs(record, since, context.today):
        if run.date in good_days and (run_minutes(record, run) or 0.0) >= least:
            return f"ran on {run.date}"
    return ""


# Later gates.


@rule("R38", "R51", "R65")
def _runs_good(context: GateContext) -> Criterion:
    """Tell whether the last runs were all answered well."""
    responses = run_responses(
        context.record, context.site, context.sides, context.limit, context.entry.onset
    )
    by_day: dict[date, set[str]] = {}
    for response in responses:
        by_day.setdefault(response.date, set()).add(response.verdict)
    last = [by_day[day] for day in sorted(by_day)[-GOOD_RUNS:]]
    name, rules = "response to runs", ("R38", "R51")
    if any({"bad", "severe"} & verdicts for verdicts in last):
        return Criterion(
            name, "pain", rules, "failed", f"one of the last {GOOD_RUNS} runs was not answered well"
        )
    if len(last) < GOOD_RUNS or any(verdicts != {"good"} for verdicts in last):
        good = sum(verdicts == {"good"} for verdicts in last)
        detail = f"{good} of the last {GOOD_RUNS} runs are known to have been answered well"
        return Criterion(name, "pain", rules, "missing", detail)
    return Criterion(name, "pain", rules, "passed", f"the last {GOOD_RUNS} runs were answered well")


def _ran(context: GateContext, least: float, continuous: bool, rules: tuple[str, ...]) -> Criterion:
    """Look for a run of at least so many minutes in this episode, lately."""
    words = f"{'continuous ' if continuous else ''}run of {least:g} min"
    since = max(context.entry.onset, context.today - timedelta(days=RUN_THROUGH_DAYS))
    found = [
        run
        for run in runs(context.record, since, context.today)
        if (run_minutes(context.record, run) or 0.0) >= least
        and not (continuous and (run.walk_minutes or 0.0) > 0.0)
    ]
    if found:
        return Criterion(words, "load", rules, "passed", f"{words} on {found[-1].date}")
    longest = longest_minutes(context.record, since, context.today)
    so_far = f"longest so far {longest:.0f} min" if longest is not None else "no run in the diary"
    return Criterion(words, "load", rules, "missing", f"{words} not yet done, {so_far}")


@rule("R24", "R58")
def _mechanics(context: GateContext) -> tuple[Criterion, ...]:
    gates = context.settings.gates
    tests = [
        _test(context, "single_leg_squat_control", side, 1.0, "function") for side in context.sides
    ]
    return (
        _runs_good(context),
        *tests,
        *(_painless_hops(context, side) for side in context.sides),
        _ran(context, gates.continuous_run_minutes, True, ("R26", "R69")),
    )


def _painless_hops(context: GateContext, side: str) -> Criterion:
    """Judge hops, which have to be free of any pain (R24)."""
    least = float(context.settings.gates.hops)
    return _test(context, "single_leg_hops", side, least, painless=True)


@rule("R51", "R71", "R24")
def _full_load(context: GateContext) -> tuple[Criterion, ...]:
    gates = context.settings.gates
    if context.entry.injury == "acl_reconstruction":
        strength = [_quadriceps(context, gates.strength_lsi_pct)]
    else:
        strength = [
            _test(context, "single_leg_calf_raises", side, float(gates.calf_raises), "function")
            for side in context.sides
        ]
    return (
        _runs_good(context),
        *strength,
        *_hop_symmetry(context, gates.hop_gap_red_pct),
        _ran(context, gates.long_run_minutes, False, ("R51",)),
        _drift(context, "cadence_drift_pct", gates.cadence_drift_pct),
        _drift(context, "contact_drift_pct", gates.contact_drift_pct),
    )


def _drift(context: GateContext, name: str, most: float) -> Criterion:
    test = TESTS[name]
    found = context.result(name, "none")
    if found is None:
        detail = f"{test.label} from fresh to tired: not measured, needed at most {most:g} %"
        return Criterion(test.label, "mechanics", test.rules, "missing", detail, name)
    status: GateStatus = "passed" if abs(found.value) <= most else "failed"
    detail = f"{test.label} from fresh to tired: {found.value:g} %, needed at most {most:g} %"
    return Criterion(test.label, "mechanics", test.rules, status, detail, name)


@rule("R59", "A07")
def _hop_symmetry(context: GateContext, most_gap_pct: float) -> tuple[Criterion, ...]:
    """Gap of the forward hops; left out where both sides are injured (A07)."""
    if not context.symmetric:
        return ()
    name, rules = "forward hop gap", ("R59",)
    if context.suspected_bone:
        detail = "forward hops: withheld while a bone stress injury is suspected"
        return (Criterion(name, "function", (*rules, "A02"), "missing", detail, "forward_hop_cm"),)
    side = context.sides[0]
    other = "left" if side == "right" else "right"
    tested, reference = (context.result("forward_hop_cm", one) for one in (side, other))
    if tested is None or reference is None or reference.value <= 0:
        detail = f"five forward hops of each side not tested (gap below {most_gap_pct:g} %)"
        return (Criterion(name, "function", rules, "missing", detail, "forward_hop_cm"),)
    gap = 100.0 * (reference.value - tested.value) / reference.value
    status: GateStatus = "passed" if gap < most_gap_pct else "failed"
    amber = gap >= context.settings.gates.hop_gap_amber_pct
    attention = ", deserves attention" if amber and status == "passed" else ""
    detail = f"forward hop gap {gap:.0f} % (below {most_gap_pct:g} %){attention}"
    return (Criterion(name, "function", rules, status, detail),)


@rule("R19", "R56", "R57")
def _calf_capacity(context: GateContext) -> tuple[Criterion, ...]:
    """Calf raises and calf hold of each side, for hills and speed."""
    gates = context.settings.gates
    return tuple(
        _test(context, name, side, least, "function")
        for name, least in (
            ("single_leg_calf_raises", float(gates.calf_raises)),
            ("calf_hold_s", gates.calf_hold_s),
        )
        for side in ("left", "right")
    )


@rule("R19")
def _hills(context: GateContext) -> tuple[Criterion, ...]:
    return (
        _runs_good(context),
        *_calf_capacity(context),
        _ran(context, context.settings.gates.continuous_run_minutes, True, ("R19", "R26")),
    )


@rule("R19", "R22", "R59", "R77")
def _speed(context: GateContext) -> tuple[Criterion, ...]:
    found = [*_hills(context), *_hop_symmetry(context, context.settings.gates.hop_gap_red_pct)]
    if not context.symmetric:
        found += [_painless_hops(context, side) for side in context.sides]
    landing = context.result("landing_asymmetry_pct", "none")
    if landing is not None and context.symmetric:
        most = context.settings.gates.hop_gap_red_pct
        status: GateStatus = "passed" if abs(landing.value) < most else "failed"
        detail = f"landing asymmetry {landing.value:g} % (below {most:g} %)"
        found.append(Criterion("landing asymmetry", "function", ("R22",), status, detail))
    found += _lock(context)
    return tuple(found)


@rule("R77")
def _lock(context: GateContext) -> list[Criterion]:
    """Easy pace for the first weeks of running; soft unless the settings say hard."""
    settings = context.settings
    if settings.intensity_lock == "off":
        return []
    lifted = settings.intensity_lock == "soft" and override_of(
        context.record.overrides, "intensity_lock"
    )
    began = first_run(context.record, context.entry.onset, context.today)
    weeks = settings.intensity_lock_weeks
    if began is None:
        status: GateStatus = "missing"
        detail = f"easy pace for the first {weeks:g} weeks of running, not begun"
    else:
        end = began + timedelta(weeks=weeks)
        status = "passed" if context.today >= end or lifted else "failed"
        detail = f"easy pace for the first {weeks:g} weeks of running, until {end}"
        detail += ", lifted by a clinician" if lifted else ""
    return [Criterion("easy pace first", "time", ("R77",), status, detail)]


@rule("R29", "R59")
def _sprint(context: GateContext) -> tuple[Criterion, ...]:
    """Sprinting, for field and court sports and sprinters: speed, and a gap below attention."""
    amber = context.settings.gates.hop_gap_amber_pct
    return (*_speed(context), *_hop_symmetry(context, amber))
