"""Lövdal 2021: the two files of competitive runners that a user downloads, checked and read.

Not fetched by the workspace: download ``day_approach_maskedID_timeseries.csv`` or
``week_approach_maskedID_timeseries.csv`` from DataverseNL (doi:10.34894/UWU9PV). A copy is known by
its git blob id, with either line ending; ``git hash-object FILE`` gives the same. Nobody has run
these readers on the real files here, only on a 47-row excerpt, so nothing is claimed of results.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from pipelines.errors import WorkspaceError
from tolerance.evaluate.training_windows import DAY_FEATURES, WINDOW_D, Approach, day_column

__all__ = ["BLOB_IDS", "DOI", "WEEK_FEATURES", "git_blob_id", "read_windows"]

DOI: Final = "10.34894/UWU9PV"
BLOB_IDS: Final[Mapping[Approach, tuple[str, str]]] = {
    "day": (
        "05acd3b1640ba242a667bd4fb354fc46ec17f74b",
        "2098c8184d34c77db808f1029b0018856e870629",
    ),
    "week": (
        "6a739f4f6e3a091200a40230f5c629842d119dbd",
        "53daa6cd5bce8f019193fbeaea493d78a3cafc33",
    ),
}
"""Line ends LF, and CRLF."""
WEEK_FEATURES: Final = (
    "nr. sessions",
    "nr. rest days",
    "total kms",
    "max km one day",
    "total km Z3-Z4-Z5-T1-T2",
    "nr. tough sessions (effort in Z5, T1 or T2)",
    "nr. days with interval session",
    "total km Z3-4",
    "max km Z3-4 one day",
    "total km Z5-T1-T2",
    "max km Z5-T1-T2 one day",
    "total hours alternative training",
    "nr. strength trainings",
    "avg exertion",
    "min exertion",
    "max exertion",
    "avg training success",
    "min training success",
    "max training success",
    "avg recovery",
    "min recovery",
    "max recovery",
)
"""As the authors' readme lists them; a column that begins with the same words is taken for it."""
KEYS: Final = ("Athlete ID", "injury", "Date")
WEEKS: Final = 3
MAX_EXAMPLES: Final = 4


def git_blob_id(content: bytes) -> str:
    """Return the id that git gives a file of this content."""
    head = f"blob {len(content)}\0".encode()
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()


def read_windows(path: Path, approach: Approach, *, is_excerpt: bool = False) -> pd.DataFrame:
    """Read the day or the week file.

    Parameters
    ----------
    path : Path
        Where the user put it.
    approach : str
        ``day`` or ``week``.
    is_excerpt : bool
        True for a part of the file, whose id nobody can know: a format fixture, never data for a
        result.

    Raises
    ------
    WorkspaceError
        If it is not the published file, or columns or values are not as documented; every problem
        is in the message.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be read ({error}). Download the {approach} file from doi:{DOI}."
        ) from error
    found = git_blob_id(content)
    if not is_excerpt and found not in BLOB_IDS[approach]:
        other = next((kind for kind, ids in BLOB_IDS.items() if found in ids), None)
        why = f"it is the {other} file" if other else "it is no published version of it"
        raise WorkspaceError(
            f"{path}: git blob id {found}, expected {' or '.join(BLOB_IDS[approach])} for the "
            f"{approach} file: {why}. Download it again from doi:{DOI}, unchanged."
        )
    try:
        windows = pd.read_csv(path)
    except (UnicodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise WorkspaceError(f"{path} is no table ({error}). Download it again.") from error
    problems = _problems(windows, approach)
    if problems:
        raise WorkspaceError(f"{path}: {'; '.join(problems)}.")
    return windows


def _problems(windows: pd.DataFrame, approach: Approach) -> list[str]:
    """Say all that contradicts the documented format."""
    if approach == "day":
        expected = [
            day_column(feature, back)
            for feature in DAY_FEATURES
            for back in range(1, WINDOW_D["day"] + 1)
        ]
        missing = [name for name in expected if name not in windows.columns]
    else:
        missing = [
            name if week == 0 else f"{name}.{week}"
            for name in WEEK_FEATURES
            for week in range(WEEKS)
            if not _has_week_column(windows, name, week)
        ]
    missing += [name for name in KEYS if name not in windows.columns]
    problems = []
    if missing:
        more = ", …" if len(missing) > MAX_EXAMPLES else ""
        problems.append(
            f"{len(missing)} columns missing: {', '.join(missing[:MAX_EXAMPLES])}{more}"
        )
        return problems
    words = [name for name in windows.columns if not pd.api.types.is_numeric_dtype(windows[name])]
    if words:
        problems.append(f"no numbers in {', '.join(words[:MAX_EXAMPLES])}")
    if not windows["injury"].isin((0, 1)).all():
        problems.append("injury holds other values than 0 and 1")
    doubled = int(windows.duplicated(["Athlete ID", "Date"]).sum())
    if doubled:
        problems.append(f"{doubled} rows repeat an athlete and date")
    return problems


def _has_week_column(windows: pd.DataFrame, name: str, week: int) -> bool:
    stem = name.split(" (")[0]
    ending = "" if week == 0 else f".{week}"
    return any(
        column.startswith(stem) and (column.endswith(ending) if ending else "." not in column[-3:])
        for column in windows.columns
    )
