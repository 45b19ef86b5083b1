"""True steps from force, on a treadmill whose steps are known."""

import numpy as np
import pandas as pd
import pytest

from tolerance.calibration.reference_steps import reference_steps
from tolerance.evaluate.reference_contacts import find_reference_contacts

RATE_HZ, STEP_S, CONTACT_S = 1000.0, 0.35, 0.25


def _force(scale: float = 1.0) -> np.ndarray:
    """Half-sine contacts that carry exactly one body weight, read on a plate of another scale."""
    time_s = np.arange(int(5 * RATE_HZ)) / RATE_HZ
    phase = ((time_s - 0.1) % STEP_S) / CONTACT_S
    peak = np.pi / 2 * STEP_S / CONTACT_S
    return scale * np.where(phase < 1, peak * np.sin(np.pi * np.minimum(phase, 1)), 0.0)


def _contacts(vgrf_bw: np.ndarray) -> pd.DataFrame:
    found = find_reference_contacts(vgrf_bw, RATE_HZ)
    side = np.where(np.arange(len(found)) % 2, "left", "right")
    return pd.DataFrame({"side": side, **vars(found)})


@pytest.mark.parametrize("scale", [0.95, 1.0, 1.05])
def test_scale_of_the_plate_does_not_matter(scale: float) -> None:
    force = _force(scale)
    steps = reference_steps(_contacts(force), force, RATE_HZ, 0.0)
    assert len(steps) >= 11
    np.testing.assert_allclose(steps["step_frequency_hz"], 1.0 / STEP_S, rtol=1e-3)
    # contact above 5 % BW is a little shorter than the half-sine; a 50 Hz low-pass takes 1 %
    np.testing.assert_allclose(steps["contact_time_s"], CONTACT_S, atol=5e-3)
    np.testing.assert_allclose(steps["peak_vgrf_bw"], np.pi / 2 * STEP_S / CONTACT_S, rtol=0.015)
    assert set(steps["side"]) == {"left", "right"}


def test_on_a_slope_the_belt_carries_the_cosine() -> None:
    force = _force()
    level, steep = (reference_steps(_contacts(force), force, RATE_HZ, g) for g in (0.0, -10.0))
    ratio = steep["peak_vgrf_bw"] / level["peak_vgrf_bw"]
    np.testing.assert_allclose(ratio, np.cos(np.deg2rad(10.0)))


def test_a_missed_contact_is_no_long_step() -> None:
    force = _force()
    contacts = _contacts(force).drop(index=5)
    steps = reference_steps(contacts, force, RATE_HZ, 0.0)
    np.testing.assert_allclose(steps["step_frequency_hz"], 1.0 / STEP_S, rtol=1e-3)


def test_no_contact_gives_no_step() -> None:
    force = np.zeros(1000)
    assert len(reference_steps(_contacts(force), force, RATE_HZ, 0.0)) == 0
