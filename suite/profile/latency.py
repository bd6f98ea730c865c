"""How long one call takes, and how sure that is: the protocol by which everything here is timed.

1.  The call is warmed up in blocks until the medians of the last three lie within the wanted precision of each other,
    or a third of the time is over: compilers, caches and clocks settle first.
2.  It is timed in turns with references, calls that are always the same: a few calls of it, a few of each reference,
    and so on, as finely as calls allow. What the machine does meanwhile slows both. The first two calls of a turn do
    not count where calls are quick: the others have displaced their weights from the processor's caches.
3.  The number to compare by is the median over all turns of the ratio of its time to that of a reference, times what
    the reference takes on this device at rest. Of several references that one is taken whose ratio is the surest, and
    the interval holds that of the next one too: where they disagree, nobody knows which of them the network follows.
    The median of the calls themselves stands beside it. Without a reference that median is the number.
4.  Turns that follow each other resemble each other (the machine is busy for a while, the clock changes), so an
    interval resampled from single turns would be too narrow. Whole blocks of turns are resampled.
5.  It ends when there are ten blocks and the 95 % interval of the number is within the wanted precision of it, or when
    the time is over: then it is called unstable, and the interval says how unsure it is.

Nothing else is left out: no slow call, no slow block.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from suite.measures import WITHIN
from suite.profile.interval import interval

Array = NDArray[np.float64]
Call = Callable[[], object]
Clock = Callable[[], float]

LEAST = 10  # blocks
AGREEING = 2  # references, the surest, whose intervals make that of the number
LAST = 3  # blocks of the warm-up that must agree
CALLS = 4  # of one turn that count, at least; one where calls are slow
REFILL = 2  # calls of a turn before these: they fetch back from memory what the others have displaced
QUICK = 0.005  # seconds of a call, up to which that matters
SLOW = 0.05  # seconds of a call, from which a turn is one call
SHARE = 0.5  # of a turn's time that goes to what is timed, at least; the rest is the references'
ENOUGH = 50  # turns that show what a reference takes at rest: a few may be lucky
TAIL = 10  # calls that must lie beyond a percentile for it to be told


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How exactly, and for how long at most."""

    seconds: float = 30.0  # of all of it; blocks of slow calls may take longer
    block: float = 0.5  # seconds of each block
    within: float = WITHIN  # wanted: half the interval, as part of the number

    @classmethod
    def of(cls, seconds: float) -> Protocol:
        """Return the protocol for so many seconds: with less than ten, blocks are shorter."""
        return cls(seconds=seconds, block=min(0.5, seconds / (2 * LEAST)))


