"""One ledger per unit: everything a runner did, in reference runs, with its error and rung.

Sensors, watch and diary, walking, strength, repetitions, jumps and other sport enter the same
table. A session whose load is not known is a row without a load, a day without an entry is not in
the ledger, confirmed rest is zero: missing is never zero.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadcore.constants import TISSUES
from loadcore.damage import longest_ratio
from tolerance.anatomy import BODY_SIDES, RUNNING_PROXY, Unit
from tolerance.clinic.record import Profile, RunnerRecord, SessionEntry
from tolerance.exposure.session_costs import (
    LedgerSettings,
    SessionCosts,
    UnitModel,
    log_sd_of,
    sd_of,
    session_costs,
    unit_model,
)
from tolerance.exposure.units import unit_proxies
from tolerance.model.filters import expected_damage
from tolerance.schemas import TABLES, conform

__all__ = [
    "EXPOSED",
    "DailyDamage",
    "LedgerError",
    "build_ledger",
    "daily_damage",
    "fill_unobserved",
    "model_of",
    "prior_ledger",
    "typical_sessions",
]

type Floats = NDArray[np.float64]

EXPOSED: Final = ("running", "sport", "jumps")
"""Activities in which a runner is at risk of a running injury."""
DAYS_PER_WEEK: Final = 7
TYPICAL: Final = "typical-"
"""Start of the session ids that stand for a usual week."""
LONGEST_SHARE: Final = 0.5
"""Most of a usual week that its longest run is taken to be, where the runner states more."""
VALUES: Final = ("load_rr", "load_sd_rr", "damage_rr", "damage_sd_rr", "equivalent_load_bw")
RUN_DAYS: Final = {
    1: (5,),
    2: (1, 5),
    3: (0, 2, 5),
    4: (0, 2, 4, 5),
    5: (0, 1, 3, 4, 5),
    6: (0, 1, 2, 3, 4, 5),
    7: (0, 1, 2, 3, 4, 5, 6),
}
"""Days of a usual week, Monday first; the last of them has the longest run."""


class LedgerError(ValueError):
    """Entries that cannot be turned into loads.

    Attributes
    ----------
    problems : tuple of str
        One entry each.
    """

    def __init__(self, runner_id: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        listed = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"ledger of {runner_id} ({len(problems)} problems):\n{listed}")


class DailyDamage(NamedTuple):
    """Damage per day and unit.

    Attributes
    ----------
    dates : (n_days,) datetime64[D] array
        Every day, first and last included.
    damage : (n_days, n_units) float64 array
        Median in reference runs; 0 on confirmed rest; NaN where nothing is known of the day or of
        one of its sessions.
    log_sd : (n_days, n_units) float64 array
        Standard deviation of its logarithm; 0 on confirmed rest; NaN as `damage`.
    exposed : (n_days,) bool array
        Whether there was a session of :data:`EXPOSED`, its load known or not.
    """

    dates: NDArray[np.datetime64]
    damage: Floats
    log_sd: Floats
    exposed: NDArray[np.bool_]


def build_ledger(
    record: RunnerRecord,
    units: Sequence[Unit],
    settings: LedgerSettings,
    today: date,
    *,
    sessions: pd.DataFrame | None = None,
    session_loads: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Enter a runner's sessions into one ledger.

    Where a sensor measured a session's tissue and side, that load is taken, and the diary adds the
    walking; where it did not, the diary's estimate with its wider error. A leg without a sensor is
    never a copy of the other.

    Parameters
    ----------
    record : RunnerRecord
        Entries in any order.
    units : sequence of Unit
        See `tolerance.exposure.units.runner_units`.
    settings : LedgerSettings
    today : date
        No session may lie behind it.
    sessions, session_loads : pandas.DataFrame, optional
        Tables of the load core for this runner (`exposure.sessions.aggregate_sessions`). Measured
        sessions that the diary lacks are entered too.

    Returns
    -------
    pandas.DataFrame
        Table ``ledger``, in order of date, session and unit.

    Raises
    ------
    LedgerError
        For doubled sessions, dates in the future, load without a session or tissue, unknown
        sides, no units, another runner's tables: all at once.
    """
    model = model_of(record, units, settings)
    measured = _Measured.of(record.profile.runner_id, sessions, session_loads)
    problems = [*_record_problems(record, units, today), *measured.problems(today)]
    if problems:
        raise LedgerError(record.profile.runner_id, problems)
    entries = list(record.sessions) + measured.entries_beside(record.sessions)
    entries.sort(key=lambda entry: (entry.date, entry.session_id))
    costs = session_costs(entries, record.profile, model, settings)
    table = _table(record.profile.runner_id, entries, model, costs)
    if measured.loads is not None:
        table = _with_measured(table, entries, record.profile, model, measured, settings)
    return _finish(table)


