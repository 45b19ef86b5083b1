"""Reading what the page of the in-silico trial is made of."""

from pathlib import Path

from pipelines.params import load_params
from pipelines.paths import SYNTHETIC_DATASET, Places
from pipelines.store import read_json
from tolerance.progression.trial_content import TrialContent, build_trial

__all__ = ["read_trial"]


def read_trial(root: Path, metrics_name: str) -> TrialContent:
    """Read metrics, curves and settings of the trial and build its page.

    Parameters
    ----------
    root : Path
        Folder that holds ``data`` and ``params.yaml``.
    metrics_name : str
        Metrics file of the stage.
    """
    places = Places(root)
    params = load_params(places.params)
    return build_trial(
        read_json(places.metrics(metrics_name)),
        read_json(places.processed(SYNTHETIC_DATASET, "trial") / "curves.json"),
        params.simulate_trial,
        params.dose,
    )
