"""Accuracy over each setting that was searched: which of them mattered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.core.domains import Choice, Domain, Range, Value
from suite.core.rules import brief
from suite.core.study import setting
from suite.report import phrases, picture
from suite.report.comparison import Comparison
from suite.report.entries import Entry
from suite.report.language import say
from suite.report.picture import Picture
from suite.report.study import scales, tables

_MANY = 300  # above this many points, an SVG holds them as pixels: it stays small
_PANELS = 12
_WORDS = 24  # most words that fit side by side
_COLUMNS = 8  # above this many numbers, a panel has an axis instead of columns
_TICKS = 5  # most on the axis of a panel
_WIDE, _HIGH = 3.2, 2.5  # inches of a panel with its margins
_ACROSS = 2.6  # inches of a panel alone
_HEAD = 0.28  # inches of the legend
_LETTERS, _SMALL = 9.0, 6.5  # points of letters below a panel, and of those of many columns
_GAP = 0.06  # inches between two words
_BESIDE = 0.2  # inches below a panel that words side by side take


def searched(comparison: Comparison) -> list[str]:
    """Return the settings that can be drawn, the network's before the recipe's."""
    trained = _trained(comparison)
    return [path for path in tables.configuration(comparison) if _fits(trained, path)]


def choices(comparison: Comparison) -> Picture:
    """Draw a panel for each setting that was searched, with every trained candidate."""
    measure, trained, paths = comparison.quality.measure, _trained(comparison), searched(comparison)[:_PANELS]
    columns, rows = min(3, max(1, len(paths))), max(1, math.ceil(len(paths) / 3))
    offered = [_labels(_columns(_domains(comparison, path), _values(trained, path))) for path in paths]
    marks: dict[str, Sequence[str]] = {}
    with picture.style("choices"):
        words = max((_below(labels) for labels in offered), default=0.0)
        head = _HEAD if len(comparison.kinds) > 1 else 0.0
        figure = picture.grid(_WIDE * columns + 0.4, _HIGH * rows + 0.3, rows, words, head)
        for position, path in enumerate(paths):
            first = figure.axes[0] if figure.axes else None
            axes = figure.add_subplot(rows, columns, position + 1, sharey=first)
            axes.tick_params(labelleft=position % columns == 0)
            _panel(axes, comparison, path, [e for e in trained if path in e.trial.configuration], marks)
        figure.supylabel(phrases.axis(measure), fontsize=9, x=0.005, ha="left")
        _legend(figure, comparison)
    return Picture(
        name="choices",
        title=say("Which settings mattered"),
        caption=say(
            "Each panel shows every trained candidate over one searched setting; each run or family has its colour. A "
            "bar is the median of its column. If the points of a panel rise or fall as a whole, its setting mattered. "
            "The search did not try all values equally often, so this shows association, not cause."
        ),
        figure=figure,
        table=_table(trained, paths, measure),
        marks=marks,
    )


def _trained(comparison: Comparison) -> list[Entry]:
    return [entry for entry in comparison.candidates if comparison.quality.measure in entry.trial.measures]


def _fits(entries: Sequence[Entry], path: str) -> bool:
    """Whether a setting's values fill a panel: more than one, and not too many words to fit side by side."""
    values = {e.trial.configuration[path] for e in entries if path in e.trial.configuration}
    return len(values) > 1 and (len(values) <= _WORDS or not any(isinstance(value, str) for value in values))


def _panel(
    axes: Axes, comparison: Comparison, path: str, entries: Sequence[Entry], marks: dict[str, Sequence[str]]
) -> None:
    axes.set_title(setting(path), fontsize=9, loc="left")
    domains, values = _domains(comparison, path), _values(entries, path)
    y = [entry.trial.measures[comparison.quality.measure] for entry in entries]
    columns = _columns(domains, values)
    if columns:
        x = [float(columns.index(value)) for value in values]
        _name_columns(axes, columns, pd.Series(y).groupby(x).median())
    else:
        x = [float(value) for value in values]  # type: ignore[arg-type]
        _number(axes, x, log=any(isinstance(domain, Range) and domain.log for domain in domains))
    _points(axes, comparison, path, entries, x, y, marks, is_columns=bool(columns))


