"""The population of the soreness model in numbers: each parameter's posterior beside its prior."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from tolerance.config import LogNormal, Normal
from tolerance.model.soreness import POSITIVE, Population, unconstrained_prior

__all__ = ["population_numbers"]

Z_90: Final = 1.6448536269514722
"""Standard normal score of the 95th percentile: the upper end of a 90 % interval."""


def population_numbers(
    population: Population, priors: Mapping[str, Normal | LogNormal]
) -> dict[str, dict[str, float]]:
    """Return median and 90 % interval of every parameter, and of its prior.

    Parameters
    ----------
    population : Population
    priors : mapping of str to prior

    Returns
    -------
    dict
        By name: median, low, high, prior_median, prior_low, prior_high, and contraction, 1 minus
        the ratio of posterior to prior variance (0: the data said nothing).
    """
    sd = np.sqrt(np.diag(population.covariance))
    numbers = {}
    for name, middle, spread in zip(population.names, population.mean, sd, strict=True):
        prior_middle, prior_spread = unconstrained_prior(priors[name])
        shown = np.array(
            [
                centre + side * Z_90 * width
                for centre, width in ((middle, spread), (prior_middle, prior_spread))
                for side in (0.0, -1.0, 1.0)
            ]
        )
        if name in POSITIVE:
            shown = np.exp(shown)
        keys = ("median", "low", "high", "prior_median", "prior_low", "prior_high")
        numbers[name] = {key: float(value) for key, value in zip(keys, shown, strict=True)}
        numbers[name]["contraction"] = float(1.0 - (spread / prior_spread) ** 2)
    return numbers
