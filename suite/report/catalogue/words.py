"""Sentences of the catalogue's page: where something was measured, how to read marks, and the headlines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from suite.core.cells import STABLE
from suite.report.catalogue.data import INT8, Field, Place, Point, count
from suite.report.catalogue.draw import Dot
from suite.report.catalogue.network import COMPARABLE, OTHER_SIZE, OTHERWISE, UNSURE
from suite.report.phrases import counted, listed

_LOOKS = {
    OTHERWISE: "Hollow marks: the accuracy comes from several crops or from more training data than ImageNet-1k.",
    OTHER_SIZE: "Crosses: the accuracy was cited at another picture size than the cost.",
    UNSURE: "Pale marks: unstable measurements.",
}


def batch(size: int | None) -> str:
    """Return `batch 1`; without a size, that each network has its own."""
    return f"batch {size}" if size else "each network's best batch size"


def looks(dots: Iterable[Dot]) -> str:
    """Say which marks look different, and that they are not on the front."""
    kinds = {dot.kind for dot in dots}
    said = [text for kind, text in _LOOKS.items() if kind in kinds]
    return " ".join([*said, "None of these is on the front."] if said else ["All accuracies come from one crop."])


def measured(place: Place, points: Sequence[Point], batches: str) -> str:
    """Say where, how and when these points were measured; `batches` says at which batch sizes."""
    days = sorted({point.cell.measured[:10] for point in points if point.cell.measured})
    parts = [
        place.device, f"path {place.path}", place.precision, batches,
        f"{place.threads} thread{'s' * (place.threads != '1')}" if place.threads else "threads not stated",
        " to ".join(dict.fromkeys([days[0], days[-1]])) if days else "date not stated",
    ]  # fmt: skip
    eight = " In 8 bits, accuracy is lower than cited; how much lower was not measured." if place.path == INT8 else ""
    return f"Measured on {', '.join(parts)}.{eight}"


def suffix(field: Field, place: Place) -> str:
    """Return the end of a device's file names; empty when there is one device only."""
    return f"-{place.slug}" if len(field.mains) > 1 else ""


def where(field: Field, place: Place) -> str:
    """Return the end of a device's titles; empty when there is one device only."""
    return f" · {place.device}" if len(field.mains) > 1 else ""


def folded(text: str, width: int) -> str:
    """Break a title into lines."""
    return "\n".join(textwrap.wrap(text, width))


def headlines(field: Field) -> list[str]:
    """Return the sentences for a reader in a hurry; every number is counted from the data."""
    cited = field.cited
    fit = [network for network in cited if network.kind(network.resolution) == COMPARABLE]
    sentences = [
        f"The catalogue has {counted(len(field.networks), 'network')}. Papers cite a top-1 accuracy for {len(cited)}. "
        f"{len(fit)} of these may be compared: one network, one crop, ImageNet-1k only."
    ]
    if len(field.places) > 1:
        devices = counted(len({place.device for place in field.places}), "device")
        sentences.append(
            f"In all {_cells(field.points)}, on {devices}: "
            f"{counted(len(field.places), 'combination')} of device, path and precision."
        )
    return sentences + [sentence for place in field.mains for sentence in _of(place)]


def _of(place: Place) -> list[str]:
    size, points = place.chosen
    said = f"{place.name}: {counted(len(points), 'network')} timed at {batch(size)} ({_cells(place.points)})."
    fit = [point for point in points if point.network.top1 is not None and point.kind == COMPARABLE]
    return [said, _fastest(fit), _real_time(fit)] if fit else [f"{said} None of them has an accuracy to compare."]


def _cells(points: Sequence[Point]) -> str:
    """Return `12 measurements, 1 unstable and 2 out of memory`."""
    states = count(points)
    ill = [f"{number} {state}" for state, number in states.items() if number and state != STABLE]
    return f"{counted(len(points), 'measurement')}, {listed(ill) or 'all stable'}"


def _fastest(points: Sequence[Point]) -> str:
    """Name the fastest network above each round accuracy that some network reaches."""
    found = []
    for least in (75, 80, 85):
        above = [point for point in points if (point.network.top1 or 0) >= least]
        if above:
            best = min(above, key=lambda point: point.per_image)
            found.append(
                f"at least {least} %: {best.network.label} ({best.network.top1:g} %, {best.per_image:.3g} ms an image)"
            )
    return f"The fastest comparable network with an accuracy of {'; '.join(found)}." if found else ""


def _real_time(points: Sequence[Point]) -> str:
    quick = [point for point in points if point.rate >= 30]
    if not quick:
        return "None of them reaches 30 images a second."
    best = max(quick, key=lambda point: (point.network.top1 or 0, point.rate))
    known = f"{best.network.label} ({best.network.top1:g} %, {best.rate:.3g} a second)"
    return f"At 30 images a second or more, the most accurate is {known}."


def absent(field: Field, drawn: Iterable[str]) -> list[str]:
    """Return a sentence for each figure that could not be drawn: which, and why."""
    names = list(drawn)
    reasons = {
        "recommendation": "No recommendation by memory and speed: it needs memory at batch 1 of comparable networks.",
        "speed": "No front of speed: no network with a cited accuracy was timed at batch 1.",
        "activations": "No figure of what predicts latency: it needs three networks timed at their own size.",
        "times": "No table of times over batch sizes: nothing was timed.",
        "memories": "No table of memory over batch sizes: no memory was measured.",
        "memory": "No figure of memory against parameters: no network has both numbers.",
        "devices": "No panels of devices: only one device has comparable networks.",
    }  # fmt: skip
    said = [reason for name, reason in reasons.items() if not any(_is(name, each) for each in names)]
    if field.unknown:
        said.append(
            f"{counted(field.unknown, 'row')} of timm's left out: no network of the catalogue at that picture size."
        )
    return said


def _is(name: str, drawn: str) -> bool:
    return drawn == name or drawn.startswith(f"{name}-")
