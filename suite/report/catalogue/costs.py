"""Figures of cost without accuracy: what predicts latency, and memory against parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from suite.report import phrases, picture
from suite.report.catalogue import draw, names, words
from suite.report.catalogue.data import Field
from suite.report.catalogue.draw import Dot, Marks
from suite.report.catalogue.measured import dot, frame
from suite.report.catalogue.network import COMPARABLE
from suite.report.catalogue.places import Place, Point
from suite.report.language import say
from suite.report.picture import Picture

_FITTED = 3  # fewest networks for a rank correlation or a fitted line


def complexity(field: Field, place: Place, suffix: str) -> Picture | None:
    """Latency against multiply-adds and against activations, with rank correlations (Radosavovic 2020, Figure 12)."""
    batch, points = place.chosen
    points = [point for point in points if point.network.macs and point.network.activations]
    points = [point for point in points if point.cell.size == point.network.resolution]
    if len(points) < _FITTED:
        return None
    others = [each for each in field.places if each.device == place.device and each != place]
    name, marks = f"activations{suffix}", Marks()
    with picture.style(name):
        figure = picture.grid(9.6, 4.4)
        left = figure.add_subplot(1, 2, 1)
        right = figure.add_subplot(1, 2, 2, sharey=left)
        _against(left, points, lambda p: p.network.macs or 0, "macs", marks)
        _against(right, points, lambda p: p.network.activations or 0, "activations", marks)
        left.set_ylabel(words.time(batch))
        draw.legend(left, [replace(dot(p, 0), kind=COMPARABLE) for p in points])
    return Picture(
        name=name,
        title=say("What predicts latency: multiply-adds or activations"),
        caption=" ".join(
            [
                say(
                    "A rank correlation (Spearman) of 1 means that the count sorts the networks exactly as latency "
                    "does."
                ),
                *(said for each in (place, *others) if (said := _verdict(each))),
                words.measured(place, points, words.batch(batch)),
                say(
                    "As in {source}, which shows that activations predict latency better on accelerators.",
                    source="Radosavovic et al. 2020, Figure 12",
                ),
            ]
        ),
        figure=figure,
        table=frame(points, set()),
        marks=marks,
    )


def correlations(place: Place) -> tuple[float, float, int] | None:
    """Spearman's rank correlations of latency with multiply-adds and with activations; the number of networks."""
    points = [p for p in place.chosen[1] if p.cell.size == p.network.resolution and p.network.macs]
    if len(points) < _FITTED:
        return None
    frame = pd.DataFrame(
        {"ms": p.per_image, "macs": p.network.macs, "activations": p.network.activations} for p in points
    ).rank()
    return frame["ms"].corr(frame["macs"]), frame["ms"].corr(frame["activations"]), len(points)


def memory(place: Place, suffix: str) -> Picture | None:
    """Memory of the process against the bytes of the parameters (Bianco, Figure 4)."""
    batch, points = place.chosen
    points = [point for point in points if point.memory and point.network.total_parameters]
    if not points:
        return None
    dots = [
        Dot(x=4e-6 * (p.network.total_parameters or 0), y=p.memory or 0, key=p.key,
            label=p.network.label, line=p.network.line, kind=COMPARABLE, is_stable=p.is_stable)
        for p in points
    ]  # fmt: skip
    name, marks = f"memory{suffix}", Marks()
    with picture.style(name):
        figure, axes = picture.new(7.4, 4.8)
        draw.log(axes.xaxis, [each.x for each in dots])
        draw.log(axes.yaxis, [each.y for each in dots])
        draw.scatter(axes, dots, marks)
        axes.set_xlabel(say("Parameters at 4 bytes each, MB"))
        axes.set_ylabel(say("Memory of the process, MB, {batches}", batches=words.batch(batch)))
        line = _fit(axes, dots)
        draw.legend(axes, dots)
        names.beside(axes, [], dots)
    return Picture(
        name=name,
        title=say("Memory against the bytes of the parameters"),
        caption=" ".join(
            [
                say("The height above the dotted diagonal is the memory beside the parameters."),
                *([line] if line else []),
                words.measured(place, points, words.batch(batch)),
                words.as_in("Bianco et al. 2018, Figure 4"),
            ]
        ),
        figure=figure,
        table=frame(points, set()),
        marks=marks,
    )


def _against(axes: Axes, points: Sequence[Point], count: Callable[[Point], float], name: str, marks: Marks) -> None:
    dots = [
        Dot(x=count(p), y=p.per_image, key=p.key, label=p.network.label, line=p.network.line, kind=COMPARABLE,
            is_stable=p.is_stable)
        for p in points
    ]  # fmt: skip
    draw.log(axes.xaxis, [each.x for each in dots])
    draw.log(axes.yaxis, [each.y for each in dots])
    draw.scatter(axes, dots, marks, name)
    axes.set_xlabel(phrases.title(name))
    names.beside(axes, [], dots, size=6)


def _verdict(place: Place) -> str:
    """Say which count predicts the latency in one place better."""
    found = correlations(place)
    if not found:
        return ""
    macs, activations, networks = found
    if round(macs, 2) == round(activations, 2):
        better = say("neither predicts better")
    else:
        better = say("activations predict better") if activations > macs else say("multiply-adds predict better")
    return say(
        "On {place}, over {networks:,} networks, it is {macs:.2f} with multiply-adds and {activations:.2f} with "
        "activations: {better}.",
        place=place.name, networks=networks, macs=macs, activations=activations, better=better,
    )  # fmt: skip


def _fit(axes: Axes, dots: Sequence[Dot]) -> str:
    """Draw the diagonal and, if there are enough networks, the least-squares line; return its description."""
    x = np.array(sorted(each.x for each in dots))
    axes.plot(x[[0, -1]], x[[0, -1]], linestyle=":", color=picture.MUTED, linewidth=1, zorder=1)
    if len(x) < _FITTED or x[0] == x[-1]:
        return ""
    slope, constant = np.polyfit([each.x for each in dots], [each.y for each in dots], 1)
    if constant <= 0:
        return ""
    axes.plot(x, slope * x + constant, color=picture.INK, linewidth=1.2, zorder=1)
    return say(
        "The curve is the least-squares line: {slope:.2f} times the parameters' bytes, plus {constant:,.0f} MB.",
        slope=slope, constant=constant,
    )  # fmt: skip
