"""Figures of the whole catalogue: cited accuracy against the counts of our networks. They need no measurement."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from suite.report import picture
from suite.report.catalogue import draw, names, words
from suite.report.catalogue.draw import Dot, Marks
from suite.report.catalogue.network import COMPARABLE, OTHERWISE, Network
from suite.report.language import say
from suite.report.picture import Picture

_LARGEST = 52  # diameter of the largest ball, points
_SIZES = (1e6, 10e6, 100e6, 1000e6)  # parameters of the balls in the legend


def balls(networks: Sequence[Network], rows: Mapping[str, str], accuracy: str) -> Picture | None:
    """Accuracy against multiply-adds, the parameters as the area of a ball (Bianco, Figure 1)."""
    known = [n for n in networks if getattr(n, accuracy) is not None and n.macs and n.parameters]
    if not known:
        return None
    dots = {n.name: dot(n, (n.macs or 0) / 1e9, getattr(n, accuracy), rows) for n in known}
    best = draw.front(dots.values())
    name, marks = f"balls-{accuracy}", Marks()
    with picture.style(name):
        figure, axes = picture.new(9.6, 6.2)
        draw.log(axes.xaxis, [each.x for each in dots.values()])
        draw.steps(axes, best, alpha=0.6)
        largest = max(n.parameters or 0 for n in known)
        for index, network in enumerate(sorted(known, key=lambda n: -(n.parameters or 0))):
            _ball(axes, dots[network.name], _diameter(network.parameters or 0, largest), f"ball-{index}", marks)
        axes.set_xlabel(_macs())
        axes.set_ylabel({"top1": words.top1(), "top5": say("Top-5 accuracy as cited, %")}[accuracy])
        axes.margins(x=0.06, y=0.08)
        draw.legend(axes, list(dots.values()), marker="o")
        _sizes(axes, largest)
        names.beside(axes, best, sorted(dots.values(), key=lambda each: -each.y), radius=2.5, reach=4)
    return Picture(
        name=name,
        title={
            "top1": say("Top-1 accuracy, multiply-adds and parameters"),
            "top5": say("Top-5 accuracy, multiply-adds and parameters"),
        }[accuracy],
        caption=" ".join(
            [
                say("The area of a ball is its number of parameters. Up and to the left is better."),
                words.steps(),
                say(
                    "Hollow balls are not on them: several crops, more data than ImageNet-1k, or an accuracy cited at "
                    "another picture size."
                ),
                words.counts(),
                words.as_in("Bianco et al. 2018, Figure 1"),
            ]
        ),
        figure=figure,
        table=frame(known, {each.key for each in best}, rows),
        marks=marks,
    )


def density(network: Network) -> float:
    """Percent of top-1 accuracy per million parameters."""
    return (network.top1 or 0) / ((network.parameters or 1) / 1e6)


def curves(networks: Sequence[Network], rows: Mapping[str, str], count: str) -> Picture | None:
    """Top-1 accuracy against a count, a line for each family (Tan and Le, Figures 1 and 5)."""
    known = [n for n in networks if n.top1 is not None and not n.extra_data and n.size == n.resolution]
    lines = [(label, members) for label, members in series(known) if len(members) > 1]
    if not lines:
        return None
    of, axis, title, figure_of = _of_count(count)
    drawn = [network for _, members in lines for network in members]
    name, marks, named = f"families-{count}", Marks(), []
    with picture.style(name):
        figure, axes = picture.new(9.6, 5.4)
        draw.log(axes.xaxis, [of(n) for n in drawn])
        for index, (label, members) in enumerate(lines):
            dots = sorted((dot(n, of(n), n.top1 or 0, rows) for n in members), key=lambda each: each.x)
            _curve(axes, dots, index, f"family-{index}", marks)
            named.append([replace(each, label=label) for each in dots])
        axes.set_xlabel(axis)
        axes.set_ylabel(words.top1())
        axes.margins(x=0.08, y=0.06)
        draw.legend(axes, [replace(dot(n, 1, 1, rows), kind=COMPARABLE) for n in drawn])
        names.at_ends(axes, sorted(named, key=lambda line: -line[-1].y))
    return Picture(
        name=name,
        title=title,
        caption=" ".join(
            [
                say(
                    "Each line is one family, from its smallest member to its largest. A higher line has more accuracy "
                    "for the same count."
                ),
                say("Broken lines with hollow marks: several crops."),
                say("Networks trained on more data than ImageNet-1k are left out."),
                words.counts(),
                words.as_in(f"Tan and Le 2019, {figure_of}"),
            ]
        ),
        figure=figure,
        table=frame(drawn, set(), rows),
        marks=marks,
    )


def series(networks: Sequence[Network]) -> list[tuple[str, list[Network]]]:
    """Return each family's name and members; a family whose titles begin differently is split by them."""

    def key(network: Network) -> tuple[str, str]:
        found = re.match(r"EfficientNet-Lite|(?:SE-)?[A-Za-z]+\d?", network.title)
        return network.family, found[0] if found else network.title

    return [(label, list(group)) for (_, label), group in groupby(sorted(networks, key=key), key=key)]


