"""Intervals of a share that was seen on pictures."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

CONFIDENCE = 0.95
MANY = 1e9  # degrees of freedom with which Student's t is the normal distribution
HALVINGS = 50  # of the scale of differences: until they are exact


class Interval(NamedTuple):
    """Both ends of an interval."""

    low: float
    high: float


def wilson(share: float, pictures: float, confidence: float = CONFIDENCE, freedom: float = math.inf) -> Interval:
    """Return the score interval of a share seen on `pictures` independent pictures (Wilson, 1927, JASA 22, 209).

    `pictures` may be a fraction: as many as would give the share's variance. If that was estimated, `freedom` are its
    degrees of freedom.
    """
    z = float(stdtrit(min(freedom, MANY), 0.5 + confidence / 2))
    shrink = 1 + z * z / pictures
    middle = (share + z * z / (2 * pictures)) / shrink
    half = z / shrink * math.sqrt(share * (1 - share) / pictures + (z / (2 * pictures)) ** 2)
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def paired(first: NDArray[np.bool_], second: NDArray[np.bool_], confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of the difference of two shares that were seen on the same pictures, `first` less `second`.

    It is the score interval (Tango, Statistics in Medicine 17, 1998): the differences that a score test does not
    refuse. Zero is outside of it if and only if McNemar's test, without a correction, tells the two apart.
    """
    won, lost, pictures = int((first & ~second).sum()), int((~first & second).sum()), len(first)
    z, seen = float(ndtri(0.5 + confidence / 2)), (won - lost) / pictures

    def score(difference: float) -> float:
        spread = _spread(won, lost, pictures, difference)
        apart = won - lost - pictures * difference
        return apart / math.sqrt(spread) if spread > 0 else math.copysign(math.inf, apart)

    return Interval(*(farthest(score, seen, end, z) for end in (-1.0, 1.0)))


def _spread(won: int, lost: int, pictures: int, difference: float) -> float:
    """Return the variance of `won` less `lost`, if the true difference were `difference` (Tango's equation 8)."""
    linear = (2 * pictures - won + lost) * difference - won - lost
    fixed = -lost * difference * (1 - difference)
    lost_if = (math.sqrt(max(0.0, linear**2 - 8 * pictures * fixed)) - linear) / (4 * pictures)
    return pictures * (2 * lost_if + difference * (1 - difference))


def farthest(score: Callable[[float], float], seen: float, end: float, z: float) -> float:
    """Return the difference, from that which was `seen` towards an end of the scale, at which the score is `z`."""
    inner, outer = seen, end
    for _ in range(HALVINGS):
        middle = (inner + outer) / 2
        inner, outer = (middle, outer) if abs(score(middle)) < z else (inner, middle)
    return inner