def _points(
    axes: Axes, comparison: Comparison, path: str, entries: Sequence[Entry], x: Sequence[float], y: Sequence[float],
    marks: dict[str, Sequence[str]], *, is_columns: bool,
) -> None:  # fmt: skip
    many = len(entries) > _MANY
    for index, kind in enumerate(comparison.kinds):
        shift = 0.12 * (index - (len(comparison.kinds) - 1) / 2) if is_columns else 0.0
        chosen = [position for position, entry in enumerate(entries) if comparison.kind(entry) == kind]
        gid = f"{path}-{index}"
        axes.plot([x[i] + shift for i in chosen], [y[i] for i in chosen], picture.shape(index), markersize=4,
                  color=picture.colour(index), alpha=0.15 if many else 0.5, markeredgecolor="none", gid=gid,
                  rasterized=many)  # fmt: skip
        marks[gid] = [entries[i].name for i in chosen]


def _number(axes: Axes, values: Sequence[float], *, log: bool) -> None:
    """Give a panel an axis of numbers."""
    is_log = log and min(values) > 0
    if is_log:
        axes.set_xscale("log")
    axes.set_xlim(scales.with_room(min(values), max(values), log=is_log))
    scales.ticks(axes.xaxis, log=is_log, most=_TICKS)


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
    small = _is_upright(labels) and _slot(labels) < 1.4 * _LETTERS / 72
    axes.set_xlim(-0.6, len(columns) - 0.4)
    axes.set_xticks(range(len(columns)), labels, rotation=90 if _is_upright(labels) else 0)
    axes.tick_params(axis="x", labelsize=_SMALL if small else _LETTERS)
    axes.grid(visible=False, axis="x")
    at = medians.index.to_numpy(dtype=float)
    axes.hlines(medians, at - 0.3, at + 0.3, color=picture.INK, linewidth=1.6, zorder=4)


def _labels(columns: Sequence[Value]) -> list[str]:
    return [brief(value) for value in columns]


def _slot(labels: Sequence[str]) -> float:
    """Return the inches of a column."""
    return _ACROSS / (len(labels) + 0.2)


def _is_upright(labels: Sequence[str]) -> bool:
    """Whether words do not fit side by side."""
    widths = [picture.size(label, _LETTERS)[0] / 72 for label in labels]
    return any((one + other) / 2 + _GAP > _slot(labels) for one, other in pairwise(widths))


def _below(labels: Sequence[str]) -> float:
    """Return the inches that words take below a panel beyond those that stand side by side; 0 for these."""
    if not _is_upright(labels):
        return 0.0
    return max(picture.size(label, _LETTERS)[0] for label in labels) / 72 - _BESIDE + _GAP


def _legend(figure: Figure, comparison: Comparison) -> None:
    if len(comparison.kinds) > 1:
        handles = [
            Line2D([], [], marker=picture.shape(index), color=picture.colour(index), linestyle="none", label=kind)
            for index, kind in enumerate(comparison.kinds)
        ]
        figure.legend(handles=handles, loc="upper left", ncols=min(len(handles), 6), borderpad=0.2)


def _values(entries: Sequence[Entry], path: str) -> list[Value]:
    return [entry.trial.configuration[path] for entry in entries if path in entry.trial.configuration]


def _domains(comparison: Comparison, path: str) -> list[Domain]:
    return [run.study.domains[path] for run in comparison.studied if path in run.study.domains]


def _table(entries: Sequence[Entry], paths: Sequence[str], measure: str) -> pd.DataFrame:
    rows = [
        {"name": entry.name, "run": entry.run, measure: entry.trial.measures[measure]}
        | {path: brief(entry.trial.configuration[path]) for path in paths if path in entry.trial.configuration}
        for entry in entries
    ]
    return pd.DataFrame(rows, columns=["name", "run", measure, *paths])
