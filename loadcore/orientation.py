"""Orientation: from a sensor's axes to the segment's, by gravity and the direction of running.

Segment frame (ISB): +x anterior, +y proximal (up), +z right. A positive angular velocity about
+z takes +x towards +y; for a hanging shank or foot that is the forward swing.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loadcore.constants import SITES, STANDARD_GRAVITY_MPS2, TRUNK_SITES
from loadcore.filters import lowpass
from loadcore.signals import (
    REMOVED_GRAVITY_RATIO,
    SignalError,
    as_triaxial,
    check_rate,
    static_samples,
)

__all__ = [
    "Alignment",
    "align_gravity",
    "align_heading",
    "rotate",
]

type FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Alignment:
    """Rotation from one frame to a better one, and how far to trust it.

    Attributes
    ----------
    rotation : (3, 3) float64 array
        Rows are the new axes in old coordinates: ``new = rotation @ old``.
    method : str
        "static" or "tilt_corrected" for gravity; "gyroscope", "acceleration" or "trunk_stance"
        for heading.
    confidence : float
        0 (a guess) to 1 (certain).
    """

    rotation: FloatArray
    method: str
    confidence: float


STATIC_CONFIDENCE: Final = 0.95
"""Quiet standing points up to within a few degrees (Bradach 2023, doi 10.3390/s23136048)."""
TILT_CORRECTED_CONFIDENCE: Final = 0.6
"""Mean specific force of running contains the segment's real mean tilt (load.md A3)."""
STATIC_AGREEMENT_COS: Final = math.cos(math.radians(45.0))
"""Quiet stretches further than this from the moving mean are another posture, or a sensor not
yet strapped on. Engineering choice: twice the mean tilt of a running shank."""
MIN_ALIGNMENT_S: Final = 1.0
"""Shortest movement to average. Engineering choice: one stride and a bit."""


def rotate(x: ArrayLike, rotation: ArrayLike) -> FloatArray:
    """Rotate each row of a signal.

    Parameters
    ----------
    x : (n, 3) float array
        In the old frame.
    rotation : (3, 3) float array
        ``Alignment.rotation``.

    Returns
    -------
    (n, 3) float64 array
        In the new frame; a missing axis makes those new axes NaN that draw on it, and leaves
        the others.

    Raises
    ------
    SignalError
        If a shape is wrong or the matrix is no proper rotation.
    """
    rows = as_triaxial(x, "x")
    matrix = np.asarray(rotation, dtype=np.float64)
    if matrix.shape != (3, 3) or not (
        np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-9) and np.linalg.det(matrix) > 0
    ):
        raise SignalError(f"rotation is {matrix.tolist()}; expected a proper rotation matrix")
    out = np.zeros_like(rows)
    for new in range(3):
        for old in range(3):
            if matrix[new, old] != 0.0:
                out[:, new] += matrix[new, old] * rows[:, old]
    return out


def _unit(vector: FloatArray) -> FloatArray:
    return vector / math.sqrt(float(vector @ vector))


def _frame_with_up(up: FloatArray) -> FloatArray:
    """Return the smallest rotation that takes ``up`` to +y."""
    y = np.array([0.0, 1.0, 0.0])
    axis = np.cross(up, y)
    sine, cosine = math.sqrt(float(axis @ axis)), float(up @ y)
    if sine < 1e-12:
        return np.eye(3) if cosine > 0 else np.diag([1.0, -1.0, -1.0])
    x, yy, z = axis / sine
    cross = np.array([[0.0, -z, yy], [z, 0.0, -x], [-yy, x, 0.0]])
    return np.asarray(np.eye(3) + sine * cross + (1.0 - cosine) * (cross @ cross))