def model_of(record: RunnerRecord, units: Sequence[Unit], settings: LedgerSettings) -> UnitModel:
    """Return units with proxies and exponents; the runner's own injuries decide the proxy."""
    names = [entry.injury for entry in record.profile.injuries]
    return unit_model(units, unit_proxies(units, settings.injuries, names), settings.exponents)


def prior_ledger(
    profile: Profile,
    units: Sequence[Unit],
    settings: LedgerSettings,
    before: date,
    *,
    weekly_minutes: float | None = None,
    runs_per_week: float | None = None,
) -> pd.DataFrame:
    """Return the weeks before a date as the runner says that they usually are.

    For a runner without any sensor or diary: ``typical_weeks`` weeks of the usual minutes, on
    usual days, with ``typical_log_sd`` of error beside that of a diary.

    Parameters
    ----------
    profile : Profile
        Usual minutes and runs, where the arguments do not say them.
    units : sequence of Unit
    settings : LedgerSettings
    before : date
        First day that is not in it.
    weekly_minutes, runs_per_week : float, optional
        Instead of the profile's; after weeks of rehabilitation, zero minutes is an answer.

    Returns
    -------
    pandas.DataFrame
        Table ``ledger``; session ids begin with ``typical-``. Empty when minutes are not known:
        nothing is known then, which is not rest.
    """
    record = RunnerRecord(profile=profile)
    model = model_of(record, units, settings)
    entries = typical_sessions(
        profile,
        before,
        settings.costs.typical_weeks,
        weekly_minutes=weekly_minutes,
        runs_per_week=runs_per_week,
    )
    costs = session_costs(entries, profile, model, settings)
    wider = SessionCosts(
        costs.load_rr,
        _widened(costs.load_rr, costs.load_sd_rr, settings.costs.typical_log_sd),
        costs.damage_rr,
        _widened(costs.damage_rr, costs.damage_sd_rr, settings.costs.typical_log_sd),
        costs.equivalent_load_bw,
    )
    return _finish(_table(profile.runner_id, entries, model, wider))


def typical_sessions(
    profile: Profile,
    before: date,
    weeks: int,
    *,
    weekly_minutes: float | None = None,
    runs_per_week: float | None = None,
) -> list[SessionEntry]:
    """Return usual weeks before a date as diary entries; none where minutes are not known."""
    minutes = profile.usual_weekly_minutes if weekly_minutes is None else weekly_minutes
    if minutes is None:
        return []
    runs = runs_per_week or profile.usual_runs_per_week or min(RUN_DAYS, key=lambda n: abs(n - 3))
    n_runs = int(min(max(round(runs), 1), DAYS_PER_WEEK))
    # The longest run is of usual weeks: other weeks are of equal runs.
    usual_longest = profile.usual_longest_run_minutes if weekly_minutes is None else None
    longest = usual_longest or minutes / n_runs
    # A longest run beyond half the week contradicts the other answers; the week's total stays.
    longest = minutes if n_runs == 1 else min(longest, LONGEST_SHARE * minutes)
    longest = max(longest, minutes / n_runs)
    days = RUN_DAYS[n_runs]
    each = [(minutes - longest) / max(n_runs - 1, 1)] * (n_runs - 1) + [longest]
    entries = []
    for back in range(weeks * DAYS_PER_WEEK, 0, -1):
        day = before - timedelta(days=back)
        name = f"{TYPICAL}{day:%Y%m%d}"
        if minutes > 0.0 and day.weekday() in days:
            run = each[days.index(day.weekday())]
            entries.append(SessionEntry(session_id=name, date=day, activity="running", minutes=run))
        else:
            entries.append(SessionEntry(session_id=name, date=day, activity="rest"))
    return entries


