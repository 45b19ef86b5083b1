"""Stage ``fit_pmdata``: the tolerance model on a public diary of soreness, under its protocol.

The model, the model of state only and every comparator predict people who were left out and days
that were left out; loads are shuffled and shifted as negative controls. What the whole diary says
of the response to load goes to ``models/pmdata_response``, where no default reads it: the licence
is non-commercial. Where the diary is not here, nothing is scored and the response stays as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from pipelines.datasets import thambawita_2020
from pipelines.params import load_params
from pipelines.paths import Places, project_root
from pipelines.soreness_response import PmdataResponse, response_set, write_response
from pipelines.stage import run_stage
from pipelines.store import new_directory, read_table, write_metrics, write_table
from pipelines.training import library_versions, not_fetched
from tolerance.config import FitPmdata, stage_generator
from tolerance.evaluate.soreness_comparators import STRONGEST
from tolerance.evaluate.soreness_evaluation import (
    Diary,
    Predicted,
    compare_later_days,
    compare_left_out,
    later_days,
    left_out_people,
    read_diary,
    shifted_loads,
    shuffled_loads,
)
from tolerance.evaluate.soreness_scores import (
    PersonResamples,
    calibration_curve,
    log_score,
    paired_difference,
    resample_people,
    score,
)
from tolerance.model.soreness import Population, SorenessModel
from tolerance.model.soreness_response import population_numbers
from tolerance.schemas import empty_table

__all__ = ["Fitted", "main", "run"]

STAGE: Final = "fit_pmdata"
PREDICTIONS: Final = "soreness_predictions"
MODEL: Final = "tolerance"
STATE_ONLY: Final = "tolerance_state_only"

LOOKED_AT: Final = (
    "Design choices were made on inner splits only: people left out in turn, on the first 70 % of "
    "each person's days.",
    "The scored splits were seen once before the last choice, that of wider priors (log scores "
    "0.460, 0.503 and 0.469 then); the priors' widths themselves were compared on inner splits.",
    "Compared there: load as exertion times minutes; a second slope for running; running counted "
    "more; a chronic term; fatigue answers; active minutes of the watch; personal cut-points (one "
    "scale, or one on either side). Personal cut-points on either side were kept; running, fatigue "
    "answers and the watch were not. The chronic term made no difference and stays, as in the "
    "capacity model.",
    "Comparators were set once and not tuned.",
)
"""What choices were made on, and what of the scored splits was seen meanwhile."""


@dataclass(frozen=True)
class Fitted:
    """Scores, predictions of every tested row, and the population learned on everybody."""

    metrics: dict[str, Any]
    predictions: pd.DataFrame
    population: Population


def run(diary: Diary, params: FitPmdata, rng: np.random.Generator, seed: int) -> Fitted:
    """Score the model, its controls and its comparators on the frozen protocol.

    Parameters
    ----------
    diary : Diary
    params : FitPmdata
    rng : numpy.random.Generator
    seed : int
        Of the boosting.
    """
    model = SorenessModel(params.priors)
    state_only = SorenessModel(params.priors, has_load=False)
    resamples = resample_people(diary.person, params.n_resamples, rng)
    n = params.n_draws
    people: dict[str, Predicted] = {
        "lopo_seq": left_out_people(model, diary, "seq", rng, n),
        "lopo_pop": left_out_people(model, diary, "pop", rng, n),
        "time": later_days(model, diary, rng, n),
        "state_only_lopo_seq": left_out_people(state_only, diary, "seq", rng, n),
        "state_only_time": later_days(state_only, diary, rng, n),
    }
    rivals = {"lopo": compare_left_out(diary, seed), "time": compare_later_days(diary, seed)}
    metrics: dict[str, Any] = {
        name: _score(diary, found.p_sore, resamples) | _draws(found)
        for name, found in people.items()
    }
    metrics["comparators"] = {
        split: {name: _score(diary, p, resamples) for name, p in each.items()}
        for split, each in rivals.items()
    }
    metrics["differences"] = _differences(diary, people, rivals, resamples)
    metrics["shuffled"] = _controls(model, diary, params, resamples, rng)
    metrics["shuffled"]["state_only_log_score"] = metrics["state_only_lopo_seq"]["log_score"]
    metrics["calibration_curve"] = {
        name: _curve(diary, people[name].p_sore, params.calibration_groups)
        for name in ("lopo_seq", "lopo_pop", "time")
    }
    metrics["per_person"] = _per_person(diary, people, rivals["lopo"][STRONGEST])
    prepared = diary.prepared()
    population = model.fit(prepared, np.ones(len(diary.rows), dtype=np.bool_))
    metrics["population"] = population_numbers(population, params.priors)
    metrics["data"] = {
        "n_people": len(prepared.people),
        "n_rows": len(diary.rows),
        "n_sore": int(diary.sore.sum()),
        "n_sessions": int(diary.loads["n_sessions"].sum()),
    }
    metrics["looked_at"] = list(LOOKED_AT)
    return Fitted(metrics, _predictions(diary, people, rivals), population)


def _score(diary: Diary, p: np.ndarray, resamples: PersonResamples) -> dict[str, Any]:
    tested = np.isfinite(p)
    return score(p[tested], diary.sore[tested], diary.person[tested], resamples)


def _curve(diary: Diary, p: np.ndarray, n_groups: int) -> list[dict[str, float]]:
    tested = np.isfinite(p)
    return calibration_curve(p[tested], diary.sore[tested], n_groups)


def _draws(found: Predicted) -> dict[str, Any]:
    return {
        "effective_draws_min": float(np.nanmin(found.effective_draws)),
        "effective_draws_median": float(np.nanmedian(found.effective_draws)),
        "n_rejuvenated": found.n_rejuvenated,
    }


def _differences(
    diary: Diary,
    people: Mapping[str, Predicted],
    rivals: Mapping[str, Mapping[str, np.ndarray]],
    resamples: PersonResamples,
) -> dict[str, Any]:
    """Return log scores of the model less those of its rivals, paired."""
    pairs = {
        f"lopo_seq_less_{STRONGEST}": (people["lopo_seq"].p_sore, rivals["lopo"][STRONGEST]),
        "lopo_seq_less_state_only": (
            people["lopo_seq"].p_sore,
            people["state_only_lopo_seq"].p_sore,
        ),
        "lopo_pop_less_base_rate": (people["lopo_pop"].p_sore, rivals["lopo"]["base_rate"]),
        f"time_less_{STRONGEST}": (people["time"].p_sore, rivals["time"][STRONGEST]),
        "time_less_state_only": (people["time"].p_sore, people["state_only_time"].p_sore),
    }
    found = {}
    for name, (p, other) in pairs.items():
        tested = np.isfinite(p) & np.isfinite(other)
        found[name] = paired_difference(
            p[tested], other[tested], diary.sore[tested], diary.person[tested], resamples
        )
    return found


def _controls(
    model: SorenessModel,
    diary: Diary,
    params: FitPmdata,
    resamples: PersonResamples,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Score the model on diaries whose loads answer to nothing."""
    found: dict[str, Any] = {}
    # Only the scores themselves are shown, over all rearrangements: no interval is needed.
    once = PersonResamples(resamples.people, resamples.counts[:1])
    for kind, change, times in (
        ("shuffles", shuffled_loads, params.n_shuffles),
        ("shifts", shifted_loads, params.n_shifts),
    ):
        scores = [
            _score(
                diary,
                left_out_people(model, change(diary, rng), "seq", rng, params.n_draws).p_sore,
                once,
            )
            for _ in range(times)
        ]
        found[kind] = {
            name: {
                "mean": float(np.mean([one[name] for one in scores])),
                "min": float(np.min([one[name] for one in scores])),
                "max": float(np.max([one[name] for one in scores])),
            }
            for name in ("log_score", "brier", "auc_within", "slope")
        } | {"n": times}
    for name in ("log_score", "brier", "auc_within", "slope"):
        found[name] = found["shuffles"][name]["mean"]
    return found


