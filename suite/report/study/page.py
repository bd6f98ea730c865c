"""The report: one self-contained HTML page, and beside it each figure as CSV, PNG and SVG."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from importlib import resources
from pathlib import Path

import pandas as pd
from jinja2 import Environment, StrictUndefined

from suite.core.domains import Choice, Domain
from suite.core.measures import MEASURES, spread, written
from suite.core.rules import brief
from suite.core.study import Objective, Study, setting
from suite.core.trial import Run
from suite.report import advice, certainty, phrases, picture, recommendation
from suite.report.certainty import Certainty
from suite.report.comparison import Comparison, Entry, compare, ends
from suite.report.language import many, say
from suite.report.results import Results
from suite.report.study import figures, tables, wording
from suite.report.study.plane import Plane, planes

_LISTED = 40  # most refused and failed candidates that the page lists; the table has all
_ORDER = (
    "device",
    "threads",
    "latency_path",
    "dataset",
    "dataset_digest",
    "train_images",
    "validation_images",
    "test_images",
    "classes",
    "image",
    "data_notes",
)


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A column of the table of trials."""

    text: str
    meaning: str = ""
    numeric: bool = False


def write(runs: Sequence[Run | Results], folder: Path, objectives: Sequence[Objective] = ()) -> Path:
    """Write the page and its files into `folder` and return the path of the page, `index.html`.

    The front is in `objectives`, or else in the runs' own objectives. Raises SuiteError when there is no run, or when
    two runs saw different data.
    """
    comparison = compare(runs, objectives)
    folder.mkdir(parents=True, exist_ok=True)
    frame = tables.every_trial(comparison)
    frame.to_csv(folder / "trials.csv", index=False)
    drawn, sure = planes(comparison), certainty.of(comparison)
    pictures = [(each, each.save(folder)) for each in figures.all_figures(comparison, drawn, sure)]
    page = folder / "index.html"
    page.write_text(_html(comparison, drawn, pictures, frame, sure), encoding="utf-8")
    return page


def _html(
    comparison: Comparison, drawn: Sequence[Plane], pictures: Sequence[tuple[picture.Picture, str]],
    frame: pd.DataFrame, sure: Certainty | None,
) -> str:  # fmt: skip
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_asset("page.html.jinja"))
    columns = _columns(comparison)
    best = {entry.name for entry in comparison.front}
    return template.render(
        title=phrases.listed(comparison.names),
        style=_asset("page.css"),
        script=_asset("page.js"),
        questions=_questions(comparison),
        headlines=[*_recommended(comparison, sure), *wording.headlines(comparison, drawn)],
        notes=_notes(comparison, sure),
        pictures=pictures,
        headings=columns,
        rows=_rows(comparison, frame, best),
        states=list(dict.fromkeys(entry.trial.state for entry in comparison.entries)),
        names=comparison.names,
        unfinished=_unfinished(comparison),
        listed=_LISTED,
        reasons=_reasons(comparison),
        studies=_studies(comparison),
        studied=[n for n, run in zip(comparison.names, comparison.runs, strict=True) if isinstance(run, Run)],
        surroundings=_surroundings(comparison),
        written=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    )


def _recommended(comparison: Comparison, sure: Certainty | None) -> list[str]:
    """Return what to take, and how sure that is; nothing if there is no candidate."""
    found = recommendation.of(comparison, (), sure) if comparison.candidates else None
    return advice.told(found) if found else []


def _notes(comparison: Comparison, sure: Certainty | None) -> list[str]:
    said = wording.baseline, wording.places, wording.cut
    expected = "" if sure else wording.uncertainty(comparison)
    return [note for note in (expected, *(say(comparison) for say in said), comparison.left_out) if note]


def _asset(name: str) -> str:
    return resources.files("suite.report").joinpath(name).read_text(encoding="utf-8")


