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
    options: Mapping[str, Any] = field(default_factory=dict)  # arguments that never change


OPTIMIZERS: dict[str, Optimizer] = {
    "adamw": Optimizer(keras="AdamW"),
    "sgd": Optimizer(keras="SGD", momentum="momentum", options={"nesterov": True}),
}
