"""What is known of one runner: profile, sessions, symptoms, tests, clearances, overrides.

One record is a runner's folder in memory. Everything downstream (rules, ledger, model, plan,
report) reads it and nothing else. "Not asked" and "not answered" are ``None``, never "no"; a day
without an entry is unknown, never rest.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "RED_FLAG_QUESTIONS",
    "Answer",
    "Clearance",
    "InjuryEntry",
    "Limits",
    "Override",
    "Profile",
    "QuestionnaireEntry",
    "RunnerRecord",
    "SessionEntry",
    "SymptomEntry",
    "Target",
    "TestEntry",
]

Answer = Literal["yes", "no"] | None
"""Answer to a question; ``None`` is not asked or not answered."""

Side = Literal["left", "right"]
InjurySide = Literal["left", "right", "both"]
Site = Literal[
    "foot", "ankle", "achilles", "shin", "calf", "knee", "thigh", "hamstring", "hip", "groin",
    "pelvis", "back",
]  # fmt: skip
Activity = Literal[
    "running", "walking", "strength", "rehab", "jumps", "sport", "cross_training", "rest"
]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Pain = Annotated[float, Field(ge=0, le=10)] | None
NotNegative = Annotated[float, Field(ge=0)]

RED_FLAG_QUESTIONS = {
    "focal_bone_tenderness": "Is one spot on a bone sore to the touch of a fingertip?",
    "night_pain": "Does it hurt at night, so that it wakes you?",
    "rest_pain": "Does it hurt at rest?",
    "groin_pain_on_impact": "Does the groin hurt when you land or hop?",
    "calf_pop_or_bruising": "Was there a pop in the calf, or a bruise since?",
    "pop_with_loss_of_function": "Was there a pop, and something no longer works since?",
    "calf_swelling_heat": "Is a calf swollen and warm?",
    "joint_pain_with_swelling": "Does a joint hurt sharply and swell?",
    "giving_way": "Does the leg give way?",
    "neurological_signs": "Numbness, tingling or weakness, or a change in bladder or bowel?",
    "fever_or_weight_loss": "Fever, or weight lost without wanting to?",
    "chest_pain_or_fainting": "Chest pain, or fainting, on exertion?",
    "exertional_compartment": "Does the lower leg become hard, numb or weak during every run?",
    "wound_problem": "Is an operation wound red, open or weeping?",
    "cannot_hop_after_deload": "After one to two easier weeks: is a hop still sharply painful?",
    "morning_stiffness_worsening": "Is morning stiffness of the Achilles worse each week, though "
    "the load is less?",
}
"""The red-flag screen (A01), each put as a yes-or-no question; names are keys in the record."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class InjuryEntry(_Entry):
    """One injury of the runner.

    Attributes
    ----------
    injury : str
        Name in the injuries of ``params.yaml``; any other name is allowed and means rules only
        (A12).
    side : str
        ``both`` is two units.
    onset : date
        When it began; of the current episode.
    symptom_months : float or None
        How long there were symptoms before the plan.
    episodes : int
        How many times, this one included.
    failed_returns : int
        How often a return to running failed.
    surgery_date, fracture_date : date or None
        Start of the minimum-time floor (A06).
    status : str
        ``active`` while it is being rehabilitated; ``resolved`` afterwards.
    suspected_bone_stress : str or None
        Whether somebody suspects a bone stress injury (A02, R36).
    """

    injury: str
    side: InjurySide
    onset: date
    site: Site | None = None
    symptom_months: NotNegative | None = None
    episodes: Annotated[int, Field(ge=1)] = 1
    failed_returns: Annotated[int, Field(ge=0)] = 0
    surgery_date: date | None = None
    fracture_date: date | None = None
    status: Literal["active", "resolved"] = "active"
    suspected_bone_stress: Answer = None


class Target(_Entry):
    """Where the runner wants to be.

    Attributes
    ----------
    weekly_minutes : float
        Running a week to return to.
    longest_run_minutes : float or None
        Longest single run wanted.
    race_date : date or None
        A date never raises a dose (A13).
    race_distance_km, race_priority
        Distance, and how much the race matters: ``must``, ``want`` or ``optional``.
    """

    weekly_minutes: NotNegative
    longest_run_minutes: NotNegative | None = None
    race_date: date | None = None
    race_distance_km: NotNegative | None = None
    race_priority: Literal["must", "want", "optional"] | None = None


class Limits(_Entry):
    """Limits that clinician and runner agree on; ``None`` takes the default of ``params.yaml``.

    Attributes
    ----------
    weekly_risk_cap, target_risk_cap : float or None
        Greatest accepted same-tissue risk in a week, and from now to the target date.
    max_sessions_per_week : int or None
        Of running.
    release_longest_run : bool
        Whether the clinician released the longest run from 1.10 × the 30-day longest.
    """

    weekly_risk_cap: Annotated[float, Field(gt=0, lt=1)] | None = None
    target_risk_cap: Annotated[float, Field(gt=0, lt=1)] | None = None
    max_sessions_per_week: Annotated[int, Field(ge=1, le=7)] | None = None
    release_longest_run: bool = False


