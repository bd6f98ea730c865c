"""Simulated studies: their truth, and what a study would see of it. Shares are between 0 and 1."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from suite.statistics import importance

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

DEPTH, WIDTH = np.array([0.0, 1.0, 1.6, 2.0]), np.array([0.0, 0.6, 0.9])  # what each level adds to an accuracy
DEEPER, WIDER = np.array([0.0, 0.6, 1.0, 1.3]), np.array([0.0, 0.9, 1.7])  # doublings of a cost that each level adds
SAMPLED = {"uneven": [0.1, 0.2, 0.3, 0.4], "lopsided": [0.05, 0.1, 0.15, 0.7]}  # how often each depth is tried
SETTINGS = ("depth", "width", "idle", "rate")
TIED = {"of 100 pictures": 100, "of 30 pictures": 30}
SHAPES = ("normal", "heavy tails", "uneven", "a third fails", *TIED)
KINDS = ("even", "uneven", "lopsided", "together")


def classifiers(
    random: np.random.Generator, *, trials: int, pictures: int, share: float, spread: float, alike: float = 0.5,
    better: Array | float = 0.0,
) -> tuple[Array, Mask]:  # fmt: skip
    """Return the true shares [K] of some trials and their answers [K, N]; hard pictures are hard for all.

    Skills are normal around that of `share`, with this `spread`, and `better` [K] is added. Of the luck of an answer
    the part `alike` is common to all trials: the more, the fewer pictures tell two of them apart.
    """
    skill = ndtri(share) + spread * random.standard_normal(trials) + better
    hard, luck = random.standard_normal(pictures), random.standard_normal((trials, pictures))
    return ndtr(skill), skill[:, None] > math.sqrt(alike) * hard + math.sqrt(1 - alike) * luck


def altered(
    random: np.random.Generator, *, pictures: int, share: float, differ: float, lost: float
) -> tuple[float, Mask, Mask]:
    """Return what a network truly loses by a conversion, and its answers [N] before and after it.

    The conversion changes whether an answer is right with the probability `differ`, and loses `lost` of the share.
    """
    gone, gained = (differ + lost) / 2, (differ - lost) / 2
    before, luck = random.random(pictures) < share, random.random(pictures)
    after = np.where(before, luck >= gone / share, luck < gained / (1 - share))
    return gone - gained, before, after


def trained_again(
    random: np.random.Generator, *, seeds: int, pictures: int, by_seed: float, share: float = 0.8, alike: float = 0.7
) -> Mask:
    """Return the answers [S, N] of one network trained with several seeds, whose true share is `share` on average."""
    skill = math.sqrt(1 + by_seed**2) * ndtri(share) + by_seed * random.standard_normal(seeds)
    hard, luck = random.standard_normal(pictures), random.standard_normal((seeds, pictures))
    return skill[:, None] > math.sqrt(alike) * hard + math.sqrt(1 - alike) * luck


def both_trained_again(
    random: np.random.Generator, *, seeds: int, pictures: int, by_seed: float, share: float, ahead: float
) -> tuple[float, Array]:
    """Return by how much one network is truly better than another, and the differences [S, N] of their answers.

    The pictures are hard for both, and the seeds pair their trainings.
    """
    hard, luck = random.standard_normal(pictures), random.standard_normal((2, seeds, pictures))
    middle = math.sqrt(1 + by_seed**2) * ndtri([share + ahead, share])
    skill = middle[:, None] + by_seed * random.standard_normal((2, seeds))
    right = skill[:, :, None] > math.sqrt(0.7) * hard + math.sqrt(0.3) * luck
    return ahead, right[0].astype(float) - right[1]


def several_trained_again(
    random: np.random.Generator, *, shares: ArrayLike, seeds: int, pictures: int, by_seed: float, own: float
) -> Mask:
    """Return the answers [K, S, N] of networks whose true shares [K] are given, each trained with several seeds.

    Of the luck of an answer half is common to all networks, the part `own` is a network's own with all of its seeds.
    """
    middle = math.sqrt(1 + by_seed**2) * ndtri(np.reshape(shares, (-1, 1, 1)))
    skill = middle + by_seed * random.standard_normal((len(middle), seeds, 1))
    hard, owned = random.standard_normal(pictures), random.standard_normal((len(middle), 1, pictures))
    luck = random.standard_normal((len(middle), seeds, pictures))
    return skill > math.sqrt(0.5) * hard + math.sqrt(own) * owned + math.sqrt(0.5 - own) * luck


def searched(
    random: np.random.Generator, count: int, noise: float, kind: str
) -> tuple[list[Array], Array, list[Array]]:
    """Return the settings of some trials as columns, their values, and the parts of these.

    The parts are of a depth, a width, a setting that does nothing, a rate, and of what settings do together.
    """
    depth, width, idle, rate = drawn = _settings(random, count, kind)
    parts = _parts(*drawn, kind)
    columns = [importance.levels(list(each)) for each in (depth, width, idle)]
    values = np.sum(parts, axis=0) + noise * random.standard_normal(count)
    return [*columns, importance.curve(list(rate))], values, parts


def _settings(random: np.random.Generator, count: int, kind: str) -> tuple[Array, Array, Array, Array]:
    depth = random.choice(4, count, p=SAMPLED.get(kind))
    return depth, random.integers(3, size=count), random.integers(2, size=count), random.uniform(-1, 1, count)


def _parts(depth: Array, width: Array, idle: Array, rate: Array, kind: str) -> list[Array]:
    together = (kind == "together") * 0.5 * (depth - 1.5) * (idle - 0.5)
    return [DEPTH[depth], WIDTH[width], np.zeros(len(rate)), 0.3 * rate - 1.5 * rate**2, together]


def explained(noise: float, kind: str) -> Array:
    """Return the share of the variance that each of the four settings of `searched` truly explains."""
    drawn = _settings(np.random.default_rng(0), 400_000, kind)
    variances = np.array([part.var() for part in _parts(*drawn, kind)])
    return variances[:4] / (variances.sum() + noise**2)


def priced(
    random: np.random.Generator, count: int, noise: float, uneven: float = 0.0, deep: float = 1.2, wide: float = 0.3
) -> tuple[list[Array], Array, Array]:
    """Return trials whose value grows by `deep` for each doubling of the cost by depth, by `wide` by width.

    They are their settings as columns, their values and their costs. `uneven`: wider networks have more noise.
    """
    depth, width, rate = random.integers(4, size=count), random.integers(3, size=count), random.uniform(-1, 1, count)
    deeper, wider = DEEPER[depth], WIDER[width]
    cost = 2.0 ** (deeper + wider + 0.03 * random.standard_normal(count))
    values = deep * deeper + wide * wider - rate**2 + (1 + uneven * wider) * noise * random.standard_normal(count)
    columns = [importance.levels(list(depth)), importance.levels(list(width)), importance.curve(list(rate))]
    return columns, values, cost


def ranked(random: np.random.Generator, trials: int, rho: float, shape: str) -> tuple[Array, Array]:
    """Return what trials reach in a short and in a long training, normal values of the correlation `rho` or else.

    `SHAPES` says how they are not normal: some trials are far out in both trainings; the worse the short one was, the
    surer is the long one; a third fails in both; accuracies of 100 or 30 pictures are often the same.
    """
    short = random.standard_normal(trials)
    apart = math.sqrt(1 - rho**2) * random.standard_normal(trials)
    long = rho * short + apart * np.exp(0.7 * short * (shape == "uneven"))
    if shape == "heavy tails":
        wild = np.sqrt(random.chisquare(2, trials) / 2)
        return short / wild, long / wild
    if shape == "a third fails":
        works = random.random(trials) > 1 / 3
        return np.where(works, short, -5), np.where(works, long, -5)
    if shape in TIED:
        short, long = (random.binomial(TIED[shape], ndtr(1.8 + 0.4 * one)) / TIED[shape] for one in (short, long))
    return short, long


def timed(random: np.random.Generator, *, blocks: int, calls: int, moody: float, spread: float) -> Sequence[Array]:
    """Return the times of calls in blocks, whose true median is 1: the machine's mood lasts from block to block."""
    return [np.exp(spread * (each + random.standard_normal(calls))) for each in _moods(random, blocks, moody)]


def followed(
    random: np.random.Generator, *, timings: int, apart: float, moody: float, depth: float, slope: float
) -> tuple[Array, Array, Array]:
    """Return 12 blocks of each timing of a call which takes 1 at rest: logarithms of both halves' times, of how much
    the references were slowed, and the timing. Both have noise; the machine is slower by `depth` on average. Timings
    lie `apart` by this standard deviation, for reasons that the references do not see.
    """
    timing = np.repeat(np.arange(timings), 12)
    mood = depth * (1 + np.concatenate([_moods(random, 12, moody) for _ in range(timings)]))[:, None]
    slowed = mood + 0.03 * random.standard_normal((len(timing), 2))
    own = apart * random.standard_normal(timings)[timing][:, None]
    return own + slope * mood + 0.02 * random.standard_normal((len(timing), 2)), slowed, timing


def _moods(random: np.random.Generator, blocks: int, moody: float) -> Array:
    """[B] standard normal values, each correlated with the one before."""
    mood = random.standard_normal(blocks)
    for one in range(1, blocks):
        mood[one] = moody * mood[one - 1] + math.sqrt(1 - moody**2) * mood[one]
    return mood
