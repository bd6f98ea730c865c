"""The main figure: accuracy against one cost."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from suite.core import seen
from suite.core.measures import formatted, interval
from suite.core.study import Constraint
from suite.report import certainty, phrases, picture
from suite.report.certainty import Certainty
from suite.report.entries import Entry
from suite.report.language import say
from suite.report.picture import Picture
from suite.report.study import labels, scales, tables, wording
from suite.report.study.plane import Plane
from suite.statistics.intervals import Interval

Box = NDArray[np.float64]

_TICKS = 8  # most on the axis of the cost
_MANY = 300  # above this many, an SVG holds the intervals as pixels: it stays small


def name(plane: Plane) -> str:
    """Return the stem of the files of a plane's figure."""
    place = "-" + re.sub(r"\W+", "-", plane.place.lower()).strip("-") if plane.place else ""
    return f"front-{plane.cost.measure}{place}"


def every(planes: Sequence[Plane], sure: Certainty | None = None) -> list[Picture]:
    """Draw every plane. What the caption of the first says is not said again."""
    drawn = [_drawn(plane, sure) for plane in planes]
    said = drawn[0][1] if drawn else ()
    others = [_shortened(each, sentences, drawn[0][0].title, said) for each, sentences in drawn[1:]]
    return [each for each, _ in drawn[:1]] + others


def draw(plane: Plane, sure: Certainty | None = None) -> Picture:
    """Draw the candidates of every run or family, their fronts, the front of all, and the limits.

    The axes are fitted to the front. Candidates on it have the interval of their accuracy, too, where `sure` knows it.
    """
    return _drawn(plane, sure)[0]


def _shortened(each: Picture, sentences: Sequence[str], first: str, said: Sequence[str]) -> Picture:
    own = [sentence for sentence in sentences if sentence not in said]
    return replace(each, caption=" ".join([*own, say("It is read as “{title}”.", title=first)]))


def _drawn(plane: Plane, sure: Certainty | None) -> tuple[Picture, Sequence[str]]:
    """Return the picture of a plane and the sentences of its caption."""
    heights = _heights(plane, sure)
    marks: dict[str, Sequence[str]] = {}
    with picture.style(name(plane)):
        figure, axes = picture.new()
        _axes(axes, plane, heights)
        _broken(axes, plane, marks)
        for index, kind in enumerate(plane.comparison.kinds):
            _kind(axes, plane, index, [one for one in plane.entries if plane.comparison.kind(one) == kind], marks)
        _starts(axes, plane)
        _joint_front(axes, plane)
        _uprights(axes, plane, heights)
        beyond = _limits(axes, plane)
        _baseline(axes, plane)
        _legend(axes, plane)
        outside = _outside(axes, plane)
        labels.label(axes, plane, _boxes(axes, plane, heights))
    sentences = wording.front_caption(plane, beyond, outside=outside, is_sure=bool(heights))
    drawn = Picture(
        name=name(plane),
        title=wording.front_title(plane.quality, plane.cost, plane.place),
        caption=" ".join(sentences),
        figure=figure,
        table=tables.pair([*plane.entries, *plane.broken], plane.quality, plane.cost, plane.front),
        marks=marks,
    )
    return drawn, sentences


def _axes(axes: Axes, plane: Plane, heights: Mapping[str, Interval]) -> None:
    axes.set_xlabel(phrases.axis(plane.cost.measure))
    axes.set_ylabel(phrases.axis(plane.quality.measure))
    if plane.log:
        axes.set_xscale("log")
    low, high = plane.span(plane.quality)
    shown = [entry for entry in plane.front if plane.y(entry) >= low]
    up = [low, high, *(end for entry in shown for end in heights.get(entry.name, ()))]
    axes.set_xlim(scales.with_room(*_across(plane, shown), log=plane.log))
    axes.set_ylim(scales.with_room(min(up), max(up)))
    scales.ticks(axes.xaxis, log=plane.log, most=_TICKS)


def _across(plane: Plane, shown: Sequence[Entry]) -> tuple[float, float]:
    """Return the costs that the axis shows, with the intervals of the front as far as they leave it half the axis."""
    low, high = plane.span(plane.cost)
    ends = [end for entry in shown for end in interval(entry.trial.measures, plane.cost.measure)]
    reach = (high - low) / 2 or abs(high) / 2
    return max(min([low, *ends]), low / 2 if plane.log else low - reach), min(max([high, *ends]), high + reach)


def _kind(axes: Axes, plane: Plane, index: int, entries: Sequence[Entry], marks: dict[str, Sequence[str]]) -> None:
    best = {entry.name for entry in plane.front}
    own = plane.comparison.best(entries, plane.pair)
    _steps(axes, plane, own, {"color": picture.colour(index), "linewidth": 1.0, "alpha": 0.55, "zorder": 2})
    dominated = [entry for entry in entries if entry.name not in best]
    on_front = [entry for entry in entries if entry.name in best]
    size = 4.5 if len(plane.entries) < 400 else 3
    _intervals(axes, plane, index, dominated, 0.3)
    _points(axes, plane, index, f"dominated-{index}", dominated, marks, size, 0.3)
    _intervals(axes, plane, index, on_front, 1.0)
    _points(axes, plane, index, f"front-{index}", on_front, marks, 7.5 if len(best) < 40 else 5.5, 1.0)