def _questions(comparison: Comparison) -> list[tuple[str, str]]:
    """Return each question with the names of the runs that ask it."""
    asked: dict[str, list[str]] = {}
    for name, run in zip(comparison.names, comparison.runs, strict=True):
        if isinstance(run, Run):
            asked.setdefault(run.study.question, []).append(name)
    return [(question, phrases.listed(names)) for question, names in asked.items() if question]


def _columns(comparison: Comparison) -> list[Heading]:
    searched = tables.configuration(comparison)
    return [
        Heading(text="trial"),
        Heading(text="state"),
        Heading(text="rank", meaning="1: on the front of its own run", numeric=True),
        Heading(text="front", meaning="on the front of all runs together"),
        *([Heading(text="start", meaning="which weights are of another training")] if comparison.starts else []),
        *(heading for name in tables.measures(comparison) for heading in _of_measure(comparison, name)),
        *(Heading(text=_short(path, searched), meaning=path) for path in searched),
        Heading(text="seconds", meaning="from the proposal to the end", numeric=True),
        Heading(text="reason", meaning="why it was refused, failed, or was not trained to its end"),
    ]


def _of_measure(comparison: Comparison, name: str) -> list[Heading]:
    """Return the columns of a measure: its value, and its interval where some trial has one."""
    measure = MEASURES[name]
    headings = [Heading(text=measure.heading, meaning=measure.meaning, numeric=True)]
    if ends(comparison.entries, name):
        meaning = f"95 % interval of the {measure.word}; unstable if wider than 3 % to either side"
        headings.append(Heading(text=f"{measure.title}, interval", meaning=meaning))
    return headings


def _short(path: str, paths: Sequence[str]) -> str:
    """Return the last part of a path, or all of it if another path ends the same."""
    last = setting(path)
    return last if sum(setting(other) == last for other in paths) == 1 else path


def _rows(comparison: Comparison, frame: pd.DataFrame, best: set[str]) -> list[tuple[Entry, bool, str]]:
    """Return each trial with its cells as markup: the front first, then by rank, run and number."""
    measured = {name: bool(ends(comparison.entries, name)) for name in tables.measures(comparison)}
    searched = tables.configuration(comparison)
    ranks = [None if pd.isna(rank) else int(rank) for rank in frame["rank"]]
    rows = [
        (
            rank,
            entry,
            entry.name in best,
            _cells(entry, rank, entry.name in best, bool(comparison.starts), measured, searched),
        )
        for entry, rank in zip(comparison.entries, ranks, strict=True)
    ]
    rows.sort(key=lambda row: (not row[2], row[0] or float("inf"), row[1].run, row[1].trial.number))
    return [row[1:] for row in rows]


def _cells(
    entry: Entry,
    rank: int | None,
    on_front: bool,
    is_mixed: bool,
    measured: Mapping[str, bool],
    searched: Sequence[str],
) -> str:
    """Return the cells of a row; `measured` says of each measure whether its interval has a column.

    Where some trials begin with weights of another training, `is_mixed`, a column says so.
    """
    trial = entry.trial
    known, chosen = trial.measures, trial.configuration
    texts = [
        entry.name,
        f"paused at {trial.until}" if trial.state == "paused" else trial.state,
        str(rank or ""),
        "●" if on_front else "",
        *([trial.start if trial.surroundings else ""] if is_mixed else []),
        *(text for name, has_ends in measured.items() for text in _values_of(known, name, has_ends)),
        *(brief(chosen[path]) if path in chosen else "" for path in searched),
        f"{trial.seconds:.1f}" if trial.seconds else "",
        trial.reason,
    ]
    # Not left to the template: escaping 100,000 cells one by one there takes seconds.
    return "".join(f"<td>{escape(text)}</td>" for text in texts)


def _values_of(known: Mapping[str, float], name: str, has_ends: bool) -> list[str]:
    if name not in known:
        return [""] * (1 + has_ends)
    return [written(name, known[name])] + [spread(known, name)] * has_ends


