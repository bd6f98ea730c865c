"""Every interval that a table, a page or the terminal shows, each in studies with several truths."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from suite.core.fronts import nondominated
from suite.statistics import chosen, families, gaps, importance, intervals, searches, seeds
from suite.statistics.intervals import Interval
from suite.timing.following import BEYOND, HELD, USUAL, Prior, line
from suite.timing.interval import interval as timed
from suite.timing.interval import widened
from tests.simulated import errors, worlds
from tests.simulated.case import Case, Random, Seen


def every() -> Iterator[Case]:
    """Yield all cases."""
    for cases in (
        accuracies,
        expected,
        neighbours,
        lost,
        confirmed,
        beside_the_best,
        ranked,
        explained,
        bought,
        areas,
        latencies,
    ):
        yield from cases()
    yield from errors.every()


def accuracies() -> Iterator[Case]:
    """Of an accuracy on pictures that nobody chose it by (Wilson)."""
    for pictures, share in itertools.product((20, 100, 357, 1000, 5000), (0.6, 0.9, 0.99)):
        yield Case(name="accuracy", kind=f"{pictures} pictures, {share:.0%}", study=partial(_accuracy, pictures, share))


def _accuracy(pictures: int, share: float, random: Random) -> Iterator[Seen]:
    (truth,), (right,) = worlds.classifiers(random, trials=1, pictures=pictures, share=share, spread=0.1)
    yield Seen(right.mean(), intervals.wilson(float(right.mean()), pictures), truth)


def expected() -> Iterator[Case]:
    """Of the accuracy to expect of the best of many on new pictures."""
    for trials, pictures, share, spread in (
        (10, 100, 0.6, 0.3), (50, 100, 0.8, 0.0), (50, 180, 0.95, 0.3), (10, 357, 0.9, 0.0), (200, 357, 0.8, 0.3),
        (50, 1000, 0.95, 0.1), (200, 1000, 0.99, 0.1), (10, 5000, 0.6, 0.1), (50, 5000, 0.99, 0.3),
    ):  # fmt: skip
        yield Case(
            name="expected of the best", kind=f"{trials} trials, {pictures} pictures, {share:.0%}, spread {spread}",
            study=partial(_expected, trials, pictures, share, spread), share=min(1.0, 2e5 / (trials * pictures)),
        )  # fmt: skip


def _expected(trials: int, pictures: int, share: float, spread: float, random: Random) -> Iterator[Seen]:
    truth, right = worlds.classifiers(random, trials=trials, pictures=pictures, share=share, spread=spread)
    found, seen = chosen.corrected(right, resamples=200), right.mean(axis=1)
    yield Seen(found.share, found.interval, truth[random.choice(np.flatnonzero(seen == seen.max()))])


def neighbours() -> Iterator[Case]:
    """Of the difference between the best and its neighbour on the front, both chosen by the same pictures."""
    for trials, pictures, share, spread, grows, alike in (
        (10, 100, 0.9, 0.2, 0.0, 0.5), (50, 100, 0.8, 0.2, 0.5, 0.5), (6, 357, 0.97, 0.2, 0.0, 0.5),
        (30, 357, 0.95, 0.2, 0.0, 0.5), (200, 357, 0.9, 0.1, 0.5, 0.8), (50, 1000, 0.9, 0.3, 0.0, 0.5),
        (200, 1000, 0.99, 0.1, 0.5, 0.5), (50, 1000, 0.95, 0.0, 0.0, 0.8), (50, 5000, 0.6, 0.1, 0.5, 0.5),
        (200, 5000, 0.95, 0.2, 1.0, 0.8),
    ):  # fmt: skip
        yield Case(
            name="to a neighbour on the front",
            kind=f"{trials} trials, {pictures} pictures, {share:.0%}, spread {spread}, {grows} by size, alike {alike}",
            study=partial(_neighbours, trials, pictures, share, spread, grows, alike),
            share=min(1.0, 4e5 / (trials * pictures)),
        )  # fmt: skip


def _neighbours(
    trials: int, pictures: int, share: float, spread: float, grows: float, alike: float, random: Random
) -> Iterator[Seen]:
    size = random.random(trials)
    truth, right = worlds.classifiers(
        random, trials=trials, pictures=pictures, share=share, spread=spread, alike=alike, better=grows * (size - 0.5)
    )
    kept = np.flatnonzero(nondominated(np.column_stack([-right.mean(axis=1), size])))
    if len(kept) > 1:
        smaller, best = kept[np.argsort(size[kept])][-2:]
        found = gaps.gap(right[best], right[smaller])
        yield Seen(found.value, found.interval, truth[best] - truth[smaller])


def lost() -> Iterator[Case]:
    """Of what a format of an export loses, on the same pictures."""
    for pictures, differ, part in itertools.product((100, 357, 1000, 5000), (0.003, 0.01, 0.05), (0.0, 0.5)):
        yield Case(
            name="lost by a format", kind=f"{pictures} pictures, {differ:.1%} differ, {part * differ:.2%} are lost",
            study=partial(_lost, pictures, differ, part),
        )  # fmt: skip


def _lost(pictures: int, differ: float, part: float, random: Random) -> Iterator[Seen]:
    differ *= random.uniform(0.7, 1.3)
    truth, before, after = worlds.altered(random, pictures=pictures, share=0.9, differ=differ, lost=part * differ)
    yield Seen(before.mean() - after.mean(), intervals.paired(before, after), truth)


def confirmed() -> Iterator[Case]:
    """Of networks that were trained again: their mean, and how far one is behind another."""
    known = (
        (3, 357, 0.1),
        (6, 100, 0.1),
        (6, 357, 0.0),
        (6, 357, 0.2),
        (8, 1000, 0.05),
        (29, 357, 0.1),
        (6, 5000, 0.1),
    )
    for (count, pictures, by_seed), share in itertools.product(known, (0.6, 0.9, 0.98)):
        kind = f"{count} seeds of spread {by_seed}, {pictures} pictures, {share:.0%}"
        size = min(1.0, 2e4 / (count * pictures))
        yield Case(name="mean of seeds", kind=kind, share=size, study=partial(_mean, count, pictures, by_seed, share))
        yield Case(
            name="behind the best, of seeds", kind=kind, share=size,
            study=partial(_behind, count, pictures, by_seed, share),
        )  # fmt: skip


def _mean(count: int, pictures: int, by_seed: float, share: float, random: Random) -> Iterator[Seen]:
    right = worlds.trained_again(random, seeds=count, pictures=pictures, by_seed=by_seed, share=share)
    yield Seen(*seeds.share(right), share)


def _behind(count: int, pictures: int, by_seed: float, share: float, random: Random) -> Iterator[Seen]:
    truth, table = worlds.both_trained_again(
        random, seeds=count, pictures=pictures, by_seed=by_seed, share=share, ahead=0.01
    )
    yield Seen(*seeds.mean(table), truth)


def beside_the_best() -> Iterator[Case]:
    """Of how far networks are behind the best, if the same answers say which that is."""
    kinds = {"equal": (0.0, 0.0), "two best": (0.0, 0.03), "one best": (0.05, 0.05), "all near": (0.002, 0.01)}
    known = ((357, 0.0, 0.2), (357, 0.1, 0.4), (1000, 0.1, 0.0))
    for networks, (kind, behind), (pictures, by_seed, own) in itertools.product((3, 5, 10), kinds.items(), known):
        shares = 0.95 - np.array([0.0, *np.linspace(*behind, networks - 1)])
        yield Case(
            name="behind the best, chosen by the same seeds", share=0.25,
            kind=f"{networks} networks, {kind}, {pictures} pictures, seeds of spread {by_seed}, own errors {own}",
            study=partial(_beside_the_best, shares, pictures, by_seed, own),
        )  # fmt: skip


def _beside_the_best(
    shares: NDArray[np.float64], pictures: int, by_seed: float, own: float, random: Random
) -> Iterator[Seen]:
    count = seeds.fewest(len(shares) - 1)
    right = worlds.several_trained_again(
        random, shares=shares, seeds=count, pictures=pictures, by_seed=by_seed, own=own
    )
    best, *others = np.argsort(-right.mean(axis=(1, 2)))
    for other in others:
        yield Seen(*seeds.behind(right[best], right[other], len(shares)), shares[best] - shares[other])


def ranked() -> Iterator[Case]:
    """Of the agreement of short and long trainings (Kendall)."""
    for shape, trials, rho in itertools.product(worlds.SHAPES, (10, 30, 200), (0.0, 0.5, 0.8, 0.95)):
        yield Case(
            name="agreement of rankings" if shape == "normal" else "agreement of rankings, not normal",
            kind=f"{trials} trials, correlation {rho}, {shape}", study=partial(_ranked, shape, trials, rho),
        )  # fmt: skip


def _ranked(shape: str, trials: int, rho: float, random: Random) -> Iterator[Seen]:
    found = families.agreed(*worlds.ranked(random, trials, rho, shape))
    if found:
        yield Seen(found[0].tau, found[1], _tau(rho, shape))


@cache
def _tau(rho: float, shape: str) -> float:
    known = searches.agreement(*worlds.ranked(np.random.default_rng(0), 100_000, rho, shape))
    return known.tau if known else 0.0


def explained() -> Iterator[Case]:
    """Of the share of the variance that each setting explains."""
    studies = itertools.product(((20, 1.0), (40, 0.3), (100, 0.5), (200, 1.0)), worlds.KINDS, worlds.SETTINGS)
    for (trials, noise), kind, setting in studies:
        yield Case(
            name="share that a setting explains" if setting != "idle" else "share of a setting that does nothing",
            kind=f"{setting} of {trials} trials, noise {noise}, tried {kind}",
            study=partial(_explained, trials, noise, kind, worlds.SETTINGS.index(setting)), share=0.5,
        )  # fmt: skip


def _explained(trials: int, noise: float, kind: str, setting: int, random: Random) -> Iterator[Seen]:
    columns, values, _ = worlds.searched(random, trials, noise, kind)
    found = importance.shares(columns, values)
    if found:
        yield Seen(*found[setting], float(_truth(noise, kind)[setting]))


@cache
def _truth(noise: float, kind: str) -> NDArray[np.float64]:
    return worlds.explained(noise, kind)


def bought() -> Iterator[Case]:
    """Of what a doubling of a cost buys through a setting, and of the difference of two of these."""
    for trials, uneven in itertools.product((20, 40, 200), (0.0, 1.0)):
        yield Case(
            name="points for a doubling", kind=f"{trials} trials, noise {'uneven' if uneven else 'even'}",
            study=partial(_bought, trials, uneven),
        )  # fmt: skip


def _bought(trials: int, uneven: float, random: Random) -> Iterator[Seen]:
    found = importance.rates(*worlds.priced(random, trials, 0.5, uneven))
    if found and found.settings == (0, 1):
        yield Seen(float(found.values[0]), found.interval(0), 1.2)
        yield Seen(float(found.values[1]), found.interval(1), 0.3)
        yield Seen(float(found.values[0] - found.values[1]), found.apart(0, 1), 0.9)


def areas() -> Iterator[Case]:
    """Of the share of the box that the front of a family dominates."""
    for trials, count, pictures, share in (
        (10, 10, 100, 0.8), (10, 10, 357, 0.9), (30, 10, 357, 0.9), (30, 30, 357, 0.95), (100, 20, 1000, 0.8),
        (50, 50, 1000, 0.95), (20, 10, 5000, 0.9),
    ):  # fmt: skip
        yield Case(
            name="share of the box", kind=f"{count} of {trials} trials, {pictures} pictures, {share:.0%}",
            study=partial(_area, trials, count, pictures, share), share=0.2,
        )  # fmt: skip


def _area(trials: int, count: int, pictures: int, share: float, random: Random) -> Iterator[Seen]:
    worst, best, size = (share - 0.3, 1.0), (1.0, 0.0), random.random(trials)
    truth, right = worlds.classifiers(
        random, trials=trials, pictures=pictures, share=share, spread=0.2, better=size - 0.5
    )
    found = families.hypervolume(right, size, worst, best, count, resamples=200, draws=4)
    known = []
    for _ in range(400 if count < trials else 1):
        drawn = random.permutation(trials)[:count]
        on = drawn[nondominated(np.column_stack([-right[drawn].mean(axis=1), size[drawn]]))]
        known.append(families.area(truth[on], size[on], worst, best))
    yield Seen(found.value, found.interval, float(np.mean(known)))


def latencies() -> Iterator[Case]:
    """Of a latency: a median over blocks of calls that resemble their neighbours, or the level of a line."""
    for blocks, moody, spread in itertools.product((10, 30), (0.0, 0.35, 0.6), (0.01, 0.1)):
        yield Case(
            name="latency", kind=f"{blocks} blocks, mood {moody}, spread {spread:.0%}",
            study=partial(_latency, blocks, moody, spread), share=0.25,
        )  # fmt: skip
    told = ((1, 0.012), (3, 0.0), (3, 0.012), (5, 0.012), (5, 0.03))  # one timing cannot show that others differ
    for (timings, apart), moody, depth in itertools.product(told, (0.0, 0.5, 0.9), (0.03, 0.1, 0.3)):
        yield Case(
            name="latency beside references",
            kind=f"{timings} of 12 blocks, {apart:.1%} apart, mood {moody}, {depth:.0%} slower",
            study=partial(_following, USUAL, timings, apart, moody, depth), share=0.25,
        )  # fmt: skip
    others = {"a core's cache": HELD, "no cache": BEYOND}
    for (held, prior), timings, depth in itertools.product(others.items(), (1, 3), (0.03, 0.3)):
        yield Case(
            name="latency beside references", kind=f"held by {held}, {timings} of 12 blocks, {depth:.0%} slower",
            study=partial(_following, prior, timings, prior.apart, 0.5, depth), share=0.25,
        )  # fmt: skip


def _latency(blocks: int, moody: float, spread: float, random: Random) -> Iterator[Seen]:
    low, median, high = timed(worlds.timed(random, blocks=blocks, calls=20, moody=moody, spread=spread))
    yield Seen(median, Interval(low, high), 1.0)


def _following(prior: Prior, timings: int, apart: float, moody: float, depth: float, random: Random) -> Iterator[Seen]:
    slope = random.normal(prior.mean, prior.deviation)
    blocks = worlds.followed(random, timings=timings, apart=apart, moody=moody, depth=depth, slope=slope)
    found = line(*blocks, prior)
    low, median, high = np.exp([found.low, found.level, found.high])
    unseen = 1.96 * math.hypot(found.between, found.supposed)
    yield Seen(median, Interval(*widened(low, median, high, unseen)), 1.0)
