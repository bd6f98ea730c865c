"""A helper that only times artefacts: it reads JSON from stdin.

The first line is its setup, each further line an order. It answers with a line for each batch size as soon as that is
timed, so that nothing is lost when a larger batch takes all memory. The last line of an answer has `done` and the
references' times meanwhile. The process stays for the next order, so that TensorFlow and the references are loaded
once.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suite.core.inputs import Sizes
from suite.core.paths import BESIDE
from suite.core.reasons import said
from suite.machine.capacity import free_memory
from suite.timing import rest, runtimes, sensors
from suite.timing.blocks import Block, moments
from suite.timing.order import Order, Setup, too_slow
from suite.timing.protocol import ENOUGH, Protocol, latency, watched
from suite.timing.readings import Ready, read


def main() -> None:
    """Time what stdin asks for."""
    setup = Setup(**json.loads(sys.stdin.readline()))
    runtimes.pin(setup.threads, setup.processors)
    sys.stdout, answers = sys.stderr, sys.stdout  # libraries print freely
    runtimes.ready(setup.path, setup.threads)
    process = _Process(setup)
    for line in sys.stdin:
        order = Order(**json.loads(line))
        for answer in process.answers(order):
            print(json.dumps(answer), file=answers, flush=True)
        print(json.dumps({"done": True, "moments": process.seen}), file=answers, flush=True)


class _Process:
    """What this process has loaded and measured so far."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self.failed: dict[str, str] = {}  # why a reference could not be run, by its name
        self.seen: dict[str, rest.Moments] = {}  # of the references, by manner, in the last order
        self._references = {}
        for name, artefact in setup.references.items():
            try:
                self._references[name] = self._reference(artefact)
            except Exception as error:  # artefacts are timed without it
                self.failed[name] = said(error)

    def _reference(self, artefact: str) -> runtimes.Call:
        """Return a call of a reference on one picture, after its first call."""
        beside = BESIDE.get(self._setup.path, self._setup.path)
        runtimes.ready(beside, self._setup.threads)
        call = runtimes.opened(beside, Path(artefact), self._setup.threads).on(1)
        call()
        return call

    def answers(self, order: Order) -> Any:
        """Yield the result of each batch size, or why there is none."""
        self.seen = {}
        sensors.forget_peak()
        before = sensors.resident()
        began = time.perf_counter()
        try:
            runtime = runtimes.opened(self._setup.path, Path(order.artefact), self._setup.threads, _tuples(order.sizes))
        except Exception as error:
            yield from ({"batch": batch, **_failed(error)} for batch in order.batches)
            return
        per_picture = 0.0  # seconds, at the previous batch size
        for batch in order.batches:
            answer = _left_out(per_picture * batch, order) or self._timed(runtime, batch, order, began, before)
            per_picture = answer.get("call", per_picture * batch) / batch
            yield {"batch": batch, **answer}

    def _rests(self, known: Mapping[str, float], manner: str) -> Mapping[str, float]:
        """Return the references' seconds at rest; watch the references first if one is unknown."""
        if not self._references or self._references.keys() <= known.keys():
            return known
        if manner not in self.seen:
            self.seen[manner] = watched(self._references, self._setup.watched, manner)
        return rest.rests(self.seen[manner])

    def _is_beside_the_same(self, block: Block) -> bool:
        """Whether a block was timed beside the references of this process: in some process one may fail."""
        return block.references.keys() == self._references.keys()

    def _timed(
        self,
        runtime: runtimes.Runtime,
        batch: int,
        order: Order,
        began: float,
        before: int,
    ) -> dict[str, Any]:
        load, free = sensors.load(), free_memory()
        needed = order.needs.get(str(batch), 0)
        if needed > free and not runtime.gpu:  # a GPU has other memory, and raises when it is full
            return {"no_memory": f"needs {needed / 1e9:.1f} GB for its activations, {free / 1e9:.1f} GB are free"}
        try:
            sensors.forget_peak_of_gpu(self._setup.path, gpu=runtime.gpu)
            call = runtime.on(batch)
            call()
            is_first = bool(order.readings) and batch == order.batches[0]
            cold = {"cold_start": time.perf_counter() - began} if is_first else {}
            left_out = _left_out(_seconds(call), order)
            if left_out:
                return left_out
            manner = order.manner(batch)
            protocol = Protocol.of(order.seconds, manner)
            rests = self._rests(order.rests.get(manner, {}), manner)
            prior = order.prior(batch).seen(*order.slopes.get(str(batch), (0.0, 0.0)))
            others, stolen = sensors.neighbours(), sensors.stolen()
            earlier = [one for one in map(Block.of, order.before.get(str(batch), ())) if self._is_beside_the_same(one)]
            found = latency(
                call, protocol, references=self._references, rests=rests, before=earlier, left=order.left, prior=prior
            )
            busy, steal = others(), stolen()
            ready = Ready(
                artefact=Path(order.artefact), path=self._setup.path, call=call, batch=batch, gpu=runtime.gpu,
                resident=before,
            )  # fmt: skip
            readings = read(ready, order.readings)
        except Exception as error:
            return _failed(error)
        new = found.blocks[len(earlier) :]
        self.seen[manner] = rest.added(self.seen.get(manner, {}), moments(new))
        return {
            "call": found.raw / 1e3,
            "measures": {**found.measures, **readings, **cold},
            "timed": [block.told for block in new],
            "is_slow": protocol.is_slow(found.raw / 1e3),
            "calls": found.calls,
            "drift": found.drift,
            "is_stable": found.is_stable,
            "is_enough": found.half <= ENOUGH * found.within,
            "reference": f"{found.ratio.references} {manner}" if found.ratio else "",
            "ratio": found.ratio.median if found.ratio else None,
            "rest": found.ratio.rest if found.ratio else None,
            "follows": found.ratio.follows if found.ratio else None,
            "slope": found.ratio.seen if found.ratio else (0.0, 0.0),
            "without": self.failed,
            "blocks": [1e3 * float(np.median(block.times)) for block in found.blocks],
            "references": found.reference_medians,
            "load": load,
            "others": busy,
            "steal": steal,
            "clock": sensors.clock(gpu=runtime.gpu),
            "temperature": sensors.temperature(gpu=runtime.gpu),
        }


def _tuples(sizes: Mapping[str, Sequence[int]]) -> dict[str, Sizes]:
    return {name: tuple(one) for name, one in sizes.items()}


def _failed(error: Exception) -> dict[str, str]:
    return {"no_memory" if runtimes.is_out_of_memory(error) else "failed": said(error)}


def _left_out(seconds: float, order: Order) -> dict[str, Any]:
    said = too_slow(seconds, order.longest)
    return {"too_slow": said, "call": seconds} if said else {}


def _seconds(call: runtimes.Call) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