def align_gravity(
    acc_mps2: ArrayLike, sampling_rate_hz: float, running: ArrayLike | None = None
) -> Alignment:
    """Find which way is up, and turn +y there.

    Parameters
    ----------
    acc_mps2 : (n, 3) float array
        Specific force in sensor axes, gravity included, all axes present.
    sampling_rate_hz : float
        Samples a second.
    running : (n,) bool array, optional
        Steady running; if not given, everything that is not quiet.

    Returns
    -------
    Alignment
        "static": mean specific force of the quiet stretches within 45 degrees of the mean while
        moving (others are sitting, lying, or a sensor on the table). "tilt_corrected": mean over
        movement itself, which for a shank holds its real mean tilt; never mix regression
        constants between the two. Heading is left as the sensor had it.

    Raises
    ------
    SignalError
        If there is neither rest nor a second of movement, or no gravity in the signal.
    """
    acc = as_triaxial(acc_mps2, "acc_mps2")
    present = np.isfinite(acc).all(axis=1)
    still = static_samples(acc, sampling_rate_hz) & present
    moving = present & ~still
    if running is not None:
        moving &= np.asarray(running, dtype=np.bool_)
    has_moving = np.count_nonzero(moving) >= MIN_ALIGNMENT_S * sampling_rate_hz
    edges = np.flatnonzero(np.diff(np.concatenate(([False], still, [False])).astype(np.int8)))
    total = np.zeros(3)
    for start, stop in edges.reshape(-1, 2):
        stretch = acc[start:stop].sum(axis=0)
        if has_moving and _unit(stretch) @ _unit(acc[moving].mean(axis=0)) < STATIC_AGREEMENT_COS:
            continue
        total += stretch
    if total.any():
        return Alignment(_frame_with_up(_unit(total)), "static", STATIC_CONFIDENCE)
    if not has_moving:
        raise SignalError(
            "acc_mps2 holds neither a quiet second nor a second of movement; expected one of "
            "them to find the vertical: record a few seconds of standing"
        )
    mean = acc[moving].mean(axis=0)
    if math.sqrt(float(mean @ mean)) < REMOVED_GRAVITY_RATIO * STANDARD_GRAVITY_MPS2:
        raise SignalError(
            f"mean specific force is {math.sqrt(float(mean @ mean)):.2f} m/s²; expected about "
            "9.8: gravity was removed, export raw acceleration instead"
        )
    return Alignment(_frame_with_up(_unit(mean)), "tilt_corrected", TILT_CORRECTED_CONFIDENCE)


HEADING_CUTOFF_HZ: Final = 10.0
"""Low pass before a heading is sought. Engineering choice: keeps three harmonics of the step,
drops impact ringing."""
SLOW_RATE_CUTOFF: Final = 0.4
"""The same for slow recordings, as a share of the sampling rate: safely below half of it."""
SWING_QUANTILE: Final = 0.7
"""Fastest share of samples that count as swing: above this quantile of angular speed.
Engineering choice: running swings for 60 to 70 % of a stride, fast in about half of that."""


def _principal_direction(planar: FloatArray) -> tuple[FloatArray, float]:
    """Return the first principal axis of (n, 2) points through the origin, and its share."""
    values, vectors = np.linalg.eigh(planar.T @ planar)
    total = float(values.sum())
    share = float(values[1]) / total if total > 0 else 0.5
    return np.asarray(vectors[:, 1]), share


def _correlation(a: FloatArray, b: FloatArray) -> float:
    """Return the correlation of two signals; 0 where one of them does not change."""
    a, b = a - a.mean(), b - b.mean()
    norm = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / norm if norm > 0 else 0.0


def _point_forward(forward: FloatArray, levelled: FloatArray) -> tuple[FloatArray, float]:
    """Turn an axis (x, z) so that acceleration along it opposes the size of specific force.

    Returns the direction, and 0 to 1 for how plainly the sign was seen.
    """
    along = levelled[:, [0, 2]] @ forward
    correlation = _correlation(along, np.sqrt((levelled**2).sum(axis=1)))
    sign = 1.0 if correlation <= 0 else -1.0
    return sign * forward, min(1.0, abs(correlation) / FULL_CORRELATION)


def _heading_from_gyroscope(gyr: FloatArray) -> tuple[FloatArray, float]:
    """Return a shank's forward direction (x, z) in the levelled frame, and how plainly it shows."""
    horizontal = gyr[:, [0, 2]]
    speed = np.sqrt((gyr**2).sum(axis=1))
    right, share = _principal_direction(horizontal[speed > np.quantile(speed, SWING_QUANTILE)])
    # z = x × y, so a rightward (x, z) of (a, b) belongs to a forward one of (b, -a).
    forward = np.array([right[1], -right[0]])
    pitch = horizontal @ right
    skewness = float((pitch**3).mean()) / max(float((pitch**2).mean()), TINY) ** 1.5
    forward = forward if skewness >= 0 else -forward
    return forward, (2.0 * share - 1.0) * min(1.0, abs(skewness) / FULL_SKEWNESS)


FULL_SKEWNESS: Final = 0.3
"""Skewness of the shank's pitch rate from which its sign is certain: 0.5 to 1.0 in running and
walking of biomac_imu_cycle. Engineering choice: a little over half of the smallest seen."""
FULL_CORRELATION: Final = 0.3
"""Correlation from which the sign of a heading without gyroscope is certain. In running of
biomac_imu_cycle: 0.5 at the pelvis, -0.4 to -0.9 at shank and foot. Engineering choice: below the
smallest seen."""


TINY: Final = 1e-300
"""Keeps a ratio finite where there is no movement at all."""


