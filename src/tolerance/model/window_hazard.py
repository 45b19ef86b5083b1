"""Hazard of injury a day from a few days of training: complementary log-log, athletes apart.

The hazard part of the capacity model where only a window of training is known:
``h = 1 - exp(-exp(a + b'x + w_i))`` with weak normal priors on standardised slopes and a normal
athlete effect (frailty). It is fitted at its mode; an athlete not seen has the effect 0.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

__all__ = ["WindowHazard", "fit_window_hazard"]

type FloatArray = NDArray[np.float64]

SLOPE_SD: Final = 0.5
"""Prior SD of a slope per SD of its feature: a hazard ratio within 0.4 to 2.7 at 95 %. [U]"""
FRAILTY_SD: Final = 0.5
"""Spread of athletes' log hazards; the prior of tolerance.md C2 is half-normal of this size."""
LEVEL_SD: Final = 10.0
MAX_EXPONENT: Final = 30.0


@dataclass(frozen=True)
class WindowHazard:
    """A fitted hazard.

    Attributes
    ----------
    names : tuple of str
        Features.
    centre, scale : (n_features,) arrays
        Of the training rows.
    level : float
        Log hazard a day at average features.
    slope, slope_sd : (n_features,) arrays
        Per SD of each feature, with the posterior SD (normal at the mode).
    """

    names: tuple[str, ...]
    centre: FloatArray
    scale: FloatArray
    level: float
    slope: FloatArray
    slope_sd: FloatArray

    def predict(self, features: FloatArray) -> FloatArray:
        """Return the probability of injury of athletes not seen.

        Parameters
        ----------
        features : (n_rows, n_features) array
        """
        log_hazard = self.level + ((features - self.centre) / self.scale) @ self.slope
        return np.asarray(-np.expm1(-np.exp(np.minimum(log_hazard, MAX_EXPONENT))), np.float64)


def fit_window_hazard(
    names: tuple[str, ...],
    features: FloatArray,
    is_injury: NDArray[np.bool_],
    athlete: NDArray[Any],
) -> WindowHazard:
    """Fit the hazard.

    Parameters
    ----------
    names : tuple of str
    features : (n_rows, n_features) array
        Without missing values.
    is_injury : (n_rows,) bool array
    athlete : (n_rows,) array

    Raises
    ------
    ValueError
        If there is no injury, or only injuries, or a feature is missing somewhere; all at once.
    """
    problems = []
    if features.shape != (is_injury.size, len(names)):
        problems.append(
            f"features of shape {features.shape} for {is_injury.size} rows of {len(names)}"
        )
    elif not np.isfinite(features).all():
        missing = [
            n for n, good in zip(names, np.isfinite(features).all(axis=0), strict=True) if not good
        ]
        problems.append(f"missing values in {', '.join(missing)}")
    if not 0 < is_injury.sum() < is_injury.size:
        problems.append(
            f"{int(is_injury.sum())} injuries in {is_injury.size} rows: a hazard needs both kinds"
        )
    if problems:
        raise ValueError(f"hazard of injury: {'; '.join(problems)}.")
    centre, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    people, number = np.unique(athlete, return_inverse=True)
    design = (features - centre) / scale
    n_slopes = len(names)
    sd = np.concatenate(([LEVEL_SD], np.full(n_slopes, SLOPE_SD), np.full(people.size, FRAILTY_SD)))
    start = np.zeros(sd.size)
    start[0] = np.log(-np.log1p(-is_injury.mean()))

    def negative(x: FloatArray) -> tuple[float, FloatArray]:
        log_hazard = x[0] + design @ x[1 : 1 + n_slopes] + x[1 + n_slopes :][number]
        hazard = np.exp(np.minimum(log_hazard, MAX_EXPONENT))
        # d/dη log(1 - exp(-h)) = h / expm1(h); of the survivors' -h it is -h.
        slope = np.where(is_injury, hazard / np.expm1(np.maximum(hazard, 1e-12)), -hazard)
        value = np.where(is_injury, np.log(-np.expm1(-np.maximum(hazard, 1e-12))), -hazard).sum()
        off = (x - prior) / sd
        total = np.concatenate(
            ([slope.sum()], design.T @ slope, np.bincount(number, slope, people.size))
        )
        return float(0.5 * (off**2).sum() - value), off / sd - total

    prior = np.zeros(sd.size)
    prior[0] = start[0]
    found = optimize.minimize(negative, start, jac=True, method="L-BFGS-B")
    mode = np.asarray(found.x, np.float64)
    curvature = _curvature(mode, design, number, is_injury, sd, n_slopes)
    spread = np.sqrt(np.diag(np.linalg.inv(curvature)))
    return WindowHazard(
        names,
        centre,
        scale,
        float(mode[0]),
        mode[1 : 1 + n_slopes],
        spread[1 : 1 + n_slopes],
    )


def _curvature(
    mode: FloatArray,
    design: FloatArray,
    number: NDArray[np.int64],
    is_injury: NDArray[np.bool_],
    sd: FloatArray,
    n_slopes: int,
) -> FloatArray:
    """Return the expected information at the mode, priors included."""
    one_hot = np.zeros((number.size, sd.size - 1 - n_slopes))
    one_hot[np.arange(number.size), number] = 1.0
    full = np.column_stack((np.ones(number.size), design, one_hot))
    hazard = np.exp(np.minimum(full @ mode, MAX_EXPONENT))
    weight = hazard**2 / np.expm1(np.clip(hazard, 1e-12, MAX_EXPONENT))
    return np.asarray((full * weight[:, None]).T @ full + np.diag(1.0 / sd**2), np.float64)
