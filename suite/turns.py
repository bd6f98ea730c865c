"""Who may use the processors of this machine now: many trainings side by side, or one timing alone.

A timing beside a training on the same processors is worth nothing. So each processor has a lock file: a training holds
those of its processors together with other trainings, a timing holds its own alone. A training gives way at the end of
each epoch, so a timing waits for an epoch at most. A timing that waits holds the gate, through which every training has
to go before it goes on. The system releases what a dead process held.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows: nothing there is kept apart
    fcntl = None  # type: ignore[assignment]

GATE = "gate"


@contextmanager
def alone(processors: set[int]) -> Iterator[None]:
    """Hold these processors for a timing; wait until nobody trains or times on any of them."""
    with ExitStack() as held:
        with _locked(GATE, shared=False):
            for processor in sorted(processors):
                held.enter_context(_locked(str(processor), shared=False))
        yield


@contextmanager
def together(processors: set[int]) -> Iterator[Callable[[], None]]:
    """Hold these processors for a training, beside other trainings; yield what gives way to a timing that waits."""
    with ExitStack() as held:
        _enter(held, processors)

        def give_way() -> None:
            held.close()
            _enter(held, processors)

        yield give_way


def _enter(held: ExitStack, processors: set[int]) -> None:
    with _locked(GATE, shared=True):
        pass
    for processor in sorted(processors):
        held.enter_context(_locked(str(processor), shared=True))


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


def _locked(name: str, *, shared: bool) -> AbstractContextManager[None]:
    """Hold the lock file of that name, of this user."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    return held(Path(tempfile.gettempdir()) / f".suite-processors-{user}" / name, shared=shared)


def _opened(file: Path) -> IO[bytes] | None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return file.open("ab")
    except OSError:  # a full or closed disk: better beside others than not at all
        return None
