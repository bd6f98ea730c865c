"""The report as Markdown, for a README or a pull request: the answer, the front as a table, and its figure.

Runs on several data sets have an answer and a figure for each data set.

It is the Markdown of GitHub: https://github.github.com/gfm/#tables-extension-. What others have named is never markup.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from suite.core.measures import MEASURES, written
from suite.core.study import Objective
from suite.core.trial import Run
from suite.report import certainty, shown
from suite.report.comparison import Comparison, beside
from suite.report.results import Results
from suite.report.study import fronts, wording
from suite.report.study.plane import Plane, planes

FILE = "report.md"
_MARKUP = re.compile(r"[\\`*\[\]<>|~&]|(?<![^\W_])_|_(?![^\W_])")  # a `_` within a word is none


def write(runs: Sequence[Run | Results], folder: Path, objectives: Sequence[Objective] = ()) -> Path:
    """Write `report.md` and its figure into `folder`; return the file. Raises SuiteError as the page does."""
    comparison = beside(runs, objectives)
    folder.mkdir(parents=True, exist_ok=True)
    drawn = _drawn(comparison)
    for plane in drawn:
        fronts.draw(plane).save(folder)
    file = folder / FILE
    file.write_text(text(comparison, {name: name for name in map(_file, drawn)}) + "\n", encoding="utf-8")
    return file


def figures(comparison: Comparison) -> list[str]:
    """Return the names of the files of the figures: one for each data set that has a front to draw."""
    return list(map(_file, _drawn(comparison)))


def _file(plane: Plane) -> str:
    return f"{fronts.name(plane)}.png"


def _drawn(comparison: Comparison) -> list[Plane]:
    if len(comparison.sides) == 1:
        return planes(comparison)[:1]
    titled = zip(comparison.titles, comparison.sides, strict=True)
    first = [(title, plane) for title, side in titled for plane in planes(side)[:1]]
    return [replace(plane, place=", ".join(filter(None, [title, plane.place]))) for title, plane in first]


def text(comparison: Comparison, places: Mapping[str, str] | None = None) -> str:
    """Return the answer, the front and a link to each of its `figures` that has a place in `places`."""
    parts = [f"## {plain(wording.listed(comparison.names))}", *_questions(comparison)]
    for title, side in zip(comparison.titles, comparison.sides, strict=True):
        parts += [f"### {plain(title)}"] * (len(comparison.sides) > 1) + [_listed(_answer(side))]
    parts += [_listed([comparison.left_out])] * (len(comparison.sides) > 1 and bool(comparison.left_out))
    if comparison.front:
        parts.append(table(*_front(comparison)))
    for plane in _drawn(comparison):
        if places and (name := _file(plane)) in places:
            title = wording.front_title(plane.quality, plane.cost, plane.place)
            parts.append(f"![{plain(title)}](<{places[name]}>)")  # in brackets: a folder's name may have blanks
    return "\n\n".join(parts)


def plain(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    return _MARKUP.sub(lambda found: {"<": "&lt;", "&": "&amp;"}.get(found[0], f"\\{found[0]}"), " ".join(text.split()))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    """Return a table whose columns are aligned where it is read as text, too; `right` says which are to the right."""
    cells = [[plain(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]
    head, *body = [_row(row, widths, right) for row in cells]
    rule = ["-" * (width - 1) + ":" if is_right else "-" * width for width, is_right in zip(widths, right, strict=True)]
    return "\n".join([head, f"| {' | '.join(rule)} |", *body])


def _row(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    each = zip(cells, widths, right, strict=True)
    return f"| {' | '.join(cell.rjust(width) if is_right else cell.ljust(width) for cell, width, is_right in each)} |"


def _questions(comparison: Comparison) -> list[str]:
    asked = dict.fromkeys(run.study.question for run in comparison.studied if run.study.question)
    return ["\n>\n".join(f"> {plain(question)}" for question in asked)] if asked else []


def _answer(comparison: Comparison) -> list[str]:
    known = shown.table(comparison, comparison.front).sentences if comparison.front else ()
    others = wording.places(comparison), wording.cut(comparison), comparison.left_out
    return [*known, *wording.headlines(comparison, planes(comparison)), *filter(None, others)]


def _listed(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {with_code(sentence)}" for sentence in sentences)


def with_code(sentence: str) -> str:
    """Return a sentence that Markdown shows as it is, but for what stands between backticks: that is code."""
    parts = sentence.split("`")
    if len(parts) % 2 == 0 or not all(parts[1::2]):  # a name has some
        return plain(sentence)
    shown_as = [f"`{' '.join(part.split())}`" if place % 2 else _spaced(part) for place, part in enumerate(parts)]
    return "".join(shown_as)


def _spaced(part: str) -> str:
    """Return what stands beside code, with the spaces at its ends."""
    return " " * part.startswith(" ") + plain(part) + " " * (part.endswith(" ") and bool(part.strip()))


def _front(comparison: Comparison) -> tuple[list[str], list[list[str]], list[bool]]:
    """Return columns, rows, and which columns are of numbers: objectives with their intervals, and parameters."""
    known = shown.shown(comparison)
    asked = [objective.measure for objective in comparison.objectives]
    measures = [name for name in dict.fromkeys([*asked, "parameters"]) if name in known.columns]
    words = [name for name in (shown.DATASET, "network", "start") if name in known.columns]
    after = [name for name in ("group", "notes", "configuration") if name in known.columns]
    heads = ["trial", *words, *(MEASURES[name].heading for name in measures), *after]
    rows = [
        [str(row["trial"]), *(str(row[name] or "") for name in words), *(_value(row, name) for name in measures)]
        + [str(row[name] or "") for name in after]
        for row in known.rows
    ]
    return heads, rows, [False, *(False for _ in words), *(True for _ in measures), *(False for _ in after)]


def _value(row: Mapping[str, Any], measure: str) -> str:
    """Return a value with its interval: `98.88 (97.1 to 99.6)`."""
    if row.get(measure) is None:
        return ""
    ends = ("wilson_low", "wilson_high") if measure == certainty.MEASURE else (f"{measure}_low", f"{measure}_high")
    low, high = (row.get(end) for end in ends)
    said = f" ({written(measure, low)} to {written(measure, high)})" if low is not None and high is not None else ""
    return written(measure, row[measure]) + said
