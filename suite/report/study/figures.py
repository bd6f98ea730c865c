"""The other figures: learning curves, hypervolume, and accuracy over each setting."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from suite.core import dominance
from suite.core.domains import Choice, Domain, Range, Value
from suite.core.measures import MEASURES, formatted
from suite.core.rules import brief
from suite.core.study import Objective, setting
from suite.report import phrases, picture
from suite.report.certainty import Certainty
from suite.report.comparison import Comparison, Entry
from suite.report.picture import Picture
from suite.report.study import fronts, importances, mistakes, tables
from suite.report.study.plane import Plane

_MANY = 300  # above this many lines or points, an SVG holds them as pixels: it stays small
_PANELS = 12
_WORDS = 24  # most words that fit side by side
_LINE = 36  # letters that fit in a line below a panel
_LETTER = 0.06  # inches of a letter
_USUAL = 0.2  # inches below a panel for one line of words
_COLUMNS = 8  # above this many numbers, a panel has an axis instead of columns


def all_figures(comparison: Comparison, planes: Sequence[Plane], sure: Certainty | None = None) -> list[Picture]:
    """Return every figure that has something to draw, from the top of the page down."""
    drawn = [fronts.draw(plane) for plane in planes]
    drawn += [learning_curves(comparison)] if any(entry.trial.curve for entry in comparison.entries) else []
    drawn += [hypervolume(comparison)] if _in_all(comparison, comparable(comparison)) else []
    trained = _trained(comparison)
    searched = any(_fits(trained, path) for path in tables.configuration(comparison))
    drawn += [choices(comparison)] if planes and searched else []
    drawn += importances.figures(comparison)
    return drawn + (mistakes.figures(sure) if sure else [])


def learning_curves(comparison: Comparison) -> Picture:
    """Validation accuracy over epochs: the front in colours, all others pale."""
    best = {entry.name for entry in comparison.front}
    trained = [entry for entry in comparison.entries if entry.trial.curve]
    others = [entry for entry in trained if entry.name not in best]
    with picture.style("learning-curves"):
        figure, axes = picture.new()
        lines = LineCollection(
            [_points_of(entry) for entry in others], colors=picture.PALE, linewidths=0.8, alpha=0.55,
            rasterized=len(others) > _MANY, zorder=1,
        )  # fmt: skip
        axes.add_collection(lines)
        marks = _front_curves(axes, comparison, [entry for entry in trained if entry.name in best])
        axes.autoscale_view()
        axes.set_xlabel("Epoch")
        axes.set_ylabel("Accuracy (top-1), validation, %")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _legend(axes, comparison.kinds, {comparison.kind(entry) for entry in trained if entry.name in best})
    return Picture(
        name="learning-curves",
        title="Learning curves",
        caption="Validation accuracy after each epoch. Coloured: the candidates on the front; a mark is at the best "
        "epoch, whose weights were kept. Grey: all others, with unfinished ones. A curve that still rises at its end "
        "would gain from more epochs, so a larger fidelity might change the front.",
        figure=figure,
        table=tables.curves(comparison),
        marks=marks,
    )


def hypervolume(comparison: Comparison) -> Picture:
    """Share of the objective space that each run dominated after each of its candidates."""
    objectives = comparable(comparison)
    frame = tables.hypervolumes(comparison, objectives)
    with picture.style("hypervolume"):
        figure, axes = picture.new()
        for index, run in enumerate(comparison.names):
            part = frame[frame["run"] == run]
            axes.plot(part["trained"], part["hypervolume"], drawstyle="steps-post", color=picture.colour(index),
                      linewidth=1.6, marker=picture.shape(index), markevery=[-1] if len(part) else [])  # fmt: skip
        axes.set_xlabel("Candidates trained")
        axes.set_ylabel("Hypervolume, % of the box")
        axes.set_ylim(0, 100)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _legend(axes, comparison.names, set(frame["run"]))
    return Picture(
        name="hypervolume",
        title="Hypervolume over trials",
        caption=_hypervolume_caption(comparison, objectives),
        figure=figure,
        table=frame,
    )


def comparable(comparison: Comparison) -> tuple[Objective, ...]:
    """Return the objectives that may be compared over all runs: without latency if it has several places."""
    kept = [objective for objective in comparison.objectives if len(comparison.groups([objective])) == 1]
    return tuple(kept) or (comparison.quality,)


def choices(comparison: Comparison) -> Picture:
    """Accuracy over each searched setting: which settings mattered."""
    measure, trained = comparison.quality.measure, _trained(comparison)
    paths = tables.configuration(comparison)
    paths = [path for path in paths if _fits(trained, path)][:_PANELS]
    columns, rows = min(3, max(1, len(paths))), max(1, math.ceil(len(paths) / 3))
    offered = [_labels(_columns(_domains(comparison, path), _values(trained, path))) for path in paths]
    with picture.style("choices"):
        figure = picture.grid(3.6 * columns, 2.5 * rows + 0.3, rows, max(map(_height, offered), default=0.0))
        marks: dict[str, Sequence[str]] = {}
        for position, path in enumerate(paths):
            axes = figure.add_subplot(rows, columns, position + 1)
            _panel(axes, comparison, path, [e for e in trained if path in e.trial.configuration], marks)
        figure.supylabel(phrases.axis(measure), fontsize=9, x=0.005, ha="left")
    return Picture(
        name="choices",
        title="Which settings mattered",
        caption="Each panel shows every trained candidate over one searched setting; each run or family has its "
        "colour. A bar is the median of its column. If the points of a panel rise or fall as a whole, its setting "
        "mattered. The search did not try all values equally often, so this shows association, not cause.",
        figure=figure,
        table=_settings(trained, paths, measure),
        marks=marks,
    )


def _trained(comparison: Comparison) -> list[Entry]:
    return [entry for entry in comparison.candidates if comparison.quality.measure in entry.trial.measures]


def _fits(entries: Sequence[Entry], path: str) -> bool:
    """Whether a setting's values fill a panel: more than one, and not too many words to fit side by side."""
    values = {e.trial.configuration[path] for e in entries if path in e.trial.configuration}
    return len(values) > 1 and (len(values) <= _WORDS or not any(isinstance(value, str) for value in values))


