"""Small pictures in characters: points in a plane, and a curve in one line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

BARS = "▁▂▃▄▅▆▇█"
DOMINATED, BEST = "·", "●"

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A plane in characters, and the values at the ends of its axes."""

    lines: Sequence[str]
    left: float
    right: float
    bottom: float
    top: float


def plane(points: Sequence[Point], best: Sequence[Point], width: int, height: int, most: float = math.inf) -> Drawn:
    """Return `width` x `height` characters with `points`, and those of them marked that are `best`.

    The axes span the best with a margin, or all points if there are not two, and `most` upwards: what lies outside is
    left out. The horizontal one is logarithmic if it spans more than a factor of ten.
    """
    spanned = best if len(set(best)) > 1 else [*points, *best]
    across, up = _Axis.of([x for x, _ in spanned], width), _Axis.of([y for _, y in spanned], height, may_log=False)
    up = replace(up, high=min(up.high, most))
    lines = [[" "] * width for _ in range(height)]
    for mark, group in ((DOMINATED, points), (BEST, best)):
        for x, y in group:
            column, row = across.cell(x), up.cell(y)
            if column is not None and row is not None:
                lines[height - 1 - row][column] = mark
    return Drawn(
        lines=["".join(line).rstrip() for line in lines],
        left=across.value(0), right=across.value(1), bottom=up.value(0), top=up.value(1),
    )  # fmt: skip


def curve(values: Sequence[float], width: int) -> str:
    """Return a line of at most `width` bars, from the least of the values to the greatest; the last ones if many."""
    shown = values[-width:]
    low, high = min(shown, default=0.0), max(shown, default=0.0)
    reach = (high - low) or 1.0
    return "".join(BARS[min(len(BARS) - 1, int(len(BARS) * (value - low) / reach))] for value in shown)


@dataclass(frozen=True, kw_only=True)
class _Axis:
    """An axis of some cells, with room around what it spans."""

    low: float
    high: float
    cells: int
    is_log: bool

    @classmethod
    def of(cls, values: Sequence[float], cells: int, *, may_log: bool = True) -> _Axis:
        is_log = may_log and min(values) > 0 and max(values) > 10 * min(values)
        scaled = [math.log(value) for value in values] if is_log else list(values)
        low, high = min(scaled), max(scaled)
        margin = 0.1 * (high - low) or 0.05 * abs(high) or 1.0
        return cls(low=low - margin, high=high + margin, cells=cells, is_log=is_log)

    def cell(self, value: float) -> int | None:
        """Return the cell of a value; None outside."""
        if self.is_log and value <= 0:
            return None
        share = ((math.log(value) if self.is_log else value) - self.low) / (self.high - self.low)
        return min(self.cells - 1, int(share * self.cells)) if 0 <= share <= 1 else None

    def value(self, share: float) -> float:
        """Return the value at a share of the axis."""
        there = self.low + share * (self.high - self.low)
        return math.exp(there) if self.is_log else there
