"""How many workers of this machine share a study: small networks use one processor well, and two badly."""

from __future__ import annotations

from collections.abc import Sequence

from suite import architectures
from suite.core.domains import Choice
from suite.core.study import NEW, Study
from suite.machine import capacity
from suite.machine.forked import can_fork

SMALL = 50e6  # multiply-adds of a picture: two trainings of networks with fewer share two processors well
ROOM = 4e9  # bytes of memory that are free for a second worker and what it trains


def usual(studies: Sequence[Study]) -> int:
    """Return how many workers search such studies by default: two where all networks are small, else one."""
    roomy = can_fork() and capacity.processors() > 1 and capacity.free_memory() >= ROOM
    return 2 if roomy and all(map(_is_small, studies)) else 1


def _is_small(study: Study) -> bool:
    """Whether the networks that a study departs from are small, new, and known to the catalogue."""
    known = architectures.recorded()
    if study.weights != NEW or study.words or not known.keys() >= set(study.architectures):
        return False
    return all(known[name].macs * _area(study, known[name].resolution) <= SMALL for name in study.architectures)


def _area(study: Study, resolution: int) -> float:
    """Return the area of the largest pictures of a study over that at which a network was counted."""
    images = study.image.values if isinstance(study.image, Choice) else [study.image]
    sides = [image[:2] if isinstance(image, tuple) else (image or resolution,) * 2 for image in images]
    return max(height * width for height, width in sides) / resolution**2  # type: ignore[operator]
