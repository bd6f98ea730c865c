"""The process that runs a trial: which it is, with whom it works, and whether it lives.

Workers of one machine that search a study together are a team, which has the name of the process that began.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Any

import psutil

TEAM = "SUITE_TEAM"  # in the environment of those who have joined one: its name


def this() -> dict[str, Any]:
    """Return what identifies this process: host, process number, and start time, since numbers recur; and its team."""
    born = psutil.Process().create_time()
    return {"host": socket.gethostname(), "pid": os.getpid(), "born": born, "team": team()}


def team() -> str:
    """Return the name of this process's team: its own, unless it has joined another's."""
    return os.environ.get(TEAM) or f"{socket.gethostname()} {os.getpid()} {psutil.Process().create_time()}"


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
