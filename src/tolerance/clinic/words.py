"""English words of the clinic's pages, in one place so that another language can stand beside."""

from typing import Final

__all__ = [
    "FOLLOW_UP_COLUMNS",
    "FOLLOW_UP_WORDS",
    "FORM_LABELS",
    "FORM_WORDS",
    "GATE_MARKS",
    "GATE_WORDS",
    "LIGHTS",
    "LIMIT_WORDS",
    "LOAD_UNIT",
    "MISSED",
    "NOBODY_WATCHES",
    "NOT_A_DIAGNOSIS",
    "ONTRACX_WORDS",
    "STATE_WORDS",
    "UNIT_WORDS",
    "URGENCY_WORDS",
    "WEEKDAY_WORDS",
    "WHEN_TO_CALL",
    "of_100",
    "unit_words",
]

WEEKDAY_WORDS: Final = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip

FORM_WORDS: Final = {
    "title": "Your running week",
    "lead": "Two minutes, once a week. Leave empty what you do not know.",
    "runner": "Runner",
    "required": "needed",
    "needed": "Please fill this in, or remove the entry.",
    "no_answer": "no answer",
    "more": "More, if you like",
    "remove": "Remove this entry",
    "sessions": "What did you do?",
    "session": "Session",
    "add_session": "Add a session",
    "rest": "Days on which you rested",
    "week_of": "Week that begins on (a Monday)",
    "symptoms": "How did it feel?",
    "symptoms_lead": "One entry for each run, or one for the week. 0 is no pain, 10 the worst "
    "you can think of.",
    "symptom": "Entry",
    "add_symptom": "Add an entry",
    "flags": "Warning signs",
    "flags_lead": "Please read each one. The button below answers no to all that you left open.",
    "no_to_all": "I have read them all: no to the rest",
    "all_no": "All warning signs that were open are now answered with no.",
    "yes": "yes",
    "no": "no",
    "questions": "Questions about the week",
    "paraphrased": "The wording is shortened here; the points are the authors':",
    "save_title": "Save",
    "save_lead": "The button saves one file. Put it into the folder called inbox, or send it the "
    "way you agreed on. Nothing leaves this page by itself.",
    "save": "Save my week",
    "saved": "Saved. The file is in your downloads.",
    "flagged": "Saved. You answered yes to a warning sign: do not run, and call your clinician "
    "today. Nobody watches these files between visits.",
    "disclaimer": "This is research software. It gives no diagnosis and does not replace a visit.",
}
"""Words of the entry form."""

FORM_LABELS: Final = {
    "date": "Date",
    "activity": "What",
    "minutes": "Minutes (running only)",
    "walk_minutes": "Minutes walked between",
    "distance_km": "Kilometres",
    "rpe": "Effort, 0 to 10",
    "kind": "Kind of run",
    "surface": "Ground",
    "grade_pct": "Slope in percent",
    "descent_m": "Metres downhill",
    "shoe": "Which shoes",
    "repetitions": "Repetitions a side",
    "exercise": "Exercise",
    "heavy_calf": "Heavy calf work",
    "note": "Anything else",
    "site": "Where",
    "side": "Side",
    "pain_before": "Pain before, 0 to 10",
    "pain_during": "Worst pain in the run, 0 to 10",
    "trend": "Pain in the run was",
    "pain_after": "Pain after, 0 to 10",
    "pain_next_morning": "Pain next morning, 0 to 10",
    "pain_baseline": "Usual pain, 0 to 10",
    "settled_24h": "Back to usual within a day",
    "stiffness_min": "Morning stiffness, minutes",
    "limp": "Limping",
    "swelling": "Swelling",
    "hop_pain": "Pain on a hop, 0 to 10",
    "analgesic": "Painkiller the day before",
}
"""Labels of the form's fields, by column."""

LIGHTS: Final = {
    "plan": ("go", "Go on", "●", "The plan goes on as written below."),
    "hold": ("hold", "Hold", "▲", "Running goes on, but the load does not rise."),
    "reduce": ("hold", "Less", "▲", "Running goes on with less load."),
    "no_run": ("stop", "No running", "■", "No running until what is missing has passed."),
    "rules_only": ("hold", "Rules only", "▲", "No dose from the model: rules and advice only."),
    "referral": (
        "see_somebody",
        "See somebody",
        "◆",
        "No plan until somebody has looked.",
    ),
}
"""Name, word, shape and meaning of the traffic light, by verdict."""

