"""Sentences of the catalogue's page: where something was measured, how to read marks, the answer and its numbers."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from suite.core.cells import STABLE
from suite.core.paths import INT8
from suite.report.catalogue import spoken
from suite.report.catalogue.data import Field, count
from suite.report.catalogue.draw import Dot
from suite.report.catalogue.network import COMPARABLE, OTHER_SIZE, OTHERWISE
from suite.report.catalogue.places import Place, Point
from suite.report.language import many, say
from suite.report.phrases import listed

REAL_TIME = 30  # pictures a second
_LEAST = (75, 80, 85)  # accuracies above which the fastest network is named, %


def question() -> str:
    """Return the question that the page answers."""
    return say(
        "What each network of the catalogue costs on the measured devices, beside the accuracy that papers cite."
    )


def batch(size: int | None) -> str:
    """Return `batch 1`; without a size, that each network has its own."""
    return say("batch {size}", size=str(size)) if size else say("each network's best batch size")


def top1() -> str:
    """Return the label of the axis of cited accuracies."""
    return say("Top-1 accuracy as cited, %")


def time(size: int | None) -> str:
    """Return the label of the axis of times for an image."""
    return say("Milliseconds per image, {batches}", batches=batch(size))


def as_in(source: str) -> str:
    """Say which figure of a paper one is drawn after."""
    return say("As in {source}.", source=source)


def steps() -> str:
    """Say what the steps of a figure of cited accuracies are."""
    return say("The steps join the comparable networks that no other beats in both.")


def counts() -> str:
    """Say whose counts a figure has."""
    return say("The counts are of this suite's networks, for one picture of each network's own size.")


def looks(dots: Sequence[Dot]) -> str:
    """Say which marks look different, and that they are not on the front."""
    kinds = {dot.kind for dot in dots}
    said = [
        say("Hollow marks: the accuracy comes from several crops or from more training data than ImageNet-1k.")
        if OTHERWISE in kinds
        else "",
        say("Crosses: the accuracy was cited at another picture size than the cost.") if OTHER_SIZE in kinds else "",
    ]
    known = [sentence for sentence in said if sentence]
    told = [*known, say("None of these is on the front.")] if known else [say("All accuracies come from one crop.")]
    unsure = say("Pale marks: unstable measurements, which count by their intervals.")
    return " ".join([*told, *([] if all(dot.is_stable for dot in dots) else [unsure])])


def measured(place: Place, points: Sequence[Point], batches: str) -> str:
    """Say where, how and when these points were measured; `batches` says at which batch sizes."""
    days = sorted({point.cell.measured[:10] for point in points if point.cell.measured})
    parts = [
        place.device, say("path {name}", name=place.path), place.precision, batches, _threads(place.threads),
        _days(days[0], days[-1]) if days else say("date not stated"),
    ]  # fmt: skip
    told = say("Measured on {place}.", place=", ".join(parts))
    eight = say("In 8 bits, accuracy is lower than cited; how much lower was not measured.")
    return f"{told} {eight}" if place.path == INT8 else told


def _threads(said: str) -> str:
    if not said.isdigit():
        return said or say("threads not stated")
    return many(int(said), "{number} thread", "{number} threads")


def _days(first: str, last: str) -> str:
    return first if first == last else say("{low} to {high}", low=first, high=last)


def suffix(field: Field, place: Place) -> str:
    """Return the end of a device's file names; empty when there is one device only."""
    return f"-{place.slug}" if len(field.mains) > 1 else ""


def where(field: Field, place: Place) -> str:
    """Return the end of a device's titles; empty when there is one device only."""
    return f" · {place.device}" if len(field.mains) > 1 else ""


def folded(text: str, width: int) -> str:
    """Break a title into lines."""
    return "\n".join(textwrap.wrap(text, width))


def answer(place: Place) -> list[str]:
    """Say which networks to take in one place: in real time, and the fastest above each round accuracy."""
    points = [point for point in place.chosen[1] if point.network.top1 is not None]
    fit = [point for point in points if point.kind == COMPARABLE]
    if not fit:
        return [say("No network timed here has an accuracy to compare.")]
    return [sentence for sentence in (_real_time(fit), _fastest(fit)) if sentence]


