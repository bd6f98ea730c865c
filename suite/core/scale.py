"""One scale for the latencies of a device: all are multiples of the references' time at rest."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

References = TypeVar("References", bound=Hashable)


def latest(told: Iterable[tuple[References, str, float]]) -> dict[References, float]:
    """Return the latest, so best known, rest of each set of references from (references, when, rest)."""
    return {references: rest for references, _, rest in sorted(told, key=lambda one: one[1])}


def factor(rest: float, to: float, follows: float | None) -> float:
    """Return by how much a latency grows when its references rest at `to` milliseconds in place of `rest`.

    It `follows` a power of their time: 1 where none is recorded, as a latency was a plain multiple of it.
    """
    return float((to / rest) ** (1.0 if follows is None else follows))
