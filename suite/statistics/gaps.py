"""How far two trials are apart on the same pictures, and what it would take to know it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from suite.statistics.intervals import CONFIDENCE, Interval, paired
from suite.statistics.pairs import LEVEL
from suite.statistics.seeds import BETTER

Mask = NDArray[np.bool_]

POWER = 0.8  # with which a difference that is there is to be found


class Gap(NamedTuple):
    """By how much one trial is better than another, a share of the pictures, with its interval."""

    value: float
    interval: Interval

    @property
    def is_sure(self) -> bool:
        """Whether the interval is on one side of zero."""
        return self.interval.low > 0 or self.interval.high < 0


def gap(right: Mask, than: Mask, confidence: float = CONFIDENCE) -> Gap:
    """Return by how much the trial with the answers `right` [N] is better than that with the answers `than` [N].

    The interval is the score interval of paired shares (`intervals.paired`). Between neighbours on a front, which were
    chosen by these pictures, it holds 94 to 99 % of the truths in simulated studies (benchmarks/coverage.py).
    """
    return Gap(float(right.mean() - than.mean()), paired(right, than, confidence))


def pictures_needed(right: Mask, than: Mask, level: float = LEVEL, power: float = POWER) -> float:
    """Return how many pictures McNemar's test needs to find the difference of two trials, if it is as seen.

    Infinite if they are equally good. Connor, 1987, Biometrics 43, 207, equation 3.
    """
    differ, apart = float((right != than).mean()), float(right.mean() - than.mean())
    if apart == 0:
        return math.inf
    error, missed = float(ndtri(1 - level / 2)), float(ndtri(power))
    return math.ceil((error * math.sqrt(differ) + missed * math.sqrt(differ - apart**2)) ** 2 / apart**2)


def trainings_needed(chance: float = BETTER, level: float = LEVEL) -> int:
    """Return how many trainings of each of two networks tell that one is better with the probability `chance`.

    Both errors are `level`. 29 for 0.75 (Noether, 1987, JASA 82, 645; Bouthillier et al., MLSys 2021, section 4).
    """
    z = 2 * float(ndtri(1 - level))
    return math.ceil(z**2 / (6 * (0.5 - chance) ** 2))
