"""Whom to call: states and reasons from what a runner's record says, ours and a public four-check.

Each reason of ours names its rule. The four checks are those that OnTracx describes in public (one
point each: latest pain above 4 of 10, pain rising, load above target, more than three weeks above
target; 0 or 1 on, 2 or 3 soft off, 4 hard off); its load target is read here as 15 % above the
mean of the three weeks before, the rise that its pages name for medium tolerance.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

from tolerance.clinic.content import Signals, TriageLine, WhyLine
from tolerance.config import FollowUp
from tolerance.rules.assessment import Assessment

__all__ = ["STATES", "ontracx_checks", "triage", "weeks_above"]

STATES: Final = ("red_flag", "hard_off", "no_data", "soft_off", "on_track")
"""In order of need."""


def weeks_above(weeks_rr: Sequence[float | None], rise: float, n_before: int) -> int:
    """Count the weeks in a row, the last one included, whose load is above its target.

    Parameters
    ----------
    weeks_rr : sequence of float or None
        Load by week, the latest last; None is not known and ends the row.
    rise : float
        Of the target over the mean of the weeks before, such as 0.15.
    n_before : int
        Weeks that the mean is taken of; a week without all of them has no target.
    """
    count = 0
    for index in range(len(weeks_rr) - 1, n_before - 1, -1):
        before = [week for week in weeks_rr[index - n_before : index] if week is not None]
        now = weeks_rr[index]
        if now is None or len(before) < n_before:
            break
        if now <= (1.0 + rise) * sum(before) / n_before:
            break
        count += 1
    return count


def ontracx_checks(signals: Signals, settings: FollowUp) -> tuple[str, ...]:
    """Return which of the four public checks are yes; what is not known is no."""
    found = []
    if signals.latest_pain is not None and signals.latest_pain > settings.ontracx_pain:
        found.append("latest pain above 4 of 10")
    if signals.pain_change is not None and signals.pain_change > 0:
        found.append("pain rising")
    if signals.weeks_over > 0:
        found.append("load above target")
    if signals.weeks_over > settings.ontracx_weeks:
        found.append("more than three weeks above target")
    return tuple(found)


def triage(
    assessment: Assessment, signals: Signals, ceiling_rr: float | None, settings: FollowUp
) -> TriageLine:
    """Return a runner's state with every reason.

    Parameters
    ----------
    assessment : Assessment
        Of the rule book, on the day of the list.
    signals : Signals
    ceiling_rr : float or None
        Last week's ceiling of the injured tissue as the last report had it.
    settings : FollowUp
        Section ``follow_up`` of ``params.yaml``.
    """
    red = [
        WhyLine(rule=referral.rules[0], sentence=referral.text.split(" Until then")[0])
        for referral in assessment.referrals
        if referral.urgency != "routine"
    ]
    hard: list[WhyLine] = []
    soft: list[WhyLine] = []
    if assessment.verdict in ("no_run", "hold"):
        reasons = [WhyLine(rule=one.rule, sentence=one.sentence) for one in assessment.fired]
        reasons = list(dict.fromkeys(reasons))
        (hard if assessment.action in ("stop", "regress") else soft).extend(reasons)
    _add_pain(signals, settings, hard, soft)
    _add_load(signals, ceiling_rr, settings, hard, soft)
    _add_adherence(signals, settings, soft)
    silent = _silent(signals, assessment.today, settings)
    checks = ontracx_checks(signals, settings)
    state: str
    if red:
        state, reasons = "red_flag", red
    elif silent is not None:
        state, reasons = "no_data", [silent]
    elif hard:
        state, reasons = "hard_off", [*hard, *soft]
    elif soft:
        state, reasons = "soft_off", soft
    else:
        state, reasons = "on_track", []
    points = len(checks)
    return TriageLine.model_validate(
        {
            "state": state,
            "reasons": tuple(dict.fromkeys(reasons)),
            "ontracx_state": ("on", "on", "soft_off", "soft_off", "hard_off")[points],
            "ontracx_checks": checks,
        }
    )


def _add_pain(
    signals: Signals, settings: FollowUp, hard: list[WhyLine], soft: list[WhyLine]
) -> None:
    change = signals.pain_change
    if change is not None and change >= settings.pain_rise_hard:
        sentence = f"Pain is up by {change:.1f} of 10 on the week before."
        hard.append(WhyLine(rule="R12", sentence=sentence))
    elif change is not None and change >= settings.pain_rise_soft:
        sentence = f"Pain is up by {change:.1f} of 10 on the week before."
        soft.append(WhyLine(rule="R12", sentence=sentence))


def _add_load(
    signals: Signals,
    ceiling_rr: float | None,
    settings: FollowUp,
    hard: list[WhyLine],
    soft: list[WhyLine],
) -> None:
    done = signals.week_load_rr
    if done is None or ceiling_rr is None or ceiling_rr <= 0:
        return
    ratio = done / ceiling_rr
    if ratio > settings.over_ceiling_hard:
        sentence = f"Load was {100 * ratio:.0f} % of last week's ceiling."
        hard.append(WhyLine(rule="R09", sentence=sentence))
    elif ratio > settings.over_ceiling_soft:
        sentence = f"Load was {100 * ratio:.0f} % of last week's ceiling."
        soft.append(WhyLine(rule="R09", sentence=sentence))


def _add_adherence(signals: Signals, settings: FollowUp, soft: list[WhyLine]) -> None:
    done, planned = signals.done_sessions, signals.planned_sessions
    if done is None or not planned:
        return
    if done / planned < settings.adherence_low:
        sentence = f"{done} of {planned} planned sessions were done."
        soft.append(WhyLine(rule="A15", sentence=sentence))


def _silent(signals: Signals, today: date, settings: FollowUp) -> WhyLine | None:
    if signals.last_entry is None:
        return WhyLine(rule="R09", sentence="There is no entry yet.")
    days = (today - signals.last_entry).days
    if days < settings.no_data_days:
        return None
    return WhyLine(rule="R09", sentence=f"The last entry is {days} days old.")
