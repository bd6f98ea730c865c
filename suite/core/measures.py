"""The table of measures: what is measured of a candidate, in which unit, which way is better, when it is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Goal = Literal["min", "max"]
Known = Literal["built", "measured", "trained"]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One column of every table."""

    name: str
    title: str  # as an axis or a heading says it
    unit: str  # as printed behind a value; "" for a count
    goal: Goal  # which way is better
    known: Known  # after building, after running it untrained on the device, or only after training
    meaning: str

    @property
    def is_cost(self) -> bool:
        """Whether it is known before training."""
        return self.known != "trained"


_TABLE = (
    Measure(
        name="accuracy", title="Accuracy (top-1)", unit="%", goal="max", known="trained",
        meaning="share of the validation images whose class has the largest output",
    ),
    Measure(
        name="top5", title="Accuracy (top-5)", unit="%", goal="max", known="trained",
        meaning="share of the validation images whose class is among the five largest outputs",
    ),
    Measure(
        name="loss", title="Cross-entropy", unit="nats", goal="min", known="trained",
        meaning="mean cross-entropy on the validation images, at the epoch of the best accuracy",
    ),
    Measure(
        name="training_seconds", title="Training time", unit="s", goal="min", known="trained",
        meaning="wall-clock seconds of the training, validation included",
    ),
    Measure(
        name="parameters", title="Parameters", unit="", goal="min", known="built",
        meaning="trainable weights (ResNet-50: 25,557,032)",
    ),
    Measure(
        name="macs", title="Multiply-adds", unit="", goal="min", known="built",
        meaning="multiply-adds of convolutions, dense layers and attention products, for one image",
    ),
    Measure(
        name="activations", title="Activations", unit="", goal="min", known="built",
        meaning="output elements of the layers that `macs` counts, for one image",
    ),
    Measure(
        name="latency", title="Latency", unit="ms", goal="min", known="measured",
        meaning="milliseconds of one call of the exported network on this device at rest",
    ),
    Measure(
        name="latency_low", title="Latency, lower end", unit="ms", goal="min", known="measured",
        meaning="lower end of the 95 % interval of the median",
    ),
    Measure(
        name="latency_high", title="Latency, upper end", unit="ms", goal="min", known="measured",
        meaning="upper end of the 95 % interval of the median",
    ),
    Measure(
        name="latency_raw", title="Latency as it was", unit="ms", goal="min", known="measured",
        meaning="median of the calls themselves, however busy the machine was",
    ),
    Measure(
        name="latency_p90", title="Latency (90th percentile)", unit="ms", goal="min", known="measured",
        meaning="nine calls in ten end within these milliseconds",
    ),
)  # fmt: skip

MEASURES: dict[str, Measure] = {measure.name: measure for measure in _TABLE}


WITHIN = 0.03  # half an interval, as part of the value, up to which a value is called stable


def interval(known: Mapping[str, float], name: str) -> tuple[float, float]:
    """Return the ends between which the measure `name` lies: `latency_low` and `latency_high`, or the value twice."""
    value = known[name]
    return known.get(f"{name}_low", value), known.get(f"{name}_high", value)


def is_stable(known: Mapping[str, float], name: str) -> bool:
    """Whether the interval of the measure `name` is narrow enough to compare by."""
    low, high = interval(known, name)
    return high - low <= 2 * WITHIN * abs(known[name])


def spread(known: Mapping[str, float], name: str) -> str:
    """Return the interval of the measure `name` for people: `0.336 to 0.34`, or `0.285 to 0.368, unstable`."""
    ends = [formatted(name, end).removesuffix(f" {MEASURES[name].unit}") for end in interval(known, name)]
    return " to ".join(ends) + ("" if is_stable(known, name) else ", unstable")


def formatted(name: str, value: float) -> str:
    """Return `value` of the measure `name` as people read it: `93.41 %`, `1.24 ms`, `25,557,032`."""
    unit = MEASURES[name].unit
    if not unit:
        return f"{value:,.0f}"
    return f"{value:.2f} {unit}" if unit == "%" else f"{value:.3g} {unit}"