class Profile(_Entry):
    """Who the runner is, as far as it matters.

    Private questions (``missed_periods`` … ``energy_intake_low``) are optional (A10).
    ``usual_…`` is before the injury; ``recent_…`` a typical week of the four before the diary
    begins, as remembered, where 0 is an answer.
    """

    runner_id: str
    consent_date: date
    age_band: Literal["under_18", "18_29", "30_39", "40_49", "50_59", "60_plus"] | None = None
    body_mass_kg: Annotated[float, Field(ge=20, le=300)] | None = None
    height_m: Annotated[float, Field(ge=0.8, le=2.6)] | None = None
    sport: Literal["endurance", "field_or_court", "sprint"] = "endurance"
    training_years: NotNegative | None = None
    usual_weekly_minutes: NotNegative | None = None
    usual_runs_per_week: NotNegative | None = None
    usual_longest_run_minutes: NotNegative | None = None
    recent_weekly_minutes: NotNegative | None = None
    recent_runs_per_week: NotNegative | None = None
    easy_speed_mps: Annotated[float, Field(gt=0, le=8)] | None = None
    cadence_spm: Annotated[float, Field(ge=100, le=260)] | None = None
    overstride_or_heel_strike: Answer = None
    injuries: tuple[InjuryEntry, ...] = ()
    osteoporosis: Answer = None
    repeat_bone_stress: Answer = None
    missed_periods: Answer = None
    energy_intake_low: Answer = None
    pregnant_or_postpartum: Answer = None
    fluoroquinolone_recent: Answer = None
    steroid_injection_recent: Answer = None
    target: Target | None = None
    free_days: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    longest_run_day: Weekday | None = None
    limits: Limits = Limits()
    clinician: str | None = None
    clinician_contact: str | None = None


class SessionEntry(_Entry):
    """One line of the diary: a session done, or a day of confirmed rest.

    Attributes
    ----------
    session_id : str
        Unique within the runner.
    minutes : float or None
        Of the activity; running minutes where running and walking alternate.
    walk_minutes : float or None
        Walking within a run-walk session.
    repetitions : float or None
        Of strength, rehabilitation or jumps, per side.
    relative_load : float or None
        Peak load of a repetition over that of an easy running step; ``None`` takes the default.
    descent_m : float or None
        Metres of descent (R37).
    recording : str or None
        File in ``recordings/`` that measured it.
    """

    session_id: str
    date: date
    activity: Activity
    minutes: NotNegative | None = None
    walk_minutes: NotNegative | None = None
    distance_km: NotNegative | None = None
    rpe: Annotated[float, Field(ge=0, le=10)] | None = None
    kind: Literal["easy", "tempo", "intervals", "strides", "hills", "race", "sprint", "match"] | (
        None
    ) = None
    surface: str | None = None
    grade_pct: Annotated[float, Field(ge=-100, le=100)] | None = None
    descent_m: NotNegative | None = None
    shoe: str | None = None
    repetitions: NotNegative | None = None
    relative_load: NotNegative | None = None
    exercise: str | None = None
    heavy_calf: Answer = None
    recording: str | None = None
    note: str | None = None


class SymptomEntry(_Entry):
    """What the runner felt at one place on one day; red-flag questions are answered here (A01)."""

    date: date
    site: Site
    side: Side
    session_id: str | None = None
    pain_before: Pain = None
    pain_during: Pain = None
    trend: Literal["falling", "steady", "rising"] | None = None
    pain_after: Pain = None
    pain_next_morning: Pain = None
    pain_baseline: Pain = None
    settled_24h: Answer = None
    stiffness_min: NotNegative | None = None
    limp: Answer = None
    swelling: Answer = None
    hop_pain: Pain = None
    analgesic: Answer = None
    red_flags: dict[str, Answer] = {}
    note: str | None = None


class TestEntry(_Entry):
    """Result of one capacity test; ``name`` is a test that the rule book knows."""

    __test__ = False  # not a test of ours, whatever pytest thinks

    date: date
    name: str
    side: Literal["left", "right", "none"] = "none"
    value: float
    pain: Pain = None
    who: str | None = None


class Clearance(_Entry):
    """Who closed a red flag or released an injury, when and on what basis (A05, A06)."""

    date: date
    what: str
    site: Site | None = None
    side: InjurySide | None = None
    who: str
    role: str
    basis: str


class Override(_Entry):
    """A clinician's decision against or beyond the plan; append-only."""

    date: date
    who: str
    role: str
    what: str
    value: float | None = None
    why: str
    model_said: str | None = None


class QuestionnaireEntry(_Entry):
    """Answers to one questionnaire on one day; ``questionnaires.py`` scores them.

    Attributes
    ----------
    answers : tuple of float or None
        In the order of its questions; ``None`` is not answered.
    """

    date: date
    questionnaire: Literal["uwri", "ostrc_h2"]
    answers: tuple[float | None, ...]


class RunnerRecord(_Entry):
    """Everything known of one runner, each part in order of date."""

    profile: Profile
    sessions: tuple[SessionEntry, ...] = ()
    symptoms: tuple[SymptomEntry, ...] = ()
    tests: tuple[TestEntry, ...] = ()
    clearances: tuple[Clearance, ...] = ()
    overrides: tuple[Override, ...] = ()
    questionnaires: tuple[QuestionnaireEntry, ...] = ()
