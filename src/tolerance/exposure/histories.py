"""From tables, or a runner's folder, to the daily history that the model reads."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tolerance.anatomy import Unit
from tolerance.clinic.record import RunnerRecord, SymptomEntry
from tolerance.config import Injury
from tolerance.exposure.ledger import (
    DailyDamage,
    build_ledger,
    daily_damage,
    fill_unobserved,
    prior_ledger,
)
from tolerance.exposure.session_costs import LedgerSettings
from tolerance.exposure.units import runner_units
from tolerance.model.runner import RunnerHistory, UnitInjury

__all__ = ["HIGH_RISK_HEALING", "cohort_histories", "record_history", "table_history"]

type Floats = NDArray[np.float64]

DAYS_PER_WEEK: Final = 7
HIGH_RISK_HEALING: Final = 110.0 / 60.0
"""Healing of a high-risk bone site over that of a low-risk one (science table B3: 110 against
60 days)."""
ADJACENT_D: Final = 7
"""An injury at most so long before the first entry leaves no gap: usual weeks end where the diary
begins."""
LONGEST_GAP_D: Final = 182
"""Longest gap between usual weeks and diary that is carried as days not observed; further back
load is forgotten by every tissue. Engineering choice: twice the slowest adaptation."""
UNKNOWN_CHRONIC_RR: Final = 1.0 / DAYS_PER_WEEK
"""Load before anything is known: one reference run a week. Engineering choice, between rest and
the reference week's three."""


def table_history(
    runner_id: str,
    ledger: pd.DataFrame,
    responses: pd.DataFrame,
    events: pd.DataFrame,
    units: Sequence[Unit],
    start: date,
    stop: date,
    *,
    chronic_start_rr: Floats,
    healing_factor: Floats | None = None,
) -> RunnerHistory:
    """Put tables of one runner together day by day.

    Parameters
    ----------
    runner_id : str
    ledger, responses, events : pandas.DataFrame
        Tables of `tolerance.schemas`; rows of other runners are left out.
    units : sequence of Unit
    start, stop : date
        First and last day, both included.
    chronic_start_rr : (U,) float array
        Damage a day before the first day.
    healing_factor : (U,) float array, optional
        1 where not given.

    Returns
    -------
    RunnerHistory
        Pain is the worst of a session or day; it belongs to every unit at its site and side. A
        unit is an index unit where an injury of it lies before the first day.
    """
    mine = {
        name: table[table["runner_id"] == runner_id]
        for name, table in (("ledger", ledger), ("responses", responses), ("events", events))
    }
    daily = daily_damage(mine["ledger"], units, start, stop)
    pain, settled, analgesic = _said(mine["responses"], units, daily.dates)
    injured = mine["events"][mine["events"]["kind"] == "injury"]
    where = {(unit.site, unit.side): u for u, unit in reversed(list(enumerate(units)))}
    injuries = [
        UnitInjury(where[(site, side)], day.date())
        for site, side, day in zip(injured["site"], injured["side"], injured["date"], strict=True)
        if (site, side) in where and day.date() <= stop
    ]
    return RunnerHistory(
        runner_id=runner_id,
        dates=daily.dates,
        units=tuple(units),
        is_index=_index_units(injuries, len(units), start),
        damage_rr=daily.damage,
        damage_log_sd=daily.log_sd,
        exposed=daily.exposed,
        pain=pain,
        settled=settled,
        analgesic=analgesic,
        injuries=tuple(injuries),
        chronic_start_rr=np.asarray(chronic_start_rr, np.float64),
        healing_factor=np.ones(len(units)) if healing_factor is None else healing_factor,
    )


def cohort_histories(
    tables: Mapping[str, pd.DataFrame], units: Sequence[Unit], chronic_start_rr: float
) -> list[RunnerHistory]:
    """Return the history of every runner of a cohort's tables, in order of their ids.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``ledger``, ``responses`` and ``events``.
    units : sequence of Unit
    chronic_start_rr : float
        Damage a day before the first day; the same for all, for nobody knows it of each.
    """
    ledger = tables["ledger"]
    start, stop = ledger["date"].min().date(), ledger["date"].max().date()
    grouped = {
        name: dict(iter(tables[name].groupby("runner_id")))
        for name in ("ledger", "responses", "events")
    }
    chronic = np.full(len(units), chronic_start_rr)
    return [
        table_history(
            str(runner_id),
            rows,
            grouped["responses"].get(runner_id, tables["responses"].iloc[:0]),
            grouped["events"].get(runner_id, tables["events"].iloc[:0]),
            units,
            start,
            stop,
            chronic_start_rr=chronic,
        )
        for runner_id, rows in sorted(grouped["ledger"].items())
    ]


