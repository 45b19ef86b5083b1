"""Learned coefficients as files under ``models/``, and the bundle that every analysis starts from.

Training writes them, git keeps them, everything else reads them as plain inputs. Where a file is
missing the load core's published values apply. What was learned on data whose licence is
non-commercial or not stated is refused here, whoever wrote the file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from loadcore.contacts import ContactModels
from loadcore.recording import Calibration
from pipelines.errors import WorkspaceError
from pipelines.paths import Places
from pipelines.store import read_json, write_json
from tolerance.calibration.load_speed import model_from_dict
from tolerance.calibration.shank_events import coefficients_from_dict
from tolerance.exposure.load_speed import LoadSpeedModel

__all__ = [
    "COEFFICIENTS",
    "LearnedFile",
    "LoadSpeedFile",
    "Provenance",
    "ShankEventsFile",
    "TrainingSet",
    "load_calibration",
    "load_load_speed",
    "read_learned",
    "write_learned",
]

COEFFICIENTS: Final = "coefficients.json"
"""Name of the file in a model's folder."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TrainingSet(_Frozen):
    """A dataset that coefficients were learned from."""

    dataset_id: str
    doi: str | None
    licence: str
    # The rule of the default bundle: nothing learned under any other kind of licence is loaded.
    licence_kind: Literal["permissive"]
    data_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    n_runners: Annotated[int, Field(ge=1)]
    n_trials: Annotated[int, Field(ge=1)]


class Provenance(_Frozen):
    """Where coefficients come from and how good they are on runners that were left out."""

    trained_by: str
    sensor: str
    training_sets: Annotated[tuple[TrainingSet, ...], Field(min_length=1)]
    versions: Mapping[str, str]
    left_out_scores: Mapping[str, Any]


class LearnedFile(_Frozen):
    """A file of learned coefficients."""

    format_version: Literal[1]
    provenance: Provenance


Numbers = Annotated[tuple[float, ...], Field(min_length=1)]
Models = Annotated[tuple["EventModelRecord", ...], Field(min_length=1)]


class EventModelRecord(_Frozen):
    """One event model; ``loadcore.contacts_shank.EventModel`` explains each entry."""

    offset_s: Numbers
    mean: Numbers
    scale: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)]
    weight: Numbers
    intercept_s: float
    sd_s: Annotated[float, Field(gt=0)]


class ShankChains(_Frozen):
    """The chains of event models of ``loadcore.contacts_shank.ShankCoefficients``."""

    gyr_initial: Models
    gyr_terminal: Models
    acc_initial: Models
    acc_terminal: Models


class ShankEventsFile(LearnedFile):
    """``models/shank_events/coefficients.json``."""

    coefficients: ShankChains


class LoadSpeedFile(LearnedFile):
    """``models/load_speed/coefficients.json``; ``LoadSpeedModel`` explains each entry."""

    coefficients: Mapping[str, Any]


def load_load_speed(root: Path) -> LoadSpeedModel:
    """Read the population model of load against speed.

    Raises
    ------
    WorkspaceError
        If the file is missing, is not what it should be, or rests on data of another licence.
    """
    path = Places(root).model("load_speed") / COEFFICIENTS
    learned = read_learned(path, LoadSpeedFile)
    try:
        return model_from_dict(learned.coefficients)
    except (TypeError, ValueError) as error:
        raise WorkspaceError(f"{path}: {error}. {_ADVICE}") from error


def load_calibration(root: Path) -> Calibration:
    """Build the default bundle from the files under ``models/``.

    Parameters
    ----------
    root : Path
        The project's root.

    Returns
    -------
    Calibration
        Published values where a file is missing.

    Raises
    ------
    WorkspaceError
        If a file is there and is not what it should be, or rests on data of another licence.
    """
    path = Places(root).model("shank_events") / COEFFICIENTS
    if not path.is_file():
        return Calibration()
    learned = read_learned(path, ShankEventsFile)
    try:
        shank = coefficients_from_dict(learned.coefficients.model_dump())
    except ValueError as error:
        raise WorkspaceError(f"{path}: {error}. {_ADVICE}") from error
    return Calibration(contacts=ContactModels(shank=shank))


_ADVICE: Final = "Restore the file from git, or train it again with `make repro-public`."


def read_learned[File: LearnedFile](path: Path, kind: type[File]) -> File:
    """Read and check a file of learned coefficients.

    Raises
    ------
    WorkspaceError
        With every problem of the file.
    """
    try:
        return kind.model_validate(read_json(path))
    except ValidationError as error:
        problems = "\n".join(
            f"  {'.'.join(map(str, problem['loc']))}: {problem['msg']}"
            for problem in error.errors(include_url=False)
        )
        raise WorkspaceError(f"{path} cannot be used:\n{problems}\n{_ADVICE}") from error


def write_learned(path: Path, learned: LearnedFile) -> None:
    """Write a file of learned coefficients."""
    write_json(path, learned.model_dump(mode="json"))
