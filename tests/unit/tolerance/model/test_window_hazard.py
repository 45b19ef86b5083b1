import numpy as np
import pytest

from tolerance.model.window_hazard import fit_window_hazard


def made(rng: np.random.Generator, n: int = 30_000):
    athlete = rng.integers(0, 60, n)
    frailty = rng.normal(0, 0.4, 60)
    features = np.column_stack((rng.normal(50, 20, n), rng.normal(0, 3, n)))
    log_hazard = -4.0 + 0.5 * (features[:, 0] - 50) / 20 + frailty[athlete]
    return features, rng.uniform(size=n) < -np.expm1(-np.exp(log_hazard)), athlete


def test_known_slopes_come_back_and_the_idle_feature_stays_at_none() -> None:
    features, injury, athlete = made(np.random.default_rng(1))
    fitted = fit_window_hazard(("km", "idle"), features, injury, athlete)
    assert abs(fitted.slope[0] - 0.5) < 3 * fitted.slope_sd[0]
    assert abs(fitted.slope[1]) < 3 * fitted.slope_sd[1]
    assert fitted.slope_sd[0] < 0.1
    assert fitted.level == pytest.approx(-4.0, abs=0.3)
    assert fitted.predict(features).mean() == pytest.approx(injury.mean(), rel=0.15)


def test_probabilities_are_probabilities_far_out_too() -> None:
    features, injury, athlete = made(np.random.default_rng(2), 2_000)
    fitted = fit_window_hazard(("km", "idle"), features, injury, athlete)
    far = np.array([[1e9, 0.0], [-1e9, 0.0]])
    p = fitted.predict(far)
    assert ((p >= 0) & (p <= 1)).all()
    assert p[0] > p[1]


def test_all_problems_are_told_at_once() -> None:
    features = np.array([[1.0, np.nan], [2.0, 3.0]])
    with pytest.raises(ValueError, match=r"missing values in idle; 0 injuries in 2 rows"):
        fit_window_hazard(("km", "idle"), features, np.zeros(2, bool), np.zeros(2))
