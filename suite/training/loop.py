"""Training one network by a recipe on a dataset; the weights that are best on the validation pictures stay."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import keras
import tensorflow as tf
from keras import ops

from suite.core.recipe import Recipe
from suite.datasets import Dataset
from suite.training import judging, optimizers, stages, transfer
from suite.training.checkpoint import Keeper, Progress, restored, save
from suite.training.deadline import Deadline, Forecast, Left, OutOfTimeError, forever
from suite.training.schedules import Plateau, Schedule, schedule
from suite.training.stepping import Step

VALIDATED = 256  # pictures in a batch of validation
OnEpoch = Callable[[dict[str, float]], object]


@dataclass(frozen=True, kw_only=True)
class Training:
    """The result of a training."""

    curve: tuple[dict[str, float], ...]  # a row an epoch, see Trial.curve
    measures: dict[str, float]  # all that are known after training, of the epoch whose weights stay
    stopped: bool = False  # whether the recipe's patience ended it
    parts: int = 1  # in which each batch was trained, as a whole one did not fit into the memory


class DivergedError(ArithmeticError):
    """The loss is no longer a number."""


class TooLargeError(MemoryError):
    """A batch does not fit into the memory, in two parts neither."""


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
    on from the file `checkpoint` as if it had never stopped, and writes that file while epochs are left.

    The recipe's patience may end it earlier. When no seconds are `left`, it ends after the last epoch that ends in
    time, or else between two batches, from where it cannot go on later. Its curve is then shorter. `forecast` is told
    after each epoch what is to come.

    A recipe with a `mode` other than "scratch" takes the weights of `model` as those of another training. The curve
    then begins with epoch 0, a classifier of the features of its body; `frozen` ends there, and so does `until` 0.

    `on_epoch` is called with each new row of the curve; its error ends the training. Raises DivergedError when the
    loss becomes infinite or not a number, TooLargeError when half a batch does not fit into the memory, StoreError when
    the checkpoint cannot be read or written, and OutOfTimeError when not one epoch ended in time.
    """
    until = 0 if recipe.mode == "frozen" else epochs if until is None else until
    assert (1 if recipe.mode == "scratch" else 0) <= until <= epochs
    start = _transferred(model, recipe, data, checkpoint, left, by)
    if start.curve and on_epoch:
        on_epoch(dict(start.curve[0]))
    if not until:
        return _ended(model, start)
    return halved(
        model,
        lambda parts: _trained(
            model, recipe, data, replace(start, parts=parts), epochs, seed, until, checkpoint, left, forecast, on_epoch
        ),
        recipe.batch_size,
    )


def halved(model: keras.Model, train: Callable[[int], Training], batch: int) -> Training:
    """Return what `train` returns, called with 1, or once more with 2 parts of a batch if the memory is too small.

    The network begins both times as it is. Raises TooLargeError when two parts are too large as well.
    """
    begun = [ops.convert_to_numpy(variable) for variable in model.variables]
    with suppress(tf.errors.ResourceExhaustedError):
        return train(1)
    for variable, value in zip(model.variables, begun, strict=True):
        variable.assign(value)
    try:
        return train(2)
    except tf.errors.ResourceExhaustedError:
        raise TooLargeError(
            f"half a batch of {batch} pictures does not fit into the memory: a smaller batch_size, image or network may"
        ) from None


def _trained(
    model: keras.Model,
    recipe: Recipe,
    data: Dataset,
    start: Progress,
    epochs: int,
    seed: int,
    until: int,
    checkpoint: Path | None,
    left: Left,
    forecast: Callable[[Forecast], object] | None,
    on_epoch: OnEpoch | None,
) -> Training:
    """Train after what is done at the `start` or kept in the file `checkpoint`, see `train`."""
    began = time.monotonic()
    rate = schedule(recipe, epochs * math.ceil(data.sizes["train"] / recipe.batch_size))
    compile_(model, recipe, rate)
    step = Step(model, recipe)
    plan = {**asdict(recipe), "epochs": epochs, "seed": seed, "dataset_digest": data.digest}
    begun = start if start.curve else restored(checkpoint, step.variables, plan, start)
    step.install(begun.parts)
    best = Best(begun, recipe.patience, on_epoch)

    def now() -> Progress:
        return replace(best.progress, seconds=begun.seconds + time.monotonic() - began)

    whole = True
    if begun.epochs < until and not best.is_over:
        deadline = Deadline(left, data.sizes["validation"] / data.sizes["train"], forecast)
        falls = [Plateau(rate, epochs, lambda: best.progress.curve)] if recipe.schedule == "plateau" else []
        keeps = [Keeper(lambda: save(checkpoint, step.variables, plan, now()), until)] if checkpoint else []
        whole = _fit(model, recipe, data, seed, until, best, deadline, [*step.callbacks, *falls, *keeps])
    if not best.progress.curve:
        raise OutOfTimeError("the budget's hours were over before its first epoch ended: raise budget.hours")
    reached = now()
    if checkpoint and whole and begun.epochs < reached.epochs < epochs and not best.is_over:
        save(checkpoint, step.variables, plan, reached)
    return _ended(model, reached, stopped=best.is_over)


