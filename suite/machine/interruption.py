"""Requests to end this process: when they come, and when they have to wait."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # requests to end

_held: list[int] = []  # requests that came while the main thread was in `uninterrupted`
_depth = 0  # how many `uninterrupted` blocks the main thread is in


def heed() -> None:
    """Raise KeyboardInterrupt at every request to end, so that half-done work is given back and cleared away."""
    for number in heeded():
        signal.signal(number, _interrupt)


def leave() -> None:
    """Let requests end this process at once from now on, without a word: it ends anyway."""
    for number in heeded():
        signal.signal(number, signal.SIG_DFL)


def heeded() -> list[signal.Signals]:
    """Return the requests to end that count: not that of a terminal which closes, if `nohup` started this process."""
    return [number for number in ENDS if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN]


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold interruptions back until the block ends: half a step in the database would belong to nobody.

    The end of the block raises KeyboardInterrupt if one came meanwhile. The handlers are not changed around each block:
    that would leave moments at which an interruption is lost, or held for ever.
    """
    global _depth
    if threading.current_thread() is not threading.main_thread():  # only the main thread is interrupted
        yield
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)  # the same handler, but it can be held
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
    if not _depth and _held:
        _held.clear()
        raise KeyboardInterrupt


def _interrupt(number: int, frame: FrameType | None) -> None:
    if not _depth:
        raise KeyboardInterrupt
    _held.append(number)