def _in_all(comparison: Comparison, objectives: Sequence[Objective]) -> list[Entry]:
    return [e for e in comparison.candidates if all(o.measure in e.trial.measures for o in objectives)]


def _points_of(entry: Entry) -> list[tuple[float, float]]:
    return [(row["epoch"], row["val_accuracy"]) for row in entry.trial.curve if "val_accuracy" in row]


def _front_curves(axes: Axes, comparison: Comparison, entries: Sequence[Entry]) -> dict[str, Sequence[str]]:
    marks: dict[str, Sequence[str]] = {}
    for position, entry in enumerate(entries):
        points, index = (
            np.array(_points_of(entry) or [(np.nan, np.nan)]),
            comparison.kinds.index(comparison.kind(entry)),
        )
        best, colour = points[np.argmax(points[:, 1])], picture.colour(index)
        axes.plot(points[:, 0], points[:, 1], linewidth=1.3 if len(entries) < 20 else 0.8, color=colour, zorder=3)
        axes.plot(best[0], best[1], picture.shape(index), markersize=6, color=colour, markeredgecolor=picture.PAPER,
                  gid=f"curve-{position}", zorder=3)  # fmt: skip
        marks[f"curve-{position}"] = [entry.name]
    return marks


def _legend(axes: Axes, kinds: Sequence[str], shown: set[str]) -> None:
    handles = [
        Line2D([], [], marker=picture.shape(index), color=picture.colour(index), label=kind, markersize=6)
        for index, kind in enumerate(kinds)
        if kind in shown
    ]
    if handles:
        axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=min(len(handles), 4), borderpad=0.2)


