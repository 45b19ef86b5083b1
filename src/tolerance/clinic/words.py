"""English words of the clinic's pages, in one place so that another language can stand beside."""

from typing import Final

__all__ = ["FORM_LABELS", "FORM_WORDS", "WEEKDAY_WORDS"]

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
