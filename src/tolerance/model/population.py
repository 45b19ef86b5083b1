"""What is believed of all runners: draws of the model's parameters, from the priors or a posterior.

A set of draws knows where it comes from. Draws fitted to simulated runners serve checks, trials and
examples; `PopulationDraws.require_real` refuses them where a real runner starts.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from tolerance.anatomy import MODEL_TISSUES
from tolerance.config import PerTissuePrior, TolerancePriors
from tolerance.model.priors import TIME_LIMIT_SD, draw

__all__ = ["N_CUT_POINTS", "ZERO_CUT_POINT", "Origin", "PopulationDraws", "prior_draws"]

type FloatArray = NDArray[np.float64]

Origin = Literal["prior", "prior_and_pmdata", "simulated"]
"""Where draws come from: nothing but the priors, priors and a real data set, simulated runners."""

REAL_ORIGINS: Final = ("prior", "prior_and_pmdata")

N_CUT_POINTS: Final = 10
"""Between the eleven values of the pain scale, 0 to 10."""

ZERO_CUT_POINT: Final = 3
"""Cut-point fixed at 0: between 3 and 4. Tolerance is the load at which pain passes 3 half of the
time; the clinical limit of 3 is of Silbernagel's pain-monitoring model."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PopulationDraws:
    """S joint draws of all parameters that runners share; K tissues as in ``MODEL_TISSUES``.

    Attributes
    ----------
    origin : str
        Where they come from.
    tau_fatigue_d, tau_adaptation_d, tau_healing_d : (S, K) arrays
        Time constants of fatigue, adaptation and healing, days.
    gamma : (S,) array
        How much of chronic load turns into capacity: 0 absolute load, 1 an uncoupled ratio.
    chronic_offset_rr, chronic_reference_rr : float
        a and A_ref of the chronic term.
    tolerance_mean : (S, K) array
        Mean log tolerance of each tissue (mu + t_k).
    runner_sd, unit_sd : (S,) arrays
        SD of log tolerance between runners, and between the units of one runner.
    deficit_log_mean, deficit_log_sd : (S,) arrays
        Of the capacity that an injury costs, on the log scale, lognormal between injuries.
    pain_slope : (S,) array
        b of the ordered logit of pain.
    cut_points : (S, K, 10) array
        kappa; the one above 3 is 0.
    settle_level, settle_slope : (S,) arrays
        z0 and z1 of settling within a day.
    hazard_level : (S, K) array
        Log hazard of an injury per session at margin 0.
    hazard_slope : (S,) array
        omega: change of log hazard with margin.
    frailty_sd : (S,) array
        SD of a runner's log hazard.
    recent_injury_log_hr : (S,) array
        Log hazard ratio of a unit just injured, fading over a year.
    """

    origin: Origin
    tau_fatigue_d: FloatArray
    tau_adaptation_d: FloatArray
    tau_healing_d: FloatArray
    gamma: FloatArray
    chronic_offset_rr: float
    chronic_reference_rr: float
    tolerance_mean: FloatArray
    runner_sd: FloatArray
    unit_sd: FloatArray
    deficit_log_mean: FloatArray
    deficit_log_sd: FloatArray
    pain_slope: FloatArray
    cut_points: FloatArray
    settle_level: FloatArray
    settle_slope: FloatArray
    hazard_level: FloatArray
    hazard_slope: FloatArray
    frailty_sd: FloatArray
    recent_injury_log_hr: FloatArray

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit together, all at once."""
        n, k = self.n_draws, len(MODEL_TISSUES)
        expected = {"cut_points": (n, k, N_CUT_POINTS)} | dict.fromkeys(
            (
                "tau_fatigue_d",
                "tau_adaptation_d",
                "tau_healing_d",
                "tolerance_mean",
                "hazard_level",
            ),
            (n, k),
        )
        problems = []
        for name, values in self.arrays().items():
            wanted = expected.get(name, (n,))
            if values.shape != wanted:
                problems.append(f"{name}: got shape {values.shape}, expected {wanted}")
            elif not np.all(np.isfinite(values)):
                problems.append(f"{name}: got values that are not finite")
        if problems:
            raise ValueError(f"population draws do not fit together: {'; '.join(problems)}")

    @property
    def n_draws(self) -> int:
        """S."""
        return int(self.gamma.shape[0])

    def arrays(self) -> dict[str, FloatArray]:
        """Return every array by name; the draws are along the first axis."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}

    def take(self, index: NDArray[np.intp] | slice) -> Self:
        """Return the draws at these places, in this order, repeats allowed."""
        taken: dict[str, Any] = {name: value[index] for name, value in self.arrays().items()}
        return replace(self, **taken)

    def thin(self, n: int) -> Self:
        """Return at most `n` draws, evenly spaced."""
        if n >= self.n_draws:
            return self
        return self.take(np.linspace(0, self.n_draws - 1, n).astype(np.intp))

    def require_real(self) -> None:
        """Refuse draws that simulated runners informed.

        Raises
        ------
        ValueError
            If the draws may not start a real runner.
        """
        if self.origin not in REAL_ORIGINS:
            raise ValueError(
                f"population draws: got origin {self.origin!r}, expected one of "
                f"{', '.join(REAL_ORIGINS)}; a real runner starts from the priors and real data, "
                "never from simulated runners"
            )


