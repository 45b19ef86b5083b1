"""The plan of a week: rules first, then the largest week inside every limit, then dates.

``plan_week`` decides nothing that the rule book has not opened: a red flag gives no plan, a closed
gate no running, an age or an unknown injury no dose from the model (A09, A12). What is left is the
choice of :mod:`tolerance.progression.weigh` among the candidates of
:mod:`tolerance.progression.candidates`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from tolerance.anatomy import MODEL_TISSUES
from tolerance.clinic.record import RunnerRecord
from tolerance.config import Dose, Rules
from tolerance.exposure.session_costs import LedgerSettings
from tolerance.model.predict import forecast
from tolerance.model.runner import RunnerState
from tolerance.progression.candidates import (
    Bounds,
    WeekShape,
    candidate_weeks,
    first_weeks,
    with_test_sizes,
)
from tolerance.progression.plan_types import (
    BOUND_WORDS,
    LIMIT_WORDS,
    Binding,
    Plan,
    PlannedSession,
    PlannedUnit,
    PriorShare,
    Range,
    WhatIf,
)
from tolerance.progression.rate import (
    WeekLoad,
    injured_only,
    progression_rates,
    target_date,
    with_time_constant,
)
from tolerance.progression.run_walk import CONTINUOUS, LADDER, repetitions
from tolerance.progression.schedule import most_runs, next_week, run_days, weekday
from tolerance.progression.sprint import next_sprint_step
from tolerance.progression.standing import Standing, last_run_day, standing
from tolerance.progression.week_costs import (
    FastKind,
    MinuteCosts,
    minute_costs,
    strength_costs,
    week_load,
)
from tolerance.progression.weigh import (
    DAYS_PER_WEEK,
    LIMIT_NAMES,
    Choice,
    DoseLimits,
    Excess,
    choose_week,
    risk_to_target,
    weigh_weeks,
    worst_excess,
)
from tolerance.rules.assessment import Assessment, Fired
from tolerance.rules.exercises import StrengthSession, strength_week
from tolerance.rules.races import race_advice
from tolerance.rules.registry import rule
from tolerance.rules.sessions import cross_training, session_guidance

__all__ = ["PlanSettings", "dose_limits", "plan_week", "what_if"]

type Floats = NDArray[np.float64]

RANGE: Final = (0.05, 0.95)
"""Quantiles of the intervals of pain and risk: 90 %."""

PRIOR_QUANTILES: Final = (0.1, 0.9)
TIME_CONSTANTS: Final = ("adaptation", "healing")

WALK_MINUTES: Final = 30.0
"""A walk where running is not open or not feasible: what the start gate asks for."""

AT_TARGET: Final = 0.9
"""Speed may be added from this share of the target on: never volume and intensity together."""

STRIDES_MINUTES: Final = 20.0
"""Shortest run that strides are added to: 4 × 20 s after it (R63). Engineering choice."""

CALF_SITES: Final = ("achilles", "calf", "foot")
LEAST_RUN_MINUTES: Final = 0.25


@dataclass(frozen=True)
class PlanSettings:
    """Sections that a plan reads."""

    dose: Dose
    rules: Rules
    ledger: LedgerSettings


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """Everything that the choice of a week stands on."""

    state: RunnerState
    assessment: Assessment
    record: RunnerRecord
    settings: PlanSettings
    limits: DoseLimits
    week: tuple[date, ...]
    level: Standing
    bounds: Bounds
    costs: MinuteCosts
    rung: int
    fast_kind: FastKind
    pain_limit: Floats

    def days(self, sessions: int) -> tuple[date, ...]:
        """Return the days of so many runs."""
        profile = self.record.profile
        return run_days(
            self.week,
            sessions,
            free_days=profile.free_days,
            longest_run_day=profile.longest_run_day,
            is_consecutive_allowed=self.assessment.allowed.consecutive_days,
            last_run=last_run_day(self.record, self.assessment.today),
            not_before=_not_before(self.assessment),
        )


def dose_limits(record: RunnerRecord, dose: Dose, today: date) -> DoseLimits:
    """Return the limits of a runner: the settings', unless clinician and runner agreed on others.

    The horizon is never shorter than the default: a near race date would otherwise allow a larger
    dose (A13).
    """
    limits = DoseLimits.of(dose)
    own = record.profile.limits
    target = record.profile.target
    weeks = dose.horizon_weeks
    if target is not None and target.race_date is not None:
        weeks = max(weeks, math.ceil((target.race_date - today).days / DAYS_PER_WEEK))
    return replace(
        limits,
        weekly_risk=limits.weekly_risk if own.weekly_risk_cap is None else own.weekly_risk_cap,
        target_risk=limits.target_risk if own.target_risk_cap is None else own.target_risk_cap,
        horizon_weeks=weeks,
    )


@rule("R09", "R12", "A08", "A13", "A16")
def plan_week(
    state: RunnerState | None,
    assessment: Assessment,
    record: RunnerRecord,
    settings: PlanSettings,
    *,
    last_plan: Plan | None = None,
) -> Plan:
    """Plan the seven days after the assessment.

    Parameters
    ----------
    state : RunnerState or None
        What is believed of the runner; None where no injury is known to the model.
    assessment : Assessment
        As of the day of planning.
    record : RunnerRecord
    settings : PlanSettings
    last_plan : Plan, optional
        The week that stands is read through it; see `standing`.

    Returns
    -------
    Plan
    """
    if assessment.verdict == "referral":
        return _empty(assessment, record, settings, basis="none")
    if assessment.verdict == "no_run":
        plan = _empty(assessment, record, settings, basis="rules")
        return _with_other_training(plan, assessment, record, settings)
    if assessment.verdict == "rules_only" or state is None or not np.any(state.is_index):
        return _empty(assessment, record, settings, basis="rules")
    frame = _frame(state.thin(settings.dose.max_draws), assessment, record, settings, last_plan)
    shapes, is_first = _shapes(frame)
    loads = tuple(_load(frame, shape) for shape in shapes)
    if not loads:
        plan = _empty(assessment, record, settings, basis="rules")
        plan = replace(plan, reason="No run fits the free days of this week.")
        return _with_other_training(plan, assessment, record, settings)
    choice = _choose(frame, loads)
    place = choice.index
    if place < 0:
        place = _tolerated_place(frame, shapes, loads, is_first)
    if place < 0:
        return _not_feasible(frame, choice)
    return _planned(frame, shapes, loads, choice, place)


# ---- what may be considered ---------------------------------------------------------------------


def _frame(
    state: RunnerState,
    assessment: Assessment,
    record: RunnerRecord,
    settings: PlanSettings,
    last_plan: Plan | None,
) -> _Frame:
    dose, today = settings.dose, assessment.today
    week = next_week(today)
    level = standing(record, today, last_plan)
    limits = dose_limits(record, dose, today)
    fast = _fast_kind(assessment, record, level)
    costs = minute_costs(
        record,
        state.units,
        settings.ledger,
        today,
        fast_kind=fast,
        execution_log_sd=dose.execution_log_sd,
    )
    allowed = assessment.allowed.pain_limits
    default = max(allowed.values(), default=0.0)
    return _Frame(
        state=state,
        assessment=assessment,
        record=record,
        settings=settings,
        limits=limits,
        week=week,
        level=level,
        bounds=_bounds(assessment, record, settings, level, week, fast),
        costs=costs,
        rung=_next_rung(assessment, level),
        fast_kind=fast,
        pain_limit=np.array([allowed.get(unit, default) for unit in state.units]),
    )


@rule("R18", "R27", "R47", "R78")
def _bounds(
    assessment: Assessment,
    record: RunnerRecord,
    settings: PlanSettings,
    level: Standing,
    week: Sequence[date],
    fast: FastKind,
) -> Bounds:
    allowed, profile, dose = assessment.allowed, record.profile, settings.dose
    factor = allowed.load_factor_max
    if allowed.no_load_raise_until is not None and allowed.no_load_raise_until > week[0]:
        factor = min(factor, 1.0)
    if level.is_overdone or fast != "easy":
        factor = min(factor, 1.0)
    if allowed.lighter_week:
        factor = min(factor, settings.rules.reduction_factors[1])
    fitting = most_runs(
        week,
        free_days=profile.free_days,
        is_consecutive_allowed=allowed.consecutive_days,
        last_run=last_run_day(record, assessment.today),
        not_before=_not_before(assessment),
    )
    most = min(dose.max_sessions, allowed.max_runs_per_week, fitting)
    if settings.rules.progression_order == "s1" and not allowed.speed:
        most = min(most, max(level.basis.sessions, dose.first_sessions))
    target = profile.target
    return Bounds(
        factor_max=factor,
        min_sessions=min(dose.min_sessions, max(most, 1)),
        max_sessions=most,
        is_longest_released=profile.limits.release_longest_run,
        target_minutes=math.inf if target is None else max(target.weekly_minutes, 1.0),
        longest_target_min=(
            math.inf
            if target is None or target.longest_run_minutes is None
            else target.longest_run_minutes
        ),
    )


@rule("R40")
def _not_before(assessment: Assessment) -> date | None:
    """Return the first day for a run after heavy calf work, where the calf is what was injured."""
    sites = {unit.site for injury in assessment.injuries for unit in injury.units}
    return assessment.allowed.hills_from if sites & set(CALF_SITES) else None


@rule("R19", "R77", "R63")
def _fast_kind(assessment: Assessment, record: RunnerRecord, level: Standing) -> FastKind:
    """Return the kind of fast session that is open: only at the target, never as it grows."""
    target = record.profile.target
    goal = math.inf if target is None else target.weekly_minutes
    is_calm = assessment.allowed.load_factor_max >= 1.0
    if not is_calm or level.basis.run_minutes < AT_TARGET * goal:
        return "easy"
    if level.basis.longest_30d_min < STRIDES_MINUTES:
        return "easy"
    if assessment.allowed.sprint and record.profile.sport != "endurance":
        return "sprint"
    return "strides" if assessment.allowed.speed else "easy"


def _next_rung(assessment: Assessment, level: Standing) -> int:
    """Return the rung of the week: one up where last week was good, one down after a bad one."""
    if level.basis.run_minutes == 0.0:
        return 0
    if assessment.allowed.load_factor_max < 1.0:
        return max(level.rung - 1, 0)
    if assessment.allowed.load_factor_max > 1.0 and not level.n_missed and not level.is_overdone:
        return min(level.rung + 1, CONTINUOUS)
    return level.rung


@rule("R70", "R76")
def _shapes(frame: _Frame) -> tuple[tuple[WeekShape, ...], bool]:
    """Return candidate weeks, largest first, and whether it is a first week."""
    dose = frame.settings.dose
    if frame.bounds.max_sessions < 1:
        return (), False
    basis = frame.level.basis
    if basis.run_minutes > 0.0:
        shapes = candidate_weeks(basis, frame.bounds, dose)
        if basis.longest_30d_min < dose.first_test_minutes:
            shapes = with_test_sizes(shapes, basis, frame.bounds, dose)
        return shapes, False
    shapes = first_weeks(frame.bounds, dose)
    if frame.settings.rules.start_level == "very_low":
        shapes = tuple(s for s in shapes if s.session_minutes[0] <= dose.very_low_minutes)
    return shapes, True


def _load(frame: _Frame, shape: WeekShape) -> WeekLoad:
    days = _days_of(frame, shape)
    besides = strength_costs(
        _lifts(frame, shape, days),
        frame.week,
        frame.record,
        frame.state.units,
        frame.settings.ledger,
    )
    return week_load(
        shape,
        days,
        frame.week,
        frame.rung,
        frame.costs,
        besides,
        frame.pain_limit,
        _fast_day(frame, shape, days),
    )


def _days_of(frame: _Frame, shape: WeekShape) -> tuple[date, ...]:
    """Return the days in the shape's order: the longest run first, on its day if that is in."""
    days = frame.days(shape.sessions)
    wanted = frame.record.profile.longest_run_day
    longest = next((day for day in days if weekday(day) == wanted), days[-1])
    return (longest, *(day for day in days if day != longest))


