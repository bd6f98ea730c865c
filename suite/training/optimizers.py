"""The optimizers of recipes. Adaptive gradient clipping lets networks without normalisation train in large batches.

Brock et al., High-Performance Large-Scale Image Recognition Without Normalization, ICML 2021, section 4,
https://arxiv.org/abs/2102.06171: the gradient G of an output unit with weights W is clipped to the length
limit * max(|W|, 0.001). Units are those of the authors' code (google-deepmind/deepmind-research, nfnets/optim.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from suite.core.optimizers import OPTIMIZERS, Optimizer
from suite.core.recipe import Recipe
from suite.training.muon import Muon
from suite.training.numbers import Numbers
from suite.training.schedules import Schedule

SHORTEST = 1e-3  # length assumed for shorter weights: weights that begin at 0 could otherwise never leave it
CLASSIFIER = "logits"  # layers with this in their name are not clipped


class AdaptiveClipping(keras.optimizers.Optimizer):
    """Adds gradient clipping before the step to an optimizer; in mixed precision the gradients arrive unscaled.

    `shares`, one for each variable that it is built for, multiply the learning rate of the variables, and so their
    decoupled weight decay. Gradients are not multiplied: an adaptive optimizer would undo it.
    """

    weight_decay: float | None

    def __init__(
        self, *arguments: Any, adaptive_clipping: float = 0.0, shares: Sequence[float] | None = None, **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        self.adaptive_clipping = adaptive_clipping
        self.shares = None if shares is None else list(shares)

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[keras.Variable] | None = None) -> None:
        """Take one step with clipped gradients; a limit of 0 leaves them as they are."""
        variables = self._trainable_variables if trainable_variables is None else list(trainable_variables)
        if self.adaptive_clipping:
            grads = [
                clipped(gradient, variable, self.adaptive_clipping)
                for gradient, variable in zip(grads, variables, strict=True)
            ]
        super().apply(grads, trainable_variables)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Change one variable by its share of the learning rate."""
        super().update_step(gradient, variable, learning_rate * self._share(variable))

    def _apply_weight_decay(self, variables: Sequence[Any]) -> None:
        """Let variables decay by their share of the rate, which is asked for once: Keras' own traces it for each."""
        if self.weight_decay is None:
            return
        rate = ops.cast(self.learning_rate, "float32")
        for variable in filter(self._use_weight_decay, variables):
            decay = ops.cast(self.weight_decay, variable.dtype) * self._share(variable)
            variable.assign_sub(ops.convert_to_tensor(variable) * decay * ops.cast(rate, variable.dtype))

    def _share(self, variable: Any) -> float:
        return 1.0 if self.shares is None else self.shares[self._get_variable_index(variable)]

    def get_config(self) -> dict[str, Any]:
        """Return what Keras needs to make this optimizer again."""
        return {**super().get_config(), "adaptive_clipping": self.adaptive_clipping, "shares": self.shares}


def optimizer(
    recipe: Recipe, rate: Schedule | float, shares: Sequence[float] | None = None, numbers: Numbers | None = None
) -> keras.optimizers.Optimizer:
    """Return the recipe's optimizer at a learning rate, with its clipping.

    `shares` of the rate are those of the trainable variables of a network, in their order; None: each has all of it.
    `numbers` take the place of the recipe's own.
    """
    row = OPTIMIZERS[recipe.optimizer]
    momentum = {row.momentum: recipe.momentum} if row.momentum else {}
    decay = dict.fromkeys(row.decay, recipe.weight_decay)
    epsilon = {} if row.epsilon is None else {"epsilon": recipe.epsilon or row.epsilon}
    clipping: dict[str, Any] = {
        "adaptive_clipping": recipe.adaptive_clipping,
        "global_clipnorm": recipe.norm_clipping or None,
    }
    made = CLASSES[recipe.optimizer](rate, **row.options, **momentum, **epsilon, **decay, **clipping, shares=shares)
    made.exclude_from_weight_decay(var_names=["bias", "gamma", "beta", "gain"])
    for name, number in (numbers or {}).items():
        if attribute := _attribute(name, row):
            setattr(made, attribute, number)  # not above: Keras' own check that they are numbers
    return made


def _clipping(name: str) -> type[AdaptiveClipping]:
    """Return the class of Keras' optimizer `name`, or ours in its place, with adaptive clipping."""
    base = {"Muon": Muon}.get(name, getattr(keras.optimizers, name))
    made: type[AdaptiveClipping] = type(name, (AdaptiveClipping, base), {})
    return keras.saving.register_keras_serializable("suite")(made)


def _attribute(name: str, row: Optimizer) -> str:
    """Return where an optimizer keeps a number of a recipe; empty if it does not."""
    own = {"weight_decay": "weight_decay", "adaptive_clipping": "adaptive_clipping", "norm_clipping": "global_clipnorm"}
    return row.momentum if name == "momentum" else own.get(name, "")


CLASSES = {name: _clipping(row.keras) for name, row in OPTIMIZERS.items()}


def clipped(gradient: Any, variable: keras.Variable, limit: float) -> Any:
    """Return `gradient` with every unit's part at most `limit` times as long as the unit's weights.

    The classifier is left alone, and so is what is not a tensor: no gradient, or the few rows read from a table.
    """
    if gradient is None or isinstance(gradient, tf.IndexedSlices) or CLASSIFIER in variable.path:
        return gradient
    axes = unit_axes(tuple(variable.shape))
    longest = limit * ops.maximum(_length(variable, axes), SHORTEST)
    return gradient * ops.minimum(1.0, longest / _length(gradient, axes))  # a length of 0 gives 1, not infinity


def unit_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the axes that one output unit extends over: the first of dense kernels (D, N) and (D, N, K), all but the
    last of convolutions (h, w, C, F), the window of depthwise ones (h, w, C, 1), and all of scalars and vectors.
    """
    if math.prod(shape) == max(shape, default=1):
        return tuple(range(len(shape)))
    if len(shape) < 4:
        return (0,)
    return (0, 1) if shape[-1] == 1 else tuple(range(len(shape) - 1))


def _length(values: Any, axes: tuple[int, ...]) -> Any:
    return ops.sqrt(ops.sum(ops.square(values), axis=axes, keepdims=True))
