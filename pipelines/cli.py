"""The ``tolerance`` command."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Column, Table

from pipelines import paths
from pipelines.clinic_commands import plan_lines, plan_runner, report_runner
from pipelines.clinic_folder import check_folder, forget_folder, new_folder
from pipelines.clinic_pages import print_page
from pipelines.datasets.base import FileList
from pipelines.datasets.registry import dataset_ids, load_dataset
from pipelines.errors import WorkspaceError
from pipelines.exporters.recordings import export_dataset, export_path
from pipelines.follow_up import follow_up
from pipelines.params import load_params
from pipelines.scaffold import new_dataset
from pipelines.screen import default_output
from pipelines.screen import screen as run_screening
from tolerance.schemas import SchemaError

__all__ = ["app"]

MEGABYTE: Final = 1e6

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

datasets_app = typer.Typer(
    invoke_without_command=True, help="List the datasets that are known, or start a new one."
)
app.add_typer(datasets_app, name="datasets")


@app.callback()
def tolerance() -> None:
    """Measure running load with wearable sensors, for runners coming back from injury."""


@app.command()
def screen(
    path: Annotated[Path, typer.Argument(help="recording, export, folder or Motion-BIDS data set")],
    out: Annotated[Path | None, typer.Option(help="folder to write to [beside PATH]")] = None,
    site: Annotated[str | None, typer.Option(help="where the sensor sat, if no sidecar")] = None,
    side: Annotated[str | None, typer.Option(help="left or right, if no sidecar")] = None,
    mass: Annotated[float | None, typer.Option(help="body mass in kg, if no sidecar")] = None,
    runner: Annotated[str | None, typer.Option(help="pseudonym, if no sidecar")] = None,
) -> None:
    """Screen the running load of your own recordings: steps, sessions, and a page each."""
    console = Console(stderr=True)
    given = {"site": site, "side": side, "body_mass_kg": mass, "runner_id": runner}
    stated = {name: value for name, value in given.items() if value is not None}
    try:
        found = run_screening(path, out or default_output(path), stated, console)
    except (WorkspaceError, SchemaError) as error:
        console.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
    for line in (*found.notes, *(f"left out: {reason}" for reason in found.left_out)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"{found.n_recordings} recordings analysed, {len(found.left_out)} left out, "
        f"{found.n_steps} steps count.",
        highlight=False,
    )
    for page in found.pages:
        typer.echo(page)


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="folder of the data set: new or empty")],
    path: Annotated[
        Path | None, typer.Argument(help="recording, export, folder or Motion-BIDS data set")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="id of a known dataset that was imported, instead of PATH")
    ] = None,
) -> None:
    """Write recordings as a Motion-BIDS data set, without serial numbers and positions."""
    with _one_message():
        if dataset is not None and path is None:
            exported = export_dataset(paths.Places(paths.project_root()), dataset, out)
        elif path is not None and dataset is None:
            exported = export_path(path, out)
        else:
            raise WorkspaceError("give either PATH or --dataset ID: what is to be exported?")
    for reason in exported.left_out:
        typer.echo(f"left out: {reason}", err=True)
    typer.echo(
        f"{len(exported.places)} recordings exported, {len(exported.left_out)} left out.", err=True
    )
    for recording_id, place in exported.places.items():
        typer.echo(f"{recording_id} -> {out / place}")


@app.command("new")
def new_runner(
    folder: Annotated[Path, typer.Argument(help="folder of the runner: new or empty")],
    runner: Annotated[str | None, typer.Option(help="pseudonym [the folder's name]")] = None,
) -> None:
    """Start a runner's folder: a commented template, the entry form and empty tables."""
    with _one_message():
        written = new_folder(folder, runner, date.today())
    for path in written:
        typer.echo(path)
    typer.echo(f"Fill in {folder / 'profile.yaml'}, then: tolerance check {folder}", err=True)


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="folder of the runner")],
) -> None:
    """List every problem of a runner's folder: file, row, column, and what was expected."""
    with _one_message():
        read = check_folder(folder.expanduser(), date.today())
    for note in read.notes:
        typer.echo(f"note: {note}", err=True)
    for problem in read.problems:
        typer.echo(problem)
    if read.problems:
        typer.echo(f"{len(read.problems)} problems.", err=True)
        raise typer.Exit(1)
    typer.echo("No problem was found.", err=True)


@app.command()
def plan(
    folder: Annotated[Path, typer.Argument(help="folder of the runner")],
    on: Annotated[str | None, typer.Option(help="day of the plan, 2026-03-31 [today]")] = None,
) -> None:
    """Say what this week holds: light, sessions, ceiling, and why."""
    with _one_message():
        content = plan_runner(folder, _day(on))
    for line in plan_lines(content):
        typer.echo(line)


