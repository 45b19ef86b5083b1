"""Figures as bytes that a notebook can display and a page can hold."""

import io
from dataclasses import dataclass

from matplotlib.figure import Figure

__all__ = ["Picture"]


@dataclass(frozen=True)
class Picture:
    """A finished figure with the words that say what it shows; a notebook displays it.

    The bytes hold no date and no version, so that equal figures are equal files.
    """

    figure: Figure
    alt: str

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, bytes], dict[str, dict[str, str]]]:
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", metadata={"Software": None})
        return {"image/png": buffer.getvalue()}, {"image/png": {"alt": self.alt}}
