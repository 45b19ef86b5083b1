"""Reading what the PMData page is made of."""

from pathlib import Path

from pipelines.paths import Places
from pipelines.store import read_json
from tolerance.evaluate.soreness_content import SorenessContent, build_soreness

__all__ = ["METRICS", "read_soreness"]

METRICS = "tolerance_pmdata"


def read_soreness(root: Path) -> SorenessContent:
    """Read the metrics of stage ``fit_pmdata`` and build its page.

    Parameters
    ----------
    root : Path
        Folder that holds ``data``.
    """
    return build_soreness(read_json(Places(root).metrics(METRICS)))
