"""How long one call takes, and how sure that is: the protocol of every timing.

1.  The call is warmed up in blocks until the medians of the last three lie within the wanted precision of each other,
    or a third of the time is over: compilers, caches and clocks settle first.
2.  It is timed in turns with references, networks that never change: some calls of it, some of each reference, and so
    on. Other work of the machine slows them all. The first calls of a turn do not count: the other networks have
    displaced its data from the processor's caches.
3.  A turn's ratio is its time as a multiple of the references' time (their geometric mean). The latency is the median
    of the ratios over all turns, times the references' time at rest on this device. The median of the calls themselves
    is kept beside it. Without references that median is the latency.
4.  Neighbouring turns resemble each other (the machine is busy for a while, the clock changes), so an interval
    resampled from single turns would be too narrow. Whole blocks of turns are resampled. Differences between processes,
    such as where their memory lies, show in no turn: they are added to the interval.
5.  Timing ends when there are ten blocks and the 95 % interval of the latency is within the wanted precision of it.
    If the time is over first, the latency is called unstable, and the interval says how unsure it is.

Nothing else is left out: no slow call, no slow block.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from suite.core.measures import WITHIN
from suite.timing.interval import interval

Array = NDArray[np.float64]
Call = Callable[[], object]
Clock = Callable[[], float]

LEAST = 10  # blocks
LAST = 3  # blocks of the warm-up that must agree
CALLS = 8  # least calls of a turn; fewer if they would take longer than the longest turn
TURN = (0.02, 0.05)  # seconds of a turn of the timed call: shortest, longest
OTHERS = 0.01  # seconds of a turn of each reference
COLD = 0.3  # first part of a turn's seconds, whose calls do not count
MOMENT = 0.5  # seconds over which a reference's median is taken
SPELL = 10  # moments that are judged together: five seconds of quiet are enough to know what rest is
PROCESSES = 0.012  # relative standard deviation between processes that time the same (`benchmarks/latency.py`)
SURE = 1.96  # standard deviations of a 95 % interval
TAIL = 10  # calls that must lie beyond a percentile for it to be reported


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How exactly a call is timed, and for how long at most."""

    seconds: float = 30.0  # of the whole timing; blocks of slow calls may take longer
    block: float = 0.5  # seconds of each block
    within: float = WITHIN  # wanted: half the interval, as a part of the latency

    @classmethod
    def of(cls, seconds: float) -> Protocol:
        """Return the protocol for this many seconds: below ten, blocks are shorter."""
        return cls(seconds=seconds, block=min(0.5, seconds / (2 * LEAST)))


