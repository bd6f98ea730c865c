"""How long a first result of each network takes on this machine, and which networks there is time for."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import keras
import numpy as np

from suite import architectures
from suite.core.task import Task
from suite.counting.complexity import counts

BATCH = 16  # pictures of a call whose time is taken
SHORT = 0.5  # seconds that the speed of this machine is measured for, at least
SHARE = 0.25  # of the hours, for the first results of all networks
STEP = 3  # work of a training step over that of an answer: a pass forward, and one backward, which is twice as long


def seconds(names: Sequence[str], sides: Sequence[int], pictures: int, passes: float) -> dict[str, float]:
    """Return about how long each network takes for `passes` answers to so many `pictures`, at all `sides` together.

    Work is judged by multiply-adds, which grow with the area of a picture. The speed is that of the network with the
    least work, measured here.
    """
    areas = {name: _areas(name, sides) for name in names}
    known = architectures.recorded()
    cheapest = min(names, key=lambda name: known[name].macs * areas[name])
    speed = macs_per_second(cheapest, sides[0])
    return {name: known[name].macs * areas[name] * pictures * passes / speed for name in names}


def _areas(name: str, sides: Sequence[int]) -> float:
    """Return the areas of all sides over that of the pictures for which a network was counted."""
    resolution = architectures.recorded()[name].resolution
    return sum((side / resolution) ** 2 for side in sides)


def macs_per_second(name: str, side: int) -> float:
    """Return how many multiply-adds this machine does in a second, measured with one network."""
    network = architectures.build(name, Task(height=side, width=side, channels=3, classes=2))
    pictures = np.zeros((BATCH, side, side, 3), "float32")
    network.predict_on_batch(pictures)  # traces it
    done, began = 0, time.monotonic()
    while time.monotonic() - began < SHORT:
        network.predict_on_batch(pictures)
        done += BATCH
    took = time.monotonic() - began
    work = counts(network)["macs"]
    keras.utils.clear_session()
    return work * done / took


def affordable(needs: Mapping[str, float], hours: float) -> list[str]:
    """Return the networks whose first results take no more than SHARE of the hours together; at least the cheapest.

    `needs` are the seconds of each. The dearest are left out.
    """
    cheap = sorted(needs, key=lambda name: needs[name])
    together = np.cumsum([needs[name] for name in cheap])
    kept = [name for name, used in zip(cheap, together, strict=True) if used <= SHARE * 3600 * hours] or cheap[:1]
    return [name for name in needs if name in kept]
