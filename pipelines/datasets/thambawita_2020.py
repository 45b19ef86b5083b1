"""Thambawita et al. 2020 (PMData): five months of daily soreness and training diary, no IMU."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pandas as pd

from pipelines.datasets.base import (
    DailyTables,
    DatasetCard,
    Reference,
    UnusableRecordingError,
)
from tolerance.schemas import conform, empty_table

__all__ = ["CARD", "read_daily"]

PERSON: Final = re.compile(r"p\d{2,}")
"""Name of a person's folder: p01, p02 …"""

REPORT_COLUMNS: Final = {
    "soreness": "soreness_0_5",
    "fatigue": "fatigue_0_5",
    "mood": "mood_0_5",
    "stress": "stress_0_5",
    "sleep_quality": "sleep_quality_0_5",
    "readiness": "readiness_0_10",
}
SESSION_COLUMNS: Final = {"perceived_exertion": "rpe", "duration_min": "duration_min"}
REPORT_TIME: Final = "effective_time_frame"
SESSION_TIME: Final = "end_date_time"

CARD: Final = DatasetCard(
    id="pmdata",
    module="thambawita_2020",
    title="PMData: a sports logging dataset",
    citation=(
        "Thambawita V, Hicks SA, Borgli H, et al. PMData: a sports logging dataset. Proceedings "
        "of the 11th ACM Multimedia Systems Conference (MMSys) 2020: 231-236."
    ),
    doi="10.1145/3339825.3394926",
    home="https://datasets.simula.no/pmdata/",
    licence=(
        "CC BY-NC 4.0 as a co-author's repository states it (CC BY 4.0 is reported elsewhere: the "
        "stricter one counts until the authors say otherwise)"
    ),
    licence_kind="non_commercial",
    ethics=(
        "The paper reports approval and consent (to be read there). Daily health answers of "
        "numbered people: only diary and soreness are listed and fetched; meals, weight, heart "
        "rate, sleep and injuries stay where they are."
    ),
    n_runners=12,
    n_recordings=0,
    age="in the paper; not fetched",
    sex="in the paper; not fetched",
    speed="not applicable: sessions with exertion and minutes",
    foot_strike="not applicable",
    surface="not stated",
    sensors=(),
    references=(
        Reference(
            table="wellness_reports",
            what="soreness (1 sorest to 5 none), fatigue, mood, stress, sleep, readiness",
            unit="answers",
        ),
        Reference(
            table="diary_sessions", what="exertion (0 to 10) and minutes of sessions", unit="min"
        ),
    ),
    cautions=(
        "Sixteen people took part; twelve are listed here. Four are kept for one last check.",
        "Low is sore: 1 is the sorest answer, 5 none. 0 is a form that was left blank.",
        "Times of the diary are true UTC; three people file forms after midnight, which belong to "
        "the evening before.",
        "One person travelled for five weeks and has 62 of the 280 sore days; Norwegian days are "
        "wrong by hours there. No rule corrects it: the diary does not say who travels.",
        "Three people log almost no session: no session means not logged, not rest.",
        "Up to 22 % of a person's outcomes are filed after a session of that day, which the "
        "prediction of the evening before cannot know.",
        "The licence is non-commercial: nothing learned here is part of a default bundle.",
    ),
)


