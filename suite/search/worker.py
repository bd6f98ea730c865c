"""Who runs a trial, whether that process still lives, and when it may not be interrupted."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil

_NAMELESS = timedelta(seconds=10)  # a worker names itself at once after it began a trial
_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def this() -> dict[str, Any]:
    """Return what identifies this process: host, process number, and when it was born, since numbers recur."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "born": psutil.Process().create_time()}


def alive(worker: Mapping[str, Any] | None, began: datetime | None) -> bool:
    """Whether the worker of a trial that began at `began` (local time) may still be at it.

    Of another host only its heartbeat can tell, so it counts as alive here.
    """
    if worker is None:
        return began is not None and datetime.now(UTC) - began.astimezone(UTC) < _NAMELESS
    if worker["host"] != socket.gethostname():
        return True
    try:
        return abs(psutil.Process(worker["pid"]).create_time() - worker["born"]) < 1
    except psutil.NoSuchProcess:
        return False


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back interruptions until the block is through: half a step in the database would belong to nobody."""
    if threading.current_thread() is not threading.main_thread():  # the only one that is interrupted
        yield
        return
    held: list[int] = []
    before = {number: signal.signal(number, lambda number, _: held.append(number)) for number in _ENDS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if held:
        signal.raise_signal(held[0])
