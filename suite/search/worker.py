"""Who runs a trial, whether that process still lives, and when it may not be interrupted."""

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

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # somebody asks for the end

_held: list[int] = []  # asked for while the main thread was in `uninterrupted`
_depth = 0  # of the blocks that it is in


def this() -> dict[str, Any]:
    """Return what identifies this process: host, process number, and when it was born, since numbers recur."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "born": psutil.Process().create_time()}


def alive(worker: Mapping[str, Any] | None, *, is_heard: bool) -> bool:
    """Whether the worker of a trial may still be at it. A trial begins with its worker's name: without one it is dead.

    Of another host only the heartbeat tells, `is_heard`; a process of this one may have slept with its machine.
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
    """Take a polite request to end as an interruption: what is half done is given back, and cleared away."""
    for number in ENDS:
        signal.signal(number, _interrupt)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold interruptions back until the block is through: half a step in the database would belong to nobody.

    Its end raises KeyboardInterrupt for one that came meanwhile. The handlers stay as they are: to change them around
    each block would leave moments at which one is lost, or held for ever.
    """
    global _depth
    if threading.current_thread() is not threading.main_thread():  # the only one that is interrupted
        yield
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)  # the same, but that it can be held
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
