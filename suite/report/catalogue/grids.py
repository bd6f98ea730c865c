"""Tables as pictures: the best networks for each budget of memory and speed; time and memory over batch sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from suite.report import phrases, picture
from suite.report.catalogue import draw, spoken, words
from suite.report.catalogue.network import COMPARABLE
from suite.report.catalogue.places import Place, Point
from suite.report.language import localised, say
from suite.report.picture import Picture

_ANY = float("inf")
_RATES = (15, 30, 60, 100, 200, 500, 1000)  # pictures a second
_MEBIBYTES = [2**power for power in range(4, 16)]
_NAMED = 3  # networks in each cell


def recommendation(place: Place, suffix: str) -> Picture | None:
    """The best networks for each budget of memory and of speed (as in Bianco)."""
    points = [p for p in place.at(1) if p.kind == COMPARABLE and p.network.top1 is not None and p.memory]
    if not points:
        return None
    rows, columns = _budgets(points)
    found = {(row, column): best(points, rows[row], columns[column]) for row in rows for column in columns}
    name = f"recommendation{suffix}"
    with picture.style(name):
        figure, axes = picture.new(1.62 * len(columns) + 1.1, 0.52 * len(rows) + 0.7)
        _table(axes, list(rows), list(columns), 1.05)
        low, high = min(p.network.top1 or 0 for p in points), max(p.network.top1 or 0 for p in points)
        for (row, column), chosen in found.items():
            share = ((chosen[0].network.top1 or 0) - low) / (high - low) if chosen and high > low else 0.0
            text = "\n".join(map(_named, chosen)) or say("none")
            _cell(axes, list(columns).index(column), list(rows).index(row), text, 0.05 + 0.35 * share if chosen else 0)
    table = pd.DataFrame(
        {
            "memory": row, "speed": column, "rank": rank, "name": p.network.name, "top1": p.network.top1,
            "ms": p.milliseconds, "peak_memory": p.memory,
        }
        for (row, column), chosen in found.items()
        for rank, p in enumerate(chosen, start=1)
    )  # fmt: skip
    return Picture(
        name=name,
        title=say("The best networks for a budget of memory and speed"),
        caption=" ".join(
            [
                say(
                    "Each cell names up to {number} networks with the highest cited top-1 accuracy (%). Their process "
                    "takes at most the memory of the row, and their whole latency interval is within the time of the "
                    "column. Darker is more accurate.",
                    number=_NAMED,
                ),
                say("A ~ marks an unstable value."),
                say("Comparable networks only, {number:,} in all.", number=len(points)),
                words.measured(place, points, words.batch(1)),
                say("As in a table of Bianco et al. 2018."),
            ]
        ),
        figure=figure,
        table=table,
        listing=[
            [phrases.title("peak_memory"), *columns],
            *(
                [row, *("; ".join(map(_named, found[row, column])) or say("none") for column in columns)]
                for row in rows
            ),
        ],
    )


def _named(point: Point) -> str:
    return f"{'' if point.is_stable else '~'}{localised(f'{point.network.top1:.1f}')}  {point.network.label}"


def best(points: Sequence[Point], memory: float, milliseconds: float) -> list[Point]:
    """Return the most accurate points surely within both limits (MB, ms a call); of equals, the faster first."""
    fit = [p for p in points if (p.memory or 0) <= memory and p.slowest <= milliseconds]
    return sorted(fit, key=lambda p: (-(p.network.top1 or 0), p.milliseconds))[:_NAMED]


def times(place: Place, suffix: str) -> Picture | None:
    """Milliseconds for an image over batch sizes (as in Bianco)."""
    return _over_batches(
        place, f"times{suffix}", say("Time for an image over batch sizes"), "ms_per_image", lambda p: p.per_image,
        say("Milliseconds for an image. The fastest network at the smallest batch is first. Darker is faster."),
    ) if place.timed else None  # fmt: skip


def memories(place: Place, suffix: str) -> Picture | None:
    """Memory of the process over batch sizes (as in Bianco)."""
    return _over_batches(
        place, f"memories{suffix}", say("Memory over batch sizes"), "megabytes", lambda p: p.memory or 0,
        say("Peak megabytes of the process. The smallest at the smallest batch is first. Darker is less."),
    ) if any(p.memory for p in place.points) else None  # fmt: skip


def _budgets(points: Sequence[Point]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the limits of memory and of speed that tell these points apart, the loosest first."""
    memory = [p.memory or 0 for p in points]
    time = [p.milliseconds for p in points]
    rows = {name: most for name, most in megabytes().items() if min(memory) <= most < max(memory) or most == _ANY}
    columns = {name: most for name, most in milliseconds().items() if min(time) <= most < max(time) or most == _ANY}
    return rows, columns


