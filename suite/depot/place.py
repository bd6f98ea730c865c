"""A place that all machines reach: a folder, a bucket of S3, or what else fsspec reaches by its URL."""

from __future__ import annotations

import errno
import os
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from suite.core import files
from suite.core.errors import DepotError, MissingExtraError, without_password
from suite.depot import copies, trouble
from suite.depot.copies import Copy

BUCKETS = ("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "memory")  # a file appears there when all of it is there
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # what a disk says that is written to: here, that of this machine
LIMIT, SLOW = 60.0, 1e5  # seconds for a step, and bytes per second that it may take more for
S3 = {  # an outage is told within seconds
    "config_kwargs": {"connect_timeout": 5, "read_timeout": 60, "retries": {"max_attempts": 2}},
}


T = TypeVar("T")


class DamagedError(DepotError):
    """A file of a depot is not what its name says."""


class Place:
    """The files below a URL, for one process. Their names are relative to it, with slashes.

    Whatever goes wrong is a DepotError with the reason; MissingExtraError if a package for such places is not
    installed.
    """

    def __init__(self, url: str) -> None:
        """Connect at the first use, not now."""
        self.url = url
        self._hanging: threading.Thread | None = None

    def make(self) -> None:
        """Make the folder, in one that is there already: a disk that is not mounted is not written to."""
        self._do(self._make)

    def copies(self, under: str = "") -> dict[str, list[Copy]]:
        """Return the copies of each file of a folder, the newest first; of all folders if none is named."""
        names = self._do(lambda: self._find(under))
        return copies.by_file(name.removeprefix(f"{self._root}/") for name in names)

    def has(self, name: str) -> bool:
        """Whether there is a file of this name."""
        try:
            self._do(lambda: self._system.info(self._path(name)))
        except DepotError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return False
            raise
        return True

    def put(self, file: Path, name: str) -> None:
        """Copy a file of this machine to the place. Whoever finds the name there finds all of the file."""
        self._do(lambda: self._put(file, self._path(name)), file.stat().st_size)

    def get(self, copy: Copy, file: Path) -> None:
        """Bring a copy to this machine, as `file`, and check it; an error leaves `file` as it was."""
        size = self._do(lambda: self._system.info(self._path(copy.name))["size"])
        with files.replacing(file) as draft:
            self._do(lambda: self._get(self._path(copy.name), draft), size)
            if copies.digest(draft) != copy.digest:
                raise DamagedError(f"{self.shown}/{copy.name} is damaged: its content is not what its name says")

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        self._do(lambda: self._remove(self._path(name)))

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return without_password(self.url)

    def _make(self) -> None:
        if not self._is_bucket:
            self._require(self._root.rpartition("/")[0] or "/")
            self._system.makedirs(self._root, exist_ok=True)

    def _find(self, under: str) -> list[str]:
        if not self._is_bucket:
            self._require(self._root)
        found: list[str] = self._system.find(self._path(under) if under else self._root)
        return found

    def _put(self, file: Path, path: str) -> None:
        """Copy a file to where others would see it grow: under another name, which is changed at its end."""
        if self._is_bucket:
            self._system.put_file(str(file), path)
            return
        self._require(self._root)
        folder, _, name = path.rpartition("/")
        self._system.makedirs(folder, exist_ok=True)
        draft = f"{folder}/.{uuid.uuid4().hex}.{name}"  # not of the process: those of two machines may have one number
        try:
            self._system.put_file(str(file), draft)
            if self._is_folder:
                files.synced(Path(draft))
            self._system.mv(draft, path)
            if self._is_folder:
                files.synced(Path(folder))
        except BaseException:
            with suppress(Exception):
                self._system.rm_file(draft)
            raise

    def _get(self, path: str, draft: Path) -> None:
        try:
            self._system.get_file(path, str(draft))
        except OSError as error:
            if error.errno in FULL:
                raise DepotError(f"{draft.parent}: {error.strerror}") from error
            raise

    def _remove(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self._system.rm_file(path)

    def _require(self, folder: str) -> None:
        if not self._system.isdir(folder):
            raise FileNotFoundError(errno.ENOENT, f"no folder {folder}: make it, or mount its disk")

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @property
    def _is_folder(self) -> bool:
        return "file" in self._protocols

    @property
    def _is_bucket(self) -> bool:
        return bool(set(self._protocols) & set(BUCKETS))

    @property
    def _protocols(self) -> tuple[str, ...]:
        known = self._system.protocol
        return (known,) if isinstance(known, str) else tuple(known)

    @property
    def _system(self) -> Any:
        return self._connected[0]

    @property
    def _root(self) -> str:
        return self._connected[1].rstrip("/")

    @cached_property
    def _connected(self) -> tuple[Any, str]:
        """The file system, and where in it the place is."""
        from fsspec.core import url_to_fs

        options = S3 if self.url.startswith(("s3:", "s3a:")) else {}
        # Other machines change what is listed, and a process that was forked needs a connection of its own.
        fresh: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True}
        try:
            found: tuple[Any, str] = url_to_fs(self.url, **options, **fresh)
        except ImportError as error:
            extra = "pip install 'keras-comparison-suite[s3]'" if options else str(error)
            raise MissingExtraError(f"{self.shown}: a package for such places is not installed: {extra}") from error
        return found

    def _do(self, step: Callable[[], T], size: int = 0) -> T:
        """Return what a step returns that moves so many bytes; raise DepotError if it fails or hangs.

        It has a thread of its own, which is left behind if it hangs: a disk of another machine may do so for ever, and
        s3fs does so where a server takes a connection and never answers.
        """
        if self._hanging and self._hanging.is_alive():
            raise DepotError(f"{self.shown}: {trouble.HANGS}")
        done: Future[T] = Future()
        thread = threading.Thread(target=_into, args=(done, step), name="depot", daemon=True)
        thread.start()
        try:
            return done.result(LIMIT + size / SLOW)
        except (DepotError, MissingExtraError):
            raise
        except TimeoutError as error:
            self._hanging = thread
            raise DepotError(f"{self.shown}: {trouble.HANGS}") from error
        except Exception as error:  # the file systems of fsspec have no common base class for theirs
            raise DepotError(f"{self.shown}: {trouble.reason(error)}") from error


def _into(done: Future[T], step: Callable[[], T]) -> None:
    try:
        done.set_result(step())
    except BaseException as error:
        done.set_exception(error)


def whole(url: str) -> str:
    """Return a URL as it is kept: a folder by its absolute path, and no slash at the end."""
    named = url if "://" in url else os.path.abspath(os.path.expanduser(url))
    return named.rstrip("/") or "/"
