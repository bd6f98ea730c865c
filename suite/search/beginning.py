"""A study for somebody who has a folder of pictures, limits and some time: `suite new`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

from jinja2 import Environment, StrictUndefined

from suite import architectures, datasets
from suite.architectures import candidate
from suite.core.errors import NothingFitsError
from suite.core.numbered import numbered
from suite.core.preparation import Preparation
from suite.core.rules import written
from suite.core.study import Constraint
from suite.core.task import Task
from suite.counting.complexity import counts, weightless
from suite.datasets import Dataset
from suite.search import first_look

SIDES = (32, 48, 64, 96, 128, 160, 224)  # pixels, of which the study chooses
SIZES = 4  # of pictures that are searched over, at most
LARGER = 1.5  # times their own size may pictures be shown
LEAST = 128  # pixels: with weights for 224, smaller pictures gain from being shown so large
HEAD = 2_000_000  # parameters of a classifier of 1,000 classes, at most: one of few classes has hardly any
SAMPLE = 200  # pictures whose size is looked at
SMALL = (
    "mobilenet/*",
    "mobilenet_v2/*",
    "mobilenet_v3/*",
    "efficientnet/lite*",
)  # trained from scratch, without weights
SCRATCH = 128  # pixels: larger pictures take too long from scratch
BATCH = 32
STEPS = 500  # of a training at the least; BiT-HyperRule for few pictures, https://arxiv.org/abs/1912.11370
EPOCHS = (10, 20)  # of a training with weights, fewest and most
FROM_SCRATCH = 30  # epochs without weights
LONGEST = 100  # characters of a study's name
SHOWN = 6  # networks that a line names


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """A study file, and what is to be said of it."""

    name: str
    text: str  # TOML with comments
    lines: Sequence[str]  # what the study will do, for people


def begun(pictures: str, limits: Sequence[Constraint], hours: float, *, skip_broken: bool = False) -> Beginning:
    """Return a study of the networks that can fit `limits` and `hours`, for the pictures of a folder or data set.

    With weights of other trainings if some that are here fit, else from scratch. Raises DatasetError, and
    NothingFitsError when no network of ours has as few parameters.
    """
    data = datasets.load(pictures, (SIDES[-1], SIDES[-1], 3), Preparation(skip_broken=skip_broken))
    side = round(median(min(picture.shape[:2]) for picture, _ in data.samples("train", SAMPLE)))
    search, place = _search(data, side, limits, hours), Path(pictures).expanduser()
    name = re.sub(r"[^\w.-]+", "-", place.resolve().name)[:LONGEST].strip("-._") or "pictures"
    text = _text(
        name=name,
        question=f"Which network suits my pictures best, with {' and '.join(map(str, limits)) or 'any cost'}?",
        dataset=str(place.resolve()) if place.is_dir() else pictures,
        data=data,
        side=side,
        limits=limits,
        min_epochs=max(1, search["epochs"] // 6),
        skip_broken=skip_broken,
        **search,
    )
    return Beginning(name=name, text=text, lines=_lines(data, side, search))


def _search(data: Dataset, side: int, limits: Sequence[Constraint], hours: float) -> dict[str, Any]:
    """Return what the study searches over, for pictures of a side, and how long that takes."""
    names = fitting([name for name in architectures.matching("*/*") if has_weights(name)], data, limits)
    from_scratch = not names
    if from_scratch:
        names = fitting([name for pattern in SMALL for name in architectures.matching(pattern)], data, limits)
    if not names:
        raise NothingFitsError(f"no network fits {' and '.join(map(str, limits))}: allow more, and try again")
    epochs = _epochs(data.sizes["train"], from_scratch)
    sizes = _sizes(min(LARGER * side, SCRATCH) if from_scratch else max(LARGER * side, LEAST))
    passes = first_look.STEP * epochs if from_scratch else 1
    needs = first_look.seconds(names, sizes, data.sizes["train"] + data.sizes["validation"], passes)
    kept = names if from_scratch else first_look.affordable(needs, hours)
    return {
        "names": kept,
        "skipped": [name for name in names if name not in kept],
        "sizes": sizes,
        "epochs": epochs,
        "hours": float(hours),
        "from_scratch": from_scratch,
        "seconds": max(needs.values()) / len(sizes) if from_scratch else sum(needs[name] for name in kept),
    }


def has_weights(name: str) -> bool:
    """Whether weights that others trained are here for a named network."""
    return not candidate.lack(name)


def fitting(names: Sequence[str], data: Dataset, limits: Sequence[Constraint]) -> list[str]:
    """Return the networks that keep the limits on parameters, which do not depend on the size of pictures."""
    most = min((limit.limit for limit in limits if limit.measure == "parameters"), default=None)
    known = architectures.recorded()
    if most is None:
        return list(names)
    near = [name for name in names if known[name].parameters <= most + HEAD]
    return [name for name in near if known[name].parameters <= most or _parameters(name, data) <= most]


def _parameters(name: str, data: Dataset) -> float:
    """Return the parameters of a network for the classes of `data`; the recorded ones are for 1,000."""
    side = architectures.resolution(name)
    task = Task(height=side, width=side, channels=3, classes=len(data.classes))
    return counts(weightless(lambda: architectures.build(name, task)))["parameters"]


def _sizes(most: float) -> list[int]:
    """Return the sides that pictures are shown at: the largest up to `most` pixels."""
    return [one for one in SIDES if one <= most][-SIZES:] or [SIDES[0]]


def _lines(data: Dataset, side: int, search: Mapping[str, Any]) -> list[str]:
    """Return what the study will do and how long that takes, for people."""
    names, sizes = search["names"], search["sizes"]
    start = (
        "from scratch: no weights that are here fit (`suite weights` lists those that others publish)"
        if search["from_scratch"]
        else "with weights that are here: a classifier of their features first, then the promising ones are tuned"
    )
    first = "A training of the largest takes" if search["from_scratch"] else "First results of all of them take"
    return [
        f"{sum(data.sizes.values()):,} pictures of {len(data.classes)} classes, about {side} pixels a side.",
        f"{numbered(len(names), 'network')} ({_listed(names)}) at {numbered(len(sizes), 'size')} "
        f"({_listed(sizes)} pixels), {start}.",
        *([f"Left out, as they would take too long: {_listed(search['skipped'])}."] if search["skipped"] else []),
        f"{first} about {timedelta(seconds=ceil(search['seconds']))}.",
        f"The search takes {search['hours']:g} h, or less if nothing is left to try. It may be stopped, and goes on.",
    ]


def _listed(words: Sequence[object]) -> str:
    """Return the first of many words, and how many more there are."""
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(map(str, words[:SHOWN])) + more


def _epochs(pictures: int, from_scratch: bool) -> int:
    """Return the epochs of a training; with weights, those of STEPS steps within limits."""
    few, many = EPOCHS
    return FROM_SCRATCH if from_scratch else min(max(ceil(STEPS * BATCH / pictures), few), many)


def _text(**said: Any) -> str:
    """Return the study file, with comments."""
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["toml"] = written
    template = resources.files("suite.search").joinpath("beginning.toml.jinja").read_text(encoding="utf-8")
    return environment.from_string(template).render(**said)
