"""What hangs on R04 and R05: whether a rehabilitation repetition is a step or next to nothing.

S0 counts a repetition like a running step; the damage exponent makes half the force about two
thousandths of one. Neither is verified. The ledger weighs both by their prior; this module shows
reports how far the first weeks of running differ from the weeks before under either.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tolerance.clinic.record import Profile, SessionEntry
from tolerance.exposure.session_costs import LedgerSettings, UnitModel, session_costs
from tolerance.rules.registry import rule

__all__ = ["HYPOTHESES", "RepetitionEffect", "repetition_effect"]

type Floats = NDArray[np.float64]

HYPOTHESES: Final[Mapping[str, float | None]] = MappingProxyType(
    {"as_step": 1.0, "by_exponent": 0.0, "prior_weighted": None}
)
"""Weight of R04 under each hypothesis; None is that of the settings."""


@dataclass(frozen=True)
class RepetitionEffect:
    """Damage of weeks of rehabilitation and of the first weeks of running, unit by unit.

    Attributes
    ----------
    before_rr, after_rr : dict of str to (U,) float64 array
        Damage a week in the weeks before and in the first weeks, by :data:`HYPOTHESES`.
    before_log_sd : dict of str to (U,) float64 array
        Its error.
    step_up : dict of str to (U,) float64 array
        How many times the load of before the first weeks are.
    """

    before_rr: dict[str, Floats]
    after_rr: dict[str, Floats]
    before_log_sd: dict[str, Floats]
    step_up: dict[str, Floats]


@rule("R04", "R05")
def repetition_effect(
    before: list[SessionEntry],
    after: list[SessionEntry],
    weeks: tuple[float, float],
    profile: Profile,
    model: UnitModel,
    settings: LedgerSettings,
) -> RepetitionEffect:
    """Compare weeks of rehabilitation with the first weeks of running under both readings.

    Parameters
    ----------
    before, after : list of SessionEntry
        Sessions of the weeks before the plan, and those that it starts with.
    weeks : tuple of float
        How many weeks each of the two is.
    profile : Profile
    model : UnitModel
    settings : LedgerSettings

    Returns
    -------
    RepetitionEffect
        Sessions whose load is not known are left out of both.
    """
    effect = RepetitionEffect({}, {}, {}, {})
    for name, weight in HYPOTHESES.items():
        costs = settings.costs
        if weight is not None:
            costs = costs.model_copy(update={"repetition_as_step_weight": weight})
        changed = replace(settings, costs=costs)
        first = session_costs(before, profile, model, changed)
        then = session_costs(after, profile, model, changed)
        total = np.nansum(first.damage_rr, axis=0)
        sd = np.nansum(first.damage_sd_rr, axis=0)
        relative = np.divide(sd, total, out=np.zeros_like(sd), where=total > 0.0)
        effect.before_rr[name] = total / weeks[0]
        effect.before_log_sd[name] = np.sqrt(np.log1p(relative**2))
        effect.after_rr[name] = np.nansum(then.damage_rr, axis=0) / weeks[1]
        effect.step_up[name] = effect.after_rr[name] / np.maximum(effect.before_rr[name], 1e-9)
    return effect