def _hypervolume_caption(comparison: Comparison, objectives: Sequence[Objective]) -> str:
    wanted = [entry.trial for entry in _in_all(comparison, objectives)]
    corner = tables.reference(dominance.minimised(wanted, objectives))
    limits = [-value if o.goal == "max" else value for o, value in zip(objectives, corner, strict=True)]
    point = phrases.listed([formatted(o.measure, value) for o, value in zip(objectives, limits, strict=True)])
    left_out = set(comparison.objectives) - set(objectives)
    return (
        f"The dominated share of the box between the ideal and the reference point, after each candidate, in "
        f"{phrases.listed([MEASURES[o.measure].word for o in objectives])}. The reference point is {point}: a tenth "
        "of each objective's range beyond its worst value. The ideal has the best value of each objective. A flat "
        "line means that further trials found nothing better."
        + (" Latency is left out, because it was measured in different places." if left_out else "")
    )


def _panel(
    axes: Axes, comparison: Comparison, path: str, entries: Sequence[Entry], marks: dict[str, Sequence[str]]
) -> None:
    axes.set_title(setting(path), fontsize=9, loc="left")
    axes.margins(x=0.1)
    values = _values(entries, path)
    y = [entry.trial.measures[comparison.quality.measure] for entry in entries]
    domains = _domains(comparison, path)
    columns, many = _columns(domains, values), len(entries) > _MANY
    if columns:
        x = [float(columns.index(value)) for value in values]
        _name_columns(axes, columns, pd.Series(y).groupby(x).median())
    else:
        x = [float(value) for value in values]  # type: ignore[arg-type]
        if any(isinstance(domain, Range) and domain.log for domain in domains):
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=6))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: phrases.short(value)))
            axes.xaxis.set_minor_formatter(NullFormatter())
    for index, kind in enumerate(comparison.kinds):
        shift = 0.12 * (index - (len(comparison.kinds) - 1) / 2) if columns else 0.0
        chosen = [position for position, entry in enumerate(entries) if comparison.kind(entry) == kind]
        gid = f"{path}-{index}"
        axes.plot([x[i] + shift for i in chosen], [y[i] for i in chosen], picture.shape(index), markersize=4,
                  color=picture.colour(index), alpha=0.15 if many else 0.5, markeredgecolor="none", gid=gid,
                  rasterized=many)  # fmt: skip
        marks[gid] = [entries[i].name for i in chosen]


def _columns(domains: Sequence[Domain], values: Sequence[Value]) -> list[Value]:
    """Return the values shown side by side as columns; empty if the numbers need an axis."""
    offered = [value for domain in domains if isinstance(domain, Choice) for value in domain.values]
    known = list(dict.fromkeys([*offered, *values]))
    numbers = [value for value in known if isinstance(value, (int, float)) and not isinstance(value, bool)]
    if len(numbers) < len(known):
        return known
    return sorted(numbers) if len(numbers) <= _COLUMNS else []


def _name_columns(axes: Axes, columns: Sequence[Value], medians: pd.Series[float]) -> None:
    labels = _labels(columns)
    axes.set_xticks(range(len(columns)), labels, rotation=90 if _height(labels) else 0)
    axes.grid(visible=False, axis="x")
    at = medians.index.to_numpy(dtype=float)
    axes.hlines(medians, at - 0.3, at + 0.3, color=picture.INK, linewidth=1.6, zorder=4)


def _labels(columns: Sequence[Value]) -> list[str]:
    return [brief(value) for value in columns]


def _height(labels: Sequence[str]) -> float:
    """Return the inches that words take below a panel: 0 if they stand side by side, else they are upright."""
    is_upright = sum(map(len, labels)) > _LINE
    return max(map(len, labels)) * _LETTER - _USUAL if is_upright else 0.0


def _values(entries: Sequence[Entry], path: str) -> list[Value]:
    return [entry.trial.configuration[path] for entry in entries if path in entry.trial.configuration]


def _domains(comparison: Comparison, path: str) -> list[Domain]:
    return [run.study.domains[path] for run in comparison.studied if path in run.study.domains]


def _settings(entries: Sequence[Entry], paths: Sequence[str], measure: str) -> pd.DataFrame:
    rows = [
        {"name": entry.name, "run": entry.run, measure: entry.trial.measures[measure]}
        | {path: brief(entry.trial.configuration[path]) for path in paths if path in entry.trial.configuration}
        for entry in entries
    ]
    return pd.DataFrame(rows, columns=["name", "run", measure, *paths])
