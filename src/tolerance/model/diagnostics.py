"""Whether a sampler's draws can be trusted: R-hat, effective sizes, divergences, energy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import arviz as az
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from tolerance.config import FitTolerance

__all__ = ["Diagnostics", "diagnose"]

type FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Diagnostics:
    """What the sampler says of itself.

    Attributes
    ----------
    rhat_max, ess_min, ebfmi_min : float
        Worst of all parameters (bulk and tail effective size), worst of all chains.
    rhat_worst, ess_worst : str
        Which parameter that is.
    divergences : int
    problems : tuple of str
        Each limit that was broken, in words; empty if the gate is passed.
    diverging : (chain, draw) bool array
    energy : (chain, draw) array
    """

    rhat_max: float
    rhat_worst: str
    ess_min: float
    ess_worst: str
    ebfmi_min: float
    divergences: int
    problems: tuple[str, ...]
    diverging: NDArray[np.bool_]
    energy: FloatArray

    @property
    def is_passed(self) -> bool:
        """Whether plans may use the fit."""
        return not self.problems

    def metrics(self) -> dict[str, Any]:
        """Return what goes into the metrics file."""
        return {
            "rhat_max": self.rhat_max,
            "rhat_worst": self.rhat_worst,
            "ess_min": self.ess_min,
            "ess_worst": self.ess_worst,
            "divergences": self.divergences,
            "ebfmi_min": self.ebfmi_min,
            "passed": int(self.is_passed),
            "problems": list(self.problems),
        }


def diagnose(
    sampled: Mapping[str, FloatArray],
    stats: Mapping[str, NDArray[Any]],
    settings: FitTolerance,
) -> Diagnostics:
    """Check draws against the limits of the gate.

    Parameters
    ----------
    sampled : mapping of str to array
        (chain, draw, …) by name.
    stats : mapping of str to array
        ``diverging`` and ``energy``, (chain, draw).
    settings : FitTolerance
        Holds the limits.
    """
    rhat: dict[str, float] = {}
    ess: dict[str, float] = {}
    for name, values in sampled.items():
        if np.any(np.ptp(values, axis=1) == 0.0):
            rhat[name], ess[name] = np.inf, 0.0
            continue
        dims = [f"{name}_{d}" for d in range(values.ndim - 2)]
        dataset = xr.Dataset({name: (("chain", "draw", *dims), values)})
        rhat[name] = float(az.rhat(dataset)[name].max())
        bulk, tail = (float(az.ess(dataset, method=m)[name].min()) for m in ("bulk", "tail"))
        ess[name] = min(bulk, tail)
    energy = np.asarray(stats["energy"], np.float64)
    change = np.mean(np.diff(energy, axis=1) ** 2, axis=1)
    ebfmi = float(np.min(change / np.var(energy, axis=1)))
    divergences = int(np.sum(stats["diverging"]))
    # A NaN must not pass either: all comparisons ask for the good side.
    rhat_worst = max(rhat, key=lambda name: np.nan_to_num(rhat[name], nan=np.inf))
    ess_worst = min(ess, key=lambda name: np.nan_to_num(ess[name], nan=-np.inf))
    problems = []
    if not rhat[rhat_worst] <= settings.rhat_max:
        problems.append(
            f"R-hat of {rhat_worst}: got {rhat[rhat_worst]:.3f}, expected at most "
            f"{settings.rhat_max:g}"
        )
    if not ess[ess_worst] >= settings.ess_min:
        problems.append(
            f"effective size of {ess_worst}: got {ess[ess_worst]:.0f}, expected at least "
            f"{settings.ess_min:g}"
        )
    if divergences > settings.divergences_max:
        problems.append(
            f"divergences: got {divergences}, expected at most {settings.divergences_max}"
        )
    if not ebfmi > settings.ebfmi_min:
        problems.append(f"E-BFMI: got {ebfmi:.2f}, expected above {settings.ebfmi_min:g}")
    return Diagnostics(
        rhat_max=rhat[rhat_worst],
        rhat_worst=rhat_worst,
        ess_min=ess[ess_worst],
        ess_worst=ess_worst,
        ebfmi_min=ebfmi,
        divergences=divergences,
        problems=tuple(problems),
        diverging=np.asarray(stats["diverging"], np.bool_),
        energy=energy,
    )
