"""Orders to the process that times: what it runs artefacts on, and which artefact it times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from suite.core.inputs import Sizes
from suite.machine.capacity import cached
from suite.timing.following import BEYOND, HELD, USUAL, Prior
from suite.timing.protocol import LEAST, PAUSED, ROW

CALLS = LEAST + 2  # least calls for one latency: one in each block, and two to warm up
WATCHED = 10.0  # seconds for which the references run alone, once on a device: they are at rest for a part of it


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What this process runs artefacts on."""

    path: str  # one of paths.PATHS
    threads: int
    processors: tuple[int, ...] = ()  # that it may run on; empty: as many as threads
    watched: float = WATCHED  # seconds for which the references run alone, where nobody knows what they take at rest
    references: Mapping[str, str]  # artefacts that are timed in turns with each network, by name


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be timed."""

    artefact: str
    batches: tuple[int, ...]  # ascending
    sizes: Mapping[str, Sizes] = field(default_factory=dict)  # of inputs whose size the artefact leaves free
    seconds: float  # after which no further block is begun
    longest: float  # seconds: skip a batch size if ten blocks would take longer
    rests: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # seconds of references at rest, by manner;
    # where there are none, watch the references first
    needs: Mapping[str, int] = field(default_factory=dict)  # bytes of activations, by batch, where they are known
    touches: Mapping[str, int] = field(default_factory=dict)  # bytes of weights and activations, in the same way
    readings: tuple[str, ...] = ()  # measures beside latency, keys of readings.READINGS
    before: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)  # others' blocks, by batch
    slopes: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # how it follows references, by batch
    left: int = 0  # further timings that follow, unless it is slow

    def prior(self, batch: int) -> Prior:
        """Return what to suppose of the network."""
        return supposed(self.touches.get(str(batch)))

    def manner(self, batch: int) -> str:
        """Return how to call references: in a row if a core's cache surely holds what a call touches."""
        return ROW if self.prior(batch) == HELD else PAUSED


def supposed(touched: int | None) -> Prior:
    """Return what to suppose of a network, by the cache that holds the bytes that a call touches; None: unknown."""
    if touched is None:
        return USUAL
    if touched <= cached(2):
        return HELD
    return BEYOND if 0 < cached(3) < touched else USUAL


def too_slow(seconds: float, longest: float) -> str:
    """Return why calls of this many seconds are not timed; empty if they are timed."""
    if seconds * CALLS <= longest:
        return ""
    return f"a call takes about {seconds:.3g} s: ten blocks would take longer than {longest:g} s (--longest)"
