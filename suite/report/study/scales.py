"""Axes of numbers: how far they reach, and where their ticks are, so that no two numbers touch."""

from __future__ import annotations

import math

from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, Locator, MaxNLocator, NullFormatter, NullLocator

from suite.report import phrases

ROOM = 0.06  # of its length, beyond both ends of what an axis shows
NARROW = 3.0  # a logarithmic axis of less than this factor has the ticks of a linear one


def with_room(low: float, high: float, *, log: bool = False) -> tuple[float, float]:
    """Return the ends of an axis that shows `low` to `high`."""
    if log:
        room = max(1.02, (high / low) ** ROOM) if high > low else 1.5
        return low / room, high * room
    room = ROOM * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def ticks(axis: Axis, *, log: bool, most: int) -> None:
    """Give an axis, whose ends are known, at most some `most` ticks with short numbers."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(_locator(low, high, log=log, most=most))
    axis.set_major_formatter(FuncFormatter(lambda value, _: phrases.short(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def _locator(low: float, high: float, *, log: bool, most: int) -> Locator:
    if not log or high < NARROW * low:
        return MaxNLocator(nbins=most - 1, steps=[1, 2, 5, 10])
    return FixedLocator(_powers(low, high, most))


def _powers(low: float, high: float, most: int) -> list[float]:
    """Return 1, 2 and 5 times the powers of ten, or fewer of them if that would be more than `most`."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for parts, every in (((1, 2, 5), 1), ((1, 3), 1), *(((1,), every) for every in range(1, last - first + 2))):
        powers = range(first, last + 1, every)
        found = [float(f"{part}e{power}") for power in powers for part in parts if low <= part * 10.0**power <= high]
        if len(found) <= most:
            return found
    return []
