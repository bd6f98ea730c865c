"""How networks follow the references on this device: kept between runs, and known better after each.

A machine may be busy alike for all of a timing. Then nothing shows how the network follows the references, unless an
earlier timing has shown it. What is kept of a network are two sums for each batch size, for `following.Prior.seen`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suite.timing import kept

MOST = 400.0  # sum of squares that is kept, so that the latest timings count: a slope that is known to 0.05

Sums = dict[str, tuple[float, float]]  # of products and of squares, by batch size or by name
NOTHING: dict[str, Sums] = {}


def known(file: Path, place: str, name: str) -> Sums:
    """Return what is known of the network `name` in `place`; empty if nothing is."""
    return kept.read(file, place, _networks, NOTHING).get(name, {})


def learned(file: Path, place: str, name: str, seen: Mapping[str, tuple[float, float]]) -> None:
    """Add what a timing has `seen` of the network `name` in `place`."""

    def added(networks: dict[str, Sums]) -> dict[str, Sums]:
        before = networks.get(name, {})
        sums = {batch: together(before.get(batch, (0.0, 0.0)), more, MOST) for batch, more in seen.items()}
        return networks | {name: before | sums}

    kept.change(file, place, _networks, NOTHING, added)


def together(before: tuple[float, float], more: tuple[float, float], most: float) -> tuple[float, float]:
    """Return the sums of products and squares of two timings, at most a sum of squares of `most`."""
    products, squares = (one + other for one, other in zip(before, more, strict=True))
    factor = min(1.0, most / squares) if squares else 1.0
    return factor * products, factor * squares


def _networks(read: Any) -> dict[str, Sums]:
    return {
        name: {batch: (float(products), float(squares)) for batch, (products, squares) in sums.items()}
        for name, sums in read.items()
    }
