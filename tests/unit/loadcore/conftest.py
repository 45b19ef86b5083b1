"""Made signals that several rooms are tested with."""

import numpy as np
import pytest

G = 9.80665


@pytest.fixture(scope="session")
def walking_like():
    """Return a maker of specific force and angular velocity with rest at both ends."""

    def walking_like(n=3000, rate_hz=100.0, seed=0):
        """Return a leg that swings under gravity, with rest before and after."""
        t = np.arange(n) / rate_hz
        moving = (t > 5) & (t < t[-1] - 5)
        angle = np.where(moving, 0.6 * np.sin(2 * np.pi * t), 0.0)
        acc = G * np.column_stack((np.sin(angle), np.cos(angle), np.zeros(n)))
        acc[moving] += 4.0 * np.sin(2 * np.pi * 2 * t[moving])[:, None]
        noise = np.random.default_rng(seed).normal(0, 0.02, (n, 3))
        gyr = np.column_stack((np.zeros(n), np.zeros(n), np.gradient(angle, t)))
        return acc + noise, gyr + noise / 10

    return walking_like
