"""Whether a candidate keeps a limit: surely, only by the median of its measurement, or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from suite.core.measures import interval, is_stable
from suite.core.study import Constraint

Standing = Literal["surely", "by the median", "missed"]
STANDINGS: tuple[Standing, ...] = ("surely", "by the median", "missed")  # the best first


def standing(measures: Mapping[str, float], limit: Constraint) -> Standing:
    """Return how `measures` stand to `limit`; they must hold its measure.

    `surely`: the whole interval is within. `by the median`: the value is within, but its interval reaches beyond.
    """
    low, high = interval(measures, limit.measure)
    if limit.excess(high if limit.at_most is not None else low) <= 0:
        return "surely"
    return "by the median" if limit.excess(measures[limit.measure]) <= 0 else "missed"


def is_open(measures: Mapping[str, float], limit: Constraint) -> bool:
    """Whether the interval of a measure lies on both sides of its limit."""
    sides = {limit.excess(end) <= 0 for end in interval(measures, limit.measure)}
    return len(sides) == 2


def hangs(measures: Mapping[str, float], limit: Constraint) -> bool:
    """Whether a known measure leaves open if its limit is kept: its interval is wide, and on both sides of it."""
    return limit.measure in measures and not is_stable(measures, limit.measure) and is_open(measures, limit)


def worst(measures: Mapping[str, float], limits: Iterable[Constraint]) -> Standing:
    """Return the worst standing to any of `limits`; unknown measures are skipped."""
    found = [standing(measures, limit) for limit in limits if limit.measure in measures]
    return max(found, key=STANDINGS.index, default="surely")


def unsure(measures: Mapping[str, float], limits: Iterable[Constraint]) -> list[Constraint]:
    """Return the limits that are met by the median only."""
    return [limit for limit in limits if limit.measure in measures and standing(measures, limit) == "by the median"]
