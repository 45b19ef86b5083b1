"""The frozen protocol of next-day soreness: which days are scored, from what, on which split.

Written before any model was fitted, for the diary of PMData, and never changed with the scores in
sight. It knows no person by name, so that it runs unchanged on people nobody has seen.

1. *Day.* Times of the diary are true UTC. They become Norwegian wall time, less four hours, and the
   date of that is the day: a form filed before 04:00 belongs to the evening before.
2. *Report.* The last form of the day with soreness 1 to 5 (1 is sorest). Soreness 0 is a form left
   blank, so missing.
3. *Outcome.* The next day is sore when its soreness is 2 or less. A row needs a valid report on the
   day and on the day after. No outcome is imputed, and a gap of days makes no row.
4. *Load.* Exertion times minutes, summed over the sessions of a day; a session without exertion or
   minutes is an empty form and dropped. A day without a session is a day on which nothing was
   logged, which is not the same as rest: the tables keep how many sessions were logged.
5. *Splits.* ``leave_one_person_out``; ``first_days_train`` (training where the outcome lies in the
   first 70 % of a person's span, test where the day itself is later).
6. *Information.* ``pop``: nothing is learned from the person's own outcomes. ``seq``: outcomes that
   were known at the end of the day are used as well, `known_rows`.

A traveller's days are wrong by some hours. Whether somebody travels is not in the diary, so no rule
can correct it for people not seen yet, and nobody's days are corrected.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "DAY_STARTS_H",
    "SORE_AT_MOST",
    "TRAIN_SPAN_FRACTION",
    "ZONE",
    "Information",
    "Split",
    "daily_loads",
    "daily_reports",
    "diary_day",
    "first_days_train",
    "known_rows",
    "leave_one_person_out",
    "soreness_rows",
]

type AnySeries = pd.Series[Any]
type Mask = NDArray[np.bool_]
Information = Literal["pop", "seq"]

ZONE: Final = "Europe/Oslo"
DAY_STARTS_H: Final = 4
"""Hour of wall time at which a diary day begins: three people file forms after midnight."""
SORENESS_LEVELS: Final = (1, 2, 3, 4, 5)
"""Answers of a filled-in form; 0 is a blank one."""
SORE_AT_MOST: Final = 2
TRAIN_SPAN_FRACTION: Final = 0.7
RUNNING_TAG: Final = "running"
ONE_DAY: Final = pd.Timedelta(days=1)
OTHER_ANSWERS: Final = ("fatigue_0_5", "mood_0_5", "stress_0_5", "sleep_quality_0_5")


@dataclass(frozen=True)
class Split:
    """Rows that a model may learn from, and rows that it is scored on.

    Attributes
    ----------
    name : str
        The person left out, or ``time``.
    train, test : (n_rows,) bool arrays
    """

    name: str
    train: Mask
    test: Mask


def diary_day(times_utc: AnySeries) -> AnySeries:
    """Return the diary day of each time: midnight, no zone.

    Parameters
    ----------
    times_utc : Series of datetimes with zone UTC
    """
    wall = times_utc.dt.tz_convert(ZONE).dt.tz_localize(None)
    return (wall - pd.Timedelta(hours=DAY_STARTS_H)).dt.normalize()


def daily_reports(reports: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each person and day with a valid soreness report.

    Parameters
    ----------
    reports : DataFrame
        Table ``wellness_reports``.

    Returns
    -------
    DataFrame
        runner_id, date, soreness (1 sorest to 5 none), and the other answers of that form, NaN
        where 0 (blank); in order of person and day.
    """
    valid = reports[reports["soreness_0_5"].isin(SORENESS_LEVELS)]
    ordered = valid.sort_values(["runner_id", "reported_at_utc"], kind="stable")
    dated = ordered.assign(date=diary_day(ordered["reported_at_utc"]))
    last = dated.groupby(["runner_id", "date"], sort=True).tail(1)
    answers = {
        name.removesuffix("_0_5"): last[name].where(last[name] > 0)
        for name in OTHER_ANSWERS
        if name in last
    }
    columns = {
        "runner_id": last["runner_id"],
        "date": last["date"],
        "soreness": last["soreness_0_5"].astype("int64"),
    }
    frame = pd.DataFrame({**columns, **answers})
    return frame.sort_values(["runner_id", "date"]).reset_index(drop=True)


