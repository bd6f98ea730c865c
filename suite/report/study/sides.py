"""What a page says and draws of each data set: its answer, its figures, its front.

Accuracies on different pictures are not compared. So each data set of a comparison has a side, and there is no front of
all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from suite.core.measures import formatted, spread
from suite.report import advice, beside, certainty, families, importance, language, phrases, recommendation
from suite.report.certainty import Certainty
from suite.report.comparison import Comparison
from suite.report.entries import ends
from suite.report.families import Families
from suite.report.importance import Worth
from suite.report.picture import Picture
from suite.report.study import figures, importances, wording
from suite.report.study.plane import Plane, planes


@dataclass(frozen=True, kw_only=True)
class Side:
    """One data set, or the only one."""

    comparison: Comparison
    title: str  # of the data set; "": there is no other

    @cached_property
    def sure(self) -> Certainty | None:
        """How sure its accuracies are."""
        return certainty.of(self.comparison)

    @cached_property
    def worths(self) -> list[Worth]:
        """What the settings of its studies are worth."""
        return importance.of(self.comparison)

    @cached_property
    def planes(self) -> list[Plane]:
        """Its fronts."""
        return planes(self.comparison)

    @cached_property
    def families(self) -> Families | None:
        """Its families at an equal budget."""
        return families.of(self.comparison, self.sure)

    @property
    def runs(self) -> str:
        """The names of its runs."""
        return phrases.listed(self.comparison.names)

    @property
    def answer(self) -> list[str]:
        """The sentences that answer the question of the studies: what to take, why, and how sure that is."""
        found = recommendation.of(self.comparison, (), self.sure) if self.comparison.candidates else None
        return advice.told(found) if found else []

    @property
    def worth(self) -> list[str]:
        """What families and settings are worth, in sentences."""
        return [*beside.told_of(self.comparison, self.families), *importances.told(self.worths)]

    @property
    def headlines(self) -> list[str]:
        """The trials in numbers."""
        return wording.headlines(self.comparison, self.planes)

    @property
    def notes(self) -> list[str]:
        """What may not be compared, and how far the accuracies can be trusted."""
        uncertain = [] if self.sure else [wording.uncertainty(self.comparison)]
        said = wording.baseline, wording.places, wording.cut
        return [note for note in (*uncertain, *(tell(self.comparison) for tell in said)) if note]

    def save(self, folder: Path) -> list[tuple[Picture, str]]:
        """Write its figures into a folder; return each with its SVG."""
        drawn = figures.all_figures(self.comparison, self.planes, self.sure, self.worths, self.families)
        return [(each, each.save(folder)) for each in map(self._named, drawn)]

    def _named(self, drawn: Picture) -> Picture:
        """Return a figure whose files and title name the data set, if there are several."""
        if not self.title:
            return drawn
        return replace(drawn, name=f"{_file(self.title)}-{drawn.name}", title=f"{self.title}: {drawn.title}")

    @cached_property
    def front(self) -> tuple[list[str], list[list[str]]]:
        """Headings and rows of the front's table, the best first: it stands in print and without a script."""
        comparison = self.comparison
        names = [one.measure for one in (comparison.quality, *comparison.objectives, *comparison.costs)]
        shown = [n for n in dict.fromkeys(names) if any(n in entry.trial.measures for entry in comparison.front)]
        headings = [language.say("trial")]
        for name in shown:
            headings += [phrases.title(name), language.say("interval")][: 1 + bool(ends(comparison.front, name))]
        best = sorted(comparison.front, key=lambda entry: _first(comparison, entry.trial.measures))
        return headings, [[entry.name, *_cells(comparison, entry.trial.measures, shown)] for entry in best]


def of(comparison: Comparison) -> list[Side]:
    """Return a side for each data set of a comparison."""
    if len(comparison.sides) == 1:
        return [Side(comparison=comparison, title="")]
    return [Side(comparison=s, title=t) for s, t in zip(comparison.sides, comparison.titles, strict=True)]


def _file(title: str) -> str:
    """Return a title as a part of the name of a file."""
    return re.sub(r"[^\w.-]+", "-", title)


def _first(comparison: Comparison, known: Mapping[str, float]) -> tuple[float, ...]:
    """Return what sorts candidates: the best quality first, of equals the cheapest."""
    costs = [known.get(cost.measure, math.inf) for cost in comparison.costs[:1]]
    return -known.get(comparison.quality.measure, -math.inf), *costs


def _cells(comparison: Comparison, known: Mapping[str, float], names: Sequence[str]) -> list[str]:
    texts = []
    for name in names:
        value = language.localised(formatted(name, known[name])) if name in known else ""
        texts += [value, spread(known, name) if value else ""][: 1 + bool(ends(comparison.front, name))]
    return texts
