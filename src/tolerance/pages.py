"""HTML fragments that reports are made of: tables, notes, key figures. Everything is escaped."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Fragment", "bullets", "callout", "heading", "key_figures", "paragraph", "table"]

NOT_OBSERVED = "not measured"
"""What a cell says where nothing was observed: a word, since an empty cell looks like zero."""


@dataclass(frozen=True)
class Fragment:
    """A piece of a page; a notebook shows it through ``_repr_html_``."""

    html: str

    def _repr_html_(self) -> str:
        return self.html


def heading(text: str, lead: str) -> Fragment:
    """Title of a page with the line below it."""
    return Fragment(f'<h1>{escape(text)}</h1>\n<p class="lead">{escape(lead)}</p>')


def paragraph(*sentences: str, quiet: bool = False) -> Fragment:
    """One paragraph; ``quiet`` for what matters less."""
    css = ' class="note"' if quiet else ""
    return Fragment(f"<p{css}>{escape(' '.join(sentences))}</p>")


def bullets(sentences: Sequence[str]) -> Fragment:
    """List with one item a sentence."""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return Fragment(f"<ul>{items}</ul>")


def callout(title: str, sentences: Sequence[str], *, caution: bool = False) -> Fragment:
    """Box with a title and one list item a sentence; a caution has another border too."""
    css = "callout caution" if caution else "callout"
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return Fragment(
        f'<div class="{css}"><p><strong>{escape(title)}</strong></p><ul>{items}</ul></div>'
    )


def key_figures(figures: Iterable[tuple[str, str, str]]) -> Fragment:
    """Large numbers, each a (label, value, range or remark)."""
    cells = "".join(
        f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd>"
        f'<dd class="range">{escape(remark)}</dd></div>'
        for label, value, remark in figures
    )
    return Fragment(f'<dl class="key-figures">{cells}</dl>')


def table(
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    words: Sequence[int] = (0,),
) -> Fragment:
    """Build a table whose first column names the row.

    Parameters
    ----------
    caption : str
        What the table shows.
    columns : sequence of str
        Column heads with their units.
    rows : iterable of sequences of str
        Cells as they are to be read; an empty one becomes "not measured".
    words : sequence of int
        Columns that hold words and are set to the left; numbers stand to the right.
    """
    left = [' class="text"' if index in words else "" for index in range(len(columns))]
    head = "".join(
        f'<th scope="col"{css}>{escape(name)}</th>' for name, css in zip(columns, left, strict=True)
    )
    body = []
    for row in rows:
        cells = [escape(cell) if cell else NOT_OBSERVED for cell in row]
        first, *rest = cells
        tail = "".join(f"<td{css}>{cell}</td>" for cell, css in zip(rest, left[1:], strict=True))
        body.append(f'<tr><th scope="row">{first}</th>{tail}</tr>')
    return Fragment(
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )
