"""What an assessment says: verdict, referrals, stage and gates of each injury, what is allowed.

Plans and pages read these types; :mod:`tolerance.rules.assess` fills them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from tolerance.anatomy import Unit
from tolerance.clinic.record import InjuryEntry
from tolerance.config import Injury

__all__ = [
    "URGENCIES",
    "Allowed",
    "Assessment",
    "Criterion",
    "Fired",
    "Gate",
    "GateStatus",
    "InjuryAssessment",
    "Kind",
    "Phase",
    "Referral",
    "Urgency",
    "Verdict",
]

Verdict = Literal["plan", "hold", "no_run", "rules_only", "referral"]
"""``plan``: a dose may be planned. ``hold``: the same, but the load must not rise or has to fall
(:class:`Allowed`). ``no_run``: no running until what is missing or failed has passed; walking,
cross-training and strength as allowed. ``rules_only``: no dose from the model for this runner.
``referral``: a red flag is open; there is no plan, only the referral texts."""

Urgency = Literal["today", "this_week", "routine"]
URGENCIES: tuple[Urgency, ...] = ("today", "this_week", "routine")
"""From the most to the least urgent; a routine referral stops nothing."""

GateStatus = Literal["passed", "failed", "missing"]
Kind = Literal["screen", "pain", "function", "load", "mechanics", "clearance", "time"]
Phase = Literal["settle_and_assess", "build_capacity", "elastic_and_speed", "sharpen_and_maintain"]


@dataclass(frozen=True)
class Fired:
    """A rule that had a consequence, and which.

    Attributes
    ----------
    rule : str
        Id in the rule book.
    sentence : str
        What it meant here, in plain words.
    """

    rule: str
    sentence: str


@dataclass(frozen=True)
class Referral:
    """Advice to be seen.

    Attributes
    ----------
    flag : str
        The red flag, in the words of the record.
    text : str
        What to tell the runner: what was reported, who should see it, what to do until then.
    urgency : str
        ``today``, ``this_week`` or ``routine``; a routine referral is no red flag.
    rules : tuple of str
    reported : date
        When it was last reported.
    site, side : str or None
        Where, if it has a place.
    walking, cross_training : bool
        Whether these may go on meanwhile.
    """

    flag: str
    text: str
    urgency: Urgency
    rules: tuple[str, ...]
    reported: date
    site: str | None
    side: str | None
    walking: bool
    cross_training: bool


@dataclass(frozen=True)
class Criterion:
    """One condition of a gate: ``missing`` is not passed.

    Attributes
    ----------
    name : str
        In plain words.
    kind : str
    rules : tuple of str
        The one that says it first.
    status : str
    detail : str
        What was found, and what is needed.
    test : str
        Capacity test that settles it, by its name in the record; empty where none does.
    """

    name: str
    kind: Kind
    rules: tuple[str, ...]
    status: GateStatus
    detail: str
    test: str = ""


@dataclass(frozen=True)
class Gate:
    """Criteria that open one thing for one injury.

    Attributes
    ----------
    name : str
        ``start_running``, ``mechanics`` (stage 3), ``full_load`` (stage 4), ``hills``, ``speed`` or
        ``sprint``.
    criteria : tuple of Criterion
        All have to be passed.
    overridden : str
        Who passed it although criteria are open, when and why; empty for nobody.
    """

    name: str
    criteria: tuple[Criterion, ...]
    overridden: str = ""

    @property
    def status(self) -> GateStatus:
        """Passed if all criteria are, failed if one failed, else missing."""
        found = {criterion.status for criterion in self.criteria}
        if self.overridden or found <= {"passed"}:
            return "passed"
        return "failed" if "failed" in found else "missing"

    @property
    def passed(self) -> bool:
        """Whether it is open."""
        return self.status == "passed"

    @property
    def rules(self) -> tuple[str, ...]:
        """Rules of its criteria."""
        return tuple(sorted({rule for criterion in self.criteria for rule in criterion.rules}))

    @property
    def detail(self) -> str:
        """What stands in the way, or that nothing does."""
        if self.overridden:
            return f"passed by override: {self.overridden}"
        open_ones = [item.detail for item in self.criteria if item.status != "passed"]
        return "; ".join(open_ones) or "every criterion is met"


@dataclass(frozen=True)
class InjuryAssessment:
    """Where one injury stands.

    Attributes
    ----------
    entry : InjuryEntry
        As recorded.
    known : Injury or None
        What is known of it; None for an injury that is not in the list (A12).
    units : tuple of Unit
        Tissue, site and side or sides; empty for an unknown injury.
    stage : int
        1 tissue readiness, 2 graduated run-walk, 3 mechanics under fatigue, 4 full load (R69).
    phase : str
        Phase of rehabilitation (R49).
    gates : tuple of Gate
    symmetry_used : bool
        Whether the other side serves as reference (A07).
    expectations : tuple of str
        What course to expect (R52, R64, R75); it passes no gate.
    """

    entry: InjuryEntry
    known: Injury | None
    units: tuple[Unit, ...]
    stage: int
    phase: Phase
    gates: tuple[Gate, ...]
    symmetry_used: bool
    expectations: tuple[str, ...]

    def gate(self, name: str) -> Gate | None:
        """Return a gate by its name; None where the injury has no such gate."""
        return next((gate for gate in self.gates if gate.name == name), None)


@dataclass(frozen=True)
class Allowed:
    """Limits of the coming week; the strictest injury binds (A08).

    Attributes
    ----------
    running, hills, speed, sprint : bool
    walking, cross_training, strength, impact : bool
        ``impact`` are hops and jumps, as a test or an exercise (A02).
    max_runs_per_week : int
        0 where running is not allowed.
    consecutive_days : bool
        Whether running on two days in a row is allowed.
    load_factor_max : float
        Greatest load of the week over that of the last; infinite where no rule limits it. 1 holds
        the load, less reduces it.
    reduced_sessions_left : int
        Coming sessions that stay reduced (R39).
    no_load_raise_until : date or None
        First day on which load may rise again after a new shoe (R47).
    hills_from, speed_from : date or None
        First day after heavy calf work (R40), where that lies ahead.
    lighter_week : bool
        Whether a lighter week is due (R27).
    pain_limits : mapping of Unit to float
        Highest pain of 10 that counts as safe, for injured and default units (R38, A14).
    """

    running: bool
    hills: bool
    speed: bool
    sprint: bool
    walking: bool
    cross_training: bool
    strength: bool
    impact: bool
    max_runs_per_week: int
    consecutive_days: bool
    load_factor_max: float
    reduced_sessions_left: int
    no_load_raise_until: date | None
    hills_from: date | None
    speed_from: date | None
    lighter_week: bool
    pain_limits: Mapping[Unit, float]


@dataclass(frozen=True)
class Assessment:
    """What the rule book says of one runner on one day.

    Attributes
    ----------
    runner_id : str
    today : date
    verdict : str
        See :data:`Verdict`.
    reason : str
        The verdict in one sentence.
    action : str
        ``advance``, ``hold``, ``regress``, ``stop`` or ``refer`` (R12).
    referrals : tuple of Referral
        Most urgent first.
    injuries : tuple of InjuryAssessment
        Active ones, in the record's order.
    allowed : Allowed
    to_ask : tuple of str
        Red-flag questions that were not asked, or too long ago, by their key (A01).
    to_test : tuple of str
        Tests that would settle an open gate, by their name.
    withheld_tests : tuple of str
        Tests not to be done while a bone stress injury is suspected (A02).
    cautions : tuple of str
        Sentences for clinician and runner that change no limit.
    green_lights : tuple of str
        Good signs (R65); they release nothing alone.
    fired : tuple of Fired
        Rules that had a consequence, strictest first.
    """

    runner_id: str
    today: date
    verdict: Verdict
    reason: str
    action: Literal["advance", "hold", "regress", "stop", "refer"]
    referrals: tuple[Referral, ...]
    injuries: tuple[InjuryAssessment, ...]
    allowed: Allowed
    to_ask: tuple[str, ...]
    to_test: tuple[str, ...]
    withheld_tests: tuple[str, ...]
    cautions: tuple[str, ...]
    green_lights: tuple[str, ...]
    fired: tuple[Fired, ...]

    @property
    def stage(self) -> int:
        """Stage of the strictest injury; 4 where there is none (A08)."""
        return min((injury.stage for injury in self.injuries), default=4)
