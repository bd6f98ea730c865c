"""The figures of a study: its fronts and mistakes are drawn elsewhere, learning curves and hypervolume here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from suite.core import dominance
from suite.core.measures import formatted
from suite.core.study import Objective
from suite.report import phrases, picture
from suite.report.certainty import Certainty
from suite.report.comparison import Comparison
from suite.report.entries import Entry
from suite.report.families import Families
from suite.report.importance import Worth
from suite.report.language import localised, say
from suite.report.picture import Picture
from suite.report.study import fronts, importances, mistakes, settings, side_by_side, tables
from suite.report.study.plane import Plane

_MANY = 300  # above this many lines or points, an SVG holds them as pixels: it stays small


def all_figures(
    comparison: Comparison,
    planes: Sequence[Plane],
    sure: Certainty | None = None,
    worths: Sequence[Worth] = (),
    families: Families | None = None,
) -> list[Picture]:
    """Return every figure that has something to draw, from the top of the page down."""
    drawn = fronts.every(planes, sure)
    drawn += [learning_curves(comparison)] if any(entry.trial.curve for entry in comparison.entries) else []
    drawn += [hypervolume(comparison)] if _in_all(comparison, comparable(comparison)) else []
    drawn += [settings.choices(comparison)] if planes and settings.searched(comparison) else []
    drawn += side_by_side.figures(families) + importances.figures(worths)
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
        axes.set_xlabel(say("Epoch"))
        axes.set_ylabel(phrases.axis("accuracy"))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _legend(axes, comparison.kinds, {comparison.kind(entry) for entry in trained if entry.name in best})
    return Picture(
        name="learning-curves",
        title=say("Learning curves"),
        caption=say(
            "Validation accuracy after each epoch. Coloured: the candidates on the front; a mark is at the best "
            "epoch, whose weights were kept. Grey: all others, with unfinished ones. A curve that still rises at its "
            "end would gain from more epochs, so a larger fidelity might change the front."
        ),
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
        axes.set_xlabel(say("Candidates trained"))
        axes.set_ylabel(say("Hypervolume, % of the box"))
        axes.set_ylim(0, 100)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _legend(axes, comparison.names, set(frame["run"]))
    return Picture(
        name="hypervolume",
        title=say("Hypervolume over trials"),
        caption=_hypervolume_caption(comparison, objectives),
        figure=figure,
        table=frame,
    )


def comparable(comparison: Comparison) -> tuple[Objective, ...]:
    """Return the objectives that may be compared over all runs: without latency if it has several places."""
    sides = comparison.sides
    kept = [one for one in comparison.objectives if all(len(side.groups([one])) == 1 for side in sides)]
    return tuple(kept) or (comparison.quality,)


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
    point = [localised(formatted(o.measure, value)) for o, value in zip(objectives, limits, strict=True)]
    told = say(
        "The dominated share of the box between the ideal and the reference point, after each candidate, in "
        "{measures}. The reference point is {point}: a tenth of each objective's range beyond its worst value. The "
        "ideal has the best value of each objective. A flat line means that further trials found nothing better.",
        measures=phrases.listed([phrases.word(o.measure) for o in objectives]), point=phrases.listed(point),
    )  # fmt: skip
    if set(comparison.objectives) == set(objectives):
        return told
    return f"{told} {say('Latency is left out, because it was measured in different places.')}"
