"""What is found of one format of an export: how it agrees with the network, its accuracy, its size, its latency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.statistics.intervals import paired, wilson


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One format, judged on validation pictures that network and format both answered."""

    format: str  # key of formats.FORMATS
    file: str  # within the folder of the export
    megabytes: float
    pictures: int  # of the validation split
    greatest_difference: float  # of a probability from the network's
    same_first: float  # share of the pictures with the same class first, %
    accuracy: float | None = None  # %; None: the pictures have other classes
    accuracy_low: float | None = None  # 95 % interval
    accuracy_high: float | None = None
    lost: float | None = None  # accuracy of the network less that of the format, points
    lost_low: float | None = None  # 95 % interval, from the same pictures
    lost_high: float | None = None
    needs: str = ""  # whose layers a Keras file holds, beside Keras' own
    calibrated: int | None = None  # training pictures by which the ranges of 8 bits were chosen
    latency: Mapping[str, float] = field(default_factory=dict)  # latency, latency_low, latency_high: ms, one picture
    untimed: str = ""  # why there is no latency

    @property
    def row(self) -> dict[str, Any]:
        """A row of the table that people see."""
        took = self.latency
        return {
            "format": self.format,
            "MB": self.megabytes,
            "accuracy, %": _ranged(self.accuracy, self.accuracy_low, self.accuracy_high, ".1f"),
            "lost, points": _ranged(self.lost, self.lost_low, self.lost_high, ".1f"),
            "latency, ms": _ranged(took.get("latency"), took.get("latency_low"), took.get("latency_high"), ".3g"),
        }

    @property
    def kept(self) -> dict[str, Any]:
        """What the card keeps, as JSON has it."""
        return asdict(self)


def _ranged(value: float | None, low: float | None, high: float | None, form: str) -> str | None:
    """Return a value with its interval: `99.2 (97.6 to 99.7)`."""
    if value is None or low is None or high is None:
        return None
    return f"{value:{form}} ({low:{form}} to {high:{form}})"


def agreed(answers: NDArray[np.float32], wanted: NDArray[np.float32]) -> dict[str, float]:
    """Return how the probabilities of a format, [N, K], agree with those `wanted`."""
    return {
        "greatest_difference": float(np.abs(answers - wanted).max()),
        "same_first": float(100 * np.mean(answers.argmax(-1) == wanted.argmax(-1))),
    }


def accuracies(
    answers: NDArray[np.float32], wanted: NDArray[np.float32], labels: NDArray[np.int64]
) -> dict[str, float]:
    """Return the accuracy of a format in percent, and what it lost of the network's in points, with 95 % intervals."""
    right, before = answers.argmax(-1) == labels, wanted.argmax(-1) == labels
    share, lost = wilson(float(right.mean()), len(labels)), paired(before, right)
    return {
        "accuracy": float(100 * right.mean()), "accuracy_low": 100 * share.low, "accuracy_high": 100 * share.high,
        "lost": float(100 * (before.mean() - right.mean())), "lost_low": 100 * lost.low, "lost_high": 100 * lost.high,
    }  # fmt: skip