def _fast_day(frame: _Frame, shape: WeekShape, days: Sequence[date]) -> date | None:
    """Return the day of the fast session: never that of the longest run, nor after heavy calf."""
    if frame.fast_kind == "easy" or shape.sessions < 2:
        return None
    first = frame.assessment.allowed.speed_from
    usable = [day for day in days[1:] if first is None or day >= first]
    return max(usable, default=None)


def _lifts(frame: _Frame, shape: WeekShape, days: Sequence[date]) -> tuple[StrengthSession, ...]:
    profile = frame.record.profile
    if not frame.assessment.allowed.strength:
        return ()
    free = [day for day in frame.week if weekday(day) in profile.free_days]
    fast = _fast_day(frame, shape, days)
    return strength_week(
        frame.assessment,
        frame.settings.rules,
        free,
        run_days=tuple(sorted(days)),
        fast_days=() if fast is None else (fast,),
        longest_run_day=days[0] if days else None,
    )


# ---- the choice ---------------------------------------------------------------------------------


def _choose(frame: _Frame, loads: Sequence[WeekLoad], state: RunnerState | None = None) -> Choice:
    return choose_week(
        frame.state if state is None else state,
        np.stack([load.damage_rr for load in loads]),
        np.stack([load.damage_log_sd for load in loads]),
        np.stack([load.exposed for load in loads]),
        frame.pain_limit,
        frame.limits,
    )


