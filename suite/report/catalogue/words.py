"""What the page of the field says: where something was measured, how to read marks, and the headline."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from suite.core.cells import STABLE
from suite.report.catalogue.data import INT8, Field, Place, Point, count
from suite.report.catalogue.draw import Dot
from suite.report.catalogue.network import COMPARABLE, OTHER_SIZE, OTHERWISE, UNSURE
from suite.report.study.wording import count as counted
from suite.report.study.wording import listed

_LOOKS = {
    OTHERWISE: "Hollow marks have an accuracy of several crops or of more training data than ImageNet-1k.",
    OTHER_SIZE: "Crosses have an accuracy of another picture size than their cost.",
    UNSURE: "Pale marks are unstable measurements.",
}


def batch(size: int | None) -> str:
    """Return `batch 1`, or that each network has its own."""
    return f"batch {size}" if size else "best batch size of each"


def looks(dots: Iterable[Dot]) -> str:
    """Say which marks stand apart, and that they are not on the front."""
    kinds = {dot.kind for dot in dots}
    said = [text for kind, text in _LOOKS.items() if kind in kinds]
    return " ".join([*said, "None of these is on the front."] if said else ["All accuracies are of one crop."])


def measured(place: Place, points: Sequence[Point], batches: str) -> str:
    """Say where, how and when these points were measured; `batches` says at which batch sizes."""
    days = sorted({point.cell.measured[:10] for point in points if point.cell.measured})
    parts = [
        place.device, f"path {place.path}", place.precision, batches,
        f"{place.threads} thread{'s' * (place.threads != '1')}" if place.threads else "threads not stated",
        " to ".join(dict.fromkeys([days[0], days[-1]])) if days else "date not stated",
    ]  # fmt: skip
    eight = " In 8 bits accuracy is below the cited; by how much was not measured." if place.path == INT8 else ""
    return f"Measured on {', '.join(parts)}.{eight}"


def suffix(field: Field, place: Place) -> str:
    """Return what the names of files of one device end in, where there are several."""
    return f"-{place.slug}" if len(field.mains) > 1 else ""


def where(field: Field, place: Place) -> str:
    """Return what the titles of one device end in, where there are several."""
    return f" · {place.device}" if len(field.mains) > 1 else ""


def folded(text: str, width: int) -> str:
    """Break a title into lines."""
    return "\n".join(textwrap.wrap(text, width))


def headlines(field: Field) -> list[str]:
    """Return the sentences that a reader in a hurry should see, all of them counted from the data."""
    cited = field.cited
    fit = [network for network in cited if network.kind(network.resolution) == COMPARABLE]
    sentences = [
        f"The catalogue has {counted(len(field.networks), 'network')}; papers cite a top-1 accuracy for {len(cited)}, "
        f"of which {len(fit)} may be compared: one network, one crop, ImageNet-1k only."
    ]
    if len(field.places) > 1:
        devices = counted(len({place.device for place in field.places}), "device")
        sentences.append(f"Measured: {_cells(field.points)}, on {devices} in {counted(len(field.places), 'way')}.")
    return sentences + [sentence for place in field.mains for sentence in _of(place)]


def _of(place: Place) -> list[str]:
    size, points = place.chosen
    said = f"{place.name}: {counted(len(points), 'network')} timed at {batch(size)} ({_cells(place.points)})."
    fit = [point for point in points if point.network.top1 is not None and point.kind == COMPARABLE]
    return [said, _fastest(fit), _real_time(fit)] if fit else [f"{said} None of them has an accuracy to compare."]


def _cells(points: Sequence[Point]) -> str:
    """Return `12 cells, 1 unstable and 2 out of memory`."""
    states = count(points)
    ill = [f"{number} {state}" for state, number in states.items() if number and state != STABLE]
    return f"{counted(len(points), 'cell')}, {listed(ill) or 'all stable'}"


def _fastest(points: Sequence[Point]) -> str:
    """Name the fastest network above each round accuracy that some network reaches."""
    found = []
    for least in (75, 80, 85):
        above = [point for point in points if (point.network.top1 or 0) >= least]
        if above:
            best = min(above, key=lambda point: point.per_image)
            found.append(
                f"{least} % it is {best.network.label} ({best.network.top1:g} %, {best.per_image:.3g} ms an image)"
            )
    return f"Of the comparable, the fastest: from {', from '.join(found)}." if found else ""


def _real_time(points: Sequence[Point]) -> str:
    quick = [point for point in points if point.rate >= 30]
    if not quick:
        return "None of them answers 30 images a second."
    best = max(quick, key=lambda point: (point.network.top1 or 0, point.rate))
    known = f"{best.network.label} ({best.network.top1:g} %, {best.rate:.3g} a second)"
    return f"At 30 images a second or more, the most accurate is {known}."


def absent(field: Field, drawn: Iterable[str]) -> list[str]:
    """Say in a line each what could not be drawn, and why."""
    names = list(drawn)
    reasons = {
        "recommendation": "No recommendation by memory and speed: it needs comparable networks at batch 1 with memory.",
        "speed": "No front of speed at batch 1: no network with a cited accuracy was timed so.",
        "activations": "No figure of what predicts latency: it needs three networks at the size they are counted with.",
        "times": "No table of times over batch sizes: nothing was timed.",
        "memories": "No table of memory over batch sizes: no memory was measured.",
        "memory": "No figure of memory against parameters: no memory of a network of known size was measured.",
        "devices": "No panels of devices: only one device has comparable networks.",
    }  # fmt: skip
    said = [reason for name, reason in reasons.items() if not any(_is(name, each) for each in names)]
    if field.unknown:
        said.append(
            f"{counted(field.unknown, 'row')} of timm's left out: of no network of ours at the size it is counted with."
        )
    return said


def _is(name: str, drawn: str) -> bool:
    return drawn == name or drawn.startswith(f"{name}-")