def _real_time(points: Sequence[Point]) -> str:
    """Name the most accurate network that is fast enough for a video; of equals the faster."""
    quick = [point for point in points if point.rate >= REAL_TIME]
    if not quick:
        return say("No network with an accuracy to compare reaches {rate} images a second here.", rate=REAL_TIME)
    best = max(quick, key=lambda point: (point.network.top1 or 0, point.rate))
    return say(
        "At {least} images a second or more, take {name}: {top1:g} % as cited, {rate:.3g} images a second.",
        least=REAL_TIME, name=best.network.label, top1=best.network.top1, rate=best.rate,
    )  # fmt: skip


def _fastest(points: Sequence[Point]) -> str:
    """Name the fastest network above each round accuracy that some network reaches."""
    found = []
    for least in _LEAST:
        above = [point for point in points if (point.network.top1 or 0) >= least]
        if above:
            best = min(above, key=lambda point: point.per_image)
            found.append(
                say(
                    "at least {least} %: {name} ({top1:g} %, {time:.3g} ms an image)",
                    least=least, name=best.network.label, top1=best.network.top1, time=best.per_image,
                )
            )  # fmt: skip
    return say("The fastest network with an accuracy of {found}.", found="; ".join(found)) if found else ""


def headlines(field: Field, device: str) -> list[str]:
    """Return the numbers behind the page and one device, each counted from the data."""
    cited = field.cited
    fit = [network for network in cited if network.kind(network.resolution) == COMPARABLE]
    sentences = [
        many(len(field.networks), "The catalogue has {number:,} network.", "The catalogue has {number:,} networks."),
        say(
            "Papers cite a top-1 accuracy for {cited:,}. Of these, {fit:,} may be compared: one network, one crop, "
            "ImageNet-1k only.",
            cited=len(cited), fit=len(fit),
        ),
    ]  # fmt: skip
    return sentences + [_timed(place) for place in field.places if place.device == device]


def _timed(place: Place) -> str:
    names = {point.network.name for point in place.timed}
    timed = many(len(names), "{number:,} network timed", "{number:,} networks timed")
    return f"{place.name}: {timed}. {_cells(place.points)}"


def _cells(points: Sequence[Point]) -> str:
    """Return `12 measurements: 9 stable, 1 unstable and 2 out of memory.`, or that all are stable."""
    states = [f"{number:,} {spoken.state(state)}" for state, number in count(points).items() if number]
    if len(states) == 1 and points[0].cell.state == STABLE:
        return many(len(points), "{number:,} measurement, stable.", "{number:,} measurements, all stable.")
    return many(
        len(points), "{number:,} measurement: {states}.", "{number:,} measurements: {states}.", states=listed(states)
    )


def absent(field: Field, drawn: Iterable[str]) -> list[str]:
    """Return a sentence for each figure that could not be drawn: which, and why."""
    names = list(drawn)
    reasons = {
        "recommendation": say(
            "No recommendation by memory and speed: it needs memory at batch 1 of comparable networks."
        ),
        "speed": say("No front of speed: no network with a cited accuracy was timed at batch 1."),
        "activations": say("No figure of what predicts latency: it needs three networks timed at their own size."),
        "times": say("No table of times over batch sizes: nothing was timed."),
        "memories": say("No table of memory over batch sizes: no memory was measured."),
        "memory": say("No figure of memory against parameters: no network has both numbers."),
        "devices": say("No panels of devices: only one device has comparable networks."),
    }
    said = [reason for name, reason in reasons.items() if not any(_is(name, each) for each in names)]
    if field.unknown:
        said.append(
            many(
                field.unknown,
                "{number:,} row of timm's left out: no network of the catalogue at that picture size.",
                "{number:,} rows of timm's left out: no network of the catalogue at that picture size.",
            )
        )
    return said


def _is(name: str, drawn: str) -> bool:
    return drawn == name or drawn.startswith(f"{name}-")