@rule("A14", "R38", "R73", "A16")
def _tolerated_place(
    frame: _Frame, shapes: Sequence[WeekShape], loads: Sequence[WeekLoad], is_first: bool
) -> int:
    """Return the week that may be run although the prior alone allows none; -1 for none.

    As long as an estimate is the prior's, its chance of pain is that of runners at large, and
    without a run it would stand for ever. So where every gate is passed and nothing said was bad, a
    small first week may be tried, and a week that was tolerated may be repeated; its risks have to
    be inside their caps all the same. After an injury of bone, where pain is a warning and no
    companion, it is the smallest first week and none above it (A14).
    """
    injured = np.asarray(frame.state.is_index, np.bool_)
    is_good = frame.assessment.verdict == "plan" and frame.assessment.allowed.load_factor_max >= 1.0
    if not is_good or np.any(frame.state.is_personal & injured):
        return -1
    dose = frame.settings.dose
    places = list(range(len(shapes)))
    if is_first and _is_bone(frame):
        places.sort(key=lambda place: shapes[place].run_minutes)
    for place in places:
        shape, load = shapes[place], loads[place]
        if is_first and shape.session_minutes[0] > dose.first_test_minutes:
            continue
        if not is_first and shape.multiplier > 1.0:
            continue
        trial = what_if(frame.state, "", shape, load, frame.limits)
        if not trial.breaks_risk:
            return place
    return -1


