"""Who may use the processors of this machine now: many trainings side by side, or one timing alone.

A timing beside a training on the same processors is worth nothing. So each processor has a lock file: a training shares
the locks of its processors with other trainings, a timing holds the locks of its processors alone. A training gives way
at the end of each epoch, so a timing waits for an epoch at most. A waiting timing holds the gate, which every training
must pass before it goes on. The system releases the locks of a dead process.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from suite.core.files import held as lock

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
    """Hold these processors for a training, beside other trainings; yield a function that gives way to a timing."""
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


def _locked(name: str, *, shared: bool) -> AbstractContextManager[None]:
    """Hold this user's lock file of that name."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    return lock(Path(tempfile.gettempdir()) / f".suite-processors-{user}" / name, shared=shared)
