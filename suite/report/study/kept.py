"""What trials kept of their trainings, small enough for the page: learning curves, answers, values by seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from suite.core import answers, classes
from suite.report import confirmation, phrases, wrong
from suite.report.certainty import Certainty
from suite.report.comparison import Comparison, Entry

POINTS = 100_000  # of all learning curves together: some 1 MB
FEWEST = 12  # points of a curve, however many curves there are
PICTURES = 600_000  # bytes of the pictures of mistakes
WRONG = 60_000  # pairs of classes of all trials together: some 0.6 MB


def curves(comparison: Comparison) -> dict[str, Any]:
    """Return the learning curves: validation values of the quality, or of the accuracy if no epoch has it.

    They are rounded and, if there are many, thinned.
    """
    by = next((name for name in (comparison.quality.measure, "accuracy") if _has(comparison, name)), None)
    if by is None:
        return {}
    whole = [_curve(entry, f"val_{by}") for entry in comparison.entries]
    most = max(FEWEST, POINTS // max(1, sum(map(bool, whole))))
    thin = [_thinned(curve, most) for curve in whole]
    return {
        "measure": by,
        "axis": phrases.axis(by),
        "epochs": [[int(epoch) for epoch, _ in curve] for curve in thin],
        "values": [[round(value, 2) for _, value in curve] for curve in thin],
    }


def _curve(entry: Entry, column: str) -> list[tuple[float, float]]:
    return [(row["epoch"], row[column]) for row in entry.trial.curve if column in row]


def _has(comparison: Comparison, measure: str) -> bool:
    return any(f"val_{measure}" in row for entry in comparison.entries for row in entry.trial.curve[:1])


def _thinned(curve: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """Return at most some `most` points of a curve: its ends, its best, and others evenly between them."""
    if len(curve) <= most:
        return list(curve)
    best = max(range(len(curve)), key=lambda place: curve[place][1])
    places = {*np.linspace(0, len(curve) - 1, most - 1).round().astype(int).tolist(), best}
    return [curve[place] for place in sorted(places)]


def confusions(comparison: Comparison, sure: Certainty | None) -> dict[str, Any]:
    """Return how many pictures of which class each trial named as which: [label, named, pictures], sparse.

    The best and the front come first, others as long as there is room.
    """
    if not sure:
        return {}
    run = comparison.run_of(sure.entries[sure.best])
    front = {entry.name for entry in comparison.front} | {sure.entries[sure.best].name}
    ordered = sorted(range(len(sure.entries)), key=lambda one: sure.entries[one].name not in front)
    found: dict[str, list[list[int]]] = {}
    room = WRONG
    for one in ordered:
        pairs, counts = np.unique(np.stack([sure.kept[one].labels, sure.kept[one].named]), axis=1, return_counts=True)
        room -= len(counts)
        if room < 0:
            break
        found[sure.entries[one].name] = np.vstack([pairs, counts]).T.tolist()
    return {"classes": list(classes.read(run.folder)) if run else [], "of": found}


def confirmed(comparison: Comparison) -> list[dict[str, Any]]:
    """Return each network that was trained again, the best first: its accuracies on the test pictures by seed.

    With their mean and its interval over seeds and pictures; all are in percent.
    """
    again = [[entry] for entry in comparison.entries if _was_confirmed(comparison, entry)]
    found = [confirmation.of(comparison, one, confirmation.seeds_of(comparison, one)) for one in again]
    return sorted(map(_confirmed, filter(None, found)), key=lambda row: -row["mean"])


def _was_confirmed(comparison: Comparison, entry: Entry) -> bool:
    run = comparison.run_of(entry)
    return run is not None and answers.again(run.folder, entry.trial.number, 0).parent.is_dir()


def _confirmed(known: confirmation.Confirmation) -> dict[str, Any]:
    (entry,), (mean,), (seeds,) = known.entries, known.means, known.by_seed
    return {
        "name": entry.name,
        "mean": 100 * mean.value,
        "low": max(0.0, 100 * mean.interval.low),
        "high": min(100.0, 100 * mean.interval.high),
        "seeds": [round(float(value), 3) for value in seeds],
    }


def mistakes(comparison: Comparison, sure: Certainty | None) -> dict[str, Any]:
    """Return the worst mistakes of the best and of the front: [picture, class, named, probability], and the pictures.

    The most accurate come first, others as long as there is room.
    """
    if not sure:
        return {}
    pictures: dict[str, str] = {}
    found: dict[str, list[list[Any]]] = {}
    front = sorted(comparison.front, key=lambda entry: -entry.trial.measures.get("accuracy", 0.0))
    for entry in [sure.entries[sure.best], *front]:
        each = wrong.of(comparison, entry)
        pictures.update({f"{entry.run}/{one.number}": one.uri for one in each})
        if sum(map(len, pictures.values())) > PICTURES:
            break
        found[entry.name] = [[f"{entry.run}/{one.number}", one.label, one.named, round(one.said, 3)] for one in each]
    return {"pictures": pictures, "of": found}
