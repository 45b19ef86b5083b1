"""Red flags: what was asked, what is open, who should see it, and what closes it.

Nothing here diagnoses. An answer of yes opens a flag; only a recorded clearance closes it (A05),
a later no does not. A question that was not asked is not an answer (A01).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from tolerance.clinic.record import (
    RED_FLAG_QUESTIONS,
    Clearance,
    InjuryEntry,
    Profile,
    RunnerRecord,
)
from tolerance.config import Injury, Rules
from tolerance.rules.assessment import URGENCIES, Referral, Urgency
from tolerance.rules.authority import is_clinician
from tolerance.rules.registry import rule
from tolerance.rules.responses import pain_escalated, pain_limit, run_responses

__all__ = [
    "FLAGS",
    "cleared",
    "open_flags",
    "questions_for",
    "questions_to_ask",
    "routine_referrals",
    "suspects_bone_stress",
]

DEEP_SITES: Final = ("hip", "groin", "pelvis")
"""Where a bone stress injury may be one of the neck of the thigh bone or of the sacrum (A03)."""

IMPACT_SITES: Final = (*DEEP_SITES, "thigh", "back")
LOWER_LEG: Final = ("shin", "calf", "achilles", "ankle", "foot")

HIGH_RISK_TODAY: Final = "femoral_neck_stress_injury"

WORSENING_WEEKS: Final = 3
"""Weeks of stiffness that must worsen in a row (R54)."""

NO_DIAGNOSIS: Final = "This is a reason to be examined, not a diagnosis."


@dataclass(frozen=True)
class Flag:
    """One red flag.

    Attributes
    ----------
    reported : str
        What the runner said, as a clause.
    seen_by : str
        Who should see it, as a sentence.
    meanwhile : str
        What to do until then, as a sentence.
    urgency : str
    rules : tuple of str
    walking, cross_training : bool
        Whether these may go on meanwhile.
    precaution : str
        What stays after clearance (A05).
    """

    reported: str
    seen_by: str
    meanwhile: str
    urgency: Urgency
    rules: tuple[str, ...]
    walking: bool
    cross_training: bool
    precaution: str


_BONE_PRECAUTION: Final = (
    "pain above 1 of 10 at this spot ends the session, and the bone is felt again at each visit"
)

FLAGS: Final = {
    "focal_bone_tenderness": Flag(
        "one spot on a bone is sore to the touch of a fingertip",
        "A clinician who can arrange imaging should examine it.",
        "No running, no hopping, no hop tests; walk only as far as it is free of pain; cycling or "
        "water running if free of pain.",
        "this_week", ("R36", "R54", "A02", "A14"), True, True, _BONE_PRECAUTION,
    ),
    "night_pain": Flag(
        "pain at night wakes the runner",
        "A clinician who can arrange imaging should examine it.",
        "No running and no hopping; walk only as far as it is free of pain.",
        "this_week", ("R36", "R54", "R66"), True, True, _BONE_PRECAUTION,
    ),
    "rest_pain": Flag(
        "a bone that may be under stress hurts at rest",
        "A clinician who can arrange imaging should examine it.",
        "No running and no hopping; walk only as far as it is free of pain.",
        "this_week", ("R36", "R54"), True, True, _BONE_PRECAUTION,
    ),
    "groin_pain_on_impact": Flag(
        "the groin hurts on landing or hopping",
        "It counts as a stress injury of the neck of the thigh bone until imaging has shown "
        "otherwise: same-day medical assessment.",
        "No running, no hopping, as few steps as possible, no weight on the leg if walking hurts.",
        "today", ("A03", "R54", "A02"), False, False, _BONE_PRECAUTION,
    ),
    "calf_pop_or_bruising": Flag(
        "there was a pop in the calf, or a bruise since",
        "A torn Achilles tendon must be ruled out, which lets people walk all the same: same-day "
        "examination with a calf squeeze.",
        "No running, no stretching, no calf raises; short walks if free of pain.",
        "today", ("R54", "A04"), True, False,
        "calf work restarts as the clinician who cleared it says",
    ),
    "pop_with_loss_of_function": Flag(
        "there was a pop, and something no longer works since",
        "A tendon or ligament may have torn: same-day medical assessment.",
        "No running, no exercise; protect the limb.",
        "today", ("A04",), False, False,
        "loading restarts as the clinician who cleared it says",
    ),
    "calf_swelling_heat": Flag(
        "a calf is swollen and warm",
        "A clot in a vein must be ruled out: same-day medical assessment; with chest pain or "
        "breathlessness call the emergency number.",
        "No exercise, no massage of the calf.",
        "today", ("A04",), False, False, "new swelling or breathlessness: the same day again",
    ),
    "joint_pain_with_swelling": Flag(
        "a joint hurts sharply and swells",
        "A clinician should examine the joint; with fever or a hot joint on the same day.",
        "No running, no jumps; short walks if free of pain.",
        "this_week", ("R54", "R15"), True, False, "swelling after a session stops running again",
    ),
    "giving_way": Flag(
        "the leg gives way",
        "A clinician should examine the joint's stability.",
        "No running, no jumps, no turning; walking on even ground.",
        "this_week", ("R54",), True, False, "giving way once more stops running again",
    ),
    "neurological_signs": Flag(
        "there is numbness, tingling or weakness, or a change in bladder or bowel",
        "Same-day medical assessment; with a change in bladder or bowel or numbness between the "
        "legs the emergency department.",
        "No running, no lifting.",
        "today", ("A04",), True, False, "any return of the signs: the same day again",
    ),
    "fever_or_weight_loss": Flag(
        "there is fever, or weight was lost without wanting to",
        "A doctor should see it; fever after an operation or with a hot joint on the same day.",
        "No training.",
        "this_week", ("A04",), True, False, "training restarts as the doctor who cleared it says",
    ),
    "chest_pain_or_fainting": Flag(
        "there was chest pain or fainting on exertion",
        "Same-day medical assessment; call the emergency number if it is present now.",
        "No exercise of any kind.",
        "today", ("A04",), False, False, "exertion only within the limits of the clearance",
    ),
    "exertional_compartment": Flag(
        "the lower leg becomes hard, numb or weak during every run",
        "A sports physician should see it; if it does not settle within an hour of stopping, the "
        "emergency department on the same day.",
        "No running; walking and cycling if free of these signs.",
        "this_week", ("A04",), True, True, "hardness or numbness ends the session",
    ),
    "wound_problem": Flag(
        "an operation wound is red, open or weeping",
        "The surgical team should see it on the same day.",
        "No training, no water.",
        "today", ("A04",), False, False, "the wound is looked at before each loaded session",
    ),
    "cannot_hop_after_deload": Flag(
        "a hop is still sharply painful after one to two easier weeks",
        "A clinician should examine it and consider imaging.",
        "No running and no hopping; walking and cross-training if free of pain.",
        "this_week", ("R66", "A02"), True, True, "hops come back only as a test at a visit",
    ),
    "morning_stiffness_worsening": Flag(
        "morning stiffness of the Achilles is worse each week though the load is less",
        "A clinician should examine the tendon.",
        "No running; calf holds without pain, walking and cross-training.",
        "this_week", ("R54",), True, True, "stiffness is noted every morning",
    ),
    "pain_escalates": Flag(
        "pain rose from run to run although the running did not",
        "A clinician should examine it before the next run.",
        "No running; walking and cross-training if free of pain.",
        "this_week", ("R66", "R54"), True, True, "the response to every run is noted",
    ),
    "suspected_bone_stress": Flag(
        "a bone stress injury is suspected",
        "A clinician who can arrange imaging should examine it.",
        "No running, no hopping, no hop tests; walk only as far as it is free of pain; cycling or "
        "water running if free of pain.",
        "this_week", ("R36", "A02", "A05"), True, True, _BONE_PRECAUTION,
    ),
    "high_risk_bone": Flag(
        "a bone stress injury at a high-risk site is not cleared",
        "A sports physician or orthopaedic surgeon should see it, with imaging.",
        "No running, no hopping; as little weight on the leg as possible until the physician has "
        "said how much; exercise without weight on it.",
        "this_week", ("A03", "R54", "A05"), False, True, _BONE_PRECAUTION,
    ),
}  # fmt: skip
"""Every flag: the questions of the record, and those that follow from other entries."""

ALWAYS_ASKED: Final = (
    "focal_bone_tenderness",
    "night_pain",
    "rest_pain",
    "pop_with_loss_of_function",
    "calf_swelling_heat",
    "joint_pain_with_swelling",
    "neurological_signs",
    "fever_or_weight_loss",
    "chest_pain_or_fainting",
)


@rule("A01")
def questions_for(profile: Profile, injuries: Mapping[str, Injury]) -> tuple[str, ...]:
    """Return the red-flag questions that a runner has to be asked, by their key.

    Some are asked of everybody, others where site or history make them matter. A question outside
    this list may be answered too; yes opens its flag all the same.
    """
    asked = dict.fromkeys(ALWAYS_ASKED)
    for entry in profile.injuries:
        if entry.status != "active":
            continue
        known = injuries.get(entry.injury)
        site = entry.site or (known.site if known else None)
        if site in IMPACT_SITES or site is None:
            asked["groin_pain_on_impact"] = None
        if site in LOWER_LEG or site is None:
            asked["calf_pop_or_bruising"] = asked["exertional_compartment"] = None
        if site in ("knee", "ankle") or site is None:
            asked["giving_way"] = None
        if site == "achilles":
            asked["morning_stiffness_worsening"] = None
        if entry.surgery_date is not None:
            asked["wound_problem"] = None
    return tuple(key for key in RED_FLAG_QUESTIONS if key in asked)


@rule("A01")
def questions_to_ask(
    record: RunnerRecord, injuries: Mapping[str, Injury], settings: Rules, today: date
) -> tuple[str, ...]:
    """Return the questions without an answer that is recent enough; not asked is not absent."""
    onsets = [entry.onset for entry in record.profile.injuries if entry.status == "active"]
    since = max([today - timedelta(days=settings.screen_valid_days), *onsets])
    answered = {
        key
        for entry in record.symptoms
        if entry.date >= since
        for key, answer in entry.red_flags.items()
        if answer is not None
    }
    return tuple(key for key in questions_for(record.profile, injuries) if key not in answered)


@rule("A05", "A06")
def cleared(
    clearances: Sequence[Clearance],
    names: Sequence[str],
    site: str | None,
    side: str | None,
    since: date,
) -> Clearance | None:
    """Return the latest clearance of one of these names on or after a day, by somebody qualified.

    A clearance without site or side holds for all; one by the runner holds for nothing.
    """
    found = [
        entry
        for entry in clearances
        if entry.what in names
        and entry.date >= since
        and is_clinician(entry.role)
        and (entry.site is None or site is None or entry.site == site)
        and (entry.side in (None, "both") or side is None or entry.side == side)
    ]
    return max(found, key=lambda entry: entry.date, default=None)


def suspects_bone_stress(
    record: RunnerRecord, entry: InjuryEntry, known: Injury | None, referrals: Sequence[Referral]
) -> bool:
    """Tell whether a bone stress injury is suspected or known and not cleared (A02)."""
    bone_flags = ("focal_bone_tenderness", "night_pain", "suspected_bone_stress", "high_risk_bone",
                  "groin_pain_on_impact", "cannot_hop_after_deload", "rest_pain")  # fmt: skip
    site = entry.site or (known.site if known else None)
    if any(flag.flag in bone_flags and flag.site in (None, site) for flag in referrals):
        return True
    is_bone = known is not None and known.bone_risk != "none"
    names = (entry.injury, "running")
    return is_bone and cleared(record.clearances, names, site, None, entry.onset) is None


@rule("R36", "R54", "R66", "A03", "A04", "A05")
def open_flags(
    record: RunnerRecord, injuries: Mapping[str, Injury], settings: Rules, today: date
) -> tuple[Referral, ...]:
    """Return a referral for every open red flag, the most urgent first.

    Parameters
    ----------
    record : RunnerRecord
        As it stood on ``today``.
    injuries : mapping of str to Injury
        ``Params.injuries``.
    settings : Rules
    today : date
    """
    reported: dict[tuple[str, str | None, str | None], date] = {}
    for entry in record.symptoms:
        for key, answer in entry.red_flags.items():
            if answer == "yes" and _matters(record, injuries, key, entry.site, entry.side):
                reported[key, entry.site, entry.side] = entry.date
    for test in record.tests:
        if test.name == "bone_tenderness" and test.value > 0:
            tested = None if test.side == "none" else test.side
            reported["focal_bone_tenderness", None, tested] = test.date
    for injury in record.profile.injuries:
        if injury.status == "active":
            reported |= _of_injury(record, injury, injuries.get(injury.injury), settings, today)
    found = []
    for (key, site, side), day in reported.items():
        names = [key]
        for injury in record.profile.injuries:
            known = injuries.get(injury.injury)
            if key in ("suspected_bone_stress", "high_risk_bone") and known is not None:
                names += [injury.injury, "running"] * ((injury.site or known.site) == site)
        if cleared(record.clearances, names, site, side, day) is None:
            found.append(_referral(record, key, site, side, day))
    return tuple(sorted(found, key=lambda item: (URGENCIES.index(item.urgency), item.flag)))


def _matters(
    record: RunnerRecord, injuries: Mapping[str, Injury], key: str, site: str, side: str
) -> bool:
    """Tell whether a yes is a flag here: pain at rest is one only where bone may be the source."""
    if key not in FLAGS:
        return False
    if key != "rest_pain" or site in DEEP_SITES:
        return True
    for entry in record.profile.injuries:
        known = injuries.get(entry.injury)
        here = (entry.site or (known.site if known else None)) == site
        if (
            here
            and entry.side in (side, "both")
            and (
                entry.suspected_bone_stress == "yes"
                or (known is not None and known.tissue == "bone")
            )
        ):
            return True
    return False


def _of_injury(
    record: RunnerRecord,
    injury: InjuryEntry,
    known: Injury | None,
    settings: Rules,
    today: date,
) -> dict[tuple[str, str | None, str | None], date]:
    """Return the flags that follow from an injury and what was noted at its site."""
    site = injury.site or (known.site if known else None)
    sides = ("left", "right") if injury.side == "both" else (injury.side,)
    found: dict[tuple[str, str | None, str | None], date] = {}
    for side in sides:
        if injury.suspected_bone_stress == "yes":
            found["suspected_bone_stress", site, side] = injury.onset
        if known is not None and known.bone_risk == "high":
            found["high_risk_bone", site, side] = injury.onset
        if known is None or site is None:
            continue
        limit = pain_limit(known.tissue, settings.pain, record.overrides)
        responses = run_responses(record, site, (side,), limit, injury.onset)
        if (day := pain_escalated(record, responses)) is not None:
            found["pain_escalates", site, side] = day
        if site == "achilles" and (day := _stiffness_worsened(record, side)) is not None:
            found["morning_stiffness_worsening", site, side] = day
    return found


def _stiffness_worsened(record: RunnerRecord, side: str) -> date | None:
    """Return the last day that ended three weeks of rising stiffness and falling running."""
    noted = {
        entry.date: entry.stiffness_min
        for entry in record.symptoms
        if entry.site == "achilles" and entry.side == side and entry.stiffness_min is not None
    }
    found = [day for day in noted if _stiffness_worse_at(record, noted, day)]
    return max(found, default=None)


def _stiffness_worse_at(record: RunnerRecord, noted: Mapping[date, float], last: date) -> bool:
    weeks: list[float] = []
    minutes: list[float] = []
    for back in reversed(range(WORSENING_WEEKS)):
        end = last - timedelta(days=7 * back)
        start = end - timedelta(days=6)
        values = [value for day, value in noted.items() if start <= day <= end]
        if not values:
            return False
        weeks.append(sum(values) / len(values))
        minutes.append(
            sum(
                session.minutes or 0.0
                for session in record.sessions
                if session.activity == "running" and start <= session.date <= end
            )
        )
    worse = all(later > earlier for earlier, later in pairwise(weeks))
    return worse and minutes[-1] < minutes[0]


def _referral(
    record: RunnerRecord, key: str, site: str | None, side: str | None, day: date
) -> Referral:
    flag = FLAGS[key]
    urgency = flag.urgency
    walking, cross_training = flag.walking, flag.cross_training
    injuries = {entry.injury for entry in record.profile.injuries if entry.status == "active"}
    bone_keys = ("night_pain", "rest_pain", "focal_bone_tenderness", "suspected_bone_stress")
    deep = key in bone_keys and (site in DEEP_SITES or HIGH_RISK_TODAY in injuries)
    if deep or (key == "high_risk_bone" and HIGH_RISK_TODAY in injuries):
        urgency, walking, cross_training = "today", False, False
    feverish = key in ("fever_or_weight_loss", "joint_pain_with_swelling") and any(
        entry.surgery_date is not None for entry in record.profile.injuries
    )
    if feverish:
        urgency = "today"
    place = " ".join(word for word in (side, site) if word is not None)
    where = f" ({place})" if place else ""
    rules = (*flag.rules, "A03") if deep and "A03" not in flag.rules else flag.rules
    meanwhile = FLAGS["groin_pain_on_impact"].meanwhile if deep else flag.meanwhile
    when = {"today": "today", "this_week": "this week", "routine": "at the next visit"}[urgency]
    deep_text = (
        "At this site it counts as a stress injury of the neck of the thigh bone or of the pelvis "
        "until imaging has shown otherwise. "
        if deep
        else ""
    )
    text = (
        f"To be seen {when}. Reported on {day}{where}: {flag.reported}. {deep_text}{flag.seen_by} "
        f"Until then: {meanwhile} {NO_DIAGNOSIS}"
    )
    return Referral(key, text, urgency, rules, day, site, side, walking, cross_training)


@rule("A09", "A10")
def routine_referrals(profile: Profile, today: date) -> tuple[Referral, ...]:
    """Return prompts to refer that stop nothing: bone health and energy, youth, childbirth.

    The questions are optional and private; what was not answered prompts nothing.
    """
    prompts = (
        ("repeat_bone_stress", profile.repeat_bone_stress, "a bone stress injury happened before",
         "bone health and energy intake"),
        ("missed_periods", profile.missed_periods, "periods were missed",
         "energy intake, hormones and bone health"),
        ("energy_intake_low", profile.energy_intake_low, "energy intake may be low",
         "energy intake and bone health"),
        ("osteoporosis", profile.osteoporosis, "osteoporosis is known",
         "how much impact is safe"),
    )  # fmt: skip
    found = [
        Referral(name, text, "routine", ("A09",), today, None, None, True, True)
        for name, applies, text in (
            ("under_18", profile.age_band == "under_18",
             "Under 18: how much running is right is for a clinician who treats young runners."),
            ("pregnant_or_postpartum", profile.pregnant_or_postpartum == "yes",
             "Pregnant or early after birth: how much running is right is for the midwife or "
             "doctor and a pelvic-health physiotherapist."),
        )
        if applies
    ]  # fmt: skip
    found += [
        Referral(
            name,
            f"To be talked about: {reported}. A sports physician should look at {topic}; the "
            "runner decides who learns of it.",
            "routine", ("A10",), today, None, None, True, True,
        )
        for name, answer, reported, topic in prompts
        if answer == "yes"
    ]  # fmt: skip
    return tuple(found)
