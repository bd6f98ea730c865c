"""Training one network by a recipe on a dataset; the weights that are best on the validation pictures stay."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from suite.core.recipe import Recipe
from suite.datasets import Dataset
from suite.training import optimizers
from suite.training.checkpoint import Progress, restored, save
from suite.training.deadline import Deadline, Forecast, Left, OutOfTimeError, forever
from suite.training.optimizers import Rate

OnEpoch = Callable[[dict[str, float]], object]


@dataclass(frozen=True, kw_only=True)
class Training:
    """The result of a training."""

    curve: tuple[dict[str, float], ...]  # a row an epoch, see Trial.curve
    measures: dict[str, float]  # all that are known after training, of the epoch whose weights stay


class DivergedError(ArithmeticError):
    """The loss is no longer a number."""


@contextmanager
def precision(policy: str) -> Iterator[None]:
    """Make networks built in the block compute in `policy`, one of rules.RECIPE_CHOICES; then restore the old one."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def train(
    model: keras.Model,
    recipe: Recipe,
    data: Dataset,
    *,
    epochs: int,
    seed: int,
    on_epoch: OnEpoch | None = None,
    until: int | None = None,
    checkpoint: Path | None = None,
    left: Left = forever,
    forecast: Callable[[Forecast], object] | None = None,
    by: str = "accuracy",
) -> Training:
    """Train `model` (logits out, [B, K]) in place and leave it with the weights of its best epoch so far, by a measure.

    The learning rate is planned for `epochs` epochs; the training ends after epoch `until`, or after the last. It goes
    on from the file `checkpoint` as if it had never stopped, and writes that file when epochs are left.

    When no seconds are `left`, the training ends after the last epoch that ends in time, or else between two batches,
    from where it cannot go on later. Its curve is then shorter. `forecast` is told after each epoch what is to come.

    `on_epoch` is called with each new row of the curve; its error ends the training. Raises DivergedError when the
    loss becomes infinite or not a number, StoreError when the checkpoint cannot be read or written, and OutOfTimeError
    when not one epoch ended in time.
    """
    began = time.monotonic()
    until = epochs if until is None else until
    assert 1 <= until <= epochs
    compile_(model, recipe, steps=epochs * math.ceil(data.sizes["train"] / recipe.batch_size))
    plan = {**asdict(recipe), "epochs": epochs, "seed": seed, "dataset_digest": data.digest}
    begun = restored(checkpoint, model, plan, by)
    best = Best(begun, on_epoch)
    whole = True
    if len(begun.curve) < until:
        deadline = Deadline(left, data.sizes["validation"] / data.sizes["train"], forecast)
        whole = _fit(model, recipe, data, seed, until, (best, deadline))
    if not best.progress.curve:
        raise OutOfTimeError("the budget's hours were over before its first epoch ended: raise budget.hours")
    reached = replace(best.progress, seconds=begun.seconds + time.monotonic() - began)
    if checkpoint and whole and len(begun.curve) < len(reached.curve) < epochs:
        save(checkpoint, model, plan, reached)
    model.set_weights(reached.weights)
    return Training(
        curve=reached.curve,
        measures={
            **{name: reached.best[f"val_{name}"] for name in ("accuracy", "balanced_accuracy", "top5", "loss")},
            "training_seconds": reached.seconds,
        },
    )


def _fit(
    model: keras.Model, recipe: Recipe, data: Dataset, seed: int, until: int, callbacks: tuple[Best, Deadline]
) -> bool:
    """Train to the end of epoch `until`, or while there is time; return whether it ended after a whole epoch."""
    best, deadline = callbacks
    done = len(best.progress.curve)
    batches = data.train(
        batch_size=recipe.batch_size,
        seed=seed,
        augmentation=recipe.augmentation,
        first_epoch=done + 1,
        epochs=until - done,
    )
    steps = len(batches) // (until - done)
    if recipe.class_weight == "balanced":
        weights = tf.constant(balanced(data.tally("train")), tf.float32)
        batches = batches.map(lambda images, labels: (images, labels, tf.gather(weights, labels)))
    return deadline.fit(
        model,
        batches,
        steps_per_epoch=steps,
        validation_data=data.validation(),
        initial_epoch=done,
        epochs=until,
        verbose=0,
        callbacks=[best, deadline],
        shuffle=False,  # the batches are shuffled already; `fit` would warn that it cannot
    )


def balanced(counts: Sequence[int]) -> list[float]:
    """Return a weight for each class, by its number of pictures: each class weighs the same, and the mean picture 1."""
    there = [count for count in counts if count]
    return [sum(there) / (len(there) * count) if count else 0.0 for count in counts]


