"""Fetching: every file of a dataset, whole and verified, or a reported skip.

A file comes from ``$TOLERANCE_DATA_MIRROR/<folder>/<path>`` if that variable is set, and then from
nowhere else; without it, from the address that the dataset's file list records. Either way its
sha256 decides. Downloads go to a folder of their own, resume where they stopped, and only a
complete dataset is moved into ``data/raw``: what stands there is all or nothing, and
``fetch_status.json`` beside it says which.
"""

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, Literal

import requests
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TransferSpeedColumn,
)
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

from pipelines.datasets.base import DatasetCard, FileList, RemoteFile
from pipelines.store import StoreError, new_directory, read_json, write_json

__all__ = [
    "ACCEPT_VARIABLE",
    "MIRROR_VARIABLE",
    "STATUS_FILE",
    "FetchSettings",
    "FetchStatus",
    "accepted_licences",
    "fetch_dataset",
    "fetched",
    "mirror_folder",
]

MIRROR_VARIABLE: Final = "TOLERANCE_DATA_MIRROR"
ACCEPT_VARIABLE: Final = "TOLERANCE_ACCEPT_LICENCES"
STATUS_FILE: Final = "fetch_status.json"
CHUNK_BYTES: Final = 1 << 18
"""Bytes read at once: large enough that hashing, not the loop, sets the pace."""

RETRIED_STATUS: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP answers that may differ next time; any other refusal is final."""

State = Literal["complete", "licence_not_accepted", "not_reachable"]


@dataclass(frozen=True)
class FetchSettings:
    """How patient a download is. Engineering choices: they never change a result.

    Attributes
    ----------
    attempts : int
        Tries a file without any progress before it counts as not reachable; a try that brought
        new bytes starts the count again.
    backoff_s : float
        Pause after the first failure; doubles after each further one.
    longest_pause_s : float
        Upper limit of a pause, one asked for by the server included.
    connect_timeout_s, read_timeout_s : float
        Silence on the line before a try is given up.
    """

    attempts: int = 5
    backoff_s: float = 1.0
    longest_pause_s: float = 60.0
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 30.0


@dataclass(frozen=True)
class FetchStatus:
    """What became of a dataset.

    ``problems`` gives the reason by file path; it is empty exactly when the state is complete.
    Files whose bytes nobody has seen yet (no hash) are in ``not_fetched``: a user may place them
    by hand, their absence is no failure.
    """

    dataset_id: str
    state: State
    licence: str
    problems: Mapping[str, str]
    not_fetched: Mapping[str, str]

    def as_json(self) -> dict[str, object]:
        """Return plain values for the status file: no clock, no path of this machine."""
        return {
            "dataset_id": self.dataset_id,
            "state": self.state,
            "licence": self.licence,
            "problems": dict(self.problems),
            "not_fetched": dict(self.not_fetched),
        }


class _RefusedError(Exception):
    """The file cannot be had this way; another try would not help."""


class _GivenUpError(_RefusedError):
    """The file could not be had in as many tries as patience allows."""


class _InterruptedError(Exception):
    """The try failed; the next one may succeed.

    ``pause_s`` is what the server asked for, ``progress`` whether new bytes arrived.
    """

    def __init__(self, reason: str, *, pause_s: float = 0.0, progress: bool = False) -> None:
        super().__init__(reason)
        self.pause_s = pause_s
        self.progress = progress


Show = Callable[[int], None]
"""Shows how many bytes of a file are here."""


def mirror_folder(environment: Mapping[str, str]) -> Path | None:
    """Return the mirror that the environment names, if any."""
    place = environment.get(MIRROR_VARIABLE, "").strip()
    return Path(place) if place else None


def accepted_licences(environment: Mapping[str, str]) -> frozenset[str]:
    """Return the dataset names whose licences the user accepted."""
    names = environment.get(ACCEPT_VARIABLE, "").split(",")
    return frozenset(name.strip() for name in names if name.strip())


def fetched(raw_dir: Path) -> bool:
    """Return whether a dataset's raw folder holds the whole dataset."""
    return bool(read_json(raw_dir / STATUS_FILE)["state"] == "complete")


