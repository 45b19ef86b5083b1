"""The in-silico trial: arms that set each runner's weeks, in worlds of simulated runners.

Every arm of a world meets the same runners and the same random numbers. Blind arms follow a
published programme or rule; ours learns from what runners say and takes the largest week inside its
limits; the oracle knows the runner and plans with the model's form. All of it is simulated.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tolerance.anatomy import MODEL_TISSUES
from tolerance.config import Dose, SimulatedPopulation, SimulateTrial
from tolerance.model.population import PopulationDraws
from tolerance.model.runner import RunnerState
from tolerance.progression.candidates import (
    Basis,
    Bounds,
    WeekShape,
    candidate_weeks,
    first_weeks,
)
from tolerance.progression.published import PROGRAMMES, Programme
from tolerance.progression.trial_learner import (
    TRIAL_UNITS,
    Beliefs,
    OwnParameters,
    beliefs_of,
    draw_own,
    effective_size,
    learn_week,
    rejuvenate,
    select,
)
from tolerance.progression.trial_outcomes import ArmPaths
from tolerance.progression.weekly_rules import (
    ACWR_WEEKS,
    ONTRACX_GROWTH,
    acwr_ceiling,
    ontracx,
    pain_step,
    soreness_move,
    ten_percent,
)
from tolerance.progression.weigh import DAYS_PER_WEEK, DoseLimits, choose_week
from tolerance.simulate.world_truth import (
    PopulationTruth,
    RunnerTraits,
    draw_traits,
    population_truth,
)
from tolerance.simulate.worlds import WORLDS, DayDraws, World, WorldRules

__all__ = [
    "ARM_NAMES",
    "COMPARATORS",
    "ORACLE",
    "OURS",
    "TRIAL_WORLDS",
    "WORLD_WORDS",
    "Trial",
    "TrialInputs",
    "prepare",
    "run_arm",
]

type Floats = NDArray[np.float64]

N_WEEKS: Final = 26
N_DAYS: Final = N_WEEKS * DAYS_PER_WEEK


def _other_constants(truth: PopulationTruth) -> PopulationTruth:
    """Return the misspecified numbers of the prototype."""
    return replace(
        truth,
        gamma=0.25,
        deficit_log_mean=math.log(1.1),
        hazard_slope=2.2,
        pain_slope=1.3,
    )


def _pain_later(truth: PopulationTruth) -> PopulationTruth:
    """Return runners who hurt at twice the load and are injured at the same one."""
    return replace(
        truth,
        tolerance_mean=truth.tolerance_mean + math.log(2.0),
        hazard_level=truth.hazard_level + truth.hazard_slope * math.log(2.0),
    )


OTHER_TRUTHS: Final[dict[str, Callable[[PopulationTruth], PopulationTruth]]] = {
    "other_constants": _other_constants,
    "pain_later": _pain_later,
}
"""Worlds of the model's form with other numbers."""

TRIAL_WORLDS: Final = (
    *(name for name in WORLDS if WORLDS[name].true_exponent is None),
    *OTHER_TRUTHS,
)
"""Worlds of the trial, the one that fits first. All running in it is easy, so that the world with
another exponent of damage would be the first again and is left out."""

WORLD_WORDS: Final = {name: WORLDS[name].meaning for name in TRIAL_WORLDS if name in WORLDS} | {
    "other_constants": "less gain from training, deeper deficit, steeper hazard, flatter pain",
    "pain_later": "pain comes at twice the load, injuries at the same",
}

REFERENCE_MINUTES: Final = 30.0
"""A reference run: 30 min of easy running is one unit of load and of damage on any tissue."""

SESSION_DAYS: Final = {
    1: (0,),
    2: (0, 3),
    3: (0, 2, 4),
    4: (0, 2, 4, 6),
    5: (0, 1, 3, 4, 6),
    6: (0, 1, 2, 4, 5, 6),
}
"""Days of the week that so many runs fall on."""

BLIND_SESSIONS: Final = 3
"""Runs a week of every blind arm: alternate days hold 3 in a calendar week."""