def _is_bone(frame: _Frame) -> bool:
    """Return whether a bone is among what was injured."""
    injured = zip(frame.state.units, frame.state.is_index, strict=True)
    return any(unit.tissue == "bone" for unit, hurt in injured if hurt)


def _planned(
    frame: _Frame,
    shapes: Sequence[WeekShape],
    loads: Sequence[WeekLoad],
    choice: Choice,
    place: int,
) -> Plan:
    shape, load = shapes[place], loads[place]
    days = _days_of(frame, shape)
    lifts = _lifts(frame, shape, days)
    is_trial = choice.index < 0
    target = frame.record.profile.target
    injured = injured_only(frame.state)
    own_load = load.of_units(np.asarray(frame.state.is_index, np.bool_))
    goal = None
    if target is not None and target.weekly_minutes > 0.0:
        goal = target_date(
            injured,
            own_load,
            shape.run_minutes,
            target.weekly_minutes,
            frame.limits,
            frame.week[0],
        )
    binds = _binding(frame, shapes, choice, place, is_trial=is_trial)
    base = _empty(frame.assessment, frame.record, frame.settings, basis="model")
    sessions = _sessions(frame, shape, load, days)
    return replace(
        base,
        origin=frame.state.origin,
        is_prior=not bool(np.any(frame.state.is_personal & frame.state.is_index)),
        reason=_reason(frame, shape, is_trial=is_trial),
        run_minutes=sum(session.run_minutes for session in sessions),
        longest_run_minutes=max(session.run_minutes for session in sessions),
        rung=frame.rung,
        multiplier=None if math.isnan(shape.multiplier) else shape.multiplier,
        basis_minutes=frame.level.basis.run_minutes,
        sessions=sessions,
        strength=lifts,
        guidance=session_guidance(frame.assessment, frame.record, frame.settings.rules),
        units=_units(frame, load),
        binds=binds,
        rates=progression_rates(injured, own_load, frame.limits, frame.settings.dose),
        goal=goal,
        prior_shares=_prior_shares(frame, shapes, loads),
        what_ifs=_what_ifs(frame, shapes, loads, place),
        race=race_advice(
            frame.assessment, frame.record, goal.earliest if goal is not None else None
        ),
        fired=(*frame.assessment.fired, *_own_fired(frame, shape, binds)),
        changes=frame.level.changes,
        is_trial=is_trial,
    )


