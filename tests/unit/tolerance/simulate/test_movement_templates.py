import numpy as np
import pytest

from tolerance.simulate.movement_templates import (
    STANCE_PHASES,
    running_template,
    walking_template,
)


@pytest.mark.parametrize("speed", [2.0, 2.5, 3.1, 4.5, 6.0])
def test_strides_close_and_rest_on_the_ground(speed: float) -> None:
    for template in (running_template(speed, 0.28, 1.0), walking_template()):
        assert template.shank_rad[0] == pytest.approx(template.shank_rad[-1], abs=0.02)
        assert template.foot_rad[0] == pytest.approx(template.foot_rad[-1], abs=1e-9)
        assert template.height_m[0] == pytest.approx(template.height_m[-1], abs=0.004)
        assert template.forward[0] + 1 == pytest.approx(template.forward[-1], abs=1e-9)
        flat = (template.flat[0] <= STANCE_PHASES) & (template.flat[1] >= STANCE_PHASES)
        assert np.all(template.foot_rad[:9][flat] == 0)
        assert np.all(np.abs(template.height_m[:9][flat]) < 1e-9)
        assert np.all(np.diff(template.forward) >= 0)


def test_foot_lands_as_asked_and_swings_more_with_the_factor() -> None:
    heel, toe = running_template(3.5, 0.28, 1.0), running_template(3.5, -0.12, 1.0)
    assert heel.foot_rad[0] == pytest.approx(0.28)
    assert toe.foot_rad[0] == pytest.approx(-0.12)
    wide = running_template(3.5, 0.28, 1.2)
    assert np.ptp(wide.shank_rad) > np.ptp(heel.shank_rad)
    assert wide.shank_rad[8] == pytest.approx(heel.shank_rad[8])