@dataclass(frozen=True, kw_only=True)
class Block:
    """Consecutive turns."""

    began: float  # seconds since the start
    times: Array  # [calls] seconds of each call that counts
    turns: Array  # [turns] seconds of a call, the median of each turn
    references: Mapping[str, Array] = field(default_factory=dict)  # [turns] the same for each reference

    @property
    def yardstick(self) -> Array:
        """[turns] geometric mean of the references' seconds."""
        return np.exp(np.mean([np.log(seconds) for seconds in self.references.values()], axis=0))


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """The time of a call as a multiple of the references' time."""

    references: str  # their names, with a plus between them
    median: float
    rest: float  # milliseconds of the references at rest, their geometric mean


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Milliseconds of one call."""

    median: float  # ratio times the references' time at rest; without references `raw`
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
    def is_stable(self) -> bool:
        """Whether the interval is as narrow as wanted."""
        return self.high - self.low <= 2 * self.within * self.median

    @property
    def drift(self) -> float | None:
        """Percent by which the references were slower in their slowest block than in their fastest."""
        seen = self.reference_medians
        return 100 * (max(seen) / min(seen) - 1) if seen else None

    @property
    def reference_medians(self) -> list[float]:
        """Median of the references in each block, milliseconds; empty without references."""
        return [1e3 * float(np.median(block.yardstick)) for block in self.blocks] if self.ratio else []


def latency(
    call: Call,
    protocol: Protocol,
    *,
    references: Mapping[str, Call] | None = None,
    rests: Mapping[str, float] | None = None,
    before: tuple[Block, ...] = (),
    clock: Clock = time.perf_counter,
) -> Latency:
    """Time `call` by the protocol above; it must return only when its answer is there.

    `rests` are the seconds of references at rest; for a reference that is missing there, this timing itself finds them.
    `before` are blocks of an earlier timing of the same call, to which this one adds.
    """
    began = clock()
    turns = _Turns(call, _warm(call, protocol, clock), references or {}, clock)
    blocks: list[Block] = list(before)
    while True:
        blocks.append(turns.block(clock() - began, protocol.block))
        if len(blocks) - len(before) < LEAST:
            continue
        found = judged(blocks, protocol.within, rests or {})
        if found.is_stable or clock() - began > protocol.seconds:
            return found


def judged(blocks: Sequence[Block], within: float, rests: Mapping[str, float]) -> Latency:
    """Return the latency that blocks show; they also show the rest of a reference that is missing in `rests`."""
    times = np.concatenate([block.times for block in blocks])
    ratio, raw = None, 1e3 * float(np.median(times))
    if blocks[0].references:
        low, median, high = interval([block.turns / block.yardstick for block in blocks], alike=0.0)
        known = {name: at_rest(seen) for name, seen in moments(blocks).items()} | dict(rests)
        rest = 1e3 * math.prod(known[name] for name in blocks[0].references) ** (1 / len(blocks[0].references))
        ratio = Ratio(references="+".join(blocks[0].references), median=median, rest=rest)
        low, median, high = rest * low, rest * median, rest * high
        unseen = math.hypot(SURE * PROCESSES, _disagreement(blocks, known))
    else:
        low, median, high = (1e3 * end for end in interval([block.times for block in blocks]))
        unseen = SURE * PROCESSES
    return Latency(
        median=median,
        low=median / math.exp(math.hypot(math.log(median / low), unseen)),
        high=median * math.exp(math.hypot(math.log(high / median), unseen)),
        raw=raw,
        within=within,
        p90=_percentile(median / raw * 1e3 * times, 90),
        p99=_percentile(median / raw * 1e3 * times, 99),
        ratio=ratio,
        blocks=tuple(blocks),
    )


def _disagreement(blocks: Sequence[Block], rests: Mapping[str, float]) -> float:
    """Return the relative difference of the latency if the network followed only one of the references.

    A busy machine does not slow the references alike, and nobody knows which of them the network follows.
    """
    slowed = [
        math.log(float(np.median(np.concatenate([block.references[name] for block in blocks]))) / rests[name])
        for name in blocks[0].references
    ]
    return math.expm1((max(slowed) - min(slowed)) / 2)


def at_rest(seen: Sequence[float]) -> float:
    """Return the seconds of a reference at rest: the lower quartile of `moments` in a quiet spell.

    The minimum would be luck, and fall the longer one measures. The quartile of all moments would be that of a machine
    which was busy for most of the time.
    """
    spells = np.array_split(np.asarray(seen), max(1, len(seen) // SPELL))
    return float(np.quantile([np.quantile(spell, 0.25) for spell in spells], 0.1, method="lower"))


def moments(blocks: Sequence[Block]) -> dict[str, list[float]]:
    """Return the seconds of each reference in every half second: the median of its turns."""
    parts: dict[int, list[Block]] = {}
    for block in blocks:
        parts.setdefault(int(block.began / MOMENT), []).append(block)
    return {
        name: [float(np.median(np.concatenate([one.references[name] for one in part]))) for part in parts.values()]
        for name in blocks[0].references
    }


def watched(references: Mapping[str, Call], seconds: float, clock: Clock = time.perf_counter) -> dict[str, list[float]]:
    """Return the seconds of each reference in every half second, while only references run for `seconds`."""
    first, *_ = references.values()
    began, turns = clock(), _Turns(first, OTHERS, references, clock)
    blocks: list[Block] = []
    while clock() - began < seconds:
        blocks.append(turns.block(clock() - began, MOMENT))
    return moments(blocks)


class _Turns:
    """Turns: some calls of the timed network, some of each reference, and so on."""

    def __init__(self, call: Call, seconds: float, references: Mapping[str, Call], clock: Clock) -> None:
        """`seconds` is about the time of one call."""
        shortest, longest = TURN
        others = OTHERS * len(references)
        self._seconds = max(others, min(longest, max(shortest, CALLS * seconds)))
        self._call, self._references, self._clock = call, references, clock

    def block(self, began: float, seconds: float) -> Block:
        """Return the turns that fill `seconds`; one at least."""
        times: list[Array] = []
        references: dict[str, list[float]] = {name: [] for name in self._references}
        start = self._clock()
        while not times or self._clock() - start < seconds:
            times.append(turn(self._call, self._seconds, self._clock))
            for name, one in self._references.items():
                references[name].append(float(np.median(turn(one, OTHERS, self._clock))))
        return Block(
            began=began,
            times=np.concatenate(times),
            turns=np.array([np.median(turn) for turn in times]),
            references={name: np.array(values) for name, values in references.items()},
        )


def turn(call: Call, seconds: float, clock: Clock = time.perf_counter) -> Array:
    """Return the seconds of each call in a turn, except those that begin while it is cold."""
    times = _filled(call, seconds, clock)
    counts = np.cumsum(times) - times >= COLD * seconds
    return times[counts] if counts.any() else times[-1:]


def _warm(call: Call, protocol: Protocol, clock: Clock) -> float:
    """Call, at least twice, until the medians of LAST blocks agree or a third of the time is over; return the last."""
    began, medians = clock(), []
    call()
    while True:
        medians.append(float(np.median(_filled(call, protocol.block / 2, clock))))
        last = medians[-LAST:]
        settled = len(last) == LAST and max(last) - min(last) <= protocol.within * min(last)
        if settled or clock() - began > protocol.seconds / 3:
            return medians[-1]


def _filled(call: Call, seconds: float, clock: Clock) -> Array:
    """Return the seconds of each call, of calls that fill `seconds`; one at least."""
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