def _reason(frame: _Frame, shape: WeekShape, *, is_trial: bool) -> str:
    if is_trial and math.isnan(shape.multiplier):
        return (
            "A small first week to try: what is known of other runners alone cannot show that pain "
            "stays away, the gates are passed, and only running will tell."
        )
    if is_trial:
        return (
            "What was tolerated is repeated: the runner's own data do not yet say enough for more."
        )
    if math.isnan(shape.multiplier):
        return "A first week, the largest that stays inside every limit."
    change = 100.0 * (shape.run_minutes / frame.level.basis.run_minutes - 1.0)
    if abs(change) < 1.0:
        return "The load is held: nothing larger stays inside every limit."
    word = "more" if change > 0 else "less"
    return (
        f"{abs(change):.0f} % {word} running than the week that stands "
        f"({frame.level.basis.run_minutes:.0f} min)."
    )


def _sessions(
    frame: _Frame, shape: WeekShape, load: WeekLoad, days: Sequence[date]
) -> tuple[PlannedSession, ...]:
    predicted = forecast(
        frame.state, load.damage_rr, load.damage_log_sd, load.exposed, frame.pain_limit
    )
    injured = np.asarray(frame.state.is_index, np.bool_)
    fast_day = _fast_day(frame, shape, days)
    found = []
    for day, minutes in zip(days, shape.session_minutes, strict=True):
        place = list(frame.week).index(day)
        divided = repetitions(max(minutes, LEAST_RUN_MINUTES), frame.rung)
        kind = frame.fast_kind if day == fast_day else "easy"
        found.append(
            PlannedSession(
                identifier=_identifier(frame.record, day, "running"),
                day=day,
                activity="running",
                kind=kind,
                repetitions=divided,
                run_minutes=divided.run_total_min,
                walk_minutes=divided.walk_total_min,
                words=divided.words + _kind_words(frame, kind),
                pain_of_100=_greatest(predicted.pain_above[:, place, injured]),
                unsettled_of_100=_greatest(predicted.not_settled[:, place, injured]),
                risk_of_100=_greatest(predicted.hazard[:, place, injured]),
            )
        )
    return tuple(sorted(found, key=lambda session: session.day))


def _kind_words(frame: _Frame, kind: str) -> str:
    if kind == "strides":
        return ", easy, then 4 × 20 s relaxed strides on the flat"
    step = next_sprint_step(frame.record, frame.assessment) if kind == "sprint" else None
    return f", easy, then {step.words}" if step is not None else ", easy"


def _identifier(record: RunnerRecord, day: date, activity: str) -> str:
    return f"{record.profile.runner_id}-{day.isoformat()}-{activity}"


def _greatest(draws: Floats) -> Range:
    """Return the range of the unit with the greatest mean, as expected numbers of 100."""
    return _of_100(draws[:, int(np.argmax(draws.mean(axis=0)))])


def _of_100(draws: Floats) -> Range:
    low, high = np.quantile(draws, RANGE)
    return Range(100.0 * float(draws.mean()), 100.0 * float(low), 100.0 * float(high))


