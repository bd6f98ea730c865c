"""What was replayed: a table to read, CSV, and the curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from search.replay import Replay
from suite.cli.printing import rendered
from suite.core.fronts import Values
from suite.report import picture

MARKS = (25, 50, 100)
ALL = "mean over problems"

# One look for each method, whatever it is shown with: kinds of method share a colour, dashes tell them apart.
LOOKS = {
    "cheap-first": ("#0072b2", "-"),
    "cheap-first-taught": ("#0072b2", (0, (1, 1.5))),
    "botorch": ("#56b4e9", "-"),
    "tpe": ("#d55e00", "-"),
    "nsga2": ("#009e73", "-"),
    "pymoo": ("#009e73", (0, (4, 2))),
    "keras-tuner-scaled": ("#cc79a7", (0, (4, 2))),
    "keras-tuner": ("#cc79a7", "-"),
    "halving": ("#e69f00", "-"),
    "random": (picture.MUTED, "-"),
    "oracle": (picture.INK, (0, (1, 1.5))),
}


def written(replays: Sequence[Replay], methods: Sequence[str], folder: Path, fidelities: bool = False) -> str:
    """Write results.csv and the curves into `folder`; return the tables as text."""
    curves, seconds = _curves(replays), _seconds(replays)
    problems = sorted({problem for problem, _ in curves}, key=lambda name: (name == ALL, name))
    rows = [
        _row(problem, method, curves[problem, method], seconds[problem, method])
        for problem in problems
        for method in methods
        if (problem, method) in curves
    ]
    pd.DataFrame(rows).to_csv(folder / "results.csv", index=False, float_format="%.6g")
    with picture.style("curves"):
        figure = _figure(curves, problems, methods, "full trainings" if not fidelities else "full-training equivalents")
        title = "Hypervolume found, percent of the table's"
        picture.Picture(name="curves", title=title, caption="", figure=figure, table=_table(curves)).save(folder)
    return "\n\n".join(_text(problem, [row for row in rows if row["problem"] == problem]) for problem in problems)


def _curves(replays: Sequence[Replay]) -> dict[tuple[str, str], Values]:
    """Return the curves [seeds, evaluations] by problem and method, and their mean over problems seed by seed."""
    found: dict[tuple[str, str], dict[int, Values]] = {}
    for replay in replays:
        found.setdefault((replay.problem, replay.method), {})[replay.seed] = replay.curve
    curves = {key: np.stack([by_seed[seed] for seed in sorted(by_seed)]) for key, by_seed in found.items()}
    problems = sorted({problem for problem, _ in found})
    for method in sorted({method for _, method in found}) * (len(problems) > 1):
        # Seeds that were interrupted on some problem say nothing of the mean.
        parts = [found.get((problem, method), {}) for problem in problems]
        seeds = sorted(set.intersection(*map(set, parts)))
        if seeds:
            curves[ALL, method] = np.stack([np.mean([part[seed] for part in parts], axis=0) for seed in seeds])
    return curves


def _seconds(replays: Sequence[Replay]) -> dict[tuple[str, str], float]:
    """Return the mean seconds of thought by problem and method, and over problems."""
    table = pd.DataFrame([vars(replay) for replay in replays], columns=["problem", "method", "seconds"])
    everywhere = table.assign(problem=ALL)
    return pd.concat([table, everywhere]).groupby(["problem", "method"])["seconds"].mean().to_dict()


def _row(problem: str, method: str, curves: Values, seconds: float) -> dict[str, str | float]:
    row: dict[str, str | float] = {"problem": problem, "method": method, "seeds": len(curves)}
    last = curves.shape[1]
    for mark in [mark for mark in MARKS if mark <= last] or [last]:
        row |= {f"mean_{mark}": curves[:, mark - 1].mean(), f"sd_{mark}": _deviation(curves[:, mark - 1])}
    return row | {"seconds": seconds}


def _deviation(values: Values) -> float:
    """Standard deviation over seeds, of the sample; nothing is known of it from one."""
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")


def _table(curves: dict[tuple[str, str], Values]) -> pd.DataFrame:
    """Return every curve as it is drawn: mean and standard deviation after each evaluation."""
    parts = [
        pd.DataFrame(
            {
                "problem": problem,
                "method": method,
                "evaluations": range(1, found.shape[1] + 1),
                "mean": found.mean(axis=0),
                "sd": [_deviation(values) for values in found.T],
            }
        )
        for (problem, method), found in curves.items()
    ]
    return pd.concat(parts)


def _text(problem: str, rows: Sequence[dict[str, str | float]]) -> str:
    """Return one problem's table for people."""
    marks = [key.removeprefix("mean_") for key in rows[0] if key.startswith("mean_")]
    shown = [
        {"method": row["method"], "seeds": row["seeds"]}
        | {f"at {mark}": f"{row[f'mean_{mark}']:.1f}" + _spelled(row[f"sd_{mark}"]) for mark in marks}
        | {"s a proposal": f"{row['seconds']:.2g}"}
        for row in rows
    ]
    return f"{problem}\n{rendered(shown, 'table')}"


