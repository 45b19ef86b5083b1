"""The frozen protocol, rule by rule, on cases made by hand."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.datasets.thambawita_2020 import read_daily
from tolerance.evaluate.soreness_protocol import (
    daily_loads,
    daily_reports,
    diary_day,
    first_days_train,
    known_rows,
    leave_one_person_out,
    soreness_rows,
)


def forms(*rows: tuple[str, str, float]) -> pd.DataFrame:
    person, time, soreness = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "runner_id": person,
            "reported_at_utc": pd.to_datetime(time, utc=True),
            "soreness_0_5": soreness,
            "fatigue_0_5": 3.0,
            "mood_0_5": 0.0,
        }
    )


def sessions(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    time, words, rpe, minutes = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "runner_id": "a",
            "ended_at_utc": pd.to_datetime(time, utc=True),
            "activities": words,
            "rpe": rpe,
            "duration_min": minutes,
        }
    )


@pytest.mark.parametrize(
    ("utc", "day"),
    [
        ("2019-12-01T02:59:59Z", "2019-11-30"),  # 03:59:59 in Oslo: still the evening before
        ("2019-12-01T03:00:00Z", "2019-12-01"),  # 04:00:00 in Oslo
        ("2019-12-01T23:30:00Z", "2019-12-01"),  # 00:30 in Oslo on the 2nd
        ("2020-07-01T01:59:59Z", "2020-06-30"),  # summer time: 03:59:59
        ("2020-07-01T02:00:00Z", "2020-07-01"),
        ("2020-03-29T02:00:00Z", "2020-03-29"),  # the night the clocks go forward: 04:00 summer
        ("2020-03-29T01:59:59Z", "2020-03-28"),
    ],
)
def test_the_day_begins_at_four_in_norway(utc: str, day: str) -> None:
    assert diary_day(pd.Series(pd.to_datetime([utc], utc=True))).item() == pd.Timestamp(day)


def test_a_blank_form_is_missing_and_the_last_filled_one_of_the_day_counts() -> None:
    found = daily_reports(
        forms(
            ("a", "2019-12-01T20:00Z", 4.0),
            ("a", "2019-12-01T06:00Z", 2.0),
            ("a", "2019-12-01T22:00Z", 0.0),
            ("a", "2019-12-02T20:00Z", 0.0),
            ("b", "2019-12-01T20:00Z", float("nan")),
        )
    )
    assert found[["runner_id", "soreness"]].to_numpy().tolist() == [["a", 4]]
    assert found["fatigue"].item() == 3.0
    assert np.isnan(found["mood"].item()), "0 is blank in the other answers too"


def test_a_row_needs_both_days_and_no_outcome_is_made_up() -> None:
    rows = soreness_rows(
        daily_reports(
            forms(
                ("a", "2019-12-01T20:00Z", 3.0),
                ("a", "2019-12-02T20:00Z", 2.0),
                ("a", "2019-12-04T20:00Z", 1.0),  # the 3rd is missing: no row on the 2nd or 3rd
                ("a", "2019-12-05T20:00Z", 3.0),
                ("b", "2019-12-06T20:00Z", 1.0),  # another person's next day is no outcome
            )
        )
    )
    assert rows["date"].dt.day.tolist() == [1, 4]
    assert rows["soreness_next"].tolist() == [2, 3]
    assert rows["is_sore"].tolist() == [True, False], "two or less is sore: low is sore"


def test_load_is_exertion_times_minutes_and_empty_sessions_drop() -> None:
    nan = float("nan")
    loads = daily_loads(
        sessions(
            ("2019-12-01T18:00Z", "individual, running", 5, 30),
            ("2019-12-02T01:00Z", "individual, strength", 4, 60),  # 02:00 in Oslo: the evening
            ("2019-12-03T18:00Z", "", nan, nan),
            ("2019-12-04T18:00Z", "individual, running", 0, 30),
            ("2019-12-05T18:00Z", "overrunning", 5, 0),
            ("2019-12-06T18:00Z", "team, overrunning", 5, 10),
        )
    )
    assert loads["date"].dt.day.tolist() == [1, 6]
    assert loads["srpe"].tolist() == [390.0, 50.0]
    assert loads["running_srpe"].tolist() == [150.0, 0.0]
    assert loads["n_sessions"].tolist() == [2, 1]


def two_people(days_a: int, days_b: int) -> pd.DataFrame:
    def made(person: str, days: int) -> list[tuple[str, str, float]]:
        start = pd.Timestamp("2019-12-01T12:00Z")
        return [(person, str(start + pd.Timedelta(days=day)), 3.0) for day in range(days)]

    return daily_reports(forms(*made("a", days_a), *made("b", days_b)))


def test_a_person_left_out_is_in_no_training_row() -> None:
    rows = soreness_rows(two_people(6, 4))
    splits = list(leave_one_person_out(rows))
    assert [split.name for split in splits] == ["a", "b"]
    for split in splits:
        assert (rows["runner_id"][split.test] == split.name).all()
        assert (rows["runner_id"][split.train] != split.name).all()
        assert (split.train ^ split.test).all()


def test_the_split_in_time_lets_no_training_outcome_into_the_test_days() -> None:
    reports = two_people(11, 21)
    rows = soreness_rows(reports)
    split = first_days_train(rows, reports)
    outcome = rows["date"] + pd.Timedelta(days=1)
    own = rows["runner_id"] == "a"
    # Eleven days span ten: outcomes up to the eighth day train, feature days from the ninth test.
    assert outcome[own & split.train].dt.day.max() == 8
    assert rows["date"][own & split.test].dt.day.min() == 9
    for person in "ab":
        mine = rows["runner_id"] == person
        assert outcome[mine & split.train].max() < rows["date"][mine & split.test].min()


def test_what_is_known_is_what_was_filed_by_the_end_of_the_day() -> None:
    dates = pd.Series(pd.to_datetime(["2019-12-01", "2019-12-02", "2019-12-05"]))
    seq = known_rows(dates, "seq")
    assert seq.tolist() == [
        [False, False, False],
        [True, False, False],
        [True, True, False],
    ]
    assert not known_rows(dates, "pop").any()


@pytest.mark.mirror
def test_the_mirror_gives_975_rows_and_280_sore_days() -> None:
    place = os.environ.get("TOLERANCE_DATA_MIRROR")
    if not place:
        pytest.skip("TOLERANCE_DATA_MIRROR is not set: no real data here")
    diary = read_daily(Path(place) / "pmdata")
    reports = daily_reports(diary.tables["wellness_reports"])
    rows = soreness_rows(reports)
    assert (len(rows), int(rows["is_sore"].sum())) == (975, 280)
    assert rows["runner_id"].nunique() == 12
    assert rows.groupby("runner_id")["is_sore"].sum()["pmdata_p04"] == 62
    split = first_days_train(rows, reports)
    # The base rate's score in the reference table, .580 and .195, pins the definition of the span.
    rate = rows["is_sore"][split.train].mean()
    sore = rows["is_sore"][split.test].to_numpy()
    assert -np.log(np.where(sore, rate, 1 - rate)).mean() == pytest.approx(0.580, abs=5e-4)
    assert ((sore - rate) ** 2).mean() == pytest.approx(0.195, abs=5e-4)
    assert daily_loads(diary.tables["diary_sessions"])["runner_id"].nunique() == 11
