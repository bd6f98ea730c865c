"""Statements that one network is better than another, in studies whose networks are all equally good.

Whatever is said to differ there is a false difference. A study that says none holds the truth.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial

import numpy as np

from suite.statistics import pairs, seeds
from suite.statistics.intervals import Interval
from tests.simulated import worlds
from tests.simulated.case import Case, Random, Seen

TRIALS = ((2, 357, 0.9), (5, 357, 0.9), (20, 357, 0.95), (50, 357, 0.9), (20, 1000, 0.8))


def every() -> Iterator[Case]:
    """Yield all cases."""
    for trials, pictures, share in TRIALS:
        kind = f"{trials} equal trials, {pictures} pictures, {share:.0%}"
        size = min(1.0, 1e5 / (trials**2 * pictures))
        for name, study in (("no false groups", _grouped), ("no false 'measurably worse'", _worse)):
            yield Case(name=name, kind=kind, share=size, study=partial(study, trials, pictures, share))
    for networks, pictures, by_seed, own in itertools.product((2, 5), (357, 2000), (0.0, 0.1), (0.0, 0.2, 0.4)):
        yield Case(
            name="no false 'worse' of seeds",
            kind=f"{networks} equal networks, {pictures} pictures, seeds of spread {by_seed}, own errors {own}",
            study=partial(_confirmed, networks, pictures, by_seed, own),
            share=min(1.0, 600 / pictures / networks),
        )


def _said(false: bool) -> Iterator[Seen]:
    yield Seen(float(false), Interval(float(false), float(false)), 0.0)


def _grouped(trials: int, pictures: int, share: float, random: Random) -> Iterator[Seen]:
    _, right = worlds.classifiers(random, trials=trials, pictures=pictures, share=share, spread=0.0)
    yield from _said(bool(pairs.different(right).any()))


def _worse(trials: int, pictures: int, share: float, random: Random) -> Iterator[Seen]:
    _, right = worlds.classifiers(random, trials=trials, pictures=pictures, share=share, spread=0.0)
    yield from _said(not pairs.not_worse(right, int(right.sum(axis=1).argmax())).all())


def _confirmed(networks: int, pictures: int, by_seed: float, own: float, random: Random) -> Iterator[Seen]:
    right = worlds.several_trained_again(
        random, shares=[0.9] * networks, seeds=seeds.fewest(networks - 1), pictures=pictures, by_seed=by_seed, own=own
    )
    best, *others = right[np.argsort(-right.mean(axis=(1, 2)))]
    tests = pairs.holm([seeds.sign_flip(best.mean(axis=1) - other.mean(axis=1)) for other in others])
    yield from _said(any(seeds.worse(best, *each, networks) for each in zip(others, tests, strict=True)))