def _units(frame: _Frame, load: WeekLoad) -> tuple[PlannedUnit, ...]:
    state = frame.state
    weighed = weigh_weeks(
        state,
        load.damage_rr[None],
        load.damage_log_sd[None],
        load.exposed[None],
        frame.pain_limit,
        frame.limits,
    )
    to_target = risk_to_target(
        state,
        load.damage_rr,
        load.damage_log_sd,
        load.exposed,
        frame.pain_limit,
        frame.limits.horizon_weeks,
    )
    total = load.damage_rr.sum(axis=0)
    spread = np.exp(1.645 * load.damage_log_sd[0])
    return tuple(
        PlannedUnit(
            unit=unit,
            is_index=bool(state.is_index[u]),
            is_personal=bool(state.is_personal[u]),
            n_reports=int(state.n_reports[u]),
            damage_rr=Range(
                float(total[u]), float(total[u] / spread[u]), float(total[u] * spread[u])
            ),
            pain_limit=float(frame.pain_limit[u]),
            pain_of_100=_of_100(weighed.pain[0, :, u]),
            unsettled_of_100=_of_100(weighed.unsettled[0, :, u]),
            weekly_risk_of_100=_of_100(weighed.weekly_risk[0, :, u]),
            target_risk_of_100=_of_100(to_target[:, u]),
        )
        for u, unit in enumerate(state.units)
    )


def _binding(
    frame: _Frame,
    shapes: Sequence[WeekShape],
    choice: Choice,
    place: int,
    *,
    is_trial: bool,
) -> Binding:
    """Say what keeps the week from being larger: a limit of the model, or a hard bound."""
    if is_trial:
        return _trial_binding(frame, shapes[place], choice, place)
    if choice.binds is not None:
        binding = _limit_binding(frame, choice.binds)
        return replace(binding, sentence=f"In the next larger week. {binding.sentence}")
    bounds, shape = frame.bounds, shapes[place]
    if shape.run_minutes >= bounds.target_minutes - 1e-6:
        name = "target"
    elif math.isnan(shape.multiplier):
        name = "first_week"
    elif bounds.factor_max <= max(shape.multiplier, 1.0) + 1e-9:
        name = "factor"
    elif not bounds.is_longest_released:
        name = "longest_session"
    elif shape.multiplier >= max(frame.settings.dose.multipliers):
        name = "multiplier"
    else:
        name = "sessions"
    return Binding(
        limit=name, unit=None, level=None, allowed=None, sentence=f"{BOUND_WORDS[name]}."
    )


@rule("A14", "A16")
def _trial_binding(frame: _Frame, shape: WeekShape, choice: Choice, place: int) -> Binding:
    """Say which limit a week to try passes, by how much, and why it may be run all the same."""
    excess = worst_excess(choice.weighed, place, frame.state.units, frame.limits)
    binding = _limit_binding(frame, excess)
    is_first = math.isnan(shape.multiplier)
    which = "This first week" if is_first else "This week, a repeat of what was tolerated,"
    least = " It is the smallest week there is (A14)." if is_first and _is_bone(frame) else ""
    return replace(
        binding,
        sentence=f"{which} passes a limit of the model. {binding.sentence} No week of running "
        f"stays inside it, for the estimate is still that of other runners.{least} It may be tried "
        "since every gate is passed and the risks of reinjury are inside their caps.",
    )


def _limit_binding(frame: _Frame, excess: Excess) -> Binding:
    unit = excess.unit
    words = LIMIT_WORDS[excess.limit].capitalize()
    if excess.limit == "pain":
        limit = frame.pain_limit[frame.state.units.index(unit)]
        words = words.replace("the limit", f"{limit:g} of 10")
    return Binding(
        limit=excess.limit,
        unit=unit,
        level=excess.level,
        allowed=excess.allowed,
        sentence=f"{words} at the {unit.side} {unit.site} ({unit.tissue}): "
        f"{100 * excess.level:.0f} of 100, allowed {100 * excess.allowed:.0f}.",
    )


@rule("A13")
def _own_fired(frame: _Frame, shape: WeekShape, binds: Binding) -> tuple[Fired, ...]:
    found = []
    if shape.sessions >= frame.bounds.max_sessions:
        found.append(Fired("R16", f"At most {frame.bounds.max_sessions} runs this week."))
    if not frame.assessment.allowed.speed:
        found.append(Fired("R77", "All running is easy: speed is not open yet."))
    elif frame.fast_kind == "easy":
        found.append(Fired("R78", "Speed waits until the weekly target is nearly reached."))
    if math.isnan(shape.multiplier) and frame.rung == 0:
        found.append(Fired("R76", f"Run and walk in turn, {LADDER[0].words} min."))
    if binds.limit == "longest_session":
        found.append(Fired("R37", "The longest run grows by at most a tenth of the last 30 days'."))
    target = frame.record.profile.target
    if target is not None and target.race_date is not None:
        found.append(Fired("A13", "The race date changes nothing in the dose."))
    known = {fired.rule for fired in frame.assessment.fired}
    return tuple(fired for fired in found if fired.rule not in known)


