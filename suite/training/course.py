"""The course of a training from epoch to epoch: through sizes of pictures, and at last for its classifier alone.

It may stop after any epoch, and goes on from its checkpoint as if it had not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import keras
import tensorflow as tf

from suite.core.phases import Phase, work
from suite.core.recipe import Recipe
from suite.core.task import Shape
from suite.datasets import Dataset
from suite.training import checkpoint, fixres, judging, resized
from suite.training.asked import Asked
from suite.training.best import Best
from suite.training.checkpoint import Keeper, Kept, Progress
from suite.training.deadline import Deadline, OutOfTimeError
from suite.training.schedules import Plateau

VALIDATED = 256  # pictures in a batch of validation


def trained(model: keras.Model, asked: Asked, start: Progress) -> tuple[Progress, bool]:
    """Train `model` on from the `start`, or from what its checkpoint keeps.

    Return what is reached, and whether patience ended it. Raises as `loop.train` does.
    """
    kept = Kept(progress=start) if start.curve else checkpoint.read(asked.checkpoint, asked.plan, start)
    timed = _timer(kept.progress.seconds)
    sizes = [phase for phase in asked.phases if not phase.is_fixres]
    fixes = [phase for phase in asked.phases if phase.is_fixres]
    is_fixing = kept.progress.epochs > sizes[-1].last
    if not is_fixing:
        leg = Leg(model, asked, asked.recipe, sizes, kept, timed)
        leg.run()
        kept = Kept(progress=leg.reached)
    if is_fixing or (fixes and sizes[-1].last == kept.progress.epochs < asked.until):
        model.set_weights(kept.progress.weights)
        with fixres.resting(model):
            leg = Leg(model, asked, fixres.recipe(asked.recipe), fixes, kept, timed, before=sizes[-1].last)
            leg.run()
    leg.keep()
    return timed(leg.reached), leg.is_stopped


def _timer(before: float) -> Callable[[Progress], Progress]:
    """Return what tells a progress the seconds from now on, after those `before`."""
    began = time.monotonic()
    return lambda progress: replace(progress, seconds=before + time.monotonic() - began)


class Leg:
    """Some phases of a training, with one optimizer, after the epoch `before`."""

    def __init__(
        self,
        model: keras.Model,
        asked: Asked,
        recipe: Recipe,
        phases: Sequence[Phase],
        kept: Kept,
        timed: Callable[[Progress], Progress],
        *,
        before: int = 0,
    ) -> None:
        """Make `model` ready to go on from what is `kept`. `timed` tells a progress its seconds."""
        self._asked, self._recipe, self._phases, self._timed = asked, recipe, phases, timed
        steps = (phases[-1].last - before) * math.ceil(self._sizes["train"] / recipe.batch_size)
        self._fitting = asked.traced_for(kept.progress.parts).fitting(model, recipe, asked.data.preprocessing, steps)
        self._model, self._rate, self._step = self._fitting.network, self._fitting.rate, self._fitting.step
        kept.give(self._step.variables)
        self._step.install(kept.progress.parts)
        self._begun, self._is_whole = kept.progress, True
        self._best = Best(kept.progress, recipe.patience, asked.on_epoch)

    @property
    def _sizes(self) -> Mapping[str, int]:
        return self._asked.data.sizes

    @property
    def reached(self) -> Progress:
        """The progress so far."""
        return self._best.progress

    @property
    def is_stopped(self) -> bool:
        """Whether patience ended it."""
        return self._best.is_over

    def run(self) -> None:
        """Train to the last of these epochs that is asked for, or while there is time or patience."""
        deadline = self._deadline()
        for phase in self._phases:
            last = min(phase.last, self._asked.until)
            if self.reached.epochs < last and not self.is_stopped:
                self._is_whole = self._fit(phase, last, deadline)
                if self.reached.epochs < last:
                    break
        if not self.reached.curve:
            raise OutOfTimeError("the budget's hours were over before its first epoch ended: raise budget.hours")

    def keep(self) -> None:
        """Write the checkpoint, if there are new epochs, and epochs are left."""
        is_new = self._is_whole and self._begun.epochs < self.reached.epochs
        if self._asked.checkpoint and is_new and self.reached.epochs < self._asked.epochs and not self.is_stopped:
            self._save(self._asked.checkpoint)

    def _save(self, file: Path) -> None:
        checkpoint.save(file, self._step.variables, self._asked.plan, self._timed(self.reached))

    def _deadline(self) -> Deadline:
        asked = self._asked
        share = self._sizes["validation"] / self._sizes["train"]
        return Deadline(
            asked.left, share, asked.forecast, until=asked.until, work=lambda epoch: work(asked.phases, epoch)
        )

    def _fit(self, phase: Phase, last: int, deadline: Deadline) -> bool:
        """Train to the end of an epoch of a phase, or while there is time; return whether it ended after an epoch."""
        done = self.reached.epochs
        batches = self._batches(phase, epochs=range(done + 1, last + 1))
        with self._fitting.varied():
            return deadline.fit(
                self._model,
                batches,
                steps_per_epoch=len(batches) // (last - done),
                validation_data=self._asked.data.validation(
                    batch_size=VALIDATED // self.reached.parts, is_scaled=False
                ),
                initial_epoch=done,
                epochs=last,
                verbose=0,
                callbacks=[self._best, *self._callbacks(), deadline],
                shuffle=False,  # the batches are shuffled already; `fit` would warn that it cannot
            )

    def _batches(self, phase: Phase, epochs: range) -> tf.data.Dataset:
        """Return the batches of some epochs of a phase, and let the network learn from pictures of its size."""
        batches = self._shown(phase).train(
            batch_size=self._recipe.batch_size,
            seed=self._asked.seed,
            augmentation=phase.weakened(self._recipe.augmentation),
            first_epoch=epochs[0],
            epochs=len(epochs),
            is_scaled=False,
        )
        if self._recipe.class_weight == "none":
            return batches
        weights = tf.constant(judging.balanced(self._asked.data.tally("train")), tf.float32)
        return batches.map(lambda images, labels: (images, labels, judging.weighed(labels, weights)))

    def _shown(self, phase: Phase) -> Dataset:
        """Return the pictures of a phase, and let the network learn from their size."""
        data = self._asked.data
        if len(self._asked.phases) == 1 and phase.is_plain:
            return data
        image = resized.shape(data.task.image, phase)
        self._best.side = min(image[:2])
        self._step.learn_by(None if phase.is_plain else self._lender(image, phase))
        return data.seen(image, data.preprocessing)

    def _lender(self, image: Shape, phase: Phase) -> keras.Model:
        assert self._asked.build, "a training on pictures of several sizes builds networks for them"
        made = self._asked.build(image, phase.strength)
        resized.require_alike(self._model, made)
        resized.rest_alike(made, self._model)
        return made

    def _callbacks(self) -> list[keras.callbacks.Callback]:
        asked, file = self._asked, self._asked.checkpoint
        falls = self._recipe.schedule == "plateau"
        return [
            *self._step.callbacks,
            *([Plateau(self._rate, asked.epochs, lambda: self.reached.curve)] if falls else []),
            *([Keeper(lambda: self._save(file), asked.until)] if file else []),
        ]