def _per_person(
    diary: Diary, people: Mapping[str, Predicted], strongest: np.ndarray
) -> dict[str, Any]:
    """Return each person's share of sore days and log scores, people left out."""
    found = {}
    for person in sorted(set(map(str, diary.person))):
        own = diary.person == person
        sore, once = diary.sore[own], np.ones(int(own.sum()))
        found[person] = {
            "n_rows": int(own.sum()),
            "sore_share": float(sore.mean()),
            "log_score": log_score(people["lopo_seq"].p_sore[own], sore, once),
            "log_score_state_only": log_score(
                people["state_only_lopo_seq"].p_sore[own], sore, once
            ),
            f"log_score_{STRONGEST}": log_score(strongest[own], sore, once),
        }
    return found


def _predictions(
    diary: Diary,
    people: Mapping[str, Predicted],
    rivals: Mapping[str, Mapping[str, np.ndarray]],
) -> pd.DataFrame:
    """Return table ``soreness_predictions``."""
    parts = []
    for name, found in people.items():
        is_state = name.startswith("state_only_")
        split = name.removeprefix("state_only_")
        model = STATE_ONLY if is_state else MODEL
        parts.append(_part(diary, split, model, found.p_sore, found.low, found.high))
    for split, each in (("lopo_seq", rivals["lopo"]), ("time", rivals["time"])):
        for name, p in each.items():
            nothing = np.full(p.size, np.nan)
            parts.append(_part(diary, split, name, p, nothing, nothing))
    return pd.concat(parts, ignore_index=True)


