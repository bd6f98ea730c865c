"""Training one network by a recipe on a dataset; the weights that are best on the validation pictures stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import tensorflow as tf
from keras import ops

from suite.core.recipe import Recipe
from suite.datasets import Dataset
from suite.training import course, judging, stages, transfer
from suite.training.asked import Asked, Build
from suite.training.best import OnEpoch
from suite.training.checkpoint import Progress
from suite.training.deadline import Forecast, Left, forever
from suite.training.fitting import Traced


@dataclass(frozen=True, kw_only=True)
class Training:
    """The result of a training."""

    curve: tuple[dict[str, float], ...]  # a row an epoch, see Trial.curve
    measures: dict[str, float]  # all that are known after training, of the epoch whose weights stay
    stopped: bool = False  # whether the recipe's patience ended it
    parts: int = 1  # in which each batch was trained, as a whole one did not fit into the memory


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
    build: Build | None = None,
    traced: Traced | None = None,
) -> Training:
    """Train `model` (logits out, [B, K]) in place and leave it with the weights of its best epoch so far, by a measure.

    The learning rate is planned for `epochs` epochs; the training ends after epoch `until`, or after the last. It goes
    on from the file `checkpoint` as if it had never stopped, and writes that file while epochs are left.

    The recipe's patience may end it earlier. When no seconds are `left`, it ends after the last epoch that ends in
    time, or else between two batches, from where it cannot go on later. Its curve is then shorter. `forecast` is told
    after each epoch what is to come.

    A recipe with a `mode` other than "scratch" takes the weights of `model` as those of another training. The curve
    then begins with epoch 0, a classifier of the features of its body; `frozen` ends there, and so does `until` 0.

    A recipe that names sizes of pictures lets `model` learn from smaller ones than those of `data`, on which it is
    validated. `build` returns the network for pictures (H, W, C), with a share of its dropout. Its weights must not
    depend on their size, else ArchitectureError is raised.

    One of the `traced` networks is trained in place of `model` if it is like it; `model` gets its weights.

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
    asked = Asked(
        recipe=recipe, data=data, epochs=epochs, until=until, seed=seed, checkpoint=checkpoint, left=left,
        forecast=forecast, on_epoch=on_epoch, build=build, traced=traced,
    )  # fmt: skip

    def trained(parts: int) -> Training:
        reached, stopped = course.trained(model, asked, replace(start, parts=parts))
        return _ended(model, reached, stopped=stopped)

    return halved(model, trained, recipe.batch_size)


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