def record_history(
    record: RunnerRecord,
    settings: LedgerSettings,
    today: date,
    *,
    sessions: pd.DataFrame | None = None,
    session_loads: pd.DataFrame | None = None,
    ledger: pd.DataFrame | None = None,
) -> RunnerHistory:
    """Return the history of a runner's folder up to today.

    Usual weeks stand for the time before the diary, or before the injury where that is longer
    ago; the four weeks before the diary are as the runner remembers them where the profile says
    so (``recent_weekly_minutes``). Days that nobody wrote down have an expectation with a wide
    error (`fill_unobserved`), never zero; since the injury it is of sessions since the injury.

    Parameters
    ----------
    record : RunnerRecord
        Without an entry, the four usual weeks are all there is.
    settings : LedgerSettings
    today : date
        Last day of the history.
    sessions, session_loads : pandas.DataFrame, optional
        What sensors measured; see `build_ledger`.
    ledger : pandas.DataFrame, optional
        Of the same record and tables, where it was built before.

    Raises
    ------
    LedgerError
        For entries that cannot be turned into loads.
    """
    units, _ = runner_units(record, settings.injuries)
    if ledger is None:
        ledger = build_ledger(
            record, units, settings, today, sessions=sessions, session_loads=session_loads
        )
    entered = [e.date for e in record.sessions] + [e.date for e in record.symptoms]
    first = min(entered, default=today)
    if len(ledger):
        first = min(first, ledger["date"].min().date())
    usual_end, recent_start = _remembered(record, first, settings.costs.typical_weeks)
    typical = prior_ledger(record.profile, units, settings, usual_end)
    recent = _recent_ledger(record, units, settings, recent_start, first)
    start = usual_end - timedelta(days=settings.costs.typical_weeks * DAYS_PER_WEEK)
    known = [table for table in (typical, recent, ledger) if table is not None and len(table)]
    daily = daily_damage(pd.concat(known or [ledger]), units, start, today)
    chronic = _chronic_start(typical, units, daily)
    filled = fill_unobserved(
        daily,
        settings,
        since=usual_end if usual_end < first else None,
        is_off_running=record.profile.recent_weekly_minutes == 0.0,
    )
    pain, settled, analgesic = _record_said(record.symptoms, units, daily.dates)
    injuries = _record_injuries(record, units, settings.injuries, today)
    index = _index_units([i for i, active in injuries if active], len(units), today)
    return RunnerHistory(
        runner_id=record.profile.runner_id,
        dates=filled.dates,
        units=units,
        is_index=index,
        damage_rr=filled.damage,
        damage_log_sd=filled.log_sd,
        exposed=filled.exposed,
        pain=pain,
        settled=settled,
        analgesic=analgesic,
        injuries=tuple(injury for injury, _ in injuries),
        chronic_start_rr=chronic,
        healing_factor=_healing(record, units, settings.injuries),
    )


def _index_units(injuries: Sequence[UnitInjury], n_units: int, start: date) -> NDArray[np.bool_]:
    index = np.zeros(n_units, np.bool_)
    index[[injury.unit for injury in injuries if injury.on <= start]] = True
    return index


def _usual_end(record: RunnerRecord, first: date) -> date:
    """Return the first day after the usual weeks: of the diary, or of the injury before it."""
    onsets = [e.onset for e in record.profile.injuries if e.status == "active"]
    onset = min(onsets, default=first)
    if onset >= first - timedelta(days=ADJACENT_D):
        return first
    return max(onset, first - timedelta(days=LONGEST_GAP_D))


def _remembered(record: RunnerRecord, first: date, weeks: int) -> tuple[date, date]:
    """Return where usual weeks end and where the remembered weeks before the diary begin.

    Where no injury lies between, usual weeks still come before the remembered ones.
    """
    usual_end = _usual_end(record, first)
    before = first - timedelta(days=weeks * DAYS_PER_WEEK)
    if record.profile.recent_weekly_minutes is None:
        return usual_end, first
    if usual_end >= first:
        return before, before
    return usual_end, max(usual_end, before)


def _recent_ledger(
    record: RunnerRecord,
    units: Sequence[Unit],
    settings: LedgerSettings,
    start: date,
    first: date,
) -> pd.DataFrame | None:
    """Return the weeks before the diary as remembered; None where nothing is to be entered.

    Of weeks without running only that is known: walks and exercises of them were not written
    down, so their days stay unobserved and are never zero.
    """
    profile = record.profile
    if not profile.recent_weekly_minutes:
        return None
    table = prior_ledger(
        profile,
        units,
        settings,
        first,
        weekly_minutes=profile.recent_weekly_minutes,
        runs_per_week=profile.recent_runs_per_week,
    )
    return table[table["date"] >= pd.Timestamp(start)]


