"""What `suite measure` is told in words, and what it tells meanwhile."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence

import click

from suite.benchmark.campaign import Told
from suite.benchmark.settings import Settings
from suite.cli.speaking import tell
from suite.core import inputs
from suite.core.cells import Cell
from suite.core.inputs import Sizes
from suite.core.numbered import numbered
from suite.core.paths import PATHS
from suite.core.task import Shape
from suite.machine.capacity import processors
from suite.machine.progress import left

MINUTE = 60.0  # seconds that pass without a line, at most
ON = tuple(path for path in PATHS if path != "pytorch")  # paths that we can measure on


def given(words: Sequence[str], resolution: int | None) -> dict[str, Sizes]:
    """Return the sizes of `--image`, by the names of inputs: `32x32x3` has none, `left=32x32x3` has one."""
    known = {}
    for text in words:
        read = inputs.read(text)
        if read is None:
            raise click.BadParameter(
                f"'{text}': write height, width and channels like 32x32x3, or NAME=32x32x3 for one of several inputs",
                param_hint="--image",
            )
        known[read[0]] = read[1]
    return known or ({"": (resolution, resolution, 3)} if resolution else {})


def picture(given: Mapping[str, Sizes]) -> Shape | None:
    """Return the (H, W, C) among the sizes given, for networks that take one picture."""
    if not given:
        return None
    if given.keys() != {""} or len(given[""]) != 3:
        raise click.BadParameter(
            "networks are counted for a picture: write height, width and channels like 32x32x3", param_hint="--image"
        )
    height, width, channels = given[""]
    return height, width, channels


def above_zero(context: click.Context, option: click.Parameter, seconds: float) -> float:
    """Return a number of seconds, if it is one that can pass."""
    if not 0 < seconds < math.inf:
        raise click.BadParameter(f"{seconds}: give a number of seconds above 0")
    return seconds


def settings(
    paths: str | None,
    batches: str,
    given: Mapping[str, Sizes],
    classes: int,
    precision: str,
    threads: int | None,
    seconds: float,
    longest: float,
    again: bool,
    trusted: bool,
) -> Settings:
    """Return the settings of a measurement; `paths` and `batches` are lists with commas."""
    wanted = None if paths is None else tuple(dict.fromkeys(paths.split(",")))
    unknown = [path for path in wanted or () if path not in ON]
    if unknown:
        raise click.BadParameter(f"'{unknown[0]}' is no path: give some of {', '.join(ON)}", param_hint="--path")
    sizes = batches.split(",")
    if not all(size.isdecimal() and int(size) for size in sizes):
        raise click.BadParameter(f"'{batches}': write whole numbers like 1,8,32", param_hint="--batch")
    there = processors()
    if threads and threads > there:
        raise click.BadParameter(f"{threads} is too many: there are {there} processors", param_hint="--threads")
    return Settings(
        paths=wanted,
        batches=tuple(sorted(set(map(int, sizes)))),
        image=given.get(""),
        images={name: one for name, one in given.items() if name},
        classes=classes,
        precision=precision,
        threads=threads or there,
        seconds=seconds,
        longest=longest,
        again=again,
        trusted=trusted,
    )


def teller() -> Told:
    """Return a function that prints each measurement, and the time left, to stderr.

    Of one that takes several rounds the first and the last are printed, and one a minute between them.
    """
    began = said = time.monotonic()
    begun: set[object] = set()

    def told(cell: Cell, done: int, count: int) -> None:
        nonlocal said
        now = time.monotonic()
        if cell.left and cell.key in begun and now - said < MINUTE:
            return
        begun.add(cell.key)
        said = now
        known = f"{cell.model}, {cell.path}, batch {cell.batch}: {cell.said}"
        follow = f", {numbered(cell.left, 'round')} to come" if cell.left else ""
        tell(f"{known}{follow}  [{100 * done // count} %, {left(began, done, count)} left]")

    return told
