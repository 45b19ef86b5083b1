"""Frozen, validated settings: one section of ``params.yaml`` per pipeline stage.

A section is a class here and a mapping of the same name there. Nothing has a default: what a run
used is written down in ``params.yaml`` or the run does not start. Facts of nature and published
coefficients are not settings; they live in ``loadcore.constants``.
"""

from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Params", "Section", "stage_generator"]

Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """Base of every section: frozen, exact types, no unknown key, no missing key, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Params(Section):
    """The whole of ``params.yaml``.

    Attributes
    ----------
    seed : int
        Root of every random number; see :func:`stage_generator`.
    """

    seed: Annotated[int, Field(ge=0)]


def stage_generator(seed: int, stage: str, item: str = "") -> np.random.Generator:
    """Return the random generator of one stage, or of one item of a stage.

    The stream follows from the names alone, so neither the order in which stages run nor the
    arrival of a further stage changes the numbers of another.

    Parameters
    ----------
    seed : int
        ``Params.seed``.
    stage : str
        Name of the stage, as in ``dvc.yaml``.
    item : str
        What the stage repeats itself over (a recording, a runner); empty for the stage as such.

    Raises
    ------
    ValueError
        If ``stage`` is empty: such a stream would be that of the bare seed.
    """
    if not stage:
        raise ValueError("stage is an empty name: give the stage's name as it stands in dvc.yaml.")
    spawn_key = (*stage.encode(), 0, *item.encode())
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=spawn_key))