def _prior_shares(
    frame: _Frame, shapes: Sequence[WeekShape], loads: Sequence[WeekLoad]
) -> tuple[PriorShare, ...]:
    """Return the week that would be chosen if slow time constants were at their ends."""
    tissue = _binding_tissue(frame)
    found = []
    for name in TIME_CONSTANTS:
        field = {"adaptation": "tau_adaptation_d", "healing": "tau_healing_d"}[name]
        values = getattr(frame.state.population, field)[:, tissue]
        days = [float(np.quantile(values, q)) for q in PRIOR_QUANTILES]
        minutes = []
        for probability in PRIOR_QUANTILES:
            moved = with_time_constant(frame.state, name, probability)
            place = _choose(frame, loads, moved).index
            minutes.append(shapes[place].run_minutes if place >= 0 else 0.0)
        found.append(
            PriorShare(
                name=name,
                low_days=days[0],
                high_days=days[1],
                minutes_at_low=minutes[0],
                minutes_at_high=minutes[1],
            )
        )
    return tuple(found)


def _binding_tissue(frame: _Frame) -> int:
    """Return the tissue of the first injured unit."""
    unit = next(u for u, hurt in zip(frame.state.units, frame.state.is_index, strict=True) if hurt)
    return MODEL_TISSUES.index(unit.tissue)


def _what_ifs(
    frame: _Frame, shapes: Sequence[WeekShape], loads: Sequence[WeekLoad], place: int
) -> tuple[WhatIf, ...]:
    """Return the plan beside the next larger week and beside holding the level."""
    places = {"plan": place}
    if place > 0:
        places["next larger week"] = place - 1
    held = next((i for i, shape in enumerate(shapes) if shape.multiplier == 1.0), None)
    if held is not None and held not in places.values():
        places["hold the level"] = held
    return tuple(
        replace(
            what_if(frame.state, name, shapes[i], loads[i], frame.limits),
            target_date=_likely(frame, shapes[i], loads[i]),
        )
        for name, i in places.items()
    )


def _likely(frame: _Frame, shape: WeekShape, load: WeekLoad) -> date | None:
    """Return the middle of the interval of dates on which the target may be reached."""
    target = frame.record.profile.target
    if target is None or target.weekly_minutes <= 0.0:
        return None
    return target_date(
        injured_only(frame.state),
        load.of_units(np.asarray(frame.state.is_index, np.bool_)),
        shape.run_minutes,
        target.weekly_minutes,
        frame.limits,
        frame.week[0],
    ).likely


def what_if(
    state: RunnerState, name: str, shape: WeekShape, load: WeekLoad, limits: DoseLimits
) -> WhatIf:
    """Return what one week would come to.

    Parameters
    ----------
    state : RunnerState
    name : str
    shape : WeekShape
    load : WeekLoad
    limits : DoseLimits
    """
    weighed = weigh_weeks(
        state,
        load.damage_rr[None],
        load.damage_log_sd[None],
        load.exposed[None],
        load.pain_limit,
        limits,
    )
    to_target = risk_to_target(
        state,
        load.damage_rr,
        load.damage_log_sd,
        load.exposed,
        load.pain_limit,
        limits.horizon_weeks,
    )
    weighed.levels[0, :, 3] = to_target.mean(axis=0)
    injured = weighed.limited
    over = weighed.levels[0, injured] / limits.levels
    breaks = LIMIT_WORDS[_limit_name(over)] if np.any(over > 1.0) else ""
    of_risk = [name in ("weekly_risk", "target_risk") for name in LIMIT_NAMES]
    return WhatIf(
        name=name,
        run_minutes=shape.run_minutes,
        sessions=shape.sessions,
        is_feasible=not breaks,
        pain_of_100=_greatest(weighed.pain[0][:, injured]),
        weekly_risk_of_100=_greatest(weighed.weekly_risk[0][:, injured]),
        target_risk_of_100=_greatest(to_target[:, injured]),
        damage_rr=float(load.damage_rr.sum(axis=0)[injured].max()),
        breaks=breaks,
        breaks_risk=bool(np.any(over[:, of_risk] > 1.0)),
    )


