"""What PMData says of the response of soreness to load: a small file that no default reads.

Its licence is non-commercial, so the file is an option for those who accept that by name, never
part of the default bundle. Nor does it change where a real runner starts (origin
``prior_and_pmdata`` of the population draws), and not for the licence alone:

- its fatigue time constant holds given the soreness of the day, which already carries the slower
  part; the capacity model has no such term, so its constant is another quantity;
- it is soreness of whole muscles in healthy people, not pain of an injured tissue;
- chronic load is not identified in it (``gamma`` comes back as its prior).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.datasets.base import DatasetCard
from pipelines.download import ACCEPT_VARIABLE, accepted_licences
from pipelines.errors import WorkspaceError
from pipelines.store import read_json, write_json
from pipelines.training import folder_sha256

__all__ = [
    "RESPONSE",
    "PmdataResponse",
    "ResponseSet",
    "read_response",
    "response_set",
    "write_response",
]

RESPONSE: Final = "response.json"
"""Not ``coefficients.json``: that name is read by default."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ResponseSet(_Frozen):
    """The diary that the response was learned from."""

    dataset_id: str
    doi: str | None
    licence: str
    licence_kind: Literal["permissive", "copyleft", "non_commercial", "not_stated"]
    data_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    n_people: Annotated[int, Field(ge=1)]
    n_rows: Annotated[int, Field(ge=1)]


class ParameterNumbers(_Frozen):
    """One population parameter: posterior median, 90 % interval, and the same of its prior."""

    median: float
    low: float
    high: float
    prior_median: float
    prior_low: float
    prior_high: float
    contraction: float


class PmdataResponse(_Frozen):
    """``models/pmdata_response/response.json``; ``model.soreness`` explains the parameters."""

    format_version: Literal[1]
    trained_by: str
    training_set: ResponseSet
    versions: Mapping[str, str]
    parameters: Mapping[str, ParameterNumbers]
    left_out_scores: Mapping[str, Any]


def response_set(card: DatasetCard, raw_dir: Path, data: Mapping[str, int]) -> ResponseSet:
    """Describe the diary.

    Parameters
    ----------
    card : DatasetCard
    raw_dir : Path
        Hashed.
    data : mapping
        ``n_people`` and ``n_rows``.
    """
    return ResponseSet(
        dataset_id=card.id,
        doi=card.doi,
        licence=card.licence,
        licence_kind=card.licence_kind,
        data_sha256=folder_sha256(raw_dir),
        n_people=data["n_people"],
        n_rows=data["n_rows"],
    )


def write_response(folder: Path, response: PmdataResponse) -> None:
    """Write the file into the model's folder."""
    write_json(folder / RESPONSE, response.model_dump())


def read_response(path: Path, environment: Mapping[str, str]) -> PmdataResponse:
    """Read the response for somebody who accepted the licence of its data.

    Parameters
    ----------
    path : Path
    environment : mapping
        ``TOLERANCE_ACCEPT_LICENCES``.

    Raises
    ------
    WorkspaceError
        If the licence was not accepted by name, or the file is not what it should be.
    """
    content = read_json(path)
    try:
        response = PmdataResponse.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise WorkspaceError(
            f"{path}: {error.error_count()} entries are not as expected ({first['loc']}: "
            f"{first['msg']}). Run stage fit_pmdata again."
        ) from error
    used = response.training_set
    free = used.licence_kind == "permissive"
    if not free and used.dataset_id not in accepted_licences(environment):
        raise WorkspaceError(
            f"{path} was learned on {used.dataset_id}, whose licence is "
            f"{used.licence_kind.replace('_', ' ')} ({used.licence}). To use it under that "
            f"licence, set {ACCEPT_VARIABLE}={used.dataset_id}; no default reads it."
        )
    return response
