"""The seven-day windows of the Lövdal 2021 files: athlete-days, honest features, leaks refused.

Each row of the day file describes an event day by the seven days before it, each row of the week
file by the three weeks before it; rows overlap. Around an injury three weeks are cut out, so that
an injury's row stands at least 22 days after the athlete's row before. Anything computed over more
days than one row holds is therefore missing for every injury row and for few others: it tells
injuries apart by the gap (a false AUC of .987 was shown), and nothing of it carries over to a
runner.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

__all__ = [
    "DAY_FEATURES",
    "FEATURE_SPANS",
    "WINDOW_D",
    "AthleteDays",
    "LeakingFeatureError",
    "athlete_days",
    "check_span",
    "day_column",
    "event_features",
]

Approach = Literal["day", "week"]

WINDOW_D: Final[Mapping[Approach, int]] = {"day": 7, "week": 21}
"""Days of training that a row holds before its event."""
LEAST_GAP_D: Final = 22
"""Least number of days between an injury's row and the athlete's row before."""
FALSE_AUC: Final = 0.987

DAY_FEATURES: Final = (
    "nr. sessions",
    "total km",
    "km Z3-4",
    "km Z5-T1-T2",
    "km sprinting",
    "strength training",
    "hours alternative",
    "perceived exertion",
    "perceived trainingSuccess",
    "perceived recovery",
)
PERCEIVED: Final = DAY_FEATURES[-3:]
REST_DAY: Final = -0.01
"""What the perceived columns hold on a rest day: missing, not a value."""

FEATURE_SPANS: Final[Mapping[str, int]] = {
    "km_1d": 1,
    "km_3d": 3,
    "km_7d": 7,
    "fast_km_7d": 7,
    "longest_km_7d": 7,
    "sessions_7d": 7,
    "exertion_mean_7d": 7,
}
"""Features of an event and how many days before it each looks back."""


class LeakingFeatureError(ValueError):
    """A feature that looks back further than a row does."""


@dataclass(frozen=True)
class AthleteDays:
    """Days put together from overlapping windows.

    Attributes
    ----------
    days : DataFrame
        athlete_id, day, and the ten features; NaN where perceived columns say rest.
    n_slots : int
        Day slots in all windows.
    n_disagreeing : int
        Slots that say something else than the first window did of the same day.
    """

    days: pd.DataFrame
    n_slots: int
    n_disagreeing: int


def day_column(feature: str, days_before: int) -> str:
    """Return the column of a feature some days before the event.

    The day before carries the suffix ``.6``, seven days before none (the authors' second readme).
    """
    suffix = WINDOW_D["day"] - days_before
    return feature if suffix == 0 else f"{feature}.{suffix}"


def check_span(name: str, days: int, approach: Approach) -> None:
    """Refuse a feature that looks back over more days than a row holds.

    Raises
    ------
    LeakingFeatureError
        With the reason.
    """
    window = WINDOW_D[approach]
    if days > window:
        raise LeakingFeatureError(
            f"{name} looks back {days} days; a row of the {approach} file holds {window}. The "
            "three weeks around injuries are cut out, so every injury's row stands "
            f"{LEAST_GAP_D} days or more after the athlete's row before: the feature would be "
            f"missing for injuries and not for others, score {FALSE_AUC} by the gap and mean "
            f"nothing. Use a span of {window} days or less."
        )


def athlete_days(windows: pd.DataFrame) -> AthleteDays:
    """Put overlapping seven-day windows together to one row an athlete and day.

    Parameters
    ----------
    windows : DataFrame
        The day file: ten features for each of seven days, ``Athlete ID``, ``injury``, ``Date``.
    """
    parts = []
    for days_before in range(1, WINDOW_D["day"] + 1):
        columns = {day_column(feature, days_before): feature for feature in DAY_FEATURES}
        part = windows[list(columns)].rename(columns=columns)
        parts.append(
            part.assign(
                athlete_id=windows["Athlete ID"].astype("int64"),
                day=windows["Date"].astype("int64") - days_before,
            )
        )
    slots = pd.concat(parts, ignore_index=True)
    for column in PERCEIVED:
        slots[column] = slots[column].where(slots[column] > REST_DAY / 2)
    key = ["athlete_id", "day"]
    slots = slots.sort_values(key, kind="stable").reset_index(drop=True)
    days = slots.drop_duplicates(key).reset_index(drop=True)
    told = slots[key].merge(days, on=key)[list(DAY_FEATURES)].to_numpy(np.float64)
    same = np.isclose(slots[list(DAY_FEATURES)].to_numpy(np.float64), told, equal_nan=True)
    return AthleteDays(days[[*key, *DAY_FEATURES]], len(slots), int((~same.all(axis=1)).sum()))


def event_features(windows: pd.DataFrame, spans: Mapping[str, int] = FEATURE_SPANS) -> pd.DataFrame:
    """Return athlete, day, injury and the features of each event, from its own window only.

    Parameters
    ----------
    windows : DataFrame
        The day file.
    spans : mapping of str to int
        Features of ``FEATURE_SPANS`` and the days that each looks back.

    Raises
    ------
    LeakingFeatureError
        If a feature looks back further than the window.
    ValueError
        If a feature is not known.
    """
    for name, days in spans.items():
        check_span(name, days, "day")
    unknown = sorted(set(spans) - set(FEATURE_SPANS))
    if unknown:
        raise ValueError(
            f"features not known: {', '.join(unknown)}; expected some of "
            f"{', '.join(FEATURE_SPANS)}."
        )

    def over(feature: str, days: int) -> pd.DataFrame:
        return windows[[day_column(feature, back) for back in range(1, days + 1)]]

    made: dict[str, pd.Series] = {
        "athlete_id": windows["Athlete ID"].astype("int64"),
        "day": windows["Date"].astype("int64"),
        "is_injury": windows["injury"] == 1,
    }
    for name, days in spans.items():
        if name.startswith("km_"):
            made[name] = over("total km", days).sum(axis=1)
        elif name == "fast_km_7d":
            fast = ("km Z3-4", "km Z5-T1-T2", "km sprinting")
            made[name] = sum(
                (over(kind, days).sum(axis=1) for kind in fast), start=0.0 * windows["Date"]
            )
        elif name == "longest_km_7d":
            made[name] = over("total km", days).max(axis=1)
        elif name == "sessions_7d":
            made[name] = over("nr. sessions", days).sum(axis=1)
        else:
            felt = over("perceived exertion", days)
            made[name] = felt.where(felt > REST_DAY / 2).mean(axis=1).fillna(0.0)
    return pd.DataFrame(made)
