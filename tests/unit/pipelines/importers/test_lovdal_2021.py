import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.errors import WorkspaceError
from pipelines.importers.lovdal_2021 import BLOB_IDS, WEEK_FEATURES, git_blob_id, read_windows
from tolerance.evaluate.training_windows import (
    DAY_FEATURES,
    LeakingFeatureError,
    athlete_days,
    check_span,
    day_column,
    event_features,
)


def made_windows(days: pd.DataFrame, events: list[int], injury: int | None = None) -> pd.DataFrame:
    """Cut seven-day windows out of daily rows, as the authors did."""
    rows = []
    for event in events:
        row: dict[str, float] = {}
        for back in range(1, 8):
            for feature in DAY_FEATURES:
                row[day_column(feature, back)] = days.loc[event - back, feature]
        rows.append(row | {"Athlete ID": 3, "injury": int(event == injury), "Date": event})
    return pd.DataFrame(rows)


@pytest.fixture
def days() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    table = pd.DataFrame(rng.uniform(0, 1, (40, 10)), columns=list(DAY_FEATURES))
    table["total km"] = np.arange(40.0)
    table.loc[::4, list(DAY_FEATURES[-3:])] = -0.01
    return table


def test_the_blob_id_is_git_s() -> None:
    # `printf 'hello\n' | git hash-object --stdin`
    assert git_blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert all(len(blob) == 40 for ids in BLOB_IDS.values() for blob in ids)


def test_the_day_before_carries_six() -> None:
    assert day_column("total km", 1) == "total km.6"
    assert day_column("total km", 7) == "total km"


def test_overlapping_windows_become_the_days_they_were_cut_from(days: pd.DataFrame) -> None:
    windows = made_windows(days, list(range(7, 21)))
    found = athlete_days(windows)
    assert (found.n_slots, found.n_disagreeing) == (14 * 7, 0)
    assert found.days["day"].tolist() == list(range(20))
    expected = days.loc[:19, list(DAY_FEATURES)].replace(-0.01, np.nan)
    np.testing.assert_allclose(found.days[list(DAY_FEATURES)], expected)


def test_windows_that_disagree_are_counted(days: pd.DataFrame) -> None:
    windows = made_windows(days, [7, 8])
    windows.loc[1, "total km.5"] += 1.0
    assert athlete_days(windows).n_disagreeing == 1


@pytest.mark.parametrize(("days", "approach"), [(28, "day"), (8, "day"), (22, "week")])
def test_a_feature_longer_than_the_window_is_refused_with_the_reason(days, approach) -> None:
    with pytest.raises(LeakingFeatureError, match=r"22 days or more .* 0\.987 by the gap"):
        check_span("chronic_load", days, approach)
    check_span("km_7d", 7, "day")
    check_span("km_21d", 21, "week")


def test_event_features_come_from_the_event_s_own_window(days: pd.DataFrame) -> None:
    windows = made_windows(days, [10, 12], injury=12)
    table = event_features(windows)
    assert table["km_1d"].tolist() == [9.0, 11.0]
    assert table["km_3d"].tolist() == [24.0, 30.0]
    assert table["km_7d"].tolist() == [42.0, 56.0]
    assert table["longest_km_7d"].tolist() == [9.0, 11.0]
    assert table["is_injury"].tolist() == [False, True]
    assert (table["exertion_mean_7d"] >= 0).all()
    with pytest.raises(LeakingFeatureError):
        event_features(windows, {"km_28d": 28})
    with pytest.raises(ValueError, match="not known: speed_7d"):
        event_features(windows, {"speed_7d": 7})


def test_a_file_that_is_not_the_published_one_is_refused(days: pd.DataFrame, tmp_path: Path):
    path = tmp_path / "day.csv"
    made_windows(days, [8, 9]).to_csv(path, index=False)
    with pytest.raises(WorkspaceError, match=r"no published version .* doi:10\.34894/UWU9PV"):
        read_windows(path, "day")
    assert len(read_windows(path, "day", is_excerpt=True)) == 2
    with pytest.raises(WorkspaceError, match="cannot be read"):
        read_windows(tmp_path / "absent.csv", "day")


def test_every_problem_of_a_file_is_in_one_message(days: pd.DataFrame, tmp_path: Path) -> None:
    windows = made_windows(days, [8, 9])
    path = tmp_path / "day.csv"
    windows.drop(columns=["total km", "injury"]).to_csv(path, index=False)
    with pytest.raises(WorkspaceError, match="2 columns missing: total km, injury"):
        read_windows(path, "day", is_excerpt=True)
    pd.concat([windows, windows]).assign(injury=2).to_csv(path, index=False)
    with pytest.raises(WorkspaceError, match=r"other values than 0 and 1; 2 rows repeat"):
        read_windows(path, "day", is_excerpt=True)


def test_the_week_file_has_three_weeks_of_every_feature(tmp_path: Path) -> None:
    names = [n if w == 0 else f"{n}.{w}" for w in range(3) for n in WEEK_FEATURES]
    table = pd.DataFrame([[0.0] * len(names)], columns=names)
    table = table.assign(**{"Athlete ID": 1, "injury": 0, "Date": 5})
    path = tmp_path / "week.csv"
    table.to_csv(path, index=False)
    assert len(read_windows(path, "week", is_excerpt=True)) == 1
    table.drop(columns="avg exertion.2").to_csv(path, index=False)
    with pytest.raises(WorkspaceError, match=r"1 columns missing: avg exertion\.2"):
        read_windows(path, "week", is_excerpt=True)


@pytest.mark.mirror
def test_the_excerpt_gives_53_days_without_disagreement() -> None:
    place = os.environ.get("TOLERANCE_DATA_MIRROR")
    if not place:
        pytest.skip("TOLERANCE_DATA_MIRROR is not set: no excerpt here")
    path = Path(place) / "lovdal2021_meta" / "day_approach_first47rows_RECONSTRUCTED.csv"
    windows = read_windows(path, "day", is_excerpt=True)
    found = athlete_days(windows)
    assert (len(windows), len(found.days), found.n_disagreeing) == (47, 53, 0)
    assert found.days["day"].tolist() == list(range(-7, 46))
    assert not event_features(windows)["is_injury"].any()
