"""Reading what one runner's screening page is made of."""

from pathlib import Path

import pandas as pd

from pipelines.errors import WorkspaceError
from pipelines.params import load_params
from pipelines.paths import Places
from pipelines.store import read_table
from tolerance.clinic.screening import ScreeningContent, ScreeningTables, build_screening
from tolerance.exposure.settings import exposure_settings

__all__ = ["read_screening"]


def read_screening(
    root: Path, dataset_id: str, runner_id: str, session_id: str
) -> ScreeningContent:
    """Read a session's tables and build its page.

    Parameters
    ----------
    root : Path
        Folder that holds ``data`` and ``params.yaml``.
    dataset_id, runner_id, session_id : str
        Which session.

    Raises
    ------
    WorkspaceError
        If the dataset has no such session.
    """
    places = Places(root)
    params = load_params(places.params)
    everything = read_table(places.recordings(dataset_id), "recordings")
    recordings = everything[
        (everything["runner_id"] == runner_id) & (everything["session_id"] == session_id)
    ].reset_index(drop=True)
    if recordings.empty:
        known = sorted(set(everything["runner_id"] + " / " + everything["session_id"]))
        raise WorkspaceError(
            f"{dataset_id} has no session {session_id!r} of runner {runner_id!r}; expected one of "
            f"{', '.join(known)}"
        )
    ids = recordings["recording_id"]

    def of_recordings(name: str) -> pd.DataFrame:
        table = read_table(places.processed_table(dataset_id, "steps", name), name)
        return table[table["recording_id"].isin(ids)].reset_index(drop=True)

    def of_session(name: str) -> pd.DataFrame:
        table = read_table(places.processed_table(dataset_id, "sessions", name), name)
        mine = (table["runner_id"] == runner_id) & (table["session_id"] == session_id)
        return table[mine].reset_index(drop=True)

    references = read_table(places.processed_table(dataset_id, "steps", "references"), "references")
    imported = read_table(places.interim(dataset_id) / "rejected.parquet", "rejected")
    rejected = pd.concat(
        [of_recordings("rejected"), imported[imported["recording_id"].isin(ids)]],
        ignore_index=True,
    )
    tables = ScreeningTables(
        recordings=recordings,
        quality=of_recordings("quality"),
        steps=of_recordings("steps"),
        bouts=of_recordings("bouts"),
        sessions=of_session("sessions"),
        session_loads=of_session("session_loads"),
        references=references[references["runner_id"] == runner_id],
        rejected=rejected,
    )
    return build_screening(
        tables, params.screening_report, exposure_settings(params.analyse_recordings)
    )
