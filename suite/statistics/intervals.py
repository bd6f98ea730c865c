"""Intervals of a share that was seen on pictures."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
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


def paired(first: NDArray[np.bool_], second: NDArray[np.bool_], confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of the difference of two shares that were seen on the same pictures, `first` less `second`.

    Adjusted Wald interval (Bonett and Price, 2012, Journal of Educational and Behavioral Statistics 37, 479): one
    picture is added to each of the two kinds in which they differ.
    """
    z, pictures = float(ndtri(0.5 + confidence / 2)), len(first) + 2
    gained = (float(np.sum(first & ~second)) + 1) / pictures
    lost = (float(np.sum(~first & second)) + 1) / pictures
    half = z * math.sqrt((gained + lost - (gained - lost) ** 2) / pictures)
    return Interval(max(-1.0, gained - lost - half), min(1.0, gained - lost + half))
