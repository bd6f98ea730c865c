"""Training both sides of a network on pairs of picture and text; the weights of the best zero-shot epoch stay.

The losses and the learned temperature are those of the family's paper, see the heads of `align` and `coca`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from suite.architectures.words import with_losses
from suite.core.words import Words
from suite.datasets import Dataset
from suite.datasets.pairs import Pairs
from suite.training import optimizers, zero_shot
from suite.training.best import Best, OnEpoch
from suite.training.checkpoint import Keeper, Progress, best_weights, restored, save
from suite.training.deadline import Deadline, Forecast, Left, OutOfTimeError, forever
from suite.training.schedules import schedule

TEMPERATURE = "contrastive_loss"  # the layer that has its logarithm as a weight


@dataclass(frozen=True, kw_only=True)
class Texts:
    """All texts of a training in numbers, int32 (texts, T) each."""

    pairs: Sequence[np.ndarray]  # of each number of the pairs
    classes: Sequence[np.ndarray]  # of each class: what the templates make of its name


@dataclass(frozen=True, kw_only=True)
class Pretraining:
    """The result of a training on pairs."""

    curve: tuple[dict[str, float], ...]  # a row an epoch: epoch, time, loss, val_accuracy (%, zero-shot), val_loss ...
    temperature: float
    seconds: float

    @property
    def zero_shot(self) -> float:
        """The zero-shot accuracy on the validation pictures in the epoch whose weights stay, in percent."""
        return max(row["val_accuracy"] for row in self.curve)


def train(
    whole: keras.Model,
    family: str,
    words: Words,
    pairs: Pairs,
    data: Dataset,
    texts: Texts,
    *,
    seed: int,
    precision: str = "float32",
    on_epoch: OnEpoch | None = None,
    checkpoint: Path | None = None,
    left: Left = forever,
    forecast: Callable[[Forecast], object] | None = None,
) -> Pretraining:
    """Train `whole`, a network of both sides, in place, and leave it with the weights of its best epoch.

    That is the one with the highest zero-shot accuracy on the validation pictures of `data`. The training goes on from
    the file `checkpoint`, which it writes after each epoch. Raises DivergedError, StoreError and OutOfTimeError as
    `loop.train` does: without time for all epochs it keeps what it has in the file, if an epoch is done.
    """
    began = time.monotonic()
    recipe = words.recipe(precision)
    model = with_losses(family, whole, words.temperature)
    steps = -(-pairs.size // recipe.batch_size)
    model.compile(optimizer=optimizers.optimizer(recipe, schedule(recipe, words.epochs * steps)))
    model.optimizer.build(model.trainable_variables)
    told = {**asdict(words), "precision": precision, "seed": seed, "pairs": pairs.digest, "data": data.digest}
    plan = json.loads(json.dumps(told))  # as it is read back
    variables = [*model.variables, *model.optimizer.variables]
    begun = restored(checkpoint, variables, plan)
    best = Best(begun, recipe.patience, on_epoch)

    def keep() -> None:
        if checkpoint:
            save(checkpoint, variables, plan, _timed(best.progress, begun, began))

    deadline = Deadline(left, data.sizes["validation"] / pairs.size, forecast)
    done = len(begun.curve)
    if done < words.epochs:
        batches = pairs.train(
            texts.pairs, batch_size=recipe.batch_size, seed=seed, augmentation=recipe.augmentation,
            first_epoch=done + 1, epochs=words.epochs - done,
        )  # fmt: skip
        judge = Judge(whole, data, texts.classes, deadline)
        deadline.fit(
            model, batches, steps_per_epoch=steps, initial_epoch=done, epochs=words.epochs, verbose=0, shuffle=False,
            callbacks=[judge, best, Keeper(keep, spared=0), deadline],
        )  # fmt: skip
    reached = _timed(best.progress, begun, began)
    if len(reached.curve) < words.epochs:
        raise OutOfTimeError("the budget's hours were over before it had learned from texts: raise budget.hours")
    model.set_weights(reached.weights)
    return Pretraining(curve=reached.curve, temperature=temperature(model), seconds=reached.seconds)


def give(whole: keras.Model, family: str, file: Path) -> float:
    """Give `whole` what the training with the checkpoint `file` has learned; return the learned temperature.

    Raises StoreError when the file cannot be read.
    """
    model = with_losses(family, whole)
    model.set_weights(best_weights(file))
    return temperature(model)


def temperature(model: keras.Model) -> float:
    """Return the learned temperature of a network with its losses."""
    return float(np.exp(ops.convert_to_numpy(model.get_layer(TEMPERATURE).log_temperature)))


def _timed(progress: Progress, begun: Progress, began: float) -> Progress:
    return replace(progress, seconds=begun.seconds + time.monotonic() - began)


class Judge(keras.callbacks.Callback):
    """Adds the zero-shot accuracy and cross-entropy on the validation pictures to what is known of an epoch."""

    def __init__(self, whole: keras.Model, data: Dataset, prompts: Sequence[np.ndarray], deadline: Deadline) -> None:
        super().__init__()
        self._whole, self._prompts, self._deadline = whole, prompts, deadline
        self._pictures = data.validation()
        self._network = zero_shot.classifier(whole, len(prompts))
        self._network.compile(
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        )

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Judge the weights of an epoch."""
        self._deadline.on_test_batch_begin(0)
        zero_shot.filled(self._network, zero_shot.vectors(self._whole, self._prompts), temperature(self.model))
        found = self._network.evaluate(self._pictures, verbose=0, return_dict=True)
        if logs is not None:
            logs.update({f"val_{name}": value for name, value in found.items()})
