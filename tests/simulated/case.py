"""One interval, or one statement, in simulated studies of one kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from suite.statistics.intervals import Interval

Random = np.random.Generator


class Seen(NamedTuple):
    """What one simulated study says, and what is true."""

    value: float
    interval: Interval
    truth: float


@dataclass(frozen=True, kw_only=True)
class Case:
    """One interval in studies of one kind."""

    name: str  # of the interval
    kind: str  # of the studies
    study: Callable[[Random], Iterable[Seen]]
    share: float = 1.0  # of the studies that are asked for: of some, fewer are affordable
