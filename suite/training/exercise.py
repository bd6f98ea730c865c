"""A helper, which may die: it trains networks for a few steps on noise.

Its arguments are one of

resnet/tiny maxvit/tiny ...            named networks, for pictures of 32 x 32 pixels
studies/mine.toml KEY=VALUE ...        some networks of a study's space, for its pictures

It ends with 0 when all were trained, by a signal when a kernel corrupts memory, and with 1 for any other fault.
"""

from __future__ import annotations

import functools
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from suite import architectures, studyfile
from suite.architectures import candidate
from suite.core.errors import ArchitectureError
from suite.core.recipe import Recipe
from suite.core.study import Study, split
from suite.core.task import Task
from suite.datasets import pipelines
from suite.studyfile.binding import drawn
from suite.training.compiling import compile_
from suite.training.schedules import schedule

DRAWN = 3  # networks of a study's space that are trained
TRIED = 100  # configurations drawn at most to find so many networks
STEPS = 10
COLOUR = (32, 32, 3)  # H, W, C, if a study leaves the size to its dataset
CLASSES = 10


def main() -> None:
    """Train what the command line names."""
    first, *overrides = sys.argv[1:]
    made = of_study(Path(first), overrides) if first.endswith(".toml") else map(named, sys.argv[1:])
    for build, recipe in made:
        train(build, recipe)


Made = tuple[Callable[[], keras.Model], Recipe]  # what builds a network, and how it is trained


def named(name: str, image: tuple[int, int, int] = COLOUR) -> Made:
    """Return a network of the catalogue for pictures (H, W, C), and the recipe of its family."""
    return lambda: architectures.build(name, _task(image)), architectures.recipe(split(name)[0])


def of_study(file: Path, overrides: Sequence[str] = (), seed: int = 0, count: int = DRAWN) -> Iterator[Made]:
    """Yield `count` networks drawn from a study's space, fewer if too few can be built, each with its recipe."""
    study = candidate.bound(studyfile.read(file, overrides), str(file), overrides)
    source = random.Random(seed)
    for _ in range(TRIED):
        if not count:
            return
        try:
            yield _of_study(study, source)
        except ArchitectureError:  # values that do not go together
            continue
        count -= 1


def _of_study(study: Study, source: random.Random) -> Made:
    configuration = drawn(study, source)
    candidate.config(study, configuration)  # raises now if its values do not go together
    task = _task(candidate.shape(study, configuration, COLOUR))
    return lambda: candidate.network(study, configuration, task), candidate.recipe(study, configuration)


def _task(image: tuple[int, int, int]) -> Task:
    height, width, channels = image
    return Task(height=height, width=width, channels=channels, classes=CLASSES)


def train(build: Callable[[], keras.Model], recipe: Recipe, steps: int = STEPS) -> None:
    """Train a new network for `steps` steps on noise, as a trial would."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(recipe.deployed)
    network = build()
    compile_(network, recipe, schedule(recipe, steps))
    batches = noise(network.input_shape[1:], recipe.batch_size)
    network.fit(batches.repeat(), steps_per_epoch=steps, validation_data=batches, verbose=0)


def noise(image: tuple[int, int, int], batch: int) -> tf.data.Dataset:
    """Return batches of pictures (B, H, W, C) and labels (B), most of another size than `batch`.

    A data set's last batch may have any size. At a size with many divisors, a faulty kernel may corrupt no memory.
    """
    source = np.random.default_rng(0)
    pictures = source.normal(size=(batch, *image)).astype("float32")
    labels = source.integers(CLASSES, size=batch)
    sizes = (batch, max(1, batch - 3), batch // 2 + 1, min(7, batch), 1)
    whole = tf.data.Dataset.from_tensor_slices((pictures, labels))
    parts = [whole.take(size).batch(size) for size in sizes]
    return functools.reduce(tf.data.Dataset.concatenate, parts).with_options(pipelines.plain())
