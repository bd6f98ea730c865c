"""Shelves: folders of files that can be made again. Each keeps to a budget: what was unused for longest makes room."""

from __future__ import annotations

import os
import shutil
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from suite.core import files
from suite.core.errors import SuiteError
from suite.machine import cache

STALE = 3600.0  # seconds after which a draft that nobody writes to is of a process that was killed
LEFT = 2  # a new file may take one part in two of what is free on the disk

Write = Callable[[IO[bytes]], object]


class Draft:
    """A file that is not yet on its shelf. Unless it is finished, it goes when nobody holds it any more."""

    def __init__(self, path: Path, lock: IO[bytes]) -> None:
        """Take a file, whose name begins with a dot, and its lock."""
        self._path, self._lock, self._opened = path, lock, os.open(path, os.O_RDWR)
        self._closed = weakref.finalize(self, os.close, self._opened)
        self.drop = weakref.finalize(self, _dropped, path, lock, os.getpid())

    def write(self, data: bytes | memoryview, place: int) -> None:
        """Write bytes at a place. Raises OSError."""
        written = 0
        while written < len(data):
            written += os.pwrite(self._opened, data[written:], place + written)

    def read(self, size: int, place: int) -> bytes:
        """Return bytes that were written at a place; also after the file was finished, or deleted. Raises OSError."""
        parts, done = [], 0
        while done < size:
            parts.append(os.pread(self._opened, size - done, place + done))
            if not parts[-1]:  # somebody has cut the file: nothing more will come
                raise OSError(f"{self._path}: it ends before byte {place + size:,}")
            done += len(parts[-1])
        return b"".join(parts)

    def finish(self) -> None:
        """Put the whole file on the shelf. Raises OSError."""
        files.synced(self._path)
        os.replace(self._path, self._path.with_name(self._path.name[1:]))
        self.drop.detach()
        self._lock.close()  # others may have it now
        files.synced(self._path.parent)


def _dropped(path: Path, lock: IO[bytes], pid: int) -> None:
    if os.getpid() == pid:  # a process that was forked from this one leaves it alone
        path.unlink(missing_ok=True)
    lock.close()


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """A folder in the cache of this user. Several processes may use it at once."""

    holds: str  # what, in the plural; the folder's name
    variable: str  # of the environment, with another number of GB
    default: float  # GB

    @property
    def folder(self) -> Path:
        """The folder, which may not be there yet."""
        return cache.folder() / self.holds

    @property
    def budget(self) -> float:
        """The bytes that it may hold. Raises SuiteError if the variable is no number of 0 or more."""
        said = os.environ.get(self.variable, str(self.default))
        with suppress(ValueError):
            if (room := float(said)) >= 0:
                return room * 1e9
        raise SuiteError(f"{self.variable}={said}: needs a number of GB, 0 or more, for {self.holds} that are kept")

    def check(self) -> None:
        """Raise SuiteError if the variable is no number of 0 or more: now, and not after hours of work."""
        assert self.budget >= 0

    def found(self, name: str) -> Path | None:
        """Return the file of a name, which is thereby used; None if there is none."""
        try:
            os.utime(self.folder / name)
        except OSError:
            return None
        return self.folder / name

    def begun(self, name: str, size: int) -> Draft | None:
        """Return room for a file of `size` bytes that is written in parts; None if the budget or the disk has none.

        Raises BlockingIOError while another process, or another part of this one, writes a file of that name.
        """
        path = self.folder / f".{name}"
        try:
            files.folder(self.folder)
            stream = path.open("ab")
        except OSError:
            return None
        if not files.is_ours(stream, path):
            stream.close()
            raise BlockingIOError(f"{path}: another process writes it")
        draft = Draft(path, stream)
        try:
            stream.truncate(0)  # what a process that was killed has left takes no room
            if self._has_room(size):
                stream.truncate(size)  # others see from the beginning how much room it takes
                return draft
        except OSError:
            pass
        draft.drop()
        return None

    def keep(self, name: str, size: int, write: Write) -> Path | None:
        """Return the file that `write` writes, of `size` bytes.

        None if the budget or the disk has no room for it, or writing fails; then nothing of it is left.
        """
        try:
            files.folder(self.folder)
            if not self._has_room(size):
                return None
            with files.replacing(self.folder / name) as draft, draft.open("wb") as stream:
                write(stream)
        except OSError:
            return None
        return self.folder / name

    def _has_room(self, size: int) -> bool:
        """Whether there is room, after what was not used for longest is deleted."""
        if size > self.budget:
            return False
        there = dict(self._files())
        free, used = shutil.disk_usage(self.folder).free, sum(told.st_size for told in there.values())
        for file in sorted(there, key=lambda file: there[file].st_mtime):
            if used + size <= self.budget and LEFT * size <= free:
                return True
            if not file.name.startswith(".") or time.time() - there[file].st_mtime > STALE:
                file.unlink(missing_ok=True)
                used, free = used - there[file].st_size, free + there[file].st_size
        return used + size <= self.budget and LEFT * size <= free

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Yield the files, drafts included, whose names begin with a dot."""
        for file in self.folder.iterdir():
            with suppress(FileNotFoundError):  # another process deleted it
                if file.is_file():
                    yield file, file.stat()
