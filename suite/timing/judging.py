"""The latency that blocks show, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from suite.timing.blocks import Array, Block, moments
from suite.timing.following import USUAL, Prior, line
from suite.timing.interval import interval, widened
from suite.timing.rest import at_rest

SURE = 1.96  # standard deviations of a 95 % interval
TAIL = 10  # calls that must lie beyond a percentile for it to be reported


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """The time of a call as a multiple of the references' time, when these are at rest."""

    references: str  # their names, with a plus between them
    median: float
    rest: float  # milliseconds of the references at rest, their geometric mean
    follows: float  # power of the references' time that the time of the call follows
    seen: tuple[float, float]  # what the blocks show of that, for `Prior.seen`


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Milliseconds of one call."""

    median: float  # with the references at rest; without references `raw`
    low: float  # 95 % interval of it
    high: float
    raw: float  # median of the calls themselves
    within: float  # wanted: half the interval, as a part of `median`
    p90: float | None  # percentiles of the calls, on the scale of `median`; None if fewer than TAIL lie beyond
    p99: float | None
    ratio: Ratio | None
    blocks: tuple[Block, ...]

    @property
    def measures(self) -> dict[str, float]:
        """Its known values, by their names in the table of measures."""
        known = {
            "latency": self.median,
            "latency_low": self.low,
            "latency_high": self.high,
            "latency_raw": self.raw,
            "latency_p90": self.p90,
            "latency_p99": self.p99,
        }
        return {name: value for name, value in known.items() if value is not None}

    @property
    def calls(self) -> int:
        """Number of calls timed after the warm-up."""
        return sum(len(block.times) for block in self.blocks)

    @property
    def half(self) -> float:
        """Half the interval, as a part of the median."""
        return (self.high - self.low) / (2 * self.median)

    @property
    def is_stable(self) -> bool:
        """Whether the interval is as narrow as wanted."""
        return self.half <= self.within

    @property
    def drift(self) -> float | None:
        """Percent by which the references were slower in their slowest block than in their fastest."""
        seen = self.reference_medians
        return 100 * (max(seen) / min(seen) - 1) if seen else None

    @property
    def reference_medians(self) -> list[float]:
        """Median of the references in each block, milliseconds; empty without references."""
        return [1e3 * float(np.median(block.yardstick)) for block in self.blocks] if self.ratio else []


def judged(blocks: Sequence[Block], within: float, rests: Mapping[str, float], prior: Prior = USUAL) -> Latency:
    """Return the latency that blocks show; they also show the rest of a reference that is missing in `rests`.

    `prior` is what is known of the network from elsewhere.
    """
    times = np.concatenate([block.times for block in blocks])
    ratio, raw = None, 1e3 * float(np.median(times))
    if blocks[0].references:
        known = {name: at_rest(seen) for name, seen in moments(blocks).items()} | dict(rests)
        rest = math.prod(known[name] for name in blocks[0].references) ** (1 / len(blocks[0].references))
        found = line(
            np.log(_halves([block.turns for block in blocks])),
            np.log(_halves([block.yardstick for block in blocks]) / rest),
            np.array([block.timing for block in blocks]),
            prior,
        )
        low, median, high = (1e3 * math.exp(end) for end in (found.low, found.level, found.high))
        ratio = Ratio(
            references="+".join(blocks[0].references), median=median / (1e3 * rest), rest=1e3 * rest,
            follows=found.slope, seen=found.seen,
        )  # fmt: skip
        unseen = SURE * math.hypot(found.between, found.supposed)
    else:
        low, median, high = (1e3 * end for end in interval([block.times for block in blocks]))
        unseen = SURE * USUAL.apart / math.sqrt(timings(blocks))
    low, high = widened(low, median, high, unseen)
    return Latency(
        median=median,
        low=low,
        high=high,
        raw=raw,
        within=within,
        p90=_percentile(median / raw * 1e3 * times, 90),
        p99=_percentile(median / raw * 1e3 * times, 99),
        ratio=ratio,
        blocks=tuple(blocks),
    )


def timings(blocks: Sequence[Block]) -> int:
    """Return how many timings these blocks are of."""
    return len({block.timing for block in blocks})


def _halves(blocks: Sequence[Array]) -> Array:
    """[B, 2] medians of the even and of the odd turns of each block; twice the same if it has a single turn."""
    return np.array([[np.median(turns[::2]), np.median(turns[1::2] if len(turns) > 1 else turns)] for turns in blocks])


def _percentile(times: Array, percent: int) -> float | None:
    return float(np.percentile(times, percent)) if len(times) * (100 - percent) >= 100 * TAIL else None
