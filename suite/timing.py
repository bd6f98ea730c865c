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

from suite.profile import runtimes, sensors


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be timed."""

    path: str  # one of cells.PATHS
    artefact: str
    batches: tuple[int, ...]  # ascending
    threads: int
    seconds: float  # for each batch size at most
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
    for batch in order.batches:
        answer = _timed(runtime, batch, order, beside, began, before)
        print(json.dumps({"batch": batch, **answer}), file=answers, flush=True)


def _reference(path: str, artefact: str, threads: int) -> runtimes.Call:
    """Return a call of the reference network on one picture, which it has answered once."""
    runtimes.ready(path, threads)
    call = runtimes.opened(path, Path(artefact), threads)(1)
    call()
    return call


def _timed(
    runtime: runtimes.Runtime, batch: int, order: Order, beside: runtimes.Call | None, began: float, before: int
) -> dict[str, Any]:
    """Return what is known of one batch size, or why nothing is."""
    import numpy as np

    from suite.profile.latency import Protocol, latency

    load, needed, free = (
        sensors.load(),
        dict(zip(order.batches, order.needs, strict=False)).get(batch, 0),
        sensors.free(),
    )
    if needed > free:
        return {"no_memory": f"needs {needed / 1e9:.1f} GB for its activations, {free / 1e9:.1f} GB are free"}
    try:
        call = runtime(batch)
        call()
        cold = time.perf_counter() - began if batch == order.batches[0] else None
        found = latency(call, Protocol.of(order.seconds), reference=beside)
        energy, clock, temperature = sensors.joules(call, batch), sensors.clock(), sensors.temperature()
    except Exception as error:
        if not runtimes.is_out_of_memory(error):
            return {"failed": runtimes.said(error)}
        return {"no_memory": runtimes.said(error)}
    return {
        **{key: getattr(found, key) for key in ("median", "low", "high", "p90", "p99", "calls", "drift", "is_stable")},
        "per_second": batch * found.calls / sum(float(block.times.sum()) for block in found.blocks),
        "blocks": [1e3 * float(np.median(block.times)) for block in found.blocks],
        "references": [1e3 * block.reference for block in found.blocks if block.reference is not None],
        "cold": cold,
        "memory": runtimes.held_by_gpu(order.path) or max(0, sensors.peak() - before),
        "load": load,
        "clock": clock,
        "temperature": temperature,
        "energy": energy,
    }


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
