"""Pages made of one content: the report's parts, the runner's sheet, the referring doctor's letter.

Everything that comes from a person is escaped on the way in. Each part is a list of fragments and
drawings that a notebook shows in order. Every English word is in :mod:`tolerance.clinic.words`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from typing import Final

from matplotlib.figure import Figure

from tolerance.clinic.content import (
    ChangeLine,
    GuidanceLine,
    Interval,
    LoadLine,
    ReportContent,
    RiskLine,
)
from tolerance.clinic.figures import pain_course, week_loads
from tolerance.clinic.words import (
    LOAD_UNIT,
    MISSED,
    NOBODY_WATCHES,
    NOT_A_DIAGNOSIS,
    ONTRACX_WORDS,
    STATE_WORDS,
    WHEN_TO_CALL,
    date_words,
    day_words,
    load_words,
    minutes_words,
    of_100,
    say,
    span_words,
)
from tolerance.figures import new_figure
from tolerance.pages import Fragment, bullets, callout, heading, key_figures, paragraph, table

__all__ = [
    "Drawing",
    "Part",
    "letter_parts",
    "report_parts",
    "risk_words",
    "sheet_parts",
]

SHOWN_TISSUES: Final = 6
SHOWN_CRITERIA: Final = 2
"""Of the first gate that is not passed; later ones show one."""
TELLING_RATIO: Final = 1.25
"""Readings of a repetition that differ by less say the same."""
SHOWN_REASONS: Final = 5
SHOWN_RACE: Final = 3
DEFAULT_PAIN_LIMIT: Final = 3.0
"""On the sheet of a runner without an injury in the list (R38)."""


@dataclass(frozen=True)
class Drawing:
    """A figure and the words that say what it shows."""

    figure: Figure
    alt: str


type Part = Fragment | Drawing


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


def labelled(lines: Sequence[GuidanceLine]) -> Fragment:
    """Return labels with what belongs to them."""
    rows = "".join(
        f"<div><dt>{escape(line.what)}</dt><dd>{escape(line.words)}</dd></div>" for line in lines
    )
    return Fragment(f'<dl class="labelled">{rows}</dl>')


def _columns(key: str) -> tuple[str, ...]:
    return tuple(say(key).split("|"))


def _subtitle(key: str, level: int = 3) -> Fragment:
    return Fragment(f"<h{level}>{escape(say(key))}</h{level}>")


def _head(content: ReportContent) -> list[Part]:
    week = span_words(content.week_start, content.week_stop)
    parts: list[Part] = [
        heading(
            say("title", runner=content.runner_id, week=week),
            _first_upper("; ".join(content.injuries) or say("no_injury")),
        )
    ]
    if content.is_example:
        parts.append(paragraph(say("example"), quiet=True))
    parts.append(light_box(content, content.headline))
    urgent = [line for line in content.referrals if line.urgency != "routine"]
    if urgent:
        lines = [say("ruled", words=one.text, rules=", ".join(one.rules)) for one in urgent]
        parts.append(callout(say("red_flags"), lines, caution=True))
    return parts


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _week(content: ReportContent) -> list[Part]:
    parts: list[Part] = []
    if content.sessions:
        rows = [
            (
                day_words(one.day),
                minutes_words(one.run_minutes),
                minutes_words(one.walk_minutes),
                one.words,
            )
            for one in content.sessions
        ]
        parts.append(table(say("sessions"), _columns("session_columns"), rows, words=(0, 3)))
    if content.ceiling_minutes is not None and content.ceiling_longest_minutes is not None:
        ceiling = say(
            "ceiling",
            minutes=minutes_words(content.ceiling_minutes),
            longest=minutes_words(content.ceiling_longest_minutes),
        )
        parts.append(paragraph(ceiling, MISSED))
    if content.not_allowed:
        parts.append(paragraph(say("not_yet", what=", ".join(content.not_allowed))))
    if content.how:
        parts.append(labelled(content.how))
    if content.strength:
        parts.append(bullets([say("strength", line=line) for line in content.strength]))
    if content.why:
        parts.append(_subtitle("why"))
        shown = [
            say("of_rule", sentence=one.sentence, rule=one.rule) if one.rule else one.sentence
            for one in content.why[:SHOWN_REASONS]
        ]
        more = len(content.why) - len(shown)
        parts.append(bullets([*shown, say("why_more", n=more)] if more > 0 else shown))
    return parts


def risk_words(line: RiskLine) -> str:
    """Return one expected number in words."""
    return _of_100(line.of_100)


def _of_100(value: Interval) -> str:
    return of_100(value.value, value.low, value.high)


def _expect(content: ReportContent) -> list[Part]:
    if not content.risks:
        return [paragraph(say("no_dose"))]
    horizons = list(dict.fromkeys(line.horizon for line in content.risks))
    rows = []
    for what in dict.fromkeys(line.what for line in content.risks):
        found = {line.horizon: risk_words(line) for line in content.risks if line.what == what}
        rows.append([what, *(found.get(horizon, "") for horizon in horizons)])
    parts: list[Part] = [
        table(
            say("risks"),
            (say("risk_first"), *(say("risk_horizon", horizon=one) for one in horizons)),
            rows,
            words=tuple(range(len(horizons) + 1)),
        )
    ]
    sentences = [*content.what_ifs, *_pain_sentence(content)]
    if content.goal:
        sentences.append(content.goal)
    parts.append(paragraph(*sentences))
    parts.append(paragraph(say("unchecked"), quiet=True))
    return parts


def _pain_sentence(content: ReportContent) -> list[str]:
    if content.pain_of_100 is None or content.pain_limit is None:
        return []
    limit = f"{content.pain_limit:g}"
    return [say("pain_weeks", limit=limit, number=_of_100(content.pain_of_100))]


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
        left.set_title(say("load_title", tissue=content.index_tissue), fontsize=8.5)
        start = content.weeks[0].monday
        pain_course(right, content.pains, content.pain_limit, start, content.week_start)
        right.set_title(say("pain_title"), fontsize=8.5)
        parts.append(Drawing(figure, load_finding(content)))
    shown = content.loads[:SHOWN_TISSUES]
    if shown:
        rows = [_load_row(line) for line in shown]
        parts.append(table(say("load_table"), _columns("load_columns"), rows))
        parts.append(paragraph(LOAD_UNIT, quiet=True))
    return parts


def load_finding(content: ReportContent) -> str:
    """Say what the figure of load and symptoms shows."""
    tissue, weeks = content.index_tissue, len(content.weeks)
    known = [week.load_rr.value for week in content.weeks if week.load_rr is not None]
    missing = sum(1 for week in content.weeks if week.load_rr is None)
    if not known:
        return say("load_unknown", tissue=tissue, weeks=weeks)
    first, last = load_words(known[0]), load_words(known[-1])
    words = say("load_course", tissue=tissue, first=first, last=last, weeks=weeks)
    words += say("load_gaps", missing=missing) if missing else say("load_whole")
    if not content.pains:
        return words + say("pain_none")
    worst = max(content.pains, key=lambda point: point.pain)
    return words + say(
        "pain_course",
        worst=worst.pain,
        place=worst.place,
        day=day_words(worst.day),
        last=content.pains[-1].pain,
    )


def _range(value: Interval | None) -> str:
    if value is None:
        return say("unknown")
    low, high = load_words(value.low), load_words(value.high)
    return say("range", value=load_words(value.value), low=low, high=high)


def _load_row(line: LoadLine) -> tuple[str, str, str, str]:
    name = say("injured", tissue=line.tissue) if line.is_injured else line.tissue
    planned = say("no_report") if line.planned_rr is None else load_words(line.planned_rr)
    ceiling = say("no_ceiling") if line.ceiling_rr is None else _range(line.ceiling_rr)
    return name, _range(line.done_rr), planned, ceiling


def _gates(content: ReportContent) -> list[Part]:
    if not content.gates:
        return [paragraph(say("no_gate"))]
    several = len({line.injury for line in content.gates}) > 1
    lines = content.gates
    if several:
        first: dict[str, int] = {}
        lines = tuple(
            line for line in lines if first.setdefault(line.injury, 0) < 2
            and not first.update({line.injury: first[line.injury] + 1})
        )  # fmt: skip
    rows, is_open = [], False
    for line in lines:
        later, is_open = is_open, is_open or line.status != "passed"
        rows.append(
            (
                say("gate_of", injury=line.injury, gate=line.gate) if several else line.gate,
                line.mark,
                _shortened(line.detail, 1 if later else SHOWN_CRITERIA),
                ", ".join(line.rules[:3]) + ("\u00a0…" if len(line.rules) > 3 else ""),
            )
        )
    return [table(say("gates"), _columns("gate_columns"), rows, words=(0, 1, 2, 3))]


def _shortened(detail: str, n: int = SHOWN_CRITERIA) -> str:
    criteria = detail.split("; ")
    shown = "; ".join(criteria[:n])
    more = len(criteria) - n
    return say("and_more", shown=shown, more=more) if more > 0 else shown


def _runs(n: int) -> str:
    return say("one_run") if n == 1 else say("several_runs", n=n)


def _sure(content: ReportContent) -> list[Part]:
    lines = [
        _first_upper(
            say(
                "known",
                tissue=line.tissue,
                own=line.own_percent,
                n=_runs(line.n_reports),
                words=line.words,
            )
        )
        for line in content.knowledge
    ]
    lines.append(" ".join((*content.quality, content.model_note)))
    lines += _repetitions(content)
    parts: list[Part] = [bullets(lines)]
    if content.left_out:
        parts.append(paragraph(say("left_out", what="; ".join(content.left_out[:4]))))
    changes = [line for line in content.changes if line.before is not None][:5]
    changes = changes or list(content.changes[:3])
    words = [" ".join(content.since_last)]
    words += [change_words(change) for change in changes]
    parts.append(_subtitle("changed"))
    parts.append(bullets(words))
    return parts


def _repetitions(content: ReportContent) -> list[str]:
    """Return what hangs on a repetition where the two readings say different things."""
    line = content.repetitions
    if line is None:
        return []
    low, high = sorted((line.step_up_as_step, line.step_up_by_force))
    tells = high > TELLING_RATIO * low or line.minutes_as_step != line.minutes_by_force
    return [line.words] if tells else []


def change_words(line: ChangeLine) -> str:
    """Say what a result was and is."""
    before = "" if line.before is None else say("change_before", before=line.before)
    what = _first_upper(line.what)
    return say("change", what=what, before=before, now=line.now, unit=line.unit, words=line.words)


def _call(content: ReportContent) -> list[Part]:
    parts: list[Part] = []
    todo = [*content.to_do, *content.cautions]
    if content.gait:
        todo.append(say("gait", what="; ".join(content.gait)))
    todo += [
        say("routine", words=one.text) for one in content.referrals if one.urgency == "routine"
    ]
    if todo:
        parts.append(callout(say("clinician"), todo))
    sign, state = STATE_WORDS[content.triage.state]
    ontracx = ONTRACX_WORDS[content.triage.ontracx_state]
    checks = ", ".join(content.triage.ontracx_checks) or say("none")
    parts.append(
        paragraph(say("follow_up", sign=sign, state=state, ontracx=ontracx, checks=checks))
    )
    parts.append(callout(say("call_if", call=content.call), WHEN_TO_CALL, caution=True))
    parts.append(paragraph(NOBODY_WATCHES, NOT_A_DIAGNOSIS, quiet=True))
    return parts


# ---- the runner's sheet ---------------------------------------------------------------------


def sheet_parts(content: ReportContent) -> list[Part]:
    """Return the runner's one page: short words, what to do, when to stop, whom to call."""
    week = span_words(content.week_start, content.week_stop)
    parts: list[Part] = [
        heading(say("sheet_title"), say("sheet_lead", week=week, runner=content.runner_id))
    ]
    if content.is_example:
        parts.append(paragraph(say("example"), quiet=True))
    parts.append(light_box(content, (_sheet_sentence(content),)))
    urgent = [one for one in content.referrals if one.urgency != "routine"]
    if urgent:
        lines = [one.text for one in urgent]
        parts.append(callout(say("sheet_seen"), lines, caution=True))
    if content.sessions:
        rows = [(day_words(one.day), one.words) for one in content.sessions]
        parts.append(table(say("sheet_todo"), _columns("sheet_columns"), rows, words=(0, 1)))
    if content.ceiling_minutes is not None and content.ceiling_longest_minutes is not None:
        most = minutes_words(content.ceiling_minutes)
        longest = minutes_words(content.ceiling_longest_minutes)
        parts.append(
            key_figures(
                [
                    (say("sheet_most"), say("sheet_minutes", minutes=most), say("sheet_all")),
                    (say("sheet_longest"), say("sheet_minutes", minutes=longest),
                     say("sheet_easy")),
                ]
            )
        )  # fmt: skip
    limit = DEFAULT_PAIN_LIMIT if content.pain_limit is None else content.pain_limit
    if content.light.name in ("go", "hold"):
        parts.append(
            bullets(
                [
                    say("sheet_continue", limit=limit),
                    say("sheet_change", limit=limit),
                    say("sheet_stop"),
                ]
            )
        )
        parts.append(paragraph(MISSED))
    parts.append(callout(say("call_if", call=content.call), WHEN_TO_CALL, caution=True))
    parts.append(paragraph(say("sheet_fill"), NOBODY_WATCHES))
    parts.append(paragraph(say("sheet_advice"), quiet=True))
    return parts


