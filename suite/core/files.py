"""Files that survive a crash or a power cut: a name has the old content or the whole new one, never a part."""

from __future__ import annotations

import os
import tokenize
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from zipfile import BadZipFile

try:
    import fcntl
except ImportError:  # Windows: no lock is held there
    fcntl = None  # type: ignore[assignment]


UNREADABLE = (  # what NumPy, JSON and archives raise for damaged bytes
    OSError, EOFError, ValueError, LookupError, TypeError, RuntimeError, BadZipFile, tokenize.TokenError, zlib.error,
)  # fmt: skip


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Yield a path beside `file` to write to; when the block ends, it replaces `file` and is on the disk.

    The folder of `file` is made. Several processes may do so at once: the last one wins. Raises OSError when writing
    fails; after any error, `file` is as it was.
    """
    folder(file.parent)
    draft = file.with_name(f".{os.getpid()}.{file.name}")
    try:
        yield draft
        synced(draft)
        os.replace(draft, file)
        synced(file.parent)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def write(file: Path, text: str, *, private: bool = False) -> None:
    """Write `text` to `file`; raise OSError if that fails. Only its owner may read a `private` file."""
    with replacing(file) as draft:
        mode = 0o600 if private else 0o666
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as stream:
            stream.write(text)


def move(source: Path, target: Path) -> None:
    """Rename the folder `source`, with all its content, to `target`; raise OSError if that fails."""
    for path in [*source.rglob("*"), source]:
        synced(path)
    os.replace(source, target)
    synced(target.parent)


def folder(path: Path) -> None:
    """Make a folder and its missing parents; raise OSError if that fails."""
    if path.is_dir():
        return
    folder(path.parent)
    path.mkdir(exist_ok=True)
    synced(path.parent)


def synced(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk, as far as the system can."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        if not path.is_dir():  # some systems cannot flush folders
            raise
    finally:
        os.close(descriptor)


@contextmanager
def held(file: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock file, alone or `shared`; wait until it is free. If it cannot be made, hold nothing."""
    opened = _opened(file)
    if fcntl is None or opened is None:
        yield
        return
    with opened:  # closing the file releases the lock, and so does the end of the process
        fcntl.flock(opened, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


def is_ours(opened: IO[bytes], file: Path) -> bool:
    """Whether this process locks an open file, and `file` is still its name; it is locked until it is closed."""
    try:
        if fcntl:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(opened.fileno()), file.stat())
    except OSError:
        return False


def _opened(file: Path) -> IO[bytes] | None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return file.open("ab")
    except OSError:  # a full or read-only disk: work without a lock rather than not at all
        return None


def changed_since(folder: Path, moment: float) -> bool:
    """Whether a file or a folder within `folder` was written after `moment`, in seconds since 1970."""
    for here, _, names in os.walk(folder):
        with suppress(OSError):  # it went away meanwhile
            if any(os.stat(os.path.join(here, name)).st_mtime > moment for name in ("", *names)):
                return True
    return False
