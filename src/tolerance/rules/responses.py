"""How a tissue answered a run: pain in it, its trend, and how it was the next morning."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final, Literal

from tolerance.clinic.record import Override, RunnerRecord, SymptomEntry
from tolerance.config import RulePain, Rules
from tolerance.rules.assessment import Fired
from tolerance.rules.authority import override_of
from tolerance.rules.diary import RUNNING_ACTIVITIES, run_minutes, runs
from tolerance.rules.registry import rule

__all__ = [
    "Response",
    "ResponseVerdict",
    "judge_response",
    "last_bad",
    "pain_escalated",
    "pain_limit",
    "reduced_sessions_left",
    "run_responses",
]

ResponseVerdict = Literal["good", "unknown", "unreassuring", "bad", "severe"]
"""``good``: all of R38 is known and holds. ``unknown``: a part was not answered.
``unreassuring``: it looks good, but after an analgesic (A11). ``bad``: a part of R38 is broken.
``severe``: pain beyond what any tissue accepts."""

SEVERE_PAIN: Final = 5.0
"""Pain above this is too much for every tissue (pain-monitoring model, bim.physio)."""

ESCALATING_RUNS: Final = 3
"""So many runs, each more painful than the one before, are pain that escalates [J]."""

SAME_LENGTH: Final = 1.1
"""A run up to this times another is no longer than it, as far as pain is concerned [J]."""


@dataclass(frozen=True)
class Response:
    """Answer of one site and side to one run.

    Attributes
    ----------
    date : date
        Day of the run.
    site, side : str
    verdict : str
        See :data:`ResponseVerdict`.
    pain : float or None
        Highest pain in or after the run.
    reasons : tuple of Fired
        What was broken, or why it does not reassure.
    """

    date: date
    site: str
    side: str
    verdict: ResponseVerdict
    pain: float | None
    reasons: tuple[Fired, ...]


@rule("R38", "R73", "A14")
def pain_limit(tissue: str, pain: RulePain, overrides: Sequence[Override] = ()) -> float:
    """Return the highest pain of 10 that a tissue may show.

    A clinician may raise it by a recorded override ``pain_limit``, up to a maximum and never for
    bone.
    """
    limit = float(getattr(pain, tissue))
    override = override_of(overrides, "pain_limit")
    if tissue == "bone" or override is None or override.value is None:
        return limit
    return min(override.value, pain.override_max)


@rule("R38", "R39", "A11")
def judge_response(entry: SymptomEntry, limit: float) -> Response:
    """Judge one entry by R38: pain within the limit, not rising, settled within 24 h.

    A trend that was not asked is read from pain after against pain before; where that is unknown
    too, the other two decide. Whether it settled is read from the next morning against the
    baseline where it was not asked; where neither is known the response is unknown.
    """
    pains = [value for value in (entry.pain_during, entry.pain_after) if value is not None]
    pain = max(pains, default=None)
    settled = _settled(entry)
    reasons: list[Fired] = []
    if pain is not None and pain > limit:
        reasons.append(
            Fired("R38", f"Pain {pain:g} of 10 on {entry.date}, above the limit of {limit:g}.")
        )
    if _rising(entry):
        reasons.append(Fired("R39", f"Pain rose during the session of {entry.date}."))
    if settled is False:
        reasons.append(
            Fired("R39", f"After {entry.date} it had not settled within 24 hours.")
        )  # fmt: skip
    if entry.limp == "yes":
        reasons.append(Fired("R39", f"There was a limp after {entry.date}."))
    verdict: ResponseVerdict
    if reasons:
        verdict = "severe" if pain is not None and pain > SEVERE_PAIN else "bad"
    elif pain is None or settled is None:
        verdict = "unknown"
        reasons.append(Fired("R38", f"How {entry.date} was answered is not fully known."))
    elif entry.analgesic == "yes":
        verdict = "unreassuring"
        reasons.append(
            Fired("A11", f"A painkiller was taken around {entry.date}: low pain does not reassure.")
        )
    else:
        verdict = "good"
    return Response(entry.date, entry.site, entry.side, verdict, pain, tuple(reasons))


def _settled(entry: SymptomEntry) -> bool | None:
    if entry.settled_24h is not None:
        return entry.settled_24h == "yes"
    baseline = entry.pain_baseline if entry.pain_baseline is not None else entry.pain_before
    if entry.pain_next_morning is None or baseline is None:
        return None
    return entry.pain_next_morning <= baseline


def _rising(entry: SymptomEntry) -> bool:
    if entry.trend is not None:
        return entry.trend == "rising"
    known = (entry.pain_before, entry.pain_during, entry.pain_after)
    before, during, after = known
    return during is not None and after is not None and before is not None and (
        before < during < after
    )  # fmt: skip


def is_run_entry(record: RunnerRecord, entry: SymptomEntry) -> bool:
    """Tell whether an entry is about a run.

    It is linked to one, or it says how something was on the day of one and is linked to nothing.
    """
    activity = {session.session_id: session.activity for session in record.sessions}
    if entry.session_id is not None:
        return activity.get(entry.session_id) in RUNNING_ACTIVITIES
    said = (entry.pain_during, entry.pain_after, entry.settled_24h)
    return any(value is not None for value in said) and bool(runs(record, entry.date, entry.date))


def run_responses(
    record: RunnerRecord, site: str, sides: Sequence[str], limit: float, since: date
) -> tuple[Response, ...]:
    """Return how a site answered each run since a day, in order.

    A run that nobody wrote a symptom to has an unknown response: silence is not a good answer.
    """
    linked = [
        entry
        for entry in record.symptoms
        if entry.site == site and entry.side in sides and entry.date >= since
        and is_run_entry(record, entry)
    ]  # fmt: skip
    found = [judge_response(entry, limit) for entry in linked]
    answered = {(response.date, response.side) for response in found}
    for run in runs(record, since, date.max):
        for side in sides:
            if (run.date, side) not in answered:
                reason = Fired("R38", f"Nothing was noted of how the run of {run.date} was.")
                found.append(Response(run.date, site, side, "unknown", None, (reason,)))
    return tuple(sorted(found, key=lambda response: response.date))


def last_bad(responses: Sequence[Response]) -> Response | None:
    """Return the latest bad or severe response."""
    bad = [response for response in responses if response.verdict in ("bad", "severe")]
    return bad[-1] if bad else None


@rule("R39", "R35")
def reduced_sessions_left(
    record: RunnerRecord, responses: Sequence[Response], settings: Rules
) -> int:
    """Return how many coming sessions stay reduced after the latest bad response."""
    bad = last_bad(responses)
    if bad is None:
        return 0
    later = [run for run in runs(record, bad.date, date.max) if run.date > bad.date]
    return max(0, settings.reduced_sessions - len(later))


@rule("R66", "R54")
def pain_escalated(record: RunnerRecord, responses: Sequence[Response]) -> date | None:
    """Return the last day on which pain had risen from run to run although running had not.

    Three answered runs in a row, each more painful than the one before, the last two answered
    badly, and the last no longer than the first by more than a tenth. Unknown minutes do not
    excuse it. A better run afterwards does not undo it (A05).
    """
    answered = [response for response in responses if response.pain is not None]
    found = None
    for end in range(ESCALATING_RUNS, len(answered) + 1):
        last = answered[end - ESCALATING_RUNS : end]
        bad = all(response.verdict in ("bad", "severe") for response in last[-2:])
        rising = all((later.pain or 0) > (earlier.pain or 0) for earlier, later in pairwise(last))
        first_min, last_min = (_minutes_on(record, last[index].date) for index in (0, -1))
        known = first_min is not None and last_min is not None
        grew = known and (last_min or 0.0) > SAME_LENGTH * (first_min or 0.0)
        if bad and rising and not grew:
            found = last[-1].date
    return found


def _minutes_on(record: RunnerRecord, day: date) -> float | None:
    minutes = [run_minutes(record, run) for run in runs(record, day, day)]
    known = [value for value in minutes if value is not None]
    return sum(known) if known and len(known) == len(minutes) else None
