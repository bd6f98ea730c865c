"""The process that runs a trial: which it is, with whom it works, and whether it lives.

Workers of one machine that search a study together are a team, which has the name of the process that began.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import psutil

TEAM = "SUITE_TEAM"  # in the environment of those who have joined one: its name
BOOT = Path("/proc/sys/kernel/random/boot_id")  # on Linux: another one each time that the machine starts


def this() -> dict[str, Any]:
    """Return what identifies this process: host, process number, and start time, since numbers recur; and its team."""
    pid = os.getpid()
    return {"host": socket.gethostname(), "pid": pid, "born": _born(pid), "boot": _boot(), "team": team()}


def team() -> str:
    """Return the name of this process's team: its own, unless it has joined another's."""
    return os.environ.get(TEAM) or f"{socket.gethostname()} {os.getpid()} {_born(os.getpid())} {_boot()}".strip()


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
        # An earlier version kept the time of day.
        born = _born(worker["pid"]) if "boot" in worker else psutil.Process(worker["pid"]).create_time()
    except (psutil.NoSuchProcess, OSError):
        return False
    return worker.get("boot", _boot()) == _boot() and abs(born - worker["born"]) < 1


def _born(pid: int) -> float:
    """Return when a process began, in seconds: since the machine started where the system counts so, as on Linux.

    The time of day of its start is made of the clock as it is now: it changes when somebody sets the clock. Raises
    OSError or NoSuchProcess when there is none; one that has ended is none, though its parent has not yet heard of it.
    """
    if not _boot():
        return float(psutil.Process(pid).create_time())
    state, *rest = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    if state in ("Z", "X"):
        raise ProcessLookupError(pid)
    return int(rest[18]) / os.sysconf("SC_CLK_TCK")


@cache
def _boot() -> str:
    """Return which start of the machine this is; empty where the system does not say."""
    return BOOT.read_text(encoding="ascii").strip() if BOOT.is_file() else ""