def megabytes() -> dict[str, float]:
    """Return the budgets of memory by name, in MB, the loosest first."""
    sizes = {_mebibytes(size): size * 2**20 / 1e6 for size in reversed(_MEBIBYTES)}
    return {say("any memory"): _ANY, **sizes}


def _mebibytes(size: int) -> str:
    return say("{size} MiB", size=size) if size < 1024 else say("{size} GiB", size=size // 1024)


def milliseconds() -> dict[str, float]:
    """Return the budgets of time by name, in ms a picture, the loosest first."""
    rates = {say("{rate} a second ({time:.0f} ms)", rate=str(rate), time=1000 / rate): 1000 / rate for rate in _RATES}
    return {say("any speed"): _ANY, **rates}


def _over_batches(
    place: Place, name: str, title: str, unit: str, value: Callable[[Point], float], reading: str
) -> Picture:  # fmt: skip
    cells = {(p.network.name, p.cell.batch): p for p in place.points}
    known = {at: value(p) for at, p in cells.items() if p.cell.is_timed and value(p)}
    labels = {p.network.name: p.network.label for p in place.points}
    order = sorted(labels, key=lambda each: [known.get((each, batch), float("inf")) for batch in place.batches])
    with picture.style(name):
        figure, axes = picture.new(2.6 + 0.95 * len(place.batches), 0.17 * len(order) + 0.75)
        _table(axes, [labels[each] for each in order], [words.batch(batch) for batch in place.batches], 1.9, size=6.5)
        shades = _shades(known)
        for row, network in enumerate(order):
            for column, batch in enumerate(place.batches):
                point = cells.get((network, batch))
                text = _said(point, known.get((network, batch))) if point else ""
                _cell(axes, column, row, text, shades.get((network, batch), 0.0), size=6.5)
    frame = pd.DataFrame(
        {
            "name": p.network.name, "batch": p.cell.batch, unit: known.get(at), "state": p.cell.state,
            "reason": p.cell.reason,
        }
        for at, p in cells.items()
    )  # fmt: skip
    return Picture(
        name=name,
        title=title,
        caption=" ".join(
            [
                reading,
                say("A ~ marks an unstable value."),
                say("An empty cell was not measured."),
                words.measured(place, place.points, say("each batch size")),
                say("As in a table of Bianco et al. 2018."),
            ]
        ),
        figure=figure,
        table=frame,
    )


def _said(point: Point, value: float | None) -> str:
    if value is None:
        return spoken.state(point.cell.state) if not point.cell.is_timed else ""
    return ("" if point.is_stable else "~") + localised(f"{value:.3g}" if value < 999.5 else f"{value:,.0f}")


def _shades(known: dict[tuple[str, int], float]) -> dict[tuple[str, int], float]:
    """Return the opacity of each cell: smaller values are darker."""
    if not known:
        return {}
    logs = np.log([max(value, 1e-9) for value in known.values()])
    span = max(float(logs.max() - logs.min()), 1e-9)
    return {at: 0.02 + 0.38 * float(logs.max() - each) / span for at, each in zip(known, logs, strict=True)}


def _table(axes: Axes, rows: Sequence[str], columns: Sequence[str], inches: float, size: float = 7.5) -> None:
    """Turn axes into a table: row names on the left, `inches` wide, and column names on top."""
    width, height = draw.inches(axes)
    axes.set_position((inches / width, 0.1 / height, 1 - (inches + 0.1) / width, 1 - 0.4 / height))
    axes.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    axes.set_xticks(np.arange(len(columns)) + 0.5, columns, fontsize=size)
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows, fontsize=size)


def _cell(axes: Axes, column: int, row: int, text: str, shade: float, size: float = 6.8) -> None:
    axes.add_patch(
        Rectangle((column + 0.02, row + 0.03), 0.96, 0.94, facecolor=picture.colour(0), alpha=shade, linewidth=0)
    )
    axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=size, color=picture.INK)
