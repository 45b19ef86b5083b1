"""Two triages at the same number of calls, on weeks made by hand."""

import numpy as np
import pandas as pd
import pytest

from tolerance.evaluate.triage_comparison import (
    WeekSignals,
    compare_triage,
    scores_of,
    week_signals,
)

N, W = 4, 12


def signals_of(**changes):
    quiet = {
        "runners": tuple("abcd"),
        "load_rr": np.ones((N, W)),
        "pain": np.ones((N, W)),
        "pain_mean": np.ones((N, W)),
        "unsettled": np.zeros((N, W), bool),
        "spike": np.ones((N, W)),
        "reinjured": np.zeros((N, W), bool),
    }
    return WeekSignals(**quiet | changes)


def at(runner, week, value, fill=1.0, kind=float):
    grid = np.full((N, W), fill, kind)
    grid[runner, week] = value
    return grid


def test_quiet_weeks_have_no_points():
    ours, public = scores_of(signals_of())
    assert ours.sum() == 0
    assert public.sum() == 0


def test_points_of_both_on_a_week_of_pain_5():
    pain = at(1, 8, 5.0)
    ours, public = scores_of(signals_of(pain=pain, pain_mean=pain))
    assert ours[1, 8] == 4  # above 3: two; up by four: one and one
    assert public[1, 8] == 2  # above 4, rising


def test_an_unsettled_day_is_seen_by_ours_alone():
    ours, public = scores_of(signals_of(unsettled=at(2, 8, True, False, bool)))
    assert (ours[2, 8], public[2, 8]) == (2, 0)


def test_the_fourth_public_check_needs_more_than_three_weeks():
    load = np.ones((N, W))
    load[0, 6:] = 2.0 ** np.arange(1, W - 5)
    _, public = scores_of(signals_of(load_rr=load))
    assert public[0, 6:9].tolist() == [1, 1, 1]
    assert public[0, 9] == 2


def test_who_is_called_before_is_found_and_who_is_not_is_missed():
    unsettled = at(2, 7, True, False, bool)
    reinjured = at(2, 9, True, False, bool)
    found = compare_triage(
        signals_of(unsettled=unsettled, reinjured=reinjured), 0.25, np.random.default_rng(1)
    )
    assert found["ours"].n_reinjuries == found["ontracx"].n_reinjuries == 1
    assert found["ours"].n_found == 1
    assert found["ours"].lead_weeks >= 2
    assert found["ours"].n_calls == found["ontracx"].n_calls == W - 4


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_both_make_the_same_number_of_calls(share):
    pain = np.random.default_rng(3).uniform(0, 9, (N, W))
    found = compare_triage(signals_of(pain=pain, pain_mean=pain), share, np.random.default_rng(1))
    assert found["ours"].n_calls == found["ontracx"].n_calls


def test_tables_are_summed_to_weeks():
    days = pd.to_datetime(["2026-01-05", "2026-01-06", "2026-01-13", "2026-02-20"])
    ledger = pd.DataFrame(
        {
            "runner_id": "a",
            "date": days,
            "site": "shin",
            "tissue": "bone",
            "side": "left",
            "load_rr": [1.0, 2.0, 4.0, 1.0],
            "longest_30d_ratio": [np.nan, 2.0, 2.0, 0.5],
        }
    )
    responses = pd.DataFrame(
        {"runner_id": "a", "date": days[:2], "pain_0_10": [1.0, 3.0], "settled_24h": ["yes", "no"]}
    )
    events = pd.DataFrame(
        {"runner_id": "a", "date": [days[0], days[3]], "kind": ["injury", "injury"]}
    )
    found = week_signals({"ledger": ledger, "responses": responses, "events": events})
    assert found.load_rr[0, :3].tolist()[:2] == [3.0, 4.0]
    assert np.isnan(found.load_rr[0, 2])
    assert (found.pain[0, 0], found.pain_mean[0, 0]) == (3.0, 2.0)
    assert found.unsettled[0].tolist()[:2] == [True, False]
    assert found.reinjured[0].nonzero()[0].tolist() == [6]
