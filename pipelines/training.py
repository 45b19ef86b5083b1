"""What stages that learn coefficients share: which data there is, and where it comes from.

A training stage writes its coefficients under ``models/``, where git keeps them and both profiles
read them as plain files. They are no output in ``dvc.yaml``: DVC would then run the public
pipeline, network and all, before the default one. What a training stage declares is its left-out
results; stages of the public pipeline that use the coefficients depend on both.
"""

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Final

from pipelines.calibration import TrainingSet
from pipelines.datasets.base import DatasetCard
from pipelines.download import STATUS_FILE, fetched
from pipelines.errors import WorkspaceError
from pipelines.paths import Places

__all__ = ["folder_sha256", "library_versions", "not_fetched", "training_set"]

LIBRARIES: Final = ("numpy", "pandas", "scipy")


def not_fetched(places: Places, dataset_ids: tuple[str, ...]) -> list[str]:
    """Return which of the datasets are not here as a whole."""
    return [name for name in dataset_ids if not fetched(places.raw(name))]


def training_set(card: DatasetCard, raw_dir: Path, n_runners: int, n_trials: int) -> TrainingSet:
    """Describe a dataset that coefficients are learned from.

    Raises
    ------
    WorkspaceError
        If its licence is not permissive: such data may not stand behind the default bundle.
    """
    if card.licence_kind != "permissive":
        raise WorkspaceError(
            f"{card.id} may not be trained on: its licence is {card.licence_kind.replace('_', ' ')}"
            f" ({card.licence}). Leave it out of the training sets."
        )
    return TrainingSet(
        dataset_id=card.id,
        doi=card.doi,
        licence=card.licence,
        licence_kind=card.licence_kind,
        data_sha256=folder_sha256(raw_dir),
        n_runners=n_runners,
        n_trials=n_trials,
    )


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that do the arithmetic."""
    return {name: version(name) for name in LIBRARIES}


def folder_sha256(folder: Path) -> str:
    """Return one hash over names and contents of all files of a dataset's raw folder."""
    listing = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if name != STATUS_FILE:
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            listing.update(f"{digest}  {name}\n".encode())
    return listing.hexdigest()
