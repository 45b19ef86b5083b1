"""What a report says, as plain values: the page, the sheet, the letter and the JSON twin read this.

Every number that is printed anywhere is here, so that no two readers see different ones.
"""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = [
    "ChangeLine",
    "GateLine",
    "GuidanceLine",
    "Interval",
    "KnowledgeLine",
    "Light",
    "LoadLine",
    "PainPoint",
    "ReferralLine",
    "RepetitionLine",
    "ReportContent",
    "RiskLine",
    "SessionLine",
    "Signals",
    "TriageLine",
    "WeekLoad",
    "WhyLine",
]

LightKey = Literal["plan", "hold", "trial", "reduce", "no_run", "rules_only", "referral"]
LightName = Literal["go", "hold", "stop", "see_somebody"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Interval(_Part):
    """A number with the range that holds it with 90 % probability."""

    value: float
    low: float
    high: float


class Light(_Part):
    """The traffic light: a word and a shape, the colour besides.

    Attributes
    ----------
    key : str
        Which of `tolerance.clinic.words.LIGHTS`.
    name : str
        Its colour's.
    word, shape : str
        As they are printed.
    meaning : str
        One sentence.
    """

    key: LightKey
    name: LightName
    word: str
    shape: str
    meaning: str


class SessionLine(_Part):
    """One session of the plan.

    Attributes
    ----------
    day : date
    activity : str
    run_minutes, walk_minutes : float
    words : str
        What to do.
    """

    day: date
    activity: Literal["running", "walking", "cross_training"]
    run_minutes: float
    walk_minutes: float
    words: str


class GuidanceLine(_Part):
    """What goes with every run, or in its place: a label and what to do."""

    what: str
    words: str


class RepetitionLine(_Part):
    """What hangs on how a rehabilitation repetition is counted (R04, R05).

    Attributes
    ----------
    tissue : str
    n_sessions : int
        Sessions of repetitions in the four weeks before.
    before_as_step_rr, before_by_force_rr : float
        Load a week of those weeks if a repetition counts as a running step, and if by its force.
    step_up_as_step, step_up_by_force : float
        How many times that the planned week is.
    minutes_as_step, minutes_by_force : float or None
        Running that would be planned under either; None where only the load was compared.
    words : str
    """

    tissue: str
    n_sessions: int
    before_as_step_rr: float
    before_by_force_rr: float
    step_up_as_step: float
    step_up_by_force: float
    minutes_as_step: float | None
    minutes_by_force: float | None
    words: str


class WhyLine(_Part):
    """A reason with the rule that it comes from; ``rule`` is empty for the model's limits."""

    rule: str
    sentence: str


class RiskLine(_Part):
    """Expected same-tissue reinjuries of 100 such runners.

    Attributes
    ----------
    what : str
        Which week is followed: the plan, what-if A, what-if B.
    horizon : str
    of_100 : Interval
    """

    what: str
    horizon: str
    of_100: Interval


class LoadLine(_Part):
    """Load of one tissue in the last seven days against plan and ceiling, in reference runs.

    Attributes
    ----------
    tissue : str
        In words, with its side.
    is_injured : bool
    done_rr : Interval or None
        None where nothing is known of the week.
    planned_rr : float or None
        What the last report planned for that week.
    ceiling_rr : Interval or None
        This week's ceiling.
    """

    tissue: str
    is_injured: bool
    done_rr: Interval | None
    planned_rr: float | None
    ceiling_rr: Interval | None


class WeekLoad(_Part):
    """Load of one week of the injured tissue; ``load_rr`` is None where nothing was noted."""

    monday: date
    load_rr: Interval | None
    run_minutes: float | None


class PainPoint(_Part):
    """Worst pain of one place on one day."""

    day: date
    place: str
    pain: float


class GateLine(_Part):
    """One gate of one injury.

    Attributes
    ----------
    injury, gate : str
        In words.
    status : str
    mark : str
        Word and shape.
    detail : str
    rules : tuple of str
    """

    injury: str
    gate: str
    status: Literal["passed", "failed", "missing"]
    mark: str
    detail: str
    rules: tuple[str, ...]


class KnowledgeLine(_Part):
    """How much of a tissue's estimate is the runner's own.

    Attributes
    ----------
    tissue : str
    own_percent : int
        Share of the prior's variance that the runner's own data removed.
    n_reports : int
        Sessions with a pain score.
    is_personal : bool
    words : str
    """

    tissue: str
    own_percent: int
    n_reports: int
    is_personal: bool
    words: str


class ChangeLine(_Part):
    """A result against the one before.

    Attributes
    ----------
    what, unit : str
    before, now : float or None
    detectable : float or None
        Minimal detectable change; None where none is published.
    words : str
    """

    what: str
    unit: str
    before: float | None
    now: float | None
    detectable: float | None
    words: str


class ReferralLine(_Part):
    """Advice to be seen."""

    urgency: Literal["today", "this_week", "routine"]
    text: str
    rules: tuple[str, ...]


class TriageLine(_Part):
    """State of a runner for the follow-up list, ours and the public four checks.

    Attributes
    ----------
    state : str
    reasons : tuple of WhyLine
    ontracx_state : str
    ontracx_checks : tuple of str
        Those of the four that are yes.
    """

    state: Literal["red_flag", "hard_off", "no_data", "soft_off", "on_track"]
    reasons: tuple[WhyLine, ...]
    ontracx_state: Literal["on", "soft_off", "hard_off"]
    ontracx_checks: tuple[str, ...]


class Signals(_Part):
    """What triage looks at; None is not known.

    Attributes
    ----------
    last_entry : date or None
    latest_pain : float or None
    pain_change : float or None
        Mean worst pain of the last seven days less that of the seven before.
    week_load_rr, usual_load_rr : float or None
        Load of the injured tissue: last seven days, and mean week of the three before.
    weeks_over : int
        Weeks in a row, the last one included, above the common 15 % rise.
    done_sessions, planned_sessions : int or None
        Of the week that the last report planned.
    """

    last_entry: date | None
    latest_pain: float | None
    pain_change: float | None
    week_load_rr: float | None
    usual_load_rr: float | None
    weeks_over: int
    done_sessions: int | None
    planned_sessions: int | None


class ReportContent(_Part):
    """Everything that a runner's report says.

    Attributes
    ----------
    format : str
        Version of this list of fields.
    runner_id : str
    day : date
        Day of the report.
    week_start, week_stop : date
        The week that is planned; both days are in it.
    is_example : bool
        A made-up runner.
    injuries : tuple of str
        In words.
    light : Light
    headline : tuple of str
        The week in a few sentences.
    verdict : str
        Of the rule book.
    sessions : tuple of SessionLine
    ceiling_minutes, ceiling_longest_minutes : float or None
        This week's ceiling of running, and of one run; None where there is no dose.
    how : tuple of GuidanceLine
        How to run, and what to do beside and instead.
    strength : tuple of str
        Strength sessions of the week.
    race : tuple of str
        What the race date means, alternatives, and steps back to racing that are open.
    gait : tuple of str
        What a clinician looks at when the gait is seen.
    repetitions : RepetitionLine or None
        None without running planned or without repetitions before it.
    stop_rule : str
        When to stop a run; empty where there is none.
    goal : str
        When the target may be reached; empty where nothing is said.
    why : tuple of WhyLine
    binding_tissue : str or None
    not_allowed : tuple of str
        What stays closed, such as hills.
    risks : tuple of RiskLine
    what_ifs : tuple of str
        A and B in words.
    pain_of_100 : Interval or None
        Weeks of 100 in which pain is expected to pass its limit.
    loads : tuple of LoadLine
    weeks : tuple of WeekLoad
    index_tissue : str or None
        Whose load ``weeks`` shows.
    pains : tuple of PainPoint
    pain_limit : float or None
    gates : tuple of GateLine
    knowledge : tuple of KnowledgeLine
    changes : tuple of ChangeLine
    since_last : tuple of str
        What changed since the last report.
    quality, left_out : tuple of str
    referrals : tuple of ReferralLine
    cautions, to_do : tuple of str
        For the clinician: what to note, ask and test.
    call : str
        Whom to call.
    model_note : str
        Which draws the estimate comes from, and whether a gate failed.
    signals : Signals
    triage : TriageLine
    """

    format: Literal["tolerance-report-2"] = "tolerance-report-2"
    runner_id: str
    day: date
    week_start: date
    week_stop: date
    is_example: bool
    injuries: tuple[str, ...]
    light: Light
    headline: tuple[str, ...]
    verdict: str
    sessions: tuple[SessionLine, ...]
    ceiling_minutes: float | None
    ceiling_longest_minutes: float | None
    how: tuple[GuidanceLine, ...]
    stop_rule: str
    strength: tuple[str, ...]
    race: tuple[str, ...]
    gait: tuple[str, ...]
    repetitions: RepetitionLine | None
    goal: str
    why: tuple[WhyLine, ...]
    binding_tissue: str | None
    not_allowed: tuple[str, ...]
    risks: tuple[RiskLine, ...]
    what_ifs: tuple[str, ...]
    pain_of_100: Interval | None
    loads: tuple[LoadLine, ...]
    weeks: tuple[WeekLoad, ...]
    index_tissue: str | None
    pains: tuple[PainPoint, ...]
    pain_limit: float | None
    gates: tuple[GateLine, ...]
    knowledge: tuple[KnowledgeLine, ...]
    changes: tuple[ChangeLine, ...]
    since_last: tuple[str, ...]
    quality: tuple[str, ...]
    left_out: tuple[str, ...]
    referrals: tuple[ReferralLine, ...]
    cautions: tuple[str, ...]
    to_do: tuple[str, ...]
    call: str
    model_note: str
    signals: Signals
    triage: TriageLine
