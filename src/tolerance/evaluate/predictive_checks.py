"""Posterior predictive checks: whether runners as the model believes in them look like these.

Replicated runners run what the observed ones ran, on the same days, and are asked on the same days;
their tolerance, deficits, pain, settling and injuries are drawn anew. Each summary of the observed
record is then placed among those of the replicates.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tolerance.anatomy import MODEL_TISSUES
from tolerance.evaluate.forecast_rows import SPIKE_WINDOW_D
from tolerance.model.filters import fill_missing_days
from tolerance.model.population import PopulationDraws
from tolerance.model.runner import RunnerHistory, tissue_index
from tolerance.simulate.world_truth import PopulationTruth, RunnerTraits, truth_of_draw
from tolerance.simulate.worlds import WORLDS, World

__all__ = ["Record", "predictive_check", "record_of", "replicate", "summaries"]

type Floats = NDArray[np.float64]

N_PAIN: Final = 11
PAIN_GROUPS: Final = ((0, 1), (2, 3), (4, 5), (6, 10))
"""Pain within which settling is counted, both ends included."""
FOLLOW_UP_WEEKS: Final = (4, 8, 12, 16, 20, 24)
SPIKES: Final = (1.1, 1.3, 2.0)
HALF: Final = 0.5
"""Half an event in each group keeps a rate ratio finite."""
LOW_PCT, HIGH_PCT = 5.0, 95.0


class Record:
    """Daily arrays of R runners over T days with U units.

    Attributes
    ----------
    damage_rr, damage_log_sd, pain, settled : (R, T, U) float64 array
        Damage without missing days; NaN where pain or settling was not said.
    exposed : (R, T) bool array
    injured : (R, T, U) bool array
    is_index : (R, U) bool array
    days_since_injury, chronic_start_rr : (R, U) float64 array
        On the day before the first.
    """

    def __init__(self, **arrays: NDArray[Any]) -> None:
        self.damage_rr: Floats = arrays["damage_rr"]
        self.damage_log_sd: Floats = arrays["damage_log_sd"]
        self.pain: Floats = arrays["pain"]
        self.settled: Floats = arrays["settled"]
        self.exposed: NDArray[np.bool_] = arrays["exposed"]
        self.injured: NDArray[np.bool_] = arrays["injured"]
        self.is_index: NDArray[np.bool_] = arrays["is_index"]
        self.days_since_injury: Floats = arrays["days_since_injury"]
        self.chronic_start_rr: Floats = arrays["chronic_start_rr"]


def record_of(histories: Sequence[RunnerHistory]) -> Record:
    """Put the histories of runners with the same units and days together.

    Raises
    ------
    ValueError
        If units or days differ.
    """
    first = histories[0]
    for history in histories:
        if history.units != first.units or history.dates.size != first.dates.size:
            raise ValueError(
                f"histories: runner {history.runner_id} has other units or days than "
                f"{first.runner_id}; check cohorts of one design"
            )
    filled = [fill_missing_days(h.damage_rr, h.damage_log_sd, h.exposed) for h in histories]
    injured = np.zeros((len(histories), *first.pain.shape), np.bool_)
    since = np.full((len(histories), len(first.units)), np.inf)
    for r, history in enumerate(histories):
        for injury in history.injuries:
            day = int((np.datetime64(injury.on) - history.dates[0]).astype(np.int64))
            if 0 <= day < history.dates.size:
                injured[r, day, injury.unit] = True
            elif day < 0:
                since[r, injury.unit] = min(since[r, injury.unit], -1 - day)
    return Record(
        damage_rr=np.stack([damage for damage, _ in filled]),
        damage_log_sd=np.stack([log_sd for _, log_sd in filled]),
        pain=np.stack([h.pain for h in histories]),
        settled=np.stack([h.settled for h in histories]),
        exposed=np.stack([h.exposed for h in histories]),
        injured=injured,
        is_index=np.stack([h.is_index for h in histories]),
        days_since_injury=since,
        chronic_start_rr=np.stack([h.chronic_start_rr for h in histories]),
    )


def replicate(
    record: Record,
    histories: Sequence[RunnerHistory],
    truth: PopulationTruth,
    rng: np.random.Generator,
) -> Record:
    """Draw new runners and let them run the observed days.

    An injury leaves the observed days as they are, layoffs included: what is replicated is the
    response to load, not the choice of it.
    """
    n, n_days, n_units = record.pain.shape
    tissue = tissue_index(histories[0].units).astype(np.int64)
    normal = rng.standard_normal
    tolerance = truth.tolerance_mean[tissue] + truth.runner_sd * normal((n, 1))
    deficit = np.exp(truth.deficit_log_mean + truth.deficit_log_sd * normal((n, n_units)))
    had = np.isfinite(record.days_since_injury)
    traits = RunnerTraits(
        units=histories[0].units,
        tissue=tissue,
        is_index=record.is_index,
        log_tolerance=tolerance + truth.unit_sd * normal((n, n_units)),
        deficit=np.where(had, deficit, 0.0),
        days_since_injury=record.days_since_injury,
        log_frailty=truth.frailty_sd * np.asarray(normal((n,)), np.float64),
        chronic_start_rr=record.chronic_start_rr,
    )
    world = World(truth, traits, WORLDS["model"])
    pain = np.full(record.pain.shape, np.nan)
    settled = pain.copy()
    injured = np.zeros(record.injured.shape, np.bool_)
    for day in range(n_days):
        error = np.exp(record.damage_log_sd[:, day] * normal((n, n_units)))
        outcome = world.advance_day(record.damage_rr[:, day] * error, record.exposed[:, day], rng)
        pain[:, day], settled[:, day] = outcome.pain, outcome.settled
        hurt = np.flatnonzero(outcome.injured_unit >= 0)
        injured[hurt, day, outcome.injured_unit[hurt]] = True
    pain[np.isnan(record.pain)] = np.nan
    settled[np.isnan(record.settled)] = np.nan
    values = vars(record) | {"pain": pain, "settled": settled, "injured": injured}
    return Record(**values)


def summaries(record: Record, tissue: NDArray[np.intp]) -> dict[str, Floats]:
    """Return what a record looks like.

    Returns
    -------
    dict of str to float array
        ``pain_<tissue>``: shares of pain 0 to 10; ``settled_by_pain``; ``injuries_per_runner``:
        shares of runners with 0, 1, 2 or more; ``injured_by_week``; ``spike_hazard_ratio`` of
        sessions over 1.1, 1.3 and 2 times the longest of 30 days. NaN where nothing is observed.
    """
    result = {}
    for k, name in enumerate(MODEL_TISSUES):
        pain = record.pain[..., tissue == k]
        said = pain[np.isfinite(pain)].astype(np.int64)
        counts = np.bincount(said, minlength=N_PAIN).astype(np.float64)
        result[f"pain_{name}"] = counts / said.size if said.size else np.full(N_PAIN, np.nan)
    known = np.isfinite(record.settled) & np.isfinite(record.pain)
    pain, settled = record.pain[known], record.settled[known]
    result["settled_by_pain"] = np.array(
        [_mean(settled[(pain >= low) & (pain <= high)]) for low, high in PAIN_GROUPS]
    )
    events = record.injured.any(axis=2)
    per_runner = events.sum(axis=1)
    result["injuries_per_runner"] = np.array(
        [_mean(per_runner == 0), _mean(per_runner == 1), _mean(per_runner >= 2)]
    )
    result["injured_by_week"] = np.array(
        [_mean(events[:, : 7 * weeks].any(axis=1)) for weeks in FOLLOW_UP_WEEKS]
    )
    result["spike_hazard_ratio"] = _spike_ratios(record, events, tissue)
    return result


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if values.size else float("nan")


def _spike_ratios(record: Record, events: NDArray[np.bool_], tissue: NDArray[np.intp]) -> Floats:
    """Return injuries per session above each spike threshold over those of other sessions."""
    # Running as such stands for distance, which the published ratios are of.
    unit = int(np.flatnonzero(tissue == MODEL_TISSUES.index("fascia"))[0])
    damage = record.damage_rr[..., unit]
    n_days = damage.shape[1]
    longest = np.stack(
        [damage[:, max(0, t - SPIKE_WINDOW_D) : t].max(axis=1, initial=0.0) for t in range(n_days)],
        axis=1,
    )
    # Without a month behind it nothing is a spike.
    ran = record.exposed & (longest > 0.0) & (np.arange(n_days) >= SPIKE_WINDOW_D)
    ratio = np.divide(damage, longest, out=np.zeros_like(damage), where=longest > 0.0)
    group = np.digitize(ratio, SPIKES)
    rates = []
    for g in range(len(SPIKES) + 1):
        sessions = ran & (group == g)
        rates.append((events[sessions].sum() + HALF) / (sessions.sum() + 1.0))
    return np.asarray(np.array(rates[1:]) / rates[0], np.float64)


def predictive_check(
    histories: Sequence[RunnerHistory],
    population: PopulationDraws,
    rng: np.random.Generator,
    n_replicates: int,
) -> dict[str, dict[str, Any]]:
    """Place each summary of the observed record among those of replicates.

    Parameters
    ----------
    histories : sequence of RunnerHistory
        Runners with the same units and days.
    population : PopulationDraws
        Posterior draws; prior draws make it a prior predictive check.
    rng : numpy.random.Generator
    n_replicates : int
        Each from a draw of its own.

    Returns
    -------
    dict
        By summary ``observed``, ``median``, ``low``, ``high`` (90 %) as lists, and
        ``inside_frac``, the share of its entries that lie inside.
    """
    record = record_of(histories)
    tissue = tissue_index(histories[0].units)
    observed = summaries(record, tissue)
    draws = rng.integers(0, population.n_draws, n_replicates)
    replicated = [
        summaries(replicate(record, histories, truth_of_draw(population, int(i)), rng), tissue)
        for i in draws
    ]
    return {name: _placed(values, replicated, name) for name, values in observed.items()}


def _placed(
    observed: Floats, replicated: Sequence[Mapping[str, Floats]], name: str
) -> dict[str, Any]:
    stacked = np.stack([entry[name] for entry in replicated])
    empty = np.isnan(stacked).all(axis=0)
    filled = np.where(empty, 0.0, stacked)
    low, median, high = np.nanpercentile(filled, [LOW_PCT, 50.0, HIGH_PCT], axis=0)
    known = np.isfinite(observed) & ~empty
    inside = (observed >= low - 1e-12) & (observed <= high + 1e-12)
    return {
        "observed": observed.tolist(),
        "median": median.tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
        "inside_frac": float(inside[known].mean()) if known.any() else float("nan"),
    }
