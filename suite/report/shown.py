"""The chosen candidates of a comparison as a table: what `suite front`, a notebook and a pull request show of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from suite.core import seen
from suite.core.errors import NothingFitsError, NothingTrainedError
from suite.core.measures import MEASURES
from suite.core.study import Constraint
from suite.report import advice, certainty, choice, phrases, recommendation
from suite.report.certainty import Certainty
from suite.report.comparison import Comparison
from suite.report.entries import Entry

DATASET = "dataset"  # the column that names the data set, where there are several


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A table of candidates, and the sentences below it."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    sentences: Sequence[str]  # what to take, how sure that is, and what accuracies are worth
    spare: Sequence[str]  # columns to leave out where there is no room, the first one first


def shown(comparison: Comparison, wanted: Sequence[Constraint] = ()) -> Shown:
    """Return the front; with limits, `wanted`, or without a front the best candidate.

    Of several data sets it is that of each, with a column that names the data set. Raises NothingFitsError when no
    model is within the limits, and NothingTrainedError when there is no model at all.
    """
    if len(comparison.sides) > 1:
        return _beside(comparison, wanted)
    chosen = comparison.front if comparison.front and not wanted else [choice.best(comparison, wanted)]
    return table(comparison, chosen, wanted)


def _beside(comparison: Comparison, wanted: Sequence[Constraint]) -> Shown:
    """Return what is chosen on each data set, below each other; where there is nothing, a sentence says why."""
    parts: dict[str, Shown] = {}
    without: dict[str, NothingFitsError | NothingTrainedError] = {}
    for title, side in zip(comparison.titles, comparison.sides, strict=True):
        try:
            parts[title] = shown(side, wanted)
        except (NothingFitsError, NothingTrainedError) as error:
            without[title] = error
    if not parts:
        raise next(iter(without.values()))
    columns = list(dict.fromkeys(name for part in parts.values() for name in part.columns))
    empty = dict.fromkeys(columns)
    return Shown(
        columns=[columns[0], DATASET, *columns[1:]],
        rows=[{**empty, **row, DATASET: title} for title, part in parts.items() for row in part.rows],
        sentences=[
            *(f"{title}: {sentence}" for title, part in parts.items() for sentence in part.sentences),
            *(f"{title}: {error}" for title, error in without.items()),
        ],
        spare=list(dict.fromkeys(name for part in parts.values() for name in part.spare)),
    )


def table(comparison: Comparison, chosen: Sequence[Entry], wanted: Sequence[Constraint] = ()) -> Shown:
    """Return a table of the `chosen` candidates, the most accurate first, with what is known of their certainty."""
    columns, rows = choice.table(chosen, wanted, comparison.objectives)
    sure = certainty.of(comparison)
    if sure:
        columns, rows = _with_certainty(columns, rows, certainty.columns(sure, chosen))
    return Shown(
        columns=columns,
        rows=rows,
        sentences=[*_untimed(comparison, chosen), *_sentences(comparison, wanted, sure)],
        spare=_spare(comparison, columns, wanted),
    )


def _untimed(comparison: Comparison, chosen: Sequence[Entry]) -> list[str]:
    """Say which of the `chosen` wait for their latency: a study that does not search by it measures the front last."""
    waiting = [one.name for one in chosen if comparison.run_of(one) and "latency" not in one.trial.measures]
    if not waiting:
        return []
    return [
        f"Not timed yet: {phrases.listed(waiting)}. A study times its front when its search has ended: the same "
        "`suite run` does it."
    ]


def _sentences(comparison: Comparison, wanted: Sequence[Constraint], sure: Certainty | None) -> list[str]:
    baseline = seen.baseline(entry.trial for entry in comparison.candidates)
    found = recommendation.of(comparison, wanted, sure) if comparison.candidates else None
    return [*(advice.told(found) if found else ()), *([seen.to_beat(*baseline)] if baseline else ())]


def _spare(comparison: Comparison, columns: Sequence[str], wanted: Sequence[Constraint]) -> list[str]:
    needed = {limit.measure for limit in wanted} | {objective.measure for objective in comparison.objectives}
    others = [name for name in columns if name in MEASURES and (MEASURES[name].part_of or name) not in needed]
    ends = [name for name in columns if name.endswith(("_low", "_high"))]
    return [*reversed(others), *ends, *reversed(certainty.COLUMNS)]


def _with_certainty(
    columns: Sequence[str], rows: Sequence[Mapping[str, Any]], known: Mapping[str, Mapping[str, Any]]
) -> tuple[list[str], list[dict[str, Any]]]:
    """Return a table of candidates with what is known of their certainty after their accuracy."""
    place = columns.index(certainty.MEASURE) + 1
    there = [name for name in certainty.COLUMNS if any(row[name] is not None for row in known.values())]
    return [*columns[:place], *there, *columns[place:]], [{**row, **known[row["trial"]]} for row in rows]