def daily_loads(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return what was logged, one row for each person and day with a session.

    Parameters
    ----------
    sessions : DataFrame
        Table ``diary_sessions``.

    Returns
    -------
    DataFrame
        runner_id, date, srpe (exertion times minutes, summed), running_srpe (of sessions tagged as
        running), n_sessions.
    """
    load = sessions["rpe"] * sessions["duration_min"]
    filled = sessions[load > 0]
    tagged = (
        filled["activities"]
        .fillna("")
        .str.split(",")
        .map(lambda words: RUNNING_TAG in {word.strip() for word in words})
    )
    rows = pd.DataFrame(
        {
            "runner_id": filled["runner_id"],
            "date": diary_day(filled["ended_at_utc"]),
            "srpe": load[filled.index],
            "running_srpe": load[filled.index].where(tagged.astype(bool), 0.0),
            "n_sessions": 1,
        }
    )
    return rows.groupby(["runner_id", "date"], as_index=False).sum()


def soreness_rows(reports: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are scored: days with a valid report on the day and the day after.

    Parameters
    ----------
    reports : DataFrame
        From `daily_reports`.

    Returns
    -------
    DataFrame
        runner_id, date, soreness (that evening), soreness_next (the day after), is_sore.
    """
    next_day = reports[["runner_id", "date", "soreness"]].assign(date=reports["date"] - ONE_DAY)
    rows = reports[["runner_id", "date", "soreness"]].merge(
        next_day, on=["runner_id", "date"], suffixes=("", "_next")
    )
    rows = rows.sort_values(["runner_id", "date"]).reset_index(drop=True)
    return rows.assign(is_sore=rows["soreness_next"] <= SORE_AT_MOST)


def leave_one_person_out(rows: pd.DataFrame) -> Iterator[Split]:
    """Give one split for each person, in order of their names."""
    person = rows["runner_id"].to_numpy()
    for name in sorted(set(person)):
        own = person == name
        yield Split(str(name), ~own, own)


def first_days_train(rows: pd.DataFrame, reports: pd.DataFrame) -> Split:
    """Return the split in time: the first 70 % of each person's span against later days.

    A person's span runs from the first to the last day with a valid report. A row whose day lies
    before the limit and whose outcome lies behind it is in neither part.

    Parameters
    ----------
    rows : DataFrame
        From `soreness_rows`.
    reports : DataFrame
        From `daily_reports`, for the spans.
    """
    span = reports.groupby("runner_id")["date"].agg(["min", "max"])
    first, last = (rows["runner_id"].map(span[end]) for end in ("min", "max"))
    limit = first + TRAIN_SPAN_FRACTION * (last - first)
    outcome = rows["date"] + ONE_DAY
    return Split("time", (outcome <= limit).to_numpy(), (rows["date"] > limit).to_numpy())


def known_rows(dates: AnySeries, information: Information) -> Mask:
    """Tell which of one person's outcomes are known when each of their days is predicted.

    Parameters
    ----------
    dates : Series of dates
        Days of the person's rows.
    information : str
        ``pop`` or ``seq``.

    Returns
    -------
    (n_rows, n_rows) bool array
        ``known[i, j]``: the outcome of row j (on the day after ``dates[j]``) may be used for row i.
    """
    day = dates.to_numpy()
    if information == "pop":
        return np.zeros((day.size, day.size), dtype=np.bool_)
    return np.asarray((day + ONE_DAY.to_timedelta64())[None, :] <= day[:, None], dtype=np.bool_)