TARGET_SHARE: Final = 0.9
"""The target counts as reached from this share of it. Engineering choice: execution scatters."""

PAIN_LIMIT: Final = 3.0
"""Reported pain above it breaks R38."""

PAIN_STEPS: Final = {"pain_rule_10_15": (0.10, 0.15), "pain_rule_20_20": (0.20, 0.20)}
"""Arms that step on pain: up and down."""

SORE_FROM: Final = 1.0
"""Reported pain that counts as sore for rules that speak of soreness. Engineering choice."""

MOEN_PAIN: Final = 4.0
"""Highest pain at which Moen's programme advances."""


@dataclass(frozen=True)
class _Responses:
    """What each runner said of last week: (n_runners,) arrays.

    ``worst`` is NaN where nothing was said; ``unsettled`` is true where it was said.
    """

    worst: Floats
    unsettled: NDArray[np.bool_]

    @property
    def tolerated(self) -> NDArray[np.bool_]:
        """Whether nothing said breaks R38."""
        return ~(self.worst > PAIN_LIMIT) & ~self.unsettled


@dataclass(frozen=True, kw_only=True)
class TrialInputs:
    """All that a trial is made of.

    Attributes
    ----------
    settings : SimulateTrial
    dose : Dose
    population : SimulatedPopulation
        How simulated runners truly are.
    particles : PopulationDraws
        Prior draws, one a particle: what the planner begins with, as for a real runner.
    """

    settings: SimulateTrial
    dose: Dose
    population: SimulatedPopulation
    particles: PopulationDraws


@dataclass(frozen=True)
class Chance:
    """Random numbers that all arms share, so that arms differ by what they do and nothing else.

    Attributes
    ----------
    days : tuple of DayDraws
        Of each day; the lottery of injury is left out, its chance is kept instead.
    execution : (n_days, n_runners) array
        Standard normal scores of what is done about what was planned.
    """

    days: tuple[DayDraws, ...]
    execution: Floats


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One world, drawn: what all its arms share."""

    inputs: TrialInputs
    rules: WorldRules
    truth: PopulationTruth
    traits: RunnerTraits
    chance: Chance

    @property
    def index_unit(self) -> NDArray[np.intp]:
        """Place of each runner's injured unit."""
        return np.argmax(self.traits.is_index, axis=1)

    @property
    def tissue(self) -> NDArray[np.intp]:
        """Place of its tissue in ``MODEL_TISSUES``."""
        return self.traits.tissue[self.index_unit].astype(np.intp)

    def own(self, values: Floats) -> Floats:
        """Return the entries of the injured units of an array over runners and units."""
        return np.asarray(values[np.arange(len(values)), self.index_unit], np.float64)


def prepare(
    world: str, inputs: TrialInputs, n_runners: int, rngs: tuple[np.random.Generator, ...]
) -> Trial:
    """Draw a world's runners and the random numbers that its arms share.

    Parameters
    ----------
    world : str
        Of :data:`TRIAL_WORLDS`.
    inputs : TrialInputs
    n_runners : int
    rngs : two numpy.random.Generator
        Of runners and of what happens to them; equal ones make worlds alike but for their truth.
    """
    of_runners, of_days = rngs
    truth = population_truth(inputs.population)
    if world in OTHER_TRUTHS:
        truth = OTHER_TRUTHS[world](truth)
    # One injured unit a runner: two are the plan's business, not the trial's.
    population = inputs.population.model_copy(update={"both_sides_frac": 0.0})
    traits = draw_traits(truth, population, of_runners, n_runners)
    n_units = len(traits.units)
    days = (DayDraws.draw(of_days, n_runners, n_units) for _ in range(N_DAYS))
    return Trial(
        inputs=inputs,
        rules=WORLDS.get(world, WORLDS["model"]),
        truth=truth,
        traits=traits,
        chance=Chance(
            tuple(replace(day, injury=np.ones(n_runners)) for day in days),
            of_days.standard_normal((N_DAYS, n_runners)),
        ),
    )


