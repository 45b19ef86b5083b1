"""The density in compiled loops: its gradient, and that it is the model's."""

import numpy as np
import pytest

from tolerance.model.capacity import capacity_model
from tolerance.model.density import LogDensity
from tolerance.model.design import build_design


@pytest.fixture
def design(histories, priors):
    made = build_design(histories, priors)
    assert made.cells.load_variance.max() > 0.005
    return made


def points(density, seed, n):
    """Return coordinates about the prior's middle."""
    rng = np.random.default_rng(seed)
    return [density.start() + rng.normal(0.0, 0.5, density.layout.n_dim) for _ in range(n)]


def test_the_gradient_is_the_slope_of_the_density(design, priors):
    density = LogDensity(design, priors)
    rng = np.random.default_rng(51)
    for x in points(density, 52, 3):
        _, gradient = density(x)
        # Along random directions, and along each coordinate that all runners share.
        directions = [rng.standard_normal(x.size) for _ in range(10)]
        directions += list(np.eye(x.size)[: density.layout.places()["z_unit"][0]])
        for direction in directions:
            step = 1e-5 * direction
            slope = (density(x + step)[0] - density(x - step)[0]) / 2e-5
            assert slope == pytest.approx(gradient @ direction, rel=2e-5, abs=2e-4)


def test_every_coordinate_has_one_place(design, priors):
    layout = LogDensity(design, priors).layout
    taken = np.zeros(layout.n_dim, int)
    for place, shape in layout.places().values():
        taken[place : place + int(np.prod(shape))] += 1
    assert np.all(taken == 1)


def test_what_follows_from_the_coordinates_is_in_bounds(design, priors):
    density = LogDensity(design, priors)
    for x in points(density, 53, 5):
        found = density.expand(4.0 * x)
        assert 0.0 < found["gamma"] < 1.2
        assert np.all(np.abs(found["z_fatigue"]) < 4.0)
        assert np.all(np.diff(found["cut_points"], axis=1) > 0.0)
        assert np.all(found["cut_points"][:, 3] == 0.0)


def test_a_wild_proposal_has_a_density_or_none_and_never_fails(design, priors):
    density = LogDensity(design, priors)
    rng = np.random.default_rng(54)
    for scale in (10.0, 100.0):
        with np.errstate(all="ignore"):
            value, gradient = density(rng.normal(0.0, scale, density.layout.n_dim))
        assert not value > 0.0
        assert gradient.shape == (density.layout.n_dim,)


@pytest.mark.slow
def test_it_is_the_density_of_the_model(design, priors):
    density = LogDensity(design, priors)
    model = capacity_model(design, priors)
    log_density = model.compile_logp(mode="FAST_COMPILE")
    slope = model.compile_dlogp(mode="FAST_COMPILE")
    names = [variable.name for variable in model.free_RVs]
    places = density.layout.places()
    differences = []
    for x in points(density, 55, 3):
        value, gradient = density(x)
        point = {
            of_value.name: x[places[name][0] :][: int(np.prod(places[name][1]))].reshape(
                places[name][1]
            )
            for name, of_value in zip(names, model.value_vars, strict=True)
        }
        differences.append(float(log_density(point)) - value)
        of_model = slope(point)
        sizes = [int(np.prod(places[name][1])) for name in names]
        for name, own in zip(names, np.split(of_model, np.cumsum(sizes)[:-1]), strict=True):
            first = places[name][0]
            np.testing.assert_allclose(
                gradient[first : first + own.size], own, rtol=1e-8, atol=1e-8, err_msg=name
            )
    assert np.ptp(differences) < 1e-7
