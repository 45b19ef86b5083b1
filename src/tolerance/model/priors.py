"""Priors are data: what ``params.yaml`` says of a number, as draws, densities and quantiles."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tolerance.config import Fixed, LogNormal, Normal, Prior, TruncatedNormal

__all__ = ["TIME_LIMIT_SD", "draw", "from_standard_normal", "quantile"]

type FloatArray = NDArray[np.float64]

TIME_LIMIT_SD: Final = 4.0
"""Time constants stay within this many prior SDs of their median (1 of 16,000 prior draws would
not), so that the tables of filtered loads cover all of them. Engineering choice."""


def from_standard_normal(prior: Prior, standard: FloatArray) -> FloatArray:
    """Return the prior's values at these standard normal scores.

    Parameters
    ----------
    prior : Prior
    standard : array
        Scores; 0 is the median, ±1.64 the 90 % interval.
    """
    match prior:
        case Normal():
            return np.asarray(prior.mean + prior.sd * standard, np.float64)
        case LogNormal():
            return np.asarray(prior.median * np.exp(prior.log_sd * standard), np.float64)
        case TruncatedNormal():
            low = special.ndtr((prior.lower - prior.mean) / prior.sd)
            high = special.ndtr((prior.upper - prior.mean) / prior.sd)
            score = special.ndtri(low + (high - low) * special.ndtr(standard))
            return np.asarray(prior.mean + prior.sd * score, np.float64)
        case Fixed():
            return np.full(np.shape(standard), prior.value)


def draw(
    prior: Prior,
    rng: np.random.Generator,
    shape: int | tuple[int, ...],
    limit_sd: float = np.inf,
) -> FloatArray:
    """Draw from a prior.

    Parameters
    ----------
    prior : Prior
    rng : numpy.random.Generator
    shape : int or tuple of int
    limit_sd : float
        Draws beyond this many SDs are drawn from within, in proportion.
    """
    inside = special.ndtr(limit_sd)
    score = special.ndtri(rng.uniform(1.0 - inside, inside, shape))
    return from_standard_normal(prior, np.asarray(score, np.float64))


def quantile(prior: Prior, probability: float) -> float:
    """Return the value below which the prior puts this probability."""
    return float(from_standard_normal(prior, np.asarray(special.ndtri(probability))))
