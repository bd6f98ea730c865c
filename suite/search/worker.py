"""The process that runs a trial: which it is, whether it lives, and when it may not be interrupted."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

import psutil

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # requests to end

_held: list[int] = []  # requests that came while the main thread was in `uninterrupted`
_depth = 0  # how many `uninterrupted` blocks the main thread is in


def this() -> dict[str, Any]:
    """Return what identifies this process: host, process number, and start time, since numbers recur."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "born": psutil.Process().create_time()}


def is_here(worker: Mapping[str, Any] | None) -> bool:
    """Whether the worker of a trial ran on this machine; one without a name died here or elsewhere, nobody knows."""
    return worker is not None and worker["host"] == socket.gethostname()


def alive(worker: Mapping[str, Any] | None, *, is_heard: bool) -> bool:
    """Whether the worker of a trial may still live. Every trial begins with its worker's name: without one it is dead.

    For another host only the heartbeat tells, `is_heard`. On this host the process is looked up, as it may have slept
    with its machine and sent none.
    """
    if worker is None:
        return False
    if worker["host"] != socket.gethostname():
        return is_heard
    try:
        return abs(psutil.Process(worker["pid"]).create_time() - worker["born"]) < 1
    except psutil.NoSuchProcess:
        return False


def heed() -> None:
    """Raise KeyboardInterrupt at every request to end, so that half-done work is given back and cleared away."""
    for number in ENDS:
        signal.signal(number, _interrupt)


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