@app.command("compare")
def compare_revisions(
    revisions: Annotated[
        list[str], typer.Argument(help="git revisions, DVC experiments, or workspace")
    ],
    rescore: Annotated[
        bool,
        typer.Option("--rescore", help="score each one's priors on the same runners (minutes)"),
    ] = False,
) -> None:
    """Lay experiments side by side: priors, diagnostics, scores, dose."""
    # DVC and scikit-learn take seconds to import; no other command needs them.
    from pipelines.compare import WORKSPACE, compare, read_experiment, rescored

    root = paths.project_root()
    names = revisions if len(revisions) > 1 else [*revisions, WORKSPACE]
    with _one_message():
        experiments = [read_experiment(root, name) for name in names]
        if rescore:
            experiments = rescored(experiments, load_params(paths.Places(root).params))
        found = compare(experiments)
    console = Console()
    for title, rows in found.tables.items():
        if not rows:
            typer.echo(f"{title}: none")
            continue
        table = Table("", *found.names, title=title, title_justify="left")
        for key, values in rows:
            table.add_row(key, *values)
        console.print(table)
    if not found.same_rows:
        typer.echo(
            "Scores are of different simulated runners and do not compare; add --rescore.",
            err=True,
        )


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="folder of the runner")],
    on: Annotated[str | None, typer.Option(help="day of the report, 2026-03-31 [today]")] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="print each page too (Chromium)")] = False,
) -> None:
    """Write a runner's report, sheet and letter into the folder's own folder report."""
    with _one_message():
        pages = report_runner(folder, _day(on))
        for page in pages:
            typer.echo(page)
        for page in pages if pdf else ():
            print_page(page, page.with_suffix(".pdf"))
            typer.echo(page.with_suffix(".pdf"))


@app.command("follow-up")
def follow_up_clinic(
    clinic: Annotated[Path, typer.Argument(help="folder that holds the runners' folders")],
    on: Annotated[str | None, typer.Option(help="day of the list, 2026-03-31 [today]")] = None,
) -> None:
    """Bring all reports of a clinic up to date and list the runners in order of need."""
    console = Console(stderr=True)

    def progress(name: str, done: int, of: int) -> None:
        console.print(f"{done} of {of}: {name}", markup=False, highlight=False)

    with _one_message():
        done = follow_up(clinic, _day(on), paths.Places(paths.project_root()), progress)
    for problem in done.problems:
        typer.echo(problem, err=True)
    typer.echo(f"{done.n_runners} runners, {done.n_rendered} reports made anew.", err=True)
    typer.echo(done.index)


def _day(text: str | None) -> date:
    if text is None:
        return date.today()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise WorkspaceError(f"--on: received {text!r}, expected a day as 2026-03-31") from error


@app.command()
def forget(
    folder: Annotated[Path, typer.Argument(help="folder of the runner")],
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Remove a runner's folder and every copy that this workspace made."""
    if not yes:
        typer.confirm(f"Remove {folder} and all that is in it, for good?", abort=True)
    with _one_message():
        gone = forget_folder(folder)
    typer.echo(f"{gone.n_files} files removed.", err=True)
    typer.echo(
        "Copies that were mailed, printed, synchronised or backed up are not within reach.",
        err=True,
    )


@contextmanager
def _one_message() -> Iterator[None]:
    """End with one message where something outside the code is wrong."""
    try:
        yield
    except (WorkspaceError, SchemaError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error


@datasets_app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="first author and year, such as cetin_2026")],
    dataset_id: Annotated[
        str | None, typer.Option("--id", help="id in data and metrics [NAME]")
    ] = None,
    files: Annotated[
        Path | None, typer.Option(help="folder of its files, to list them with hashes")
    ] = None,
) -> None:
    """Start a new dataset: module, card, file list and test, with marked places to fill in."""
    with _one_message():
        started = new_dataset(paths.project_root(), name, dataset_id, files)
    for place in started.files:
        typer.echo(f"written: {place}")
    typer.echo(
        "When it is filled in (docs/adding_a_dataset.md), add under vars, datasets of "
        f"pipelines/public/dvc.yaml:\n      {started.chain}\n"
        "and run: python -m pipelines.dependencies write; python -m pipelines.datasets.cards"
    )


@datasets_app.callback()
def datasets(context: typer.Context) -> None:
    """List the datasets that are known: licence, size, and whether they are here."""
    if context.invoked_subcommand is not None:
        return
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