def _spelled(deviation: float) -> str:
    return "" if math.isnan(deviation) else f" ± {deviation:.1f}"


def _figure(
    curves: dict[tuple[str, str], Values], problems: Sequence[str], methods: Sequence[str], axis: str
) -> Figure:
    """One panel for each problem, the mean last, with the methods' names at the ends of its curves."""
    columns = min(3, len(problems))
    lines = -(-len(problems) // columns)
    width, height = 3.4 * columns + 1.9, 2.6 * lines + 0.7
    figure = picture.grid(width, height)
    figure.subplots_adjust(right=1 - 1.9 / width, top=1 - 0.62 / height, hspace=0.36)
    seeds = max(len(found) for found in curves.values())
    spread = ", shaded one standard deviation" if seeds > 1 else ""
    figure.text(0.74 / width, 1 - 0.12 / height, f"Mean of {seeds} seeds{spread}", color=picture.MUTED, va="top")
    for place, problem in enumerate(problems, start=1):
        axes = figure.add_subplot(lines, columns, place)
        shown = {method: curves[problem, method] for method in methods if (problem, method) in curves}
        _panel(axes, shown)
        axes.set_title(problem, loc="left", fontsize=9)
        if place > len(problems) - columns:
            axes.set_xlabel(axis)
        if place % columns == 1 or columns == 1:
            axes.set_ylabel("hypervolume, % of the table's")
    _name(axes, shown)
    return figure


def _panel(axes: Axes, curves: dict[str, Values]) -> None:
    """Draw the mean of each method with one standard deviation to either side."""
    last = max(found.shape[1] for found in curves.values())
    for method, found in curves.items():
        colour, dashes = LOOKS[method]
        at, mean = np.arange(1, found.shape[1] + 1), found.mean(axis=0)
        axes.plot(at, mean, color=colour, linestyle=dashes, linewidth=1.6)
        if len(found) > 1:
            spread = found.std(axis=0, ddof=1)
            axes.fill_between(at, mean - spread, mean + spread, color=colour, alpha=0.08, linewidth=0)
    # What matters happens above half; a method that never gets there still ends in view.
    floor = min(50.0, *(found.mean(axis=0)[-1] - 5 for found in curves.values()))
    axes.set(xlim=(1, last), ylim=(max(0.0, floor), 100.5))
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2.5, 5, 10]))


def _name(axes: Axes, curves: dict[str, Values]) -> None:
    """Write each method at the right end of its curve, names moved apart where they would touch."""
    low, high = axes.get_ylim()
    apart = (high - low) / 17
    heights = {method: found.mean(axis=0)[-1] for method, found in curves.items()}
    order = sorted(heights, key=heights.__getitem__, reverse=True)
    places = _spread([heights[method] for method in order], apart)
    for method, place in zip(order, places, strict=True):
        colour, dashes = LOOKS[method]
        axes.plot(
            [1.0, 1.05, 1.1], [heights[method], place, place], color=colour, linestyle=dashes, linewidth=1.6,
            transform=axes.get_yaxis_transform(), clip_on=False,
        )  # fmt: skip
        axes.text(
            1.12, place, f"{method} {heights[method]:.1f}", fontsize=8.5, va="center",
            transform=axes.get_yaxis_transform(),
        )  # fmt: skip


def _spread(heights: Sequence[float], apart: float) -> list[float]:
    """Return descending places at least `apart` from one another, near descending `heights`."""
    places: list[float] = []
    for height in heights:
        places.append(min(height, places[-1] - apart) if places else height)
    return places
