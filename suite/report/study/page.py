"""The report: one self-contained HTML page, and beside it each figure as CSV, PNG and SVG.

The page draws by itself, from the numbers that `data` embeds, with the scripts in `suite/report/page`. What is written
in Python stands without a script, too: the answer, a front, its table, and how it was measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from suite.core.study import Objective
from suite.core.trial import Run
from suite.report import called, language, phrases
from suite.report.comparison import Comparison
from suite.report.comparison import beside as side_by_side
from suite.report.picture import Picture
from suite.report.results import Results
from suite.report.study import about, data, sides, tables
from suite.report.study.data import Links, nowhere
from suite.report.study.sides import Side

# In the order in which they build upon each other.
SCRIPTS = (
    "words", "rows", "trials", "dominance", "choice", "state", "shown", "scale", "svg", "later", "keep", "panels",
    "pointing", "front", "answer", "sets", "controls", "table", "calibration", "answered", "trial", "parallel",
    "curves", "again", "settings", "families", "main",
)  # fmt: skip
# Figures that the page draws by itself.
_INTERACTIVE = (
    "front-", "learning-curves", "hypervolume", "choices", "families", "confusions", "mistakes", "calibration",
)  # fmt: skip
_NAMED = 4  # most runs in the title of many
_LISTED = 40  # most refused and failed candidates that the page lists; its table has all

Drawn = list[tuple[Picture, str]]  # each figure with its SVG


def write(
    runs: Sequence[Run | Results], folder: Path, objectives: Sequence[Objective] = (), links: Links = nowhere
) -> Path:
    """Write the page and its files into `folder` and return the path of the page, `index.html`.

    The front is in `objectives`, or else in the runs' own objectives. `links` tells where else the trials of a run are
    shown. Runs on several data sets stand side by side, each set with its own answer and front. Raises SuiteError when
    there is no run.
    """
    comparison = side_by_side(runs, objectives)
    folder.mkdir(parents=True, exist_ok=True)
    tables.every_trial(comparison).to_csv(folder / "trials.csv", index=False)
    found = sides.of(comparison)
    pictures = [side.save(folder) for side in found]
    page = folder / "index.html"
    page.write_text(_html(comparison, found, pictures, links), encoding="utf-8")
    return page


def rendered(template: str, **values: Any) -> str:
    """Return a template of `suite/report/page` with its values, in the language of the page."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(say=language.say, many=language.many)
    environment.filters["code"] = _with_code
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    known = {"language": language.current(), "style": _asset("page.css"), "written": when}
    return environment.from_string(_asset(template)).render(**known, **values)


def whole(known: Mapping[str, Any], **values: Any) -> str:
    """Return a page with its scripts, and what they know of its rows: a study's, or of what else is like one."""
    script = "\n".join(_asset(f"{name}.js") for name in SCRIPTS)
    none: dict[str, Any] = {"notes": [], "common": [], "unfinished": [], "reasons": [], "studies": [], "studied": []}
    return rendered(
        "page.html.jinja", script=script, data=data.as_json(known), sentences=data.as_json(_spoken(script)),
        listed=_LISTED, **none | values,
    )  # fmt: skip


def _html(comparison: Comparison, found: Sequence[Side], pictures: Sequence[Drawn], links: Links) -> str:
    return whole(
        data.embedded(comparison, [(side.sure, side.families) for side in found], links),
        title=_title(comparison.names),
        called=called.of_trials(),
        tables=[(language.say("All trials, all columns"), "trials.csv")],
        questions=about.questions(comparison),
        sides=[_shown(side, drawn) for side, drawn in zip(found, pictures, strict=True)],
        notes=[comparison.left_out] if comparison.left_out else [],
        files=[picture for drawn in pictures for picture, _ in drawn],
        unfinished=about.unfinished(comparison),
        reasons=about.reasons(comparison),
        studies=about.studies(comparison),
        studied=[n for n, run in zip(comparison.names, comparison.runs, strict=True) if isinstance(run, Run)],
        surroundings=about.surroundings(comparison),
        names=comparison.names,
    )


def _shown(side: Side, drawn: Drawn) -> dict[str, Any]:
    """Return what the template shows of a data set."""
    told = {key: getattr(side, key) for key in ("title", "runs", "answer", "worth", "headlines", "notes")}
    headings, rows = side.front
    static = [each for each in drawn if "front-" in each[0].name][:1]
    still = [each for each in drawn if not any(part in each[0].name for part in _INTERACTIVE)]
    return {**told, "headings": headings, "rows": rows, "static": static, "pictures": still}


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
