"""What `suite watch` shows of a study: a screen on a terminal, lines in a pipe."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.text import Text

from suite.cli import characters, printing
from suite.core.measures import MEASURES, formatted
from suite.core.numbered import numbered
from suite.core.rules import brief
from suite.core.study import setting
from suite.core.trial import Trial, counted
from suite.report import choice, shown
from suite.report.comparison import Comparison, compare
from suite.report.study.plane import Plane, planes
from suite.search.outlook import Outlook, Training

BAR = 24  # characters of the bar of the budget
HIGH, LOW = 12, 5  # most and fewest lines of the picture of the front
FRONT = 8  # most candidates of the front that are listed
CURVE = 24  # characters of a learning curve


def screen(outlook: Outlook, width: int, height: int, idle: str) -> RenderableType:
    """Return all that is known in `width` x `height` characters; `idle` says that nobody works, and the way out.

    What is least needed is last, so that a low terminal cuts it off.
    """
    comparison = compare([outlook.run])
    head = [*_bar(outlook), *_now(outlook, idle), *_listed(comparison, width)]
    room = height - 3 - sum(max(1, math.ceil(cell_len(str(part)) / width)) for part in head)
    picture = _picture(comparison, min(width, 72) - 2, min(HIGH, room)) if room >= LOW else []
    return Group(*(part if isinstance(part, Text) else Text(part) for part in [*head, *picture]))


def line(outlook: Outlook, idle: str) -> str:
    """Return the same in one line, for a pipe."""
    comparison = compare([outlook.run])
    training = "; ".join(f"trial {each.trial.number}: {_progress(each)}" for each in outlook.now)
    plane = _plane(comparison)
    front = f"front: {_best(plane)}" if plane else "no front yet"
    parts = [_standing(outlook), front, training or idle, "" if idle or outlook.is_spent else f"next: {outlook.next}"]
    return f"{outlook.run.name}  " + "; ".join(filter(None, parts))


def answer(outlook: Outlook) -> list[str]:
    """Say what to take, now that a study has ended, and how sure that is."""
    comparison = compare([outlook.run])
    return list(shown.table(comparison, comparison.front).sentences) if comparison.front else []


def _bar(outlook: Outlook) -> list[Text | str]:
    budget, used = outlook.run.study.budget, outlook.used
    shares = [used.trials / budget.trials] if budget.trials else []
    shares += [used.hours / budget.hours] if budget.hours else []
    full = round(BAR * min(1.0, max(shares)))
    bar = Text.assemble((f"{outlook.run.name}  ", "bold"), ("━" * full, "cyan"), ("━" * (BAR - full), "dim"))
    return [bar, f"{_standing(outlook)}: {_counts(outlook.run.trials)}"]


def _standing(outlook: Outlook) -> str:
    """Return what is spent and left: `3 of 5 trials, 0.2 of 1 hour, about 0:01:20 left`."""
    budget, used = outlook.run.study.budget, outlook.used
    parts = [used.counted(budget)]
    parts += [f"{used.hours:.2g} of {numbered(budget.hours, 'hour')}"] if budget.hours else []
    parts += ["the budget is spent"] if outlook.is_spent else []
    parts += [f"about {_time(outlook.left)} left"] if outlook.left is not None and not outlook.is_spent else []
    return ", ".join(parts)


def _counts(trials: Sequence[Trial]) -> str:
    counts = counted(trials)
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "no trial has ended"


def _plane(comparison: Comparison) -> Plane | None:
    return next(iter(planes(comparison)), None)


def _listed(comparison: Comparison, width: int) -> list[Text | str]:
    """Return the front as a table."""
    if not comparison.front:
        return ["", "No front yet: no trial that keeps the limits has been trained to its end."]
    known, rows = choice.table(comparison.front, (), comparison.objectives)  # how sure it is takes too long to say here
    asked = [*(objective.measure for objective in comparison.objectives), "parameters", "notes"]
    columns = ["trial", *(name for name in known if name in asked)]
    while len(columns) > 1 and cell_len(_table(rows, columns).partition("\n")[0]) > width:
        columns.pop()
    more = [f"and {len(rows) - FRONT} more"] if len(rows) > FRONT else []
    return ["", Text("Front", "bold"), *_table(rows, columns).split("\n"), *more]


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    return printing.rendered(rows[:FRONT], "table", columns)


def _picture(comparison: Comparison, width: int, height: int) -> list[Text | str]:
    """Return the front in characters."""
    plane = _plane(comparison)
    if plane is None:
        return []
    quality, cost = MEASURES[plane.quality.measure], MEASURES[plane.cost.measure]
    best = [(plane.x(entry), plane.y(entry)) for entry in plane.front]
    points = [(plane.x(entry), plane.y(entry)) for entry in plane.entries]
    drawn = characters.plane(points, best, width, height, most=100.0 if quality.unit == "%" else math.inf)
    ends = [formatted(cost.name, value) for value in (drawn.left, drawn.right)]
    top, bottom = (formatted(quality.name, value) for value in (drawn.top, drawn.bottom))
    foot = f"└{'─' * width}"
    below = f" {ends[0]}{cost.word.center(width - len(ends[0]) - len(ends[1]))}{ends[1]}"
    return ["", f"{top} {quality.word}; {characters.BEST} the front", *(f"│{line}" for line in drawn.lines), foot,
            f"{below}   {bottom}" if len(below) + len(bottom) + 3 <= width else below]  # fmt: skip


def _best(plane: Plane) -> str:
    top = max(plane.front, key=plane.y)
    quality, cost = plane.quality.measure, plane.cost.measure
    known = f"{formatted(quality, plane.y(top))} at {formatted(cost, plane.x(top))}"
    unit = "" if MEASURES[cost].unit else f" {MEASURES[cost].word}"
    return f"{numbered(len(plane.front), 'candidate')}, {top.name} has {known}{unit}"


def _now(outlook: Outlook, idle: str) -> list[Text | str]:
    if outlook.is_spent:
        return []
    if idle:
        return ["", Text(idle, "bold")]
    running: list[Text | str] = ["", Text("Now", "bold")]
    running += [] if outlook.now else ["between two trials"]
    for each in outlook.now:
        running += [f"trial {each.trial.number}: {_progress(each)}", f"  {each.why}", f"  {_configuration(each)}"]
    return [*running, Text.assemble(("Next  ", "bold"), outlook.next)]


def _progress(training: Training) -> str:
    """Return how far a training is: `epoch 3 of 8 ▂▄▆ 86.0 %, about 0:00:11 to go`."""
    if not training.curve:
        return "building, measuring and its first epoch"
    values = [row["val_accuracy"] for row in training.curve]
    to_go = "" if training.left is None else f", about {_time(training.left)} to go"
    done = f"epoch {training.done} of {training.until}"
    return f"{done}  {characters.curve(values, CURVE)}  {values[-1]:.1f} %{to_go}"


def _configuration(training: Training) -> str:
    chosen: Mapping[str, Any] = training.trial.configuration
    return "; ".join(f"{setting(key)} {brief(value)}" for key, value in chosen.items())


def _time(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