def _points(
    axes: Axes, plane: Plane, index: int, gid: str, entries: Sequence[Entry],
    marks: dict[str, Sequence[str]], size: float, alpha: float,
) -> None:  # fmt: skip
    """Draw candidates; those whose values are not stable are hollow."""
    stable = [entry for entry in entries if plane.is_stable(entry)]
    _marks(axes, plane, index, gid, stable, marks, markersize=size, alpha=alpha)
    unstable = [entry for entry in entries if not plane.is_stable(entry)]
    _marks(axes, plane, index, f"{gid}-unstable", unstable, marks, markersize=size, alpha=alpha, fillstyle="none")


def _marks(
    axes: Axes, plane: Plane, index: int, gid: str, entries: Sequence[Entry], marks: dict[str, Sequence[str]],
    *, alpha: float, fillstyle: str = "full", **look: Any,
) -> None:  # fmt: skip
    x, y = [plane.x(entry) for entry in entries], [plane.y(entry) for entry in entries]
    edge = picture.colour(index) if fillstyle == "none" else picture.PAPER if alpha == 1 else "none"
    axes.plot(
        x, y, picture.shape(index), color=picture.colour(index), alpha=alpha, fillstyle=fillstyle,
        markeredgecolor=edge, markeredgewidth=0.8, gid=gid, zorder=3 + alpha, **look,
    )  # fmt: skip
    marks[gid] = [entry.name for entry in entries]


def _starts(axes: Axes, plane: Plane) -> None:
    """Mark the candidates that begin with weights of another training."""
    for how, shape in picture.STARTS.items():
        begun = [entry for entry in plane.entries if entry.trial.start.startswith(how)]
        x, y = [plane.x(entry) for entry in begun], [plane.y(entry) for entry in begun]
        axes.plot(x, y, shape, color=picture.INK, markersize=3.5, markeredgewidth=0.9, linestyle="none", zorder=4.5)


def _broken(axes: Axes, plane: Plane, marks: dict[str, Sequence[str]]) -> None:
    x, y = [plane.x(entry) for entry in plane.broken], [plane.y(entry) for entry in plane.broken]
    axes.plot(x, y, "x", color=picture.PALE, markersize=5, gid="broken", zorder=1.5)
    marks["broken"] = [entry.name for entry in plane.broken]


def _intervals(axes: Axes, plane: Plane, index: int, entries: Sequence[Entry], alpha: float) -> None:
    """Draw the interval of each value that has one."""
    look: dict[str, Any] = {"color": picture.colour(index), "alpha": alpha, "linewidth": 1.2}
    look["rasterized"] = len(entries) > _MANY
    wide = _ends(entries, plane.cost.measure, plane.y)
    tall = _ends(entries, plane.quality.measure, plane.x)
    axes.hlines(wide[:, 0], wide[:, 1], wide[:, 2], **look)
    axes.vlines(tall[:, 0], tall[:, 1], tall[:, 2], **look)


def _ends(entries: Sequence[Entry], measure: str, at: Callable[[Entry], float]) -> NDArray[np.float64]:
    """Return rows of a bar's position and its two ends, for each interval wider than zero."""
    known = [(at(entry), *interval(entry.trial.measures, measure)) for entry in entries]
    return np.array([row for row in known if row[1] < row[2]], dtype=float).reshape(-1, 3)


def _heights(plane: Plane, sure: Certainty | None) -> dict[str, Interval]:
    """Return the intervals of the accuracies on the front, by name; none where they are not known."""
    if sure is None or plane.quality.measure != certainty.MEASURE:
        return {}
    return {entry.name: known for entry in plane.front if (known := sure.interval(entry))}


def _uprights(axes: Axes, plane: Plane, heights: Mapping[str, Interval]) -> None:
    """Draw the intervals of the accuracies on the front."""
    for entry in plane.front:
        if entry.name in heights:
            colour = picture.colour(plane.comparison.kinds.index(plane.comparison.kind(entry)))
            axes.vlines(plane.x(entry), *heights[entry.name], color=colour, alpha=0.45, linewidth=1.2, zorder=2.6)


def _boxes(axes: Axes, plane: Plane, heights: Mapping[str, Interval]) -> Box:
    """Return the boxes of the upright bars in pixels: left, bottom, right, top."""
    at = {entry.name: plane.x(entry) for entry in plane.front}
    ends = [axes.transData.transform([(at[name], low), (at[name], high)]) for name, (low, high) in heights.items()]
    return np.array([[*each[0] - 1, *each[1] + 1] for each in ends], dtype=float).reshape(-1, 4)


