"""Accuracy and size of the cited networks by the year of their papers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes

from suite.report import picture
from suite.report.catalogue import draw, names, words
from suite.report.catalogue.draw import Dot, Marks
from suite.report.catalogue.network import COMPARABLE, Network
from suite.report.language import say
from suite.report.picture import Picture

_SPREAD = 0.7  # years: width of the networks of one year
_Value = Callable[[Network], float | None]


def accuracies(networks: Sequence[Network], rows: Mapping[str, str]) -> Picture | None:
    """Top-1 accuracy by year."""
    return _timeline(
        networks, rows, "accuracy", say("Top-1 accuracy by year"), words.top1(), lambda n: n.top1, logarithmic=False
    )


def sizes(networks: Sequence[Network], rows: Mapping[str, str]) -> Picture | None:
    """Parameters by year."""
    return _timeline(
        networks, rows, "parameters", say("Parameters by year"), say("Parameters, M"),
        lambda n: (n.parameters or 0) / 1e6 or None, logarithmic=True,
    )  # fmt: skip


def records(networks: Sequence[Network]) -> list[Network]:
    """Return the most accurate network of each year that beat all earlier years."""
    found: list[Network] = []
    for year in sorted({n.year for n in networks if n.year}):
        best = max((n for n in networks if n.year == year and n.top1), key=lambda n: n.top1 or 0, default=None)
        if best and (not found or (best.top1 or 0) > (found[-1].top1 or 0)):
            found.append(best)
    return found


def _timeline(
    networks: Sequence[Network], rows: Mapping[str, str], what: str, title: str, axis: str, value: _Value, *,
    logarithmic: bool,
) -> Picture | None:  # fmt: skip
    cited = [n for n in networks if n.year and n.top1 is not None and value(n) is not None]
    if not cited:
        return None
    place = _places(cited)
    dots = [_dot(n, place[n.name], value(n), rows) for n in cited]
    best = {rows[n.name] for n in records(cited)}
    marks = Marks()
    with picture.style(f"timeline-{what}"):
        figure, axes = picture.new(9.6, 5.4)
        if logarithmic:
            draw.log(axes.yaxis, [each.y for each in dots])
        _marks(axes, dots, best, marks)
        axes.set_xlabel(say("Year of the paper"))
        axes.set_ylabel(axis)
        axes.set_xticks(sorted({n.year for n in cited if n.year}))
        axes.margins(x=0.06, y=0.06)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderpad=0.2)
        names.beside(axes, [each for each in dots if each.key in best], radius=5, reach=5)
    return Picture(
        name=f"timeline-{what}",
        title=title,
        caption=say(
            "Every cited network of the catalogue, whatever the conditions of its accuracy. Named: the most accurate "
            "network of each year that beat all earlier years. Networks of one year stand side by side."
        ),
        figure=figure,
        table=pd.DataFrame(
            {"name": n.name, "year": n.year, "value": value(n), "record": rows[n.name] in best,
             "conditions": n.conditions}
            for n in cited
        ),
        marks=marks,
    )  # fmt: skip


def _marks(axes: Axes, dots: Sequence[Dot], best: set[str], marks: Marks) -> None:
    looks = (
        ("others", picture.PALE, 4, 2, say("cited networks")),
        ("records", picture.colour(0), 5, 3, say("new records")),
    )
    for gid, colour, size, above, label in looks:
        shown = [each for each in dots if (each.key in best) == (gid == "records")]
        axes.plot([each.x for each in shown], [each.y for each in shown], "o", color=colour, markersize=size, gid=gid,
                  markeredgecolor="none", zorder=above, label=label)  # fmt: skip
        marks[gid] = [each.key for each in shown]


def _places(networks: Sequence[Network]) -> dict[str, float]:
    """Spread the networks of each year evenly about it, sorted by name."""
    years: dict[int, list[str]] = {}
    for network in networks:
        years.setdefault(network.year or 0, []).append(network.name)
    return {
        name: year + _SPREAD * ((index + 0.5) / len(members) - 0.5)
        for year, members in years.items()
        for index, name in enumerate(sorted(members))
    }


def _dot(network: Network, x: float, y: float | None, rows: Mapping[str, str]) -> Dot:
    return Dot(x=x, y=y or 0, key=rows[network.name], label=network.label, line=network.line, kind=COMPARABLE)
