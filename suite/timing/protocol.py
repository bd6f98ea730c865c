"""How one call is timed: the protocol of every timing.

1.  The call is warmed up in blocks until the medians of the last three lie within the wanted precision of each other,
    or a third of the time is over: compilers, caches and clocks settle first.
2.  It is timed in turns with references, networks that never change: some calls of it, some probes of the references,
    and so on. The first calls of a turn do not count: the other networks have displaced its data from the processor's
    caches.
3.  The references are called where the network's data are. Those of most networks are in the cache that all processors
    share. There neighbours of the machine displace them between two calls. So in each probe the references are called
    once, from a second cache that was emptied and after a pause, in which neighbours displaced the references' data
    too. The data of a small network stay in the second cache of its core, which no neighbour uses. Beside it the
    references are called in a row, and stay there too (`benchmarks/references.py` compares both).
4.  The latency is what the call takes when the references are at rest on this device, on the line of its times over
    theirs (`following`). The median of the calls themselves is kept beside it. Without references that median is the
    latency.
5.  Neighbouring turns resemble each other (the machine is busy for a while, the clock changes), so an interval
    resampled from single turns would be too narrow. Whole blocks of turns are resampled. Differences between processes,
    such as where their memory lies, and between minutes show in no turn: a call may be timed several times, and what
    still is unknown of such differences is added to the interval.
6.  Timing ends when there are ten blocks and the 95 % interval of the latency is within the wanted precision of it. One
    of several timings does its share of these blocks, and ends when all together would reach nine tenths of that
    precision if the others were as precise. If the time is over first, the latency is called unstable, and the interval
    says how unsure it is.

Nothing else is left out: no slow call, no slow block.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from suite.core.measures import WITHIN
from suite.timing.blocks import MOMENT, Array, Block, moments
from suite.timing.following import USUAL, Prior
from suite.timing.judging import Latency, judged, timings

Call = Callable[[], object]
Clock = Callable[[], float]

LEAST = 10  # blocks
LAST = 3  # blocks of the warm-up that must agree
CALLS = 8  # least calls of a turn; fewer if they would take longer than the longest turn
TURN = (0.02, 0.05)  # seconds of a turn of the timed call: shortest, longest
COLD = 0.3  # first part of a turn's seconds, whose calls do not count
SHARE = 0.5  # seconds of probes for each of the timed call, but for the first probe
ENOUGH = 0.9  # of the wanted precision, where several timings end: at the first moment within it they would end by luck
PAUSE = 0.003  # seconds from one probe to the next: what a small network takes
ROW, PAUSED = "in a row", f"after {1e3 * PAUSE:g} ms"  # the manners of calling references
FILLING = np.ones(2**18)  # 2 MB that are read before each probe, to empty the second cache of a processor's core


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How exactly a call is timed, and for how long at most."""

    seconds: float = 30.0  # of the whole timing; blocks of slow calls may take longer
    block: float = 0.5  # seconds of each block
    within: float = WITHIN  # wanted: half the interval, as a part of the latency
    manner: str = PAUSED  # of calling references

    @classmethod
    def of(cls, seconds: float, manner: str = PAUSED) -> Protocol:
        """Return the protocol for this many seconds: below ten, blocks are shorter."""
        return cls(seconds=seconds, block=min(0.5, seconds / (2 * LEAST)), manner=manner)

    def is_slow(self, seconds: float) -> bool:
        """Whether so few calls of this many seconds can be timed that one timing has to have them all."""
        return LEAST * seconds > self.seconds


