"""Timings: what the report of a run becomes."""

import pytest

from pipelines.benchmarks import benchmarks_table, summarise


def entry(group, seconds, **noted):
    return {"group": group, "name": group, "stats": {"min": seconds}, "extra_info": noted}


def report(*others):
    of_site = {"site": "foot", "sampling_rate_hz": 100}
    versions = {"gaitmap": "2.6.0", "skdh": "0.17"}
    peers = [
        entry("peers", 10.0, task=task, n_samples=1_000_000, versions=versions, **of_site)
        for task in ("madgwick", "events", "lumbar_gait")
    ]
    pairs = [
        entry("two_cores", seconds, hands=hands, **of_site)
        for hands, seconds in (("in turn", 4.0), ("threads", 2.5), ("processes", 2.0))
    ]
    return {
        "benchmarks": [
            entry("read_limit", 0.1, n_bytes=1_000_000_000),
            entry("chain", 0.05, n_samples=1_000_000, n_steps=1, **of_site),
            *peers,
            *pairs,
            entry("filter", 1.0, who="loadcore", n_samples=1),
            entry("memory", 1.0, input_bytes=10, peak_bytes=18, **of_site),
            entry("duration", 0.36, duration_s=3600.0, n_samples=360_000),
            entry("duration", 17.28, duration_s=86400.0, n_samples=8_640_000),
            entry("start", 0.8, site="foot", code="compiled by an earlier process"),
            entry("start", 15.0, site="foot", code="compiled by this call"),
            *others,
        ]
    }


def test_rates_ratios_and_shares_follow_from_the_fastest_rounds():
    found = summarise(report())
    [chain] = found["chain"]
    assert chain["msamples_per_s"] == pytest.approx(20.0)
    assert chain["share_of_read_limit"] == pytest.approx(20e6 * 48 / 1e10)
    assert [row["ratio"] for row in found["peers"]] == [pytest.approx(200.0)] * 3
    [pair] = found["two_cores"]
    assert (pair["gain"], pair["gain_of_processes"]) == (pytest.approx(1.6), pytest.approx(2.0))
    assert found["memory"][0]["peak_over_input"] == pytest.approx(1.8)
    assert found["duration"]["exponent"] == pytest.approx(1.0 + 0.693147 / 3.178054, abs=1e-4)


def test_a_benchmark_of_a_group_that_nobody_knows_is_kept():
    found = summarise(report(entry("model_update", 0.5, rows=37_500)))
    [other] = found["other"]
    assert (other["group"], other["seconds"], other["rows"]) == ("model_update", 0.5, 37_500)
    assert summarise(report())["other"] == []


def test_the_model_s_cost_grows_as_its_gradient_s_and_the_published_cohort_is_extrapolated():
    found = summarise(
        report(
            entry("model_gradient", 0.008, n_runners=600, n_sessions=50_000),
            entry("model_gradient", 0.001, n_runners=60, n_sessions=5_000),
            entry("model_fit", 100.0, n_runners=60, n_sessions=5_000, passed=True),
        )
    )
    assert found["model"]["exponent"] == pytest.approx(0.90309, abs=1e-5)
    [far] = found["model"]["extrapolated"]
    assert far["hours"] == pytest.approx(100.0 / 3600.0 * 8.0 * 5205 / 600)
    table = benchmarks_table(found)
    assert "5,000 sessions, fit on two cores (passes the gate) | 100 s | ≤ 180 s |" in table
    assert "| its gradient, 60, 600 runners | 1.0 / 8.0 ms |" in table
    assert "extrapolated: at least | 1.9 h | ≤ 1 h |" in table
    assert "capacity model" not in benchmarks_table(summarise(report()))


def test_the_table_holds_every_aim_beside_what_was_measured():
    table = benchmarks_table(summarise(report()))
    for part in ("| 20.0 million samples a second | ≥ 20 |", "200 × | ≥ 10 ×", "1.60 × (2.00 ×)"):
        assert part in table
    for aim in ("≥ 50 ×", "≥ 200 ×", "≥ 1.8 ×", "≤ 3", "≤ 2 s", "≤ 20 s"):
        assert aim in table
