"""A trained network in other formats: each is written beside its SavedModel, and asked on its own runtime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from suite.core.errors import ExportError
from suite.core.paths import INT8
from suite.core.reasons import said
from suite.datasets import Dataset
from suite.export import agreement, converters, saved_model
from suite.machine.quiet import silenced

JUDGED = 1000  # validation pictures at the most, on which each format is judged
CALIBRATED = 300  # training pictures at the most, by which the ranges of 8-bit numbers are chosen
OTHERWISE = 10  # times the tolerance of TensorFlow is that of other runtimes: they add numbers up in another order


class Runtimes(Protocol):
    """The runtimes of all formats, each in processes of its own."""

    def answers(self, format: str, file: Path, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the probabilities, [N, K], that a file gives for pictures, [N, H, W, C]. Raises SuiteError."""

    def latency(self, format: str, file: Path, touches: int) -> Mapping[str, float]:
        """Return the latency of a file for one picture, with its interval. Raises SuiteError.

        `touches` are the bytes of weights and activations of its network.
        """


@dataclass(frozen=True, kw_only=True)
class Recast:
    """Brings a network into other formats."""

    model: keras.Model  # logits out
    data: Dataset  # whose training pictures choose the ranges of 8-bit numbers
    saved: Path  # the network as a SavedModel, of which the other formats are made
    pixels: NDArray[np.uint8]  # [N, H, W, C], what each is asked about, as the network sees it
    wanted: NDArray[np.float32]  # [N, K], the probabilities of the network
    runtimes: Runtimes

    def asked(self, name: str) -> tuple[Path, NDArray[np.float32]]:
        """Write a format, and return its file and the probabilities, [N, K], that it gives.

        Raises ExportError, with the reason alone, when it cannot be written or run, or differs from the network by more
        than the precision of the network explains. In 8 bits it may differ by any amount.
        """
        try:
            file = self._written(name)
            answers = self.runtimes.answers(name, file, self.pixels)
        except Exception as error:  # converters may raise anything
            raise ExportError(said(error)) from error
        if answers.shape != self.wanted.shape:
            raise ExportError(f"its answers have shape {answers.shape}, not {self.wanted.shape}")
        difference = float(np.abs(answers - self.wanted).max())
        tolerance = OTHERWISE * agreement.tolerance_of(self.model)
        if name != INT8 and not difference <= tolerance:
            raise ExportError(
                f"it differs from the trained network by up to {difference:.2g} in a probability (at most "
                f"{tolerance:g} is allowed)"
            )
        return file, answers

    def calibrated(self, name: str) -> int | None:
        """Return how many training pictures choose the ranges of its numbers; None if it has no 8-bit numbers."""
        return min(CALIBRATED, self.data.sizes["train"]) if name == INT8 else None

    def _written(self, name: str) -> Path:
        into = self.saved / "formats"
        into.mkdir(exist_ok=True)
        whole = saved_model.whole(self.model, self.data.preprocessing) if name == "keras" else None
        with silenced():
            return converters.converted(self.saved, name, into, whole, self._shown if name == INT8 else None)

    @property
    def _shown(self) -> NDArray[np.float32]:
        return self.data.framed("train", CALIBRATED)[0].astype(np.float32)