def _transferred(
    model: keras.Model, recipe: Recipe, data: Dataset, checkpoint: Path | None, left: Left, by: str
) -> Progress:
    """Let the layers of a body that others trained rest as the recipe says, and begin with the best classifier of it.

    There is no progress of a network that is trained from scratch, nor of one that goes on from a checkpoint.
    """
    if recipe.mode == "scratch":
        return Progress(by=by)
    stages.rest(model, recipe)
    if checkpoint and checkpoint.exists():
        return Progress(by=by)
    weights = judging.balanced(data.tally("train")) if recipe.class_weight == "balanced" else None
    return transfer.begun(model, data, by=by, class_weights=weights, left=left)


def _ended(model: keras.Model, reached: Progress, *, stopped: bool = False) -> Training:
    """Give `model` the weights of the best epoch, and return what became of it. No layer rests any longer."""
    model.set_weights(reached.weights)
    model.trainable = True
    return Training(
        curve=reached.curve,
        measures={
            **{name: reached.best[f"val_{name}"] for name in ("accuracy", "balanced_accuracy", "top5", "loss")},
            "training_seconds": reached.seconds,
        },
        stopped=stopped,
        parts=reached.parts,
    )


def _fit(
    model: keras.Model,
    recipe: Recipe,
    data: Dataset,
    seed: int,
    until: int,
    best: Best,
    deadline: Deadline,
    others: Sequence[keras.callbacks.Callback],
) -> bool:
    """Train to the end of epoch `until`, or while there is time; return whether it ended after a whole epoch."""
    done = best.progress.epochs
    batches = data.train(
        batch_size=recipe.batch_size,
        seed=seed,
        augmentation=recipe.augmentation,
        first_epoch=done + 1,
        epochs=until - done,
    )
    steps = len(batches) // (until - done)
    if recipe.class_weight == "balanced":
        weights = tf.constant(judging.balanced(data.tally("train")), tf.float32)
        batches = batches.map(lambda images, labels: (images, labels, judging.weighed(labels, weights)))
    return deadline.fit(
        model,
        batches,
        steps_per_epoch=steps,
        validation_data=data.validation(batch_size=VALIDATED // best.progress.parts),
        initial_epoch=done,
        epochs=until,
        verbose=0,
        callbacks=[best, *others, deadline],
        shuffle=False,  # the batches are shuffled already; `fit` would warn that it cannot
    )


def compile_(model: keras.Model, recipe: Recipe, rate: Schedule) -> None:
    """Compile `model` for a recipe and its learning rate.

    Builds here, on one made-up output, what `fit` would first build by tracing the whole network once more. That saves
    a third to a half of the time before the first step.
    """
    model.compile(
        optimizer=optimizers.optimizer(recipe, rate, stages.shares(model, recipe)),
        loss=judging.loss(recipe),
        metrics=[
            keras.metrics.MeanMetricWrapper(judging.right, name="accuracy"),
            keras.metrics.MeanMetricWrapper(judging.among_five_largest, name="top5"),
            judging.BalancedAccuracy(model.outputs[0].shape[-1]),
        ],
    )
    model.optimizer.build(model.trainable_variables)
    logits, labels = ops.zeros((1, model.outputs[0].shape[-1])), ops.zeros((1,), "int64")
    model.compute_loss(y=labels, y_pred=logits)
    model.compute_metrics(None, labels, logits)
    model.reset_metrics()


class Best(keras.callbacks.Callback):
    """Keeps the curve, and the weights of the epoch that is best on the validation pictures; ends by patience."""

    def __init__(self, begun: Progress, patience: int, on_epoch: OnEpoch | None = None) -> None:
        super().__init__()
        self.progress = begun
        self._patience, self._on_epoch = patience, on_epoch

    @property
    def is_over(self) -> bool:
        """Whether so many epochs brought no better one that the training ends."""
        best = self.progress.best["epoch"] if self.progress.curve else 0
        return 0 < self._patience <= self.progress.epochs - best

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Record one epoch."""
        row = self._row(epoch + 1, logs or {})
        if not math.isfinite(row["loss"]) or not math.isfinite(row["val_loss"]):
            raise DivergedError(f"the loss is not a number after epoch {epoch + 1}: a lower learning rate may help")
        self.progress = replace(self.progress, curve=(*self.progress.curve, row))
        if self.progress.best is row:
            self.progress = replace(self.progress, weights=self.model.get_weights())
        if self.is_over:
            self.model.stop_training = True
        if self._on_epoch:
            self._on_epoch(row)

    def _row(self, epoch: int, logs: dict[str, float]) -> dict[str, float]:
        shares = ("accuracy", "top5", "balanced_accuracy")
        percent = {*shares, *(f"val_{name}" for name in shares)}
        measured = {key: float(value) * (100 if key in percent else 1) for key, value in logs.items()}
        rate = float(self.model.optimizer.learning_rate)
        return {"epoch": epoch, "time": time.time(), **measured, "learning_rate": rate}
