"""The optimizers that a recipe may name. A new one needs a row here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """One of Keras' optimizers, and how a recipe sets it up."""

    keras: str  # name of its class in keras.optimizers
    momentum: str = ""  # its argument for the recipe's momentum; "": none
    decay: tuple[str, ...] = ("weight_decay",)  # its arguments for the recipe's weight decay
    epsilon: float | None = None  # unless the recipe names one; None: it does not divide by the size of gradients
    options: Mapping[str, Any] = field(default_factory=dict)  # arguments that never change
    source: str


OPTIMIZERS: dict[str, Optimizer] = {
    "adamw": Optimizer(
        keras="AdamW",
        epsilon=1e-7,
        source="Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101",
    ),
    "sgd": Optimizer(
        keras="SGD",
        momentum="momentum",
        options={"nesterov": True},
        source="Sutskever et al. 2013, https://proceedings.mlr.press/v28/sutskever13.html",
    ),
    "rmsprop": Optimizer(
        keras="RMSprop",
        momentum="momentum",
        epsilon=1e-3,  # with rho of EfficientNet's authors: https://arxiv.org/abs/1905.11946, section 5.2
        options={"rho": 0.9},
        source="Tieleman and Hinton 2012, lecture 6.5",
    ),
    "lion": Optimizer(keras="Lion", source="Chen et al. 2023, https://arxiv.org/abs/2302.06675"),
    "lamb": Optimizer(
        keras="Lamb",
        epsilon=1e-6,  # Algorithm 2
        source="You et al. 2020, https://arxiv.org/abs/1904.00962",
    ),
    "muon": Optimizer(
        keras="Muon",
        momentum="momentum",
        decay=("weight_decay", "adam_weight_decay"),
        epsilon=1e-7,  # of the weights that Adam trains
        options={"exclude_layers": ["logits"]},  # the classifier is trained by Adam, as its author advises
        source="Jordan et al. 2024, https://kellerjordan.github.io/posts/muon",
    ),
}
