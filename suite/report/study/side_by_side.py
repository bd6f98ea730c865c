"""The figure of families at an equal budget."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from suite.report import phrases, picture
from suite.report.families import Families
from suite.report.language import say
from suite.report.picture import Picture


def figures(found: Families | None) -> list[Picture]:
    """Return the figure of families side by side; nothing if there is one alone."""
    return [_figure(found)] if found else []


def _figure(found: Families) -> Picture:
    with picture.style("families"):
        figure = picture.grid(9.2, 3.9)
        left, right = figure.subplots(1, 2)
        for index, kind in enumerate(found.members):
            _distribution(left, found.errors(kind), index, kind)
            _within(right, found, kind, index)
        left.set_xlabel(say("Error, validation, %"))
        left.set_ylabel(say("Share of the trials with less error, %"))
        right.set_xlabel(say("Limit: {cost}", cost=phrases.heading(found.cost.measure)))
        right.set_ylabel(say("Best accuracy within it, %"))
        left.legend(loc="lower right")
    return Picture(
        name="families",
        title=say("Families at an equal budget"),
        caption=say(
            "Left: how many of the trials of each family have less error than that (Radosavovic et al., ICCV 2019); a "
            "search that learns shows where it looked, not all of its space. Right: the best of each family within a "
            "limit of {cost}, as expected on new pictures, with its 95 % interval.",
            cost=phrases.word(found.cost.measure),
        ),
        figure=figure,
        table=pd.DataFrame(found.rows()),
    )


def _distribution(axes: Axes, errors: np.ndarray, index: int, kind: str) -> None:
    shares = 100 * np.arange(1, len(errors) + 1) / len(errors)
    axes.step([errors[0], *errors], [0, *shares], where="post", color=picture.colour(index), lw=1.6, label=kind)
    axes.plot(errors[-1], 100, picture.shape(index), color=picture.colour(index), markersize=5)
    axes.set_ylim(0, 102)


def _within(axes: Axes, found: Families, kind: str, index: int) -> None:
    places: Sequence[int] = [place for place, budget in enumerate(found.budgets) if found.best(kind, budget)]
    known = [best for place in places if (best := found.best(kind, found.budgets[place]))]
    at = np.array(places) + 0.1 * (index - (len(found.members) - 1) / 2)
    shares, low, high = (100 * np.array(each) for each in zip(
        *[(one.share, *one.interval) for one in known], strict=True
    ))  # fmt: skip
    axes.vlines(at, low, high, color=picture.colour(index), lw=1.2, alpha=0.6)
    axes.plot(at, shares, picture.shape(index), ls="-", lw=0.8, color=picture.colour(index), markersize=5)
    axes.set_xticks(range(len(found.budgets)), [phrases.short(float(f"{one:.3g}")) for one in found.budgets])
