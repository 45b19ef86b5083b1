"""What a race date means: advice by injury and weeks left; it never raises a dose (A13)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from tolerance.clinic.record import RunnerRecord
from tolerance.rules.assessment import Assessment
from tolerance.rules.registry import rule
from tolerance.rules.sessions import CALF_INJURIES

__all__ = ["RaceAdvice", "RaceLine", "race_advice", "season_plan"]

HALF_KM: Final = 18.0
MARATHON_KM: Final = 40.0
"""From these distances on a race counts as a half-marathon, as a marathon."""

SHORT_WEEKS: Final = 8
"""Up to so many weeks the advice for 6 weeks (half) or 8 (marathon) holds (R42, R55)."""
MIDDLE_WEEKS: Final = 14
"""Up to so many weeks the advice for 10 weeks holds; beyond, that for 4 months (R42, R55)."""
STRIDES_WEEKS: Final = 2
TAPER_WEEKS: Final = 4
SOLEUS_WEEKS: Final = 3
SCREEN_WEEKS: Final = (8, 13)
"""2 to 3 months before the season (R62)."""
STRENGTH_WEEKS: Final = (6, 8)

SHORTER: Final = {"marathon": ("half-marathon", "10 km"), "half-marathon": ("10 km", "5 km"),
                  "race": ("a shorter distance",)}  # fmt: skip


@dataclass(frozen=True)
class RaceLine:
    """One piece of advice.

    Attributes
    ----------
    words : str
    rules : tuple of str
    from_date, to_date : date or None
        When it holds; None for always, until the race.
    needs : str
        Gate that has to be open for it, or empty; closed gates stay closed.
    open_now : bool
        Whether that gate is open today.
    """

    words: str
    rules: tuple[str, ...]
    from_date: date | None = None
    to_date: date | None = None
    needs: str = ""
    open_now: bool = True


@dataclass(frozen=True)
class RaceAdvice:
    """What the race date means.

    Attributes
    ----------
    race : str
        ``marathon``, ``half-marathon`` or ``race``.
    race_date : date
    weeks_left : int
        Whole weeks.
    outlook : str
        ``go_on``, ``shorter_or_later`` or ``not_this_race``.
    lines : tuple of RaceLine
    alternatives : tuple of str
        Shorter races, or a later date.
    dose_effect : str
        ``none``: the date raises no dose and loosens no limit (A13).
    """

    race: str
    race_date: date
    weeks_left: int
    outlook: Literal["go_on", "shorter_or_later", "not_this_race"]
    lines: tuple[RaceLine, ...]
    alternatives: tuple[str, ...]
    dose_effect: Literal["none"] = "none"


@rule("R42", "R55", "A13")
def race_advice(
    assessment: Assessment, record: RunnerRecord, earliest_ready: date | None = None
) -> RaceAdvice | None:
    """Return what the runner's race date means; None without a race ahead.

    Parameters
    ----------
    assessment : Assessment
    record : RunnerRecord
    earliest_ready : date or None
        Earliest day on which the plan reaches the target, where it was worked out; a race before it
        asks for a shorter or later one.
    """
    target = record.profile.target
    if target is None or target.race_date is None or target.race_date <= assessment.today:
        return None
    distance = target.race_distance_km or 0.0
    race = (
        "marathon"
        if distance >= MARATHON_KM
        else "half-marathon"
        if distance >= HALF_KM
        else "race"
    )
    weeks = (target.race_date - assessment.today).days // 7
    names = {injury.entry.injury for injury in assessment.injuries}
    bone = any(
        injury.known is not None and injury.known.tissue == "bone" for injury in assessment.injuries
    )
    calf = bool(names & set(CALF_INJURIES))
    lines = [RaceLine("The race date raises no dose and opens no gate.", ("A13",))]
    outlook: Literal["go_on", "shorter_or_later", "not_this_race"] = "go_on"
    if assessment.verdict in ("referral", "no_run", "rules_only"):
        outlook = "not_this_race" if weeks <= SHORT_WEEKS else "shorter_or_later"
        lines.append(RaceLine("Running is not open yet: the race waits for the gates.", ("A13",)))
    elif bone and race != "race" and weeks <= SHORT_WEEKS + 4:
        outlook = "shorter_or_later"
        lines += [
            RaceLine("Cross-train to keep fitness; running only as the plan allows.",
                     ("R55", "R20")),
            RaceLine("Choose a shorter race, or a later one.", ("R55", "A13")),
        ]  # fmt: skip
    elif calf:
        lines += _calf_lines(assessment, race, weeks, target.race_date)
    if weeks > MIDDLE_WEEKS:
        lines += season_plan(target.race_date)
    if earliest_ready is not None and earliest_ready > target.race_date and outlook == "go_on":
        outlook = "shorter_or_later"
        lines.append(
            RaceLine(f"The plan reaches the target on {earliest_ready} at the earliest.", ("A13",))
        )
    alternatives: tuple[str, ...] = ()
    if outlook != "go_on":
        later = (earliest_ready or target.race_date + timedelta(weeks=SHORT_WEEKS)).isoformat()
        alternatives = (*SHORTER[race], f"the same distance not before {later}")
    return RaceAdvice(race, target.race_date, weeks, outlook, tuple(lines), alternatives)


def _calf_lines(assessment: Assessment, race: str, weeks: int, day: date) -> list[RaceLine]:
    """Return advice for a calf, Achilles or foot complaint, by weeks left."""
    allowed = assessment.allowed
    strides = RaceLine(
        "Light strides, relaxed, on flat ground.", ("R42",), day - timedelta(weeks=STRIDES_WEEKS),
        day, "speed", allowed.speed,
    )  # fmt: skip
    if weeks <= SHORT_WEEKS:
        return [
            RaceLine("Keep easy running as planned, no tempo; build the calf twice a week.",
                     ("R42",)),
            strides,
        ]  # fmt: skip
    if weeks <= MIDDLE_WEEKS:
        heavy_until = assessment.today + timedelta(weeks=SOLEUS_WEEKS)
        return [
            RaceLine("Heavy soleus work instead of the weekly intervals.", ("R55",),
                     assessment.today, heavy_until),
            RaceLine("Then strides away from hills.", ("R55",), heavy_until, day, "speed",
                     allowed.speed),
            RaceLine("Tempo only on a treadmill with a slight incline.", ("R55",), None, day,
                     "speed", allowed.speed),
            RaceLine("Skip long downhills.", ("R55", "R31")),
        ]  # fmt: skip
    taper = day - timedelta(weeks=TAPER_WEEKS)
    return [
        RaceLine("Hard strength work twice a week.", ("R42", "R43"), assessment.today, taper),
        RaceLine("Strength volume down by 30 to 50 %, once a week hard.", ("R42", "R50"), taper,
                 day),
        strides,
    ]  # fmt: skip


@rule("R62")
def season_plan(season_start: date) -> tuple[RaceLine, ...]:
    """Return what comes before a season: a screen, then weeks of strengthening."""
    first, last = (season_start - timedelta(weeks=weeks) for weeks in reversed(SCREEN_WEEKS))
    low, high = STRENGTH_WEEKS
    return (
        RaceLine("Screen: calf raises, calf hold, squat, hops.", ("R62",), first, last),
        RaceLine(
            f"{low} to {high} weeks of strengthening, two lifts of 30 min a week; a lift may "
            "replace a run.", ("R62",), last, season_start,
        ),
    )  # fmt: skip
