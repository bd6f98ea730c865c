"""The time of day as a process counts it on from its start: if the clock of the system is set meanwhile, nothing jumps.

So a trial lasts as long as it lasted, and a study's hours are not over because a clock was wrong.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


def _steady() -> float:
    """Return seconds that only pass: while the machine sleeps too, where the system counts these."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


_START, _BEGAN = _steady(), datetime.now(UTC)


def now() -> datetime:
    """Return the time of day, UTC."""
    return _BEGAN + timedelta(seconds=_steady() - _START)
