"""Which triage finds coming reinjuries, and how early, at the same number of calls.

Simulated runners, week by week: each triage scores every runner from what was written down up to
the end of a week, and the same number of runners is called, those with the highest scores. A
reinjury is found if its runner was called in the weeks before it. Simulated, so this tells how two
sets of checks compare inside the simulator, not how many injuries a clinic would find.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["TriageComparison", "WeekSignals", "compare_triage", "scores_of", "week_signals"]

type Floats = NDArray[np.float64]

DAYS_PER_WEEK: Final = 7
WEEKS_AHEAD: Final = 4
"""A call counts for a reinjury of the next so many weeks [U]."""
N_BEFORE: Final = 3
FIRST_WEEK: Final = 4
"""Weeks until every check has what it looks at."""
PAIN_LIMIT: Final = 3.0
SPIKE: Final = 1.1
RISE: Final = 0.15
ONTRACX_PAIN: Final = 4.0


@dataclass(frozen=True, eq=False)
class WeekSignals:
    """What was written down of R runners in W weeks; NaN is nothing.

    Attributes
    ----------
    runners : tuple of str
    load_rr : (R, W) array
        Of the week, mean over the units.
    pain, pain_mean : (R, W) array
        Worst and mean pain of the week's sessions.
    unsettled : (R, W) bool array
    spike : (R, W) array
        Greatest session over the longest of 30 days.
    reinjured : (R, W) bool array
        Weeks with an injury after the first one.
    """

    runners: tuple[str, ...]
    load_rr: Floats
    pain: Floats
    pain_mean: Floats
    unsettled: NDArray[np.bool_]
    spike: Floats
    reinjured: NDArray[np.bool_]


@dataclass(frozen=True)
class TriageComparison:
    """Result of one triage.

    Attributes
    ----------
    n_calls, n_reinjuries, n_found : int
    lead_weeks : float
        Mean of the weeks from the first call to the reinjury, of those found; NaN for none.
    """

    n_calls: int
    n_reinjuries: int
    n_found: int
    lead_weeks: float


def week_signals(tables: Mapping[str, pd.DataFrame]) -> WeekSignals:
    """Sum a cohort's tables ``ledger``, ``responses`` and ``events`` to weeks."""
    ledger, responses, events = (tables[name] for name in ("ledger", "responses", "events"))
    start = ledger["date"].min()
    runners = tuple(sorted(ledger["runner_id"].unique()))
    n_weeks = int((ledger["date"].max() - start).days) // DAYS_PER_WEEK + 1
    row = {name: index for index, name in enumerate(runners)}

    def grid(table: pd.DataFrame, values: "pd.Series[float]", how: str) -> Floats:
        week = (table["date"] - start).dt.days // DAYS_PER_WEEK
        inside = week.between(0, n_weeks - 1)
        keyed = [table["runner_id"].map(row)[inside], week[inside]]
        found = values[inside].groupby(keyed).agg(how)
        out = np.full((len(runners), n_weeks), np.nan)
        keys = np.array(list(found.index), np.int64).reshape(-1, 2)
        out[keys[:, 0], keys[:, 1]] = found.to_numpy(np.float64)
        return out

    units = ledger.groupby(["site", "tissue", "side"]).ngroups
    unsettled = (responses["settled_24h"] == "no").astype(np.float64)
    injuries = events[events["kind"] == "injury"]
    later = injuries[injuries["date"] > start + pd.Timedelta(days=DAYS_PER_WEEK * FIRST_WEEK)]
    ones = pd.Series(1.0, index=later.index)
    return WeekSignals(
        runners=runners,
        load_rr=grid(ledger, ledger["load_rr"], "sum") / units,
        pain=grid(responses, responses["pain_0_10"], "max"),
        pain_mean=grid(responses, responses["pain_0_10"], "mean"),
        unsettled=np.nan_to_num(grid(responses, unsettled, "max")) > 0.0,
        spike=grid(ledger, ledger["longest_30d_ratio"], "max"),
        reinjured=np.nan_to_num(grid(later, ones, "sum")) > 0.0,
    )


def scores_of(signals: WeekSignals) -> tuple[Floats, Floats]:
    """Return points of our checks and of the public four, (R, W) each.

    Ours: pain above 3 and an unsettled day (R38, R39) two points each; pain up by two, two points,
    by one, one (R12); a spike above 1.1 (R37) one; no entry at all (R09) one. The public four as in
    ``clinic/triage.py``.
    """
    pain, mean = signals.pain, signals.pain_mean
    change = np.diff(mean, axis=1, prepend=np.nan)
    above = np.zeros(pain.shape, np.int64)
    for week in range(N_BEFORE, pain.shape[1]):
        before = signals.load_rr[:, week - N_BEFORE : week].mean(axis=1)
        is_above = signals.load_rr[:, week] > (1.0 + RISE) * before
        above[:, week] = np.where(is_above, above[:, week - 1] + 1, 0)
    with np.errstate(invalid="ignore"):
        ours = 2.0 * (pain > PAIN_LIMIT) + 2.0 * signals.unsettled
        ours += 1.0 * (change >= 1.0) + 1.0 * (change >= 2.0) + 1.0 * (signals.spike > SPIKE)
        ours += 1.0 * (np.isnan(signals.load_rr) & np.isnan(pain))
        public = 1.0 * (pain > ONTRACX_PAIN) + (change > 0.0)
        public = public + (above > 0) + (above > N_BEFORE)
    return ours, np.asarray(public, np.float64)


def compare_triage(
    signals: WeekSignals, called_share: float, rng: np.random.Generator
) -> dict[str, TriageComparison]:
    """Compare both where the same share of the runners is called each week.

    Parameters
    ----------
    signals : WeekSignals
    called_share : float
        Of all runners, those with most points first.
    rng : numpy.random.Generator
        Breaks ties, alike for both.
    """
    ours, public = scores_of(signals)
    ties = rng.random(ours.shape) * 0.5
    n_called = round(called_share * len(signals.runners))
    found = {}
    for name, score in (("ours", ours), ("ontracx", public)):
        called = np.zeros(score.shape, np.bool_)
        for week in range(FIRST_WEEK, score.shape[1]):
            order = np.argsort(-(score[:, week] + ties[:, week]))
            called[order[:n_called], week] = True
        found[name] = _found(called, signals.reinjured)
    return found


def _found(called: NDArray[np.bool_], reinjured: NDArray[np.bool_]) -> TriageComparison:
    n, hits, leads = 0, 0, []
    for runner, week in zip(*np.nonzero(reinjured), strict=True):
        if week <= FIRST_WEEK:
            continue
        n += 1
        first = max(int(week) - WEEKS_AHEAD, 0)
        before = np.flatnonzero(called[runner, first:week])
        if before.size:
            hits += 1
            leads.append(int(week) - first - int(before[0]))
    lead = float(np.mean(leads)) if leads else float("nan")
    return TriageComparison(int(called.sum()), n, hits, lead)
