"""Stage ``analyse_recordings``: from signals to steps, tissue loads, bouts and signal quality.

A recording that cannot be analysed is reported in table ``rejected`` and left out; the rest goes
on.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from loadcore.recording import Calibration
from loadcore.signals import SignalError
from pipelines.calibration import load_calibration
from pipelines.params import load_params
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage
from pipelines.store import new_directory, read_table, write_table
from tolerance.config import AnalyseRecordings
from tolerance.exposure.recordings import (
    AnalysedRecording,
    analyse_signals,
    known_stages,
    runner_tables,
)
from tolerance.exposure.settings import analysis_settings, exposure_settings
from tolerance.schemas import empty_table

__all__ = ["TABLES", "main", "run"]

TABLES = ("steps", "step_loads", "bouts", "foot_strides", "quality", "rejected", "references")
"""Tables that the stage writes."""


def run(
    recordings: pd.DataFrame,
    conditions: pd.DataFrame,
    read_signals: Callable[[str], pd.DataFrame],
    params: AnalyseRecordings,
    calibration: Calibration | None = None,
) -> dict[str, pd.DataFrame]:
    """Analyse every recording, runner by runner; return the tables of `TABLES`.

    Parameters
    ----------
    recordings, conditions : DataFrame
        Tables of these names; ``conditions`` may be empty.
    read_signals : callable
        Gives table ``signals`` of a recording.
    params : AnalyseRecordings
        Section of ``params.yaml``.
    calibration : Calibration, optional
        Learned coefficients.
    """
    parts: dict[str, list[pd.DataFrame]] = {name: [empty_table(name)] for name in TABLES}
    exposure = exposure_settings(params)
    for runner_id, of_runner in recordings.groupby("runner_id", sort=True):
        analysed: dict[str, AnalysedRecording] = {}
        for recording in _analysed(of_runner, conditions, read_signals, params, calibration):
            if isinstance(recording, pd.DataFrame):
                parts["rejected"].append(recording)
            else:
                analysed[recording.recording_id] = recording
        if analysed:
            for name, table in runner_tables(str(runner_id), analysed, exposure).items():
                parts[name].append(table)
    return {name: pd.concat(tables, ignore_index=True) for name, tables in parts.items()}


def _analysed(
    recordings: pd.DataFrame,
    conditions: pd.DataFrame,
    read_signals: Callable[[str], pd.DataFrame],
    params: AnalyseRecordings,
    calibration: Calibration | None,
) -> Iterator[AnalysedRecording | pd.DataFrame]:
    """Give each recording's analysis, or its row of ``rejected``; foot sensors come first.

    The foot tells the speed that the other sensors of the same session lack.
    """
    settings = analysis_settings(params)
    foot_of: dict[str, AnalysedRecording] = {}
    foot_first = recordings.assign(_later=recordings["sensor_site"] != "foot").sort_values(
        ["session_id", "_later", "recording_id"]
    )
    for record in foot_first.drop(columns="_later").to_dict("records"):
        row = {str(column): value for column, value in record.items()}
        name, session = str(row["recording_id"]), str(row["session_id"])
        stages = known_stages(row, conditions, foot_of.get(session))
        try:
            found = analyse_signals(row, read_signals(name), stages, settings, calibration)
        except SignalError as error:
            yield _rejection(name, str(error))
            continue
        if row["sensor_site"] == "foot":
            foot_of.setdefault(session, found)
        yield found


def _rejection(recording_id: str, problem: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "recording_id": pd.Series([recording_id], dtype="str"),
            "problem_id": [0],
            "start_s": [np.nan],
            "stop_s": [np.nan],
            "problem": pd.Series([problem], dtype="str"),
        }
    )


def analyse_dataset(
    dataset_id: str, places: Places, params: AnalyseRecordings, destination: Path
) -> dict[str, pd.DataFrame]:
    """Read a dataset's interim folder, analyse it and write the tables to `destination`.

    What was learned (``models/``) is applied where it is there, published values otherwise.
    """
    recordings = read_table(places.recordings(dataset_id), "recordings")
    stated = places.reference(dataset_id, "conditions")
    conditions = read_table(stated, "conditions") if stated.is_file() else empty_table("conditions")
    tables = run(
        recordings,
        conditions,
        lambda name: read_table(places.signals(dataset_id, name), "signals"),
        params,
        load_calibration(places.root),
    )
    with new_directory(destination) as folder:
        for name, table in tables.items():
            write_table(folder / f"{name}.parquet", name, table)
    return tables


def main() -> None:
    """Analyse the dataset named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="id of the dataset")
    dataset_id = parser.parse_args().dataset
    places = Places(project_root())
    params = load_params(places.params).analyse_recordings
    tables = analyse_dataset(dataset_id, places, params, places.processed(dataset_id, "steps"))
    print(
        f"{dataset_id}: {len(tables['steps'])} steps, {int(tables['steps']['is_valid'].sum())} "
        f"count; {len(tables['rejected'])} recordings left out"
    )


if __name__ == "__main__":
    run_stage(main)