def _limit_name(over: Floats) -> str:
    return LIMIT_NAMES[int(np.unravel_index(int(np.argmax(over)), over.shape)[1])]


# ---- no running ---------------------------------------------------------------------------------


@rule("R20", "A05")
def _with_other_training(
    plan: Plan, assessment: Assessment, record: RunnerRecord, settings: PlanSettings
) -> Plan:
    """Add walks, cross-training and strength as far as allowed, and a day to look again."""
    week = next_week(assessment.today)
    free = [day for day in week if weekday(day) in record.profile.free_days]
    activities: list[Literal["walking", "cross_training"]] = []
    if assessment.allowed.walking:
        activities.append("walking")
    if assessment.allowed.cross_training:
        activities.append("cross_training")
    words = {
        "walking": f"{WALK_MINUTES:.0f} min brisk walk, no limp, pain within the limit",
        "cross_training": f"{WALK_MINUTES:.0f} min {' or '.join(cross_training(assessment)[:2])}, "
        "without pain",
    }
    sessions = tuple(
        PlannedSession(
            identifier=_identifier(record, day, activities[i % len(activities)]),
            day=day,
            activity=activities[i % len(activities)],
            kind="easy",
            repetitions=None,
            run_minutes=0.0,
            walk_minutes=WALK_MINUTES if activities[i % len(activities)] == "walking" else 0.0,
            words=words[activities[i % len(activities)]],
        )
        for i, day in enumerate(free[::2])
        if activities
    )
    lifts = strength_week(assessment, settings.rules, free) if assessment.allowed.strength else ()
    return replace(
        plan,
        sessions=sessions,
        strength=lifts,
        retest_on=assessment.today + timedelta(days=settings.dose.retest_days),
    )


def _not_feasible(frame: _Frame, choice: Choice) -> Plan:
    """Return walking and cross-training, with the least that running could be brought to."""
    excess = choice.least_excess
    unit = excess.unit
    plan = _empty(frame.assessment, frame.record, frame.settings, basis="model")
    plan = replace(
        plan,
        origin=frame.state.origin,
        is_prior=not bool(np.any(frame.state.is_personal & frame.state.is_index)),
        reason=f"No run stays inside the limits. The least that can be reached: "
        f"{LIMIT_WORDS[excess.limit]} at the {unit.side} {unit.site} ({unit.tissue}) "
        f"{100 * excess.level:.0f} of 100, allowed {100 * excess.allowed:.0f}. Walk and "
        "cross-train, then look again.",
        basis_minutes=frame.level.basis.run_minutes,
        rung=frame.rung,
        binds=_limit_binding(frame, excess),
        changes=frame.level.changes,
    )
    return _with_other_training(plan, frame.assessment, frame.record, frame.settings)


def _empty(
    assessment: Assessment,
    record: RunnerRecord,
    settings: PlanSettings,
    *,
    basis: Literal["model", "rules", "none"],
) -> Plan:
    """Return a plan without sessions that carries what the rule book says."""
    is_open = assessment.verdict != "referral"
    return Plan(
        runner_id=assessment.runner_id,
        made_on=assessment.today,
        start=assessment.today + timedelta(days=1),
        verdict=assessment.verdict,
        basis=basis,
        origin=None,
        is_prior=False,
        reason=assessment.reason,
        run_minutes=0.0,
        longest_run_minutes=0.0,
        rung=0,
        multiplier=None,
        basis_minutes=0.0,
        sessions=(),
        strength=(),
        guidance=(session_guidance(assessment, record, settings.rules) if is_open else None),
        units=(),
        binds=None,
        rates=(),
        goal=None,
        prior_shares=(),
        what_ifs=(),
        race=race_advice(assessment, record) if is_open else None,
        fired=assessment.fired,
        referrals=assessment.referrals,
        retest_on=None,
    )
