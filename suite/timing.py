"""A process that times one artefact and nothing else: `python -m suite.timing`, asked on stdin, in JSON.

It answers with a line of JSON for every batch size, as soon as it is known, so that what was measured before a larger
batch took all memory is not lost.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from suite.profile import runtimes, sensors
from suite.profile.latency import LEAST, Protocol, latency

CALLS = LEAST + 2  # that a number takes at least: its blocks, and two to warm up


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be timed."""

    path: str  # one of cells.PATHS
    artefact: str
    batches: tuple[int, ...]  # ascending
    threads: int
    seconds: float  # after which no further block is begun
    longest: float  # seconds: a batch size whose ten blocks would take longer is left out
    reference: tuple[str, str] | None = None  # path and artefact of what is timed beside it
    needs: tuple[int, ...] = ()  # bytes of activations of each batch size; 0 where they are not known


def main() -> None:
    """Time what stdin asks for."""
    order = Order(**json.load(sys.stdin))
    runtimes.pin(order.threads)
    sys.stdout, answers = sys.stderr, sys.stdout  # libraries print what they like
    runtimes.ready(order.path, order.threads)
    if order.path == "keras":
        from suite.architectures import layers  # noqa: F401  # registers those that a file names
    beside = _reference(*order.reference, order.threads) if order.reference else None
    before, began = sensors.resident(), time.perf_counter()
    runtime = runtimes.opened(order.path, Path(order.artefact), order.threads)
    per_picture = 0.0  # seconds, as the batch before took
    for batch in order.batches:
        answer = _left_out(per_picture * batch, order) or _timed(runtime, batch, order, beside, began, before)
        per_picture = answer.get("call", per_picture * batch) / batch
        print(json.dumps({"batch": batch, **answer}), file=answers, flush=True)


def _reference(path: str, artefact: str, threads: int) -> runtimes.Call:
    """Return a call of the reference network on one picture, which it has answered once."""
    runtimes.ready(path, threads)
    call = runtimes.opened(path, Path(artefact), threads).on(1)
    call()
    return call


def too_slow(seconds: float, longest: float) -> str:
    """Return why calls of so many seconds are not timed; empty where they are."""
    if seconds * CALLS <= longest:
        return ""
    return f"a call takes about {seconds:.3g} s: ten blocks would need more than {longest:g} s (--longest)"


def _left_out(seconds: float, order: Order) -> dict[str, Any]:
    said = too_slow(seconds, order.longest)
    return {"too_slow": said, "call": seconds} if said else {}


def _timed(
    runtime: runtimes.Runtime, batch: int, order: Order, beside: runtimes.Call | None, began: float, before: int
) -> dict[str, Any]:
    """Return what is known of one batch size, or why nothing is."""
    load, free = sensors.load(), sensors.free()
    needed = dict(zip(order.batches, order.needs, strict=False)).get(batch, 0)
    if needed > free and not runtime.gpu:  # which has a memory of its own and says itself when it is full
        return {"no_memory": f"needs {needed / 1e9:.1f} GB for its activations, {free / 1e9:.1f} GB are free"}
    try:
        call = runtime.on(batch)
        call()
        cold = time.perf_counter() - began if batch == order.batches[0] else None
        left_out = _left_out(_seconds(call), order)
        if left_out:
            return left_out
        others = sensors.neighbours()
        found = latency(call, Protocol.of(order.seconds), reference=beside)
        busy = others()
        energy = sensors.joules(call, batch, gpu=runtime.gpu)
    except Exception as error:
        if not runtimes.is_out_of_memory(error):
            return {"failed": runtimes.said(error)}
        return {"no_memory": runtimes.said(error)}
    return {
        "call": found.median / 1e3,
        **{key: getattr(found, key) for key in ("median", "low", "high", "p90", "p99", "calls", "drift", "is_stable")},
        "per_second": batch * found.calls / sum(float(block.times.sum()) for block in found.blocks),
        "blocks": [1e3 * float(np.median(block.times)) for block in found.blocks],
        "references": [1e3 * block.reference for block in found.blocks if block.reference is not None],
        "cold": cold,
        "memory": runtimes.held_of_gpu(order.path) if runtime.gpu else max(0, sensors.peak() - before),
        "load": load,
        "others": busy,
        "clock": sensors.clock(gpu=runtime.gpu),
        "temperature": sensors.temperature(gpu=runtime.gpu),
        "energy": energy,
    }


def _seconds(call: runtimes.Call) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
