"""Pages made of one content: the report's parts, the runner's sheet, the referring doctor's letter.

Everything that comes from a person is escaped on the way in. Each part is a list of fragments and
drawings that a notebook shows in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from typing import Final

from matplotlib.figure import Figure

from tolerance.clinic.content import ChangeLine, Interval, LoadLine, ReportContent, RiskLine
from tolerance.clinic.figures import pain_course, week_loads
from tolerance.clinic.words import (
    LOAD_UNIT,
    MISSED,
    NOBODY_WATCHES,
    NOT_A_DIAGNOSIS,
    ONTRACX_WORDS,
    STATE_WORDS,
    URGENCY_WORDS,
    WEEKDAY_WORDS,
    WHEN_TO_CALL,
    of_100,
)
from tolerance.figures import new_figure
from tolerance.pages import Fragment, bullets, callout, heading, key_figures, paragraph, table

__all__ = ["Drawing", "Part", "letter_parts", "report_parts", "sheet_parts", "span_words"]

SHOWN_TISSUES: Final = 6
SHOWN_CRITERIA: Final = 2
SHOWN_REASONS: Final = 5
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
EXAMPLE: Final = "Example: this runner does not exist; diary and recordings are made up."


@dataclass(frozen=True)
class Drawing:
    """A figure and the words that say what it shows."""

    figure: Figure
    alt: str


type Part = Fragment | Drawing


def day_words(day: date) -> str:
    """Return a day as people say it."""
    return f"{WEEKDAY_WORDS[day.weekday()]}, {day.day} {MONTHS[day.month - 1]}"


def span_words(start: date, stop: date) -> str:
    """Return a week as people say it."""
    if start.month == stop.month:
        return f"{start.day} to {stop.day} {MONTHS[stop.month - 1]} {stop.year}"
    first = f"{start.day} {MONTHS[start.month - 1]}"
    return f"{first} to {stop.day} {MONTHS[stop.month - 1]} {stop.year}"


def report_parts(content: ReportContent) -> dict[str, list[Part]]:
    """Return the report's parts by name, in the order of the page."""
    return {
        "head": _head(content),
        "week": _week(content),
        "expect": _expect(content),
        "load": _load(content),
        "gates": _gates(content),
        "sure": _sure(content),
        "call": _call(content),
    }


def light_box(content: ReportContent, sentences: Sequence[str]) -> Fragment:
    """Return the traffic light: shape and word beside the colour."""
    light = content.light
    body = " ".join(sentences)
    return Fragment(
        f'<div class="light light-{escape(light.name)}"><p class="sign">'
        f'<span class="shape" aria-hidden="true">{escape(light.shape)}</span> '
        f"<strong>{escape(light.word)}</strong></p><p>{escape(body)}</p></div>"
    )


def _head(content: ReportContent) -> list[Part]:
    week = span_words(content.week_start, content.week_stop)
    parts: list[Part] = [
        heading(f"Runner {content.runner_id}: {week}", "; ".join(content.injuries) or "no injury")
    ]
    if content.is_example:
        parts.append(paragraph(EXAMPLE, quiet=True))
    parts.append(light_box(content, content.headline))
    urgent = [line for line in content.referrals if line.urgency != "routine"]
    if urgent:
        parts.append(
            callout(
                "Red flags",
                [f"{one.text} ({', '.join(one.rules)})" for one in urgent],
                caution=True,
            )
        )  # fmt: skip
    return parts


def _week(content: ReportContent) -> list[Part]:
    parts: list[Part] = []
    if content.sessions:
        rows = [
            (day_words(one.day), f"{one.run_minutes:.0f}", f"{one.walk_minutes:.0f}", one.words)
            for one in content.sessions
        ]
        columns = ("Day", "Run (min)", "Walk (min)", "What")
        parts.append(table("Sessions of this week", columns, rows, words=(0, 3)))
    if content.ceiling_minutes is not None and content.ceiling_longest_minutes is not None:
        parts.append(
            paragraph(
                f"This week's ceiling: {content.ceiling_minutes:.0f} minutes of running in all, "
                f"{content.ceiling_longest_minutes:.0f} in one run. More is not planned; less is "
                "fine.",
                MISSED,
            )
        )
    if content.how:
        parts.append(paragraph("How:", *content.how, content.stop_rule))
    if content.strength:
        parts.append(bullets([f"Strength, {line}" for line in content.strength]))
    if content.not_allowed:
        parts.append(paragraph(f"Not yet: {', '.join(content.not_allowed)}."))
    parts.append(paragraph(". ".join(content.other) + "."))
    if content.why:
        parts.append(Fragment("<h3>Why</h3>"))
        parts.append(
            bullets([f"{one.sentence} [{one.rule}]" if one.rule else one.sentence
                     for one in content.why[:SHOWN_REASONS]])
        )  # fmt: skip
    return parts


