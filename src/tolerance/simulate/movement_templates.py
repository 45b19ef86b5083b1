"""Typical angles and paths of shin and foot over one stride, read off real movement.

Angles are in radians about the body's right-hand axis (+z): positive turns the lower end forward
(shin) or the toes up (foot). A stance row has nine values at every eighth of the contact, a swing
row twelve at every twelfth of the swing, the last of which is the next contact.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["STANCE_PHASES", "SWING_PHASES", "Template", "running_template", "walking_template"]

STANCE_PHASES: Final = np.linspace(0.0, 1.0, 9)
SWING_PHASES: Final = np.linspace(0.0, 1.0, 13)[1:]


@dataclass(frozen=True)
class Template:
    """One stride at the stance and swing phases, 21 values each.

    Attributes
    ----------
    shank_rad, foot_rad : (21,) float array
        Angles of shin and foot.
    forward : (21,) float array
        Ankle ahead of where it is while the foot stands flat, as a share of stride length.
    height_m : (21,) float array
        Ankle above its height there.
    flat : tuple of float
        First and last share of the contact in which the foot does not move at all.
    """

    shank_rad: NDArray[np.float64]
    foot_rad: NDArray[np.float64]
    forward: NDArray[np.float64]
    height_m: NDArray[np.float64]
    flat: tuple[float, float]


# Mean over 16 runners of Fukuchi 2017 (doi:10.7717/peerj.3298, CC BY 4.0) on a level treadmill:
# lean of the line through the shank markers, and the ankle found 9 cm above the ground on it.
_SPEEDS_MPS: Final = np.array([2.5, 3.5, 4.5])
_RUN_SHANK: Final = -np.array(
    [
        [
            *(-0.27, -0.11, 0.11, 0.27, 0.37, 0.41, 0.42, 0.42, 0.43),
            *(0.53, 0.73, 0.95, 1.14, 1.22, 1.15, 0.93, 0.61, 0.26, -0.06, -0.27, -0.27),
        ],
        [
            *(-0.32, -0.16, 0.06, 0.24, 0.37, 0.44, 0.47, 0.47, 0.46),
            *(0.57, 0.82, 1.10, 1.34, 1.47, 1.40, 1.11, 0.72, 0.31, -0.07, -0.33, -0.32),
        ],
        [
            *(-0.36, -0.21, 0.01, 0.21, 0.36, 0.45, 0.50, 0.51, 0.50),
            *(0.63, 0.93, 1.25, 1.51, 1.65, 1.55, 1.20, 0.76, 0.31, -0.09, -0.37, -0.36),
        ],
    ]
)
_RUN_FORWARD: Final = np.array(
    [
        [
            *(-0.020, -0.004, 0.0, 0.0, 0.001, 0.003, 0.008, 0.023, 0.047),
            *(0.077, 0.113, 0.167, 0.240, 0.329, 0.421, 0.515, 0.616, 0.727, 0.838, 0.924, 0.980),
        ],
        [
            *(-0.020, -0.004, 0.0, 0.0, 0.001, 0.002, 0.006, 0.018, 0.038),
            *(0.071, 0.108, 0.166, 0.245, 0.338, 0.432, 0.523, 0.622, 0.731, 0.840, 0.925, 0.980),
        ],
        [
            *(-0.020, -0.004, 0.0, 0.0, 0.001, 0.002, 0.005, 0.016, 0.034),
            *(0.068, 0.109, 0.172, 0.256, 0.351, 0.445, 0.534, 0.631, 0.739, 0.843, 0.926, 0.980),
        ],
    ]
)
_RUN_HEIGHT_M: Final = np.array(
    [
        [
            *(0.017, 0.004, 0.0, 0.0, 0.005, 0.015, 0.038, 0.069, 0.103),
            *(0.144, 0.193, 0.241, 0.277, 0.288, 0.270, 0.222, 0.157, 0.093, 0.051, 0.034, 0.017),
        ],
        [
            *(0.019, 0.004, 0.0, 0.0, 0.005, 0.017, 0.040, 0.072, 0.108),
            *(0.167, 0.245, 0.321, 0.373, 0.388, 0.360, 0.295, 0.209, 0.125, 0.068, 0.044, 0.019),
        ],
        [
            *(0.020, 0.004, 0.0, 0.0, 0.005, 0.018, 0.041, 0.074, 0.111),
            *(0.185, 0.288, 0.384, 0.444, 0.454, 0.416, 0.338, 0.238, 0.144, 0.079, 0.050, 0.020),
        ],
    ]
)
# Foot angle of the running cycle at 3.47 m/s of Dorschky 2019
# (doi:10.1016/j.jbiomech.2019.07.002, Apache-2.0), gyroscope integrated, zero where it is flat. At
# 7/8 of stance 0.03 higher than read off, so that the spline through these few points turns fastest
# 19 ms before terminal contact, as the cycle itself does.
_RUN_FOOT: Final = np.array(
    [
        *(0.30, 0.16, 0.0, 0.0, -0.05, -0.15, -0.37, -0.69, -1.08),
        *(-1.32, -1.43, -1.56, -1.67, -1.68, -1.58, -1.30, -0.91, -0.49, -0.08, 0.21, 0.30),
    ]
)
_RUN_FLAT: Final = (0.25, 0.40)

# Walking cycle at 1.29 m/s of the same source; the ankle's path, which it does not give, follows
# from a foot that turns about its heel and toes and from a swing of usual height (engineering
# choice).
_WALK_SHANK: Final = np.array(
    [
        *(0.36, 0.09, -0.11, -0.17, -0.20, -0.25, -0.35, -0.54, -0.80),
        *(-0.87, -0.92, -0.90, -0.83, -0.72, -0.58, -0.40, -0.19, 0.05, 0.26, 0.37, 0.36),
    ]
)
_WALK_FOOT: Final = np.array(
    [
        *(0.36, 0.10, 0.0, 0.0, 0.0, -0.04, -0.16, -0.49, -1.14),
        *(-1.33, -1.33, -1.23, -1.06, -0.85, -0.61, -0.38, -0.16, 0.03, 0.21, 0.35, 0.36),
    ]
)
_WALK_FORWARD: Final = np.array(
    [
        *(-0.010, -0.004, 0.0, 0.0, 0.0, 0.004, 0.014, 0.044, 0.098),
        *(0.145, 0.205, 0.280, 0.365, 0.455, 0.548, 0.640, 0.732, 0.820, 0.900, 0.960, 0.990),
    ]
)
_WALK_HEIGHT_M: Final = np.array(
    [
        *(0.018, 0.004, 0.0, 0.0, 0.0, 0.005, 0.019, 0.050, 0.083),
        *(0.115, 0.128, 0.120, 0.100, 0.076, 0.054, 0.038, 0.030, 0.030, 0.034, 0.030, 0.018),
    ]
)
_WALK_FLAT: Final = (0.22, 0.55)


def _at_speed(table: NDArray[np.float64], speed_mps: float) -> NDArray[np.float64]:
    """Interpolate the three speeds' rows, holding the outermost ones."""
    speed = float(np.clip(speed_mps, _SPEEDS_MPS[0], _SPEEDS_MPS[-1]))
    upper = int(np.clip(np.searchsorted(_SPEEDS_MPS, speed), 1, _SPEEDS_MPS.size - 1))
    span = _SPEEDS_MPS[upper] - _SPEEDS_MPS[upper - 1]
    weight = (speed - _SPEEDS_MPS[upper - 1]) / span
    blend: NDArray[np.float64] = (1.0 - weight) * table[upper - 1] + weight * table[upper]
    return blend


