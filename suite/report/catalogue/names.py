"""Names beside marks: no name covers another name, a mark or a line, or leaves the axes.

A name without room is left out: the page shows it under the pointer, and the table has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from suite.report import picture
from suite.report.catalogue.draw import Dot

Box = NDArray[np.float64]  # left, bottom, right, top in pixels; or a row for each of several boxes
Attempt = tuple[Dot, int]  # a mark, and the number of rings about it to try

_LETTER = 0.58  # mean width of a letter of DejaVu Sans, as a share of its height
_SIDES = ((1, 0), (-1, 0), (1, 0.7), (-1, 0.7), (1, -0.7), (-1, -0.7), (0, 1), (0, -1))  # right, and up


def beside(
    axes: Axes, first: Sequence[Dot], others: Sequence[Dot] = (), *, size: float = 7, radius: float = 4, reach: int = 3
) -> None:
    """Name dots: `first` one by one, up to `reach` rings away; then `others`, in the nearest ring only.

    `size` is the height of the letters, `radius` half of a mark, both in points.
    """
    close = [dot for dot in dict.fromkeys(others) if dot not in first]
    _write(axes, [[(dot, reach)] for dot in first] + [[(dot, 1)] for dot in close], size, radius)


def at_ends(axes: Axes, lines: Sequence[Sequence[Dot]], *, size: float = 8, radius: float = 4, reach: int = 6) -> None:
    """Name lines of dots: close to the last dot, else close to the first, else up to `reach` rings off the last."""
    _write(axes, [[(line[-1], 1), (line[0], 1), (line[-1], reach)] for line in lines], size, radius)


def _write(axes: Axes, wanted: Sequence[Sequence[Attempt]], size: float, radius: float) -> None:
    """Write each name at the first of its attempts that has room."""
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())  # matplotlib finds the limits only when asked for them
    pixel = axes.figure.dpi / 72
    taken = np.vstack([np.empty((0, 4)), *(_covered(axes, line, pixel, radius * pixel) for line in axes.lines)])
    frame = np.array([axes.bbox.x0, axes.bbox.y0, axes.bbox.x1, axes.bbox.y1])
    for attempts in wanted:
        for dot, rings in attempts:
            centre = axes.transData.transform(dot.at)
            extent = np.array([_LETTER * size * len(dot.label), size]) * pixel
            box = _room(centre, extent, taken, frame, pixel, rings)
            if box is not None:
                _name(axes, dot, centre, box, size, pixel)
                taken = np.vstack([taken, box])
                break


def _covered(axes: Axes, line: Line2D, pixel: float, radius: float) -> Box:
    """Return the boxes that no name may cover: one about each mark, and small ones along a line."""
    corners = line.get_transform().transform(np.column_stack([line.get_xdata(), line.get_ydata()]))
    marks = corners if line.get_marker() != "None" else corners[:0]
    drawn = pairwise(corners) if line.get_linestyle() != "None" else ()
    along = [np.linspace(a, b, max(2, int(np.hypot(*(b - a)) / (3 * pixel)) + 1)) for a, b in drawn]
    at = np.vstack([*along, corners[:0]])
    return np.vstack([np.hstack([marks - radius, marks + radius]), np.hstack([at - pixel, at + pixel])])


def _room(centre: Box, extent: Box, taken: Box, frame: Box, pixel: float, rings: int) -> Box | None:
    """Return the nearest free box for a name: left and right of its mark, above and below, then farther off."""
    for ring in range(rings):
        away = (6 + 9 * ring) * pixel
        for right, up in _SIDES:
            corner = centre + np.array([right * away, up * (away + extent[1] / 2)])
            corner -= extent * np.array([(1 - right) / 2, 0.5])
            box = np.hstack([corner, corner + extent])
            inside = (box[:2] >= frame[:2]).all() and (box[2:] <= frame[2:]).all()
            meets = (taken[:, :2] < box[2:]).all(axis=1) & (box[:2] < taken[:, 2:]).all(axis=1)
            if inside and not meets.any():
                return box
    return None


def _name(axes: Axes, dot: Dot, centre: Box, box: Box, size: float, pixel: float) -> None:
    """Write a name into its box; if its mark is far, draw a line between them."""
    corner = (box[:2] - centre) / pixel
    axes.annotate(dot.label, dot.at, xytext=tuple(corner), textcoords="offset points", fontsize=size, va="bottom",
                  color=picture.INK, zorder=6)  # fmt: skip
    near = np.clip(centre, box[:2], box[2:])
    if np.hypot(*(near - centre)) > 10 * pixel:
        ends = axes.transData.inverted().transform([centre, near])
        axes.plot(ends[:, 0], ends[:, 1], color=picture.PALE, linewidth=0.6, zorder=1)
