"""How often the intervals that say 95 % hold the truth, in simulated studies whose truth is known.

    PYTHONPATH=. python benchmarks/coverage.py [WORD...] [--studies 2000] [--jobs 2] [--each] [-o FILE.csv]

Of each interval that a table, a page or the terminal shows there are studies with several truths; WORDs choose those
with one of them in their name. Printed is a table in Markdown: the coverage over all kinds of studies, in the kinds
where it is least and greatest, and by how much the value is off on average. --each prints a row for each kind. The last
cases are statements in studies whose networks are all equally good: covered is a study that says no false difference.
"""

from __future__ import annotations

import argparse
import csv
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from tests.simulated import cases
from tests.simulated.case import Case


@dataclass(frozen=True, kw_only=True)
class Covered:
    """What many studies of one case say; shares of them."""

    case: Case
    studies: int
    inside: float  # the truth is within the interval
    below: float  # the truth is below it
    above: float
    bias: float  # of the value
    width: float  # of the interval, on average


def measured(case: Case, studies: int) -> Covered:
    """Return how often the interval of a case holds the truth; the same studies every time."""
    first = zlib.crc32(f"{case.name}, {case.kind}".encode())
    with threadpool_limits(1):
        seen = [
            one for number in range(max(100, round(case.share * studies)))
            for one in case.study(np.random.default_rng([first, number]))
        ]  # fmt: skip
    values, truths = (np.array([getattr(one, name) for one in seen]) for name in ("value", "truth"))
    low, high = np.array([one.interval for one in seen]).T
    return Covered(
        case=case, studies=len(seen), inside=float(np.mean((low <= truths) & (truths <= high))),
        below=float(np.mean(truths < low)), above=float(np.mean(truths > high)),
        bias=float(np.mean(values - truths)), width=float(np.mean(high - low)),
    )  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", metavar="WORD")
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--each", action="store_true")
    parser.add_argument("-o", "--output", type=Path)
    given = parser.parse_args()
    wanted = [one for one in cases.every() if not given.words or any(word in one.name for word in given.words)]
    with ProcessPoolExecutor(given.jobs) as pool:
        found = list(pool.map(partial(measured, studies=given.studies), wanted))
    for line in _each(found) if given.each else _together(found):
        print(line)
    if given.output:
        with given.output.open("w", newline="") as stream:
            csv.writer(stream).writerows(_rows(found))


def _each(found: Sequence[Covered]) -> Iterator[str]:
    for one in found:
        yield (
            f"{one.case.name}: {one.case.kind}: {one.inside:.1%} of {one.studies:,} (below {one.below:.1%}, above "
            f"{one.above:.1%}), off by {one.bias:+.4f}, width {one.width:.4f}"
        )


def _together(found: Sequence[Covered]) -> Iterator[str]:
    yield "| interval | kinds | covers, % | least, % | greatest, % | off by at most |"
    yield "|---|---:|---:|---|---|---:|"
    for name in dict.fromkeys(one.case.name for one in found):
        each = sorted((one for one in found if one.case.name == name), key=lambda one: one.inside)
        least, greatest, off = each[0], each[-1], max(each, key=lambda one: abs(one.bias)).bias
        mean = float(np.mean([one.inside for one in each]))
        yield (
            f"| {name} | {len(each)} | {100 * mean:.1f} | {100 * least.inside:.1f} ({least.case.kind}) | "
            f"{100 * greatest.inside:.1f} ({greatest.case.kind}) | {off:+.4f} |"
        )


def _rows(found: Sequence[Covered]) -> Iterator[Sequence[object]]:
    yield "interval", "kind", "studies", "inside", "below", "above", "bias", "width"
    for one in found:
        yield one.case.name, one.case.kind, one.studies, one.inside, one.below, one.above, one.bias, one.width


if __name__ == "__main__":
    main()
