"""The words of the page: titles, axes, captions and the sentences at its head."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from suite.core import seen
from suite.core.measures import MEASURES, formatted, interval
from suite.core.study import Constraint, Objective
from suite.core.trial import NEW_START, State
from suite.report.comparison import Comparison, Entry
from suite.report.study.plane import Plane
from suite.statistics.intervals import wilson

_STATES: dict[State, str] = {
    "complete": "trained",
    "paused": "paused before their last epoch",
    "refused": "refused before training",
    "dropped": "dropped before training",
    "failed": "failed",
    "interrupted": "interrupted",
    "running": "still running",
}


def count(number: int, word: str, plural: str = "") -> str:
    """Return `1 trial`, `2 trials`, `5,000 trials`."""
    return f"{number:,} {word if number == 1 else plural or word + 's'}"


def listed(words: Sequence[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def short(value: float) -> str:
    """Return a number for an axis: `950`, `20k`, `1.5M`, `2G`, `0.05`."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def axis(measure: str) -> str:
    """Return the label of an axis: `Latency (ms)`."""
    known = MEASURES[measure]
    validation = ", validation" if known.known == "trained" and known.unit == "%" else ""
    return known.heading.replace(known.title, f"{known.title}{validation}")


def front_title(quality: Objective, cost: Objective, place: str) -> str:
    """Return the heading of a front."""
    return f"{MEASURES[quality.measure].word.capitalize()} against {MEASURES[cost.measure].word}" + (
        f" on {place}" if place else ""
    )


