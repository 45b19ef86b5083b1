import numpy as np
import pytest
from scipy.special import expit, log_expit

from tolerance.model.logistic import log_logistic, logistic


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("x", [-1000.0, -40.0, -1.0, 0.0, 0.7, 40.0, 1000.0])
def test_the_curve_and_its_logarithm_are_scipy_s(x):
    assert logistic(x) == pytest.approx(expit(x), rel=1e-12, abs=1e-300)
    if abs(x) < 700.0:
        assert log_logistic(x) == pytest.approx(log_expit(x), rel=1e-12)


def test_far_out_the_logarithm_stays_finite():
    assert log_logistic(-1e6) == pytest.approx(-1e6)
    assert np.isfinite(log_logistic(1e6))
