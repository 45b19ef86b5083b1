"""Stage ``train_shank_events``: event models of the shank, learned on a treadmill's true contacts.

The sensors are **virtual**: made from the markers on each shank. Coefficients go to
``models/shank_events``; contacts predicted with their runner left out go to ``held_out`` of the
dataset, as table ``steps``, one file a sensor. Where the data is not here, the coefficients in git
stay as they are and the held-out tables are empty.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadcore.constants import SIDES
from pipelines.calibration import (
    COEFFICIENTS,
    Provenance,
    ShankChains,
    ShankEventsFile,
    write_learned,
)
from pipelines.datasets import fukuchi_2017, fukuchi_2017_derived
from pipelines.datasets.base import LeftOut
from pipelines.datasets.treadmill_shank import MARKER_RATE_HZ, Trial, contacts_by_side
from pipelines.errors import WorkspaceError
from pipelines.params import load_params
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage
from pipelines.store import new_directory, write_table
from pipelines.training import library_versions, not_fetched, training_set
from tolerance.calibration.left_out_steps import left_out_scores, left_out_steps
from tolerance.calibration.shank_events import (
    ShankTrial,
    coefficients_to_dict,
    fit_shank_coefficients,
    predict_left_out,
    virtual_shank_sensor,
)
from tolerance.config import AnalyseRecordings, stage_generator
from tolerance.exposure.settings import analysis_settings
from tolerance.schemas import empty_table

__all__ = ["HELD_OUT_TABLES", "Trained", "main", "run", "shank_trials"]

STAGE: Final = "train_shank_events"
SOURCES: Final = (fukuchi_2017, fukuchi_2017_derived)
"""Modules of the datasets that are trained on: C3D files and arrays of the same study."""

SENSOR: Final = (
    "virtual: from optical markers on the shank, sagittal plane only. A worn sensor is noisier, "
    "slips and rings; these scores are not comparable with those of inertial sensors."
)

HELD_OUT_TABLES: Final[Mapping[str, str]] = {
    "gyroscope": "contacts",
    "accelerometer": "contacts_accelerometer",
}
"""File of the held-out steps by sensor; the first is what a shank sensor with a gyroscope gets."""

CLUSTER_JUMP_M: Final = 0.02
"""A diagonal of the marker cluster this far from its median has a marker that was lost or swapped:
skin and strap move by a few millimetres. Engineering choice."""


@dataclass(frozen=True)
class Trained:
    """What the stage makes.

    Attributes
    ----------
    coefficients : dict
        Plain lists and numbers.
    held_out : mapping of sensor to DataFrame
        Table ``steps``, every contact predicted with its runner left out.
    scores : dict
        Of the same predictions, by sensor.
    """

    coefficients: dict[str, Any]
    held_out: Mapping[str, pd.DataFrame]
    scores: dict[str, Any]


def shank_trials(name: str, trial: Trial) -> Iterator[ShankTrial]:
    """Give the virtual sensor of each shank with the true contacts of its foot."""
    contacts = contacts_by_side(trial)
    for side, markers_m in trial.markers_m.items():
        markers_m = _without_jumps(markers_m)
        acc, gyr = virtual_shank_sensor(
            markers_m[:, :2].mean(axis=1), markers_m[:, 2:].mean(axis=1), MARKER_RATE_HZ
        )
        own = contacts[side]
        yield ShankTrial(
            runner_id=f"rbds_{trial.runner}",
            trial_id=f"{name}_{side}",
            side=SIDES.index(side),
            acc_mps2=acc,
            gyr_radps=gyr,
            sampling_rate_hz=MARKER_RATE_HZ,
            initial_contact_s=own.initial_contact_s[own.is_complete],
            terminal_contact_s=own.terminal_contact_s[own.is_complete],
        )


def _without_jumps(markers_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the markers, NaN where the shape of the cluster says that one is wrong."""
    diagonals = np.stack(
        [np.linalg.norm(markers_m[:, a] - markers_m[:, b], axis=1) for a, b in ((0, 3), (1, 2))]
    )
    usual = np.nanmedian(diagonals, axis=1, keepdims=True)
    jumps = (np.abs(diagonals - usual) > CLUSTER_JUMP_M).any(axis=0)
    return np.where(jumps[:, None, None], np.nan, markers_m)


def run(trials: list[ShankTrial], params: AnalyseRecordings, rng: np.random.Generator) -> Trained:
    """Fit on all runners, and predict each runner from the others.

    Parameters
    ----------
    trials : list of ShankTrial
        Three runners at least.
    params : AnalyseRecordings
        Limits of a step and shape of the force, for the held-out steps.
    rng : numpy.random.Generator
        For the intervals of the scores.
    """
    settings = analysis_settings(params)
    predicted = predict_left_out(trials)
    n_reference = sum(trial.initial_contact_s.size for trial in trials)
    by_sensor = {
        sensor: predicted[predicted["sensor"] == sensor].reset_index(drop=True)
        for sensor in HELD_OUT_TABLES
    }
    return Trained(
        coefficients=coefficients_to_dict(fit_shank_coefficients(trials)),
        held_out={
            sensor: left_out_steps(rows, settings.steps, settings.force)
            for sensor, rows in by_sensor.items()
        },
        scores={
            sensor: left_out_scores(rows, n_reference, rng) for sensor, rows in by_sensor.items()
        },
    )


def _read(places: Places, module: Any) -> list[tuple[str, Trial]]:
    read = list(module.read_trials(places.raw(module.CARD.id)))
    reasons = [f"{item.recording_id}: {item.reason}" for item in read if isinstance(item, LeftOut)]
    if reasons:
        # Trained on part of the data, the coefficients would change without a word.
        raise WorkspaceError(
            f"{module.CARD.id} cannot be read as a whole, so nothing is trained:\n  "
            + "\n  ".join(reasons)
        )
    return read


def main() -> None:
    """Train on the treadmill runners, or say which dataset is not here."""
    places = Places(project_root())
    params = load_params(places.params)
    home = places.processed(fukuchi_2017.CARD.id, "held_out")
    missing = not_fetched(places, tuple(module.CARD.id for module in SOURCES))
    if missing:
        print(f"{STAGE}: skipped, not here: {', '.join(missing)}; coefficients stay as they are")
        _write_held_out(home, dict.fromkeys(HELD_OUT_TABLES, empty_table("steps")))
        return
    sets, trials = [], []
    for module in SOURCES:
        read = _read(places, module)
        trials += [shank for name, trial in read for shank in shank_trials(name, trial)]
        runners = {trial.runner for _, trial in read}
        raw_dir = places.raw(module.CARD.id)
        sets.append(training_set(module.CARD, raw_dir, len(runners), len(read)))
    trained = run(trials, params.analyse_recordings, stage_generator(params.seed, STAGE))
    learned = ShankEventsFile(
        format_version=1,
        provenance=Provenance(
            trained_by=STAGE,
            sensor=SENSOR,
            training_sets=tuple(sets),
            versions=library_versions(),
            left_out_scores=trained.scores,
        ),
        coefficients=ShankChains.model_validate(trained.coefficients),
    )
    write_learned(places.model("shank_events") / COEFFICIENTS, learned)
    _write_held_out(home, trained.held_out)
    print(f"{STAGE}: {len(trials)} legs' trials of {sum(s.n_runners for s in sets)} runners")


def _write_held_out(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    with new_directory(folder) as home:
        for sensor, table in tables.items():
            write_table(home / f"{HELD_OUT_TABLES[sensor]}.parquet", "steps", table)


if __name__ == "__main__":
    run_stage(main)