def running_template(speed_mps: float, foot_at_contact_rad: float, swing_factor: float) -> Template:
    """Stride of running at a speed.

    Parameters
    ----------
    foot_at_contact_rad : float
        Angle of the sole to the ground at contact: positive lands on the heel.
    swing_factor : float
        How far this runner's shin and foot swing against the mean of people.
    """
    shank = _at_speed(_RUN_SHANK, speed_mps)
    swing = shank[8:]
    # the line between the ends stays, the arc of the swing above it grows or shrinks
    ends = np.linspace(swing[0], swing[-1], swing.size)
    shank[8:] = ends + swing_factor * (swing - ends)
    higher = _at_speed(np.array([0.90, 1.0, 1.08])[:, None], speed_mps)[0]
    foot = _RUN_FOOT.copy()
    middle = foot[8:]
    ends = np.linspace(middle[0], middle[-1], middle.size)
    foot[8:] = ends + swing_factor * higher * (middle - ends)
    landing = np.zeros(foot.size)
    landing[[0, -1]] = foot_at_contact_rad - foot[0]
    landing[1] = foot_at_contact_rad * foot[1] / foot[0] - foot[1]
    landing[-2] = 0.8 * landing[-1]
    landing[-3] = 0.4 * landing[-1]
    return Template(
        shank_rad=shank,
        foot_rad=foot + landing,
        forward=_at_speed(_RUN_FORWARD, speed_mps),
        height_m=_at_speed(_RUN_HEIGHT_M, speed_mps),
        flat=_RUN_FLAT,
    )


def walking_template() -> Template:
    """Stride of walking, also used on stairs."""
    return Template(
        shank_rad=_WALK_SHANK.copy(),
        foot_rad=_WALK_FOOT.copy(),
        forward=_WALK_FORWARD.copy(),
        height_m=_WALK_HEIGHT_M.copy(),
        flat=_WALK_FLAT,
    )
