"""The lecture's two timelines and its table, with the papers' accuracies and our counts beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes

from suite.report import picture
from suite.report.catalogue import draw, names
from suite.report.catalogue.draw import Dot, Marks
from suite.report.catalogue.network import COMPARABLE, Network
from suite.report.picture import Picture

_SPREAD = 0.7  # of a year: how wide the networks of one year stand apart
_Value = Callable[[Network], float | None]


def accuracies(networks: Sequence[Network], rows: Mapping[str, str]) -> Picture | None:
    """Top-1 accuracy by year."""
    return _timeline(
        networks, rows, "timeline-accuracy", "Top-1 accuracy by year", "Top-1 accuracy, %",
        lambda n: n.top1, lambda n: n.lecture_top1, logarithmic=False,
    )  # fmt: skip


def sizes(networks: Sequence[Network], rows: Mapping[str, str]) -> Picture | None:
    """Parameters by year."""
    return _timeline(
        networks, rows, "timeline-parameters", "Parameters by year", "Parameters, M",
        lambda n: (n.parameters or 0) / 1e6 or None,
        lambda n: n.lecture_parameters / 1e6 if n.lecture_parameters else None, logarithmic=True,
    )  # fmt: skip


def table(networks: Sequence[Network], rows: Mapping[str, str]) -> Picture | None:
    """The lecture's table: how far its figures are from the papers' accuracies and from our counts."""
    named = [n for n in networks if n.lecture_top1 is not None]
    if not named:
        return None
    marks = Marks()
    with picture.style("lecture"):
        figure = picture.grid(9.6, 0.26 * len(named) + 1.1)
        figure.subplots_adjust(left=0.2)
        left = figure.add_subplot(1, 2, 1)
        right = figure.add_subplot(1, 2, 2, sharey=left)
        _pairs(left, named, lambda n: n.lecture_top1, lambda n: n.top1, rows, marks)
        _pairs(
            right, named, lambda n: (n.lecture_parameters or 0) / 1e6, lambda n: (n.parameters or 0) / 1e6, rows, marks
        )
        draw.log(right.xaxis, [(n.parameters or 0) / 1e6 for n in named])
        left.set_yticks(range(len(named)), [n.label for n in named])
        left.invert_yaxis()
        left.set_xlabel("Top-1 accuracy, %")
        right.set_xlabel("Parameters, M")
        right.tick_params(labelleft=False)
        left.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderpad=0.2)
    return Picture(
        name="lecture",
        title="The lecture's table, with the corrected figures beside",
        caption="Where the square and the dot are apart, the lecture and the paper (on the right: our own count) "
        "disagree; the table below says why. Accuracies are those of the papers, under the conditions stated there.",
        figure=figure,
        table=pd.DataFrame(
            {
                "network": n.title, "year": n.year, "lecture_top1": n.lecture_top1, "cited_top1": n.top1,
                "lecture_parameters": n.lecture_parameters, "parameters": n.parameters, "conditions": n.conditions,
                "source": n.source,
            }
            for n in named
        ),
        marks=marks,
    )  # fmt: skip


def _timeline(
    networks: Sequence[Network], rows: Mapping[str, str], name: str, title: str, axis: str, value: _Value,
    lecture: _Value, *, logarithmic: bool,
) -> Picture | None:  # fmt: skip
    named = [n for n in networks if n.lecture_top1 is not None and n.year]
    others = [n for n in networks if n.lecture_top1 is None and n.year and value(n) is not None and n.top1]
    if not named:
        return None
    place = _places([*named, *others])
    dots = [_dot(n, place[n.name], value(n), rows) for n in (*named, *others) if value(n) is not None]
    said = [_dot(n, place[n.name], lecture(n), rows) for n in named if lecture(n) is not None]
    marks = Marks()
    with picture.style(name):
        figure, axes = picture.new(9.6, 5.4)
        if logarithmic:
            draw.log(axes.yaxis, [each.y for each in dots])
        lectured = {rows[n.name] for n in named}
        _marks(axes, dots, said, lectured, marks)
        axes.set_xlabel("Year of the paper")
        axes.set_ylabel(axis)
        axes.set_xticks(sorted({n.year for n in (*named, *others) if n.year}))
        axes.margins(x=0.06, y=0.06)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderpad=0.2)
        known = {each.key: each for each in said} | {each.key: each for each in dots if each.key in lectured}
        names.beside(axes, list(known.values()), radius=5, reach=5)
    return Picture(
        name=name,
        title=title,
        caption="As the lecture draws it. Dots with names are its networks as their papers (accuracy) and our count "
        "(parameters) have them; a square is what the lecture says, a line joins the two. Pale: all other cited "
        "networks of the catalogue, whatever their conditions. Within a year the networks stand side by side.",
        figure=figure,
        table=pd.DataFrame(
            {"name": n.name, "year": n.year, "value": value(n), "lecture": lecture(n), "conditions": n.conditions}
            for n in (*named, *others)
        ),
        marks=marks,
    )  # fmt: skip


def _marks(axes: Axes, dots: Sequence[Dot], said: Sequence[Dot], named: set[str], marks: Marks) -> None:
    pale = [each for each in dots if each.key not in named]
    axes.plot([each.x for each in pale], [each.y for each in pale], "o", color=picture.PALE, markersize=4, gid="others",
              markeredgecolor="none", alpha=0.7, zorder=2, label="other networks of the catalogue")  # fmt: skip
    marks["others"] = [each.key for each in pale]
    axes.plot([each.x for each in said], [each.y for each in said], "s", color=picture.colour(1), markersize=7,
              fillstyle="none", gid="lecture", zorder=3, label="the lecture")  # fmt: skip
    marks["lecture"] = [each.key for each in said]
    shown = [each for each in dots if each.key in named]
    axes.plot([each.x for each in shown], [each.y for each in shown], "o", color=picture.colour(0), markersize=5,
              gid="named", zorder=4, label="the paper, and our count")  # fmt: skip
    marks["named"] = [each.key for each in shown]
    heights = {each.key: each.y for each in shown}
    for each in said:
        axes.plot([each.x] * 2, [each.y, heights.get(each.key, each.y)], color=picture.colour(1), linewidth=1, zorder=2)


def _places(networks: Sequence[Network]) -> dict[str, float]:
    """Spread the networks of each year about it, in their order."""
    years: dict[int, list[str]] = {}
    for network in networks:
        years.setdefault(network.year or 0, []).append(network.name)
    return {
        name: year + _SPREAD * ((index + 0.5) / len(names) - 0.5)
        for year, names in years.items()
        for index, name in enumerate(sorted(names, key=lambda name: (name not in names, name)))
    }


def _pairs(
    axes: Axes, named: Sequence[Network], lecture: _Value, ours: _Value, rows: Mapping[str, str], marks: Marks
) -> None:
    side = f"pairs-{len(marks)}"
    for index, network in enumerate(named):
        ends = [value for value in (lecture(network), ours(network)) if value]
        axes.plot([min(ends), max(ends)], [index] * 2, color=picture.colour(1), linewidth=1.2, zorder=1)
    known = [index for index, network in enumerate(named) if ours(network)]
    axes.plot([lecture(n) or 0 for n in named], range(len(named)), "s", color=picture.colour(1), markersize=7,
              fillstyle="none", gid=f"{side}-lecture", label="the lecture")  # fmt: skip
    axes.plot([ours(named[index]) or 0 for index in known], known, "o", color=picture.colour(0), markersize=5,
              gid=f"{side}-ours", label="the paper (right: our count)")  # fmt: skip
    marks[f"{side}-lecture"] = [rows[n.name] for n in named]
    marks[f"{side}-ours"] = [rows[named[index].name] for index in known]


def _dot(network: Network, x: float, y: float | None, rows: Mapping[str, str]) -> Dot:
    return Dot(x=x, y=y or 0, key=rows[network.name], label=network.label, line=network.line, kind=COMPARABLE)
