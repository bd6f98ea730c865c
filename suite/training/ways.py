"""In which precision, and whether compiled by XLA, a network trains fastest on this device: tried once, then kept.

What was found for a network holds for others of its kind: of its family, for the same size of pictures and of batches,
with as many parameters within a factor of two. A device or a version of its own tries again.
"""

from __future__ import annotations

import json
import logging
import math
import statistics
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from suite.core import files
from suite.core.recipe import AUTO, FLOAT32, Recipe
from suite.core.task import Shape
from suite.machine import cache
from suite.machine.surroundings import surroundings
from suite.training.compiling import compile_
from suite.training.loop import precision
from suite.training.schedules import schedule
from suite.training.stepping import Step

LOG = logging.getLogger(__name__)
LEAST, MOST, SECONDS = 5, 30, 1.0  # steps that are timed: as many as the plain way does in a second
SLOW = 4.0  # times the plain step: a way that takes longer is not timed any further
SHARE = 0.1  # of the time of a training, after which no other way is tried
GAIN = 0.05  # share of the time that a way must save to be taken
TOLERANCE = 0.1  # share by which the loss of a way may differ from that of the plain one
DEPENDS = ("device", "threads", "onednn", "tensorflow", "keras", "suite")  # what the speed of a step depends on

Build = Callable[[], keras.Model]  # a new network, in Keras' current precision


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Networks that are taken to be alike in which way is fastest."""

    family: str
    image: Shape  # (H, W, C)
    parameters: float

    def name(self, recipe: Recipe) -> str:
        """Return hex of the kind, of what a step of the recipe does, and of this device with its versions."""
        size = math.floor(math.log2(max(self.parameters, 1)))
        step = (recipe.batch_size, recipe.mode, recipe.optimizer, bool(recipe.sharpness), bool(recipe.average))
        asked, here = (recipe.precision, recipe.xla), [surroundings()[one] for one in DEPENDS]
        told = json.dumps([self.family, self.image, size, step, asked, here])
        return blake2b(told.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Tried:
    """How a way did."""

    precision: str
    xla: str
    begin: float = 0.0  # seconds of the first step: tracing, compiling
    step: float = 0.0  # seconds of a later one
    failed: str = ""  # why it cannot be taken

    def seconds(self, steps: int) -> float:
        """Return how long a training of so many steps takes."""
        return math.inf if self.failed else self.begin + (steps - 1) * self.step

    def __str__(self) -> str:
        way = f"{self.precision}, XLA {self.xla}"
        return f"{way}: {self.failed or f'{1000 * self.step:.3g} ms a step, {self.begin:.2g} s for the first'}"


class Run:
    """A network that is trained in one way, a step at a time, on noise."""

    def __init__(self, way: Recipe, build: Build) -> None:
        keras.utils.set_random_seed(0)
        with precision(way.precision):
            self._network = build()
            compile_(self._network, way, schedule(way, MOST))
        Step(self._network, way).install()
        chance, classes = np.random.default_rng(0), self._network.outputs[0].shape[-1]
        shape = (way.batch_size, *self._network.input_shape[1:])
        pictures, labels = chance.normal(size=shape), chance.integers(classes, size=shape[0])
        self._batch = tf.constant(pictures, tf.float32), tf.constant(labels)
        self.losses: list[float] = []  # after each step, the mean so far

    def step(self) -> float:
        """Return the seconds of the next step."""
        began = time.perf_counter()
        with warnings.catch_warnings(action="ignore"):  # Keras', of what XLA cannot do
            self.losses.append(float(self._network.train_on_batch(*self._batch, return_dict=True)["loss"]))
        return time.perf_counter() - began


def decided(recipe: Recipe, kind: Kind, build: Build, steps: int) -> tuple[Recipe, dict[str, str]]:
    """Return a recipe without "auto" for a training of `steps` steps, and what a trial records of how it was decided.

    A recipe that leaves nothing to measurement comes back as it is. Trying takes a small share of the training, and a
    way that needs long to begin is worth it in a long training only. Keras forgets its layers' names: build afterwards.
    """
    if AUTO not in (recipe.precision, recipe.xla):
        return recipe, {}
    plain, *others = tried = _tried(recipe, kind, build, steps)
    best = min(others, key=lambda one: one.seconds(steps), default=plain)
    if best.seconds(steps) > (1 - GAIN) * plain.seconds(steps):
        best = plain
    told = {"training_xla": best.xla, "training_ways": "; ".join(map(str, tried))}
    return replace(recipe, precision=best.precision, xla=best.xla), told


def _tried(recipe: Recipe, kind: Kind, build: Build, steps: int) -> list[Tried]:
    """Return how the ways did that were tried, now or before; the plain one is the first."""
    file = cache.folder() / "ways" / f"{kind.name(recipe)}.json"
    known = _read(file)
    left = _ways(recipe)[len(known) :]
    if not left or (known and known[0].seconds(steps) * SHARE < known[0].begin):
        return known
    began, plain = time.monotonic(), Run(_ways(recipe)[0], build)
    tried = [_alone(_ways(recipe)[0], plain), *known[1:]]
    for way in _ways(recipe)[len(tried) :]:
        if time.monotonic() - began > SHARE * tried[0].seconds(steps):
            break
        tried.append(_beside(plain, tried[0], way, build))
    keras.utils.clear_session()
    if tried[len(known) :]:
        LOG.warning("How fast networks like this one train here: %s.", "; ".join(map(str, tried)))
        with suppress(OSError):  # else the next trial tries again
            files.write(file, json.dumps([asdict(one) for one in tried]))
    return tried


def _read(file: Path) -> list[Tried]:
    with suppress(OSError, ValueError, TypeError):
        return [Tried(**told) for told in json.loads(file.read_text(encoding="utf-8"))]
    return []


def _ways(recipe: Recipe) -> list[Recipe]:
    """Return the ways that a recipe leaves open, the plain one first."""
    halves = ("mixed_float16", "mixed_bfloat16") if tf.config.list_physical_devices("GPU") else ("mixed_bfloat16",)
    precisions = (FLOAT32, *halves) if recipe.precision == AUTO else (recipe.precision,)
    compilers = ("off", "on") if recipe.xla == AUTO else (recipe.xla,)
    return [replace(recipe, precision=one, xla=other) for one in precisions for other in compilers]


def _alone(way: Recipe, run: Run) -> Tried:
    """Return how the plain way does."""
    begin, _ = run.step(), run.step()
    seconds = [run.step() for _ in range(LEAST)]
    return Tried(precision=way.precision, xla=way.xla, begin=begin, step=statistics.median(seconds))


def _beside(plain: Run, known: Tried, way: Recipe, build: Build) -> Tried:
    """Return how another way does, by steps in turns with the plain one: whatever else the machine does slows both."""
    start = Tried(precision=way.precision, xla=way.xla)
    try:
        run = Run(way, build)
        begin, ratio = run.step(), run.step() / plain.step()
        if ratio < SLOW:
            count = int(min(max(SECONDS / known.step, LEAST), MOST))
            ratio = statistics.median(run.step() / plain.step() for _ in range(count))
    except tf.errors.ResourceExhaustedError:
        return replace(start, failed="does not fit into the memory")
    except tf.errors.OpError:
        return replace(start, failed="TensorFlow cannot do it")
    loss, wanted = run.losses[-1], plain.losses[len(run.losses) - 1]
    is_right = math.isfinite(loss) and abs(loss - wanted) <= TOLERANCE * (1 + abs(wanted))
    failed = "" if is_right else f"a loss of {loss:.3g} in place of {wanted:.3g}"
    return replace(start, begin=begin, step=ratio * known.step, failed=failed)