def daily_damage(
    ledger: pd.DataFrame, units: Sequence[Unit], start: date, stop: date
) -> DailyDamage:
    """Sum a runner's ledger to days.

    Parameters
    ----------
    ledger : pandas.DataFrame
        Table ``ledger`` of one runner.
    units : sequence of Unit
        Columns of the result; a unit that is not in the ledger is NaN throughout.
    start, stop : date
        First and last day, both included.

    Returns
    -------
    DailyDamage
        Sessions of one day share their errors, which add straight.

    Raises
    ------
    LedgerError
        If the ledger holds several runners, or days run backwards.
    """
    runners = sorted(ledger["runner_id"].unique())
    if len(runners) > 1 or stop < start:
        problems = []
        if len(runners) > 1:
            problems.append(f"runner_id: got {', '.join(runners)}; filter the ledger to one")
        if stop < start:
            problems.append(f"days: got {start} to {stop}; swap them")
        raise LedgerError("several runners" if len(runners) > 1 else "a runner", problems)
    dates = np.arange(
        np.datetime64(start), np.datetime64(stop) + np.timedelta64(1, "D"), dtype="datetime64[D]"
    )
    n_days = dates.size
    day = (ledger["date"].to_numpy().astype("datetime64[D]") - dates[0]).astype(np.int64)
    inside = (day >= 0) & (day < n_days)
    exposed = np.zeros(n_days, np.bool_)
    exposed[day[inside & ledger["activity"].isin(EXPOSED).to_numpy()]] = True
    column = {(unit.site, unit.tissue, unit.side): u for u, unit in enumerate(units)}
    keys = zip(ledger["site"], ledger["tissue"], ledger["side"], strict=True)
    unit_index = np.array([column.get(key, -1) for key in keys], np.int64)
    used = inside & (unit_index >= 0)
    at = (day[used], unit_index[used])
    total = np.zeros((n_days, len(units)))
    total_sd = np.zeros_like(total)
    known = np.zeros(total.shape, np.bool_)
    np.add.at(total, at, ledger["damage_rr"].to_numpy(np.float64)[used])
    np.add.at(total_sd, at, ledger["damage_sd_rr"].to_numpy(np.float64)[used])
    known[at] = True
    damage = np.where(known, total, np.nan)
    return DailyDamage(dates, damage, log_sd_of(damage, total_sd), exposed)


def fill_unobserved(
    daily: DailyDamage,
    settings: LedgerSettings,
    *,
    since: date | None = None,
    is_off_running: bool = False,
) -> DailyDamage:
    """Give days that nobody wrote down an expectation with a wide error, never zero.

    A day without an entry had a session with the chance ``unlogged_session_frac``; a session
    without a load was an average one. Average is over the runner's own sessions, else one
    reference run. From `since` on it is over the sessions from then on, where there are any: weeks
    before an injury say nothing of those after it. Somebody who says that they do not run, and
    noted no run since, has an average of what was noted besides, walks and exercises.

    Parameters
    ----------
    daily : DailyDamage
    settings : LedgerSettings
    since : date, optional
        First day of the time after the injury.
    is_off_running : bool
        The runner says that they do not run at present.

    Returns
    -------
    DailyDamage
        Without NaN; what was known is unchanged. Like all damage here it is the median of a
        lognormal: filled days have a median whose expectation is what is said above.
    """
    positive = np.isfinite(daily.damage) & (daily.damage > 0.0)
    damage = expected_damage(daily.damage, np.nan_to_num(daily.log_sd))
    typical = np.broadcast_to(
        _average(damage, positive & daily.exposed[:, None], np.ones(damage.shape[1])), damage.shape
    ).copy()
    if since is not None:
        later = daily.dates >= np.datetime64(since)
        here = positive & later[:, None]
        other = typical[0]
        if is_off_running:
            other = _average(damage, here, settings.costs.cross_training_rr * np.ones(other.size))
        typical[later] = _average(damage, here & daily.exposed[:, None], other)
    missing = np.isnan(damage)
    share = np.where(daily.exposed, 1.0, settings.costs.unlogged_session_frac)
    spread = settings.costs.unlogged_log_sd
    median = share[:, None] * typical / expected_damage(1.0, spread)
    return DailyDamage(
        daily.dates,
        np.where(missing, median, daily.damage),
        np.where(missing, spread, daily.log_sd),
        daily.exposed,
    )


