"""What this process may use of the machine: processors and memory, as the system, affinity and the container allow."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")  # Linux' control groups, of version 2 or 1
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")  # of the first processor, on Linux
SHARED = "SUITE_PROCESSORS"  # in the environment: those that processes share of which this one has a part


def usable() -> set[int]:
    """Return the processors that this process may run on."""
    return set(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def processors() -> int:
    """Return how many processors there are for this process and those it shares with: a container's share counts up."""
    return max(1, math.ceil(min(len(_shared()), _quota())))


def used(threads: int) -> set[int]:
    """Return the processors for a process of `threads` threads that this one starts: its own before shared ones."""
    own = sorted(usable())
    return set([*own, *sorted(_shared() - set(own))][:threads])


def take_part(number: int, of: int) -> None:
    """Bind this process to its part of the processors, the `number`th `of` so many, and remember all of them."""
    everything = sorted(_shared())
    os.environ[SHARED] = ",".join(map(str, everything))
    part = everything[number % len(everything) :: of]
    with suppress(OSError):  # only Linux has this folder
        for thread in map(int, os.listdir("/proc/self/task")):
            os.sched_setaffinity(thread, part)


def _shared() -> set[int]:
    """Return the processors that this process may use, and those that it shares with others of its study."""
    return {int(one) for one in os.environ[SHARED].split(",")} if os.environ.get(SHARED) else usable()


def free_memory() -> int:
    """Return the free bytes of the machine, or of its container if these are fewer."""
    import psutil

    limits = [limit - taken for limit, taken in _memory()]
    return max(0, min([int(psutil.virtual_memory().available), *limits]))


def whole_memory() -> int:
    """Return the bytes of the machine, or of its container if that has a lower limit."""
    import psutil

    return min([int(psutil.virtual_memory().total), *(limit for limit, _ in _memory())])


def cached(level: int) -> int:
    """Return the bytes of a processor's cache: 2 is that of its core, 3 that of several. 0 if the system tells none."""
    with suppress(OSError, ValueError):
        size = (CACHES / f"index{level}" / "size").read_text().strip()
        return int(size.rstrip("KM")) * {"K": 2**10, "M": 2**20}.get(size[-1:], 1)
    return 0


def _quota() -> float:
    """Return how many processors' time the container may use; infinite without a limit."""
    with suppress(OSError, ValueError):
        quota, period = (GROUPS / "cpu.max").read_text().split()
        return math.inf if quota == "max" else int(quota) / int(period)
    with suppress(OSError, ValueError):
        given, of = (int((GROUPS / "cpu" / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
        return given / of if given > 0 else math.inf
    return math.inf


def _memory() -> Iterator[tuple[int, int]]:
    """Yield limit and use of the container's memory, in bytes; nothing without a limit."""
    for limit, taken in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        with suppress(OSError, ValueError):  # `max` is no number: no limit
            yield int((GROUPS / limit).read_text()), int((GROUPS / taken).read_text())
            return
