"""Names beside the candidates on a front, where there is room for them."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from suite.report import picture
from suite.report.study.plane import Plane

Box = NDArray[np.float64]  # left, bottom, right, top in pixels, a row each

SIZE = 8  # points of the letters
RING = 7.5  # points from the knee to the ring around it
PLACES = ((-6, 4, "right"), (-8, -3, "right"), (9, -10, "left"))  # points to the right and upwards, and which end


def label(axes: Axes, plane: Plane, bars: Box) -> None:
    """Name candidates on the front: no other can be above and to the left of them. `bars` are to be kept free.

    The limits of the axes must be known.
    """
    pixel, front = axes.figure.dpi / 72, plane.front
    at = {entry.name: axes.transData.transform((plane.x(entry), plane.y(entry))) for entry in front}
    marks = axes.transData.transform([(plane.x(entry), plane.y(entry)) for entry in plane.entries])
    places = np.array(list(at.values()))
    steps = np.hstack([places[:-1] - pixel, places[1:, :1], places[:-1, 1:] + pixel])
    taken = np.vstack([np.hstack([marks - 4 * pixel, marks + 4 * pixel]), steps, bars, _ring(plane, at, pixel)])
    first = [entry for entry in (plane.knee, front[-1], front[0]) if entry]
    for name in dict.fromkeys(entry.name for entry in (*first, *front)):
        width, height = picture.size(name, SIZE)
        away = RING - 2 if plane.knee and name == plane.knee.name else 0
        for dx, dy, side in PLACES:
            offset = dx + (away if side == "left" else -away), dy + (away if dy > 0 else -away)
            left, bottom = at[name] + np.array(offset) * pixel - (width * pixel if side == "right" else 0, 0)
            box = np.array([left, bottom - 2 * pixel, left + width * pixel, bottom + height * pixel])
            if _is_free(box, taken, axes.bbox):
                _write(axes, name, at[name], offset, side)
                taken = np.vstack([taken, box])
                break


def _ring(plane: Plane, at: dict[str, Box], pixel: float) -> Box:
    """Return the box of the ring around the knee; no row without one."""
    if plane.knee is None:
        return np.empty((0, 4))
    return np.concatenate([at[plane.knee.name] - RING * pixel, at[plane.knee.name] + RING * pixel])[None]


def _is_free(box: Box, taken: Box, frame: Bbox) -> bool:
    inside = frame.x0 < box[0] and box[2] < frame.x1 and frame.y0 < box[1] and box[3] < frame.y1
    meets = (taken[:, 0] < box[2]) & (box[0] < taken[:, 2]) & (taken[:, 1] < box[3]) & (box[1] < taken[:, 3])
    return bool(inside and not meets.any())


def _write(axes: Axes, name: str, at: Box, offset: tuple[float, float], side: str) -> None:
    point = axes.transData.inverted().transform(at)
    axes.annotate(name, tuple(point), xytext=offset, textcoords="offset points", ha=side, fontsize=SIZE,
                  color=picture.INK, zorder=6, gid="name")  # fmt: skip
