import numpy as np
import pytest
from scipy import stats

from tolerance.config import Fixed, LogNormal, Normal, TruncatedNormal
from tolerance.model.priors import draw, quantile

NORMAL = Normal(distribution="normal", mean=1.0, sd=2.0, source="[U]")
LOG = LogNormal(distribution="lognormal", median=3.0, log_sd=0.5, source="[U]")
CUT = TruncatedNormal(
    distribution="truncated_normal", mean=0.4, sd=0.25, lower=0.0, upper=1.2, source="[U]"
)
FIXED = Fixed(distribution="fixed", value=7.0, source="[U]")


@pytest.mark.parametrize(
    ("prior", "law"),
    [
        (NORMAL, stats.norm(1.0, 2.0)),
        (LOG, stats.lognorm(0.5, scale=3.0)),
        (CUT, stats.truncnorm(-1.6, 3.2, 0.4, 0.25)),
    ],
)
def test_draws_and_quantiles_follow_the_named_distribution(prior, law):
    values = draw(prior, np.random.default_rng(1), 20000)
    assert stats.kstest(values, law.cdf).pvalue > 0.001
    for probability in (0.05, 0.5, 0.95):
        assert quantile(prior, probability) == pytest.approx(law.ppf(probability))


def test_a_fixed_number_has_no_spread():
    assert np.all(draw(FIXED, np.random.default_rng(1), (2, 3)) == 7.0)


def test_a_limit_keeps_draws_inside():
    values = draw(NORMAL, np.random.default_rng(1), 5000, limit_sd=1.0)
    assert values.min() >= -1.0
    assert values.max() <= 3.0