@dataclass(frozen=True, kw_only=True)
class Block:
    """Turns one after the other."""

    began: float  # seconds since the start
    times: Array  # [calls] seconds of each call
    turns: Array  # [turns] seconds of a call, the median of each turn
    references: Mapping[str, Array] = field(default_factory=dict)  # [turns] the same of each reference


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """How many times as long as a reference a call takes."""

    reference: str
    median: float
    low: float  # 95 % interval of the median
    high: float


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Milliseconds of one call."""

    median: float  # to compare by: ratio times the reference at rest; without a reference `raw`
    low: float  # 95 % interval of it
    high: float
    raw: float  # median of the calls themselves
    within: float  # what was wanted of the interval
    p90: float | None  # percentiles of the calls themselves, where TAIL calls lie beyond them
    p99: float | None
    ratio: Ratio | None
    rest: float | None  # milliseconds of the reference at rest
    blocks: tuple[Block, ...]

    @property
    def calls(self) -> int:
        """How many were timed, after the warm-up."""
        return sum(len(block.times) for block in self.blocks)

    @property
    def is_stable(self) -> bool:
        """Whether the interval is as narrow as was wanted."""
        return self.high - self.low <= 2 * self.within * self.median

    @property
    def drift(self) -> float | None:
        """Percent by which the reference was slower in its slowest block than in its fastest."""
        seen = self.reference_medians
        return 100 * (max(seen) / min(seen) - 1) if seen else None

    @property
    def reference_medians(self) -> list[float]:
        """Median of the reference in each block, milliseconds; none without one."""
        name = self.ratio.reference if self.ratio else None
        return [1e3 * float(np.median(block.references[name])) for block in self.blocks] if name else []


def latency(
    call: Call,
    protocol: Protocol,
    *,
    references: Mapping[str, Call] | None = None,
    rests: Mapping[str, float] | None = None,
    before: tuple[Block, ...] = (),
    clock: Clock = time.perf_counter,
) -> Latency:
    """Time `call`, which must return only when its answer is there, by the protocol above.

    `rests` are seconds that references take at rest; of one that is not in it, that is found in this very measurement.
    `before` are blocks of an earlier measurement of the same, which this one adds to.
    """
    began = clock()
    each = _warm(call, protocol, clock)
    turn = _Turn(call, each, references or {}, clock)
    blocks: list[Block] = list(before)
    while True:
        blocks.append(turn.block(clock() - began, protocol.block))
        if len(blocks) - len(before) < LEAST:
            continue
        found = judged(blocks, protocol.within, rests or {})
        if found.is_stable or clock() - began > protocol.seconds:
            return found


def judged(blocks: Sequence[Block], within: float, rests: Mapping[str, float]) -> Latency:
    """Return what blocks say of the latency. A reference that is not in `rests` is at rest in the quietest block."""
    times = np.concatenate([block.times for block in blocks])
    ratios = sorted((_ratio(blocks, name) for name in blocks[0].references), key=_width)
    if not ratios:
        rest, (low, median, high) = None, (1e3 * end for end in interval([block.times for block in blocks]))
    else:
        known = {**quietest(blocks), **rests}
        rest = 1e3 * known[ratios[0].reference]
        median = rest * ratios[0].median
        # That they agree is the only sign that what is timed follows them where the machine is slower throughout.
        surest = [(1e3 * known[ratio.reference], ratio) for ratio in ratios[:AGREEING]]
        low = min(scale * ratio.low for scale, ratio in surest)
        high = max(scale * ratio.high for scale, ratio in surest)
    return Latency(
        median=median,
        low=low,
        high=high,
        raw=1e3 * float(np.median(times)),
        within=within,
        p90=_percentile(1e3 * times, 90),
        p99=_percentile(1e3 * times, 99),
        ratio=ratios[0] if ratios else None,
        rest=rest,
        blocks=tuple(blocks),
    )


def at_rest(call: Call, seconds: float = 1.0, clock: Clock = time.perf_counter) -> float:
    """Return the seconds that a reference takes in the quietest of ten blocks."""
    call()
    return min(float(np.median(_block(call, seconds / LEAST, clock))) for _ in range(LEAST))


def quietest(blocks: Sequence[Block]) -> dict[str, float]:
    """Return the seconds that each reference took when it was fastest: the least median of ENOUGH turns that follow."""
    return {name: _least([block.references[name] for block in blocks]) for name in blocks[0].references}


def _least(blocks: Sequence[Array]) -> float:
    turns = np.concatenate(blocks)
    parts = np.array_split(turns, max(1, len(turns) // ENOUGH))
    return min(float(np.median(part)) for part in parts)


def _ratio(blocks: Sequence[Block], name: str) -> Ratio:
    low, median, high = interval([block.turns / block.references[name] for block in blocks])
    return Ratio(reference=name, median=median, low=low, high=high)


def _width(ratio: Ratio) -> float:
    return (ratio.high - ratio.low) / ratio.median


class _Turn:
    """A few calls of what is timed, then a few of each reference."""

    def __init__(self, call: Call, seconds: float, references: Mapping[str, Call], clock: Clock) -> None:
        self._call, self._references, self._clock = call, references, clock
        theirs = (CALLS + REFILL) * sum(self._seconds(one) for one in references.values())
        least = SHARE / (1 - SHARE) * theirs
        self._refill = REFILL if seconds < QUICK else 0
        self._calls = 1 if seconds > SLOW else max(CALLS, math.ceil(least / max(seconds, 1e-9)))

    def block(self, began: float, seconds: float) -> Block:
        """Return turns that take `seconds`; one at least."""
        times: list[float] = []
        turns: list[float] = []
        references: dict[str, list[float]] = {name: [] for name in self._references}
        start = self._clock()
        while not turns or self._clock() - start < seconds:
            mine = self._timed(self._call, self._refill, self._calls)
            times += mine
            turns.append(statistics.median(mine))
            for name, one in self._references.items():
                references[name].append(statistics.median(self._timed(one, REFILL, CALLS)))
        return Block(
            began=began,
            times=np.array(times),
            turns=np.array(turns),
            references={name: np.array(values) for name, values in references.items()},
        )

    def _seconds(self, reference: Call) -> float:
        return min(self._timed(reference, REFILL, CALLS))

    def _timed(self, call: Call, refill: int, count: int) -> list[float]:
        """Return the seconds of `count` calls, after some that do not count."""
        for _ in range(refill):
            call()
        times, before = [], self._clock()
        for _ in range(count):
            call()
            now = self._clock()
            times.append(now - before)
            before = now
        return times


def _warm(call: Call, protocol: Protocol, clock: Clock) -> float:
    """Call until the medians of LAST blocks agree, or a third of the time is over; twice at least. Return the last."""
    began, medians = clock(), []
    call()
    while True:
        medians.append(float(np.median(_block(call, protocol.block / 2, clock))))
        last = medians[-LAST:]
        settled = len(last) == LAST and max(last) - min(last) <= protocol.within * min(last)
        if settled or clock() - began > protocol.seconds / 3:
            return medians[-1]


def _block(call: Call, seconds: float, clock: Clock) -> Array:
    """Return the seconds of each of the calls that fill a block; one at least."""
    times: list[float] = []
    began = before = clock()
    while not times or before - began < seconds:
        call()
        now = clock()
        times.append(now - before)
        before = now
    return np.array(times)


def _percentile(times: Array, percent: int) -> float | None:
    return float(np.percentile(times, percent)) if len(times) * (100 - percent) >= 100 * TAIL else None
