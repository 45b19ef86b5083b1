"""Every file place of the workspace, in one room.

Outputs belong to one of two profiles: ``synthetic`` (the root ``dvc.yaml``, no network) and
``public`` (``pipelines/public/dvc.yaml``). Names that come from data become part of a path only
after :func:`check_identifier`.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pipelines.errors import WorkspaceError

__all__ = ["IdentifierError", "Places", "check_identifier", "profile_of", "project_root"]

Profile = Literal["synthetic", "public"]

SYNTHETIC_DATASET: Final = "synthetic"
"""The dataset that is made, not fetched; every other one is public."""

_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class IdentifierError(WorkspaceError, ValueError):
    """A name from data or the command line that may not become part of a path."""


def check_identifier(value: str, what: str) -> str:
    """Return ``value`` if it is safe as one part of a path, else raise.

    Parameters
    ----------
    value : str
        A dataset, runner, session or recording id, or the name of a report or of a metrics file.
    what : str
        What the value names; opens the message.

    Raises
    ------
    IdentifierError
        If the value is not letters, digits, ``_`` and ``-``, led by a letter or digit.
    """
    if not isinstance(value, str) or _IDENTIFIER.fullmatch(value) is None:
        raise IdentifierError(
            f"{what} {value!r} cannot name a file: expected letters, digits, '_' and '-', beginning"
            " with a letter or digit. Rename it in the source data."
        )
    return value


def profile_of(dataset_id: str) -> Profile:
    """Return the profile that a dataset belongs to."""
    return "synthetic" if dataset_id == SYNTHETIC_DATASET else "public"


def project_root() -> Path:
    """Return the project's root: the working directory if it is one, else where this code lies.

    Stages run with the root as working directory; the command line is called from anywhere.
    """
    here = Path.cwd()
    if (here / "dvc.yaml").is_file() and (here / "params.yaml").is_file():
        return here
    return Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Places:
    """File places below one root.

    Attributes
    ----------
    root : Path
        The project's root, or a folder of a test that stands for it.
    """

    root: Path

    @property
    def params(self) -> Path:
        """Settings of every stage."""
        return self.root / "params.yaml"

    def raw(self, dataset_id: str) -> Path:
        """Folder of a dataset's files as published, never changed."""
        check_identifier(dataset_id, "dataset_id")
        return self.root / "data" / "raw" / profile_of(dataset_id) / dataset_id

    def downloads(self, dataset_id: str) -> Path:
        """Folder where the files of an unfinished download wait for the rest."""
        return self.root / "data" / "downloads" / check_identifier(dataset_id, "dataset_id")

    def interim(self, dataset_id: str) -> Path:
        """Folder of a dataset in the workspace's own tables, signals still unprocessed."""
        return self.root / "data" / "interim" / check_identifier(dataset_id, "dataset_id")

    def recordings(self, dataset_id: str) -> Path:
        """Table ``recordings`` of a dataset."""
        return self.interim(dataset_id) / "recordings.parquet"

    def signals(self, dataset_id: str, recording_id: str) -> Path:
        """Table ``signals`` of one recording."""
        name = check_identifier(recording_id, "recording_id")
        return self.interim(dataset_id) / "signals" / f"{name}.parquet"

    def reference(self, dataset_id: str, table: str) -> Path:
        """Table ``contacts``, ``strides``, ``conditions`` … that a dataset's reference gives."""
        name = check_identifier(table, "table")
        return self.interim(dataset_id) / "reference" / f"{name}.parquet"

    def processed(self, dataset_id: str, part: str) -> Path:
        """Folder of what one stage made of a dataset: ``steps``, ``sessions`` or ``scores``."""
        check_identifier(dataset_id, "dataset_id")
        check_identifier(part, "part")
        return self.root / "data" / "processed" / dataset_id / part

    def processed_table(self, dataset_id: str, part: str, table: str) -> Path:
        """One table of such a folder."""
        return self.processed(dataset_id, part) / f"{check_identifier(table, 'table')}.parquet"

    def report(self, name: str) -> Path:
        """HTML page of a rendered notebook."""
        return self.root / "data" / "reports" / f"{check_identifier(name, 'report')}.html"

    def example_runner(self, runner_id: str) -> Path:
        """Folder of an example runner, in git."""
        return self.root / "data" / "clinic" / check_identifier(runner_id, "runner_id")

    def example_report(self, runner_id: str) -> Path:
        """Folder of an example runner's pages."""
        name = check_identifier(runner_id, "runner_id")
        return self.root / "data" / "reports" / "clinic" / name

    def metrics(self, name: str) -> Path:
        """Metrics file, kept in git."""
        return self.root / "data" / "metrics" / f"{check_identifier(name, 'metrics')}.json"

    def notebook(self, name: str) -> Path:
        """Report notebook, stored without outputs."""
        return self.root / "notebooks" / f"{check_identifier(name, 'notebook')}.ipynb"

    def model(self, name: str) -> Path:
        """Folder of a model: small learned coefficients (git), posteriors (DVC), its card."""
        return self.root / "models" / check_identifier(name, "model")
