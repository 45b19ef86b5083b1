"""English words of the clinic's pages, in one place so that another language can stand beside."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
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
    "SAYINGS",
    "STATE_WORDS",
    "UNIT_WORDS",
    "URGENCY_WORDS",
    "WEEKDAY_WORDS",
    "WHEN_TO_CALL",
    "date_words",
    "day_words",
    "load_words",
    "minutes_words",
    "of_100",
    "say",
    "span_words",
    "unit_words",
]

WEEKDAY_WORDS: Final = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
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
    "minutes": "Minutes (of a run: without walks)",
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
    "trial": (
        "hold",
        "Try a little",
        "▲",
        "A small week to try: the model alone cannot show that pain stays away.",
    ),
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


SAYINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # The report's head and week.
        "title": "Runner {runner}: {week}",
        "no_injury": "no injury",
        "example": "Example: this runner does not exist; diary and recordings are made up.",
        "red_flags": "Red flags",
        "ruled": "{words} ({rules})",
        "sessions": "Sessions of this week",
        "session_columns": "Day|Run (min)|Walk (min)|What",
        "ceiling": "This week's ceiling: {minutes} minutes of running in all, {longest} in one "
        "run. More is not planned; less is fine.",
        "strength": "Strength, {line}",
        "not_yet": "Not yet: {what}.",
        "why": "Why",
        "why_more": "{n} further reasons are in the data beside this page.",
        "binds": "What binds: {sentence}",
        "of_rule": "{sentence} [{rule}]",
        "injury": "{name}, {side}, since {onset}, stage {stage} of 4",
        "unlisted": "{name} (not in the list)",
        "both_sides": "both sides",
        "one_run": "1 run",
        "several_runs": "{n} runs",
        "week_sum": "{runs} with {sum} minutes of running in all; this week's ceiling is "
        "{minutes} minutes, {longest} in one run.",
        "rules_hold": "There is no dose from the model; the rules below hold.",
        "strength_day": "{day}: {items}.",
        "and": " and ",
        "running": "running",
        "hills": "hills",
        "fast": "fast running",
        "consecutive": "running on two days in a row",
        "how_before": "Before",
        "how_pace": "Pace",
        "how_cadence": "Step rate",
        "how_ground": "Ground",
        "how_mind": "Mind",
        "how_after": "After",
        "how_stop": "Stop",
        "how_shoes": "Shoes",
        "how_instead": "Besides",
        "how_closed": "Closed",
        "how_walk": "walking",
        "how_strength": "strength work",
        "how_hops": "hops and jumps",
        "how_race": "Race",
        "race": "{race} on {day}, {weeks} weeks ahead: {outlook}.",
        "race_go_on": "it can stand as a goal",
        "race_shorter_or_later": "take a shorter or a later one",
        "race_not_this_race": "not this race",
        "race_instead": "Instead: {what}.",
        "race_steps": "Open on the way to racing: {what}.",
        # What the model expects.
        "no_dose": "There is no dose from the model this week, so it expects nothing of one.",
        "risks": "Same-tissue reinjuries that the model expects, of 100 such runners",
        "risk_first": "If this is done",
        "risk_horizon": "In {horizon}",
        "pain_weeks": "Such weeks in which pain passes {limit} of 10 in the hardest session: "
        "{number}.",
        "unchecked": "From published rates and simulation, not checked on real injuries yet.",
        # Load and symptoms.
        "load_title": "Load a week, {tissue}",
        "pain_title": "Pain over the same weeks",
        "load_table": "Last week against plan and this week's ceiling, in reference runs",
        "load_columns": "Tissue|Done|Ceiling then|Ceiling now",
        "load_unknown": "No load of the {tissue} is known in {weeks} weeks.",
        "load_course": "Weekly load of the {tissue} went from {first} to {last} reference runs "
        "over {weeks} weeks",
        "load_gaps": "; {missing} of them have no load noted. ",
        "load_whole": ". ",
        "pain_course": "Worst pain was {worst:g} of 10 ({place}, {day}); the latest is {last:g}.",
        "pain_none": "No pain score was noted.",
        "range": "{value} ({low} to {high})",
        "unknown": "not known",
        "injured": "{tissue} (injured)",
        "no_report": "no report then",
        "no_ceiling": "no dose",
        # Gates.
        "no_gate": "No gate: there is no injury in the list.",
        "gates": "Gates: passed, not passed, missing",
        "gate_columns": "Gate|Status|What counts|Rules",
        "gate_of": "{injury}: {gate}",
        "and_more": "{shown}; and {more} more",
        # How sure, and what changed.
        "known": "{tissue}: {own} % from this runner's own data ({n} with a pain score), the rest "
        "from the prior: {words}.",
        "known_prior": "not enough data yet: this is the prior",
        "known_mostly_prior": "mostly the prior",
        "known_both": "the runner's own data and the prior together",
        "left_out": "Left out or read otherwise: {what}",
        "changed": "What changed",
        "change": "{what}: {before}{now:g} {unit}, {words}.",
        "change_before": "{before:g} to ",
        "uwri": "UWRI (36: as before the injury)",
        "ostrc": "OSTRC-H2 (0: no problem)",
        "points": "points",
        "test_side": "{test}, {side}",
        "first_result": "first result",
        "not_detectable": "detectable change not known",
        "within_noise": "within noise (detectable from {detectable:g})",
        "beyond_noise": "beyond noise (detectable from {detectable:g})",
        "first_report": "This is the first report.",
        "last_report": "The last report is of {day}.",
        "light_changed": "The light went from “{before}” to “{now}”.",
        "ceiling_changed": "The ceiling went from {before} to {now} minutes a week.",
        "adherence": "{planned} runs were planned, {done} were noted.",
        "days_known": "Of the last 28 days {days} have an entry; {missing} are not known.",
        "measured": "{measured} of {runs} runs were measured by a sensor or watch; the others are "
        "estimated from the diary, with wider ranges.",
        "answered": "Pain was noted for {answered} of {runs} runs.",
        "few_draws": "The estimate rests on few effective draws ({ess:.0f}): its ranges are rough.",
        "no_estimate": "No model estimate: rules only.",
        "origin": "The estimate starts from {origin}.",
        "origin_prior": "published values and judgement (prior)",
        "origin_prior_and_pmdata": "published values, judgement and one public data set",
        "origin_simulated": "simulated runners",
        "repetitions": "Whether an exercise repetition loads like a running step (R04, R05) or "
        "only by its force is not settled: the four weeks before come to {as_step} or {by_force} "
        "reference runs a week at the {tissue}, this week to {up_step} or {up_force} times that.",
        "repetitions_dose": " Planned would be {as_step} or {by_force} minutes of running.",
        "repetitions_same": " Either way {minutes} minutes of running would be planned.",
        # Next steps.
        "clinician": "For the clinician",
        "routine": "At the next visit: {words}",
        "gait": "When the gait is seen, at training and race pace: {what}.",
        "ask": "Ask: {questions}",
        "ask_more": "Ask: {questions} (and {n} more)",
        "tests": "Tests that would settle a gate: {words}.",
        "withheld": "No hop or impact tests while a bone stress injury is suspected.",
        "follow_up": "Follow-up: {sign} {state}. OnTracx's public four checks say {ontracx} (yes: "
        "{checks}).",
        "none": "none",
        "call_if": "Call {call} if",
        "your_clinician": "your clinician",
        "call": "{who}, {contact}",
        # The runner's sheet.
        "sheet_title": "Your running week",
        "sheet_lead": "{week}. Runner {runner}.",
        "sheet_seen": "Get this looked at",
        "sheet_todo": "What to do",
        "sheet_columns": "Day|Do this",
        "sheet_most": "Most running this week",
        "sheet_all": "all runs",
        "sheet_longest": "Most in one run",
        "sheet_easy": "easy",
        "sheet_minutes": "{minutes} min",
        "sheet_continue": "● Continue: pain stays at {limit:g} of 10 or less and is gone by the "
        "next day.",
        "sheet_change": "▲ Change: pain goes above {limit:g} of 10, or it is still there the next "
        "morning. Walk home. Do less in your next two runs. Tell us.",
        "sheet_stop": "■ Stop: sharp pain, a limp, or one of the signs below. Do not run. Call.",
        "sheet_fill": "Fill in your week on Sunday. It takes two minutes.",
        "sheet_advice": "This sheet is advice, not a diagnosis.",
        "sheet_go": "You may run this week. Keep to the plan.",
        "sheet_hold": "You may run this week, but do not do more than last week.",
        "sheet_less": "Do less this week than last week.",
        "sheet_try": "Try the short runs below. Do no more than that. Write down how it felt.",
        "sheet_rules": "Ask us before you run more than now.",
        "sheet_no_run": "Do not run this week.",
        "sheet_see": "Do not run. Somebody has to look at you first.",
        # The letter.
        "letter_title": "Return to running: runner {runner}",
        "letter_lead": "{day}. {injuries}.",
        "letter_no_injury": "No injury in the list",
        "letter_plan": "Plan",
        "letter_who": "Who does what by when",
        "letter_by": "By {day}: {what}",
        "letter_next": "{day}: next report. The runner calls {call} before that if a warning sign "
        "appears.",
        "letter_course": "Course",
        "letter_gate": "{gate}: {mark}. {detail}.",
        "letter_no_course": "No course is known yet.",
        "letter_expected": "Expected",
        "letter_risk": "{what}, in {horizon}: the model expects {number}, to have a reinjury of "
        "the same tissue.",
        "letter_no_dose": "No dose was planned, so none is forecast.",
    }
)
"""Sentences and labels of report, sheet and letter, with places for what is put in. ``|`` parts
the heads of a table."""


def say(key: str, /, **values: object) -> str:
    """Return a sentence of :data:`SAYINGS` with its values put in."""
    return SAYINGS[key].format(**values)


def date_words(day: date) -> str:
    """Return a date as people write it."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def day_words(day: date) -> str:
    """Return a day as people say it."""
    return f"{WEEKDAY_WORDS[day.weekday()]}, {day.day} {MONTHS[day.month - 1]}"


def span_words(start: date, stop: date) -> str:
    """Return a week as people say it."""
    if start.month == stop.month:
        return f"{start.day} to {date_words(stop)}"
    return f"{start.day} {MONTHS[start.month - 1]} to {date_words(stop)}"


def minutes_words(minutes: float) -> str:
    """Return minutes without a false digit: one decimal where it is not whole."""
    return f"{round(minutes, 1):g}"


def load_words(load_rr: float) -> str:
    """Return a load in reference runs: one decimal, two below one."""
    return f"{load_rr:.2f}" if abs(load_rr) < 0.995 else f"{load_rr:.1f}"


def unit_words(site: str, tissue: str, side: str) -> str:
    """Return what a unit is called."""
    return f"{side} {UNIT_WORDS.get((site, tissue), f'{site} ({tissue})')}"


def of_100(value: float, low: float, high: float) -> str:
    """Return expected numbers of 100 with their range."""
    if round(value) < 1:
        return f"fewer than 1 of 100, range {low:.0f} to {max(high, 1.0):.0f}"
    return f"about {value:.0f} of 100, range {low:.0f} to {high:.0f}"
