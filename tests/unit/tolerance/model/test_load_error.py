import numpy as np
import pytest

from tolerance.model.load_error import effect_sd, standard_tolerance


def test_with_known_loads_all_is_tolerance():
    z = np.random.default_rng(1).normal(size=(50, 3))
    found = standard_tolerance(z, np.full((50, 1), 0.3), np.zeros(3), np.random.default_rng(2))
    np.testing.assert_allclose(found, z)


def test_tolerance_and_load_error_keep_their_variances_and_are_independent():
    """Simulated: both effects drawn, summed, told apart again."""
    rng = np.random.default_rng(3)
    unit_sd, load_variance, n = np.full((200_000, 1), 0.25), np.array([0.02]), 200_000
    tolerance, error = 0.25 * rng.standard_normal((n, 1)), 0.02**0.5 * rng.standard_normal((n, 1))
    together = effect_sd(unit_sd, load_variance)
    z = (tolerance + error) / together
    found = unit_sd * standard_tolerance(z, unit_sd, load_variance, rng)
    rest = together * z - found
    assert found.std() == pytest.approx(0.25, rel=0.01)
    assert rest.var() == pytest.approx(0.02, rel=0.02)
    assert abs(np.corrcoef(found[:, 0], rest[:, 0])[0, 1]) < 0.01
    # As well determined as the truth is by the sum.
    slope = np.polyfit(z[:, 0], tolerance[:, 0], 1)[0]
    assert np.polyfit(z[:, 0], found[:, 0], 1)[0] == pytest.approx(slope, rel=0.01)
