"""How a network follows the references, and what it takes when they are at rest.

Whatever slows the machine slows the references and the network, but not alike: a network whose data leave the caches
between two calls suffers more from neighbours than one that computes, and one whose weights never fit suffers less.
So the logarithm of its time is a line in theirs:

    log time = log time at rest + follows * log(references' time / their time at rest)

Timings at different times, and in different processes, differ by more than their blocks do: memory lies elsewhere, and
neighbours have moods that the references do not see. So each timing has a level of its own around that of the network
(a mixed model; Laird and Ware 1982, https://doi.org/10.2307/2529876). All have one slope. It is fitted by weighted
least squares, to the blocks within each timing and to the timings among each other, with a prior: what is known of the
network, or else of networks of all kinds. A block counts less the farther it is from rest, where a straight line need
not hold, and the farther it is from the line. So a timing in a quiet spell counts most.

The references' times are noisy too, which would make every slope too flat. So each block is read twice, in its even
turns and in its odd ones, and the times of one half are laid over the references of the other: their noises have
nothing to do with each other (instrumental variables; Durbin 1954, https://doi.org/10.2307/1401917). A block of a
single turn has no halves, so it tells nothing of the slope.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from suite.timing.blocks import Array
from suite.timing.interval import RESAMPLES, wider

NOISE = 0.015  # least standard deviation of a block around the line
AFAR = 0.3  # further standard deviation, for each unit of the logarithm away from rest
OFF = 3  # standard deviations from the line at which a block counts half
WEIGHINGS = 5  # of blocks by their distance from the line
NORMAL = 1.4826  # standard deviations of a normal distribution in its median absolute deviation
ALIKE = 1.5  # neighbouring blocks, which resemble each other a little, tell as much of the slope as one
KNOWN = 2  # as sure of it as if so many more timings than one had shown it


@dataclass(frozen=True, kw_only=True)
class Prior:
    """What is supposed of a network before its own blocks are seen."""

    mean: float  # of the slope
    deviation: float  # standard deviation of the slope
    apart: float  # standard deviation between timings of the network

    def seen(self, products: float, squares: float) -> Prior:
        """Return what is known after blocks: weighted sums of products and squares, of the references' logarithms."""
        before = self.deviation**-2
        known = before + max(0.0, squares)
        return replace(self, mean=(before * self.mean + products) / known, deviation=known**-0.5)


# By the cache that holds all that a call touches. The slopes are those of `benchmarks/references.py`, the deviations
# between timings those of `benchmarks/latency.py`.
HELD = Prior(mean=1.0, deviation=0.2, apart=0.006)  # that of the core: over references that it holds too
USUAL = Prior(mean=0.8, deviation=0.4, apart=0.012)  # one that neighbours share, or unknown
BEYOND = Prior(mean=0.3, deviation=0.2, apart=0.012)  # none: they wait for the memory, neighbours or not


@dataclass(frozen=True, kw_only=True)
class Line:
    """A fitted line, in logarithms."""

    level: float  # time at rest
    low: float  # 95 % interval of `level`, as far as blocks show it
    high: float
    slope: float
    supposed: float  # standard deviation of `level` because of the slope: of what no block shows of it
    between: float  # standard deviation of `level` because timings differ
    seen: tuple[float, float]  # weighted sums that say what these blocks show of the slope, for `Prior.seen`


def line(times: Array, slowed: Array, timing: Array, prior: Prior = USUAL) -> Line:
    """Return the line through blocks, of which each half is read: log of times [B, 2] and of the references' slowness.

    `timing` [B] is the number of the timing that a block belongs to. The interval comes from resampling whole blocks of
    each timing.
    """
    belongs = (timing[:, None] == np.unique(timing)).astype(float)  # [B, timings]
    weights, between = np.ones((1, len(times))), prior.apart**2
    for _ in range(WEIGHINGS):
        fit = _fitted(times, slowed, belongs, weights, prior, between)
        near, trust = _near(fit.residuals[0], slowed.mean(axis=1))
        weights, between = (near * trust)[None], _between(fit.levels[0], prior.apart)
    level = float(fit.level[0])
    resampled = _fitted(times, slowed, belongs, _drawn(timing) * weights, prior, between).level
    low, high = np.percentile(resampled, [2.5, 97.5])
    factor = wider(fit.residuals[0], alike=0.0) * _lost(near, trust, belongs.shape[1] + 1)
    before = prior.deviation**-2
    return Line(
        level=level,
        low=level + factor * min(0.0, float(low) - level),
        high=level + factor * max(0.0, float(high) - level),
        slope=float(fit.slopes[0]),
        supposed=abs(float(fit.slowed[0]))
        * math.sqrt(before + float(fit.across[0]))
        / (before + float(fit.squares[0])),
        between=math.sqrt(between * float((fit.shares[0] ** 2).sum())),
        seen=(float(fit.products[0]), float(fit.squares[0])),
    )