def _heading_from_acceleration(levelled: FloatArray, site: str) -> tuple[FloatArray, float]:
    """Return the forward direction (x, z) in the levelled frame from specific force alone."""
    horizontal = levelled[:, [0, 2]] - levelled[:, [0, 2]].mean(axis=0)
    if site not in TRUNK_SITES:
        axis, share = _principal_direction(horizontal)
        forward, certainty = _point_forward(axis, levelled)
        return forward, (2.0 * share - 1.0) * certainty
    fall = -np.gradient(levelled[:, 1])
    forward = fall @ horizontal
    size = math.sqrt(float(forward @ forward))
    if size == 0.0:
        return np.array([1.0, 0.0]), 0.0
    forward = forward / size
    return forward, min(1.0, _correlation(horizontal @ forward, fall) / FULL_CORRELATION)


def align_heading(
    acc_mps2: ArrayLike,
    gyr_radps: ArrayLike | None,
    sampling_rate_hz: float,
    site: str,
    gravity: Alignment,
    running: ArrayLike | None = None,
) -> Alignment:
    """Turn a levelled sensor about the vertical until +x points forward: the segment frame.

    Parameters
    ----------
    acc_mps2 : (n, 3) float array
        Specific force in sensor axes.
    gyr_radps : (n, 3) float array or None
        Angular velocity in sensor axes, used at the shank; None, or NaN throughout, if there is
        no gyroscope.
    sampling_rate_hz : float
        Samples a second.
    site : str
        One of ``constants.SITES``.
    gravity : Alignment
        From :func:`align_gravity`.
    running : (n,) bool array, optional
        Steady running; if not given, every complete sample.

    Returns
    -------
    Alignment
        From sensor to segment axes, gravity included. Methods, by sensors and site:

        - "gyroscope" (shank): z is the first principal component of swing angular velocity in
          the horizontal plane. Its sign makes the rate's skewness positive, because the forward
          swing is short and fast.
        - "acceleration" (foot; shank without gyroscope): first principal component of horizontal
          acceleration; its sign makes it oppose the size of specific force, whose peaks in
          running come with rearward acceleration at touch-down and in early swing. A foot with a
          gyroscope is better turned by its stances, see ``contacts_foot.find_stances``.
        - "trunk_stance" (sacrum, waist, hip, with or without gyroscope): forward is the
          horizontal direction whose acceleration follows the *fall* of vertical acceleration,
          because braking goes with its rise and propulsion with its fall, in every stance of
          either leg, while mediolateral acceleration changes sign from leg to leg.

        The last two hold for running; walking can have the opposite sign.
        Confidence multiplies that of ``gravity``, how much one direction stands out, and how
        plainly the sign is seen.

    Raises
    ------
    SignalError
        If the site is unknown or there is less than a second of complete running.

    Notes
    -----
    load.md A3. Deviations: the sign rules. Checked in running on biomac_imu_cycle (all sites, 10
    degrees without and 4 with a gyroscope).
    """
    acc = as_triaxial(acc_mps2, "acc_mps2")
    check_rate(sampling_rate_hz)
    if site not in SITES:
        raise SignalError(f"site is {site!r}; expected one of {', '.join(SITES)}")
    used = np.isfinite(acc).all(axis=1)
    if running is not None:
        used &= np.asarray(running, dtype=np.bool_)
    gyr = None
    if site == "shank" and gyr_radps is not None and np.isfinite(gyr_radps).any():
        gyr = as_triaxial(gyr_radps, "gyr_radps")
        used &= np.isfinite(gyr).all(axis=1)
    if np.count_nonzero(used) < MIN_ALIGNMENT_S * sampling_rate_hz:
        raise SignalError(
            f"only {np.count_nonzero(used)} complete samples of running; expected at least "
            f"{MIN_ALIGNMENT_S:g} s to find the heading: use a longer recording"
        )
    cutoff_hz = min(HEADING_CUTOFF_HZ, SLOW_RATE_CUTOFF * sampling_rate_hz)
    acc = rotate(lowpass(acc[used], cutoff_hz, sampling_rate_hz), gravity.rotation)
    if gyr is not None:
        method = "gyroscope"
        gyr = rotate(lowpass(gyr[used], cutoff_hz, sampling_rate_hz), gravity.rotation)
        forward, confidence = _heading_from_gyroscope(gyr)
    else:
        method = "trunk_stance" if site in TRUNK_SITES else "acceleration"
        forward, confidence = _heading_from_acceleration(acc, site)
    cosine, sine = float(forward[0]), float(forward[1])
    turn = np.array([[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]])
    return Alignment(turn @ gravity.rotation, method, gravity.confidence * max(0.0, confidence))
