"""One network timed by several processes, one after another: their memory lies elsewhere, and so their times differ.

The first process starts on its own and reads memory, size and energy too. The others only time, so they are forked
where the system can. All add to the same latencies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from suite.machine import cache
from suite.timing import slopes
from suite.timing.order import Order
from suite.timing.timer import GoneError, Timer

TIMES = 3  # processes: the mean of three differs by 0.6 of what one differs
LEAST = 6.0  # seconds of a timing, below which one process has too few of them to be divided
STARTING = 1.5  # seconds that a further process takes before it times, which is part of the limit
WORST = ("others", "steal", "temperature")  # of these the largest counts that a process saw


def answers(path: str, threads: int, order: Order, name: str) -> Iterator[dict[str, Any]]:
    """Yield what processes answer for each batch size of an order, which gives the seconds of all together.

    By its `name` a network is known to earlier runs. An answer is that of the timer with `alone`, why there were no
    references; empty if there were. Raises GoneError for the first batch size for which a process ended before anything
    was known.
    """
    times = TIMES if order.seconds >= LEAST else 1
    file, place = cache.folder() / "follows.json", Timer(path, threads).place
    known: dict[int, dict[str, Any]] = {}
    seconds = (order.seconds - (times - 1) * STARTING) / times
    share = replace(order, seconds=seconds, left=times - 1, slopes=slopes.known(file, place, name))
    gone = None
    try:
        for answer in _asked(path, threads, share, forked=False):
            known[answer["batch"]] = answer
            if times == 1:
                yield answer
    except GoneError as error:
        gone = error
    if times > 1:
        yield from _refined(path, threads, share, known).values()
    seen = {str(batch): one["slope"] for batch, one in known.items() if any(one.get("slope", ()))}
    slopes.learned(file, place, name, seen)
    if gone:
        raise gone


def _refined(path: str, threads: int, order: Order, known: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Return the answers that are `known` for each batch size, refined by `order.left` more processes."""
    for left in reversed(range(order.left)):
        batches = [batch for batch, answer in known.items() if "timed" in answer and not answer["is_slow"]]
        if not batches:
            break
        needs = dict(zip(order.batches, order.needs, strict=False))
        further = replace(
            order,
            batches=tuple(batches),
            needs=tuple(needs.get(batch, 0) for batch in batches),
            before={str(batch): known[batch]["timed"] for batch in batches},
            readings=(),
            left=left,
        )
        try:
            for answer in _asked(path, threads, further, forked=True):
                if "timed" in answer:
                    known[answer["batch"]] = _added(known[answer["batch"]], answer)
        except GoneError:  # what is known stays; its interval says how well
            break
    return known


def _asked(path: str, threads: int, order: Order, *, forked: bool) -> Iterator[dict[str, Any]]:
    with Timer(path, threads, forked=forked) as timer:
        for answer in timer.ask(order):
            yield {**answer, "alone": timer.without}


def _added(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of a later process, with what only the first has read and the worst of what both saw."""
    worst = {key: max((one[key] for one in (before, after) if one[key] is not None), default=None) for key in WORST}
    return {
        **after,
        **worst,
        "measures": {**before["measures"], **after["measures"]},
        "timed": [*before["timed"], *after["timed"]],
        "load": before["load"],
        "without": {**before["without"], **after["without"]},
    }
