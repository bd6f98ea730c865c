"""Runs on several data sets, side by side: each data set has its answer, its front and a whole page of its own.

Accuracies on different pictures are not compared, so there is no front of all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from suite.core import seen
from suite.core.study import Objective
from suite.core.trial import Run
from suite.report import certainty, phrases
from suite.report.comparison import compare
from suite.report.language import say
from suite.report.results import Results
from suite.report.study import fronts, page
from suite.report.study.data import Links, nowhere
from suite.report.study.plane import planes

Runs = Sequence[Run | Results]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One data set among several."""

    title: str
    names: str  # of its runs
    link: str  # to its whole page
    answer: Sequence[str]
    svg: str  # of its front; "": there is none
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def write(runs: Runs, folder: Path, objectives: Sequence[Objective] = (), links: Links = nowhere) -> Path:
    """Write the page of runs into `folder`, and return the path of `index.html`.

    Of several data sets, each has its page in a folder of its own, and `index.html` shows them side by side. Tables of
    results do not say what pictures they are of: they stand with the first runs. Raises SuiteError without any run.
    """
    groups = _groups(runs)
    if len(groups) < 2:
        return page.write(runs, folder, objectives, links)
    titles = _titles(groups)
    sides = [_side(group, folder, title, objectives, links) for group, title in zip(groups, titles, strict=True)]
    index = folder / "index.html"
    index.write_text(page.rendered("sides.html.jinja", title=phrases.listed(titles), sides=sides), encoding="utf-8")
    return index


def _groups(runs: Runs) -> list[Runs]:
    """Return runs in groups, each of one data set."""
    found: list[Runs] = list(seen.groups([run for run in runs if isinstance(run, Run)]))
    tables = [run for run in runs if isinstance(run, Results)]
    return [[*found[0], *tables], *found[1:]] if found else [tables]


def _titles(groups: Sequence[Runs]) -> list[str]:
    """Return the name of each data set; two of one name are told apart by a number."""
    named = [_dataset(group) for group in groups]
    return [_told_apart(named, place) for place in range(len(named))]


def _told_apart(named: Sequence[str], place: int) -> str:
    name = named[place]
    if named.count(name) == 1:
        return name
    return say("{name}, version {number}", name=name, number=1 + named[:place].count(name))


def _dataset(group: Runs) -> str:
    first = seen.main(trial for run in group for trial in run.trials)
    return Path(first.surroundings.get("dataset", "")).name if first else group[0].name


def _side(group: Runs, folder: Path, title: str, objectives: Sequence[Objective], links: Links) -> Side:
    name = re.sub(r"[^\w.-]+", "-", title)
    page.write(group, folder / name, objectives, links)
    comparison = compare(group, objectives)
    drawn = [fronts.draw(plane) for plane in planes(comparison)[:1]]
    named = [replace(picture, name=f"{name}-{picture.name}") for picture in drawn]
    headings, rows = page.front(comparison)
    return Side(
        title=title,
        names=phrases.listed(comparison.names),
        link=f"{name}/index.html",
        answer=page.answer(comparison, certainty.of(comparison)),
        svg="".join(picture.save(folder) for picture in named),
        headings=headings,
        rows=rows,
    )