def _part(
    diary: Diary, split: str, model: str, p: np.ndarray, low: np.ndarray, high: np.ndarray
) -> pd.DataFrame:
    frame = diary.rows[["runner_id", "date", "is_sore"]].assign(
        evaluation=split, model=model, p_sore=p, p_sore_low=low, p_sore_high=high
    )
    return frame[np.isfinite(p)]


def main() -> None:
    """Score the diary, or say why there is nothing to score."""
    places = Places(project_root())
    params = load_params(places.params)
    card = thambawita_2020.CARD
    out = places.processed(card.id, "soreness")
    missing = not_fetched(places, (card.id,))
    if missing:
        print(f"{STAGE}: skipped, not here: {card.id}; models/pmdata_response stays as it is")
        write_metrics(places.metrics("tolerance_pmdata"), {"skipped": missing})
        with new_directory(out) as folder:
            write_table(folder / f"{PREDICTIONS}.parquet", PREDICTIONS, empty_table(PREDICTIONS))
        return
    interim = places.interim(card.id)
    diary = read_diary(
        read_table(interim / "wellness_reports.parquet", "wellness_reports"),
        read_table(interim / "diary_sessions.parquet", "diary_sessions"),
    )
    rng = stage_generator(params.seed, STAGE)
    fitted = run(diary, params.fit_pmdata, rng, params.seed)
    with new_directory(out) as folder:
        write_table(folder / f"{PREDICTIONS}.parquet", PREDICTIONS, fitted.predictions)
    write_metrics(places.metrics("tolerance_pmdata"), fitted.metrics)
    write_response(
        places.model("pmdata_response"),
        PmdataResponse(
            format_version=1,
            trained_by=STAGE,
            training_set=response_set(card, places.raw(card.id), fitted.metrics["data"]),
            versions=library_versions(),
            parameters=fitted.metrics["population"],
            left_out_scores={"file": "data/metrics/tolerance_pmdata.json"},
        ),
    )
    print(f"{STAGE}: {len(diary.rows)} days of {len(set(map(str, diary.person)))} people")


if __name__ == "__main__":
    run_stage(main)
