"""Measures, lists and numbers in the language of the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from suite.core.measures import MEASURES, formatted
from suite.core.paths import PATHS
from suite.core.study import Constraint
from suite.report.language import localised, many, say


def listed(words: Sequence[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return say("{several} and {last}", several=", ".join(words[:-1]), last=words[-1])


def short(value: float) -> str:
    """Return a number for an axis: `950`, `20k`, `1.5M`, `2G`, `0.05`."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return localised(f"{value / size:g}") + letter
    return localised(f"{value:g}")


def title(measure: str) -> str:
    """Return the title of a measure: `Accuracy (top-1)`."""
    return say(MEASURES[measure].title)


def word(measure: str) -> str:
    """Return the title of a measure within a sentence: `latency`, `multiply-adds`."""
    return title(measure).partition(" (")[0].lower()


def heading(measure: str) -> str:
    """Return the title of a measure with its unit: `Latency, ms`."""
    return f"{title(measure)}, {unit(measure)}" if unit(measure) else title(measure)


def unit(measure: str) -> str:
    """Return the unit of a measure: `ms`; empty if it counts."""
    known = MEASURES[measure].unit
    return say(known) if known else ""


def meaning(measure: str) -> str:
    """Say what a measure is."""
    return say(MEASURES[measure].meaning)


def axis(measure: str) -> str:
    """Return the label of an axis: `Latency, ms`; what is known of validation images only says so."""
    known = MEASURES[measure]
    if known.known == "trained" and known.unit == "%":
        return say("{title}, validation, %", title=title(measure))
    return heading(measure)


def limit(constraint: Constraint) -> str:
    """Return a limit: `latency ≤ 5 ms`."""
    sign = "≤" if constraint.at_most is not None else "≥"
    value = localised(formatted(constraint.measure, constraint.limit))
    return f"{word(constraint.measure)} {sign} {value}"


def amount(measure: str, value: float) -> str:
    """Return a value with its unit, or with what it counts: `1.24 ms`, `25,557,032 parameters`."""
    if measure in _COUNTED and value == int(value):
        return _COUNTED[measure](int(value))
    text = localised(formatted(measure, value))
    return text if MEASURES[measure].unit else f"{text} {word(measure)}"


_COUNTED: Mapping[str, Callable[[int], str]] = {
    "parameters": lambda count: many(count, "{number:,} parameter", "{number:,} parameters"),
    "macs": lambda count: many(count, "{number:,} multiply-add", "{number:,} multiply-adds"),
    "activations": lambda count: many(count, "{number:,} activation", "{number:,} activations"),
}


def path(name: str) -> str:
    """Say what a path to a network's answers is; its name if it is none of ours."""
    return say(PATHS[name]).replace("`", "") if name in PATHS else name