def _of_count(count: str) -> tuple[Callable[[Network], float], str, str, str]:
    """Return how to count, the label of its axis, the title of its figure, and the figure that it is as in."""
    if count == "parameters":
        title = say("Families: accuracy against parameters")
        return lambda n: (n.parameters or 0) / 1e6, say("Parameters, M"), title, "Figure 1"
    return lambda n: (n.macs or 0) / 1e9, _macs(), say("Families: accuracy against multiply-adds"), "Figure 5"


def _macs() -> str:
    return say("Multiply-adds for one image, G")


def dot(network: Network, x: float, y: float, rows: Mapping[str, str]) -> Dot:
    """Return the mark of a network, whose row of the page is in `rows`."""
    return Dot(x=x, y=y, key=rows[network.name], label=network.label, line=network.line,
               kind=network.kind(network.resolution))  # fmt: skip


def _diameter(parameters: float, largest: float) -> float:
    return max(3.0, _LARGEST * math.sqrt(parameters / largest))


def _ball(axes: Axes, dot: Dot, diameter: float, gid: str, marks: Marks) -> None:
    look: dict[str, Any] = {"fillstyle": "none"} if dot.kind != COMPARABLE else {"markeredgecolor": picture.PAPER}
    axes.plot([dot.x], [dot.y], "o", color=draw.colour(dot.line), markersize=diameter, alpha=0.6, gid=gid, zorder=3,
              markeredgewidth=0.8, **look)  # fmt: skip
    marks[gid] = [dot.key]


def _sizes(axes: Axes, largest: float) -> None:
    """Draw the key to the areas in a corner that stays empty: no network has much accuracy for few multiply-adds."""
    pixel = 72 / axes.figure.dpi
    width, height = axes.bbox.width * pixel, axes.bbox.height * pixel
    left = 14.0
    for size in (size for size in _SIZES if size <= largest):
        diameter = _diameter(size, largest)
        at = ((left + diameter / 2) / width, 1 - (_LARGEST / 2 + 6) / height)
        axes.plot(*at, "o", color=picture.MUTED, fillstyle="none", markersize=diameter, transform=axes.transAxes)
        axes.annotate(f"{size / 1e6:g} M", at, xycoords="axes fraction", xytext=(0, -_LARGEST / 2 - 12), ha="center",
                      textcoords="offset points", fontsize=7, color=picture.MUTED)  # fmt: skip
        left += max(diameter, 16) + 14


def _curve(axes: Axes, dots: Sequence[Dot], index: int, gid: str, marks: Marks) -> None:
    crops = dots[0].kind == OTHERWISE
    axes.plot([each.x for each in dots], [each.y for each in dots], color=draw.colour(dots[0].line), gid=gid,
              marker=picture.shape(index), markersize=5, linewidth=1.4, linestyle="--" if crops else "-",
              fillstyle="none" if crops else "full")  # fmt: skip
    marks[gid] = [each.key for each in dots]


def frame(networks: Sequence[Network], best: set[str], rows: Mapping[str, str]) -> pd.DataFrame:
    """Return the drawn values, a row for each network."""
    return pd.DataFrame(
        {
            "name": n.name, "title": n.title, "year": n.year, "line": n.line, "top1": n.top1, "top5": n.top5,
            "parameters": n.parameters, "macs": n.macs, "size": n.resolution, "size_of_accuracy": n.size,
            "density": density(n) if n.top1 is not None else None, "kind": n.kind(n.resolution),
            "on_front": rows[n.name] in best, "conditions": n.conditions, "source": n.source,
        }
        for n in networks
    )  # fmt: skip
