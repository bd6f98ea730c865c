"""Who runs a trial, and whether that process still lives."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil

_NAMELESS = timedelta(seconds=10)  # a worker names itself at once after it began a trial


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
