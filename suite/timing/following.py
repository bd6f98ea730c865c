"""How a network follows the references, and what it takes when they are at rest.

Whatever slows the machine slows the references and the network, but not alike: a network whose data leave the caches
between two calls suffers more from neighbours than one that computes, and one whose weights never fit suffers less.
So the logarithm of its time is a line in theirs:

    log time = log time at rest + follows * log(references' time / their time at rest)

Each process that times the network has a level of its own, since its memory lies elsewhere. All have one slope. It is
fitted by weighted least squares, with a prior: what is known of the network, or else of networks of all kinds. A block
counts less the farther it is from rest, where a straight line need not hold, and the farther it is from the line.

The references' times are noisy too, which would make every slope too flat. So each block is read twice, in its even
turns and in its odd ones, and the times of one half are laid over the references of the other: their noises have
nothing to do with each other (instrumental variables; Durbin 1954, https://doi.org/10.2307/1401917). A block of a
single turn has no halves, so it tells nothing of the slope.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from suite.timing.blocks import Array
from suite.timing.interval import RESAMPLES, wider

NOISE = 0.015  # least standard deviation of a block around the line
AFAR = 0.3  # further standard deviation, for each unit of the logarithm away from rest
OFF = 3  # standard deviations from the line at which a block counts half
ROUNDS = 5  # of weighing blocks by their distance from the line
NORMAL = 1.4826  # standard deviations of a normal distribution in its median absolute deviation
ALIKE = 1.5  # neighbouring blocks, which resemble each other a little, tell as much of the slope as one


@dataclass(frozen=True, kw_only=True)
class Slope:
    """What is known of the slope of a network."""

    mean: float
    deviation: float  # standard deviation

    def seen(self, products: float, squares: float) -> Slope:
        """Return what is known after blocks: weighted sums of products and squares, of the references' logarithms."""
        before = self.deviation**-2
        known = before + max(0.0, squares)
        return Slope(mean=(before * self.mean + products) / known, deviation=known**-0.5)


USUAL = Slope(mean=0.7, deviation=0.4)  # of networks of all kinds (`benchmarks/references.py`)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A fitted line, in logarithms."""

    level: float  # time at rest, mean over processes
    low: float  # 95 % interval of `level`, as far as blocks show it
    high: float
    slope: float
    supposed: float  # standard deviation of `level` because the slope is partly what was known before
    levels: Array  # [processes] time at rest of each
    seen: tuple[float, float]  # weighted sums that say what these blocks show of the slope, for `Slope.seen`


def line(times: Array, slowed: Array, process: Array, known: Slope = USUAL) -> Line:
    """Return the line through blocks, of which each half is read: log of times [B, 2] and of the references' slowness.

    `process` [B] is the process that timed a block. The interval comes from resampling whole blocks of each process.
    """
    belongs = (process[:, None] == np.unique(process)).astype(float)  # [B, processes]
    weights = np.ones((1, len(times)))
    for _ in range(ROUNDS):
        fit = _fitted(times, slowed, belongs, weights, known)
        near, trust = _near(fit.residuals[0], slowed.mean(axis=1))
        weights = (near * trust)[None]
    level = float(fit.levels.mean())
    resampled = _fitted(times, slowed, belongs, _drawn(process) * weights, known).levels.mean(axis=1)
    low, high = np.percentile(resampled, [2.5, 97.5])
    factor = wider(fit.residuals[0], alike=0.0) * _lost(near, trust, belongs.shape[1] + 1)
    seen = float(fit.products[0]), float(fit.squares[0])
    share = (known.seen(*seen).deviation / known.deviation) ** 2
    return Line(
        level=level,
        low=level + factor * min(0.0, float(low) - level),
        high=level + factor * max(0.0, float(high) - level),
        slope=float(fit.slopes[0]),
        supposed=known.deviation * share * abs(float(fit.slowed.mean())),
        levels=fit.levels[0],
        seen=seen,
    )


@dataclass(frozen=True, kw_only=True)
class _Fit:
    """R fits."""

    levels: Array  # [R, processes]
    slopes: Array  # [R]
    residuals: Array  # [R, B]
    slowed: Array  # [R, processes] weighted mean of the references' slowness
    products: Array  # [R] weighted sums of products of times and slowness, of slowness with itself
    squares: Array


def _fitted(times: Array, slowed: Array, belongs: Array, weights: Array, known: Slope) -> _Fit:
    """Return the fits with weights [R, B]; `belongs` [B, processes] is 1 where a block is of a process."""
    mean = partial(_mean, weights, belongs)
    y, x = times.mean(axis=1), slowed.mean(axis=1)
    first, second, its_first, its_second = (one - mean(one) @ belongs.T for one in (*slowed.T, *times.T))
    telling = weights * (slowed[:, 0] != slowed[:, 1]) / ALIKE
    square = telling * first * second
    products, squares = (telling * (its_first * second + its_second * first) / 2).sum(axis=1), square.sum(axis=1)
    sure = _sure(square)
    before = known.deviation**-2
    slopes = (sure * products + before * known.mean) / (sure * squares + before)
    levels = mean(y) - slopes[:, None] * mean(x)
    residuals = y - slopes[:, None] * x - levels @ belongs.T
    return _Fit(
        levels=levels, slopes=slopes, residuals=residuals, slowed=mean(x), products=sure * products,
        squares=sure * squares,
    )  # fmt: skip


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
    """Return the weighted mean over each process, [R, processes], of values [B]."""
    mean: Array = (weights * values) @ belongs / (weights @ belongs)
    return mean


def _drawn(process: Array) -> Array:
    """[RESAMPLES, B] how often each block is drawn; from each process as many as it has."""
    source = np.random.default_rng(0)
    drawn = np.zeros((RESAMPLES, len(process)))
    for one in np.unique(process):
        (mine,) = np.nonzero(process == one)
        drawn[:, mine] = source.multinomial(len(mine), np.full(len(mine), 1 / len(mine)), RESAMPLES)
    return drawn
