"""Whether a network is as often right as it says."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

Array = NDArray[np.float64]

BINS = 15  # as in Guo et al., 2017


class Reliability(NamedTuple):
    """The pictures in bins of equal width by the probability that was named for them."""

    said: Array  # mean probability of each bin that has pictures
    right: Array  # share of its pictures that are right
    pictures: NDArray[np.int64]  # how many it has

    @property
    def error(self) -> float:
        """The expected calibration error: the mean distance between what is said and what is right."""
        return float(np.average(np.abs(self.said - self.right), weights=self.pictures))


def reliability(said: Array, right: NDArray[np.bool_], bins: int = BINS) -> Reliability:
    """Return the reliability of probabilities `said` [N] of classes that are `right` [N] or not.

    Guo et al., On Calibration of Modern Neural Networks, ICML 2017, section 2.
    """
    place = np.minimum((np.asarray(said) * bins).astype(int), bins - 1)
    pictures = np.bincount(place, minlength=bins)
    used = pictures > 0
    sums = (np.bincount(place, weights=np.asarray(values, dtype=float), minlength=bins) for values in (said, right))
    means, shares = (total[used] / pictures[used] for total in sums)
    return Reliability(means, shares, pictures[used])


def temperature(logits: Array, labels: NDArray[np.int64]) -> float:
    """Return the number by which to divide `logits` [N, C] so that the cross-entropy with `labels` [N] is least.

    It is between 1/20 and 20 (Guo et al., 2017, section 4.2).
    """
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(logits / np.exp(log_temperature), axis=1)[rows, labels].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-np.log(20), np.log(20)), method="bounded").x))