def _outside(axes: Axes, plane: Plane) -> int:
    """Point to the members of the front below the axes; return how many candidates are outside."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    for entry in plane.front:
        if plane.y(entry) < bottom:
            words = f"{entry.name}: {formatted(plane.quality.measure, plane.y(entry))}"
            look: dict[str, Any] = {"fontsize": labels.SIZE, "color": picture.INK, "annotation_clip": False}
            axes.annotate("▾", (plane.x(entry), bottom), xytext=(0, 1), textcoords="offset points", ha="center", **look)
            axes.annotate(
                words, (plane.x(entry), bottom), xytext=(5, 4), textcoords="offset points", **look, gid="name"
            )
    inside = [e for e in plane.entries if left <= plane.x(e) <= right and bottom <= plane.y(e) <= top]
    return len(plane.entries) - len(inside)


def _joint_front(axes: Axes, plane: Plane) -> None:
    _steps(axes, plane, plane.front, {"color": picture.INK, "linewidth": 1.3, "zorder": 2.5})
    knee = plane.knee
    if knee:
        x, y = [plane.x(knee)], [plane.y(knee)]
        axes.plot(x, y, "o", markersize=15, fillstyle="none", color=picture.INK, markeredgewidth=1.2, zorder=5)


def _steps(axes: Axes, plane: Plane, entries: Sequence[Entry], look: Mapping[str, Any]) -> None:
    """Draw the best accuracy at each cost or less, up to the dearest candidate of all.

    The steps touch every one of `entries`.
    """
    if not entries:
        return
    ordered = sorted(entries, key=plane.x)
    x = [plane.x(entry) for entry in ordered] + [max(plane.x(entry) for entry in plane.entries)]
    y = [plane.y(entry) for entry in ordered]
    axes.plot(x, [*y, y[-1]], drawstyle="steps-post", **look)


def _limits(axes: Axes, plane: Plane) -> list[Constraint]:
    """Draw the constraints on the two measures; return those too far off to be drawn."""
    constraints = dict.fromkeys(c for run in plane.comparison.runs for c in run.constraints)
    beyond = []
    for constraint in constraints:
        if constraint.measure not in (plane.cost.measure, plane.quality.measure):
            continue
        across = constraint.measure == plane.quality.measure
        if _near(constraint.limit, axes.get_ylim() if across else axes.get_xlim(), plane.log and not across):
            _limit(axes, constraint, across)
        else:
            beyond.append(constraint)
    return beyond


def _baseline(axes: Axes, plane: Plane) -> None:
    """Draw the accuracy of always naming the largest class, if it is near."""
    known = seen.baseline(entry.trial for entry in plane.entries)
    if known and plane.quality.measure == "accuracy" and _near(known[0], axes.get_ylim(), log=False):
        _line(axes, known[0], f"always {known[1]}: {known[0]:.1f} %", across=True)


def _near(limit: float, shown: tuple[float, float], log: bool) -> bool:
    low, high, value = (np.log10([*shown, max(limit, 1e-300)]) if log else np.array([*shown, limit])).tolist()
    return bool(low - 0.5 * (high - low) <= value <= high + 0.5 * (high - low))


def _limit(axes: Axes, constraint: Constraint, across: bool) -> None:
    sign = "at most" if constraint.at_most is not None else "at least"
    _line(axes, constraint.limit, f"{sign} {formatted(constraint.measure, constraint.limit)}", across=across)


def _line(axes: Axes, value: float, words: str, *, across: bool) -> None:
    look: dict[str, Any] = {"color": picture.MUTED, "linewidth": 1.0, "linestyle": (0, (4, 3)), "zorder": 1}
    text: dict[str, Any] = {"color": picture.MUTED, "fontsize": 8, "clip_on": False}
    if across:
        axes.axhline(value, **look)
        axes.annotate(words, (0, value), xycoords=("axes fraction", "data"), xytext=(3, 3),
                      textcoords="offset points", **text)  # fmt: skip
    else:
        axes.axvline(value, **look)
        axes.annotate(words, (value, 0), xycoords=("data", "axes fraction"), xytext=(-3, 4),
                      textcoords="offset points", rotation=90, ha="right", va="bottom", **text)  # fmt: skip


def _legend(axes: Axes, plane: Plane) -> None:
    there = set(map(plane.comparison.kind, plane.entries))
    shown = [(i, kind) for i, kind in enumerate(plane.comparison.kinds) if kind in there]
    look: dict[str, Any] = {"linestyle": "none", "markersize": 7}
    handles = [
        Line2D([], [], marker=picture.shape(i), color=picture.colour(i), label=kind, **look) for i, kind in shown
    ]
    for how, shape in picture.STARTS.items():
        if any(entry.trial.start.startswith(how) for entry in plane.entries):
            handles.append(Line2D([], [], marker=shape, color=picture.INK, label=how, linestyle="none", markersize=4))
    if plane.broken:
        handles.append(Line2D([], [], marker="x", color=picture.PALE, label="breaks a constraint", **look))
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=min(len(handles), 4), borderpad=0.2,
                columnspacing=1.2, handletextpad=0.2)  # fmt: skip
