import numpy as np
import pytest
from scipy import stats

from tolerance.model.calibration_checks import RANK_NAMES, band_of, sbc_summary


def ranks(n, **other):
    rng = np.random.default_rng(1)
    return [
        {name: other.get(name, lambda u: u)(rng.uniform()) for name in RANK_NAMES} for _ in range(n)
    ]


@pytest.mark.parametrize("n", [20, 200])
def test_the_band_is_that_of_kolmogorov_and_smirnov(n):
    assert band_of(n, 0.95) == pytest.approx(stats.kstwo(n).ppf(0.95), rel=0.02)


def test_uniform_ranks_pass_and_say_how_many_they_are():
    found = sbc_summary(ranks(200))
    assert found["sbc_pass"] == 1
    assert found["sbc"]["n_simulations"] == 200
    assert found["sbc"]["quantities"]["gamma"]["coverage90"] == pytest.approx(0.9, abs=0.07)


@pytest.mark.parametrize(
    "wrong", [lambda u: u**2, lambda u: 0.5 + 0.5 * (u - 0.5), lambda u: 0.3 + 0.7 * u]
)
def test_a_bias_or_a_wrong_width_fails(wrong):
    found = sbc_summary(ranks(200, frailty_sd=wrong))
    assert found["sbc_pass"] == 0
    assert found["sbc"]["quantities"]["frailty_sd"]["inside"] == 0


def test_no_simulation_is_no_pass():
    assert sbc_summary([]) == {"sbc_pass": 0, "sbc": {"n_simulations": 0}}
