"""Families whose networks learn from pictures with texts: the whole network beside its picture side.

The module of such a family also defines `Text`, a dataclass with every choice of the text side; TEXTS, the text side
of each variant and others by name; PRETRAINED, the side of the pictures when its paper trains both sides;
`pretraining`, which builds both sides; and `trained`, which adds the losses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from suite import architectures
from suite.core.study import split

if TYPE_CHECKING:
    import keras

    from suite.core.task import Task


def learns(family: str) -> bool:
    """Whether the networks of a family learn from pictures with texts."""
    return hasattr(architectures.family(family), "pretraining")


def text_side(architecture: str) -> Any:
    """Return the text side, a `Text` of its family, of a named network that learns from texts."""
    family, variant = split(architecture)
    return _module(family).TEXTS[variant]


def whole(family: str, config: architectures.Config, text: Any, task: Task) -> keras.Model:
    """Return the network of both sides, from "image" (B, H, W, C) and "text" (B, T) to "image" and "text", (B, D).

    These are vectors of length 1, alike where a text fits a picture. A network that captions also returns "caption",
    the logits (B, T, V) of each next word. Raises ArchitectureError for pictures too small.
    """
    built: keras.Model = _module(family).pretraining(config, text, task)
    return built


def _module(family: str) -> Any:
    return architectures.family(family)
