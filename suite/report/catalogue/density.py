"""Figures of accuracy for each million parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from suite.report import picture
from suite.report.catalogue import cited, draw, names, words
from suite.report.catalogue.draw import Marks
from suite.report.catalogue.network import COMPARABLE, Network
from suite.report.language import say
from suite.report.picture import Picture


def bars(networks: Sequence[Network], rows: Mapping[str, str]) -> Picture | None:
    """Top-1 accuracy per million parameters, a bar for each network (Bianco, Figure 2a)."""
    known = sorted((n for n in networks if n.top1 is not None and n.parameters), key=cited.density, reverse=True)
    if not known:
        return None
    with picture.style("density"):
        figure, axes = picture.new(max(4.0, 0.125 * len(known) + 1), 4.4)
        figure.subplots_adjust(bottom=0.3)
        for index, network in enumerate(known):
            fit = network.kind(network.resolution) == COMPARABLE
            axes.bar(index, cited.density(network), 0.75, edgecolor=draw.colour(network.line), linewidth=0.8,
                     facecolor=draw.colour(network.line) if fit else picture.PAPER)  # fmt: skip
        axes.set_xticks(range(len(known)), [n.label for n in known], rotation=90, fontsize=6)
        draw.log(axes.yaxis, map(cited.density, known))
        axes.set_xlim(-1, len(known))
        axes.grid(visible=False, axis="x")
        axes.set_ylabel(_axis())
        draw.legend(axes, [cited.dot(n, 1, 1, rows) for n in known], marker="s")
    return Picture(
        name="density",
        title=say("Accuracy density"),
        caption=" ".join(
            [
                say("Accuracy for each million parameters, on a logarithmic axis."),
                say(
                    "Open bars: several crops, more data than ImageNet-1k, or an accuracy cited at another picture "
                    "size."
                ),
                say(
                    "Small networks lead by construction: compare networks of similar accuracy only, with the help of "
                    "the next figure."
                ),
                words.counts(),
                words.as_in("Bianco et al. 2018, Figure 2"),
            ]
        ),
        figure=figure,
        table=cited.frame(known, set(), rows),
    )


def plane(networks: Sequence[Network], rows: Mapping[str, str]) -> Picture | None:
    """Top-1 accuracy against accuracy density (Bianco, Figure 2b)."""
    known = [n for n in networks if n.top1 is not None and n.parameters]
    if not known:
        return None
    dots = [cited.dot(n, cited.density(n), n.top1 or 0, rows) for n in known]
    best = draw.front(dots, rising=True)
    marks = Marks()
    with picture.style("density-accuracy"):
        figure, axes = picture.new(9.6, 5.8)
        draw.log(axes.xaxis, [each.x for each in dots])
        draw.steps(axes, best, rising=True)
        draw.scatter(axes, dots, marks)
        axes.set_xlabel(_axis())
        axes.set_ylabel(words.top1())
        axes.margins(x=0.06, y=0.05)
        draw.legend(axes, dots)
        names.beside(axes, best, sorted(dots, key=lambda each: each.kind != COMPARABLE))
    return Picture(
        name="density-accuracy",
        title=say("Accuracy against accuracy density"),
        caption=" ".join(
            [
                say("Up and to the right is better: accurate with few parameters."),
                words.steps(),
                words.looks(dots),
                words.counts(),
                words.as_in("Bianco et al. 2018, Figure 2"),
            ]
        ),
        figure=figure,
        table=cited.frame(known, {each.key for each in best}, rows),
        marks=marks,
    )


def _axis() -> str:
    return say("% top-1 per million parameters")
