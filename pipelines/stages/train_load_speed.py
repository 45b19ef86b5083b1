"""Stage ``train_load_speed``: the population model of load against speed, and its scores.

Learned from treadmill force: runners of ``rbds_fukuchi2017`` step by step, published means of
``sacral_grf_table``, the effect of slope from the one runner of ``recurrent_grf``. Where data is
not here, the coefficients in git stay as they are and the metrics say that nothing was scored.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from pipelines.calibration import COEFFICIENTS, LoadSpeedFile, Provenance, write_learned
from pipelines.datasets import alcantara_2021, alcantara_2022, fukuchi_2017, fukuchi_2017_derived
from pipelines.params import load_params
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage
from pipelines.store import read_table, write_metrics
from pipelines.training import library_versions, not_fetched, training_set
from tolerance.calibration.load_speed import fit_load_speed, model_to_dict, trial_means
from tolerance.calibration.load_speed_scores import (
    left_out_datasets,
    left_out_load,
    left_out_runners,
    models_without_runner,
)
from tolerance.calibration.reference_steps import reference_steps
from tolerance.config import AnalyseRecordings, stage_generator
from tolerance.exposure.settings import exposure_settings

__all__ = ["Trained", "main", "published_trials", "run", "treadmill_steps"]

STAGE: Final = "train_load_speed"
BACKBONE: Final = "rbds"
"""The two sources of rbds_fukuchi2017 are one dataset: same study, same laboratory."""
DATASET_OF: Final[Mapping[str, str]] = {
    fukuchi_2017.CARD.id: BACKBONE,
    fukuchi_2017_derived.CARD.id: BACKBONE,
    alcantara_2022.CARD.id: alcantara_2022.CARD.id,
}
CARDS: Final = (
    fukuchi_2017.CARD,
    fukuchi_2017_derived.CARD,
    alcantara_2021.CARD,
    alcantara_2022.CARD,
)
SENSOR: Final = "none: force of instrumented treadmills, level, healthy runners"


@dataclass(frozen=True)
class Trained:
    """Coefficients as plain lists, and the scores of left-out runners and datasets."""

    coefficients: dict[str, Any]
    scores: dict[str, Any]


def treadmill_steps(
    dataset_id: str,
    recordings: pd.DataFrame,
    references: Mapping[str, pd.DataFrame],
) -> Iterator[pd.DataFrame]:
    """Give the true steps of each trial of a dataset with force.

    Recordings of one runner that share a force are one trial: those of both legs.

    Parameters
    ----------
    dataset_id : str
    recordings : DataFrame
        Table of this name.
    references : mapping of name to DataFrame
        Reference tables ``contacts``, ``force`` and ``conditions``.
    """
    stated = references["conditions"].drop_duplicates("recording_id").set_index("recording_id")
    force = {str(name): rows for name, rows in references["force"].groupby("recording_id")}
    trial_of = recordings["recording_id"].str.replace(r"_(left|right)$", "", regex=True)
    for trial_id, rows in recordings.groupby(trial_of):
        first = rows.iloc[0]
        measured = force[str(first["recording_id"])]
        own = references["contacts"]["recording_id"].isin(rows["recording_id"])
        condition = stated.loc[first["recording_id"]]
        time_s = measured["time_s"].to_numpy(np.float64)
        steps = reference_steps(
            references["contacts"][own],
            measured["vgrf_bw"].to_numpy(np.float64),
            (time_s.size - 1) / (time_s[-1] - time_s[0]),
            float(condition["grade_deg"]),
        )
        yield steps.assign(
            dataset_id=DATASET_OF[dataset_id],
            runner_id=first["runner_id"],
            trial_id=str(trial_id),
            body_mass_kg=float(first["body_mass_kg"]),
            speed_mps=float(condition["speed_mps"]),
            grade_pct=100.0 * float(np.tan(np.deg2rad(condition["grade_deg"]))),
        )


def published_trials(means: pd.DataFrame) -> pd.DataFrame:
    """Return table ``trial_means`` as trials, its force scaled so that impulse makes up weight.

    Impulse times step frequency is body weight per body weight, so 1; the published values make
    1.04, a matter of scale, as in ``reference_steps``.
    """
    scale = means["vertical_impulse_bws"] * means["step_frequency_hz"]
    return pd.DataFrame(
        {
            "dataset_id": alcantara_2021.CARD.id,
            "runner_id": means["runner_id"],
            "trial_id": means["runner_id"] + "_" + means["speed_mps"].astype("str"),
            "side": "unknown",
            "body_mass_kg": means["body_mass_kg"],
            "speed_mps": means["speed_mps"],
            "grade_pct": 100.0 * np.tan(np.deg2rad(means["grade_deg"])),
            "step_frequency_hz": means["step_frequency_hz"],
            "contact_time_s": means["contact_time_s"],
            "peak_vgrf_bw": means["peak_vgrf_bw"] / scale,
        }
    )


def run(
    steps: pd.DataFrame,
    published: pd.DataFrame,
    params: AnalyseRecordings,
    rng: np.random.Generator,
) -> Trained:
    """Fit on everybody, and score runners and datasets left out.

    Parameters
    ----------
    steps : DataFrame
        From `treadmill_steps`, all datasets.
    published : DataFrame
        From `published_trials`.
    params : AnalyseRecordings
        Tissue models and unit of load.
    rng : numpy.random.Generator
        For the intervals of the scores.
    """
    _, step_cov = trial_means(steps[steps["dataset_id"] == BACKBONE])
    means, _ = trial_means(steps)
    trials = pd.concat([means, published], ignore_index=True)
    backbone = steps[steps["dataset_id"] == BACKBONE].reset_index(drop=True)
    model = fit_load_speed(trials, step_cov)
    settings = exposure_settings(params)
    models = models_without_runner(trials, step_cov)
    scores = {
        "left_out_runners": left_out_runners(models, trials, backbone, rng),
        "left_out_load_per_km": left_out_load(models, backbone, settings, rng),
        "left_out_datasets": left_out_datasets(trials, step_cov, rng),
        "fitted_on": {
            str(name): {
                "n_runners": int(rows["runner_id"].nunique()),
                "n_trials": int(rows["trial_id"].nunique()),
            }
            for name, rows in trials.groupby("dataset_id")
        },
    }
    return Trained(model_to_dict(model), scores)


def _read_steps(places: Places, dataset_id: str) -> pd.DataFrame:
    references = {
        name: read_table(places.reference(dataset_id, name), name)
        for name in ("contacts", "force", "conditions")
    }
    recordings = read_table(places.recordings(dataset_id), "recordings")
    return pd.concat(list(treadmill_steps(dataset_id, recordings, references)), ignore_index=True)


def main() -> None:
    """Train on the treadmill runners, or say which dataset is not here."""
    places = Places(project_root())
    params = load_params(places.params)
    missing = not_fetched(places, tuple(card.id for card in CARDS))
    if missing:
        print(f"{STAGE}: skipped, not here: {', '.join(missing)}; coefficients stay as they are")
        write_metrics(places.metrics("load_speed"), {"skipped": missing})
        return
    steps = pd.concat([_read_steps(places, name) for name in DATASET_OF], ignore_index=True)
    table = places.reference(alcantara_2021.CARD.id, "trial_means")
    published = published_trials(read_table(table, "trial_means"))
    rng = stage_generator(params.seed, STAGE)
    trained = run(steps, published, params.analyse_recordings, rng)
    sets = [
        training_set(
            card,
            places.raw(card.id),
            card.n_runners,
            card.n_recordings or int(published["trial_id"].nunique()),
        )
        for card in CARDS
    ]
    learned = LoadSpeedFile(
        format_version=1,
        provenance=Provenance(
            trained_by=STAGE,
            sensor=SENSOR,
            training_sets=tuple(sets),
            versions=library_versions(),
            left_out_scores={"file": "data/metrics/load_speed.json"},
        ),
        coefficients=trained.coefficients,
    )
    write_learned(places.model("load_speed") / COEFFICIENTS, learned)
    write_metrics(places.metrics("load_speed"), trained.scores)
    print(f"{STAGE}: {steps['runner_id'].nunique() + published['runner_id'].nunique()} runners")


if __name__ == "__main__":
    run_stage(main)
