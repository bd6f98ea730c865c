"""Networks built and written in a process of their own, seen from the process that asks for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from tempfile import TemporaryFile
from typing import Any

from suite import architectures
from suite.benchmark import outcome
from suite.benchmark.order import BuildOrder
from suite.benchmark.settings import Settings
from suite.machine import capacity, helper
from suite.timing.timer import GoneError

COPIES = 3  # of a network's weights, for which memory is needed to build and write it


def too_large(model: str) -> str:
    """Return why a network of the catalogue cannot be built in the free memory; empty if it can."""
    counted = architectures.recorded().get(model)
    needed, free = COPIES * 4 * (counted.total_parameters if counted else 0), capacity.free_memory()
    return f"needs {needed / 1e9:.1f} GB to be built, {free / 1e9:.1f} GB are free" if needed > free else ""


def made(model: str, settings: Settings, paths: Sequence[str], folder: str) -> dict[str, Any]:
    """Return the answer of the process that builds a network; state and reason if there is no network."""
    order = BuildOrder(
        model=model, given=settings.given, classes=settings.classes, precision=settings.precision, paths=tuple(paths),
        batches=settings.batches, folder=folder, trusted=settings.trusted,
    )  # fmt: skip
    try:
        answer = next(_asked("suite.benchmark.builder", order))  # how the process then ends does not matter
    except GoneError as gone:
        return outcome.gone(gone, "it was built")
    return answer if "artefacts" in answer else outcome.reason(answer)


def _asked(module: str, order: BuildOrder) -> Iterator[dict[str, Any]]:
    """Give `order` to a process and yield its answers as they come. Raises GoneError when the process fails."""
    with TemporaryFile("w+") as errors, helper.start(module, errors=errors) as process:
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(json.dumps(asdict(order)))
            process.stdin.close()
            yield from (json.loads(line) for line in process.stdout if line.startswith("{"))
        except BaseException:
            process.kill()
            raise
        if code := process.wait():
            errors.seek(0)
            raise GoneError(code, errors.read())