def compile_(model: keras.Model, recipe: Recipe, *, steps: int) -> None:
    """Compile `model` for `steps` steps of `recipe`.

    Builds here, on one made-up output, what `fit` would first build by tracing the whole network once more. That saves
    a third to a half of the time before the first step.
    """
    model.compile(
        optimizer=optimizers.optimizer(recipe, schedule(recipe, steps)),
        loss=_cross_entropy(recipe.label_smoothing),
        metrics=[
            keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
            keras.metrics.MeanMetricWrapper(among_five_largest, name="top5"),
            BalancedAccuracy(model.outputs[0].shape[-1]),
        ],
    )
    model.optimizer.build(model.trainable_variables)
    logits, labels = ops.zeros((1, model.outputs[0].shape[-1])), ops.zeros((1,), "int64")
    model.compute_loss(y=labels, y_pred=logits)
    model.compute_metrics(None, labels, logits)
    model.reset_metrics()


def schedule(recipe: Recipe, steps: int) -> Rate:
    """Return the learning rate over `steps` steps: a linear warm-up, then a cosine to zero or a constant."""
    return SCHEDULES[recipe.schedule](recipe.learning_rate, steps, round(recipe.warmup * steps))


def _cosine(peak: float, steps: int, warmup: int) -> Rate:
    return keras.optimizers.schedules.CosineDecay(
        0.0 if warmup else peak,
        decay_steps=max(1, steps - warmup),
        warmup_target=peak if warmup else None,
        warmup_steps=warmup,
    )


def _constant(peak: float, steps: int, warmup: int) -> Rate:
    return keras.optimizers.schedules.PolynomialDecay(0.0, warmup, peak) if warmup else peak


# A test holds the names to core.rules.RECIPE_CHOICES: a name without a row is an error, not another one's row.
SCHEDULES: dict[str, Callable[[float, int, int], Rate]] = {"cosine": _cosine, "constant": _constant}


def among_five_largest(labels: Any, logits: Any) -> Any:
    """Return 1 for each image whose label is among its five largest outputs, else 0; shapes [B], [B, K] -> [B].

    Among equal outputs the lower index counts as larger, as in an argsort. Keras' own top-k metric counts every tied
    class as among the five: a network that answers the same for all classes would always be right.
    """
    _, largest = ops.top_k(logits, k=min(5, logits.shape[-1]))
    labels = ops.reshape(labels, (-1, 1))
    return ops.any(ops.equal(largest, ops.cast(labels, largest.dtype)), axis=-1)


class BalancedAccuracy(keras.metrics.Metric):
    """The share of right images in each of K classes, averaged over the classes that have images."""

    def __init__(self, classes: int) -> None:
        super().__init__(name="balanced_accuracy")
        self._right = self.add_variable((classes,), "zeros", name="right")
        self._all = self.add_variable((classes,), "zeros", name="all")

    def update_state(self, labels: Any, logits: Any, sample_weight: Any = None) -> None:
        """Count labels [B] and the classes of the largest logits [B, K]; weights of images do not count."""
        labels = ops.reshape(ops.cast(labels, "int32"), (-1,))
        right = ops.cast(ops.equal(ops.cast(ops.argmax(logits, axis=-1), "int32"), labels), "float32")
        among = ops.one_hot(labels, self._all.shape[0])
        self._all.assign_add(ops.sum(among, axis=0))
        self._right.assign_add(ops.matmul(right, among))

    def result(self) -> Any:
        """Return the mean over the classes, 0 to 1."""
        there = ops.cast(self._all > 0, "float32")
        shares = self._right / ops.maximum(self._all, 1.0)
        return ops.sum(shares * there) / ops.maximum(ops.sum(there), 1.0)


def _cross_entropy(smoothing: float) -> keras.losses.Loss | Callable[[Any, Any], Any]:
    if not smoothing:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def smoothed(labels: Any, logits: Any) -> Any:
        wanted = ops.one_hot(ops.reshape(ops.cast(labels, "int32"), (-1,)), logits.shape[-1])
        return keras.losses.categorical_crossentropy(wanted, logits, from_logits=True, label_smoothing=smoothing)

    return smoothed


class Best(keras.callbacks.Callback):
    """Keeps the curve, and the weights of the epoch that is best on the validation pictures."""

    def __init__(self, begun: Progress, on_epoch: OnEpoch | None = None) -> None:
        super().__init__()
        self.progress = begun
        self._on_epoch = on_epoch

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Record one epoch."""
        row = self._row(epoch + 1, logs or {})
        if not math.isfinite(row["loss"]) or not math.isfinite(row["val_loss"]):
            raise DivergedError(f"the loss is not a number after epoch {epoch + 1}: a lower learning rate may help")
        self.progress = replace(self.progress, curve=(*self.progress.curve, row))
        if self.progress.best is row:
            self.progress = replace(self.progress, weights=self.model.get_weights())
        if self._on_epoch:
            self._on_epoch(row)

    def _row(self, epoch: int, logs: dict[str, float]) -> dict[str, float]:
        shares = ("accuracy", "top5", "balanced_accuracy")
        percent = {*shares, *(f"val_{name}" for name in shares)}
        measured = {key: float(value) * (100 if key in percent else 1) for key, value in logs.items()}
        rate = float(self.model.optimizer.learning_rate)
        return {"epoch": epoch, "time": time.time(), **measured, "learning_rate": rate}