def _average(damage: Floats, used: NDArray[np.bool_], otherwise: Floats) -> Floats:
    """Return the mean over used days, unit by unit; `otherwise` where there is none."""
    count = used.sum(axis=0)
    total = np.where(used, damage, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), otherwise)


class _Measured(NamedTuple):
    """What sensors say of a runner."""

    runner_id: str
    sessions: pd.DataFrame | None
    loads: pd.DataFrame | None

    @classmethod
    def of(
        cls, runner_id: str, sessions: pd.DataFrame | None, loads: pd.DataFrame | None
    ) -> "_Measured":
        return cls(runner_id, sessions, loads)

    @property
    def facts(self) -> dict[str, tuple[float, str]]:
        """Running minutes and rung of every session with measured load."""
        if self.sessions is None or self.loads is None:
            return {}
        used = self.sessions[self.sessions["session_id"].isin(self.loads["session_id"])]
        names, minutes, rung = (used[n].tolist() for n in ("session_id", "duration_min", "rung"))
        return {n: (m, r) for n, m, r in zip(names, minutes, rung, strict=True)}

    @property
    def rows(self) -> dict[tuple[str, str, str], tuple[float, ...]]:
        """The five :data:`VALUES` by session, tissue and side."""
        if self.loads is None:
            return {}
        keys = zip(*(self.loads[n].tolist() for n in ("session_id", "tissue", "side")), strict=True)
        values = self.loads[list(VALUES)].to_numpy(np.float64)
        return {(s, t, side): tuple(v) for (s, t, side), v in zip(keys, values, strict=True)}

    def problems(self, today: date) -> list[str]:
        """Say what is wrong with the tables, all at once."""
        if self.loads is None:
            return []
        if self.sessions is None:
            return ["session_loads: got no table `sessions` beside it; it says when and how long"]
        found = []
        for name, table in (("sessions", self.sessions), ("session_loads", self.loads)):
            others = sorted(set(table["runner_id"]) - {self.runner_id})
            if others:
                found.append(f"{name}: got rows of {', '.join(others)}; filter it to this runner")
        unknown = sorted(set(self.loads["session_id"]) - set(self.sessions["session_id"]))
        if unknown:
            found.append(f"session_loads: no session for {', '.join(unknown)}")
        tissue = self.loads["tissue"]
        if not tissue.isin(TISSUES).all():
            strange = sorted({str(t) for t in tissue[~tissue.isin(TISSUES)]})
            found.append(
                f"session_loads.tissue: got {', '.join(strange)}, expected {', '.join(TISSUES)}"
            )
        side = self.loads["side"]
        sides = (*BODY_SIDES, "unknown")
        if not side.isin(sides).all():
            strange = sorted({str(s) for s in side[~side.isin(sides)]})
            found.append(
                f"session_loads.side: got {', '.join(strange)}, expected {', '.join(sides)}"
            )
        doubled = self.loads.duplicated(["session_id", "tissue", "side"])
        if doubled.any():
            found.append(f"session_loads: {int(doubled.sum())} rows doubled")
        dated = self.sessions.dropna(subset=["date"])
        late = dated["date"] > pd.Timestamp(today)
        if late.any():
            names = ", ".join(map(str, dated.loc[late, "session_id"]))
            found.append(f"sessions: date after {today} in {names}")
        return found

    def entries_beside(self, diary: Sequence[SessionEntry]) -> list[SessionEntry]:
        """Return measured sessions that the diary lacks, as entries of it."""
        if self.sessions is None:
            return []
        known = {entry.session_id for entry in diary}
        entries = []
        for row in self.sessions.dropna(subset=["date"]).to_dict("records"):
            if row["session_id"] in known:
                continue
            activity: Any = row["activity"]
            if activity not in ("walking", "rest"):
                activity = "running"
            minutes, distance = (
                None if np.isnan(row[name]) else float(row[name])
                for name in ("duration_min", "distance_km")
            )
            entries.append(
                SessionEntry(
                    session_id=row["session_id"],
                    date=row["date"].date(),
                    activity=activity,
                    minutes=minutes,
                    distance_km=distance,
                )
            )
        return entries