UNIT_WORDS: Final = {
    ("shin", "bone"): "shin bone",
    ("achilles", "tendon"): "Achilles tendon",
    ("knee", "cartilage"): "kneecap joint",
    ("knee", "tendon"): "tendon at the knee",
    ("knee", "fascia"): "outside of the knee (iliotibial band)",
    ("calf", "muscle"): "calf muscle",
    ("foot", "fascia"): "sole of the foot (plantar fascia)",
    ("foot", "bone"): "bone of the foot",
    ("groin", "bone"): "neck of the thigh bone",
    ("groin", "tendon"): "tendon at the groin",
    ("hip", "tendon"): "tendon at the hip",
    ("hamstring", "tendon"): "hamstring tendon",
    ("hamstring", "muscle"): "hamstring muscle",
    ("ankle", "cartilage"): "ankle joint",
}
"""What a unit is called, after its side."""

GATE_WORDS: Final = {
    "start_running": "Start running",
    "mechanics": "Longer runs, tired legs (stage 3)",
    "full_load": "Full load (stage 4)",
    "hills": "Hills",
    "speed": "Fast running",
    "sprint": "Sprinting",
}
GATE_MARKS: Final = {
    "passed": "●\u00a0passed",
    "failed": "■\u00a0not\u00a0passed",
    "missing": "▲\u00a0missing",
}
URGENCY_WORDS: Final = {
    "today": "Today",
    "this_week": "This week",
    "routine": "At the next visit",
}
LIMIT_WORDS: Final = {
    "pain": "the chance of pain above its limit",
    "settling": "the chance that it has not settled within a day",
    "weekly_risk": "the risk of a reinjury in the week",
    "target_risk": "the risk of a reinjury up to the target",
}
"""What holds a week back, by the dose's limits."""

STATE_WORDS: Final = {
    "red_flag": ("◆", "Red flag"),
    "hard_off": ("■", "Hard off"),
    "no_data": ("○", "No data"),
    "soft_off": ("▲", "Soft off"),
    "on_track": ("●", "On track"),
}
ONTRACX_WORDS: Final = {"on": "on", "soft_off": "soft off", "hard_off": "hard off"}

WHEN_TO_CALL: Final = (
    "Pain at night or at rest, or one spot on a bone that is sore to a fingertip.",
    "The groin hurts when you land.",
    "A pop, a bruise, a swollen warm calf, a joint that swells or gives way.",
    "Numbness, weakness, fever, chest pain or fainting: at once.",
    "Pain that grows from run to run although you do less.",
)
NOT_A_DIAGNOSIS: Final = (
    "This page supports a decision and makes none: it is not a diagnosis and not a medical device. "
    "Expected reinjuries come from published rates and simulation; they have not been checked on "
    "real injuries yet."
)
NOBODY_WATCHES: Final = "Nobody watches these entries between visits."
MISSED: Final = "Missed sessions are never made up: go on with the next one."
LOAD_UNIT: Final = (
    "One reference run is 30 minutes of easy, flat running by this runner; load is weighted by how "
    "strongly the tissue's damage grows with force."
)


FOLLOW_UP_COLUMNS: Final = (
    ("state", "State"),
    ("runner", "Runner"),
    ("why", "Why"),
    ("last", "Last entry"),
    ("adherence", "Runs done of planned"),
    ("load", "Load of last ceiling"),
    ("pain", "Latest pain, and change on the week before"),
    ("ontracx", "OnTracx's public checks"),
)
"""Columns of the follow-up list: key and head."""

FOLLOW_UP_WORDS: Final = {
    "title": "Follow-up: whom to call",
    "skip": "Skip to the list",
    "example": "Examples: none of these runners exists.",
    "show": "Show",
    "find": "Find in names and reasons",
    "shown": "shown of",
    "caption": "Runners in order of need",
    "nothing": "nothing to report",
    "how": "How to read this list",
    "notes": "◆ Red flag: a warning sign is open; somebody has to look. ■ Hard off: no running, or "
    "less load, or far beyond the ceiling. ○ No data: nothing was heard for too long. ▲ Soft off: "
    "hold, or ask. ● On track.\n"
    "Each reason ends with its rule; docs/rules.md says what the rule is. Limits are in "
    "params.yaml, follow_up.\n"
    "OnTracx's four public checks stand beside ours: latest pain above 4, pain rising, load above "
    "target, more than three weeks above target. Its load target is read as 15 % above the three "
    "weeks before.\n"
    "Nobody watches this list by itself: it is as old as its date. It is no diagnosis and no "
    "medical device.",
}
"""Words of the follow-up list."""


def unit_words(site: str, tissue: str, side: str) -> str:
    """Return what a unit is called."""
    return f"{side} {UNIT_WORDS.get((site, tissue), f'{site} ({tissue})')}"


def of_100(value: float, low: float, high: float) -> str:
    """Return expected numbers of 100 with their range."""
    if round(value) < 1:
        return f"fewer than 1 of 100, range {low:.0f} to {max(high, 1.0):.0f}"
    return f"about {value:.0f} of 100, range {low:.0f} to {high:.0f}"
