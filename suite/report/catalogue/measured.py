"""Figures of measured speed: accuracy against images per second, and a panel for each place."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

from suite.report import picture
from suite.report.catalogue import draw, names, words
from suite.report.catalogue.data import Field
from suite.report.catalogue.draw import Dot, Marks
from suite.report.catalogue.network import COMPARABLE
from suite.report.catalogue.places import Place, Point
from suite.report.language import say
from suite.report.picture import Picture


def speed(place: Place, batch: int | None, suffix: str) -> Picture | None:
    """Accuracy against pictures in a second, with the front of the comparable networks (Bianco, Figure 3)."""
    points = [point for point in (place.at(batch) if batch else place.fastest()) if point.network.top1 is not None]
    if not points:
        return None
    dots = [dot(point, point.rate, point.rates) for point in points]
    best = draw.front(dots, rising=True)
    name, marks = f"{'speed' if batch else 'throughput'}{suffix}", Marks()
    with picture.style(name):
        figure, axes = picture.new(9.6, 5.8)
        draw.log(axes.xaxis, [each.x for each in dots])
        draw.steps(axes, best, rising=True)
        draw.scatter(axes, dots, marks)
        axes.set_xlabel(say("Images per second, {batches}", batches=words.batch(batch)))
        axes.set_ylabel(words.top1())
        axes.margins(x=0.06, y=0.05)
        draw.legend(axes, dots)
        names.beside(axes, best, sorted(dots, key=lambda each: each.kind != COMPARABLE))
    return Picture(
        name=name,
        title=say("Accuracy against images per second")
        if batch
        else say("Accuracy against images per second, each at its best batch size"),
        caption=" ".join(
            [
                say(
                    "Up and to the right is better. The steps join the comparable networks that no other dominates. "
                    "Two speeds count as equal where their intervals, the bars, overlap."
                ),
                words.looks(dots),
                words.measured(place, points, words.batch(batch)),
                words.as_in("Bianco et al. 2018, Figure 3"),
            ]
        ),
        figure=figure,
        table=frame(points, {each.key for each in best}),
        marks=marks,
    )


def speeds(field: Field) -> list[Picture | None]:
    """Return the fronts of speed of every device, at batch 1 and at each network's best batch size."""
    drawn = []
    for place in field.mains:
        batches = [1, None] if place.batches != [1] else [1]
        drawn += [speed(place, batch, words.suffix(field, place)) for batch in batches]
    return drawn


def best(place: Place) -> set[str]:
    """Return the rows on a place's front of accuracy and speed."""
    points = [point for point in place.chosen[1] if point.network.top1 is not None]
    return {each.key for each in draw.front([dot(point, point.rate, point.rates) for point in points], rising=True)}


def places(field: Field) -> list[Picture | None]:
    """Return two figures: a panel for each device; a panel for each path and precision of devices with several."""
    timed = [place.device for place in field.places if place.timed]
    several = [place for place in field.places if place.timed and timed.count(place.device) > 1]
    return [
        panels(field.mains, "devices", say("One panel for each device")),
        panels(several, "paths", say("One panel for each path and precision of a device")),
    ]


def panels(places: Sequence[Place], name: str, title: str) -> Picture | None:
    """Accuracy against latency: a panel with its own front for each place, of the networks comparable there."""
    shown = [(place, [p for p in place.chosen[1] if p.network.top1 and p.kind == COMPARABLE]) for place in places]
    shown = [(place, points) for place, points in shown if points]
    if len(shown) < 2:
        return None
    columns = min(3, len(shown))
    rows, marks, frames = math.ceil(len(shown) / columns), Marks(), []
    with picture.style(name):
        figure = picture.grid(max(3.5 * columns, 7.0), 3.3 * rows + 0.3)
        figure.subplots_adjust(hspace=0.32)
        first: Axes | None = None
        for index, (place, points) in enumerate(shown):
            axes = figure.add_subplot(rows, columns, index + 1, sharey=first)
            first = first or axes
            dots = [dot(point, point.per_image, point.times) for point in points]
            best = draw.front(dots)
            _panel(axes, place, dots, best, marks, index)
            frames.append(frame(points, {each.key for each in best}))
        figure.supylabel(words.top1(), fontsize=9, x=0.005, ha="left")
    said = " ".join(words.measured(place, points, words.batch(place.chosen[0])) for place, points in shown)
    return Picture(
        name=name,
        title=title,
        caption=" ".join(
            [
                say(
                    "Each panel is one device, path and precision, with its own front. Values are never compared "
                    "across panels. A network on the front of one panel and below another front suits the first only. "
                    "Comparable networks only; colours and shapes are those of the lines of descent."
                ),
                said,
                words.as_in("Qin et al. 2024 (MobileNetV4), Figure 1"),
            ]
        ),
        figure=figure,
        table=pd.concat(frames),
        marks=marks,
    )


def dot(point: Point, x: float, ends: tuple[float, float] | None = None) -> Dot:
    """Return the mark of a point: its cited top-1 at `x`; `ends` are the lowest and highest x, None if exact."""
    network = point.network
    return Dot(
        x=x, y=network.top1 or 0, key=point.key, label=network.label, line=network.line, kind=point.kind,
        is_stable=point.is_stable, ends=ends,
    )  # fmt: skip


def _panel(axes: Axes, place: Place, dots: list[Dot], best: list[Dot], marks: Marks, index: int) -> None:
    draw.log(axes.xaxis, [each.x for each in dots])
    draw.steps(axes, best)
    draw.scatter(axes, dots, marks, f"panel-{index}")
    axes.set_title(words.folded(place.name, 44), fontsize=8, loc="left")
    axes.set_xlabel(words.time(place.chosen[0]), fontsize=8)
    axes.margins(x=0.08, y=0.08)
    names.beside(axes, best, size=6)


def frame(points: Sequence[Point], best: set[str]) -> pd.DataFrame:
    """Return the drawn values, a row for each mark."""
    return pd.DataFrame(
        {
            "name": point.network.name, "device": point.device, "path": point.cell.path,
            "precision": point.cell.precision, "batch": point.cell.batch,
            "size": point.cell.size, "top1": point.network.top1, "images_per_second": point.rate,
            "ms_per_image": point.per_image, "peak_memory": point.memory,
            "parameters": point.network.parameters, "total_parameters": point.network.total_parameters,
            "macs": point.network.macs, "activations": point.network.activations,
            "kind": point.kind, "state": point.cell.state, "on_front": point.key in best,
        }
        for point in points
    )  # fmt: skip
