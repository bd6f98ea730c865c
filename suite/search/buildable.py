"""Before anything is trained, networks of a study are built, without weights, for the sizes of its pictures."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice

import keras

from suite import architectures
from suite.architectures import candidate
from suite.core.domains import Choice, Domain, Value
from suite.core.errors import ArchitectureError, StudyError, first_line
from suite.core.phases import phases
from suite.core.recipe import Sizes
from suite.core.study import Study, is_own
from suite.core.task import Shape, Task, spelled
from suite.counting.complexity import weightless
from suite.studyfile.binding import drawn
from suite.training import fixres, resized

TRIED = 20  # configurations of which one must be buildable, or the trials will say why none is
CLASSES = 10  # of a dataset that is still to be downloaded


def require(study: Study, task: Task | None) -> None:
    """Raise StudyError unless a network of the study can be built for pictures of its sizes.

    `task` is that of its dataset: the default size, the number of classes; None if it is still to be downloaded. Of the
    catalogue, no weights are made. Layers of your own may need theirs.
    """
    for configuration in configurations(study):
        asked = task_of(study, configuration, task)
        try:
            _for(study, configuration, asked, asked.image)
        except Exception as error:  # of the user's code too
            refusal = str(error) if isinstance(error, ArchitectureError) else f"{type(error).__name__}: {error}"
        else:
            return
    raise StudyError(
        f"no network of {study.network} could be built for pictures of {spelled(asked.image)} in {TRIED} tries: "
        f"{first_line(refusal)}"
    )


def task_of(study: Study, configuration: Mapping[str, Value], known: Task | None) -> Task:
    """Return what the network of a configuration is built for; `known` is the task of its dataset."""
    side = architectures.resolution(candidate.architecture(study, configuration))
    own = known.image if known else (side, side, 3)
    height, width, channels = candidate.shape(study, configuration, own)
    return Task(height=height, width=width, channels=channels, classes=known.classes if known else CLASSES)


def require_sizes(study: Study, task: Task | None) -> None:
    """Raise StudyError when networks of the study cannot learn from the sizes of pictures that its recipe names.

    Of each named network one is built; one with other fields may still be refused. `task` as in `require`.
    """
    for one in (study.at({"architecture": name}) for name in study.architectures):
        found = next(configurations(one))
        asked = task_of(one, found, task)
        make = partial(_for, one, found, asked)
        try:
            for sizes in study.all_sizes:
                hold_sizes(make, sizes, study.fidelity.epochs, asked.image)
        except ArchitectureError as error:
            raise StudyError(str(error)) from None


def hold_sizes(build: Callable[[Shape], keras.Model], sizes: Sizes, epochs: int, image: Shape) -> None:
    """Raise ArchitectureError when a network cannot learn from the smallest pictures that a training goes through.

    `build` returns it for pictures (H, W, C); it is used on those of the size `image`.
    """
    planned = phases(sizes, epochs)
    smallest = min(planned, key=lambda phase: phase.side)
    if smallest.side == 1:
        return
    whole = build(image)
    if any(phase.is_fixres for phase in planned):
        fixres.top(whole)
    shown = resized.shape(image, smallest)
    try:
        small = build(shown)
    except Exception as error:
        raise ArchitectureError(
            f"{whole.name} cannot be built for pictures of {spelled(shown)}, from which it is to learn: "
            f"{first_line(str(error))}. Name larger shares in [recipe] (train_side, first_side), or a larger image"
        ) from error
    resized.require_alike(whole, small)


def _for(study: Study, configuration: Mapping[str, Value], asked: Task, image: Shape) -> keras.Model:
    """Return the network of a configuration for pictures (H, W, C); of the catalogue, without weights."""
    height, width, _ = image
    build = partial(candidate.network, study, configuration, replace(asked, height=height, width=width))
    return build() if is_own(study.at(configuration).source) else weightless(build)


def configurations(study: Study) -> Iterator[Mapping[str, Value]]:
    """Yield the configuration with the least of every domain, and TRIED drawn ones."""
    source = random.Random(study.seed)
    least: dict[str, Value] = {}
    for key, domain in study.domains.items():
        least |= {key: _least(domain)} if study.has(key, least) else {}
    yield least
    yield from islice(iter(lambda: drawn(study, source), None), TRIED)


def _least(domain: Domain) -> Value:
    return domain.values[0] if isinstance(domain, Choice) else domain.low
