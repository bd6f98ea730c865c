"""Intervals of a share that was seen on pictures."""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy.special import ndtri

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """Both ends of an interval."""

    low: float
    high: float


def wilson(share: float, pictures: float, confidence: float = CONFIDENCE) -> Interval:
    """Return the score interval of a share seen on `pictures` independent pictures (Wilson, 1927, JASA 22, 209).

    `pictures` may be a fraction: as many as would give the share's variance.
    """
    z = float(ndtri(0.5 + confidence / 2))
    shrink = 1 + z * z / pictures
    middle = (share + z * z / (2 * pictures)) / shrink
    half = z / shrink * math.sqrt(share * (1 - share) / pictures + (z / (2 * pictures)) ** 2)
    return Interval(max(0.0, middle - half), min(1.0, middle + half))
