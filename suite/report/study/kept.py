"""What trials kept of their trainings, small enough for the page: learning curves, answers, values by seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from suite.core import answers, classes
from suite.core.answers import Answers
from suite.report import confirmation, phrases, wrong
from suite.report.certainty import Certainty
from suite.report.comparison import Comparison
from suite.report.entries import Entry
from suite.statistics import seeds as means
from suite.statistics.calibration import reliability

Sides = Sequence[tuple[Comparison, Certainty | None]]  # each data set, and how sure its accuracies are

POINTS = 100_000  # of all learning curves together: some 1 MB
FEWEST = 12  # points of a curve, however many curves there are
PICTURES = 600_000  # bytes of the pictures of mistakes
BINS = 30_000  # of the calibration of all trials together: some 0.6 MB
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


def answered(sides: Sides) -> dict[str, Any]:
    """Return what trials answered to the validation pictures: confusions, calibration, worst mistakes.

    The best and the front of each data set come first, others as long as there is room.
    """
    each = [_answered(side, sure, len(sides)) for side, sure in sides]
    merged = {key: _merged(one[key] for one in each) for key in ("confusions", "calibration", "mistakes", "pictures")}
    return {"classes": [one["classes"] for one in each], **merged}


def _merged(found: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {key: value for each in found for key, value in each.items()}


def _answered(side: Comparison, sure: Certainty | None, count: int) -> dict[str, Any]:
    if not sure:
        return {"classes": [], "confusions": {}, "calibration": {}, "mistakes": {}, "pictures": {}}
    run = side.run_of(sure.entries[sure.best])
    mistakes, pictures = _mistakes(side, sure, PICTURES // count)
    return {
        "classes": list(classes.read(run.folder)) if run else [],
        "confusions": _in_room(side, sure, _confusion, WRONG // count),
        "calibration": _in_room(side, sure, _calibration, BINS // count),
        "mistakes": mistakes,
        "pictures": pictures,
    }


def _in_room(side: Comparison, sure: Certainty, tell: Callable[[Answers], Sequence[Any]], room: int) -> dict[str, Any]:
    """Return what `tell` tells of each trial, until it has told of as many as there is room for."""
    front = {entry.name for entry in side.front} | {sure.entries[sure.best].name}
    found: dict[str, Any] = {}
    for one in sorted(range(len(sure.entries)), key=lambda one: sure.entries[one].name not in front):
        told = tell(sure.kept(one))
        room -= len(told)
        if room < 0:
            break
        found[sure.entries[one].name] = told
    return found


def _confusion(kept: Answers) -> list[list[int]]:
    """Return how many pictures of which class are named as which: [label, named, pictures], sparse."""
    count = 1 + int(max(kept.labels.max(), kept.named.max()))
    table = np.bincount(kept.labels.astype(np.int64) * count + kept.named, minlength=count * count)
    pairs = np.flatnonzero(table)
    return np.column_stack([*np.divmod(pairs, count), table[pairs]]).tolist()


def _calibration(kept: Answers) -> list[list[float]]:
    """Return bins of answers: [at temperature (0 or 1), said in percent, right of the pictures, pictures].

    Before them stands the temperature.
    """
    found = [reliability(said.astype(float), kept.right) for said in (kept.said, kept.tempered)]
    bins = [
        [place, round(100 * said, 1), round(right * pictures), int(pictures)]
        for place, each in enumerate(found)
        for said, right, pictures in zip(each.said.tolist(), each.right.tolist(), each.pictures.tolist(), strict=True)
    ]
    return [[round(float(kept.temperature), 3)], *bins]


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
    (entry,), (mean,), (seeds,), (by_text,) = known.entries, known.means, known.by_seed, known.by_text
    return {
        "name": entry.name,
        **confirmation.percent("mean", mean),
        "seeds": [round(float(value), 3) for value in seeds],
        "by_text": None if by_text is None else confirmation.percent("mean", means.share(by_text)),
    }


def _mistakes(comparison: Comparison, sure: Certainty, room: int) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the worst mistakes of the best and of the front: [picture, class, named, probability], and the pictures.

    The most accurate come first, others as long as there is room.
    """
    pictures: dict[str, str] = {}
    found: dict[str, list[list[Any]]] = {}
    front = sorted(comparison.front, key=lambda entry: -entry.trial.measures.get("accuracy", 0.0))
    for entry in [sure.entries[sure.best], *front]:
        each = wrong.of(comparison, entry)
        with_own = pictures | {f"{entry.run}/{one.number}": one.uri for one in each}
        if sum(map(len, with_own.values())) > room:
            break
        pictures = with_own
        found[entry.name] = [[f"{entry.run}/{one.number}", one.label, one.named, round(one.said, 3)] for one in each]
    return found, pictures