def _unfinished(comparison: Comparison) -> list[Entry]:
    """Return the failed, interrupted, refused and dropped trials; failures first, as a refusal is what a study asks."""
    order = ("failed", "interrupted", "refused", "dropped")
    chosen = [entry for entry in comparison.entries if entry.trial.state in order]
    return sorted(chosen, key=lambda entry: order.index(entry.trial.state))


def _reasons(comparison: Comparison) -> list[str]:
    """Return how many candidates each constraint refused, the most frequent first."""
    counts = Counter(
        (entry.run, str(constraint))
        for entry in comparison.entries
        if entry.trial.state == "refused"
        for constraint in entry.trial.broken(entry.constraints)
    )
    return [_broke(run, limit, n) for (run, limit), n in counts.most_common()]


def _broke(run: str, limit: str, number: int) -> str:
    return many(
        number, "{run}: {number:,} candidate broke {limit}", "{run}: {number:,} candidates broke {limit}",
        run=run, limit=limit,
    )  # fmt: skip


def _studies(comparison: Comparison) -> list[tuple[str, list[str]]]:
    """Return the rows of the table of studies: a property, then its value in each run."""
    described = [_study(run) for run in comparison.studied]
    return [(key, [each[key] for each in described]) for key in (described[0] if described else ())]


def _study(run: Run) -> Mapping[str, str]:
    study = run.study
    began = min((trial.started for trial in run.trials if trial.started), default=None)
    ended = max((trial.finished for trial in run.trials if trial.finished), default=None)
    budget = (f"{study.budget.trials:,} trials" if study.budget.trials else "",
              f"{study.budget.hours:g} hours" if study.budget.hours else "")  # fmt: skip
    return {
        "architecture": study.network,
        "objectives": ", ".join(f"{o.measure} {o.goal}" for o in study.objectives),
        "constraints": ", ".join(map(str, study.constraints)) or "none",
        "budget": " or ".join(part for part in budget if part),
        "fidelity": _fidelity(study),
        "sampler": study.sampler,
        "searched over": "; ".join(f"{path} {_domain(domain)}" for path, domain in study.domains.items()) or "nothing",
        "first trial": f"{began:%Y-%m-%d %H:%M} UTC" if began else "none",
        "last result": f"{ended:%Y-%m-%d %H:%M} UTC" if ended else "none",
    }


def _fidelity(study: Study) -> str:
    epochs = many(study.rungs[-1], "{number:,} epoch", "{number:,} epochs")
    pauses = phrases.listed([str(rung) for rung in study.rungs[:-1]])
    return say("{epochs}, pausing at {pauses}", epochs=epochs, pauses=pauses) if pauses else epochs


def _domain(domain: Domain) -> str:
    if isinstance(domain, Choice):
        return "{" + " | ".join(brief(value) for value in domain.values) + "}"
    return f"{brief(domain.low)} to {brief(domain.high)}" + (", logarithmic" if domain.log else "")


def _surroundings(comparison: Comparison) -> list[tuple[str, list[str]]]:
    """Return the rows of the table of surroundings: a key, then each run's value, or values if its trials differ."""
    seen = [[trial.surroundings for trial in run.trials] for run in comparison.runs]
    keys = dict.fromkeys([*_ORDER, *(key for run in seen for each in run for key in each)])
    rows = [(key, [_values(run, key) for run in seen]) for key in keys]
    return [(key, values) for key, values in rows if any(values)]


def _values(seen: Sequence[Mapping[str, str]], key: str) -> str:
    counts = Counter(each[key] for each in seen if each.get(key))
    if len(counts) < 2:
        return next(iter(counts), "")
    return "; ".join(f"{value} ({_trials(number)})" for value, number in counts.most_common())


def _trials(number: int) -> str:
    return many(number, "{number:,} trial", "{number:,} trials")