def _record_problems(record: RunnerRecord, units: Sequence[Unit], today: date) -> list[str]:
    """Say what is wrong with a record's sessions, all at once."""
    problems = []
    if not units:
        problems.append("units: got none; a load belongs to a tissue, site and side")
    if len(set(units)) < len(units):
        problems.append("units: got the same unit twice")
    names = pd.Series([entry.session_id for entry in record.sessions], dtype="str")
    doubled = sorted(set(names[names.duplicated()]))
    if doubled:
        problems.append(f"sessions: session_id doubled: {', '.join(doubled)}; keep one of each")
    late = [entry.session_id for entry in record.sessions if entry.date > today]
    if late:
        problems.append(f"sessions: date after {today} in {', '.join(late)}")
    return problems


def _table(
    runner_id: str, entries: Sequence[SessionEntry], model: UnitModel, costs: SessionCosts
) -> pd.DataFrame:
    """Lay costs out as rows of the ledger, diary rung."""
    n_units = len(model.units)
    index = [i for i in range(len(entries)) for _ in range(n_units)]
    table = pd.DataFrame(
        {
            "runner_id": pd.Series([runner_id] * len(index), dtype="str"),
            "session_id": [entries[i].session_id for i in index],
            "site": [u.site for u in model.units] * len(entries),
            "tissue": [u.tissue for u in model.units] * len(entries),
            "side": [u.side for u in model.units] * len(entries),
            "date": pd.to_datetime([entries[i].date for i in index]).astype("datetime64[us]"),
            "activity": [entries[i].activity for i in index],
            "proxy": list(model.proxies) * len(entries),
            "rung": ["diary"] * len(index),
        }
    )
    for name in VALUES:
        table[name] = getattr(costs, name).ravel()
    return table


def _widened(median: Floats, sd: Floats, log_sd: float) -> Floats:
    return sd_of(median, np.hypot(log_sd_of(median, sd), log_sd))


def _with_measured(
    table: pd.DataFrame,
    entries: Sequence[SessionEntry],
    profile: Profile,
    model: UnitModel,
    measured: _Measured,
    settings: LedgerSettings,
) -> pd.DataFrame:
    """Put measured running in the place of the diary's, and keep the diary's walking."""
    facts, rows = measured.facts, measured.rows
    walks = [
        entry.model_copy(update={"activity": "walking", "minutes": entry.walk_minutes or 0.0})
        for entry in entries
        if entry.session_id in facts
    ]
    walking = session_costs(walks, profile, model, settings)
    row_of = {entry.session_id: i for i, entry in enumerate(walks)}
    exponent_of = dict(zip(TISSUES, settings.exposure.fatigue_exponents, strict=True))
    table = table.copy()
    values = {name: table[name].to_numpy(np.float64, copy=True) for name in VALUES}
    rungs = table["rung"].tolist()
    n_units = len(model.units)
    for row, session_id in enumerate(table["session_id"]):
        if session_id not in row_of:
            continue
        u = row % n_units
        minutes, rung = facts[session_id]
        runs = minutes / settings.exposure.reference_minutes
        found = _measured_unit(session_id, u, model, rows, runs, exponent_of, settings)
        if found is None:
            continue
        walked = [getattr(walking, name)[row_of[session_id], u] for name in VALUES[:4]]
        for name, value, walk in zip(VALUES[:4], found[:4], walked, strict=True):
            values[name][row] = value + walk
        values["equivalent_load_bw"][row] = found[4]
        rungs[row] = rung
    for name in VALUES:
        table[name] = values[name]
    table["rung"] = pd.Series(rungs, index=table.index, dtype="str")
    return table


