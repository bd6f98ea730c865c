"""The front of runs as they are in another format. It is imported only then: it takes what measures and trains."""

from __future__ import annotations

from collections.abc import Sequence

from suite import pipeline
from suite.cli.fronts import print_front
from suite.cli.speaking import tell
from suite.core.study import Constraint, Objective
from suite.core.trial import Run
from suite.report.comparison import compare
from suite.report.results import objective

JUDGED = ("accuracy", "balanced_accuracy", "top5")  # what the answers of a format tell
COSTS = ("latency", "file_size")  # of a front as a format


def print_front_in_format(
    name: str, most: int, runs: Sequence[Run], limits: Sequence[Constraint], format: str, asked: Sequence[Objective]
) -> None:
    """Print the front of runs as it is in the format `name`, after converting what may be on it, or the best of it.

    It is the front in what is `asked` for, else in accuracy (or what else the runs maximise of that format), latency
    and size. Raises as `print_front` does, and SuiteError.
    """
    quality = compare(runs, asked).quality.measure
    wanted = [quality if quality in JUDGED else JUDGED[0], *COSTS]
    found = pipeline.in_format(runs, name, most, tell)
    print_front(found, limits, format, asked or tuple(map(objective, wanted)))
