"""What the process that times is told: on what it runs artefacts, and which of them it times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from suite.timing.protocol import LEAST

CALLS = LEAST + 2  # that a number takes at least: its blocks, and two to warm up


@dataclass(frozen=True, kw_only=True)
class Setup:
    """On what this process runs artefacts."""

    path: str  # one of paths.PATHS
    threads: int
    references: Mapping[str, str]  # artefacts of what is timed in turns with each, by name


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be timed."""

    artefact: str
    batches: tuple[int, ...]  # ascending
    seconds: float  # after which no further block is begun
    longest: float  # seconds: skip a batch size if ten blocks would take longer
    rests: Mapping[str, float] = field(default_factory=dict)  # seconds of references at rest; empty: they are watched
    needs: tuple[int, ...] = ()  # bytes of activations of each batch size; 0 where they are not known
    readings: tuple[str, ...] = ()  # measures beside latency, keys of readings.READINGS
    again: bool = False  # whether it adds to what this process measured of the artefact before


def too_slow(seconds: float, longest: float) -> str:
    """Return why calls of so many seconds are not timed; empty where they are."""
    if seconds * CALLS <= longest:
        return ""
    return f"a call takes about {seconds:.3g} s: ten blocks would take longer than {longest:g} s (--longest)"
