"""How much of what differs between trials each of their settings explains, and what it buys for its cost.

Settings are columns of numbers [N trials, D] each, see `levels` and `curve`. The model is additive: a value is a sum of
what each setting adds. What settings do only together counts as what none explains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import expit, fdtr, logit, ndtri, stdtrit

from suite.statistics.intervals import CONFIDENCE, Interval

Array = NDArray[np.float64]

FREEDOM = 5  # fewest degrees of freedom that are left to tell what settings explain from noise
MOVES = 0.15  # doublings: a setting whose cost differs less moves no cost


def levels(values: Sequence[object]) -> Array:
    """Return columns [N, levels - 1] of a setting with a few values without an order.

    Trials without it, None, have zeros: what it is worth is judged among those that have it.
    """
    known = list(dict.fromkeys(value for value in values if value is not None))
    columns = np.array([[float(value == level) for level in known[1:]] for value in values])
    return _among(columns.reshape(len(values), len(known) - 1), values)


def curve(values: Sequence[float | None]) -> Array:
    """Return columns [N, 1 or 2] of a numeric setting: a line, and from three different values on a parabola.

    Trials without it, None, have zeros, as in `levels`.
    """
    known = np.array([np.nan if value is None else value for value in values])
    scaled = np.nan_to_num((known - np.nanmean(known)) / (np.nanstd(known) or 1.0))
    return _among(np.column_stack([scaled, scaled**2] if len(set(values) - {None}) > 2 else [scaled]), values)


def _among(columns: Array, values: Sequence[object]) -> Array:
    """Return columns that are zero on average of the trials that have a value, and zero for the others."""
    there = np.array([value is not None for value in values])
    return np.where(there[:, None], columns - columns[there].mean(axis=0), 0.0)


class Share(NamedTuple):
    """The share of the variance of a value that a setting explains."""

    value: float
    interval: Interval


@dataclass(frozen=True, eq=False)
class Fit:
    """An additive model of values by the columns of settings."""

    parts: list[Array]  # what each setting adds [N], on average nothing
    left: Array  # what no setting explains [N]
    freedom: int  # of the residuals
    sums: list[tuple[float, int]]  # of squares that each setting alone explains, with its degrees of freedom

    @property
    def noise(self) -> float:
        """The variance that no setting explains."""
        return float(self.left @ self.left) / self.freedom


def fit(columns: Sequence[Array], values: ArrayLike) -> Fit | None:
    """Return an additive model of `values` [N] by least squares; None if there are too few trials for one."""
    known = np.asarray(values, dtype=float)
    whole = _beside_one(columns)
    weights, left, rank = _solved(whole, known)
    if len(known) - rank < FREEDOM:
        return None
    places = np.repeat(np.arange(-1, len(columns)), [1, *(each.shape[1] for each in columns)])
    parts = [each @ weights[places == index] for index, each in enumerate(columns)]
    small = np.asarray(
        np.linalg.qr(np.column_stack([whole, known]), mode="r")
    )  # the same squares in as many rows as columns
    without = [_solved(small[:, :-1][:, places != index], small[:, -1]) for index in range(len(columns))]
    sums = [(float(more @ more - left @ left), rank - fewer) for _, more, fewer in without]
    return Fit([part - part.mean() for part in parts], left, len(known) - rank, sums)


def _beside_one(columns: Sequence[Array]) -> Array:
    return np.column_stack([np.ones(len(columns[0]) if columns else 0), *columns])


def _solved(columns: Array, values: Array) -> tuple[Array, Array, int]:
    """Return the weights of columns, the residuals and the rank."""
    weights, _, rank, _ = np.linalg.lstsq(columns, values, rcond=None)
    return np.asarray(weights, dtype=float), np.asarray(values - columns @ weights), int(rank)


def shares(columns: Sequence[Array], values: ArrayLike, confidence: float = CONFIDENCE) -> list[Share] | None:
    """Return the share of the variance of `values` [N] that each setting explains; None with too few trials.

    It is omega squared of an analysis of variance: the sum of squares that only this setting explains, less what chance
    would. Its interval has two parts: that of the noncentral F distribution (Steiger, Psychological Methods 9, 2004),
    and that other trials would have other settings, by the kurtosis of what each setting adds. benchmarks/coverage.py
    measures how often it holds the truth.
    """
    found = fit(columns, values)
    return _shares(found, confidence) if found else None


def _shares(found: Fit, confidence: float) -> list[Share]:
    own = [max(0.0, total - free * found.noise) / max(1, found.freedom + free) for total, free in found.sums]
    whole = sum(own) + found.noise
    if not whole > 0:
        return [Share(0.0, Interval(0.0, 0.0)) for _ in own]
    other = _other_trials(np.array([*own, found.noise]), found)
    return [_share(found, index, one, whole - one, other[index], confidence) for index, one in enumerate(own)]


def _other_trials(variances: Array, found: Fit) -> list[float]:
    """Return how much the logarithm of a part's odds varies because other trials would have other settings.

    `variances` are those that each setting adds, and the noise. Of each, the kurtosis of what it adds tells how much
    its own variance varies; of the noise, only what is more than a normal distribution has: the rest is told elsewhere.
    """
    spreads = np.array([*(max(0.0, _kurtosis(part) - 1) for part in found.parts), max(0.0, _kurtosis(found.left) - 3)])
    every, whole = spreads * variances**2, float(variances.sum())
    return [
        math.sqrt((spreads[one] + (every.sum() - every[one]) / (whole - variances[one]) ** 2) / len(found.left))
        for one in range(len(variances) - 1)
    ]


def _kurtosis(values: Array) -> float:
    variance = float((values**2).mean())
    return float((values**4).mean()) / variance**2 if variance > 1e-18 else 3.0


def _share(found: Fit, index: int, own: float, others: float, other: float, confidence: float) -> Share:
    """Return the share of a setting that adds the variance `own`, beside that of all `others`.

    Both parts of its interval are put together on the scale of log odds, where they are nearly symmetric.
    """
    total, free = found.sums[index]
    value, wider = own / (own + others), float(ndtri(0.5 + confidence / 2)) * other
    if not free or not found.noise > 0 or not others > 0:
        return Share(value, Interval(_odds(value, -wider), _odds(value, wider)))
    ratio, tail = total / free / found.noise, (1 - confidence) / 2
    low, high = (
        _noncentral(ratio, free, found.freedom, end) * found.noise / (found.freedom + free) for end in (1 - tail, tail)
    )
    if not own > 0:
        return Share(0.0, Interval(0.0, high / (high + others)))
    below = math.hypot(math.log(own / low), wider) if low > 0 else math.inf
    return Share(value, Interval(_odds(value, -below), _odds(value, math.hypot(max(0.0, math.log(high / own)), wider))))


def _odds(share: float, change: float) -> float:
    """Return a share whose log odds are changed."""
    return float(expit(logit(share) + change))


def _noncentral(ratio: float, free: int, freedom: int, share: float) -> float:
    """Return the noncentrality at which `share` of all F ratios are below `ratio`; 0 if that is so without any.

    By the square roots of Laubscher (Annals of Mathematical Statistics 31, 1960): exact within 1.5 points of the share.
    """
    if fdtr(free, freedom, max(0.0, ratio)) <= share:
        return 0.0

    def above(value: float) -> float:
        spread = (free + 2 * value) / (free + value)
        seen = math.sqrt((2 * freedom - 1) * free / freedom * ratio) - math.sqrt(2 * (free + value) - spread)
        return seen / math.sqrt(free / freedom * ratio + spread) - float(ndtri(share))

    most = 10.0
    while above(most) > 0:
        most *= 4
    return float(brentq(above, 0, most)) if above(0) > 0 else 0.0


@dataclass(frozen=True, eq=False)
class Rates:
    """What a doubling of a cost buys when the cost grows through one setting or another."""

    settings: tuple[int, ...]  # those that move the cost
    values: Array  # of each of them
    covariance: Array
    freedom: int

    def interval(self, one: int, confidence: float = CONFIDENCE) -> Interval:
        """Return the interval of the rate at an index of `settings`."""
        return self._around(float(self.values[one]), float(self.covariance[one, one]), confidence)

    def apart(self, one: int, other: int, confidence: float = CONFIDENCE) -> Interval:
        """Return the interval of the difference of two rates."""
        both = self.covariance[one, one] + self.covariance[other, other] - 2 * self.covariance[one, other]
        return self._around(float(self.values[one] - self.values[other]), float(both), confidence)

    def _around(self, value: float, variance: float, confidence: float) -> Interval:
        half = float(stdtrit(self.freedom, 0.5 + confidence / 2)) * math.sqrt(max(0.0, variance))
        return Interval(value - half, value + half)


def rates(columns: Sequence[Array], values: ArrayLike, cost: ArrayLike, confidence: float = CONFIDENCE) -> Rates | None:
    """Return by how much `values` [N] grow when `cost` [N] doubles through each setting.

    None with too few trials, or if no setting surely moves the cost. First the logarithm of the cost is fitted: what
    each setting adds, in doublings, takes the place of its columns. The coefficients are least squares. Their
    covariance is HC3, right also where the noise is not everywhere the same (MacKinnon and White, Journal of
    Econometrics 29, 1985; Long and Ervin, American Statistician 54, 2000).
    """
    known = np.asarray(values, dtype=float)
    priced = fit(columns, np.log2(np.asarray(cost, dtype=float)))
    if priced is None:
        return None
    moves = [one.interval.low > 0 for one in _shares(priced, confidence)]
    moving = tuple(i for i, part in enumerate(priced.parts) if moves[i] and part.std() >= MOVES)
    still = [each for index, each in enumerate(columns) if index not in moving]
    whole = np.column_stack([np.ones(len(known)), *(priced.parts[index] for index in moving), *still])
    weights, left, rank = _solved(whole, known)
    if len(known) - rank < FREEDOM or not moving:
        return None
    inverse = np.linalg.pinv(whole)
    leverage = np.clip(np.einsum("ij,ji->i", whole, inverse), 0, 1 - 1e-6)
    covariance = (inverse * (left / (1 - leverage)) ** 2) @ inverse.T
    chosen = slice(1, 1 + len(moving))
    return Rates(moving, weights[chosen], covariance[chosen, chosen], len(known) - rank)