def run_arm(trial: Trial, arm: str, rng: np.random.Generator) -> ArmPaths:
    """Follow every runner of a world through an arm, along the path without a reinjury.

    Parameters
    ----------
    trial : Trial
    arm : str
        Of :data:`ARM_NAMES`.
    rng : numpy.random.Generator
        Of the planner's particles; blind arms draw nothing.
    """
    if arm not in ARM_NAMES:
        raise ValueError(f"arm: received {arm!r}, expected one of {', '.join(ARM_NAMES)}")
    if arm in OURS or arm == ORACLE:
        return _follow(trial, _model_arm(trial, arm, rng))
    return _follow(trial, _blind_arm(trial, arm))


ORACLE: Final = "oracle"
OURS: Final = ("ours_cautious", "ours_default", "ours_bold")
DEFAULT_OURS: Final = "ours_default"
COMPARATORS: Final = (
    *(programme.name for programme in PROGRAMMES if any(row.cycles for row in programme.rows)),
    "ten_percent",
    "acwr",
    *(f"ontracx_{tolerance}" for tolerance in ONTRACX_GROWTH),
    *PAIN_STEPS,
)
"""Arms that know no model: every published programme with rows, and the common rules."""
ARM_NAMES: Final = (*COMPARATORS, *OURS, ORACLE)

type _Policy = Callable[[int, _Week | None], Floats]
"""From the week's number and last week to the plan: (n_runners, 7) minutes of running."""


@dataclass(frozen=True)
class _Week:
    """What a week of simulated running gave, of the injured units: arrays (n_runners, 7).

    Attributes
    ----------
    done_rr : float array
        Running as the diary has it, reference runs.
    pain, settled : float arrays
        As told; NaN where nothing was.
    true_pain : float array
        As felt; NaN without a run.
    hazard : float array
        Cumulative hazard of a same-tissue reinjury in each day's run.
    any_hazard : float array
        Of any injury.
    """

    done_rr: Floats
    pain: Floats
    settled: Floats
    true_pain: Floats
    hazard: Floats
    any_hazard: Floats


def _follow(trial: Trial, policy: _Policy) -> ArmPaths:
    n = trial.traits.n_runners
    world = World(trial.truth, trial.traits, trial.rules)
    load, hazard, any_hazard = (np.zeros((n, N_WEEKS)) for _ in range(3))
    above = np.full((n, N_WEEKS), np.nan)
    target = np.full(n, np.inf)
    target_minutes = TARGET_SHARE * trial.inputs.settings.target_minutes
    week: _Week | None = None
    for w in range(N_WEEKS):
        minutes = policy(w, week)
        week = _live_week(trial, world, minutes)
        load[:, w] = week.done_rr.sum(axis=1)
        hazard[:, w] = week.hazard.sum(axis=1)
        any_hazard[:, w] = week.any_hazard.sum(axis=1)
        runs = (week.done_rr > 0.0).sum(axis=1)
        painful = (week.true_pain > PAIN_LIMIT).sum(axis=1)
        np.divide(painful, runs, out=above[:, w], where=runs > 0)
        arrived = np.isinf(target) & (minutes.sum(axis=1) >= target_minutes)
        target = np.where(arrived, w + 1.0, target)
    return ArmPaths(
        load_rr=load,
        survival=np.exp(-np.cumsum(hazard, axis=1)),
        any_survival=np.exp(-np.cumsum(any_hazard, axis=1)),
        above_limit=above,
        target_week=target,
    )


def _live_week(trial: Trial, world: World, minutes: Floats) -> _Week:
    """Let every runner live a week; the world moves on."""
    n, n_units = trial.traits.is_index.shape
    seen = np.zeros((6, n, DAYS_PER_WEEK))
    spread = trial.inputs.dose.execution_log_sd
    for t in range(DAYS_PER_WEEK):
        planned = minutes[:, t] / REFERENCE_MINUTES
        told = planned * np.exp(spread * trial.chance.execution[world.day])
        # Easy running costs every tissue the same number of reference runs, by definition.
        damage = np.repeat(told[:, None], n_units, axis=1)
        day = world.advance_day(damage, planned > 0.0, trial.chance.days[world.day])
        for place, values in enumerate(
            (day.damage_rr, day.pain, day.settled, day.true_pain, day.hazard)
        ):
            seen[place, :, t] = trial.own(values)
        seen[5, :, t] = day.hazard.sum(axis=1)
    return _Week(*seen)