def _sheet_sentence(content: ReportContent) -> str:
    """Return the week in one sentence for the runner."""
    return say(
        {
            "plan": "sheet_go",
            "hold": "sheet_hold",
            "trial": "sheet_try",
            "reduce": "sheet_less",
            "rules_only": "sheet_rules",
            "no_run": "sheet_no_run",
            "referral": "sheet_see",
        }[content.light.key]
    )


# ---- the letter -------------------------------------------------------------------------------


def letter_parts(content: ReportContent) -> list[Part]:
    """Return the letter for the referring doctor: plan on top, brief, who does what by when."""
    stop = content.week_stop + timedelta(days=1)
    injuries = _first_upper("; ".join(content.injuries)) or say("letter_no_injury")
    parts: list[Part] = [
        heading(
            say("letter_title", runner=content.runner_id),
            say("letter_lead", day=date_words(content.day), injuries=injuries),
        )
    ]
    if content.is_example:
        parts.append(paragraph(say("example"), quiet=True))
    parts.append(_subtitle("letter_plan", 2))
    parts.append(light_box(content, content.headline))
    if content.light.key == "trial" and content.why:
        parts.append(paragraph(content.why[0].sentence))
    who = [
        one.text if one.urgency != "routine" else say("routine", words=one.text)
        for one in content.referrals
    ]
    if content.to_do:
        what = " ".join(content.to_do[:3])
        who.append(say("letter_by", day=day_words(stop), what=what))
    who.append(say("letter_next", day=day_words(stop), call=content.call))
    parts.append(_subtitle("letter_who", 2))
    parts.append(bullets(who))
    parts.append(_subtitle("letter_course", 2))
    course = [load_finding(content)] if content.index_tissue else []
    course += [
        say(
            "letter_gate",
            gate=line.gate,
            mark=line.mark,
            detail=_first_upper(_shortened(line.detail)),
        )
        for line in content.gates[:2]
    ]
    course += [change_words(line) for line in content.changes[:3]]
    parts.append(bullets(course or [say("letter_no_course")]))
    parts.append(_subtitle("letter_expected", 2))
    lines = [
        say("letter_risk", what=line.what, horizon=line.horizon, number=risk_words(line))
        for line in content.risks
        if line.what == content.risks[0].what
    ]
    lines += _pain_sentence(content)
    parts.append(bullets(lines or [say("letter_no_dose")]))
    parts.append(paragraph(NOT_A_DIAGNOSIS, quiet=True))
    return parts
