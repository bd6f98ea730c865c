"""How long one call takes, and how sure that is.

Calls of one process drift together (the machine is busy for a while, the clock changes), so single calls are not
independent and an interval resampled from them is too narrow. They are timed in blocks; blocks are resampled.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

BLOCKS = 10
CALLS = 5  # least number in a block
RESAMPLES = 500


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Milliseconds of one call."""

    median: float
    low: float  # 95 % interval of the median
    high: float
    p90: float
    calls: int  # timed, after the warm-up

    @property
    def measures(self) -> dict[str, float]:
        """The same under the names of the table of measures."""
        return {
            "latency": self.median,
            "latency_low": self.low,
            "latency_high": self.high,
            "latency_p90": self.p90,
        }


def latency(
    call: Callable[[], object], *, seconds: float = 0.4, clock: Callable[[], float] = time.perf_counter
) -> Latency:
    """Time `call`, which must return only when its answer is there, for about `seconds` after a warm-up.

    Slow calls are timed at least `BLOCKS * CALLS` times, whatever that takes beyond `seconds`, but for those slower
    than `seconds` itself, which are timed once in each block.
    """
    once = _warm(call, seconds / 4, clock)
    calls = max(1 if once > seconds else CALLS, int(seconds / BLOCKS / max(once, 1e-9)))
    blocks = np.array([[_timed(call, clock) for _ in range(calls)] for _ in range(BLOCKS)]) * 1e3
    low, high = np.percentile(_medians(blocks), (2.5, 97.5))
    median, p90 = np.percentile(blocks, (50, 90))
    return Latency(median=float(median), low=float(low), high=float(high), p90=float(p90), calls=blocks.size)


def _warm(call: Callable[[], object], seconds: float, clock: Callable[[], float]) -> float:
    """Call until `seconds` have passed, at least twice; return the seconds of the fastest call but the first."""
    _timed(call, clock)
    began, fastest = clock(), _timed(call, clock)
    while clock() - began < seconds:
        fastest = min(fastest, _timed(call, clock))
    return fastest


def _timed(call: Callable[[], object], clock: Callable[[], float]) -> float:
    began = clock()
    call()
    return clock() - began


def _medians(blocks: np.ndarray) -> np.ndarray:
    """Return the medians of `RESAMPLES` resamplings of whole blocks; shape [blocks, calls] -> [RESAMPLES]."""
    drawn = np.random.default_rng(0).integers(len(blocks), size=(RESAMPLES, len(blocks)))
    return np.median(blocks[drawn].reshape(RESAMPLES, -1), axis=1)
