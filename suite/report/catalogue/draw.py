"""Shared parts of the catalogue's figures: marks by line of descent and by comparability, and fronts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from suite.core import dominance
from suite.core.cells import UNSTABLE
from suite.report import phrases, picture
from suite.report.catalogue import spoken
from suite.report.catalogue.network import COMPARABLE, KINDS, LINES, OTHER_SIZE, OTHERWISE, OWN
from suite.report.language import say

Marks = dict[str, Sequence[str]]

_LINES = (*LINES, OWN)
_LOOKS: dict[str, dict[str, Any]] = {
    COMPARABLE: {"markersize": 6, "markeredgecolor": picture.PAPER, "markeredgewidth": 0.7, "zorder": 4},
    OTHERWISE: {"markersize": 5, "fillstyle": "none", "markeredgewidth": 1.1, "zorder": 3},
    OTHER_SIZE: {"marker": "x", "markersize": 5, "markeredgewidth": 1.2, "zorder": 3},
}
_UNSTABLE: dict[str, Any] = {"alpha": 0.35}  # upon the look of its kind
_SMALL = 7.5  # points of the letters of a legend


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One mark of a figure."""

    x: float
    y: float
    key: str  # its row in the table of the page
    label: str
    line: str
    kind: str  # one of KINDS
    is_stable: bool = True
    ends: tuple[float, float] | None = None  # lowest and highest x; None: x is exact

    @property
    def at(self) -> tuple[float, float]:
        """Its position."""
        return self.x, self.y


def colour(line: str) -> str:
    """Colour of a line of descent."""
    return picture.MUTED if line == OWN else picture.colour(_LINES.index(line))


def shape(line: str) -> str:
    """Marker of a line of descent: repeats what its colour says, for print in grey."""
    return picture.shape(_LINES.index(line))


def scatter(axes: Axes, dots: Sequence[Dot], marks: Marks, name: str = "dots") -> None:
    """Draw the marks and their intervals, comparable ones on top; write the row of each mark into `marks`."""
    for dot in dots:
        if dot.ends:
            axes.plot(dot.ends, (dot.y, dot.y), color=colour(dot.line), alpha=0.4, linewidth=1.0, zorder=2.5)
    for kind, line, is_stable in product(KINDS, _LINES, (True, False)):
        chosen = [dot for dot in dots if (dot.kind, dot.line, dot.is_stable) == (kind, line, is_stable)]
        if chosen:
            gid = f"{name}-{KINDS.index(kind)}-{_LINES.index(line)}{'' if is_stable else '-unstable'}"
            look: dict[str, Any] = {"marker": shape(line), "color": colour(line), "linestyle": "none"}
            look |= _LOOKS[kind] | ({} if is_stable else _UNSTABLE)
            axes.plot([dot.x for dot in chosen], [dot.y for dot in chosen], gid=gid, **look)
            marks[gid] = [dot.key for dot in chosen]


def front(dots: Iterable[Dot], *, rising: bool = False) -> list[Dot]:
    """Return the comparable dots that no other dominates: highest, and leftmost, or rightmost when `rising`.

    The lowest is first.
    """
    fit = [dot for dot in dots if dot.kind == COMPARABLE]
    if not fit:
        return []
    ends = np.array([sorted(-end if rising else end for end in dot.ends or (dot.x, dot.x)) for dot in fit])
    high = np.array([-dot.y for dot in fit])
    known = dominance.Intervals(np.column_stack([ends[:, 0], high]), np.column_stack([ends[:, 1], high]))
    kept = [dot for dot, best in zip(fit, dominance.nondominated(known), strict=True) if best]
    return sorted(kept, key=lambda dot: (dot.y, dot.x))


def steps(axes: Axes, best: Sequence[Dot], *, rising: bool = False, **look: Any) -> None:
    """Join a front in steps: the best height at each x or less (`rising`: or more)."""
    ordered = sorted(best, key=lambda dot: dot.x)
    corners = [[(b.x, a.y) if not rising else (a.x, b.y), b.at] for a, b in pairwise(ordered)]
    line = np.array([each.at for each in ordered[:1]] + [corner for pair in corners for corner in pair])
    if len(line):
        drawn: dict[str, Any] = {"color": picture.INK, "linewidth": 1.2, "zorder": 2} | look
        axes.plot(line[:, 0], line[:, 1], **drawn)


def log(axis: Axis, values: Iterable[float]) -> None:
    """Make an axis logarithmic, with short numbers; a narrow range gets more of them."""
    known = [value for value in values if value > 0]
    wide = bool(known) and max(known) > 300 * min(known)
    axis._set_axes_scale("log")  # type: ignore[attr-defined]
    axis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: phrases.short(value)))
    axis.set_minor_formatter(NullFormatter())


def inches(axes: Axes) -> tuple[float, float]:
    """Return width and height of the figure of these axes, in inches."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    width, height = figure.get_size_inches()
    return float(width), float(height)


def legend(axes: Axes, dots: Sequence[Dot], marker: str = "") -> None:
    """Explain, above the axes, the colour and shape of each line of descent and the look of each kind of accuracy.

    With a `marker`, all have this one shape, and every mark that may not be compared is hollow.
    """
    look: dict[str, Any] = {"linestyle": "none", "markersize": 6}
    handles = [
        Line2D([], [], marker=marker or shape(line), color=colour(line), label=spoken.line(line), **look)
        for line in _LINES
        if any(dot.line == line for dot in dots)
    ]
    kinds = [kind for kind in KINDS[1:] if any(dot.kind == kind for dot in dots)]
    plain: dict[str, Any] = {"marker": marker or "o", "color": picture.INK} | look
    if marker:
        handles += [Line2D([], [], **plain, label=say("not comparable"), fillstyle="none") for _ in kinds[:1]]
    else:
        handles += [Line2D([], [], **plain | {"label": spoken.kind(kind)} | _LOOKS[kind]) for kind in kinds]
    if not all(dot.is_stable for dot in dots):
        handles.append(Line2D([], [], **plain | {"label": spoken.state(UNSTABLE)} | _UNSTABLE))
    columns = _columns([str(handle.get_label()) for handle in handles], 72 * (inches(axes)[0] - 0.86))
    rows = math.ceil(len(handles) / columns)
    if rows > 1:
        axes.figure.subplots_adjust(top=1 - (0.12 + 0.19 * rows) / inches(axes)[1])
    if handles:
        axes.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=columns,
            borderpad=0.2, columnspacing=0.9, handletextpad=0.1, fontsize=_SMALL,
        )  # fmt: skip


def _columns(labels: Sequence[str], room: float) -> int:
    """Return the most columns in which the entries of a legend fit into so many points, at least one."""
    wide = [picture.size(label, _SMALL)[0] + 3 * _SMALL for label in labels]  # with its mark and the space between
    every = range(len(wide), 1, -1)
    return next((one for one in every if sum(map(max, np.array_split(wide, one))) <= room), 1)
