"""The ``tolerance`` command."""

from pathlib import Path
from typing import Final

import typer
from rich.console import Console
from rich.table import Column, Table

from pipelines import paths
from pipelines.datasets.base import FileList
from pipelines.datasets.registry import dataset_ids, load_dataset

__all__ = ["app"]

MEGABYTE: Final = 1e6

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def tolerance() -> None:
    """Measure running load with wearable sensors, for runners coming back from injury."""


@app.command()
def datasets() -> None:
    """List the datasets that are known: licence, size, and whether they are here."""
    places = paths.Places(paths.project_root())
    table = Table(
        Column("dataset", no_wrap=True),
        Column("module", no_wrap=True),
        "licence",
        "accept by name",
        "runners",
        "MB",
        "here",
    )
    for dataset_id in dataset_ids():
        dataset = load_dataset(dataset_id)
        table.add_row(
            dataset_id,
            dataset.card.module,
            dataset.card.licence_kind.replace("_", " "),
            "yes" if dataset.card.needs_acceptance else "no",
            str(dataset.card.n_runners),
            f"{sum(file.bytes or 0 for file in dataset.files.files) / MEGABYTE:.1f}",
            describe_presence(dataset.files, places.raw(dataset_id)),
        )
    Console().print(table)


def describe_presence(listed: FileList, folder: Path) -> str:
    """Say in a word how much of a dataset is in its folder, going by names and sizes."""
    here = [
        (folder / file.path).is_file()
        and (file.bytes is None or (folder / file.path).stat().st_size == file.bytes)
        for file in listed.files
    ]
    if all(here):
        return "yes"
    return f"{sum(here)} of {len(here)} files" if any(here) else "no"
