"""What belongs to a run besides its minutes: warm-up, surface, cues, stop rule, next morning.

Pure data from an assessment; the plan puts it on dates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tolerance.clinic.record import Profile, RunnerRecord
from tolerance.config import Rules
from tolerance.rules.assessment import Assessment
from tolerance.rules.diary import shoe_ledger
from tolerance.rules.registry import rule

__all__ = [
    "GAIT_CHECKLIST",
    "SAMPLE_CALF_WEEK",
    "CadenceCue",
    "Guidance",
    "SampleDay",
    "cadence_cue",
    "cross_training",
    "gait_checklist",
    "return_to_race_order",
    "session_guidance",
    "spacing_problems",
]

LOW_CADENCE_SPM: Final = 165.0
"""Steps a minute below which a cue is given (R60)."""

KNEE_INJURIES: Final = ("patellofemoral_pain", "iliotibial_band_syndrome", "patellar_tendinopathy")
CALF_INJURIES: Final = (
    "achilles_tendinopathy", "insertional_achilles_tendinopathy", "achilles_rupture_repair",
    "plantar_fasciopathy", "calf_strain_soleus", "calf_strain_gastrocnemius",
)  # fmt: skip

TRIGGERS: Final = {
    "shin": "no jump in distance and no long stretch on hard ground",
    "achilles": "no fast running or hill sprints before the calf is strong enough",
    "foot": "no fast running or hill sprints before the calf is strong enough",
    "calf": "no fast running or hill sprints before the calf is strong enough",
    "knee": "no long downhill; hips steady, pelvis level",
    "hip": "no long strides with a low step rate, no dropping pelvis, no crossing of the legs",
    "hamstring": "no sprint and no overstriding",
}
"""What commonly sets off a site, as a thing to leave out (R31)."""

GAIT_CHECKLIST: Final = (
    "hips level from front to back and side to side",
    "knee over the second toe at landing",
    "forefoot does not collapse inward",
    "foot lands under the body, not far in front",
    "the same from the first to the last minute",
)
"""What to look at when the gait is seen, at training and race pace; consistency, not perfection
(R21, R32)."""


@dataclass(frozen=True)
class CadenceCue:
    """A step rate to try.

    Attributes
    ----------
    low_spm, high_spm : float
        Steps of both feet a minute.
    words : str
    rules : tuple of str
    """

    low_spm: float
    high_spm: float
    words: str
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Guidance:
    """What goes with every run of the coming week.

    Attributes
    ----------
    warm_up, cool_down : str
    pace : str
        Of the easy parts, by talk test and effort.
    surface : str
    cadence : CadenceCue or None
    avoid : tuple of str
    stop_rule : str
        When to stop at once.
    next_morning : str
        What to check and note.
    shoes : tuple of str
    missed : str
        What to do about a missed session (A15).
    whom_to_call : str
        Who is called when something worries the runner; nobody watches the folder (A15).
    cross_training : tuple of str
        What may be done besides or instead of running (R20).
    gait : tuple of str
        What a clinician looks at when the gait is seen (R21).
    race_steps : tuple of str
        Steps back to racing that are open (R25).
    rules : tuple of str
    """

    warm_up: str
    cool_down: str
    pace: str
    surface: str
    cadence: CadenceCue | None
    avoid: tuple[str, ...]
    stop_rule: str
    next_morning: str
    shoes: tuple[str, ...]
    missed: str
    whom_to_call: str
    cross_training: tuple[str, ...]
    gait: tuple[str, ...]
    race_steps: tuple[str, ...]
    rules: tuple[str, ...]


@rule("R45", "R60")
def cadence_cue(profile: Profile, injuries: Sequence[str], settings: Rules) -> CadenceCue | None:
    """Return the step rate to try, or None.

    By default +5 % below 165 steps a minute with overstride or heel strike (R60), and +5 to 7 % for
    the front or outside of the knee; the switch ``cadence_cue: always`` gives +5 to 7 % to all
    whose step rate is known (R45).
    """
    cadence = profile.cadence_spm
    if cadence is None:
        return None
    knee = any(name in KNEE_INJURIES for name in injuries)
    words = "short quick steps, a slight lean from the ankles; foot strike is left alone"
    if knee or settings.cadence_cue == "always":
        low, high = 1.05 * cadence, 1.07 * cadence
        return CadenceCue(low, high, f"{low:.0f} to {high:.0f} steps a minute: {words}", ("R45",))
    if cadence < LOW_CADENCE_SPM and profile.overstride_or_heel_strike == "yes":
        goal = 1.05 * cadence
        return CadenceCue(goal, goal, f"about {goal:.0f} steps a minute: {words}", ("R60", "R45"))
    return None


@rule("R29", "R38", "R31", "R48", "A15", "R77")
def session_guidance(assessment: Assessment, record: RunnerRecord, settings: Rules) -> Guidance:
    """Return what goes with every run of the coming week.

    Parameters
    ----------
    assessment : Assessment
        As of the day of planning.
    record : RunnerRecord
    settings : Rules
    """
    names = [injury.entry.injury for injury in assessment.injuries]
    sites = dict.fromkeys(
        injury.entry.site or injury.known.site for injury in assessment.injuries if injury.known
    )
    cue = cadence_cue(record.profile, names, settings)
    rules = {"R29", "R31", "R38", "R39", "R48", "R77", "A15", *(cue.rules if cue else ())}
    return Guidance(
        warm_up=_warm_up(record.profile, assessment),
        cool_down="5 min of walking, then note pain during and after.",
        pace="Easy: whole sentences without gasping, effort 3 to 4 of 10, never faster than usual "
        "easy pace.",
        surface=_surface(assessment),
        cadence=cue,
        avoid=tuple(TRIGGERS[site] for site in sites if site in TRIGGERS),
        stop_rule=_stop_rule(assessment),
        next_morning=_next_morning(assessment),
        shoes=_shoes(assessment, record, settings),
        missed="A missed session is not made up: go on with the next one as planned.",
        whom_to_call=_whom_to_call(record.profile),
        cross_training=cross_training(assessment),
        gait=gait_checklist(),
        race_steps=return_to_race_order(assessment),
        rules=tuple(sorted(rules)),
    )


@rule("R29")
def _warm_up(profile: Profile, assessment: Assessment) -> str:
    check = "Check the tissue first: ten slow calf raises and five squats without unusual pain."
    if profile.sport == "endurance":
        return f"5 min of brisk walking. {check}"
    ready = " Then drills and two easy accelerations." if assessment.allowed.speed else ""
    return f"5 min of brisk walking and mobility. {check}{ready}"


@rule("R48")
def _surface(assessment: Assessment) -> str:
    if assessment.stage <= 2:
        return "Flat, even and firm ground or treadmill, no camber, always the same."
    if not assessment.allowed.hills:
        return "Flat ground; even trails may be added, one change at a time."
    return "Vary flat, trail and hills; long descents come last; none is safer as such."


@rule("R38", "R36")
def _stop_rule(assessment: Assessment) -> str:
    limits = [
        limit for unit, limit in assessment.allowed.pain_limits.items()
        if any(unit in injury.units for injury in assessment.injuries)
    ]  # fmt: skip
    limit = min(limits, default=max(assessment.allowed.pain_limits.values(), default=0.0))
    bone = any(
        injury.known is not None and injury.known.bone_risk != "none"
        for injury in assessment.injuries
    )
    text = (
        f"Stop and walk home if pain goes above {limit:g} of 10, if it keeps rising, if you limp, "
        "or if something gives way or pops."
    )
    if bone:
        text += " If one spot on the bone hurts, stop, do not test it by hopping, and call."
    return text


@rule("R38", "R39", "R65")
def _next_morning(assessment: Assessment) -> str:
    stiff = any(
        injury.known is not None and injury.known.site in ("achilles", "foot")
        for injury in assessment.injuries
    )
    extra = ", minutes of stiffness" if stiff else ""
    return (
        f"Note pain on waking{extra}, limp, swelling, and whether it is back to usual within 24 "
        "hours. If it is not, the next two sessions get shorter."
    )


@rule("R46", "R47", "R61")
def _shoes(assessment: Assessment, record: RunnerRecord, settings: Rules) -> tuple[str, ...]:
    """Return advice on shoes: age, rotation, what is new, and what may shift load."""
    ledger = shoe_ledger(record, settings, assessment.today)
    look_at_km, retire_km = settings.shoe_life_km
    found = []
    for pair in ledger:
        if pair.state == "retire":
            found.append(f"{pair.shoe}: {pair.distance_km:.0f} km, beyond {retire_km:.0f}: retire.")
        elif pair.state == "look_at":
            found.append(
                f"{pair.shoe}: {pair.distance_km:.0f} km, over {look_at_km:.0f}: look at the sole."
            )
    if assessment.allowed.no_load_raise_until is not None:
        found.append(
            "The new pair: short easy runs only, load level until "
            f"{assessment.allowed.no_load_raise_until}."
        )
    if len(ledger) == 1:
        found.append("Two pairs in turn spread the load; change one thing at a time.")
    names = [injury.entry.injury for injury in assessment.injuries]
    if any(name in CALF_INJURIES for name in names) and assessment.stage <= 2:
        found.append(
            "If low shoes set it off: a few weeks in a pair with a higher heel take load off the "
            "calf. Not in a week in which load rises."
        )
    if "patellofemoral_pain" in names:
        found.append(
            "A lower heel takes some load off the kneecap and puts it on the calf. Not in a week "
            "in which load rises."
        )
    return tuple(found)


def _whom_to_call(profile: Profile) -> str:
    if profile.clinician is None and profile.clinician_contact is None:
        return (
            "Nobody watches this plan between visits. Ask your clinic whom to call and write it "
            "here; in an emergency call the emergency number."
        )
    name = " ".join(word for word in (profile.clinician, profile.clinician_contact) if word)
    return (
        f"Nobody watches this plan between visits. Call {name} if pain worries you; in an "
        "emergency call the emergency number."
    )


@rule("R20")
def cross_training(assessment: Assessment) -> tuple[str, ...]:
    """Return what may be done instead of running, with hardly any impact."""
    if not assessment.allowed.cross_training:
        return ()
    weightless = any(
        injury.known is not None and injury.known.bone_risk == "high" and injury.stage == 1
        for injury in assessment.injuries
    )
    if weightless:
        return ("swimming with the arms", "arm ergometer")
    calf = any(injury.entry.injury in CALF_INJURIES for injury in assessment.injuries)
    bike = "cycling with the heel on the pedal" if calf and assessment.stage == 1 else "cycling"
    return (bike, "swimming", "water running", "cross-trainer if free of pain")


@rule("R21")
def gait_checklist() -> tuple[str, ...]:
    """Return what to look at in the gait; it has no number and gates nothing."""
    return GAIT_CHECKLIST


@rule("R25")
def return_to_race_order(assessment: Assessment) -> tuple[str, ...]:
    """Return the steps back to racing in their order, as far as the gates allow.

    Longer runs first, then the race's terrain, then its speed, at last a session that comes near
    the race's duration and effort.
    """
    steps = ["longer runs at an easy pace"]
    if assessment.stage >= 3 and assessment.allowed.hills:
        steps.append("the race's terrain at an easy pace")
        if assessment.allowed.speed:
            steps.append("the race's speed in short parts")
            if assessment.stage == 4:
                steps.append("a session near the race's duration and effort")
    return tuple(steps)


@dataclass(frozen=True)
class SampleDay:
    """One day of the second source's sample week.

    Attributes
    ----------
    weekday : str
    what : str
    minutes : tuple of float
        From, to.
    heavy_calf : bool
        Whether it has heavy calf work.
    fast_or_hilly : bool
        Whether it has strides, tempo or an incline.
    optional : bool
        Whether the fast or hilly part may be left out.
    """

    weekday: str
    what: str
    minutes: tuple[float, float]
    heavy_calf: bool = False
    fast_or_hilly: bool = False
    optional: bool = False


SAMPLE_CALF_WEEK: Final = (
    SampleDay("mon", "easy run, heavy strength A, pogo 5 to 8 min if pain is at most 3",
              (30.0, 45.0), heavy_calf=True),
    SampleDay("tue", "cross-training, optional 4 × 20 s strides on an incline", (40.0, 60.0),
              fast_or_hilly=True, optional=True),
    SampleDay("wed", "run with 10 min at marathon effort", (40.0, 60.0), fast_or_hilly=True),
    SampleDay("thu", "strength B and isometrics", (0.0, 0.0)),
    SampleDay("fri", "off, or easy run", (0.0, 30.0)),
    SampleDay("sat", "long run, run-walk early if symptomatic", (60.0, 90.0)),
    SampleDay("sun", "off", (0.0, 0.0)),
)  # fmt: skip
"""The second source's week for a runner with a calf complaint, as tabulated (R63)."""


@rule("R63", "R40")
def spacing_problems(week: Sequence[SampleDay], settings: Rules) -> tuple[str, ...]:
    """Return the days of a week on which fast or hilly work comes too soon after heavy calf work.

    The sample week of R63 breaks R40 of the same source in its optional strides on Tuesday; our
    plans leave them out.
    """
    heavy = [number for number, day in enumerate(week) if day.heavy_calf]
    return tuple(
        day.weekday
        for number, day in enumerate(week)
        if day.fast_or_hilly
        and any(0 < number - before < settings.heavy_calf_days for before in heavy)
    )
