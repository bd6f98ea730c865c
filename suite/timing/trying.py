"""Files of an export tried on their own runtimes: what each answers, and how long it takes. Each in its own process."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suite.core.errors import ExportError, SuiteError
from suite.core.paths import narrowed
from suite.machine import helper
from suite.timing.order import Order
from suite.timing.timer import GoneError, Timer

SECONDS = 2.0  # after which no further block of a timing begins
LONGEST = 300.0  # seconds: a latency that would take longer is left out
KEPT = ("latency", "latency_low", "latency_high")


@dataclass(frozen=True, kw_only=True)
class OwnRuntimes:
    """How files are tried."""

    threads: int
    sources: Sequence[str] = ()  # files of the user's own architectures, whose layers a Keras file may name
    known: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # latencies by the formats that have one

    def answers(self, format: str, file: Path, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the probabilities, [N, K], that a file gives for pictures, [N, H, W, C]. Raises SuiteError."""
        with tempfile.TemporaryDirectory(prefix="suite-") as folder:
            asked = Path(folder) / "asked.npy"
            np.save(asked, pixels)
            words = (format, str(file), str(asked), str(self.threads), *self.sources)
            done = subprocess.run(helper.command("suite.timing.answering", *words), capture_output=True, text=True)
            if done.returncode:
                raise ExportError(f"it cannot be loaded and asked in a fresh process: {_reason(done.stderr)}")
            answers: NDArray[np.float32] = np.load(asked.with_suffix(".answers.npy"))
            return answers

    def latency(self, format: str, file: Path, touches: int) -> Mapping[str, float]:
        """Return the latency of a file for one picture, with its interval, in milliseconds. Raises SuiteError.

        `touches` are the bytes of weights and activations of its network.
        """
        if format in self.known:
            return self.known[format]
        touched = {"1": narrowed(format, touches)}
        order = Order(artefact=str(file), batches=(1,), seconds=SECONDS, longest=LONGEST, touches=touched)
        try:
            with Timer(format, self.threads) as timer:
                (answer,) = timer.ask(order)
        except GoneError as gone:
            raise SuiteError(gone.said("it was timed")) from gone
        if "measures" not in answer:
            raise SuiteError(next(answer[why] for why in ("failed", "too_slow", "no_memory") if why in answer))
        return {name: answer["measures"][name] for name in KEPT}


def _reason(stderr: str) -> str:
    """Return the line in which a traceback says what was wrong; a library may write more below it."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return next(
        (line for line in reversed(lines) if re.match(r"[\w.]+(Error|Exception)\b", line)),
        (lines or ["no message"])[-1],
    )