def risk_words(line: RiskLine) -> str:
    """Return one expected number in words."""
    return of_100(line.of_100.value, line.of_100.low, line.of_100.high)


def _expect(content: ReportContent) -> list[Part]:
    if not content.risks:
        return [paragraph("There is no dose, so nothing is expected of one.")]
    horizons = list(dict.fromkeys(line.horizon for line in content.risks))
    rows = []
    for what in dict.fromkeys(line.what for line in content.risks):
        found = {line.horizon: risk_words(line) for line in content.risks if line.what == what}
        rows.append([what, *(found.get(horizon, "") for horizon in horizons)])
    parts: list[Part] = [
        table(
            "Same-tissue reinjuries that the model expects, of 100 such runners",
            ("If this is done", *(f"In {horizon}" for horizon in horizons)),
            rows,
            words=tuple(range(len(horizons) + 1)),
        )
    ]
    sentences = list(content.what_ifs)
    if content.pain_of_100 is not None:
        pain = content.pain_of_100
        sentences.append(
            "Of 100 such weeks pain passes its limit in the hardest session in "
            f"{of_100(pain.value, pain.low, pain.high)}."
        )
    if content.goal:
        sentences.append(content.goal)
    parts.append(paragraph(*sentences))
    parts.append(
        paragraph(
            "From published rates and simulation, not checked on real injuries yet.", quiet=True
        )
    )
    return parts


def _load(content: ReportContent) -> list[Part]:
    parts: list[Part] = []
    if content.weeks and content.index_tissue:
        figure, (left, right) = new_figure(7.4, 2.3, 2)
        ceiling = next(
            (
                line.ceiling_rr.value
                for line in content.loads
                if line.is_injured and line.ceiling_rr
            ),
            None,
        )
        week_loads(left, content.weeks, ceiling)
        left.set_title(f"Load a week, {content.index_tissue}", fontsize=8.5)
        start = content.weeks[0].monday
        pain_course(right, content.pains, content.pain_limit, start, content.week_start)
        right.set_title("Pain over the same weeks", fontsize=8.5)
        parts.append(Drawing(figure, load_finding(content)))
    shown = content.loads[:SHOWN_TISSUES]
    if shown:
        parts.append(
            table(
                "Last week against plan and this week's ceiling, in reference runs",
                ("Tissue", "Done", "Ceiling then", "Ceiling now"),
                [_load_row(line) for line in shown],
            )
        )
        parts.append(paragraph(LOAD_UNIT, quiet=True))
    return parts


def load_finding(content: ReportContent) -> str:
    """Say what the figure of load and symptoms shows."""
    known = [week.load_rr.value for week in content.weeks if week.load_rr is not None]
    missing = sum(1 for week in content.weeks if week.load_rr is None)
    if not known:
        return f"No load of the {content.index_tissue} is known in {len(content.weeks)} weeks."
    words = (
        f"Weekly load of the {content.index_tissue} went from {known[0]:.1f} to {known[-1]:.1f} "
        f"reference runs over {len(content.weeks)} weeks"
    )
    words += f"; {missing} of them have no load noted. " if missing else ". "
    if content.pains:
        worst = max(content.pains, key=lambda point: point.pain)
        words += (
            f"Worst pain was {worst.pain:g} of 10 ({worst.place}, {day_words(worst.day)}); "
            f"the latest is {content.pains[-1].pain:g}."
        )
    else:
        words += "No pain score was noted."
    return words


