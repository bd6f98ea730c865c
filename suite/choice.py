"""Which model to take: the best within limits, or the nearest misses when there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suite import pareto
from suite.errors import NothingFitsError, SuiteError
from suite.measures import formatted
from suite.report import tables
from suite.report.comparison import Comparison, Entry
from suite.study import Constraint

MISSES = 3  # shown when nothing fits
SHOWN = ("accuracy", "top5", "latency", "parameters", "macs", "activations")


def best(comparison: Comparison, limits: Sequence[Constraint] = ()) -> Entry:
    """Return the most accurate candidate within `limits`; of equals, the one that costs the least.

    Raises NothingFitsError, which names the nearest misses, when none is within them.
    """
    candidates = _measured(comparison, limits)
    fitting = [entry for entry in candidates if entry.trial.fits(limits)]
    if not fitting:
        raise NothingFitsError(_misses(comparison, candidates, limits))
    measures = [comparison.quality, *comparison.costs]
    values = pareto.minimised([entry.trial for entry in fitting], measures)
    return min(zip(values.tolist(), fitting, strict=True), key=lambda pair: pair[0])[1]


def knee(comparison: Comparison, limits: Sequence[Constraint] = ()) -> Entry:
    """Return the front's candidate after which accuracy becomes dear: the knee of accuracy against the first cost."""
    fitting = [entry for entry in _measured(comparison, limits) if entry.trial.fits(limits)]
    if not fitting or not comparison.costs:
        return best(comparison, limits)
    values = pareto.minimised([entry.trial for entry in fitting], [comparison.quality, comparison.costs[0]])
    return fitting[pareto.knee(values)]


def named(comparison: Comparison, name: str) -> Entry:
    """Return the complete trial called `name`: its number, when there is one run, or `run/number`."""
    alone = len(comparison.runs) == 1
    found = [e for e in comparison.entries if name == e.name or (alone and name == str(e.trial.number))]
    if not found:
        raise SuiteError(f"no trial '{name}' in {', '.join(comparison.names)}: name a number, `best` or `knee`")
    if found[0].trial.state != "complete":
        raise SuiteError(f"{found[0].name} is {found[0].trial.state}, it has no trained model: choose a complete one")
    return found[0]


def table(entries: Sequence[Entry]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the columns and the rows that show `entries`, the most accurate first."""
    measures = [name for name in SHOWN if any(name in entry.trial.measures for entry in entries)]
    ordered = sorted(entries, key=lambda entry: -entry.trial.measures.get("accuracy", 0.0))
    note = ["note"] if any(entry.trial.reason for entry in entries) else []  # of those that were not trained to the end
    return ["trial", *measures, "configuration", *note], [_row(entry, measures) for entry in ordered]


def _row(entry: Entry, measures: Sequence[str]) -> dict[str, Any]:
    said = [f"{key.partition('.')[2]} {tables.text(value)}" for key, value in entry.trial.configuration.items()]
    values = {name: _whole(entry.trial.measures.get(name)) for name in measures}
    return {"trial": entry.name, **values, "configuration": "; ".join(said), "note": entry.trial.reason}


def _whole(value: float | None) -> float | None:
    """Return a count as an integer."""
    return int(value) if value is not None and value == int(value) else value


def _measured(comparison: Comparison, limits: Sequence[Constraint]) -> list[Entry]:
    needed = {comparison.quality.measure, *(limit.measure for limit in limits)}
    return [entry for entry in comparison.candidates if needed <= entry.trial.measures.keys()]


def _misses(comparison: Comparison, candidates: Sequence[Entry], limits: Sequence[Constraint]) -> str:
    """Return the message for when nothing fits: by how much the nearest ones miss."""
    wanted = " and ".join(map(str, limits)) or "the constraints of its study"
    if not candidates:
        return f"no trained model meets {wanted}: {', '.join(comparison.names)} holds no complete trial that may count"
    nearest = sorted(
        candidates, key=lambda entry: max(limit.excess(entry.trial.measures[limit.measure]) for limit in limits)
    )
    lines = [
        f"  {entry.name}: {_measures(entry, [comparison.quality.measure, *(c.measure for c in limits)])}"
        for entry in nearest
    ]
    return "\n".join([f"no trained model meets {wanted}. Nearest:", *lines[:MISSES]])


def _measures(entry: Entry, names: Sequence[str]) -> str:
    return ", ".join(f"{name} {formatted(name, entry.trial.measures[name])}" for name in names)