def read_daily(raw_dir: Path) -> DailyTables:
    """Read the diary of every person whose folder is there, be it two people or sixteen.

    A person without a wellness file, or with one that cannot be read, is left out with the reason.
    A person without a session file logged none. Rows without a readable time, and answers outside
    their scale, are left out and counted.

    Raises
    ------
    UnusableRecordingError
        If no person can be read.
    """
    reports: list[pd.DataFrame] = []
    sessions: list[pd.DataFrame] = []
    problems: list[tuple[str, str]] = []
    folders = [path for path in sorted(raw_dir.iterdir()) if PERSON.fullmatch(path.name)]
    for folder in folders:
        try:
            own = _read(folder / "pmsys" / "wellness.csv", _reports, problems)
            logged = folder / "pmsys" / "srpe.csv"
            if logged.is_file():
                sessions.append(_read(logged, _sessions, problems))
            else:
                problems.append((folder.name, "no srpe.csv: no session logged"))
            reports.append(own)
        except UnusableRecordingError as error:
            problems.append((folder.name, f"left out: {error}"))
    if not reports:
        raise UnusableRecordingError(
            f"no person found in {raw_dir.name}: expected folders such as p01 with "
            f"pmsys/wellness.csv, found {len(folders)} of them. "
            + "; ".join(f"{person}: {problem}" for person, problem in problems)
        )
    return DailyTables(
        tables={
            "wellness_reports": pd.concat(reports, ignore_index=True),
            "diary_sessions": pd.concat(sessions, ignore_index=True)
            if sessions
            else empty_table("diary_sessions"),
        },
        problems=tuple(problems),
    )


def _read(
    path: Path,
    to_table: Callable[[pd.DataFrame, str], pd.DataFrame],
    problems: list[tuple[str, str]],
) -> pd.DataFrame:
    """Read one file of one person; count the rows that say nothing."""
    person = path.parent.parent.name
    try:
        raw = pd.read_csv(path, skipinitialspace=True)
    except FileNotFoundError as error:
        raise UnusableRecordingError(f"{path.name} is not there") from error
    except (OSError, UnicodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UnusableRecordingError(f"{path.name} is damaged ({error})") from error
    table = to_table(raw, path.name)
    lost = len(raw) - len(table)
    if lost:
        problems.append((person, f"{path.name}: {lost} of {len(raw)} rows repeat or have no time"))
    return table.assign(runner_id=f"pmdata_{person}")


def _reports(raw: pd.DataFrame, name: str) -> pd.DataFrame:
    _require(raw, name, (REPORT_TIME, "soreness"))
    columns = {"runner_id": "", "reported_at_utc": _times(raw[REPORT_TIME])}
    for source, column in REPORT_COLUMNS.items():
        top = 10.0 if column == "readiness_0_10" else 5.0
        columns[column] = _numbers(raw, source, top)
    frame = pd.DataFrame(columns).dropna(subset=["reported_at_utc"])
    return conform("wellness_reports", frame.drop_duplicates("reported_at_utc", keep="last"))


def _sessions(raw: pd.DataFrame, name: str) -> pd.DataFrame:
    _require(raw, name, (SESSION_TIME, "activity_names", *SESSION_COLUMNS))
    words = raw["activity_names"].fillna("").astype(str)
    frame = pd.DataFrame(
        {
            "runner_id": "",
            "session_id": [f"{row:04d}" for row in range(len(raw))],
            "ended_at_utc": _times(raw[SESSION_TIME]),
            "activities": [", ".join(re.findall(r"[a-z_]+", text.lower())) for text in words],
            "rpe": _numbers(raw, "perceived_exertion", 10.0),
            "duration_min": _numbers(raw, "duration_min", 24.0 * 60.0),
        }
    )
    return conform("diary_sessions", frame.dropna(subset=["ended_at_utc"]))


def _require(raw: pd.DataFrame, name: str, columns: tuple[str, ...]) -> None:
    missing = [column for column in columns if column not in raw.columns]
    if missing:
        raise UnusableRecordingError(f"{name} lacks {', '.join(missing)}")


def _times(text: "pd.Series[str]") -> "pd.Series[pd.Timestamp]":
    """Read times as UTC; what is no time is missing."""
    times = pd.to_datetime(text, utc=True, format="ISO8601", errors="coerce")
    return times.astype("datetime64[us, UTC]")


def _numbers(raw: pd.DataFrame, column: str, top: float) -> "pd.Series[float]":
    """Read a column of numbers; what is absent, no number or off its scale is missing."""
    if column not in raw.columns:
        return pd.Series(float("nan"), index=raw.index)
    numbers = pd.to_numeric(raw[column], errors="coerce")
    return numbers.where(numbers.between(0.0, top)).astype("float64")
