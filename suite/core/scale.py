"""One scale for latencies of one device: all are multiples of what the same references take at rest."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

References = TypeVar("References", bound=Hashable)


def latest(told: Iterable[tuple[References, str, float]]) -> dict[References, float]:
    """Return the rest of each set of references, of (references, when, rest): the latest, which is known best."""
    return {references: rest for references, _, rest in sorted(told, key=lambda one: one[1])}