def _chronic_start(typical: pd.DataFrame, units: Sequence[Unit], daily: DailyDamage) -> Floats:
    """Return damage a day before the usual weeks: as in them, else one reference run a week."""
    if typical.empty:
        return np.full(len(units), UNKNOWN_CHRONIC_RR)
    days = typical["date"].nunique()
    total = typical.groupby(["site", "tissue", "side"])["damage_rr"].sum()
    return np.array([float(total[(u.site, u.tissue, u.side)]) / days for u in units])


def _healing(record: RunnerRecord, units: Sequence[Unit], injuries: Mapping[str, Injury]) -> Floats:
    """Return the healing factor of each unit: slower at high-risk bone sites."""
    factor = np.ones(len(units))
    for entry in record.profile.injuries:
        known = injuries.get(entry.injury)
        if known is None or known.bone_risk != "high":
            continue
        for u, unit in enumerate(units):
            if (unit.site, unit.tissue) == (entry.site or known.site, known.tissue):
                factor[u] = HIGH_RISK_HEALING
    return factor


def _record_injuries(
    record: RunnerRecord, units: Sequence[Unit], injuries: Mapping[str, Injury], today: date
) -> list[tuple[UnitInjury, bool]]:
    """Return the injuries of known units and whether each is being rehabilitated."""
    place = {unit: u for u, unit in enumerate(units)}
    found = []
    for entry in record.profile.injuries:
        known = injuries.get(entry.injury)
        if known is None or entry.onset > today:
            continue
        sides = ("left", "right") if entry.side == "both" else (entry.side,)
        for side in sides:
            u = place.get(Unit(entry.site or known.site, known.tissue, side))
            if u is not None:
                found.append((UnitInjury(u, entry.onset), entry.status == "active"))
    return found


def _said(
    responses: pd.DataFrame, units: Sequence[Unit], dates: NDArray[np.datetime64]
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return worst pain, settling and painkillers per day from the table of responses."""
    pain = np.full((dates.size, len(units)), np.nan)
    settled = np.full_like(pain, np.nan)
    analgesic = np.zeros(dates.size, np.bool_)
    sites: dict[tuple[str, str], list[int]] = {}
    for u, unit in enumerate(units):
        sites.setdefault((unit.site, unit.side), []).append(u)
    day = (responses["date"].to_numpy().astype("datetime64[D]") - dates[0]).astype(np.int64)
    calm = responses["settled_24h"].map({"yes": 1.0, "no": 0.0}).to_numpy(np.float64)
    rows = zip(
        day,
        responses["site"],
        responses["side"],
        responses["pain_0_10"].to_numpy(np.float64),
        calm,
        (responses["analgesic"] == "yes").to_numpy(),
        strict=True,
    )
    for t, site, side, level, calmed, took in rows:
        if not 0 <= t < dates.size:
            continue
        analgesic[t] |= took
        for u in sites.get((site, side), ()):
            pain[t, u] = np.fmax(pain[t, u], level)
            settled[t, u] = np.fmin(settled[t, u], calmed)
    return pain, settled, analgesic


def _record_said(
    symptoms: Sequence[SymptomEntry], units: Sequence[Unit], dates: NDArray[np.datetime64]
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return the same from a runner's folder."""
    rows = [
        {
            "date": pd.Timestamp(entry.date),
            "site": entry.site,
            "side": entry.side,
            "pain_0_10": _worst(entry),
            "settled_24h": _settled(entry),
            "analgesic": entry.analgesic,
        }
        for entry in symptoms
    ]
    columns = ["date", "site", "side", "pain_0_10", "settled_24h", "analgesic"]
    table = pd.DataFrame(rows, columns=columns)
    table["date"] = pd.to_datetime(table["date"])
    return _said(table, units, dates)


def _worst(entry: SymptomEntry) -> float:
    """Return the worst pain of a session; NaN where none was said."""
    levels = [x for x in (entry.pain_during, entry.pain_after) if x is not None]
    return max(levels) if levels else np.nan


def _settled(entry: SymptomEntry) -> str | None:
    """Return what was said of settling, or what the next morning's pain says of it (R38)."""
    if entry.settled_24h is not None or entry.pain_next_morning is None:
        return entry.settled_24h
    usual = entry.pain_before if entry.pain_before is not None else entry.pain_baseline
    if usual is None:
        return None
    return "yes" if entry.pain_next_morning <= usual else "no"
