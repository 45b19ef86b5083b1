"""Limits, ICC, SEM and MDC: against slow sums and known spreads."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tolerance.evaluate.repeatability import (
    agreement,
    intraclass_correlation,
    variance_components,
)


def slow_components(values, clusters):
    """One-way analysis of variance with loops, from its textbook sums."""
    groups = {name: [v for v, c in zip(values, clusters, strict=True) if c == name]
              for name in clusters}  # fmt: skip
    n, k = len(values), len(groups)
    grand = sum(values) / n
    between = sum(len(g) * (sum(g) / len(g) - grand) ** 2 for g in groups.values()) / (k - 1)
    within = sum((v - sum(g) / len(g)) ** 2 for g in groups.values() for v in g) / (n - k)
    size = (n - sum(len(g) ** 2 for g in groups.values()) / n) / (k - 1)
    return max(0.0, (between - within) / size) ** 0.5, within**0.5


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.floats(-50, 50), min_size=2, max_size=6), min_size=2, max_size=5))
def test_components_equal_the_textbook(groups):
    values = np.concatenate([np.array(group) for group in groups])
    clusters = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    expected = slow_components(values.tolist(), clusters.tolist())
    # Squares of values up to 50 keep about 13 digits; a root of what is left over halves them.
    np.testing.assert_allclose(variance_components(values, clusters), expected, atol=1e-5)


def test_icc_equals_slow_sums():
    """On two judges of Shrout & Fleiss 1979, doi:10.1037/0033-2909.86.2.420."""
    first, second = np.array([9.0, 6, 8, 7, 10, 6]), np.array([8.0, 2, 6, 1, 5, 2])
    n, total = 6, (first.sum() + second.sum()) / 12
    rows = sum(2 * ((a + b) / 2 - total) ** 2 for a, b in zip(first, second, strict=True)) / (n - 1)
    columns = n * sum((judge.mean() - total) ** 2 for judge in (first, second))
    everything = sum((x - total) ** 2 for x in (*first, *second))
    residual = (everything - rows * (n - 1) - columns) / (n - 1)
    expected = (rows - residual) / (rows + residual + 2 * (columns - residual) / n)
    assert intraclass_correlation(first, second) == pytest.approx(expected)


def test_icc_is_one_without_error_and_falls_with_a_constant_one():
    reference = np.linspace(0.2, 0.3, 30)
    assert intraclass_correlation(reference, reference) == pytest.approx(1.0)
    shifted = intraclass_correlation(reference, reference + 0.05)
    assert 0.0 < shifted < 0.5
    assert np.isnan(intraclass_correlation(reference[:2], reference[:2]))


def test_limits_hold_the_errors_of_new_clusters():
    rng = np.random.default_rng(4)
    clusters = np.repeat(np.arange(60), 20)
    error = 0.02 + rng.normal(0, 0.03, 60)[clusters] + rng.normal(0, 0.01, clusters.size)
    found = agreement(np.full(error.size, 0.25), error, clusters)
    assert found.sd_between == pytest.approx(0.03, rel=0.25)
    assert found.sd_within == pytest.approx(0.01, rel=0.1)
    new = 0.02 + rng.normal(0, 0.03, 5000) + rng.normal(0, 0.01, 5000)
    inside = np.mean((new >= found.limit_low) & (new <= found.limit_high))
    assert 0.9 < inside < 0.99
    assert found.mdc == pytest.approx(1.96 * 2**0.5 * found.sem)


def test_every_cluster_counts_alike_in_the_bias():
    error = np.array([1.0] * 90 + [0.0] * 10)
    clusters = np.array(["a"] * 90 + ["b"] * 10)
    assert agreement(np.zeros(100), error, clusters).bias == pytest.approx(0.5)


def test_one_cluster_and_no_rows():
    alone = agreement(np.arange(4.0), np.array([0.0, 1.0, 0.0, 1.0]), np.array(["a"] * 4))
    assert np.isnan(alone.sd_between)
    assert alone.limit_high - alone.bias == pytest.approx(1.96 * np.sqrt(1 / 3))
    assert alone.n_clusters == 1
    nobody = agreement(np.empty(0), np.empty(0), np.empty(0))
    assert np.isnan(nobody.bias)
    assert nobody.n == 0
