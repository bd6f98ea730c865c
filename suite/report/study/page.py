"""The report: one self-contained HTML page, and beside it each figure as CSV, PNG and SVG.

The page draws by itself, from the numbers that `data` embeds, with the scripts in `suite/report/page`. What is written
in Python stands without a script, too: the answer, a front, its table, and how it was measured.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from suite.core.measures import formatted, spread
from suite.core.study import Objective
from suite.core.trial import Run
from suite.report import advice, beside, certainty, importance, language, phrases, recommendation
from suite.report.certainty import Certainty
from suite.report.comparison import Comparison, compare, ends
from suite.report.importance import Worth
from suite.report.picture import Picture
from suite.report.results import Results
from suite.report.study import about, data, figures, importances, tables, wording
from suite.report.study.data import Links, nowhere
from suite.report.study.plane import Plane, planes

# In the order in which they build upon each other.
SCRIPTS = (
    "words", "rows", "trials", "dominance", "choice", "state", "shown", "scale", "svg", "keep", "pointing", "front",
    "answer", "controls", "table", "trial", "parallel", "curves", "again", "main",
)  # fmt: skip
_INTERACTIVE = ("front-", "learning-curves", "hypervolume")  # figures that the page draws by itself
_NAMED = 4  # most runs in the title of many
_LISTED = 40  # most refused and failed candidates that the page lists; its table has all

Drawn = list[tuple[Picture, str]]  # each figure with its SVG


def write(
    runs: Sequence[Run | Results], folder: Path, objectives: Sequence[Objective] = (), links: Links = nowhere
) -> Path:
    """Write the page and its files into `folder` and return the path of the page, `index.html`.

    The front is in `objectives`, or else in the runs' own objectives. `links` tells where else the trials of a run are
    shown. Raises SuiteError when there is no run, or when
    two runs saw different data.
    """
    comparison = compare(runs, objectives)
    folder.mkdir(parents=True, exist_ok=True)
    tables.every_trial(comparison).to_csv(folder / "trials.csv", index=False)
    drawn, sure, worths = planes(comparison), certainty.of(comparison), importance.of(comparison)
    pictures = [(each, each.save(folder)) for each in figures.all_figures(comparison, drawn, sure, worths)]
    page = folder / "index.html"
    page.write_text(_html(comparison, drawn, pictures, sure, worths, links), encoding="utf-8")
    return page


def rendered(template: str, **values: Any) -> str:
    """Return a template of `suite/report/page` with its values, in the language of the page."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(say=language.say, many=language.many)
    environment.filters["code"] = _with_code
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    known = {"language": language.current(), "style": _asset("page.css"), "written": when}
    return environment.from_string(_asset(template)).render(**known, **values)


def _html(
    comparison: Comparison,
    drawn: Sequence[Plane],
    pictures: Drawn,
    sure: Certainty | None,
    worths: Sequence[Worth],
    links: Links,
) -> str:
    script = "\n".join(_asset(f"{name}.js") for name in SCRIPTS)
    headings, rows = front(comparison)
    return rendered(
        "page.html.jinja",
        title=_title(comparison.names),
        script=script,
        data=data.as_json(data.embedded(comparison, sure, links)),
        sentences=data.as_json(_spoken(script)),
        questions=about.questions(comparison),
        answer=answer(comparison, sure),
        worth=[*beside.told(comparison, sure), *importances.told(worths)],
        headlines=wording.headlines(comparison, drawn),
        notes=_notes(comparison, sure),
        static=[each for each in pictures if each[0].name.startswith("front-")][:1],
        pictures=[each for each in pictures if not each[0].name.startswith(_INTERACTIVE)],
        files=[picture for picture, _ in pictures],
        front_headings=headings,
        front_rows=rows,
        unfinished=about.unfinished(comparison),
        listed=_LISTED,
        reasons=about.reasons(comparison),
        studies=about.studies(comparison),
        studied=[n for n, run in zip(comparison.names, comparison.runs, strict=True) if isinstance(run, Run)],
        surroundings=about.surroundings(comparison),
        names=comparison.names,
    )


def _title(names: Sequence[str]) -> str:
    """Return the names of the runs, of many the first ones."""
    if len(names) <= _NAMED + 1:
        return phrases.listed(names)
    return language.say("{names} and {number:,} more", names=", ".join(names[:_NAMED]), number=len(names) - _NAMED)


def _with_code(sentence: str) -> Markup:
    """Return a sentence with what stands between backticks as code."""
    parts = [
        f"<code>{escape(part)}</code>" if place % 2 else escape(part) for place, part in enumerate(sentence.split("`"))
    ]
    return Markup("".join(parts))


def _asset(name: str) -> str:
    return resources.files("suite.report").joinpath("page", name).read_text(encoding="utf-8")


def _spoken(script: str) -> dict[str, list[str]]:
    """Return the translations of the sentences that the script says."""
    return {key: forms for key, forms in language.sentences().items() if json.dumps(key, ensure_ascii=False) in script}


def answer(comparison: Comparison, sure: Certainty | None) -> list[str]:
    """Return the sentences that answer the question of the studies: what to take, why, and how sure that is."""
    found = recommendation.of(comparison, (), sure) if comparison.candidates else None
    return advice.told(found) if found else []


def _notes(comparison: Comparison, sure: Certainty | None) -> list[str]:
    uncertain = [] if sure else [wording.uncertainty(comparison)]
    said = wording.baseline, wording.places, wording.cut
    return [note for note in (*uncertain, *(tell(comparison) for tell in said), comparison.left_out) if note]


def front(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows of the front's table, the best first: it stands in print and without a script."""
    names = list(dict.fromkeys(one.measure for one in (comparison.quality, *comparison.objectives, *comparison.costs)))
    shown = [name for name in names if any(name in entry.trial.measures for entry in comparison.front)]
    headings = [language.say("trial")]
    for name in shown:
        headings += [phrases.title(name), language.say("interval")][: 1 + bool(ends(comparison.front, name))]
    best = sorted(comparison.front, key=lambda entry: _first(comparison, entry.trial.measures))
    return headings, [[entry.name, *_cells(comparison, entry.trial.measures, shown)] for entry in best]


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
