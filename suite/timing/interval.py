"""The interval of a median of values that come in blocks, where values of one block resemble each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]

RESAMPLES = 500
THINNED = 100  # quantiles that stand for the values of one block
MOODY = 0.35  # least correlation assumed between neighbouring blocks of times: a machine has its moods
MOST = 0.8  # largest correlation assumed
LEAST = 2.0  # fewest degrees of freedom
EQUAL = 1e-9  # rounding error between equal shares


def interval(blocks: Sequence[Array]) -> tuple[float, float, float]:
    """Return low, median, high: the 95 % interval of the median of all values, by resampling whole blocks.

    Values are times or ratios of times, all above 0, and so is the interval: it is widened by factors.

    Ten resampled blocks vary less than ten new blocks would, and still less if a block resembles the one before, as
    when the machine was busy through both.
    """
    # The median depends only on the order of values, so a resampling only counts how often each block was drawn.
    kept = [
        np.quantile(block, (np.arange(THINNED) + 0.5) / THINNED) if len(block) > THINNED else block for block in blocks
    ]
    values = np.concatenate(kept)
    of = np.repeat(np.arange(len(kept)), list(map(len, kept)))
    weights = np.repeat(
        [len(block) / len(part) for block, part in zip(blocks, kept, strict=True)], list(map(len, kept))
    )
    order = np.argsort(values, kind="stable")
    drawn = np.random.default_rng(0).multinomial(len(blocks), np.full(len(blocks), 1 / len(blocks)), RESAMPLES)
    passed = np.cumsum(drawn[:, of[order]] * weights[order], axis=1)
    share = passed / passed[:, -1:]
    # If the halves meet between two values, the lower end takes the one below and the upper end the one above.
    below, above = values[order][(share < 0.5 - EQUAL).sum(axis=1)], values[order][(share < 0.5 + EQUAL).sum(axis=1)]
    median = float(np.median(np.concatenate(blocks)))
    low, high = min(median, float(np.percentile(below, 2.5))), max(median, float(np.percentile(above, 97.5)))
    factor = wider(np.array([np.median(block) for block in blocks]), MOODY)
    # Two or three blocks would widen it beyond any sense: it ends where all values, spread as far again, would end.
    least, most = values.min() ** 2 / values.max(), values.max() ** 2 / values.min()
    return max(least, median * (low / median) ** factor), median, min(most, median * (high / median) ** factor)


def widened(low: float, median: float, high: float, unseen: float) -> tuple[float, float]:
    """Return the ends of an interval that also allows for what no block shows: half an interval, as a part of it."""
    below, above = math.log(median / low), math.log(high / median)
    return median / math.exp(math.hypot(below, unseen)), median * math.exp(math.hypot(above, unseen))


def wider(medians: Array, alike: float) -> float:
    """Return the factor by which an interval from few blocks, with these medians [B], is too narrow.

    `alike` is the least correlation assumed between neighbours: none, where the machine's moods were taken out.

    It is (B / (B - 1)) ** 0.5 with Student's t in place of the normal, and
    ((1 + r) / (1 - r)) ** 0.5 for the correlation r of each block with the next. Blocks that resemble each other tell
    less of how much they vary, too: the degrees of freedom are those of (1 - r) / (1 + r) as many blocks.
    """
    count, off = len(medians), medians - medians.mean()
    together = float(off[1:] @ off[:-1] / (off @ off)) if off.any() else 0.0
    seen = min(MOST, max(0.0, together + 2 / count))  # few blocks show less than there is
    resembling, free = max(seen, alike), max(LEAST, count * (1 - seen) / (1 + seen) - 1)
    quantile = float(special.stdtrit(free, 0.975))  # of scipy.stats.t, whose import takes a second more
    return float(quantile / 1.96 * (count / (count - 1) * (1 + resembling) / (1 - resembling)) ** 0.5)