def _range(value: Interval | None) -> str:
    if value is None:
        return "not known"
    return f"{value.value:.1f} ({value.low:.1f} to {value.high:.1f})"


def _load_row(line: LoadLine) -> tuple[str, str, str, str]:
    name = f"{line.tissue} (injured)" if line.is_injured else line.tissue
    planned = "no report then" if line.planned_rr is None else f"{line.planned_rr:.1f}"
    ceiling = "no dose" if line.ceiling_rr is None else _range(line.ceiling_rr)
    return name, _range(line.done_rr), planned, ceiling


def _gates(content: ReportContent) -> list[Part]:
    if not content.gates:
        return [paragraph("No gate: there is no injury in the list.")]
    several = len({line.injury for line in content.gates}) > 1
    lines = content.gates
    if several:
        first: dict[str, int] = {}
        lines = tuple(
            line for line in lines if first.setdefault(line.injury, 0) < 2
            and not first.update({line.injury: first[line.injury] + 1})
        )  # fmt: skip
    rows = [
        (
            f"{line.injury}: {line.gate}" if several else line.gate,
            line.mark,
            _shortened(line.detail),
            ", ".join(line.rules[:3]) + ("\u00a0…" if len(line.rules) > 3 else ""),
        )
        for line in lines
    ]
    columns = ("Gate", "Status", "What counts", "Rules")
    return [table("Gates: passed, not passed, missing", columns, rows, words=(0, 1, 2, 3))]


def _shortened(detail: str) -> str:
    criteria = detail.split("; ")
    shown = "; ".join(criteria[:SHOWN_CRITERIA])
    more = len(criteria) - SHOWN_CRITERIA
    return f"{shown}; and {more} more" if more > 0 else shown


def _sure(content: ReportContent) -> list[Part]:
    lines = []
    for line in content.knowledge:
        lines.append(
            f"{line.tissue}: {line.own_percent} % from this runner's own data ({line.n_reports} "
            f"runs with a pain score), the rest from the prior: {line.words}."
        )
    lines += content.quality
    lines.append(content.model_note)
    parts: list[Part] = [bullets(lines)]
    if content.left_out:
        parts.append(paragraph("Left out or read otherwise: " + "; ".join(content.left_out[:4])))
    changes = [line for line in content.changes if line.before is not None][:5]
    changes = changes or list(content.changes[:3])
    words = list(content.since_last)
    words += [change_words(change) for change in changes]
    parts.append(Fragment("<h3>What changed</h3>"))
    parts.append(bullets(words))
    return parts


def change_words(line: ChangeLine) -> str:
    """Say what a result was and is."""
    before = "" if line.before is None else f"{line.before:g} to "
    return f"{line.what}: {before}{line.now:g} {line.unit}, {line.words}."


def _call(content: ReportContent) -> list[Part]:
    parts: list[Part] = []
    todo = [*content.to_do, *content.cautions]
    todo += [f"At the next visit: {one.text}" for one in content.referrals
             if one.urgency == "routine"]  # fmt: skip
    if todo:
        parts.append(callout("For the clinician", todo))
    sign, state = STATE_WORDS[content.triage.state]
    ontracx = ONTRACX_WORDS[content.triage.ontracx_state]
    checks = ", ".join(content.triage.ontracx_checks) or "none"
    parts.append(
        paragraph(
            f"Follow-up: {sign} {state}. OnTracx's public four checks say {ontracx} (yes: "
            f"{checks})."
        )
    )
    parts.append(callout(f"Call {content.call} if", WHEN_TO_CALL, caution=True))
    parts.append(paragraph(NOBODY_WATCHES, NOT_A_DIAGNOSIS, quiet=True))
    return parts


# ---- the runner's sheet ---------------------------------------------------------------------