def _measured_unit(
    session_id: str,
    u: int,
    model: UnitModel,
    loads: Mapping[tuple[str, str, str], tuple[float, ...]],
    runs: float,
    exponent_of: dict[str, float],
    settings: LedgerSettings,
) -> tuple[float, float, float, float, float] | None:
    """Return what a sensor says of one unit in one session; None where it says nothing."""
    unit, proxy, exponent = model.units[u], model.proxies[u], model.exponents[u]
    if proxy == RUNNING_PROXY:
        if not runs > 0.0:
            return None
        sd = float(sd_of(np.array(runs), np.array(settings.costs.minutes_log_sd)))
        return runs, sd, runs, sd, np.nan
    side_log_sd = 0.0
    key = (session_id, proxy, unit.side)
    if key not in loads:
        key, side_log_sd = (session_id, proxy, "unknown"), settings.costs.side_log_sd
    if key not in loads:
        return None
    load, load_sd, damage, damage_sd, force_bw = loads[key]
    if not (load > 0.0 and damage > 0.0):
        return None
    b0 = exponent_of[proxy]
    load_log_sd = float(log_sd_of(np.array(load), np.array(load_sd)))
    damage_log_sd = float(log_sd_of(np.array(damage), np.array(damage_sd)))
    other = damage_at_exponent(load, damage, b0, exponent, runs)
    load_log_sd = float(np.hypot(load_log_sd, side_log_sd))
    other_log_sd = float(np.hypot(damage_log_sd * exponent / b0, side_log_sd * exponent))
    # The constant force keeps its meaning where the exponent is that of the load core.
    equivalent = force_bw if exponent == b0 else np.nan
    return (
        load,
        float(sd_of(np.array(load), np.array(load_log_sd))),
        other,
        float(sd_of(np.array(other), np.array(other_log_sd))),
        equivalent,
    )


def damage_at_exponent(
    load: float, damage: float, damage_exponent: float, exponent: float, runs: float
) -> float:
    """Return a session's damage at another exponent, from its sums at exponents 0, 1 and b.

    The logarithm of a moment of a lognormal force is quadratic in the exponent, so steps, load
    and damage fix it; exact for lognormal steps.

    Parameters
    ----------
    load, damage : float
        Sums at exponents 1 and `damage_exponent`, in reference runs.
    damage_exponent, exponent : float
        The one at hand, and the one wanted.
    runs : float
        Steps in reference runs (exponent 0); NaN or 0 where not known: a session of equal steps.
    """
    if exponent == damage_exponent:
        return damage
    if not runs > 0.0:
        # Equal steps: load = n m and damage = n m^b.
        log_force = np.log(damage / load) / (damage_exponent - 1.0)
        return float(load * np.exp((exponent - 1.0) * log_force))
    at_one, at_b = np.log(load / runs), np.log(damage / runs)
    variance = 2.0 * (at_b - damage_exponent * at_one) / (damage_exponent**2 - damage_exponent)
    variance = max(float(variance), 0.0)
    mean = (at_b - damage_exponent**2 * variance / 2.0) / damage_exponent
    return float(runs * np.exp(exponent * mean + exponent**2 * variance / 2.0))


def _finish(table: pd.DataFrame) -> pd.DataFrame:
    """Add the comparison with the longest session of 30 days and conform to the schema."""
    table = table.sort_values(["date", "session_id"], kind="stable", ignore_index=True)
    ratio = np.full(len(table), np.nan)
    exposed = table["activity"].isin(EXPOSED).to_numpy()
    unit = pd.MultiIndex.from_frame(table[["site", "tissue", "side"]])
    days = (table["date"] - pd.Timestamp(0)).dt.total_seconds().to_numpy() / 86_400.0
    load = table["load_rr"].to_numpy(np.float64)
    codes, _ = pd.factorize(unit)
    for code in range(codes.max(initial=-1) + 1):
        rows = np.flatnonzero((codes == code) & exposed)
        ratio[rows] = longest_ratio(days[rows], load[rows]).ratio
    table["longest_30d_ratio"] = ratio
    return conform("ledger", table[[column.name for column in TABLES["ledger"].columns]])
