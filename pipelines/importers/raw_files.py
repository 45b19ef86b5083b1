"""Foreign files within limits: what is too large, packed too tightly or no file is never read.

A folder and a zip archive look the same from here: names and bytes.
"""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

from pipelines.errors import WorkspaceError

__all__ = [
    "MAX_DEPTH",
    "MAX_FIT_BYTES",
    "MAX_JSON_BYTES",
    "MAX_TABLE_BYTES",
    "Archive",
    "FileSet",
    "Folder",
    "RecordingFileError",
    "open_files",
    "read_bytes",
]

MEGABYTE: Final = 1024**2

MAX_TABLE_BYTES: Final = 1024 * MEGABYTE
"""Engineering choice: three hours of seven channels at 1,125 Hz, written as text, are 900 MB."""
MAX_FIT_BYTES: Final = 64 * MEGABYTE
"""Engineering choice: 100 hours of one record a second, each of 100 bytes, are 36 MB."""
MAX_JSON_BYTES: Final = MEGABYTE
"""Engineering choice: a sidecar written by hand has a few hundred bytes."""
MAX_PACKING_RATIO: Final = 200.0
"""Unpacked over packed size of one file of an archive. Engineering choice: recordings as text pack
to a tenth, a sleeping sensor's to a fiftieth; zip bombs reach 1,000."""
MAX_FILES: Final = 10_000
"""Names listed of a folder or an archive. Engineering choice: a season of a large study."""
MAX_DEPTH: Final = 3
"""Folders within folders that are looked into. Engineering choice: runner, session, export."""


class RecordingFileError(WorkspaceError, ValueError):
    """A recording, or its file, that cannot be used.

    Attributes
    ----------
    problems : tuple of str
        Everything found, one sentence each.
    """

    problems: tuple[str, ...]

    def __init__(self, name: str, *problems: str) -> None:
        self.problems = problems
        super().__init__(f"{name}: {'; '.join(problems)}")


class FileSet(Protocol):
    """Names and bytes of the files of one export."""

    @property
    def label(self) -> str:
        """Name of the folder or archive."""

    def names(self) -> tuple[str, ...]:
        """List the files, folders with slashes, in order."""

    def read(self, name: str, max_bytes: int) -> bytes:
        """Read one file whole, or refuse it for its size."""


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """Read a file whole.

    Raises
    ------
    RecordingFileError
        If it is missing, no regular file, empty, larger than ``max_bytes`` or unreadable.
    """
    try:
        if not path.is_file():
            raise RecordingFileError(path.name, "is no file that can be read")
        size = path.stat().st_size
        if size > max_bytes:
            raise RecordingFileError(path.name, _too_large(size, max_bytes))
        with path.open("rb") as stream:
            data = stream.read(max_bytes + 1)
    except OSError as error:
        raise RecordingFileError(path.name, f"cannot be read ({error})") from error
    if len(data) > max_bytes:
        raise RecordingFileError(path.name, _too_large(len(data), max_bytes))
    if not data:
        raise RecordingFileError(path.name, "is empty: export or copy it again")
    return data


@dataclass(frozen=True)
class Folder:
    """Files below a folder."""

    path: Path

    @property
    def label(self) -> str:
        """Name of the folder."""
        return self.path.name

    def names(self) -> tuple[str, ...]:
        """List files up to `MAX_DEPTH` folders deep; links to folders are not followed.

        Raises
        ------
        RecordingFileError
            If it cannot be listed or holds more than `MAX_FILES` files.
        """
        found: list[str] = []
        try:
            for place, folders, files in self.path.walk():
                below = place.relative_to(self.path)
                folders[:] = sorted(f for f in folders if not f.startswith("."))
                if len(below.parts) >= MAX_DEPTH:
                    folders.clear()
                found += [(below / file).as_posix() for file in files if not file.startswith(".")]
                if len(found) > MAX_FILES:
                    raise RecordingFileError(
                        self.label, f"holds more than {MAX_FILES:,} files: give a folder below it"
                    )
        except OSError as error:
            raise RecordingFileError(self.label, f"cannot be listed ({error})") from error
        return tuple(sorted(found))

    def read(self, name: str, max_bytes: int) -> bytes:
        """Read one file; see `read_bytes`."""
        return read_bytes(self.path / name, max_bytes)


@dataclass(frozen=True)
class Archive:
    """Files of a zip archive; a single folder around all of them is left out of their names."""

    path: Path
    infos: dict[str, zipfile.ZipInfo]

    @property
    def label(self) -> str:
        """Name of the archive without its suffix."""
        return self.path.stem

    def names(self) -> tuple[str, ...]:
        """List the files."""
        return tuple(sorted(self.infos))

    def read(self, name: str, max_bytes: int) -> bytes:
        """Unpack one file in memory, never more than ``max_bytes`` whatever its header says.

        Raises
        ------
        RecordingFileError
            If it is too large, packed too tightly, encrypted or damaged.
        """
        info = self.infos[name]
        where = f"{self.path.name}/{name}"
        if info.file_size > max_bytes:
            raise RecordingFileError(where, _too_large(info.file_size, max_bytes))
        if info.file_size > MAX_PACKING_RATIO * max(info.compress_size, 1):
            raise RecordingFileError(
                where,
                f"unpacks to {info.file_size / max(info.compress_size, 1):,.0f} times its size, "
                f"expected at most {MAX_PACKING_RATIO:.0f}: unpack it yourself if you trust it",
            )
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(info) as stream:
                data = stream.read(max_bytes + 1)
        except _DAMAGED as error:
            raise RecordingFileError(where, f"cannot be unpacked ({error})") from error
        if len(data) > max_bytes:
            raise RecordingFileError(where, _too_large(len(data), max_bytes))
        if not data:
            raise RecordingFileError(where, "is empty: export it again")
        return data


_DAMAGED: Final = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, ValueError)
"""What ``zipfile`` raises on damaged, encrypted or unknown content."""


def open_files(path: Path) -> FileSet:
    """List a folder's or a zip archive's files.

    Raises
    ------
    RecordingFileError
        If it is a damaged archive or holds too many files.
    """
    if path.is_dir():
        return Folder(path)
    try:
        if path.stat().st_size > MAX_TABLE_BYTES:
            raise RecordingFileError(path.name, _too_large(path.stat().st_size, MAX_TABLE_BYTES))
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except _DAMAGED as error:
        if isinstance(error, RecordingFileError):
            raise
        raise RecordingFileError(
            path.name, f"is a damaged zip archive ({error}): export or copy it again"
        ) from error
    if len(infos) > MAX_FILES:
        raise RecordingFileError(path.name, f"holds more than {MAX_FILES:,} files")
    named = {
        info.filename: info
        for info in infos
        if not any(part.startswith((".", "__MACOSX")) for part in _parts(info.filename))
    }
    tops = {_parts(name)[0] for name in named if len(_parts(name)) > 1}
    around = f"{tops.pop()}/" if len(tops) == 1 else ""
    if around and all(name.startswith(around) for name in named):
        named = {name.removeprefix(around): info for name, info in named.items()}
    return Archive(path, named)


def _parts(name: str) -> tuple[str, ...]:
    return PurePosixPath(name).parts or ("",)


def _too_large(size: int, max_bytes: int) -> str:
    return (
        f"has {size / MEGABYTE:,.1f} MB, expected at most {max_bytes / MEGABYTE:,.0f} MB: "
        "cut the recording into parts"
    )
