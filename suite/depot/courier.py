"""What a run delivers to its depot while it goes on: the checkpoints of long trainings, and what an outage left."""

from __future__ import annotations

import threading
import time
from typing import Self

from suite.depot.depot import Depot

EVERY = 30.0  # seconds between two deliveries
SPARED = 20  # times what a delivery takes pass until the next one


class Courier:
    """Delivers now and then in a thread; a context manager. It holds nobody up."""

    def __init__(self, depot: Depot) -> None:
        self._depot, self._closing = depot, threading.Event()
        self._thread = threading.Thread(target=self._follow, name="depot", daemon=True)

    def __enter__(self) -> Self:
        if self._depot.is_used:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()

    def _follow(self) -> None:
        rest = EVERY
        while not self._closing.wait(rest):
            began = time.monotonic()
            self._depot.deliver()
            rest = max(EVERY, SPARED * (time.monotonic() - began))