@dataclass(frozen=True, kw_only=True)
class _Fit:
    """R fits."""

    level: Array  # [R]
    levels: Array  # [R, timings] of each timing
    shares: Array  # [R, timings] of each in the level
    slopes: Array  # [R]
    residuals: Array  # [R, B]
    slowed: Array  # [R] mean of the references' slowness, with those shares
    products: Array  # [R] weighted sums of products of times and slowness, of slowness with itself
    squares: Array
    across: Array  # [R] the part of `squares` that timings show among each other


def _fitted(times: Array, slowed: Array, belongs: Array, weights: Array, prior: Prior, between: float) -> _Fit:
    """Return the fits with weights [R, B]; `belongs` [B, timings] is 1 where a block is of a timing.

    `between` is the variance between timings.
    """
    mean = partial(_mean, weights, belongs)
    y, x = times.mean(axis=1), slowed.mean(axis=1)
    heavy = 1 / (between + 1 / (weights @ belongs))  # [R, timings] inverse variances of timings
    shares = heavy / heavy.sum(axis=1, keepdims=True)
    halves = (*slowed.T, *times.T)
    telling = weights * (slowed[:, 0] != slowed[:, 1]) / ALIKE
    within = _told(telling, [one - mean(one) @ belongs.T for one in halves])
    means = [mean(one) for one in halves]
    apart = _told(heavy, [one - (shares * one).sum(axis=1, keepdims=True) for one in means])
    sure, across = _sure(within[1]), np.maximum(0.0, apart[1].sum(axis=1))
    products = sure * within[0].sum(axis=1) + (across > 0) * apart[0].sum(axis=1)
    squares = sure * within[1].sum(axis=1) + across
    before = prior.deviation**-2
    slopes = (products + before * prior.mean) / (squares + before)
    levels = mean(y) - slopes[:, None] * mean(x)
    residuals = y - slopes[:, None] * x - levels @ belongs.T
    return _Fit(
        level=(shares * levels).sum(axis=1), levels=levels, shares=shares, slopes=slopes, residuals=residuals,
        slowed=(shares * mean(x)).sum(axis=1), products=products, squares=squares, across=across,
    )  # fmt: skip


def _told(weights: Array, halves: Sequence[Array]) -> tuple[Array, Array]:
    """Return weighted products of times and slowness, and of slowness with itself: each of one half with the other's.

    `halves` are the distances from the mean of the slowness of both halves and of their times.
    """
    first, second, its_first, its_second = halves
    return weights * (its_first * second + its_second * first) / 2, weights * first * second


def _between(levels: Array, apart: float) -> float:
    """Return the variance between timings, from what these show and what is supposed of their deviation `apart`."""
    squares = KNOWN * apart**2 + float(((levels - levels.mean()) ** 2).sum())
    return squares / (KNOWN + len(levels) - 1)


def _sure(square: Array) -> Array:
    """[R] share of the sums of terms [R, B] that is not luck: none where a sum is within a standard error of zero.

    Where both halves of a block show noise alone, their products are as often negative as positive.
    """
    sums, count = square.sum(axis=1), square.shape[1]
    error = np.sqrt(count) * square.std(axis=1)
    share: Array = np.where(sums > error, 1 - error / np.maximum(sums, 1e-300), 0.0)
    return share


def _near(residuals: Array, slowed: Array) -> tuple[Array, Array]:
    """[B] Return how much blocks count: less far from rest, and, as a factor of it, less far from the line (Cauchy)."""
    noise = max(NOISE, NORMAL * float(np.median(np.abs(residuals))))
    return 1 / (noise**2 + (AFAR * slowed) ** 2), 1 / (1 + (residuals / (OFF * noise)) ** 2)


def _lost(near: Array, trust: Array, fitted: int) -> float:
    """Return the factor by which blocks that are resampled with their weights vary too little.

    A block that moved would change its weight: an M-estimate varies by the derivative of its influence in place of its
    weights (Huber 1964, https://doi.org/10.1214/aoms/1177703732). And so many numbers are `fitted` to the blocks, where
    `wider` knows of one.
    """
    steep = float(np.sum(near * (2 * trust - 1) * trust))
    free = max(1, len(near) - fitted)
    return float(np.sum(near * trust)) / max(steep, 0.1 * float(np.sum(near))) * ((len(near) - 1) / free) ** 0.5


def _mean(weights: Array, belongs: Array, values: Array) -> Array:
    """Return the weighted mean over each timing, [R, timings], of values [B]."""
    mean: Array = (weights * values) @ belongs / (weights @ belongs)
    return mean


def _drawn(timing: Array) -> Array:
    """[RESAMPLES, B] how often each block is drawn; from each timing as many as it has."""
    source = np.random.default_rng(0)
    drawn = np.zeros((RESAMPLES, len(timing)))
    for one in np.unique(timing):
        (mine,) = np.nonzero(timing == one)
        drawn[:, mine] = source.multinomial(len(mine), np.full(len(mine), 1 / len(mine)), RESAMPLES)
    return drawn
