"""Files that must survive: whatever happens, even to the power, a name stands for the old content or the whole new."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows: no lock is held there
    fcntl = None  # type: ignore[assignment]


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Yield a path beside `file` to write to; what stands there when the block ends is `file`, and on the disk.

    Its folder is made. Several processes may do so at once: the last one's content stays. Raises OSError; then, and
    after any error in the block, `file` is as it was.
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
    """Make `text` the content of `file`; raise OSError where that fails. What is `private` only its owner may read."""
    with replacing(file) as draft:
        mode = 0o600 if private else 0o666
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as stream:
            stream.write(text)


def move(source: Path, target: Path) -> None:
    """Give the folder `source`, with all that is in it, the name `target`; raise OSError where that fails."""
    for path in [*source.rglob("*"), source]:
        synced(path)
    os.replace(source, target)
    synced(target.parent)


def folder(path: Path) -> None:
    """Make a folder and those above it, unless they are there; raise OSError where that fails."""
    if path.is_dir():
        return
    folder(path.parent)
    path.mkdir(exist_ok=True)
    synced(path.parent)


def synced(path: Path) -> None:
    """Bring a file, or the names in a folder, onto the disk, as far as its system can."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        if not path.is_dir():  # some systems refuse it for folders
            raise
    finally:
        os.close(descriptor)


@contextmanager
def held(file: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock file, alone or `shared`; wait until it is free. Where none can be made, nothing is held."""
    opened = _opened(file)
    if fcntl is None or opened is None:
        yield
        return
    with opened:  # which releases it, as the end of the process does
        fcntl.flock(opened, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


def _opened(file: Path) -> IO[bytes] | None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return file.open("ab")
    except OSError:  # a full or closed disk: better beside others than not at all
        return None
