"""How many workers of this machine share a study: two where two trainings side by side are faster than one by one.

A very small network uses one processor well and two badly; a large one keeps all of them busy. Between the two it is
measured, once for a network, a size of pictures and a machine: one training on all processors takes turns with two on
half of them each.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any

from suite import __version__, architectures
from suite.core import files
from suite.core.domains import Choice
from suite.core.paths import ONEDNN
from suite.core.study import NEW, Study
from suite.machine import cache, capacity, helper, turns
from suite.machine.forked import can_fork
from suite.machine.surroundings import version_of
from suite.training import kernels

LOG = logging.getLogger(__name__)
SMALL, LARGE = 5e6, 500e6  # multiply-adds of a picture: up to the first, two are faster; beyond the other, nobody tries
ROOM = 4e9  # bytes of memory that are free for a second worker and what it trains
GAIN = 1.1  # how many times as fast two must be: they take twice the memory
ROUNDS, SECONDS = 3, 1.0  # of each side; a step that takes longer is a round


@dataclass(frozen=True, kw_only=True)
class Load:
    """A training, as far as sharing depends on it."""

    network: str  # of the catalogue
    image: tuple[int, int]  # height and width of its largest pictures

    @property
    def macs(self) -> float:
        """The multiply-adds of a picture."""
        known = architectures.recorded()[self.network]
        return known.macs * self.image[0] * self.image[1] / known.resolution**2

    @property
    def key(self) -> str:
        """Digest of the training, the processors, and the versions of what computes."""
        versions = [__version__, *map(version_of, ("tensorflow", "keras"))]
        here = (kernels.processor(), capacity.processors(), os.environ.get(ONEDNN), *versions)
        return hashlib.sha256(json.dumps([self.network, self.image, *here]).encode()).hexdigest()[:32]

    def __str__(self) -> str:
        return f"{self.network} at {' x '.join(map(str, self.image))} pixels"


def usual(studies: Sequence[Study]) -> int:
    """Return how many workers search such studies by default: two where that is faster, else one."""
    roomy = can_fork() and capacity.processors() > 1 and capacity.free_memory() >= ROOM
    return 2 if roomy and all(map(_shares, studies)) else 1


def _shares(study: Study) -> bool:
    """Whether two trainings of the networks that a study departs from are faster side by side.

    They must be new, and of the catalogue.
    """
    if study.weights != NEW or study.words or not architectures.recorded().keys() >= set(study.architectures):
        return False
    largest = _largest(study)
    return largest.macs <= SMALL or (largest.macs <= LARGE and gain(largest) >= GAIN)


def _largest(study: Study) -> Load:
    """Return the training with the most multiply-adds: of a study's networks, at its largest pictures."""
    images = study.image.values if isinstance(study.image, Choice) else (study.image,)
    loads = [Load(network=name, image=_sides(image, name)) for name in study.architectures for image in images]
    return max(loads, key=lambda load: load.macs)


def _sides(image: Any, network: str) -> tuple[int, int]:
    """Return height and width of a study's pictures, which may leave them to the network."""
    if isinstance(image, tuple):
        return image[0], image[1]
    side = image or architectures.recorded()[network].resolution
    return side, side


def gain(load: Load) -> float:
    """Return how many times as fast two such trainings are side by side as one by one; 0 if it cannot be measured."""
    file = cache.folder() / "sharing" / f"{load.key}.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        return float(json.loads(file.read_text(encoding="utf-8"))["gain"])
    LOG.warning("Trying whether trainings of %s are faster side by side on this machine, once.", load)
    try:
        found = measured(load)
    except (OSError, ValueError):  # a helper ended: the study itself will say why its network cannot train
        return 0.0
    chosen = "Two workers search" if found >= GAIN else "One worker searches"
    LOG.warning("Two side by side are %.2f times as fast as one by one. %s.", found, chosen)
    with suppress(OSError):  # else the next study tries again
        files.write(file, json.dumps({"gain": found, "of": str(load)}))
    return found


def measured(load: Load) -> float:
    """Return the gain of `load` by rounds in turns: whatever else the machine does slows both sides.

    Raises OSError or ValueError if a training ends.
    """
    with turns.together(capacity.usable()), ExitStack() as held:
        trainings = [held.enter_context(_training(load, part, parts)) for part, parts in ((0, 1), (0, 2), (1, 2))]
        for one in trainings:
            one.stdout.readline()  # it is ready
        alone, *beside = trainings
        return statistics.median([_speed(beside) / _speed([alone]) for _ in range(ROUNDS)])


@contextmanager
def _training(load: Load, part: int, parts: int) -> Iterator[Any]:
    """Start a helper that trains on its part of the processors when it is told to; end it afterwards."""
    words = (load.network, *map(str, (*load.image, part, parts)))
    with (
        TemporaryFile("w+") as errors,
        helper.started("suite.training.steps", *words, errors=errors, environment=os.environ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def _speed(trainings: Sequence[Any]) -> float:
    """Return how many pictures in a second some trainings see together, in a round side by side."""
    for one in trainings:
        print(SECONDS, file=one.stdin, flush=True)
    return sum(float(one.stdout.readline()) for one in trainings)
