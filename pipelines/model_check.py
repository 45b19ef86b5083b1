"""Reading what the page on the model is made of."""

from pathlib import Path

from pipelines.paths import SYNTHETIC_DATASET, Places
from pipelines.store import read_json
from tolerance.evaluate.model_check_content import ModelCheckContent, build_model_check

__all__ = ["FILE", "PART", "read_model_check"]

PART = "predictions"
FILE = "predictions.json"
"""Folder and file of the scores among what is made of the synthetic data set."""


def read_model_check(root: Path) -> ModelCheckContent:
    """Read the scores of stage ``check_predictions`` and build the page.

    Parameters
    ----------
    root : Path
        Folder that holds ``data``.
    """
    return build_model_check(read_json(Places(root).processed(SYNTHETIC_DATASET, PART) / FILE))