def _responses(week: _Week) -> _Responses:
    told = ~np.isnan(week.pain)
    worst = np.where(told, week.pain, -np.inf).max(axis=1)
    return _Responses(
        worst=np.where(told.any(axis=1), worst, np.nan),
        unsettled=(week.settled == 0.0).any(axis=1),
    )


# ---- blind arms ---------------------------------------------------------------------------------


def _blind_arm(trial: Trial, arm: str) -> _Policy:
    settings = trial.inputs.settings
    programmes = {programme.name: programme for programme in PROGRAMMES}
    if arm in programmes:
        return _programme_arm(trial, programmes[arm])
    n = trial.traits.n_runners
    history = np.full((n, 1), settings.first_week_minutes)

    def policy(w: int, week: _Week | None) -> Floats:
        nonlocal history
        if week is not None:
            said = _responses(week)
            following = _next_by_rule(arm, history, said)
            history = np.hstack((history, np.minimum(following, settings.target_minutes)[:, None]))
        return _spread(history[:, -1], BLIND_SESSIONS)

    return policy


def _next_by_rule(arm: str, history: Floats, said: _Responses) -> Floats:
    """Return every runner's next week by one of the common rules."""
    n = len(history)
    last = history[:, -1]
    if arm == "ten_percent":
        return np.array([ten_percent(x) for x in last])
    if arm == "acwr":
        return np.array([acwr_ceiling(past[-ACWR_WEEKS:]) for past in history])
    if arm in PAIN_STEPS:
        up, down = PAIN_STEPS[arm]
        tolerated = said.tolerated
        return np.array(
            [pain_step(last[i], up, down, tolerated=bool(tolerated[i])) for i in range(n)]
        )
    tolerance = arm.removeprefix("ontracx_")
    return np.array([ontracx(history[i], tolerance, said.worst[i]) for i in range(n)])


def _programme_arm(trial: Trial, programme: Programme) -> _Policy:
    """Follow a programme's rows, then 10 % a week to the target."""
    settings = trial.inputs.settings
    n = trial.traits.n_runners
    rows = [row for row in programme.rows if row.cycles]
    speeds = (settings.easy_speed_mps, settings.walk_speed_mps)
    by_row = np.array([row.run_minutes(*speeds) for row in rows])
    by_row = np.minimum(by_row, settings.target_minutes / BLIND_SESSIONS)
    sessions = np.array([row.sessions for row in rows])
    place = np.zeros(n, np.intp)
    beyond = np.full(n, np.nan)
    by_session = np.repeat(by_row, sessions)

    def policy(w: int, week: _Week | None) -> Floats:
        nonlocal place, beyond
        if programme.advance == "calendar":
            first = w * BLIND_SESSIONS
            chosen = by_session[first : first + BLIND_SESSIONS]
            if len(chosen) == BLIND_SESSIONS:
                return _on_days(np.tile(chosen, (n, 1)))
            beyond = np.where(np.isnan(beyond), BLIND_SESSIONS * by_session[-1], beyond)
            beyond = np.minimum([ten_percent(x) for x in beyond], settings.target_minutes)
            return _spread(beyond, BLIND_SESSIONS)
        if week is not None:
            place = place + _moves(programme.name, _responses(week))
        place = np.maximum(place, 0)
        done = place >= len(rows)
        last = np.where(np.isnan(beyond), BLIND_SESSIONS * by_row[-1], beyond)
        grown = np.minimum([ten_percent(x) for x in last], settings.target_minutes)
        beyond = np.where(done, grown, beyond)
        at_level = BLIND_SESSIONS * by_row[np.minimum(place, len(rows) - 1)]
        return _spread(np.where(done, beyond, at_level), BLIND_SESSIONS)

    return policy