def front_caption(plane: Plane, beyond: Sequence[Constraint]) -> str:
    """Say how to read a front."""
    quality, cost = MEASURES[plane.quality.measure].word, MEASURES[plane.cost.measure].word
    several = len(set(map(plane.comparison.kind, plane.entries))) > 1
    what = "run" if len(plane.comparison.names) > 1 else "family"
    sentences = [
        f"Up and to the left is better. The thick steps are the front: the best {quality} that {cost} can buy here.",
        f"Thin steps are the front of each {what} alone." if several else "",
        "Large marks are on the front. Pale ones are dominated: another is at least as good in both and better in one.",
        _knee_caption(plane),
        _interval(plane),
        _starts_caption(plane),
        "Crosses were trained but break a constraint." if plane.broken else "",
        f"The {cost} axis is logarithmic." if plane.log else "",
        "Not drawn, because far outside: " + listed([str(c) for c in beyond]) + "." if beyond else "",
        f"{MEASURES[plane.cost.measure].title}: {MEASURES[plane.cost.measure].meaning.replace('`', '')}.",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _starts_caption(plane: Plane) -> str:
    """Say which candidates begin with weights of another training, and on which."""
    known = sorted({entry.trial.start for entry in plane.entries} - {NEW_START})
    if not known:
        return ""
    told = f"A dot marks what is frozen, a plus what is tuned ({listed(known)})."
    new = any(entry.trial.start == NEW_START for entry in plane.entries)
    return told + (" The others are trained from scratch." if new else "")


def _knee_caption(plane: Plane) -> str:
    quality = MEASURES[plane.quality.measure].word
    return f"The ring marks the knee, {plane.knee.name}: beyond it, {quality} gets ever dearer." if plane.knee else ""


def _interval(plane: Plane) -> str:
    """Explain bars and hollow marks, and what they mean for the front."""
    bars = any(
        low < high
        for entry in plane.entries
        for low, high in (interval(entry.trial.measures, objective.measure) for objective in plane.pair)
    )
    if not bars:
        return ""
    hollow = not all(plane.is_stable(entry) for entry in plane.entries)
    return "A bar is the 95 % interval of a value. Two values count as equal when their intervals overlap." + (
        " A hollow mark is unstable: its interval is wider than 3 % to either side." if hollow else ""
    )


def states(entries: Sequence[Entry]) -> str:
    """Return `120 candidates: 80 trained, 30 refused before training, 10 failed`."""
    gone_on = {(entry.run, entry.trial.continues) for entry in entries if entry.trial.state != "interrupted"}
    counts = Counter(entry.trial.state for entry in entries if (entry.run, entry.trial.number) not in gone_on)
    parts = [f"{counts[state]:,} {words}" for state, words in _STATES.items() if counts[state]]
    return f"{count(counts.total(), 'candidate')}: {', '.join(parts)}" if parts else "No candidate yet"


def headlines(comparison: Comparison, planes: Sequence[Plane]) -> list[str]:
    """Return the sentences for a reader in a hurry."""
    sentences = [f"{states(comparison.entries)}."]
    if not planes:
        return [*sentences, nothing(comparison)]
    plane = planes[0]
    sentences += [_best(plane), _knee(plane), _front(comparison)]
    return [sentence for sentence in sentences if sentence]


def nothing(comparison: Comparison) -> str:
    """Say why there is no front."""
    complete = [entry for entry in comparison.entries if entry.trial.state == "complete"]
    if comparison.candidates:
        return "No trained candidate has both an accuracy and a cost, so there is no front to show."
    if complete:
        return f"All {count(len(complete), 'trained candidate')} break a constraint, so there is no front to show."
    return "No candidate has been trained to its end yet, so there is no front to show."


def images(comparison: Comparison) -> int | None:
    """Return the number of validation images, None if no trial says it."""
    known = (seen.images(entry.trial.surroundings, "validation") for entry in comparison.candidates)
    return next(known, None)


def uncertainty(comparison: Comparison) -> str:
    """Say how far the accuracies can be trusted; empty if the number of validation images is unknown."""
    total, measure = images(comparison), comparison.quality.measure
    values = [e.trial.measures[measure] for e in comparison.candidates if measure in e.trial.measures]
    if not total or not values or measure not in ("accuracy", "top5"):
        return ""
    low, high = (100 * end for end in wilson(max(values) / 100, total))
    return (
        f"Accuracies are shares of {total:,} validation images: one image is {100 / total:.2g} points, and "
        f"the 95 % interval of {max(values):.2f} % is {low:.1f} to {high:.1f} % (Wilson). The search used these "
        "images, so the best of many candidates looks better on them than on new images."
    )


def baseline(comparison: Comparison) -> str:
    """Say what accuracies are worth beside always naming the largest class; empty if no trial says it."""
    known = seen.baseline(entry.trial for entry in comparison.candidates)
    return seen.to_beat(*known) if known else ""


def _best(plane: Plane) -> str:
    best = max(plane.entries, key=lambda entry: (plane.y(entry), -plane.x(entry)))
    return (
        f"The most accurate is {best.name}: {formatted(plane.quality.measure, plane.y(best))} "
        f"at {_with_unit(plane.cost.measure, plane.x(best))}."
    )


def _knee(plane: Plane) -> str:
    if not plane.knee:
        return ""
    knee, dearest = plane.knee, plane.front[-1]
    return (
        f"The knee is {knee.name}: {formatted(plane.quality.measure, plane.y(knee))}, "
        f"{plane.y(dearest) - plane.y(knee):.2f} points less than {dearest.name}, the dearest on the front, for "
        f"{100 * plane.x(knee) / plane.x(dearest):.0f} % of its {MEASURES[plane.cost.measure].word} "
        f"({_with_unit(plane.cost.measure, plane.x(knee))})."
    )


def _front(comparison: Comparison) -> str:
    if len(comparison.kinds) < 2:
        return ""
    counts = Counter(map(comparison.kind, comparison.front))
    shares = listed([f"{counts[kind]} of {kind}" for kind in comparison.kinds if counts[kind]])
    without = [kind for kind in comparison.kinds if not counts[kind]]
    of_all = "all runs" if len(comparison.names) > 1 else "all families"
    wanted = listed([MEASURES[objective.measure].word for objective in comparison.objectives])
    silent = f" Nothing of {listed(without)} is on it." if without else ""
    return f"On the front of {of_all} together in {wanted}: {shares}.{silent}"


def _with_unit(measure: str, value: float) -> str:
    return formatted(measure, value) if MEASURES[measure].unit else f"{value:,.0f} {MEASURES[measure].word}"


def cut(comparison: Comparison) -> str:
    """Name the trials that ran out of their study's hours; empty if none did."""
    found = [
        f"{e.name} after {e.trial.until} of {e.study.fidelity.epochs} epochs"
        for e in comparison.entries
        if e.trial.is_cut and e.study
    ]
    return f"Not trained to the end, because the budget's hours were over: {listed(found)}." if found else ""


def places(comparison: Comparison) -> str:
    """Say that networks were measured in several places; empty if there was one."""
    if len(comparison.places) < 2:
        return ""
    return (
        f"Networks were measured in {len(comparison.places)} places ({'; '.join(comparison.places)}). Values "
        "that depend on the device are not compared across them: each place has its own figure, front and ranks."
    )