def sheet_parts(content: ReportContent) -> list[Part]:
    """Return the runner's one page: short words, what to do, when to stop, whom to call."""
    week = span_words(content.week_start, content.week_stop)
    parts: list[Part] = [heading("Your running week", f"{week}. Runner {content.runner_id}.")]
    if content.is_example:
        parts.append(paragraph(EXAMPLE, quiet=True))
    parts.append(light_box(content, (_sheet_sentence(content),)))
    urgent = [one for one in content.referrals if one.urgency != "routine"]
    if urgent:
        lines = [one.text for one in urgent]
        parts.append(callout("Get this looked at", lines, caution=True))
    if content.sessions:
        rows = [(day_words(one.day), one.words) for one in content.sessions]
        parts.append(table("What to do", ("Day", "Do this"), rows, words=(0, 1)))
    if content.ceiling_minutes is not None and content.ceiling_longest_minutes is not None:
        parts.append(
            key_figures(
                [
                    ("Most running this week", f"{content.ceiling_minutes:.0f} min", "all runs"),
                    ("Most in one run", f"{content.ceiling_longest_minutes:.0f} min", "easy"),
                ]
            )
        )
    limit = 3.0 if content.pain_limit is None else content.pain_limit
    if content.light.name in ("go", "hold"):
        parts.append(
            bullets(
                [
                    f"● Continue: pain stays at {limit:.0f} of 10 or less and is gone by the next "
                    "day.",
                    f"▲ Change: pain goes above {limit:.0f} of 10, or it is still there the next "
                    "morning. Walk home. Do less in your next two runs. Tell us.",
                    "■ Stop: sharp pain, a limp, or one of the signs below. Do not run. Call.",
                ]
            )
        )
        parts.append(paragraph(MISSED))
    parts.append(callout(f"Call {content.call} if", WHEN_TO_CALL, caution=True))
    parts.append(paragraph("Fill in your week on Sunday. It takes two minutes.", NOBODY_WATCHES))
    parts.append(paragraph("This sheet is advice, not a diagnosis.", quiet=True))
    return parts


def _sheet_sentence(content: ReportContent) -> str:
    return {
        "go": "You may run this week. Keep to the plan.",
        "hold": "You may run this week, but do not do more than last week."
        if content.light.word == "Hold"
        else "Do less this week than last week.",
        "stop": "Do not run this week.",
        "see_somebody": "Do not run. Somebody has to look at you first.",
    }[content.light.name]


# ---- the letter -------------------------------------------------------------------------------


def letter_parts(content: ReportContent) -> list[Part]:
    """Return the letter for the referring doctor: plan on top, brief, who does what by when."""
    stop = content.week_stop + timedelta(days=1)
    parts: list[Part] = [
        heading(
            f"Return to running: runner {content.runner_id}",
            f"{content.day.day} {MONTHS[content.day.month - 1]} {content.day.year}. "
            + ("; ".join(content.injuries) or "No injury in the list."),
        )
    ]
    if content.is_example:
        parts.append(paragraph(EXAMPLE, quiet=True))
    parts.append(Fragment("<h2>Plan</h2>"))
    parts.append(light_box(content, content.headline))
    who = [
        one.text if one.urgency != "routine" else f"{URGENCY_WORDS[one.urgency]}: {one.text}"
        for one in content.referrals
    ]
    who += [f"By {day_words(stop)}: {line}" for line in content.to_do[:3]]
    who.append(f"{day_words(stop)}: next report. The runner calls {content.call} before that if a "
               "warning sign appears.")  # fmt: skip
    parts.append(Fragment("<h2>Who does what by when</h2>"))
    parts.append(bullets(who))
    parts.append(Fragment("<h2>Course</h2>"))
    course = [load_finding(content)] if content.index_tissue else []
    course += [
        f"{line.gate}: {line.mark}. {_shortened(line.detail)}." for line in content.gates[:2]
    ]
    for line in content.changes[:3]:
        before = "" if line.before is None else f"{line.before:g} to "
        course.append(f"{line.what}: {before}{line.now:g} {line.unit}, {line.words}.")
    parts.append(bullets(course or ["No course is known yet."]))
    parts.append(Fragment("<h2>Expected</h2>"))
    lines = [
        f"{line.what}, in {line.horizon}: the model expects {risk_words(line)} to have a reinjury "
        "of the same tissue."
        for line in content.risks
        if line.what == content.risks[0].what
    ]
    parts.append(bullets(lines or ["No dose was planned, so none is forecast."]))
    parts.append(paragraph(NOT_A_DIAGNOSIS, quiet=True))
    return parts