def latency(
    call: Call,
    protocol: Protocol,
    *,
    references: Mapping[str, Call] | None = None,
    rests: Mapping[str, float] | None = None,
    before: Sequence[Block] = (),
    left: int = 0,
    prior: Prior = USUAL,
    clock: Clock = time.perf_counter,
) -> Latency:
    """Time `call` by the protocol above; it must return only when its answer is there.

    `rests` are the seconds of references at rest; for a reference that is missing there, this timing itself finds them.
    `before` are blocks of earlier timings of the same call, to which this one adds; `left` more timings follow, but
    not of a slow call: this timing has their seconds too. `prior` is what is known of how it follows the references.
    """
    began = clock()
    seconds = _warm(call, protocol, clock)
    turns = _Turns(call, seconds, references or {}, clock, protocol.manner)
    number = max((block.timing for block in before), default=-1) + 1
    known = timings(before)
    is_slow = protocol.is_slow(seconds)
    wanted, limit = known + 1 + (0 if is_slow else left), protocol.seconds * (1 + left if is_slow else 1)
    least = -(-LEAST // wanted)
    blocks: list[Block] = list(before)
    while True:
        blocks.append(turns.block(number, clock() - began, protocol.block))
        if len(blocks) - len(before) < least:
            continue
        is_over = clock() - began > limit
        found = judged(blocks, protocol.within, rests or {}, prior)
        enough = protocol.within * (ENOUGH if wanted > 1 else 1)
        if is_over or found.half * math.sqrt((known + 1) / wanted) <= enough:
            return found


def watched(
    references: Mapping[str, Call], seconds: float, manner: str = PAUSED, clock: Clock = time.perf_counter
) -> dict[str, list[float]]:
    """Return the seconds of each reference in every half second, while only references run for `seconds`."""
    first, *_ = references.values()
    began, turns = clock(), _Turns(first, PAUSE, references, clock, manner)
    blocks: list[Block] = []
    while clock() - began < seconds:
        blocks.append(turns.block(0, clock() - began, MOMENT))
    return moments(blocks)


class _Turns:
    """Turns: some calls of the timed network, some probes of the references, and so on."""

    def __init__(
        self, call: Call, seconds: float, references: Mapping[str, Call], clock: Clock, manner: str = PAUSED
    ) -> None:
        """`seconds` is about the time of one call."""
        self._probed = {ROW: in_a_row, PAUSED: probed}[manner]
        shortest, longest = TURN
        self._seconds = min(longest, max(shortest, CALLS * seconds))
        self._call, self._references, self._clock = call, references, clock

    def block(self, timing: int, began: float, seconds: float) -> Block:
        """Return the turns that fill `seconds`; one at least."""
        times: list[Array] = []
        references: dict[str, list[float]] = {name: [] for name in self._references}
        start = self._clock()
        while not times or self._clock() - start < seconds:
            began_turn = self._clock()
            times.append(turn(self._call, self._seconds, self._clock))
            share = SHARE * (self._clock() - began_turn)
            for name, median in self._probed(self._references, share, self._clock).items():
                references[name].append(median)
        return Block(
            began=began,
            timing=timing,
            times=np.concatenate(times),
            turns=np.array([np.median(turn) for turn in times]),
            references={name: np.array(values) for name, values in references.items()},
        )


def probed(references: Mapping[str, Call], seconds: float, clock: Clock = time.perf_counter) -> dict[str, float]:
    """Return the median seconds of each reference in probes that fill `seconds`, each after a pause.

    The first probe does not count, as its pause was the turn of the timed call.
    """
    if not references:  # nothing is emptied for nobody
        return {}
    _probe(references, clock)
    began = clock()
    seen: list[dict[str, float]] = []
    while not seen or clock() - began < seconds:
        seen.append(_probe(references, clock))
    return {name: float(np.median([one[name] for one in seen])) for name in references}


def in_a_row(references: Mapping[str, Call], seconds: float, clock: Clock = time.perf_counter) -> dict[str, float]:
    """Return the median seconds of each reference in turns that fill `seconds`, as the turns of a network."""
    return {name: float(np.median(turn(one, seconds / len(references), clock))) for name, one in references.items()}


def _probe(references: Mapping[str, Call], clock: Clock) -> dict[str, float]:
    """Return the seconds of a call of each reference, one after another and before a pause."""
    began = clock()
    FILLING.sum()
    seen = {name: _seconds(one, clock) for name, one in references.items()}
    while clock() - began < PAUSE:
        pass
    return seen


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
    began = clock()
    while not times or clock() - began < seconds:
        times.append(_seconds(call, clock))
    return np.array(times)


def _seconds(call: Call, clock: Clock) -> float:
    began = clock()
    call()
    return clock() - began
