"""Networks timed in rounds: in each round every network is timed once, for a share of its seconds.

What disturbs a machine comes and goes, and the references do not see all of it. So rounds spread the seconds of a
network over the time that several networks take. In the first round each network has a process of its own, which reads
memory, size and energy too. In later rounds a process times several networks, and is forked where the system can: two
processes differ a little, since their memory lies elsewhere, but to start one takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

from suite.machine import cache
from suite.timing import slopes
from suite.timing.order import Order
from suite.timing.timer import SERVED, GoneError, Timer

ROUNDS = 5  # that are planned, at most
LEAST = 5.0  # seconds of a round: fewer seconds make fewer rounds
MOST = 8  # rounds, if seconds are left after those that were planned
STARTING = 1.5  # seconds that a later round takes before it times: the planned rounds take no longer than the limit
WORST = ("others", "steal", "temperature")  # of these the largest counts that a round saw

Answer = dict[str, Any]  # that of the timer, with `alone`: why there were no references; empty if there were


def planned(seconds: float) -> int:
    """Return in how many rounds a network is timed that has this many seconds."""
    return min(ROUNDS, max(1, int(seconds / LEAST)))


class Network:
    """A network on one path, and what its rounds have shown."""

    def __init__(self, path: str, threads: int, order: Order, name: str) -> None:
        """Take an order that gives the seconds of all rounds. By its `name` a network is known to earlier runs."""
        self.path, self.threads, self._name = path, threads, name
        self._file, timer = cache.folder() / "follows.json", Timer(path, threads)
        self._places = {str(batch): timer.place(order.manner(batch)) for batch in order.batches}
        known = {place: slopes.known(self._file, place, name) for place in set(self._places.values())}
        self._planned, self._done, self._limit = planned(order.seconds), 0, order.seconds
        self._order = replace(
            order,
            seconds=(order.seconds - (self._planned - 1) * STARTING) / self._planned,
            slopes={batch: known[place][batch] for batch, place in self._places.items() if batch in known[place]},
        )
        self._known: dict[int, Answer] = {}
        self._spent: dict[int, float] = {}  # seconds of timing, by batch size

    def first(self) -> Iterator[Answer]:
        """Yield the answer for each batch size in a process of its own.

        Raises GoneError for the first batch size for which the process ended.
        """
        self._done = 1
        with Timer(self.path, self.threads) as timer:
            for answer in timer.ask(replace(self._order, left=self._planned - 1)):
                self._spent[answer["batch"]] = _seconds(answer)
                self._known[answer["batch"]] = {**answer, "alone": timer.without}
                yield self._known[answer["batch"]]

    def again(self, timer: Timer) -> Iterator[Answer]:
        """Yield better answers for the batch sizes that wait.

        If the process ends, what is known stays, and its interval says how well.
        """
        batches = self.waiting
        self._done += 1
        order = replace(
            self._order,
            batches=batches,
            before={str(batch): self._known[batch]["timed"] for batch in batches},
            readings=(),
            left=max(0, self._planned - self._done),
        )
        unanswered = list(batches)
        with suppress(GoneError):
            for answer in timer.ask(order):
                batch = unanswered.pop(0)
                self._spent[batch] += _seconds(answer)
                if "timed" in answer:
                    self._known[batch] = _added(self._known[batch], answer)
                yield self._known[batch]
        yield from (self._known[batch] for batch in unanswered)

    @property
    def waiting(self) -> tuple[int, ...]:
        """Batch sizes that have rounds to come."""
        return tuple(batch for batch in self._known if self.left(batch))

    def left(self, batch: int) -> int:
        """Return how many rounds are to come for a batch size, as far as is known.

        There are none if it failed, if a call takes too long, or if it is known well enough after the planned ones.
        Else there is another if half of it is within its seconds.
        """
        answer = self._known[batch]
        if "timed" not in answer or answer["is_slow"] or self._planned == 1:
            return 0
        lasts = self._spent[batch] + self._order.seconds / 2 <= self._limit and self._done < MOST
        return max(self._planned - self._done, int(lasts and not answer["is_enough"]))

    def end(self) -> None:
        """Keep for later runs how this network follows the references."""
        seen = {str(batch): one["slope"] for batch, one in self._known.items() if any(one.get("slope", ()))}
        for place in {self._places[batch] for batch in seen}:
            there = {batch: slope for batch, slope in seen.items() if self._places[batch] == place}
            slopes.learned(self._file, place, self._name, there)


def further(networks: Sequence[Network]) -> Iterator[tuple[Network, Answer]]:
    """Time networks that have had their first round in all others; yield each answer."""
    paths = {one.path: one.threads for one in networks}
    with ExitStack() as stack:
        timers = [stack.enter_context(Timer(path, threads, forked=True)) for path, threads in paths.items()]
        while any(one.waiting for one in networks):
            for timer in timers:
                for network in networks:
                    if network.path == timer.path and network.waiting:
                        yield from ((network, answer) for answer in network.again(timer))
                timer.renew(served=1 if len(timers) > 1 else SERVED)
    for network in networks:
        network.end()


def _seconds(answer: Answer) -> float:
    """Return when the last block of a timing began, after its start; 0 if there is no timing."""
    return float(answer["timed"][-1]["began"]) if "timed" in answer else 0.0


def _added(before: Answer, after: Answer) -> Answer:
    """Return the answer of a later round, with what only the first has read and the worst of what both saw."""
    worst = {key: max((one[key] for one in (before, after) if one[key] is not None), default=None) for key in WORST}
    return {
        **before,
        **after,
        **worst,
        "measures": {**before["measures"], **after["measures"]},
        "timed": [*before["timed"], *after["timed"]],
        "load": before["load"],
        "without": {**before["without"], **after["without"]},
    }