def prior_draws(priors: TolerancePriors, rng: np.random.Generator, n: int) -> PopulationDraws:
    """Draw parameters from the priors.

    Parameters
    ----------
    priors : TolerancePriors
        Section ``tolerance_priors`` of ``params.yaml``.
    rng : numpy.random.Generator
    n : int
        How many draws.
    """
    k = len(MODEL_TISSUES)

    def per_tissue(prior: PerTissuePrior) -> FloatArray:
        values = (getattr(prior, tissue) for tissue in MODEL_TISSUES)
        return np.column_stack([draw(value, rng, n, TIME_LIMIT_SD) for value in values])

    def one(name: str) -> FloatArray:
        return draw(getattr(priors, name), rng, n)

    tissue = rng.standard_normal((n, k)) * priors.tissue_spread.value
    tissue -= tissue.mean(axis=1, keepdims=True)
    gaps = np.log(draw(priors.cut_gap, rng, (n, 1, N_CUT_POINTS - 1)))
    gaps = gaps + priors.cut_gap_tissue_log_sd.value * rng.standard_normal((n, k, N_CUT_POINTS - 1))
    return PopulationDraws(
        origin="prior",
        tau_fatigue_d=per_tissue(priors.fatigue_days),
        tau_adaptation_d=per_tissue(priors.adaptation_days),
        tau_healing_d=per_tissue(priors.healing_days),
        gamma=one("chronic_exponent"),
        chronic_offset_rr=priors.chronic_offset_rr.value,
        chronic_reference_rr=priors.chronic_reference_rr.value,
        tolerance_mean=one("tolerance_mean")[:, None] + tissue,
        runner_sd=one("runner_sd"),
        unit_sd=one("unit_sd"),
        deficit_log_mean=one("deficit_log_mean"),
        deficit_log_sd=np.full(n, priors.deficit_log_sd.value),
        pain_slope=one("pain_slope"),
        cut_points=cut_points(gaps),
        settle_level=one("settle_level"),
        settle_slope=one("settle_slope"),
        hazard_level=one("hazard_level")[:, None] + per_tissue(priors.hazard_tissue_offset),
        hazard_slope=one("hazard_slope"),
        frailty_sd=one("frailty_sd"),
        recent_injury_log_hr=one("recent_injury_log_hr"),
    )


def cut_points(log_gaps: FloatArray) -> FloatArray:
    """Return cut-points from the logs of the gaps between them, the one above 3 being 0.

    Parameters
    ----------
    log_gaps : (..., 9) array

    Returns
    -------
    (..., 10) array, rising
    """
    rising = np.cumsum(np.exp(log_gaps), axis=-1)
    rising = np.concatenate((np.zeros((*rising.shape[:-1], 1)), rising), axis=-1)
    return np.asarray(rising - rising[..., ZERO_CUT_POINT, None], np.float64)
