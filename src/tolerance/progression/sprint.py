"""Return to sprint: steps of speed for sprinters, field and court sports, after the volume is back.

Fractions of full speed rise before the number of sprints does, each step twice without a bad
response (R38). The steps are a judgement [J]; no tabulated programme was read. What a step costs is
the ledger's business: kind ``sprint`` of section ``ledger``, a match kind ``match``.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from tolerance.clinic.record import RunnerRecord, SessionEntry
from tolerance.rules.assessment import Assessment
from tolerance.rules.registry import rule

__all__ = ["SPRINT_STEPS", "SprintStep", "next_sprint_step", "sport_entry"]


@dataclass(frozen=True)
class SprintStep:
    """One step: so many sprints of a length at a fraction of full speed.

    Attributes
    ----------
    fraction : float
        Of full speed, as felt.
    times : int
    metres : float
    note : str
    """

    fraction: float
    times: int
    metres: float
    note: str

    @property
    def words(self) -> str:
        """The step as a plan writes it."""
        extra = f", {self.note}" if self.note else ""
        return (
            f"{self.times} × {self.metres:g} m at {100 * self.fraction:.0f} % of full speed, walk "
            f"back{extra}"
        )


SPRINT_STEPS: Final = (
    SprintStep(0.6, 4, 40.0, "build up over 20 m"),
    SprintStep(0.7, 4, 40.0, "build up over 20 m"),
    SprintStep(0.8, 4, 40.0, "build up over 20 m"),
    SprintStep(0.9, 4, 40.0, "build up over 20 m"),
    SprintStep(0.9, 6, 40.0, "from a standing start"),
    SprintStep(0.95, 6, 30.0, "with changes of direction"),
    SprintStep(1.0, 6, 30.0, "with changes of direction; then training with the team"),
)
"""Steps in order."""

TWICE: Final = 2
WINDOW_D: Final = 28
"""Sprint sessions longer ago than this count no more: the steps begin again."""

SPORT_WORDS: Final = {"field_or_court": "match", "sprint": "sprint"}


@rule("R25", "R29")
def next_sprint_step(record: RunnerRecord, assessment: Assessment) -> SprintStep | None:
    """Return the step of the next sprint session; None while sprinting is not open.

    A step is left after two sessions; after a bad response the step before comes again.

    Parameters
    ----------
    record : RunnerRecord
    assessment : Assessment
    """
    if not assessment.allowed.sprint or record.profile.sport == "endurance":
        return None
    since = assessment.today - timedelta(days=WINDOW_D)
    done = [
        session
        for session in record.sessions
        if session.kind == "sprint" and since < session.date <= assessment.today
    ]
    place = min(len(done) // TWICE, len(SPRINT_STEPS) - 1)
    if assessment.allowed.load_factor_max < 1.0:
        place = max(place - 1, 0)
    return SPRINT_STEPS[place]


def sport_entry(record: RunnerRecord, day: date, minutes: float) -> SessionEntry:
    """Return training or a match of the runner's sport as the ledger reads it.

    Parameters
    ----------
    record : RunnerRecord
    day : date
    minutes : float
        On the field or court, breaks left out.

    Raises
    ------
    ValueError
        For an endurance runner, whose sport is running itself.
    """
    sport = record.profile.sport
    if sport not in SPORT_WORDS:
        raise ValueError(
            f"sport: received {sport!r}, expected one of {', '.join(SPORT_WORDS)}; an endurance "
            "runner's sessions are runs"
        )
    return SessionEntry(
        session_id=f"{day.isoformat()}-sport",
        date=day,
        activity="sport",
        minutes=minutes,
        kind="match" if sport == "field_or_court" else "sprint",
    )
