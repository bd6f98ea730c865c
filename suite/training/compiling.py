"""Making a network ready to learn by a recipe."""

from __future__ import annotations

import keras
from keras import ops

from suite.core.recipe import AUTO, Recipe
from suite.training import judging, optimizers, stages
from suite.training.numbers import Numbers
from suite.training.schedules import Schedule

XLA = {"default": "auto", AUTO: "auto", "off": False, "on": True}  # as Keras says it; its "auto" measures nothing


def compile_(model: keras.Model, recipe: Recipe, rate: Schedule, numbers: Numbers | None = None) -> None:
    """Compile `model` for a recipe and its learning rate. Its step reads `numbers` in place of the recipe's own.

    Builds here, on one made-up output, what `fit` would first build by tracing the whole network once more. That saves
    a third to a half of the time before the first step.
    """
    model.compile(
        optimizer=optimizers.optimizer(recipe, rate, stages.shares(model, recipe), numbers),
        loss=judging.loss(recipe, (numbers or {}).get("label_smoothing")),
        metrics=[
            keras.metrics.MeanMetricWrapper(judging.right, name="accuracy"),
            keras.metrics.MeanMetricWrapper(judging.among_five_largest, name="top5"),
            judging.BalancedAccuracy(model.outputs[0].shape[-1]),
        ],
        jit_compile=XLA[recipe.xla],
    )
    model.optimizer.build(model.trainable_variables)
    logits, labels = ops.zeros((1, model.outputs[0].shape[-1])), ops.zeros((1,), "int64")
    model.compute_loss(y=labels, y_pred=logits)
    model.compute_metrics(None, labels, logits)
    model.reset_metrics()
