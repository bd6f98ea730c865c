"""What several trainings of the same networks say, each with a seed of its own that varies everything at once.

`right` [S seeds, N pictures] are the answers of one network on the same test pictures. Two networks are compared in
pairs: the same seed means the same split, initialisation and order for both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.special import stdtr, stdtrit

from suite.statistics.intervals import CONFIDENCE, MANY, Interval, wilson
from suite.statistics.pairs import LEVEL, every_pair

Array = NDArray[np.float64]

TOLD = 6  # fewest seeds that can tell two networks apart by a sign-flip test
RESAMPLES = 2000
BETTER = 0.75  # of P(A better than B), from which A counts as better (Bouthillier et al., 2021)


class Mean(NamedTuple):
    """A mean over seeds and pictures, with its interval."""

    value: float
    interval: Interval


def mean(answers: ArrayLike, confidence: float = CONFIDENCE) -> Mean:
    """Return the mean of `answers` [S, N], and its interval for other seeds and other pictures.

    Answers are the differences of two networks, seed by seed and picture by picture; of shares see `share`.
    """
    value, variance, freedom = _varied(np.asarray(answers, dtype=float))
    half = float(stdtrit(min(freedom, MANY), 0.5 + confidence / 2)) * math.sqrt(variance)
    return Mean(value, Interval(value - half, value + half))


def behind(best: ArrayLike, other: ArrayLike, networks: int, confidence: float = CONFIDENCE) -> Mean:
    """Return by how much a network is behind the best of some `networks`, with answers [S, N] of paired seeds.

    The same answers say which is the best. Of K that are as good it is the luckiest: the difference is then too large,
    never too small, and each other network has K - 1 chances to look too far behind. So the lower end of Student's
    interval takes only 1/K of its error (Bonferroni), and the upper end the rest. If all are equally good, both ends
    together err in no more than 1 - `confidence` of the rows; if one is clearly the best, in just so many. Two networks
    have Student's interval.
    """
    value, variance, freedom = _varied(np.asarray(best, dtype=float) - np.asarray(other, dtype=float))
    below = (1 - confidence) / networks
    low, high = math.sqrt(variance) * stdtrit(min(freedom, MANY), [below, confidence + below])
    return Mean(value, Interval(value + float(low), value + float(high)))


def share(right: ArrayLike, confidence: float = CONFIDENCE) -> Mean:
    """Return the share of the answers `right` [S, N] that are, and its interval for other seeds and other pictures.

    It is Wilson's interval for as many pictures as would give the share its variance, by Student's t.
    """
    table = np.asarray(right, dtype=float)
    value, variance, freedom = _varied(table)
    pictures = value * (1 - value) / variance if variance > 0 else table.shape[1]
    return Mean(value, wilson(value, pictures, confidence, freedom))


def _varied(table: Array) -> tuple[float, float, float]:
    """Return the mean of a table [S, N], its variance for other rows and columns, and the degrees of freedom of that.

    An analysis of variance with two random factors: Var = r/S + c/N - e/(SN), with the variances r of the means of
    seeds, c of those of pictures, and e of what neither explains. What seeds add, (r - e/N)/S, is not below zero. The
    degrees of freedom are Satterthwaite's; where seeds add nothing, those of the pictures. With fewer than TOLD seeds
    nobody knows whether they add anything: the degrees of freedom are then as few as if they did. With one seed, only
    the pictures count.
    """
    seeds, pictures = table.shape
    value, rows, columns = float(table.mean()), table.mean(axis=1), table.mean(axis=0)
    by_picture = float(columns.var(ddof=1)) / pictures
    if seeds == 1:
        return value, by_picture, pictures - 1
    by_seed, cells = float(rows.var(ddof=1)) / seeds, (seeds - 1) * (pictures - 1)
    both = float(((table - rows[:, None] - columns + value) ** 2).sum()) / cells / (seeds * pictures)
    variance = max(0.0, by_seed - both) + by_picture
    known = max(by_seed, both) if seeds < TOLD else by_seed * (by_seed > both)
    parts = known**2 / (seeds - 1) + both**2 / cells * (known > 0) + by_picture**2 / (pictures - 1)
    return value, variance, max(1.0, variance**2 / parts) if parts > 0 else math.inf


def fewest(comparisons: int, level: float = LEVEL) -> int:
    """Return the fewest seeds with which some sign-flip tests, with Holm's correction, can tell anything apart.

    One test needs 6: with 5, the smallest p-value is 0.0625. Four need 8.
    """
    return math.ceil(math.log2(2 * comparisons / level))


def sign_flip(differences: ArrayLike) -> float:
    """Return the two-sided p-value of paired differences [S] by flipping their signs, exact up to 13 seeds.

    It is never below 2 / 2**S: three seeds can never be significant.
    """
    known = np.asarray(differences, dtype=float)
    found = stats.permutation_test(
        (known, np.zeros_like(known)),
        lambda a, b, axis: np.mean(a - b, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=2**13,
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)


@dataclass(frozen=True)
class Chance:
    """How probably one network is better than another in another training of both."""

    share: float
    interval: Interval

    @property
    def is_better(self) -> bool:
        """Whether the first counts as better: surely more often than not, and often enough to matter."""
        return self.interval.low > 0.5 and self.share >= BETTER


def better(first: ArrayLike, second: ArrayLike, confidence: float = CONFIDENCE) -> Chance:
    """Return the probability that the first network is better than the second, with accuracies [S] of paired seeds.

    It is the share of pairs of a training of each, ties as half; the interval is from a bootstrap of the seeds
    (Bouthillier et al., Accounting for Variance in Machine Learning Benchmarks, MLSys 2021, section 4).
    """
    one, other = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    wins = np.greater.outer(one, other) + 0.5 * np.equal.outer(one, other)
    drawn = np.random.default_rng(0).integers(len(one), size=(RESAMPLES, len(one)))
    shares = [wins[np.ix_(seeds, seeds)].mean() for seeds in drawn]
    ends = np.quantile(shares, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return Chance(float(wins.mean()), Interval(*map(float, ends)))


def worse(best: ArrayLike, other: ArrayLike, p: float, networks: int, level: float = LEVEL) -> bool:
    """Whether a network counts as worse than the best of some `networks`, with answers [S, N] of paired seeds.

    Three must agree: the sign-flip test of the seeds, whose p-value `p` is corrected for all that are compared with the
    best; the probability to be better; and the interval of the difference, for other pictures too. As the best was
    chosen by the same answers, the interval is one of those of all pairs (Bonferroni).
    """
    first, second = np.asarray(best, dtype=float), np.asarray(other, dtype=float)
    behind = mean(first - second, 1 - level / every_pair(networks))
    return p <= level and behind.interval.low > 0 and better(first.mean(axis=1), second.mean(axis=1)).is_better


class Practically(NamedTuple):
    """Probabilities that one network is better, that both are practically equal, and that the other is better."""

    better: float
    equal: float
    worse: float


def practically(differences: ArrayLike, equal: float, held_out: float) -> Practically:
    """Return what a Bayesian believes after paired differences [S], if differences up to `equal` do not matter.

    Trainings on splits of the same pictures are correlated; `held_out` is the share of pictures that judge. The
    posterior is the correlated t of Corani and Benavoli; see Benavoli et al., Time for a Change, JMLR 18 (2017),
    section 4.1. With differences that are all the same, it is certain.
    """
    known = np.asarray(differences, dtype=float)
    count, middle = len(known), float(known.mean())
    if known.min() == known.max():
        return Practically(float(middle > equal), float(abs(middle) <= equal), float(middle < -equal))
    scale = math.sqrt((1 / count + held_out / (1 - held_out)) * known.var(ddof=1))
    below, above = (float(stdtr(count - 1, (end - middle) / scale)) for end in (-equal, equal))
    return Practically(1 - above, above - below, below)