def fetch_dataset(
    card: DatasetCard,
    files: FileList,
    raw_dir: Path,
    *,
    download_dir: Path,
    environment: Mapping[str, str],
    settings: FetchSettings | None = None,
    console: Console | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> FetchStatus:
    """Bring a whole dataset to ``raw_dir``, or report why not.

    Parameters
    ----------
    card, files
        The dataset; the licence is shown before anything is fetched.
    raw_dir : Path
        Replaced as a whole. It ends up with every file and a status file, or with the status
        file only. Files that are there and verify are not fetched again.
    download_dir : Path
        Where downloads wait until the dataset is complete; kept for the next run if it is not.
    environment : mapping
        ``TOLERANCE_DATA_MIRROR`` and ``TOLERANCE_ACCEPT_LICENCES``.
    settings : FetchSettings, optional
        Patience.
    console : rich Console, optional
        Where licence and progress are shown.
    sleep : callable
        Pause between tries; tests pass their own.

    Returns
    -------
    FetchStatus
        Also written to ``raw_dir / "fetch_status.json"``.

    Raises
    ------
    StoreError
        If the disk is full or a folder cannot be written to.
    """
    console = console or Console(stderr=True)
    console.print(f"[bold]{card.id}[/bold]  licence: {card.licence}  <{card.home}>")
    if card.needs_acceptance and not {card.id, card.module} & accepted_licences(environment):
        reason = f"licence {card.licence!r}: to accept it, set {ACCEPT_VARIABLE}={card.id}"
        problems = {file.path: reason for file in _listed(files)}
        return _report(card, files, raw_dir, "licence_not_accepted", problems, console)
    settings = settings or FetchSettings()
    source = _Source(files, raw_dir, download_dir, mirror_folder(environment), settings, sleep)
    problems = {}
    with _progress(console) as progress:
        for file in _listed(files):
            task = progress.add_task(file.path, total=file.bytes)
            reason = source.obtain(file, partial(_show, progress, task))
            if reason:
                problems[file.path] = reason
    if problems:
        return _report(card, files, raw_dir, "not_reachable", problems, console)
    source.place(_status(card, files, "complete", {}))
    return _status(card, files, "complete", {})


class _Source:
    """Where the files of one dataset come from and where they wait."""

    def __init__(
        self,
        files: FileList,
        raw_dir: Path,
        download_dir: Path,
        mirror: Path | None,
        settings: FetchSettings,
        sleep: Callable[[float], None],
    ) -> None:
        self.files = files
        self.raw_dir = raw_dir
        self.waiting = download_dir
        self.mirror = mirror
        self.settings = settings
        self.sleep = sleep
        self.is_silent = False

    def obtain(self, file: RemoteFile, show: Show) -> str:
        """Have one file verified somewhere; return why that failed, or an empty text."""
        if self.found(file) is not None:
            show(file.bytes or 0)
            return ""
        if self.mirror is not None:
            return self.why_not_in_mirror(self.mirror, file)
        if file.url is None:
            return "no public address: a derived file, only in a mirror"
        target = self.waiting / file.path
        with _writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            # Where one file was waited for in vain, the next ones get a single try each: a set of
            # fifty files without a network is told in seconds, not in a quarter of an hour.
            tries = 1 if self.is_silent else self.settings.attempts
            try:
                _download(file, target, replace(self.settings, attempts=tries), self.sleep, show)
            except _GivenUpError as error:
                self.is_silent = True
                return str(error)
            except _RefusedError as error:
                return str(error)
        self.is_silent = False
        return ""

    def why_not_in_mirror(self, mirror: Path, file: RemoteFile) -> str:
        """Return the reason why a file of the mirror does not serve."""
        there = (mirror / self.files.folder / file.path).is_file()
        return f"{'wrong bytes' if there else 'not'} in the mirror: {self.files.folder}/{file.path}"

    def found(self, file: RemoteFile) -> Path | None:
        """Return where the verified file stands, if anywhere."""
        places = [self.raw_dir / file.path, self.waiting / file.path]
        if self.mirror is not None:
            places.append(self.mirror / self.files.folder / file.path)
        return next((place for place in places if _is_right(place, file)), None)

    def place(self, status: FetchStatus) -> None:
        """Move the complete dataset into the raw folder, all at once.

        Files that a user placed by hand (no hash known) stay.
        """
        if self.raw_dir.is_dir() and self.is_placed(status):
            return
        with new_directory(self.raw_dir) as folder:
            for file in self.files.files:
                source = self.by_hand(file) if file.sha256 is None else self.found(file)
                if source is None:
                    continue
                target = folder / file.path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
            write_json(folder / STATUS_FILE, status.as_json())
        shutil.rmtree(self.waiting, ignore_errors=True)

    def by_hand(self, file: RemoteFile) -> Path | None:
        """Return a file without a known hash that stands in the raw folder."""
        path = self.raw_dir / file.path
        return path if path.is_file() else None

    def is_placed(self, status: FetchStatus) -> bool:
        """Return whether the raw folder already is what it should be."""
        try:
            written = read_json(self.raw_dir / STATUS_FILE)
        except StoreError:
            return False
        listed = {file.path for file in self.files.files} | {STATUS_FILE}
        present = {
            path.relative_to(self.raw_dir).as_posix()
            for path in self.raw_dir.rglob("*")
            if path.is_file()
        }
        return (
            written == status.as_json()
            and present <= listed
            and all(_is_right(self.raw_dir / file.path, file) for file in _listed(self.files))
        )


def _listed(files: FileList) -> list[RemoteFile]:
    """Return the files that are fetched: those whose hash is known."""
    return [file for file in files.files if file.sha256 is not None]


def _status(
    card: DatasetCard, files: FileList, state: State, problems: Mapping[str, str]
) -> FetchStatus:
    not_fetched = {
        file.path: f"no checksum known; place it by hand from {file.url}"
        for file in files.files
        if file.sha256 is None
    }
    return FetchStatus(card.id, state, card.licence, problems, not_fetched)


def _report(
    card: DatasetCard,
    files: FileList,
    raw_dir: Path,
    state: State,
    problems: Mapping[str, str],
    console: Console,
) -> FetchStatus:
    """Leave nothing but the status in the raw folder, and say so."""
    status = _status(card, files, state, problems)
    with new_directory(raw_dir) as folder:
        write_json(folder / STATUS_FILE, status.as_json())
    console.print(f"[yellow]skipped[/yellow] {card.id}: {state.replace('_', ' ')}")
    for path, reason in problems.items():
        console.print(f"  {path}: {reason}", markup=False)
    return status


def _is_right(path: Path, file: RemoteFile) -> bool:
    """Return whether a file stands at ``path`` with the listed size and hash."""
    if file.sha256 is None or not path.is_file():
        return False
    if file.bytes is not None and path.stat().st_size != file.bytes:
        return False
    return _sha256(path) == file.sha256


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _download(
    file: RemoteFile,
    target: Path,
    settings: FetchSettings,
    sleep: Callable[[float], None],
    show: Show,
) -> None:
    """Download one file, resuming and retrying; raise ``_RefusedError`` if in vain."""
    part = target.with_name(f"{target.name}.part")
    failures = 0
    restarted = False
    while True:
        resumed_from = _size(part)
        try:
            _continue_download(file, part, settings, show)
        except _InterruptedError as error:
            failures = 1 if error.progress else failures + 1
            if failures >= settings.attempts:
                tries = "1 try" if failures == 1 else f"{failures} tries in a row"
                raise _GivenUpError(f"{error} ({tries})") from error
            backoff = settings.backoff_s * 2 ** (failures - 1)
            sleep(min(max(backoff, error.pause_s), settings.longest_pause_s))
            continue
        digest = _sha256(part)
        if digest == file.sha256:
            part.replace(target)
            _tag_path(part).unlink(missing_ok=True)
            return
        _forget(part)
        if resumed_from and not restarted:
            # Two halves of different versions: once more, from the start.
            restarted = True
            continue
        raise _RefusedError(f"wrong bytes: sha256 {digest}, expected {file.sha256}")


def _continue_download(file: RemoteFile, part: Path, settings: FetchSettings, show: Show) -> None:
    """Append to the partial file until it is whole; raise if this try does not get there."""
    have = _size(part)
    if file.bytes is not None and have == file.bytes:
        return
    if file.bytes is not None and have > file.bytes:
        _forget(part)
        have = 0
    tag = _tag_path(part).read_text(encoding="utf-8") if _tag_path(part).exists() else ""
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if tag:
            headers["If-Range"] = tag
    try:
        with requests.get(
            str(file.url),
            headers=headers,
            stream=True,
            timeout=(settings.connect_timeout_s, settings.read_timeout_s),
        ) as answer:
            mode = _append_or_restart(answer, part, have)
            _remember_tag(answer, part)
            _write_body(answer, part, mode, file.bytes, show)
    except (requests.RequestException, HTTPError) as error:
        raise _InterruptedError(_plain(error), progress=_size(part) > have) from error
    whole = _size(part)
    if file.bytes is not None and whole < file.bytes:
        raise _InterruptedError(f"ended after {whole} of {file.bytes} bytes", progress=whole > have)


def _write_body(
    answer: requests.Response,
    part: Path,
    mode: Literal["ab", "wb"],
    listed_bytes: int | None,
    show: Show,
) -> None:
    """Write what the server sends; stop and forget it as soon as it is longer than listed."""
    with part.open(mode) as stream:
        # read1 gives what has arrived: filling a whole chunk first would lose it when the line
        # breaks, and a resumed download would start that much earlier.
        while chunk := answer.raw.read1(CHUNK_BYTES, decode_content=False):
            stream.write(chunk)
            show(stream.tell())
            if listed_bytes is not None and stream.tell() > listed_bytes:
                break
        too_long = listed_bytes is not None and stream.tell() > listed_bytes
    if too_long:
        _forget(part)
        raise _RefusedError(f"longer than the listed {listed_bytes} bytes")


def _append_or_restart(answer: requests.Response, part: Path, have: int) -> Literal["ab", "wb"]:
    """Decide from the server's answer whether its bytes continue ours."""
    if answer.status_code == 416:
        _forget(part)
        raise _InterruptedError("the server cannot continue; starting over", progress=False)
    if answer.status_code in RETRIED_STATUS:
        pause = answer.headers.get("Retry-After", "")
        raise _InterruptedError(
            f"HTTP {answer.status_code}", pause_s=float(pause) if pause.isdigit() else 0.0
        )
    if answer.status_code not in (200, 206):
        raise _RefusedError(f"HTTP {answer.status_code} {answer.reason}")
    continues = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(
        f"bytes {have}-"
    )
    if answer.status_code == 206 and not continues:
        _forget(part)
        raise _InterruptedError("the server sent another range than asked for")
    return "ab" if continues else "wb"


def _tag_path(part: Path) -> Path:
    """Return where the version of a partial file is remembered."""
    return part.with_name(f"{part.name}.etag")


def _remember_tag(answer: requests.Response, part: Path) -> None:
    """Keep the version's strong tag, so that a resumed download never mixes two versions."""
    tag = answer.headers.get("ETag", "")
    if tag.startswith('"'):
        _tag_path(part).write_text(tag, encoding="utf-8")
    else:
        _tag_path(part).unlink(missing_ok=True)


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _tag_path(part).unlink(missing_ok=True)


def _plain(error: requests.RequestException | HTTPError) -> str:
    """Say in a few words what went wrong on the line."""
    if isinstance(error, requests.Timeout | ReadTimeoutError):
        return "no answer in time"
    if isinstance(error, ProtocolError):
        return "the connection broke off"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return type(error).__name__


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Turn a full disk or a forbidden folder into one clear message."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{target} cannot be written: {error.strerror or error}. Make room or choose another "
            "place; what was downloaded so far is kept and resumed."
        ) from error


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=console,
        transient=True,
    )


def _show(progress: Progress, task: TaskID, n_bytes: int) -> None:
    progress.update(task, completed=n_bytes)
