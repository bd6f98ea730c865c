"""Which model to take: the best within limits, or the nearest misses when nothing fits."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from suite.core import dominance, limits
from suite.core.errors import NothingFitsError, NothingTrainedError, SuiteError
from suite.core.measures import MEASURES, formatted, is_stable, spread
from suite.core.rules import brief
from suite.core.study import Constraint, Objective, setting
from suite.core.trial import NEW_START
from suite.report.comparison import Comparison
from suite.report.entries import Entry, ends

MISSES = 3  # shown when nothing fits
BUSY = 20.0  # percent of the processors that other work took: worth a line


def best(comparison: Comparison, wanted: Sequence[Constraint] = ()) -> Entry:
    """Return the most accurate candidate within the limits `wanted`; of equals, the cheapest.

    Candidates that are surely within the limits come before candidates that meet them by the median only. The choice
    is always on the front of its group. Raises NothingFitsError, with the nearest misses, when no candidate fits.
    """
    return leading(comparison, fitting(comparison, wanted))


def leading(comparison: Comparison, among: Sequence[Entry]) -> Entry:
    """Return the most accurate of some candidates; of equals, the cheapest."""
    known = [
        objective
        for objective in dict.fromkeys([comparison.quality, *comparison.objectives, *comparison.costs])
        if all(objective.measure in entry.trial.measures for entry in among)
    ]
    front = comparison.best(among, known)
    values = dominance.minimised([entry.trial for entry in front], known)
    return min(zip(values.tolist(), front, strict=True), key=lambda pair: pair[0])[1]


def knee(comparison: Comparison, wanted: Sequence[Constraint] = ()) -> Entry:
    """Return the knee of accuracy against the first cost: beyond this candidate, more accuracy becomes dear.

    Only candidates that are surely within the limits `wanted` count, if there are any.
    """
    among = fitting(comparison, wanted)
    pair = [comparison.quality, *comparison.costs[:1]]
    found = dominance.knee([entry.trial for entry in among], pair)
    return next((entry for entry in among if entry.trial is found), None) or best(comparison, wanted)


def named(comparison: Comparison, name: str) -> Entry:
    """Return the complete trial `name`: `run/number`, or the number alone if there is one run."""
    alone = len(comparison.runs) == 1
    found = [e for e in comparison.entries if name == e.name or (alone and name == str(e.trial.number))]
    if not found:
        raise SuiteError(f"no trial '{name}' in {', '.join(comparison.names)}. Name a number, `best` or `knee`")
    if found[0].trial.state != "complete":
        raise SuiteError(f"{found[0].name} is {found[0].trial.state} and has no trained model. Choose a complete trial")
    return found[0]


def _require_trained(comparison: Comparison) -> None:
    """Raise NothingTrainedError, with the reasons, unless some trial was completed."""
    if any(entry.trial.state == "complete" for entry in comparison.entries):
        return
    ended: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in comparison.entries:
        reason = re.sub(r"[\d.,]+", "#", entry.trial.reason)  # reasons that differ by a number are one
        ended[entry.trial.state, reason].append(entry)
    told = [
        f"  {len(alike)} {state}{': ' * bool(alike[0].trial.reason)}{alike[0].trial.reason} ({alike[0].name})"
        for (state, _), alike in sorted(ended.items(), key=lambda pair: -len(pair[1]))
    ]
    first = f"{', '.join(comparison.names)}: no trial was completed, so there is no network and no front."
    raise NothingTrainedError(
        "\n".join([first, *told, *_busy([entry for entry in comparison.entries if "latency" in entry.trial.reason])])
    )


def _busy(entries: Sequence[Entry]) -> list[str]:
    """Return a line that says that other work went on while the latencies of these candidates were measured."""
    timed = [entry.trial for entry in entries if "latency" in entry.trial.measures]
    unsure = [trial for trial in timed if not is_stable(trial.measures, "latency")]
    shares = sorted(float(trial.surroundings.get("latency_others", 0)) for trial in unsure)
    if not shares or shares[-1] < BUSY:
        return []
    told = " to ".join(dict.fromkeys(f"{share:.0f}" for share in (shares[0], shares[-1])))
    return [
        f"Other work took {told} % of the processors while their latency was measured. On a quiet machine it is lower. "
        "There, run the study again under another name."
    ]


def doubt(entry: Entry, wanted: Sequence[Constraint] = ()) -> str:
    """Name the limits of `wanted` and of its study that a candidate meets by the median only; empty if none."""
    unsure = limits.unsure(entry.trial.measures, [*wanted, *entry.constraints])
    return "; ".join(f"meets {limit} by the median only" for limit in unsure)


def table(
    entries: Sequence[Entry], wanted: Sequence[Constraint] = (), objectives: Sequence[Objective] = ()
) -> tuple[list[str], list[dict[str, Any]]]:
    """Return columns and rows for `entries`, the most accurate first; column `notes` says what is unsure.

    The measures are the brief ones, and those in `wanted` and in `objectives`.
    """
    asked = {limit.measure for limit in wanted} | {objective.measure for objective in objectives}
    shown = [name for name, measure in MEASURES.items() if measure.is_brief or name in asked]
    measures = [name for name in shown if any(name in entry.trial.measures for entry in entries)]
    columns = [column for name in measures for column in (name, *ends(entries, name))]
    ordered = sorted(entries, key=lambda entry: -entry.trial.measures.get("accuracy", 0.0))
    rows = [_row(entry, columns, wanted) for entry in ordered]
    notes = ["notes"] * any(row["notes"] for row in rows)
    limited = ["limits"] * bool(wanted)
    started = ["start"] * any(entry.trial.start != NEW_START for entry in entries)
    configured = ["configuration"] * any(row["configuration"] for row in rows)
    networks = ["network"] * any(row["network"] for row in rows)
    return ["trial", *networks, *started, *columns, *limited, *notes, *configured], rows


def _row(entry: Entry, columns: Sequence[str], wanted: Sequence[Constraint]) -> dict[str, Any]:
    known, said = entry.trial.measures, entry.trial.configuration
    unstable = [f"{name} unstable" for name in columns if name in known and not is_stable(known, name)]
    doubts = [doubt(entry)] if not wanted else []  # with limits, a column says it
    return {
        "trial": entry.name,
        "network": entry.network,
        "start": entry.trial.start,
        **{name: _whole(known.get(name)) for name in columns},
        "limits": limits.worst(known, [*wanted, *entry.constraints]),
        "notes": "; ".join(filter(None, [*unstable, *doubts, entry.trial.reason])),
        "configuration": "; ".join(f"{setting(key)} {brief(value)}" for key, value in said.items() if "." in key),
    }


def _whole(value: float | None) -> float | None:
    """Return a count as an integer."""
    return int(value) if value is not None and value == int(value) else value


def fitting(comparison: Comparison, wanted: Sequence[Constraint]) -> list[Entry]:
    """Return the candidates surely within limits; if there are none, those within limits by the median."""
    _require_trained(comparison)
    measured = {name for entry in comparison.candidates for name in entry.trial.measures}
    needed = {comparison.quality.measure} & measured | {limit.measure for limit in wanted}
    candidates = [entry for entry in comparison.candidates if needed <= entry.trial.measures.keys()]
    standings = [limits.worst(entry.trial.measures, [*wanted, *entry.constraints]) for entry in candidates]
    for standing in ("surely", "by the median"):
        found = [entry for entry, met in zip(candidates, standings, strict=True) if met == standing]
        if found:
            return found
    raise NothingFitsError(_misses(comparison, candidates, wanted))


def _misses(comparison: Comparison, candidates: Sequence[Entry], wanted: Sequence[Constraint]) -> str:
    """Return the message for when nothing fits: the nearest candidates and their values."""
    trained = candidates or [entry for entry in comparison.entries if entry.trial.state == "complete"]
    pairs = [(entry, wanted or entry.constraints) for entry in trained]
    said = " and ".join(dict.fromkeys(str(limit) for _, asked in pairs for limit in asked)) or "what is asked"
    nearest = sorted(pairs, key=lambda pair: _excess(*pair))
    lines = [
        f"  {entry.name}: {_measures(entry, [comparison.quality.measure, *(limit.measure for limit in asked)])}"
        for entry, asked in nearest[:MISSES]
    ]
    unknown = [entry for entry, asked in pairs if any(limits.hangs(entry.trial.measures, limit) for limit in asked)]
    return "\n".join([f"no trained model meets {said}. Nearest:", *lines, *_busy(unknown)])


def _excess(entry: Entry, asked: Sequence[Constraint]) -> float:
    known = entry.trial.measures
    return max((one.excess(known[one.measure]) for one in asked if one.measure in known), default=0.0)


def _measures(entry: Entry, names: Sequence[str]) -> str:
    known = entry.trial.measures  # a table of measured networks may have no accuracy
    return ", ".join(f"{name} {_told(known, name)}" for name in dict.fromkeys(names) if name in known)


def _told(known: Mapping[str, float], name: str) -> str:
    return formatted(name, known[name]) + ("" if is_stable(known, name) else f" ({spread(known, name)})")