def _moves(programme: str, said: _Responses) -> NDArray[np.intp]:
    """Return levels to move after a week, by the programme's own condition."""
    if programme == "delaware":
        return np.array(
            [
                soreness_move(in_warm_up=False, during=bool(during), after=bool(after))[0]
                for during, after in zip(
                    said.worst > PAIN_LIMIT,
                    said.unsettled | (said.worst >= SORE_FROM),
                    strict=True,
                )
            ],
            np.intp,
        )
    if programme == "moen_mtss":
        return np.asarray(~(said.worst > MOEN_PAIN), np.intp)
    return np.asarray(said.tolerated, np.intp)


def _spread(minutes: Floats, sessions: int) -> Floats:
    """Return a week of equal sessions for every runner."""
    return _on_days(np.repeat((minutes / sessions)[:, None], sessions, axis=1))


def _on_days(sessions: Floats) -> Floats:
    plan = np.zeros((len(sessions), DAYS_PER_WEEK))
    plan[:, SESSION_DAYS[sessions.shape[1]]] = sessions
    return plan


# ---- ours and the oracle ------------------------------------------------------------------------


def _model_arm(trial: Trial, arm: str, rng: np.random.Generator) -> _Policy:
    """Plan by the model: from what was learned, or (oracle) from what is so."""
    inputs = trial.inputs
    n = trial.traits.n_runners
    planner = _Planner(inputs.dose, inputs.settings, _limits(inputs, arm))
    days = trial.own(trial.traits.days_since_injury)
    chronic = trial.own(trial.traits.chronic_start_rr)
    tissue = trial.tissue
    minds = []
    for i in range(n):
        if arm == ORACLE:
            draws, own = _truth(trial, i)
        else:
            draws = inputs.particles
            own = draw_own(draws, int(tissue[i]), rng)
        minds.append(beliefs_of(draws, int(tissue[i]), own, float(days[i]), float(chronic[i])))
    logged = np.zeros((n, N_WEEKS * DAYS_PER_WEEK))
    accepted: list[list[WeekShape]] = [[] for _ in range(n)]
    factor = np.full(n, np.inf)

    def policy(w: int, week: _Week | None) -> Floats:
        plan = np.zeros((n, DAYS_PER_WEEK))
        if week is not None:
            said = _responses(week)
            logged[:, (w - 1) * DAYS_PER_WEEK : w * DAYS_PER_WEEK] = week.done_rr
            factor[:] = np.where(said.tolerated, np.inf, AFTER_BAD_WEEK)
        for i in range(n):
            mind = minds[i]
            if week is not None:
                learn_week(
                    mind,
                    week.done_rr[i],
                    week.pain[i],
                    week.settled[i],
                    (w - 1) * DAYS_PER_WEEK,
                )
                if arm != ORACLE and effective_size(mind) < len(mind.log_weight) / 2.0:
                    rejuvenate(mind, logged[i, : w * DAYS_PER_WEEK], rng)
            basis = _basis_of(accepted[i])
            shape = planner.next_week(mind, w, basis, float(factor[i]), float(rng.random()))
            if shape is None:
                accepted[i] = []  # a week of walking; then a first week again
            else:
                accepted[i].append(shape)
                plan[i, SESSION_DAYS[shape.sessions]] = shape.session_minutes
        return plan

    return policy


AFTER_BAD_WEEK: Final = 0.9
"""Greatest multiplier after a week that broke R38: 10 to 20 % less (R35)."""

START_DATE: Final = date(2026, 1, 5)
"""A made-up Monday: dates of simulated runners mean nothing."""


def _basis_of(weeks: list[WeekShape]) -> Basis:
    """Return the basis that the weeks since the last break leave."""
    if not weeks:
        return Basis(run_minutes=0.0, sessions=0, longest_30d_min=float("nan"))
    recent = weeks[-WEEKS_IN_30_DAYS:]
    return Basis(
        run_minutes=weeks[-1].run_minutes,
        sessions=weeks[-1].sessions,
        longest_30d_min=max(week.session_minutes[0] for week in recent),
    )


WEEKS_IN_30_DAYS: Final = 4


