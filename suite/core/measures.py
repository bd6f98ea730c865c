"""The measures of a candidate, with all their properties. Nothing else defines a measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Goal = Literal["min", "max"]
Known = Literal["built", "measured", "trained"]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One number of a candidate. It has the same name from its measurement to the report."""

    name: str
    title: str  # for axes and headings
    unit: str  # as printed behind a value; "" for a count
    goal: Goal  # the better direction
    known: Known  # after building, after running it untrained on the device, or only after training
    meaning: str
    per_device: bool = False  # depends on the device and its path: never compared across places
    part_of: str = ""  # the measure that it is an end or another view of; "": none
    of_words: bool = False  # of both sides of a network that learns from texts, before its classifier is trained
    at_rest: bool = False  # whether it is scaled to the references' time at rest
    is_brief: bool = False  # whether it is shown in short tables
    timm: tuple[str, float] | None = None  # its column in timm's tables, and the factor for it

    @property
    def is_cost(self) -> bool:
        """Whether it is known before training."""
        return self.known != "trained"

    @property
    def heading(self) -> str:
        """Its title with its unit: `Latency, ms`."""
        return f"{self.title}, {self.unit}" if self.unit else self.title

    @property
    def word(self) -> str:
        """Its title within a sentence: `latency`, `multiply-adds`."""
        return self.title.partition(" (")[0].lower()


def _latency(name: str, title: str, meaning: str, *, at_rest: bool = True) -> Measure:
    """Return an end of the interval of `latency`, or another view of the same calls."""
    return Measure(
        name=name, title=title, unit="ms", goal="min", known="measured", meaning=meaning, per_device=True,
        part_of="latency", at_rest=at_rest,
    )  # fmt: skip


_TABLE = (
    Measure(
        name="accuracy", title="Accuracy (top-1)", unit="%", goal="max", known="trained", is_brief=True,
        meaning="share of the validation images whose class has the largest output", timm=("top1", 1.0),
    ),
    Measure(
        name="balanced_accuracy", title="Balanced accuracy", unit="%", goal="max", known="trained",
        meaning="share of right validation images in each class, averaged: every class counts the same",
    ),
    Measure(
        name="top5", title="Accuracy (top-5)", unit="%", goal="max", known="trained", is_brief=True,
        meaning="share of the validation images whose class is among the five largest outputs",
    ),
    Measure(
        name="loss", title="Cross-entropy", unit="nats", goal="min", known="trained",
        meaning="mean cross-entropy on the validation images, at the epoch of the best accuracy",
    ),
    Measure(
        name="zero_shot", title="Zero-shot accuracy", unit="%", goal="max", known="trained", of_words=True,
        meaning="share of the validation images whose class has the nearest text, before any training on classes",
    ),
    Measure(
        name="training_seconds", title="Training time", unit="s", goal="min", known="trained", per_device=True,
        meaning="wall-clock seconds of the training, validation included",
    ),
    Measure(
        name="latency", title="Latency", unit="ms", goal="min", known="measured", per_device=True, at_rest=True,
        is_brief=True, meaning="milliseconds of one call of the exported network on this device at rest",
        timm=("infer_step_time", 1.0),
    ),
    _latency("latency_low", "Latency, lower end", "lower end of the 95 % interval of the median"),
    _latency("latency_high", "Latency, upper end", "upper end of the 95 % interval of the median"),
    _latency("latency_raw", "Latency as it was", "median of the calls, however busy the machine was", at_rest=False),
    _latency("latency_p90", "Latency (90th percentile)", "nine calls in ten end within these milliseconds"),
    _latency("latency_p99", "Latency (99th percentile)", "99 calls in 100 end within these milliseconds"),
    Measure(
        name="parameters", title="Parameters", unit="", goal="min", known="built", is_brief=True,
        meaning="trainable weights (ResNet-50: 25,557,032)", timm=("param_count", 1e6),
    ),
    Measure(
        name="macs", title="Multiply-adds", unit="", goal="min", known="built", is_brief=True,
        meaning="multiply-adds of convolutions, dense layers and attention products, for one image",
        timm=("infer_gmacs", 1e9),
    ),
    Measure(
        name="activations", title="Activations", unit="", goal="min", known="built", is_brief=True,
        meaning="output elements of the layers that `macs` counts, for one image", timm=("infer_macts", 1e6),
    ),
    Measure(
        name="file_size", title="Size of the file", unit="MB", goal="min", known="measured",
        meaning="the exported network on the disk, in 1,000,000 bytes, in the format that it is deployed in",
    ),
    Measure(
        name="peak_memory", title="Peak memory", unit="MB", goal="min", known="measured", per_device=True,
        meaning="most memory that a process takes to load the exported network and to run it, in 1,000,000 bytes",
    ),
    Measure(
        name="energy", title="Energy", unit="J", goal="min", known="measured", per_device=True,
        meaning="joules for one image, as counted by the whole processor or GPU; some devices do not count",
    ),
    Measure(
        name="cold_start", title="Cold start", unit="s", goal="min", known="measured", per_device=True,
        meaning="seconds from the exported network on the disk to its first answer",
    ),
)  # fmt: skip

MEASURES: dict[str, Measure] = {measure.name: measure for measure in _TABLE}

# Columns of timm's tables and of our earlier ones: the measure in them, and the factor for their numbers.
ALIASES: dict[str, tuple[str, float]] = {
    **{measure.timm[0]: (measure.name, measure.timm[1]) for measure in _TABLE if measure.timm},
    **{f"step_time_{part}": (f"latency_{part}", 1.0) for part in ("low", "high", "raw", "p90", "p99")},
    "memory_bytes": ("peak_memory", 1e-6),
    "model_bytes": ("file_size", 1e-6),
}


COUNTED = tuple(measure.name for measure in _TABLE if measure.known == "built")


def costs() -> list[Measure]:
    """Return the measures known before training, without the parts of others."""
    return [measure for measure in _TABLE if measure.is_cost and not measure.part_of]


WITHIN = 0.03  # a value is stable if half its interval is at most this share of it


def interval(known: Mapping[str, float], name: str) -> tuple[float, float]:
    """Return both ends of the interval of the measure `name`: `latency_low` and `latency_high`, or the value twice."""
    value = known[name]
    return known.get(f"{name}_low", value), known.get(f"{name}_high", value)


def is_stable(known: Mapping[str, float], name: str) -> bool:
    """Whether the interval of the measure `name` is narrow enough to compare."""
    low, high = interval(known, name)
    return high - low <= 2 * WITHIN * abs(known[name])


def spread(known: Mapping[str, float], name: str) -> str:
    """Return the interval of the measure `name` for people: `0.336 to 0.34`, or `0.285 to 0.368, unstable`."""
    ends = [written(name, end) for end in interval(known, name)]
    return " to ".join(ends) + ("" if is_stable(known, name) else ", unstable")


def written(name: str, value: float) -> str:
    """Return `value` of the measure `name` without its unit: `93.41`, `1.24`, `25,557,032`."""
    unit = MEASURES[name].unit
    return formatted(name, value).removesuffix(f" {unit}") if unit else formatted(name, value)


def formatted(name: str, value: float) -> str:
    """Return `value` of the measure `name` as people read it: `93.41 %`, `1.24 ms`, `25,557,032`."""
    unit = MEASURES[name].unit
    if not unit:
        return f"{value:,.0f}"
    if unit == "%":
        return f"{value:.2f} {unit}"
    return f"{value:,.0f} {unit}" if value >= 1000 else f"{value:.3g} {unit}"
