"""Scores and their intervals over clusters."""

import numpy as np
import pytest

from tolerance.evaluate import agreement


def test_scores_of_a_known_sample():
    error = np.array([1.0, -1.0, 3.0, np.nan])
    assert agreement.bias(error) == pytest.approx(1.0)
    assert agreement.spread(error) == pytest.approx(2.0)
    assert agreement.rmse(error) == pytest.approx(np.sqrt(11 / 3))


@pytest.mark.parametrize("score", [agreement.bias, agreement.spread, agreement.rmse])
def test_nothing_observed_is_nan(score):
    assert np.isnan(score(np.array([np.nan])))


def test_interval_reflects_clusters_and_not_rows():
    rng = np.random.default_rng(1)
    offsets = rng.normal(0, 1, 12)
    clusters = np.repeat(np.arange(12), 200)
    values = offsets[clusters] + rng.normal(0, 0.1, clusters.size)
    by_cluster = agreement.cluster_interval(values, clusters, agreement.bias, rng)
    by_row = agreement.cluster_interval(values, np.arange(values.size), agreement.bias, rng)
    assert by_cluster.high - by_cluster.low > 5 * (by_row.high - by_row.low)
    assert by_cluster.n == values.size
    assert by_cluster.n_clusters == 12


def test_interval_covers_the_truth_about_nine_times_in_ten():
    rng = np.random.default_rng(2)
    clusters = np.repeat(np.arange(25), 4)
    inside = 0
    for _ in range(100):
        values = rng.normal(0, 1, 25)[clusters] + rng.normal(0, 0.5, clusters.size)
        estimate = agreement.cluster_interval(values, clusters, agreement.bias, rng)
        inside += estimate.low <= 0 <= estimate.high
    assert 78 <= inside <= 98  # binomial(100, 0.88) within three standard deviations


def test_two_clusters_give_no_interval():
    estimate = agreement.cluster_interval(
        np.array([1.0, 2.0, 3.0]),
        np.array(["a", "a", "b"]),
        agreement.rmse,
        np.random.default_rng(0),
    )
    assert np.isnan(estimate.low)
    assert estimate.n_clusters == 2