def _limits(inputs: TrialInputs, arm: str) -> DoseLimits:
    """Return the arm's limits: the settings', scaled by its caution."""
    limits = DoseLimits.of(inputs.dose)
    cap = inputs.settings.caps[arm] if arm in OURS else inputs.settings.caps[DEFAULT_OURS]
    return replace(
        limits,
        pain_probability=cap.pain_probability,
        unsettled_probability=cap.unsettled_probability,
        weekly_risk=cap.weekly_risk,
        target_risk=cap.target_risk,
    )


@dataclass(frozen=True)
class _Planner:
    """Chooses one simulated runner's week, as a plan does for a real one."""

    dose: Dose
    settings: SimulateTrial
    limits: DoseLimits

    def next_week(
        self, mind: Beliefs, week: int, basis: Basis, factor_max: float, score: float
    ) -> WeekShape | None:
        """Return the largest feasible week; None where not even the smallest is."""
        bounds = Bounds(
            factor_max=factor_max,
            min_sessions=self.dose.min_sessions,
            max_sessions=self.settings.max_sessions,
            is_longest_released=False,
            target_minutes=self.settings.target_minutes,
            longest_target_min=float("inf"),
        )
        if basis.run_minutes > 0.0:
            # Without a long-run day, the even split of each number of minutes is enough.
            shapes = candidate_weeks(basis, bounds, self.dose, ("even",))
        else:
            shapes = first_weeks(bounds, self.dose)
        damage = np.zeros((len(shapes), DAYS_PER_WEEK, 1))
        for row, shape in zip(damage, shapes, strict=True):
            row[list(SESSION_DAYS[shape.sessions]), 0] = shape.session_minutes
        damage /= REFERENCE_MINUTES
        state = _state(mind, week, self.settings.n_draws, score)
        limits = replace(self.limits, horizon_weeks=max(N_WEEKS - week, 1))
        choice = choose_week(
            state,
            damage,
            self.dose.execution_log_sd,
            damage[:, :, 0] > 0.0,
            np.array([PAIN_LIMIT]),
            limits,
        )
        return shapes[choice.index] if choice.index >= 0 else None


def _state(mind: Beliefs, week: int, n_draws: int, score: float) -> RunnerState:
    """Return a simulated runner's state in the model's own form."""
    population, state = select(mind, min(n_draws, len(mind.log_weight)), score)
    n = population.n_draws
    return RunnerState(
        runner_id="simulated",
        as_of=START_DATE,
        units=(TRIAL_UNITS[mind.tissue],),
        is_index=np.array([True]),
        population=population,
        log_tolerance=state["log_tolerance"][:, None],
        deficit=state["deficit"][:, None],
        log_frailty=state["log_frailty"],
        fatigue_rr=state["fatigue_rr"][:, None],
        fatigue_log_var=np.zeros((n, 1)),
        chronic_rr=state["chronic_rr"][:, None],
        days_since_injury=np.array([mind.days_since_injury + week * DAYS_PER_WEEK]),
        healing_factor=np.ones(1),
        n_reports=np.zeros(1, np.int64),
        is_personal=np.array([False]),
        ess=float(n),
    )


def _truth(trial: Trial, i: int) -> tuple[PopulationDraws, OwnParameters]:
    """Return the one draw that is so: the world's numbers, and the runner's own."""
    truth, tissues = trial.truth, len(MODEL_TISSUES)
    shared = {
        name: np.atleast_1d(np.asarray(getattr(truth, name), np.float64))
        for name in trial.inputs.particles.arrays()
    }
    arrays = {
        name: values[None] if values.shape[0] == tissues else values
        for name, values in shared.items()
    }
    draws = PopulationDraws(
        origin="simulated",
        chronic_offset_rr=truth.chronic_offset_rr,
        chronic_reference_rr=truth.chronic_reference_rr,
        **arrays,
    )
    one = slice(i, i + 1)
    own = OwnParameters(
        trial.own(trial.traits.log_tolerance)[one],
        trial.own(trial.traits.deficit)[one],
        trial.traits.log_frailty[one],
    )
    return draws, own
